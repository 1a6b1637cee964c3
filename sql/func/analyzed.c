/*
 * analyzed.c - functions that only the analyzer writes
 *
 *   pg_single_row(x)      an aggregate: the value of the only row; 21000 for a second one
 *   pg_limit(n)           of LIMIT: no limit for NULL, 2201W for a negative number
 *   pg_offset(n)          of OFFSET: 0 for NULL, 2201X for a negative number
 *   pg_not_null(x, schema, table, column)   23502 for NULL: where SQLite would make up
 *                         a value for the column, an INTEGER PRIMARY KEY
 *
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"

static void limit(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	sqlite3_int64 v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		sqlite3_result_int(ctx, -1);
	else if (v < 0)
		func_fail(ctx, ERRCODE_INVALID_ROW_COUNT_LIMIT, "LIMIT must not be negative");
	else
		sqlite3_result_int64(ctx, v);
}

static void offset(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	sqlite3_int64 v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		sqlite3_result_int(ctx, 0);
	else if (v < 0)
		func_fail(ctx, ERRCODE_INVALID_ROW_COUNT_OFFSET, "OFFSET must not be negative");
	else
		sqlite3_result_int64(ctx, v);
}

static void not_null(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0])) {
		sqlite3_result_value(ctx, argv[0]);
		return;
	}
	const char *schema = (const char *)sqlite3_value_text(argv[1]);
	const char *table = (const char *)sqlite3_value_text(argv[2]);
	const char *column = (const char *)sqlite3_value_text(argv[3]);

	func_fail(ctx, ERRCODE_NOT_NULL_VIOLATION,
		  "null value in column \"%s\" of relation \"%s\" violates not-null constraint", column,
		  table);
	sql_error_names(&func_conn(ctx)->err, schema, table, column, NULL);
}

/* The value of the row that was seen. */
struct single {
	sqlite3_value *value;
	bool seen;
};

static void single_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct single *s = sqlite3_aggregate_context(ctx, sizeof(*s));

	(void)n;
	if (s == NULL) {
		func_no_memory(ctx);
	} else if (s->seen) {
		func_fail(ctx, ERRCODE_CARDINALITY_VIOLATION,
			  "more than one row returned by a subquery used as an expression");
	} else {
		s->seen = true;
		s->value = sqlite3_value_dup(argv[0]);
		if (s->value == NULL)
			func_no_memory(ctx);
	}
}

static void single_final(sqlite3_context *ctx)
{
	struct single *s = sqlite3_aggregate_context(ctx, 0);

	if (s == NULL || s->value == NULL) {
		sqlite3_result_null(ctx);
		return;
	}
	sqlite3_result_value(ctx, s->value);
	sqlite3_value_free(s->value);
	s->value = NULL;
}

const struct func_udf analyzed_udfs[] = {
	PURE("pg_limit", 1, limit),
	PURE("pg_offset", 1, offset),
	PURE("pg_not_null", 4, not_null),
	AGGREGATE("pg_single_row", 1, single_step, single_final),
	{ NULL, 0, 0, NULL, NULL, NULL, NULL, NULL },
};
