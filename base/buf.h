/*
 * buf.h - a growing run of bytes that was born with its limit
 *
 * A writer appends and asks once, at the end: when an append does not fit
 * within the limit or memory runs out, `failed` is set, what was there stays,
 * and every later append does nothing.
 *
 * buf_free() of a zeroed struct does nothing.  A buffer belongs to one thread
 * at a time.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_BUF_H
#define PGBLOB_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct buf {
	char *data;   /* owned; NULL while cap is 0 */
	size_t len;   /* bytes written */
	size_t cap;   /* bytes allocated */
	size_t limit; /* cap never exceeds it */
	bool failed;  /* an append did not fit: the content is not complete */
};

#define BUF_INIT(max) { .limit = (max) }

void buf_init(struct buf *b, size_t limit);
void buf_free(struct buf *b);

/* Forget the content and the failure, keep the memory. */
void buf_reset(struct buf *b);

/* Make room for n more bytes.  False, and failed, if they may not be. */
bool buf_reserve_slow(struct buf *b, size_t n);

static inline bool buf_reserve(struct buf *b, size_t n)
{
	if (LIKELY(!b->failed && n <= b->cap - b->len))
		return true;
	return buf_reserve_slow(b, n);
}

/*
 * Append n bytes that the caller fills in; NULL if they do not fit.  The
 * pointer is good until the next append.
 */
static inline char *buf_extend(struct buf *b, size_t n)
{
	if (!buf_reserve(b, n))
		return NULL;
	char *at = b->data + b->len;
	b->len += n;
	return at;
}

static inline void buf_put(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memcpy(b->data + b->len, bytes, n);
	b->len += n;
}

static inline void buf_put_byte(struct buf *b, char c)
{
	if (!buf_reserve(b, 1))
		return;
	b->data[b->len++] = c;
}

static inline void buf_put_str(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Big-endian integers, as on the wire and on disk. */
static inline void buf_put_u16(struct buf *b, uint16_t v)
{
	unsigned char be[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	buf_put(b, be, sizeof(be));
}

static inline void buf_put_u32(struct buf *b, uint32_t v)
{
	v = __builtin_bswap32(v);
	buf_put(b, &v, sizeof(v));
}

static inline void buf_put_u64(struct buf *b, uint64_t v)
{
	v = __builtin_bswap64(v);
	buf_put(b, &v, sizeof(v));
}

/*
 * Put a NUL behind the content, not counted in len, and return the content
 * as a string.  "" when the buffer failed and has no room for the NUL: check
 * `failed` before you believe it.
 */
const char *buf_str(struct buf *b);

/* The memory is the caller's, to free(); the buffer is empty again. */
MUST_CHECK char *buf_take(struct buf *b, size_t *len);

#endif
