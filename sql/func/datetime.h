/*
 * datetime.h - what the functions of dates, times and intervals share
 *
 * A mode letter tells the types that share code apart: d date, t time, z timetz,
 * s timestamp, u timestamptz, i interval.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_DATETIME_H
#define PGBLOB_SQL_FUNC_DATETIME_H

#include "sql/func/impl.h"
#include "sql/type/datetime.h"

/* The session's. */
const struct timezone *datetime_zone(sqlite3_context *ctx);

/* 22008 */
void datetime_timestamp_range(sqlite3_context *ctx);
void datetime_interval_range(sqlite3_context *ctx);

/* The result of the function; out of range it is an error. */
void datetime_result_timestamp(sqlite3_context *ctx, int64_t us);
void datetime_result_interval(sqlite3_context *ctx, const struct interval *i);

/* False: the value is none, and the function has failed. */
MUST_CHECK bool datetime_get_interval(sqlite3_context *ctx, sqlite3_value *v, struct interval *i);
MUST_CHECK bool datetime_get_timetz(sqlite3_context *ctx, sqlite3_value *v, struct timetz *t);
/* A zone given by name or interval: *tz, or if that is NULL *offset in seconds east. */
MUST_CHECK bool datetime_get_zone(sqlite3_context *ctx, sqlite3_value *v, bool is_interval,
				  const struct timezone **tz, int *offset);

#endif
