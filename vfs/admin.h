/*
 * admin.h - what administration opens
 *
 * Any thread may call this.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_ADMIN_H
#define PGBLOB_VFS_ADMIN_H

#include "vfs/db.h"
#include "vfs/sqlite.h"

/* The database and its newest state, learned now.  On success *out is for registry_put(). */
MUST_CHECK enum vfs_rc admin_open_newest(struct blob_store *store, const char *name,
					 struct db **out, bool *exists, struct error *err);

/*
 * For who has the turn: wait for all that is under way, and learn what others committed.  VFS_OK:
 * *base, pinned for the caller, is what the next slot is appended to; otherwise it is NULL.
 */
MUST_CHECK enum vfs_rc admin_take_head(struct db *db, struct version **base, struct error *err);

/*
 * Take slot `lsn` of a name behind whose last slot no database is, with a commit of kind
 * DROPPED: who wants to create one with that slot, and fell asleep, loses.  VFS_EXISTS:
 * somebody has it; VFS_LOST: it is not the next one.
 */
MUST_CHECK enum vfs_rc admin_take_slot(struct blob_store *store, const char *name, uint64_t lsn,
				       struct error *err);

/* False: this process only reads the store, and err says so. */
MUST_CHECK bool admin_may_write(struct error *err);

/*
 * A connection to a database of any store.  On success *out is for sqlite3_close(),
 * otherwise it is NULL.
 */
MUST_CHECK enum vfs_rc admin_connect(struct blob_store *store, const char *name, int flags,
				     sqlite3 **out, struct error *err);

/*
 * The same to read one version, from now until it is closed: its transaction is open.
 * The newest version at this moment, whatever cache_ttl says.
 */
MUST_CHECK enum vfs_rc admin_connect_to_read(struct blob_store *store, const char *name,
					     sqlite3 **out, struct error *err);

#endif
