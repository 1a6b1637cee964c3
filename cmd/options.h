/*
 * options.h - the command line that pgblobd and pgblob have in common
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_OPTIONS_H
#define PGBLOB_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct error;

enum { OPTIONS_MAX = 64 };

/* Exit statuses. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct options {
	const char *config_path;              /* -c FILE; NULL: not given */
	const char *assignments[OPTIONS_MAX]; /* of --KEY=VALUE, without the dashes */
	size_t n_assignments;
	bool help, version, check_config;
	const char *words[OPTIONS_MAX];       /* what is no option */
	size_t n_words;
};

/* Pointers are into argv.  False: err says what is wrong with it. */
MUST_CHECK bool options_parse(int argc, char **argv, struct options *out, struct error *err);

/* "PROGRAM: text", and detail and hint if there are any, on standard error. */
void options_complain(const char *program, const struct error *err);

#endif
