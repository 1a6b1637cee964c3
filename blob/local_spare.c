/*
 * local_spare.c - nameless files, made ahead of time
 * Licence: MIT, see LICENSE.
 */
#include "blob/local_spare.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "blob/local_file.h"

void spare_pool_init(struct spare_pool *pool, int root_fd)
{
	*pool = (struct spare_pool){ .root_fd = root_fd, .pid = getpid() };
	mutex_init(&pool->lock);
	cond_init(&pool->wanted);
}

void spare_pool_deinit(struct spare_pool *pool)
{
	/* the child of a fork has no thread, and a lock that may be held for ever */
	if (pool->pid == getpid()) {
		mutex_lock(&pool->lock);
		pool->stop = true;
		cond_signal(&pool->wanted);
		mutex_unlock(&pool->lock);
		if (pool->started)
			pthread_join(pool->filler, NULL);
		cond_deinit(&pool->wanted);
		mutex_deinit(&pool->lock);
	}
	for (unsigned i = 0; i < pool->n; i++)
		close(pool->spares[i]);
}

static int make(int root_fd)
{
	int fd = openat(root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, LOCAL_REDO_MODE);

	return fd >= 0 ? fd : -errno;
}

static void *fill(void *arg)
{
	struct spare_pool *pool = arg;

	mutex_lock(&pool->lock);
	while (!pool->stop && !pool->broken) {
		/* several at a time: a thread that is woken for each create costs more than it saves */
		if (pool->n > SPARE_MAX / 2) {
			cond_wait(&pool->wanted, &pool->lock);
			continue;
		}
		while (pool->n < SPARE_MAX && !pool->stop && !pool->broken) {
			mutex_unlock(&pool->lock);
			int fd = make(pool->root_fd);
			mutex_lock(&pool->lock);
			/* why is for a create to tell */
			pool->broken = fd < 0;
			if (fd >= 0)
				pool->spares[pool->n++] = fd;
		}
	}
	mutex_unlock(&pool->lock);
	return NULL;
}

int spare_pool_take(struct spare_pool *pool)
{
	int fd = -1;

	mutex_lock(&pool->lock);
	if (pool->n > 0)
		fd = pool->spares[--pool->n];
	if (!pool->started && !pool->broken) {
		pool->started = thread_start(&pool->filler, "local-spare", 0, fill, pool, NULL);
		pool->broken = !pool->started;
	} else if (pool->n == SPARE_MAX / 2) {
		cond_signal(&pool->wanted);
	}
	mutex_unlock(&pool->lock);
	return fd >= 0 ? fd : make(pool->root_fd);
}
