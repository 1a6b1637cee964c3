/*
 * s3_call.c - one S3 request, signed and sent until its answer is definite
 * Licence: MIT, see LICENSE.
 */
#include "blob/s3.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/s3_credentials.h"
#include "blob/sigv4.h"
#include "blob/timestamp.h"
#include "blob/tries.h"

enum { URL_MAX = 16 << 10, HEADER_MAX = 32 << 10 };

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void s3_call_free(struct s3_call *call)
{
	http_response_free(&call->resp);
}

/* What is the same for every try. */
struct prepared {
	struct buf url;
	const char *path; /* within url, ended by a '?' or NUL */
	struct buf checksum;
	char hash[65];
};

static bool prepare(const struct s3_call *call, struct prepared *p)
{
	const struct s3_store *store = call->store;
	struct buf path = BUF_INIT(URL_MAX);

	buf_put_str(&path, store->path);
	buf_put_byte(&path, '/');
	if (call->key != NULL) {
		uri_encode(&path, store->prefix, strlen(store->prefix), true);
		uri_encode(&path, call->key, strlen(call->key), true);
	}
	buf_put_str(&p->url, store->origin);
	buf_put(&p->url, path.data, path.len);
	if (call->query[0] != '\0')
		buf_printf(&p->url, "?%s", call->query);
	p->path = strdup(buf_str(&path));
	buf_str(&p->url);
	bool good = !path.failed && !p->url.failed && p->path != NULL;
	buf_free(&path);

	if (call->body_len == 0) {
		memcpy(p->hash, EMPTY_SHA256, sizeof(p->hash));
	} else {
		unsigned char hash[32];

		SHA256(call->body, call->body_len, hash);
		hex_encode(hash, sizeof(hash), p->hash);
		/* the signature has it too; this is what object lock asks for */
		if (store->is_aws && call->method == HTTP_PUT)
			base64_encode(hash, sizeof(hash), &p->checksum);
	}
	buf_str(&p->checksum);
	return good && !p->checksum.failed;
}

static void prepared_free(struct prepared *p)
{
	free((char *)p->path);
	buf_free(&p->url);
	buf_free(&p->checksum);
}

static void add_header(struct http_request *req, struct sigv4_request *sig,
		       const char *name, const char *value)
{
	http_add_header(req, name, value);
	sigv4_add_header(sig, name, value);
}

static enum http_rc send_once(struct s3_call *call, const struct prepared *p,
			      struct aws_credentials *credentials,
			      struct error *err)
{
	const struct s3_store *store = call->store;
	struct buf authorization = BUF_INIT(HEADER_MAX);
	char amz_date[17];
	struct http_request req = {
		.method = call->method,
		.url = p->url.data,
		.body = call->body,
		.body_len = call->body_len,
		.deadline_ms = call->deadline_ms,
		.label = call->key,
	};
	struct sigv4_request sig = {
		.method = http_method_name(call->method),
		.path = p->path,
		.query = call->query,
		.payload_hash = p->hash,
		.amz_date = amz_date,
		.region = store->region,
		.service = "s3",
	};
	enum http_rc rc = HTTP_REFUSED;

	timestamp_to_amz(wall_us(), amz_date);
	sigv4_add_header(&sig, "host", store->host);
	add_header(&req, &sig, "x-amz-content-sha256", p->hash);
	add_header(&req, &sig, "x-amz-date", amz_date);
	if (credentials->session_token != NULL)
		add_header(&req, &sig, "x-amz-security-token", credentials->session_token);
	if (call->if_absent)
		add_header(&req, &sig, "if-none-match", "*");
	if (call->range != NULL)
		add_header(&req, &sig, "range", call->range);
	if (call->content_md5 != NULL)
		add_header(&req, &sig, "content-md5", call->content_md5);
	if (p->checksum.len > 0)
		add_header(&req, &sig, "x-amz-checksum-sha256", p->checksum.data);
	if (!sigv4_sign(&sig, credentials->access_key_id, credentials->secret_access_key,
			&credentials->key_cache, &authorization)) {
		error_set(err, "could not sign a request");
	} else {
		http_add_header(&req, "Authorization", buf_str(&authorization));
		rc = http_perform(store->http, &req, &call->resp, err);
	}
	buf_free(&authorization);
	return rc;
}

static enum verdict judge_credentials(const struct s3_call *call)
{
	static const char *const codes[] = {
		"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId",
		"ExpiredTokenException", "InvalidClientTokenId",
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(call->error.code, codes[i]) == 0)
			return VERDICT_CREDENTIALS;
	/* the answer to HEAD has no body */
	if (call->resp.status == 403 && call->error.code[0] == '\0')
		return VERDICT_CREDENTIALS;
	return VERDICT_FAILED;
}

static enum verdict judge_answer(const struct s3_call *call)
{
	int status = call->resp.status;
	const char *code = call->error.code;

	if (status >= 200 && status < 300)
		return VERDICT_DEFINITE;
	/* also 400: the body came too slowly */
	if (status == 429 || s3_code_is_throttle(code))
		return VERDICT_AGAIN;
	switch (status) {
	case 404:
		if (strcmp(code, "NoSuchBucket") == 0)
			return VERDICT_FAILED;
		/* "not there" is believed only in S3's own words; HEAD has none */
		return call->method == HTTP_HEAD || strcmp(code, "NoSuchKey") == 0 ?
			VERDICT_DEFINITE : VERDICT_AGAIN;
	case 416:
		return call->range != NULL ? VERDICT_DEFINITE : VERDICT_FAILED;
	case 412:
		return call->if_absent ? VERDICT_DEFINITE : VERDICT_FAILED;
	case 409: /* a race in the same instant: who won is not said */
		return call->if_absent ? VERDICT_DOUBT : VERDICT_FAILED;
	case 408:
		return VERDICT_AGAIN;
	case 400:
	case 401:
	case 403:
		return judge_credentials(call);
	case 501:
	case 505:
		return VERDICT_FAILED;
	default:
		return status >= 500 ? VERDICT_DOUBT : VERDICT_FAILED;
	}
}

static enum verdict judge(struct s3_call *call, enum http_rc rc, struct error *err)
{
	if (rc != HTTP_ANSWERED)
		return verdict_unanswered(rc);
	s3_parse_error(call->resp.error_body.data, call->resp.error_body.len, &call->error);
	enum verdict verdict = judge_answer(call);
	if (verdict != VERDICT_DEFINITE)
		s3_call_describe(call, err);
	return verdict;
}

static void hint(const struct s3_call *call, struct error *err)
{
	const struct s3_store *store = call->store;
	const char *code = call->error.code;
	const char *region = http_response_header(&call->resp, "x-amz-bucket-region");
	struct etag shown; /* a check that serves for a region's name too */

	if (region == NULL || !etag_set(&shown, region))
		region = call->error.region;
	if (strcmp(code, "NoSuchBucket") == 0)
		error_hint(err, "Create it, or check its name and the endpoint.");
	else if (call->resp.status == 301 || call->resp.status == 307 ||
		 (region[0] != '\0' && strcmp(region, store->region) != 0))
		error_hint(err, "The bucket is in another region than \"%s\". Set the region%s%s.",
			   store->region, region[0] != '\0' ? " to " : "", region);
	else if (strcmp(code, "RequestTimeTooSkewed") == 0)
		error_hint(err, "The clock of this machine is %" PRId64 " s ahead of the store's. Set it.",
			   response_clock_ahead_s(&call->resp));
	else if (strcmp(code, "InvalidAccessKeyId") == 0)
		error_hint(err, "The store does not know the access key. Check AWS_ACCESS_KEY_ID and the endpoint.");
	else if (strcmp(code, "SignatureDoesNotMatch") == 0)
		error_hint(err, "The secret key is not that of the access key. Check AWS_SECRET_ACCESS_KEY.");
	else if (call->resp.status == 401 || call->resp.status == 403)
		error_hint(err, "Check both keys; they must be allowed GetObject, PutObject, DeleteObject and ListBucket.");
	else if (call->resp.status == 404 && code[0] == '\0')
		error_hint(err, "This is not how an S3 store answers. Check the endpoint.");
	else if (strstr(code, "Token") != NULL)
		error_hint(err, "The session token has expired or is not one. Get new credentials.");
}

void s3_call_describe(const struct s3_call *call, struct error *err)
{
	const struct s3_error *e = &call->error;

	error_set(err, "bucket \"%s\" at %s answered %d%s%s", call->store->bucket,
		  call->store->host, call->resp.status, e->code[0] != '\0' ? " " : "", e->code);
	if (e->message[0] != '\0')
		error_detail(err, "%s", e->message);
	hint(call, err);
}

/* A call and what is the same for each of its tries. */
struct trying {
	struct s3_call *call;
	const struct prepared *prepared;
};

/* One try: counted, signed, sent, judged. */
static enum verdict try_once(void *arg, enum blob_rc *credentials_rc, struct error *err)
{
	const struct trying *t = arg;
	struct s3_call *call = t->call;
	struct aws_credentials *credentials;

	*credentials_rc = s3_credentials_get(call->store->credentials, call->deadline_ms,
					     &credentials, err);
	if (*credentials_rc != BLOB_OK)
		return VERDICT_FAILED;
	blob_count(call->counter);
	http_response_reset(&call->resp);
	memset(&call->error, 0, sizeof(call->error));
	enum verdict verdict = judge(call, send_once(call, t->prepared, credentials, err), err);
	if (verdict == VERDICT_CREDENTIALS &&
	    !s3_credentials_reject(call->store->credentials, credentials))
		verdict = VERDICT_FAILED;
	aws_credentials_unref(credentials);
	return verdict;
}

enum blob_rc s3_call_perform(struct s3_call *call, struct error *err)
{
	struct prepared p = { .url = BUF_INIT(URL_MAX), .checksum = BUF_INIT(64) };
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
