/*
 * describe.c - the SQL that would make an object again
 *
 * Expressions are kept as PostgreSQL's text with all its brackets; "pretty" drops the
 * outermost ones, PostgreSQL also those inside that precedence makes needless.
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/pgcat.h"
#include "sql/schema.h"
#include "sql/type.h"

/* Where the bracket that opens at text[0] closes; NULL if it does not. */
static const char *closing(const char *text)
{
	int depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'' || *p == '"') {
			char quote = *p;

			for (p++; *p != '\0' && *p != quote; p++)
				;
			if (*p == '\0')
				return NULL;
		} else if (*p == '(') {
			depth++;
		} else if (*p == ')' && --depth == 0) {
			return p;
		}
	}
	return NULL;
}

/* Is all of it in one pair of brackets? */
static bool in_brackets(const char *text)
{
	const char *end = text[0] == '(' ? closing(text) : NULL;

	return end != NULL && end[1] == '\0';
}

/* Is it one call of a function? */
static bool is_call(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789.");

	if (n == 0 || text[n] != '(')
		return false;
	const char *end = closing(text + n);
	return end != NULL && end[1] == '\0';
}

void describe_expression(const char *text, bool pretty, struct buf *out)
{
	if (pretty && in_brackets(text))
		buf_put(out, text + 1, strlen(text) - 2);
	else
		buf_put_str(out, text);
}

static void put_relation(const struct schema *schema, const struct sql_env *env,
			 const struct schema_relation *r, bool pretty, struct buf *out)
{
	bool exists;
	bool visible = pretty && names_is_visible(schema, env, PG_CLASS_RELATION, r->oid, &exists);

	names_quote_qualified(out, visible ? NULL : r->namespace_name, r->name);
}

static void put_column(const struct schema_relation *r, int16_t attnum, struct buf *out)
{
	const struct schema_column *c = schema_column_at(r, attnum);

	names_quote(out, c == NULL ? "?" : c->name);
}

static void put_columns(const struct schema_relation *r, const int16_t *columns, size_t n, struct buf *out)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		put_column(r, columns[i], out);
	}
	buf_put_byte(out, ')');
}

void describe_index_key(const struct schema_relation *r, const struct schema_index *x, size_t i,
			bool pretty, struct buf *out)
{
	const struct schema_index_key *k = &x->keys[i];

	if (k->attnum != 0) {
		put_column(r, k->attnum, out);
	} else if (is_call(k->text)) {
		buf_put_str(out, k->text);
	} else {
		buf_put_byte(out, '(');
		describe_expression(k->text, pretty, out);
		buf_put_byte(out, ')');
	}
}

void describe_index(const struct schema *schema, const struct sql_env *env,
		    const struct schema_relation *r, const struct schema_index *x, bool pretty,
		    struct buf *out)
{
	buf_printf(out, "CREATE %sINDEX ", x->unique ? "UNIQUE " : "");
	names_quote(out, x->name);
	buf_put_str(out, " ON ");
	put_relation(schema, env, r, pretty, out);
	buf_put_str(out, " USING btree (");
	for (size_t i = 0; i < x->n_keys; i++) {
		const struct schema_index_key *k = &x->keys[i];

		if (i > 0)
			buf_put_str(out, ", ");
		describe_index_key(r, x, i, pretty, out);
		if (k->descending) {
			buf_put_str(out, " DESC");
			if (!k->nulls_first)
				buf_put_str(out, " NULLS LAST");
		} else if (k->nulls_first) {
			buf_put_str(out, " NULLS FIRST");
		}
	}
	buf_put_byte(out, ')');
	if (x->where_text != NULL) {
		buf_put_str(out, " WHERE ");
		describe_expression(x->where_text, pretty, out);
	}
}

static void put_action(const char *event, char action, struct buf *out)
{
	const char *text = action == 'r'   ? "RESTRICT"
			   : action == 'c' ? "CASCADE"
			   : action == 'n' ? "SET NULL"
			   : action == 'd' ? "SET DEFAULT"
					   : NULL;

	if (text != NULL)
		buf_printf(out, " ON %s %s", event, text);
}

void describe_constraint(const struct schema *schema, const struct sql_env *env,
			 const struct schema_relation *r, const struct schema_constraint *c, bool pretty,
			 struct buf *out)
{
	const struct schema_relation *to;

	switch (c->type) {
	case 'p':
	case 'u':
		buf_put_str(out, c->type == 'p' ? "PRIMARY KEY " : "UNIQUE ");
		put_columns(r, c->columns, c->n_columns, out);
		break;
	case 'f':
		buf_put_str(out, "FOREIGN KEY ");
		put_columns(r, c->columns, c->n_columns, out);
		buf_put_str(out, " REFERENCES ");
		to = schema_relation_by_oid(schema, c->ref_relation);
		if (to != NULL) {
			/* PostgreSQL goes by the search path here even if it is not to be pretty */
			put_relation(schema, env, to, true, out);
			put_columns(to, c->ref_columns, c->n_ref_columns, out);
		}
		if (c->match == 'f')
			buf_put_str(out, " MATCH FULL");
		put_action("UPDATE", c->on_update, out);
		put_action("DELETE", c->on_delete, out);
		break;
	default:
		buf_put_str(out, "CHECK (");
		describe_expression(c->check_text == NULL ? "" : c->check_text, pretty, out);
		buf_put_byte(out, ')');
		break;
	}
	if (c->deferrable)
		buf_put_str(out, " DEFERRABLE");
	if (c->deferred)
		buf_put_str(out, " INITIALLY DEFERRED");
}

void describe_view(const struct schema_relation *r, struct buf *out)
{
	const char *text = r->view_text == NULL ? "" : r->view_text;
	size_t len = strlen(text);

	while (len > 0 && (text[len - 1] == ';' || text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	buf_put_byte(out, ' ');
	buf_put(out, text, len);
	buf_put_byte(out, ';');
}

/* ---- of system relations ---- */

/* The numbers in a field, "1 2" or "{1,2}", into the arena. */
static int16_t *field_numbers(struct arena *arena, const struct pgcat_rows *rows, uint32_t row, unsigned column,
			      size_t *n)
{
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, row, column, &len, &null);
	int16_t *out = ARENA_ARRAY(arena, int16_t, len + 1);

	*n = 0;
	for (size_t i = 0; out != NULL && !null && i < len;) {
		if (at[i] >= '0' && at[i] <= '9') {
			char *end;

			out[(*n)++] = (int16_t)strtol(at + i, &end, 10);
			i = (size_t)(end - at);
		} else {
			i++;
		}
	}
	return out;
}

const struct schema_index *describe_system_index(const struct schema *schema, struct arena *arena, oid_t oid,
						 const struct schema_relation **r)
{
	enum { RELID = 1, UNIQUE = 4, PRIMARY = 6, KEYS = 15, OPTIONS = 18 };
	const struct pgcat_rows *rows = pgcat_rows("pg_index");
	const struct pgcat_rows *classes = pgcat_rows("pg_class");
	uint32_t n, n_class, at = pgcat_rows_with_key(rows, oid, &n);
	uint32_t class_at = pgcat_rows_with_key(classes, oid, &n_class);
	size_t n_keys, n_options, len;
	bool null;

	if (n == 0 || n_class == 0)
		return NULL;
	*r = schema_relation_by_oid(schema, (oid_t)pgcat_field_int(rows, at, RELID));
	if (*r == NULL)
		return NULL; /* of a TOAST table: those have no columns here */
	struct schema_index *x = ARENA_NEW(arena, struct schema_index);
	const int16_t *numbers = field_numbers(arena, rows, at, KEYS, &n_keys);
	const int16_t *options = field_numbers(arena, rows, at, OPTIONS, &n_options);
	struct schema_index_key *keys = ARENA_ARRAY(arena, struct schema_index_key, n_keys);
	if (x == NULL || keys == NULL || numbers == NULL || options == NULL)
		return NULL;
	for (size_t i = 0; i < n_keys; i++) {
		keys[i].attnum = numbers[i];
		keys[i].descending = i < n_options && (options[i] & 1) != 0;
		keys[i].nulls_first = i < n_options && (options[i] & 2) != 0;
	}
	x->oid = oid;
	x->unique = *pgcat_field(rows, at, UNIQUE, &len, &null) == 't';
	x->primary = *pgcat_field(rows, at, PRIMARY, &len, &null) == 't';
	const char *name = pgcat_field(classes, class_at, 1, &len, &null);
	x->name = arena_strndup(arena, name, len);
	x->keys = keys;
	x->n_keys = n_keys;
	return x->name == NULL ? NULL : x;
}

const struct schema_constraint *describe_system_constraint(const struct schema *schema,
							   struct arena *arena, oid_t oid,
							   const struct schema_relation **r)
{
	enum { NAME = 1, TYPE = 3, RELID = 7, KEY = 18 };
	const struct pgcat_rows *rows = pgcat_rows("pg_constraint");
	uint32_t n, at = pgcat_rows_with_key(rows, oid, &n);
	size_t len;
	bool null;

	if (n == 0)
		return NULL;
	*r = schema_relation_by_oid(schema, (oid_t)pgcat_field_int(rows, at, RELID));
	struct schema_constraint *c = ARENA_NEW(arena, struct schema_constraint);
	if (*r == NULL || c == NULL)
		return NULL; /* a domain's check */
	c->oid = oid;
	c->type = *pgcat_field(rows, at, TYPE, &len, &null);
	const char *name = pgcat_field(rows, at, NAME, &len, &null);
	c->name = arena_strndup(arena, name, len);
	c->columns = field_numbers(arena, rows, at, KEY, &c->n_columns);
	return c->name == NULL || c->columns == NULL ? NULL : c;
}
