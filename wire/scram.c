/*
 * scram.c - SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677)
 *
 * FORMAT of the messages; what is in brackets is optional
 *   client-first   gs2 "," "," bare; gs2 is "n" or "y"
 *                  bare: "n=" user ",r=" nonce ["," extensions]
 *   server-first   "r=" nonce ",s=" base64(salt) ",i=" iterations
 *   client-final   without-proof ",p=" base64(proof)
 *                  without-proof: "c=" base64(gs2 ",,") ",r=" nonce ["," extensions]
 *   server-final   "v=" base64(signature)
 * AuthMessage is bare "," server-first "," without-proof.  The user's name is
 * the one of the start-up packet; the one here is ignored, as PostgreSQL does.
 * Licence: MIT, see LICENSE.
 */
#include "wire/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <stringprep.h>

#include "base/bytes.h"

enum { OUR_NONCE_LEN = 18, TRANSCRIPT_MAX = 4096 };

static bool hmac(const uint8_t key[SCRAM_KEY_LEN], const void *text, size_t len,
		 uint8_t out[SCRAM_KEY_LEN])
{
	unsigned n = SCRAM_KEY_LEN;

	return HMAC(EVP_sha256(), key, SCRAM_KEY_LEN, text, len, out, &n) != NULL &&
	       n == SCRAM_KEY_LEN;
}

static bool salted_password(const char *password, const uint8_t *salt, unsigned iterations,
			    uint8_t out[SCRAM_KEY_LEN])
{
	char *prepared = NULL;
	const char *text = password;

	/* a password that is not text, or holds what SASLprep forbids, counts as bytes */
	if (stringprep_profile(password, &prepared, "SASLprep", 0) == STRINGPREP_OK)
		text = prepared;
	bool ok = PKCS5_PBKDF2_HMAC(text, (int)strlen(text), salt, SCRAM_SALT_LEN,
				    (int)iterations, EVP_sha256(), SCRAM_KEY_LEN, out) == 1;
	if (prepared != NULL)
		OPENSSL_cleanse(prepared, strlen(prepared));
	free(prepared);
	return ok;
}

bool scram_verifier_make(const char *password, const uint8_t salt[SCRAM_SALT_LEN],
			 unsigned iterations, struct scram_verifier *out)
{
	uint8_t salted[SCRAM_KEY_LEN];
	uint8_t client_key[SCRAM_KEY_LEN];

	out->iterations = iterations;
	memcpy(out->salt, salt, SCRAM_SALT_LEN);
	bool ok = salted_password(password, salt, iterations, salted) &&
		  hmac(salted, "Client Key", 10, client_key) &&
		  hmac(salted, "Server Key", 10, out->server_key) &&
		  SHA256(client_key, SCRAM_KEY_LEN, out->stored_key) != NULL;
	OPENSSL_cleanse(salted, sizeof(salted));
	OPENSSL_cleanse(client_key, sizeof(client_key));
	return ok;
}

bool scram_verify_password(const struct scram_verifier *v, const char *password)
{
	struct scram_verifier other;

	return scram_verifier_make(password, v->salt, v->iterations, &other) &&
	       bytes_equal_ct(other.stored_key, v->stored_key, SCRAM_KEY_LEN);
}

bool scram_verifier_mock(const char *user, const uint8_t secret[SCRAM_KEY_LEN],
			 struct scram_verifier *out)
{
	uint8_t salt[SCRAM_KEY_LEN];

	if (!hmac(secret, user, strlen(user), salt))
		return false;
	out->iterations = SCRAM_ITERATIONS;
	memcpy(out->salt, salt, SCRAM_SALT_LEN);
	/* nobody knows a key whose hash these are */
	random_bytes(out->stored_key, SCRAM_KEY_LEN);
	random_bytes(out->server_key, SCRAM_KEY_LEN);
	return true;
}

void scram_init(struct scram *s, const struct scram_verifier *verifier)
{
	*s = (struct scram){ .verifier = verifier };
	buf_init(&s->transcript, TRANSCRIPT_MAX);
}

void scram_deinit(struct scram *s)
{
	buf_free(&s->transcript);
}

static enum scram_rc bad(struct scram *s, const char *why)
{
	s->why = why;
	return SCRAM_BAD;
}

/*
 * Take the attribute `name` off the beginning of *at: its value, up to a comma
 * or the end.  NULL if something else is there.
 */
static const char *attribute(const char **at, const char *end, char name, size_t *len)
{
	const char *p = *at;

	if (end - p < 2 || p[0] != name || p[1] != '=')
		return NULL;
	p += 2;
	const char *comma = p == end ? NULL : memchr(p, ',', (size_t)(end - p));
	const char *stop = comma != NULL ? comma : end;
	*len = (size_t)(stop - p);
	*at = comma != NULL ? comma + 1 : end;
	return p;
}

static enum scram_rc client_first(struct scram *s, const char *text, size_t len,
				  struct buf *reply)
{
	const char *at = text;
	const char *end = text + len;
	uint8_t ours[OUR_NONCE_LEN];
	struct buf first = BUF_INIT(1024);
	size_t n;

	if (len < 3)
		return bad(s, "The message is too short.");
	if (at[0] == 'p')
		return bad(s, "The client requires channel binding, which needs TLS.");
	if (at[0] != 'n' && at[0] != 'y')
		return bad(s, "The channel binding flag is not one of n, y and p.");
	if (at[1] != ',')
		return bad(s, "A comma is missing behind the channel binding flag.");
	s->gs2[0] = at[0];
	at += 2;
	if (at[0] == 'a')
		return bad(s, "The client uses an authorization identity, which is not supported.");
	if (at[0] != ',')
		return bad(s, "A comma is missing before the user's name.");
	at++;
	const char *bare = at;
	if (end - at >= 2 && at[0] == 'm' && at[1] == '=')
		return bad(s, "The client requires an extension of SCRAM that is not supported.");
	if (attribute(&at, end, 'n', &n) == NULL)
		return bad(s, "The user's name is missing.");
	const char *nonce = attribute(&at, end, 'r', &n);
	if (nonce == NULL || n == 0)
		return bad(s, "The nonce is missing.");
	if (n > sizeof(s->nonce) - 1 - (OUR_NONCE_LEN * 4 / 3))
		return bad(s, "The nonce is too long.");
	for (size_t i = 0; i < n; i++)
		if (nonce[i] < 0x21 || nonce[i] > 0x7e)
			return bad(s, "The nonce holds a character that is not printable.");

	random_bytes(ours, sizeof(ours));
	buf_put_str(&first, "r=");
	buf_put(&first, nonce, n);
	base64_encode(ours, sizeof(ours), &first);
	if (!first.failed)
		memcpy(s->nonce, first.data + 2, first.len - 2);
	buf_put_str(&first, ",s=");
	base64_encode(s->verifier->salt, SCRAM_SALT_LEN, &first);
	buf_printf(&first, ",i=%u", s->verifier->iterations);
	buf_put(&s->transcript, bare, (size_t)(end - bare));
	buf_put_byte(&s->transcript, ',');
	buf_put(&s->transcript, first.data, first.len);
	buf_put_byte(&s->transcript, ',');
	bool failed = first.failed || s->transcript.failed;
	buf_put(reply, first.data, first.len);
	buf_free(&first);
	return failed ? bad(s, "The message is too long.") : SCRAM_CONTINUE;
}

static enum scram_rc check_proof(struct scram *s, const uint8_t proof[SCRAM_KEY_LEN],
				 struct buf *reply)
{
	const struct scram_verifier *v = s->verifier;
	uint8_t signature[SCRAM_KEY_LEN];
	uint8_t key[SCRAM_KEY_LEN];
	uint8_t hash[SCRAM_KEY_LEN];

	if (!hmac(v->stored_key, s->transcript.data, s->transcript.len, signature))
		return SCRAM_DENIED;
	for (size_t i = 0; i < SCRAM_KEY_LEN; i++)
		key[i] = proof[i] ^ signature[i];
	if (SHA256(key, SCRAM_KEY_LEN, hash) == NULL ||
	    !bytes_equal_ct(hash, v->stored_key, SCRAM_KEY_LEN))
		return SCRAM_DENIED;
	if (!hmac(v->server_key, s->transcript.data, s->transcript.len, signature))
		return SCRAM_DENIED;
	buf_put_str(reply, "v=");
	base64_encode(signature, SCRAM_KEY_LEN, reply);
	return SCRAM_OK;
}

static enum scram_rc client_final(struct scram *s, const char *text, size_t len,
				  struct buf *reply)
{
	const char *at = text;
	const char *end = text + len;
	struct buf proof = BUF_INIT(64);
	size_t n;

	const char *binding = attribute(&at, end, 'c', &n);
	if (binding == NULL)
		return bad(s, "The channel binding is missing.");
	/* base64 of "n,," and "y,,": the flag must be the one of the first message */
	if (n != 4 || memcmp(binding, s->gs2[0] == 'n' ? "biws" : "eSws", 4) != 0)
		return bad(s, "The channel binding is not that of the first message.");
	const char *nonce = attribute(&at, end, 'r', &n);
	if (nonce == NULL || n != strlen(s->nonce) || !bytes_equal_ct(nonce, s->nonce, n))
		return bad(s, "The nonce is not the one that was agreed.");
	/* extensions, and the proof as the last attribute */
	while (at < end && at[0] != 'p') {
		const char *comma = memchr(at, ',', (size_t)(end - at));

		if (comma == NULL)
			return bad(s, "The proof is missing.");
		at = comma + 1;
	}
	size_t without_proof = (size_t)(at - text);
	const char *encoded = attribute(&at, end, 'p', &n);
	if (encoded == NULL || at != end)
		return bad(s, "The proof is missing, or not the last attribute.");
	buf_put(&s->transcript, text, without_proof - 1);
	if (s->transcript.failed)
		return bad(s, "The message is too long.");
	bool fine = n <= 64 && base64_decode(encoded, n, &proof) && !proof.failed &&
		    proof.len == SCRAM_KEY_LEN;
	enum scram_rc rc = fine ? check_proof(s, (const uint8_t *)proof.data, reply) :
				  bad(s, "The proof is not 32 bytes in base64.");
	buf_free(&proof);
	return rc;
}

enum scram_rc scram_step(struct scram *s, const char *text, size_t len, struct buf *reply)
{
	switch (s->round++) {
	case 0:
		return client_first(s, text, len, reply);
	case 1:
		return client_final(s, text, len, reply);
	}
	return bad(s, "The conversation is over.");
}
