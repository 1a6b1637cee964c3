/*
 * seal.c - the pages of a transaction, in the form in which they are stored
 * Licence: MIT, see LICENSE.
 */
#include "vfs/seal_parts.h"

#include <stdlib.h>
#include <string.h>

#include "vfs/overlay.h"

/* So many pages tell how large the others will be. */
enum { SAMPLE_PAGES = 64 };

void sealed_free(struct sealed *s)
{
	free(s->pgnos);
	free(s->entries);
	free(s->bases);
	buf_free(&s->pages);
	free(s->objects);
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

/* Pages come from a source, or an overlay: as they are staged, or cut anew out of a flat one. */
bool read_staged(const struct commit_request *r, pgno_t pgno, uint8_t *out, struct error *err)
{
	struct overlay *o = r->overlay;

	if (r->source != NULL)
		return r->source->read(r->source, pgno, out, err);
	if (o->flat)
		return overlay_read(o, (uint64_t)(pgno - 1) * r->page_size, out, r->page_size, err);
	return overlay_get(o, pgno, out, err);
}

/* Of n pages so many have been sealed: are they too many for the commit object, or clearly will be? */
static bool too_many(const struct sealed *s, size_t done, size_t n)
{
	if (s->pages.len > SEAL_INLINE_MAX)
		return true;
	return done >= SAMPLE_PAGES && s->pages.len * n > 2 * SEAL_INLINE_MAX * done;
}

/* Encode pages until they are too many for the commit object; *done tells how many were. */
static bool seal_inline(struct sealer *w, const struct commit_request *r, const pgno_t *pgnos,
			size_t n, size_t *done, struct error *err)
{
	uint8_t *image = malloc(w->page_size);
	struct sealed *s = w->s;
	bool ok = image != NULL || error_no_memory(err);

	buf_init(&s->pages, SEAL_INLINE_MAX + 2 * PAGE_SIZE_MAX);
	for (*done = 0; ok && *done < n && !too_many(s, *done, n); ++*done) {
		ok = read_staged(r, pgnos[*done], image, err);
		if (ok)
			seal_page(w, pgnos[*done], image);
		if (ok && s->pages.failed)
			ok = error_no_memory(err);
	}
	free(image);
	return ok;
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
	pgno_t *pgnos = NULL;
	enum vfs_rc rc = VFS_IO;
	size_t n, done;

	if (r->overlay == NULL && r->source == NULL)
		return VFS_OK;
	if (!staged_pages(r, &pgnos, &n, err))
		return VFS_IO;
	if (!sealer_init(&w, db, base, r->page_size, n, s))
		error_no_memory(err);
	else if (seal_inline(&w, r, pgnos, n, &done, err))
		rc = VFS_OK;
	if (rc == VFS_OK && (done < n || s->pages.len > SEAL_INLINE_MAX))
		rc = seal_segments(&w, r, db_id, pgnos, done, n, err);
	else if (rc == VFS_OK)
		rc = list_bases(db, s) || error_no_memory(err) ? VFS_OK : VFS_IO;
	sealer_deinit(&w);
	free(pgnos);
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
