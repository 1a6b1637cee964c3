/*
 * datetime.c - arithmetic and functions of dates, times and intervals
 *
 * A mode letter tells the types that share code apart: d date, t time, z timetz,
 * s timestamp, u timestamptz, i interval.
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/datetime.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sql/func/numeric.h"
#include "sql/func/set.h"
#include "sql/func/tables.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"
#include "sql/type/numeric.h"

static const struct timezone *zone_of(sqlite3_context *ctx)
{
	return func_conn(ctx)->env->timezone;
}

static void timestamp_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range");
}

static void date_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range");
}

static void interval_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "interval out of range");
}

static void result_timestamp(sqlite3_context *ctx, int64_t us)
{
	if (timestamp_is_finite(us) && !timestamp_in_range(us))
		timestamp_range(ctx);
	else
		sqlite3_result_int64(ctx, us);
}

static bool get_interval(sqlite3_context *ctx, sqlite3_value *v, struct interval *i)
{
	struct datum d = func_datum(v);

	if (interval_from_datum(i, &d))
		return true;
	func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not an interval");
	return false;
}

static void result_interval(sqlite3_context *ctx, const struct interval *i)
{
	struct buf *b = func_buf(func_conn(ctx));

	interval_encode(b, i);
	func_result_buf(ctx, b);
}

static void result_timetz(sqlite3_context *ctx, const struct timetz *t)
{
	struct buf *b = func_buf(func_conn(ctx));

	timetz_encode(b, t);
	func_result_buf(ctx, b);
}

/* dates */

static bool date_to_us(int64_t days, int64_t *us)
{
	if (!timestamp_is_finite(days)) {
		*us = days;
		return true;
	}
	return !__builtin_mul_overflow(days, US_PER_DAY, us) && timestamp_in_range(*us);
}

static void fn_date_to_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us;

	(void)n;
	if (func_null(argv[0]))
		return;
	if (date_to_us(sqlite3_value_int64(argv[0]), &us))
		sqlite3_result_int64(ctx, us);
	else
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range for timestamp");
}

static void fn_date_to_timestamptz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us;

	(void)n;
	if (func_null(argv[0]))
		return;
	if (date_to_us(sqlite3_value_int64(argv[0]), &us))
		result_timestamp(ctx, from_local(zone_of(ctx), us));
	else
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range for timestamp");
}

static void fn_timestamp_to_timestamptz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		result_timestamp(ctx, from_local(zone_of(ctx), sqlite3_value_int64(argv[0])));
}

static void fn_timestamptz_to_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		result_timestamp(ctx, to_local(zone_of(ctx), sqlite3_value_int64(argv[0])));
}

static void fn_timestamp_to_date(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);

	if (func_null(argv[0]))
		return;
	if (n > 1)
		us = to_local(zone_of(ctx), us);
	sqlite3_result_int64(ctx, timestamp_is_finite(us) ? floor_div(us, US_PER_DAY) : us);
}

/* pg_timestamp_time(us[, 1 for timestamptz]) */
static void fn_timestamp_to_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);

	if (func_null(argv[0]) || !timestamp_is_finite(us))
		return;
	if (n > 1)
		us = to_local(zone_of(ctx), us);
	sqlite3_result_int64(ctx, us - floor_div(us, US_PER_DAY) * US_PER_DAY);
}

static void fn_timestamptz_to_timetz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);
	struct timetz t;

	(void)n;
	if (func_null(argv[0]) || !timestamp_is_finite(us))
		return;
	int offset = timezone_offset_at(zone_of(ctx), us, NULL);
	us += offset * US_PER_SECOND;
	t.us = us - floor_div(us, US_PER_DAY) * US_PER_DAY;
	t.zone = -offset;
	result_timetz(ctx, &t);
}

static void fn_time_to_timetz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct timetz t;

	(void)n;
	if (func_null(argv[0]))
		return;
	t.us = sqlite3_value_int64(argv[0]);
	t.zone = -timezone_offset_at(zone_of(ctx), func_conn(ctx)->env->transaction_us, NULL);
	result_timetz(ctx, &t);
}

static bool get_timetz(sqlite3_context *ctx, sqlite3_value *v, struct timetz *t)
{
	struct datum d = func_datum(v);

	if (timetz_from_datum(t, &d))
		return true;
	func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not a timetz");
	return false;
}

static void fn_timetz_to_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct timetz t;

	(void)n;
	if (!func_null(argv[0]) && get_timetz(ctx, argv[0], &t))
		sqlite3_result_int64(ctx, t.us);
}

static void add_days(sqlite3_context *ctx, int64_t days, int64_t more)
{
	if (!timestamp_is_finite(days))
		sqlite3_result_int64(ctx, days);
	else if (days + more < DATE_MIN || days + more >= DATE_END)
		date_range(ctx);
	else
		sqlite3_result_int64(ctx, days + more);
}

static void fn_date_add(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (!func_any_null(n, argv))
		add_days(ctx, sqlite3_value_int64(argv[0]), sqlite3_value_int64(argv[1]));
}

static void fn_date_sub(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (!func_any_null(n, argv))
		add_days(ctx, sqlite3_value_int64(argv[0]), -sqlite3_value_int64(argv[1]));
}

static void fn_date_diff(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
	if (!timestamp_is_finite(a) || !timestamp_is_finite(b))
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "cannot subtract infinite dates");
	else
		sqlite3_result_int64(ctx, a - b);
}

/* date + time, date + timetz */
static void fn_date_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct timetz t;
	int64_t us;

	if (func_any_null(n, argv))
		return;
	if (!date_to_us(sqlite3_value_int64(argv[0]), &us)) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range for timestamp");
		return;
	}
	if (sqlite3_value_type(argv[1]) == SQLITE_INTEGER) {
		t.us = sqlite3_value_int64(argv[1]);
		t.zone = 0;
	} else if (!get_timetz(ctx, argv[1], &t)) {
		return;
	}
	result_timestamp(ctx, timestamp_is_finite(us) ? us + t.us + t.zone * US_PER_SECOND : us);
}

/* timestamps and intervals */

static bool add_months(int64_t *us, int32_t months)
{
	struct civil c;
	int64_t day = floor_div(*us, US_PER_DAY), rest = *us - day * US_PER_DAY;

	civil_from_days(day, &c);
	int64_t total = c.year * 12 + c.month - 1 + months;
	int64_t year = floor_div(total, 12);
	int month = (int)(total - year * 12) + 1, last = days_in_month(year, month);
	if (year < -4800 || year > 300000)
		return false;
	return !__builtin_mul_overflow(days_from_civil(year, month, c.day > last ? last : c.day), US_PER_DAY,
				       us) &&
	       !__builtin_add_overflow(*us, rest, us);
}

/* Months and days by the calendar of tz, then the time.  tz NULL with local: no zone. */
static bool add_interval(int64_t *us, const struct interval *i, const struct timezone *tz, bool local,
			 int sign)
{
	int64_t t = *us, months = (int64_t)i->months * sign, days = (int64_t)i->days * sign, time;

	if (!timestamp_is_finite(t))
		return true;
	if (months != (int32_t)months || __builtin_mul_overflow(i->us, (int64_t)sign, &time))
		return false;
	if (months != 0 || days != 0) {
		if (!local)
			t = to_local(tz, t);
		if (months != 0 && !add_months(&t, (int32_t)months))
			return false;
		if (__builtin_add_overflow(t, days * US_PER_DAY, &t) ||
		    (days != 0 && (days > 300000000 || days < -300000000)))
			return false;
		if (!local)
			t = from_local(tz, t);
	}
	if (__builtin_add_overflow(t, time, &t) || !timestamp_in_range(t))
		return false;
	*us = t;
	return true;
}

static void timestamp_interval(sqlite3_context *ctx, sqlite3_value **argv, bool local, int sign)
{
	struct interval i;
	int64_t us;

	if (func_any_null(2, argv) || !get_interval(ctx, argv[1], &i))
		return;
	us = sqlite3_value_int64(argv[0]);
	if (add_interval(&us, &i, zone_of(ctx), local, sign))
		sqlite3_result_int64(ctx, us);
	else
		timestamp_range(ctx);
}

static void fn_timestamp_add(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	timestamp_interval(ctx, argv, true, 1);
}

static void fn_timestamp_sub(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	timestamp_interval(ctx, argv, true, -1);
}

static void fn_timestamptz_add(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	timestamp_interval(ctx, argv, false, 1);
}

static void fn_timestamptz_sub(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	timestamp_interval(ctx, argv, false, -1);
}

static void fn_timestamp_diff(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i = { 0 };

	if (func_any_null(n, argv))
		return;
	int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
	if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "cannot subtract infinite timestamps");
		return;
	}
	if (__builtin_sub_overflow(a, b, &i.us)) {
		interval_range(ctx);
		return;
	}
	interval_justify_hours(&i);
	result_interval(ctx, &i);
}

/* pg_time_shift(time or timetz, interval, sign) */
static void fn_time_shift(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;
	struct timetz t = { 0 };
	bool plain = sqlite3_value_type(argv[0]) == SQLITE_INTEGER;

	if (func_any_null(n, argv) || !get_interval(ctx, argv[1], &i))
		return;
	if (plain)
		t.us = sqlite3_value_int64(argv[0]);
	else if (!get_timetz(ctx, argv[0], &t))
		return;
	int64_t shift = i.us % US_PER_DAY * sqlite3_value_int(argv[2]);
	t.us = (t.us + shift) % US_PER_DAY;
	if (t.us < 0)
		t.us += US_PER_DAY;
	if (plain)
		sqlite3_result_int64(ctx, t.us);
	else
		result_timetz(ctx, &t);
}

static void fn_time_to_interval(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i = { 0 };

	(void)n;
	if (func_null(argv[0]))
		return;
	i.us = sqlite3_value_int64(argv[0]);
	if (n > 1) {
		if (func_null(argv[1]))
			return;
		i.us -= sqlite3_value_int64(argv[1]);
	}
	result_interval(ctx, &i);
}

static void fn_interval_to_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	(void)n;
	if (!func_null(argv[0]) && get_interval(ctx, argv[0], &i))
		sqlite3_result_int64(ctx, i.us - floor_div(i.us, US_PER_DAY) * US_PER_DAY);
}

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

	if (func_any_null(n, argv) || !get_interval(ctx, argv[n - 1], &b) ||
	    (n > 1 && !get_interval(ctx, argv[0], &a)))
		return;
	if (interval_sum(&r, &a, &b, sub))
		result_interval(ctx, &r);
	else
		interval_range(ctx);
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

	if (func_any_null(n, argv) || !get_interval(ctx, argv[0], &i) || !datum_get_float(&d, &f))
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
				interval_range(ctx);
				return;
			}
			r.us = (int64_t)us;
			result_interval(ctx, &r);
			return;
		}
		interval_range(ctx);
		return;
	}
	if (interval_scale(&r, &i, f))
		result_interval(ctx, &r);
	else
		interval_range(ctx);
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

	if (func_any_null(n, argv) || !get_interval(ctx, argv[0], &i))
		return;
	if (interval_fit(&i, sqlite3_value_int(argv[1]), &func_conn(ctx)->err))
		result_interval(ctx, &i);
}

static void fn_round_us(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct timetz t;

	if (func_any_null(n, argv))
		return;
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
		sqlite3_result_int64(ctx, round_us(sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[1])));
	} else if (get_timetz(ctx, argv[0], &t)) {
		t.us = round_us(t.us, sqlite3_value_int(argv[1]));
		result_timetz(ctx, &t);
	}
}

/* pg_justify(interval, 'h' | 'd' | 'i') */
static void fn_justify(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	if (func_any_null(n, argv) || !get_interval(ctx, argv[0], &i))
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
		result_interval(ctx, &i);
	else
		interval_range(ctx);
}

static void fn_is_finite(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		func_result_bool(ctx, timestamp_is_finite(sqlite3_value_int64(argv[0])));
}

/* age(): years, months, days, time between two wall clocks */
static void age(sqlite3_context *ctx, int64_t a, int64_t b)
{
	struct interval r = { 0 };
	struct civil x, y;
	int sign = 1;

	if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) {
		timestamp_range(ctx);
		return;
	}
	if (a < b) {
		int64_t t = a;

		a = b;
		b = t;
		sign = -1;
	}
	civil_from_us(a, &x);
	civil_from_us(b, &y);
	int64_t us = (a - floor_div(a, US_PER_DAY) * US_PER_DAY) - (b - floor_div(b, US_PER_DAY) * US_PER_DAY);
	int64_t days = x.day - y.day, months = (x.year - y.year) * 12 + x.month - y.month;
	if (us < 0) {
		us += US_PER_DAY;
		days--;
	}
	/* days are borrowed from the month of the earlier one */
	while (days < 0) {
		days += days_in_month(y.year, y.month);
		months--;
	}
	r.months = (int32_t)months * sign;
	r.days = (int32_t)days * sign;
	r.us = us * sign;
	result_interval(ctx, &r);
}

/* pg_age(mode, a[, b]) */
static void fn_age(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	bool zoned = *func_text(argv[0]).data == 'u';
	int64_t a = sqlite3_value_int64(argv[1]), b;
	if (zoned)
		a = to_local(zone_of(ctx), a);
	if (n > 2) {
		b = sqlite3_value_int64(argv[2]);
		if (zoned)
			b = to_local(zone_of(ctx), b);
		age(ctx, a, b);
		return;
	}
	b = to_local(zone_of(ctx), func_conn(ctx)->env->transaction_us);
	age(ctx, floor_div(b, US_PER_DAY) * US_PER_DAY, a);
}

/* date_part() and extract() */

static const char *mode_name(char mode)
{
	switch (mode) {
	case 'd':
		return "date";
	case 't':
		return "time without time zone";
	case 'z':
		return "time with time zone";
	case 's':
		return "timestamp without time zone";
	case 'u':
		return "timestamp with time zone";
	default:
		return "interval";
	}
}

/* A part is v / 10^scale. */
struct part {
	__int128 v;
	int scale;
	bool null;
	int infinite;
};

static bool bad_unit(sqlite3_context *ctx, struct func_text unit, char mode, bool known)
{
	struct buf *b = func_buf(func_conn(ctx));

	for (size_t i = 0; i < unit.len; i++)
		buf_put_byte(b, type_lower(unit.data[i]));
	func_fail(ctx, known ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_INVALID_PARAMETER_VALUE,
		  "unit \"%s\" not %s for type %s", buf_str(b), known ? "supported" : "recognized",
		  mode_name(mode));
	return false;
}

/* Rounding up: the year 2000 is in century 20, as 2001 is in 21. */
static int64_t period_of(int64_t year, int length)
{
	return year > 0 ? (year + length - 1) / length : -((length - 1 - (year - 1)) / length);
}

static bool clock_part(enum unit unit, int64_t us, struct part *p)
{
	switch (unit) {
	case UNIT_MICROSECOND:
		p->v = us % US_PER_MINUTE;
		return true;
	case UNIT_MILLISECOND:
		p->v = us % US_PER_MINUTE;
		p->scale = 3;
		return true;
	case UNIT_SECOND:
		p->v = us % US_PER_MINUTE;
		p->scale = 6;
		return true;
	case UNIT_MINUTE:
		p->v = us / US_PER_MINUTE % 60;
		return true;
	case UNIT_HOUR:
		p->v = us / US_PER_HOUR;
		return true;
	default:
		return false;
	}
}

static bool date_unit(enum unit unit, int64_t days, struct part *p)
{
	struct civil c;
	int64_t year;
	int week;

	civil_from_days(days, &c);
	switch (unit) {
	case UNIT_DAY:
		p->v = c.day;
		return true;
	case UNIT_MONTH:
		p->v = c.month;
		return true;
	case UNIT_QUARTER:
		p->v = (c.month - 1) / 3 + 1;
		return true;
	case UNIT_YEAR:
		p->v = c.year > 0 ? c.year : c.year - 1;
		return true;
	case UNIT_DECADE:
		p->v = floor_div(c.year, 10);
		return true;
	case UNIT_CENTURY:
		p->v = period_of(c.year, 100);
		return true;
	case UNIT_MILLENNIUM:
		p->v = period_of(c.year, 1000);
		return true;
	case UNIT_DOW:
		p->v = weekday(days);
		return true;
	case UNIT_ISODOW:
		p->v = weekday(days) == 0 ? 7 : weekday(days);
		return true;
	case UNIT_DOY:
		p->v = c.day_of_year;
		return true;
	case UNIT_WEEK:
	case UNIT_ISOYEAR:
		iso_week(days, &year, &week);
		p->v = unit == UNIT_WEEK ? week : year > 0 ? year : year - 1;
		return true;
	default:
		return false;
	}
}

static bool infinite_part(enum unit unit, struct part *p, int sign)
{
	switch (unit) {
	case UNIT_YEAR:
	case UNIT_DECADE:
	case UNIT_CENTURY:
	case UNIT_MILLENNIUM:
	case UNIT_JULIAN:
	case UNIT_ISOYEAR:
	case UNIT_EPOCH:
		p->infinite = sign;
		return true;
	default:
		p->null = true;
		return true;
	}
}

static bool get_part(sqlite3_context *ctx, struct func_text name, sqlite3_value *v, char mode,
		     struct part *p)
{
	enum unit unit = unit_named(name.data, name.len);
	struct interval i;
	struct timetz t = { 0 };
	int64_t value = sqlite3_value_int64(v), us;
	int zone = 0;

	*p = (struct part){ 0 };
	if (unit == UNIT_NONE)
		return bad_unit(ctx, name, mode, false);
	switch (mode) {
	case 'd':
		if (!timestamp_is_finite(value))
			return infinite_part(unit, p, value > 0 ? 1 : -1);
		if (unit == UNIT_EPOCH)
			p->v = (value + EPOCH_DAYS) * 86400;
		else if (unit == UNIT_JULIAN)
			p->v = value + JULIAN_2000;
		else if (!date_unit(unit, value, p))
			return bad_unit(ctx, name, mode, true);
		return true;
	case 't':
	case 'z':
		if (mode == 't')
			t.us = value;
		else if (!get_timetz(ctx, v, &t))
			return false;
		if (unit == UNIT_EPOCH) {
			p->v = t.us + t.zone * US_PER_SECOND;
			p->scale = 6;
			return true;
		}
		zone = -t.zone;
		if (mode == 'z' && unit == UNIT_TIMEZONE)
			p->v = zone;
		else if (mode == 'z' && unit == UNIT_TIMEZONE_HOUR)
			p->v = zone / 3600;
		else if (mode == 'z' && unit == UNIT_TIMEZONE_MINUTE)
			p->v = zone / 60 % 60;
		else if (!clock_part(unit, t.us, p))
			return bad_unit(ctx, name, mode, true);
		return true;
	case 's':
	case 'u':
		if (!timestamp_is_finite(value))
			return infinite_part(unit, p, value > 0 ? 1 : -1);
		if (unit == UNIT_EPOCH) {
			p->v = (__int128)value + EPOCH_DAYS * US_PER_DAY;
			p->scale = 6;
			return true;
		}
		if (mode == 'u') {
			zone = timezone_offset_at(zone_of(ctx), value, NULL);
			value += zone * US_PER_SECOND;
			if (unit == UNIT_TIMEZONE || unit == UNIT_TIMEZONE_HOUR || unit == UNIT_TIMEZONE_MINUTE) {
				p->v = unit == UNIT_TIMEZONE ? zone : unit == UNIT_TIMEZONE_HOUR ? zone / 3600
												 : zone / 60 % 60;
				return true;
			}
		}
		us = value - floor_div(value, US_PER_DAY) * US_PER_DAY;
		if (unit == UNIT_JULIAN) {
			/* 20 digits behind the point, as numeric division gives */
			p->v = floor_div(value, US_PER_DAY) + JULIAN_2000;
			p->scale = -1;
			return true;
		}
		if (!clock_part(unit, us, p) && !date_unit(unit, floor_div(value, US_PER_DAY), p))
			return bad_unit(ctx, name, mode, true);
		return true;
	default:
		break;
	}
	if (!get_interval(ctx, v, &i))
		return false;
	switch (unit) {
	case UNIT_EPOCH: {
		/* a year is 365.25 days, a month 30 */
		__int128 s = (__int128)(i.months / 12) * 31557600 + (__int128)(i.months % 12) * 30 * 86400 +
			     (__int128)i.days * 86400;

		p->v = s * US_PER_SECOND + i.us;
		p->scale = 6;
		return true;
	}
	case UNIT_DAY:
		p->v = i.days;
		return true;
	case UNIT_MONTH:
		p->v = i.months % 12;
		return true;
	case UNIT_QUARTER:
		p->v = i.months % 12 / 3 + 1;
		return true;
	case UNIT_YEAR:
		p->v = i.months / 12;
		return true;
	case UNIT_DECADE:
		p->v = i.months / 120;
		return true;
	case UNIT_CENTURY:
		p->v = i.months / 1200;
		return true;
	case UNIT_MILLENNIUM:
		p->v = i.months / 12000;
		return true;
	default:
		return clock_part(unit, i.us, p) ? true : bad_unit(ctx, name, mode, true);
	}
}

/* pg_extract(unit, value, mode): numeric; pg_date_part(...): float */
static void part_result(sqlite3_context *ctx, int n, sqlite3_value **argv, bool exact)
{
	struct numeric v;
	struct part p;

	if (func_any_null(n, argv))
		return;
	char mode = *func_text(argv[2]).data;
	if (!get_part(ctx, func_text(argv[0]), argv[1], mode, &p) || p.null)
		return;
	if (p.infinite != 0) {
		numeric_from_int(&v, 0);
		v.kind = p.infinite > 0 ? NUMERIC_INFINITY : NUMERIC_MINUS_INFINITY;
	} else if (p.scale < 0) {
		int64_t value = sqlite3_value_int64(argv[1]);
		struct numeric us, day, whole, fraction;

		if (mode == 'u')
			value = to_local(zone_of(ctx), value);
		numeric_from_int(&us, value - floor_div(value, US_PER_DAY) * US_PER_DAY);
		numeric_from_int(&day, US_PER_DAY);
		numeric_from_i128(&whole, p.v, 0);
		if (!numeric_div(&fraction, &us, &day, &func_conn(ctx)->err))
			return;
		numeric_add(&v, &whole, &fraction);
		numeric_free(&fraction);
	} else {
		numeric_from_i128(&v, p.v, p.scale);
	}
	if (exact) {
		func_result_numeric(ctx, &v);
		return;
	}
	func_result_float(ctx, numeric_to_double(&v));
	numeric_free(&v);
}

static void fn_extract(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	part_result(ctx, n, argv, true);
}

static void fn_date_part(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	part_result(ctx, n, argv, false);
}

static bool trunc_local(enum unit unit, int64_t *us)
{
	int64_t days = floor_div(*us, US_PER_DAY), rest = *us - days * US_PER_DAY, year;
	struct civil c;
	int week;

	civil_from_days(days, &c);
	switch (unit) {
	case UNIT_MICROSECOND:
		return true;
	case UNIT_MILLISECOND:
		rest = rest / 1000 * 1000;
		break;
	case UNIT_SECOND:
		rest = rest / US_PER_SECOND * US_PER_SECOND;
		break;
	case UNIT_MINUTE:
		rest = rest / US_PER_MINUTE * US_PER_MINUTE;
		break;
	case UNIT_HOUR:
		rest = rest / US_PER_HOUR * US_PER_HOUR;
		break;
	default:
		rest = 0;
		switch (unit) {
		case UNIT_DAY:
			break;
		case UNIT_WEEK:
			iso_week(days, &year, &week);
			days = iso_week_start(year, week);
			break;
		case UNIT_MONTH:
			days = days_from_civil(c.year, c.month, 1);
			break;
		case UNIT_QUARTER:
			days = days_from_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
			break;
		case UNIT_YEAR:
			days = days_from_civil(c.year, 1, 1);
			break;
		case UNIT_DECADE:
			days = days_from_civil(floor_div(c.year, 10) * 10, 1, 1);
			break;
		case UNIT_CENTURY:
			days = days_from_civil(floor_div(c.year - 1, 100) * 100 + 1, 1, 1);
			break;
		case UNIT_MILLENNIUM:
			days = days_from_civil(floor_div(c.year - 1, 1000) * 1000 + 1, 1, 1);
			break;
		default:
			return false;
		}
		break;
	}
	*us = days * US_PER_DAY + rest;
	return true;
}

/* pg_date_trunc(unit, value, mode[, zone]) */
static void fn_date_trunc(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text name = func_text(argv[0]);
	enum unit unit = unit_named(name.data, name.len);
	char mode = *func_text(argv[2]).data;
	const struct timezone *tz = zone_of(ctx);
	struct interval i;

	if (mode != 'i' && !timestamp_is_finite(sqlite3_value_int64(argv[1]))) {
		sqlite3_result_int64(ctx, sqlite3_value_int64(argv[1]));
		return;
	}
	if (unit == UNIT_NONE && n < 4) {
		bad_unit(ctx, name, mode, false);
		return;
	}
	if (mode == 'i') {
		if (!get_interval(ctx, argv[1], &i))
			return;
		int32_t months = i.months;
		switch (unit) {
		case UNIT_MILLENNIUM:
			i.months = months / 12000 * 12000;
			break;
		case UNIT_CENTURY:
			i.months = months / 1200 * 1200;
			break;
		case UNIT_DECADE:
			i.months = months / 120 * 120;
			break;
		case UNIT_YEAR:
			i.months = months / 12 * 12;
			break;
		case UNIT_QUARTER:
			i.months = months / 3 * 3;
			break;
		default:
			break;
		}
		switch (unit) {
		case UNIT_MILLENNIUM:
		case UNIT_CENTURY:
		case UNIT_DECADE:
		case UNIT_YEAR:
		case UNIT_QUARTER:
		case UNIT_MONTH:
			i.days = 0;
			i.us = 0;
			break;
		case UNIT_DAY:
			i.us = 0;
			break;
		case UNIT_HOUR:
			i.us = i.us / US_PER_HOUR * US_PER_HOUR;
			break;
		case UNIT_MINUTE:
			i.us = i.us / US_PER_MINUTE * US_PER_MINUTE;
			break;
		case UNIT_SECOND:
			i.us = i.us / US_PER_SECOND * US_PER_SECOND;
			break;
		case UNIT_MILLISECOND:
			i.us = i.us / 1000 * 1000;
			break;
		case UNIT_MICROSECOND:
			break;
		default:
			bad_unit(ctx, name, mode, true);
			return;
		}
		result_interval(ctx, &i);
		return;
	}
	if (n > 3) {
		char text[128];
		struct func_text zone = func_text(argv[3]);

		snprintf(text, sizeof(text), "%.*s", (int)zone.len, zone.data);
		tz = timezone_find(text);
		if (tz == NULL) {
			func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", text);
			return;
		}
	}
	if (unit == UNIT_NONE) {
		bad_unit(ctx, name, mode, false);
		return;
	}
	int64_t us = sqlite3_value_int64(argv[1]);
	int offset = mode == 'u' ? timezone_offset_at(tz, us, NULL) : 0;
	us += offset * US_PER_SECOND;
	if (!trunc_local(unit, &us)) {
		bad_unit(ctx, name, mode, true);
		return;
	}
	if (mode == 'u') {
		/* below a day the offset stays: hours of an overlap keep apart */
		if (unit <= UNIT_HOUR)
			us -= offset * US_PER_SECOND;
		else
			us = from_local(tz, us);
	}
	result_timestamp(ctx, us);
}

/* pg_date_bin(stride, source, origin) */
static void fn_date_bin(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	if (func_any_null(n, argv) || !get_interval(ctx, argv[0], &i))
		return;
	int64_t source = sqlite3_value_int64(argv[1]), origin = sqlite3_value_int64(argv[2]), diff, stride;
	if (!timestamp_is_finite(source)) {
		sqlite3_result_int64(ctx, source);
		return;
	}
	if (!timestamp_is_finite(origin)) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "origin out of range");
		return;
	}
	if (i.months != 0) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "timestamps cannot be binned into intervals containing months or years");
		return;
	}
	if (__builtin_mul_overflow((int64_t)i.days, US_PER_DAY, &stride) ||
	    __builtin_add_overflow(stride, i.us, &stride) || __builtin_sub_overflow(source, origin, &diff)) {
		interval_range(ctx);
		return;
	}
	if (stride <= 0) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "stride must be greater than zero");
		return;
	}
	result_timestamp(ctx, origin + floor_div(diff, stride) * stride);
}

/* AT TIME ZONE */

/* The offset of a zone given by name or interval: `offset` east, or tz. */
static bool get_zone(sqlite3_context *ctx, sqlite3_value *v, bool is_interval, const struct timezone **tz,
		     int *offset)
{
	struct interval i;
	char text[128];
	bool dst;

	*tz = NULL;
	if (is_interval) {
		if (!get_interval(ctx, v, &i))
			return false;
		if (i.months != 0 || i.days != 0) {
			struct buf *b = func_buf(func_conn(ctx));

			interval_put(b, &i, INTERVAL_STYLE_POSTGRES);
			func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
				  "interval time zone \"%s\" must not include months or days", buf_str(b));
			return false;
		}
		*offset = (int)(i.us / US_PER_SECOND);
		return true;
	}
	struct func_text t = func_text(v);
	if (timezone_abbreviation(t.data, t.len, offset, &dst))
		return true;
	snprintf(text, sizeof(text), "%.*s", (int)t.len, t.data);
	*tz = timezone_find(text);
	if (*tz != NULL && !type_is_alpha(*text) && *text != '<') {
		/* a bare offset is read as POSIX does: to the west */
		*offset = -timezone_offset_at(*tz, 0, NULL);
		*tz = NULL;
		return true;
	}
	if (*tz != NULL)
		return true;
	func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", text);
	return false;
}

/* pg_timezone(zone, value, mode[, 1 if zone is an interval]) */
static void fn_timezone(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct timezone *tz;
	int offset = 0;

	if (func_any_null(n, argv))
		return;
	int64_t us = sqlite3_value_int64(argv[1]);
	if (sqlite3_value_type(argv[1]) == SQLITE_INTEGER && !timestamp_is_finite(us)) {
		sqlite3_result_int64(ctx, us);
		return;
	}
	if (!get_zone(ctx, argv[0], n > 3, &tz, &offset))
		return;
	struct timetz t;
	switch (*func_text(argv[2]).data) {
	case 'z':
		if (!get_timetz(ctx, argv[1], &t))
			return;
		if (tz != NULL)
			offset = timezone_offset_at(tz, func_conn(ctx)->env->transaction_us, NULL);
		t.us += (t.zone + offset) * US_PER_SECOND;
		t.us -= floor_div(t.us, US_PER_DAY) * US_PER_DAY;
		t.zone = -offset;
		result_timetz(ctx, &t);
		return;
	case 'u':
		if (timestamp_is_finite(us))
			us += (tz != NULL ? timezone_offset_at(tz, us, NULL) : offset) * US_PER_SECOND;
		break;
	default:
		if (timestamp_is_finite(us))
			us -= (tz != NULL ? timezone_offset_local(tz, us) : offset) * US_PER_SECOND;
		break;
	}
	result_timestamp(ctx, us);
}

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
	timezone_offset_at(zone_of(ctx), us, &zone);
	us = to_local(zone_of(ctx), us);
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
	const struct timezone *tz = zone_of(ctx);
	int64_t days, us;
	int offset = 0;

	if (func_any_null(n, argv) || !make_days(ctx, argv + 1, &days) || !make_us(ctx, argv + 4, &us))
		return;
	if (days < -2500000 || days > 110000000) {
		timestamp_range(ctx);
		return;
	}
	us += days * US_PER_DAY;
	if (*func_text(argv[0]).data == 'u') {
		if (n > 7) {
			if (!get_zone(ctx, argv[7], false, &tz, &offset))
				return;
			us = tz != NULL ? from_local(tz, us) : us - offset * US_PER_SECOND;
		} else {
			us = from_local(tz, us);
		}
	}
	result_timestamp(ctx, us);
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
		interval_range(ctx);
		return;
	}
	i.months = (int32_t)months;
	i.days = (int32_t)days;
	i.us = sqlite3_value_int64(argv[4]) * US_PER_HOUR + sqlite3_value_int64(argv[5]) * US_PER_MINUTE +
	       (int64_t)rint(s * 1e6);
	result_interval(ctx, &i);
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
		result_timestamp(ctx, (int64_t)s);
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
	if (s == NULL || func_null(argv[0]) || !get_interval(ctx, argv[0], &i))
		return;
	if (!interval_sum(&s->sum, &s->sum, &i, false))
		interval_range(ctx);
	s->n++;
}

static void interval_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, sizeof(*s));
	struct interval i;

	(void)n;
	if (s == NULL || func_null(argv[0]) || !get_interval(ctx, argv[0], &i))
		return;
	if (!interval_sum(&s->sum, &s->sum, &i, true))
		interval_range(ctx);
	s->n--;
}

static void interval_sum_value(sqlite3_context *ctx)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, 0);

	if (s != NULL && s->n > 0)
		result_interval(ctx, &s->sum);
}

static void interval_avg_value(sqlite3_context *ctx)
{
	struct interval_total *s = sqlite3_aggregate_context(ctx, 0);
	struct interval r;

	if (s == NULL || s->n <= 0)
		return;
	if (interval_scale(&r, &s->sum, 1.0 / (double)s->n))
		result_interval(ctx, &r);
	else
		interval_range(ctx);
}

/* pg_generate_series_timestamp(from, to, interval), and _timestamptz */
static bool series_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct interval i;

	if (n < 3 || func_any_null(3, argv)) {
		c->done = true;
		return true;
	}
	struct datum step = func_datum(argv[2]);
	if (!interval_from_datum(&i, &step))
		return sql_error_set(err, ERRCODE_DATA_CORRUPTED, "invalid interval");
	__int128 span = ((__int128)i.months * 30 + i.days) * US_PER_DAY + i.us;
	if (span == 0)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "step size cannot equal zero");
	datum_set_int(&c->row[0], sqlite3_value_int64(argv[0]));
	datum_set_int(&c->state[0], sqlite3_value_int64(argv[1]));
	datum_set_int(&c->state[1], (int64_t)i.months << 32 | (uint32_t)i.days);
	datum_set_int(&c->state[2], i.us);
	datum_set_int(&c->state[3], span > 0 ? 1 : -1);
	c->done = c->state[3].i > 0 ? c->row[0].i > c->state[0].i : c->row[0].i < c->state[0].i;
	return true;
}

static bool advance(struct set_cursor *c, bool local, struct sql_error *err)
{
	struct interval i = { (int32_t)(c->state[1].i >> 32), (int32_t)(uint32_t)c->state[1].i,
			      c->state[2].i };

	if (!add_interval(&c->row[0].i, &i, c->conn->env->timezone, local, 1))
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range");
	c->done = c->state[3].i > 0 ? c->row[0].i > c->state[0].i : c->row[0].i < c->state[0].i;
	return true;
}

static bool series_next(struct set_cursor *c, struct sql_error *err)
{
	return advance(c, true, err);
}

static bool zoned_series_next(struct set_cursor *c, struct sql_error *err)
{
	return advance(c, false, err);
}

const struct set_function datetime_sets[] = {
	{ "pg_generate_series_timestamp", 1, 3, series_start, series_next },
	{ "pg_generate_series_timestamptz", 1, 3, series_start, zoned_series_next },
	{ 0 },
};

bool datetime_sets_register(struct sql_conn *conn)
{
	return set_register(conn, datetime_sets);
}

const struct func_udf datetime_udfs[] = {
	PURE("pg_date_to_timestamp", 1, fn_date_to_timestamp),
	STABLE("pg_date_to_timestamptz", 1, fn_date_to_timestamptz),
	STABLE("pg_timestamp_to_timestamptz", 1, fn_timestamp_to_timestamptz),
	STABLE("pg_timestamptz_to_timestamp", 1, fn_timestamptz_to_timestamp),
	PURE("pg_timestamp_date", 1, fn_timestamp_to_date),
	STABLE("pg_timestamp_date", 2, fn_timestamp_to_date),
	PURE("pg_timestamp_time", 1, fn_timestamp_to_time),
	STABLE("pg_timestamp_time", 2, fn_timestamp_to_time),
	STABLE("pg_timestamptz_timetz", 1, fn_timestamptz_to_timetz),
	STABLE("pg_time_to_timetz", 1, fn_time_to_timetz),
	PURE("pg_timetz_to_time", 1, fn_timetz_to_time),
	PURE("pg_date_add", 2, fn_date_add),
	PURE("pg_date_sub", 2, fn_date_sub),
	PURE("pg_date_diff", 2, fn_date_diff),
	PURE("pg_date_time", 2, fn_date_time),
	PURE("pg_timestamp_add", 2, fn_timestamp_add),
	PURE("pg_timestamp_sub", 2, fn_timestamp_sub),
	STABLE("pg_timestamptz_add", 2, fn_timestamptz_add),
	STABLE("pg_timestamptz_sub", 2, fn_timestamptz_sub),
	PURE("pg_timestamp_diff", 2, fn_timestamp_diff),
	PURE("pg_time_shift", 3, fn_time_shift),
	PURE("pg_time_to_interval", 1, fn_time_to_interval),
	PURE("pg_time_to_interval", 2, fn_time_to_interval),
	PURE("pg_interval_to_time", 1, fn_interval_to_time),
	PURE("pg_interval_add", 2, fn_interval_add),
	PURE("pg_interval_sub", 1, fn_interval_sub),
	PURE("pg_interval_sub", 2, fn_interval_sub),
	PURE("pg_interval_mul", 2, fn_interval_mul),
	PURE("pg_interval_div", 2, fn_interval_div),
	PURE("pg_interval_fit", 2, fn_interval_fit),
	PURE("pg_round_us", 2, fn_round_us),
	PURE("pg_justify", 2, fn_justify),
	PURE("pg_is_finite", 1, fn_is_finite),
	STABLE("pg_age", 2, fn_age),
	STABLE("pg_age", 3, fn_age),
	STABLE("pg_extract", 3, fn_extract),
	STABLE("pg_date_part", 3, fn_date_part),
	STABLE("pg_date_trunc", 3, fn_date_trunc),
	STABLE("pg_date_trunc", 4, fn_date_trunc),
	PURE("pg_date_bin", 3, fn_date_bin),
	STABLE("pg_timezone", 3, fn_timezone),
	STABLE("pg_timezone", 4, fn_timezone),
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
	WINDOWED("pg_sum_interval", 1, interval_step, interval_sum_value, interval_sum_value, interval_inverse),
	WINDOWED("pg_avg_interval", 1, interval_step, interval_avg_value, interval_avg_value, interval_inverse),
	{ 0 },
};

const struct func_impl datetime_impls[] = {
	{ 1141, "date_pli(date,integer)", FUNC_SCALAR, "pg_date_add($1, $2)", FUNC_CHECKED },
	{ 1142, "date_mii(date,integer)", FUNC_SCALAR, "pg_date_sub($1, $2)", FUNC_CHECKED },
	{ 2550, "integer_pl_date(integer,date)", FUNC_SCALAR, "pg_date_add($2, $1)", FUNC_CHECKED },
	{ 1140, "date_mi(date,date)", FUNC_SCALAR, "pg_date_diff($1, $2)", FUNC_CHECKED },
	{ 2071, "date_pl_interval(date,interval)", FUNC_SCALAR,
	  "pg_timestamp_add(pg_date_to_timestamp($1), $2)", FUNC_CHECKED },
	{ 2072, "date_mi_interval(date,interval)", FUNC_SCALAR,
	  "pg_timestamp_sub(pg_date_to_timestamp($1), $2)", FUNC_CHECKED },
	{ 2546, "interval_pl_date(interval,date)", FUNC_SCALAR,
	  "pg_timestamp_add(pg_date_to_timestamp($2), $1)", FUNC_CHECKED },
	{ 1272, "datetime_pl(date,time without time zone)", FUNC_SCALAR, "pg_date_time($1, $2)", FUNC_CHECKED },
	{ 1296, "timedate_pl(time without time zone,date)", FUNC_SCALAR, "pg_date_time($2, $1)", FUNC_CHECKED },
	{ 1297, "datetimetz_pl(date,time with time zone)", FUNC_SCALAR, "pg_date_time($1, $2)", FUNC_CHECKED },
	{ 1298, "timetzdate_pl(time with time zone,date)", FUNC_SCALAR, "pg_date_time($2, $1)", FUNC_CHECKED },
	{ 2025, "\"timestamp\"(date,time without time zone)", FUNC_SCALAR, "pg_date_time($1, $2)", FUNC_CHECKED },
	{ 1176, "timestamptz(date,time without time zone)", FUNC_SCALAR,
	  "pg_timestamp_to_timestamptz(pg_date_time($1, $2))", FUNC_CHECKED },
	{ 1359, "timestamptz(date,time with time zone)", FUNC_SCALAR, "pg_date_time($1, $2)", FUNC_CHECKED },
	{ 2024, "\"timestamp\"(date)", FUNC_SCALAR, "pg_date_to_timestamp($1)", FUNC_CHECKED },
	{ 1174, "timestamptz(date)", FUNC_SCALAR, "pg_date_to_timestamptz($1)", FUNC_CHECKED },
	{ 2027, "\"timestamp\"(timestamp with time zone)", FUNC_SCALAR,
	  "pg_timestamptz_to_timestamp($1)", FUNC_CHECKED },
	{ 2028, "timestamptz(timestamp without time zone)", FUNC_SCALAR,
	  "pg_timestamp_to_timestamptz($1)", FUNC_CHECKED },
	{ 2029, "date(timestamp without time zone)", FUNC_SCALAR, "pg_timestamp_date($1)", 0 },
	{ 1178, "date(timestamp with time zone)", FUNC_SCALAR, "pg_timestamp_date($1, 1)", 0 },
	{ 1316, "\"time\"(timestamp without time zone)", FUNC_SCALAR, "pg_timestamp_time($1)", 0 },
	{ 2019, "\"time\"(timestamp with time zone)", FUNC_SCALAR, "pg_timestamp_time($1, 1)", 0 },
	{ 1419, "\"time\"(interval)", FUNC_SCALAR, "pg_interval_to_time($1)", 0 },
	{ 2046, "\"time\"(time with time zone)", FUNC_SCALAR, "pg_timetz_to_time($1)", 0 },
	{ 1388, "timetz(timestamp with time zone)", FUNC_SCALAR, "pg_timestamptz_timetz($1)", 0 },
	{ 2047, "timetz(time without time zone)", FUNC_SCALAR, "pg_time_to_timetz($1)", 0 },
	{ 1370, "\"interval\"(time without time zone)", FUNC_SCALAR, "pg_time_to_interval($1)", 0 },
	{ 1200, "\"interval\"(interval,integer)", FUNC_SCALAR, "pg_interval_fit($1, $2)", 0 },
	{ 1968, "\"time\"(time without time zone,integer)", FUNC_SCALAR, "pg_round_us($1, $2)", 0 },
	{ 1969, "timetz(time with time zone,integer)", FUNC_SCALAR, "pg_round_us($1, $2)", 0 },
	{ 1961, "\"timestamp\"(timestamp without time zone,integer)", FUNC_SCALAR,
	  "pg_round_us($1, $2)", 0 },
	{ 1967, "timestamptz(timestamp with time zone,integer)", FUNC_SCALAR,
	  "pg_round_us($1, $2)", 0 },
	{ 2032, "timestamp_pl_interval(timestamp without time zone,interval)", FUNC_SCALAR,
	  "pg_timestamp_add($1, $2)", FUNC_CHECKED },
	{ 2033, "timestamp_mi_interval(timestamp without time zone,interval)", FUNC_SCALAR,
	  "pg_timestamp_sub($1, $2)", FUNC_CHECKED },
	{ 1189, "timestamptz_pl_interval(timestamp with time zone,interval)", FUNC_SCALAR,
	  "pg_timestamptz_add($1, $2)", FUNC_CHECKED },
	{ 1190, "timestamptz_mi_interval(timestamp with time zone,interval)", FUNC_SCALAR,
	  "pg_timestamptz_sub($1, $2)", FUNC_CHECKED },
	{ 2548, "interval_pl_timestamp(interval,timestamp without time zone)", FUNC_SCALAR,
	  "pg_timestamp_add($2, $1)", FUNC_CHECKED },
	{ 2549, "interval_pl_timestamptz(interval,timestamp with time zone)", FUNC_SCALAR,
	  "pg_timestamptz_add($2, $1)", FUNC_CHECKED },
	{ 2031, "timestamp_mi(timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "pg_timestamp_diff($1, $2)", FUNC_CHECKED },
	{ 1188, "timestamptz_mi(timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "pg_timestamp_diff($1, $2)", FUNC_CHECKED },
	{ 1747, "time_pl_interval(time without time zone,interval)", FUNC_SCALAR,
	  "pg_time_shift($1, $2, 1)", 0 },
	{ 1749, "timetz_pl_interval(time with time zone,interval)", FUNC_SCALAR,
	  "pg_time_shift($1, $2, 1)", 0 },
	{ 1748, "time_mi_interval(time without time zone,interval)", FUNC_SCALAR,
	  "pg_time_shift($1, $2, -1)", 0 },
	{ 1750, "timetz_mi_interval(time with time zone,interval)", FUNC_SCALAR,
	  "pg_time_shift($1, $2, -1)", 0 },
	{ 1848, "interval_pl_time(interval,time without time zone)", FUNC_SCALAR,
	  "pg_time_shift($2, $1, 1)", 0 },
	{ 2547, "interval_pl_timetz(interval,time with time zone)", FUNC_SCALAR,
	  "pg_time_shift($2, $1, 1)", 0 },
	{ 1690, "time_mi_time(time without time zone,time without time zone)", FUNC_SCALAR,
	  "pg_time_to_interval($1, $2)", 0 },
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
	{ 1373, "isfinite(date)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 2048, "isfinite(timestamp without time zone)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 1389, "isfinite(timestamp with time zone)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 1390, "isfinite(interval)", FUNC_SCALAR, "($1 IS NOT NULL OR NULL)", 0 },
	{ 2058, "age(timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "pg_age('s', $1, $2)", FUNC_CHECKED },
	{ 1199, "age(timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "pg_age('u', $1, $2)", FUNC_CHECKED },
	{ 2059, "age(timestamp without time zone)", FUNC_SCALAR, "pg_age('s', $1)", FUNC_CHECKED },
	{ 1386, "age(timestamp with time zone)", FUNC_SCALAR, "pg_age('u', $1)", FUNC_CHECKED },
	{ 1384, "date_part(text,date)", FUNC_SCALAR, "pg_date_part($1, pg_date_to_timestamp($2), 's')", FUNC_CHECKED },
	{ 1385, "date_part(text,time without time zone)", FUNC_SCALAR,
	  "pg_date_part($1, $2, 't')", FUNC_CHECKED },
	{ 1273, "date_part(text,time with time zone)", FUNC_SCALAR, "pg_date_part($1, $2, 'z')", FUNC_CHECKED },
	{ 2021, "date_part(text,timestamp without time zone)", FUNC_SCALAR,
	  "pg_date_part($1, $2, 's')", FUNC_CHECKED },
	{ 1171, "date_part(text,timestamp with time zone)", FUNC_SCALAR,
	  "pg_date_part($1, $2, 'u')", FUNC_CHECKED },
	{ 1172, "date_part(text,interval)", FUNC_SCALAR, "pg_date_part($1, $2, 'i')", FUNC_CHECKED },
	{ 6199, "\"extract\"(text,date)", FUNC_SCALAR, "pg_extract($1, $2, 'd')", FUNC_CHECKED },
	{ 6200, "\"extract\"(text,time without time zone)", FUNC_SCALAR,
	  "pg_extract($1, $2, 't')", FUNC_CHECKED },
	{ 6201, "\"extract\"(text,time with time zone)", FUNC_SCALAR, "pg_extract($1, $2, 'z')", FUNC_CHECKED },
	{ 6202, "\"extract\"(text,timestamp without time zone)", FUNC_SCALAR,
	  "pg_extract($1, $2, 's')", FUNC_CHECKED },
	{ 6203, "\"extract\"(text,timestamp with time zone)", FUNC_SCALAR,
	  "pg_extract($1, $2, 'u')", FUNC_CHECKED },
	{ 6204, "\"extract\"(text,interval)", FUNC_SCALAR, "pg_extract($1, $2, 'i')", FUNC_CHECKED },
	{ 2020, "date_trunc(text,timestamp without time zone)", FUNC_SCALAR,
	  "pg_date_trunc($1, $2, 's')", FUNC_CHECKED },
	{ 1217, "date_trunc(text,timestamp with time zone)", FUNC_SCALAR,
	  "pg_date_trunc($1, $2, 'u')", FUNC_CHECKED },
	{ 1218, "date_trunc(text,interval)", FUNC_SCALAR, "pg_date_trunc($1, $2, 'i')", FUNC_CHECKED },
	{ 1284, "date_trunc(text,timestamp with time zone,text)", FUNC_SCALAR,
	  "pg_date_trunc($1, $2, 'u', $3)", FUNC_CHECKED },
	{ 6177, "date_bin(interval,timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "pg_date_bin($1, $2, $3)", FUNC_CHECKED },
	{ 6178, "date_bin(interval,timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "pg_date_bin($1, $2, $3)", FUNC_CHECKED },
	{ 1159, "timezone(text,timestamp with time zone)", FUNC_SCALAR,
	  "pg_timezone($1, $2, 'u')", FUNC_CHECKED },
	{ 2069, "timezone(text,timestamp without time zone)", FUNC_SCALAR,
	  "pg_timezone($1, $2, 's')", FUNC_CHECKED },
	{ 2037, "timezone(text,time with time zone)", FUNC_SCALAR, "pg_timezone($1, $2, 'z')", FUNC_CHECKED },
	{ 1026, "timezone(interval,timestamp with time zone)", FUNC_SCALAR,
	  "pg_timezone($1, $2, 'u', 1)", FUNC_CHECKED },
	{ 2070, "timezone(interval,timestamp without time zone)", FUNC_SCALAR,
	  "pg_timezone($1, $2, 's', 1)", FUNC_CHECKED },
	{ 2038, "timezone(interval,time with time zone)", FUNC_SCALAR,
	  "pg_timezone($1, $2, 'z', 1)", FUNC_CHECKED },
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
	{ 3935, "pg_sleep_for(interval)", FUNC_SCALAR,
	  "pg_sleep(pg_date_part('epoch', $1, 'i'))", FUNC_CHECKED },
	{ 2113, "sum(interval)", FUNC_AGGREGATE, "pg_sum_interval($d$1)", FUNC_CHECKED },
	{ 2106, "avg(interval)", FUNC_AGGREGATE, "pg_avg_interval($d$1)", FUNC_CHECKED },
	{ 938, "generate_series(timestamp without time zone,timestamp without time zone,interval)", FUNC_SET,
	  "pg_generate_series_timestamp($1, $2, $3)", FUNC_CHECKED },
	{ 939, "generate_series(timestamp with time zone,timestamp with time zone,interval)", FUNC_SET,
	  "pg_generate_series_timestamptz($1, $2, $3)", FUNC_CHECKED },
	{ 1138, "date_larger(date,date)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 2036, "timestamp_larger(timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "max($1, $2)", 0 },
	{ 1196, "timestamptz_larger(timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "max($1, $2)", 0 },
	{ 1139, "date_smaller(date,date)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 2035, "timestamp_smaller(timestamp without time zone,timestamp without time zone)", FUNC_SCALAR,
	  "min($1, $2)", 0 },
	{ 1195, "timestamptz_smaller(timestamp with time zone,timestamp with time zone)", FUNC_SCALAR,
	  "min($1, $2)", 0 },
	{ 0 },
};
