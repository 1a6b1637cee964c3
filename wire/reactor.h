/*
 * reactor.h - epoll threads that own the connections nobody works on
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_REACTOR_H
#define PGBLOB_WIRE_REACTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct conn;
struct error;
struct wire_server;

struct reactor {
	struct wire_server *server;
	size_t index;     /* reactor 0 also accepts and looks after deadlines */
	int epoll;        /* events name pids; 0 is `wake`, below 0 a listener */
	int wake;         /* an eventfd */
	pthread_t thread;
	bool started;
};

MUST_CHECK bool reactors_open(struct wire_server *w, size_t n, struct error *err);
MUST_CHECK bool reactors_start(struct wire_server *w, struct error *err);
/* Ends the threads; the sockets stay until reactors_close(). */
void reactors_stop(struct wire_server *w);
void reactors_close(struct wire_server *w);

/* Let a new connection be watched.  The caller holds the server's lock. */
MUST_CHECK bool reactor_add_locked(struct conn *c, struct error *err);

/* A worker is done with `c` for now; the caller holds the server's lock. */
void reactor_take_locked(struct conn *c);

/* Look at deadlines again: there is a first one. */
void reactor_wake(struct wire_server *w);

#endif
