/*
 * fuzz_s3_list.c - what an S3 store answers: listings, deletions, errors
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/s3_xml.h"

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
	struct s3_page page;

	if (!s3_parse_list(text, len, prefix, 100, &arena, &page, &err)) {
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
	struct s3_delete_result result;
	struct s3_error answer;
	struct error err = ERROR_INIT;

	check_list(text, len, "");
	check_list(text, len, "pre/fix/");
	s3_parse_error(text, len, &answer);
	check(strlen(answer.code) < sizeof(answer.code));
	if (!s3_parse_delete(text, len, &result, &err))
		check(err.set);
	return 0;
}
