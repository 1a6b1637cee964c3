/*
 * msg.h - reading the fields of one message
 *
 * A reader fails for good and is asked once, at the end:
 *
 *	portal = msg_get_str(&m);
 *	n = msg_get_u16(&m);
 *	if (!msg_done(&m))
 *		... m.fault says why
 *
 * After a failure strings are "" and numbers 0; a count that sizes a loop or
 * an array is compared with what is left (msg_get_count) before it is believed.
 * What is returned points into the message.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_MSG_H
#define PGBLOB_WIRE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum msg_fault {
	MSG_FINE = 0,
	MSG_SHORT,    /* a field would end past the message */
	MSG_NO_NUL,   /* a string that does not end */
	MSG_NOT_UTF8, /* text that is no text: bad_text says where */
	MSG_LONG,     /* bytes are left over */
};

struct msg {
	const char *at;
	const char *end;
	enum msg_fault fault;
	const char *bad_text; /* MSG_NOT_UTF8: the first bad byte */
	size_t bad_len;       /* bytes of the text from there on */
};

static inline struct msg msg_of(const void *bytes, size_t len)
{
	return (struct msg){ .at = bytes, .end = (const char *)bytes + len };
}

uint8_t msg_get_u8(struct msg *m);
uint16_t msg_get_u16(struct msg *m);
uint32_t msg_get_u32(struct msg *m);

/* A count of things of at least `size` bytes each; fails if they cannot be left. */
size_t msg_get_count(struct msg *m, size_t size);

/* A string with its NUL, valid UTF-8. */
const char *msg_get_str(struct msg *m);

/* `len` bytes of any kind. */
const char *msg_get_bytes(struct msg *m, size_t len);

/* Text that is not ended by a NUL is no text either. */
void msg_check_text(struct msg *m, const char *text, size_t len);

/* Everything was read, and nothing is left over. */
MUST_CHECK bool msg_done(struct msg *m);

/* What a client is told of it: the SQLSTATE and the text, in `out`. */
const char *msg_describe_fault(const struct msg *m, char *out, size_t size);

#endif
