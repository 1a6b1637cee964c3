/*
 * journal.h - the virtual rollback journal
 *
 * SQLite writes the old image of each page it changes into its journal, and
 * that is the page of the snapshot that it reads.  So only the page number is
 * kept, and the page is made again when SQLite plays the journal back.  What is
 * not such a page (headers, checksums, pages that are something else) is kept
 * as it is, past a limit in a temporary file.
 *
 * A journal belongs to one handle, and its thread.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_JOURNAL_H
#define PGBLOB_VFS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct error;

/* What a journal asks of the database file that it belongs to. */
struct journal_ops {
	/* Is `data` of len bytes the image of that page in the snapshot? */
	bool (*is_page)(void *arg, pgno_t pgno, const void *data, size_t len);
	bool (*read_page)(void *arg, pgno_t pgno, void *out, size_t len, struct error *err);
};

struct journal_extent;

struct journal {
	const struct journal_ops *ops;
	void *arg;
	struct journal_extent *extents; /* rising by offset, no two overlap */
	size_t n_extents;
	size_t cap_extents;
	uint8_t *raw;        /* what is kept as it is */
	uint64_t raw_len;
	size_t raw_cap;
	int fd;              /* of raw bytes past the limit; -1: none */
	uint64_t size;
};

void journal_init(struct journal *j, const struct journal_ops *ops, void *arg);
void journal_deinit(struct journal *j);

MUST_CHECK bool journal_write(struct journal *j, uint64_t offset, const void *data, size_t len,
			      struct error *err);
/* *got is how much there was; the rest of `out` is zeros. */
MUST_CHECK bool journal_read(struct journal *j, uint64_t offset, void *out, size_t len,
			     size_t *got, struct error *err);
MUST_CHECK bool journal_truncate(struct journal *j, uint64_t size, struct error *err);

#endif
