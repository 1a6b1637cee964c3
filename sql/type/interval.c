/*
 * interval.c - spans of time: months, days and microseconds, each of its own
 *
 * FORMAT   of the key (key.h): the whole span in days of 24 hours and months of 30 days,
 *    then the microseconds of the rest, both integers of key.h
 *    payload: months, days, microseconds, integers of key.h; nothing if they are 0, the
 *    days and the rest of the key
 *
 * Source: PostgreSQL 15 documentation, sections 8.5.4 and 8.5.5.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "sql/type/datetime.h"
#include "sql/type/impl.h"
#include "sql/type/key.h"

#define RANGE_YEAR (1 << 2)
#define RANGE_MONTH (1 << 1)
#define RANGE_DAY (1 << 3)
#define RANGE_HOUR (1 << 10)
#define RANGE_MINUTE (1 << 11)
#define RANGE_SECOND (1 << 12)
#define RANGE_FULL 0x7FFF

void interval_encode(struct buf *out, const struct interval *i)
{
	__int128 span = ((__int128)i->months * 30 + i->days) * US_PER_DAY + i->us;
	int64_t days = (int64_t)(span / US_PER_DAY), rest = (int64_t)(span % US_PER_DAY);
	struct buf payload = BUF_INIT(64);

	if (rest < 0) {
		rest += US_PER_DAY;
		days--;
	}
	buf_put_byte(out, KEY_MARK);
	key_put_int(out, days);
	key_put_int(out, rest);
	if (i->months != 0 || i->days != days) {
		key_put_int(&payload, i->months);
		key_put_int(&payload, i->days);
		key_put_int(&payload, i->us);
	}
	key_finish(out, payload.data, payload.len);
	out->failed |= payload.failed;
	buf_free(&payload);
}

bool interval_from_datum(struct interval *i, const struct datum *d)
{
	struct key_parts parts;
	int64_t a, b, c;

	if (d->kind != DATUM_TEXT || !key_split(d->data, d->len, &parts))
		return false;
	const char *p = parts.key, *end = p + parts.key_len;
	if (!key_get_int(&p, end, &b) || !key_get_int(&p, end, &c) || p != end)
		return false;
	a = 0;
	if (parts.payload_len > 0) {
		p = parts.payload;
		end = p + parts.payload_len;
		if (!key_get_int(&p, end, &a) || !key_get_int(&p, end, &b) || !key_get_int(&p, end, &c) ||
		    p != end)
			return false;
	}
	if (a != (int32_t)a || b != (int32_t)b)
		return false;
	i->months = (int32_t)a;
	i->days = (int32_t)b;
	i->us = c;
	return true;
}

static void put_fraction(struct buf *out, int64_t us)
{
	char text[8];
	size_t len = 7;

	if (us == 0)
		return;
	snprintf(text, sizeof(text), ".%06d", (int)us);
	while (text[len - 1] == '0')
		len--;
	buf_put(out, text, len);
}

static void put_clock(struct buf *out, int64_t us, bool pad)
{
	uint64_t u = us < 0 ? -(uint64_t)us : (uint64_t)us;

	buf_printf(out, pad ? "%02llu:%02llu:%02llu" : "%llu:%02llu:%02llu",
		   (unsigned long long)(u / US_PER_HOUR), (unsigned long long)(u / US_PER_MINUTE % 60),
		   (unsigned long long)(u / US_PER_SECOND % 60));
	put_fraction(out, (int64_t)(u % US_PER_SECOND));
}

/* "1 year", "-2 mons", with a plus where something negative came before */
static void put_part(struct buf *out, int64_t v, const char *unit, bool *first, bool *before)
{
	if (v == 0)
		return;
	buf_printf(out, "%s%s%lld %s%s", *first ? "" : " ", *before && v > 0 ? "+" : "", (long long)v, unit,
		   v == 1 ? "" : "s");
	*before = v < 0;
	*first = false;
}

static void put_verbose(struct buf *out, int64_t v, const char *unit, bool *first, bool *ago)
{
	if (v == 0)
		return;
	if (*first) {
		*ago = v < 0;
		v = v < 0 ? -v : v;
	} else if (*ago) {
		v = -v;
	}
	buf_printf(out, " %lld %s%s", (long long)v, unit, v == 1 ? "" : "s");
	*first = false;
}

static void put_iso(struct buf *out, int64_t v, char unit)
{
	if (v != 0)
		buf_printf(out, "%lld%c", (long long)v, unit);
}

static void put_sql(struct buf *out, const struct interval *i)
{
	int64_t year = i->months / 12, month = i->months % 12;
	bool negative = i->months < 0 || i->days < 0 || i->us < 0;
	bool positive = i->months > 0 || i->days > 0 || i->us > 0;
	bool has_months = i->months != 0, has_time = i->days != 0 || i->us != 0;

	if (!negative && !positive) {
		buf_put_byte(out, '0');
	} else if ((negative && positive) || (has_months && has_time)) {
		/* mixed: each part with its sign */
		buf_printf(out, "%c%lld-%lld %c%lld %c", i->months < 0 ? '-' : '+', llabs(year), llabs(month),
			   i->days < 0 ? '-' : '+', llabs((long long)i->days), i->us < 0 ? '-' : '+');
		put_clock(out, i->us, false);
	} else if (has_months) {
		buf_printf(out, "%s%lld-%lld", negative ? "-" : "", llabs(year), llabs(month));
	} else if (i->days != 0) {
		buf_printf(out, "%s%lld ", negative ? "-" : "", llabs((long long)i->days));
		put_clock(out, i->us, false);
	} else {
		if (negative)
			buf_put_byte(out, '-');
		put_clock(out, i->us, false);
	}
}

void interval_put(struct buf *out, const struct interval *i, enum interval_style style)
{
	int64_t year = i->months / 12, month = i->months % 12;
	bool first = true, before = false;

	switch (style) {
	case INTERVAL_STYLE_SQL_STANDARD:
		put_sql(out, i);
		return;
	case INTERVAL_STYLE_ISO_8601:
		buf_put_byte(out, 'P');
		if (i->months == 0 && i->days == 0 && i->us == 0) {
			buf_put_str(out, "T0S");
			return;
		}
		put_iso(out, year, 'Y');
		put_iso(out, month, 'M');
		put_iso(out, i->days, 'D');
		if (i->us != 0) {
			int64_t s = i->us % US_PER_MINUTE;

			buf_put_byte(out, 'T');
			put_iso(out, i->us / US_PER_HOUR, 'H');
			put_iso(out, i->us / US_PER_MINUTE % 60, 'M');
			if (s != 0) {
				buf_printf(out, "%s%lld", s < 0 ? "-" : "", llabs(s / US_PER_SECOND));
				put_fraction(out, llabs(s % US_PER_SECOND));
				buf_put_byte(out, 'S');
			}
		}
		return;
	case INTERVAL_STYLE_POSTGRES_VERBOSE: {
		bool ago = false;
		int64_t s = i->us % US_PER_MINUTE;

		buf_put_byte(out, '@');
		put_verbose(out, year, "year", &first, &ago);
		put_verbose(out, month, "mon", &first, &ago);
		put_verbose(out, i->days, "day", &first, &ago);
		put_verbose(out, i->us / US_PER_HOUR, "hour", &first, &ago);
		put_verbose(out, i->us / US_PER_MINUTE % 60, "min", &first, &ago);
		if (s != 0) {
			if (first) {
				ago = s < 0;
				s = llabs(s);
			} else if (ago) {
				s = -s;
			}
			buf_printf(out, " %s%lld", s < 0 ? "-" : "", llabs(s / US_PER_SECOND));
			put_fraction(out, llabs(s % US_PER_SECOND));
			buf_put_str(out, s == US_PER_SECOND ? " sec" : " secs");
			first = false;
		}
		if (first)
			buf_put_str(out, " 0");
		if (ago)
			buf_put_str(out, " ago");
		return;
	}
	case INTERVAL_STYLE_POSTGRES:
		break;
	}
	put_part(out, year, "year", &first, &before);
	put_part(out, month, "mon", &first, &before);
	put_part(out, i->days, "day", &first, &before);
	if (first || i->us != 0) {
		buf_printf(out, "%s%s", first ? "" : " ", i->us < 0 ? "-" : before ? "+" : "");
		put_clock(out, i->us, true);
	}
}

bool interval_fit(struct interval *i, int32_t typmod, struct sql_error *err)
{
	int range, precision;

	(void)err;
	if (typmod < 0)
		return true;
	range = typmod >> 16 & 0x7FFF;
	precision = typmod & 0xFFFF;
	switch (range) {
	case RANGE_YEAR:
		i->months = i->months / 12 * 12;
		i->days = 0;
		i->us = 0;
		break;
	case RANGE_MONTH:
	case RANGE_YEAR | RANGE_MONTH:
		i->days = 0;
		i->us = 0;
		break;
	case RANGE_DAY:
		i->us = 0;
		break;
	case RANGE_HOUR:
	case RANGE_DAY | RANGE_HOUR:
		i->us = i->us / US_PER_HOUR * US_PER_HOUR;
		break;
	case RANGE_MINUTE:
	case RANGE_DAY | RANGE_HOUR | RANGE_MINUTE:
	case RANGE_HOUR | RANGE_MINUTE:
		i->us = i->us / US_PER_MINUTE * US_PER_MINUTE;
		break;
	default:
		break;
	}
	if (precision <= 6)
		i->us = round_us(i->us, precision);
	return true;
}

/* Sums that may overflow; ok stays false once it was. */
struct sum {
	int64_t months, days, us;
	bool ok;
};

static void add(struct sum *s, int64_t *to, int64_t v, int64_t times)
{
	int64_t product;

	if (__builtin_mul_overflow(v, times, &product) || __builtin_add_overflow(*to, product, to))
		s->ok = false;
}

static void add_fraction_us(struct sum *s, double fraction, double scale)
{
	double v = rint(fraction * scale);

	if (fabs(v) > 9e18)
		s->ok = false;
	else
		add(s, &s->us, (int64_t)v, 1);
}

static void add_fraction_days(struct sum *s, double fraction, int scale)
{
	double days = fraction * scale;
	int64_t whole = (int64_t)days;

	add(s, &s->days, whole, 1);
	add_fraction_us(s, days - (double)whole, (double)US_PER_DAY);
}

/* v and fraction (of the same sign) of a unit */
static bool add_unit(struct sum *s, enum unit unit, int64_t v, double fraction)
{
	switch (unit) {
	case UNIT_MICROSECOND:
		add(s, &s->us, v, 1);
		add_fraction_us(s, fraction, 1);
		return true;
	case UNIT_MILLISECOND:
		add(s, &s->us, v, 1000);
		add_fraction_us(s, fraction, 1000);
		return true;
	case UNIT_SECOND:
		add(s, &s->us, v, US_PER_SECOND);
		add_fraction_us(s, fraction, (double)US_PER_SECOND);
		return true;
	case UNIT_MINUTE:
		add(s, &s->us, v, US_PER_MINUTE);
		add_fraction_us(s, fraction, (double)US_PER_MINUTE);
		return true;
	case UNIT_HOUR:
		add(s, &s->us, v, US_PER_HOUR);
		add_fraction_us(s, fraction, (double)US_PER_HOUR);
		return true;
	case UNIT_DAY:
		add(s, &s->days, v, 1);
		add_fraction_us(s, fraction, (double)US_PER_DAY);
		return true;
	case UNIT_WEEK:
		add(s, &s->days, v, 7);
		add_fraction_days(s, fraction, 7);
		return true;
	case UNIT_MONTH:
		add(s, &s->months, v, 1);
		add_fraction_days(s, fraction, 30);
		return true;
	case UNIT_YEAR:
		add(s, &s->months, v, 12);
		add(s, &s->months, (int64_t)rint(fraction * 12), 1);
		return true;
	case UNIT_DECADE:
		add(s, &s->months, v, 120);
		add(s, &s->months, (int64_t)rint(fraction * 120), 1);
		return true;
	case UNIT_CENTURY:
		add(s, &s->months, v, 1200);
		add(s, &s->months, (int64_t)rint(fraction * 1200), 1);
		return true;
	case UNIT_MILLENNIUM:
		add(s, &s->months, v, 12000);
		add(s, &s->months, (int64_t)rint(fraction * 12000), 1);
		return true;
	default:
		return false;
	}
}

/* What a number without a unit counts, given the typmod. */
static enum unit default_unit(int range)
{
	if ((range & RANGE_FULL) == RANGE_FULL || (range & RANGE_SECOND) != 0)
		return UNIT_SECOND;
	if ((range & RANGE_MINUTE) != 0)
		return UNIT_MINUTE;
	if ((range & RANGE_HOUR) != 0)
		return UNIT_HOUR;
	if ((range & RANGE_DAY) != 0)
		return UNIT_DAY;
	if ((range & RANGE_MONTH) != 0)
		return UNIT_MONTH;
	return (range & RANGE_YEAR) != 0 ? UNIT_YEAR : UNIT_SECOND;
}

/* Digits and a fraction at *p; sign is applied.  False if there are none, or too many. */
static bool read_number(const char **p, const char *end, bool negative, int64_t *v, double *fraction,
			bool *overflow)
{
	const char *start = *p;
	bool any = false;

	*v = 0;
	*fraction = 0;
	for (; *p < end && type_is_digit(**p); (*p)++) {
		any = true;
		if (__builtin_mul_overflow(*v, (int64_t)10, v) ||
		    __builtin_add_overflow(*v, (int64_t)(**p - '0'), v))
			*overflow = true;
	}
	if (*p < end && **p == '.') {
		char text[40] = "0.";
		size_t n = 2;

		for ((*p)++; *p < end && type_is_digit(**p); (*p)++) {
			any = true;
			if (n < sizeof(text) - 1)
				text[n++] = **p;
		}
		text[n] = '\0';
		*fraction = strtod(text, NULL);
	}
	if (!any) {
		*p = start;
		return false;
	}
	if (negative) {
		*v = -*v;
		*fraction = -*fraction;
	}
	return true;
}

/* h:mm[:ss[.f]], or mm:ss where the typmod says minute to second */
static bool read_clock(const char **p, const char *end, int64_t first, bool negative, int range,
		       struct sum *s)
{
	int64_t part[3] = { first, 0, 0 };
	int64_t us;
	double fraction = 0;
	int n = 1;

	while (*p < end && **p == ':' && n < 3) {
		bool overflow = false;

		(*p)++;
		if (!read_number(p, end, false, &part[n], &fraction, &overflow) || overflow)
			return false;
		n++;
		if (fraction != 0)
			break;
	}
	if (n < 2)
		return false;
	if (n == 2 && (fraction != 0 || range == (RANGE_MINUTE | RANGE_SECOND))) {
		part[2] = part[1];
		part[1] = part[0];
		part[0] = 0;
	}
	if (part[1] > 59 || part[2] > 60) {
		s->ok = false;
		return true;
	}
	struct sum clock = { .ok = true };
	add(&clock, &clock.us, part[0], US_PER_HOUR);
	add(&clock, &clock.us, part[1], US_PER_MINUTE);
	add(&clock, &clock.us, part[2], US_PER_SECOND);
	us = clock.us;
	if (!clock.ok)
		s->ok = false;
	us += (int64_t)rint(fraction * (double)US_PER_SECOND);
	add(s, &s->us, negative ? -us : us, 1);
	return true;
}

/* P1Y2M3DT4H5M6S, P0001-02-03T04:05:06 */
static bool parse_iso(const char *p, const char *end, struct sum *s)
{
	bool time = false, any = false;

	if (p == end)
		return false;
	while (p < end) {
		int64_t v;
		double fraction;
		bool negative = false, overflow = false;

		if (*p == 'T') {
			if (time)
				return false;
			time = true;
			p++;
			continue;
		}
		if (*p == '-' || *p == '+')
			negative = *p++ == '-';
		const char *start = p;
		if (!read_number(&p, end, negative, &v, &fraction, &overflow))
			return false;
		if (overflow)
			s->ok = false;
		any = true;
		if (p < end && (*p == '-' || *p == ':')) {
			/* the alternative format */
			if (time) {
				if (!read_clock(&p, end, negative ? -v : v, negative, RANGE_FULL, s))
					return false;
				continue;
			}
			add(s, &s->months, v, 12);
			for (int n = 0; n < 2 && p < end && *p == '-'; n++) {
				p++;
				if (!read_number(&p, end, negative, &v, &fraction, &overflow))
					return false;
				if (n == 0)
					add(s, &s->months, v, 1);
				else
					add(s, &s->days, v, 1);
			}
			continue;
		}
		if (p == end || *p == 'T') {
			size_t digits = (size_t)(p - start);

			if (!time && digits == 8) {
				add(s, &s->months, v / 10000, 12);
				add(s, &s->months, v / 100 % 100, 1);
				add(s, &s->days, v % 100, 1);
				continue;
			}
			if (!time && digits == 4) {
				add(s, &s->months, v, 12);
				continue;
			}
			if (time && (digits == 6 || digits == 4 || digits == 2)) {
				int64_t h = digits == 6 ? v / 10000 : digits == 4 ? v / 100 : v;

				add(s, &s->us, h, US_PER_HOUR);
				add(s, &s->us, digits == 6 ? v / 100 % 100 : digits == 4 ? v % 100 : 0,
				    US_PER_MINUTE);
				add(s, &s->us, digits == 6 ? v % 100 : 0, US_PER_SECOND);
				continue;
			}
			return false;
		}
		enum unit unit;
		switch (*p++) {
		case 'Y':
			unit = UNIT_YEAR;
			break;
		case 'M':
			unit = time ? UNIT_MINUTE : UNIT_MONTH;
			break;
		case 'W':
			unit = UNIT_WEEK;
			break;
		case 'D':
			unit = UNIT_DAY;
			break;
		case 'H':
			unit = UNIT_HOUR;
			break;
		case 'S':
			unit = UNIT_SECOND;
			break;
		default:
			return false;
		}
		if (time != (unit == UNIT_HOUR || unit == UNIT_MINUTE || unit == UNIT_SECOND))
			return false;
		add_unit(s, unit, v, fraction);
	}
	return any;
}

static bool parse_parts(const char *p, const char *end, int range, enum interval_style style, struct sum *s)
{
	bool any = false, ago = false, all_negative = false, first = true;
	struct {
		int64_t v;
		double fraction;
		bool pending;
	} last = { 0, 0, false };
	unsigned seen = 0;

	while (p < end) {
		bool negative = false, signed_here = false, overflow = false;

		if (type_is_space(*p) || *p == ',' || (*p == '@' && !any)) {
			p++;
			continue;
		}
		if (type_is_alpha(*p)) {
			const char *word = p;

			while (p < end && type_is_alpha(*p))
				p++;
			size_t len = (size_t)(p - word);
			if (type_word_is(word, len, "ago")) {
				if (last.pending || !any)
					return false;
				ago = true;
				continue;
			}
			enum unit unit = unit_named(word, len);
			if (!last.pending || unit == UNIT_NONE)
				return false;
			if (unit < UNIT_DOW && (seen & 1u << unit) != 0 && unit != UNIT_SECOND)
				return false;
			seen |= unit < UNIT_DOW ? 1u << unit : 0;
			if (!add_unit(s, unit, last.v, last.fraction))
				return false;
			last.pending = false;
			continue;
		}
		if (ago)
			return false;
		if (*p == '+' || *p == '-') {
			signed_here = true;
			negative = *p++ == '-';
			while (p < end && type_is_space(*p))
				p++;
			if (first && negative && style == INTERVAL_STYLE_SQL_STANDARD)
				all_negative = true;
		}
		if (all_negative && !signed_here)
			negative = true;
		int64_t v;
		double fraction;
		if (!read_number(&p, end, false, &v, &fraction, &overflow))
			return false;
		if (overflow)
			s->ok = false;
		if (last.pending) {
			/* a number before a clock is of days */
			if (p == end || *p != ':')
				return false;
			add_unit(s, UNIT_DAY, last.v, last.fraction);
			last.pending = false;
		}
		first = false;
		any = true;
		if (p < end && *p == ':') {
			if (!read_clock(&p, end, v, negative, range, s))
				return false;
			continue;
		}
		if (p < end && *p == '-' && p + 1 < end && type_is_digit(p[1])) {
			/* years-months */
			int64_t months;
			double none;

			p++;
			if (!read_number(&p, end, false, &months, &none, &overflow) || overflow)
				return false;
			if (months > 11)
				s->ok = false;
			add(s, &s->months, negative ? -v : v, 12);
			add(s, &s->months, negative ? -months : months, 1);
			add_fraction_days(s, negative ? -none : none, 30);
			continue;
		}
		last.v = negative ? -v : v;
		last.fraction = negative ? -fraction : fraction;
		last.pending = true;
	}
	if (last.pending)
		add_unit(s, default_unit(range), last.v, last.fraction);
	if (ago) {
		s->months = -s->months;
		s->days = -s->days;
		if (s->us == INT64_MIN)
			s->ok = false;
		else
			s->us = -s->us;
	}
	return any;
}

bool interval_parse(const char *text, size_t len, int32_t typmod, enum interval_style style,
		    struct interval *out, struct sql_error *err)
{
	struct sum s = { .ok = true };
	const char *p = text;
	size_t n = len;
	int range = typmod < 0 ? RANGE_FULL : typmod >> 16 & 0x7FFF;
	bool good;

	type_trim(&p, &n);
	if (n > 0 && *p == 'P')
		good = parse_iso(p + 1, p + n, &s);
	else
		good = n <= 200 && parse_parts(p, p + n, range, style, &s);
	if (!good)
		return sql_error_set(err, ERRCODE_INVALID_DATETIME_FORMAT,
				     "invalid input syntax for type interval: \"%.*s\"", (int)len, text);
	if (s.ok && s.months != (int32_t)s.months && s.months / 12 == (int32_t)(s.months / 12))
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "interval out of range");
	if (!s.ok || s.months != (int32_t)s.months || s.days != (int32_t)s.days)
		return sql_error_set(err, ERRCODE_INTERVAL_OVERFLOW,
				     "interval field value out of range: \"%.*s\"", (int)len, text);
	out->months = (int32_t)s.months;
	out->days = (int32_t)s.days;
	out->us = s.us;
	return interval_fit(out, typmod, err);
}

void interval_justify_hours(struct interval *i)
{
	int64_t whole = i->us / US_PER_DAY;

	i->us -= whole * US_PER_DAY;
	i->days += (int32_t)whole;
	if (i->days > 0 && i->us < 0) {
		i->us += US_PER_DAY;
		i->days--;
	} else if (i->days < 0 && i->us > 0) {
		i->us -= US_PER_DAY;
		i->days++;
	}
}

bool interval_justify_days(struct interval *i)
{
	int32_t whole = i->days / 30;

	i->days -= whole * 30;
	if (__builtin_add_overflow(i->months, whole, &i->months))
		return false;
	if (i->months > 0 && i->days < 0) {
		i->days += 30;
		i->months--;
	} else if (i->months < 0 && i->days > 0) {
		i->days -= 30;
		i->months++;
	}
	return true;
}

static bool finish(const struct type_input *in, const struct interval *i, struct datum *out,
		   struct sql_error *err)
{
	struct buf b = BUF_INIT(256);
	bool ok;

	interval_encode(&b, i);
	ok = b.failed ? sql_error_no_memory(err) : datum_copy_text(in->ctx, b.data, b.len, out, err);
	buf_free(&b);
	return ok;
}

static bool interval_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct interval i;

	return interval_parse(in->data, in->len, in->typmod, in->ctx->env->interval_style, &i, err) &&
	       finish(in, &i, out, err);
}

static bool interval_out(const struct type_context *ctx, oid_t type, const struct datum *value,
			 struct buf *out, struct sql_error *err)
{
	struct interval i;

	if (!interval_from_datum(&i, value))
		return type_corrupt(type, err);
	interval_put(out, &i, ctx->env->interval_style);
	return true;
}

static bool interval_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct interval i;

	if (in->len != 16)
		return type_bad_binary(err);
	i.us = (int64_t)get_u64(in->data);
	i.days = (int32_t)get_u32(in->data + 8);
	i.months = (int32_t)get_u32(in->data + 12);
	return interval_fit(&i, in->typmod, err) && finish(in, &i, out, err);
}

static bool interval_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			  struct buf *out, struct sql_error *err)
{
	struct interval i;

	(void)ctx;
	if (!interval_from_datum(&i, value))
		return type_corrupt(type, err);
	buf_put_u64(out, (uint64_t)i.us);
	buf_put_u32(out, (uint32_t)i.days);
	buf_put_u32(out, (uint32_t)i.months);
	return true;
}

const struct type_ops interval_types[] = {
	{ INTERVALOID, KEY_STORAGE, interval_in, interval_out, interval_recv, interval_send },
	{ 0 },
};
