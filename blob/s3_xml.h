/*
 * s3_xml.h - the answers of S3
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_S3_XML_H
#define PGBLOB_BLOB_S3_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "blob/blob.h"

struct arena;
struct error;

/* <Error>: what of it is shown to people is printable; "" if not there. */
struct s3_error {
	char code[64];
	char message[200];
	char region[40];
};

/* Any bytes; what is not an <Error> gives an empty one. */
void s3_parse_error(const char *bytes, size_t len, struct s3_error *out);

/* A page of ListObjectsV2. */
struct s3_page {
	struct blob_entry *entries; /* in rising order of their keys */
	size_t n_entries;
	bool truncated;
	const char *last; /* greatest key or prefix the page told, with the store's prefix; NULL: none */
};

/*
 * Keys are told without `store_prefix`, which each must begin with.  Entries that
 * are no good keys (a console's folder marker "a/") are left out.  At most
 * `max` are believed.  All memory is in `arena`.
 */
MUST_CHECK bool s3_parse_list(const char *bytes, size_t len, const char *store_prefix,
			      size_t max, struct arena *arena, struct s3_page *out,
			      struct error *err);

/* What a DeleteObjects could not delete. */
struct s3_delete_result {
	size_t n_errors;      /* NoSuchKey is none */
	char key[128];        /* of the first error, cut */
	struct s3_error first;
	bool all_transient;   /* each may work next time */
};

MUST_CHECK bool s3_parse_delete(const char *bytes, size_t len,
				struct s3_delete_result *out, struct error *err);

/* A code that says "try again, nothing was done". */
bool s3_code_is_throttle(const char *code);

/* Is it what a store may send as an ETag: visible ASCII that fits? */
MUST_CHECK bool etag_set(struct etag *out, const char *text);

#endif
