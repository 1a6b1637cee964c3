/*
 * session.c - a client's session: simple and extended query
 *
 * Every statement runs inside a transaction.  Where no BEGIN opened one, an
 * implicit one holds all statements of a simple query, or of a pipeline up to
 * Sync.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "sql/catalog/sequence.h"
#include "sql/ddl.h"
#include "sql/session/session.h"

enum { SCRATCH_LIMIT = 256 << 20, LOST_RACE_TRIES = 3 };

/* ---- telling ---- */

void session_tell_error(struct sql_session *s, const struct sql_error *err, const char *text, int base)
{
	int position = 0;

	if (err->location >= 0 && text != NULL)
		position = base + text_position(text, err->location);
	if (s->sink != NULL)
		s->sink->error(s->sink, err, position);
}

static int severity_rank(const char *severity)
{
	return strcmp(severity, "WARNING") == 0 ? 8 :
	       strcmp(severity, "NOTICE") == 0	? 7 :
	       strcmp(severity, "INFO") == 0	? 100 :
	       strcmp(severity, "LOG") == 0	? 5 :
						  4;
}

void session_notice(void *session, const char *severity, const struct sql_error *e)
{
	struct sql_session *s = session;

	if (s->sink != NULL && severity_rank(severity) >= s->settings.min_messages)
		s->sink->notice(s->sink, severity, e);
}

void session_warn(struct sql_session *s, const char *severity, const char *sqlstate, const char *fmt,
		  ...)
{
	struct sql_error e = SQL_ERROR_INIT;
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sql_error_set(&e, sqlstate, "%s", text);
	session_notice(s, severity, &e);
}

bool session_stopped(struct sql_session *s)
{
	if (atomic_load_explicit(&s->canceled, memory_order_relaxed))
		return true;
	if (s->deadline_ms != 0 && mono_ms() >= s->deadline_ms) {
		s->timed_out = true;
		return true;
	}
	return false;
}

int64_t session_lock_deadline(struct sql_session *s)
{
	int64_t deadline = s->deadline_ms;

	if (s->settings.lock_timeout_ms > 0) {
		int64_t lock = mono_ms() + s->settings.lock_timeout_ms;

		if (deadline == 0 || lock < deadline)
			deadline = lock;
	}
	return deadline;
}

/* ---- a call from outside ---- */

static void begin_call(struct sql_session *s, struct sql_sink *sink)
{
	s->sink = sink;
	s->timed_out = false;
	s->deadline_ms = 0;
	arena_reset(&s->scratch);
	mutex_lock(&s->cancel_lock);
	s->busy = true;
	atomic_store(&s->canceled, false);
	mutex_unlock(&s->cancel_lock);
}

/* False: the session is to end, and was told so. */
static bool enter(struct sql_session *s, struct sql_sink *sink)
{
	begin_call(s, sink);
	if (!atomic_load(&s->terminated))
		return true;
	struct sql_error err = SQL_ERROR_INIT;
	outcome_canceled(s, &err);
	session_tell_error(s, &err, NULL, 0);
	return false;
}

static bool leave(struct sql_session *s, bool ok)
{
	place_give(s);
	settings_report(s);
	mutex_lock(&s->cancel_lock);
	s->busy = false;
	mutex_unlock(&s->cancel_lock);
	s->sink = NULL;
	s->running = NULL;
	arena_reset(&s->row_arena);
	return ok;
}

static void start_clock(struct sql_session *s)
{
	s->timed_out = false;
	s->deadline_ms = s->settings.statement_timeout_ms > 0 ?
				 mono_ms() + s->settings.statement_timeout_ms : 0;
}

static bool fail(struct sql_session *s, const struct sql_error *err, const struct plan *plan)
{
	if (err->set)
		session_tell_error(s, err, plan != NULL ? plan->text : NULL,
				   plan != NULL ? plan->base_chars : 0);
	tx_fail(s);
	return false;
}

static bool aborted(struct sql_session *s, const struct plan *plan, struct sql_error *err)
{
	if (!s->tx.failed || utility_leaves_failed(plan))
		return false;
	sql_error_set(err, ERRCODE_IN_FAILED_TRANSACTION,
		      "current transaction is aborted, commands ignored until end of transaction block");
	return true;
}

/* ---- one statement ---- */

static bool keep_temp(struct sql_session *s, struct sql_error *err)
{
	struct conn *c = s->tx.conn;
	struct prepared_stmt *p;

	(void)err;
	if (s->temp_conn != NULL || conn_prepare(c, "SELECT 1 FROM sqlite_temp_schema LIMIT 1", &p) != SQLITE_OK)
		return true;
	bool any = sqlite3_step(p->stmt) == SQLITE_ROW;
	conn_release(c, p);
	if (any) {
		/* temporary tables live in the connection: from now on it is the session's */
		s->temp_conn = c;
		s->has_temp = true;
	}
	return true;
}

static bool run_ddl(struct sql_session *s, struct portal *p, char tag[64], struct sql_error *err)
{
	const struct plan *plan = p->plan;

	if (!tx_take_turn(s, err) || !portals_store_all(s, p, err))
		return false;
	struct conn *c = s->tx.conn;
	struct schema *schema = session_schema(s, c, err);
	if (schema == NULL)
		return false;
	conn_lend(c, s, schema);
	s->running = c;
	struct ddl_context ctx = { .conn = &c->sql,
				   .text = plan->text,
				   .stmt_location = plan->location,
				   .stmt_len = plan->len,
				   .arena = &s->scratch,
				   .notice = session_notice,
				   .notice_arg = s };
	bool ok = ddl_execute(&ctx, plan->stmt, tag, err);
	if (!ok && !err->set)
		outcome_error(s, c, sqlite3_extended_errcode(c->sql.db), err);
	conn_lend(c, s, NULL);
	schema_unref(schema);
	return ok && keep_temp(s, err) && tx_reload_schema(s, err);
}

/*
 * Run the statement of a portal to its end, or until max_rows were sent.  The tag
 * is "" when the sink knows already how it ended.
 */
static bool run(struct sql_session *s, struct portal *p, uint64_t max_rows, bool simple,
		struct sql_sink *sink, char tag[64], bool *suspended, struct sql_error *err)
{
	uint64_t n;
	bool end;

	tag[0] = '\0';
	*suspended = false;
	switch (p->plan->kind) {
	case PLAN_EMPTY:
		sink->empty_query(sink);
		return true;
	case PLAN_BEGIN:
		strcpy(tag, "BEGIN");
		return tx_begin_explicit(s, p->plan->begin_mode, NULL, 0, err);
	case PLAN_DDL:
		return command_may_run(s, p->plan, err) && run_ddl(s, p, tag, err);
	case PLAN_UTILITY:
		return command_may_run(s, p->plan, err) && utility_run(s, p, sink, simple, tag, err);
	case PLAN_QUERY:
	case PLAN_PRAGMA:
		break;
	}
	if (p->state == PORTAL_NEW && !portal_start(s, p, err))
		return false;
	if (simple && plan_has_rows(p->plan))
		portal_tell_columns(s, p, sink);
	if (!portal_rows(s, p, p, max_rows, sink, &n, &end, err))
		return false;
	if (!end && max_rows != 0 && n == max_rows) {
		*suspended = true;
		/* what a DML statement did is done: only its rows wait */
		return !plan_writes(p->plan) || portal_store(s, p, err);
	}
	portal_tag(p, tag);
	if (p->state == PORTAL_OPEN)
		p->state = PORTAL_DONE;
	return true;
}

/* ---- simple query ---- */

/* May the statement be run again after a lost race, with nobody the wiser? */
static bool may_retry(const struct sql_session *s, const struct plan *plan, bool multi,
		      const struct sql_error *err)
{
	return !multi && s->tx.kind == TX_IMPLICIT && plan->kind == PLAN_QUERY && !plan_has_rows(plan) &&
	       plan_writes(plan) && strcmp(err->sqlstate, ERRCODE_SERIALIZATION_FAILURE) == 0;
}

static bool simple_statement(struct sql_session *s, struct plan *plan, bool multi, bool last,
			     struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	struct portal p;
	char tag[64];
	bool ok = false, suspended;

	start_clock(s);
	portal_init(&p);
	for (int i = 0; i < LOST_RACE_TRIES && !ok; i++) {
		tx_start_implicit(s);
		if (s->tx.kind == TX_IMPLICIT)
			s->tx.multi = multi;
		sql_error_clear(&err);
		if (aborted(s, plan, &err))
			break;
		p.plan = plan_ref(plan);
		ok = run(s, &p, 0, true, sink, tag, &suspended, &err);
		bool retry = !ok && may_retry(s, p.plan, multi, &err);
		if (ok && last && s->tx.kind == TX_IMPLICIT) {
			retry = may_retry(s, p.plan, multi, &(struct sql_error){ .sqlstate = "40001" });
			portal_stop(s, &p);
			ok = tx_commit(s, &err);
			retry = retry && !ok && strcmp(err.sqlstate, ERRCODE_SERIALIZATION_FAILURE) == 0;
		}
		if (!ok && !retry)
			break;
		if (!ok) {
			portal_deinit(s, &p);
			portal_init(&p);
			tx_rollback(s);
		}
	}
	if (!ok) {
		const struct plan *where = p.plan != NULL ? p.plan : plan;

		portal_stop(s, &p);
		fail(s, &err, where);
	} else if (tag[0] != '\0') {
		sink->complete(sink, tag);
	}
	if (s->tx.kind != TX_NONE)
		s->tx.n_statements++;
	portal_deinit(s, &p);
	return ok;
}

bool sql_simple_query(struct sql_session *s, const char *text, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	struct plan_request request = { .text = text, .no_params = true };
	struct plan_list list;
	bool ok = true;

	if (!enter(s, sink))
		return leave(s, false);
	/* the unnamed statement and portal end with a simple query */
	struct portal *unnamed = portal_find(s, "");
	if (unnamed != NULL)
		portal_drop(s, unnamed);
	if (!plan_parse(s, &request, &list, &err)) {
		session_tell_error(s, &err, text, 0);
		tx_start_implicit(s);
		tx_fail(s);
		ok = false;
		list.n = 0;
	}
	for (size_t i = 0; ok && i < list.n; i++)
		ok = simple_statement(s, list.plans[i], list.n > 1, i + 1 == list.n, sink);
	if (s->tx.kind == TX_IMPLICIT) {
		if (ok && !s->tx.failed) {
			ok = tx_commit(s, &err);
			if (!ok)
				session_tell_error(s, &err, NULL, 0);
		} else {
			tx_rollback(s);
		}
	}
	plan_list_free(&list);
	return leave(s, ok);
}

/* ---- prepared statements ---- */

static void prepared_free(struct prepared *p)
{
	if (p == NULL)
		return;
	plan_unref(p->plan);
	free(p->name);
	free(p);
}

void session_drop_prepared(struct sql_session *s, const char *name)
{
	prepared_free(map_remove(&s->prepared, name));
}

void session_drop_all_prepared(struct sql_session *s)
{
	const char *name;
	void *value;

	for (size_t i = 0; map_next(&s->prepared, &i, &name, &value);)
		prepared_free(value);
	map_free(&s->prepared);
	s->prepared = (struct map)MAP_INIT;
}

bool session_add_prepared(struct sql_session *s, const char *name, struct plan *plan, bool from_sql,
			  struct sql_error *err)
{
	struct prepared *p = NULL;

	if (name[0] == '\0')
		session_drop_prepared(s, name);
	else if (map_get(&s->prepared, name) != NULL)
		return sql_error_set(err, ERRCODE_DUPLICATE_PREPARED_STATEMENT,
				     "prepared statement \"%s\" already exists", name);
	p = calloc(1, sizeof(*p));
	if (p == NULL || (p->name = strdup(name)) == NULL || !map_put(&s->prepared, name, p, NULL)) {
		if (p != NULL)
			free(p->name);
		free(p);
		return sql_error_no_memory(err);
	}
	p->plan = plan_ref(plan);
	p->from_sql = from_sql;
	p->prepared_us = wall_us();
	return true;
}

/* Analyze a query for the schema in force; takes over the reference. */
struct plan *session_analyze(struct sql_session *s, struct plan *plan, struct sql_error *err)
{
	if (plan->kind != PLAN_QUERY)
		return plan;
	struct schema *schema = session_schema_now(s, err);
	if (schema == NULL) {
		plan_unref(plan);
		return NULL;
	}
	plan = plan_fit(s, plan, schema, err);
	schema_unref(schema);
	return plan;
}

bool sql_prepare(struct sql_session *s, const char *name, const char *text, const uint32_t *type_oids,
		 size_t n_types, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	struct plan_request request = { .text = text, .hints = type_oids, .n_hints = n_types };
	struct plan_list list;
	bool ok = false;

	if (!enter(s, sink))
		return leave(s, false);
	start_clock(s);
	tx_start_implicit(s);
	if (name[0] == '\0')
		session_drop_prepared(s, name);
	if (!plan_parse(s, &request, &list, &err)) {
		session_tell_error(s, &err, text, 0);
		tx_fail(s);
		return leave(s, false);
	}
	if (list.n > 1) {
		sql_error_set(&err, ERRCODE_SYNTAX,
			      "cannot insert multiple commands into a prepared statement");
	} else if (!aborted(s, list.plans[0], &err)) {
		struct plan *plan = session_analyze(s, plan_ref(list.plans[0]), &err);

		if (plan != NULL) {
			ok = session_add_prepared(s, name, plan, false, &err);
			plan_unref(plan);
		}
	}
	if (!ok)
		fail(s, &err, list.plans[0]);
	plan_list_free(&list);
	return leave(s, ok);
}

static struct prepared *find_prepared(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct prepared *p = map_get(&s->prepared, name);

	if (p == NULL && name[0] == '\0')
		sql_error_set(err, ERRCODE_INVALID_STATEMENT_NAME,
			      "unnamed prepared statement does not exist");
	else if (p == NULL)
		sql_error_set(err, ERRCODE_INVALID_STATEMENT_NAME,
			      "prepared statement \"%s\" does not exist", name);
	return p;
}

struct prepared *session_prepared(struct sql_session *s, const char *name, struct sql_error *err)
{
	return find_prepared(s, name, err);
}

static void plan_params(const struct plan *plan, const oid_t **types, size_t *n)
{
	if (plan->kind == PLAN_QUERY) {
		*types = plan->lowered.param_types;
		*n = plan->lowered.n_params;
	} else {
		*types = plan->hints;
		*n = plan->n_hints;
	}
}

static bool take_values(struct sql_session *s, struct portal *p, const int16_t *formats,
			size_t n_formats, const struct sql_value *values, size_t n_values,
			struct sql_error *err)
{
	struct type_context ctx = { .env = &s->env, .schema = p->plan->schema, .arena = &p->arena };
	const oid_t *types;
	size_t n;

	plan_params(p->plan, &types, &n);
	p->params = ARENA_ARRAY(&p->arena, struct datum, n + 1);
	p->param_types = ARENA_ARRAY(&p->arena, oid_t, n + 1);
	if (p->params == NULL || p->param_types == NULL)
		return sql_error_no_memory(err);
	p->n_params = n;
	for (size_t i = 0; i < n; i++) {
		int16_t format = n_formats == 0 ? 0 : n_formats == 1 ? formats[0] : formats[i];

		p->param_types[i] = types[i];
		if (format != 0 && format != 1)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "unsupported format code: %d", format);
		if (!decode_param(&ctx, types[i], format, values[i].data, values[i].len, i + 1,
				  &p->params[i], err))
			return err->set ? false : sql_error_no_memory(err);
	}
	(void)n_values;
	return true;
}

static bool bind(struct sql_session *s, const char *portal, const char *statement,
		 const int16_t *formats, size_t n_formats, const struct sql_value *values,
		 size_t n_values, const int16_t *result_formats, size_t n_result_formats,
		 const struct plan **where, struct sql_error *err)
{
	struct prepared *prepared = find_prepared(s, statement, err);
	const oid_t *types;
	size_t n;

	if (prepared == NULL)
		return false;
	*where = prepared->plan;
	if (aborted(s, prepared->plan, err))
		return false;
	plan_params(prepared->plan, &types, &n);
	if (n_formats > 1 && n_formats != n_values)
		return sql_error_set(err, ERRCODE_PROTOCOL_VIOLATION,
				     "bind message has %zu parameter formats but %zu parameters", n_formats,
				     n_values);
	if (n_values != n)
		return sql_error_set(err, ERRCODE_PROTOCOL_VIOLATION,
				     "bind message supplies %zu parameters, but prepared statement \"%s\" "
				     "requires %zu", n_values, statement, n);
	if (n_result_formats > 1 && prepared->plan->kind == PLAN_QUERY &&
	    n_result_formats != prepared->plan->n_columns)
		return sql_error_set(err, ERRCODE_PROTOCOL_VIOLATION,
				     "bind message has %zu result formats but query has %zu columns",
				     n_result_formats, prepared->plan->n_columns);
	for (size_t i = 0; i < n_result_formats; i++)
		if (result_formats[i] != 0 && result_formats[i] != 1)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "unsupported format code: %d", result_formats[i]);
	struct portal *p = portal_create(s, portal, err);
	if (p == NULL)
		return false;
	p->plan = plan_ref(prepared->plan);
	p->keeps_row_type = true;
	p->n_formats = n_result_formats;
	if (n_result_formats > 0) {
		p->formats = arena_memdup(&p->arena, result_formats,
					  n_result_formats * sizeof(*result_formats));
		if (p->formats == NULL) {
			portal_drop(s, p);
			return sql_error_no_memory(err);
		}
	}
	if (!take_values(s, p, formats, n_formats, values, n_values, err)) {
		portal_drop(s, p);
		return false;
	}
	return true;
}

bool sql_bind(struct sql_session *s, const char *portal, const char *statement, const int16_t *formats,
	      size_t n_formats, const struct sql_value *values, size_t n_values,
	      const int16_t *result_formats, size_t n_result_formats, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	const struct plan *where = NULL;

	if (!enter(s, sink))
		return leave(s, false);
	tx_start_implicit(s);
	bool ok = bind(s, portal, statement, formats, n_formats, values, n_values, result_formats,
		       n_result_formats, &where, &err);
	if (!ok)
		fail(s, &err, where);
	return leave(s, ok);
}

/* ---- describe ---- */

static bool tell_result(struct sql_session *s, const struct plan *plan, const struct portal *formats,
			struct sql_sink *sink, struct sql_error *err)
{
	const struct sql_column *columns = plan->columns;
	size_t n = plan->n_columns;

	if (plan->kind == PLAN_UTILITY &&
	    !utility_columns(s, plan, &s->scratch, &columns, &n, err))
		return false;
	if (n == 0 && !plan_has_rows(plan)) {
		sink->no_data(sink);
		return true;
	}
	struct sql_column *told = ARENA_ARRAY(&s->scratch, struct sql_column, n + 1);
	if (told == NULL)
		return sql_error_no_memory(err);
	for (size_t i = 0; i < n; i++) {
		told[i] = columns[i];
		told[i].format = portal_format(formats, i);
	}
	sink->columns(sink, told, n);
	return true;
}

bool sql_describe_statement(struct sql_session *s, const char *name, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	bool ok = false;

	if (!enter(s, sink))
		return leave(s, false);
	tx_start_implicit(s);
	struct prepared *p = find_prepared(s, name, &err);
	if (p != NULL && !(s->tx.failed && plan_has_rows(p->plan) && aborted(s, p->plan, &err))) {
		const oid_t *types;
		size_t n;

		plan_params(p->plan, &types, &n);
		sink->parameters(sink, types, n);
		ok = tell_result(s, p->plan, NULL, sink, &err);
	}
	if (!ok)
		fail(s, &err, p != NULL ? p->plan : NULL);
	return leave(s, ok);
}

static bool no_portal(const char *name, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name);
}

bool sql_describe_portal(struct sql_session *s, const char *name, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;

	if (!enter(s, sink))
		return leave(s, false);
	tx_start_implicit(s);
	struct portal *p = portal_find(s, name);
	bool ok = p != NULL ? tell_result(s, p->plan, p, sink, &err) : no_portal(name, &err);
	if (!ok)
		fail(s, &err, p != NULL ? p->plan : NULL);
	return leave(s, ok);
}

/* ---- execute ---- */

static bool execute(struct sql_session *s, struct portal *p, uint32_t max_rows, struct sql_sink *sink,
		    struct sql_error *err)
{
	char tag[64];
	bool suspended = false;

	if (aborted(s, p->plan, err))
		return false;
	if (p->state == PORTAL_DONE && plan_writes(p->plan))
		return sql_error_set(err, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				     "portal \"%s\" cannot be run", p->name);
	if (p->state == PORTAL_DONE && (p->plan->kind == PLAN_QUERY || p->plan->kind == PLAN_PRAGMA)) {
		p->n_rows = 0;
		portal_tag(p, tag);
		sink->complete(sink, tag);
		return true;
	}
	uint64_t before = p->n_rows;
	p->running = true;
	bool ok = run(s, p, max_rows, false, sink, tag, &suspended, err);
	p->running = false;
	if (!ok)
		return false;
	if (suspended) {
		sink->suspended(sink);
		return true;
	}
	if (before > 0 && p->plan->kind == PLAN_QUERY && !plan_writes(p->plan)) {
		/* the tag of the last part counts that part only */
		p->n_rows -= before;
		portal_tag(p, tag);
	}
	if (tag[0] != '\0')
		sink->complete(sink, tag);
	return true;
}

bool sql_execute(struct sql_session *s, const char *portal, uint32_t max_rows, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	bool ok;

	if (!enter(s, sink))
		return leave(s, false);
	start_clock(s);
	tx_start_implicit(s);
	struct portal *p = portal_find(s, portal);
	if (p == NULL) {
		ok = no_portal(portal, &err);
		fail(s, &err, NULL);
		return leave(s, ok);
	}
	struct plan *where = plan_ref(p->plan);
	ok = execute(s, p, max_rows, sink, &err);
	if (p->doomed)
		portal_drop(s, p);
	if (!ok)
		fail(s, &err, where);
	else if (s->tx.kind != TX_NONE)
		s->tx.n_statements++;
	plan_unref(where);
	return leave(s, ok);
}

void sql_close_statement(struct sql_session *s, const char *name)
{
	session_drop_prepared(s, name);
}

void sql_close_portal(struct sql_session *s, const char *name)
{
	struct portal *p = portal_find(s, name);

	if (p != NULL)
		portal_drop(s, p);
}

bool sql_sync(struct sql_session *s, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	bool ok = true;

	if (s->tx.kind != TX_IMPLICIT) {
		s->sink = sink;
		settings_report(s);
		s->sink = NULL;
		return true;
	}
	/* also when the server stops: it is the end of what ran */
	begin_call(s, sink);
	if (s->tx.failed)
		tx_rollback(s);
	else if (!(ok = tx_commit(s, &err)))
		session_tell_error(s, &err, NULL, 0);
	return leave(s, ok);
}

void sql_fail(struct sql_session *s)
{
	tx_fail(s);
	place_give(s);
}

char sql_status(struct sql_session *s)
{
	if (s->tx.kind != TX_EXPLICIT)
		return 'I';
	return s->tx.failed ? 'E' : 'T';
}

int64_t sql_idle_timeout(struct sql_session *s)
{
	return s->tx.kind == TX_EXPLICIT ? s->settings.idle_in_transaction_timeout_ms :
					   s->settings.idle_session_timeout_ms;
}

void sql_cancel(struct sql_session *s)
{
	mutex_lock(&s->cancel_lock);
	if (s->busy)
		atomic_store(&s->canceled, true);
	mutex_unlock(&s->cancel_lock);
}

void sql_terminate(struct sql_session *s)
{
	/* what runs may end: sql_cancel() stops it */
	atomic_store(&s->terminated, true);
}

/* ---- expressions without a row ---- */

bool session_evaluate(struct sql_session *s, const struct plan *plan, const PgQuery__Node *expr,
		      oid_t type, int32_t typmod, const struct portal *values, struct arena *arena,
		      struct datum *out, struct sql_error *err)
{
	struct buf sql = BUF_INIT(PLAN_LIMIT);
	struct conn *c = s->tx.conn;
	struct prepared_stmt *stmt = NULL;
	oid_t result;
	bool own = false, ok = false;

	struct schema *schema = session_schema_now(s, err);
	if (schema == NULL)
		return false;
	struct analyze_input in = { .text = plan->text,
				    .schema = schema,
				    .env = &s->env,
				    .param_types = values != NULL ? values->param_types : NULL,
				    .n_param_types = values != NULL ? values->n_params : 0,
				    .no_params = values == NULL || values->n_params == 0,
				    .arena = arena };
	buf_put_str(&sql, "SELECT ");
	if (!analyze_expression(&in, expr, NULL, type, typmod, "EXECUTE parameter", &sql, &result, err))
		goto out;
	if (c == NULL && !tx_read(s, &c, &own, err))
		goto out;
	if (!place_take(s, err))
		goto out;
	conn_lend(c, s, schema);
	int rc = conn_prepare(c, buf_str(&sql), &stmt);
	for (size_t i = 0; rc == SQLITE_OK && values != NULL && i < values->n_params; i++) {
		rc = bind_datum(stmt->stmt, (int)i + 1, &values->params[i]);
		if (rc == SQLITE_RANGE)
			rc = SQLITE_OK;
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt->stmt);
	if (rc != SQLITE_ROW) {
		outcome_error(s, c, rc, err);
		goto out;
	}
	*out = column_datum(stmt->stmt, 0);
	ok = true;
	if (out->kind == DATUM_TEXT || out->kind == DATUM_BLOB) {
		out->data = arena_strndup(arena, out->data, out->len);
		ok = out->data != NULL || sql_error_no_memory(err);
	}
out:
	if (stmt != NULL)
		conn_release(c, stmt);
	if (c != NULL)
		conn_lend(c, s, NULL);
	if (own)
		conn_give(c);
	schema_unref(schema);
	buf_free(&sql);
	return ok;
}

/* ---- life ---- */

/* One word of the "options" parameter: blanks end it unless a backslash is before them. */
static size_t option_word(const char **at, char *out, size_t size)
{
	const char *p = *at;
	size_t n = 0;

	while (isspace((unsigned char)*p))
		p++;
	while (*p != '\0' && !isspace((unsigned char)*p)) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (n < size - 1)
			out[n++] = *p;
		p++;
	}
	out[n] = '\0';
	*at = p;
	return n;
}

static bool apply_option(struct sql_session *s, char *pair, struct sql_error *err)
{
	char *value = strchr(pair, '=');

	if (value == NULL)
		return sql_error_set(err, ERRCODE_SYNTAX, "-c %s requires a value", pair);
	*value++ = '\0';
	for (char *p = pair; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	return setting_set(s, pair, value, SETTING_STARTUP, err);
}

static bool apply_options(struct sql_session *s, const char *text, struct sql_error *err)
{
	char word[1024];

	while (option_word(&text, word, sizeof(word)) > 0) {
		char *pair = word;

		if (strcmp(word, "-c") == 0) {
			if (option_word(&text, word, sizeof(word)) == 0)
				return sql_error_set(err, ERRCODE_SYNTAX, "option -c requires a value");
		} else if (strncmp(word, "-c", 2) == 0 || strncmp(word, "--", 2) == 0) {
			pair = word + 2;
		} else {
			return sql_error_set(err, ERRCODE_SYNTAX,
					     "invalid command-line argument for server process: %s", word);
		}
		if (!apply_option(s, pair, err))
			return false;
	}
	return true;
}

static bool apply_startup(struct sql_session *s, const struct sql_connect *who, struct sql_error *err)
{
	for (size_t i = 0; i < who->n_settings; i++) {
		const char *name = who->settings[i].name;
		const char *value = who->settings[i].value;

		if (strcmp(name, "user") == 0 || strcmp(name, "database") == 0 ||
		    strncmp(name, "_pq_.", 5) == 0)
			continue;
		if (strcmp(name, "replication") == 0) {
			if (strcasecmp(value, "false") != 0 && strcasecmp(value, "off") != 0 &&
			    strcasecmp(value, "no") != 0 && strcmp(value, "0") != 0)
				return sql_error_unsupported(err, -1, "replication");
			continue;
		}
		if (strcmp(name, "options") == 0) {
			if (!apply_options(s, value, err))
				return false;
			continue;
		}
		if (!setting_set(s, name, value, SETTING_STARTUP, err))
			return false;
	}
	return true;
}

bool sql_session_open(struct sql_server *server, const struct sql_connect *who,
		      struct sql_session **out, struct sql_sink *sink)
{
	struct sql_error err = SQL_ERROR_INIT;
	struct sql_session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		sql_error_no_memory(&err);
		err.fatal = true;
		sink->error(sink, &err, 0);
		return false;
	}
	s->server = server;
	s->pid = who->pid;
	s->scope = who->scope;
	s->started_us = wall_us();
	mutex_init(&s->cancel_lock);
	arena_init(&s->scratch, SCRATCH_LIMIT);
	arena_init(&s->row_arena, SCRATCH_LIMIT);
	s->user = strdup(who->user);
	s->database = strdup(who->database != NULL && who->database[0] != '\0' ? who->database : who->user);
	s->peer = strdup(who->peer != NULL ? who->peer : "");
	sql_env_init(&s->env);
	s->env.sequences = sequence_session_new();
	s->sink = sink;
	if (s->user == NULL || s->database == NULL || s->peer == NULL || s->env.sequences == NULL) {
		sql_error_no_memory(&err);
		goto fail;
	}
	s->env.user = s->env.session_user = s->user;
	s->env.database = s->database;
	s->env.pid = s->pid;
	/* a database of the past is one that only follows, and nothing comes any more */
	s->env.in_recovery = server->config.read_only || strchr(s->database, '@') != NULL;
	if (!settings_init(s, &err) || !apply_startup(s, who, &err) ||
	    !database_use(server, s->database, s, &err))
		goto fail;
	settings_report_all(s);
	settings_report(s);
	s->sink = NULL;
	*out = s;
	return true;
fail:
	err.fatal = true;
	sink->error(sink, &err, 0);
	s->sink = NULL;
	sql_session_close(s);
	return false;
}

void sql_session_close(struct sql_session *s)
{
	if (s == NULL)
		return;
	s->sink = NULL;
	/* what is rolled back now must not be stopped by a cancel that came late */
	atomic_store(&s->canceled, false);
	tx_rollback(s);
	portals_close_since(s, 0, false);
	session_drop_all_prepared(s);
	map_free(&s->portals);
	session_drop_temp(s);
	place_give(s);
	database_leave(s);
	settings_deinit(s);
	sequence_session_free(s->env.sequences);
	arena_free(&s->scratch);
	arena_free(&s->row_arena);
	mutex_deinit(&s->cancel_lock);
	free(s->user);
	free(s->database);
	free(s->peer);
	free(s);
}
