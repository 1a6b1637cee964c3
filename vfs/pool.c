/*
 * pool.c - a few threads that wait for the store on behalf of readers
 * Licence: MIT, see LICENSE.
 */
#include "vfs/pool.h"

#include <assert.h>

#include "base/clock.h"
#include "base/thread.h"

enum {
	THREADS_MAX = 32,
	QUIET_MAX = 24,        /* threads at work that nobody waits for */
	IDLE_MS = 5000,
	STACK_SIZE = 512 << 10,
};

struct queue {
	struct pool_job *first, *last;
};

/* lock guards all of it. */
static struct {
	struct mutex lock;
	struct cond work, ended;
	struct queue urgent, quiet;
	unsigned n_threads, n_idle;
	pthread_t dead[THREADS_MAX]; /* ended, to be joined */
	unsigned n_dead;
	unsigned n_starting;   /* of n_threads: have not looked for work yet */
	unsigned n_urgent;     /* in the queue */
	unsigned n_quiet;      /* at work */
	bool stopping;
} pool = { .lock = MUTEX_INIT };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void pool_init(void)
{
	cond_init(&pool.work);
	cond_init(&pool.ended);
}

static void push(struct queue *q, struct pool_job *job)
{
	job->next = NULL;
	if (q->last != NULL)
		q->last->next = job;
	else
		q->first = job;
	q->last = job;
}

static struct pool_job *pop(struct queue *q)
{
	struct pool_job *job = q->first;

	if (job == NULL)
		return NULL;
	q->first = job->next;
	if (q->first == NULL)
		q->last = NULL;
	return job;
}

static bool take_out(struct queue *q, struct pool_job *job)
{
	struct pool_job *before = NULL;
	struct pool_job *at = q->first;

	for (; at != NULL && at != job; at = at->next)
		before = at;
	if (at == NULL)
		return false;
	if (before != NULL)
		before->next = job->next;
	else
		q->first = job->next;
	if (q->last == job)
		q->last = before;
	return true;
}

static void *pool_run(void *arg)
{
	int64_t idle_until_ms = 0;

	(void)arg;
	mutex_lock(&pool.lock);
	pool.n_starting--;
	for (;;) {
		struct pool_job *job = pop(&pool.urgent);
		bool quiet = false;

		if (job != NULL) {
			pool.n_urgent--;
		} else if (pool.n_quiet < QUIET_MAX) {
			job = pop(&pool.quiet);
			quiet = job != NULL;
		}
		if (job != NULL) {
			pool.n_quiet += quiet;
			mutex_unlock(&pool.lock);
			job->run(job);
			mutex_lock(&pool.lock);
			pool.n_quiet -= quiet;
			idle_until_ms = 0;
			continue;
		}
		if (pool.stopping)
			break;
		if (idle_until_ms == 0)
			idle_until_ms = mono_ms() + IDLE_MS;
		pool.n_idle++;
		bool woken = cond_wait_until(&pool.work, &pool.lock, idle_until_ms);
		pool.n_idle--;
		if (!woken && pool.urgent.first == NULL && pool.quiet.first == NULL)
			break;
	}
	pool.n_threads--;
	pool.dead[pool.n_dead++] = pthread_self();
	cond_broadcast(&pool.ended);
	mutex_unlock(&pool.lock);
	return NULL;
}

/* Those in `dead` touch nothing any more: to wait for them is short. */
static void join_dead_locked(void)
{
	while (pool.n_dead > 0)
		pthread_join(pool.dead[--pool.n_dead], NULL);
}

static bool start_locked(void)
{
	pthread_t thread;

	join_dead_locked();
	if (pool.n_threads >= THREADS_MAX ||
	    !thread_start(&thread, "pgblob-fetch", STACK_SIZE, pool_run, NULL, NULL))
		return false;
	pool.n_threads++;
	pool.n_starting++;
	return true;
}

/* Is there a thread that would take one more job at once? */
static bool free_locked(void)
{
	return pool.n_idle + pool.n_starting > pool.n_urgent;
}

bool pool_submit(struct pool_job *job, bool urgent)
{
	bool taken = true;

	pthread_once(&once, pool_init);
	mutex_lock(&pool.lock);
	assert(!pool.stopping);
	if (urgent) {
		if (free_locked() || start_locked()) {
			push(&pool.urgent, job);
			pool.n_urgent++;
		} else {
			taken = false;
		}
	} else {
		if (!free_locked() && pool.n_threads < QUIET_MAX)
			(void)start_locked();
		if (pool.n_threads > 0)
			push(&pool.quiet, job);
		else
			taken = false;
	}
	cond_signal(&pool.work);
	mutex_unlock(&pool.lock);
	return taken;
}

void pool_promote(struct pool_job *job)
{
	mutex_lock(&pool.lock);
	if (take_out(&pool.quiet, job)) {
		job->next = pool.urgent.first;
		pool.urgent.first = job;
		if (pool.urgent.last == NULL)
			pool.urgent.last = job;
		pool.n_urgent++;
		if (!free_locked())
			(void)start_locked();
		cond_signal(&pool.work);
	}
	mutex_unlock(&pool.lock);
}

bool pool_cancel(struct pool_job *job)
{
	bool found;

	mutex_lock(&pool.lock);
	found = take_out(&pool.quiet, job);
	if (!found && take_out(&pool.urgent, job)) {
		pool.n_urgent--;
		found = true;
	}
	mutex_unlock(&pool.lock);
	return found;
}

void pool_stop(void)
{
	pthread_once(&once, pool_init);
	mutex_lock(&pool.lock);
	pool.stopping = true;
	cond_broadcast(&pool.work);
	while (pool.n_threads > 0)
		cond_wait(&pool.ended, &pool.lock);
	join_dead_locked();
	pool.stopping = false;
	mutex_unlock(&pool.lock);
}
