/*
 * s3.h - the parts of the S3 store
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_S3_H
#define PGBLOB_BLOB_S3_H

#include "blob/http.h"
#include "blob/s3_xml.h"
#include "blob/store.h"

struct s3_credentials;

/* Nothing in it changes after open but what its parts guard themselves. */
struct s3_store {
	struct blob_store base;
	struct http_client *http;
	struct s3_credentials *credentials;
	char *bucket;
	char *prefix; /* "" or with a '/' at the end */
	char *region;
	char *origin; /* "https://host[:port]" */
	char *host;   /* as the Host header has it: within origin */
	char *path;   /* of the bucket: "" or "/bucket", behind that of the endpoint */
	bool is_aws;  /* no other endpoint was given */
};

/* A call with all its tries. */
struct s3_call {
	struct s3_store *store;
	int64_t deadline_ms;
	_Atomic uint64_t *counter; /* of base.stats */
	enum http_method method;
	const char *key;   /* NULL: the bucket itself */
	const char *query; /* encoded, in order; "" for none */
	const void *body;
	size_t body_len;
	bool if_absent;    /* If-None-Match: * */
	bool writes;       /* a lost answer leaves a doubt */
	const char *range; /* NULL: none */
	const char *content_md5;

	struct http_response resp; /* of the last try */
	struct s3_error error;     /* what it said */
};

#define S3_CALL_INIT(s, deadline, count, verb, out)                                 \
	{                                                                           \
		.store = (s), .deadline_ms = (deadline), .counter = (count),        \
		.method = (verb), .query = "", .resp = HTTP_RESPONSE_INIT(out),     \
	}

void s3_call_free(struct s3_call *call);

/*
 * Send it until the answer is definite.  BLOB_OK: resp.status is 2xx, 404 (no
 * such key), 412 or 416, for the caller to judge.  Otherwise err is set;
 * BLOB_UNKNOWN only if call->writes.
 */
MUST_CHECK enum blob_rc s3_call_perform(struct s3_call *call, struct error *err);

/* Set err to what an answer says that is none of those. */
void s3_call_describe(const struct s3_call *call, struct error *err);

#endif
