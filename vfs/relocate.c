/*
 * relocate.c - pages that lie somewhere else now, with the same image
 *
 * INVARIANTS
 *   (1) A page is moved only if its image is the one that the manifest tells of: it
 *       lies in a slot up to the manifest's, or in an object that was known by then, and
 *       no slot behind the manifest's has put pages anywhere but into itself before
 *       it was seen: a restore refers to old objects again.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/relocate.h"

#include <string.h>

#include "vfs/cache.h"

enum { AT_ONCE = 256 }; /* pages for which the lock is held */

void relocate_note_locked(struct db *db, const struct version *v)
{
	uint32_t n = objects_count(&db->objects);
	struct known_objects *k = &db->known;

	if (k->n > 0 && k->at[k->n - 1].n_objects == n && !v->elsewhere)
		return;
	if (k->n == ARRAY_LEN(k->at)) {
		k->forgotten_lsn = k->at[0].lsn;
		memmove(k->at, k->at + 1, (k->n - 1) * sizeof(k->at[0]));
		k->n--;
	}
	k->at[k->n].lsn = v->lsn;
	k->at[k->n].seq = v->elsewhere ? v->seq : UINT64_MAX;
	k->at[k->n++].n_objects = n;
}

void relocate_begin(struct db *db)
{
	mutex_lock(&db->lock);
	while (db->compacting)
		cond_wait(&db->changed, &db->lock);
	db->compacting = true;
	mutex_unlock(&db->lock);
}

bool relocate_try_begin(struct db *db)
{
	mutex_lock(&db->lock);
	bool mine = !db->compacting;
	db->compacting = true;
	mutex_unlock(&db->lock);
	return mine;
}

void relocate_end(struct db *db)
{
	mutex_lock(&db->lock);
	db->compacting = false;
	cond_broadcast(&db->changed);
	mutex_unlock(&db->lock);
}

struct unchanged unchanged_since(const struct version *v)
{
	return (struct unchanged){ .lsn = v->lsn, .seq = v->seq, .n_objects = UINT64_MAX };
}

struct unchanged unchanged_since_slot_locked(const struct db *db, uint64_t lsn)
{
	const struct known_objects *k = &db->known;
	struct unchanged u = { .lsn = lsn, .seq = UINT64_MAX };

	if (lsn < k->forgotten_lsn)
		u.seq = 0; /* nothing is known of so long ago */
	for (size_t i = 0; i < k->n; i++) {
		if (k->at[i].lsn <= lsn)
			u.n_objects = k->at[i].n_objects;
		else if (k->at[i].seq <= u.seq)
			u.seq = k->at[i].seq - 1;
	}
	return u;
}

static bool is_unchanged(const struct unchanged *u, const struct page_ref *now)
{
	if (now->encoding == PAGE_ZERO || now->encoding == PAGE_MEMORY || now->seq > u->seq)
		return false;
	if ((now->object & OBJECT_TABLE_BIT) == 0)
		return now->object <= u->lsn;
	return (now->object & ~OBJECT_TABLE_BIT) < u->n_objects;
}

static bool same_place(const struct page_ref *a, const struct page_ref *b)
{
	return a->object == b->object && a->offset == b->offset && a->encoding == b->encoding;
}

/* A page that has changed since: its place comes back if what changed it is lost. */
static void move_in_undo_locked(struct version *v, const struct unchanged *u,
				const struct moved_page *page)
{
	for (struct version *w = v; w != NULL && w->table == v->table; w = w->newer) {
		struct page_ref *ref = undo_at(&w->undo, page->pgno);

		if (ref == NULL)
			continue;
		if (is_unchanged(u, ref)) {
			uint64_t seq = ref->seq;

			*ref = page->ref;
			ref->seq = seq;
		}
		return;
	}
}

/* Its image, if it is in memory, is found under the new place, too. */
static void move_locked(struct db *db, struct version *v, const struct page_ref *from,
			const struct moved_page *page)
{
	struct page_ref ref = page->ref;

	ref.seq = from->seq;
	page_table_set(v->table, page->pgno, &ref);
	if (ref.encoding != PAGE_ZERO)
		cache_rename(db->uid, from->object, from->offset, ref.object, ref.offset);
}

void relocate(struct db *db, struct version *v, const struct unchanged *u,
	      const struct moved_page *pages, size_t n)
{
	for (size_t first = 0; first < n; first += AT_ONCE) {
		size_t end = n - first < AT_ONCE ? n : first + AT_ONCE;

		mutex_lock(&db->lock);
		for (size_t i = first; i < end; i++) {
			struct page_ref now = page_table_get(v->table, pages[i].pgno);

			if (!is_unchanged(u, &now))
				move_in_undo_locked(v, u, &pages[i]);
			else if (!same_place(&now, &pages[i].ref))
				move_locked(db, v, &now, &pages[i]);
		}
		mutex_unlock(&db->lock);
	}
}
