/*
 * disk_cache.h - stored pages on this machine's disk, within a limit, across restarts
 *
 * A folder may be used by several processes at once, and by several databases and
 * stores: a page's key tells them apart.  What a key stands for never changes, so
 * nothing is ever invalidated.  Nothing here is durable or needed: every failure
 * is a page that is not there.
 *
 * Any thread may call this but for open and close.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_DISK_CACHE_H
#define PGBLOB_VFS_DISK_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct error;
struct vfs_cache_stats;
struct disk_cache;

#define DISK_CACHE_MIN ((uint64_t)16 << 20)
#define DISK_CACHE_MAX ((uint64_t)64 << 30)

struct disk_key {
	uint8_t bytes[16];
};

/*
 * Use the folder, which is made if its parent is there; it must belong to this
 * user, and nobody else may write to it.  `limit` is in bytes, put within
 * DISK_CACHE_MIN and DISK_CACHE_MAX.  What was there is read in the background: until then
 * pages are not found.  NULL: err says why not.
 */
MUST_CHECK struct disk_cache *disk_cache_open(const char *folder, uint64_t limit,
					      struct error *err);
/* Writes what is queued.  Nobody uses it any more.  NULL does nothing. */
void disk_cache_close(struct disk_cache *c);

/* The key of a page's stored bytes: where they lie, what they are, and in which database's life. */
void disk_key_init(struct disk_key *out, const char *store, const char *object,
		   const uint8_t db_id[ID_LEN], const struct page_entry *entry);

/* Is it there, perhaps?  No request to the disk. */
bool disk_cache_has(struct disk_cache *c, const struct disk_key *key);

/* Copy the `len` bytes that were put into `out`; false if they are not there any more. */
MUST_CHECK bool disk_cache_get(struct disk_cache *c, const struct disk_key *key, void *out,
			       uint32_t len);

/*
 * Keep a copy of `len` bytes, PAGE_SIZE_MAX at most; they are written by a
 * thread.  Does nothing if that has too much to do, or the disk is full.
 */
void disk_cache_put(struct disk_cache *c, const struct disk_key *key, const void *bytes,
		    uint32_t len);

/* Wait until all that was there has been read, and all that was put is written. */
void disk_cache_settle(struct disk_cache *c);

/* Fills in what has to do with the disk. */
void disk_cache_add_stats(struct disk_cache *c, struct vfs_cache_stats *out);

#endif
