/*
 * compact_plan.h - which pages compaction writes anew
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_COMPACT_PLAN_H
#define PGBLOB_VFS_COMPACT_PLAN_H

#include "vfs/db.h"

/* Why a page is written; bits. */
enum {
	FOLD_SLOT = 1,   /* it lies in a slot: it must be */
	FOLD_MAY = 2,    /* its segment is mostly dead, or its extent lies in too many pieces */
	FOLD_EXTENT = 4, /* all of its extent is */
};

/* Of one segment: it ends with the page that passes it. */
#define SEGMENT_TARGET ((size_t)4 << 20)

/* An extent is a chunk of the manifest: 4096 pages. */
struct compact_plan {
	uint8_t *why;    /* of each page; 0: it stays */
	size_t n_pages;  /* that are written */
};

/* Look at where the pages of `v`, pinned, lie.  False: no memory; the caller frees the plan in any case. */
MUST_CHECK bool compact_plan(struct db *db, const struct version *v, uint64_t budget,
			     struct compact_plan *out);
void compact_plan_free(struct compact_plan *plan);

#endif
