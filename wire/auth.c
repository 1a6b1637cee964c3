/*
 * auth.c - who the client is
 *
 * There is one user.  For any other name the same messages go to and fro, and
 * it fails at the end, so that a name cannot be guessed.
 * Licence: MIT, see LICENSE.
 */
#include "wire/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "wire/msg.h"
#include "wire/out.h"
#include "wire/server.h"

enum { REQUEST_OK = 0, REQUEST_PASSWORD = 3, REQUEST_MD5 = 5, REQUEST_SASL = 10,
       REQUEST_SASL_CONTINUE = 11, REQUEST_SASL_FINAL = 12 };

#define MECHANISM "SCRAM-SHA-256"

/* The hex digits of md5(a b). */
static bool md5_hex(const void *a, size_t a_len, const void *b, size_t b_len,
		    char out[MD5_HEX_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n = 0;
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, a, a_len) == 1 && EVP_DigestUpdate(ctx, b, b_len) == 1 &&
		  EVP_DigestFinal_ex(ctx, digest, &n) == 1 && n == MD5_HEX_LEN / 2;

	EVP_MD_CTX_free(ctx);
	if (ok)
		hex_encode(digest, n, out);
	return ok;
}

bool auth_prepare(struct wire_server *w, const char *password, struct error *err)
{
	uint8_t salt[SCRAM_SALT_LEN];

	random_bytes(w->mock_secret, sizeof(w->mock_secret));
	random_bytes(salt, sizeof(salt));
	switch (w->config.auth) {
	case WIRE_AUTH_TRUST:
		return true;
	case WIRE_AUTH_MD5:
		if (md5_hex(password, strlen(password), w->config.user, strlen(w->config.user),
			    w->md5_hex))
			return true;
		return error_set(err, "md5 is not available on this system");
	case WIRE_AUTH_SCRAM:
	case WIRE_AUTH_PASSWORD:
		if (scram_verifier_make(password, salt, SCRAM_ITERATIONS, &w->verifier))
			return true;
		return error_set(err, "SHA-256 is not available on this system");
	}
	return error_set(err, "no such kind of authentication");
}

static size_t begin_request(struct buf *reply, uint32_t request)
{
	size_t at = out_begin(reply, 'R');

	buf_put_u32(reply, request);
	return at;
}

enum auth_rc auth_begin(struct auth *a, const struct wire_server *w, const char *user,
			struct buf *reply)
{
	size_t at;

	*a = (struct auth){ .server = w, .user = user };
	a->known = strcmp(user, w->config.user) == 0;
	switch (w->config.auth) {
	case WIRE_AUTH_TRUST:
		if (!a->known)
			return AUTH_DENIED;
		out_end(reply, begin_request(reply, REQUEST_OK));
		return AUTH_OK;
	case WIRE_AUTH_PASSWORD:
		out_end(reply, begin_request(reply, REQUEST_PASSWORD));
		return AUTH_CONTINUE;
	case WIRE_AUTH_MD5:
		random_bytes(a->salt, sizeof(a->salt));
		at = begin_request(reply, REQUEST_MD5);
		buf_put(reply, a->salt, sizeof(a->salt));
		out_end(reply, at);
		return AUTH_CONTINUE;
	case WIRE_AUTH_SCRAM:
		if (!a->known && !scram_verifier_mock(user, w->mock_secret, &a->mock))
			return AUTH_DENIED;
		scram_init(&a->scram, a->known ? &w->verifier : &a->mock);
		at = begin_request(reply, REQUEST_SASL);
		buf_put(reply, MECHANISM "\0", sizeof(MECHANISM "\0"));
		out_end(reply, at);
		return AUTH_CONTINUE;
	}
	return AUTH_DENIED;
}

static enum auth_rc accept_client(struct buf *reply)
{
	out_end(reply, begin_request(reply, REQUEST_OK));
	return AUTH_OK;
}

static enum auth_rc bad(struct auth *a, const char *why)
{
	a->why = why;
	return AUTH_BAD;
}

static enum auth_rc step_md5(struct auth *a, const char *answer, struct buf *reply)
{
	char expected[3 + MD5_HEX_LEN + 1] = "md5";
	const char *hex = a->server->md5_hex;

	if (!md5_hex(hex, MD5_HEX_LEN, a->salt, sizeof(a->salt), expected + 3))
		return AUTH_DENIED;
	bool fits = strlen(answer) == 3 + MD5_HEX_LEN &&
		    bytes_equal_ct(answer, expected, 3 + MD5_HEX_LEN);
	return fits && a->known ? accept_client(reply) : AUTH_DENIED;
}

static enum auth_rc step_password(struct auth *a, const char *answer, struct buf *reply)
{
	bool fits = scram_verify_password(&a->server->verifier, answer);

	return fits && a->known ? accept_client(reply) : AUTH_DENIED;
}

static enum auth_rc step_sasl(struct auth *a, const char *body, size_t len, struct buf *reply)
{
	struct msg m = msg_of(body, len);

	if (!a->chose) {
		const char *mechanism = msg_get_str(&m);
		uint32_t n = msg_get_u32(&m);
		bool empty = n == UINT32_MAX;

		body = empty ? "" : msg_get_bytes(&m, n);
		len = empty ? 0 : n;
		if (!msg_done(&m))
			return bad(a, "The message is not a SASLInitialResponse.");
		if (strcmp(mechanism, MECHANISM) != 0)
			return bad(a, "The client selected an invalid SASL authentication mechanism.");
		a->chose = true;
		if (empty) {
			out_end(reply, begin_request(reply, REQUEST_SASL_CONTINUE));
			return AUTH_CONTINUE;
		}
	}
	struct buf text = BUF_INIT(4096);
	enum scram_rc rc = scram_step(&a->scram, body, len, &text);
	bool failed = text.failed;
	if (rc == SCRAM_OK || rc == SCRAM_CONTINUE) {
		size_t at = begin_request(reply, rc == SCRAM_OK ? REQUEST_SASL_FINAL :
								  REQUEST_SASL_CONTINUE);

		buf_put(reply, text.data, text.len);
		out_end(reply, at);
	}
	buf_free(&text);
	switch (rc) {
	case SCRAM_CONTINUE:
		return failed ? bad(a, "The message is too long.") : AUTH_CONTINUE;
	case SCRAM_OK:
		return a->known && !failed ? accept_client(reply) : AUTH_DENIED;
	case SCRAM_DENIED:
		return AUTH_DENIED;
	case SCRAM_BAD:
		return bad(a, a->scram.why);
	}
	return AUTH_DENIED;
}

enum auth_rc auth_step(struct auth *a, const char *body, size_t len, struct buf *reply)
{
	if (a->server->config.auth == WIRE_AUTH_SCRAM)
		return step_sasl(a, body, len, reply);

	/* a password is bytes: it need not be UTF-8 */
	if (len == 0 || memchr(body, '\0', len) != body + len - 1)
		return bad(a, "The message is not a PasswordMessage.");
	if (len == 1)
		return AUTH_DENIED;
	if (a->server->config.auth == WIRE_AUTH_MD5)
		return step_md5(a, body, reply);
	return step_password(a, body, reply);
}

void auth_deinit(struct auth *a)
{
	scram_deinit(&a->scram);
	OPENSSL_cleanse(&a->mock, sizeof(a->mock));
}
