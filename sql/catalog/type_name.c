/*
 * type_name.c - a type as SQL writes it
 *
 * PostgreSQL gives the text to its parser; here the few shapes that a type's name has
 * are read by hand, because the extension has no parser.
 * Licence: MIT, see LICENSE.
 */
#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "sql/catalog/names.h"
#include "sql/error.h"
#include "sql/pgcat.h"
#include "sql/type.h"

enum { MAX_WORDS = 8 };

struct reader {
	const char *text;
	size_t len;
	const char *at, *end;
	struct sql_error *err;
};

static bool space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip(struct reader *r)
{
	while (r->at < r->end && space(*r->at))
		r->at++;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '$' || (c & 0x80) != 0;
}

static bool syntax_error(struct reader *r)
{
	skip(r);
	if (r->at == r->end)
		return sql_error_set(r->err, ERRCODE_SYNTAX, "syntax error at end of input");
	size_t n = 1;
	if (word_char(*r->at)) {
		while (r->at + n < r->end && word_char(r->at[n]))
			n++;
	}
	return sql_error_set(r->err, ERRCODE_SYNTAX, "syntax error at or near \"%.*s\"", (int)n, r->at);
}

/* Take the word if it is next. */
static bool accept(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	skip(r);
	if ((size_t)(r->end - r->at) < n || strncasecmp(r->at, word, n) != 0)
		return false;
	if (word_char(word[n - 1]) && r->at + n < r->end && word_char(r->at[n]))
		return false;
	r->at += n;
	return true;
}

/* "(n, n)" after a type's name. */
static bool take_modifiers(struct reader *r, int32_t parts[2], size_t *n)
{
	*n = 0;
	if (!accept(r, "("))
		return true;
	do {
		bool negative = accept(r, "-");
		int64_t value = 0;

		skip(r);
		if (*n == 2 || r->at == r->end || *r->at < '0' || *r->at > '9')
			return syntax_error(r);
		for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
			if (value <= INT32_MAX)
				value = value * 10 + (*r->at - '0');
		}
		if (value > INT32_MAX)
			return syntax_error(r);
		parts[(*n)++] = (int32_t)(negative ? -value : value);
	} while (accept(r, ","));
	return accept(r, ")") || syntax_error(r);
}

/* Names that the grammar knows, longest first among those that begin alike. */
static const struct spelling {
	const char *words[3];
	oid_t type;
} spellings[] = {
	{ { "double", "precision" }, FLOAT8OID },
	{ { "national", "character", "varying" }, VARCHAROID },
	{ { "national", "char", "varying" }, VARCHAROID },
	{ { "national", "character" }, BPCHAROID },
	{ { "national", "char" }, BPCHAROID },
	{ { "character", "varying" }, VARCHAROID },
	{ { "char", "varying" }, VARCHAROID },
	{ { "nchar", "varying" }, VARCHAROID },
	{ { "bit", "varying" }, VARBITOID },
	{ { "character" }, BPCHAROID },
	{ { "char" }, BPCHAROID },
	{ { "nchar" }, BPCHAROID },
	{ { "varchar" }, VARCHAROID },
	{ { "bit" }, BITOID },
	{ { "int" }, INT4OID },
	{ { "integer" }, INT4OID },
	{ { "smallint" }, INT2OID },
	{ { "bigint" }, INT8OID },
	{ { "real" }, FLOAT4OID },
	{ { "float" }, FLOAT8OID },
	{ { "decimal" }, NUMERICOID },
	{ { "dec" }, NUMERICOID },
	{ { "numeric" }, NUMERICOID },
	{ { "boolean" }, BOOLOID },
	{ { "timestamp" }, TIMESTAMPOID },
	{ { "time" }, TIMEOID },
	{ { "interval" }, INTERVALOID },
};

static const struct spelling *take_spelling(struct reader *r)
{
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		const char *start = r->at;
		size_t w = 0;

		while (w < 3 && spellings[i].words[w] != NULL && accept(r, spellings[i].words[w]))
			w++;
		if (w == 3 || spellings[i].words[w] == NULL)
			return &spellings[i];
		r->at = start;
	}
	return NULL;
}

/* The fields of an interval: "year to month" and so on, as bits of its typmod. */
static int32_t take_interval_fields(struct reader *r)
{
	static const struct {
		const char *name;
		int32_t bit;
	} fields[] = {
		{ "year", 1 << 2 },  { "month", 1 << 1 },   { "day", 1 << 3 },
		{ "hour", 1 << 10 }, { "minute", 1 << 11 }, { "second", 1 << 12 },
	};
	int32_t mask = 0;
	size_t from = ARRAY_LEN(fields);

	for (size_t i = 0; i < ARRAY_LEN(fields) && from == ARRAY_LEN(fields); i++) {
		if (accept(r, fields[i].name))
			from = i;
	}
	if (from == ARRAY_LEN(fields))
		return 0;
	mask = fields[from].bit;
	if (accept(r, "to")) {
		for (size_t i = from + 1; i < ARRAY_LEN(fields); i++) {
			mask |= fields[i].bit;
			if (accept(r, fields[i].name))
				break;
		}
	}
	return mask;
}

/* A name that the grammar does not know: a plain one with its schema. */
static bool take_plain(struct reader *r, const struct schema *schema, const struct sql_env *env, oid_t *type,
		       struct qualified_name *name)
{
	const char *from = r->at;
	bool quoted = false;

	while (r->at < r->end && (quoted || word_char(*r->at) || *r->at == '.' || *r->at == '"')) {
		quoted ^= *r->at == '"';
		r->at++;
	}
	if (r->at == from)
		return syntax_error(r);
	if (!names_parse(from, (size_t)(r->at - from), name, r->err)) {
		r->at = from;
		return syntax_error(r);
	}
	*type = names_find_type(schema, env, names_schema(name), names_last(name));
	return true;
}

bool names_type_in(const struct schema *schema, const struct sql_env *env, const char *text, size_t len,
		   bool missing_ok, oid_t *type, int32_t *typmod, struct sql_error *err)
{
	struct reader r = { .text = text, .len = len, .at = text, .end = text + len, .err = err };
	struct qualified_name name = { 0 };
	int32_t parts[2], mod = -1;
	size_t n_parts;
	bool is_array = false;

	skip(&r);
	if (r.at == r.end) /* PostgreSQL's parser sees nothing at all */
		return sql_error_set(err, ERRCODE_SYNTAX, "invalid type name \"%.*s\"", (int)len, text);
	const struct spelling *s = take_spelling(&r);
	if (s != NULL)
		*type = s->type;
	else if (!take_plain(&r, schema, env, type, &name))
		return false;
	int32_t fields = s != NULL && *type == INTERVALOID ? take_interval_fields(&r) : 0;
	if (!take_modifiers(&r, parts, &n_parts))
		return false;
	if (s != NULL && (*type == TIMESTAMPOID || *type == TIMEOID)) {
		if (accept(&r, "with")) {
			if (!accept(&r, "time") || !accept(&r, "zone"))
				return syntax_error(&r);
			*type = *type == TIMEOID ? TIMETZOID : TIMESTAMPTZOID;
		} else if (accept(&r, "without") && (!accept(&r, "time") || !accept(&r, "zone"))) {
			return syntax_error(&r);
		}
	}
	if (s != NULL && strcmp(s->words[0], "float") == 0 && n_parts == 1) {
		if (parts[0] < 1 || parts[0] > 53)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     parts[0] < 1 ? "precision for type float must be at least 1 bit"
							  : "precision for type float must be less than 54 bits");
		*type = parts[0] <= 24 ? FLOAT4OID : FLOAT8OID;
		n_parts = 0;
	}
	/* char and bit are one character, one bit, but only as the grammar's own words */
	if (s != NULL && n_parts == 0 && (*type == BPCHAROID || *type == BITOID)) {
		parts[0] = 1;
		n_parts = 1;
	}
	if (fields != 0) {
		parts[1] = n_parts == 1 ? parts[0] : 0xffff;
		mod = (int32_t)((uint32_t)fields << 16 | (uint32_t)parts[1]);
	} else if (n_parts > 0 && *type != 0 &&
		   !type_typmod_in(*type, parts, n_parts, &mod, err)) {
		return false;
	}
	for (;;) {
		if (accept(&r, "[")) {
			skip(&r);
			while (r.at < r.end && *r.at >= '0' && *r.at <= '9')
				r.at++;
			if (!accept(&r, "]"))
				return syntax_error(&r);
		} else if (!is_array && accept(&r, "array")) {
			/* as the standard writes it */
		} else {
			break;
		}
		is_array = true;
	}
	skip(&r);
	if (r.at < r.end)
		return syntax_error(&r);
	if (is_array && *type != 0) {
		const struct pg_type_row *row = pgcat_type(*type);

		*type = row == NULL ? 0 : row->typarray;
	}
	if (typmod != NULL)
		*typmod = mod;
	if (*type != 0 || missing_ok)
		return true;
	if (name.n > 1 && names_find_namespace(schema, names_schema(&name)) == 0)
		return sql_error_set(err, ERRCODE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist",
				     names_schema(&name));
	return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT, "type \"%.*s\" does not exist", (int)len, text);
}
