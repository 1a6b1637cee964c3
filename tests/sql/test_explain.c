/*
 * test_explain.c - EXPLAIN tells what a statement does and what it read
 *
 * The answers about options are PostgreSQL 15's own.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "tests/sql/session_fixture.h"
#include "vfs/vfs.h"

/* Forget what memory holds of the database. */
static void reopen(void)
{
	struct error err = ERROR_INIT;
	struct vfs_config vfs = { .store = fixture.faults };
	struct sql_config config = { .store = fixture.faults, .superuser = "postgres", .default_database = "app",
				     .pool_size = 2, .port = 5432 };

	sql_server_close(fixture.server);
	vfs_deinit();
	ck_assert_msg(vfs_init(&vfs, &err), "%s", err.text);
	ck_assert_msg(sql_server_open(&config, &fixture.server, &err), "%s", err.text);
}

static void fill_table(struct client *c)
{
	connect_client(c);
	run(c, "CREATE TABLE big (id integer PRIMARY KEY, v text)");
	run(c, "INSERT INTO big SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 3000) g");
	/* so many commits that a manifest is written: who opens the database does not read the pages */
	run(c, "CREATE TABLE small (id integer)");
	for (int i = 0; i < 70; i++)
		run(c, "INSERT INTO small VALUES (1)");
	close_client(c);
	reopen();
	connect_client(c);
}

/* The number behind `name` in a transcript; -1: it is not there. */
static long number_of(const char *transcript, const char *name)
{
	const char *at = strstr(transcript, name);

	return at != NULL ? atol(at + strlen(name)) : -1;
}

START_TEST(options_are_checked_as_postgresql_does)
{
	struct client c = { 0 };

	connect_client(&c);
	EXPECT(&c, "EXPLAIN (foo) SELECT 1", "E 42601 unrecognized EXPLAIN option \"foo\" @10\n");
	EXPECT(&c, "EXPLAIN (ANALYZE, TIMING no) SELECT 1", "E 42601 timing requires a Boolean value\n");
	EXPECT(&c, "EXPLAIN (ANALYZE 2) SELECT 1", "E 42601 analyze requires a Boolean value\n");
	EXPECT(&c, "EXPLAIN (TIMING) SELECT 1", "E 22023 EXPLAIN option TIMING requires ANALYZE\n");
	EXPECT(&c, "EXPLAIN (WAL) SELECT 1", "E 22023 EXPLAIN option WAL requires ANALYZE\n");
	EXPECT(&c, "EXPLAIN (ANALYZE, WAL) SELECT 1", "E 0A000 EXPLAIN (WAL) is not supported"
	       " {What is added to the log is known at COMMIT, not before.} @19\n");
	EXPECT(&c, "EXPLAIN (FORMAT nope) SELECT 1",
	       "E 22023 unrecognized value for EXPLAIN option \"format\": \"nope\" @10\n");
	EXPECT(&c, "EXPLAIN (FORMAT) SELECT 1", "E 42601 format requires a parameter\n");
	EXPECT(&c, "EXPLAIN (COSTS off, SETTINGS, BUFFERS, ANALYZE, ANALYZE 0, FORMAT 'text') SELECT 1",
	       "C QUERY PLAN:25\nR SCAN CONSTANT ROW\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN (ANALYZE, SUMMARY off) SELECT 1",
	       "C QUERY PLAN:25\nR SCAN CONSTANT ROW\nR Actual Rows: 1\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN VERBOSE SELECT 1", "C QUERY PLAN:25\nR SCAN CONSTANT ROW\nR SQLite: SELECT 1\nT EXPLAIN\n");
	close_client(&c);
}
END_TEST

START_TEST(every_format_has_the_same_tree)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "EXPLAIN (FORMAT json) SELECT name FROM t WHERE id = 1",
	       "C QUERY PLAN:114\nR [\\10  {\\10    \"Plan\": {\\10      \"Node Type\": \"SQLite\",\\10"
	       "      \"Operation\": \"Select\",\\10      \"Plans\": [\\10        {\\10"
	       "          \"Node Type\": \"SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\"\\10        }\\10"
	       "      ]\\10    }\\10  }\\10]\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN (FORMAT yaml, ANALYZE, TIMING off, SUMMARY off) DELETE FROM t WHERE id = 99",
	       "C QUERY PLAN:25\nR - Plan: \\10    Node Type: \"SQLite\"\\10    Operation: \"Delete\"\\10"
	       "    Actual Rows: 0\\10    Actual Loops: 1\\10    Plans: \\10"
	       "      - Node Type: \"SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\"\\10  Triggers: \nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN (FORMAT xml, VERBOSE) SELECT 'a<&\"'::text",
	       "C QUERY PLAN:142\nR <explain xmlns=\"http://www.postgresql.org/2009/explain\">\\10"
	       "  <Query>\\10    <Plan>\\10      <Node-Type>SQLite</Node-Type>\\10"
	       "      <Operation>Select</Operation>\\10      <SQLite>SELECT 'a&lt;&amp;&quot;'</SQLite>\\10"
	       "      <Plans>\\10        <Plan>\\10          <Node-Type>SCAN CONSTANT ROW</Node-Type>\\10"
	       "        </Plan>\\10      </Plans>\\10    </Plan>\\10  </Query>\\10</explain>\nT EXPLAIN\n");
	/* what is below something is told below it */
	const char *got = query(&c, "EXPLAIN (FORMAT json) SELECT 1 FROM t UNION SELECT 2 FROM t");
	ck_assert_ptr_nonnull(strstr(got, "\"Node Type\": \"COMPOUND QUERY\",\\10          \"Plans\": ["));
	close_client(&c);
}
END_TEST

START_TEST(buffers_tell_pages_and_requests)
{
	struct client c = { 0 };

	fill_table(&c);
	const char *cold = query(&c, "EXPLAIN (ANALYZE, BUFFERS) SELECT count(v) FROM big");
	long hit = number_of(cold, " hit="), read = number_of(cold, " read=");
	long gets = number_of(cold, "Store: GETs="), bytes = number_of(cold, " bytes=");
	/* most pages were read ahead, and so were there when they were wanted */
	ck_assert_msg(read > 0 && hit + read > 400 && gets > 0 && gets < 100 && bytes > 10000 &&
			      number_of(cold, " ahead=") > 100, "%s", cold);
	ck_assert_msg(strstr(cold, "\nR Planning:\nR   Buffers: shared") != NULL, "%s", cold);
	ck_assert_ptr_nonnull(strstr(cold, "\nR Execution Time: "));
	const char *warm = query(&c, "EXPLAIN (ANALYZE, BUFFERS) SELECT count(v) FROM big");
	ck_assert_msg(number_of(warm, " hit=") > 100 && number_of(warm, " read=") < 0 &&
			      strstr(warm, "Store:") == NULL, "%s", warm);
	const char *point = query(&c, "EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT v FROM big WHERE id = 7");
	ck_assert_msg(number_of(point, "\"Shared Hit Blocks\": ") >= 1 &&
			      number_of(point, "\"Shared Hit Blocks\": ") <= 4 &&
			      number_of(point, "\"Store Gets\": ") == 0, "%s", point);
	close_client(&c);
	reopen();
	connect_client(&c);
	run(&c, "SET track_io_timing = on");
	ck_assert_ptr_nonnull(strstr(query(&c, "EXPLAIN (ANALYZE, BUFFERS) SELECT count(v) FROM big"),
				     "\nR I/O Timings: shared/local read="));
	/* inside a transaction that has written, on its own connection */
	run(&c, "BEGIN; DELETE FROM big WHERE id = 1");
	ck_assert_int_gt(number_of(query(&c, "EXPLAIN (ANALYZE, BUFFERS) UPDATE big SET v = 'x' WHERE id > 2990"),
				   " hit="), 0);
	run(&c, "ROLLBACK");
	close_client(&c);
}
END_TEST

START_TEST(what_stands_inside_other_statements_is_explained)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	run(&c, "PREPARE p (int) AS SELECT name FROM t WHERE id > $1");
	EXPECT(&c, "EXPLAIN (ANALYZE, SUMMARY off) EXECUTE p(1)",
	       "C QUERY PLAN:25\nR SEARCH t1 USING INTEGER PRIMARY KEY (rowid>?)\nR Actual Rows: 2\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN EXECUTE p", "E 42601 wrong number of parameters for prepared statement \"p\" "
					"{Expected 1 parameters but got 0.}\n");
	EXPECT(&c, "EXPLAIN EXECUTE nope(1)", "E 26000 prepared statement \"nope\" does not exist\n");
	EXPECT(&c, "EXPLAIN CREATE TABLE n AS SELECT * FROM t", "C QUERY PLAN:25\nR SCAN t1\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN DECLARE d CURSOR FOR SELECT * FROM t", "C QUERY PLAN:25\nR SCAN t1\nT EXPLAIN\n");
	EXPECT(&c, "EXPLAIN ANALYZE CREATE TABLE n AS SELECT * FROM t",
	       "E 0A000 EXPLAIN ANALYZE of this statement is not supported\n");
	EXPECT_BEGIN(&c, "EXPLAIN ANALYZE INSERT INTO t VALUES (4, 'd', NULL)", "C QUERY PLAN:25\nR Actual Rows: 1\n");
	EXPECT(&c, "SELECT count(*) FROM t", "C count:20\nR 4\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("explain");
	TCase *tc = tcase_create("explain");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, options_are_checked_as_postgresql_does);
	tcase_add_test(tc, every_format_has_the_same_tree);
	tcase_add_test(tc, buffers_tell_pages_and_requests);
	tcase_add_test(tc, what_stands_inside_other_statements_is_explained);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
