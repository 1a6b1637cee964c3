/*
 * stream.h - bytes from and to one client, with limits and back-pressure
 *
 * Everything that touches the socket of an accepted client is here, so that
 * encryption has one place to go: stream_recv() and stream_send() in stream.c.
 * A stream belongs to one thread at a time.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_STREAM_H
#define PGBLOB_WIRE_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

enum {
	STREAM_FLUSH_AT = 64 << 10,  /* output is sent when it is as long */
	STREAM_KEEP = 256 << 10,     /* a larger output buffer is not kept */
	STREAM_LINGER_US = 4000,     /* of STREAM_LINGER; the kernel rounds up to its tick */
};

struct stream {
	int fd; /* owned */
	struct buf in;
	size_t in_at; /* what is before it was consumed */
	struct buf out;
	bool broken;               /* the client is gone: nothing more is sent or read */
	const atomic_bool *killed; /* raised: do not wait for the client any more */
};

enum stream_wait {
	STREAM_NOW,    /* what is there */
	STREAM_LINGER, /* a tick of the kernel's clock */
	STREAM_BLOCK,  /* until something comes, or *killed */
};

enum stream_rc {
	STREAM_DATA,    /* something was read */
	STREAM_NOTHING, /* nothing came in time */
	STREAM_END,     /* the client has closed, or is gone */
};

/* `fd` is the stream's from here on. */
void stream_init(struct stream *s, int fd, size_t max_in, size_t max_out,
		 const atomic_bool *killed);
void stream_deinit(struct stream *s);

/*
 * Read what is there, waiting as `wait` says.  `want`: bytes that are missing
 * for sure, 0 if not known; memory grows with what came, not with what is
 * wanted.  Moves the bytes that are not consumed yet.
 */
enum stream_rc stream_fill(struct stream *s, size_t want, enum stream_wait wait);

static inline const char *stream_data(const struct stream *s)
{
	/* nothing was ever read: C knows no offset from a null pointer, not even 0 */
	return s->in.data == NULL ? NULL : s->in.data + s->in_at;
}

static inline size_t stream_left(const struct stream *s)
{
	return s->in.len - s->in_at;
}

/* n bytes were consumed; they stay where they are until the next stream_fill(). */
static inline void stream_consume(struct stream *s, size_t n)
{
	s->in_at += n;
}

/*
 * Send all that was written.  Waits while the client does not read.  False, and
 * broken: it is gone, or *killed was raised meanwhile.
 */
bool stream_flush(struct stream *s);

/* Send what the socket takes without waiting; the rest is dropped. */
void stream_flush_now(struct stream *s);

/* No more output; the client reads an end of file behind what was sent. */
void stream_shutdown(struct stream *s);

/* Throw away what the client sends.  STREAM_END: it has closed. */
enum stream_rc stream_discard(struct stream *s);

/* Give memory back while nothing happens. */
void stream_shrink(struct stream *s);

#endif
