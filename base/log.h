/*
 * log.h - one event, one line, on standard error
 *
 * error: someone must act.  warn: someone should know.  info: per connection
 * or commit.  debug: per statement or request.  trace: per page or message,
 * switched on by area with PGBLOBD_TRACE=vfs,http,wire.
 *
 * Never log keys, tokens, passwords, signed URLs or bound values.
 * Any thread may log; a line is written with one write(2).
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_LOG_H
#define PGBLOB_BASE_LOG_H

#include <stdbool.h>

#include "base/compiler.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Who a line is about: a connection's prefix, such as "7 app@shop".  May be NULL. */
struct log_scope {
	char prefix[96];
};

/* Set before the first thread starts; the level may change at any time. */
void log_configure(enum log_level level, enum log_format format);
void log_set_level(enum log_level level);

extern _Atomic int log_current_level;

static inline bool log_enabled(enum log_level level)
{
	return (int)level <= log_current_level;
}

/* Is `area` named in PGBLOBD_TRACE? */
bool log_traces(const char *area);

void log_write(enum log_level level, const struct log_scope *scope,
	       const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_error(scope, ...) log_write(LOG_LEVEL_ERROR, (scope), __VA_ARGS__)
#define log_warn(scope, ...) log_write(LOG_LEVEL_WARN, (scope), __VA_ARGS__)
#define log_info(scope, ...) \
	(log_enabled(LOG_LEVEL_INFO) ? log_write(LOG_LEVEL_INFO, (scope), __VA_ARGS__) : (void)0)
#define log_debug(scope, ...) \
	(log_enabled(LOG_LEVEL_DEBUG) ? log_write(LOG_LEVEL_DEBUG, (scope), __VA_ARGS__) : (void)0)
#define log_trace(area, scope, ...) \
	(log_traces(area) ? log_write(LOG_LEVEL_TRACE, (scope), __VA_ARGS__) : (void)0)

#endif
