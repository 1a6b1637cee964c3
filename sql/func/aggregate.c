/*
 * aggregate.c - aggregates, which are window functions as well
 *
 * count(), sum() of small integers, min() and max() are SQLite's own.
 * Licence: MIT, see LICENSE.
 */
#include <math.h>
#include <stdlib.h>

#include "sql/func/datum.h"
#include "sql/func/numeric.h"
#include "sql/func/tables.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"
#include "sql/type/numeric.h"

/* Sums of integers, exactly.  SQLite's memory for it is aligned to 8 bytes, not to 16. */
struct __attribute__((packed, aligned(8))) int_sum {
	__int128 sum;
	int64_t n;
};

static void int_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct int_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));

	(void)n;
	if (s == NULL || func_null(argv[0]))
		return;
	s->sum += sqlite3_value_int64(argv[0]);
	s->n++;
}

static void int_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct int_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));

	(void)n;
	if (s == NULL || func_null(argv[0]))
		return;
	s->sum -= sqlite3_value_int64(argv[0]);
	s->n--;
}

static void int_sum_value(sqlite3_context *ctx)
{
	struct int_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct numeric v;

	if (s == NULL || s->n == 0)
		return;
	numeric_from_i128(&v, s->sum, 0);
	func_result_numeric(ctx, &v);
}

static void int_avg_value(sqlite3_context *ctx)
{
	struct int_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct numeric sum, n, r;

	if (s == NULL || s->n == 0)
		return;
	numeric_from_i128(&sum, s->sum, 0);
	numeric_from_int(&n, s->n);
	if (numeric_div(&r, &sum, &n, &func_conn(ctx)->err))
		func_result_numeric(ctx, &r);
	numeric_free(&sum);
}

/* Sums of numerics.  NaN and the infinities are counted, so that they can leave again. */
struct numeric_sum {
	struct numeric *sum, *squares;
	int64_t n, nan, plus, minus;
	int scale, squares_scale; /* what PostgreSQL shows: the largest seen */
};

static void numeric_add_to(struct numeric **sum, const struct numeric *v, bool subtract)
{
	struct numeric *r = malloc(sizeof(*r));

	if (r == NULL)
		abort();
	if (*sum == NULL) {
		numeric_copy(r, v);
		if (subtract)
			numeric_negate(r);
	} else {
		if (subtract)
			numeric_sub(r, *sum, v);
		else
			numeric_add(r, *sum, v);
		numeric_free(*sum);
		free(*sum);
	}
	*sum = r;
}

static void numeric_change(sqlite3_context *ctx, sqlite3_value *arg, bool subtract, bool squares)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct numeric v, square;
	int64_t *count;

	if (s == NULL || !func_numeric(ctx, arg, &v))
		return;
	s->n += subtract ? -1 : 1;
	count = v.kind == NUMERIC_NAN ? &s->nan : v.kind == NUMERIC_INFINITY ? &s->plus : &s->minus;
	if (v.kind != NUMERIC_FINITE) {
		*count += subtract ? -1 : 1;
	} else {
		numeric_add_to(&s->sum, &v, subtract);
		if (squares) {
			numeric_mul(&square, &v, &v);
			numeric_add_to(&s->squares, &square, subtract);
			numeric_free(&square);
		}
	}
	numeric_free(&v);
}

static void numeric_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	numeric_change(ctx, argv[0], false, false);
}

static void numeric_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	numeric_change(ctx, argv[0], true, false);
}

static void squares_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	numeric_change(ctx, argv[0], false, true);
}

static void squares_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	numeric_change(ctx, argv[0], true, true);
}

static void numeric_sum_free(struct numeric_sum *s)
{
	if (s->sum != NULL) {
		numeric_free(s->sum);
		free(s->sum);
	}
	if (s->squares != NULL) {
		numeric_free(s->squares);
		free(s->squares);
	}
	s->sum = s->squares = NULL;
}

/* NaN or an infinity if one was seen. */
static bool special_sum(const struct numeric_sum *s, struct numeric *r)
{
	numeric_from_int(r, 0);
	if (s->nan > 0 || (s->plus > 0 && s->minus > 0))
		r->kind = NUMERIC_NAN;
	else if (s->plus > 0)
		r->kind = NUMERIC_INFINITY;
	else if (s->minus > 0)
		r->kind = NUMERIC_MINUS_INFINITY;
	else
		return false;
	return true;
}

static void numeric_sum_value(sqlite3_context *ctx)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct numeric r;

	if (s == NULL || s->n == 0)
		return;
	if (!special_sum(s, &r))
		numeric_copy(&r, s->sum);
	func_result_numeric(ctx, &r);
}

static void numeric_sum_final(sqlite3_context *ctx)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);

	numeric_sum_value(ctx);
	if (s != NULL)
		numeric_sum_free(s);
}

static void numeric_avg_value(sqlite3_context *ctx)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct numeric r, n;

	if (s == NULL || s->n == 0)
		return;
	numeric_from_int(&n, s->n);
	if (special_sum(s, &r) || numeric_div(&r, s->sum, &n, &func_conn(ctx)->err))
		func_result_numeric(ctx, &r);
}

static void numeric_avg_final(sqlite3_context *ctx)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);

	numeric_avg_value(ctx);
	if (s != NULL)
		numeric_sum_free(s);
}

/* (n * sum of squares - square of sum) / (n * (n or n - 1)); its root for a deviation */
static void numeric_variance(sqlite3_context *ctx, bool sample, bool root)
{
	struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);
	struct numeric n, d, a, b, num, den, r, q;
	struct sql_error *err = &func_conn(ctx)->err;

	if (s == NULL || s->n == 0 || (sample && s->n == 1))
		return;
	if (special_sum(s, &r)) {
		r.kind = NUMERIC_NAN;
		func_result_numeric(ctx, &r);
		return;
	}
	numeric_from_int(&n, s->n);
	numeric_from_int(&d, sample ? s->n - 1 : s->n);
	numeric_mul(&a, &n, s->squares);
	numeric_mul(&b, s->sum, s->sum);
	numeric_sub(&num, &a, &b);
	numeric_mul(&den, &n, &d);
	if (numeric_sign(&num) <= 0) {
		numeric_from_int(&r, 0);
		func_result_numeric(ctx, &r);
	} else if (numeric_div(&r, &num, &den, err)) {
		if (root) {
			if (numeric_sqrt(&q, &r, err)) {
				numeric_round(&q, r.scale);
				func_result_numeric(ctx, &q);
			}
			numeric_free(&r);
		} else {
			func_result_numeric(ctx, &r);
		}
	}
	numeric_free(&a);
	numeric_free(&b);
	numeric_free(&num);
	numeric_free(&den);
}

#define VARIANCE(name, sample, root)                                                 \
	static void name##_value(sqlite3_context *ctx)                               \
	{                                                                            \
		numeric_variance(ctx, sample, root);                                 \
	}                                                                            \
	static void name##_final(sqlite3_context *ctx)                               \
	{                                                                            \
		struct numeric_sum *s = sqlite3_aggregate_context(ctx, 0);           \
		numeric_variance(ctx, sample, root);                                 \
		if (s != NULL)                                                       \
			numeric_sum_free(s);                                         \
	}
VARIANCE(var_samp, true, false)
VARIANCE(var_pop, false, false)
VARIANCE(stddev_samp, true, true)
VARIANCE(stddev_pop, false, true)

/* Sums of floats: what has come in cannot be taken out again exactly, so OVER sums anew. */
struct float_sum {
	double *values;
	size_t n, room, first;
};

static void float_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct float_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct datum d = func_datum(argv[0]);
	double v;

	(void)n;
	if (s == NULL || d.kind == DATUM_NULL || !datum_get_float(&d, &v))
		return;
	if (s->n == s->room) {
		size_t more = s->room == 0 ? 64 : 2 * s->room;
		double *grown = realloc(s->values, more * sizeof(*grown));

		if (grown == NULL) {
			func_no_memory(ctx);
			return;
		}
		s->values = grown;
		s->room = more;
	}
	s->values[s->n++] = v;
}

static void float_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct float_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));

	(void)n;
	if (s != NULL && !func_null(argv[0]) && s->first < s->n)
		s->first++;
}

enum float_result { FLOAT_SUM, FLOAT4_SUM, FLOAT_AVG, FLOAT_VAR_SAMP, FLOAT_VAR_POP, FLOAT_SD_SAMP, FLOAT_SD_POP };

static void float_value(sqlite3_context *ctx, enum float_result what)
{
	struct float_sum *s = sqlite3_aggregate_context(ctx, 0);
	double n = 0, sx = 0, sxx = 0;
	bool infinite = false;

	if (s == NULL || s->first >= s->n)
		return;
	for (size_t i = s->first; i < s->n; i++) {
		double x = s->values[i];

		n += 1;
		sx += x;
		if (what == FLOAT4_SUM)
			sx = (double)(float)sx;
		/* Youngs and Cramer's recurrence */
		if (n > 1) {
			double t = x * n - sx;

			sxx += t * t / (n * (n - 1));
		} else if (isnan(x) || isinf(x)) {
			sxx = (double)NAN;
		}
		infinite |= isinf(x) || isnan(x);
		bool spread = what >= FLOAT_VAR_SAMP && isinf(sxx);
		if (!infinite && (isinf(sx) || spread)) {
			func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value out of range: overflow");
			return;
		}
		if (isinf(sxx))
			sxx = (double)NAN;
	}
	switch (what) {
	case FLOAT_SUM:
	case FLOAT4_SUM:
		func_result_float(ctx, sx);
		return;
	case FLOAT_AVG:
		func_result_float(ctx, sx / n);
		return;
	case FLOAT_VAR_SAMP:
	case FLOAT_SD_SAMP:
		if (n > 1)
			func_result_float(ctx, what == FLOAT_VAR_SAMP ? sxx / (n - 1) : sqrt(sxx / (n - 1)));
		return;
	case FLOAT_VAR_POP:
	case FLOAT_SD_POP:
		func_result_float(ctx, what == FLOAT_VAR_POP ? sxx / n : sqrt(sxx / n));
		return;
	}
}

#define FLOAT_AGGREGATE(name, what)                                                  \
	static void name##_value(sqlite3_context *ctx)                               \
	{                                                                            \
		float_value(ctx, what);                                              \
	}                                                                            \
	static void name##_final(sqlite3_context *ctx)                               \
	{                                                                            \
		struct float_sum *s = sqlite3_aggregate_context(ctx, 0);             \
		float_value(ctx, what);                                              \
		if (s != NULL)                                                       \
			free(s->values);                                             \
	}
FLOAT_AGGREGATE(float_sum, FLOAT_SUM)
FLOAT_AGGREGATE(float4_sum, FLOAT4_SUM)
FLOAT_AGGREGATE(float_avg, FLOAT_AVG)
FLOAT_AGGREGATE(float_var_samp, FLOAT_VAR_SAMP)
FLOAT_AGGREGATE(float_var_pop, FLOAT_VAR_POP)
FLOAT_AGGREGATE(float_sd_samp, FLOAT_SD_SAMP)
FLOAT_AGGREGATE(float_sd_pop, FLOAT_SD_POP)

/* Aggregates of pairs (y, x): regression and correlation. */
struct pair_sum {
	double n, sx, sxx, sy, syy, sxy;
	bool infinite;
};

static void pair_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct pair_sum *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct datum a = func_datum(argv[0]), b = func_datum(argv[1]);
	double x, y;

	if (s == NULL || func_any_null(n, argv) || !datum_get_float(&a, &y) || !datum_get_float(&b, &x))
		return;
	s->n += 1;
	s->sx += x;
	s->sy += y;
	s->infinite |= isinf(x) || isnan(x) || isinf(y) || isnan(y);
	if (s->n > 1) {
		double tx = x * s->n - s->sx, ty = y * s->n - s->sy, scale = 1.0 / (s->n * (s->n - 1));

		s->sxx += tx * tx * scale;
		s->syy += ty * ty * scale;
		s->sxy += tx * ty * scale;
		if (isinf(s->sx) || isinf(s->sy) || isinf(s->sxx) || isinf(s->syy) || isinf(s->sxy)) {
			if (!s->infinite) {
				func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "value out of range: overflow");
				return;
			}
			if (isinf(s->sxx))
				s->sxx = (double)NAN;
			if (isinf(s->syy))
				s->syy = (double)NAN;
			if (isinf(s->sxy))
				s->sxy = (double)NAN;
		}
	} else if (isnan(x) || isinf(x) || isnan(y) || isinf(y)) {
		if (isnan(x) || isinf(x))
			s->sxx = s->sxy = (double)NAN;
		if (isnan(y) || isinf(y))
			s->syy = s->sxy = (double)NAN;
	}
}

#define PAIR_AGGREGATE(name, condition, expression)                                  \
	static void name(sqlite3_context *ctx)                                       \
	{                                                                            \
		struct pair_sum *s = sqlite3_aggregate_context(ctx, 0);              \
										     \
		if (s != NULL && s->n >= 1 && (condition))                           \
			func_result_float(ctx, expression);                          \
	}
PAIR_AGGREGATE(corr, s->sxx != 0 && s->syy != 0, s->sxy / sqrt(s->sxx * s->syy))
PAIR_AGGREGATE(covar_pop, true, s->sxy / s->n)
PAIR_AGGREGATE(covar_samp, s->n > 1, s->sxy / (s->n - 1))
PAIR_AGGREGATE(regr_avgx, true, s->sx / s->n)
PAIR_AGGREGATE(regr_avgy, true, s->sy / s->n)
PAIR_AGGREGATE(regr_sxx, true, s->sxx)
PAIR_AGGREGATE(regr_syy, true, s->syy)
PAIR_AGGREGATE(regr_sxy, true, s->sxy)
PAIR_AGGREGATE(regr_slope, s->sxx != 0, s->sxy / s->sxx)
PAIR_AGGREGATE(regr_intercept, s->sxx != 0, (s->sy - s->sx * s->sxy / s->sxx) / s->n)
PAIR_AGGREGATE(regr_r2, s->sxx != 0, s->syy == 0 ? 1.0 : (s->sxy * s->sxy) / (s->sxx * s->syy))

static void regr_count(sqlite3_context *ctx)
{
	struct pair_sum *s = sqlite3_aggregate_context(ctx, 0);

	sqlite3_result_int64(ctx, s == NULL ? 0 : (int64_t)s->n);
}

/* bit_and, bit_or, bit_xor: kept whole, for OVER */
static void keep_one(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (!func_null(argv[0]))
		agg_add(ctx, n, argv, 1);
}

static void drop_one(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		agg_remove(ctx);
}

static void bits_value(sqlite3_context *ctx, char op)
{
	struct agg_rows *a = agg_get(ctx);

	if (a == NULL)
		return;
	if (a->rows[a->first].args[0].kind == DATUM_TEXT) {
		/* bit strings */
		struct datum d = a->rows[a->first].args[0];
		struct buf *b = func_buf(func_conn(ctx));

		buf_put(b, d.data, d.len);
		for (size_t i = a->first + 1; i < a->n && !b->failed; i++) {
			const struct datum *x = &a->rows[i].args[0];

			if (x->kind != DATUM_TEXT || x->len != b->len) {
				func_fail(ctx, "22026", "cannot %s bit strings of different sizes",
					  op == '&' ? "AND" : op == '|' ? "OR" : "XOR");
				return;
			}
			for (size_t j = 0; j < x->len; j++) {
				int p = b->data[j] - '0', q = x->data[j] - '0';

				b->data[j] = (char)('0' + (op == '&' ? p & q : op == '|' ? p | q : p ^ q));
			}
		}
		func_result_buf(ctx, b);
		return;
	}
	int64_t v = a->rows[a->first].args[0].i;
	for (size_t i = a->first + 1; i < a->n; i++) {
		int64_t x = a->rows[i].args[0].i;

		v = op == '&' ? v & x : op == '|' ? v | x : v ^ x;
	}
	sqlite3_result_int64(ctx, v);
}

#define ROWS_AGGREGATE(name, call)                                                   \
	static void name##_value(sqlite3_context *ctx)                               \
	{                                                                            \
		call;                                                                \
	}                                                                            \
	static void name##_final(sqlite3_context *ctx)                               \
	{                                                                            \
		call;                                                                \
		agg_done(sqlite3_aggregate_context(ctx, 0));                         \
	}
ROWS_AGGREGATE(bit_and, bits_value(ctx, '&'))
ROWS_AGGREGATE(bit_or, bits_value(ctx, '|'))
ROWS_AGGREGATE(bit_xor, bits_value(ctx, '^'))

/* pg_string_agg(text, separator$o) */
static void string_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (!func_null(argv[0]))
		agg_add(ctx, n, argv, 2);
}

static void put_string(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	struct buf *b = func_buf(func_conn(ctx));

	if (a == NULL)
		return;
	for (size_t i = a->first; i < a->n; i++) {
		const struct datum *d = a->rows[i].args;

		if (i > a->first && d[1].kind != DATUM_NULL)
			buf_put(b, d[1].data, d[1].len);
		buf_put(b, d[0].data, d[0].len);
	}
	if (a->rows[a->first].args[0].kind == DATUM_BLOB)
		func_result_buf_blob(ctx, b);
	else
		func_result_buf(ctx, b);
}
ROWS_AGGREGATE(string, put_string(ctx))

/* pg_array_agg(value, type$o) */
static void array_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	agg_add(ctx, n, argv, 2);
}

static void array_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	agg_remove(ctx);
}

static void put_array(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	struct array out = { 0 };

	if (a == NULL)
		return;
	struct datum *e = arena_alloc(func_arena(func_conn(ctx)), (a->n - a->first) * sizeof(*e));
	if (e == NULL) {
		func_no_memory(ctx);
		return;
	}
	for (size_t i = a->first; i < a->n; i++)
		e[i - a->first] = a->rows[i].args[0];
	array_set_list(&out, e, a->n - a->first);
	func_result_array(ctx, &out);
}
ROWS_AGGREGATE(array, put_array(ctx))

/* array_agg() of arrays: one dimension more */
static void nested_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_null(argv[0]))
		func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "cannot accumulate null arrays");
	else
		agg_add(ctx, n, argv, 1);
}

static void put_nested(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	struct arena *arena = func_arena(func_conn(ctx));
	struct array out = { 0 }, part;

	if (a == NULL)
		return;
	for (size_t i = a->first; i < a->n; i++) {
		if (!array_decode(&a->rows[i].args[0], arena, &part)) {
			func_no_memory(ctx);
			return;
		}
		if (part.n_dims == 0 && i == a->first) {
			func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT, "cannot accumulate empty arrays");
			return;
		}
		if (i == a->first) {
			if (part.n_dims == ARRAY_MAX_DIMS) {
				func_fail(ctx, ERRCODE_PROGRAM_LIMIT,
					  "number of array dimensions (%d) exceeds the maximum allowed (%d)",
					  ARRAY_MAX_DIMS + 1, ARRAY_MAX_DIMS);
				return;
			}
			out.n_dims = part.n_dims + 1;
			out.dims[0] = (int32_t)(a->n - a->first);
			out.lower[0] = 1;
			memcpy(out.dims + 1, part.dims, sizeof(int32_t) * (size_t)part.n_dims);
			memcpy(out.lower + 1, part.lower, sizeof(int32_t) * (size_t)part.n_dims);
			out.elements = arena_alloc(arena, part.n * (a->n - a->first) * sizeof(struct datum));
			if (out.elements == NULL) {
				func_no_memory(ctx);
				return;
			}
		}
		if (part.n_dims + 1 != out.n_dims ||
		    memcmp(out.dims + 1, part.dims, sizeof(int32_t) * (size_t)part.n_dims) != 0) {
			func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT,
				  "cannot accumulate arrays of different dimensionality");
			return;
		}
		memcpy(out.elements + out.n, part.elements, part.n * sizeof(struct datum));
		out.n += part.n;
	}
	func_result_array(ctx, &out);
}
ROWS_AGGREGATE(nested, put_nested(ctx))

/* Ordered-set aggregates: the keys are what WITHIN GROUP orders by. */
static void percentile_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (n >= 3 && !func_null(argv[2]))
		agg_add(ctx, n, argv, 1);
}

static bool fraction(sqlite3_context *ctx, const struct agg_rows *a, double *f)
{
	const struct datum *d = &a->rows[0].args[0];

	if (d->kind == DATUM_NULL)
		return false;
	if (!datum_get_float(d, f) || isnan(*f) || *f < 0 || *f > 1) {
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "percentile value %g is not between 0 and 1", *f);
		return false;
	}
	return true;
}

static void percentile_cont_final(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	double f, lo, hi;

	if (a != NULL && fraction(ctx, a, &f)) {
		double at = f * (double)(a->n - 1);
		size_t first = (size_t)floor(at), second = (size_t)ceil(at);

		if (datum_get_float(&a->rows[first].keys[0], &lo) &&
		    datum_get_float(&a->rows[second].keys[0], &hi))
			func_result_float(ctx, first == second ? lo : lo + (at - (double)first) * (hi - lo));
	}
	agg_done(sqlite3_aggregate_context(ctx, 0));
}

static void percentile_disc_final(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	double f;

	if (a != NULL && fraction(ctx, a, &f)) {
		double at = ceil(f * (double)a->n);

		func_result(ctx, &a->rows[at < 1 ? 0 : (size_t)at - 1].keys[0]);
	}
	agg_done(sqlite3_aggregate_context(ctx, 0));
}

/* pg_mode(0$o) */
static void mode_final(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);

	if (a != NULL) {
		size_t best = 0, best_count = 0;

		for (size_t i = 0, j; i < a->n; i = j) {
			for (j = i + 1; j < a->n && datum_compare(&a->rows[i].keys[0], &a->rows[j].keys[0]) == 0;)
				j++;
			if (j - i > best_count) {
				best_count = j - i;
				best = i;
			}
		}
		func_result(ctx, &a->rows[best].keys[0]);
	}
	agg_done(sqlite3_aggregate_context(ctx, 0));
}

const struct func_udf aggregate_udfs[] = {
	WINDOWED("pg_sum_int8", 1, int_step, int_sum_value, int_sum_value, int_inverse),
	WINDOWED("pg_avg_int", 1, int_step, int_avg_value, int_avg_value, int_inverse),
	WINDOWED("pg_sum_numeric", 1, numeric_step, numeric_sum_final, numeric_sum_value, numeric_inverse),
	WINDOWED("pg_avg_numeric", 1, numeric_step, numeric_avg_final, numeric_avg_value, numeric_inverse),
	WINDOWED("pg_var_samp", 1, squares_step, var_samp_final, var_samp_value, squares_inverse),
	WINDOWED("pg_var_pop", 1, squares_step, var_pop_final, var_pop_value, squares_inverse),
	WINDOWED("pg_stddev_samp", 1, squares_step, stddev_samp_final, stddev_samp_value, squares_inverse),
	WINDOWED("pg_stddev_pop", 1, squares_step, stddev_pop_final, stddev_pop_value, squares_inverse),
	WINDOWED("pg_sum_float8", 1, float_step, float_sum_final, float_sum_value, float_inverse),
	WINDOWED("pg_sum_float4", 1, float_step, float4_sum_final, float4_sum_value, float_inverse),
	WINDOWED("pg_avg_float", 1, float_step, float_avg_final, float_avg_value, float_inverse),
	WINDOWED("pg_var_samp_float", 1, float_step, float_var_samp_final, float_var_samp_value, float_inverse),
	WINDOWED("pg_var_pop_float", 1, float_step, float_var_pop_final, float_var_pop_value, float_inverse),
	WINDOWED("pg_stddev_samp_float", 1, float_step, float_sd_samp_final, float_sd_samp_value, float_inverse),
	WINDOWED("pg_stddev_pop_float", 1, float_step, float_sd_pop_final, float_sd_pop_value, float_inverse),
	AGGREGATE("pg_corr", 2, pair_step, corr),
	AGGREGATE("pg_covar_pop", 2, pair_step, covar_pop),
	AGGREGATE("pg_covar_samp", 2, pair_step, covar_samp),
	AGGREGATE("pg_regr_avgx", 2, pair_step, regr_avgx),
	AGGREGATE("pg_regr_avgy", 2, pair_step, regr_avgy),
	AGGREGATE("pg_regr_sxx", 2, pair_step, regr_sxx),
	AGGREGATE("pg_regr_syy", 2, pair_step, regr_syy),
	AGGREGATE("pg_regr_sxy", 2, pair_step, regr_sxy),
	AGGREGATE("pg_regr_slope", 2, pair_step, regr_slope),
	AGGREGATE("pg_regr_intercept", 2, pair_step, regr_intercept),
	AGGREGATE("pg_regr_r2", 2, pair_step, regr_r2),
	AGGREGATE("pg_regr_count", 2, pair_step, regr_count),
	WINDOWED("pg_bit_and", 1, keep_one, bit_and_final, bit_and_value, drop_one),
	WINDOWED("pg_bit_or", 1, keep_one, bit_or_final, bit_or_value, drop_one),
	WINDOWED("pg_bit_xor", 1, keep_one, bit_xor_final, bit_xor_value, drop_one),
	WINDOWED("pg_string_agg", -1, string_step, string_final, string_value, drop_one),
	WINDOWED("pg_array_agg", -1, array_step, array_final, array_value, array_inverse),
	WINDOWED("pg_array_agg_nested", -1, nested_step, nested_final, nested_value, array_inverse),
	AGGREGATE("pg_percentile_cont", -1, percentile_step, percentile_cont_final),
	AGGREGATE("pg_percentile_disc", -1, percentile_step, percentile_disc_final),
	AGGREGATE("pg_mode", -1, percentile_step, mode_final),
	{ 0 },
};

const struct func_impl aggregate_impls[] = {
	{ 2803, "count()", FUNC_AGGREGATE, "count(*)", 0 },
	{ 2147, "count(\"any\")", FUNC_AGGREGATE, "count($d$1)", 0 },
	{ 2109, "sum(smallint)", FUNC_AGGREGATE, "sum($d$1)", FUNC_CHECKED },
	{ 2108, "sum(integer)", FUNC_AGGREGATE, "sum($d$1)", FUNC_CHECKED },
	{ 2107, "sum(bigint)", FUNC_AGGREGATE, "pg_sum_int8($d$1)", FUNC_CHECKED },
	{ 2114, "sum(numeric)", FUNC_AGGREGATE, "pg_sum_numeric($d$1)", FUNC_CHECKED },
	{ 2110, "sum(real)", FUNC_AGGREGATE, "pg_sum_float4($d$1)", FUNC_CHECKED },
	{ 2111, "sum(double precision)", FUNC_AGGREGATE, "pg_sum_float8($d$1)", FUNC_CHECKED },
	{ 2102, "avg(smallint)", FUNC_AGGREGATE, "pg_avg_int($d$1)", FUNC_CHECKED },
	{ 2101, "avg(integer)", FUNC_AGGREGATE, "pg_avg_int($d$1)", FUNC_CHECKED },
	{ 2100, "avg(bigint)", FUNC_AGGREGATE, "pg_avg_int($d$1)", FUNC_CHECKED },
	{ 2103, "avg(numeric)", FUNC_AGGREGATE, "pg_avg_numeric($d$1)", FUNC_CHECKED },
	{ 2104, "avg(real)", FUNC_AGGREGATE, "pg_avg_float($d$1)", FUNC_CHECKED },
	{ 2105, "avg(double precision)", FUNC_AGGREGATE, "pg_avg_float($d$1)", FUNC_CHECKED },
	{ 2643, "var_samp(smallint)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2150, "variance(smallint)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2720, "var_pop(smallint)", FUNC_AGGREGATE, "pg_var_pop($d$1)", FUNC_CHECKED },
	{ 2714, "stddev_samp(smallint)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2156, "stddev(smallint)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2726, "stddev_pop(smallint)", FUNC_AGGREGATE, "pg_stddev_pop($d$1)", FUNC_CHECKED },
	{ 2642, "var_samp(integer)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2149, "variance(integer)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2719, "var_pop(integer)", FUNC_AGGREGATE, "pg_var_pop($d$1)", FUNC_CHECKED },
	{ 2713, "stddev_samp(integer)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2155, "stddev(integer)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2725, "stddev_pop(integer)", FUNC_AGGREGATE, "pg_stddev_pop($d$1)", FUNC_CHECKED },
	{ 2641, "var_samp(bigint)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2148, "variance(bigint)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2718, "var_pop(bigint)", FUNC_AGGREGATE, "pg_var_pop($d$1)", FUNC_CHECKED },
	{ 2712, "stddev_samp(bigint)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2154, "stddev(bigint)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2724, "stddev_pop(bigint)", FUNC_AGGREGATE, "pg_stddev_pop($d$1)", FUNC_CHECKED },
	{ 2646, "var_samp(numeric)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2153, "variance(numeric)", FUNC_AGGREGATE, "pg_var_samp($d$1)", FUNC_CHECKED },
	{ 2723, "var_pop(numeric)", FUNC_AGGREGATE, "pg_var_pop($d$1)", FUNC_CHECKED },
	{ 2717, "stddev_samp(numeric)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2159, "stddev(numeric)", FUNC_AGGREGATE, "pg_stddev_samp($d$1)", FUNC_CHECKED },
	{ 2729, "stddev_pop(numeric)", FUNC_AGGREGATE, "pg_stddev_pop($d$1)", FUNC_CHECKED },
	{ 2644, "var_samp(real)", FUNC_AGGREGATE, "pg_var_samp_float($d$1)", FUNC_CHECKED },
	{ 2151, "variance(real)", FUNC_AGGREGATE, "pg_var_samp_float($d$1)", FUNC_CHECKED },
	{ 2721, "var_pop(real)", FUNC_AGGREGATE, "pg_var_pop_float($d$1)", FUNC_CHECKED },
	{ 2715, "stddev_samp(real)", FUNC_AGGREGATE, "pg_stddev_samp_float($d$1)", FUNC_CHECKED },
	{ 2157, "stddev(real)", FUNC_AGGREGATE, "pg_stddev_samp_float($d$1)", FUNC_CHECKED },
	{ 2727, "stddev_pop(real)", FUNC_AGGREGATE, "pg_stddev_pop_float($d$1)", FUNC_CHECKED },
	{ 2645, "var_samp(double precision)", FUNC_AGGREGATE, "pg_var_samp_float($d$1)", FUNC_CHECKED },
	{ 2152, "variance(double precision)", FUNC_AGGREGATE, "pg_var_samp_float($d$1)", FUNC_CHECKED },
	{ 2722, "var_pop(double precision)", FUNC_AGGREGATE, "pg_var_pop_float($d$1)", FUNC_CHECKED },
	{ 2716, "stddev_samp(double precision)", FUNC_AGGREGATE, "pg_stddev_samp_float($d$1)", FUNC_CHECKED },
	{ 2158, "stddev(double precision)", FUNC_AGGREGATE, "pg_stddev_samp_float($d$1)", FUNC_CHECKED },
	{ 2728, "stddev_pop(double precision)", FUNC_AGGREGATE, "pg_stddev_pop_float($d$1)", FUNC_CHECKED },
	{ 2829, "corr(double precision,double precision)", FUNC_AGGREGATE, "pg_corr($1, $2)", FUNC_CHECKED },
	{ 2827, "covar_pop(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_covar_pop($1, $2)", FUNC_CHECKED },
	{ 2828, "covar_samp(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_covar_samp($1, $2)", FUNC_CHECKED },
	{ 2822, "regr_avgx(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_avgx($1, $2)", FUNC_CHECKED },
	{ 2823, "regr_avgy(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_avgy($1, $2)", FUNC_CHECKED },
	{ 2819, "regr_sxx(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_sxx($1, $2)", FUNC_CHECKED },
	{ 2820, "regr_syy(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_syy($1, $2)", FUNC_CHECKED },
	{ 2821, "regr_sxy(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_sxy($1, $2)", FUNC_CHECKED },
	{ 2825, "regr_slope(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_slope($1, $2)", FUNC_CHECKED },
	{ 2826, "regr_intercept(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_intercept($1, $2)", FUNC_CHECKED },
	{ 2824, "regr_r2(double precision,double precision)", FUNC_AGGREGATE, "pg_regr_r2($1, $2)", FUNC_CHECKED },
	{ 2818, "regr_count(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_regr_count($1, $2)", FUNC_CHECKED },
	{ 2517, "bool_and(boolean)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2519, "every(boolean)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2518, "bool_or(boolean)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2236, "bit_and(smallint)", FUNC_AGGREGATE, "pg_bit_and($d$1)", 0 },
	{ 2238, "bit_and(integer)", FUNC_AGGREGATE, "pg_bit_and($d$1)", 0 },
	{ 2240, "bit_and(bigint)", FUNC_AGGREGATE, "pg_bit_and($d$1)", 0 },
	{ 2242, "bit_and(bit)", FUNC_AGGREGATE, "pg_bit_and($d$1)", 0 },
	{ 2237, "bit_or(smallint)", FUNC_AGGREGATE, "pg_bit_or($d$1)", 0 },
	{ 2239, "bit_or(integer)", FUNC_AGGREGATE, "pg_bit_or($d$1)", 0 },
	{ 2241, "bit_or(bigint)", FUNC_AGGREGATE, "pg_bit_or($d$1)", 0 },
	{ 2243, "bit_or(bit)", FUNC_AGGREGATE, "pg_bit_or($d$1)", 0 },
	{ 6164, "bit_xor(smallint)", FUNC_AGGREGATE, "pg_bit_xor($d$1)", 0 },
	{ 6165, "bit_xor(integer)", FUNC_AGGREGATE, "pg_bit_xor($d$1)", 0 },
	{ 6166, "bit_xor(bigint)", FUNC_AGGREGATE, "pg_bit_xor($d$1)", 0 },
	{ 6167, "bit_xor(bit)", FUNC_AGGREGATE, "pg_bit_xor($d$1)", 0 },
	{ 2133, "min(smallint)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2132, "min(integer)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2131, "min(bigint)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2135, "min(real)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2136, "min(double precision)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2145, "min(text)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2245, "min(character)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2138, "min(date)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2139, "min(time without time zone)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2142, "min(timestamp without time zone)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2143, "min(timestamp with time zone)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2134, "min(oid)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 4190, "min(pg_lsn)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 5100, "min(xid8)", FUNC_AGGREGATE, "min($d$1)", 0 },
	{ 2117, "max(smallint)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2116, "max(integer)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2115, "max(bigint)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2119, "max(real)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2120, "max(double precision)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2129, "max(text)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2244, "max(character)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2122, "max(date)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2123, "max(time without time zone)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2126, "max(timestamp without time zone)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2127, "max(timestamp with time zone)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2118, "max(oid)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 4189, "max(pg_lsn)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 5099, "max(xid8)", FUNC_AGGREGATE, "max($d$1)", 0 },
	{ 2146, "min(numeric)", FUNC_AGGREGATE, "min($d$1 COLLATE pg_key)", 0 },
	{ 2144, "min(interval)", FUNC_AGGREGATE, "min($d$1 COLLATE pg_key)", 0 },
	{ 2140, "min(time with time zone)", FUNC_AGGREGATE, "min($d$1 COLLATE pg_key)", 0 },
	{ 3565, "min(inet)", FUNC_AGGREGATE, "min($d$1 COLLATE pg_key)", 0 },
	{ 2051, "min(anyarray)", FUNC_AGGREGATE, "min($d$1 COLLATE pg_key)", 0 },
	{ 2130, "max(numeric)", FUNC_AGGREGATE, "max($d$1 COLLATE pg_key)", 0 },
	{ 2128, "max(interval)", FUNC_AGGREGATE, "max($d$1 COLLATE pg_key)", 0 },
	{ 2124, "max(time with time zone)", FUNC_AGGREGATE, "max($d$1 COLLATE pg_key)", 0 },
	{ 3564, "max(inet)", FUNC_AGGREGATE, "max($d$1 COLLATE pg_key)", 0 },
	{ 2050, "max(anyarray)", FUNC_AGGREGATE, "max($d$1 COLLATE pg_key)", 0 },
	{ 3538, "string_agg(text,text)", FUNC_AGGREGATE, "pg_string_agg($1, $2$o)", FUNC_ORDERED },
	{ 3545, "string_agg(bytea,bytea)", FUNC_AGGREGATE, "pg_string_agg($1, $2$o)", FUNC_ORDERED },
	{ 2335, "array_agg(anynonarray)", FUNC_AGGREGATE, "pg_array_agg($1, #1$o)", FUNC_ORDERED },
	{ 4053, "array_agg(anyarray)", FUNC_AGGREGATE, "pg_array_agg_nested($1$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3974, "percentile_cont(double precision,double precision)", FUNC_AGGREGATE,
	  "pg_percentile_cont($1$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3972, "percentile_disc(double precision,anyelement)", FUNC_AGGREGATE,
	  "pg_percentile_disc($1$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3984, "mode(anyelement)", FUNC_AGGREGATE, "pg_mode(0$o)", FUNC_ORDERED },
	{ 3100, "row_number()", FUNC_WINDOW, "row_number()", 0 },
	{ 3101, "rank()", FUNC_WINDOW, "rank()", 0 },
	{ 3102, "dense_rank()", FUNC_WINDOW, "dense_rank()", 0 },
	{ 3103, "percent_rank()", FUNC_WINDOW, "percent_rank()", 0 },
	{ 3104, "cume_dist()", FUNC_WINDOW, "cume_dist()", 0 },
	{ 3105, "ntile(integer)", FUNC_WINDOW, "ntile($1)", FUNC_CHECKED },
	{ 3106, "lag(anyelement)", FUNC_WINDOW, "lag($1)", 0 },
	{ 3107, "lag(anyelement,integer)", FUNC_WINDOW, "lag($1, $2)", 0 },
	{ 3108, "lag(anycompatible,integer,anycompatible)", FUNC_WINDOW, "lag($1, $2, $3)", 0 },
	{ 3109, "lead(anyelement)", FUNC_WINDOW, "lead($1)", 0 },
	{ 3110, "lead(anyelement,integer)", FUNC_WINDOW, "lead($1, $2)", 0 },
	{ 3111, "lead(anycompatible,integer,anycompatible)", FUNC_WINDOW, "lead($1, $2, $3)", 0 },
	{ 3112, "first_value(anyelement)", FUNC_WINDOW, "first_value($1)", 0 },
	{ 3113, "last_value(anyelement)", FUNC_WINDOW, "last_value($1)", 0 },
	{ 3114, "nth_value(anyelement,integer)", FUNC_WINDOW, "nth_value($1, $2)", 0 },
	{ 0 },
};
