/*
 * compact.c - slots folded into a manifest, and pages laid out anew
 *
 * INVARIANTS
 *   (1) What a manifest refers to is durable before it is created.
 *   (2) No manifest refers to a segment that was begun more than six hours before:
 *       clean-up leaves younger ones alone.
 *   (3) The page table tells new places only when the manifest that does is there.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/compact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/compact_plan.h"
#include "vfs/compact_read.h"
#include "vfs/fetch.h"
#include "vfs/manifest.h"
#include "vfs/relocate.h"

enum { WINDOW_PAGES = MANIFEST_CHUNK_PAGES, TREE_TABLE = 5, TREE_INDEX = 2 };

#define WINDOW_BYTES ((size_t)16 << 20) /* of images that are read at once */

#define TAKES_TOO_LONG_US ((int64_t)6 * 3600 * 1000000)

/* A segment while it is filled. */
struct filling {
	struct manifest_object object;
	struct buf body;
	pgno_t *pgnos;
	struct page_entry *entries;
	size_t *moved; /* which page of the compaction each is */
	size_t n, cap;
};

/* The segments that are filled at the same time. */
enum { FILL_TREE, FILL_EXTENT, FILL_MIXED, N_FILLS };

struct compaction {
	struct db *db;
	struct version *v; /* pinned */
	const struct compact_request *request;
	struct compact_plan plan;
	struct filling fills[N_FILLS];
	struct moved_page *moved; /* rising by page */
	size_t n_moved;
	uint32_t extent;          /* of the last page */
	uint8_t *scratch;
	bool hurry;               /* progress() said so */
	struct vfs_read_stats reads;
	struct vfs_compaction stats;
};

static void deinit(struct compaction *c)
{
	for (size_t i = 0; i < N_FILLS; i++) {
		struct filling *f = &c->fills[i];

		buf_free(&f->body);
		free(f->pgnos);
		free(f->entries);
		free(f->moved);
	}
	compact_plan_free(&c->plan);
	free(c->moved);
	free(c->scratch);
}

/* Room for one more page in the segment; begin it if it is the first. */
static bool make_room(struct compaction *c, struct filling *f)
{
	if (f->n == 0) {
		f->object = (struct manifest_object){ .kind = OBJECT_SEGMENT };
		random_bytes(f->object.id, ID_LEN);
		buf_free(&f->body);
		buf_init(&f->body, SEGMENT_MAX);
		segment_put_head(&f->body, c->v->db_id, f->object.id);
	}
	if (f->n < f->cap)
		return true;
	size_t cap = f->cap == 0 ? 256 : f->cap * 2;
	void *pgnos = realloc(f->pgnos, cap * sizeof(f->pgnos[0]));
	if (pgnos != NULL)
		f->pgnos = pgnos;
	void *entries = realloc(f->entries, cap * sizeof(f->entries[0]));
	if (entries != NULL)
		f->entries = entries;
	void *moved = realloc(f->moved, cap * sizeof(f->moved[0]));
	if (moved != NULL)
		f->moved = moved;
	if (pgnos == NULL || entries == NULL || moved == NULL)
		return false;
	f->cap = cap;
	return true;
}

/* Create the segment; then its pages have their places. */
static enum vfs_rc finish(struct compaction *c, struct filling *f, struct error *err)
{
	char key[KEY_MAX];
	uint64_t number;

	if (f->n == 0)
		return VFS_OK;
	segment_put_index(&f->body, f->pgnos, f->entries, (uint32_t)f->n);
	f->object.size = (uint32_t)f->body.len;
	if (f->body.failed || !objects_add(&c->db->objects, &f->object, &number)) {
		error_no_memory(err);
		return VFS_IO;
	}
	key_segment(key, c->db->folder, f->object.id);
	enum blob_rc put = blob_create(c->db->store, key, &f->body, NULL, err);
	traffic_put(&c->db->traffic, f->body.len);
	if (put == BLOB_EXISTS) {
		error_clear(err);
		put = BLOB_OK; /* the id is random: an earlier try of ours */
	}
	/* a segment in doubt is one that nobody will refer to */
	if (put != BLOB_OK)
		return put == BLOB_UNKNOWN ? VFS_BUSY : vfs_rc_of_blob(put);
	for (size_t i = 0; i < f->n; i++) {
		const struct page_entry *e = &f->entries[i];

		c->moved[f->moved[i]].ref = (struct page_ref){
			.object = number,
			.offset = e->offset,
			.len = e->len,
			.sum = e->sum,
			.encoding = e->encoding,
		};
	}
	c->stats.segments++;
	c->stats.segment_bytes += f->body.len;
	f->n = 0;
	buf_free(&f->body);
	return VFS_OK;
}

static bool is_tree(pgno_t pgno, const uint8_t *image)
{
	return pgno == 1 || image[0] == TREE_TABLE || image[0] == TREE_INDEX;
}

static enum vfs_rc put_page(struct compaction *c, pgno_t pgno, const uint8_t *image,
			    struct error *err)
{
	uint8_t why = c->plan.why[pgno];
	struct filling *f = &c->fills[is_tree(pgno, image)	   ? FILL_TREE :
				      (why & FOLD_EXTENT) != 0 ? FILL_EXTENT :
								 FILL_MIXED];
	struct page_entry entry;

	if (!make_room(c, f)) {
		error_no_memory(err);
		return VFS_IO;
	}
	page_encode_summed(pgno, image, c->v->page_size, PACK_THOROUGH, f->object.id, c->scratch,
			   &f->body, &entry);
	c->moved[c->n_moved].pgno = pgno;
	if (entry.encoding == PAGE_ZERO) {
		c->moved[c->n_moved].ref = (struct page_ref){ .encoding = PAGE_ZERO };
	} else {
		f->pgnos[f->n] = pgno;
		f->entries[f->n] = entry;
		f->moved[f->n++] = c->n_moved;
	}
	c->n_moved++;
	if ((why & FOLD_SLOT) != 0)
		c->stats.folded++;
	else
		c->stats.moved++;
	return f->body.len >= SEGMENT_TARGET ? finish(c, f, err) : VFS_OK;
}

/* Is it written? */
static bool is_wanted(const struct compaction *c, pgno_t pgno)
{
	uint8_t why = c->plan.why[pgno];

	if (c->hurry || (c->request->stop != NULL && c->request->stop()))
		why &= FOLD_SLOT;
	return why != 0;
}

/* Pages that are read together; rising. */
struct window {
	size_t n, cap;
	pgno_t *pgnos;
	struct image **images; /* counted, or NULL */
};

static bool window_init(struct window *w, uint32_t page_size)
{
	*w = (struct window){ .cap = WINDOW_PAGES };
	if (page_size > 0 && w->cap > WINDOW_BYTES / page_size)
		w->cap = WINDOW_BYTES / page_size;
	w->pgnos = malloc(w->cap * sizeof(w->pgnos[0]));
	w->images = malloc(w->cap * sizeof(struct image *));
	return w->pgnos != NULL && w->images != NULL;
}

/* Read the next pages from *p on, and let *p be behind them. */
static void read_window(struct compaction *c, struct window *w, uint64_t *p)
{
	for (w->n = 0; *p <= c->v->page_count && w->n < w->cap; (*p)++)
		if (is_wanted(c, (pgno_t)*p))
			w->pgnos[w->n++] = (pgno_t)*p;
	compact_read(c->db, c->v, w->pgnos, w->n, w->images, &c->reads);
}

static enum vfs_rc write_page(struct compaction *c, pgno_t pgno, struct image *image,
			      struct error *err)
{
	uint32_t extent = (pgno - 1) / MANIFEST_CHUNK_PAGES;
	struct image *fetched = NULL;
	enum vfs_rc rc = VFS_OK;

	if (extent != c->extent)
		rc = finish(c, &c->fills[FILL_EXTENT], err);
	c->extent = extent;
	if (rc == VFS_OK && image == NULL) {
		struct page_ref ref = db_page_ref(c->db, c->v, pgno);

		rc = fetch_page(c->db, c->v, pgno, &ref, &c->reads, &fetched, err);
	}
	if (rc == VFS_OK)
		rc = put_page(c, pgno, image != NULL ? image->data : fetched->data, err);
	image_unref(fetched);
	return rc;
}

static void tell_progress(struct compaction *c)
{
	if (c->request->progress != NULL &&
	    !c->request->progress(c->request->arg, c->n_moved, c->plan.n_pages))
		c->hurry = true;
}

/* Write the segments. */
static enum vfs_rc write_pages(struct compaction *c, struct error *err)
{
	enum vfs_rc rc = VFS_OK;
	struct window w;

	c->moved = malloc((c->plan.n_pages + 1) * sizeof(c->moved[0]));
	c->scratch = malloc(c->v->page_size + 1);
	if (!window_init(&w, c->v->page_size) || c->moved == NULL || c->scratch == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
	}
	for (uint64_t p = 1; rc == VFS_OK && p <= c->v->page_count;) {
		read_window(c, &w, &p);
		for (size_t i = 0; i < w.n; i++) {
			if (rc == VFS_OK && is_wanted(c, w.pgnos[i]))
				rc = write_page(c, w.pgnos[i], w.images[i], err);
			image_unref(w.images[i]);
			tell_progress(c);
		}
	}
	for (size_t i = 0; rc == VFS_OK && i < N_FILLS; i++)
		rc = finish(c, &c->fills[i], err);
	free(w.pgnos);
	free(w.images);
	return rc;
}

static enum vfs_rc run(struct compaction *c, struct error *err)
{
	int64_t began_us = boot_us();
	enum vfs_rc rc = VFS_IO;

	if (!compact_plan(c->db, c->v, c->request->budget, &c->plan))
		error_no_memory(err);
	else
		rc = write_pages(c, err);
	if (rc != VFS_OK)
		return rc;
	if (boot_us() - began_us > TAKES_TOO_LONG_US) {
		error_set(err, "it took more than six hours to write the segments");
		return VFS_BUSY;
	}
	rc = manifest_create(c->db, c->v, c->moved, c->n_moved, &c->stats.manifest_bytes, err);
	if (rc == VFS_EXISTS) {
		/* by somebody else; our segments are for clean-up */
		error_clear(err);
		mutex_lock(&c->db->lock);
		db_saw_manifest_locked(c->db, c->v->lsn, began_us);
		mutex_unlock(&c->db->lock);
		return VFS_OK;
	}
	if (rc != VFS_OK)
		return rc;
	struct unchanged since = unchanged_since(c->v);
	relocate(c->db, c->v, &since, c->moved, c->n_moved);
	mutex_lock(&c->db->lock);
	if (c->db->placed_lsn < c->v->lsn)
		c->db->placed_lsn = c->v->lsn;
	c->db->placed_us = began_us;
	if (c->db->foreign_manifest <= c->v->lsn)
		c->db->foreign_manifest = 0; /* the table tells the places of a newer one */
	mutex_unlock(&c->db->lock);
	c->stats.lsn = c->v->lsn;
	return VFS_OK;
}

#define LOOK_US ((int64_t)600000000)

/* What slots may refer to depends on it: see db_reach(). */
static void look_for_others(struct db *db)
{
	int64_t asked_us = boot_us();
	uint64_t lsn;

	mutex_lock(&db->lock);
	bool old = asked_us - db->manifest_us > LOOK_US;
	mutex_unlock(&db->lock);
	if (!old || manifest_newest(db->store, db->folder, &lsn, NULL) != VFS_OK)
		return;
	mutex_lock(&db->lock);
	db_saw_manifest_locked(db, lsn, asked_us);
	mutex_unlock(&db->lock);
}

enum vfs_rc compact(struct db *db, const struct compact_request *request,
		    struct vfs_compaction *stats, struct error *err)
{
	struct compaction c = { .db = db, .request = request };
	int64_t began_us = boot_us();
	enum vfs_rc rc = VFS_OK;

	relocate_begin(db);
	c.v = db_pin_durable(db);
	mutex_lock(&db->lock);
	bool wanted = c.v->lsn > db->manifest_lsn;
	mutex_unlock(&db->lock);
	if (wanted) {
		look_for_others(db);
		rc = run(&c, err);
	}
	relocate_end(db);
	if (c.stats.lsn != 0)
		log_debug(NULL,
			  "compaction db=%s lsn=%" PRIu64 " folded=%" PRIu64 " moved=%" PRIu64
			  " segments=%" PRIu64 " bytes=%" PRIu64 " manifest=%" PRIu64 " gets=%" PRIu64
			  " us=%" PRId64,
			  db->name, c.stats.lsn, c.stats.folded, c.stats.moved, c.stats.segments,
			  c.stats.segment_bytes, c.stats.manifest_bytes, c.reads.gets, boot_us() - began_us);
	db_unpin(db, c.v);
	if (stats != NULL)
		*stats = c.stats;
	deinit(&c);
	return rc;
}

enum vfs_rc manifest_write(struct db *db, struct error *err)
{
	struct compact_request request = { .budget = 0 };

	return compact(db, &request, NULL, err);
}
