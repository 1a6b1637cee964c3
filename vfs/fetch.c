/*
 * fetch.c - pages from the store: runs of neighbours, one GET for many readers
 * Licence: MIT, see LICENSE.
 */
#include "vfs/fetch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "vfs/cache.h"

/* A range that is on its way. */
struct flight {
	struct flight *next;
	uint32_t db;
	uint64_t object;
	uint64_t from, to; /* offsets */
};

static struct mutex lock = MUTEX_INIT;
static struct cond landed = { .os = PTHREAD_COND_INITIALIZER };
static struct flight *flights; /* guarded by lock */

static struct {
	_Atomic uint64_t gets, bytes, shared;
} totals;

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool in_flight_locked(uint32_t db, const struct page_ref *ref)
{
	for (const struct flight *f = flights; f != NULL; f = f->next)
		if (f->db == db && f->object == ref->object && ref->offset >= f->from &&
		    ref->offset < f->to)
			return true;
	return false;
}

static void land(struct flight *f)
{
	struct flight **at = &flights;

	mutex_lock(&lock);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	cond_broadcast(&landed);
	mutex_unlock(&lock);
}

static struct page_entry entry_of(const struct page_ref *ref)
{
	return (struct page_entry){
		.offset = ref->offset,
		.len = ref->len,
		.sum = ref->sum,
		.encoding = ref->encoding,
	};
}

/* Pages from `first` to `last` lie one behind the other in the object of `ref`. */
static void find_run(const struct version *v, pgno_t pgno, const struct page_ref *ref,
		     size_t window, pgno_t *first, pgno_t *last, uint64_t *from, uint64_t *to)
{
	/* the table may tell of newer versions: an object's bytes are the same for all */
	*first = *last = pgno;
	*from = ref->offset;
	*to = (uint64_t)ref->offset + ref->len;
	while (*last < v->page_count && *to - *from < window) {
		struct page_ref next = page_table_get(v->table, *last + 1);

		if (next.encoding == PAGE_ZERO || next.object != ref->object || next.offset != *to)
			break;
		*to += next.len;
		(*last)++;
	}
	while (*first > 1 && *to - *from < window) {
		struct page_ref before = page_table_get(v->table, *first - 1);

		if (before.encoding == PAGE_ZERO || before.object != ref->object ||
		    (uint64_t)before.offset + before.len != *from)
			break;
		*from = before.offset;
		(*first)--;
	}
}

static enum vfs_rc fetch_run(struct db *db, const struct version *v, pgno_t pgno,
			     const struct page_ref *ref, pgno_t first, pgno_t last, uint64_t from,
			     uint64_t to, struct image **out, struct error *err)
{
	struct blob_range range = { .offset = from, .len = (size_t)(to - from) };
	struct buf body = BUF_INIT(FETCH_WINDOW_MAX + 2 * PAGE_SIZE_MAX);
	char key[KEY_MAX];
	enum vfs_rc rc;

	objects_key(&db->objects, ref->object, key);
	enum blob_rc got = blob_get(db->store, key, &range, &body, NULL, err);
	rc = vfs_rc_of_blob(got);
	if (got == BLOB_NOT_FOUND) {
		error_set(err, "object \"%s\" is missing", key);
		rc = VFS_CORRUPT;
	}
	for (pgno_t p = first; rc == VFS_OK && p <= last; p++) {
		struct page_ref r = p == pgno ? *ref : page_table_get(v->table, p);
		struct page_entry e = entry_of(&r);
		struct image *image;

		if (p != pgno && (r.object != ref->object || r.offset < from ||
				  r.encoding == PAGE_ZERO))
			continue; /* it was replaced meanwhile */
		if (r.offset - from + r.len > body.len) {
			if (p != pgno)
				continue;
			error_set(err, "object \"%s\" is damaged: it ends before page %u", key, p);
			rc = VFS_CORRUPT;
			break;
		}
		image = image_new(v->page_size);
		if (image == NULL) {
			error_no_memory(err);
			rc = VFS_IO;
			break;
		}
		if (!page_decode(p, &e, (const uint8_t *)body.data + (r.offset - from),
				 v->page_size, image->data)) {
			image_unref(image);
			if (p != pgno)
				continue; /* told to whoever wants it */
			error_set(err, "object \"%s\" is damaged: page %u at offset %u does not match its checksum",
				  key, p, r.offset);
			rc = VFS_CORRUPT;
			break;
		}
		image = cache_insert(db->uid, r.object, r.offset, image);
		if (p == pgno)
			*out = image;
		else
			image_unref(image);
	}
	buf_free(&body);
	return rc;
}

enum vfs_rc fetch_page(struct db *db, const struct version *v, pgno_t pgno,
		       const struct page_ref *ref, size_t window, struct vfs_read_stats *stats,
		       struct image **out, pgno_t *last, struct error *err)
{
	struct flight f = { .db = db->uid, .object = ref->object };
	int64_t began_us = mono_us();
	pgno_t first;
	enum vfs_rc rc;

	*last = 0;
	*out = NULL;
	stats->store_pages++;
	mutex_lock(&lock);
	while (in_flight_locked(db->uid, ref)) {
		cond_wait(&landed, &lock);
		mutex_unlock(&lock);
		*out = cache_find(db->uid, ref->object, ref->offset);
		if (*out != NULL) {
			add(&totals.shared, 1);
			stats->wait_us += (uint64_t)(mono_us() - began_us);
			return VFS_OK;
		}
		mutex_lock(&lock);
	}
	find_run(v, pgno, ref, window, &first, last, &f.from, &f.to);
	f.next = flights;
	flights = &f;
	mutex_unlock(&lock);
	stats->gets++;
	stats->bytes += f.to - f.from;
	stats->ahead += *last - first;
	add(&totals.gets, 1);
	add(&totals.bytes, f.to - f.from);
	rc = fetch_run(db, v, pgno, ref, first, *last, f.from, f.to, out, err);
	land(&f);
	stats->wait_us += (uint64_t)(mono_us() - began_us);
	if (rc != VFS_OK) {
		if (*out != NULL)
			image_unref(*out);
		*out = NULL;
		error_wrap(err, "could not read page %u of database \"%s\"", pgno, db->name);
	}
	return rc;
}

void fetch_add_stats(struct vfs_cache_stats *out)
{
	out->gets = atomic_load(&totals.gets);
	out->bytes = atomic_load(&totals.bytes);
	out->shared = atomic_load(&totals.shared);
}
