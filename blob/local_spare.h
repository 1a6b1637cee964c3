/*
 * local_spare.h - nameless files with blocks of their own, made ahead of time
 *
 * To make a file and allocate its blocks is a third of what a create in a folder
 * costs, and much more when many files have just been deleted.  A thread keeps
 * a few ready, from the first create on.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_LOCAL_SPARE_H
#define PGBLOB_BLOB_LOCAL_SPARE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/thread.h"

enum {
	SPARE_MAX = 8,
	SPARE_BLOCK = 4096,
	SPARE_BLOCKS_MAX = 8, /* a larger object allocates the rest itself */
};

struct spare {
	int fd;
	size_t len; /* bytes that are allocated and written, and its length */
};

/* root_fd never changes; lock guards the fields below it. */
struct spare_pool {
	int root_fd;

	struct mutex lock;
	struct cond wanted;
	struct spare spares[SPARE_MAX];
	unsigned n;
	unsigned recent[8]; /* blocks of the latest objects; spares have the least of them */
	unsigned next_recent;
	bool started;
	bool broken; /* could not make one: give it up */
	bool stop;
	pthread_t filler;
};

/* root_fd is borrowed. */
void spare_pool_init(struct spare_pool *pool, int root_fd);
void spare_pool_deinit(struct spare_pool *pool);

/* A file that is the caller's; false if none is ready. */
MUST_CHECK bool spare_pool_take(struct spare_pool *pool, struct spare *out);

/* An object of `len` bytes was created: have spares ready for more like it. */
void spare_pool_note(struct spare_pool *pool, size_t len);

#endif
