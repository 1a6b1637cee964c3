/*
 * answer.h - what the answers of S3 and Azure have in common: headers, ranges, listings
 *
 * Nothing that a store says is believed before it makes sense.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_ANSWER_H
#define PGBLOB_BLOB_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob/blob.h"
#include "blob/http.h"

/* The first line of `text` as far as it fits, with '?' for what a terminal would act on. */
void answer_copy_shown(char *out, size_t size, const char *text);

/* A whole number up to INT64_MAX, and nothing else. */
MUST_CHECK bool answer_size(const char *text, uint64_t *out);

/* Time and ETag from the headers, the ETag by `etag`; what they do not tell stays as it is. */
MUST_CHECK bool answer_info(const struct http_response *resp,
			    bool (*etag)(struct etag *out, const char *text),
			    struct blob_info *info, struct error *err);

/* The size of the object in a 416's Content-Range; false if it is not told. */
MUST_CHECK bool answer_unsatisfied(const struct http_response *resp, uint64_t *size);

/*
 * Are the bytes that came those that were asked for (`range` NULL: all)?  Sets info->size;
 * of a whole object that came instead of a part, this is cut out.
 */
MUST_CHECK bool answer_body(const struct http_response *resp, const struct blob_range *range,
			    struct buf *out, struct blob_info *info, struct error *err);

/* U+FFFE and U+FFFF are characters of a key, but not of XML. */
MUST_CHECK bool fits_xml(const char *key);

/*
 * A page of a listing as the store told it, full names in its order: it is sorted, and what is
 * no key of ours is left out, such as a console's folder marker "a/".  Keys then come without
 * store_prefix, which each must begin with.  *last is the greatest full name; NULL: none.
 * Objects, and folders, must each rise: `order_hint` says who does not list so.
 */
MUST_CHECK bool answer_finish_list(struct blob_entry *entries, size_t *n, const char *store_prefix,
				   const char *order_hint, const char **last, struct error *err);

#endif
