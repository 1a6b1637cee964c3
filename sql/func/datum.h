/*
 * datum.h - values compared and kept
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_DATUM_H
#define PGBLOB_SQL_FUNC_DATUM_H

#include "sql/func/impl.h"
#include "sql/type/array.h"

/* As SQLite orders them under pg_key: NULL first. */
int datum_compare(const struct datum *a, const struct datum *b);
/* A copy whose bytes are in the arena; false: no memory. */
bool datum_keep(struct arena *arena, const struct datum *from, struct datum *to);

/* Decode an array argument; false after an error was reported. */
bool func_array(sqlite3_context *ctx, sqlite3_value *v, struct arena *arena, struct array *out);
void func_result_array(sqlite3_context *ctx, const struct array *a);

/* The rows of an aggregate that needs them all, in order of arrival. */
struct agg_row {
	struct datum *args;
	struct datum *keys;
};

struct agg_rows {
	struct arena arena;
	struct agg_row *rows; /* malloc */
	size_t n, room, first; /* rows from `first` on count: the others left the window */
	int n_args, n_keys;
	char spec[2 * 64 + 2]; /* see $o in func.h */
	bool has_spec, broken;
};

/* Add the row argv; the first n_args are the aggregate's own. */
void agg_add(sqlite3_context *ctx, int n, sqlite3_value **argv, int n_args);
/* Forget the oldest row. */
void agg_remove(sqlite3_context *ctx);
/*
 * The rows, sorted and made distinct if that was asked for; NULL if there were none
 * or after an error.  Call agg_done() at the end of the final function.
 */
struct agg_rows *agg_get(sqlite3_context *ctx);
void agg_done(struct agg_rows *a);

#endif
