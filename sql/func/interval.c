/*
 * interval.c - arithmetic of intervals, and their sum and average
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/datetime.h"

#include <math.h>

#include "sql/func/tables.h"
#include "sql/type/float.h"

static bool interval_sum(struct interval *r, const struct interval *a, const struct interval *b, bool sub)
{
	if (sub)
		return !__builtin_sub_overflow(a->months, b->months, &r->months) &&
		       !__builtin_sub_overflow(a->days, b->days, &r->days) &&
		       !__builtin_sub_overflow(a->us, b->us, &r->us);
	return !__builtin_add_overflow(a->months, b->months, &r->months) &&
	       !__builtin_add_overflow(a->days, b->days, &r->days) &&
	       !__builtin_add_overflow(a->us, b->us, &r->us);
}

static void interval_arith(sqlite3_context *ctx, int n, sqlite3_value **argv, bool sub)
{
	struct interval a = { 0 }, b, r;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[n - 1], &b) ||
	    (n > 1 && !datetime_get_interval(ctx, argv[0], &a)))
		return;
	if (interval_sum(&r, &a, &b, sub))
		datetime_result_interval(ctx, &r);
	else
		datetime_interval_range(ctx);
}

static void fn_interval_add(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	interval_arith(ctx, n, argv, false);
}

static void fn_interval_sub(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	interval_arith(ctx, n, argv, true);
}

/* Multiply by f; what is lost of months goes to days (of 30), of days to the time. */
static bool interval_scale(struct interval *r, const struct interval *i, double f)
{
	double months = i->months * f, days = i->days * f, us;

	if (isnan(months) || fabs(months) > 2147483647 || isnan(days) || fabs(days) > 2147483647)
		return false;
	r->months = (int32_t)months;
	r->days = (int32_t)days;
	double month_days = (months - r->months) * 30;
	month_days = rint(month_days * 1e6) / 1e6;
	double seconds = ((days - r->days) + (month_days - trunc(month_days))) * 86400.0;
	seconds = rint(seconds * 1e6) / 1e6;
	if (fabs(seconds) >= 86400) {
		r->days += (int32_t)(seconds / 86400);
		seconds -= (int32_t)(seconds / 86400) * 86400.0;
	}
	r->days += (int32_t)month_days;
	us = rint((double)i->us * f + seconds * 1e6);
	if (isnan(us) || fabs(us) >= 9.2233720368547758e18)
		return false;
	r->us = (int64_t)us;
	return true;
}

static void scale(sqlite3_context *ctx, int n, sqlite3_value **argv, bool divide)
{
	struct datum d = func_datum(argv[1]);
	struct interval i, r;
	double f;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[0], &i) || !datum_get_float(&d, &f))
		return;
	if (divide && f == 0) {
		func_fail(ctx, ERRCODE_DIVISION_BY_ZERO, "division by zero");
		return;
	}
	if (divide) {
		/* not by the inverse: 1 day / 3 is to be exact */
		struct interval whole = i;
		double months = i.months / f, days = i.days / f;

		if (fabs(months) <= 2147483647 && fabs(days) <= 2147483647) {
			r.months = (int32_t)months;
			r.days = (int32_t)days;
			double month_days = rint((months - r.months) * 30 * 1e6) / 1e6;
			double seconds = rint(((days - r.days) + (month_days - trunc(month_days))) * 86400.0 * 1e6) / 1e6;
			if (fabs(seconds) >= 86400) {
				r.days += (int32_t)(seconds / 86400);
				seconds -= (int32_t)(seconds / 86400) * 86400.0;
			}
			r.days += (int32_t)month_days;
			double us = rint((double)whole.us / f + seconds * 1e6);
			if (!(fabs(us) < 9.2233720368547758e18)) {
				datetime_interval_range(ctx);
				return;
			}
			r.us = (int64_t)us;
			datetime_result_interval(ctx, &r);
			return;
		}
		datetime_interval_range(ctx);
		return;
	}
	if (interval_scale(&r, &i, f))
		datetime_result_interval(ctx, &r);
	else
		datetime_interval_range(ctx);
}

static void fn_interval_mul(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	scale(ctx, n, argv, false);
}

static void fn_interval_div(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	scale(ctx, n, argv, true);
}

/* pg_interval_fit(interval, typmod) */
static void fn_interval_fit(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[0], &i))
		return;
	if (interval_fit(&i, sqlite3_value_int(argv[1]), &func_conn(ctx)->err))
		datetime_result_interval(ctx, &i);
}

/* pg_justify(interval, 'h' | 'd' | 'i') */
static void fn_justify(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[0], &i))
		return;
	char how = *func_text(argv[1]).data;
	bool ok = true;
	if (how == 'i' && (i.days > 0 || i.days < 0)) {
		/* days and time of one sign first, then months and days */
		int64_t days = i.us / US_PER_DAY;

		i.us -= days * US_PER_DAY;
		i.days += (int32_t)days;
	}
	if (how == 'h')
		interval_justify_hours(&i);
	else if (how == 'd')
		ok = interval_justify_days(&i);
	else {
		int64_t days = i.us / US_PER_DAY;

		i.us -= days * US_PER_DAY;
		i.days += (int32_t)days;
		int32_t months = i.days / 30;
		i.days -= months * 30;
		ok = !__builtin_add_overflow(i.months, months, &i.months);
		if (i.months > 0 && (i.days < 0 || (i.days == 0 && i.us < 0))) {
			i.days += 30;
			i.months--;
		} else if (i.months < 0 && (i.days > 0 || (i.days == 0 && i.us > 0))) {
			i.days -= 30;
			i.months++;
		}
		if (i.days > 0 && i.us < 0) {
			i.us += US_PER_DAY;
			i.days--;
		} else if (i.days < 0 && i.us > 0) {
			i.us -= US_PER_DAY;
			i.days++;
		}
	}
	if (ok)
		datetime_result_interval(ctx, &i);
	else
		datetime_interval_range(ctx);
}

/* sum and average of intervals */
struct interval_total {
	struct interval sum;
	int64_t n;
	bool overflow;
};

static void interval_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct interval i;

	(void)n;
	if (s == NULL || func_null(argv[0]) || !datetime_get_interval(ctx, argv[0], &i))
		return;
	if (!interval_sum(&s->sum, &s->sum, &i, false))
		datetime_interval_range(ctx);
	s->n++;
}

static void interval_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct interval i;

	(void)n;
	if (s == NULL || func_null(argv[0]) || !datetime_get_interval(ctx, argv[0], &i))
		return;
	if (!interval_sum(&s->sum, &s->sum, &i, true))
		datetime_interval_range(ctx);
	s->n--;
}

static void interval_sum_value(sqlite3_context *ctx)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, 0);

	if (s != NULL && s->n > 0)
		datetime_result_interval(ctx, &s->sum);
}

static void interval_avg_value(sqlite3_context *ctx)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, 0);
	struct interval r;

	if (s == NULL || s->n <= 0)
		return;
	if (interval_scale(&r, &s->sum, 1.0 / (double)s->n))
		datetime_result_interval(ctx, &r);
	else
		datetime_interval_range(ctx);
}

const struct func_udf interval_udfs[] = {
	PURE("pg_interval_add", 2, fn_interval_add),
	PURE("pg_interval_sub", 1, fn_interval_sub),
	PURE("pg_interval_sub", 2, fn_interval_sub),
	PURE("pg_interval_mul", 2, fn_interval_mul),
	PURE("pg_interval_div", 2, fn_interval_div),
	PURE("pg_interval_fit", 2, fn_interval_fit),
	PURE("pg_justify", 2, fn_justify),
	WINDOWED("pg_sum_interval", 1, interval_step, interval_sum_value, interval_sum_value, interval_inverse),
	WINDOWED("pg_avg_interval", 1, interval_step, interval_avg_value, interval_avg_value, interval_inverse),
	{ 0 },
};

const struct func_impl interval_impls[] = {
	{ 1200, "\"interval\"(interval,integer)", FUNC_SCALAR, "pg_interval_fit($1, $2)", 0 },
	{ 1169, "interval_pl(interval,interval)", FUNC_SCALAR, "pg_interval_add($1, $2)", FUNC_CHECKED },
	{ 1170, "interval_mi(interval,interval)", FUNC_SCALAR, "pg_interval_sub($1, $2)", FUNC_CHECKED },
	{ 1168, "interval_um(interval)", FUNC_SCALAR, "pg_interval_sub($1)", FUNC_CHECKED },
	{ 1618, "interval_mul(interval,double precision)", FUNC_SCALAR,
	  "pg_interval_mul($1, $2)", FUNC_CHECKED },
	{ 1624, "mul_d_interval(double precision,interval)", FUNC_SCALAR,
	  "pg_interval_mul($2, $1)", FUNC_CHECKED },
	{ 1326, "interval_div(interval,double precision)", FUNC_SCALAR,
	  "pg_interval_div($1, $2)", FUNC_CHECKED },
	{ 1175, "justify_hours(interval)", FUNC_SCALAR, "pg_justify($1, 'h')", 0 },
	{ 1295, "justify_days(interval)", FUNC_SCALAR, "pg_justify($1, 'd')", 0 },
	{ 2711, "justify_interval(interval)", FUNC_SCALAR, "pg_justify($1, 'i')", 0 },
	{ 2113, "sum(interval)", FUNC_AGGREGATE, "pg_sum_interval($d$1)", FUNC_CHECKED },
	{ 2106, "avg(interval)", FUNC_AGGREGATE, "pg_avg_interval($d$1)", FUNC_CHECKED },
	{ 0 },
};
