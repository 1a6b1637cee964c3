/*
 * datetime.c - date, time, timetz, timestamp, timestamptz
 *
 * FORMAT   of a timetz (key.h): the time in UTC, in microseconds, and the seconds west of
 *    UTC, both integers of key.h
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/datetime.h"

#include <stdlib.h>

#include "sql/type/impl.h"
#include "sql/type/key.h"

int64_t days_from_civil(int64_t year, int month, int day)
{
	/* years begin in March, so that the leap day is the last one */
	year -= month <= 2;
	int64_t era = floor_div(year, 400), in_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = in_era * 365 + in_era / 4 - in_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 730425;
}

int days_in_month(int64_t year, int month)
{
	static const char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

void civil_from_days(int64_t days, struct civil *c)
{
	int64_t z = days + 730425, era = floor_div(z, 146097), in_era = z - era * 146097;
	int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (int)((5 * day_of_year + 2) / 153);

	memset(c, 0, sizeof(*c));
	c->day = (int)(day_of_year - (153 * month + 2) / 5) + 1;
	c->month = month < 10 ? month + 3 : month - 9;
	c->year = year_of_era + era * 400 + (c->month <= 2);
	c->day_of_year = (int)(days - days_from_civil(c->year, 1, 1)) + 1;
}

void civil_from_us(int64_t us, struct civil *c)
{
	int64_t days = floor_div(us, US_PER_DAY), rest = us - days * US_PER_DAY;

	civil_from_days(days, c);
	c->hour = (int)(rest / US_PER_HOUR);
	c->minute = (int)(rest / US_PER_MINUTE % 60);
	c->second = (int)(rest / US_PER_SECOND % 60);
	c->us = (int)(rest % US_PER_SECOND);
}

int64_t iso_week_start(int64_t year, int week)
{
	int64_t fourth = days_from_civil(year, 1, 4); /* is in week 1 */
	int day = weekday(fourth);

	return fourth - (day == 0 ? 6 : day - 1) + 7 * ((int64_t)week - 1);
}

void iso_week(int64_t days, int64_t *year, int *week)
{
	struct civil c;

	civil_from_days(days, &c);
	*year = c.year + 1;
	while (days < iso_week_start(*year, 1))
		(*year)--;
	*week = (int)((days - iso_week_start(*year, 1)) / 7) + 1;
}

int64_t round_us(int64_t us, int32_t typmod)
{
	static const int64_t unit[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };

	if (typmod < 0 || typmod >= 6 || !timestamp_is_finite(us))
		return us;
	int64_t u = unit[typmod];
	return us >= 0 ? (us + u / 2) / u * u : -((-us + u / 2) / u * u);
}

/* Appending digits; n_digits at least. */
static void put_digits(struct buf *out, int64_t v, int n_digits)
{
	char text[24];
	int n = 0;

	for (; v > 0 || n < n_digits; v /= 10)
		text[n++] = (char)('0' + v % 10);
	char *at = buf_extend(out, (size_t)n);
	if (at != NULL)
		while (n > 0)
			*at++ = text[--n];
}

static void put_clock(struct buf *out, int hour, int minute, int second, int us)
{
	put_digits(out, hour, 2);
	buf_put_byte(out, ':');
	put_digits(out, minute, 2);
	buf_put_byte(out, ':');
	put_digits(out, second, 2);
	if (us != 0) {
		char text[8];
		size_t len;

		snprintf(text, sizeof(text), ".%06d", us);
		for (len = 7; text[len - 1] == '0';)
			len--;
		buf_put(out, text, len);
	}
}

static void put_offset(struct buf *out, int seconds)
{
	buf_put_byte(out, seconds < 0 ? '-' : '+');
	seconds = abs(seconds);
	put_digits(out, seconds / 3600, 2);
	if (seconds % 3600 != 0) {
		buf_put_byte(out, ':');
		put_digits(out, seconds / 60 % 60, 2);
	}
	if (seconds % 60 != 0) {
		buf_put_byte(out, ':');
		put_digits(out, seconds % 60, 2);
	}
}

/* The date part under the style; the year of BC is counted from 1. */
static void put_date(struct buf *out, const struct civil *c, const struct sql_env *env)
{
	int64_t year = c->year > 0 ? c->year : 1 - c->year;
	bool dmy = env->date_order == DATE_ORDER_DMY;
	char mark = env->date_style == DATE_STYLE_SQL ? '/' : env->date_style == DATE_STYLE_GERMAN ? '.' : '-';

	switch (env->date_style) {
	case DATE_STYLE_ISO:
		put_digits(out, year, 4);
		buf_put_byte(out, '-');
		put_digits(out, c->month, 2);
		buf_put_byte(out, '-');
		put_digits(out, c->day, 2);
		return;
	case DATE_STYLE_GERMAN:
		dmy = true;
		break;
	case DATE_STYLE_SQL:
	case DATE_STYLE_POSTGRES:
		break;
	}
	put_digits(out, dmy ? c->day : c->month, 2);
	buf_put_byte(out, mark);
	put_digits(out, dmy ? c->month : c->day, 2);
	buf_put_byte(out, mark);
	put_digits(out, year, 4);
}

static bool put_infinity(struct buf *out, int64_t v)
{
	if (v == TIMESTAMP_INFINITY)
		buf_put(out, "infinity", 8);
	else if (v == TIMESTAMP_MINUS_INFINITY)
		buf_put(out, "-infinity", 9);
	else
		return false;
	return true;
}

void date_put(struct buf *out, int64_t days, const struct sql_env *env)
{
	struct civil c;

	if (put_infinity(out, days))
		return;
	civil_from_days(days, &c);
	put_date(out, &c, env);
	if (c.year <= 0)
		buf_put(out, " BC", 3);
}

void time_put(struct buf *out, int64_t us)
{
	put_clock(out, (int)(us / US_PER_HOUR), (int)(us / US_PER_MINUTE % 60),
		  (int)(us / US_PER_SECOND % 60), (int)(us % US_PER_SECOND));
}

void timestamp_put(struct buf *out, int64_t us, const struct sql_env *env, bool with_zone)
{
	struct civil c, zone = { 0 };

	if (put_infinity(out, us))
		return;
	if (with_zone)
		us += timezone_offset_at(env->timezone, us, &zone) * US_PER_SECOND;
	civil_from_us(us, &c);
	if (env->date_style == DATE_STYLE_POSTGRES) {
		buf_put(out, day_names[weekday(floor_div(us, US_PER_DAY))], 3);
		buf_put_byte(out, ' ');
		if (env->date_order == DATE_ORDER_DMY) {
			put_digits(out, c.day, 2);
			buf_put_byte(out, ' ');
			buf_put(out, month_names[c.month - 1], 3);
		} else {
			buf_put(out, month_names[c.month - 1], 3);
			buf_put_byte(out, ' ');
			put_digits(out, c.day, 2);
		}
		buf_put_byte(out, ' ');
		put_clock(out, c.hour, c.minute, c.second, c.us);
		buf_put_byte(out, ' ');
		put_digits(out, c.year > 0 ? c.year : 1 - c.year, 4);
	} else {
		put_date(out, &c, env);
		buf_put_byte(out, ' ');
		put_clock(out, c.hour, c.minute, c.second, c.us);
	}
	if (with_zone) {
		if (env->date_style == DATE_STYLE_ISO) {
			put_offset(out, zone.zone);
		} else if (zone.zone_name != NULL && type_is_alpha(*zone.zone_name)) {
			buf_put_byte(out, ' ');
			buf_put_str(out, zone.zone_name);
		} else {
			if (env->date_style == DATE_STYLE_POSTGRES)
				buf_put_byte(out, ' ');
			else
				buf_put_byte(out, ' ');
			put_offset(out, zone.zone);
		}
	}
	if (c.year <= 0)
		buf_put(out, " BC", 3);
}

static bool date_range(const struct type_input *in, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "date out of range: \"%.*s\"", (int)in->len,
			     in->data);
}

static bool bad_syntax(const struct type_input *in, const char *name, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_INVALID_DATETIME_FORMAT,
			     "invalid input syntax for type %s: \"%.*s\"", name, (int)in->len, in->data);
}

/* yyyy-mm-dd, which nearly all are. */
static bool plain_date(const char *p, size_t len, int64_t *days)
{
	if (len != 10 || p[4] != '-' || p[7] != '-')
		return false;
	for (int i = 0; i < 10; i++)
		if (i != 4 && i != 7 && !type_is_digit(p[i]))
			return false;
	int year = (p[0] - '0') * 1000 + (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0';
	int month = (p[5] - '0') * 10 + p[6] - '0', day = (p[8] - '0') * 10 + p[9] - '0';
	if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

static bool date_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct parsed p;
	int64_t days;

	if (plain_date(in->data, in->len, &days)) {
		datum_set_int(out, days);
		return true;
	}
	if (!datetime_parse(in->data, in->len, in->ctx->env, "date", &p, err))
		return false;
	switch (p.kind) {
	case PARSED_INFINITY:
		datum_set_int(out, TIMESTAMP_INFINITY);
		return true;
	case PARSED_MINUS_INFINITY:
		datum_set_int(out, TIMESTAMP_MINUS_INFINITY);
		return true;
	case PARSED_EPOCH:
		datum_set_int(out, -EPOCH_DAYS);
		return true;
	case PARSED_CIVIL:
		break;
	}
	if (!p.has_date)
		return bad_syntax(in, "date", err);
	days = days_from_civil(p.civil.year, p.civil.month, p.civil.day);
	if (days < DATE_MIN || days >= DATE_END)
		return date_range(in, err);
	datum_set_int(out, days);
	return true;
}

static bool int_value(oid_t type, const struct datum *value, struct sql_error *err)
{
	return value->kind == DATUM_INT ? true : type_corrupt(type, err);
}

static bool date_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	if (!int_value(type, value, err))
		return false;
	date_put(out, value->i, ctx->env);
	return true;
}

static bool date_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 4)
		return type_bad_binary(err);
	int32_t days = (int32_t)get_u32(in->data);
	if (days == INT32_MAX || days == INT32_MIN) {
		datum_set_int(out, days > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY);
		return true;
	}
	if (days < DATE_MIN || days >= DATE_END)
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "date out of range");
	datum_set_int(out, days);
	return true;
}

static bool date_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (!int_value(type, value, err))
		return false;
	buf_put_u32(out, (uint32_t)(value->i == TIMESTAMP_INFINITY ? INT32_MAX
				    : value->i == TIMESTAMP_MINUS_INFINITY ? INT32_MIN : (int32_t)value->i));
	return true;
}

static int64_t clock_us(const struct civil *c)
{
	return c->hour * US_PER_HOUR + c->minute * US_PER_MINUTE + c->second * US_PER_SECOND + c->us;
}

static bool time_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct parsed p;

	if (!datetime_parse(in->data, in->len, in->ctx->env, "time", &p, err))
		return false;
	if (p.kind != PARSED_CIVIL || !p.has_time)
		return bad_syntax(in, "time", err);
	datum_set_int(out, round_us(clock_us(&p.civil), in->typmod));
	return true;
}

static bool time_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (!int_value(type, value, err))
		return false;
	time_put(out, value->i);
	return true;
}

static bool time_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 8)
		return type_bad_binary(err);
	int64_t us = (int64_t)get_u64(in->data);
	if (us < 0 || us > US_PER_DAY)
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "time out of range");
	datum_set_int(out, round_us(us, in->typmod));
	return true;
}

static bool int8_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (!int_value(type, value, err))
		return false;
	buf_put_u64(out, (uint64_t)value->i);
	return true;
}

void timetz_encode(struct buf *out, const struct timetz *t)
{
	buf_put_byte(out, KEY_MARK);
	key_put_int(out, t->us + t->zone * US_PER_SECOND);
	key_put_int(out, t->zone);
	key_finish(out, NULL, 0);
}

bool timetz_from_datum(struct timetz *t, const struct datum *d)
{
	struct key_parts parts;
	int64_t utc, zone;

	if (d->kind != DATUM_TEXT || !key_split(d->data, d->len, &parts))
		return false;
	const char *p = parts.key, *end = p + parts.key_len;
	if (!key_get_int(&p, end, &utc) || !key_get_int(&p, end, &zone) || p != end ||
	    zone != (int32_t)zone)
		return false;
	t->us = utc - zone * US_PER_SECOND;
	t->zone = (int)zone;
	return true;
}

static bool timetz_finish(const struct type_input *in, const struct timetz *t, struct datum *out,
			  struct sql_error *err)
{
	struct buf b = BUF_INIT(64);
	bool ok;

	timetz_encode(&b, t);
	ok = b.failed ? sql_error_no_memory(err) : datum_copy_text(in->ctx, b.data, b.len, out, err);
	buf_free(&b);
	return ok;
}

static bool timetz_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct timetz t;
	struct parsed p;

	if (!datetime_parse(in->data, in->len, in->ctx->env, "time with time zone", &p, err))
		return false;
	if (p.kind != PARSED_CIVIL || !p.has_time)
		return bad_syntax(in, "time with time zone", err);
	t.us = round_us(clock_us(&p.civil), in->typmod);
	/* the session's zone is taken as it is today */
	int64_t day = p.has_date ? days_from_civil(p.civil.year, p.civil.month, p.civil.day)
				 : floor_div(to_local(in->ctx->env->timezone, in->ctx->env->transaction_us),
					     US_PER_DAY);
	t.zone = -parsed_offset(&p, in->ctx->env, day * US_PER_DAY + t.us);
	if (t.zone <= -16 * 3600 || t.zone >= 16 * 3600)
		return sql_error_set(err, "22009", "time zone displacement out of range: \"%.*s\"",
				     (int)in->len, in->data);
	return timetz_finish(in, &t, out, err);
}

static bool timetz_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	struct timetz t;

	(void)ctx;
	if (!timetz_from_datum(&t, value))
		return type_corrupt(type, err);
	time_put(out, t.us);
	put_offset(out, -t.zone);
	return true;
}

static bool timetz_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct timetz t;

	if (in->len != 12)
		return type_bad_binary(err);
	t.us = (int64_t)get_u64(in->data);
	t.zone = (int32_t)get_u32(in->data + 8);
	if (t.us < 0 || t.us > US_PER_DAY)
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "time out of range");
	if (t.zone <= -16 * 3600 || t.zone >= 16 * 3600)
		return sql_error_set(err, "22009", "time zone displacement out of range");
	t.us = round_us(t.us, in->typmod);
	return timetz_finish(in, &t, out, err);
}

static bool timetz_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	struct timetz t;

	(void)ctx;
	if (!timetz_from_datum(&t, value))
		return type_corrupt(type, err);
	buf_put_u64(out, (uint64_t)t.us);
	buf_put_u32(out, (uint32_t)t.zone);
	return true;
}

static bool timestamp_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	bool with_zone = in->type == TIMESTAMPTZOID;
	const char *name = with_zone ? "timestamp with time zone" : "timestamp";
	struct parsed p;
	int64_t us;

	if (!datetime_parse(in->data, in->len, in->ctx->env, name, &p, err))
		return false;
	switch (p.kind) {
	case PARSED_INFINITY:
		datum_set_int(out, TIMESTAMP_INFINITY);
		return true;
	case PARSED_MINUS_INFINITY:
		datum_set_int(out, TIMESTAMP_MINUS_INFINITY);
		return true;
	case PARSED_EPOCH:
		us = -EPOCH_DAYS * US_PER_DAY;
		if (!with_zone)
			us = -EPOCH_DAYS * US_PER_DAY;
		datum_set_int(out, us);
		return true;
	case PARSED_CIVIL:
		break;
	}
	if (!p.has_date)
		return bad_syntax(in, name, err);
	__int128 wide = (__int128)days_from_civil(p.civil.year, p.civil.month, p.civil.day) * US_PER_DAY +
			clock_us(&p.civil);
	bool ok = wide >= TIMESTAMP_MIN - US_PER_DAY && wide < TIMESTAMP_END + US_PER_DAY &&
		  wide == (int64_t)wide;
	us = (int64_t)wide;
	if (ok && with_zone)
		ok = !__builtin_sub_overflow(us, parsed_offset(&p, in->ctx->env, us) * US_PER_SECOND, &us);
	if (!ok || !timestamp_in_range(us))
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range: \"%.*s\"",
				     (int)in->len, in->data);
	datum_set_int(out, round_us(us, in->typmod));
	return true;
}

static bool timestamp_out(const struct type_context *ctx, oid_t type, const struct datum *value,
			  struct buf *out, struct sql_error *err)
{
	if (!int_value(type, value, err))
		return false;
	timestamp_put(out, value->i, ctx->env, type == TIMESTAMPTZOID);
	return true;
}

static bool timestamp_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 8)
		return type_bad_binary(err);
	int64_t us = (int64_t)get_u64(in->data);
	if (timestamp_is_finite(us) && !timestamp_in_range(us))
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range");
	datum_set_int(out, round_us(us, in->typmod));
	return true;
}

const struct type_ops datetime_types[] = {
	{ DATEOID, "INTEGER", date_in, date_out, date_recv, date_send },
	{ TIMEOID, "INTEGER", time_in, time_out, time_recv, int8_send },
	{ TIMETZOID, KEY_STORAGE, timetz_in, timetz_out, timetz_recv, timetz_send },
	{ TIMESTAMPOID, "INTEGER", timestamp_in, timestamp_out, timestamp_recv, int8_send },
	{ TIMESTAMPTZOID, "INTEGER", timestamp_in, timestamp_out, timestamp_recv, int8_send },
	{ 0 },
};
