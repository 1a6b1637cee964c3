/*
 * work.h - what the files of ddl/ share
 *
 * A definition (struct table_def) is a relation that may be changed: it is made from
 * a CREATE TABLE or from the schema, changed, written to SQLite as CREATE TABLE text,
 * and put into our catalog tables.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_DDL_WORK_H
#define PGBLOB_SQL_DDL_WORK_H

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "sql/analyze.h"
#include "sql/catalog/store.h"
#include "sql/conn.h"
#include "sql/ddl.h"
#include "sql/error.h"
#include "sql/schema.h"
#include "sql/type.h"

/* One statement at work. */
struct ddl {
	const struct ddl_context *ctx;
	struct sql_conn *conn;
	const struct schema *schema; /* as it was before the statement */
	const struct sql_env *env;
	struct arena *arena;
	struct sql_error *err;
	char *tag; /* 64 bytes */
	/* names given within this statement, which the schema does not have yet */
	struct {
		const char **items;
		size_t n, cap;
	} new_names;
	/* what the statement drops: nothing of it stands in the way of the rest */
	struct {
		oid_t *items;
		size_t n, cap;
	} dropping;
};

struct def_columns {
	struct schema_column *items;
	size_t n, cap;
};
struct def_constraints {
	struct schema_constraint *items;
	size_t n, cap;
};
struct def_indexes {
	struct schema_index *items;
	size_t n, cap;
};

struct table_def {
	struct schema_relation relation; /* its arrays are set by def_relation() */
	struct def_columns columns;
	struct def_constraints constraints;
	struct def_indexes indexes;
	bool is_new;       /* CREATE TABLE: no row is there yet */
	bool *had_default; /* by place: SQLite's text has a DEFAULT for the column; NULL: give all */
	size_t n_had_default;
};

/* ddl.c: errors and small helpers */
bool ddl_no_memory(struct ddl *d);
bool ddl_notice(struct ddl *d, const char *severity, const char *sqlstate, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* An empty string of the parse tree means "not there". */
static inline bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}
const char *ddl_node_string(const PgQuery__Node *node); /* of a String node, or NULL */
struct analyze_input ddl_analyze_input(const struct ddl *d);
/* The namespace that a new object goes to: 3F000 if there is none. */
bool ddl_new_namespace(struct ddl *d, const PgQuery__RangeVar *name,
		       const struct schema_namespace **out);
/*
 * The relation that a RangeVar, or a list of names, means; 42P01 if there is none and
 * !missing_ok (then *out is NULL).  System relations are 42501.
 */
bool ddl_find_relation(struct ddl *d, const PgQuery__RangeVar *name, bool missing_ok,
		       const struct schema_relation **out);
/* Split the names of a List or String node into schema (or NULL) and name. */
bool ddl_split_name(struct ddl *d, const PgQuery__Node *node, const char **namespace_name,
		    const char **name);
/* Is a relation, index or sequence of that name there, or was one made by this statement? */
bool ddl_name_taken(const struct ddl *d, const char *namespace_name, const char *name);
/* name1_name2_label, cut to 63 bytes, with a number behind it if taken; and takes it. */
const char *ddl_choose_name(struct ddl *d, const char *namespace_name, const char *name1,
			    const char *name2, const char *label);
bool ddl_take_name(struct ddl *d, const char *name);
/* PostgreSQL's text of an expression, as \d shows it. */
const char *ddl_expression_text(struct ddl *d, const PgQuery__Node *node,
				const struct schema_relation *relation);
/* The tree of such a text. */
const PgQuery__Node *ddl_parse_expression(struct ddl *d, const char *text);
/* Every message of a type in a tree, the root included. */
typedef bool (*ddl_visit_fn)(void *arg, ProtobufCMessage *message);
bool ddl_walk(ProtobufCMessage *root, const ProtobufCMessageDescriptor *type,
	      ddl_visit_fn visit, void *arg);
/* sqlite_schema's text of `type` ("table", "view", "index") `name` becomes `sql`. */
bool ddl_set_sqlite_text(struct ddl *d, const char *type, const char *name, const char *sql);

/* table.c */
bool def_from_relation(struct ddl *d, const struct schema_relation *r, struct table_def *out);
const struct schema_relation *def_relation(struct table_def *def);
struct schema_column *def_column(struct table_def *def, const char *name);
/* 42703 if there is none. */
struct schema_column *def_need_column(struct ddl *d, struct table_def *def, const char *name);
struct schema_constraint *def_constraint(struct table_def *def, const char *name);
/* The CREATE TABLE that SQLite runs, for a table named sqlite_name. */
bool def_table_sql(struct ddl *d, struct table_def *def, const char *sqlite_name,
		   struct buf *out);
bool def_index_sql(struct ddl *d, struct table_def *def, const struct schema_index *index,
		   struct buf *out);
/* Run it, and put the index into SQLite; 23505 if rows stand against it. */
bool def_create_index(struct ddl *d, struct table_def *def, const struct schema_index *index);
bool def_drop_index(struct ddl *d, const struct schema_index *index);
/* Put SQLite's text right after a change that leaves rows as they are. */
bool def_rewrite_text(struct ddl *d, struct table_def *def);
/* Put our rows. */
bool def_put(struct ddl *d, struct table_def *def);
/* The SQLite text of a column's default, or "NULL". */
bool def_default_sql(struct ddl *d, const struct schema_column *c, struct buf *out);

/* create_table.c */
bool ddl_create_table(struct ddl *d, const PgQuery__CreateStmt *stmt);
bool ddl_create_table_as(struct ddl *d, const PgQuery__CreateTableAsStmt *stmt);
/* A column from its definition, appended to def; its constraints are applied too. */
bool ddl_add_column(struct ddl *d, struct table_def *def, const PgQuery__ColumnDef *c);
/* Give a column the default that `node` is. */
bool ddl_set_default(struct ddl *d, struct schema_column *c, const PgQuery__Node *node);
/* A table constraint, added to def; `column` is not NULL where it stands behind one. */
bool ddl_add_constraint(struct ddl *d, struct table_def *def, const PgQuery__Constraint *c,
			struct schema_column *column);
/* OIDs for all that has none yet. */
bool ddl_give_oids(struct ddl *d, struct table_def *def);
/* Expressions of SQLite constraints are checked by having SQLite parse them: run CREATE TABLE and its indexes. */
bool ddl_create_in_sqlite(struct ddl *d, struct table_def *def);

/* alter_table.c */
bool ddl_alter_table(struct ddl *d, const PgQuery__AlterTableStmt *stmt);
/* Remove a constraint and its index from SQLite and def. */
bool ddl_remove_constraint(struct ddl *d, struct table_def *def, struct schema_constraint *c);

/* index.c */
bool ddl_create_index(struct ddl *d, const PgQuery__IndexStmt *stmt);

/* view.c */
bool ddl_create_view(struct ddl *d, const PgQuery__ViewStmt *stmt);

/* sequences.c */
bool ddl_create_sequence(struct ddl *d, const PgQuery__CreateSeqStmt *stmt);
bool ddl_alter_sequence(struct ddl *d, const PgQuery__AlterSeqStmt *stmt);
/* Make the sequence of a serial or identity column; *oid is its OID. */
bool ddl_make_owned_sequence(struct ddl *d, const struct schema_relation *of,
			     struct schema_column *column, char owner_kind,
			     PgQuery__Node *const *options, size_t n_options, oid_t *oid);
bool ddl_drop_sequence(struct ddl *d, const struct schema_sequence *q);
/* The text that gives a column its next number. */
const char *ddl_nextval_text(struct ddl *d, const char *namespace_name, const char *name);

/* rebuild.c */
/*
 * Copy the table into one of its new definition: `source` is a SQLite expression for
 * each column of def, in order (NULL entries: the column of that name).  0A000 if foreign
 * keys of other tables refer to it.
 */
bool def_rebuild(struct ddl *d, struct table_def *def, const char *const *source);
/* Do other tables refer to it? */
bool ddl_is_referenced(struct ddl *d, oid_t oid);
/* Errors if a row stands against it: 23502, 23514, 23503. */
bool def_check_not_null(struct ddl *d, struct table_def *def, const struct schema_column *c);
bool def_check_constraint(struct ddl *d, struct table_def *def,
			  const struct schema_constraint *c);
/* *out: does the query give a row? */
bool ddl_any_row(struct ddl *d, bool *out, const char *fmt, ...);

/* drop.c */
bool ddl_drop(struct ddl *d, const PgQuery__DropStmt *stmt);
bool ddl_truncate(struct ddl *d, const PgQuery__TruncateStmt *stmt);
/*
 * What stands in the way of dropping (column `attnum` of) a relation: with cascade it is
 * dropped, with a notice; otherwise 2BP01.
 */
bool ddl_drop_dependents(struct ddl *d, const struct schema_relation *r, int16_t attnum,
			 bool cascade, const char *what);

/* rename.c */
bool ddl_rename(struct ddl *d, const PgQuery__RenameStmt *stmt);
bool ddl_set_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *stmt);

/* misc.c */
bool ddl_comment(struct ddl *d, const PgQuery__CommentStmt *stmt);
bool ddl_create_schema(struct ddl *d, const PgQuery__CreateSchemaStmt *stmt);
bool ddl_alter_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *stmt);

#endif
