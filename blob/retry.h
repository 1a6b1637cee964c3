/*
 * retry.h - when to try again: exponential backoff with full jitter
 *
 *	struct retry retry;
 *
 *	retry_init(&retry, deadline_ms);
 *	do
 *		rc = one_try(...);
 *	while (may_work_next_time(rc) && retry_wait(&retry, http_retry_after_ms(&resp)));
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_RETRY_H
#define PGBLOB_BLOB_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry {
	int64_t deadline_ms; /* of mono_ms() */
	unsigned n_waits;
};

void retry_init(struct retry *r, int64_t deadline_ms);

/*
 * Sleep before the next try: a random time up to 50 ms, 100 ms, 200 ms, ... 5 s,
 * and not less than `at_least_ms` (what the store asked for; 0: nothing).
 * False at once when the deadline would pass before the next try.
 */
bool retry_wait(struct retry *r, int64_t at_least_ms);

#endif
