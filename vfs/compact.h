/*
 * compact.h - slots folded into a manifest, and pages laid out anew
 *
 * README.md, "Compaction".  Any thread, any machine; one at a time for a database in a process.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_COMPACT_H
#define PGBLOB_VFS_COMPACT_H

#include "vfs/db.h"

struct compact_request {
	uint64_t budget;         /* pages that are laid out anew without need, at the most */
	bool (*stop)(void);      /* once it is true nothing more is done without need; NULL: never */
	vfs_progress_fn progress; /* pages written, and to be written; once it is false as with stop; NULL: nobody */
	void *arg;
};

/*
 * Create the manifest of the durable version: what lies in slots goes into segments
 * first, and as far as the budget goes what lies badly.  VFS_OK too when there was
 * nothing to do, or somebody else has done it.  `stats` may be NULL.
 */
MUST_CHECK enum vfs_rc compact(struct db *db, const struct compact_request *request,
			       struct vfs_compaction *stats, struct error *err);

#endif
