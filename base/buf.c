/*
 * buf.c - a growing run of bytes that was born with its limit
 * Licence: MIT, see LICENSE.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf)BUF_INIT(limit);
}

void buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	b->failed = false;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

bool buf_reserve_slow(struct buf *b, size_t n)
{
	if (b->failed)
		return false;
	if (n > b->limit || b->len > b->limit - n) {
		b->failed = true;
		return false;
	}
	size_t need = b->len + n;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > b->limit)
		cap = b->limit;
	char *data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_list again;

	if (b->failed)
		return;
	va_start(args, fmt);
	va_copy(again, args);
	size_t room = b->cap - b->len;
	int n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, fmt, args);
	va_end(args);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < room) {
		b->len += (size_t)n;
	} else {
		/* vsnprintf wants room for a NUL; the limit need not count it */
		char *text = malloc((size_t)n + 1);

		if (text == NULL) {
			b->failed = true;
		} else {
			vsnprintf(text, (size_t)n + 1, fmt, again);
			buf_put(b, text, (size_t)n);
			free(text);
		}
	}
	va_end(again);
}

const char *buf_str(struct buf *b)
{
	if (b->len == b->cap) {
		char *data = realloc(b->data, b->len + 1);

		if (data == NULL) {
			b->failed = true;
			return "";
		}
		b->data = data; /* cap, which the limit bounds, does not count the NUL */
	}
	b->data[b->len] = '\0';
	return b->data;
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data = b->data;

	if (len != NULL)
		*len = b->len;
	b->data = NULL;
	b->len = b->cap = 0;
	b->failed = false;
	return data;
}
