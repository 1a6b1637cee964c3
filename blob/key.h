/*
 * key.h - what a key may be, and how it is written in a URL
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_KEY_H
#define PGBLOB_BLOB_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf;

enum {
	KEY_MAX = 900,       /* bytes of a key */
	FULL_KEY_MAX = 1024, /* bytes of a key with the store's prefix: the least limit of all stores */
};

/* Is it a key as blob.h defines it? */
MUST_CHECK bool key_is_good(const char *key);

/* May a listing begin with it?  "" or the beginning of a good key, "a/" too. */
MUST_CHECK bool key_is_good_prefix(const char *prefix);

/* Append `text`, with %XX for all but letters, digits and "-._~" ('/' too if keep_slash). */
void uri_encode(struct buf *out, const char *text, size_t len, bool keep_slash);

/* Append what `text` encodes; false if a % is not followed by two hex digits, or for %00. */
MUST_CHECK bool uri_decode(struct buf *out, const char *text, size_t len);

#endif
