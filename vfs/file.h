/*
 * file.h - SQLite's view of a database: a handle and its methods
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FILE_H
#define PGBLOB_VFS_FILE_H

#include "vfs/db.h"
#include "vfs/journal.h"
#include "vfs/overlay.h"
#include "vfs/prefetch.h"
#include "vfs/sqlite.h"

/* File control that asks for the struct handle; any other VFS says SQLITE_NOTFOUND. */
enum { FCNTL_PGBLOB_HANDLE = 0x50474201 };

/* Images of the pinned version that were used lately and may be again: B-tree interior pages above all. */
enum { RECENT_PAGES = 64 };

struct recent {
	uint64_t used;          /* a bit for each place that holds an image */
	uint64_t hits;
	struct {
		pgno_t pgno;
		bool interior;
		struct image *image; /* counted */
	} at[RECENT_PAGES];     /* by pgno % RECENT_PAGES */
};

/*
 * One sqlite3_file of a main database.  It follows SQLite's rule: one thread
 * at a time.
 */
struct handle {
	sqlite3_file file;
	struct db *db;
	struct user user;       /* what db knows of this handle */
	bool readonly;
	bool importing;         /* header bytes 18 and 19 are set to 1 instead of refused */
	int level;              /* SQLITE_LOCK_... that SQLite believes to have */
	struct version *pin;    /* what this transaction reads */
	struct recent recent;   /* of pin; empty without one */
	bool has_turn;
	const void *lender;     /* gets the turn back: vfs_turn_lend() */
	bool intent;            /* vfs_intent_begin() took the turn */
	bool wish;              /* a refused writer: next time wait for the turn at the start */
	bool staging;           /* overlay is in use */
	uint64_t own_seq;       /* vfs_read_own() */
	struct vfs_ticket *ticket; /* vfs_commit_later() */
	enum vfs_durability durability;
	struct overlay overlay;
	bool may_create;        /* SQLITE_OPEN_CREATE: no database is as good as an empty one */
	bool bound;             /* db_id is set */
	uint8_t db_id[ID_LEN];  /* the database that this handle was opened on */

	/* README of notes: the 16 bytes at 24 are what the pager last saw, if its cache is good */
	uint64_t cache_seq;     /* version that the pager's cache belongs to; 0: none */
	uint8_t seen[16];

	struct prefetch prefetch;
	struct vfs_read_stats read_stats;

	char journal_mode[16];  /* as SQLite was let to set it */
	enum vfs_rc rc;         /* of the last failure, for vfs_last_error() */
	struct error error;
};

/* Fill in the methods; the rest is zero.  h->db is the handle's: released by xClose. */
void handle_init(struct handle *h, struct db *db, bool readonly, bool may_create);

/* Let go of the turn, if the handle has it. */
void handle_end_turn(struct handle *h);

/* The virtual journal of a handle. */
struct journal_file {
	sqlite3_file file;
	struct journal journal;
};

void journal_file_init(struct journal_file *f, struct handle *h);

/* Remember a failure for vfs_last_error(), and tell it to SQLite as sqlite_rc, which is returned. */
int handle_fail(struct handle *h, enum vfs_rc rc, int sqlite_rc, const struct error *err);

#endif
