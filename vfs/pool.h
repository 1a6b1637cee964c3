/*
 * pool.h - a few threads that wait for the store on behalf of readers
 *
 * They are started when there is work, and end when there was none for a while,
 * or with pool_stop().  Work of two kinds: what somebody waits for (urgent), and
 * what may be wanted later, which leaves room for the other.
 *
 * Any thread may call this.  The pool's lock is a leaf: it is not held while a
 * job runs.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_POOL_H
#define PGBLOB_VFS_POOL_H

#include <stdbool.h>

#include "base/compiler.h"

/* Embedded in what it works on; the pool forgets it before it calls run(). */
struct pool_job {
	struct pool_job *next;
	void (*run)(struct pool_job *job);
};

/*
 * Run it in a thread of the pool.  False: it is not taken, because no thread is
 * free and no more may be started; work that is not urgent is queued then.
 */
MUST_CHECK bool pool_submit(struct pool_job *job, bool urgent);

/* Somebody waits for it now: if it is still queued it comes first. */
void pool_promote(struct pool_job *job);

/* False: it has begun, or was never queued.  True: it will not run. */
bool pool_cancel(struct pool_job *job);

/* Runs what is queued and ends all threads.  Nothing is submitted meanwhile. */
void pool_stop(void);

#endif
