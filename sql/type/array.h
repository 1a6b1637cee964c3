/*
 * array.h - arrays as values in memory, and how they are stored
 *
 * FORMAT   of the key (key.h)
 *    each element: 'i' integer of key.h
 *                  'r' eleven digits in base 64: the bits of the double, in order
 *                  't' text, 'b' bytes in hex, 'k' the key of a key text: bytes with 1
 *                      written as 1 2, ended by 1 1
 *                  'z' NULL
 *    '!', the number of dimensions, then length and lower bound of each, integers of key.h
 *    payload: for each 'k' element that has one: its index, the payload's length
 *             (integers of key.h), the payload
 *
 * So elements are compared first, then their number, then the dimensions, as PostgreSQL
 * does.  An array tells what its elements are without its type.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_ARRAY_H
#define PGBLOB_SQL_TYPE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/datum.h"
#include "sql/env.h"

struct arena;
struct buf;
struct sql_error;

#define ARRAY_MAX_DIMS 6
#define ARRAY_MAX_ELEMENTS (1 << 27)

struct array {
	int n_dims; /* 0: empty */
	int32_t dims[ARRAY_MAX_DIMS];
	int32_t lower[ARRAY_MAX_DIMS];
	size_t n;
	struct datum *elements;
};

/* False if it is not an array, or memory ran out. */
bool array_decode(const struct datum *d, struct arena *arena, struct array *out);
void array_encode(struct buf *out, const struct array *a);

/* Make it one-dimensional with n elements, from 1. */
void array_set_list(struct array *a, struct datum *elements, size_t n);

/* Pieces of the format that other keys use. */
void key_put_datum(struct buf *out, const struct datum *d);
void key_put_text(struct buf *out, const char *text, size_t len);
/* Text up to its end, into the arena if it held a 1. */
bool key_get_text(const char **p, const char *end, struct arena *arena, const char **text, size_t *len);

bool array_in_text(const char *text, size_t len, oid_t element, int32_t typmod, char delimiter,
		   const void *type_context, struct array *out, struct sql_error *err);

#endif
