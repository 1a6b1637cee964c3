/*
 * db.h - one database: its versions, the writer's turn, and its log
 *
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_DB_H
#define PGBLOB_VFS_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "vfs/format.h"
#include "vfs/key.h"
#include "vfs/object.h"
#include "vfs/page_table.h"
#include "vfs/traffic.h"
#include "vfs/vfs.h"

/* A head that was proven so lately is good enough to begin a write transaction on. */
#define PROOF_FOR_WRITE_US ((int64_t)1000000)

/* Before every time of the boot clock, also of a machine that was started just now. */
#define NEVER_US (INT64_MIN / 2)

struct image;
struct local;
struct store_ref;

/*
 * Images of pages that a version wrote and that are in no object yet, by page.
 * Its refs are PAGE_MEMORY, their offset is the index here.
 */
struct staged {
	struct staged *next;
	uint64_t seq;          /* of the version that wrote them */
	size_t n;
	size_t bytes;
	pgno_t *pgnos;         /* rising */
	struct image **images; /* counted; NULL: zeros */
};

/*
 * The state after a commit.  seq to header never change once it is published
 * (nonce, hash and time are set when it becomes durable); the rest belongs to
 * the database's lock.
 */
struct version {
	uint64_t seq;             /* its id in this process; never used again */
	uint64_t schema_seq;      /* seq of the version that last changed the schema */
	uint64_t lsn;             /* of its slot, also before it is there; 0: before the first */
	bool exists;              /* false: never created, or dropped */
	struct page_table *table; /* counted; shared by versions of one page size */
	uint32_t page_size;       /* 0: no page yet */
	uint32_t page_count;
	uint8_t db_id[ID_LEN];
	uint8_t nonce[ID_LEN];    /* of its commit; zeros if it came from a manifest */
	uint8_t hash[HASH_LEN];   /* of the object in its slot */
	int64_t time_us;
	uint8_t n_restores;       /* of the database up to it, modulo 256; until it is published: since the one before it */
	uint8_t header[PAGE_HEADER_LEN];

	atomic_bool lost;         /* another machine had the slot: nobody may believe it */
	unsigned pins;
	bool elsewhere;           /* some of its pages lie in objects other than its slot */
	bool settled;             /* nothing that it or a newer one needs is staged by an older one */
	struct staged *staged;    /* its own, and those of older ones that are gone */
	struct undo undo;         /* pages that the next version replaced */
	struct version *older, *newer;
};

/* A commit that may be in its slot or not. */
struct doubt {
	uint64_t lsn;
	uint8_t nonce[ID_LEN];
	struct buf body;
};

struct turn_waiter {
	struct turn_waiter *next;
	const void *owner;
	struct event mine;
	bool handed_on; /* mine is told, or about to be */
};

/*
 * The right to write.  lock guards the queue; while it is empty the owner changes
 * from nobody to somebody without it.
 */
struct turn {
	struct mutex lock;
	_Atomic(const void *) owner; /* who may write: a handle, or who lends to one; NULL: nobody */
	atomic_uint queued;
	atomic_uint n_awake;         /* they wait too, and have the processor now and then */
	_Atomic int64_t usual_us;    /* what a turn takes, about */
	int64_t began_us;            /* of mono_us(); the owner's */
	struct turn_waiter *first, *last;
};

/* A handle, as its database knows it: links belong to the database's lock. */
struct user {
	struct user *next, **prev;
	_Atomic uint64_t seq;  /* of the version that it pinned last */
	atomic_bool poisoned;  /* that one was lost: what SQLite remembers of it is wrong */
};

/* Which version of a database is opened, if not the newest. */
enum past_kind {
	PAST_NONE,     /* the newest one, followed */
	PAST_LSN,
	PAST_TIME,     /* the newest one of that time */
	PAST_SNAPSHOT, /* what a pin names */
};

struct db_past {
	enum past_kind kind;
	char base[DB_NAME_MAX + 1];     /* the database without what follows '@' */
	char snapshot[DB_NAME_MAX + 1];
	uint64_t lsn;                   /* no slot behind it is read */
	int64_t time_us;                /* nor one that is younger */
};

/*
 * How many objects had a number when a slot became durable, where that changed or
 * pages were put elsewhere than into the slot: relocate.h.
 */
struct known_objects {
	uint64_t forgotten_lsn; /* of what was known up to there nothing is left */
	size_t n;
	struct {
		uint64_t lsn;
		uint64_t seq;       /* of the version that put pages elsewhere; UINT64_MAX */
		uint32_t n_objects;
	} at[64]; /* rising */
};

/* An object that a slot named: what a manifest must tell although no page may lie in it. */
struct named_object {
	uint64_t lsn;
	uint64_t object;
};

enum db_state { DB_LOADING, DB_READY, DB_FAILED };

/*
 * One database as this process knows it, shared by all its handles.
 *
 * name to past never change (past: after it is loaded); lock guards the fields below it.  Versions form a
 * list from oldest to newest; the newest and the durable one are pinned by the
 * database itself.  No lock is held across a blob_*() call.
 */
struct db {
	char *name;
	char folder[DB_NAME_ENCODED];
	struct blob_store *store;
	struct store_ref *store_ref; /* NULL: borrowed */
	bool keep_idle;              /* stays in the registry without handles */
	uint32_t uid;                /* in the page cache */
	struct objects objects;      /* has a lock of its own */
	unsigned depth;              /* opened for a branch of a branch of ... */
	atomic_bool outdated;        /* another database has the name; who opens that begins anew */
	struct db_past past;         /* if its kind is not PAST_NONE: one version, read only */
	struct traffic traffic;      /* needs none */
	struct turn turn;            /* has a lock of its own */

	/* guarded by the registry's lock */
	struct db *next;             /* of its bucket */
	uint32_t hash;
	unsigned refs;
	int64_t idle_since_ms;       /* of mono_ms(), if refs is 0 */
	struct db *idle_newer, *idle_older;

	struct mutex lock;
	struct cond changed;         /* state, following, resolving */
	enum db_state state;
	struct error load_error;     /* of DB_FAILED */
	enum vfs_rc load_rc;

	struct version *oldest;
	struct version *newest;      /* published: what the next writer builds on */
	struct version *durable;     /* what readers see */
	uint64_t next_seq;

	int64_t proven_us;           /* boot clock: when slot newest + 1 was not there yet; NEVER_US */
	int64_t foreign_us;          /* boot clock: when another's commit was last met */
	bool following;              /* somebody reads the log */

	uint8_t appending[ID_LEN];   /* nonce of the commit under way; zeros: none */
	bool leading;                /* somebody gathers or appends: group.c */
	uint64_t appending_seq;      /* last version of the group under way; 0: none */
	size_t pending_bytes;        /* of images that are in no object yet */
	struct local *_Atomic local; /* its journal on this machine, once asked for; has a lock of its own */
	struct mutex local_opening;  /* held by who opens it: for as long as the disk takes */
	bool journaling;             /* somebody writes to it: group.c */
	uint64_t on_disk_seq;        /* version up to which it has everything */
	bool stuck;                  /* the store does not take what is on disk; it is tried again */
	unsigned n_tickets;          /* commits that somebody waits for */
	unsigned n_unattended;       /* commits that were acknowledged before they are durable */
	unsigned last_group;         /* tickets of the last group */
	unsigned last_behind;        /* and those that waited when it was told */
	struct cond gathered;        /* n_tickets has come to `awaited` */
	unsigned awaited;            /* the leader lingers for so many; 0: he does not */
	atomic_uint waking;          /* waiters who have been told, and do not run yet */
	int64_t put_us;              /* how long the last append took */
	bool flushing;               /* a thread appends what nobody waits for */
	struct vfs_ticket *tickets;
	struct user *users;
	struct vfs_commit_stats stats;
	struct doubt *doubt;         /* no commit before it is resolved */
	bool resolving;

	_Atomic int64_t compact_after_ms; /* of mono_ms(): not in the background before */
	uint64_t manifest_lsn;       /* newest manifest that we know of */
	uint64_t pages_since;        /* written by us since we last wanted one */
	uint64_t placed_lsn;         /* the table tells the places of this manifest */
	int64_t placed_us;           /* boot clock: when that was the newest one */
	bool compacting;             /* somebody moves pages */
	int64_t cleaned_us;          /* boot clock: when it was last cleaned up from here */
	struct known_objects known;
	struct named_object *named;  /* by slots behind manifest_lsn */
	size_t n_named, cap_named;
	int64_t manifest_us;         /* boot clock: when it was seen to be the newest; NEVER_US */
	uint64_t foreign_manifest;   /* newest one that may tell other places than the table; 0: none */
};

/* What vfs_open_databases() tells of one. */
void db_get_stats(struct db *db, struct vfs_database_stats *out);

/* `name` as it was asked for; `past` is copied.  NULL: no memory. */
struct db *db_new(struct blob_store *store, const char *name, const struct db_past *past);
/* Nobody uses it any more. */
void db_free(struct db *db);

/* Read manifest and log; any thread, the first one works and the others wait. */
MUST_CHECK enum vfs_rc db_load(struct db *db, struct error *err);

/* Read the log from where we are on, up to what db->past says, or to its end. */
MUST_CHECK enum vfs_rc db_read_log(struct db *db, struct error *err);

/*
 * Learn what others committed, unless slot head + 1 was seen missing at
 * `since_us` of the boot clock or later.
 */
MUST_CHECK enum vfs_rc db_follow(struct db *db, int64_t since_us, struct error *err);

/* Before a transaction that writes: see README.md, "Learning of other machines". */
MUST_CHECK enum vfs_rc db_follow_for_write(struct db *db, struct error *err);

/* The clock that counts suspended time; a test may add to it what "the machine slept". */
int64_t boot_us(void);
extern _Atomic int64_t vfs_test_sleep_us;

/* Pins; a handle holds at most one, or two while it commits. */
struct version *db_pin_durable(struct db *db);
struct version *db_pin_published(struct db *db);
/* The durable one, or the published one if the durable is older than `seq`. */
struct version *db_pin_own(struct db *db, uint64_t seq);
void db_unpin(struct db *db, struct version *v);
void db_add_user(struct db *db, struct user *u);
void db_remove_user(struct db *db, struct user *u);
void db_unpin_locked(struct db *db, struct version *v);

/*
 * Which objects a new slot may refer to: those of which it is known that the newest
 * manifest and the slots behind it need them, or lately did; clean-up may have
 * taken others.
 */
struct reach {
	bool known;
	uint64_t after;        /* not 0: own slots behind this one only */
	uint64_t manifest_lsn; /* what earlier slots referred to in turn is not kept any more */
};

void db_reach(struct db *db, struct reach *out);
/* May a delta be made of what lies at `ref`? */
MUST_CHECK bool reach_allows(const struct reach *r, const struct page_ref *ref);

/* The manifest `lsn` (0: none) was the newest one at that time of the boot clock. */
void db_saw_manifest_locked(struct db *db, uint64_t lsn, int64_t asked_us);

/* Where a page of a pinned version lies.  PAGE_ZERO past its end. */
struct page_ref db_page_ref(struct db *db, const struct version *v, pgno_t pgno);

struct page_ref db_page_ref_locked(const struct version *v, pgno_t pgno);

/*
 * Make `v` the newest version.  v->seq is set here, also in the refs; if v->table
 * is that of the newest version the pages replace its pages, otherwise they are
 * set already.  `durable`: it is in its slot, and the version before was durable
 * too; otherwise it stays `published` until group.c has appended it.  On success
 * the list owns v, with one pin for the caller.  False: no memory, nothing was
 * changed.
 */
MUST_CHECK bool db_publish_locked(struct db *db, struct version *v, const pgno_t *pgnos,
				  struct page_ref *refs, size_t n, bool durable);

/* A slot names these objects.  False: no memory. */
MUST_CHECK bool db_name_objects_locked(struct db *db, uint64_t lsn, const uint64_t *objects,
				       size_t n);

/* Make `v`, which is published, durable.  Its pages have been given their objects. */
void db_durable_locked(struct db *db, struct version *v);

/*
 * Drop every version that is not durable: they are marked lost, and the table is
 * again that of the durable one.  Handles that pinned one of them are poisoned.
 */
void db_rewind_locked(struct db *db);

/*
 * The image of a page of `v` that is in memory only, counted; NULL: it is a page
 * of zeros, or it lies in an object (now): ask db_page_ref() again.
 */
struct image *db_memory_image(struct db *db, const struct version *v, pgno_t pgno);

/* And those behind it. */
void staged_free(struct staged *s);

void version_free(struct version *v);
void doubt_free(struct doubt *d);

/* The turn.  `owner` is any address. */
void turn_init(struct turn *t);
void turn_deinit(struct turn *t);
MUST_CHECK bool turn_try(struct db *db, const void *owner);
MUST_CHECK enum vfs_rc turn_wait(struct db *db, const void *owner, int64_t deadline_ms,
				 const atomic_bool *canceled, struct error *err);
void turn_end(struct db *db, const void *owner);
/* Does anybody wait for it? */
bool turn_wanted(struct db *db);
/* It is his whom the owner names. */
void turn_pass(struct db *db, const void *owner, const void *to);

/* Outcomes of a read, and of a write whose doubt somebody else looks after. */
enum vfs_rc vfs_rc_of_blob(enum blob_rc rc);

#endif
