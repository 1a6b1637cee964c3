/*
 * tiny_http.h - an HTTP server of a few lines, whose answers a test writes
 *
 * One thread for each connection; a connection is kept until the client closes it or
 * the handler says so.  On 127.0.0.1, any free port.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_BLOB_TINY_HTTP_H
#define PGBLOB_TESTS_BLOB_TINY_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct tiny_request {
	char method[16];
	char target[4096]; /* path and query */
	struct buf head;   /* the header lines, as they came, with a NUL */
	struct buf body;   /* with a NUL */
	unsigned nth;      /* of this server, from 1 */
};

/* The value of a header (any case) in `out`, or NULL. */
const char *tiny_header(const struct tiny_request *req, const char *name, char *out, size_t size);

/*
 * Write the whole answer, status line and all, to `out`; false: close the
 * connection after what is in `out` has been sent.  Called from several
 * threads, but never at the same time.
 */
typedef bool tiny_handler(void *arg, const struct tiny_request *req, struct buf *out);

struct tiny_http;

struct tiny_http *tiny_http_start(tiny_handler *handler, void *arg);
void tiny_http_stop(struct tiny_http *server);
const char *tiny_http_url(const struct tiny_http *server); /* "http://127.0.0.1:1234" */
unsigned tiny_http_n_requests(struct tiny_http *server);
unsigned tiny_http_n_connections(struct tiny_http *server);

/* Append an answer with a length. */
void tiny_answer(struct buf *out, int status, const char *headers, const char *body);

#endif
