/*
 * json.h - JSON as a tree
 *
 * json is kept as the text that came; jsonb as a key text:
 *
 * FORMAT   of the key (key.h), which orders as PostgreSQL does
 *    '0' an empty array that is the whole document: it comes first, as in PostgreSQL
 *    '1' null, '2' string, '3' number, '4' false, '5' true,
 *    '6' array: the number of its elements (integer of key.h), the elements
 *    '7' object: the number of its members, then each one's name and value
 *    strings, names and the keys of numbers are texts as array.h has them; members are in
 *    the order of their names' length, then bytes, and no name is there twice
 *    payload: for each number whose display scale is not the least, which number it is (from
 *    0) and the scale, integers of key.h
 *
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_JSON_H
#define PGBLOB_SQL_TYPE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/datum.h"

struct arena;
struct buf;
struct sql_error;

enum json_kind { JSON_NULL, JSON_STRING, JSON_NUMBER, JSON_FALSE, JSON_TRUE, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	const char *text;     /* string: unescaped; number: its digits */
	size_t len;
	const char *source;   /* where it stands in the text that was parsed, or NULL */
	size_t source_len;
	struct json *items;   /* array: elements, object: values */
	struct json *names;   /* object: strings */
	size_t n;
};

/* Parse a whole text into the arena; 22P02 with a DETAIL. */
bool json_parse(struct arena *arena, const char *text, size_t len, struct json *out,
		struct sql_error *err);
/*
 * Only check a text; out gets the kind and the number of items of the outermost.  What is
 * behind \u is not looked at, as in PostgreSQL: half a surrogate and 0 are no errors.
 */
bool json_check(const char *text, size_t len, struct json *out, struct sql_error *err);
/* Sort the members of objects, the last of equal names stays. */
bool json_normalize(struct arena *arena, struct json *j);

/* The tree of a jsonb value. */
bool jsonb_decode(struct arena *arena, const struct datum *d, struct json *out, struct sql_error *err);
/* Append the stored form of a tree, which is normalized on the way. */
bool jsonb_encode(struct arena *arena, struct json *j, struct buf *out, struct sql_error *err);

/* Append as jsonb prints it. */
void json_put(struct buf *out, const struct json *j);
void json_put_string(struct buf *out, const char *text, size_t len);
void json_put_pretty(struct buf *out, const struct json *j, int depth);

/* Member of an object, or NULL. */
const struct json *json_member(const struct json *j, const char *name, size_t len);
bool json_equal(const struct json *a, const struct json *b);

#endif
