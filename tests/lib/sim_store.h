/*
 * sim_store.h - an object store that exists in a simulated world (sim.h), and its network
 *
 * The program's http_perform() is replaced: blob/s3.c and blob/azure.c with their signing,
 * retries, deadlines and judgement of answers run as they are, and what they send meets
 *	- a network: requests and answers are late, lost, sent twice, torn, damaged, and
 *	  overtake each other; a request of which nobody waits for the answer any more may
 *	  still arrive;
 *	- a store that speaks S3's or Azure's protocol: create if absent, 412 (Azure: 409) to
 *	  who comes late, 409 or 500 to some of those who race in the same instant, 503 and 500
 *	  at times, done or not done.
 * A link is the way of one life of one machine to the store.  Killing it is the
 * crash of that machine: what it sends from then on does not leave it, what is
 * on its way may arrive.
 *
 * The store fails the history (sim_fail()) if an object is put without
 * If-None-Match.  It remembers every object that ever was.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_SIM_STORE_H
#define PGBLOB_TESTS_LIB_SIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

struct blob_store;

/* How often what happens, per mille of requests. */
struct sim_faults {
	unsigned not_sent;      /* no connection */
	unsigned lost_request;
	unsigned lost_answer;
	unsigned late;          /* the request arrives when its sender has given up, or nearly */
	unsigned repeated;      /* a write arrives a second time, later */
	unsigned slow_down;     /* 503, not done */
	unsigned error_before;  /* 500, not done */
	unsigned error_after;   /* 500, done */
	unsigned conflict;      /* 409 to a create, not done */
	unsigned torn;          /* the answer ends too early, and that is seen */
	unsigned damaged;       /* a byte of the answer to a GET is another one */
	int64_t latency_us;     /* of a request and its answer: up to so much, mostly less */
};

struct sim_link;

/* From now on; all zero is a good store. */
void sim_store_set_faults(const struct sim_faults *faults);

/* The way of machine `machine` in its next life, by Azure's protocol or S3's. */
struct sim_link *sim_link_open(unsigned machine, bool azure);
/* A store to give to the code under test, for blob_close(); blob_options.deadline_ms. */
struct blob_store *sim_link_store(struct sim_link *link, int64_t deadline_ms);
void sim_link_kill(struct sim_link *link);
/* The same at its nth request from now on: when it is sent, arrives, or has been answered. */
void sim_link_kill_at(struct sim_link *link, unsigned nth);
bool sim_link_dead(const struct sim_link *link);
/* Called in that moment. */
void sim_link_on_death(struct sim_link *link, void (*died)(void *arg), void *arg);
/* Nothing comes through for so long. */
void sim_link_cut(struct sim_link *link, int64_t us);
uint64_t sim_link_requests(const struct sim_link *link);

/* An object of the store, as it is now or was when it was deleted. */
struct sim_object {
	char *key;
	struct buf body;
	int64_t created_us;  /* of the world's time */
	unsigned machine;    /* whose request made it */
	bool deleted;
	struct sim_object *before; /* it was made again after it was deleted: what it was */
};

/* Sorted by key; deleted ones too.  Good until the next request. */
const struct sim_object *sim_store_at(size_t i); /* NULL: that was all */
const struct sim_object *sim_store_find(const char *key);
void sim_store_remove(const char *key); /* as clean-up would */

/* Everything is forgotten; no store of a link is open any more. */
void sim_store_free(void);

#endif
