/*
 * wire.h - the PostgreSQL front door: listener, start-up, authentication, messages
 *
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_WIRE_H
#define PGBLOB_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct error;
struct executor_ops;
struct wire_server;

enum wire_auth { WIRE_AUTH_SCRAM, WIRE_AUTH_MD5, WIRE_AUTH_PASSWORD, WIRE_AUTH_TRUST };

struct wire_config {
	const char *host;         /* address to listen on; "*" or "0.0.0.0" for all */
	uint16_t port;            /* 0: any free one, see wire_port() */
	const char *unix_dir;     /* also listen on UNIX_DIR/.s.PGSQL.PORT; NULL: not */
	const char *user;         /* the one that may connect */
	const char *password;     /* in clear; kept only as verifiers */
	enum wire_auth auth;
	unsigned max_connections; /* clients at once; the next is told 53300 */
	unsigned reactors;        /* threads that own idle connections; 0: one for two cores */
	size_t max_message;       /* bytes of one message from a client; 0: 256 MiB */
	int64_t auth_timeout_ms;  /* from accept to the end of authentication; 0: 60 s */
	size_t worker_stack;      /* bytes of stack of a worker thread; 0: 64 MiB (virtual) */
};

/*
 * Listen.  `config` is copied; `ops` and `server` are borrowed until
 * wire_close().  Clients are accepted from wire_start() on.
 */
MUST_CHECK bool wire_open(const struct wire_config *config,
			  const struct executor_ops *ops, void *server,
			  struct wire_server **out, struct error *err);
MUST_CHECK bool wire_start(struct wire_server *w, struct error *err);

/* The port in use. */
uint16_t wire_port(const struct wire_server *w);

/*
 * Stop: accept nobody, let what runs finish until `deadline_ms` of mono_ms(),
 * tell each client 57P01, close.  After the deadline what still runs is canceled.
 */
void wire_stop(struct wire_server *w, int64_t deadline_ms);

/* After wire_stop(); NULL does nothing. */
void wire_close(struct wire_server *w);

#endif
