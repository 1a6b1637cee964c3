/*
 * seal.c - the pages of a transaction, in the form in which they are stored
 * Licence: MIT, see LICENSE.
 */
#include "vfs/seal.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "vfs/cache.h"
#include "vfs/overlay.h"

enum { SEGMENTS_AT_ONCE = 4 };

#define SEGMENT_TARGET ((size_t)4 << 20)

void sealed_free(struct sealed *s)
{
	free(s->pgnos);
	free(s->entries);
	buf_free(&s->pages);
	free(s->objects);
}

/* A segment on its way to the store. */
struct upload {
	pthread_t thread;
	bool running;
	struct blob_store *store;
	char key[KEY_MAX];
	struct buf body;
	enum blob_rc rc;
	struct error err;
};

static void *upload_run(void *arg)
{
	struct upload *u = arg;

	u->rc = blob_create(u->store, u->key, &u->body, NULL, &u->err);
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

/* Pages come from an overlay: as they are staged, or cut anew out of a flat one. */
static bool read_staged(struct overlay *o, uint32_t page_size, pgno_t pgno, uint8_t *out,
			struct error *err)
{
	if (o->flat)
		return overlay_read(o, (uint64_t)(pgno - 1) * page_size, out, page_size, err);
	return overlay_get(o, pgno, out, err);
}

/* Encode pages until they are too many for the commit object. */
static bool seal_inline(const struct commit_request *r, struct sealed *s, uint8_t *image,
			uint8_t *scratch, bool *fits, struct error *err)
{
	buf_init(&s->pages, SEAL_INLINE_MAX + PAGE_SIZE_MAX);
	for (size_t i = 0; i < s->n; i++) {
		if (!read_staged(r->overlay, r->page_size, s->pgnos[i], image, err))
			return false;
		page_encode(s->pgnos[i], image, r->page_size, scratch, &s->pages, &s->entries[i]);
		if (s->pages.failed)
			return error_no_memory(err);
		if (s->pages.len > SEAL_INLINE_MAX) {
			*fits = false;
			buf_free(&s->pages);
			return true;
		}
	}
	*fits = true;
	return true;
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
		u->store = db->store;
		u->err = (struct error)ERROR_INIT;
		key_segment(u->key, db->folder, o->id);
		buf_init(&u->body, SEGMENT_MAX);
		segment_put_head(&u->body, db_id, o->id);
		for (; i < s->n && u->body.len < SEGMENT_TARGET; i++) {
			if (!read_staged(r->overlay, r->page_size, s->pgnos[i], image, err)) {
				rc = VFS_IO;
				break;
			}
			page_encode(s->pgnos[i], image, r->page_size, scratch, &u->body,
				    &s->entries[i]);
		}
		segment_put_index(&u->body, s->pgnos + first, s->entries + first,
				  (uint32_t)(i - first));
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

/* Staged pages, in the form in which they are stored; segments are uploaded. */
enum vfs_rc seal(struct db *db, const struct commit_request *r,
			const uint8_t db_id[ID_LEN], struct sealed *s, struct error *err)
{
	uint8_t *image = NULL;
	uint8_t *scratch = NULL;
	enum vfs_rc rc = VFS_IO;
	bool fits;

	if (r->overlay == NULL)
		return VFS_OK;
	if (r->overlay->flat) {
		s->n = r->page_count;
		s->pgnos = malloc((s->n + 1) * sizeof(s->pgnos[0]));
		if (s->pgnos == NULL)
			goto no_memory;
		for (size_t i = 0; i < s->n; i++)
			s->pgnos[i] = (pgno_t)(i + 1);
	} else if (!overlay_pages(r->overlay, r->page_count, &s->pgnos, &s->n, err)) {
		return VFS_IO;
	}
	s->entries = calloc(s->n + 1, sizeof(s->entries[0]));
	image = malloc(PAGE_SIZE_MAX);
	scratch = malloc(PAGE_SIZE_MAX);
	if (s->entries == NULL || image == NULL || scratch == NULL)
		goto no_memory;
	if (!seal_inline(r, s, image, scratch, &fits, err))
		goto out;
	rc = fits ? VFS_OK : seal_segments(db, r, db_id, s, image, scratch, err);
	goto out;
no_memory:
	error_no_memory(err);
out:
	free(image);
	free(scratch);
	return rc;
}

enum vfs_rc seal_pages(struct db *db, const struct version *base, const struct staged_page *pages,
		       size_t n, uint32_t page_size, const uint8_t db_id[ID_LEN], struct sealed *s,
		       struct error *err)
{
	uint8_t *scratch = malloc(page_size);

	(void)db;
	(void)base;
	(void)db_id;
	s->pgnos = malloc((n + 1) * sizeof(s->pgnos[0]));
	s->entries = calloc(n + 1, sizeof(s->entries[0]));
	buf_init(&s->pages, COMMIT_MAX);
	for (; scratch != NULL && s->pgnos != NULL && s->entries != NULL && s->n < n; s->n++) {
		const struct staged_page *p = &pages[s->n];

		s->pgnos[s->n] = p->pgno;
		if (p->image == NULL)
			s->entries[s->n].encoding = PAGE_ZERO;
		else
			page_encode(p->pgno, p->image->data, page_size, scratch, &s->pages,
				    &s->entries[s->n]);
	}
	free(scratch);
	if (s->n == n && !s->pages.failed)
		return VFS_OK;
	error_no_memory(err);
	return VFS_IO;
}
