/*
 * relocate.h - pages that lie somewhere else now, with the same image
 *
 * Compaction writes pages anew.  Whoever did it, or reads the manifest that tells of it,
 * lets the page table tell the new places: the old objects may be deleted one day.
 * Snapshots that are pinned keep the old places of pages that have changed since.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_RELOCATE_H
#define PGBLOB_VFS_RELOCATE_H

#include "vfs/db.h"

/* A page, and where its image lies; ref.seq is not used. */
struct moved_page {
	pgno_t pgno;
	struct page_ref ref;
};

/* Which pages of a table have the image that they had at slot `lsn`. */
struct unchanged {
	uint64_t lsn;       /* those that lie in slots up to it, */
	uint64_t seq;       /* of versions up to this one, */
	uint64_t n_objects; /* or in objects whose number was given before this many were */
};

/* One at a time for a database: between the two nobody else moves pages. */
void relocate_begin(struct db *db);
MUST_CHECK bool relocate_try_begin(struct db *db);
void relocate_end(struct db *db);

/* Of a version that is pinned. */
struct unchanged unchanged_since(const struct version *v);

/* Of an earlier slot of the log that was followed since. */
struct unchanged unchanged_since_slot_locked(const struct db *db, uint64_t lsn);

/* Tell the new places of those pages of v's table that are unchanged, v is pinned; images in memory stay there. */
void relocate(struct db *db, struct version *v, const struct unchanged *u,
	      const struct moved_page *pages, size_t n);

/* Remember which objects are known when `v` becomes durable. */
void relocate_note_locked(struct db *db, const struct version *v);

#endif
