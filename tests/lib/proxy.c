/*
 * proxy.c - an HTTP proxy between a store's client and its server that
 * misbehaves when told to
 *
 * One thread accepts; each connection of a client has a thread and at most one
 * connection to the server.  A request is read whole, passed on, and its answer
 * read whole before anything is passed back, so that each fault has a definite
 * place.
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"

enum { MAX_CLIENTS = 512, HEAD_MAX = 64 << 10, MESSAGE_MAX = 256 << 20 };

/*
 * Addresses and endpoint never change after proxy_open(); lock guards the rest.
 * No lock is held while a byte moves.
 */
struct proxy {
	struct sockaddr_storage server;
	socklen_t server_len;
	char endpoint[256];
	int listener;
	pthread_t acceptor;

	struct mutex lock;
	struct cond idle;            /* n_threads has become 0 */
	int sockets[MAX_CLIENTS * 2]; /* open ones, for proxy_close() to cut; -1: free */
	unsigned n_threads;
	bool closing;
	bool armed, sticky, hit;
	unsigned left; /* requests until the fault */
	enum proxy_mode mode;
	unsigned latency_ms, delay_ms;
	struct proxy_counts counts;
};

/* A socket and what was read of it, but not used yet. */
struct stream {
	struct proxy *proxy;
	int fd; /* -1: none */
	struct buf in;
};

/* A request or an answer, byte for byte. */
struct message {
	struct buf bytes;
	size_t head_len; /* with the empty line */
	int status;      /* of an answer */
	bool close;      /* its connection is of no more use */
};

static const char *const mode_names[PROXY_N_MODES] = {
	[PROXY_DROP] = "drop",           [PROXY_LOST_REPLY] = "lost-reply",
	[PROXY_HANG] = "hang",           [PROXY_LATE] = "late",
	[PROXY_DELAY] = "delay",         [PROXY_REPEAT] = "repeat",
	[PROXY_TRUNCATE] = "truncate",   [PROXY_GARBAGE] = "garbage",
	[PROXY_503] = "503",             [PROXY_500] = "500",
	[PROXY_500_DONE] = "500-done",   [PROXY_409] = "409",
};

const char *proxy_mode_name(enum proxy_mode mode)
{
	return mode_names[mode];
}

bool proxy_mode_of_name(const char *name, enum proxy_mode *out)
{
	for (unsigned i = 0; i < PROXY_N_MODES; i++) {
		if (strcmp(mode_names[i], name) == 0) {
			*out = (enum proxy_mode)i;
			return true;
		}
	}
	return false;
}

/* Remember an open socket; false when the proxy is closing. */
static bool socket_add(struct proxy *p, int fd)
{
	bool added = false;

	mutex_lock(&p->lock);
	for (size_t i = 0; !p->closing && !added && i < ARRAY_LEN(p->sockets); i++) {
		if (p->sockets[i] == -1) {
			p->sockets[i] = fd;
			added = true;
		}
	}
	mutex_unlock(&p->lock);
	return added;
}

static void socket_close(struct proxy *p, int fd)
{
	mutex_lock(&p->lock);
	for (size_t i = 0; i < ARRAY_LEN(p->sockets); i++)
		if (p->sockets[i] == fd)
			p->sockets[i] = -1;
	close(fd); /* under the lock: the number may be given away at once */
	mutex_unlock(&p->lock);
}

static void stream_close(struct stream *s)
{
	if (s->fd != -1)
		socket_close(s->proxy, s->fd);
	s->fd = -1;
	buf_reset(&s->in);
}

/* Sleep, but not much longer than the proxy lives. */
static void pause_ms(struct proxy *p, unsigned ms)
{
	while (ms > 0) {
		unsigned part = ms < 50 ? ms : 50;
		struct timespec ts = { .tv_nsec = (long)part * 1000000 };

		nanosleep(&ts, NULL);
		ms -= part;
		mutex_lock(&p->lock);
		if (p->closing)
			ms = 0;
		mutex_unlock(&p->lock);
	}
}

static bool send_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Read some more; false at the end or on failure. */
static bool stream_fill(struct stream *s)
{
	char part[64 << 10];
	ssize_t n;

	do
		n = recv(s->fd, part, sizeof(part), 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	buf_put(&s->in, part, (size_t)n);
	return !s->in.failed;
}

/* Move the first n bytes, which must be there or come, to `out`. */
static bool stream_take(struct stream *s, size_t n, struct buf *out)
{
	while (s->in.len < n)
		if (!stream_fill(s))
			return false;
	buf_put(out, s->in.data, n);
	memmove(s->in.data, s->in.data + n, s->in.len - n);
	s->in.len -= n;
	return !out->failed;
}

/* Length of the line that begins at `from` with its end, once it is there; 0: none. */
static size_t stream_line(struct stream *s, size_t from)
{
	for (;;) {
		char *end = s->in.len > from ?
			memchr(s->in.data + from, '\n', s->in.len - from) : NULL;
		if (end != NULL)
			return (size_t)(end - (s->in.data + from)) + 1;
		if (s->in.len - from > HEAD_MAX || !stream_fill(s))
			return 0;
	}
}

/* Value of a header in the message's head, up to the end of its line; NULL: none. */
static const char *header(const struct message *m, const char *name, size_t *len)
{
	const char *at = m->bytes.data, *end = at + m->head_len;
	size_t name_len = strlen(name);

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL && ++at < end) {
		if ((size_t)(end - at) <= name_len || at[name_len] != ':' ||
		    strncasecmp(at, name, name_len) != 0)
			continue;
		at += name_len + 1;
		while (at < end && *at == ' ')
			at++;
		*len = strcspn(at, "\r\n"); /* the head ends with a line's end */
		return at;
	}
	return NULL;
}

static bool header_is(const struct message *m, const char *name, const char *value)
{
	size_t len;
	const char *at = header(m, name, &len);

	return at != NULL && len == strlen(value) && strncasecmp(at, value, len) == 0;
}

static bool take_head(struct stream *s, struct message *m)
{
	size_t n = 0;

	for (;;) {
		size_t line = stream_line(s, n);
		if (line == 0 || n + line > HEAD_MAX)
			return false;
		n += line;
		if (line <= 2)
			break;
	}
	m->head_len = n;
	return stream_take(s, n, &m->bytes);
}

static bool take_chunks(struct stream *s, struct buf *out)
{
	for (;;) {
		size_t line = stream_line(s, 0);
		if (line == 0)
			return false;
		unsigned long n = strtoul(s->in.data, NULL, 16);
		if (n > MESSAGE_MAX || !stream_take(s, line + n + 2, out))
			return false;
		if (n == 0)
			return true; /* trailers are not expected */
	}
}

static bool take_body(struct stream *s, struct message *m, bool until_end)
{
	size_t len;
	const char *at;

	if (header_is(m, "Transfer-Encoding", "chunked"))
		return take_chunks(s, &m->bytes);
	if ((at = header(m, "Content-Length", &len)) != NULL) {
		unsigned long n = strtoul(at, NULL, 10);
		return n <= MESSAGE_MAX && stream_take(s, n, &m->bytes);
	}
	if (until_end) {
		while (stream_fill(s))
			;
		m->close = true;
		return stream_take(s, s->in.len, &m->bytes);
	}
	return true;
}

static bool take_request(struct stream *s, struct message *m)
{
	if (!take_head(s, m))
		return false;
	m->close = header_is(m, "Connection", "close");
	if (header_is(m, "Expect", "100-continue")) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
		if (!send_all(s->fd, go_on, sizeof(go_on) - 1))
			return false;
	}
	return take_body(s, m, false);
}

static bool take_answer(struct stream *s, struct message *m, bool to_head)
{
	do { /* 100 Continue was said by us already */
		buf_reset(&m->bytes);
		if (!take_head(s, m) || m->head_len < 13)
			return false;
		m->status = atoi(m->bytes.data + 9);
	} while (m->status >= 100 && m->status < 200);
	m->close = header_is(m, "Connection", "close");
	if (to_head || m->status == 204 || m->status == 304)
		return true;
	return take_body(s, m, true);
}

static bool is_method(const struct message *m, const char *method)
{
	size_t len = strlen(method);

	return m->bytes.len > len && memcmp(m->bytes.data, method, len) == 0 &&
	       m->bytes.data[len] == ' ';
}

/* Connect to the server unless a kept connection is still good. */
static bool server_connect(struct proxy *p, struct stream *server)
{
	struct pollfd peek = { .fd = server->fd, .events = POLLIN };
	int on = 1;

	/* anything to read between two requests is the end of the connection */
	if (server->fd != -1 && poll(&peek, 1, 0) == 0)
		return true;
	stream_close(server);
	int fd = socket(p->server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	if (connect(fd, (struct sockaddr *)&p->server, p->server_len) != 0 ||
	    !socket_add(p, fd)) {
		close(fd);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server->fd = fd;
	return true;
}

/* Have the server execute the request; `answer` is overwritten. */
static bool ask_server(struct proxy *p, struct stream *server, const struct message *req,
		       struct message *answer)
{
	if (!server_connect(p, server))
		return false;
	if (!send_all(server->fd, req->bytes.data, req->bytes.len) ||
	    !take_answer(server, answer, is_method(req, "HEAD"))) {
		stream_close(server);
		return false;
	}
	if (answer->close)
		stream_close(server);
	return true;
}

static bool send_error(int fd, const struct message *req, int status, const char *reason,
		       const char *code, const char *azure_code)
{
	struct buf out = BUF_INIT(2048), body = BUF_INIT(1024);

	buf_printf(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code>"
		   "<Message>injected fault</Message></Error>", code);
	buf_printf(&out, "HTTP/1.1 %d %s\r\nContent-Type: application/xml\r\n"
		   "x-ms-error-code: %s\r\nContent-Length: %zu\r\n\r\n", status, reason,
		   azure_code, body.len);
	if (!is_method(req, "HEAD"))
		buf_put(&out, body.data, body.len);
	bool sent = send_all(fd, out.data, out.len);
	buf_free(&out);
	buf_free(&body);
	return sent;
}

/* One client's connection. */
struct client {
	struct proxy *proxy;
	int fd;
};

/* Do what the mode says; false: the client's connection is to be closed. */
static bool misbehave(struct proxy *p, struct stream *client, struct stream *server,
		      const struct message *req, struct message *answer,
		      enum proxy_mode mode, unsigned delay_ms)
{
	char end;

	switch (mode) {
	case PROXY_DROP:
		return false;
	case PROXY_LOST_REPLY:
		(void)ask_server(p, server, req, answer);
		return false;
	case PROXY_HANG:
		if (ask_server(p, server, req, answer))
			while (recv(client->fd, &end, 1, 0) > 0)
				;
		return false;
	case PROXY_LATE:
		stream_close(client);
		pause_ms(p, delay_ms);
		(void)ask_server(p, server, req, answer);
		return false;
	case PROXY_DELAY:
		pause_ms(p, delay_ms);
		break;
	case PROXY_REPEAT:
		if (!ask_server(p, server, req, answer))
			return false;
		break;
	case PROXY_TRUNCATE:
		if (ask_server(p, server, req, answer)) {
			size_t body = answer->bytes.len - answer->head_len;
			size_t n = body > 0 ? answer->head_len + body / 2 : answer->head_len / 2;
			send_all(client->fd, answer->bytes.data, n);
		}
		return false;
	case PROXY_GARBAGE:
		if (ask_server(p, server, req, answer))
			send_all(client->fd, "\x15\x03\x01\r\n\r\nno HTTP\r\n", 17);
		return false;
	case PROXY_503:
		return send_error(client->fd, req, 503, "Service Unavailable", "SlowDown", "ServerBusy");
	case PROXY_500_DONE:
		if (!ask_server(p, server, req, answer))
			return false;
		/* fall through */
	case PROXY_500:
		return send_error(client->fd, req, 500, "Internal Server Error", "InternalError",
				  "InternalError");
	case PROXY_409:
		return send_error(client->fd, req, 409, "Conflict", "ConditionalRequestConflict",
				  "ConditionalRequestConflict");
	case PROXY_N_MODES:
		abort();
	}
	return ask_server(p, server, req, answer) &&
	       send_all(client->fd, answer->bytes.data, answer->bytes.len);
}

/* Value of "name=" in a query, up to '&'; false: not there. */
static bool query_value(const char *query, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *at = query; at != NULL && *at != '\0';
	     at = strchr(at, '&'), at = at != NULL ? at + 1 : NULL) {
		if (strncmp(at, name, len) != 0 || (at[len] != '=' && at[len] != '&' && at[len] != '\0'))
			continue;
		at += len + (at[len] == '=');
		snprintf(out, size, "%.*s", (int)strcspn(at, "&"), at);
		return true;
	}
	return false;
}

/* Answer a request for /-/..., `target` is what follows. */
static bool control(struct proxy *p, int fd, const char *target)
{
	char word[32] = "", answer[256] = "ok\n", out[512], nth[32] = "1";
	const char *query = strchr(target, '?');
	size_t verb = query != NULL ? (size_t)(query - target) : strlen(target);
	int status = 200;
	enum proxy_mode mode;

	query = query != NULL ? query + 1 : "";
	if (verb == 6 && memcmp(target, "counts", 6) == 0) {
		struct proxy_counts c = proxy_get_counts(p);
		snprintf(answer, sizeof(answer),
			 "all=%llu gets=%llu heads=%llu puts=%llu posts=%llu deletes=%llu faults=%llu\n",
			 (unsigned long long)c.all, (unsigned long long)c.gets,
			 (unsigned long long)c.heads, (unsigned long long)c.puts,
			 (unsigned long long)c.posts, (unsigned long long)c.deletes,
			 (unsigned long long)c.faults);
	} else if (verb == 3 && memcmp(target, "arm", 3) == 0 &&
		   query_value(query, "mode", word, sizeof(word)) &&
		   proxy_mode_of_name(word, &mode)) {
		(void)query_value(query, "nth", nth, sizeof(nth));
		if (query_value(query, "sticky", word, sizeof(word)))
			proxy_arm_sticky(p, (unsigned)strtoul(nth, NULL, 10), mode);
		else
			proxy_arm(p, (unsigned)strtoul(nth, NULL, 10), mode);
	} else if (verb == 6 && memcmp(target, "disarm", 6) == 0) {
		snprintf(answer, sizeof(answer), "%s\n", proxy_disarm(p) ? "hit" : "not hit");
	} else if (verb == 7 && memcmp(target, "latency", 7) == 0 &&
		   query_value(query, "ms", word, sizeof(word))) {
		proxy_set_latency(p, (unsigned)strtoul(word, NULL, 10));
	} else if (verb == 5 && memcmp(target, "delay", 5) == 0 &&
		   query_value(query, "ms", word, sizeof(word))) {
		proxy_set_delay(p, (unsigned)strtoul(word, NULL, 10));
	} else {
		status = 400;
		snprintf(answer, sizeof(answer), "counts, arm?nth=N&mode=MODE[&sticky], disarm, latency?ms=N, delay?ms=N\n");
	}
	int n = snprintf(out, sizeof(out), "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n\r\n%s", status, status == 200 ? "OK" : "Bad Request",
			 strlen(answer), answer);
	return send_all(fd, out, (size_t)n);
}

/* Is it for us?  Then answer it. */
static bool is_control(struct proxy *p, struct message *req, int fd, bool *sent)
{
	char target[256];

	if (sscanf(req->bytes.data, "%*15[A-Z] /-/%255[^ \r\n]", target) != 1)
		return false;
	*sent = control(p, fd, target);
	return true;
}

/* Count the request; which fault does it meet?  PROXY_N_MODES: none. */
static enum proxy_mode verdict(struct proxy *p, const struct message *req,
			       unsigned *latency_ms, unsigned *delay_ms)
{
	enum proxy_mode mode = PROXY_N_MODES;

	mutex_lock(&p->lock);
	p->counts.all++;
	p->counts.gets += is_method(req, "GET");
	p->counts.heads += is_method(req, "HEAD");
	p->counts.puts += is_method(req, "PUT");
	p->counts.posts += is_method(req, "POST");
	p->counts.deletes += is_method(req, "DELETE");
	if (p->armed) {
		if ((p->left > 0 && --p->left == 0) || (p->left == 0 && p->hit && p->sticky)) {
			p->hit = true;
			p->counts.faults++;
			mode = p->mode;
		}
	}
	*latency_ms = p->latency_ms;
	*delay_ms = p->delay_ms;
	mutex_unlock(&p->lock);
	return mode;
}

/* One request and its answer; false: the connection is to be closed. */
static bool serve_one(struct proxy *p, struct stream *client, struct stream *server,
		      struct message *req, struct message *answer)
{
	unsigned latency_ms, delay_ms;
	bool sent;

	if (!take_request(client, req))
		return false;
	buf_str(&req->bytes);
	if (is_control(p, req, client->fd, &sent))
		return sent && !req->close;
	enum proxy_mode mode = verdict(p, req, &latency_ms, &delay_ms);
	pause_ms(p, latency_ms);
	if (mode != PROXY_N_MODES)
		return misbehave(p, client, server, req, answer, mode, delay_ms);
	if (!ask_server(p, server, req, answer) ||
	    !send_all(client->fd, answer->bytes.data, answer->bytes.len))
		return false;
	return !req->close && !answer->close;
}

static void *client_run(void *arg)
{
	struct client *c = arg;
	struct proxy *p = c->proxy;
	struct stream client = { .proxy = p, .fd = c->fd, .in = BUF_INIT(MESSAGE_MAX) };
	struct stream server = { .proxy = p, .fd = -1, .in = BUF_INIT(MESSAGE_MAX) };
	struct message req = { .bytes = BUF_INIT(MESSAGE_MAX) };
	struct message answer = { .bytes = BUF_INIT(MESSAGE_MAX) };

	free(c);
	while (serve_one(p, &client, &server, &req, &answer)) {
		buf_reset(&req.bytes);
		buf_reset(&answer.bytes);
	}
	stream_close(&client);
	stream_close(&server);
	buf_free(&client.in);
	buf_free(&server.in);
	buf_free(&req.bytes);
	buf_free(&answer.bytes);
	mutex_lock(&p->lock);
	if (--p->n_threads == 0)
		cond_broadcast(&p->idle);
	mutex_unlock(&p->lock);
	return NULL;
}

static void client_start(struct proxy *p, int fd)
{
	struct client *c = malloc(sizeof(*c));
	pthread_t thread;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c == NULL || !socket_add(p, fd)) {
		free(c);
		close(fd);
		return;
	}
	*c = (struct client){ .proxy = p, .fd = fd };
	mutex_lock(&p->lock);
	p->n_threads++;
	mutex_unlock(&p->lock);
	if (!thread_start(&thread, "proxy", 512 << 10, client_run, c, NULL)) {
		socket_close(p, fd);
		free(c);
		mutex_lock(&p->lock);
		p->n_threads--;
		mutex_unlock(&p->lock);
		return;
	}
	pthread_detach(thread);
}

static void *accept_run(void *arg)
{
	struct proxy *p = arg;

	for (;;) {
		int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			client_start(p, fd);
		else if (errno != EINTR && errno != ECONNABORTED && errno != EMFILE)
			return NULL; /* proxy_close() shut it down */
	}
}

/* Look the target up, and write the endpoint's URL but for the port. */
static bool find_server(struct proxy *p, const char *target, char *path, size_t path_size,
			struct error *err)
{
	char host[128], port[8] = "80";
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	size_t n;

	if (strncmp(target, "http://", 7) != 0)
		return error_set(err, "\"%s\" is not an http URL", target);
	target += 7;
	n = strcspn(target, "/");
	snprintf(path, path_size, "%s", target + n);
	const char *colon = memchr(target, ':', n);
	if (colon != NULL) {
		snprintf(port, sizeof(port), "%.*s", (int)(n - (size_t)(colon - target) - 1), colon + 1);
		n = (size_t)(colon - target);
	}
	snprintf(host, sizeof(host), "%.*s", (int)n, target);
	int rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0)
		return error_set(err, "could not find \"%s\": %s", host, gai_strerror(rc));
	memcpy(&p->server, found->ai_addr, found->ai_addrlen);
	p->server_len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool proxy_open(const char *target, uint16_t port, struct proxy **out, struct error *err)
{
	struct proxy *p = calloc(1, sizeof(*p));
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	char path[128];
	int on = 1;

	if (p == NULL)
		return error_no_memory(err);
	mutex_init(&p->lock);
	cond_init(&p->idle);
	p->delay_ms = 500;
	for (size_t i = 0; i < ARRAY_LEN(p->sockets); i++)
		p->sockets[i] = -1;
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->listener == -1) {
		error_set_errno(err, errno, "could not make a socket");
		goto failed;
	}
	if (!find_server(p, target, path, sizeof(path), err))
		goto failed;
	setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(p->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(p->listener, MAX_CLIENTS) != 0 ||
	    getsockname(p->listener, (struct sockaddr *)&at, &len) != 0) {
		error_set_errno(err, errno, "could not listen on port %u", (unsigned)port);
		goto failed;
	}
	snprintf(p->endpoint, sizeof(p->endpoint), "http://127.0.0.1:%u%s",
		 (unsigned)ntohs(at.sin_port), path);
	if (!thread_start(&p->acceptor, "proxy", 256 << 10, accept_run, p, err))
		goto failed;
	*out = p;
	return true;
failed:
	if (p->listener != -1)
		close(p->listener);
	cond_deinit(&p->idle);
	mutex_deinit(&p->lock);
	free(p);
	return false;
}

void proxy_close(struct proxy *p)
{
	if (p == NULL)
		return;
	shutdown(p->listener, SHUT_RDWR);
	pthread_join(p->acceptor, NULL);
	close(p->listener);
	mutex_lock(&p->lock);
	p->closing = true;
	for (size_t i = 0; i < ARRAY_LEN(p->sockets); i++)
		if (p->sockets[i] != -1)
			shutdown(p->sockets[i], SHUT_RDWR);
	while (p->n_threads > 0)
		cond_wait(&p->idle, &p->lock);
	mutex_unlock(&p->lock);
	cond_deinit(&p->idle);
	mutex_deinit(&p->lock);
	free(p);
}

const char *proxy_endpoint(const struct proxy *p)
{
	return p->endpoint;
}

static void arm(struct proxy *p, unsigned nth, enum proxy_mode mode, bool sticky)
{
	mutex_lock(&p->lock);
	p->armed = nth > 0;
	p->hit = false;
	p->left = nth;
	p->mode = mode;
	p->sticky = sticky;
	mutex_unlock(&p->lock);
}

void proxy_arm(struct proxy *p, unsigned nth, enum proxy_mode mode)
{
	arm(p, nth, mode, false);
}

void proxy_arm_sticky(struct proxy *p, unsigned nth, enum proxy_mode mode)
{
	arm(p, nth, mode, true);
}

bool proxy_disarm(struct proxy *p)
{
	mutex_lock(&p->lock);
	bool hit = p->hit;
	p->armed = p->hit = false;
	mutex_unlock(&p->lock);
	return hit;
}

void proxy_set_latency(struct proxy *p, unsigned ms)
{
	mutex_lock(&p->lock);
	p->latency_ms = ms;
	mutex_unlock(&p->lock);
}

void proxy_set_delay(struct proxy *p, unsigned ms)
{
	mutex_lock(&p->lock);
	p->delay_ms = ms;
	mutex_unlock(&p->lock);
}

struct proxy_counts proxy_get_counts(struct proxy *p)
{
	mutex_lock(&p->lock);
	struct proxy_counts counts = p->counts;
	mutex_unlock(&p->lock);
	return counts;
}
