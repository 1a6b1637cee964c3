/*
 * commit.h - sealing a transaction and appending it to the log
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_COMMIT_H
#define PGBLOB_VFS_COMMIT_H

#include "vfs/db.h"

struct overlay;

/* Where all pages of a database come from: its user embeds it. */
struct page_source {
	/* The image of a page: page_size bytes.  False: it cannot be read, and nothing is committed. */
	bool (*read)(struct page_source *source, pgno_t pgno, uint8_t *out, struct error *err);
};

struct commit_request {
	enum commit_kind kind;
	struct version *base;    /* pinned by the caller: what the transaction was made on */
	struct overlay *overlay; /* its pages; NULL: none */
	struct page_source *source; /* or all pages come from here; each may be read twice */
	uint8_t header[PAGE_HEADER_LEN];
	uint32_t page_size;
	uint32_t page_count;
	int64_t timeout_ms;      /* a throttled or unreachable store is asked again for so long */
	uint64_t announce_seq;   /* what the local journal is told that the slot holds; 0: up to base */
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
 * The steps of an append, for group.c.  begin: ids, time and place behind `base`; build: the
 * object, pages included; create: the one request that decides (first sent at `first_us` of the boot clock); done: what the
 * database knows then (UNKNOWN takes the body); told: logs, and completes err.
 */
struct commit_head;
struct sealed;

void commit_begin(const struct version *base, struct commit_head *head);
MUST_CHECK bool commit_build(struct commit_head *head, struct sealed *s, struct buf *body,
			     struct error *err);
/* Where the sealed pages lie; seq is not set.  Room for s->n refs.  False: no memory. */
MUST_CHECK bool commit_refs(struct db *db, const struct commit_head *head, const struct sealed *s,
			    struct page_ref *refs);
MUST_CHECK enum vfs_rc commit_create(struct db *db, const struct commit_head *head,
				     const struct buf *body, int64_t first_us, int64_t timeout_ms,
				     struct error *err);
void commit_done_locked(struct db *db, const struct commit_head *head, struct buf *body,
			enum vfs_rc rc, int64_t began_us);
void commit_count_locked(struct db *db, unsigned n, enum vfs_rc rc);
void commit_told(struct db *db, const struct commit_head *head, size_t n_pages, size_t len,
		 enum vfs_rc rc, int64_t began_us, struct error *err);

/*
 * May a commit on top of `base` be tried: is no doubt left, and is the head,
 * if it was last proven long ago, still the head?  VFS_LOST if not.
 */
MUST_CHECK enum vfs_rc commit_check_head(struct db *db, const struct version *base,
					 struct error *err);
/* Says that another server has the slot; VFS_LOST. */
enum vfs_rc commit_lost(struct db *db, struct error *err);
/* Says that a version that was read is gone, whatever the reason; VFS_LOST. */
enum vfs_rc commit_base_lost(struct db *db, struct error *err);

/*
 * If a commit is in doubt, find out.  VFS_OK: no doubt is left (and what the
 * slot holds is applied); otherwise it is as it was.
 */
MUST_CHECK enum vfs_rc commit_resolve(struct db *db, struct error *err);

/* The fixed part of the object in a slot, of which nothing else is kept.  VFS_NOT_FOUND: nothing. */
MUST_CHECK enum vfs_rc commit_head_of(struct blob_store *store, const char *folder, uint64_t lsn,
				      struct commit_head *out, struct error *err);

/* Whose the object in a slot is.  VFS_NOT_FOUND: nobody's, or it was cleaned up. */
MUST_CHECK enum vfs_rc commit_nonce(struct db *db, uint64_t lsn, uint8_t nonce[ID_LEN],
				    struct error *err);

/* Asks the background for commit_resolve(): registry.c. */
void background_resolve(struct db *db);

#endif
