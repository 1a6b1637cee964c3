/*
 * datetime.h - the calendar, time zones, intervals
 *
 * Microseconds count from 2000-01-01, days too.  Years are astronomical: 0 is 1 BC.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_DATETIME_H
#define PGBLOB_SQL_TYPE_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/datum.h"
#include "sql/env.h"

struct buf;
struct sql_error;
struct timezone;

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE INT64_C(60000000)
#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY INT64_C(86400000000)
#define EPOCH_DAYS 10957 /* 1970-01-01 is that many days before 2000-01-01 */
#define JULIAN_2000 2451545

/* What PostgreSQL can show: 4713 BC to 294276 AD; dates to 5874897 AD. */
#define TIMESTAMP_MIN INT64_C(-211813488000000000)
#define TIMESTAMP_END INT64_C(9223371331200000000)
#define DATE_MIN (-2451545)
#define DATE_END 2145031949

struct civil {
	int64_t year;
	int month, day;       /* from 1 */
	int hour, minute, second;
	int us;
	int day_of_year;      /* from 1 */
	int zone;             /* seconds east of UTC, where there is one */
	bool is_dst;
	const char *zone_name;
};

int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, struct civil *c);
void civil_from_us(int64_t us, struct civil *c);
int days_in_month(int64_t year, int month);
static inline int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}
/* 0 Sunday */
static inline int weekday(int64_t days)
{
	int64_t d = (days + 6) % 7;

	return (int)(d < 0 ? d + 7 : d);
}
/* ISO 8601's week and the year it belongs to. */
void iso_week(int64_t days, int64_t *year, int *week);
int64_t iso_week_start(int64_t year, int week); /* days of its Monday */

static inline bool timestamp_is_finite(int64_t t)
{
	return t != TIMESTAMP_INFINITY && t != TIMESTAMP_MINUS_INFINITY;
}

static inline bool timestamp_in_range(int64_t t)
{
	return t >= TIMESTAMP_MIN && t < TIMESTAMP_END;
}

/* A zone's offset at an instant; fills zone, is_dst, zone_name of c if not NULL. */
int timezone_offset_at(const struct timezone *tz, int64_t us, struct civil *c);
/* The offset of a wall-clock time: before a gap, after an overlap, as PostgreSQL has it. */
int timezone_offset_local(const struct timezone *tz, int64_t local_us);
/* An abbreviation that PostgreSQL knows by default ("pst"); false if there is none. */
bool timezone_abbreviation(const char *text, size_t len, int *offset, bool *is_dst);
/* A zone of that many seconds east of UTC. */
const struct timezone *timezone_of_offset(int offset);

/* timestamptz to the wall clock of a zone and back; infinities stay. */
int64_t to_local(const struct timezone *tz, int64_t us);
int64_t from_local(const struct timezone *tz, int64_t local_us);

struct interval {
	int32_t months, days;
	int64_t us;
};

void interval_encode(struct buf *out, const struct interval *i);
bool interval_from_datum(struct interval *i, const struct datum *d);
void interval_put(struct buf *out, const struct interval *i, enum interval_style style);
bool interval_fit(struct interval *i, int32_t typmod, struct sql_error *err);
bool interval_parse(const char *text, size_t len, int32_t typmod, enum interval_style style,
		    struct interval *out, struct sql_error *err);
void interval_justify_hours(struct interval *i);
bool interval_justify_days(struct interval *i);

struct timetz {
	int64_t us;
	int zone; /* seconds west of UTC, as PostgreSQL keeps it */
};

void timetz_encode(struct buf *out, const struct timetz *t);
bool timetz_from_datum(struct timetz *t, const struct datum *d);

/* Round a time or timestamp to a precision. */
int64_t round_us(int64_t us, int32_t typmod);

void date_put(struct buf *out, int64_t days, const struct sql_env *env);
void time_put(struct buf *out, int64_t us);
void timestamp_put(struct buf *out, int64_t us, const struct sql_env *env, bool with_zone);

/* What a text of a date or time says. */
enum parsed_kind { PARSED_CIVIL, PARSED_INFINITY, PARSED_MINUS_INFINITY, PARSED_EPOCH };

struct parsed {
	enum parsed_kind kind;
	struct civil civil;
	bool has_date, has_time, has_zone;
	int zone;                          /* seconds east */
	const struct timezone *named_zone; /* instead of zone */
};

/*
 * Read it; type_name is for messages.  today() and now() are taken from env.
 */
bool datetime_parse(const char *text, size_t len, const struct sql_env *env, const char *type_name,
		    struct parsed *out, struct sql_error *err);
/* Offset in seconds east of what was parsed, or of the session's zone. */
int parsed_offset(const struct parsed *p, const struct sql_env *env, int64_t local_us);

/* year, mon, ... as in date_part(); units of intervals. */
enum unit {
	UNIT_NONE, UNIT_MICROSECOND, UNIT_MILLISECOND, UNIT_SECOND, UNIT_MINUTE, UNIT_HOUR, UNIT_DAY,
	UNIT_WEEK, UNIT_MONTH, UNIT_QUARTER, UNIT_YEAR, UNIT_DECADE, UNIT_CENTURY, UNIT_MILLENNIUM,
	UNIT_DOW, UNIT_DOY, UNIT_EPOCH, UNIT_ISODOW, UNIT_ISOYEAR, UNIT_JULIAN, UNIT_TIMEZONE,
	UNIT_TIMEZONE_HOUR, UNIT_TIMEZONE_MINUTE,
};
enum unit unit_named(const char *text, size_t len);
/* January is 1; 0: not a month's name (its first three letters, or all). */
int month_named(const char *text, size_t len);
extern const char *const month_names[12], *const day_names[7];

#endif
