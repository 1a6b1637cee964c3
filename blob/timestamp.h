/*
 * timestamp.h - times as stores write them
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_TIMESTAMP_H
#define PGBLOB_BLOB_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * "2026-11-23T08:15:00Z", with or without a fraction of a second, to microseconds
 * since 1970.  The whole text, and a time that exists; UTC only.
 */
MUST_CHECK bool timestamp_of_iso(const char *text, int64_t *us);

/* "Sun, 06 Nov 1994 08:49:37 GMT", as in HTTP headers. */
MUST_CHECK bool timestamp_of_http(const char *text, int64_t *us);

/* "20261123T081500Z", as AWS signs it; the date is its first 8 characters. */
void timestamp_to_amz(int64_t us, char out[17]);

/* "Sun, 06 Nov 1994 08:49:37 GMT", as Azure signs it. */
void timestamp_to_http(int64_t us, char out[30]);

#endif
