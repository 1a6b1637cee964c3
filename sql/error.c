/*
 * error.c - an error as PostgreSQL reports it
 * Licence: MIT, see LICENSE.
 */
#include "sql/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void format(char *out, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(out, size, fmt, args);

	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= size)
		utf8_drop_partial(out, size - 1); /* vsnprintf cuts at a byte */
}

static void begin(struct sql_error *err, int location, const char *sqlstate)
{
	sql_error_clear(err);
	err->set = true;
	err->location = location < 0 ? -1 : location;
	snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
}

bool sql_error_set(struct sql_error *err, const char *sqlstate, const char *fmt, ...)
{
	va_list args;

	begin(err, -1, sqlstate);
	va_start(args, fmt);
	format(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return false;
}

bool sql_error_at(struct sql_error *err, int location, const char *sqlstate,
		  const char *fmt, ...)
{
	va_list args;

	begin(err, location, sqlstate);
	va_start(args, fmt);
	format(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return false;
}

bool sql_error_no_memory(struct sql_error *err)
{
	return sql_error_set(err, ERRCODE_OUT_OF_MEMORY, "out of memory");
}

bool sql_error_unsupported(struct sql_error *err, int location, const char *fmt, ...)
{
	va_list args;

	begin(err, location, ERRCODE_FEATURE_NOT_SUPPORTED);
	va_start(args, fmt);
	format(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	size_t used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, " is not supported");
	return false;
}

bool sql_error_detail(struct sql_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
	return false;
}

bool sql_error_hint(struct sql_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	format(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
	return false;
}

void sql_error_names(struct sql_error *err, const char *schema, const char *table,
		     const char *column, const char *constraint)
{
	if (schema != NULL)
		snprintf(err->schema, sizeof(err->schema), "%s", schema);
	if (table != NULL)
		snprintf(err->table, sizeof(err->table), "%s", table);
	if (column != NULL)
		snprintf(err->column, sizeof(err->column), "%s", column);
	if (constraint != NULL)
		snprintf(err->constraint, sizeof(err->constraint), "%s", constraint);
}

void sql_error_clear(struct sql_error *err)
{
	err->set = err->fatal = false;
	err->sqlstate[0] = err->message[0] = err->detail[0] = err->hint[0] = '\0';
	err->location = -1;
	err->schema[0] = err->table[0] = err->column[0] = '\0';
	err->data_type[0] = err->constraint[0] = '\0';
}
