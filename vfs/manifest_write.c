/*
 * manifest_write.c - the manifest of a version, made and created
 *
 * The pages are gone through twice: for the objects that they lie in, which come
 * first, and then chunk by chunk, so that no copy of the page map is in memory.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/manifest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vfs/whole.h"

/* Object numbers -> place in the manifest's list. */
struct numbering {
	struct {
		uint64_t object; /* 0: free */
		uint32_t number;
	} *slots;
	size_t n_slots;
	struct manifest_object *objects; /* room for n_slots / 2 */
	uint32_t n;
	uint64_t last_object;
	uint32_t last_number;
};

static bool grow(struct numbering *t)
{
	struct numbering bigger = { .n_slots = t->n_slots == 0 ? 64 : t->n_slots * 2 };

	bigger.slots = calloc(bigger.n_slots, sizeof(bigger.slots[0]));
	void *objects = realloc(t->objects, bigger.n_slots * sizeof(t->objects[0]));
	if (objects != NULL)
		t->objects = objects;
	if (bigger.slots == NULL || objects == NULL) {
		free(bigger.slots);
		return false;
	}
	for (size_t i = 0; i < t->n_slots; i++) {
		if (t->slots[i].object == 0)
			continue;
		size_t at = t->slots[i].object * (size_t)0x9e3779b97f4a7c15u >> 20;
		while (bigger.slots[at & (bigger.n_slots - 1)].object != 0)
			at++;
		bigger.slots[at & (bigger.n_slots - 1)] = t->slots[i];
	}
	free(t->slots);
	t->slots = bigger.slots;
	t->n_slots = bigger.n_slots;
	return true;
}

/* False: no memory. */
static bool number_of(struct db *db, struct numbering *t, uint64_t object, uint32_t *out)
{
	if (object == t->last_object) {
		*out = t->last_number;
		return true;
	}
	if ((t->n + 1) * 2 > t->n_slots && !grow(t))
		return false;
	for (size_t at = object * (size_t)0x9e3779b97f4a7c15u >> 20;; at++) {
		size_t i = at & (t->n_slots - 1);

		if (t->slots[i].object == 0) {
			objects_get(&db->objects, object, &t->objects[t->n]);
			t->slots[i].object = object;
			t->slots[i].number = t->n++;
		}
		if (t->slots[i].object == object) {
			*out = t->last_number = t->slots[i].number;
			t->last_object = object;
			return true;
		}
	}
}

/* The folders of the origins, in order.  NULL: no memory. */
static const char **origins_of(struct db *db, char (**folders)[DB_NAME_ENCODED], uint32_t *n)
{
	*n = objects_n_origins(&db->objects);
	*folders = malloc(((size_t)*n + 1) * sizeof((*folders)[0]));
	const char **origins = malloc(((size_t)*n + 1) * sizeof(origins[0]));

	if (*folders == NULL || origins == NULL) {
		free(origins);
		return NULL;
	}
	for (uint32_t i = 0; i < *n; i++) {
		(void)!objects_origin(&db->objects, (uint16_t)(i + 1), (*folders)[i]);
		origins[i] = (*folders)[i];
	}
	return origins;
}

/* The bytes of the manifest.  False: no memory. */
static bool encode(struct db *db, const struct version *v, const struct whole_pages *whole,
		   struct manifest_head *head, struct buf *body)
{
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	char (*folders)[DB_NAME_ENCODED] = NULL;
	struct numbering numbers = { 0 };
	bool ok = entries != NULL;
	uint32_t unused;

	for (uint32_t i = 1; ok && i <= v->page_count; i++) {
		struct page_ref ref = whole_ref(db, v, whole, i);

		if (ref.encoding != PAGE_ZERO)
			ok = number_of(db, &numbers, ref.object, &unused);
	}
	const char **origins = origins_of(db, &folders, &head->n_origins);
	head->n_objects = numbers.n;
	ok = ok && origins != NULL;
	if (ok)
		manifest_begin(body, head, origins, numbers.objects);
	for (uint32_t c = 0; ok && c < head->n_chunks; c++) {
		uint32_t n = 0;

		for (uint64_t p = (uint64_t)c * MANIFEST_CHUNK_PAGES + 1;
		     ok && n < MANIFEST_CHUNK_PAGES && p <= v->page_count; p++, n++) {
			struct page_ref ref = whole_ref(db, v, whole, (pgno_t)p);

			entries[n] = (struct page_entry){ .encoding = ref.encoding };
			if (ref.encoding == PAGE_ZERO)
				continue;
			entries[n].offset = ref.offset;
			entries[n].len = ref.len;
			entries[n].sum = ref.sum;
			ok = number_of(db, &numbers, ref.object, &entries[n].object);
		}
		manifest_put_chunk(body, head, c, entries, n);
	}
	if (ok)
		manifest_end(body, head);
	free(origins);
	free(folders);
	free(entries);
	free(numbers.slots);
	free(numbers.objects);
	return ok && !body->failed;
}

/* *others: somebody else's is there. */
static enum vfs_rc create(struct db *db, const struct manifest_head *head, const struct buf *body,
			  bool *others, struct error *err)
{
	char key[KEY_MAX];

	key_manifest(key, db->folder, head->lsn);
	enum blob_rc put = blob_create(db->store, key, body, NULL, err);
	traffic_put(&db->traffic, body->len);
	*others = put == BLOB_EXISTS;
	if (*others) {
		error_clear(err);
		put = BLOB_OK; /* the same state */
	}
	return vfs_rc_of_blob(put);
}

#define LOOK_US ((int64_t)600000000)

/* What slots may refer to depends on it: see db_reach(). */
static void look_for_others(struct db *db)
{
	int64_t asked_us = boot_us();
	uint64_t lsn;

	mutex_lock(&db->lock);
	bool old = asked_us - db->manifest_us > LOOK_US;
	mutex_unlock(&db->lock);
	if (!old || manifest_newest(db->store, db->folder, &lsn, NULL) != VFS_OK)
		return;
	mutex_lock(&db->lock);
	db_saw_manifest_locked(db, lsn, asked_us);
	mutex_unlock(&db->lock);
}

enum vfs_rc manifest_write(struct db *db, struct error *err)
{
	struct version *v = db_pin_durable(db);
	struct manifest_head head = {
		.kind = v->exists ? COMMIT_NORMAL : COMMIT_DROPPED,
		.lsn = v->lsn,
		.time_us = v->time_us,
		.page_size = v->page_size,
		.page_count = v->page_count,
		.n_chunks = manifest_chunks(v->page_count),
	};
	struct buf body = BUF_INIT(MANIFEST_MAX);
	struct whole_pages whole = { 0 };
	int64_t began_us = boot_us();
	enum vfs_rc rc = VFS_OK;
	bool others;

	look_for_others(db);
	memcpy(head.db_id, v->db_id, ID_LEN);
	memcpy(head.hash, v->hash, HASH_LEN);
	memcpy(head.header, v->header, PAGE_HEADER_LEN);
	mutex_lock(&db->lock);
	head.previous = db->manifest_lsn;
	mutex_unlock(&db->lock);
	if (v->lsn <= head.previous)
		goto out; /* it is there; or nothing was ever committed */
	rc = whole_write(db, v, &whole, err);
	if (rc != VFS_OK)
		goto out;
	if (!encode(db, v, &whole, &head, &body)) {
		error_no_memory(err);
		rc = VFS_IO;
		goto out;
	}
	rc = create(db, &head, &body, &others, err);
	if (rc == VFS_OK) {
		mutex_lock(&db->lock);
		if (others)
			db_saw_manifest_locked(db, head.lsn, began_us);
		else if (db->manifest_lsn < head.lsn)
			db->manifest_lsn = head.lsn;
		mutex_unlock(&db->lock);
		log_debug(NULL, "manifest db=%s lsn=%" PRIu64 " pages=%u bytes=%zu", db->name,
			  head.lsn, head.page_count, body.len);
	}
out:
	db_unpin(db, v);
	whole_free(&whole);
	buf_free(&body);
	return rc;
}
