/*
 * test_read.c - pages come from memory, disk and store as cheaply as was promised
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/fixture.h"
#include "vfs/prefetch.h"

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
	struct vfs_cache_stats all[3];
	struct vfs_read_stats start, cold, warm;
	struct fault_counts before, after;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 6000);
	fixture_restart(&f);
	before = fault_get_counts(f.faults);
	start = read_stats(f.db);
	vfs_cache_stats(&all[0]);
	ck_assert_int_eq(3000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
	do { /* what was read ahead may still be landing */
		vfs_cache_stats(&all[1]);
		cold = read_stats(f.db);
		after = fault_get_counts(f.faults);
		vfs_cache_stats(&all[2]);
	} while (all[1].gets != all[2].gets || all[1].bytes != all[2].bytes);
	ck_assert_uint_gt(cold.pages, 750);
	ck_assert_uint_eq(cold.pages, cold.memory_hits + cold.disk_hits + cold.store_pages);
	ck_assert_uint_gt(cold.gets, 0);
	/* the other requests of a reader are for the next slot */
	ck_assert_uint_le(cold.gets - start.gets, after.gets - before.gets);
	ck_assert_uint_eq(cold.gets - start.gets, all[1].gets - all[0].gets);
	ck_assert_uint_eq(cold.bytes - start.bytes, all[1].bytes - all[0].bytes);
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

/* A cold database of n rows whose requests take `ms`; readers do not ask for the next slot. */
static void open_cold(struct fixture *f, int n, size_t cache_bytes, unsigned ms)
{
	struct vfs_config config = { .cache_bytes = cache_bytes, .cache_ttl_ms = 3600000 };

	fixture_open_with(f, 0, &config);
	fill(f->db, n);
	fixture_restart(f);
	(void)query_int(f->db, "SELECT count(*) FROM sqlite_schema");
	fault_set_latency(f->faults, ms);
}

static uint64_t gets(struct fixture *f)
{
	return fault_get_counts(f->faults).gets;
}

/* _i: 0 forwards, 1 backwards */
START_TEST(scan_reads_ahead_in_few_requests)
{
	struct vfs_read_stats before, after;
	struct fixture f;
	sqlite3_stmt *stmt;
	int64_t n = 0;

	open_cold(&f, 40000, 64 << 20, 2);
	before = read_stats(f.db);
	ck_assert_int_eq(SQLITE_OK, sqlite3_prepare_v2(f.db,
						       _i == 0 ? "SELECT a FROM t ORDER BY a" :
								 "SELECT a FROM t ORDER BY a DESC",
						       -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		n++;
		ck_assert_int_eq(_i == 0 ? n : 40001 - n, sqlite3_column_int64(stmt, 0));
	}
	ck_assert_int_eq(40000, n);
	sqlite3_finalize(stmt);
	after = read_stats(f.db);
	/* 20 MB in frames of 64 KiB would be more than 300 */
	ck_assert_uint_lt(after.gets - before.gets, 150);
	/* nearly every page was there, or on its way, before it was asked for */
	ck_assert_uint_gt(after.ahead_used - before.ahead_used + after.store_pages -
				  before.store_pages, 5000);
	ck_assert_uint_lt(after.store_pages - before.store_pages, 200);
	/* and nothing was read twice, nor much in vain */
	ck_assert_uint_lt(after.bytes - before.bytes, 24000000);
	fixture_close(&f);
}
END_TEST

START_TEST(point_read_does_not_read_much)
{
	struct vfs_read_stats before, after;
	struct fixture f;

	open_cold(&f, 40000, 64 << 20, 0);
	before = read_stats(f.db);
	ck_assert_int_eq(500, query_int(f.db, "SELECT length(b) FROM t WHERE a = 31234"));
	after = read_stats(f.db);
	ck_assert_uint_le(after.gets - before.gets, 3);
	ck_assert_uint_le(after.bytes - before.bytes, 3 * (64 + 4) << 10);
	fixture_close(&f);
}
END_TEST

START_TEST(scan_is_right_with_hardly_any_memory)
{
	struct vfs_cache_stats stats;
	struct fixture f;

	open_cold(&f, 20000, 1 << 20, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(10000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
	integrity_check(f.db);
	vfs_cache_stats(&stats);
	ck_assert_uint_le(stats.memory_bytes, 2 << 20);
	ck_assert_uint_gt(stats.ahead_used, 0);
	fixture_close(&f);
}
END_TEST

static void *read_one(void *arg)
{
	sqlite3 *db = arg;

	ck_assert_int_eq(500, query_int(db, "SELECT length(b) FROM t WHERE a = 31234"));
	return NULL;
}

/* Until somebody waits for the answer too. */
static void hold_until_shared(void *arg)
{
	const struct vfs_cache_stats *before = arg;
	struct vfs_cache_stats now;

	do {
		usleep(1000);
		vfs_cache_stats(&now);
	} while (now.shared == before->shared);
}

/* Without those that were made again because the answer was late, which is nobody's doing here. */
static uint64_t asked(struct fixture *f)
{
	struct vfs_cache_stats stats;

	vfs_cache_stats(&stats);
	return gets(f) - stats.hedged;
}

START_TEST(readers_of_one_page_share_its_request)
{
	enum { N = 8 };
	struct vfs_cache_stats before, after;
	pthread_t threads[N];
	sqlite3 *dbs[N];
	struct fixture f;
	uint64_t one;

	/* what it takes one of them */
	open_cold(&f, 40000, 64 << 20, 0);
	one = asked(&f);
	(void)read_one(f.db);
	one = asked(&f) - one;
	ck_assert_uint_gt(one, 0);
	fixture_restart(&f);
	for (int i = 0; i < N; i++) {
		dbs[i] = connect_to("app", NULL);
		(void)query_int(dbs[i], "SELECT count(*) FROM sqlite_schema");
	}
	vfs_cache_stats(&before);
	uint64_t began = asked(&f);
	fault_set_hook(f.faults, hold_until_shared, &before);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_GET);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(0, pthread_create(&threads[i], NULL, read_one, dbs[i]));
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	vfs_cache_stats(&after);
	ck_assert_uint_eq(one, asked(&f) - began);
	ck_assert_uint_gt(after.shared - before.shared, 0);
	for (int i = 0; i < N; i++)
		sqlite3_close(dbs[i]);
	fixture_close(&f);
}
END_TEST

static atomic_bool go_on;

static void hold(void *arg)
{
	(void)arg;
	while (!atomic_load(&go_on))
		usleep(1000);
}

/* The first request of many that is slow: another one is sent, and its answer counts. */
START_TEST(slow_request_is_sent_again)
{
	struct vfs_cache_stats before, after;
	struct vfs_read_stats read;
	struct fixture f;
	char sql[100];

	open_cold(&f, 40000, 64 << 20, 5);
	vfs_cache_stats(&before);
	/* on a busy machine some of these are sent again, too: until there is leave for another one */
	for (int i = 0; i < 40 || (before.hedged * 20 > before.gets && i < 300); i++) {
		snprintf(sql, sizeof(sql), "SELECT length(b) FROM t WHERE a = %d", 1 + i * 37 % 300 * 130);
		ck_assert_int_eq(500, query_int(f.db, sql));
		vfs_cache_stats(&before);
	}
	uint64_t hedged = read_stats(f.db).hedged;
	fault_set_hook(f.faults, hold, NULL);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_GET);
	ck_assert_int_eq(500, query_int(f.db, "SELECT length(b) FROM t WHERE a = 39900"));
	ck_assert(fault_disarm(f.faults));
	atomic_store(&go_on, true);
	vfs_cache_stats(&after);
	read = read_stats(f.db);
	ck_assert_uint_ge(read.hedged - hedged, 1);
	ck_assert_uint_ge(after.hedges_won - before.hedges_won, 1);
	/* a few in a hundred, and no more */
	ck_assert_uint_le(after.hedged * 20, after.gets + 20);
	fixture_close(&f);
}
END_TEST

/* Each request in turn fails, those that read ahead too. */
START_TEST(scan_survives_a_fault_of_any_request)
{
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct fixture f;

		open_cold(&f, 8000, 16 << 20, 0);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		int rc = try_exec(f.db, "SELECT sum(length(b)) FROM t");
		enum vfs_rc told = vfs_last_error(f.db, NULL);
		ck_assert((rc == SQLITE_OK) == (told == VFS_OK));
		hit = fault_disarm(f.faults);
		ck_assert_msg(hit || rc == SQLITE_OK, "failed without a fault");
		ck_assert_int_eq(4000000, query_int(f.db, "SELECT sum(length(b)) FROM t"));
		fixture_close(&f);
	}
}
END_TEST

/* Two scans and point reads at once, in little memory: for the thread sanitizer. */
static void *read_much(void *arg)
{
	sqlite3 *db = arg;
	uint32_t state = (uint32_t)(uintptr_t)db | 1;
	char sql[100];

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(5000000, query_int(db, "SELECT sum(length(b)) FROM t"));
		for (int k = 0; k < 50; k++) {
			snprintf(sql, sizeof(sql), "SELECT length(b) FROM t WHERE a = %u",
				 rnd(&state, 10000) + 1);
			ck_assert_int_eq(500, query_int(db, sql));
		}
	}
	return NULL;
}

START_TEST(scans_and_point_reads_at_once_are_right)
{
	enum { N = 4 };
	pthread_t threads[N];
	sqlite3 *dbs[N];
	struct fixture f;

	open_cold(&f, 10000, 2 << 20, 3);
	for (int i = 0; i < N; i++)
		dbs[i] = connect_to("app", NULL);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(0, pthread_create(&threads[i], NULL, read_much, dbs[i]));
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < N; i++)
		sqlite3_close(dbs[i]);
	fixture_close(&f);
}
END_TEST

START_TEST(children_of_any_bytes_are_taken_with_care)
{
	uint8_t page[512];
	uint32_t state = 7;

	for (int i = 0; i < 2000; i++) {
		/* of its exact size, for the address sanitizer */
		uint8_t *copy = malloc(sizeof(page));

		for (size_t k = 0; k < sizeof(page); k++)
			page[k] = (uint8_t)rnd(&state, 256);
		page[0] = page[100] = rnd(&state, 2) != 0 ? 2 : 5;
		page[3] = page[103] = 0;
		memcpy(copy, page, sizeof(page));
		for (uint32_t k = 0; k < 260; k += 13)
			(void)prefetch_child(copy, sizeof(page), (pgno_t)rnd(&state, 2) + 1, k);
		free(copy);
	}
	/* one cell, child 7, and the last child 9 */
	memset(page, 0, sizeof(page));
	page[0] = 5;
	page[4] = 1;
	page[11] = 9;
	page[12] = 1; /* cell at 256 */
	page[259] = 7;
	ck_assert_uint_eq(7, prefetch_child(page, sizeof(page), 2, 0));
	ck_assert_uint_eq(9, prefetch_child(page, sizeof(page), 2, 1));
	ck_assert_uint_eq(0, prefetch_child(page, sizeof(page), 2, 2));
	page[0] = 13;
	ck_assert_uint_eq(0, prefetch_child(page, sizeof(page), 2, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read");
	TCase *tc = tcase_create("read");

	store_kinds_init();
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, statistics_tell_where_pages_came_from);
	tcase_add_loop_test(tc, scan_reads_ahead_in_few_requests, 0, 2);
	tcase_add_test(tc, point_read_does_not_read_much);
	tcase_add_test(tc, scan_is_right_with_hardly_any_memory);
	tcase_add_test(tc, readers_of_one_page_share_its_request);
	tcase_add_test(tc, slow_request_is_sent_again);
	tcase_add_loop_test(tc, scan_survives_a_fault_of_any_request, FAULT_ONCE, FAULT_BUSY + 1);
	tcase_add_test(tc, scans_and_point_reads_at_once_are_right);
	tcase_add_test(tc, children_of_any_bytes_are_taken_with_care);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
