/*
 * test_faults.c - whatever the store does, a commit is there whole, or not, or told as unknown
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vfs/fixture.h"

/* Lose all that was only local, and look with fresh eyes. */
static void crash_and_reopen(struct fixture *f)
{
	fixture_restart(f);
}

static void sweep(enum fault_mode mode, const char *sql, bool small_overlay)
{
	struct vfs_config config = { .commit_timeout_ms = -1, .cache_bytes = 1 << 20 };
	bool hit = true;
	unsigned nth;

	for (nth = 1; hit; nth++) {
		struct fixture f;
		struct error err = ERROR_INIT;

		fixture_open_with(&f, 0, &config);
		exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, v, pad); INSERT INTO t VALUES(1, 1, '')");
		if (small_overlay)
			exec(f.db, "PRAGMA cache_size=10; PRAGMA cache_spill=10");
		fault_arm(f.faults, nth, mode);
		int rc = try_exec(f.db, sql);
		enum vfs_rc told = vfs_last_error(f.db, &err);
		hit = fault_disarm(f.faults);
		ck_assert(sqlite3_get_autocommit(f.db));
		/* in the same process it is one or the other as well */
		int64_t seen = query_int(f.db, "SELECT v FROM t WHERE a = 1");
		if (rc == SQLITE_OK)
			ck_assert_int_eq(2, seen);
		crash_and_reopen(&f);
		int64_t v = query_int(f.db, "SELECT v FROM t WHERE a = 1");
		if (rc == SQLITE_OK)
			ck_assert_msg(v == 2, "%s, request %u: lost a commit", fault_mode_name(mode), nth);
		else if (told != VFS_UNKNOWN)
			ck_assert_msg(v == 1, "%s, request %u: kept a failure (%d, %d: %s)",
				      fault_mode_name(mode), nth, rc, told, err.text);
		ck_assert_msg(hit || rc == SQLITE_OK, "%s: failed without a fault: %s",
			      fault_mode_name(mode), err.text);
		if (v == 2 && strstr(sql, "SELECT") != NULL)
			ck_assert_int_eq(9001, query_int(f.db, "SELECT count(*) FROM t"));
		if (v == 1)
			ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
		integrity_check(f.db);
		exec(f.db, "UPDATE t SET v = 3");
		fixture_close(&f);
	}
	ck_assert_uint_gt(nth, 2);
}

START_TEST(commit_is_all_or_nothing)
{
	sweep((enum fault_mode)_i, "UPDATE t SET v = 2", false);
}
END_TEST

START_TEST(large_commit_is_all_or_nothing)
{
	sweep((enum fault_mode)_i,
	      "BEGIN; UPDATE t SET v = 2;"
	      "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<9001) "
	      "INSERT INTO t SELECT i, 2, randomblob(1000) FROM n; COMMIT",
	      true);
}
END_TEST

/* The sweep again, for what is not a commit of SQLite's. */
START_TEST(create_drop_and_open_can_be_repeated_after_any_fault)
{
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct vfs_config config = { .commit_timeout_ms = 500 };
		struct fixture f;
		struct error err = ERROR_INIT;

		fixture_open_with(&f, 0, &config);
		exec(f.db, "CREATE TABLE t(a)");
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc made = vfs_create_database(f.faults, "new", &err);
		enum vfs_rc dropped = vfs_drop_database(f.faults, "app", &err);
		struct vfs_database_list list = { 0 };
		enum vfs_rc listed = vfs_list_databases(f.faults, &list, &err);
		hit = fault_disarm(f.faults);
		if (listed == VFS_OK && dropped == VFS_OK && made == VFS_OK) {
			ck_assert_uint_eq(1, list.n_names);
			ck_assert_str_eq("new", list.names[0]);
		}
		ck_assert(hit || (made == VFS_OK && dropped == VFS_OK && listed == VFS_OK));
		vfs_database_list_free(&list);
		if (made != VFS_OK) {
			made = vfs_create_database(f.faults, "new", &err);
			ck_assert_msg(made == VFS_OK || made == VFS_EXISTS, "%s", err.text);
		}
		if (dropped != VFS_OK) {
			dropped = vfs_drop_database(f.faults, "app", &err);
			ck_assert_msg(dropped == VFS_OK || dropped == VFS_NOT_FOUND, "%s", err.text);
		}
		ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
		fixture_restart(&f);
		ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM sqlite_schema"));
		ck_assert_int_eq(VFS_OK, vfs_list_databases(f.faults, &list, &err));
		ck_assert_uint_eq(2, list.n_names);
		vfs_database_list_free(&list);
		fixture_close(&f);
	}
}
END_TEST

START_TEST(read_fails_cleanly_and_works_again)
{
	struct vfs_config config = { .cache_bytes = 1 << 20 };
	bool hit = true;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	for (unsigned nth = 1; hit; nth++) {
		fixture_restart(&f);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		int rc = try_exec(f.db, "SELECT sum(length(b)) FROM t");
		if (rc != SQLITE_OK)
			ck_assert_int_ne(VFS_OK, vfs_last_error(f.db, NULL));
		hit = fault_disarm(f.faults);
		ck_assert_msg(hit || rc == SQLITE_OK, "failed without a fault");
		ck_assert_int_eq(5000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
	}
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	static const enum fault_mode modes[] = { FAULT_ONCE, FAULT_STICKY, FAULT_LOST_REPLY, FAULT_BUSY,
						 FAULT_UNKNOWN, FAULT_LATE, FAULT_REPEAT };
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("sweep");

	store_kinds_init();
	tcase_set_timeout(tc, 300);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		tcase_add_loop_test(tc, commit_is_all_or_nothing, modes[i], modes[i] + 1);
		tcase_add_loop_test(tc, large_commit_is_all_or_nothing, modes[i], modes[i] + 1);
		tcase_add_loop_test(tc, create_drop_and_open_can_be_repeated_after_any_fault, modes[i],
				    modes[i] + 1);
	}
	tcase_add_loop_test(tc, read_fails_cleanly_and_works_again, FAULT_ONCE, FAULT_STICKY + 1);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
