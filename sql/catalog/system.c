/*
 * system.c - which system relations there are
 *
 * Names, OIDs and columns are those of pgcat's pg_class and pg_attribute; the list is made
 * once for the process.
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/system.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

enum { MAX_SYSTEM_RELATIONS = 256, SYSTEM_ARENA_MAX = 16 << 20, DECLARATION_MAX = 1 << 16 };

static struct {
	pthread_once_t once;
	struct arena arena;
	struct system_relation *all;
	const struct schema_relation **relations;
	size_t n;
	bool ok;
} made = { .once = PTHREAD_ONCE_INIT, .arena = ARENA_INIT(SYSTEM_ARENA_MAX) };

/* Columns of pgcat's pg_class and pg_attribute. */
enum { CLASS_OID, CLASS_NAME, CLASS_NAMESPACE, CLASS_TYPE, CLASS_KIND = 16 };
enum {
	ATT_RELID, ATT_NAME, ATT_TYPE, ATT_NUM = 5, ATT_TYPMOD = 8, ATT_NOTNULL = 13,
};

static const char *field_dup(const struct pgcat_rows *rows, uint32_t row, unsigned column)
{
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, row, column, &len, &null);

	return arena_strndup(&made.arena, at, len);
}

static const struct system_def *find_def(const char *name)
{
	const struct system_def *const tables[] = { system_object_defs, system_view_defs,
						    system_info_defs, system_pgblob_defs };

	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct system_def *d = tables[t]; d->name != NULL; d++) {
			if (strcmp(d->name, name) == 0)
				return d;
		}
	}
	return NULL;
}

/*
 * PostgreSQL tells a client the base type of a domain; a plain column of that type is
 * also all that the analyzer has to understand of information_schema's domains.
 */
static void flatten_domain(struct schema_column *c)
{
	const struct pg_type_row *t = pgcat_type(c->type);

	if (t == NULL || t->typtype != 'd')
		return;
	c->type = t->typbasetype;
	c->typmod = t->typtypmod;
}

static bool make_columns(struct schema_relation *r)
{
	const struct pgcat_rows *atts = pgcat_rows("pg_attribute");
	uint32_t n, at = pgcat_rows_with_key(atts, r->oid, &n);
	struct schema_column *columns = ARENA_ARRAY(&made.arena, struct schema_column, n);
	size_t used = 0;

	if (columns == NULL)
		return false;
	for (uint32_t i = at; i < at + n; i++) {
		if (pgcat_field_int(atts, i, ATT_NUM) <= 0)
			continue;
		struct schema_column *c = &columns[used++];
		size_t len;
		bool null;

		c->name = field_dup(atts, i, ATT_NAME);
		c->attnum = (int16_t)pgcat_field_int(atts, i, ATT_NUM);
		c->type = (oid_t)pgcat_field_int(atts, i, ATT_TYPE);
		c->typmod = (int32_t)pgcat_field_int(atts, i, ATT_TYPMOD);
		c->not_null = *pgcat_field(atts, i, ATT_NOTNULL, &len, &null) == 't';
		flatten_domain(c);
	}
	r->columns = columns;
	r->n_columns = used;
	return true;
}

/* Every key is a word of def->keys that names a column. */
static uint64_t make_keys(const struct system_relation *s)
{
	uint64_t keys = 0;

	for (const char *at = s->def->keys; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, " ");

		for (size_t i = 0; i < s->relation.n_columns && i < 64; i++) {
			const char *name = s->relation.columns[i].name;
			if (strncmp(name, at, len) == 0 && name[len] == '\0')
				keys |= (uint64_t)1 << i;
		}
		at += len;
		at += *at == ' ';
	}
	return keys;
}

static const char *make_declaration(const struct schema_relation *r)
{
	struct buf b = BUF_INIT(DECLARATION_MAX);

	buf_put_str(&b, "CREATE TABLE x(");
	for (size_t i = 0; i < r->n_columns; i++)
		buf_printf(&b, "%s\"%s\" %s", i == 0 ? "" : ", ", r->columns[i].name,
			   type_storage(r->columns[i].type));
	buf_put_str(&b, ")");
	const char *text = arena_strdup(&made.arena, buf_str(&b));
	if (b.failed)
		text = NULL;
	buf_free(&b);
	return text;
}

static bool make_one(struct system_relation *s, const struct pgcat_rows *class, uint32_t row)
{
	struct schema_relation *r = &s->relation;
	bool in_catalog = pgcat_field_int(class, row, CLASS_NAMESPACE) == PG_CATALOG_OID;
	size_t len;
	bool null;

	r->oid = (oid_t)pgcat_field_int(class, row, CLASS_OID);
	r->type = (oid_t)pgcat_field_int(class, row, CLASS_TYPE);
	r->name = field_dup(class, row, CLASS_NAME);
	r->namespace_oid = in_catalog ? PG_CATALOG_OID : INFORMATION_SCHEMA_OID;
	r->namespace_name = in_catalog ? "pg_catalog" : "information_schema";
	r->kind = *pgcat_field(class, row, CLASS_KIND, &len, &null);
	r->persistence = 'p';
	r->is_system = true;
	r->source = SOURCE_VTAB;
	r->sqlite_schema = "main";
	if (r->name == NULL || !make_columns(r))
		return false;
	r->sqlite_name = arena_printf(&made.arena, "%s.%s", r->namespace_name, r->name);
	s->rows = pgcat_rows(r->name);
	if (r->sqlite_name == NULL)
		return false;
	s->def = find_def(in_catalog ? r->name : r->sqlite_name);
	if (s->def != NULL) {
		s->keys = make_keys(s);
		if (s->def->all_by_fill)
			s->rows = NULL;
	}
	/* the first column is what pgcat's rows are sorted by, if it is a number */
	if (s->rows != NULL && strcmp(type_storage(r->columns[0].type), "INTEGER") == 0)
		s->keys |= 1;
	s->declaration = make_declaration(r);
	return s->declaration != NULL;
}

static bool make_own(struct system_relation *s, const struct system_own *own)
{
	struct schema_relation *r = &s->relation;
	struct schema_column *columns = ARENA_ARRAY(&made.arena, struct schema_column, own->n_columns);

	if (columns == NULL)
		return false;
	for (size_t i = 0; i < own->n_columns; i++)
		columns[i] = (struct schema_column){ .name = own->columns[i].name,
						     .attnum = (int16_t)(i + 1),
						     .type = own->columns[i].type,
						     .typmod = -1,
						     .not_null = i == 0 };
	*r = (struct schema_relation){ .oid = own->oid,
				       .name = own->name,
				       .namespace_oid = PG_CATALOG_OID,
				       .namespace_name = "pg_catalog",
				       .kind = 'v',
				       .persistence = 'p',
				       .is_system = true,
				       .source = SOURCE_VTAB,
				       .sqlite_schema = "main",
				       .sqlite_name = arena_printf(&made.arena, "pg_catalog.%s", own->name),
				       .columns = columns,
				       .n_columns = own->n_columns };
	s->def = find_def(own->name);
	s->keys = s->def != NULL ? make_keys(s) : 0;
	s->declaration = make_declaration(r);
	return r->sqlite_name != NULL && s->declaration != NULL;
}

static void make_all(void)
{
	const struct pgcat_rows *class = pgcat_rows("pg_class");

	made.all = ARENA_ARRAY(&made.arena, struct system_relation, MAX_SYSTEM_RELATIONS);
	made.relations = ARENA_ARRAY(&made.arena, const struct schema_relation *, MAX_SYSTEM_RELATIONS);
	if (made.all == NULL || made.relations == NULL)
		return;
	for (uint32_t i = 0; i < class->n_rows; i++) {
		int64_t namespace_oid = pgcat_field_int(class, i, CLASS_NAMESPACE);
		size_t len;
		bool null;
		char kind = *pgcat_field(class, i, CLASS_KIND, &len, &null);

		if ((namespace_oid != PG_CATALOG_OID && namespace_oid != INFORMATION_SCHEMA_OID) ||
		    (kind != 'r' && kind != 'v') || made.n == MAX_SYSTEM_RELATIONS)
			continue;
		if (!make_one(&made.all[made.n], class, i)) {
			made.n = 0;
			return;
		}
		made.relations[made.n] = &made.all[made.n].relation;
		made.n++;
	}
	for (const struct system_own *own = system_owns; own->name != NULL; own++) {
		if (made.n == MAX_SYSTEM_RELATIONS || !make_own(&made.all[made.n], own)) {
			made.n = 0;
			return;
		}
		made.relations[made.n] = &made.all[made.n].relation;
		made.n++;
	}
	made.ok = true;
}

const struct system_relation *system_all(size_t *n)
{
	pthread_once(&made.once, make_all);
	*n = made.n;
	return made.all;
}

const struct schema_relation *const *system_relations(size_t *n)
{
	pthread_once(&made.once, make_all);
	*n = made.n;
	return made.relations;
}

bool system_register(struct sql_conn *conn, struct sql_error *err)
{
	size_t n;
	const struct system_relation *all = system_all(&n);

	if (!made.ok)
		return sql_error_no_memory(err);
	for (size_t i = 0; i < n; i++) {
		struct system_binding *b = malloc(sizeof(*b));

		if (b == NULL)
			return sql_error_no_memory(err);
		b->conn = conn;
		b->relation = &all[i];
		/* frees b in any case */
		if (sqlite3_create_module_v2(conn->db, all[i].relation.sqlite_name, &system_module, b,
					     free) != SQLITE_OK)
			return sql_error_set(err, ERRCODE_INTERNAL, "could not register \"%s\": %s",
					     all[i].relation.sqlite_name, sqlite3_errmsg(conn->db));
	}
	return true;
}
