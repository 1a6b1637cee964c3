/*
 * branch.c - databases that begin as a version of another one
 *
 * INVARIANTS
 *   (1) A slot of kind BRANCHED is created only after the pin of what it names.
 *   (2) Origin k of a branch is origin k - 1 of its parent, as that was then; origin 1
 *       is the parent.  So what an object in origin k calls origin j is k + j.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/branch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "vfs/format_parts.h"
#include "vfs/history.h"
#include "vfs/registry.h"

enum { POINT_HEAD_LEN = 42 };

void branch_point_put(struct buf *out, const struct branch_point *point)
{
	size_t len = strlen(point->folder);

	buf_put(out, point->db_id, ID_LEN);
	buf_put_u64(out, point->lsn);
	buf_put(out, point->hash, HASH_LEN);
	buf_put_u16(out, (uint16_t)len);
	buf_put(out, point->folder, len);
}

bool branch_point_parse(const uint8_t *bytes, size_t len, const char *name,
			struct branch_point *out, struct error *err)
{
	struct branch_point p = { .lsn = 0 };
	char decoded[DB_NAME_MAX + 1];

	if (len < POINT_HEAD_LEN || POINT_HEAD_LEN + (size_t)get_u16(bytes + 40) != len ||
	    len - POINT_HEAD_LEN >= DB_NAME_ENCODED)
		return format_damaged(err, name, "the version that it begins with has the wrong length");
	memcpy(p.db_id, bytes, ID_LEN);
	p.lsn = get_u64(bytes + 16);
	memcpy(p.hash, bytes + 24, HASH_LEN);
	memcpy(p.folder, bytes + POINT_HEAD_LEN, len - POINT_HEAD_LEN);
	if (p.lsn == 0 || p.lsn >> LSN_BITS != 0)
		return format_damaged(err, name, "impossible lsn of the version that it begins with");
	if (strlen(p.folder) != len - POINT_HEAD_LEN ||
	    !db_name_decode(p.folder, strlen(p.folder), decoded))
		return format_damaged(err, name, "impossible name of the database that it begins with");
	*out = p;
	return true;
}

/* ---- reading ---- */

enum vfs_rc branch_read(struct db *db, const struct commit_head *head, const char *key,
			struct db **out, struct error *err)
{
	struct db_past past = { .kind = PAST_LSN, .time_us = INT64_MAX };
	struct branch_point point;
	enum vfs_rc rc;

	if (!branch_point_parse(head->messages, head->messages_len, key, &point, err))
		return VFS_CORRUPT;
	bool own = strcmp(point.folder, db->folder) == 0;
	if (own && point.lsn >= head->lsn) {
		(void)format_damaged(err, key, "it begins with what comes behind it");
		return VFS_CORRUPT;
	}
	if (db->depth >= BRANCH_DEPTH_MAX) {
		error_set(err, "database \"%s\" has more than %d parents", db->name, BRANCH_DEPTH_MAX);
		return VFS_CORRUPT;
	}
	past.lsn = point.lsn;
	if (!db_name_decode(point.folder, strlen(point.folder), past.base))
		return VFS_CORRUPT;
	struct db *origin = db_new(db->store, past.base, &past);
	if (origin == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	origin->depth = db->depth + 1;
	rc = history_load_exactly(origin, point.db_id, point.hash, err);
	const struct version *v = origin->durable;
	if (rc == VFS_OK && (v->page_size != head->page_size || v->page_count != head->page_count)) {
		(void)format_damaged(err, key, "it is not as large as what it begins with");
		rc = VFS_CORRUPT;
	}
	if (rc == VFS_NOT_FOUND)
		rc = VFS_CORRUPT;
	if (rc != VFS_OK) {
		error_wrap(err, "could not read slot %" PRIu64 " of database \"%s\", with which \"%s\" goes on",
			   point.lsn, past.base, db->name);
		db_free(origin);
		return rc;
	}
	*out = origin;
	return VFS_OK;
}

enum vfs_rc branch_set_origins_locked(struct db *db, char (*folders)[DB_NAME_ENCODED], uint32_t n,
				      struct error *err)
{
	assert(mutex_held(&db->lock));
	/* who has none refers to none */
	if (n == 0 || objects_has_origins(&db->objects, folders, n))
		return VFS_OK;
	/* what is being opened has given no numbers to anybody yet */
	if (objects_n_origins(&db->objects) > 0 && db->state == DB_READY) {
		atomic_store(&db->outdated, true);
		error_set(err, "database \"%s\" was dropped", db->name);
		return VFS_NOT_FOUND;
	}
	if (objects_set_origins(&db->objects, folders, n))
		return VFS_OK;
	error_no_memory(err);
	return VFS_IO;
}

static enum vfs_rc take_origins_locked(struct db *db, struct db *origin, struct error *err)
{
	uint32_t n = objects_n_origins(&origin->objects) + 1;
	char(*folders)[DB_NAME_ENCODED] = malloc((size_t)n * sizeof(folders[0]));
	enum vfs_rc rc = VFS_OK;

	if (folders == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!objects_origin(&origin->objects, (uint16_t)i, folders[i]))
			rc = VFS_CORRUPT;
	if (rc == VFS_OK)
		rc = branch_set_origins_locked(db, folders, n, err);
	free(folders);
	return rc;
}

/* What the origin calls by its numbers, in those of `db`. */
struct translation {
	struct db *db;
	struct db *origin;
	bool own;          /* a version of the same database */
	uint64_t from, to; /* the last one: pages that follow each other lie in one object */
};

static bool translate(struct translation *t, uint64_t number, uint64_t *out)
{
	struct manifest_object o;

	if (number != t->from || t->from == 0) {
		objects_get(&t->origin->objects, number, &o);
		if (!t->own)
			o.origin++;
		if (!objects_add(&t->db->objects, &o, &t->to))
			return false;
		t->from = number;
	}
	*out = t->to;
	return true;
}

enum vfs_rc branch_adopt_locked(struct db *db, struct version *v, struct db *origin,
				const struct commit_head *head, struct error *err)
{
	struct translation t = { .db = db, .origin = origin };
	const struct version *from = origin->durable;
	enum vfs_rc rc = VFS_OK;

	assert(mutex_held(&db->lock));
	t.own = memcmp(from->db_id, head->db_id, ID_LEN) == 0;
	if (!t.own)
		rc = take_origins_locked(db, origin, err);
	if (rc != VFS_OK)
		return rc;
	v->table = page_table_new(from->page_size);
	if (v->table == NULL || !page_table_reserve(v->table, from->page_count))
		goto no_memory;
	for (pgno_t p = 1; p != 0 && p <= from->page_count; p++) {
		struct page_ref ref = page_table_get(from->table, p);

		ref.seq = db->next_seq;
		if (ref.encoding != PAGE_ZERO && !translate(&t, ref.object, &ref.object))
			goto no_memory;
		page_table_set(v->table, p, &ref);
	}
	v->n_restores = t.own;
	return VFS_OK;
no_memory:
	error_no_memory(err);
	return VFS_IO;
}
