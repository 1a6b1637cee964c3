/*
 * impl.h - what the files of func/ (and others that bring functions) are made with
 *
 * A file brings a table of struct func_impl for the analyzer, and a table of struct
 * func_udf for SQLite.  Both are named in one line of func.c.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_IMPL_H
#define PGBLOB_SQL_FUNC_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "sql/conn.h"
#include "sql/datum.h"
#include "sql/error.h"
#include "sql/func.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

typedef void func_scalar_fn(sqlite3_context *ctx, int n, sqlite3_value **argv);
typedef void func_final_fn(sqlite3_context *ctx);

enum {
	UDF_PURE = 1,	/* the same arguments give the same result: may be in an index */
	UDF_DIRECT = 2, /* only in statements, not in what a schema holds: it changes the store */
	UDF_STRICT = 0, /* nothing: functions look for NULL themselves */
};

/* One SQLite function.  step, final, value, inverse: of an aggregate. */
struct func_udf {
	const char *name;
	int n_args; /* -1: any */
	unsigned flags;
	func_scalar_fn *scalar;
	func_scalar_fn *step;
	func_final_fn *final;
	func_final_fn *value;   /* NULL: not to be used with OVER */
	func_scalar_fn *inverse;
};

/* What func/ keeps for a connection. */
struct func_state {
	struct sql_conn *conn;
	struct arena arena;  /* of the call that runs */
	struct buf buf;      /* the same */
	void *regexp_cache;
	bool random_seeded;
	uint64_t random[2];
	bool owns_conn;      /* the extension's */
};

static inline struct sql_conn *func_conn(sqlite3_context *ctx)
{
	return sqlite3_user_data(ctx);
}

/* An empty buffer, and an empty arena, for the length of this call. */
static inline struct buf *func_buf(struct sql_conn *conn)
{
	buf_reset(&conn->func_state->buf);
	return &conn->func_state->buf;
}

static inline struct arena *func_arena(struct sql_conn *conn)
{
	struct arena *a = &conn->func_state->arena;

	if (a->blocks != NULL)
		arena_reset(a);
	return a;
}

static inline struct type_context func_context(struct sql_conn *conn)
{
	return (struct type_context){ conn->env, conn->schema, func_arena(conn) };
}

static inline bool func_null(sqlite3_value *v)
{
	return sqlite3_value_type(v) == SQLITE_NULL;
}

static inline bool func_any_null(int n, sqlite3_value **argv)
{
	for (int i = 0; i < n; i++)
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
			return true;
	return false;
}

/* The value, borrowed for as long as SQLite lets us. */
static inline struct datum func_datum(sqlite3_value *v)
{
	struct datum d = { DATUM_NULL, { 0 } };

	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		d.kind = DATUM_INT;
		d.i = sqlite3_value_int64(v);
		break;
	case SQLITE_FLOAT:
		d.kind = DATUM_REAL;
		d.r = sqlite3_value_double(v);
		break;
	case SQLITE_TEXT:
		d.kind = DATUM_TEXT;
		d.data = (const char *)sqlite3_value_text(v);
		d.len = (size_t)sqlite3_value_bytes(v);
		break;
	case SQLITE_BLOB:
		d.kind = DATUM_BLOB;
		d.data = sqlite3_value_blob(v);
		d.len = (size_t)sqlite3_value_bytes(v);
		if (d.data == NULL)
			d.data = "";
		break;
	default:
		break;
	}
	return d;
}

struct func_text {
	const char *data;
	size_t len;
};

/* The bytes of a text or blob; "" for NULL. */
static inline struct func_text func_text(sqlite3_value *v)
{
	struct func_text t;

	if (sqlite3_value_type(v) == SQLITE_BLOB)
		t.data = sqlite3_value_blob(v);
	else
		t.data = (const char *)sqlite3_value_text(v);
	t.len = (size_t)sqlite3_value_bytes(v);
	if (t.data == NULL) {
		t.data = "";
		t.len = 0;
	}
	return t;
}

static inline void func_result_text(sqlite3_context *ctx, const char *data, size_t len)
{
	sqlite3_result_text64(ctx, data, len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline void func_result_bool(sqlite3_context *ctx, bool b)
{
	sqlite3_result_int(ctx, b);
}

void func_result(sqlite3_context *ctx, const struct datum *d);
/* The content of func_buf(), or out of memory. */
void func_result_buf(sqlite3_context *ctx, const struct buf *b);
void func_result_buf_blob(sqlite3_context *ctx, const struct buf *b);
/* A float: NaN becomes its text. */
void func_result_float(sqlite3_context *ctx, double v);

/* Fail with an SQLSTATE; or with what conn->err has. */
void func_fail(sqlite3_context *ctx, const char *sqlstate, const char *fmt, ...) PRINTF_LIKE(3, 4);
void func_no_memory(sqlite3_context *ctx);
bool func_range_error(sqlite3_context *ctx, const char *type_name); /* 22003 "x out of range" */

/* Shorthands for the tables of UDFs. */
#define PURE(name, n, fn) { name, n, UDF_PURE, fn, NULL, NULL, NULL, NULL }
#define STABLE(name, n, fn) { name, n, 0, fn, NULL, NULL, NULL, NULL }
#define DIRECT(name, n, fn) { name, n, UDF_DIRECT, fn, NULL, NULL, NULL, NULL }
#define AGGREGATE(name, n, step, final) { name, n, UDF_PURE, NULL, step, final, NULL, NULL }
#define WINDOWED(name, n, step, final, value, inverse) \
	{ name, n, UDF_PURE, NULL, step, final, value, inverse }

#endif
