/*
 * rebuild.h - images of pages that are stored as what has changed against a base
 *
 * Any thread may call this; nothing here asks the store.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_REBUILD_H
#define PGBLOB_VFS_REBUILD_H

#include "vfs/cache.h"
#include "vfs/db.h"

/* The name in the cache of what is stored at `ref`: that of a delta's bytes, or of a page's image. */
static inline uint64_t stored_object(const struct page_ref *ref)
{
	return page_is_delta(ref->encoding) ? CACHE_STORED | ref->object : ref->object;
}

/* What stored bytes are in memory: a delta's bytes, or a page's image.  NULL: they are damaged, or no memory. */
struct image *image_of_stored(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			      uint32_t page_size);

/* The base of a delta's bytes, which are stored in that object.  False: they are damaged, or no memory. */
MUST_CHECK bool delta_base(struct db *db, uint64_t holder, const struct page_entry *entry,
			   const uint8_t *stored, uint32_t page_size, struct image_base *out);

/* The image that they make of the base's, counted once; NULL: it does not match its sum, or no memory. */
struct image *delta_image(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			  const struct image_base *base, const struct image *base_image,
			  uint32_t page_size);

/* Where a base lies, as a place to read from. */
struct page_ref base_ref(const struct image_base *base);

#endif
