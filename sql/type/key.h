/*
 * key.h - texts that compare by a key and carry more than the key
 *
 * FORMAT   of a key text, all of it valid UTF-8 without NUL
 *    the byte 2
 *    key        memcmp(), and for a prefix the length, give the type's order
 *    payload    what equal values may differ in: a numeric's display scale
 *    trailer    length of the payload, n: the byte '0' + n for n < 64; otherwise
 *               six digits in base 64 ('0' + digit, most significant first) and '~'
 *
 * An integer in a key is the byte 'P' + n and n digits in base 64, n the fewest; a
 * negative one is 'O' - n and the digits of its magnitude, each taken from 63.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_KEY_H
#define PGBLOB_SQL_TYPE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define KEY_MARK '\2'

/* What a key text consists of; key does not include the mark. */
struct key_parts {
	const char *key;
	size_t key_len;
	const char *payload;
	size_t payload_len;
};

static inline bool key_is(const char *text, size_t len)
{
	return len >= 2 && text[0] == KEY_MARK;
}

/* False if it is not a key text. */
bool key_split(const char *text, size_t len, struct key_parts *out);

/* Append payload and trailer; mark and key have been written. */
void key_finish(struct buf *out, const char *payload, size_t payload_len);

void key_put_int(struct buf *out, int64_t v);
/* Read one from *p, which moves behind it; false if there is none. */
bool key_get_int(const char **p, const char *end, int64_t *v);

/* The collation pg_key: other texts compare as bytes. */
int key_compare(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
