/*
 * test_local.c - what is special about a local folder
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "blob/local_file.h"

static char folder[64];
static struct blob_store *store;
static struct error err;

static const char *path_of(const char *name)
{
	static char path[4][4200];
	static unsigned next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", folder, name);
	return to;
}

static struct blob_store *open_folder(void)
{
	struct blob_store *opened;
	char url[128];

	snprintf(url, sizeof(url), "file://%s", folder);
	ck_assert_msg(blob_open(url, NULL, &opened, &err) == BLOB_OK, "%s", err.text);
	return opened;
}

static void setup(void)
{
	strcpy(folder, "/tmp/pgblob-local-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	store = open_folder();
}

static void teardown(void)
{
	char command[256];

	blob_close(store);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", folder, folder);
	ck_assert_int_eq(0, system(command));
}

static enum blob_rc create_in(struct blob_store *in, const char *key, const char *text)
{
	struct buf body = BUF_INIT(1 << 20);

	buf_put_str(&body, text);
	enum blob_rc rc = blob_create(in, key, &body, NULL, &err);
	buf_free(&body);
	return rc;
}

static enum blob_rc create(const char *key, const char *text)
{
	return create_in(store, key, text);
}

/* NULL if there is none; "!" and the error if it cannot be read. */
static const char *text_of(const char *key)
{
	static struct buf out;
	static char failed[600];

	buf_free(&out);
	buf_init(&out, 1 << 20);
	switch (blob_get(store, key, NULL, &out, NULL, &err)) {
	case BLOB_OK:
		return buf_str(&out);
	case BLOB_NOT_FOUND:
		return NULL;
	default:
		snprintf(failed, sizeof(failed), "!%s", err.text);
		return failed;
	}
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path_of(name), O_CREAT | O_WRONLY | O_EXCL, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((ssize_t)strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(0, lstat(path_of(name), &st));
	return st.st_mode & 07777;
}

static unsigned n_files(void)
{
	char command[128];
	unsigned n = 0;

	snprintf(command, sizeof(command), "find %s -type f -not -name '.*' | wc -l", folder);
	FILE *p = popen(command, "r");
	ck_assert_int_eq(1, fscanf(p, "%u", &n));
	pclose(p);
	return n;
}

static const char *list(const char *prefix, bool by_folder)
{
	static char text[4096];
	struct blob_list_request request = { .prefix = prefix, .by_folder = by_folder };
	struct arena arena = ARENA_INIT(1 << 20);
	struct blob_list out;

	ck_assert_msg(blob_list(store, &request, &arena, &out, &err) == BLOB_OK, "%s", err.text);
	text[0] = '\0';
	for (size_t i = 0; i < out.n_entries; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, out.entries[i].key);
	}
	arena_free(&arena);
	return text;
}

START_TEST(an_object_is_a_plain_file_of_its_bytes)
{
	static const struct {
		const char *key;
		const char *file;
	} names[] = {
		{ "db/log/0001", "db/log/0001" }, { "a b", "a b" }, { "100%", "100%25" },
		{ ".hidden/x.y", "%2Ehidden/x.y" }, { "%2E", "%252E" }, { "ü", "ü" }, { "...", "%2E.." },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char bytes[32] = "";

		ck_assert_int_eq(BLOB_OK, create(names[i].key, "bytes"));
		int fd = open(path_of(names[i].file), O_RDONLY);
		ck_assert_msg(fd >= 0, "%s", names[i].file);
		ck_assert_int_eq(5, read(fd, bytes, sizeof(bytes)));
		close(fd);
		ck_assert_str_eq("bytes", bytes);
		ck_assert_uint_eq(0, mode_of(names[i].file) & 0222);
	}
	ck_assert_uint_eq(ARRAY_LEN(names), n_files());
}
END_TEST

START_TEST(copied_files_are_objects_and_other_names_are_not)
{
	ck_assert_int_eq(0, mkdir(path_of("db"), 0755));
	ck_assert_int_eq(0, mkdir(path_of("empty"), 0755));
	ck_assert_int_eq(0, mkdir(path_of(".git"), 0755));
	write_file("db/copied", "c", 0644);
	write_file(".DS_Store", "x", 0644);
	write_file(".git/x", "x", 0644);
	write_file("not%41canonical", "x", 0644);
	write_file("control\001", "x", 0644);
	ck_assert_int_eq(0, mkfifo(path_of("fifo"), 0644));
	ck_assert_str_eq("db/copied", list("", false));
	ck_assert_str_eq("db/", list("", true));
	ck_assert_str_eq("c", text_of("db/copied"));
	ck_assert_int_eq('!', text_of("fifo")[0]);
	ck_assert_ptr_null(text_of("notAcanonical"));
	ck_assert_ptr_null(text_of("empty"));
}
END_TEST

START_TEST(who_sees_a_name_that_may_not_be_durable_makes_it_so)
{
	struct blob_info info;

	write_file("a", "x", 0664);
	write_file("b", "x", 0600);
	write_file("c", "x", 0644);
	ck_assert_str_eq("x", text_of("a"));
	ck_assert_uint_eq(0444, mode_of("a"));
	ck_assert_int_eq(BLOB_OK, blob_head(store, "b", &info, &err));
	ck_assert_uint_eq(0400, mode_of("b"));
	list("", false);
	ck_assert_uint_eq(0444, mode_of("c"));
}
END_TEST

static void *create_after(void *arg)
{
	struct error e = ERROR_INIT;
	struct buf body = BUF_INIT(10);

	for (int i = 0; i < 50; i++) {
		char key[32];

		snprintf(key, sizeof(key), "u/%d", i);
		if (blob_create(store, key, &body, NULL, &e) != BLOB_OK)
			return arg;
	}
	return NULL;
}

/* No umask makes a file look durable before it is: a reader must find the mark. */
START_TEST(a_strict_umask_does_not_take_the_mark_away)
{
	int fd = open(path_of("f"), O_CREAT | O_RDWR, 0444);
	struct stat st;

	ck_assert_int_eq(0, fstat(fd, &st));
	ck_assert(local_is_durable(&st));
	ck_assert_int_eq(0, local_mark_new(fd));
	ck_assert_int_eq(0, fstat(fd, &st));
	ck_assert(!local_is_durable(&st));
	close(fd);
	ck_assert_int_eq(0, mkdir(path_of("u"), 0755));
	mode_t before = umask(0377);
	ck_assert_ptr_null(create_after(store));
	umask(before);
	ck_assert_int_eq(0, mode_of("u/49") & 0222);
}
END_TEST

START_TEST(symbolic_links_are_not_followed)
{
	char outside[] = "/tmp/pgblob-outside-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(outside));
	char secret[64];
	snprintf(secret, sizeof(secret), "%s/secret", outside);
	FILE *f = fopen(secret, "w");
	fputs("secret", f);
	fclose(f);
	ck_assert_int_eq(0, symlink(secret, path_of("link")));
	ck_assert_int_eq(0, symlink(outside, path_of("dir")));
	ck_assert_int_eq(0, symlink("nowhere", path_of("dangling")));

	ck_assert_int_eq('!', text_of("link")[0]);
	const char *text = text_of("dir/secret");
	ck_assert(text == NULL || text[0] == '!');
	ck_assert_int_eq(BLOB_FAILED, create("link", "x"));
	ck_assert_int_eq(BLOB_FAILED, create("dangling", "x"));
	ck_assert_int_eq(BLOB_FAILED, create("dir/new", "x"));
	ck_assert_int_eq(BLOB_FAILED, create("dir/new/deeper", "x"));
	ck_assert_int_ne(BLOB_UNKNOWN, blob_delete(store, "dir/secret", &err));
	ck_assert_str_eq("", list("", false));
	ck_assert_str_eq("", list("dir/", false));
	ck_assert_int_eq(0, access(secret, F_OK));
	ck_assert_int_eq(0, unlink(secret));
	ck_assert_int_eq(0, rmdir(outside)); /* nothing was put there */
}
END_TEST

START_TEST(a_folder_is_not_an_object_nor_the_other_way_round)
{
	ck_assert_int_eq(BLOB_OK, create("a/b", "x"));
	ck_assert_int_eq(BLOB_FAILED, create("a", "x"));
	ck_assert_ptr_nonnull(strstr(err.detail, "folder of others"));
	ck_assert_int_eq(BLOB_FAILED, create("a/b/c", "x"));
	ck_assert_ptr_null(text_of("a"));
	ck_assert_ptr_null(text_of("a/b/c"));
	ck_assert_int_eq(BLOB_OK, blob_delete(store, "a", &err));
	ck_assert_int_eq(BLOB_OK, blob_delete(store, "a/b/c", &err));
	ck_assert_str_eq("x", text_of("a/b"));
}
END_TEST

START_TEST(names_too_long_for_a_file_are_refused)
{
	char key[300];

	memset(key, 'k', 256);
	key[256] = '\0';
	ck_assert_int_eq(BLOB_FAILED, create(key, "x"));
	ck_assert_ptr_null(text_of(key));
	ck_assert_int_eq(BLOB_OK, blob_delete(store, key, &err));
	key[255] = '\0';
	ck_assert_int_eq(BLOB_OK, create(key, "x"));
	ck_assert_str_eq(key, list("", false));
}
END_TEST

START_TEST(folders_go_with_their_last_object)
{
	struct stat st;

	ck_assert_int_eq(BLOB_OK, create("a/b/c", "x"));
	ck_assert_int_eq(BLOB_OK, create("a/d", "x"));
	ck_assert_int_eq(BLOB_OK, blob_delete(store, "a/b/c", &err));
	ck_assert_int_ne(0, lstat(path_of("a/b"), &st));
	ck_assert_int_eq(0, lstat(path_of("a"), &st));
	const char *keys[] = { "a/d", "none/at/all" };
	ck_assert_int_eq(BLOB_OK, blob_delete_many(store, keys, 2, &err));
	ck_assert_int_ne(0, lstat(path_of("a"), &st));
	ck_assert_int_eq(0, lstat(folder, &st));
}
END_TEST

static void *create_and_delete(void *arg)
{
	struct error e = ERROR_INIT;
	struct buf body = BUF_INIT(10);
	char key[32];

	buf_put_str(&body, "x");
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "d/e/%s-%d", (const char *)arg, i);
		if (blob_create(store, key, &body, NULL, &e) != BLOB_OK ||
		    blob_delete(store, key, &e) != BLOB_OK) {
			fprintf(stderr, "%s: %s\n", key, e.text);
			return arg;
		}
	}
	buf_free(&body);
	return NULL;
}

START_TEST(a_folder_that_is_removed_under_a_creator_is_made_again)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert(thread_start(&threads[i], "create", 0, create_and_delete, names[i], &err));
	for (int i = 0; i < 4; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
}
END_TEST

/* Sixteen processes want each of 50 slots; the winners' numbers come back by exit status. */
START_TEST(of_many_processes_one_creates_each_object)
{
	enum { N_PROCESSES = 16, N_SLOTS = 50 };
	pid_t pids[N_PROCESSES];
	unsigned won = 0;

	for (int p = 0; p < N_PROCESSES; p++) {
		pids[p] = fork();
		if (pids[p] == 0) {
			struct blob_store *mine = open_folder();
			int n = 0;

			for (int slot = 0; slot < N_SLOTS; slot++) {
				char key[32];
				char text[32];

				snprintf(key, sizeof(key), "log/%02d", slot);
				snprintf(text, sizeof(text), "process %d", p);
				enum blob_rc rc = create_in(mine, key, text);
				if (rc != BLOB_OK && rc != BLOB_EXISTS)
					_exit(255);
				n += rc == BLOB_OK;
			}
			_exit(n);
		}
	}
	for (int p = 0; p < N_PROCESSES; p++) {
		int status;

		ck_assert_int_eq(pids[p], waitpid(pids[p], &status, 0));
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= N_SLOTS);
		won += (unsigned)WEXITSTATUS(status);
	}
	ck_assert_uint_eq(N_SLOTS, won);
	ck_assert_uint_eq(N_SLOTS, n_files());
}
END_TEST

/* A creator is killed at any moment: what it told is there, and what is there is whole. */
START_TEST(a_killed_creator_leaves_whole_objects_and_nothing_else)
{
	enum { N_ROUNDS = 20, BODY_LEN = 20000 };
	static char body_text[BODY_LEN + 1];
	int n = 0;

	memset(body_text, 'x', BODY_LEN);
	for (int round = 0; round < N_ROUNDS; round++) {
		int told[2];
		char got[1 << 14];

		ck_assert_int_eq(0, pipe(told));
		pid_t pid = fork();
		if (pid == 0) {
			struct blob_store *mine = open_folder();

			for (int i = n;; i++) {
				char key[32];

				snprintf(key, sizeof(key), "log/%08d", i);
				if (create_in(mine, key, body_text) != BLOB_OK)
					_exit(1);
				if (write(told[1], "x", 1) != 1)
					_exit(2);
			}
		}
		close(told[1]);
		/* some while after the first two */
		ssize_t acknowledged = 0;
		while (acknowledged < 2) {
			ssize_t len = read(told[0], got, sizeof(got));

			ck_assert_int_gt(len, 0);
			acknowledged += len;
		}
		usleep((useconds_t)random() % 10000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		for (ssize_t len; (len = read(told[0], got, sizeof(got))) > 0;)
			acknowledged += len;
		close(told[0]);
		/* who opens the folder finishes what was recorded */
		blob_close(store);
		store = open_folder();
		for (ssize_t i = 0; i <= acknowledged; i++) {
			char key[32];

			snprintf(key, sizeof(key), "log/%08d", n);
			const char *text = text_of(key);
			if (text != NULL)
				ck_assert_str_eq(body_text, text);
			else
				ck_assert_int_eq(i, acknowledged); /* the one under way may not be */
			n += text != NULL;
		}
	}
	ck_assert_int_gt(n, N_ROUNDS);
	ck_assert_uint_eq((unsigned)n, n_files());
}
END_TEST

START_TEST(a_full_disk_leaves_nothing)
{
	struct rlimit limit = { 4096, 4096 };
	char large[8193];

	memset(large, 'x', 8192);
	large[8192] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(0, setrlimit(RLIMIT_FSIZE, &limit)); /* EFBIG, much like ENOSPC */
	ck_assert_int_eq(BLOB_FAILED, create("log/1", large));
	ck_assert(err.set);
	ck_assert_ptr_null(text_of("log/1"));
	ck_assert_uint_eq(0, n_files());
	ck_assert_int_eq(BLOB_OK, create("log/1", "small"));
}
END_TEST

/* Files made ahead have zeros in them, and a length: neither may show. */
START_TEST(bytes_are_right_whatever_file_they_are_put_into)
{
	static const size_t lens[] = { 20000, 1, 4096, 0, 4097, 8192, 100000, 3 };

	for (unsigned i = 0; i < 100; i++) {
		struct buf body = BUF_INIT(1 << 20);
		struct buf out = BUF_INIT(1 << 20);
		char key[32];

		snprintf(key, sizeof(key), "k/%u", i);
		for (size_t at = 0; at < lens[i % ARRAY_LEN(lens)]; at++)
			buf_put_byte(&body, (char)(at + i));
		ck_assert_int_eq(BLOB_OK, blob_create(store, key, &body, NULL, &err));
		ck_assert_int_eq(BLOB_OK, blob_get(store, key, NULL, &out, NULL, &err));
		ck_assert_uint_eq(body.len, out.len);
		if (body.len > 0)
			ck_assert_int_eq(0, memcmp(body.data, out.data, body.len));
		ck_assert_int_eq(BLOB_EXISTS, blob_create(store, key, &body, NULL, &err));
		buf_free(&body);
		buf_free(&out);
		usleep(i % 10 == 0 ? 2000 : 0); /* let some be made */
	}
	ck_assert_uint_eq(100, n_files());
}
END_TEST

START_TEST(no_space_left_is_said)
{
	char url[128];
	char large[1 << 20];
	struct blob_store *small;

	/* a tmpfs of 64 KiB; needs the right to mount */
	ck_assert_int_eq(0, mkdir(path_of("tiny"), 0755));
	char command[256];
	snprintf(command, sizeof(command), "mount -t tmpfs -o size=64k tmpfs %s 2>/dev/null", path_of("tiny"));
	if (system(command) != 0) {
		fprintf(stderr, "skipped: no_space_left_is_said cannot mount a tmpfs\n");
		return;
	}
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	snprintf(url, sizeof(url), "file:%s", path_of("tiny"));
	enum blob_rc opened = blob_open(url, NULL, &small, &err);
	enum blob_rc rc = create_in(small, "log/1", large);
	struct error told = err;
	struct buf out = BUF_INIT(100);
	enum blob_rc there = blob_get(small, "log/1", NULL, &out, NULL, &err);
	enum blob_rc again = create_in(small, "log/1", "fits");
	blob_close(small);
	snprintf(command, sizeof(command), "umount %s", path_of("tiny"));
	ck_assert_int_eq(0, system(command));
	ck_assert_int_eq(BLOB_OK, opened);
	ck_assert_int_eq(BLOB_FAILED, rc);
	ck_assert_ptr_nonnull(strstr(told.text, "No space left on device"));
	ck_assert_int_eq(BLOB_NOT_FOUND, there);
	ck_assert_int_eq(BLOB_OK, again);
}
END_TEST

START_TEST(bad_urls_and_folders_are_refused)
{
	struct blob_store *other;

	ck_assert_int_eq(BLOB_FAILED, blob_open("file://host/path", NULL, &other, &err));
	ck_assert_int_eq(BLOB_FAILED, blob_open("file:", NULL, &other, &err));
	ck_assert_int_eq(BLOB_FAILED, blob_open("file:/dev/null", NULL, &other, &err));
	ck_assert_int_eq(BLOB_FAILED, blob_open("file:/dev/null/x", NULL, &other, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "Not a directory"));
	ck_assert_int_eq(BLOB_FAILED, blob_open("nothing", NULL, &other, &err));
}
END_TEST

START_TEST(a_relative_folder_is_made_with_those_above_it)
{
	struct blob_store *other;

	ck_assert_int_eq(0, chdir(folder));
	ck_assert_int_eq(BLOB_OK, blob_open("file:new/deep//data/", NULL, &other, &err));
	ck_assert_str_eq("file:new/deep//data/", blob_name(other));
	ck_assert_int_eq(BLOB_OK, create_in(other, "k", "x"));
	ck_assert_int_eq(BLOB_OK, blob_probe(other, &err));
	blob_close(other);
	ck_assert_str_eq("x", text_of("new/deep/data/k"));
	ck_assert_uint_eq(1, n_files());
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_fails_the_probe)
{
	if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0)) {
		fprintf(stderr, "skipped: cannot give up the rights of root\n");
		return;
	}
	ck_assert_int_eq(BLOB_FAILED, blob_probe(store, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
	ck_assert_int_eq(0, seteuid(0));
}
END_TEST

START_TEST(a_large_folder_is_listed_in_order_page_by_page)
{
	enum { N_FILES = 2500 };
	struct arena arena = ARENA_INIT(16 << 20);
	char last[64] = "";
	unsigned n = 0;
	struct blob_list page;

	ck_assert_int_eq(0, mkdir(path_of("d"), 0755));
	for (unsigned i = 0; i < N_FILES; i++) { /* not in order */
		char name[32];

		snprintf(name, sizeof(name), "d/%04u", i * 7919 % N_FILES);
		write_file(name, "", 0444);
	}
	do {
		struct blob_list_request request = { .prefix = "d/", .start_after = last, .max = 999 };

		ck_assert_int_eq(BLOB_OK, blob_list(store, &request, &arena, &page, &err));
		for (size_t i = 0; i < page.n_entries; i++) {
			char want[16];

			snprintf(want, sizeof(want), "d/%04u", n++);
			ck_assert_str_eq(want, page.entries[i].key);
			strcpy(last, want);
		}
	} while (page.more);
	ck_assert_uint_eq(N_FILES, n);
	arena_free(&arena);
}
END_TEST

START_TEST(names_and_segments_are_each_others_inverse)
{
	static const char *const segments[] = { "a", "%", ".", "..", ".a", "a.", "%2E", "%25", "a%b", "ü" };
	char back[LOCAL_NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(segments); i++) {
		struct local_path path;

		ck_assert_int_eq(0, local_path_of(&path, segments[i]));
		if (strcmp(segments[i], ".") == 0 || strcmp(segments[i], "..") == 0)
			continue; /* not keys */
		ck_assert_msg(local_segment_of(path.text, back), "%s", path.text);
		ck_assert_str_eq(segments[i], back);
	}
	ck_assert(!local_segment_of(".", back));
	ck_assert(!local_segment_of("..", back));
	ck_assert(!local_segment_of("%2e", back));
	ck_assert(!local_segment_of("a%2E", back));
	ck_assert(!local_segment_of("%", back));
	ck_assert(!local_segment_of("%2E", back)); /* would be "." */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("local");
	TCase *tc = tcase_create("local");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, an_object_is_a_plain_file_of_its_bytes);
	tcase_add_test(tc, copied_files_are_objects_and_other_names_are_not);
	tcase_add_test(tc, who_sees_a_name_that_may_not_be_durable_makes_it_so);
	tcase_add_test(tc, a_strict_umask_does_not_take_the_mark_away);
	tcase_add_test(tc, symbolic_links_are_not_followed);
	tcase_add_test(tc, a_folder_is_not_an_object_nor_the_other_way_round);
	tcase_add_test(tc, names_too_long_for_a_file_are_refused);
	tcase_add_test(tc, folders_go_with_their_last_object);
	tcase_add_test(tc, a_folder_that_is_removed_under_a_creator_is_made_again);
	tcase_add_test(tc, of_many_processes_one_creates_each_object);
	tcase_add_test(tc, a_killed_creator_leaves_whole_objects_and_nothing_else);
	tcase_add_test(tc, a_full_disk_leaves_nothing);
	tcase_add_test(tc, bytes_are_right_whatever_file_they_are_put_into);
	tcase_add_test(tc, no_space_left_is_said);
	tcase_add_test(tc, bad_urls_and_folders_are_refused);
	tcase_add_test(tc, a_relative_folder_is_made_with_those_above_it);
	tcase_add_test(tc, a_folder_that_cannot_be_written_fails_the_probe);
	tcase_add_test(tc, a_large_folder_is_listed_in_order_page_by_page);
	tcase_add_test(tc, names_and_segments_are_each_others_inverse);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
