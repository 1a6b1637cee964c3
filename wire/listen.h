/*
 * listen.h - sockets to accept clients on
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_LISTEN_H
#define PGBLOB_WIRE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct error;

enum { LISTEN_MAX = 16 };

struct listeners {
	int fds[LISTEN_MAX]; /* non-blocking */
	size_t n;
	uint16_t port;       /* in use */
	char unix_path[108]; /* "": none; removed on close */
};

/*
 * Listen on every address of `host` ("*": all there are) and, if unix_dir is
 * not NULL, on a Unix socket there.  False: nothing is open.
 */
MUST_CHECK bool listen_open(struct listeners *l, const char *host, uint16_t port,
			    const char *unix_dir, struct error *err);
void listen_close(struct listeners *l);

/* A client's socket, close-on-exec, with its address in `peer`; -1 and errno: none now. */
int listen_accept(int fd, char *peer, size_t size);

/* Let the process have as many files as the system lets it; how many those are. */
size_t listen_raise_files(void);

#endif
