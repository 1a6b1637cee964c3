/*
 * worker.c - threads that run connections
 * Licence: MIT, see LICENSE.
 */
#include "wire/worker.h"

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "wire/conn.h"
#include "wire/reactor.h"
#include "wire/server.h"

enum {
	KEEP_IDLE = 4,        /* this many idle workers stay */
	IDLE_MS = 5000,       /* others end after so long */
	DEFAULT_STACK = 64 << 20,
};

/* Join the worker that ended last, if any: it is past its last use of the lock. */
static void join_ended_locked(struct wire_server *w)
{
	while (w->has_ended) {
		pthread_t thread = w->ended;

		w->has_ended = false;
		mutex_unlock(&w->lock);
		pthread_join(thread, NULL);
		mutex_lock(&w->lock);
	}
}

static struct conn *pop_locked(struct wire_server *w)
{
	struct conn *c = w->queue_first;

	w->queue_first = c->next;
	if (w->queue_first == NULL)
		w->queue_last = NULL;
	c->next = NULL;
	w->n_queued--;
	c->owner = CONN_WORKER;
	return c;
}

/* Wait for work; false: this worker is to end. */
static bool wait_locked(struct wire_server *w)
{
	int64_t until = mono_ms() + IDLE_MS;
	bool in_time = true;

	w->n_idle++;
	while (w->queue_first == NULL && !w->quit && (in_time || w->n_idle <= KEEP_IDLE)) {
		if (w->n_idle <= KEEP_IDLE) {
			cond_wait(&w->work, &w->lock);
			until = mono_ms() + IDLE_MS;
			in_time = true;
		} else {
			in_time = cond_wait_until(&w->work, &w->lock, until);
		}
	}
	w->n_idle--;
	return w->queue_first != NULL;
}

static void *worker_run(void *arg)
{
	struct wire_server *w = arg;

	mutex_lock(&w->lock);
	w->n_starting--;
	while (wait_locked(w)) {
		struct conn *c = pop_locked(w);

		mutex_unlock(&w->lock);
		bool more = conn_run(c);
		if (!more)
			conn_close(c);
		mutex_lock(&w->lock);
		if (more)
			reactor_take_locked(c);
	}
	join_ended_locked(w);
	w->n_workers--;
	w->ended = pthread_self();
	w->has_ended = true;
	cond_broadcast(&w->changed);
	mutex_unlock(&w->lock);
	return NULL;
}

void worker_queue_locked(struct wire_server *w, struct conn *c)
{
	struct error err = ERROR_INIT;
	pthread_t thread;

	assert(mutex_held(&w->lock));
	assert(c->owner == CONN_REACTOR);
	c->owner = CONN_QUEUED;
	c->next = NULL;
	if (w->queue_last != NULL)
		w->queue_last->next = c;
	else
		w->queue_first = c;
	w->queue_last = c;
	w->n_queued++;
	/* one for each: those that are idle, and those that are on their way */
	if (w->n_queued <= w->n_idle + w->n_starting) {
		cond_signal(&w->work);
		return;
	}
	if (w->n_workers >= w->max_workers)
		return; /* each is with a connection of its own, and comes back */
	size_t stack = w->config.worker_stack != 0 ? w->config.worker_stack : DEFAULT_STACK;
	w->n_workers++;
	w->n_starting++;
	if (!thread_start(&thread, "worker", stack, worker_run, w, &err)) {
		w->n_workers--;
		w->n_starting--;
		log_error(NULL, "%s", err.text);
	}
}

bool worker_wanted(struct wire_server *w)
{
	return atomic_load_explicit(&w->n_queued, memory_order_relaxed) != 0;
}

void worker_stop_all(struct wire_server *w)
{
	mutex_lock(&w->lock);
	w->quit = true;
	cond_broadcast(&w->work);
	while (w->n_workers > 0)
		cond_wait(&w->changed, &w->lock);
	join_ended_locked(w);
	mutex_unlock(&w->lock);
}
