/*
 * conn.h - a connection from accept to close
 *
 * For the files of wire/.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_CONN_H
#define PGBLOB_WIRE_CONN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/thread.h"
#include "wire/auth.h"
#include "wire/executor.h"
#include "wire/startup.h"
#include "wire/stream.h"

struct reactor;
struct wire_server;

enum { CONN_PEER_MAX = 64, CONN_KEY_LEN = 32 };

/* Who may touch a connection. */
enum conn_owner { CONN_REACTOR, CONN_QUEUED, CONN_WORKER };

enum conn_phase {
	CONN_STARTUP, /* no start-up packet yet */
	CONN_AUTH,    /* we asked who it is */
	CONN_READY,   /* has a session */
	CONN_DRAINS,  /* was told why it ends: reads on until the client closes */
};

/* What is needed until the session begins. */
struct conn_opening {
	struct arena arena;
	struct startup startup;
	struct auth auth;
	bool asked_ssl, asked_gss; /* each may be asked for once */
};

/*
 * server, reactor, pid, peer, key and scope never change once the connection is
 * known to others.  The server's lock guards owner, deadline_ms, next and refs;
 * `lock` guards session and running; cancel() and terminate() are called with
 * it, so that the session does not end meanwhile.  All else is the owner's.
 */
struct conn {
	struct wire_server *server;
	struct reactor *reactor;
	int32_t pid; /* also names it in epoll events */
	char peer[CONN_PEER_MAX];
	uint8_t key[CONN_KEY_LEN];
	struct log_scope scope;

	enum conn_owner owner;
	int64_t deadline_ms; /* of mono_ms(); 0: none */
	struct conn *next;   /* in the queue */
	unsigned refs;

	struct mutex lock;
	void *session; /* the executor's */
	bool running;  /* its messages are at work: cancel() means something */

	atomic_bool killed; /* any thread: do not wait for this client any more */
	bool doomed;        /* written under the server's lock by whom queues it: end it */
	bool counted;       /* admitted: one of n_clients */
	bool entered;       /* running, without the lock */
	bool skip;          /* until Sync */
	bool fatal;         /* a FATAL error was sent */
	bool idle_limited;  /* deadline_ms is when the client has been idle too long */
	bool in_batch;      /* messages came after the last ReadyForQuery */
	bool copying;       /* the message at work is set aside in `aside` */
	size_t key_len;
	enum conn_phase phase;
	struct conn_opening *opening; /* until READY */
	struct stream stream;
	struct buf aside;  /* the input buffer that the message at work lies in */
	size_t row_at;     /* where the row that is being written begins */
	bool in_row;       /* one is: an error drops it */
	struct exec_out out;
};

/* `fd` is the connection's; NULL and fd closed when memory is out. */
struct conn *conn_new(struct wire_server *w, int fd, const char *peer);

/*
 * Handle what has come, and what comes while it lingers.  False: it is over,
 * call conn_close().  Worker threads only.
 */
MUST_CHECK bool conn_run(struct conn *c);

/* End the session, if any, and remove it from the server. */
void conn_close(struct conn *c);

/* Only when nobody refers to it any more. */
void conn_free(struct conn *c);

/* Interrupt the statement at work, if there is one.  Any thread that holds a reference. */
void conn_cancel(struct conn *c);
/* The same, and nothing new begins, and the client is not waited for any more. */
void conn_terminate(struct conn *c);

/* Was it admitted, and not let go yet? */
static inline bool conn_is_client(const struct conn *c)
{
	return c->phase == CONN_AUTH || c->phase == CONN_READY;
}

/* Before the executor is called for a message: cancel() reaches it from here on. */
void conn_enter(struct conn *c);
/* Nothing is at work: before waiting for the client. */
void conn_leave(struct conn *c);

#endif
