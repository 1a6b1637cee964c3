/*
 * http.h - one HTTP request at a time for each thread, over connections that are kept
 *
 * A client is a pool of libcurl handles; each keeps its connections open, and
 * all share names looked up and TLS sessions.  http_perform() is one try: it
 * never repeats a request that may have been executed, follows no redirect and
 * knows nothing of a vendor.  Repeating is the caller's (blob/retry.h), who
 * signs every try anew.
 *
 * (libcurl by itself sends a request again when a kept connection turns out to
 * be closed before a byte of the answer.  Reads may; for PUT, POST and DELETE it
 * is stopped, and told as HTTP_MAYBE_SENT: a later refusal must not hide that
 * the first one may have been executed.)
 *
 * Secrets are in headers and URLs: neither is ever logged.  PGBLOBD_TRACE=http
 * logs method, what the caller gave as `label`, status, bytes and milliseconds.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_HTTP_H
#define PGBLOB_BLOB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

struct error;
struct http_client;

struct http_client_options {
	const char *ca_file;          /* PEM; NULL: the system's */
	int64_t connect_timeout_ms;
	int64_t request_timeout_ms;   /* one try; more for a large body, see http_perform() */
	unsigned max_connections;     /* requests under way at once */
};

/* Any thread may use the client.  Makes no connection. */
MUST_CHECK bool http_client_open(const struct http_client_options *options,
				 struct http_client **out, struct error *err);
/* No request may be under way.  NULL does nothing. */
void http_client_close(struct http_client *client);

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_DELETE };

const char *http_method_name(enum http_method method);

enum { HTTP_MAX_HEADERS = 24 };

/* All pointers are borrowed until http_perform() returns. */
struct http_request {
	enum http_method method;
	const char *url; /* http or https, encoded, as it is to be sent */
	struct {
		const char *name;
		const char *value; /* no control character */
	} headers[HTTP_MAX_HEADERS];
	size_t n_headers;
	const void *body; /* of PUT and POST; NULL: empty */
	size_t body_len;
	bool direct;      /* no proxy, for a link-local metadata service */
	int64_t timeout_ms;  /* for this try; 0: the client's */
	int64_t deadline_ms; /* of mono_ms(): the try ends by then */
	const char *label;   /* what the log calls it: an object's key */
};

/* Asserts that there is room. */
void http_add_header(struct http_request *req, const char *name, const char *value);

struct http_response {
	int status;         /* 200, 404, ...; 0 if not answered */
	struct buf headers; /* for http_response_header() */
	struct buf *body;   /* set by the caller: where the body of a 2xx goes; NULL: into error_body */
	struct buf error_body; /* the body of any other answer, cut at 64 KiB */
	int64_t content_length; /* as announced; -1 if not */
	size_t body_len;    /* bytes appended to *body */
	bool timed_out;     /* if not answered: by a timeout of ours */
};

#define HTTP_RESPONSE_INIT(to)                                          \
	{                                                               \
		.headers = BUF_INIT(32 << 10), .body = (to),            \
		.error_body = BUF_INIT(64 << 10), .content_length = -1, \
	}

void http_response_free(struct http_response *resp);

/* The value of header `name` (lower case), or NULL. The first, if there are many. */
const char *http_response_header(const struct http_response *resp, const char *name);

/* A header's milliseconds to wait, of Retry-After; 0 if there is none.  At most an hour. */
int64_t http_retry_after_ms(const struct http_response *resp);

enum http_rc {
	HTTP_ANSWERED,   /* status, headers and the whole body are there, whatever the status */
	HTTP_NOT_SENT,   /* not a byte of the request left: no name, no connection, no TLS */
	HTTP_MAYBE_SENT, /* the server may have executed it; there is no whole answer */
	HTTP_TOO_LARGE,  /* a 2xx whose body has no room in *body */
	HTTP_REFUSED,    /* will not work next time either: certificate not trusted, bad URL */
};

/*
 * Send the request once and wait for its whole answer.
 *
 * The try ends after `timeout_ms` (plus a second for each MiB of body either
 * way), or at the deadline.  A body that is shorter than its Content-Length is
 * HTTP_MAYBE_SENT, not an answer.  On anything but HTTP_ANSWERED with a 2xx,
 * *body is as it was.  `resp` must be fresh from HTTP_RESPONSE_INIT (or
 * http_response_reset()); the caller frees it.  err says what went wrong unless
 * HTTP_ANSWERED, with the host, never with the URL.
 */
MUST_CHECK enum http_rc http_perform(struct http_client *client,
				     const struct http_request *req,
				     struct http_response *resp, struct error *err);

/* Ready for the next try: what was answered is forgotten, *body is cut back. */
void http_response_reset(struct http_response *resp);

#endif
