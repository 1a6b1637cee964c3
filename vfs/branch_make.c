/*
 * branch_make.c - branching, restoring, and what is left when a branch goes
 *
 * Both are a pin, and then a slot of kind BRANCHED: README.md, "Branches".
 * Licence: MIT, see LICENSE.
 */
#include "vfs/branch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/admin.h"
#include "vfs/commit.h"
#include "vfs/manifest.h"
#include "vfs/registry.h"
#include "vfs/seal.h"

/* What is to be begun: pinned until making_end(). */
struct making {
	struct db *from;         /* what is gone on from: its newest version, or one of the past */
	struct version *version; /* of it, pinned */
	struct db *to;           /* where the slot is created */
	struct pin pin;          /* in the folder of `from` */
	bool pinned;             /* it was made */
};

static void making_end(struct making *m)
{
	if (m->from != NULL) {
		db_unpin(m->from, m->version);
		registry_put(m->from);
	}
	registry_put(m->to);
}

static enum vfs_rc open_from(struct blob_store *store, const char *name, struct making *m,
			     struct error *err)
{
	bool exists;
	enum vfs_rc rc = admin_open_newest(store, name, &m->from, &exists, err);

	if (rc != VFS_OK)
		return rc;
	m->version = db_pin_durable(m->from);
	if (exists && m->version->exists)
		return VFS_OK;
	error_set(err, "database \"%s\" does not exist", name);
	return VFS_NOT_FOUND;
}

/*
 * The pin comes first.  DROP of the parent looks for pins after its slot is there,
 * and we for its slot after our pin is there: one of us sees the other.
 */
static enum vfs_rc make_pin(struct making *m, struct error *err)
{
	const struct version *v = m->version;
	struct pin *pin = &m->pin;
	enum vfs_rc rc;

	*pin = (struct pin){
		.kind = PIN_BRANCH,
		.lsn = v->lsn,
		.time_us = v->time_us,
		.created_us = wall_us(),
	};
	memcpy(pin->db_id, v->db_id, ID_LEN);
	memcpy(pin->hash, v->hash, HASH_LEN);
	random_bytes(pin->child_id, ID_LEN);
	struct version *head = db_pin_durable(m->to);
	pin->child_lsn = head->lsn + 1;
	db_unpin(m->to, head);
	snprintf(pin->name, sizeof(pin->name), "%s", m->to->name);
	rc = pin_create(m->from->store, m->from->folder, pin, err);
	m->pinned = rc == VFS_OK || rc == VFS_UNKNOWN;
	if (rc == VFS_OK)
		rc = pin_check(m->from, pin, err);
	return rc;
}

/* Nothing will come of it.  Clean-up does the same, after a day. */
static void drop_pin(struct making *m)
{
	if (m->pinned && pin_delete(m->from->store, m->from->folder, &m->pin, NULL) != VFS_OK)
		log_warn(NULL, "could not delete a pin of database \"%s\" that nobody needs",
			 m->from->past.base);
	m->pinned = false;
}

/* Create the slot behind `base`; what it says is read back like anybody's by who comes next. */
static enum vfs_rc create_slot(struct making *m, const struct version *base,
			       const uint8_t db_id[ID_LEN], struct error *err)
{
	const struct version *v = m->version;
	struct branch_point point = { .lsn = v->lsn };
	struct buf text = BUF_INIT(4096);
	struct buf body = BUF_INIT(1 << 20);
	struct sealed nothing = { .n = 0 };
	struct db *db = m->to;
	enum vfs_rc rc = VFS_IO;

	strcpy(point.folder, m->from->folder);
	memcpy(point.db_id, v->db_id, ID_LEN);
	memcpy(point.hash, v->hash, HASH_LEN);
	branch_point_put(&text, &point);
	struct commit_head head = {
		.kind = COMMIT_BRANCHED,
		.page_size = v->page_size,
		.page_count = v->page_count,
		.messages = (const uint8_t *)text.data,
		.messages_len = (uint32_t)text.len,
	};
	commit_begin(base, &head);
	memcpy(head.db_id, db_id, ID_LEN);
	memcpy(head.header, v->header, PAGE_HEADER_LEN);
	if (text.failed) {
		error_no_memory(err);
	} else if (commit_build(&head, &nothing, &body, err)) {
		size_t len = body.len;
		int64_t began_us = boot_us();

		rc = commit_create(db, &head, &body, began_us, vfs_settings.commit_timeout_ms, err);
		mutex_lock(&db->lock);
		commit_done_locked(db, &head, &body, rc, began_us);
		commit_count_locked(db, 1, rc);
		/* it is in its slot, but not known here yet */
		db->proven_us = NEVER_US;
		cond_broadcast(&db->changed);
		mutex_unlock(&db->lock);
		commit_told(db, &head, 0, len, rc, began_us, err);
	}
	sealed_free(&nothing);
	buf_free(&body);
	buf_free(&text);
	return rc;
}

/* The pin tells of a slot that another commit has taken since: of this server, or of another one. */
static enum vfs_rc head_moved(const struct making *m, struct error *err)
{
	error_set(err, "could not serialize access to database \"%s\": another transaction committed first",
		  m->to->name);
	error_hint(err, "Try again.");
	return VFS_LOST;
}

static enum vfs_rc append_branch(struct making *m, struct error *err)
{
	struct version *base;
	enum vfs_rc rc = admin_take_head(m->to, &base, err);

	if (rc != VFS_OK)
		return rc;
	if (base->exists) {
		error_set(err, "database \"%s\" already exists", m->to->name);
		rc = VFS_EXISTS;
	} else if (base->lsn + 1 != m->pin.child_lsn) {
		rc = head_moved(m, err);
	} else {
		rc = create_slot(m, base, m->pin.child_id, err);
	}
	db_unpin(m->to, base);
	return rc;
}

/* The pin comes first; it goes again if nothing is left that needs it. */
static enum vfs_rc pin_and_append(struct making *m,
				  enum vfs_rc (*append)(struct making *m, struct error *err),
				  struct error *err)
{
	enum vfs_rc rc = make_pin(m, err);

	if (rc == VFS_OK) {
		rc = append(m, err);
		if (rc == VFS_UNKNOWN)
			m->pinned = false; /* it may be there, or come, and needs it */
	}
	if (rc != VFS_OK)
		drop_pin(m);
	return rc;
}

enum vfs_rc vfs_branch_database(struct blob_store *store, const char *name, const char *from,
				struct error *err)
{
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	struct making m = { .pinned = false };
	bool exists;
	enum vfs_rc rc;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	if (!admin_may_write(err))
		return VFS_IO;
	rc = open_from(store, from, &m, err);
	if (rc == VFS_OK && objects_n_origins(&m.from->objects) + 1 >= BRANCH_DEPTH_MAX) {
		error_set(err, "cannot branch database \"%s\": it has %d parents already", from,
			  BRANCH_DEPTH_MAX - 1);
		error_hint(err, "%s", "Copy it with pgblob cp, and branch the copy.");
		rc = VFS_INVALID;
	}
	if (rc == VFS_OK)
		rc = admin_open_newest(store, name, &m.to, &exists, err);
	if (rc == VFS_OK && exists) {
		error_set(err, "database \"%s\" already exists", name);
		rc = VFS_EXISTS;
	}
	if (rc == VFS_OK)
		rc = turn_wait(m.to, &m, deadline_ms, NULL, err);
	if (rc == VFS_OK) {
		rc = pin_and_append(&m, append_branch, err);
		turn_end(m.to, &m);
	}
	making_end(&m);
	return rc;
}

/* ---- restoring ---- */

static enum vfs_rc append_restored(struct making *m, struct error *err)
{
	struct version *base;
	enum vfs_rc rc = admin_take_head(m->to, &base, err);

	if (rc != VFS_OK)
		return rc;
	if (!base->exists || memcmp(base->db_id, m->version->db_id, ID_LEN) != 0) {
		error_set(err, "database \"%s\" was dropped", m->to->name);
		rc = VFS_NOT_FOUND;
	} else if (base->lsn + 1 != m->pin.child_lsn) {
		rc = head_moved(m, err);
	} else {
		rc = create_slot(m, base, base->db_id, err);
		/* it is there; if it cannot be read now it is by who comes next */
		if (rc == VFS_OK && db_follow(m->to, boot_us(), err) != VFS_OK)
			error_clear(err);
	}
	db_unpin(m->to, base);
	return rc;
}

/* With a manifest of its own nobody needs the old version to read the new one. */
static void settle_restored(struct making *m)
{
	struct error err = ERROR_INIT;
	struct blob_info info;
	char key[KEY_MAX];

	key_manifest(key, m->to->folder, m->pin.child_lsn);
	if (manifest_write(m->to, &err) == VFS_OK &&
	    blob_head(m->to->store, key, &info, &err) == BLOB_OK)
		drop_pin(m);
	else
		background_compact(m->to); /* the pin stays as long as it takes */
}

enum vfs_rc vfs_restore_database(struct blob_store *store, const char *name, const char *point,
				 uint64_t *lsn, struct error *err)
{
	int64_t deadline_ms = mono_ms() + vfs_settings.commit_timeout_ms;
	char from[VFS_NAME_MAX + 1];
	struct making m = { .pinned = false };
	bool exists;
	enum vfs_rc rc;

	if (!db_name_check(name, err))
		return VFS_INVALID;
	if (!admin_may_write(err))
		return VFS_IO;
	if ((size_t)snprintf(from, sizeof(from), "%s@%s", name, point) >= sizeof(from)) {
		error_set(err, "\"%s\" is no point in time", point);
		return VFS_INVALID;
	}
	rc = open_from(store, from, &m, err);
	if (rc == VFS_OK)
		rc = admin_open_newest(store, name, &m.to, &exists, err);
	if (rc == VFS_OK)
		rc = turn_wait(m.to, &m, deadline_ms, NULL, err);
	if (rc != VFS_OK) {
		making_end(&m);
		return rc;
	}
	do {
		rc = pin_and_append(&m, append_restored, err);
		/* who lost against a commit restores behind it */
	} while (rc == VFS_LOST && ms_until(deadline_ms) > 0);
	turn_end(m.to, &m);
	if (rc == VFS_OK) {
		if (lsn != NULL)
			*lsn = m.pin.child_lsn;
		settle_restored(&m);
	}
	making_end(&m);
	return rc;
}

/* ---- pins that nobody needs ---- */

/* Does it keep a version of a database for that database itself? */
static bool is_own(const char *folder, const struct pin *pin)
{
	char own[DB_NAME_ENCODED];

	db_name_encode(pin->name, own);
	return strcmp(own, folder) == 0;
}

enum vfs_rc branch_drop_pins(struct db *db, const uint8_t db_id[ID_LEN], bool *keep,
			     bool *branches, struct error *err)
{
	struct pin *pins;
	size_t n;
	enum vfs_rc rc = pin_list(db->store, db->folder, &pins, &n, err);

	*keep = *branches = false;
	for (size_t i = 0; rc == VFS_OK && i < n; i++) {
		bool ours = memcmp(pins[i].db_id, db_id, ID_LEN) == 0;

		if (pins[i].kind == PIN_BRANCH && !is_own(db->folder, &pins[i])) {
			*keep = true;
			*branches = *branches || ours;
		} else if (ours) {
			/* those of the next database of the name are not touched */
			rc = pin_delete(db->store, db->folder, &pins[i], err);
		}
	}
	free(pins);
	return rc;
}

/* Is there a branch of the database of that id? */
static enum vfs_rc has_branches(struct blob_store *store, const char *folder,
				const uint8_t db_id[ID_LEN], bool *has, struct error *err)
{
	struct pin *pins;
	size_t n;
	enum vfs_rc rc = pin_list(store, folder, &pins, &n, err);

	for (size_t i = 0; rc == VFS_OK && i < n; i++)
		if (pins[i].kind == PIN_BRANCH && !is_own(folder, &pins[i]) &&
		    memcmp(pins[i].db_id, db_id, ID_LEN) == 0)
			*has = true;
	free(pins);
	return rc;
}

static enum vfs_rc is_there(struct blob_store *store, const char *name, const uint8_t db_id[ID_LEN],
			    bool *there, struct error *err)
{
	bool exists;
	struct db *db;
	enum vfs_rc rc = admin_open_newest(store, name, &db, &exists, err);

	if (rc != VFS_OK)
		return rc;
	struct version *v = db_pin_durable(db);
	*there = exists && memcmp(v->db_id, db_id, ID_LEN) == 0;
	db_unpin(db, v);
	registry_put(db);
	return VFS_OK;
}

/* Is a database of that id there, or does a branch of it live on? */
static enum vfs_rc lives_on(struct blob_store *store, const char *name, const uint8_t db_id[ID_LEN],
			    bool *lives, struct error *err)
{
	char folder[DB_NAME_ENCODED];
	enum vfs_rc rc = is_there(store, name, db_id, lives, err);

	if (rc != VFS_OK || *lives)
		return rc;
	db_name_encode(name, folder);
	return has_branches(store, folder, db_id, lives, err);
}

enum vfs_rc branch_leave_parent(struct db *db, const uint8_t db_id[ID_LEN], struct error *err)
{
	char folder[DB_NAME_ENCODED];
	uint8_t child[ID_LEN];
	enum vfs_rc rc = VFS_OK;
	bool lives = false;

	memcpy(child, db_id, ID_LEN);
	/* a parent that was dropped, and was there for us only, goes the same way */
	for (uint16_t k = 1; !lives && objects_origin(&db->objects, k, folder); k++) {
		char name[DB_NAME_MAX + 1];
		struct pin pin;

		rc = pin_read_branch(db->store, folder, child, &pin, err);
		if (rc == VFS_NOT_FOUND) {
			error_clear(err);
			return VFS_OK;
		}
		if (rc == VFS_OK)
			rc = pin_delete(db->store, folder, &pin, err);
		if (rc == VFS_OK && db_name_decode(folder, strlen(folder), name))
			rc = lives_on(db->store, name, pin.db_id, &lives, err);
		if (rc != VFS_OK)
			break;
		memcpy(child, pin.db_id, ID_LEN);
	}
	return rc;
}

/* A restored version needs the old one until it has a manifest of its own. */
static enum vfs_rc restored_needs(struct blob_store *store, const char *folder,
				  const struct pin *pin, bool *needed, struct error *err)
{
	struct commit_head head;
	struct blob_info info;
	char key[KEY_MAX];
	uint64_t newest;
	enum vfs_rc rc;

	key_manifest(key, folder, pin->child_lsn);
	rc = vfs_rc_of_blob(blob_head(store, key, &info, err));
	*needed = rc != VFS_OK;
	if (rc != VFS_NOT_FOUND)
		return rc;
	error_clear(err);
	rc = commit_head_of(store, folder, pin->child_lsn, &head, err);
	if (rc == VFS_OK)
		*needed = head.kind == COMMIT_BRANCHED;
	if (rc != VFS_NOT_FOUND)
		return rc;
	/* cleaned up; or who restores fell asleep and may still come, unless another commit does */
	error_clear(err);
	rc = manifest_newest(store, folder, &newest, err);
	*needed = rc != VFS_OK || newest < pin->child_lsn;
	return rc;
}

/* Does the newest manifest say that the database of that id is there?  Nothing is opened. */
static enum vfs_rc has_manifest(struct blob_store *store, const char *folder,
				const uint8_t db_id[ID_LEN], bool *has, struct error *err)
{
	struct manifest_head head;
	uint64_t lsn;
	enum vfs_rc rc = manifest_newest(store, folder, &lsn, err);

	*has = false;
	if (rc != VFS_OK || lsn == 0)
		return rc;
	rc = manifest_head_of(store, folder, lsn, &head, err);
	if (rc == VFS_OK)
		*has = head.kind != COMMIT_DROPPED && memcmp(head.db_id, db_id, ID_LEN) == 0;
	else if (rc == VFS_NOT_FOUND)
		error_clear(err); /* a newer one has come */
	return rc == VFS_NOT_FOUND ? VFS_OK : rc;
}

enum vfs_rc branch_pin_needed(struct blob_store *store, const char *folder, const struct pin *pin,
			      bool *needed, struct error *err)
{
	bool snapshot = pin->kind == PIN_SNAPSHOT;
	const uint8_t *db_id = snapshot ? pin->db_id : pin->child_id;
	char of[DB_NAME_ENCODED], name[DB_NAME_MAX + 1];
	enum vfs_rc rc;

	*needed = true;
	if (!snapshot && is_own(folder, pin))
		return restored_needs(store, folder, pin, needed, err);
	/* a snapshot is one of the database that is there, a branch point one of its branch */
	if (snapshot)
		snprintf(of, sizeof(of), "%s", folder);
	else
		db_name_encode(pin->name, of);
	if (!db_name_decode(of, strlen(of), name))
		return VFS_INVALID;
	rc = has_manifest(store, of, db_id, needed, err);
	if (rc == VFS_OK && !*needed)
		rc = snapshot ? is_there(store, name, db_id, needed, err) :
				lives_on(store, name, db_id, needed, err);
	if (rc != VFS_OK)
		*needed = true;
	return rc;
}

enum vfs_rc branch_give_up(struct blob_store *store, const char *folder, const struct pin *pin,
			   struct error *err)
{
	if (pin->kind == PIN_SNAPSHOT || is_own(folder, pin))
		return VFS_OK;
	enum vfs_rc rc = admin_take_slot(store, pin->name, pin->child_lsn, err);
	return rc == VFS_EXISTS ? VFS_OK : rc;
}
