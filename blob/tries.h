/*
 * tries.h - one request, tried until its answer is definite
 *
 * The S3 and Azure clients say how a request is signed and sent once, and what its answer means;
 * when it is tried again, and what a failure leaves in doubt, is the same for both.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_TRIES_H
#define PGBLOB_BLOB_TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "blob/http.h"
#include "blob/store.h"

/* What to do after a try. */
enum verdict {
	VERDICT_DEFINITE,    /* for the caller */
	VERDICT_AGAIN,       /* surely not executed; may be next time */
	VERDICT_DOUBT,       /* maybe executed; again */
	VERDICT_CREDENTIALS, /* surely not executed: with other credentials, perhaps */
	VERDICT_FAILED,      /* surely not executed, nor next time */
};

/* Of a try that was not answered. */
enum verdict verdict_unanswered(enum http_rc rc);

struct tries {
	struct blob_store *store;          /* whose retries are counted */
	int64_t deadline_ms;               /* of mono_ms() */
	bool writes;                       /* a lost answer leaves a doubt */
	const struct http_response *resp;  /* of the last try: it may say when to come again */
	/*
	 * One try, which sets err unless it is DEFINITE.  *credentials_rc tells whether there
	 * were credentials; without them it is FAILED, and BLOB_BUSY means that there may be later.
	 */
	enum verdict (*one)(void *arg, enum blob_rc *credentials_rc, struct error *err);
	void *arg;
};

/*
 * BLOB_OK: definite, err is clear.  BLOB_BUSY: not executed before the deadline.  BLOB_FAILED:
 * not executed.  BLOB_UNKNOWN: it writes, and some try may have been executed.
 */
MUST_CHECK enum blob_rc tries_perform(const struct tries *t, struct error *err);

/* The seconds that our clock is ahead of the store's; 0 if it does not tell. */
int64_t response_clock_ahead_s(const struct http_response *resp);

#endif
