/*
 * s3_credentials.h - the keys that requests to AWS and its compatibles are signed with
 *
 * Looked for in this order; the first source that is configured is the one, and
 * its failure is an error, never a reason to try the next:
 *   options (s3_access_key_id, or s3_profile); AWS_ACCESS_KEY_ID;
 *   AWS_WEB_IDENTITY_TOKEN_FILE; shared credentials and config files
 *   (AWS_PROFILE or "default"); container; EC2 instance metadata.
 * Those that expire are fetched again five minutes earlier, by one thread, while
 * the others use the old ones.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_S3_CREDENTIALS_H
#define PGBLOB_BLOB_S3_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "blob/blob.h"
#include "blob/sigv4.h"

struct http_client;

/* Never changed once made (but the cache, which guards itself); counted. */
struct aws_credentials {
	char *access_key_id;
	char *secret_access_key;
	char *session_token; /* NULL: none */
	int64_t expires_us;  /* of wall_us(); 0: never */
	struct sigv4_cache key_cache;
	_Atomic int refs;
};

/* Copies of the three; session_token may be NULL or "".  NULL: out of memory. */
MUST_CHECK struct aws_credentials *aws_credentials_new(const char *access_key_id,
						       const char *secret_access_key,
						       const char *session_token,
						       int64_t expires_us);
void aws_credentials_unref(struct aws_credentials *c); /* NULL does nothing */

struct s3_credentials;

/*
 * Decide on the source; no request is made.  `client` and `region` (for STS)
 * outlive the result.
 */
MUST_CHECK bool s3_credentials_open(const struct blob_options *options,
				    struct http_client *client, const char *region,
				    struct s3_credentials **out, struct error *err);
void s3_credentials_close(struct s3_credentials *c);

/*
 * The credentials to sign with now, counted for the caller; fetched first if
 * there are none that are good.  BLOB_BUSY: the source did not answer until the
 * deadline.  Any thread.
 */
MUST_CHECK enum blob_rc s3_credentials_get(struct s3_credentials *c, int64_t deadline_ms,
					   struct aws_credentials **out,
					   struct error *err);

/*
 * The store does not accept `bad` (any more).  True if the next get may give
 * others: the source is one that changes.
 */
bool s3_credentials_reject(struct s3_credentials *c, const struct aws_credentials *bad);

#endif
