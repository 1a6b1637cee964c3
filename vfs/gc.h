/*
 * gc.h - deleting what no retained version needs
 *
 * README.md, "Clean-up", says why this is safe.  Any machine may do it at any time, several at
 * once too.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_GC_H
#define PGBLOB_VFS_GC_H

#include "vfs/db.h"

struct gc_request {
	int64_t retention_us;    /* versions of so long ago can be opened */
	bool dry_run;            /* only find out */
	bool (*stop)(void);      /* once it is true nothing more is deleted; NULL: never */
	vfs_progress_fn progress; /* objects looked at, of how many nobody knows: 0; once it is false as with stop; NULL: nobody */
	void *arg;
};

/*
 * Clean up the folder of one database.  `stats` tells what was done, also of a failure, after
 * which a later call goes on.
 */
MUST_CHECK enum vfs_rc gc(struct blob_store *store, const char *folder,
			  const struct gc_request *request, struct vfs_clean_up *stats,
			  struct error *err);

#endif
