/*
 * client.c - a client that sends what it is told, byte by byte if need be
 * Licence: MIT, see LICENSE.
 */
#include "tests/wire/client.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"

/* Nobody waits so long but for an answer that never comes. */
enum { WAIT_MS = 120000 };

void client_open(struct client *c, uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(c, 0, sizeof(*c));
	buf_init(&c->out, 1 << 30);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(0, connect(c->fd, (struct sockaddr *)&at, sizeof(at)));
}

void client_close(struct client *c)
{
	buf_free(&c->out);
	free(c->body);
	c->body = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void put_begin(struct client *c, char type)
{
	if (type != 0)
		buf_put_byte(&c->out, type);
	c->message = c->out.len;
	buf_put_u32(&c->out, 0);
}

void put_end(struct client *c)
{
	set_u32(c->out.data + c->message, (uint32_t)(c->out.len - c->message));
}

void put_str(struct client *c, const char *text)
{
	buf_put(&c->out, text, strlen(text) + 1);
}

void put_query(struct client *c, const char *text)
{
	put_begin(c, 'Q');
	put_str(c, text);
	put_end(c);
}

void put_parse(struct client *c, const char *name, const char *text)
{
	put_begin(c, 'P');
	put_str(c, name);
	put_str(c, text);
	buf_put_u16(&c->out, 0);
	put_end(c);
}

void put_bind(struct client *c, const char *portal, const char *statement, size_t n, ...)
{
	va_list args;

	put_begin(c, 'B');
	put_str(c, portal);
	put_str(c, statement);
	buf_put_u16(&c->out, 0);
	buf_put_u16(&c->out, (uint16_t)n);
	va_start(args, n);
	for (size_t i = 0; i < n; i++) {
		const char *value = va_arg(args, const char *);

		if (value == NULL) {
			buf_put_u32(&c->out, UINT32_MAX);
			continue;
		}
		buf_put_u32(&c->out, (uint32_t)strlen(value));
		buf_put_str(&c->out, value);
	}
	va_end(args);
	buf_put_u16(&c->out, 0);
	put_end(c);
}

static void put_target(struct client *c, char type, char what, const char *name)
{
	put_begin(c, type);
	buf_put_byte(&c->out, what);
	put_str(c, name);
	put_end(c);
}

void put_describe(struct client *c, char what, const char *name)
{
	put_target(c, 'D', what, name);
}

void put_close(struct client *c, char what, const char *name)
{
	put_target(c, 'C', what, name);
}

void put_execute(struct client *c, const char *portal, uint32_t max_rows)
{
	put_begin(c, 'E');
	put_str(c, portal);
	buf_put_u32(&c->out, max_rows);
	put_end(c);
}

void put_bare(struct client *c, char type)
{
	put_begin(c, type);
	put_end(c);
}

void put_startup(struct client *c, uint32_t version, const char *user, const char *database)
{
	put_begin(c, 0);
	buf_put_u32(&c->out, version);
	put_str(c, "user");
	put_str(c, user);
	put_str(c, "database");
	put_str(c, database);
	buf_put_byte(&c->out, '\0');
	put_end(c);
}

bool client_send(struct client *c)
{
	size_t at = 0;

	while (at < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + at, c->out.len - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	bool all = at == c->out.len;
	buf_reset(&c->out);
	return all;
}

static bool read_all(int fd, char *into, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, WAIT_MS) <= 0)
			return false;
		ssize_t n = recv(fd, into, len, 0);
		if (n <= 0)
			return false;
		into += n;
		len -= (size_t)n;
	}
	return true;
}

bool client_read(struct client *c)
{
	char header[5];

	free(c->body);
	c->body = NULL;
	c->type = 0;
	if (!read_all(c->fd, header, 5))
		return false;
	c->len = get_u32(header + 1) - 4;
	ck_assert_uint_lt(c->len, 1u << 30);
	c->body = malloc(c->len + 1);
	ck_assert(read_all(c->fd, c->body, c->len));
	c->body[c->len] = '\0';
	c->type = header[0];
	if (c->type == 'K') {
		c->pid = (int32_t)get_u32(c->body);
		c->key_len = c->len - 4;
		memcpy(c->key, c->body + 4, c->key_len);
	}
	return true;
}

const char *client_field(const struct client *c, char code)
{
	const char *at = c->body;

	while (at != NULL && *at != '\0') {
		if (*at == code)
			return at + 1;
		at += strlen(at) + 1;
	}
	return "";
}

static void describe(struct client *c, struct buf *text)
{
	if (c->type == 'D') {
		size_t n = get_u16(c->body);
		size_t at = 2;

		buf_put_byte(text, '(');
		for (size_t i = 0; i < n; i++) {
			int len = (int)get_u32(c->body + at);

			at += 4;
			if (i > 0)
				buf_put_byte(text, ',');
			if (len > 0)
				buf_put(text, c->body + at, (size_t)len);
			at += len > 0 ? (size_t)len : 0;
		}
		buf_put_byte(text, ')');
	}
	if (c->type == 'C')
		buf_printf(text, "(%s)", c->body);
	if (c->type == 'E' || c->type == 'N')
		buf_printf(text, "(%s)", client_field(c, 'C'));
	if (c->type == 'Z')
		buf_printf(text, "(%c)", c->body[0]);
	if (c->type == 'S')
		buf_printf(text, "(%s=%s)", c->body, c->body + strlen(c->body) + 1);
}

const char *client_conversation(struct client *c, bool full)
{
	static struct buf text = BUF_INIT(1 << 30);

	buf_reset(&text);
	do {
		if (!client_read(c)) {
			buf_put_byte(&text, '.');
			break;
		}
		buf_put_byte(&text, c->type);
		if (full)
			describe(c, &text);
	} while (c->type != 'Z');
	return buf_str(&text);
}

const char *client_query(struct client *c, const char *text)
{
	put_query(c, text);
	client_send(c);
	return client_conversation(c, true);
}

void client_login(struct client *c, uint16_t port)
{
	client_open(c, port);
	put_startup(c, 3 << 16, "app", "db");
	client_send(c);
	const char *said = client_conversation(c, false);
	ck_assert_str_eq(said, "RSSSKZ");
}

void client_cancel(uint16_t port, int32_t pid, const char *key, size_t key_len)
{
	struct client c;
	char waste;

	client_open(&c, port);
	put_begin(&c, 0);
	buf_put_u32(&c.out, 80877102);
	buf_put_u32(&c.out, (uint32_t)pid);
	buf_put(&c.out, key, key_len);
	put_end(&c);
	client_send(&c);
	/* nothing is answered; the end of file says that it was done */
	ck_assert_int_eq(0, recv(c.fd, &waste, 1, 0));
	client_close(&c);
}
