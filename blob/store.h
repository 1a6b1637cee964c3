/*
 * store.h - what a kind of store implements
 *
 * A kind is one table of functions and one line in the registry (blob.c).
 * blob.c checks keys and lengths, counts requests, and keeps the promises of
 * blob.h that are the same for all; an ops function sees only good arguments.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_STORE_H
#define PGBLOB_BLOB_STORE_H

#include <stdatomic.h>

#include "blob/blob.h"

struct blob_ops {
	const char *scheme; /* "s3" */
	enum blob_rc (*open)(const char *url, const struct blob_options *options,
			     struct blob_store **out, struct error *err);
	void (*close)(struct blob_store *store);
	enum blob_rc (*get)(struct blob_store *store, const char *key,
			    const struct blob_range *range, struct buf *out,
			    struct blob_info *info, struct error *err);
	enum blob_rc (*create)(struct blob_store *store, const char *key,
			       const struct buf *body, struct etag *out,
			       struct error *err);
	enum blob_rc (*head)(struct blob_store *store, const char *key,
			     struct blob_info *info, struct error *err);
	enum blob_rc (*list)(struct blob_store *store,
			     const struct blob_list_request *request,
			     struct arena *arena, struct blob_list *out,
			     struct error *err);
	enum blob_rc (*delete_many)(struct blob_store *store, const char *const *keys,
				    size_t n, struct error *err);
	/* The part of blob_probe() that only this kind knows; NULL: nothing. */
	enum blob_rc (*probe)(struct blob_store *store, struct error *err);
};

/* Every instance begins with it: struct s3_store { struct blob_store base; ... } */
struct blob_store {
	const struct blob_ops *ops;
	char *name; /* owned by blob.c after open */
	struct {
		_Atomic uint64_t gets, creates, heads, lists, deletes, retries;
		_Atomic uint64_t bytes_in, bytes_out;
	} stats;
};

extern const struct blob_ops local_ops, s3_ops, azure_ops;

#endif
