/*
 * timestamp.c - times as stores write them
 * Licence: MIT, see LICENSE.
 */
#include "blob/timestamp.h"

#include <string.h>
#include <time.h>

#include "base/compiler.h"

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Exactly n digits at *at, which moves behind them. */
static bool number(const char **at, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static bool literal(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

/* One of n names of three letters. */
static bool name(const char **at, const char (*names)[4], int n, int *out)
{
	for (int i = 0; i < n; i++)
		if (strncmp(*at, names[i], 3) == 0) {
			*at += 3;
			*out = i;
			return true;
		}
	return false;
}

static bool to_us(struct tm *tm, int64_t *us)
{
	struct tm asked = *tm;

	if (asked.tm_sec > 60)
		return false;
	time_t t = timegm(tm);
	if (asked.tm_sec == 60) /* a leap second: timegm() takes the next second */
		asked = *tm;
	/* 30 February would have become another day */
	if (tm->tm_mday != asked.tm_mday || tm->tm_mon != asked.tm_mon ||
	    tm->tm_hour != asked.tm_hour || tm->tm_min != asked.tm_min)
		return false;
	*us = (int64_t)t * 1000000;
	return true;
}

bool timestamp_of_iso(const char *text, int64_t *us)
{
	struct tm tm = { .tm_isdst = 0 };
	int64_t fraction = 0;

	if (!number(&text, 4, &tm.tm_year) || !literal(&text, "-") ||
	    !number(&text, 2, &tm.tm_mon) || !literal(&text, "-") ||
	    !number(&text, 2, &tm.tm_mday) || !literal(&text, "T") ||
	    !number(&text, 2, &tm.tm_hour) || !literal(&text, ":") ||
	    !number(&text, 2, &tm.tm_min) || !literal(&text, ":") ||
	    !number(&text, 2, &tm.tm_sec))
		return false;
	if (*text == '.') {
		int64_t unit = 1000000;

		text++;
		if (*text < '0' || *text > '9')
			return false;
		for (; *text >= '0' && *text <= '9'; text++) {
			unit /= 10; /* 0 past the microseconds */
			fraction += (*text - '0') * unit;
		}
	}
	if (strcmp(text, "Z") != 0 && strcmp(text, "+00:00") != 0)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!to_us(&tm, us))
		return false;
	*us += fraction;
	return true;
}

bool timestamp_of_http(const char *text, int64_t *us)
{
	struct tm tm = { .tm_isdst = 0 };
	int day;

	if (!name(&text, days, 7, &day) || !literal(&text, ", ") ||
	    !number(&text, 2, &tm.tm_mday) || !literal(&text, " ") ||
	    !name(&text, months, 12, &tm.tm_mon) || !literal(&text, " ") ||
	    !number(&text, 4, &tm.tm_year) || !literal(&text, " ") ||
	    !number(&text, 2, &tm.tm_hour) || !literal(&text, ":") ||
	    !number(&text, 2, &tm.tm_min) || !literal(&text, ":") ||
	    !number(&text, 2, &tm.tm_sec) || strcmp(text, " GMT") != 0)
		return false;
	tm.tm_year -= 1900;
	return to_us(&tm, us);
}

void timestamp_to_amz(int64_t us, char out[17])
{
	time_t t = us / 1000000;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

void timestamp_to_http(int64_t us, char out[30])
{
	time_t t = us / 1000000;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 30, "xxx, %d xxx %Y %H:%M:%S GMT", &tm);
	/* not %a and %b: they follow the locale */
	memcpy(out, days[tm.tm_wday], 3);
	memcpy(out + 8, months[tm.tm_mon], 3);
}
