/*
 * prefetch.c - what a handle will read next
 *
 * Nothing here is needed for an answer to be right: pages are looked at as they
 * lie in memory, numbers in them are taken with care, and a guess that is wrong
 * costs a request.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/prefetch.h"

#include <string.h>

#include "base/bytes.h"
#include "vfs/cache.h"
#include "vfs/fetch.h"

enum {
	WINDOW_MIN = 16,          /* pages */
	AHEAD_BYTES_MAX = 16 << 20,
	SKIP_MAX = 32,            /* children that were in memory already, and passed unseen */
	SEQUENCE_GAP = 4,
	SEQUENCE_MIN = 4,         /* steps before it is believed */
	SIBLINGS = 4,             /* interior pages asked for at once */
};

static const uint8_t *node_of(const uint8_t *page, pgno_t pgno)
{
	return page + (pgno == 1 ? PAGE_HEADER_LEN : 0);
}

/* 0: not an interior page. */
static uint32_t n_children(const uint8_t *page, uint32_t page_size, pgno_t pgno)
{
	const uint8_t *node = node_of(page, pgno);
	uint32_t n = get_u16(node + 3);

	if ((node[0] != 2 && node[0] != 5) || 12 + 2 * n > page_size - PAGE_HEADER_LEN)
		return 0;
	return n + 1;
}

pgno_t prefetch_child(const uint8_t *page, uint32_t page_size, pgno_t pgno, uint32_t i)
{
	const uint8_t *node = node_of(page, pgno);
	uint32_t n = n_children(page, page_size, pgno);
	uint32_t at;

	if (i >= n)
		return 0;
	if (i == n - 1)
		return get_u32(node + 8);
	at = get_u16(node + 12 + 2 * i);
	return at + 4 <= page_size ? get_u32(page + at) : 0;
}

void prefetch_saw_interior(struct prefetch *p, pgno_t pgno)
{
	memmove(p->interior + 1, p->interior, sizeof(p->interior) - sizeof(p->interior[0]));
	p->interior[0] = pgno;
}

/* --- interior pages in memory ---------------------------------------------- */

/* Counted; NULL if it is not there or not an interior page. */
static struct image *interior(struct db *db, const struct version *v, pgno_t pgno)
{
	struct page_ref ref;
	struct image *image;

	if (pgno == 0 || pgno > v->page_count)
		return NULL;
	ref = page_table_get(v->table, pgno);
	if (ref.encoding == PAGE_ZERO || ref.encoding == PAGE_MEMORY)
		return NULL;
	image = cache_peek(db->uid, ref.object, ref.offset);
	if (image != NULL &&
	    (image->size != v->page_size || n_children(image->data, image->size, pgno) == 0)) {
		image_unref(image);
		image = NULL;
	}
	return image;
}

static pgno_t child_of(struct db *db, const struct version *v, pgno_t parent, uint32_t i)
{
	struct image *image = interior(db, v, parent);
	pgno_t child = image != NULL ? prefetch_child(image->data, image->size, parent, i) : 0;

	image_unref(image);
	return child;
}

/* Which child `pgno` is, looking from `first` on at n of them; false if none. */
static bool find_child(struct db *db, const struct version *v, pgno_t parent, pgno_t pgno,
		       uint32_t first, uint32_t n, uint32_t *index)
{
	struct image *image = interior(db, v, parent);
	bool found = false;

	if (image == NULL)
		return false;
	for (uint32_t i = 0; i < n && !found; i++) {
		pgno_t child = prefetch_child(image->data, image->size, parent, first + i);

		if (child == 0 && first + i >= n_children(image->data, image->size, parent))
			break;
		found = child == pgno;
		if (found)
			*index = first + i;
	}
	image_unref(image);
	return found;
}

/* --- walks ----------------------------------------------------------------- */

static void want(const struct version *v, pgno_t pgno, struct fetch_want *wants, size_t *n)
{
	if (pgno == 0 || pgno > v->page_count || *n >= FETCH_AHEAD_MAX)
		return;
	wants[(*n)++] = (struct fetch_want){ pgno, page_table_get(v->table, pgno) };
}

static void want_siblings(struct db *db, const struct version *v, const struct prefetch_spot *s,
			  int direction, struct fetch_want *wants, size_t *n)
{
	for (int64_t k = 1; k <= SIBLINGS; k++) {
		int64_t i = (int64_t)s->grand_index + direction * k;

		if (i >= 0)
			want(v, child_of(db, v, s->grand, (uint32_t)i), wants, n);
	}
}

/*
 * Move to the next child; across the end of the parent too, if the next parent is
 * in memory, otherwise that is asked for.  False: not for now.
 */
static bool spot_move(struct db *db, const struct version *v, struct prefetch_spot *s,
		      int direction, pgno_t *child, struct fetch_want *wants, size_t *n)
{
	struct prefetch_spot next = *s;
	int64_t i = (int64_t)s->index + direction;
	struct image *image;

	*child = i >= 0 ? child_of(db, v, s->parent, (uint32_t)i) : 0;
	if (*child != 0) {
		s->index = (uint32_t)i;
		return true;
	}
	i = (int64_t)s->grand_index + direction;
	if (s->grand == 0 || i < 0)
		return false;
	next.grand_index = (uint32_t)i;
	next.parent = child_of(db, v, s->grand, next.grand_index);
	if (next.parent == 0)
		return false;
	image = interior(db, v, next.parent);
	if (image == NULL) {
		want_siblings(db, v, s, direction, wants, n);
		return false;
	}
	next.index = direction > 0 ? 0 : n_children(image->data, image->size, next.parent) - 1;
	*child = prefetch_child(image->data, image->size, next.parent, next.index);
	image_unref(image);
	if (*child == 0)
		return false;
	*s = next;
	want_siblings(db, v, s, direction, wants, n);
	return true;
}

static uint32_t window_max(const struct version *v)
{
	size_t bytes = cache_limit() / 4;
	uint32_t pages;

	if (bytes > AHEAD_BYTES_MAX)
		bytes = AHEAD_BYTES_MAX;
	pages = (uint32_t)(bytes / v->page_size);
	return pages > WINDOW_MIN ? pages : WINDOW_MIN;
}

/* Is it time to ask for more?  In portions, so that there are few requests. */
static bool run_low(uint32_t ahead, uint32_t window)
{
	return ahead <= window - window / 8;
}

/* Keep `window` children ahead of the walk. */
static void walk_ahead(struct prefetch_walk *w, struct db *db, const struct version *v,
		       struct vfs_read_stats *stats)
{
	struct fetch_want wants[FETCH_AHEAD_MAX];
	size_t n = 0;

	if (w->window < WINDOW_MIN)
		w->window = WINDOW_MIN;
	if (!run_low(w->ahead, w->window))
		return;
	if (w->window < window_max(v))
		w->window *= 2;
	while (w->ahead < w->window && n < FETCH_AHEAD_MAX - SIBLINGS - 1) {
		pgno_t child;

		if (!spot_move(db, v, &w->frontier, w->direction, &child, wants, &n))
			break;
		w->ahead++;
		want(v, child, wants, &n);
	}
	fetch_ahead(db, v, wants, n, stats);
}

static void spot_find_grand(struct prefetch *p, struct db *db, const struct version *v,
			    struct prefetch_spot *s)
{
	s->grand = 0;
	for (size_t i = 0; i < PREFETCH_INTERIOR; i++)
		if (p->interior[i] != s->parent &&
		    find_child(db, v, p->interior[i], s->parent, 0, UINT32_MAX, &s->grand_index)) {
			s->grand = p->interior[i];
			return;
		}
}

/* The walk goes on to `pgno`, or begins there. */
static void walk_step(struct prefetch_walk *w, const struct prefetch_spot *to, int direction,
		      uint32_t steps)
{
	w->at = *to;
	if (direction == w->direction && direction != 0 && w->run >= 2) {
		w->run++;
		if (w->ahead >= steps) {
			w->ahead -= steps;
		} else {
			w->ahead = 0;
			w->frontier = w->at;
		}
		return;
	}
	w->run = direction == 0 ? 1 : 2;
	w->direction = direction;
	w->ahead = 0;
	w->window = 0;
	w->frontier = w->at;
}

/* Does the walk lead to `pgno` with its next steps? */
static bool walk_leads(struct prefetch_walk *w, struct db *db, const struct version *v, pgno_t pgno)
{
	static const int directions[] = { 1, -1 };
	struct fetch_want ignored[SIBLINGS + 1];

	for (size_t d = 0; d < ARRAY_LEN(directions); d++) {
		struct prefetch_spot s = w->at;
		uint32_t most = directions[d] == w->direction ? SKIP_MAX : 1;

		if (w->direction != 0 && w->run > 2 && directions[d] != w->direction)
			continue;
		for (uint32_t steps = 1; steps <= most; steps++) {
			pgno_t child;
			size_t n = FETCH_AHEAD_MAX; /* nothing is taken */

			if (!spot_move(db, v, &s, directions[d], &child, ignored, &n))
				break;
			if (child == pgno) {
				walk_step(w, &s, directions[d], steps);
				return true;
			}
		}
	}
	return false;
}

static bool walk(struct prefetch *p, struct db *db, const struct version *v, pgno_t pgno,
		 struct vfs_read_stats *stats)
{
	struct prefetch_walk *w = &p->walks[0];
	struct prefetch_spot s = { 0 };

	p->clock++;
	for (size_t i = 0; i < PREFETCH_WALKS; i++) {
		w = &p->walks[i];
		if (w->at.parent == 0 || !walk_leads(w, db, v, pgno))
			continue;
		w->used = p->clock;
		walk_ahead(w, db, v, stats);
		return true;
	}
	for (size_t i = 0; i < 2 && s.parent == 0; i++)
		if (find_child(db, v, p->interior[i], pgno, 0, UINT32_MAX, &s.index))
			s.parent = p->interior[i];
	if (s.parent == 0)
		return false;
	spot_find_grand(p, db, v, &s);
	w = &p->walks[0];
	for (size_t i = 1; i < PREFETCH_WALKS; i++)
		if (p->walks[i].used < w->used)
			w = &p->walks[i];
	*w = (struct prefetch_walk){ .used = p->clock };
	walk_step(w, &s, 0, 0);
	return false;
}

/* --- one behind the other -------------------------------------------------- */

static void sequence(struct prefetch *p, struct db *db, const struct version *v, pgno_t pgno,
		     bool walks, struct vfs_read_stats *stats)
{
	struct fetch_want wants[FETCH_AHEAD_MAX];
	pgno_t last = p->last;
	size_t n = 0;

	p->last = pgno;
	if (pgno <= last || pgno - last > SEQUENCE_GAP) {
		p->run = 0;
		p->window = 0;
		p->last_ahead = 0;
		return;
	}
	p->run++;
	if (p->run < SEQUENCE_MIN || walks)
		return;
	if (p->last_ahead < pgno)
		p->last_ahead = pgno;
	if (p->window < WINDOW_MIN)
		p->window = WINDOW_MIN;
	if (!run_low(p->last_ahead - pgno, p->window))
		return;
	if (p->window < window_max(v))
		p->window *= 2;
	while (p->last_ahead < v->page_count && p->last_ahead - pgno < p->window &&
	       n < FETCH_AHEAD_MAX)
		want(v, ++p->last_ahead, wants, &n);
	fetch_ahead(db, v, wants, n, stats);
}

void prefetch_step(struct prefetch *p, struct db *db, const struct version *v, pgno_t pgno,
		   struct vfs_read_stats *stats)
{
	sequence(p, db, v, pgno, walk(p, db, v, pgno, stats), stats);
}
