/*
 * fuzz_local_journal.c - the records of a local journal, whatever is in them
 *
 * The bytes are the payload of a record: its hash would refuse nearly every mutation.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "vfs/local_format.h"
#include "vfs/local_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool take(void *arg, pgno_t pgno, const uint8_t *image, struct error *err)
{
	unsigned *n = arg;

	(void)err;
	if (pgno == 0 || image == NULL)
		abort();
	return ++*n < 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	struct local_record r;
	struct attempt a;
	struct buf file = { .data = (char *)(uintptr_t)bytes, .len = len, .cap = len };
	size_t at = 0;
	unsigned n = 0;

	if (!local_each_page(bytes, len, take, &n, &err) && !err.set && n < 100000)
		abort();
	error_clear(&err);
	if (!attempt_parse(bytes, len, 1, &a, &err) && !err.set)
		abort();
	while (local_log_next(&file, &at, &r))
		if (r.payload + r.len > bytes + len)
			abort();
	return 0;
}
