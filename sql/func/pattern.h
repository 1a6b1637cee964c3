/*
 * pattern.h - LIKE and regular expressions, for those who apply operators by name
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_PATTERN_H
#define PGBLOB_SQL_FUNC_PATTERN_H

#include "sql/func/impl.h"

struct array;

/* x op y for ~~ !~~ ~~* !~~* ~ !~ ~* !~*: 1, 0, or -1 after an error. */
int pattern_operator(sqlite3_context *ctx, const char *op, size_t len, const struct datum *x,
		     const struct datum *y);

/* string_to_array(): sep NULL splits at each character. */
bool split_text(struct arena *arena, struct func_text t, const struct func_text *sep,
		const struct func_text *null_text, struct array *out);

/* Matches of a regular expression for regexp_matches() and the like; see regexp.c. */
struct regexp_match {
	size_t n_groups; /* the whole match is group 0 */
	const struct datum *groups;
	size_t start, end; /* bytes */
};
/*
 * All matches (or the first) of pattern in text; false after an error that `err` tells.
 * flags as regexp_match() has them.
 */
bool regexp_all(struct func_state *state, struct arena *arena, struct func_text text,
		struct func_text pattern, struct func_text flags, bool all,
		struct regexp_match **out, size_t *n, struct sql_error *err);

#endif
