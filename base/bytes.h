/*
 * bytes.h - big-endian integers in memory, hex, base64, random bytes
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_BYTES_H
#define PGBLOB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct buf;

static inline uint16_t get_u16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)((unsigned)b[0] << 8 | b[1]);
}

static inline uint32_t get_u32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t get_u64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

static inline void set_u16(void *p, uint16_t v)
{
	unsigned char *b = p;

	b[0] = (unsigned char)(v >> 8);
	b[1] = (unsigned char)v;
}

static inline void set_u32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void set_u64(void *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

/* 2 * len lower-case digits and a NUL into out. */
void hex_encode(const void *bytes, size_t len, char *out);

/* len hex digits, either case, into len / 2 bytes; false for anything else. */
MUST_CHECK bool hex_decode(const char *text, size_t len, void *out);

/* Append the base64 of `bytes` (RFC 4648, padded, one line). */
void base64_encode(const void *bytes, size_t len, struct buf *out);

/* Append the bytes that `text` encodes; false if it is not base64. */
MUST_CHECK bool base64_decode(const char *text, size_t len, struct buf *out);

/* Bytes that nobody can guess, from the kernel.  Never fails, may wait at boot. */
void random_bytes(void *out, size_t len);

/* As good as random_bytes() for jitter and sampling, but no system call. */
uint64_t random_u64(void);

/* memcmp() in a time that does not tell where the bytes differ. */
bool bytes_equal_ct(const void *a, const void *b, size_t len);

#endif
