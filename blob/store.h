/*
 * store.h - what a kind of store implements
 *
 * A kind is one table of functions and one line in the registry (blob.c).
 * blob.c checks keys and lengths, sets defaults and deadlines, and keeps the
 * promises of blob.h that are the same for all; an ops function sees only good
 * arguments: no NULL but where it says so, keys that key_is_good(), `max` from 1
 * to 1000, numbers in the options not 0.
 *
 * Each call ends by `deadline_ms` (of mono_ms()), its retries included.  An ops
 * function counts every request that it sends in `stats`, and those after the
 * first of a call in stats.retries too; blob.c counts the bytes.
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
	/* blob.c puts `out` back to what it was when this fails. */
	enum blob_rc (*get)(struct blob_store *store, int64_t deadline_ms,
			    const char *key,
			    const struct blob_range *range /* or NULL */,
			    struct buf *out, struct blob_info *info,
			    struct error *err);
	enum blob_rc (*create)(struct blob_store *store, int64_t deadline_ms,
			       const char *key, const struct buf *body,
			       struct etag *out, struct error *err);
	enum blob_rc (*head)(struct blob_store *store, int64_t deadline_ms,
			     const char *key, struct blob_info *info,
			     struct error *err);
	enum blob_rc (*list)(struct blob_store *store, int64_t deadline_ms,
			     const struct blob_list_request *request,
			     struct arena *arena, struct blob_list *out,
			     struct error *err);
	enum blob_rc (*delete_many)(struct blob_store *store, int64_t deadline_ms,
				    const char *const *keys, size_t n,
				    struct error *err);
	/*
	 * The part of blob_probe() that only this kind knows, before blob.c
	 * tries create-if-absent: is there a bucket, may we use it?  NULL: nothing.
	 */
	enum blob_rc (*probe)(struct blob_store *store, int64_t deadline_ms,
			      struct error *err);
};

/* Every instance begins with it: struct s3_store { struct blob_store base; ... } */
struct blob_store {
	const struct blob_ops *ops; /* set by open */
	char *name;          /* the URL; blob.c sets it after open, and frees it */
	int64_t timeout_ms;  /* of a call with all its tries; set by blob.c after open */
	bool read_only;      /* set by blob.c after open */
	struct {
		_Atomic uint64_t gets, creates, heads, lists, deletes, retries;
		_Atomic uint64_t bytes_in, bytes_out;
	} stats;
};

static inline void blob_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* What a listing is of, for messages. */
static inline const char *blob_listed(const struct blob_store *store,
				      const struct blob_list_request *request)
{
	return request->prefix[0] != '\0' ? request->prefix : store->name;
}

extern const struct blob_ops local_ops, s3_ops, azure_ops;

#endif
