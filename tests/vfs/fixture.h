/*
 * fixture.h - a store, the VFS, and connections, for the tests of vfs/
 *
 * Functions that cannot do what they say fail the test.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_VFS_FIXTURE_H
#define PGBLOB_TESTS_VFS_FIXTURE_H

#include <check.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "blob/blob.h"
#include "tests/lib/fault_store.h"
#include "tests/lib/store_kinds.h"
#include "vfs/vfs.h"

struct fixture {
	struct store_place place;
	struct blob_store *inner;
	struct blob_store *faults; /* what the VFS uses */
	struct vfs_config config;
	sqlite3 *db;               /* database "app" */
};

/* A local folder, and a connection to a new database "app" with the settings of a server. */
void fixture_open(struct fixture *f);
/* The same on store_kinds[kind], with a configuration; its store is set here. */
void fixture_open_with(struct fixture *f, int kind, const struct vfs_config *config);
void fixture_close(struct fixture *f);

/* Forget everything but the store. */
void fixture_restart(struct fixture *f);
/* Its second half, after sqlite3_close() and vfs_deinit(), or after fixture_leave(). */
void fixture_start(struct fixture *f);
/* The same without a connection. */
void fixture_begin(struct fixture *f);
/* Close everything, the store too: no thread of ours is left, so the process may be forked. */
void fixture_leave(struct fixture *f);

/* A connection to `name`; query is added to the URI, such as "&mode=ro", or NULL. */
sqlite3 *connect_to(const char *name, const char *query);
/* The same through a store of its own: as another machine would. */
sqlite3 *connect_elsewhere(struct fixture *f, const char *name);

int try_exec(sqlite3 *db, const char *sql);   /* extended result code */
void exec(sqlite3 *db, const char *sql);      /* must work */
int64_t query_int(sqlite3 *db, const char *sql);
const char *query_text(sqlite3 *db, const char *sql); /* in a static buffer */
void integrity_check(sqlite3 *db);
/* A hash of all rows of all tables. */
uint64_t content_hash(sqlite3 *db);

uint32_t rnd(uint32_t *state, uint32_t n);

#endif
