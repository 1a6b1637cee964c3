/*
 * schema.h - the objects of one database: what the analyzer looks names up in
 *
 * A struct schema is immutable and counted.  It is read from our catalog tables
 * (catalog/README.md) and from sqlite_schema, and stands for one schema cookie; a
 * transaction that changed the schema reads its own.  System relations
 * (pg_catalog, information_schema) are in every schema.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_SCHEMA_H
#define PGBLOB_SQL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sql/env.h"

struct schema;
struct sql_conn;
struct sql_error;

struct schema_column {
	const char *name;
	int16_t attnum;      /* from 1; gaps where columns were dropped */
	oid_t type;
	int32_t typmod;
	bool not_null;
	bool has_default;
	char identity;       /* 'a' always, 'd' by default, 0 none */
	char generated;      /* 's' stored, 0 none */
	const char *default_text; /* PostgreSQL's text of default or generation expression, or NULL */
	const char *comment;
	const char *collation; /* name, or NULL for the default */
};

struct schema_constraint {
	oid_t oid;
	const char *name;
	char type;              /* p, u, f, c */
	const int16_t *columns; /* attnums */
	size_t n_columns;
	oid_t index;            /* of p, u; what f refers to */
	oid_t ref_relation;
	const int16_t *ref_columns;
	size_t n_ref_columns;
	char on_update, on_delete; /* a no action, r restrict, c cascade, n set null, d set default */
	char match;                /* s simple, f full */
	bool deferrable, deferred;
	const char *check_text;    /* PostgreSQL's text of the expression */
	const char *comment;
};

struct schema_index_key {
	int16_t attnum;   /* 0: expression */
	const char *text; /* of the expression, in PostgreSQL's SQL */
	bool descending;
	bool nulls_first;
};

struct schema_index {
	oid_t oid;
	const char *name;
	const char *sqlite_name; /* NULL where SQLite has none of its own: an INTEGER PRIMARY KEY */
	bool unique;
	bool primary;
	const struct schema_index_key *keys;
	size_t n_keys;
	const char *where_text; /* of a partial index, or NULL */
	oid_t constraint;       /* 0: made by CREATE INDEX */
	const char *comment;
};

enum schema_source {
	SOURCE_TABLE,   /* an ordinary SQLite table or view, of sqlite_name */
	SOURCE_VTAB,    /* a virtual table of ours, of sqlite_name; read only */
	SOURCE_QUERY,   /* a system view: view_text is analyzed in its place */
};

struct schema_relation {
	oid_t oid;
	oid_t type;           /* its row type's OID, or 0 */
	const char *namespace_name;
	oid_t namespace_oid;
	const char *name;
	char kind;            /* r table, v view, i index (not in the name table), S sequence */
	char persistence;     /* p permanent, t temporary */
	bool is_system;
	enum schema_source source;
	const char *sqlite_schema; /* "main" or "temp" */
	const char *sqlite_name;   /* to be quoted */
	const struct schema_column *columns;
	size_t n_columns;
	int16_t rowid_column; /* attnum of the column that is SQLite's rowid, or 0 */
	const struct schema_constraint *constraints;
	size_t n_constraints;
	const struct schema_index *indexes;
	size_t n_indexes;
	const char *view_text; /* PostgreSQL's SELECT of a view */
	const char *comment;
};

struct schema_sequence {
	oid_t oid;
	const char *namespace_name;
	const char *name;
	oid_t type;             /* int2, int4, int8 */
	int64_t start, increment, min, max, cache;
	bool cycle;
	oid_t owned_by;         /* relation, or 0 */
	int16_t owned_column;
	char owner_kind;        /* 'a' serial, 'i' identity */
	const char *comment;
};

struct schema_namespace {
	oid_t oid;
	const char *name;
	const char *comment;
};

const struct schema_relation *schema_relation_by_oid(const struct schema *s, oid_t oid);

/*
 * A relation by name.  namespace_name NULL: the first that the search path has
 * (temporary ones before all).  NULL if there is none.
 */
const struct schema_relation *schema_find_relation(const struct schema *s,
						   const struct sql_env *env,
						   const char *namespace_name,
						   const char *name);
const struct schema_column *schema_column_named(const struct schema_relation *r,
						const char *name);
const struct schema_column *schema_column_at(const struct schema_relation *r,
					     int16_t attnum);

const struct schema_namespace *schema_find_namespace(const struct schema *s, const char *name);
const struct schema_namespace *schema_namespace_by_oid(const struct schema *s, oid_t oid);
const struct schema_sequence *schema_find_sequence(const struct schema *s,
						   const struct sql_env *env,
						   const char *namespace_name,
						   const char *name);
const struct schema_sequence *schema_sequence_by_oid(const struct schema *s, oid_t oid);
/* An index by name, and the relation that it is of. */
const struct schema_index *schema_find_index(const struct schema *s,
					     const struct sql_env *env,
					     const char *namespace_name, const char *name,
					     const struct schema_relation **of);

/* All of them, for the catalogs. */
const struct schema_relation *const *schema_relations(const struct schema *s, size_t *n);
const struct schema_namespace *schema_namespaces(const struct schema *s, size_t *n);
const struct schema_sequence *schema_sequences(const struct schema *s, size_t *n);

/* Read the database's schema.  The caller owns one reference to *out. */
MUST_CHECK bool schema_load(struct sql_conn *conn, struct schema **out,
			    struct sql_error *err);
struct schema *schema_ref(struct schema *s);
void schema_unref(struct schema *s);

/*
 * System relations, in every schema: pg_catalog and information_schema.  Made
 * once; see catalog/system.c.
 */
const struct schema_relation *const *system_relations(size_t *n);
/* Register the virtual tables behind them. */
MUST_CHECK bool system_register(struct sql_conn *conn, struct sql_error *err);

enum { PG_CATALOG_OID = 11, PUBLIC_OID = 2200, INFORMATION_SCHEMA_OID = 13207,
       PG_TOAST_OID = 99, FIRST_USER_OID = 16384, BOOTSTRAP_ROLE_OID = 10 };

#endif
