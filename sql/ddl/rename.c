/*
 * rename.c - ALTER ... RENAME, ALTER ... SET SCHEMA
 *
 * SQLite rewrites its own texts; ours, which name columns and tables too, are
 * parsed, changed and written anew.
 * Licence: MIT, see LICENSE.
 */
#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"

struct renaming {
	const char *from;
	char *to;
	char *schema;      /* of a table */
	const char *alias; /* of a table */
	struct arena *arena;
	bool failed;
};

static bool rename_column_ref(void *arg, ProtobufCMessage *message)
{
	struct renaming *r = arg;
	PgQuery__ColumnRef *ref = (PgQuery__ColumnRef *)message;
	PgQuery__Node *last = ref->n_fields == 0 ? NULL : ref->fields[ref->n_fields - 1];

	if (ddl_node_string(last) != NULL && strcmp(last->string->sval, r->from) == 0)
		last->string->sval = r->to;
	return true;
}

/* The text of an expression of the table with one of its columns renamed. */
static bool rename_in_text(struct ddl *d, const char **text, const char *from, const char *to)
{
	struct renaming r = { .from = from, .to = (char *)(uintptr_t)to };

	if (*text == NULL)
		return true;
	const PgQuery__Node *node = ddl_parse_expression(d, *text);
	if (node == NULL)
		return false;
	ddl_walk((ProtobufCMessage *)(uintptr_t)&node->base, &pg_query__column_ref__descriptor,
		 rename_column_ref, &r);
	*text = ddl_expression_text(d, node, NULL);
	return *text != NULL;
}

static bool name_is_free(struct ddl *d, const char *namespace_name, const char *name)
{
	if (!ddl_name_taken(d, namespace_name, name))
		return true;
	return sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
}

static bool rename_column(struct ddl *d, const PgQuery__RenameStmt *stmt)
{
	const struct schema_relation *r;
	struct table_def def;
	bool found;

	if (!ddl_find_relation(d, stmt->relation, stmt->missing_ok, &r))
		return false;
	if (r == NULL)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->relation->relname);
	if (r->kind != 'r')
		return sql_error_unsupported(d->err, stmt->relation->location,
					     "renaming a column of a relation that is not a table");
	if (!def_from_relation(d, r, &def))
		return false;
	struct schema_column *c = def_column(&def, stmt->subname);
	if (c == NULL)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN, "column \"%s\" does not exist",
				     stmt->subname);
	if (def_column(&def, stmt->newname) != NULL)
		return sql_error_set(d->err, ERRCODE_DUPLICATE_COLUMN,
				     "column \"%s\" of relation \"%s\" already exists", stmt->newname,
				     r->name);
	if (!ddl_any_row(d, &found,
			 "SELECT 1 FROM pgblob_depend WHERE reference = %u AND number = %d LIMIT 1",
			 r->oid, c->attnum))
		return false;
	if (found) {
		sql_error_unsupported(d->err, stmt->relation->location,
				      "renaming a column that a view reads");
		return sql_error_hint(d->err, "Drop the view, rename the column, and create the view again.");
	}
	for (size_t i = 0; i < def.columns.n; i++) {
		struct schema_column *other = &def.columns.items[i];

		if (other->generated != 0 &&
		    !rename_in_text(d, &other->default_text, stmt->subname, stmt->newname))
			return false;
	}
	for (size_t i = 0; i < def.constraints.n; i++) {
		if (!rename_in_text(d, &def.constraints.items[i].check_text, stmt->subname, stmt->newname))
			return false;
	}
	for (size_t i = 0; i < def.indexes.n; i++) {
		struct schema_index *x = &def.indexes.items[i];
		struct schema_index_key *keys =
			arena_memdup(d->arena, x->keys, x->n_keys * sizeof(x->keys[0]));

		if (keys == NULL)
			return ddl_no_memory(d);
		for (size_t j = 0; j < x->n_keys; j++) {
			if (!rename_in_text(d, &keys[j].text, stmt->subname, stmt->newname))
				return false;
		}
		x->keys = keys;
		if (!rename_in_text(d, &x->where_text, stmt->subname, stmt->newname))
			return false;
	}
	c->name = stmt->newname;
	return store_exec(d->conn, d->err, "ALTER TABLE main.\"%w\" RENAME COLUMN \"%w\" TO \"%w\"",
			  r->sqlite_name, stmt->subname, stmt->newname) &&
	       def_put(d, &def);
}

/* FROM old becomes FROM new AS old, so that old.column still means what it did. */
static bool rename_range_var(void *arg, ProtobufCMessage *message)
{
	struct renaming *r = arg;
	PgQuery__RangeVar *v = (PgQuery__RangeVar *)message;

	if (strcmp(v->relname, r->from) != 0 ||
	    (given(v->schemaname) && strcmp(v->schemaname, r->alias) != 0))
		return true;
	if (v->alias == NULL) {
		v->alias = ARENA_NEW(r->arena, PgQuery__Alias);
		if (v->alias == NULL) {
			r->failed = true;
			return false;
		}
		pg_query__alias__init(v->alias);
		v->alias->aliasname = (char *)(uintptr_t)r->from;
	}
	v->relname = r->to;
	if (given(v->schemaname) || strcmp(r->schema, "public") != 0)
		v->schemaname = r->schema;
	return true;
}

/* Views that read the relation keep reading it under its new name. */
static bool rename_in_views(struct ddl *d, const struct schema_relation *r,
			    const char *namespace_name, const char *name)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	for (size_t i = 0; i < n; i++) {
		PgQuery__ParseResult *tree;
		bool reads = false;
		struct renaming change = {
			.from = r->name,
			.to = (char *)(uintptr_t)name,
			.schema = (char *)(uintptr_t)namespace_name,
			.alias = r->namespace_name,
			.arena = d->arena,
		};

		if (all[i]->is_system || all[i]->kind != 'v' || all[i]->view_text == NULL)
			continue;
		if (!ddl_any_row(d, &reads,
				 "SELECT 1 FROM pgblob_depend WHERE object = %u AND reference = %u LIMIT 1",
				 all[i]->oid, r->oid))
			return false;
		if (!reads)
			continue;
		if (!sql_parse(all[i]->view_text, d->arena, &tree, d->err))
			return false;
		ddl_walk(&tree->base, &pg_query__range_var__descriptor, rename_range_var, &change);
		if (change.failed)
			return ddl_no_memory(d);
		const char *text = ddl_expression_text(d, tree->stmts[0]->stmt, NULL);
		if (text == NULL)
			return false;
		if (!store_exec(d->conn, d->err, "UPDATE pgblob_class SET definition = %Q WHERE oid = %u",
				text, all[i]->oid))
			return false;
	}
	return true;
}

/* Give a table or view another name or schema. */
static bool move_relation(struct ddl *d, const struct schema_relation *r,
			  const struct schema_namespace *to, const char *name)
{
	struct table_def def;
	const char *sqlite_name = sqlite_name_of(d->arena, to->name, name);

	if (sqlite_name == NULL)
		return ddl_no_memory(d);
	if (!name_is_free(d, to->name, name) || !def_from_relation(d, r, &def) ||
	    !rename_in_views(d, r, to->name, name))
		return false;
	if (r->kind == 'v') {
		/* SQLite cannot rename a view */
		bool read;

		if (!ddl_any_row(d, &read, "SELECT 1 FROM pgblob_depend WHERE reference = %u LIMIT 1",
				 r->oid))
			return false;
		if (read)
			return sql_error_unsupported(d->err, -1, "renaming a view that another view reads");
		return sql_error_unsupported(d->err, -1, "renaming a view");
	}
	def.relation.name = name;
	def.relation.namespace_name = to->name;
	def.relation.namespace_oid = to->oid;
	def.relation.sqlite_name = sqlite_name;
	return store_exec(d->conn, d->err, "ALTER TABLE main.\"%w\" RENAME TO \"%w\"", r->sqlite_name,
			  sqlite_name) &&
	       def_put(d, &def);
}

/* Defaults that name the sequence follow it. */
static bool rename_in_defaults(struct ddl *d, const struct schema_sequence *q,
			       const char *namespace_name, const char *name)
{
	const char *from = ddl_nextval_text(d, q->namespace_name, q->name);
	const char *to = ddl_nextval_text(d, namespace_name, name);

	return from != NULL && to != NULL &&
	       store_exec(d->conn, d->err,
			  "UPDATE pgblob_attribute SET default_text = %Q WHERE default_text = %Q", to,
			  from);
}

static bool move_sequence(struct ddl *d, const struct schema_sequence *q,
			  const struct schema_namespace *to, const char *name)
{
	const char *from_name = sqlite_name_of(d->arena, q->namespace_name, q->name);
	const char *to_name = sqlite_name_of(d->arena, to->name, name);
	struct schema_sequence moved = *q;

	if (from_name == NULL || to_name == NULL)
		return ddl_no_memory(d);
	moved.name = name;
	moved.namespace_name = to->name;
	return name_is_free(d, to->name, name) && rename_in_defaults(d, q, to->name, name) &&
	       store_put_sequence(d->conn, &moved, to->oid, NULL, d->err) &&
	       store_exec(d->conn, d->err,
			  "DROP VIEW main.\"%w\"; CREATE VIEW main.\"%w\"(last_value, log_cnt, is_called) AS"
			  " SELECT last_value, 0, is_called FROM pgblob_sequence WHERE oid = %u",
			  from_name, to_name, q->oid);
}

static bool rename_index(struct ddl *d, const struct schema_relation *of,
			 const struct schema_index *x, const char *name)
{
	struct table_def def;

	if (!name_is_free(d, of->namespace_name, name) || !def_from_relation(d, of, &def))
		return false;
	struct schema_index *index = &def.indexes.items[x - of->indexes];
	if (!def_drop_index(d, index))
		return false;
	for (size_t i = 0; i < def.constraints.n; i++) {
		if (index->constraint != 0 && def.constraints.items[i].oid == index->constraint)
			def.constraints.items[i].name = name;
	}
	index->name = name;
	if (index->sqlite_name != NULL) {
		index->sqlite_name = sqlite_name_of(d->arena, of->namespace_name, name);
		if (index->sqlite_name == NULL)
			return ddl_no_memory(d);
	}
	return def_create_index(d, &def, index) && def_put(d, &def);
}

static bool rename_constraint(struct ddl *d, const PgQuery__RenameStmt *stmt)
{
	const struct schema_relation *r;
	struct table_def def;

	if (!ddl_find_relation(d, stmt->relation, stmt->missing_ok, &r))
		return false;
	if (r == NULL)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->relation->relname);
	if (!def_from_relation(d, r, &def))
		return false;
	struct schema_constraint *c = def_constraint(&def, stmt->subname);
	if (c == NULL)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
				     "constraint \"%s\" for table \"%s\" does not exist", stmt->subname,
				     r->name);
	if (def_constraint(&def, stmt->newname) != NULL)
		return sql_error_set(d->err, ERRCODE_DUPLICATE_OBJECT,
				     "constraint \"%s\" for relation \"%s\" already exists", stmt->newname,
				     r->name);
	for (size_t i = 0; (c->type == 'p' || c->type == 'u') && i < r->n_indexes; i++) {
		if (r->indexes[i].oid == c->index)
			return rename_index(d, r, &r->indexes[i], stmt->newname);
	}
	c->name = stmt->newname;
	return def_rewrite_text(d, &def) && def_put(d, &def);
}

static bool rename_relation(struct ddl *d, const PgQuery__RenameStmt *stmt)
{
	const char *schema_name = given(stmt->relation->schemaname) ? stmt->relation->schemaname : NULL;
	const struct schema_relation *of;
	const struct schema_index *x =
		schema_find_index(d->schema, d->env, schema_name, stmt->relation->relname, &of);
	const struct schema_relation *r;

	if (x != NULL && schema_find_relation(d->schema, d->env, schema_name,
					      stmt->relation->relname) == NULL)
		return rename_index(d, of, x, stmt->newname);
	if (!ddl_find_relation(d, stmt->relation, stmt->missing_ok, &r))
		return false;
	if (r == NULL)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->relation->relname);
	const struct schema_namespace *n = schema_namespace_by_oid(d->schema, r->namespace_oid);
	if (r->kind == 'S')
		return move_sequence(d, schema_sequence_by_oid(d->schema, r->oid), n, stmt->newname);
	return move_relation(d, r, n, stmt->newname);
}

static const char *alter_tag(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
		return "ALTER INDEX";
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return "ALTER SEQUENCE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
		return "ALTER VIEW";
	default:
		return "ALTER TABLE";
	}
}

bool ddl_rename(struct ddl *d, const PgQuery__RenameStmt *stmt)
{
	strcpy(d->tag, alter_tag(stmt->rename_type));
	switch (stmt->rename_type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
		strcpy(d->tag, alter_tag(stmt->relation_type));
		return rename_column(d, stmt);
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
		return rename_constraint(d, stmt);
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return rename_relation(d, stmt);
	default:
		return sql_error_unsupported(d->err, -1, "this form of ALTER ... RENAME");
	}
}

bool ddl_set_schema(struct ddl *d, const PgQuery__AlterObjectSchemaStmt *stmt)
{
	const struct schema_relation *r;
	const struct schema_namespace *to = schema_find_namespace(d->schema, stmt->newschema);

	strcpy(d->tag, alter_tag(stmt->object_type));
	if (stmt->object_type != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE &&
	    stmt->object_type != PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE)
		return sql_error_unsupported(d->err, -1, "SET SCHEMA of this kind of object");
	if (!ddl_find_relation(d, stmt->relation, stmt->missing_ok, &r))
		return false;
	if (r == NULL)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->relation->relname);
	if (to == NULL)
		return sql_error_set(d->err, ERRCODE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist",
				     stmt->newschema);
	if (to->oid < FIRST_USER_OID && to->oid != PUBLIC_OID)
		return sql_error_set(d->err, ERRCODE_INSUFFICIENT_PRIVILEGE,
				     "permission denied for schema %s", to->name);
	if (to->oid == r->namespace_oid)
		return true;
	if (r->kind == 'S')
		return move_sequence(d, schema_sequence_by_oid(d->schema, r->oid), to, r->name);
	if (r->n_indexes > (r->rowid_column != 0 ? 1U : 0U))
		return sql_error_unsupported(d->err, stmt->relation->location,
					     "SET SCHEMA of a table with indexes");
	return move_relation(d, r, to, r->name);
}
