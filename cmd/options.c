/*
 * options.c - the command line that pgblobd and pgblob have in common
 * Licence: MIT, see LICENSE.
 */
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static bool take_option(struct options *out, int argc, char **argv, int *i, struct error *err)
{
	const char *arg = argv[*i];

	if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
		out->help = true;
	} else if (strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0) {
		out->version = true;
	} else if (strcmp(arg, "--check-config") == 0) {
		out->check_config = true;
	} else if (strncmp(arg, "-c", 2) == 0) {
		if (arg[2] == '\0' && *i + 1 == argc)
			return error_set(err, "option -c needs the name of a file");
		out->config_path = arg[2] != '\0' ? arg + 2 : argv[++*i];
	} else if (strncmp(arg, "--", 2) == 0) {
		if (out->n_assignments == OPTIONS_MAX)
			return error_set(err, "too many options");
		out->assignments[out->n_assignments++] = arg + 2;
	} else {
		error_set(err, "unknown option \"%s\"", arg);
		error_hint(err, "Try --help.");
		return false;
	}
	return true;
}

bool options_parse(int argc, char **argv, struct options *out, struct error *err)
{
	bool only_words = false;

	memset(out, 0, sizeof(*out));
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
		} else if (!only_words && arg[0] == '-' && arg[1] != '\0') {
			if (!take_option(out, argc, argv, &i, err))
				return false;
		} else if (out->n_words == OPTIONS_MAX) {
			return error_set(err, "too many arguments");
		} else {
			out->words[out->n_words++] = arg;
		}
	}
	return true;
}

void options_complain(const char *program, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", program, err->text);
	if (err->detail[0] != '\0')
		fprintf(stderr, "%s: %s\n", program, err->detail);
	if (err->hint[0] != '\0')
		fprintf(stderr, "%s: %s\n", program, err->hint);
}
