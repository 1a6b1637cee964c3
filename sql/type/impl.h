/*
 * impl.h - what the files of type/ show each other
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_IMPL_H
#define PGBLOB_SQL_TYPE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "sql/datum.h"
#include "sql/error.h"
#include "sql/type.h"

/* What a text or binary form is read with. */
struct type_input {
	const struct type_context *ctx;
	oid_t type;
	int32_t typmod;
	const char *data;
	size_t len;
};

typedef bool type_read_fn(const struct type_input *in, struct datum *out,
			  struct sql_error *err);
typedef bool type_write_fn(const struct type_context *ctx, oid_t type,
			   const struct datum *value, struct buf *out,
			   struct sql_error *err);

struct type_ops {
	oid_t oid;
	const char *storage;
	type_read_fn *in;
	type_write_fn *out;
	type_read_fn *recv;
	type_write_fn *send;
};

#define KEY_STORAGE "TEXT COLLATE pg_key"

/* Each file's types, ended by an entry of oid 0. */
extern const struct type_ops integer_types[];
extern const struct type_ops float_types[];
extern const struct type_ops string_types[];
extern const struct type_ops numeric_types[];
extern const struct type_ops datetime_types[];
extern const struct type_ops interval_types[];
extern const struct type_ops json_types[];
extern const struct type_ops reg_types[];
extern const struct type_ops network_types[];
extern const struct type_ops record_types[];

/* What stands for every true array type, int2vector and oidvector. */
extern const struct type_ops array_type_ops;
extern const struct type_ops vector_type_ops;

const struct type_ops *type_ops_of(oid_t type);

/* 22P02 invalid input syntax for type x: "text". */
bool type_bad_syntax(const struct type_input *in, const char *type_name,
		     struct sql_error *err);
/* 22P03 incorrect binary data format. */
bool type_bad_binary(struct sql_error *err);
/* 22003 value "x" is out of range for type y. */
bool type_out_of_range(const struct type_input *in, const char *type_name,
		       struct sql_error *err);
/* XX001: the database holds something that this type is never stored as. */
bool type_corrupt(oid_t type, struct sql_error *err);

static inline void datum_set_null(struct datum *d)
{
	d->kind = DATUM_NULL;
	d->i = 0;
}

static inline void datum_set_int(struct datum *d, int64_t i)
{
	d->kind = DATUM_INT;
	d->i = i;
}

static inline void datum_set_text(struct datum *d, const char *data, size_t len)
{
	d->kind = DATUM_TEXT;
	d->data = data;
	d->len = len;
}

static inline void datum_set_blob(struct datum *d, const char *data, size_t len)
{
	d->kind = DATUM_BLOB;
	d->data = data;
	d->len = len;
}

/* Copy `len` bytes into the context's arena as the value. */
bool datum_copy_text(const struct type_context *ctx, const char *data, size_t len,
		     struct datum *out, struct sql_error *err);

static inline bool type_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool type_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool type_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char type_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Cut white space at both ends. */
static inline void type_trim(const char **text, size_t *len)
{
	while (*len > 0 && type_is_space(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && type_is_space((*text)[*len - 1]))
		(*len)--;
}

/* Does text (len) equal the lower-case word, whatever its case? */
bool type_word_is(const char *text, size_t len, const char *word);

/* Append an integer in decimal; much faster than printf. */
void put_int(struct buf *out, int64_t v);

/* False, 22021, if it is not UTF-8 or holds a NUL. */
bool utf8_check(const char *text, size_t len, struct sql_error *err);
size_t utf8_length(const char *text, size_t len);
/* Bytes of the first n characters (or of all). */
size_t utf8_prefix(const char *text, size_t len, size_t n_chars);
/* Bytes of the character that begins with this byte. */
static inline size_t utf8_size(char lead)
{
	unsigned char c = (unsigned char)lead;

	return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

#endif
