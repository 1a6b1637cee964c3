/*
 * admin.c - create and drop; what administration opens
 * Licence: MIT, see LICENSE.
 */
#include "vfs/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/branch.h"
#include "vfs/commit.h"
#include "vfs/file.h"
#include "vfs/group.h"
#include "vfs/history.h"
#include "vfs/listing.h"
#include "vfs/manifest.h"
#include "vfs/registry.h"

#define SLOT_REST_US ((int64_t)3600 * 1000000) /* README.md: slots outlive their last use */

enum vfs_rc admin_open_newest(struct blob_store *store, const char *name, struct db **out,
			      bool *exists, struct error *err)
{
	int64_t since_us = boot_us(); /* who opens it only now has asked for the next slot already */
	enum vfs_rc rc = registry_get(store, NULL, name, out, err);

	if (rc != VFS_OK)
		return rc;
	rc = db_follow(*out, since_us, err);
	if (rc != VFS_OK) {
		bool outdated = atomic_load(&(*out)->outdated);

		registry_put(*out);
		*out = NULL;
		/* another database has the name now */
		return outdated ? admin_open_newest(store, name, out, exists, err) : rc;
	}
	struct version *v = db_pin_durable(*out);
	*exists = v->exists;
	db_unpin(*out, v);
	return VFS_OK;
}

bool admin_may_write(struct error *err)
{
	return !vfs_settings.read_only || error_set(err, "this process only reads the store");
}

/* Take the next slot with a commit without pages, if the database is (not) there. */
static enum vfs_rc append_state(struct db *db, enum commit_kind kind, struct error *err)
{
	struct commit_request request = { .kind = kind, .timeout_ms = vfs_settings.commit_timeout_ms };
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	bool must_exist = kind == COMMIT_DROPPED;
	struct version *base, *made = NULL;
	enum vfs_rc rc;

	if (vfs_settings.read_only) {
		error_set(err, "cannot %s database \"%s\": this process only reads the store",
			  must_exist ? "drop" : "create", db->name);
		return VFS_IO;
	}
	rc = turn_wait(db, &request, deadline_ms, NULL, err);
	if (rc != VFS_OK)
		return rc;
	do {
		rc = admin_take_head(db, &base, err);
		if (rc != VFS_OK)
			break;
		request.base = base;
		if (base->exists != must_exist)
			rc = must_exist ? VFS_NOT_FOUND : VFS_EXISTS;
		else
			rc = commit_append(db, &request, &made, err);
		db_unpin(db, base);
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

enum vfs_rc admin_take_head(struct db *db, struct version **base, struct error *err)
{
	enum vfs_rc rc = group_drain(db, err);

	if (rc == VFS_OK)
		rc = commit_resolve(db, err);
	if (rc == VFS_OK)
		rc = db_follow(db, boot_us(), err);
	*base = rc == VFS_OK ? db_pin_published(db) : NULL;
	return rc;
}

/* By who has the turn. */
static enum vfs_rc take_slot(struct db *db, uint64_t lsn, struct error *err)
{
	struct commit_request request = { .kind = COMMIT_DROPPED,
					  .timeout_ms = vfs_settings.commit_timeout_ms };
	struct version *made = NULL;
	struct version *base;
	enum vfs_rc rc = admin_take_head(db, &base, err);

	if (rc != VFS_OK)
		return rc;
	request.base = base;
	if (base->lsn >= lsn)
		rc = VFS_EXISTS;
	else if (base->lsn + 1 != lsn || base->exists)
		rc = commit_lost(db, err);
	else
		rc = commit_append(db, &request, &made, err);
	if (rc == VFS_LOST && base->lsn + 1 == lsn)
		rc = VFS_EXISTS;
	db_unpin(db, base);
	if (made != NULL)
		db_unpin(db, made);
	return rc;
}

enum vfs_rc admin_take_slot(struct blob_store *store, const char *name, uint64_t lsn,
			    struct error *err)
{
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	struct db *db;
	enum vfs_rc rc;

	if (!admin_may_write(err))
		return VFS_IO;
	rc = registry_get(store, NULL, name, &db, err);
	if (rc != VFS_OK)
		return rc;
	rc = turn_wait(db, &deadline_ms, deadline_ms, NULL, err);
	if (rc == VFS_OK) {
		rc = take_slot(db, lsn, err);
		turn_end(db, &deadline_ms);
	}
	registry_put(db);
	if (rc == VFS_EXISTS)
		error_clear(err);
	return rc;
}

enum vfs_rc vfs_create_database(struct blob_store *store, const char *name, struct error *err)
{
	struct db *db;
	enum vfs_rc rc;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	rc = registry_get(store, NULL, name, &db, err);
	if (rc != VFS_OK)
		return rc;
	rc = append_state(db, COMMIT_CREATED, err);
	registry_put(db);
	return rc;
}

/* What is deleted of a listing: all that `keep` does not want. */
struct deletion {
	bool (*keep)(const struct blob_entry *entry, const void *arg);
	const void *arg;
};

static enum vfs_rc delete_page(void *arg, struct blob_store *store, const struct blob_list *page,
			       struct error *err)
{
	const struct deletion *d = arg;
	const char **keys = malloc((page->n_entries + 1) * sizeof(keys[0]));
	enum blob_rc rc = BLOB_OK;
	size_t n = 0;

	if (keys == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	for (size_t i = 0; i < page->n_entries; i++)
		if (!page->entries[i].is_prefix && !d->keep(&page->entries[i], d->arg))
			keys[n++] = page->entries[i].key;
	if (n > 0)
		rc = blob_delete_many(store, keys, n, err);
	free(keys);
	return vfs_rc_of_blob(rc);
}

/* Delete the objects under `folder`/`kind`/ that `keep` does not want; failures are left to clean-up. */
static void delete_objects(struct db *db, const char *kind,
			   bool (*keep)(const struct blob_entry *entry, const void *arg),
			   const void *arg)
{
	struct deletion deletion = { keep, arg };
	char prefix[KEY_MAX];
	struct blob_list_request request = { .prefix = prefix };

	snprintf(prefix, sizeof(prefix), "%s/%s/", db->folder, kind);
	if (list_pages(db->store, &request, delete_page, &deletion, NULL) != VFS_OK)
		log_debug(NULL, "not all objects below \"%s\" could be deleted", prefix);
}

/* Keys that were there at some time. */
struct key_list {
	struct arena arena;
	const char **keys;
	size_t n, room;
};

static enum vfs_rc add_key(void *arg, const struct blob_entry *entry, struct error *err)
{
	struct key_list *list = arg;
	const char *key = arena_strdup(&list->arena, entry->key);

	if (list->n == list->room) {
		size_t room = 2 * list->room + 64;
		const char **keys = realloc(list->keys, room * sizeof(keys[0]));

		if (keys != NULL) {
			list->keys = keys;
			list->room = room;
		}
	}
	if (key == NULL || list->n == list->room) {
		error_no_memory(err);
		return VFS_IO;
	}
	list->keys[list->n++] = key;
	return VFS_OK;
}

/* All under `folder`/`kind`/; on failure none: they are left to clean-up. */
static void list_keys(struct db *db, const char *kind, struct key_list *out)
{
	if (list_objects(db->store, db->folder, kind, NULL, add_key, out, NULL) != VFS_OK)
		out->n = 0;
}

static void key_list_free(struct key_list *list)
{
	arena_free(&list->arena);
	free(list->keys);
}

/* Manifests older than the one that says "dropped". */
static bool keep_manifest(const struct blob_entry *entry, const void *arg)
{
	uint64_t lsn;

	return !key_manifest_lsn(entry->key, &lsn) || lsn >= *(const uint64_t *)arg;
}

/*
 * Slots that a DROP may delete at once.  Whoever opens the database at this moment reads the slots
 * behind the newest manifest one after the other, and would take one that is deleted for the end
 * of the log: so only those that an older manifest stands for.
 */
struct slot_age {
	uint64_t lsn;   /* up to this one; 0: none */
	int64_t now_us; /* by the store's clock */
};

/* The newest manifest, if it is there for as long as anybody may have known an older one. */
static enum vfs_rc find_folded(struct db *db, uint64_t manifest_lsn, struct slot_age *age,
			       struct error *err)
{
	struct blob_info info;
	char key[KEY_MAX];

	if (manifest_lsn == 0)
		return VFS_OK;
	key_manifest(key, db->folder, manifest_lsn);
	enum vfs_rc rc = vfs_rc_of_blob(blob_head(db->store, key, &info, err));
	if (rc == VFS_OK && info.mtime_us != 0 && age->now_us - info.mtime_us >= SLOT_REST_US)
		age->lsn = manifest_lsn;
	return rc;
}

static bool keep_slot(const struct blob_entry *entry, const void *arg)
{
	const struct slot_age *age = arg;
	uint64_t lsn;

	return !key_slot_lsn(entry->key, &lsn) || lsn > age->lsn || entry->info.mtime_us == 0 ||
	       age->now_us - entry->info.mtime_us < SLOT_REST_US;
}

/*
 * Give back the room of the database that slot v->lsn has dropped, and that had these
 * segments, but for what its branches are made of: that is clean-up's.
 */
static enum vfs_rc clean_dropped(struct db *db, const struct version *v,
				 const struct key_list *segments, struct error *err)
{
	struct slot_age age = { .lsn = 0 };
	uint64_t manifest_lsn = 0;
	struct blob_info info;
	char key[KEY_MAX];
	bool branches, keep;
	enum vfs_rc rc;

	/* listed behind the slot, so whoever pins a version later finds that it is dropped */
	rc = branch_drop_pins(db, v->db_id, &keep, &branches, err);
	if (rc == VFS_OK)
		rc = manifest_newest(db->store, db->folder, &manifest_lsn, err);
	if (rc == VFS_OK)
		rc = manifest_write(db, err);
	key_slot(key, db->folder, v->lsn);
	if (rc == VFS_OK && !keep)
		rc = vfs_rc_of_blob(blob_head(db->store, key, &info, err));
	if (rc == VFS_OK && !keep) {
		age.now_us = info.mtime_us;
		rc = find_folded(db, manifest_lsn, &age, err);
	}
	if (rc == VFS_OK && !keep) {
		delete_objects(db, "manifest", keep_manifest, &v->lsn);
		if (segments->n > 0)
			rc = vfs_rc_of_blob(blob_delete_many(db->store, segments->keys,
							     segments->n, err));
		delete_objects(db, "log", keep_slot, &age);
	}
	/* what it was branched from is needed as long as anything of it is */
	if (rc == VFS_OK && !branches)
		rc = branch_leave_parent(db, v->db_id, err);
	return rc;
}

enum vfs_rc vfs_drop_database(struct blob_store *store, const char *name, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct key_list old = { .arena = ARENA_INIT((size_t)256 << 20) };
	struct db *db;
	enum vfs_rc rc;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	rc = registry_get(store, NULL, name, &db, err);
	if (rc != VFS_OK)
		return rc;
	/* before it is dropped: behind that they may be those of the next database of its name */
	list_keys(db, "seg", &old);
	rc = append_state(db, COMMIT_DROPPED, err);
	if (rc == VFS_OK) {
		/* it is dropped; what follows only gives the room back */
		struct version *v = db_pin_durable(db);

		if (!v->exists && clean_dropped(db, v, &old, &ignored) != VFS_OK)
			log_warn(NULL, "database \"%s\" is dropped, but not cleaned up: %s", name,
				 ignored.text);
		db_unpin(db, v);
	}
	key_list_free(&old);
	registry_put(db);
	return rc;
}

enum vfs_rc vfs_database_exists(struct blob_store *store, const char *name, struct error *err)
{
	bool exists;
	struct db *db;
	enum vfs_rc rc = admin_open_newest(store, name, &db, &exists, err);

	if (rc != VFS_OK)
		return rc;
	registry_put(db);
	if (exists)
		return VFS_OK;
	error_set(err, "database \"%s\" does not exist", name);
	return VFS_NOT_FOUND;
}

/* The VFS finds a store by URI, so a borrowed one is handed over beside it, for this thread. */
enum vfs_rc admin_connect(struct blob_store *store, const char *name, int flags, sqlite3 **out,
			  struct error *err)
{
	char encoded[VFS_NAME_ENCODED];
	char uri[VFS_NAME_ENCODED + 32];
	enum vfs_rc rc = VFS_OK;
	struct db_past past;

	if (!history_parse(name, &past, err))
		return VFS_INVALID;
	vfs_encode_name(name, encoded);
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

enum vfs_rc admin_connect_to_read(struct blob_store *store, const char *name, sqlite3 **out,
				  struct error *err)
{
	enum vfs_rc rc = vfs_database_exists(store, name, err);

	*out = NULL;
	if (rc == VFS_OK)
		rc = admin_connect(store, name, SQLITE_OPEN_READONLY, out, err);
	if (rc != VFS_OK)
		return rc;
	if (!vfs_prepare_connection(*out, err)) {
		rc = vfs_last_error(*out, err);
		if (rc == VFS_OK)
			rc = VFS_IO;
	} else if (sqlite3_exec(*out, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL,
				NULL) != SQLITE_OK) {
		rc = vfs_last_error(*out, err);
		if (rc == VFS_OK) {
			error_set(err, "%s", sqlite3_errmsg(*out));
			rc = VFS_IO;
		}
	}
	if (rc != VFS_OK) {
		sqlite3_close(*out);
		*out = NULL;
	}
	return rc;
}
