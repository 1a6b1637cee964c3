/*
 * to_char.c - times and numbers by templates, and dates read by them
 *
 * A template is split into fields and literal characters; what a field says is written
 * or read by one function.  Patterns that are not known here are refused (0A000).
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <stdlib.h>

#include "sql/func/numeric.h"
#include "sql/func/tables.h"
#include "sql/type/datetime.h"
#include "sql/type/numeric.h"

enum field {
	F_AD, F_AD_DOTS, F_AM, F_AM_DOTS, F_CC, F_DAY, F_DDD, F_DD, F_DY, F_D, F_FF1, F_FF2, F_FF3, F_FF4,
	F_FF5, F_FF6, F_FX, F_HH24, F_HH12, F_IDDD, F_ID, F_IW, F_IYYY, F_IYY, F_IY, F_I, F_J, F_MI, F_MM,
	F_MONTH, F_MON, F_MS, F_OF, F_Q, F_RM, F_SSSS, F_SS, F_TZH, F_TZM, F_TZ, F_US, F_WW, F_W, F_Y_YYY,
	F_YYYY, F_YYY, F_YY, F_Y, F_LITERAL, F_END,
};

enum letters { UPPER, LOWER, TITLE };

/* Longer names come before those they begin with.  All exist in lower case too. */
static const struct field_name {
	const char *name;
	enum field field;
	bool titled; /* "Month" is a name as well */
	bool digits;
} field_names[] = {
	{ "A.D.", F_AD_DOTS, false, false }, { "A.M.", F_AM_DOTS, false, false },
	{ "AD", F_AD, false, false },        { "AM", F_AM, false, false },
	{ "B.C.", F_AD_DOTS, false, false }, { "BC", F_AD, false, false },
	{ "CC", F_CC, false, true },         { "DAY", F_DAY, true, false },
	{ "DDD", F_DDD, false, true },       { "DD", F_DD, false, true },
	{ "DY", F_DY, true, false },         { "D", F_D, false, true },
	{ "FF1", F_FF1, false, false },      { "FF2", F_FF2, false, false },
	{ "FF3", F_FF3, false, false },      { "FF4", F_FF4, false, false },
	{ "FF5", F_FF5, false, false },      { "FF6", F_FF6, false, false },
	{ "FX", F_FX, false, false },        { "HH24", F_HH24, false, true },
	{ "HH12", F_HH12, false, true },     { "HH", F_HH12, false, true },
	{ "IDDD", F_IDDD, false, true },     { "ID", F_ID, false, true },
	{ "IW", F_IW, false, true },         { "IYYY", F_IYYY, false, true },
	{ "IYY", F_IYY, false, true },       { "IY", F_IY, false, true },
	{ "I", F_I, false, true },           { "J", F_J, false, true },
	{ "MI", F_MI, false, true },         { "MM", F_MM, false, true },
	{ "MONTH", F_MONTH, true, false },   { "MON", F_MON, true, false },
	{ "MS", F_MS, false, true },         { "OF", F_OF, false, false },
	{ "P.M.", F_AM_DOTS, false, false }, { "PM", F_AM, false, false },
	{ "Q", F_Q, false, true },           { "RM", F_RM, false, false },
	{ "SSSSS", F_SSSS, false, true },    { "SSSS", F_SSSS, false, true },
	{ "SS", F_SS, false, true },         { "TZH", F_TZH, false, false },
	{ "TZM", F_TZM, false, true },       { "TZ", F_TZ, false, false },
	{ "US", F_US, false, true },         { "WW", F_WW, false, true },
	{ "W", F_W, false, true },           { "Y,YYY", F_Y_YYY, false, true },
	{ "YYYY", F_YYYY, false, true },     { "YYY", F_YYY, false, true },
	{ "YY", F_YY, false, true },         { "Y", F_Y, false, true },
};

struct token {
	enum field field;
	enum letters letters;
	bool fill;           /* FM */
	char th;             /* 't' or 'T' */
	bool quoted;
	bool digits;
	const char *text;    /* of the template */
	size_t len;
};

struct template {
	const char *p, *end;
	bool in_quotes;
};

static bool starts(const char *p, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - p) >= n && memcmp(p, with, n) == 0;
}

static size_t name_matches(const struct template *t, const struct field_name *f, enum letters *letters)
{
	size_t n = strlen(f->name);
	bool upper = true, lower = true, title = f->titled;

	if ((size_t)(t->end - t->p) < n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char low = (char)tolower((unsigned char)f->name[i]);

		upper = upper && t->p[i] == f->name[i];
		lower = lower && t->p[i] == low;
		title = title && t->p[i] == (i == 0 ? f->name[i] : low);
	}
	*letters = upper ? UPPER : lower ? LOWER : TITLE;
	return upper || lower || title ? n : 0;
}

static size_t char_len(const char *p, const char *end)
{
	size_t n = 1;

	while (p + n < end && ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* The next token; false: refused, with the error set. */
static bool next_token(sqlite3_context *ctx, struct template *t, struct token *k)
{
	for (;;) {
		memset(k, 0, sizeof(*k));
		if (t->p >= t->end) {
			k->field = F_END;
			return true;
		}
		if (t->in_quotes) {
			if (*t->p == '"') {
				t->in_quotes = false;
				t->p++;
				continue;
			}
			if (*t->p == '\\' && t->p + 1 < t->end)
				t->p++;
			break;
		}
		if (starts(t->p, t->end, "FM") || starts(t->p, t->end, "fm")) {
			k->fill = true;
			t->p += 2;
		} else if (starts(t->p, t->end, "TM") || starts(t->p, t->end, "tm")) {
			func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
				  "template pattern \"TM\" is not supported");
			return false;
		}
		for (size_t i = 0; i < ARRAY_LEN(field_names); i++) {
			size_t n = name_matches(t, &field_names[i], &k->letters);

			if (n == 0)
				continue;
			k->field = field_names[i].field;
			k->digits = field_names[i].digits;
			k->text = t->p;
			k->len = n;
			t->p += n;
			if (starts(t->p, t->end, "SP") || starts(t->p, t->end, "sp")) {
				func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
					  "template pattern \"SP\" is not supported");
				return false;
			}
			if (starts(t->p, t->end, "TH") || starts(t->p, t->end, "th")) {
				k->th = *t->p;
				t->p += 2;
			}
			return true;
		}
		if (t->p >= t->end)
			continue;
		if (*t->p == '"') {
			t->in_quotes = true;
			t->p++;
			continue;
		}
		if (*t->p == '\\' && t->p + 1 < t->end && t->p[1] == '"')
			t->p++;
		break;
	}
	k->field = F_LITERAL;
	k->quoted = t->in_quotes;
	k->text = t->p;
	k->len = char_len(t->p, t->end);
	t->p += k->len;
	return true;
}

/* writing */

struct moment {
	struct civil c;
	int64_t hour; /* an interval's may be more than an int */
	int64_t days;
	bool is_interval, has_zone;
};

static void put_ordinal(struct buf *out, size_t from, char th)
{
	static const char *const endings[] = { "th", "st", "nd", "rd" };
	const char *text = out->data + from;
	size_t len = out->len - from;

	if (th == 0 || len == 0)
		return;
	int last = text[len - 1] - '0';
	if ((len > 1 && text[len - 2] == '1') || last > 3 || last < 0)
		last = 0;
	for (const char *e = endings[last]; *e != '\0'; e++)
		buf_put_byte(out, th == 'T' ? (char)toupper((unsigned char)*e) : *e);
}

static void put_number(struct buf *out, const struct token *k, int64_t v, int width)
{
	size_t from = out->len;

	if (v < 0)
		width++;
	buf_printf(out, "%0*" PRId64, k->fill ? 0 : width, v);
	put_ordinal(out, from, k->th);
}

static void put_name(struct buf *out, const struct token *k, const char *name, size_t len, size_t width)
{
	for (size_t i = 0; i < len; i++) {
		bool up = k->letters == UPPER || (k->letters == TITLE && i == 0);

		buf_put_byte(out, (char)(up ? toupper((unsigned char)name[i]) :
					      tolower((unsigned char)name[i])));
	}
	for (; !k->fill && len < width; len++)
		buf_put_byte(out, ' ');
}

static int64_t shown_year(const struct moment *m, int64_t year)
{
	return m->is_interval || year > 0 ? year : 1 - year;
}

static bool refused_for_interval(enum field f)
{
	switch (f) {
	case F_AD: case F_AD_DOTS: case F_DAY: case F_DY: case F_D: case F_ID: case F_MONTH: case F_MON:
	case F_OF: case F_TZ: case F_TZH: case F_TZM:
		return true;
	default:
		return false;
	}
}

static bool put_field(sqlite3_context *ctx, struct buf *out, const struct token *k, const struct moment *m)
{
	static const char *const roman[12] = { "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X",
					       "XI", "XII" };
	static const int powers[] = { 100000, 10000, 1000, 100, 10, 1 };
	const struct civil *c = &m->c;
	int64_t year = c->year, century;
	size_t from = out->len;
	int week, zone = abs(c->zone), month;

	if (m->is_interval && refused_for_interval(k->field)) {
		func_fail(ctx, ERRCODE_INVALID_DATETIME_FORMAT,
			  "invalid format specification for an interval value");
		return false;
	}
	if (m->is_interval && (k->field == F_J || k->field == F_IW || k->field == F_IDDD || k->field == F_IYYY ||
			       k->field == F_IYY || k->field == F_IY || k->field == F_I)) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "template pattern \"%.*s\" is not supported for an interval", (int)k->len, k->text);
		return false;
	}
	if (k->field == F_IYYY || k->field == F_IYY || k->field == F_IY || k->field == F_I)
		iso_week(m->days, &year, &week);
	year = shown_year(m, year);
	switch (k->field) {
	case F_LITERAL: buf_put(out, k->text, k->len); break;
	case F_AD: put_name(out, k, c->year <= 0 ? "BC" : "AD", 2, 0); break;
	case F_AD_DOTS: put_name(out, k, c->year <= 0 ? "B.C." : "A.D.", 4, 0); break;
	case F_AM: put_name(out, k, m->hour % 24 >= 12 ? "PM" : "AM", 2, 0); break;
	case F_AM_DOTS: put_name(out, k, m->hour % 24 >= 12 ? "P.M." : "A.M.", 4, 0); break;
	case F_CC:
		century = m->is_interval ? c->year / 100 : c->year > 0 ? (c->year - 1) / 100 + 1 : c->year / 100 - 1;
		put_number(out, k, century, 2);
		break;
	case F_DAY: put_name(out, k, day_names[weekday(m->days)], strlen(day_names[weekday(m->days)]), 9); break;
	case F_DY: put_name(out, k, day_names[weekday(m->days)], 3, 0); break;
	case F_DDD: put_number(out, k, c->day_of_year, 3); break;
	case F_IDDD:
		iso_week(m->days, &year, &week);
		put_number(out, k, m->days - iso_week_start(year, 1) + 1, 3);
		break;
	case F_DD: put_number(out, k, c->day, 2); break;
	case F_D: put_number(out, k, weekday(m->days) + 1, 1); break;
	case F_ID: put_number(out, k, weekday(m->days) == 0 ? 7 : weekday(m->days), 1); break;
	case F_FF1: case F_FF2: case F_FF3: case F_FF4: case F_FF5: case F_FF6: case F_MS: case F_US: {
		int n = k->field == F_MS ? 3 : k->field == F_US ? 6 : (int)(k->field - F_FF1) + 1;

		buf_printf(out, "%0*d", n, c->us / powers[n - 1]);
		put_ordinal(out, from, k->th);
		break;
	}
	case F_HH24: put_number(out, k, m->hour, 2); break;
	case F_HH12: put_number(out, k, m->hour % 12 == 0 ? 12 : m->hour % 12, 2); break;
	case F_MI: put_number(out, k, c->minute, 2); break;
	case F_SS: put_number(out, k, c->second, 2); break;
	case F_SSSS: put_number(out, k, m->hour * 3600 + c->minute * 60 + c->second, 0); break;
	case F_IW:
		iso_week(m->days, &year, &week);
		put_number(out, k, week, 2);
		break;
	case F_WW: put_number(out, k, ((int64_t)c->day_of_year - 1) / 7 + 1, 2); break;
	case F_W: put_number(out, k, ((int64_t)c->day - 1) / 7 + 1, 1); break;
	case F_J: put_number(out, k, m->days + JULIAN_2000, 0); break;
	case F_MM: put_number(out, k, c->month, 2); break;
	case F_MONTH: put_name(out, k, month_names[c->month - 1], strlen(month_names[c->month - 1]), 9); break;
	case F_MON: put_name(out, k, month_names[c->month - 1], 3, 0); break;
	case F_Q:
		if (c->month != 0)
			put_number(out, k, (c->month - 1) / 3 + 1, 1);
		break;
	case F_RM:
		if (c->month == 0 && c->year == 0)
			break;
		month = c->month > 0 ? c->month : c->month < 0 ? 12 + c->month + 1 : c->year >= 0 ? 12 : 1;
		if (m->is_interval && c->month <= 0) {
			func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
				  "template pattern \"RM\" is not supported for this interval");
			return false;
		}
		put_name(out, k, roman[month - 1], strlen(roman[month - 1]), 4);
		break;
	case F_OF:
		buf_printf(out, "%c%0*d", c->zone >= 0 ? '+' : '-', k->fill ? 0 : 2, zone / 3600);
		if (zone % 3600 >= 60)
			buf_printf(out, ":%02d", zone % 3600 / 60);
		break;
	case F_TZH: buf_printf(out, "%c%02d", c->zone >= 0 ? '+' : '-', zone / 3600); break;
	case F_TZM: buf_printf(out, "%02d", zone % 3600 / 60); break;
	case F_TZ:
		if (m->has_zone && c->zone_name != NULL) {
			struct token plain = *k;

			plain.fill = true;
			if (k->letters == UPPER)
				buf_put_str(out, c->zone_name);
			else
				put_name(out, &plain, c->zone_name, strlen(c->zone_name), 0);
		}
		break;
	case F_Y_YYY:
		buf_printf(out, "%" PRId64 ",%03" PRId64, year / 1000, year % 1000);
		put_ordinal(out, from, k->th);
		break;
	case F_YYYY: case F_IYYY: put_number(out, k, year, 4); break;
	case F_YYY: case F_IYY: put_number(out, k, year % 1000, 3); break;
	case F_YY: case F_IY: put_number(out, k, year % 100, 2); break;
	case F_Y: case F_I: put_number(out, k, year % 10, 1); break;
	case F_FX: case F_END: break;
	}
	return true;
}

/* pg_to_char_time(mode, value, template) */
static void fn_to_char_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct moment m = { 0 };
	struct token k;

	if (func_any_null(n, argv))
		return;
	char mode = *func_text(argv[0]).data;
	struct func_text text = func_text(argv[2]);
	if (text.len == 0)
		return;
	if (mode == 'i') {
		struct datum d = func_datum(argv[1]);
		struct interval i;

		if (!interval_from_datum(&i, &d)) {
			func_fail(ctx, ERRCODE_DATA_CORRUPTED, "the database holds a value that is not an interval");
			return;
		}
		m.is_interval = true;
		m.c.year = i.months / 12;
		m.c.month = i.months % 12;
		m.c.day = i.days;
		int64_t day_of_year = (int64_t)i.months * 30 + i.days;
		if (day_of_year != (int)day_of_year) {
			func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "interval out of range");
			return;
		}
		m.c.day_of_year = (int)day_of_year;
		m.hour = i.us / US_PER_HOUR;
		m.c.minute = (int)(i.us / US_PER_MINUTE % 60);
		m.c.second = (int)(i.us / US_PER_SECOND % 60);
		m.c.us = (int)(i.us % US_PER_SECOND);
	} else {
		int64_t us = sqlite3_value_int64(argv[1]);
		struct civil zone = { 0 };

		if (!timestamp_is_finite(us))
			return;
		if (mode == 'u') {
			us += timezone_offset_at(func_conn(ctx)->env->timezone, us, &zone) * US_PER_SECOND;
			m.has_zone = true;
		}
		civil_from_us(us, &m.c);
		m.c.zone = zone.zone;
		m.c.zone_name = zone.zone_name;
		m.hour = m.c.hour;
		m.days = floor_div(us, US_PER_DAY);
		m.c.day_of_year = (int)(m.days - days_from_civil(m.c.year, 1, 1)) + 1;
	}
	struct buf *out = func_buf(func_conn(ctx));
	struct template t = { text.data, text.data + text.len, false };
	do {
		if (!next_token(ctx, &t, &k) || !put_field(ctx, out, &k, &m))
			return;
	} while (k.field != F_END);
	func_result_buf(ctx, out);
}

/* pg_to_char_number(value, template): 9 0 . , D G FM */
static void fn_to_char_number(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct numeric v;
	int before = 0, after = 0, first_zero = -1, last_zero = 0;
	bool fill = false, point = false;

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[1]);
	if (t.len >= 2 && (memcmp(t.data, "FM", 2) == 0 || memcmp(t.data, "fm", 2) == 0)) {
		fill = true;
		t.data += 2;
		t.len -= 2;
	}
	for (size_t i = 0; i < t.len; i++) {
		char c = t.data[i];

		if (c == '9' || c == '0') {
			if (c == '0' && !point && first_zero < 0)
				first_zero = before;
			before += !point;
			after += point;
			if (c == '0' && point)
				last_zero = after;
		} else if ((c == '.' || c == 'D' || c == 'd') && !point && before > 0) {
			point = true;
		} else if (!((c == ',' || c == 'G' || c == 'g') && !point && before > 0)) {
			before = 0;
			break;
		}
	}
	if (before == 0 || before > 100 || after > 100 || (point && after == 0)) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "the template \"%.*s\" for numbers is not supported", (int)t.len, t.data);
		return;
	}
	if (!func_numeric(ctx, argv[0], &v))
		return;
	if (v.kind != NUMERIC_FINITE) {
		numeric_free(&v);
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "to_char() of NaN and infinity is not supported");
		return;
	}
	numeric_round(&v, after);
	bool negative = numeric_sign(&v) < 0;
	struct buf digits = BUF_INIT(1 << 20), *out = func_buf(func_conn(ctx));
	numeric_put(&digits, &v);
	numeric_free(&v);
	if (digits.failed) {
		buf_free(&digits);
		func_no_memory(ctx);
		return;
	}
	const char *whole = buf_str(&digits) + negative;
	size_t whole_len = strcspn(whole, ".");
	const char *fraction = whole[whole_len] == '.' ? whole + whole_len + 1 : "";
	size_t fraction_len = strlen(fraction);
	bool overflow = whole_len > (size_t)before;
	/* a zero before the point shows only where the template has a 0 or nothing follows */
	if (whole_len == 1 && *whole == '0' && point)
		whole_len = 0;
	int shown = after;
	if (fill && !overflow)
		while (shown > last_zero && (shown > (int)fraction_len || fraction[shown - 1] == '0'))
			shown--;
	if (fill && point && whole_len == 0 && first_zero < 0 && shown == 0) {
		/* PostgreSQL has "0." here */
		whole_len = 1;
	}
	int at = 0, behind = 0;
	bool started = false;
	point = false;
	int start = overflow ? 0 : before - (int)whole_len;
	if (first_zero >= 0 && first_zero < start)
		start = first_zero;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.data[i];
		bool is_digit = c == '9' || c == '0', is_point = c == '.' || c == 'D' || c == 'd';

		if (!started && ((is_digit && at >= start) || is_point)) {
			started = true;
			if (negative)
				buf_put_byte(out, '-');
			else if (!fill)
				buf_put_byte(out, ' ');
		}
		if (is_point) {
			point = true;
			buf_put_byte(out, '.');
		} else if (!is_digit) {
			if (started)
				buf_put_byte(out, ',');
			else if (!fill)
				buf_put_byte(out, ' ');
		} else if (point) {
			if (behind < shown)
				buf_put_byte(out, overflow ? '#' : behind < (int)fraction_len ? fraction[behind] : '0');
			behind++;
		} else {
			int digit = at - (before - (int)whole_len);

			if (started)
				buf_put_byte(out, overflow ? '#' : digit >= 0 ? whole[digit] : '0');
			else if (!fill)
				buf_put_byte(out, ' ');
			at++;
		}
	}
	buf_free(&digits);
	func_result_buf(ctx, out);
}

/* reading */

struct reader {
	const char *p;
	long year, month, day, hour, minute, second, ms, us;
};

/* Does what follows in the template end a number by itself? */
static bool number_ends(struct template t, sqlite3_context *ctx)
{
	struct token k;

	if (!next_token(ctx, &t, &k) || k.field == F_END)
		return true;
	if (k.field == F_LITERAL)
		return k.len > 1 || !isdigit((unsigned char)*k.text);
	return !k.digits;
}

static bool read_number(sqlite3_context *ctx, struct reader *r, const struct token *k, int width, bool open,
			long *to, int *used)
{
	char copy[16], *end;
	long v;

	while (isspace((unsigned char)*r->p))
		r->p++;
	size_t have = strnlen(r->p, (size_t)width);
	memcpy(copy, r->p, have);
	copy[have] = '\0';
	if (open || k->fill) {
		v = strtol(r->p, &end, 10);
		*used = end - r->p > 20 ? 20 : (int)(end - r->p);
	} else {
		if (have < (size_t)width) {
			func_fail(ctx, ERRCODE_INVALID_DATETIME_FORMAT,
				  "source string too short for \"%.*s\" formatting field", (int)k->len, k->text);
			return false;
		}
		v = strtol(copy, &end, 10);
		*used = (int)(end - copy);
		if (*used > 0 && *used < width)
			*used = 0;
		end = (char *)(uintptr_t)r->p + *used;
	}
	if (*used == 0) {
		func_fail(ctx, ERRCODE_INVALID_DATETIME_FORMAT, "invalid value \"%s\" for \"%.*s\"", copy,
			  (int)k->len, k->text);
		return false;
	}
	if (v != (int)v) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "value for \"%.*s\" in source string is out of range",
			  (int)k->len, k->text);
		return false;
	}
	if (*to != 0 && *to != v) {
		func_fail(ctx, ERRCODE_INVALID_DATETIME_FORMAT,
			  "conflicting values for \"%.*s\" field in formatting string", (int)k->len, k->text);
		return false;
	}
	*to = v;
	r->p = end;
	return true;
}

static bool read_field(sqlite3_context *ctx, struct reader *r, const struct token *k, bool open)
{
	static const int scale_ms[] = { 1, 100, 10 }, scale_us[] = { 1, 100000, 10000, 1000, 100, 10 };
	int used;

	switch (k->th != 0 ? F_END : k->field) {
	case F_YYYY: return read_number(ctx, r, k, 4, open, &r->year, &used);
	case F_MM: return read_number(ctx, r, k, 2, open, &r->month, &used);
	case F_DD: return read_number(ctx, r, k, 2, open, &r->day, &used);
	case F_HH24: return read_number(ctx, r, k, 2, open, &r->hour, &used);
	case F_MI: return read_number(ctx, r, k, 2, open, &r->minute, &used);
	case F_SS: return read_number(ctx, r, k, 2, open, &r->second, &used);
	case F_MS:
		if (!read_number(ctx, r, k, 3, open, &r->ms, &used))
			return false;
		r->ms *= used < 3 ? scale_ms[used] : 1;
		return true;
	case F_US:
		if (!read_number(ctx, r, k, 6, open, &r->us, &used))
			return false;
		r->us *= used < 6 ? scale_us[used] : 1;
		return true;
	default:
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "template pattern \"%.*s\" is not supported for reading", (int)k->len, k->text);
		return false;
	}
}

/* pg_from_char(mode, text, template): d a date, u a timestamptz */
static void fn_from_char(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct reader r = { 0 };
	struct token k;
	bool first = true;
	int skipped = 0;

	if (func_any_null(n, argv))
		return;
	struct func_text text = func_text(argv[2]);
	struct template t = { text.data, text.data + text.len, false }, check = t;
	const char *input = (const char *)sqlite3_value_text(argv[1]);
	r.p = input == NULL ? "" : input;
	input = r.p;
	for (; *r.p != '\0'; first = false) {
		if (!next_token(ctx, &t, &k))
			return;
		if (k.field == F_END)
			break;
		bool literal = k.field == F_LITERAL, plain = literal && !k.quoted && k.len == 1;
		if (!literal || first)
			for (; isspace((unsigned char)*r.p); r.p++)
				skipped++;
		if (plain && (isspace((unsigned char)*k.text) || ispunct((unsigned char)*k.text))) {
			skipped--;
			if (isspace((unsigned char)*r.p) || ispunct((unsigned char)*r.p)) {
				r.p++;
				skipped++;
			}
		} else if (literal) {
			if (skipped > 0)
				skipped--;
			else
				r.p += char_len(r.p, r.p + strlen(r.p));
		} else {
			check = t;
			if (!read_field(ctx, &r, &k, number_ends(check, ctx)))
				return;
			for (skipped = 0; isspace((unsigned char)*r.p); r.p++)
				skipped++;
		}
	}
	int64_t year = r.year < 0 ? r.year + 1 : r.year;
	int64_t us = (int64_t)r.ms * 1000 + r.us;
	long month = r.month == 0 ? 1 : r.month, day = r.day == 0 ? 1 : r.day;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, (int)month) || r.hour < 0 ||
	    r.hour > 23 || r.minute < 0 || r.minute > 59 || r.second < 0 || r.second > 59 || us < 0 ||
	    us >= US_PER_SECOND) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date/time field value out of range: \"%s\"", input);
		return;
	}
	bool dated = *func_text(argv[0]).data == 'd';
	int64_t days = year < -4713 || year > 5874898 ? DATE_END : days_from_civil(year, (int)month, (int)day);
	if (dated) {
		if (days < DATE_MIN || days >= DATE_END)
			func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "date out of range: \"%s\"", input);
		else
			sqlite3_result_int64(ctx, days);
		return;
	}
	us += r.hour * US_PER_HOUR + r.minute * US_PER_MINUTE + r.second * US_PER_SECOND;
	if (days > 106000000 || days < DATE_MIN || !timestamp_in_range(days * US_PER_DAY + us)) {
		func_fail(ctx, ERRCODE_DATETIME_OVERFLOW, "timestamp out of range");
		return;
	}
	sqlite3_result_int64(ctx, from_local(func_conn(ctx)->env->timezone, days * US_PER_DAY + us));
}

const struct func_udf to_char_udfs[] = {
	STABLE("pg_to_char_time", 3, fn_to_char_time),
	STABLE("pg_from_char", 3, fn_from_char),
	PURE("pg_to_char_number", 2, fn_to_char_number),
	{ 0 },
};

const struct func_impl to_char_impls[] = {
	{ 1768, "to_char(interval,text)", FUNC_SCALAR, "pg_to_char_time('i', $1, $2)", FUNC_CHECKED },
	{ 1770, "to_char(timestamp with time zone,text)", FUNC_SCALAR, "pg_to_char_time('u', $1, $2)", FUNC_CHECKED },
	{ 2049, "to_char(timestamp without time zone,text)", FUNC_SCALAR, "pg_to_char_time('s', $1, $2)", FUNC_CHECKED },
	{ 1772, "to_char(numeric,text)", FUNC_SCALAR, "pg_to_char_number($1, $2)", FUNC_CHECKED },
	{ 1773, "to_char(integer,text)", FUNC_SCALAR, "pg_to_char_number($1, $2)", FUNC_CHECKED },
	{ 1774, "to_char(bigint,text)", FUNC_SCALAR, "pg_to_char_number($1, $2)", FUNC_CHECKED },
	{ 1780, "to_date(text,text)", FUNC_SCALAR, "pg_from_char('d', $1, $2)", FUNC_CHECKED },
	{ 1778, "to_timestamp(text,text)", FUNC_SCALAR, "pg_from_char('u', $1, $2)", FUNC_CHECKED },
	{ 0 },
};
