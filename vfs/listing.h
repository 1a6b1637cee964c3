/*
 * listing.h - the objects of a database, one after the other
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_LISTING_H
#define PGBLOB_VFS_LISTING_H

#include "vfs/vfs.h"

struct blob_entry;
struct blob_list;
struct blob_list_request;
struct blob_store;

/* VFS_OK goes on; anything else ends the listing, and is its answer.  `entry` is good until it returns. */
typedef enum vfs_rc (*listed_fn)(void *arg, const struct blob_entry *entry, struct error *err);

/*
 * Calls fn with each object under `folder`/`kind`/ (kind NULL: under `folder`/), by key, from behind
 * the key `after` on (NULL: from the first).  As many requests as it takes.
 */
MUST_CHECK enum vfs_rc list_objects(struct blob_store *store, const char *folder, const char *kind,
				    const char *after, listed_fn fn, void *arg, struct error *err);

/* The same for a page of a listing. */
typedef enum vfs_rc (*listed_page_fn)(void *arg, struct blob_store *store, const struct blob_list *page,
				      struct error *err);

/* Calls fn with each page of the listing that is asked for. */
MUST_CHECK enum vfs_rc list_pages(struct blob_store *store, const struct blob_list_request *request,
				  listed_page_fn fn, void *arg, struct error *err);

#endif
