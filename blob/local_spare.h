/*
 * local_spare.h - nameless files, made ahead of time
 *
 * To make a file is a fifth of what a create by redo costs, and far more on some file systems
 * (ext4 without a journal) for minutes after many were deleted.  A thread keeps some ready.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_LOCAL_SPARE_H
#define PGBLOB_BLOB_LOCAL_SPARE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/thread.h"

enum { SPARE_MAX = 32 /* each is an open file */ };

/* root_fd and pid never change; lock guards the fields below it. */
struct spare_pool {
	int root_fd; /* borrowed */
	pid_t pid;

	struct mutex lock;
	struct cond wanted;
	int spares[SPARE_MAX];
	unsigned n;
	bool started;
	bool broken; /* could not make one: give it up */
	bool stop;
	pthread_t filler;
};

void spare_pool_init(struct spare_pool *pool, int root_fd);
void spare_pool_deinit(struct spare_pool *pool);

/* An empty file of mode LOCAL_REDO_MODE that is the caller's: its descriptor or -errno. */
MUST_CHECK int spare_pool_take(struct spare_pool *pool);

#endif
