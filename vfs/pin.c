/*
 * pin.c - versions that are kept whatever their age: snapshots and branch points
 *
 * FORMAT   README.md, "Pins".
 * Licence: MIT, see LICENSE.
 */
#include "vfs/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/admin.h"
#include "vfs/floor.h"
#include "vfs/format_parts.h"
#include "vfs/history.h"
#include "vfs/listing.h"
#include "vfs/registry.h"

enum { PIN_VERSION = 1, PIN_HEAD_LEN = 90, PIN_MAX = 4096 };

/* ---- bytes ---- */

void pin_put(struct buf *out, const struct pin *pin)
{
	size_t len = strlen(pin->name);
	uint8_t hash[HASH_LEN];

	buf_put(out, "PGBP", 4);
	buf_put_u16(out, PIN_VERSION);
	buf_put_byte(out, (char)pin->kind);
	buf_put_byte(out, 0);
	buf_put_u64(out, pin->lsn);
	buf_put(out, pin->db_id, ID_LEN);
	buf_put(out, pin->hash, HASH_LEN);
	buf_put_u64(out, (uint64_t)pin->time_us);
	buf_put_u64(out, (uint64_t)pin->created_us);
	buf_put(out, pin->child_id, ID_LEN);
	buf_put_u64(out, pin->child_lsn);
	buf_put_u16(out, (uint16_t)len);
	buf_put(out, pin->name, len);
	if (!out->failed)
		object_put_hash(out, hash);
}

static bool name_ok(const struct pin *pin)
{
	return pin->kind == PIN_SNAPSHOT ? snapshot_name_check(pin->name, NULL) :
					   db_name_check(pin->name, NULL);
}

bool pin_parse(const uint8_t *bytes, size_t len, const char *name, struct pin *out,
	       struct error *err)
{
	struct pin p = { .kind = 0 };

	if (!format_whole_ok(bytes, len, "PGBP", PIN_VERSION, PIN_HEAD_LEN + HASH_LEN, PIN_MAX, name,
			     err))
		return false;
	if (bytes[6] != PIN_SNAPSHOT && bytes[6] != PIN_BRANCH)
		return format_damaged(err, name, "unknown kind of pin");
	p.kind = (enum pin_kind)bytes[6];
	p.lsn = get_u64(bytes + 8);
	memcpy(p.db_id, bytes + 16, ID_LEN);
	memcpy(p.hash, bytes + 32, HASH_LEN);
	p.time_us = (int64_t)get_u64(bytes + 48);
	p.created_us = (int64_t)get_u64(bytes + 56);
	memcpy(p.child_id, bytes + 64, ID_LEN);
	p.child_lsn = get_u64(bytes + 80);
	uint16_t name_len = get_u16(bytes + 88);
	if (name_len > DB_NAME_MAX || PIN_HEAD_LEN + (size_t)name_len + HASH_LEN != len)
		return format_damaged(err, name, "its length is not what it says");
	memcpy(p.name, bytes + PIN_HEAD_LEN, name_len);
	if (strlen(p.name) != name_len || !name_ok(&p))
		return format_damaged(err, name, "impossible name");
	if (p.lsn == 0 || p.lsn >> LSN_BITS != 0 || p.child_lsn >> LSN_BITS != 0)
		return format_damaged(err, name, "impossible lsn");
	*out = p;
	return true;
}

/* ---- objects ---- */

void pin_key(char out[KEY_MAX], const char *folder, const struct pin *pin)
{
	char name[DB_NAME_ENCODED + 1 + 2 * ID_LEN] = "";
	bool snapshot = pin->kind == PIN_SNAPSHOT;

	if (snapshot)
		db_name_encode(pin->name, name);
	if (!snapshot || !pin->plain_key) {
		size_t len = strlen(name);

		name[len] = '+';
		hex_encode(snapshot ? pin->db_id : pin->child_id, ID_LEN, name + len + 1);
	}
	key_pin(out, folder, name);
}

bool pin_key_is_plain(const char *key)
{
	return strchr(strrchr(key, '/'), '+') == NULL;
}

static enum vfs_rc read_key(struct blob_store *store, const char *key, struct pin *out,
			    struct error *err)
{
	struct buf body = BUF_INIT(PIN_MAX);
	enum vfs_rc rc = vfs_rc_of_blob(blob_get(store, key, NULL, &body, NULL, err));

	if (rc == VFS_OK && !pin_parse((const uint8_t *)body.data, body.len, key, out, err))
		rc = VFS_CORRUPT;
	else if (rc == VFS_OK)
		out->plain_key = pin_key_is_plain(key);
	buf_free(&body);
	return rc;
}

enum vfs_rc pin_create(struct blob_store *store, const char *folder, const struct pin *pin,
		       struct error *err)
{
	struct buf body = BUF_INIT(PIN_MAX);
	struct buf there = BUF_INIT(PIN_MAX);
	char key[KEY_MAX];
	enum vfs_rc rc;

	pin_put(&body, pin);
	pin_key(key, folder, pin);
	if (body.failed) {
		error_no_memory(err);
		return VFS_IO;
	}
	rc = vfs_rc_of_blob(blob_create(store, key, &body, NULL, err));
	if (rc == VFS_EXISTS || rc == VFS_UNKNOWN) {
		/* the same bytes can only be ours; others are somebody's only if they are whole */
		enum blob_rc got = blob_get(store, key, NULL, &there, NULL, NULL);
		struct pin other;

		rc = VFS_UNKNOWN;
		if (got == BLOB_OK && there.len == body.len &&
		    memcmp(there.data, body.data, body.len) == 0)
			rc = VFS_OK;
		else if (got == BLOB_OK &&
			 pin_parse((const uint8_t *)there.data, there.len, key, &other, NULL))
			rc = VFS_EXISTS;
		if (rc == VFS_OK)
			error_clear(err);
		else if (rc == VFS_UNKNOWN)
			error_set(err, "it is not known whether object \"%s\" was written", key);
	}
	buf_free(&body);
	buf_free(&there);
	return rc;
}

enum vfs_rc pin_delete(struct blob_store *store, const char *folder, const struct pin *pin,
		       struct error *err)
{
	char key[KEY_MAX];

	pin_key(key, folder, pin);
	return vfs_rc_of_blob(blob_delete(store, key, err));
}

enum vfs_rc pin_read(struct blob_store *store, const char *folder, const char *snapshot,
		     const uint8_t db_id[ID_LEN], struct pin *out, struct error *err)
{
	struct pin wanted = { .kind = PIN_SNAPSHOT };
	char key[KEY_MAX];

	snprintf(wanted.name, sizeof(wanted.name), "%s", snapshot);
	memcpy(wanted.db_id, db_id, ID_LEN);
	pin_key(key, folder, &wanted);
	enum vfs_rc rc = read_key(store, key, out, err);
	if (rc == VFS_NOT_FOUND) {
		error_clear(err);
		wanted.plain_key = true;
		pin_key(key, folder, &wanted);
		rc = read_key(store, key, out, err);
	}
	return rc;
}

enum vfs_rc pin_read_branch(struct blob_store *store, const char *folder,
			    const uint8_t child_id[ID_LEN], struct pin *out, struct error *err)
{
	struct pin wanted = { .kind = PIN_BRANCH };
	char key[KEY_MAX];

	memcpy(wanted.child_id, child_id, ID_LEN);
	pin_key(key, folder, &wanted);
	return read_key(store, key, out, err);
}

static bool add_pin(struct pin **pins, size_t *n, const struct pin *pin)
{
	struct pin *grown = realloc(*pins, (*n + 1) * sizeof(grown[0]));

	if (grown == NULL)
		return false;
	grown[(*n)++] = *pin;
	*pins = grown;
	return true;
}

struct pins {
	struct blob_store *store;
	struct pin *pins;
	size_t n;
};

static enum vfs_rc list_pin(void *arg, const struct blob_entry *entry, struct error *err)
{
	struct pins *found = arg;
	struct pin pin;
	enum vfs_rc rc = read_key(found->store, entry->key, &pin, err);

	if (rc == VFS_NOT_FOUND) {
		error_clear(err); /* dropped since it was listed */
		return VFS_OK;
	}
	if (rc == VFS_OK && !add_pin(&found->pins, &found->n, &pin)) {
		error_no_memory(err);
		rc = VFS_IO;
	}
	return rc;
}

enum vfs_rc pin_list(struct blob_store *store, const char *folder, struct pin **out, size_t *n,
		     struct error *err)
{
	struct pins found = { .store = store };
	enum vfs_rc rc = list_objects(store, folder, "pin", NULL, list_pin, &found, err);

	*out = rc == VFS_OK ? found.pins : NULL;
	*n = rc == VFS_OK ? found.n : 0;
	if (rc != VFS_OK)
		free(found.pins);
	return rc;
}

/* ---- for users ---- */

static void tell(const struct pin *pin, struct vfs_pin *out)
{
	*out = (struct vfs_pin){
		.kind = pin->kind == PIN_SNAPSHOT ? VFS_PIN_SNAPSHOT : VFS_PIN_BRANCH,
		.lsn = pin->lsn,
		.time_us = pin->time_us,
		.created_us = pin->created_us,
	};
	memcpy(out->name, pin->name, sizeof(out->name));
	memcpy(out->db_id, pin->db_id, sizeof(out->db_id));
}

/* Open what `database` names, newest if it names no point in time. */
static enum vfs_rc open_version(struct blob_store *store, const char *database, struct db **db,
				struct version **v, struct error *err)
{
	enum vfs_rc rc = registry_get(store, NULL, database, db, err);

	if (rc != VFS_OK)
		return rc;
	rc = db_follow(*db, boot_us(), err);
	*v = db_pin_durable(*db);
	if (rc == VFS_OK && !(*v)->exists) {
		error_set(err, "database \"%s\" does not exist", database);
		rc = VFS_NOT_FOUND;
	}
	if (rc != VFS_OK) {
		db_unpin(*db, *v);
		registry_put(*db);
	}
	return rc;
}

/* *newest: it is still the newest version. */
static enum vfs_rc check_not_dropped(struct db *of, const struct pin *pin, bool *newest,
				     struct error *err)
{
	struct db *base;
	enum vfs_rc rc = registry_get(of->store, NULL, of->past.base, &base, err);

	if (rc != VFS_OK)
		return rc;
	rc = db_follow(base, boot_us(), err);
	struct version *v = db_pin_durable(base);
	if (rc == VFS_OK && (!v->exists || memcmp(v->db_id, pin->db_id, ID_LEN) != 0)) {
		error_set(err, "database \"%s\" was dropped", of->past.base);
		rc = VFS_NOT_FOUND;
	}
	*newest = v->lsn == pin->lsn;
	db_unpin(base, v);
	registry_put(base);
	return rc;
}

/* It is read anew: this process may know a version of which something is missing. */
static enum vfs_rc check_kept(struct db *of, const struct pin *pin, struct error *err)
{
	struct db_past past = { .kind = PAST_LSN, .lsn = pin->lsn, .time_us = INT64_MAX };
	struct error why = ERROR_INIT;

	strcpy(past.base, of->past.base);
	struct db *db = db_new(of->store, past.base, &past);
	if (db == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	enum vfs_rc rc = history_load_exactly(db, pin->db_id, pin->hash, &why);
	db_free(db);
	if (rc == VFS_NOT_FOUND)
		return history_not_kept(&past, err);
	if (rc != VFS_OK && err != NULL)
		*err = why;
	return rc;
}

enum vfs_rc pin_check(struct db *of, const struct pin *pin, struct error *err)
{
	bool newest;
	enum vfs_rc rc = check_not_dropped(of, pin, &newest, err);

	/* a clean-up that may take what is the newest version now lists the pins later */
	if (rc == VFS_OK && !newest) {
		rc = floor_check(of->store, of->folder, pin->lsn, err);
		if (rc == VFS_NOT_FOUND)
			return history_not_kept(&of->past, err);
	}
	return rc != VFS_OK || of->past.kind == PAST_NONE ? rc : check_kept(of, pin, err);
}

static enum vfs_rc told_to_exist(const struct db *db, const char *name, struct error *err)
{
	error_set(err, "snapshot \"%s\" of database \"%s\" already exists", name, db->past.base);
	return VFS_EXISTS;
}

/* Create the pin of a snapshot, unless an older version of this program has. */
static enum vfs_rc create_snapshot(struct db *db, const struct pin *pin, struct error *err)
{
	struct pin plain = *pin, there;
	char key[KEY_MAX];

	plain.plain_key = true;
	pin_key(key, db->folder, &plain);
	enum vfs_rc rc = read_key(db->store, key, &there, err);
	if (rc == VFS_OK && memcmp(there.db_id, pin->db_id, ID_LEN) == 0)
		return told_to_exist(db, pin->name, err);
	if (rc != VFS_OK && rc != VFS_NOT_FOUND)
		return rc;
	error_clear(err);
	rc = pin_create(db->store, db->folder, pin, err);
	return rc == VFS_EXISTS ? told_to_exist(db, pin->name, err) : rc;
}

enum vfs_rc vfs_create_snapshot(struct blob_store *store, const char *database, const char *name,
				struct vfs_pin *out, struct error *err)
{
	struct pin pin = { .kind = PIN_SNAPSHOT, .created_us = wall_us() };
	struct version *v;
	struct db *db;
	enum vfs_rc rc;

	if (!snapshot_name_check(name, err))
		return VFS_INVALID;
	if (!admin_may_write(err))
		return VFS_IO;
	rc = open_version(store, database, &db, &v, err);
	if (rc != VFS_OK)
		return rc;
	pin.lsn = v->lsn;
	pin.time_us = v->time_us;
	memcpy(pin.db_id, v->db_id, ID_LEN);
	memcpy(pin.hash, v->hash, HASH_LEN);
	snprintf(pin.name, sizeof(pin.name), "%s", name);
	rc = create_snapshot(db, &pin, err);
	if (rc == VFS_OK) {
		rc = pin_check(db, &pin, err);
		if (rc != VFS_OK && pin_delete(store, db->folder, &pin, NULL) != VFS_OK)
			log_warn(NULL, "snapshot \"%s\" of database \"%s\", which was told as failed, is left over",
				 name, db->past.base);
	}
	if (rc == VFS_OK && out != NULL)
		tell(&pin, out);
	db_unpin(db, v);
	registry_put(db);
	return rc;
}

enum vfs_rc vfs_drop_snapshot(struct blob_store *store, const char *database, const char *name,
			      struct error *err)
{
	struct version *v;
	struct pin pin;
	struct db *db;
	enum vfs_rc rc;

	if (!db_name_check(database, err) || !snapshot_name_check(name, err))
		return VFS_INVALID;
	if (!admin_may_write(err))
		return VFS_IO;
	rc = open_version(store, database, &db, &v, err);
	if (rc != VFS_OK)
		return rc;
	rc = pin_read(store, db->folder, name, v->db_id, &pin, err);
	if (rc == VFS_OK && memcmp(pin.db_id, v->db_id, ID_LEN) != 0)
		rc = VFS_NOT_FOUND;
	if (rc == VFS_OK)
		rc = pin_delete(store, db->folder, &pin, err);
	else if (rc == VFS_NOT_FOUND)
		error_set(err, "database \"%s\" has no snapshot \"%s\"", database, name);
	db_unpin(db, v);
	registry_put(db);
	return rc;
}

enum vfs_rc vfs_list_pins(struct blob_store *store, const char *database, struct vfs_pin **out,
			  size_t *n, struct error *err)
{
	char folder[DB_NAME_ENCODED];
	struct db_past past;
	struct pin *pins;
	enum vfs_rc rc;

	*out = NULL;
	*n = 0;
	if (!history_parse(database, &past, err))
		return VFS_INVALID;
	db_name_encode(past.base, folder);
	rc = pin_list(store, folder, &pins, n, err);
	if (rc != VFS_OK)
		return rc;
	*out = calloc(*n + 1, sizeof(**out));
	if (*out == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
		*n = 0;
	}
	for (size_t i = 0; i < *n; i++)
		tell(&pins[i], &(*out)[i]);
	free(pins);
	return rc;
}
