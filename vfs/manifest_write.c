/*
 * manifest_write.c - the manifest of a version, made and created
 *
 * The pages are gone through twice: for the objects that they lie in, which come
 * first, and then chunk by chunk, so that no copy of the page map is in memory.
 * Between the two nobody moves pages: relocate_begin().
 * Licence: MIT, see LICENSE.
 */
#include "vfs/manifest.h"

#include <stdlib.h>
#include <string.h>

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

/* Where the pages of a version will lie: rising by page. */
struct places {
	struct db *db;
	const struct version *v;
	const struct moved_page *moved;
	size_t n_moved, next;
};

static struct page_ref place_of(struct places *p, pgno_t pgno)
{
	while (p->next < p->n_moved && p->moved[p->next].pgno < pgno)
		p->next++;
	if (p->next < p->n_moved && p->moved[p->next].pgno == pgno)
		return p->moved[p->next].ref;
	return db_page_ref(p->db, p->v, pgno);
}

/* Objects that slots name, and in which no page lies.  False: no memory. */
static bool add_held(struct db *db, const struct version *v, struct numbering *t)
{
	uint32_t listed = t->n;
	bool ok = true;

	mutex_lock(&db->lock);
	for (size_t i = 0; ok && i < db->n_named; i++) {
		uint32_t number;

		if (db->named[i].lsn <= v->lsn)
			ok = number_of(db, t, db->named[i].object, &number);
	}
	mutex_unlock(&db->lock);
	for (uint32_t i = listed; i < t->n; i++)
		t->objects[i].held = true;
	return ok;
}

/* The bytes of the manifest.  False: no memory. */
static bool encode(struct places *p, struct manifest_head *head, struct buf *body)
{
	const struct version *v = p->v;
	struct db *db = p->db;
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	char (*folders)[DB_NAME_ENCODED] = NULL;
	struct numbering numbers = { 0 };
	bool ok = entries != NULL;
	uint32_t unused;

	for (uint64_t i = 1; ok && i <= v->page_count; i++) {
		struct page_ref ref = place_of(p, (pgno_t)i);

		if (ref.encoding != PAGE_ZERO)
			ok = number_of(db, &numbers, ref.object, &unused);
	}
	p->next = 0;
	ok = ok && add_held(db, v, &numbers);
	const char **origins = origins_of(db, &folders, &head->n_origins);
	head->n_objects = numbers.n;
	ok = ok && origins != NULL;
	if (ok)
		manifest_begin(body, head, origins, numbers.objects);
	for (uint32_t c = 0; ok && c < head->n_chunks; c++) {
		uint32_t n = 0;

		for (uint64_t pgno = (uint64_t)c * MANIFEST_CHUNK_PAGES + 1;
		     ok && n < MANIFEST_CHUNK_PAGES && pgno <= v->page_count; pgno++, n++) {
			struct page_ref ref = place_of(p, (pgno_t)pgno);

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

/* The manifest is there: what slots up to it named is told in it. */
static void forget_named_locked(struct db *db, uint64_t lsn)
{
	size_t kept = 0;

	for (size_t i = 0; i < db->n_named; i++)
		if (db->named[i].lsn > lsn)
			db->named[kept++] = db->named[i];
	db->n_named = kept;
}

enum vfs_rc manifest_create(struct db *db, const struct version *v, const struct moved_page *moved,
			    size_t n_moved, uint64_t *bytes, struct error *err)
{
	struct places places = { .db = db, .v = v, .moved = moved, .n_moved = n_moved };
	struct manifest_head head = {
		.kind = v->exists ? COMMIT_NORMAL : COMMIT_DROPPED,
		.lsn = v->lsn,
		.time_us = v->time_us,
		.n_restores = v->n_restores,
		.page_size = v->page_size,
		.page_count = v->page_count,
		.n_chunks = manifest_chunks(v->page_count),
	};
	struct buf body = BUF_INIT(MANIFEST_MAX);
	char key[KEY_MAX];

	memcpy(head.db_id, v->db_id, ID_LEN);
	memcpy(head.hash, v->hash, HASH_LEN);
	memcpy(head.header, v->header, PAGE_HEADER_LEN);
	mutex_lock(&db->lock);
	head.previous = db->manifest_lsn < head.lsn ? db->manifest_lsn : 0;
	mutex_unlock(&db->lock);
	if (!encode(&places, &head, &body)) {
		buf_free(&body);
		error_no_memory(err);
		return VFS_IO;
	}
	key_manifest(key, db->folder, head.lsn);
	enum vfs_rc rc = vfs_rc_of_blob(blob_create(db->store, key, &body, NULL, err));
	traffic_put(&db->traffic, body.len);
	if (rc == VFS_OK || rc == VFS_EXISTS) {
		mutex_lock(&db->lock);
		if (rc == VFS_OK && db->manifest_lsn < head.lsn)
			db->manifest_lsn = head.lsn;
		forget_named_locked(db, head.lsn);
		mutex_unlock(&db->lock);
	}
	*bytes = body.len;
	buf_free(&body);
	return rc;
}
