/*
 * cast.c - conversions by way of the text form, and length coercion
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"
#include "sql/type/string.h"

/* pg_in(text, type, typmod) */
static void cast_in(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct datum d;

	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	int32_t typmod = n > 2 && !func_null(argv[2]) ? sqlite3_value_int(argv[2]) : -1;
	if (type_in(&tc, (oid_t)sqlite3_value_int64(argv[1]), typmod, t.data, t.len, &d, &conn->err))
		func_result(ctx, &d);
	else
		sql_conn_fail(conn, ctx);
}

/* pg_out(value, type[, typmod]) */
static void cast_out(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);
	oid_t type = (oid_t)sqlite3_value_int64(argv[1]);

	if (func_null(argv[0]))
		return;
	struct datum d = func_datum(argv[0]);
	if (!type_out(&tc, type, &d, b, &conn->err)) {
		sql_conn_fail(conn, ctx);
		return;
	}
	if (n > 2)
		type_pad(type, sqlite3_value_int(argv[2]), 0, b);
	func_result_buf(ctx, b);
}

/* pg_fit(type, text, typmod, explicit): varchar(n), bpchar(n) */
static void cast_fit(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[1]);
	if (!string_fit((oid_t)sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[2]),
			sqlite3_value_int(argv[3]) != 0, t.data, &t.len, &conn->err))
		sql_conn_fail(conn, ctx);
	else
		func_result_text(ctx, t.data, t.len);
}

/* pg_fit_bit(type, bits, typmod, explicit) */
static void cast_fit_bit(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);

	if (func_any_null(n, argv))
		return;
	struct datum d = func_datum(argv[1]);
	if (!bit_fit((oid_t)sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[2]),
		     sqlite3_value_int(argv[3]) != 0, &tc, &d, &conn->err))
		sql_conn_fail(conn, ctx);
	else
		func_result(ctx, &d);
}

static void cast_name(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	if (t.len > 63)
		for (t.len = 63; ((unsigned char)t.data[t.len] & 0xc0) == 0x80;)
			t.len--;
	func_result_text(ctx, t.data, t.len);
}

static void cast_char(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	func_result_text(ctx, t.data, t.len > 0 && (unsigned char)t.data[0] < 0x80);
}

static void char_to_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	sqlite3_result_int(ctx, t.len > 0 ? (signed char)t.data[0] : 0);
}

static void int_to_char(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t v = sqlite3_value_int64(argv[0]);
	char c = (char)v;

	(void)n;
	if (func_null(argv[0]))
		return;
	if (v < -128 || v > 127)
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "\"char\" out of range");
	else
		func_result_text(ctx, &c, c > 0);
}

const struct func_udf cast_udfs[] = {
	STABLE("pg_in", 2, cast_in),
	STABLE("pg_in", 3, cast_in),
	STABLE("pg_out", 2, cast_out),
	STABLE("pg_out", 3, cast_out),
	PURE("pg_fit", 4, cast_fit),
	PURE("pg_fit_bit", 4, cast_fit_bit),
	PURE("pg_name", 1, cast_name),
	PURE("pg_char", 1, cast_char),
	PURE("pg_char_to_int", 1, char_to_int),
	PURE("pg_int_to_char", 1, int_to_char),
	{ 0 },
};

const struct func_impl cast_impls[] = {
	{ 669, "\"varchar\"(character varying,integer,boolean)", FUNC_SCALAR,
	  "pg_fit(1043, $1, $2, $3)", FUNC_CHECKED },
	{ 668, "bpchar(character,integer,boolean)", FUNC_SCALAR, "pg_fit(1042, $1, $2, $3)", FUNC_CHECKED },
	{ 1685, "\"bit\"(bit,integer,boolean)", FUNC_SCALAR, "pg_fit_bit(1560, $1, $2, $3)", FUNC_CHECKED },
	{ 1687, "varbit(bit varying,integer,boolean)", FUNC_SCALAR,
	  "pg_fit_bit(1562, $1, $2, $3)", FUNC_CHECKED },
	{ 401, "text(character)", FUNC_SCALAR, "$1", 0 },
	{ 406, "text(name)", FUNC_SCALAR, "$1", 0 },
	{ 946, "text(\"char\")", FUNC_SCALAR, "$1", 0 },
	{ 2971, "text(boolean)", FUNC_SCALAR,
	  "CASE $1 WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", 0 },
	{ 408, "bpchar(name)", FUNC_SCALAR, "$1", 0 },
	{ 860, "bpchar(\"char\")", FUNC_SCALAR, "$1", 0 },
	{ 1401, "\"varchar\"(name)", FUNC_SCALAR, "$1", 0 },
	{ 407, "name(text)", FUNC_SCALAR, "pg_name($1)", 0 },
	{ 409, "name(character)", FUNC_SCALAR, "pg_name($1)", 0 },
	{ 1400, "name(character varying)", FUNC_SCALAR, "pg_name($1)", 0 },
	{ 944, "\"char\"(text)", FUNC_SCALAR, "pg_char($1)", 0 },
	{ 78, "\"char\"(integer)", FUNC_SCALAR, "pg_int_to_char($1)", FUNC_CHECKED },
	{ 77, "int4(\"char\")", FUNC_SCALAR, "pg_char_to_int($1)", 0 },
	{ 0 },
};
