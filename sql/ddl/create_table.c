/*
 * create_table.c - CREATE TABLE, CREATE TABLE AS, and the definition of columns and constraints
 *
 * Source: PostgreSQL 15 documentation, CREATE TABLE; names of constraints are chosen as
 * PostgreSQL does.
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"
#include "sql/pgcat.h"
#include "vfs/sqlite.h"

enum { COLUMNS_MAX = 1600, KEYS_MAX = 32, SQL_MAX = 64 << 20 };

/* serial, smallserial, bigserial and their other names; 0 for any other type */
static oid_t serial_type(const PgQuery__TypeName *type)
{
	static const struct {
		const char *name;
		oid_t type;
	} serials[] = {
		{ "serial", INT4OID },     { "serial4", INT4OID }, { "bigserial", INT8OID },
		{ "serial8", INT8OID },    { "smallserial", INT2OID }, { "serial2", INT2OID },
	};
	const char *name;

	if (type == NULL || type->n_names != 1 || type->n_array_bounds != 0)
		return 0;
	name = ddl_node_string(type->names[0]);
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(serials); i++) {
		if (strcmp(name, serials[i].name) == 0)
			return serials[i].type;
	}
	return 0;
}

static bool check_type(struct ddl *d, const char *column, oid_t type, int location)
{
	const struct pg_type_row *row = pgcat_type(type);

	if (row != NULL && row->typtype == 'p')
		return sql_error_at(d->err, location, ERRCODE_INVALID_TABLE_DEFINITION,
				    "column \"%s\" has pseudo-type %s", column, row->typname);
	if (!type_is_supported(type))
		return sql_error_unsupported(d->err, location, "type %s of column \"%s\"",
					     row == NULL ? "?" : row->typname, column);
	return true;
}

bool ddl_set_default(struct ddl *d, struct schema_column *c, const PgQuery__Node *node)
{
	struct analyze_input in = ddl_analyze_input(d);
	struct buf sql = BUF_INIT(1 << 20);
	oid_t type;

	/* only to find its errors */
	bool ok = analyze_expression(&in, node, NULL, c->type, c->typmod, "DEFAULT", &sql, &type,
				     d->err);
	buf_free(&sql);
	if (!ok)
		return false;
	bool literal = node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
		       node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL;
	c->has_default = true;
	if (!literal) {
		c->default_text = ddl_expression_text(d, node, NULL);
		if (c->default_text == NULL)
			return false;
	} else {
		/* PostgreSQL shows the type that an untyped literal got */
		struct buf text = BUF_INIT(1 << 20);

		sqlite_quote_text(&text, node->a_const->sval->sval, strlen(node->a_const->sval->sval));
		buf_put_str(&text, "::");
		type_format(d->schema, c->type, -1, &text);
		c->default_text = arena_strndup(d->arena, text.data, text.len);
		ok = c->default_text != NULL && !text.failed;
		buf_free(&text);
	}
	if (node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull) {
		/* DEFAULT NULL is none */
		c->default_text = NULL;
		c->has_default = false;
	}
	return ok || ddl_no_memory(d);
}

/* A column of its own constraints: DEFAULT, NOT NULL and the like. */
static bool apply_column_constraint(struct ddl *d, struct table_def *def,
				    struct schema_column *column, const PgQuery__Constraint *c,
				    bool *null_said)
{
	size_t at = (size_t)(column - def->columns.items);
	oid_t sequence;

	switch (c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_NULL:
		if (column->not_null)
			return sql_error_at(d->err, c->location, ERRCODE_SYNTAX,
					    "conflicting NULL/NOT NULL declarations for column \"%s\" of "
					    "table \"%s\"",
					    column->name, def->relation.name);
		*null_said = true;
		return true;
	case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
		if (*null_said)
			return sql_error_at(d->err, c->location, ERRCODE_SYNTAX,
					    "conflicting NULL/NOT NULL declarations for column \"%s\" of "
					    "table \"%s\"",
					    column->name, def->relation.name);
		column->not_null = true;
		return true;
	case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
		if (column->has_default)
			return sql_error_at(d->err, c->location, ERRCODE_SYNTAX,
					    "multiple default values specified for column \"%s\" of table "
					    "\"%s\"",
					    column->name, def->relation.name);
		return ddl_set_default(d, column, c->raw_expr);
	case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
		if (column->type != INT2OID && column->type != INT4OID && column->type != INT8OID)
			return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "identity column type must be smallint, integer, or bigint");
		if (column->has_default)
			return sql_error_at(d->err, c->location, ERRCODE_SYNTAX,
					    "both default and identity specified for column \"%s\" of table "
					    "\"%s\"",
					    column->name, def->relation.name);
		column->identity = c->generated_when[0];
		column->not_null = true;
		if (!ddl_make_owned_sequence(d, &def->relation, column, 'i', c->options, c->n_options,
					     &sequence))
			return false;
		column->default_text =
			arena_printf(d->arena, "nextval(%" PRIu32 "::regclass)", sequence);
		return column->default_text != NULL || ddl_no_memory(d);
	case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
		if (column->has_default)
			return sql_error_at(d->err, c->location, ERRCODE_SYNTAX,
					    "both default and generation expression specified for column "
					    "\"%s\" of table \"%s\"",
					    column->name, def->relation.name);
		column->generated = 's';
		/* its text waits until all columns are known */
		return true;
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		return ddl_add_constraint(d, def, c, &def->columns.items[at]);
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED: {
		struct schema_constraint *last =
			def->constraints.n == 0 ? NULL
						: &def->constraints.items[def->constraints.n - 1];

		if (last == NULL || last->type != 'f')
			return sql_error_unsupported(d->err, c->location,
						     "a deferrable constraint that is not a foreign key");
		last->deferrable = true;
		if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED)
			last->deferred = true;
		return true;
	}
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE:
		return true;
	default:
		return sql_error_unsupported(d->err, c->location, "this kind of column constraint");
	}
}

/* DEFERRABLE stands behind its constraint, so those that make constraints come in order. */
static bool makes_constraint(const PgQuery__Constraint *c)
{
	switch (c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
	case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
	case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE:
		return true;
	default:
		return false;
	}
}

/* The column itself, without constraints. */
static bool begin_column(struct ddl *d, struct table_def *def, const PgQuery__ColumnDef *c)
{
	struct analyze_input in = ddl_analyze_input(d);
	int16_t attnum = 0;

	if (def_column(def, c->colname) != NULL)
		return sql_error_at(d->err, c->location, ERRCODE_DUPLICATE_COLUMN,
				    !def->is_new
					    ? "column \"%s\" of relation \"%s\" already exists"
					    : "column \"%s\" specified more than once",
				    c->colname, def->relation.name);
	if (def->columns.n >= COLUMNS_MAX)
		return sql_error_set(d->err, ERRCODE_TOO_MANY_COLUMNS,
				     "tables can have at most %d columns", COLUMNS_MAX);
	if (given(c->storage) || given(c->compression))
		return sql_error_unsupported(d->err, c->location, "STORAGE or COMPRESSION of a column");
	if (c->type_name == NULL)
		return sql_error_unsupported(d->err, c->location, "a column without a type");
	for (size_t i = 0; i < def->columns.n; i++) {
		if (def->columns.items[i].attnum > attnum)
			attnum = def->columns.items[i].attnum;
	}
	struct schema_column *column = VEC_PUSH(d->arena, &def->columns);
	if (column == NULL)
		return ddl_no_memory(d);
	column->name = c->colname;
	column->attnum = (int16_t)(attnum + 1);
	column->type = serial_type(c->type_name);
	column->typmod = -1;
	if (column->type != 0) {
		oid_t sequence;

		if (!ddl_make_owned_sequence(d, &def->relation, column, 'a', NULL, 0, &sequence))
			return false;
		column->not_null = true;
		column->has_default = true;
		return true;
	}
	if (!analyze_type_name(&in, c->type_name, &column->type, &column->typmod, d->err) ||
	    !check_type(d, c->colname, column->type, c->type_name->location))
		return false;
	if (c->coll_clause != NULL) {
		size_t n = c->coll_clause->n_collname;
		const char *name = n == 0 ? NULL : ddl_node_string(c->coll_clause->collname[n - 1]);

		/* all of these compare bytes, as SQLite does */
		if (name == NULL || (strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0 &&
				     strcmp(name, "default") != 0 && strcmp(name, "ucs_basic") != 0 &&
				     strcmp(name, "C.UTF-8") != 0))
			return sql_error_unsupported(d->err, c->coll_clause->location,
						     "collation \"%s\"", name == NULL ? "" : name);
		column->collation = strcmp(name, "default") == 0 ? NULL : name;
	}
	return true;
}

static bool apply_column(struct ddl *d, struct table_def *def, const PgQuery__ColumnDef *c)
{
	size_t at = (size_t)(def_column(def, c->colname) - def->columns.items);
	bool null_said = false;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < c->n_constraints; i++) {
			const PgQuery__Constraint *k = c->constraints[i]->constraint;

			if (makes_constraint(k) == (pass == 1) &&
			    !apply_column_constraint(d, def, &def->columns.items[at], k, &null_said))
				return false;
		}
	}
	return true;
}

/* The expression of GENERATED ALWAYS AS, once every column has its type. */
static bool apply_generation(struct ddl *d, struct table_def *def, const PgQuery__ColumnDef *c)
{
	for (size_t i = 0; i < c->n_constraints; i++) {
		const PgQuery__Constraint *k = c->constraints[i]->constraint;
		struct schema_column *column = def_column(def, c->colname);

		if (k->contype != PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED)
			continue;
		column->default_text = ddl_expression_text(d, k->raw_expr, def_relation(def));
		if (column->default_text == NULL)
			return false;
		column->has_default = true;
	}
	return true;
}

bool ddl_add_column(struct ddl *d, struct table_def *def, const PgQuery__ColumnDef *c)
{
	return begin_column(d, def, c) && apply_column(d, def, c) && apply_generation(d, def, c);
}

static const int16_t *column_numbers(struct ddl *d, struct table_def *def,
				     PgQuery__Node *const *names, size_t n, int location)
{
	int16_t *numbers = ARENA_ARRAY(d->arena, int16_t, n + 1);

	if (numbers == NULL) {
		ddl_no_memory(d);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		const char *name = ddl_node_string(names[i]);
		const struct schema_column *c = def_column(def, name);

		if (c == NULL) {
			sql_error_at(d->err, location, ERRCODE_UNDEFINED_COLUMN,
				     "column \"%s\" named in key does not exist", name);
			return NULL;
		}
		for (size_t j = 0; j < i; j++) {
			if (numbers[j] == c->attnum) {
				sql_error_at(d->err, location, ERRCODE_DUPLICATE_COLUMN,
					     "column \"%s\" appears twice in key constraint", name);
				return NULL;
			}
		}
		numbers[i] = c->attnum;
	}
	return numbers;
}

/* "a_b" of the columns' names, as far as it matters for a name */
static const char *joined_names(struct ddl *d, struct table_def *def, const int16_t *numbers,
				size_t n)
{
	const struct schema_relation *r = def_relation(def);
	const char *text = "";

	for (size_t i = 0; i < n && text != NULL && strlen(text) < 64; i++)
		text = arena_printf(d->arena, "%s%s%s", text, i == 0 ? "" : "_",
				    schema_column_at(r, numbers[i])->name);
	return text;
}

/* The name that was given, if it is free, or a chosen one. */
static const char *constraint_name(struct ddl *d, struct table_def *def, const char *name,
				   const char *columns, const char *label, bool is_relation)
{
	if (!given(name)) {
		/* constraint names need only differ within their table, but PostgreSQL's avoid others too */
		for (;;) {
			const char *chosen = ddl_choose_name(d, def->relation.namespace_name,
							     def->relation.name, columns, label);

			if (chosen == NULL || def_constraint(def, chosen) == NULL)
				return chosen;
		}
	}
	if (def_constraint(def, name) != NULL) {
		sql_error_set(d->err, ERRCODE_DUPLICATE_OBJECT,
			      "constraint \"%s\" for relation \"%s\" already exists", name,
			      def->relation.name);
		return NULL;
	}
	if (is_relation && ddl_name_taken(d, def->relation.namespace_name, name)) {
		sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
		return NULL;
	}
	return !is_relation || ddl_take_name(d, name) ? name : NULL;
}

static bool is_integer(oid_t type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool add_key(struct ddl *d, struct table_def *def, const PgQuery__Constraint *c,
		    struct schema_column *column)
{
	bool primary = c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
	size_t n = column != NULL ? 1 : c->n_keys;
	const int16_t *numbers;

	if (c->n_including != 0)
		return sql_error_unsupported(d->err, c->location, "INCLUDE");
	if (c->nulls_not_distinct)
		return sql_error_unsupported(d->err, c->location, "NULLS NOT DISTINCT");
	if (c->deferrable || c->initdeferred)
		return sql_error_unsupported(d->err, c->location,
					     "a deferrable constraint that is not a foreign key");
	if (n > KEYS_MAX)
		return sql_error_set(d->err, ERRCODE_TOO_MANY_COLUMNS,
				     "cannot use more than %d columns in an index", KEYS_MAX);
	if (column != NULL) {
		int16_t *one = ARENA_NEW(d->arena, int16_t);

		if (one == NULL)
			return ddl_no_memory(d);
		*one = column->attnum;
		numbers = one;
	} else {
		numbers = column_numbers(d, def, c->keys, n, c->location);
	}
	if (numbers == NULL)
		return false;
	for (size_t i = 0; primary && i < def->constraints.n; i++) {
		if (def->constraints.items[i].type == 'p')
			return sql_error_at(d->err, c->location, ERRCODE_INVALID_TABLE_DEFINITION,
					    "multiple primary keys for table \"%s\" are not allowed",
					    def->relation.name);
	}
	const char *columns = joined_names(d, def, numbers, n);
	const char *name = constraint_name(d, def, c->conname, primary ? NULL : columns,
					   primary ? "pkey" : "key", true);
	struct schema_constraint *k = name == NULL ? NULL : VEC_PUSH(d->arena, &def->constraints);
	struct schema_index *x = k == NULL ? NULL : VEC_PUSH(d->arena, &def->indexes);
	struct schema_index_key *keys = ARENA_ARRAY(d->arena, struct schema_index_key, n);
	if (x == NULL || keys == NULL)
		return name != NULL ? ddl_no_memory(d) : false;
	*k = (struct schema_constraint){
		.name = name, .type = primary ? 'p' : 'u', .columns = numbers, .n_columns = n,
	};
	for (size_t i = 0; i < n; i++)
		keys[i].attnum = numbers[i];
	*x = (struct schema_index){
		.name = name, .unique = true, .primary = primary, .keys = keys, .n_keys = n,
	};
	for (size_t i = 0; primary && i < def->columns.n; i++) {
		struct schema_column *key = &def->columns.items[i];

		for (size_t j = 0; j < n; j++) {
			if (key->attnum == numbers[j])
				key->not_null = true;
		}
	}
	/* a table that is being made can have its integer key as SQLite's rowid */
	const struct schema_column *only = schema_column_at(def_relation(def), numbers[0]);
	if (primary && n == 1 && def->is_new && is_integer(only->type)) {
		def->relation.rowid_column = numbers[0];
	} else {
		x->sqlite_name = sqlite_name_of(d->arena, def->relation.namespace_name, name);
		if (x->sqlite_name == NULL)
			return ddl_no_memory(d);
	}
	return true;
}

struct column_use {
	struct table_def *def;
	const char *name; /* the only column so far */
	bool several;
};

static bool note_column(void *arg, ProtobufCMessage *message)
{
	struct column_use *use = arg;
	const PgQuery__ColumnRef *ref = (const PgQuery__ColumnRef *)message;
	const char *name = ref->n_fields == 0 ? NULL : ddl_node_string(ref->fields[ref->n_fields - 1]);

	if (name == NULL || def_column(use->def, name) == NULL)
		return true;
	if (use->name != NULL && strcmp(use->name, name) != 0)
		use->several = true;
	use->name = name;
	return true;
}

static bool add_check(struct ddl *d, struct table_def *def, const PgQuery__Constraint *c,
		      const struct schema_column *column)
{
	struct analyze_input in = ddl_analyze_input(d);
	struct column_use use = { .def = def };
	struct buf sql = BUF_INIT(1 << 20);
	oid_t type;

	bool ok = analyze_expression(&in, c->raw_expr, def_relation(def), BOOLOID, -1,
				     "CHECK constraint", &sql, &type, d->err);
	buf_free(&sql);
	if (!ok)
		return false;
	if (column != NULL)
		use.name = column->name;
	else
		ddl_walk(&c->raw_expr->base, &pg_query__column_ref__descriptor, note_column, &use);
	const char *name =
		constraint_name(d, def, c->conname, use.several ? NULL : use.name, "check", false);
	const char *text = ddl_expression_text(d, c->raw_expr, def_relation(def));
	struct schema_constraint *k =
		name == NULL || text == NULL ? NULL : VEC_PUSH(d->arena, &def->constraints);
	if (k == NULL)
		return name != NULL && text != NULL ? ddl_no_memory(d) : false;
	*k = (struct schema_constraint){ .name = name, .type = 'c', .check_text = text };
	/* conkey lists the columns that the expression names */
	if (use.name != NULL && !use.several) {
		int16_t *one = ARENA_NEW(d->arena, int16_t);

		if (one == NULL)
			return ddl_no_memory(d);
		*one = def_column(def, use.name)->attnum;
		k->columns = one;
		k->n_columns = 1;
	}
	return true;
}

/* Does `r` have a unique key over just these columns?  *index is its OID. */
static bool has_key(const struct schema_relation *r, const int16_t *numbers, size_t n,
		    oid_t *index)
{
	for (size_t i = 0; i < r->n_indexes; i++) {
		const struct schema_index *x = &r->indexes[i];
		size_t found = 0;

		if (!x->unique || x->where_text != NULL || x->n_keys != n)
			continue;
		for (size_t j = 0; j < n; j++) {
			for (size_t k = 0; k < n; k++)
				found += x->keys[k].attnum == numbers[j];
		}
		if (found == n) {
			*index = x->oid;
			return true;
		}
	}
	return false;
}

static char category(oid_t type)
{
	const struct pg_type_row *row = pgcat_type(type);

	return row == NULL ? '?' : row->typcategory;
}

/* What the columns refer to: the named ones, or the primary key. */
static const int16_t *referenced_columns(struct ddl *d, struct table_def *def,
					 const PgQuery__Constraint *c,
					 const struct schema_relation *ref, size_t *n)
{
	if (c->n_pk_attrs > 0) {
		*n = c->n_pk_attrs;
		if (ref == &def->relation) {
			return column_numbers(d, def, c->pk_attrs, c->n_pk_attrs, c->location);
		}
		int16_t *numbers = ARENA_ARRAY(d->arena, int16_t, c->n_pk_attrs);
		if (numbers == NULL) {
			ddl_no_memory(d);
			return NULL;
		}
		for (size_t i = 0; i < c->n_pk_attrs; i++) {
			const char *name = ddl_node_string(c->pk_attrs[i]);
			const struct schema_column *column = schema_column_named(ref, name);

			if (column == NULL) {
				sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
					      "column \"%s\" referenced in foreign key constraint does not "
					      "exist",
					      name);
				return NULL;
			}
			numbers[i] = column->attnum;
		}
		return numbers;
	}
	for (size_t i = 0; i < ref->n_constraints; i++) {
		if (ref->constraints[i].type == 'p') {
			*n = ref->constraints[i].n_columns;
			return ref->constraints[i].columns;
		}
	}
	sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
		      "there is no primary key for referenced table \"%s\"", ref->name);
	return NULL;
}

static bool add_foreign_key(struct ddl *d, struct table_def *def, const PgQuery__Constraint *c,
			    const struct schema_column *column)
{
	const struct schema_relation *ref;
	size_t n = column != NULL ? 1 : c->n_fk_attrs;
	size_t n_ref = 0;
	oid_t index = 0;

	if (c->n_fk_del_set_cols != 0)
		return sql_error_unsupported(d->err, c->location, "a column list for ON DELETE SET");
	if (given(c->fk_matchtype) && c->fk_matchtype[0] != 's' && n > 1)
		return sql_error_unsupported(d->err, c->location, "MATCH FULL or PARTIAL");
	bool self = strcmp(c->pktable->relname, def->relation.name) == 0 &&
		    (!given(c->pktable->schemaname) ||
		     strcmp(c->pktable->schemaname, def->relation.namespace_name) == 0);
	if (self)
		ref = def_relation(def);
	else if (!ddl_find_relation(d, c->pktable, false, &ref))
		return false;
	if (ref->kind != 'r')
		return sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE,
				     "referenced relation \"%s\" is not a table", ref->name);
	const int16_t *numbers;
	if (column != NULL) {
		int16_t *one = ARENA_NEW(d->arena, int16_t);

		if (one == NULL)
			return ddl_no_memory(d);
		*one = column->attnum;
		numbers = one;
	} else {
		for (size_t i = 0; i < n; i++) {
			const char *name = ddl_node_string(c->fk_attrs[i]);

			if (def_column(def, name) == NULL)
				return sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
						     "column \"%s\" referenced in foreign key constraint "
						     "does not exist",
						     name);
		}
		numbers = column_numbers(d, def, c->fk_attrs, n, c->location);
	}
	const int16_t *ref_numbers =
		numbers == NULL ? NULL : referenced_columns(d, def, c, ref, &n_ref);
	if (ref_numbers == NULL)
		return false;
	if (n != n_ref)
		return sql_error_set(d->err, ERRCODE_INVALID_FOREIGN_KEY,
				     "number of referencing and referenced columns for foreign key "
				     "disagree");
	if (!has_key(ref, ref_numbers, n, &index))
		return sql_error_set(d->err, ERRCODE_INVALID_FOREIGN_KEY,
				     "there is no unique constraint matching given keys for referenced "
				     "table \"%s\"",
				     ref->name);
	const char *name = constraint_name(d, def, c->conname, joined_names(d, def, numbers, n),
					   "fkey", false);
	if (name == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct schema_column *a = schema_column_at(def_relation(def), numbers[i]);
		const struct schema_column *b = schema_column_at(ref, ref_numbers[i]);

		if (a->type == b->type)
			continue;
		if (category(a->type) != category(b->type) ||
		    strcmp(type_storage(a->type), type_storage(b->type)) != 0) {
			struct buf types = BUF_INIT(512);

			type_format(d->schema, a->type, -1, &types);
			buf_put_str(&types, " and ");
			type_format(d->schema, b->type, -1, &types);
			sql_error_set(d->err, ERRCODE_DATATYPE_MISMATCH,
				      "foreign key constraint \"%s\" cannot be implemented", name);
			sql_error_detail(d->err, "Key columns \"%s\" and \"%s\" are of incompatible types: %s.",
					 a->name, b->name, buf_str(&types));
			buf_free(&types);
			return false;
		}
	}
	struct schema_constraint *k = VEC_PUSH(d->arena, &def->constraints);
	if (k == NULL)
		return ddl_no_memory(d);
	*k = (struct schema_constraint){
		.name = name,
		.type = 'f',
		.columns = numbers,
		.n_columns = n,
		.index = self ? 0 : index,
		.ref_relation = ref->oid,
		.ref_columns = ref_numbers,
		.n_ref_columns = n_ref,
		.on_update = given(c->fk_upd_action) ? c->fk_upd_action[0] : 'a',
		.on_delete = given(c->fk_del_action) ? c->fk_del_action[0] : 'a',
		.match = given(c->fk_matchtype) ? c->fk_matchtype[0] : 's',
		.deferrable = c->deferrable || c->initdeferred,
		.deferred = c->initdeferred,
	};
	return true;
}

bool ddl_add_constraint(struct ddl *d, struct table_def *def, const PgQuery__Constraint *c,
			struct schema_column *column)
{
	switch (c->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
		return add_key(d, def, c, column);
	case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
		return add_check(d, def, c, column);
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		return add_foreign_key(d, def, c, column);
	default:
		return sql_error_unsupported(d->err, c->location, "this kind of constraint");
	}
}

static unsigned count_missing_oids(const struct table_def *def)
{
	unsigned n = 0;

	for (size_t i = 0; i < def->constraints.n; i++)
		n += def->constraints.items[i].oid == 0;
	for (size_t i = 0; i < def->indexes.n; i++)
		n += def->indexes.items[i].oid == 0;
	return n;
}

bool ddl_give_oids(struct ddl *d, struct table_def *def)
{
	oid_t next;
	unsigned n = count_missing_oids(def);

	if (n == 0)
		return true;
	if (!store_new_oids(d->conn, n, &next, d->err))
		return false;
	for (size_t i = 0; i < def->indexes.n; i++) {
		if (def->indexes.items[i].oid == 0)
			def->indexes.items[i].oid = next++;
	}
	for (size_t i = 0; i < def->constraints.n; i++) {
		struct schema_constraint *c = &def->constraints.items[i];

		if (c->oid != 0)
			continue;
		c->oid = next++;
		/* a key's index has its name */
		for (size_t j = 0; (c->type == 'p' || c->type == 'u') && j < def->indexes.n; j++) {
			if (strcmp(def->indexes.items[j].name, c->name) == 0) {
				c->index = def->indexes.items[j].oid;
				def->indexes.items[j].constraint = c->oid;
			}
		}
		if (c->type == 'f' && c->index == 0)
			(void)has_key(def_relation(def), c->ref_columns, c->n_ref_columns, &c->index);
	}
	return true;
}

/* WITH (...): those that only tune PostgreSQL's storage mean nothing here. */
static bool check_options(struct ddl *d, PgQuery__Node *const *options, size_t n)
{
	static const char *const known[] = { "fillfactor",     "parallel_workers", "oids",
					     "user_catalog_table", "toast_tuple_target",
					     "vacuum_truncate", "vacuum_index_cleanup" };

	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *o = options[i]->def_elem;
		bool ok = strncmp(o->defname, "autovacuum_", 11) == 0;

		for (size_t j = 0; j < ARRAY_LEN(known); j++)
			ok = ok || strcmp(o->defname, known[j]) == 0;
		if (!ok)
			return sql_error_at(d->err, o->location, ERRCODE_INVALID_PARAMETER_VALUE,
					    "unrecognized parameter \"%s\"", o->defname);
	}
	return true;
}

/* A new definition in the namespace of `name`; *skip: it is there, and IF NOT EXISTS. */
static bool begin_table(struct ddl *d, const PgQuery__RangeVar *name, bool if_not_exists,
			struct table_def *def, bool *skip)
{
	const struct schema_namespace *n;

	*skip = false;
	*def = (struct table_def){ .relation = { .name = name->relname }, .is_new = true };
	if (!ddl_new_namespace(d, name, &n))
		return false;
	if (ddl_name_taken(d, n->name, name->relname)) {
		if (!if_not_exists)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE,
					     "relation \"%s\" already exists", name->relname);
		*skip = true;
		return ddl_notice(d, "NOTICE", ERRCODE_DUPLICATE_TABLE,
				  "relation \"%s\" already exists, skipping", name->relname);
	}
	if (!ddl_take_name(d, name->relname))
		return false;
	def->relation.kind = 'r';
	def->relation.persistence = 'p';
	def->relation.namespace_name = n->name;
	def->relation.namespace_oid = n->oid;
	def->relation.source = SOURCE_TABLE;
	def->relation.sqlite_schema = "main";
	def->relation.sqlite_name = sqlite_name_of(d->arena, n->name, name->relname);
	if (def->relation.sqlite_name == NULL)
		return ddl_no_memory(d);
	/* the table, the array of its row type, its row type */
	if (!store_new_oids(d->conn, 3, &def->relation.oid, d->err))
		return false;
	def->relation.type = def->relation.oid + 2;
	return true;
}

/* LIKE t [INCLUDING ...]: columns with their NOT NULL, and defaults if asked for. */
static bool add_like(struct ddl *d, struct table_def *def, const PgQuery__TableLikeClause *like)
{
	enum { LIKE_COMMENTS = 1, LIKE_COMPRESSION = 2, LIKE_CONSTRAINTS = 4, LIKE_DEFAULTS = 8,
	       LIKE_GENERATED = 16, LIKE_IDENTITY = 32, LIKE_INDEXES = 64, LIKE_STATISTICS = 128,
	       LIKE_STORAGE = 256 };
	const struct schema_relation *of;

	if (!ddl_find_relation(d, like->relation, false, &of))
		return false;
	if (like->options & (LIKE_INDEXES | LIKE_IDENTITY | LIKE_COMMENTS))
		return sql_error_unsupported(d->err, like->relation->location,
					     "LIKE with INCLUDING ALL, INDEXES, IDENTITY or COMMENTS");
	for (size_t i = 0; i < of->n_columns; i++) {
		struct schema_column *c = VEC_PUSH(d->arena, &def->columns);

		if (c == NULL)
			return ddl_no_memory(d);
		*c = of->columns[i];
		c->attnum = (int16_t)def->columns.n;
		c->identity = 0;
		c->comment = NULL;
		bool keep = c->generated != 0 ? (like->options & LIKE_GENERATED) != 0
					      : (like->options & LIKE_DEFAULTS) != 0;
		if (!keep || of->columns[i].identity != 0) {
			c->generated = 0;
			c->has_default = false;
			c->default_text = NULL;
		}
	}
	for (size_t i = 0; (like->options & LIKE_CONSTRAINTS) && i < of->n_constraints; i++) {
		if (of->constraints[i].type != 'c')
			continue;
		struct schema_constraint *k = VEC_PUSH(d->arena, &def->constraints);
		if (k == NULL)
			return ddl_no_memory(d);
		*k = of->constraints[i];
		k->oid = 0;
	}
	return true;
}

bool ddl_create_table(struct ddl *d, const PgQuery__CreateStmt *stmt)
{
	struct table_def def;
	bool skip;

	strcpy(d->tag, "CREATE TABLE");
	if (stmt->n_inh_relations != 0)
		return sql_error_unsupported(d->err, stmt->relation->location, "INHERITS");
	if (stmt->partbound != NULL || stmt->partspec != NULL)
		return sql_error_unsupported(d->err, stmt->relation->location, "PARTITION");
	if (stmt->of_typename != NULL)
		return sql_error_unsupported(d->err, stmt->relation->location, "CREATE TABLE OF");
	if (stmt->oncommit > PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_NOOP)
		return sql_error_unsupported(d->err, stmt->relation->location, "ON COMMIT");
	if (given(stmt->access_method) && strcmp(stmt->access_method, "heap") != 0)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
				     "access method \"%s\" does not exist", stmt->access_method);
	if (given(stmt->tablespacename) && strcmp(stmt->tablespacename, "pg_default") != 0)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_OBJECT,
				     "tablespace \"%s\" does not exist", stmt->tablespacename);
	if (!check_options(d, stmt->options, stmt->n_options) ||
	    !begin_table(d, stmt->relation, stmt->if_not_exists, &def, &skip))
		return false;
	if (skip)
		return true;
	for (size_t i = 0; i < stmt->n_table_elts; i++) {
		const PgQuery__Node *e = stmt->table_elts[i];

		if (e->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
		    !begin_column(d, &def, e->column_def))
			return false;
		if (e->node_case == PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE &&
		    !add_like(d, &def, e->table_like_clause))
			return false;
	}
	for (size_t i = 0; i < stmt->n_table_elts; i++) {
		const PgQuery__Node *e = stmt->table_elts[i];

		if (e->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
		    (!apply_column(d, &def, e->column_def) ||
		     !apply_generation(d, &def, e->column_def)))
			return false;
	}
	/* keys before those that may refer to them */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < stmt->n_table_elts; i++) {
			const PgQuery__Node *e = stmt->table_elts[i];

			if (e->node_case != PG_QUERY__NODE__NODE_CONSTRAINT)
				continue;
			bool key = e->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
				   e->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE;
			if (key == (pass == 0) && !ddl_add_constraint(d, &def, e->constraint, NULL))
				return false;
		}
	}
	return ddl_give_oids(d, &def) && ddl_create_in_sqlite(d, &def) && def_put(d, &def);
}

/* The columns of a query as columns of a table. */
static bool add_result_columns(struct ddl *d, struct table_def *def, const struct lowered *q,
			       PgQuery__Node *const *names, size_t n_names)
{
	if (n_names > q->n_columns)
		return sql_error_set(d->err, ERRCODE_SYNTAX, "too many column names were specified");
	for (size_t i = 0; i < q->n_columns; i++) {
		const char *name = i < n_names ? ddl_node_string(names[i]) : q->columns[i].name;
		struct schema_column *c;

		if (def_column(def, name) != NULL)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_COLUMN,
					     "column \"%s\" specified more than once", name);
		c = VEC_PUSH(d->arena, &def->columns);
		if (c == NULL)
			return ddl_no_memory(d);
		c->name = name;
		c->attnum = (int16_t)(i + 1);
		c->type = q->columns[i].type == UNKNOWNOID ? TEXTOID : q->columns[i].type;
		c->typmod = q->columns[i].typmod;
		if (!check_type(d, name, c->type, -1))
			return false;
	}
	return true;
}

bool ddl_create_table_as(struct ddl *d, const PgQuery__CreateTableAsStmt *stmt)
{
	struct analyze_input in = ddl_analyze_input(d);
	const PgQuery__IntoClause *into = stmt->into;
	struct table_def def;
	struct lowered query;
	bool skip;

	if (stmt->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
		return sql_error_unsupported(d->err, into->rel->location, "CREATE MATERIALIZED VIEW");
	if (into->on_commit > PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_NOOP)
		return sql_error_unsupported(d->err, into->rel->location, "ON COMMIT");
	if (stmt->query->node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT)
		return sql_error_unsupported(d->err, into->rel->location, "CREATE TABLE AS EXECUTE");
	if (!check_options(d, into->options, into->n_options) ||
	    !begin_table(d, into->rel, stmt->if_not_exists, &def, &skip))
		return false;
	strcpy(d->tag, "CREATE TABLE AS");
	if (skip)
		return true;
	if (!analyze_statement(&in, stmt->query, &query, d->err) ||
	    !add_result_columns(d, &def, &query, into->col_names, into->n_col_names) ||
	    !ddl_give_oids(d, &def) || !ddl_create_in_sqlite(d, &def) || !def_put(d, &def))
		return false;
	if (into->skip_data)
		return true;
	if (!store_exec(d->conn, d->err, "INSERT INTO main.\"%w\" %s", def.relation.sqlite_name,
			query.sql))
		return false;
	snprintf(d->tag, 64, "SELECT %lld", (long long)sqlite3_changes64(d->conn->db));
	return true;
}
