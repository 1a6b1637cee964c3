/*
 * azure_credentials.c - what requests to Azure are authorized with
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure_credentials.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "blob/answer.h"
#include "blob/azure_auth.h"
#include "blob/http.h"
#include "blob/json.h"
#include "blob/key.h"
#include "blob/retry.h"

enum {
	TOKEN_MAX = 16 << 10,
	REFRESH_S = 300,     /* before the token expires */
	REFRESH_AGAIN_S = 20, /* after a refresh that failed while the token is still good */
	METADATA_MS = 3000,  /* one try; the service is on this machine */
};

enum source { SOURCE_KEY, SOURCE_SAS, SOURCE_APP_SERVICE, SOURCE_VM };

/*
 * Source, account, key, sas and what names the identity never change after open;
 * lock guards the fields below it, and is not held across a request.
 */
struct azure_credentials {
	enum source source;
	bool chosen;      /* somebody asked for this source; else it is the last resort */
	char *account;
	struct buf key;   /* bytes */
	char *sas;
	char *client_id;  /* of the managed identity; NULL: the system's own */
	char *endpoint;   /* of the token service */
	char *secret;     /* App Service: X-IDENTITY-HEADER */
	struct http_client *client;

	struct mutex lock;
	struct cond fetched;
	bool fetching;
	char *token;            /* NULL: none yet */
	int64_t expires_s;      /* of wall time */
	int64_t next_fetch_s;   /* of wall time: not earlier, while the token is good */
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *given(const char *value)
{
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool copy(char **out, const char *text, struct error *err)
{
	*out = strdup(text);
	return *out != NULL || error_no_memory(err);
}

static bool set_key(struct azure_credentials *c, const char *base64, struct error *err)
{
	size_t len = strlen(base64);

	c->source = SOURCE_KEY;
	c->chosen = true;
	while (len > 0 && (base64[len - 1] == '\n' || base64[len - 1] == ' '))
		len--;
	if (len > 0 && base64_decode(base64, len, &c->key) && c->key.len > 0)
		return true;
	error_set(err, "the Azure account key is not base64");
	error_hint(err, "Copy the key from the portal, \"Access keys\" of the storage account: 88 characters that end with ==.");
	return false;
}

static bool set_sas(struct azure_credentials *c, const char *sas, struct error *err)
{
	c->source = SOURCE_SAS;
	c->chosen = true;
	if (sas[0] == '?')
		sas++;
	bool good = strncmp(sas, "sig=", 4) == 0 || strstr(sas, "&sig=") != NULL;
	for (const char *at = sas; *at != '\0'; at++)
		if (*at <= 0x20 || *at >= 0x7F || *at == '#' || *at == '?' || *at == '"')
			good = false;
	if (good)
		return copy(&c->sas, sas, err);
	error_set(err, "the Azure SAS token is not one");
	error_hint(err, "It is the part of a shared access signature's URL behind the question mark, with sig=.");
	return false;
}

static bool set_connection(struct azure_credentials *c, const char *text, char **account,
			   char **endpoint, struct error *err)
{
	struct azure_connection connection;
	bool good;

	if (!azure_connection_parse(text, &connection, err))
		return false;
	if (*account != NULL && connection.account != NULL &&
	    strcmp(*account, connection.account) != 0) {
		error_set(err, "the Azure connection string is that of account \"%.64s\", not of \"%.64s\"",
			  connection.account, *account);
		error_hint(err, "Correct AZURE_STORAGE_ACCOUNT or the connection string, or leave one of them out.");
		azure_connection_free(&connection);
		return false;
	}
	good = connection.key != NULL ? set_key(c, connection.key, err) :
					set_sas(c, connection.sas, err);
	if (*account == NULL) {
		*account = connection.account;
		connection.account = NULL;
	}
	if (connection.endpoint != NULL) {
		*endpoint = connection.endpoint;
		connection.endpoint = NULL;
	}
	azure_connection_free(&connection);
	return good;
}

static bool set_identity(struct azure_credentials *c, const char *client_id, bool chosen,
			 struct error *err)
{
	const char *app_service = env("IDENTITY_ENDPOINT"), *secret = env("IDENTITY_HEADER");
	const char *host = env("AZURE_POD_IDENTITY_AUTHORITY_HOST");

	c->chosen = chosen;
	if (client_id != NULL && !copy(&c->client_id, client_id, err))
		return false;
	if (app_service != NULL && secret != NULL) {
		c->source = SOURCE_APP_SERVICE;
		c->chosen = true;
		return copy(&c->endpoint, app_service, err) && copy(&c->secret, secret, err);
	}
	if (app_service != NULL) {
		error_set(err, "the managed identity of Azure Arc and Service Fabric is not supported");
		error_hint(err, "IDENTITY_ENDPOINT is set without IDENTITY_HEADER. Use AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN.");
		return false;
	}
	c->source = SOURCE_VM;
	if (asprintf(&c->endpoint, "%s/metadata/identity/oauth2/token",
		     host != NULL ? host : "http://169.254.169.254") < 0)
		c->endpoint = NULL;
	return c->endpoint != NULL || error_no_memory(err);
}

static bool choose(struct azure_credentials *c, const struct blob_options *o, char **account,
		   char **endpoint, struct error *err)
{
	const char *client_id = given(o->azure_client_id);

	if (client_id == NULL)
		client_id = env("AZURE_IDENTITY_CLIENT_ID");
	if (given(o->azure_connection_string) != NULL)
		return set_connection(c, o->azure_connection_string, account, endpoint, err);
	if (given(o->azure_key) != NULL)
		return set_key(c, o->azure_key, err);
	if (given(o->azure_sas) != NULL)
		return set_sas(c, o->azure_sas, err);
	if (o->azure_use_managed_identity)
		return set_identity(c, client_id, true, err);
	if (env("AZURE_STORAGE_CONNECTION_STRING") != NULL)
		return set_connection(c, env("AZURE_STORAGE_CONNECTION_STRING"), account, endpoint, err);
	if (env("AZURE_STORAGE_KEY") != NULL)
		return set_key(c, env("AZURE_STORAGE_KEY"), err);
	if (env("AZURE_STORAGE_SAS_TOKEN") != NULL)
		return set_sas(c, env("AZURE_STORAGE_SAS_TOKEN"), err);
	return set_identity(c, client_id, client_id != NULL, err);
}

bool azure_credentials_open(const struct blob_options *options, struct http_client *client,
			    char **account, char **endpoint, struct azure_credentials **out,
			    struct error *err)
{
	struct azure_credentials *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return error_no_memory(err);
	buf_init(&c->key, 1024);
	c->client = client;
	mutex_init(&c->lock);
	cond_init(&c->fetched);
	if (!choose(c, options, account, endpoint, err)) {
		azure_credentials_close(c);
		return false;
	}
	if (*account != NULL && !copy(&c->account, *account, err)) {
		azure_credentials_close(c);
		return false;
	}
	*out = c;
	return true;
}

static void forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void azure_credentials_close(struct azure_credentials *c)
{
	if (c == NULL)
		return;
	assert(!c->fetching);
	if (c->key.data != NULL)
		explicit_bzero(c->key.data, c->key.len);
	buf_free(&c->key);
	forget(c->sas);
	forget(c->secret);
	forget(c->token);
	free(c->account);
	free(c->client_id);
	free(c->endpoint);
	cond_deinit(&c->fetched);
	mutex_deinit(&c->lock);
	free(c);
}

bool azure_credentials_is_token(const struct azure_credentials *c)
{
	return c->source == SOURCE_APP_SERVICE || c->source == SOURCE_VM;
}

const char *azure_credentials_sas(const struct azure_credentials *c)
{
	return c->sas;
}

const char *azure_credentials_name(const struct azure_credentials *c)
{
	switch (c->source) {
	case SOURCE_KEY:
		return "the account key (AZURE_STORAGE_KEY)";
	case SOURCE_SAS:
		return "the SAS token (AZURE_STORAGE_SAS_TOKEN)";
	case SOURCE_APP_SERVICE:
	case SOURCE_VM:
		return "the managed identity";
	}
	return "?";
}

/* A token out of the service's answer, as "Bearer ...". */
static bool read_token(const struct buf *answer, char **token, int64_t *expires_s,
		       struct error *err)
{
	struct buf text = BUF_INIT(TOKEN_MAX), number = BUF_INIT(32);
	int64_t now_s = wall_us() / 1000000;
	bool good = false;
	char *end;

	buf_put_str(&text, "Bearer ");
	if (json_get(answer->data, answer->len, "access_token", &text) && text.len > 7) {
		const char *at = buf_str(&text);
		good = !text.failed && strlen(at) == text.len;
		for (; *at != '\0'; at++)
			if (*at < 0x20 || *at >= 0x7F)
				good = false;
	}
	if (good && json_get(answer->data, answer->len, "expires_on", &number)) {
		*expires_s = strtoll(buf_str(&number), &end, 10);
		good = number.len > 0 && *end == '\0';
	} else if (good && json_get(answer->data, answer->len, "expires_in", &number)) {
		*expires_s = now_s + strtoll(buf_str(&number), &end, 10);
		good = number.len > 0 && *end == '\0';
	} else {
		good = false;
	}
	if (good) {
		*token = strdup(text.data);
		good = *token != NULL;
	}
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	buf_free(&text);
	buf_free(&number);
	return good || error_set(err, "the answer has no token that can be used");
}

/* What the service says is wrong, in its own words. */
static void describe_answer(const struct azure_credentials *c, struct http_response *resp,
			    struct error *err)
{
	struct buf words = BUF_INIT(1024);
	char shown[200] = "";

	if (json_get(resp->error_body.data, resp->error_body.len, "error_description", &words) ||
	    json_get(resp->error_body.data, resp->error_body.len, "message", &words))
		answer_copy_shown(shown, sizeof(shown), buf_str(&words));
	buf_free(&words);
	error_set(err, "the service of managed identities answered %d", resp->status);
	if (shown[0] != '\0')
		error_detail(err, "%s", shown);
	if (resp->status == 400)
		error_hint(err, "%s", c->client_id != NULL ?
			   "Is the identity with this client id (AZURE_IDENTITY_CLIENT_ID) assigned to this machine?" :
			   "Is a managed identity assigned to this machine? With more than one, set AZURE_IDENTITY_CLIENT_ID.");
}

static bool status_is_passing(int status)
{
	return status == 404 || status == 408 || status == 410 || status == 429 || status >= 500;
}

/* Ask for a token until there is an answer.  No lock is held. */
static enum blob_rc fetch(const struct azure_credentials *c, int64_t deadline_ms, char **token,
			  int64_t *expires_s, struct error *err)
{
	bool app_service = c->source == SOURCE_APP_SERVICE;
	struct buf url = BUF_INIT(4096), answer = BUF_INIT(64 << 10);
	struct http_response resp = HTTP_RESPONSE_INIT(&answer);
	enum blob_rc rc = BLOB_BUSY;
	struct retry retry;

	buf_printf(&url, "%s?api-version=%s&resource=https%%3A%%2F%%2Fstorage.azure.com%%2F",
		   c->endpoint, app_service ? "2019-08-01" : "2018-02-01");
	if (c->client_id != NULL) {
		buf_put_str(&url, "&client_id=");
		uri_encode(&url, c->client_id, strlen(c->client_id), false);
	}
	buf_str(&url);
	retry_init(&retry, deadline_ms);
	do {
		struct http_request req = {
			.method = HTTP_GET,
			.url = url.data,
			.direct = true,
			.timeout_ms = METADATA_MS,
			.deadline_ms = deadline_ms,
			.label = "managed identity",
		};
		http_add_header(&req, app_service ? "X-IDENTITY-HEADER" : "Metadata",
				app_service ? c->secret : "true");
		http_response_reset(&resp);
		enum http_rc sent = url.failed ? HTTP_REFUSED : http_perform(c->client, &req, &resp, err);
		if (sent == HTTP_ANSWERED && resp.status == 200) {
			rc = read_token(&answer, token, expires_s, err) ? BLOB_OK : BLOB_FAILED;
		} else if (sent == HTTP_ANSWERED) {
			describe_answer(c, &resp, err);
			if (!status_is_passing(resp.status))
				rc = BLOB_FAILED;
		} else if (sent == HTTP_REFUSED || sent == HTTP_TOO_LARGE || !c->chosen) {
			/* nobody said that there is such a service: do not wait for it */
			rc = BLOB_FAILED;
		}
	} while (rc == BLOB_BUSY && retry_wait(&retry, http_retry_after_ms(&resp)));
	if (rc != BLOB_OK) {
		error_wrap(err, "could not get a token of the managed identity");
		if (!c->chosen)
			error_hint(err, "No credentials were given. Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or run on a machine of Azure with a managed identity.");
	}
	http_response_free(&resp);
	if (answer.data != NULL)
		explicit_bzero(answer.data, answer.len);
	buf_free(&answer);
	buf_free(&url);
	return rc;
}

static bool token_is_good_locked(const struct azure_credentials *c, int64_t now_s)
{
	return c->token != NULL && now_s < c->expires_s;
}

static bool append_token_locked(const struct azure_credentials *c, struct buf *out,
				struct error *err)
{
	assert(mutex_held(&c->lock));
	buf_put_str(out, c->token);
	buf_str(out);
	return !out->failed || error_no_memory(err);
}

/* Called by the one thread that set c->fetching; clears it. */
static enum blob_rc refresh(struct azure_credentials *c, int64_t deadline_ms, struct buf *out,
			    struct error *err)
{
	char *token = NULL;
	int64_t expires_s = 0;
	enum blob_rc rc = fetch(c, deadline_ms, &token, &expires_s, err);

	mutex_lock(&c->lock);
	int64_t now_s = wall_us() / 1000000;
	if (rc == BLOB_OK) {
		forget(c->token);
		c->token = token;
		c->expires_s = expires_s;
		/* a token that lives shortly is not fetched for every request */
		c->next_fetch_s = expires_s - REFRESH_S > now_s + REFRESH_AGAIN_S ?
			expires_s - REFRESH_S : now_s + REFRESH_AGAIN_S;
	} else {
		c->next_fetch_s = now_s + REFRESH_AGAIN_S;
	}
	c->fetching = false;
	cond_broadcast(&c->fetched);
	if (rc != BLOB_OK && token_is_good_locked(c, now_s)) {
		log_warn(NULL, "%s; the old token is good for %lld s", err != NULL ? err->text : "no token",
			 (long long)(c->expires_s - now_s));
		error_clear(err);
		rc = BLOB_OK;
	}
	if (rc == BLOB_OK && !append_token_locked(c, out, err))
		rc = BLOB_FAILED;
	mutex_unlock(&c->lock);
	return rc;
}

static enum blob_rc bearer(struct azure_credentials *c, int64_t deadline_ms, struct buf *out,
			   struct error *err)
{
	enum blob_rc rc = BLOB_OK;

	mutex_lock(&c->lock);
	for (;;) {
		int64_t now_s = wall_us() / 1000000;
		bool good = token_is_good_locked(c, now_s);

		if (!c->fetching && (!good || now_s >= c->next_fetch_s)) {
			c->fetching = true;
			mutex_unlock(&c->lock);
			return refresh(c, deadline_ms, out, err);
		}
		if (good) {
			if (!append_token_locked(c, out, err))
				rc = BLOB_FAILED;
			break;
		}
		if (!cond_wait_until(&c->fetched, &c->lock, deadline_ms)) {
			error_set(err, "could not get a token of the managed identity: no answer in time");
			rc = BLOB_BUSY;
			break;
		}
	}
	mutex_unlock(&c->lock);
	return rc;
}

enum blob_rc azure_credentials_authorize(struct azure_credentials *c,
					 const struct azure_request *req, int64_t deadline_ms,
					 struct buf *out, struct error *err)
{
	switch (c->source) {
	case SOURCE_KEY:
		if (azure_sign(req, c->account, c->key.data, c->key.len, out)) {
			buf_str(out);
			return BLOB_OK;
		}
		error_set(err, "could not sign a request");
		return BLOB_FAILED;
	case SOURCE_SAS:
		return BLOB_OK;
	case SOURCE_APP_SERVICE:
	case SOURCE_VM:
		return bearer(c, deadline_ms, out, err);
	}
	return BLOB_FAILED;
}

bool azure_credentials_reject(struct azure_credentials *c, const char *authorization)
{
	bool may_change = false;

	mutex_lock(&c->lock);
	if (azure_credentials_is_token(c)) {
		/* another thread may have fetched a new one meanwhile */
		may_change = true;
		if (c->token != NULL && strcmp(c->token, authorization) == 0)
			c->expires_s = 0;
	}
	mutex_unlock(&c->lock);
	return may_change;
}
