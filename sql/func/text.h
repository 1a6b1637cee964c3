/*
 * text.h - characters and quoting
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_TEXT_H
#define PGBLOB_SQL_FUNC_TEXT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The first character of `left` bytes, and how many bytes it has. */
uint32_t utf8_decode(const char *p, size_t left, size_t *size);
void utf8_put(struct buf *out, uint32_t c);
uint32_t char_fold(uint32_t c, bool upper);
bool char_is_alnum(uint32_t c);
void text_fold(const char *p, size_t len, bool upper, struct buf *out);

void quote_literal(const char *p, size_t len, struct buf *out);
/* In double quotes where it is not plain, or a key word. */
void quote_ident(const char *p, size_t len, struct buf *out);

#endif
