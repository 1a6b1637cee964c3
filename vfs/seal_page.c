/*
 * seal_page.c - one page of a transaction, in the shortest form in which it can be stored
 *
 * FORMAT   README.md, "Deltas".
 * Licence: MIT, see LICENSE.
 */
#include "vfs/seal_parts.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/delta.h"

/*
 * Parts of a page.  No delta is longer than MAX, no easy one than EASY; up to SMALL it is
 * taken without trying the page by itself, otherwise if it saves a part of that.
 */
enum { DELTA_MAX_PART = 2, DELTA_EASY_PART = 8, DELTA_SMALL_PART = 4, DELTA_SAVES_PART = 4 };

/* After so many failures in a row only each of so many pages is tried with its former image. */
enum { VAIN_MAX = 8, VAIN_EACH = 16 };

bool sealer_init(struct sealer *w, struct db *db, const struct version *base, uint32_t page_size,
		 size_t n, struct sealed *s)
{
	bool same_pages = base != NULL && base->page_size == page_size;

	*w = (struct sealer){ .db = db, .page_size = page_size, .s = s };
	w->base = same_pages ? base : NULL;
	w->scratch = malloc(page_size);
	w->delta = malloc(page_size);
	s->pgnos = malloc((n + 1) * sizeof(s->pgnos[0]));
	s->entries = malloc((n + 1) * sizeof(s->entries[0]));
	s->bases = malloc((n + 1) * sizeof(s->bases[0]));
	if (same_pages)
		db_reach(db, &w->reach);
	return w->scratch != NULL && w->delta != NULL && s->pgnos != NULL &&
	       s->entries != NULL && s->bases != NULL;
}

void sealer_deinit(struct sealer *w)
{
	free(w->scratch);
	free(w->delta);
}

/*
 * The image to make a delta against, counted, and where it lies: what the page was
 * before, or the base that this was made against.  NULL: there is none at hand.
 */
static struct image *base_of(struct sealer *w, const struct page_ref *ref, struct image *previous,
			     struct image_base *at)
{
	struct image *image = previous;

	if (!reach_allows(&w->reach, ref))
		return NULL;
	if (page_is_delta(ref->encoding)) {
		*at = previous->base;
		image = at->object != 0 ? cache_peek(w->db->uid, at->object, at->offset) : NULL;
		if (image == NULL || image->size != w->page_size) {
			image_unref(image);
			return NULL;
		}
		/* no reader asks for it any more, but the next commit will */
		atomic_store_explicit(&image->hot, true, memory_order_relaxed);
		return image;
	}
	*at = (struct image_base){
		.object = ref->object,
		.offset = ref->offset,
		.len = ref->len,
		.sum = ref->sum,
		.encoding = ref->encoding,
	};
	image_ref(image);
	return image;
}

/*
 * A page that is added to again and again has a delta that grows with each commit:
 * once that has cost as much as the page itself, this is written whole.
 */
static bool outgrown(const struct sealer *w, const uint8_t *image, const struct image *previous,
		     const struct page_entry *e, struct image_base *at)
{
	size_t len = e->len - DELTA_OVERHEAD, step;

	if (!delta_encode(previous->data, image, w->page_size, w->scratch, len, &step))
		return false;
	at->spent += (uint32_t)(len - step);
	return at->spent > at->len;
}

/* Into w->delta; hard: whatever it takes, otherwise only if it is easy. */
static bool make_delta(struct sealer *w, pgno_t pgno, const uint8_t *image,
		       const struct page_ref *ref, struct image *previous, bool hard,
		       struct page_entry *e, struct image_base *at)
{
	size_t room = w->page_size / (hard ? DELTA_MAX_PART : DELTA_EASY_PART);
	struct page_base base = { .entry = { .offset = 0 } };
	struct image *base_image = base_of(w, ref, previous, at);
	bool made = false;

	if (base_image == NULL)
		return false;
	objects_get(&w->db->objects, at->object, &base.object);
	base.entry.offset = at->offset;
	base.entry.encoding = at->encoding;
	base.entry.len = at->len;
	base.entry.sum = at->sum;
	made = page_encode_delta(pgno, image, &base, base_image->data, w->page_size, hard,
				 w->delta, room, e);
	if (made && base_image != previous)
		made = !outgrown(w, image, previous, e, at);
	image_unref(base_image);
	return made;
}

/* What the page was, counted, and where it lies.  NULL: it was not there, or zero, or is not in memory. */
static struct image *image_before(struct sealer *w, pgno_t pgno, struct page_ref *ref)
{
	if (w->base == NULL || pgno > w->base->page_count)
		return NULL;
	*ref = db_page_ref(w->db, w->base, pgno);
	return ref->encoding != PAGE_ZERO ? cache_peek(w->db->uid, ref->object, ref->offset) : NULL;
}

bool page_unchanged(struct sealer *w, pgno_t pgno, const uint8_t *image)
{
	struct page_ref ref;
	struct image *before = image_before(w, pgno, &ref);
	bool same = before != NULL && memcmp(before->data, image, w->page_size) == 0;

	image_unref(before);
	return same;
}

/*
 * Where a table is filled anew the pages have nothing in common with what they were,
 * and zstd would be asked in vain about each.
 */
static bool hope(const struct sealer *w)
{
	return w->in_vain < VAIN_MAX || w->in_vain % VAIN_EACH == 0;
}

/*
 * Append the page by itself, unless the delta (NULL: none) is so much shorter that a
 * reader may read twice.  True: the delta.
 */
static bool put_shorter(struct sealer *w, pgno_t pgno, const uint8_t *image,
			const struct page_entry *delta, const struct image_base *at)
{
	struct sealed *s = w->s;
	struct page_entry *e = &s->entries[s->n];
	size_t before = s->pages.len;
	bool take = delta != NULL && delta->len <= w->page_size / DELTA_SMALL_PART;

	if (!take) {
		page_encode(pgno, image, w->page_size, PACK_QUICK, w->scratch, &s->pages, e);
		take = delta != NULL && delta->len < e->len - e->len / DELTA_SAVES_PART;
	}
	s->bases[s->n].object = 0;
	if (take) {
		s->pages.len = before;
		*e = *delta;
		e->offset = (uint32_t)before;
		buf_put(&s->pages, w->delta, delta->len);
		s->bases[s->n] = *at;
	}
	s->pgnos[s->n++] = pgno;
	return take;
}

void seal_page(struct sealer *w, pgno_t pgno, const uint8_t *image)
{
	struct page_ref ref;
	struct image *previous = image_before(w, pgno, &ref);
	struct image_base at;
	struct page_entry delta;
	bool made = false;

	if (previous == NULL || memcmp(previous->data, image, w->page_size) != 0) {
		if (previous != NULL)
			made = make_delta(w, pgno, image, &ref, previous, hope(w), &delta, &at);
		bool taken = put_shorter(w, pgno, image, made ? &delta : NULL, &at);
		if (previous != NULL)
			w->in_vain = taken ? 0 : w->in_vain + 1;
	}
	image_unref(previous);
}
