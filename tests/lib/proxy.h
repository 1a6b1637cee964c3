/*
 * proxy.h - an HTTP proxy between a store's client and its server that
 * misbehaves when told to
 *
 * It stands below the backends, where fault_store stands above them: a try is
 * one request here.  It passes bytes on unchanged (signatures stay good), speaks
 * plain HTTP/1.1 on loopback only, and is its own server in its own threads:
 *
 *	struct proxy *proxy;
 *	if (!proxy_open("http://127.0.0.1:10000/test", 0, &proxy, &err)) ...
 *	options.azure_endpoint = proxy_endpoint(proxy);
 *	proxy_arm(proxy, 3, PROXY_LOST_REPLY);
 *
 * The program store-proxy is the same with options.  Over HTTP it is told what
 * to do at paths that no store has:
 *	/-/counts                            "all=7 gets=2 heads=1 puts=3 posts=0 deletes=1 faults=0"
 *	/-/arm?nth=2&mode=lost-reply         as proxy_arm()
 *	/-/arm?nth=2&mode=lost-reply&sticky  as proxy_arm_sticky()
 *	/-/disarm                            "hit" or "not hit"
 *	/-/latency?ms=30                     as proxy_set_latency()
 *	/-/delay?ms=500                      as proxy_set_delay()
 *
 * Any thread may call any function but proxy_open() and proxy_close().
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_PROXY_H
#define PGBLOB_TESTS_LIB_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct error;
struct proxy;

/* What happens to a request.  "Done" means that the server has executed it. */
enum proxy_mode {
	PROXY_DROP,        /* not done, connection closed */
	PROXY_LOST_REPLY,  /* done, connection closed before a byte of the answer */
	PROXY_HANG,        /* done, never answered; ends when the client gives up */
	PROXY_LATE,        /* connection closed; done proxy_set_delay() later */
	PROXY_DELAY,       /* done and answered, proxy_set_delay() later */
	PROXY_REPEAT,      /* done twice, the second answer is passed on */
	PROXY_TRUNCATE,    /* done, half of the answer is passed on, then closed */
	PROXY_GARBAGE,     /* done, the answer is not HTTP */
	PROXY_503,         /* not done; 503 SlowDown, ServerBusy */
	PROXY_500,         /* not done; 500 InternalError */
	PROXY_500_DONE,    /* done, and 500 InternalError for all that */
	PROXY_409,         /* not done; 409 ConditionalRequestConflict */
	PROXY_N_MODES,
};

/* Requests that came in since proxy_open(), those of /-/ not counted. */
struct proxy_counts {
	uint64_t all, gets, heads, puts, posts, deletes;
	uint64_t faults; /* that met a fault */
};

/*
 * Serve on 127.0.0.1:port (0: any free one) in front of `target`, an http URL.
 * A path in it is no matter here, it only comes back in proxy_endpoint().
 */
MUST_CHECK bool proxy_open(const char *target, uint16_t port, struct proxy **out,
			   struct error *err);

/* Cuts what is under way.  NULL does nothing. */
void proxy_close(struct proxy *proxy);

/* The target's URL with the proxy's host and port; lives as long as the proxy. */
const char *proxy_endpoint(const struct proxy *proxy);

/* Let the nth request from now on (1: the next) meet `mode`.  Replaces what was armed. */
void proxy_arm(struct proxy *proxy, unsigned nth, enum proxy_mode mode);
/* The same for it and all that come after it. */
void proxy_arm_sticky(struct proxy *proxy, unsigned nth, enum proxy_mode mode);
/* Nothing is armed any more.  Did a request meet the fault? */
bool proxy_disarm(struct proxy *proxy);

/* Added before each request is passed on. */
void proxy_set_latency(struct proxy *proxy, unsigned ms);
/* Of PROXY_DELAY and PROXY_LATE; 500 ms if never called. */
void proxy_set_delay(struct proxy *proxy, unsigned ms);

struct proxy_counts proxy_get_counts(struct proxy *proxy);

/* "lost-reply", ...; and back: false if there is no such mode. */
const char *proxy_mode_name(enum proxy_mode mode);
MUST_CHECK bool proxy_mode_of_name(const char *name, enum proxy_mode *out);

#endif
