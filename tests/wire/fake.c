/*
 * fake.c - an executor without SQL, to test the protocol with
 * Licence: MIT, see LICENSE.
 */
#include "tests/wire/fake.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/thread.h"

enum { N_NAMED = 8, NAME_LEN = 32 };

struct statement {
	char name[NAME_LEN];
	char *text;
	size_t n_params;
};

struct portal {
	char name[NAME_LEN];
	char *text; /* the statement's, or the parameters' */
	int next_row;
};

struct session {
	enum exec_status status;
	int64_t idle_ms;
	atomic_bool at_work; /* inside a call */
	atomic_bool canceled;
	atomic_bool terminated;
	struct statement statements[N_NAMED];
	struct portal portals[N_NAMED];
};

struct fake_counts fake_counts;
static struct mutex lock = MUTEX_INIT;
static struct cond changed; /* init() */
static struct session *holder;
static bool gate_is_open;

static void init(void)
{
	cond_init(&changed);
}

void fake_reset(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
	memset(&fake_counts, 0, sizeof(fake_counts));
	gate_is_open = false;
}

void fake_open_gate(void)
{
	mutex_lock(&lock);
	gate_is_open = true;
	cond_broadcast(&changed);
	mutex_unlock(&lock);
}

static struct session *enter(void *session)
{
	struct session *s = session;

	/* one call at a time for each session */
	if (atomic_exchange(&s->at_work, true))
		abort();
	return s;
}

static void leave(struct session *s)
{
	if (!atomic_exchange(&s->at_work, false))
		abort();
}

static bool raise_error(struct session *s, struct exec_out *out, const char *severity,
			const char *sqlstate, const char *message)
{
	out->error(out, &(struct exec_error){ .severity = severity, .sqlstate = sqlstate,
					      .message = message, .position = 3 });
	if (s->status == EXEC_IN_TRANSACTION)
		s->status = EXEC_FAILED;
	return false;
}

static bool connect_session(void *server, const struct exec_connect *who, void **session,
			    struct exec_out *out)
{
	struct session *s;

	(void)server;
	if (strcmp(who->database, "nosuch") == 0) {
		out->error(out, &(struct exec_error){ .severity = "FATAL", .sqlstate = "3D000",
			   .message = "database \"nosuch\" does not exist" });
		return false;
	}
	s = calloc(1, sizeof(*s));
	s->status = EXEC_IDLE;
	out->setting(out, "server_version", "15.0");
	out->setting(out, "client_encoding", "UTF8");
	out->setting(out, "standard_conforming_strings", "on");
	for (size_t i = 0; i < who->n_settings; i++)
		out->setting(out, who->settings[i].name, who->settings[i].value);
	atomic_fetch_add(&fake_counts.connects, 1);
	*session = s;
	return true;
}

static void unlock_session(struct session *s)
{
	mutex_lock(&lock);
	if (holder == s)
		holder = NULL;
	cond_broadcast(&changed);
	mutex_unlock(&lock);
}

static void disconnect(void *session)
{
	struct session *s = enter(session);

	unlock_session(s);
	for (int i = 0; i < N_NAMED; i++) {
		free(s->statements[i].text);
		free(s->portals[i].text);
	}
	free(s);
	atomic_fetch_add(&fake_counts.disconnects, 1);
}

static void describe(struct exec_out *out)
{
	struct exec_column column = { .name = "text", .type_oid = 25, .type_len = -1, .typmod = -1 };

	out->columns(out, &column, 1);
}

static bool send_row(struct exec_out *out, const char *text, size_t len)
{
	struct buf *b = out->row_begin(out, 1);

	if (b == NULL)
		return false;
	buf_put_u32(b, (uint32_t)len);
	buf_put(b, text, len);
	return out->row_end(out);
}

static bool interrupted(struct session *s, struct exec_out *out)
{
	if (s->canceled) {
		raise_error(s, out, "ERROR", "57014", "canceling statement due to user request");
		return true;
	}
	return false;
}

static bool wait_for(struct session *s, int64_t ms, struct exec_out *out)
{
	int64_t deadline = mono_ms() + ms;

	mutex_lock(&lock);
	atomic_fetch_add(&fake_counts.waiting, 1);
	while (!s->canceled && cond_wait_until(&changed, &lock, deadline))
		;
	atomic_fetch_sub(&fake_counts.waiting, 1);
	mutex_unlock(&lock);
	return !interrupted(s, out);
}

static bool wait_at_gate(struct session *s, struct exec_out *out)
{
	mutex_lock(&lock);
	atomic_fetch_add(&fake_counts.waiting, 1);
	while (!gate_is_open && !s->canceled)
		cond_wait(&changed, &lock);
	atomic_fetch_sub(&fake_counts.waiting, 1);
	mutex_unlock(&lock);
	return !interrupted(s, out);
}

static bool take_lock(struct session *s, struct exec_out *out)
{
	mutex_lock(&lock);
	atomic_fetch_add(&fake_counts.waiting, 1);
	while (holder != NULL && holder != s && !s->canceled)
		cond_wait(&changed, &lock);
	atomic_fetch_sub(&fake_counts.waiting, 1);
	if (!s->canceled)
		holder = s;
	mutex_unlock(&lock);
	return !interrupted(s, out);
}

static bool rows(struct session *s, const char *args, int *next, uint32_t max_rows,
		 struct exec_out *out)
{
	char tag[32];
	int n = 0;
	int width = 10;
	uint32_t sent = 0;

	if (sscanf(args, "%d %d", &n, &width) < 1)
		return raise_error(s, out, "ERROR", "42601", "rows needs a number");
	char *text = malloc((size_t)width + 16);
	for (; *next < n; ++*next) {
		if (max_rows != 0 && sent == max_rows) {
			free(text);
			out->suspended(out);
			return true;
		}
		memset(text, 'x', (size_t)width);
		int len = snprintf(text, (size_t)width + 16, "%d", *next);
		if (len < width) {
			text[len] = 'x';
			len = width;
		}
		if (s->canceled || !send_row(out, text, (size_t)len)) {
			free(text);
			return interrupted(s, out) ? false : false;
		}
		sent++;
	}
	free(text);
	snprintf(tag, sizeof(tag), "SELECT %u", sent);
	out->complete(out, tag);
	return true;
}

static bool copy_in(struct session *s, struct exec_out *out)
{
	const char *data;
	char tag[32];
	long n;
	long total = 0;

	out->copy_in_begin(out, 0, 1);
	atomic_fetch_add(&fake_counts.copies, 1);
	while ((n = out->copy_in_next(out, &data)) > 0)
		total += n;
	if (n < 0)
		return raise_error(s, out, "ERROR", "57014", data != NULL ? data : "client is gone");
	snprintf(tag, sizeof(tag), "COPY %ld", total);
	out->complete(out, tag);
	return true;
}

static bool copy_out(const char *args, struct exec_out *out)
{
	char tag[32];
	int n = atoi(args);

	out->copy_out_begin(out, 0, 1);
	for (int i = 0; i < n; i++) {
		struct buf *b = out->copy_out_row(out);

		if (b == NULL)
			return false;
		buf_printf(b, "%d\n", i);
		if (!out->row_end(out))
			return false;
	}
	out->copy_out_end(out);
	snprintf(tag, sizeof(tag), "COPY %d", n);
	out->complete(out, tag);
	return true;
}

static const char *after(const char *text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(text, word, n) != 0 || (text[n] != '\0' && text[n] != ' '))
		return NULL;
	return text[n] == ' ' ? text + n + 1 : text + n;
}

static bool has_rows(const char *text)
{
	static const char *const without[] = { "begin", "commit", "fail", "fatal", "sleep", "gate", "lock",
					       "unlock", "copy t from stdin", "copy t to stdout", "notice", "set" };

	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		if (after(text, without[i]) != NULL)
			return false;
	return text[0] != '\0';
}

static bool run(struct session *s, const char *text, int *next, uint32_t max_rows,
		struct exec_out *out)
{
	const char *args;
	const char *tag = text;

	atomic_fetch_add(&fake_counts.statements, 1);
	if (s->status == EXEC_FAILED && after(text, "commit") == NULL)
		return raise_error(s, out, "ERROR", "25P02", "current transaction is aborted");
	if (text[0] == '\0') {
		out->empty_query(out);
		return true;
	}
	if ((args = after(text, "rows")) != NULL)
		return rows(s, args, next, max_rows, out);
	if (after(text, "begin") != NULL) {
		s->status = EXEC_IN_TRANSACTION;
		tag = "BEGIN";
	} else if (after(text, "commit") != NULL) {
		tag = s->status == EXEC_FAILED ? "ROLLBACK" : "COMMIT";
		s->status = EXEC_IDLE;
	} else if ((args = after(text, "fail")) != NULL) {
		return raise_error(s, out, "ERROR", strlen(args) == 5 ? args : "42601", "it failed");
	} else if (after(text, "fatal") != NULL) {
		return raise_error(s, out, "FATAL", "57P05", "it is over");
	} else if ((args = after(text, "sleep")) != NULL) {
		if (!wait_for(s, atoi(args), out))
			return false;
		tag = "SLEEP";
	} else if (after(text, "gate") != NULL) {
		if (!wait_at_gate(s, out))
			return false;
		tag = "GATE";
	} else if (after(text, "lock") != NULL) {
		if (!take_lock(s, out))
			return false;
		tag = "LOCK";
	} else if (after(text, "unlock") != NULL) {
		unlock_session(s);
		tag = "UNLOCK";
	} else if (after(text, "copy t from stdin") != NULL) {
		return copy_in(s, out);
	} else if ((args = after(text, "copy t to stdout")) != NULL) {
		return copy_out(args, out);
	} else if (after(text, "notice") != NULL) {
		out->notice(out, &(struct exec_error){ .severity = "NOTICE", .sqlstate = "00000",
						       .message = "take note" });
		tag = "NOTICE";
	} else if ((args = after(text, "set")) != NULL) {
		char name[32] = "";
		char value[32] = "";

		sscanf(args, "%31s %31s", name, value);
		if (strcmp(name, "idle_ms") == 0)
			s->idle_ms = atoi(value);
		else
			out->setting(out, name, value);
		tag = "SET";
	} else {
		const char *shown = after(text, "echo") != NULL ? after(text, "echo") : text;

		if (!send_row(out, shown, strlen(shown)))
			return false;
		tag = "SELECT 1";
	}
	out->complete(out, tag);
	return true;
}

static bool simple_query(void *session, const char *text, struct exec_out *out)
{
	struct session *s = enter(session);
	bool ok = true;
	bool more = true;

	s->canceled = false;
	while (ok && more) {
		const char *end = strchr(text, ';');
		size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
		char *one = strndup(text, len);
		int next = 0;

		more = end != NULL && end[1] != '\0';
		if (has_rows(one))
			describe(out);
		ok = run(s, one, &next, 0, out);
		free(one);
		text += len + 1;
	}
	leave(s);
	return ok;
}

static struct statement *find_statement(struct session *s, const char *name, bool make)
{
	for (int i = 0; i < N_NAMED; i++)
		if (s->statements[i].text != NULL && strcmp(s->statements[i].name, name) == 0)
			return &s->statements[i];
	for (int i = 0; make && i < N_NAMED; i++)
		if (s->statements[i].text == NULL) {
			snprintf(s->statements[i].name, NAME_LEN, "%s", name);
			return &s->statements[i];
		}
	return NULL;
}

static struct portal *find_portal(struct session *s, const char *name, bool make)
{
	for (int i = 0; i < N_NAMED; i++)
		if (s->portals[i].text != NULL && strcmp(s->portals[i].name, name) == 0)
			return &s->portals[i];
	for (int i = 0; make && i < N_NAMED; i++)
		if (s->portals[i].text == NULL) {
			snprintf(s->portals[i].name, NAME_LEN, "%s", name);
			return &s->portals[i];
		}
	return NULL;
}

static bool parse(void *session, const char *name, const char *text, const uint32_t *type_oids,
		  size_t n_types, struct exec_out *out)
{
	struct session *s = enter(session);
	struct statement *st = find_statement(s, name, true);
	bool ok = true;

	(void)type_oids;
	s->canceled = false;
	if (st == NULL || (name[0] != '\0' && st->text != NULL)) {
		ok = raise_error(s, out, "ERROR", "42P05", "prepared statement already exists");
	} else if (after(text, "badparse") != NULL) {
		ok = raise_error(s, out, "ERROR", "42601", "syntax error");
	} else {
		free(st->text);
		st->text = strdup(text);
		st->n_params = n_types;
		for (const char *p = text; (p = strchr(p, '$')) != NULL; p++)
			if (st->n_params < (size_t)atoi(p + 1))
				st->n_params = (size_t)atoi(p + 1);
	}
	leave(s);
	return ok;
}

static bool bind(void *session, const char *portal, const char *statement, const int16_t *formats,
		 size_t n_formats, const struct exec_value *values, size_t n_values,
		 const int16_t *result_formats, size_t n_result_formats, struct exec_out *out)
{
	struct session *s = enter(session);
	struct statement *st = find_statement(s, statement, false);
	struct portal *p = find_portal(s, portal, true);
	struct buf text = BUF_INIT(1 << 28);
	bool ok = true;

	(void)formats;
	(void)n_formats;
	(void)result_formats;
	(void)n_result_formats;
	if (st == NULL || p == NULL) {
		ok = raise_error(s, out, "ERROR", "26000", "prepared statement does not exist");
	} else if (n_values != st->n_params) {
		ok = raise_error(s, out, "ERROR", "08P01", "wrong number of parameters");
	} else {
		if (n_values == 0)
			buf_put_str(&text, st->text);
		else
			buf_put_str(&text, "echo ");
		for (size_t i = 0; i < n_values; i++) {
			if (i > 0)
				buf_put_byte(&text, '|');
			if (values[i].data == NULL)
				buf_put_str(&text, "null");
			else
				buf_put(&text, values[i].data, values[i].len);
		}
		buf_put_byte(&text, '\0');
		free(p->text);
		p->text = buf_take(&text, NULL);
		p->next_row = 0;
	}
	leave(s);
	return ok;
}

static bool describe_text(const char *text, struct exec_out *out)
{
	if (text != NULL && has_rows(text))
		describe(out);
	else
		out->no_data(out);
	return true;
}

static bool describe_statement(void *session, const char *name, struct exec_out *out)
{
	struct session *s = enter(session);
	struct statement *st = find_statement(s, name, false);
	uint32_t oids[64];
	bool ok;

	if (st == NULL) {
		ok = raise_error(s, out, "ERROR", "26000", "prepared statement does not exist");
	} else {
		for (size_t i = 0; i < st->n_params && i < 64; i++)
			oids[i] = 25;
		out->parameters(out, oids, st->n_params < 64 ? st->n_params : 64);
		ok = describe_text(st->text, out);
	}
	leave(s);
	return ok;
}

static bool describe_portal(void *session, const char *name, struct exec_out *out)
{
	struct session *s = enter(session);
	struct portal *p = find_portal(s, name, false);
	bool ok = p != NULL ? describe_text(p->text, out) :
			      raise_error(s, out, "ERROR", "34000", "portal does not exist");

	leave(s);
	return ok;
}

static bool execute(void *session, const char *portal, uint32_t max_rows, struct exec_out *out)
{
	struct session *s = enter(session);
	struct portal *p = find_portal(s, portal, false);
	bool ok = p != NULL ? run(s, p->text, &p->next_row, max_rows, out) :
			      raise_error(s, out, "ERROR", "34000", "portal does not exist");

	leave(s);
	return ok;
}

static void close_statement(void *session, const char *name)
{
	struct session *s = enter(session);
	struct statement *st = find_statement(s, name, false);

	if (st != NULL) {
		free(st->text);
		st->text = NULL;
	}
	leave(s);
}

static void close_portal(void *session, const char *name)
{
	struct session *s = enter(session);
	struct portal *p = find_portal(s, name, false);

	if (p != NULL) {
		free(p->text);
		p->text = NULL;
	}
	leave(s);
}

static bool sync(void *session, struct exec_out *out)
{
	struct session *s = enter(session);

	(void)out;
	atomic_fetch_add(&fake_counts.syncs, 1);
	leave(s);
	return true;
}

static void fail(void *session)
{
	struct session *s = enter(session);

	atomic_fetch_add(&fake_counts.fails, 1);
	if (s->status == EXEC_IN_TRANSACTION)
		s->status = EXEC_FAILED;
	leave(s);
}

static enum exec_status status(void *session)
{
	return ((struct session *)session)->status;
}

static int64_t idle_timeout(void *session)
{
	return ((struct session *)session)->idle_ms;
}

static void cancel(void *session)
{
	struct session *s = session;

	atomic_fetch_add(&fake_counts.cancels, 1);
	if (!s->at_work)
		atomic_fetch_add(&fake_counts.late_cancels, 1);
	mutex_lock(&lock);
	s->canceled = true;
	cond_broadcast(&changed);
	mutex_unlock(&lock);
}

static void terminate(void *session)
{
	((struct session *)session)->terminated = true;
}

const struct executor_ops fake_ops = {
	.connect = connect_session,
	.disconnect = disconnect,
	.simple_query = simple_query,
	.parse = parse,
	.bind = bind,
	.describe_statement = describe_statement,
	.describe_portal = describe_portal,
	.execute = execute,
	.close_statement = close_statement,
	.close_portal = close_portal,
	.sync = sync,
	.fail = fail,
	.status = status,
	.idle_timeout = idle_timeout,
	.cancel = cancel,
	.terminate = terminate,
};
