/*
 * worker.h - threads that run connections
 *
 * As many as are blocked in the executor, and some: whenever work is queued and
 * no worker is idle, another is started, up to one for each client.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_WORKER_H
#define PGBLOB_WIRE_WORKER_H

#include <stdbool.h>

struct conn;
struct wire_server;

/*
 * `c` has something to do: some worker will run it soon.  The caller holds the
 * server's lock and c's owner is CONN_REACTOR.
 */
void worker_queue_locked(struct wire_server *w, struct conn *c);

/* Is anybody waiting for a worker?  No lock: a hint. */
bool worker_wanted(struct wire_server *w);

/* Let all workers end, and wait for them.  Every connection is gone. */
void worker_stop_all(struct wire_server *w);

#endif
