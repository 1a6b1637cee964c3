/*
 * azure_auth.h - SharedKey signatures, and what a connection string says
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AZURE_AUTH_H
#define PGBLOB_BLOB_AZURE_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct buf;
struct error;

enum { AZURE_MAX_HEADERS = 12, AZURE_MAX_PARAMS = 8 };

/* A request as it is signed; all strings are borrowed. */
struct azure_request {
	const char *method;
	const char *path; /* of the URL, percent-encoded, begins with '/' */
	struct {
		const char *name;  /* signed in lower case */
		const char *value; /* not encoded */
	} params[AZURE_MAX_PARAMS]; /* in rising order of names */
	size_t n_params;
	struct {
		const char *name;  /* lower case */
		const char *value; /* without spaces around it */
	} headers[AZURE_MAX_HEADERS]; /* in any order */
	size_t n_headers;
	size_t content_length;
};

/* Both assert that there is room. */
void azure_add_param(struct azure_request *req, const char *name, const char *value);
void azure_add_header(struct azure_request *req, const char *name, const char *value);

/*
 * Append what Azure has signed (version 2015-02-21 and later): the method, eleven
 * standard headers, the x-ms- headers in order, the account, path and query.
 */
void azure_string_to_sign(const struct azure_request *req, const char *account,
			  struct buf *out);

/*
 * Append "SharedKey account:signature".  False when libcrypto fails or `out` is
 * full.
 */
MUST_CHECK bool azure_sign(const struct azure_request *req, const char *account,
			   const void *key, size_t key_len, struct buf *out);

/* What was found in a connection string; strings are the caller's. */
struct azure_connection {
	char *account;
	char *key;      /* base64 */
	char *sas;
	char *endpoint; /* of blobs */
};

/*
 * Parse "Name=value;..." as Azure's portal shows it, "UseDevelopmentStorage=true"
 * too.  The names that have to do with blobs are known, the others ignored.
 * The text is a secret: err never shows it.
 */
MUST_CHECK bool azure_connection_parse(const char *text, struct azure_connection *out,
				       struct error *err);
void azure_connection_free(struct azure_connection *c);

#endif
