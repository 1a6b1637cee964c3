/*
 * db.c - one database: its versions, and its log
 *
 * INVARIANTS
 *   (1) Versions in the list rise by seq and lsn; the newest is the last.
 *   (2) For each version and page: the image is that of the first undo map from
 *       the version on that has the page, as far as the table is the same, and
 *       otherwise that of the table.
 *   (3) A version id is given once, also when what it stood for was lost.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/db.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"

enum { READ_AHEAD_MAX = 8 };

#define CONTENDED_US ((int64_t)10000000)
#define PROOF_MAX_US ((int64_t)600000000)

_Atomic int64_t vfs_test_sleep_us;

int64_t boot_us(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000 +
	       atomic_load_explicit(&vfs_test_sleep_us, memory_order_relaxed);
}

enum vfs_rc vfs_rc_of_blob(enum blob_rc rc)
{
	switch (rc) {
	case BLOB_OK:
		return VFS_OK;
	case BLOB_NOT_FOUND:
		return VFS_NOT_FOUND;
	case BLOB_EXISTS:
		return VFS_EXISTS;
	case BLOB_BUSY:
		return VFS_BUSY;
	case BLOB_UNKNOWN:
		return VFS_UNKNOWN;
	case BLOB_FAILED:
		return VFS_IO;
	}
	return VFS_IO;
}

void version_free(struct version *v)
{
	if (v == NULL)
		return;
	undo_free(&v->undo);
	page_table_unref(v->table);
	free(v);
}

struct db *db_new(struct blob_store *store, const char *name)
{
	static _Atomic uint32_t next_uid = 1;
	struct db *db = calloc(1, sizeof(*db));
	struct version *v = calloc(1, sizeof(*v));

	if (db != NULL)
		db->name = strdup(name);
	if (v != NULL)
		v->table = page_table_new(0);
	if (db == NULL || db->name == NULL || v == NULL || v->table == NULL) {
		if (db != NULL)
			free(db->name);
		free(db);
		version_free(v);
		return NULL;
	}
	db_name_encode(name, db->folder);
	db->store = store;
	db->uid = atomic_fetch_add(&next_uid, 1);
	mutex_init(&db->lock);
	cond_init(&db->changed);
	db->state = DB_FAILED;
	db->load_rc = VFS_BUSY;
	/* version 1 is "nothing was ever here"; seq 0 is no version */
	v->seq = 1;
	v->pins = 2;
	db->next_seq = 2;
	db->oldest = db->newest = db->durable = v;
	return db;
}

static void doubt_free(struct doubt *d)
{
	if (d == NULL)
		return;
	buf_free(&d->body);
	free(d);
}

void db_free(struct db *db)
{
	if (db == NULL)
		return;
	for (struct version *v = db->oldest, *next; v != NULL; v = next) {
		next = v->newer;
		version_free(v);
	}
	cache_drop(db->uid);
	doubt_free(db->doubt);
	free(db->segments);
	cond_deinit(&db->changed);
	mutex_deinit(&db->lock);
	free(db->name);
	free(db);
}

/* Forget a version that nobody pins, if its undo map can be handed on. */
static void reap_locked(struct db *db, struct version *v)
{
	struct version *older = v->older;

	assert(mutex_held(&db->lock) && v->pins == 0 && v != db->newest);
	if (older != NULL && older->table == v->table &&
	    !undo_merge(&older->undo, older->seq, &v->undo))
		return; /* no memory: it stays, and costs a little more */
	if (older != NULL)
		older->newer = v->newer;
	else
		db->oldest = v->newer;
	v->newer->older = older;
	version_free(v);
}

static void unpin_locked(struct db *db, struct version *v)
{
	assert(v->pins > 0);
	if (--v->pins == 0)
		reap_locked(db, v);
}

struct version *db_pin_durable(struct db *db)
{
	mutex_lock(&db->lock);
	struct version *v = db->durable;
	v->pins++;
	mutex_unlock(&db->lock);
	return v;
}

struct version *db_pin_published(struct db *db)
{
	mutex_lock(&db->lock);
	struct version *v = db->newest;
	v->pins++;
	mutex_unlock(&db->lock);
	return v;
}

void db_unpin(struct db *db, struct version *v)
{
	if (v == NULL)
		return;
	mutex_lock(&db->lock);
	unpin_locked(db, v);
	mutex_unlock(&db->lock);
}

struct page_ref db_page_ref(struct db *db, const struct version *v, pgno_t pgno)
{
	struct page_ref ref = { .encoding = PAGE_ZERO };
	bool found = false;

	if (pgno > v->page_count)
		return ref;
	ref = page_table_get(v->table, pgno);
	if (ref.seq <= v->seq)
		return ref;
	mutex_lock(&db->lock);
	for (const struct version *w = v; !found && w != NULL && w->table == v->table;
	     w = w->newer)
		found = undo_find(&w->undo, pgno, &ref);
	if (!found)
		ref = page_table_get(v->table, pgno);
	mutex_unlock(&db->lock);
	assert(ref.seq <= v->seq);
	return ref;
}

void db_segment_id(struct db *db, uint64_t object, uint8_t id[ID_LEN])
{
	uint64_t number = object & ~OBJECT_SEGMENT_BIT;

	mutex_lock(&db->lock);
	assert(number < db->n_segments);
	memcpy(id, db->segments[number], ID_LEN);
	mutex_unlock(&db->lock);
}

bool db_add_segment_locked(struct db *db, const uint8_t id[ID_LEN], uint64_t *object)
{
	assert(mutex_held(&db->lock));
	if (db->n_segments == db->cap_segments) {
		uint32_t cap = db->cap_segments == 0 ? 8 : db->cap_segments * 2;
		void *segments = realloc(db->segments, (size_t)cap * ID_LEN);

		if (segments == NULL)
			return false;
		db->segments = segments;
		db->cap_segments = cap;
	}
	memcpy(db->segments[db->n_segments], id, ID_LEN);
	*object = OBJECT_SEGMENT_BIT | db->n_segments++;
	return true;
}

bool db_publish_locked(struct db *db, struct version *v, const pgno_t *pgnos,
		       struct page_ref *refs, size_t n)
{
	struct version *last = db->newest;

	assert(mutex_held(&db->lock) && v->lsn > last->lsn);
	v->seq = db->next_seq++;
	if (v->table == last->table) {
		size_t grown = v->page_count > last->page_count ?
				       v->page_count - last->page_count :
				       0;
		/* nobody but us looks at it, and nobody at an older one: no undo */
		bool undo = last->older != NULL ||
			    last->pins > (db->durable == last ? 2u : 1u);
		size_t next = 0;

		if (!page_table_reserve(v->table, v->page_count) ||
		    (undo && !undo_reserve(&last->undo, n + grown)))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (undo) {
				struct page_ref old = page_table_get(v->table, pgnos[i]);

				undo_put(&last->undo, pgnos[i], &old);
			}
			refs[i].seq = v->seq;
			page_table_set(v->table, pgnos[i], &refs[i]);
		}
		/* a page that appears without being written is zero, not what once was there */
		for (uint64_t p = (uint64_t)last->page_count + 1; p <= v->page_count; p++) {
			struct page_ref zero = { .seq = v->seq, .encoding = PAGE_ZERO };

			while (next < n && pgnos[next] < p)
				next++;
			if (next < n && pgnos[next] == p)
				continue;
			if (undo) {
				struct page_ref old = page_table_get(v->table, (pgno_t)p);

				undo_put(&last->undo, (pgno_t)p, &old);
			}
			page_table_set(v->table, (pgno_t)p, &zero);
		}
	}
	v->older = last;
	v->newer = NULL;
	last->newer = v;
	v->pins = 3; /* published, durable, the caller */
	db->newest = v;
	struct version *durable = db->durable;
	db->durable = v;
	unpin_locked(db, durable);
	unpin_locked(db, last);
	return true;
}

enum vfs_rc newest_manifest(struct blob_store *store, const char *folder, uint64_t *lsn,
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

/* Pages of an object that was read whole are kept: they are wanted soon. */
static void cache_pages(struct db *db, const struct commit_head *head, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < head->n_entries; i++) {
		struct page_entry e;
		struct image *image;
		pgno_t pgno;

		commit_entry(head, i, &pgno, &e);
		if (e.object != 0 || e.encoding == PAGE_ZERO)
			continue;
		image = image_new(head->page_size);
		if (image == NULL)
			return;
		/* a damaged page is told when somebody asks for it */
		if (page_decode(pgno, &e, bytes + e.offset, head->page_size, image->data))
			image = cache_insert(db->uid, head->lsn, e.offset, image);
		image_unref(image);
	}
}

/*
 * Apply the object of slot newest + 1.  Does nothing if that is not the next
 * slot any more.
 */
static enum vfs_rc apply_slot(struct db *db, const struct commit_head *head,
			      const uint8_t *bytes, const char *key, struct error *err)
{
	struct version *v = calloc(1, sizeof(*v));
	pgno_t *pgnos = malloc(((size_t)head->n_entries + 1) * sizeof(pgnos[0]));
	struct page_ref *refs = malloc(((size_t)head->n_entries + 1) * sizeof(refs[0]));
	uint64_t *segments = malloc(((size_t)head->n_segments + 1) * sizeof(segments[0]));
	enum vfs_rc rc = VFS_IO;
	bool locked = false;

	if (v == NULL || pgnos == NULL || refs == NULL || segments == NULL)
		goto no_memory;
	cache_pages(db, head, bytes);
	mutex_lock(&db->lock);
	locked = true;
	struct version *last = db->newest;
	if (head->lsn != last->lsn + 1) {
		rc = VFS_OK;
		goto out;
	}
	if (last->lsn > 0 && memcmp(head->previous, last->hash, HASH_LEN) != 0) {
		error_set(err, "the log of database \"%s\" is broken: object \"%s\" does not follow slot %" PRIu64,
			  db->name, key, last->lsn);
		rc = VFS_CORRUPT;
		goto out;
	}
	for (uint32_t i = 0; i < head->n_segments; i++)
		if (!db_add_segment_locked(db, head->segments + (size_t)ID_LEN * i, &segments[i]))
			goto no_memory;
	for (uint32_t i = 0; i < head->n_entries; i++) {
		struct page_entry e;

		commit_entry(head, i, &pgnos[i], &e);
		refs[i] = (struct page_ref){
			.object = e.object == 0 ? head->lsn : segments[e.object - 1],
			.offset = e.offset,
			.len = e.len,
			.sum = e.sum,
			.encoding = e.encoding,
		};
	}
	v->lsn = head->lsn;
	v->exists = head->kind != COMMIT_DROPPED;
	v->page_size = head->page_size;
	v->page_count = head->page_count;
	memcpy(v->db_id, head->db_id, ID_LEN);
	memcpy(v->nonce, head->nonce, ID_LEN);
	memcpy(v->hash, head->hash, HASH_LEN);
	v->time_us = head->time_us;
	memcpy(v->header, head->header, PAGE_HEADER_LEN);
	if (head->kind == COMMIT_NORMAL && head->page_size == last->page_size) {
		page_table_ref(last->table);
		v->table = last->table;
	} else {
		v->table = page_table_new(head->page_size);
		if (v->table == NULL || !page_table_reserve(v->table, v->page_count))
			goto no_memory;
		for (uint32_t i = 0; i < head->n_entries; i++) {
			refs[i].seq = db->next_seq;
			page_table_set(v->table, pgnos[i], &refs[i]);
		}
	}
	if (!db_publish_locked(db, v, pgnos, refs, head->n_entries))
		goto no_memory;
	if (db->doubt != NULL && db->doubt->lsn <= v->lsn) {
		/* whoever won, it is known now */
		log_info(NULL, "commit db=%s lsn=%" PRIu64 " was in doubt: %s", db->name,
			 db->doubt->lsn,
			 memcmp(db->doubt->nonce, v->nonce, ID_LEN) == 0 ? "committed" : "lost");
		doubt_free(db->doubt);
		db->doubt = NULL;
	}
	unpin_locked(db, v);
	v = NULL;
	rc = VFS_OK;
	goto out;
no_memory:
	error_no_memory(err);
out:
	if (locked)
		mutex_unlock(&db->lock);
	version_free(v);
	free(pgnos);
	free(refs);
	free(segments);
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
	if (head.lsn <= db->newest->lsn) {
		rc = VFS_OK;
		goto out;
	}
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&head, i, &o);
		if (o.kind == OBJECT_SLOT)
			objects[i] = o.lsn;
		else if (!db_add_segment_locked(db, o.id, &objects[i]))
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
	if (!db_publish_locked(db, v, NULL, NULL, 0))
		goto no_memory;
	if (db->manifest_lsn < head.lsn)
		db->manifest_lsn = head.lsn;
	unpin_locked(db, v);
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

/* If there is a manifest newer than what we know, begin with it. */
static enum vfs_rc follow_manifest(struct db *db, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	for (int tries = 0; tries < 5; tries++) {
		struct buf body = BUF_INIT(MANIFEST_MAX);
		char key[KEY_MAX];
		uint64_t lsn;

		rc = newest_manifest(db->store, db->folder, &lsn, err);
		if (rc != VFS_OK)
			return rc;
		mutex_lock(&db->lock);
		bool newer = lsn > db->newest->lsn;
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

/* One slot, on its way from the store. */
struct read_ahead {
	pthread_t thread;
	bool threaded;
	struct blob_store *store;
	uint64_t lsn;
	char key[KEY_MAX];
	struct buf body;
	int64_t asked_us;
	enum blob_rc got;
	struct error err;
};

static void *read_slot(void *arg)
{
	struct read_ahead *r = arg;

	r->asked_us = boot_us();
	r->got = blob_get(r->store, r->key, NULL, &r->body, NULL, &r->err);
	return NULL;
}

/* Read n slots at once, from `lsn` on. */
static void read_slots(struct db *db, uint64_t lsn, struct read_ahead *slots, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct read_ahead *r = &slots[i];

		*r = (struct read_ahead){ .store = db->store, .lsn = lsn + i };
		buf_init(&r->body, COMMIT_MAX);
		key_slot(r->key, db->folder, r->lsn);
		r->threaded = i > 0 && thread_start(&r->thread, "pgblob-log", 0, read_slot, r, NULL);
	}
	for (unsigned i = 0; i < n; i++) {
		if (slots[i].threaded)
			pthread_join(slots[i].thread, NULL);
		else
			(void)read_slot(&slots[i]);
	}
}

/* Take in a slot that was read.  *end: there is nothing behind it for now. */
static enum vfs_rc take_slot(struct db *db, struct read_ahead *r, bool loading, bool *end,
			     struct error *err)
{
	struct commit_head head;
	enum vfs_rc rc;

	*end = true;
	if (r->got == BLOB_NOT_FOUND) {
		mutex_lock(&db->lock);
		/* if our own commit has taken the slot meanwhile, that was a proof too */
		if (db->proven_us < r->asked_us)
			db->proven_us = r->asked_us;
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	rc = vfs_rc_of_blob(r->got);
	if (rc != VFS_OK) {
		if (err != NULL)
			*err = r->err;
		return rc;
	}
	if (!commit_parse((const uint8_t *)r->body.data, r->body.len, r->key, &head, err))
		return VFS_CORRUPT;
	if (head.lsn != r->lsn) {
		error_set(err, "object \"%s\" is damaged: it says that it is slot %" PRIu64, r->key,
			  head.lsn);
		return VFS_CORRUPT;
	}
	mutex_lock(&db->lock);
	/* our commit under way is installed by whoever makes it */
	bool ours = memcmp(db->appending, head.nonce, ID_LEN) == 0;
	if (ours && db->proven_us < r->asked_us)
		db->proven_us = r->asked_us;
	if (!ours && !loading)
		db->foreign_us = boot_us();
	mutex_unlock(&db->lock);
	if (ours)
		return VFS_OK;
	*end = false;
	return apply_slot(db, &head, (const uint8_t *)r->body.data, r->key, err);
}

/*
 * Read the log to its end.  The caller set db->following.  The more slots were
 * there, the more are asked for at once.
 */
static enum vfs_rc follow(struct db *db, bool manifest_too, bool loading, struct error *err)
{
	enum vfs_rc rc = VFS_OK;
	unsigned n = 1;
	bool end = false;

	if (manifest_too)
		rc = follow_manifest(db, err);
	while (rc == VFS_OK && !end) {
		struct read_ahead slots[READ_AHEAD_MAX];

		mutex_lock(&db->lock);
		uint64_t lsn = db->newest->lsn + 1;
		mutex_unlock(&db->lock);
		read_slots(db, lsn, slots, n);
		for (unsigned i = 0; i < n; i++) {
			/* behind the first that is missing nothing counts */
			if (rc == VFS_OK && !end)
				rc = take_slot(db, &slots[i], loading, &end, err);
			buf_free(&slots[i].body);
		}
		if (n < READ_AHEAD_MAX)
			n *= 2;
	}
	return rc;
}

enum vfs_rc db_load(struct db *db, struct error *err)
{
	enum vfs_rc rc;

	mutex_lock(&db->lock);
	while (db->state == DB_LOADING)
		cond_wait(&db->changed, &db->lock);
	if (db->state == DB_READY) {
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	db->state = DB_LOADING;
	mutex_unlock(&db->lock);
	struct error failure = ERROR_INIT;
	rc = follow(db, true, true, &failure);
	if (rc != VFS_OK && err != NULL)
		*err = failure;
	if (rc == VFS_NOT_FOUND)
		rc = VFS_CORRUPT; /* what a listing or a slot told of was not there */
	mutex_lock(&db->lock);
	db->state = rc == VFS_OK ? DB_READY : DB_FAILED;
	cond_broadcast(&db->changed);
	mutex_unlock(&db->lock);
	return rc;
}

enum vfs_rc db_follow(struct db *db, int64_t since_us, struct error *err)
{
	enum vfs_rc rc;

	mutex_lock(&db->lock);
	while (db->proven_us < since_us && db->following)
		cond_wait(&db->changed, &db->lock);
	if (db->proven_us >= since_us) {
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	db->following = true;
	/* slots may have been cleaned up since: only a manifest tells */
	bool manifest_too = boot_us() - db->proven_us > PROOF_MAX_US;
	mutex_unlock(&db->lock);
	rc = follow(db, manifest_too, false, err);
	mutex_lock(&db->lock);
	db->following = false;
	cond_broadcast(&db->changed);
	mutex_unlock(&db->lock);
	if (rc != VFS_OK)
		error_wrap(err, "could not read the log of database \"%s\"", db->name);
	return rc;
}

enum vfs_rc db_follow_for_write(struct db *db, struct error *err)
{
	int64_t now = boot_us();

	mutex_lock(&db->lock);
	bool contended = db->foreign_us != 0 && now - db->foreign_us < CONTENDED_US;
	mutex_unlock(&db->lock);
	return db_follow(db, contended ? now : now - PROOF_FOR_WRITE_US, err);
}
