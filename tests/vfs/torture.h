/*
 * torture.h - many machines, a bad network, and what must hold all the same
 *
 * torture.c draws the world and runs seeds; torture_work.c is what machines and
 * their clients do; torture_model.c knows what they were told, and fails the
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
	bool journals;                  /* machines have disks, and commit with VFS_ON_DISK */
	bool clean_up;                  /* by hand of any machine; nights, so that something is old enough */
};

extern struct plan plan;

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
	unsigned machine, life;
	unsigned a, b, x;
	enum tx_state state;
	uint64_t done_seq; /* the how manieth that was told as durable, of all; 0: not */
};

struct tx *model_begin(unsigned machine, unsigned life);
void model_told(struct tx *tx, enum tx_state state);

/* What a reader knows before its transaction begins. */
struct reader {
	unsigned machine, life;
	uint64_t n_done;  /* transactions told as durable, to anybody */
	size_t n_seen;    /* rows of `done` that this life of the machine has seen */
};

struct reader model_reader(unsigned machine, unsigned life);

/*
 * In an open transaction that has read already: is what is there a whole state, that
 * anybody may see, and not older than the reader may expect?  False: SQLite
 * failed; ask vfs_last_error().
 */
bool model_check_snapshot(sqlite3 *db, struct reader *reader);
/* A slot whose state somebody has read; 0: none was. */
uint64_t model_random_lsn(void);
/* Is it, by the store's clock, a version that was the newest within the retention time? */
bool model_is_kept(uint64_t lsn);
/* In an open transaction of a handle on the past: is it the state that slot `lsn` was? */
bool model_check_past(sqlite3 *db, uint64_t lsn);
/* In an open transaction on a branch: is it what slot `lsn` (0: some slot) was?  *n: its transactions. */
bool model_check_branch(sqlite3 *db, uint64_t lsn, size_t *n);
/* In an open transaction, maybe on versions that are not durable yet: is the state whole? */
bool model_check_whole(sqlite3 *db);

/* The local journals that were set aside in a folder; only those that were reported count. */
void model_read_kept(const char *folder);
/* What the program has logged. */
void model_heard(const char *line);

/* At the end: nothing is missing, nothing is there that must not be, and the log is a chain. */
void model_check_end(sqlite3 *db);
void model_check_log(void);
void model_tell(void); /* counts, traced */
void model_free(void);

/* --- torture_work.c --- */

void work_set_up(void);      /* create the database */
void work_run(void);         /* all machines, until they have done their steps */
void work_check_end(void);   /* on a new machine */

#endif
