/*
 * fuzz_type.c - text and binary forms of every type, from anybody
 *
 * The first byte chooses the type, the second the form (text if even).  What is taken can
 * be written in both forms, and what was written is read again.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/error.h"
#include "sql/type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const oid_t types[] = {
	16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 30, 114, 700, 701, 1000, 1001, 1007, 1009, 1016,
	1022, 1042, 1043, 1082, 1083, 1114, 1115, 1182, 1184, 1186, 1187, 1231, 1266, 1560, 1562, 1700,
	2950, 3220, 3802, 3807, 5069,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT(1 << 26);
	struct buf text = BUF_INIT(1 << 26), binary = BUF_INIT(1 << 26);
	struct sql_error err = SQL_ERROR_INIT;
	struct sql_env env;
	struct type_context ctx = { &env, NULL, &arena };
	struct datum d, again;

	if (size < 2)
		return 0;
	sql_env_init(&env);
	env.timezone = timezone_find("Europe/Berlin");
	env.date_style = (enum date_style)(data[1] >> 1 & 3);
	env.interval_style = (enum interval_style)(data[1] >> 3 & 3);
	oid_t type = types[data[0] % (sizeof(types) / sizeof(*types))];
	const char *bytes = (const char *)data + 2;
	bool ok = data[1] % 2 == 0 ? type_in(&ctx, type, -1, bytes, size - 2, &d, &err)
				   : type_recv(&ctx, type, -1, bytes, size - 2, &d, &err);
	if (ok) {
		if (!type_out(&ctx, type, &d, &text, &err) || !type_send(&ctx, type, &d, &binary, &err))
			abort();
		if (!text.failed && !binary.failed &&
		    !type_recv(&ctx, type, -1, binary.len > 0 ? binary.data : "", binary.len, &again, &err))
			abort();
		env.date_style = DATE_STYLE_ISO;
		buf_reset(&text);
		if (!type_out(&ctx, type, &d, &text, &err))
			abort();
	}
	buf_free(&text);
	buf_free(&binary);
	arena_free(&arena);
	return 0;
}
