/*
 * local.h - the parts of the local store
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_LOCAL_H
#define PGBLOB_BLOB_LOCAL_H

#include "blob/local_spare.h"
#include "blob/redo.h"
#include "blob/store.h"

struct buf;
struct stat;

struct local_store {
	struct blob_store base;
	int root_fd;
	bool takes_redo; /* local_takes_redo() */
	struct redo redo;
	struct spare_pool spares; /* for what is created by redo */
	_Atomic bool no_tmpfile; /* O_TMPFILE or its linking does not work here */
};

enum blob_rc local_create(struct blob_store *store, int64_t deadline_ms,
			  const char *key, const struct buf *body,
			  struct etag *out, struct error *err);

enum blob_rc local_list(struct blob_store *store, int64_t deadline_ms,
			const struct blob_list_request *request,
			struct arena *arena, struct blob_list *out,
			struct error *err);

/* BLOB_BUSY for what may pass by itself, else BLOB_FAILED. */
enum blob_rc local_rc_of(int errnum);

/* size, mtime, etag of a file */
void local_info_of(const struct stat *st, struct blob_info *out);

#endif
