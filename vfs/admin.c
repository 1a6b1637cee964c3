/*
 * admin.c - create, drop, list, import, export
 * Licence: MIT, see LICENSE.
 */
#include "vfs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "vfs/commit.h"
#include "vfs/file.h"
#include "vfs/group.h"
#include "vfs/manifest.h"
#include "vfs/registry.h"

enum { COPY_PAGES = 256 };

#define SLOT_REST_US ((int64_t)3600 * 1000000) /* README.md: slots outlive their last use */

/* The newest state, learned now. */
static enum vfs_rc open_newest(struct blob_store *store, const char *name, struct db **out,
			       bool *exists, struct error *err)
{
	enum vfs_rc rc = registry_get(store, NULL, name, out, err);

	if (rc != VFS_OK)
		return rc;
	rc = db_follow(*out, boot_us(), err);
	if (rc != VFS_OK) {
		registry_put(*out);
		return rc;
	}
	struct version *v = db_pin_durable(*out);
	*exists = v->exists;
	db_unpin(*out, v);
	return VFS_OK;
}

/* Take the next slot with a commit without pages, if the database is (not) there. */
static enum vfs_rc append_state(struct db *db, enum commit_kind kind, struct error *err)
{
	struct commit_request request = { .kind = kind, .timeout_ms = vfs_settings.commit_timeout_ms };
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	bool must_exist = kind == COMMIT_DROPPED;
	struct version *made = NULL;
	enum vfs_rc rc;

	rc = turn_wait(db, &request, deadline_ms, NULL, err);
	if (rc != VFS_OK)
		return rc;
	group_drain(db);
	do {
		rc = commit_resolve(db, err);
		if (rc == VFS_OK)
			rc = db_follow(db, boot_us(), err);
		if (rc != VFS_OK)
			break;
		request.base = db_pin_published(db);
		if (request.base->exists != must_exist)
			rc = must_exist ? VFS_NOT_FOUND : VFS_EXISTS;
		else
			rc = commit_append(db, &request, &made, err);
		db_unpin(db, request.base);
		/* who lost against a commit drops the database behind it */
	} while (rc == VFS_LOST && ms_until(deadline_ms) > 0);
	turn_end(db, &request);
	if (rc == VFS_OK)
		db_unpin(db, made);
	else if (rc == VFS_EXISTS)
		error_set(err, "database \"%s\" already exists", db->name);
	else if (rc == VFS_NOT_FOUND)
		error_set(err, "database \"%s\" does not exist", db->name);
	return rc;
}

enum vfs_rc vfs_create_database(struct blob_store *store, const char *name, struct error *err)
{
	struct db *db;
	enum vfs_rc rc = registry_get(store, NULL, name, &db, err);

	if (rc != VFS_OK)
		return rc;
	rc = append_state(db, COMMIT_CREATED, err);
	registry_put(db);
	return rc;
}

/* Delete the objects under `folder`/`kind`/ that `keep` does not want; failures are left to clean-up. */
static void delete_objects(struct db *db, const char *kind,
			   bool (*keep)(const struct blob_entry *entry, const void *arg),
			   const void *arg)
{
	char prefix[KEY_MAX];
	char after[KEY_MAX] = "";
	bool more = true;

	snprintf(prefix, sizeof(prefix), "%s/%s/", db->folder, kind);
	while (more) {
		struct blob_list_request request = {
			.prefix = prefix,
			.start_after = after[0] != '\0' ? after : NULL,
		};
		struct arena arena = ARENA_INIT((size_t)4 << 20);
		const char *keys[1000];
		struct blob_list list;
		size_t n = 0;

		if (blob_list(db->store, &request, &arena, &list, NULL) != BLOB_OK) {
			arena_free(&arena);
			return;
		}
		for (size_t i = 0; i < list.n_entries && n < ARRAY_LEN(keys); i++)
			if (!list.entries[i].is_prefix && !keep(&list.entries[i], arg))
				keys[n++] = list.entries[i].key;
		more = list.more && list.n_entries > 0;
		if (more)
			snprintf(after, sizeof(after), "%s", list.entries[list.n_entries - 1].key);
		if (n > 0 && blob_delete_many(db->store, keys, n, NULL) != BLOB_OK)
			more = false;
		arena_free(&arena);
	}
}

static bool keep_none(const struct blob_entry *entry, const void *arg)
{
	(void)entry;
	(void)arg;
	return false;
}

/* Manifests older than the one that says "dropped". */
static bool keep_manifest(const struct blob_entry *entry, const void *arg)
{
	uint64_t lsn;

	return !key_manifest_lsn(entry->key, &lsn) || lsn >= *(const uint64_t *)arg;
}

struct slot_age {
	uint64_t lsn;
	int64_t now_us; /* by the store's clock */
};

static bool keep_slot(const struct blob_entry *entry, const void *arg)
{
	const struct slot_age *age = arg;
	uint64_t lsn;

	return !key_slot_lsn(entry->key, &lsn) || lsn >= age->lsn || entry->info.mtime_us == 0 ||
	       age->now_us - entry->info.mtime_us < SLOT_REST_US;
}

enum vfs_rc vfs_drop_database(struct blob_store *store, const char *name, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct blob_info info;
	char key[KEY_MAX];
	struct db *db;
	enum vfs_rc rc = registry_get(store, NULL, name, &db, err);

	if (rc != VFS_OK)
		return rc;
	rc = append_state(db, COMMIT_DROPPED, err);
	if (rc == VFS_OK) {
		/* it is dropped; what follows only gives the room back */
		struct version *v = db_pin_durable(db);
		struct slot_age age = { .lsn = v->lsn };

		key_slot(key, db->folder, v->lsn);
		if (!v->exists && manifest_write(db, &ignored) == VFS_OK &&
		    blob_head(store, key, &info, &ignored) == BLOB_OK) {
			age.now_us = info.mtime_us;
			delete_objects(db, "manifest", keep_manifest, &age.lsn);
			delete_objects(db, "seg", keep_none, NULL);
			delete_objects(db, "log", keep_slot, &age);
		}
		if (ignored.set)
			log_warn(NULL, "database \"%s\" is dropped, but not cleaned up: %s", name,
				 ignored.text);
		db_unpin(db, v);
	}
	registry_put(db);
	return rc;
}

enum vfs_rc vfs_database_exists(struct blob_store *store, const char *name, struct error *err)
{
	bool exists;
	struct db *db;
	enum vfs_rc rc = open_newest(store, name, &db, &exists, err);

	if (rc != VFS_OK)
		return rc;
	registry_put(db);
	if (exists)
		return VFS_OK;
	error_set(err, "database \"%s\" does not exist", name);
	return VFS_NOT_FOUND;
}

/* Does the log of the folder end in a database that is there?  Reads heads only. */
static enum vfs_rc folder_exists(struct blob_store *store, const char *folder, bool *exists,
				 struct error *err)
{
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };
	struct buf body = BUF_INIT(COMMIT_HEAD_LEN);
	char key[KEY_MAX];
	uint64_t lsn;
	enum vfs_rc rc = manifest_newest(store, folder, &lsn, err);

	*exists = false;
	if (rc == VFS_OK && lsn != 0) {
		struct manifest_head head;

		range.len = MANIFEST_HEAD_LEN;
		key_manifest(key, folder, lsn);
		rc = vfs_rc_of_blob(blob_get(store, key, &range, &body, NULL, err));
		if (rc == VFS_OK &&
		    !manifest_peek((const uint8_t *)body.data, body.len, key, &head, err))
			rc = VFS_CORRUPT;
		if (rc == VFS_OK)
			*exists = head.kind != COMMIT_DROPPED;
	}
	range.len = COMMIT_HEAD_LEN;
	while (rc == VFS_OK) {
		struct commit_head head;

		buf_reset(&body);
		key_slot(key, folder, ++lsn);
		enum blob_rc got = blob_get(store, key, &range, &body, NULL, err);
		if (got == BLOB_NOT_FOUND) {
			error_clear(err);
			break;
		}
		rc = vfs_rc_of_blob(got);
		if (rc == VFS_OK &&
		    !commit_peek((const uint8_t *)body.data, body.len, key, &head, err))
			rc = VFS_CORRUPT;
		if (rc == VFS_OK)
			*exists = head.kind != COMMIT_DROPPED;
	}
	buf_free(&body);
	return rc;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum vfs_rc vfs_list_databases(struct blob_store *store, struct vfs_database_list *out,
			       struct error *err)
{
	struct vfs_database_list found = { NULL, 0 };
	char after[1024] = "";
	bool more = true;
	enum vfs_rc rc = VFS_OK;

	while (rc == VFS_OK && more) {
		struct blob_list_request request = {
			.start_after = after[0] != '\0' ? after : NULL,
			.by_folder = true,
		};
		struct arena arena = ARENA_INIT((size_t)4 << 20);
		struct blob_list list = { 0 };

		rc = vfs_rc_of_blob(blob_list(store, &request, &arena, &list, err));
		for (size_t i = 0; rc == VFS_OK && i < list.n_entries; i++) {
			const struct blob_entry *e = &list.entries[i];
			size_t len = strlen(e->key);
			char name[DB_NAME_MAX + 1];
			char folder[DB_NAME_ENCODED];
			bool exists;

			/* what else lies in a bucket is not ours */
			if (!e->is_prefix || len < 2 || !db_name_decode(e->key, len - 1, name))
				continue;
			db_name_encode(name, folder);
			rc = folder_exists(store, folder, &exists, err);
			if (rc != VFS_OK || !exists)
				continue;
			char **names = realloc(found.names, (found.n_names + 1) * sizeof(names[0]));
			if (names != NULL)
				found.names = names;
			if (names == NULL || (names[found.n_names] = strdup(name)) == NULL) {
				error_no_memory(err);
				rc = VFS_IO;
				break;
			}
			found.n_names++;
		}
		more = list.more && list.n_entries > 0;
		if (rc == VFS_OK && more)
			snprintf(after, sizeof(after), "%s", list.entries[list.n_entries - 1].key);
		arena_free(&arena);
	}
	if (rc != VFS_OK) {
		vfs_database_list_free(&found);
		return rc;
	}
	if (found.n_names > 0)
		qsort(found.names, found.n_names, sizeof(found.names[0]), compare_names);
	*out = found;
	return VFS_OK;
}

void vfs_database_list_free(struct vfs_database_list *list)
{
	for (size_t i = 0; i < list->n_names; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct vfs_database_list){ NULL, 0 };
}

/*
 * A connection to a database of any store.  The VFS finds a store by URI, so a
 * borrowed one is handed over beside it, for this thread.
 */
static enum vfs_rc connect(struct blob_store *store, const char *name, int flags, sqlite3 **out,
			   struct error *err)
{
	char encoded[64 * 3 + 1];
	char uri[256];
	enum vfs_rc rc = VFS_OK;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	db_name_encode(name, encoded);
	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob", encoded);
	store_override(store);
	int result = sqlite3_open_v2(uri, out, flags | SQLITE_OPEN_URI, NULL);
	store_override(NULL);
	if (result != SQLITE_OK) {
		rc = vfs_open_error(err);
		if (rc == VFS_OK) {
			error_set(err, "could not open database \"%s\": %s", name,
				  sqlite3_errmsg(*out));
			rc = VFS_IO;
		}
		sqlite3_close(*out);
		*out = NULL;
	}
	return rc;
}

/* Copy all of `from` to `to`, as one transaction of `to`. */
static enum vfs_rc copy(sqlite3 *from, sqlite3 *to, vfs_progress_fn progress, void *arg,
			struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	enum vfs_rc rc = VFS_OK;
	int result;

	if (backup == NULL) {
		error_set(err, "%s", sqlite3_errmsg(to));
		return VFS_IO;
	}
	int step = 0; /* the first copies nothing, but counts */
	do {
		result = sqlite3_backup_step(backup, step);
		step = COPY_PAGES;
		uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup);
		uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);

		if (progress != NULL && (result == SQLITE_OK || result == SQLITE_DONE) &&
		    !progress(arg, total - left, total) && result == SQLITE_OK) {
			error_set(err, "canceled");
			rc = VFS_CANCELED;
		}
	} while (result == SQLITE_OK && rc == VFS_OK);
	int finished = sqlite3_backup_finish(backup);
	if (rc == VFS_OK && (result != SQLITE_DONE || finished != SQLITE_OK)) {
		rc = vfs_last_error(to, err);
		if (rc == VFS_OK)
			rc = vfs_last_error(from, err);
		if (rc == VFS_OK) {
			error_set(err, "%s", sqlite3_errstr(finished != SQLITE_OK ? finished : result));
			rc = finished == SQLITE_CORRUPT || finished == SQLITE_NOTADB ? VFS_CORRUPT :
										       VFS_IO;
		}
	}
	return rc;
}

enum vfs_rc vfs_import(struct blob_store *store, const char *name, const char *path,
		       vfs_progress_fn progress, void *arg, struct error *err)
{
	sqlite3 *from = NULL;
	sqlite3 *to = NULL;
	struct handle *h = NULL;
	bool exists;
	struct db *db;
	enum vfs_rc rc;

	rc = open_newest(store, name, &db, &exists, err);
	if (rc != VFS_OK)
		return rc;
	registry_put(db);
	if (exists) {
		error_set(err, "database \"%s\" already exists", name);
		return VFS_EXISTS;
	}
	/* as any program would read it: hot journal and WAL are part of it */
	if (access(path, R_OK) != 0) {
		error_set_errno(err, errno, "could not open file \"%s\"", path);
		return VFS_IO;
	}
	if (sqlite3_open_v2(path, &from, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK &&
	    (sqlite3_close(from),
	     sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, "unix")) != SQLITE_OK) {
		error_set(err, "could not open file \"%s\": %s", path, sqlite3_errmsg(from));
		rc = VFS_IO;
		goto out;
	}
	(void)sqlite3_busy_timeout(from, 10000);
	if (sqlite3_exec(from, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK) {
		error_set(err, "could not read file \"%s\": %s", path, sqlite3_errmsg(from));
		rc = VFS_INVALID;
		goto out;
	}
	rc = connect(store, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to, err);
	if (rc != VFS_OK)
		goto out;
	if (!vfs_prepare_connection(to, err)) {
		rc = VFS_IO;
		goto out;
	}
	if (sqlite3_file_control(to, "main", FCNTL_PGBLOB_HANDLE, &h) == SQLITE_OK)
		h->importing = true;
	rc = copy(from, to, progress, arg, err);
	if (rc == VFS_LOST)
		rc = VFS_EXISTS;
	if (rc == VFS_OK) {
		/* a file without a page was copied as nothing: then there is no commit yet */
		rc = vfs_database_exists(store, name, err);
		if (rc == VFS_NOT_FOUND) {
			error_clear(err);
			rc = vfs_create_database(store, name, err);
		}
	}
out:
	sqlite3_close(from);
	sqlite3_close(to);
	if (rc != VFS_OK)
		error_wrap(err, "could not import \"%s\" as database \"%s\"", path, name);
	return rc;
}

/* The file and its name are durable. */
static bool sync_file(const char *path, struct error *err)
{
	char dir[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		error_set_errno(err, errno, "could not write file \"%s\"", path);
	if (fd >= 0)
		close(fd);
	if (!ok)
		return false;
	snprintf(dir, sizeof(dir), "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	return true;
}

enum vfs_rc vfs_export(struct blob_store *store, const char *name, const char *path,
		       vfs_progress_fn progress, void *arg, struct error *err)
{
	sqlite3 *from = NULL;
	sqlite3 *to = NULL;
	bool made = false;
	enum vfs_rc rc;

	/* newest, whatever cache_ttl says */
	rc = vfs_database_exists(store, name, err);
	if (rc != VFS_OK)
		return rc;
	rc = connect(store, name, SQLITE_OPEN_READONLY, &from, err);
	if (rc != VFS_OK)
		goto out;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		rc = errno == EEXIST ? VFS_EXISTS : VFS_IO;
		error_set_errno(err, errno, "could not create file \"%s\"", path);
		goto out;
	}
	close(fd);
	made = true;
	/* one snapshot from the first page to the last */
	if (!vfs_prepare_connection(from, err)) {
		rc = VFS_IO;
		goto out;
	}
	if (sqlite3_exec(from, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) !=
	    SQLITE_OK) {
		rc = vfs_last_error(from, err);
		if (rc == VFS_OK) {
			error_set(err, "%s", sqlite3_errmsg(from));
			rc = VFS_IO;
		}
		goto out;
	}
	if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK ||
	    sqlite3_exec(to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL, NULL) !=
		    SQLITE_OK) {
		error_set(err, "could not write file \"%s\": %s", path, sqlite3_errmsg(to));
		rc = VFS_IO;
		goto out;
	}
	rc = copy(from, to, progress, arg, err);
	sqlite3_close(to);
	to = NULL;
	if (rc == VFS_OK && !sync_file(path, err))
		rc = VFS_IO;
out:
	sqlite3_close(from);
	sqlite3_close(to);
	if (rc != VFS_OK) {
		if (made)
			unlink(path);
		error_wrap(err, "could not export database \"%s\" to \"%s\"", name, path);
	}
	return rc;
}
