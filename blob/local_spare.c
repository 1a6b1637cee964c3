/*
 * local_spare.c - nameless files with blocks of their own, made ahead of time
 * Licence: MIT, see LICENSE.
 */
#include "blob/local_spare.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "blob/local_file.h"

void spare_pool_init(struct spare_pool *pool, int root_fd)
{
	*pool = (struct spare_pool){ .root_fd = root_fd };
	mutex_init(&pool->lock);
	cond_init(&pool->wanted);
}

void spare_pool_deinit(struct spare_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->stop = true;
	cond_signal(&pool->wanted);
	mutex_unlock(&pool->lock);
	if (pool->started)
		pthread_join(pool->filler, NULL);
	for (unsigned i = 0; i < pool->n; i++)
		close(pool->spares[i].fd);
	cond_deinit(&pool->wanted);
	mutex_deinit(&pool->lock);
}

bool spare_pool_take(struct spare_pool *pool, struct spare *out)
{
	mutex_lock(&pool->lock);
	bool found = pool->n > 0;
	if (found)
		*out = pool->spares[--pool->n];
	mutex_unlock(&pool->lock);
	return found;
}

/* Blocks of a new spare: one that is too long would give blocks back when it is cut. */
static unsigned blocks_locked(const struct spare_pool *pool)
{
	unsigned least = SPARE_BLOCKS_MAX;

	assert(mutex_held(&pool->lock));
	for (size_t i = 0; i < ARRAY_LEN(pool->recent); i++)
		if (pool->recent[i] != 0 && pool->recent[i] < least)
			least = pool->recent[i];
	return least;
}

/* Written out, so that its extents are in the journal's transaction, as written. */
static bool make(int root_fd, size_t len, struct spare *out)
{
	static const char zeros[SPARE_BLOCKS_MAX * SPARE_BLOCK];
	int fd = openat(root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

	if (fd < 0)
		return false;
	if (local_mark_new(fd) != 0 || pwrite(fd, zeros, len, 0) != (ssize_t)len ||
	    sync_file_range(fd, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
		close(fd);
		return false;
	}
	*out = (struct spare){ fd, len };
	return true;
}

static void *fill(void *arg)
{
	struct spare_pool *pool = arg;

	mutex_lock(&pool->lock);
	while (!pool->stop && !pool->broken) {
		/* several at a time: not in the way of each create */
		if (pool->n > SPARE_MAX / 2) {
			cond_wait(&pool->wanted, &pool->lock);
			continue;
		}
		while (pool->n < SPARE_MAX && !pool->stop && !pool->broken) {
			size_t len = (size_t)blocks_locked(pool) * SPARE_BLOCK;
			struct spare spare;

			mutex_unlock(&pool->lock);
			bool made = make(pool->root_fd, len, &spare);
			mutex_lock(&pool->lock);
			/* a full disk is for a create to tell */
			if (made)
				pool->spares[pool->n++] = spare;
			else
				pool->broken = true;
		}
	}
	mutex_unlock(&pool->lock);
	return NULL;
}

void spare_pool_note(struct spare_pool *pool, size_t len)
{
	size_t blocks = (len + SPARE_BLOCK - 1) / SPARE_BLOCK;

	mutex_lock(&pool->lock);
	pool->recent[pool->next_recent++ % ARRAY_LEN(pool->recent)] =
		blocks == 0 ? 1 : blocks > SPARE_BLOCKS_MAX ? SPARE_BLOCKS_MAX : (unsigned)blocks;
	/* not for the one object of a short-lived program */
	if (!pool->started && !pool->broken && pool->next_recent > 4) {
		if (thread_start(&pool->filler, "local-spare", 0, fill, pool, NULL))
			pool->started = true;
		else
			pool->broken = true;
	} else if (pool->started && pool->n <= SPARE_MAX / 2) {
		cond_signal(&pool->wanted);
	}
	mutex_unlock(&pool->lock);
}
