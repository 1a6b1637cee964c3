/*
 * idle.c - connections that nobody uses: how many stay, and how long
 *
 * A SQLite connection with PostgreSQL's functions costs hundreds of kilobytes, so that a
 * server of thousands of databases keeps few: no more than the limit in all, the
 * latest used ones, and none longer than close_ms.  One thread closes what has become
 * old, forgets plans and schemas of databases that have no connection, and tells the
 * VFS to close its part of them.  What is asked for again is opened again.
 * Licence: MIT, see LICENSE.
 */
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

enum { CLOSE_MS = 60000, LEAST_KEPT = 32, KEPT_PER_PLACE = 4 };

/* Take `c` out of both lists. */
static void unlink_locked(struct idle_pool *p, struct conn *c)
{
	struct conn **at = &c->db->idle;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->db->n_idle--;
	if (c->newer != NULL)
		c->newer->older = c->older;
	else
		p->newest = c->older;
	if (c->older != NULL)
		c->older->newer = c->newer;
	else
		p->oldest = c->newer;
	c->next = c->newer = c->older = NULL;
	p->n--;
}

struct conn *idle_take(struct database *db)
{
	struct idle_pool *p = &db->server->idle;

	mutex_lock(&p->lock);
	struct conn *c = db->idle;
	if (c != NULL)
		unlink_locked(p, c);
	else
		db->n_conns++;
	mutex_unlock(&p->lock);
	return c;
}

void idle_closed(struct database *db)
{
	mutex_lock(&db->server->idle.lock);
	db->n_conns--;
	mutex_unlock(&db->server->idle.lock);
}

struct conn *idle_give(struct conn *c)
{
	struct database *db = c->db;
	struct idle_pool *p = &db->server->idle;
	struct conn *victim = NULL;

	mutex_lock(&p->lock);
	if (c->broken || db->n_idle >= db->server->config.pool_size) {
		victim = c;
	} else {
		c->next = db->idle;
		db->idle = c;
		db->n_idle++;
		c->idle_since_ms = mono_ms();
		c->older = p->newest;
		if (p->newest != NULL)
			p->newest->newer = c;
		else
			p->oldest = c;
		p->newest = c;
		if (++p->n > p->limit) {
			victim = p->oldest;
			unlink_locked(p, victim);
		}
	}
	if (victim != NULL)
		victim->db->n_conns--;
	mutex_unlock(&p->lock);
	return victim;
}

/* Take those of the database (NULL: of all) that are idle since `since_ms` or longer, as a list by next. */
static struct conn *take_old_locked(struct idle_pool *p, const struct database *db, int64_t since_ms)
{
	struct conn *list = NULL;

	for (struct conn *c = p->oldest, *newer; c != NULL; c = newer) {
		newer = c->newer;
		if (c->idle_since_ms > since_ms)
			break;
		if (db != NULL && c->db != db)
			continue;
		unlink_locked(p, c);
		c->db->n_conns--;
		c->next = list;
		list = c;
	}
	return list;
}

static bool close_list(struct conn *list)
{
	bool any = list != NULL;

	while (list != NULL) {
		struct conn *c = list;

		list = c->next;
		conn_discard(c);
	}
	return any;
}

void idle_close_all(struct database *db)
{
	struct idle_pool *p = &db->server->idle;

	mutex_lock(&p->lock);
	struct conn *list = take_old_locked(p, db, INT64_MAX);
	mutex_unlock(&p->lock);
	(void)close_list(list);
}

unsigned idle_connections(struct database *db)
{
	mutex_lock(&db->server->idle.lock);
	unsigned n = db->n_conns;
	mutex_unlock(&db->server->idle.lock);
	return n;
}

static void *run(void *arg)
{
	struct sql_server *server = arg;
	struct idle_pool *p = &server->idle;

	mutex_lock(&p->lock);
	while (!p->stopping) {
		int64_t now = mono_ms();
		struct conn *list = take_old_locked(p, NULL, now - p->close_ms);

		mutex_unlock(&p->lock);
		bool closed = close_list(list);
		databases_rest(server);
		vfs_close_idle(p->close_ms);
#ifdef __GLIBC__
		/* it would keep what was freed below what is still in use */
		if (closed)
			malloc_trim(0);
#endif
		(void)closed;
		mutex_lock(&p->lock);
		int64_t next = p->oldest != NULL ? p->oldest->idle_since_ms : now;
		if (!p->stopping)
			(void)cond_wait_until(&p->wake, &p->lock, next + p->close_ms);
	}
	mutex_unlock(&p->lock);
	return NULL;
}

void idle_init(struct sql_server *server)
{
	struct idle_pool *p = &server->idle;
	struct error err = ERROR_INIT;

	mutex_init(&p->lock);
	cond_init(&p->wake);
	p->close_ms = server->config.idle_close_ms > 0 ? server->config.idle_close_ms : CLOSE_MS;
	p->limit = server->config.pool_size * KEPT_PER_PLACE;
	if (p->limit < LEAST_KEPT)
		p->limit = LEAST_KEPT;
	p->started = thread_start(&p->thread, "pgblob-idle", 1 << 20, run, server, &err);
	if (!p->started)
		log_warn(NULL, "connections stay open when they are idle: %s", err.text);
}

void idle_stop(struct sql_server *server)
{
	struct idle_pool *p = &server->idle;

	mutex_lock(&p->lock);
	p->stopping = true;
	cond_signal(&p->wake);
	mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	p->started = false;
}

void idle_deinit(struct sql_server *server)
{
	mutex_deinit(&server->idle.lock);
	cond_deinit(&server->idle.wake);
}
