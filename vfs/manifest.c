/*
 * manifest.c - the whole state at an lsn: read, written, and when
 * Licence: MIT, see LICENSE.
 */
#include "vfs/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "vfs/group.h"

#define BIG_COMMIT_ENTRIES 16384

enum vfs_rc manifest_newest(struct blob_store *store, const char *folder, uint64_t *lsn,
			    struct error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	char prefix[KEY_MAX];
	struct blob_list list;
	enum vfs_rc rc;

	*lsn = 0;
	snprintf(prefix, sizeof(prefix), "%s/manifest/", folder);
	struct blob_list_request request = { .prefix = prefix, .max = 1 };
	rc = vfs_rc_of_blob(blob_list(store, &request, &arena, &list, err));
	if (rc == VFS_OK && list.n_entries > 0 && !key_manifest_lsn(list.entries[0].key, lsn)) {
		error_set(err, "object \"%s\" is no manifest", list.entries[0].key);
		rc = VFS_CORRUPT;
	}
	arena_free(&arena);
	return rc;
}

/* Make the state that a manifest tells the newest version. */
static enum vfs_rc apply_manifest(struct db *db, const char *key, const struct buf *body,
				  struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)body->data;
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct version *v = calloc(1, sizeof(*v));
	uint64_t *objects = NULL;
	struct manifest_head head;
	enum vfs_rc rc = VFS_CORRUPT;
	bool locked = false;

	if (entries == NULL || v == NULL)
		goto no_memory;
	if (!manifest_parse(bytes, body->len, key, &head, err))
		goto out;
	objects = malloc(((size_t)head.n_objects + 1) * sizeof(objects[0]));
	v->table = page_table_new(head.page_size);
	if (objects == NULL || v->table == NULL ||
	    !page_table_reserve(v->table, head.page_count))
		goto no_memory;
	mutex_lock(&db->lock);
	locked = true;
	if (head.lsn <= db->durable->lsn) {
		rc = VFS_OK;
		goto out;
	}
	group_overtaken_locked(db);
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&head, i, &o);
		if (!objects_add(&db->objects, &o, &objects[i]))
			goto no_memory;
	}
	for (uint32_t c = 0; c < head.n_chunks; c++) {
		uint32_t n;

		if (!manifest_chunk(bytes, body->len, key, &head, c, entries, &n, err))
			goto out;
		for (uint32_t i = 0; i < n; i++) {
			const struct page_entry *e = &entries[i];
			struct page_ref ref = {
				.seq = db->next_seq,
				.object = e->encoding == PAGE_ZERO ? 0 : objects[e->object],
				.offset = e->offset,
				.len = e->len,
				.sum = e->sum,
				.encoding = e->encoding,
			};
			page_table_set(v->table, c * MANIFEST_CHUNK_PAGES + i + 1, &ref);
		}
	}
	v->lsn = head.lsn;
	v->exists = head.kind != COMMIT_DROPPED;
	v->page_size = head.page_size;
	v->page_count = head.page_count;
	memcpy(v->db_id, head.db_id, ID_LEN);
	memcpy(v->hash, head.hash, HASH_LEN);
	v->time_us = head.time_us;
	memcpy(v->header, head.header, PAGE_HEADER_LEN);
	if (!db_publish_locked(db, v, NULL, NULL, 0, true))
		goto no_memory;
	if (db->manifest_lsn < head.lsn)
		db->manifest_lsn = head.lsn;
	db_unpin_locked(db, v);
	v = NULL;
	rc = VFS_OK;
	goto out;
no_memory:
	error_no_memory(err);
	rc = VFS_IO;
out:
	if (locked)
		mutex_unlock(&db->lock);
	version_free(v);
	free(objects);
	free(entries);
	return rc;
}

enum vfs_rc manifest_follow(struct db *db, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	for (int tries = 0; tries < 5; tries++) {
		struct buf body = BUF_INIT(MANIFEST_MAX);
		char key[KEY_MAX];
		uint64_t lsn;

		rc = manifest_newest(db->store, db->folder, &lsn, err);
		if (rc != VFS_OK)
			return rc;
		mutex_lock(&db->lock);
		bool newer = lsn > db->durable->lsn;
		mutex_unlock(&db->lock);
		if (!newer)
			return VFS_OK;
		key_manifest(key, db->folder, lsn);
		rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, &body, NULL, err));
		if (rc == VFS_OK)
			rc = apply_manifest(db, key, &body, err);
		buf_free(&body);
		/* between LIST and GET a newer one may have come, and this one gone */
		if (rc != VFS_NOT_FOUND)
			return rc;
	}
	return rc == VFS_NOT_FOUND ? VFS_CORRUPT : rc;
}

void manifest_want(struct db *db, const struct version *v, size_t n_pages)
{
	uint64_t every = 64;

	/* a manifest of many pages is written less often: bounded amplification */
	while (every * 65536 < (uint64_t)v->page_count * 16)
		every *= 2;
	/* that of us who commits a multiple of it writes it, so not all do */
	if (v->lsn % every == 0 || n_pages >= BIG_COMMIT_ENTRIES)
		background_manifest(db);
}

/* Object numbers -> place in the manifest's list. */
struct numbering {
	struct {
		uint64_t object; /* 0: free */
		uint32_t number;
	} *slots;
	size_t n_slots;
	struct manifest_object *objects;
	uint32_t n;
};

static bool number_of(struct db *db, struct numbering *t, uint64_t object, uint32_t *out)
{
	if ((t->n + 1) * 2 > t->n_slots) {
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
	}
	for (size_t at = object * (size_t)0x9e3779b97f4a7c15u >> 20;; at++) {
		size_t i = at & (t->n_slots - 1);

		if (t->slots[i].object == object) {
			*out = t->slots[i].number;
			return true;
		}
		if (t->slots[i].object == 0) {
			objects_get(&db->objects, object, &t->objects[t->n]);
			t->slots[i].object = object;
			t->slots[i].number = *out = t->n++;
			return true;
		}
	}
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
		.n_chunks = v->page_count / MANIFEST_CHUNK_PAGES +
			    (v->page_count % MANIFEST_CHUNK_PAGES != 0),
	};
	struct page_entry *entries = malloc(((size_t)v->page_count + 1) * sizeof(entries[0]));
	struct buf body = BUF_INIT(MANIFEST_MAX);
	struct numbering numbers = { 0 };
	enum vfs_rc rc = VFS_OK;
	char key[KEY_MAX];

	memcpy(head.db_id, v->db_id, ID_LEN);
	memcpy(head.hash, v->hash, HASH_LEN);
	memcpy(head.header, v->header, PAGE_HEADER_LEN);
	if (entries == NULL)
		goto no_memory;
	if (v->lsn == 0)
		goto out;
	for (uint32_t i = 0; i < v->page_count; i++) {
		struct page_ref ref = db_page_ref(db, v, i + 1);

		entries[i] = (struct page_entry){
			.offset = ref.offset,
			.len = ref.len,
			.sum = ref.sum,
			.encoding = ref.encoding,
		};
		if (ref.encoding != PAGE_ZERO &&
		    !number_of(db, &numbers, ref.object, &entries[i].object))
			goto no_memory;
	}
	head.n_objects = numbers.n;
	manifest_begin(&body, &head, numbers.objects);
	for (uint32_t c = 0; c < head.n_chunks; c++) {
		uint32_t left = head.page_count - c * MANIFEST_CHUNK_PAGES;

		manifest_put_chunk(&body, &head, c, entries + (size_t)c * MANIFEST_CHUNK_PAGES,
				   left < MANIFEST_CHUNK_PAGES ? left : MANIFEST_CHUNK_PAGES);
	}
	manifest_end(&body, &head);
	if (body.failed)
		goto no_memory;
	key_manifest(key, db->folder, head.lsn);
	enum blob_rc put = blob_create(db->store, key, &body, NULL, err);
	if (put == BLOB_EXISTS) {
		error_clear(err);
		put = BLOB_OK; /* the same, by somebody else */
	}
	rc = vfs_rc_of_blob(put);
	if (rc == VFS_OK) {
		mutex_lock(&db->lock);
		if (db->manifest_lsn < head.lsn)
			db->manifest_lsn = head.lsn;
		mutex_unlock(&db->lock);
		log_debug(NULL, "manifest db=%s lsn=%" PRIu64 " pages=%u bytes=%zu", db->name,
			  head.lsn, head.page_count, body.len);
	}
	goto out;
no_memory:
	error_no_memory(err);
	rc = VFS_IO;
out:
	db_unpin(db, v);
	free(entries);
	free(numbers.slots);
	free(numbers.objects);
	buf_free(&body);
	return rc;
}
