/*
 * floor.c - which old versions clean-up may take, and whether a pin came in time
 *
 * FORMAT   README.md, "Floors".
 * INVARIANTS
 *   (1) Records are numbered without a gap, and the newest one is never deleted.
 *   (2) Floors never fall.
 *   (3) A decision names a version below its floor only if it is pinned, and no
 *       decision before it left the version out.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/floor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "vfs/format_parts.h"
#include "vfs/listing.h"

enum { FLOOR_VERSION = 1, FLOOR_HEAD_LEN = 52, FLOOR_MAX = 1 << 20 };
enum { ANNOUNCED = 1, DECIDED = 2 };
enum { TRIES = 10 }; /* as long as others write records meanwhile */

void floor_free(struct floor *floor)
{
	free(floor->kept);
	*floor = (struct floor){ .number = 0 };
}

/* ---- bytes ---- */

void floor_put(struct buf *out, const struct floor *floor)
{
	uint8_t hash[HASH_LEN];

	buf_put(out, "PGBF", 4);
	buf_put_u16(out, FLOOR_VERSION);
	buf_put_byte(out, floor->announced ? ANNOUNCED : DECIDED);
	buf_put_byte(out, 0);
	buf_put_u64(out, floor->number);
	buf_put_u64(out, floor->lsn);
	buf_put_u64(out, floor->decided_lsn);
	buf_put(out, floor->nonce, ID_LEN);
	buf_put_u32(out, (uint32_t)floor->n_kept);
	for (size_t i = 0; i < floor->n_kept; i++)
		buf_put_u64(out, floor->kept[i]);
	if (!out->failed)
		object_put_hash(out, hash);
}

/* The lsns of versions rise, and are below what was decided. */
static bool kept_are_valid(const struct floor *f)
{
	for (size_t i = 0; i < f->n_kept; i++)
		if (f->kept[i] <= (i == 0 ? 0 : f->kept[i - 1]) || f->kept[i] >= f->decided_lsn)
			return false;
	return true;
}

bool floor_parse(const uint8_t *bytes, size_t len, const char *name, struct floor *out,
		 struct error *err)
{
	struct floor f = { .number = 0 };

	if (!format_whole_ok(bytes, len, "PGBF", FLOOR_VERSION, FLOOR_HEAD_LEN + HASH_LEN, FLOOR_MAX, name,
			     err))
		return false;
	if (bytes[6] != ANNOUNCED && bytes[6] != DECIDED)
		return format_damaged(err, name, "unknown kind of floor");
	f.announced = bytes[6] == ANNOUNCED;
	f.number = get_u64(bytes + 8);
	f.lsn = get_u64(bytes + 16);
	f.decided_lsn = get_u64(bytes + 24);
	memcpy(f.nonce, bytes + 32, ID_LEN);
	f.n_kept = get_u32(bytes + 48);
	if (f.n_kept != (len - FLOOR_HEAD_LEN - HASH_LEN) / 8 || len % 8 != (FLOOR_HEAD_LEN + HASH_LEN) % 8)
		return format_damaged(err, name, "its length is not what it says");
	if (f.number == 0 || f.lsn >> LSN_BITS != 0 || f.decided_lsn > f.lsn ||
	    (!f.announced && f.decided_lsn != f.lsn))
		return format_damaged(err, name, "impossible numbers");
	f.kept = malloc((f.n_kept + 1) * sizeof(f.kept[0]));
	if (f.kept == NULL)
		return error_no_memory(err);
	for (size_t i = 0; i < f.n_kept; i++)
		f.kept[i] = get_u64(bytes + FLOOR_HEAD_LEN + 8 * i);
	if (!kept_are_valid(&f)) {
		floor_free(&f);
		return format_damaged(err, name, "impossible versions");
	}
	*out = f;
	return true;
}

/* ---- objects ---- */

/* 0: there is none. */
static enum vfs_rc newest_number(struct blob_store *store, const char *folder, uint64_t *out,
				 struct error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct blob_list list;
	char prefix[KEY_MAX];
	struct blob_list_request request = { .prefix = prefix, .max = 1 };

	*out = 0;
	snprintf(prefix, sizeof(prefix), "%s/floor/", folder);
	enum vfs_rc rc = vfs_rc_of_blob(blob_list(store, &request, &arena, &list, err));
	if (rc == VFS_OK && list.n_entries > 0 && !key_floor_number(list.entries[0].key, out)) {
		error_set(err, "object \"%s\" is no floor", list.entries[0].key);
		rc = VFS_CORRUPT;
	}
	arena_free(&arena);
	return rc;
}

static enum vfs_rc read_record(struct blob_store *store, const char *folder, uint64_t number,
			       struct floor *out, struct error *err)
{
	struct buf body = BUF_INIT(FLOOR_MAX);
	char key[KEY_MAX];

	key_floor(key, folder, number);
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(store, key, NULL, &body, NULL, err));
	if (rc == VFS_OK &&
	    !floor_parse((const uint8_t *)body.data, body.len, key, out, err))
		rc = VFS_CORRUPT;
	if (rc == VFS_OK && out->number != number) {
		floor_free(out);
		format_damaged(err, key, "it is another one");
		rc = VFS_CORRUPT;
	}
	buf_free(&body);
	return rc;
}

/* number 0: there is none. */
static enum vfs_rc read_newest(struct blob_store *store, const char *folder, struct floor *out,
			       struct error *err)
{
	enum vfs_rc rc = VFS_NOT_FOUND;

	*out = (struct floor){ .number = 0 };
	for (unsigned i = 0; rc == VFS_NOT_FOUND && i < TRIES; i++) {
		uint64_t number;

		error_clear(err);
		rc = newest_number(store, folder, &number, err);
		if (rc == VFS_OK && number != 0)
			rc = read_record(store, folder, number, out, err); /* a newer one may have come */
	}
	return rc == VFS_NOT_FOUND ? VFS_BUSY : rc;
}

static enum vfs_rc lost(const char *folder, struct error *err)
{
	error_set(err, "another clean-up of \"%s\" is under way", folder);
	error_hint(err, "Try again later.");
	return VFS_LOST;
}

/* VFS_LOST: another has that number. */
static enum vfs_rc create_record(struct blob_store *store, const char *folder, struct floor *f,
				 struct error *err)
{
	struct buf body = BUF_INIT(FLOOR_MAX), there = BUF_INIT(FLOOR_MAX);
	char key[KEY_MAX];

	random_bytes(f->nonce, ID_LEN);
	floor_put(&body, f);
	if (body.failed) {
		buf_free(&body);
		error_set(err, "cannot clean up \"%s\": too many of its old versions are pinned", folder);
		return VFS_IO;
	}
	key_floor(key, folder, f->number);
	enum vfs_rc rc = vfs_rc_of_blob(blob_create(store, key, &body, NULL, err));
	if (rc == VFS_EXISTS || rc == VFS_UNKNOWN) {
		/* the same nonce can only be ours; if it comes late it does no harm */
		enum blob_rc got = blob_get(store, key, NULL, &there, NULL, NULL);

		rc = VFS_BUSY;
		if (got == BLOB_OK && there.len == body.len &&
		    memcmp(there.data, body.data, body.len) == 0)
			rc = VFS_OK;
		else if (got == BLOB_OK)
			rc = lost(folder, err);
		if (rc == VFS_OK)
			error_clear(err);
		else if (rc == VFS_BUSY)
			error_set(err, "it is not known whether object \"%s\" was written", key);
	}
	buf_free(&body);
	buf_free(&there);
	return rc;
}

enum vfs_rc floor_announce(struct blob_store *store, const char *folder, uint64_t lsn,
			   struct floor *out, struct error *err)
{
	enum vfs_rc rc = read_newest(store, folder, out, err);

	if (rc != VFS_OK)
		return rc;
	/* of one that was announced, and never decided, the decision before it counts */
	out->number++;
	out->announced = true;
	if (out->lsn < lsn)
		out->lsn = lsn;
	return create_record(store, folder, out, err);
}

static int by_lsn(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Is the version at the floor that was decided on last, or does that decision name it? */
static bool is_kept(const struct floor *f, uint64_t lsn)
{
	return lsn >= f->decided_lsn ||
	       (f->n_kept > 0 &&
		bsearch(&lsn, f->kept, f->n_kept, sizeof(f->kept[0]), by_lsn) != NULL);
}

/* Put the next decision in place of what was announced. */
static bool decide(struct floor *f, const struct gc_pins *pins, struct error *err)
{
	uint64_t *kept = malloc((pins->n + 1) * sizeof(kept[0]));
	size_t n = 0, once = 0;

	if (kept == NULL)
		return error_no_memory(err);
	for (size_t i = 0; i < pins->n; i++)
		if (pins->pins[i].lsn != 0 && pins->pins[i].lsn < f->lsn && is_kept(f, pins->pins[i].lsn))
			kept[n++] = pins->pins[i].lsn;
	qsort(kept, n, sizeof(kept[0]), by_lsn);
	for (size_t i = 0; i < n; i++)
		if (once == 0 || kept[once - 1] != kept[i])
			kept[once++] = kept[i];
	free(f->kept);
	f->kept = kept;
	f->n_kept = once;
	f->decided_lsn = f->lsn;
	f->announced = false;
	f->number++;
	return true;
}

struct older {
	struct blob_store *store;
	const char *folder;
	uint64_t number;
	bool newest;
};

/* The first one listed is the newest. */
static enum vfs_rc delete_older(void *arg, const struct blob_entry *entry, struct error *err)
{
	struct older *o = arg;
	uint64_t number;

	if (!key_floor_number(entry->key, &number))
		return VFS_OK;
	if (number == o->number) {
		o->newest = true;
		return VFS_OK;
	}
	if (!o->newest)
		return lost(o->folder, err);
	/* if it stays the next one deletes it */
	(void)!blob_delete(o->store, entry->key, NULL);
	return VFS_OK;
}

enum vfs_rc floor_decide(struct blob_store *store, const char *folder, const struct gc_pins *pins,
			 struct floor *floor, struct error *err)
{
	struct older older = { .store = store, .folder = folder };
	enum vfs_rc rc;

	if (!decide(floor, pins, err))
		return VFS_IO;
	rc = create_record(store, folder, floor, err);
	if (rc != VFS_OK)
		return rc;
	/* a number that was deleted is free again: whoever slept does not take it for the newest */
	older.number = floor->number;
	rc = list_objects(store, folder, "floor", NULL, delete_older, &older, err);
	return rc == VFS_OK && !older.newest ? lost(folder, err) : rc;
}

/* ---- pins ---- */

/* Decide what was announced, so that nobody has to wait for who did it.  VFS_LOST: somebody was faster. */
static enum vfs_rc decide_for_another(struct blob_store *store, const char *folder,
				      struct floor *floor, struct error *err)
{
	struct gc_pins pins = { .n = 0 };
	enum vfs_rc rc = gc_pins_read(store, folder, &pins, err);

	if (rc == VFS_OK)
		rc = floor_decide(store, folder, &pins, floor, err);
	gc_pins_free(&pins);
	return rc;
}

/* VFS_LOST: a record has come meanwhile. */
static enum vfs_rc check_once(struct blob_store *store, const char *folder, uint64_t lsn, bool *kept,
			      struct error *err)
{
	struct floor floor;
	uint64_t newest;
	enum vfs_rc rc = read_newest(store, folder, &floor, err);

	if (rc == VFS_OK && floor.announced && lsn < floor.lsn)
		rc = decide_for_another(store, folder, &floor, err);
	*kept = lsn >= floor.lsn || is_kept(&floor, lsn);
	/* was it still the newest one when it was read, and none that was deleted and came again? */
	if (rc == VFS_OK && floor.number != 0) {
		rc = newest_number(store, folder, &newest, err);
		if (rc == VFS_OK && newest != floor.number)
			rc = lost(folder, err);
	}
	floor_free(&floor);
	return rc;
}

enum vfs_rc floor_check(struct blob_store *store, const char *folder, uint64_t lsn,
			struct error *err)
{
	enum vfs_rc rc = VFS_LOST;
	bool kept = false;

	for (unsigned i = 0; rc == VFS_LOST && i < TRIES; i++) {
		error_clear(err);
		rc = check_once(store, folder, lsn, &kept, err);
	}
	if (rc == VFS_OK && !kept) {
		error_set(err, "version %" PRIu64 " is not kept any more", lsn);
		rc = VFS_NOT_FOUND;
	}
	return rc == VFS_LOST ? VFS_BUSY : rc;
}
