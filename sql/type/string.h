/*
 * string.h - strings: lengths, encodings
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_STRING_H
#define PGBLOB_SQL_TYPE_STRING_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/datum.h"
#include "sql/env.h"

struct buf;
struct sql_error;
struct type_context;

/*
 * Cut a varchar or bpchar to its typmod: blanks always, the rest if the cast is
 * explicit, otherwise 22001.  A bpchar loses its trailing blanks.
 */
bool string_fit(oid_t type, int32_t typmod, bool is_explicit, const char *text, size_t *len,
		struct sql_error *err);
/* The same for bit (cut or filled with zeros) and varbit. */
bool bit_fit(oid_t type, int32_t typmod, bool is_explicit, const struct type_context *ctx,
	     struct datum *value, struct sql_error *err);

/* Append what hex digits stand for; 22023. */
bool hex_read(const char *text, size_t len, bool spaces, struct buf *out, struct sql_error *err);
/* bytea's old form: \\ and \ooo. */
bool escape_read(const char *text, size_t len, struct buf *out);
void escape_write(const char *data, size_t len, struct buf *out);

#endif
