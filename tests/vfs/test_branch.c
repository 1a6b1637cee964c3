/*
 * test_branch.c - databases that begin as a version of another one, and restoring
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "vfs/branch.h"
#include "vfs/registry.h"

static uint64_t lsn_of(sqlite3 *db)
{
	return (uint64_t)query_int(db, "PRAGMA pgblob_lsn");
}

static enum vfs_rc try_branch(struct fixture *f, const char *name, const char *from,
			      struct error *err)
{
	error_clear(err);
	return vfs_branch_database(f->faults, name, from, err);
}

static void branch(struct fixture *f, const char *name, const char *from)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(try_branch(f, name, from, &err) == VFS_OK, "%s", err.text);
}

static void drop(struct fixture *f, const char *name)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(vfs_drop_database(f->faults, name, &err) == VFS_OK, "%s", err.text);
}

static size_t n_pins(struct fixture *f, const char *name)
{
	struct error err = ERROR_INIT;
	struct vfs_pin *pins;
	size_t n;

	ck_assert_int_eq(VFS_OK, vfs_list_pins(f->inner, name, &pins, &n, &err));
	free(pins);
	return n;
}

/* Rows, and an update of each now and then: pages lie in many slots. */
static void fill(sqlite3 *db, int n)
{
	char sql[128];

	exec(db, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v, pad)");
	for (int i = 0; i < n; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO t(v, pad) VALUES(%d, randomblob(900))", i);
		exec(db, sql);
		if (i % 5 == 4)
			exec(db, "UPDATE t SET v = v + 1000 WHERE id % 3 = 0");
	}
}

static uint64_t hash_of(const char *name)
{
	sqlite3 *db = connect_to(name, NULL);
	uint64_t hash = content_hash(db);

	integrity_check(db);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
	return hash;
}

START_TEST(a_branch_and_its_parent_go_their_own_ways)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 100);
	uint64_t hash = content_hash(f.db);
	branch(&f, "b", "app");
	sqlite3 *b = connect_to("b", NULL);
	ck_assert(content_hash(b) == hash);
	exec(b, "UPDATE t SET v = -1 WHERE id < 50; CREATE TABLE only_b(x); INSERT INTO only_b VALUES(1)");
	ck_assert(content_hash(f.db) == hash);
	exec(f.db, "DELETE FROM t WHERE id > 50; CREATE TABLE only_a(x)");
	uint64_t of_a = content_hash(f.db);
	uint64_t of_b = content_hash(b);
	ck_assert(of_a != of_b && of_b != hash);
	ck_assert_int_eq(100, query_int(b, "SELECT count(*) FROM t"));
	integrity_check(b);
	sqlite3_close(b);
	for (int round = 0; round < 2; round++) {
		fixture_restart(&f);
		ck_assert(hash_of("b") == of_b);
		ck_assert(hash_of("app") == of_a);
	}
	/* as another machine */
	b = connect_elsewhere(&f, "b");
	ck_assert(content_hash(b) == of_b);
	/* so many commits that the branch has manifests of its own */
	fill(b, 150);
	of_b = content_hash(b);
	sqlite3_close(b);
	fixture_restart(&f);
	ck_assert(hash_of("b") == of_b);
	ck_assert(hash_of("app") == of_a);
	fixture_close(&f);
}
END_TEST

START_TEST(a_branch_costs_two_objects)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 70);
	exec(f.db, "INSERT INTO t(v, pad) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) "
		   "SELECT i, randomblob(900) FROM n");
	fixture_restart(&f);
	struct fault_counts before = fault_get_counts(f.faults);
	branch(&f, "b", "app");
	struct fault_counts after = fault_get_counts(f.faults);
	ck_assert_uint_eq(2, after.creates - before.creates);
	ck_assert_uint_eq(0, after.deletes - before.deletes);
	/* the parent is known already: nothing of it is read again */
	ck_assert_uint_le(after.all - before.all, 8);
	ck_assert_int_eq(8070, query_int(f.db, "SELECT count(*) FROM t"));
	ck_assert(hash_of("b") == content_hash(f.db));
	fixture_close(&f);
}
END_TEST

START_TEST(a_branch_of_the_past_begins_there)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	char from[64];

	fixture_open(&f);
	fill(f.db, 80);
	uint64_t hash = content_hash(f.db);
	snprintf(from, sizeof(from), "app@%" PRIu64, lsn_of(f.db));
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "then", NULL, &err));
	exec(f.db, "DELETE FROM t");
	branch(&f, "b", from);
	branch(&f, "c", "app@then");
	ck_assert(hash_of("b") == hash);
	ck_assert(hash_of("c") == hash);
	/* the first slot of a branch is a version too, its past before that is the parent's */
	ck_assert(hash_of("b@1") == hash);
	ck_assert_int_eq(3, n_pins(&f, "app"));
	fixture_restart(&f);
	ck_assert(hash_of("b") == hash);
	fixture_close(&f);
}
END_TEST

START_TEST(a_branch_of_a_branch_outlives_both)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 90);
	branch(&f, "b", "app");
	sqlite3 *b = connect_to("b", NULL);
	fill(b, 90);
	branch(&f, "c", "b");
	sqlite3 *c = connect_to("c", NULL);
	fill(c, 90);
	branch(&f, "d", "c");
	uint64_t hash = content_hash(c);
	sqlite3_close(b);
	sqlite3_close(c);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	ck_assert(hash_of("d") == hash);
	drop(&f, "app");
	drop(&f, "b");
	drop(&f, "c");
	f.db = connect_to("d", NULL);
	for (int round = 0; round < 2; round++) {
		ck_assert(content_hash(f.db) == hash);
		sqlite3_close(f.db);
		vfs_deinit();
		ck_assert(vfs_init(&f.config, NULL));
		f.db = connect_to("d", NULL);
	}
	/* a name that is free again is another database; what d is made of stays */
	struct error err = ERROR_INIT;
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	sqlite3 *a = connect_to("app", NULL);
	fill(a, 70);
	sqlite3_close(a);
	drop(&f, "app");
	ck_assert(content_hash(f.db) == hash);
	ck_assert_int_eq(1, n_pins(&f, "app"));
	fixture_close(&f);
}
END_TEST

START_TEST(what_is_damaged_on_its_way_is_not_told_as_cleaned_up)
{
	unsigned n_failed = 0;
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct error err = ERROR_INIT;
		struct fixture f;

		fixture_open(&f);
		fill(f.db, 20);
		fault_set_damage(f.faults, 70);
		fault_arm_only(f.faults, nth, FAULT_DAMAGE, FAULT_OP_GET);
		enum vfs_rc rc = vfs_create_snapshot(f.faults, "app@7", "s", NULL, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(rc == VFS_OK || rc == VFS_CORRUPT, "request %u: %d %s", nth, rc, err.text);
		ck_assert_int_eq(rc == VFS_OK ? 1 : 0, n_pins(&f, "app"));
		n_failed += rc != VFS_OK;
		fixture_close(&f);
	}
	ck_assert_uint_gt(n_failed, 5);
}
END_TEST

START_TEST(what_was_cleaned_up_is_not_branched_though_it_is_known_here)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 20);
	sqlite3 *then = connect_to("app@7", NULL);
	uint64_t hash = content_hash(then);
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, "app/log/0000000000000003", &err));
	ck_assert(content_hash(then) == hash);
	ck_assert_int_eq(VFS_NOT_FOUND, try_branch(&f, "b", "app@7", &err));
	ck_assert_msg(strstr(err.text, "is not kept any more") != NULL, "%s", err.text);
	error_clear(&err);
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_create_snapshot(f.faults, "app@7", "s", NULL, &err));
	ck_assert_int_eq(0, n_pins(&f, "app"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "b", &err));
	sqlite3_close(then);
	fixture_close(&f);
}
END_TEST

START_TEST(who_was_away_is_told_that_a_name_is_another_branch_now)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 5);
	branch(&f, "other", "app");
	branch(&f, "b", "app");
	sqlite3 *away = connect_elsewhere(&f, "b");
	ck_assert_int_eq(5, query_int(away, "SELECT count(*) FROM t"));
	drop(&f, "b");
	branch(&f, "b", "other");
	ck_assert_msg(vfs_compact_database(f.faults, "b", NULL, NULL, NULL, &err) == VFS_OK, "%s", err.text);
	/* so that it looks for a manifest, which tells of other parents */
	vfs_test_sleep_us += (int64_t)3600 * 1000000;
	ck_assert_int_ne(SQLITE_OK, try_exec(away, "SELECT count(*) FROM t"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_last_error(away, &err));
	sqlite3_close(away);
	away = connect_elsewhere(&f, "b");
	ck_assert_int_eq(5, query_int(away, "SELECT count(*) FROM t"));
	sqlite3_close(away);
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(a_dropped_branch_leaves_its_parent)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 20);
	uint64_t hash = content_hash(f.db);
	branch(&f, "b", "app");
	ck_assert_int_eq(1, n_pins(&f, "app"));
	drop(&f, "b");
	ck_assert_int_eq(0, n_pins(&f, "app"));
	/* the same name again, from elsewhere: in a process that knows the other one */
	branch(&f, "b", "app");
	sqlite3 *b = connect_to("b", NULL);
	fill(b, 10);
	branch(&f, "c", "b");
	sqlite3_close(b);
	drop(&f, "b");
	ck_assert_int_eq(1, n_pins(&f, "app"));
	branch(&f, "b", "c");
	b = connect_to("b", NULL);
	ck_assert_int_eq(30, query_int(b, "SELECT count(*) FROM t"));
	fill(b, 100);
	uint64_t of_b = content_hash(b);
	integrity_check(b);
	sqlite3_close(b);
	fixture_restart(&f);
	ck_assert(hash_of("b") == of_b);
	ck_assert(hash_of("app") == hash);
	/* the last one takes along what is there for it only */
	drop(&f, "b");
	ck_assert_int_eq(0, n_pins(&f, "c"));
	ck_assert_int_eq(1, n_pins(&f, "app"));
	drop(&f, "c");
	ck_assert_int_eq(0, n_pins(&f, "b"));
	ck_assert_int_eq(0, n_pins(&f, "app"));
	ck_assert(hash_of("app") == hash);
	fixture_close(&f);
}
END_TEST

START_TEST(another_machine_meets_a_new_branch_of_a_known_name)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 10);
	branch(&f, "b", "app");
	branch(&f, "x", "b");
	sqlite3 *b = connect_elsewhere(&f, "b");
	ck_assert_int_eq(10, query_int(b, "SELECT count(*) FROM t"));
	drop(&f, "b");
	branch(&f, "b", "x");
	ck_assert_int_ne(SQLITE_OK, try_exec(b, "SELECT count(*) FROM t"));
	sqlite3_close(b);
	b = connect_elsewhere(&f, "b");
	ck_assert_int_eq(10, query_int(b, "SELECT count(*) FROM t"));
	exec(b, "INSERT INTO t(v) VALUES(1)");
	sqlite3_close(b);
	ck_assert_int_eq(10, query_int(f.db, "SELECT count(*) FROM t"));
	fixture_close(&f);
}
END_TEST

START_TEST(a_turn_is_not_lent_to_a_handle_of_the_branch_before)
{
	struct error err = ERROR_INIT;
	struct vfs_turn turn;
	struct fixture f;
	sqlite3 *writer;
	int me;

	fixture_open(&f);
	fill(f.db, 10);
	branch(&f, "b", "app");
	branch(&f, "x", "b");
	sqlite3 *old = connect_to("b", NULL);
	ck_assert_int_eq(10, query_int(old, "SELECT count(*) FROM t"));
	/* as another machine: through the store behind the faults, which is another database here */
	ck_assert_msg(vfs_drop_database(f.inner, "b", &err) == VFS_OK, "%s", err.text);
	ck_assert_msg(vfs_branch_database(f.inner, "b", "x", &err) == VFS_OK, "%s", err.text);
	ck_assert_int_eq(VFS_OK, vfs_database_exists(f.faults, "b", &err));
	ck_assert_int_eq(VFS_OK, vfs_turn_begin(&turn, "b", &me, 0, NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_turn_lend(&turn, old, &err));
	ck_assert_str_eq("database \"b\" was dropped", err.text);
	sqlite3_close(old);
	writer = connect_to("b", NULL);
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, writer, &err));
	exec(writer, "INSERT INTO t(v) VALUES(1)");
	vfs_turn_end(&turn);
	exec(writer, "INSERT INTO t(v) VALUES(2)");
	ck_assert_int_eq(12, query_int(writer, "SELECT count(*) FROM t"));
	sqlite3_close(writer);
	fixture_close(&f);
}
END_TEST

START_TEST(what_cannot_be_branched_is_told)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 3);
	ck_assert_int_eq(VFS_EXISTS, try_branch(&f, "app", "app", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, try_branch(&f, "b", "none", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, try_branch(&f, "b", "app@999", &err));
	ck_assert_int_eq(VFS_INVALID, try_branch(&f, "b@1", "app", &err));
	ck_assert_int_eq(0, n_pins(&f, "app"));
	char name[16], from[16] = "app";
	enum vfs_rc rc = VFS_OK;
	int depth = 0;
	while (rc == VFS_OK && depth < 40) {
		snprintf(name, sizeof(name), "n%d", depth++);
		rc = try_branch(&f, name, from, &err);
		strcpy(from, name);
	}
	ck_assert_int_eq(VFS_INVALID, rc);
	ck_assert_int_eq(BRANCH_DEPTH_MAX, depth);
	fixture_restart(&f);
	snprintf(name, sizeof(name), "n%d", depth - 2);
	ck_assert(hash_of(name) == content_hash(f.db));
	fixture_close(&f);
}
END_TEST

/* An unknown outcome is not waited for long. */
static void fixture_open_impatient(struct fixture *f)
{
	struct vfs_config config = { .commit_timeout_ms = 200 };

	fixture_open_with(f, 0, &config);
}

/* Each request fails in turn: there is a branch that works, or none and it can be made. */
START_TEST(a_branch_is_whole_or_not_there)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	bool hit = true;

	fixture_open_impatient(&f);
	fill(f.db, 12);
	uint64_t hash = content_hash(f.db);
	for (unsigned nth = 1; hit; nth++) {
		char name[32];

		fixture_restart(&f);
		snprintf(name, sizeof(name), "b%u", nth);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc rc = try_branch(&f, name, "app", &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(hit || rc == VFS_OK, "%s", err.text);
		fixture_restart(&f);
		enum vfs_rc there = vfs_database_exists(f.faults, name, &err);
		ck_assert(there == VFS_OK || there == VFS_NOT_FOUND);
		ck_assert_msg(rc != VFS_OK || there == VFS_OK, "request %u: a branch was lost", nth);
		if (there == VFS_NOT_FOUND)
			branch(&f, name, "app");
		ck_assert(hash_of(name) == hash);
		/* and the same for DROP */
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		rc = vfs_drop_database(f.faults, name, &err);
		hit = fault_disarm(f.faults) || hit;
		fixture_restart(&f);
		there = vfs_database_exists(f.faults, name, &err);
		ck_assert(there == VFS_OK || there == VFS_NOT_FOUND);
		ck_assert(rc != VFS_OK || there == VFS_NOT_FOUND);
		ck_assert(content_hash(f.db) == hash);
	}
	fixture_close(&f);
}
END_TEST

/* What hooks need. */
static struct fixture *hooked;

static void drop_app_elsewhere(void *arg)
{
	struct error err = ERROR_INIT;

	(void)arg;
	/* as another machine: through the store behind the faults, which is another database here */
	ck_assert_msg(vfs_drop_database(hooked->inner, "app", &err) == VFS_OK, "%s", err.text);
}

START_TEST(a_parent_that_is_dropped_meanwhile_is_seen)
{
	struct error err = ERROR_INIT;
	unsigned made = 0, refused = 0;

	for (unsigned nth = 1; nth <= 12; nth++) {
		struct fixture f;

		fixture_open(&f);
		fill(f.db, 5);
		uint64_t hash = content_hash(f.db);
		hooked = &f;
		fault_set_hook(f.faults, drop_app_elsewhere, NULL);
		fault_arm(f.faults, nth, FAULT_HOOK);
		enum vfs_rc rc = try_branch(&f, "b", "app", &err);
		(void)fault_disarm(f.faults);
		if (rc == VFS_OK) {
			ck_assert(hash_of("b") == hash);
			sqlite3 *b = connect_elsewhere(&f, "b");
			ck_assert(content_hash(b) == hash);
			integrity_check(b);
			sqlite3_close(b);
			made++;
		} else {
			ck_assert_int_eq(VFS_NOT_FOUND, rc);
			ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "b", &err));
			ck_assert_int_eq(0, n_pins(&f, "app"));
			refused++;
		}
		fixture_close(&f);
	}
	ck_assert(made > 0 && refused > 0);
}
END_TEST

static bool is_needed(struct fixture *f, const struct pin *pin)
{
	struct error err = ERROR_INIT;
	bool needed;

	ck_assert_msg(branch_pin_needed(f->faults, "app", pin, &needed, &err) == VFS_OK, "%s", err.text);
	return needed;
}

START_TEST(a_pin_is_needed_as_long_as_what_it_is_for)
{
	struct error err = ERROR_INIT;
	struct pin *pins;
	struct fixture f;
	size_t n;

	fixture_open(&f);
	fill(f.db, 5);
	branch(&f, "b", "app");
	ck_assert_int_eq(VFS_OK, pin_list(f.faults, "app", &pins, &n, &err));
	ck_assert_uint_eq(1, n);
	struct pin pin = pins[0];
	free(pins);
	ck_assert(is_needed(&f, &pin));
	/* one whose branch was never made */
	struct pin orphan = pin;
	memset(orphan.child_id, 7, ID_LEN);
	strcpy(orphan.name, "never");
	ck_assert_int_eq(VFS_OK, pin_create(f.faults, "app", &orphan, &err));
	ck_assert(!is_needed(&f, &orphan));
	/* a branch that was dropped, while one of its own is there */
	branch(&f, "c", "b");
	drop(&f, "b");
	ck_assert(is_needed(&f, &pin));
	drop(&f, "c");
	ck_assert(!is_needed(&f, &pin));
	/* snapshots */
	ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	ck_assert_int_eq(VFS_OK, pin_list(f.faults, "app", &pins, &n, &err));
	for (size_t i = 0; i < n; i++)
		if (pins[i].kind == PIN_SNAPSHOT)
			pin = pins[i];
	free(pins);
	ck_assert_str_eq("s", pin.name);
	ck_assert(is_needed(&f, &pin));
	drop(&f, "app");
	ck_assert(!is_needed(&f, &pin));
	fixture_close(&f);
}
END_TEST

static void give_up(void *arg)
{
	struct error err = ERROR_INIT;
	struct pin *pins;
	size_t n;

	(void)arg;
	ck_assert_int_eq(VFS_OK, pin_list(hooked->inner, "app", &pins, &n, &err));
	for (size_t i = 0; i < n; i++) {
		bool needed;

		ck_assert_int_eq(VFS_OK, branch_pin_needed(hooked->inner, "app", &pins[i], &needed, &err));
		if (needed)
			continue;
		ck_assert_msg(branch_give_up(hooked->inner, "app", &pins[i], &err) == VFS_OK, "%s", err.text);
		ck_assert_int_eq(VFS_OK, branch_pin_needed(hooked->inner, "app", &pins[i], &needed, &err));
		ck_assert(!needed);
		ck_assert_int_eq(VFS_OK, pin_delete(hooked->inner, "app", &pins[i], &err));
	}
	free(pins);
}

/* Whoever makes it sleeps before one of its requests, and clean-up takes the pin for an orphan meanwhile. */
START_TEST(a_branch_that_was_given_up_is_not_begun)
{
	struct error err = ERROR_INIT;
	unsigned made = 0, refused = 0;

	for (unsigned nth = 1; nth <= 12; nth++) {
		struct fixture f;

		fixture_open(&f);
		fill(f.db, 5);
		uint64_t hash = content_hash(f.db);
		hooked = &f;
		fault_set_hook(f.faults, give_up, NULL);
		fault_arm(f.faults, nth, FAULT_HOOK);
		enum vfs_rc rc = try_branch(&f, "b", "app", &err);
		(void)fault_disarm(f.faults);
		if (rc == VFS_OK) {
			ck_assert_int_eq(1, n_pins(&f, "app"));
			made++;
		} else {
			ck_assert_int_eq(VFS_LOST, rc);
			ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "b", &err));
			refused++;
		}
		/* the name is free */
		if (rc != VFS_OK)
			branch(&f, "b", "app");
		ck_assert(hash_of("b") == hash);
		fixture_close(&f);
	}
	ck_assert(made > 0 && refused > 0);
}
END_TEST

/* ---- restoring ---- */

static enum vfs_rc restore(struct fixture *f, const char *point, uint64_t *lsn, struct error *err)
{
	error_clear(err);
	return vfs_restore_database(f->faults, "app", point, lsn, err);
}

START_TEST(a_restored_version_is_the_newest_and_history_stays)
{
	struct error err = ERROR_INIT;
	uint64_t lsn, restored;
	struct fixture f;
	char point[32];

	fixture_open(&f);
	fill(f.db, 70);
	lsn = lsn_of(f.db);
	uint64_t hash = content_hash(f.db);
	exec(f.db, "DELETE FROM t; CREATE TABLE u(v); INSERT INTO u VALUES(5)");
	uint64_t later = lsn_of(f.db);
	uint64_t later_hash = content_hash(f.db);
	sqlite3 *other = connect_elsewhere(&f, "app");
	ck_assert(content_hash(other) == later_hash);
	snprintf(point, sizeof(point), "%" PRIu64, lsn);
	ck_assert_msg(restore(&f, point, &restored, &err) == VFS_OK, "%s", err.text);
	ck_assert_uint_eq(later + 1, restored);
	ck_assert_int_eq(0, n_pins(&f, "app"));
	/* who has read what is no more has to open it anew: its schema has another past */
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "SELECT 1 FROM t"));
	ck_assert_int_ne(SQLITE_OK, try_exec(other, "SELECT 1 FROM t"));
	ck_assert(vfs_poisoned(f.db) && vfs_poisoned(other));
	sqlite3_close(other);
	fixture_restart(&f);
	ck_assert(content_hash(f.db) == hash);
	integrity_check(f.db);
	ck_assert_uint_eq(restored, lsn_of(f.db));
	exec(f.db, "CREATE TABLE w(x); INSERT INTO w VALUES(1); DELETE FROM t WHERE id > 3");
	integrity_check(f.db);
	uint64_t newest = content_hash(f.db);
	snprintf(point, sizeof(point), "app@%" PRIu64, later);
	ck_assert(hash_of(point) == later_hash);
	snprintf(point, sizeof(point), "app@%" PRIu64, restored);
	ck_assert(hash_of(point) == hash);
	/* and forward again */
	snprintf(point, sizeof(point), "%" PRIu64, later);
	ck_assert_msg(restore(&f, point, NULL, &err) == VFS_OK, "%s", err.text);
	fixture_restart(&f);
	ck_assert(content_hash(f.db) == later_hash);
	ck_assert_int_eq(5, query_int(f.db, "SELECT v FROM u"));
	branch(&f, "b", "app");
	ck_assert(hash_of("b") == later_hash);
	ck_assert(newest != later_hash);
	fixture_close(&f);
}
END_TEST

/* Its slot is not read: the process goes on from a manifest behind it. */
START_TEST(who_slept_over_a_restore_does_not_take_its_schema_for_another)
{
	struct vfs_compaction compaction;
	struct error err = ERROR_INIT;
	struct fixture f;
	char point[32];

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	snprintf(point, sizeof(point), "%" PRIu64, lsn_of(f.db));
	exec(f.db, "CREATE TABLE u(b); INSERT INTO u VALUES(2)");
	int64_t cookie = query_int(f.db, "PRAGMA schema_version");
	ck_assert_int_eq(2, query_int(f.db, "SELECT b FROM u"));
	ck_assert_msg(vfs_restore_database(f.inner, "app", point, NULL, &err) == VFS_OK, "%s", err.text);
	sqlite3 *other = connect_elsewhere(&f, "app");
	exec(other, "CREATE TABLE v(c); INSERT INTO v VALUES(3)");
	ck_assert_int_eq(cookie, query_int(other, "PRAGMA schema_version"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(other));
	ck_assert_msg(vfs_compact_database(f.inner, "app", NULL, NULL, &compaction, &err) == VFS_OK, "%s", err.text);
	vfs_test_sleep_us = (int64_t)3600 * 1000000;
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "SELECT b FROM u"));
	ck_assert(vfs_poisoned(f.db));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(3, query_int(f.db, "SELECT c FROM v"));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(restoring_is_told_when_it_cannot_be)
{
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 3);
	ck_assert_int_eq(VFS_NOT_FOUND, restore(&f, "999", NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, restore(&f, "name", NULL, &err));
	ck_assert_int_eq(VFS_INVALID, restore(&f, "1x", NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_restore_database(f.faults, "none", "1", NULL, &err));
	ck_assert_int_eq(0, n_pins(&f, "app"));
	fixture_close(&f);
}
END_TEST

START_TEST(restoring_happens_or_not)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	bool hit = true;

	fixture_open_impatient(&f);
	fill(f.db, 6);
	char point[32];
	snprintf(point, sizeof(point), "%" PRIu64, lsn_of(f.db));
	uint64_t hash = content_hash(f.db);
	exec(f.db, "DELETE FROM t WHERE id > 2");
	uint64_t after = content_hash(f.db);
	for (unsigned nth = 1; hit; nth++) {
		fixture_restart(&f);
		uint64_t lsn = lsn_of(f.db);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc rc = restore(&f, point, NULL, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(hit || rc == VFS_OK, "%s", err.text);
		fixture_restart(&f);
		uint64_t now = content_hash(f.db);
		if (rc == VFS_OK)
			ck_assert(now == hash);
		ck_assert(now == hash || (now == after && lsn_of(f.db) == lsn));
		integrity_check(f.db);
		exec(f.db, "DELETE FROM t WHERE id > 2");
		ck_assert(content_hash(f.db) == after);
	}
	fixture_close(&f);
}
END_TEST

/* ---- bytes ---- */

START_TEST(damaged_branch_points_are_refused)
{
	struct branch_point point = { .folder = "a%20b", .lsn = 9 };
	struct buf b = BUF_INIT(4096);
	struct branch_point out;

	branch_point_put(&b, &point);
	ck_assert(branch_point_parse((const uint8_t *)b.data, b.len, "o", &out, NULL));
	ck_assert_str_eq("a%20b", out.folder);
	for (size_t i = 0; i < b.len; i++)
		ck_assert(!branch_point_parse((const uint8_t *)b.data, i, "o", &out, NULL));
	b.data[16] = 1;
	ck_assert(!branch_point_parse((const uint8_t *)b.data, b.len, "o", &out, NULL));
	b.data[16] = 0;
	b.data[43] = '/';
	ck_assert(!branch_point_parse((const uint8_t *)b.data, b.len, "o", &out, NULL));
	buf_free(&b);
}
END_TEST

int main(void)
{
	store_kinds_init();
	Suite *s = suite_create("branch");
	TCase *tc = tcase_create("branches");
	TCase *restoring = tcase_create("restoring");

	tcase_set_timeout(tc, 400);
	tcase_set_timeout(restoring, 400);
	tcase_add_test(tc, a_branch_and_its_parent_go_their_own_ways);
	tcase_add_test(tc, a_branch_costs_two_objects);
	tcase_add_test(tc, a_branch_of_the_past_begins_there);
	tcase_add_test(tc, a_branch_of_a_branch_outlives_both);
	tcase_add_test(tc, a_dropped_branch_leaves_its_parent);
	tcase_add_test(tc, what_was_cleaned_up_is_not_branched_though_it_is_known_here);
	tcase_add_test(tc, what_is_damaged_on_its_way_is_not_told_as_cleaned_up);
	tcase_add_test(tc, who_was_away_is_told_that_a_name_is_another_branch_now);
	tcase_add_test(tc, another_machine_meets_a_new_branch_of_a_known_name);
	tcase_add_test(tc, a_turn_is_not_lent_to_a_handle_of_the_branch_before);
	tcase_add_test(tc, what_cannot_be_branched_is_told);
	tcase_add_loop_test(tc, a_branch_is_whole_or_not_there, 0, FAULT_REPEAT + 1);
	tcase_add_test(tc, a_parent_that_is_dropped_meanwhile_is_seen);
	tcase_add_test(tc, a_pin_is_needed_as_long_as_what_it_is_for);
	tcase_add_test(tc, a_branch_that_was_given_up_is_not_begun);
	tcase_add_test(tc, damaged_branch_points_are_refused);
	tcase_add_test(restoring, a_restored_version_is_the_newest_and_history_stays);
	tcase_add_test(restoring, who_slept_over_a_restore_does_not_take_its_schema_for_another);
	tcase_add_test(restoring, restoring_is_told_when_it_cannot_be);
	tcase_add_loop_test(restoring, restoring_happens_or_not, 0, FAULT_REPEAT + 1);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, restoring);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
