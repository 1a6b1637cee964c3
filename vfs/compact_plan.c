/*
 * compact_plan.c - which pages compaction writes anew
 *
 * README.md, "Compaction", states the rules and what they bound.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/compact_plan.h"

#include <stdlib.h>

enum {
	EXTENT = MANIFEST_CHUNK_PAGES,
	PIECES_MAX = 24,  /* objects that an extent lies in */
	PIECES_MERGED = 18,
};

struct planning {
	struct db *db;
	const struct version *v;
	uint64_t budget;
	uint64_t *live;   /* bytes of pages in an object of the table, by number */
	uint32_t n_objects;
	struct compact_plan *plan;

	/* of one extent */
	pgno_t first;
	uint32_t n;
	struct page_ref refs[EXTENT];
	struct piece {
		uint64_t object;
		uint32_t n;
	} pieces[EXTENT];
	uint32_t n_pieces;
	uint32_t n_stored; /* pages that are not zero */
	uint64_t bytes;    /* that they take */
};

void compact_plan_free(struct compact_plan *plan)
{
	free(plan->why);
	*plan = (struct compact_plan){ NULL, 0 };
}

static bool in_table(const struct page_ref *r)
{
	return r->encoding != PAGE_ZERO && (r->object & OBJECT_TABLE_BIT) != 0;
}

/* What a manifest cannot tell: the database's own slots, and deltas wherever they lie. */
static bool must_fold(const struct page_ref *r)
{
	return r->encoding != PAGE_ZERO &&
	       (!in_table(r) || (r->encoding != PAGE_RAW && r->encoding != PAGE_ZSTD &&
				 !page_is_summed(r->encoding)));
}

static bool count_live(struct planning *p)
{
	p->n_objects = objects_count(&p->db->objects);
	p->live = calloc((size_t)p->n_objects + 1, sizeof(p->live[0]));
	if (p->live == NULL)
		return false;
	for (uint64_t pgno = 1; pgno <= p->v->page_count; pgno++) {
		struct page_ref r = db_page_ref(p->db, p->v, (pgno_t)pgno);

		if (in_table(&r) && (r.object & ~OBJECT_TABLE_BIT) < p->n_objects)
			p->live[r.object & ~OBJECT_TABLE_BIT] += r.len;
	}
	return true;
}

/* Is more than half of the object dead, and ours to delete? */
static bool is_sparse(struct planning *p, uint64_t object)
{
	struct manifest_object o;

	if ((object & OBJECT_TABLE_BIT) == 0 || (object & ~OBJECT_TABLE_BIT) >= p->n_objects)
		return false;
	objects_get(&p->db->objects, object, &o);
	return o.kind == OBJECT_SEGMENT && o.origin == 0 && o.size != 0 &&
	       p->live[object & ~OBJECT_TABLE_BIT] * 2 < o.size;
}

static int by_object(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->object < y->object ? -1 : x->object > y->object;
}

static int by_size(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

/* Which objects the extent lies in, the smallest part first. */
static void find_pieces(struct planning *p)
{
	uint32_t n = 0;

	p->n_stored = 0;
	p->bytes = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct page_ref *r = &p->refs[i];

		if (r->encoding == PAGE_ZERO)
			continue;
		p->n_stored++;
		p->bytes += r->len;
		if (n > 0 && p->pieces[n - 1].object == r->object)
			p->pieces[n - 1].n++;
		else
			p->pieces[n++] = (struct piece){ r->object, 1 };
	}
	qsort(p->pieces, n, sizeof(p->pieces[0]), by_object);
	p->n_pieces = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (p->n_pieces > 0 && p->pieces[p->n_pieces - 1].object == p->pieces[i].object)
			p->pieces[p->n_pieces - 1].n += p->pieces[i].n;
		else
			p->pieces[p->n_pieces++] = p->pieces[i];
	}
	qsort(p->pieces, p->n_pieces, sizeof(p->pieces[0]), by_size);
}

static void mark_object(struct planning *p, uint64_t object)
{
	uint8_t *why = p->plan->why + p->first;

	for (uint32_t i = 0; i < p->n; i++)
		if (p->refs[i].encoding != PAGE_ZERO && p->refs[i].object == object)
			why[i] |= FOLD_MAY;
}

static void take(struct planning *p, uint32_t n)
{
	p->budget -= n < p->budget ? n : p->budget;
}

static void plan_pieces(struct planning *p)
{
	uint32_t n_merged = 0;

	if (p->n_pieces > PIECES_MAX && p->budget > 0)
		n_merged = p->n_pieces - (PIECES_MAX - PIECES_MERGED);
	for (uint32_t i = 0; i < p->n_pieces && p->budget > 0; i++)
		if (i < n_merged || is_sparse(p, p->pieces[i].object)) {
			mark_object(p, p->pieces[i].object);
			take(p, p->pieces[i].n);
		}
}

/* Does half of it lie outside of as many objects as it would fill? */
static bool is_scattered(const struct planning *p)
{
	uint64_t homes = p->bytes / SEGMENT_TARGET + 1;
	uint32_t outside = 0;

	if (p->n_pieces <= homes)
		return false;
	for (uint32_t i = 0; i < p->n_pieces - homes; i++)
		outside += p->pieces[i].n;
	return outside * 2 >= p->n_stored;
}

static void plan_extent(struct planning *p)
{
	uint8_t *why = p->plan->why + p->first;

	for (uint32_t i = 0; i < p->n; i++) {
		p->refs[i] = db_page_ref(p->db, p->v, p->first + i);
		if (must_fold(&p->refs[i]))
			why[i] = FOLD_SLOT;
	}
	find_pieces(p);
	if (p->budget > 0 && is_scattered(p)) {
		for (uint32_t i = 0; i < p->n; i++)
			if (p->refs[i].encoding != PAGE_ZERO)
				why[i] |= FOLD_EXTENT;
		take(p, p->n_stored);
	} else {
		plan_pieces(p);
	}
	for (uint32_t i = 0; i < p->n; i++)
		p->plan->n_pages += why[i] != 0;
}

bool compact_plan(struct db *db, const struct version *v, uint64_t budget, struct compact_plan *out)
{
	struct planning *p = calloc(1, sizeof(*p));
	bool ok;

	out->why = calloc((size_t)v->page_count + 1, 1);
	if (p == NULL || out->why == NULL) {
		free(p);
		return false;
	}
	p->db = db;
	p->v = v;
	p->budget = budget;
	p->plan = out;
	ok = count_live(p);
	for (uint64_t first = 1; ok && first <= v->page_count; first += EXTENT) {
		uint64_t left = v->page_count - first + 1;

		p->first = (pgno_t)first;
		p->n = left < EXTENT ? (uint32_t)left : EXTENT;
		plan_extent(p);
	}
	free(p->live);
	free(p);
	return ok;
}
