/*
 * inspect.h - what lies in a store, read from the heads of its objects
 *
 * For an operator's tool: no database is loaded, no page is read, no SQL is run, and
 * nothing is remembered between calls.  vfs_init() is not needed.  A `name` may be that of
 * a version of the past, "name@...": vfs.h.
 *
 * Functions here may be called by any thread.  Objects that clean-up deletes
 * meanwhile are not there, which is no error.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_INSPECT_H
#define PGBLOB_VFS_INSPECT_H

#include "vfs/format.h"
#include "vfs/vfs.h"

/* A database at a version: the newest, unless its name says which. */
struct vfs_state {
	bool exists;              /* false: never created, or dropped; the rest may be set all the same */
	uint8_t db_id[ID_LEN];
	uint64_t lsn;             /* of its slot; 0: there is none */
	int64_t time_us;          /* since 1970, by its writer's clock */
	uint32_t page_size;       /* bytes; 0: no page yet */
	uint32_t page_count;
	uint64_t manifest_lsn;    /* of the newest manifest that is not behind it; 0: there is none */
	uint64_t manifest_bytes;
	uint32_t manifest_objects; /* that it names */
};

/*
 * Requests: one LIST, and a GET for the manifest's head and for each slot behind it and
 * one more; for a version of the past that, and then what opening it asks for.
 * VFS_NOT_FOUND: there is no such database (*out is set: was it dropped?), or no such
 * version (any more).
 */
MUST_CHECK enum vfs_rc vfs_inspect_state(struct blob_store *store, const char *name,
					 struct vfs_state *out, struct error *err);

struct vfs_database {
	char *name;
	struct vfs_state state;
	char *problem; /* NULL; otherwise why the state could not be read: an object is damaged */
};

struct vfs_database_table {
	struct vfs_database *databases; /* sorted by name; owned by the table */
	size_t n;
};

/* All databases that are there, or are damaged; several are asked for at once. */
MUST_CHECK enum vfs_rc vfs_inspect_all(struct blob_store *store, struct vfs_database_table *out,
				       struct error *err);
void vfs_database_table_free(struct vfs_database_table *table);

/* One slot of the log. */
struct vfs_slot {
	uint64_t lsn;
	int64_t time_us;
	enum commit_kind kind;
	uint8_t db_id[ID_LEN];
	uint8_t nonce[ID_LEN];
	uint32_t page_size;
	uint32_t page_count;  /* of the database afterwards */
	uint32_t n_pages;     /* that it changed */
	uint32_t n_objects;   /* others that it names, where pages of it lie or are based on; not counted in bytes */
	uint64_t bytes;       /* of the object */
};

/* False ends the walk. */
typedef bool (*vfs_slot_fn)(void *arg, const struct vfs_slot *slot);

/*
 * Call `fn` with each slot from `lsn` (0: that of the version) downwards, until it returns false or
 * clean-up has taken the next one.  One GET of a head for each slot, up to eight at once;
 * at most `limit` slots are asked for (0: all there are).
 */
MUST_CHECK enum vfs_rc vfs_inspect_log(struct blob_store *store, const char *name, uint64_t lsn,
				       uint64_t limit, vfs_slot_fn fn, void *arg,
				       struct error *err);

/* The same from a slot that the caller knows of: no request but for slots. */
MUST_CHECK enum vfs_rc vfs_inspect_slots(struct blob_store *store, const char *name, uint64_t lsn,
					 uint64_t limit, vfs_slot_fn fn, void *arg,
					 struct error *err);
/* The same for the database of a handle; lsn 0: from the version that a transaction beginning now would see. */
MUST_CHECK enum vfs_rc vfs_handle_log(struct sqlite3 *db, uint64_t lsn, uint64_t limit, vfs_slot_fn fn,
				      void *arg, struct error *err);

/* "commit", "created", "dropped", "branched" */
const char *vfs_kind_name(enum commit_kind kind);

struct vfs_object_count {
	uint64_t n;
	uint64_t bytes;
};

/* What a database takes in its own folder now, needed or not, whatever the version. */
struct vfs_usage {
	struct vfs_object_count slots, segments, manifests, pins, others;
	uint64_t oldest_lsn; /* of the slots that are left; 0: none */
};

/* One LIST for every 1000 objects. */
MUST_CHECK enum vfs_rc vfs_inspect_usage(struct blob_store *store, const char *name,
					 struct vfs_usage *out, struct error *err);

/* Called with each object of the folder of a database in rising order of keys. */
typedef bool (*vfs_object_fn)(void *arg, const char *key, uint64_t bytes);

/* The same listing, one by one; false from `fn` ends it with VFS_IO, and `err` is its. */
MUST_CHECK enum vfs_rc vfs_inspect_objects(struct blob_store *store, const char *name,
					   vfs_object_fn fn, void *arg, struct error *err);

#endif
