/*
 * branch.h - databases that begin as a version of another one, and restoring
 *
 * README.md, "Branches".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_BRANCH_H
#define PGBLOB_VFS_BRANCH_H

#include "vfs/db.h"
#include "vfs/pin.h"

enum { BRANCH_DEPTH_MAX = 32 };

/* The version that a commit of kind BRANCHED begins with. */
struct branch_point {
	char folder[DB_NAME_ENCODED]; /* of its database */
	uint8_t db_id[ID_LEN];
	uint64_t lsn;
	uint8_t hash[HASH_LEN];       /* of the object in that slot */
};

/* Such a commit has it in place of messages. */
void branch_point_put(struct buf *out, const struct branch_point *point);
/* `name` is that of the object, for messages. */
MUST_CHECK bool branch_point_parse(const uint8_t *bytes, size_t len, const char *name,
				   struct branch_point *out, struct error *err);

/*
 * Read the version that the commit `head` of `db` begins with; `key` is its object.
 * On success *out is for db_free().
 */
MUST_CHECK enum vfs_rc branch_read(struct db *db, const struct commit_head *head, const char *key,
				   struct db **out, struct error *err);

/*
 * Give `v` a table of the pages of what branch_read() has read; their refs get
 * db->next_seq.  VFS_NOT_FOUND: `db` has seen another database of its name with other
 * origins, and cannot go on; the next opening begins anew.
 */
MUST_CHECK enum vfs_rc branch_adopt_locked(struct db *db, struct version *v, struct db *origin,
					   const struct commit_head *head, struct error *err);

/*
 * Let the objects of `db` have these origins, rising; each is a folder.  The same
 * outcomes.
 */
MUST_CHECK enum vfs_rc branch_set_origins_locked(struct db *db,
						 char (*folders)[DB_NAME_ENCODED], uint32_t n,
						 struct error *err);

/*
 * Is the pin of `folder` still needed?  For clean-up: one that is not may be deleted, and
 * what only it needed.  A branch that is still being made is not there yet: the caller lets
 * a pin rest for a day, calls branch_give_up(), and asks once more.
 */
MUST_CHECK enum vfs_rc branch_pin_needed(struct blob_store *store, const char *folder,
					 const struct pin *pin, bool *needed, struct error *err);

/*
 * Whoever still makes the branch of that pin, after a day of sleep, finds its slot taken from
 * now on; or has taken it.
 */
MUST_CHECK enum vfs_rc branch_give_up(struct blob_store *store, const char *folder,
				      const struct pin *pin, struct error *err);

/*
 * For DROP of the database of that id: delete the pins of the folder but for branch
 * points.  *keep: there are such, and what they name has to stay; *branches: some are
 * of this database.
 */
MUST_CHECK enum vfs_rc branch_drop_pins(struct db *db, const uint8_t db_id[ID_LEN], bool *keep,
					bool *branches, struct error *err);

/*
 * The database of `db` with that id is dropped, and has no branches: it needs nothing
 * of its parents.
 */
MUST_CHECK enum vfs_rc branch_leave_parent(struct db *db, const uint8_t db_id[ID_LEN],
					   struct error *err);

#endif
