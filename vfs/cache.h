/*
 * cache.h - page images in memory, of all databases, within a limit
 *
 * An image is named by (database, object, offset): that never changes meaning,
 * so nothing is ever invalidated.  An image is counted; its bytes do not change
 * once others can find it.  What somebody holds is not evicted, so the limit
 * may be passed by what is pinned.
 *
 * Any thread may call this.  A shard's lock is never held across a call out.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_CACHE_H
#define PGBLOB_VFS_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct vfs_cache_stats;

/* Where the base of a delta lies; object 0: none. */
struct image_base {
	uint64_t object;
	uint32_t offset, len, sum;
	uint32_t spent; /* bytes that deltas would have been shorter by against a newer base */
	uint8_t encoding;
};

struct image {
	atomic_uint refs;          /* holders, the cache not counted */
	atomic_bool hot;           /* used again since the clock's hand came by */
	atomic_bool ahead;         /* read ahead, and nobody has asked for it yet */
	bool in_cache;             /* set before others see it; then the cache frees it */
	uint32_t size;
	uint32_t db;               /* the name */
	uint32_t offset;
	uint64_t object;
	struct image_base base;    /* of a page that is stored as a delta */
	struct image *hash_next;   /* of the shard */
	struct image *prev, *next; /* the clock's ring, of the shard */
	_Alignas(16) uint8_t data[];
};

/*
 * With the number of an object: the bytes that are stored of a delta whose base was not
 * at hand, rather than its image.
 */
#define CACHE_STORED ((uint64_t)1 << 63)

/* Room for `size` bytes, not cleared, and some zeros behind them; counted once.  NULL: no memory. */
struct image *image_new(uint32_t size);

static inline void image_ref(struct image *image)
{
	atomic_fetch_add_explicit(&image->refs, 1, memory_order_relaxed);
}

/* NULL does nothing. */
void image_unref(struct image *image);

static inline struct image *image_of(void *data)
{
	return CONTAINER_OF((uint8_t(*)[])data, struct image, data);
}

void cache_set_limit(size_t bytes);

/* Counted once more for the caller; NULL if it is not there. */
struct image *cache_find(uint32_t db, uint64_t object, uint32_t offset);
/* The same for who only looks at what lies there: no use is counted, nothing stays for its sake. */
struct image *cache_peek(uint32_t db, uint64_t object, uint32_t offset);
/* Is it there now? */
bool cache_has(uint32_t db, uint64_t object, uint32_t offset);

/*
 * Let others find the image.  If somebody came first, `image` is unreferenced and his is
 * returned; either way the caller holds what is returned.
 */
struct image *cache_insert(uint32_t db, uint64_t object, uint32_t offset, struct image *image);
/* The same for a page that nobody has asked for. */
struct image *cache_insert_ahead(uint32_t db, uint64_t object, uint32_t offset,
				 struct image *image);

/*
 * What lies there now lies somewhere else, too, whole: it is found there, if it is in memory.  Under
 * the old name it stays only if somebody holds it.
 */
void cache_rename(uint32_t db, uint64_t object, uint32_t offset, uint64_t to_object,
		  uint32_t to_offset);

bool cache_use_slow(struct image *image);

/* The caller was asked for it.  Is he the first to use what was read ahead? */
static inline bool cache_use(struct image *image)
{
	return UNLIKELY(atomic_load_explicit(&image->ahead, memory_order_relaxed)) &&
	       cache_use_slow(image);
}

/* Pages that were found without looking here, for the statistics. */
void cache_add_hits(uint64_t n);

/* Bytes that were read ahead and not asked for yet. */
size_t cache_unread(void);
size_t cache_limit(void);

/* Nobody holds an image of that database any more. */
void cache_drop(uint32_t db);

/* Fills in what has to do with memory. */
void cache_add_stats(struct vfs_cache_stats *out);

#endif
