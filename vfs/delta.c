/*
 * delta.c - a page as the runs of bytes in which it differs from another image
 *
 * FORMAT   A run: how many bytes of the base come before it, how many bytes it
 *   has, at least one, and these.  Both numbers are 7 bits a byte, the lowest first;
 *   the high bit says that more follow, 3 bytes at most.  Behind the last run come
 *   the base's.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/delta.h"

#include <string.h>

/* So many equal bytes end a run: fewer cost less than the head of another one. */
enum { GAP_MIN = 4, NUMBER_MAX = 3 };

static uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static uint32_t next_difference(const uint8_t *a, const uint8_t *b, uint32_t at, uint32_t len)
{
	while (at + 8 <= len && word_at(a + at) == word_at(b + at))
		at += 8;
	while (at < len && a[at] == b[at])
		at++;
	return at;
}

/* The end of the run that begins at `at`. */
static uint32_t run_end(const uint8_t *a, const uint8_t *b, uint32_t at, uint32_t len)
{
	uint32_t end = at + 1;

	for (uint32_t i = end; i < len && i - end < GAP_MIN; i++)
		if (a[i] != b[i])
			end = i + 1;
	return end;
}

static size_t number_len(uint32_t n)
{
	return n < 1u << 7 ? 1 : n < 1u << 14 ? 2 : 3;
}

static uint8_t *put_number(uint8_t *p, uint32_t n)
{
	for (; n >= 1u << 7; n >>= 7)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)n;
	return p;
}

bool delta_encode(const uint8_t *base, const uint8_t *image, uint32_t page_size, uint8_t *out,
		  size_t room, size_t *len)
{
	uint8_t *p = out;
	uint32_t done = 0;

	for (;;) {
		uint32_t at = next_difference(base, image, done, page_size);

		if (at == page_size)
			break;
		uint32_t end = run_end(base, image, at, page_size);
		if (number_len(at - done) + number_len(end - at) + (end - at) >
		    room - (size_t)(p - out))
			return false;
		p = put_number(p, at - done);
		p = put_number(p, end - at);
		memcpy(p, image + at, end - at);
		p += end - at;
		done = end;
	}
	*len = (size_t)(p - out);
	return true;
}

/* False: there is none. */
static bool get_number(const uint8_t **p, const uint8_t *end, uint32_t *out)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < NUMBER_MAX && *p < end; i++) {
		uint8_t byte = *(*p)++;

		n |= (uint32_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			*out = n;
			return true;
		}
	}
	return false;
}

bool delta_apply(const uint8_t *runs, size_t len, uint8_t *image, uint32_t page_size)
{
	const uint8_t *p = runs, *end = runs + len;
	uint32_t at = 0;

	while (p < end) {
		uint32_t skip, n;

		if (!get_number(&p, end, &skip) || !get_number(&p, end, &n))
			return false;
		if (skip > page_size - at || n == 0 || n > page_size - at - skip ||
		    n > (size_t)(end - p))
			return false;
		at += skip;
		memcpy(image + at, p, n);
		p += n;
		at += n;
	}
	return true;
}
