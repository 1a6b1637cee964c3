/*
 * disk_cache.c - stored pages on this machine's disk, within a limit, across restarts
 *
 * FORMAT   README.md, "Disk cache".
 * INVARIANTS
 *   (1) A file is changed only by who holds its lock (of the open file, so that
 *       the kernel gives it back when a process dies).  Readers take none: they
 *       check what they have read.
 *   (2) No file is larger than segment_size, and there are N_SEGMENTS of them.
 *   (3) Only the worker changes segments, but for entries that turned out wrong.
 * pread and pwrite only: an I/O error behind mmap would be a signal.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/disk_cache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "vfs/folder.h"
#include "vfs/vfs.h"

enum {
	N_SEGMENTS = 32,
	FORMAT = 1,
	FILE_HEAD_LEN = 24,
	RECORD_HEAD_LEN = 48,
	SCAN_LEN = 1 << 20,
	QUEUE_MAX = 16 << 20,
	FULL_MS = 60000, /* how long a disk that was full is left alone */
	TAKEN_MS = 5000, /* the same when others write to every segment */
};

static const char file_magic[4] = "PGBD", record_magic[4] = "PGBR";

/* Where a record lies.  len 0: free; at 0: dropped. */
struct entry {
	uint64_t tag; /* the first half of its key; the record has the whole */
	uint32_t at;
	uint32_t len; /* of the stored bytes */
};

/* fd never changes; the rest belongs to the cache's lock. */
struct segment {
	int fd;
	uint64_t generation;   /* 0: nothing in it is known */
	uint32_t end;          /* behind its last good record */
	struct entry *entries; /* open addressing; n_slots is 0 or a power of two */
	size_t n_slots, n_used;
};

struct pending {
	struct pending *next;
	struct disk_key key;
	uint32_t len;
	uint8_t bytes[];
};

/* folder, limit and segment_size never change; active and scratch are the worker's; lock guards the rest. */
struct disk_cache {
	char *folder;
	uint64_t limit;
	uint32_t segment_size;
	pthread_t worker;
	struct segment *active; /* the one that is locked; NULL: none */
	uint8_t scratch[SCAN_LEN];

	struct mutex lock;
	struct cond wake;       /* the worker */
	struct cond settled;
	struct segment segments[N_SEGMENTS];
	struct pending *first, **last;
	size_t queued;          /* bytes */
	bool scanned, busy, stopping, warned;
	int64_t closed_until_ms; /* nothing is written before */

	_Atomic uint64_t hits, misses, writes, dropped;
};

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --- records --------------------------------------------------------------- */

void disk_key_init(struct disk_key *out, const char *store, const char *object,
		   const uint8_t db_id[ID_LEN], const struct page_entry *entry)
{
	uint8_t numbers[13];
	XXH3_state_t state;
	XXH128_canonical_t hash;

	set_u32(numbers, entry->offset);
	set_u32(numbers + 4, entry->len);
	set_u32(numbers + 8, entry->sum);
	numbers[12] = entry->encoding;
	XXH3_128bits_reset(&state);
	/* each name with its NUL: no two lists of parts look alike */
	XXH3_128bits_update(&state, store, strlen(store) + 1);
	XXH3_128bits_update(&state, object, strlen(object) + 1);
	XXH3_128bits_update(&state, db_id, ID_LEN);
	XXH3_128bits_update(&state, numbers, sizeof(numbers));
	XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(&state));
	memcpy(out->bytes, hash.digest, sizeof(out->bytes));
}

static void record_put_head(uint8_t head[RECORD_HEAD_LEN], const struct disk_key *key,
			    uint64_t generation, const void *bytes, uint32_t len)
{
	memcpy(head, record_magic, 4);
	set_u32(head + 4, len);
	memcpy(head + 8, key->bytes, 16);
	set_u64(head + 24, generation);
	set_u64(head + 32, XXH3_64bits(bytes, len));
	set_u64(head + 40, XXH3_64bits(head, 40));
}

static bool record_head_valid(const uint8_t head[RECORD_HEAD_LEN])
{
	return memcmp(head, record_magic, 4) == 0 && get_u64(head + 40) == XXH3_64bits(head, 40) &&
	       get_u32(head + 4) > 0 && get_u32(head + 4) <= PAGE_SIZE_MAX;
}

static void file_put_head(uint8_t head[FILE_HEAD_LEN], uint64_t generation)
{
	memcpy(head, file_magic, 4);
	set_u32(head + 4, FORMAT);
	set_u64(head + 8, generation);
	set_u64(head + 16, XXH3_64bits(head, 16));
}

/* As the file says now; 0: it has none, or another format. */
static uint64_t file_generation(int fd)
{
	uint8_t head[FILE_HEAD_LEN];

	if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, file_magic, 4) != 0 ||
	    get_u32(head + 4) != FORMAT || get_u64(head + 16) != XXH3_64bits(head, 16))
		return 0;
	return get_u64(head + 8);
}

/* --- the index of a segment ------------------------------------------------ */

static uint64_t tag_of(const struct disk_key *key)
{
	return get_u64(key->bytes);
}

static struct entry *entry_find(const struct segment *s, uint64_t tag)
{
	if (s->n_slots == 0)
		return NULL;
	for (size_t i = tag & (s->n_slots - 1); s->entries[i].len != 0; i = (i + 1) & (s->n_slots - 1))
		if (s->entries[i].tag == tag && s->entries[i].at != 0)
			return &s->entries[i];
	return NULL;
}

static void entry_place(struct entry *entries, size_t n_slots, const struct entry *e)
{
	size_t i = e->tag & (n_slots - 1);

	while (entries[i].len != 0)
		i = (i + 1) & (n_slots - 1);
	entries[i] = *e;
}

/* No memory: the record is not found, nothing worse. */
static void entry_add(struct segment *s, const struct entry *e)
{
	struct entry *there = entry_find(s, e->tag);

	if (there != NULL) {
		*there = *e;
		return;
	}
	if (s->n_used * 4 >= s->n_slots * 3) {
		size_t n = s->n_slots == 0 ? 256 : s->n_slots * 2;
		struct entry *entries = calloc(n, sizeof(entries[0]));

		if (entries == NULL)
			return;
		s->n_used = 0;
		for (size_t i = 0; i < s->n_slots; i++) {
			if (s->entries[i].len == 0 || s->entries[i].at == 0)
				continue;
			entry_place(entries, n, &s->entries[i]);
			s->n_used++;
		}
		free(s->entries);
		s->entries = entries;
		s->n_slots = n;
	}
	entry_place(s->entries, s->n_slots, e);
	s->n_used++;
}

static void segment_forget(struct segment *s)
{
	free(s->entries);
	s->entries = NULL;
	s->n_slots = s->n_used = 0;
	s->generation = 0;
	s->end = 0;
}

/* The newest that has it. */
static struct segment *find_locked(struct disk_cache *c, uint64_t tag, struct entry *out)
{
	struct segment *best = NULL;

	assert(mutex_held(&c->lock));
	for (size_t i = 0; i < N_SEGMENTS; i++) {
		struct segment *s = &c->segments[i];
		struct entry *e = entry_find(s, tag);

		if (e == NULL || (best != NULL && best->generation > s->generation))
			continue;
		best = s;
		*out = *e;
	}
	return best;
}

/* --- the worker: reading what is there ------------------------------------- */

/* Add to the index what the file holds and the index does not, up to the first bad record. */
static void scan(struct disk_cache *c, struct segment *s)
{
	uint64_t generation = file_generation(s->fd);
	uint32_t at;

	mutex_lock(&c->lock);
	if (generation != s->generation || generation == 0)
		segment_forget(s);
	if (generation != 0) {
		s->generation = generation;
		if (s->end == 0)
			s->end = FILE_HEAD_LEN;
	}
	at = s->end;
	mutex_unlock(&c->lock);
	while (generation != 0) {
		ssize_t n = pread(s->fd, c->scratch, sizeof(c->scratch), at);
		uint32_t used = 0;

		if (n < RECORD_HEAD_LEN)
			break;
		mutex_lock(&c->lock);
		while ((uint32_t)n - used >= RECORD_HEAD_LEN) {
			const uint8_t *head = c->scratch + used;
			struct entry e = { .tag = get_u64(head + 8), .at = at + used };

			if (!record_head_valid(head) || get_u64(head + 24) != generation)
				break;
			e.len = get_u32(head + 4);
			if (e.len > (uint32_t)n - used - RECORD_HEAD_LEN)
				break; /* cut off, here or in the file */
			entry_add(s, &e);
			used += RECORD_HEAD_LEN + e.len;
		}
		at += used;
		s->end = at;
		mutex_unlock(&c->lock);
		if (used == 0)
			break;
	}
}

static bool file_lock(int fd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static uint64_t file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void scan_all(struct disk_cache *c)
{
	for (size_t i = 0; i < N_SEGMENTS; i++) {
		struct segment *s = &c->segments[i];

		/* somebody was allowed more */
		if (file_size(s->fd) > c->segment_size && file_lock(s->fd, F_WRLCK)) {
			if (ftruncate(s->fd, 0) != 0)
				log_warn(NULL, "could not shorten the disk cache in \"%s\": %s",
					 c->folder, strerror(errno));
			(void)file_lock(s->fd, F_UNLCK);
		}
		scan(c, s);
		mutex_lock(&c->lock);
		bool stopping = c->stopping;
		mutex_unlock(&c->lock);
		if (stopping)
			return;
	}
}

/* --- the worker: writing --------------------------------------------------- */

static void release(struct disk_cache *c)
{
	if (c->active != NULL)
		(void)file_lock(c->active->fd, F_UNLCK);
	c->active = NULL;
}

/* Nothing is written for a while. */
static void close_for(struct disk_cache *c, int64_t ms, int error)
{
	mutex_lock(&c->lock);
	bool warn = error != 0 && !c->warned;
	c->warned |= warn;
	c->closed_until_ms = mono_ms() + ms;
	mutex_unlock(&c->lock);
	if (warn)
		log_warn(NULL, "could not write to the disk cache in \"%s\": %s; it is not "
			 "told again", c->folder, strerror(error));
}

/* Writes all or nothing, as far as the index is concerned; else errno. */
static int write_at(int fd, const void *bytes, size_t len, uint32_t at)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : ENOSPC;
		p += n;
		len -= (size_t)n;
		at += (uint32_t)n;
	}
	return 0;
}

/* Begin the segment anew; its lock is ours. */
static int recycle(struct disk_cache *c, struct segment *s, uint64_t generation)
{
	uint8_t head[FILE_HEAD_LEN];
	int error;

	mutex_lock(&c->lock);
	segment_forget(s);
	mutex_unlock(&c->lock);
	if (ftruncate(s->fd, 0) != 0)
		return errno;
	file_put_head(head, generation);
	error = write_at(s->fd, head, sizeof(head), 0);
	if (error != 0)
		return error;
	mutex_lock(&c->lock);
	s->generation = generation;
	s->end = FILE_HEAD_LEN;
	mutex_unlock(&c->lock);
	return 0;
}

struct candidate {
	struct segment *segment;
	uint64_t generation;
};

static int compare_candidates(const void *a, const void *b)
{
	uint64_t x = ((const struct candidate *)a)->generation;
	uint64_t y = ((const struct candidate *)b)->generation;

	return x < y ? -1 : x > y;
}

/* Lock the segment if it is still what was seen. */
static bool take(const struct candidate *k)
{
	if (!file_lock(k->segment->fd, F_WRLCK))
		return false;
	if (file_generation(k->segment->fd) == k->generation)
		return true;
	(void)file_lock(k->segment->fd, F_UNLCK);
	return false;
}

/*
 * A segment to write to: the newest that has room and nobody writes to, or the
 * oldest, begun anew.
 */
static bool claim(struct disk_cache *c)
{
	struct candidate all[N_SEGMENTS];
	uint32_t most = c->segment_size - c->segment_size / 8;
	int error;

	release(c);
	for (size_t i = 0; i < N_SEGMENTS; i++)
		all[i] = (struct candidate){ &c->segments[i],
					     file_generation(c->segments[i].fd) };
	qsort(all, N_SEGMENTS, sizeof(all[0]), compare_candidates);
	for (size_t i = N_SEGMENTS; i-- > 0 && all[i].generation != 0;) {
		struct segment *s = all[i].segment;

		if (file_size(s->fd) > most || !take(&all[i]))
			continue;
		scan(c, s);
		if (s->end != 0 && ftruncate(s->fd, s->end) == 0) {
			c->active = s;
			return true;
		}
		(void)file_lock(s->fd, F_UNLCK);
	}
	for (size_t i = 0; i < N_SEGMENTS; i++) {
		if (!take(&all[i]))
			continue;
		c->active = all[i].segment;
		error = recycle(c, c->active, all[N_SEGMENTS - 1].generation + 1);
		if (error == 0)
			return true;
		release(c);
		close_for(c, FULL_MS, error);
		return false;
	}
	close_for(c, TAKEN_MS, 0);
	return false;
}

/* False: no more for now. */
static bool write_record(struct disk_cache *c, const struct pending *p)
{
	struct entry e = { .tag = tag_of(&p->key), .len = p->len };
	size_t len = RECORD_HEAD_LEN + p->len;
	struct segment *s;
	int error;

	if (disk_cache_has(c, &p->key))
		return true;
	if ((c->active == NULL || c->active->end + len > c->segment_size) && !claim(c))
		return false;
	s = c->active;
	e.at = s->end;
	record_put_head(c->scratch, &p->key, s->generation, p->bytes, p->len);
	memcpy(c->scratch + RECORD_HEAD_LEN, p->bytes, p->len);
	error = write_at(s->fd, c->scratch, len, e.at);
	if (error != 0) {
		(void)!ftruncate(s->fd, e.at); /* what is left behind would be no record either */
		release(c);
		close_for(c, FULL_MS, error);
		return false;
	}
	mutex_lock(&c->lock);
	entry_add(s, &e);
	s->end += (uint32_t)len;
	mutex_unlock(&c->lock);
	count(&c->writes);
	return true;
}

static void *work(void *arg)
{
	struct disk_cache *c = arg;

	scan_all(c);
	mutex_lock(&c->lock);
	c->scanned = true;
	for (;;) {
		struct pending *p = c->first;

		if (p == NULL) {
			c->busy = false;
			cond_broadcast(&c->settled);
			if (c->stopping)
				break;
			cond_wait(&c->wake, &c->lock);
			continue;
		}
		c->busy = true;
		c->first = p->next;
		if (c->first == NULL)
			c->last = &c->first;
		bool open = c->closed_until_ms == 0 || mono_ms() >= c->closed_until_ms;
		mutex_unlock(&c->lock);
		if (open)
			(void)write_record(c, p);
		mutex_lock(&c->lock);
		c->queued -= p->len;
		free(p);
	}
	mutex_unlock(&c->lock);
	release(c);
	return NULL;
}

/* --- what others call ------------------------------------------------------ */

static void segments_close(struct disk_cache *c)
{
	for (size_t i = 0; i < N_SEGMENTS; i++) {
		segment_forget(&c->segments[i]);
		if (c->segments[i].fd >= 0)
			close(c->segments[i].fd);
	}
}

static void cache_free(struct disk_cache *c)
{
	segments_close(c);
	cond_deinit(&c->wake);
	cond_deinit(&c->settled);
	mutex_deinit(&c->lock);
	free(c->folder);
	free(c);
}

struct disk_cache *disk_cache_open(const char *folder, uint64_t limit, struct error *err)
{
	struct disk_cache *c = calloc(1, sizeof(*c));
	int dir = -1;

	if (c == NULL || (c->folder = strdup(folder)) == NULL) {
		free(c);
		error_no_memory(err);
		return NULL;
	}
	limit = limit < DISK_CACHE_MIN ? DISK_CACHE_MIN : limit;
	c->limit = limit > DISK_CACHE_MAX ? DISK_CACHE_MAX : limit;
	c->segment_size = (uint32_t)(c->limit / N_SEGMENTS);
	c->last = &c->first;
	mutex_init(&c->lock);
	cond_init(&c->wake);
	cond_init(&c->settled);
	for (size_t i = 0; i < N_SEGMENTS; i++)
		c->segments[i].fd = -1;
	bool ok = folder_open(folder, &dir, err);
	for (size_t i = 0; ok && i < N_SEGMENTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "segment-%02zu", i);
		c->segments[i].fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (c->segments[i].fd < 0)
			ok = error_set(err, "could not open \"%s/%s\": %s", folder, name,
				       strerror(errno));
	}
	if (dir >= 0)
		close(dir);
	if (!ok || !thread_start(&c->worker, "pgblob-disk", 0, work, c, err)) {
		cache_free(c);
		return NULL;
	}
	return c;
}

void disk_cache_close(struct disk_cache *c)
{
	if (c == NULL)
		return;
	mutex_lock(&c->lock);
	c->stopping = true;
	cond_signal(&c->wake);
	mutex_unlock(&c->lock);
	pthread_join(c->worker, NULL);
	cache_free(c);
}

bool disk_cache_has(struct disk_cache *c, const struct disk_key *key)
{
	struct entry e;

	mutex_lock(&c->lock);
	bool found = find_locked(c, tag_of(key), &e) != NULL;
	mutex_unlock(&c->lock);
	return found;
}

bool disk_cache_get(struct disk_cache *c, const struct disk_key *key, void *out, uint32_t len)
{
	uint8_t head[RECORD_HEAD_LEN];
	struct iovec parts[2] = { { head, sizeof(head) }, { out, len } };
	struct segment *s;
	struct entry e;

	mutex_lock(&c->lock);
	s = find_locked(c, tag_of(key), &e);
	mutex_unlock(&c->lock);
	if (s == NULL || e.len != len) {
		count(&c->misses);
		return false;
	}
	if (preadv(s->fd, parts, 2, e.at) == (ssize_t)(sizeof(head) + len) &&
	    record_head_valid(head) && get_u32(head + 4) == len &&
	    memcmp(head + 8, key->bytes, sizeof(key->bytes)) == 0 &&
	    get_u64(head + 32) == XXH3_64bits(out, len)) {
		count(&c->hits);
		return true;
	}
	mutex_lock(&c->lock);
	struct entry *there = entry_find(s, e.tag);
	if (there != NULL && there->at == e.at)
		there->at = 0;
	mutex_unlock(&c->lock);
	count(&c->misses);
	count(&c->dropped);
	return false;
}

void disk_cache_put(struct disk_cache *c, const struct disk_key *key, const void *bytes,
		    uint32_t len)
{
	struct pending *p;

	assert(len > 0 && len <= PAGE_SIZE_MAX);
	mutex_lock(&c->lock);
	struct entry e;
	bool wanted = c->queued + len <= QUEUE_MAX && find_locked(c, tag_of(key), &e) == NULL;
	mutex_unlock(&c->lock);
	if (!wanted || (p = malloc(sizeof(*p) + len)) == NULL)
		return;
	p->next = NULL;
	p->key = *key;
	p->len = len;
	memcpy(p->bytes, bytes, len);
	mutex_lock(&c->lock);
	*c->last = p;
	c->last = &p->next;
	c->queued += len;
	c->busy = true;
	cond_signal(&c->wake);
	mutex_unlock(&c->lock);
}

void disk_cache_settle(struct disk_cache *c)
{
	mutex_lock(&c->lock);
	while (!c->scanned || c->busy)
		cond_wait(&c->settled, &c->lock);
	mutex_unlock(&c->lock);
}

void disk_cache_add_stats(struct disk_cache *c, struct vfs_cache_stats *out)
{
	out->disk_limit = c->limit;
	out->disk_hits = atomic_load(&c->hits);
	out->disk_misses = atomic_load(&c->misses);
	out->disk_writes = atomic_load(&c->writes);
	out->disk_dropped = atomic_load(&c->dropped);
	mutex_lock(&c->lock);
	for (size_t i = 0; i < N_SEGMENTS; i++)
		out->disk_bytes += c->segments[i].end;
	mutex_unlock(&c->lock);
}
