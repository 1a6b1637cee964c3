/*
 * quote.c - names and texts in quotes
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze.h"

#include <string.h>

#include "base/buf.h"

static void put_quoted(struct buf *out, const char *text, size_t len, char quote)
{
	const char *end = text + len;

	buf_put_byte(out, quote);
	while (text < end) {
		const char *q = memchr(text, quote, (size_t)(end - text));

		if (q == NULL)
			break;
		buf_put(out, text, (size_t)(q + 1 - text));
		buf_put_byte(out, quote);
		text = q + 1;
	}
	buf_put(out, text, (size_t)(end - text));
	buf_put_byte(out, quote);
}

void sqlite_quote_name(struct buf *out, const char *name)
{
	put_quoted(out, name, strlen(name), '"');
}

void sqlite_quote_text(struct buf *out, const char *text, size_t len)
{
	put_quoted(out, text, len, '\'');
}

/*
 * Words that PostgreSQL 15 quotes as names: all that are not "unreserved".
 * Source: PostgreSQL 15 documentation, appendix C (SQL Key Words).
 */
static const char *const reserved[] = {
	"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
	"authorization", "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast",
	"char", "character", "check", "coalesce", "collate", "collation", "column", "concurrently",
	"constraint", "create", "cross", "current_catalog", "current_date", "current_role",
	"current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal",
	"default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists",
	"extract", "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant",
	"greatest", "group", "grouping", "having", "ilike", "in", "initially", "inner", "inout",
	"int", "integer", "intersect", "interval", "into", "is", "isnull", "join", "lateral",
	"leading", "least", "left", "like", "limit", "localtime", "localtimestamp", "national",
	"natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric",
	"offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing",
	"position", "precision", "primary", "real", "references", "returning", "right", "row",
	"select", "session_user", "setof", "similar", "smallint", "some", "substring", "symmetric",
	"table", "tablesample", "then", "time", "timestamp", "to", "trailing", "treat", "trim",
	"true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose",
	"when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
	"xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
};

static bool is_reserved(const char *name)
{
	size_t low = 0, high = ARRAY_LEN(reserved);

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(name, reserved[mid]);

		if (order == 0)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

void pg_quote_name(struct buf *out, const char *name)
{
	bool plain = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_';

	for (const char *at = name; plain && *at != '\0'; at++)
		plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_';
	if (plain && !is_reserved(name))
		buf_put_str(out, name);
	else
		put_quoted(out, name, strlen(name), '"');
}
