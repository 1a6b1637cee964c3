/*
 * test_session_faults.c - sessions on a store that fails
 *
 * The outcome of each statement must be one that the client was told, and the
 * session must go on.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "tests/lib/fault_store.h"
#include "tests/sql/session_fixture.h"

/* What the transcript of one UPDATE says: 1 done, 0 failed, -1 nobody knows. */
static int outcome(const char *got)
{
	if (strcmp(got, "T UPDATE 1\n") == 0)
		return 1;
	ck_assert_msg(strncmp(got, "E ", 2) == 0, "%s", got);
	if (strncmp(got, "E 08007 ", 8) == 0)
		return -1;
	ck_assert_msg(strncmp(got, "E 58030 ", 8) == 0 || strncmp(got, "E 40001 ", 8) == 0, "%s", got);
	return 0;
}

static bool is_set(const char *name)
{
	char want[128];
	struct client c;

	/* another client: what it sees is what is durable */
	connect_client(&c);
	snprintf(want, sizeof(want), "C id:23\nR 1\nT SELECT 1\n");
	char text[128];
	snprintf(text, sizeof(text), "SELECT id FROM t WHERE name = '%s' AND id = 1", name);
	bool there = strcmp(query(&c, text), want) == 0;
	close_client(&c);
	return there;
}

/* _i: the mode; every request that an UPDATE makes meets it once. */
START_TEST(a_commit_is_told_as_it_came_out)
{
	struct client c;
	bool hit = true;

	connect_client(&c);
	make_table(&c);
	for (unsigned nth = 1; hit && nth < 40; nth++) {
		char text[128], name[32];

		snprintf(name, sizeof(name), "n%u", nth);
		snprintf(text, sizeof(text), "UPDATE t SET name = '%s' WHERE id = 1", name);
		fault_arm(fixture.faults, nth, (enum fault_mode)_i);
		int told = outcome(query(&c, text));
		hit = fault_disarm(fixture.faults);
		/* the session and the database go on */
		const char *next = query(&c, "UPDATE t SET name = name WHERE id = 2");
		for (int tries = 0; tries < 20 && strcmp(next, "T UPDATE 1\n") != 0; tries++)
			next = query(&c, "UPDATE t SET name = name WHERE id = 2");
		ck_assert_str_eq(next, "T UPDATE 1\n");
		ck_assert(told == -1 || is_set(name) == (told == 1));
		ck_assert_msg(hit || told == 1, "failed without a fault");
	}
	ck_assert(!hit);
	EXPECT(&c, "PRAGMA integrity_check", "C integrity_check:25\nR ok\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(a_failed_commit_of_a_block_ends_it)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	run(&c, "BEGIN");
	run(&c, "DELETE FROM t");
	fault_arm_only(fixture.faults, 1, FAULT_STICKY, FAULT_OP_CREATE);
	const char *got = query(&c, "COMMIT");
	ck_assert_msg(strncmp(got, "E 58030 ", 8) == 0, "%s", got);
	ck_assert_int_eq('I', sql_status(c.session));
	fault_disarm(fixture.faults);
	EXPECT(&c, "SELECT id FROM t ORDER BY id", "C id:23\nR 1\nR 2\nR 3\nT SELECT 3\n");
	run(&c, "DELETE FROM t WHERE id = 1");
	close_client(&c);
}
END_TEST

START_TEST(schema_changes_that_fail_to_commit_are_forgotten)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	fault_arm_only(fixture.faults, 1, FAULT_STICKY, FAULT_OP_CREATE);
	const char *got = query(&c, "CREATE TABLE n (a int)");
	ck_assert_msg(strncmp(got, "E 58030 ", 8) == 0, "%s", got);
	fault_disarm(fixture.faults);
	EXPECT(&c, "SELECT a FROM n", "E 42P01 relation \"n\" does not exist @15\n");
	run(&c, "CREATE TABLE n (b text)");
	EXPECT(&c, "SELECT b FROM n", "C b:25\nT SELECT 0\n");
	close_client(&c);
}
END_TEST

/* Commit from another machine: a handle with a store of its own. */
static void commit_elsewhere(const char *sql)
{
	char uri[256];
	sqlite3 *db;

	snprintf(uri, sizeof(uri), "file:app?vfs=pgblob&store=file://%s/", fixture.dir);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	ck_assert_int_eq(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
	sqlite3_close(db);
}

static void commit_before_us(void *arg)
{
	(void)arg;
	commit_elsewhere("UPDATE t SET name = name || '+' WHERE id = 1");
}

START_TEST(a_lost_race_is_run_again_or_told)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	/* a single statement runs again, on top of the other's commit */
	fault_set_hook(fixture.faults, commit_before_us, NULL);
	fault_arm_only(fixture.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	EXPECT(&c, "UPDATE t SET name = name || '!' WHERE id = 1", "T UPDATE 1\n");
	ck_assert(fault_disarm(fixture.faults));
	EXPECT(&c, "SELECT name FROM t WHERE id = 1", "C name:25\nR a+!\nT SELECT 1\n");
	/* a block cannot */
	run(&c, "BEGIN");
	run(&c, "UPDATE t SET name = 'mine' WHERE id = 1");
	fault_arm_only(fixture.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	const char *got = query(&c, "COMMIT");
	ck_assert_msg(strncmp(got, "E 40001 could not serialize access", 34) == 0, "%s", got);
	ck_assert(fault_disarm(fixture.faults));
	EXPECT(&c, "SELECT name FROM t WHERE id = 1", "C name:25\nR a+!+\nT SELECT 1\n");
	run(&c, "UPDATE t SET name = 'mine' WHERE id = 1");
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("session_faults");
	TCase *tc = tcase_create("faults");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_commit_is_told_as_it_came_out, FAULT_ONCE, FAULT_REPEAT + 1);
	tcase_add_test(tc, a_failed_commit_of_a_block_ends_it);
	tcase_add_test(tc, a_lost_race_is_run_again_or_told);
	tcase_add_test(tc, schema_changes_that_fail_to_commit_are_forgotten);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
