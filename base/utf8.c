/*
 * utf8.c - is this text UTF-8, as PostgreSQL means it
 * Licence: MIT, see LICENSE.
 */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* How many bytes a character that begins with `c` has, by its first byte alone. */
static size_t char_len(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if ((c & 0xe0) == 0xc0)
		return 2;
	if ((c & 0xf0) == 0xe0)
		return 3;
	if ((c & 0xf8) == 0xf0)
		return 4;
	return 1;
}

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The length of the valid character at p, 0 if there is none. */
static size_t valid_char(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];

	if (c == 0)
		return 0;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	size_t n = char_len(c);
	if (left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_tail(p[i]))
			return 0;
	if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
	    (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* No byte is NUL or has its high bit set. */
static bool plain8(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return ((v | (v - ones)) & high) == 0;
}

size_t utf8_valid_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (len - i >= 8 && plain8(text + i)) {
			i += 8;
			continue;
		}
		size_t n = valid_char((const unsigned char *)text + i, len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

void utf8_describe(const char *text, size_t len, char out[20])
{
	size_t n = len == 0 ? 0 : char_len((unsigned char)text[0]);
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && i < len; i++)
		at += (size_t)snprintf(out + at, 20 - at, "%s0x%02x", i > 0 ? " " : "",
				       (unsigned char)text[i]);
}

size_t utf8_clip(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && is_tail((unsigned char)text[max]))
		max--;
	return max;
}

void utf8_drop_partial(char *text, size_t len)
{
	size_t start = len;

	while (start > 0 && is_tail((unsigned char)text[start - 1]))
		start--;
	if (start > 0 && len - (start - 1) < char_len((unsigned char)text[start - 1]))
		text[start - 1] = '\0';
}
