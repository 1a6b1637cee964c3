/*
 * replay.h - answers of PostgreSQL that were kept, line by line
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_SQL_REPLAY_H
#define PGBLOB_TESTS_SQL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/env.h"

#define REPLAY_MAX_FIELDS 64

struct replay_line {
	size_t number;
	int n;
	char *fields[REPLAY_MAX_FIELDS]; /* escapes undone, but for \N */
};

/* Call `each` for every line of tests/sql/data/`name`; fails if there is none. */
void replay_file(const char *name, void (*each)(struct replay_line *line, void *arg), void *arg);

/* The environment that the answers were given in, with SET commands applied. */
void replay_env(struct sql_env *env, const char *settings);

#endif
