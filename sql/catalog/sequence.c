/*
 * sequence.c - nextval(), currval(), setval(), lastval()
 *
 * Each call is one SELECT and one UPDATE of pgblob_sequence by rowid, prepared
 * once for a connection, inside the transaction of the statement that calls.
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/sequence.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "sql/conn.h"
#include "sql/error.h"
#include "sql/func/tables.h"
#include "vfs/sqlite.h"

struct current {
	oid_t oid;
	int64_t value;
};

struct sequence_session {
	struct current *items; /* by first use */
	size_t n, cap;
	oid_t last; /* whose nextval() was the last one; 0: none yet */
};

/* What a connection keeps: shared by its functions, freed with the last. */
struct sequence_conn {
	struct sql_conn *conn;
	unsigned refs;
	sqlite3_stmt *read;
	sqlite3_stmt *write;
};

struct sequence_session *sequence_session_new(void)
{
	return calloc(1, sizeof(struct sequence_session));
}

void sequence_session_free(struct sequence_session *s)
{
	if (s == NULL)
		return;
	free(s->items);
	free(s);
}

void sequence_session_clear(struct sequence_session *s)
{
	s->n = 0;
	s->last = 0;
}

static bool remember(struct sequence_session *s, oid_t oid, int64_t value)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->items[i].oid == oid) {
			s->items[i].value = value;
			return true;
		}
	}
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 8 : s->cap * 2;
		struct current *items = realloc(s->items, cap * sizeof(items[0]));

		if (items == NULL)
			return false;
		s->items = items;
		s->cap = cap;
	}
	s->items[s->n++] = (struct current){ oid, value };
	return true;
}

struct state {
	char name[64];
	int64_t increment, min, max, last_value;
	bool cycle, is_called;
};

static bool prepare(struct sequence_conn *c, sqlite3_stmt **stmt, const char *sql)
{
	return *stmt != NULL ||
	       sqlite3_prepare_v3(c->conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) ==
		       SQLITE_OK;
}

/* The shell closes its connection without asking: nothing may be left prepared there. */
static void done(struct sequence_conn *c, sqlite3_stmt **stmt)
{
	if (c->conn->env->sequences != NULL) {
		sqlite3_reset(*stmt);
	} else {
		sqlite3_finalize(*stmt);
		*stmt = NULL;
	}
}

/* False with conn->err set, or not set when SQLite failed. */
static bool read_state(struct sequence_conn *c, oid_t oid, struct state *out)
{
	if (!prepare(c, &c->read,
		     "SELECT name, increment, min, max, cycle, last_value, is_called"
		     " FROM pgblob_sequence WHERE oid = ?")) {
		if ((sqlite3_errcode(c->conn->db) & 0xff) != SQLITE_ERROR)
			return false;
		goto missing;
	}
	sqlite3_bind_int64(c->read, 1, oid);
	int rc = sqlite3_step(c->read);
	if (rc == SQLITE_ROW) {
		sqlite3_snprintf(sizeof(out->name), out->name, "%s", sqlite3_column_text(c->read, 0));
		out->increment = sqlite3_column_int64(c->read, 1);
		out->min = sqlite3_column_int64(c->read, 2);
		out->max = sqlite3_column_int64(c->read, 3);
		out->cycle = sqlite3_column_int(c->read, 4) != 0;
		out->last_value = sqlite3_column_int64(c->read, 5);
		out->is_called = sqlite3_column_int(c->read, 6) != 0;
	}
	done(c, &c->read);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		return false;
missing:
	return sql_error_set(&c->conn->err, ERRCODE_WRONG_OBJECT_TYPE,
			     "relation with OID %u is not a sequence", oid);
}

static bool write_state(struct sequence_conn *c, oid_t oid, int64_t value, bool is_called)
{
	if (!prepare(c, &c->write,
		     "UPDATE pgblob_sequence SET last_value = ?, is_called = ? WHERE oid = ?"))
		return false;
	sqlite3_bind_int64(c->write, 1, value);
	sqlite3_bind_int(c->write, 2, is_called);
	sqlite3_bind_int64(c->write, 3, oid);
	int rc = sqlite3_step(c->write);
	done(c, &c->write);
	return rc == SQLITE_DONE;
}

/* Give SQLite the error: ours, or its own code again. */
static void fail(struct sequence_conn *c, sqlite3_context *ctx)
{
	if (c->conn->err.set)
		sqlite3_result_error(ctx, c->conn->err.message, -1);
	else
		sqlite3_result_error_code(ctx, sqlite3_extended_errcode(c->conn->db));
}

static bool may_write(struct sequence_conn *c, const char *function)
{
	return !c->conn->env->read_only ||
	       sql_error_set(&c->conn->err, ERRCODE_READ_ONLY_TRANSACTION,
			     "cannot execute %s() in a read-only transaction", function);
}

static bool advance(struct sequence_conn *c, const struct state *s, int64_t *out)
{
	int64_t next;

	if (!s->is_called) {
		*out = s->last_value;
		return true;
	}
	bool overflow = __builtin_add_overflow(s->last_value, s->increment, &next);
	if (s->increment > 0 && (overflow || next > s->max)) {
		if (!s->cycle)
			return sql_error_set(&c->conn->err, "2200H",
					     "nextval: reached maximum value of sequence \"%s\" (%" PRId64 ")",
					     s->name, s->max);
		next = s->min;
	} else if (s->increment < 0 && (overflow || next < s->min)) {
		if (!s->cycle)
			return sql_error_set(&c->conn->err, "2200H",
					     "nextval: reached minimum value of sequence \"%s\" (%" PRId64 ")",
					     s->name, s->min);
		next = s->max;
	}
	*out = next;
	return true;
}

static void nextval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sequence_conn *c = sqlite3_user_data(ctx);
	oid_t oid = (oid_t)sqlite3_value_int64(argv[0]);
	struct state s;
	int64_t value = 0;

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	if (!may_write(c, "nextval") || !read_state(c, oid, &s) || !advance(c, &s, &value) ||
	    !write_state(c, oid, value, true)) {
		fail(c, ctx);
		return;
	}
	struct sequence_session *session = c->conn->env->sequences;
	if (session != NULL) {
		if (!remember(session, oid, value)) {
			sqlite3_result_error_nomem(ctx);
			return;
		}
		session->last = oid;
	}
	sqlite3_result_int64(ctx, value);
}

static void not_yet(struct sequence_conn *c, sqlite3_context *ctx, oid_t oid)
{
	struct state s;

	if (read_state(c, oid, &s))
		sql_error_set(&c->conn->err, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			      "currval of sequence \"%s\" is not yet defined in this session", s.name);
	fail(c, ctx);
}

static void result_current(struct sequence_conn *c, sqlite3_context *ctx, oid_t oid)
{
	const struct sequence_session *session = c->conn->env->sequences;

	for (size_t i = 0; session != NULL && i < session->n; i++) {
		if (session->items[i].oid == oid) {
			sqlite3_result_int64(ctx, session->items[i].value);
			return;
		}
	}
	not_yet(c, ctx, oid);
}

static void currval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_NULL)
		result_current(sqlite3_user_data(ctx), ctx, (oid_t)sqlite3_value_int64(argv[0]));
}

static void lastval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sequence_conn *c = sqlite3_user_data(ctx);
	const struct sequence_session *session = c->conn->env->sequences;

	(void)argc;
	(void)argv;
	if (session == NULL || session->last == 0) {
		sql_error_set(&c->conn->err, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			      "lastval is not yet defined in this session");
		fail(c, ctx);
		return;
	}
	result_current(c, ctx, session->last);
}

static void setval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sequence_conn *c = sqlite3_user_data(ctx);
	oid_t oid = (oid_t)sqlite3_value_int64(argv[0]);
	int64_t value = sqlite3_value_int64(argv[1]);
	bool is_called = argc < 3 || sqlite3_value_int(argv[2]) != 0;
	struct state s;

	for (int i = 0; i < argc; i++) {
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
			return;
	}
	if (!may_write(c, "setval") || !read_state(c, oid, &s)) {
		fail(c, ctx);
		return;
	}
	if (value < s.min || value > s.max) {
		sql_error_set(&c->conn->err, ERRCODE_NUMERIC_OUT_OF_RANGE,
			      "setval: value %" PRId64 " is out of bounds for sequence \"%s\" (%" PRId64
			      "..%" PRId64 ")",
			      value, s.name, s.min, s.max);
		fail(c, ctx);
		return;
	}
	if (!write_state(c, oid, value, is_called)) {
		fail(c, ctx);
		return;
	}
	struct sequence_session *session = c->conn->env->sequences;
	if (is_called && session != NULL && !remember(session, oid, value)) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	sqlite3_result_int64(ctx, value);
}

static void last_value(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sequence_conn *c = sqlite3_user_data(ctx);
	struct state s;

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	if (!read_state(c, (oid_t)sqlite3_value_int64(argv[0]), &s))
		fail(c, ctx);
	else if (s.is_called)
		sqlite3_result_int64(ctx, s.last_value);
}

const struct func_impl sequence_impls[] = {
	{ 1574, "nextval(regclass)", FUNC_SCALAR, "pgblob_nextval($1)", FUNC_WRITES | FUNC_CHECKED },
	{ 1575, "currval(regclass)", FUNC_SCALAR, "pgblob_currval($1)", FUNC_CHECKED },
	{ 1576, "setval(regclass,bigint)", FUNC_SCALAR, "pgblob_setval($*)", FUNC_WRITES | FUNC_CHECKED },
	{ 1765, "setval(regclass,bigint,boolean)", FUNC_SCALAR, "pgblob_setval($*)",
	  FUNC_WRITES | FUNC_CHECKED },
	{ 2559, "lastval()", FUNC_SCALAR, "pgblob_lastval()", FUNC_CHECKED },
	{ 4032, "pg_sequence_last_value(regclass)", FUNC_SCALAR, "pgblob_sequence_last_value($1)",
	  FUNC_CHECKED },
	{ .proc = 0 },
};

/* SQLite frees user data once for each function. */
static void release(void *arg)
{
	struct sequence_conn *c = arg;

	if (--c->refs > 0)
		return;
	sqlite3_finalize(c->read);
	sqlite3_finalize(c->write);
	sqlite3_free(c);
}

void sequence_close(struct sql_conn *conn)
{
	struct sequence_conn *c = conn->sequence_state;

	if (c == NULL)
		return;
	/* open statements would keep the connection from closing */
	sqlite3_finalize(c->read);
	sqlite3_finalize(c->write);
	c->read = c->write = NULL;
}

bool sequence_register(struct sql_conn *conn)
{
	static const struct {
		const char *name;
		int n_args;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "pgblob_nextval", 1, nextval }, { "pgblob_currval", 1, currval },
		{ "pgblob_setval", 2, setval },   { "pgblob_setval", 3, setval },
		{ "pgblob_lastval", 0, lastval }, { "pgblob_sequence_last_value", 1, last_value },
	};
	struct sequence_conn *c = sqlite3_malloc(sizeof(*c));

	if (c == NULL)
		return false;
	*c = (struct sequence_conn){ .conn = conn };
	conn->sequence_state = c;
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		c->refs++;
		/* calls release() when it fails, too */
		if (sqlite3_create_function_v2(conn->db, functions[i].name, functions[i].n_args,
					       SQLITE_UTF8, c, functions[i].call, NULL, NULL,
					       release) != SQLITE_OK)
			return false;
	}
	return true;
}
