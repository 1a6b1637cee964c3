/*
 * clock.h - three clocks, and deadlines
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_CLOCK_H
#define PGBLOB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* For durations; stands still while the machine sleeps. */
static inline int64_t mono_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static inline int64_t mono_us(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

/* For "how old is my knowledge": counts the time the machine slept. */
static inline int64_t boot_ms(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000000;
}

/* Microseconds since 1970 UTC; may jump. */
static inline int64_t wall_us(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000;
}

/* What is left until `deadline_ms` of mono_ms(), never negative. */
static inline int64_t ms_until(int64_t deadline_ms)
{
	int64_t left = deadline_ms - mono_ms();

	return left > 0 ? left : 0;
}

#endif
