/*
 * ddl.h - statements that change the schema
 *
 * CREATE, ALTER, DROP of tables, indexes, views, sequences, schemas; TRUNCATE;
 * COMMENT ON; CREATE TABLE AS.  Each runs inside the caller's write transaction on
 * conn->db, changes SQLite's schema and our catalog tables together, and leaves the
 * schema cookie changed; the caller then loads the schema anew.  After a failure
 * the caller rolls the statement back.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_DDL_H
#define PGBLOB_SQL_DDL_H

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

#include "base/compiler.h"

struct arena;
struct schema;
struct sql_conn;
struct sql_env;
struct sql_error;

struct ddl_context {
	struct sql_conn *conn;        /* schema and env are set */
	const char *text;             /* the statement's whole text, for positions */
	int stmt_location, stmt_len;  /* the part of it that is this statement; 0: to the end */
	struct arena *arena;
	/* NOTICE: "relation \"t\" already exists, skipping" (sqlstate 42P07, ...) */
	void (*notice)(void *arg, const char *severity, const struct sql_error *e);
	void *notice_arg;
};

/* Is the statement one of these? */
bool ddl_takes(const PgQuery__Node *stmt);

/* Run it; tag is CommandComplete's, "CREATE TABLE". */
/* False with err->set false: SQLite failed, sqlite3_extended_errcode() says how. */
MUST_CHECK bool ddl_execute(const struct ddl_context *ctx, const PgQuery__Node *stmt,
			    char tag[64], struct sql_error *err);

#endif
