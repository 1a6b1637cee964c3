/*
 * db.c - one database and its versions
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

#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/fetch.h"
#include "vfs/local.h"
#include "vfs/relocate.h"

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

void staged_free(struct staged *s)
{
	for (struct staged *next; s != NULL; s = next) {
		next = s->next;
		for (size_t i = 0; i < s->n; i++)
			image_unref(s->images[i]);
		free(s->pgnos);
		free(s->images);
		free(s);
	}
}

void version_free(struct version *v)
{
	if (v == NULL)
		return;
	staged_free(v->staged);
	undo_free(&v->undo);
	page_table_unref(v->table);
	free(v);
}

/* Above every seq of a database that is gone: who remembers one will not meet it again. */
static _Atomic uint64_t first_seq = 1;

struct db *db_new(struct blob_store *store, const char *name, const struct db_past *past)
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
	db->past = *past;
	db_name_encode(past->base, db->folder);
	db->store = store;
	db->uid = atomic_fetch_add(&next_uid, 1);
	objects_init(&db->objects, db->folder);
	mutex_init(&db->lock);
	mutex_init(&db->local_opening);
	turn_init(&db->turn);
	cond_init(&db->changed);
	cond_init(&db->gathered);
	db->state = DB_FAILED;
	db->proven_us = NEVER_US;
	db->placed_us = NEVER_US;
	db->cleaned_us = NEVER_US;
	db->manifest_us = NEVER_US;
	db->load_rc = VFS_BUSY;
	/* the first version is "nothing was ever here"; seq 0 is no version */
	v->seq = v->schema_seq = atomic_load(&first_seq);
	v->pins = 2;
	v->settled = true;
	db->next_seq = v->seq + 1;
	db->oldest = db->newest = db->durable = v;
	return db;
}

void doubt_free(struct doubt *d)
{
	if (d == NULL)
		return;
	buf_free(&d->body);
	free(d);
}

void db_free(struct db *db)
{
	uint64_t first = atomic_load(&first_seq);

	if (db == NULL)
		return;
	while (first < db->next_seq && !atomic_compare_exchange_weak(&first_seq, &first, db->next_seq))
		;
	fetch_drain(db);
	local_close(db);
	for (struct version *v = db->oldest, *next; v != NULL; v = next) {
		next = v->newer;
		version_free(v);
	}
	cache_drop(db->uid);
	doubt_free(db->doubt);
	free(db->named);
	objects_deinit(&db->objects);
	cond_deinit(&db->gathered);
	cond_deinit(&db->changed);
	turn_deinit(&db->turn);
	mutex_deinit(&db->local_opening);
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
	/* a version between this one and the settled one may need what is staged here */
	if (v->staged != NULL && !v->newer->settled) {
		struct staged **end = &v->newer->staged;

		while (*end != NULL)
			end = &(*end)->next;
		*end = v->staged;
		v->staged = NULL;
	}
	version_free(v);
}

void db_unpin_locked(struct db *db, struct version *v)
{
	assert(v->pins > 0);
	if (--v->pins > 0)
		return;
	if (v->lost)
		version_free(v); /* not in the list any more */
	else
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

struct version *db_pin_own(struct db *db, uint64_t seq)
{
	mutex_lock(&db->lock);
	struct version *v = db->durable->seq < seq ? db->newest : db->durable;
	v->pins++;
	mutex_unlock(&db->lock);
	return v;
}

void db_get_stats(struct db *db, struct vfs_database_stats *out)
{
	struct traffic *t = &db->traffic;
	uint64_t timed = t->timed;

	*out = (struct vfs_database_stats){
		.objects = objects_count(&db->objects),
		.puts = t->puts,
		.put_bytes = t->put_bytes,
		.put_mean_us = timed > 0 ? t->put_us / timed : 0,
		.put_p95_us = (uint64_t)traffic_p95_us(t),
		.gets = t->gets,
		.get_bytes = t->get_bytes,
		.hedged = t->hedged,
		.probes = t->probes,
	};
	snprintf(out->name, sizeof(out->name), "%s", db->name);
	mutex_lock(&db->lock);
	out->lsn = db->durable->lsn;
	out->lsn_published = db->newest->lsn;
	out->manifest_lsn = db->manifest_lsn;
	out->page_size = db->durable->page_size;
	out->pages = db->durable->page_count;
	out->exists = db->durable->exists;
	out->commits = db->stats;
	for (const struct user *u = db->users; u != NULL; u = u->next)
		out->handles++;
	mutex_unlock(&db->lock);
}

void db_add_user(struct db *db, struct user *u)
{
	mutex_lock(&db->lock);
	u->next = db->users;
	u->prev = &db->users;
	if (u->next != NULL)
		u->next->prev = &u->next;
	db->users = u;
	mutex_unlock(&db->lock);
}

void db_remove_user(struct db *db, struct user *u)
{
	mutex_lock(&db->lock);
	*u->prev = u->next;
	if (u->next != NULL)
		u->next->prev = u->prev;
	mutex_unlock(&db->lock);
}

/* Clean-up keeps for an hour what is not needed any more. */
#define REACH_US ((int64_t)1800000000)

void db_reach(struct db *db, struct reach *out)
{
	mutex_lock(&db->lock);
	*out = (struct reach){
		.known = boot_us() - db->manifest_us < REACH_US,
		.after = db->foreign_manifest,
		.manifest_lsn = db->manifest_lsn,
	};
	mutex_unlock(&db->lock);
}

bool reach_allows(const struct reach *r, const struct page_ref *ref)
{
	bool own_slot = (ref->object & OBJECT_TABLE_BIT) == 0;

	if (!r->known)
		return false;
	/* a delta's base is needed by its slot, until a manifest has taken in that one */
	if (page_is_delta(ref->encoding) && (!own_slot || ref->object <= r->manifest_lsn))
		return false;
	return r->after == 0 || (own_slot && ref->object > r->after);
}

void db_saw_manifest_locked(struct db *db, uint64_t lsn, int64_t asked_us)
{
	assert(mutex_held(&db->lock));
	if (lsn > db->manifest_lsn)
		db->manifest_lsn = db->foreign_manifest = lsn;
	db->manifest_us = asked_us;
}

void db_unpin(struct db *db, struct version *v)
{
	if (v == NULL)
		return;
	mutex_lock(&db->lock);
	db_unpin_locked(db, v);
	mutex_unlock(&db->lock);
}

struct page_ref db_page_ref_locked(const struct version *v, pgno_t pgno)
{
	struct page_ref ref;

	for (const struct version *w = v; w != NULL && w->table == v->table; w = w->newer)
		if (undo_find(&w->undo, pgno, &ref))
			return ref;
	return page_table_get(v->table, pgno);
}

struct page_ref db_page_ref(struct db *db, const struct version *v, pgno_t pgno)
{
	struct page_ref ref = { .encoding = PAGE_ZERO };

	if (pgno > v->page_count)
		return ref;
	ref = page_table_get(v->table, pgno);
	if (ref.seq <= v->seq)
		return ref;
	mutex_lock(&db->lock);
	ref = db_page_ref_locked(v, pgno);
	mutex_unlock(&db->lock);
	/* of a lost version nothing is left; who pins it finds out before he believes what he read */
	assert(ref.seq <= v->seq || v->lost);
	return ref;
}

struct image *db_memory_image(struct db *db, const struct version *v, pgno_t pgno)
{
	struct image *image = NULL;

	mutex_lock(&db->lock);
	struct page_ref ref = db_page_ref_locked(v, pgno);
	for (const struct version *w = db->newest; ref.encoding == PAGE_MEMORY && w != NULL;
	     w = w->older)
		for (const struct staged *s = w->staged; s != NULL; s = s->next)
			if (s->seq == ref.seq) {
				image = s->images[ref.offset];
				image_ref(image);
				ref.encoding = PAGE_ZERO;
				break;
			}
	mutex_unlock(&db->lock);
	return image;
}

/* A cookie is used again after a rewind, a restore or a DROP; a version's seq is not. */
static bool same_schema(const struct version *a, const struct version *b)
{
	enum { COOKIE_AT = 40 };

	return a->exists && b->exists && memcmp(a->db_id, b->db_id, ID_LEN) == 0 &&
	       a->n_restores == b->n_restores &&
	       memcmp(a->header + COOKIE_AT, b->header + COOKIE_AT, 4) == 0;
}

/* Whoever has read anything may remember a schema whose cookie is used again behind a restore. */
static void poison_users_locked(struct db *db)
{
	for (struct user *u = db->users; u != NULL; u = u->next)
		if (atomic_load(&u->seq) != 0)
			atomic_store(&u->poisoned, true);
}

bool db_publish_locked(struct db *db, struct version *v, const pgno_t *pgnos,
		       struct page_ref *refs, size_t n, bool durable)
{
	struct version *last = db->newest;

	assert(mutex_held(&db->lock) && v->lsn > (durable ? last->lsn : db->durable->lsn));
	assert(!durable || db->durable == last);
	bool restored = v->n_restores != 0;
	v->n_restores = (uint8_t)(v->n_restores + last->n_restores);
	v->seq = db->next_seq++;
	v->schema_seq = same_schema(last, v) ? last->schema_seq : v->seq;
	v->settled = durable;
	v->elsewhere = v->table != last->table;
	for (size_t i = 0; i < n && !v->elsewhere; i++)
		v->elsewhere = refs[i].encoding != PAGE_ZERO && refs[i].encoding != PAGE_MEMORY &&
			       refs[i].object != v->lsn;
	if (v->table == last->table) {
		size_t grown = v->page_count > last->page_count ?
				       v->page_count - last->page_count :
				       0;
		/* nobody but us looks at it, and nobody at an older one: no undo */
		bool undo = !durable || last->older != NULL || last->pins > 2;
		size_t next = 0;

		if ((grown > 0 && !page_table_reserve(v->table, v->page_count)) ||
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
	v->pins = 2; /* published, the caller */
	db->newest = v;
	if (durable)
		db_durable_locked(db, v);
	if (restored)
		poison_users_locked(db);
	db_unpin_locked(db, last);
	return true;
}

void db_durable_locked(struct db *db, struct version *v)
{
	struct version *before = db->durable;

	assert(mutex_held(&db->lock) && !v->lost && before->seq < v->seq);
	relocate_note_locked(db, v);
	v->settled = true;
	v->pins++;
	db->durable = v;
	if (db->doubt != NULL && db->doubt->lsn <= v->lsn) {
		/* whoever won, it is decided */
		log_info(NULL, "commit db=%s lsn=%" PRIu64 " was in doubt: %s", db->name,
			 db->doubt->lsn,
			 db->doubt->lsn < v->lsn ? "others went on" :
			 memcmp(db->doubt->nonce, v->nonce, ID_LEN) == 0 ? "committed" : "lost");
		doubt_free(db->doubt);
		db->doubt = NULL;
	}
	staged_free(v->staged);
	v->staged = NULL;
	db_unpin_locked(db, before);
}

static void put_back(void *arg, pgno_t pgno, const struct page_ref *ref)
{
	page_table_set(arg, pgno, ref);
}

void db_rewind_locked(struct db *db)
{
	struct version *keep = db->durable;

	assert(mutex_held(&db->lock));
	if (keep == db->newest)
		return;
	/* first the marks: who reads the table and then finds no mark has read nothing of this */
	for (struct version *v = keep->newer; v != NULL; v = v->newer)
		atomic_store(&v->lost, true);
	for (struct user *u = db->users; u != NULL; u = u->next)
		if (atomic_load(&u->seq) > keep->seq)
			atomic_store(&u->poisoned, true);
	for (struct version *v = db->newest; v != keep; v = v->older)
		undo_each(&v->older->undo, put_back, v->table);
	undo_free(&keep->undo);
	while (keep->newer != NULL) {
		struct version *v = keep->newer;

		assert(v->table == keep->table);
		keep->newer = v->newer;
		v->newer = v->older = NULL;
		if (v == db->newest)
			v->pins--;
		if (v->pins == 0)
			version_free(v);
	}
	keep->pins++;
	db->newest = keep;
	db->pending_bytes = 0;
}

static bool named_locked(const struct db *db, uint64_t lsn, uint64_t object)
{
	enum { LOOK_BACK = 32 }; /* one slot after another names the same few */

	for (size_t i = db->n_named; i > 0 && db->n_named - i < LOOK_BACK; i--)
		if (db->named[i - 1].object == object) {
			db->named[i - 1].lsn = lsn;
			return true;
		}
	return false;
}

bool db_name_objects_locked(struct db *db, uint64_t lsn, const uint64_t *objects, size_t n)
{
	bool ok = true;

	assert(mutex_held(&db->lock));
	for (size_t i = 0; ok && i < n; i++) {
		if (named_locked(db, lsn, objects[i]))
			continue;
		if (db->n_named == db->cap_named) {
			size_t cap = db->cap_named == 0 ? 64 : db->cap_named * 2;
			void *grown = realloc(db->named, cap * sizeof(db->named[0]));

			ok = grown != NULL;
			if (!ok)
				break;
			db->named = grown;
			db->cap_named = cap;
		}
		db->named[db->n_named++] = (struct named_object){ lsn, objects[i] };
	}
	return ok;
}
