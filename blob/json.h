/*
 * json.h - one member of a flat JSON object, as metadata services answer
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_JSON_H
#define PGBLOB_BLOB_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf;

/*
 * Append to `out` the value of the member `name` of the object that `text` is:
 * a string's characters, or a number as it is written.  False if the text is
 * not one JSON object, or has no such member with a string or a number, or the
 * value does not fit.  Nested values are skipped.  The first of two wins.
 */
MUST_CHECK bool json_get(const char *text, size_t len, const char *name, struct buf *out);

#endif
