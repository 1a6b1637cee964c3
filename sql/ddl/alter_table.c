/*
 * alter_table.c - ALTER TABLE
 *
 * Each command changes the definition and then brings SQLite after it, by the least
 * of three means: our tables alone; SQLite's text alone, where rows stay as they
 * are; the table copied (rebuild.c).
 *
 * Source: PostgreSQL 15 documentation, ALTER TABLE.
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"
#include "sql/pgcat.h"
#include "vfs/sqlite.h"

static struct schema_index *index_by_oid(struct table_def *def, oid_t oid)
{
	for (size_t i = 0; i < def->indexes.n; i++) {
		if (def->indexes.items[i].oid == oid)
			return &def->indexes.items[i];
	}
	return NULL;
}

static void forget_index(struct table_def *def, const struct schema_index *x)
{
	size_t at = (size_t)(x - def->indexes.items);

	memmove(&def->indexes.items[at], &def->indexes.items[at + 1],
		(def->indexes.n - at - 1) * sizeof(*x));
	def->indexes.n--;
}

static void forget_constraint(struct table_def *def, const struct schema_constraint *c)
{
	size_t at = (size_t)(c - def->constraints.items);

	memmove(&def->constraints.items[at], &def->constraints.items[at + 1],
		(def->constraints.n - at - 1) * sizeof(*c));
	def->constraints.n--;
}

bool ddl_remove_constraint(struct ddl *d, struct table_def *def, struct schema_constraint *c)
{
	char type = c->type;
	oid_t index = c->index;

	forget_constraint(def, c);
	if (type == 'c' || type == 'f')
		return def_rewrite_text(d, def);
	struct schema_index *x = index_by_oid(def, index);
	if (x == NULL)
		return true;
	bool is_rowid = x->sqlite_name == NULL;
	struct schema_index copy = *x;
	forget_index(def, x);
	if (!is_rowid)
		return def_drop_index(d, &copy);
	def->relation.rowid_column = 0;
	return def_rebuild(d, def, NULL);
}

static bool has_rows(struct ddl *d, struct table_def *def, bool *out)
{
	return ddl_any_row(d, out, "SELECT 1 FROM main.\"%w\" LIMIT 1", def->relation.sqlite_name);
}

/* Give the rows that are there the value of a column that was just added. */
static bool fill_column(struct ddl *d, struct table_def *def, const struct schema_column *c)
{
	if (c->generated != 0)
		return def_rebuild(d, def, NULL);
	if (c->identity != 0 ||
	    (c->default_text != NULL && strncmp(c->default_text, "nextval(", 8) == 0))
		return store_exec(d->conn, d->err,
				  "UPDATE main.\"%w\" SET \"%w\" = pgblob_nextval((SELECT oid FROM"
				  " pgblob_sequence WHERE owned_by = %u AND owned_column = %d))",
				  def->relation.sqlite_name, c->name, def->relation.oid, c->attnum);
	struct buf sql = BUF_INIT(1 << 20);
	bool ok = def_default_sql(d, c, &sql) &&
		  store_exec(d->conn, d->err, "UPDATE main.\"%w\" SET \"%w\" = %s",
			     def->relation.sqlite_name, c->name, buf_str(&sql));
	buf_free(&sql);
	return ok;
}

static bool add_column(struct ddl *d, struct table_def *def, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *c = cmd->def->column_def;
	size_t n_constraints = def->constraints.n;
	size_t n_indexes = def->indexes.n;
	bool rows;

	if (def_column(def, c->colname) != NULL && cmd->missing_ok)
		return ddl_notice(d, "NOTICE", ERRCODE_DUPLICATE_COLUMN,
				  "column \"%s\" of relation \"%s\" already exists, skipping", c->colname,
				  def->relation.name);
	if (!ddl_add_column(d, def, c) || !ddl_give_oids(d, def) || !has_rows(d, def, &rows))
		return false;
	const struct schema_column *column = def_column(def, c->colname);
	bool filled = column->default_text != NULL || column->identity != 0;
	if (rows && column->not_null && !filled) {
		sql_error_set(d->err, ERRCODE_NOT_NULL_VIOLATION,
			      "column \"%s\" of relation \"%s\" contains null values", column->name,
			      def->relation.name);
		sql_error_names(d->err, def->relation.namespace_name, def->relation.name, column->name,
				NULL);
		return false;
	}
	if (column->generated != 0) {
		/* copied without the column, which SQLite computes */
		if (!def_rebuild(d, def, NULL))
			return false;
	} else if (!def_rewrite_text(d, def) || (rows && filled && !fill_column(d, def, column))) {
		return false;
	}
	for (size_t i = n_indexes; column->generated == 0 && i < def->indexes.n; i++) {
		if (!def_create_index(d, def, &def->indexes.items[i]))
			return false;
	}
	for (size_t i = n_constraints; rows && i < def->constraints.n; i++) {
		if (!def_check_constraint(d, def, &def->constraints.items[i]))
			return false;
	}
	return true;
}

static bool uses(const int16_t *numbers, size_t n, int16_t attnum)
{
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] == attnum)
			return true;
	}
	return false;
}

struct name_search {
	const char *name;
	bool found;
};

static bool find_name(void *arg, ProtobufCMessage *message)
{
	struct name_search *s = arg;
	const PgQuery__ColumnRef *ref = (const PgQuery__ColumnRef *)message;
	const char *name = ref->n_fields == 0 ? NULL : ddl_node_string(ref->fields[ref->n_fields - 1]);

	s->found = s->found || (name != NULL && strcmp(name, s->name) == 0);
	return true;
}

/* Does an expression of ours name the column? */
static bool text_uses(struct ddl *d, const char *text, const char *column, bool *out)
{
	struct name_search s = { .name = column };

	*out = false;
	if (text == NULL)
		return true;
	const PgQuery__Node *node = ddl_parse_expression(d, text);
	if (node == NULL)
		return false;
	ddl_walk((ProtobufCMessage *)(uintptr_t)&node->base, &pg_query__column_ref__descriptor, find_name,
		 &s);
	*out = s.found;
	return true;
}

static bool index_uses(struct ddl *d, const struct schema_index *x, const struct schema_column *c,
		       bool *out)
{
	*out = false;
	for (size_t i = 0; i < x->n_keys && !*out; i++) {
		if (x->keys[i].attnum == c->attnum)
			*out = true;
		else if (!text_uses(d, x->keys[i].text, c->name, out))
			return false;
	}
	return *out || text_uses(d, x->where_text, c->name, out);
}

static bool drop_owned_sequences(struct ddl *d, oid_t relation, int16_t attnum)
{
	size_t n;
	const struct schema_sequence *all = schema_sequences(d->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i].owned_by == relation && all[i].owned_column == attnum &&
		    !ddl_drop_sequence(d, &all[i]))
			return false;
	}
	return true;
}

static bool drop_column(struct ddl *d, struct table_def *def, const PgQuery__AlterTableCmd *cmd)
{
	struct schema_column *found = def_column(def, cmd->name);

	if (found == NULL && cmd->missing_ok)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_COLUMN,
				  "column \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
				  def->relation.name);
	if (found == NULL)
		return def_need_column(d, def, cmd->name) != NULL;
	const struct schema_column c = *found;
	const char *what = arena_printf(d->arena, "column %s of table %s", c.name, def->relation.name);
	if (what == NULL)
		return ddl_no_memory(d);
	bool cascade = cmd->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
	if (!ddl_drop_dependents(d, &def->relation, c.attnum, cascade, what))
		return false;
	if (def->columns.n == 1)
		return sql_error_unsupported(d->err, -1, "dropping the only column of a table");
	for (size_t i = 0; i < def->columns.n; i++) {
		const struct schema_column *other = &def->columns.items[i];
		bool used;

		if (other->generated == 0 || other->attnum == c.attnum)
			continue;
		if (!text_uses(d, other->default_text, c.name, &used))
			return false;
		if (used) {
			sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
				      "cannot drop %s because other objects depend on it", what);
			return sql_error_detail(d->err, "column %s of table %s depends on %s", other->name,
						def->relation.name, what);
		}
	}
	bool was_rowid = def->relation.rowid_column == c.attnum;
	for (size_t i = def->constraints.n; i-- > 0;) {
		const struct schema_constraint *k = &def->constraints.items[i];
		bool used = uses(k->columns, k->n_columns, c.attnum) ||
			    (k->type == 'f' && k->ref_relation == def->relation.oid &&
			     uses(k->ref_columns, k->n_ref_columns, c.attnum));

		if (!used && !text_uses(d, k->check_text, c.name, &used))
			return false;
		if (used)
			forget_constraint(def, k);
	}
	for (size_t i = def->indexes.n; i-- > 0;) {
		struct schema_index x = def->indexes.items[i];
		bool used;

		if (!index_uses(d, &x, &c, &used))
			return false;
		if (!used)
			continue;
		forget_index(def, &def->indexes.items[i]);
		if (!def_drop_index(d, &x))
			return false;
	}
	size_t at = (size_t)(def_column(def, c.name) - def->columns.items);
	bool rebuild = was_rowid || c.generated != 0;
	/* SQLite drops only a column that no constraint names */
	if (!rebuild && !def_rewrite_text(d, def))
		return false;
	memmove(&def->columns.items[at], &def->columns.items[at + 1],
		(def->columns.n - at - 1) * sizeof(c));
	def->columns.n--;
	if (def->had_default != NULL && at < def->n_had_default) {
		memmove(&def->had_default[at], &def->had_default[at + 1],
			(def->n_had_default - at - 1) * sizeof(bool));
		def->n_had_default--;
	}
	if (was_rowid)
		def->relation.rowid_column = 0;
	if (rebuild) {
		if (!def_rebuild(d, def, NULL))
			return false;
	} else if (!store_exec(d->conn, d->err, "ALTER TABLE main.\"%w\" DROP COLUMN \"%w\"",
			       def->relation.sqlite_name, c.name)) {
		return false;
	}
	return drop_owned_sequences(d, def->relation.oid, c.attnum) &&
	       store_put_comment(d->conn, def->relation.oid, c.attnum, NULL, d->err);
}

static bool not_computed(struct ddl *d, const struct table_def *def,
			 const struct schema_column *c)
{
	if (c->identity != 0)
		return sql_error_set(d->err, ERRCODE_SYNTAX,
				     "column \"%s\" of relation \"%s\" is an identity column", c->name,
				     def->relation.name);
	if (c->generated != 0)
		return sql_error_set(d->err, ERRCODE_SYNTAX,
				     "column \"%s\" of relation \"%s\" is a generated column", c->name,
				     def->relation.name);
	return true;
}

static bool column_default(struct ddl *d, struct table_def *def,
			   const PgQuery__AlterTableCmd *cmd)
{
	struct schema_column *c = def_need_column(d, def, cmd->name);

	if (c == NULL || !not_computed(d, def, c))
		return false;
	size_t at = (size_t)(c - def->columns.items);
	bool had = def->had_default != NULL && at < def->n_had_default && def->had_default[at];
	c->default_text = NULL;
	c->has_default = false;
	if (cmd->def != NULL && !ddl_set_default(d, c, cmd->def))
		return false;
	return !had || def_rewrite_text(d, def);
}

static bool set_not_null(struct ddl *d, struct table_def *def, const char *name, bool not_null)
{
	struct schema_column *c = def_need_column(d, def, name);

	if (c == NULL)
		return false;
	if (c->not_null == not_null)
		return true;
	if (!not_null) {
		if (c->identity != 0)
			return not_computed(d, def, c);
		for (size_t i = 0; i < def->constraints.n; i++) {
			const struct schema_constraint *k = &def->constraints.items[i];

			if (k->type == 'p' && uses(k->columns, k->n_columns, c->attnum))
				return sql_error_set(d->err, ERRCODE_INVALID_TABLE_DEFINITION,
						     "column \"%s\" is in a primary key", name);
		}
	} else if (!def_check_not_null(d, def, c)) {
		return false;
	}
	c->not_null = not_null;
	return def_rewrite_text(d, def);
}

/* Can rows stay as they are when a column's type changes so? */
static bool same_rows(oid_t old_type, int32_t old_typmod, oid_t new_type, int32_t new_typmod)
{
	bool old_int = old_type == INT2OID || old_type == INT4OID || old_type == INT8OID;
	bool new_int = new_type == INT2OID || new_type == INT4OID || new_type == INT8OID;
	bool old_text = old_type == TEXTOID || old_type == VARCHAROID;
	bool new_text = new_type == TEXTOID || new_type == VARCHAROID;

	if (old_type == new_type && old_typmod == new_typmod)
		return true;
	if (old_int && new_int)
		return new_type == INT8OID || old_type == INT2OID ||
		       (old_type == INT4OID && new_type == INT4OID);
	if (old_text && new_text)
		return new_typmod == -1 || (old_typmod != -1 && old_typmod <= new_typmod);
	return false;
}

static bool used_by_view(struct ddl *d, const struct table_def *def, const struct schema_column *c)
{
	bool found;

	if (!ddl_any_row(d, &found,
			 "SELECT 1 FROM pgblob_depend WHERE reference = %u AND number = %d LIMIT 1",
			 def->relation.oid, c->attnum))
		return false;
	if (!found)
		return true;
	sql_error_set(d->err, ERRCODE_FEATURE_NOT_SUPPORTED,
		      "cannot alter type of a column used by a view or rule");
	return false;
}

static bool column_type(struct ddl *d, struct table_def *def, const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__ColumnDef *to = cmd->def->column_def;
	struct analyze_input in = ddl_analyze_input(d);
	struct schema_column *c = def_need_column(d, def, cmd->name);
	oid_t type;
	int32_t typmod;

	if (c == NULL || !analyze_type_name(&in, to->type_name, &type, &typmod, d->err))
		return false;
	if (c->generated != 0)
		return sql_error_unsupported(d->err, -1, "a change of the type of a generated column");
	if (!type_is_supported(type))
		return sql_error_unsupported(d->err, to->type_name->location, "this type");
	if (!used_by_view(d, def, c))
		return false;
	if (to->raw_default == NULL && same_rows(c->type, c->typmod, type, typmod)) {
		c->type = type;
		c->typmod = typmod;
		return true;
	}

	const char **source = ARENA_ARRAY(d->arena, const char *, def->columns.n);
	struct buf sql = BUF_INIT(1 << 20);
	const PgQuery__Node *using = to->raw_default;
	oid_t result;
	if (source == NULL)
		return ddl_no_memory(d);
	if (using == NULL) {
		struct buf name = BUF_INIT(256);

		pg_quote_name(&name, c->name);
		using = ddl_parse_expression(d, buf_str(&name));
		buf_free(&name);
		if (using == NULL)
			return false;
	}
	bool ok = analyze_expression(&in, using, def_relation(def), type, typmod, "USING", &sql, &result,
				     d->err);
	if (!ok && to->raw_default == NULL && strcmp(d->err->sqlstate, ERRCODE_DATATYPE_MISMATCH) == 0) {
		struct buf name = BUF_INIT(256);

		type_format(d->schema, type, typmod, &name);
		sql_error_set(d->err, ERRCODE_DATATYPE_MISMATCH,
			      "column \"%s\" cannot be cast automatically to type %s", c->name,
			      buf_str(&name));
		sql_error_hint(d->err, "You might need to specify \"USING %s::%s\".", c->name,
			       buf_str(&name));
		buf_free(&name);
	}
	size_t at = (size_t)(c - def->columns.items);
	if (ok) {
		source[at] = arena_strndup(d->arena, sql.data, sql.len);
		ok = source[at] != NULL || ddl_no_memory(d);
	}
	buf_free(&sql);
	if (!ok)
		return false;
	c->type = type;
	c->typmod = typmod;
	if (def->relation.rowid_column == c->attnum &&
	    strcmp(type_storage(type), "INTEGER") != 0) {
		def->relation.rowid_column = 0;
		for (size_t i = 0; i < def->indexes.n; i++) {
			struct schema_index *x = &def->indexes.items[i];

			if (x->primary)
				x->sqlite_name =
					sqlite_name_of(d->arena, def->relation.namespace_name, x->name);
		}
	}
	return def_rebuild(d, def, source);
}

/* An integer primary key becomes SQLite's rowid if the table may be copied. */
static bool make_rowid(struct ddl *d, struct table_def *def, struct schema_index *x)
{
	const struct schema_column *c = schema_column_at(def_relation(def), x->keys[0].attnum);

	if (x->n_keys != 1 || ddl_is_referenced(d, def->relation.oid) ||
	    (c->type != INT2OID && c->type != INT4OID && c->type != INT8OID))
		return false;
	def->relation.rowid_column = c->attnum;
	x->sqlite_name = NULL;
	return true;
}

static bool add_constraint(struct ddl *d, struct table_def *def,
			   const PgQuery__AlterTableCmd *cmd)
{
	const PgQuery__Constraint *c = cmd->def->constraint;
	size_t n_indexes = def->indexes.n;
	bool primary = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;

	if (given(c->indexname))
		return sql_error_unsupported(d->err, c->location, "USING INDEX");
	if (primary) {
		for (size_t i = 0; i < c->n_keys; i++) {
			const struct schema_column *key = def_column(def, ddl_node_string(c->keys[i]));

			if (key != NULL && !key->not_null && !def_check_not_null(d, def, key))
				return false;
		}
	}
	if (!ddl_add_constraint(d, def, c, NULL) || !ddl_give_oids(d, def))
		return false;
	struct schema_constraint *k = &def->constraints.items[def->constraints.n - 1];
	if (k->type == 'c' || k->type == 'f')
		return def_rewrite_text(d, def) && def_check_constraint(d, def, k);
	struct schema_index *x = &def->indexes.items[n_indexes];
	if (primary && make_rowid(d, def, x))
		return def_rebuild(d, def, NULL);
	return (!primary || def_rewrite_text(d, def)) && def_create_index(d, def, x);
}

static bool drop_constraint(struct ddl *d, struct table_def *def,
			    const PgQuery__AlterTableCmd *cmd)
{
	struct schema_constraint *c = def_constraint(def, cmd->name);
	bool cascade = cmd->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;

	if (c == NULL && cmd->missing_ok)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_OBJECT,
				  "constraint \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
				  def->relation.name);
	if (c == NULL)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
				     "constraint \"%s\" of relation \"%s\" does not exist", cmd->name,
				     def->relation.name);
	if (c->type == 'p' || c->type == 'u') {
		const char *what = arena_printf(d->arena, "constraint %s on table %s", c->name,
						def->relation.name);
		size_t n;
		const struct schema_relation *const *all = schema_relations(d->schema, &n);

		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < all[i]->n_constraints; j++) {
				const struct schema_constraint *f = &all[i]->constraints[j];

				if (f->type != 'f' || f->index != c->index || cascade)
					continue;
				sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
					      "cannot drop %s because other objects depend on it", what);
				sql_error_detail(d->err, "constraint %s on table %s depends on index %s",
						 f->name, all[i]->name, c->name);
				return sql_error_hint(d->err, "Use DROP ... CASCADE to drop the dependent "
							      "objects too.");
			}
		}
		if (cascade && !ddl_drop_dependents(d, &def->relation, c->columns[0], true, what))
			return false;
	}
	return ddl_remove_constraint(d, def, c);
}

static bool apply(struct ddl *d, struct table_def *def, const PgQuery__AlterTableCmd *cmd)
{
	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
		return add_column(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
		return drop_column(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
		return column_default(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
		return set_not_null(d, def, cmd->name, true);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
		return set_not_null(d, def, cmd->name, false);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
		return column_type(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
		return add_constraint(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
		return drop_constraint(d, def, cmd);
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
		/* rows are checked when a constraint is added */
		if (def_constraint(def, cmd->name) == NULL)
			return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
					     "constraint \"%s\" of relation \"%s\" does not exist", cmd->name,
					     def->relation.name);
		return true;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
		if (cmd->newowner != NULL && given(cmd->newowner->rolename) &&
		    d->env->user != NULL && strcmp(cmd->newowner->rolename, d->env->user) != 0)
			return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
					     "role \"%s\" does not exist", cmd->newowner->rolename);
		return true;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
		/* they tune PostgreSQL's storage and planner, and have no effect on results */
		return true;
	default:
		return sql_error_unsupported(d->err, -1, "this form of ALTER TABLE");
	}
}

bool ddl_alter_table(struct ddl *d, const PgQuery__AlterTableStmt *stmt)
{
	const struct schema_relation *r;
	struct table_def def;

	strcpy(d->tag, stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW       ? "ALTER VIEW"
		       : stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX    ? "ALTER INDEX"
		       : stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE ? "ALTER SEQUENCE"
										 : "ALTER TABLE");
	if (!ddl_find_relation(d, stmt->relation, stmt->missing_ok, &r))
		return false;
	if (r == NULL)
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->relation->relname);
	if (r->kind != 'r') {
		for (size_t i = 0; i < stmt->n_cmds; i++) {
			if (stmt->cmds[i]->alter_table_cmd->subtype !=
			    PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner)
				return sql_error_unsupported(d->err, stmt->relation->location,
							     "ALTER of a relation that is not a table");
		}
		return true;
	}
	if (!def_from_relation(d, r, &def))
		return false;
	for (size_t i = 0; i < stmt->n_cmds; i++) {
		if (!apply(d, &def, stmt->cmds[i]->alter_table_cmd))
			return false;
	}
	return def_put(d, &def);
}
