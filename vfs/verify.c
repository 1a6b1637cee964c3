/*
 * verify.c - is what lies in the store what was put there?
 *
 * The listing of the folder and the page map of the version give the objects to read: of the
 * newest version everything that lies there, of one of the past only what it is made of.  Threads
 * take one after the other.  What clean-up deletes meanwhile is not missed, unless
 * the version needs it, which it does not, as the version is pinned.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "vfs/admin.h"
#include "vfs/cache.h"
#include "vfs/fetch.h"
#include "vfs/history.h"
#include "vfs/inspect.h"
#include "vfs/registry.h"

enum { THREADS_MAX = 64, SQL_STEPS = 10000 };

#define KEYS_MAX ((size_t)1 << 30) /* bytes of keys */

enum item_kind { ITEM_SLOT, ITEM_MANIFEST, ITEM_SEGMENT };

/* An object to read. */
struct item {
	const char *key;
	enum item_kind kind;
	uint64_t lsn;             /* of a slot, and of a manifest */
	uint64_t size;            /* as listed; 0: not listed */
	size_t first_page, n_pages; /* that lie in it, in verify.pages */
	bool wanted;              /* may be chosen */
	bool chosen, good;        /* good: read, and `hash` and `previous` are set */
	uint8_t hash[HASH_LEN];   /* of a slot; a manifest's of the slot it stands for */
	uint8_t previous[HASH_LEN];
};

/* A page of the version, and the number of the object that it lies in. */
struct page_place {
	uint64_t object;
	pgno_t pgno;
};

struct verify {
	struct blob_store *store;
	struct db *db;            /* NULL: it could not be opened */
	struct version *version;  /* pinned */
	struct arena arena;       /* keys */
	struct item *items;       /* those of the listing first, rising by key */
	size_t n_items, cap_items, n_listed;
	struct page_place *pages; /* rising by object */
	size_t n_pages;
	bool fits;                /* the version fits into the memory cache: SQL need not read it again */
	uint64_t bytes_in_all;
	vfs_damage_fn fn;
	vfs_progress_fn progress;
	void *arg;
	struct vfs_verify_result *result;

	struct mutex lock;        /* guards what follows, result, and the calls of fn and progress */
	size_t next;
	uint64_t bytes_done;
	enum vfs_rc rc;           /* the first failure ends it */
	struct error err;
};

static void tell_damage(struct verify *v, const char *key, const char *text, uint64_t pages_lost)
{
	char prefix[KEY_MAX + 32] = "";

	/* what the parsers put before it is said by the key */
	if (key != NULL)
		snprintf(prefix, sizeof(prefix), "object \"%s\" is damaged: ", key);
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	mutex_lock(&v->lock);
	v->result->damaged++;
	v->fn(v->arg, key, text, pages_lost);
	mutex_unlock(&v->lock);
}

/* --- what there is to read ---------------------------------------------------------- */

static struct item *add_item(struct verify *v, const char *key, uint64_t size)
{
	if (v->n_items == v->cap_items) {
		size_t cap = v->cap_items == 0 ? 256 : v->cap_items * 2;
		struct item *bigger = realloc(v->items, cap * sizeof(bigger[0]));

		if (bigger == NULL)
			return NULL;
		v->items = bigger;
		v->cap_items = cap;
	}
	struct item *item = &v->items[v->n_items];
	*item = (struct item){ .key = arena_strdup(&v->arena, key), .size = size };
	if (item->key == NULL)
		return NULL;
	const char *part = strchr(key, '/');
	if (part != NULL && strncmp(part, "/log/", 5) == 0 && key_slot_lsn(key, &item->lsn))
		item->kind = ITEM_SLOT;
	else if (part != NULL && strncmp(part, "/manifest/", 10) == 0 &&
		 key_manifest_lsn(key, &item->lsn))
		item->kind = ITEM_MANIFEST;
	else
		item->kind = ITEM_SEGMENT;
	v->n_items++;
	return item;
}

struct listing {
	struct verify *v;
	struct error *err;
};

static bool list_object(void *arg, const char *key, uint64_t bytes)
{
	struct listing *l = arg;
	const char *part = strchr(key, '/');

	/* pins have no pages, and what else lies there is not ours */
	if (part == NULL || (strncmp(part, "/log/", 5) != 0 && strncmp(part, "/seg/", 5) != 0 &&
			     strncmp(part, "/manifest/", 10) != 0))
		return true;
	return add_item(l->v, key, bytes) != NULL || error_no_memory(l->err);
}

static int compare_places(const void *a, const void *b)
{
	const struct page_place *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->pgno < y->pgno ? -1 : x->pgno > y->pgno;
}

static int compare_item_key(const void *key, const void *item)
{
	return strcmp(key, ((const struct item *)item)->key);
}

/* The pages of the version, by object; objects that were not listed become items too. */
static bool place_pages(struct verify *v, struct error *err)
{
	uint32_t n = v->version->page_count;

	v->pages = malloc(((size_t)n + 1) * sizeof(v->pages[0]));
	if (v->pages == NULL)
		return error_no_memory(err);
	for (pgno_t pgno = 1; pgno <= n; pgno++) {
		struct page_ref ref = db_page_ref(v->db, v->version, pgno);

		if (ref.encoding != PAGE_ZERO)
			v->pages[v->n_pages++] = (struct page_place){ ref.object, pgno };
	}
	qsort(v->pages, v->n_pages, sizeof(v->pages[0]), compare_places);
	for (size_t i = 0; i < v->n_pages;) {
		uint64_t object = v->pages[i].object;
		size_t first = i;
		char key[KEY_MAX];

		while (i < v->n_pages && v->pages[i].object == object)
			i++;
		objects_key(&v->db->objects, object, key);
		struct item *item = v->n_listed == 0 ? NULL :
			bsearch(key, v->items, v->n_listed, sizeof(v->items[0]), compare_item_key);
		if (item == NULL && (item = add_item(v, key, 0)) == NULL)
			return error_no_memory(err);
		item->first_page = first;
		item->n_pages = i - first;
	}
	return true;
}

/* The manifest that a version of the past is read from; 0: there is none. */
static uint64_t manifest_of_version(const struct verify *v)
{
	/* they fall along the listing */
	for (size_t i = 0; i < v->n_listed; i++)
		if (v->items[i].kind == ITEM_MANIFEST && v->items[i].lsn <= v->version->lsn)
			return v->items[i].lsn;
	return 0;
}

/* Everything, or what the version of the past is made of. */
static void want(struct verify *v)
{
	bool all = v->version == NULL || v->db->past.kind == PAST_NONE;
	uint64_t manifest = all ? 0 : manifest_of_version(v);

	for (size_t i = 0; i < v->n_items; i++) {
		struct item *item = &v->items[i];

		item->wanted = all || item->n_pages > 0 ||
			       (item->kind == ITEM_MANIFEST && item->lsn == manifest) ||
			       (item->kind == ITEM_SLOT && i < v->n_listed &&
				item->lsn > manifest && item->lsn <= v->version->lsn);
		v->result->objects_in_all += item->wanted;
	}
}

/* A sample holds the newest slot and manifest: what everything begins with. */
static void choose(struct verify *v, double percent)
{
	struct item *slot = NULL, *manifest = NULL;

	for (size_t i = 0; i < v->n_items; i++) {
		struct item *item = &v->items[i];

		if (!item->wanted)
			continue;
		item->chosen = percent >= 100 ||
			       (double)(random_u64() % 1000000) < percent * 10000;
		if (item->kind == ITEM_SLOT && i < v->n_listed)
			slot = item;
		if (item->kind == ITEM_MANIFEST && manifest == NULL)
			manifest = item;
	}
	if (slot != NULL)
		slot->chosen = true;
	if (manifest != NULL)
		manifest->chosen = true;
	for (size_t i = 0; i < v->n_items; i++)
		if (v->items[i].chosen)
			v->bytes_in_all += v->items[i].size;
}

/* --- one object ------------------------------------------------------------------------ */

/* Are the stored bytes all that is needed to have the image? */
static bool stands_alone(unsigned encoding)
{
	return !page_is_delta(encoding);
}

/* Pages that lie in a commit object, as its own index has them. */
static bool check_commit_pages(const struct commit_head *head, const uint8_t *bytes,
			       const char *key, struct error *err)
{
	uint8_t *image = malloc(PAGE_SIZE_MAX);
	bool ok = true;

	if (image == NULL)
		return error_no_memory(err);
	for (uint32_t i = 0; ok && i < head->n_entries; i++) {
		struct page_entry e;
		pgno_t pgno;

		commit_entry(head, i, &pgno, &e);
		if (e.object == 0 && stands_alone(e.encoding) &&
		    !page_decode(pgno, &e, bytes + e.offset, head->page_size, image)) {
			error_set(err, "object \"%s\" is damaged: page %" PRIu32
				  " does not match its checksum", key, pgno);
			ok = false;
		}
	}
	free(image);
	return ok;
}

static bool check_slot(struct item *item, const struct buf *body, struct error *err)
{
	struct commit_head head;

	if (!commit_parse((const uint8_t *)body->data, body->len, item->key, &head, err))
		return false;
	if (head.lsn != item->lsn) {
		error_set(err, "object \"%s\" is damaged: it says that it is slot %" PRIu64, item->key,
			  head.lsn);
		return false;
	}
	if (!check_commit_pages(&head, (const uint8_t *)body->data, item->key, err))
		return false;
	memcpy(item->hash, head.hash, HASH_LEN);
	memcpy(item->previous, head.previous, HASH_LEN);
	item->good = true;
	return true;
}

static bool check_manifest(struct item *item, const struct buf *body, struct error *err)
{
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	const uint8_t *bytes = (const uint8_t *)body->data;
	struct manifest_head head;
	bool ok;

	if (entries == NULL)
		return error_no_memory(err);
	ok = manifest_parse(bytes, body->len, item->key, &head, err);
	if (ok && head.lsn != item->lsn) {
		error_set(err, "object \"%s\" is damaged: it says that it stands for slot %" PRIu64,
			  item->key, head.lsn);
		ok = false;
	}
	for (uint32_t c = 0; ok && c < head.n_chunks; c++) {
		uint32_t n;

		ok = manifest_chunk(bytes, body->len, item->key, &head, c, entries, &n, err);
	}
	if (ok) {
		memcpy(item->hash, head.hash, HASH_LEN);
		item->good = true;
	}
	free(entries);
	return ok;
}

/* The image of a page that is kept as what differs from another object's; as any reader has it. */
static enum vfs_rc read_page(struct verify *v, pgno_t pgno, const struct page_ref *ref,
			     struct error *err)
{
	struct vfs_read_stats stats = { 0 };
	struct image *image = NULL;
	enum vfs_rc rc = fetch_page(v->db, v->version, pgno, ref, &stats, &image, err);

	image_unref(image);
	return rc == VFS_NOT_FOUND ? VFS_CORRUPT : rc; /* what it is based on is missing */
}

/*
 * Does the object hold the page that the page map says it does?  VFS_CORRUPT: it does not.
 * The image is kept if there is room.
 */
static enum vfs_rc check_page(struct verify *v, pgno_t pgno, const struct page_ref *ref,
			      const struct buf *body, struct error *err)
{
	const struct page_entry e = { .len = ref->len, .sum = ref->sum, .encoding = ref->encoding };
	struct image *image;
	bool ok;

	if (ref->offset > body->len || ref->len > body->len - ref->offset)
		return VFS_CORRUPT;
	if (!stands_alone(ref->encoding))
		return read_page(v, pgno, ref, err);
	image = image_new(v->version->page_size);
	if (image == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	ok = page_decode(pgno, &e, (const uint8_t *)body->data + ref->offset, v->version->page_size,
			 image->data);
	if (ok && v->fits)
		image = cache_insert(v->db->uid, ref->object, ref->offset, image);
	image_unref(image);
	return ok ? VFS_OK : VFS_CORRUPT;
}

/* How many pages of the version cannot be read from the object. */
static enum vfs_rc check_version_pages(struct verify *v, const struct item *item,
				       const struct buf *body, uint64_t *lost, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	*lost = 0;
	for (size_t i = 0; i < item->n_pages && (rc == VFS_OK || rc == VFS_CORRUPT); i++) {
		pgno_t pgno = v->pages[item->first_page + i].pgno;
		struct page_ref ref = db_page_ref(v->db, v->version, pgno);

		rc = check_page(v, pgno, &ref, body, err);
		*lost += rc == VFS_CORRUPT;
	}
	return rc == VFS_CORRUPT ? VFS_OK : rc;
}

static bool check_body(struct verify *v, struct item *item, const struct buf *body,
		       struct error *err)
{
	switch (item->kind) {
	case ITEM_SLOT:
		return check_slot(item, body, err);
	case ITEM_MANIFEST:
		return check_manifest(item, body, err);
	case ITEM_SEGMENT:
		/* one that the version does not need may be of another page size */
		return segment_check((const uint8_t *)body->data, body->len, item->key,
				     item->n_pages > 0 ? v->version->page_size : 0, err);
	}
	return false;
}

static size_t limit_of(enum item_kind kind)
{
	switch (kind) {
	case ITEM_SLOT:
		return COMMIT_MAX;
	case ITEM_MANIFEST:
		return MANIFEST_MAX;
	case ITEM_SEGMENT:
		return SEGMENT_MAX;
	}
	return 0;
}

/* Read one object, and say what is wrong with it.  Anything but VFS_OK ends the run. */
static enum vfs_rc check_item(struct verify *v, struct item *item, struct error *err)
{
	struct buf body = BUF_INIT(limit_of(item->kind));
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(v->store, item->key, NULL, &body, NULL, err));
	uint64_t lost = item->n_pages;

	if (rc == VFS_NOT_FOUND) {
		if (item->n_pages > 0)
			tell_damage(v, item->key, "it is missing", lost);
		rc = VFS_OK;
	} else if (rc == VFS_OK) {
		struct error damage = ERROR_INIT;
		bool whole = check_body(v, item, &body, &damage);

		rc = check_version_pages(v, item, &body, &lost, err);
		if (!whole)
			tell_damage(v, item->key, damage.text, lost);
		else if (lost > 0)
			tell_damage(v, item->key, "it does not hold the pages that the page map says it does",
				    lost);
	}
	if (rc == VFS_OK) {
		mutex_lock(&v->lock);
		v->result->objects++;
		v->result->bytes += body.len;
		v->result->pages += item->n_pages;
		v->bytes_done += item->size;
		if (v->progress != NULL && !v->progress(v->arg, v->bytes_done, v->bytes_in_all)) {
			error_set(err, "canceled");
			rc = VFS_CANCELED;
		}
		mutex_unlock(&v->lock);
	}
	buf_free(&body);
	return rc;
}

static void *check_items(void *arg)
{
	struct verify *v = arg;

	for (;;) {
		struct error err = ERROR_INIT;
		struct item *item = NULL;

		mutex_lock(&v->lock);
		while (v->rc == VFS_OK && v->next < v->n_items && item == NULL) {
			if (v->items[v->next].chosen)
				item = &v->items[v->next];
			v->next++;
		}
		mutex_unlock(&v->lock);
		if (item == NULL)
			return NULL;
		enum vfs_rc rc = check_item(v, item, &err);
		if (rc == VFS_OK)
			continue;
		mutex_lock(&v->lock);
		if (v->rc == VFS_OK) {
			v->rc = rc;
			v->err = err;
		}
		mutex_unlock(&v->lock);
	}
}

static void check_all_items(struct verify *v, unsigned n)
{
	pthread_t threads[THREADS_MAX];
	unsigned started = 0;

	if (n > THREADS_MAX)
		n = THREADS_MAX;
	while (started + 1 < n &&
	       thread_start(&threads[started], "pgblob-verify", 0, check_items, v, NULL))
		started++;
	(void)check_items(v);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* --- the whole ------------------------------------------------------------------------- */

/* The slot of the listing with that lsn, if it was read and is good. */
static const struct item *good_slot(const struct verify *v, const char *folder, uint64_t lsn)
{
	const struct item *item;
	char key[KEY_MAX];

	key_slot(key, folder, lsn);
	item = v->n_listed == 0 ? NULL :
		bsearch(key, v->items, v->n_listed, sizeof(v->items[0]), compare_item_key);
	return item != NULL && item->good ? item : NULL;
}

/* Each slot names the hash of the one before, each manifest that of its slot. */
static void check_chain(struct verify *v, const char *folder)
{
	for (size_t i = 0; i < v->n_listed; i++) {
		const struct item *item = &v->items[i];
		const struct item *slot;

		if (!item->good)
			continue;
		slot = good_slot(v, folder, item->kind == ITEM_SLOT ? item->lsn - 1 : item->lsn);
		if (slot == NULL)
			continue;
		if (item->kind == ITEM_SLOT && memcmp(item->previous, slot->hash, HASH_LEN) != 0)
			tell_damage(v, item->key, "it does not follow the slot before it", 0);
		if (item->kind == ITEM_MANIFEST && memcmp(item->hash, slot->hash, HASH_LEN) != 0)
			tell_damage(v, item->key, "it is not of the slot that it stands for", 0);
	}
}

static int sql_progress(void *arg)
{
	struct verify *v = arg;

	return v->progress != NULL && !v->progress(v->arg, v->bytes_in_all, v->bytes_in_all);
}

/* PRAGMA integrity_check on what a client would see now. */
static enum vfs_rc check_sql(struct verify *v, const char *name, struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	enum vfs_rc rc = admin_connect_to_read(v->store, name, &db, err);
	int result = SQLITE_OK;

	if (rc == VFS_OK) {
		sqlite3_progress_handler(db, SQL_STEPS, sql_progress, v);
		result = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL);
		while (result == SQLITE_OK || result == SQLITE_ROW) {
			result = sqlite3_step(stmt);
			const char *text = result != SQLITE_ROW ? "ok" :
				(const char *)sqlite3_column_text(stmt, 0);
			if (text == NULL || strcmp(text, "ok") != 0)
				tell_damage(v, NULL, text != NULL ? text : "out of memory", 0);
		}
		sqlite3_finalize(stmt);
		v->result->sql_checked = result == SQLITE_DONE;
	}
	if (result == SQLITE_INTERRUPT) {
		error_set(err, "canceled");
		rc = VFS_CANCELED;
	} else if (rc == VFS_OK && result != SQLITE_DONE) {
		rc = vfs_last_error(db, err);
		if (rc == VFS_OK) {
			error_set(err, "%s", sqlite3_errmsg(db));
			rc = VFS_CORRUPT;
		}
	}
	sqlite3_close(db);
	/* what the objects have told already may hinder it in any way */
	if (rc == VFS_CORRUPT || (v->result->damaged > 0 && rc != VFS_BUSY && rc != VFS_CANCELED &&
				  rc != VFS_OK)) {
		tell_damage(v, NULL, err->text, 0);
		error_clear(err);
		rc = VFS_OK;
	}
	return rc;
}

/* The version, if it can be opened; damage that hinders that is told. */
static enum vfs_rc open_version(struct verify *v, const char *name, struct error *err)
{
	bool exists = false;
	enum vfs_rc rc = admin_open_newest(v->store, name, &v->db, &exists, err);

	if (rc == VFS_CORRUPT) {
		v->db = NULL;
		tell_damage(v, NULL, err->text, 0);
		error_clear(err);
		return VFS_OK;
	}
	if (rc != VFS_OK) {
		v->db = NULL;
		return rc;
	}
	if (!exists) {
		error_set(err, "database \"%s\" does not exist", name);
		return VFS_NOT_FOUND;
	}
	v->version = db_pin_durable(v->db);
	v->result->lsn = v->version->lsn;
	v->result->pages_in_all = v->version->page_count;
	v->fits = (uint64_t)v->version->page_size * v->version->page_count < cache_limit() / 2;
	return VFS_OK;
}

enum vfs_rc vfs_verify(struct blob_store *store, const char *name,
		       const struct vfs_verify_options *options, vfs_damage_fn fn,
		       vfs_progress_fn progress, void *arg, struct vfs_verify_result *result,
		       struct error *err)
{
	struct verify v = { .store = store, .arena = ARENA_INIT(KEYS_MAX), .fn = fn,
			    .progress = progress, .arg = arg, .result = result };
	struct listing listing = { &v, err };
	char folder[DB_NAME_ENCODED];
	struct db_past past;
	enum vfs_rc rc;

	*result = (struct vfs_verify_result){ 0 };
	if (!history_parse(name, &past, err))
		return VFS_INVALID;
	db_name_encode(past.base, folder);
	mutex_init(&v.lock);
	rc = open_version(&v, name, err);
	if (rc == VFS_OK)
		rc = vfs_inspect_objects(store, name, list_object, &listing, err);
	v.n_listed = v.n_items;
	if (rc == VFS_OK && v.version != NULL && !place_pages(&v, err))
		rc = VFS_IO;
	if (rc == VFS_OK) {
		want(&v);
		choose(&v, options->percent);
		/* pages of zeros are in no object */
		result->pages = v.version != NULL ? v.version->page_count - v.n_pages : 0;
		check_all_items(&v, options->threads);
		rc = v.rc;
		if (rc != VFS_OK && err != NULL)
			*err = v.err;
	}
	if (rc == VFS_OK)
		check_chain(&v, folder);
	if (rc == VFS_OK && options->sql && v.db != NULL)
		rc = check_sql(&v, name, err);
	if (v.version != NULL)
		db_unpin(v.db, v.version);
	registry_put(v.db);
	free(v.items);
	free(v.pages);
	arena_free(&v.arena);
	mutex_deinit(&v.lock);
	return rc;
}
