/*
 * manifest.h - the whole state at an lsn: read, written, and when
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_MANIFEST_H
#define PGBLOB_VFS_MANIFEST_H

#include "vfs/db.h"
#include "vfs/relocate.h"

/* The newest manifest's lsn, 0 if there is none: one LIST of one key. */
MUST_CHECK enum vfs_rc manifest_newest(struct blob_store *store, const char *folder,
				       uint64_t *lsn, struct error *err);

/* The newest one up to `lsn`; 0: there is none. */
MUST_CHECK enum vfs_rc manifest_up_to(struct blob_store *store, const char *folder, uint64_t lsn,
				      uint64_t *found, struct error *err);

/* The fixed part of the manifest of slot `lsn`, of which nothing is kept: no pointers are set. */
MUST_CHECK enum vfs_rc manifest_head_of(struct blob_store *store, const char *folder, uint64_t lsn,
					struct manifest_head *out, struct error *err);

/* Begin with the manifest of slot `lsn`.  VFS_NOT_FOUND: it is not there (any more). */
MUST_CHECK enum vfs_rc manifest_read(struct db *db, uint64_t lsn, struct error *err);

/* If there is a manifest newer than what we know, begin with it. */
MUST_CHECK enum vfs_rc manifest_follow(struct db *db, struct error *err);

/* Has nobody looked for so long whether pages lie somewhere else now that manifest_follow() must? */
bool manifest_places_are_old(struct db *db);

/* Create the manifest of the durable version, with as little work as that takes: compact.h. */
MUST_CHECK enum vfs_rc manifest_write(struct db *db, struct error *err);

/*
 * Create the manifest of `v`, pinned, with the moved pages (rising) at their new places.
 * None may lie in a slot of this database, or be a delta.  VFS_EXISTS: others have.
 */
MUST_CHECK enum vfs_rc manifest_create(struct db *db, const struct version *v,
				       const struct moved_page *moved, size_t n_moved,
				       uint64_t *bytes, struct error *err);

/* A commit of n_pages has made `v`: is it time for a manifest?  Done in the background. */
void manifest_want(struct db *db, const struct version *v, size_t n_pages);

/* Asks the background for compact(): registry.c. */
void background_compact(struct db *db);

#endif
