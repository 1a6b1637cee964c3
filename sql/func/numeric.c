/*
 * numeric.c - arithmetic and mathematics of exact numbers
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/numeric.h"

#include <math.h>

#include "sql/func/tables.h"
#include "sql/func/numeric.h"
#include "sql/type/float.h"

bool func_numeric(sqlite3_context *ctx, sqlite3_value *v, struct numeric *n)
{
	struct datum d = func_datum(v);

	if (d.kind == DATUM_NULL)
		return false;
	if (numeric_from_datum(n, &d))
		return true;
	func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not numeric");
	return false;
}

void func_result_numeric(sqlite3_context *ctx, struct numeric *n)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (n->kind == NUMERIC_FINITE && n->big && numeric_exponent(n) >= 131072)
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
	else {
		numeric_encode(b, n);
		func_result_buf(ctx, b);
	}
	numeric_free(n);
}

typedef bool binary_fn(struct numeric *r, const struct numeric *a, const struct numeric *b,
		       struct sql_error *err);

static void binary(sqlite3_context *ctx, sqlite3_value **argv, binary_fn *fn)
{
	struct numeric a, b, r;

	if (!func_numeric(ctx, argv[0], &a))
		return;
	if (func_numeric(ctx, argv[1], &b)) {
		if (fn(&r, &a, &b, &func_conn(ctx)->err)) {
			func_result_numeric(ctx, &r);
		} else {
			numeric_free(&r);
			sql_conn_fail(func_conn(ctx), ctx);
		}
		numeric_free(&b);
	}
	numeric_free(&a);
}

static bool add(struct numeric *r, const struct numeric *a, const struct numeric *b, struct sql_error *err)
{
	(void)err;
	numeric_add(r, a, b);
	return true;
}

static bool sub(struct numeric *r, const struct numeric *a, const struct numeric *b, struct sql_error *err)
{
	(void)err;
	numeric_sub(r, a, b);
	return true;
}

static bool mul(struct numeric *r, const struct numeric *a, const struct numeric *b, struct sql_error *err)
{
	(void)err;
	numeric_mul(r, a, b);
	return true;
}

/* Greatest common divisor at the larger scale; of two zeros it is zero. */
static bool gcd(struct numeric *r, const struct numeric *a, const struct numeric *b, struct sql_error *err)
{
	mpz_t x, y;
	int scale = a->scale > b->scale ? a->scale : b->scale;
	struct numeric p, q;

	(void)err;
	if (a->kind != NUMERIC_FINITE || b->kind != NUMERIC_FINITE) {
		numeric_from_int(r, 0);
		r->kind = NUMERIC_NAN;
		return true;
	}
	numeric_copy(&p, a);
	numeric_copy(&q, b);
	numeric_round(&p, scale);
	numeric_round(&q, scale);
	mpz_init(x);
	mpz_init(y);
	numeric_get_mpz(x, &p);
	numeric_get_mpz(y, &q);
	mpz_gcd(x, x, y);
	mpz_clear(y);
	numeric_free(&p);
	numeric_free(&q);
	numeric_set_mpz(r, x, scale);
	return true;
}

static bool lcm(struct numeric *r, const struct numeric *a, const struct numeric *b, struct sql_error *err)
{
	struct numeric g, q, p;
	int scale = a->scale > b->scale ? a->scale : b->scale;
	bool ok;

	if (a->kind != NUMERIC_FINITE || b->kind != NUMERIC_FINITE)
		return gcd(r, a, b, err);
	if (numeric_sign(a) == 0 || numeric_sign(b) == 0) {
		numeric_from_int(r, 0);
		numeric_round(r, scale);
		return true;
	}
	if (!gcd(&g, a, b, err))
		return false;
	ok = numeric_div_trunc(&q, a, &g, err);
	if (ok) {
		numeric_mul(&p, &q, b);
		numeric_round(&p, scale);
		if (numeric_sign(&p) < 0)
			numeric_negate(&p);
		*r = p;
	}
	numeric_free(&q);
	numeric_free(&g);
	return ok;
}

#define BINARY(name, fn)                                                             \
	static void name(sqlite3_context *ctx, int n, sqlite3_value **argv)          \
	{                                                                            \
		(void)n;                                                             \
		binary(ctx, argv, fn);                                               \
	}
BINARY(fn_add, add)
BINARY(fn_sub, sub)
BINARY(fn_mul, mul)
BINARY(fn_div, numeric_div)
BINARY(fn_div_trunc, numeric_div_trunc)
BINARY(fn_mod, numeric_mod)
BINARY(fn_power, numeric_power)
BINARY(fn_log, numeric_log)
BINARY(fn_gcd, gcd)
BINARY(fn_lcm, lcm)

typedef bool unary_fn(struct numeric *r, const struct numeric *a, struct sql_error *err);

static void unary(sqlite3_context *ctx, sqlite3_value **argv, unary_fn *fn)
{
	struct numeric a, r;

	if (!func_numeric(ctx, argv[0], &a))
		return;
	if (fn(&r, &a, &func_conn(ctx)->err)) {
		func_result_numeric(ctx, &r);
	} else {
		numeric_free(&r);
		sql_conn_fail(func_conn(ctx), ctx);
	}
	numeric_free(&a);
}

static bool negate(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_copy(r, a);
	numeric_negate(r);
	return true;
}

static bool absolute(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_copy(r, a);
	if (numeric_sign(a) < 0)
		numeric_negate(r);
	return true;
}

static bool sign(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_from_int(r, numeric_sign(a));
	if (a->kind == NUMERIC_NAN)
		r->kind = NUMERIC_NAN;
	return true;
}

static bool ceiling(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_copy(r, a);
	numeric_ceil(r);
	return true;
}

static bool flooring(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_copy(r, a);
	numeric_floor(r);
	return true;
}

static bool log10_of(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	struct numeric ten;

	numeric_from_int(&ten, 10);
	return numeric_log(r, &ten, a, err);
}

static bool trim_scale(struct numeric *r, const struct numeric *a, struct sql_error *err)
{
	(void)err;
	numeric_copy(r, a);
	while (r->kind == NUMERIC_FINITE && r->scale > 0) {
		struct numeric shorter;

		numeric_copy(&shorter, r);
		numeric_trunc(&shorter, r->scale - 1);
		if (numeric_compare(&shorter, r) != 0) {
			numeric_free(&shorter);
			break;
		}
		numeric_free(r);
		*r = shorter;
	}
	return true;
}

#define UNARY(name, fn)                                                              \
	static void name(sqlite3_context *ctx, int n, sqlite3_value **argv)          \
	{                                                                            \
		(void)n;                                                             \
		unary(ctx, argv, fn);                                                \
	}
UNARY(fn_negate, negate)
UNARY(fn_abs, absolute)
UNARY(fn_sign, sign)
UNARY(fn_ceil, ceiling)
UNARY(fn_floor, flooring)
UNARY(fn_sqrt, numeric_sqrt)
UNARY(fn_exp, numeric_exp)
UNARY(fn_ln, numeric_ln)
UNARY(fn_log10, log10_of)
UNARY(fn_trim_scale, trim_scale)

static void round_or_trunc(sqlite3_context *ctx, int n, sqlite3_value **argv, bool round)
{
	struct numeric a;
	int64_t scale = 0;

	if (func_any_null(n, argv) || !func_numeric(ctx, argv[0], &a))
		return;
	if (n > 1)
		scale = sqlite3_value_int64(argv[1]);
	scale = scale > NUMERIC_MAX_SCALE ? NUMERIC_MAX_SCALE : scale < -131072 ? -131072 : scale;
	if (round)
		numeric_round(&a, (int)scale);
	else
		numeric_trunc(&a, (int)scale);
	func_result_numeric(ctx, &a);
}

static void fn_round(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	round_or_trunc(ctx, n, argv, true);
}

static void fn_trunc(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	round_or_trunc(ctx, n, argv, false);
}

/* pg_numeric_fit(n, typmod) */
static void fn_fit(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric a;

	if (func_any_null(n, argv) || !func_numeric(ctx, argv[0], &a))
		return;
	if (numeric_fit(&a, sqlite3_value_int(argv[1]), &func_conn(ctx)->err)) {
		func_result_numeric(ctx, &a);
	} else {
		numeric_free(&a);
		sql_conn_fail(func_conn(ctx), ctx);
	}
}

static void fn_from_int(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric a;

	(void)n;
	if (func_null(argv[0]))
		return;
	numeric_from_int(&a, sqlite3_value_int64(argv[0]));
	func_result_numeric(ctx, &a);
}

static void from_float(sqlite3_context *ctx, sqlite3_value *v, bool is_float4)
{
	struct datum d = func_datum(v);
	struct numeric a;
	double f;

	if (d.kind == DATUM_NULL || !datum_get_float(&d, &f))
		return;
	if (!numeric_from_float(&a, f, is_float4))
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
	else
		func_result_numeric(ctx, &a);
}

static void fn_from_float4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	from_float(ctx, argv[0], true);
}

static void fn_from_float8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	from_float(ctx, argv[0], false);
}

static void to_int(sqlite3_context *ctx, sqlite3_value *v, int bits, const char *name)
{
	struct numeric a;
	int64_t i;

	if (!func_numeric(ctx, v, &a))
		return;
	if (a.kind != NUMERIC_FINITE)
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED, "cannot convert %s to %s",
			  a.kind == NUMERIC_NAN ? "NaN" : "infinity", name);
	else if (!numeric_to_int64(&a, &i) || (bits < 64 && (i >= INT64_C(1) << (bits - 1) ||
							     i < -(INT64_C(1) << (bits - 1)))))
		func_range_error(ctx, name);
	else
		sqlite3_result_int64(ctx, i);
	numeric_free(&a);
}

static void fn_to_int2(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], 16, "smallint");
}

static void fn_to_int4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], 32, "integer");
}

static void fn_to_int8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], 64, "bigint");
}

static void to_float(sqlite3_context *ctx, sqlite3_value *v, bool is_float4)
{
	struct numeric a;
	double d;

	if (!func_numeric(ctx, v, &a))
		return;
	d = numeric_to_double(&a);
	if (is_float4)
		d = (double)(float)d;
	if (a.kind == NUMERIC_FINITE && (isinf(d) || (d == 0 && numeric_sign(&a) != 0))) {
		struct buf *b = func_buf(func_conn(ctx));

		numeric_put(b, &a);
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "\"%s\" is out of range for type %s",
			  buf_str(b), is_float4 ? "real" : "double precision");
	} else {
		func_result_float(ctx, d);
	}
	numeric_free(&a);
}

static void fn_to_float4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_float(ctx, argv[0], true);
}

static void fn_to_float8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_float(ctx, argv[0], false);
}

static void fn_scale(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric a;

	(void)n;
	if (!func_numeric(ctx, argv[0], &a))
		return;
	if (a.kind == NUMERIC_FINITE)
		sqlite3_result_int64(ctx, a.scale);
	numeric_free(&a);
}

static void fn_min_scale(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric a, r;

	(void)n;
	if (!func_numeric(ctx, argv[0], &a))
		return;
	if (a.kind == NUMERIC_FINITE && trim_scale(&r, &a, NULL)) {
		sqlite3_result_int64(ctx, r.scale);
		numeric_free(&r);
	}
	numeric_free(&a);
}

static void fn_factorial(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric r;
	mpz_t z;
	int64_t v = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		return;
	if (v < 0) {
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "factorial of a negative number is undefined");
		return;
	}
	if (v > 32177) {
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
		return;
	}
	mpz_init(z);
	mpz_fac_ui(z, (unsigned long)v);
	numeric_set_mpz(&r, z, 0);
	func_result_numeric(ctx, &r);
}

static void fn_width_bucket(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric x, lo, hi, a, b, c, q, count;
	int64_t buckets = 0;

	if (func_any_null(n, argv) || !func_numeric(ctx, argv[0], &x))
		return;
	if (!func_numeric(ctx, argv[1], &lo)) {
		numeric_free(&x);
		return;
	}
	if (!func_numeric(ctx, argv[2], &hi)) {
		numeric_free(&x);
		numeric_free(&lo);
		return;
	}
	buckets = sqlite3_value_int64(argv[3]);
	int order = numeric_compare(&lo, &hi);
	if (buckets <= 0) {
		func_fail(ctx, "2201G", "count must be greater than zero");
	} else if (x.kind == NUMERIC_NAN || lo.kind == NUMERIC_NAN || hi.kind == NUMERIC_NAN) {
		func_fail(ctx, "2201G", "operand, lower bound, and upper bound cannot be NaN");
	} else if (lo.kind != NUMERIC_FINITE || hi.kind != NUMERIC_FINITE) {
		func_fail(ctx, "2201G", "lower and upper bounds must be finite");
	} else if (order == 0) {
		func_fail(ctx, "2201G", "lower bound cannot equal upper bound");
	} else {
		int64_t bucket = 0;

		if (numeric_compare(&x, &lo) * order > 0) {
			bucket = 0;
		} else if (numeric_compare(&x, &hi) * order <= 0) {
			bucket = buckets + 1;
		} else {
			numeric_sub(&a, &x, &lo);
			numeric_sub(&b, &hi, &lo);
			numeric_from_int(&count, buckets);
			numeric_mul(&c, &a, &count);
			if (numeric_div_trunc(&q, &c, &b, &func_conn(ctx)->err) && numeric_to_int64(&q, &bucket))
				bucket++;
			numeric_free(&q);
			numeric_free(&a);
			numeric_free(&b);
			numeric_free(&c);
		}
		if (bucket > INT32_MAX)
			func_range_error(ctx, "integer");
		else
			sqlite3_result_int64(ctx, bucket);
	}
	numeric_free(&x);
	numeric_free(&lo);
	numeric_free(&hi);
}

const struct func_udf numeric_udfs[] = {
	PURE("pg_numeric_add", 2, fn_add),
	PURE("pg_numeric_sub", 2, fn_sub),
	PURE("pg_numeric_mul", 2, fn_mul),
	PURE("pg_numeric_div", 2, fn_div),
	PURE("pg_numeric_div_trunc", 2, fn_div_trunc),
	PURE("pg_numeric_mod", 2, fn_mod),
	PURE("pg_numeric_power", 2, fn_power),
	PURE("pg_numeric_log", 2, fn_log),
	PURE("pg_numeric_gcd", 2, fn_gcd),
	PURE("pg_numeric_lcm", 2, fn_lcm),
	PURE("pg_numeric_neg", 1, fn_negate),
	PURE("pg_numeric_abs", 1, fn_abs),
	PURE("pg_numeric_sign", 1, fn_sign),
	PURE("pg_numeric_ceil", 1, fn_ceil),
	PURE("pg_numeric_floor", 1, fn_floor),
	PURE("pg_numeric_sqrt", 1, fn_sqrt),
	PURE("pg_numeric_exp", 1, fn_exp),
	PURE("pg_numeric_ln", 1, fn_ln),
	PURE("pg_numeric_log10", 1, fn_log10),
	PURE("pg_numeric_trim_scale", 1, fn_trim_scale),
	PURE("pg_numeric_round", 1, fn_round),
	PURE("pg_numeric_round", 2, fn_round),
	PURE("pg_numeric_trunc", 1, fn_trunc),
	PURE("pg_numeric_trunc", 2, fn_trunc),
	PURE("pg_numeric_fit", 2, fn_fit),
	PURE("pg_numeric", 1, fn_from_int),
	PURE("pg_numeric_from_float4", 1, fn_from_float4),
	PURE("pg_numeric_from_float8", 1, fn_from_float8),
	PURE("pg_numeric_to_int2", 1, fn_to_int2),
	PURE("pg_numeric_to_int4", 1, fn_to_int4),
	PURE("pg_numeric_to_int8", 1, fn_to_int8),
	PURE("pg_numeric_to_float4", 1, fn_to_float4),
	PURE("pg_numeric_to_float8", 1, fn_to_float8),
	PURE("pg_numeric_scale", 1, fn_scale),
	PURE("pg_numeric_min_scale", 1, fn_min_scale),
	PURE("pg_numeric_factorial", 1, fn_factorial),
	PURE("pg_numeric_width_bucket", 4, fn_width_bucket),
	{ 0 },
};

const struct func_impl numeric_impls[] = {
	{ 1724, "numeric_add(numeric,numeric)", FUNC_SCALAR, "pg_numeric_add($1, $2)", FUNC_CHECKED },
	{ 1725, "numeric_sub(numeric,numeric)", FUNC_SCALAR, "pg_numeric_sub($1, $2)", FUNC_CHECKED },
	{ 1726, "numeric_mul(numeric,numeric)", FUNC_SCALAR, "pg_numeric_mul($1, $2)", FUNC_CHECKED },
	{ 1727, "numeric_div(numeric,numeric)", FUNC_SCALAR, "pg_numeric_div($1, $2)", FUNC_CHECKED },
	{ 1729, "numeric_mod(numeric,numeric)", FUNC_SCALAR, "pg_numeric_mod($1, $2)", FUNC_CHECKED },
	{ 1739, "numeric_power(numeric,numeric)", FUNC_SCALAR, "pg_numeric_power($1, $2)", FUNC_CHECKED },
	{ 1737, "numeric_log(numeric,numeric)", FUNC_SCALAR, "pg_numeric_log($1, $2)", FUNC_CHECKED },
	{ 1728, "mod(numeric,numeric)", FUNC_SCALAR, "pg_numeric_mod($1, $2)", FUNC_CHECKED },
	{ 2169, "power(numeric,numeric)", FUNC_SCALAR, "pg_numeric_power($1, $2)", FUNC_CHECKED },
	{ 1738, "pow(numeric,numeric)", FUNC_SCALAR, "pg_numeric_power($1, $2)", FUNC_CHECKED },
	{ 1736, "log(numeric,numeric)", FUNC_SCALAR, "pg_numeric_log($1, $2)", FUNC_CHECKED },
	{ 5048, "gcd(numeric,numeric)", FUNC_SCALAR, "pg_numeric_gcd($1, $2)", FUNC_CHECKED },
	{ 5049, "lcm(numeric,numeric)", FUNC_SCALAR, "pg_numeric_lcm($1, $2)", FUNC_CHECKED },
	{ 1973, "div(numeric,numeric)", FUNC_SCALAR, "pg_numeric_div_trunc($1, $2)", FUNC_CHECKED },
	{ 1980, "numeric_div_trunc(numeric,numeric)", FUNC_SCALAR,
	  "pg_numeric_div_trunc($1, $2)", FUNC_CHECKED },
	{ 1771, "numeric_uminus(numeric)", FUNC_SCALAR, "pg_numeric_neg($1)", 0 },
	{ 1915, "numeric_uplus(numeric)", FUNC_SCALAR, "$1", 0 },
	{ 1764, "numeric_inc(numeric)", FUNC_SCALAR, "pg_numeric_add($1, 1)", FUNC_CHECKED },
	{ 1704, "numeric_abs(numeric)", FUNC_SCALAR, "pg_numeric_abs($1)", FUNC_CHECKED },
	{ 1705, "abs(numeric)", FUNC_SCALAR, "pg_numeric_abs($1)", FUNC_CHECKED },
	{ 1706, "sign(numeric)", FUNC_SCALAR, "pg_numeric_sign($1)", FUNC_CHECKED },
	{ 1711, "ceil(numeric)", FUNC_SCALAR, "pg_numeric_ceil($1)", FUNC_CHECKED },
	{ 2167, "ceiling(numeric)", FUNC_SCALAR, "pg_numeric_ceil($1)", FUNC_CHECKED },
	{ 1712, "floor(numeric)", FUNC_SCALAR, "pg_numeric_floor($1)", FUNC_CHECKED },
	{ 1731, "numeric_sqrt(numeric)", FUNC_SCALAR, "pg_numeric_sqrt($1)", FUNC_CHECKED },
	{ 1730, "sqrt(numeric)", FUNC_SCALAR, "pg_numeric_sqrt($1)", FUNC_CHECKED },
	{ 1733, "numeric_exp(numeric)", FUNC_SCALAR, "pg_numeric_exp($1)", FUNC_CHECKED },
	{ 1732, "exp(numeric)", FUNC_SCALAR, "pg_numeric_exp($1)", FUNC_CHECKED },
	{ 1735, "numeric_ln(numeric)", FUNC_SCALAR, "pg_numeric_ln($1)", FUNC_CHECKED },
	{ 1734, "ln(numeric)", FUNC_SCALAR, "pg_numeric_ln($1)", FUNC_CHECKED },
	{ 1741, "log(numeric)", FUNC_SCALAR, "pg_numeric_log10($1)", FUNC_CHECKED },
	{ 1481, "log10(numeric)", FUNC_SCALAR, "pg_numeric_log10($1)", FUNC_CHECKED },
	{ 5043, "trim_scale(numeric)", FUNC_SCALAR, "pg_numeric_trim_scale($1)", FUNC_CHECKED },
	{ 3281, "scale(numeric)", FUNC_SCALAR, "pg_numeric_scale($1)", FUNC_CHECKED },
	{ 5042, "min_scale(numeric)", FUNC_SCALAR, "pg_numeric_min_scale($1)", FUNC_CHECKED },
	{ 1708, "round(numeric)", FUNC_SCALAR, "pg_numeric_round($1)", 0 },
	{ 1710, "trunc(numeric)", FUNC_SCALAR, "pg_numeric_trunc($1)", 0 },
	{ 1707, "round(numeric,integer)", FUNC_SCALAR, "pg_numeric_round($1, $2)", 0 },
	{ 1709, "trunc(numeric,integer)", FUNC_SCALAR, "pg_numeric_trunc($1, $2)", 0 },
	{ 1703, "\"numeric\"(numeric,integer)", FUNC_SCALAR, "pg_numeric_fit($1, $2)", FUNC_CHECKED },
	{ 1740, "\"numeric\"(integer)", FUNC_SCALAR, "pg_numeric($1)", 0 },
	{ 1781, "\"numeric\"(bigint)", FUNC_SCALAR, "pg_numeric($1)", 0 },
	{ 1782, "\"numeric\"(smallint)", FUNC_SCALAR, "pg_numeric($1)", 0 },
	{ 1742, "\"numeric\"(real)", FUNC_SCALAR, "pg_numeric_from_float4($1)", 0 },
	{ 1743, "\"numeric\"(double precision)", FUNC_SCALAR, "pg_numeric_from_float8($1)", 0 },
	{ 1783, "int2(numeric)", FUNC_SCALAR, "pg_numeric_to_int2($1)", FUNC_CHECKED },
	{ 1744, "int4(numeric)", FUNC_SCALAR, "pg_numeric_to_int4($1)", FUNC_CHECKED },
	{ 1779, "int8(numeric)", FUNC_SCALAR, "pg_numeric_to_int8($1)", FUNC_CHECKED },
	{ 1745, "float4(numeric)", FUNC_SCALAR, "pg_numeric_to_float4($1)", FUNC_CHECKED },
	{ 1746, "float8(numeric)", FUNC_SCALAR, "pg_numeric_to_float8($1)", FUNC_CHECKED },
	{ 1376, "factorial(bigint)", FUNC_SCALAR, "pg_numeric_factorial($1)", FUNC_CHECKED },
	{ 2170, "width_bucket(numeric,numeric,numeric,integer)", FUNC_SCALAR,
	  "pg_numeric_width_bucket($1, $2, $3, $4)", FUNC_CHECKED },
	{ 1767, "numeric_larger(numeric,numeric)", FUNC_SCALAR, "max($1, $2 COLLATE pg_key)", 0 },
	{ 1766, "numeric_smaller(numeric,numeric)", FUNC_SCALAR, "min($1, $2 COLLATE pg_key)", 0 },
	{ 1769, "numeric_cmp(numeric,numeric)", FUNC_SCALAR,
	  "(($1 > $2 COLLATE pg_key) - ($1 < $2 COLLATE pg_key))", FUNC_COPIES },
	{ 0 },
};
