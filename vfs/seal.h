/*
 * seal.h - the pages of a transaction, in the form in which they are stored
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_SEAL_H
#define PGBLOB_VFS_SEAL_H

#include "vfs/commit.h"

#define SEAL_INLINE_MAX ((size_t)2 << 20) /* pages in a commit object, stored bytes */

/* What becomes of the pages; a zeroed one holds nothing. */
struct sealed {
	pgno_t *pgnos;                   /* rising */
	struct page_entry *entries;
	size_t n;
	struct buf pages;                /* of entries with object 0 */
	struct image_base *bases;        /* of the entries that are deltas; object 0: none */
	struct manifest_object *objects; /* object k is the k-th, from 1: segments, then of bases */
	uint32_t n_segments;
	uint32_t n_objects;
};

/*
 * Encode the staged pages of a request.  What is as it was in the version before is
 * left out, and what differs little from an image that is in memory becomes a delta:
 * nothing is read for its sake.  If they are too many for the commit object they are
 * uploaded as segments, whole, which are durable when this returns.  The caller frees
 * `s` in any case.
 */
MUST_CHECK enum vfs_rc seal(struct db *db, const struct commit_request *r,
			    const uint8_t db_id[ID_LEN], struct sealed *s, struct error *err);

struct staged_page {
	pgno_t pgno;
	struct image *image; /* borrowed; NULL: zeros */
};

/* The same of pages in memory, rising; `base` is the version before them, pinned. */
MUST_CHECK enum vfs_rc seal_pages(struct db *db, const struct version *base,
				  const struct staged_page *pages, size_t n, uint32_t page_size,
				  struct sealed *s, struct error *err);

void sealed_free(struct sealed *s);

#endif
