/*
 * follow.c - the log of a database, read from where we are to its end
 * Licence: MIT, see LICENSE.
 */
#include "vfs/db.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vfs/branch.h"
#include "vfs/cache.h"
#include "vfs/group.h"
#include "vfs/history.h"
#include "vfs/local.h"
#include "vfs/manifest.h"
#include "vfs/rebuild.h"

enum { READ_AHEAD_MAX = 8 };

#define CONTENDED_US ((int64_t)10000000)
#define PROOF_MAX_US ((int64_t)600000000)

/* A delta becomes an image if its base is here; otherwise its bytes wait for who reads the page. */
static void cache_delta(struct db *db, const struct commit_head *head, pgno_t pgno,
			const struct page_entry *e, struct image *stored)
{
	struct image *base_image = NULL, *image = NULL;
	struct image_base base;

	if (delta_base(db, head->lsn, e, stored->data, head->page_size, &base))
		base_image = cache_peek(db->uid, base.object, base.offset);
	if (base_image != NULL)
		image = delta_image(pgno, e, stored->data, &base, base_image, head->page_size);
	if (image != NULL)
		image_unref(cache_insert(db->uid, head->lsn, e->offset, image));
	else
		stored = cache_insert(db->uid, CACHE_STORED | head->lsn, e->offset, stored);
	image_unref(stored);
	image_unref(base_image);
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
		image = image_of_stored(pgno, &e, bytes + e.offset, head->page_size);
		if (image == NULL)
			continue; /* a damaged page is told when somebody asks for it */
		if (page_is_delta(e.encoding))
			cache_delta(db, head, pgno, &e, image);
		else
			image_unref(cache_insert(db->uid, head->lsn, e.offset, image));
	}
}

/* The numbers of the objects that a commit names. */
static enum vfs_rc number_objects(struct db *db, const struct commit_head *head, const char *key,
				  uint64_t *numbers, struct error *err)
{
	uint32_t n_origins = objects_n_origins(&db->objects);

	for (uint32_t i = 0; i < head->n_objects; i++) {
		struct manifest_object o;

		commit_object(head, i, &o);
		if (o.origin > n_origins) {
			error_set(err, "object \"%s\" is damaged: it refers to origin %u of %u", key,
				  (unsigned)o.origin, n_origins);
			return VFS_CORRUPT;
		}
		if (!objects_add(&db->objects, &o, &numbers[i])) {
			error_no_memory(err);
			return VFS_IO;
		}
	}
	if (!db_name_objects_locked(db, head->lsn, numbers, head->n_objects)) {
		error_no_memory(err);
		return VFS_IO;
	}
	return VFS_OK;
}

/*
 * Apply the object of slot durable + 1.  Does nothing if that is not the next
 * slot any more.
 */
static enum vfs_rc apply_slot(struct db *db, const struct commit_head *head,
			      const uint8_t *bytes, const char *key, struct error *err)
{
	struct version *v = calloc(1, sizeof(*v));
	pgno_t *pgnos = malloc(((size_t)head->n_entries + 1) * sizeof(pgnos[0]));
	struct page_ref *refs = malloc(((size_t)head->n_entries + 1) * sizeof(refs[0]));
	uint64_t *objects = malloc(((size_t)head->n_objects + 1) * sizeof(objects[0]));
	struct db *origin = NULL;
	enum vfs_rc rc = VFS_IO;
	bool locked = false;

	if (v == NULL || pgnos == NULL || refs == NULL || objects == NULL)
		goto no_memory;
	if (head->kind == COMMIT_BRANCHED) {
		rc = branch_read(db, head, key, &origin, err);
		if (rc != VFS_OK)
			goto out;
	}
	cache_pages(db, head, bytes);
	mutex_lock(&db->lock);
	locked = true;
	struct version *last = db->durable;
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
	group_overtaken_locked(db);
	rc = number_objects(db, head, key, objects, err);
	if (rc != VFS_OK)
		goto out;
	for (uint32_t i = 0; i < head->n_entries; i++) {
		struct page_entry e;

		commit_entry(head, i, &pgnos[i], &e);
		refs[i] = (struct page_ref){
			.object = e.object == 0 ? head->lsn : objects[e.object - 1],
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
	} else if (origin != NULL) {
		rc = branch_adopt_locked(db, v, origin, head, err);
		if (rc != VFS_OK)
			goto out;
	} else {
		v->table = page_table_new(head->page_size);
		if (v->table == NULL || !page_table_reserve(v->table, v->page_count))
			goto no_memory;
		for (uint32_t i = 0; i < head->n_entries; i++) {
			refs[i].seq = db->next_seq;
			page_table_set(v->table, pgnos[i], &refs[i]);
		}
	}
	if (!db_publish_locked(db, v, pgnos, refs, head->n_entries, true))
		goto no_memory;
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
	db_free(origin);
	version_free(v);
	free(pgnos);
	free(refs);
	free(objects);
	return rc;
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

/*
 * The slot holds our commit under way, whose answer has not come yet: whoever makes
 * it installs it.  Until then nobody has been told of it, so it need not be seen;
 * but another machine may have gone on from it, and have told of that.
 */
static enum vfs_rc follow_behind_ours(struct db *db, const struct commit_head *ours,
				      int64_t *asked_us, bool *end, struct error *err)
{
	int64_t now_us = boot_us();
	char key[KEY_MAX];

	key_slot(key, db->folder, ours->lsn + 1);
	enum blob_rc got = blob_head(db->store, key, NULL, err);
	if (got != BLOB_OK && got != BLOB_NOT_FOUND)
		return vfs_rc_of_blob(got);
	mutex_lock(&db->lock);
	while (got == BLOB_OK && memcmp(db->appending, ours->nonce, ID_LEN) == 0 && !db->stuck)
		cond_wait(&db->changed, &db->lock);
	bool stuck = got == BLOB_OK && memcmp(db->appending, ours->nonce, ID_LEN) == 0;
	mutex_unlock(&db->lock);
	if (stuck) {
		error_set(err, "the answer about slot %" PRIu64 " of database \"%s\", a commit of this machine, has not come yet",
			  ours->lsn, db->name);
		return VFS_BUSY;
	}
	*end = got == BLOB_NOT_FOUND;
	if (*end) {
		*asked_us = now_us;
		error_clear(err);
	}
	return VFS_OK;
}

/*
 * Take in a slot that was read.  *end: this is the end of what there is, or is wanted; if
 * the former, it was asked for at *asked_us.  *stop: what was read together with this slot
 * is of no use.
 */
static enum vfs_rc take_slot(struct db *db, struct read_ahead *r, bool loading,
			     int64_t *asked_us, bool *end, bool *stop, struct error *err)
{
	struct commit_head head;
	enum vfs_rc rc;

	*end = *stop = true;
	if (r->got == BLOB_NOT_FOUND) {
		*asked_us = r->asked_us;
		traffic_add(&db->traffic.probes, 1);
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
	if (head.time_us > db->past.time_us)
		return VFS_OK;
	mutex_lock(&db->lock);
	bool ours = memcmp(db->appending, head.nonce, ID_LEN) == 0;
	if (!ours && !loading)
		db->foreign_us = boot_us();
	mutex_unlock(&db->lock);
	if (ours)
		return follow_behind_ours(db, &head, asked_us, end, err);
	*end = *stop = false;
	return apply_slot(db, &head, (const uint8_t *)r->body.data, r->key, err);
}

/* Read slots until one is not there, which was asked for at *asked_us then, or is not wanted. */
static enum vfs_rc follow_slots(struct db *db, bool loading, int64_t *asked_us, struct error *err)
{
	enum vfs_rc rc = VFS_OK;
	unsigned n = 1;
	bool end = false;

	while (rc == VFS_OK && !end) {
		struct read_ahead slots[READ_AHEAD_MAX];
		bool stop = false;

		mutex_lock(&db->lock);
		uint64_t lsn = db->durable->lsn + 1;
		mutex_unlock(&db->lock);
		if (lsn > db->past.lsn)
			break;
		if (n > db->past.lsn - lsn + 1)
			n = (unsigned)(db->past.lsn - lsn + 1);
		read_slots(db, lsn, slots, n);
		for (unsigned i = 0; i < n; i++) {
			/* behind the first that is missing nothing counts */
			if (rc == VFS_OK && !stop)
				rc = take_slot(db, &slots[i], loading, asked_us, &end, &stop, err);
			buf_free(&slots[i].body);
		}
		/* the more slots were there, the more are asked for at once */
		if (n < READ_AHEAD_MAX)
			n *= 2;
	}
	return rc;
}

/* Slot head + 1 was not there at `asked_us`; if our own commit has taken it meanwhile, that was a proof too. */
static void head_proven(struct db *db, int64_t asked_us)
{
	mutex_lock(&db->lock);
	if (db->proven_us < asked_us)
		db->proven_us = asked_us;
	mutex_unlock(&db->lock);
}

enum vfs_rc db_read_log(struct db *db, struct error *err)
{
	int64_t asked_us = NEVER_US;
	enum vfs_rc rc = follow_slots(db, true, &asked_us, err);

	if (rc == VFS_OK)
		head_proven(db, asked_us);
	return rc;
}

/*
 * A restored version needs the old one only as long as it has no manifest: is there one, behind what
 * could not be read?  It was asked for at *asked_us then.
 */
static bool skip_to_manifest(struct db *db, int64_t *asked_us)
{
	int64_t now_us = boot_us();

	mutex_lock(&db->lock);
	uint64_t from = db->durable->lsn;
	mutex_unlock(&db->lock);
	if (manifest_follow(db, NULL) != VFS_OK)
		return false;
	mutex_lock(&db->lock);
	bool skipped = db->durable->lsn > from;
	mutex_unlock(&db->lock);
	if (skipped)
		*asked_us = now_us;
	return skipped;
}

/*
 * Read the log to its end, which is proven then.  The caller set db->following.
 *
 * A slot that is not there was never there, or has been cleaned up.  The latter takes
 * longer than PROOF_MAX_US from when the slot before it was the last one, or there was
 * no newer manifest.  Who reads longer, asleep in between, must look for a manifest again.
 */
static enum vfs_rc follow(struct db *db, bool loading, struct error *err)
{
	enum vfs_rc rc = VFS_OK;
	int64_t asked_us = NEVER_US;

	mutex_lock(&db->lock);
	int64_t proven_us = loading ? NEVER_US : db->proven_us;
	mutex_unlock(&db->lock);
	bool skipped;
	do {
		/* slots may have been cleaned up since, or pages moved: only a manifest tells */
		if (boot_us() - proven_us > PROOF_MAX_US || manifest_places_are_old(db)) {
			proven_us = boot_us();
			rc = manifest_follow(db, err);
		}
		if (rc == VFS_OK)
			rc = follow_slots(db, loading, &asked_us, err);
		skipped = rc == VFS_CORRUPT && skip_to_manifest(db, &proven_us);
		if (skipped) {
			error_clear(err);
			rc = VFS_OK;
		}
	} while (rc == VFS_OK && (skipped || boot_us() - proven_us > PROOF_MAX_US));
	if (rc == VFS_OK)
		head_proven(db, asked_us);
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
		return db->past.kind == PAST_NONE ? VFS_OK : history_check(db, err);
	}
	db->state = DB_LOADING;
	mutex_unlock(&db->lock);
	struct error failure = ERROR_INIT;
	if (db->past.kind != PAST_NONE) {
		rc = history_load(db, &failure);
	} else {
		rc = follow(db, true, &failure);
		if (rc == VFS_NOT_FOUND)
			rc = VFS_CORRUPT; /* what a listing or a slot told of was not there */
		if (rc == VFS_OK)
			rc = local_replay(db, &failure);
	}
	if (rc != VFS_OK && err != NULL)
		*err = failure;
	mutex_lock(&db->lock);
	db->state = rc == VFS_OK ? DB_READY : DB_FAILED;
	cond_broadcast(&db->changed);
	mutex_unlock(&db->lock);
	return rc;
}

enum vfs_rc db_follow(struct db *db, int64_t since_us, struct error *err)
{
	enum vfs_rc rc;

	if (db->past.kind != PAST_NONE)
		return VFS_OK; /* it stays as it is */
	mutex_lock(&db->lock);
	while (db->proven_us < since_us && db->following)
		cond_wait(&db->changed, &db->lock);
	if (db->proven_us >= since_us) {
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	db->following = true;
	mutex_unlock(&db->lock);
	rc = follow(db, false, err);
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
