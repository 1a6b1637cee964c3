/*
 * cache.c - page images in memory, of all databases, within a limit
 *
 * INVARIANTS
 *   (1) An image is freed by the shard only while its count is 0, under the
 *       shard's lock; a count rises from 0 only under that lock.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "vfs/vfs.h"

enum {
	N_SHARDS = 16,
	SLACK = 64,
	OVERHEAD = sizeof(struct image) + SLACK + 48, /* of an image, with what malloc and the buckets take */
};

/* lock guards all of it. */
struct shard {
	struct mutex lock;
	struct image **buckets; /* n_buckets, a power of two */
	size_t n_buckets;
	size_t n_images;
	struct image *hand; /* a ring; NULL when empty */
	size_t bytes;
	uint64_t hits, evictions;
};

static struct shard shards[N_SHARDS] = { [0 ... N_SHARDS - 1] = { .lock = MUTEX_INIT } };
static _Atomic size_t unread; /* bytes of images that are `ahead` and in the cache */
static _Atomic uint64_t ahead_used, ahead_unused;
static _Atomic uint64_t other_hits;
static _Atomic size_t shard_limit = ((size_t)64 << 20) / N_SHARDS;

struct image *image_new(uint32_t size)
{
	struct image *image = malloc(sizeof(*image) + size + SLACK);

	if (image == NULL)
		return NULL;
	atomic_init(&image->refs, 1);
	atomic_init(&image->hot, false);
	atomic_init(&image->ahead, false);
	image->in_cache = false;
	image->size = size;
	image->base.object = 0;
	/* SQLite may read a few bytes past a corrupt page */
	memset(image->data + size, 0, SLACK);
	return image;
}

void image_unref(struct image *image)
{
	if (image == NULL)
		return;
	/* read first: once our count is gone the cache may free it */
	bool in_cache = image->in_cache;
	unsigned before = atomic_fetch_sub_explicit(&image->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before == 1 && !in_cache)
		free(image);
}

static uint64_t hash_of(uint32_t db, uint64_t object, uint32_t offset)
{
	uint64_t h = (object ^ (uint64_t)db << 40) * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 32 ^ offset) * 0xff51afd7ed558ccdu;
	return h ^ h >> 29;
}

static struct shard *shard_of(uint64_t hash)
{
	return &shards[hash >> 60];
}

static struct image **find_locked(struct shard *s, uint64_t hash, uint32_t db, uint64_t object,
				  uint32_t offset)
{
	struct image **at = &s->buckets[hash & (s->n_buckets - 1)];

	while (*at != NULL && ((*at)->offset != offset || (*at)->object != object || (*at)->db != db))
		at = &(*at)->hash_next;
	return at;
}

struct image *cache_find(uint32_t db, uint64_t object, uint32_t offset)
{
	uint64_t hash = hash_of(db, object, offset);
	struct shard *s = shard_of(hash);
	struct image *image = NULL;

	mutex_lock(&s->lock);
	if (s->n_buckets != 0) {
		/* head and page are two misses of the processor's cache: let it have them at once */
		image = s->buckets[hash & (s->n_buckets - 1)];
		if (LIKELY(image != NULL))
			__builtin_prefetch(image->data);
		image = *find_locked(s, hash, db, object, offset);
	}
	if (image != NULL) {
		image_ref(image);
		/* a scan uses a page once: that does not make it worth keeping */
		if (!atomic_load_explicit(&image->ahead, memory_order_relaxed))
			atomic_store_explicit(&image->hot, true, memory_order_relaxed);
		s->hits++;
	}
	mutex_unlock(&s->lock);
	return image;
}

struct image *cache_peek(uint32_t db, uint64_t object, uint32_t offset)
{
	uint64_t hash = hash_of(db, object, offset);
	struct shard *s = shard_of(hash);
	struct image *image = NULL;

	mutex_lock(&s->lock);
	if (s->n_buckets != 0)
		image = *find_locked(s, hash, db, object, offset);
	if (image != NULL)
		image_ref(image);
	mutex_unlock(&s->lock);
	return image;
}

bool cache_has(uint32_t db, uint64_t object, uint32_t offset)
{
	struct image *image = cache_peek(db, object, offset);

	image_unref(image);
	return image != NULL;
}

bool cache_use_slow(struct image *image)
{
	if (!atomic_exchange_explicit(&image->ahead, false, memory_order_relaxed))
		return false;
	atomic_fetch_sub_explicit(&unread, image->size, memory_order_relaxed);
	atomic_fetch_add_explicit(&ahead_used, 1, memory_order_relaxed);
	return true;
}

void cache_add_hits(uint64_t n)
{
	atomic_fetch_add_explicit(&other_hits, n, memory_order_relaxed);
}

size_t cache_unread(void)
{
	return atomic_load_explicit(&unread, memory_order_relaxed);
}

size_t cache_limit(void)
{
	return atomic_load_explicit(&shard_limit, memory_order_relaxed) * N_SHARDS;
}

static void grow_locked(struct shard *s)
{
	size_t n = s->n_buckets == 0 ? 64 : s->n_buckets * 2;
	struct image **buckets = calloc(n, sizeof(buckets[0]));

	if (buckets == NULL)
		return; /* longer chains, nothing worse */
	for (size_t i = 0; i < s->n_buckets; i++) {
		for (struct image *image = s->buckets[i], *next; image != NULL; image = next) {
			size_t to = hash_of(image->db, image->object, image->offset) & (n - 1);

			next = image->hash_next;
			image->hash_next = buckets[to];
			buckets[to] = image;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->n_buckets = n;
}

/* Nobody finds it any more. */
static void unlink_locked(struct shard *s, struct image *image)
{
	uint64_t hash = hash_of(image->db, image->object, image->offset);
	struct image **at = find_locked(s, hash, image->db, image->object, image->offset);

	assert(*at == image);
	*at = image->hash_next;
	if (image->next == image) {
		s->hand = NULL;
	} else {
		image->prev->next = image->next;
		image->next->prev = image->prev;
		if (s->hand == image)
			s->hand = image->next;
	}
	s->bytes -= image->size + OVERHEAD;
	s->n_images--;
}

static void remove_locked(struct shard *s, struct image *image)
{
	unlink_locked(s, image);
	if (atomic_load_explicit(&image->ahead, memory_order_relaxed)) {
		atomic_fetch_sub_explicit(&unread, image->size, memory_order_relaxed);
		atomic_fetch_add_explicit(&ahead_unused, 1, memory_order_relaxed);
	}
	free(image);
}

static void evict_locked(struct shard *s)
{
	size_t limit = atomic_load_explicit(&shard_limit, memory_order_relaxed);

	/* twice round makes everything cold; what is then left is held */
	for (size_t steps = 2 * s->n_images; s->bytes > limit && steps > 0; steps--) {
		struct image *image = s->hand;

		s->hand = image->next;
		if (atomic_load_explicit(&image->refs, memory_order_acquire) != 0)
			continue;
		if (atomic_exchange_explicit(&image->hot, false, memory_order_relaxed))
			continue;
		remove_locked(s, image);
		s->evictions++;
	}
}

static struct image *insert(uint32_t db, uint64_t object, uint32_t offset, struct image *image,
			    bool ahead)
{
	uint64_t hash = hash_of(db, object, offset);
	struct shard *s = shard_of(hash);

	assert(!image->in_cache);
	mutex_lock(&s->lock);
	/* a step along a chain is a miss of the processor's cache: chains are short */
	if (s->n_images >= s->n_buckets / 2)
		grow_locked(s);
	if (s->n_buckets == 0) {
		mutex_unlock(&s->lock);
		return image; /* no memory for a table: it stays the caller's own */
	}
	struct image **at = find_locked(s, hash, db, object, offset);
	struct image *other = *at;
	if (other != NULL) {
		image_ref(other);
		mutex_unlock(&s->lock);
		image_unref(image);
		return other;
	}
	image->db = db;
	image->object = object;
	image->offset = offset;
	image->in_cache = true;
	if (ahead) {
		atomic_store_explicit(&image->ahead, true, memory_order_relaxed);
		atomic_fetch_add_explicit(&unread, image->size, memory_order_relaxed);
	}
	image->hash_next = NULL;
	*at = image;
	if (s->hand == NULL) {
		image->prev = image->next = image;
		s->hand = image;
	} else {
		/* behind the hand: it comes by last */
		image->next = s->hand;
		image->prev = s->hand->prev;
		image->prev->next = image;
		s->hand->prev = image;
	}
	s->bytes += image->size + OVERHEAD;
	s->n_images++;
	evict_locked(s);
	mutex_unlock(&s->lock);
	return image;
}

struct image *cache_insert(uint32_t db, uint64_t object, uint32_t offset, struct image *image)
{
	return insert(db, object, offset, image, false);
}

struct image *cache_insert_ahead(uint32_t db, uint64_t object, uint32_t offset,
				 struct image *image)
{
	return insert(db, object, offset, image, true);
}

/* The image, out of the cache and the caller's alone; or a copy, if it is held.  NULL: it is not there. */
static struct image *take_out(uint32_t db, uint64_t object, uint32_t offset)
{
	uint64_t hash = hash_of(db, object, offset);
	struct shard *s = shard_of(hash);
	struct image *image = NULL;
	bool held = false;

	mutex_lock(&s->lock);
	if (s->n_buckets != 0)
		image = *find_locked(s, hash, db, object, offset);
	if (image != NULL) {
		/* who looks for it waits for the lock, so nobody takes hold of it meanwhile */
		held = atomic_load_explicit(&image->refs, memory_order_acquire) != 0;
		image_ref(image);
		if (!held) {
			unlink_locked(s, image);
			image->in_cache = false;
		}
	}
	mutex_unlock(&s->lock);
	if (!held)
		return image;
	struct image *copy = image_new(image->size);
	if (copy != NULL)
		memcpy(copy->data, image->data, image->size);
	image_unref(image);
	return copy;
}

void cache_rename(uint32_t db, uint64_t object, uint32_t offset, uint64_t to_object,
		  uint32_t to_offset)
{
	struct image *image = take_out(db, object, offset);

	if (image == NULL)
		return;
	if (atomic_exchange_explicit(&image->ahead, false, memory_order_relaxed))
		atomic_fetch_sub_explicit(&unread, image->size, memory_order_relaxed);
	image->base = (struct image_base){ .object = 0 };
	image_unref(cache_insert(db, to_object, to_offset, image));
}

void cache_set_limit(size_t bytes)
{
	atomic_store(&shard_limit, bytes / N_SHARDS);
}

void cache_drop(uint32_t db)
{
	for (size_t i = 0; i < N_SHARDS; i++) {
		struct shard *s = &shards[i];

		mutex_lock(&s->lock);
		for (size_t left = s->n_images; left > 0; left--) {
			struct image *image = s->hand;

			s->hand = image->next;
			if (image->db == db) {
				assert(atomic_load(&image->refs) == 0);
				remove_locked(s, image);
			}
		}
		if (s->n_images == 0) {
			free(s->buckets);
			s->buckets = NULL;
			s->n_buckets = 0;
		}
		mutex_unlock(&s->lock);
	}
}

void cache_add_stats(struct vfs_cache_stats *out)
{
	out->memory_limit = cache_limit();
	out->memory_hits += atomic_load(&other_hits);
	out->ahead_used = atomic_load(&ahead_used);
	out->ahead_unused = atomic_load(&ahead_unused);
	for (size_t i = 0; i < N_SHARDS; i++) {
		struct shard *s = &shards[i];

		mutex_lock(&s->lock);
		out->memory_hits += s->hits;
		out->memory_evictions += s->evictions;
		out->memory_bytes += s->bytes;
		out->memory_pages += s->n_images;
		mutex_unlock(&s->lock);
	}
}
