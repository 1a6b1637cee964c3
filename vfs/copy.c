/*
 * copy.c - whole databases: from a file, into a file
 *
 * Both go through SQLite's backup, from one version to one commit.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vfs/file.h"
#include "vfs/registry.h"

enum { COPY_PAGES = 256 };

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

static enum vfs_rc must_be_free(struct blob_store *store, const char *name, struct error *err)
{
	bool exists;
	struct db *db;
	enum vfs_rc rc;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	rc = admin_open_newest(store, name, &db, &exists, err);
	if (rc != VFS_OK)
		return rc;
	registry_put(db);
	if (!exists)
		return VFS_OK;
	error_set(err, "database \"%s\" already exists", name);
	return VFS_EXISTS;
}

/* Make a database of what `from` reads: its slot decides, so it is there whole or not at all. */
static enum vfs_rc copy_to_new(sqlite3 *from, struct blob_store *store, const char *name,
			       vfs_progress_fn progress, void *arg, struct error *err)
{
	sqlite3 *to = NULL;
	struct handle *h = NULL;
	enum vfs_rc rc;

	rc = admin_connect(store, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to, err);
	if (rc != VFS_OK)
		return rc;
	if (!vfs_prepare_connection(to, err))
		rc = VFS_IO;
	if (rc == VFS_OK) {
		if (sqlite3_file_control(to, "main", FCNTL_PGBLOB_HANDLE, &h) == SQLITE_OK)
			h->importing = true;
		rc = copy(from, to, progress, arg, err);
	}
	if (rc == VFS_LOST)
		rc = VFS_EXISTS;
	if (rc == VFS_OK) {
		/* a source without a page was copied as nothing: then there is no commit yet */
		rc = vfs_database_exists(store, name, err);
		if (rc == VFS_NOT_FOUND) {
			error_clear(err);
			rc = vfs_create_database(store, name, err);
		}
	}
	sqlite3_close(to);
	return rc;
}

/* As any program would read it: hot journal and WAL are part of it. */
static enum vfs_rc open_file(const char *path, sqlite3 **out, struct error *err)
{
	*out = NULL;
	if (access(path, R_OK) != 0) {
		error_set_errno(err, errno, "could not open file \"%s\"", path);
		return VFS_IO;
	}
	if (sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK &&
	    (sqlite3_close(*out),
	     sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY, "unix")) != SQLITE_OK) {
		error_set(err, "could not open file \"%s\": %s", path, sqlite3_errmsg(*out));
		return VFS_IO;
	}
	(void)sqlite3_busy_timeout(*out, 10000);
	if (sqlite3_exec(*out, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK) {
		error_set(err, "could not read file \"%s\": %s", path, sqlite3_errmsg(*out));
		return VFS_INVALID;
	}
	return VFS_OK;
}

enum vfs_rc vfs_import(struct blob_store *store, const char *name, const char *path,
		       vfs_progress_fn progress, void *arg, struct error *err)
{
	sqlite3 *from = NULL;
	enum vfs_rc rc = must_be_free(store, name, err);

	if (rc != VFS_OK)
		return rc;
	rc = open_file(path, &from, err);
	if (rc == VFS_OK)
		rc = copy_to_new(from, store, name, progress, arg, err);
	sqlite3_close(from);
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

/* Into a file that is there and empty. */
static enum vfs_rc copy_to_file(sqlite3 *from, const char *path, vfs_progress_fn progress, void *arg,
				struct error *err)
{
	sqlite3 *to = NULL;
	enum vfs_rc rc;

	if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK ||
	    sqlite3_exec(to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL, NULL) !=
		    SQLITE_OK) {
		error_set(err, "could not write file \"%s\": %s", path, sqlite3_errmsg(to));
		rc = VFS_IO;
	} else {
		rc = copy(from, to, progress, arg, err);
	}
	sqlite3_close(to);
	if (rc == VFS_OK && !sync_file(path, err))
		rc = VFS_IO;
	return rc;
}

enum vfs_rc vfs_export(struct blob_store *store, const char *name, const char *path,
		       vfs_progress_fn progress, void *arg, struct error *err)
{
	sqlite3 *from = NULL;
	bool made = false;
	enum vfs_rc rc = admin_connect_to_read(store, name, &from, err);

	if (rc == VFS_NOT_FOUND)
		return rc;
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
	rc = copy_to_file(from, path, progress, arg, err);
out:
	sqlite3_close(from);
	if (rc != VFS_OK) {
		if (made)
			unlink(path);
		error_wrap(err, "could not export database \"%s\" to \"%s\"", name, path);
	}
	return rc;
}
