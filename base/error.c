/*
 * error.c - what went wrong, for people
 * Licence: MIT, see LICENSE.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* vsnprintf cuts at a byte: drop a UTF-8 sequence that lost its end. */
static void trim_partial_char(char *text, size_t len)
{
	size_t start = len;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	if (len - (start - 1) < want)
		text[start - 1] = '\0';
}

static void format(char *out, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(out, size, fmt, args);

	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= size)
		trim_partial_char(out, size - 1);
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
		trim_partial_char(err->text, sizeof(err->text) - 1);
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
			trim_partial_char(err->text, sizeof(err->text) - 1);
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
