/*
 * thread.c - threads, and mutexes that know their holder
 * Licence: MIT, see LICENSE.
 */
#include "base/thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

static uintptr_t self(void)
{
	static _Thread_local char here;

	return (uintptr_t)&here;
}

static void check(int rc)
{
	if (rc != 0)
		abort();
}

void mutex_init(struct mutex *m)
{
	check(pthread_mutex_init(&m->os, NULL));
	atomic_init(&m->holder, 0);
}

void mutex_deinit(struct mutex *m)
{
	check(pthread_mutex_destroy(&m->os));
}

void mutex_lock(struct mutex *m)
{
	check(pthread_mutex_lock(&m->os));
	atomic_store_explicit(&m->holder, self(), memory_order_relaxed);
}

bool mutex_trylock(struct mutex *m)
{
	int rc = pthread_mutex_trylock(&m->os);

	if (rc == EBUSY)
		return false;
	check(rc);
	atomic_store_explicit(&m->holder, self(), memory_order_relaxed);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	atomic_store_explicit(&m->holder, 0, memory_order_relaxed);
	check(pthread_mutex_unlock(&m->os));
}

bool mutex_held(const struct mutex *m)
{
	return atomic_load_explicit(&m->holder, memory_order_relaxed) == self();
}

void cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	check(pthread_condattr_init(&attr));
	check(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	check(pthread_cond_init(&c->os, &attr));
	check(pthread_condattr_destroy(&attr));
}

void cond_deinit(struct cond *c)
{
	check(pthread_cond_destroy(&c->os));
}

void cond_wait(struct cond *c, struct mutex *m)
{
	atomic_store_explicit(&m->holder, 0, memory_order_relaxed);
	check(pthread_cond_wait(&c->os, &m->os));
	atomic_store_explicit(&m->holder, self(), memory_order_relaxed);
}

bool cond_wait_until(struct cond *c, struct mutex *m, int64_t deadline_ms)
{
	struct timespec ts = {
		.tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000,
	};

	atomic_store_explicit(&m->holder, 0, memory_order_relaxed);
	int rc = pthread_cond_timedwait(&c->os, &m->os, &ts);
	atomic_store_explicit(&m->holder, self(), memory_order_relaxed);
	if (rc == ETIMEDOUT)
		return false;
	check(rc);
	return true;
}

void cond_signal(struct cond *c)
{
	check(pthread_cond_signal(&c->os));
}

void cond_broadcast(struct cond *c)
{
	check(pthread_cond_broadcast(&c->os));
}

/* In an event: nothing was told, and the waiter sleeps, or is about to. */
#define AWAITED UINT32_MAX

void event_set(struct event *e, uint32_t value)
{
	void *at = &e->value;

	/* to the kernel the address is a name: if the event is gone by then, nobody of ours sleeps there */
	if (atomic_exchange_explicit(&e->value, value, memory_order_acq_rel) == AWAITED)
		(void)syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t event_get(const struct event *e)
{
	uint32_t value = atomic_load_explicit(&e->value, memory_order_acquire);

	return value == AWAITED ? 0 : value;
}

/* `until` is of CLOCK_MONOTONIC, as SYS_futex takes it: seconds and nanoseconds; NULL: for ever. */
static uint32_t wait_for_event(struct event *e, const long until[2])
{
	uint32_t value = 0;

	if (!atomic_compare_exchange_strong(&e->value, &value, AWAITED))
		return value;
	for (;;) {
		long rc = syscall(SYS_futex, &e->value, FUTEX_WAIT_BITSET_PRIVATE, AWAITED, until,
				  NULL, FUTEX_BITSET_MATCH_ANY);
		bool late = rc != 0 && errno == ETIMEDOUT;

		value = event_get(e);
		if (value != 0)
			return value;
		if (!late)
			continue;
		value = AWAITED;
		return atomic_compare_exchange_strong(&e->value, &value, 0) ? 0 : value;
	}
}

uint32_t event_wait(struct event *e)
{
	return wait_for_event(e, NULL);
}

uint32_t event_wait_until(struct event *e, int64_t deadline_ms)
{
	long until[2] = { (long)(deadline_ms / 1000), (long)(deadline_ms % 1000 * 1000000) };

	return wait_for_event(e, until);
}

void event_forget(struct event *e, uint32_t value)
{
	atomic_compare_exchange_strong(&e->value, &value, 0);
}

unsigned processors(void)
{
	static atomic_uint known;
	unsigned n = atomic_load_explicit(&known, memory_order_relaxed);

	if (n == 0) {
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		n = online > 1 ? (unsigned)online : 1;
		atomic_store_explicit(&known, n, memory_order_relaxed);
	}
	return n;
}

bool thread_start(pthread_t *out, const char *name, size_t stack_size,
		  void *(*run)(void *), void *arg, struct error *err)
{
	pthread_attr_t attr;
	sigset_t all;
	sigset_t old;

	check(pthread_attr_init(&attr));
	if (stack_size != 0)
		check(pthread_attr_setstacksize(&attr, stack_size));
	sigfillset(&all);
	check(pthread_sigmask(SIG_SETMASK, &all, &old));
	int rc = pthread_create(out, &attr, run, arg);
	check(pthread_sigmask(SIG_SETMASK, &old, NULL));
	check(pthread_attr_destroy(&attr));
	if (rc != 0)
		return error_set_errno(err, rc, "could not start thread \"%s\"",
				       name);
	/* the name is for debuggers only: it may fail for a thread that ended */
	(void)pthread_setname_np(*out, name);
	return true;
}
