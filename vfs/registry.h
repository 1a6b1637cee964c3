/*
 * registry.h - what the process has open: settings, stores, databases, background work
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_REGISTRY_H
#define PGBLOB_VFS_REGISTRY_H

#include "vfs/db.h"

/* As vfs_init() was told, defaults filled in; not changed afterwards. */
extern struct vfs_config vfs_settings;

/* A store that this layer opened itself, counted. */
struct store_ref {
	struct store_ref *next;
	unsigned refs;
	char *url;
	struct blob_store *store;
};

/*
 * The store of a database that names none (url NULL), or the one that `url`
 * names.  *ref is NULL if it is borrowed; otherwise for store_release().
 */
MUST_CHECK enum vfs_rc store_find(const char *url, struct blob_store **out,
				  struct store_ref **ref, struct error *err);
/* One more store_release(); NULL does nothing. */
void store_ref_again(struct store_ref *ref);
void store_release(struct store_ref *ref);

/* Databases that name no store are opened in this one by the calling thread; NULL ends that. */
void store_override(struct blob_store *store);

/*
 * Where local journals are; NULL: nowhere.  The override is for the calling thread, borrowed, and
 * NULL ends it: a test has many machines in one process.
 */
const char *journal_folder(void);
void journal_override(const char *folder);

/*
 * The database `name` of a store, loaded; counted for registry_put().  `ref` is
 * taken over in any case.
 */
MUST_CHECK enum vfs_rc registry_get(struct blob_store *store, struct store_ref *ref,
				    const char *name, struct db **out, struct error *err);
void registry_put(struct db *db);
/* One more registry_put() for a database that somebody holds. */
void registry_ref(struct db *db);

/* Forget databases that nobody uses; all of the store first. */
void registry_forget_idle(void);

/* Waits for the background and ends it. */
void background_stop(void);

#endif
