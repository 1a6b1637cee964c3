/*
 * copy.c - COPY FROM STDIN and TO STDOUT
 *
 * FROM runs an INSERT of parameters that the analyzer made, so that defaults,
 * coercions and constraints are those of INSERT.  TO runs a SELECT.
 *
 * FORMAT (binary; integers are big-endian)
 *    0  11  "PGCOPY\n\377\r\n\0"     15  4  length of what follows in the header
 *   11   4  flags
 *   then rows: int16 number of fields (-1: the end), each an int32 length (-1: null)
 *   and the bytes of the type's send function.
 *
 * Source: PostgreSQL 15 documentation, "COPY", "File Formats".
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "sql/session/session.h"

enum copy_format { COPY_TEXT, COPY_CSV, COPY_BINARY };
enum { LINE_LIMIT = 512 << 20, SENT_BEFORE_WAIT = 32 << 10 };

static const char signature[11] = "PGCOPY\n\377\r\n";

struct copy_options {
	enum copy_format format;
	char delimiter, quote, escape;
	const char *null;
	size_t null_len;
	bool header, header_match;
	bool *force_quote, *force_not_null, *force_null; /* by column, or NULL */
	bool force_quote_all;
	const PgQuery__DefElem *force_quote_list, *force_not_null_list, *force_null_list;
};

/* ---- options ---- */

static const char *text_of(const PgQuery__DefElem *d)
{
	return d->arg != NULL && d->arg->node_case == PG_QUERY__NODE__NODE_STRING ? d->arg->string->sval : NULL;
}

static bool bool_of(const PgQuery__DefElem *d, bool *out, struct sql_error *err)
{
	const char *text = text_of(d);

	*out = true;
	if (d->arg == NULL)
		return true;
	if (d->arg->node_case == PG_QUERY__NODE__NODE_INTEGER) {
		*out = d->arg->integer->ival != 0;
		return true;
	}
	if (d->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN) {
		*out = d->arg->boolean->boolval;
		return true;
	}
	if (text != NULL && (strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0))
		return true;
	*out = false;
	if (text != NULL && (strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0))
		return true;
	return sql_error_at(err, d->location, ERRCODE_SYNTAX, "%s requires a Boolean value", d->defname);
}

static bool one_byte(const PgQuery__DefElem *d, char *out, struct sql_error *err)
{
	const char *text = text_of(d);

	if (text == NULL || strlen(text) != 1)
		return sql_error_at(err, d->location, ERRCODE_FEATURE_NOT_SUPPORTED,
				    "COPY %s must be a single one-byte character", d->defname);
	*out = text[0];
	return true;
}

static bool read_options(const PgQuery__CopyStmt *stmt, struct copy_options *o, struct sql_error *err)
{
	bool has_delimiter = false, has_escape = false, has_quote = false, ignored;

	*o = (struct copy_options){ .quote = '"' };
	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;
		const char *text = text_of(d);

		if (strcmp(d->defname, "format") == 0) {
			if (text != NULL && strcmp(text, "csv") == 0)
				o->format = COPY_CSV;
			else if (text != NULL && strcmp(text, "binary") == 0)
				o->format = COPY_BINARY;
			else if (text == NULL || strcmp(text, "text") != 0)
				return sql_error_at(err, d->location, ERRCODE_INVALID_PARAMETER_VALUE,
						    "COPY format \"%s\" not recognized", text != NULL ? text : "");
		} else if (strcmp(d->defname, "freeze") == 0) {
			if (!bool_of(d, &ignored, err)) /* rows have no age here */
				return false;
		} else if (strcmp(d->defname, "delimiter") == 0) {
			has_delimiter = true;
			if (!one_byte(d, &o->delimiter, err))
				return false;
		} else if (strcmp(d->defname, "null") == 0) {
			o->null = text != NULL ? text : "";
		} else if (strcmp(d->defname, "header") == 0) {
			if (text != NULL && strcasecmp(text, "match") == 0)
				o->header = o->header_match = true;
			else if (!bool_of(d, &o->header, err))
				return false;
		} else if (strcmp(d->defname, "quote") == 0) {
			has_quote = true;
			if (!one_byte(d, &o->quote, err))
				return false;
		} else if (strcmp(d->defname, "escape") == 0) {
			has_escape = true;
			if (!one_byte(d, &o->escape, err))
				return false;
		} else if (strcmp(d->defname, "force_quote") == 0) {
			if (d->arg != NULL && d->arg->node_case == PG_QUERY__NODE__NODE_A_STAR)
				o->force_quote_all = true;
			else
				o->force_quote_list = d;
		} else if (strcmp(d->defname, "force_not_null") == 0) {
			o->force_not_null_list = d;
		} else if (strcmp(d->defname, "force_null") == 0) {
			o->force_null_list = d;
		} else if (strcmp(d->defname, "encoding") == 0) {
			if (text == NULL || (strcasecmp(text, "utf8") != 0 && strcasecmp(text, "utf-8") != 0))
				return sql_error_unsupported(err, d->location, "encoding \"%s\"",
							     text != NULL ? text : "");
		} else {
			return sql_error_at(err, d->location, ERRCODE_SYNTAX, "option \"%s\" not recognized",
					    d->defname);
		}
	}
	if (o->format == COPY_BINARY && (has_delimiter || o->null != NULL || o->header))
		return sql_error_set(err, ERRCODE_SYNTAX, "cannot specify %s in BINARY mode",
				     has_delimiter ? "DELIMITER" : o->null != NULL ? "NULL" : "HEADER");
	if (o->format != COPY_CSV &&
	    (has_quote || has_escape || o->force_quote_all || o->force_quote_list != NULL ||
	     o->force_not_null_list != NULL || o->force_null_list != NULL))
		return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED, "COPY %s available only in CSV mode",
				     has_quote ? "quote" : has_escape ? "escape" : "force options");
	if (!has_delimiter)
		o->delimiter = o->format == COPY_CSV ? ',' : '\t';
	if (!has_escape)
		o->escape = o->quote;
	if (o->null == NULL)
		o->null = o->format == COPY_CSV ? "" : "\\N";
	o->null_len = strlen(o->null);
	if (o->delimiter == '\n' || o->delimiter == '\r')
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "COPY delimiter cannot be newline or carriage return");
	if (o->format == COPY_CSV && o->delimiter == o->quote)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "COPY delimiter and quote must be different");
	return true;
}

/* The columns that an option names, as flags in the order of `names`. */
static bool flags_of(const PgQuery__DefElem *d, const char *const *names, size_t n, struct arena *arena,
		     bool **out, struct sql_error *err)
{
	if (d == NULL)
		return true;
	*out = ARENA_ARRAY(arena, bool, n + 1);
	if (*out == NULL)
		return sql_error_no_memory(err);
	const PgQuery__List *list =
		d->arg != NULL && d->arg->node_case == PG_QUERY__NODE__NODE_LIST ? d->arg->list : NULL;
	for (size_t i = 0; list != NULL && i < list->n_items; i++) {
		const char *name = list->items[i]->string->sval;
		bool found = false;

		for (size_t j = 0; j < n; j++)
			if (strcmp(names[j], name) == 0)
				found = (*out)[j] = true;
		if (!found)
			return sql_error_set(err, ERRCODE_INVALID_COLUMN_REFERENCE,
					     "%s column \"%s\" not referenced by COPY", d->defname, name);
	}
	return true;
}

static bool column_flags(struct copy_options *o, const char *const *names, size_t n, struct arena *arena,
			 struct sql_error *err)
{
	return flags_of(o->force_quote_list, names, n, arena, &o->force_quote, err) &&
	       flags_of(o->force_not_null_list, names, n, arena, &o->force_not_null, err) &&
	       flags_of(o->force_null_list, names, n, arena, &o->force_null, err);
}

/* ---- the table ---- */

struct copy_target {
	const struct schema_relation *relation;
	const struct schema_column **columns;
	const char **names;
	size_t n;
};

static bool find_target(struct sql_session *s, const struct schema *schema,
			const PgQuery__CopyStmt *stmt, bool from, struct copy_target *t,
			struct sql_error *err)
{
	const PgQuery__RangeVar *r = stmt->relation;
	const char *namespace_name = r->schemaname != NULL && r->schemaname[0] != '\0' ? r->schemaname : NULL;

	t->relation = schema_find_relation(schema, &s->env, namespace_name, r->relname);
	if (t->relation == NULL)
		return sql_error_set(err, ERRCODE_UNDEFINED_TABLE, "relation \"%s%s%s\" does not exist",
				     namespace_name != NULL ? namespace_name : "",
				     namespace_name != NULL ? "." : "", r->relname);
	if (t->relation->kind != 'r') {
		sql_error_set(err, ERRCODE_WRONG_OBJECT_TYPE, "cannot copy %s %s \"%s\"", from ? "to" : "from",
			      t->relation->kind == 'v' ? "view" : "relation", t->relation->name);
		if (!from)
			sql_error_hint(err, "Try the COPY (SELECT ...) TO variant.");
		return false;
	}
	if (from && t->relation->is_system)
		return sql_error_set(err, ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for table %s",
				     t->relation->name);
	size_t max = stmt->n_attlist > 0 ? stmt->n_attlist : t->relation->n_columns;
	t->columns = ARENA_ARRAY(&s->scratch, const struct schema_column *, max + 1);
	t->names = ARENA_ARRAY(&s->scratch, const char *, max + 1);
	if (t->columns == NULL || t->names == NULL)
		return sql_error_no_memory(err);
	t->n = 0;
	for (size_t i = 0; i < max; i++) {
		const struct schema_column *c = stmt->n_attlist > 0 ?
			schema_column_named(t->relation, stmt->attlist[i]->string->sval) :
			&t->relation->columns[i];

		if (c == NULL)
			return sql_error_set(err, ERRCODE_UNDEFINED_COLUMN,
					     "column \"%s\" of relation \"%s\" does not exist",
					     stmt->attlist[i]->string->sval, t->relation->name);
		if (c->generated != 0 && stmt->n_attlist == 0)
			continue;
		if (c->generated != 0) {
			sql_error_set(err, ERRCODE_INVALID_COLUMN_REFERENCE,
				      "column \"%s\" is a generated column", c->name);
			return sql_error_detail(err, "Generated columns cannot be used in COPY.");
		}
		for (size_t j = 0; j < t->n; j++)
			if (t->columns[j] == c)
				return sql_error_set(err, ERRCODE_DUPLICATE_COLUMN,
						     "column \"%s\" specified more than once", c->name);
		t->columns[t->n] = c;
		t->names[t->n++] = c->name;
	}
	return true;
}

static void put_name(struct buf *out, const char *name)
{
	sqlite_quote_name(out, name); /* PostgreSQL quotes alike */
}

static void put_target(struct buf *out, const struct copy_target *t)
{
	put_name(out, t->relation->namespace_name);
	buf_put_byte(out, '.');
	put_name(out, t->relation->name);
}

static void put_columns(struct buf *out, const struct copy_target *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		put_name(out, t->names[i]);
	}
}

/* ---- FROM STDIN ---- */

struct copy_in {
	struct sql_session *s;
	struct sql_sink *sink;
	const struct copy_options *o;
	struct buf data;   /* what came and is not used yet, from `at` on */
	size_t at;
	bool ended;
	uint64_t line;
	struct arena arena; /* of one row */

	struct portal p;   /* the INSERT: plan and parameters */
	struct conn *conn;
	struct prepared_stmt *stmt;
	const struct copy_target *target;
	/* fields of a line */
	struct field {
		char *data; /* NULL: null */
		size_t len;
	} *fields;
	size_t n_fields, max_fields;
};

/* Take the next piece from the client.  False: an error, or the client is gone. */
static bool more(struct copy_in *in, struct sql_error *err)
{
	const char *piece;

	if (in->at > 0 && in->at > in->data.len / 2) {
		memmove(in->data.data, in->data.data + in->at, in->data.len - in->at);
		in->data.len -= in->at;
		in->at = 0;
	}
	place_give(in->s);
	long n = in->sink->copy_in_next(in->sink, &piece);
	if (n < 0) {
		if (piece != NULL)
			sql_error_set(err, ERRCODE_QUERY_CANCELED, "COPY from stdin failed: %s", piece);
		return false;
	}
	if (n == 0)
		in->ended = true;
	else
		buf_put(&in->data, piece, (size_t)n);
	if (in->data.failed)
		return sql_error_set(err, ERRCODE_PROGRAM_LIMIT, "a row of COPY data is too large");
	return place_take(in->s, err);
}

/*
 * Find the next line: its bytes without the line's end are at data + at, *len of
 * them, and the next one begins *next bytes on.  *found false: no more.
 */
static bool next_line(struct copy_in *in, size_t *len, size_t *next, bool *found, struct sql_error *err)
{
	const struct copy_options *o = in->o;
	size_t i = 0;
	bool quoted = false, escaped = false;

	for (;;) {
		size_t n = in->data.len - in->at;
		const char *p = n > 0 ? in->data.data + in->at : in->data.data;

		for (; i < n; i++) {
			char c = p[i];

			if (o->format == COPY_CSV) {
				if (quoted && c == o->escape && o->escape != o->quote && !escaped) {
					escaped = true;
					continue;
				}
				if (c == o->quote && !escaped)
					quoted = !quoted;
				escaped = false;
				if (c != '\n' || quoted)
					continue;
			} else {
				if (escaped) {
					escaped = false;
					continue;
				}
				if (c == '\\') {
					escaped = true;
					continue;
				}
				if (c != '\n')
					continue;
			}
			*len = i > 0 && p[i - 1] == '\r' ? i - 1 : i;
			*next = i + 1;
			*found = true;
			return true;
		}
		if (in->ended) {
			if (quoted)
				return sql_error_set(err, "22P04", "unterminated CSV quoted field");
			*found = n > 0;
			*len = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
			*next = n;
			return true;
		}
		if (!more(in, err))
			return false;
	}
}

static bool add_field(struct copy_in *in, char *data, size_t len, struct sql_error *err)
{
	if (in->n_fields == in->max_fields) {
		size_t bigger = in->max_fields == 0 ? 32 : in->max_fields * 2;
		struct field *f = realloc(in->fields, bigger * sizeof(*f));

		if (f == NULL)
			return sql_error_no_memory(err);
		in->fields = f;
		in->max_fields = bigger;
	}
	in->fields[in->n_fields++] = (struct field){ data, len };
	return true;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 :
				      -1;
}

/* One escape at p (behind the backslash); the byte, and how many were read. */
static size_t escape(const char *p, const char *end, char *out)
{
	size_t n = 1;

	switch (*p) {
	case 'b': *out = '\b'; return 1;
	case 'f': *out = '\f'; return 1;
	case 'n': *out = '\n'; return 1;
	case 'r': *out = '\r'; return 1;
	case 't': *out = '\t'; return 1;
	case 'v': *out = '\v'; return 1;
	case 'x': {
		int v = 0;

		if (p + 1 >= end || hex_value(p[1]) < 0)
			break;
		for (; n < 3 && p + n < end && hex_value(p[n]) >= 0; n++)
			v = v * 16 + hex_value(p[n]);
		*out = (char)v;
		return n;
	}
	case '0' ... '7': {
		int v = 0;

		for (n = 0; n < 3 && p + n < end && p[n] >= '0' && p[n] <= '7'; n++)
			v = v * 8 + (p[n] - '0');
		*out = (char)v;
		return n;
	}
	default:
		break;
	}
	*out = *p;
	return 1;
}

/* Split a line of the text format, in place. */
static bool split_text(struct copy_in *in, char *p, size_t len, struct sql_error *err)
{
	char *end = p + len;

	for (;;) {
		char *start = p, *to = p, *raw = p;
		bool plain = true;

		while (p < end && *p != in->o->delimiter) {
			if (*p == '\\' && p + 1 < end) {
				char c;

				plain = false;
				p++;
				p += escape(p, end, &c);
				*to++ = c;
			} else {
				*to++ = *p++;
			}
		}
		/* the null string is compared before escapes are taken out */
		size_t raw_len = (size_t)(p - raw);
		bool null = raw_len == in->o->null_len &&
			    (plain ? memcmp(start, in->o->null, raw_len) == 0 :
				     in->o->null_len == 2 && memcmp(in->o->null, "\\N", 2) == 0 &&
					     to == start + 1 && *start == 'N');
		if (!add_field(in, null ? NULL : start, (size_t)(to - start), err))
			return false;
		if (p >= end)
			return true;
		p++;
		if (p == end)
			return add_field(in, in->o->null_len == 0 ? NULL : p, 0, err);
	}
}

static bool split_csv(struct copy_in *in, char *p, size_t len, struct sql_error *err)
{
	const struct copy_options *o = in->o;
	char *end = p + len;

	for (;;) {
		char *start = p, *to = p;
		bool quoted = false, was_quoted = false;

		while (p < end && (quoted || *p != o->delimiter)) {
			if (quoted && *p == o->escape && p + 1 < end &&
			    (p[1] == o->quote || p[1] == o->escape)) {
				*to++ = p[1];
				p += 2;
			} else if (*p == o->quote) {
				quoted = !quoted;
				was_quoted = true;
				p++;
			} else {
				*to++ = *p++;
			}
		}
		size_t n = (size_t)(to - start);
		bool matches = n == o->null_len && memcmp(start, o->null, n) == 0;
		size_t i = in->n_fields;
		bool null = matches && (!was_quoted || (o->force_null != NULL && i < in->target->n &&
							o->force_null[i]));
		if (o->force_not_null != NULL && i < in->target->n && o->force_not_null[i] && !was_quoted)
			null = false;
		if (!add_field(in, null ? NULL : start, n, err))
			return false;
		if (p >= end)
			return true;
		p++;
		if (p == end)
			return add_field(in, o->null_len == 0 ? NULL : p, 0, err);
	}
}

static bool check_header(struct copy_in *in, struct sql_error *err)
{
	if (!in->o->header_match)
		return true;
	if (in->n_fields != in->target->n)
		return sql_error_set(err, "22P04", "wrong number of fields in header line: got %zu, expected %zu",
				     in->n_fields, in->target->n);
	for (size_t i = 0; i < in->n_fields; i++)
		if (in->fields[i].data == NULL || strlen(in->target->names[i]) != in->fields[i].len ||
		    memcmp(in->target->names[i], in->fields[i].data, in->fields[i].len) != 0)
			return sql_error_set(err, "22P04",
					     "column name mismatch in header line field %zu: got \"%.*s\", "
					     "expected \"%s\"", i + 1, (int)in->fields[i].len,
					     in->fields[i].data != NULL ? in->fields[i].data : "",
					     in->target->names[i]);
	return true;
}

static bool insert_row(struct copy_in *in, struct sql_error *err)
{
	for (size_t i = 0; i < in->target->n; i++) {
		int rc = bind_datum(in->stmt->stmt, (int)i + 1, &in->p.params[i]);

		if (rc != SQLITE_OK && rc != SQLITE_RANGE)
			return outcome_error(in->s, in->conn, rc, err);
	}
	in->s->running = in->conn;
	int rc = sqlite3_step(in->stmt->stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		rc = sqlite3_extended_errcode(in->conn->sql.db);
		if ((rc & 0xff) == SQLITE_CONSTRAINT && !in->conn->sql.err.set)
			return outcome_constraint(in->s, in->conn, rc, &in->p, err);
		return outcome_error(in->s, in->conn, rc, err);
	}
	sqlite3_reset(in->stmt->stmt);
	in->p.n_rows++;
	return true;
}

static bool take_fields(struct copy_in *in, struct sql_error *err)
{
	struct type_context ctx = { .env = &in->s->env, .schema = in->p.plan->schema, .arena = &in->arena };

	if (in->n_fields > in->target->n)
		return sql_error_set(err, "22P04", "extra data after last expected column");
	if (in->n_fields < in->target->n)
		return sql_error_set(err, "22P04", "missing data for column \"%s\"",
				     in->target->names[in->n_fields]);
	if (in->arena.used > (64 << 10))
		arena_reset(&in->arena);
	for (size_t i = 0; i < in->n_fields; i++) {
		const struct schema_column *c = in->target->columns[i];
		struct datum *v = &in->p.params[i];
		const struct field *f = &in->fields[i];

		if (f->data == NULL) {
			v->kind = DATUM_NULL;
		} else if (c->type == TEXTOID) {
			*v = (struct datum){ .kind = DATUM_TEXT, .data = f->data, .len = f->len };
		} else if (!decode_quick(c->type, 0, f->data, f->len, v) &&
			   !type_in(&ctx, c->type, c->typmod, f->data, f->len, v, err)) {
			return false;
		}
	}
	return insert_row(in, err);
}

static bool copy_lines(struct copy_in *in, struct sql_error *err)
{
	bool found;
	size_t len = 0, next = 0;

	for (;;) {
		if (session_stopped(in->s))
			return outcome_canceled(in->s, err);
		if (!next_line(in, &len, &next, &found, err))
			return false;
		if (!found)
			return true;
		char *line = in->data.data + in->at;
		in->at += next;
		in->line++;
		if (len == 2 && line[0] == '\\' && line[1] == '.') {
			/* the end; whatever follows is not looked at */
			while (!in->ended) {
				in->at = in->data.len;
				if (!more(in, err))
					return false;
			}
			return true;
		}
		if (!text_check(line, len, err))
			return false;
		in->n_fields = 0;
		if (in->o->format == COPY_CSV ? !split_csv(in, line, len, err) :
						!split_text(in, line, len, err))
			return false;
		/* what escapes made is checked once more */
		if (in->o->format == COPY_TEXT && memchr(line, '\\', len) != NULL)
			for (size_t i = 0; i < in->n_fields; i++)
				if (in->fields[i].data != NULL &&
				    !text_check(in->fields[i].data, in->fields[i].len, err))
					return false;
		if (in->line == 1 && in->o->header) {
			if (!check_header(in, err))
				return false;
			continue;
		}
		if (!take_fields(in, err))
			return false;
	}
}

/* Have n bytes at data + at.  False without an error set: the data ends before. */
static bool have(struct copy_in *in, size_t n, struct sql_error *err)
{
	while (in->data.len - in->at < n) {
		if (in->ended)
			return sql_error_set(err, "22P04", "unexpected EOF in COPY data");
		if (!more(in, err))
			return false;
	}
	return true;
}

static bool copy_binary(struct copy_in *in, struct sql_error *err)
{
	struct type_context ctx = { .env = &in->s->env, .schema = in->p.plan->schema, .arena = &in->arena };

	if (!have(in, 19, err))
		return false;
	const char *p = in->data.data + in->at;
	if (memcmp(p, signature, sizeof(signature)) != 0)
		return sql_error_set(err, "22P04", "COPY file signature not recognized");
	if (get_u32(p + 11) != 0)
		return sql_error_set(err, "22P04", "unrecognized critical flags in COPY file header");
	size_t extra = get_u32(p + 15);
	in->at += 19;
	if (extra > LINE_LIMIT)
		return sql_error_set(err, "22P04", "invalid COPY file header (wrong length)");
	if (!have(in, extra, err))
		return false;
	in->at += extra;
	for (;;) {
		if (session_stopped(in->s))
			return outcome_canceled(in->s, err);
		if (!have(in, 2, err))
			return false;
		int16_t n = (int16_t)get_u16(in->data.data + in->at);
		in->at += 2;
		if (n == -1) {
			while (!in->ended)
				if (!more(in, err))
					return false;
			return true;
		}
		if (n < 0 || (size_t)n != in->target->n)
			return sql_error_set(err, "22P04", "row field count is %d, expected %zu", n,
					     in->target->n);
		arena_reset(&in->arena);
		for (size_t i = 0; i < in->target->n; i++) {
			const struct schema_column *c = in->target->columns[i];

			if (!have(in, 4, err))
				return false;
			int32_t len = (int32_t)get_u32(in->data.data + in->at);
			in->at += 4;
			if (len == -1) {
				in->p.params[i].kind = DATUM_NULL;
				continue;
			}
			if (len < 0 || len > LINE_LIMIT)
				return sql_error_set(err, "22P04", "invalid field size");
			if (!have(in, (size_t)len, err))
				return false;
			/* the buffer moves while the next fields come */
			const char *copy = arena_strndup(&in->arena, in->data.data + in->at, (size_t)len);
			in->at += (size_t)len;
			if (copy == NULL)
				return sql_error_no_memory(err);
			if (c->type == TEXTOID && !text_check(copy, (size_t)len, err))
				return false;
			if (!type_recv(&ctx, c->type, c->typmod, copy, (size_t)len, &in->p.params[i], err))
				return false;
		}
		if (!insert_row(in, err))
			return false;
	}
}

static bool prepare_insert(struct copy_in *in, struct schema *schema, struct sql_error *err)
{
	struct sql_session *s = in->s;
	struct buf text = BUF_INIT(1 << 20);
	oid_t *types = ARENA_ARRAY(&in->p.arena, oid_t, in->target->n + 1);

	if (types == NULL)
		return sql_error_no_memory(err);
	buf_put_str(&text, "INSERT INTO ");
	put_target(&text, in->target);
	buf_put_str(&text, " (");
	put_columns(&text, in->target);
	buf_put_str(&text, ") OVERRIDING SYSTEM VALUE VALUES (");
	for (size_t i = 0; i < in->target->n; i++) {
		buf_printf(&text, "%s$%zu", i > 0 ? ", " : "", i + 1);
		types[i] = in->target->columns[i]->type;
	}
	buf_put_byte(&text, ')');
	if (in->target->n == 0) {
		buf_reset(&text);
		buf_put_str(&text, "INSERT INTO ");
		put_target(&text, in->target);
		buf_put_str(&text, " DEFAULT VALUES");
	}
	in->p.plan = plan_of_text(buf_str(&text), types, in->target->n, err);
	buf_free(&text);
	if (in->p.plan != NULL)
		in->p.plan = plan_fit(s, in->p.plan, schema, err);
	if (in->p.plan == NULL)
		return false;
	in->p.param_types = types;
	in->p.n_params = in->target->n;
	in->p.params = ARENA_ARRAY(&in->p.arena, struct datum, in->target->n + 1);
	if (in->p.params == NULL)
		return sql_error_no_memory(err);
	conn_lend(in->conn, s, schema);
	int rc = conn_prepare(in->conn, in->p.plan->lowered.sql, &in->stmt);
	return rc == SQLITE_OK || outcome_error(s, in->conn, rc, err);
}

static bool copy_from(struct sql_session *s, const PgQuery__CopyStmt *stmt, struct copy_options *o,
		      struct sql_sink *sink, char tag[64], struct sql_error *err)
{
	struct copy_target target;
	struct copy_in in = { .s = s, .sink = sink, .o = o, .target = &target };
	bool ok = false;

	if (stmt->where_clause != NULL)
		return sql_error_unsupported(err, -1, "COPY FROM with WHERE");
	if (!tx_write(s, "COPY FROM", err) || !portals_store_all(s, NULL, err))
		return false;
	struct schema *schema = session_schema(s, s->tx.conn, err);
	if (schema == NULL)
		return false;
	portal_init(&in.p);
	buf_init(&in.data, LINE_LIMIT);
	arena_init(&in.arena, LINE_LIMIT);
	in.conn = s->tx.conn;
	if (!find_target(s, schema, stmt, true, &target, err) ||
	    !column_flags(o, target.names, target.n, &s->scratch, err) ||
	    !prepare_insert(&in, schema, err))
		goto out;
	sink->copy_in_begin(sink, o->format == COPY_BINARY, target.n);
	ok = o->format == COPY_BINARY ? copy_binary(&in, err) : copy_lines(&in, err);
	if (ok)
		snprintf(tag, 64, "COPY %llu", (unsigned long long)in.p.n_rows);
out:
	if (in.stmt != NULL)
		conn_release(in.conn, in.stmt);
	portal_deinit(s, &in.p);
	schema_unref(schema);
	buf_free(&in.data);
	arena_free(&in.arena);
	free(in.fields);
	return ok;
}

/* ---- TO STDOUT ---- */

static void put_text_field(const struct copy_options *o, const char *p, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = p[i];
		const char *escapes = "\b\f\n\r\t\v", *letters = "bfnrtv";
		const char *at = c != '\0' ? strchr(escapes, c) : NULL;

		if (c == '\\' || c == o->delimiter) {
			buf_put_byte(out, '\\');
			/* a delimiter that is a control character has a letter too */
			buf_put_byte(out, at != NULL && c != '\\' ? letters[at - escapes] : c);
		} else if (at != NULL) {
			buf_put_byte(out, '\\');
			buf_put_byte(out, letters[at - escapes]);
		} else {
			buf_put_byte(out, c);
		}
	}
}

static void put_csv_field(const struct copy_options *o, const char *p, size_t len, bool force,
			  bool only_one, struct buf *out)
{
	bool quote = force || (len == o->null_len && memcmp(p, o->null, len) == 0) ||
		     (only_one && len == 2 && memcmp(p, "\\.", 2) == 0);

	for (size_t i = 0; !quote && i < len; i++)
		quote = p[i] == o->delimiter || p[i] == o->quote || p[i] == '\n' || p[i] == '\r';
	if (!quote) {
		buf_put(out, p, len);
		return;
	}
	buf_put_byte(out, o->quote);
	for (size_t i = 0; i < len; i++) {
		if (p[i] == o->quote || p[i] == o->escape)
			buf_put_byte(out, o->escape);
		buf_put_byte(out, p[i]);
	}
	buf_put_byte(out, o->quote);
}

struct copy_out {
	struct sql_session *s;
	struct sql_sink *sink;
	const struct copy_options *o;
	struct portal p;
	struct buf field;
	bool begun; /* the binary header was written */
};

/* The binary header shares a message with what comes first, as PostgreSQL sends it. */
static void binary_header(struct copy_out *c, struct buf *out)
{
	if (c->o->format != COPY_BINARY || c->begun)
		return;
	buf_put(out, signature, sizeof(signature));
	buf_put_u32(out, 0);
	buf_put_u32(out, 0);
	c->begun = true;
}

static bool end_row(struct copy_out *c, const struct buf *out, struct sql_error *err)
{
	if (out->len < SENT_BEFORE_WAIT)
		return c->sink->row_end(c->sink);
	place_give(c->s);
	return c->sink->row_end(c->sink) && place_take(c->s, err);
}

static bool put_row(struct copy_out *c, struct sql_error *err)
{
	const struct plan *plan = c->p.plan;
	struct type_context ctx = { .env = &c->s->env, .schema = plan->schema, .arena = &c->s->row_arena };

	if (!tx_may_tell(c->s, err))
		return false;
	struct buf *out = c->sink->copy_out_row(c->sink);
	if (out == NULL)
		return false;
	binary_header(c, out);
	if (c->o->format == COPY_BINARY)
		buf_put_u16(out, (uint16_t)plan->n_columns);
	for (size_t i = 0; i < plan->n_columns; i++) {
		struct datum v = column_datum(c->p.stmt->stmt, (int)i);
		oid_t type = plan->columns[i].type_oid;

		if (c->o->format == COPY_BINARY) {
			if (!encode_field(&ctx, plan->paths[i], type, plan->columns[i].typmod, 1, &v, out, err))
				return false;
			continue;
		}
		if (i > 0)
			buf_put_byte(out, c->o->delimiter);
		if (v.kind == DATUM_NULL) {
			buf_put(out, c->o->null, c->o->null_len);
			continue;
		}
		buf_reset(&c->field);
		if (!encode_field(&ctx, plan->paths[i], type, plan->columns[i].typmod, 0, &v, &c->field, err))
			return false;
		if (c->field.failed)
			return sql_error_no_memory(err);
		const char *text = c->field.data + 4;
		size_t len = c->field.len - 4;
		if (c->o->format == COPY_TEXT)
			put_text_field(c->o, text, len, out);
		else
			put_csv_field(c->o, text, len,
				      c->o->force_quote_all ||
					      (c->o->force_quote != NULL && c->o->force_quote[i]),
				      plan->n_columns == 1, out);
	}
	if (c->o->format != COPY_BINARY)
		buf_put_byte(out, '\n');
	if (c->s->row_arena.used > (64 << 10))
		arena_reset(&c->s->row_arena);
	return end_row(c, out, err);
}

static bool put_header(struct copy_out *c, struct sql_error *err)
{
	const struct plan *plan = c->p.plan;
	struct buf *out = c->sink->copy_out_row(c->sink);

	if (out == NULL)
		return false;
	for (size_t i = 0; i < plan->n_columns; i++) {
		const char *name = plan->columns[i].name;

		if (i > 0)
			buf_put_byte(out, c->o->delimiter);
		if (c->o->format == COPY_CSV)
			put_csv_field(c->o, name, strlen(name), false, plan->n_columns == 1, out);
		else
			put_text_field(c->o, name, strlen(name), out);
	}
	buf_put_byte(out, '\n');
	return end_row(c, out, err);
}

static struct plan *copy_query(struct sql_session *s, const struct plan *outer,
			       const PgQuery__CopyStmt *stmt, struct sql_error *err)
{
	struct copy_target target;
	struct buf text = BUF_INIT(1 << 20);
	struct plan *plan = NULL;

	if (stmt->query != NULL) {
		if (!analyze_takes(stmt->query)) {
			sql_error_unsupported(err, -1, "COPY of this query");
			return NULL;
		}
		return plan_of_node(outer, stmt->query, NULL, 0, true, err);
	}
	struct schema *schema = session_schema_now(s, err);
	if (schema == NULL)
		return NULL;
	if (find_target(s, schema, stmt, false, &target, err)) {
		buf_put_str(&text, "SELECT ");
		put_columns(&text, &target);
		buf_put_str(&text, " FROM ");
		put_target(&text, &target);
		plan = plan_of_text(buf_str(&text), NULL, 0, err);
	}
	schema_unref(schema);
	buf_free(&text);
	return plan;
}

static bool copy_to(struct sql_session *s, const struct plan *outer, const PgQuery__CopyStmt *stmt,
		    struct copy_options *o, struct sql_sink *sink, char tag[64], struct sql_error *err)
{
	struct copy_out c = { .s = s, .sink = sink, .o = o };
	uint64_t n = 0;
	bool ok = false;

	portal_init(&c.p);
	buf_init(&c.field, LINE_LIMIT);
	c.p.plan = copy_query(s, outer, stmt, err);
	if (c.p.plan == NULL || !portal_start(s, &c.p, err))
		goto out;
	size_t n_columns = c.p.plan->n_columns;
	const char **names = ARENA_ARRAY(&s->scratch, const char *, n_columns + 1);
	if (names == NULL) {
		sql_error_no_memory(err);
		goto out;
	}
	for (size_t i = 0; i < n_columns; i++)
		names[i] = c.p.plan->columns[i].name;
	if (n_columns == 0) {
		sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause");
		goto out;
	}
	if (!column_flags(o, names, n_columns, &s->scratch, err))
		goto out;
	sink->copy_out_begin(sink, o->format == COPY_BINARY, n_columns);
	if (o->header && !put_header(&c, err))
		goto out;
	while (c.p.have_row) {
		if (!put_row(&c, err) || !portal_next(s, &c.p, err))
			goto out;
		n++;
	}
	if (o->format == COPY_BINARY) {
		struct buf *out = sink->copy_out_row(sink);

		if (out == NULL)
			goto out;
		binary_header(&c, out);
		buf_put_u16(out, 0xffff);
		if (!sink->row_end(sink))
			goto out;
	}
	sink->copy_out_end(sink);
	snprintf(tag, 64, "COPY %llu", (unsigned long long)n);
	ok = true;
out:
	portal_deinit(s, &c.p);
	buf_free(&c.field);
	return ok;
}

bool copy_run(struct sql_session *s, const struct plan *plan, struct sql_sink *sink, char tag[64],
	      struct sql_error *err)
{
	const PgQuery__CopyStmt *stmt = plan->stmt->copy_stmt;
	struct copy_options o;

	if (stmt->is_program)
		return sql_error_unsupported(err, -1, "COPY with PROGRAM");
	if (stmt->filename != NULL && stmt->filename[0] != '\0') {
		sql_error_unsupported(err, -1, "COPY to or from a file of the server");
		return sql_error_hint(err, "Use COPY with STDIN or STDOUT, or psql's \\copy.");
	}
	if (!read_options(stmt, &o, err))
		return false;
	return stmt->is_from ? copy_from(s, stmt, &o, sink, tag, err) :
			       copy_to(s, plan, stmt, &o, sink, tag, err);
}
