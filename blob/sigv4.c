/*
 * sigv4.c - AWS Signature Version 4, in the Authorization header
 * Licence: MIT, see LICENSE.
 */
#include "blob/sigv4.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { SHA256_LEN = 32, DATE_LEN = 8, TEXT_MAX = 64 << 10 };

void sigv4_add_header(struct sigv4_request *req, const char *name, const char *value)
{
	assert(req->n_headers < SIGV4_MAX_HEADERS);
	/* insertion keeps them in order, as they are signed */
	size_t at = req->n_headers++;
	for (; at > 0 && strcmp(req->headers[at - 1].name, name) > 0; at--)
		req->headers[at] = req->headers[at - 1];
	req->headers[at].name = name;
	req->headers[at].value = value;
}

void sha256_hex(const void *bytes, size_t len, char out[65])
{
	unsigned char hash[SHA256_LEN];

	SHA256(bytes, len, hash);
	hex_encode(hash, sizeof(hash), out);
}

static bool hmac(const void *key, size_t key_len, const void *text, size_t len,
		 unsigned char out[SHA256_LEN])
{
	unsigned int out_len = SHA256_LEN;

	return HMAC(EVP_sha256(), key, (int)key_len, text, len, out, &out_len) != NULL;
}

void sigv4_cache_init(struct sigv4_cache *cache)
{
	mutex_init(&cache->lock);
	cache->scope[0] = '\0';
}

void sigv4_cache_deinit(struct sigv4_cache *cache)
{
	OPENSSL_cleanse(cache->key, sizeof(cache->key));
	mutex_deinit(&cache->lock);
}

static bool derive_key(const struct sigv4_request *req, const char *secret,
			unsigned char out[SHA256_LEN])
{
	struct buf first = BUF_INIT(4096);
	unsigned char a[SHA256_LEN];
	unsigned char b[SHA256_LEN];

	buf_put_str(&first, "AWS4");
	buf_put_str(&first, secret);
	bool good = !first.failed && hmac(first.data, first.len, req->amz_date, DATE_LEN, a) &&
		    hmac(a, sizeof(a), req->region, strlen(req->region), b) &&
		    hmac(b, sizeof(b), req->service, strlen(req->service), a) &&
		    hmac(a, sizeof(a), "aws4_request", 12, out);
	if (first.data != NULL)
		OPENSSL_cleanse(first.data, first.len);
	buf_free(&first);
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(b, sizeof(b));
	return good;
}

static bool signing_key(const struct sigv4_request *req, const char *secret,
			struct sigv4_cache *cache, unsigned char out[SHA256_LEN])
{
	char scope[sizeof(cache->scope)];

	if (cache == NULL)
		return derive_key(req, secret, out);
	int n = snprintf(scope, sizeof(scope), "%.8s/%s/%s", req->amz_date, req->region, req->service);
	if (n < 0 || (size_t)n >= sizeof(scope))
		return derive_key(req, secret, out);
	mutex_lock(&cache->lock);
	bool good = strcmp(cache->scope, scope) == 0;
	if (!good && derive_key(req, secret, cache->key)) {
		memcpy(cache->scope, scope, sizeof(scope));
		good = true;
	}
	if (good)
		memcpy(out, cache->key, SHA256_LEN);
	else
		cache->scope[0] = '\0'; /* the key may be half of one */
	mutex_unlock(&cache->lock);
	return good;
}

static void put_signed_headers(const struct sigv4_request *req, struct buf *out)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		if (i > 0)
			buf_put_byte(out, ';');
		buf_put_str(out, req->headers[i].name);
	}
}

bool sigv4_sign(const struct sigv4_request *req, const char *access_key_id,
		const char *secret_access_key, struct sigv4_cache *cache, struct buf *authorization)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	unsigned char key[SHA256_LEN];
	unsigned char signature[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	bool good = false;

	/* the canonical request */
	buf_printf(&text, "%s\n%s\n%s\n", req->method, req->path, req->query);
	for (size_t i = 0; i < req->n_headers; i++)
		buf_printf(&text, "%s:%s\n", req->headers[i].name, req->headers[i].value);
	buf_put_byte(&text, '\n');
	put_signed_headers(req, &text);
	buf_printf(&text, "\n%s", req->payload_hash);
	if (text.failed)
		goto out;
	sha256_hex(text.data, text.len, hex);

	/* the string to sign */
	buf_reset(&text);
	buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s", req->amz_date,
		   req->amz_date, req->region, req->service, hex);
	if (text.failed || !signing_key(req, secret_access_key, cache, key) ||
	    !hmac(key, sizeof(key), text.data, text.len, signature))
		goto out;
	hex_encode(signature, sizeof(signature), hex);

	buf_printf(authorization,
		   "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=",
		   access_key_id, req->amz_date, req->region, req->service);
	put_signed_headers(req, authorization);
	buf_printf(authorization, ", Signature=%s", hex);
	good = !authorization->failed;
out:
	OPENSSL_cleanse(key, sizeof(key));
	buf_free(&text);
	return good;
}
