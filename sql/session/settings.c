/*
 * settings.c - a session's configuration parameters (GUCs)
 *
 * A value is kept in the form of pg_settings.setting: a number in the base unit,
 * "on" and "off", an enum's own spelling.  setting_show() adds the unit.
 *
 * Source: PostgreSQL 15 documentation, chapter 20, "Server Configuration".
 * Licence: MIT, see LICENSE.
 */
#include "sql/session/settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql/pgcat.h"
#include "vfs/vfs.h"
#include "base/error.h"
#include "base/log.h"
#include "sql/session/session.h"

struct setting {
	const struct pg_setting_row *row; /* NULL: a custom one, a.b */
	char *name;
	char *current; /* what holds now; NULL: a custom one that is not set any more */
	char *session; /* what holds when the transaction has ended */
	char *reset;   /* what RESET makes it */
	char *told;    /* what the client was told last; only of reported ones */
	char *shown;   /* what setting_show() returned last */
	bool report;
};

struct setting_change {
	struct setting *setting;
	char *current, *session; /* what they were */
};

enum { NAME_MAX_BYTES = 64, VALUE_MAX_BYTES = 1 << 20 };

static const char *const reported[] = {
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only",
	"in_hot_standby", "integer_datetimes", "IntervalStyle", "is_superuser",
	"server_encoding", "server_version", "session_authorization",
	"standard_conforming_strings", "TimeZone",
};

/* What holds here where it is not what a fresh PostgreSQL has. */
static const struct {
	const char *name, *value;
} defaults[] = {
	{ "application_name", "" },
	{ "client_encoding", "UTF8" },
	{ "config_file", "" },
	{ "data_checksums", "on" },
	{ "data_directory", "" },
	{ "DateStyle", "ISO, MDY" },
	{ "dynamic_shared_memory_type", "posix" },
	{ "external_pid_file", "" },
	{ "hba_file", "" },
	{ "ident_file", "" },
	{ "in_hot_standby", "off" },
	{ "is_superuser", "on" },
	{ "jit", "off" },
	{ "lc_collate", "C" },
	{ "lc_ctype", "C" },
	{ "lc_messages", "C" },
	{ "lc_monetary", "C" },
	{ "lc_numeric", "C" },
	{ "lc_time", "C" },
	{ "log_timezone", "UTC" },
	{ "role", "none" },
	{ "search_path", "\"$user\", public" },
	{ "server_encoding", "UTF8" },
	{ "ssl", "off" },
	{ "TimeZone", "UTC" },
	{ "unix_socket_directories", "" },
};

/* Values that would change the meaning of statements, and that we do not have. */
static const struct {
	const char *name, *value;
} only[] = {
	{ "standard_conforming_strings", "on" },
	{ "transform_null_equals", "off" },
	{ "array_nulls", "on" },
	{ "row_security", "on" }, /* off is accepted too: there are no policies */
};

static void lower_name(const char *name, char out[NAME_MAX_BYTES * 2])
{
	size_t i = 0;

	for (; name[i] != '\0' && i < NAME_MAX_BYTES * 2 - 1; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
}

/* Those that SHOW ALL and pg_settings leave out. */
static const struct pg_setting_row hidden[] = {
	{ .name = "is_superuser", .setting = "on", .context = "internal", .vartype = "bool" },
	{ .name = "role", .setting = "none", .context = "user", .vartype = "string" },
	{ .name = "session_authorization", .setting = "", .context = "user", .vartype = "string" },
};

static const struct pg_setting_row *row_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (strcasecmp(hidden[i].name, name) == 0)
			return &hidden[i];
	return pgcat_setting(name);
}

static const char *default_of(const struct pg_setting_row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (strcasecmp(defaults[i].name, row->name) == 0)
			return defaults[i].value;
	return row->setting != NULL ? row->setting : "";
}

static bool unrecognized(const char *name, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT,
			     "unrecognized configuration parameter \"%s\"", name);
}

static bool invalid_value(const char *name, const char *value, struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
			     "invalid value for parameter \"%s\": \"%s\"", name, value);
}

static void setting_free(struct setting *v)
{
	if (v == NULL)
		return;
	free(v->name);
	free(v->current);
	free(v->session);
	free(v->reset);
	free(v->told);
	free(v->shown);
	free(v);
}

/* The session's own struct for a setting, made at its first use.  NULL: no memory. */
static struct setting *setting_make(struct sql_session *s, const char *name,
				    const struct pg_setting_row *row)
{
	char key[NAME_MAX_BYTES * 2];
	struct setting *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->row = row;
	v->name = strdup(row != NULL ? row->name : name);
	if (row != NULL) {
		const char *value = default_of(row);

		v->current = strdup(value);
		v->session = strdup(value);
		v->reset = strdup(value);
		if (v->current == NULL || v->session == NULL || v->reset == NULL)
			goto fail;
		for (size_t i = 0; i < ARRAY_LEN(reported); i++)
			if (strcasecmp(reported[i], row->name) == 0)
				v->report = true;
	}
	if (v->name == NULL)
		goto fail;
	lower_name(name, key);
	if (!map_put(&s->settings.by_name, key, v, NULL))
		goto fail;
	return v;
fail:
	setting_free(v);
	return NULL;
}

static struct setting *setting_known(struct sql_session *s, const char *name)
{
	char key[NAME_MAX_BYTES * 2];

	if (strlen(name) >= sizeof(key))
		return NULL;
	lower_name(name, key);
	return map_get(&s->settings.by_name, key);
}

/* ---- checks: from what was written to what is kept ---- */

static bool parse_bool(const char *text, bool *out)
{
	static const struct {
		const char *word;
		size_t least;
		bool value;
	} words[] = {
		{ "true", 1, true }, { "false", 1, false }, { "yes", 1, true },
		{ "no", 1, false },  { "on", 2, true },     { "off", 2, false },
		{ "1", 1, true },    { "0", 1, false },
	};
	size_t len = strlen(text);

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (len >= words[i].least && len <= strlen(words[i].word) &&
		    strncasecmp(text, words[i].word, len) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

struct unit {
	const char *name;
	double factor; /* in bytes, or in microseconds */
};

static const struct unit memory_units[] = {
	{ "TB", 1099511627776.0 }, { "GB", 1073741824.0 }, { "MB", 1048576.0 },
	{ "kB", 1024.0 },	   { "B", 1.0 },
};
static const struct unit time_units[] = {
	{ "d", 86400e6 }, { "h", 3600e6 }, { "min", 60e6 },
	{ "s", 1e6 },	  { "ms", 1e3 },   { "us", 1.0 },
};

/* The units that a base unit may be written in, and the base unit's own factor. */
static const struct unit *units_of(const char *base, size_t *n, double *base_factor)
{
	double times = 1;

	if (base == NULL || base[0] == '\0')
		return NULL;
	if (isdigit((unsigned char)base[0])) {
		char *rest;

		times = strtod(base, &rest);
		base = rest;
	}
	for (size_t i = 0; i < ARRAY_LEN(memory_units); i++)
		if (strcmp(memory_units[i].name, base) == 0) {
			*n = ARRAY_LEN(memory_units);
			*base_factor = times * memory_units[i].factor;
			return memory_units;
		}
	for (size_t i = 0; i < ARRAY_LEN(time_units); i++)
		if (strcmp(time_units[i].name, base) == 0) {
			*n = ARRAY_LEN(time_units);
			*base_factor = times * time_units[i].factor;
			return time_units;
		}
	return NULL;
}

static bool check_number(const struct pg_setting_row *row, const char *value, bool integer,
			 char **out, struct sql_error *err)
{
	const char *p = value;
	char *end;
	double factor = 1, base_factor = 1;
	size_t n_units = 0;
	const struct unit *units = units_of(row->unit, &n_units, &base_factor);

	while (isspace((unsigned char)*p))
		p++;
	errno = 0;
	double v = strncasecmp(p, "0x", 2) == 0 ? (double)strtoll(p, &end, 16) : strtod(p, &end);
	if (end == p || errno == ERANGE || isnan(v) || strncasecmp(p, "inf", 3) == 0)
		return invalid_value(row->name, value, err);
	while (isspace((unsigned char)*end))
		end++;
	if (*end != '\0') {
		size_t len = strcspn(end, " \t\n");
		const char *rest = end + len;
		bool found = false;

		while (isspace((unsigned char)*rest))
			rest++;
		for (size_t i = 0; i < n_units && *rest == '\0'; i++)
			if (strlen(units[i].name) == len && memcmp(units[i].name, end, len) == 0) {
				factor = units[i].factor;
				found = true;
			}
		if (!found) {
			invalid_value(row->name, value, err);
			if (units == memory_units)
				sql_error_hint(err, "Valid units for this parameter are \"B\", "
						    "\"kB\", \"MB\", \"GB\", and \"TB\".");
			else if (units == time_units)
				sql_error_hint(err, "Valid units for this parameter are \"us\", "
						    "\"ms\", \"s\", \"min\", \"h\", and \"d\".");
			return false;
		}
		v = v * factor / base_factor;
	}
	double min = row->min_val != NULL ? strtod(row->min_val, NULL) : -INFINITY;
	double max = row->max_val != NULL ? strtod(row->max_val, NULL) : INFINITY;
	char text[64];
	if (integer) {
		v = rint(v);
		snprintf(text, sizeof(text), "%.0f", v);
	} else {
		snprintf(text, sizeof(text), "%.15g", v);
	}
	if (v < min || v > max)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "%s%s%s is outside the valid range for parameter \"%s\" (%s .. %s)",
				     text, units != NULL ? " " : "",
				     units != NULL ? row->unit : "", row->name,
				     row->min_val != NULL ? row->min_val : "",
				     row->max_val != NULL ? row->max_val : "");
	*out = strdup(text);
	return *out != NULL || sql_error_no_memory(err);
}

/* The word of "{a,b,c}" that `value` is, in the spelling of the list. */
static char *enum_word(const char *list, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = list; *p != '\0';) {
		p += strspn(p, "{},\"");
		size_t n = strcspn(p, "{},\"");
		if (n == 0)
			break;
		if (n == len && strncasecmp(p, value, n) == 0)
			return strndup(p, n);
		p += n;
	}
	return NULL;
}

static bool check_enum(const struct pg_setting_row *row, const char *value, char **out,
		       struct sql_error *err)
{
	/* spellings that no list shows; unlike those of a Boolean they are not abbreviated */
	static const char *const on[] = { "true", "yes", "1" };
	static const char *const off[] = { "false", "no", "0" };
	const char *list = row->enumvals != NULL ? row->enumvals : "{}";

	*out = enum_word(list, value);
	for (size_t i = 0; i < ARRAY_LEN(on) && *out == NULL; i++) {
		if (strcasecmp(value, on[i]) == 0)
			*out = enum_word(list, "on");
		else if (strcasecmp(value, off[i]) == 0)
			*out = enum_word(list, "off");
	}
	if (*out == NULL && strcasecmp(value, "debug") == 0)
		*out = enum_word(list, "debug2");
	if (*out != NULL)
		return true;
	invalid_value(row->name, value, err);
	char words[400];
	size_t at = 0;
	for (const char *p = list; *p != '\0' && at < sizeof(words) - 2; p++) {
		if (*p == '{' || *p == '}' || *p == '"')
			continue;
		words[at++] = *p;
		if (*p == ',')
			words[at++] = ' ';
	}
	words[at] = '\0';
	return sql_error_hint(err, "Available values: %s.", words);
}

static const char *const date_styles[] = { "ISO", "SQL", "Postgres", "German" };
static const char *const date_orders[] = { "MDY", "DMY", "YMD" };

static bool parse_date_style(const char *value, enum date_style *style, enum date_order *order)
{
	for (const char *p = value; *p != '\0';) {
		p += strspn(p, " ,\t");
		size_t n = strcspn(p, " ,\t");
		if (n == 0)
			break;
#define IS(word) (n == strlen(word) && strncasecmp(p, word, n) == 0)
		if (IS("iso"))
			*style = DATE_STYLE_ISO;
		else if (IS("sql"))
			*style = DATE_STYLE_SQL;
		else if (n >= 8 && strncasecmp(p, "postgres", 8) == 0)
			*style = DATE_STYLE_POSTGRES;
		else if (IS("german")) {
			*style = DATE_STYLE_GERMAN;
			*order = DATE_ORDER_DMY;
		} else if (IS("ymd"))
			*order = DATE_ORDER_YMD;
		else if (IS("dmy") || (n >= 4 && strncasecmp(p, "euro", 4) == 0))
			*order = DATE_ORDER_DMY;
		else if (IS("mdy") || IS("us") || (n >= 7 && strncasecmp(p, "noneuro", 7) == 0))
			*order = DATE_ORDER_MDY;
		else if (IS("default")) {
			*style = DATE_STYLE_ISO;
			*order = DATE_ORDER_MDY;
		} else
			return false;
#undef IS
		p += n;
	}
	return true;
}

static const struct timezone *find_timezone(const char *value, char name[64])
{
	char *end;
	double hours = strtod(value, &end);

	/* a plain number is hours east of Greenwich; POSIX counts west */
	if (end != value && *end == '\0' && fabs(hours) < 168) {
		long minutes = lrint(hours * 60);
		long h = labs(minutes) / 60, m = labs(minutes) % 60;

		if (m != 0)
			snprintf(name, 64, "<%c%02ld:%02ld>%c%02ld:%02ld", minutes < 0 ? '-' : '+', h, m,
				 minutes < 0 ? '+' : '-', h, m);
		else
			snprintf(name, 64, "<%c%02ld>%c%02ld", minutes < 0 ? '-' : '+', h,
				 minutes < 0 ? '+' : '-', h);
		return timezone_find(name);
	}
	const struct timezone *tz = strlen(value) < 64 ? timezone_find(value) : NULL;
	if (tz != NULL)
		snprintf(name, 64, "%s", timezone_name(tz));
	return tz;
}

/*
 * Split a list of identifiers as search_path has it.  False: it is none.  The names
 * are allocated one by one.
 */
static bool split_identifiers(const char *text, char ***out, int *n_out)
{
	char **names = NULL;
	int n = 0;
	const char *p = text + strspn(text, " \t\n");

	while (*p != '\0') {
		char name[256];
		size_t len = 0;
		bool quoted = *p == '"';

		if (quoted) {
			for (p++;; p++) {
				if (*p == '"' && p[1] == '"')
					p++;
				else if (*p == '"' || *p == '\0')
					break;
				if (len < sizeof(name) - 1)
					name[len++] = *p;
			}
			if (*p++ != '"')
				goto fail;
		} else {
			for (; *p != '\0' && strchr(" \t\n,\"", *p) == NULL; p++)
				if (len < sizeof(name) - 1)
					name[len++] = (char)tolower((unsigned char)*p);
		}
		if (len == 0 && !quoted)
			goto fail;
		name[len] = '\0';
		char **more = realloc(names, (size_t)(n + 1) * sizeof(*names));
		if (more == NULL)
			goto fail;
		names = more;
		names[n] = strdup(name);
		if (names[n] == NULL)
			goto fail;
		n++;
		p += strspn(p, " \t\n");
		if (*p == ',') {
			p++;
			p += strspn(p, " \t\n");
			if (*p == '\0')
				goto fail;
		} else if (*p != '\0') {
			goto fail;
		}
	}
	*out = names;
	*n_out = n;
	return true;
fail:
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return false;
}

static bool is(const struct pg_setting_row *row, const char *name)
{
	return row != NULL && strcasecmp(row->name, name) == 0;
}

static bool check_encoding(const char *value, char **out, struct sql_error *err)
{
	char plain[32];
	size_t n = 0;

	for (const char *p = value; *p != '\0' && n < sizeof(plain) - 1; p++)
		if (isalnum((unsigned char)*p))
			plain[n++] = (char)tolower((unsigned char)*p);
	plain[n] = '\0';
	if (strcmp(plain, "utf8") == 0 || strcmp(plain, "unicode") == 0)
		*out = strdup("UTF8");
	else if (strcmp(plain, "sqlascii") == 0)
		*out = strdup("SQL_ASCII");
	else {
		static const char *const known[] = { "latin1", "latin9", "win1252", "iso88591", "win1251",
						     "latin2", "eucjp", "sjis", "gbk", "koi8r" };

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			if (strcmp(plain, known[i]) == 0) {
				sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
					      "client_encoding \"%s\" is not supported", value);
				return sql_error_hint(err, "Use UTF8.");
			}
		return invalid_value("client_encoding", value, err);
	}
	return *out != NULL || sql_error_no_memory(err);
}

/* What is kept of a value that was given for a setting, allocated. */
static bool check_value(struct sql_session *s, const struct pg_setting_row *row,
			const char *value, char **out, struct sql_error *err)
{
	*out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(only); i++) {
		bool want, got;

		if (is(row, only[i].name) && !is(row, "row_security") &&
		    parse_bool(only[i].value, &want) && parse_bool(value, &got) && want != got)
			return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
					     "setting parameter \"%s\" to \"%s\" is not supported",
					     row->name, value);
	}
	if (is(row, "DateStyle")) {
		enum date_style style = s->env.date_style;
		enum date_order order = s->env.date_order;
		char text[32];

		if (!parse_date_style(value, &style, &order)) {
			invalid_value(row->name, value, err);
			return sql_error_detail(err, "Unrecognized key word: \"%s\".", value);
		}
		snprintf(text, sizeof(text), "%s, %s", date_styles[style], date_orders[order]);
		*out = strdup(text);
		return *out != NULL || sql_error_no_memory(err);
	}
	if (is(row, "TimeZone")) {
		char name[64];

		if (find_timezone(value, name) == NULL)
			return invalid_value(row->name, value, err);
		*out = strdup(name);
		return *out != NULL || sql_error_no_memory(err);
	}
	if (is(row, "client_encoding"))
		return check_encoding(value, out, err);
	if (is(row, "search_path")) {
		char **names;
		int n;

		if (!split_identifiers(value, &names, &n)) {
			invalid_value(row->name, value, err);
			return sql_error_detail(err, "List syntax is invalid.");
		}
		for (int i = 0; i < n; i++)
			free(names[i]);
		free(names);
	}
	if (is(row, "session_authorization") || is(row, "role")) {
		if (strcmp(value, s->user) != 0 && !(is(row, "role") && strcmp(value, "none") == 0))
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "role \"%s\" does not exist", value);
	}
	if (strcmp(row->vartype, "bool") == 0) {
		bool on;

		if (!parse_bool(value, &on))
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "parameter \"%s\" requires a Boolean value", row->name);
		*out = strdup(on ? "on" : "off");
	} else if (strcmp(row->vartype, "integer") == 0) {
		return check_number(row, value, true, out, err);
	} else if (strcmp(row->vartype, "real") == 0) {
		return check_number(row, value, false, out, err);
	} else if (strcmp(row->vartype, "enum") == 0) {
		return check_enum(row, value, out, err);
	} else if (is(row, "application_name") || is(row, "cluster_name")) {
		*out = strndup(value, 63);
		for (char *p = *out; p != NULL && *p != '\0'; p++)
			if (*p < 32 || *p > 126)
				*p = '?';
	} else {
		*out = strdup(value);
	}
	return *out != NULL || sql_error_no_memory(err);
}

/* ---- what follows from a value ---- */

static void apply_search_path(struct sql_session *s, const char *value)
{
	/* the old text goes away: whatever happens, let the pointer be good */
	s->settings.search_path_text = value;
	char **names = NULL;
	int n = 0;
	bool has_catalog = false;

	if (!split_identifiers(value, &names, &n))
		return;
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], "pg_catalog") == 0)
			has_catalog = true;
		if (strcmp(names[i], "$user") == 0) {
			char *user = strdup(s->user);

			if (user != NULL) {
				free(names[i]);
				names[i] = user;
			}
		}
	}
	char **all = calloc((size_t)n + 1, sizeof(*all));
	char *catalog = strdup("pg_catalog");
	if (all == NULL || catalog == NULL) {
		for (int i = 0; i < n; i++)
			free(names[i]);
		free(names);
		free(all);
		free(catalog);
		return;
	}
	int at = 0;
	if (!has_catalog)
		all[at++] = catalog;
	else
		free(catalog);
	for (int i = 0; i < n; i++)
		all[at++] = names[i];
	free(names);
	for (int i = 0; i < s->settings.n_search_path; i++)
		free(s->settings.search_path[i]);
	free(s->settings.search_path);
	s->settings.search_path = all;
	s->settings.n_search_path = at;
	s->env.search_path = (const char *const *)all;
	s->env.n_search_path = at;
}

static int isolation_of(const char *value)
{
	return strcasecmp(value, "read uncommitted") == 0 ? READ_UNCOMMITTED :
	       strcasecmp(value, "repeatable read") == 0  ? REPEATABLE_READ :
	       strcasecmp(value, "serializable") == 0	  ? SERIALIZABLE :
							    READ_COMMITTED;
}

static enum synchronous_commit synchronous_commit_of(const char *value)
{
	return strcmp(value, "off") == 0	  ? SYNC_OFF :
	       strcmp(value, "local") == 0	  ? SYNC_LOCAL :
	       strcmp(value, "remote_write") == 0 ? SYNC_REMOTE_WRITE :
	       strcmp(value, "remote_apply") == 0 ? SYNC_REMOTE_APPLY :
						    SYNC_ON;
}

static int message_rank(const char *value)
{
	static const char *const ranks[] = { "debug5", "debug4", "debug3", "debug2", "debug1",
					     "log", "info", "notice", "warning", "error" };

	for (size_t i = 0; i < ARRAY_LEN(ranks); i++)
		if (strcasecmp(ranks[i], value) == 0)
			return (int)i;
	return 7;
}

static void apply(struct sql_session *s, const struct setting *v)
{
	const struct pg_setting_row *row = v->row;
	const char *value = v->current;

	if (v->report)
		s->settings.report = true;
	if (row == NULL || value == NULL)
		return;
	if (is(row, "DateStyle")) {
		parse_date_style(value, &s->env.date_style, &s->env.date_order);
	} else if (is(row, "IntervalStyle")) {
		s->env.interval_style = strcmp(value, "postgres_verbose") == 0 ?
						INTERVAL_STYLE_POSTGRES_VERBOSE :
					strcmp(value, "sql_standard") == 0 ? INTERVAL_STYLE_SQL_STANDARD :
					strcmp(value, "iso_8601") == 0	   ? INTERVAL_STYLE_ISO_8601 :
									     INTERVAL_STYLE_POSTGRES;
	} else if (is(row, "TimeZone")) {
		s->env.timezone = timezone_find(value);
	} else if (is(row, "extra_float_digits")) {
		s->env.extra_float_digits = atoi(value);
	} else if (is(row, "bytea_output")) {
		s->env.bytea_escape = strcmp(value, "escape") == 0;
	} else if (is(row, "application_name")) {
		s->env.application_name = value;
	} else if (is(row, "search_path")) {
		apply_search_path(s, value);
	} else if (is(row, "statement_timeout")) {
		s->settings.statement_timeout_ms = atoll(value);
	} else if (is(row, "lock_timeout")) {
		s->settings.lock_timeout_ms = atoll(value);
	} else if (is(row, "idle_in_transaction_session_timeout")) {
		s->settings.idle_in_transaction_timeout_ms = atoll(value);
	} else if (is(row, "idle_session_timeout")) {
		s->settings.idle_session_timeout_ms = atoll(value);
	} else if (is(row, "synchronous_commit")) {
		s->settings.synchronous_commit = synchronous_commit_of(value);
	} else if (is(row, "default_transaction_isolation")) {
		s->settings.default_isolation = isolation_of(value);
	} else if (is(row, "default_transaction_read_only")) {
		s->settings.default_read_only = strcmp(value, "on") == 0;
	} else if (is(row, "default_transaction_deferrable")) {
		s->settings.default_deferrable = strcmp(value, "on") == 0;
	} else if (is(row, "client_min_messages")) {
		s->settings.min_messages = message_rank(value);
	}
}

/* ---- changing ---- */

static bool log_change(struct sql_session *s, struct setting *v)
{
	struct settings *st = &s->settings;

	if (st->n_changes == st->max_changes) {
		size_t more = st->max_changes == 0 ? 16 : st->max_changes * 2;
		struct setting_change *bigger = realloc(st->changes, more * sizeof(*bigger));

		if (bigger == NULL)
			return false;
		st->changes = bigger;
		st->max_changes = more;
	}
	struct setting_change *c = &st->changes[st->n_changes];
	c->setting = v;
	c->current = v->current != NULL ? strdup(v->current) : NULL;
	c->session = v->session != NULL ? strdup(v->session) : NULL;
	if ((v->current != NULL && c->current == NULL) || (v->session != NULL && c->session == NULL)) {
		free(c->current);
		free(c->session);
		return false;
	}
	st->n_changes++;
	return true;
}

/* Give the setting a kept value, which is taken over. */
static bool assign(struct sql_session *s, struct setting *v, char *value,
		   enum setting_source source, struct sql_error *err)
{
	char *copy = value != NULL ? strdup(value) : NULL;

	if (value != NULL && copy == NULL)
		goto fail;
	if (source == SETTING_STARTUP || source == SETTING_DEFAULT) {
		char *reset = value != NULL ? strdup(value) : NULL;

		if (value != NULL && reset == NULL)
			goto fail;
		free(v->reset);
		v->reset = reset;
	} else if (!log_change(s, v)) {
		goto fail;
	}
	/* env points to the old text until apply() */
	char *old = v->current;
	v->current = value;
	if (source != SETTING_LOCAL) {
		free(v->session);
		v->session = copy;
	} else {
		free(copy);
	}
	apply(s, v);
	free(old);
	return true;
fail:
	free(value);
	free(copy);
	return sql_error_no_memory(err);
}

static bool valid_custom_name(const char *name)
{
	bool dot = false, start = true;

	if (strlen(name) >= NAME_MAX_BYTES)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '.') {
			if (start)
				return false;
			dot = start = true;
			continue;
		}
		bool letter = isalpha((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 128;
		if (!letter && (start || !(isdigit((unsigned char)*p) || *p == '$')))
			return false;
		start = false;
	}
	return dot && !start;
}

static bool check_context(const struct pg_setting_row *row, enum setting_source source,
			  struct sql_error *err)
{
	if (source == SETTING_DEFAULT)
		return true;
	if (is(row, "session_authorization") || is(row, "role") || is(row, "transaction_isolation") ||
	    is(row, "transaction_read_only") || is(row, "transaction_deferrable"))
		return true;
	if (strcmp(row->context, "internal") == 0)
		return sql_error_set(err, ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
				     "parameter \"%s\" cannot be changed", row->name);
	if (strcmp(row->context, "postmaster") == 0)
		return sql_error_set(err, ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
				     "parameter \"%s\" cannot be changed without restarting the server",
				     row->name);
	if (strcmp(row->context, "sighup") == 0)
		return sql_error_set(err, ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
				     "parameter \"%s\" cannot be changed now", row->name);
	if (strstr(row->context, "backend") != NULL && source != SETTING_STARTUP)
		return sql_error_set(err, ERRCODE_CANT_CHANGE_RUNTIME_PARAM,
				     "parameter \"%s\" cannot be set after connection start", row->name);
	return true;
}

/* SET TRANSACTION's three, which are the transaction's and not a value. */
static bool set_transaction_value(struct sql_session *s, const struct pg_setting_row *row,
				  const char *value, struct sql_error *err)
{
	struct transaction *tx = &s->tx;
	char *kept;

	if (!check_value(s, row, value, &kept, err))
		return false;
	bool on = strcmp(kept, "on") == 0;
	bool ok = true;
	if (is(row, "transaction_isolation")) {
		ok = tx_set_isolation(s, (enum isolation)isolation_of(kept), err);
	} else if (is(row, "transaction_read_only")) {
		ok = tx_set_read_only(s, on, err);
	} else {
		if (tx->used)
			ok = sql_error_set(err, ERRCODE_ACTIVE_TRANSACTION,
					   "SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
		else
			tx->deferrable = on;
	}
	free(kept);
	return ok;
}

bool setting_set(struct sql_session *s, const char *name, const char *value,
		 enum setting_source source, struct sql_error *err)
{
	struct setting *v = setting_known(s, name);
	const struct pg_setting_row *row = v != NULL ? v->row : row_named(name);

	if (value != NULL && strlen(value) > VALUE_MAX_BYTES)
		return sql_error_set(err, ERRCODE_PROGRAM_LIMIT, "value for parameter \"%s\" is too long",
				     name);
	if (row == NULL) {
		if (strchr(name, '.') == NULL)
			return unrecognized(name, err);
		if (!valid_custom_name(name)) {
			sql_error_set(err, ERRCODE_INVALID_NAME,
				      "invalid configuration parameter name \"%s\"", name);
			return sql_error_detail(err, "Custom parameter names must be two or more simple "
						     "identifiers separated by dots.");
		}
	} else if (!check_context(row, source, err)) {
		return false;
	}
	if (row != NULL && (is(row, "transaction_isolation") || is(row, "transaction_read_only") ||
			    is(row, "transaction_deferrable"))) {
		if (source == SETTING_STARTUP)
			return true;
		if (value == NULL)
			return true;
		return set_transaction_value(s, row, value, err);
	}
	if (v == NULL)
		v = setting_make(s, name, row);
	if (v == NULL)
		return sql_error_no_memory(err);
	char *kept = NULL;
	if (value == NULL) {
		if (v->reset != NULL && (kept = strdup(v->reset)) == NULL)
			return sql_error_no_memory(err);
		if (v->reset == NULL && v->row == NULL && (kept = strdup("")) == NULL)
			return sql_error_no_memory(err);
	} else if (row == NULL) {
		if ((kept = strdup(value)) == NULL)
			return sql_error_no_memory(err);
	} else if (!check_value(s, row, value, &kept, err)) {
		return false;
	}
	return assign(s, v, kept, source, err);
}

bool settings_reset_all(struct sql_session *s, struct sql_error *err)
{
	const char *key;
	void *value;

	for (size_t i = 0; map_next(&s->settings.by_name, &i, &key, &value);) {
		struct setting *v = value;

		if (v->row != NULL && (is(v->row, "session_authorization") || is(v->row, "role") ||
				       strcmp(v->row->context, "internal") == 0))
			continue;
		if (v->current == NULL && v->reset == NULL)
			continue;
		if (v->current != NULL && v->reset != NULL && strcmp(v->current, v->reset) == 0)
			continue;
		char *kept = strdup(v->reset != NULL ? v->reset : "");
		if (kept == NULL)
			return sql_error_no_memory(err);
		if (!assign(s, v, kept, SETTING_SET, err))
			return false;
	}
	return true;
}

static void restore(struct sql_session *s, struct setting_change *c)
{
	struct setting *v = c->setting;
	char *old = v->current;

	v->current = c->current;
	free(v->session);
	v->session = c->session;
	apply(s, v);
	free(old);
}

size_t settings_mark(const struct sql_session *s)
{
	return s->settings.n_changes;
}

void settings_rollback(struct sql_session *s, size_t mark)
{
	while (s->settings.n_changes > mark)
		restore(s, &s->settings.changes[--s->settings.n_changes]);
}

void settings_commit(struct sql_session *s)
{
	struct settings *st = &s->settings;

	for (size_t i = 0; i < st->n_changes; i++) {
		struct setting *v = st->changes[i].setting;
		bool same = v->current == v->session ||
			    (v->current != NULL && v->session != NULL &&
			     strcmp(v->current, v->session) == 0);

		free(st->changes[i].current);
		free(st->changes[i].session);
		if (same)
			continue;
		char *old = v->current;
		char *copy = v->session != NULL ? strdup(v->session) : NULL;
		if (v->session != NULL && copy == NULL)
			continue; /* out of memory: the local value stays */
		v->current = copy;
		apply(s, v);
		free(old);
	}
	st->n_changes = 0;
}

/* ---- showing ---- */

static void show_number(const struct pg_setting_row *row, const char *raw, char *out, size_t size)
{
	size_t n = 0;
	double base = 1;
	const struct unit *units = units_of(row->unit, &n, &base);
	double v = strtod(raw, NULL);

	if (units == NULL || v <= 0) {
		snprintf(out, size, "%s", raw);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		double in_unit = v * base / units[i].factor;

		if (in_unit >= 1 && in_unit == floor(in_unit)) {
			snprintf(out, size, "%.0f%s", in_unit, units[i].name);
			return;
		}
	}
	snprintf(out, size, "%s%s", raw, row->unit);
}

static const char *const isolation_names[] = { "read uncommitted", "read committed",
					       "repeatable read", "serializable" };

const char *setting_show(struct sql_session *s, const char *name)
{
	struct setting *v = setting_known(s, name);

	if (v == NULL) {
		const struct pg_setting_row *row = row_named(name);

		if (row == NULL || (v = setting_make(s, name, row)) == NULL)
			return NULL;
	}
	const struct pg_setting_row *row = v->row;
	if (row == NULL)
		return v->current;
	bool in_tx = s->tx.kind != TX_NONE;
	if (is(row, "transaction_isolation"))
		return isolation_names[in_tx ? (int)s->tx.isolation : s->settings.default_isolation];
	if (is(row, "transaction_read_only"))
		return (in_tx ? s->tx.read_only : s->settings.default_read_only || s->env.in_recovery) ?
			       "on" : "off";
	if (is(row, "transaction_deferrable"))
		return (in_tx ? s->tx.deferrable : s->settings.default_deferrable) ? "on" : "off";
	if (row->unit == NULL || row->unit[0] == '\0')
		return v->current;
	char text[64];
	show_number(row, v->current, text, sizeof(text));
	char *copy = strdup(text);
	if (copy == NULL)
		return v->current;
	free(v->shown);
	v->shown = copy;
	return copy;
}

void settings_each(struct sql_session *s,
		   void (*f)(void *arg, const char *name, const char *value, const char *text),
		   void *arg)
{
	size_t n;
	const struct pg_setting_row *rows = pgcat_settings(&n);

	for (size_t i = 0; i < n; i++) {
		const char *value = setting_show(s, rows[i].name);

		f(arg, rows[i].name, value != NULL ? value : "",
		  rows[i].short_desc != NULL ? rows[i].short_desc : "");
	}
}

/* ---- ParameterStatus ---- */

void settings_report(struct sql_session *s)
{
	if (!s->settings.report || s->sink == NULL)
		return;
	s->settings.report = false;
	for (size_t i = 0; i < ARRAY_LEN(reported); i++) {
		const char *value = setting_show(s, reported[i]);
		struct setting *v = setting_known(s, reported[i]);

		if (v == NULL || value == NULL)
			continue;
		if (v->told != NULL && strcmp(v->told, value) == 0)
			continue;
		s->sink->setting(s->sink, reported[i], value);
		free(v->told);
		v->told = strdup(value);
	}
}

void settings_report_all(struct sql_session *s)
{
	for (size_t i = 0; i < ARRAY_LEN(reported); i++) {
		struct setting *v = setting_known(s, reported[i]);

		if (v != NULL) {
			free(v->told);
			v->told = NULL;
		}
	}
	s->settings.report = true;
}

/* ---- life ---- */

static const char *env_setting(const struct sql_env *env, const char *name)
{
	return setting_show(env->session, name);
}

static bool env_set_setting(const struct sql_env *env, const char *name, const char *value,
			    bool local)
{
	struct sql_session *s = env->session;
	struct sql_error err = SQL_ERROR_INIT;

	if (setting_set(s, name, value, local ? SETTING_LOCAL : SETTING_SET, &err))
		return true;
	if (s->running != NULL)
		s->running->sql.err = err;
	return false;
}

static bool env_prevent_block(const struct sql_env *env, const char *command)
{
	struct sql_session *s = env->session;
	struct sql_error err = SQL_ERROR_INIT;

	if (tx_prevent_block(s, command, &err))
		return true;
	if (s->running != NULL)
		s->running->sql.err = err;
	return false;
}

static bool env_list_databases(const struct sql_env *env,
			       void (*each)(void *arg, const struct sql_database_info *db), void *arg)
{
	struct sql_session *s = env->session;
	struct vfs_database_list list;
	struct error err = ERROR_INIT;

	if (vfs_list_databases(s->server->config.store, &list, &err) != VFS_OK) {
		log_error(s->scope, "could not list the databases: %s", err.text);
		return false;
	}
	for (size_t i = 0; i < list.n_names; i++) {
		struct sql_database_info db = { .name = list.names[i], .size = -1 };

		each(arg, &db);
	}
	vfs_database_list_free(&list);
	return true;
}

bool settings_init(struct sql_session *s, struct sql_error *err)
{
	static const char *const own[] = {
		"DateStyle", "IntervalStyle", "TimeZone", "extra_float_digits", "bytea_output",
		"application_name", "search_path", "statement_timeout", "lock_timeout",
		"default_transaction_isolation", "default_transaction_read_only",
		"default_transaction_deferrable", "client_min_messages", "synchronous_commit",
	};
	char port[16];

	s->env.setting = env_setting;
	s->env.set_setting = env_set_setting;
	s->env.list_databases = env_list_databases;
	s->env.prevent_block = env_prevent_block;
	s->env.session = s;
	s->settings.default_isolation = READ_COMMITTED;
	s->settings.min_messages = 7;
	snprintf(port, sizeof(port), "%d", s->server->config.port);
	const struct pg_setting_row *version = row_named("server_version");
	char version_text[64] = "15.0";
	if (version != NULL && version->setting != NULL)
		snprintf(version_text, sizeof(version_text), "%.*s",
			 (int)strcspn(version->setting, " "), version->setting);
	if (!setting_set(s, "session_authorization", s->user, SETTING_DEFAULT, err) ||
	    !setting_set(s, "server_version", version_text, SETTING_DEFAULT, err) ||
	    !setting_set(s, "port", port, SETTING_DEFAULT, err) ||
	    !setting_set(s, "listen_addresses",
			 s->server->config.listen_addresses != NULL ?
				 s->server->config.listen_addresses : "localhost",
			 SETTING_DEFAULT, err) ||
	    !setting_set(s, "in_hot_standby", s->env.in_recovery ? "on" : "off",
			 SETTING_DEFAULT, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct setting *v = setting_known(s, own[i]);
		const struct pg_setting_row *row = row_named(own[i]);

		if (v == NULL && row != NULL)
			v = setting_make(s, own[i], row);
		if (v == NULL)
			return sql_error_no_memory(err);
		apply(s, v);
	}
	s->settings.report = true;
	return true;
}

void settings_deinit(struct sql_session *s)
{
	const char *key;
	void *value;

	settings_commit(s);
	free(s->settings.changes);
	for (size_t i = 0; map_next(&s->settings.by_name, &i, &key, &value);)
		setting_free(value);
	map_free(&s->settings.by_name);
	for (int i = 0; i < s->settings.n_search_path; i++)
		free(s->settings.search_path[i]);
	free(s->settings.search_path);
}
