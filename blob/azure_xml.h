/*
 * azure_xml.h - the answers of Azure Blob Storage
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AZURE_XML_H
#define PGBLOB_BLOB_AZURE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "blob/blob.h"

/* What is shown of an answer's own words; characters for a terminal are left out. */
struct azure_error {
	char code[64];
	char message[240];
};

/* Empty strings for what is not told, or not XML. */
void azure_parse_error(const char *bytes, size_t len, struct azure_error *out);

/* False if it is not an ETag.  Those of listings come without quotes: put in. */
MUST_CHECK bool azure_etag_set(struct etag *out, const char *text);

struct azure_page {
	struct blob_entry *entries; /* in the arena, by rising key; keys without store_prefix */
	size_t n_entries;
	const char *last; /* greatest name that was listed, with store_prefix; NULL: none */
	char *marker;     /* where the next page begins; NULL: this was the last */
};

/*
 * Parse the answer to List Blobs.  Names must begin with `store_prefix`, rise, and
 * be at most `max`; what cannot be a key of ours is left out.
 */
MUST_CHECK bool azure_parse_list(const char *bytes, size_t len, const char *store_prefix,
				 size_t max, struct arena *arena, struct azure_page *out,
				 struct error *err);

#endif
