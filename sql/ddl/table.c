/*
 * table.c - a table's definition: copied from the schema, written to SQLite and to our tables
 *
 * INVARIANTS
 *   (1) SQLite's columns stand in the order of the attribute numbers.
 *   (2) A primary key of one integer column made together with its table is SQLite's
 *       rowid; every other key is a UNIQUE INDEX of its own, so that it can come and go.
 *   (3) SQLite's text has a DEFAULT only for columns that had one when the table was made:
 *       a row shorter than its table reads a DEFAULT that came later.
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/ddl/work.h"
#include "vfs/sqlite.h"

enum { SQL_MAX = 16 << 20 };

bool def_from_relation(struct ddl *d, const struct schema_relation *r, struct table_def *out)
{
	*out = (struct table_def){ .relation = *r };
	for (size_t i = 0; i < r->n_columns; i++) {
		struct schema_column *c = VEC_PUSH(d->arena, &out->columns);

		if (c == NULL)
			return ddl_no_memory(d);
		*c = r->columns[i];
	}
	for (size_t i = 0; i < r->n_constraints; i++) {
		struct schema_constraint *c = VEC_PUSH(d->arena, &out->constraints);

		if (c == NULL)
			return ddl_no_memory(d);
		*c = r->constraints[i];
	}
	for (size_t i = 0; i < r->n_indexes; i++) {
		struct schema_index *x = VEC_PUSH(d->arena, &out->indexes);

		if (x == NULL)
			return ddl_no_memory(d);
		*x = r->indexes[i];
	}

	/* which columns SQLite has a DEFAULT for */
	sqlite3_stmt *stmt;
	out->had_default = ARENA_ARRAY(d->arena, bool, r->n_columns + 1);
	out->n_had_default = r->n_columns;
	if (out->had_default == NULL)
		return ddl_no_memory(d);
	if (sqlite3_prepare_v2(d->conn->db,
			       "SELECT name FROM pragma_table_xinfo(?) WHERE dflt_value IS NOT NULL", -1,
			       &stmt, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(stmt, 1, r->sqlite_name, -1, SQLITE_STATIC);
	int rc;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (size_t i = 0; i < r->n_columns; i++) {
			if (strcmp(r->columns[i].name, (const char *)sqlite3_column_text(stmt, 0)) == 0)
				out->had_default[i] = true;
		}
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE;
}

const struct schema_relation *def_relation(struct table_def *def)
{
	def->relation.columns = def->columns.items;
	def->relation.n_columns = def->columns.n;
	def->relation.constraints = def->constraints.items;
	def->relation.n_constraints = def->constraints.n;
	def->relation.indexes = def->indexes.items;
	def->relation.n_indexes = def->indexes.n;
	return &def->relation;
}

struct schema_column *def_column(struct table_def *def, const char *name)
{
	for (size_t i = 0; i < def->columns.n; i++) {
		if (strcmp(def->columns.items[i].name, name) == 0)
			return &def->columns.items[i];
	}
	return NULL;
}

struct schema_column *def_need_column(struct ddl *d, struct table_def *def, const char *name)
{
	struct schema_column *c = def_column(def, name);

	if (c == NULL)
		sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
			      "column \"%s\" of relation \"%s\" does not exist", name,
			      def->relation.name);
	return c;
}

struct schema_constraint *def_constraint(struct table_def *def, const char *name)
{
	for (size_t i = 0; i < def->constraints.n; i++) {
		if (strcmp(def->constraints.items[i].name, name) == 0)
			return &def->constraints.items[i];
	}
	return NULL;
}

/* Append the SQLite text of an expression of ours over the table's columns. */
static bool put_expression(struct ddl *d, struct table_def *def, const char *text, oid_t type,
			   int32_t typmod, const char *what, struct buf *out, oid_t *result)
{
	struct analyze_input in = ddl_analyze_input(d);
	const PgQuery__Node *node = ddl_parse_expression(d, text);

	in.text = text;
	if (node == NULL)
		return false;
	if (!analyze_expression(&in, node, def == NULL ? NULL : def_relation(def), type, typmod, what,
				out, result, d->err)) {
		/* the position is one in the stored text, not in the client's */
		d->err->location = -1;
		return false;
	}
	return true;
}

bool def_default_sql(struct ddl *d, const struct schema_column *c, struct buf *out)
{
	oid_t type;

	if (c->default_text == NULL) {
		buf_put_str(out, "NULL");
		return true;
	}
	return put_expression(d, NULL, c->default_text, c->type, c->typmod, "DEFAULT", out, &type);
}

/*
 * nextval() is left out: PostgreSQL's side gives every column its value itself, and
 * SQLite does not look at the DEFAULT of a rowid.
 */
static bool put_sqlite_default(struct ddl *d, const struct schema_column *c, struct buf *out)
{
	if (strncmp(c->default_text, "nextval(", 8) == 0)
		return true;
	buf_put_str(out, " DEFAULT (");
	if (!def_default_sql(d, c, out))
		return false;
	buf_put_byte(out, ')');
	return true;
}

static bool put_column(struct ddl *d, struct table_def *def, size_t i, struct buf *out)
{
	const struct schema_column *c = &def->columns.items[i];
	oid_t type;

	sqlite_quote_name(out, c->name);
	if (c->attnum == def->relation.rowid_column) {
		buf_put_str(out, " INTEGER PRIMARY KEY NOT NULL");
		return true;
	}
	buf_printf(out, " %s", type_storage(c->type));
	if (c->not_null)
		buf_put_str(out, " NOT NULL");
	if (c->generated != 0) {
		buf_put_str(out, " GENERATED ALWAYS AS (");
		if (!put_expression(d, def, c->default_text, c->type, c->typmod,
				    "generation expression", out, &type))
			return false;
		buf_put_str(out, ") STORED");
	} else if (c->default_text != NULL &&
		   (def->had_default == NULL || (i < def->n_had_default && def->had_default[i]))) {
		return put_sqlite_default(d, c, out);
	}
	return true;
}

static void put_column_list(struct buf *out, const struct schema_relation *r,
			    const int16_t *numbers, size_t n)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < n; i++) {
		const struct schema_column *c = schema_column_at(r, numbers[i]);

		if (i > 0)
			buf_put_str(out, ", ");
		sqlite_quote_name(out, c == NULL ? "?" : c->name);
	}
	buf_put_byte(out, ')');
}

static const char *fk_action(char action)
{
	switch (action) {
	case 'r':
		return "RESTRICT";
	case 'c':
		return "CASCADE";
	case 'n':
		return "SET NULL";
	case 'd':
		return "SET DEFAULT";
	default:
		return "NO ACTION";
	}
}

static bool put_constraint(struct ddl *d, struct table_def *def,
			   const struct schema_constraint *c, const char *sqlite_name,
			   struct buf *out)
{
	const struct schema_relation *r = def_relation(def);
	oid_t type;

	buf_put_str(out, ", CONSTRAINT ");
	sqlite_quote_name(out, c->name);
	if (c->type == 'c') {
		buf_put_str(out, " CHECK (");
		if (!put_expression(d, def, c->check_text, BOOLOID, -1, "CHECK constraint", out, &type))
			return false;
		buf_put_byte(out, ')');
		return true;
	}
	const struct schema_relation *ref =
		c->ref_relation == r->oid ? r : schema_relation_by_oid(d->schema, c->ref_relation);
	if (ref == NULL)
		return sql_error_set(d->err, ERRCODE_DATA_CORRUPTED,
				     "constraint \"%s\" refers to a table that does not exist", c->name);
	buf_put_str(out, " FOREIGN KEY ");
	put_column_list(out, r, c->columns, c->n_columns);
	buf_put_str(out, " REFERENCES ");
	sqlite_quote_name(out, ref == r ? sqlite_name : ref->sqlite_name);
	put_column_list(out, ref, c->ref_columns, c->n_ref_columns);
	if (c->on_update != 'a')
		buf_printf(out, " ON UPDATE %s", fk_action(c->on_update));
	if (c->on_delete != 'a')
		buf_printf(out, " ON DELETE %s", fk_action(c->on_delete));
	if (c->deferrable)
		buf_printf(out, " DEFERRABLE INITIALLY %s", c->deferred ? "DEFERRED" : "IMMEDIATE");
	return true;
}

bool def_table_sql(struct ddl *d, struct table_def *def, const char *sqlite_name,
		   struct buf *out)
{
	buf_put_str(out, "CREATE TABLE ");
	sqlite_quote_name(out, sqlite_name);
	buf_put_str(out, " (");
	for (size_t i = 0; i < def->columns.n; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		if (!put_column(d, def, i, out))
			return false;
	}
	for (size_t i = 0; i < def->constraints.n; i++) {
		const struct schema_constraint *c = &def->constraints.items[i];

		if ((c->type == 'c' || c->type == 'f') &&
		    !put_constraint(d, def, c, sqlite_name, out))
			return false;
	}
	/* SQLite has no table without a column */
	if (def->columns.n == 0)
		return sql_error_unsupported(d->err, -1, "a table without columns");
	buf_put_byte(out, ')');
	return !out->failed || ddl_no_memory(d);
}

bool def_index_sql(struct ddl *d, struct table_def *def, const struct schema_index *index,
		   struct buf *out)
{
	const struct schema_relation *r = def_relation(def);
	oid_t type;

	buf_printf(out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
	sqlite_quote_name(out, index->sqlite_name);
	buf_put_str(out, " ON ");
	sqlite_quote_name(out, r->sqlite_name);
	buf_put_str(out, " (");
	for (size_t i = 0; i < index->n_keys; i++) {
		const struct schema_index_key *k = &index->keys[i];

		if (i > 0)
			buf_put_str(out, ", ");
		if (k->attnum != 0) {
			sqlite_quote_name(out, schema_column_at(r, k->attnum)->name);
		} else {
			buf_put_byte(out, '(');
			if (!put_expression(d, def, k->text, 0, -1, "index expression", out, &type))
				return false;
			buf_put_byte(out, ')');
			if (type_collation(type) != NULL)
				buf_printf(out, " COLLATE %s", type_collation(type));
		}
		if (k->descending)
			buf_put_str(out, " DESC");
	}
	buf_put_byte(out, ')');
	if (index->where_text != NULL) {
		buf_put_str(out, " WHERE ");
		if (!put_expression(d, def, index->where_text, BOOLOID, -1, "index predicate", out, &type))
			return false;
	}
	return !out->failed || ddl_no_memory(d);
}

/* Run text that SQLite may have something to say against. */
static bool run(struct ddl *d, struct buf *sql)
{
	const char *text = buf_str(sql);

	if (sql->failed)
		return ddl_no_memory(d);
	if (sqlite3_exec(d->conn->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	if (d->conn->err.set) {
		*d->err = d->conn->err;
		sql_error_clear(&d->conn->err);
		return false;
	}
	if ((sqlite3_errcode(d->conn->db) & 0xff) == SQLITE_ERROR) {
		const char *message = sqlite3_errmsg(d->conn->db);

		if (strstr(message, "non-deterministic") != NULL)
			return sql_error_set(d->err, ERRCODE_INVALID_OBJECT_DEFINITION,
					     "functions in index expression must be marked IMMUTABLE");
		return sql_error_set(d->err, ERRCODE_INTERNAL, "%s", message);
	}
	return false;
}

bool def_create_index(struct ddl *d, struct table_def *def, const struct schema_index *index)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	bool ok = index->sqlite_name == NULL || def_index_sql(d, def, index, &sql);

	if (ok && index->sqlite_name != NULL && !run(d, &sql)) {
		ok = false;
		if (!d->err->set && sqlite3_errcode(d->conn->db) == SQLITE_CONSTRAINT) {
			sql_error_set(d->err, ERRCODE_UNIQUE_VIOLATION,
				      "could not create unique index \"%s\"", index->name);
			sql_error_detail(d->err, "Two rows have the same key.");
			sql_error_names(d->err, def->relation.namespace_name, def->relation.name, NULL,
					index->name);
		}
	}
	buf_free(&sql);
	return ok;
}

bool def_drop_index(struct ddl *d, const struct schema_index *index)
{
	return index->sqlite_name == NULL ||
	       store_exec(d->conn, d->err, "DROP INDEX main.\"%w\"", index->sqlite_name);
}

bool def_rewrite_text(struct ddl *d, struct table_def *def)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	bool ok = def_table_sql(d, def, def->relation.sqlite_name, &sql) &&
		  ddl_set_sqlite_text(d, "table", def->relation.sqlite_name, buf_str(&sql));

	if (sql.failed)
		ok = ddl_no_memory(d);
	buf_free(&sql);
	return ok;
}

bool ddl_create_in_sqlite(struct ddl *d, struct table_def *def)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	bool ok = def_table_sql(d, def, def->relation.sqlite_name, &sql) && run(d, &sql);

	buf_free(&sql);
	for (size_t i = 0; ok && i < def->indexes.n; i++)
		ok = def_create_index(d, def, &def->indexes.items[i]);
	return ok;
}

bool def_put(struct ddl *d, struct table_def *def)
{
	return store_put_relation(d->conn, def_relation(def), d->err);
}
