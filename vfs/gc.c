/*
 * gc.c - deleting what no retained version needs
 *
 * INVARIANTS
 *   (1) Ages are told by the store's clock alone.
 *   (2) What is listed by a manifest from the cut on, read here, is not deleted; nor is
 *       what was created a day before the cut or later, nor what was pinned when it was
 *       decided what is kept (floor.h).
 *   (3) Manifests go first, then slots, the oldest first, then segments: whoever finds
 *       a manifest finds what it tells of, as far as it is retained.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/gc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "vfs/admin.h"
#include "vfs/commit.h"
#include "vfs/floor.h"
#include "vfs/gc_pin.h"
#include "vfs/listing.h"
#include "vfs/manifest.h"
#include "vfs/registry.h"

enum { HEAD_GUESS = 64 << 10, DELETE_AT_ONCE = 1000 };

/* How long what nobody needs is left alone: README.md, "Clean-up". */
#define REST_US ((int64_t)24 * 3600 * 1000000)

struct listed {
	uint64_t lsn;      /* of a manifest */
	int64_t mtime_us;
	uint64_t size;
	bool kept;
};

struct mark {
	uint8_t kind;
	uint8_t id[ID_LEN];
};

struct cleaning {
	struct blob_store *store;
	const char *folder;
	const struct gc_request *request;
	struct vfs_clean_up *stats;
	int64_t now_us;            /* by the store's clock */

	struct listed *manifests;  /* the newest first */
	size_t n_manifests, cap_manifests;
	size_t cut;                /* the oldest manifest that is kept for its age; n_manifests: none */

	struct gc_pins pins;
	struct floor floor;        /* number 0: there is none */

	uint64_t newest_lsn;       /* slot, or that of the newest manifest; 0: there is none */
	int64_t newest_slot_us;    /* of those from the newest manifest on; 0: there is none */
	size_t n_slots;            /* so many */
	bool exists;               /* they tell of a database */
	bool dropped_in_manifest;  /* the newest one tells of a DROP */

	uint64_t n_segments;       /* counted if no database is there */
	int64_t newest_segment_us;
	bool abandoned;            /* segments: nobody will ever refer to them */

	struct mark *marks;        /* sorted up to n_sorted, and each once */
	size_t n_marks, n_sorted, cap_marks;

	char (*batch)[KEY_MAX];    /* to be deleted */
	size_t n_batch;

	uint64_t n_seen;           /* objects, each time */
	bool told_to_stop;
};

static bool stopped(const struct cleaning *c)
{
	return c->told_to_stop || (c->request->stop != NULL && c->request->stop());
}

static void tell_progress(struct cleaning *c)
{
	c->n_seen++;
	if (c->request->progress != NULL && !c->request->progress(c->request->arg, c->n_seen, 0))
		c->told_to_stop = true;
}

/* ---- what is there ---- */

typedef bool (*entry_fn)(struct cleaning *c, const struct blob_entry *entry, struct error *err);

struct visit {
	struct cleaning *c;
	entry_fn fn;
};

static enum vfs_rc visit(void *arg, const struct blob_entry *entry, struct error *err)
{
	const struct visit *v = arg;

	tell_progress(v->c);
	if (v->fn(v->c, entry, err))
		return VFS_OK;
	return err->set ? VFS_IO : VFS_CANCELED; /* it has seen enough */
}

/* Call `fn` with each object of a kind behind `after` (NULL: all) until it returns false; err tells why. */
static enum vfs_rc each_object(struct cleaning *c, const char *kind, const char *after,
			       entry_fn fn, struct error *err)
{
	struct visit v = { c, fn };
	enum vfs_rc rc = list_objects(c->store, c->folder, kind, after, visit, &v, err);

	return rc == VFS_CANCELED ? VFS_OK : rc;
}

static bool add_manifest(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	uint64_t lsn;

	if (!key_manifest_lsn(entry->key, &lsn))
		return true; /* not ours */
	if (c->n_manifests == c->cap_manifests) {
		size_t cap = c->cap_manifests == 0 ? 64 : c->cap_manifests * 2;
		void *grown = realloc(c->manifests, cap * sizeof(c->manifests[0]));

		if (grown == NULL)
			return error_no_memory(err);
		c->manifests = grown;
		c->cap_manifests = cap;
	}
	c->manifests[c->n_manifests++] = (struct listed){
		.lsn = lsn,
		.mtime_us = entry->info.mtime_us,
		.size = entry->info.size,
	};
	return true;
}

/* What time it is in the store: an object is created, looked at, and deleted. */
static enum vfs_rc ask_time(struct cleaning *c, struct error *err)
{
	static const uint8_t no_database[ID_LEN];
	struct buf body = BUF_INIT(SEGMENT_MAX);
	struct blob_info info;
	uint8_t id[ID_LEN];
	char key[KEY_MAX];

	/* if it is left over: a segment without pages, that nobody needs */
	random_bytes(id, ID_LEN);
	key_segment(key, c->folder, id);
	segment_put_head(&body, no_database, id);
	segment_put_index(&body, NULL, NULL, 0);
	if (body.failed) {
		buf_free(&body);
		error_no_memory(err);
		return VFS_IO;
	}
	enum vfs_rc rc = vfs_rc_of_blob(blob_create(c->store, key, &body, NULL, err));
	buf_free(&body);
	if (rc == VFS_OK) {
		rc = vfs_rc_of_blob(blob_head(c->store, key, &info, err));
		(void)!blob_delete(c->store, key, NULL);
	}
	if (rc == VFS_UNKNOWN || rc == VFS_EXISTS)
		rc = VFS_BUSY;
	if (rc != VFS_OK)
		return rc;
	if (info.mtime_us == 0) {
		error_set(err, "the store does not tell when an object was created");
		return VFS_IO;
	}
	c->now_us = info.mtime_us;
	return VFS_OK;
}

/* ---- what is needed ---- */

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mark));
}

/* Sort the marks, each of them once. */
static void settle_marks(struct cleaning *c)
{
	size_t kept = 0;

	if (c->n_sorted == c->n_marks)
		return;
	qsort(c->marks, c->n_marks, sizeof(c->marks[0]), by_id);
	for (size_t i = 0; i < c->n_marks; i++)
		if (kept == 0 || by_id(&c->marks[kept - 1], &c->marks[i]) != 0)
			c->marks[kept++] = c->marks[i];
	c->n_marks = c->n_sorted = kept;
}

/* What lies in another database's folder is that one's to keep: it has a pin. */
static bool mark_object(struct cleaning *c, const struct manifest_object *o)
{
	struct mark m = { .kind = (uint8_t)o->kind };

	if (o->origin != 0)
		return true;
	if (c->n_marks == c->cap_marks)
		settle_marks(c); /* manifests tell of the same objects, mostly */
	if (c->n_marks * 2 >= c->cap_marks && c->n_marks == c->n_sorted) {
		size_t cap = c->cap_marks == 0 ? 4096 : c->cap_marks * 2;
		void *grown = realloc(c->marks, cap * sizeof(c->marks[0]));

		if (grown == NULL)
			return false;
		c->marks = grown;
		c->cap_marks = cap;
	}
	memcpy(m.id, o->id, ID_LEN);
	c->marks[c->n_marks++] = m;
	return true;
}

static bool is_marked(const struct cleaning *c, const struct mark *m)
{
	return c->n_sorted > 0 && bsearch(m, c->marks, c->n_sorted, sizeof(*m), by_id) != NULL;
}

/* The part before the chunks; head points into `body`. */
static enum vfs_rc read_manifest(struct cleaning *c, uint64_t lsn, struct buf *body,
				 struct manifest_head *head, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = HEAD_GUESS };
	char key[KEY_MAX];

	tell_progress(c);
	key_manifest(key, c->folder, lsn);
	for (;;) {
		buf_free(body);
		buf_init(body, range.len);
		enum vfs_rc rc = vfs_rc_of_blob(blob_get(c->store, key, &range, body, NULL, err));
		if (rc != VFS_OK)
			return rc;
		if (!manifest_peek((const uint8_t *)body->data, body->len, key, head, err))
			return VFS_CORRUPT;
		uint64_t len = manifest_head_len(head);
		if (len <= body->len || len > MANIFEST_MAX || body->len < range.len)
			break;
		range.len = (size_t)len;
	}
	return manifest_parse_head((const uint8_t *)body->data, body->len, key, head, err) ?
		       VFS_OK :
		       VFS_CORRUPT;
}

static bool see_slot(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	uint64_t lsn;

	(void)err;
	if (entry->info.mtime_us > c->newest_slot_us)
		c->newest_slot_us = entry->info.mtime_us;
	c->n_slots++;
	if (key_slot_lsn(entry->key, &lsn) && lsn > c->newest_lsn)
		c->newest_lsn = lsn;
	return true;
}

/* Its id; false: it is not ours. */
static bool segment_id(const struct blob_entry *entry, uint8_t id[ID_LEN])
{
	const char *name = strrchr(entry->key, '/') + 1;

	return strlen(name) == 2 * ID_LEN && hex_decode(name, 2 * ID_LEN, id);
}

static bool see_segment(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	int64_t mtime_us = entry->info.mtime_us != 0 ? entry->info.mtime_us : INT64_MAX;
	uint8_t id[ID_LEN];

	(void)err;
	if (!segment_id(entry, id))
		return true;
	c->n_segments++;
	if (mtime_us > c->newest_segment_us)
		c->newest_segment_us = mtime_us;
	return true;
}

/* The newest slot, whether a database is there, and if not what segments are. */
static enum vfs_rc find_newest(struct cleaning *c, struct error *err)
{
	struct buf body = BUF_INIT(HEAD_GUESS);
	struct manifest_head manifest;
	struct commit_head slot;
	char after[KEY_MAX];
	enum vfs_rc rc = VFS_OK;

	if (c->n_manifests > 0) {
		rc = read_manifest(c, c->manifests[0].lsn, &body, &manifest, err);
		buf_free(&body);
		if (rc != VFS_OK)
			return rc;
		c->newest_lsn = c->manifests[0].lsn;
		c->dropped_in_manifest = manifest.kind == COMMIT_DROPPED;
		c->exists = !c->dropped_in_manifest;
		key_slot(after, c->folder, c->newest_lsn - 1);
	}
	rc = each_object(c, "log", c->n_manifests > 0 ? after : NULL, see_slot, err);
	if (rc == VFS_OK && c->newest_lsn > (c->n_manifests > 0 ? c->manifests[0].lsn : 0)) {
		rc = commit_head_of(c->store, c->folder, c->newest_lsn, &slot, err);
		c->exists = slot.kind != COMMIT_DROPPED;
	}
	if (rc == VFS_OK && !c->exists)
		rc = each_object(c, "seg", NULL, see_segment, err);
	return rc;
}

static enum vfs_rc mark_manifest(struct cleaning *c, size_t i, struct error *err)
{
	struct buf body = BUF_INIT(HEAD_GUESS);
	struct manifest_head head;
	enum vfs_rc rc;

	if (c->manifests[i].kept)
		return VFS_OK;
	rc = read_manifest(c, c->manifests[i].lsn, &body, &head, err);
	for (uint32_t k = 0; rc == VFS_OK && k < head.n_objects; k++) {
		struct manifest_object o;

		manifest_object_at(&head, k, &o);
		if (!mark_object(c, &o)) {
			error_no_memory(err);
			rc = VFS_IO;
		}
	}
	c->manifests[i].kept = rc == VFS_OK;
	buf_free(&body);
	return rc;
}

/* What slots behind the newest manifest name. */
static enum vfs_rc mark_tail(struct cleaning *c, struct error *err)
{
	for (uint64_t lsn = c->manifests[0].lsn + 1;; lsn++) {
		struct buf body = BUF_INIT(COMMIT_MAX);
		struct commit_head head;
		char key[KEY_MAX];

		key_slot(key, c->folder, lsn);
		enum blob_rc got = blob_get(c->store, key, NULL, &body, NULL, err);
		enum vfs_rc rc = vfs_rc_of_blob(got);
		if (got == BLOB_NOT_FOUND) {
			error_clear(err);
			return VFS_OK;
		}
		if (rc == VFS_OK &&
		    !commit_parse((const uint8_t *)body.data, body.len, key, &head, err))
			rc = VFS_CORRUPT;
		for (uint32_t i = 0; rc == VFS_OK && i < head.n_objects; i++) {
			struct manifest_object o;

			commit_object(&head, i, &o);
			if (!mark_object(c, &o)) {
				error_no_memory(err);
				rc = VFS_IO;
			}
		}
		buf_free(&body);
		if (rc != VFS_OK)
			return rc;
	}
}

/* The newest manifest up to a slot; n_manifests: there is none. */
static size_t manifest_of(const struct cleaning *c, uint64_t lsn)
{
	size_t i = 0;

	while (i < c->n_manifests && c->manifests[i].lsn > lsn)
		i++;
	return i;
}

/*
 * The newest manifest that is older than the retention and a day, and than the
 * newest slot by a day.  Behind a DROP nobody creates slots but who knows of it.
 */
static void find_cut(struct cleaning *c)
{
	int64_t old_us = c->now_us - c->request->retention_us - REST_US;

	for (c->cut = 0; c->cut < c->n_manifests; c->cut++) {
		const struct listed *m = &c->manifests[c->cut];

		if (m->mtime_us != 0 && m->mtime_us <= old_us &&
		    (m->mtime_us <= c->newest_slot_us - REST_US ||
		     (c->cut == 0 && c->dropped_in_manifest)))
			return;
	}
}

/*
 * Read what tells of objects that were there before the cut and are needed behind it: a
 * restore may name again what nobody needed for a while.
 */
static enum vfs_rc mark_retained(struct cleaning *c, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	for (size_t i = 0; i <= c->cut && rc == VFS_OK; i++) {
		/* what slots before a DROP named only branches need */
		if (i == 0 && c->cut == 0 && c->dropped_in_manifest && c->pins.n == 0)
			c->manifests[i].kept = true;
		else
			rc = stopped(c) ? VFS_CANCELED : mark_manifest(c, i, err);
	}
	for (size_t p = 0; p < c->pins.n && rc == VFS_OK; p++) {
		uint64_t lsn = c->pins.pins[p].lsn;
		size_t i = manifest_of(c, lsn);

		if (lsn >= c->manifests[c->cut].lsn)
			continue;
		/* the next one tells of what the slots between the two name */
		if (i < c->n_manifests)
			rc = mark_manifest(c, i, err);
		if (rc == VFS_OK)
			rc = mark_manifest(c, i - 1, err);
	}
	if (rc == VFS_OK)
		rc = mark_tail(c, err);
	settle_marks(c);
	return rc;
}

/* Does a pin need the slot, whatever it names? */
static bool is_pinned(const struct cleaning *c, uint64_t lsn)
{
	for (size_t p = 0; p < c->pins.n; p++) {
		size_t i = manifest_of(c, c->pins.pins[p].lsn);

		if (lsn <= c->pins.pins[p].lsn && (i == c->n_manifests || lsn > c->manifests[i].lsn))
			return true;
	}
	return false;
}

/* ---- deleting ---- */

static enum vfs_rc flush(struct cleaning *c, struct error *err)
{
	const char *keys[DELETE_AT_ONCE];
	enum vfs_rc rc = VFS_OK;

	for (size_t i = 0; i < c->n_batch; i++)
		keys[i] = c->batch[i];
	if (c->n_batch > 0)
		rc = vfs_rc_of_blob(blob_delete_many(c->store, keys, c->n_batch, err));
	c->n_batch = 0;
	/* it is gone, or the next time finds it again */
	return rc == VFS_UNKNOWN ? VFS_BUSY : rc;
}

/* False: err says why. */
static bool put_away(struct cleaning *c, const char *key, uint64_t size, struct vfs_deleted *count,
		     struct error *err)
{
	if (stopped(c))
		return error_set(err, "canceled");
	count->n++;
	count->bytes += size;
	if (c->request->dry_run)
		return true;
	snprintf(c->batch[c->n_batch++], KEY_MAX, "%s", key);
	return c->n_batch < DELETE_AT_ONCE || flush(c, err) == VFS_OK;
}

static bool is_young(const struct cleaning *c, int64_t mtime_us)
{
	return mtime_us == 0 || mtime_us > c->now_us - REST_US;
}

static bool clean_slot(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	struct mark m = { .kind = OBJECT_SLOT };
	uint64_t lsn;

	if (!key_slot_lsn(entry->key, &lsn))
		return true;
	if (lsn > c->manifests[c->cut].lsn)
		return false;
	set_u64(m.id + 8, lsn);
	if (is_young(c, entry->info.mtime_us) || is_marked(c, &m) || is_pinned(c, lsn))
		return true;
	return put_away(c, entry->key, entry->info.size, &c->stats->slots, err);
}

static bool clean_segment(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	struct mark m = { .kind = OBJECT_SEGMENT };

	if (!segment_id(entry, m.id))
		return true;
	if (is_young(c, entry->info.mtime_us) ||
	    entry->info.mtime_us > c->manifests[c->cut].mtime_us - REST_US || is_marked(c, &m))
		return true;
	return put_away(c, entry->key, entry->info.size, &c->stats->segments, err);
}

static bool clean_abandoned(struct cleaning *c, const struct blob_entry *entry, struct error *err)
{
	uint8_t id[ID_LEN];

	if (!segment_id(entry, id) || is_young(c, entry->info.mtime_us))
		return true;
	return put_away(c, entry->key, entry->info.size, &c->stats->segments, err);
}

/*
 * No database is there, for a day at least, nor a branch point: segments are what an import,
 * a copy or a DROP has left that was killed.  One that is at work has written one lately;
 * and if it only slept it does not get the next slot, with which it would name them.
 */
static enum vfs_rc find_abandoned(struct cleaning *c, struct error *err)
{
	char name[DB_NAME_MAX + 1];
	enum vfs_rc rc = VFS_OK;

	if (c->exists || c->pins.n > 0 || c->n_segments == 0 || is_young(c, c->newest_segment_us) ||
	    (c->newest_slot_us != 0 && is_young(c, c->newest_slot_us)) ||
	    (c->n_manifests > 0 && is_young(c, c->manifests[0].mtime_us)) ||
	    !db_name_decode(c->folder, strlen(c->folder), name))
		return VFS_OK;
	if (!c->request->dry_run)
		rc = admin_take_slot(c->store, name, c->newest_lsn + 1, err);
	c->abandoned = rc == VFS_OK;
	/* somebody creates a database: the next clean-up looks again */
	if (rc == VFS_EXISTS || rc == VFS_LOST) {
		error_clear(err);
		rc = VFS_OK;
	}
	return rc;
}

static enum vfs_rc clean_manifests(struct cleaning *c, struct error *err)
{
	for (size_t i = c->n_manifests; i > c->cut + 1; i--) {
		const struct listed *m = &c->manifests[i - 1];
		char key[KEY_MAX];

		if (m->kept || is_young(c, m->mtime_us))
			continue;
		key_manifest(key, c->folder, m->lsn);
		if (!put_away(c, key, m->size, &c->stats->manifests, err))
			return VFS_IO;
	}
	return flush(c, err);
}

/* Manifests and slots that nobody needs. */
static enum vfs_rc clean_log(struct cleaning *c, struct error *err)
{
	enum vfs_rc rc = mark_retained(c, err);

	c->stats->from_lsn = c->manifests[c->cut].lsn;
	if (rc == VFS_OK)
		rc = clean_manifests(c, err);
	if (rc == VFS_OK)
		rc = each_object(c, "log", NULL, clean_slot, err);
	return rc == VFS_OK ? flush(c, err) : rc;
}

/* A failure of deleting is told by err. */
static enum vfs_rc clean(struct cleaning *c, struct error *err)
{
	enum vfs_rc rc = find_abandoned(c, err);

	if (rc == VFS_OK && c->cut < c->n_manifests)
		rc = clean_log(c, err);
	if (rc == VFS_OK && c->abandoned)
		rc = each_object(c, "seg", NULL, clean_abandoned, err);
	else if (rc == VFS_OK && c->cut < c->n_manifests)
		rc = each_object(c, "seg", NULL, clean_segment, err);
	if (rc == VFS_OK)
		rc = flush(c, err);
	return stopped(c) ? VFS_CANCELED : rc;
}

/* A DROP was killed before it wrote the manifest that lets everything else go.  One slot alone is no more than that. */
static bool drop_is_unfinished(const struct cleaning *c)
{
	return !c->exists && !c->dropped_in_manifest && (c->n_manifests > 0 || c->n_slots > 1);
}

static enum vfs_rc finish_drop(struct cleaning *c, struct error *err)
{
	char name[DB_NAME_MAX + 1];
	bool exists;
	struct db *db;

	if (!drop_is_unfinished(c) || is_young(c, c->newest_slot_us) || c->request->dry_run ||
	    !db_name_decode(c->folder, strlen(c->folder), name))
		return VFS_OK;
	enum vfs_rc rc = admin_open_newest(c->store, name, &db, &exists, err);
	if (rc != VFS_OK)
		return rc;
	if (!exists)
		rc = manifest_write(db, err);
	registry_put(db);
	return rc;
}

/*
 * Whether there is something to clean up, and from where on everything is kept.  The
 * manifests come before the pins: who pins a version that was the newest one when he
 * looked, behind his pin, has been seen.
 */
static enum vfs_rc survey(struct cleaning *c, struct error *err)
{
	enum vfs_rc rc = each_object(c, "manifest", NULL, add_manifest, err);

	if (rc == VFS_OK)
		rc = find_newest(c, err);
	if (rc == VFS_OK && (c->n_manifests > 0 || c->n_segments > 0 || drop_is_unfinished(c)))
		rc = ask_time(c, err);
	find_cut(c);
	/* versions before a DROP cannot be pinned any more */
	bool dropped = c->cut == 0 && c->dropped_in_manifest;
	if (rc == VFS_OK && c->cut < c->n_manifests && !dropped && !c->request->dry_run)
		rc = floor_announce(c->store, c->folder, c->manifests[c->cut].lsn, &c->floor, err);
	if (rc == VFS_OK)
		rc = gc_pins_read(c->store, c->folder, &c->pins, err);
	c->stats->empty = c->pins.n == 0 && c->newest_lsn == 0 && c->n_segments == 0;
	if (rc == VFS_OK && c->now_us == 0 && c->pins.n > 0)
		rc = ask_time(c, err);
	return rc;
}

/*
 * From here on it is settled which versions are kept.  What was restored since the
 * manifests were listed has a manifest now, if it has no pin any more.
 */
static enum vfs_rc decide(struct cleaning *c, struct error *err)
{
	uint64_t cut_lsn = c->manifests[c->cut].lsn;
	enum vfs_rc rc = floor_decide(c->store, c->folder, &c->pins, &c->floor, err);

	c->n_manifests = 0;
	if (rc == VFS_OK)
		rc = each_object(c, "manifest", NULL, add_manifest, err);
	c->cut = manifest_of(c, cut_lsn);
	if (rc == VFS_OK && (c->cut == c->n_manifests || c->manifests[c->cut].lsn != cut_lsn)) {
		error_set(err, "another clean-up has deleted manifest %" PRIu64, cut_lsn);
		rc = VFS_BUSY;
	}
	return rc;
}

static enum vfs_rc run(struct cleaning *c, struct error *err)
{
	enum vfs_rc rc = survey(c, err);

	if (rc != VFS_OK || c->now_us == 0)
		return rc;
	rc = gc_pins_drop(c->store, c->folder, c->now_us - REST_US, c->request->dry_run, &c->pins,
			  &c->stats->pins, err);
	if (rc != VFS_OK || c->pins.unknown)
		return rc;
	if (c->floor.number != 0)
		rc = decide(c, err);
	if (rc == VFS_OK)
		rc = clean(c, err);
	return rc == VFS_OK ? finish_drop(c, err) : rc;
}

enum vfs_rc gc(struct blob_store *store, const char *folder, const struct gc_request *request,
	       struct vfs_clean_up *stats, struct error *err)
{
	struct cleaning c = { .store = store, .folder = folder, .request = request, .stats = stats };
	struct error why = ERROR_INIT;
	enum vfs_rc rc = VFS_IO;

	*stats = (struct vfs_clean_up){ .from_lsn = 0 };
	c.batch = malloc(DELETE_AT_ONCE * sizeof(c.batch[0]));
	if (c.batch == NULL)
		error_no_memory(&why);
	else
		rc = run(&c, &why);
	/* a manifest or slot that was there when it was listed: another machine cleans up, too */
	if (rc == VFS_NOT_FOUND || rc == VFS_LOST)
		rc = VFS_BUSY;
	if (rc != VFS_OK && err != NULL)
		*err = why;
	free(c.manifests);
	gc_pins_free(&c.pins);
	floor_free(&c.floor);
	free(c.marks);
	free(c.batch);
	return rc;
}
