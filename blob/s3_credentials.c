/*
 * s3_credentials.c - the keys that requests to AWS and its compatibles are signed with
 * Licence: MIT, see LICENSE.
 */
#include "blob/s3_credentials.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "blob/aws_source.h"

enum {
	REFRESH_BEFORE_S = 300, /* their end */
	REFRESH_PAUSE_MS = 10000, /* after a refresh that failed, while the old ones are good */
};

/*
 * source never changes.  lock guards the fields below it; it is not held while
 * the source is asked: `fetching` says that one thread does.
 */
struct s3_credentials {
	struct aws_source *source;

	struct mutex lock;
	struct cond fetched;
	struct aws_credentials *current; /* NULL: none yet, or rejected */
	bool fetching;
	int64_t next_fetch_ms; /* of mono_ms(): not again before */
};

struct aws_credentials *aws_credentials_new(const char *access_key_id,
					    const char *secret_access_key,
					    const char *session_token, int64_t expires_us)
{
	struct aws_credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	atomic_init(&c->refs, 1);
	sigv4_cache_init(&c->key_cache);
	c->expires_us = expires_us;
	c->access_key_id = strdup(access_key_id);
	c->secret_access_key = strdup(secret_access_key);
	bool has_token = session_token != NULL && session_token[0] != '\0';
	if (has_token)
		c->session_token = strdup(session_token);
	if (c->access_key_id == NULL || c->secret_access_key == NULL ||
	    (has_token && c->session_token == NULL)) {
		aws_credentials_unref(c);
		return NULL;
	}
	return c;
}

static void free_secret(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

void aws_credentials_unref(struct aws_credentials *c)
{
	if (c == NULL || atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	free(c->access_key_id);
	free_secret(c->secret_access_key);
	free_secret(c->session_token);
	sigv4_cache_deinit(&c->key_cache);
	free(c);
}

bool s3_credentials_open(const struct blob_options *options, struct http_client *client,
			 const char *region, struct s3_credentials **out, struct error *err)
{
	struct s3_credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return error_no_memory(err);
	mutex_init(&c->lock);
	cond_init(&c->fetched);
	if (!aws_source_open(options, client, region, &c->source, err)) {
		s3_credentials_close(c);
		return false;
	}
	*out = c;
	return true;
}

void s3_credentials_close(struct s3_credentials *c)
{
	if (c == NULL)
		return;
	aws_credentials_unref(c->current);
	aws_source_close(c->source);
	cond_deinit(&c->fetched);
	mutex_deinit(&c->lock);
	free(c);
}

/* Seconds until they end; a long time for those that do not. */
static int64_t left_s(const struct aws_credentials *c)
{
	return c->expires_us == 0 ? INT64_MAX : (c->expires_us - wall_us()) / 1000000;
}

/* Ask the source, without the lock; others wait, or use the old ones, meanwhile. */
static enum blob_rc fetch_locked(struct s3_credentials *c, int64_t deadline_ms, struct error *err)
{
	struct aws_credentials *fresh = NULL;

	c->fetching = true;
	mutex_unlock(&c->lock);
	enum blob_rc rc = aws_source_fetch(c->source, deadline_ms, &fresh, err);
	mutex_lock(&c->lock);
	c->fetching = false;
	cond_broadcast(&c->fetched);
	c->next_fetch_ms = mono_ms() + REFRESH_PAUSE_MS;
	if (rc != BLOB_OK)
		return rc;
	if (left_s(fresh) <= 0) {
		aws_credentials_unref(fresh);
		error_set(err, "the credentials that were found have expired");
		return BLOB_FAILED;
	}
	aws_credentials_unref(c->current);
	c->current = fresh;
	return BLOB_OK;
}

enum blob_rc s3_credentials_get(struct s3_credentials *c, int64_t deadline_ms,
				struct aws_credentials **out, struct error *err)
{
	enum blob_rc rc = BLOB_OK;

	mutex_lock(&c->lock);
	for (;;) {
		int64_t left = c->current != NULL ? left_s(c->current) : -1;
		bool due = left < REFRESH_BEFORE_S && mono_ms() >= c->next_fetch_ms;

		if (left > 0 && (!due || c->fetching))
			break; /* good enough, and somebody cares for new ones if need be */
		if (c->fetching) {
			if (!cond_wait_until(&c->fetched, &c->lock, deadline_ms)) {
				error_set(err, "the source of the credentials did not answer in time");
				rc = BLOB_BUSY;
				break;
			}
			continue;
		}
		struct error fetch_err = ERROR_INIT;
		rc = fetch_locked(c, deadline_ms, &fetch_err);
		if (rc == BLOB_OK)
			break;
		if (c->current != NULL && left_s(c->current) > 0) {
			log_warn(NULL, "could not renew the credentials, the old ones are still good: %s",
				 fetch_err.text);
			rc = BLOB_OK;
			break;
		}
		if (err != NULL)
			*err = fetch_err;
		error_wrap(err, "could not get credentials");
		break;
	}
	if (rc == BLOB_OK) {
		*out = c->current;
		atomic_fetch_add(&c->current->refs, 1);
	}
	mutex_unlock(&c->lock);
	return rc;
}

bool s3_credentials_reject(struct s3_credentials *c, const struct aws_credentials *bad)
{
	if (!aws_source_changes(c->source))
		return false;
	mutex_lock(&c->lock);
	if (c->current == bad) {
		aws_credentials_unref(c->current);
		c->current = NULL;
	}
	mutex_unlock(&c->lock);
	return true;
}
