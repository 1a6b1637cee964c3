/*
 * schema_load.c - a struct schema from a database
 *
 * SQLite's own schema says which tables, views and columns there are; our
 * catalog tables say what they are for PostgreSQL.  Where the two disagree
 * SQLite is believed: another program may have altered the database.
 * Licence: MIT, see LICENSE.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "sql/catalog/schema_data.h"
#include "sql/catalog/sqlite_name.h"
#include "sql/catalog/store.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

/* OIDs of what other programs made: stable as long as the object is not rebuilt. */
enum { FOREIGN_TABLE_OID = 0x40000000, FOREIGN_VIEW_OID = 0x60000000, FOREIGN_INDEX_OID = 0x70000000 };

struct columns {
	struct schema_column *items;
	size_t n, cap;
};

struct constraints {
	struct schema_constraint *items;
	size_t n, cap;
};

struct indexes {
	struct schema_index *items;
	size_t n, cap;
};

/* A relation while its parts come in. */
struct building {
	struct schema_relation *r;
	struct columns known;   /* from our tables */
	struct columns columns; /* what SQLite has too */
	struct constraints constraints;
	struct indexes indexes;
	int n_primary; /* columns of SQLite's primary key */
	bool ours;     /* our tables know it */
	bool exists;   /* SQLite knows it */
	bool is_view;
};

struct buildings {
	struct building *items;
	size_t n, cap;
};

struct relations {
	const struct schema_relation **items;
	size_t n, cap;
};

struct namespaces {
	struct schema_namespace *items;
	size_t n, cap;
};

struct sequences {
	struct schema_sequence *items;
	size_t n, cap;
};

struct loader {
	struct sql_conn *conn;
	struct schema *schema;
	struct arena *arena; /* the schema's */
	struct sql_error *err;
	struct buildings buildings;
	struct namespaces namespaces;
	struct sequences sequences;
	struct relations relations;
	struct map by_sqlite_name; /* index in buildings + 1, as a pointer */
	struct map by_oid;
};

static bool no_memory(struct loader *l)
{
	return sql_error_no_memory(l->err);
}

static bool sqlite_failed(struct loader *l)
{
	if ((sqlite3_errcode(l->conn->db) & 0xff) == SQLITE_ERROR)
		return sql_error_set(l->err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(l->conn->db));
	return false; /* err not set: the extended code tells */
}

typedef bool (*row_fn)(struct loader *l, sqlite3_stmt *row);

/* Call `each` for every row of `sql`. */
static bool for_rows(struct loader *l, const char *sql, row_fn each)
{
	sqlite3_stmt *stmt;
	bool ok = true;
	int rc;

	if (sqlite3_prepare_v2(l->conn->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return sqlite_failed(l);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && ok)
		ok = each(l, stmt);
	sqlite3_finalize(stmt);
	if (!ok)
		return false;
	return rc == SQLITE_DONE ? true : sqlite_failed(l);
}

/* A copy of a column's text, NULL for null. */
static const char *text(struct loader *l, sqlite3_stmt *row, int i)
{
	const char *t = (const char *)sqlite3_column_text(row, i);

	return t == NULL ? NULL : arena_strdup(l->arena, t);
}

static char letter(sqlite3_stmt *row, int i)
{
	const char *t = (const char *)sqlite3_column_text(row, i);

	return t == NULL ? '\0' : t[0];
}

static struct building *building_by_oid(struct loader *l, oid_t oid)
{
	uintptr_t at = (uintptr_t)map_get_n(&l->by_oid, (const char *)&oid, sizeof(oid));

	return at == 0 ? NULL : &l->buildings.items[at - 1];
}

static struct building *building_named(struct loader *l, const char *sqlite_name)
{
	uintptr_t at = (uintptr_t)map_get(&l->by_sqlite_name, sqlite_name);

	return at == 0 ? NULL : &l->buildings.items[at - 1];
}

/* A new relation under `sqlite_name`; r is in the arena, the rest is empty. */
static struct building *add_building(struct loader *l, oid_t oid, const char *sqlite_name)
{
	struct building *b = VEC_PUSH(l->arena, &l->buildings);
	struct schema_relation *r = ARENA_NEW(l->arena, struct schema_relation);

	if (b == NULL || r == NULL ||
	    !map_put(&l->by_sqlite_name, sqlite_name, (void *)(uintptr_t)l->buildings.n, NULL) ||
	    !map_put_n(&l->by_oid, (const char *)&oid, sizeof(oid),
		       (void *)(uintptr_t)l->buildings.n, NULL)) {
		no_memory(l);
		return NULL;
	}
	r->oid = oid;
	r->sqlite_name = sqlite_name;
	r->sqlite_schema = "main";
	r->persistence = 'p';
	r->source = SOURCE_TABLE;
	b->r = r;
	return b;
}

static const char *namespace_name(struct loader *l, oid_t oid)
{
	for (size_t i = 0; i < l->namespaces.n; i++) {
		if (l->namespaces.items[i].oid == oid)
			return l->namespaces.items[i].name;
	}
	return NULL;
}

/* The OID of a schema, 0 if there is none such. */
static oid_t namespace_oid(struct loader *l, const char *name)
{
	for (size_t i = 0; i < l->namespaces.n; i++) {
		if (strcmp(l->namespaces.items[i].name, name) == 0)
			return l->namespaces.items[i].oid;
	}
	return 0;
}

static bool load_namespace(struct loader *l, sqlite3_stmt *row)
{
	struct schema_namespace *n = VEC_PUSH(l->arena, &l->namespaces);

	if (n == NULL)
		return no_memory(l);
	n->oid = (oid_t)sqlite3_column_int64(row, 0);
	n->name = text(l, row, 1);
	n->comment = text(l, row, 2);
	return n->name != NULL || no_memory(l);
}

static bool add_system_namespaces(struct loader *l)
{
	static const struct schema_namespace system[] = {
		{ PG_CATALOG_OID, "pg_catalog", "system catalog schema" },
		{ PG_TOAST_OID, "pg_toast", "reserved schema for TOAST tables" },
		{ PUBLIC_OID, "public", "standard public schema" },
		{ INFORMATION_SCHEMA_OID, "information_schema", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(system); i++) {
		struct schema_namespace *n = VEC_PUSH(l->arena, &l->namespaces);

		if (n == NULL)
			return no_memory(l);
		*n = system[i];
	}
	return true;
}

/* oid, name, namespace, kind, type, sqlite_name, definition, comment */
static bool load_class(struct loader *l, sqlite3_stmt *row)
{
	const char *sqlite_name = text(l, row, 5);

	if (sqlite_name == NULL)
		return no_memory(l);
	struct building *b = add_building(l, (oid_t)sqlite3_column_int64(row, 0), sqlite_name);
	if (b == NULL)
		return false;
	b->ours = true;
	b->r->name = text(l, row, 1);
	b->r->namespace_oid = (oid_t)sqlite3_column_int64(row, 2);
	b->r->namespace_name = namespace_name(l, b->r->namespace_oid);
	b->r->kind = letter(row, 3);
	b->r->type = (oid_t)sqlite3_column_int64(row, 4);
	b->r->view_text = text(l, row, 6);
	b->r->comment = text(l, row, 7);
	if (b->r->namespace_name == NULL)
		return sql_error_set(l->err, ERRCODE_DATA_CORRUPTED,
				     "relation \"%s\" is in a schema that does not exist", b->r->name);
	return b->r->name != NULL || no_memory(l);
}

/* relation, number, name, type, typmod, not_null, identity, generated, default_text, collation, comment */
static bool load_attribute(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_by_oid(l, (oid_t)sqlite3_column_int64(row, 0));

	if (b == NULL)
		return true;
	struct schema_column *c = VEC_PUSH(l->arena, &b->known);
	if (c == NULL)
		return no_memory(l);
	c->attnum = (int16_t)sqlite3_column_int(row, 1);
	c->name = text(l, row, 2);
	c->type = (oid_t)sqlite3_column_int64(row, 3);
	c->typmod = sqlite3_column_int(row, 4);
	c->not_null = sqlite3_column_int(row, 5) != 0;
	c->identity = letter(row, 6);
	c->generated = letter(row, 7);
	c->default_text = text(l, row, 8);
	c->has_default = c->default_text != NULL;
	c->collation = text(l, row, 9);
	c->comment = text(l, row, 10);
	return c->name != NULL || no_memory(l);
}

/* Numbers with blanks between, into the arena. */
static const int16_t *numbers(struct loader *l, sqlite3_stmt *row, int i, size_t *n)
{
	const char *t = (const char *)sqlite3_column_text(row, i);
	struct {
		int16_t *items;
		size_t n, cap;
	} v = { 0 };

	while (t != NULL && *t != '\0') {
		char *end;
		long number = strtol(t, &end, 10);
		int16_t *at = end == t ? NULL : VEC_PUSH(l->arena, &v);

		if (at == NULL)
			break;
		*at = (int16_t)number;
		t = *end == ' ' ? end + 1 : end;
	}
	*n = v.n;
	return v.items;
}

static bool load_constraint(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_by_oid(l, (oid_t)sqlite3_column_int64(row, 1));

	if (b == NULL)
		return true;
	struct schema_constraint *c = VEC_PUSH(l->arena, &b->constraints);
	if (c == NULL)
		return no_memory(l);
	c->oid = (oid_t)sqlite3_column_int64(row, 0);
	c->name = text(l, row, 2);
	c->type = letter(row, 3);
	c->columns = numbers(l, row, 4, &c->n_columns);
	c->index = (oid_t)sqlite3_column_int64(row, 5);
	c->ref_relation = (oid_t)sqlite3_column_int64(row, 6);
	c->ref_columns = numbers(l, row, 7, &c->n_ref_columns);
	c->on_update = letter(row, 8);
	c->on_delete = letter(row, 9);
	c->match = letter(row, 10);
	c->deferrable = sqlite3_column_int(row, 11) != 0;
	c->deferred = sqlite3_column_int(row, 12) != 0;
	c->check_text = text(l, row, 13);
	c->comment = text(l, row, 14);
	return c->name != NULL || no_memory(l);
}

static bool load_index(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_by_oid(l, (oid_t)sqlite3_column_int64(row, 1));

	if (b == NULL)
		return true;
	struct schema_index *x = VEC_PUSH(l->arena, &b->indexes);
	if (x == NULL)
		return no_memory(l);
	x->oid = (oid_t)sqlite3_column_int64(row, 0);
	x->name = text(l, row, 2);
	x->sqlite_name = text(l, row, 3);
	x->unique = sqlite3_column_int(row, 4) != 0;
	x->primary = sqlite3_column_int(row, 5) != 0;
	x->where_text = text(l, row, 6);
	x->constraint = (oid_t)sqlite3_column_int64(row, 7);
	x->comment = text(l, row, 8);
	return x->name != NULL || no_memory(l);
}

/* relation, index_oid, number, text, descending, nulls_first; by index and position */
static bool load_index_key(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_by_oid(l, (oid_t)sqlite3_column_int64(row, 0));
	oid_t oid = (oid_t)sqlite3_column_int64(row, 1);

	for (size_t i = 0; b != NULL && i < b->indexes.n; i++) {
		struct schema_index *x = &b->indexes.items[i];
		struct schema_index_key *keys;

		if (x->oid != oid)
			continue;
		/* few keys: a new array for each is cheap */
		keys = ARENA_ARRAY(l->arena, struct schema_index_key, x->n_keys + 1);
		if (keys == NULL)
			return no_memory(l);
		if (x->n_keys > 0)
			memcpy(keys, x->keys, x->n_keys * sizeof(keys[0]));
		keys[x->n_keys++] = (struct schema_index_key){
			.attnum = (int16_t)sqlite3_column_int(row, 2),
			.text = text(l, row, 3),
			.descending = sqlite3_column_int(row, 4) != 0,
			.nulls_first = sqlite3_column_int(row, 5) != 0,
		};
		x->keys = keys;
	}
	return true;
}

static bool load_sequence(struct loader *l, sqlite3_stmt *row)
{
	struct schema_sequence *q = VEC_PUSH(l->arena, &l->sequences);

	if (q == NULL)
		return no_memory(l);
	q->oid = (oid_t)sqlite3_column_int64(row, 0);
	q->name = text(l, row, 1);
	q->namespace_name = namespace_name(l, (oid_t)sqlite3_column_int64(row, 2));
	q->type = (oid_t)sqlite3_column_int64(row, 3);
	q->start = sqlite3_column_int64(row, 4);
	q->increment = sqlite3_column_int64(row, 5);
	q->min = sqlite3_column_int64(row, 6);
	q->max = sqlite3_column_int64(row, 7);
	q->cache = sqlite3_column_int64(row, 8);
	q->cycle = sqlite3_column_int(row, 9) != 0;
	q->owned_by = (oid_t)sqlite3_column_int64(row, 10);
	q->owned_column = (int16_t)sqlite3_column_int(row, 11);
	q->owner_kind = letter(row, 12);
	q->comment = text(l, row, 13);
	if (q->name == NULL)
		return no_memory(l);
	if (q->namespace_name == NULL)
		return sql_error_set(l->err, ERRCODE_DATA_CORRUPTED,
				     "sequence \"%s\" is in a schema that does not exist", q->name);

	/* the view of its name is a relation of kind S */
	static const struct schema_column state[] = {
		{ .name = "last_value", .attnum = 1, .type = INT8OID, .typmod = -1, .not_null = true },
		{ .name = "log_cnt", .attnum = 2, .type = INT8OID, .typmod = -1, .not_null = true },
		{ .name = "is_called", .attnum = 3, .type = BOOLOID, .typmod = -1, .not_null = true },
	};
	const char *sqlite_name = sqlite_name_of(l->arena, q->namespace_name, q->name);
	struct building *b =
		sqlite_name == NULL ? NULL : add_building(l, q->oid, sqlite_name);
	if (b == NULL)
		return sqlite_name == NULL ? no_memory(l) : false;
	b->ours = true;
	b->r->name = q->name;
	b->r->namespace_name = q->namespace_name;
	b->r->namespace_oid = (oid_t)sqlite3_column_int64(row, 2);
	b->r->kind = 'S';
	b->r->comment = q->comment;
	for (size_t i = 0; i < ARRAY_LEN(state); i++) {
		struct schema_column *c = VEC_PUSH(l->arena, &b->known);

		if (c == NULL)
			return no_memory(l);
		*c = state[i];
	}
	return true;
}

static bool load_our_tables(struct loader *l)
{
	return for_rows(l,
			"SELECT oid, name, d.text FROM pgblob_namespace LEFT JOIN pgblob_description d"
			" ON d.object = oid AND d.number = 0",
			load_namespace) &&
	       for_rows(l,
			"SELECT oid, name, namespace, kind, type, sqlite_name, definition, d.text"
			" FROM pgblob_class LEFT JOIN pgblob_description d"
			" ON d.object = oid AND d.number = 0",
			load_class) &&
	       for_rows(l,
			"SELECT relation, a.number, name, type, typmod, not_null, identity, generated,"
			" default_text, collation, d.text FROM pgblob_attribute a"
			" LEFT JOIN pgblob_description d ON d.object = relation AND d.number = a.number",
			load_attribute) &&
	       for_rows(l,
			"SELECT oid, relation, name, type, columns, index_oid, ref_relation, ref_columns,"
			" on_update, on_delete, match, is_deferrable, is_deferred, check_text, d.text"
			" FROM pgblob_constraint LEFT JOIN pgblob_description d"
			" ON d.object = oid AND d.number = 0",
			load_constraint) &&
	       for_rows(l,
			"SELECT oid, relation, name, sqlite_name, is_unique, is_primary, where_text,"
			" constraint_oid, d.text FROM pgblob_index LEFT JOIN pgblob_description d"
			" ON d.object = oid AND d.number = 0",
			load_index) &&
	       for_rows(l,
			"SELECT x.relation, index_oid, k.number, k.text, descending, nulls_first"
			" FROM pgblob_index_key k JOIN pgblob_index x ON x.oid = index_oid"
			" ORDER BY index_oid, position",
			load_index_key) &&
	       for_rows(l,
			"SELECT oid, name, namespace, type, start, increment, min, max, cache, cycle,"
			" owned_by, owned_column, owner_kind, d.text FROM pgblob_sequence"
			" LEFT JOIN pgblob_description d ON d.object = oid AND d.number = 0",
			load_sequence);
}

/* type, name, rootpage, rowid of sqlite_schema */
static bool load_sqlite_relation(struct loader *l, sqlite3_stmt *row)
{
	const char *name = (const char *)sqlite3_column_text(row, 1);
	bool is_view = letter(row, 0) == 'v';

	if (name == NULL || sqlite_name_is_internal(name))
		return true;
	struct building *b = building_named(l, name);
	if (b == NULL) {
		oid_t oid = is_view ? FOREIGN_VIEW_OID + (oid_t)sqlite3_column_int64(row, 3)
				    : FOREIGN_TABLE_OID + (oid_t)sqlite3_column_int64(row, 2);
		const char *copy = text(l, row, 1);

		b = copy == NULL ? NULL : add_building(l, oid, copy);
		if (b == NULL)
			return copy == NULL ? no_memory(l) : false;
		if (!sqlite_name_split(l->arena, copy, &b->r->namespace_name, &b->r->name))
			return no_memory(l);
		/* a dot in the name need not mean one of our schemas */
		b->r->namespace_oid = namespace_oid(l, b->r->namespace_name);
		if (b->r->namespace_oid < FIRST_USER_OID && b->r->namespace_oid != PUBLIC_OID) {
			b->r->namespace_name = "public";
			b->r->namespace_oid = PUBLIC_OID;
			b->r->name = copy;
		}
		b->r->kind = is_view ? 'v' : 'r';
	}
	b->exists = true;
	b->is_view = is_view;
	return true;
}

/* The PostgreSQL type of a column that only SQLite knows, by SQLite's own affinity rules. */
static oid_t type_of_declaration(const char *declared)
{
	static const struct {
		const char *part;
		oid_t type;
	} rules[] = {
		{ "INT", INT8OID },  { "CHAR", TEXTOID },   { "CLOB", TEXTOID },   { "TEXT", TEXTOID },
		{ "BLOB", BYTEAOID }, { "REAL", FLOAT8OID }, { "FLOA", FLOAT8OID }, { "DOUB", FLOAT8OID },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (strcasestr(declared, rules[i].part) != NULL)
			return rules[i].type;
	}
	/* no type at all, as of an expression in a view: anything may be there, and text tells most */
	return TEXTOID;
}

static int16_t largest_attnum(const struct building *b)
{
	int16_t largest = 0;

	for (size_t i = 0; i < b->known.n; i++) {
		if (b->known.items[i].attnum > largest)
			largest = b->known.items[i].attnum;
	}
	for (size_t i = 0; i < b->columns.n; i++) {
		if (b->columns.items[i].attnum > largest)
			largest = b->columns.items[i].attnum;
	}
	return largest;
}

/* table, column, declared type, notnull, default, pk, hidden; in SQLite's order */
static bool load_sqlite_column(struct loader *l, sqlite3_stmt *row)
{
	const char *table = (const char *)sqlite3_column_text(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *declared = (const char *)sqlite3_column_text(row, 2);
	struct building *b = table == NULL ? NULL : building_named(l, table);
	int pk = sqlite3_column_int(row, 5);
	int hidden = sqlite3_column_int(row, 6);

	if (b == NULL || name == NULL || hidden == 1)
		return true;
	struct schema_column *c = VEC_PUSH(l->arena, &b->columns);
	if (c == NULL)
		return no_memory(l);
	const struct schema_column *known = NULL;
	for (size_t i = 0; i < b->known.n && known == NULL; i++) {
		if (strcmp(b->known.items[i].name, name) == 0)
			known = &b->known.items[i];
	}
	if (known != NULL) {
		*c = *known;
	} else {
		c->name = text(l, row, 1);
		c->attnum = (int16_t)(largest_attnum(b) + 1);
		c->type = type_of_declaration(declared == NULL ? "" : declared);
		c->typmod = -1;
		c->not_null = sqlite3_column_int(row, 3) != 0 || pk > 0;
		/* a default is SQLite's to apply: its text is not PostgreSQL's */
		c->generated = hidden > 1 ? 's' : '\0';
		if (c->name == NULL)
			return no_memory(l);
	}
	if (pk > 0) {
		b->n_primary++;
		b->r->rowid_column = 0;
		if (b->n_primary == 1 && declared != NULL && strcasecmp(declared, "INTEGER") == 0)
			b->r->rowid_column = c->attnum;
	}
	return true;
}

/* name of a table WITHOUT ROWID */
static bool load_without_rowid(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_named(l, (const char *)sqlite3_column_text(row, 0));

	if (b != NULL)
		b->r->rowid_column = 0;
	return true;
}

/*
 * table, index, unique, origin, partial, rootpage, column number (cid), column
 * name, descending; one row a key column, in order.  Only for tables that other
 * programs made.
 */
static bool load_foreign_index(struct loader *l, sqlite3_stmt *row)
{
	struct building *b = building_named(l, (const char *)sqlite3_column_text(row, 0));
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *column = (const char *)sqlite3_column_text(row, 7);

	if (b == NULL || b->ours || name == NULL)
		return true;
	struct schema_index *x = b->indexes.n == 0 ? NULL : &b->indexes.items[b->indexes.n - 1];
	if (x == NULL || strcmp(x->sqlite_name, name) != 0) {
		x = VEC_PUSH(l->arena, &b->indexes);
		if (x == NULL)
			return no_memory(l);
		x->oid = FOREIGN_INDEX_OID + (oid_t)sqlite3_column_int64(row, 5);
		x->sqlite_name = text(l, row, 1);
		x->name = x->sqlite_name;
		x->unique = sqlite3_column_int(row, 2) != 0;
		x->primary = letter(row, 3) == 'p';
		if (x->sqlite_name == NULL)
			return no_memory(l);
	}
	const struct schema_column *c = NULL;
	for (size_t i = 0; column != NULL && i < b->columns.n; i++) {
		if (strcmp(b->columns.items[i].name, column) == 0)
			c = &b->columns.items[i];
	}
	struct schema_index_key *keys = ARENA_ARRAY(l->arena, struct schema_index_key, x->n_keys + 1);
	if (keys == NULL)
		return no_memory(l);
	if (x->n_keys > 0)
		memcpy(keys, x->keys, x->n_keys * sizeof(keys[0]));
	keys[x->n_keys++] = (struct schema_index_key){
		.attnum = c == NULL ? 0 : c->attnum,
		.text = c == NULL ? "?" : NULL,
		.descending = sqlite3_column_int(row, 8) != 0,
	};
	x->keys = keys;
	return true;
}

/* The primary key of a table that another program made, as PostgreSQL would name it. */
static bool add_foreign_primary_key(struct loader *l, struct building *b)
{
	const struct schema_index *index = NULL;
	int16_t *columns;
	size_t n = 0;

	for (size_t i = 0; i < b->indexes.n && index == NULL; i++) {
		if (b->indexes.items[i].primary)
			index = &b->indexes.items[i];
	}
	if (index == NULL && b->r->rowid_column == 0)
		return true;
	struct schema_constraint *c = VEC_PUSH(l->arena, &b->constraints);
	columns = ARENA_ARRAY(l->arena, int16_t, index == NULL ? 1 : index->n_keys);
	const char *name = arena_printf(l->arena, "%s_pkey", b->r->name);
	if (c == NULL || columns == NULL || name == NULL)
		return no_memory(l);
	if (index == NULL) {
		struct schema_index *x = VEC_PUSH(l->arena, &b->indexes);
		struct schema_index_key *key = ARENA_NEW(l->arena, struct schema_index_key);

		if (x == NULL || key == NULL)
			return no_memory(l);
		key->attnum = b->r->rowid_column;
		*x = (struct schema_index){
			.oid = FOREIGN_INDEX_OID + (b->r->oid - FOREIGN_TABLE_OID) + 0x8000000,
			.name = name,
			.unique = true,
			.primary = true,
			.keys = key,
			.n_keys = 1,
		};
		index = x;
	}
	for (size_t i = 0; i < index->n_keys; i++)
		columns[n++] = index->keys[i].attnum;
	*c = (struct schema_constraint){
		.oid = index->oid + 0x4000000,
		.name = name,
		.type = 'p',
		.columns = columns,
		.n_columns = n,
		.index = index->oid,
	};
	for (size_t i = 0; i < b->indexes.n; i++) {
		if (b->indexes.items[i].oid == index->oid) {
			b->indexes.items[i].constraint = c->oid;
			b->indexes.items[i].name = name;
		}
	}
	return true;
}

static bool load_sqlite_schema(struct loader *l)
{
	return for_rows(l,
			"SELECT type, name, rootpage, rowid FROM main.sqlite_schema"
			" WHERE type IN ('table', 'view')",
			load_sqlite_relation) &&
	       for_rows(l,
			"SELECT m.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden"
			" FROM main.sqlite_schema m JOIN pragma_table_xinfo(m.name) x"
			" WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
			" AND m.name NOT LIKE 'pgblob\\_%' ESCAPE '\\' ORDER BY m.rowid, x.cid",
			load_sqlite_column) &&
	       for_rows(l, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr",
			load_without_rowid) &&
	       for_rows(l,
			"SELECT m.name, i.name, i.\"unique\", i.origin, i.partial, s.rootpage, x.cid, x.name,"
			" x.\"desc\" FROM main.sqlite_schema m JOIN pragma_index_list(m.name) i"
			" JOIN main.sqlite_schema s ON s.type = 'index' AND s.name = i.name"
			" JOIN pragma_index_xinfo(i.name) x ON x.key"
			" WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
			" AND m.name NOT LIKE 'pgblob\\_%' ESCAPE '\\'"
			" ORDER BY m.rowid, i.seq DESC, x.seqno",
			load_foreign_index);
}

/* Identity columns take their numbers from the sequence that they own. */
static bool set_identity_default(struct loader *l, const struct schema_sequence *q)
{
	struct building *b = q->owner_kind == 'i' ? building_by_oid(l, q->owned_by) : NULL;

	for (size_t i = 0; b != NULL && i < b->columns.n; i++) {
		struct schema_column *c = &b->columns.items[i];

		if (c->attnum != q->owned_column)
			continue;
		c->default_text = arena_printf(l->arena, "nextval(%u::regclass)", q->oid);
		if (c->default_text == NULL)
			return no_memory(l);
	}
	return true;
}

static bool finish(struct loader *l)
{
	size_t n_system;
	const struct schema_relation *const *system = system_relations(&n_system);

	for (size_t i = 0; i < n_system; i++) {
		const struct schema_relation **at = VEC_PUSH(l->arena, &l->relations);

		if (at == NULL)
			return no_memory(l);
		*at = system[i];
	}
	for (size_t i = 0; i < l->sequences.n; i++) {
		if (!set_identity_default(l, &l->sequences.items[i]))
			return false;
	}
	for (size_t i = 0; i < l->buildings.n; i++) {
		struct building *b = &l->buildings.items[i];
		const struct schema_relation **at;

		if (!b->exists)
			continue;
		if (!b->ours && !b->is_view && !add_foreign_primary_key(l, b))
			return false;
		if (b->n_primary != 1)
			b->r->rowid_column = 0;
		b->r->columns = b->columns.items;
		b->r->n_columns = b->columns.n;
		b->r->constraints = b->constraints.items;
		b->r->n_constraints = b->constraints.n;
		b->r->indexes = b->indexes.items;
		b->r->n_indexes = b->indexes.n;
		at = VEC_PUSH(l->arena, &l->relations);
		if (at == NULL)
			return no_memory(l);
		*at = b->r;
	}
	l->schema->relations = l->relations.items;
	l->schema->n_relations = l->relations.n;
	l->schema->namespaces = l->namespaces.items;
	l->schema->n_namespaces = l->namespaces.n;
	l->schema->sequences = l->sequences.items;
	l->schema->n_sequences = l->sequences.n;
	return schema_index(l->schema) || no_memory(l);
}

bool schema_load(struct sql_conn *conn, struct schema **out, struct sql_error *err)
{
	struct schema *s = schema_new();
	bool ours;
	bool ok = false;

	if (s == NULL)
		return sql_error_no_memory(err);
	struct loader l = { .conn = conn, .schema = s, .arena = &s->arena, .err = err };
	/* all of it from one snapshot */
	bool own_snapshot = sqlite3_get_autocommit(conn->db) != 0;
	if (own_snapshot && !store_exec(conn, err, "BEGIN"))
		goto out;
	if (!store_exists(conn, &ours, err))
		goto out;
	ok = add_system_namespaces(&l) && (!ours || load_our_tables(&l)) &&
	     load_sqlite_schema(&l) && finish(&l);
	if (ok && s->arena.failed)
		ok = no_memory(&l);
out:
	if (own_snapshot && sqlite3_get_autocommit(conn->db) == 0)
		(void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
	map_free(&l.by_sqlite_name);
	map_free(&l.by_oid);
	if (ok)
		*out = s;
	else
		schema_unref(s);
	return ok;
}
