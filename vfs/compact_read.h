/*
 * compact_read.h - the pages that compaction writes anew, many at a time
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_COMPACT_READ_H
#define PGBLOB_VFS_COMPACT_READ_H

#include "vfs/db.h"

struct image;

/*
 * The images of n pages of `v`, pinned: from memory, or in as few GETs as their places
 * allow, several at once.  What is read does not get into the cache: nobody has asked for it.
 * images[i] is counted for the caller; NULL: it could not be had here, fetch_page() says why.
 */
void compact_read(struct db *db, const struct version *v, const pgno_t *pgnos, size_t n,
		  struct image **images, struct vfs_read_stats *stats);

#endif
