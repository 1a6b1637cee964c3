/*
 * tiny_http.c - an HTTP server of a few lines, whose answers a test writes
 * Licence: MIT, see LICENSE.
 */
#include "tests/blob/tiny_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"

enum { CONNECTIONS_MAX = 256 };

struct tiny_http {
	tiny_handler *handler;
	void *arg;
	char url[64];
	int fd;
	pthread_t accepter;

	struct mutex lock;
	int fds[CONNECTIONS_MAX];
	pthread_t threads[CONNECTIONS_MAX];
	unsigned n_connections;
	unsigned n_requests;
};

struct connection {
	struct tiny_http *server;
	int fd;
};

const char *tiny_header(const struct tiny_request *req, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *at = req->head.data; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
			at += len + 1;
			at += strspn(at, " ");
			snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
			return out;
		}
		if (*at == '\0')
			break;
	}
	return NULL;
}

void tiny_answer(struct buf *out, int status, const char *headers, const char *body)
{
	buf_printf(out, "HTTP/1.1 %d Told\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
		   strlen(body), body);
}

/* One request from the connection; what is behind it stays in `in`. */
static bool read_request(int fd, struct buf *in, struct tiny_request *req)
{
	char chunk[8192];
	char length[32];

	for (;;) {
		char *end = in->len > 0 ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;

		if (end != NULL) {
			size_t head_len = (size_t)(end - in->data) + 4;

			buf_reset(&req->head);
			buf_put(&req->head, in->data, head_len);
			buf_str(&req->head);
			size_t body_len = tiny_header(req, "content-length", length, sizeof(length)) != NULL ?
				(size_t)atoll(length) : 0;
			if (in->len >= head_len + body_len) {
				buf_reset(&req->body);
				buf_put(&req->body, in->data + head_len, body_len);
				buf_str(&req->body);
				memmove(in->data, in->data + head_len + body_len,
					in->len - head_len - body_len);
				in->len -= head_len + body_len;
				return sscanf(req->head.data, "%15s %4095s", req->method, req->target) == 2;
			}
		}
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		if (n <= 0)
			return false;
		buf_put(in, chunk, (size_t)n);
	}
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct tiny_http *server = c->server;
	struct buf in = BUF_INIT(64 << 20);
	struct buf out = BUF_INIT(64 << 20);
	struct tiny_request req = { .head = BUF_INIT(1 << 20), .body = BUF_INIT(64 << 20) };
	bool open = true;

	while (open && read_request(c->fd, &in, &req)) {
		buf_reset(&out);
		mutex_lock(&server->lock);
		req.nth = ++server->n_requests;
		open = server->handler(server->arg, &req, &out);
		mutex_unlock(&server->lock);
		for (size_t done = 0; done < out.len;) {
			ssize_t n = send(c->fd, out.data + done, out.len - done, MSG_NOSIGNAL);

			if (n <= 0)
				break;
			done += (size_t)n;
		}
	}
	shutdown(c->fd, SHUT_RDWR);
	buf_free(&in);
	buf_free(&out);
	buf_free(&req.head);
	buf_free(&req.body);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct tiny_http *server = arg;

	for (;;) {
		int fd = accept(server->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		struct connection *c = malloc(sizeof(*c));
		struct error err = ERROR_INIT;

		mutex_lock(&server->lock);
		unsigned i = server->n_connections;
		if (c == NULL || i == CONNECTIONS_MAX)
			abort();
		*c = (struct connection){ server, fd };
		server->fds[i] = fd;
		if (!thread_start(&server->threads[i], "tiny", 0, serve, c, &err))
			abort();
		server->n_connections++;
		mutex_unlock(&server->lock);
	}
}

struct tiny_http *tiny_http_start(tiny_handler *handler, void *arg)
{
	struct tiny_http *server = calloc(1, sizeof(*server));
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	struct error err = ERROR_INIT;

	if (server == NULL)
		abort();
	server->handler = handler;
	server->arg = arg;
	mutex_init(&server->lock);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&addr, len) != 0 ||
	    listen(server->fd, 64) != 0 || getsockname(server->fd, (struct sockaddr *)&addr, &len) != 0)
		abort();
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(addr.sin_port));
	if (!thread_start(&server->accepter, "accept", 0, accept_all, server, &err))
		abort();
	return server;
}

void tiny_http_stop(struct tiny_http *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->accepter, NULL);
	close(server->fd);
	for (unsigned i = 0; i < server->n_connections; i++) {
		shutdown(server->fds[i], SHUT_RDWR);
		pthread_join(server->threads[i], NULL);
		close(server->fds[i]);
	}
	mutex_deinit(&server->lock);
	free(server);
}

const char *tiny_http_url(const struct tiny_http *server)
{
	return server->url;
}

unsigned tiny_http_n_requests(struct tiny_http *server)
{
	mutex_lock(&server->lock);
	unsigned n = server->n_requests;
	mutex_unlock(&server->lock);
	return n;
}

unsigned tiny_http_n_connections(struct tiny_http *server)
{
	mutex_lock(&server->lock);
	unsigned n = server->n_connections;
	mutex_unlock(&server->lock);
	return n;
}
