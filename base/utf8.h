/*
 * utf8.h - is this text UTF-8, as PostgreSQL means it
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_UTF8_H
#define PGBLOB_BASE_UTF8_H

#include <stddef.h>

/*
 * The length of the longest valid beginning of `text`: `len` if all of it is
 * valid.  NUL, overlong forms, surrogates and what is above U+10FFFF are not.
 */
size_t utf8_valid_len(const char *text, size_t len);

/*
 * Describe the bytes at `text` as PostgreSQL's 22021 does: "0xc3 0x28".  The
 * buffer holds four of them.
 */
void utf8_describe(const char *text, size_t len, char out[20]);

/* The length of the first characters of `text` that fit in `max` bytes. */
size_t utf8_clip(const char *text, size_t len, size_t max);

/* A text of `len` bytes and a NUL that was cut anywhere: drop a character that lost its end. */
void utf8_drop_partial(char *text, size_t len);

#endif
