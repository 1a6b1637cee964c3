/*
 * local.h - commits that are durable on this machine before they are in the store
 *
 * README.md, "Local journal".  What a database has published is written to a
 * journal, flushed, and acknowledged to who asked for VFS_ON_DISK; group.c appends it to
 * the log meanwhile.  Every slot that is created while the journal has records is
 * announced in it, so that a restart can tell what is in the store.
 *
 * Calls may come from any thread; none is made with the database's lock held but
 * local_set_aside() and local_discard().
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_LOCAL_H
#define PGBLOB_VFS_LOCAL_H

#include "vfs/db.h"

struct staged_page;

/* The pages of versions after `from` up to `seq`, on top of `base`: newest images, by page. */
struct local_pages {
	uint64_t seq;
	unsigned n_commits;            /* roughly: for the message after a restart */
	const struct version *base;    /* durable, pinned; `from` is not older */
	const struct version *last;    /* pinned */
	const struct staged_page *pages;
	size_t n;
};

/* Is there a journal for this database?  Opens it the first time; says once why not. */
bool local_usable(struct db *db);

/*
 * The next local_write() must bring everything after the durable version: the
 * journal begins a generation with it.
 */
bool local_begins(struct db *db);

/* Write and flush.  False: who waits for it waits for the store instead. */
MUST_CHECK bool local_write(struct db *db, const struct local_pages *pages, struct error *err);

/* The slot `lsn` is about to be created with everything up to `seq`; flushed if the journal has records. */
MUST_CHECK bool local_attempt(struct db *db, uint64_t lsn, const uint8_t nonce[ID_LEN],
			      uint64_t seq, struct error *err);

/* It is there (applied), or is not going to be. */
void local_attempt_ended(struct db *db, uint64_t lsn, uint64_t seq, bool applied);

/* What was acknowledged from the journal cannot be applied: keep it in a file, and say so. */
void local_set_aside(struct db *db, const char *why);

/* Append what an earlier process left.  The database has been loaded; nobody else uses it yet. */
MUST_CHECK enum vfs_rc local_replay(struct db *db, struct error *err);

/* Open each database of `store` that has a journal: its commits are appended then. */
void local_replay_all(struct blob_store *store);

/* What was written is lost, and nobody was told otherwise; the database's lock is held. */
void local_discard(struct db *db);

/* All users are gone.  What is not in the store stays in the journal. */
void local_close(struct db *db);

#endif
