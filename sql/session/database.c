/*
 * database.c - the server, and the databases that somebody is connected to
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

enum { DATABASES_KEPT = 64, DROP_WAIT_MS = 5000 };

static void database_free(struct database *db)
{
	if (db == NULL)
		return;
	idle_close_all(db);
	plan_cache_deinit(&db->plans);
	schema_unref(db->schema);
	mutex_deinit(&db->lock);
	free(db->name);
	free(db);
}

static struct database *database_new(struct sql_server *server, const char *name)
{
	struct database *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->server = server;
	mutex_init(&db->lock);
	plan_cache_init(&db->plans);
	db->name = strdup(name);
	if (db->name == NULL) {
		database_free(db);
		return NULL;
	}
	return db;
}

static bool exists(struct sql_session *s, const char *name, struct sql_error *err)
{
	struct error verr = ERROR_INIT;
	enum vfs_rc rc = vfs_database_exists(s->server->config.store, name, &verr);

	if (rc == VFS_OK)
		return true;
	if (rc != VFS_NOT_FOUND && rc != VFS_INVALID)
		return outcome_vfs(s, (int)rc, &verr, err);
	sql_error_set(err, ERRCODE_INVALID_CATALOG_NAME, "database \"%s\" does not exist", name);
	/* of a version that was there is more to say */
	if (strchr(name, '@') != NULL)
		sql_error_detail(err, "%c%s.", toupper((unsigned char)verr.text[0]), verr.text + 1);
	return false;
}

static void link_session(struct sql_session *s, struct database *db)
{
	struct sql_server *server = s->server;

	db->n_sessions++;
	s->db = db;
	s->next = server->sessions;
	s->prev = NULL;
	if (s->next != NULL)
		s->next->prev = s;
	server->sessions = s;
}

/* Is `name` the database `base`, or a version of it? */
static bool is_of(const char *name, const char *base)
{
	size_t len = strlen(base);

	return strncmp(name, base, len) == 0 && (name[len] == '\0' || name[len] == '@');
}

static bool may_connect_locked(const struct sql_server *server, const char *name, struct sql_error *err)
{
	for (const struct dropping *d = server->dropping; d != NULL; d = d->next)
		if (is_of(name, d->name))
			return sql_error_set(err, ERRCODE_CANNOT_CONNECT_NOW,
					     "database \"%s\" is being dropped", d->name);
	return true;
}

bool database_use(struct sql_server *server, const char *name, struct sql_session *s,
		  struct sql_error *err)
{
	mutex_lock(&server->lock);
	struct database *db = map_get(&server->databases, name);
	bool may = may_connect_locked(server, name, err);
	bool linked = may && db != NULL && db->n_sessions > 0;
	if (linked)
		link_session(s, db);
	mutex_unlock(&server->lock);
	if (!may || linked)
		return linked;
	/* nobody uses it here, so somebody elsewhere may have dropped it */
	if (!exists(s, name, err))
		return false;
	struct database *fresh = database_new(server, name);
	if (fresh == NULL)
		return sql_error_no_memory(err);
	mutex_lock(&server->lock);
	/* while we looked a DROP may have begun */
	may = may_connect_locked(server, name, err);
	db = may ? map_get(&server->databases, name) : NULL;
	if (may && db == NULL && map_put(&server->databases, name, fresh, NULL)) {
		db = fresh;
		fresh = NULL;
	}
	if (db != NULL)
		link_session(s, db);
	mutex_unlock(&server->lock);
	database_free(fresh);
	return db != NULL || (may && sql_error_no_memory(err));
}

void database_leave(struct sql_session *s)
{
	struct sql_server *server = s->server;
	struct database *db = s->db;
	bool last;

	if (db == NULL)
		return;
	mutex_lock(&server->lock);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		server->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	last = --db->n_sessions == 0 && server->databases.n_used > DATABASES_KEPT;
	if (last)
		map_remove(&server->databases, db->name);
	mutex_unlock(&server->lock);
	s->db = NULL;
	if (last)
		database_free(db);
}

void databases_rest(struct sql_server *server)
{
	struct database *gone = NULL;
	const char *name;
	void *value;

	mutex_lock(&server->lock);
	for (size_t i = 0; map_next(&server->databases, &i, &name, &value);) {
		struct database *db = value;

		if (idle_connections(db) > 0)
			continue;
		mutex_lock(&db->lock);
		struct schema *schema = db->schema;
		db->schema = NULL;
		mutex_unlock(&db->lock);
		schema_unref(schema);
		plan_cache_keep(&db->plans, NULL);
		if (db->n_sessions == 0) {
			db->next = gone;
			gone = db;
		}
	}
	for (struct database *db = gone; db != NULL; db = db->next)
		map_remove(&server->databases, db->name);
	mutex_unlock(&server->lock);
	while (gone != NULL) {
		struct database *db = gone;

		gone = db->next;
		database_free(db);
	}
}

/* ---- the server ---- */

bool sql_server_open(const struct sql_config *config, struct sql_server **out, struct error *err)
{
	struct sql_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return error_no_memory(err);
	/* has an effect only before SQLite's first use in this process */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	mutex_init(&server->lock);
	server->config = *config;
	if (server->config.pool_size == 0)
		server->config.pool_size = 1;
	places_init(&server->places, server->config.pool_size);
	idle_init(server);
	server->config.superuser = strdup(config->superuser != NULL ? config->superuser : "postgres");
	server->config.default_database =
		config->default_database != NULL ? strdup(config->default_database) : NULL;
	server->config.listen_addresses =
		config->listen_addresses != NULL ? strdup(config->listen_addresses) : NULL;
	if (server->config.superuser == NULL ||
	    (config->default_database != NULL && server->config.default_database == NULL) ||
	    (config->listen_addresses != NULL && server->config.listen_addresses == NULL)) {
		sql_server_close(server);
		return error_no_memory(err);
	}
	if (config->default_database != NULL && !config->read_only) {
		enum vfs_rc rc = vfs_create_database(config->store, config->default_database, err);

		if (rc != VFS_OK && rc != VFS_EXISTS) {
			error_wrap(err, "could not create database \"%s\"", config->default_database);
			sql_server_close(server);
			return false;
		}
		error_clear(err);
	}
	*out = server;
	return true;
}

void sql_server_close(struct sql_server *server)
{
	const char *name;
	void *value;

	if (server == NULL)
		return;
	idle_stop(server);
	for (size_t i = 0; map_next(&server->databases, &i, &name, &value);)
		database_free(value);
	map_free(&server->databases);
	idle_deinit(server);
	places_deinit(&server->places);
	mutex_deinit(&server->lock);
	free((char *)server->config.superuser);
	free((char *)server->config.default_database);
	free((char *)server->config.listen_addresses);
	free(server);
}

/* ---- CREATE and DROP DATABASE ---- */

static const char *option_text(const PgQuery__DefElem *d)
{
	if (d->arg == NULL)
		return "";
	if (d->arg->node_case == PG_QUERY__NODE__NODE_STRING)
		return d->arg->string->sval;
	return "";
}

/* Why the template cannot be one, in PostgreSQL's words. */
static bool no_template(struct sql_session *s, const char *template, enum vfs_rc rc,
			const struct error *verr, struct sql_error *err)
{
	if (rc != VFS_NOT_FOUND && rc != VFS_INVALID)
		return outcome_vfs(s, (int)rc, verr, err);
	sql_error_set(err, ERRCODE_INVALID_CATALOG_NAME, "template database \"%s\" does not exist",
		      template);
	/* of a version that was there is more to say */
	if (strchr(template, '@') != NULL)
		sql_error_detail(err, "%c%s.", toupper((unsigned char)verr->text[0]), verr->text + 1);
	return false;
}

/* `template` is NULL for an empty database. */
static bool make_database(struct sql_session *s, const char *name, const char *template,
			  struct sql_error *err)
{
	struct blob_store *store = s->server->config.store;
	struct error verr = ERROR_INIT;
	enum vfs_rc rc = VFS_OK;

	if (template != NULL)
		rc = vfs_database_exists(store, template, &verr);
	if (rc != VFS_OK)
		return no_template(s, template, rc, &verr, err);
	rc = template != NULL ? vfs_branch_database(store, name, template, &verr) :
				vfs_create_database(store, name, &verr);
	if (rc == VFS_OK)
		return true;
	if (rc == VFS_EXISTS)
		return sql_error_set(err, ERRCODE_DUPLICATE_DATABASE, "database \"%s\" already exists",
				     name);
	if (rc == VFS_INVALID) {
		sql_error_set(err, ERRCODE_INVALID_NAME, "invalid database name \"%s\"", name);
		return sql_error_detail(err, "%c%s.", toupper((unsigned char)verr.text[0]),
					verr.text + 1);
	}
	return outcome_vfs(s, (int)rc, &verr, err);
}

bool database_create(struct sql_session *s, const PgQuery__CreatedbStmt *stmt, struct sql_error *err)
{
	const char *template = NULL;

	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;
		const char *text = option_text(d);

		if (strcmp(d->defname, "owner") == 0) {
			if (text[0] != '\0' && strcmp(text, s->user) != 0)
				return sql_error_at(err, d->location, ERRCODE_UNDEFINED_OBJECT,
						    "role \"%s\" does not exist", text);
		} else if (strcmp(d->defname, "encoding") == 0) {
			if (text[0] != '\0' && strcasecmp(text, "utf8") != 0 &&
			    strcasecmp(text, "utf-8") != 0 && strcasecmp(text, "unicode") != 0)
				return sql_error_unsupported(err, d->location, "encoding \"%s\"", text);
		} else if (strcmp(d->defname, "template") == 0) {
			if (text[0] != '\0' && strcmp(text, "template0") != 0 &&
			    strcmp(text, "template1") != 0)
				template = text;
		} else if (strcmp(d->defname, "lc_collate") == 0 || strcmp(d->defname, "lc_ctype") == 0 ||
			   strcmp(d->defname, "locale") == 0) {
			if (text[0] != '\0' && strcmp(text, "C") != 0 && strcmp(text, "POSIX") != 0 &&
			    strcasecmp(text, "C.UTF-8") != 0 && strcasecmp(text, "C.utf8") != 0)
				return sql_error_unsupported(err, d->location, "locale \"%s\"", text);
		} else {
			return sql_error_unsupported(err, d->location, "CREATE DATABASE option \"%s\"",
						     d->defname);
		}
	}
	if (strlen(stmt->dbname) > 63)
		return sql_error_set(err, ERRCODE_NAME_TOO_LONG, "identifier \"%s\" is too long",
				     stmt->dbname);
	return make_database(s, stmt->dbname, template, err);
}

/* Take the database out of the table if no session is on it, nor on a version of it. */
static bool retire(struct sql_server *server, const char *name, bool force, unsigned *n_sessions)
{
	struct database *db = NULL;

	*n_sessions = 0;
	mutex_lock(&server->lock);
	for (struct sql_session *other = server->sessions; other != NULL; other = other->next) {
		if (!is_of(other->db->name, name))
			continue;
		++*n_sessions;
		if (force) {
			sql_terminate(other);
			sql_cancel(other);
		}
	}
	if (*n_sessions == 0 && (db = map_get(&server->databases, name)) != NULL)
		map_remove(&server->databases, name);
	mutex_unlock(&server->lock);
	if (*n_sessions > 0)
		return false;
	database_free(db);
	return true;
}

/* Nobody can connect to it any more: wait until those who are have left, if by force, and drop it. */
static bool drop_retired(struct sql_session *s, const char *name, bool force, struct sql_error *err)
{
	struct error verr = ERROR_INIT;
	unsigned n;

	for (int64_t deadline = mono_ms() + DROP_WAIT_MS; !retire(s->server, name, force, &n);) {
		if (!force || mono_ms() > deadline) {
			sql_error_set(err, ERRCODE_OBJECT_IN_USE,
				      "database \"%s\" is being accessed by other users", name);
			if (n == 1)
				return sql_error_detail(err, "There is 1 other session using the database.");
			return sql_error_detail(err, "There are %u other sessions using the database.", n);
		}
		if (session_stopped(s))
			return outcome_canceled(s, err);
		struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
		nanosleep(&pause, NULL);
	}
	enum vfs_rc rc = vfs_drop_database(s->server->config.store, name, &verr);
	if (rc == VFS_NOT_FOUND)
		return sql_error_set(err, ERRCODE_INVALID_CATALOG_NAME, "database \"%s\" does not exist",
				     name);
	return rc == VFS_OK || outcome_vfs(s, (int)rc, &verr, err);
}

static void dropping_begin(struct sql_server *server, struct dropping *d)
{
	mutex_lock(&server->lock);
	d->next = server->dropping;
	server->dropping = d;
	mutex_unlock(&server->lock);
}

static void dropping_end(struct sql_server *server, const struct dropping *d)
{
	struct dropping **at = &server->dropping;

	mutex_lock(&server->lock);
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	mutex_unlock(&server->lock);
}

bool database_drop(struct sql_session *s, const PgQuery__DropdbStmt *stmt, struct sql_error *err)
{
	struct dropping dropping = { .name = stmt->dbname };
	struct error verr = ERROR_INIT;
	bool force = false;

	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;

		if (strcmp(d->defname, "force") != 0)
			return sql_error_at(err, d->location, ERRCODE_SYNTAX,
					    "unrecognized DROP DATABASE option \"%s\"", d->defname);
		force = true;
	}
	if (strcmp(stmt->dbname, s->db->name) == 0)
		return sql_error_set(err, ERRCODE_OBJECT_IN_USE, "cannot drop the currently open database");
	enum vfs_rc rc = vfs_database_exists(s->server->config.store, stmt->dbname, &verr);
	if (rc == VFS_NOT_FOUND || rc == VFS_INVALID) {
		if (!stmt->missing_ok)
			return sql_error_set(err, ERRCODE_INVALID_CATALOG_NAME,
					     "database \"%s\" does not exist", stmt->dbname);
		session_warn(s, "NOTICE", "00000", "database \"%s\" does not exist, skipping",
			     stmt->dbname);
		return true;
	}
	if (rc != VFS_OK)
		return outcome_vfs(s, (int)rc, &verr, err);
	dropping_begin(s->server, &dropping);
	bool ok = drop_retired(s, stmt->dbname, force, err);
	dropping_end(s->server, &dropping);
	return ok;
}
