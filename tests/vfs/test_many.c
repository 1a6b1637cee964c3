/*
 * test_many.c - thousands of databases in one process
 *
 * Prints what one costs in resident memory, open and idle.
 * Licence: MIT, see LICENSE.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
enum { N = 500, CHECK_MEMORY = 0 };
#else
enum { N = 2000, CHECK_MEMORY = 1 };
#endif

/* Bytes of this process that are in memory, without those that were freed. */
static int64_t resident(void)
{
	malloc_trim(0);
	long pages = 0, resident_pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &pages, &resident_pages), 2);
	fclose(f);
	return (int64_t)resident_pages * sysconf(_SC_PAGESIZE);
}

static size_t n_open(void)
{
	struct vfs_database_stats *all;
	struct error err = ERROR_INIT;
	size_t n;

	ck_assert_msg(vfs_open_databases(&all, &n, &err) == VFS_OK, "%s", err.text);
	for (size_t i = 1; i < n; i++)
		ck_assert_int_lt(strcmp(all[i - 1].name, all[i].name), 0);
	free(all);
	return n;
}

static void name_of(unsigned i, char out[32])
{
	snprintf(out, 32, "tenant_%u", i);
}

/* A store in memory if there is such a place: thousands of flushes of a disk take long. */
struct place {
	char dir[64];
	struct blob_store *store;
};

static void place_open(struct place *p, size_t cache_bytes)
{
	struct vfs_config config = { .cache_bytes = cache_bytes, .cache_ttl_ms = 3600000 };
	struct error err = ERROR_INIT;
	char url[96];

	snprintf(p->dir, sizeof(p->dir), "%s/pgblob-many-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(p->dir));
	snprintf(url, sizeof(url), "file://%s", p->dir);
	ck_assert_msg(blob_open(url, NULL, &p->store, &err) == BLOB_OK, "%s", err.text);
	config.store = p->store;
	ck_assert_msg(vfs_init(&config, &err), "%s", err.text);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void place_close(struct place *p)
{
	vfs_deinit();
	blob_close(p->store);
	nftw(p->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

START_TEST(thousands_are_open_at_once_and_idle_ones_are_closed_and_reopened)
{
	sqlite3 **open = calloc(N, sizeof(*open));
	struct place p;
	char name[32], sql[128];

	ck_assert_ptr_nonnull(open);
	place_open(&p, 8 << 20);
	int64_t before = resident();
	for (unsigned i = 0; i < N; i++) {
		struct error err = ERROR_INIT;

		name_of(i, name);
		ck_assert_msg(vfs_create_database(p.store, name, &err) == VFS_OK, "%s", err.text);
	}
	/* nobody has a handle: only the latest are kept */
	ck_assert_uint_le(n_open(), 256);
	int64_t idle = resident();
	for (unsigned i = 0; i < N; i++) {
		name_of(i, name);
		open[i] = connect_to(name, NULL);
		snprintf(sql, sizeof(sql), "BEGIN; CREATE TABLE t (v); INSERT INTO t VALUES (%u); COMMIT", i);
		exec(open[i], sql);
	}
	ck_assert_uint_eq(n_open(), N);
	int64_t used = resident();
	for (unsigned i = 0; i < N; i += 7)
		ck_assert_int_eq(query_int(open[i], "SELECT v FROM t"), i);
	for (unsigned i = 0; i < N; i++)
		sqlite3_close(open[i]);
	ck_assert_uint_le(n_open(), 256);
	vfs_close_idle(0);
	ck_assert_uint_eq(n_open(), 0);
	int64_t closed = resident();
	printf("%d databases: %lld bytes each when idle, %lld when open with a handle, %+lld KB when all are closed\n",
	       N, (long long)(idle - before) / 256, (long long)(used - idle) / N,
	       (long long)(closed - before) / 1024);
	for (unsigned i = 0; i < N; i++) {
		name_of(i, name);
		sqlite3 *db = connect_to(name, NULL);
		ck_assert_int_eq(query_int(db, "SELECT v FROM t"), i);
		sqlite3_close(db);
	}
	int64_t again = resident();
	printf("reopened one by one: %+lld KB\n", (long long)(again - before) / 1024);
	fflush(stdout);
	if (CHECK_MEMORY) {
		/* each has a handle of SQLite, with its schema and page cache */
		ck_assert_int_lt((used - idle) / N, 256 << 10);
		ck_assert_int_lt(again - before, 64 << 20);
	}
	free(open);
	place_close(&p);
}
END_TEST

START_TEST(a_database_that_is_in_use_is_never_closed)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t (v)");
	vfs_close_idle(0);
	exec(f.db, "INSERT INTO t VALUES (1)");
	sqlite3 *other = connect_to("app", NULL);
	sqlite3_close(other);
	vfs_close_idle(0);
	ck_assert_int_eq(query_int(f.db, "SELECT v FROM t"), 1);
	ck_assert_uint_eq(n_open(), 1);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	store_kinds_init();

	Suite *s = suite_create("many");
	TCase *tc = tcase_create("many");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, thousands_are_open_at_once_and_idle_ones_are_closed_and_reopened);
	tcase_add_test(tc, a_database_that_is_in_use_is_never_closed);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
