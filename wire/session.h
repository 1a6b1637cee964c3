/*
 * session.h - messages after start-up
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_SESSION_H
#define PGBLOB_WIRE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct conn;

/* What became of a look at the input. */
enum step {
	STEP_NEXT, /* something was handled: look again */
	STEP_WAIT, /* the next message is not complete */
	STEP_END,  /* close */
};

enum frame_rc {
	FRAME_READY,
	FRAME_MORE,    /* `want` more bytes are missing, or at least one */
	FRAME_TYPE,    /* no client sends such a type */
	FRAME_LENGTH,  /* a length that cannot be */
	FRAME_LARGE,   /* above what this server takes */
};

struct frame {
	char type;
	const char *body;
	size_t len;  /* of the body */
	size_t want;
};

/* Look at the message that begins at `at`, of which `left` bytes are here. */
enum frame_rc session_frame(const char *at, size_t left, size_t max_message, struct frame *out);

/* Handle one message of a READY connection; *want as in struct frame. */
enum step session_step(struct conn *c, size_t *want);

/* ReadyForQuery, and all that was written is sent. */
void session_ready(struct conn *c);

/* For out.c: COPY FROM STDIN. */
void session_copy_begin(struct conn *c);
long session_copy_next(struct conn *c, const char **data);

#endif
