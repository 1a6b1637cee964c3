/*
 * float.h - floating-point numbers as datums and as text
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_TYPE_FLOAT_H
#define PGBLOB_SQL_TYPE_FLOAT_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/datum.h"

struct buf;

/* NaN becomes the text 'NaN', -0 becomes 0. */
void datum_set_float(struct datum *d, double v);
/* False if it is not a stored float (an INTEGER is taken as one). */
bool datum_get_float(const struct datum *d, double *v);

enum float_parse_rc { FLOAT_PARSE_OK, FLOAT_PARSE_SYNTAX, FLOAT_PARSE_RANGE };
enum float_parse_rc float_parse(const char *text, size_t len, bool is_float4, double *v);

/* Append it as PostgreSQL writes it. */
void float_put(struct buf *out, double v, bool is_float4, int extra_float_digits);

#endif
