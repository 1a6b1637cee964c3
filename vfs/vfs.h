/*
 * vfs.h - SQLite databases as versions in a blob store
 *
 * After vfs_init() SQLite has a VFS named "pgblob".  A database is opened with
 * sqlite3_open_v2("file:NAME?vfs=pgblob", ..., SQLITE_OPEN_URI, ...); NAME is
 * percent-encoded.  All handles of one process on one database share its page
 * map and cache.  See README.md for what a commit is and what may fail.
 *
 * Functions here may be called by any thread; a handle (sqlite3 *) follows
 * SQLite's own rules.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_VFS_H
#define PGBLOB_VFS_VFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/thread.h"

struct blob_store;
struct db;
struct sqlite3;

#define VFS_RETENTION_MS ((int64_t)7 * 24 * 3600 * 1000)

struct vfs_config {
	struct blob_store *store;    /* where a name without store= lives; borrowed until vfs_deinit();
	                                NULL: the environment says, at the first open */
	size_t cache_bytes;          /* limit of the memory page cache; 0: 64 MiB */
	const char *disk_cache_folder; /* pages are kept there across restarts; borrowed for the call; NULL: no */
	uint64_t disk_cache_bytes;   /* its limit; 0: there is none */
	const char *journal_folder;  /* commits with VFS_ON_DISK are written there first; copied; NULL: they
	                                wait for the store */
	bool housekeeping;           /* in the background pages are laid out anew, and what no retained version
	                                needs is deleted, as in a server; slots are folded into manifests in any case */
	int64_t retention_ms;        /* versions of so long ago can be opened; 0: VFS_RETENTION_MS */
	int64_t commit_timeout_ms;   /* how long a commit waits for the store; 0: 30 s */
	int64_t cache_ttl_ms;        /* readers learn of other machines' commits at most this late;
	                                0: every transaction asks */
	bool read_only;              /* every handle is read only, nothing is created or dropped, and
	                                the background writes nothing: no request but reads */
	int64_t lock_timeout_ms;     /* a handle that was refused waits so long for the writer's turn when
	                                its next transaction begins, if it gave no intent; 0: 1 s */
};

/* Registers the VFS.  Once a process. */
MUST_CHECK bool vfs_init(const struct vfs_config *config, struct error *err);

/* Every handle is closed.  Waits for what runs in the background. */
void vfs_deinit(void);

/*
 * The URL of a store: backend "local" (container: the folder), "s3" (container:
 * the bucket) or "azure".  Slashes at the ends of the prefix do not count.
 * README.md, "Objects", says how this and the environment relate.
 */
MUST_CHECK bool vfs_store_url(const char *backend, const char *account, const char *container,
			      const char *prefix, char *out, size_t size, struct error *err);
MUST_CHECK bool vfs_store_url_of_environment(char *out, size_t size, struct error *err);

/* What a call, or a handle's last commit, came to. */
enum vfs_rc {
	VFS_OK = 0,
	VFS_NOT_FOUND, /* no such database */
	VFS_EXISTS,    /* the database is there already */
	VFS_LOST,      /* another process committed first; nothing was changed: 40001 */
	VFS_UNKNOWN,   /* the commit may be durable or not, and nobody knows yet: 08007 */
	VFS_TIMEOUT,   /* waited as long as was asked for the writer's turn: 55P03 */
	VFS_CANCELED,  /* the caller's flag was raised: 57014 */
	VFS_BUSY,      /* the store is throttling or unreachable; nothing was changed: 58030 */
	VFS_CORRUPT,   /* bytes from the store failed their check: XX001 */
	VFS_IO,        /* anything else from the store or this machine: 58030 */
	VFS_INVALID,   /* a name or argument that cannot be */
};

/*
 * Database names are 1 to 63 bytes of UTF-8 without control characters and '@'.
 * They are percent-encoded into keys.
 */
MUST_CHECK enum vfs_rc vfs_create_database(struct blob_store *store, const char *name,
					   struct error *err);
MUST_CHECK enum vfs_rc vfs_drop_database(struct blob_store *store, const char *name,
					 struct error *err);
MUST_CHECK enum vfs_rc vfs_database_exists(struct blob_store *store, const char *name,
					   struct error *err);

/* Those that are there; also those that cannot be read because an object of theirs is damaged. */
struct vfs_database_list {
	char **names; /* sorted; owned by the list */
	size_t n_names;
};

MUST_CHECK enum vfs_rc vfs_list_databases(struct blob_store *store,
					  struct vfs_database_list *out,
					  struct error *err);
void vfs_database_list_free(struct vfs_database_list *list);

/*
 * A database is opened, exported or looked at as it was by "name@1234" (a slot),
 * "name@2026-09-01T12:00:00Z" (the newest version of that time; ISO 8601, UTC if
 * it names no zone) or "name@snapshot".  It is read only, and never changes.
 * VFS_NOT_FOUND: there is no such version, or it is not kept any more.
 */

/* A version that is kept whatever its age. */
struct vfs_pin {
	enum { VFS_PIN_SNAPSHOT, VFS_PIN_BRANCH } kind;
	char name[64];       /* of the snapshot, or of the database that was branched off */
	uint64_t lsn;        /* of the version */
	int64_t time_us;     /* when it was committed, since 1970 */
	int64_t created_us;  /* when it was pinned */
	uint8_t db_id[16];   /* of the database then; what was left by a DROP has another one */
};

/*
 * Keep a version under a name: of `database` ("myapp", or "myapp@..." for an older
 * one).  1 to 63 bytes, no digit or '+' first, no '@'.  VFS_EXISTS: there is a
 * snapshot of that name.  `out` may be NULL.
 */
MUST_CHECK enum vfs_rc vfs_create_snapshot(struct blob_store *store, const char *database,
					   const char *name, struct vfs_pin *out,
					   struct error *err);
MUST_CHECK enum vfs_rc vfs_drop_snapshot(struct blob_store *store, const char *database,
					 const char *name, struct error *err);

/* Where the database of a handle is, and its name ("myapp@..." if it is one of the past); borrowed from it. */
MUST_CHECK enum vfs_rc vfs_handle_place(struct sqlite3 *db, struct blob_store **store, const char **name);

/*
 * Snapshots and branch points, in order of names, of "myapp", or of "myapp@..." all the same;
 * the caller frees *out.
 */
MUST_CHECK enum vfs_rc vfs_list_pins(struct blob_store *store, const char *database,
				     struct vfs_pin **out, size_t *n, struct error *err);

/*
 * Make database `name` (not there yet) of a version of another one: `from` is "myapp",
 * or "myapp@...".  Two small objects, whatever the size.  What one of the two commits
 * afterwards the other never sees; either may be dropped.
 */
MUST_CHECK enum vfs_rc vfs_branch_database(struct blob_store *store, const char *name,
					   const char *from, struct error *err);

/*
 * Make an older version the newest one, as a new commit: what was committed since is
 * history, and can be opened and restored like any.  `point` is what may stand
 * behind "@".  *lsn (may be NULL) is the new slot.
 */
MUST_CHECK enum vfs_rc vfs_restore_database(struct blob_store *store, const char *name,
					    const char *point, uint64_t *lsn, struct error *err);

/* Called now and then with pages done and in all; may be NULL.  False stops. */
typedef bool (*vfs_progress_fn)(void *arg, uint64_t done, uint64_t total);

/* What compaction did: README.md, "Compaction". */
struct vfs_compaction {
	uint64_t lsn;           /* of the manifest; 0: there was nothing to do */
	uint64_t folded, moved; /* pages that came out of slots, and others that were written again */
	uint64_t segments, segment_bytes, manifest_bytes;
};

/*
 * Compact the newest version, however much is to be done.  Once progress() has returned false only
 * what must be: "done" is then less than "in all" at the end.
 */
MUST_CHECK enum vfs_rc vfs_compact_database(struct blob_store *store, const char *name,
					    vfs_progress_fn progress, void *arg,
					    struct vfs_compaction *out, struct error *err);

struct vfs_deleted {
	uint64_t n, bytes;
};

/* What clean-up deleted: README.md, "Clean-up". */
struct vfs_clean_up {
	uint64_t from_lsn; /* versions from this slot on are kept, and those that pins name; 0: all */
	bool empty;        /* there was no object of a database of that name */
	struct vfs_deleted slots, segments, manifests;
	struct vfs_deleted pins; /* of branches and databases that are gone */
};

/*
 * Delete what no version needs that is younger than the retention and a day, or named by
 * a pin; with dry_run only find out.  The database need not exist: what a dropped one left
 * is cleaned up, too.  progress() gets the objects that it has looked at, of how many nobody knows:
 * 0.  Once it has returned false it ends: VFS_CANCELED.
 */
MUST_CHECK enum vfs_rc vfs_clean_up_database(struct blob_store *store, const char *name,
					     bool dry_run, vfs_progress_fn progress, void *arg,
					     struct vfs_clean_up *out, struct error *err);

/*
 * The names under which there may be objects, whether or not a database is there: dropped ones,
 * and imports that were killed, too.  Sorted; one LIST for each 1000, nothing is read.
 */
MUST_CHECK enum vfs_rc vfs_list_folders(struct blob_store *store, struct vfs_database_list *out,
					struct error *err);

/* Make database `name` (not there yet) of the SQLite file at `path`, as one commit. */
MUST_CHECK enum vfs_rc vfs_import(struct blob_store *store, const char *name,
				  const char *path, vfs_progress_fn progress, void *arg,
				  struct error *err);

/* Write the newest version of `name` into a new file at `path`. */
MUST_CHECK enum vfs_rc vfs_export(struct blob_store *store, const char *name,
				  const char *path, vfs_progress_fn progress, void *arg,
				  struct error *err);

/*
 * Make database `to_name` (not there yet) of the newest version of another one, or of
 * "myapp@...", as one commit; the stores may differ.  It is there whole or not at all.
 * Every page is compared with its checksum as it is read; with `verify` the copy is then
 * read as another machine would, and compared page by page: VFS_CORRUPT if it differs, and
 * it is left there.  Memory: beside the page cache some 250 bytes a page, and 32 MiB.
 */
MUST_CHECK enum vfs_rc vfs_copy_database(struct blob_store *from_store, const char *from_name,
					 struct blob_store *to_store, const char *to_name, bool verify,
					 vfs_progress_fn progress, void *arg, struct error *err);

/*
 * What a server says to one handle and learns from it.  They are file controls
 * on "main"; the handle must be of this VFS (VFS_INVALID otherwise).
 */

/*
 * Take the writer's turn now, in order, waiting until `deadline_ms` (mono_ms(),
 * 0: for ever) or until *canceled (may be NULL) is raised.  The handle's next
 * transaction then begins on the newest published version and cannot fail with
 * BUSY_SNAPSHOT for another writer of this process.  The turn ends with that
 * transaction, or with vfs_intent_end().  Call it with no transaction open.
 */
MUST_CHECK enum vfs_rc vfs_intent_begin(struct sqlite3 *db, int64_t deadline_ms,
					const atomic_bool *canceled, struct error *err);
/* Also forgets that a transaction was refused for want of a turn. */
void vfs_intent_end(struct sqlite3 *db);

/*
 * The turn of a writer who borrows a handle.  He waits for it without one, takes
 * the handle that the writer before has given back, whose page cache is good still, and ends the
 * turn when he has given it back in turn.  Zeroed, it is nobody's; it may be moved.
 */
struct vfs_turn {
	struct db *db;     /* counted; NULL: nobody's */
	const void *owner;
};

/*
 * Wait for the turn to write to database `name` of the default store, as vfs_intent_begin() does.
 * `owner` is any address that nobody else takes turns with.  Whether the database exists is
 * not asked.
 */
MUST_CHECK enum vfs_rc vfs_turn_begin(struct vfs_turn *turn, const char *name, const void *owner,
				      int64_t deadline_ms, const atomic_bool *canceled,
				      struct error *err);
/*
 * Lend it to the handle, as by vfs_intent_begin(), until its next transaction ends or vfs_intent_end().
 * Waits for nobody.  VFS_NOT_FOUND: the handle is to a database of that name that was dropped.
 */
MUST_CHECK enum vfs_rc vfs_turn_lend(const struct vfs_turn *turn, struct sqlite3 *db,
				     struct error *err);
/* No handle has it any more.  Does nothing if it is nobody's. */
void vfs_turn_end(struct vfs_turn *turn);

/*
 * How durable a commit is when its COMMIT is acknowledged.  Whatever it is, the
 * commit goes to the store at once.
 */
enum vfs_durability {
	VFS_IN_STORE,  /* in its slot */
	VFS_ON_DISK,   /* in the journal of this machine, flushed; a large one is in its slot */
	VFS_IN_MEMORY, /* nowhere: lost with the process, or when another machine commits first */
};

/* A commit that somebody waits for.  Zeroed, there is nothing to wait for. */
struct vfs_ticket {
	struct db *db;            /* counted; NULL: nothing */
	uint64_t seq;             /* of the version that it made, 0: it changed nothing */
	uint64_t schema;          /* vfs_schema() of that version */
	enum vfs_rc rc;
	enum vfs_durability level;
	bool done;                /* rc is set */
	bool waiting;             /* somebody sleeps until he is told, or about to */
	struct error error;
	struct event wake;        /* it is told, or asked to append: group.c */
	struct vfs_ticket *next, **prev; /* of those that are not done; of those to be told */
};

/*
 * Let the next COMMIT of this handle return as soon as other writers may go on
 * from it; *ticket (zeroed, the caller's) is then for vfs_commit_wait(), which
 * must be called if that COMMIT worked, by any thread.  Until the wait is over
 * nobody but the caller may be told of the commit.  With VFS_IN_MEMORY there is
 * nothing to wait for then; ticket->seq is set all the same.
 */
void vfs_commit_later(struct sqlite3 *db, struct vfs_ticket *ticket, enum vfs_durability level);

/* What became of it: VFS_OK, VFS_LOST, VFS_BUSY, VFS_IO or VFS_UNKNOWN.  Ends the ticket. */
MUST_CHECK enum vfs_rc vfs_commit_wait(struct vfs_ticket *ticket, struct error *err);

/*
 * Transactions of this handle that begin from now on see the version `seq` of
 * an own ticket and what it was built on, also if that is not durable yet; 0 ends that.
 */
void vfs_read_own(struct sqlite3 *db, uint64_t seq);

/*
 * Wait until the version that the open transaction was begun on is durable: what it
 * has read may be told then.  VFS_LOST: it never will be.  VFS_BUSY: not before the store
 * takes what is in the local journal.
 */
MUST_CHECK enum vfs_rc vfs_base_wait(struct sqlite3 *db, struct error *err);

/*
 * Append what local journals of an earlier process hold, for every database of the store;
 * failures are logged, and are tried again when that database is opened.
 */
void vfs_replay_journals(struct blob_store *store);

/* The handle has seen a version that was lost: close it, it cannot be used any more. */
bool vfs_poisoned(struct sqlite3 *db);

struct vfs_commit_stats {
	uint64_t commits;  /* acknowledged as durable */
	uint64_t groups;   /* slots that were created for them */
	uint64_t lost;     /* commits that another machine came before */
	uint64_t unknown;
	uint64_t failed;
};

/* Of the database of this handle, since it was opened here. */
MUST_CHECK enum vfs_rc vfs_commit_stats(struct sqlite3 *db, struct vfs_commit_stats *out);

/*
 * What the last failed commit or read of this handle came to: VFS_OK if none
 * failed since the last call, which clears it.
 */
enum vfs_rc vfs_last_error(struct sqlite3 *db, struct error *out);

/*
 * What the last failed sqlite3_open_v2() of the calling thread came to; cleared
 * by the call.  VFS_NOT_FOUND: there is no such database.
 */
enum vfs_rc vfs_open_error(struct error *out);

/*
 * The schema of the version that a transaction beginning now would see, or that
 * the open one does see: two versions have the same number only if nothing in
 * sqlite_schema differs, whatever was lost, dropped or made again in between.  No
 * request, no lock of SQLite's; what the open transaction itself changed is not told.
 */
MUST_CHECK enum vfs_rc vfs_schema(struct sqlite3 *db, uint64_t *out);

/* Slot of the version that a transaction beginning now would see. */
MUST_CHECK enum vfs_rc vfs_head_lsn(struct sqlite3 *db, uint64_t *out);
/* When the newest durable version was committed, by its writer's clock: microseconds since 1970. */
MUST_CHECK enum vfs_rc vfs_head_time(struct sqlite3 *db, int64_t *out);

/*
 * What reading came to, since the handle was opened: take it before and after a
 * statement.  Pages in SQLite's own cache, staged ones and pages of zeros are not
 * counted.  pages = memory_hits + disk_hits + store_pages.
 */
struct vfs_read_stats {
	uint64_t pages;       /* that SQLite asked for */
	uint64_t memory_hits; /* of them found in memory */
	uint64_t disk_hits;   /* on this machine's disk */
	uint64_t store_pages; /* waited for, from the store; also in another reader's request */
	uint64_t gets;        /* requests made for this handle, read-ahead and hedged ones too */
	uint64_t bytes;       /* that they asked for */
	uint64_t hedged;      /* second requests, because the first was slow */
	uint64_t ahead;       /* pages read ahead */
	uint64_t ahead_used;  /* pages that were asked for after somebody had read them ahead */
	uint64_t wait_us;     /* time spent waiting for disk and store */
};

MUST_CHECK enum vfs_rc vfs_read_stats(struct sqlite3 *db, struct vfs_read_stats *out);

/* The same for all handles of the process since its start, and what the caches hold. */
struct vfs_cache_stats {
	uint64_t memory_limit, memory_bytes, memory_pages;
	uint64_t memory_hits, memory_misses, memory_evictions;
	uint64_t disk_limit, disk_bytes; /* 0: no disk cache in use */
	uint64_t disk_hits, disk_misses;
	uint64_t disk_writes;            /* pages */
	uint64_t disk_dropped;           /* entries that did not match their checksum */
	uint64_t gets, bytes;
	uint64_t shared;                 /* readers that waited for another's request */
	uint64_t hedged, hedges_won;     /* second requests, and those that were answered first */
	uint64_t ahead, ahead_used, ahead_unused; /* pages; unused: they left the cache unread */
};

/* No handle is needed. */
void vfs_cache_stats(struct vfs_cache_stats *out);

/* A database that this process has open, since it was opened. */
struct vfs_database_stats {
	char name[128];
	bool exists;             /* false: it was dropped meanwhile */
	unsigned handles;        /* 0: nobody uses it now */
	uint64_t lsn;            /* of the newest durable version */
	uint64_t lsn_published;  /* of the one that the next writer builds on */
	uint64_t manifest_lsn;   /* newest manifest that is known; 0: none */
	uint32_t page_size;      /* bytes; 0: no page yet */
	uint32_t pages;
	uint32_t objects;        /* segments, and slots of those that it was branched from, that are known */
	struct vfs_commit_stats commits;
	uint64_t puts, put_bytes; /* commit objects with all tries, segments, manifests */
	uint64_t put_mean_us, put_p95_us; /* of commit objects; 0: there was none */
	uint64_t gets, get_bytes; /* of pages, read ahead and hedged ones too */
	uint64_t hedged;
	uint64_t probes;         /* requests for a slot that was not there yet */
};

/* All that are open, by name, in *out for free(). */
MUST_CHECK enum vfs_rc vfs_open_databases(struct vfs_database_stats **out, size_t *n, struct error *err);

/*
 * Close the databases that had no handle for so long; what is asked for again is opened
 * again.  Beyond some hundreds the longest unused go at once.
 */
void vfs_close_idle(int64_t age_ms);

/* Set pragmas that every connection of this VFS wants (README.md lists them). */
MUST_CHECK bool vfs_prepare_connection(struct sqlite3 *db, struct error *err);

/* A name with a point in time behind it, and its encoding. */
enum { VFS_NAME_MAX = 127, VFS_NAME_ENCODED = VFS_NAME_MAX * 3 + 1 };

/* Percent-encode a database name for the path of a file: URI. */
void vfs_encode_name(const char *name, char out[VFS_NAME_ENCODED]);

#endif
