/*
 * fetch.h - pages from the store
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FETCH_H
#define PGBLOB_VFS_FETCH_H

#include "vfs/db.h"

enum { FETCH_WINDOW_MIN = 64 << 10, FETCH_WINDOW_MAX = 1 << 20 };

/*
 * The image of a page of a pinned version, counted for the caller; with it
 * come its neighbours in the object, about `window` bytes.  ref.encoding must
 * not be PAGE_ZERO.  *last is the last page that a request was made for, 0 if there was none.
 * `stats` is the handle's; the caller counts pages and memory_hits.
 */
MUST_CHECK enum vfs_rc fetch_page(struct db *db, const struct version *v, pgno_t pgno,
				  const struct page_ref *ref, size_t window,
				  struct vfs_read_stats *stats, struct image **out, pgno_t *last,
				  struct error *err);

/* Fills in what has to do with the store. */
void fetch_add_stats(struct vfs_cache_stats *out);

#endif
