/*
 * pool.c - SQLite connections of a database, and places to work
 *
 * A connection keeps its prepared statements (the latest used ones) for whoever
 * it is lent to next.  It never reaches a file of this machine: no ATTACH, no
 * extensions.  A statement stops when its session says so: the progress handler
 * looks at the session's flags, so a cancel can never hit somebody else's.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sql/catalog/sequence.h"
#include "sql/func.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

enum { PROGRESS_OPS = 1000, WAKE_MS = 50 };

/* ---- places ---- */

void places_init(struct places *p, unsigned n)
{
	mutex_init(&p->lock);
	cond_init(&p->given);
	p->n_free = n;
	p->n_waiting = 0;
}

void places_deinit(struct places *p)
{
	mutex_deinit(&p->lock);
	cond_deinit(&p->given);
}

bool place_take(struct sql_session *s, struct sql_error *err)
{
	struct places *p = &s->server->places;

	if (s->has_place)
		return true;
	mutex_lock(&p->lock);
	while (p->n_free == 0) {
		p->n_waiting++;
		cond_wait_until(&p->given, &p->lock, mono_ms() + WAKE_MS);
		p->n_waiting--;
		if (p->n_free == 0 && session_stopped(s)) {
			mutex_unlock(&p->lock);
			return outcome_canceled(s, err);
		}
	}
	p->n_free--;
	s->has_place = true;
	mutex_unlock(&p->lock);
	return true;
}

void place_give(struct sql_session *s)
{
	struct places *p = &s->server->places;

	if (!s->has_place)
		return;
	mutex_lock(&p->lock);
	p->n_free++;
	s->has_place = false;
	if (p->n_waiting > 0)
		cond_signal(&p->given);
	mutex_unlock(&p->lock);
}

/* ---- the statement cache of a connection ---- */

static void unlink_statement(struct conn *c, struct prepared_stmt *p)
{
	if (p->newer != NULL)
		p->newer->older = p->older;
	else
		c->newest = p->older;
	if (p->older != NULL)
		p->older->newer = p->newer;
	else
		c->oldest = p->newer;
	p->newer = p->older = NULL;
}

static void link_newest(struct conn *c, struct prepared_stmt *p)
{
	p->newer = NULL;
	p->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = p;
	else
		c->oldest = p;
	c->newest = p;
}

static void free_statement(struct prepared_stmt *p)
{
	sqlite3_finalize(p->stmt);
	free(p->text);
	free(p);
}

static void evict_oldest(struct conn *c)
{
	struct prepared_stmt *p = c->oldest;

	while (p != NULL && p->in_use)
		p = p->newer;
	if (p == NULL)
		return;
	unlink_statement(c, p);
	map_remove(&c->statements, p->text);
	c->n_statements--;
	free_statement(p);
}

int conn_prepare(struct conn *c, const char *text, struct prepared_stmt **out)
{
	struct prepared_stmt *p = map_get(&c->statements, text);

	if (p != NULL && !p->in_use) {
		if (c->newest != p) {
			unlink_statement(c, p);
			link_newest(c, p);
		}
		p->in_use = true;
		*out = p;
		return SQLITE_OK;
	}
	bool cached = p == NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return SQLITE_NOMEM;
	int rc = sqlite3_prepare_v3(c->sql.db, text, -1, SQLITE_PREPARE_PERSISTENT, &p->stmt, NULL);
	if (rc != SQLITE_OK) {
		free_statement(p);
		return rc;
	}
	p->in_use = true;
	p->text = strdup(text);
	if (p->text != NULL && cached && map_put(&c->statements, text, p, NULL)) {
		p->cached = true;
		link_newest(c, p);
		if (++c->n_statements > STATEMENTS_CACHED)
			evict_oldest(c);
	}
	*out = p;
	return SQLITE_OK;
}

void conn_release(struct conn *c, struct prepared_stmt *p)
{
	(void)c;
	if (p == NULL)
		return;
	sqlite3_reset(p->stmt);
	sqlite3_clear_bindings(p->stmt);
	p->in_use = false;
	if (!p->cached)
		free_statement(p);
}

/* A transaction's end must not be stopped half-way by a cancel: uncancelable. */
int conn_exec(struct conn *c, const char *text)
{
	struct prepared_stmt *p;
	bool before = c->uncancelable;

	c->uncancelable = true;
	int rc = conn_prepare(c, text, &p);
	if (rc == SQLITE_OK) {
		do
			rc = sqlite3_step(p->stmt);
		while (rc == SQLITE_ROW);
		if (rc == SQLITE_DONE)
			rc = SQLITE_OK;
		/* the reset forgets nothing of what sqlite3_errmsg() says */
		conn_release(c, p);
	}
	c->uncancelable = before;
	return rc;
}

/* ---- opening and closing ---- */

static int on_progress(void *arg)
{
	struct conn *c = arg;

	if (c->user == NULL || c->uncancelable)
		return 0;
	if (atomic_load_explicit(&c->user->canceled, memory_order_relaxed))
		return 1;
	if (c->user->deadline_ms != 0 && ++c->progress_calls % 8 == 0)
		return session_stopped(c->user);
	return 0;
}

void conn_discard(struct conn *c)
{
	while (c->newest != NULL) {
		struct prepared_stmt *p = c->newest;

		unlink_statement(c, p);
		free_statement(p);
	}
	map_free(&c->statements);
	sequence_close(&c->sql);
	if (c->sql.db != NULL && sqlite3_close(c->sql.db) != SQLITE_OK)
		log_error(NULL, "could not close a connection: %s", sqlite3_errmsg(c->sql.db));
	free(c);
}

static struct sql_env shell_env;

static void init_shell_env(void)
{
	sql_env_init(&shell_env);
}

static const struct sql_env *nobody(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_shell_env);
	return &shell_env;
}

static bool configure(struct sql_session *s, struct conn *c, struct sql_error *err)
{
	static const int on[] = { SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
				  SQLITE_DBCONFIG_ENABLE_FKEY, SQLITE_DBCONFIG_ENABLE_TRIGGER,
				  SQLITE_DBCONFIG_ENABLE_VIEW };
	static const int off[] = { SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML,
				   SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
				   SQLITE_DBCONFIG_WRITABLE_SCHEMA };
	struct error verr = ERROR_INIT;
	sqlite3 *db = c->sql.db;

	sqlite3_extended_result_codes(db, 1);
	if (!vfs_prepare_connection(db, &verr)) {
		/* what the store said, if it is to blame: the database was dropped, say */
		enum vfs_rc rc = vfs_last_error(db, &verr);

		return outcome_vfs(s, rc != VFS_OK ? (int)rc : VFS_IO, &verr, err);
	}
	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		sqlite3_db_config(db, on[i], 1, NULL);
	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		sqlite3_db_config(db, off[i], 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_progress_handler(db, PROGRESS_OPS, on_progress, c);
	if (!func_register(&c->sql, err) || !system_register(&c->sql, err))
		return false;
	return true;
}

static bool conn_open(struct sql_session *s, struct conn **out, struct sql_error *err)
{
	char name[VFS_NAME_ENCODED];
	char uri[VFS_NAME_ENCODED + 32];
	struct error verr = ERROR_INIT;
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return sql_error_no_memory(err);
	c->db = s->db;
	c->sql.env = nobody();
	vfs_encode_name(s->db->name, name);
	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob", name);
	int rc = sqlite3_open_v2(uri, &c->sql.db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		enum vfs_rc vrc = vfs_open_error(&verr);

		if (c->sql.db == NULL)
			sql_error_no_memory(err);
		else if (vrc != VFS_OK)
			outcome_vfs(s, (int)vrc, &verr, err);
		else
			outcome_error(s, c, rc, err);
		goto fail;
	}
	if (!configure(s, c, err))
		goto fail;
	*out = c;
	return true;
fail:
	if (!err->set)
		sql_error_set(err, ERRCODE_IO, "could not open database \"%s\"", s->db->name);
	conn_discard(c);
	return false;
}

void conn_lend(struct conn *c, struct sql_session *s, const struct schema *schema)
{
	c->user = s;
	vfs_read_own(c->sql.db, s->own_seq);
	s->env.read_only = s->tx.read_only;
	c->sql.env = &s->env;
	c->sql.schema = schema;
	if (c->sql.err.set)
		sql_error_clear(&c->sql.err);
}

bool conn_take(struct sql_session *s, struct conn **out, struct sql_error *err)
{
	struct database *db = s->db;
	struct conn *c;

	for (;;) {
		c = idle_take(db);
		if (c == NULL || !vfs_poisoned(c->sql.db))
			break;
		/* it saw a commit that was lost to another server while it lay here */
		conn_discard(c);
		idle_closed(db);
	}
	if (c == NULL && !conn_open(s, &c, err)) {
		idle_closed(db);
		return false;
	}
	conn_lend(c, s, NULL);
	*out = c;
	return true;
}

struct vfs_turn conn_end_turn(struct conn *c)
{
	struct vfs_turn turn = c->turn;

	if (c->has_turn)
		vfs_intent_end(c->sql.db);
	c->has_turn = false;
	c->turn = (struct vfs_turn){ .db = NULL };
	return turn;
}

void conn_give(struct conn *c)
{
	if (c == NULL)
		return;
	struct sql_session *s = c->user;

	/* statements in use belong to portals, which let go of them first */
	if (!sqlite3_get_autocommit(c->sql.db) && conn_exec(c, "ROLLBACK") != SQLITE_OK)
		c->broken = true;
	struct vfs_turn turn = conn_end_turn(c);
	if (vfs_poisoned(c->sql.db))
		c->broken = true;
	if (s != NULL && s->running == c)
		s->running = NULL;
	c->user = NULL;
	c->sql.env = nobody();
	c->sql.schema = NULL;

	/* not kept, and what could not be rolled back has the turn until it is closed */
	bool close_now = c->broken;
	struct conn *victim = idle_give(c);
	if (close_now) {
		conn_discard(victim);
		victim = NULL;
	}
	/* not before: the next writer goes on with it, and its page cache is good */
	vfs_turn_end(&turn);
	if (victim != NULL)
		conn_discard(victim); /* takes long: nobody waits for that */
}
