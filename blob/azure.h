/*
 * azure.h - the parts of the Azure store
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AZURE_H
#define PGBLOB_BLOB_AZURE_H

#include <stdatomic.h>

#include "blob/azure_auth.h"
#include "blob/azure_xml.h"
#include "blob/http.h"
#include "blob/store.h"

struct azure_credentials;

#define AZURE_VERSION "2021-12-02"
/* The first with "start from" in listings; where it is refused, listings are read from their begin. */
#define AZURE_VERSION_START_FROM "2026-02-06"

/* Nothing in it changes after open but the flag. */
struct azure_store {
	struct blob_store base;
	struct http_client *http;
	struct azure_credentials *credentials;
	char *account;
	char *container;
	char *prefix; /* "" or with a '/' at the end */
	char *origin; /* "https://host[:port]" */
	char *path;   /* of the container: "/container", behind that of the endpoint */
	_Atomic bool no_start_from; /* the server has refused it */
};

/* Fill account, container, prefix, origin, path and credentials in; `http` is open. */
MUST_CHECK bool azure_configure(struct azure_store *store, const char *url,
				const struct blob_options *options, struct error *err);

/* A call with all its tries. */
struct azure_call {
	struct azure_store *store;
	int64_t deadline_ms;
	_Atomic uint64_t *counter; /* of base.stats */
	enum http_method method;
	const char *key; /* NULL: the container itself */
	struct {
		const char *name;
		const char *value; /* not encoded */
	} params[AZURE_MAX_PARAMS]; /* in rising order of names */
	size_t n_params;
	const void *body;
	size_t body_len;
	const char *version;
	bool if_absent;    /* a Put Blob with If-None-Match: * */
	bool writes;       /* a lost answer leaves a doubt */
	const char *range; /* NULL: none */

	struct http_response resp; /* of the last try */
	struct azure_error error;  /* what it said */
};

#define AZURE_CALL_INIT(s, deadline, count, verb, out)                              \
	{                                                                           \
		.store = (s), .deadline_ms = (deadline), .counter = (count),        \
		.method = (verb), .version = AZURE_VERSION,                         \
		.resp = HTTP_RESPONSE_INIT(out),                                    \
	}

void azure_call_free(struct azure_call *call);

/* Asserts that there is room, and that names rise. */
void azure_call_add_param(struct azure_call *call, const char *name, const char *value);

/*
 * Send it until the answer is definite.  BLOB_OK: resp.status is 2xx, 404 (no
 * such object), 416, or, for a create, 409 or 412 (it exists).  Otherwise err is
 * set; BLOB_UNKNOWN only if call->writes.
 */
MUST_CHECK enum blob_rc azure_call_perform(struct azure_call *call, struct error *err);

#endif
