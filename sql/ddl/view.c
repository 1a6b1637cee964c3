/*
 * view.c - CREATE VIEW
 *
 * A view is a SQLite view of the lowered query, so the sqlite3 shell can read it,
 * with its columns' types and PostgreSQL's text in our tables.  What it reads is
 * learned from SQLite's authorizer, so it is exact.
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"
#include "vfs/sqlite.h"

struct reads {
	struct ddl *d;
	oid_t view;
	struct {
		struct {
			oid_t relation;
			int16_t attnum;
		} *items;
		size_t n, cap;
	} v;
	bool failed;
};

static const struct schema_relation *relation_of_sqlite_name(const struct ddl *d, const char *name)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (!all[i]->is_system && all[i]->sqlite_name != NULL &&
		    strcmp(all[i]->sqlite_name, name) == 0)
			return all[i];
	}
	return NULL;
}

/* SQLite's authorizer: `table` and `column` are read, from within view `view` or from no view. */
static int note_read(void *arg, int action, const char *table, const char *column,
		     const char *database, const char *view)
{
	struct reads *reads = arg;

	(void)database;
	(void)view;
	if (action != SQLITE_READ || table == NULL)
		return SQLITE_OK;
	const struct schema_relation *r = relation_of_sqlite_name(reads->d, table);
	if (r == NULL || r->oid == reads->view)
		return SQLITE_OK;
	const struct schema_column *c =
		column == NULL || column[0] == '\0' ? NULL : schema_column_named(r, column);
	int16_t attnum = c == NULL ? 0 : c->attnum;
	for (size_t i = 0; i < reads->v.n; i++) {
		if (reads->v.items[i].relation == r->oid && reads->v.items[i].attnum == attnum)
			return SQLITE_OK;
	}
	__typeof__(reads->v.items) at = VEC_PUSH(reads->d->arena, &reads->v);
	if (at == NULL) {
		reads->failed = true;
	} else {
		at->relation = r->oid;
		at->attnum = attnum;
	}
	return SQLITE_OK;
}

static bool put_dependencies(struct ddl *d, oid_t view, const char *sql)
{
	struct reads reads = { .d = d, .view = view };
	sqlite3_stmt *stmt;

	sqlite3_set_authorizer(d->conn->db, note_read, &reads);
	int rc = sqlite3_prepare_v2(d->conn->db, sql, -1, &stmt, NULL);
	sqlite3_set_authorizer(d->conn->db, d->conn->authorizer, d->conn);
	if (rc != SQLITE_OK)
		return (rc & 0xff) == SQLITE_ERROR
			       ? sql_error_set(d->err, ERRCODE_INTERNAL, "%s",
					       sqlite3_errmsg(d->conn->db))
			       : false;
	sqlite3_finalize(stmt);
	if (reads.failed)
		return ddl_no_memory(d);
	for (size_t i = 0; i < reads.v.n; i++) {
		if (!store_put_dependency(d->conn, view, reads.v.items[i].relation,
					  reads.v.items[i].attnum, d->err))
			return false;
	}
	return true;
}

/* CREATE OR REPLACE may add columns behind those that are there, nothing else. */
static bool check_replaced(struct ddl *d, const struct schema_relation *old,
			   const struct table_def *def)
{
	if (old->kind != 'v')
		return sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE, "\"%s\" is not a view",
				     old->name);
	if (def->columns.n < old->n_columns)
		return sql_error_set(d->err, ERRCODE_INVALID_TABLE_DEFINITION,
				     "cannot drop columns from view");
	for (size_t i = 0; i < old->n_columns; i++) {
		const struct schema_column *a = &old->columns[i];
		const struct schema_column *b = &def->columns.items[i];

		if (strcmp(a->name, b->name) != 0) {
			sql_error_set(d->err, ERRCODE_INVALID_TABLE_DEFINITION,
				      "cannot change name of view column \"%s\" to \"%s\"", a->name,
				      b->name);
			return sql_error_hint(d->err, "Use ALTER VIEW ... RENAME COLUMN ... to change name "
						      "of view column instead.");
		}
		if (a->type != b->type || a->typmod != b->typmod)
			return sql_error_set(d->err, ERRCODE_INVALID_TABLE_DEFINITION,
					     "cannot change data type of view column \"%s\"", a->name);
	}
	return true;
}

static bool add_columns(struct ddl *d, struct table_def *def, const struct lowered *q,
			const PgQuery__ViewStmt *stmt)
{
	if (stmt->n_aliases > q->n_columns)
		return sql_error_set(d->err, ERRCODE_SYNTAX,
				     "CREATE VIEW specifies more column names than columns");
	for (size_t i = 0; i < q->n_columns; i++) {
		const char *name =
			i < stmt->n_aliases ? ddl_node_string(stmt->aliases[i]) : q->columns[i].name;

		if (def_column(def, name) != NULL)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_COLUMN,
					     "column \"%s\" specified more than once", name);
		struct schema_column *c = VEC_PUSH(d->arena, &def->columns);
		if (c == NULL)
			return ddl_no_memory(d);
		c->name = name;
		c->attnum = (int16_t)(i + 1);
		c->type = q->columns[i].type == UNKNOWNOID ? TEXTOID : q->columns[i].type;
		c->typmod = q->columns[i].typmod;
	}
	return true;
}

static bool create_in_sqlite(struct ddl *d, const struct table_def *def, const char *query)
{
	struct buf sql = BUF_INIT(16 << 20);

	buf_put_str(&sql, "CREATE VIEW ");
	sqlite_quote_name(&sql, def->relation.sqlite_name);
	buf_put_byte(&sql, '(');
	for (size_t i = 0; i < def->columns.n; i++) {
		if (i > 0)
			buf_put_str(&sql, ", ");
		sqlite_quote_name(&sql, def->columns.items[i].name);
	}
	buf_printf(&sql, ") AS %s", query);
	const char *text = buf_str(&sql);
	bool ok = sql.failed ? ddl_no_memory(d) : store_exec(d->conn, d->err, "%s", text);
	buf_free(&sql);
	return ok;
}

bool ddl_create_view(struct ddl *d, const PgQuery__ViewStmt *stmt)
{
	struct analyze_input in = ddl_analyze_input(d);
	const struct schema_namespace *n;
	struct table_def def = { .relation = { .kind = 'v', .persistence = 'p' } };
	struct lowered query;

	strcpy(d->tag, "CREATE VIEW");
	if (stmt->with_check_option > PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
		return sql_error_unsupported(d->err, stmt->view->location, "WITH CHECK OPTION");
	if (stmt->n_options != 0)
		return sql_error_unsupported(d->err, stmt->view->location, "an option of a view");
	if (!ddl_new_namespace(d, stmt->view, &n))
		return false;
	const struct schema_relation *old =
		schema_find_relation(d->schema, d->env, n->name, stmt->view->relname);
	if (!stmt->replace && ddl_name_taken(d, n->name, stmt->view->relname))
		return sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE, "relation \"%s\" already exists",
				     stmt->view->relname);
	if (!analyze_statement(&in, stmt->query, &query, d->err) ||
	    !add_columns(d, &def, &query, stmt))
		return false;
	if (query.writes || query.kind == LOWERED_INSERT || query.kind == LOWERED_UPDATE ||
	    query.kind == LOWERED_DELETE)
		return sql_error_unsupported(d->err, stmt->view->location,
					     "a view that changes the database");
	def.relation.name = stmt->view->relname;
	def.relation.namespace_name = n->name;
	def.relation.namespace_oid = n->oid;
	def.relation.sqlite_name = sqlite_name_of(d->arena, n->name, stmt->view->relname);
	def.relation.view_text = ddl_expression_text(d, stmt->query, NULL);
	if (def.relation.sqlite_name == NULL)
		return ddl_no_memory(d);
	if (def.relation.view_text == NULL)
		return false;
	if (old != NULL) {
		if (!check_replaced(d, old, &def))
			return false;
		def.relation.oid = old->oid;
		def.relation.type = old->type;
		if (!store_exec(d->conn, d->err,
				"DELETE FROM pgblob_depend WHERE object = %u; DROP VIEW main.\"%w\"", old->oid,
				old->sqlite_name))
			return false;
	} else {
		if (!store_new_oids(d->conn, 3, &def.relation.oid, d->err))
			return false;
		def.relation.type = def.relation.oid + 2;
	}
	return create_in_sqlite(d, &def, query.sql) &&
	       put_dependencies(d, def.relation.oid, query.sql) && def_put(d, &def);
}
