/*
 * set.h - functions that return rows, as table-valued functions of SQLite
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_SET_H
#define PGBLOB_SQL_FUNC_SET_H

#include "sql/func/datum.h"

struct set_cursor {
	sqlite3_vtab_cursor base;
	struct sql_conn *conn;
	struct arena arena;       /* of the rows */
	struct datum row[8];      /* the current row, where there is no list */
	const struct datum *list; /* n_list rows of n_columns values */
	size_t n_list;
	int64_t at;               /* rows before the current one */
	bool done;
	struct datum state[4];    /* of next() */
};

/*
 * A function of rows.  start() sees the arguments (n of them) and sets list, or the
 * first row, or done; next() makes row the following one, or sets done; NULL if there
 * is a list.  Both return false with conn->err set.
 */
struct set_function {
	const char *name;
	int n_columns;
	int max_args;
	bool (*start)(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err);
	bool (*next)(struct set_cursor *c, struct sql_error *err);
};

extern const struct set_function basic_sets[], json_sets[], datetime_sets[];

bool set_register(struct sql_conn *conn, const struct set_function *functions);
/* n rows of n_columns values, to be filled in; NULL: out of memory. */
struct datum *set_rows(struct set_cursor *c, size_t n, int n_columns, struct sql_error *err);
/* A copy of text in the cursor's arena. */
bool set_keep(struct set_cursor *c, struct datum *d, struct sql_error *err);

#endif
