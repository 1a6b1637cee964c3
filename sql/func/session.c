/*
 * session.c - what a session knows of itself, and what belongs nowhere else
 * Licence: MIT, see LICENSE.
 */
#include "config.h"

#include <poll.h>

#include "base/clock.h"
#include "sql/catalog/names.h"
#include "sql/func/datum.h"
#include "sql/func/tables.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"

static void result_str(sqlite3_context *ctx, const char *s)
{
	if (s != NULL)
		func_result_text(ctx, s, strlen(s));
}

static void fn_user(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	result_str(ctx, func_conn(ctx)->env->user);
}

static void fn_session_user(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	result_str(ctx, func_conn(ctx)->env->session_user);
}

static void fn_database(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	result_str(ctx, func_conn(ctx)->env->database);
}

static bool is_implicit(const char *schema)
{
	return strcmp(schema, "pg_catalog") == 0 || strncmp(schema, "pg_temp", 7) == 0;
}

static void fn_schema(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct sql_env *env = func_conn(ctx)->env;

	(void)n, (void)argv;
	for (int i = 0; i < env->n_search_path; i++)
		if (!is_implicit(env->search_path[i]) &&
		    names_find_namespace(func_conn(ctx)->schema, env->search_path[i]) != 0) {
			result_str(ctx, env->search_path[i]);
			return;
		}
}

static void fn_schemas(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct sql_env *env = func_conn(ctx)->env;
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a = { 0 };
	size_t count = 0;

	(void)n;
	if (func_null(argv[0]))
		return;
	bool implicit = sqlite3_value_int(argv[0]) != 0;
	struct datum *e = arena_alloc(arena, (size_t)(env->n_search_path + 1) * sizeof(*e));
	if (e == NULL) {
		func_no_memory(ctx);
		return;
	}
	for (int i = 0; i < env->n_search_path; i++)
		if ((implicit || !is_implicit(env->search_path[i])) &&
		    names_find_namespace(func_conn(ctx)->schema, env->search_path[i]) != 0)
			datum_set_text(&e[count++], env->search_path[i], strlen(env->search_path[i]));
	array_set_list(&a, e, count);
	func_result_array(ctx, &a);
}

static void fn_version(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	result_str(ctx, "PostgreSQL 15.20 (pgblob " PACKAGE_VERSION ") on linux, 64-bit");
}

static void fn_backend_pid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int(ctx, func_conn(ctx)->env->pid);
}

/* current_setting(name[, missing_ok]) */
static void fn_current_setting(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct sql_env *env = func_conn(ctx)->env;
	char name[128];

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	snprintf(name, sizeof(name), "%.*s", (int)t.len, t.data);
	const char *value = env->setting == NULL ? NULL : env->setting(env, name);
	if (value != NULL)
		result_str(ctx, value);
	else if (n < 2 || sqlite3_value_int(argv[1]) == 0)
		func_fail(ctx, ERRCODE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", name);
}

static void fn_set_config(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct sql_env *env = conn->env;
	struct buf *b = func_buf(conn);
	char name[128];

	(void)n;
	if (func_null(argv[0])) {
		func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "SET requires parameter name");
		return;
	}
	if (env->set_setting == NULL) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED, "settings are not supported without a session");
		return;
	}
	struct func_text t = func_text(argv[0]), v = func_text(argv[1]);
	snprintf(name, sizeof(name), "%.*s", (int)t.len, t.data);
	buf_put(b, v.data, v.len);
	sql_error_clear(&conn->err);
	if (!env->set_setting(env, name, func_null(argv[1]) ? NULL : buf_str(b),
			      !func_null(argv[2]) && sqlite3_value_int(argv[2]) != 0)) {
		if (!conn->err.set)
			sql_error_set(&conn->err, ERRCODE_INVALID_PARAMETER_VALUE,
				      "could not set parameter \"%s\"", name);
		sql_conn_fail(conn, ctx);
		return;
	}
	const char *value = env->setting == NULL ? NULL : env->setting(env, name);
	result_str(ctx, value != NULL ? value : "");
}

/* Has sqlite3_interrupt() been called?  Any statement would then stop at its first step. */
static bool func_interrupted(struct sql_conn *conn)
{
	sqlite3_stmt *stmt;
	bool interrupted = false;

	if (sqlite3_prepare_v2(conn->db, "SELECT 1", -1, &stmt, NULL) != SQLITE_OK)
		return false;
	interrupted = sqlite3_step(stmt) == SQLITE_INTERRUPT;
	sqlite3_finalize(stmt);
	return interrupted;
}

/* Sleeps in small pieces, so that an interrupt is soon noticed. */
static void fn_sleep(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct datum d = func_datum(argv[0]);
	double seconds;

	(void)n;
	if (d.kind == DATUM_NULL || !datum_get_float(&d, &seconds))
		return;
	int64_t end = mono_ms() + (seconds > 0 ? seconds > 1e9 ? INT64_C(1000000000000) : (int64_t)(seconds * 1000) : 0);
	for (int64_t left; (left = end - mono_ms()) > 0;) {
		poll(NULL, 0, left > 50 ? 50 : (int)left);
		if (func_interrupted(func_conn(ctx))) {
			func_fail(ctx, ERRCODE_QUERY_CANCELED, "canceling statement due to user request");
			return;
		}
	}
	func_result_text(ctx, "", 0);
}

/* pg_column_size(value): the bytes that SQLite's record has for it */
static void fn_column_size(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t v;

	(void)n;
	switch (sqlite3_value_type(argv[0])) {
	case SQLITE_NULL:
		return;
	case SQLITE_INTEGER:
		v = sqlite3_value_int64(argv[0]);
		sqlite3_result_int(ctx, v == (int8_t)v ? 1 : v == (int16_t)v ? 2 : v == (int32_t)v ? 4 : 8);
		return;
	case SQLITE_FLOAT:
		sqlite3_result_int(ctx, 8);
		return;
	default:
		sqlite3_result_int64(ctx, sqlite3_value_bytes(argv[0]) + 1);
		return;
	}
}

static void fn_typeof(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	sqlite3_result_int64(ctx, sqlite3_value_int64(argv[0]));
}

/* pg_num_nulls(type...): arguments are value, type pairs */
static void fn_num_nulls(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += func_null(argv[i]);
	sqlite3_result_int(ctx, count);
}

static void fn_num_nonnulls(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += !func_null(argv[i]);
	sqlite3_result_int(ctx, count);
}

static void fn_size_pretty(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const struct {
		const char *name;
		int64_t limit;
		int shift;
	} units[] = { { "bytes", 10 * 1024, 0 }, { "kB", 20 * 1024 - 1, 9 }, { "MB", 20 * 1024 - 1, 10 },
		      { "GB", 20 * 1024 - 1, 10 }, { "TB", 20 * 1024 - 1, 10 }, { "PB", INT64_MAX, 10 } };
	struct buf *b = func_buf(func_conn(ctx));
	int64_t v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		return;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		/* from kB on, v counts halves, to be rounded at the end */
		v = units[i].shift == 0 ? v : v / ((int64_t)1 << units[i].shift);
		if ((v < 0 ? -v : v) < units[i].limit || i + 1 == ARRAY_LEN(units)) {
			if (i > 0)
				v = (v < 0 ? v - 1 : v + 1) / 2;
			buf_printf(b, "%" PRId64 " %s", v, units[i].name);
			break;
		}
	}
	func_result_buf(ctx, b);
}

static void fn_zero(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int(ctx, 0);
}

const struct func_udf session_udfs[] = {
	STABLE("pg_current_user", 0, fn_user),
	STABLE("pg_session_user", 0, fn_session_user),
	STABLE("pg_current_database", 0, fn_database),
	STABLE("pg_current_schema", 0, fn_schema),
	STABLE("pg_current_schemas", 1, fn_schemas),
	STABLE("pg_version", 0, fn_version),
	STABLE("pg_backend_pid", 0, fn_backend_pid),
	STABLE("pg_current_setting", 1, fn_current_setting),
	STABLE("pg_current_setting", 2, fn_current_setting),
	STABLE("pg_set_config", 3, fn_set_config),
	STABLE("pg_sleep", 1, fn_sleep),
	PURE("pg_column_size", 1, fn_column_size),
	PURE("pg_typeof", 1, fn_typeof),
	PURE("pg_num_nulls", -1, fn_num_nulls),
	PURE("pg_num_nonnulls", -1, fn_num_nonnulls),
	PURE("pg_size_pretty", 1, fn_size_pretty),
	PURE("pg_zero", 0, fn_zero),
	{ 0 },
};

const struct func_impl session_impls[] = {
	{ 745, "\"current_user\"()", FUNC_SCALAR, "pg_current_user()", 0 },
	{ 710, "getpgusername()", FUNC_SCALAR, "pg_current_user()", 0 },
	{ 746, "\"session_user\"()", FUNC_SCALAR, "pg_session_user()", 0 },
	{ 861, "current_database()", FUNC_SCALAR, "pg_current_database()", 0 },
	{ 1402, "\"current_schema\"()", FUNC_SCALAR, "pg_current_schema()", 0 },
	{ 1403, "current_schemas(boolean)", FUNC_SCALAR, "pg_current_schemas($1)", 0 },
	{ 89, "version()", FUNC_SCALAR, "pg_version()", 0 },
	{ 2026, "pg_backend_pid()", FUNC_SCALAR, "pg_backend_pid()", 0 },
	{ 2077, "current_setting(text)", FUNC_SCALAR, "pg_current_setting($1)", FUNC_CHECKED },
	{ 3294, "current_setting(text,boolean)", FUNC_SCALAR, "pg_current_setting($1, $2)", FUNC_CHECKED },
	{ 2078, "set_config(text,text,boolean)", FUNC_SCALAR, "pg_set_config($1, $2, $3)", FUNC_CHECKED },
	{ 2626, "pg_sleep(double precision)", FUNC_SCALAR, "pg_sleep($1)", FUNC_CHECKED },
	{ 1269, "pg_column_size(\"any\")", FUNC_SCALAR, "pg_column_size($1)", 0 },
	{ 1619, "pg_typeof(\"any\")", FUNC_SCALAR, "pg_typeof(#1)", 0 },
	{ 438, "num_nulls(\"any\")", FUNC_SCALAR, "pg_num_nulls($*)", 0 },
	{ 440, "num_nonnulls(\"any\")", FUNC_SCALAR, "pg_num_nonnulls($*)", 0 },
	{ 2288, "pg_size_pretty(bigint)", FUNC_SCALAR, "pg_size_pretty($1)", 0 },
	{ 0 },
};
