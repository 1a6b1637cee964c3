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

enum { BIG_COMMIT_ENTRIES = 16384, MANIFEST_EVERY = 64, MANIFEST_EVERY_MAX = 1024 };

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
	memcpy(v->header, head.header, PAGE_HEADER_LEN);
	if (!db_publish_locked(db, v, NULL, NULL, 0, true))
		goto no_memory;
	if (db->manifest_lsn < head.lsn)
		db->manifest_lsn = head.lsn;
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
	char key[KEY_MAX];
	enum vfs_rc rc;

	key_manifest(key, db->folder, lsn);
	rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, &body, NULL, err));
	if (rc == VFS_OK)
		rc = apply_manifest(db, key, &body, err);
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
			return VFS_OK;
		rc = manifest_read(db, lsn, err);
		if (rc == VFS_OK) {
			mutex_lock(&db->lock);
			db_saw_manifest_locked(db, lsn, asked_us);
			mutex_unlock(&db->lock);
		}
		/* between LIST and GET a newer one may have come, and this one gone */
		if (rc != VFS_NOT_FOUND)
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
	/* that of us who commits a multiple of it writes it, so not all do */
	if (v->lsn % every == 0 || n_pages >= BIG_COMMIT_ENTRIES)
		background_manifest(db);
}
