/*
 * slow_store.h - a store with the latency and bandwidth of one that is far
 *
 * It wraps another store, which is borrowed.  Each request takes the latency, then
 * the bytes of its answer pass through one pipe of that bandwidth, shared by all.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BENCH_SLOW_STORE_H
#define PGBLOB_BENCH_SLOW_STORE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/thread.h"
#include "blob/store.h"

struct slow_store {
	struct blob_store base;  /* hand this to what is measured; it needs no blob_close() */
	struct blob_store *inner;
	int64_t latency_us;      /* 0: as fast as `inner`; while nobody uses it */
	double bytes_per_us;
	_Atomic uint64_t requests;
	_Atomic uint64_t before_segment; /* requests before the first GET of a segment; UINT64_MAX: there was none */

	struct mutex lock;       /* guards free_us */
	int64_t free_us;         /* when the pipe has passed all it was given */
};

void slow_store_init(struct slow_store *s, struct blob_store *inner);

/* Count requests anew. */
void slow_store_count(struct slow_store *s);

#endif
