/*
 * conn.h - one SQLite connection with PostgreSQL's functions on it
 *
 * A connection is used by one session at a time.  While a statement runs, env and
 * schema are those of the session; a function that fails puts the reason into
 * err and gives SQLite an error, and whoever runs the statement finds it there.
 * The functions get their struct sql_conn from sqlite3_user_data().
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CONN_H
#define PGBLOB_SQL_CONN_H

#include <stdbool.h>

#include "sql/env.h"
#include "sql/error.h"

struct func_state;
struct schema;
struct sqlite3;
struct sqlite3_context;

struct sql_conn {
	struct sqlite3 *db;
	const struct sql_env *env;    /* never NULL */
	const struct schema *schema;  /* NULL in the shell: functions that need it say 0A000 */
	struct sql_error err;
	/* the connection's authorizer (arg: this struct), to be set again by who replaces it for a while; or NULL */
	int (*authorizer)(void *arg, int action, const char *a, const char *b, const char *database,
			  const char *trigger);
	/* for functions that keep state: currval(), the last sequence value */
	void *sequence_state;
	struct func_state *func_state; /* func/'s own; made by func_register(), freed with db */
};

/* Give SQLite an error and keep what conn->err holds.  For functions. */
void sql_conn_fail(struct sql_conn *conn, struct sqlite3_context *ctx);

/*
 * For the extension, which has no session: make a struct sql_conn with the default
 * environment, register functions, collations and table-valued functions on db, and
 * free it with db.
 */
bool sql_functions_register(struct sqlite3 *db);

#endif
