/*
 * housekeeping.c - compaction and clean-up, for whoever asks for them
 * Licence: MIT, see LICENSE.
 */
#include "vfs/vfs.h"

#include "vfs/admin.h"
#include "vfs/compact.h"
#include "vfs/gc.h"
#include "vfs/registry.h"

enum vfs_rc vfs_compact_database(struct blob_store *store, const char *name,
				 vfs_progress_fn progress, void *arg, struct vfs_compaction *out,
				 struct error *err)
{
	struct compact_request request = { .budget = UINT64_MAX, .progress = progress, .arg = arg };
	struct db *db;
	bool exists;

	if (!db_name_check(name, err)) /* also one of the past */
		return VFS_INVALID;
	enum vfs_rc rc = admin_open_newest(store, name, &db, &exists, err);
	if (rc != VFS_OK)
		return rc;
	if (!exists) {
		error_set(err, "database \"%s\" does not exist", name);
		rc = VFS_NOT_FOUND;
	} else {
		rc = compact(db, &request, out, err);
		if (rc != VFS_OK)
			error_wrap(err, "could not compact database \"%s\"", name);
	}
	registry_put(db);
	return rc;
}

enum vfs_rc vfs_clean_up_database(struct blob_store *store, const char *name, bool dry_run,
				  vfs_progress_fn progress, void *arg, struct vfs_clean_up *out,
				  struct error *err)
{
	struct gc_request request = {
		.retention_us = vfs_settings.retention_ms * 1000,
		.dry_run = dry_run,
		.progress = progress,
		.arg = arg,
	};
	char folder[DB_NAME_ENCODED];

	if (!db_name_check(name, err))
		return VFS_INVALID;
	db_name_encode(name, folder);
	enum vfs_rc rc = gc(store, folder, &request, out, err);
	if (rc != VFS_OK)
		error_wrap(err, "could not clean up database \"%s\"", name);
	return rc;
}
