/*
 * fuzz_json.c - what a metadata service answers
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "blob/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const names[] = { "Token", "Expiration", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf out = BUF_INIT(64);

		buf_put_str(&out, "before");
		bool good = json_get((const char *)bytes, len, names[i], &out);
		/* what it gives is a string, behind what was there */
		if (out.len < 6 || memcmp(out.data, "before", 6) != 0 || (!good && out.len != 6) ||
		    memchr(out.data, '\0', out.len) != NULL)
			abort();
		buf_free(&out);
	}
	return 0;
}
