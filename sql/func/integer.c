/*
 * integer.c - arithmetic of int2, int4, int8 with PostgreSQL's ranges
 *
 * SQLite computes with 64 bits and turns to REAL where those overflow, so the check
 * of a sum is to look at the result.
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"

static void check_int2(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int type = sqlite3_value_type(argv[0]);
	int64_t v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (LIKELY(type == SQLITE_INTEGER && v == (int16_t)v))
		sqlite3_result_int64(ctx, v);
	else if (type != SQLITE_NULL)
		func_range_error(ctx, "smallint");
}

static void check_int4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int type = sqlite3_value_type(argv[0]);
	int64_t v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (LIKELY(type == SQLITE_INTEGER && v == (int32_t)v))
		sqlite3_result_int64(ctx, v);
	else if (type != SQLITE_NULL)
		func_range_error(ctx, "integer");
}

static void check_int8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int type = sqlite3_value_type(argv[0]);

	(void)n;
	if (LIKELY(type == SQLITE_INTEGER))
		sqlite3_result_int64(ctx, sqlite3_value_int64(argv[0]));
	else if (type != SQLITE_NULL)
		func_range_error(ctx, "bigint");
}

static void check_oid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		return;
	if (v == (uint32_t)v)
		sqlite3_result_int64(ctx, v);
	else
		func_range_error(ctx, "OID");
}

/* int4 as oid: the same 32 bits; and back */
static void int_to_oid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		sqlite3_result_int64(ctx, (uint32_t)sqlite3_value_int64(argv[0]));
}

static void oid_to_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		sqlite3_result_int64(ctx, (int32_t)sqlite3_value_int64(argv[0]));
}

static bool two_ints(int n, sqlite3_value **argv, int64_t *a, int64_t *b)
{
	if (func_any_null(n, argv))
		return false;
	*a = sqlite3_value_int64(argv[0]);
	*b = sqlite3_value_int64(argv[1]);
	return true;
}

static void divide(sqlite3_context *ctx, int n, sqlite3_value **argv, int64_t min, const char *name)
{
	int64_t a, b;

	if (!two_ints(n, argv, &a, &b))
		return;
	if (UNLIKELY(b == 0))
		func_fail(ctx, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	else if (UNLIKELY(b == -1 && a == min))
		func_range_error(ctx, name);
	else
		sqlite3_result_int64(ctx, a / b);
}

static void div_int2(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	divide(ctx, n, argv, INT16_MIN, "smallint");
}

static void div_int4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	divide(ctx, n, argv, INT32_MIN, "integer");
}

static void div_int8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	divide(ctx, n, argv, INT64_MIN, "bigint");
}

static void mod_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;

	if (!two_ints(n, argv, &a, &b))
		return;
	if (UNLIKELY(b == 0))
		func_fail(ctx, ERRCODE_DIVISION_BY_ZERO, "division by zero");
	else
		sqlite3_result_int64(ctx, b == -1 ? 0 : a % b);
}

static void bit_xor(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;

	if (two_ints(n, argv, &a, &b))
		sqlite3_result_int64(ctx, a ^ b);
}

/* pg_shl(value, count, bits) */
static void shift_left(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;

	if (!two_ints(n, argv, &a, &b))
		return;
	int bits = sqlite3_value_int(argv[2]);
	/* as the processor does it: PostgreSQL leaves it to the compiler */
	uint64_t v = (uint64_t)a << (b & (bits == 64 ? 63 : 31));
	sqlite3_result_int64(ctx, bits == 16 ? (int16_t)v : bits == 32 ? (int32_t)v : (int64_t)v);
}

static void shift_right(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;

	if (two_ints(n, argv, &a, &b))
		sqlite3_result_int64(ctx, a >> (b & (sqlite3_value_int(argv[2]) == 64 ? 63 : 31)));
}

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static uint64_t gcd_u64(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static void gcd_result(sqlite3_context *ctx, uint64_t v, int bits)
{
	if (v > (bits == 32 ? INT32_MAX : INT64_MAX))
		func_range_error(ctx, bits == 32 ? "integer" : "bigint");
	else
		sqlite3_result_int64(ctx, (int64_t)v);
}

static void gcd_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;

	if (two_ints(n, argv, &a, &b))
		gcd_result(ctx, gcd_u64(magnitude(a), magnitude(b)), sqlite3_value_int(argv[2]));
}

static void lcm_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t a, b;
	uint64_t v;
	int bits;

	if (!two_ints(n, argv, &a, &b))
		return;
	bits = sqlite3_value_int(argv[2]);
	if (a == 0 || b == 0)
		sqlite3_result_int64(ctx, 0);
	else if (__builtin_mul_overflow(magnitude(a) / gcd_u64(magnitude(a), magnitude(b)), magnitude(b), &v))
		func_range_error(ctx, bits == 32 ? "integer" : "bigint");
	else
		gcd_result(ctx, v, bits);
}

const struct func_udf integer_udfs[] = {
	PURE("pg_int2", 1, check_int2),
	PURE("pg_int4", 1, check_int4),
	PURE("pg_int8", 1, check_int8),
	PURE("pg_oid", 1, check_oid),
	PURE("pg_int4_to_oid", 1, int_to_oid),
	PURE("pg_oid_to_int4", 1, oid_to_int),
	PURE("pg_int2_div", 2, div_int2),
	PURE("pg_int4_div", 2, div_int4),
	PURE("pg_int8_div", 2, div_int8),
	PURE("pg_int_mod", 2, mod_int),
	PURE("pg_int_xor", 2, bit_xor),
	PURE("pg_int_shl", 3, shift_left),
	PURE("pg_int_shr", 3, shift_right),
	PURE("pg_int_gcd", 3, gcd_int),
	PURE("pg_int_lcm", 3, lcm_int),
	{ 0 },
};

const struct func_impl integer_impls[] = {
	{ 176, "int2pl(smallint,smallint)", FUNC_SCALAR, "pg_int2($1 + $2)", FUNC_CHECKED },
	{ 177, "int4pl(integer,integer)", FUNC_SCALAR, "pg_int4($1 + $2)", FUNC_CHECKED },
	{ 463, "int8pl(bigint,bigint)", FUNC_SCALAR, "pg_int8($1 + $2)", FUNC_CHECKED },
	{ 178, "int24pl(smallint,integer)", FUNC_SCALAR, "pg_int4($1 + $2)", FUNC_CHECKED },
	{ 179, "int42pl(integer,smallint)", FUNC_SCALAR, "pg_int4($1 + $2)", FUNC_CHECKED },
	{ 841, "int28pl(smallint,bigint)", FUNC_SCALAR, "pg_int8($1 + $2)", FUNC_CHECKED },
	{ 837, "int82pl(bigint,smallint)", FUNC_SCALAR, "pg_int8($1 + $2)", FUNC_CHECKED },
	{ 1278, "int48pl(integer,bigint)", FUNC_SCALAR, "pg_int8($1 + $2)", FUNC_CHECKED },
	{ 1274, "int84pl(bigint,integer)", FUNC_SCALAR, "pg_int8($1 + $2)", FUNC_CHECKED },
	{ 180, "int2mi(smallint,smallint)", FUNC_SCALAR, "pg_int2($1 - $2)", FUNC_CHECKED },
	{ 181, "int4mi(integer,integer)", FUNC_SCALAR, "pg_int4($1 - $2)", FUNC_CHECKED },
	{ 464, "int8mi(bigint,bigint)", FUNC_SCALAR, "pg_int8($1 - $2)", FUNC_CHECKED },
	{ 182, "int24mi(smallint,integer)", FUNC_SCALAR, "pg_int4($1 - $2)", FUNC_CHECKED },
	{ 183, "int42mi(integer,smallint)", FUNC_SCALAR, "pg_int4($1 - $2)", FUNC_CHECKED },
	{ 942, "int28mi(smallint,bigint)", FUNC_SCALAR, "pg_int8($1 - $2)", FUNC_CHECKED },
	{ 838, "int82mi(bigint,smallint)", FUNC_SCALAR, "pg_int8($1 - $2)", FUNC_CHECKED },
	{ 1279, "int48mi(integer,bigint)", FUNC_SCALAR, "pg_int8($1 - $2)", FUNC_CHECKED },
	{ 1275, "int84mi(bigint,integer)", FUNC_SCALAR, "pg_int8($1 - $2)", FUNC_CHECKED },
	{ 152, "int2mul(smallint,smallint)", FUNC_SCALAR, "pg_int2($1 * $2)", FUNC_CHECKED },
	{ 141, "int4mul(integer,integer)", FUNC_SCALAR, "pg_int4($1 * $2)", FUNC_CHECKED },
	{ 465, "int8mul(bigint,bigint)", FUNC_SCALAR, "pg_int8($1 * $2)", FUNC_CHECKED },
	{ 170, "int24mul(smallint,integer)", FUNC_SCALAR, "pg_int4($1 * $2)", FUNC_CHECKED },
	{ 171, "int42mul(integer,smallint)", FUNC_SCALAR, "pg_int4($1 * $2)", FUNC_CHECKED },
	{ 943, "int28mul(smallint,bigint)", FUNC_SCALAR, "pg_int8($1 * $2)", FUNC_CHECKED },
	{ 839, "int82mul(bigint,smallint)", FUNC_SCALAR, "pg_int8($1 * $2)", FUNC_CHECKED },
	{ 1280, "int48mul(integer,bigint)", FUNC_SCALAR, "pg_int8($1 * $2)", FUNC_CHECKED },
	{ 1276, "int84mul(bigint,integer)", FUNC_SCALAR, "pg_int8($1 * $2)", FUNC_CHECKED },
	{ 153, "int2div(smallint,smallint)", FUNC_SCALAR, "pg_int2_div($1, $2)", FUNC_CHECKED },
	{ 154, "int4div(integer,integer)", FUNC_SCALAR, "pg_int4_div($1, $2)", FUNC_CHECKED },
	{ 466, "int8div(bigint,bigint)", FUNC_SCALAR, "pg_int8_div($1, $2)", FUNC_CHECKED },
	{ 172, "int24div(smallint,integer)", FUNC_SCALAR, "pg_int4_div($1, $2)", FUNC_CHECKED },
	{ 173, "int42div(integer,smallint)", FUNC_SCALAR, "pg_int4_div($1, $2)", FUNC_CHECKED },
	{ 948, "int28div(smallint,bigint)", FUNC_SCALAR, "pg_int8_div($1, $2)", FUNC_CHECKED },
	{ 840, "int82div(bigint,smallint)", FUNC_SCALAR, "pg_int8_div($1, $2)", FUNC_CHECKED },
	{ 1281, "int48div(integer,bigint)", FUNC_SCALAR, "pg_int8_div($1, $2)", FUNC_CHECKED },
	{ 1277, "int84div(bigint,integer)", FUNC_SCALAR, "pg_int8_div($1, $2)", FUNC_CHECKED },
	{ 155, "int2mod(smallint,smallint)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 156, "int4mod(integer,integer)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 945, "int8mod(bigint,bigint)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 940, "mod(smallint,smallint)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 941, "mod(integer,integer)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 947, "mod(bigint,bigint)", FUNC_SCALAR, "pg_int_mod($1, $2)", FUNC_CHECKED },
	{ 213, "int2um(smallint)", FUNC_SCALAR, "pg_int2(- $1)", FUNC_CHECKED },
	{ 212, "int4um(integer)", FUNC_SCALAR, "pg_int4(- $1)", FUNC_CHECKED },
	{ 462, "int8um(bigint)", FUNC_SCALAR, "pg_int8(- $1)", FUNC_CHECKED },
	{ 1911, "int2up(smallint)", FUNC_SCALAR, "$1", 0 },
	{ 1912, "int4up(integer)", FUNC_SCALAR, "$1", 0 },
	{ 1910, "int8up(bigint)", FUNC_SCALAR, "$1", 0 },
	{ 1253, "int2abs(smallint)", FUNC_SCALAR,
	  "pg_int2(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1251, "int4abs(integer)", FUNC_SCALAR,
	  "pg_int4(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1230, "int8abs(bigint)", FUNC_SCALAR,
	  "pg_int8(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1398, "abs(smallint)", FUNC_SCALAR, "pg_int2(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1397, "abs(integer)", FUNC_SCALAR, "pg_int4(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1396, "abs(bigint)", FUNC_SCALAR, "pg_int8(CASE WHEN $1 < 0 THEN - $1 ELSE $1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 1892, "int2and(smallint,smallint)", FUNC_SCALAR, "$1 & $2", 0 },
	{ 1898, "int4and(integer,integer)", FUNC_SCALAR, "$1 & $2", 0 },
	{ 1904, "int8and(bigint,bigint)", FUNC_SCALAR, "$1 & $2", 0 },
	{ 1893, "int2or(smallint,smallint)", FUNC_SCALAR, "$1 | $2", 0 },
	{ 1899, "int4or(integer,integer)", FUNC_SCALAR, "$1 | $2", 0 },
	{ 1905, "int8or(bigint,bigint)", FUNC_SCALAR, "$1 | $2", 0 },
	{ 1894, "int2xor(smallint,smallint)", FUNC_SCALAR, "pg_int_xor($1, $2)", 0 },
	{ 1900, "int4xor(integer,integer)", FUNC_SCALAR, "pg_int_xor($1, $2)", 0 },
	{ 1906, "int8xor(bigint,bigint)", FUNC_SCALAR, "pg_int_xor($1, $2)", 0 },
	{ 1895, "int2not(smallint)", FUNC_SCALAR, "~ $1", 0 },
	{ 1901, "int4not(integer)", FUNC_SCALAR, "~ $1", 0 },
	{ 1907, "int8not(bigint)", FUNC_SCALAR, "~ $1", 0 },
	{ 1896, "int2shl(smallint,integer)", FUNC_SCALAR, "pg_int_shl($1, $2, 16)", 0 },
	{ 1902, "int4shl(integer,integer)", FUNC_SCALAR, "pg_int_shl($1, $2, 32)", 0 },
	{ 1908, "int8shl(bigint,integer)", FUNC_SCALAR, "pg_int_shl($1, $2, 64)", 0 },
	{ 1897, "int2shr(smallint,integer)", FUNC_SCALAR, "pg_int_shr($1, $2, 16)", 0 },
	{ 1903, "int4shr(integer,integer)", FUNC_SCALAR, "pg_int_shr($1, $2, 32)", 0 },
	{ 1909, "int8shr(bigint,integer)", FUNC_SCALAR, "pg_int_shr($1, $2, 64)", 0 },
	{ 5044, "gcd(integer,integer)", FUNC_SCALAR, "pg_int_gcd($1, $2, 32)", FUNC_CHECKED },
	{ 5045, "gcd(bigint,bigint)", FUNC_SCALAR, "pg_int_gcd($1, $2, 64)", FUNC_CHECKED },
	{ 5046, "lcm(integer,integer)", FUNC_SCALAR, "pg_int_lcm($1, $2, 32)", FUNC_CHECKED },
	{ 5047, "lcm(bigint,bigint)", FUNC_SCALAR, "pg_int_lcm($1, $2, 64)", FUNC_CHECKED },
	{ 766, "int4inc(integer)", FUNC_SCALAR, "pg_int4($1 + 1)", FUNC_CHECKED },
	{ 1219, "int8inc(bigint)", FUNC_SCALAR, "pg_int8($1 + 1)", FUNC_CHECKED },
	{ 313, "int4(smallint)", FUNC_SCALAR, "$1", 0 },
	{ 754, "int8(smallint)", FUNC_SCALAR, "$1", 0 },
	{ 481, "int8(integer)", FUNC_SCALAR, "$1", 0 },
	{ 1288, "int8(oid)", FUNC_SCALAR, "$1", 0 },
	{ 314, "int2(integer)", FUNC_SCALAR, "pg_int2($1)", FUNC_CHECKED },
	{ 714, "int2(bigint)", FUNC_SCALAR, "pg_int2($1)", FUNC_CHECKED },
	{ 480, "int4(bigint)", FUNC_SCALAR, "pg_int4($1)", FUNC_CHECKED },
	{ 1287, "oid(bigint)", FUNC_SCALAR, "pg_oid($1)", FUNC_CHECKED },
	{ 2557, "bool(integer)", FUNC_SCALAR, "($1 <> 0)", 0 },
	{ 2558, "int4(boolean)", FUNC_SCALAR, "$1", 0 },
	{ 770, "int2larger(smallint,smallint)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 768, "int4larger(integer,integer)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 1236, "int8larger(bigint,bigint)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 771, "int2smaller(smallint,smallint)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 769, "int4smaller(integer,integer)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 1237, "int8smaller(bigint,bigint)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 0 },
};
