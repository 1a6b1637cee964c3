/*
 * quote.c - identifiers as PostgreSQL quotes them
 * Licence: MIT, see LICENSE.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/func/text.h"

/*
 * Words that PostgreSQL 15 quotes as names: all that are not "unreserved".
 * Source: PostgreSQL 15 documentation, appendix C (SQL Key Words).
 */
static const char *const keywords[] = {
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
	"xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable"
};

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

void quote_ident(const char *p, size_t len, struct buf *out)
{
	char word[64];
	bool plain = len > 0 && ((p[0] >= 'a' && p[0] <= 'z') || p[0] == '_');

	for (size_t i = 1; i < len && plain; i++)
		plain = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
	if (plain && len < sizeof(word)) {
		memcpy(word, p, len);
		word[len] = '\0';
		plain = bsearch(word, keywords, sizeof(keywords) / sizeof(*keywords), sizeof(*keywords),
				compare) == NULL;
	}
	if (plain) {
		buf_put(out, p, len);
		return;
	}
	buf_put_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"')
			buf_put_byte(out, '"');
		buf_put_byte(out, p[i]);
	}
	buf_put_byte(out, '"');
}
