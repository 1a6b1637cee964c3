/*
 * fuzz_sql_json.c - text as json and jsonb
 *
 * What is a jsonb is a json; what a jsonb prints is read as the same jsonb.  The second
 * half of the input is taken for what a database holds.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/env.h"
#include "sql/error.h"
#include "sql/type.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sql_env env;
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct type_context ctx = { &env, NULL, &arena };
	struct sql_error err = SQL_ERROR_INIT;
	struct datum json, first, second;
	struct buf out = BUF_INIT(16 << 20);
	char *text = malloc(len + 1);

	if (text == NULL)
		abort();
	memcpy(text, bytes, len);
	sql_env_init(&env);
	bool is_json = type_in(&ctx, JSONOID, -1, text, len, &json, &err);
	if (type_in(&ctx, JSONBOID, -1, text, len, &first, &err)) {
		if (!is_json || !type_out(&ctx, JSONBOID, &first, &out, &err) || out.failed ||
		    !type_in(&ctx, JSONBOID, -1, out.data, out.len, &second, &err) || first.len != second.len ||
		    memcmp(first.data, second.data, first.len) != 0)
			abort();
	} else if (strcmp(err.sqlstate, "") == 0) {
		abort();
	}
	/* anything may be in a database */
	buf_reset(&out);
	first = (struct datum){ .kind = DATUM_TEXT };
	first.data = text + len / 2;
	first.len = len - len / 2;
	if (!type_out(&ctx, JSONBOID, &first, &out, &err) && err.message[0] == '\0')
		abort();
	buf_free(&out);
	arena_free(&arena);
	free(text);
	return 0;
}
