/*
 * aws_config.h - the files that AWS's own tools share: credentials and config
 *
 * AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and AWS_CONFIG_FILE
 * (~/.aws/config), read once; a file that is not there is empty.  A profile is
 * [name] in the first and [profile name], or [default], in the second; where both
 * have a setting, the first wins.  Indented lines (settings of one service) are
 * not looked at.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AWS_CONFIG_H
#define PGBLOB_BLOB_AWS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct aws_config;
struct buf;
struct error;

MUST_CHECK bool aws_config_load(struct aws_config **out, struct error *err);
void aws_config_free(struct aws_config *config); /* NULL does nothing */

/* AWS_PROFILE, AWS_DEFAULT_PROFILE or "default". */
const char *aws_config_profile_name(void);

/* Has either file that profile? */
bool aws_config_has(const struct aws_config *config, const char *profile);

/* The value of a setting (lower case), borrowed; NULL if it is not there or empty. */
const char *aws_config_get(const struct aws_config *config, const char *profile,
			   const char *name);

/* An environment variable's value; NULL if it is not set or empty. */
const char *env_get(const char *name);

/* Append a file; on failure errno is set, and err has its name, never its content. */
MUST_CHECK bool read_small_file(const char *path, struct buf *out, struct error *err);

#endif
