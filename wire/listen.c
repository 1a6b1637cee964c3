/*
 * listen.c - sockets to accept clients on
 * Licence: MIT, see LICENSE.
 */
#include "wire/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

static bool set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return 0;
	if (at.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&at)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
}

static void set_port(struct sockaddr *at, uint16_t port)
{
	if (at->sa_family == AF_INET)
		((struct sockaddr_in *)at)->sin_port = htons(port);
	else if (at->sa_family == AF_INET6)
		((struct sockaddr_in6 *)at)->sin6_port = htons(port);
}

/* -1: err says why, and *errnum. */
static int open_one(const struct sockaddr *at, socklen_t len, int *errnum, struct error *err)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		*errnum = errno;
		error_set_errno(err, *errnum, "could not create a socket");
		return -1;
	}
	bool ok = at->sa_family == AF_UNIX || set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* one socket a family: what happens does not depend on the system's default */
	if (at->sa_family == AF_INET6)
		ok = ok && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!ok || bind(fd, at, len) != 0 || listen(fd, SOMAXCONN) != 0) {
		*errnum = errno;
		error_set_errno(err, *errnum, "could not listen");
		close(fd);
		return -1;
	}
	return fd;
}

static bool open_tcp(struct listeners *l, const char *host, uint16_t port, struct error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	char service[8];
	int errnum;
	bool any = strcmp(host, "*") == 0;

	snprintf(service, sizeof(service), "%u", port);
	int rc = getaddrinfo(any ? NULL : host, service, &hints, &list);
	if (rc != 0)
		return error_set(err, "could not translate host name \"%s\": %s", host,
				 gai_strerror(rc));
	for (struct addrinfo *a = list; a != NULL && l->n < LISTEN_MAX; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		/* with port 0 all addresses share the one that the first was given */
		if (port == 0 && l->n > 0)
			set_port(a->ai_addr, l->port);
		int fd = open_one(a->ai_addr, a->ai_addrlen, &errnum, err);
		if (fd < 0) {
			/* a machine without IPv6 still has an address for it */
			if (any && (errnum == EAFNOSUPPORT || errnum == EADDRNOTAVAIL)) {
				error_clear(err);
				continue;
			}
			freeaddrinfo(list);
			error_wrap(err, "host \"%s\", port %u", host, port);
			return false;
		}
		l->fds[l->n++] = fd;
		l->port = port_of(fd);
	}
	freeaddrinfo(list);
	if (l->n == 0)
		return error_set(err, "could not find an address of host \"%s\" to listen on",
				 host);
	return true;
}

/* A socket that a server left behind when it was killed: nobody answers on it. */
static void remove_stale(const struct sockaddr_un *at)
{
	struct stat st;

	if (stat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED)
		unlink(at->sun_path);
	close(fd);
}

static bool open_unix(struct listeners *l, const char *dir, struct error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int errnum;
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.%u", dir, l->port);

	if (n < 0 || (size_t)n >= sizeof(at.sun_path))
		return error_set(err, "the path of a Unix socket in \"%s\" would be too long", dir);
	if (l->n == LISTEN_MAX)
		return error_set(err, "too many addresses to listen on");
	remove_stale(&at);
	int fd = open_one((struct sockaddr *)&at, sizeof(at), &errnum, err);
	if (fd < 0) {
		error_wrap(err, "Unix socket \"%s\"", at.sun_path);
		return false;
	}
	l->fds[l->n++] = fd;
	memcpy(l->unix_path, at.sun_path, sizeof(l->unix_path));
	/* who may connect is asked of them by password, as on TCP */
	if (chmod(at.sun_path, 0777) != 0)
		return error_set_errno(err, errno, "could not set the mode of \"%s\"", at.sun_path);
	return true;
}

bool listen_open(struct listeners *l, const char *host, uint16_t port, const char *unix_dir,
		 struct error *err)
{
	*l = (struct listeners){ .n = 0 };
	if (open_tcp(l, host, port, err) && (unix_dir == NULL || open_unix(l, unix_dir, err)))
		return true;
	listen_close(l);
	return false;
}

void listen_close(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	l->n = 0;
	if (l->unix_path[0] != '\0')
		unlink(l->unix_path);
	l->unix_path[0] = '\0';
}

int listen_accept(int fd, char *peer, size_t size)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	char host[INET6_ADDRSTRLEN];
	int client = accept4(fd, (struct sockaddr *)&at, &len, SOCK_CLOEXEC);

	if (client < 0)
		return -1;
	if (at.ss_family == AF_UNIX) {
		snprintf(peer, size, "[local]");
		return client;
	}
	(void)set_option(client, IPPROTO_TCP, TCP_NODELAY, 1);
	/* a client whose machine is gone is noticed some day */
	(void)set_option(client, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (at.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&at;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(peer, size, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)&at;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(peer, size, "%s:%u", host, ntohs(in->sin_port));
	}
	return client;
}

size_t listen_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	rlim_t before = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return (size_t)before;
	return (size_t)limit.rlim_cur;
}
