/*
 * history.h - a database as it was
 *
 * "name@1234", "name@2026-09-01T12:00:00Z" and "name@snapshot" are databases of
 * one version, which never changes and cannot be written.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_HISTORY_H
#define PGBLOB_VFS_HISTORY_H

#include "vfs/db.h"

/*
 * Take apart what a database is opened by.  Without '@' out->kind is PAST_NONE.
 * What begins with a digit is a slot, or a time in ISO 8601 (UTC if it names no
 * zone); anything else is a snapshot's name.
 */
MUST_CHECK bool history_parse(const char *name, struct db_past *out, struct error *err);

/* A version, as far as it matters whether it is the one that is meant. */
struct history_version {
	bool exists;
	uint64_t lsn;
	int64_t time_us;
	uint8_t db_id[ID_LEN];
};

struct pin;

/*
 * The steps from a name to a version, for who reads heads only; `folder` is that of
 * past->base, `now` its newest version.  resolve: past->lsn is set for a snapshot, whose
 * pin is in *pin then; is there such a version?  manifest: the newest that is not behind it,
 * 0: none.  judge: `found` is what the slots from there on led to; stopped: there is one
 * behind it that is younger than past->time_us.
 */
MUST_CHECK enum vfs_rc history_resolve(struct blob_store *store, const char *folder,
				       struct db_past *past, const struct history_version *now,
				       struct pin *pin, struct error *err);
MUST_CHECK enum vfs_rc history_manifest(struct blob_store *store, const char *folder,
					const struct db_past *past,
					const struct history_version *now, uint64_t *lsn,
					struct error *err);
MUST_CHECK enum vfs_rc history_judge(const struct db_past *past, const struct history_version *found,
				     const struct history_version *now, bool stopped,
				     struct error *err);
/* Says so; VFS_NOT_FOUND. */
enum vfs_rc history_not_kept(const struct db_past *past, struct error *err);

/* 1 to 63 bytes as in a database's name, but no digit or '+' first. */
MUST_CHECK bool snapshot_name_check(const char *name, struct error *err);

/*
 * Read the version that db->past names, for db_load().  VFS_NOT_FOUND: there is no
 * such, it is not kept any more, or its database was dropped.
 */
MUST_CHECK enum vfs_rc history_load(struct db *db, struct error *err);

/*
 * Read slot db->past.lsn for who goes on from it, of a database that is the one in the
 * folder or was.  VFS_NOT_FOUND: it is not there; VFS_CORRUPT: it is another one.
 */
MUST_CHECK enum vfs_rc history_load_exactly(struct db *db, const uint8_t db_id[ID_LEN],
					    const uint8_t hash[HASH_LEN], struct error *err);

/* Is it still a version of the database that has the name? */
MUST_CHECK enum vfs_rc history_check(struct db *db, struct error *err);

#endif
