/*
 * fault_store.h - a store that wraps another one and misbehaves when told to
 *
 * It is a struct blob_store like any other: hand it to what you test, and
 * talk to it here.  Every blob_*() call on it is one request (blob_probe() and
 * blob_delete_many() are several, one for each call of an operation).
 *
 *	struct blob_store *faults = fault_open(inner);
 *	for (unsigned nth = 1, hit = 1; hit; nth++) {
 *		fault_arm(faults, nth, FAULT_LOST_REPLY);
 *		... what you test ...
 *		hit = fault_disarm(faults);
 *	}
 *
 * Faults below the backend (HTTP statuses, cut connections) are the business
 * of store-proxy, not of this file.
 *
 * Any thread may call any function but fault_open() and blob_close().
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_FAULT_STORE_H
#define PGBLOB_TESTS_LIB_FAULT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct blob_store;

/*
 * What happens to the nth request.  A "write" is a create or a delete.
 * The first three are what a sweep needs at the least.
 */
enum fault_mode {
	FAULT_ONCE,       /* not done, BLOB_FAILED; the requests after it work */
	FAULT_STICKY,     /* it and all after it: not done, BLOB_FAILED */
	FAULT_LOST_REPLY, /* done, but a write is told as BLOB_UNKNOWN, a read as BLOB_BUSY */
	FAULT_BUSY,       /* not done, BLOB_BUSY */
	FAULT_UNKNOWN,    /* not done, a write is told as BLOB_UNKNOWN, a read as BLOB_BUSY */
	FAULT_LATE,       /* as FAULT_UNKNOWN, but a create is done behind the next request, or
			     at fault_disarm(): the object appears when nobody expects it */
	FAULT_REPEAT,     /* done twice, the second answer is told: a create says BLOB_EXISTS
			     although it was ours */
	FAULT_DELAY,      /* done, fault_set_delay() later */
	FAULT_HOOK,       /* fault_set_hook()'s function runs, then it is done */
	FAULT_HOOK_AFTER, /* it is done, the function runs, then it is told */
	FAULT_DAMAGE,     /* done, but one byte of a GET's answer is another one: fault_set_damage() */
	FAULT_N_MODES,
};

/* Kinds of request, as bits for fault_arm_only(). */
enum fault_op {
	FAULT_OP_GET = 1,
	FAULT_OP_CREATE = 2,
	FAULT_OP_HEAD = 4,
	FAULT_OP_LIST = 8,
	FAULT_OP_DELETE = 16,
	FAULT_OP_ALL = 31,
};

struct fault_counts {
	uint64_t gets, creates, heads, lists, deletes;
	uint64_t all; /* their sum */
};

/*
 * Wrap `inner`, which is borrowed and must live longer; blob_close() of the
 * result leaves it open, so that a test can "crash" and open the data again.
 * NULL only when out of memory.
 */
MUST_CHECK struct blob_store *fault_open(struct blob_store *inner);

/*
 * Let the nth request from now on (1 is the next one) meet `mode`; 0 only
 * counts.  Replaces what was armed before.
 */
void fault_arm(struct blob_store *store, unsigned nth, enum fault_mode mode);

/* The same, but only requests whose bit is in `ops` are counted towards nth. */
void fault_arm_only(struct blob_store *store, unsigned nth, enum fault_mode mode,
		    unsigned ops);

/* Nothing is armed any more.  Was a request hit since it was armed? */
bool fault_disarm(struct blob_store *store);

/* Every request takes this much longer, from now on; 0 is the default. */
void fault_set_latency(struct blob_store *store, unsigned ms);

/* What FAULT_DELAY adds; 100 ms if never called. */
void fault_set_delay(struct blob_store *store, unsigned ms);

/* Which byte of an answer FAULT_DAMAGE changes, or its last one; the first if never called. */
void fault_set_damage(struct blob_store *store, size_t at);

/*
 * What FAULT_HOOK and FAULT_HOOK_AFTER call, in the thread of the request: let another writer win, kill a process, wait for a condition.  No lock is
 * held, and it may use `inner` and this store.
 */
void fault_set_hook(struct blob_store *store, void (*hook)(void *arg), void *arg);

/* Requests that came in since fault_open(), faulty ones too. */
struct fault_counts fault_get_counts(struct blob_store *store);

const char *fault_mode_name(enum fault_mode mode);

#endif
