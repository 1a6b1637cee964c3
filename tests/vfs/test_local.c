/*
 * test_local.c - commits that are acknowledged from this machine's disk
 * Licence: MIT, see LICENSE.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tests/vfs/fixture.h"
#include "vfs/file.h"
#include "vfs/local.h"
#include "vfs/local_log.h"

static char folder[64];

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/pgblob-local-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* Files whose names hold `part`; their number.  The last one's path is told. */
static int count_files(const char *part, char path[512])
{
	DIR *dir = opendir(folder);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (d->d_name[0] == '.' || strstr(d->d_name, part) == NULL)
			continue;
		n++;
		if (path != NULL)
			snprintf(path, 512, "%s/%s", folder, d->d_name);
	}
	closedir(dir);
	return n;
}

static void remove_folder(void)
{
	char path[512];

	while (count_files("", path) > 0)
		ck_assert_int_eq(0, unlink(path));
	ck_assert_int_eq(0, rmdir(folder));
}

/* ---- through the VFS ---- */

static void open_with_journal(struct fixture *f)
{
	struct vfs_config config = { .commit_timeout_ms = 200, .journal_folder = folder };

	make_folder();
	fixture_open_with(f, 0, &config);
	exec(f->db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
}

static void close_with_journal(struct fixture *f)
{
	integrity_check(f->db);
	fixture_close(f);
	remove_folder();
}

static enum vfs_rc commit_with(sqlite3 *db, const char *sql, enum vfs_durability level,
			       uint64_t *seq)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct error err = ERROR_INIT;
	enum vfs_rc rc = vfs_intent_begin(db, mono_ms() + 10000, NULL, &err);

	if (rc != VFS_OK)
		return rc;
	vfs_commit_later(db, &ticket, level);
	int done = try_exec(db, sql);
	vfs_commit_later(db, NULL, VFS_IN_STORE);
	if (done != SQLITE_OK)
		return vfs_last_error(db, &err);
	if (seq != NULL)
		*seq = ticket.seq;
	return vfs_commit_wait(&ticket, &err);
}

static enum vfs_rc local_commit(sqlite3 *db, const char *sql)
{
	return commit_with(db, sql, VFS_ON_DISK, NULL);
}

static void store_down(struct fixture *f)
{
	fault_arm_only(f->faults, 1, FAULT_STICKY, FAULT_OP_CREATE);
}

static void wait_for_count(sqlite3 *db, int64_t n)
{
	for (int i = 0; i < 5000 && query_int(db, "SELECT count(*) FROM t") != n; i++)
		usleep(20000);
	ck_assert_int_eq(n, query_int(db, "SELECT count(*) FROM t"));
}

/* As kill -9 would leave it: a child does `work`, and dies in the midst of what its threads do. */
static void die_after(struct fixture *f, void (*work)(struct fixture *f))
{
	fixture_leave(f);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fixture_start(f);
		work(f);
		raise(SIGKILL);
	}
	int status;
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* the faults belonged to the child; a store of the test has none */
	fixture_begin(f);
}

static void two_commits_without_a_store(struct fixture *f)
{
	store_down(f);
	if (local_commit(f->db, "INSERT INTO t VALUES (1, 'one')") != VFS_OK ||
	    local_commit(f->db, "INSERT INTO t VALUES (2, 'two')") != VFS_OK)
		_exit(4);
}

START_TEST(what_is_on_disk_is_there_after_a_kill)
{
	struct fixture f;

	open_with_journal(&f);
	die_after(&f, two_commits_without_a_store);
	vfs_replay_journals(f.faults);
	f.db = connect_elsewhere(&f, "app");
	ck_assert_str_eq("one,two", query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	fixture_restart(&f);
	ck_assert_int_eq(2, query_int(f.db, "SELECT count(*) FROM t"));
	close_with_journal(&f);
}
END_TEST

START_TEST(the_store_takes_it_when_it_is_back)
{
	struct fixture f;
	uint64_t seq;

	open_with_journal(&f);
	sqlite3 *reader = connect_to("app", NULL);
	sqlite3 *other = connect_to("app", NULL);
	store_down(&f);
	ck_assert_int_eq(VFS_OK, commit_with(f.db, "INSERT INTO t VALUES (1, 'one')", VFS_ON_DISK, &seq));
	/* its own session sees it, nobody else does */
	vfs_read_own(f.db, seq);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	ck_assert_int_eq(0, query_int(reader, "SELECT count(*) FROM t"));
	/* who waits for the store learns that nobody knows */
	ck_assert_int_eq(VFS_UNKNOWN, commit_with(other, "INSERT INTO t VALUES (2, 'two')", VFS_IN_STORE,
						  NULL));
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (3, 'three')"));
	ck_assert_int_eq(0, query_int(reader, "SELECT count(*) FROM t"));
	fault_disarm(f.faults);
	wait_for_count(reader, 3);
	ck_assert_int_eq(VFS_OK, commit_with(other, "INSERT INTO t VALUES (4, 'four')", VFS_IN_STORE,
					     NULL));
	sqlite3_close(reader);
	sqlite3_close(other);
	fixture_restart(&f);
	ck_assert_str_eq("one,two,three,four", query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

START_TEST(a_lost_race_keeps_it_in_a_file)
{
	struct fixture f;
	char path[512];

	open_with_journal(&f);
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	store_down(&f);
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (1, 'ours')"));
	exec(elsewhere, "INSERT INTO t VALUES (1, 'theirs')");
	fault_disarm(f.faults);
	for (int i = 0; i < 5000 && count_files(".lost-", NULL) == 0; i++)
		usleep(20000);
	ck_assert_int_eq(1, count_files(".lost-", path));
	/* and the machine goes on */
	sqlite3_close(f.db);
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (2, 'after')"));
	fixture_restart(&f);
	ck_assert_str_eq("theirs,after", query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_int_eq(1, count_files(".lost-", path));
	sqlite3_close(elsewhere);
	close_with_journal(&f);
}
END_TEST

static atomic_bool in_put, go_on;

static void hold_it(void *arg)
{
	(void)arg;
	atomic_store(&in_put, true);
	while (!atomic_load(&go_on))
		usleep(1000);
}

/* _i: 1 if another commit gets to the disk before the answer for the first one is there. */
START_TEST(a_commit_that_was_overtaken_is_not_told_as_on_disk)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct error err = ERROR_INIT;
	struct fixture f;

	open_with_journal(&f);
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	sqlite3 *other = connect_to("app", NULL);
	atomic_store(&in_put, false);
	atomic_store(&go_on, false);
	fault_set_hook(f.faults, hold_it, NULL);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(f.db, mono_ms() + 10000, NULL, &err));
	vfs_commit_later(f.db, &ticket, VFS_ON_DISK);
	exec(f.db, "INSERT INTO t VALUES (1, 'ours')");
	vfs_commit_later(f.db, NULL, VFS_IN_STORE);
	while (!atomic_load(&in_put))
		usleep(1000);
	exec(elsewhere, "INSERT INTO t VALUES (1, 'theirs')");
	ck_assert_str_eq("theirs", query_text(other, "SELECT group_concat(b) FROM t"));
	if (_i == 1)
		ck_assert_int_eq(VFS_OK, local_commit(other, "INSERT INTO t VALUES (2, 'after')"));
	atomic_store(&go_on, true);
	ck_assert_int_eq(VFS_LOST, vfs_commit_wait(&ticket, &err));
	fault_disarm(f.faults);
	sqlite3_close(other);
	sqlite3_close(elsewhere);
	fixture_restart(&f);
	ck_assert_str_eq(_i == 1 ? "theirs,after" : "theirs",
			 query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

START_TEST(a_restart_that_comes_too_late_keeps_it_in_a_file)
{
	struct fixture f;

	open_with_journal(&f);
	die_after(&f, two_commits_without_a_store);
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	exec(elsewhere, "INSERT INTO t VALUES (1, 'theirs')");
	sqlite3_close(elsewhere);
	f.db = connect_to("app", NULL);
	ck_assert_str_eq("theirs", query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_int_eq(1, count_files(".lost-", NULL));
	fixture_restart(&f);
	ck_assert_int_eq(1, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

/* The store has it, but nobody was told before the death. */
static void a_commit_whose_answer_is_lost(struct fixture *f)
{
	fault_arm_only(f->faults, 1, FAULT_LOST_REPLY, FAULT_OP_CREATE);
	if (local_commit(f->db, "INSERT INTO t VALUES (1, 'one')") != VFS_OK)
		_exit(4);
	for (int i = 0; i < 100000 && fault_get_counts(f->faults).creates == 0; i++)
		usleep(1000);
}

START_TEST(nothing_is_appended_twice)
{
	struct fixture f;

	open_with_journal(&f);
	uint64_t before = (uint64_t)query_int(f.db, "PRAGMA pgblob_lsn");
	die_after(&f, a_commit_whose_answer_is_lost);
	f.db = connect_to("app", NULL);
	ck_assert_str_eq("one", query_text(f.db, "SELECT group_concat(b) FROM t"));
	ck_assert_uint_eq(before + 1, (uint64_t)query_int(f.db, "PRAGMA pgblob_lsn"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

/* A record was gathered while a slot was under way that no record tells of, and written when it was there. */
static void a_record_that_is_late(struct fixture *f)
{
	struct error err = ERROR_INIT;
	struct handle *h = NULL;

	(void)sqlite3_file_control(f->db, "main", FCNTL_PGBLOB_HANDLE, &h);
	struct version *base = db_pin_durable(h->db);
	bool usable = local_usable(h->db);
	exec(f->db, "INSERT INTO t VALUES (1, 'one')");
	struct version *last = db_pin_durable(h->db);
	struct local_pages pages = { .seq = last->seq, .n_commits = 1, .base = base, .last = last };
	if (!usable || !local_begins(h->db) || !local_write(h->db, &pages, &err))
		_exit(4);
}

START_TEST(a_record_knows_the_slot_that_came_meanwhile)
{
	struct fixture f;

	open_with_journal(&f);
	die_after(&f, a_record_that_is_late);
	ck_assert_int_eq(1, count_files("-0", NULL));
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

/* Many commits, each acknowledged from disk, while the nth request meets a fault; then a kill. */
static unsigned nth;
static enum fault_mode mode;

static void commits_with_a_fault(struct fixture *f)
{
	char sql[100];

	fault_arm(f->faults, nth, mode);
	for (int i = 0; i < 12; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, %d)", i, i);
		if (local_commit(f->db, sql) != VFS_OK)
			_exit(4);
	}
}

START_TEST(every_fault_and_a_kill)
{
	static const enum fault_mode modes[] = { FAULT_ONCE, FAULT_STICKY, FAULT_LOST_REPLY,
						 FAULT_UNKNOWN, FAULT_LATE, FAULT_BUSY };

	for (nth = 1; nth <= 8; nth++) {
		struct fixture f;

		mode = modes[_i];
		open_with_journal(&f);
		die_after(&f, commits_with_a_fault);
		f.db = connect_to("app", NULL);
		ck_assert_int_eq(12, query_int(f.db, "SELECT count(*) FROM t"));
		ck_assert_int_eq(0, count_files(".lost-", NULL));
		close_with_journal(&f);
	}
}
END_TEST

START_TEST(a_store_that_is_still_down_after_a_restart)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	sqlite3 *db;

	open_with_journal(&f);
	die_after(&f, two_commits_without_a_store);
	store_down(&f);
	ck_assert_int_ne(SQLITE_OK, sqlite3_open_v2("file:app?vfs=pgblob", &db,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	sqlite3_close(db);
	ck_assert_int_ne(VFS_OK, vfs_open_error(&err));
	ck_assert_msg(strstr(err.text, "local journal") != NULL, "%s", err.text);
	fault_disarm(f.faults);
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(2, query_int(f.db, "SELECT count(*) FROM t"));
	close_with_journal(&f);
}
END_TEST

START_TEST(a_journal_that_cannot_be_opened_is_not_passed_by)
{
	struct error err = ERROR_INIT;
	char path[512], away[600];
	struct fixture f;
	sqlite3 *db;

	open_with_journal(&f);
	die_after(&f, two_commits_without_a_store);
	/* the other of the two files */
	ck_assert_int_eq(1, count_files("-0", path));
	snprintf(away, sizeof(away), "%s.away", path);
	ck_assert_int_eq(0, rename(path, away));
	ck_assert_int_eq(0, mkdir(path, 0700));
	ck_assert_int_ne(SQLITE_OK, sqlite3_open_v2("file:app?vfs=pgblob", &db,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	sqlite3_close(db);
	ck_assert_int_eq(VFS_IO, vfs_open_error(&err));
	ck_assert_msg(strstr(err.text, "could not open the local journal") != NULL, "%s", err.text);
	ck_assert_int_eq(0, rmdir(path));
	ck_assert_int_eq(0, rename(away, path));
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(2, query_int(f.db, "SELECT count(*) FROM t"));
	close_with_journal(&f);
}
END_TEST

START_TEST(a_stop_leaves_to_the_restart_what_the_store_does_not_take)
{
	struct fixture f;

	open_with_journal(&f);
	store_down(&f);
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (1, 'one')"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	vfs_deinit();
	fault_disarm(f.faults);
	struct error err = ERROR_INIT;
	ck_assert(vfs_init(&f.config, &err));
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	ck_assert_int_eq(0, count_files(".lost-", NULL));
	close_with_journal(&f);
}
END_TEST

START_TEST(a_journal_that_another_process_has)
{
	struct fixture f;
	char path[512];
	int ready[2];

	open_with_journal(&f);
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (1, 'one')"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	vfs_deinit();
	ck_assert_int_ge(count_files("-0", path), 1);
	ck_assert_int_eq(0, pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(path, O_RDWR);

		if (fcntl(fd, F_OFD_SETLK, &lock) != 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	char c;
	ck_assert_int_eq(1, read(ready[0], &c, 1));
	struct error err = ERROR_INIT;
	ck_assert(vfs_init(&f.config, &err));
	f.db = connect_to("app", NULL);
	/* it is as durable as was asked for: in the store */
	ck_assert_int_eq(VFS_OK, local_commit(f.db, "INSERT INTO t VALUES (2, 'two')"));
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	ck_assert_int_eq(2, query_int(elsewhere, "SELECT count(*) FROM t"));
	sqlite3_close(elsewhere);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close_with_journal(&f);
}
END_TEST

/* ---- the file ---- */

static struct local_log *open_log(void)
{
	struct error err = ERROR_INIT;
	bool in_use;
	struct local_log *log = local_log_open(folder, "db", &in_use, &err);

	ck_assert_msg(log != NULL, "%s", err.text);
	return log;
}

static void append(struct local_log *log, bool begin, uint64_t seq, const char *text)
{
	struct error err = ERROR_INIT;
	struct iovec part = { (void *)(uintptr_t)text, strlen(text) };

	ck_assert_msg(local_log_append(log, begin, LOCAL_PAGES, seq, &part, 1, seq % 2 == 0, &err),
		      "%s", err.text);
}

/* The records as "seq:text " each. */
static const char *records(struct local_log *log)
{
	static char text[1000];
	struct buf bytes = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct local_record r;
	size_t at = 0;
	int n = 0;

	text[0] = '\0';
	ck_assert_msg(local_log_read(log, &bytes, &err), "%s", err.text);
	while (local_log_next(&bytes, &at, &r))
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%d:%.*s ", (int)r.seq, (int)r.len,
			      (const char *)r.payload);
	buf_free(&bytes);
	return text;
}

START_TEST(generations_follow_each_other)
{
	make_folder();
	struct local_log *log = open_log();
	ck_assert_str_eq("", records(log));
	append(log, false, 1, "one");
	append(log, false, 2, "two");
	ck_assert_str_eq("1:one 2:two ", records(log));
	local_log_close(log);
	log = open_log();
	append(log, false, 3, "three");
	ck_assert_str_eq("1:one 2:two 3:three ", records(log));
	append(log, true, 4, "four");
	ck_assert_str_eq("4:four ", records(log));
	local_log_close(log);
	log = open_log();
	ck_assert_str_eq("4:four ", records(log));
	append(log, true, 5, "five");
	append(log, false, 6, "six");
	ck_assert_str_eq("5:five 6:six ", records(log));
	local_log_clear(log);
	ck_assert_str_eq("", records(log));
	append(log, false, 7, "seven");
	ck_assert_str_eq("7:seven ", records(log));
	local_log_close(log);
	remove_folder();
}
END_TEST

START_TEST(a_torn_record_ends_the_journal)
{
	struct buf bytes = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct local_record r;

	make_folder();
	struct local_log *log = open_log();
	append(log, true, 1, "a record");
	append(log, false, 2, "another");
	ck_assert(local_log_read(log, &bytes, &err));
	size_t at = 0;
	ck_assert(local_log_next(&bytes, &at, &r));
	size_t first_end = at;
	ck_assert(local_log_next(&bytes, &at, &r));
	ck_assert_uint_eq(bytes.len, at);
	/* cut, or damaged, at every byte: the records before it, and nothing else */
	for (size_t i = 0; i < bytes.len; i++) {
		struct buf part = { .data = bytes.data, .len = i, .cap = bytes.cap };
		int n = 0;

		for (at = 0; local_log_next(&part, &at, &r);)
			n++;
		ck_assert_int_eq(i < first_end ? 0 : 1, n);
		bytes.data[i] ^= 0x40;
		n = 0;
		for (at = 0; local_log_next(&bytes, &at, &r);)
			n++;
		/* the head of the file has a sum of its own, which is looked at when it is read */
		if (i >= 24)
			ck_assert_int_eq(i < first_end ? 0 : 1, n);
		bytes.data[i] ^= 0x40;
	}
	buf_free(&bytes);
	local_log_close(log);
	remove_folder();
}
END_TEST

START_TEST(one_process_at_a_time)
{
	struct error err = ERROR_INIT;

	make_folder();
	struct local_log *log = open_log();
	bool in_use = false;
	ck_assert_ptr_null(local_log_open(folder, "db", &in_use, &err));
	ck_assert(in_use);
	ck_assert_msg(strstr(err.text, "in use by another process") != NULL, "%s", err.text);
	local_log_close(log);
	local_log_close(open_log());
	remove_folder();
}
END_TEST

START_TEST(what_is_set_aside_is_kept_whole)
{
	struct error err = ERROR_INIT;
	char path[512], again[512];
	struct stat st;

	make_folder();
	struct local_log *log = open_log();
	append(log, true, 1, "precious");
	size_t size = local_log_size(log);
	ck_assert(local_log_keep(log, path, sizeof(path), &err));
	ck_assert_str_eq("1:precious ", records(log));
	local_log_clear(log);
	ck_assert_str_eq("", records(log));
	ck_assert_int_eq(0, stat(path, &st));
	ck_assert_uint_eq(size, (size_t)st.st_size);
	append(log, false, 2, "next");
	ck_assert_str_eq("2:next ", records(log));
	ck_assert(local_log_keep(log, again, sizeof(again), &err));
	ck_assert_str_ne(path, again);
	ck_assert_int_eq(0, stat(path, &st));
	local_log_close(log);
	remove_folder();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("local journal");
	TCase *tc = tcase_create("local journal");

	store_kinds_init();

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, generations_follow_each_other);
	tcase_add_test(tc, a_torn_record_ends_the_journal);
	tcase_add_test(tc, one_process_at_a_time);
	tcase_add_test(tc, what_is_set_aside_is_kept_whole);
	tcase_add_test(tc, what_is_on_disk_is_there_after_a_kill);
	tcase_add_test(tc, the_store_takes_it_when_it_is_back);
	tcase_add_test(tc, a_lost_race_keeps_it_in_a_file);
	tcase_add_loop_test(tc, a_commit_that_was_overtaken_is_not_told_as_on_disk, 0, 2);
	tcase_add_test(tc, a_restart_that_comes_too_late_keeps_it_in_a_file);
	tcase_add_test(tc, nothing_is_appended_twice);
	tcase_add_test(tc, a_record_knows_the_slot_that_came_meanwhile);
	tcase_add_loop_test(tc, every_fault_and_a_kill, 0, 6);
	tcase_add_test(tc, a_store_that_is_still_down_after_a_restart);
	tcase_add_test(tc, a_journal_that_cannot_be_opened_is_not_passed_by);
	tcase_add_test(tc, a_stop_leaves_to_the_restart_what_the_store_does_not_take);
	tcase_add_test(tc, a_journal_that_another_process_has);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
