/*
 * fuzz_session.c - any bytes as the messages of a session
 *
 * The first byte says into how many pieces the rest is cut.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "wire/conn.h"
#include "wire/server.h"
#include "wire/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An executor: a statement that begins with 'e' fails, with 'c' is a COPY, else is a row. */
static char session;

static bool run(const char *text, struct exec_out *out)
{
	const char *data;
	long n;

	if (text[0] == 'e') {
		out->error(out, &(struct exec_error){ .severity = "ERROR", .sqlstate = "42601",
						      .message = text });
		return false;
	}
	if (text[0] == 'c') {
		out->copy_in_begin(out, 0, 1);
		while ((n = out->copy_in_next(out, &data)) > 0)
			if (memchr(data, '!', (size_t)n) != NULL)
				break;
	} else {
		struct buf *b = out->row_begin(out, 1);

		if (b == NULL)
			return false;
		buf_put_u32(b, (uint32_t)strlen(text));
		buf_put_str(b, text);
		if (!out->row_end(out))
			return false;
	}
	out->complete(out, text);
	return true;
}

static bool simple_query(void *s, const char *text, struct exec_out *out)
{
	(void)s;
	return run(text, out);
}

static bool parse(void *s, const char *name, const char *text, const uint32_t *type_oids,
		  size_t n_types, struct exec_out *out)
{
	(void)s;
	out->parameters(out, type_oids, n_types);
	return strlen(name) < 100 && text[0] != 'e';
}

static bool bind_it(void *s, const char *portal, const char *statement, const int16_t *formats,
		 size_t n_formats, const struct exec_value *values, size_t n_values,
		 const int16_t *result_formats, size_t n_result_formats, struct exec_out *out)
{
	uint64_t sum = strlen(portal) + strlen(statement);

	(void)s;
	(void)out;
	for (size_t i = 0; i < n_formats; i++)
		sum += (uint64_t)formats[i];
	for (size_t i = 0; i < n_result_formats; i++)
		sum += (uint64_t)result_formats[i];
	for (size_t i = 0; i < n_values; i++)
		for (size_t k = 0; values[i].data != NULL && k < values[i].len; k++)
			sum += (unsigned char)values[i].data[k];
	return sum % 7 != 0;
}

static bool describe(void *s, const char *name, struct exec_out *out)
{
	(void)s;
	out->no_data(out);
	return name[0] != 'e';
}

static bool execute(void *s, const char *portal, uint32_t max_rows, struct exec_out *out)
{
	(void)s;
	return max_rows != 1 && run(portal, out);
}

static void close_it(void *s, const char *name)
{
	(void)s;
	(void)strlen(name);
}

static bool sync_it(void *s, struct exec_out *out)
{
	(void)s;
	(void)out;
	return true;
}

static void ignore(void *s)
{
	(void)s;
}

static enum exec_status status(void *s)
{
	(void)s;
	return EXEC_IDLE;
}

static const struct executor_ops ops = {
	.disconnect = ignore, .simple_query = simple_query, .parse = parse, .bind = bind_it,
	.describe_statement = describe, .describe_portal = describe, .execute = execute,
	.close_statement = close_it, .close_portal = close_it, .sync = sync_it, .fail = ignore,
	.status = status, .cancel = ignore, .terminate = ignore,
};

static void drain(int fd)
{
	char waste[65536];

	while (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_server server = { .config = { .max_message = 1 << 20 }, .ops = &ops };
	int fds[2];
	size_t at = 1;

	if (size < 1 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 0;
	struct conn *c = conn_new(&server, fds[0], "fuzz");
	if (c == NULL)
		abort();
	c->phase = CONN_READY;
	c->session = &session;
	c->killed = true; /* nothing waits */
	size_t piece = 1 + (size - 1) / (size_t)(1 + data[0] % 8);
	enum step step = STEP_WAIT;
	while (at < size && step == STEP_WAIT) {
		size_t n = size - at < piece ? size - at : piece;
		size_t want;

		/* a COPY reads on from the socket; the rest begins a message */
		if (send(fds[1], data + at, n, MSG_DONTWAIT) < 0)
			break;
		at += n;
		while (stream_fill(&c->stream, 0, STREAM_NOW) == STREAM_DATA)
			;
		do {
			step = session_step(c, &want);
			drain(fds[1]);
		} while (step == STEP_NEXT && !c->fatal && !c->stream.broken);
	}
	c->session = NULL;
	conn_free(c);
	close(fds[1]);
	return 0;
}
