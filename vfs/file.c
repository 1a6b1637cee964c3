/*
 * file.c - SQLite's I/O methods on a database
 *
 * A method runs in the thread that uses the connection; a handle needs no lock.
 * INVARIANTS
 *   (1) pin is set exactly while level is SHARED or more.
 *   (2) has_turn while level is RESERVED or more; staging only then.
 *   (3) Nothing is published but by SQLITE_FCNTL_COMMIT_PHASETWO.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/file.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/commit.h"
#include "vfs/fetch.h"
#include "vfs/group.h"
#include "vfs/pragma.h"
#include "vfs/registry.h"

enum {
	OVERLAY_MEMORY = 16 << 20,
	COUNTER_AT = 24, /* change counter, page count, freelist: what the pager compares */
	COUNTER_LEN = 16,
};

static struct handle *handle_of(sqlite3_file *file)
{
	return CONTAINER_OF(file, struct handle, file);
}

int handle_fail(struct handle *h, enum vfs_rc rc, int sqlite_rc, const struct error *err)
{
	h->rc = rc;
	h->error = *err;
	sqlite3_log(sqlite_rc, "pgblob: %s", err->text);
#ifdef PGBLOB_EXTENSION
	/* SQLite's own text would be no more than "disk I/O error" */
	if (err->hint[0] != '\0')
		log_error(NULL, "%s (%s)", err->text, err->hint);
	else
		log_error(NULL, "%s", err->text);
#endif
	return sqlite_rc;
}

/* --- pages ----------------------------------------------------------------- */

/* What was read of the pinned version may be believed unless it was lost meanwhile. */
static enum vfs_rc check_lost(struct handle *h, const struct version *v, struct error *err)
{
	if (LIKELY(!atomic_load_explicit(&v->lost, memory_order_acquire)))
		return VFS_OK;
	return commit_base_lost(h->db, err);
}

/*
 * A descent from a root meets the same interior pages again and again: here they are
 * found without page table and cache.  A page of a pinned version never changes.
 */
static struct image *recent_find(struct recent *r, pgno_t pgno)
{
	unsigned i = pgno % RECENT_PAGES;

	if ((r->used >> i & 1) == 0 || r->at[i].pgno != pgno)
		return NULL;
	r->hits++;
	image_ref(r->at[i].image);
	return r->at[i].image;
}

static void recent_put(struct recent *r, pgno_t pgno, struct image *image)
{
	unsigned i = pgno % RECENT_PAGES;
	bool interior = image->data[0] == 2 || image->data[0] == 5;

	if ((r->used >> i & 1) != 0) {
		/* the leaves of a scan do not push it out */
		if (r->at[i].interior && !interior)
			return;
		image_unref(r->at[i].image);
	}
	r->used |= (uint64_t)1 << i;
	r->at[i].pgno = pgno;
	r->at[i].interior = interior;
	r->at[i].image = image;
	image_ref(image);
}

static void recent_drop(struct recent *r)
{
	for (; r->used != 0; r->used &= r->used - 1)
		image_unref(r->at[__builtin_ctzll(r->used)].image);
	if (r->hits != 0)
		cache_add_hits(r->hits);
	r->hits = 0;
}

/* The image of a page of `v`, counted; *out is NULL for a page of zeros. */
static enum vfs_rc get_image(struct handle *h, const struct version *v, pgno_t pgno,
			     struct image **out, struct error *err)
{
	struct page_ref ref;
	enum vfs_rc rc;

	*out = v == h->pin ? recent_find(&h->recent, pgno) : NULL;
	if (*out != NULL) {
		h->read_stats.pages++;
		h->read_stats.memory_hits++;
		prefetch_saw(&h->prefetch, pgno, (*out)->data);
		return VFS_OK;
	}
	/* a page in memory may get its object between the two looks */
	while ((ref = db_page_ref(h->db, v, pgno)).encoding == PAGE_MEMORY) {
		*out = db_memory_image(h->db, v, pgno);
		if (*out != NULL)
			return VFS_OK;
		rc = check_lost(h, v, err);
		if (rc != VFS_OK)
			return rc;
	}
	if (ref.encoding == PAGE_ZERO)
		return check_lost(h, v, err);
	h->read_stats.pages++;
	*out = cache_find(h->db->uid, ref.object, ref.offset);
	if (LIKELY(*out != NULL)) {
		h->read_stats.memory_hits++;
		if (cache_use(*out)) {
			h->read_stats.ahead_used++;
			prefetch_step(&h->prefetch, h->db, v, pgno, &h->read_stats);
		}
	} else {
		prefetch_step(&h->prefetch, h->db, v, pgno, &h->read_stats);
		rc = fetch_page(h->db, v, pgno, &ref, &h->read_stats, out, err);
		if (rc != VFS_OK)
			return rc;
	}
	prefetch_saw(&h->prefetch, pgno, (*out)->data);
	if (v == h->pin)
		recent_put(&h->recent, pgno, *out);
	return VFS_OK;
}

static enum vfs_rc read_base(struct handle *h, const struct version *v, pgno_t pgno, void *out,
			     struct error *err)
{
	struct image *image;
	enum vfs_rc rc;

	if (pgno > v->page_count) {
		memset(out, 0, v->page_size);
		return VFS_OK;
	}
	rc = get_image(h, v, pgno, &image, err);
	if (rc != VFS_OK)
		return rc;
	if (image == NULL)
		memset(out, 0, v->page_size);
	else
		memcpy(out, image->data, v->page_size);
	image_unref(image);
	return VFS_OK;
}

/* Any bytes of a version that is pinned; the caller knows that they are within it. */
static enum vfs_rc read_version(struct handle *h, const struct version *v, uint64_t offset,
				uint8_t *out, size_t len, struct error *err)
{
	while (len > 0) {
		pgno_t pgno = (pgno_t)(offset / v->page_size + 1);
		size_t at = (size_t)(offset % v->page_size);
		size_t n = v->page_size - at < len ? v->page_size - at : len;
		struct image *image;
		enum vfs_rc rc;

		/* the head of page 1 is kept beside the pages: opening costs no request */
		if (offset + n <= PAGE_HEADER_LEN) {
			memcpy(out, v->header + offset, n);
			offset += n;
			out += n;
			len -= n;
			continue;
		}
		rc = get_image(h, v, pgno, &image, err);
		if (rc != VFS_OK)
			return rc;
		if (image == NULL)
			memset(out, 0, n);
		else
			memcpy(out, image->data + at, n);
		image_unref(image);
		offset += n;
		out += n;
		len -= n;
	}
	return VFS_OK;
}

/* Bytes as the open write transaction sees them. */
static enum vfs_rc read_staging(struct handle *h, uint64_t offset, uint8_t *out, size_t len,
				struct error *err)
{
	struct overlay *o = &h->overlay;
	uint8_t page[PAGE_SIZE_MAX];

	if (o->flat)
		return overlay_read(o, offset, out, len, err) ? VFS_OK : VFS_IO;
	while (len > 0) {
		pgno_t pgno = (pgno_t)(offset / o->page_size + 1);
		size_t at = (size_t)(offset % o->page_size);
		size_t n = o->page_size - at < len ? o->page_size - at : len;

		if (overlay_has(o, pgno)) {
			uint8_t *to = n == o->page_size ? out : page;

			if (!overlay_get(o, pgno, to, err))
				return VFS_IO;
			if (to == page)
				memcpy(out, page + at, n);
		} else if (pgno > h->pin->page_count) {
			memset(out, 0, n);
		} else {
			enum vfs_rc rc = read_version(h, h->pin, offset, out, n, err);

			if (rc != VFS_OK)
				return rc;
		}
		offset += n;
		out += n;
		len -= n;
	}
	return VFS_OK;
}

static uint64_t version_size(const struct version *v)
{
	return (uint64_t)v->page_count * v->page_size;
}

static int handle_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 at)
{
	struct handle *h = handle_of(file);
	struct version *v = h->pin != NULL ? h->pin : db_pin_durable(h->db);
	uint64_t size = h->staging ? h->overlay.size : version_size(v);
	uint64_t offset = (uint64_t)at;
	struct error err = ERROR_INIT;
	enum vfs_rc rc = VFS_OK;
	size_t len = (size_t)amount;
	int result = SQLITE_OK;

	if (offset == COUNTER_AT && len == COUNTER_LEN && h->pin != NULL && !h->staging) {
		/* not file bytes, but: "does your cache belong to this version?" */
		if (h->cache_seq == h->pin->seq) {
			memcpy(out, h->seen, COUNTER_LEN);
		} else {
			memset(out, 0xfe, COUNTER_LEN);
			h->cache_seq = h->pin->seq;
		}
		return size == 0 ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
	}
	if (offset >= size) {
		memset(out, 0, len);
		result = SQLITE_IOERR_SHORT_READ;
		len = 0;
	} else if (len > size - offset) {
		memset((char *)out + (size - offset), 0, len - (size_t)(size - offset));
		result = SQLITE_IOERR_SHORT_READ;
		len = (size_t)(size - offset);
	}
	if (len > 0)
		rc = h->staging ? read_staging(h, offset, out, len, &err) :
				  read_version(h, v, offset, out, len, &err);
	if (rc == VFS_OK)
		rc = check_lost(h, v, &err);
	if (h->pin == NULL)
		db_unpin(h->db, v);
	if (rc != VFS_OK)
		return handle_fail(h, rc, rc == VFS_CORRUPT ? SQLITE_IOERR_DATA :
							      SQLITE_IOERR_READ, &err);
	if (h->pin != NULL && offset == 0 && amount >= COUNTER_AT + COUNTER_LEN) {
		memcpy(h->seen, (char *)out + COUNTER_AT, COUNTER_LEN);
		if (!h->staging)
			h->cache_seq = h->pin->seq;
	}
	return result;
}

/* The page without copying; *out stays NULL where SQLite has to read. */
static int handle_fetch(sqlite3_file *file, sqlite3_int64 at, int amount, void **out)
{
	struct handle *h = handle_of(file);
	struct error err = ERROR_INIT;
	struct image *image;
	enum vfs_rc rc;

	*out = NULL;
	if (h->pin == NULL || h->pin->page_size == 0 || (uint32_t)amount != h->pin->page_size ||
	    at % amount != 0 || at == 0)
		return SQLITE_OK;
	pgno_t pgno = (pgno_t)(at / amount + 1);
	if (pgno > h->pin->page_count)
		return SQLITE_OK;
	if (h->staging && (h->overlay.flat || overlay_has(&h->overlay, pgno) ||
			   (uint64_t)at + (uint64_t)amount > h->overlay.size))
		return SQLITE_OK;
	rc = get_image(h, h->pin, pgno, &image, &err);
	if (rc == VFS_OK && (rc = check_lost(h, h->pin, &err)) != VFS_OK)
		image_unref(image);
	if (rc != VFS_OK)
		return handle_fail(h, rc, rc == VFS_CORRUPT ? SQLITE_IOERR_DATA :
							      SQLITE_IOERR_READ, &err);
	if (image != NULL)
		*out = image->data;
	return SQLITE_OK;
}

static int handle_unfetch(sqlite3_file *file, sqlite3_int64 at, void *page)
{
	(void)file;
	(void)at;
	if (page != NULL)
		image_unref(image_of(page));
	return SQLITE_OK;
}

/* --- staging --------------------------------------------------------------- */

static bool read_for_flat(void *arg, pgno_t pgno, void *out, struct error *err)
{
	struct handle *h = arg;

	return read_base(h, h->pin, pgno, out, err) == VFS_OK;
}

static int handle_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 at)
{
	struct handle *h = handle_of(file);
	struct overlay *o = &h->overlay;
	struct error err = ERROR_INIT;
	uint64_t offset = (uint64_t)at;
	uint8_t patched[PAGE_SIZE_MAX];
	size_t len = (size_t)amount;
	bool ok = true;

	if (!h->staging) {
		error_set(&err, "database \"%s\" is written without a transaction", h->db->name);
		return handle_fail(h, VFS_IO, SQLITE_IOERR_WRITE, &err);
	}
	if (offset <= 18 && offset + len >= 20) {
		const uint8_t *versions = (const uint8_t *)data + (18 - offset);

		if ((versions[0] > 1 || versions[1] > 1) && h->importing && len <= sizeof(patched)) {
			memcpy(patched, data, len);
			patched[18 - offset] = patched[19 - offset] = 1;
			data = patched;
		} else if (versions[0] > 1 || versions[1] > 1) {
			error_set(&err, "database \"%s\" cannot be in WAL mode", h->db->name);
			return handle_fail(h, VFS_INVALID, SQLITE_IOERR_WRITE, &err);
		}
	}
	if (o->page_size == 0 && !o->flat) {
		if (!page_size_valid((uint32_t)len))
			o->flat = true;
		else
			o->page_size = (uint32_t)len;
	}
	if (!o->flat && (len != o->page_size || offset % len != 0))
		ok = overlay_flatten(o, read_for_flat, h, &err);
	if (ok && o->flat)
		ok = overlay_write(o, offset, data, len, &err);
	else if (ok)
		ok = overlay_put(o, (pgno_t)(offset / len + 1), data, &err);
	if (!ok)
		return handle_fail(h, VFS_IO, SQLITE_FULL, &err);
	if (offset + len > o->size)
		o->size = offset + len;
	if (offset == 0 && len >= COUNTER_AT + COUNTER_LEN)
		memcpy(h->seen, (const char *)data + COUNTER_AT, COUNTER_LEN);
	return SQLITE_OK;
}

static int handle_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct handle *h = handle_of(file);

	if (!h->staging)
		return SQLITE_IOERR_TRUNCATE;
	/* pages past the end stay staged and are left out at the commit, unless written again */
	h->overlay.size = (uint64_t)size;
	return SQLITE_OK;
}

static int handle_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK; /* what is staged need not be durable, what is published is */
}

static int handle_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
	struct handle *h = handle_of(file);

	if (h->staging) {
		*out = (sqlite3_int64)h->overlay.size;
	} else if (h->pin != NULL) {
		*out = (sqlite3_int64)version_size(h->pin);
	} else {
		struct version *v = db_pin_durable(h->db);

		*out = (sqlite3_int64)version_size(v);
		db_unpin(h->db, v);
	}
	return SQLITE_OK;
}

/* --- locks ----------------------------------------------------------------- */

static void drop_staging(struct handle *h)
{
	if (!h->staging)
		return;
	overlay_deinit(&h->overlay);
	h->staging = false;
	if (h->pin != NULL)
		memcpy(h->seen, h->pin->header + COUNTER_AT, COUNTER_LEN);
}

void handle_end_turn(struct handle *h)
{
	const void *lender = h->lender;

	h->intent = false;
	if (!h->has_turn)
		return;
	h->has_turn = false;
	h->lender = NULL;
	if (lender != NULL)
		turn_pass(h->db, h, lender);
	else
		turn_end(h->db, h);
}

/* Is the version one of the database that this handle was opened on? */
static bool usable(struct handle *h, const struct version *v, struct error *err)
{
	if (!h->bound) {
		if (v->exists) {
			memcpy(h->db_id, v->db_id, ID_LEN);
			h->bound = true;
		}
		/* dropped between the opening and the first transaction */
		return v->exists || h->may_create ||
		       error_set(err, "database \"%s\" does not exist", h->db->name);
	}
	if (v->exists && memcmp(h->db_id, v->db_id, ID_LEN) == 0)
		return true;
	error_set(err, "database \"%s\" was dropped", h->db->name);
	return false;
}

/* What SQLite remembers of a lost version, its schema first of all, is wrong for good. */
static int poisoned(struct handle *h)
{
	struct error err = ERROR_INIT;

	(void)commit_base_lost(h->db, &err);
	return handle_fail(h, VFS_LOST, SQLITE_IOERR_LOCK, &err);
}

static void unpin(struct handle *h)
{
	if (h->pin->lost)
		atomic_store(&h->user.poisoned, true);
	recent_drop(&h->recent);
	db_unpin(h->db, h->pin);
	h->pin = NULL;
}

static int lock_shared(struct handle *h)
{
	int64_t timeout_ms = vfs_settings.lock_timeout_ms;
	struct error err = ERROR_INIT;
	enum vfs_rc rc;

	if (atomic_load(&h->user.poisoned)) {
		handle_end_turn(h);
		return poisoned(h);
	}
	if (h->wish && !h->has_turn) {
		h->wish = false;
		rc = turn_wait(h->db, h, timeout_ms == 0 ? 0 : mono_ms() + timeout_ms, NULL, &err);
		h->has_turn = rc == VFS_OK; /* too late: as a reader, then */
		error_clear(&err);
	}
	if (h->has_turn)
		rc = db_follow_for_write(h->db, &err);
	else
		rc = db_follow(h->db, boot_us() - vfs_settings.cache_ttl_ms * 1000, &err);
	if (rc != VFS_OK) {
		handle_end_turn(h);
		return handle_fail(h, rc, SQLITE_IOERR_LOCK, &err);
	}
	if (h->has_turn)
		h->pin = db_pin_published(h->db);
	else
		h->pin = db_pin_own(h->db, h->own_seq);
	atomic_store(&h->user.seq, h->pin->seq);
	/* a rewind between the two has not seen us; a restore may have been learned of just now */
	if (h->pin->lost || atomic_load(&h->user.poisoned)) {
		unpin(h);
		handle_end_turn(h);
		return poisoned(h);
	}
	if (!usable(h, h->pin, &err)) {
		unpin(h);
		handle_end_turn(h);
		return handle_fail(h, VFS_NOT_FOUND, SQLITE_IOERR_LOCK, &err);
	}
	h->level = SQLITE_LOCK_SHARED;
	return SQLITE_OK;
}

/* Has anybody committed since the transaction began? */
static bool is_stale(const struct handle *h)
{
	mutex_lock(&h->db->lock);
	bool stale = h->db->newest != h->pin;
	mutex_unlock(&h->db->lock);
	return stale;
}

static int lock_reserved(struct handle *h)
{
	struct error err = ERROR_INIT;
	bool had_turn = h->has_turn;
	enum vfs_rc rc = VFS_OK;

	if (h->readonly)
		return SQLITE_READONLY;
	if (!h->has_turn) {
		if (!turn_try(h->db, h)) {
			h->wish = true;
			/* who is too late already need not wait for a turn to be told so */
			return is_stale(h) ? SQLITE_BUSY_SNAPSHOT : SQLITE_BUSY;
		}
		h->has_turn = true;
	}
	mutex_lock(&h->db->lock);
	bool doubt = h->db->doubt != NULL;
	mutex_unlock(&h->db->lock);
	if (doubt)
		rc = commit_resolve(h->db, &err);
	/* who had the turn from the start has asked already: once a transaction, unless it took long */
	if (rc == VFS_OK)
		rc = had_turn ? db_follow(h->db, boot_us() - PROOF_FOR_WRITE_US, &err) :
				db_follow_for_write(h->db, &err);
	if (rc != VFS_OK) {
		if (!had_turn)
			handle_end_turn(h);
		return handle_fail(h, rc, SQLITE_IOERR_LOCK, &err);
	}
	mutex_lock(&h->db->lock);
	bool stale = h->db->newest != h->pin;
	bool lost = h->pin->lost;
	mutex_unlock(&h->db->lock);
	if (stale) {
		if (had_turn) {
			(void)(lost ? commit_base_lost(h->db, &err) : commit_lost(h->db, &err));
			return handle_fail(h, VFS_LOST, SQLITE_BUSY_SNAPSHOT, &err);
		}
		handle_end_turn(h);
		h->wish = true;
		return SQLITE_BUSY_SNAPSHOT;
	}
	overlay_init(&h->overlay, h->pin->page_size, version_size(h->pin), OVERLAY_MEMORY);
	h->staging = true;
	h->level = SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int handle_lock(sqlite3_file *file, int level)
{
	struct handle *h = handle_of(file);
	int rc = SQLITE_OK;

	if (h->level < SQLITE_LOCK_SHARED && level >= SQLITE_LOCK_SHARED)
		rc = lock_shared(h);
	if (rc == SQLITE_OK && h->level < SQLITE_LOCK_RESERVED && level >= SQLITE_LOCK_RESERVED)
		rc = lock_reserved(h);
	/* readers have their versions: PENDING and EXCLUSIVE wait for nobody */
	if (rc == SQLITE_OK && h->level < level)
		h->level = level;
	return rc;
}

static int handle_unlock(sqlite3_file *file, int level)
{
	struct handle *h = handle_of(file);

	if (h->level > SQLITE_LOCK_SHARED && level <= SQLITE_LOCK_SHARED) {
		/* without COMMIT_PHASETWO before it: nothing of it stays */
		drop_staging(h);
		handle_end_turn(h);
	}
	if (level == SQLITE_LOCK_NONE && h->pin != NULL) {
		handle_end_turn(h);
		unpin(h);
	}
	if (h->level > level)
		h->level = level;
	return SQLITE_OK;
}

static int handle_check_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 1; /* "there may be a writer": a journal is never hot */
	return SQLITE_OK;
}

/* --- commit ---------------------------------------------------------------- */

/* What COMMIT is refused for before anything was done; called on ROLLBACK too. */
static int before_commit(struct handle *h, const char *super_journal)
{
	struct error err = ERROR_INIT;

	if (super_journal == NULL || !h->staging)
		return SQLITE_OK;
	error_set(&err, "cannot commit to database \"%s\" together with another database", h->db->name);
	error_hint(&err, "Commit to one database at a time, or give up atomicity with PRAGMA %s.",
		   "synchronous = OFF for each of them");
	return handle_fail(h, VFS_INVALID, SQLITE_IOERR_FSYNC, &err);
}

static uint32_t header_page_size(const uint8_t *header)
{
	uint32_t size = get_u16(header + 16);

	return size == 1 ? 65536 : size;
}

/* VFS_OK: *out is durable, or published if a ticket was asked for; pinned for the caller. */
static enum vfs_rc publish(struct handle *h, const struct commit_request *r, struct version **out,
			   struct error *err)
{
	struct vfs_ticket own = { .seq = 0 };
	struct vfs_ticket *ticket = h->ticket != NULL ? h->ticket : &own;
	enum vfs_rc rc;

	if (!group_takes(r)) {
		/* alone, behind all that is under way */
		rc = group_drain(h->db, err);
		if (rc == VFS_OK)
			rc = commit_append(h->db, r, out, err);
		if (rc == VFS_OK && h->ticket != NULL) {
			ticket->seq = (*out)->seq;
			ticket->schema = (*out)->schema_seq;
		}
		return rc;
	}
	rc = group_publish(h->db, r, h->ticket != NULL ? h->durability : VFS_IN_STORE, ticket, out, err);
	if (rc != VFS_OK || h->ticket != NULL)
		return rc;
	rc = group_wait(ticket, err);
	if (rc != VFS_OK) {
		db_unpin(h->db, *out);
		*out = NULL;
	}
	return rc;
}

/*
 * A backup of nothing into pages larger than the source's leaves a first page that is
 * cut short: to SQLite what is missing of it is zeros.
 */
static bool fill_last_page(struct handle *h, uint32_t page_size, struct error *err)
{
	static const uint8_t zeros[PAGE_SIZE_MAX];
	struct overlay *o = &h->overlay;
	size_t missing = (size_t)(-o->size % page_size);

	if (missing == 0)
		return true;
	if ((!o->flat && !overlay_flatten(o, read_for_flat, h, err)) ||
	    !overlay_write(o, o->size, zeros, missing, err))
		return false;
	o->size += missing;
	return true;
}

static int commit(struct handle *h)
{
	struct overlay *o = &h->overlay;
	struct commit_request request = {
		.kind = h->pin != NULL && h->pin->exists ? COMMIT_NORMAL : COMMIT_CREATED,
		.base = h->pin,
		.overlay = o,
		.timeout_ms = vfs_settings.commit_timeout_ms,
	};
	struct error err = ERROR_INIT;
	struct version *v = NULL;
	enum vfs_rc rc;

	if (!h->staging || (!o->flat && o->n_used == 0 && o->size == version_size(h->pin)))
		return SQLITE_OK; /* BEGIN IMMEDIATE; COMMIT */
	rc = read_staging(h, 0, request.header, PAGE_HEADER_LEN, &err);
	if (rc == VFS_OK && o->size > 0) {
		request.page_size = header_page_size(request.header);
		if (page_size_valid(request.page_size) && !fill_last_page(h, request.page_size, &err)) {
			rc = VFS_IO;
		} else if (!page_size_valid(request.page_size) || o->size / request.page_size > UINT32_MAX) {
			error_set(&err, "database \"%s\" cannot have %" PRIu64 " bytes in pages of %u",
				  h->db->name, o->size, request.page_size);
			rc = VFS_INVALID;
		} else if (!o->flat && request.page_size != o->page_size &&
			   !overlay_flatten(o, read_for_flat, h, &err)) {
			rc = VFS_IO;
		}
		if (rc == VFS_OK)
			request.page_count = (uint32_t)(o->size / request.page_size);
	}
	if (rc == VFS_OK)
		rc = publish(h, &request, &v, &err);
	if (rc != VFS_OK) {
		/* in EXCLUSIVE locking mode there is no unlock: forget it here */
		drop_staging(h);
		overlay_init(o, h->pin->page_size, version_size(h->pin), OVERLAY_MEMORY);
		h->staging = true;
		h->cache_seq = 0;
		/*
		 * Nothing of the BUSY kind, not for a lost race either: the pager would keep what
		 * it has just believed committed, for those who go on reading.
		 */
		return handle_fail(h, rc, SQLITE_IOERR_FSYNC, &err);
	}
	overlay_deinit(o);
	unpin(h);
	h->pin = v;
	atomic_store(&h->user.seq, v->seq);
	h->cache_seq = v->seq;
	overlay_init(o, v->page_size, version_size(v), OVERLAY_MEMORY);
	if (!h->bound) {
		memcpy(h->db_id, v->db_id, ID_LEN);
		h->bound = true;
	}
	return SQLITE_OK;
}

static int answer(char **out, const char *text)
{
	*out = sqlite3_mprintf("%s", text);
	return *out != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* args: [0] the answer, [1] the name, [2] the value or NULL. */
static int pragma(struct handle *h, char **args)
{
	if (sqlite3_stricmp(args[1], "locking_mode") == 0)
		return answer(&args[0], "normal");
	if (sqlite3_stricmp(args[1], "journal_mode") == 0 && args[2] != NULL) {
		static const char *const allowed[] = { "delete", "truncate", "persist", "memory" };

		for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
			if (sqlite3_stricmp(args[2], allowed[i]) != 0)
				continue;
			strcpy(h->journal_mode, allowed[i]);
			return SQLITE_NOTFOUND; /* SQLite does it */
		}
		return answer(&args[0], h->journal_mode);
	}
	return pragma_answer(h, args);
}

static int handle_control(sqlite3_file *file, int op, void *arg)
{
	struct handle *h = handle_of(file);

	switch (op) {
	case SQLITE_FCNTL_SYNC:
		return before_commit(h, arg);
	case SQLITE_FCNTL_COMMIT_PHASETWO:
		return commit(h);
	case SQLITE_FCNTL_PRAGMA:
		return pragma(h, arg);
	case SQLITE_FCNTL_HAS_MOVED:
		*(int *)arg = 0;
		return SQLITE_OK;
	case SQLITE_FCNTL_MMAP_SIZE:
		*(sqlite3_int64 *)arg = 2147418112;
		return SQLITE_OK;
	case SQLITE_FCNTL_SIZE_HINT:
		return SQLITE_OK;
	case SQLITE_FCNTL_LOCKSTATE:
		*(int *)arg = h->level;
		return SQLITE_OK;
	case SQLITE_FCNTL_VFSNAME:
		*(char **)arg = sqlite3_mprintf("pgblob");
		return SQLITE_OK;
	case FCNTL_PGBLOB_HANDLE:
		*(struct handle **)arg = h;
		return SQLITE_OK;
	default:
		return SQLITE_NOTFOUND;
	}
}

static int handle_sector_size(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

static int handle_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND |
	       SQLITE_IOCAP_SEQUENTIAL;
}

static int handle_close(sqlite3_file *file)
{
	struct handle *h = handle_of(file);

	(void)handle_unlock(file, SQLITE_LOCK_NONE);
	drop_staging(h);
	handle_end_turn(h);
	db_remove_user(h->db, &h->user);
	registry_put(h->db);
	return SQLITE_OK;
}

static const sqlite3_io_methods handle_methods = {
	.iVersion = 3,
	.xClose = handle_close,
	.xRead = handle_read,
	.xWrite = handle_write,
	.xTruncate = handle_truncate,
	.xSync = handle_sync,
	.xFileSize = handle_file_size,
	.xLock = handle_lock,
	.xUnlock = handle_unlock,
	.xCheckReservedLock = handle_check_reserved,
	.xFileControl = handle_control,
	.xSectorSize = handle_sector_size,
	.xDeviceCharacteristics = handle_characteristics,
	/* no xShm: no WAL */
	.xFetch = handle_fetch,
	.xUnfetch = handle_unfetch,
};

void handle_init(struct handle *h, struct db *db, bool readonly, bool may_create)
{
	memset(h, 0, sizeof(*h));
	h->file.pMethods = &handle_methods;
	h->db = db;
	h->readonly = readonly;
	h->may_create = may_create;
	h->overlay.fd = -1;
	strcpy(h->journal_mode, "delete");
	db_add_user(db, &h->user);
}

/* --- the virtual journal --------------------------------------------------- */

static bool journal_is_page(void *arg, pgno_t pgno, const void *data, size_t len)
{
	struct handle *h = arg;

	if (h->pin == NULL || len != h->pin->page_size || pgno > h->pin->page_count)
		return false;
	struct page_ref ref = db_page_ref(h->db, h->pin, pgno);
	if (ref.encoding == PAGE_MEMORY) {
		struct image *image = db_memory_image(h->db, h->pin, pgno);
		bool same = image != NULL && memcmp(image->data, data, len) == 0;

		image_unref(image);
		return same;
	}
	if (ref.encoding == PAGE_ZERO)
		return false;
	return page_sum(pgno, data, (uint32_t)len) == ref.sum;
}

static bool journal_read_page(void *arg, pgno_t pgno, void *out, size_t len, struct error *err)
{
	struct handle *h = arg;

	if (h->pin == NULL || len != h->pin->page_size)
		return error_set(err, "the journal of database \"%s\" is of another version",
				 h->db->name);
	return read_base(h, h->pin, pgno, out, err) == VFS_OK;
}

static const struct journal_ops journal_ops = { journal_is_page, journal_read_page };

static struct journal_file *journal_of(sqlite3_file *file)
{
	return CONTAINER_OF(file, struct journal_file, file);
}

static int journal_fail(struct journal_file *f, int rc, const struct error *err)
{
	return handle_fail(f->journal.arg, VFS_IO, rc, err);
}

static int journal_file_close(sqlite3_file *file)
{
	journal_deinit(&journal_of(file)->journal);
	return SQLITE_OK;
}

static int journal_file_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 at)
{
	struct journal_file *f = journal_of(file);
	struct error err = ERROR_INIT;
	size_t got;

	if (!journal_read(&f->journal, (uint64_t)at, out, (size_t)amount, &got, &err))
		return journal_fail(f, SQLITE_IOERR_READ, &err);
	return got == (size_t)amount ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int journal_file_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 at)
{
	struct journal_file *f = journal_of(file);
	struct error err = ERROR_INIT;

	if (!journal_write(&f->journal, (uint64_t)at, data, (size_t)amount, &err))
		return journal_fail(f, SQLITE_FULL, &err);
	return SQLITE_OK;
}

static int journal_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct journal_file *f = journal_of(file);
	struct error err = ERROR_INIT;

	if (!journal_truncate(&f->journal, (uint64_t)size, &err))
		return journal_fail(f, SQLITE_IOERR_TRUNCATE, &err);
	return SQLITE_OK;
}

static int journal_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)journal_of(file)->journal.size;
	return SQLITE_OK;
}

static int journal_file_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int journal_file_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int journal_file_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static const sqlite3_io_methods journal_methods = {
	.iVersion = 1,
	.xClose = journal_file_close,
	.xRead = journal_file_read,
	.xWrite = journal_file_write,
	.xTruncate = journal_file_truncate,
	.xSync = handle_sync,
	.xFileSize = journal_file_size,
	.xLock = journal_file_lock,
	.xUnlock = journal_file_lock,
	.xCheckReservedLock = journal_file_reserved,
	.xFileControl = journal_file_control,
	.xSectorSize = handle_sector_size,
	.xDeviceCharacteristics = handle_characteristics,
};

void journal_file_init(struct journal_file *f, struct handle *h)
{
	memset(f, 0, sizeof(*f));
	f->file.pMethods = &journal_methods;
	journal_init(&f->journal, &journal_ops, h);
}
