/*
 * whole.c - whole images of pages that a version has as deltas, for a manifest
 * Licence: MIT, see LICENSE.
 */
#include "vfs/whole.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "vfs/cache.h"
#include "vfs/fetch.h"

#define SEGMENT_TARGET ((size_t)4 << 20)

/* A segment while it is filled. */
struct filling {
	struct manifest_object object;
	struct buf body;
	struct page_entry *entries; /* of the pages from `first` on */
	size_t first;
	uint8_t *scratch;
};

static bool add_page(struct whole_pages *w, pgno_t pgno)
{
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 64 : w->cap * 2;
		void *pgnos = realloc(w->pgnos, cap * sizeof(w->pgnos[0]));
		if (pgnos != NULL)
			w->pgnos = pgnos;
		void *refs = realloc(w->refs, cap * sizeof(w->refs[0]));
		if (refs != NULL)
			w->refs = refs;
		if (pgnos == NULL || refs == NULL)
			return false;
		w->cap = cap;
	}
	w->pgnos[w->n++] = pgno;
	return true;
}

/* Find the pages. */
static bool list_pages(struct db *db, const struct version *v, struct whole_pages *w)
{
	for (uint64_t p = 1; p <= v->page_count; p++)
		if (page_is_delta(db_page_ref(db, v, (pgno_t)p).encoding) &&
		    !add_page(w, (pgno_t)p))
			return false;
	return true;
}

static void begin(struct filling *f, const struct version *v)
{
	f->object = (struct manifest_object){ .kind = OBJECT_SEGMENT };
	random_bytes(f->object.id, ID_LEN);
	buf_init(&f->body, SEGMENT_MAX);
	segment_put_head(&f->body, v->db_id, f->object.id);
}

/* Create it; its pages are those up to `end`. */
static enum vfs_rc finish(struct db *db, struct filling *f, struct whole_pages *w, size_t end,
			  struct error *err)
{
	const struct page_entry *entries = f->entries + f->first;
	char key[KEY_MAX];
	uint64_t object;

	segment_put_index(&f->body, w->pgnos + f->first, entries, (uint32_t)(end - f->first));
	if (f->body.failed || !objects_add(&db->objects, &f->object, &object)) {
		error_no_memory(err);
		return VFS_IO;
	}
	key_segment(key, db->folder, f->object.id);
	enum blob_rc put = blob_create(db->store, key, &f->body, NULL, err);
	if (put == BLOB_EXISTS) {
		error_clear(err);
		put = BLOB_OK; /* the id is random: an earlier try of ours */
	}
	for (size_t i = f->first; i < end; i++) {
		const struct page_entry *e = &f->entries[i];

		w->refs[i] = (struct page_ref){
			.object = e->encoding == PAGE_ZERO ? 0 : object,
			.offset = e->offset,
			.len = e->len,
			.sum = e->sum,
			.encoding = e->encoding,
		};
	}
	f->first = end;
	buf_free(&f->body);
	/* a segment in doubt is one that nobody will refer to */
	return put == BLOB_UNKNOWN ? VFS_BUSY : vfs_rc_of_blob(put);
}

static enum vfs_rc fill(struct db *db, const struct version *v, struct filling *f,
			struct whole_pages *w, struct error *err)
{
	struct vfs_read_stats ignored = { 0 };
	enum vfs_rc rc = VFS_OK;

	begin(f, v);
	for (size_t i = 0; i < w->n && rc == VFS_OK; i++) {
		struct page_ref ref = db_page_ref(db, v, w->pgnos[i]);
		struct image *image = cache_peek(db->uid, ref.object, ref.offset);

		if (image == NULL)
			rc = fetch_page(db, v, w->pgnos[i], &ref, &ignored, &image, err);
		if (rc != VFS_OK)
			break;
		page_encode(w->pgnos[i], image->data, v->page_size, f->scratch, &f->body,
			    &f->entries[i]);
		image_unref(image);
		if (f->body.len >= SEGMENT_TARGET) {
			rc = finish(db, f, w, i + 1, err);
			begin(f, v);
		}
	}
	if (rc == VFS_OK && f->first < w->n)
		rc = finish(db, f, w, w->n, err);
	return rc;
}

enum vfs_rc whole_write(struct db *db, const struct version *v, struct whole_pages *w,
			struct error *err)
{
	struct filling f = { .first = 0 };
	enum vfs_rc rc = VFS_IO;

	if (!list_pages(db, v, w)) {
		error_no_memory(err);
		return VFS_IO;
	}
	if (w->n == 0)
		return VFS_OK;
	f.entries = malloc(w->n * sizeof(f.entries[0]));
	f.scratch = malloc(v->page_size);
	if (f.entries == NULL || f.scratch == NULL)
		error_no_memory(err);
	else
		rc = fill(db, v, &f, w, err);
	buf_free(&f.body);
	free(f.entries);
	free(f.scratch);
	return rc;
}

static int compare_pgnos(const void *a, const void *b)
{
	pgno_t x = *(const pgno_t *)a;
	pgno_t y = *(const pgno_t *)b;

	return x < y ? -1 : x > y;
}

struct page_ref whole_ref(struct db *db, const struct version *v, const struct whole_pages *w,
			  pgno_t pgno)
{
	struct page_ref ref = db_page_ref(db, v, pgno);

	if (!page_is_delta(ref.encoding))
		return ref;
	const pgno_t *at = bsearch(&pgno, w->pgnos, w->n, sizeof(pgno), compare_pgnos);
	assert(at != NULL);
	return w->refs[at - w->pgnos];
}

void whole_free(struct whole_pages *w)
{
	free(w->pgnos);
	free(w->refs);
}
