/*
 * log.c - one event, one line, on standard error
 * Licence: MIT, see LICENSE.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 4096 };

_Atomic int log_current_level = LOG_LEVEL_INFO;
static enum log_format current_format = LOG_FORMAT_TEXT;

static pthread_once_t trace_once = PTHREAD_ONCE_INIT;
static const char *trace_areas; /* NULL: none */

void log_configure(enum log_level level, enum log_format format)
{
	log_current_level = (int)level;
	current_format = format;
}

void log_set_level(enum log_level level)
{
	log_current_level = (int)level;
}

static void read_trace_areas(void)
{
	trace_areas = getenv("PGBLOBD_TRACE");
}

bool log_traces(const char *area)
{
	pthread_once(&trace_once, read_trace_areas);
	if (trace_areas == NULL)
		return false;
	size_t len = strlen(area);
	for (const char *at = trace_areas; (at = strstr(at, area)) != NULL; at++) {
		bool starts = at == trace_areas || at[-1] == ',';

		if (starts && (at[len] == '\0' || at[len] == ','))
			return true;
	}
	return false;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	case LOG_LEVEL_TRACE:
		return "trace";
	}
	return "?";
}

struct line {
	char text[LINE_MAX_LEN];
	size_t len; /* never above LINE_MAX_LEN - 3: room for the end */
};

static void add_char(struct line *l, char c)
{
	if (l->len < LINE_MAX_LEN - 3)
		l->text[l->len++] = c;
}

static void add_raw(struct line *l, const char *text)
{
	while (*text != '\0')
		add_char(l, *text++);
}

/* A line stays a line whatever the text holds: control characters are escaped. */
static void add_escaped(struct line *l, const char *text, bool json)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		char escape[8];

		if (c < 0x20 || c == 0x7f) {
			snprintf(escape, sizeof(escape), json ? "\\u%04x" : "\\x%02x", c);
			add_raw(l, escape);
		} else {
			if (json && (c == '"' || c == '\\'))
				add_char(l, '\\');
			add_char(l, (char)c);
		}
	}
}

static void write_line(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody to tell */
		text += n;
		len -= (size_t)n;
	}
}

void log_write(enum log_level level, const struct log_scope *scope,
	       const char *fmt, ...)
{
	char message[LINE_MAX_LEN / 2];
	char stamp[40];
	struct line l = { .len = 0 };
	struct timespec now;
	struct tm utc;
	va_list args;
	int saved_errno = errno;

	if (level != LOG_LEVEL_TRACE && !log_enabled(level))
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp + n, sizeof(stamp) - n, ".%03ldZ", now.tv_nsec / 1000000);

	bool json = current_format == LOG_FORMAT_JSON;
	bool scoped = scope != NULL && scope->prefix[0] != '\0';
	if (json) {
		add_raw(&l, "{\"time\":\"");
		add_raw(&l, stamp);
		add_raw(&l, "\",\"level\":\"");
		add_raw(&l, level_name(level));
		if (scoped) {
			add_raw(&l, "\",\"connection\":\"");
			add_escaped(&l, scope->prefix, true);
		}
		add_raw(&l, "\",\"message\":\"");
		add_escaped(&l, message, true);
		l.text[l.len++] = '"';
		l.text[l.len++] = '}';
	} else {
		add_raw(&l, stamp);
		add_char(&l, ' ');
		add_raw(&l, level_name(level));
		if (scoped) {
			add_raw(&l, " [");
			add_escaped(&l, scope->prefix, false);
			add_char(&l, ']');
		}
		add_char(&l, ' ');
		add_escaped(&l, message, false);
	}
	l.text[l.len++] = '\n';
	write_line(l.text, l.len);
	errno = saved_errno;
}
