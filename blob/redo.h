/*
 * redo.h - objects of a local folder made durable by one flush of a file that is there already
 *
 * README.md, "The local folder", says how, and what happens at each failure.
 *
 *	redo_enter() -> is the name there? -> redo_append() -> linkat() -> [redo_void() ->] redo_leave()
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_REDO_H
#define PGBLOB_BLOB_REDO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/thread.h"
#include "blob/redo_file.h"

struct buf;
struct error;

/* A create under way.  On its caller's stack. */
struct redo_ticket {
	const char *key;
	unsigned file;  /* that has its record */
	bool recorded;
	struct redo_ticket *next, **prev;
};

/* A set of hashes of keys; an open table. */
struct redo_keys {
	uint64_t *slots; /* 0: free */
	size_t n_slots;
};

enum redo_state {
	REDO_OFF,      /* not asked for yet, or somebody else's */
	REDO_STARTING, /* the thread takes it */
	REDO_READY,
	REDO_BROKEN,   /* the disk failed, or it cannot be here */
};

struct redo {
	int root_fd; /* borrowed */
	pid_t pid;   /* that may use it: not a child that was forked off */
	_Atomic enum redo_state state;
	_Atomic unsigned asked;      /* creates that would have used it */
	_Atomic int64_t retry_ms;    /* of mono_ms(): not before, while somebody else has it */

	struct mutex lock; /* guards everything below */
	struct cond changed;
	struct redo_file files[REDO_FILES];
	unsigned active;             /* where records go */
	uint64_t next_generation;    /* above that of both */
	int64_t first_ms;            /* of mono_ms(): when the active one got its first record; 0: it is empty */
	bool full;                   /* it is time for a checkpoint */
	size_t flushed[REDO_FILES];  /* bytes that are on the disk */
	struct redo_keys keys[REDO_FILES]; /* of its records */
	bool flushing;
	unsigned in_flight[REDO_FILES]; /* creates with a record there */
	struct redo_ticket *tickets; /* of those between enter and leave */
	unsigned outside;            /* who wait in redo_enter() for a key */
	uint64_t checkpoints;        /* that were made */
	bool checkpointing;
	bool started;                /* the thread is to be joined */
	bool stop;
	pthread_t thread;
};

/* Nothing happens before the first redo_enter().  root_fd is borrowed. */
void redo_init(struct redo *r, int root_fd);
/* Ends with a checkpoint. */
void redo_deinit(struct redo *r);

/*
 * Begin a create of t->key.  While it lasts no other thread is between enter and leave with
 * that key.  False: the object has to be created in another way.
 */
MUST_CHECK bool redo_enter(struct redo *r, struct redo_ticket *t);

/*
 * Make the object durable, before it has a name: 0, EAGAIN when there is no room now (nothing was
 * written), or another errno: nobody knows what is on the disk.
 */
MUST_CHECK int redo_append(struct redo *r, struct redo_ticket *t, const struct buf *body);

/* It was not created after all: 0 or errno; then nobody knows what a recovery will find. */
MUST_CHECK int redo_void(struct redo *r, struct redo_ticket *t);

void redo_leave(struct redo *r, struct redo_ticket *t);

/*
 * Before objects are deleted: no recovery brings them back.  If one of them has a record, what was created
 * until now is made durable in its own files, and the redo files become empty.
 */
void redo_forget(struct redo *r, const char *const *keys, size_t n);

/*
 * Recover the folder if need be, before anything else is done with it: 0 or errno, err is set.
 * Waits for another process that does.
 */
MUST_CHECK int redo_recover(int root_fd, struct error *err);

/*
 * For redo.c: become the owner, recovered, with empty files.  0, EAGAIN: somebody else is; or another
 * errno.  The files are open in 0 only.
 */
MUST_CHECK int redo_take(int root_fd, struct redo_file files[REDO_FILES], struct error *err);

/* Make all that the file system holds durable: 0 or errno.  `f` is open for writing. */
MUST_CHECK int redo_sync_all(int root_fd, const struct redo_file *f);

#endif
