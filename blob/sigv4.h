/*
 * sigv4.h - AWS Signature Version 4, in the Authorization header
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_SIGV4_H
#define PGBLOB_BLOB_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/thread.h"

struct buf;

enum { SIGV4_MAX_HEADERS = 16 };

/* A request as it is signed; all strings are borrowed. */
struct sigv4_request {
	const char *method;
	const char *path;  /* percent-encoded once, begins with '/' */
	const char *query; /* encoded, names in order, each with '=': "a=&b=2"; "" for none */
	struct {
		const char *name;  /* lower case */
		const char *value; /* without spaces around it */
	} headers[SIGV4_MAX_HEADERS]; /* in any order; host among them */
	size_t n_headers;
	const char *payload_hash; /* sha256_hex() of the body, or UNSIGNED-PAYLOAD */
	const char *amz_date;     /* timestamp_to_amz(), also sent as x-amz-date */
	const char *region;
	const char *service;
};

/*
 * The key that was derived last from one secret: it is good for a day, and four
 * of the five HMACs of a signature make it.  lock guards the rest.
 */
struct sigv4_cache {
	struct mutex lock;
	char scope[192]; /* "20261123/eu-west-1/s3"; "" for none */
	unsigned char key[32];
};

void sigv4_cache_init(struct sigv4_cache *cache);
void sigv4_cache_deinit(struct sigv4_cache *cache);

/* Asserts that there is room. */
void sigv4_add_header(struct sigv4_request *req, const char *name, const char *value);

void sha256_hex(const void *bytes, size_t len, char out[65]);

/*
 * Append "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...".
 * `cache` (or NULL) belongs to this secret.  False when libcrypto fails or
 * `authorization` is full.
 */
MUST_CHECK bool sigv4_sign(const struct sigv4_request *req, const char *access_key_id,
			   const char *secret_access_key, struct sigv4_cache *cache,
			   struct buf *authorization);

#endif
