/*
 * fetch.h - pages from the store: one GET for many readers, several at once for one
 *
 * Any thread may call this.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FETCH_H
#define PGBLOB_VFS_FETCH_H

#include "vfs/db.h"

enum {
	FETCH_FRAME = 64 << 10,   /* what a page brings with it, bytes in the object */
	FETCH_RUN_MAX = 1 << 20,  /* of one GET that reads ahead */
	FETCH_AHEAD_MAX = 1024,   /* pages of one fetch_ahead() */
};

/* A page that is wanted, and where it lies. */
struct fetch_want {
	pgno_t pgno;
	struct page_ref ref;
};

/*
 * The image of a page of a pinned version, counted for the caller; with it come
 * its neighbours in the object.  ref.encoding must not be PAGE_ZERO or
 * PAGE_MEMORY.  `stats` is the handle's; the caller counts pages and the hits that
 * he saw himself.
 */
MUST_CHECK enum vfs_rc fetch_page(struct db *db, const struct version *v, pgno_t pgno,
				  const struct page_ref *ref, struct vfs_read_stats *stats,
				  struct image **out, struct error *err);

/*
 * Begin to read n pages (FETCH_AHEAD_MAX at most) into the cache, in as few GETs
 * as their places allow, and return at once.  What is there or on its way is left
 * out.  `wants` is sorted.  May do nothing: there are limits.
 */
void fetch_ahead(struct db *db, const struct version *v, struct fetch_want *wants, size_t n,
		 struct vfs_read_stats *stats);

/* For who reads by himself: a GET of so many bytes is made; does this machine's disk have it? */
void fetch_count(struct db *db, uint64_t bytes, struct vfs_read_stats *stats);
bool fetch_on_disk(struct db *db, const struct version *v, const struct page_ref *ref);

/* Wait until nothing is under way for the database; nobody reads it any more. */
void fetch_drain(struct db *db);

struct disk_cache;

/* Pages are looked for there first, and kept there; borrowed.  NULL: no more.  Nobody reads meanwhile. */
void fetch_set_disk(struct disk_cache *disk);

/* Ends the threads. */
void fetch_stop(void);

/* Fills in what has to do with the store. */
void fetch_add_stats(struct vfs_cache_stats *out);

#endif
