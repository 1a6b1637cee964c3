/*
 * ddl.c - statements that change the schema: dispatch, and what they share
 * Licence: MIT, see LICENSE.
 */
#include "sql/ddl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/ddl/work.h"
#include "vfs/sqlite.h"

enum { NAME_MAX_LEN = 63, TEXT_MAX = 16 << 20 };

bool ddl_no_memory(struct ddl *d)
{
	return sql_error_no_memory(d->err);
}

bool ddl_notice(struct ddl *d, const char *severity, const char *sqlstate, const char *fmt, ...)
{
	struct sql_error notice = SQL_ERROR_INIT;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sql_error_set(&notice, sqlstate, "%s", text);
	if (d->ctx->notice != NULL)
		d->ctx->notice(d->ctx->notice_arg, severity, &notice);
	return true;
}

const char *ddl_node_string(const PgQuery__Node *node)
{
	if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_STRING)
		return NULL;
	return node->string->sval;
}

struct analyze_input ddl_analyze_input(const struct ddl *d)
{
	return (struct analyze_input){
		.text = d->ctx->text,
		.schema = d->schema,
		.env = d->env,
		.no_params = true,
		.arena = d->arena,
	};
}

static bool check_catalog(struct ddl *d, const PgQuery__RangeVar *name)
{
	if (!given(name->catalogname) || d->env->database == NULL ||
	    strcmp(name->catalogname, d->env->database) == 0)
		return true;
	return sql_error_at(d->err, name->location, ERRCODE_FEATURE_NOT_SUPPORTED,
			    "cross-database references are not implemented: \"%s.%s.%s\"",
			    name->catalogname, name->schemaname, name->relname);
}

static bool is_system_namespace(const struct schema_namespace *n)
{
	return n->oid < FIRST_USER_OID && n->oid != PUBLIC_OID;
}

bool ddl_new_namespace(struct ddl *d, const PgQuery__RangeVar *name,
		       const struct schema_namespace **out)
{
	if (!check_catalog(d, name))
		return false;
	if (given(name->relpersistence) && name->relpersistence[0] == 't')
		return sql_error_unsupported(d->err, name->location, "CREATE TEMPORARY");
	*out = NULL;
	if (given(name->schemaname)) {
		*out = schema_find_namespace(d->schema, name->schemaname);
		if (*out == NULL)
			return sql_error_at(d->err, name->location, ERRCODE_INVALID_SCHEMA_NAME,
					    "schema \"%s\" does not exist", name->schemaname);
	} else {
		for (int i = 0; i < d->env->n_search_path && *out == NULL; i++) {
			if (strcmp(d->env->search_path[i], "pg_catalog") != 0)
				*out = schema_find_namespace(d->schema, d->env->search_path[i]);
		}
		if (*out == NULL)
			return sql_error_at(d->err, name->location, ERRCODE_INVALID_SCHEMA_NAME,
					    "no schema has been selected to create in");
	}
	if (is_system_namespace(*out)) {
		sql_error_at(d->err, name->location, ERRCODE_INSUFFICIENT_PRIVILEGE,
			     "permission denied to create \"%s.%s\"", (*out)->name, name->relname);
		return sql_error_detail(d->err, "System catalog modifications are currently disallowed.");
	}
	return true;
}

bool ddl_find_relation(struct ddl *d, const PgQuery__RangeVar *name, bool missing_ok,
		       const struct schema_relation **out)
{
	const char *namespace_name = given(name->schemaname) ? name->schemaname : NULL;

	if (!check_catalog(d, name))
		return false;
	*out = schema_find_relation(d->schema, d->env, namespace_name, name->relname);
	if (*out == NULL) {
		if (missing_ok)
			return true;
		return sql_error_at(d->err, name->location, ERRCODE_UNDEFINED_TABLE,
				    namespace_name == NULL ? "relation \"%s%s%s\" does not exist"
							   : "relation \"%s%s%s\" does not exist",
				    namespace_name == NULL ? "" : namespace_name,
				    namespace_name == NULL ? "" : ".", name->relname);
	}
	if ((*out)->is_system) {
		sql_error_at(d->err, name->location, ERRCODE_INSUFFICIENT_PRIVILEGE,
			     "permission denied: \"%s\" is a system catalog", (*out)->name);
		return false;
	}
	return true;
}

bool ddl_split_name(struct ddl *d, const PgQuery__Node *node, const char **namespace_name,
		    const char **name)
{
	*namespace_name = NULL;
	*name = ddl_node_string(node);
	if (*name != NULL)
		return true;
	if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_LIST || node->list->n_items == 0)
		return sql_error_set(d->err, ERRCODE_SYNTAX, "invalid name");
	size_t n = node->list->n_items;
	*name = ddl_node_string(node->list->items[n - 1]);
	if (n >= 2)
		*namespace_name = ddl_node_string(node->list->items[n - 2]);
	if (n == 3) {
		const char *database = ddl_node_string(node->list->items[0]);

		if (database != NULL && d->env->database != NULL &&
		    strcmp(database, d->env->database) != 0)
			return sql_error_set(d->err, ERRCODE_FEATURE_NOT_SUPPORTED,
					     "cross-database references are not implemented");
	} else if (n > 3) {
		return sql_error_set(d->err, ERRCODE_SYNTAX,
				     "improper qualified name (too many dotted names)");
	}
	return *name != NULL || sql_error_set(d->err, ERRCODE_SYNTAX, "invalid name");
}

bool ddl_name_taken(const struct ddl *d, const char *namespace_name, const char *name)
{
	if (schema_find_relation(d->schema, d->env, namespace_name, name) != NULL ||
	    schema_find_index(d->schema, d->env, namespace_name, name, NULL) != NULL ||
	    schema_find_sequence(d->schema, d->env, namespace_name, name) != NULL)
		return true;
	for (size_t i = 0; i < d->new_names.n; i++) {
		if (strcmp(d->new_names.items[i], name) == 0)
			return true;
	}
	return false;
}

bool ddl_take_name(struct ddl *d, const char *name)
{
	const char **at = VEC_PUSH(d->arena, &d->new_names);

	if (at == NULL)
		return ddl_no_memory(d);
	*at = name;
	return true;
}

/* The longest beginning of `len` bytes that ends with a whole character. */
static size_t clip(const char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
		len--;
	return len;
}

const char *ddl_choose_name(struct ddl *d, const char *namespace_name, const char *name1,
			    const char *name2, const char *label)
{
	for (unsigned pass = 0; pass < 100000; pass++) {
		char suffix[80];
		size_t len1 = strlen(name1);
		size_t len2 = name2 == NULL ? 0 : strlen(name2);

		if (pass == 0)
			snprintf(suffix, sizeof(suffix), "_%s", label);
		else
			snprintf(suffix, sizeof(suffix), "_%s%u", label, pass);
		size_t room = NAME_MAX_LEN - strlen(suffix) - (name2 == NULL ? 0 : 1);
		/* the longer of the two gives way, as in PostgreSQL's makeObjectName() */
		while (len1 + len2 > room) {
			if (len1 > len2)
				len1--;
			else
				len2--;
		}
		len1 = clip(name1, len1);
		if (name2 != NULL)
			len2 = clip(name2, len2);
		char *name = arena_printf(d->arena, "%.*s%s%.*s%s", (int)len1, name1,
					  name2 == NULL ? "" : "_", (int)len2,
					  name2 == NULL ? "" : name2, suffix);
		if (name == NULL) {
			ddl_no_memory(d);
			return NULL;
		}
		if (!ddl_name_taken(d, namespace_name, name))
			return ddl_take_name(d, name) ? name : NULL;
	}
	sql_error_set(d->err, ERRCODE_DUPLICATE_OBJECT, "could not choose a name for \"%s\"", name1);
	return NULL;
}

const char *ddl_expression_text(struct ddl *d, const PgQuery__Node *node,
				const struct schema_relation *relation)
{
	struct analyze_input in = ddl_analyze_input(d);
	struct buf text = BUF_INIT(TEXT_MAX);
	const char *copy = NULL;

	if (analyze_deparse(&in, node, relation, &text, d->err)) {
		copy = arena_strndup(d->arena, text.data, text.len);
		if (copy == NULL || text.failed)
			ddl_no_memory(d);
	}
	buf_free(&text);
	return copy;
}

const PgQuery__Node *ddl_parse_expression(struct ddl *d, const char *text)
{
	PgQuery__ParseResult *tree;
	char *statement = arena_printf(d->arena, "SELECT %s", text);

	if (statement == NULL) {
		ddl_no_memory(d);
		return NULL;
	}
	if (!sql_parse(statement, d->arena, &tree, d->err))
		return NULL;
	const PgQuery__Node *target = NULL;
	if (tree->n_stmts == 1 &&
	    tree->stmts[0]->stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
	    tree->stmts[0]->stmt->select_stmt->n_target_list == 1)
		target = tree->stmts[0]->stmt->select_stmt->target_list[0];
	if (target == NULL || target->node_case != PG_QUERY__NODE__NODE_RES_TARGET) {
		sql_error_set(d->err, ERRCODE_DATA_CORRUPTED,
			      "the catalog holds an expression that cannot be read: %s", text);
		return NULL;
	}
	return target->res_target->val;
}

bool ddl_walk(ProtobufCMessage *root, const ProtobufCMessageDescriptor *type,
	      ddl_visit_fn visit, void *arg)
{
	const ProtobufCMessageDescriptor *desc = root->descriptor;

	if (desc == type && !visit(arg, root))
		return false;
	for (unsigned i = 0; i < desc->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &desc->fields[i];
		const char *base = (const char *)root;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t n;
			ProtobufCMessage **items;

			memcpy(&n, base + f->quantifier_offset, sizeof(n));
			memcpy(&items, base + f->offset, sizeof(items));
			for (size_t j = 0; j < n; j++) {
				if (!ddl_walk(items[j], type, visit, arg))
					return false;
			}
			continue;
		}
		if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			uint32_t which;

			memcpy(&which, base + f->quantifier_offset, sizeof(which));
			if (which != f->id)
				continue;
		}
		ProtobufCMessage *child;
		memcpy(&child, base + f->offset, sizeof(child));
		if (child != NULL && !ddl_walk(child, type, visit, arg))
			return false;
	}
	return true;
}

bool ddl_set_sqlite_text(struct ddl *d, const char *type, const char *name, const char *sql)
{
	int defensive = 0;

	/* SQLite has no other way to change a constraint without copying the table */
	sqlite3_db_config(d->conn->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	sqlite3_db_config(d->conn->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	bool ok = store_exec(d->conn, d->err, "PRAGMA writable_schema = ON") &&
		  store_exec(d->conn, d->err,
			     "UPDATE main.sqlite_schema SET sql = %Q WHERE type = %Q AND name = %Q",
			     sql, type, name) &&
		  store_bump_cookie(d->conn, d->err);
	if (sqlite3_exec(d->conn->db, "PRAGMA writable_schema = RESET", NULL, NULL, NULL) !=
	    SQLITE_OK)
		ok = false;
	sqlite3_db_config(d->conn->db, SQLITE_DBCONFIG_DEFENSIVE, defensive, NULL);
	return ok;
}

bool ddl_takes(const PgQuery__Node *stmt)
{
	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT:
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
	case PG_QUERY__NODE__NODE_INDEX_STMT:
	case PG_QUERY__NODE__NODE_VIEW_STMT:
	case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
	case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
	case PG_QUERY__NODE__NODE_DROP_STMT:
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
	case PG_QUERY__NODE__NODE_RENAME_STMT:
	case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
	case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
	case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
		return true;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		return stmt->select_stmt->into_clause != NULL;
	default:
		return false;
	}
}

/* SELECT ... INTO t is CREATE TABLE t AS SELECT ... . */
static bool select_into(struct ddl *d, const PgQuery__Node *stmt)
{
	PgQuery__SelectStmt *select = stmt->select_stmt;
	PgQuery__IntoClause *into = select->into_clause;
	PgQuery__CreateTableAsStmt as = PG_QUERY__CREATE_TABLE_AS_STMT__INIT;

	as.query = (PgQuery__Node *)(uintptr_t)stmt;
	as.into = into;
	as.objtype = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
	as.is_select_into = true;
	select->into_clause = NULL;
	bool ok = ddl_create_table_as(d, &as);
	select->into_clause = into;
	return ok;
}

static bool dispatch(struct ddl *d, const PgQuery__Node *stmt)
{
	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT:
		return ddl_create_table(d, stmt->create_stmt);
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
		return ddl_create_table_as(d, stmt->create_table_as_stmt);
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		return ddl_alter_table(d, stmt->alter_table_stmt);
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		return ddl_create_index(d, stmt->index_stmt);
	case PG_QUERY__NODE__NODE_VIEW_STMT:
		return ddl_create_view(d, stmt->view_stmt);
	case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
		return ddl_create_sequence(d, stmt->create_seq_stmt);
	case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
		return ddl_alter_sequence(d, stmt->alter_seq_stmt);
	case PG_QUERY__NODE__NODE_DROP_STMT:
		return ddl_drop(d, stmt->drop_stmt);
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
		return ddl_truncate(d, stmt->truncate_stmt);
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		return ddl_rename(d, stmt->rename_stmt);
	case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
		return ddl_set_schema(d, stmt->alter_object_schema_stmt);
	case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
		return ddl_alter_owner(d, stmt->alter_owner_stmt);
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
		return ddl_comment(d, stmt->comment_stmt);
	case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
		return ddl_create_schema(d, stmt->create_schema_stmt);
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		return select_into(d, stmt);
	default:
		return sql_error_unsupported(d->err, -1, "this statement");
	}
}

bool ddl_execute(const struct ddl_context *ctx, const PgQuery__Node *stmt, char tag[64],
		 struct sql_error *err)
{
	struct ddl d = {
		.ctx = ctx,
		.conn = ctx->conn,
		.schema = ctx->conn->schema,
		.env = ctx->conn->env,
		.arena = ctx->arena,
		.err = err,
		.tag = tag,
	};

	sql_error_clear(err);
	/* a truncated table keeps its schema, but for sequences that start anew */
	if (stmt->node_case != PG_QUERY__NODE__NODE_TRUNCATE_STMT && !store_ensure(d.conn, err))
		return false;
	if (!dispatch(&d, stmt))
		return false;
	if (d.arena->failed)
		return ddl_no_memory(&d);
	/* whether SQLite saw the change or only our tables did */
	return stmt->node_case == PG_QUERY__NODE__NODE_TRUNCATE_STMT ||
	       store_bump_cookie(d.conn, err);
}
