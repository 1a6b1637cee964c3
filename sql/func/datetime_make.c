/*
 * datetime_make.c - dates and times made of parts, or by the clock; OVERLAPS
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/datetime.h"

#include <math.h>

#include "base/clock.h"
#include "sql/func/datum.h"
#include "sql/func/tables.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"

/* now and the like */

static void fn_now(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int64(ctx, func_conn(ctx)->env->transaction_us);
}

static void fn_statement_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int64(ctx, func_conn(ctx)->env->statement_us);
}

static int64_t clock_us(void)
{
	return wall_us() - EPOCH_DAYS * US_PER_DAY;
}

static void fn_clock_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	sqlite3_result_int64(ctx, clock_us());
}

static void fn_timeofday(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));
	struct civil c, zone;
	int64_t us = clock_us();

	(void)n, (void)argv;
	timezone_offset_at(datetime_zone(ctx), us, &zone);
	us = to_local(datetime_zone(ctx), us);
	civil_from_us(us, &c);
	buf_printf(b, "%.3s %.3s %02d %02d:%02d:%02d.%06d %04d %s",
		   day_names[weekday(floor_div(us, US_PER_DAY))], month_names[c.month - 1], c.day, c.hour,
		   c.minute, c.second, c.us, (int)c.year, zone.zone_name);
	func_result_buf(ctx, b);
}

/* making them */

static bool get_seconds(sqlite3_value *v, double *s)
{
	struct datum d = func_datum(v);

	return datum_get_float(&d, s);
}

static bool make_days(sqlite3_context *ctx, sqlite3_value **argv, int64_t *days)
{
	int64_t y = sqlite3_value_int64(argv[0]), m = sqlite3_value_int64(argv[1]),
		d = sqlite3_value_int64(argv[2]), year = y < 0 ? y + 1 : y;

	if (y == 0 || m < 1 || m > 12 || d < 1 || d > days_in_month(year, (int)m)) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW,
			  "date field value out of range: %d-%02d-%02d", (int)year, (int)m, (int)d);
		return false;
	}
	*days = days_from_civil(year, (int)m, (int)d);
	if (*days >= DATE_MIN && *days < DATE_END)
		return true;
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range: %d-%02d-%02d", (int)y, (int)m, (int)d);
	return false;
}

static bool make_us(sqlite3_context *ctx, sqlite3_value **argv, int64_t *us)
{
	int64_t h = sqlite3_value_int64(argv[0]), m = sqlite3_value_int64(argv[1]);
	double s;

	if (!get_seconds(argv[2], &s))
		return false;
	if (isnan(s) || h < 0 || m < 0 || m > 59 || s < 0 || s > 60 || h > 24 || (h == 24 && (m > 0 || s > 0))) {
		struct buf *b = func_buf(func_conn(ctx));

		buf_printf(b, "%d:%02d:", (int)h, (int)m);
		if (s >= 0 && s < 10 && s == floor(s))
			buf_put_byte(b, '0');
		float_put(b, s, false, 1);
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "time field value out of range: %s", buf_str(b));
		return false;
	}
	*us = h * US_PER_HOUR + m * US_PER_MINUTE + (int64_t)rint(s * 1e6);
	return true;
}

static void fn_make_date(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t days;

	if (!func_any_null(n, argv) && make_days(ctx, argv, &days))
		sqlite3_result_int64(ctx, days);
}

static void fn_make_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us;

	if (!func_any_null(n, argv) && make_us(ctx, argv, &us))
		sqlite3_result_int64(ctx, us);
}

/* pg_make_timestamp(mode, y, m, d, h, mi, s[, zone]) */
static void fn_make_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct timezone *tz = datetime_zone(ctx);
	int64_t days, us;
	int offset = 0;

	if (func_any_null(n, argv) || !make_days(ctx, argv + 1, &days) || !make_us(ctx, argv + 4, &us))
		return;
	if (days < -2500000 || days > 110000000) {
		datetime_timestamp_range(ctx);
		return;
	}
	us += days * US_PER_DAY;
	if (*func_text(argv[0]).data == 'u') {
		if (n > 7) {
			if (!datetime_get_zone(ctx, argv[7], false, &tz, &offset))
				return;
			us = tz != NULL ? from_local(tz, us) : us - offset * US_PER_SECOND;
		} else {
			us = from_local(tz, us);
		}
	}
	datetime_result_timestamp(ctx, us);
}

static void fn_make_interval(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;
	double s;

	if (func_any_null(n, argv) || !get_seconds(argv[6], &s))
		return;
	int64_t months = sqlite3_value_int64(argv[0]) * 12 + sqlite3_value_int64(argv[1]);
	int64_t days = sqlite3_value_int64(argv[2]) * 7 + sqlite3_value_int64(argv[3]);
	if (isnan(s) || isinf(s) || fabs(s) > 9e12 || months != (int32_t)months || days != (int32_t)days) {
		datetime_interval_range(ctx);
		return;
	}
	i.months = (int32_t)months;
	i.days = (int32_t)days;
	i.us = sqlite3_value_int64(argv[4]) * US_PER_HOUR + sqlite3_value_int64(argv[5]) * US_PER_MINUTE +
	       (int64_t)rint(s * 1e6);
	datetime_result_interval(ctx, &i);
}

static void fn_to_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	double s;

	(void)n;
	if (func_null(argv[0]) || !get_seconds(argv[0], &s))
		return;
	if (isnan(s))
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "timestamp cannot be NaN");
	else if (isinf(s))
		sqlite3_result_int64(ctx, s > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY);
	else if (s < -2e11 || s > 9.3e12)
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range: \"%.15g\"", s);
	else {
		s -= EPOCH_DAYS * 86400.0;
		s = rint(s * 1000000.0);
		datetime_result_timestamp(ctx, (int64_t)s);
	}
}

/* pg_overlaps(a, b, c, d) of plain values in order; NULLs as SQL has them */
static void fn_overlaps(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct datum p[4], swap;

	(void)n;
	for (int i = 0; i < 4; i++)
		p[i] = func_datum(argv[i]);
	for (int i = 0; i < 4; i += 2) {
		if (p[i].kind == DATUM_NULL) {
			if (p[i + 1].kind == DATUM_NULL)
				return;
			swap = p[i];
			p[i] = p[i + 1];
			p[i + 1] = swap;
		} else if (p[i + 1].kind != DATUM_NULL && datum_compare(&p[i], &p[i + 1]) > 0) {
			swap = p[i];
			p[i] = p[i + 1];
			p[i + 1] = swap;
		}
	}
	int c = datum_compare(&p[0], &p[2]);
	if (c == 0) {
		if (p[1].kind == DATUM_NULL || p[3].kind == DATUM_NULL)
			return;
		func_result_bool(ctx, true);
		return;
	}
	/* the one that starts later must start before the other ends */
	const struct datum *end = c > 0 ? &p[3] : &p[1], *start = c > 0 ? &p[0] : &p[2];
	const struct datum *own_end = c > 0 ? &p[1] : &p[3];
	if (end->kind == DATUM_NULL)
		return;
	if (datum_compare(start, end) < 0)
		func_result_bool(ctx, true);
	else if (own_end->kind != DATUM_NULL)
		func_result_bool(ctx, false);
}

const struct func_udf datetime_make_udfs[] = {
	STABLE("pg_now", 0, fn_now),
	STABLE("pg_statement_timestamp", 0, fn_statement_timestamp),
	STABLE("pg_clock_timestamp", 0, fn_clock_timestamp),
	STABLE("pg_timeofday", 0, fn_timeofday),
	PURE("pg_make_date", 3, fn_make_date),
	PURE("pg_make_time", 3, fn_make_time),
	STABLE("pg_make_timestamp", 7, fn_make_timestamp),
	STABLE("pg_make_timestamp", 8, fn_make_timestamp),
	PURE("pg_make_interval", 7, fn_make_interval),
	PURE("pg_to_timestamp", 1, fn_to_timestamp),
	PURE("pg_overlaps", 4, fn_overlaps),
	{ 0 },
};

const struct func_impl datetime_make_impls[] = {
	{ 1299, "now()", FUNC_SCALAR, "pg_now()", 0 },
	{ 2647, "transaction_timestamp()", FUNC_SCALAR, "pg_now()", 0 },
	{ 2648, "statement_timestamp()", FUNC_SCALAR, "pg_statement_timestamp()", 0 },
	{ 2649, "clock_timestamp()", FUNC_SCALAR, "pg_clock_timestamp()", 0 },
	{ 274, "timeofday()", FUNC_SCALAR, "pg_timeofday()", 0 },
	{ 3846, "make_date(integer,integer,integer)", FUNC_SCALAR, "pg_make_date($1, $2, $3)", FUNC_CHECKED },
	{ 3847, "make_time(integer,integer,double precision)", FUNC_SCALAR,
	  "pg_make_time($1, $2, $3)", FUNC_CHECKED },
	{ 3461, "make_timestamp(integer,integer,integer,integer,integer,double precision)", FUNC_SCALAR,
	  "pg_make_timestamp('s', $*)", FUNC_CHECKED },
	{ 3462, "make_timestamptz(integer,integer,integer,integer,integer,double precision)", FUNC_SCALAR,
	  "pg_make_timestamp('u', $*)", FUNC_CHECKED },
	{ 3463, "make_timestamptz(integer,integer,integer,integer,integer,double precision,text)", FUNC_SCALAR,
	  "pg_make_timestamp('u', $*)", FUNC_CHECKED },
	{ 3464, "make_interval(integer,integer,integer,integer,integer,integer,double precision)", FUNC_SCALAR,
	  "pg_make_interval($*)", FUNC_CHECKED },
	{ 1158, "to_timestamp(double precision)", FUNC_SCALAR, "pg_to_timestamp($1)", FUNC_CHECKED },
	{ 1304, "\"overlaps\"(timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "pg_overlaps($1, $2, $3, $4)", 0 },
	{ 2041, "\"overlaps\"(timestamp without time zone,timestamp without time zone,timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "pg_overlaps($1, $2, $3, $4)", 0 },
	{ 1308, "\"overlaps\"(time without time zone,time without time zone,time without time zone,time without time zone)", FUNC_SCALAR,
	  "pg_overlaps($1, $2, $3, $4)", 0 },
	{ 1271, "\"overlaps\"(time with time zone,time with time zone,time with time zone,time with time zone)", FUNC_SCALAR,
	  "pg_overlaps($1, $2, $3, $4)", 0 },
	{ 2042, "\"overlaps\"(timestamp without time zone,interval,timestamp without time zone,interval)", FUNC_SCALAR,
	  "pg_overlaps($1, pg_timestamp_add($1, $2), $3, pg_timestamp_add($3, $4))", FUNC_COPIES },
	{ 1305, "\"overlaps\"(timestamp with time zone,interval,timestamp with time zone,interval)", FUNC_SCALAR,
	  "pg_overlaps($1, pg_timestamptz_add($1, $2), $3, pg_timestamptz_add($3, $4))", FUNC_COPIES },
	{ 0 },
};
