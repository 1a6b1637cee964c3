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

enum vfs_rc list_pages(struct blob_store *store, const struct blob_list_request *request,
		       listed_page_fn fn, void *arg, struct error *err)
{
	struct blob_list_request r = *request;
	char behind[LISTED_KEY_MAX];
	enum vfs_rc rc = VFS_OK;
	bool more = true;

	while (rc == VFS_OK && more) {
		struct arena arena = ARENA_INIT(LIST_ARENA);
		struct blob_list list = { 0 };

		rc = vfs_rc_of_blob(blob_list(store, &r, &arena, &list, err));
		if (rc == VFS_OK)
			rc = fn(arg, store, &list, err);
		more = list.more && list.n_entries > 0;
		if (rc == VFS_OK && more)
			snprintf(behind, sizeof(behind), "%s", list.entries[list.n_entries - 1].key);
		r.start_after = behind;
		arena_free(&arena);
	}
	return rc;
}

/* Who wants objects one after the other. */
struct one_by_one {
	listed_fn fn;
	void *arg;
};

static enum vfs_rc tell_objects(void *arg, struct blob_store *store, const struct blob_list *page,
				struct error *err)
{
	const struct one_by_one *o = arg;
	enum vfs_rc rc = VFS_OK;

	(void)store;
	for (size_t i = 0; rc == VFS_OK && i < page->n_entries; i++)
		if (!page->entries[i].is_prefix)
			rc = o->fn(o->arg, &page->entries[i], err);
	return rc;
}

enum vfs_rc list_objects(struct blob_store *store, const char *folder, const char *kind,
			 const char *after, listed_fn fn, void *arg, struct error *err)
{
	struct one_by_one one_by_one = { fn, arg };
	char prefix[KEY_MAX];
	struct blob_list_request request = { .prefix = prefix, .start_after = after };

	snprintf(prefix, sizeof(prefix), "%s/%s%s", folder, kind != NULL ? kind : "",
		 kind != NULL ? "/" : "");
	return list_pages(store, &request, tell_objects, &one_by_one, err);
}
