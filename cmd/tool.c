/*
 * tool.c - what the commands of pgblob have in common: command line, help, text
 * Licence: MIT, see LICENSE.
 */
#include "cmd/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

volatile sig_atomic_t tool_interrupted;

static const struct tool_command *const groups[] = {
	tool_commands_show,
	tool_commands_versions,
	tool_commands_copy,
	tool_commands_verify,
	tool_commands_keep,
};

static const struct tool_option common[] = {
	{ "config", 'c', "FILE", "configuration; otherwise CONFIG_PATH, otherwise ./config.yaml if it is there" },
	{ "store", 's', "URL", "the store, instead of that of the configuration" },
	{ "json", 0, NULL, "write JSON on standard output" },
	{ "quiet", 'q', NULL, "no bar, no summary" },
	{ "help", 'h', NULL, "show this" },
	{ "version", 'V', NULL, "show the version" },
	{ NULL, 0, NULL, NULL },
};

/* Places in `common`. */
enum { COMMON_CONFIG, COMMON_STORE, COMMON_JSON, COMMON_QUIET, COMMON_HELP, COMMON_VERSION };

const struct tool_command *tool_command_at(size_t n)
{
	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (const struct tool_command *c = groups[g]; c->name != NULL; c++)
			if (n-- == 0)
				return c;
	return NULL;
}

const struct tool_command *tool_command_find(const char *name)
{
	const struct tool_command *c;

	for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* --- command line --------------------------------------------------------------- */

/* Which of a list is it?  A long name ends at `len`; -1: none. */
static int find_option(const struct tool_option *list, const char *name, size_t len, char letter)
{
	for (int i = 0; list[i].name != NULL; i++)
		if (letter != 0 ? list[i].letter == letter :
				  strncmp(list[i].name, name, len) == 0 && list[i].name[len] == '\0')
			return i;
	return -1;
}

static void set_common(struct tool *t, int which, const char *value)
{
	switch (which) {
	case COMMON_CONFIG:
		t->config_path = value;
		break;
	case COMMON_STORE:
		t->store_url = value;
		break;
	case COMMON_JSON:
		t->json = true;
		break;
	case COMMON_QUIET:
		t->quiet = true;
		break;
	case COMMON_HELP:
		t->help = true;
		break;
	case COMMON_VERSION:
		t->version = true;
		break;
	}
}

static bool unknown_option(const struct tool *t, const char *arg, struct error *err)
{
	error_set(err, "unknown option \"%s\"", arg);
	if (t->command != NULL)
		error_hint(err, "Try pgblob %s --help.", t->command->name);
	else
		error_hint(err, "Try pgblob --help. Options of a command stand behind its name.");
	return false;
}

/* The option at argv[*i]; *i moves on if its argument is the next word. */
static bool take_option(struct tool *t, int argc, char **argv, int *i, struct error *err)
{
	const char *arg = argv[*i];
	bool is_long = arg[1] == '-';
	const char *name = is_long ? arg + 2 : arg + 1;
	size_t len = is_long ? strcspn(name, "=") : 1;
	const char *attached = name[len] == '\0' ? NULL : name + len + (is_long ? 1 : 0);
	char letter = is_long ? '\0' : name[0];
	const struct tool_option *list = common;
	int which = find_option(list, name, len, letter);

	/* keys of the configuration, and only they, have a dot */
	if (is_long && attached != NULL && memchr(name, '.', len) != NULL) {
		if (t->n_assignments == OPTIONS_MAX)
			return error_set(err, "too many options");
		t->assignments[t->n_assignments++] = name;
		return true;
	}
	if (which < 0 && t->command != NULL) {
		list = t->command->options;
		which = find_option(list, name, len, letter);
	}
	if (which < 0)
		return unknown_option(t, arg, err);
	if (list[which].argument == NULL) {
		if (attached != NULL)
			return is_long ? error_set(err, "option --%s takes no argument", list[which].name) :
					 unknown_option(t, arg, err);
		attached = "";
	} else if (attached == NULL) {
		if (*i + 1 == argc)
			return error_set(err, "option --%s needs an argument: %s", list[which].name,
					 list[which].argument);
		attached = argv[++*i];
	}
	if (list == common)
		set_common(t, which, attached);
	else
		t->values[which] = attached;
	return true;
}

static bool take_word(struct tool *t, const char *word, struct error *err)
{
	if (t->n_words == OPTIONS_MAX)
		return error_set(err, "too many arguments");
	t->words[t->n_words++] = word;
	if (t->n_words > 1)
		return true;
	/* "pgblob help", "pgblob help ls" */
	if (strcmp(word, "help") == 0) {
		t->help = true;
		t->n_words = 0;
		return true;
	}
	t->command = tool_command_find(word);
	if (t->command != NULL)
		return true;
	error_set(err, "unknown command \"%s\"", word);
	error_hint(err, "Try pgblob --help.");
	return false;
}

bool tool_parse(int argc, char **argv, struct tool *t, struct error *err)
{
	bool only_words = false;

	memset(t, 0, sizeof(*t));
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
		} else if (!only_words && arg[0] == '-' && arg[1] != '\0') {
			if (!take_option(t, argc, argv, &i, err))
				return false;
		} else if (!take_word(t, arg, err)) {
			return false;
		}
	}
	if (t->help || t->version)
		return true;
	if (t->command == NULL) {
		error_set(err, "a command is missing");
		error_hint(err, "Try pgblob --help.");
		return false;
	}
	if (t->n_words - 1 < t->command->min_args || t->n_words - 1 > t->command->max_args) {
		error_set(err, "usage: pgblob %s %s", t->command->name, t->command->arguments);
		error_hint(err, "Try pgblob %s --help.", t->command->name);
		return false;
	}
	return true;
}

const char *tool_argument(const struct tool *t, size_t i)
{
	return i + 1 < t->n_words ? t->words[i + 1] : NULL;
}

const char *tool_value(const struct tool *t, const char *name)
{
	int which = find_option(t->command->options, name, strlen(name), 0);

	return which < 0 ? NULL : t->values[which];
}

bool tool_number(const struct tool *t, const char *name, uint64_t min, uint64_t *out,
		 struct error *err)
{
	const char *text = tool_value(t, name);
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' || n < min) {
		error_set(err, "invalid value for --%s: \"%s\"", name, text);
		error_hint(err, "It is a whole number, at least %" PRIu64 ".", min);
		return false;
	}
	*out = n;
	return true;
}

bool tool_confirm(const struct tool *t, struct error *err, const char *fmt, ...)
{
	char answer[16];
	va_list ap;

	if (tool_value(t, "yes") != NULL)
		return true;
	if (isatty(STDIN_FILENO) == 0) {
		error_set(err, "nobody is there to say yes: standard input is no terminal");
		error_hint(err, "Say --yes.");
		return false;
	}
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" [y/N] ", stderr);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
		return true;
	return error_set(err, "canceled");
}

/* --- help ------------------------------------------------------------------------ */

static void print_options(const struct tool_option *list)
{
	for (; list->name != NULL; list++) {
		char text[64];

		if (list->letter != 0)
			snprintf(text, sizeof(text), "-%c, --%s%s%s", list->letter, list->name,
				 list->argument != NULL ? " " : "",
				 list->argument != NULL ? list->argument : "");
		else
			snprintf(text, sizeof(text), "    --%s%s%s", list->name,
				 list->argument != NULL ? " " : "",
				 list->argument != NULL ? list->argument : "");
		printf("  %-22s %s\n", text, list->help);
	}
}

static void print_options_common(void)
{
	print_options(common);
	printf("  %-22s %s\n", "    --KEY=VALUE",
	       "an option of the configuration, such as --storage.backend=s3");
}

void tool_help(void)
{
	const struct tool_command *c;

	puts("pgblob - databases in an object store\n"
	     "\n"
	     "usage: pgblob [OPTION...] COMMAND [ARGUMENT...]\n");
	for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s", c->name, c->arguments);
		printf("  %-30s %s\n", text, c->help);
	}
	puts("\nEach command has options of its own: pgblob COMMAND --help.\n");
	print_options_common();
	puts("\n"
	     "The store is that of pgblobd, from the same configuration and environment: see pgblob.yaml(5).\n"
	     "A URL is file:///path, s3://bucket/prefix or azure://account/container/prefix.\n"
	     "Ends with 0, with 1 if it failed, with 2 if it was not understood, with 3 if verify found damage.");
}

void tool_command_help(const struct tool_command *c)
{
	printf("pgblob %s - %s\n\nusage: pgblob %s%s%s [OPTION...]\n\n", c->name, c->help, c->name,
	       c->arguments[0] != '\0' ? " " : "", c->arguments);
	if (c->more != NULL)
		printf("%s\n\n", c->more);
	print_options(c->options);
	print_options_common();
}

void tool_complain(const struct error *err)
{
	fprintf(stderr, "pgblob: ERROR: %s\n", err->text);
	if (err->detail[0] != '\0')
		fprintf(stderr, "pgblob: DETAIL: %s\n", err->detail);
	if (err->hint[0] != '\0')
		fprintf(stderr, "pgblob: HINT: %s\n", err->hint);
}

/* --- text ------------------------------------------------------------------------- */

const char *tool_time(int64_t us, char out[TOOL_TIME_LEN])
{
	time_t seconds = (time_t)(us / 1000000);
	int64_t rest = us % 1000000;
	struct tm tm;

	if (rest < 0) {
		rest += 1000000;
		seconds--;
	}
	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) == NULL || strftime(out, TOOL_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return "";
	size_t n = strlen(out);
	snprintf(out + n, TOOL_TIME_LEN - n, ".%06" PRId64 "Z", rest);
	return out;
}

const char *tool_size(uint64_t bytes, char out[TOOL_SIZE_LEN])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 1023.95 && unit + 1 < ARRAY_LEN(units)) {
		n /= 1024;
		unit++;
	}
	snprintf(out, TOOL_SIZE_LEN, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
	return out;
}

static bool parse_ago(const char *text, int64_t *us)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	long n = strtol(text, &end, 10);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (errno == 0 && strcmp(end, units[i].name) == 0 && n < 1000000000) {
			*us = wall_us() - n * units[i].seconds * 1000000;
			return true;
		}
	return false;
}

/* ".5", "Z", "+02:00" behind a time; false for anything else. */
static bool parse_time_end(const char *at, int64_t *us)
{
	int64_t unit = 100000;
	int hours, minutes, n = 0;

	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
			*us += (*at - '0') * unit;
	if (*at == 'Z')
		at++;
	else if ((*at == '+' || *at == '-') &&
		 sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &n) == 2 && n == 5) {
		*us -= (*at == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60000000;
		at += 6;
	}
	return *at == '\0';
}

bool tool_parse_time(const char *text, int64_t *us, struct error *err)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
					     "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	if (parse_ago(text, us))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end == NULL)
			continue;
		*us = (int64_t)timegm(&tm) * 1000000;
		if (parse_time_end(end, us))
			return true;
	}
	error_set(err, "invalid time \"%s\"", text);
	error_hint(err, "Write 2026-09-01T12:00:00Z, 2026-09-01, or how long ago: 15min, 2h, 3d.");
	return false;
}
