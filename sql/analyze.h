/*
 * analyze.h - from PostgreSQL's text to SQLite's
 *
 * parse -> analyze (names, types, coercions as PostgreSQL resolves them) -> lower.
 * The types of all results and parameters are known without running anything.
 * A field of the parse tree that nobody looked at is an error (0A000), never
 * dropped.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_H
#define PGBLOB_SQL_ANALYZE_H

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sql/env.h"

struct arena;
struct buf;
struct schema;
struct schema_relation;
struct sql_error;

/*
 * Parse a text of any number of statements.  The tree lives in `arena`.
 * 42601 with a position for a syntax error, 54001 for too deep a nesting, which
 * is found before the parser runs.  Statement i is
 * tree->stmts[i]->stmt, and its text is stmt_location, stmt_len (0: to the end).
 */
MUST_CHECK bool sql_parse(const char *text, struct arena *arena,
			  PgQuery__ParseResult **tree, struct sql_error *err);

struct lowered_column {
	const char *name;
	oid_t type;
	int32_t typmod;
	oid_t table;    /* 0: not a plain column */
	int16_t attnum;
};

enum lowered_kind { LOWERED_SELECT, LOWERED_INSERT, LOWERED_UPDATE, LOWERED_DELETE, LOWERED_VALUES };

/* A statement as SQLite runs it.  Everything lives in the arena of the call. */
struct lowered {
	enum lowered_kind kind;
	const char *sql;       /* SQLite's text; parameter $n is ?n */
	const struct lowered_column *columns;
	size_t n_columns;      /* 0 for DML without RETURNING */
	const oid_t *param_types;
	size_t n_params;
	bool writes;           /* needs the writer's turn: DML, nextval() */
	bool locks_rows;       /* FOR UPDATE: needs the writer's turn too */
	bool stable;           /* may be cached for the same text, search_path and schema */
	const struct schema_relation *target; /* of DML: borrowed from the schema */
};

struct analyze_input {
	const char *text;              /* the whole text, for positions */
	const struct schema *schema;   /* outlives the result */
	const struct sql_env *env;
	const oid_t *param_types;      /* what the client said; 0: to be inferred */
	size_t n_param_types;
	bool no_params;                /* simple query: $1 is 42P02 */
	struct arena *arena;
};

/* SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE. */
MUST_CHECK bool analyze_statement(const struct analyze_input *in, const PgQuery__Node *stmt,
				  struct lowered *out, struct sql_error *err);
/* Is it one of them? */
bool analyze_takes(const PgQuery__Node *stmt);

/*
 * An expression over the columns of one relation (NULL: none), for defaults, checks,
 * index keys, generated columns, USING: its SQLite text, coerced to `type` by
 * assignment if type is not 0; *result_type says what it is.  what: "DEFAULT",
 * "CHECK constraint", ... for messages.
 */
MUST_CHECK bool analyze_expression(const struct analyze_input *in, const PgQuery__Node *expr,
				   const struct schema_relation *relation, oid_t type,
				   int32_t typmod, const char *what, struct buf *sql,
				   oid_t *result_type, struct sql_error *err);

/* A TypeName to a type and typmod: 42704 if there is no such type. */
MUST_CHECK bool analyze_type_name(const struct analyze_input *in,
				  const PgQuery__TypeName *name, oid_t *type,
				  int32_t *typmod, struct sql_error *err);

/* PostgreSQL's text of an expression or statement, as pg_get_expr() shows it. */
MUST_CHECK bool analyze_deparse(const struct analyze_input *in, const PgQuery__Node *node,
				const struct schema_relation *relation, struct buf *out,
				struct sql_error *err);

/* Append a name in SQLite's double quotes. */
void sqlite_quote_name(struct buf *out, const char *name);
/* Append a text in single quotes. */
void sqlite_quote_text(struct buf *out, const char *text, size_t len);
/* Append a PostgreSQL name, in double quotes only where it needs them. */
void pg_quote_name(struct buf *out, const char *name);

#endif
