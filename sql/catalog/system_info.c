/*
 * system_info.c - information_schema
 *
 * Every object belongs to one superuser, so every privilege is his.  Views of what cannot
 * be (triggers, foreign data, user-defined types) have their columns and no row.
 *
 * Source: PostgreSQL 15 documentation, chapter 37, "The Information Schema".
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/catalog/describe.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

enum { TEXT_LIMIT = 1 << 24, VARHDRSZ = 4, UTF8_BYTES = 4, TEXT_OCTETS = 1 << 30 };

static const char *take_text(struct fill *f, struct buf *b)
{
	const char *text = b->failed ? NULL : arena_strndup(f->arena, b->data == NULL ? "" : b->data, b->len);

	f->failed |= text == NULL;
	buf_free(b);
	return text;
}

static const char *catalog(struct fill *f)
{
	return f->env->database;
}

static const char *owner(struct fill *f)
{
	return names_superuser(f->env);
}

static void put_number_or_null(struct fill *f, int64_t v)
{
	if (v < 0)
		row_null(f);
	else
		row_int(f, v);
}

/* A number as information_schema's character_data. */
static void put_number_text(struct fill *f, int64_t v)
{
	row_text(f, arena_printf(f->arena, "%" PRId64, v));
}

/* catalog, schema, name */
static void put_object(struct fill *f, const char *schema, const char *name)
{
	row_text(f, catalog(f));
	row_text(f, schema);
	row_text(f, name);
}

/* ---- what a type is, in the standard's words ---- */

static const char *data_type(struct fill *f, oid_t type)
{
	const struct pg_type_row *t = pgcat_type(type);
	struct buf b = BUF_INIT(TEXT_LIMIT);

	if (t == NULL)
		return "USER-DEFINED";
	if (t->typelem != 0 && t->typlen == -1)
		return "ARRAY";
	if (t->typnamespace != PG_CATALOG_OID)
		return "USER-DEFINED";
	type_format(f->schema, type, -1, &b);
	/* format_type(type, NULL) says bpchar's name, not "character(1)" */
	if (type == BPCHAROID) {
		buf_free(&b);
		return "character";
	}
	return take_text(f, &b);
}

static int64_t char_length(const struct schema_column *c)
{
	if (c->typmod < 0)
		return -1;
	if (c->type == VARCHAROID || c->type == BPCHAROID)
		return c->typmod - VARHDRSZ;
	return c->type == BITOID || c->type == VARBITOID ? c->typmod : -1;
}

static int64_t octet_length(const struct schema_column *c)
{
	if (c->type != TEXTOID && c->type != VARCHAROID && c->type != BPCHAROID)
		return -1;
	return c->typmod < 0 ? TEXT_OCTETS : char_length(c) * UTF8_BYTES;
}

static int64_t numeric_precision(const struct schema_column *c)
{
	switch (c->type) {
	case INT2OID:
		return 16;
	case INT4OID:
		return 32;
	case INT8OID:
		return 64;
	case FLOAT4OID:
		return 24;
	case FLOAT8OID:
		return 53;
	case NUMERICOID:
		return c->typmod < 0 ? -1 : (c->typmod - VARHDRSZ) >> 16 & 0xffff;
	default:
		return -1;
	}
}

static int64_t numeric_radix(const struct schema_column *c)
{
	struct schema_column any = { .type = c->type };

	if (c->type == NUMERICOID)
		return 10;
	return numeric_precision(&any) < 0 ? -1 : 2;
}

static int64_t numeric_scale(const struct schema_column *c)
{
	if (c->type == INT2OID || c->type == INT4OID || c->type == INT8OID)
		return 0;
	if (c->type == NUMERICOID && c->typmod >= 0)
		return (c->typmod - VARHDRSZ) & 0x7ff;
	return -1;
}

static int64_t datetime_precision(const struct schema_column *c)
{
	switch (c->type) {
	case DATEOID:
		return 0;
	case TIMEOID:
	case TIMETZOID:
	case TIMESTAMPOID:
	case TIMESTAMPTZOID:
		return c->typmod < 0 ? 6 : c->typmod;
	case INTERVALOID:
		return c->typmod < 0 || (c->typmod & 0xffff) == 0xffff ? 6 : c->typmod & 0xffff;
	default:
		return -1;
	}
}

static void put_udt(struct fill *f, oid_t type)
{
	char *name = arena_alloc(f->arena, NAME_MAX_LEN + 1);
	oid_t namespace_oid;

	if (name == NULL || !names_of_type(f->schema, type, name, &namespace_oid)) {
		row_nulls(f, 3);
		return;
	}
	put_object(f, names_of_namespace(f->schema, namespace_oid), name);
}

/* ---- tables and columns ---- */

static bool is_table(const struct schema_relation *r)
{
	return r->kind == 'r' || r->kind == 'v';
}

static void fill_tables(struct fill *f)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (!is_table(r))
			continue;
		row_begin(f);
		put_object(f, r->namespace_name, r->name);
		row_text(f, r->kind == 'v' ? "VIEW" : r->persistence == 't' ? "LOCAL TEMPORARY" : "BASE TABLE");
		row_nulls(f, 5);
		row_yes(f, r->kind == 'r');
		row_yes(f, false);
		row_null(f);
		row_end(f);
	}
}

static void fill_views(struct fill *f)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (r->kind != 'v')
			continue;
		struct buf b = BUF_INIT(TEXT_LIMIT);
		if (r->view_text != NULL)
			describe_view(r, &b);
		row_begin(f);
		put_object(f, r->namespace_name, r->name);
		if (r->view_text != NULL)
			row_text(f, take_text(f, &b));
		else
			row_null(f);
		row_text(f, "NONE");
		for (int k = 0; k < 5; k++)
			row_yes(f, false);
		row_end(f);
	}
}

static const struct schema_sequence *identity_sequence(struct fill *f, const struct schema_relation *r,
						       const struct schema_column *c)
{
	size_t n;
	const struct schema_sequence *q = schema_sequences(f->schema, &n);

	for (size_t i = 0; c->identity != '\0' && i < n; i++) {
		if (q[i].owned_by == r->oid && q[i].owned_column == c->attnum && q[i].owner_kind == 'i')
			return &q[i];
	}
	return NULL;
}

static void put_collation(struct fill *f, const struct schema_column *c)
{
	enum { DEFAULT_COLLATION = 100 };
	oid_t collation = system_collation(c);
	const struct pgcat_rows *rows = pgcat_rows("pg_collation");
	uint32_t n, at = pgcat_rows_with_key(rows, collation, &n);
	size_t len;
	bool null;

	if (n == 0 || collation == DEFAULT_COLLATION) {
		row_nulls(f, 3);
		return;
	}
	const char *name = pgcat_field(rows, at, 1, &len, &null);
	put_object(f, "pg_catalog", arena_strndup(f->arena, name, len));
}

static void column_row(struct fill *f, const struct schema_relation *r, const struct schema_column *c)
{
	const struct schema_sequence *q = identity_sequence(f, r, c);

	row_begin(f);
	put_object(f, r->namespace_name, r->name);
	row_text(f, c->name);
	row_int(f, c->attnum);
	row_text(f, c->identity == '\0' && c->generated == '\0' ? c->default_text : NULL);
	row_yes(f, !c->not_null);
	row_text(f, data_type(f, c->type));
	put_number_or_null(f, char_length(c));
	put_number_or_null(f, octet_length(c));
	put_number_or_null(f, numeric_precision(c));
	put_number_or_null(f, numeric_radix(c));
	put_number_or_null(f, numeric_scale(c));
	put_number_or_null(f, datetime_precision(c));
	row_nulls(f, 2); /* interval_type, interval_precision */
	row_nulls(f, 3); /* character_set */
	put_collation(f, c);
	row_nulls(f, 3); /* domain */
	put_udt(f, c->type);
	row_nulls(f, 3); /* scope */
	row_null(f);
	put_number_text(f, c->attnum);
	row_yes(f, false);
	row_yes(f, c->identity != '\0');
	row_text(f, c->identity == 'a' ? "ALWAYS" : c->identity == 'd' ? "BY DEFAULT" : NULL);
	if (q != NULL) {
		put_number_text(f, q->start);
		put_number_text(f, q->increment);
		put_number_text(f, q->max);
		put_number_text(f, q->min);
	} else {
		row_nulls(f, 4);
	}
	row_yes(f, q != NULL && q->cycle);
	row_text(f, c->generated != '\0' ? "ALWAYS" : "NEVER");
	row_text(f, c->generated != '\0' ? c->default_text : NULL);
	row_yes(f, r->kind == 'r');
	row_end(f);
}

/* Does the key, if it is on this column, name something else? */
static bool key_is_other(const struct fill *f, int column, const char *text)
{
	return f->key == column && (!f->key_is_text || strcmp(f->key_text, text) != 0);
}

static void fill_columns(struct fill *f)
{
	enum { SCHEMA = 1, TABLE = 2 };
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (!is_table(r) || key_is_other(f, SCHEMA, r->namespace_name) ||
		    key_is_other(f, TABLE, r->name))
			continue;
		for (size_t k = 0; k < r->n_columns; k++)
			column_row(f, r, &r->columns[k]);
	}
}

static void fill_schemata(struct fill *f)
{
	size_t n;
	const struct schema_namespace *all = schema_namespaces(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		row_begin(f);
		row_text(f, catalog(f));
		row_text(f, all[i].name);
		row_text(f, all[i].oid == PUBLIC_OID ? "pg_database_owner" : owner(f));
		row_nulls(f, 4);
		row_end(f);
	}
}

static void fill_sequences(struct fill *f)
{
	size_t n;
	const struct schema_sequence *q = schema_sequences(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		struct schema_column c = { .type = q[i].type, .typmod = -1 };

		if (q[i].owner_kind == 'i')
			continue; /* it is the column's, not an object of its own */
		row_begin(f);
		put_object(f, q[i].namespace_name, q[i].name);
		row_text(f, data_type(f, q[i].type));
		put_number_or_null(f, numeric_precision(&c));
		row_int(f, 2);
		row_int(f, 0);
		put_number_text(f, q[i].start);
		put_number_text(f, q[i].min);
		put_number_text(f, q[i].max);
		put_number_text(f, q[i].increment);
		row_yes(f, q[i].cycle);
		row_end(f);
	}
}

/* ---- constraints ---- */

typedef void (*constraint_fn)(struct fill *f, const struct schema_relation *r,
			      const struct schema_constraint *c);

static void for_constraints(struct fill *f, constraint_fn each)
{
	const struct pgcat_rows *system = pgcat_rows("pg_constraint");
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);
	const struct schema_relation *r;

	for (uint32_t i = 0; i < system->n_rows; i++) {
		const struct schema_constraint *c = describe_system_constraint(
			f->schema, f->arena, (oid_t)pgcat_field_int(system, i, 0), &r);

		if (c != NULL)
			each(f, r, c);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < all[i]->n_constraints; k++)
			each(f, all[i], &all[i]->constraints[k]);
	}
}

/* NOT NULL is a check constraint without a name of its own in the standard's eyes. */
static const char *not_null_name(struct fill *f, const struct schema_relation *r,
				 const struct schema_column *c)
{
	return arena_printf(f->arena, "%u_%u_%d_not_null", r->namespace_oid, r->oid, c->attnum);
}

typedef void (*not_null_fn)(struct fill *f, const struct schema_relation *r,
			    const struct schema_column *c);

static void for_not_nulls(struct fill *f, not_null_fn each)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; all[i]->kind == 'r' && k < all[i]->n_columns; k++) {
			if (all[i]->columns[k].not_null)
				each(f, all[i], &all[i]->columns[k]);
		}
	}
}

static void put_table_constraint(struct fill *f, const struct schema_relation *r, const char *name,
				 const char *type, bool deferrable, bool deferred, bool is_unique)
{
	row_begin(f);
	put_object(f, r->namespace_name, name);
	put_object(f, r->namespace_name, r->name);
	row_text(f, type);
	row_yes(f, deferrable);
	row_yes(f, deferred);
	row_yes(f, true);
	row_text(f, is_unique ? "YES" : NULL);
	row_end(f);
}

static void table_constraint(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	const char *type = c->type == 'p'   ? "PRIMARY KEY"
			   : c->type == 'u' ? "UNIQUE"
			   : c->type == 'f' ? "FOREIGN KEY"
					    : "CHECK";

	put_table_constraint(f, r, c->name, type, c->deferrable, c->deferred, c->type == 'u');
}

static void table_not_null(struct fill *f, const struct schema_relation *r, const struct schema_column *c)
{
	put_table_constraint(f, r, not_null_name(f, r, c), "CHECK", false, false, false);
}

static void fill_table_constraints(struct fill *f)
{
	for_constraints(f, table_constraint);
	for_not_nulls(f, table_not_null);
}

static const char *column_name(const struct schema_relation *r, int16_t attnum)
{
	const struct schema_column *c = schema_column_at(r, attnum);

	return c == NULL ? NULL : c->name;
}

/* The place of a column in the unique constraint that a foreign key refers to. */
static int64_t position_in_unique(struct fill *f, const struct schema_constraint *c, size_t i)
{
	const struct schema_relation *to = schema_relation_by_oid(f->schema, c->ref_relation);

	for (size_t k = 0; to != NULL && k < to->n_constraints; k++) {
		const struct schema_constraint *u = &to->constraints[k];

		if (u->index != c->index || (u->type != 'p' && u->type != 'u'))
			continue;
		for (size_t p = 0; p < u->n_columns; p++) {
			if (u->columns[p] == c->ref_columns[i])
				return (int64_t)p + 1;
		}
	}
	return (int64_t)i + 1;
}

static void key_column(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	for (size_t i = 0; c->type != 'c' && i < c->n_columns; i++) {
		row_begin(f);
		put_object(f, r->namespace_name, c->name);
		put_object(f, r->namespace_name, r->name);
		row_text(f, column_name(r, c->columns[i]));
		row_int(f, (int64_t)i + 1);
		if (c->type == 'f')
			row_int(f, position_in_unique(f, c, i));
		else
			row_null(f);
		row_end(f);
	}
}

static void fill_key_column_usage(struct fill *f)
{
	for_constraints(f, key_column);
}

/* The columns that a constraint looks at: of a foreign key those that it refers to. */
static void constraint_column(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	const struct schema_relation *of =
		c->type == 'f' ? schema_relation_by_oid(f->schema, c->ref_relation) : r;
	const int16_t *columns = c->type == 'f' ? c->ref_columns : c->columns;
	size_t n = c->type == 'f' ? c->n_ref_columns : c->n_columns;

	for (size_t i = 0; of != NULL && i < n; i++) {
		row_begin(f);
		put_object(f, of->namespace_name, of->name);
		row_text(f, column_name(of, columns[i]));
		put_object(f, r->namespace_name, c->name);
		row_end(f);
	}
}

static void fill_constraint_column_usage(struct fill *f)
{
	for_constraints(f, constraint_column);
}

static void constraint_table(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	const struct schema_relation *of =
		c->type == 'f' ? schema_relation_by_oid(f->schema, c->ref_relation) : r;

	if (of == NULL || c->type == 'c')
		return;
	row_begin(f);
	put_object(f, of->namespace_name, of->name);
	put_object(f, r->namespace_name, c->name);
	row_end(f);
}

static void fill_constraint_table_usage(struct fill *f)
{
	for_constraints(f, constraint_table);
}

static const char *action_name(char action)
{
	switch (action) {
	case 'c':
		return "CASCADE";
	case 'n':
		return "SET NULL";
	case 'd':
		return "SET DEFAULT";
	case 'r':
		return "RESTRICT";
	default:
		return "NO ACTION";
	}
}

static void referential(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	const struct schema_relation *to =
		c->type != 'f' ? NULL : schema_relation_by_oid(f->schema, c->ref_relation);
	const char *unique = NULL;

	if (to == NULL)
		return;
	for (size_t i = 0; i < to->n_constraints; i++) {
		const struct schema_constraint *u = &to->constraints[i];

		if (u->index == c->index && (u->type == 'p' || u->type == 'u'))
			unique = u->name;
	}
	row_begin(f);
	put_object(f, r->namespace_name, c->name);
	if (unique != NULL)
		put_object(f, to->namespace_name, unique);
	else
		row_nulls(f, 3);
	row_text(f, c->match == 'f' ? "FULL" : "NONE");
	row_text(f, action_name(c->on_update));
	row_text(f, action_name(c->on_delete));
	row_end(f);
}

static void fill_referential_constraints(struct fill *f)
{
	for_constraints(f, referential);
}

static void check(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	if (c->type != 'c')
		return;
	row_begin(f);
	put_object(f, r->namespace_name, c->name);
	row_text(f, arena_printf(f->arena, "(%s)", c->check_text == NULL ? "" : c->check_text));
	row_end(f);
}

static void check_not_null(struct fill *f, const struct schema_relation *r, const struct schema_column *c)
{
	row_begin(f);
	put_object(f, r->namespace_name, not_null_name(f, r, c));
	row_text(f, arena_printf(f->arena, "%s IS NOT NULL", c->name));
	row_end(f);
}

static void fill_check_constraints(struct fill *f)
{
	for_constraints(f, check);
	for_not_nulls(f, check_not_null);
}

/* ---- privileges and roles ---- */

static void fill_table_privileges(struct fill *f)
{
	static const char *const privileges[] = { "INSERT", "SELECT", "UPDATE", "DELETE",
						  "TRUNCATE", "REFERENCES", "TRIGGER" };
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t p = 0; is_table(all[i]) && p < ARRAY_LEN(privileges); p++) {
			row_begin(f);
			row_text(f, owner(f));
			row_text(f, owner(f));
			put_object(f, all[i]->namespace_name, all[i]->name);
			row_text(f, privileges[p]);
			row_yes(f, true);
			row_yes(f, strcmp(privileges[p], "SELECT") == 0);
			row_end(f);
		}
	}
}

static void fill_column_privileges(struct fill *f)
{
	static const char *const privileges[] = { "INSERT", "SELECT", "UPDATE", "REFERENCES" };
	enum { SCHEMA = 3, TABLE = 4 };
	size_t n;
	const struct schema_relation *const *all = schema_relations(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *r = all[i];

		if (!is_table(r) || key_is_other(f, SCHEMA, r->namespace_name) ||
		    key_is_other(f, TABLE, r->name))
			continue;
		for (size_t c = 0; c < r->n_columns; c++) {
			for (size_t p = 0; p < ARRAY_LEN(privileges); p++) {
				row_begin(f);
				row_text(f, owner(f));
				row_text(f, owner(f));
				put_object(f, r->namespace_name, r->name);
				row_text(f, r->columns[c].name);
				row_text(f, privileges[p]);
				row_yes(f, true);
				row_end(f);
			}
		}
	}
}

static void fill_enabled_roles(struct fill *f)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_authid");

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		char *name = arena_alloc(f->arena, NAME_MAX_LEN + 1);

		if (name == NULL || !names_of_role(f->env, (oid_t)pgcat_field_int(rows, i, 0), name))
			continue;
		row_begin(f);
		row_text(f, name);
		row_end(f);
	}
}

static void fill_applicable_roles(struct fill *f)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_auth_members");

	row_begin(f);
	row_text(f, owner(f));
	row_text(f, "pg_database_owner");
	row_yes(f, false);
	row_end(f);
	for (uint32_t i = 0; i < rows->n_rows; i++) {
		char *role = arena_alloc(f->arena, NAME_MAX_LEN + 1);
		char *member = arena_alloc(f->arena, NAME_MAX_LEN + 1);

		if (role == NULL || member == NULL ||
		    !names_of_role(f->env, (oid_t)pgcat_field_int(rows, i, 0), role) ||
		    !names_of_role(f->env, (oid_t)pgcat_field_int(rows, i, 1), member))
			continue;
		row_begin(f);
		row_text(f, member);
		row_text(f, role);
		row_yes(f, false);
		row_end(f);
	}
}

/* ---- small ones ---- */

static void fill_catalog_name(struct fill *f)
{
	row_begin(f);
	row_text(f, catalog(f));
	row_end(f);
}

static void fill_character_sets(struct fill *f)
{
	row_begin(f);
	row_nulls(f, 2);
	row_text(f, "UTF8");
	row_text(f, "UCS");
	row_text(f, "UTF8");
	row_text(f, catalog(f));
	row_nulls(f, 2);
	row_end(f);
}

static void fill_collations(struct fill *f)
{
	bool with_set = strcmp(f->of->relation.name, "collations") != 0;
	const struct pgcat_rows *rows = pgcat_rows("pg_collation");
	size_t len;
	bool null;

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		const char *name = pgcat_field(rows, i, 1, &len, &null);

		row_begin(f);
		put_object(f, "pg_catalog", arena_strndup(f->arena, name, len));
		if (with_set) {
			row_nulls(f, 2);
			row_text(f, "UTF8");
		} else {
			row_text(f, "NO PAD");
		}
		row_end(f);
	}
}

/* ---- functions ---- */

static const char *specific_name(struct fill *f, const struct pg_proc_row *p)
{
	return arena_printf(f->arena, "%s_%u", p->proname, p->oid);
}

static void put_routine(struct fill *f, const struct pg_proc_row *p)
{
	enum { LANGUAGE_INTERNAL = 12, LANGUAGE_C = 13, LANGUAGE_SQL = 14 };
	const char *schema = names_of_namespace(f->schema, p->pronamespace);
	const char *language = p->prolang == LANGUAGE_INTERNAL ? "INTERNAL"
			       : p->prolang == LANGUAGE_C      ? "C"
							       : "SQL";

	row_begin(f);
	put_object(f, schema, specific_name(f, p));
	put_object(f, schema, p->proname);
	row_text(f, p->prokind == 'f' ? "FUNCTION" : p->prokind == 'p' ? "PROCEDURE" : NULL);
	row_nulls(f, 6);                      /* module, udt */
	row_text(f, data_type(f, p->prorettype));
	row_nulls(f, 14);                     /* lengths, sets, precisions */
	put_udt(f, p->prorettype);
	row_nulls(f, 4);                      /* scope, maximum_cardinality */
	row_text(f, "0");
	row_text(f, p->prolang == LANGUAGE_SQL ? "SQL" : "EXTERNAL");
	row_text(f, p->prosrc);
	row_text(f, p->prolang == LANGUAGE_C ? p->prosrc : NULL);
	row_text(f, language);
	row_text(f, "GENERAL");
	row_yes(f, p->provolatile == 'i');
	row_text(f, "MODIFIES");
	row_yes(f, p->proisstrict);
	row_null(f);                          /* sql_path */
	row_yes(f, true);
	row_int(f, 0);
	row_nulls(f, 2);
	row_text(f, "INVOKER");
	row_nulls(f, 3);
	row_yes(f, false);                    /* as_locator */
	row_nulls(f, 3);
	row_yes(f, false);                    /* is_udt_dependent */
	row_nulls(f, (unsigned)f->of->relation.n_columns - f->at);
	row_end(f);
}

static void fill_routines(struct fill *f)
{
	size_t n;
	const struct pg_proc_row *all = pgcat_procs(&n);

	for (size_t i = 0; i < n; i++)
		put_routine(f, &all[i]);
}

static const char *parameter_mode(char mode)
{
	switch (mode) {
	case 'o':
	case 't':
		return "OUT";
	case 'b':
		return "INOUT";
	default:
		return "IN"; /* 'i', and 'v': VARIADIC */
	}
}

static void fill_parameters(struct fill *f)
{
	size_t n;
	const struct pg_proc_row *all = pgcat_procs(&n);

	for (size_t i = 0; i < n; i++) {
		const struct pg_proc_row *p = &all[i];
		const oid_t *types = p->proallargtypes != NULL ? p->proallargtypes : p->proargtypes;
		int n_args = p->proallargtypes != NULL ? p->n_allargs : p->pronargs;

		for (int a = 0; a < n_args; a++) {
			const char *name = p->proargnames == NULL ? NULL : p->proargnames[a];

			row_begin(f);
			put_object(f, names_of_namespace(f->schema, p->pronamespace),
				   specific_name(f, p));
			row_int(f, a + 1);
			row_text(f, parameter_mode(p->proargmodes == NULL ? 'i' : p->proargmodes[a]));
			row_yes(f, false);
			row_yes(f, false);
			row_text(f, name != NULL && name[0] != '\0' ? name : NULL);
			row_text(f, data_type(f, types[a]));
			row_nulls(f, 14);
			put_udt(f, types[a]);
			row_nulls(f, 4);
			put_number_text(f, a + 1);
			row_null(f);
			row_end(f);
		}
	}
}

/* ---- what views read ---- */

static void fill_view_usage(struct fill *f)
{
	bool columns = strcmp(f->of->relation.name, "view_column_usage") == 0;
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(f->conn->db,
			       columns ? "SELECT DISTINCT object, reference, number FROM main.pgblob_depend"
					 " WHERE number > 0"
				       : "SELECT DISTINCT object, reference, 0 FROM main.pgblob_depend",
			       -1, &stmt, NULL) != SQLITE_OK)
		return; /* a database without our tables has no views of ours */
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const struct schema_relation *view =
			schema_relation_by_oid(f->schema, (oid_t)sqlite3_column_int64(stmt, 0));
		const struct schema_relation *table =
			schema_relation_by_oid(f->schema, (oid_t)sqlite3_column_int64(stmt, 1));

		if (view == NULL || table == NULL)
			continue;
		row_begin(f);
		put_object(f, view->namespace_name, view->name);
		put_object(f, table->namespace_name, table->name);
		if (columns)
			row_text(f, column_name(table, (int16_t)sqlite3_column_int(stmt, 2)));
		row_end(f);
	}
	sqlite3_finalize(stmt);
}

const struct system_def system_info_defs[] = {
	{ "information_schema.tables", "table_schema table_name", fill_tables, false, NULL },
	{ "information_schema.columns", "table_schema table_name column_name", fill_columns, false, NULL },
	{ "information_schema.views", "table_schema table_name", fill_views, false, NULL },
	{ "information_schema.schemata", "schema_name", fill_schemata, false, NULL },
	{ "information_schema.sequences", "sequence_schema sequence_name", fill_sequences, false, NULL },
	{ "information_schema.table_constraints", "constraint_schema constraint_name table_schema table_name",
	  fill_table_constraints, false, NULL },
	{ "information_schema.key_column_usage", "constraint_schema constraint_name table_schema table_name",
	  fill_key_column_usage, false, NULL },
	{ "information_schema.constraint_column_usage",
	  "table_schema table_name constraint_schema constraint_name", fill_constraint_column_usage, false, NULL },
	{ "information_schema.constraint_table_usage",
	  "table_schema table_name constraint_schema constraint_name", fill_constraint_table_usage, false, NULL },
	{ "information_schema.referential_constraints", "constraint_schema constraint_name",
	  fill_referential_constraints, false, NULL },
	{ "information_schema.check_constraints", "constraint_schema constraint_name",
	  fill_check_constraints, false, NULL },
	{ "information_schema.table_privileges", "table_schema table_name", fill_table_privileges, false, NULL },
	{ "information_schema.role_table_grants", "table_schema table_name", fill_table_privileges, false, NULL },
	{ "information_schema.column_privileges", "table_schema table_name", fill_column_privileges, false, NULL },
	{ "information_schema.role_column_grants", "table_schema table_name", fill_column_privileges, false, NULL },
	{ "information_schema.enabled_roles", "role_name", fill_enabled_roles, false, NULL },
	{ "information_schema.applicable_roles", "grantee role_name", fill_applicable_roles, false, NULL },
	{ "information_schema.information_schema_catalog_name", NULL, fill_catalog_name, false, NULL },
	{ "information_schema.character_sets", NULL, fill_character_sets, false, NULL },
	{ "information_schema.collations", "collation_name", fill_collations, false, NULL },
	{ "information_schema.collation_character_set_applicability", "collation_name", fill_collations,
	  false, NULL },
	{ "information_schema.routines", "specific_name routine_name routine_schema", fill_routines, false, NULL },
	{ "information_schema.parameters", "specific_name", fill_parameters, false, NULL },
	{ "information_schema.view_table_usage", "view_name", fill_view_usage, false, NULL },
	{ "information_schema.view_column_usage", "view_name", fill_view_usage, false, NULL },
	{ NULL, NULL, NULL, false, NULL },
};
