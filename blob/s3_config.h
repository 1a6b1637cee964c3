/*
 * s3_config.h - where a bucket is: endpoint, region, addressing
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_S3_CONFIG_H
#define PGBLOB_BLOB_S3_CONFIG_H

#include <stdbool.h>

#include "base/compiler.h"

struct blob_options;
struct error;
struct s3_store;

/* Set bucket, prefix, region, origin, host, path and is_aws of a zeroed store. */
MUST_CHECK bool s3_configure(struct s3_store *store, const char *url,
			     const struct blob_options *options, struct error *err);

/* "amazonaws.com" or, in China, "amazonaws.com.cn" */
const char *aws_domain_of(const char *region);

/*
 * "https://host:8080/base/" to "https", "host:8080" (without the scheme's own
 * port) and "/base".  The two are the caller's to free.
 */
MUST_CHECK bool endpoint_parse(const char *endpoint, bool *tls, char **host, char **path,
			       struct error *err);

/* Letters, digits and '-': it goes into a host's name. */
MUST_CHECK bool region_is_good(const char *region);

#endif
