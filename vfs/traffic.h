/*
 * traffic.h - requests that were made for one database
 *
 * Counters that any thread adds to, without a lock.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_TRAFFIC_H
#define PGBLOB_VFS_TRAFFIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Times of commits' PUTs by size: four classes for each doubling, from 64 us to 18 minutes. */
enum { TRAFFIC_CLASSES = 96 };

struct traffic {
	_Atomic uint64_t puts, put_bytes; /* commit objects, segments, manifests */
	_Atomic uint64_t timed, put_us;   /* of commit objects */
	_Atomic uint32_t classes[TRAFFIC_CLASSES];
	_Atomic uint64_t gets, get_bytes, hedged; /* of pages */
	_Atomic uint64_t probes;          /* of slots that were not there yet */
};

static inline void traffic_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void traffic_put(struct traffic *t, size_t bytes);
/* A commit object's PUT, whatever it came to. */
void traffic_commit(struct traffic *t, size_t bytes, int64_t took_us);
/* 95 of 100 took no longer, within a fifth; 0: there was none. */
int64_t traffic_p95_us(const struct traffic *t);

#endif
