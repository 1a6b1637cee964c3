/*
 * fuzz_startup.c - any bytes as a start-up packet
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "wire/startup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT(256 << 10);
	struct startup s;

	if (size < 4 || size > STARTUP_MAX)
		return 0;
	(void)startup_is_http((const char *)data);
	startup_parse((const char *)data, size, &arena, &s);
	switch (s.kind) {
	case STARTUP_BAD:
		must(s.error.message != NULL && strlen(s.error.sqlstate) == 5);
		break;
	case STARTUP_SESSION:
		must(s.user[0] != '\0' && strlen(s.user) <= STARTUP_NAME_MAX);
		must(s.database[0] != '\0' && strlen(s.database) <= STARTUP_NAME_MAX);
		for (size_t i = 0; i < s.n_settings; i++)
			must(s.settings[i].name[0] != '\0' && s.settings[i].value != NULL);
		for (size_t i = 0; i < s.n_unknown; i++)
			must(strncmp(s.unknown[i], "_pq_.", 5) == 0);
		break;
	case STARTUP_CANCEL:
		must(s.cancel_key_len >= 4 && s.cancel_key_len <= CANCEL_KEY_MAX);
		must(s.cancel_key + s.cancel_key_len == (const char *)data + size);
		break;
	case STARTUP_SSL:
	case STARTUP_GSS:
		break;
	}
	arena_free(&arena);
	return 0;
}
