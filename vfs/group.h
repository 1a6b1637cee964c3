/*
 * group.h - early lock release and group commit
 *
 * A transaction is published: the next writer builds on it, though its slot is not
 * there yet.  Whoever waits for a commit, when nobody appends, becomes the leader
 * and creates one slot for all that has been published; the others wait.  README.md,
 * "Life of a commit".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_GROUP_H
#define PGBLOB_VFS_GROUP_H

#include "vfs/commit.h"

/*
 * Can the transaction be published before it is appended?  Large ones, and those
 * that change more than pages, are appended first, alone: commit_append().
 */
bool group_takes(const struct commit_request *r);

/*
 * Publish the transaction of a caller who has the turn, on top of the version it was
 * made on.  VFS_OK: *out is its version, pinned for the caller; `ticket` is filled in
 * (its references are the ticket's until group_wait()).  VFS_LOST: its base is
 * no more.  Nothing is changed otherwise.
 */
MUST_CHECK enum vfs_rc group_publish(struct db *db, const struct commit_request *r,
				     enum vfs_durability level, struct vfs_ticket *ticket,
				     struct version **out, struct error *err);

/* Wait, or append.  Ends the ticket. */
MUST_CHECK enum vfs_rc group_wait(struct vfs_ticket *ticket, struct error *err);

/*
 * Wait until `v`, which the caller pins, is durable or lost.  VFS_BUSY: the store does not
 * take what is in the local journal.
 */
MUST_CHECK enum vfs_rc group_wait_version(struct db *db, const struct version *v,
					  struct error *err);

/*
 * Wait until everything that is published is durable, or was dropped, and nobody
 * appends.  Who has the turn has the log to himself then.  VFS_BUSY: the store does not
 * take what is in the local journal.
 */
MUST_CHECK enum vfs_rc group_drain(struct db *db, struct error *err);

/* Wait for the append under way, if there is one, unless slot `lsn` is known before. */
void group_wait_slot(struct db *db, uint64_t lsn);

/* Another commit is in the slot that ours would have taken: drop all that is not durable. */
void group_overtaken_locked(struct db *db);

/* Wait for the threads that append what nobody waits for. */
void group_stop(void);

#endif
