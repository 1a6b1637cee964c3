/*
 * history.c - a database as it was
 *
 * The newest manifest that is not behind the point that was asked for, and the
 * slots between the two.  Nothing else is looked at, so it costs what opening does.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "vfs/group.h"
#include "vfs/listing.h"
#include "vfs/manifest.h"
#include "vfs/pin.h"
#include "vfs/registry.h"

/* ---- names ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* n digits, moving on; false if there are fewer or the number is not within the bounds. */
static bool take_number(const char **p, int n, int least, int most, int *out)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!is_digit((*p)[i]))
			return false;
		value = value * 10 + ((*p)[i] - '0');
	}
	*p += n;
	*out = value;
	return value >= least && value <= most;
}

static bool take_char(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return false;
	++*p;
	return true;
}

/* Z, or +HH, +HHMM, +HH:MM; seconds east of UTC. */
static bool take_zone(const char **p, int *out)
{
	int hours;
	int minutes = 0;
	bool west = **p == '-';

	*out = 0;
	if (**p == '\0' || take_char(p, "Zz"))
		return true;
	if (!take_char(p, "+-") || !take_number(p, 2, 0, 15, &hours))
		return false;
	if ((take_char(p, ":") || is_digit(**p)) && !take_number(p, 2, 0, 59, &minutes))
		return false;
	*out = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

static bool days_fit(const struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = tm->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

static bool parse_time(const char *text, int64_t *out_us)
{
	struct tm tm = { 0 };
	const char *p = text;
	int zone = 0;
	int64_t us = 0;

	if (!take_number(&p, 4, 1970, 9999, &tm.tm_year) || !take_char(&p, "-") ||
	    !take_number(&p, 2, 1, 12, &tm.tm_mon) || !take_char(&p, "-") ||
	    !take_number(&p, 2, 1, 31, &tm.tm_mday))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!days_fit(&tm))
		return false;
	if (take_char(&p, "Tt ")) {
		if (!take_number(&p, 2, 0, 23, &tm.tm_hour) || !take_char(&p, ":") ||
		    !take_number(&p, 2, 0, 59, &tm.tm_min))
			return false;
		if (take_char(&p, ":") && !take_number(&p, 2, 0, 59, &tm.tm_sec))
			return false;
		if (take_char(&p, ".")) {
			if (!is_digit(*p))
				return false;
			for (int64_t unit = 100000; is_digit(*p); unit /= 10)
				us += unit * (*p++ - '0');
		}
	}
	if (!take_zone(&p, &zone) || *p != '\0')
		return false;
	*out_us = ((int64_t)timegm(&tm) - zone) * 1000000 + us;
	return true;
}

static bool parse_lsn(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	for (; is_digit(*text); text++) {
		if (value >> LSN_BITS != 0)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*out = value;
	return *text == '\0' && value != 0 && value >> LSN_BITS == 0;
}

bool snapshot_name_check(const char *name, struct error *err)
{
	struct error why = ERROR_INIT;

	if (is_digit(name[0]) || name[0] == '+')
		return error_set(err, "a snapshot's name cannot begin with \"%c\"", name[0]);
	if (!db_name_check(name, &why))
		return error_set(err, "invalid snapshot name: %s", why.text);
	return true;
}

bool history_parse(const char *name, struct db_past *out, struct error *err)
{
	const char *at = strchr(name, '@');
	size_t len = at != NULL ? (size_t)(at - name) : strlen(name);

	*out = (struct db_past){ .lsn = UINT64_MAX, .time_us = INT64_MAX };
	if (at != NULL && len <= DB_NAME_MAX)
		memcpy(out->base, name, len);
	if (!db_name_check(at != NULL && len <= DB_NAME_MAX ? out->base : name, err))
		return false;
	if (at == NULL) {
		memcpy(out->base, name, len);
		return true;
	}
	at++;
	if (!is_digit(*at)) {
		if (!snapshot_name_check(at, err))
			return false;
		out->kind = PAST_SNAPSHOT;
		memcpy(out->snapshot, at, strlen(at));
		return true;
	}
	out->kind = PAST_LSN;
	if (parse_lsn(at, &out->lsn))
		return true;
	out->kind = PAST_TIME;
	if (parse_time(at, &out->time_us))
		return true;
	error_set(err, "\"%s\" is no point in time", at);
	error_hint(err, "%s", "Write a slot (1234), a time (2026-09-01T12:00:00Z), or a snapshot's name.");
	return false;
}

/* ---- which manifest ---- */

struct lsns {
	uint64_t *at; /* falling */
	size_t n, cap;
};

static enum vfs_rc add_lsn(void *arg, const struct blob_entry *entry, struct error *err)
{
	struct lsns *l = arg;
	uint64_t lsn;

	if (!key_manifest_lsn(entry->key, &lsn))
		return VFS_OK; /* not ours */
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		uint64_t *grown = realloc(l->at, cap * sizeof(grown[0]));

		if (grown == NULL) {
			error_no_memory(err);
			return VFS_IO;
		}
		l->at = grown;
		l->cap = cap;
	}
	l->at[l->n++] = lsn;
	return VFS_OK;
}

/* The newest manifest of that time or before; 0: there is none. */
static enum vfs_rc manifest_of_time(struct blob_store *store, const char *folder, int64_t time_us,
				    uint64_t *found, struct error *err)
{
	struct lsns l = { 0 };
	enum vfs_rc rc = list_objects(store, folder, "manifest", NULL, add_lsn, &l, err);
	size_t low = 0;
	size_t high = l.n;

	while (rc == VFS_OK && low < high) {
		size_t mid = low + (high - low) / 2;
		struct manifest_head head;

		rc = manifest_head_of(store, folder, l.at[mid], &head, err);
		if (rc == VFS_OK && head.time_us > time_us)
			low = mid + 1;
		else
			high = mid;
		/* cleaned up since it was listed: of a time that is not kept any more */
		if (rc == VFS_NOT_FOUND)
			rc = VFS_OK;
	}
	*found = low < l.n ? l.at[low] : 0;
	free(l.at);
	return rc;
}

enum vfs_rc history_manifest(struct blob_store *store, const char *folder,
			     const struct db_past *past, const struct history_version *now,
			     uint64_t *lsn, struct error *err)
{
	if (past->kind == PAST_TIME && past->time_us < now->time_us)
		return manifest_of_time(store, folder, past->time_us, lsn, err);
	return manifest_up_to(store, folder, past->lsn, lsn, err);
}

/* ---- which version ---- */

enum vfs_rc history_not_kept(const struct db_past *past, struct error *err)
{
	error_set(err, "that version of database \"%s\" is not kept any more", past->base);
	error_hint(err, "%s", "Versions are kept for the retention time, and those of snapshots until they are dropped.");
	return VFS_NOT_FOUND;
}

static enum vfs_rc not_of_now(const struct db_past *past, struct error *err)
{
	error_set(err, "that version is of another database \"%s\", which was dropped", past->base);
	return VFS_NOT_FOUND;
}

static enum vfs_rc read_pin(struct blob_store *store, const char *folder,
			    const struct db_past *past, const uint8_t db_id[ID_LEN], struct pin *out,
			    struct error *err)
{
	enum vfs_rc rc = pin_read(store, folder, past->snapshot, db_id, out, err);

	if (rc == VFS_NOT_FOUND)
		error_set(err, "database \"%s\" has no snapshot \"%s\"", past->base, past->snapshot);
	return rc;
}

enum vfs_rc history_resolve(struct blob_store *store, const char *folder, struct db_past *past,
			    const struct history_version *now, struct pin *pin, struct error *err)
{
	enum vfs_rc rc;

	switch (past->kind) {
	case PAST_NONE:
		break;
	case PAST_SNAPSHOT:
		rc = read_pin(store, folder, past, now->db_id, pin, err);
		if (rc != VFS_OK)
			return rc;
		if (memcmp(pin->db_id, now->db_id, ID_LEN) != 0)
			return not_of_now(past, err);
		past->lsn = pin->lsn;
		break;
	case PAST_LSN:
		if (past->lsn <= now->lsn)
			break;
		error_set(err, "database \"%s\" has no slot %" PRIu64 " yet: the newest is %" PRIu64,
			  past->base, past->lsn, now->lsn);
		return VFS_NOT_FOUND;
	case PAST_TIME:
		/* what has not passed is not over: the answer would change */
		if (past->time_us > wall_us() && past->time_us > now->time_us) {
			error_set(err, "a database cannot be opened as of a time in the future");
			return VFS_NOT_FOUND;
		}
		break;
	}
	return VFS_OK;
}

enum vfs_rc history_judge(const struct db_past *past, const struct history_version *found,
			  const struct history_version *now, bool stopped, struct error *err)
{
	if (past->kind == PAST_TIME ? found->lsn < now->lsn && !stopped : found->lsn != past->lsn)
		return history_not_kept(past, err);
	if (!found->exists) {
		error_set(err, "database \"%s\" did not exist then", past->base);
		return VFS_NOT_FOUND;
	}
	if (memcmp(found->db_id, now->db_id, ID_LEN) != 0)
		return not_of_now(past, err);
	return VFS_OK;
}

/* ---- loading ---- */

static void tell_version(const struct version *v, struct history_version *out)
{
	*out = (struct history_version){ .exists = v->exists, .lsn = v->lsn, .time_us = v->time_us };
	memcpy(out->db_id, v->db_id, ID_LEN);
}

/* What the newest version of the database says. */
static enum vfs_rc look_at_now(struct db *db, int64_t since_us, struct history_version *out,
			       struct error *err)
{
	struct db *base;
	enum vfs_rc rc;

	store_ref_again(db->store_ref);
	rc = registry_get(db->store, db->store_ref, db->past.base, &base, err);
	if (rc != VFS_OK)
		return rc;
	rc = db_follow(base, since_us, err);
	/* another machine may have read the slot whose answer we wait for */
	if (rc == VFS_OK && db->past.kind == PAST_LSN)
		group_wait_slot(base, db->past.lsn);
	if (rc == VFS_OK) {
		struct version *v = db_pin_durable(base);

		tell_version(v, out);
		db_unpin(base, v);
	}
	registry_put(base);
	if (rc == VFS_OK && !out->exists) {
		error_set(err, "database \"%s\" does not exist", db->past.base);
		rc = VFS_NOT_FOUND;
	}
	return rc;
}

/* Is what was read what was asked for? */
static enum vfs_rc judge(struct db *db, const struct version *v, const struct history_version *now,
			 const struct pin *pin, bool stopped, struct error *err)
{
	struct history_version found;

	tell_version(v, &found);
	enum vfs_rc rc = history_judge(&db->past, &found, now, stopped, err);
	if (rc != VFS_OK)
		return rc;
	if (db->past.kind == PAST_SNAPSHOT && memcmp(v->hash, pin->hash, HASH_LEN) != 0) {
		error_set(err, "slot %" PRIu64 " of database \"%s\" is not what snapshot \"%s\" was made of",
			  v->lsn, db->past.base, db->past.snapshot);
		return VFS_CORRUPT;
	}
	return VFS_OK;
}

enum vfs_rc history_load(struct db *db, struct error *err)
{
	uint64_t manifest = 0;
	struct pin pin = { 0 };
	struct history_version now;
	enum vfs_rc rc;

	mutex_lock(&db->lock);
	db->proven_us = 0; /* of an earlier try */
	mutex_unlock(&db->lock);
	rc = look_at_now(db, boot_us(), &now, err);
	if (rc == VFS_OK)
		rc = history_resolve(db->store, db->folder, &db->past, &now, &pin, err);
	if (rc != VFS_OK)
		return rc;
	rc = history_manifest(db->store, db->folder, &db->past, &now, &manifest, err);
	if (rc == VFS_OK && manifest != 0)
		rc = manifest_read(db, manifest, err);
	if (rc == VFS_NOT_FOUND)
		return history_not_kept(&db->past, err);
	if (rc == VFS_OK)
		rc = db_read_log(db, err);
	if (rc != VFS_OK)
		return rc;
	mutex_lock(&db->lock);
	/* a slot that is too young was met: it is there, and was not applied */
	bool stopped = db->proven_us == 0;
	mutex_unlock(&db->lock);
	struct version *v = db_pin_durable(db);
	rc = judge(db, v, &now, &pin, stopped, err);
	db_unpin(db, v);
	return rc;
}

enum vfs_rc history_load_exactly(struct db *db, const uint8_t db_id[ID_LEN],
				 const uint8_t hash[HASH_LEN], struct error *err)
{
	uint64_t manifest;
	enum vfs_rc rc;

	rc = manifest_up_to(db->store, db->folder, db->past.lsn, &manifest, err);
	if (rc == VFS_OK && manifest != 0)
		rc = manifest_read(db, manifest, err);
	if (rc == VFS_OK)
		rc = db_read_log(db, err);
	if (rc != VFS_OK)
		return rc;
	struct version *v = db_pin_durable(db);
	bool there = v->lsn == db->past.lsn && v->exists;
	bool same = there && memcmp(v->db_id, db_id, ID_LEN) == 0 &&
		    memcmp(v->hash, hash, HASH_LEN) == 0;
	db_unpin(db, v);
	if (same)
		return VFS_OK;
	error_set(err, there ? "what lies there is not what it was" : "it is not there any more");
	return there ? VFS_CORRUPT : VFS_NOT_FOUND;
}

/* A snapshot may have been dropped, and made again of another version. */
static enum vfs_rc check_pin(struct db *db, const struct version *v, struct error *err)
{
	struct pin pin;
	enum vfs_rc rc = read_pin(db->store, db->folder, &db->past, v->db_id, &pin, err);

	if (rc != VFS_OK || memcmp(pin.hash, v->hash, HASH_LEN) == 0)
		return rc;
	atomic_store(&db->outdated, true);
	error_set(err, "snapshot \"%s\" of database \"%s\" is of another version now",
		  db->past.snapshot, db->past.base);
	return VFS_NOT_FOUND;
}

enum vfs_rc history_check(struct db *db, struct error *err)
{
	struct history_version now;
	enum vfs_rc rc = look_at_now(db, boot_us() - vfs_settings.cache_ttl_ms * 1000, &now, err);

	if (rc != VFS_OK)
		return rc;
	struct version *v = db_pin_durable(db);
	bool same = memcmp(v->db_id, now.db_id, ID_LEN) == 0;
	rc = !same			      ? not_of_now(&db->past, err) :
	     db->past.kind == PAST_SNAPSHOT ? check_pin(db, v, err) :
					      VFS_OK;
	db_unpin(db, v);
	return rc;
}
