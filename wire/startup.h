/*
 * startup.h - what the first packet of a client says
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_STARTUP_H
#define PGBLOB_WIRE_STARTUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "wire/executor.h"

struct arena;

enum {
	STARTUP_MAX = 10000,     /* bytes of a start-up packet, as PostgreSQL has it */
	STARTUP_NAME_MAX = 63,   /* bytes of a user's or database's name; longer ones are cut */
	STARTUP_MINOR = 2,       /* newest minor version of protocol 3 that we speak */
	CANCEL_KEY_MAX = 256,
};

enum startup_kind {
	STARTUP_BAD = 0,  /* error says why */
	STARTUP_SESSION,  /* a client that wants a session */
	STARTUP_SSL,      /* wants TLS */
	STARTUP_GSS,      /* wants GSS encryption */
	STARTUP_CANCEL,   /* wants another's statement canceled */
};

struct startup {
	enum startup_kind kind;
	unsigned minor;              /* of protocol 3, as the client wants it */
	const char *user;
	const char *database;
	struct exec_setting *settings; /* of options, then the others, in order */
	size_t n_settings;
	const char **unknown;        /* options of the protocol (_pq_.) that we do not know */
	size_t n_unknown;
	int32_t cancel_pid;
	const char *cancel_key;      /* points into the packet */
	size_t cancel_key_len;
	struct exec_error error;     /* FATAL */
};

/* What the first four bytes tell of a stream that is no start-up packet. */
bool startup_is_http(const char bytes[4]);

/*
 * Read a packet of `len` bytes, its length word not counted.  What `out` points
 * to lives in `arena`, but for cancel_key.
 */
void startup_parse(const char *packet, size_t len, struct arena *arena, struct startup *out);

#endif
