/*
 * server.c - open, start and stop a server; its table of connections
 * Licence: MIT, see LICENSE.
 */
#include "wire/server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "wire/auth.h"
#include "wire/conn.h"
#include "wire/out.h"
#include "wire/reactor.h"
#include "wire/worker.h"

enum {
	DEFAULT_MAX_MESSAGE = 256 << 20,
	MAX_MESSAGE_LEAST = 64 << 10,
	MAX_MESSAGE_MOST = 1 << 30,
	DEFAULT_AUTH_TIMEOUT_MS = 60 * 1000,
	SPARE_CONNECTIONS = 64, /* that are not admitted, or cancel: beyond as many as clients */
	SPARE_WORKERS = 4,      /* for those: they never block */
	SPARE_FILES = 128,      /* for the rest of the process */
};

static bool copy_config(struct wire_server *w, const struct wire_config *config,
			struct error *err)
{
	struct wire_config *to = &w->config;

	*to = *config;
	to->password = NULL;
	to->host = strdup(config->host != NULL ? config->host : "*");
	to->user = strdup(config->user);
	to->unix_dir = config->unix_dir != NULL ? strdup(config->unix_dir) : NULL;
	if (to->host == NULL || to->user == NULL ||
	    (config->unix_dir != NULL && to->unix_dir == NULL))
		return error_no_memory(err);
	if (to->max_connections == 0)
		to->max_connections = 1;
	if (to->max_message == 0)
		to->max_message = DEFAULT_MAX_MESSAGE;
	if (to->max_message < MAX_MESSAGE_LEAST)
		to->max_message = MAX_MESSAGE_LEAST;
	if (to->max_message > MAX_MESSAGE_MOST)
		to->max_message = MAX_MESSAGE_MOST;
	if (to->auth_timeout_ms == 0)
		to->auth_timeout_ms = DEFAULT_AUTH_TIMEOUT_MS;
	return true;
}

bool wire_open(const struct wire_config *config, const struct executor_ops *ops, void *server,
	       struct wire_server **out, struct error *err)
{
	struct wire_server *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return error_no_memory(err);
	mutex_init(&w->lock);
	cond_init(&w->changed);
	cond_init(&w->work);
	w->ops = ops;
	w->executor = server;
	if (!copy_config(w, config, err))
		goto fail;
	w->n_slots = 2 * (size_t)w->config.max_connections + SPARE_CONNECTIONS;
	w->max_workers = (size_t)w->config.max_connections + SPARE_WORKERS;
	w->conns = calloc(w->n_slots, sizeof(struct conn *));
	if (w->conns == NULL) {
		error_no_memory(err);
		goto fail;
	}
	if (listen_raise_files() < (size_t)w->config.max_connections + SPARE_FILES)
		log_warn(NULL, "the limit of open files is lower than max_connections (%u) needs",
			 w->config.max_connections);
	int cores = get_nprocs();
	size_t n_reactors = w->config.reactors != 0 ? w->config.reactors :
			    cores > 3		    ? (size_t)cores / 2 :
						      1;
	if (!auth_prepare(w, config->password != NULL ? config->password : "", err) ||
	    !reactors_open(w, n_reactors, err) ||
	    !listen_open(&w->listeners, w->config.host, w->config.port, w->config.unix_dir, err))
		goto fail;
	*out = w;
	return true;
fail:
	wire_close(w);
	return false;
}

bool wire_start(struct wire_server *w, struct error *err)
{
	return reactors_start(w, err);
}

uint16_t wire_port(const struct wire_server *w)
{
	return w->listeners.port;
}

/* Queue those of the connections nobody works on that `which` picks. */
static void doom_locked(struct wire_server *w, bool (*which)(const struct conn *c))
{
	for (size_t i = 0; i < w->n_slots; i++) {
		struct conn *c = w->conns[i];

		if (c == NULL || c->owner != CONN_REACTOR || !which(c))
			continue;
		c->doomed = true;
		worker_queue_locked(w, c);
	}
}

static bool is_any(const struct conn *c)
{
	(void)c;
	return true;
}

/* Everything that still runs is to end, and nobody waits for a client any more. */
static void terminate_all(struct wire_server *w)
{
	for (size_t i = 0; i < w->n_slots; i++) {
		mutex_lock(&w->lock);
		struct conn *c = w->conns[i];
		if (c != NULL)
			c->refs++;
		mutex_unlock(&w->lock);
		if (c == NULL)
			continue;
		conn_terminate(c);
		server_unref(w, c);
	}
}

void wire_stop(struct wire_server *w, int64_t deadline_ms)
{
	bool in_time = true;

	atomic_store(&w->stopping, true);
	mutex_lock(&w->lock);
	doom_locked(w, conn_is_client);
	while (w->n_clients > 0 && in_time)
		in_time = cond_wait_until(&w->changed, &w->lock, deadline_ms);
	size_t late = w->n_clients;
	mutex_unlock(&w->lock);
	if (late > 0) {
		log_warn(NULL, "%zu clients still at work: their statements are canceled", late);
		terminate_all(w);
	}
	/* now those that are not admitted, or drain; more of them may still come */
	mutex_lock(&w->lock);
	while (w->n_clients > 0)
		cond_wait(&w->changed, &w->lock);
	mutex_unlock(&w->lock);
	reactors_stop(w);
	listen_close(&w->listeners);
	terminate_all(w);
	mutex_lock(&w->lock);
	while (w->n_conns > 0) {
		doom_locked(w, is_any);
		cond_wait_until(&w->changed, &w->lock, mono_ms() + 10);
	}
	mutex_unlock(&w->lock);
	worker_stop_all(w);
}

void wire_close(struct wire_server *w)
{
	if (w == NULL)
		return;
	assert(w->n_conns == 0 && w->n_workers == 0);
	listen_close(&w->listeners);
	reactors_close(w);
	free(w->conns);
	free((char *)w->config.host);
	free((char *)w->config.user);
	free((char *)w->config.unix_dir);
	cond_deinit(&w->work);
	cond_deinit(&w->changed);
	mutex_deinit(&w->lock);
	free(w);
}

/*
 * pid = generation * n_slots + slot + 1: finds its slot at once, and is not used
 * again before two thousand million others.
 */
static int32_t new_pid_locked(struct wire_server *w, size_t slot)
{
	uint32_t generations = (uint32_t)((INT32_MAX - 1) / w->n_slots);

	return (int32_t)(w->generation % generations * w->n_slots + slot + 1);
}

/* The search goes round; a slot comes again in the next generation only. */
static void pass_slot_locked(struct wire_server *w)
{
	if (++w->next_slot < w->n_slots)
		return;
	w->next_slot = 0;
	w->generation++;
}

static bool add_locked(struct wire_server *w, struct conn *c, struct error *err)
{
	if (w->n_conns == w->n_slots)
		return error_set(err, "too many connections");
	while (w->conns[w->next_slot] != NULL)
		pass_slot_locked(w);
	c->pid = new_pid_locked(w, w->next_slot);
	c->reactor = &w->reactors[w->next_slot % w->n_reactors];
	c->deadline_ms = mono_ms() + w->config.auth_timeout_ms;
	if (!reactor_add_locked(c, err))
		return false;
	w->conns[w->next_slot] = c;
	pass_slot_locked(w);
	w->n_conns++;
	w->n_deadlines++;
	return true;
}

void server_add(struct wire_server *w, int fd, const char *peer)
{
	struct error err = ERROR_INIT;
	struct conn *c = conn_new(w, fd, peer);

	if (c == NULL) {
		log_error(NULL, "could not take in a connection: out of memory");
		return;
	}
	mutex_lock(&w->lock);
	bool added = add_locked(w, c, &err);
	mutex_unlock(&w->lock);
	if (added)
		return;
	out_errorf(c, "FATAL", "53300", "sorry, too many clients already");
	stream_flush_now(&c->stream);
	log_warn(NULL, "refused %s: %s", peer, err.text);
	conn_free(c);
}

struct conn *server_find_locked(struct wire_server *w, int32_t pid)
{
	assert(mutex_held(&w->lock));
	if (pid <= 0)
		return NULL;
	struct conn *c = w->conns[((size_t)pid - 1) % w->n_slots];
	return c != NULL && c->pid == pid ? c : NULL;
}

struct conn *server_find(struct wire_server *w, int32_t pid)
{
	mutex_lock(&w->lock);
	struct conn *c = server_find_locked(w, pid);
	if (c != NULL)
		c->refs++;
	mutex_unlock(&w->lock);
	return c;
}

bool server_admit(struct wire_server *w, struct conn *c)
{
	mutex_lock(&w->lock);
	bool room = w->n_clients < w->config.max_connections;
	if (room) {
		w->n_clients++;
		c->counted = true;
	}
	mutex_unlock(&w->lock);
	return room;
}

static void dismiss_locked(struct wire_server *w, struct conn *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	w->n_clients--;
	cond_broadcast(&w->changed);
}

void server_dismiss(struct wire_server *w, struct conn *c)
{
	mutex_lock(&w->lock);
	dismiss_locked(w, c);
	mutex_unlock(&w->lock);
}

void server_set_deadline(struct wire_server *w, struct conn *c, int64_t deadline_ms)
{
	mutex_lock(&w->lock);
	bool had = c->deadline_ms != 0;
	bool has = deadline_ms != 0;
	bool first = !had && has && w->n_deadlines == 0;
	c->deadline_ms = deadline_ms;
	if (has && !had)
		w->n_deadlines++;
	if (had && !has)
		w->n_deadlines--;
	mutex_unlock(&w->lock);
	if (first)
		reactor_wake(w);
}

static void unref_locked(struct wire_server *w, struct conn *c)
{
	assert(mutex_held(&w->lock));
	if (--c->refs == 0)
		conn_free(c);
}

void server_remove(struct wire_server *w, struct conn *c)
{
	mutex_lock(&w->lock);
	dismiss_locked(w, c);
	if (c->deadline_ms != 0)
		w->n_deadlines--;
	w->conns[((size_t)c->pid - 1) % w->n_slots] = NULL;
	w->n_conns--;
	cond_broadcast(&w->changed);
	unref_locked(w, c);
	mutex_unlock(&w->lock);
}

void server_unref(struct wire_server *w, struct conn *c)
{
	mutex_lock(&w->lock);
	unref_locked(w, c);
	mutex_unlock(&w->lock);
}
