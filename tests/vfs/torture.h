/*
 * torture.h - many machines, a bad network, and what must hold all the same
 *
 * torture.c draws the world and runs seeds; torture_work.c is what machines and
 * their clients do, torture_databases.c what they do with whole databases; torture_model.c knows what they were told, and fails the
 * history (sim_fail()) when a database says something else.
 *
 * The workload: transfers between accounts.  Each inserts a row (tx, a, b, x) into
 * the table `done`, whose keys rise, so that `done` is the order of the commits, and
 * the balances can be computed from any prefix of it.  Its text, MARK, tells it in a page image.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_VFS_TORTURE_H
#define PGBLOB_TESTS_VFS_TORTURE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/lib/sim.h"
#include "tests/lib/sim_disk.h"
#include "tests/lib/sim_store.h"
#include "vfs/vfs.h"

#define MARK "<transaction %u>"

enum { ACCOUNTS = 24, FIRST_BALANCE = 1000, MACHINES_MAX = 4, CLIENTS_MAX = 4 };

/* What a seed makes of the world. */
struct plan {
	unsigned n_machines, n_clients; /* clients of each machine */
	unsigned n_steps;               /* of each machine, over all its lives */
	uint32_t page_size;
	int64_t cache_ttl_ms;
	int64_t commit_timeout_ms;
	int64_t deadline_ms;            /* of one call to the store with all its tries */
	struct sim_faults faults;
	bool azure;                     /* the store speaks Azure's protocol, not S3's */
	int64_t retention_ms;
	bool crashes, sleeps;
	int64_t disk_latency_us;
	unsigned disk_failing;          /* of a thousand calls */
	bool branches;                  /* clients write to branches, too, and drop what there is */
	bool reuse;                     /* of names: what was dropped is created again */
	bool journals;                  /* machines have disks, and commit with VFS_ON_DISK */
	bool clean_up;                  /* by hand of any machine; nights, so that something is old enough */
};

extern struct plan plan;

/* --- torture_log.c --- */

/*
 * What lies in the slots of a name from a CREATED or BRANCHED one to a DROPPED one.  The log says
 * which there are; so whoever reads slot n of a name reads one of them, whatever he was told.
 */
struct database {
	struct database *next;
	char name[20];
	uint64_t first_lsn;
	uint64_t dropped_lsn;      /* 0: it is there */
	int64_t dropped_us;
	bool told;                 /* somebody was told that it is there */
	bool drop_told;            /* somebody was told that it is dropped */
	struct database *parent;   /* of a branch: what it begins with is that one's slot parent_lsn */
	uint64_t parent_lsn;
	struct database_model *model;
};

/* Which one slot `lsn` of that name is of; NULL: none. */
struct database *model_find(const char *name, uint64_t lsn);
/* The slots of a name, by what begins or ends there. */
struct name_state {
	bool exists;
	bool told;    /* so somebody was told; until then it need not be seen */
	unsigned n_begun, n_dropped;
};

struct name_state model_name(const char *name);
/* Was there a moment since `before` at which the name needed not be there? */
bool model_was_away(const char *name, struct name_state before);
bool model_dropped(struct database *d);
/* What began since `before` was told as made. */
void model_made_told(const char *name, struct name_state before);
/* DROP of that name was told as done. */
void model_drop_told(const char *name);
/* Each in turn, from NULL to NULL. */
struct database *model_next(struct database *d);
/* When the slot was made; negative: it was not. */
int64_t model_slot_us(const char *name, uint64_t lsn);
/* Every log is a chain without gaps, and manifests go with it. */
void model_check_logs(void);
void model_free_logs(void);

/* --- torture_model.c --- */

/* What the client was told of a transaction. */
enum tx_state {
	TX_OPEN,       /* nothing yet: as unknown */
	TX_DONE,       /* durable */
	TX_FAILED,     /* it did not happen */
	TX_UNKNOWN,
	TX_UNATTENDED, /* acknowledged with synchronous_commit = off */
	TX_ON_DISK,    /* acknowledged with synchronous_commit = local */
};

struct tx {
	uint32_t id;
	struct database *of;
	unsigned machine, life;
	unsigned a, b, x;
	enum tx_state state;
	int64_t begun_us;
	uint64_t done_seq; /* the how manieth that was told as durable, of its database; 0: not */
};

struct tx *model_begin(struct database *d, unsigned machine, unsigned life);
void model_told(struct tx *tx, enum tx_state state);

/* What a reader knows before its transaction begins. */
struct reader {
	struct database *of;
	unsigned machine, life;
	uint64_t n_done;  /* transactions told as durable, to anybody */
	size_t n_seen;    /* rows of `done` that this life of the machine has seen */
	bool gone;        /* its database was told as dropped */
};

struct reader model_reader(struct database *d, unsigned machine, unsigned life);

/*
 * In an open transaction that has read already: is what is there a whole state, that
 * anybody may see, and not older than the reader may expect?  False: SQLite
 * failed; ask vfs_last_error().
 */
bool model_check_snapshot(sqlite3 *db, struct reader *reader);
/* A slot whose state somebody has read; 0: none was. */
uint64_t model_random_lsn(const struct database *d);
/* Is it, by the store's clock, a version that was the newest within the retention time? */
bool model_is_kept(struct database *d, uint64_t lsn);
/* In an open transaction of a handle on the past: is it the state that slot `lsn` was? */
bool model_check_past(sqlite3 *db, struct database *d, uint64_t lsn);
/* In an open transaction, maybe on versions that are not durable yet: is the state whole, and of that database? */
bool model_check_whole(sqlite3 *db, struct database *d);
/* The local journals that were set aside in a folder; only those that were reported count. */
void model_read_kept(const char *folder);
/* What the program has logged. */
void model_heard(const char *line);

/* At the end: nothing is missing, nothing is there that must not be. */
void model_check_end(sqlite3 *db, struct database *d);
void model_tell(void); /* counts, traced */
void model_free(void);

/* --- torture_work.c --- */

/* One life of a machine. */
struct life {
	struct life *next;
	unsigned machine, number;
	struct sim_link *link;
	struct blob_store *store;
	char folder[32]; /* of its journals */
};

bool life_over(const struct life *l);

/* A connection, and what it was opened on: it never sees another database of that name. */
struct handle {
	sqlite3 *db;
	struct database *of;
};

struct client {
	struct life *life;
	unsigned number;
	char name[20];        /* of the database it works on */
	struct handle writer;
	struct handle reader; /* never writes, so it never sees what is not durable */
};

/* NULL: it did not work, for *told. */
sqlite3 *life_try_connect(struct life *l, const char *name, enum vfs_rc *told);
/* What the last failure of a handle came to; its transaction is ended, and a handle that is of no use is closed. */
enum vfs_rc client_after_failure(struct client *c, struct handle *h);
/* Opens c->name.  False: the life is over, or that name is not there any more. */
bool client_connect(struct client *c, struct handle *h);
/* A snapshot, and once more. */
void client_read(struct client *c, struct handle *h);

void work_set_up(void);      /* create the database */
void work_run(void);         /* all machines, until they have done their steps */
void work_check_end(void);   /* on a new machine */

/* --- torture_databases.c --- */

/* A name that is there, or NULL. */
const char *databases_pick(void);
/* Fill what was created by CREATE: one commit.  False: try again. */
bool databases_fill(sqlite3 *db);
/* One of: snapshots, versions of the past, branches, CREATE, DROP, compaction and clean-up. */
void databases_step(struct client *c);
void databases_create(struct client *c, const char *name);
/* Compact what is there, let it grow old, write to it by `write`, and clean up while `other` compacts it again. */
void databases_grow_old(struct client *c, struct life *other, void (*write)(struct client *c));
/* Every snapshot that was told as made, and was not dropped, is what it was. */
void databases_check_snapshots(struct client *c);

#endif
