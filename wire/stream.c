/*
 * stream.c - bytes from and to one client, with limits and back-pressure
 *
 * The socket is in blocking mode with a receive time-out of one tick, so that
 * to linger is one system call.  Everything else asks for MSG_DONTWAIT, and
 * waits with poll().
 * Licence: MIT, see LICENSE.
 */
#include "wire/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	CHUNK = 8 << 10,      /* bytes asked of the socket at the least */
	CHUNK_MAX = 1 << 20,  /* and at the most */
	POLL_MS = 200,        /* how often a wait looks at *killed */
};

void stream_init(struct stream *s, int fd, size_t max_in, size_t max_out,
		 const atomic_bool *killed)
{
	struct timeval linger = { .tv_usec = STREAM_LINGER_US };

	*s = (struct stream){ .fd = fd, .killed = killed };
	buf_init(&s->in, max_in);
	buf_init(&s->out, max_out);
	/* should it fail, a connection that lingers keeps a worker: no harm but that */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &linger, sizeof(linger));
}

void stream_deinit(struct stream *s)
{
	buf_free(&s->in);
	buf_free(&s->out);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static ssize_t stream_recv(struct stream *s, void *into, size_t len, int flags)
{
	return recv(s->fd, into, len, flags);
}

static ssize_t stream_send(struct stream *s, const void *bytes, size_t len)
{
	return send(s->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Wait for `events`; false when *killed was raised. */
static bool stream_poll(struct stream *s, short events)
{
	struct pollfd p = { .fd = s->fd, .events = events };

	for (;;) {
		if (atomic_load_explicit(s->killed, memory_order_relaxed))
			return false;
		if (poll(&p, 1, POLL_MS) > 0)
			return true;
	}
}

/* Room for the next read: all that is wanted, but at most as much again as has come. */
static bool make_room(struct stream *s, size_t want)
{
	size_t left = stream_left(s);

	if (left == 0) {
		buf_reset(&s->in);
		s->in_at = 0;
		/* an unusually large message is over: do not keep its memory */
		if (s->in.cap > STREAM_KEEP && want < s->in.cap / 4)
			buf_free(&s->in);
	}
	size_t room = want < left ? want : left;
	if (room < CHUNK)
		room = CHUNK;
	if (s->in.cap - s->in.len >= room)
		return true;
	if (s->in_at > 0) {
		memmove(s->in.data, s->in.data + s->in_at, left);
		s->in.len = left;
		s->in_at = 0;
		if (s->in.cap - left >= room)
			return true;
	}
	return buf_reserve(&s->in, room);
}

enum stream_rc stream_fill(struct stream *s, size_t want, enum stream_wait wait)
{
	if (s->broken)
		return STREAM_END;
	if (!make_room(s, want)) {
		s->broken = true;
		return STREAM_END;
	}
	for (;;) {
		size_t room = s->in.cap - s->in.len;
		ssize_t n = stream_recv(s, s->in.data + s->in.len,
					room < CHUNK_MAX ? room : CHUNK_MAX,
					wait == STREAM_LINGER ? 0 : MSG_DONTWAIT);

		if (n > 0) {
			s->in.len += (size_t)n;
			return STREAM_DATA;
		}
		if (n == 0)
			break;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			break;
		if (wait != STREAM_BLOCK)
			return STREAM_NOTHING;
		if (!stream_poll(s, POLLIN))
			break;
	}
	s->broken = true;
	return STREAM_END;
}

bool stream_flush(struct stream *s)
{
	size_t at = 0;

	if (s->out.failed)
		s->broken = true;
	while (!s->broken && at < s->out.len) {
		ssize_t n = stream_send(s, s->out.data + at, s->out.len - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			s->broken = !stream_poll(s, POLLOUT);
		else if (errno != EINTR)
			s->broken = true;
	}
	if (s->out.cap > STREAM_KEEP)
		buf_free(&s->out);
	else
		buf_reset(&s->out);
	return !s->broken;
}

void stream_flush_now(struct stream *s)
{
	if (!s->broken && s->out.len > 0)
		(void)stream_send(s, s->out.data, s->out.len);
	buf_reset(&s->out);
}

void stream_shutdown(struct stream *s)
{
	(void)shutdown(s->fd, SHUT_WR);
}

enum stream_rc stream_discard(struct stream *s)
{
	char waste[CHUNK];

	buf_free(&s->in);
	s->in_at = 0;
	/* a bounded number of times: a client that never stops has a deadline */
	for (int i = 0; i < 1024; i++) {
		ssize_t n = stream_recv(s, waste, sizeof(waste), MSG_DONTWAIT);

		if (n == 0)
			return STREAM_END;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return STREAM_NOTHING;
		if (n < 0 && errno != EINTR)
			return STREAM_END;
	}
	return STREAM_NOTHING;
}

void stream_shrink(struct stream *s)
{
	if (stream_left(s) == 0) {
		buf_free(&s->in);
		s->in_at = 0;
	}
	buf_free(&s->out);
}
