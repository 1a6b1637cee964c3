/*
 * xml.h - the answers of stores, read with libxml2
 *
 * No DTD, no entity but the five of XML, no network, bounded depth and text.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_XML_H
#define PGBLOB_BLOB_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf;
struct error;

enum {
	XML_DEPTH_MAX = 16,
	XML_TEXT_MAX = 16 << 10, /* bytes of text in one element */
};

struct xml_handler {
	/* An element begins; may be NULL.  False: stop, *err is set by the handler. */
	bool (*start)(void *arg, const char *path, struct error *err);
	/*
	 * An element ends; `text` is what was directly in it, entities and CDATA
	 * resolved.  `path` is the local names from the root on:
	 * "ListBucketResult/Contents/Key".
	 */
	bool (*end)(void *arg, const char *path, const char *text, struct error *err);
};

/* False if it is not well-formed, breaks a limit, or the handler said stop. */
MUST_CHECK bool xml_parse(const char *bytes, size_t len,
			  const struct xml_handler *handler, void *arg,
			  struct error *err);

/* Append `text` so that it stands for itself between tags. */
void xml_escape(struct buf *out, const char *text);

#endif
