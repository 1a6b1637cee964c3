/*
 * test_disk_cache.c - the disk cache survives what happens to disks, and never lies
 * Licence: MIT, see LICENSE.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/vfs/fixture.h"
#include "vfs/disk_cache.h"
#include "vfs/register.h"

static char folder[64];

static void folder_make(void)
{
	strcpy(folder, "/tmp/pgblob-disk-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(0, system(command));
}

static uint64_t folder_size(void)
{
	uint64_t size = 0;
	DIR *dir = opendir(folder);

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		struct stat st;

		if (fstatat(dirfd(dir), d->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			size += (uint64_t)st.st_size;
	}
	closedir(dir);
	return size;
}

static struct disk_cache *cache_open(void)
{
	struct error err = ERROR_INIT;
	struct disk_cache *c = disk_cache_open(folder, DISK_CACHE_MIN, &err);

	ck_assert_msg(c != NULL, "%s", err.text);
	disk_cache_settle(c);
	return c;
}

/* Record i: its bytes follow from i. */
static void record(uint32_t i, uint32_t len, struct disk_key *key, uint8_t *bytes)
{
	static const uint8_t db_id[ID_LEN] = { 1, 2, 3 };
	struct page_entry e = { .offset = i, .len = len, .sum = i * 7, .encoding = PAGE_RAW };
	uint32_t state = i + 1;

	disk_key_init(key, "s3://bucket/prefix", "app/log/0000000000000001", db_id, &e);
	for (uint32_t k = 0; k < len; k++)
		bytes[k] = (uint8_t)rnd(&state, 256);
}

static void put(struct disk_cache *c, uint32_t i, uint32_t len)
{
	uint8_t bytes[8192];
	struct disk_key key;

	record(i, len, &key, bytes);
	disk_cache_put(c, &key, bytes, len);
}

/* Is it there?  If so it is right. */
static bool get(struct disk_cache *c, uint32_t i, uint32_t len)
{
	uint8_t bytes[8192], found[8192];
	struct disk_key key;

	record(i, len, &key, bytes);
	if (!disk_cache_get(c, &key, found, len))
		return false;
	ck_assert_mem_eq(bytes, found, len);
	return true;
}

START_TEST(what_was_put_is_there_after_a_restart)
{
	folder_make();
	struct disk_cache *c = cache_open();
	for (uint32_t i = 0; i < 500; i++)
		put(c, i, 1 + i * 8);
	disk_cache_close(c);
	c = cache_open();
	for (uint32_t i = 0; i < 500; i++)
		ck_assert(get(c, i, 1 + i * 8));
	ck_assert(!get(c, 500, 4001));
	/* goes on in the same file: a start costs no eviction */
	put(c, 500, 4001);
	disk_cache_settle(c);
	ck_assert(get(c, 500, 4001));
	ck_assert(get(c, 0, 1));
	disk_cache_close(c);
	folder_remove();
}
END_TEST

enum { N_SMALL = 3, SMALL = 60, HEAD = 48, FILE_HEAD = 24 };

/* The one file that has something in it. */
static int file_of_records(void)
{
	char path[128];

	for (int i = 0; i < 32; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/segment-%02d", folder, i);
		if (stat(path, &st) == 0 && st.st_size > 0) {
			int fd = open(path, O_RDWR);

			ck_assert_int_ge(fd, 0);
			return fd;
		}
	}
	ck_abort_msg("no file has records");
}

/* _i: 0 the byte is changed before the cache is opened, 1 while it is open, 2 the file ends there */
START_TEST(damage_anywhere_is_a_miss)
{
	enum { LEN = FILE_HEAD + N_SMALL * (HEAD + SMALL) };

	for (uint32_t at = 0; at < LEN; at++) {
		struct disk_cache *c;
		uint8_t byte;

		folder_make();
		c = cache_open();
		for (uint32_t i = 0; i < N_SMALL; i++)
			put(c, i, SMALL);
		disk_cache_settle(c);
		if (_i != 1)
			disk_cache_close(c);
		int fd = file_of_records();
		ck_assert_int_eq(1, pread(fd, &byte, 1, at));
		byte ^= (uint8_t)(1 << at % 8);
		if (_i == 2)
			ck_assert_int_eq(0, ftruncate(fd, at));
		else
			ck_assert_int_eq(1, pwrite(fd, &byte, 1, at));
		close(fd);
		if (_i != 1)
			c = cache_open();
		uint32_t bad = at < FILE_HEAD ? 0 : (at - FILE_HEAD) / (HEAD + SMALL);
		bool in_head = at < FILE_HEAD || (at - FILE_HEAD) % (HEAD + SMALL) < HEAD;
		for (uint32_t i = 0; i < N_SMALL; i++) {
			bool there = get(c, i, SMALL);

			if (_i == 1 && at < FILE_HEAD)
				ck_assert(there); /* who has read a file's head does not ask again */
			else if (i < bad || (i > bad && (_i == 1 || (_i == 0 && !in_head))))
				ck_assert_msg(there, "byte %u: record %u is gone", at, i);
			else
				ck_assert_msg(!there, "byte %u: record %u is there", at, i);
		}
		/* and what is missing is put again */
		for (uint32_t i = 0; i < N_SMALL; i++)
			put(c, i, SMALL);
		disk_cache_settle(c);
		for (uint32_t i = 0; i < N_SMALL; i++)
			ck_assert(get(c, i, SMALL));
		disk_cache_close(c);
		folder_remove();
	}
}
END_TEST

static void pause_ms(unsigned ms)
{
	struct timespec ts = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* Set once the writer's first records are in their file; shared with it. */
static atomic_bool *has_begun;

/* A process that puts records from `first` on, until it is killed; the first are there on return. */
static pid_t start_writer(uint32_t first)
{
	if (has_begun == NULL)
		has_begun = mmap(NULL, sizeof(*has_begun), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(MAP_FAILED, has_begun);
	atomic_store(has_begun, false);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	for (int i = 0; pid != 0 && !atomic_load(has_begun) && i < 100000; i++)
		pause_ms(1);
	if (pid != 0)
		return pid;
	struct error err = ERROR_INIT;
	struct disk_cache *c = disk_cache_open(folder, DISK_CACHE_MIN, &err);
	if (c == NULL)
		_exit(1);
	for (uint32_t i = first;; i++) {
		put(c, i, 4096);
		if ((i - first) % 64 != 0)
			continue;
		disk_cache_settle(c);
		atomic_store(has_begun, true);
	}
}

static void kill_writer(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(killed_writer_does_no_harm)
{
	unsigned n_hits = 0;

	folder_make();
	for (unsigned round = 0; round < 20; round++) {
		pid_t pid = start_writer(round * 100000);

		pause_ms(2 * round);
		kill_writer(pid);
		struct disk_cache *c = cache_open();
		for (uint32_t r = 0; r <= round; r++)
			for (uint32_t i = 0; i < 300; i++)
				n_hits += get(c, r * 100000 + i, 4096);
		/* nobody's lock is left behind */
		put(c, 50000 + round, 4096);
		disk_cache_settle(c);
		ck_assert(get(c, 50000 + round, 4096));
		disk_cache_close(c);
		ck_assert_uint_le(folder_size(), DISK_CACHE_MIN);
	}
	ck_assert_uint_gt(n_hits, 0);
	folder_remove();
}
END_TEST

START_TEST(processes_share_a_folder_within_its_limit)
{
	struct vfs_cache_stats stats = { 0 };
	unsigned n_hits = 0;
	pid_t pids[2];

	folder_make();
	for (uint32_t i = 0; i < 2; i++)
		pids[i] = start_writer(1000000 * (i + 1));
	struct disk_cache *c = cache_open();
	/* 40 MB by this one alone: all that is older is evicted */
	for (uint32_t i = 0; i < 10000; i++) {
		put(c, i, 4096);
		if (i % 100 != 0)
			continue;
		disk_cache_settle(c);
		ck_assert_uint_le(folder_size(), DISK_CACHE_MIN);
		for (uint32_t k = 0; k < 100 && k <= i; k++)
			n_hits += get(c, i - k, 4096);
	}
	disk_cache_settle(c);
	ck_assert_uint_gt(n_hits, 1000);
	ck_assert(!get(c, 0, 4096));
	disk_cache_add_stats(c, &stats);
	ck_assert_uint_eq(DISK_CACHE_MIN, stats.disk_limit);
	ck_assert_uint_gt(stats.disk_writes, 5000);
	for (int i = 0; i < 2; i++)
		kill_writer(pids[i]);
	disk_cache_close(c);
	folder_remove();
}
END_TEST

START_TEST(full_disk_is_borne)
{
	folder_make();
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct rlimit limit = { 100000, 100000 };
		struct disk_cache *c = cache_open();

		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(1);
		for (uint32_t i = 0; i < 200; i++)
			put(c, i, 4096);
		disk_cache_settle(c);
		for (uint32_t i = 0; i < 20; i++)
			if (!get(c, i, 4096))
				_exit(2);
		if (get(c, 100, 4096))
			_exit(3);
		disk_cache_close(c);
		c = cache_open();
		_exit(get(c, 0, 4096) ? 0 : 4);
	}
	int status;
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	folder_remove();
}
END_TEST

START_TEST(folder_that_others_may_write_to_is_refused)
{
	struct error err = ERROR_INIT;
	char below[128];

	folder_make();
	ck_assert_int_eq(0, chmod(folder, 0777));
	ck_assert_ptr_null(disk_cache_open(folder, DISK_CACHE_MIN, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "others may write to it"));
	snprintf(below, sizeof(below), "%s/no/such", folder);
	ck_assert_ptr_null(disk_cache_open(below, DISK_CACHE_MIN, &err));
	folder_remove();
}
END_TEST

START_TEST(larger_files_of_a_larger_limit_go)
{
	struct error err = ERROR_INIT;

	folder_make();
	struct disk_cache *c = disk_cache_open(folder, 4 * DISK_CACHE_MIN, &err);
	ck_assert_ptr_nonnull(c);
	for (uint32_t i = 0; i < 5000; i++) {
		put(c, i, 8192);
		if (i % 500 == 0)
			disk_cache_settle(c);
	}
	disk_cache_settle(c);
	ck_assert_uint_gt(folder_size(), DISK_CACHE_MIN);
	disk_cache_close(c);
	c = cache_open();
	ck_assert_uint_le(folder_size(), DISK_CACHE_MIN);
	disk_cache_close(c);
	folder_remove();
}
END_TEST

/* --- below a database ------------------------------------------------------ */

static void open_with_cache(struct fixture *f)
{
	struct vfs_config config = {
		.cache_ttl_ms = 3600000,
		.disk_cache_folder = folder,
		.disk_cache_bytes = DISK_CACHE_MIN,
	};

	fixture_open_with(f, 0, &config);
}

/* More than 2 MiB: in segments, which opening does not read. */
static void fill(sqlite3 *db)
{
	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<6000) "
		 "INSERT INTO t SELECT i, randomblob(500) FROM n");
}

START_TEST(restart_reads_from_disk_without_a_request)
{
	struct vfs_read_stats before, after;
	struct vfs_cache_stats stats;
	struct fixture f;
	uint64_t hash;

	folder_make();
	open_with_cache(&f);
	fill(f.db);
	fixture_restart(&f);
	hash = content_hash(f.db);
	vfs_disk_cache_settle();
	vfs_cache_stats(&stats);
	ck_assert_uint_gt(stats.disk_writes, 700);
	ck_assert_uint_gt(stats.disk_bytes, 3000000);
	fixture_restart(&f);
	vfs_disk_cache_settle();
	(void)query_int(f.db, "SELECT count(*) FROM sqlite_schema");
	uint64_t gets = fault_get_counts(f.faults).gets;
	ck_assert_int_eq(VFS_OK, vfs_read_stats(f.db, &before));
	ck_assert_uint_eq(hash, content_hash(f.db));
	ck_assert_int_eq(VFS_OK, vfs_read_stats(f.db, &after));
	ck_assert_uint_eq(gets, fault_get_counts(f.faults).gets);
	ck_assert_uint_gt(after.disk_hits - before.disk_hits, 700);
	ck_assert_uint_eq(before.gets, after.gets);
	ck_assert_uint_eq(after.pages, after.memory_hits + after.disk_hits + after.store_pages);
	integrity_check(f.db);
	fixture_close(&f);
	folder_remove();
}
END_TEST

START_TEST(damaged_cache_does_not_damage_a_database)
{
	struct fixture f;
	uint64_t hash;

	folder_make();
	open_with_cache(&f);
	fill(f.db);
	fixture_restart(&f);
	hash = content_hash(f.db);
	fixture_restart(&f); /* writes what is queued */
	vfs_disk_cache_settle();
	int fd = file_of_records();
	struct stat st;
	ck_assert_int_eq(0, fstat(fd, &st));
	for (off_t at = 100; at < st.st_size; at += 3000)
		ck_assert_int_eq(3, pwrite(fd, "xyz", 3, at));
	close(fd);
	ck_assert_uint_eq(hash, content_hash(f.db));
	struct vfs_cache_stats stats;
	vfs_cache_stats(&stats);
	ck_assert_uint_gt(stats.disk_dropped, 0);
	ck_assert_int_eq(VFS_OK, vfs_last_error(f.db, NULL));
	fixture_close(&f);
	folder_remove();
}
END_TEST

/* The same names in the same place, all of it made again with other content. */
START_TEST(recreated_store_is_not_served_old_bytes)
{
	struct error err = ERROR_INIT;
	char command[512];
	struct fixture f;
	uint64_t hash[2];

	folder_make();
	open_with_cache(&f);
	for (int i = 0; i < 2; i++) {
		fill(f.db);
		fixture_restart(&f);
		hash[i] = content_hash(f.db);
		vfs_disk_cache_settle();
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
		vfs_deinit();
		if (i == 0) {
			snprintf(command, sizeof(command), "rm -rf '%s'/*",
				 strstr(f.place.url, ":") + 1);
			ck_assert_int_eq(0, system(command));
		}
		ck_assert(vfs_init(&f.config, &err));
		if (i == 0)
			ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
		vfs_disk_cache_settle();
		f.db = connect_to("app", NULL);
	}
	ck_assert_uint_ne(hash[0], hash[1]);
	ck_assert_uint_eq(hash[1], content_hash(f.db));
	integrity_check(f.db);
	fixture_close(&f);
	folder_remove();
}
END_TEST

START_TEST(without_a_usable_folder_all_works)
{
	struct vfs_cache_stats stats;
	struct fixture f;

	folder_make();
	ck_assert_int_eq(0, chmod(folder, 0777));
	open_with_cache(&f);
	fill(f.db);
	fixture_restart(&f);
	integrity_check(f.db);
	vfs_cache_stats(&stats);
	ck_assert_uint_eq(0, stats.disk_limit);
	fixture_close(&f);
	folder_remove();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("disk_cache");
	TCase *tc = tcase_create("disk_cache");

	store_kinds_init();
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, what_was_put_is_there_after_a_restart);
	tcase_add_loop_test(tc, damage_anywhere_is_a_miss, 0, 3);
	tcase_add_test(tc, killed_writer_does_no_harm);
	tcase_add_test(tc, processes_share_a_folder_within_its_limit);
	tcase_add_test(tc, full_disk_is_borne);
	tcase_add_test(tc, folder_that_others_may_write_to_is_refused);
	tcase_add_test(tc, larger_files_of_a_larger_limit_go);
	tcase_add_test(tc, restart_reads_from_disk_without_a_request);
	tcase_add_test(tc, damaged_cache_does_not_damage_a_database);
	tcase_add_test(tc, recreated_store_is_not_served_old_bytes);
	tcase_add_test(tc, without_a_usable_folder_all_works);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
