/*
 * floor.h - which old versions clean-up may take, and whether a pin came in time
 *
 * Protocol, format and proof are in README.md, "Floors".  Any thread may call this.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FLOOR_H
#define PGBLOB_VFS_FLOOR_H

#include "vfs/db.h"
#include "vfs/gc_pin.h"

/* A record.  Versions from `lsn` on are kept; of older ones, those that the last decision names. */
struct floor {
	uint64_t number;      /* 0: there is none yet */
	bool announced;       /* nothing is deleted before the next decision */
	uint64_t lsn;
	uint8_t nonce[ID_LEN];
	uint64_t decided_lsn; /* that of the last decision; the same unless announced */
	uint64_t *kept;       /* what that keeps below decided_lsn: lsns, rising */
	size_t n_kept;
};

void floor_free(struct floor *floor);

void floor_put(struct buf *out, const struct floor *floor);
/* `name` is that of the object, for messages.  On success *out is for floor_free(). */
MUST_CHECK bool floor_parse(const uint8_t *bytes, size_t len, const char *name, struct floor *out,
			    struct error *err);

/*
 * Clean-up, step 1: from now on nobody pins a version below `lsn` without asking for the next
 * decision.  *out is for floor_free() in any case.  VFS_LOST: somebody else is about it.
 */
MUST_CHECK enum vfs_rc floor_announce(struct blob_store *store, const char *folder, uint64_t lsn,
				      struct floor *out, struct error *err);

/*
 * Step 2: `pins` were read after *floor was announced, all of them.  On success the caller may
 * delete what no version at *floor or above it needs, and none of `pins`.  VFS_LOST: somebody
 * else has decided, and the caller deletes nothing.
 */
MUST_CHECK enum vfs_rc floor_decide(struct blob_store *store, const char *folder,
				    const struct gc_pins *pins, struct floor *floor,
				    struct error *err);

/*
 * After a pin of version `lsn` was made: will every clean-up keep it, also one that has begun, and
 * sleeps?  VFS_NOT_FOUND: not that one.
 */
MUST_CHECK enum vfs_rc floor_check(struct blob_store *store, const char *folder, uint64_t lsn,
				   struct error *err);

#endif
