/*
 * timezone.c - offsets of time zones
 *
 * Read from the system's compiled zones (TZif), which hold transitions up to some
 * year and a rule in POSIX's form for what comes after.
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/timezone.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/thread.h"
#include "sql/type.h"

#define ZONEINFO "/usr/share/zoneinfo"
enum { FILE_MAX = 1 << 20, NAME_SIZE = 64, DAY = 86400, ZONES_MAX = 4096 };

struct local_type {
	int32_t offset; /* seconds east */
	bool is_dst;
	char abbreviation[12];
};

/* "M3.2.0/2": the second Sunday of March at two; or a day of the year. */
struct rule_date {
	char kind; /* M, J (1 to 365, no leap day), 0 (0 to 365) */
	int month, week, day;
	int32_t time;
};

struct timezone {
	char name[NAME_SIZE];
	size_t n_transitions;
	int64_t *at;     /* rising */
	uint8_t *type_at; /* the type from at[i] on */
	size_t n_types;
	struct local_type *types;
	struct local_type first; /* before the first transition */
	bool has_rule, rule_has_dst;
	struct local_type standard, summer;
	struct rule_date begin, end;
};

/* ---- the rule ---- */

static bool rule_name(const char **p, char out[12])
{
	size_t n = 0;
	bool quoted = **p == '<';

	if (quoted)
		(*p)++;
	while (n < 11 && (quoted ? **p != '>' && **p != '\0' : isalpha((unsigned char)**p) != 0))
		out[n++] = *(*p)++;
	out[n] = '\0';
	if (quoted && *(*p)++ != '>')
		return false;
	return n >= 3;
}

static bool rule_number(const char **p, int *out)
{
	int n = 0;

	if (!isdigit((unsigned char)**p))
		return false;
	while (isdigit((unsigned char)**p) && n < 100000)
		n = n * 10 + (*(*p)++ - '0');
	*out = n;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(const char **p, int32_t *out)
{
	int sign = 1;
	int part[3] = { 0, 0, 0 };

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	for (int i = 0; i < 3; i++) {
		if (!rule_number(p, &part[i]))
			return false;
		if (**p != ':')
			break;
		if (i < 2)
			(*p)++;
	}
	if (part[0] > 167 || part[1] > 59 || part[2] > 59)
		return false;
	*out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool rule_date(const char **p, struct rule_date *out)
{
	bool ok;

	*out = (struct rule_date){ .kind = '0', .time = 2 * 3600 };
	if (**p == 'M') {
		out->kind = 'M';
		(*p)++;
		ok = rule_number(p, &out->month) && *(*p)++ == '.' && rule_number(p, &out->week) &&
		     *(*p)++ == '.' && rule_number(p, &out->day) && out->month >= 1 && out->month <= 12 &&
		     out->week >= 1 && out->week <= 5 && out->day <= 6;
	} else {
		if (**p == 'J') {
			out->kind = 'J';
			(*p)++;
		}
		ok = rule_number(p, &out->day) && out->day <= 365;
	}
	if (ok && **p == '/') {
		(*p)++;
		ok = rule_time(p, &out->time);
	}
	return ok;
}

/* "EST5EDT,M3.2.0,M11.1.0", "<+03>-3" */
static bool parse_rule(const char *text, struct timezone *tz)
{
	const char *p = text;
	int32_t west;

	if (!rule_name(&p, tz->standard.abbreviation) || !rule_time(&p, &west))
		return false;
	tz->standard.offset = -west;
	tz->has_rule = true;
	if (*p == '\0')
		return true;
	if (!rule_name(&p, tz->summer.abbreviation))
		return false;
	tz->summer.is_dst = true;
	tz->summer.offset = tz->standard.offset + 3600;
	if (*p != ',' && *p != '\0') {
		if (!rule_time(&p, &west))
			return false;
		tz->summer.offset = -west;
	}
	tz->rule_has_dst = true;
	if (*p == '\0') {
		/* no dates: those of the United States, as everywhere */
		const char *usual = "M3.2.0,M11.1.0";

		return rule_date(&usual, &tz->begin) && *usual++ == ',' && rule_date(&usual, &tz->end);
	}
	return *p++ == ',' && rule_date(&p, &tz->begin) && *p++ == ',' && rule_date(&p, &tz->end) &&
	       *p == '\0';
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to January 1st of a year. */
static int64_t year_start(int64_t year)
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + (floor_div(y, 4) - 492) - (floor_div(y, 100) - 19) +
	       (floor_div(y, 400) - 4);
}

static int64_t year_of_day(int64_t day)
{
	int64_t year = 1970 + floor_div(day * 400, 146097);

	while (year_start(year) > day)
		year--;
	while (year_start(year + 1) <= day)
		year++;
	return year;
}

/* Seconds of the local clock at which a rule falls in a year. */
static int64_t rule_moment(const struct rule_date *r, int64_t year)
{
	static const int before[2][12] = {
		{ 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 },
		{ 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335 },
	};
	bool leap = is_leap(year);
	int64_t day = year_start(year);

	if (r->kind == 'M') {
		int64_t first = day + before[leap][r->month - 1];
		int length = r->month == 12 ? 31
					    : before[leap][r->month] - before[leap][r->month - 1];
		int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
		int offset = (r->day - weekday + 7) % 7 + (r->week - 1) * 7;

		while (offset >= length)
			offset -= 7;
		day = first + offset;
	} else if (r->kind == 'J') {
		day += r->day - 1 + (leap && r->day >= 60);
	} else {
		day += r->day;
	}
	return day * DAY + r->time;
}

/* The rule's type at a moment, and the next moment after it at which that changes. */
static const struct local_type *rule_at(const struct timezone *tz, int64_t utc, int64_t *next)
{
	if (!tz->rule_has_dst) {
		*next = INT64_MAX;
		return &tz->standard;
	}
	int64_t year = year_of_day(floor_div(utc + tz->standard.offset, DAY));
	const struct local_type *now = &tz->standard;
	int64_t latest = INT64_MIN;
	*next = INT64_MAX;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t begin = rule_moment(&tz->begin, y) - tz->standard.offset;
		int64_t end = rule_moment(&tz->end, y) - tz->summer.offset;

		if (begin <= utc && begin > latest) {
			latest = begin;
			now = &tz->summer;
		}
		if (end <= utc && end > latest) {
			latest = end;
			now = &tz->standard;
		}
		if (begin > utc && begin < *next)
			*next = begin;
		if (end > utc && end < *next)
			*next = end;
	}
	return now;
}

/* ---- look-ups ---- */

/* The type at a moment, and the next moment at which it changes. */
static const struct local_type *type_at(const struct timezone *tz, int64_t utc, int64_t *next)
{
	size_t low = 0;
	size_t high = tz->n_transitions;

	while (low < high) { /* the number of transitions that are not after utc */
		size_t middle = low + (high - low) / 2;

		if (tz->at[middle] <= utc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == tz->n_transitions && tz->has_rule)
		return rule_at(tz, utc, next);
	*next = low < tz->n_transitions ? tz->at[low] : INT64_MAX;
	return low == 0 ? &tz->first : &tz->types[tz->type_at[low - 1]];
}

int32_t timezone_offset(const struct timezone *tz, int64_t utc, bool *is_dst,
			const char **abbreviation)
{
	int64_t next;
	const struct local_type *t;

	if (tz == NULL) {
		if (is_dst != NULL)
			*is_dst = false;
		if (abbreviation != NULL)
			*abbreviation = "UTC";
		return 0;
	}
	t = type_at(tz, utc, &next);
	if (is_dst != NULL)
		*is_dst = t->is_dst;
	if (abbreviation != NULL)
		*abbreviation = t->abbreviation;
	return t->offset;
}

int32_t timezone_local_offset(const struct timezone *tz, int64_t local)
{
	int64_t boundary;
	int64_t next;

	if (tz == NULL)
		return 0;
	/* what held a day before, and the change that may be near */
	const struct local_type *before = type_at(tz, local - DAY, &boundary);
	if (boundary == INT64_MAX || boundary > local + 2 * DAY)
		return before->offset;
	const struct local_type *after = type_at(tz, boundary, &next);
	int64_t by_before = local - before->offset;
	int64_t by_after = local - after->offset;
	if (by_before < boundary && by_after < boundary)
		return before->offset;
	if (by_before >= boundary && by_after >= boundary)
		return after->offset;
	/* forward: the time is not there, and is told by the old clock; back: it is there twice */
	return by_before > by_after ? before->offset : after->offset;
}

/* ---- files ---- */

static bool read_block(struct timezone *tz, const unsigned char *p, size_t left, size_t time_size,
		       size_t *used)
{
	if (left < 44 || memcmp(p, "TZif", 4) != 0)
		return false;
	size_t n_isut = get_u32(p + 20), n_isstd = get_u32(p + 24), n_leap = get_u32(p + 28);
	size_t n_times = get_u32(p + 32), n_types = get_u32(p + 36), n_chars = get_u32(p + 40);
	if (n_times > 100000 || n_types == 0 || n_types > 256 || n_chars > 10000 || n_leap > 10000 ||
	    n_isut > n_types || n_isstd > n_types)
		return false;
	size_t size = 44 + n_times * (time_size + 1) + n_types * 6 + n_chars +
		      n_leap * (time_size + 4) + n_isstd + n_isut;
	if (size > left)
		return false;
	*used = size;
	if (tz == NULL)
		return true;
	const unsigned char *times = p + 44;
	const unsigned char *indexes = times + n_times * time_size;
	const unsigned char *types = indexes + n_times;
	const unsigned char *chars = types + n_types * 6;
	tz->at = calloc(n_times + 1, sizeof(tz->at[0]));
	tz->type_at = calloc(n_times + 1, 1);
	tz->types = calloc(n_types, sizeof(tz->types[0]));
	if (tz->at == NULL || tz->type_at == NULL || tz->types == NULL)
		return false;
	for (size_t i = 0; i < n_types; i++) {
		const unsigned char *t = types + i * 6;
		size_t at = t[5];
		size_t n = 0;

		tz->types[i].offset = (int32_t)get_u32(t);
		tz->types[i].is_dst = t[4] != 0;
		while (at + n < n_chars && chars[at + n] != '\0' && n < 11) {
			tz->types[i].abbreviation[n] = (char)chars[at + n];
			n++;
		}
	}
	for (size_t i = 0; i < n_times; i++) {
		const unsigned char *t = times + i * time_size;

		tz->at[i] = time_size == 8 ? (int64_t)get_u64(t) : (int32_t)get_u32(t);
		tz->type_at[i] = indexes[i];
		if (indexes[i] >= n_types || (i > 0 && tz->at[i] <= tz->at[i - 1]))
			return false;
	}
	tz->n_transitions = n_times;
	tz->n_types = n_types;
	tz->first = tz->types[0];
	return true;
}

static bool parse_file(struct timezone *tz, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	char rule[128];
	size_t used;

	if (len < 44)
		return false;
	if (p[4] < '2')
		return read_block(tz, p, len, 4, &used);
	/* the first block is for those who know only 32 bits */
	if (!read_block(NULL, p, len, 4, &used))
		return false;
	p += used;
	len -= used;
	if (!read_block(tz, p, len, 8, &used))
		return false;
	p += used;
	len -= used;
	if (len < 2 || p[0] != '\n' || p[len - 1] != '\n' || len - 2 >= sizeof(rule))
		return false;
	memcpy(rule, p + 1, len - 2);
	rule[len - 2] = '\0';
	return rule[0] == '\0' || parse_rule(rule, tz);
}

static struct timezone *zone_new(const char *name)
{
	struct timezone *tz = calloc(1, sizeof(*tz));

	if (tz != NULL)
		snprintf(tz->name, sizeof(tz->name), "%s", name);
	return tz;
}

static void zone_free(struct timezone *tz)
{
	free(tz->at);
	free(tz->type_at);
	free(tz->types);
	free(tz);
}

static struct timezone *read_zone(const char *name)
{
	char path[sizeof(ZONEINFO) + NAME_SIZE + 1];
	struct timezone *tz = NULL;
	struct stat st;

	snprintf(path, sizeof(path), ZONEINFO "/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	char *bytes = NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_MAX)
		bytes = malloc((size_t)st.st_size);
	if (bytes != NULL && read(fd, bytes, (size_t)st.st_size) == st.st_size) {
		tz = zone_new(name);
		if (tz != NULL && !parse_file(tz, bytes, (size_t)st.st_size)) {
			zone_free(tz);
			tz = NULL;
		}
	}
	free(bytes);
	close(fd);
	return tz;
}

/* ---- names ---- */

/* The spelling of a file's name part whatever the case it was written in. */
static bool spelling_of(const char *folder, const char *part, size_t len, char out[NAME_SIZE])
{
	DIR *d = opendir(folder);
	bool found = false;

	if (d == NULL)
		return false;
	for (struct dirent *e; !found && (e = readdir(d)) != NULL;) {
		if (strlen(e->d_name) == len && strncasecmp(e->d_name, part, len) == 0) {
			memcpy(out, e->d_name, len + 1);
			found = true;
		}
	}
	closedir(d);
	return found;
}

/* "europe/berlin" to "Europe/Berlin"; false if there is no such file. */
static bool canonical_name(const char *name, char out[NAME_SIZE])
{
	char folder[sizeof(ZONEINFO) + NAME_SIZE + 1] = ZONEINFO;
	char part[NAME_SIZE];
	size_t used = 0;

	for (const char *p = name;;) {
		size_t len = strcspn(p, "/");

		if (len == 0 || p[0] == '.' || used + len + 2 > NAME_SIZE)
			return false;
		if (!spelling_of(folder, p, len, part))
			return false;
		memcpy(out + used, part, len);
		used += len;
		out[used] = '\0';
		if (p[len] == '\0')
			return true;
		out[used++] = '/';
		size_t at = strlen(folder);
		snprintf(folder + at, sizeof(folder) - at, "/%s", part);
		p += len + 1;
	}
}

bool timezone_abbreviation(const char *name, int32_t *offset, bool *is_dst)
{
	static const struct {
		const char *name;
		int minutes;
		bool is_dst;
	} known[] = {
		{ "UTC", 0, false },    { "GMT", 0, false },    { "Z", 0, false },      { "ZULU", 0, false },
		{ "UT", 0, false },     { "WET", 0, false },    { "WEST", 60, true },   { "BST", 60, true },
		{ "CET", 60, false },   { "MET", 60, false },   { "CEST", 120, true },  { "MEST", 120, true },
		{ "EET", 120, false },  { "EEST", 180, true },  { "SAST", 120, false }, { "MSK", 180, false },
		{ "EAT", 180, false },  { "IST", 120, false },  { "IDT", 180, true },   { "PKT", 300, false },
		{ "NPT", 345, false },  { "ICT", 420, false },  { "AWST", 480, false }, { "HKT", 480, false },
		{ "SGT", 480, false },  { "JST", 540, false },  { "KST", 540, false },  { "ACST", 570, false },
		{ "ACDT", 630, true },  { "AEST", 600, false }, { "AEDT", 660, true },  { "NZST", 720, false },
		{ "NZDT", 780, true },  { "NST", -210, false }, { "NDT", -150, true },  { "AST", -240, false },
		{ "ADT", -180, true },  { "EST", -300, false }, { "EDT", -240, true },  { "CST", -360, false },
		{ "CDT", -300, true },  { "MST", -420, false }, { "MDT", -360, true },  { "PST", -480, false },
		{ "PDT", -420, true },  { "AKST", -540, false }, { "AKDT", -480, true }, { "HST", -600, false },
		{ "BRT", -180, false }, { "ART", -180, false }, { "CLT", -240, false },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(known[i].name, name) == 0) {
			*offset = known[i].minutes * 60;
			*is_dst = known[i].is_dst;
			return true;
		}
	}
	return false;
}

static struct mutex zones_lock = MUTEX_INIT;
static struct map zones = MAP_INIT; /* by every name asked for, folded; never emptied */

static const struct timezone *keep(const char *key, struct timezone *tz)
{
	mutex_lock(&zones_lock);
	struct timezone *there = map_get(&zones, key);
	if (there != NULL) {
		mutex_unlock(&zones_lock);
		zone_free(tz);
		return there;
	}
	bool ok = zones.n_used < ZONES_MAX && map_put(&zones, key, tz, NULL);
	mutex_unlock(&zones_lock);
	if (!ok) {
		zone_free(tz);
		return NULL;
	}
	return tz;
}

static const struct timezone *kept(const char *key)
{
	mutex_lock(&zones_lock);
	const struct timezone *tz = map_get(&zones, key);
	mutex_unlock(&zones_lock);
	return tz;
}

const struct timezone *timezone_fixed(int32_t offset)
{
	char part[20];
	char name[NAME_SIZE];
	int32_t a = offset < 0 ? -offset : offset;

	if (a > 167 * 3600)
		return NULL;
	if (a % 60 != 0)
		snprintf(part, sizeof(part), "%02d:%02d:%02d", a / 3600, a / 60 % 60, a % 60);
	else if (a % 3600 != 0)
		snprintf(part, sizeof(part), "%02d:%02d", a / 3600, a / 60 % 60);
	else
		snprintf(part, sizeof(part), "%02d", a / 3600);
	char east = offset < 0 ? '-' : '+';
	snprintf(name, sizeof(name), "<%c%s>%c%s", east, part, offset < 0 ? '+' : '-', part);
	const struct timezone *there = kept(name);
	if (there != NULL)
		return there;
	struct timezone *tz = zone_new(name);
	if (tz == NULL)
		return NULL;
	tz->has_rule = true;
	tz->standard.offset = tz->first.offset = offset;
	snprintf(tz->standard.abbreviation, sizeof(tz->standard.abbreviation), "%c%.10s", east, part);
	tz->first = tz->standard;
	return keep(name, tz);
}

/* "+3", "-05:30", "5.5": hours east, as SET TIME ZONE takes them */
static const struct timezone *numeric_zone(const char *name)
{
	const char *p = name;
	int sign = 1;
	char *end;
	double hours;

	if (*p == '+' || *p == '-')
		sign = *p++ == '-' ? -1 : 1;
	if (!isdigit((unsigned char)*p))
		return NULL;
	if (strchr(p, ':') != NULL) {
		int32_t seconds;

		return rule_time(&p, &seconds) && *p == '\0' ? timezone_fixed(sign * seconds) : NULL;
	}
	hours = strtod(p, &end);
	if (*end != '\0' || !(hours <= 167))
		return NULL;
	return timezone_fixed(sign * (int32_t)(hours * 3600));
}

const struct timezone *timezone_find(const char *name)
{
	char key[NAME_SIZE];
	char spelled[NAME_SIZE];
	size_t len = strlen(name);
	struct timezone *tz = NULL;

	if (len == 0 || len >= NAME_SIZE)
		return NULL;
	for (size_t i = 0; i <= len; i++)
		key[i] = (char)tolower((unsigned char)name[i]);
	const struct timezone *there = kept(key);
	if (there != NULL)
		return there;
	if ((there = numeric_zone(name)) != NULL)
		return there;
	if (strcmp(key, "utc") == 0 || strcmp(key, "gmt") == 0) {
		/* they are needed where no zone files are, too */
		tz = zone_new(strcmp(key, "utc") == 0 ? "UTC" : "GMT");
		if (tz == NULL)
			return NULL;
		strcpy(tz->first.abbreviation, tz->name);
	} else if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")] ==
			   '\0' &&
		   canonical_name(name, spelled)) {
		tz = read_zone(spelled);
	}
	if (tz == NULL) {
		/* a rule in POSIX's form: "EST5EDT", "<+03>-3" */
		tz = zone_new(name);
		if (tz == NULL)
			return NULL;
		if (!parse_rule(name, tz)) {
			zone_free(tz);
			return NULL;
		}
		tz->first = tz->standard;
	}
	return keep(key, tz);
}

const char *timezone_name(const struct timezone *tz)
{
	return tz == NULL ? "UTC" : tz->name;
}
