/*
 * conn.c - a connection from accept to close
 * Licence: MIT, see LICENSE.
 */
#include "wire/conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire/out.h"
#include "wire/server.h"
#include "wire/session.h"
#include "wire/worker.h"

enum {
	DRAIN_MS = 1000,           /* how long a client may take to read why it ends */
	OPENING_MAX = 256 << 10,   /* memory for a start-up packet */
	IN_SLACK = 64 << 10,       /* input buffer beyond the largest message */
};

struct conn *conn_new(struct wire_server *w, int fd, const char *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return NULL;
	}
	c->server = w;
	c->owner = CONN_REACTOR;
	c->refs = 1;
	c->phase = CONN_STARTUP;
	mutex_init(&c->lock);
	random_bytes(c->key, sizeof(c->key));
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	stream_init(&c->stream, fd, w->config.max_message + IN_SLACK, OUT_ROW_MAX, &c->killed);
	out_init(c);
	return c;
}

static void free_opening(struct conn *c)
{
	if (c->opening == NULL)
		return;
	auth_deinit(&c->opening->auth);
	arena_free(&c->opening->arena);
	free(c->opening);
	c->opening = NULL;
}

void conn_free(struct conn *c)
{
	assert(c->session == NULL);
	free_opening(c);
	stream_deinit(&c->stream);
	buf_free(&c->aside);
	mutex_deinit(&c->lock);
	free(c);
}

void conn_enter(struct conn *c)
{
	if (c->entered)
		return;
	mutex_lock(&c->lock);
	c->running = true;
	mutex_unlock(&c->lock);
	c->entered = true;
}

void conn_leave(struct conn *c)
{
	if (!c->entered)
		return;
	mutex_lock(&c->lock);
	c->running = false;
	mutex_unlock(&c->lock);
	c->entered = false;
}

void conn_cancel(struct conn *c)
{
	mutex_lock(&c->lock);
	if (c->session != NULL && c->running)
		c->server->ops->cancel(c->session);
	mutex_unlock(&c->lock);
}

void conn_terminate(struct conn *c)
{
	atomic_store(&c->killed, true);
	mutex_lock(&c->lock);
	if (c->session != NULL) {
		c->server->ops->terminate(c->session);
		if (c->running)
			c->server->ops->cancel(c->session);
	}
	mutex_unlock(&c->lock);
}

/* Nobody can reach the session any more when disconnect() is called. */
static void end_session(struct conn *c)
{
	mutex_lock(&c->lock);
	void *session = c->session;
	c->session = NULL;
	c->running = false;
	mutex_unlock(&c->lock);
	c->entered = false;
	if (session != NULL) {
		c->server->ops->disconnect(session);
		log_info(&c->scope, "disconnected");
	}
}

void conn_close(struct conn *c)
{
	end_session(c);
	server_remove(c->server, c);
}

/*
 * What the client must know is written: let it read that.  To close a socket
 * with input unread makes the system reset the connection, and a reset
 * overtakes what was sent.
 */
static enum step drain(struct conn *c)
{
	conn_leave(c);
	stream_flush_now(&c->stream);
	end_session(c);
	free_opening(c);
	if (c->stream.broken)
		return STEP_END;
	server_dismiss(c->server, c);
	stream_shutdown(&c->stream);
	c->phase = CONN_DRAINS;
	server_set_deadline(c->server, c, mono_ms() + DRAIN_MS);
	return STEP_WAIT;
}

static enum step refuse(struct conn *c, const char *sqlstate, const char *message)
{
	out_errorf(c, "FATAL", sqlstate, "%s", message);
	log_info(&c->scope, "refused %s: %s", c->peer, message);
	return drain(c);
}

static enum step refuse_http(struct conn *c)
{
	buf_put_str(&c->stream.out,
		    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
		    "Connection: close\r\n\r\n"
		    "This is a PostgreSQL server: connect with a PostgreSQL client.\n");
	log_info(&c->scope, "refused %s: an HTTP request", c->peer);
	return drain(c);
}

/* ParameterStatus, BackendKeyData, ReadyForQuery: the client may begin. */
static enum step begin_session(struct conn *c)
{
	struct startup *s = &c->opening->startup;
	struct exec_connect who = { .user = s->user,
				    .database = s->database,
				    .settings = s->settings,
				    .n_settings = s->n_settings,
				    .peer = c->peer,
				    .pid = c->pid,
				    .scope = &c->scope };
	void *session = NULL;
	struct buf *b = &c->stream.out;

	server_set_deadline(c->server, c, 0);
	if (!c->server->ops->connect(c->server->executor, &who, &session, &c->out)) {
		if (!c->fatal)
			out_errorf(c, "FATAL", "XX000", "the session could not be started");
		log_info(&c->scope, "refused %s: the session could not be started", c->peer);
		return drain(c);
	}
	log_info(&c->scope, "connected from %s", c->peer);
	/* clients of 3.0 know keys of four bytes only */
	size_t key_len = s->minor >= 2 ? CONN_KEY_LEN : 4;
	mutex_lock(&c->lock);
	c->session = session;
	c->key_len = key_len;
	mutex_unlock(&c->lock);
	c->phase = CONN_READY;
	free_opening(c);
	size_t at = out_begin(b, 'K');
	buf_put_u32(b, (uint32_t)c->pid);
	buf_put(b, c->key, key_len);
	out_end(b, at);
	session_ready(c);
	return STEP_NEXT;
}

static enum step after_auth(struct conn *c, enum auth_rc rc)
{
	const char *user = c->opening->startup.user;

	switch (rc) {
	case AUTH_CONTINUE:
		c->phase = CONN_AUTH;
		stream_flush(&c->stream);
		return STEP_NEXT;
	case AUTH_OK:
		return begin_session(c);
	case AUTH_DENIED:
		if (c->server->config.auth == WIRE_AUTH_TRUST)
			out_errorf(c, "FATAL", "28000", "role \"%s\" does not exist", user);
		else
			out_errorf(c, "FATAL", "28P01",
				   "password authentication failed for user \"%s\"", user);
		log_warn(&c->scope, "authentication of %s failed", c->peer);
		return drain(c);
	case AUTH_BAD:
		out_error(c, 'E', &(struct exec_error){ .severity = "FATAL",
							.sqlstate = "08P01",
							.message = "malformed authentication message",
							.detail = c->opening->auth.why });
		log_warn(&c->scope, "authentication of %s failed: %s", c->peer,
			 c->opening->auth.why);
		return drain(c);
	}
	return STEP_END;
}

/* NegotiateProtocolVersion: what we speak of what the client asked for. */
static void negotiate(struct conn *c, const struct startup *s)
{
	struct buf *b = &c->stream.out;
	unsigned minor = s->minor < STARTUP_MINOR ? s->minor : STARTUP_MINOR;

	if (s->minor <= STARTUP_MINOR && s->n_unknown == 0)
		return;
	size_t at = out_begin(b, 'v');
	buf_put_u32(b, 3u << 16 | minor);
	buf_put_u32(b, (uint32_t)s->n_unknown);
	for (size_t i = 0; i < s->n_unknown; i++)
		buf_put(b, s->unknown[i], strlen(s->unknown[i]) + 1);
	out_end(b, at);
}

static enum step on_session_request(struct conn *c, const struct startup *s)
{
	snprintf(c->scope.prefix, sizeof(c->scope.prefix), "%d %.40s@%.40s", c->pid, s->user,
		 s->database);
	if (atomic_load(&c->server->stopping))
		return refuse(c, "57P03", "the database system is shutting down");
	if (!server_admit(c->server, c))
		return refuse(c, "53300", "sorry, too many clients already");
	negotiate(c, s);
	return after_auth(c, auth_begin(&c->opening->auth, c->server, s->user, &c->stream.out));
}

static enum step on_cancel_request(struct conn *c, const struct startup *s)
{
	static const uint8_t nobody[CONN_KEY_LEN];
	struct conn *target = server_find(c->server, s->cancel_pid);
	const uint8_t *key = target != NULL ? target->key : nobody;
	size_t key_len = CONN_KEY_LEN;

	if (target != NULL) {
		mutex_lock(&target->lock);
		key_len = target->key_len;
		mutex_unlock(&target->lock);
	}
	bool right = s->cancel_key_len == key_len &&
		     bytes_equal_ct(s->cancel_key, key, key_len);
	if (target != NULL && right && key_len > 0)
		conn_cancel(target);
	else
		log_info(NULL, "a cancel request from %s named no connection, or had a wrong key",
			 c->peer);
	if (target != NULL)
		server_unref(c->server, target);
	return STEP_END;
}

static enum step say_no(struct conn *c, bool *asked)
{
	if (*asked)
		return refuse(c, "08P01", "encryption was asked for twice");
	*asked = true;
	buf_put_byte(&c->stream.out, 'N');
	stream_flush(&c->stream);
	return STEP_NEXT;
}

static enum step step_startup(struct conn *c, size_t *want)
{
	struct stream *s = &c->stream;
	size_t left = stream_left(s);

	if (left < 4)
		return STEP_WAIT;
	if (startup_is_http(stream_data(s)))
		return refuse_http(c);
	size_t len = get_u32(stream_data(s));
	if (len < 8 || len > STARTUP_MAX)
		return refuse(c, "08P01", "invalid length of startup packet");
	if (left < len) {
		*want = len - left;
		return STEP_WAIT;
	}
	if (c->opening == NULL) {
		c->opening = calloc(1, sizeof(*c->opening));
		if (c->opening == NULL)
			return refuse(c, "53200", "out of memory");
		arena_init(&c->opening->arena, OPENING_MAX);
	}
	struct startup *packet = &c->opening->startup;
	startup_parse(stream_data(s) + 4, len - 4, &c->opening->arena, packet);
	stream_consume(s, len);
	switch (packet->kind) {
	case STARTUP_BAD:
		return refuse(c, packet->error.sqlstate, packet->error.message);
	case STARTUP_SSL:
		return say_no(c, &c->opening->asked_ssl);
	case STARTUP_GSS:
		return say_no(c, &c->opening->asked_gss);
	case STARTUP_CANCEL:
		return on_cancel_request(c, packet);
	case STARTUP_SESSION:
		return on_session_request(c, packet);
	}
	return STEP_END;
}

static enum step step_auth(struct conn *c, size_t *want)
{
	struct stream *s = &c->stream;
	size_t left = stream_left(s);
	const char *at = stream_data(s);

	if (left == 0)
		return STEP_WAIT;
	if (at[0] != 'p')
		return refuse(c, "08P01", at[0] == 'X' ? "the client gave up" :
				     "expected a password response");
	if (left < 5)
		return STEP_WAIT;
	size_t len = get_u32(at + 1);
	if (len < 4 || len > AUTH_MESSAGE_MAX)
		return refuse(c, "08P01", "invalid message length");
	if (left < 1 + len) {
		*want = 1 + len - left;
		return STEP_WAIT;
	}
	stream_consume(s, 1 + len);
	return after_auth(c, auth_step(&c->opening->auth, at + 5, len - 4, &s->out));
}

static enum step step(struct conn *c, size_t *want)
{
	*want = 0;
	if (c->stream.broken)
		return STEP_END;
	switch (c->phase) {
	case CONN_STARTUP:
		return step_startup(c, want);
	case CONN_AUTH:
		return step_auth(c, want);
	case CONN_READY:
		if (c->fatal)
			return drain(c);
		if (!c->in_batch && atomic_load_explicit(&c->server->stopping,
							 memory_order_relaxed))
			return refuse(c, "57P01",
				      "terminating connection due to administrator command");
		return session_step(c, want);
	case CONN_DRAINS:
		return STEP_WAIT;
	}
	return STEP_END;
}

/* Its deadline has passed, or the server stops. */
static enum step end_doomed(struct conn *c)
{
	bool stopping = atomic_load(&c->server->stopping);

	c->doomed = false;
	switch (c->phase) {
	case CONN_STARTUP:
	case CONN_DRAINS:
		return STEP_END;
	case CONN_AUTH:
		if (stopping)
			return refuse(c, "57P03", "the database system is shutting down");
		return refuse(c, "57014", "canceling authentication due to timeout");
	case CONN_READY:
		if (stopping || !c->idle_limited)
			return refuse(c, "57P01", "terminating connection due to administrator command");
		if (c->server->ops->status(c->session) == EXEC_IDLE)
			return refuse(c, "57P05", "terminating connection due to idle-session timeout");
		return refuse(c, "25P03", "terminating connection due to idle-in-transaction timeout");
	}
	return STEP_END;
}

/* Between batches a client may be told how long to be idle; the reactor looks at the clock. */
static void limit_idleness(struct conn *c)
{
	int64_t timeout_ms = c->phase == CONN_READY && !c->in_batch && !c->fatal ?
				     c->server->ops->idle_timeout(c->session) : 0;

	if (timeout_ms > 0)
		server_set_deadline(c->server, c, mono_ms() + timeout_ms);
	c->idle_limited = timeout_ms > 0;
}

static void end_idleness(struct conn *c)
{
	if (c->idle_limited)
		server_set_deadline(c->server, c, 0);
	c->idle_limited = false;
}

bool conn_run(struct conn *c)
{
	enum stream_wait wait = STREAM_NOW;
	size_t want = 0;

	if (c->doomed && end_doomed(c) == STEP_END)
		return false;
	end_idleness(c);
	for (;;) {
		enum step s;

		do {
			s = step(c, &want);
		} while (s == STEP_NEXT);
		if (s == STEP_END)
			return false;
		if (c->phase == CONN_DRAINS)
			return stream_discard(&c->stream) != STREAM_END;
		conn_leave(c);
		if (wait == STREAM_LINGER && worker_wanted(c->server))
			wait = STREAM_NOW;
		enum stream_rc rc = stream_fill(&c->stream, want, wait);
		if (rc == STREAM_END)
			return false;
		if (rc == STREAM_NOTHING)
			break;
		wait = STREAM_LINGER;
	}
	/* what was not asked for with Flush or Sync may go all the same */
	if (c->stream.out.len > 0 && !stream_flush(&c->stream))
		return false;
	stream_shrink(&c->stream);
	limit_idleness(c);
	return true;
}
