/*
 * func.c - the tables of all files, joined
 * Licence: MIT, see LICENSE.
 */
#include "sql/func.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sql/func/impl.h"
#include "sql/func/tables.h"
#include "sql/type/float.h"

/* Built-in functions have OIDs below this, those of information_schema too. */
#define MAX_PROC_OID 16384

static const struct func_impl *impl_by_oid[MAX_PROC_OID];
static pthread_once_t impl_once = PTHREAD_ONCE_INIT;

static void impl_init(void)
{
	for (size_t i = 0; i < n_func_tables; i++)
		for (const struct func_impl *f = func_tables[i].impls; f != NULL && f->proc != 0; f++)
			if (f->proc < MAX_PROC_OID && impl_by_oid[f->proc] == NULL)
				impl_by_oid[f->proc] = f;
}

const struct func_impl *func_find(oid_t proc)
{
	pthread_once(&impl_once, impl_init);
	return proc < MAX_PROC_OID ? impl_by_oid[proc] : NULL;
}

void sql_conn_fail(struct sql_conn *conn, sqlite3_context *ctx)
{
	sqlite3_result_error(ctx, conn->err.message, -1);
}

void func_fail(sqlite3_context *ctx, const char *sqlstate, const char *fmt, ...)
{
	struct sql_conn *conn = func_conn(ctx);
	char message[sizeof(conn->err.message)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	sql_error_set(&conn->err, sqlstate, "%s", message);
	sql_conn_fail(conn, ctx);
}

void func_no_memory(sqlite3_context *ctx)
{
	sql_error_no_memory(&func_conn(ctx)->err);
	sql_conn_fail(func_conn(ctx), ctx);
}

bool func_range_error(sqlite3_context *ctx, const char *type_name)
{
	func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "%s out of range", type_name);
	return false;
}

void func_result(sqlite3_context *ctx, const struct datum *d)
{
	switch (d->kind) {
	case DATUM_NULL:
		sqlite3_result_null(ctx);
		return;
	case DATUM_INT:
		sqlite3_result_int64(ctx, d->i);
		return;
	case DATUM_REAL:
		sqlite3_result_double(ctx, d->r);
		return;
	case DATUM_TEXT:
		func_result_text(ctx, d->data, d->len);
		return;
	case DATUM_BLOB:
		sqlite3_result_blob64(ctx, d->data, d->len, SQLITE_TRANSIENT);
		return;
	}
}

void func_result_buf(sqlite3_context *ctx, const struct buf *b)
{
	if (b->failed)
		func_no_memory(ctx);
	else
		func_result_text(ctx, b->len > 0 ? b->data : "", b->len);
}

void func_result_buf_blob(sqlite3_context *ctx, const struct buf *b)
{
	if (b->failed)
		func_no_memory(ctx);
	else if (b->len == 0)
		sqlite3_result_zeroblob(ctx, 0);
	else
		sqlite3_result_blob64(ctx, b->data, b->len, SQLITE_TRANSIENT);
}

void func_result_float(sqlite3_context *ctx, double v)
{
	struct datum d;

	datum_set_float(&d, v);
	func_result(ctx, &d);
}

static void state_free(void *arg)
{
	struct func_state *state = arg;
	struct sql_conn *conn = state->conn;

	arena_free(&state->arena);
	buf_free(&state->buf);
	func_regexp_cache_free(state);
	if (state->owns_conn)
		free(conn);
	free(state);
}

/* Its destructor is what frees the state when the connection closes. */
static void pg_state(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_null(ctx);
}

static bool register_udf(struct sql_conn *conn, const struct func_udf *f)
{
	int flags = SQLITE_UTF8 | ((f->flags & UDF_DIRECT) != 0 ? SQLITE_DIRECTONLY : SQLITE_INNOCUOUS) |
		    ((f->flags & UDF_PURE) != 0 ? SQLITE_DETERMINISTIC : 0);

	if (f->value != NULL)
		return sqlite3_create_window_function(conn->db, f->name, f->n_args, flags, conn, f->step,
						      f->final, f->value, f->inverse, NULL) == SQLITE_OK;
	return sqlite3_create_function_v2(conn->db, f->name, f->n_args, flags, conn, f->scalar, f->step,
					  f->final, NULL) == SQLITE_OK;
}

bool func_register(struct sql_conn *conn, struct sql_error *err)
{
	struct func_state *state = calloc(1, sizeof(*state));

	if (state == NULL)
		return sql_error_no_memory(err);
	state->conn = conn;
	arena_init(&state->arena, (size_t)1 << 30);
	buf_init(&state->buf, (size_t)1 << 30);
	conn->func_state = state;
	if (sqlite3_create_function_v2(conn->db, "pg_func_state", 0, SQLITE_UTF8, state, pg_state, NULL,
				       NULL, state_free) != SQLITE_OK)
		return sql_error_no_memory(err); /* SQLite has called state_free */
	for (size_t i = 0; i < n_func_tables; i++) {
		for (const struct func_udf *f = func_tables[i].udfs; f != NULL && f->name != NULL; f++)
			if (!register_udf(conn, f))
				return sql_error_set(err, ERRCODE_INTERNAL,
						     "could not register function %s: %s", f->name,
						     sqlite3_errmsg(conn->db));
		if (func_tables[i].init != NULL && !func_tables[i].init(conn))
			return sql_error_set(err, ERRCODE_INTERNAL, "could not register functions: %s",
					     sqlite3_errmsg(conn->db));
	}
	return true;
}

struct extension_conn {
	struct sql_conn conn; /* first: it is what state_free() frees */
	struct sql_env env;
};

bool sql_functions_register(sqlite3 *db)
{
	struct extension_conn *c = calloc(1, sizeof(*c));
	struct sql_error err = SQL_ERROR_INIT;

	if (c == NULL)
		return false;
	sql_env_init(&c->env);
	c->conn.db = db;
	c->conn.env = &c->env;
	if (!func_register(&c->conn, &err))
		return false; /* freed with db if the state was made; a leak of one struct otherwise */
	c->conn.func_state->owns_conn = true;
	return true;
}
