/*
 * auth.h - who the client is
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_AUTH_H
#define PGBLOB_WIRE_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "wire/scram.h"

struct buf;
struct error;
struct wire_config;
struct wire_server;

enum { AUTH_MESSAGE_MAX = 65535 }; /* bytes of one message of a client that is not known yet */

enum auth_rc {
	AUTH_CONTINUE, /* send `reply`, wait for a 'p' message */
	AUTH_OK,       /* send `reply`; the client is who it says */
	AUTH_DENIED,   /* 28P01, or 28000 for trust */
	AUTH_BAD,      /* 08P01 "malformed ..."; why says what is wrong with the message */
};

struct auth {
	const struct wire_server *server;
	const char *user;      /* as the client says; borrowed */
	bool known;            /* it is the server's user */
	bool chose;            /* the mechanism was agreed on */
	uint8_t salt[4];       /* md5 */
	struct scram_verifier mock;
	struct scram scram;
	const char *why;       /* of AUTH_BAD: a sentence */
};

/* Make the verifiers that `w` needs out of `password`. */
MUST_CHECK bool auth_prepare(struct wire_server *w, const char *password, struct error *err);

/* Begin; AUTH_DENIED and AUTH_OK are possible at once (trust). */
enum auth_rc auth_begin(struct auth *a, const struct wire_server *w, const char *user,
			struct buf *reply);

/* The body of a 'p' message. */
enum auth_rc auth_step(struct auth *a, const char *body, size_t len, struct buf *reply);

/* Nothing for a zeroed one. */
void auth_deinit(struct auth *a);

#endif
