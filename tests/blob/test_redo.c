/*
 * test_redo.c - the redo files of a local folder, and what a recovery makes of them
 *
 * A child process creates objects and dies; the parent does to the folder what a loss of power
 * may do, and opens it.  tests/blob/power_loss.py cuts the power of a real file system.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "blob/local_file.h"
#include "blob/redo.h"

enum { N = 20 };

static char folder[64];
static int root_fd;
static struct error err;

static const char *path_of(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", folder, name);
	return to;
}

static void setup(void)
{
	strcpy(folder, "/tmp/pgblob-redo-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(0, chmod(folder, 0755));
	root_fd = open(folder, O_RDONLY | O_DIRECTORY);
}

static void teardown(void)
{
	char command[256];

	close(root_fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(0, system(command));
}

static struct blob_store *open_folder(void)
{
	struct blob_store *opened;
	char url[128];

	snprintf(url, sizeof(url), "file://%s", folder);
	ck_assert_msg(blob_open(url, NULL, &opened, &err) == BLOB_OK, "%s", err.text);
	return opened;
}

static enum blob_rc create(struct blob_store *store, const char *key, const char *text)
{
	struct buf body = BUF_INIT(1 << 20);

	buf_put_str(&body, text);
	enum blob_rc rc = blob_create(store, key, &body, NULL, &err);
	buf_free(&body);
	return rc;
}

/* NULL if there is none. */
static const char *text_of(struct blob_store *store, const char *key)
{
	static struct buf out;

	buf_free(&out);
	buf_init(&out, 1 << 20);
	enum blob_rc rc = blob_get(store, key, NULL, &out, NULL, &err);
	ck_assert_msg(rc == BLOB_OK || rc == BLOB_NOT_FOUND, "%s", err.text);
	return rc == BLOB_OK ? buf_str(&out) : NULL;
}

static bool is_redone(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0 && local_is_redone(&st);
}

/* Objects until one was created by redo: the files are there then. */
static unsigned create_until_redone(struct blob_store *store)
{
	for (unsigned i = 0; i < 20000; i++) {
		char key[32];

		snprintf(key, sizeof(key), "first/%03u", i);
		ck_assert_int_eq(BLOB_OK, create(store, key, "x"));
		if (is_redone(key))
			return i;
		usleep(5000);
	}
	ck_abort_msg("no object was created by redo");
	return 0;
}

/* db/log/00 to db/log/19, by redo, in a process that is killed. */
static void create_and_die(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct blob_store *store = open_folder();

		create_until_redone(store);
		for (unsigned i = 0; i < N; i++) {
			char key[32];
			char text[32];

			snprintf(key, sizeof(key), "db/log/%02u", i);
			snprintf(text, sizeof(text), "text of %u", i);
			ck_assert_int_eq(BLOB_OK, create(store, key, text));
			ck_assert(is_redone(key));
		}
		raise(SIGKILL);
	}
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_all(struct blob_store *store)
{
	for (unsigned i = 0; i < N; i++) {
		char key[32];
		char text[32];

		snprintf(key, sizeof(key), "db/log/%02u", i);
		snprintf(text, sizeof(text), "text of %u", i);
		ck_assert_pstr_eq(text, text_of(store, key));
	}
}

static void overwrite(const char *name, const char *text)
{
	int fd = open(path_of(name), O_WRONLY | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((ssize_t)strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static bool has_records(void)
{
	bool any = false;

	for (unsigned i = 0; i < REDO_FILES; i++) {
		struct redo_file f;
		bool live;

		ck_assert_int_eq(0, redo_file_open(&f, root_fd, i, O_RDONLY));
		ck_assert_int_eq(0, redo_file_look(&f, &live));
		any |= live;
		redo_file_close(&f);
	}
	return any;
}

START_TEST(what_a_power_cut_took_is_made_good)
{
	struct stat st;

	create_and_die();
	ck_assert(has_records());
	ck_assert_int_eq(0, unlink(path_of("db/log/03")));
	ck_assert_int_eq(0, truncate(path_of("db/log/04"), 0));
	ck_assert_int_eq(0, truncate(path_of("db/log/05"), 3));
	overwrite("db/log/06", "bad 6"); /* as long as it is */
	ck_assert_int_eq(0, unlink(path_of("db/log/19")));
	struct blob_store *store = open_folder();
	check_all(store);
	ck_assert(!has_records());
	ck_assert_int_eq(0, lstat(path_of("db/log/06"), &st));
	ck_assert(local_is_durable(&st));
	ck_assert_int_eq(BLOB_EXISTS, create(store, "db/log/03", "another"));
	blob_close(store);
}
END_TEST

START_TEST(a_folder_is_made_again_too)
{
	char command[128];

	create_and_die();
	snprintf(command, sizeof(command), "rm -rf %s/db", folder);
	ck_assert_int_eq(0, system(command));
	struct blob_store *store = open_folder();
	check_all(store);
	blob_close(store);
}
END_TEST

START_TEST(what_another_process_created_by_itself_stays)
{
	create_and_die();
	ck_assert_int_eq(0, unlink(path_of("db/log/07")));
	overwrite("db/log/08", "theirs");
	ck_assert_int_eq(0, chmod(path_of("db/log/08"), 0444));
	int fd = open(path_of("db/log/07"), O_CREAT | O_EXCL | O_WRONLY, 0644);
	ck_assert_int_eq(3, write(fd, "not", 3));
	close(fd);
	struct blob_store *store = open_folder();
	ck_assert_pstr_eq("theirs", text_of(store, "db/log/08"));
	ck_assert_pstr_eq("not", text_of(store, "db/log/07"));
	ck_assert_pstr_eq("text of 9", text_of(store, "db/log/09"));
	blob_close(store);
}
END_TEST

/* A record that never was flushed whole ends the file: what is before it counts. */
START_TEST(a_torn_record_and_what_is_behind_it_do_not_count)
{
	struct redo_file files[REDO_FILES];
	struct redo_record r;
	struct buf bytes = BUF_INIT(REDO_FILE_MAX);
	size_t at = 0, last = 0, n = 0;
	bool live[REDO_FILES];

	create_and_die();
	for (unsigned i = 0; i < REDO_FILES; i++) {
		ck_assert_int_eq(0, redo_file_open(&files[i], root_fd, i, O_RDWR));
		ck_assert_int_eq(0, redo_file_look(&files[i], &live[i]));
	}
	struct redo_file *f = live[0] ? &files[0] : &files[1];
	ck_assert_int_eq(0, redo_file_read(f, &bytes));
	while (redo_next(&bytes, f->generation, &at, &r)) {
		n++;
		if (memcmp(r.key, "db/log/15", r.key_len) == 0)
			last = (size_t)(r.body - bytes.data);
	}
	ck_assert_uint_ge(n, N);
	ck_assert_int_eq(1, pwrite(f->fd, "!", 1, (off_t)last));
	for (unsigned i = 0; i < REDO_FILES; i++)
		redo_file_close(&files[i]);
	for (unsigned i = 14; i < N; i++) {
		char name[32];

		snprintf(name, sizeof(name), "db/log/%02u", i);
		ck_assert_int_eq(0, unlink(path_of(name)));
	}
	struct blob_store *store = open_folder();
	ck_assert_pstr_eq("text of 14", text_of(store, "db/log/14"));
	ck_assert_ptr_null(text_of(store, "db/log/15"));
	ck_assert_ptr_null(text_of(store, "db/log/16"));
	blob_close(store);
	buf_free(&bytes);
}
END_TEST

START_TEST(a_copy_of_the_folder_is_left_as_it_is)
{
	char command[256];
	char copy[sizeof(folder)];

	create_and_die();
	ck_assert_int_eq(0, unlink(path_of("db/log/19")));
	strcpy(copy, "/tmp/pgblob-copy-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(copy));
	snprintf(command, sizeof(command), "cp -a %s/. %s", folder, copy);
	ck_assert_int_eq(0, system(command));
	char kept[sizeof(folder)];
	memcpy(kept, folder, sizeof(kept));
	memcpy(folder, copy, sizeof(folder));
	struct blob_store *store = open_folder();
	ck_assert_pstr_eq("text of 18", text_of(store, "db/log/18"));
	ck_assert_ptr_null(text_of(store, "db/log/19"));
	/* and it gets records of its own */
	ck_assert_int_eq(BLOB_OK, create(store, "db/log/19", "another"));
	for (unsigned i = 0; !is_redone("db/log/more"); i++) {
		ck_assert_uint_lt(i, 20000);
		ck_assert_int_eq(BLOB_OK, blob_delete(store, "db/log/more", &err));
		ck_assert_int_eq(BLOB_OK, create(store, "db/log/more", "x"));
		usleep(5000);
	}
	blob_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(0, system(command));
	memcpy(folder, kept, sizeof(kept));
}
END_TEST

/* What was recorded and then not created, and created later. */
START_TEST(a_void_record_does_not_count_and_the_last_one_does)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct redo r;
		struct buf body = BUF_INIT(100);
		struct redo_ticket lost = { .key = "a/lost" }, twice = { .key = "a/twice" };

		redo_init(&r, root_fd);
		while (!redo_enter(&r, &lost))
			usleep(1000);
		ck_assert(redo_enter(&r, &twice));
		buf_put_str(&body, "first");
		ck_assert_int_eq(0, redo_append(&r, &lost, &body));
		ck_assert_int_eq(0, redo_append(&r, &twice, &body));
		ck_assert_int_eq(0, redo_void(&r, &lost));
		ck_assert_int_eq(0, redo_void(&r, &twice));
		redo_leave(&r, &lost);
		redo_leave(&r, &twice);
		ck_assert(redo_enter(&r, &twice));
		buf_put_str(&body, " and second");
		ck_assert_int_eq(0, redo_append(&r, &twice, &body));
		raise(SIGKILL);
	}
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	struct blob_store *store = open_folder();
	ck_assert_ptr_null(text_of(store, "a/lost"));
	ck_assert_pstr_eq("first and second", text_of(store, "a/twice"));
	blob_close(store);
}
END_TEST

/* Nothing is left to recover after an orderly end, nor of what was deleted. */
START_TEST(a_checkpoint_empties_the_files)
{
	struct blob_store *store = open_folder();

	create_until_redone(store);
	ck_assert_int_eq(BLOB_OK, create(store, "a", "x"));
	ck_assert(is_redone("a"));
	ck_assert(has_records());
	ck_assert_int_eq(BLOB_OK, blob_delete(store, "a", &err));
	ck_assert(!has_records());
	ck_assert_int_eq(BLOB_OK, create(store, "b", "x"));
	ck_assert(has_records());
	blob_close(store);
	ck_assert(!has_records());
}
END_TEST

/* Both files become full many times, while several threads create. */
struct creator {
	struct blob_store *store;
	unsigned number;
};

enum { LARGE = 60000, EACH = 100, THREADS = 4 };

static void *create_large(void *arg)
{
	struct creator *c = arg;
	struct error e = ERROR_INIT;
	struct buf body = BUF_INIT(1 << 20);

	for (unsigned i = 0; i < EACH; i++) {
		char key[32];

		snprintf(key, sizeof(key), "t%u/%u", c->number, i);
		buf_reset(&body);
		for (unsigned k = 0; k < LARGE; k++)
			buf_put_byte(&body, (char)(c->number * EACH + i));
		if (blob_create(c->store, key, &body, NULL, &e) != BLOB_OK)
			return arg;
	}
	buf_free(&body);
	return NULL;
}

START_TEST(full_files_stop_nobody)
{
	struct blob_store *store = open_folder();
	struct creator creators[THREADS];
	pthread_t threads[THREADS];
	unsigned redone = 0;

	create_until_redone(store);
	for (unsigned i = 0; i < THREADS; i++) {
		creators[i] = (struct creator){ store, i };
		ck_assert(thread_start(&threads[i], "create", 0, create_large, &creators[i], &err));
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < EACH; i++) {
			struct buf out = BUF_INIT(1 << 20);
			char key[32];

			snprintf(key, sizeof(key), "t%u/%u", t, i);
			redone += is_redone(key);
			ck_assert_int_eq(BLOB_OK, blob_get(store, key, NULL, &out, NULL, &err));
			ck_assert_uint_eq(LARGE, out.len);
			/* all its bytes are the same */
			ck_assert_int_eq((char)(t * EACH + i), out.data[0]);
			ck_assert_int_eq(0, memcmp(out.data, out.data + 1, LARGE - 1));
			buf_free(&out);
		}
	/* more than both files can hold at once */
	ck_assert_uint_gt(redone, 10);
	blob_close(store);
	ck_assert(!has_records());
}
END_TEST

/* Two processes create the same keys, one of them by redo; threads do so within it. */
static void *create_same(void *arg)
{
	struct creator *c = arg;
	uintptr_t n = 0;

	for (unsigned i = 0; i < EACH; i++) {
		struct error e = ERROR_INIT;
		struct buf body = BUF_INIT(64);
		char key[32];

		snprintf(key, sizeof(key), "same/%u", i);
		buf_printf(&body, "by %u", c->number);
		enum blob_rc rc = blob_create(c->store, key, &body, NULL, &e);
		if (rc != BLOB_OK && rc != BLOB_EXISTS)
			return (void *)(uintptr_t)1000;
		n += rc == BLOB_OK;
		buf_free(&body);
	}
	return (void *)n;
}

static unsigned create_same_in_threads(struct blob_store *store)
{
	struct creator creators[2] = { { store, 1 }, { store, 2 } };
	pthread_t threads[2];
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++)
		ck_assert(thread_start(&threads[i], "create", 0, create_same, &creators[i], &err));
	for (unsigned i = 0; i < 2; i++) {
		void *got;

		pthread_join(threads[i], &got);
		n += (unsigned)(uintptr_t)got;
	}
	return n;
}

START_TEST(of_all_who_want_a_name_one_gets_it)
{
	int status;
	int ready[2];
	char byte;

	ck_assert_int_eq(0, pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(255);
		struct blob_store *store = open_folder();
		unsigned n = create_same_in_threads(store);
		blob_close(store);
		_exit((int)n);
	}
	struct blob_store *store = open_folder();
	create_until_redone(store);
	ck_assert_int_eq(1, write(ready[1], "x", 1));
	unsigned n = create_same_in_threads(store);
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert(WIFEXITED(status));
	ck_assert_uint_eq(EACH, n + (unsigned)WEXITSTATUS(status));
	blob_close(store);
}
END_TEST

/* All want the same name, and nobody creates anything else meanwhile. */
static void *create_one(void *arg)
{
	struct error e = ERROR_INIT;
	struct buf body = BUF_INIT(64);

	buf_put_str(&body, "x");
	enum blob_rc rc = blob_create(arg, "one", &body, NULL, &e);
	buf_free(&body);
	return rc == BLOB_OK ? arg : NULL;
}

START_TEST(who_waits_for_a_name_is_woken)
{
	enum { N_THREADS = 16, ROUNDS = 50 };
	struct blob_store *store = open_folder();
	pthread_t threads[N_THREADS];

	create_until_redone(store);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = 0;

		for (unsigned i = 0; i < N_THREADS; i++)
			ck_assert(thread_start(&threads[i], "create", 0, create_one, store, &err));
		for (unsigned i = 0; i < N_THREADS; i++) {
			void *got;

			pthread_join(threads[i], &got);
			n += got != NULL;
		}
		ck_assert_uint_eq(1, n);
		ck_assert(is_redone("one"));
		ck_assert_int_eq(BLOB_OK, blob_delete(store, "one", &err));
	}
	blob_close(store);
}
END_TEST

START_TEST(who_may_only_read_is_told_to_let_it_be_recovered)
{
	int status;

	if (geteuid() != 0)
		return;
	create_and_die();
	pid_t pid = fork();
	if (pid == 0) {
		struct blob_store *opened;
		char url[128];

		snprintf(url, sizeof(url), "file://%s", folder);
		if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		if (blob_open(url, NULL, &opened, &err) == BLOB_OK)
			_exit(1);
		_exit(strstr(err.text, "recovered") != NULL && err.hint[0] != '\0' ? 0 : 3);
	}
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert_int_eq(0, status);
	blob_close(open_folder());
	pid = fork();
	if (pid == 0) {
		if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		check_all(open_folder());
		_exit(0);
	}
	ck_assert_int_eq(pid, waitpid(pid, &status, 0));
	ck_assert_int_eq(0, status);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redo");
	TCase *tc = tcase_create("redo");
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	int nameless = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	if (nameless < 0 || !local_takes_redo(fd)) {
		fprintf(stderr, "skipped: test_redo: /tmp is on a file system where objects are not created by redo\n");
		return 77;
	}
	close(nameless);
	close(fd);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, what_a_power_cut_took_is_made_good);
	tcase_add_test(tc, a_folder_is_made_again_too);
	tcase_add_test(tc, what_another_process_created_by_itself_stays);
	tcase_add_test(tc, a_torn_record_and_what_is_behind_it_do_not_count);
	tcase_add_test(tc, a_copy_of_the_folder_is_left_as_it_is);
	tcase_add_test(tc, a_void_record_does_not_count_and_the_last_one_does);
	tcase_add_test(tc, a_checkpoint_empties_the_files);
	tcase_add_test(tc, full_files_stop_nobody);
	tcase_add_test(tc, of_all_who_want_a_name_one_gets_it);
	tcase_add_test(tc, who_waits_for_a_name_is_woken);
	tcase_add_test(tc, who_may_only_read_is_told_to_let_it_be_recovered);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
