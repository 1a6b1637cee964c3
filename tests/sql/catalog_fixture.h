/*
 * catalog_fixture.h - a database with a few objects, for the tests of the catalogs
 *
 * Tables public.a and s.b, which refers to it, view public.vw, sequence public.a_id_seq, and
 * a table that another program made.  The database is "shop", its superuser "boss".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_SQL_CATALOG_FIXTURE_H
#define PGBLOB_TESTS_SQL_CATALOG_FIXTURE_H

#include <sqlite3.h>
#include <stdint.h>

#include "sql/conn.h"
#include "sql/schema.h"

struct fixture {
	sqlite3 *db;
	struct sql_env env;
	struct sql_conn conn;
	struct schema *schema;
};

extern struct fixture fx;

enum {
	A = 16400, A_TYPE, A_PKEY, A_PKEY_CON, A_V_IDX, A_CHECK,
	B, B_TYPE, B_FK, VW, VW_TYPE, SEQ, S_NAMESPACE,
};

void catalog_setup(void);
void catalog_setup_in(const char *file); /* instead of in memory */
void catalog_teardown(void);

/* The rows of SQLite's SQL: columns with | between, rows with newlines; good until the next call. */
const char *rows(const char *sql);
int64_t number(const char *sql);
/* The message of the error that it gives. */
const char *fails(const char *sql);

#endif
