/*
 * seal.c - the pages of a transaction, in the form in which they are stored
 * Licence: MIT, see LICENSE.
 */
#include "vfs/seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "vfs/cache.h"
#include "vfs/delta.h"
#include "vfs/overlay.h"

enum { SEGMENTS_AT_ONCE = 4 };

#define SEGMENT_TARGET ((size_t)4 << 20)

void sealed_free(struct sealed *s)
{
	free(s->pgnos);
	free(s->entries);
	free(s->bases);
	buf_free(&s->pages);
	free(s->objects);
}

/* ---- one page ---- */

struct sealer {
	struct db *db;
	const struct version *base; /* NULL: nothing of it is left */
	struct reach reach;
	uint32_t page_size;
	uint8_t *scratch, *delta;   /* page_size bytes each */
	struct sealed *s;
};

/* Room for n pages.  False: no memory. */
static bool sealer_init(struct sealer *w, struct db *db, const struct version *base,
			uint32_t page_size, size_t n, struct sealed *s)
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

static void sealer_deinit(struct sealer *w)
{
	free(w->scratch);
	free(w->delta);
}

/* Parts of a page: no delta is longer, and one that is shorter is taken without a look at the whole page. */
enum { DELTA_MAX_PART = 2, DELTA_SMALL_PART = 16 };

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

/* Into w->delta. */
static bool make_delta(struct sealer *w, pgno_t pgno, const uint8_t *image,
		       const struct page_ref *ref, struct image *previous, struct page_entry *e,
		       struct image_base *at)
{
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
	made = page_encode_delta(pgno, image, &base, base_image->data, w->page_size, w->delta,
				 w->page_size / DELTA_MAX_PART, e);
	if (made && base_image != previous)
		made = !outgrown(w, image, previous, e, at);
	image_unref(base_image);
	return made;
}

/* Append the page as it is shortest; it is left out if it is what it was. */
static void seal_page(struct sealer *w, pgno_t pgno, const uint8_t *image)
{
	struct sealed *s = w->s;
	struct page_ref ref = { .encoding = PAGE_ZERO };
	struct image *previous = NULL;
	struct image_base at;
	struct page_entry delta;
	bool made = false;

	if (w->base != NULL && pgno <= w->base->page_count)
		ref = db_page_ref(w->db, w->base, pgno);
	if (ref.encoding != PAGE_ZERO)
		previous = cache_peek(w->db->uid, ref.object, ref.offset);
	if (previous != NULL && memcmp(previous->data, image, w->page_size) == 0) {
		image_unref(previous);
		return;
	}
	if (previous != NULL)
		made = make_delta(w, pgno, image, &ref, previous, &delta, &at);
	image_unref(previous);
	struct page_entry *e = &s->entries[s->n];
	size_t before = s->pages.len;
	bool small = made && delta.len <= w->page_size / DELTA_SMALL_PART;
	if (!small)
		page_encode(pgno, image, w->page_size, w->scratch, &s->pages, e);
	s->bases[s->n].object = 0;
	if (small || (made && delta.len < e->len)) {
		s->pages.len = before;
		*e = delta;
		e->offset = (uint32_t)before;
		buf_put(&s->pages, w->delta, delta.len);
		s->bases[s->n] = at;
	}
	s->pgnos[s->n++] = pgno;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* List the objects of the bases, each once.  False: no memory. */
static bool list_bases(struct db *db, struct sealed *s)
{
	uint64_t *numbers = malloc((s->n + 1) * sizeof(numbers[0]));
	size_t n = 0;

	if (numbers == NULL)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->bases[i].object != 0)
			numbers[n++] = s->bases[i].object;
	qsort(numbers, n, sizeof(numbers[0]), compare_numbers);
	s->objects = malloc((n + 1) * sizeof(s->objects[0]));
	for (size_t i = 0; i < n && s->objects != NULL; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			objects_get(&db->objects, numbers[i], &s->objects[s->n_objects++]);
	free(numbers);
	return s->objects != NULL;
}

/* ---- segments ---- */

/* A segment on its way to the store. */
struct upload {
	pthread_t thread;
	bool running;
	struct db *db;
	char key[KEY_MAX];
	struct buf body;
	enum blob_rc rc;
	struct error err;
};

static void *upload_run(void *arg)
{
	struct upload *u = arg;

	u->rc = blob_create(u->db->store, u->key, &u->body, NULL, &u->err);
	traffic_put(&u->db->traffic, u->body.len);
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

/* Pages come from a source, or an overlay: as they are staged, or cut anew out of a flat one. */
static bool read_staged(const struct commit_request *r, pgno_t pgno, uint8_t *out,
			struct error *err)
{
	struct overlay *o = r->overlay;

	if (r->source != NULL)
		return r->source->read(r->source, pgno, out, err);
	if (o->flat)
		return overlay_read(o, (uint64_t)(pgno - 1) * r->page_size, out, r->page_size, err);
	return overlay_get(o, pgno, out, err);
}

/* Encode pages until they are too many for the commit object. */
static bool seal_inline(struct sealer *w, const struct commit_request *r, const pgno_t *pgnos,
			size_t n, uint8_t *image, bool *fits, struct error *err)
{
	struct sealed *s = w->s;

	buf_init(&s->pages, SEAL_INLINE_MAX + 2 * PAGE_SIZE_MAX);
	*fits = true;
	for (size_t i = 0; i < n && *fits; i++) {
		if (!read_staged(r, pgnos[i], image, err))
			return false;
		seal_page(w, pgnos[i], image);
		if (s->pages.failed)
			return error_no_memory(err);
		*fits = s->pages.len <= SEAL_INLINE_MAX;
	}
	return *fits ? list_bases(w->db, s) || error_no_memory(err) : true;
}

static enum vfs_rc seal_segments(struct db *db, const struct commit_request *r,
				 const uint8_t db_id[ID_LEN], struct sealed *s, uint8_t *image,
				 uint8_t *scratch, struct error *err)
{
	struct upload uploads[SEGMENTS_AT_ONCE] = { { .running = false } };
	enum vfs_rc rc = VFS_OK;
	size_t i = 0;

	while (i < s->n && rc == VFS_OK) {
		struct upload *u = &uploads[s->n_objects % SEGMENTS_AT_ONCE];
		size_t first = i;

		if (!upload_join(u, &rc, err))
			break;
		struct manifest_object *grown =
			realloc(s->objects, ((size_t)s->n_objects + 1) * sizeof(*grown));
		if (grown == NULL) {
			error_no_memory(err);
			rc = VFS_IO;
			break;
		}
		s->objects = grown;
		struct manifest_object *o = &s->objects[s->n_objects++];
		*o = (struct manifest_object){ .kind = OBJECT_SEGMENT };
		random_bytes(o->id, ID_LEN);
		s->n_segments++;
		u->db = db;
		u->err = (struct error)ERROR_INIT;
		key_segment(u->key, db->folder, o->id);
		buf_init(&u->body, SEGMENT_MAX);
		segment_put_head(&u->body, db_id, o->id);
		for (; i < s->n && u->body.len < SEGMENT_TARGET; i++) {
			if (!read_staged(r, s->pgnos[i], image, err)) {
				rc = VFS_IO;
				break;
			}
			page_encode_summed(s->pgnos[i], image, r->page_size, o->id, scratch,
					   &u->body, &s->entries[i]);
		}
		segment_put_index(&u->body, s->pgnos + first, s->entries + first,
				  (uint32_t)(i - first));
		o->size = (uint32_t)u->body.len;
		for (size_t k = first; k < i; k++)
			s->entries[k].object =
				s->entries[k].encoding == PAGE_ZERO ? 0 : s->n_objects;
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

/* The numbers of staged pages; the caller frees them. */
static bool staged_pages(const struct commit_request *r, pgno_t **pgnos, size_t *n,
			 struct error *err)
{
	if (r->source == NULL && !r->overlay->flat)
		return overlay_pages(r->overlay, r->page_count, pgnos, n, err);
	*n = r->page_count;
	*pgnos = malloc((*n + 1) * sizeof((*pgnos)[0]));
	if (*pgnos == NULL)
		return error_no_memory(err);
	for (size_t i = 0; i < *n; i++)
		(*pgnos)[i] = (pgno_t)(i + 1);
	return true;
}

enum vfs_rc seal(struct db *db, const struct commit_request *r, const uint8_t db_id[ID_LEN],
		 struct sealed *s, struct error *err)
{
	const struct version *base = r->kind == COMMIT_NORMAL ? r->base : NULL;
	struct sealer w = { .db = db };
	uint8_t *image = NULL;
	pgno_t *pgnos = NULL;
	enum vfs_rc rc = VFS_IO;
	bool fits;
	size_t n;

	if (r->overlay == NULL && r->source == NULL)
		return VFS_OK;
	if (!staged_pages(r, &pgnos, &n, err))
		return VFS_IO;
	image = malloc(PAGE_SIZE_MAX);
	if (image == NULL || !sealer_init(&w, db, base, r->page_size, n, s)) {
		error_no_memory(err);
	} else if (seal_inline(&w, r, pgnos, n, image, &fits, err)) {
		rc = VFS_OK;
		if (!fits) {
			buf_free(&s->pages);
			memcpy(s->pgnos, pgnos, n * sizeof(pgnos[0]));
			memset(s->bases, 0, n * sizeof(s->bases[0]));
			s->n = n;
			rc = seal_segments(db, r, db_id, s, image, w.scratch, err);
		}
	}
	sealer_deinit(&w);
	free(pgnos);
	free(image);
	return rc;
}

enum vfs_rc seal_pages(struct db *db, const struct version *base, const struct staged_page *pages,
		       size_t n, uint32_t page_size, struct sealed *s, struct error *err)
{
	struct sealer w;
	bool ok = sealer_init(&w, db, base, page_size, n, s);

	buf_init(&s->pages, COMMIT_MAX);
	for (size_t i = 0; ok && i < n; i++) {
		if (pages[i].image != NULL) {
			seal_page(&w, pages[i].pgno, pages[i].image->data);
			continue;
		}
		s->bases[s->n].object = 0;
		s->entries[s->n] = (struct page_entry){ .encoding = PAGE_ZERO };
		s->pgnos[s->n++] = pages[i].pgno;
	}
	ok = ok && !s->pages.failed && list_bases(db, s);
	sealer_deinit(&w);
	if (ok)
		return VFS_OK;
	error_no_memory(err);
	return VFS_IO;
}
