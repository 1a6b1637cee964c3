/*
 * fuzz_azure_list.c - what Azure answers: listings and errors; connection strings
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "blob/azure_auth.h"
#include "blob/azure_xml.h"
#include "blob/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_list(const char *text, size_t len, const char *prefix)
{
	struct arena arena = ARENA_INIT(16 << 20);
	struct error err = ERROR_INIT;
	struct azure_page page;

	if (!azure_parse_list(text, len, prefix, 100, &arena, &page, &err)) {
		check(err.set);
	} else {
		check(page.n_entries <= 100);
		for (size_t i = 0; i < page.n_entries; i++) {
			const char *key = page.entries[i].key;

			check(page.entries[i].is_prefix ? key_is_good_prefix(key) : key_is_good(key));
			check(i == 0 || strcmp(page.entries[i - 1].key, key) <= 0);
		}
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;
	struct azure_connection connection;
	struct azure_error answer;
	struct error err = ERROR_INIT;
	struct etag etag;

	check_list(text, len, "");
	check_list(text, len, "pre/fix/");
	azure_parse_error(text, len, &answer);
	check(strlen(answer.code) < sizeof(answer.code));
	char *string = strndup(text, len);
	if (string == NULL)
		return 0;
	if (azure_connection_parse(string, &connection, &err)) {
		check(connection.key != NULL || connection.sas != NULL);
		azure_connection_free(&connection);
	} else {
		check(err.set);
	}
	if (azure_etag_set(&etag, string))
		check(strlen(etag.text) < sizeof(etag.text));
	free(string);
	return 0;
}
