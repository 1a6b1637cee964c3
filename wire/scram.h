/*
 * scram.h - SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677)
 *
 * Pure: messages in, messages out.  Without channel binding, which needs TLS.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_SCRAM_H
#define PGBLOB_WIRE_SCRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

enum { SCRAM_KEY_LEN = 32, SCRAM_SALT_LEN = 16, SCRAM_ITERATIONS = 4096 };

/* What a server keeps of a password: good to check it, no good to log in with. */
struct scram_verifier {
	unsigned iterations;
	uint8_t salt[SCRAM_SALT_LEN];
	uint8_t stored_key[SCRAM_KEY_LEN];
	uint8_t server_key[SCRAM_KEY_LEN];
};

/* `password` is prepared with SASLprep, or taken as it is where that fails. */
MUST_CHECK bool scram_verifier_make(const char *password, const uint8_t salt[SCRAM_SALT_LEN],
				    unsigned iterations, struct scram_verifier *out);

/* Is it the password that the verifier was made of?  As slow as it was to make. */
MUST_CHECK bool scram_verify_password(const struct scram_verifier *v, const char *password);

/*
 * A verifier that no password fits, for a user that does not exist: the same
 * for the same name and `secret`, so that asking twice does not tell.
 */
MUST_CHECK bool scram_verifier_mock(const char *user, const uint8_t secret[SCRAM_KEY_LEN],
				    struct scram_verifier *out);

enum scram_rc {
	SCRAM_CONTINUE, /* send `reply`, the client answers */
	SCRAM_OK,       /* the client knows the password; send `reply` */
	SCRAM_DENIED,   /* it does not */
	SCRAM_BAD,      /* the message is no SCRAM, or asks for what is not supported: why */
};

struct scram {
	const struct scram_verifier *verifier; /* borrowed */
	int round;                             /* messages taken */
	char gs2[2];                           /* "n" or "y": the client's channel binding flag */
	char nonce[256];                       /* the client's and behind it ours */
	struct buf transcript;                 /* AuthMessage so far */
	const char *why;                       /* of SCRAM_BAD: a sentence */
};

void scram_init(struct scram *s, const struct scram_verifier *verifier);
void scram_deinit(struct scram *s);

/* The client's next message (not NUL-terminated).  `reply` is appended to. */
enum scram_rc scram_step(struct scram *s, const char *text, size_t len, struct buf *reply);

#endif
