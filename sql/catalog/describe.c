/*
 * describe.c - the SQL that would make an object again
 *
 * Expressions are kept as PostgreSQL's text with all its brackets.  "Pretty" drops those
 * that PostgreSQL drops then: around all of it, around whole arguments of functions, around
 * what AND, OR and NOT join (but OR within AND), around names, constants and calls that are
 * cast.  Those of arithmetic within arithmetic stay, where PostgreSQL goes by precedence.
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

/* Is it one call of a function? */
static bool is_call(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789.");

	if (n == 0 || text[n] != '(')
		return false;
	const char *end = closing(text + n);
	return end != NULL && end[1] == '\0';
}

/* Behind a quoted text or name that begins at p. */
static const char *skip_quoted(const char *p)
{
	char quote = *p++;

	while (*p != '\0' && (*p != quote || p[1] == quote))
		p += *p == quote ? 2 : 1;
	return *p == '\0' ? p : p + 1;
}

/* Is that word at p, on its own? */
static bool word_at(const char *start, const char *p, const char *word)
{
	size_t n = strlen(word);

	return strncmp(p, word, n) == 0 && (p == start || p[-1] == ' ' || p[-1] == '(') &&
	       (p[n] == ' ' || p[n] == '(');
}

enum { HAS_AND = 1, HAS_OR = 2, HAS_NOT = 4, HAS_OPERATOR = 8 };

/* What stands between start and end outside of brackets and quotes. */
static unsigned level_of(const char *start, const char *end)
{
	unsigned found = 0;

	for (const char *p = start; p < end;) {
		if (*p == '\'' || *p == '"') {
			p = skip_quoted(p);
			continue;
		}
		if (*p == '(') {
			const char *close = closing(p);
			if (close == NULL || close >= end)
				return found | HAS_OPERATOR;
			p = close + 1;
			continue;
		}
		if (word_at(start, p, "AND"))
			found |= HAS_AND;
		else if (word_at(start, p, "OR"))
			found |= HAS_OR;
		else if (word_at(start, p, "NOT"))
			found |= HAS_NOT;
		else if (*p == ' ')
			found |= HAS_OPERATOR; /* or a type of two words, which is as well */
		p++;
	}
	return found;
}

/* A name, constant, call or cast: what a cast need not be bracketed for. */
static bool is_simple(const char *start, const char *end)
{
	bool cast = false;

	if (*start == '-' || (*start == '(' && closing(start) == end - 1))
		return false;
	for (const char *p = start; p < end;) {
		if (*p == '\'' || *p == '"') {
			p = skip_quoted(p);
		} else if (*p == '(') {
			const char *close = closing(p);
			if (close == NULL || close >= end)
				return false;
			p = close + 1;
		} else {
			cast |= *p == ':';
			/* the names of types have blanks; operators are not of small letters */
			if ((!cast && *p == ' ') || strchr("+-*/<>=~!@#%^&|?", *p) != NULL ||
			    (cast && *p >= 'A' && *p <= 'Z'))
				return false;
			p++;
		}
	}
	return true;
}

static bool follows(const char *start, const char *at, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(at - start) >= n && strncmp(at - n, word, n) == 0;
}

/* A part of CASE, which ends by itself. */
static bool in_case(const char *start, const char *open, const char *close, bool last)
{
	if (!follows(start, open, "WHEN ") && !follows(start, open, "THEN ") && !follows(start, open, "ELSE "))
		return false;
	return last || close[1] == '\n' || strncmp(close + 1, " THEN", 5) == 0 ||
	       strncmp(close + 1, " WHEN", 5) == 0 || strncmp(close + 1, " ELSE", 5) == 0 ||
	       strncmp(close + 1, " END", 4) == 0;
}

/*
 * May the brackets from `open` to `close`, inside start..end, whose level joins with
 * `outer`, be dropped?
 */
static bool bracket_is_needless(const char *start, const char *end, unsigned outer, const char *open,
				const char *close)
{
	unsigned inner = level_of(open + 1, close);
	bool first = open == start || open[-1] == '(' || (open[-1] == ' ' && open - 2 >= start && open[-2] == ',');
	bool last = close + 1 == end || close[1] == ',' || close[1] == ')';

	if (close[1] == ':' && close[2] == ':')
		return is_simple(open + 1, close);
	if ((first && last) || in_case(start, open, close, last))
		return true;
	/* behind and before AND, OR, NOT, or at the ends of such a level */
	if ((outer & (HAS_AND | HAS_OR | HAS_NOT)) == 0)
		return false;
	bool negated = follows(start, open, "NOT ");
	bool after = first || negated || follows(start, open, "AND ") || follows(start, open, "OR ");
	bool before = last || strncmp(close + 1, " AND ", 5) == 0 || strncmp(close + 1, " OR ", 4) == 0;
	if (!after || !before || (negated && (inner & (HAS_AND | HAS_OR)) != 0))
		return false;
	return (inner & HAS_OR) == 0 || (outer & HAS_AND) == 0;
}

static void put_pretty(const char *start, const char *end, struct buf *out)
{
	unsigned outer = level_of(start, end);

	for (const char *p = start; p < end;) {
		if (*p == '\'' || *p == '"') {
			const char *behind = skip_quoted(p);

			buf_put(out, p, (size_t)(behind - p));
			p = behind;
			continue;
		}
		const char *close = *p == '(' ? closing(p) : NULL;
		if (close == NULL || close >= end) {
			buf_put_byte(out, *p++);
			continue;
		}
		/* the brackets of a call belong to it */
		bool call = p > start && (p[-1] == '_' || p[-1] == '"' || (p[-1] >= 'a' && p[-1] <= 'z') ||
					  (p[-1] >= '0' && p[-1] <= '9') || (p[-1] >= 'A' && p[-1] <= 'Z'));
		bool needless = !call && bracket_is_needless(start, end, outer, p, close);
		if (!needless)
			buf_put_byte(out, '(');
		put_pretty(p + 1, close, out);
		if (!needless)
			buf_put_byte(out, ')');
		p = close + 1;
	}
}

void describe_expression(const char *text, bool pretty, struct buf *out)
{
	if (pretty)
		put_pretty(text, text + strlen(text), out);
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
		describe_expression(k->text, pretty, out);
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
