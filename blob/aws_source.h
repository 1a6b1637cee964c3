/*
 * aws_source.h - where credentials come from
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AWS_SOURCE_H
#define PGBLOB_BLOB_AWS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "blob/blob.h"

struct aws_credentials;
struct aws_source;
struct http_client;

/* Find the one that is configured; makes no request. */
MUST_CHECK bool aws_source_open(const struct blob_options *options,
				struct http_client *client, const char *region,
				struct aws_source **out, struct error *err);
void aws_source_close(struct aws_source *source); /* NULL does nothing */

/* Can it give others than before? */
bool aws_source_changes(const struct aws_source *source);

/* Ask it.  One thread at a time.  *out is counted for the caller. */
MUST_CHECK enum blob_rc aws_source_fetch(struct aws_source *source, int64_t deadline_ms,
					 struct aws_credentials **out, struct error *err);

#endif
