/*
 * listing.c - the objects of a database, one after the other
 * Licence: MIT, see LICENSE.
 */
#include "vfs/listing.h"

#include <stdio.h>

#include "base/arena.h"
#include "vfs/db.h"

#define LIST_ARENA ((size_t)4 << 20)

enum { LISTED_KEY_MAX = 1024 }; /* of others' objects, too */

enum vfs_rc list_objects(struct blob_store *store, const char *folder, const char *kind,
			 const char *after, listed_fn fn, void *arg, struct error *err)
{
	char prefix[KEY_MAX], behind[LISTED_KEY_MAX];
	enum vfs_rc rc = VFS_OK;
	bool more = true;

	snprintf(prefix, sizeof(prefix), "%s/%s%s", folder, kind != NULL ? kind : "",
		 kind != NULL ? "/" : "");
	snprintf(behind, sizeof(behind), "%s", after != NULL ? after : "");
	while (rc == VFS_OK && more) {
		struct blob_list_request request = {
			.prefix = prefix,
			.start_after = behind[0] != '\0' ? behind : NULL,
		};
		struct arena arena = ARENA_INIT(LIST_ARENA);
		struct blob_list list = { 0 };

		rc = vfs_rc_of_blob(blob_list(store, &request, &arena, &list, err));
		for (size_t i = 0; rc == VFS_OK && i < list.n_entries; i++)
			if (!list.entries[i].is_prefix)
				rc = fn(arg, &list.entries[i], err);
		more = list.more && list.n_entries > 0;
		if (rc == VFS_OK && more)
			snprintf(behind, sizeof(behind), "%s", list.entries[list.n_entries - 1].key);
		arena_free(&arena);
	}
	return rc;
}
