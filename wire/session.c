/*
 * session.c - messages after start-up
 *
 * FORMAT   type, one byte; length of what follows and of itself, int32; body.
 *   Q  text                          B  portal, statement, n formats, n values,
 *   P  name, text, n type oids          n result formats
 *   D  'S' or 'P', name              E  portal, int32 rows
 *   C  'S' or 'P', name              S, H, X, c  nothing
 *   d  bytes                         f  reason
 * Licence: MIT, see LICENSE.
 */
#include "wire/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "wire/conn.h"
#include "wire/msg.h"
#include "wire/out.h"
#include "wire/server.h"

enum {
	HEADER_LEN = 5,
	SMALL_MAX = 10000,  /* of a message that holds no more than a name */
	N_ON_STACK = 32,    /* parameters of a Bind that need no malloc() */
};

/* The limit of a type's length word; 0: no client sends it. */
static size_t limit_of(char type, size_t max_message)
{
	switch (type) {
	case 'Q':
	case 'P':
	case 'B':
	case 'F':
	case 'd':
		return max_message;
	case 'C':
	case 'D':
	case 'E':
	case 'H':
	case 'S':
	case 'X':
	case 'c':
	case 'f':
	case 'p':
		return SMALL_MAX;
	}
	return 0;
}

enum frame_rc session_frame(const char *at, size_t left, size_t max_message, struct frame *out)
{
	out->want = 0;
	if (left == 0)
		return FRAME_MORE;
	out->type = at[0];
	size_t limit = limit_of(at[0], max_message);
	if (limit == 0)
		return FRAME_TYPE;
	if (left < HEADER_LEN)
		return FRAME_MORE;
	uint32_t length = get_u32(at + 1);
	if (length < 4)
		return FRAME_LENGTH;
	if (length > limit)
		return limit == max_message ? FRAME_LARGE : FRAME_LENGTH;
	out->body = at + HEADER_LEN;
	out->len = length - 4;
	if (left - HEADER_LEN >= out->len)
		return FRAME_READY;
	out->want = out->len - (left - HEADER_LEN);
	return FRAME_MORE;
}

/* The boundary of the next message is lost: nothing but an end is left. */
static void tell_lost(struct conn *c, enum frame_rc rc, const struct frame *f)
{
	if (rc == FRAME_TYPE)
		out_errorf(c, "FATAL", "08P01", "invalid frontend message type %d",
			   (unsigned char)f->type);
	else if (rc == FRAME_LARGE)
		out_errorf(c, "FATAL", "54000",
			   "a message of the client is larger than %zu bytes",
			   c->server->config.max_message);
	else
		out_errorf(c, "FATAL", "08P01", "invalid message length");
}

/* An extended-query message failed: nothing counts until Sync. */
static void skip_to_sync(struct conn *c)
{
	c->skip = true;
	stream_flush(&c->stream);
}

/* wire itself found something wrong with a message. */
static void tell_bad_message(struct conn *c, const struct msg *m)
{
	char text[128];
	const char *sqlstate = msg_describe_fault(m, text, sizeof(text));

	out_errorf(c, "ERROR", sqlstate, "%s", text);
	c->server->ops->fail(c->session);
}

void session_ready(struct conn *c)
{
	struct buf *b = &c->stream.out;

	/* a FATAL error is the last word */
	if (!c->fatal) {
		size_t at = out_begin(b, 'Z');

		buf_put_byte(b, (char)c->server->ops->status(c->session));
		out_end(b, at);
	}
	c->skip = false;
	c->in_batch = false;
	/* whoever has read this may not hit the next statement with a late cancel */
	conn_leave(c);
	stream_flush(&c->stream);
}

static void on_query(struct conn *c, struct msg *m)
{
	const char *text = msg_get_str(m);

	if (msg_done(m))
		(void)c->server->ops->simple_query(c->session, text, &c->out);
	else
		tell_bad_message(c, m);
	session_ready(c);
}

static bool on_parse(struct conn *c, struct msg *m)
{
	uint32_t few[N_ON_STACK];
	uint32_t *oids = few;
	const char *name = msg_get_str(m);
	const char *text = msg_get_str(m);
	size_t n = msg_get_count(m, sizeof(uint32_t));

	if (n > N_ON_STACK && (oids = calloc(n, sizeof(*oids))) == NULL) {
		out_errorf(c, "ERROR", "53200", "out of memory");
		c->server->ops->fail(c->session);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		oids[i] = msg_get_u32(m);
	bool ok = msg_done(m);
	if (!ok)
		tell_bad_message(c, m);
	else if ((ok = c->server->ops->parse(c->session, name, text, oids, n, &c->out)))
		out_bare(&c->stream.out, '1');
	if (oids != few)
		free(oids);
	return ok;
}

struct bind {
	const char *portal;
	const char *statement;
	int16_t *formats;
	size_t n_formats;
	struct exec_value *values;
	size_t n_values;
	int16_t *result_formats;
	size_t n_result_formats;
	int16_t few_formats[N_ON_STACK];
	int16_t few_result_formats[N_ON_STACK];
	struct exec_value few_values[N_ON_STACK];
};

static int16_t *read_formats(struct msg *m, int16_t *few, size_t *n, bool *out_of_memory)
{
	int16_t *formats = few;

	*n = msg_get_count(m, sizeof(int16_t));
	if (*n > N_ON_STACK && (formats = calloc(*n, sizeof(*formats))) == NULL) {
		*out_of_memory = true;
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++)
		formats[i] = (int16_t)msg_get_u16(m);
	return formats;
}

static bool is_text(const struct bind *b, size_t i)
{
	if (b->n_formats == 0)
		return true;
	return b->formats[b->n_formats == 1 ? 0 : i] == 0;
}

static void read_values(struct msg *m, struct bind *b, bool *out_of_memory)
{
	b->n_values = msg_get_count(m, sizeof(uint32_t));
	b->values = b->few_values;
	if (b->n_values > N_ON_STACK &&
	    (b->values = calloc(b->n_values, sizeof(*b->values))) == NULL) {
		*out_of_memory = true;
		b->n_values = 0;
		return;
	}
	bool formats_fit = b->n_formats <= 1 || b->n_formats == b->n_values;
	for (size_t i = 0; i < b->n_values; i++) {
		uint32_t len = msg_get_u32(m);

		if (len == UINT32_MAX) {
			b->values[i] = (struct exec_value){ .data = NULL };
			continue;
		}
		b->values[i].data = msg_get_bytes(m, len);
		b->values[i].len = m->fault == MSG_FINE ? len : 0;
		if (formats_fit && is_text(b, i))
			msg_check_text(m, b->values[i].data, b->values[i].len);
	}
}

/* False: a format code is neither text nor binary; told. */
static bool check_formats(struct conn *c, const int16_t *formats, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (formats[i] == 0 || formats[i] == 1)
			continue;
		out_errorf(c, "ERROR", "22023", "unsupported format code: %d", formats[i]);
		return false;
	}
	return true;
}

static bool check_bind(struct conn *c, const struct bind *b, bool out_of_memory)
{
	if (out_of_memory) {
		out_errorf(c, "ERROR", "53200", "out of memory");
		return false;
	}
	if (b->n_formats > 1 && b->n_formats != b->n_values) {
		out_errorf(c, "ERROR", "08P01",
			   "bind message has %zu parameter formats but %zu parameters",
			   b->n_formats, b->n_values);
		return false;
	}
	return check_formats(c, b->formats, b->n_formats) &&
	       check_formats(c, b->result_formats, b->n_result_formats);
}

static bool on_bind(struct conn *c, struct msg *m)
{
	struct bind b;
	bool out_of_memory = false;
	bool ok = false;

	b.portal = msg_get_str(m);
	b.statement = msg_get_str(m);
	b.formats = read_formats(m, b.few_formats, &b.n_formats, &out_of_memory);
	read_values(m, &b, &out_of_memory);
	b.result_formats =
		read_formats(m, b.few_result_formats, &b.n_result_formats, &out_of_memory);
	if (!out_of_memory && !msg_done(m))
		tell_bad_message(c, m);
	else if (!check_bind(c, &b, out_of_memory))
		c->server->ops->fail(c->session);
	else
		ok = c->server->ops->bind(c->session, b.portal, b.statement, b.formats,
					  b.n_formats, b.values, b.n_values, b.result_formats,
					  b.n_result_formats, &c->out);
	if (ok)
		out_bare(&c->stream.out, '2');
	if (b.formats != b.few_formats)
		free(b.formats);
	if (b.values != b.few_values)
		free(b.values);
	if (b.result_formats != b.few_result_formats)
		free(b.result_formats);
	return ok;
}

/* Describe and Close: what is named, a statement ('S') or a portal ('P'). */
static bool read_target(struct conn *c, struct msg *m, const char *message, char *what,
			const char **name)
{
	*what = (char)msg_get_u8(m);
	*name = msg_get_str(m);
	if (!msg_done(m)) {
		tell_bad_message(c, m);
		return false;
	}
	if (*what == 'S' || *what == 'P')
		return true;
	out_errorf(c, "ERROR", "08P01", "invalid %s message subtype %d", message,
		   (unsigned char)*what);
	c->server->ops->fail(c->session);
	return false;
}

static bool on_describe(struct conn *c, struct msg *m)
{
	char what;
	const char *name;

	if (!read_target(c, m, "DESCRIBE", &what, &name))
		return false;
	if (what == 'S')
		return c->server->ops->describe_statement(c->session, name, &c->out);
	return c->server->ops->describe_portal(c->session, name, &c->out);
}

static bool on_close(struct conn *c, struct msg *m)
{
	char what;
	const char *name;

	if (!read_target(c, m, "CLOSE", &what, &name))
		return false;
	if (what == 'S')
		c->server->ops->close_statement(c->session, name);
	else
		c->server->ops->close_portal(c->session, name);
	out_bare(&c->stream.out, '3');
	return true;
}

static bool on_execute(struct conn *c, struct msg *m)
{
	const char *portal = msg_get_str(m);
	int32_t max_rows = (int32_t)msg_get_u32(m);

	if (!msg_done(m)) {
		tell_bad_message(c, m);
		return false;
	}
	return c->server->ops->execute(c->session, portal, max_rows > 0 ? (uint32_t)max_rows : 0,
				       &c->out);
}

static void on_sync(struct conn *c, struct msg *m)
{
	if (msg_done(m))
		(void)c->server->ops->sync(c->session, &c->out);
	else
		tell_bad_message(c, m);
	session_ready(c);
}

static void handle(struct conn *c, char type, struct msg *m)
{
	bool ok = true;

	switch (type) {
	case 'Q':
		if (!c->skip)
			on_query(c, m);
		return;
	case 'S':
		on_sync(c, m);
		return;
	case 'F':
		if (c->skip)
			return;
		out_errorf(c, "ERROR", "0A000", "function call messages are not supported");
		c->server->ops->fail(c->session);
		session_ready(c);
		return;
	case 'd':
	case 'c':
	case 'f':
		/* the rest of a COPY that failed: the client did not know yet */
		return;
	case 'p':
		out_errorf(c, "FATAL", "08P01", "unexpected password message");
		return;
	}
	if (c->skip)
		return;
	switch (type) {
	case 'P':
		ok = on_parse(c, m);
		break;
	case 'B':
		ok = on_bind(c, m);
		break;
	case 'D':
		ok = on_describe(c, m);
		break;
	case 'E':
		ok = on_execute(c, m);
		break;
	case 'C':
		ok = on_close(c, m);
		break;
	case 'H':
		if ((ok = msg_done(m)))
			stream_flush(&c->stream);
		else
			tell_bad_message(c, m);
		break;
	}
	if (!ok)
		skip_to_sync(c);
}

enum step session_step(struct conn *c, size_t *want)
{
	struct stream *s = &c->stream;
	struct frame f = { 0 };
	enum frame_rc rc = session_frame(stream_data(s), stream_left(s),
					 c->server->config.max_message, &f);

	*want = f.want;
	if (rc == FRAME_MORE)
		return STEP_WAIT;
	if (rc != FRAME_READY) {
		tell_lost(c, rc, &f);
		return STEP_NEXT;
	}
	stream_consume(s, HEADER_LEN + f.len);
	if (f.type == 'X')
		return STEP_END;
	struct msg m = msg_of(f.body, f.len);
	c->in_batch = true;
	conn_enter(c);
	handle(c, f.type, &m);
	if (c->copying) {
		buf_free(&c->aside);
		c->copying = false;
	}
	return STEP_NEXT;
}

/*
 * The message at work lies in the input buffer, and its text is in use until
 * the executor returns: keep that buffer, read on into another.
 */
void session_copy_begin(struct conn *c)
{
	struct stream *s = &c->stream;

	if (c->copying)
		return;
	struct buf fresh = BUF_INIT(s->in.limit);
	buf_put(&fresh, stream_data(s), stream_left(s));
	if (fresh.failed)
		s->broken = true;
	c->aside = s->in;
	c->copying = true;
	s->in = fresh;
	s->in_at = 0;
}

long session_copy_next(struct conn *c, const char **data)
{
	static _Thread_local char unexpected[64];
	struct stream *s = &c->stream;
	struct frame f = { 0 };

	assert(c->copying);
	*data = NULL;
	while (!s->broken && !c->fatal) {
		enum frame_rc rc = session_frame(stream_data(s), stream_left(s),
						 c->server->config.max_message, &f);

		if (rc == FRAME_MORE) {
			stream_fill(s, f.want, STREAM_BLOCK);
			continue;
		}
		if (rc != FRAME_READY) {
			tell_lost(c, rc, &f);
			break;
		}
		stream_consume(s, HEADER_LEN + f.len);
		struct msg m = msg_of(f.body, f.len);
		switch (f.type) {
		case 'd':
			if (f.len == 0)
				continue;
			*data = f.body;
			return (long)f.len;
		case 'c':
			return 0;
		case 'f':
			*data = msg_get_str(&m);
			return -1;
		case 'H':
		case 'S':
			/* a client may send them before it knows that this is a COPY */
			continue;
		case 'X':
			s->broken = true;
			continue;
		}
		snprintf(unexpected, sizeof(unexpected),
			 "unexpected message type 0x%02X during COPY from stdin",
			 (unsigned char)f.type);
		*data = unexpected;
		return -1;
	}
	return -1;
}
