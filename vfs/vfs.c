/*
 * vfs.c - registration with SQLite, and what a server says to a handle
 * Licence: MIT, see LICENSE.
 */
#include "vfs/vfs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/commit.h"
#include "vfs/disk_cache.h"
#include "vfs/fetch.h"
#include "vfs/file.h"
#include "vfs/group.h"
#include "vfs/history.h"
#include "vfs/inspect.h"
#include "vfs/local.h"
#include "vfs/registry.h"
#include "vfs/register.h"

enum { PATH_LEN_MAX = 512 };

static sqlite3_vfs *os_vfs; /* SQLite's default: temporary files, clocks, randomness */
static struct disk_cache *disk; /* NULL: none */
static _Thread_local struct error open_error;
static _Thread_local enum vfs_rc open_rc;

/*
 * Names of super-journals that are open: xAccess must tell the truth about
 * them, or a rollback would not be played back.
 */
static struct mutex super_lock = MUTEX_INIT;
static struct super_journal {
	struct super_journal *next;
	char name[];
} *super_journals; /* guarded by super_lock */

static bool super_journal_add(const char *name)
{
	struct super_journal *s = malloc(sizeof(*s) + strlen(name) + 1);

	if (s == NULL)
		return false;
	strcpy(s->name, name);
	mutex_lock(&super_lock);
	s->next = super_journals;
	super_journals = s;
	mutex_unlock(&super_lock);
	return true;
}

static bool super_journal_find(const char *name, bool remove)
{
	struct super_journal **at = &super_journals;
	bool found;

	mutex_lock(&super_lock);
	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	found = *at != NULL;
	if (found && remove) {
		struct super_journal *s = *at;

		*at = s->next;
		free(s);
	}
	mutex_unlock(&super_lock);
	return found;
}

static int open_failed(enum vfs_rc rc, const struct error *err)
{
	open_rc = rc;
	open_error = *err;
	sqlite3_log(SQLITE_CANTOPEN, "pgblob: %s", err->text);
#ifdef PGBLOB_EXTENSION
	log_error(NULL, "%s", err->text);
#endif
	return SQLITE_CANTOPEN;
}

static int open_database(const char *name, struct handle *h, int flags, int *out_flags)
{
	const char *url = sqlite3_uri_parameter(name, "store");
	struct error err = ERROR_INIT;
	struct blob_store *store;
	struct store_ref *ref;
	struct db *db;
	enum vfs_rc rc;

	rc = store_find(url, &store, &ref, &err);
	if (rc == VFS_OK)
		rc = registry_get(store, ref, name, &db, &err);
	if (rc != VFS_OK)
		return open_failed(rc, &err);
	struct version *v = db_pin_durable(db);
	bool exists = v->exists;
	db_unpin(db, v);
	if (!exists) {
		/* somebody may have made it since we looked */
		rc = db_follow(db, boot_us(), &err);
		v = db_pin_durable(db);
		exists = v->exists;
		db_unpin(db, v);
		if (rc == VFS_OK && !exists && (flags & SQLITE_OPEN_CREATE) == 0) {
			error_set(&err, "database \"%s\" does not exist", name);
			rc = VFS_NOT_FOUND;
		}
		if (rc != VFS_OK) {
			bool outdated = atomic_load(&db->outdated);

			registry_put(db);
			/* another database has the name now */
			return outdated ? open_database(name, h, flags, out_flags) :
					  open_failed(rc, &err);
		}
	}
	if (vfs_settings.read_only || db->past.kind != PAST_NONE)
		flags = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
	handle_init(h, db, (flags & SQLITE_OPEN_READONLY) != 0, (flags & SQLITE_OPEN_CREATE) != 0);
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

/*
 * The journal's handle, also when another VFS is stacked upon this one and the file is its own;
 * that one may have errors of its own, such as no memory.
 */
static int open_journal(const char *name, struct journal_file *f)
{
	sqlite3_file *main_file = sqlite3_database_file_object(name);
	struct handle *h = NULL;
	int rc;

	if (main_file->pMethods == NULL)
		return SQLITE_CANTOPEN;
	rc = main_file->pMethods->xFileControl(main_file, FCNTL_PGBLOB_HANDLE, &h);
	if (rc != SQLITE_OK)
		return rc == SQLITE_NOTFOUND ? SQLITE_CANTOPEN : rc;
	journal_file_init(f, h);
	return SQLITE_OK;
}

/*
 * A commit that needs one is refused at SQLITE_FCNTL_SYNC; until then it is a
 * file like any.  After that the journals are played back, and SQLite reads the
 * names in it to find whether one of them is left: empty names say no.  (Two: a
 * file of one byte has none, the unix VFS says.)
 */
static int open_super_journal(const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	int made = flags & SQLITE_OPEN_CREATE;
	int rc;

	if (made != 0 && !super_journal_add(name))
		return SQLITE_NOMEM;
	flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
		SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_DELETEONCLOSE;
	rc = os_vfs->xOpen(os_vfs, NULL, file, flags, out_flags);
	if (rc == SQLITE_OK && made == 0)
		rc = file->pMethods->xWrite(file, "\0", 2, 0);
	return rc;
}

static int pgblob_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
		       int *out_flags)
{
	int rc;

	(void)vfs;
	file->pMethods = NULL;
	if (name != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0)
		return open_database(name, CONTAINER_OF(file, struct handle, file), flags,
				     out_flags);
	if (name != NULL && (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) {
		rc = open_journal(name, CONTAINER_OF(file, struct journal_file, file));
		if (rc == SQLITE_OK && out_flags != NULL)
			*out_flags = flags;
		return rc;
	}
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return SQLITE_CANTOPEN;
	if (name != NULL && (flags & SQLITE_OPEN_SUPER_JOURNAL) != 0)
		return open_super_journal(name, file, flags, out_flags);
	if (name == NULL)
		flags |= SQLITE_OPEN_DELETEONCLOSE;
	return os_vfs->xOpen(os_vfs, name, file, flags, out_flags);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t n = strlen(suffix);

	return len >= n && strcmp(name + len - n, suffix) == 0;
}

static int pgblob_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)sync;
	(void)super_journal_find(name, true);
	return SQLITE_OK; /* journals go with their handle; databases are dropped elsewhere */
}

static int pgblob_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)flags;
	*out = !has_suffix(name, "-journal") && !has_suffix(name, "-wal") &&
	       super_journal_find(name, false);
	return SQLITE_OK;
}

static int pgblob_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	struct error err = ERROR_INIT;
	struct db_past past;

	(void)vfs;
	if (!history_parse(name, &past, &err))
		return open_failed(VFS_INVALID, &err);
	if ((size_t)snprintf(out, (size_t)size, "%s", name) >= (size_t)size)
		return SQLITE_CANTOPEN;
	return SQLITE_OK;
}

static int pgblob_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	random_bytes(out, (size_t)n);
	return n;
}

static int pgblob_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return os_vfs->xSleep(os_vfs, us);
}

static int pgblob_current_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	return os_vfs->xCurrentTime(os_vfs, out);
}

static int pgblob_current_time64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	double days;
	int rc;

	(void)vfs;
	if (os_vfs->iVersion >= 2 && os_vfs->xCurrentTimeInt64 != NULL)
		return os_vfs->xCurrentTimeInt64(os_vfs, out);
	rc = os_vfs->xCurrentTime(os_vfs, &days);
	*out = (sqlite3_int64)(days * 86400000.0);
	return rc;
}

static int pgblob_last_error(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	if (size > 0)
		snprintf(out, (size_t)size, "%s", open_error.text);
	return 0;
}

/* A program's extensions are files: dlopen is the default VFS's. */
static void *pgblob_dl_open(sqlite3_vfs *vfs, const char *path)
{
	(void)vfs;
	return os_vfs->xDlOpen(os_vfs, path);
}

static void pgblob_dl_error(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	os_vfs->xDlError(os_vfs, size, out);
}

static void (*pgblob_dl_sym(sqlite3_vfs *vfs, void *handle, const char *name))(void)
{
	(void)vfs;
	return os_vfs->xDlSym(os_vfs, handle, name);
}

static void pgblob_dl_close(sqlite3_vfs *vfs, void *handle)
{
	(void)vfs;
	os_vfs->xDlClose(os_vfs, handle);
}

static sqlite3_vfs pgblob_vfs = {
	.iVersion = 2,
	.mxPathname = PATH_LEN_MAX,
	.zName = "pgblob",
	.xOpen = pgblob_open,
	.xDelete = pgblob_delete,
	.xAccess = pgblob_access,
	.xFullPathname = pgblob_full_pathname,
	.xDlOpen = pgblob_dl_open,
	.xDlError = pgblob_dl_error,
	.xDlSym = pgblob_dl_sym,
	.xDlClose = pgblob_dl_close,
	.xRandomness = pgblob_randomness,
	.xSleep = pgblob_sleep,
	.xCurrentTime = pgblob_current_time,
	.xGetLastError = pgblob_last_error,
	.xCurrentTimeInt64 = pgblob_current_time64,
};

bool vfs_register(struct error *err)
{
	int size = (int)(sizeof(struct handle) > sizeof(struct journal_file) ?
				 sizeof(struct handle) :
				 sizeof(struct journal_file));

	os_vfs = sqlite3_vfs_find(NULL);
	if (os_vfs == NULL)
		return error_set(err, "SQLite has no default VFS");
	pgblob_vfs.szOsFile = size > os_vfs->szOsFile ? size : os_vfs->szOsFile;
	if (sqlite3_vfs_register(&pgblob_vfs, 0) != SQLITE_OK)
		return error_set(err, "could not register the VFS \"pgblob\"");
	return true;
}

void vfs_disk_cache_start(const char *folder, uint64_t bytes)
{
	struct error err = ERROR_INIT;

	if (folder == NULL || bytes == 0)
		return;
	disk = disk_cache_open(folder, bytes, &err);
	if (disk == NULL)
		log_warn(NULL, "there is no disk cache: %s", err.text);
	fetch_set_disk(disk);
}

void vfs_disk_cache_settle(void)
{
	if (disk != NULL)
		disk_cache_settle(disk);
}

static bool settings_take(const struct vfs_config *config, struct error *err)
{
	vfs_settings = *config;
	if (config->journal_folder != NULL) {
		vfs_settings.journal_folder = strdup(config->journal_folder);
		if (vfs_settings.journal_folder == NULL)
			return error_no_memory(err);
	}
	if (vfs_settings.cache_bytes == 0)
		vfs_settings.cache_bytes = (size_t)64 << 20;
	if (vfs_settings.commit_timeout_ms == 0)
		vfs_settings.commit_timeout_ms = 30000;
	if (vfs_settings.retention_ms == 0)
		vfs_settings.retention_ms = VFS_RETENTION_MS;
	if (vfs_settings.lock_timeout_ms == 0)
		vfs_settings.lock_timeout_ms = 1000;
	cache_set_limit(vfs_settings.cache_bytes);
	vfs_disk_cache_start(config->disk_cache_folder, config->disk_cache_bytes);
	vfs_settings.disk_cache_folder = NULL;
	return true;
}

bool vfs_init(const struct vfs_config *config, struct error *err)
{
	return settings_take(config, err) && vfs_register(err);
}

void vfs_deinit(void)
{
	background_stop();
	registry_forget_idle();
	fetch_stop();
	fetch_set_disk(NULL);
	disk_cache_close(disk);
	disk = NULL;
	if (os_vfs != NULL)
		(void)sqlite3_vfs_unregister(&pgblob_vfs);
	vfs_settings.store = NULL;
	free((void *)(uintptr_t)vfs_settings.journal_folder);
	vfs_settings.journal_folder = NULL;
}

static struct handle *handle_of_connection(sqlite3 *db)
{
	struct handle *h = NULL;

	if (sqlite3_file_control(db, "main", FCNTL_PGBLOB_HANDLE, &h) != SQLITE_OK)
		return NULL;
	return h;
}

/* The handle of a connection that may begin a transaction, or NULL. */
static struct handle *handle_at_rest(sqlite3 *connection, struct error *err)
{
	struct handle *h = handle_of_connection(connection);

	if (h != NULL && h->level == SQLITE_LOCK_NONE)
		return h;
	error_set(err, h == NULL ? "the connection is not to a pgblob database" :
				   "a transaction is open");
	return NULL;
}

/* Wait for the turn.  No SQL is run in vain when the store cannot take a commit anyway. */
static enum vfs_rc take_turn(struct db *db, const void *owner, int64_t deadline_ms,
			     const atomic_bool *canceled, struct error *err)
{
	enum vfs_rc rc = turn_wait(db, owner, deadline_ms, canceled, err);

	if (rc != VFS_OK)
		return rc;
	rc = commit_resolve(db, err);
	if (rc == VFS_OK)
		rc = db_follow_for_write(db, err);
	if (rc != VFS_OK)
		turn_end(db, owner);
	return rc;
}

static void intend(struct handle *h)
{
	h->has_turn = h->intent = true;
	h->wish = false;
}

enum vfs_rc vfs_intent_begin(sqlite3 *connection, int64_t deadline_ms,
			     const atomic_bool *canceled, struct error *err)
{
	struct handle *h = handle_at_rest(connection, err);
	enum vfs_rc rc;

	if (h == NULL)
		return VFS_INVALID;
	if (h->has_turn)
		return VFS_OK;
	rc = take_turn(h->db, h, deadline_ms, canceled, err);
	if (rc == VFS_OK)
		intend(h);
	return rc;
}

void vfs_intent_end(sqlite3 *connection)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL || h->level != SQLITE_LOCK_NONE)
		return; /* a transaction that began with it ends it */
	h->wish = false; /* the next transaction may be somebody else's, who only reads */
	handle_end_turn(h);
}

enum vfs_rc vfs_turn_begin(struct vfs_turn *turn, const char *name, const void *owner,
			   int64_t deadline_ms, const atomic_bool *canceled, struct error *err)
{
	struct blob_store *store;
	struct store_ref *ref;
	struct db *db;
	enum vfs_rc rc;

	*turn = (struct vfs_turn){ .db = NULL };
	rc = store_find(NULL, &store, &ref, err);
	if (rc == VFS_OK)
		rc = registry_get(store, ref, name, &db, err);
	if (rc != VFS_OK)
		return rc;
	rc = take_turn(db, owner, deadline_ms, canceled, err);
	if (rc == VFS_OK)
		*turn = (struct vfs_turn){ .db = db, .owner = owner };
	else
		registry_put(db);
	return rc;
}

enum vfs_rc vfs_turn_lend(const struct vfs_turn *turn, sqlite3 *connection, struct error *err)
{
	struct handle *h = handle_at_rest(connection, err);

	if (h == NULL)
		return VFS_INVALID;
	if (h->db != turn->db) {
		error_set(err, "database \"%s\" was dropped", h->db->name);
		return VFS_NOT_FOUND;
	}
	assert(!h->has_turn);
	turn_pass(h->db, turn->owner, h);
	h->lender = turn->owner;
	intend(h);
	return VFS_OK;
}

void vfs_turn_end(struct vfs_turn *turn)
{
	if (turn->db == NULL)
		return;
	turn_end(turn->db, turn->owner);
	registry_put(turn->db);
	turn->db = NULL;
}

enum vfs_rc vfs_last_error(sqlite3 *connection, struct error *out)
{
	struct handle *h = handle_of_connection(connection);
	enum vfs_rc rc = VFS_OK;

	if (h == NULL)
		return VFS_OK;
	rc = h->rc;
	if (rc != VFS_OK && out != NULL)
		*out = h->error;
	h->rc = VFS_OK;
	error_clear(&h->error);
	return rc;
}

enum vfs_rc vfs_open_error(struct error *out)
{
	enum vfs_rc rc = open_rc;

	if (rc != VFS_OK && out != NULL)
		*out = open_error;
	open_rc = VFS_OK;
	error_clear(&open_error);
	return rc;
}

/* What a transaction of the handle reads, or would read. */
static struct version *pin_for(struct handle *h)
{
	return h->has_turn ? db_pin_published(h->db) : db_pin_own(h->db, h->own_seq);
}

enum vfs_rc vfs_schema(sqlite3 *connection, uint64_t *out)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	struct version *v = h->pin != NULL ? h->pin : pin_for(h);
	*out = v->schema_seq;
	if (h->pin == NULL)
		db_unpin(h->db, v);
	return VFS_OK;
}

void vfs_commit_later(sqlite3 *connection, struct vfs_ticket *ticket, enum vfs_durability level)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return;
	h->ticket = ticket;
	h->durability = level;
}

enum vfs_rc vfs_commit_wait(struct vfs_ticket *ticket, struct error *err)
{
	return group_wait(ticket, err);
}

void vfs_replay_journals(struct blob_store *store)
{
	local_replay_all(store);
}

void vfs_read_own(sqlite3 *connection, uint64_t seq)
{
	struct handle *h = handle_of_connection(connection);

	if (h != NULL)
		h->own_seq = seq;
}

enum vfs_rc vfs_base_wait(sqlite3 *connection, struct error *err)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL || h->pin == NULL)
		return VFS_OK;
	return group_wait_version(h->db, h->pin, err);
}

bool vfs_poisoned(sqlite3 *connection)
{
	struct handle *h = handle_of_connection(connection);

	return h != NULL && (atomic_load(&h->user.poisoned) ||
			     (h->pin != NULL && atomic_load(&h->pin->lost)));
}

enum vfs_rc vfs_commit_stats(sqlite3 *connection, struct vfs_commit_stats *out)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	mutex_lock(&h->db->lock);
	*out = h->db->stats;
	mutex_unlock(&h->db->lock);
	return VFS_OK;
}

enum vfs_rc vfs_head_lsn(sqlite3 *connection, uint64_t *out)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	struct version *v = pin_for(h);
	*out = v->lsn;
	db_unpin(h->db, v);
	return VFS_OK;
}

enum vfs_rc vfs_head_time(sqlite3 *connection, int64_t *out)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	struct version *v = db_pin_durable(h->db);
	*out = v->time_us;
	db_unpin(h->db, v);
	return VFS_OK;
}

enum vfs_rc vfs_handle_place(sqlite3 *connection, struct blob_store **store, const char **name)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	*store = h->db->store;
	*name = h->db->name;
	return VFS_OK;
}

enum vfs_rc vfs_handle_log(sqlite3 *connection, uint64_t lsn, uint64_t limit, vfs_slot_fn fn, void *arg,
			   struct error *err)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL) {
		error_set(err, "the connection is not to a pgblob database");
		return VFS_INVALID;
	}
	if (lsn == 0) {
		struct version *v = pin_for(h);

		lsn = v->lsn;
		db_unpin(h->db, v);
	}
	return lsn == 0 ? VFS_OK : vfs_inspect_slots(h->db->store, h->db->name, lsn, limit, fn, arg, err);
}

enum vfs_rc vfs_read_stats(sqlite3 *connection, struct vfs_read_stats *out)
{
	struct handle *h = handle_of_connection(connection);

	if (h == NULL)
		return VFS_INVALID;
	*out = h->read_stats;
	return VFS_OK;
}

void vfs_cache_stats(struct vfs_cache_stats *out)
{
	*out = (struct vfs_cache_stats){ 0 };
	cache_add_stats(out);
	fetch_add_stats(out);
}

bool vfs_prepare_connection(sqlite3 *connection, struct error *err)
{
	static const char sql[] =
		/* the pager reads our pages without copying them */
		"PRAGMA mmap_size=1;"
		/* durability is the VFS's; and no super-journals */
		"PRAGMA synchronous=OFF;"
		/* Debian's default writes many times the bytes */
		"PRAGMA secure_delete=OFF;"
		/* clean pages are in the shared cache; dirty ones go to the overlay, and back, when there are many */
		"PRAGMA cache_size=-512;"
		"PRAGMA cache_spill=-4096;";

	if (handle_of_connection(connection) == NULL)
		return error_set(err, "the connection is not to a pgblob database");
	if (sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK)
		return error_set(err, "could not prepare the connection: %s",
				 sqlite3_errmsg(connection));
	return true;
}
