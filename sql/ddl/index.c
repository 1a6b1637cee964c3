/*
 * index.c - CREATE INDEX
 *
 * Every index is SQLite's b-tree, whose order is that of the stored values; NULLS
 * FIRST and LAST are kept for the catalog and left to SQLite's planner otherwise.
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"

enum { KEYS_MAX = 32 };

/* An operator class may be named if it orders as SQLite does. */
static bool check_opclass(struct ddl *d, const PgQuery__IndexElem *e)
{
	if (e->n_opclass == 0 && e->n_opclassopts == 0)
		return true;
	const char *name = e->n_opclass == 0 ? NULL : ddl_node_string(e->opclass[e->n_opclass - 1]);
	size_t len = name == NULL ? 0 : strlen(name);
	bool plain = len > 4 && strcmp(name + len - 4, "_ops") == 0 && strstr(name, "gin") == NULL &&
		     strstr(name, "trgm") == NULL && strstr(name, "path") == NULL;

	if (plain && e->n_opclassopts == 0)
		return true;
	return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
			     "operator class \"%s\" does not exist for access method \"btree\"",
			     name == NULL ? "" : name);
}

static bool add_key(struct ddl *d, struct table_def *def, const PgQuery__IndexElem *e,
		    struct schema_index_key *key)
{
	struct analyze_input in = ddl_analyze_input(d);

	if (!check_opclass(d, e))
		return false;
	key->descending = e->ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
	key->nulls_first = e->nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
			   (e->nulls_ordering <= PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT &&
			    key->descending);
	if (given(e->name)) {
		const struct schema_column *c = def_column(def, e->name);

		if (c == NULL)
			return sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
					     "column \"%s\" does not exist", e->name);
		key->attnum = c->attnum;
		return true;
	}
	struct buf sql = BUF_INIT(1 << 20);
	oid_t type;
	bool ok = analyze_expression(&in, e->expr, def_relation(def), 0, -1, "index expression", &sql,
				     &type, d->err);
	buf_free(&sql);
	if (!ok)
		return false;
	key->text = ddl_expression_text(d, e->expr, def_relation(def));
	return key->text != NULL;
}

/* PostgreSQL's name for a nameless index: of its columns, "expr" for an expression. */
static const char *default_name(struct ddl *d, const struct table_def *def,
				const PgQuery__IndexStmt *stmt)
{
	const char *columns = "";

	for (size_t i = 0; i < stmt->n_index_params && columns != NULL && strlen(columns) < 64; i++) {
		const PgQuery__IndexElem *e = stmt->index_params[i]->index_elem;
		const char *part = given(e->name) ? e->name : "expr";

		if (!given(e->name) && e->expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
			part = ddl_node_string(
				e->expr->func_call->funcname[e->expr->func_call->n_funcname - 1]);
		columns = arena_printf(d->arena, "%s%s%s", columns, i == 0 ? "" : "_", part);
	}
	if (columns == NULL) {
		ddl_no_memory(d);
		return NULL;
	}
	return ddl_choose_name(d, def->relation.namespace_name, def->relation.name, columns, "idx");
}

bool ddl_create_index(struct ddl *d, const PgQuery__IndexStmt *stmt)
{
	const struct schema_relation *r;
	struct table_def def;

	strcpy(d->tag, "CREATE INDEX");
	if (given(stmt->access_method) && strcmp(stmt->access_method, "btree") != 0)
		return sql_error_unsupported(d->err, -1, "access method \"%s\"", stmt->access_method);
	if (stmt->n_index_including_params != 0)
		return sql_error_unsupported(d->err, -1, "INCLUDE");
	if (stmt->nulls_not_distinct)
		return sql_error_unsupported(d->err, -1, "NULLS NOT DISTINCT");
	if (stmt->n_exclude_op_names != 0)
		return sql_error_unsupported(d->err, -1, "EXCLUDE");
	if (stmt->n_index_params > KEYS_MAX)
		return sql_error_set(d->err, ERRCODE_TOO_MANY_COLUMNS,
				     "cannot use more than %d columns in an index", KEYS_MAX);
	if (!ddl_find_relation(d, stmt->relation, false, &r))
		return false;
	if (r->kind != 'r')
		return sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE,
				     "cannot create index on relation \"%s\"", r->name);
	if (given(stmt->idxname) && ddl_name_taken(d, r->namespace_name, stmt->idxname)) {
		if (!stmt->if_not_exists)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE,
					     "relation \"%s\" already exists", stmt->idxname);
		return ddl_notice(d, "NOTICE", ERRCODE_DUPLICATE_TABLE,
				  "relation \"%s\" already exists, skipping", stmt->idxname);
	}
	if (!def_from_relation(d, r, &def))
		return false;
	struct schema_index_key *keys =
		ARENA_ARRAY(d->arena, struct schema_index_key, stmt->n_index_params);
	struct schema_index *x = VEC_PUSH(d->arena, &def.indexes);
	if (keys == NULL || x == NULL)
		return ddl_no_memory(d);
	for (size_t i = 0; i < stmt->n_index_params; i++) {
		if (!add_key(d, &def, stmt->index_params[i]->index_elem, &keys[i]))
			return false;
	}
	*x = (struct schema_index){
		.name = given(stmt->idxname) ? stmt->idxname : default_name(d, &def, stmt),
		.unique = stmt->unique,
		.keys = keys,
		.n_keys = stmt->n_index_params,
	};
	if (x->name == NULL)
		return false;
	if (stmt->where_clause != NULL) {
		x->where_text = ddl_expression_text(d, stmt->where_clause, def_relation(&def));
		if (x->where_text == NULL)
			return false;
	}
	x->sqlite_name = sqlite_name_of(d->arena, r->namespace_name, x->name);
	if (x->sqlite_name == NULL)
		return ddl_no_memory(d);
	return ddl_give_oids(d, &def) && def_create_index(d, &def, x) && def_put(d, &def);
}
