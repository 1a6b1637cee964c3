/*
 * sim.c - a world of threads, clocks and machines that a seed determines
 *
 * One thread runs: `current`.  All that is here belongs to it, so nothing is
 * locked but the handing over.
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	RING = 300,           /* lines that sim_fail() tells */
	LINE = 200,
	SWITCHES_MAX = 40000000,
	YIELD_PER_MILLE = 30, /* at a mutex that is free */
};

#define FOREVER INT64_MAX
#define EPOCH_US ((int64_t)1800000000 * 1000000) /* wall clock at the beginning */
#define BOOT_US ((int64_t)100000 * 1000000)      /* machines have run for a day */

enum state { READY, WAITS_MUTEX, WAITS_COND, WAITS_EVENT, WAITS_THREAD, SLEEPS, ENDED };

struct sim_thread {
	struct sim_thread *next;
	pthread_t os;
	pthread_cond_t baton;
	enum state state;
	const void *on;    /* the mutex, condition, event or thread that it waits for */
	int64_t wake_us;   /* of a wait that ends by itself, otherwise FOREVER */
	bool timed_out;
	bool detached;
	unsigned machine;
	void *(*run)(void *arg);
	void *arg;
	void *result;
};

static struct {
	pthread_mutex_t lock; /* of the handing over */
	struct sim_thread *current;
	struct sim_thread *threads;
	uint64_t seed, state;
	int64_t now_us;
	uint64_t n_switches;
	struct {
		int64_t asleep_from, asleep_until, slept_us, ahead_us;
	} machines[SIM_MACHINES];
	bool verbose;
	uint64_t digest;
	unsigned n_lines;
	char lines[RING][LINE];
} world = { .lock = PTHREAD_MUTEX_INITIALIZER, .digest = 0xcbf29ce484222325u };

static _Thread_local struct sim_thread *self; /* NULL: not of this world */

int __real_pthread_mutex_lock(pthread_mutex_t *m);
int __real_pthread_mutex_trylock(pthread_mutex_t *m);
int __real_pthread_mutex_unlock(pthread_mutex_t *m);
int __real_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __real_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts);
int __real_pthread_cond_signal(pthread_cond_t *c);
int __real_pthread_cond_broadcast(pthread_cond_t *c);
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __real_pthread_join(pthread_t os, void **result);
int __real_pthread_detach(pthread_t os);
int __real_clock_gettime(clockid_t id, struct timespec *out);
int __real_nanosleep(const struct timespec *ts, struct timespec *left);
int __real_clock_nanosleep(clockid_t id, int flags, const struct timespec *ts, struct timespec *left);
ssize_t __real_getrandom(void *out, size_t len, unsigned flags);
long __real_syscall(long number, ...);
unsigned __real_processors(void);

int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts);
int __wrap_pthread_cond_signal(pthread_cond_t *c);
int __wrap_pthread_cond_broadcast(pthread_cond_t *c);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_join(pthread_t os, void **result);
int __wrap_pthread_detach(pthread_t os);
int __wrap_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t id, int flags, const struct timespec *ts, struct timespec *left);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
long __wrap_syscall(long number, ...);
unsigned __wrap_processors(void);

/* --- chance ---------------------------------------------------------------- */

static uint64_t draw(void)
{
	uint64_t z = world.state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t sim_random(uint64_t n)
{
	return draw() % n;
}

bool sim_chance(unsigned per_mille)
{
	return per_mille > 0 && sim_random(1000) < per_mille;
}

int64_t sim_skewed(int64_t least, int64_t most)
{
	int64_t out = least;

	for (int64_t span = most - least; span > 0; span /= 4) {
		out = least + (int64_t)sim_random((uint64_t)span + 1);
		if (sim_chance(300))
			break;
	}
	return out;
}

ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	unsigned char *at = out;

	if (self == NULL)
		return __real_getrandom(out, len, flags);
	for (size_t i = 0; i < len; i += 8) {
		uint64_t r = draw();

		memcpy(at + i, &r, len - i < 8 ? len - i : 8);
	}
	return (ssize_t)len;
}

/* --- what is told ---------------------------------------------------------- */

void sim_set_verbose(bool verbose)
{
	world.verbose = verbose;
}

uint64_t sim_digest(void)
{
	return world.digest;
}

void sim_trace(const char *fmt, ...)
{
	char *line = world.lines[world.n_lines++ % RING];
	int n = snprintf(line, LINE, "%12.6f m%u ", (double)world.now_us / 1e6,
			 self != NULL ? self->machine : 0);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + n, LINE - (size_t)n, fmt, args);
	va_end(args);
	for (const char *c = line; *c != '\0'; c++)
		world.digest = (world.digest ^ (unsigned char)*c) * 0x100000001b3u;
	if (world.verbose)
		fprintf(stderr, "%s\n", line);
}

static _Noreturn void fail_now(void)
{
	fflush(NULL);
	_exit(1);
}

void sim_fail(const char *fmt, ...)
{
	va_list args;

	if (!world.verbose)
		for (unsigned i = world.n_lines > RING ? world.n_lines - RING : 0; i < world.n_lines; i++)
			fprintf(stderr, "%s\n", world.lines[i % RING]);
	fprintf(stderr, "seed %" PRIu64 ", at %.6f s: ", world.seed, (double)world.now_us / 1e6);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	fail_now();
}

/* --- who goes on ----------------------------------------------------------- */

/* When a wait that ends by itself ends. */
static int64_t due_us(const struct sim_thread *t)
{
	int64_t awake_us = world.machines[t->machine].asleep_until;

	if ((t->state != SLEEPS && t->state != WAITS_COND && t->state != WAITS_EVENT) || t->wake_us == FOREVER)
		return FOREVER;
	return t->wake_us > awake_us ? t->wake_us : awake_us;
}

static void wake_due(void)
{
	for (struct sim_thread *t = world.threads; t != NULL; t = t->next)
		if (due_us(t) <= world.now_us) {
			t->timed_out = true;
			t->state = READY;
		}
}

static void tell_deadlock(void)
{
	static const char *const names[] = { "is ready", "waits for a mutex", "waits for a condition",
					     "waits for an event", "waits for a thread", "sleeps", "has ended" };

	for (const struct sim_thread *t = world.threads; t != NULL; t = t->next)
		fprintf(stderr, "thread %p of machine %u %s (%p)\n", (const void *)t, t->machine,
			names[t->state], t->on);
	sim_fail("nobody can go on: a deadlock");
}

static struct sim_thread *pick(void)
{
	if (++world.n_switches > SWITCHES_MAX)
		sim_fail("it does not come to an end");
	for (;;) {
		struct sim_thread *best = NULL;
		int64_t next_us = FOREVER;
		unsigned n = 0;

		wake_due();
		for (struct sim_thread *t = world.threads; t != NULL; t = t->next) {
			if (t->state == READY && sim_random(++n) == 0)
				best = t;
			if (due_us(t) < next_us)
				next_us = due_us(t);
		}
		if (best != NULL)
			return best;
		if (next_us == FOREVER)
			tell_deadlock();
		world.now_us = next_us;
	}
}

static void hand_over_locked(void)
{
	world.current = pick();
	__real_pthread_cond_signal(&world.current->baton);
}

static void wait_for_baton_locked(void)
{
	while (world.current != self)
		__real_pthread_cond_wait(&self->baton, &world.lock);
}

/* Others go on; the caller does when it is READY again, and drawn. */
static void switch_away(enum state state, const void *on, int64_t wake_us)
{
	self->state = state;
	self->on = on;
	self->wake_us = wake_us;
	self->timed_out = false;
	__real_pthread_mutex_lock(&world.lock);
	hand_over_locked();
	wait_for_baton_locked();
	__real_pthread_mutex_unlock(&world.lock);
}

static void wake_all(enum state state, const void *on)
{
	for (struct sim_thread *t = world.threads; t != NULL; t = t->next)
		if (t->state == state && t->on == on)
			t->state = READY;
}

/* --- clocks and machines --------------------------------------------------- */

int64_t sim_now_us(void)
{
	return world.now_us;
}

void sim_sleep_us(int64_t us)
{
	switch_away(SLEEPS, NULL, world.now_us + (us > 0 ? us : 0));
}

void sim_set_machine(unsigned machine)
{
	self->machine = machine;
}

/* How long the machine was asleep until now. */
static int64_t slept_us(unsigned machine)
{
	int64_t from = world.machines[machine].asleep_from;
	int64_t until = world.machines[machine].asleep_until;

	if (world.now_us < until)
		until = world.now_us;
	return world.machines[machine].slept_us + (until > from ? until - from : 0);
}

void sim_put_to_sleep(unsigned machine, int64_t us)
{
	world.machines[machine].slept_us = slept_us(machine);
	world.machines[machine].asleep_from = world.now_us;
	world.machines[machine].asleep_until = world.now_us + us;
	sim_trace("machine %u sleeps for %.3f s", machine, (double)us / 1e6);
}

void sim_skew_clock(unsigned machine, int64_t us)
{
	world.machines[machine].ahead_us = us;
}

static int64_t clock_us(clockid_t id)
{
	switch (id) {
	case CLOCK_REALTIME:
		return EPOCH_US + world.now_us + world.machines[self->machine].ahead_us;
	case CLOCK_BOOTTIME:
		return BOOT_US + world.now_us;
	default: /* stands still while the machine sleeps */
		return BOOT_US + world.now_us - slept_us(self->machine);
	}
}

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	if (self == NULL)
		return __real_clock_gettime(id, out);
	world.now_us++;
	int64_t us = clock_us(id);
	out->tv_sec = us / 1000000;
	out->tv_nsec = us % 1000000 * 1000;
	return 0;
}

static int64_t us_of(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000000 + ts->tv_nsec / 1000;
}

int __wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
	if (self == NULL)
		return __real_nanosleep(ts, left);
	sim_sleep_us(us_of(ts));
	return 0;
}

int __wrap_clock_nanosleep(clockid_t id, int flags, const struct timespec *ts, struct timespec *left)
{
	if (self == NULL)
		return __real_clock_nanosleep(id, flags, ts, left);
	if (flags != 0)
		sim_fail("clock_nanosleep() until a time is not simulated");
	sim_sleep_us(us_of(ts));
	return 0;
}

/* --- mutexes and conditions ------------------------------------------------ */

static int lock_mutex(pthread_mutex_t *m)
{
	int rc;

	while ((rc = __real_pthread_mutex_trylock(m)) == EBUSY)
		switch_away(WAITS_MUTEX, m, FOREVER);
	return rc;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
	if (self == NULL)
		return __real_pthread_mutex_lock(m);
	if (sim_chance(YIELD_PER_MILLE))
		switch_away(READY, NULL, FOREVER);
	return lock_mutex(m);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *m)
{
	return __real_pthread_mutex_trylock(m);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
	int rc = __real_pthread_mutex_unlock(m);

	if (self != NULL)
		wake_all(WAITS_MUTEX, m);
	return rc;
}

static int wait_for_cond(pthread_cond_t *c, pthread_mutex_t *m, int64_t wake_us)
{
	int rc = __wrap_pthread_mutex_unlock(m);

	if (rc != 0)
		return rc;
	switch_away(WAITS_COND, c, wake_us);
	bool timed_out = self->timed_out;
	rc = lock_mutex(m);
	return rc != 0 ? rc : timed_out ? ETIMEDOUT : 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	return self == NULL ? __real_pthread_cond_wait(c, m) : wait_for_cond(c, m, FOREVER);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *ts)
{
	if (self == NULL)
		return __real_pthread_cond_timedwait(c, m, ts);
	int64_t us = us_of(ts) - clock_us(CLOCK_MONOTONIC);
	return wait_for_cond(c, m, world.now_us + (us > 0 ? us : 0));
}

static void wake_one(enum state state, const void *on)
{
	struct sim_thread *one = NULL;
	unsigned n = 0;

	for (struct sim_thread *t = world.threads; t != NULL; t = t->next)
		if (t->state == state && t->on == on && sim_random(++n) == 0)
			one = t;
	if (one != NULL)
		one->state = READY;
}

int __wrap_pthread_cond_signal(pthread_cond_t *c)
{
	if (self == NULL)
		return __real_pthread_cond_signal(c);
	wake_one(WAITS_COND, c);
	return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *c)
{
	if (self == NULL)
		return __real_pthread_cond_broadcast(c);
	wake_all(WAITS_COND, c);
	return 0;
}

/* --- events: base/thread.c makes them of futexes --------------------------- */

static long wait_for_futex(const uint32_t *at, uint32_t expected, const long until[2])
{
	int64_t wake_us = FOREVER;

	if (__atomic_load_n(at, __ATOMIC_ACQUIRE) != expected) {
		errno = EAGAIN;
		return -1;
	}
	if (until != NULL) {
		int64_t us = (int64_t)until[0] * 1000000 + until[1] / 1000 - clock_us(CLOCK_MONOTONIC);

		wake_us = world.now_us + (us > 0 ? us : 0);
	}
	switch_away(WAITS_EVENT, at, wake_us);
	if (!self->timed_out)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (self == NULL || number != SYS_futex)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	switch ((int)a[1]) {
	case FUTEX_WAIT_BITSET_PRIVATE:
		return wait_for_futex((const uint32_t *)a[0], (uint32_t)a[2], (const long *)a[3]);
	case FUTEX_WAKE_PRIVATE:
		wake_one(WAITS_EVENT, (const void *)a[0]);
		return 0;
	default:
		sim_fail("futex operation %ld is not simulated", a[1]);
	}
}

/* What waits and wakes differently where there is one would be another history. */
unsigned __wrap_processors(void)
{
	return self != NULL ? 2 : __real_processors();
}

/* --- threads --------------------------------------------------------------- */

static void forget(struct sim_thread *t)
{
	struct sim_thread **at = &world.threads;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	pthread_cond_destroy(&t->baton);
	free(t);
}

static void *begin_thread(void *arg)
{
	struct sim_thread *t = arg;

	self = t;
	__real_pthread_mutex_lock(&world.lock);
	wait_for_baton_locked();
	__real_pthread_mutex_unlock(&world.lock);
	void *result = t->run(t->arg);
	t->result = result;
	t->state = ENDED;
	wake_all(WAITS_THREAD, t);
	self = NULL;
	__real_pthread_mutex_lock(&world.lock);
	if (t->detached)
		forget(t);
	hand_over_locked();
	__real_pthread_mutex_unlock(&world.lock);
	return result;
}

static struct sim_thread *new_thread(void *(*run)(void *), void *arg)
{
	struct sim_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	pthread_cond_init(&t->baton, NULL);
	t->run = run;
	t->arg = arg;
	t->machine = self != NULL ? self->machine : 0;
	t->wake_us = FOREVER;
	t->next = world.threads;
	world.threads = t;
	return t;
}

int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	if (self == NULL)
		return __real_pthread_create(out, attr, run, arg);
	struct sim_thread *t = new_thread(run, arg);
	int rc = __real_pthread_create(&t->os, attr, begin_thread, t);
	if (rc != 0) {
		forget(t);
		return rc;
	}
	*out = t->os;
	return 0;
}

static struct sim_thread *find(pthread_t os)
{
	struct sim_thread *t = world.threads;

	while (t != NULL && (t->detached || !pthread_equal(t->os, os)))
		t = t->next;
	if (t == NULL)
		sim_fail("a thread is joined or detached that is not there");
	return t;
}

int __wrap_pthread_join(pthread_t os, void **result)
{
	if (self == NULL)
		return __real_pthread_join(os, result);
	struct sim_thread *t = find(os);
	while (t->state != ENDED)
		switch_away(WAITS_THREAD, t, FOREVER);
	forget(t);
	return __real_pthread_join(os, result);
}

int __wrap_pthread_detach(pthread_t os)
{
	if (self != NULL) {
		struct sim_thread *t = find(os);

		if (t->state == ENDED)
			forget(t);
		else
			t->detached = true;
	}
	return __real_pthread_detach(os);
}

struct start {
	void (*run)(void *arg);
	void *arg;
};

static void *run_started(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	start.run(start.arg);
	return NULL;
}

struct sim_thread *sim_start(void (*run)(void *arg), void *arg)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t os;

	if (start == NULL)
		abort();
	*start = (struct start){ run, arg };
	if (__wrap_pthread_create(&os, NULL, run_started, start) != 0)
		abort();
	return find(os);
}

void sim_join(struct sim_thread *thread)
{
	if (__wrap_pthread_join(thread->os, NULL) != 0)
		abort();
}

static bool others_left(void)
{
	for (const struct sim_thread *t = world.threads; t != NULL; t = t->next)
		if (t != self && t->state != ENDED)
			return true;
	return false;
}

void sim_run(uint64_t seed, void (*run)(void *arg), void *arg)
{
	world.seed = world.state = seed;
	self = world.current = new_thread(NULL, NULL);
	run(arg);
	/* threads that nobody joins may have a last step to do */
	while (others_left())
		sim_sleep_us(1000);
	self = NULL;
}
