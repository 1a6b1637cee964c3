/*
 * thread.h - threads, and mutexes that know their holder
 *
 * The functions abort on what can only be a programming error.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_THREAD_H
#define PGBLOB_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct error;

struct mutex {
	pthread_mutex_t os;
	_Atomic(uintptr_t) holder; /* a thread's address; 0: nobody */
};

#define MUTEX_INIT { .os = PTHREAD_MUTEX_INITIALIZER }

void mutex_init(struct mutex *m);
void mutex_deinit(struct mutex *m);
void mutex_lock(struct mutex *m);
MUST_CHECK bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Does the calling thread hold it?  For assertions. */
bool mutex_held(const struct mutex *m);

/* Waits on CLOCK_MONOTONIC. */
struct cond {
	pthread_cond_t os;
};

void cond_init(struct cond *c);
void cond_deinit(struct cond *c);
void cond_wait(struct cond *c, struct mutex *m);
/* False when `deadline_ms` (of mono_ms()) has passed; wakes may be spurious. */
bool cond_wait_until(struct cond *c, struct mutex *m, int64_t deadline_ms);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/*
 * What one thread waits for and others tell it, without a lock: a value, 0 as long
 * as nothing was told.  event_set() does not touch the event any more once the
 * waiter can see the value, so whoever waited may free it at once.  Zeroed it is
 * ready; there is nothing to release.
 */
struct event {
	_Atomic uint32_t value;
};

/* Tell `value`, which is neither 0 nor UINT32_MAX; what the caller did before is seen by the waiter. */
void event_set(struct event *e, uint32_t value);
/* What was told last, or 0. */
uint32_t event_get(const struct event *e);
/* Wait until something is told. */
uint32_t event_wait(struct event *e);
/* 0 when `deadline_ms` (of mono_ms()) has passed. */
uint32_t event_wait_until(struct event *e, int64_t deadline_ms);
/* The waiter forgets `value`, unless something else has been told meanwhile. */
void event_forget(struct event *e, uint32_t value);

/* How many there are for the threads of this process, as it found them at first. */
unsigned processors(void);

/*
 * Start a thread named `name` (15 bytes at most) with `stack_size` bytes of
 * stack, 0 for the default.  It starts with every signal blocked.
 */
MUST_CHECK bool thread_start(pthread_t *out, const char *name,
			     size_t stack_size, void *(*run)(void *), void *arg,
			     struct error *err);

#endif
