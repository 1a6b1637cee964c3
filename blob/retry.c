/*
 * retry.c - when to try again: exponential backoff with full jitter
 * Licence: MIT, see LICENSE.
 */
#include "blob/retry.h"

#include <errno.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"

enum { FIRST_MS = 50, MOST_MS = 5000 };

void retry_init(struct retry *r, int64_t deadline_ms)
{
	r->deadline_ms = deadline_ms;
	r->n_waits = 0;
}

bool retry_wait(struct retry *r, int64_t at_least_ms)
{
	int64_t most = r->n_waits < 7 ? (int64_t)FIRST_MS << r->n_waits : MOST_MS;

	if (most > MOST_MS)
		most = MOST_MS;
	/* full jitter: callers that failed together do not come back together */
	int64_t wait = (int64_t)(random_u64() % (uint64_t)(most + 1));
	if (wait < at_least_ms)
		wait = at_least_ms;
	if (wait >= ms_until(r->deadline_ms))
		return false;
	r->n_waits++;

	struct timespec ts = {
		.tv_sec = wait / 1000,
		.tv_nsec = wait % 1000 * 1000000,
	};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
	return true;
}
