/*
 * commit.h - sealing a transaction and appending it to the log
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_COMMIT_H
#define PGBLOB_VFS_COMMIT_H

#include "vfs/db.h"

struct overlay;

struct commit_request {
	enum commit_kind kind;
	struct version *base;    /* pinned by the caller: what the transaction was made on */
	struct overlay *overlay; /* its pages; NULL: none */
	uint8_t header[PAGE_HEADER_LEN];
	uint32_t page_size;
	uint32_t page_count;
	int64_t timeout_ms;      /* a throttled or unreachable store is asked again for so long */
};

/*
 * Make the transaction the next version.  The caller has the turn.
 * VFS_OK: it is durable and published; *out is its version, pinned for the
 * caller.  VFS_LOST, VFS_BUSY, VFS_IO: nothing was changed.  VFS_UNKNOWN: see
 * commit_resolve().  The overlay is the caller's in any case.
 */
MUST_CHECK enum vfs_rc commit_append(struct db *db, const struct commit_request *request,
				     struct version **out, struct error *err);

/*
 * If a commit is in doubt, find out.  VFS_OK: no doubt is left (and what the
 * slot holds is applied); otherwise it is as it was.
 */
MUST_CHECK enum vfs_rc commit_resolve(struct db *db, struct error *err);

/* Asks the background for commit_resolve(): registry.c. */
void background_resolve(struct db *db);

#endif
