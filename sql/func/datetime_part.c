/*
 * datetime_part.c - what a date, time or interval consists of: extract, trunc, bin, age
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/datetime.h"

#include <stdio.h>

#include "sql/func/numeric.h"
#include "sql/func/tables.h"
#include "sql/type/impl.h"
#include "sql/type/numeric.h"

/* age(): years, months, days, time between two wall clocks */
static void age(sqlite3_context *ctx, int64_t a, int64_t b)
{
	struct interval r = { 0 };
	struct civil x, y;
	int sign = 1;

	if (!timestamp_is_finite(a) || !timestamp_is_finite(b)) {
		datetime_timestamp_range(ctx);
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
	datetime_result_interval(ctx, &r);
}

/* pg_age(mode, a[, b]) */
static void fn_age(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	bool zoned = *func_text(argv[0]).data == 'u';
	int64_t a = sqlite3_value_int64(argv[1]), b;
	if (zoned)
		a = to_local(datetime_zone(ctx), a);
	if (n > 2) {
		b = sqlite3_value_int64(argv[2]);
		if (zoned)
			b = to_local(datetime_zone(ctx), b);
		age(ctx, a, b);
		return;
	}
	b = to_local(datetime_zone(ctx), func_conn(ctx)->env->transaction_us);
	age(ctx, floor_div(b, US_PER_DAY) * US_PER_DAY, a);
}

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
		else if (!datetime_get_timetz(ctx, v, &t))
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
			zone = timezone_offset_at(datetime_zone(ctx), value, NULL);
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
	if (!datetime_get_interval(ctx, v, &i))
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
			value = to_local(datetime_zone(ctx), value);
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
	const struct timezone *tz = datetime_zone(ctx);
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
		if (!datetime_get_interval(ctx, argv[1], &i))
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
		datetime_result_interval(ctx, &i);
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
	datetime_result_timestamp(ctx, us);
}

/* pg_date_bin(stride, source, origin) */
static void fn_date_bin(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[0], &i))
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
		datetime_interval_range(ctx);
		return;
	}
	if (stride <= 0) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "stride must be greater than zero");
		return;
	}
	datetime_result_timestamp(ctx, origin + floor_div(diff, stride) * stride);
}

const struct func_udf datetime_part_udfs[] = {
	STABLE("pg_age", 2, fn_age),
	STABLE("pg_age", 3, fn_age),
	STABLE("pg_extract", 3, fn_extract),
	STABLE("pg_date_part", 3, fn_date_part),
	STABLE("pg_date_trunc", 3, fn_date_trunc),
	STABLE("pg_date_trunc", 4, fn_date_trunc),
	PURE("pg_date_bin", 3, fn_date_bin),
	{ 0 },
};

const struct func_impl datetime_part_impls[] = {
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
	{ 3935, "pg_sleep_for(interval)", FUNC_SCALAR,
	  "pg_sleep(pg_date_part('epoch', $1, 'i'))", FUNC_CHECKED },
	{ 0 },
};
