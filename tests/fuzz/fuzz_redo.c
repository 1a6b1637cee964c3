/*
 * fuzz_redo.c - a redo file of a local folder, whatever is in it
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "blob/redo_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf file = { .data = (char *)(uintptr_t)bytes, .len = len, .cap = len };
	uint64_t generation = len >= 16 ? get_u64(bytes + 8) : 1;
	struct redo_record r;
	size_t at = 0;

	while (redo_next(&file, generation, &at, &r)) {
		const char *end = file.data + len;

		if (r.key < file.data || r.key_len > (size_t)(end - r.key) || r.body < r.key ||
		    r.body_len > (size_t)(end - r.body) || r.body_len > REDO_BODY_MAX ||
		    (r.kind != REDO_OBJECT && r.kind != REDO_VOID))
			abort();
	}
	return 0;
}
