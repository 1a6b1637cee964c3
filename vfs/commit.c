/*
 * commit.c - sealing a transaction and appending it to the log
 *
 * INVARIANTS
 *   (1) A version is published only when its slot holds its object.
 *   (2) After an unknown outcome nothing is appended before the slot was read.
 *   (3) What a slot refers to is durable before the slot is created.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/commit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/local.h"
#include "vfs/manifest.h"
#include "vfs/overlay.h"
#include "vfs/seal.h"

#define SLOW_US ((int64_t)600000000) /* README.md: a machine that slept */

bool commit_refs(struct db *db, const struct commit_head *head, const struct sealed *s,
		 struct page_ref *refs)
{
	uint64_t *objects = malloc(((size_t)s->n_objects + 1) * sizeof(objects[0]));
	bool ok = objects != NULL;

	for (uint32_t i = 0; ok && i < s->n_objects; i++)
		ok = objects_add(&db->objects, &s->objects[i], &objects[i]);
	if (ok && s->n_objects > 0) {
		mutex_lock(&db->lock);
		ok = db_name_objects_locked(db, head->lsn, objects, s->n_objects);
		mutex_unlock(&db->lock);
	}
	for (size_t i = 0; ok && i < s->n; i++) {
		const struct page_entry *e = &s->entries[i];
		bool zero = e->encoding == PAGE_ZERO;

		refs[i] = (struct page_ref){
			.object = zero ? 0 : e->object == 0 ? head->lsn : objects[e->object - 1],
			.offset = zero ? 0 : e->object == 0 ? e->offset + head->pages_at : e->offset,
			.len = e->len,
			.sum = e->sum,
			.encoding = e->encoding,
		};
	}
	free(objects);
	return ok;
}

/* The version that the commit makes, and refs of its pages; not published yet. */
static struct version *version_of(struct db *db, const struct commit_request *r,
				  const struct commit_head *head, const struct sealed *s,
				  struct page_ref **refs_out)
{
	struct version *v = calloc(1, sizeof(*v));
	struct page_ref *refs = malloc((s->n + 1) * sizeof(refs[0]));
	bool ok = v != NULL && refs != NULL && commit_refs(db, head, s, refs);

	if (ok && head->kind == COMMIT_NORMAL && head->page_size == r->base->page_size) {
		page_table_ref(r->base->table);
		v->table = r->base->table;
	} else if (ok) {
		v->table = page_table_new(head->page_size);
		ok = v->table != NULL && page_table_reserve(v->table, head->page_count);
	}
	if (!ok) {
		version_free(v);
		free(refs);
		return NULL;
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
	*refs_out = refs;
	return v;
}

/* Staged images are what the cache would read: hand them over. */
static void cache_staged(struct db *db, const struct commit_request *r, const struct sealed *s,
			 const struct page_ref *refs)
{
	if (r->overlay == NULL || r->overlay->flat)
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct image *image = overlay_image(r->overlay, s->pgnos[i]);

		if (image == NULL || refs[i].encoding == PAGE_ZERO)
			continue;
		image_ref(image);
		image->base = s->bases[i];
		image_unref(cache_insert(db->uid, refs[i].object, refs[i].offset, image));
	}
}

/* The whole commit object in a slot, checked; *out points into `body`.  VFS_NOT_FOUND: nothing. */
static enum vfs_rc read_slot(struct db *db, uint64_t lsn, struct buf *body, struct commit_head *out,
			     struct error *err)
{
	char key[KEY_MAX];

	key_slot(key, db->folder, lsn);
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, body, NULL, err));
	if (rc == VFS_OK && !commit_parse((const uint8_t *)body->data, body->len, key, out, err))
		rc = VFS_CORRUPT;
	return rc;
}

/* Whose is what lies in a slot?  VFS_OK: it has our nonce.  VFS_LOST: another's; otherwise not known. */
static enum vfs_rc check_slot(struct db *db, const struct commit_head *ours, const char *key,
			      struct error *err)
{
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct commit_head head;
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(db->store, key, &range, &body, NULL, err));

	if (rc == VFS_OK && commit_peek((const uint8_t *)body.data, body.len, key, &head, err) &&
	    memcmp(head.nonce, ours->nonce, ID_LEN) == 0) {
		buf_free(&body);
		return VFS_OK;
	}
	/* bytes that are not checked can say "ours" only if it is true, but "another's" for any reason */
	buf_reset(&body);
	if (rc == VFS_OK)
		rc = read_slot(db, ours->lsn, &body, &head, err);
	if (rc == VFS_OK && memcmp(head.nonce, ours->nonce, ID_LEN) != 0)
		rc = VFS_LOST;
	buf_free(&body);
	return rc;
}

enum vfs_rc commit_head_of(struct blob_store *store, const char *folder, uint64_t lsn,
			   struct commit_head *out, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };
	struct buf body = BUF_INIT(COMMIT_HEAD_LEN);
	char key[KEY_MAX];

	key_slot(key, folder, lsn);
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(store, key, &range, &body, NULL, err));
	if (rc == VFS_OK && !commit_peek((const uint8_t *)body.data, body.len, key, out, err))
		rc = VFS_CORRUPT;
	buf_free(&body);
	return rc;
}

enum vfs_rc commit_nonce(struct db *db, uint64_t lsn, uint8_t nonce[ID_LEN], struct error *err)
{
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct commit_head head;
	enum vfs_rc rc = read_slot(db, lsn, &body, &head, err);

	if (rc == VFS_OK)
		memcpy(nonce, head.nonce, ID_LEN);
	buf_free(&body);
	return rc;
}

/*
 * A PUT that took so long that our slot may have been used, and cleaned up,
 * meanwhile: is it part of the log?  VFS_OK or VFS_LOST, or it cannot be known any more.
 */
static enum vfs_rc check_late(struct db *db, const struct commit_head *head, struct error *err)
{
	struct buf body = BUF_INIT(MANIFEST_MAX);
	struct commit_head next;
	uint64_t lsn;
	enum vfs_rc rc = manifest_newest(db->store, db->folder, &lsn, err);

	if (rc != VFS_OK)
		return rc;
	if (lsn < head->lsn)
		return VFS_OK; /* nothing behind the previous slot was ever cleaned up */
	/* somebody went on from slot lsn: from ours? */
	rc = read_slot(db, head->lsn + 1, &body, &next, err);
	if (rc == VFS_OK && memcmp(next.previous, head->hash, HASH_LEN) != 0)
		rc = VFS_LOST;
	if (rc == VFS_NOT_FOUND && lsn > head->lsn) {
		/* ours was there in time, and all behind it is cleaned up; or it was made again, and came too late */
		error_set(err, "what followed slot %" PRIu64 " has been cleaned up", head->lsn);
		rc = VFS_UNKNOWN;
	} else if (rc == VFS_NOT_FOUND) {
		struct manifest_head m;
		char key[KEY_MAX];

		buf_reset(&body);
		key_manifest(key, db->folder, lsn);
		rc = vfs_rc_of_blob(blob_get(db->store, key, NULL, &body, NULL, err));
		if (rc == VFS_OK &&
		    !manifest_parse((const uint8_t *)body.data, body.len, key, &m, err))
			rc = VFS_CORRUPT;
		if (rc == VFS_OK && memcmp(m.hash, head->hash, HASH_LEN) != 0)
			rc = VFS_LOST;
	}
	buf_free(&body);
	return rc;
}

enum vfs_rc commit_lost(struct db *db, struct error *err)
{
	error_set(err, "could not serialize access to database \"%s\": another server committed first",
		  db->name);
	error_hint(err, "The transaction might succeed if retried.");
	return VFS_LOST;
}

enum vfs_rc commit_base_lost(struct db *db, struct error *err)
{
	error_set(err, "could not serialize access to database \"%s\": what was read was never committed",
		  db->name);
	error_detail(err, "%s", "Another server committed first, or the commit that this was built on failed.");
	error_hint(err, "The transaction might succeed if retried.");
	return VFS_LOST;
}

/* Create the object of slot head->lsn. */
static enum vfs_rc create_slot(struct db *db, const char *key, const struct commit_head *head,
			       const struct buf *body, int64_t timeout_ms, struct error *err)
{
	int64_t deadline_ms = mono_ms() + timeout_ms;
	bool doubt = false; /* it may be there although this failed */

	for (;;) {
		int64_t began_us = boot_us();
		enum blob_rc rc = blob_create(db->store, key, body, NULL, err);

		traffic_commit(&db->traffic, body->len, boot_us() - began_us);
		switch (rc) {
		case BLOB_OK:
			return VFS_OK;
		case BLOB_EXISTS: {
			enum vfs_rc whose = check_slot(db, head, key, err);

			if (whose == VFS_OK)
				return VFS_OK;
			if (whose == VFS_LOST)
				return commit_lost(db, err);
			doubt = true; /* somebody has it, maybe we */
			break;
		}
		case BLOB_UNKNOWN:
			doubt = true;
			break;
		case BLOB_BUSY:
			break;
		case BLOB_NOT_FOUND:
		case BLOB_FAILED:
			return doubt ? VFS_UNKNOWN : VFS_IO;
		}
		if (ms_until(deadline_ms) == 0)
			return doubt ? VFS_UNKNOWN : VFS_BUSY;
		/* what was sent once is sent again, the same bytes, until the answer is definite */
		struct timespec pause = { .tv_nsec = 20000000 + (long)(random_u64() % 30000000) };
		nanosleep(&pause, NULL);
	}
}

/*
 * May a commit on top of `base` be tried: is no doubt left, and is the head,
 * if it was last proven long ago, still the head?
 */
enum vfs_rc commit_check_head(struct db *db, const struct version *base, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&db->lock);
	bool in_doubt = db->doubt != NULL;
	bool stale = db->durable != base;
	bool old = boot_us() - db->proven_us > SLOW_US;
	mutex_unlock(&db->lock);
	/* who only writes never asks for the next slot */
	old = old || manifest_places_are_old(db);
	if (in_doubt)
		rc = commit_resolve(db, err);
	else if (!stale && old)
		rc = db_follow(db, boot_us(), err);
	if (rc != VFS_OK)
		return rc;
	mutex_lock(&db->lock);
	stale = db->durable != base;
	bool lost = base->lost;
	mutex_unlock(&db->lock);
	if (lost)
		return commit_base_lost(db, err);
	return stale ? commit_lost(db, err) : VFS_OK;
}

void commit_begin(const struct version *base, struct commit_head *head)
{
	if (head->kind == COMMIT_CREATED)
		random_bytes(head->db_id, ID_LEN);
	else
		memcpy(head->db_id, base->db_id, ID_LEN);
	random_bytes(head->nonce, ID_LEN);
	head->lsn = base->lsn + 1;
	memcpy(head->previous, base->hash, HASH_LEN);
	head->time_us = wall_us();
	if (head->time_us < base->time_us)
		head->time_us = base->time_us;
}

bool commit_build(struct commit_head *head, struct sealed *s, struct buf *body, struct error *err)
{
	head->n_objects = s->n_objects;
	head->n_entries = (uint32_t)s->n;
	head->pages_len = (uint32_t)s->pages.len;
	commit_put_head(body, head, s->objects, s->pgnos, s->entries);
	head->pages_at = (uint32_t)body->len;
	buf_put(body, s->pages.data, s->pages.len);
	if (!body->failed)
		object_put_hash(body, head->hash);
	if (body->failed)
		return error_set(err, "a commit of %zu pages is too large", s->n);
	buf_free(&s->pages);
	return true;
}

enum vfs_rc commit_create(struct db *db, const struct commit_head *head, const struct buf *body,
			  int64_t first_us, int64_t timeout_ms, struct error *err)
{
	char key[KEY_MAX];

	key_slot(key, db->folder, head->lsn);
	mutex_lock(&db->lock);
	memcpy(db->appending, head->nonce, ID_LEN);
	mutex_unlock(&db->lock);
	enum vfs_rc rc = create_slot(db, key, head, body, timeout_ms, err);
	if (rc == VFS_OK && boot_us() - first_us > SLOW_US) {
		rc = check_late(db, head, err);
		if (rc == VFS_LOST)
			(void)commit_lost(db, err);
		else if (rc != VFS_OK)
			rc = VFS_UNKNOWN;
	}
	return rc;
}

void commit_done_locked(struct db *db, const struct commit_head *head, struct buf *body,
			enum vfs_rc rc, int64_t began_us)
{
	assert(mutex_held(&db->lock));
	memset(db->appending, 0, ID_LEN);
	cond_broadcast(&db->changed); /* follow_behind_ours() may wait for it */
	if (rc == VFS_OK) {
		if (db->proven_us < began_us)
			db->proven_us = began_us;
		return;
	}
	db->proven_us = NEVER_US;
	if (rc == VFS_LOST)
		db->foreign_us = boot_us();
	if (rc != VFS_UNKNOWN)
		return;
	/* the slot was read meanwhile, and was another's: nothing is left to find out */
	if (db->durable->lsn >= head->lsn)
		return;
	struct doubt *doubt = calloc(1, sizeof(*doubt));
	if (doubt == NULL)
		abort(); /* to go on could lose a commit that was acknowledged as unknown */
	doubt->lsn = head->lsn;
	memcpy(doubt->nonce, head->nonce, ID_LEN);
	doubt->body = *body;
	*body = (struct buf)BUF_INIT(COMMIT_MAX);
	doubt_free(db->doubt);
	db->doubt = doubt;
}

void commit_told(struct db *db, const struct commit_head *head, size_t n_pages, size_t len,
		 enum vfs_rc rc, int64_t began_us, struct error *err)
{
	switch (rc) {
	case VFS_OK:
		log_debug(NULL, "commit db=%s lsn=%" PRIu64 " pages=%zu bytes=%zu us=%" PRId64,
			  db->name, head->lsn, n_pages, len, boot_us() - began_us);
		break;
	case VFS_UNKNOWN:
		error_wrap(err, "the outcome of the commit to database \"%s\" is unknown", db->name);
		background_resolve(db);
		break;
	case VFS_LOST:
		break;
	default:
		error_wrap(err, "could not commit to database \"%s\"", db->name);
	}
}

enum vfs_rc commit_append(struct db *db, const struct commit_request *r, struct version **out,
			  struct error *err)
{
	const struct version *base = r->base;
	struct commit_head head = {
		.kind = r->kind,
		.page_size = r->page_size,
		.page_count = r->page_count,
	};
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct sealed s = { 0 };
	struct page_ref *refs = NULL;
	struct version *v = NULL;
	enum vfs_rc rc;

	rc = commit_check_head(db, base, err);
	if (rc != VFS_OK)
		return rc;
	commit_begin(base, &head);
	memcpy(head.header, r->header, PAGE_HEADER_LEN);
	rc = seal(db, r, head.db_id, &s, err);
	if (rc == VFS_OK && s.n_segments > 0)
		rc = commit_check_head(db, base, err); /* that may have taken long */
	if (rc != VFS_OK)
		goto out;
	if (!commit_build(&head, &s, &body, err)) {
		rc = VFS_INVALID;
		goto out;
	}
	v = version_of(db, r, &head, &s, &refs);
	if (v == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
		goto out;
	}
	uint64_t announce = r->announce_seq != 0 ? r->announce_seq : base->seq;
	if (!local_attempt(db, head.lsn, head.nonce, announce, err)) {
		rc = VFS_IO;
		goto out;
	}
	size_t len = body.len;
	int64_t began_us = boot_us();
	rc = commit_create(db, &head, &body, began_us, r->timeout_ms, err);
	local_attempt_ended(db, head.lsn, announce, rc == VFS_OK);
	if (rc == VFS_OK)
		cache_staged(db, r, &s, refs);
	mutex_lock(&db->lock);
	if (rc == VFS_OK) {
		if (v->table != base->table)
			for (size_t i = 0; i < s.n; i++) {
				refs[i].seq = db->next_seq;
				page_table_set(v->table, s.pgnos[i], &refs[i]);
			}
		if (db->newest != base || !db_publish_locked(db, v, s.pgnos, refs, s.n, true)) {
			/* it is durable; no memory to say so here: read it back when there is some */
			rc = VFS_UNKNOWN;
		} else {
			*out = v;
			v = NULL;
		}
	}
	commit_done_locked(db, &head, &body, rc, began_us);
	commit_count_locked(db, 1, rc);
	mutex_unlock(&db->lock);
	if (rc == VFS_OK)
		manifest_want(db, *out, s.n);
	commit_told(db, &head, s.n, len, rc, began_us, err);
out:
	version_free(v);
	free(refs);
	buf_free(&body);
	sealed_free(&s);
	return rc;
}

void commit_count_locked(struct db *db, unsigned n, enum vfs_rc rc)
{
	assert(mutex_held(&db->lock));
	switch (rc) {
	case VFS_OK:
		db->stats.commits += n;
		db->stats.groups++;
		break;
	case VFS_LOST:
		db->stats.lost += n;
		break;
	case VFS_UNKNOWN:
		db->stats.unknown += n;
		break;
	default:
		db->stats.failed += n;
	}
}

enum vfs_rc commit_resolve(struct db *db, struct error *err)
{
	struct buf body;
	enum vfs_rc rc;
	char key[KEY_MAX];

	mutex_lock(&db->lock);
	while (db->resolving)
		cond_wait(&db->changed, &db->lock);
	if (db->doubt == NULL) {
		mutex_unlock(&db->lock);
		return VFS_OK;
	}
	db->resolving = true;
	uint64_t lsn = db->doubt->lsn;
	/* applying the slot frees the doubt: take the bytes along */
	body = db->doubt->body;
	db->doubt->body = (struct buf)BUF_INIT(COMMIT_MAX);
	mutex_unlock(&db->lock);

	/* the slot may have been used, and cleaned up, since: then it must not be made again */
	key_slot(key, db->folder, lsn);
	rc = db_follow(db, boot_us(), err);
	mutex_lock(&db->lock);
	bool decided = db->doubt == NULL;
	mutex_unlock(&db->lock);
	if (rc == VFS_OK && !decided) {
		enum blob_rc put = blob_create(db->store, key, &body, NULL, err);

		if (put == BLOB_OK || put == BLOB_EXISTS) {
			error_clear(err);
			/* now something is there for good: read what, and apply it */
			rc = db_follow(db, boot_us(), err);
		} else {
			rc = VFS_UNKNOWN;
		}
	}

	mutex_lock(&db->lock);
	if (db->doubt != NULL) {
		db->doubt->body = body;
		body = (struct buf)BUF_INIT(COMMIT_MAX);
		if (rc == VFS_OK)
			rc = VFS_UNKNOWN;
	}
	db->resolving = false;
	cond_broadcast(&db->changed);
	mutex_unlock(&db->lock);
	buf_free(&body);
	if (rc != VFS_OK)
		error_wrap(err, "the outcome of an earlier commit to database \"%s\" is not known yet",
			   db->name);
	return rc;
}
