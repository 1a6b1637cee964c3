/*
 * msg.c - reading the fields of one message
 * Licence: MIT, see LICENSE.
 */
#include "wire/msg.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

static void fail(struct msg *m, enum msg_fault fault)
{
	if (m->fault == MSG_FINE)
		m->fault = fault;
	m->at = m->end;
}

static const char *take(struct msg *m, size_t len)
{
	if (len > (size_t)(m->end - m->at) || m->fault != MSG_FINE) {
		fail(m, MSG_SHORT);
		return NULL;
	}
	const char *at = m->at;
	m->at += len;
	return at;
}

uint8_t msg_get_u8(struct msg *m)
{
	const char *p = take(m, 1);

	return p == NULL ? 0 : (uint8_t)*p;
}

uint16_t msg_get_u16(struct msg *m)
{
	const char *p = take(m, 2);

	return p == NULL ? 0 : get_u16(p);
}

uint32_t msg_get_u32(struct msg *m)
{
	const char *p = take(m, 4);

	return p == NULL ? 0 : get_u32(p);
}

size_t msg_get_count(struct msg *m, size_t size)
{
	size_t n = msg_get_u16(m);

	if (n * size > (size_t)(m->end - m->at)) {
		fail(m, MSG_SHORT);
		return 0;
	}
	return n;
}

void msg_check_text(struct msg *m, const char *text, size_t len)
{
	size_t valid = utf8_valid_len(text, len);

	if (valid == len || m->fault != MSG_FINE)
		return;
	m->bad_text = text + valid;
	m->bad_len = len - valid;
	fail(m, MSG_NOT_UTF8);
}

const char *msg_get_str(struct msg *m)
{
	const char *text = m->at;

	if (m->fault != MSG_FINE)
		return "";
	const char *nul = text == m->end ? NULL : memchr(text, '\0', (size_t)(m->end - text));
	if (nul == NULL) {
		fail(m, MSG_NO_NUL);
		return "";
	}
	m->at = nul + 1;
	msg_check_text(m, text, (size_t)(nul - text));
	return m->fault == MSG_FINE ? text : "";
}

const char *msg_get_bytes(struct msg *m, size_t len)
{
	const char *p = take(m, len);

	return p == NULL ? "" : p;
}

bool msg_done(struct msg *m)
{
	if (m->at != m->end)
		fail(m, MSG_LONG);
	return m->fault == MSG_FINE;
}

const char *msg_describe_fault(const struct msg *m, char *out, size_t size)
{
	char bytes[20];

	switch (m->fault) {
	case MSG_FINE:
		break;
	case MSG_SHORT:
		snprintf(out, size, "insufficient data left in message");
		return "08P01";
	case MSG_NO_NUL:
		snprintf(out, size, "invalid string in message");
		return "08P01";
	case MSG_LONG:
		snprintf(out, size, "invalid message format");
		return "08P01";
	case MSG_NOT_UTF8:
		utf8_describe(m->bad_text, m->bad_len, bytes);
		snprintf(out, size, "invalid byte sequence for encoding \"UTF8\": %s", bytes);
		return "22021";
	}
	snprintf(out, size, "no fault");
	return "XX000";
}
