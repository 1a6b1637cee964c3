/*
 * test_history.c - a database as it was, and snapshots
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "vfs/history.h"
#include "vfs/manifest.h"
#include "vfs/pin.h"

enum { VERSIONS = 90 };

static uint64_t lsn_of(sqlite3 *db)
{
	return (uint64_t)query_int(db, "PRAGMA pgblob_lsn");
}

/* What opening `name` comes to; the connection is closed again. */
static enum vfs_rc try_open(const char *name, struct error *err)
{
	char encoded[VFS_NAME_ENCODED];
	char uri[1024];
	sqlite3 *db;

	vfs_encode_name(name, encoded);
	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob", encoded);
	int rc = sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL);
	enum vfs_rc why = vfs_open_error(err);
	sqlite3_close(db);
	ck_assert_int_eq(rc == SQLITE_OK, why == VFS_OK);
	return why;
}

static void refused(const char *name, enum vfs_rc rc, const char *text)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(rc, try_open(name, &err));
	ck_assert_msg(strstr(err.text, text) != NULL, "%s: %s", name, err.text);
}

static sqlite3 *open_at(const char *name, uint64_t lsn)
{
	char spec[VFS_NAME_MAX + 1];

	snprintf(spec, sizeof(spec), "%s@%" PRIu64, name, lsn);
	return connect_to(spec, NULL);
}

static sqlite3 *open_at_time(const char *name, int64_t time_us)
{
	char spec[VFS_NAME_MAX + 1];
	char text[64];
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(spec, sizeof(spec), "%s@%s.%06d+00", name, text, (int)(time_us % 1000000));
	return connect_to(spec, NULL);
}

/* ---- names ---- */

START_TEST(names_are_taken_apart)
{
	static const struct {
		const char *name;
		enum past_kind kind; /* PAST_NONE: refused */
		int64_t value;
	} cases[] = {
		{ "a@1", PAST_LSN, 1 },
		{ "a@8796093022207", PAST_LSN, 8796093022207 },
		{ "a@8796093022208", PAST_NONE, 0 },
		{ "a@0", PAST_NONE, 0 },
		{ "a@99999999999999999999999999", PAST_NONE, 0 },
		{ "a@1x", PAST_NONE, 0 },
		{ "a@1970-01-01", PAST_TIME, 0 },
		{ "a@1970-01-02T00:00:01.5Z", PAST_TIME, 86401500000 },
		{ "a@1970-01-02 00:00:01.123456789+01:30", PAST_TIME, 81001123456 },
		{ "a@1970-01-01t02:00-0130", PAST_TIME, 12600000000 },
		{ "a@2024-02-29T23:59:59-08", PAST_TIME, 1709279999000000 },
		{ "a@2026-09-01T12:00:00Z", PAST_TIME, 1788264000000000 },
		{ "a@2023-02-29", PAST_NONE, 0 },
		{ "a@2023-13-01", PAST_NONE, 0 },
		{ "a@2023-04-31", PAST_NONE, 0 },
		{ "a@2023-04-30T24:00:00Z", PAST_NONE, 0 },
		{ "a@2023-04-30T10", PAST_NONE, 0 },
		{ "a@2023-04-30T10:00:00.", PAST_NONE, 0 },
		{ "a@2023-04-30T10:00:00+16", PAST_NONE, 0 },
		{ "a@2023-04-30T10:00:00Zx", PAST_NONE, 0 },
		{ "a@monday", PAST_SNAPSHOT, 0 },
		{ "a@before the release", PAST_SNAPSHOT, 0 },
		{ "a@+x", PAST_NONE, 0 },
		{ "a@", PAST_NONE, 0 },
		{ "@1", PAST_NONE, 0 },
		{ "a@b@c", PAST_NONE, 0 },
	};
	struct db_past past;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		bool ok = history_parse(cases[i].name, &past, &err);

		ck_assert_msg(ok == (cases[i].kind != PAST_NONE), "%s: %s", cases[i].name, err.text);
		if (!ok)
			continue;
		ck_assert_str_eq("a", past.base);
		ck_assert_msg(past.kind == cases[i].kind, "%s", cases[i].name);
		if (past.kind == PAST_TIME)
			ck_assert_msg(past.time_us == cases[i].value, "%s: %" PRId64, cases[i].name,
				      past.time_us);
		if (past.kind == PAST_LSN)
			ck_assert_int_eq(cases[i].value, past.lsn);
	}
	/* 64 bytes are too many for a base, whatever follows */
	char name[100];
	memset(name, 'a', sizeof(name));
	strcpy(name + 64, "@1");
	ck_assert(!history_parse(name, &past, NULL));
	strcpy(name + 63, "@1");
	ck_assert(history_parse(name, &past, NULL));
	ck_assert(history_parse("plain", &past, NULL));
	ck_assert_int_eq(PAST_NONE, past.kind);
}
END_TEST

START_TEST(a_database_cannot_be_named_like_a_version)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	ck_assert_int_eq(VFS_INVALID, vfs_create_database(f.faults, "app@1", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "cannot contain \"@\""));
	ck_assert_int_eq(VFS_INVALID, vfs_drop_database(f.faults, "app@1", &err));
	ck_assert_int_eq(VFS_INVALID, vfs_import(f.faults, "app@1", "/dev/null", NULL, NULL, &err));
	fixture_close(&f);
}
END_TEST

/* ---- versions ---- */

struct history {
	uint64_t lsn[VERSIONS];
	uint64_t hash[VERSIONS];
	int64_t time_us[VERSIONS]; /* after it was committed, and before the next was */
};

/* Transactions of all kinds; what each left is kept in `h`. */
static void write_history(struct fixture *f, struct history *h)
{
	uint32_t seed = 7;

	exec(f->db, "CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)");
	for (int i = 0; i < VERSIONS; i++) {
		char sql[256];
		unsigned id = rnd(&seed, 40);

		switch (rnd(&seed, 8)) {
		case 0:
			snprintf(sql, sizeof(sql), "DELETE FROM t WHERE id %% 7 = %u", id % 7);
			break;
		case 1:
			snprintf(sql, sizeof(sql), "CREATE TABLE t%d(a, b); INSERT INTO t%d VALUES(%u, 'x')",
				 i, i, id);
			break;
		case 2:
			snprintf(sql, sizeof(sql), "VACUUM");
			break;
		default:
			snprintf(sql, sizeof(sql),
				 "INSERT OR REPLACE INTO t VALUES(%u, randomblob(%u)), (%d, 'row')", id,
				 10 + rnd(&seed, 9000), 100 + i);
		}
		exec(f->db, sql);
		h->lsn[i] = lsn_of(f->db);
		h->hash[i] = content_hash(f->db);
		h->time_us[i] = wall_us();
		/* the next slot is of another microsecond */
		while (wall_us() <= h->time_us[i])
			;
	}
}

static void check_version(sqlite3 *db, const struct history *h, int i)
{
	ck_assert_msg(content_hash(db) == h->hash[i], "version %d, slot %" PRIu64, i, h->lsn[i]);
	ck_assert_int_eq(h->lsn[i], lsn_of(db));
	integrity_check(db);
}

START_TEST(every_version_opens_as_it_was)
{
	static struct history h;
	struct fixture f;

	fixture_open(&f);
	write_history(&f, &h);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < VERSIONS; i++) {
			sqlite3 *db = open_at("app", h.lsn[i]);

			check_version(db, &h, i);
			ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
		}
		for (int i = 0; i < VERSIONS; i += 7) {
			sqlite3 *db = open_at_time("app", h.time_us[i]);

			check_version(db, &h, i);
			ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
		}
		fixture_restart(&f);
	}
	/* as another machine */
	sqlite3 *db = connect_elsewhere(&f, "app@100");
	integrity_check(db);
	sqlite3_close(db);
	fixture_close(&f);
}
END_TEST

START_TEST(an_old_version_stays_and_is_not_written)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v); INSERT INTO t VALUES(1)");
	sqlite3 *old = open_at("app", lsn_of(f.db));
	exec(f.db, "UPDATE t SET v = 2");
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	ck_assert_int_eq(SQLITE_READONLY, try_exec(old, "UPDATE t SET v = 3") & 0xff);
	ck_assert_int_eq(SQLITE_READONLY, try_exec(old, "CREATE TABLE u(v)") & 0xff);
	ck_assert_int_eq(1, sqlite3_db_readonly(old, "main"));
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	/* nothing is asked for what does not change */
	struct fault_counts before = fault_get_counts(f.faults);
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	ck_assert_int_eq(before.all, fault_get_counts(f.faults).all);
	sqlite3_close(old);
	/* a dump of it */
	ck_assert_int_eq(VFS_OK, vfs_database_exists(f.faults, "app@2", &err));
	ck_assert_int_eq(2, query_int(f.db, "SELECT v FROM t"));
	fixture_close(&f);
}
END_TEST

START_TEST(what_cannot_be_opened_is_told)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v)");
	refused("app@99", VFS_NOT_FOUND, "has no slot 99 yet: the newest is 2");
	refused("app@2999-01-01", VFS_NOT_FOUND, "in the future");
	refused("app@2001-01-01", VFS_NOT_FOUND, "did not exist then");
	refused("app@monday", VFS_NOT_FOUND, "has no snapshot \"monday\"");
	refused("none@1", VFS_NOT_FOUND, "database \"none\" does not exist");
	refused("app@1999", VFS_NOT_FOUND, "has no slot");
	refused("app@2023-02-30", VFS_INVALID, "no point in time");
	/* another database of the same name */
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	sqlite3 *old = open_at("app", 2);
	sqlite3_close(old);
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	refused("app@2", VFS_NOT_FOUND, "does not exist");
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	refused("app@2", VFS_NOT_FOUND, "of another database \"app\"");
	refused("app@3", VFS_NOT_FOUND, "did not exist then");
	f.db = open_at("app", 4);
	fixture_close(&f);
}
END_TEST

/* Slots and manifests that clean-up has taken. */
static void delete_key(struct fixture *f, void (*make)(char *, const char *, uint64_t), uint64_t lsn)
{
	struct error err = ERROR_INIT;
	char key[KEY_MAX];

	make(key, "app", lsn);
	ck_assert_int_eq(BLOB_OK, blob_delete(f->inner, key, &err));
}

/* The slots that this one needs: bases of its pages. */
static void mark_named(struct fixture *f, uint64_t lsn, bool named[256])
{
	struct error err = ERROR_INIT;
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct commit_head head;
	char key[KEY_MAX];

	key_slot(key, "app", lsn);
	ck_assert_int_eq(BLOB_OK, blob_get(f->inner, key, NULL, &body, NULL, &err));
	ck_assert(commit_parse((uint8_t *)body.data, body.len, key, &head, &err));
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;

		commit_object(&head, i, &o);
		if (o.kind == OBJECT_SLOT && o.lsn < 256)
			named[o.lsn] = true;
	}
	buf_free(&body);
}

START_TEST(what_was_cleaned_up_is_told)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	int64_t early_us = 0;
	uint64_t first, second;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v)");
	for (int i = 0; i < 200; i++) {
		exec(f.db, "INSERT INTO t VALUES(1)");
		if (i == 20)
			early_us = wall_us();
		if (i % 100 == 99)
			fixture_restart(&f); /* manifests are written in the background: what is wanted now */
	}
	ck_assert_int_eq(VFS_OK, manifest_newest(f.inner, "app", &second, &err));
	ck_assert_int_eq(VFS_OK, manifest_up_to(f.inner, "app", second - 1, &first, &err));
	ck_assert(first >= 64 && first + 10 < second);
	bool named[256] = { false };
	for (uint64_t lsn = first + 1; lsn <= lsn_of(f.db); lsn++)
		mark_named(&f, lsn, named);
	for (uint64_t lsn = 1; lsn <= first; lsn++)
		if (!named[lsn])
			delete_key(&f, key_slot, lsn);
	refused("app@30", VFS_NOT_FOUND, "not kept any more");
	refused("app@1", VFS_NOT_FOUND, "not kept any more");
	sqlite3 *db = open_at_time("app", wall_us());
	integrity_check(db);
	sqlite3_close(db);
	delete_key(&f, key_manifest, first);
	char spec[64];
	snprintf(spec, sizeof(spec), "app@%" PRIu64, first);
	refused(spec, VFS_NOT_FOUND, "not kept any more");
	snprintf(spec, sizeof(spec), "app@%" PRIu64, second - 1);
	refused(spec, VFS_NOT_FOUND, "not kept any more");
	struct tm tm;
	time_t seconds = (time_t)(early_us / 1000000) - 1;
	gmtime_r(&seconds, &tm);
	strftime(spec, sizeof(spec), "app@%Y-%m-%dT%H:%M:%S", &tm);
	refused(spec, VFS_NOT_FOUND, "not kept any more");
	fixture_close(&f);
}
END_TEST

/* ---- snapshots ---- */

START_TEST(a_snapshot_names_a_version)
{
	struct error err = ERROR_INIT;
	struct vfs_pin pin;
	struct vfs_pin *pins;
	struct fixture f;
	size_t n;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v); INSERT INTO t VALUES(1)");
	uint64_t lsn = lsn_of(f.db);
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "one", &pin, &err));
	ck_assert_int_eq(lsn, pin.lsn);
	exec(f.db, "UPDATE t SET v = 2");
	char spec[64];
	snprintf(spec, sizeof(spec), "app@%" PRIu64, lsn - 1);
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, spec, "a b/c", NULL, &err));
	ck_assert_int_eq(VFS_EXISTS, vfs_create_snapshot(f.faults, "app", "one", NULL, &err));
	ck_assert_int_eq(VFS_INVALID, vfs_create_snapshot(f.faults, "app", "1one", NULL, &err));
	ck_assert_int_eq(VFS_INVALID, vfs_create_snapshot(f.faults, "app", "o@e", NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_create_snapshot(f.faults, "none", "one", NULL, &err));
	sqlite3 *db = connect_to("app@one", NULL);
	ck_assert_int_eq(1, query_int(db, "SELECT v FROM t"));
	sqlite3_close(db);
	db = connect_to("app@a b/c", NULL);
	ck_assert_int_eq(0, query_int(db, "SELECT count(*) FROM t"));
	sqlite3_close(db);
	fixture_restart(&f);
	db = connect_to("app@one", NULL);
	ck_assert_int_eq(1, query_int(db, "SELECT v FROM t"));
	sqlite3_close(db);
	/* a snapshot of a snapshot is one of the same version */
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app@one", "uno", &pin, &err));
	ck_assert_int_eq(lsn, pin.lsn);
	ck_assert_int_eq(VFS_OK, vfs_list_pins(f.faults, "app", &pins, &n, &err));
	ck_assert_int_eq(3, n);
	ck_assert_str_eq("a b/c", pins[0].name);
	ck_assert_str_eq("one", pins[1].name);
	ck_assert_int_eq(lsn, pins[1].lsn);
	ck_assert(pins[1].time_us <= pins[1].created_us);
	free(pins);
	ck_assert_int_eq(VFS_OK, vfs_drop_snapshot(f.faults, "app", "one", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_drop_snapshot(f.faults, "app", "one", &err));
	fixture_restart(&f);
	refused("app@one", VFS_NOT_FOUND, "has no snapshot \"one\"");
	fixture_close(&f);
}
END_TEST

START_TEST(a_snapshot_that_was_made_anew_is_the_new_one)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v); INSERT INTO t VALUES(1)");
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	sqlite3 *old = connect_to("app@s", NULL);
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	exec(f.db, "UPDATE t SET v = 2");
	ck_assert_int_eq(VFS_OK, vfs_drop_snapshot(f.faults, "app", "s", &err));
	refused("app@s", VFS_NOT_FOUND, "has no snapshot \"s\"");
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	sqlite3 *new = connect_to("app@s", NULL);
	ck_assert_int_eq(2, query_int(new, "SELECT v FROM t"));
	ck_assert_int_eq(1, query_int(old, "SELECT v FROM t"));
	sqlite3_close(new);
	sqlite3_close(old);
	new = connect_to("app@s", NULL);
	ck_assert_int_eq(2, query_int(new, "SELECT v FROM t"));
	sqlite3_close(new);
	fixture_close(&f);
}
END_TEST

START_TEST(snapshots_go_with_their_database)
{
	struct error err = ERROR_INIT;
	struct vfs_pin *pins;
	struct fixture f;
	struct pin left = { .kind = PIN_SNAPSHOT, .lsn = 1, .name = "old" };
	struct pin plain = { .kind = PIN_SNAPSHOT, .lsn = 1, .name = "plain", .plain_key = true };
	size_t n;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v)");
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "one", NULL, &err));
	sqlite3_close(f.db);
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_eq(VFS_OK, vfs_list_pins(f.faults, "app", &pins, &n, &err));
	ck_assert_int_eq(0, n);
	free(pins);
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	/* what a DROP that stopped half way left is in nobody's way */
	ck_assert_int_eq(VFS_OK, pin_create(f.inner, "app", &left, &err));
	ck_assert_int_eq(VFS_OK, pin_create(f.inner, "app", &plain, &err));
	refused("app@old", VFS_NOT_FOUND, "has no snapshot \"old\"");
	refused("app@plain", VFS_NOT_FOUND, "of another database \"app\"");
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_drop_snapshot(f.faults, "app", "old", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_drop_snapshot(f.faults, "app", "plain", &err));
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "old", NULL, &err));
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "plain", NULL, &err));
	ck_assert_int_eq(VFS_OK, try_open("app@old", &err));
	ck_assert_int_eq(VFS_OK, try_open("app@plain", &err));
	f.db = connect_to("app", NULL);
	fixture_close(&f);
}
END_TEST

START_TEST(snapshots_with_plain_keys_are_read)
{
	struct error err = ERROR_INIT;
	struct pin *pins;
	struct fixture f;
	size_t n;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v)");
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	ck_assert_int_eq(VFS_OK, pin_list(f.inner, "app", &pins, &n, &err));
	ck_assert(n == 1 && !pins[0].plain_key);
	ck_assert_int_eq(VFS_OK, pin_delete(f.inner, "app", &pins[0], &err));
	pins[0].plain_key = true;
	ck_assert_int_eq(VFS_OK, pin_create(f.inner, "app", &pins[0], &err));
	free(pins);
	ck_assert_int_eq(VFS_OK, try_open("app@s", &err));
	ck_assert_int_eq(VFS_EXISTS, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	ck_assert_int_eq(VFS_OK, vfs_drop_snapshot(f.faults, "app", "s", &err));
	refused("app@s", VFS_NOT_FOUND, "has no snapshot");
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	ck_assert_int_eq(VFS_OK, try_open("app@s", &err));
	fixture_close(&f);
}
END_TEST

START_TEST(damaged_pins_are_refused)
{
	struct pin pin = { .kind = PIN_BRANCH, .lsn = 5, .child_lsn = 1, .name = "child" };
	struct buf b = BUF_INIT(4096);
	struct pin out;

	pin_put(&b, &pin);
	ck_assert(pin_parse((const uint8_t *)b.data, b.len, "p", &out, NULL));
	ck_assert_str_eq("child", out.name);
	ck_assert_int_eq(5, out.lsn);
	for (size_t i = 0; i < b.len; i++) {
		ck_assert(!pin_parse((const uint8_t *)b.data, i, "p", &out, NULL));
		b.data[i] = (char)(b.data[i] ^ 4);
		ck_assert(!pin_parse((const uint8_t *)b.data, b.len, "p", &out, NULL));
		b.data[i] = (char)(b.data[i] ^ 4);
	}
	buf_free(&b);
}
END_TEST

/* Each request fails in turn: an error is told, and the next try works. */
START_TEST(a_fault_is_told_and_passes)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	bool hit = true;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(v)");
	for (int i = 0; i < 70; i++)
		exec(f.db, "INSERT INTO t VALUES(1)");
	for (unsigned nth = 1; hit; nth++) {
		char name[32];

		fixture_restart(&f);
		snprintf(name, sizeof(name), "s%u", nth);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc made = vfs_create_snapshot(f.faults, "app@50", name, NULL, &err);
		snprintf(name, sizeof(name), "app@s%u", nth);
		enum vfs_rc opened = made == VFS_OK ? try_open(name, &err) : VFS_OK;
		hit = fault_disarm(f.faults);
		ck_assert_msg(hit || (made == VFS_OK && opened == VFS_OK), "%s", err.text);
		if (made != VFS_OK)
			continue; /* it may be there: the outcome was told as a failure */
		sqlite3 *db = connect_to(name, NULL);
		ck_assert_int_eq(48, query_int(db, "SELECT count(*) FROM t"));
		sqlite3_close(db);
	}
	fixture_close(&f);
}
END_TEST

int main(void)
{
	store_kinds_init();
	Suite *s = suite_create("history");
	TCase *names = tcase_create("names");
	TCase *versions = tcase_create("versions");
	TCase *pins = tcase_create("pins");

	tcase_add_test(names, names_are_taken_apart);
	tcase_add_test(names, a_database_cannot_be_named_like_a_version);
	tcase_add_test(versions, every_version_opens_as_it_was);
	tcase_add_test(versions, an_old_version_stays_and_is_not_written);
	tcase_add_test(versions, what_cannot_be_opened_is_told);
	tcase_add_test(versions, what_was_cleaned_up_is_told);
	tcase_add_test(pins, a_snapshot_names_a_version);
	tcase_add_test(pins, a_snapshot_that_was_made_anew_is_the_new_one);
	tcase_add_test(pins, snapshots_go_with_their_database);
	tcase_add_test(pins, damaged_pins_are_refused);
	tcase_add_test(pins, snapshots_with_plain_keys_are_read);
	tcase_add_loop_test(pins, a_fault_is_told_and_passes, 0, FAULT_BUSY + 1);
	tcase_set_timeout(versions, 400);
	tcase_set_timeout(pins, 400);
	suite_add_tcase(s, names);
	suite_add_tcase(s, versions);
	suite_add_tcase(s, pins);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
