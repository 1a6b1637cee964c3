/*
 * portal.c - a statement that runs: from plan and parameters to rows
 *
 * LIFE   NEW -> OPEN -> DONE, and STORED when its rows were taken into memory: for
 * cursors that scroll or are held, and before the session's own transaction
 * changes what an open result must not see.
 *
 * A plan is compared with the schema in force each time it starts.  A reader has
 * no lock between that and SQLite's own look at the schema: if SQLite prepared
 * the statement anew at its first step, the start is repeated.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/session/session.h"

enum { START_TRIES = 5, SENT_BEFORE_WAIT = 32 << 10, ROW_ARENA_KEPT = 64 << 10 };

void portal_init(struct portal *p)
{
	*p = (struct portal){ .state = PORTAL_NEW };
	arena_init(&p->arena, PORTAL_LIMIT);
}

void reads_begin(const struct conn *c, struct vfs_read_stats *before)
{
	if (vfs_read_stats(c->sql.db, before) != VFS_OK)
		*before = (struct vfs_read_stats){ 0 };
}

void reads_end(const struct conn *c, const struct vfs_read_stats *before, struct vfs_read_stats *sum)
{
	struct vfs_read_stats now;

	reads_begin(c, &now);
	sum->pages += now.pages - before->pages;
	sum->memory_hits += now.memory_hits - before->memory_hits;
	sum->disk_hits += now.disk_hits - before->disk_hits;
	sum->store_pages += now.store_pages - before->store_pages;
	sum->gets += now.gets - before->gets;
	sum->bytes += now.bytes - before->bytes;
	sum->hedged += now.hedged - before->hedged;
	sum->ahead += now.ahead - before->ahead;
	sum->ahead_used += now.ahead_used - before->ahead_used;
	sum->wait_us += now.wait_us - before->wait_us;
}

void portal_stop(struct sql_session *s, struct portal *p)
{
	if (p->stmt != NULL)
		conn_release(p->conn, p->stmt);
	if (p->conn != NULL && p->reads != NULL)
		reads_end(p->conn, &p->reads_before, p->reads);
	p->stmt = NULL;
	p->have_row = false;
	if (p->conn != NULL && s->running == p->conn)
		s->running = NULL;
	if (p->own_conn)
		conn_give(p->conn);
	p->conn = NULL;
	p->own_conn = false;
	if (p->state == PORTAL_OPEN)
		p->state = PORTAL_DONE;
}

void portal_deinit(struct sql_session *s, struct portal *p)
{
	portal_stop(s, p);
	rows_free(&p->store);
	plan_unref(p->plan);
	p->plan = NULL;
	arena_free(&p->arena);
	free(p->name);
	p->name = NULL;
}

int16_t portal_format(const struct portal *p, size_t i)
{
	if (p == NULL || p->n_formats == 0)
		return 0;
	if (p->n_formats == 1)
		return p->formats[0];
	return i < p->n_formats ? p->formats[i] : 0;
}

bool plan_writes(const struct plan *plan)
{
	return plan->kind == PLAN_QUERY && plan->schema != NULL &&
	       (plan->lowered.writes || plan->lowered.locks_rows);
}

/* Of a SELECT that locks the rows it reads. */
static const char *lock_name(const PgQuery__Node *stmt)
{
	const PgQuery__SelectStmt *select =
		stmt != NULL && stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? stmt->select_stmt : NULL;

	if (select == NULL || select->n_locking_clause == 0)
		return "SELECT FOR UPDATE";
	switch (select->locking_clause[0]->locking_clause->strength) {
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORKEYSHARE:
		return "SELECT FOR KEY SHARE";
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORSHARE:
		return "SELECT FOR SHARE";
	case PG_QUERY__LOCK_CLAUSE_STRENGTH__LCS_FORNOKEYUPDATE:
		return "SELECT FOR NO KEY UPDATE";
	default:
		return "SELECT FOR UPDATE";
	}
}

/* The first relation of a SELECT ... FOR UPDATE NOWAIT; NULL: it may wait. */
static const char *nowait_name(const struct plan *plan)
{
	const PgQuery__SelectStmt *select =
		plan->stmt != NULL && plan->stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ?
			plan->stmt->select_stmt : NULL;
	bool nowait = false;

	for (size_t i = 0; select != NULL && i < select->n_locking_clause; i++)
		nowait |= select->locking_clause[i]->locking_clause->wait_policy ==
			  PG_QUERY__LOCK_WAIT_POLICY__LockWaitError;
	if (!nowait || select->n_from_clause == 0)
		return NULL;
	const PgQuery__Node *from = select->from_clause[0];
	while (from->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR)
		from = from->join_expr->larg;
	return from->node_case == PG_QUERY__NODE__NODE_RANGE_VAR ? from->range_var->relname : "";
}

static const char *command_of(const struct plan *plan)
{
	switch (plan->lowered.kind) {
	case LOWERED_INSERT:
		return "INSERT";
	case LOWERED_UPDATE:
		return "UPDATE";
	case LOWERED_DELETE:
		return "DELETE";
	case LOWERED_SELECT:
	case LOWERED_VALUES:
		break;
	}
	return plan->lowered.locks_rows ? lock_name(plan->stmt) : "SELECT";
}

/*
 * Does it need the writer's turn?  In a read-only transaction a SELECT that calls
 * nextval() does not: the function refuses when it is called, if it is.
 */
static bool needs_turn(const struct sql_session *s, const struct plan *plan)
{
	if (s->tx.read_only && !plan->lowered.locks_rows &&
	    (plan->lowered.kind == LOWERED_SELECT || plan->lowered.kind == LOWERED_VALUES))
		return false;
	return plan_writes(plan);
}

static bool take_turn(struct sql_session *s, const struct plan *plan, struct sql_error *err)
{
	const char *name = nowait_name(plan);

	if (name == NULL || s->tx.read_only)
		return tx_write(s, command_of(plan), err);
	return tx_take_turn_now(s, "row in relation", name, err);
}

void portal_tag(const struct portal *p, char tag[64])
{
	const struct plan *plan = p->plan;

	switch (plan->lowered.kind) {
	case LOWERED_INSERT:
		snprintf(tag, 64, "INSERT 0 %lld", (long long)p->n_changes);
		return;
	case LOWERED_UPDATE:
		snprintf(tag, 64, "UPDATE %lld", (long long)p->n_changes);
		return;
	case LOWERED_DELETE:
		snprintf(tag, 64, "DELETE %lld", (long long)p->n_changes);
		return;
	case LOWERED_SELECT:
	case LOWERED_VALUES:
		break;
	}
	snprintf(tag, 64, "SELECT %llu", (unsigned long long)p->n_rows);
}

/* ---- starting ---- */

static bool same_columns(const struct plan *a, const struct plan *b)
{
	if (a->n_columns != b->n_columns)
		return false;
	for (size_t i = 0; i < a->n_columns; i++)
		if (a->columns[i].type_oid != b->columns[i].type_oid ||
		    a->columns[i].typmod != b->columns[i].typmod ||
		    strcmp(a->columns[i].name, b->columns[i].name) != 0)
			return false;
	return true;
}

static bool same_params(const struct plan *plan, const struct portal *p)
{
	if (plan->lowered.n_params != p->n_params)
		return false;
	for (size_t i = 0; i < p->n_params; i++)
		if (plan->lowered.param_types[i] != p->param_types[i])
			return false;
	return true;
}

/* The plan that is right for the schema which the connection sees. */
static bool fit(struct sql_session *s, struct portal *p, struct conn *c, struct sql_error *err)
{
	if (p->plan->kind != PLAN_QUERY)
		return true;
	struct schema *schema = session_schema(s, c, err);
	if (schema == NULL)
		return false;
	struct plan *fresh = plan_fit(s, plan_ref(p->plan), schema, err);
	schema_unref(schema);
	if (fresh == NULL)
		return false;
	if (p->keeps_row_type && fresh != p->plan && p->plan->schema != NULL &&
	    (!same_columns(fresh, p->plan) || !same_params(fresh, p))) {
		plan_unref(fresh);
		return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
				     "cached plan must not change result type");
	}
	plan_unref(p->plan);
	p->plan = fresh;
	return true;
}

/* What a failed step came to; the statement is let go. */
static bool failed(struct sql_session *s, struct portal *p, int rc, struct sql_error *err)
{
	struct conn *c = p->conn;

	rc = sqlite3_extended_errcode(c->sql.db);
	if ((rc & 0xff) == SQLITE_CONSTRAINT && !c->sql.err.set)
		outcome_constraint(s, c, rc, p, err);
	else
		outcome_error(s, c, rc, err);
	portal_stop(s, p);
	return false;
}

static int step(struct sql_session *s, struct portal *p)
{
	s->running = p->conn;
	int rc = sqlite3_step(p->stmt->stmt);
	if (rc == SQLITE_ROW) {
		p->have_row = true;
	} else if (rc == SQLITE_DONE) {
		p->have_row = false;
		p->n_changes = sqlite3_changes64(p->conn->sql.db);
	}
	return rc;
}

enum started { STARTED, START_FAILED, START_AGAIN };

static enum started try_start(struct sql_session *s, struct portal *p, bool *write,
			      struct sql_error *err)
{
	struct conn *c;
	bool own = false;

	if (*write) {
		if (!take_turn(s, p->plan, err) || !portals_store_all(s, p, err))
			return START_FAILED;
		c = s->tx.conn;
	} else if (!tx_read(s, &c, &own, err)) {
		return START_FAILED;
	}
	p->conn = c;
	p->own_conn = own;
	if (p->reads != NULL)
		reads_begin(c, &p->reads_before);
	if (!place_take(s, err) || !fit(s, p, c, err)) {
		portal_stop(s, p);
		return START_FAILED;
	}
	if (!*write && needs_turn(s, p->plan)) {
		portal_stop(s, p);
		*write = true;
		return START_AGAIN;
	}
	conn_lend(c, s, p->plan->schema);
	s->running = c;
	int rc = conn_prepare(c, p->plan->lowered.sql, &p->stmt);
	if (rc != SQLITE_OK) {
		/* the schema may have moved since it was looked at */
		if (!*write && (rc & 0xff) == SQLITE_ERROR && !c->sql.err.set) {
			portal_stop(s, p);
			sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(c->sql.db));
			return START_AGAIN;
		}
		outcome_error(s, c, rc, err);
		portal_stop(s, p);
		return START_FAILED;
	}
	if (!*write && !sqlite3_stmt_readonly(p->stmt->stmt) && p->plan->kind == PLAN_QUERY) {
		if (s->tx.read_only)
			sql_error_set(err, ERRCODE_READ_ONLY_TRANSACTION,
				      "cannot execute %s in a read-only transaction", command_of(p->plan));
		else
			sql_error_set(err, ERRCODE_INTERNAL,
				      "a statement that writes was taken for one that reads");
		portal_stop(s, p);
		return START_FAILED;
	}
	for (size_t i = 0; i < p->n_params; i++) {
		rc = bind_datum(p->stmt->stmt, (int)i + 1, &p->params[i]);
		if (rc != SQLITE_OK && rc != SQLITE_RANGE) {
			outcome_error(s, c, rc, err);
			portal_stop(s, p);
			return START_FAILED;
		}
	}
	sqlite3_stmt_status(p->stmt->stmt, SQLITE_STMTSTATUS_REPREPARE, 1);
	rc = step(s, p);
	if (!*write && rc != SQLITE_INTERRUPT &&
	    sqlite3_stmt_status(p->stmt->stmt, SQLITE_STMTSTATUS_REPREPARE, 0) > 0) {
		portal_stop(s, p);
		sql_error_set(err, ERRCODE_SERIALIZATION_FAILURE, "the schema changes all the time");
		return START_AGAIN;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		failed(s, p, rc, err);
		return START_FAILED;
	}
	p->state = PORTAL_OPEN;
	return STARTED;
}

bool portal_start(struct sql_session *s, struct portal *p, struct sql_error *err)
{
	bool write = needs_turn(s, p->plan);

	for (int i = 0; i < START_TRIES; i++) {
		switch (try_start(s, p, &write, err)) {
		case STARTED:
			sql_error_clear(err);
			return true;
		case START_FAILED:
			return false;
		case START_AGAIN:
			break;
		}
		if (session_stopped(s))
			return outcome_canceled(s, err);
	}
	return err->set ? false :
			  sql_error_set(err, ERRCODE_INTERNAL, "could not start the statement");
}

/* ---- rows ---- */

/* One row to the client.  False with err->set false: it does not read any more. */
static bool send_row(struct sql_session *s, const struct portal *p, const struct portal *formats,
		     const struct datum *row, struct sql_sink *sink, struct sql_error *err)
{
	const struct plan *plan = p->plan;
	struct type_context ctx = { .env = &s->env, .schema = plan->schema, .arena = &s->row_arena };

	if (!tx_may_tell(s, err))
		return false;
	struct buf *out = sink->row_begin(sink, plan->n_columns);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < plan->n_columns; i++) {
		struct datum v = row != NULL ? row[i] : column_datum(p->stmt->stmt, (int)i);

		if (!encode_field(&ctx, plan->paths[i], plan->columns[i].type_oid,
				  plan->columns[i].typmod, portal_format(formats, i), &v, out, err))
			return false;
	}
	if (s->row_arena.used > ROW_ARENA_KEPT)
		arena_reset(&s->row_arena);
	/* it may wait for the client only when much is to be sent */
	if (out->len < SENT_BEFORE_WAIT)
		return sink->row_end(sink);
	bool had_place = s->has_place;
	place_give(s);
	if (!sink->row_end(sink))
		return false;
	return !had_place || place_take(s, err);
}

static bool live_rows(struct sql_session *s, struct portal *p, const struct portal *formats,
		      uint64_t max_rows, struct sql_sink *sink, uint64_t *n, bool *end,
		      struct sql_error *err)
{
	int rc = SQLITE_ROW;

	if (p->have_row)
		conn_lend(p->conn, s, p->plan->schema);
	while (p->have_row && (max_rows == 0 || *n < max_rows)) {
		if (sink != NULL && !send_row(s, p, formats, NULL, sink, err)) {
			portal_stop(s, p);
			return false;
		}
		++*n;
		++p->at;
		rc = step(s, p);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return failed(s, p, rc, err);
	}
	*end = !p->have_row;
	if (*end)
		portal_stop(s, p);
	return true;
}

static bool stored_rows(struct sql_session *s, struct portal *p, const struct portal *formats,
			uint64_t max_rows, struct sql_sink *sink, uint64_t *n, bool *end,
			struct sql_error *err)
{
	struct datum *row = ARENA_ARRAY(&s->scratch, struct datum, p->plan->n_columns + 1);
	uint64_t last = p->store_base + p->store.n_rows;

	if (row == NULL)
		return sql_error_no_memory(err);
	while (p->at < last && (max_rows == 0 || *n < max_rows)) {
		if (sink != NULL) {
			rows_get(&p->store, (size_t)(p->at - p->store_base), row, p->plan->n_columns);
			if (!send_row(s, p, formats, row, sink, err))
				return false;
		}
		if (session_stopped(s))
			return outcome_canceled(s, err);
		++*n;
		++p->at;
	}
	*end = p->at >= last;
	return true;
}

bool portal_rows(struct sql_session *s, struct portal *p, const struct portal *formats,
		 uint64_t max_rows, struct sql_sink *sink, uint64_t *n, bool *end,
		 struct sql_error *err)
{
	bool ok = true;

	*n = 0;
	*end = true;
	if (p->state == PORTAL_OPEN) {
		/* the schema of SQLite's functions is that of the statement */
		if (!place_take(s, err))
			return false;
		ok = live_rows(s, p, formats, max_rows, sink, n, end, err);
	} else if (p->state == PORTAL_STORED) {
		ok = stored_rows(s, p, formats, max_rows, sink, n, end, err);
	}
	p->n_rows += *n;
	return ok;
}

bool portal_next(struct sql_session *s, struct portal *p, struct sql_error *err)
{
	int rc = step(s, p);

	return rc == SQLITE_ROW || rc == SQLITE_DONE || failed(s, p, rc, err);
}

bool portal_store(struct sql_session *s, struct portal *p, struct sql_error *err)
{
	if (p->state != PORTAL_OPEN)
		return true;
	size_t n = p->plan->n_columns;
	struct datum *row = ARENA_ARRAY(&s->scratch, struct datum, n + 1);

	if (row == NULL)
		return sql_error_no_memory(err);
	if (!place_take(s, err))
		return false;
	p->store_base = p->at;
	if (p->have_row)
		conn_lend(p->conn, s, p->plan->schema);
	while (p->have_row) {
		for (size_t i = 0; i < n; i++)
			row[i] = column_datum(p->stmt->stmt, (int)i);
		if (!rows_add(&p->store, row, n)) {
			portal_stop(s, p);
			return sql_error_set(err, ERRCODE_PROGRAM_LIMIT,
					     "the result of a cursor is too large to be kept");
		}
		int rc = step(s, p);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return failed(s, p, rc, err);
	}
	portal_stop(s, p);
	p->state = PORTAL_STORED;
	return true;
}

/* ---- all portals of a session ---- */

bool portals_store_all(struct sql_session *s, const struct portal *but, struct sql_error *err)
{
	const char *name;
	void *value;

	if (s->portals.n_used == 0)
		return true;
	for (size_t i = 0; map_next(&s->portals, &i, &name, &value);) {
		struct portal *p = value;

		if (p == but || p->state != PORTAL_OPEN || p->own_conn || p->running)
			continue;
		if (!portal_store(s, p, err))
			return false;
	}
	return true;
}

void portal_drop(struct sql_session *s, struct portal *p)
{
	if (map_get(&s->portals, p->name) == p)
		map_remove(&s->portals, p->name);
	if (p->running) {
		p->doomed = true;
		return;
	}
	portal_deinit(s, p);
	free(p);
}

void portals_close_since(struct sql_session *s, uint64_t mark, bool keep_held)
{
	const char *name;
	void *value;
	bool again = s->portals.n_used > 0;

	while (again) {
		again = false;
		for (size_t i = 0; map_next(&s->portals, &i, &name, &value);) {
			struct portal *p = value;

			if (p->serial <= mark || (keep_held && p->held))
				continue;
			portal_drop(s, p);
			again = true; /* the map has changed: walk it anew */
			break;
		}
	}
}

bool portals_hold(struct sql_session *s, struct sql_error *err)
{
	const char *name;
	void *value;

	for (size_t i = 0; map_next(&s->portals, &i, &name, &value);) {
		struct portal *p = value;

		if (!p->hold || p->held)
			continue;
		if (!portal_store(s, p, err))
			return false;
		p->held = true;
	}
	return true;
}

struct portal *portal_find(struct sql_session *s, const char *name)
{
	return map_get(&s->portals, name);
}

struct portal *portal_create(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct portal *p = portal_find(s, name);

	if (p != NULL && name[0] != '\0') {
		sql_error_set(err, ERRCODE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
		return NULL;
	}
	if (p != NULL)
		portal_drop(s, p);
	p = malloc(sizeof(*p));
	if (p == NULL) {
		sql_error_no_memory(err);
		return NULL;
	}
	portal_init(p);
	p->serial = ++s->last_serial;
	p->name = strdup(name);
	if (p->name == NULL || !map_put(&s->portals, name, p, NULL)) {
		portal_deinit(s, p);
		free(p);
		sql_error_no_memory(err);
		return NULL;
	}
	return p;
}

void portal_tell_columns(struct sql_session *s, const struct portal *p, struct sql_sink *sink)
{
	const struct plan *plan = p->plan;
	struct sql_column *columns = ARENA_ARRAY(&s->scratch, struct sql_column, plan->n_columns + 1);

	if (columns == NULL)
		return;
	for (size_t i = 0; i < plan->n_columns; i++) {
		columns[i] = plan->columns[i];
		columns[i].format = portal_format(p, i);
	}
	sink->columns(sink, columns, plan->n_columns);
}

/* ---- cursors ---- */

enum { CURSOR_BINARY = 1, CURSOR_SCROLL = 2, CURSOR_NO_SCROLL = 4, CURSOR_INSENSITIVE = 8,
       CURSOR_ASENSITIVE = 16, CURSOR_HOLD = 32 };

bool cursor_declare(struct sql_session *s, const struct plan *outer, const struct portal *values,
		    struct sql_error *err)
{
	const PgQuery__DeclareCursorStmt *stmt = outer->stmt->declare_cursor_stmt;
	static const int16_t binary[] = { 1 };

	if ((stmt->options & CURSOR_HOLD) == 0 && s->tx.kind != TX_EXPLICIT && !s->tx.multi)
		return sql_error_set(err, ERRCODE_NO_ACTIVE_TRANSACTION,
				     "DECLARE CURSOR can only be used in transaction blocks");
	if (!analyze_takes(stmt->query) || stmt->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		return sql_error_unsupported(err, -1, "a cursor for this statement");
	if (stmt->portalname[0] == '\0')
		return sql_error_set(err, ERRCODE_INVALID_CURSOR_NAME,
				     "invalid cursor name: must not be empty");
	struct plan *plan = plan_of_node(outer, stmt->query, outer->hints, outer->n_hints,
					 outer->no_params, err);
	if (plan == NULL)
		return false;
	struct portal *p = portal_create(s, stmt->portalname, err);
	if (p == NULL) {
		plan_unref(plan);
		return false;
	}
	p->plan = plan;
	p->is_cursor = true;
	p->hold = (stmt->options & CURSOR_HOLD) != 0;
	p->scroll = (stmt->options & CURSOR_SCROLL) != 0;
	p->binary = (stmt->options & CURSOR_BINARY) != 0;
	if (p->binary) {
		p->formats = binary;
		p->n_formats = 1;
	}
	if (values != NULL && values->n_params > 0) {
		p->params = arena_memdup(&p->arena, values->params, values->n_params * sizeof(*p->params));
		if (p->params == NULL) {
			portal_drop(s, p);
			return sql_error_no_memory(err);
		}
		for (size_t i = 0; i < values->n_params; i++)
			if (p->params[i].kind == DATUM_TEXT || p->params[i].kind == DATUM_BLOB)
				p->params[i].data = arena_strndup(&p->arena, p->params[i].data,
								  p->params[i].len);
		p->param_types = values->param_types;
		p->n_params = values->n_params;
	}
	if (!portal_start(s, p, err) || (p->scroll && !portal_store(s, p, err))) {
		portal_drop(s, p);
		return false;
	}
	return true;
}

static bool only_forward(struct sql_error *err)
{
	sql_error_set(err, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward");
	return sql_error_hint(err, "Declare it with SCROLL option to enable backward scan.");
}

/* Send the rows from..to (1-based, either direction) of a stored result. */
static bool send_range(struct sql_session *s, struct portal *p, const struct portal *formats,
		       uint64_t from, uint64_t to, struct sql_sink *sink, uint64_t *n,
		       struct sql_error *err)
{
	struct datum *row = ARENA_ARRAY(&s->scratch, struct datum, p->plan->n_columns + 1);

	if (row == NULL)
		return sql_error_no_memory(err);
	for (uint64_t at = from;; at = from <= to ? at + 1 : at - 1) {
		if (sink != NULL) {
			rows_get(&p->store, (size_t)(at - 1), row, p->plan->n_columns);
			if (!send_row(s, p, formats, row, sink, err))
				return false;
		}
		++*n;
		if (at == to)
			return true;
		if (session_stopped(s))
			return outcome_canceled(s, err);
	}
}

/* In a whole stored result: p->at is the row it stands on, 0 before, n + 1 behind all. */
static bool scroll(struct sql_session *s, struct portal *p, const struct portal *formats,
		   PgQuery__FetchDirection direction, int64_t count, struct sql_sink *sink,
		   uint64_t *n, struct sql_error *err)
{
	int64_t last = (int64_t)p->store.n_rows;
	int64_t at = (int64_t)p->at;
	bool single = direction == PG_QUERY__FETCH_DIRECTION__FETCH_ABSOLUTE ||
		      direction == PG_QUERY__FETCH_DIRECTION__FETCH_RELATIVE;

	if (direction == PG_QUERY__FETCH_DIRECTION__FETCH_BACKWARD)
		count = count == INT64_MAX ? -INT64_MAX : -count;
	if (direction == PG_QUERY__FETCH_DIRECTION__FETCH_ABSOLUTE)
		at = count >= 0 ? count : last + 1 + count;
	else if (single || count == 0)
		at = count > last + 1 - at ? last + 1 : at + count;
	if (single || count == 0) {
		at = at < 0 ? 0 : at > last + 1 ? last + 1 : at;
		p->at = (uint64_t)at;
		if (at >= 1 && at <= last)
			return send_range(s, p, formats, p->at, p->at, sink, n, err);
		return true;
	}
	int64_t from = count > 0 ? at + 1 : at - 1;
	int64_t to = count > 0 ? (count > last - at ? last + 1 : at + count) :
				 (count < -at ? 0 : at + count);
	p->at = (uint64_t)(to < 0 ? 0 : to);
	if (to > last)
		to = last;
	if (to < 1)
		to = 1;
	if (from < 1 || from > last || (count > 0 && from > to) || (count < 0 && from < to))
		return true;
	return send_range(s, p, formats, (uint64_t)from, (uint64_t)to, sink, n, err);
}

bool cursor_fetch(struct sql_session *s, const PgQuery__FetchStmt *stmt,
		  const struct portal *formats, struct sql_sink *sink, char tag[64],
		  struct sql_error *err)
{
	struct portal *p = portal_find(s, stmt->portalname);
	uint64_t n = 0;
	bool end, ok;
	int64_t count = stmt->how_many;

	if (p == NULL || stmt->portalname[0] == '\0')
		return sql_error_set(err, ERRCODE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist",
				     stmt->portalname);
	if (p->running)
		return sql_error_set(err, ERRCODE_OBJECT_IN_USE, "portal \"%s\" cannot be run", p->name);
	if (p->binary)
		formats = p;
	struct sql_sink *to = stmt->ismove ? NULL : sink;
	if (p->state == PORTAL_STORED && p->scroll) {
		ok = scroll(s, p, formats, stmt->direction, count, to, &n, err);
	} else {
		bool single = false;

		switch (stmt->direction) {
		case PG_QUERY__FETCH_DIRECTION__FETCH_FORWARD:
			break;
		case PG_QUERY__FETCH_DIRECTION__FETCH_RELATIVE:
			single = true;
			break;
		case PG_QUERY__FETCH_DIRECTION__FETCH_ABSOLUTE:
			single = true;
			if (count <= 0 || (uint64_t)count <= p->at)
				return only_forward(err);
			count -= (int64_t)p->at;
			break;
		default:
			return only_forward(err);
		}
		if (count <= 0)
			return only_forward(err);
		if (single && count > 1 &&
		    !portal_rows(s, p, formats, (uint64_t)count - 1, NULL, &n, &end, err))
			return false;
		uint64_t max = single ? 1 : count == INT64_MAX ? 0 : (uint64_t)count;
		ok = portal_rows(s, p, formats, max, to, &n, &end, err);
	}
	if (ok)
		snprintf(tag, 64, "%s %llu", stmt->ismove ? "MOVE" : "FETCH", (unsigned long long)n);
	return ok;
}
