/*
 * server.h - one server: its connections, threads, and what they share
 *
 * For the files of wire/; others see wire.h.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_SERVER_H
#define PGBLOB_WIRE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/thread.h"
#include "wire/listen.h"
#include "wire/scram.h"
#include "wire/wire.h"

struct conn;
struct error;
struct executor_ops;
struct reactor;

enum { MD5_HEX_LEN = 32 };

/*
 * config, ops, executor and the keys never change after wire_open(); lock guards
 * the fields below it.  Lock order: server.lock, conn.lock.  No call of the
 * executor is made under server.lock.
 */
struct wire_server {
	struct wire_config config; /* strings are ours; password is NULL */
	const struct executor_ops *ops;
	void *executor;
	struct scram_verifier verifier;     /* of config.user */
	char md5_hex[MD5_HEX_LEN + 1];      /* md5(password user), if config.auth is md5 */
	uint8_t mock_secret[SCRAM_KEY_LEN];

	struct listeners listeners;
	struct reactor *reactors;
	size_t n_reactors;
	atomic_bool stopping; /* nothing new begins */

	struct mutex lock;
	struct conn **conns; /* by slot; NULL: free */
	size_t n_slots;
	size_t next_slot;    /* where the search for a free one begins */
	uint32_t generation; /* of pids */
	size_t n_conns;
	size_t n_clients;    /* admitted ones */
	size_t n_deadlines;  /* connections that have one */
	struct cond changed; /* n_conns or n_clients went down */

	struct conn *queue_first, *queue_last; /* have something to do */
	atomic_size_t n_queued; /* read without the lock, as a hint */
	struct cond work;    /* something was queued, or quit was set */
	size_t n_workers;
	size_t n_starting;   /* workers that did not run yet */
	size_t n_idle;       /* workers that wait for work */
	pthread_t ended;     /* the worker that ended last, to be joined */
	bool has_ended;
	size_t max_workers;
	bool quit;           /* workers end when the queue is empty */
};

/*
 * Take in a client: a slot, a pid, a reactor.  `fd` is closed if there is no
 * room, and the client told.  Called by reactor 0.
 */
void server_add(struct wire_server *w, int fd, const char *peer);

/* The connection with this pid, its refs raised; NULL: none. */
struct conn *server_find(struct wire_server *w, int32_t pid);
/* The same with the lock held, and refs as they are. */
struct conn *server_find_locked(struct wire_server *w, int32_t pid);

/* Count `c` as a client.  False: there are max_connections already. */
MUST_CHECK bool server_admit(struct wire_server *w, struct conn *c);

/* It is a client no longer. */
void server_dismiss(struct wire_server *w, struct conn *c);

/* Give a connection a time to end, 0: none.  The caller owns it. */
void server_set_deadline(struct wire_server *w, struct conn *c, int64_t deadline_ms);

/* `c` is over: free its slot, and it when nobody refers to it. */
void server_remove(struct wire_server *w, struct conn *c);
void server_unref(struct wire_server *w, struct conn *c);

#endif
