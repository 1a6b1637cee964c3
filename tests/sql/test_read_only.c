/*
 * test_read_only.c - what a read-only server and a read-only transaction refuse
 *
 * standby.cases holds what PostgreSQL 15 answers as a hot standby, read_only.cases
 * what it answers with default_transaction_read_only; oracle/generate-read-only
 * asks it.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "blob/blob.h"
#include "tests/lib/fault_store.h"
#include "tests/sql/session_fixture.h"
#include "vfs/vfs.h"

/* Of a transcript what psql shows: not the columns, nor tags of what gives rows, nor positions. */
static void answer_of(const char *transcript, struct buf *out)
{
	buf_reset(out);
	for (const char *line = transcript; *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t n = (size_t)(end - line);
		bool kept = strchr("RWNE", *line) != NULL ||
			    (*line == 'T' && strncmp(line, "T SELECT", 8) != 0 &&
			     strncmp(line, "T SHOW", 6) != 0 && strncmp(line, "T EXPLAIN", 9) != 0);
		const char *at = *line == 'E' ? strstr(line, " @") : NULL;

		if (at != NULL && at < end)
			n = (size_t)(at - line);
		if (kept) {
			buf_put(out, line, n);
			buf_put_byte(out, '\n');
		}
		line = end + 1;
	}
}

static void replay(struct client *c, const char *path, unsigned at_least)
{
	char *text = read_file(path);
	struct buf ours = BUF_INIT(1 << 20);
	unsigned n = 0, failed = 0;

	for (char *at = strstr(text, "\n\n"); at != NULL;) {
		char *sql = at + 2;
		char *split = strstr(sql, "\n--\n");

		ck_assert_msg(split != NULL, "no answer to %s", sql);
		char *theirs = split + 4;
		at = strstr(theirs - 1, "\n\n");
		*split = '\0';
		if (at != NULL)
			at[1] = '\0';
		answer_of(query(c, sql), &ours);
		if (strcmp(theirs, buf_str(&ours)) != 0) {
			printf("%s\nPostgreSQL has\n%sand not\n%s\n", sql, theirs, buf_str(&ours));
			failed++;
		}
		n++;
		if (at != NULL)
			at[1] = '\n';
	}
	buf_free(&ours);
	free(text);
	ck_assert_uint_gt(n, at_least);
	ck_assert_msg(failed == 0, "%u of %u statements", failed, n);
}

/* What SETUP of oracle/generate-read-only makes. */
static void make_objects(void)
{
	struct client c = { 0 };

	connect_client(&c);
	run(&c, "CREATE DATABASE other");
	run(&c, "CREATE TABLE t (id integer PRIMARY KEY, v text)");
	run(&c, "INSERT INTO t VALUES (1, 'a')");
	run(&c, "CREATE SEQUENCE s");
	run(&c, "CREATE VIEW w AS SELECT * FROM t");
	close_client(&c);
}

/* Another process on the same store, which only reads. */
static void reopen_read_only(const char *database)
{
	struct error err = ERROR_INIT;
	struct vfs_config vfs = { .store = fixture.faults, .read_only = true };
	struct sql_config config = { .store = fixture.faults,
				     .superuser = "postgres",
				     .default_database = database,
				     .port = 5432,
				     .pool_size = 2,
				     .read_only = true };

	sql_server_close(fixture.server);
	vfs_deinit();
	ck_assert_msg(vfs_init(&vfs, &err), "%s", err.text);
	ck_assert_msg(sql_server_open(&config, &fixture.server, &err), "%s", err.text);
}

START_TEST(a_read_only_server_answers_as_a_standby)
{
	struct client c = { 0 };

	make_objects();
	connect_client(&c);
	run(&c, "SELECT pgblob_create_snapshot('kept')");
	close_client(&c);
	reopen_read_only("app");
	struct fault_counts before = fault_get_counts(fixture.faults);
	connect_client(&c);
	replay(&c, SOURCE_DIR "/tests/sql/standby.cases", 110);
	/* SQLite's own statements */
	EXPECT(&c, "BEGIN IMMEDIATE; INSERT OR REPLACE INTO t VALUES (1, 'b'); COMMIT",
	       "T BEGIN\nE 25006 cannot execute INSERT in a read-only transaction\n");
	run(&c, "ROLLBACK");
	/* and what PostgreSQL has not */
	EXPECT(&c, "SELECT pgblob_create_snapshot('x')",
	       "E 25006 cannot execute pgblob_create_snapshot() during recovery\n");
	EXPECT(&c, "SELECT pgblob_drop_snapshot('kept')",
	       "E 25006 cannot execute pgblob_drop_snapshot() during recovery\n");
	EXPECT(&c, "SELECT name FROM pgblob_snapshots", "C name:19\nR kept\nT SELECT 1\n");
	EXPECT(&c, "PRAGMA integrity_check", "C integrity_check:25\nR ok\nT SELECT 1\n");
	close_client(&c);
	struct fault_counts after = fault_get_counts(fixture.faults);
	ck_assert_uint_eq(before.creates, after.creates);
	ck_assert_uint_eq(before.deletes, after.deletes);
}
END_TEST

START_TEST(a_read_only_transaction_answers_as_postgresqls)
{
	struct client c = { 0 };

	make_objects();
	connect_client(&c);
	run(&c, "SET default_transaction_read_only = on");
	replay(&c, SOURCE_DIR "/tests/sql/read_only.cases", 90);
	close_client(&c);
}
END_TEST

START_TEST(clients_are_told_whether_the_server_is_a_standby)
{
	struct client c = { 0 };
	struct sql_setting read_only = { "default_transaction_read_only", "on" };

	ck_assert(try_connect(&c, "app", NULL, 0));
	close_client(&c);
	reopen_read_only("app");
	for (int i = 0; i < 2; i++) {
		struct sql_connect who = { .user = "postgres", .database = "app", .pid = 7, .peer = "test",
					   .settings = &read_only, .n_settings = (size_t)i };

		ck_assert(try_connect(&c, "app", NULL, 0));
		sql_session_close(c.session);
		c.r.settings = true;
		ck_assert(sql_session_open(fixture.server, &who, &c.session, &c.r.sink));
		ck_assert_ptr_nonnull(strstr(buf_str(&c.r.seen), "G in_hot_standby=on\n"));
		ck_assert_ptr_nonnull(strstr(buf_str(&c.r.seen),
					     i == 0 ? "G default_transaction_read_only=off\n" :
						      "G default_transaction_read_only=on\n"));
		close_client(&c);
	}
}
END_TEST

START_TEST(nothing_creates_or_drops_a_database_below_sql)
{
	struct error err = ERROR_INIT;
	struct client c = { 0 };

	/* a read-only server starts on a store that has not its database */
	reopen_read_only("nothere");
	struct fault_counts before = fault_get_counts(fixture.faults);
	ck_assert(!try_connect(&c, "nothere", NULL, 0));
	ck_assert_str_eq(buf_str(&c.r.seen), "E FATAL 3D000 database \"nothere\" does not exist\n");
	buf_free(&c.r.seen);
	buf_free(&c.r.row);
	ck_assert_int_eq(VFS_IO, vfs_create_database(fixture.faults, "nothere", &err));
	ck_assert_int_eq(VFS_IO, vfs_drop_database(fixture.faults, "app", &err));
	ck_assert_str_eq(err.text, "cannot drop database \"app\": this process only reads the store");
	struct fault_counts after = fault_get_counts(fixture.faults);
	ck_assert_uint_eq(before.creates, after.creates);
	ck_assert_uint_eq(before.deletes, after.deletes);
}
END_TEST

START_TEST(savepoints_remember_whether_the_transaction_was_read_only)
{
	struct client c = { 0 };

	make_objects();
	connect_client(&c);
	run(&c, "BEGIN; SAVEPOINT a; SET TRANSACTION READ ONLY");
	EXPECT(&c, "SHOW transaction_read_only", "C transaction_read_only:25\nR on\nT SHOW\n");
	run(&c, "RELEASE a; INSERT INTO t VALUES (5, 'e')");
	run(&c, "SAVEPOINT b; SET TRANSACTION READ ONLY");
	EXPECT_BEGIN(&c, "INSERT INTO t VALUES (6, 'f')", "E 25006 ");
	run(&c, "ROLLBACK TO b; INSERT INTO t VALUES (6, 'f'); COMMIT");
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("read_only");
	TCase *tc = tcase_create("read_only");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, a_read_only_server_answers_as_a_standby);
	tcase_add_test(tc, a_read_only_transaction_answers_as_postgresqls);
	tcase_add_test(tc, clients_are_told_whether_the_server_is_a_standby);
	tcase_add_test(tc, nothing_creates_or_drops_a_database_below_sql);
	tcase_add_test(tc, savepoints_remember_whether_the_transaction_was_read_only);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
