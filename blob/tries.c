/*
 * tries.c - one request, tried until its answer is definite
 * Licence: MIT, see LICENSE.
 */
#include "blob/tries.h"

#include "base/clock.h"
#include "base/error.h"
#include "blob/retry.h"
#include "blob/timestamp.h"

enum verdict verdict_unanswered(enum http_rc rc)
{
	switch (rc) {
	case HTTP_NOT_SENT:
		return VERDICT_AGAIN;
	case HTTP_MAYBE_SENT:
		return VERDICT_DOUBT;
	case HTTP_ANSWERED:
	case HTTP_TOO_LARGE:
	case HTTP_REFUSED:
		break;
	}
	return VERDICT_FAILED;
}

/* Until there is no use in another try; *doubt: one may have been executed. */
static enum blob_rc try_on(const struct tries *t, bool *doubt, struct error *err)
{
	bool other_credentials = false;
	struct retry retry;

	retry_init(&retry, t->deadline_ms);
	for (;;) {
		enum blob_rc credentials_rc = BLOB_OK;

		switch (t->one(t->arg, &credentials_rc, err)) {
		case VERDICT_DEFINITE:
			error_clear(err);
			return BLOB_OK;
		case VERDICT_FAILED:
			return credentials_rc == BLOB_BUSY ? BLOB_BUSY : BLOB_FAILED;
		case VERDICT_CREDENTIALS:
			/* others are tried at once, but only once */
			if (other_credentials)
				return BLOB_FAILED;
			other_credentials = true;
			break;
		case VERDICT_DOUBT:
			*doubt = true;
			/* fall through */
		case VERDICT_AGAIN:
			if (!retry_wait(&retry, http_retry_after_ms(t->resp)))
				return BLOB_BUSY;
			break;
		}
		blob_count(&t->store->stats.retries);
	}
}

enum blob_rc tries_perform(const struct tries *t, struct error *err)
{
	bool doubt = false;
	enum blob_rc rc = try_on(t, &doubt, err);

	/* an error of a later try does not tell what became of an earlier one */
	return rc != BLOB_OK && t->writes && doubt ? BLOB_UNKNOWN : rc;
}

int64_t response_clock_ahead_s(const struct http_response *resp)
{
	const char *date = http_response_header(resp, "date");
	int64_t us;

	return date != NULL && timestamp_of_http(date, &us) ? (wall_us() - us) / 1000000 : 0;
}
