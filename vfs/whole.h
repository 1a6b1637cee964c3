/*
 * whole.h - whole images of pages that a version has as deltas, for a manifest
 *
 * A manifest tells of no deltas: those of its version are put together, and written
 * to segments, before it is made.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_WHOLE_H
#define PGBLOB_VFS_WHOLE_H

#include "vfs/db.h"

/* Where they lie now; a zeroed one holds nothing. */
struct whole_pages {
	pgno_t *pgnos; /* rising */
	struct page_ref *refs;
	size_t n, cap;
};

/*
 * Write the pages of `v`, pinned, that are deltas.  Costs GETs for what is not in
 * memory.  The caller frees `w` in any case.
 */
MUST_CHECK enum vfs_rc whole_write(struct db *db, const struct version *v, struct whole_pages *w,
				   struct error *err);

/* Where the whole image of a page of `v` lies. */
struct page_ref whole_ref(struct db *db, const struct version *v, const struct whole_pages *w,
			  pgno_t pgno);

void whole_free(struct whole_pages *w);

#endif
