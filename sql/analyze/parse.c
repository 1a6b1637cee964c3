/*
 * parse.c - PostgreSQL's grammar, from libpg_query
 *
 * The parser hands the tree over as a protobuf, which is unpacked into the arena.
 * Licence: MIT, see LICENSE.
 */
#include <pg_query.h>

#include "sql/analyze.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/analyze/scan.h"
#include "sql/error.h"

static void *unpack_alloc(void *data, size_t size)
{
	return arena_alloc(data, size);
}

static void unpack_free(void *data, void *at)
{
	(void)data;
	(void)at;
}

/* The byte that the n-th character, from 1, begins at. */
static int byte_of_character(const char *text, int n)
{
	const char *at = text;

	while (n > 1 && *at != '\0') {
		at++;
		while ((*at & 0xc0) == 0x80)
			at++;
		n--;
	}
	return (int)(at - text);
}

static bool parse_failed(const char *text, const PgQueryError *e, struct sql_error *err)
{
	int location = e->cursorpos > 0 ? byte_of_character(text, e->cursorpos) : -1;
	const char *message = e->message != NULL ? e->message : "syntax error";

	if (strncmp(message, "memory exhausted", 16) == 0)
		return sql_error_at(err, location, "54001", "stack depth limit exceeded");
	if (strstr(message, "out of memory") != NULL)
		return sql_error_no_memory(err);
	if (strstr(message, "Unicode escape") != NULL && strstr(message, "invalid") == message)
		return sql_error_at(err, location, ERRCODE_SYNTAX, "%s", message);
	if (strncmp(message, "invalid byte sequence", 21) == 0)
		return sql_error_at(err, location, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "%s", message);
	if (strstr(message, "not yet supported") != NULL ||
	    strstr(message, "not supported") != NULL ||
	    strstr(message, "not implemented") != NULL ||
	    strncmp(message, "unsafe use of", 13) == 0)
		return sql_error_at(err, location, ERRCODE_FEATURE_NOT_SUPPORTED, "%s", message);
	sql_error_at(err, location, ERRCODE_SYNTAX, "%s", message);
	if (strcmp(message, "subquery in FROM must have an alias") == 0)
		sql_error_hint(err, "For example, FROM (SELECT ...) [AS] foo.");
	else if (strcmp(message, "VALUES in FROM must have an alias") == 0)
		sql_error_hint(err, "For example, FROM (VALUES ...) [AS] foo.");
	return false;
}

bool sql_parse(const char *text, struct arena *arena, PgQuery__ParseResult **tree,
	       struct sql_error *err)
{
	ProtobufCAllocator allocator = { unpack_alloc, unpack_free, arena };
	PgQueryProtobufParseResult parsed;
	bool ok = true;

	if (!scan_depth(text, err))
		return false;
	parsed = pg_query_parse_protobuf(text);
	if (parsed.error != NULL) {
		ok = parse_failed(text, parsed.error, err);
	} else {
		*tree = pg_query__parse_result__unpack(&allocator, parsed.parse_tree.len,
						       (const uint8_t *)parsed.parse_tree.data);
		if (*tree == NULL)
			ok = sql_error_no_memory(err);
	}
	pg_query_free_protobuf_parse_result(parsed);
	return ok;
}
