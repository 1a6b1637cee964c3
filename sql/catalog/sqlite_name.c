/*
 * sqlite_name.c - the name in SQLite of a table, view, index of PostgreSQL
 *
 * FORMAT   "name" in schema public, "schema.name" elsewhere.  In each part '.' and
 * '%' are written %2E and %25; a public name that would begin with "sqlite_",
 * "pgblob_", "pg_catalog." or "information_schema." has its first letter encoded.
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/sqlite_name.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/bytes.h"

static bool has_prefix(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

bool sqlite_name_is_internal(const char *sqlite_name)
{
	return has_prefix(sqlite_name, "sqlite_") || has_prefix(sqlite_name, "pgblob_");
}

static char *encode_part(char *out, const char *part, bool first)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const char *p = part; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '.' || c == '%' || (first && p == part)) {
			*out++ = '%';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		} else {
			*out++ = (char)c;
		}
	}
	return out;
}

char *sqlite_name_of(struct arena *arena, const char *namespace_name, const char *name)
{
	bool in_public = strcmp(namespace_name, "public") == 0;
	char *text = arena_alloc(arena, 3 * (strlen(namespace_name) + strlen(name)) + 2);

	if (text == NULL)
		return NULL;
	char *end = text;
	if (!in_public) {
		end = encode_part(end, namespace_name, sqlite_name_is_internal(namespace_name));
		*end++ = '.';
	}
	end = encode_part(end, name, in_public && sqlite_name_is_internal(name));
	*end = '\0';
	return text;
}

static char *decode_part(struct arena *arena, const char *part, size_t len)
{
	char *text = arena_alloc(arena, len + 1);
	char *out = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (part[i] == '%' && i + 2 < len && hex_decode(part + i + 1, 2, out)) {
			out++;
			i += 2;
		} else {
			*out++ = part[i];
		}
	}
	*out = '\0';
	return text;
}

bool sqlite_name_split(struct arena *arena, const char *sqlite_name,
		       const char **namespace_name, const char **name)
{
	const char *dot = strchr(sqlite_name, '.');

	if (dot == NULL || dot == sqlite_name || dot[1] == '\0') {
		*namespace_name = "public";
		*name = decode_part(arena, sqlite_name, strlen(sqlite_name));
	} else {
		*namespace_name = decode_part(arena, sqlite_name, (size_t)(dot - sqlite_name));
		*name = decode_part(arena, dot + 1, strlen(dot + 1));
	}
	return *namespace_name != NULL && *name != NULL;
}
