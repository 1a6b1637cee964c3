/*
 * rebuild.c - a table copied into its new definition, and checks of the rows that are there
 *
 * DROP TABLE deletes rows first and so would set off the foreign keys that refer to
 * the table: such a table is not rebuilt.
 * Licence: MIT, see LICENSE.
 */
#include <stdarg.h>
#include <string.h>

#include "sql/ddl/work.h"
#include "vfs/sqlite.h"

bool ddl_any_row(struct ddl *d, bool *out, const char *fmt, ...)
{
	sqlite3_stmt *stmt;
	va_list args;

	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sql == NULL)
		return ddl_no_memory(d);
	int rc = sqlite3_prepare_v2(d->conn->db, sql, -1, &stmt, NULL);
	sqlite3_free(sql);
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		sqlite3_finalize(stmt);
	}
	*out = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return true;
	if (d->conn->err.set) {
		*d->err = d->conn->err;
		sql_error_clear(&d->conn->err);
		return false;
	}
	if ((rc & 0xff) == SQLITE_ERROR)
		return sql_error_set(d->err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(d->conn->db));
	return false;
}

bool ddl_is_referenced(struct ddl *d, oid_t oid)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; all[i]->oid != oid && j < all[i]->n_constraints; j++) {
			if (all[i]->constraints[j].type == 'f' &&
			    all[i]->constraints[j].ref_relation == oid)
				return true;
		}
	}
	return false;
}

static bool copy_rows(struct ddl *d, struct table_def *def, const char *const *source,
		      const char *to)
{
	struct buf sql = BUF_INIT(16 << 20);
	bool first = true;

	buf_put_str(&sql, "INSERT INTO main.");
	sqlite_quote_name(&sql, to);
	buf_put_str(&sql, " (");
	for (size_t i = 0; i < def->columns.n; i++) {
		if (def->columns.items[i].generated != 0)
			continue;
		if (!first)
			buf_put_str(&sql, ", ");
		sqlite_quote_name(&sql, def->columns.items[i].name);
		first = false;
	}
	buf_put_str(&sql, ") SELECT ");
	first = true;
	for (size_t i = 0; i < def->columns.n; i++) {
		if (def->columns.items[i].generated != 0)
			continue;
		if (!first)
			buf_put_str(&sql, ", ");
		if (source != NULL && source[i] != NULL)
			buf_put_str(&sql, source[i]);
		else
			sqlite_quote_name(&sql, def->columns.items[i].name);
		first = false;
	}
	buf_put_str(&sql, " FROM main.");
	sqlite_quote_name(&sql, def->relation.sqlite_name);
	const char *text = buf_str(&sql);
	bool ok = !first && !sql.failed && store_exec(d->conn, d->err, "%s", text);
	if (sql.failed)
		ddl_no_memory(d);
	buf_free(&sql);
	return ok;
}

bool def_rebuild(struct ddl *d, struct table_def *def, const char *const *source)
{
	static const char temporary[] = "pgblob_rebuild";
	const char *name = def->relation.sqlite_name;
	struct buf sql = BUF_INIT(16 << 20);

	if (ddl_is_referenced(d, def->relation.oid)) {
		sql_error_unsupported(d->err, -1,
				      "this change of table \"%s\", to which foreign keys refer,",
				      def->relation.name);
		return sql_error_hint(d->err, "Drop the foreign keys, change the table, and add them again.");
	}
	def->had_default = NULL; /* every row is written anew, so every DEFAULT may be given */
	bool ok = def_table_sql(d, def, temporary, &sql) &&
		  store_exec(d->conn, d->err, "%s", buf_str(&sql)) &&
		  copy_rows(d, def, source, temporary) &&
		  store_exec(d->conn, d->err, "DROP TABLE main.\"%w\"", name) &&
		  /* views and foreign keys go on naming the table: they are not to be rewritten */
		  store_exec(d->conn, d->err,
			     "PRAGMA legacy_alter_table = ON; ALTER TABLE main.%s RENAME TO \"%w\"",
			     temporary, name);
	if (sqlite3_exec(d->conn->db, "PRAGMA legacy_alter_table = OFF", NULL, NULL, NULL) !=
	    SQLITE_OK)
		ok = false;
	if (!ok && !d->err->set &&
	    (sqlite3_extended_errcode(d->conn->db) == SQLITE_CONSTRAINT_PRIMARYKEY ||
	     sqlite3_extended_errcode(d->conn->db) == SQLITE_CONSTRAINT_ROWID)) {
		const char *key = def->relation.name;

		for (size_t i = 0; i < def->indexes.n; i++) {
			if (def->indexes.items[i].primary)
				key = def->indexes.items[i].name;
		}
		sql_error_set(d->err, ERRCODE_UNIQUE_VIOLATION, "could not create unique index \"%s\"", key);
		sql_error_detail(d->err, "Two rows have the same key.");
		sql_error_names(d->err, def->relation.namespace_name, def->relation.name, NULL, key);
	}
	buf_free(&sql);
	if (!ok)
		return false;
	/* DROP TABLE dropped SQLite's indexes with it */
	for (size_t i = 0; i < def->indexes.n; i++) {
		if (!def_create_index(d, def, &def->indexes.items[i]))
			return false;
	}
	return true;
}

bool def_check_not_null(struct ddl *d, struct table_def *def, const struct schema_column *c)
{
	bool found;

	if (!ddl_any_row(d, &found, "SELECT 1 FROM main.\"%w\" WHERE \"%w\" IS NULL LIMIT 1",
			 def->relation.sqlite_name, c->name))
		return false;
	if (!found)
		return true;
	sql_error_set(d->err, ERRCODE_NOT_NULL_VIOLATION,
		      "column \"%s\" of relation \"%s\" contains null values", c->name,
		      def->relation.name);
	sql_error_names(d->err, def->relation.namespace_name, def->relation.name, c->name, NULL);
	return false;
}

bool def_check_constraint(struct ddl *d, struct table_def *def,
			  const struct schema_constraint *c)
{
	bool found = false;

	if (c->type == 'c') {
		struct analyze_input in = ddl_analyze_input(d);
		const PgQuery__Node *node = ddl_parse_expression(d, c->check_text);
		struct buf sql = BUF_INIT(1 << 20);
		oid_t type;

		if (node == NULL)
			return false;
		in.text = c->check_text;
		bool ok = analyze_expression(&in, node, def_relation(def), BOOLOID, -1,
					     "CHECK constraint", &sql, &type, d->err) &&
			  ddl_any_row(d, &found, "SELECT 1 FROM main.\"%w\" WHERE NOT (%s) LIMIT 1",
				      def->relation.sqlite_name, buf_str(&sql));
		buf_free(&sql);
		if (!ok)
			return false;
		if (found)
			sql_error_set(d->err, ERRCODE_CHECK_VIOLATION,
				      "check constraint \"%s\" of relation \"%s\" is violated by some row",
				      c->name, def->relation.name);
	} else if (c->type == 'f') {
		/* SQLite has the constraint already */
		if (!ddl_any_row(d, &found, "SELECT 1 FROM pragma_foreign_key_check(%Q) LIMIT 1",
				 def->relation.sqlite_name))
			return false;
		if (found)
			sql_error_set(d->err, ERRCODE_FOREIGN_KEY_VIOLATION,
				      "insert or update on table \"%s\" violates foreign key constraint "
				      "\"%s\"",
				      def->relation.name, c->name);
	}
	if (found)
		sql_error_names(d->err, def->relation.namespace_name, def->relation.name, NULL, c->name);
	return !found;
}
