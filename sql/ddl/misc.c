/*
 * misc.c - COMMENT ON, CREATE SCHEMA, ALTER ... OWNER TO
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/ddl/work.h"

static bool no_such(struct ddl *d, const char *sqlstate, const char *kind, const char *name)
{
	return sql_error_set(d->err, sqlstate, "%s \"%s\" does not exist", kind, name);
}

/* The last name of a list is a part of the relation that the others name. */
static bool split_part(struct ddl *d, const PgQuery__Node *node, const struct schema_relation **r,
		       const char **part)
{
	size_t n = node->node_case == PG_QUERY__NODE__NODE_LIST ? node->list->n_items : 0;

	if (n < 2)
		return sql_error_set(d->err, ERRCODE_SYNTAX, "a qualified name is needed");
	const char *table = ddl_node_string(node->list->items[n - 2]);
	const char *schema_name = n > 2 ? ddl_node_string(node->list->items[n - 3]) : NULL;
	*part = ddl_node_string(node->list->items[n - 1]);
	*r = schema_find_relation(d->schema, d->env, schema_name, table);
	if (*r == NULL)
		return no_such(d, ERRCODE_UNDEFINED_TABLE, "relation", table);
	return true;
}

bool ddl_comment(struct ddl *d, const PgQuery__CommentStmt *stmt)
{
	const char *text = given(stmt->comment) ? stmt->comment : NULL;
	const struct schema_relation *r;
	const struct schema_relation *of;
	const char *schema_name;
	const char *name;

	strcpy(d->tag, "COMMENT");
	switch (stmt->objtype) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		if (!ddl_split_name(d, stmt->object, &schema_name, &name))
			return false;
		r = schema_find_relation(d->schema, d->env, schema_name, name);
		if (r == NULL || r->is_system)
			return no_such(d, ERRCODE_UNDEFINED_TABLE, "relation", name);
		return store_put_comment(d->conn, r->oid, 0, text, d->err);
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX: {
		if (!ddl_split_name(d, stmt->object, &schema_name, &name))
			return false;
		const struct schema_index *x =
			schema_find_index(d->schema, d->env, schema_name, name, &of);
		if (x == NULL)
			return no_such(d, ERRCODE_UNDEFINED_TABLE, "relation", name);
		return store_put_comment(d->conn, x->oid, 0, text, d->err);
	}
	case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN: {
		if (!split_part(d, stmt->object, &r, &name))
			return false;
		const struct schema_column *c = schema_column_named(r, name);
		if (c == NULL)
			return sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
					     "column \"%s\" of relation \"%s\" does not exist", name, r->name);
		return store_put_comment(d->conn, r->oid, c->attnum, text, d->err);
	}
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
		if (!split_part(d, stmt->object, &r, &name))
			return false;
		for (size_t i = 0; i < r->n_constraints; i++) {
			if (strcmp(r->constraints[i].name, name) == 0)
				return store_put_comment(d->conn, r->constraints[i].oid, 0, text, d->err);
		}
		return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
				     "constraint \"%s\" for table \"%s\" does not exist", name, r->name);
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA: {
		const struct schema_namespace *n;

		name = ddl_node_string(stmt->object);
		n = name == NULL ? NULL : schema_find_namespace(d->schema, name);
		if (n == NULL)
			return no_such(d, ERRCODE_INVALID_SCHEMA_NAME, "schema", name == NULL ? "" : name);
		if (n->oid < FIRST_USER_OID)
			return sql_error_unsupported(d->err, -1, "a comment on schema \"%s\"", n->name);
		return store_put_comment(d->conn, n->oid, 0, text, d->err);
	}
	default:
		return sql_error_unsupported(d->err, -1, "COMMENT ON this kind of object");
	}
}

bool ddl_create_schema(struct ddl *d, const PgQuery__CreateSchemaStmt *stmt)
{
	const char *name = stmt->schemaname;
	oid_t oid;

	strcpy(d->tag, "CREATE SCHEMA");
	if (!given(name) && stmt->authrole != NULL)
		name = given(stmt->authrole->rolename) ? stmt->authrole->rolename : d->env->user;
	if (stmt->n_schema_elts != 0)
		return sql_error_unsupported(d->err, -1, "CREATE SCHEMA with objects in it");
	if (schema_find_namespace(d->schema, name) != NULL) {
		if (!stmt->if_not_exists)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_SCHEMA,
					     "schema \"%s\" already exists", name);
		return ddl_notice(d, "NOTICE", ERRCODE_DUPLICATE_SCHEMA,
				  "schema \"%s\" already exists, skipping", name);
	}
	if (strncmp(name, "pg_", 3) == 0) {
		sql_error_set(d->err, ERRCODE_RESERVED_NAME, "unacceptable schema name \"%s\"", name);
		return sql_error_detail(d->err,
					"The prefix \"pg_\" is reserved for system schemas.");
	}
	return store_new_oids(d->conn, 1, &oid, d->err) &&
	       store_put_namespace(d->conn, oid, name, d->err);
}

bool ddl_alter_owner(struct ddl *d, const PgQuery__AlterOwnerStmt *stmt)
{
	strcpy(d->tag, stmt->object_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA ? "ALTER SCHEMA"
										: "ALTER");
	if (stmt->object_type != PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA)
		return sql_error_unsupported(d->err, -1, "ALTER ... OWNER of this kind of object");
	const char *name = ddl_node_string(stmt->object);
	if (name == NULL || schema_find_namespace(d->schema, name) == NULL)
		return no_such(d, ERRCODE_INVALID_SCHEMA_NAME, "schema", name == NULL ? "" : name);
	if (given(stmt->newowner->rolename) && d->env->user != NULL &&
	    strcmp(stmt->newowner->rolename, d->env->user) != 0)
		return no_such(d, ERRCODE_UNDEFINED_OBJECT, "role", stmt->newowner->rolename);
	return true;
}
