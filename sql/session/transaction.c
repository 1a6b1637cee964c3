/*
 * transaction.c - a session's transactions, and the schema that they see
 *
 * READ COMMITTED holds nothing before its first write: each statement reads on a
 * connection of its own.  The first statement that writes takes the writer's turn
 * and then a connection with a SQLite transaction, which stays until the end.
 * REPEATABLE READ and SERIALIZABLE keep a snapshot from their first query on; a
 * write there fails with 40001 if somebody has committed since.
 *
 * After an error the transaction is aborted, as PostgreSQL has it: without a
 * savepoint everything is given back at once, so that a client that thinks about
 * it keeps nobody else waiting.
 * Licence: MIT, see LICENSE.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

#define EPOCH_2000_US INT64_C(946684800000000)

enum { BUSY_PAUSE_MS = 2 };

static bool conn_in_transaction(const struct conn *c)
{
	return !sqlite3_get_autocommit(c->sql.db);
}

static void init_characteristics(struct sql_session *s)
{
	s->tx.isolation = (enum isolation)s->settings.default_isolation;
	s->tx.read_only = s->settings.default_read_only || s->env.in_recovery;
	s->tx.deferrable = s->settings.default_deferrable;
	s->tx.mode = SQL_DEFERRED;
	s->env.transaction_us = wall_us() - EPOCH_2000_US;
}

bool tx_set_read_only(struct sql_session *s, bool on, struct sql_error *err)
{
	struct transaction *tx = &s->tx;

	if (!on && tx->read_only) {
		if (tx->savepoint != NULL && tx->savepoint->read_only)
			return sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
					     "cannot set transaction read-write mode inside a read-only transaction");
		if (tx->used)
			return sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
					     "transaction read-write mode must be set before any query");
		if (s->env.in_recovery)
			return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
					     "cannot set transaction read-write mode during recovery");
	}
	tx->read_only = on;
	return true;
}

static bool no_serializable(struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "cannot use serializable mode in a hot standby");
}

bool tx_set_isolation(struct sql_session *s, enum isolation level, struct sql_error *err)
{
	struct transaction *tx = &s->tx;

	if (level != tx->isolation && tx->used)
		return sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
				     "SET TRANSACTION ISOLATION LEVEL must be called before any query");
	if (level != tx->isolation && tx->savepoint != NULL)
		return sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
				     "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
	if (level != tx->isolation && level == SERIALIZABLE && s->env.in_recovery) {
		no_serializable(err);
		return sql_error_hint(err, "You can use REPEATABLE READ instead.");
	}
	tx->isolation = level;
	return true;
}

void tx_start_implicit(struct sql_session *s)
{
	s->env.statement_us = wall_us() - EPOCH_2000_US;
	if (s->tx.kind != TX_NONE)
		return;
	s->tx.kind = TX_IMPLICIT;
	init_characteristics(s);
}

/* ---- the connection ---- */

/* A connection for the transaction to keep. */
static bool take_conn(struct sql_session *s, struct conn **out, struct sql_error *err)
{
	if (s->temp_conn != NULL) {
		*out = s->temp_conn;
		conn_lend(*out, s, NULL);
		return true;
	}
	return conn_take(s, out, err);
}

/* The transaction does not need it any more. */
static void drop_conn(struct sql_session *s, struct conn *c)
{
	if (c == NULL)
		return;
	if (c != s->temp_conn) {
		conn_give(c);
		return;
	}
	if (conn_in_transaction(c) && conn_exec(c, "ROLLBACK") != SQLITE_OK)
		c->broken = true;
	if (c->broken) {
		/* its versions are gone, and the temporary tables with it */
		session_drop_temp(s);
		session_warn(s, "WARNING", ERRCODE_IO, "temporary tables were lost");
		return;
	}
	struct vfs_turn turn = conn_end_turn(c);
	vfs_turn_end(&turn);
}

void session_drop_temp(struct sql_session *s)
{
	struct conn *c = s->temp_conn;

	s->temp_conn = NULL;
	s->has_temp = false;
	schema_unref(s->temp_schema);
	s->temp_schema = NULL;
	if (c == NULL)
		return;
	c->broken = true;
	conn_give(c);
}

static int declare(struct conn *c, struct savepoint *sp)
{
	char text[64];

	if (sp == NULL || sp->declared)
		return SQLITE_OK;
	int rc = declare(c, sp->outer);
	if (rc != SQLITE_OK)
		return rc;
	snprintf(text, sizeof(text), "SAVEPOINT sp%u", sp->id);
	rc = conn_exec(c, text);
	sp->declared = rc == SQLITE_OK;
	return rc;
}

static void pause_ms(int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	nanosleep(&ts, NULL);
}

/* Let a transaction that has a snapshot write. */
static bool upgrade(struct sql_session *s, struct sql_error *err)
{
	struct conn *c = s->tx.conn;
	int64_t deadline = session_lock_deadline(s);
	char text[64];
	struct prepared_stmt *p;

	if (!place_take(s, err))
		return false;
	int rc = conn_prepare(c, "PRAGMA user_version", &p);
	if (rc != SQLITE_OK)
		return outcome_error(s, c, rc, err);
	rc = sqlite3_step(p->stmt);
	int version = rc == SQLITE_ROW ? sqlite3_column_int(p->stmt, 0) : 0;
	conn_release(c, p);
	if (rc != SQLITE_ROW)
		return outcome_error(s, c, rc, err);
	/* the least that is a write; it changes nothing */
	snprintf(text, sizeof(text), "PRAGMA user_version=%d", version);
	c->has_turn = true; /* given back in any case: a refusal is remembered for the next transaction */
	for (;;) {
		rc = conn_exec(c, text);
		if ((rc & 0xff) != SQLITE_BUSY || rc == SQLITE_BUSY_SNAPSHOT)
			break;
		/* somebody else writes: if they commit, our snapshot is an old one */
		if (session_stopped(s))
			return outcome_canceled(s, err);
		if (deadline != 0 && mono_ms() >= deadline)
			return sql_error_set(err, ERRCODE_LOCK_NOT_AVAILABLE,
					     "canceling statement due to lock timeout");
		place_give(s);
		pause_ms(BUSY_PAUSE_MS);
		if (!place_take(s, err))
			return false;
	}
	if (rc != SQLITE_OK)
		return outcome_error(s, c, rc, err);
	s->tx.writing = true;
	return true;
}

bool tx_write(struct sql_session *s, const char *command, struct sql_error *err)
{
	if (s->tx.read_only)
		return sql_error_set(err, ERRCODE_READ_ONLY_TRANSACTION,
				     "cannot execute %s in a read-only transaction", command);
	return tx_take_turn(s, err);
}

bool session_writer(struct sql_session *s, struct conn **out, struct sql_error *err)
{
	struct error verr = ERROR_INIT;
	struct vfs_turn turn;
	struct conn *c;

	place_give(s);
	enum vfs_rc vrc = vfs_turn_begin(&turn, s->db->name, s, session_lock_deadline(s), &s->canceled,
					 &verr);
	if (vrc != VFS_OK)
		return outcome_vfs(s, (int)vrc, &verr, err);
	if (!place_take(s, err) || !take_conn(s, &c, err)) {
		vfs_turn_end(&turn);
		return false;
	}
	vrc = vfs_turn_lend(&turn, c->sql.db, &verr);
	if (vrc != VFS_OK) {
		/* the next one is opened anew */
		c->broken = true;
		drop_conn(s, c);
		vfs_turn_end(&turn);
		return outcome_vfs(s, (int)vrc, &verr, err);
	}
	c->turn = turn;
	c->has_turn = true;
	*out = c;
	return true;
}

bool tx_take_turn(struct sql_session *s, struct sql_error *err)
{
	struct transaction *tx = &s->tx;
	struct conn *c;

	assert(!s->env.in_recovery);
	tx->used = true;
	if (tx->writing)
		return place_take(s, err);
	if (tx->snapshot)
		return upgrade(s, err);
	if (s->temp_conn != NULL && !portals_store_all(s, NULL, err))
		return false;
	if (!session_writer(s, &c, err))
		return false;
	int rc = conn_exec(c, "BEGIN IMMEDIATE");
	if (rc == SQLITE_OK)
		rc = declare(c, tx->savepoint);
	if (rc != SQLITE_OK) {
		outcome_error(s, c, rc, err);
		drop_conn(s, c);
		return false;
	}
	tx->conn = c;
	tx->writing = true;
	return true;
}

bool tx_take_turn_now(struct sql_session *s, const char *what, const char *name, struct sql_error *err)
{
	/* it is the turn that is not waited for: a place is free in a moment */
	int64_t before = s->settings.lock_timeout_ms;

	s->settings.lock_timeout_ms = 1;
	bool ok = tx_take_turn(s, err);
	s->settings.lock_timeout_ms = before;
	if (!ok && strcmp(err->sqlstate, ERRCODE_LOCK_NOT_AVAILABLE) == 0)
		sql_error_set(err, ERRCODE_LOCK_NOT_AVAILABLE, "could not obtain lock on %s \"%s\"", what, name);
	return ok;
}

bool tx_read(struct sql_session *s, struct conn **out, bool *own, struct sql_error *err)
{
	struct transaction *tx = &s->tx;
	struct conn *c;

	tx->used = true;
	*own = false;
	if (tx->isolation == SERIALIZABLE && s->env.in_recovery) {
		no_serializable(err);
		sql_error_detail(err, "\"default_transaction_isolation\" is set to \"serializable\".");
		return sql_error_hint(err, "You can use \"SET default_transaction_isolation = 'repeatable "
					   "read'\" to change the default.");
	}
	if (tx->conn != NULL) {
		*out = tx->conn;
		return true;
	}
	if (!place_take(s, err))
		return false;
	if (tx->isolation < REPEATABLE_READ || tx->kind != TX_EXPLICIT) {
		*own = s->temp_conn == NULL;
		return take_conn(s, out, err);
	}
	if (!take_conn(s, &c, err))
		return false;
	int rc = conn_exec(c, "BEGIN");
	if (rc == SQLITE_OK)
		rc = conn_exec(c, "SELECT 1 FROM sqlite_schema LIMIT 1");
	if (rc == SQLITE_OK)
		rc = declare(c, tx->savepoint);
	if (rc != SQLITE_OK) {
		outcome_error(s, c, rc, err);
		drop_conn(s, c);
		return false;
	}
	tx->conn = c;
	tx->snapshot = true;
	*out = c;
	return true;
}

bool tx_may_tell(struct sql_session *s, struct sql_error *err)
{
	struct transaction *tx = &s->tx;
	struct error verr = ERROR_INIT;
	bool had_place = s->has_place;

	/* an implicit one ends with its commit, and that waits for all before it */
	if (!tx->writing || tx->base_durable || tx->kind != TX_EXPLICIT ||
	    s->settings.synchronous_commit <= SYNC_LOCAL)
		return true;
	place_give(s);
	enum vfs_rc vrc = vfs_base_wait(tx->conn->sql.db, &verr);
	if (vrc != VFS_OK)
		return outcome_vfs(s, (int)vrc, &verr, err);
	tx->base_durable = true;
	return !had_place || place_take(s, err);
}

/* ---- the end ---- */

static void free_savepoints_down_to(struct sql_session *s, struct savepoint *keep)
{
	while (s->tx.savepoint != keep) {
		struct savepoint *sp = s->tx.savepoint;

		s->tx.savepoint = sp->outer;
		free(sp->name);
		free(sp);
	}
}

static void forget(struct sql_session *s)
{
	free_savepoints_down_to(s, NULL);
	schema_unref(s->tx.schema);
	s->tx = (struct transaction){ .kind = TX_NONE };
}

/* Give back what the transaction holds in SQLite; it stays as it is otherwise. */
static void release(struct sql_session *s)
{
	struct conn *c = s->tx.conn;

	portals_close_since(s, 0, true);
	if (s->tx.schema_changed) {
		schema_unref(s->temp_schema);
		s->temp_schema = NULL;
	}
	s->tx.conn = NULL;
	s->tx.writing = s->tx.snapshot = s->tx.base_durable = false;
	drop_conn(s, c);
	schema_unref(s->tx.schema);
	s->tx.schema = NULL;
	s->tx.schema_changed = false;
}

void tx_rollback(struct sql_session *s)
{
	if (s->tx.kind == TX_NONE)
		return;
	release(s);
	settings_rollback(s, 0);
	forget(s);
}

void tx_fail(struct sql_session *s)
{
	struct transaction *tx = &s->tx;

	if (tx->kind == TX_NONE)
		return;
	tx->failed = true;
	if (tx->conn != NULL && (tx->writing || tx->snapshot) && !conn_in_transaction(tx->conn))
		tx->lost = true;
	if (tx->savepoint == NULL || tx->lost)
		release(s);
	else
		portals_close_since(s, tx->savepoint->portals_mark, true);
}

static void publish_schema(struct sql_session *s, struct schema *schema, uint64_t seq)
{
	struct database *db = s->db;

	mutex_lock(&db->lock);
	struct schema *old = db->schema;
	db->schema = schema_ref(schema);
	db->schema_seq = seq;
	mutex_unlock(&db->lock);
	if (old != schema)
		plan_cache_keep(&db->plans, schema);
	schema_unref(old);
}

static enum vfs_durability durability_of(enum synchronous_commit level)
{
	switch (level) {
	case SYNC_OFF:
		return VFS_IN_MEMORY;
	case SYNC_LOCAL:
		return VFS_ON_DISK;
	case SYNC_REMOTE_WRITE:
	case SYNC_ON:
	case SYNC_REMOTE_APPLY:
		return VFS_IN_STORE;
	}
	return VFS_IN_STORE;
}

bool tx_commit(struct sql_session *s, struct sql_error *err)
{
	struct transaction *tx = &s->tx;
	struct conn *c = tx->conn;

	if (tx->kind == TX_NONE)
		return true;
	if (tx->failed) {
		tx_rollback(s);
		return true;
	}
	if (!portals_hold(s, err)) {
		tx_rollback(s);
		return false;
	}
	portals_close_since(s, 0, true);
	if (c == NULL || !(tx->writing || tx->snapshot)) {
		tx->conn = NULL;
		drop_conn(s, c);
		settings_commit(s);
		forget(s);
		return true;
	}
	if (!place_take(s, err)) {
		tx_rollback(s);
		return false;
	}
	struct vfs_ticket ticket = { .seq = 0 };
	vfs_commit_later(c->sql.db, &ticket, durability_of(s->settings.synchronous_commit));
	int rc = conn_in_transaction(c) ? conn_exec(c, "COMMIT") : SQLITE_ABORT;
	vfs_commit_later(c->sql.db, NULL, VFS_IN_STORE);
	if (rc != SQLITE_OK) {
		outcome_error(s, c, rc, err);
		tx_rollback(s);
		return false;
	}
	/* others may go on from it; the client is told when it is durable */
	bool schema_changed = tx->schema_changed && tx->schema != NULL && ticket.seq != 0;
	tx->conn = NULL;
	drop_conn(s, c);
	if (ticket.db != NULL) {
		struct error verr = ERROR_INIT;

		place_give(s);
		enum vfs_rc vrc = vfs_commit_wait(&ticket, &verr);
		if (vrc != VFS_OK) {
			outcome_vfs(s, (int)vrc, &verr, err);
			tx_rollback(s);
			return false;
		}
	}
	/* of what is not in the store yet this session alone sees its own */
	if (ticket.seq != 0 && s->settings.synchronous_commit <= SYNC_LOCAL)
		s->own_seq = ticket.seq;
	if (schema_changed && !s->has_temp)
		publish_schema(s, tx->schema, ticket.schema);
	if (tx->schema_changed && s->temp_conn != NULL) {
		schema_unref(s->temp_schema);
		s->temp_schema = NULL;
	}
	settings_commit(s);
	forget(s);
	return true;
}

/* ---- statements ---- */

static int isolation_named(const char *name)
{
	static const char *const names[] = { "read uncommitted", "read committed",
					     "repeatable read", "serializable" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return READ_COMMITTED;
}

static bool apply_options(struct sql_session *s, PgQuery__Node **options, size_t n,
			  struct sql_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *d = options[i]->def_elem;
		const PgQuery__AConst *value = d->arg != NULL && d->arg->node_case == PG_QUERY__NODE__NODE_A_CONST ?
						       d->arg->a_const : NULL;

		if (value == NULL)
			return sql_error_unsupported(err, d->location, "this transaction option");
		if (strcmp(d->defname, "transaction_isolation") == 0 &&
		    value->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
			if (!tx_set_isolation(s, (enum isolation)isolation_named(value->sval->sval), err))
				return false;
		} else if (strcmp(d->defname, "transaction_read_only") == 0 &&
			   value->val_case == PG_QUERY__A__CONST__VAL_IVAL) {
			if (!tx_set_read_only(s, value->ival->ival != 0, err))
				return false;
		} else if (strcmp(d->defname, "transaction_deferrable") == 0 &&
			   value->val_case == PG_QUERY__A__CONST__VAL_IVAL) {
			s->tx.deferrable = value->ival->ival != 0;
		} else {
			return sql_error_unsupported(err, d->location, "transaction option \"%s\"",
						     d->defname);
		}
	}
	return true;
}

bool tx_begin_explicit(struct sql_session *s, enum sql_transaction_mode mode,
		       PgQuery__Node **options, size_t n_options, struct sql_error *err)
{
	struct transaction *tx = &s->tx;

	if (tx->kind == TX_EXPLICIT) {
		session_warn(s, "WARNING", ERRCODE_ACTIVE_TRANSACTION,
			     "there is already a transaction in progress");
		return apply_options(s, options, n_options, err);
	}
	if (tx->kind == TX_NONE)
		init_characteristics(s);
	/* one that fails opens no block */
	if (!apply_options(s, options, n_options, err))
		return false;
	tx->mode = mode;
	if (mode != SQL_DEFERRED && !tx->read_only) {
		bool used = tx->used;

		if (!tx_write(s, "BEGIN", err))
			return false;
		tx->used = used;
	}
	tx->kind = TX_EXPLICIT;
	return true;
}

static struct savepoint *find_savepoint(struct sql_session *s, const char *name,
					struct sql_error *err)
{
	for (struct savepoint *sp = s->tx.savepoint; sp != NULL; sp = sp->outer)
		if (strcmp(sp->name, name) == 0)
			return sp;
	sql_error_set(err, ERRCODE_INVALID_SAVEPOINT, "savepoint \"%s\" does not exist", name);
	return NULL;
}

bool tx_require_block(struct sql_session *s, const char *command, struct sql_error *err)
{
	if (s->tx.kind == TX_EXPLICIT)
		return true;
	return sql_error_set(err, ERRCODE_NO_ACTIVE_TRANSACTION,
			     "%s can only be used in transaction blocks", command);
}

bool tx_prevent_block(struct sql_session *s, const char *command, struct sql_error *err)
{
	if (s->tx.kind != TX_EXPLICIT && !s->tx.multi && s->tx.n_statements == 0)
		return true;
	return sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
			     "%s cannot run inside a transaction block", command);
}

static bool savepoint(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct savepoint *sp = calloc(1, sizeof(*sp));

	if (sp == NULL || (sp->name = strdup(name)) == NULL) {
		free(sp);
		return sql_error_no_memory(err);
	}
	sp->id = ++s->tx.n_savepoints;
	sp->settings_mark = settings_mark(s);
	sp->portals_mark = s->last_serial;
	sp->read_only = s->tx.read_only;
	sp->outer = s->tx.savepoint;
	s->tx.savepoint = sp;
	if (s->tx.conn == NULL || !conn_in_transaction(s->tx.conn))
		return true;
	if (!place_take(s, err))
		return false;
	int rc = declare(s->tx.conn, sp);
	return rc == SQLITE_OK || outcome_error(s, s->tx.conn, rc, err);
}

static bool rollback_to(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct savepoint *sp = find_savepoint(s, name, err);
	char text[64];

	if (sp == NULL)
		return false;
	if (s->tx.lost)
		return sql_error_set(err, "40000",
				     "the transaction was rolled back as a whole and cannot go on from "
				     "savepoint \"%s\"", name);
	portals_close_since(s, sp->portals_mark, true);
	if (sp->declared) {
		/* an open result of before stays, but it must not see what is undone now */
		if (!place_take(s, err) || !portals_store_all(s, NULL, err))
			return false;
		snprintf(text, sizeof(text), "ROLLBACK TO sp%u", sp->id);
		int rc = conn_exec(s->tx.conn, text);
		if (rc != SQLITE_OK)
			return outcome_error(s, s->tx.conn, rc, err);
	}
	free_savepoints_down_to(s, sp);
	settings_rollback(s, sp->settings_mark);
	s->tx.read_only = sp->read_only;
	s->tx.failed = false;
	if (s->tx.schema_changed && s->tx.conn != NULL)
		return tx_reload_schema(s, err);
	return true;
}

static bool release_savepoint(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct savepoint *sp = find_savepoint(s, name, err);
	char text[64];

	if (sp == NULL)
		return false;
	if (sp->declared) {
		snprintf(text, sizeof(text), "RELEASE sp%u", sp->id);
		int rc = conn_exec(s->tx.conn, text);
		if (rc != SQLITE_OK)
			return outcome_error(s, s->tx.conn, rc, err);
	}
	s->tx.read_only = sp->read_only;
	free_savepoints_down_to(s, sp->outer);
	return true;
}

static bool end(struct sql_session *s, const PgQuery__TransactionStmt *stmt, bool commit,
		char *tag, struct sql_error *err)
{
	struct transaction before = s->tx;
	bool ok = true;

	if (before.kind != TX_EXPLICIT) {
		if (stmt->chain)
			return sql_error_set(err, ERRCODE_NO_ACTIVE_TRANSACTION,
					     "%s AND CHAIN can only be used in transaction blocks",
					     commit ? "COMMIT" : "ROLLBACK");
		session_warn(s, "WARNING", ERRCODE_NO_ACTIVE_TRANSACTION,
			     "there is no transaction in progress");
	}
	strcpy(tag, commit && !before.failed ? "COMMIT" : "ROLLBACK");
	if (commit)
		ok = tx_commit(s, err);
	else
		tx_rollback(s);
	if (ok && stmt->chain) {
		init_characteristics(s);
		s->tx.kind = TX_EXPLICIT;
		s->tx.isolation = before.isolation;
		s->tx.read_only = before.read_only;
		s->tx.deferrable = before.deferrable;
	}
	return ok;
}

bool tx_statement(struct sql_session *s, const PgQuery__TransactionStmt *stmt, char *tag,
		  struct sql_error *err)
{
	switch (stmt->kind) {
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
		strcpy(tag, stmt->kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN ?
				    "BEGIN" : "START TRANSACTION");
		return tx_begin_explicit(s, s->server->config.transaction_mode, stmt->options,
					 stmt->n_options, err);
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
		return end(s, stmt, true, tag, err);
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
		return end(s, stmt, false, tag, err);
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
		strcpy(tag, "SAVEPOINT");
		return tx_require_block(s, "SAVEPOINT", err) && savepoint(s, stmt->savepoint_name, err);
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
		strcpy(tag, "RELEASE");
		return tx_require_block(s, "RELEASE SAVEPOINT", err) &&
		       release_savepoint(s, stmt->savepoint_name, err);
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
		strcpy(tag, "ROLLBACK");
		return tx_require_block(s, "ROLLBACK TO SAVEPOINT", err) &&
		       rollback_to(s, stmt->savepoint_name, err);
	default:
		return sql_error_unsupported(err, -1, "a prepared transaction");
	}
}

/* ---- the schema ---- */

static bool load_failed(struct sql_session *s, struct conn *c, struct sql_error *err)
{
	if (err->set)
		return false;
	return outcome_error(s, c, sqlite3_extended_errcode(c->sql.db), err);
}

bool tx_reload_schema(struct sql_session *s, struct sql_error *err)
{
	struct conn *c = s->tx.conn;
	struct schema *schema;

	conn_lend(c, s, NULL);
	if (!schema_load(&c->sql, &schema, err))
		return load_failed(s, c, err);
	schema_unref(s->tx.schema);
	s->tx.schema = schema;
	s->tx.schema_changed = true;
	return true;
}

/* Load the schema of one version, and its vfs_schema(). */
static struct schema *load(struct sql_session *s, struct conn *c, uint64_t *seq,
			   struct sql_error *err)
{
	struct schema *schema = NULL;
	bool own = !conn_in_transaction(c);
	int rc = SQLITE_OK;

	if (!place_take(s, err))
		return NULL;
	conn_lend(c, s, NULL);
	if (own)
		rc = conn_exec(c, "BEGIN");
	if (rc == SQLITE_OK)
		rc = conn_exec(c, "SELECT 1 FROM sqlite_schema LIMIT 1");
	if (rc != SQLITE_OK)
		outcome_error(s, c, rc, err);
	else if (vfs_schema(c->sql.db, seq) != VFS_OK)
		sql_error_set(err, ERRCODE_IO, "could not read the schema of database \"%s\"",
			      s->db->name);
	else if (!schema_load(&c->sql, &schema, err))
		load_failed(s, c, err);
	if (own && conn_in_transaction(c) && conn_exec(c, "COMMIT") != SQLITE_OK &&
	    conn_exec(c, "ROLLBACK") != SQLITE_OK)
		c->broken = true;
	if (err->set) {
		schema_unref(schema);
		return NULL;
	}
	return schema;
}

struct schema *session_schema(struct sql_session *s, struct conn *c, struct sql_error *err)
{
	struct database *db = s->db;
	uint64_t seq = 0;
	struct schema *schema = NULL;

	if (s->tx.schema != NULL && c == s->tx.conn)
		return schema_ref(s->tx.schema);
	enum vfs_rc vrc = vfs_schema(c->sql.db, &seq);
	if (vrc != VFS_OK) {
		struct error verr = ERROR_INIT;

		(void)vfs_last_error(c->sql.db, &verr);
		outcome_vfs(s, (int)vrc, &verr, err);
		return NULL;
	}
	if (s->has_temp && c == s->temp_conn) {
		if (s->temp_schema == NULL || s->temp_seq != seq) {
			schema = load(s, c, &seq, err);
			if (schema == NULL)
				return NULL;
			schema_unref(s->temp_schema);
			s->temp_schema = schema;
			s->temp_seq = seq;
		}
		return schema_ref(s->temp_schema);
	}
	mutex_lock(&db->lock);
	if (db->schema != NULL && db->schema_seq == seq)
		schema = schema_ref(db->schema);
	mutex_unlock(&db->lock);
	if (schema != NULL)
		return schema;
	schema = load(s, c, &seq, err);
	if (schema != NULL)
		publish_schema(s, schema, seq);
	return schema;
}

struct schema *session_schema_now(struct sql_session *s, struct sql_error *err)
{
	struct conn *c = s->tx.conn;
	bool own = false;

	if (c == NULL) {
		own = s->temp_conn == NULL;
		if (!place_take(s, err) || !take_conn(s, &c, err))
			return NULL;
	}
	struct schema *schema = session_schema(s, c, err);
	if (own)
		conn_give(c);
	return schema;
}
