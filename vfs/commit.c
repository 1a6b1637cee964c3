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
#include "vfs/overlay.h"

enum { SEGMENTS_AT_ONCE = 4 };

#define INLINE_MAX ((size_t)2 << 20)   /* pages in a commit object, stored bytes */
#define SEGMENT_TARGET ((size_t)4 << 20)
#define SLOW_US ((int64_t)600000000)   /* README.md: a machine that slept */
#define BIG_COMMIT_ENTRIES 16384

/* What becomes of one page. */
struct sealed {
	pgno_t *pgnos;
	struct page_entry *entries;
	size_t n;
	struct buf pages;                /* of entries with object 0 */
	uint8_t (*segments)[ID_LEN];
	uint32_t n_segments;
};

static void sealed_free(struct sealed *s)
{
	free(s->pgnos);
	free(s->entries);
	buf_free(&s->pages);
	free(s->segments);
}

/* A segment on its way to the store. */
struct upload {
	pthread_t thread;
	bool running;
	struct blob_store *store;
	char key[KEY_MAX];
	struct buf body;
	enum blob_rc rc;
	struct error err;
};

static void *upload_run(void *arg)
{
	struct upload *u = arg;

	u->rc = blob_create(u->store, u->key, &u->body, NULL, &u->err);
	/* the id is random: who has it can only be an earlier try of ours */
	if (u->rc == BLOB_EXISTS)
		u->rc = BLOB_OK;
	return NULL;
}

static bool upload_join(struct upload *u, enum vfs_rc *rc, struct error *err)
{
	if (!u->running)
		return true;
	pthread_join(u->thread, NULL);
	u->running = false;
	buf_free(&u->body);
	if (u->rc == BLOB_OK)
		return true;
	if (*rc == VFS_OK) {
		/* a segment in doubt is one that nobody will refer to */
		*rc = u->rc == BLOB_UNKNOWN ? VFS_BUSY : vfs_rc_of_blob(u->rc);
		if (err != NULL)
			*err = u->err;
	}
	return false;
}

/* Pages come from an overlay: as they are staged, or cut anew out of a flat one. */
static bool read_staged(struct overlay *o, uint32_t page_size, pgno_t pgno, uint8_t *out,
			struct error *err)
{
	if (o->flat)
		return overlay_read(o, (uint64_t)(pgno - 1) * page_size, out, page_size, err);
	return overlay_get(o, pgno, out, err);
}

/* Encode pages until they are too many for the commit object. */
static bool seal_inline(const struct commit_request *r, struct sealed *s, uint8_t *image,
			uint8_t *scratch, bool *fits, struct error *err)
{
	buf_init(&s->pages, INLINE_MAX + PAGE_SIZE_MAX);
	for (size_t i = 0; i < s->n; i++) {
		if (!read_staged(r->overlay, r->page_size, s->pgnos[i], image, err))
			return false;
		page_encode(s->pgnos[i], image, r->page_size, scratch, &s->pages, &s->entries[i]);
		if (s->pages.failed)
			return error_no_memory(err);
		if (s->pages.len > INLINE_MAX) {
			*fits = false;
			buf_free(&s->pages);
			return true;
		}
	}
	*fits = true;
	return true;
}

static enum vfs_rc seal_segments(struct db *db, const struct commit_request *r,
				 const uint8_t db_id[ID_LEN], struct sealed *s, uint8_t *image,
				 uint8_t *scratch, struct error *err)
{
	struct upload uploads[SEGMENTS_AT_ONCE] = { { .running = false } };
	enum vfs_rc rc = VFS_OK;
	size_t i = 0;

	while (i < s->n && rc == VFS_OK) {
		struct upload *u = &uploads[s->n_segments % SEGMENTS_AT_ONCE];
		size_t first = i;

		if (!upload_join(u, &rc, err))
			break;
		uint8_t(*grown)[ID_LEN] = realloc(s->segments, (s->n_segments + 1) * sizeof(*grown));
		if (grown == NULL) {
			error_no_memory(err);
			rc = VFS_IO;
			break;
		}
		s->segments = grown;
		random_bytes(s->segments[s->n_segments], ID_LEN);
		u->store = db->store;
		u->err = (struct error)ERROR_INIT;
		key_segment(u->key, db->folder, s->segments[s->n_segments]);
		buf_init(&u->body, SEGMENT_MAX);
		segment_put_head(&u->body, db_id, s->segments[s->n_segments]);
		for (; i < s->n && u->body.len < SEGMENT_TARGET; i++) {
			if (!read_staged(r->overlay, r->page_size, s->pgnos[i], image, err)) {
				rc = VFS_IO;
				break;
			}
			page_encode(s->pgnos[i], image, r->page_size, scratch, &u->body,
				    &s->entries[i]);
		}
		segment_put_index(&u->body, s->pgnos + first, s->entries + first,
				  (uint32_t)(i - first));
		s->n_segments++;
		for (size_t k = first; k < i; k++)
			s->entries[k].object =
				s->entries[k].encoding == PAGE_ZERO ? 0 : s->n_segments;
		if (rc == VFS_OK && u->body.failed) {
			error_no_memory(err);
			rc = VFS_IO;
		}
		if (rc == VFS_OK) {
			u->running = thread_start(&u->thread, "pgblob-segment", 0, upload_run, u, err);
			if (!u->running)
				rc = VFS_IO;
		}
		if (rc != VFS_OK)
			buf_free(&u->body);
	}
	for (size_t k = 0; k < SEGMENTS_AT_ONCE; k++)
		(void)upload_join(&uploads[k], &rc, err);
	return rc;
}

/* Staged pages, in the form in which they are stored; segments are uploaded. */
static enum vfs_rc seal(struct db *db, const struct commit_request *r,
			const uint8_t db_id[ID_LEN], struct sealed *s, struct error *err)
{
	uint8_t *image = NULL;
	uint8_t *scratch = NULL;
	enum vfs_rc rc = VFS_IO;
	bool fits;

	if (r->overlay == NULL)
		return VFS_OK;
	if (r->overlay->flat) {
		s->n = r->page_count;
		s->pgnos = malloc((s->n + 1) * sizeof(s->pgnos[0]));
		if (s->pgnos == NULL)
			goto no_memory;
		for (size_t i = 0; i < s->n; i++)
			s->pgnos[i] = (pgno_t)(i + 1);
	} else if (!overlay_pages(r->overlay, r->page_count, &s->pgnos, &s->n, err)) {
		return VFS_IO;
	}
	s->entries = calloc(s->n + 1, sizeof(s->entries[0]));
	image = malloc(PAGE_SIZE_MAX);
	scratch = malloc(PAGE_SIZE_MAX);
	if (s->entries == NULL || image == NULL || scratch == NULL)
		goto no_memory;
	if (!seal_inline(r, s, image, scratch, &fits, err))
		goto out;
	rc = fits ? VFS_OK : seal_segments(db, r, db_id, s, image, scratch, err);
	goto out;
no_memory:
	error_no_memory(err);
out:
	free(image);
	free(scratch);
	return rc;
}

/* The version that the commit makes, and refs of its pages; not published yet. */
static struct version *version_of(struct db *db, const struct commit_request *r,
				  const struct commit_head *head, const struct sealed *s,
				  struct page_ref **refs_out)
{
	struct version *v = calloc(1, sizeof(*v));
	struct page_ref *refs = malloc((s->n + 1) * sizeof(refs[0]));
	uint64_t first = 0;
	bool ok = v != NULL && refs != NULL;

	mutex_lock(&db->lock);
	for (uint32_t i = 0; ok && i < s->n_segments; i++) {
		uint64_t object;

		ok = db_add_segment_locked(db, s->segments[i], &object);
		if (i == 0)
			first = object;
	}
	mutex_unlock(&db->lock);
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
	for (size_t i = 0; i < s->n; i++) {
		const struct page_entry *e = &s->entries[i];

		refs[i] = (struct page_ref){
			.object = e->encoding == PAGE_ZERO ? 0 :
				  e->object == 0	   ? head->lsn :
							     first + e->object - 1,
			.offset = e->encoding == PAGE_ZERO ? 0 :
				  e->object == 0	   ? e->offset + head->pages_at :
							     e->offset,
			.len = e->len,
			.sum = e->sum,
			.encoding = e->encoding,
		};
	}
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
		image_unref(cache_insert(db->uid, refs[i].object, refs[i].offset, image));
	}
}

/* The nonce of what lies in a slot.  VFS_NOT_FOUND: nothing. */
static enum vfs_rc slot_nonce(struct db *db, const char *key, uint8_t nonce[ID_LEN],
			      struct error *err)
{
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };
	struct buf body = BUF_INIT(COMMIT_HEAD_LEN);
	struct commit_head head;
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(db->store, key, &range, &body, NULL, err));

	if (rc == VFS_OK && !commit_peek((const uint8_t *)body.data, body.len, key, &head, err))
		rc = VFS_CORRUPT;
	if (rc == VFS_OK)
		memcpy(nonce, head.nonce, ID_LEN);
	buf_free(&body);
	return rc;
}

/*
 * A PUT that took so long that our slot may have been used, and cleaned up,
 * meanwhile: is it part of the log?  VFS_OK or VFS_LOST.
 */
static enum vfs_rc check_late(struct db *db, const struct commit_head *head, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };
	struct buf body = BUF_INIT(COMMIT_HEAD_LEN);
	struct commit_head next;
	char key[KEY_MAX];
	uint64_t lsn;
	enum vfs_rc rc = newest_manifest(db->store, db->folder, &lsn, err);

	if (rc != VFS_OK)
		return rc;
	if (lsn < head->lsn)
		return VFS_OK; /* nothing behind the previous slot was ever cleaned up */
	/* somebody went on from slot lsn: from ours? */
	key_slot(key, db->folder, head->lsn + 1);
	rc = vfs_rc_of_blob(blob_get(db->store, key, &range, &body, NULL, err));
	if (rc == VFS_OK && !commit_peek((const uint8_t *)body.data, body.len, key, &next, err))
		rc = VFS_CORRUPT;
	if (rc == VFS_OK && memcmp(next.previous, head->hash, HASH_LEN) != 0)
		rc = VFS_LOST;
	if (rc == VFS_NOT_FOUND && lsn > head->lsn) {
		rc = VFS_LOST;
	} else if (rc == VFS_NOT_FOUND) {
		struct manifest_head m;
		struct blob_range part = { .offset = 0, .len = MANIFEST_HEAD_LEN };

		buf_free(&body);
		buf_init(&body, MANIFEST_HEAD_LEN);
		key_manifest(key, db->folder, lsn);
		rc = vfs_rc_of_blob(blob_get(db->store, key, &part, &body, NULL, err));
		if (rc == VFS_OK &&
		    !manifest_peek((const uint8_t *)body.data, body.len, key, &m, err))
			rc = VFS_CORRUPT;
		if (rc == VFS_OK && memcmp(m.hash, head->hash, HASH_LEN) != 0)
			rc = VFS_LOST;
	}
	buf_free(&body);
	return rc;
}

static enum vfs_rc lost(struct db *db, struct error *err)
{
	error_set(err, "could not serialize access to database \"%s\": another server committed first",
		  db->name);
	error_hint(err, "The transaction might succeed if retried.");
	return VFS_LOST;
}

/* Create the object; *doubtful tells that it may be there although this failed. */
static enum vfs_rc create_slot(struct db *db, const char *key, const struct buf *body,
			       const uint8_t our_nonce[ID_LEN], int64_t timeout_ms,
			       struct error *err)
{
	int64_t deadline_ms = mono_ms() + timeout_ms;
	bool doubt = false;

	for (;;) {
		uint8_t nonce[ID_LEN];
		enum blob_rc rc = blob_create(db->store, key, body, NULL, err);

		switch (rc) {
		case BLOB_OK:
			return VFS_OK;
		case BLOB_EXISTS: {
			enum vfs_rc read = slot_nonce(db, key, nonce, err);

			if (read == VFS_OK)
				return memcmp(nonce, our_nonce, ID_LEN) == 0 ? VFS_OK :
									       lost(db, err);
			if (read == VFS_CORRUPT)
				return read; /* something is there that we did not write */
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

static void want_manifest(struct db *db, const struct version *v, size_t n_pages)
{
	uint64_t every = 64;

	/* a manifest of many pages is written less often: bounded amplification */
	while (every * 65536 < (uint64_t)v->page_count * 16)
		every *= 2;
	/* that of us who commits a multiple of it writes it, so not all do */
	if (v->lsn % every == 0 || n_pages >= BIG_COMMIT_ENTRIES)
		background_manifest(db);
}

/*
 * May a commit on top of `base` be tried: is no doubt left, and is the head,
 * if it was last proven long ago, still the head?
 */
static enum vfs_rc check_head(struct db *db, const struct version *base, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&db->lock);
	bool in_doubt = db->doubt != NULL;
	bool stale = db->newest != base;
	bool old = boot_us() - db->proven_us > SLOW_US;
	mutex_unlock(&db->lock);
	if (in_doubt)
		rc = commit_resolve(db, err);
	else if (!stale && old)
		rc = db_follow(db, boot_us(), err);
	if (rc != VFS_OK)
		return rc;
	mutex_lock(&db->lock);
	stale = db->newest != base;
	mutex_unlock(&db->lock);
	return stale ? lost(db, err) : VFS_OK;
}

enum vfs_rc commit_append(struct db *db, const struct commit_request *r, struct version **out,
			  struct error *err)
{
	const struct version *base = r->base;
	struct commit_head head = {
		.kind = r->kind,
		.lsn = base->lsn + 1,
		.page_size = r->page_size,
		.page_count = r->page_count,
	};
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct sealed s = { 0 };
	struct page_ref *refs = NULL;
	struct version *v = NULL;
	char key[KEY_MAX];
	enum vfs_rc rc;

	rc = check_head(db, base, err);
	if (rc != VFS_OK)
		return rc;

	if (r->kind == COMMIT_CREATED)
		random_bytes(head.db_id, ID_LEN);
	else
		memcpy(head.db_id, base->db_id, ID_LEN);
	random_bytes(head.nonce, ID_LEN);
	memcpy(head.previous, base->hash, HASH_LEN);
	memcpy(head.header, r->header, PAGE_HEADER_LEN);
	head.time_us = wall_us();
	if (head.time_us < base->time_us)
		head.time_us = base->time_us;

	rc = seal(db, r, head.db_id, &s, err);
	if (rc == VFS_OK && s.n_segments > 0)
		rc = check_head(db, base, err); /* that may have taken long */
	if (rc != VFS_OK)
		goto out;
	head.n_segments = s.n_segments;
	head.segments = (const uint8_t *)s.segments;
	head.n_entries = (uint32_t)s.n;
	head.pages_len = (uint32_t)s.pages.len;
	commit_put_head(&body, &head, s.pgnos, s.entries);
	head.pages_at = (uint32_t)body.len;
	buf_put(&body, s.pages.data, s.pages.len);
	if (!body.failed)
		object_put_hash(&body, head.hash);
	if (body.failed) {
		error_set(err, "a commit of %zu pages is too large", s.n);
		rc = VFS_INVALID;
		goto out;
	}
	buf_free(&s.pages);
	v = version_of(db, r, &head, &s, &refs);
	if (v == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
		goto out;
	}
	key_slot(key, db->folder, head.lsn);
	mutex_lock(&db->lock);
	memcpy(db->appending, head.nonce, ID_LEN);
	mutex_unlock(&db->lock);
	int64_t began_us = boot_us();
	rc = create_slot(db, key, &body, head.nonce, r->timeout_ms, err);
	if (rc == VFS_OK && boot_us() - began_us > SLOW_US) {
		rc = check_late(db, &head, err);
		if (rc == VFS_LOST)
			(void)lost(db, err);
		else if (rc != VFS_OK)
			rc = VFS_UNKNOWN;
	}

	if (rc == VFS_OK)
		cache_staged(db, r, &s, refs);
	mutex_lock(&db->lock);
	memset(db->appending, 0, ID_LEN);
	if (rc == VFS_OK) {
		if (v->table != base->table)
			for (size_t i = 0; i < s.n; i++) {
				refs[i].seq = db->next_seq;
				page_table_set(v->table, s.pgnos[i], &refs[i]);
			}
		if (db->newest != base || !db_publish_locked(db, v, s.pgnos, refs, s.n)) {
			/* it is durable; no memory to say so here: read it back when there is some */
			rc = VFS_UNKNOWN;
		} else {
			*out = v;
			v = NULL;
			if (db->proven_us < began_us)
				db->proven_us = began_us;
		}
	}
	if (rc == VFS_UNKNOWN) {
		struct doubt *doubt = calloc(1, sizeof(*doubt));

		if (doubt == NULL)
			abort(); /* to go on could lose a commit that was acknowledged as unknown */
		doubt->lsn = head.lsn;
		memcpy(doubt->nonce, head.nonce, ID_LEN);
		doubt->body = body;
		body = (struct buf)BUF_INIT(COMMIT_MAX);
		db->doubt = doubt;
		db->proven_us = 0;
	} else if (rc != VFS_OK) {
		db->proven_us = 0;
	}
	if (rc == VFS_LOST)
		db->foreign_us = boot_us();
	mutex_unlock(&db->lock);
	if (rc == VFS_OK) {
		want_manifest(db, *out, s.n);
		log_debug(NULL, "commit db=%s lsn=%" PRIu64 " pages=%zu bytes=%zu us=%" PRId64,
			  db->name, head.lsn, s.n, body.len, boot_us() - began_us);
	} else if (rc == VFS_UNKNOWN) {
		error_wrap(err, "the outcome of the commit to database \"%s\" is unknown", db->name);
		background_resolve(db);
	} else if (rc != VFS_LOST) {
		error_wrap(err, "could not commit to database \"%s\"", db->name);
	}
out:
	version_free(v);
	free(refs);
	buf_free(&body);
	sealed_free(&s);
	return rc;
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

	key_slot(key, db->folder, lsn);
	enum blob_rc put = blob_create(db->store, key, &body, NULL, err);
	if (put == BLOB_OK || put == BLOB_EXISTS) {
		error_clear(err);
		/* now something is there for good: read what, and apply it */
		rc = db_follow(db, boot_us(), err);
	} else {
		rc = VFS_UNKNOWN;
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
			struct manifest_object *o = &t->objects[t->n];

			*o = (struct manifest_object){ .kind = OBJECT_SLOT, .lsn = object };
			if (object & OBJECT_SEGMENT_BIT) {
				*o = (struct manifest_object){ .kind = OBJECT_SEGMENT };
				db_segment_id(db, object, o->id);
			}
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
