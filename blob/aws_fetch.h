/*
 * aws_fetch.h - credentials from the services that give them out
 *
 * Each asks once, with a few tries, and checks what comes.  BLOB_BUSY: no
 * answer; BLOB_FAILED: refused, or an answer that cannot be used.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AWS_FETCH_H
#define PGBLOB_BLOB_AWS_FETCH_H

#include <stdint.h>

#include "base/compiler.h"
#include "blob/blob.h"

struct aws_credentials;
struct http_client;

/* Of a container: GET of a URL; `token_file` is read before `token` is taken; either may be NULL. */
MUST_CHECK enum blob_rc aws_fetch_container(struct http_client *client, const char *url,
					    const char *token, const char *token_file,
					    int64_t deadline_ms, struct aws_credentials **out,
					    struct error *err);

/* Of an EC2 instance: IMDSv2 at `endpoint` ("http://169.254.169.254"). */
MUST_CHECK enum blob_rc aws_fetch_instance(struct http_client *client, const char *endpoint,
					   int64_t deadline_ms, struct aws_credentials **out,
					   struct error *err);

/* What to ask STS for. */
struct aws_role {
	const char *sts_endpoint; /* "https://sts.eu-west-1.amazonaws.com" */
	const char *region;
	const char *arn;
	const char *session_name;
	const char *external_id; /* or NULL */
};

/* AssumeRoleWithWebIdentity, with the token that is in the file now. */
MUST_CHECK enum blob_rc aws_fetch_web_identity(struct http_client *client,
					       const struct aws_role *role,
					       const char *token_file, int64_t deadline_ms,
					       struct aws_credentials **out, struct error *err);

/* AssumeRole, signed with `base`. */
MUST_CHECK enum blob_rc aws_fetch_role(struct http_client *client, const struct aws_role *role,
				       const struct aws_credentials *base, int64_t deadline_ms,
				       struct aws_credentials **out, struct error *err);

#endif
