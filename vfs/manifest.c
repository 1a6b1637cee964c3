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
#include "vfs/branch.h"
#include "vfs/group.h"

/* Clean-up keeps for a day what no manifest tells of any more: README.md, "Clean-up". */
#define PLACES_OLD_US ((int64_t)6 * 3600 * 1000000)

enum { MANIFEST_PAGES = 16384, MANIFEST_EVERY = 64, MANIFEST_EVERY_MAX = 1024 };

enum vfs_rc manifest_up_to(struct blob_store *store, const char *folder, uint64_t lsn,
			   uint64_t *found, struct error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	char prefix[KEY_MAX];
	char after[KEY_MAX];
	struct blob_list list;
	enum vfs_rc rc;

	*found = 0;
	snprintf(prefix, sizeof(prefix), "%s/manifest/", folder);
	struct blob_list_request request = { .prefix = prefix, .max = 1 };
	if (lsn != UINT64_MAX) {
		key_manifest(after, folder, lsn + 1);
		request.start_after = after;
	}
	rc = vfs_rc_of_blob(blob_list(store, &request, &arena, &list, err));
	if (rc == VFS_OK && list.n_entries > 0 && !key_manifest_lsn(list.entries[0].key, found)) {
		error_set(err, "object \"%s\" is no manifest", list.entries[0].key);
		rc = VFS_CORRUPT;
	}
	arena_free(&arena);
	return rc;
}

enum vfs_rc manifest_newest(struct blob_store *store, const char *folder, uint64_t *lsn,
			    struct error *err)
{
	return manifest_up_to(store, folder, UINT64_MAX, lsn, err);
}

enum vfs_rc manifest_head_of(struct blob_store *store, const char *folder, uint64_t lsn,
			     struct manifest_head *out, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = MANIFEST_HEAD_LEN };
	struct buf body = BUF_INIT(MANIFEST_HEAD_LEN);
	char key[KEY_MAX];
	enum vfs_rc rc;

	key_manifest(key, folder, lsn);
	rc = vfs_rc_of_blob(blob_get(store, key, &range, &body, NULL, err));
	if (rc == VFS_OK && !manifest_peek((const uint8_t *)body.data, body.len, key, out, err))
		rc = VFS_CORRUPT;
	buf_free(&body);
	return rc;
}

/* Its origins are ours from now on. */
static enum vfs_rc take_origins_locked(struct db *db, const struct manifest_head *head,
				       struct error *err)
{
	char(*folders)[DB_NAME_ENCODED] = malloc(((size_t)head->n_origins + 1) * sizeof(folders[0]));
	uint32_t at = 0;
	enum vfs_rc rc;

	if (folders == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	for (uint32_t i = 0; i < head->n_origins; i++) {
		size_t len;
		const char *text = manifest_origin_next(head, &at, &len);

		snprintf(folders[i], sizeof(folders[0]), "%.*s", (int)len, text);
	}
	rc = branch_set_origins_locked(db, folders, head->n_origins, err);
	free(folders);
	return rc;
}

/* The numbers that objects of a manifest have here.  False: no memory. */
static bool number_objects(struct db *db, const struct manifest_head *head, uint64_t *numbers)
{
	for (uint32_t i = 0; i < head->n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(head, i, &o);
		if (!objects_add(&db->objects, &o, &numbers[i]))
			return false;
	}
	return true;
}

/* Make the state that a manifest tells the newest version. */
static enum vfs_rc apply_manifest(struct db *db, const char *key, const struct buf *body,
				  int64_t asked_us, struct error *err)
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
	rc = take_origins_locked(db, &head, err);
	if (rc != VFS_OK)
		goto out;
	rc = VFS_CORRUPT;
	if (!number_objects(db, &head, objects))
		goto no_memory;
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
	v->n_restores = (uint8_t)(head.n_restores - db->newest->n_restores);
	memcpy(v->header, head.header, PAGE_HEADER_LEN);
	if (!db_publish_locked(db, v, NULL, NULL, 0, true))
		goto no_memory;
	if (db->manifest_lsn < head.lsn)
		db->manifest_lsn = head.lsn;
	db->placed_lsn = head.lsn;
	db->placed_us = asked_us;
	db->foreign_manifest = 0;
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

enum vfs_rc manifest_read(struct db *db, uint64_t lsn, struct error *err)
{
	struct buf body = BUF_INIT(MANIFEST_MAX);
	int64_t asked_us = boot_us();
	char key[KEY_MAX];
	enum vfs_rc rc;

	key_manifest(key, db->folder, lsn);
	rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, &body, NULL, err));
	if (rc == VFS_OK)
		rc = apply_manifest(db, key, &body, asked_us, err);
	buf_free(&body);
	return rc;
}

/* The pages of one chunk, in the terms of this process. */
static void moved_pages(uint32_t chunk, const struct page_entry *entries, uint32_t n,
			const uint64_t *objects, struct moved_page *out)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct page_entry *e = &entries[i];

		out[i] = (struct moved_page){
			.pgno = chunk * MANIFEST_CHUNK_PAGES + i + 1,
			.ref = {
				.object = e->encoding == PAGE_ZERO ? 0 : objects[e->object],
				.offset = e->offset,
				.len = e->len,
				.sum = e->sum,
				.encoding = e->encoding,
			},
		};
	}
}

/*
 * A manifest of a version that we know already, written by another machine: let the
 * page table tell its places.
 */
static enum vfs_rc adopt_places(struct db *db, struct version *v, const char *key,
				const struct buf *body, struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)body->data;
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct moved_page *moved = malloc(MANIFEST_CHUNK_PAGES * sizeof(moved[0]));
	uint64_t *objects = NULL;
	struct manifest_head head;
	enum vfs_rc rc = VFS_OK;

	if (!manifest_parse(bytes, body->len, key, &head, err)) {
		rc = VFS_CORRUPT;
		goto out;
	}
	objects = malloc(((size_t)head.n_objects + 1) * sizeof(objects[0]));
	if (entries == NULL || moved == NULL || objects == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
		goto out;
	}
	/* what was dropped, or has pages of another size, since then has none of its places */
	if (memcmp(head.db_id, v->db_id, ID_LEN) != 0 || head.page_size != v->page_size)
		goto out;
	mutex_lock(&db->lock);
	struct unchanged since = unchanged_since_slot_locked(db, head.lsn);
	mutex_unlock(&db->lock);
	if (!number_objects(db, &head, objects)) {
		error_no_memory(err);
		rc = VFS_IO;
	}
	for (uint32_t c = 0; rc == VFS_OK && c < head.n_chunks; c++) {
		uint32_t n;

		if (!manifest_chunk(bytes, body->len, key, &head, c, entries, &n, err)) {
			rc = VFS_CORRUPT;
			break;
		}
		moved_pages(c, entries, n, objects, moved);
		relocate(db, v, &since, moved, n);
	}
out:
	free(objects);
	free(moved);
	free(entries);
	return rc;
}

bool manifest_places_are_old(struct db *db)
{
	mutex_lock(&db->lock);
	bool old = boot_us() - db->placed_us > PLACES_OLD_US;
	mutex_unlock(&db->lock);
	return old;
}

/* Manifest `lsn` was the newest one at asked_us, and no version newer than ours. */
static enum vfs_rc follow_places(struct db *db, uint64_t lsn, int64_t asked_us, struct error *err)
{
	struct buf body = BUF_INIT(MANIFEST_MAX);
	enum vfs_rc rc = VFS_OK;
	char key[KEY_MAX];

	if (!manifest_places_are_old(db) || !relocate_try_begin(db))
		return VFS_OK; /* a compaction of our own will say */
	struct version *v = db_pin_durable(db);
	mutex_lock(&db->lock);
	uint64_t placed_lsn = db->placed_lsn;
	mutex_unlock(&db->lock);
	if (lsn > placed_lsn) {
		key_manifest(key, db->folder, lsn);
		rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, &body, NULL, err));
		if (rc == VFS_OK)
			rc = adopt_places(db, v, key, &body, err);
	}
	if (rc == VFS_OK) {
		mutex_lock(&db->lock);
		if (db->placed_lsn < lsn)
			db->placed_lsn = lsn;
		db->placed_us = asked_us;
		if (db->foreign_manifest <= lsn)
			db->foreign_manifest = 0;
		mutex_unlock(&db->lock);
	}
	db_unpin(db, v);
	relocate_end(db);
	buf_free(&body);
	return rc;
}

enum vfs_rc manifest_follow(struct db *db, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	for (int tries = 0; tries < 5; tries++) {
		int64_t asked_us = boot_us();
		uint64_t lsn;

		rc = manifest_newest(db->store, db->folder, &lsn, err);
		if (rc != VFS_OK)
			return rc;
		mutex_lock(&db->lock);
		bool newer = lsn > db->durable->lsn;
		if (!newer)
			db_saw_manifest_locked(db, lsn, asked_us);
		mutex_unlock(&db->lock);
		if (!newer)
			return follow_places(db, lsn, asked_us, err);
		rc = manifest_read(db, lsn, err);
		if (rc == VFS_OK) {
			mutex_lock(&db->lock);
			db_saw_manifest_locked(db, lsn, asked_us);
			mutex_unlock(&db->lock);
		}
		/* between LIST and GET a newer one may have come, and this one gone */
		if (rc != VFS_NOT_FOUND || atomic_load(&db->outdated))
			return rc;
	}
	return rc == VFS_NOT_FOUND ? VFS_CORRUPT : rc;
}

void manifest_want(struct db *db, const struct version *v, size_t n_pages)
{
	uint64_t every = MANIFEST_EVERY;

	/* a large manifest is written less often: 4 KiB of it a commit, 1024 slots to read at most */
	while (every < MANIFEST_EVERY_MAX && every * 4096 < (uint64_t)v->page_count * 2)
		every *= 2;
	mutex_lock(&db->lock);
	db->pages_since += n_pages;
	/* that of us who commits a multiple of it writes it, so not all do */
	bool wanted = v->lsn % every == 0 || db->pages_since >= MANIFEST_PAGES;
	if (wanted)
		db->pages_since = 0;
	mutex_unlock(&db->lock);
	if (wanted)
		background_compact(db);
}
