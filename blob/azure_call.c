/*
 * azure_call.c - one request to Azure, authorized and sent until its answer is definite
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/answer.h"
#include "blob/azure_credentials.h"
#include "blob/key.h"
#include "blob/timestamp.h"
#include "blob/tries.h"

enum { URL_MAX = 32 << 10, AUTHORIZATION_MAX = 16 << 10 };

void azure_call_free(struct azure_call *call)
{
	http_response_free(&call->resp);
}

void azure_call_add_param(struct azure_call *call, const char *name, const char *value)
{
	assert(call->n_params < AZURE_MAX_PARAMS);
	call->params[call->n_params].name = name;
	call->params[call->n_params].value = value;
	call->n_params++;
}

/* What is the same for every try. */
struct prepared {
	struct buf path;
	struct buf url;
	struct buf md5; /* base64; empty: none */
};

static void put_md5(const struct azure_call *call, struct buf *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	/* without MD5 (FIPS) the transport's own checks must do */
	if (EVP_Digest(call->body, call->body_len, hash, &len, EVP_md5(), NULL) == 1)
		base64_encode(hash, len, out);
}

static bool prepare(const struct azure_call *call, struct prepared *p)
{
	const struct azure_store *store = call->store;
	const char *sas = azure_credentials_sas(store->credentials);
	const char *sep = "?";

	buf_put_str(&p->path, store->path);
	if (call->key != NULL) {
		buf_put_byte(&p->path, '/');
		uri_encode(&p->path, store->prefix, strlen(store->prefix), true);
		uri_encode(&p->path, call->key, strlen(call->key), true);
	}
	buf_put_str(&p->url, store->origin);
	buf_put_str(&p->url, buf_str(&p->path));
	for (size_t i = 0; i < call->n_params; i++, sep = "&") {
		buf_printf(&p->url, "%s%s=", sep, call->params[i].name);
		uri_encode(&p->url, call->params[i].value, strlen(call->params[i].value), false);
	}
	if (sas != NULL)
		buf_printf(&p->url, "%s%s", sep, sas);
	buf_str(&p->url);
	if (call->body_len > 0)
		put_md5(call, &p->md5);
	buf_str(&p->md5);
	return !p->path.failed && !p->url.failed && !p->md5.failed;
}

static void prepared_free(struct prepared *p)
{
	buf_free(&p->path);
	buf_free(&p->url);
	buf_free(&p->md5);
}

/* The headers and parameters of a try, for the signature. */
static void describe_request(const struct azure_call *call, const struct prepared *p,
			     const char *date, struct azure_request *sig)
{
	sig->method = http_method_name(call->method);
	sig->path = p->path.data;
	sig->content_length = call->body_len;
	for (size_t i = 0; i < call->n_params; i++)
		azure_add_param(sig, call->params[i].name, call->params[i].value);
	azure_add_header(sig, "x-ms-date", date);
	azure_add_header(sig, "x-ms-version", call->version);
	if (call->method == HTTP_PUT)
		azure_add_header(sig, "x-ms-blob-type", "BlockBlob");
	if (call->method == HTTP_DELETE)
		azure_add_header(sig, "x-ms-delete-snapshots", "include");
	if (call->if_absent)
		azure_add_header(sig, "if-none-match", "*");
	if (call->range != NULL)
		azure_add_header(sig, "x-ms-range", call->range);
	if (p->md5.len > 0)
		azure_add_header(sig, "content-md5", p->md5.data);
}

static enum http_rc send_once(struct azure_call *call, const struct prepared *p,
			      const struct azure_request *sig, const char *authorization,
			      struct error *err)
{
	struct http_request req = {
		.method = call->method,
		.url = p->url.data,
		.body = call->body,
		.body_len = call->body_len,
		.deadline_ms = call->deadline_ms,
		.label = call->key,
	};

	for (size_t i = 0; i < sig->n_headers; i++)
		http_add_header(&req, sig->headers[i].name, sig->headers[i].value);
	if (authorization[0] != '\0')
		http_add_header(&req, "Authorization", authorization);
	return http_perform(call->store->http, &req, &call->resp, err);
}

static bool is(const struct azure_call *call, const char *code)
{
	return strcmp(call->error.code, code) == 0;
}

static enum verdict judge_conflict(const struct azure_call *call)
{
	static const char *const lasting[] = {
		"BlobArchived", "BlobBeingRehydrated", "BlobImmutableDueToPolicy", "InvalidBlobType",
		"LeaseIdMissing", "LeaseAlreadyPresent", "AccountIsDisabled", "PublicAccessNotPermitted",
		"FeatureVersionMismatch", "ContainerDisabled",
	};

	/* a name that is taken cannot be created, whatever else is the matter with it */
	if (call->if_absent && (is(call, "BlobAlreadyExists") || is(call, "BlobImmutableDueToPolicy") ||
				is(call, "BlobArchived") || is(call, "InvalidBlobType")))
		return VERDICT_DEFINITE;
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
		if (is(call, lasting[i]))
			return VERDICT_FAILED;
	if (is(call, "ContainerBeingDeleted") || is(call, "ServerBusy"))
		return VERDICT_AGAIN;
	return VERDICT_DOUBT; /* somebody else was there in the same instant */
}

static enum verdict judge_answer(const struct azure_call *call)
{
	int status = call->resp.status;

	if (status >= 200 && status < 300)
		return VERDICT_DEFINITE;
	switch (status) {
	case 404:
		/* a wrong server's 404 must not look like an empty database */
		return is(call, "BlobNotFound") ? VERDICT_DEFINITE : VERDICT_FAILED;
	case 409:
		return judge_conflict(call);
	case 412:
		return call->if_absent ? VERDICT_DEFINITE : VERDICT_FAILED;
	case 416:
		return call->range != NULL ? VERDICT_DEFINITE : VERDICT_FAILED;
	case 400:
		/* damaged on its way */
		return is(call, "Md5Mismatch") ? VERDICT_AGAIN : VERDICT_FAILED;
	case 401:
		return VERDICT_CREDENTIALS;
	case 403:
		/* a SAS that may create, but not overwrite: it exists */
		if (call->if_absent && is(call, "UnauthorizedBlobOverwrite"))
			return VERDICT_DEFINITE;
		return VERDICT_CREDENTIALS;
	case 408:
	case 429:
		return VERDICT_AGAIN;
	case 501:
	case 505:
		return VERDICT_FAILED;
	case 503:
		return is(call, "ServerBusy") ? VERDICT_AGAIN : VERDICT_DOUBT;
	default:
		return status >= 500 ? VERDICT_DOUBT : VERDICT_FAILED;
	}
}

static void hint(const struct azure_call *call, struct error *err)
{
	const struct azure_store *store = call->store;
	const char *credentials = azure_credentials_name(store->credentials);
	int64_t ahead_s = response_clock_ahead_s(&call->resp);

	if (is(call, "ContainerNotFound"))
		error_hint(err, "Create container \"%s\", or check its name (AZURE_STORAGE_CONTAINER) and the account.",
			   store->container);
	else if (call->resp.status == 403 && (ahead_s > 600 || ahead_s < -600))
		error_hint(err, "The clock of this machine is %" PRId64 " s ahead of the store's. Set it.",
			   ahead_s);
	else if (strncmp(call->error.code, "AuthorizationPermission", 23) == 0)
		error_hint(err, "Give %s the right to read, write, list and delete blobs: the role Storage Blob Data Contributor.",
			   credentials);
	else if (call->resp.status == 401 || call->resp.status == 403)
		error_hint(err, "The account does not accept %s. Check it, and that it is of account \"%s\" (AZURE_STORAGE_ACCOUNT).",
			   credentials, store->account);
	else if (call->resp.status == 404 || call->resp.status == 400)
		error_hint(err, "Check the endpoint (AZURE_STORAGE_BLOB_ENDPOINT) and the account (AZURE_STORAGE_ACCOUNT).");
}

static void describe(const struct azure_call *call, struct error *err)
{
	const struct azure_store *store = call->store;
	const char *host = strstr(store->origin, "://");

	error_set(err, "container \"%s\" at %s answered %d%s%s", store->container,
		  host != NULL ? host + 3 : "", call->resp.status,
		  call->error.code[0] != '\0' ? " " : "", call->error.code);
	if (call->error.message[0] != '\0')
		error_detail(err, "%s", call->error.message);
	hint(call, err);
}

static enum verdict judge(struct azure_call *call, enum http_rc rc, struct error *err)
{
	if (rc != HTTP_ANSWERED)
		return verdict_unanswered(rc);
	const char *code = http_response_header(&call->resp, "x-ms-error-code");
	azure_parse_error(call->resp.error_body.data, call->resp.error_body.len, &call->error);
	if (code != NULL)
		answer_copy_shown(call->error.code, sizeof(call->error.code), code);
	enum verdict verdict = judge_answer(call);
	if (verdict != VERDICT_DEFINITE)
		describe(call, err);
	return verdict;
}

/* A call and what is the same for each of its tries. */
struct trying {
	struct azure_call *call;
	const struct prepared *prepared;
};

/* One try: counted, authorized, sent, judged. */
static enum verdict try_once(void *arg, enum blob_rc *credentials_rc, struct error *err)
{
	const struct trying *t = arg;
	struct azure_call *call = t->call;
	struct buf authorization = BUF_INIT(AUTHORIZATION_MAX);
	struct azure_request sig = { .method = NULL };
	enum verdict verdict = VERDICT_FAILED;
	char date[30];

	timestamp_to_http(wall_us(), date);
	describe_request(call, t->prepared, date, &sig);
	http_response_reset(&call->resp);
	memset(&call->error, 0, sizeof(call->error));
	*credentials_rc = azure_credentials_authorize(call->store->credentials, &sig,
						      call->deadline_ms, &authorization, err);
	if (*credentials_rc == BLOB_OK) {
		const char *text = buf_str(&authorization);

		blob_count(call->counter);
		verdict = judge(call, send_once(call, t->prepared, &sig, text, err), err);
		if (verdict == VERDICT_CREDENTIALS &&
		    !azure_credentials_reject(call->store->credentials, text))
			verdict = VERDICT_FAILED;
	}
	if (authorization.data != NULL)
		explicit_bzero(authorization.data, authorization.len);
	buf_free(&authorization);
	return verdict;
}

enum blob_rc azure_call_perform(struct azure_call *call, struct error *err)
{
	struct prepared p = {
		.path = BUF_INIT(URL_MAX), .url = BUF_INIT(URL_MAX), .md5 = BUF_INIT(64),
	};
	struct trying trying = { call, &p };
	const struct tries tries = {
		.store = &call->store->base, .deadline_ms = call->deadline_ms,
		.writes = call->writes, .resp = &call->resp, .one = try_once, .arg = &trying,
	};
	enum blob_rc rc = BLOB_FAILED;

	if (prepare(call, &p))
		rc = tries_perform(&tries, err);
	else
		error_no_memory(err);
	prepared_free(&p);
	return rc;
}
