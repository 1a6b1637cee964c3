/*
 * error.c - what went wrong, for people
 * Licence: MIT, see LICENSE.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* vsnprintf cuts at a byte, and we at a character. */
static void format(char *out, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(out, size, fmt, args);

	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= size)
		utf8_drop_partial(out, size - 1);
}

bool error_set(struct error *err, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return false;
	error_clear(err);
	err->set = true;
	va_start(args, fmt);
	format(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return false;
}

bool error_set_errno(struct error *err, int errnum, const char *fmt, ...)
{
	va_list args;
	char reason[128];

	if (err == NULL)
		return false;
	error_clear(err);
	err->set = true;
	va_start(args, fmt);
	format(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	/* the GNU strerror_r returns the text, in our buffer or its own */
	const char *text = strerror_r(errnum, reason, sizeof(reason));
	size_t used = strlen(err->text);
	int n = snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
	if (n >= 0 && (size_t)n >= sizeof(err->text) - used)
		utf8_drop_partial(err->text, sizeof(err->text) - 1);
	return false;
}

void error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	va_list args;

	if (err == NULL)
		return;
	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	format(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (err->set && inner[0] != '\0') {
		size_t used = strlen(err->text);
		int n = snprintf(err->text + used, sizeof(err->text) - used, ": %s",
				 inner);
		if (n >= 0 && (size_t)n >= sizeof(err->text) - used)
			utf8_drop_partial(err->text, sizeof(err->text) - 1);
	}
	err->set = true;
}

void error_detail(struct error *err, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	format(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	format(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
}

bool error_no_memory(struct error *err)
{
	return error_set(err, "out of memory");
}

void error_clear(struct error *err)
{
	if (err == NULL)
		return;
	err->set = false;
	err->text[0] = err->detail[0] = err->hint[0] = '\0';
}
