/*
 * replay.c - answers of PostgreSQL that were kept, line by line
 * Licence: MIT, see LICENSE.
 */
#include "tests/sql/replay.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/type.h"

static void unescape(char *s)
{
	char *out = s;

	if (strcmp(s, "\\N") == 0)
		return;
	for (; *s != '\0'; s++) {
		if (*s != '\\' || s[1] == '\0') {
			*out++ = *s;
			continue;
		}
		s++;
		*out++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s;
	}
	*out = '\0';
}

void replay_file(const char *name, void (*each)(struct replay_line *line, void *arg), void *arg)
{
	const char *dir = getenv("srcdir");
	char path[512];
	char *text = NULL;
	size_t room = 0;
	struct replay_line line = { 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/sql/data/%s", dir == NULL ? "." : dir, name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "cannot read %s", path);
	while (getline(&text, &room, f) > 0) {
		char *p = text;

		text[strcspn(text, "\n")] = '\0';
		line.number++;
		line.n = 0;
		while (p != NULL && line.n < REPLAY_MAX_FIELDS) {
			char *tab = strchr(p, '\t');

			if (tab != NULL)
				*tab = '\0';
			unescape(p);
			line.fields[line.n++] = p;
			p = tab == NULL ? NULL : tab + 1;
		}
		each(&line, arg);
	}
	free(text);
	fclose(f);
	ck_assert_msg(line.number > 100, "%s has no lines", path);
}

void replay_env(struct sql_env *env, const char *settings)
{
	static const struct {
		const char *text;
		int value;
	} date_styles[] = { { "'ISO", DATE_STYLE_ISO }, { "'SQL", DATE_STYLE_SQL },
			    { "'Postgres", DATE_STYLE_POSTGRES }, { "'German", DATE_STYLE_GERMAN } };
	const char *p;

	sql_env_init(env);
	env->timezone = timezone_find("America/New_York");
	ck_assert_ptr_nonnull(env->timezone);
	for (size_t i = 0; i < 4; i++)
		if (strstr(settings, date_styles[i].text) != NULL)
			env->date_style = (enum date_style)date_styles[i].value;
	env->date_order = strstr(settings, "DMY") != NULL ? DATE_ORDER_DMY
			: strstr(settings, "YMD") != NULL ? DATE_ORDER_YMD : DATE_ORDER_MDY;
	env->interval_style = strstr(settings, "postgres_verbose") != NULL ? INTERVAL_STYLE_POSTGRES_VERBOSE
			    : strstr(settings, "sql_standard") != NULL ? INTERVAL_STYLE_SQL_STANDARD
			    : strstr(settings, "iso_8601") != NULL ? INTERVAL_STYLE_ISO_8601
								   : INTERVAL_STYLE_POSTGRES;
	p = strstr(settings, "extra_float_digits = ");
	env->extra_float_digits = p == NULL ? 1 : atoi(p + strlen("extra_float_digits = "));
	env->bytea_escape = strstr(settings, "bytea_output = escape") != NULL;
}
