/*
 * turn.c - the right to write, handed on in order
 *
 * INVARIANTS
 *   (1) While somebody is queued the turn has an owner: who ends it hands it on to the first.
 *   (2) Nobody takes the turn past a queue.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/db.h"

#include <assert.h>
#include <sched.h>

#include "base/clock.h"

enum {
	CANCEL_POLL_MS = 20,
	SHORT_US = 100,     /* of a turn: worth to be waited for awake */
	AWAKE_US = 1000,    /* for so long, then */
	LONG_AWAKE_US = 40, /* and otherwise */
	STARE_US = 15,      /* before others get the processor */
	LOOKS_MAX = 100000, /* whatever the clock says */
	LOOKS_A_TIME = 16,  /* at the turn, for one at the clock */
	USUAL_PART = 8,     /* of what is usual, the last turn */
	TOOK_MAX_US = 1000, /* so that a single long one is soon forgotten */
};

void turn_init(struct turn *t)
{
	mutex_init(&t->lock);
	atomic_init(&t->owner, NULL);
	atomic_init(&t->queued, 0);
	atomic_init(&t->n_awake, 0);
	atomic_init(&t->usual_us, 0);
	t->first = t->last = NULL;
}

void turn_deinit(struct turn *t)
{
	assert(t->first == NULL);
	mutex_deinit(&t->lock);
}

/* Take it if it is nobody's, or the caller's already. */
static bool take(struct turn *t, const void *owner)
{
	const void *nobody = NULL;

	return atomic_compare_exchange_strong(&t->owner, &nobody, owner) || nobody == owner;
}

/* It is the caller's. */
static void begin(struct turn *t)
{
	t->began_us = mono_us();
}

/* It is about to be the caller's no more: what did it take? */
static void end(struct turn *t)
{
	int64_t took_us = mono_us() - t->began_us;
	int64_t usual_us = atomic_load_explicit(&t->usual_us, memory_order_relaxed);

	if (took_us > TOOK_MAX_US)
		took_us = TOOK_MAX_US;
	atomic_store_explicit(&t->usual_us, usual_us + (took_us - usual_us) / USUAL_PART,
			      memory_order_relaxed);
}

bool turn_try(struct db *db, const void *owner)
{
	if (!take(&db->turn, owner))
		return false;
	begin(&db->turn);
	return true;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/*
 * A statement's turn is shorter than it takes to fall asleep and to be woken: as long as nobody
 * is queued, wait awake.  Others get the processor in between: he whose turn it is may be waiting for
 * just this one, and cannot end it otherwise.
 */
static bool wait_awake(struct turn *t, const void *owner)
{
	bool is_short = atomic_load_explicit(&t->usual_us, memory_order_relaxed) < SHORT_US;
	int64_t began_us = 0;

	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (atomic_load_explicit(&t->queued, memory_order_relaxed) != 0)
			return false;
		if (atomic_load_explicit(&t->owner, memory_order_relaxed) == NULL && take(t, owner))
			return true;
		if (i % LOOKS_A_TIME == 0) {
			int64_t now_us = mono_us();

			if (i == 0)
				began_us = now_us;
			if (now_us >= began_us + (is_short ? AWAKE_US : LONG_AWAKE_US))
				return false;
			if (now_us >= began_us + STARE_US || processors() == 1)
				sched_yield();
		}
		relax();
	}
	return false;
}

static void append_locked(struct turn *t, struct turn_waiter *w)
{
	if (t->last != NULL)
		t->last->next = w;
	else
		t->first = w;
	t->last = w;
	atomic_fetch_add_explicit(&t->queued, 1, memory_order_relaxed);
}

static void leave_locked(struct turn *t, struct turn_waiter *w)
{
	struct turn_waiter **at = &t->first;
	struct turn_waiter *before = NULL;

	for (; *at != w; at = &(*at)->next)
		before = *at;
	*at = w->next;
	if (t->last == w)
		t->last = before;
	atomic_fetch_sub_explicit(&t->queued, 1, memory_order_relaxed);
}

/* Queued: until it is handed on to us, or not any more. */
static enum vfs_rc sleep_until_mine(struct turn_waiter *w, int64_t deadline_ms,
				    const atomic_bool *canceled)
{
	for (;;) {
		int64_t until = deadline_ms;

		if (canceled != NULL && atomic_load(canceled))
			return VFS_CANCELED;
		if (deadline_ms != 0 && ms_until(deadline_ms) == 0)
			return VFS_TIMEOUT;
		/* whoever raises the flag does not know us: look now and then */
		if (canceled != NULL && (until == 0 || until > mono_ms() + CANCEL_POLL_MS))
			until = mono_ms() + CANCEL_POLL_MS;
		if ((until == 0 ? event_wait(&w->mine) : event_wait_until(&w->mine, until)) != 0)
			return VFS_OK;
	}
}

/* In the queue, until it is handed on to us; or the turn would come too late. */
static enum vfs_rc queue(struct turn *t, const void *owner, int64_t deadline_ms,
			 const atomic_bool *canceled)
{
	struct turn_waiter w = { .owner = owner };

	mutex_lock(&t->lock);
	/* who ends a turn looks at the queue under the lock: it is free, or we shall be seen */
	if (take(t, owner)) {
		mutex_unlock(&t->lock);
		return VFS_OK;
	}
	append_locked(t, &w);
	mutex_unlock(&t->lock);
	enum vfs_rc rc = sleep_until_mine(&w, deadline_ms, canceled);
	if (rc == VFS_OK)
		return VFS_OK;
	mutex_lock(&t->lock);
	bool handed_on = w.handed_on;
	if (!handed_on)
		leave_locked(t, &w);
	mutex_unlock(&t->lock);
	if (!handed_on)
		return rc;
	/* it was ours in the same moment, and whoever handed it on may be about to say so */
	(void)event_wait(&w.mine);
	return VFS_OK;
}

enum vfs_rc turn_wait(struct db *db, const void *owner, int64_t deadline_ms,
		      const atomic_bool *canceled, struct error *err)
{
	struct turn *t = &db->turn;
	enum vfs_rc rc = VFS_OK;

	if (!take(t, owner)) {
		atomic_fetch_add_explicit(&t->n_awake, 1, memory_order_relaxed);
		bool mine = wait_awake(t, owner);
		atomic_fetch_sub_explicit(&t->n_awake, 1, memory_order_relaxed);
		if (!mine)
			rc = queue(t, owner, deadline_ms, canceled);
	}
	if (rc == VFS_OK)
		begin(t);
	else if (rc == VFS_TIMEOUT)
		error_set(err, "another transaction is writing to database \"%s\"", db->name);
	else if (rc == VFS_CANCELED)
		error_set(err, "canceled while waiting to write to database \"%s\"", db->name);
	return rc;
}

void turn_end(struct db *db, const void *owner)
{
	struct turn *t = &db->turn;

	end(t);
	mutex_lock(&t->lock);
	assert(atomic_load(&t->owner) == owner);
	struct turn_waiter *w = t->first;
	if (w != NULL) {
		leave_locked(t, w);
		w->handed_on = true;
	}
	atomic_store(&t->owner, w != NULL ? w->owner : NULL);
	mutex_unlock(&t->lock);
	if (w != NULL)
		event_set(&w->mine, 1);
}

void turn_pass(struct db *db, const void *owner, const void *to)
{
	assert(atomic_load(&db->turn.owner) == owner);
	(void)owner;
	atomic_store(&db->turn.owner, to);
}

bool turn_wanted(struct db *db)
{
	return atomic_load_explicit(&db->turn.queued, memory_order_relaxed) != 0 ||
	       atomic_load_explicit(&db->turn.n_awake, memory_order_relaxed) != 0;
}
