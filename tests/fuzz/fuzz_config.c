/*
 * fuzz_config.c - any bytes as a configuration file
 *
 * What is refused says where; what is taken is within its range.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;
	struct error err = ERROR_INIT;
	char text[256];

	if (!config_init(&c, &err))
		return 0;
	if (!config_read_text(&c, (const char *)data, size, "file", &err)) {
		if (!err.set || strncmp(err.text, "file:", 5) != 0)
			abort();
	} else {
		for (size_t i = 0; i < config_n_options; i++)
			config_show(&c, i, text, sizeof(text));
		if (c.server_port < 0 || c.server_port > 65535 || c.storage_backend < CONFIG_LOCAL ||
		    c.storage_backend > CONFIG_AZURE)
			abort();
		if (!config_check(&c, &err) && !err.set)
			abort();
	}
	config_deinit(&c);
	return 0;
}
