/*
 * aws_fetch.c - credentials from the services that give them out
 * Licence: MIT, see LICENSE.
 */
#include "blob/aws_fetch.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/aws_config.h"
#include "blob/http.h"
#include "blob/json.h"
#include "blob/key.h"
#include "blob/retry.h"
#include "blob/s3_config.h"
#include "blob/s3_credentials.h"
#include "blob/sigv4.h"
#include "blob/timestamp.h"
#include "blob/xml.h"

enum {
	ANSWER_MAX = 64 << 10,
	TOKEN_MAX = 32 << 10,
	METADATA_TIMEOUT_MS = 1000, /* it is on this machine */
	N_TRIES = 3,
};

/* It held a secret. */
static void free_secret(struct buf *b)
{
	if (b->data != NULL)
		OPENSSL_cleanse(b->data, b->cap);
	buf_free(b);
}

/*
 * Send `req` until it is answered with 200, into *answer; `what` is who was
 * asked, for messages.
 */
static enum blob_rc ask(struct http_client *client, struct http_request *req,
			struct buf *answer, const char *what, struct error *err)
{
	struct http_response resp = HTTP_RESPONSE_INIT(answer);
	enum blob_rc rc = BLOB_BUSY;
	struct retry retry;

	retry_init(&retry, req->deadline_ms);
	for (int tries = 1;; tries++) {
		http_response_reset(&resp);
		enum http_rc sent = http_perform(client, req, &resp, err);
		if (sent == HTTP_ANSWERED && resp.status == 200) {
			rc = BLOB_OK;
			break;
		}
		if (sent == HTTP_ANSWERED)
			error_set(err, "%s answered %d", what, resp.status);
		else
			error_wrap(err, "could not ask %s", what);
		if (sent == HTTP_REFUSED || sent == HTTP_TOO_LARGE ||
		    (sent == HTTP_ANSWERED && resp.status < 500 && resp.status != 429)) {
			rc = BLOB_FAILED;
			break;
		}
		if (tries == N_TRIES || !retry_wait(&retry, http_retry_after_ms(&resp)))
			break;
	}
	if (resp.error_body.data != NULL)
		OPENSSL_cleanse(resp.error_body.data, resp.error_body.cap);
	http_response_free(&resp);
	return rc;
}

/* Visible characters only: they go into headers. */
static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7F)
			return false;
	return true;
}

static enum blob_rc finish(const char *id, const char *secret, const char *token,
			   const char *expires, const char *what,
			   struct aws_credentials **out, struct error *err)
{
	int64_t expires_us = 0;

	if (id[0] == '\0' || secret[0] == '\0' || !is_clean(id) || !is_clean(secret) ||
	    !is_clean(token)) {
		error_set(err, "%s gave no credentials", what);
		return BLOB_FAILED;
	}
	if (expires[0] != '\0' && !timestamp_of_iso(expires, &expires_us)) {
		error_set(err, "%s gave credentials whose end is not a time", what);
		return BLOB_FAILED;
	}
	*out = aws_credentials_new(id, secret, token, expires_us);
	if (*out == NULL) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	return BLOB_OK;
}

/* {"AccessKeyId": ..., "SecretAccessKey": ..., "Token": ..., "Expiration": ...} */
static enum blob_rc of_json(struct buf *answer, const char *what,
			    struct aws_credentials **out, struct error *err)
{
	static const char *const names[] = { "AccessKeyId", "SecretAccessKey", "Token",
					     "Expiration", "Code" };
	struct buf values[ARRAY_LEN(names)];
	enum blob_rc rc = BLOB_FAILED;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_init(&values[i], TOKEN_MAX);
		if (answer->len > 0 && !json_get(answer->data, answer->len, names[i], &values[i]))
			values[i].len = 0;
	}
	const char *code = buf_str(&values[4]);
	if (code[0] != '\0' && strcmp(code, "Success") != 0)
		error_set(err, "%s gave no credentials", what);
	else
		rc = finish(buf_str(&values[0]), buf_str(&values[1]), buf_str(&values[2]),
			    buf_str(&values[3]), what, out, err);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		free_secret(&values[i]);
	return rc;
}

/* A token from a file, without the end of its line. */
static bool read_token(const char *path, struct buf *out, struct error *err)
{
	if (!read_small_file(path, out, err))
		return false;
	while (out->len > 0 && isspace((unsigned char)out->data[out->len - 1]))
		out->len--;
	if (out->len == 0 || memchr(out->data, '\0', out->len) != NULL || !is_clean(buf_str(out)))
		return error_set(err, "file \"%s\" does not hold a token", path);
	return true;
}

enum blob_rc aws_fetch_container(struct http_client *client, const char *url,
				 const char *token, const char *token_file,
				 int64_t deadline_ms, struct aws_credentials **out,
				 struct error *err)
{
	static const char what[] = "the container's credentials service";
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct buf read = BUF_INIT(TOKEN_MAX);
	struct http_request req = {
		.method = HTTP_GET,
		.url = url,
		.direct = true,
		.timeout_ms = METADATA_TIMEOUT_MS,
		.deadline_ms = deadline_ms,
		.label = what,
	};
	enum blob_rc rc = BLOB_FAILED;

	if (token_file != NULL) {
		if (!read_token(token_file, &read, err))
			goto out;
		token = buf_str(&read);
	}
	if (token != NULL)
		http_add_header(&req, "Authorization", token);
	rc = ask(client, &req, &answer, what, err);
	if (rc == BLOB_OK)
		rc = of_json(&answer, what, out, err);
out:
	free_secret(&read);
	free_secret(&answer);
	return rc;
}

/* The first line of a list of roles, if it is a name. */
static bool role_name(struct buf *answer)
{
	size_t len = 0;

	while (len < answer->len && answer->data[len] != '\n' && answer->data[len] != '\r')
		len++;
	answer->len = len;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)answer->data[i]) &&
		    (answer->data[i] == '\0' || strchr("+=,.@_-", answer->data[i]) == NULL))
			return false;
	return len > 0 && len <= 128;
}

enum blob_rc aws_fetch_instance(struct http_client *client, const char *endpoint,
				int64_t deadline_ms, struct aws_credentials **out,
				struct error *err)
{
	static const char what[] = "the instance metadata service";
	static const char path[] = "/latest/meta-data/iam/security-credentials/";
	struct buf url = BUF_INIT(1024);
	struct buf token = BUF_INIT(TOKEN_MAX);
	struct buf answer = BUF_INIT(ANSWER_MAX);
	size_t len = strlen(endpoint);
	enum blob_rc rc;

	while (len > 0 && endpoint[len - 1] == '/')
		len--;
	struct http_request req = {
		.method = HTTP_PUT,
		.direct = true,
		.timeout_ms = METADATA_TIMEOUT_MS,
		.deadline_ms = deadline_ms,
		.label = what,
	};
	buf_printf(&url, "%.*s/latest/api/token", (int)len, endpoint);
	req.url = buf_str(&url);
	http_add_header(&req, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
	rc = ask(client, &req, &token, what, err);
	if (rc != BLOB_OK)
		goto out;
	rc = BLOB_FAILED;
	if (token.len == 0 || memchr(token.data, '\0', token.len) != NULL || !is_clean(buf_str(&token))) {
		error_set(err, "%s gave no token", what);
		goto out;
	}
	req.method = HTTP_GET;
	req.n_headers = 0;
	http_add_header(&req, "X-aws-ec2-metadata-token", buf_str(&token));
	buf_reset(&url);
	buf_printf(&url, "%.*s%s", (int)len, endpoint, path);
	req.url = buf_str(&url);
	rc = ask(client, &req, &answer, what, err);
	if (rc != BLOB_OK)
		goto out;
	if (!role_name(&answer)) {
		error_set(err, "%s knows no role of this instance", what);
		rc = BLOB_FAILED;
		goto out;
	}
	buf_put(&url, answer.data, answer.len);
	req.url = buf_str(&url);
	buf_reset(&answer);
	rc = ask(client, &req, &answer, what, err);
	if (rc == BLOB_OK)
		rc = of_json(&answer, what, out, err);
out:
	buf_free(&url);
	free_secret(&token);
	free_secret(&answer);
	return rc;
}

/* <Credentials> of an answer of STS */
struct sts_answer {
	struct buf id, secret, token, expires;
};

static bool sts_end(void *arg, const char *path, const char *text, struct error *err)
{
	struct sts_answer *a = arg;
	const char *at = strstr(path, "Result/Credentials/");

	(void)err;
	if (at == NULL)
		return true;
	const char *name = at + strlen("Result/Credentials/");
	struct buf *to = strcmp(name, "AccessKeyId") == 0 ? &a->id :
		strcmp(name, "SecretAccessKey") == 0 ? &a->secret :
		strcmp(name, "SessionToken") == 0 ? &a->token :
		strcmp(name, "Expiration") == 0 ? &a->expires : NULL;
	if (to != NULL) {
		buf_reset(to);
		buf_put_str(to, text);
	}
	return true;
}

static enum blob_rc of_sts(struct buf *answer, struct aws_credentials **out, struct error *err)
{
	static const struct xml_handler handler = { .end = sts_end };
	struct sts_answer a = { BUF_INIT(1024), BUF_INIT(1024), BUF_INIT(TOKEN_MAX), BUF_INIT(64) };
	enum blob_rc rc = BLOB_FAILED;

	if (xml_parse(answer->data, answer->len, &handler, &a, err))
		rc = finish(buf_str(&a.id), buf_str(&a.secret), buf_str(&a.token),
			    buf_str(&a.expires), "STS", out, err);
	free_secret(&a.id);
	free_secret(&a.secret);
	free_secret(&a.token);
	buf_free(&a.expires);
	return rc;
}

static void put_field(struct buf *form, const char *name, const char *value)
{
	buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	uri_encode(form, value, strlen(value), false);
}

/* POST of a form to STS; signed if `base` is not NULL. */
static enum blob_rc ask_sts(struct http_client *client, const struct aws_role *role,
			    const struct aws_credentials *base, struct buf *form,
			    int64_t deadline_ms, struct aws_credentials **out,
			    struct error *err)
{
	static const char type[] = "application/x-www-form-urlencoded";
	struct buf url = BUF_INIT(1024);
	struct buf path_text = BUF_INIT(1024);
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct buf authorization = BUF_INIT(TOKEN_MAX);
	char amz_date[17];
	char hash[65];
	char *host = NULL;
	char *path = NULL;
	bool tls;
	enum blob_rc rc = BLOB_FAILED;

	if (!endpoint_parse(role->sts_endpoint, &tls, &host, &path, err))
		goto out;
	buf_printf(&path_text, "%s/", path);
	buf_printf(&url, "http%s://%s%s", tls ? "s" : "", host, buf_str(&path_text));
	struct http_request req = {
		.method = HTTP_POST,
		.url = buf_str(&url),
		.body = form->data,
		.body_len = form->len,
		.deadline_ms = deadline_ms,
		.label = "STS",
	};
	http_add_header(&req, "Content-Type", type);
	if (base != NULL) {
		struct sigv4_request sig = {
			.method = "POST",
			.path = path_text.data,
			.query = "",
			.payload_hash = hash,
			.amz_date = amz_date,
			.region = role->region,
			.service = "sts",
		};
		sha256_hex(form->data, form->len, hash);
		timestamp_to_amz(wall_us(), amz_date);
		sigv4_add_header(&sig, "host", host);
		sigv4_add_header(&sig, "content-type", type);
		sigv4_add_header(&sig, "x-amz-date", amz_date);
		http_add_header(&req, "x-amz-date", amz_date);
		if (base->session_token != NULL) {
			sigv4_add_header(&sig, "x-amz-security-token", base->session_token);
			http_add_header(&req, "x-amz-security-token", base->session_token);
		}
		if (!sigv4_sign(&sig, base->access_key_id, base->secret_access_key, NULL,
				&authorization)) {
			error_set(err, "could not sign a request to STS");
			goto out;
		}
		http_add_header(&req, "Authorization", buf_str(&authorization));
	}
	rc = ask(client, &req, &answer, "STS", err);
	if (rc == BLOB_OK)
		rc = of_sts(&answer, out, err);
out:
	free(host);
	free(path);
	buf_free(&url);
	buf_free(&path_text);
	buf_free(&authorization);
	free_secret(&answer);
	return rc;
}

enum blob_rc aws_fetch_web_identity(struct http_client *client, const struct aws_role *role,
				    const char *token_file, int64_t deadline_ms,
				    struct aws_credentials **out, struct error *err)
{
	struct buf token = BUF_INIT(TOKEN_MAX);
	struct buf form = BUF_INIT(2 * TOKEN_MAX);
	enum blob_rc rc = BLOB_FAILED;

	if (read_token(token_file, &token, err)) {
		put_field(&form, "Action", "AssumeRoleWithWebIdentity");
		put_field(&form, "Version", "2011-06-15");
		put_field(&form, "RoleArn", role->arn);
		put_field(&form, "RoleSessionName", role->session_name);
		put_field(&form, "WebIdentityToken", buf_str(&token));
		if (form.failed)
			error_set(err, "the web identity token is too long");
		else
			rc = ask_sts(client, role, NULL, &form, deadline_ms, out, err);
	}
	free_secret(&token);
	free_secret(&form);
	return rc;
}

enum blob_rc aws_fetch_role(struct http_client *client, const struct aws_role *role,
			    const struct aws_credentials *base, int64_t deadline_ms,
			    struct aws_credentials **out, struct error *err)
{
	struct buf form = BUF_INIT(TOKEN_MAX);
	enum blob_rc rc = BLOB_FAILED;

	put_field(&form, "Action", "AssumeRole");
	put_field(&form, "Version", "2011-06-15");
	put_field(&form, "RoleArn", role->arn);
	put_field(&form, "RoleSessionName", role->session_name);
	if (role->external_id != NULL)
		put_field(&form, "ExternalId", role->external_id);
	if (form.failed)
		error_no_memory(err);
	else
		rc = ask_sts(client, role, base, &form, deadline_ms, out, err);
	buf_free(&form);
	return rc;
}
