/*
 * file_names.c - lets SQLite's own tests, which know files, use databases of ours
 *
 * Linked into SQLite's testfixture.  Its default VFS is ours, except that a database
 * is named by a file: an extended attribute of it says which database of the store is
 * meant, and it is as long as the database is, but has no bytes.  So a test may ask
 * whether its file is there and how long it is, and may delete or rename it: what is
 * made at that path afterwards is another database, and who still has the old one open
 * keeps it, as with files.  files.tcl copies databases where a test copies files.
 * A file with bytes in it is refused; nothing here ever opens a database as a file.
 * Everything but names goes straight to ours.
 * Licence: MIT, see LICENSE.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <tcl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "blob/blob.h"
#include "vfs/vfs.h"

enum { NAME_LEN = 16, PARAMETERS_MAX = 16 };

static const char attribute[] = "user.pgblob";

static sqlite3_vfs *unix_vfs;
static sqlite3_vfs *ours;
static sqlite3_vfs names_vfs;

/* Databases that are open, and the files that name them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct name {
	struct name *next;
	sqlite3_file *file;
	int fd;
} *names; /* guarded by lock */

static const sqlite3_io_methods *our_methods;
static sqlite3_io_methods names_methods;

/* SQLite calls it at the end of sqlite3_initialize(). */
int sqlite_tests_init(const char *unused);

/* Tcl calls it for "load libours.so". */
int Ours_Init(Tcl_Interp *interp);

static void fail(const char *text)
{
	fprintf(stderr, "testfixture: %s\n", text);
	exit(1);
}

/* --- open databases -------------------------------------------------------- */

static int names_control(sqlite3_file *file, int op, void *arg)
{
	int rc = our_methods->xFileControl(file, op, arg);
	sqlite3_int64 size;

	if (op != SQLITE_FCNTL_COMMIT_PHASETWO || rc != SQLITE_OK)
		return rc;
	pthread_mutex_lock(&lock);
	for (struct name *n = names; n != NULL; n = n->next)
		if (n->file == file && our_methods->xFileSize(file, &size) == SQLITE_OK &&
		    ftruncate(n->fd, size) != 0)
			fail("cannot set the length of a file");
	pthread_mutex_unlock(&lock);
	return rc;
}

static int names_close(sqlite3_file *file)
{
	pthread_mutex_lock(&lock);
	struct name **at = &names;
	while ((*at)->file != file)
		at = &(*at)->next;
	struct name *n = *at;
	*at = n->next;
	pthread_mutex_unlock(&lock);
	close(n->fd);
	free(n);
	return our_methods->xClose(file);
}

/* Takes fd over. */
static int add_name(sqlite3_file *file, int fd)
{
	struct name *n = malloc(sizeof(*n));

	if (n == NULL) {
		close(fd);
		(void)file->pMethods->xClose(file);
		file->pMethods = NULL;
		return SQLITE_NOMEM;
	}
	pthread_mutex_lock(&lock);
	if (our_methods == NULL) {
		our_methods = file->pMethods;
		names_methods = *our_methods;
		names_methods.xFileControl = names_control;
		names_methods.xClose = names_close;
	}
	*n = (struct name){ names, file, fd };
	names = n;
	pthread_mutex_unlock(&lock);
	file->pMethods = &names_methods;
	return SQLITE_OK;
}

/* --- names ----------------------------------------------------------------- */

/* The database that the file stands for: false if it has not been given one. */
static int read_name(int fd, char name[NAME_LEN + 1])
{
	name[NAME_LEN] = '\0';
	return fgetxattr(fd, attribute, name, NAME_LEN) == NAME_LEN;
}

static void give_name(int fd, char name[NAME_LEN + 1])
{
	uint64_t id;

	random_bytes(&id, sizeof(id));
	snprintf(name, NAME_LEN + 1, "%016llx", (unsigned long long)id);
	if (fsetxattr(fd, attribute, name, NAME_LEN, 0) != 0)
		fail("the file system keeps no attributes of files");
}

/* What is to be opened at the path, and how: a file that may not be written is read. */
static int find_name(const char *path, int *flags, char name[NAME_LEN + 1], int *fd)
{
	bool create = (*flags & SQLITE_OPEN_CREATE) != 0;
	struct stat info;

	*fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0644);
	if (*fd < 0 && errno == EACCES) {
		*fd = open(path, O_RDONLY | O_CLOEXEC);
		*flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
		*flags |= SQLITE_OPEN_READONLY;
	}
	if (*fd < 0)
		return SQLITE_CANTOPEN;
	if (read_name(*fd, name))
		return SQLITE_OK;
	if (fstat(*fd, &info) != 0 || info.st_size != 0) {
		close(*fd);
		return SQLITE_NOTADB;
	}
	give_name(*fd, name);
	return SQLITE_OK;
}

static int open_main(const char *path, sqlite3_file *file, int flags, int *out_flags)
{
	const char *parameters[2 * PARAMETERS_MAX];
	char name[NAME_LEN + 1];
	const char *key;
	int n = 0, fd;
	int rc = find_name(path, &flags, name, &fd);

	if (rc != SQLITE_OK)
		return rc;
	while (n < PARAMETERS_MAX && (key = sqlite3_uri_key(path, n)) != NULL) {
		parameters[2 * n] = key;
		parameters[2 * n + 1] = sqlite3_uri_parameter(path, key);
		n++;
	}
	char *filename = (char *)sqlite3_create_filename(name, "", "", n, parameters);
	/* the file is there: a database, if an empty one */
	rc = filename == NULL ? SQLITE_NOMEM :
				ours->xOpen(ours, filename, file, flags | SQLITE_OPEN_CREATE, out_flags);
	sqlite3_free_filename(filename);
	if (rc != SQLITE_OK) {
		close(fd);
		return rc;
	}
	if (out_flags != NULL)
		*out_flags = flags;
	return add_name(file, fd);
}

static int names_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags,
		      int *out_flags)
{
	(void)vfs;
	file->pMethods = NULL;
	if (path != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0)
		return open_main(path, file, flags, out_flags);
	return ours->xOpen(ours, path, file, flags, out_flags);
}

/* Journals are ours, whatever lies at their path. */
static int names_database(const char *path)
{
	const char *end = path + strlen(path);

	return !(end - path > 8 && strcmp(end - 8, "-journal") == 0) &&
	       !(end - path > 4 && strcmp(end - 4, "-wal") == 0) && access(path, F_OK) == 0;
}

static int names_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	(void)vfs;
	if (names_database(path))
		return unix_vfs->xDelete(unix_vfs, path, sync);
	return ours->xDelete(ours, path, sync);
}

static int names_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	(void)vfs;
	if (names_database(path))
		return unix_vfs->xAccess(unix_vfs, path, flags, out);
	return ours->xAccess(ours, path, flags, out);
}

static int names_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	return unix_vfs->xFullPathname(unix_vfs, path, size, out);
}

/* database_of PATH: its name in the store, or nothing; database_new PATH: a new name for the file. */
static int name_command(ClientData create, Tcl_Interp *interp, int argc, Tcl_Obj *const argv[])
{
	char name[NAME_LEN + 1] = "";
	int fd = argc == 2 ? open(Tcl_GetString(argv[1]), O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && create != NULL)
		give_name(fd, name);
	else if (fd < 0 || !read_name(fd, name))
		name[0] = '\0';
	if (fd >= 0)
		close(fd);
	Tcl_SetObjResult(interp, Tcl_NewStringObj(name, -1));
	return TCL_OK;
}

int Ours_Init(Tcl_Interp *interp)
{
	Tcl_CreateObjCommand(interp, "database_of", name_command, NULL, NULL);
	Tcl_CreateObjCommand(interp, "database_new", name_command, interp, NULL);
	return TCL_OK;
}

static void start(void)
{
	static struct blob_store *store;
	struct blob_options options = { 0 };
	struct error err = ERROR_INIT;
	const char *url = getenv("PGBLOB_STORE");

	if (url == NULL || blob_open(url, &options, &store, &err) != BLOB_OK)
		fail(url == NULL ? "PGBLOB_STORE is not set" : err.text);
	/* the tests are written for locks that are refused at once, and want each commit of others */
	struct vfs_config config = { .store = store, .lock_timeout_ms = 1 };
	if (!vfs_init(&config, &err))
		fail(err.text);
	unix_vfs = sqlite3_vfs_find(NULL);
	ours = sqlite3_vfs_find("pgblob");
	names_vfs = *ours;
	names_vfs.zName = "files-of-pgblob";
	names_vfs.mxPathname = unix_vfs->mxPathname;
	names_vfs.xOpen = names_open;
	names_vfs.xDelete = names_delete;
	names_vfs.xAccess = names_access;
	names_vfs.xFullPathname = names_full_pathname;
}

int sqlite_tests_init(const char *unused)
{
	(void)unused;
	/* again after sqlite3_shutdown(): the VFSs are known, but not which is the default */
	if (ours == NULL)
		start();
	return sqlite3_vfs_register(&names_vfs, 1);
}
