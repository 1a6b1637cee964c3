/*
 * analyze_fixture.h - a database in memory that understands PostgreSQL's SQL
 *
 * Without sessions and storage: parse, DDL or analyze, step, rows as text.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_SQL_ANALYZE_FIXTURE_H
#define PGBLOB_TESTS_SQL_ANALYZE_FIXTURE_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/analyze.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/schema.h"

struct analyze_fixture {
	sqlite3 *db;
	struct sql_env env;
	struct sql_conn conn;
	struct schema *schema;
	struct arena arena;
	struct sql_error err;
	struct buf out; /* what the last run wrote */
	bool show_sql;
};

void analyze_fixture_open(struct analyze_fixture *f);
void analyze_fixture_close(struct analyze_fixture *f);

/*
 * Run all statements of a text; the result is in f->out: rows with | between fields,
 * errors as "ERROR:  42703: column ... at 8".  False after an error.
 */
bool analyze_fixture_run(struct analyze_fixture *f, const char *text);

/* Analyze one statement with parameters allowed.  The result lives in f->arena. */
bool analyze_fixture_lower(struct analyze_fixture *f, const char *text, struct lowered *out);

/* Type names of columns and parameters: "integer, text" */
const char *analyze_fixture_types(struct analyze_fixture *f, const struct lowered *l, bool params);

#endif
