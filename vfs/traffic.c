/*
 * traffic.c - requests that were made for one database
 * Licence: MIT, see LICENSE.
 */
#include "vfs/traffic.h"

enum { FIRST_LOG2 = 6, PER_DOUBLING = 4 };

/* The class of a time: its leading bit, and the two bits behind that. */
static unsigned class_of(int64_t us)
{
	if (us < 1 << FIRST_LOG2)
		return 0;
	unsigned log2 = 63 - (unsigned)__builtin_clzll((unsigned long long)us);
	unsigned class = (log2 - FIRST_LOG2) * PER_DOUBLING + ((unsigned)(us >> (log2 - 2)) & 3);

	return class < TRAFFIC_CLASSES ? class : TRAFFIC_CLASSES - 1;
}

/* Where the next class begins. */
static int64_t end_of(unsigned class)
{
	unsigned log2 = FIRST_LOG2 + class / PER_DOUBLING;

	return (int64_t)(PER_DOUBLING + class % PER_DOUBLING + 1) << (log2 - 2);
}

void traffic_put(struct traffic *t, size_t bytes)
{
	traffic_add(&t->puts, 1);
	traffic_add(&t->put_bytes, bytes);
}

void traffic_commit(struct traffic *t, size_t bytes, int64_t took_us)
{
	traffic_put(t, bytes);
	traffic_add(&t->timed, 1);
	traffic_add(&t->put_us, took_us > 0 ? (uint64_t)took_us : 0);
	atomic_fetch_add_explicit(&t->classes[class_of(took_us)], 1, memory_order_relaxed);
}

int64_t traffic_p95_us(const struct traffic *t)
{
	uint32_t counts[TRAFFIC_CLASSES];
	uint64_t all = 0, seen = 0;

	for (unsigned i = 0; i < TRAFFIC_CLASSES; i++) {
		counts[i] = atomic_load_explicit(&t->classes[i], memory_order_relaxed);
		all += counts[i];
	}
	for (unsigned i = 0; i < TRAFFIC_CLASSES; i++) {
		seen += counts[i];
		if (all > 0 && seen * 100 >= all * 95)
			return end_of(i);
	}
	return 0;
}
