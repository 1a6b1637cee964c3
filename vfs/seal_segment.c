/*
 * seal_segment.c - the pages of a large transaction, on their way to the store
 *
 * The thread that commits reads pages, some MiB of images at a time; each such load is
 * encoded and uploaded by a thread of its own, a few at once.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/seal_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { SEGMENTS_AT_ONCE = 4 };

/* Images of a segment: it holds about a third of that, and each thread gets its share of a smaller transaction. */
#define IMAGES_MAX ((size_t)8 << 20)
#define IMAGES_MIN ((size_t)1 << 20)

/* Its thread has all of it until it is joined, and the entries. */
struct segment {
	pthread_t thread;
	bool running;
	struct db *db;
	char key[KEY_MAX];
	uint8_t db_id[ID_LEN], id[ID_LEN];
	uint32_t number; /* of the object, from 1 */
	uint32_t page_size;
	enum pack_effort effort;
	uint8_t *images;             /* n pages */
	uint8_t *scratch;            /* a page */
	const pgno_t *pgnos;         /* n */
	struct page_entry *entries;  /* n; encoding 0: not encoded yet */
	const struct buf *sealed;    /* where the others lie */
	size_t n;
	struct buf body;
	enum blob_rc rc;
	struct error err;
};

static void encode(struct segment *g)
{
	segment_put_head(&g->body, g->db_id, g->id);
	for (size_t i = 0; i < g->n; i++) {
		const uint8_t *image = g->images + i * g->page_size;
		struct page_entry *e = &g->entries[i];

		if (e->encoding == 0) {
			page_encode(g->pgnos[i], image, g->page_size, g->effort, g->scratch,
				    &g->body, e);
		} else if (e->encoding != PAGE_ZERO) {
			const char *stored = g->sealed->data + e->offset;

			e->offset = (uint32_t)g->body.len;
			buf_put(&g->body, stored, e->len);
		}
		page_add_sum(g->pgnos[i], image, g->page_size, g->id, &g->body, e);
	}
	segment_put_index(&g->body, g->pgnos, g->entries, (uint32_t)g->n);
	for (size_t i = 0; i < g->n; i++)
		g->entries[i].object = g->entries[i].encoding == PAGE_ZERO ? 0 : g->number;
}

static void *segment_run(void *arg)
{
	struct segment *g = arg;

	encode(g);
	if (g->body.failed) {
		error_no_memory(&g->err);
		g->rc = BLOB_FAILED;
		return NULL;
	}
	g->rc = blob_create(g->db->store, g->key, &g->body, NULL, &g->err);
	traffic_put(&g->db->traffic, g->body.len);
	/* the id is random: who has it can only be an earlier try of ours */
	if (g->rc == BLOB_EXISTS)
		g->rc = BLOB_OK;
	return NULL;
}

/* Wait until it is uploaded; the first failure goes to rc and err. */
static void segment_join(struct segment *g, struct sealed *s, enum vfs_rc *rc, struct error *err)
{
	if (!g->running)
		return;
	pthread_join(g->thread, NULL);
	g->running = false;
	s->objects[g->number - 1].size = (uint32_t)g->body.len;
	buf_reset(&g->body);
	if (g->rc == BLOB_OK || *rc != VFS_OK)
		return;
	/* a segment in doubt is one that nobody will refer to */
	*rc = g->rc == BLOB_UNKNOWN ? VFS_BUSY : vfs_rc_of_blob(g->rc);
	if (err != NULL)
		*err = g->err;
}

/* Add the object.  False: no memory. */
static bool name_segment(struct segment *g, struct sealed *s)
{
	struct manifest_object *grown =
		realloc(s->objects, ((size_t)s->n_objects + 1) * sizeof(grown[0]));

	if (grown == NULL)
		return false;
	random_bytes(g->id, ID_LEN);
	s->objects = grown;
	grown[s->n_objects] = (struct manifest_object){ .kind = OBJECT_SEGMENT };
	memcpy(grown[s->n_objects].id, g->id, ID_LEN);
	g->number = ++s->n_objects;
	s->n_segments++;
	key_segment(g->key, g->db->folder, g->id);
	return true;
}

static enum vfs_rc segment_start(struct segment *g, struct sealed *s, struct error *err)
{
	if (!name_segment(g, s)) {
		error_no_memory(err);
		return VFS_IO;
	}
	g->err = (struct error)ERROR_INIT;
	g->running = thread_start(&g->thread, "pgblob-segment", 0, segment_run, g, err);
	return g->running ? VFS_OK : VFS_IO;
}

static bool segments_init(struct segment *segments, struct sealer *w,
			  const struct commit_request *r, const uint8_t db_id[ID_LEN], size_t per)
{
	bool ok = true;

	for (size_t i = 0; i < SEGMENTS_AT_ONCE; i++) {
		struct segment *g = &segments[i];

		*g = (struct segment){
			.db = w->db,
			.page_size = w->page_size,
			/* what is imported stays for long, and whoever commits waits */
			.effort = r->source != NULL ? PACK_THOROUGH : PACK_QUICK,
			.sealed = &w->s->pages,
		};
		memcpy(g->db_id, db_id, ID_LEN);
		buf_init(&g->body, SEGMENT_MAX);
		g->images = malloc((per + 1) * w->page_size);
		ok = ok && g->images != NULL;
		g->scratch = g->images != NULL ? g->images + per * w->page_size : NULL;
	}
	return ok;
}

static void segments_deinit(struct segment *segments)
{
	for (size_t i = 0; i < SEGMENTS_AT_ONCE; i++) {
		free(segments[i].images);
		buf_free(&segments[i].body);
	}
}

/* Pages of a segment, of n that are to come. */
static size_t pages_of_segment(size_t n, uint32_t page_size)
{
	size_t share = (n + SEGMENTS_AT_ONCE - 1) / SEGMENTS_AT_ONCE;
	size_t most = IMAGES_MAX / page_size, least = IMAGES_MIN / page_size;

	return share > most ? most : share < least ? least : share;
}

/* Where in the transaction the reading is. */
struct loading {
	const struct commit_request *r;
	const pgno_t *pgnos; /* of pages that have not been sealed: [at, n) */
	size_t at, n;
	size_t k, sealed;    /* pages of the result so far; so many of its first have been sealed */
};

/* Fill a segment with what comes next; g->n == 0: nothing does. */
static bool load(struct segment *g, struct sealer *w, struct loading *l, size_t per, struct error *err)
{
	struct sealed *s = w->s;

	g->pgnos = s->pgnos + l->k;
	g->entries = s->entries + l->k;
	g->n = 0;
	while (g->n < per && (l->k < l->sealed || l->at < l->n)) {
		uint8_t *image = g->images + g->n * w->page_size;
		bool before = l->k < l->sealed;
		pgno_t pgno = before ? s->pgnos[l->k] : l->pgnos[l->at++];

		if (!read_staged(l->r, pgno, image, err))
			return false;
		if (!before && page_unchanged(w, pgno, image))
			continue;
		if (!before || page_is_delta(s->entries[l->k].encoding))
			s->entries[l->k] = (struct page_entry){ .encoding = 0 };
		s->pgnos[l->k] = pgno;
		s->bases[l->k].object = 0;
		l->k++;
		g->n++;
	}
	return true;
}

enum vfs_rc seal_segments(struct sealer *w, const struct commit_request *r,
			  const uint8_t db_id[ID_LEN], const pgno_t *pgnos, size_t at, size_t n,
			  struct error *err)
{
	struct segment segments[SEGMENTS_AT_ONCE];
	struct sealed *s = w->s;
	struct loading l = { .r = r, .pgnos = pgnos, .at = at, .n = n, .sealed = s->n };
	size_t per = pages_of_segment(l.sealed + n - at, w->page_size);
	enum vfs_rc rc = VFS_OK;
	bool more = true;

	if (!segments_init(segments, w, r, db_id, per)) {
		error_no_memory(err);
		rc = VFS_IO;
	}
	for (size_t i = 0; rc == VFS_OK && more; i = (i + 1) % SEGMENTS_AT_ONCE) {
		struct segment *g = &segments[i];

		segment_join(g, s, &rc, err);
		if (rc == VFS_OK && !load(g, w, &l, per, err))
			rc = VFS_IO;
		more = rc == VFS_OK && g->n > 0;
		if (more)
			rc = segment_start(g, s, err);
	}
	for (size_t i = 0; i < SEGMENTS_AT_ONCE; i++)
		segment_join(&segments[i], s, &rc, err);
	segments_deinit(segments);
	buf_free(&s->pages);
	s->n = l.k;
	return rc;
}
