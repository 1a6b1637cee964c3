/*
 * float.c - arithmetic and mathematics of float4 and float8
 *
 * SQLite has no NaN and keeps quiet about overflow, so each operation is a call.
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/float.h"

#include <math.h>

#include "sql/func/tables.h"

#define NO_POWER "2201F"
#define NO_LOGARITHM "2201E"

static bool get_float(sqlite3_value *v, double *out)
{
	int type = sqlite3_value_type(v);

	if (type == SQLITE_NULL)
		return false;
	*out = type == SQLITE_TEXT ? (double)NAN : sqlite3_value_double(v);
	return true;
}

static void overflow(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value out of range: overflow");
}

static void underflow(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value out of range: underflow");
}

static inline void arith(sqlite3_context *ctx, sqlite3_value **argv, char op, bool is_float4)
{
	double a, b, r;

	if (!get_float(argv[0], &a) || !get_float(argv[1], &b))
		return;
	switch (op) {
	case '+':
		r = a + b;
		break;
	case '-':
		r = a - b;
		break;
	case '*':
		r = a * b;
		break;
	default:
		if (b == 0 && !isnan(a)) {
			func_fail(ctx, ERRCODE_DIVISION_BY_ZERO, "division by zero");
			return;
		}
		r = a / b;
		break;
	}
	if (is_float4)
		r = (double)(float)r;
	if (UNLIKELY(isinf(r)) && !isinf(a) && !isinf(b)) {
		overflow(ctx);
		return;
	}
	if (UNLIKELY(r == 0) && ((op == '*' && a != 0 && b != 0) || (op == '/' && a != 0 && !isinf(b)))) {
		underflow(ctx);
		return;
	}
	func_result_float(ctx, r);
}

#define ARITH(name, op, is_float4)                                                   \
	static void name(sqlite3_context *ctx, int n, sqlite3_value **argv)          \
	{                                                                            \
		(void)n;                                                             \
		arith(ctx, argv, op, is_float4);                                     \
	}
ARITH(add4, '+', true)
ARITH(sub4, '-', true)
ARITH(mul4, '*', true)
ARITH(div4, '/', true)
ARITH(add8, '+', false)
ARITH(sub8, '-', false)
ARITH(mul8, '*', false)
ARITH(div8, '/', false)

static void negate(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a;

	(void)n;
	if (get_float(argv[0], &a))
		func_result_float(ctx, -a);
}

static void absolute(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a;

	(void)n;
	if (get_float(argv[0], &a))
		func_result_float(ctx, fabs(a));
}

static void to_int(sqlite3_context *ctx, sqlite3_value *v, double min, double max, const char *name)
{
	double a;

	if (!get_float(v, &a))
		return;
	a = rint(a); /* half to even */
	if (isnan(a) || a < min || a >= max)
		func_range_error(ctx, name);
	else
		sqlite3_result_int64(ctx, (int64_t)a);
}

static void to_int2(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], -32768.0, 32768.0, "smallint");
}

static void to_int4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], -2147483648.0, 2147483648.0, "integer");
}

static void to_int8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	to_int(ctx, argv[0], -9223372036854775808.0, 9223372036854775808.0, "bigint");
}

static void to_float4(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a, r;

	(void)n;
	if (!get_float(argv[0], &a))
		return;
	/* an integer is rounded once, not by way of a double */
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER)
		r = (double)(float)sqlite3_value_int64(argv[0]);
	else
		r = (double)(float)a;
	if (isinf(r) && !isinf(a))
		overflow(ctx);
	else if (r == 0 && a != 0)
		underflow(ctx);
	else
		func_result_float(ctx, r);
}

static void to_float8(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a;

	(void)n;
	if (get_float(argv[0], &a))
		func_result_float(ctx, a);
}

/* Functions of one number; what they cannot take is told by `fail`. */
static void result_checked(sqlite3_context *ctx, double in, double out)
{
	if (isinf(out) && !isinf(in))
		overflow(ctx);
	else
		func_result_float(ctx, out);
}

static void bad_input(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "input is out of range");
}

#define UNARY(name, condition, failure, expression)                                  \
	static void name(sqlite3_context *ctx, int n, sqlite3_value **argv)          \
	{                                                                            \
		double x;                                                            \
										     \
		(void)n;                                                             \
		if (!get_float(argv[0], &x))                                         \
			return;                                                      \
		if (isnan(x))                                                        \
			func_result_float(ctx, x);                                   \
		else if (condition)                                                  \
			failure;                                                     \
		else                                                                 \
			result_checked(ctx, x, expression);                          \
	}

#define DEGREES (M_PI / 180.0)

/* Degrees from 0 to 90, exact where the result is 0, a half or 1. */
static double sin_small(double x)
{
	return sin(x * DEGREES) / sin(30.0 * DEGREES) / 2.0; /* to 30 */
}

static double cos_small(double x)
{
	return 1.0 - (1.0 - cos(x * DEGREES)) / (1.0 - cos(60.0 * DEGREES)) / 2.0; /* to 60 */
}

static double sin_quarter(double x)
{
	return x <= 30.0 ? sin_small(x) : cos_small(90.0 - x);
}

static double cos_quarter(double x)
{
	return x <= 60.0 ? cos_small(x) : sin_small(90.0 - x);
}

/* x to the first quarter, and the signs of sine and cosine. */
static double to_quarter(double x, double *sin_sign, double *cos_sign)
{
	*sin_sign = *cos_sign = 1;
	x = fmod(x, 360.0);
	if (x < 0) {
		x = -x;
		*sin_sign = -1;
	}
	if (x > 180) {
		x = 360 - x;
		*sin_sign = -*sin_sign;
	}
	if (x > 90) {
		x = 180 - x;
		*cos_sign = -1;
	}
	return x;
}

static double sin_degrees(double x)
{
	double s, c;

	x = to_quarter(x, &s, &c);
	return s * sin_quarter(x);
}

static double cos_degrees(double x)
{
	double s, c;

	x = to_quarter(x, &s, &c);
	return c * cos_quarter(x);
}

static double tan_degrees(double x)
{
	double s, c;

	x = to_quarter(x, &s, &c);
	return s * c * (sin_quarter(x) / cos_quarter(x) / (sin_quarter(45) / cos_quarter(45)));
}

static double cot_degrees(double x)
{
	double s, c;

	x = to_quarter(x, &s, &c);
	return s * c * (cos_quarter(x) / sin_quarter(x) / (cos_quarter(45) / sin_quarter(45)));
}

static double asin_quarter(double x)
{
	return x <= 0.5 ? asin(x) / asin(0.5) * 30.0 : 90.0 - acos(x) / acos(0.5) * 60.0;
}

static double asin_degrees(double x)
{
	return x >= 0 ? asin_quarter(x) : -asin_quarter(-x);
}

static double acos_degrees(double x)
{
	double y = fabs(x);
	double a = y <= 0.5 ? 90.0 - asin(y) / asin(0.5) * 30.0 : acos(y) / acos(0.5) * 60.0;

	return x >= 0 ? a : 180.0 - a;
}

/* Those that may well be infinite. */
#define UNARY_INFINITE(name, condition, expression)                                  \
	static void name(sqlite3_context *ctx, int n, sqlite3_value **argv)          \
	{                                                                            \
		double x;                                                            \
										     \
		(void)n;                                                             \
		if (!get_float(argv[0], &x))                                         \
			return;                                                      \
		if (isnan(x))                                                        \
			func_result_float(ctx, x);                                   \
		else if (condition)                                                  \
			bad_input(ctx);                                              \
		else                                                                 \
			func_result_float(ctx, expression);                          \
	}

UNARY(fn_round, false, (void)0, rint(x))
UNARY(fn_trunc, false, (void)0, trunc(x))
UNARY(fn_ceil, false, (void)0, ceil(x))
UNARY(fn_floor, false, (void)0, floor(x))
static void fn_sign(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double x;

	(void)n;
	if (get_float(argv[0], &x))
		func_result_float(ctx, x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0);
}
UNARY(fn_sqrt, x < 0, func_fail(ctx, NO_POWER, "cannot take square root of a negative number"), sqrt(x))
UNARY(fn_cbrt, false, (void)0, cbrt(x))
UNARY(fn_exp, x < -745.14 && !isinf(x), underflow(ctx), exp(x))
UNARY(fn_ln, x <= 0,
      func_fail(ctx, NO_LOGARITHM,
		x == 0 ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number"),
      log(x))
UNARY(fn_log10, x <= 0,
      func_fail(ctx, NO_LOGARITHM,
		x == 0 ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number"),
      log10(x))
UNARY(fn_sin, isinf(x), bad_input(ctx), sin(x))
UNARY(fn_cos, isinf(x), bad_input(ctx), cos(x))
UNARY(fn_tan, isinf(x), bad_input(ctx), tan(x))
UNARY_INFINITE(fn_cot, isinf(x), 1.0 / tan(x))
UNARY(fn_asin, x < -1 || x > 1, bad_input(ctx), asin(x))
UNARY(fn_acos, x < -1 || x > 1, bad_input(ctx), acos(x))
UNARY(fn_atan, false, (void)0, atan(x))
UNARY_INFINITE(fn_sinh, false, sinh(x))
UNARY_INFINITE(fn_cosh, false, cosh(x))
UNARY(fn_tanh, false, (void)0, tanh(x))
UNARY(fn_asinh, false, (void)0, asinh(x))
UNARY(fn_acosh, x < 1, bad_input(ctx), acosh(x))
UNARY_INFINITE(fn_atanh, x < -1 || x > 1, atanh(x))
UNARY(fn_degrees, false, (void)0, x / DEGREES)
UNARY(fn_radians, false, (void)0, x * DEGREES)
UNARY(fn_sind, isinf(x), bad_input(ctx), sin_degrees(x))
UNARY(fn_cosd, isinf(x), bad_input(ctx), cos_degrees(x))
UNARY_INFINITE(fn_tand, isinf(x), tan_degrees(x))
UNARY_INFINITE(fn_cotd, isinf(x), cot_degrees(x))
UNARY(fn_asind, x < -1 || x > 1, bad_input(ctx), asin_degrees(x))
UNARY(fn_acosd, x < -1 || x > 1, bad_input(ctx), acos_degrees(x))
UNARY(fn_atand, false, (void)0, atan(x) / atan(1.0) * 45.0)

static void fn_atan2(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a, b;

	(void)n;
	if (get_float(argv[0], &a) && get_float(argv[1], &b))
		func_result_float(ctx, atan2(a, b));
}

static void fn_atan2d(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a, b;

	(void)n;
	if (get_float(argv[0], &a) && get_float(argv[1], &b))
		func_result_float(ctx, atan2(a, b) / atan(1.0) * 45.0);
}

static void fn_power(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double a, b, r;

	(void)n;
	if (!get_float(argv[0], &a) || !get_float(argv[1], &b))
		return;
	if (a == 0 && b < 0) {
		func_fail(ctx, NO_POWER, "zero raised to a negative power is undefined");
		return;
	}
	if (a < 0 && floor(b) != b && !isnan(b)) {
		func_fail(ctx, NO_POWER,
			  "a negative number raised to a non-integer power yields a complex result");
		return;
	}
	r = pow(a, b);
	if (isinf(r) && !isinf(a) && !isinf(b))
		overflow(ctx);
	else if (r == 0 && a != 0 && !isinf(a) && !isinf(b))
		underflow(ctx);
	else
		func_result_float(ctx, r);
}

static void fn_width_bucket(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double x = 0, lo = 0, hi = 0;
	int64_t count;

	if (func_any_null(n, argv))
		return;
	get_float(argv[0], &x);
	get_float(argv[1], &lo);
	get_float(argv[2], &hi);
	count = sqlite3_value_int64(argv[3]);
	if (count <= 0)
		func_fail(ctx, "2201G", "count must be greater than zero");
	else if (isnan(x) || isnan(lo) || isnan(hi))
		func_fail(ctx, "2201G", "operand, lower bound, and upper bound cannot be NaN");
	else if (isinf(lo) || isinf(hi))
		func_fail(ctx, "2201G", "lower and upper bounds must be finite");
	else if (lo == hi)
		func_fail(ctx, "2201G", "lower bound cannot equal upper bound");
	else {
		bool up = lo < hi;
		double at = up ? (x - lo) / (hi - lo) : (lo - x) / (lo - hi);
		int64_t bucket = at < 0 ? 0 : at >= 1 ? count + 1 : (int64_t)((double)count * at) + 1;

		if (bucket > INT32_MAX)
			func_range_error(ctx, "integer");
		else
			sqlite3_result_int64(ctx, bucket);
	}
}

static uint64_t random_next(struct func_state *s)
{
	uint64_t a, b;

	if (!s->random_seeded) {
		random_bytes(s->random, sizeof(s->random));
		s->random_seeded = true;
	}
	/* xoroshiro128 */
	a = s->random[0];
	b = s->random[1] ^ a;
	uint64_t result = a + s->random[1];
	s->random[0] = (a << 24 | a >> 40) ^ b ^ (b << 16);
	s->random[1] = b << 37 | b >> 27;
	return result;
}

static void fn_random(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_double(ctx, (double)(random_next(func_conn(ctx)->func_state) >> 11) * 0x1p-53);
}

static void fn_setseed(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct func_state *s = func_conn(ctx)->func_state;
	double seed;

	(void)n;
	if (!get_float(argv[0], &seed))
		return;
	if (!(seed >= -1 && seed <= 1)) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "setseed parameter %g is out of allowed range [-1,1]", seed);
		return;
	}
	memcpy(&s->random[0], &seed, sizeof(seed));
	s->random[0] ^= UINT64_C(0x9e3779b97f4a7c15);
	s->random[1] = UINT64_C(0xbf58476d1ce4e5b9);
	s->random_seeded = true;
	for (int i = 0; i < 16; i++)
		random_next(s);
	sqlite3_result_text(ctx, "", 0, SQLITE_STATIC);
}

const struct func_udf float_udfs[] = {
	PURE("pg_float4_add", 2, add4),
	PURE("pg_float4_sub", 2, sub4),
	PURE("pg_float4_mul", 2, mul4),
	PURE("pg_float4_div", 2, div4),
	PURE("pg_float8_add", 2, add8),
	PURE("pg_float8_sub", 2, sub8),
	PURE("pg_float8_mul", 2, mul8),
	PURE("pg_float8_div", 2, div8),
	PURE("pg_float_neg", 1, negate),
	PURE("pg_float_abs", 1, absolute),
	PURE("pg_float_to_int2", 1, to_int2),
	PURE("pg_float_to_int4", 1, to_int4),
	PURE("pg_float_to_int8", 1, to_int8),
	PURE("pg_float4", 1, to_float4),
	PURE("pg_float8", 1, to_float8),
	PURE("pg_round", 1, fn_round),
	PURE("pg_trunc", 1, fn_trunc),
	PURE("pg_ceil", 1, fn_ceil),
	PURE("pg_floor", 1, fn_floor),
	PURE("pg_sign", 1, fn_sign),
	PURE("pg_sqrt", 1, fn_sqrt),
	PURE("pg_cbrt", 1, fn_cbrt),
	PURE("pg_exp", 1, fn_exp),
	PURE("pg_ln", 1, fn_ln),
	PURE("pg_log10", 1, fn_log10),
	PURE("pg_sin", 1, fn_sin),
	PURE("pg_cos", 1, fn_cos),
	PURE("pg_tan", 1, fn_tan),
	PURE("pg_cot", 1, fn_cot),
	PURE("pg_asin", 1, fn_asin),
	PURE("pg_acos", 1, fn_acos),
	PURE("pg_atan", 1, fn_atan),
	PURE("pg_sinh", 1, fn_sinh),
	PURE("pg_cosh", 1, fn_cosh),
	PURE("pg_tanh", 1, fn_tanh),
	PURE("pg_asinh", 1, fn_asinh),
	PURE("pg_acosh", 1, fn_acosh),
	PURE("pg_atanh", 1, fn_atanh),
	PURE("pg_degrees", 1, fn_degrees),
	PURE("pg_radians", 1, fn_radians),
	PURE("pg_sind", 1, fn_sind),
	PURE("pg_cosd", 1, fn_cosd),
	PURE("pg_tand", 1, fn_tand),
	PURE("pg_cotd", 1, fn_cotd),
	PURE("pg_asind", 1, fn_asind),
	PURE("pg_acosd", 1, fn_acosd),
	PURE("pg_atand", 1, fn_atand),
	PURE("pg_atan2", 2, fn_atan2),
	PURE("pg_atan2d", 2, fn_atan2d),
	PURE("pg_power", 2, fn_power),
	PURE("pg_float_width_bucket", 4, fn_width_bucket),
	STABLE("pg_random", 0, fn_random),
	STABLE("pg_setseed", 1, fn_setseed),
	{ 0 },
};

const struct func_impl float_impls[] = {
	{ 204, "float4pl(real,real)", FUNC_SCALAR, "pg_float4_add($1, $2)", FUNC_CHECKED },
	{ 205, "float4mi(real,real)", FUNC_SCALAR, "pg_float4_sub($1, $2)", FUNC_CHECKED },
	{ 202, "float4mul(real,real)", FUNC_SCALAR, "pg_float4_mul($1, $2)", FUNC_CHECKED },
	{ 203, "float4div(real,real)", FUNC_SCALAR, "pg_float4_div($1, $2)", FUNC_CHECKED },
	{ 218, "float8pl(double precision,double precision)", FUNC_SCALAR,
	  "pg_float8_add($1, $2)", FUNC_CHECKED },
	{ 219, "float8mi(double precision,double precision)", FUNC_SCALAR,
	  "pg_float8_sub($1, $2)", FUNC_CHECKED },
	{ 216, "float8mul(double precision,double precision)", FUNC_SCALAR,
	  "pg_float8_mul($1, $2)", FUNC_CHECKED },
	{ 217, "float8div(double precision,double precision)", FUNC_SCALAR,
	  "pg_float8_div($1, $2)", FUNC_CHECKED },
	{ 281, "float48pl(real,double precision)", FUNC_SCALAR, "pg_float8_add($1, $2)", FUNC_CHECKED },
	{ 282, "float48mi(real,double precision)", FUNC_SCALAR, "pg_float8_sub($1, $2)", FUNC_CHECKED },
	{ 279, "float48mul(real,double precision)", FUNC_SCALAR, "pg_float8_mul($1, $2)", FUNC_CHECKED },
	{ 280, "float48div(real,double precision)", FUNC_SCALAR, "pg_float8_div($1, $2)", FUNC_CHECKED },
	{ 285, "float84pl(double precision,real)", FUNC_SCALAR, "pg_float8_add($1, $2)", FUNC_CHECKED },
	{ 286, "float84mi(double precision,real)", FUNC_SCALAR, "pg_float8_sub($1, $2)", FUNC_CHECKED },
	{ 283, "float84mul(double precision,real)", FUNC_SCALAR, "pg_float8_mul($1, $2)", FUNC_CHECKED },
	{ 284, "float84div(double precision,real)", FUNC_SCALAR, "pg_float8_div($1, $2)", FUNC_CHECKED },
	{ 206, "float4um(real)", FUNC_SCALAR, "pg_float_neg($1)", 0 },
	{ 220, "float8um(double precision)", FUNC_SCALAR, "pg_float_neg($1)", 0 },
	{ 1913, "float4up(real)", FUNC_SCALAR, "$1", 0 },
	{ 1914, "float8up(double precision)", FUNC_SCALAR, "$1", 0 },
	{ 207, "float4abs(real)", FUNC_SCALAR, "pg_float_abs($1)", 0 },
	{ 221, "float8abs(double precision)", FUNC_SCALAR, "pg_float_abs($1)", 0 },
	{ 1394, "abs(real)", FUNC_SCALAR, "pg_float_abs($1)", 0 },
	{ 1395, "abs(double precision)", FUNC_SCALAR, "pg_float_abs($1)", 0 },
	{ 228, "dround(double precision)", FUNC_SCALAR, "pg_round($1)", 0 },
	{ 1342, "round(double precision)", FUNC_SCALAR, "pg_round($1)", 0 },
	{ 229, "dtrunc(double precision)", FUNC_SCALAR, "pg_trunc($1)", 0 },
	{ 1343, "trunc(double precision)", FUNC_SCALAR, "pg_trunc($1)", 0 },
	{ 2308, "ceil(double precision)", FUNC_SCALAR, "pg_ceil($1)", 0 },
	{ 2320, "ceiling(double precision)", FUNC_SCALAR, "pg_ceil($1)", 0 },
	{ 2309, "floor(double precision)", FUNC_SCALAR, "pg_floor($1)", 0 },
	{ 230, "dsqrt(double precision)", FUNC_SCALAR, "pg_sqrt($1)", FUNC_CHECKED },
	{ 1344, "sqrt(double precision)", FUNC_SCALAR, "pg_sqrt($1)", FUNC_CHECKED },
	{ 231, "dcbrt(double precision)", FUNC_SCALAR, "pg_cbrt($1)", 0 },
	{ 1345, "cbrt(double precision)", FUNC_SCALAR, "pg_cbrt($1)", 0 },
	{ 233, "dexp(double precision)", FUNC_SCALAR, "pg_exp($1)", FUNC_CHECKED },
	{ 1347, "exp(double precision)", FUNC_SCALAR, "pg_exp($1)", FUNC_CHECKED },
	{ 234, "dlog1(double precision)", FUNC_SCALAR, "pg_ln($1)", FUNC_CHECKED },
	{ 1341, "ln(double precision)", FUNC_SCALAR, "pg_ln($1)", FUNC_CHECKED },
	{ 1339, "dlog10(double precision)", FUNC_SCALAR, "pg_log10($1)", FUNC_CHECKED },
	{ 1194, "log10(double precision)", FUNC_SCALAR, "pg_log10($1)", FUNC_CHECKED },
	{ 1340, "log(double precision)", FUNC_SCALAR, "pg_log10($1)", FUNC_CHECKED },
	{ 232, "dpow(double precision,double precision)", FUNC_SCALAR, "pg_power($1, $2)", FUNC_CHECKED },
	{ 1368, "power(double precision,double precision)", FUNC_SCALAR, "pg_power($1, $2)", FUNC_CHECKED },
	{ 1346, "pow(double precision,double precision)", FUNC_SCALAR, "pg_power($1, $2)", FUNC_CHECKED },
	{ 2310, "sign(double precision)", FUNC_SCALAR, "pg_sign($1)", FUNC_CHECKED },
	{ 1604, "sin(double precision)", FUNC_SCALAR, "pg_sin($1)", FUNC_CHECKED },
	{ 1605, "cos(double precision)", FUNC_SCALAR, "pg_cos($1)", FUNC_CHECKED },
	{ 1606, "tan(double precision)", FUNC_SCALAR, "pg_tan($1)", FUNC_CHECKED },
	{ 1607, "cot(double precision)", FUNC_SCALAR, "pg_cot($1)", FUNC_CHECKED },
	{ 1600, "asin(double precision)", FUNC_SCALAR, "pg_asin($1)", FUNC_CHECKED },
	{ 1601, "acos(double precision)", FUNC_SCALAR, "pg_acos($1)", FUNC_CHECKED },
	{ 1602, "atan(double precision)", FUNC_SCALAR, "pg_atan($1)", FUNC_CHECKED },
	{ 2462, "sinh(double precision)", FUNC_SCALAR, "pg_sinh($1)", FUNC_CHECKED },
	{ 2463, "cosh(double precision)", FUNC_SCALAR, "pg_cosh($1)", FUNC_CHECKED },
	{ 2464, "tanh(double precision)", FUNC_SCALAR, "pg_tanh($1)", FUNC_CHECKED },
	{ 2465, "asinh(double precision)", FUNC_SCALAR, "pg_asinh($1)", FUNC_CHECKED },
	{ 2466, "acosh(double precision)", FUNC_SCALAR, "pg_acosh($1)", FUNC_CHECKED },
	{ 2467, "atanh(double precision)", FUNC_SCALAR, "pg_atanh($1)", FUNC_CHECKED },
	{ 1608, "degrees(double precision)", FUNC_SCALAR, "pg_degrees($1)", FUNC_CHECKED },
	{ 1609, "radians(double precision)", FUNC_SCALAR, "pg_radians($1)", FUNC_CHECKED },
	{ 2735, "sind(double precision)", FUNC_SCALAR, "pg_sind($1)", FUNC_CHECKED },
	{ 2736, "cosd(double precision)", FUNC_SCALAR, "pg_cosd($1)", FUNC_CHECKED },
	{ 2737, "tand(double precision)", FUNC_SCALAR, "pg_tand($1)", FUNC_CHECKED },
	{ 2738, "cotd(double precision)", FUNC_SCALAR, "pg_cotd($1)", FUNC_CHECKED },
	{ 2731, "asind(double precision)", FUNC_SCALAR, "pg_asind($1)", FUNC_CHECKED },
	{ 2732, "acosd(double precision)", FUNC_SCALAR, "pg_acosd($1)", FUNC_CHECKED },
	{ 2733, "atand(double precision)", FUNC_SCALAR, "pg_atand($1)", FUNC_CHECKED },
	{ 1603, "atan2(double precision,double precision)", FUNC_SCALAR, "pg_atan2($1, $2)", 0 },
	{ 2734, "atan2d(double precision,double precision)", FUNC_SCALAR, "pg_atan2d($1, $2)", 0 },
	{ 1610, "pi()", FUNC_SCALAR, "3.141592653589793", 0 },
	{ 1598, "random()", FUNC_SCALAR, "pg_random()", 0 },
	{ 1599, "setseed(double precision)", FUNC_SCALAR, "pg_setseed($1)", FUNC_CHECKED },
	{ 320, "width_bucket(double precision,double precision,double precision,integer)", FUNC_SCALAR,
	  "pg_float_width_bucket($1, $2, $3, $4)", FUNC_CHECKED },
	{ 235, "float8(smallint)", FUNC_SCALAR, "pg_float8($1)", 0 },
	{ 316, "float8(integer)", FUNC_SCALAR, "pg_float8($1)", 0 },
	{ 482, "float8(bigint)", FUNC_SCALAR, "pg_float8($1)", 0 },
	{ 236, "float4(smallint)", FUNC_SCALAR, "pg_float4($1)", FUNC_CHECKED },
	{ 318, "float4(integer)", FUNC_SCALAR, "pg_float4($1)", FUNC_CHECKED },
	{ 652, "float4(bigint)", FUNC_SCALAR, "pg_float4($1)", FUNC_CHECKED },
	{ 312, "float4(double precision)", FUNC_SCALAR, "pg_float4($1)", FUNC_CHECKED },
	{ 311, "float8(real)", FUNC_SCALAR, "$1", 0 },
	{ 238, "int2(real)", FUNC_SCALAR, "pg_float_to_int2($1)", FUNC_CHECKED },
	{ 319, "int4(real)", FUNC_SCALAR, "pg_float_to_int4($1)", FUNC_CHECKED },
	{ 653, "int8(real)", FUNC_SCALAR, "pg_float_to_int8($1)", FUNC_CHECKED },
	{ 237, "int2(double precision)", FUNC_SCALAR, "pg_float_to_int2($1)", FUNC_CHECKED },
	{ 317, "int4(double precision)", FUNC_SCALAR, "pg_float_to_int4($1)", FUNC_CHECKED },
	{ 483, "int8(double precision)", FUNC_SCALAR, "pg_float_to_int8($1)", FUNC_CHECKED },
	{ 209, "float4larger(real,real)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 223, "float8larger(double precision,double precision)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 211, "float4smaller(real,real)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 224, "float8smaller(double precision,double precision)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 0 },
};
