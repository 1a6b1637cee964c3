/*
 * reactor.c - epoll threads that own the connections nobody works on
 *
 * Each socket is armed for one event.  When it comes, the connection goes to
 * the queue, and it is armed again when a worker gives it back.
 * Licence: MIT, see LICENSE.
 */
#include "wire/reactor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "wire/conn.h"
#include "wire/server.h"
#include "wire/worker.h"

enum {
	EVENTS = 64,
	DEADLINE_MS = 250,    /* how exact deadlines are */
	ACCEPT_PAUSE_MS = 100,
	ACCEPT_BATCH = 64,
};

static bool watch(struct reactor *r, int fd, uint32_t events, int64_t id, struct error *err)
{
	struct epoll_event e = { .events = events, .data.u64 = (uint64_t)id };

	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
		return true;
	return error_set_errno(err, errno, "could not watch a socket");
}

bool reactors_open(struct wire_server *w, size_t n, struct error *err)
{
	w->reactors = calloc(n, sizeof(*w->reactors));
	if (w->reactors == NULL)
		return error_no_memory(err);
	w->n_reactors = n;
	for (size_t i = 0; i < n; i++)
		w->reactors[i] = (struct reactor){ .server = w, .index = i, .epoll = -1, .wake = -1 };
	for (size_t i = 0; i < n; i++) {
		struct reactor *r = &w->reactors[i];

		r->epoll = epoll_create1(EPOLL_CLOEXEC);
		r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (r->epoll < 0 || r->wake < 0)
			return error_set_errno(err, errno, "could not create an event queue");
		if (!watch(r, r->wake, EPOLLIN, 0, err))
			return false;
	}
	return true;
}

bool reactor_add_locked(struct conn *c, struct error *err)
{
	return watch(c->reactor, c->stream.fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, c->pid, err);
}

void reactor_take_locked(struct conn *c)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
				 .data.u64 = (uint64_t)c->pid };

	assert(mutex_held(&c->server->lock));
	c->owner = CONN_REACTOR;
	/*
	 * A stop that came while the worker had it found nobody to tell; and a
	 * socket that cannot be armed would never be heard of again.
	 */
	bool stopping = atomic_load(&c->server->stopping) && conn_is_client(c);
	if (stopping || epoll_ctl(c->reactor->epoll, EPOLL_CTL_MOD, c->stream.fd, &e) != 0) {
		c->doomed = true;
		worker_queue_locked(c->server, c);
	}
}

void reactor_wake(struct wire_server *w)
{
	uint64_t one = 1;

	/* it cannot be full */
	(void)!write(w->reactors[0].wake, &one, sizeof(one));
}

/* False: no more files; pause. */
static bool accept_some(struct reactor *r, int listener)
{
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		char peer[CONN_PEER_MAX];
		int fd = listen_accept(listener, peer, sizeof(peer));

		if (fd >= 0) {
			server_add(r->server, fd, peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_error(NULL, "could not accept a connection: out of files or memory");
			return false;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return true;
		/* anything else befell that one client only */
	}
	return true;
}

/* Queue what is past its deadline. */
static void check_deadlines(struct wire_server *w)
{
	int64_t now = mono_ms();

	mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n_slots && w->n_deadlines > 0; i++) {
		struct conn *c = w->conns[i];

		if (c == NULL || c->deadline_ms == 0 || c->deadline_ms > now ||
		    c->owner != CONN_REACTOR)
			continue;
		c->doomed = true;
		worker_queue_locked(w, c);
	}
	mutex_unlock(&w->lock);
}

static void handle(struct reactor *r, const struct epoll_event *events, int n)
{
	struct wire_server *w = r->server;
	uint64_t count;
	bool room = true;

	mutex_lock(&w->lock);
	for (int i = 0; i < n; i++) {
		int64_t id = (int64_t)events[i].data.u64;

		if (id <= 0)
			continue;
		struct conn *c = server_find_locked(w, (int32_t)id);
		if (c != NULL && c->owner == CONN_REACTOR)
			worker_queue_locked(w, c);
	}
	mutex_unlock(&w->lock);
	for (int i = 0; i < n; i++) {
		int64_t id = (int64_t)events[i].data.u64;

		if (id == 0)
			(void)!read(r->wake, &count, sizeof(count));
		else if (id < 0)
			room = accept_some(r, (int)-(id + 1)) && room;
	}
	/* the event stays: without a pause this thread would turn in circles */
	if (!room)
		usleep(ACCEPT_PAUSE_MS * 1000);
}

static void *reactor_run(void *arg)
{
	struct reactor *r = arg;
	struct wire_server *w = r->server;
	struct epoll_event events[EVENTS];
	int64_t next_check = 0;

	for (;;) {
		mutex_lock(&w->lock);
		bool quit = w->quit;
		bool timed = r->index == 0 && w->n_deadlines > 0;
		mutex_unlock(&w->lock);
		if (quit)
			return NULL;
		int n = epoll_wait(r->epoll, events, EVENTS, timed ? DEADLINE_MS : -1);
		if (n > 0)
			handle(r, events, n);
		if (timed && mono_ms() >= next_check) {
			check_deadlines(w);
			next_check = mono_ms() + DEADLINE_MS;
		}
	}
}

bool reactors_start(struct wire_server *w, struct error *err)
{
	for (size_t i = 0; i < w->listeners.n; i++)
		if (!watch(&w->reactors[0], w->listeners.fds[i], EPOLLIN,
			   -(int64_t)w->listeners.fds[i] - 1, err))
			return false;
	for (size_t i = 0; i < w->n_reactors; i++) {
		struct reactor *r = &w->reactors[i];

		if (!thread_start(&r->thread, "reactor", 256 << 10, reactor_run, r, err))
			return false;
		r->started = true;
	}
	return true;
}

void reactors_stop(struct wire_server *w)
{
	uint64_t one = 1;

	mutex_lock(&w->lock);
	w->quit = true;
	mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->n_reactors; i++) {
		struct reactor *r = &w->reactors[i];

		if (!r->started)
			continue;
		(void)!write(r->wake, &one, sizeof(one));
		pthread_join(r->thread, NULL);
		r->started = false;
	}
}

void reactors_close(struct wire_server *w)
{
	for (size_t i = 0; i < w->n_reactors; i++) {
		if (w->reactors[i].epoll >= 0)
			close(w->reactors[i].epoll);
		if (w->reactors[i].wake >= 0)
			close(w->reactors[i].wake);
	}
	free(w->reactors);
	w->reactors = NULL;
	w->n_reactors = 0;
}
