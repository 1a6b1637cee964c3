/*
 * datetime_parse.c - texts of dates and times, in the many forms that people write
 *
 * The text is cut into fields by what they look like; then each field is taken for what
 * it can be, given what is known already and the order of DateStyle.
 *
 * Source: PostgreSQL 15 documentation, section 8.5 and appendix B.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <stdlib.h>

#include "sql/type/datetime.h"
#include "sql/type/impl.h"

const char *const month_names[12] = { "January", "February", "March",	  "April",   "May",	 "June",
				      "July",	 "August",   "September", "October", "November", "December" };
const char *const day_names[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
				   "Thursday", "Friday", "Saturday" };

/* Does the word equal the name, or its first three letters? */
static bool is_name(const char *text, size_t len, const char *name)
{
	if (len != 3 && len != strlen(name))
		return false;
	for (size_t i = 0; i < len; i++)
		if (type_lower(text[i]) != type_lower(name[i]))
			return false;
	return true;
}

int month_named(const char *text, size_t len)
{
	for (int i = 0; i < 12; i++)
		if (is_name(text, len, month_names[i]))
			return i + 1;
	return type_word_is(text, len, "sept") ? 9 : 0;
}

static bool is_day_name(const char *text, size_t len)
{
	for (int i = 0; i < 7; i++)
		if (is_name(text, len, day_names[i]))
			return true;
	return type_word_is(text, len, "tues") || type_word_is(text, len, "weds") ||
	       type_word_is(text, len, "thur") || type_word_is(text, len, "thurs");
}

enum unit unit_named(const char *text, size_t len)
{
	static const struct {
		const char *name;
		enum unit unit;
	} names[] = {
		{ "microseconds", UNIT_MICROSECOND }, { "microsecond", UNIT_MICROSECOND },
		{ "us", UNIT_MICROSECOND }, { "usec", UNIT_MICROSECOND }, { "usecs", UNIT_MICROSECOND },
		{ "usecond", UNIT_MICROSECOND }, { "useconds", UNIT_MICROSECOND },
		{ "microsecon", UNIT_MICROSECOND },
		{ "milliseconds", UNIT_MILLISECOND }, { "millisecond", UNIT_MILLISECOND },
		{ "ms", UNIT_MILLISECOND }, { "msec", UNIT_MILLISECOND }, { "msecs", UNIT_MILLISECOND },
		{ "msecond", UNIT_MILLISECOND }, { "mseconds", UNIT_MILLISECOND },
		{ "millisecon", UNIT_MILLISECOND },
		{ "second", UNIT_SECOND }, { "seconds", UNIT_SECOND }, { "sec", UNIT_SECOND },
		{ "secs", UNIT_SECOND }, { "s", UNIT_SECOND },
		{ "minute", UNIT_MINUTE }, { "minutes", UNIT_MINUTE }, { "min", UNIT_MINUTE },
		{ "mins", UNIT_MINUTE }, { "m", UNIT_MINUTE },
		{ "hour", UNIT_HOUR }, { "hours", UNIT_HOUR }, { "hr", UNIT_HOUR }, { "hrs", UNIT_HOUR },
		{ "h", UNIT_HOUR },
		{ "day", UNIT_DAY }, { "days", UNIT_DAY }, { "d", UNIT_DAY },
		{ "week", UNIT_WEEK }, { "weeks", UNIT_WEEK }, { "w", UNIT_WEEK },
		{ "month", UNIT_MONTH }, { "months", UNIT_MONTH }, { "mon", UNIT_MONTH },
		{ "mons", UNIT_MONTH },
		{ "quarter", UNIT_QUARTER }, { "qtr", UNIT_QUARTER },
		{ "year", UNIT_YEAR }, { "years", UNIT_YEAR }, { "yr", UNIT_YEAR }, { "yrs", UNIT_YEAR },
		{ "y", UNIT_YEAR },
		{ "decade", UNIT_DECADE }, { "decades", UNIT_DECADE }, { "dec", UNIT_DECADE },
		{ "decs", UNIT_DECADE },
		{ "century", UNIT_CENTURY }, { "centuries", UNIT_CENTURY }, { "c", UNIT_CENTURY },
		{ "cent", UNIT_CENTURY },
		{ "millennium", UNIT_MILLENNIUM }, { "millennia", UNIT_MILLENNIUM },
		{ "millenniums", UNIT_MILLENNIUM }, { "mil", UNIT_MILLENNIUM }, { "mils", UNIT_MILLENNIUM },
		{ "dow", UNIT_DOW }, { "doy", UNIT_DOY }, { "epoch", UNIT_EPOCH },
		{ "isodow", UNIT_ISODOW }, { "isoyear", UNIT_ISOYEAR }, { "julian", UNIT_JULIAN },
		{ "timezone", UNIT_TIMEZONE }, { "timezone_hour", UNIT_TIMEZONE_HOUR },
		{ "timezone_h", UNIT_TIMEZONE_HOUR }, { "timezone_minute", UNIT_TIMEZONE_MINUTE },
		{ "timezone_m", UNIT_TIMEZONE_MINUTE },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (type_word_is(text, len, names[i].name))
			return names[i].unit;
	return UNIT_NONE;
}

enum field_kind { FIELD_NUMBER, FIELD_DATE, FIELD_TIME, FIELD_WORD, FIELD_ZONE, FIELD_SPECIAL };

struct field {
	enum field_kind kind;
	const char *text;
	size_t len;
};

#define MAX_FIELDS 25

static bool is_date_mark(char c)
{
	return c == '-' || c == '/' || c == '.';
}

static bool is_known_word(const char *text, size_t len)
{
	static const char *const words[] = { "am", "pm", "ad", "bc", "t", "j", "jd", "julian", "at", "on",
					     "d", "dow", "doy", "dst", "epoch", "infinity", "now", "today",
					     "tomorrow", "yesterday", "allballs", "z", "zulu", "h", "m", "mm",
					     "s", "y", "isodow", "isoyear" };
	int offset;
	bool dst;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (type_word_is(text, len, words[i]))
			return true;
	return month_named(text, len) != 0 || is_day_name(text, len) ||
	       timezone_abbreviation(text, len, &offset, &dst);
}

static int split(const char *text, size_t len, struct field *fields)
{
	const char *p = text, *end = text + len;
	int n = 0;

	while (p < end) {
		struct field *f = &fields[n];

		if (type_is_space(*p)) {
			p++;
			continue;
		}
		if (n == MAX_FIELDS)
			return -1;
		f->text = p;
		if (type_is_digit(*p)) {
			while (p < end && type_is_digit(*p))
				p++;
			if (p < end && *p == ':') {
				f->kind = FIELD_TIME;
				while (p < end && (type_is_digit(*p) || *p == ':' || *p == '.'))
					p++;
			} else if (p < end && is_date_mark(*p)) {
				char mark = *p++;

				if (p < end && type_is_digit(*p)) {
					f->kind = mark == '.' ? FIELD_NUMBER : FIELD_DATE;
					while (p < end && type_is_digit(*p))
						p++;
					if (p < end && *p == mark) {
						f->kind = FIELD_DATE;
						while (p < end && (type_is_digit(*p) || *p == mark))
							p++;
					}
				} else {
					f->kind = FIELD_DATE;
					while (p < end && (isalnum((unsigned char)*p) || *p == mark))
						p++;
				}
			} else {
				f->kind = FIELD_NUMBER;
			}
		} else if (*p == '.') {
			f->kind = FIELD_NUMBER;
			for (p++; p < end && type_is_digit(*p);)
				p++;
		} else if (type_is_alpha(*p)) {
			f->kind = FIELD_WORD;
			while (p < end && type_is_alpha(*p))
				p++;
			bool date = p < end && is_date_mark(*p);
			if (p < end && (*p == '+' || type_is_digit(*p)))
				date = !is_known_word(f->text, (size_t)(p - f->text));
			if (date) {
				f->kind = FIELD_DATE;
				while (p < end && (isalnum((unsigned char)*p) || *p == '+' || *p == '_' || *p == ':' ||
						   is_date_mark(*p)))
					p++;
			}
		} else if (*p == '+' || *p == '-') {
			p++;
			while (p < end && type_is_space(*p))
				p++;
			if (p < end && type_is_digit(*p)) {
				f->kind = FIELD_ZONE;
				while (p < end && (type_is_digit(*p) || *p == ':' || *p == '.' || *p == '-'))
					p++;
			} else if (p < end && type_is_alpha(*p)) {
				f->kind = FIELD_SPECIAL;
				while (p < end && type_is_alpha(*p))
					p++;
			} else {
				return -1;
			}
		} else if (ispunct((unsigned char)*p)) {
			p++;
			continue;
		} else {
			return -1;
		}
		f->len = (size_t)(p - f->text);
		n++;
	}
	return n;
}

enum { HAS_YEAR = 1, HAS_MONTH = 2, HAS_DAY = 4, HAS_DOY = 8, HAS_TIME = 16, HAS_ZONE = 32,
       HAS_DATE = HAS_YEAR | HAS_MONTH | HAS_DAY };

enum parse_rc { PARSE_OK, PARSE_BAD, PARSE_RANGE, PARSE_MONTH_DAY, PARSE_ZONE_RANGE, PARSE_ZONE_NAME };

struct parser {
	const struct sql_env *env;
	struct parsed *out;
	int has;
	bool text_month, two_digits, bc, am, pm, iso_time, julian, time_only;
	char zone_name[64];
};

static int64_t number(const char *p, size_t len)
{
	int64_t v = 0;

	for (size_t i = 0; i < len && type_is_digit(p[i]); i++)
		if (v < INT64_C(1000000000000))
			v = v * 10 + (p[i] - '0');
	return v;
}

/* .123456789 rounded to microseconds */
static int fraction(const char *p, size_t len)
{
	char text[32] = "0";
	size_t n = len < 20 ? len : 20;

	memcpy(text + 1, p, n);
	text[n + 1] = '\0';
	double v = strtod(text, NULL) * 1000000.0;
	return (int)(v + 0.5);
}

static enum parse_rc take_time(struct parser *s, const char *p, size_t len)
{
	struct civil *c = &s->out->civil;
	const char *end = p + len;
	int64_t part[3] = { 0, 0, 0 };
	int n = 0;

	if ((s->has & HAS_TIME) != 0)
		return PARSE_BAD;
	c->us = 0;
	for (;;) {
		const char *start = p;

		while (p < end && type_is_digit(*p))
			p++;
		if (p == start || n == 3)
			return PARSE_BAD;
		part[n++] = number(start, (size_t)(p - start));
		if (p == end)
			break;
		if (*p == '.') {
			if (n == 2) {
				/* mm:ss.fff */
				part[2] = part[1];
				part[1] = part[0];
				part[0] = 0;
			} else if (n != 3) {
				return PARSE_BAD;
			}
			for (const char *q = p + 1; q < end; q++)
				if (!type_is_digit(*q))
					return PARSE_BAD;
			c->us = fraction(p, (size_t)(end - p));
			n = 3;
			break;
		}
		p++; /* a colon */
	}
	if (n < 2)
		return PARSE_BAD;
	if (part[0] > 24 || part[1] > 59 || part[2] > 60 ||
	    (part[0] == 24 && (part[1] > 0 || part[2] > 0 || c->us > 0)))
		return PARSE_RANGE;
	c->hour = (int)part[0];
	c->minute = (int)part[1];
	c->second = (int)part[2];
	s->has |= HAS_TIME;
	return PARSE_OK;
}

static enum parse_rc take_zone(struct parser *s, const char *p, size_t len)
{
	const char *end = p + len;
	bool west = *p == '-';
	int64_t h, m = 0, sec = 0;

	p++;
	while (p < end && type_is_space(*p))
		p++;
	const char *start = p;
	while (p < end && type_is_digit(*p))
		p++;
	size_t digits = (size_t)(p - start);
	h = number(start, digits);
	if (p < end && *p == ':') {
		start = ++p;
		while (p < end && type_is_digit(*p))
			p++;
		m = number(start, (size_t)(p - start));
		if (p < end && *p == ':') {
			start = ++p;
			while (p < end && type_is_digit(*p))
				p++;
			sec = number(start, (size_t)(p - start));
		}
	} else if (digits > 2) {
		m = h % 100;
		h /= 100;
	}
	if (p != end)
		return PARSE_BAD;
	if (h > 15 || m > 59 || sec > 59)
		return PARSE_ZONE_RANGE;
	s->out->zone = (int)(h * 3600 + m * 60 + sec) * (west ? -1 : 1);
	s->out->has_zone = true;
	s->has |= HAS_ZONE;
	return PARSE_OK;
}

/* hhmm, hhmmss, yymmdd, yyyymmdd and the like, with a fraction. */
static enum parse_rc take_run(struct parser *s, const char *p, size_t len)
{
	struct civil *c = &s->out->civil;
	const char *point = memchr(p, '.', len);
	size_t digits = point == NULL ? len : (size_t)(point - p);

	if (point != NULL)
		c->us = fraction(point, len - digits);
	if ((s->has & HAS_DATE) != HAS_DATE && digits >= 6 && point == NULL && !s->time_only) {
		if ((s->has & HAS_DATE) != 0)
			return PARSE_BAD;
		c->day = (int)number(p + digits - 2, 2);
		c->month = (int)number(p + digits - 4, 2);
		c->year = number(p, digits - 4);
		if (digits - 4 == 2)
			s->two_digits = true;
		s->has |= HAS_DATE;
		return PARSE_OK;
	}
	if ((s->has & HAS_TIME) == 0 && (digits == 6 || digits == 4)) {
		c->hour = (int)number(p, 2);
		c->minute = (int)number(p + 2, 2);
		c->second = digits == 6 ? (int)number(p + 4, 2) : 0;
		if (c->hour > 24 || c->minute > 59 || c->second > 60 ||
		    (c->hour == 24 && (c->minute > 0 || c->second > 0 || c->us > 0)))
			return PARSE_RANGE;
		s->has |= HAS_TIME;
		return PARSE_OK;
	}
	return PARSE_BAD;
}

static enum parse_rc take_number(struct parser *s, const char *p, size_t len)
{
	struct civil *c = &s->out->civil;
	int64_t v = number(p, len);
	const char *point = memchr(p, '.', len);

	if (v > 6000000)
		return PARSE_RANGE;
	if (point != NULL) {
		/* more than two digits before the point: a time */
		if (point - p > 2)
			return take_run(s, p, len);
		return PARSE_BAD;
	}
	if (len == 3 && (s->has & HAS_DATE) == HAS_YEAR && v >= 1 && v <= 366) {
		struct civil day;

		civil_from_days(days_from_civil(c->year, 1, 1) + v - 1, &day);
		c->month = day.month;
		c->day = day.day;
		s->has |= HAS_MONTH | HAS_DAY;
		return PARSE_OK;
	}
	switch (s->has & HAS_DATE) {
	case 0:
		if (len >= 3 || s->env->date_order == DATE_ORDER_YMD)
			break;
		if (s->env->date_order == DATE_ORDER_DMY) {
			c->day = (int)v;
			s->has |= HAS_DAY;
		} else {
			c->month = (int)v;
			s->has |= HAS_MONTH;
		}
		return PARSE_OK;
	case HAS_YEAR:
		c->month = (int)v;
		s->has |= HAS_MONTH;
		return PARSE_OK;
	case HAS_MONTH:
		if (s->text_month && (len >= 3 || s->env->date_order == DATE_ORDER_YMD))
			break;
		c->day = (int)v;
		s->has |= HAS_DAY;
		return PARSE_OK;
	case HAS_YEAR | HAS_MONTH:
		if (s->text_month && len >= 3 && s->two_digits) {
			/* what was taken for the year is the day: 05-Feb-2001 under YMD */
			c->day = (int)c->year;
			c->year = v;
			s->two_digits = false;
			s->has |= HAS_DAY;
			return PARSE_OK;
		}
		c->day = (int)v;
		s->has |= HAS_DAY;
		return PARSE_OK;
	case HAS_DAY:
		c->month = (int)v;
		s->has |= HAS_MONTH;
		return PARSE_OK;
	case HAS_MONTH | HAS_DAY:
		break;
	default:
		return take_run(s, p, len);
	}
	c->year = v;
	s->two_digits = len <= 2;
	s->has |= HAS_YEAR;
	return PARSE_OK;
}

static enum parse_rc take_zone_name(struct parser *s, const char *p, size_t len)
{
	char name[64];

	if (len >= sizeof(name) || s->out->has_zone)
		return PARSE_BAD;
	memcpy(name, p, len);
	name[len] = '\0';
	s->out->named_zone = timezone_find(name);
	if (s->out->named_zone == NULL) {
		for (size_t i = 0; i < len; i++)
			s->zone_name[i] = type_lower(p[i]);
		s->zone_name[len] = '\0';
		return PARSE_ZONE_NAME;
	}
	s->out->has_zone = true;
	s->has |= HAS_ZONE;
	return PARSE_OK;
}

static enum parse_rc take_date(struct parser *s, const char *p, size_t len)
{
	const char *end = p + len;
	const char *part[3];
	size_t part_len[3];
	int n = 0;

	if (type_is_alpha(*p)) {
		size_t word = 0;

		while (word < len && type_is_alpha(p[word]))
			word++;
		if (month_named(p, word) == 0)
			return take_zone_name(s, p, len);
	}
	if ((s->has & HAS_DATE) == HAS_DATE)
		return PARSE_BAD;
	while (p < end) {
		while (p < end && !isalnum((unsigned char)*p))
			p++;
		if (p == end)
			break;
		if (n == 3)
			return PARSE_BAD;
		part[n] = p;
		if (type_is_digit(*p))
			while (p < end && type_is_digit(*p))
				p++;
		else
			while (p < end && type_is_alpha(*p))
				p++;
		part_len[n] = (size_t)(p - part[n]);
		n++;
	}
	for (int i = 0; i < n; i++) {
		int month;

		if (type_is_digit(*part[i]))
			continue;
		month = month_named(part[i], part_len[i]);
		if (month == 0 || (s->has & HAS_MONTH) != 0)
			return PARSE_BAD;
		s->out->civil.month = month;
		s->has |= HAS_MONTH;
		s->text_month = true;
	}
	for (int i = 0; i < n; i++) {
		enum parse_rc rc;

		if (!type_is_digit(*part[i]))
			continue;
		if ((s->has & HAS_DATE) == HAS_DATE)
			return PARSE_BAD;
		rc = take_number(s, part[i], part_len[i]);
		if (rc != PARSE_OK)
			return rc;
	}
	return (s->has & HAS_DATE) == HAS_DATE ? PARSE_OK : PARSE_BAD;
}

static void set_today(struct parser *s, int plus)
{
	const struct timezone *tz = s->env->timezone;
	struct civil *c = &s->out->civil, day;

	civil_from_days(floor_div(to_local(tz, s->env->transaction_us), US_PER_DAY) + plus, &day);
	c->year = day.year;
	c->month = day.month;
	c->day = day.day;
	s->has |= HAS_DATE;
}

static enum parse_rc take_word(struct parser *s, const char *p, size_t len, bool minus)
{
	struct civil *c = &s->out->civil;
	int month = month_named(p, len), offset;
	bool dst;

	if (type_word_is(p, len, "infinity") || type_word_is(p, len, "inf")) {
		if (len == 3)
			return PARSE_BAD;
		s->out->kind = minus ? PARSED_MINUS_INFINITY : PARSED_INFINITY;
		return PARSE_OK;
	}
	if (minus)
		return PARSE_BAD;
	if (month != 0) {
		/* a number before it was the day, not the month */
		if ((s->has & HAS_MONTH) != 0 && !s->text_month && c->month >= 1 && c->month <= 31 &&
		    (s->has & HAS_DAY) == 0) {
			c->day = c->month;
			s->has |= HAS_DAY;
		} else if ((s->has & HAS_MONTH) != 0) {
			return PARSE_BAD;
		}
		c->month = month;
		s->text_month = true;
		s->has |= HAS_MONTH;
		return PARSE_OK;
	}
	if (is_day_name(p, len) || type_word_is(p, len, "at") || type_word_is(p, len, "on"))
		return PARSE_OK;
	if (type_word_is(p, len, "am") || type_word_is(p, len, "pm")) {
		s->am = type_lower(*p) == 'a';
		s->pm = !s->am;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "bc")) {
		s->bc = true;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "ad"))
		return PARSE_OK;
	if (type_word_is(p, len, "t")) {
		s->iso_time = true;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "j") || type_word_is(p, len, "jd") || type_word_is(p, len, "julian")) {
		s->julian = true;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "now")) {
		civil_from_us(to_local(s->env->timezone, s->env->transaction_us), c);
		s->out->zone = timezone_offset_at(s->env->timezone, s->env->transaction_us, NULL);
		s->out->has_zone = true;
		s->has |= HAS_DATE | HAS_TIME | HAS_ZONE;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "epoch")) {
		s->out->kind = PARSED_EPOCH;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "today") || type_word_is(p, len, "tomorrow") ||
	    type_word_is(p, len, "yesterday")) {
		set_today(s, len == 5 ? 0 : len == 8 ? 1 : -1);
		return PARSE_OK;
	}
	if (type_word_is(p, len, "allballs")) {
		s->out->zone = 0;
		s->out->has_zone = true;
		s->has |= HAS_TIME | HAS_ZONE;
		return PARSE_OK;
	}
	if (type_word_is(p, len, "dst") && s->out->has_zone && s->out->named_zone == NULL) {
		s->out->zone += 3600;
		return PARSE_OK;
	}
	if (timezone_abbreviation(p, len, &offset, &dst)) {
		if (s->out->has_zone)
			return PARSE_BAD;
		s->out->zone = offset;
		s->out->has_zone = true;
		s->has |= HAS_ZONE;
		return PARSE_OK;
	}
	/* a zone by name, or nothing that is known */
	if (take_zone_name(s, p, len) != PARSE_OK)
		return PARSE_BAD;
	return PARSE_OK;
}

static enum parse_rc take_field(struct parser *s, const struct field *f)
{
	switch (f->kind) {
	case FIELD_DATE:
		if (s->julian) {
			/* J2451187.5 is not supported, J2451187-08 has a zone behind */
			return PARSE_BAD;
		}
		if (s->has != 0 && type_is_digit(*f->text) && (s->has & HAS_DATE) == HAS_DATE)
			return PARSE_BAD;
		return take_date(s, f->text, f->len);
	case FIELD_TIME:
		return take_time(s, f->text, f->len);
	case FIELD_ZONE:
		if (s->out->has_zone && s->out->named_zone == NULL && s->out->zone == 0 && f->len > 0) {
			/* GMT+3, UTC+3: POSIX counts to the west */
			enum parse_rc rc = take_zone(s, f->text, f->len);

			s->out->zone = -s->out->zone;
			return rc;
		}
		if (s->out->has_zone)
			return PARSE_BAD;
		return take_zone(s, f->text, f->len);
	case FIELD_SPECIAL: {
		const char *p = f->text + 1;
		size_t len = f->len - 1;

		while (len > 0 && type_is_space(*p)) {
			p++;
			len--;
		}
		return take_word(s, p, len, *f->text == '-');
	}
	case FIELD_WORD:
		return take_word(s, f->text, f->len, false);
	case FIELD_NUMBER:
		break;
	}
	if (s->julian) {
		int64_t day = number(f->text, f->len);

		s->julian = false;
		if (day > 2147483493)
			return PARSE_RANGE;
		struct civil c = s->out->civil;
		civil_from_days(day - JULIAN_2000, &s->out->civil);
		s->out->civil.hour = c.hour;
		s->out->civil.minute = c.minute;
		s->out->civil.second = c.second;
		s->out->civil.us = c.us;
		s->has |= HAS_DATE;
		return PARSE_OK;
	}
	if (s->iso_time) {
		s->iso_time = false;
		if (f->len == 2 && memchr(f->text, '.', f->len) == NULL && (s->has & HAS_TIME) == 0) {
			s->out->civil.hour = (int)number(f->text, 2);
			s->has |= HAS_TIME;
			return s->out->civil.hour > 24 ? PARSE_RANGE : PARSE_OK;
		}
		return take_run(s, f->text, f->len);
	}
	const char *point = memchr(f->text, '.', f->len);
	if (point != NULL && (s->has & HAS_DATE) == 0 && point > f->text) {
		/* 2024.005 is a year and a day of it */
		if (point - f->text == 4 && f->len == 8) {
			enum parse_rc rc = take_number(s, f->text, 4);

			return rc != PARSE_OK ? rc : take_number(s, point + 1, 3);
		}
		return point - f->text >= 4 ? take_run(s, f->text, f->len) : PARSE_BAD;
	}
	if (point != NULL)
		return take_run(s, f->text, f->len);
	if ((f->len >= 6 && (s->has & HAS_DATE) == 0) || (s->time_only && f->len >= 4))
		return take_run(s, f->text, f->len);
	if (f->len >= 4 && (s->has & HAS_DATE) == HAS_DATE)
		return take_run(s, f->text, f->len);
	return take_number(s, f->text, f->len);
}

static enum parse_rc check(struct parser *s)
{
	struct civil *c = &s->out->civil;

	if ((s->has & HAS_YEAR) != 0) {
		if (s->bc) {
			if (c->year <= 0)
				return PARSE_RANGE;
			c->year = 1 - c->year;
		} else if (s->two_digits) {
			c->year += c->year < 70 ? 2000 : 1900;
		} else if (c->year <= 0 && !s->julian && (s->has & HAS_DATE) == HAS_DATE && c->year == 0 &&
			   s->out->kind == PARSED_CIVIL) {
			return PARSE_RANGE;
		}
	}
	if ((s->has & HAS_MONTH) != 0 && (c->month < 1 || c->month > 12))
		return PARSE_MONTH_DAY;
	if ((s->has & HAS_DAY) != 0 && (c->day < 1 || c->day > 31))
		return PARSE_MONTH_DAY;
	if ((s->has & HAS_DATE) == HAS_DATE && c->day > days_in_month(c->year, c->month))
		return PARSE_RANGE;
	if (s->am || s->pm) {
		if (c->hour > 12)
			return PARSE_RANGE;
		if (s->pm && c->hour != 12)
			c->hour += 12;
		else if (s->am && c->hour == 12)
			c->hour = 0;
	}
	return PARSE_OK;
}

bool datetime_parse(const char *text, size_t len, const struct sql_env *env, const char *type_name,
		    struct parsed *out, struct sql_error *err)
{
	struct field fields[MAX_FIELDS + 1];
	struct parser s = { .env = env, .out = out,
			    .time_only = strncmp(type_name, "time", 4) == 0 && type_name[4] != 's' };
	enum parse_rc rc = PARSE_OK;
	int n;

	memset(out, 0, sizeof(*out));
	n = len > 200 ? -1 : split(text, len, fields);
	if (n <= 0)
		rc = PARSE_BAD;
	for (int i = 0; rc == PARSE_OK && i < n; i++)
		rc = take_field(&s, &fields[i]);
	if (rc == PARSE_OK && (s.julian || (s.iso_time && (s.has & HAS_TIME) == 0)))
		rc = PARSE_BAD;
	if (rc == PARSE_OK)
		rc = check(&s);
	out->has_date = (s.has & HAS_DATE) == HAS_DATE;
	out->has_time = (s.has & HAS_TIME) != 0;
	if (rc == PARSE_OK && out->kind == PARSED_CIVIL && (s.has & HAS_DATE) != 0 && !out->has_date)
		rc = PARSE_BAD;
	switch (rc) {
	case PARSE_OK:
		return true;
	case PARSE_BAD:
		break;
	case PARSE_RANGE:
		return sql_error_set(err, ERRCODE_DATETIME_OVERFLOW,
				     "date/time field value out of range: \"%.*s\"", (int)len, text);
	case PARSE_MONTH_DAY:
		sql_error_set(err, ERRCODE_DATETIME_OVERFLOW, "date/time field value out of range: \"%.*s\"",
			      (int)len, text);
		return sql_error_hint(err, "Perhaps you need a different \"datestyle\" setting.");
	case PARSE_ZONE_RANGE:
		return sql_error_set(err, "22009", "time zone displacement out of range: \"%.*s\"", (int)len,
				     text);
	case PARSE_ZONE_NAME:
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized",
				     s.zone_name);
	}
	return sql_error_set(err, ERRCODE_INVALID_DATETIME_FORMAT,
			     "invalid input syntax for type %s: \"%.*s\"", type_name, (int)len, text);
}

int parsed_offset(const struct parsed *p, const struct sql_env *env, int64_t local_us)
{
	if (p->named_zone != NULL)
		return timezone_offset_local(p->named_zone, local_us);
	return p->has_zone ? p->zone : timezone_offset_local(env->timezone, local_us);
}
