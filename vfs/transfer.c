/*
 * transfer.c - a version copied into another store: its pages as segments, and one slot
 *
 * Pages are read ahead in the background, and sealed as they come; segments are on their way
 * to the other store meanwhile.  Nothing refers to them before the slot is there.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/admin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "vfs/cache.h"
#include "vfs/commit.h"
#include "vfs/fetch.h"
#include "vfs/history.h"
#include "vfs/registry.h"

enum { AHEAD_AT_ONCE = 512, PROGRESS_PAGES = 256 };

#define AHEAD_BYTES ((size_t)16 << 20)

/* Reads the pages of a version, mostly in rising order. */
struct reader {
	struct page_source base;
	struct db *db;
	struct version *v;       /* pinned */
	struct vfs_read_stats stats;
	struct fetch_want *wants; /* AHEAD_AT_ONCE of room */
	uint64_t asked;          /* pages before this one were asked for */
	uint32_t *sums;          /* of the images by page from 1; NULL: nobody wants them */
	bool compare;            /* with the sums, instead of setting them */
	vfs_progress_fn progress;
	void *arg;
	uint64_t before, done, total; /* for progress: pages before the first, of these, and in all */
	enum vfs_rc rc;          /* the first failure */
};

/* Ask for pages as far as AHEAD_BYTES behind this one. */
static void read_ahead(struct reader *r, pgno_t pgno)
{
	uint64_t distance = AHEAD_BYTES / r->v->page_size;

	if (r->asked > pgno + distance / 2)
		return;
	if (r->asked < pgno)
		r->asked = pgno;
	while (r->asked <= r->v->page_count && r->asked <= pgno + distance) {
		size_t n = 0;

		for (unsigned i = 0; i < AHEAD_AT_ONCE && r->asked <= r->v->page_count; i++, r->asked++) {
			struct page_ref ref = db_page_ref(r->db, r->v, (pgno_t)r->asked);

			if (ref.encoding != PAGE_ZERO && !cache_has(r->db->uid, ref.object, ref.offset))
				r->wants[n++] = (struct fetch_want){ (pgno_t)r->asked, ref };
		}
		fetch_ahead(r->db, r->v, r->wants, n, &r->stats);
	}
}

static enum vfs_rc read_image(struct reader *r, pgno_t pgno, uint8_t *out, struct error *err)
{
	struct page_ref ref = db_page_ref(r->db, r->v, pgno);
	struct image *image;
	enum vfs_rc rc = VFS_OK;

	if (ref.encoding == PAGE_ZERO) {
		memset(out, 0, r->v->page_size);
		return VFS_OK;
	}
	image = cache_peek(r->db->uid, ref.object, ref.offset);
	if (image != NULL)
		(void)cache_use(image);
	else
		rc = fetch_page(r->db, r->v, pgno, &ref, &r->stats, &image, err);
	if (rc == VFS_OK)
		memcpy(out, image->data, r->v->page_size);
	image_unref(image);
	return rc;
}

static enum vfs_rc read_next(struct reader *r, pgno_t pgno, uint8_t *out, struct error *err)
{
	read_ahead(r, pgno);
	enum vfs_rc rc = read_image(r, pgno, out, err);
	if (rc != VFS_OK)
		return rc;
	if (r->sums != NULL) {
		uint32_t sum = page_sum(pgno, out, r->v->page_size);

		if (r->compare && r->sums[pgno - 1] != sum) {
			error_set(err, "page %" PRIu32 " of the copy is not what was copied", pgno);
			return VFS_CORRUPT;
		}
		r->sums[pgno - 1] = sum;
	}
	if (pgno > r->done)
		r->done = pgno;
	if (pgno % PROGRESS_PAGES == 0 && r->progress != NULL &&
	    !r->progress(r->arg, r->before + r->done, r->total)) {
		error_set(err, "canceled");
		return VFS_CANCELED;
	}
	return VFS_OK;
}

static bool reader_read(struct page_source *source, pgno_t pgno, uint8_t *out, struct error *err)
{
	struct reader *r = CONTAINER_OF(source, struct reader, base);

	r->rc = read_next(r, pgno, out, err);
	return r->rc == VFS_OK;
}

/* The newest version, or the one that is named; both are the caller's to put back in any case. */
static enum vfs_rc open_source(struct blob_store *store, const char *name, struct reader *r,
			       struct error *err)
{
	bool exists;
	enum vfs_rc rc = admin_open_newest(store, name, &r->db, &exists, err);

	if (rc != VFS_OK) {
		r->db = NULL;
		return rc;
	}
	r->v = db_pin_durable(r->db);
	if (!exists || !r->v->exists) {
		error_set(err, "database \"%s\" does not exist", name);
		return VFS_NOT_FOUND;
	}
	return VFS_OK;
}

/* Take the next slot with all pages, if no database is there. */
static enum vfs_rc append_copy(struct db *to, struct reader *r, struct version **made,
			       struct error *err)
{
	struct commit_request request = {
		.kind = COMMIT_CREATED,
		.source = r->v->page_count > 0 ? &r->base : NULL,
		.page_size = r->v->page_size,
		.page_count = r->v->page_count,
		.timeout_ms = vfs_settings.commit_timeout_ms,
	};
	struct version *base;
	enum vfs_rc rc = admin_take_head(to, &base, err);

	if (rc != VFS_OK)
		return rc;
	memcpy(request.header, r->v->header, PAGE_HEADER_LEN);
	request.base = base;
	if (base->exists) {
		error_set(err, "database \"%s\" already exists", to->name);
		rc = VFS_EXISTS;
	} else {
		rc = commit_append(to, &request, made, err);
	}
	db_unpin(to, base);
	if (r->rc != VFS_OK)
		return r->rc; /* what hindered it */
	return rc == VFS_LOST ? VFS_EXISTS : rc;
}

/* Read the copy as another machine would, and compare it with the sums of what was copied. */
static enum vfs_rc compare_copy(struct db *to, const struct version *made, struct reader *source,
				struct error *err)
{
	struct db_past past = { .kind = PAST_LSN, .lsn = made->lsn, .time_us = INT64_MAX };
	struct reader r = *source;
	uint8_t *image = malloc(made->page_size + 1);
	enum vfs_rc rc = VFS_IO;

	strcpy(past.base, to->name);
	r.db = db_new(to->store, to->name, &past);
	if (image == NULL || r.db == NULL) {
		error_no_memory(err);
	} else {
		rc = history_load_exactly(r.db, made->db_id, made->hash, err);
		if (rc == VFS_NOT_FOUND)
			rc = VFS_CORRUPT;
	}
	if (rc == VFS_OK) {
		r.v = db_pin_durable(r.db);
		r.compare = true;
		r.asked = r.done = 0;
		r.before = made->page_count;
		for (uint64_t p = 1; rc == VFS_OK && p <= made->page_count; p++)
			rc = read_next(&r, (pgno_t)p, image, err);
		db_unpin(r.db, r.v);
	}
	if (r.db != NULL)
		db_free(r.db);
	free(image);
	return rc;
}

static enum vfs_rc copy_to(struct db *to, struct reader *r, bool verify, struct error *err)
{
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	struct version *made = NULL;
	enum vfs_rc rc;

	r->total = r->v->page_count;
	r->wants = malloc(AHEAD_AT_ONCE * sizeof(r->wants[0]));
	if (verify) {
		r->sums = malloc(((size_t)r->v->page_count + 1) * sizeof(r->sums[0]));
		r->total *= 2;
	}
	if (r->wants == NULL || (verify && r->sums == NULL)) {
		error_no_memory(err);
		return VFS_IO;
	}
	rc = turn_wait(to, r, deadline_ms, NULL, err);
	if (rc != VFS_OK)
		return rc;
	rc = append_copy(to, r, &made, err);
	turn_end(to, r);
	if (rc != VFS_OK)
		return rc;
	if (verify)
		rc = compare_copy(to, made, r, err);
	db_unpin(to, made);
	if (rc == VFS_OK && r->progress != NULL)
		(void)r->progress(r->arg, r->total, r->total);
	return rc;
}

enum vfs_rc vfs_copy_database(struct blob_store *from_store, const char *from_name,
			      struct blob_store *to_store, const char *to_name, bool verify,
			      vfs_progress_fn progress, void *arg, struct error *err)
{
	struct reader r = { .base.read = reader_read, .progress = progress, .arg = arg };
	struct db *to = NULL;
	enum vfs_rc rc = VFS_OK;
	bool exists;

	if (!db_name_check(to_name, err))
		return VFS_INVALID;
	if (!admin_may_write(err))
		rc = VFS_IO;
	if (rc == VFS_OK)
		rc = admin_open_newest(to_store, to_name, &to, &exists, err);
	if (rc == VFS_OK && exists) {
		error_set(err, "database \"%s\" already exists", to_name);
		registry_put(to);
		return VFS_EXISTS;
	}
	if (rc == VFS_OK)
		rc = open_source(from_store, from_name, &r, err);
	if (rc == VFS_OK)
		rc = copy_to(to, &r, verify, err);
	if (r.db != NULL) {
		db_unpin(r.db, r.v);
		registry_put(r.db);
	}
	registry_put(to);
	free(r.wants);
	free(r.sums);
	if (rc != VFS_OK)
		error_wrap(err, "could not copy database \"%s\" of \"%s\"", from_name,
			   blob_name(from_store));
	return rc;
}
