/*
 * test_read.c - pages come from memory, disk and store as cheaply as was promised
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vfs/fixture.h"

static struct vfs_read_stats read_stats(sqlite3 *db)
{
	struct vfs_read_stats out;

	ck_assert_int_eq(VFS_OK, vfs_read_stats(db, &out));
	return out;
}

/* Table t with n rows of about 500 bytes; above 2 MiB they are in segments, which opening does not read. */
static void fill(sqlite3 *db, int n)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		 "CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO t SELECT i, randomblob(500) FROM n", n);
	exec(db, sql);
}

START_TEST(statistics_tell_where_pages_came_from)
{
	struct vfs_cache_stats all[2];
	struct vfs_read_stats cold, warm;
	struct fault_counts before, after;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 6000);
	fixture_restart(&f);
	before = fault_get_counts(f.faults);
	vfs_cache_stats(&all[0]);
	ck_assert_int_eq(3000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
	vfs_cache_stats(&all[1]);
	after = fault_get_counts(f.faults);
	cold = read_stats(f.db);
	ck_assert_uint_gt(cold.pages, 750);
	ck_assert_uint_eq(cold.pages, cold.memory_hits + cold.disk_hits + cold.store_pages);
	ck_assert_uint_gt(cold.gets, 0);
	/* the other requests of a reader are for the next slot */
	ck_assert_uint_le(cold.gets, after.gets - before.gets);
	ck_assert_uint_eq(cold.gets, all[1].gets - all[0].gets);
	ck_assert_uint_eq(cold.bytes, all[1].bytes - all[0].bytes);
	ck_assert_uint_gt(cold.bytes, 3000000);
	ck_assert_int_eq(3000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
	warm = read_stats(f.db);
	ck_assert_uint_eq(warm.gets, cold.gets);
	ck_assert_uint_eq(warm.pages - cold.pages, warm.memory_hits - cold.memory_hits);
	ck_assert_int_eq(VFS_OK, vfs_last_error(f.db, NULL));
	fixture_close(&f);
	/* of any other VFS's handle there is nothing to tell */
	sqlite3 *other;
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &other));
	ck_assert_int_eq(VFS_INVALID, vfs_read_stats(other, &warm));
	sqlite3_close(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read");
	TCase *tc = tcase_create("read");

	store_kinds_init();
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, statistics_tell_where_pages_came_from);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
