/*
 * compact_read.c - the pages that compaction writes anew, many at a time
 *
 * All places are known beforehand.  They are sorted, and what lies near each other is one
 * GET.  A delta takes a second round, for its base.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/compact_read.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/cache.h"
#include "vfs/fetch.h"
#include "vfs/rebuild.h"

enum {
	THREADS_MAX = 8,
	RUNS_A_THREAD = 4,   /* fewer are not worth one more */
	GAP_MAX = 128 << 10, /* bytes that are read in vain rather than to make another GET */
	RUN_MAX = 2 << 20,
};

/* What is read, and for which of the pages. */
struct wanted {
	struct page_ref ref;
	size_t page;
};

/* Neighbours: one GET. */
struct run {
	size_t first, n; /* of the wanted */
	uint64_t from, to;
};

struct reading {
	struct db *db;
	const struct version *v;
	const pgno_t *pgnos;
	struct wanted *wanted;
	size_t n_wanted;
	struct run *runs;
	size_t n_runs;
	_Atomic size_t next;    /* run that nobody makes yet */
	struct image **read;    /* by page: what was wanted of it, counted, or NULL */
};

static struct page_entry entry_of(const struct page_ref *r)
{
	return (struct page_entry){
		.offset = r->offset,
		.len = r->len,
		.sum = r->sum,
		.encoding = r->encoding,
	};
}

static int by_place(const void *a, const void *b)
{
	const struct page_ref *x = &((const struct wanted *)a)->ref;
	const struct page_ref *y = &((const struct wanted *)b)->ref;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void plan_runs(struct reading *r)
{
	r->n_runs = 0;
	qsort(r->wanted, r->n_wanted, sizeof(r->wanted[0]), by_place);
	for (size_t i = 0; i < r->n_wanted; i++) {
		const struct page_ref *ref = &r->wanted[i].ref;
		uint64_t end = (uint64_t)ref->offset + ref->len;
		struct run *last = r->n_runs > 0 ? &r->runs[r->n_runs - 1] : NULL;

		if (last == NULL || r->wanted[last->first].ref.object != ref->object ||
		    ref->offset < last->to || ref->offset - last->to > GAP_MAX ||
		    end - last->from > RUN_MAX) {
			last = &r->runs[r->n_runs++];
			*last = (struct run){ .first = i, .from = ref->offset };
		}
		last->n++;
		last->to = end;
	}
}

/* What is missing or damaged is left out. */
static void make_run(struct reading *r, const struct run *run)
{
	struct blob_range range = { .offset = run->from, .len = (size_t)(run->to - run->from) };
	struct buf body = BUF_INIT(range.len);
	char key[KEY_MAX];

	objects_key(&r->db->objects, r->wanted[run->first].ref.object, key);
	enum blob_rc rc = blob_get(r->db->store, key, &range, &body, NULL, NULL);
	for (size_t i = run->first; rc == BLOB_OK && i < run->first + run->n; i++) {
		const struct wanted *w = &r->wanted[i];
		struct page_entry e = entry_of(&w->ref);
		uint64_t at = w->ref.offset - run->from;

		if (at + w->ref.len <= body.len)
			r->read[w->page] = image_of_stored(r->pgnos[w->page], &e,
							   (const uint8_t *)body.data + at,
							   r->v->page_size);
	}
	buf_free(&body);
}

static void *make_runs(void *arg)
{
	struct reading *r = arg;

	for (size_t i; (i = atomic_fetch_add(&r->next, 1)) < r->n_runs;)
		make_run(r, &r->runs[i]);
	return NULL;
}

/* Read what is wanted; nothing is wanted then. */
static void read_wanted(struct reading *r, struct vfs_read_stats *stats)
{
	pthread_t threads[THREADS_MAX];
	size_t n = 0;

	plan_runs(r);
	for (size_t i = 0; i < r->n_runs; i++)
		fetch_count(r->db, r->runs[i].to - r->runs[i].from, stats);
	atomic_store(&r->next, 0);
	while (n < THREADS_MAX && (n + 1) * RUNS_A_THREAD < r->n_runs &&
	       thread_start(&threads[n], "pgblob-compact", 0, make_runs, r, NULL))
		n++;
	(void)make_runs(r);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	r->n_wanted = 0;
}

static void want(struct reading *r, const struct page_ref *ref, size_t page)
{
	/* what this machine's disk has needs no request */
	if (!fetch_on_disk(r->db, r->v, ref))
		r->wanted[r->n_wanted++] = (struct wanted){ *ref, page };
}

/* Of what is stored of a delta, its image if the base is in memory; otherwise that is wanted. */
static struct image *rebuild(struct reading *r, const struct page_ref *ref, size_t page,
			     const struct image *stored, const struct image *base_image,
			     bool may_want)
{
	struct page_entry e = entry_of(ref);
	struct image *peeked = NULL, *image = NULL;
	struct image_base base;

	if (!delta_base(r->db, ref->object, &e, stored->data, r->v->page_size, &base))
		return NULL;
	if (base_image == NULL)
		base_image = peeked = cache_peek(r->db->uid, base.object, base.offset);
	if (base_image != NULL) {
		image = delta_image(r->pgnos[page], &e, stored->data, &base, base_image,
				    r->v->page_size);
	} else if (may_want) {
		struct page_ref at = base_ref(&base);

		want(r, &at, page);
	}
	image_unref(peeked);
	return image;
}

void compact_read(struct db *db, const struct version *v, const pgno_t *pgnos, size_t n,
		  struct image **images, struct vfs_read_stats *stats)
{
	struct reading r = { .db = db, .v = v, .pgnos = pgnos };
	struct page_ref *refs = malloc((n + 1) * sizeof(refs[0]));
	struct image **stored = calloc(n + 1, sizeof(struct image *));

	r.wanted = malloc((n + 1) * sizeof(r.wanted[0]));
	r.runs = malloc((n + 1) * sizeof(r.runs[0]));
	r.read = calloc(n + 1, sizeof(struct image *));
	memset(images, 0, n * sizeof(images[0]));
	if (refs == NULL || stored == NULL || r.wanted == NULL || r.runs == NULL || r.read == NULL)
		goto out; /* one by one, then */
	for (size_t i = 0; i < n; i++) {
		const struct page_ref *ref = &refs[i];

		refs[i] = db_page_ref(db, v, pgnos[i]);
		images[i] = cache_peek(db->uid, ref->object, ref->offset);
		if (images[i] == NULL && page_is_delta(ref->encoding))
			stored[i] = cache_peek(db->uid, stored_object(ref), ref->offset);
		if (images[i] == NULL && stored[i] == NULL && ref->encoding != PAGE_ZERO)
			want(&r, ref, i);
	}
	read_wanted(&r, stats);
	for (size_t i = 0; i < n; i++) {
		if (images[i] != NULL)
			continue;
		if (stored[i] == NULL && page_is_delta(refs[i].encoding))
			stored[i] = r.read[i];
		else
			images[i] = r.read[i];
		r.read[i] = NULL;
		if (stored[i] != NULL)
			images[i] = rebuild(&r, &refs[i], i, stored[i], NULL, true);
	}
	read_wanted(&r, stats);
	for (size_t i = 0; i < n; i++) {
		if (images[i] == NULL && stored[i] != NULL && r.read[i] != NULL)
			images[i] = rebuild(&r, &refs[i], i, stored[i], r.read[i], false);
		image_unref(r.read[i]);
		image_unref(stored[i]);
	}
out:
	free(refs);
	free(stored);
	free(r.wanted);
	free(r.runs);
	free(r.read);
}
