/*
 * datetime.c - dates, times and timestamps: conversions, arithmetic, zones, series
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/datetime.h"

#include "sql/func/set.h"
#include "sql/func/tables.h"
#include "sql/type/impl.h"

const struct timezone *datetime_zone(sqlite3_context *ctx)
{
	return func_conn(ctx)->env->timezone;
}

void datetime_timestamp_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range");
}

static void date_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range");
}

void datetime_interval_range(sqlite3_context *ctx)
{
	func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "interval out of range");
}

void datetime_result_timestamp(sqlite3_context *ctx, int64_t us)
{
	if (timestamp_is_finite(us) && !timestamp_in_range(us))
		datetime_timestamp_range(ctx);
	else
		sqlite3_result_int64(ctx, us);
}

bool datetime_get_interval(sqlite3_context *ctx, sqlite3_value *v, struct interval *i)
{
	struct datum d = func_datum(v);

	if (interval_from_datum(i, &d))
		return true;
	func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not an interval");
	return false;
}

void datetime_result_interval(sqlite3_context *ctx, const struct interval *i)
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
		datetime_result_timestamp(ctx, from_local(datetime_zone(ctx), us));
	else
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range for timestamp");
}

static void fn_timestamp_to_timestamptz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		datetime_result_timestamp(ctx, from_local(datetime_zone(ctx), sqlite3_value_int64(argv[0])));
}

static void fn_timestamptz_to_timestamp(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		datetime_result_timestamp(ctx, to_local(datetime_zone(ctx), sqlite3_value_int64(argv[0])));
}

static void fn_timestamp_to_date(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);

	if (func_null(argv[0]))
		return;
	if (n > 1)
		us = to_local(datetime_zone(ctx), us);
	sqlite3_result_int64(ctx, timestamp_is_finite(us) ? floor_div(us, US_PER_DAY) : us);
}

/* pg_timestamp_time(us[, 1 for timestamptz]) */
static void fn_timestamp_to_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);

	if (func_null(argv[0]) || !timestamp_is_finite(us))
		return;
	if (n > 1)
		us = to_local(datetime_zone(ctx), us);
	sqlite3_result_int64(ctx, us - floor_div(us, US_PER_DAY) * US_PER_DAY);
}

static void fn_timestamptz_to_timetz(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t us = sqlite3_value_int64(argv[0]);
	struct timetz t;

	(void)n;
	if (func_null(argv[0]) || !timestamp_is_finite(us))
		return;
	int offset = timezone_offset_at(datetime_zone(ctx), us, NULL);
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
	t.zone = -timezone_offset_at(datetime_zone(ctx), func_conn(ctx)->env->transaction_us, NULL);
	result_timetz(ctx, &t);
}

bool datetime_get_timetz(sqlite3_context *ctx, sqlite3_value *v, struct timetz *t)
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
	if (!func_null(argv[0]) && datetime_get_timetz(ctx, argv[0], &t))
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
	} else if (!datetime_get_timetz(ctx, argv[1], &t)) {
		return;
	}
	datetime_result_timestamp(ctx, timestamp_is_finite(us) ? us + t.us + t.zone * US_PER_SECOND : us);
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

	if (func_any_null(2, argv) || !datetime_get_interval(ctx, argv[1], &i))
		return;
	us = sqlite3_value_int64(argv[0]);
	if (add_interval(&us, &i, datetime_zone(ctx), local, sign))
		sqlite3_result_int64(ctx, us);
	else
		datetime_timestamp_range(ctx);
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
		datetime_interval_range(ctx);
		return;
	}
	interval_justify_hours(&i);
	datetime_result_interval(ctx, &i);
}

/* pg_time_shift(time or timetz, interval, sign) */
static void fn_time_shift(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;
	struct timetz t = { 0 };
	bool plain = sqlite3_value_type(argv[0]) == SQLITE_INTEGER;

	if (func_any_null(n, argv) || !datetime_get_interval(ctx, argv[1], &i))
		return;
	if (plain)
		t.us = sqlite3_value_int64(argv[0]);
	else if (!datetime_get_timetz(ctx, argv[0], &t))
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
	datetime_result_interval(ctx, &i);
}

static void fn_interval_to_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct interval i;

	(void)n;
	if (!func_null(argv[0]) && datetime_get_interval(ctx, argv[0], &i))
		sqlite3_result_int64(ctx, i.us - floor_div(i.us, US_PER_DAY) * US_PER_DAY);
}

static void fn_round_us(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct timetz t;

	if (func_any_null(n, argv))
		return;
	if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
		sqlite3_result_int64(ctx, round_us(sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[1])));
	} else if (datetime_get_timetz(ctx, argv[0], &t)) {
		t.us = round_us(t.us, sqlite3_value_int(argv[1]));
		result_timetz(ctx, &t);
	}
}

static void fn_is_finite(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		func_result_bool(ctx, timestamp_is_finite(sqlite3_value_int64(argv[0])));
}

/* AT TIME ZONE */

bool datetime_get_zone(sqlite3_context *ctx, sqlite3_value *v, bool is_interval,
		       const struct timezone **tz, int *offset)
{
	struct interval i;
	char text[128];
	bool dst;

	*tz = NULL;
	if (is_interval) {
		if (!datetime_get_interval(ctx, v, &i))
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
	if (!datetime_get_zone(ctx, argv[0], n > 3, &tz, &offset))
		return;
	struct timetz t;
	switch (*func_text(argv[2]).data) {
	case 'z':
		if (!datetime_get_timetz(ctx, argv[1], &t))
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
	datetime_result_timestamp(ctx, us);
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
	PURE("pg_round_us", 2, fn_round_us),
	PURE("pg_is_finite", 1, fn_is_finite),
	STABLE("pg_timezone", 3, fn_timezone),
	STABLE("pg_timezone", 4, fn_timezone),
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
	{ 1373, "isfinite(date)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 2048, "isfinite(timestamp without time zone)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 1389, "isfinite(timestamp with time zone)", FUNC_SCALAR, "pg_is_finite($1)", 0 },
	{ 1390, "isfinite(interval)", FUNC_SCALAR, "($1 IS NOT NULL OR NULL)", 0 },
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
