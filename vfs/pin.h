/*
 * pin.h - versions that are kept whatever their age: snapshots and branch points
 *
 * The format is in README.md, "Pins".  `folder` is that of the database whose
 * version it is.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_PIN_H
#define PGBLOB_VFS_PIN_H

#include "vfs/db.h"

enum pin_kind { PIN_SNAPSHOT = 1, PIN_BRANCH = 2 };

struct pin {
	enum pin_kind kind;
	uint64_t lsn;             /* of the version */
	uint8_t db_id[ID_LEN];
	uint8_t hash[HASH_LEN];   /* of the object in slot lsn */
	int64_t time_us;          /* of that slot */
	int64_t created_us;       /* by the clock of who made the pin */
	uint8_t child_id[ID_LEN]; /* PIN_BRANCH: database id of the branch */
	uint64_t child_lsn;       /* PIN_BRANCH: slot that it begins with */
	char name[DB_NAME_MAX + 1]; /* of the snapshot, or of the branch */
	bool plain_key;           /* a snapshot whose key does not tell the database id: of an older version */
};

/* `name` is that of the object, for messages. */
void pin_put(struct buf *out, const struct pin *pin);
MUST_CHECK bool pin_parse(const uint8_t *bytes, size_t len, const char *name, struct pin *out,
			  struct error *err);

/*
 * The key of the pin of a snapshot is made of its name and database id, that of a branch of the
 * branch's id: whoever deletes one later does not meet that of another database.
 */
void pin_key(char out[KEY_MAX], const char *folder, const struct pin *pin);
MUST_CHECK bool pin_key_is_plain(const char *key);

/* VFS_EXISTS: another has that key. */
MUST_CHECK enum vfs_rc pin_create(struct blob_store *store, const char *folder,
				  const struct pin *pin, struct error *err);
MUST_CHECK enum vfs_rc pin_delete(struct blob_store *store, const char *folder,
				  const struct pin *pin, struct error *err);

/*
 * After the pin was made: is the database still there, of which `of` is a version?  DROP looks for
 * pins after its slot is there.  So who finds it there then has been seen by DROP, or was before
 * it.  And of a version that is not the newest any more: does clean-up keep it, and is it
 * still in the store?  VFS_NOT_FOUND: no.
 */
MUST_CHECK enum vfs_rc pin_check(struct db *of, const struct pin *pin, struct error *err);

/*
 * The pin of a snapshot of the database of that id.  VFS_NOT_FOUND: there is none.  With a plain key
 * it may be that of another database.
 */
MUST_CHECK enum vfs_rc pin_read(struct blob_store *store, const char *folder, const char *snapshot,
				const uint8_t db_id[ID_LEN], struct pin *out, struct error *err);

/* The same of a branch, by its database id. */
MUST_CHECK enum vfs_rc pin_read_branch(struct blob_store *store, const char *folder,
				       const uint8_t child_id[ID_LEN], struct pin *out,
				       struct error *err);

/* All pins of a folder, in order of their keys; the caller frees *out. */
MUST_CHECK enum vfs_rc pin_list(struct blob_store *store, const char *folder, struct pin **out,
				size_t *n, struct error *err);

#endif
