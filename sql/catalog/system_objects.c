/*
 * system_objects.c - the rows of pg_class, pg_attribute and so on for a user's objects
 *
 * Rows of the system's own objects are pgcat's.  Values that PostgreSQL keeps and we do
 * not (pages, tuples, transaction ids) are those of a table that was never vacuumed.
 *
 * Source: PostgreSQL 15 documentation, chapter 53, "System Catalogs".
 * Licence: MIT, see LICENSE.
 */
#include <stdlib.h>
#include <string.h>

#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

enum {
	HEAP_AM = 2, BTREE_AM = 403, DEFAULT_TABLESPACE = 1663, DEFAULT_COLLATION = 100,
	NAME_COLLATION = 950, FROZEN_XID = 726, UTF8_ENCODING = 6,
};

/* Columns that keys name below. */
enum { CLASS_OID = 0, ATT_RELID = 0, TYPE_OID = 0, TYPE_RELID = 11, INDEX_OID = 0, INDEX_RELID = 1,
       CONSTRAINT_OID = 0, CONSTRAINT_RELID = 7, ATTRDEF_RELID = 1, DESCRIPTION_OBJECT = 0,
       REWRITE_CLASS = 2, SEQUENCE_OID = 0 };

static int16_t last_attnum(const struct schema_relation *r)
{
	int16_t last = 0;

	for (size_t i = 0; i < r->n_columns; i++) {
		if (r->columns[i].attnum > last)
			last = r->columns[i].attnum;
	}
	return last;
}

/*
 * Walk the user's relations; with a key on column `oid_column` only the one of that OID.
 * `for (struct walk w = walk_begin(f, 0); (r = walk_next(&w)) != NULL;)`
 */
struct walk {
	const struct schema_relation *const *at, *const *end;
	const struct schema_relation *one;
	bool own; /* also those of ours that PostgreSQL does not have */
};

static struct walk walk_begin(struct fill *f, int oid_column)
{
	struct walk w = { 0 };
	size_t n;

	if (oid_column >= 0 && f->key == oid_column && !f->key_is_text) {
		w.one = schema_relation_by_oid(f->schema, (oid_t)f->key_int);
		return w;
	}
	w.at = schema_relations(f->schema, &n);
	w.end = w.at + n;
	return w;
}

/* The same with our own system relations: pgcat has no rows of theirs. */
static struct walk walk_all(struct fill *f)
{
	struct walk w = walk_begin(f, -1);

	w.own = true;
	return w;
}

static bool is_wanted(const struct walk *w, const struct schema_relation *r)
{
	return system_is_user(r) || (w->own && system_is_own(r));
}

static const struct schema_relation *walk_next(struct walk *w)
{
	const struct schema_relation *r = w->one;

	w->one = NULL;
	if (r != NULL)
		return is_wanted(w, r) ? r : NULL;
	while (w->at < w->end) {
		r = *w->at++;
		if (is_wanted(w, r))
			return r;
	}
	return NULL;
}

/* ---- pg_class ---- */

static void class_relation(struct fill *f, const struct schema_relation *r)
{
	bool table = r->kind == 'r';
	unsigned checks = 0;

	for (size_t i = 0; i < r->n_constraints; i++)
		checks += r->constraints[i].type == 'c';
	row_begin(f);
	row_int(f, r->oid);
	row_text(f, r->name);
	row_int(f, r->namespace_oid);
	row_int(f, r->kind == 'S' ? 0 : r->type);
	row_int(f, 0);
	row_int(f, BOOTSTRAP_ROLE_OID);
	row_int(f, table ? HEAP_AM : 0);
	row_int(f, r->kind == 'v' ? 0 : r->oid);
	row_int(f, 0);                    /* reltablespace */
	row_int(f, r->kind == 'S' ? 1 : 0); /* relpages */
	row_real(f, r->kind == 'S' ? 1 : -1);
	row_int(f, 0);                    /* relallvisible */
	row_int(f, 0);                    /* reltoastrelid */
	row_bool(f, r->n_indexes > 0);
	row_bool(f, false);               /* relisshared */
	row_char(f, r->persistence);
	row_char(f, r->kind);
	row_int(f, last_attnum(r));
	row_int(f, checks);
	row_bool(f, r->kind == 'v');
	row_bool(f, table && system_has_triggers(f->schema, r));
	row_bool(f, false);               /* relhassubclass */
	row_bool(f, false);               /* relrowsecurity */
	row_bool(f, false);
	row_bool(f, true);                /* relispopulated */
	row_char(f, table ? 'd' : 'n');
	row_bool(f, false);               /* relispartition */
	row_int(f, 0);
	row_int(f, table ? FROZEN_XID : 0);
	row_int(f, table ? 1 : 0);
	row_nulls(f, 3);                  /* relacl, reloptions, relpartbound */
	row_end(f);
}

static void class_index(struct fill *f, const struct schema_relation *r, const struct schema_index *x)
{
	row_begin(f);
	row_int(f, x->oid);
	row_text(f, x->name);
	row_int(f, r->namespace_oid);
	row_int(f, 0);
	row_int(f, 0);
	row_int(f, BOOTSTRAP_ROLE_OID);
	row_int(f, BTREE_AM);
	row_int(f, x->oid);
	row_int(f, 0);
	row_int(f, 1);
	row_real(f, 0);
	row_int(f, 0);
	row_int(f, 0);
	row_bool(f, false);
	row_bool(f, false);
	row_char(f, r->persistence);
	row_char(f, 'i');
	row_int(f, (int64_t)x->n_keys);
	row_int(f, 0);
	row_bool(f, false);
	row_bool(f, false);
	row_bool(f, false);
	row_bool(f, false);
	row_bool(f, false);
	row_bool(f, true);
	row_char(f, 'n');
	row_bool(f, false);
	row_int(f, 0);
	row_int(f, 0);
	row_int(f, 0);
	row_nulls(f, 3);
	row_end(f);
}

static void fill_class(struct fill *f)
{
	const struct schema_relation *r;
	const struct schema_index *x;

	if (f->key == CLASS_OID) {
		r = schema_relation_by_oid(f->schema, (oid_t)f->key_int);
		x = r != NULL ? NULL : names_index_by_oid(f->schema, (oid_t)f->key_int, &r);
		if (x != NULL)
			class_index(f, r, x);
		else if (r != NULL && (system_is_user(r) || system_is_own(r)))
			class_relation(f, r);
		return;
	}
	for (struct walk w = walk_all(f); (r = walk_next(&w)) != NULL;) {
		class_relation(f, r);
		for (size_t i = 0; i < r->n_indexes; i++)
			class_index(f, r, &r->indexes[i]);
	}
}

/* ---- pg_attribute ---- */

/* type may be 0, of a dropped column */
static void attribute(struct fill *f, oid_t relation, const char *name, oid_t type, int32_t typmod,
		      int16_t attnum, const struct schema_column *c)
{
	const struct pg_type_row *t = pgcat_type(type);
	bool dropped = type == 0;
	bool is_array = t != NULL && t->typcategory == 'A';

	row_begin(f);
	row_int(f, relation);
	row_text(f, name);
	row_int(f, type);
	row_int(f, attnum < 0 || dropped ? 0 : -1);
	row_int(f, t == NULL ? (dropped ? 4 : -1) : t->typlen);
	row_int(f, attnum);
	row_int(f, is_array && c != NULL ? 1 : 0);
	row_int(f, -1);
	row_int(f, typmod);
	row_bool(f, t != NULL && t->typbyval);
	row_char(f, t == NULL ? 'd' : t->typalign);
	row_char(f, t == NULL ? 'x' : t->typstorage);
	row_char(f, '\0');
	row_bool(f, attnum < 0 || (c != NULL && c->not_null));
	row_bool(f, c != NULL && c->default_text != NULL && c->identity == '\0');
	row_bool(f, false);
	row_char(f, c == NULL ? '\0' : c->identity);
	row_char(f, c == NULL ? '\0' : c->generated);
	row_bool(f, dropped);
	row_bool(f, true);
	row_int(f, 0);
	row_int(f, c != NULL ? system_collation(c) : t != NULL && attnum > 0 ? t->typcollation : 0);
	row_nulls(f, 4);
	row_end(f);
}

static void attributes_of_relation(struct fill *f, const struct schema_relation *r)
{
	static const struct {
		const char *name;
		oid_t type;
		int16_t attnum;
	} system[] = {
		{ "tableoid", OIDOID, -6 }, { "cmax", CIDOID, -5 }, { "xmax", XIDOID, -4 },
		{ "cmin", CIDOID, -3 },     { "xmin", XIDOID, -2 }, { "ctid", TIDOID, -1 },
	};
	int16_t last = last_attnum(r);

	for (size_t i = 0; r->kind != 'v' && i < ARRAY_LEN(system); i++)
		attribute(f, r->oid, system[i].name, system[i].type, -1, system[i].attnum, NULL);
	for (int16_t n = 1; n <= last; n++) {
		const struct schema_column *c = schema_column_at(r, n);

		if (c != NULL)
			attribute(f, r->oid, c->name, c->type, c->typmod, n, c);
		else
			attribute(f, r->oid,
				  arena_printf(f->arena, "........pg.dropped.%d........", n), 0, -1, n,
				  NULL);
	}
}

static void attributes_of_index(struct fill *f, const struct schema_relation *r, const struct schema_index *x)
{
	for (size_t i = 0; i < x->n_keys; i++) {
		const struct schema_column *c = schema_column_at(r, x->keys[i].attnum);
		oid_t type = c == NULL ? TEXTOID : c->type == NAMEOID ? CSTRINGOID : c->type;

		attribute(f, x->oid, system_index_column_name(f->arena, r, x, i), type,
			  c == NULL ? -1 : c->typmod, (int16_t)(i + 1), NULL);
	}
}

static void fill_attribute(struct fill *f)
{
	const struct schema_relation *r;
	const struct schema_index *x;

	if (f->key == ATT_RELID) {
		r = schema_relation_by_oid(f->schema, (oid_t)f->key_int);
		x = r != NULL ? NULL : names_index_by_oid(f->schema, (oid_t)f->key_int, &r);
		if (x != NULL)
			attributes_of_index(f, r, x);
		else if (r != NULL && (system_is_user(r) || system_is_own(r)))
			attributes_of_relation(f, r);
		return;
	}
	for (struct walk w = walk_all(f); (r = walk_next(&w)) != NULL;) {
		attributes_of_relation(f, r);
		for (size_t i = 0; i < r->n_indexes; i++)
			attributes_of_index(f, r, &r->indexes[i]);
	}
}

static void fill_attrdef(struct fill *f)
{
	const struct schema_relation *r;

	for (struct walk w = walk_begin(f, ATTRDEF_RELID); (r = walk_next(&w)) != NULL;) {
		for (size_t i = 0; i < r->n_columns; i++) {
			const struct schema_column *c = &r->columns[i];

			if (c->default_text == NULL || c->identity != '\0')
				continue;
			row_begin(f);
			row_int(f, system_attrdef_oid(r->oid, c->attnum));
			row_int(f, r->oid);
			row_int(f, c->attnum);
			row_text(f, c->default_text);
			row_end(f);
		}
	}
}

/* ---- pg_type: the row types of relations ---- */

static void fill_type(struct fill *f)
{
	enum { RECORD_IN = 2290, RECORD_OUT = 2291, RECORD_RECV = 2402, RECORD_SEND = 2403 };
	const struct schema_relation *r;

	for (struct walk w = walk_begin(f, TYPE_RELID); (r = walk_next(&w)) != NULL;) {
		if (r->type == 0 || r->kind == 'S' || !fill_wants(f, TYPE_OID, r->type))
			continue;
		row_begin(f);
		row_int(f, r->type);
		row_text(f, r->name);
		row_int(f, r->namespace_oid);
		row_int(f, BOOTSTRAP_ROLE_OID);
		row_int(f, -1);
		row_bool(f, false);
		row_char(f, 'c');
		row_char(f, 'C');
		row_bool(f, false);
		row_bool(f, true);
		row_char(f, ',');
		row_int(f, r->oid);
		row_int(f, 0);
		row_int(f, 0);
		row_int(f, 0);
		row_int(f, RECORD_IN);
		row_int(f, RECORD_OUT);
		row_int(f, RECORD_RECV);
		row_int(f, RECORD_SEND);
		row_int(f, 0);
		row_int(f, 0);
		row_int(f, 0);
		row_char(f, 'd');
		row_char(f, 'x');
		row_bool(f, false);
		row_int(f, 0);
		row_int(f, -1);
		row_int(f, 0);
		row_int(f, 0);
		row_nulls(f, 3);
		row_end(f);
	}
}

static void fill_namespace(struct fill *f)
{
	size_t n;
	const struct schema_namespace *all = schema_namespaces(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i].oid < FIRST_USER_OID)
			continue; /* pgcat has it */
		row_begin(f);
		row_int(f, all[i].oid);
		row_text(f, all[i].name);
		row_int(f, BOOTSTRAP_ROLE_OID);
		row_null(f);
		row_end(f);
	}
}

/* ---- pg_index, pg_constraint ---- */

static const struct schema_constraint *constraint_of_index(const struct schema_relation *r,
							   const struct schema_index *x)
{
	for (size_t i = 0; i < r->n_constraints; i++) {
		if (r->constraints[i].oid == x->constraint && x->constraint != 0)
			return &r->constraints[i];
	}
	return NULL;
}

static void index_row(struct fill *f, const struct schema_relation *r, const struct schema_index *x)
{
	const struct schema_constraint *con = constraint_of_index(r, x);
	int64_t *keys = ARENA_ARRAY(f->arena, int64_t, 4 * x->n_keys);
	int64_t *collations, *classes, *options;
	const char *exprs = NULL;

	if (keys == NULL) {
		f->failed = true;
		return;
	}
	collations = keys + x->n_keys;
	classes = collations + x->n_keys;
	options = classes + x->n_keys;
	for (size_t i = 0; i < x->n_keys; i++) {
		const struct schema_index_key *k = &x->keys[i];
		const struct schema_column *c = schema_column_at(r, k->attnum);

		keys[i] = k->attnum;
		collations[i] = c != NULL ? system_collation(c) : DEFAULT_COLLATION;
		classes[i] = system_default_opclass(c != NULL ? c->type : TEXTOID);
		options[i] = (k->descending ? 1 : 0) | (k->nulls_first ? 2 : 0);
		if (k->attnum == 0)
			exprs = exprs == NULL ? k->text
					      : arena_printf(f->arena, "%s, %s", exprs, k->text);
	}
	row_begin(f);
	row_int(f, x->oid);
	row_int(f, r->oid);
	row_int(f, (int64_t)x->n_keys);
	row_int(f, (int64_t)x->n_keys);
	row_bool(f, x->unique);
	row_bool(f, false);
	row_bool(f, x->primary);
	row_bool(f, false);
	row_bool(f, con == NULL || !con->deferrable);
	row_bool(f, false);
	row_bool(f, true);
	row_bool(f, false);
	row_bool(f, true);
	row_bool(f, true);
	row_bool(f, false);
	row_form(f, form_vector(f, keys, x->n_keys));
	row_form(f, form_vector(f, collations, x->n_keys));
	row_form(f, form_vector(f, classes, x->n_keys));
	row_form(f, form_vector(f, options, x->n_keys));
	row_text(f, exprs);
	row_text(f, x->where_text);
	row_end(f);
}

static void fill_index(struct fill *f)
{
	const struct schema_relation *r;

	if (f->key == INDEX_OID) {
		const struct schema_index *x = names_index_by_oid(f->schema, (oid_t)f->key_int, &r);

		if (x != NULL)
			index_row(f, r, x);
		return;
	}
	for (struct walk w = walk_begin(f, INDEX_RELID); (r = walk_next(&w)) != NULL;) {
		for (size_t i = 0; i < r->n_indexes; i++)
			index_row(f, r, &r->indexes[i]);
	}
}

/* An array of attribute numbers; NULL for none. */
static const char *attnums(struct fill *f, const int16_t *columns, size_t n)
{
	int64_t *values = ARENA_ARRAY(f->arena, int64_t, n);

	if (n == 0)
		return NULL;
	for (size_t i = 0; values != NULL && i < n; i++)
		values[i] = columns[i];
	return values == NULL ? NULL : form_array(f, values, n);
}

/* The "=" of each pair of columns of a foreign key. */
static const char *key_operators(struct fill *f, const struct schema_constraint *c)
{
	const struct schema_relation *to = schema_relation_by_oid(f->schema, c->ref_relation);
	int64_t *values = ARENA_ARRAY(f->arena, int64_t, c->n_ref_columns);

	for (size_t i = 0; values != NULL && i < c->n_ref_columns; i++) {
		const struct schema_column *col =
			to == NULL ? NULL : schema_column_at(to, c->ref_columns[i]);

		values[i] = col == NULL ? 0 : pgcat_type_ordering(col->type).eq;
	}
	return values == NULL ? NULL : form_array(f, values, c->n_ref_columns);
}

static void constraint_row(struct fill *f, const struct schema_relation *r, const struct schema_constraint *c)
{
	bool foreign = c->type == 'f';
	const char *operators = foreign ? key_operators(f, c) : NULL;

	row_begin(f);
	row_int(f, c->oid);
	row_text(f, c->name);
	row_int(f, r->namespace_oid);
	row_char(f, c->type);
	row_bool(f, c->deferrable);
	row_bool(f, c->deferred);
	row_bool(f, true);
	row_int(f, r->oid);
	row_int(f, 0);
	row_int(f, c->index);
	row_int(f, 0);
	row_int(f, foreign ? c->ref_relation : 0);
	row_char(f, foreign ? c->on_update : ' ');
	row_char(f, foreign ? c->on_delete : ' ');
	row_char(f, foreign ? c->match : ' ');
	row_bool(f, true);
	row_int(f, 0);
	row_bool(f, c->type != 'c');
	row_form(f, attnums(f, c->columns, c->n_columns));
	row_form(f, foreign ? attnums(f, c->ref_columns, c->n_ref_columns) : NULL);
	row_form(f, operators);
	row_form(f, operators);
	row_form(f, operators);
	row_null(f);
	row_null(f);
	row_text(f, c->check_text);
	row_end(f);
}

static void fill_constraint(struct fill *f)
{
	const struct schema_relation *r;

	for (struct walk w = walk_begin(f, CONSTRAINT_RELID); (r = walk_next(&w)) != NULL;) {
		for (size_t i = 0; i < r->n_constraints; i++) {
			if (fill_wants(f, CONSTRAINT_OID, r->constraints[i].oid))
				constraint_row(f, r, &r->constraints[i]);
		}
	}
}

/* ---- pg_description, pg_depend, pg_rewrite ---- */

static void description(struct fill *f, oid_t object, oid_t class, int16_t sub, const char *text)
{
	if (text == NULL || !fill_wants(f, DESCRIPTION_OBJECT, object))
		return;
	row_begin(f);
	row_int(f, object);
	row_int(f, class);
	row_int(f, sub);
	row_text(f, text);
	row_end(f);
}

static void fill_description(struct fill *f)
{
	const struct schema_relation *r;
	size_t n;
	const struct schema_namespace *ns = schema_namespaces(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (ns[i].oid >= FIRST_USER_OID)
			description(f, ns[i].oid, PG_NAMESPACE_RELATION, 0, ns[i].comment);
	}
	for (struct walk w = walk_begin(f, -1); (r = walk_next(&w)) != NULL;) {
		description(f, r->oid, PG_CLASS_RELATION, 0, r->comment);
		for (size_t i = 0; i < r->n_columns; i++)
			description(f, r->oid, PG_CLASS_RELATION, r->columns[i].attnum,
				    r->columns[i].comment);
		for (size_t i = 0; i < r->n_indexes; i++)
			description(f, r->indexes[i].oid, PG_CLASS_RELATION, 0, r->indexes[i].comment);
		for (size_t i = 0; i < r->n_constraints; i++)
			description(f, r->constraints[i].oid, PG_CONSTRAINT_RELATION, 0,
				    r->constraints[i].comment);
	}
}

static void depend(struct fill *f, oid_t class, oid_t object, int64_t sub, oid_t ref_class, oid_t ref,
		   int64_t ref_sub, char type)
{
	enum { OBJECT = 1, REFERENCE = 4 };

	if (!fill_wants(f, OBJECT, object) || !fill_wants(f, REFERENCE, ref))
		return;
	row_begin(f);
	row_int(f, class);
	row_int(f, object);
	row_int(f, sub);
	row_int(f, ref_class);
	row_int(f, ref);
	row_int(f, ref_sub);
	row_char(f, type);
	row_end(f);
}

static void depend_relation(struct fill *f, const struct schema_relation *r)
{
	depend(f, PG_CLASS_RELATION, r->oid, 0, PG_NAMESPACE_RELATION, r->namespace_oid, 0, 'n');
	if (r->type != 0 && r->kind != 'S')
		depend(f, PG_TYPE_RELATION, r->type, 0, PG_CLASS_RELATION, r->oid, 0, 'i');
	if (r->kind == 'v')
		depend(f, PG_REWRITE_RELATION, system_rewrite_oid(r->oid), 0, PG_CLASS_RELATION, r->oid, 0,
		       'i');
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct schema_column *c = &r->columns[i];

		if (c->default_text != NULL && c->identity == '\0')
			depend(f, PG_ATTRDEF_RELATION, system_attrdef_oid(r->oid, c->attnum), 0,
			       PG_CLASS_RELATION, r->oid, c->attnum, c->generated != '\0' ? 'i' : 'a');
	}
	for (size_t i = 0; i < r->n_indexes; i++) {
		const struct schema_index *x = &r->indexes[i];

		if (x->constraint != 0) {
			depend(f, PG_CLASS_RELATION, x->oid, 0, PG_CONSTRAINT_RELATION, x->constraint, 0,
			       'i');
			continue;
		}
		for (size_t k = 0; k < x->n_keys; k++)
			depend(f, PG_CLASS_RELATION, x->oid, 0, PG_CLASS_RELATION, r->oid,
			       x->keys[k].attnum, 'a');
	}
	for (size_t i = 0; i < r->n_constraints; i++) {
		const struct schema_constraint *c = &r->constraints[i];

		if (c->n_columns == 0)
			depend(f, PG_CONSTRAINT_RELATION, c->oid, 0, PG_CLASS_RELATION, r->oid, 0, 'a');
		for (size_t k = 0; k < c->n_columns; k++)
			depend(f, PG_CONSTRAINT_RELATION, c->oid, 0, PG_CLASS_RELATION, r->oid,
			       c->columns[k], 'a');
		if (c->type != 'f')
			continue;
		for (size_t k = 0; k < c->n_ref_columns; k++)
			depend(f, PG_CONSTRAINT_RELATION, c->oid, 0, PG_CLASS_RELATION, c->ref_relation,
			       c->ref_columns[k], 'n');
		depend(f, PG_CONSTRAINT_RELATION, c->oid, 0, PG_CLASS_RELATION, c->index, 0, 'n');
	}
}

/* What views read: a table of ours that the schema in memory does not have. */
static void depend_views(struct fill *f)
{
	sqlite3_stmt *stmt;

	/* a database without our tables has no views of ours */
	if (sqlite3_prepare_v2(f->conn->db, "SELECT object, reference, number FROM main.pgblob_depend",
			       -1, &stmt, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(stmt) == SQLITE_ROW)
		depend(f, PG_REWRITE_RELATION,
		       system_rewrite_oid((oid_t)sqlite3_column_int64(stmt, 0)), 0, PG_CLASS_RELATION,
		       (oid_t)sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2), 'n');
	sqlite3_finalize(stmt);
}

static void fill_depend(struct fill *f)
{
	const struct schema_relation *r;
	size_t n;
	const struct schema_sequence *q = schema_sequences(f->schema, &n);

	for (struct walk w = walk_begin(f, -1); (r = walk_next(&w)) != NULL;)
		depend_relation(f, r);
	for (size_t i = 0; i < n; i++) {
		const struct schema_relation *owner;

		if (q[i].owned_by == 0)
			continue;
		depend(f, PG_CLASS_RELATION, q[i].oid, 0, PG_CLASS_RELATION, q[i].owned_by,
		       q[i].owned_column, q[i].owner_kind == 'i' ? 'i' : 'a');
		owner = schema_relation_by_oid(f->schema, q[i].owned_by);
		const struct schema_column *c =
			owner == NULL ? NULL : schema_column_at(owner, q[i].owned_column);
		if (c != NULL && c->default_text != NULL && c->identity == '\0')
			depend(f, PG_ATTRDEF_RELATION, system_attrdef_oid(q[i].owned_by, c->attnum), 0,
			       PG_CLASS_RELATION, q[i].oid, 0, 'n');
	}
	depend_views(f);
}

static void fill_rewrite(struct fill *f)
{
	const struct schema_relation *r;

	for (struct walk w = walk_begin(f, REWRITE_CLASS); (r = walk_next(&w)) != NULL;) {
		if (r->kind != 'v')
			continue;
		row_begin(f);
		row_int(f, system_rewrite_oid(r->oid));
		row_text(f, "_RETURN");
		row_int(f, r->oid);
		row_char(f, '1');
		row_char(f, 'O');
		row_bool(f, true);
		row_text(f, "<>");
		row_text(f, "<>");
		row_end(f);
	}
}

static void fill_sequence(struct fill *f)
{
	size_t n;
	const struct schema_sequence *q = schema_sequences(f->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (!fill_wants(f, SEQUENCE_OID, q[i].oid))
			continue;
		row_begin(f);
		row_int(f, q[i].oid);
		row_int(f, q[i].type);
		row_int(f, q[i].start);
		row_int(f, q[i].increment);
		row_int(f, q[i].max);
		row_int(f, q[i].min);
		row_int(f, q[i].cache);
		row_bool(f, q[i].cycle);
		row_end(f);
	}
}

/* ---- what belongs to the server ---- */

static const char *locale_setting(struct fill *f, const char *name)
{
	const char *value = f->env->setting == NULL ? NULL : f->env->setting(f->env, name);

	return value == NULL ? "C.UTF-8" : arena_strdup(f->arena, value);
}

static void database_row(void *arg, const struct sql_database_info *db)
{
	struct fill *f = arg;

	row_begin(f);
	row_int(f, names_database_oid(db->name));
	row_text(f, arena_strdup(f->arena, db->name));
	row_int(f, BOOTSTRAP_ROLE_OID);
	row_int(f, UTF8_ENCODING);
	row_char(f, 'c');
	row_bool(f, false);
	row_bool(f, true);
	row_int(f, -1);
	row_int(f, FROZEN_XID);
	row_int(f, 1);
	row_int(f, DEFAULT_TABLESPACE);
	row_text(f, locale_setting(f, "lc_collate"));
	row_text(f, locale_setting(f, "lc_ctype"));
	row_nulls(f, 3);
	row_end(f);
}

static void fill_database(struct fill *f)
{
	enum { DATNAME = 1 };
	struct sql_database_info this = { .name = f->env->database, .size = -1 };
	/* the session's own is known without asking the store */
	bool only_this = this.name != NULL &&
			 ((f->key == DATNAME && f->key_is_text && strcmp(f->key_text, this.name) == 0) ||
			  (f->key == 0 && f->key_int == names_database_oid(this.name)));

	if (f->env->list_databases != NULL && !only_this)
		fill_databases(f, database_row);
	else if (this.name != NULL)
		database_row(f, &this);
}

/* PostgreSQL's own roles, and the superuser under the name that this server gives it. */
static void fill_authid(struct fill *f)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_authid");

	for (uint32_t i = 0; i < rows->n_rows; i++) {
		oid_t oid = (oid_t)pgcat_field_int(rows, i, 0);
		bool super = oid == BOOTSTRAP_ROLE_OID;
		char *name = arena_alloc(f->arena, NAME_MAX_LEN + 1);

		if (name == NULL || !names_of_role(f->env, oid, name))
			continue;
		row_begin(f);
		row_int(f, oid);
		row_text(f, name);
		row_bool(f, super);
		row_bool(f, true);
		for (int column = 4; column <= 8; column++)
			row_bool(f, super);
		row_int(f, -1);
		row_null(f);
		row_null(f);
		row_end(f);
	}
}

/* Those that PostgreSQL does not have; each has one argument. */
static void fill_proc(struct fill *f)
{
	size_t n;
	const struct pg_proc_row *own = pgcat_own_procs(&n);

	for (size_t i = 0; i < n; i++) {
		const struct pg_proc_row *p = &own[i];
		int64_t type = p->proargtypes[0];

		row_begin(f);
		row_int(f, p->oid);
		row_text(f, p->proname);
		row_int(f, p->pronamespace);
		row_int(f, BOOTSTRAP_ROLE_OID);
		row_int(f, p->prolang);
		row_real(f, (double)p->procost);
		row_real(f, (double)p->prorows);
		row_zeros(f, 2); /* provariadic, prosupport */
		row_char(f, p->prokind);
		row_bool(f, false);
		row_bool(f, p->proleakproof);
		row_bool(f, p->proisstrict);
		row_bool(f, p->proretset);
		row_char(f, p->provolatile);
		row_char(f, p->proparallel);
		row_int(f, p->pronargs);
		row_zeros(f, 1); /* pronargdefaults */
		row_int(f, p->prorettype);
		row_form(f, form_vector(f, &type, 1));
		row_nulls(f, 2); /* proallargtypes, proargmodes */
		row_form(f, arena_printf(f->arena, "{%s}", p->proargnames[0]));
		row_nulls(f, 2); /* proargdefaults, protrftypes */
		row_text(f, p->prosrc);
		row_nulls(f, 4); /* probin, prosqlbody, proconfig, proacl */
		row_end(f);
	}
}

const struct system_def system_object_defs[] = {
	{ "pg_class", "oid relname relnamespace reltype relkind", fill_class, false, NULL },
	{ "pg_attribute", "attrelid attname", fill_attribute, false, NULL },
	{ "pg_attrdef", "oid adrelid", fill_attrdef, false, NULL },
	{ "pg_type", "oid typname typrelid typelem typarray", fill_type, false, NULL },
	{ "pg_namespace", "oid nspname", fill_namespace, false, NULL },
	{ "pg_index", "indexrelid indrelid", fill_index, false, NULL },
	{ "pg_constraint", "oid conname conrelid confrelid contype conindid", fill_constraint, false, NULL },
	{ "pg_description", "objoid", fill_description, false, NULL },
	{ "pg_depend", "objid refobjid", fill_depend, false, NULL },
	{ "pg_rewrite", "oid ev_class", fill_rewrite, false, NULL },
	{ "pg_sequence", "seqrelid", fill_sequence, false, NULL },
	{ "pg_database", "oid datname", fill_database, false, NULL },
	{ "pg_authid", "oid rolname", fill_authid, true, NULL },
	{ "pg_proc", "oid proname prorettype", fill_proc, false, NULL },
	{ "pg_operator", "oid oprname oprcode", NULL, false, NULL },
	{ "pg_cast", "oid castsource casttarget", NULL, false, NULL },
	{ "pg_collation", "oid collname", NULL, false, NULL },
	{ "pg_am", "oid amname", NULL, false, NULL },
	{ "pg_opclass", "oid opcname opcfamily opcmethod", NULL, false, NULL },
	{ "pg_opfamily", "oid opfname opfmethod", NULL, false, NULL },
	{ "pg_amop", "oid amopfamily amopopr", NULL, false, NULL },
	{ "pg_amproc", "oid amprocfamily", NULL, false, NULL },
	{ "pg_language", "oid lanname", NULL, false, NULL },
	{ "pg_tablespace", "oid spcname", NULL, false, NULL },
	{ "pg_range", "rngtypid rngmultitypid rngsubtype", NULL, false, NULL },
	{ "pg_ts_config", "oid cfgname", NULL, false, NULL },
	{ "pg_ts_dict", "oid dictname", NULL, false, NULL },
	{ NULL, NULL, NULL, false, NULL },
};
