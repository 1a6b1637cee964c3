/*
 * timezone.c - time zones from the system's tz database
 *
 * Reads the compiled files (TZif, RFC 8536), and beyond their last transition the POSIX
 * rule at their end.  A zone once read is kept for the life of the process.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/thread.h"
#include "sql/type/datetime.h"
#include "sql/type/impl.h"

#define ZONEINFO "/usr/share/zoneinfo"
#define MAX_ZONES 4096
#define UNIX_TO_2000 INT64_C(946684800)

struct zone_type {
	int offset; /* seconds east */
	bool is_dst;
	char name[16];
};

/* A rule such as M3.2.0/2 of a POSIX TZ text. */
struct zone_rule {
	char kind; /* 'M', 'J', 'N' (day from 0) */
	int month, week, day;
	int time;
};

struct timezone {
	char *name;
	size_t n_transitions;
	int64_t *transitions; /* Unix seconds */
	unsigned char *kinds;
	size_t n_types;
	struct zone_type types[256];
	bool has_rule;
	struct zone_type standard, daylight;
	bool has_daylight;
	struct zone_rule to_daylight, to_standard;
};

static struct mutex zones_lock = MUTEX_INIT;
static struct map zones; /* by lower-case name; guarded by zones_lock */
static size_t n_zones;

static const struct {
	const char *name;
	int offset;
	bool is_dst;
} abbreviations[] = {
	{ "acdt", 37800, true },
	{ "acsst", 37800, true },
	{ "acst", 34200, false },
	{ "act", -18000, false },
	{ "acwst", 31500, false },
	{ "adt", -10800, true },
	{ "aedt", 39600, true },
	{ "aesst", 39600, true },
	{ "aest", 36000, false },
	{ "aft", 16200, false },
	{ "akdt", -28800, true },
	{ "akst", -32400, false },
	{ "almst", 25200, true },
	{ "almt", 21600, false },
	{ "amst", 14400, false },
	{ "amt", -14400, false },
	{ "anast", 43200, false },
	{ "anat", 43200, false },
	{ "arst", -10800, false },
	{ "art", -10800, false },
	{ "ast", -14400, false },
	{ "awsst", 32400, true },
	{ "awst", 28800, false },
	{ "azost", 0, true },
	{ "azot", -3600, false },
	{ "azst", 14400, false },
	{ "azt", 14400, false },
	{ "bdst", 7200, true },
	{ "bdt", 21600, false },
	{ "bnt", 28800, false },
	{ "bort", 28800, false },
	{ "bot", -14400, false },
	{ "bra", -10800, false },
	{ "brst", -7200, true },
	{ "brt", -10800, false },
	{ "bst", 3600, true },
	{ "btt", 21600, false },
	{ "cadt", 37800, true },
	{ "cast", 34200, false },
	{ "cct", 28800, false },
	{ "cdt", -18000, true },
	{ "cest", 7200, true },
	{ "cet", 3600, false },
	{ "cetdst", 7200, true },
	{ "chadt", 49500, true },
	{ "chast", 45900, false },
	{ "chut", 36000, false },
	{ "ckt", -36000, false },
	{ "clst", -10800, true },
	{ "clt", -10800, true },
	{ "cot", -18000, false },
	{ "cst", -21600, false },
	{ "cxt", 25200, false },
	{ "davt", 25200, false },
	{ "ddut", 36000, false },
	{ "easst", -18000, true },
	{ "east", -18000, true },
	{ "eat", 10800, false },
	{ "edt", -14400, true },
	{ "eest", 10800, true },
	{ "eet", 7200, false },
	{ "eetdst", 10800, true },
	{ "egst", 0, true },
	{ "egt", -3600, false },
	{ "est", -18000, false },
	{ "fet", 10800, false },
	{ "fjst", 46800, true },
	{ "fjt", 43200, false },
	{ "fkst", -10800, false },
	{ "fkt", -10800, false },
	{ "fnst", -3600, true },
	{ "fnt", -7200, false },
	{ "galt", -21600, false },
	{ "gamt", -32400, false },
	{ "gest", 14400, false },
	{ "get", 14400, false },
	{ "gft", -10800, false },
	{ "gilt", 43200, false },
	{ "gmt", 0, false },
	{ "gyt", -14400, false },
	{ "hkt", 28800, false },
	{ "hst", -36000, false },
	{ "ict", 25200, false },
	{ "idt", 10800, true },
	{ "iot", 21600, false },
	{ "irkst", 28800, false },
	{ "irkt", 28800, false },
	{ "irt", 12600, false },
	{ "ist", 7200, false },
	{ "jayt", 32400, false },
	{ "jst", 32400, false },
	{ "kdt", 36000, true },
	{ "kgst", 21600, true },
	{ "kgt", 21600, false },
	{ "kost", 39600, false },
	{ "krast", 25200, false },
	{ "krat", 25200, false },
	{ "kst", 32400, false },
	{ "lhdt", 39600, true },
	{ "lhst", 37800, false },
	{ "ligt", 36000, false },
	{ "lint", 50400, false },
	{ "lkt", 19800, false },
	{ "magst", 39600, false },
	{ "magt", 39600, false },
	{ "mart", -34200, false },
	{ "mawt", 18000, false },
	{ "mdt", -21600, true },
	{ "mest", 7200, true },
	{ "mesz", 7200, true },
	{ "met", 3600, false },
	{ "metdst", 7200, true },
	{ "mez", 3600, false },
	{ "mht", 43200, false },
	{ "mmt", 23400, false },
	{ "mpt", 36000, false },
	{ "msd", 14400, true },
	{ "msk", 10800, false },
	{ "mst", -25200, false },
	{ "must", 18000, true },
	{ "mut", 14400, false },
	{ "mvt", 18000, false },
	{ "myt", 28800, false },
	{ "ndt", -9000, true },
	{ "nft", -12600, false },
	{ "novst", 25200, false },
	{ "novt", 25200, false },
	{ "npt", 20700, false },
	{ "nst", -12600, false },
	{ "nut", -39600, false },
	{ "nzdt", 46800, true },
	{ "nzst", 43200, false },
	{ "nzt", 43200, false },
	{ "omsst", 21600, false },
	{ "omst", 21600, false },
	{ "pdt", -25200, true },
	{ "pet", -18000, false },
	{ "petst", 43200, false },
	{ "pett", 43200, false },
	{ "pgt", 36000, false },
	{ "pht", 28800, false },
	{ "pkst", 21600, true },
	{ "pkt", 18000, false },
	{ "pmdt", -7200, true },
	{ "pmst", -10800, false },
	{ "pont", 39600, false },
	{ "pst", -28800, false },
	{ "pwt", 32400, false },
	{ "pyst", -10800, true },
	{ "pyt", -10800, false },
	{ "ret", 14400, false },
	{ "sadt", 37800, true },
	{ "sast", 7200, false },
	{ "sct", 14400, false },
	{ "sgt", 28800, false },
	{ "taht", -36000, false },
	{ "tft", 18000, false },
	{ "tjt", 18000, false },
	{ "tkt", 46800, false },
	{ "tmt", 18000, false },
	{ "tot", 46800, false },
	{ "trut", 36000, false },
	{ "tvt", 43200, false },
	{ "uct", 0, false },
	{ "ulast", 32400, true },
	{ "ulat", 28800, false },
	{ "ut", 0, false },
	{ "utc", 0, false },
	{ "uyst", -7200, true },
	{ "uyt", -10800, false },
	{ "uzst", 21600, true },
	{ "uzt", 18000, false },
	{ "vet", -14400, false },
	{ "vlast", 36000, false },
	{ "vlat", 36000, false },
	{ "volt", 10800, false },
	{ "vut", 39600, false },
	{ "wadt", 28800, true },
	{ "wakt", 43200, false },
	{ "wast", 25200, false },
	{ "wat", 3600, false },
	{ "wdt", 32400, true },
	{ "wet", 0, false },
	{ "wetdst", 3600, true },
	{ "wft", 43200, false },
	{ "wgst", -7200, true },
	{ "wgt", -10800, false },
	{ "xjt", 21600, false },
	{ "yakst", 32400, false },
	{ "yakt", 32400, false },
	{ "yapt", 36000, false },
	{ "yekst", 21600, true },
	{ "yekt", 18000, false },
	{ "z", 0, false },
	{ "zulu", 0, false },
};

bool timezone_abbreviation(const char *text, size_t len, int *offset, bool *is_dst)
{
	for (size_t i = 0; i < ARRAY_LEN(abbreviations); i++)
		if (type_word_is(text, len, abbreviations[i].name)) {
			*offset = abbreviations[i].offset;
			*is_dst = abbreviations[i].is_dst;
			return true;
		}
	return false;
}

/* Pieces of a POSIX TZ text.  All return false for a text that is not one. */
static bool rule_number(const char **p, int *out)
{
	if (!type_is_digit(**p))
		return false;
	for (*out = 0; type_is_digit(**p); (*p)++) {
		*out = *out * 10 + (**p - '0');
		if (*out > 100000)
			return false;
	}
	return true;
}

static bool rule_name(const char **p, char out[16])
{
	size_t n = 0;

	if (**p == '<') {
		for ((*p)++; **p != '>' && **p != '\0'; (*p)++)
			if (n < 15)
				out[n++] = **p;
		if (*(*p)++ != '>')
			return false;
	} else {
		for (; type_is_alpha(**p); (*p)++)
			if (n < 15)
				out[n++] = **p;
		if (n < 3)
			return false;
	}
	out[n] = '\0';
	return true;
}

static bool rule_time(const char **p, int *seconds)
{
	int sign = 1, h, m = 0, s = 0;

	if (**p == '-' || **p == '+')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!rule_number(p, &h))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!rule_number(p, &m))
			return false;
		if (**p == ':') {
			(*p)++;
			if (!rule_number(p, &s))
				return false;
		}
	}
	if (h > 167 || m > 59 || s > 59)
		return false;
	*seconds = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool rule_date(const char **p, struct zone_rule *r)
{
	r->time = 2 * 3600;
	if (**p == 'M') {
		r->kind = 'M';
		(*p)++;
		if (!rule_number(p, &r->month) || *(*p)++ != '.' || !rule_number(p, &r->week) ||
		    *(*p)++ != '.' || !rule_number(p, &r->day) || r->month < 1 || r->month > 12 ||
		    r->week < 1 || r->week > 5 || r->day > 6)
			return false;
	} else {
		r->kind = **p == 'J' ? 'J' : 'N';
		if (**p == 'J')
			(*p)++;
		if (!rule_number(p, &r->day) || r->day > 366)
			return false;
	}
	if (**p == '/') {
		(*p)++;
		return rule_time(p, &r->time);
	}
	return true;
}

static bool posix_parse(const char *text, struct timezone *tz)
{
	const char *p = text;
	int west;

	if (!rule_name(&p, tz->standard.name) || !rule_time(&p, &west))
		return false;
	tz->standard.offset = -west;
	tz->has_rule = true;
	if (*p == '\0')
		return true;
	tz->has_daylight = tz->daylight.is_dst = true;
	if (!rule_name(&p, tz->daylight.name))
		return false;
	tz->daylight.offset = tz->standard.offset + 3600;
	if (*p != ',' && *p != '\0') {
		if (!rule_time(&p, &west))
			return false;
		tz->daylight.offset = -west;
	}
	if (*p == '\0')
		p = ",M3.2.0,M11.1.0"; /* the rule of the United States */
	return *p++ == ',' && rule_date(&p, &tz->to_daylight) && *p++ == ',' &&
	       rule_date(&p, &tz->to_standard) && *p == '\0';
}

/* Wall-clock seconds (Unix style, without an offset) of a rule in a year. */
static int64_t rule_at(const struct zone_rule *r, int64_t year)
{
	int64_t days;

	if (r->kind == 'M') {
		int64_t first = days_from_civil(year, r->month, 1);
		int ahead = (r->day - weekday(first) + 7) % 7;

		days = first + ahead + 7 * (r->week - 1);
		while (days >= first + days_in_month(year, r->month))
			days -= 7;
	} else {
		bool leap = days_in_month(year, 2) == 29;

		days = days_from_civil(year, 1, 1) + r->day;
		if (r->kind == 'J')
			days += leap && r->day >= 60 ? 0 : -1;
	}
	return days * 86400 + UNIX_TO_2000 + r->time;
}

static const struct zone_type *rule_type(const struct timezone *tz, int64_t unix_time)
{
	struct civil c;

	if (!tz->has_daylight)
		return &tz->standard;
	civil_from_days(floor_div(unix_time - UNIX_TO_2000 + tz->standard.offset, 86400), &c);
	int64_t start = rule_at(&tz->to_daylight, c.year) - tz->standard.offset;
	int64_t end = rule_at(&tz->to_standard, c.year) - tz->daylight.offset;
	bool dst = start < end ? unix_time >= start && unix_time < end
			       : unix_time >= start || unix_time < end;
	return dst ? &tz->daylight : &tz->standard;
}

static bool tzif_parse(const unsigned char *data, size_t len, struct timezone *tz)
{
	size_t at = 0;
	uint32_t counts[6];
	size_t width = 4;

	for (int pass = 0; pass < 2; pass++) {
		if (len - at < 44 || memcmp(data + at, "TZif", 4) != 0)
			return false;
		char version = (char)data[at + 4];
		for (int i = 0; i < 6; i++) {
			counts[i] = get_u32(data + at + 20 + 4 * i);
			if (counts[i] > 100000)
				return false;
		}
		size_t body = (size_t)counts[3] * (width + 1) + (size_t)counts[4] * 6 + counts[5] +
			      (size_t)counts[2] * (width + 4) + counts[1] + counts[0];
		if (len - at - 44 < body)
			return false;
		at += 44;
		if (pass == 0 && version >= '2') {
			at += body;
			width = 8;
			continue;
		}
		break;
	}
	/* counts: isut, isstd, leap, transitions, types, characters */
	size_t n = counts[3], n_types = counts[4];
	if (n_types == 0 || n_types > 256)
		return false;
	const unsigned char *times = data + at, *kinds = times + n * width, *types = kinds + n;
	const char *names = (const char *)types + 6 * n_types;
	tz->transitions = calloc(n + 1, sizeof(*tz->transitions));
	tz->kinds = calloc(n + 1, 1);
	if (tz->transitions == NULL || tz->kinds == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		tz->transitions[i] = width == 8 ? (int64_t)get_u64(times + 8 * i)
						: (int32_t)get_u32(times + 4 * i);
		if (kinds[i] >= n_types || (i > 0 && tz->transitions[i] <= tz->transitions[i - 1]))
			return false;
		tz->kinds[i] = kinds[i];
	}
	tz->n_transitions = n;
	tz->n_types = n_types;
	for (size_t i = 0; i < n_types; i++) {
		unsigned index = types[6 * i + 5];

		tz->types[i].offset = (int32_t)get_u32(types + 6 * i);
		tz->types[i].is_dst = types[6 * i + 4] != 0;
		if (index >= counts[5] || tz->types[i].offset < -200000 || tz->types[i].offset > 200000)
			return false;
		snprintf(tz->types[i].name, sizeof(tz->types[i].name), "%.*s",
			 (int)strnlen(names + index, counts[5] - index), names + index);
	}
	size_t footer = (size_t)((const unsigned char *)names - data) + counts[5] +
			(size_t)counts[2] * (width + 4) + counts[1] + counts[0];
	if (width == 8 && len > footer + 2 && data[footer] == '\n') {
		char rule[128];
		const unsigned char *end = memchr(data + footer + 1, '\n', len - footer - 1);

		if (end != NULL && (size_t)(end - data) - footer - 1 < sizeof(rule)) {
			size_t rule_len = (size_t)(end - data) - footer - 1;

			memcpy(rule, data + footer + 1, rule_len);
			rule[rule_len] = '\0';
			if (rule_len > 0 && !posix_parse(rule, tz))
				tz->has_rule = tz->has_daylight = false;
		}
	}
	return true;
}

/* The path of a zone whatever the case of its letters, in *path; the name after the folder. */
static bool zone_path(const char *name, char path[512])
{
	size_t len = strlen(ZONEINFO);

	memcpy(path, ZONEINFO, len + 1);
	for (const char *p = name; *p != '\0';) {
		size_t part = strcspn(p, "/");
		bool found = false;
		struct dirent *entry;
		DIR *dir;

		if (part == 0 || *p == '.' || part > 100 || len + part + 2 > 500)
			return false;
		path[len] = '/';
		memcpy(path + len + 1, p, part);
		path[len + 1 + part] = '\0';
		if (access(path, R_OK) == 0) {
			found = true;
		} else {
			path[len] = '\0';
			dir = opendir(path);
			if (dir == NULL)
				return false;
			while (!found && (entry = readdir(dir)) != NULL)
				if (strlen(entry->d_name) == part && strncasecmp(entry->d_name, p, part) == 0) {
					path[len] = '/';
					memcpy(path + len + 1, entry->d_name, part + 1);
					found = true;
				}
			closedir(dir);
		}
		if (!found)
			return false;
		len += part + 1;
		p += part;
		if (*p == '/')
			p++;
	}
	return len > strlen(ZONEINFO);
}

static void zone_free(struct timezone *tz)
{
	if (tz == NULL)
		return;
	free(tz->name);
	free(tz->transitions);
	free(tz->kinds);
	free(tz);
}

static struct timezone *zone_read(const char *name)
{
	char path[512];
	struct stat st;
	unsigned char *data = NULL;
	struct timezone *tz = NULL;
	int fd;

	if (!zone_path(name, path))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 44 && st.st_size < 1 << 20) {
		size_t len = (size_t)st.st_size;

		data = malloc(len);
		tz = calloc(1, sizeof(*tz));
		if (data == NULL || tz == NULL || read(fd, data, len) != (ssize_t)len ||
		    !tzif_parse(data, len, tz)) {
			zone_free(tz);
			tz = NULL;
		}
	}
	close(fd);
	free(data);
	if (tz != NULL) {
		tz->name = strdup(path + strlen(ZONEINFO) + 1);
		if (tz->name == NULL) {
			zone_free(tz);
			tz = NULL;
		}
	}
	return tz;
}

/* A number of hours, or +05:30: seconds east. */
static bool offset_parse(const char *text, int *seconds)
{
	char *end;
	double hours = strtod(text, &end);

	if (end != text && *end == '\0' && hours > -168 && hours < 168) {
		*seconds = (int)(hours * 3600);
		return true;
	}
	const char *p = text;
	int v;
	if ((*p != '+' && *p != '-') || !rule_time(&p, &v) || *p != '\0')
		return false;
	/* rule_time() reads the sign as the text has it */
	*seconds = v;
	return true;
}

static struct timezone *zone_make(const char *name)
{
	struct timezone *tz = zone_read(name);
	int offset;

	if (tz != NULL)
		return tz;
	tz = calloc(1, sizeof(*tz));
	if (tz == NULL)
		return NULL;
	if (offset_parse(name, &offset)) {
		char text[48];
		int minutes = abs(offset) / 60 % 60, hours = abs(offset) / 3600;
		char sign = offset < 0 ? '-' : '+', other = offset < 0 ? '+' : '-';

		if (minutes != 0)
			snprintf(text, sizeof(text), "<%c%02d:%02d>%c%02d:%02d", sign, hours, minutes, other,
				 hours, minutes);
		else
			snprintf(text, sizeof(text), "<%c%02d>%c%02d", sign, hours, other, hours);
		tz->has_rule = true;
		tz->standard.offset = offset;
		snprintf(tz->standard.name, sizeof(tz->standard.name), "%c%02d", sign, hours);
		if (minutes != 0)
			snprintf(tz->standard.name + 3, sizeof(tz->standard.name) - 3, ":%02d", minutes);
		tz->name = strdup(text);
	} else if (posix_parse(name, tz)) {
		tz->name = strdup(name);
	}
	if (tz->name == NULL) {
		zone_free(tz);
		return NULL;
	}
	return tz;
}

const struct timezone *timezone_find(const char *name)
{
	char key[256];
	size_t len = strlen(name);
	struct timezone *tz;

	if (len == 0 || len >= sizeof(key))
		return NULL;
	for (size_t i = 0; i <= len; i++)
		key[i] = type_lower(name[i]);
	mutex_lock(&zones_lock);
	tz = map_get(&zones, key);
	if (tz == NULL && n_zones < MAX_ZONES) {
		tz = zone_make(name);
		if (tz != NULL && !map_put(&zones, key, tz, NULL)) {
			zone_free(tz);
			tz = NULL;
		}
		n_zones += tz != NULL;
	}
	mutex_unlock(&zones_lock);
	return tz;
}

const struct timezone *timezone_of_offset(int offset)
{
	char name[32];

	snprintf(name, sizeof(name), "%c%02d:%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600,
		 abs(offset) / 60 % 60, abs(offset) % 60);
	return timezone_find(name);
}

const char *timezone_name(const struct timezone *tz)
{
	return tz == NULL ? "UTC" : tz->name;
}

static const struct zone_type *type_at(const struct timezone *tz, int64_t unix_time)
{
	size_t lo = 0, hi = tz->n_transitions;

	if (tz->has_rule && (hi == 0 || unix_time >= tz->transitions[hi - 1]))
		return rule_type(tz, unix_time);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tz->transitions[mid] <= unix_time)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo > 0)
		return &tz->types[tz->kinds[lo - 1]];
	for (size_t i = 0; i < tz->n_types; i++)
		if (!tz->types[i].is_dst)
			return &tz->types[i];
	return &tz->types[0];
}

int timezone_offset_at(const struct timezone *tz, int64_t us, struct civil *c)
{
	static const struct zone_type utc = { 0, false, "UTC" };
	const struct zone_type *t = tz == NULL ? &utc
					       : type_at(tz, floor_div(us, US_PER_SECOND) + UNIX_TO_2000);

	if (c != NULL) {
		c->zone = t->offset;
		c->is_dst = t->is_dst;
		c->zone_name = t->name;
	}
	return t->offset;
}

int timezone_offset_local(const struct timezone *tz, int64_t local_us)
{
	if (tz == NULL)
		return 0;
	int64_t local = floor_div(local_us, US_PER_SECOND) + UNIX_TO_2000;
	int before = type_at(tz, local - 86400)->offset, after = type_at(tz, local + 86400)->offset;
	int at = type_at(tz, local - before)->offset;
	if (before == after && at == before)
		return before;
	bool before_fits = at == before, after_fits = type_at(tz, local - after)->offset == after;
	if (after_fits)
		return after;
	return before_fits || before != after ? before : at;
}

int64_t to_local(const struct timezone *tz, int64_t us)
{
	return timestamp_is_finite(us) ? us + timezone_offset_at(tz, us, NULL) * US_PER_SECOND : us;
}

int64_t from_local(const struct timezone *tz, int64_t local_us)
{
	return timestamp_is_finite(local_us)
		       ? local_us - timezone_offset_local(tz, local_us) * US_PER_SECOND : local_us;
}
