/*
 * test_inside.c - pgblob_stat_storage, pgblob_stat_cache, pgblob_log, snapshots, and where the log is
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/fault_store.h"
#include "tests/sql/session_fixture.h"

START_TEST(commits_are_counted_by_database)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	run(&c, "CREATE DATABASE second");
	for (int i = 0; i < 10; i++)
		run(&c, "INSERT INTO t VALUES (10 + (SELECT count(*) FROM t), 'x', NULL)");
	/* CREATE DATABASE, two statements, ten more */
	EXPECT(&c, "SELECT datname, lsn, lsn_published, commits, groups, lost, failed, unknown, puts >= 12,"
		   " put_bytes > 1000, put_time_mean > 0, put_time_p95 >= put_time_mean / 2, page_size, size = pages * page_size,"
		   " handles > 0 FROM pgblob_stat_storage WHERE datname = 'app'",
	       "C datname:19 lsn:20 lsn_published:20 commits:20 groups:20 lost:20 failed:20 unknown:20 ?column?:16"
	       " ?column?:16 ?column?:16 ?column?:16 page_size:23 ?column?:16 ?column?:16\n"
	       "R app|13|13|13|13|0|0|0|t|t|t|t|4096|t|t\nT SELECT 1\n");
	EXPECT(&c, "SELECT datname, pages FROM pgblob_stat_storage ORDER BY 1",
	       "C datname:19 pages:20\nR app|13\nR second|0\nT SELECT 2\n");
	EXPECT(&c, "SELECT xact_commit FROM pg_stat_database WHERE datname = 'app'", "C xact_commit:20\nR 13\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(lost_and_failed_puts_are_counted)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	fault_arm_only(fixture.faults, 1, FAULT_ONCE, FAULT_OP_CREATE);
	EXPECT_BEGIN(&c, "INSERT INTO t VALUES (9, 'x', NULL)", "E 58030 ");
	ck_assert(fault_disarm(fixture.faults));
	EXPECT(&c, "SELECT failed, commits FROM pgblob_stat_storage", "C failed:20 commits:20\nR 1|3\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(the_cache_tells_what_it_holds)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	run(&c, "SELECT * FROM t");
	EXPECT(&c, "SELECT memory_limit, memory_bytes > 4096, memory_pages > 0, memory_hits > 0, disk_limit,"
		   " ahead >= ahead_used FROM pgblob_stat_cache",
	       "C memory_limit:20 ?column?:16 ?column?:16 ?column?:16 disk_limit:20 ?column?:16\n"
	       "R 67108864|t|t|t|0|t\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(the_log_is_read_from_its_end_and_no_further_than_wanted)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	for (int i = 0; i < 200; i++)
		run(&c, "UPDATE t SET name = name || 'x' WHERE id = 1");
	EXPECT(&c, "SELECT lsn, kind, page_size FROM pgblob_log LIMIT 2",
	       "C lsn:20 kind:25 page_size:23\nR 203|commit|4096\nR 202|commit|4096\nT SELECT 2\n");
	struct fault_counts before = fault_get_counts(fixture.faults);
	EXPECT(&c, "SELECT lsn FROM pgblob_log ORDER BY lsn DESC LIMIT 3",
	       "C lsn:20\nR 203\nR 202\nR 201\nT SELECT 3\n");
	struct fault_counts after = fault_get_counts(fixture.faults);
	ck_assert_uint_le(after.gets - before.gets, 9);
	ck_assert_uint_eq(after.lists, before.lists);
	before = after;
	EXPECT(&c, "SELECT lsn, kind, pages FROM pgblob_log WHERE lsn = 1",
	       "C lsn:20 kind:25 pages:20\nR 1|created|0\nT SELECT 1\n");
	EXPECT(&c, "SELECT lsn FROM pgblob_log WHERE lsn = 999", "C lsn:20\nT SELECT 0\n");
	after = fault_get_counts(fixture.faults);
	ck_assert_uint_le(after.gets - before.gets, 4);
	EXPECT(&c, "SELECT count(*), min(lsn), max(lsn), bool_and(committed > now() - interval '1 hour'), min(bytes) > 100"
		   " FROM pgblob_log",
	       "C count:20 min:20 max:20 bool_and:16 ?column?:16\nR 203|1|203|t|t\nT SELECT 1\n");
	/* a slot that cannot be read is told */
	fault_arm_only(fixture.faults, 3, FAULT_STICKY, FAULT_OP_GET);
	EXPECT_BEGIN(&c, "SELECT count(*) FROM pgblob_log", "E 58030 ");
	ck_assert(fault_disarm(fixture.faults));
	EXPECT(&c, "SELECT count(*) FROM pgblob_log", "C count:20\nR 203\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(psql_describes_the_views)
{
	struct client c = { 0 };

	connect_client(&c);
	EXPECT(&c, "SELECT c.oid, n.nspname, c.relkind, c.relnatts FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		   " WHERE c.relname ~ '^(pgblob_.*)$' AND pg_table_is_visible(c.oid) ORDER BY 1",
	       "C oid:26 nspname:19 relkind:18 relnatts:21\nR 15900|pg_catalog|v|22\nR 15901|pg_catalog|v|20\n"
	       "R 15902|pg_catalog|v|8\nR 15903|pg_catalog|v|5\nT SELECT 4\n");
	EXPECT(&c, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'pgblob_log'::regclass"
		   " AND attnum > 0 ORDER BY attnum LIMIT 2",
	       "C attname:19 format_type:25\nR lsn|bigint\nR committed|timestamp with time zone\nT SELECT 2\n");
	EXPECT_BEGIN(&c, "DELETE FROM pgblob_log", "E ");
	/* the user's own may have the same name, and pg_catalog comes first */
	run(&c, "CREATE TABLE public.pgblob_log (a int)");
	EXPECT(&c, "SELECT count(*) FROM public.pgblob_log", "C count:20\nR 0\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(slots_are_positions_of_the_log)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "SELECT pg_current_wal_lsn(), pg_current_wal_lsn() > '0/1', pg_last_wal_replay_lsn()",
	       "C pg_current_wal_lsn:3220 ?column?:16 pg_last_wal_replay_lsn:3220\nR 0/3|t|~\nT SELECT 1\n");
	/* as PostgreSQL 15 answers */
	EXPECT(&c, "SELECT pg_wal_lsn_diff('0/10', '0/3'), pg_wal_lsn_diff('0/0', 'FFFFFFFF/FFFFFFFF'),"
		   " pg_wal_lsn_diff('FFFFFFFF/FFFFFFFF', '0/0'), '1/0'::pg_lsn - '0/1'::pg_lsn, pg_wal_lsn_diff(NULL, '0/0')",
	       "C pg_wal_lsn_diff:1700 pg_wal_lsn_diff:1700 pg_wal_lsn_diff:1700 ?column?:1700 pg_wal_lsn_diff:1700\n"
	       "R 13|-18446744073709551615|18446744073709551615|4294967295|~\nT SELECT 1\n");
	EXPECT(&c, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/1') + 0.5", "C ?column?:1700\nR 2.5\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(snapshots_are_made_and_dropped_in_sql)
{
	struct client c = { 0 };
	struct client old = { 0 };

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "SELECT pgblob_create_snapshot('before')", "C pgblob_create_snapshot:20\nR 3\nT SELECT 1\n");
	run(&c, "DELETE FROM t");
	run(&c, "CREATE DATABASE child TEMPLATE app");
	EXPECT(&c, "SELECT pgblob_create_snapshot('after'), pgblob_create_snapshot(NULL)",
	       "C pgblob_create_snapshot:20 pgblob_create_snapshot:20\nR 4|~\nT SELECT 1\n");
	EXPECT(&c, "SELECT name, kind, lsn, committed <= created FROM pgblob_snapshots ORDER BY lsn, name",
	       "C name:19 kind:25 lsn:20 ?column?:16\nR before|snapshot|3|t\nR after|snapshot|4|t\n"
	       "R child|branch|4|t\nT SELECT 3\n");
	/* it is what it was */
	ck_assert(try_connect(&old, "app@before", NULL, 0));
	EXPECT(&old, "SELECT count(*) FROM t", "C count:20\nR 3\nT SELECT 1\n");
	EXPECT(&old, "SELECT count(*) FROM pgblob_snapshots", "C count:20\nR 3\nT SELECT 1\n");
	EXPECT(&old, "SELECT pgblob_create_snapshot('x')",
	       "E 25006 cannot execute pgblob_create_snapshot() during recovery\n");
	EXPECT(&old, "SELECT pgblob_drop_snapshot('before')",
	       "E 25006 cannot execute pgblob_drop_snapshot() during recovery\n");
	close_client(&old);
	EXPECT(&c, "SELECT pgblob_drop_snapshot('before')", "C pgblob_drop_snapshot:2278\nR \nT SELECT 1\n");
	EXPECT(&c, "SELECT name FROM pgblob_snapshots WHERE kind = 'snapshot'", "C name:19\nR after\nT SELECT 1\n");
	ck_assert(!try_connect(&old, "app@before", NULL, 0));
	buf_free(&old.r.seen);
	buf_free(&old.r.row);
	close_client(&c);
}
END_TEST

START_TEST(snapshots_that_cannot_be_are_told)
{
	struct client c = { 0 };

	connect_client(&c);
	make_table(&c);
	run(&c, "SELECT pgblob_create_snapshot('s')");
	EXPECT(&c, "SELECT pgblob_create_snapshot('s')", "E 42710 snapshot \"s\" of database \"app\" already exists\n");
	EXPECT(&c, "SELECT pgblob_drop_snapshot('none')", "E 42704 database \"app\" has no snapshot \"none\"\n");
	EXPECT(&c, "SELECT pgblob_create_snapshot('1st')", "E 42602 a snapshot's name cannot begin with \"1\"\n");
	EXPECT_BEGIN(&c, "SELECT pgblob_create_snapshot('')", "E 42602 invalid snapshot name: ");
	EXPECT_BEGIN(&c, "SELECT pgblob_create_snapshot(repeat('x', 64))", "E 42602 invalid snapshot name: ");
	EXPECT_BEGIN(&c, "SELECT pgblob_create_snapshot()", "E 42883 function pgblob_create_snapshot() does not exist");
	/* what cannot be rolled back is no part of a transaction */
	run(&c, "BEGIN");
	EXPECT(&c, "SELECT pgblob_create_snapshot('x')",
	       "E 25001 pgblob_create_snapshot() cannot run inside a transaction block\n");
	run(&c, "ROLLBACK");
	EXPECT(&c, "SELECT 1; SELECT pgblob_drop_snapshot('s')",
	       "C ?column?:23\nR 1\nT SELECT 1\nE 25001 pgblob_drop_snapshot() cannot run inside a transaction block\n");
	EXPECT(&c, "INSERT INTO t SELECT 10, pgblob_create_snapshot('x')::text",
	       "E 25001 pgblob_create_snapshot() cannot run inside a statement that writes\n");
	run(&c, "SET default_transaction_read_only = on");
	EXPECT(&c, "SELECT pgblob_create_snapshot('x')",
	       "E 25006 cannot execute pgblob_create_snapshot() in a read-only transaction\n");
	run(&c, "RESET default_transaction_read_only");
	/* the store fails */
	fault_arm_only(fixture.faults, 1, FAULT_STICKY, FAULT_OP_CREATE);
	EXPECT_BEGIN(&c, "SELECT pgblob_create_snapshot('x')", "E 58030 ");
	ck_assert(fault_disarm(fixture.faults));
	EXPECT(&c, "SELECT name FROM pgblob_snapshots", "C name:19\nR s\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(psql_describes_the_functions)
{
	struct client c = { 0 };

	connect_client(&c);
	EXPECT(&c, "SELECT p.oid::regprocedure, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid), provolatile"
		   " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
		   " WHERE p.proname ~ '^(pgblob_.*)$' AND pg_function_is_visible(p.oid) ORDER BY p.oid",
	       "C oid:2202 pg_get_function_result:25 pg_get_function_arguments:25 provolatile:18\n"
	       "R pgblob_create_snapshot(text)|bigint|snapshot_name text|v\n"
	       "R pgblob_drop_snapshot(text)|void|snapshot_name text|v\nT SELECT 2\n");
	EXPECT(&c, "SELECT proname FROM pg_proc WHERE oid = 15951", "C proname:19\nR pgblob_drop_snapshot\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

/* A column that somebody adds is described where a user looks for it. */
START_TEST(the_manual_has_every_column_and_function)
{
	struct client c = { 0 };
	char path[500];
	const char *srcdir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/man/pgblobd.8", srcdir != NULL ? srcdir : ".");
	char *manual = read_file(path);
	ck_assert_ptr_nonnull(manual);
	connect_client(&c);
	char *names = strdup(query(&c, "SELECT DISTINCT attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
				       " WHERE relname LIKE 'pgblob%' AND attnum > 0"
				       " UNION SELECT proname FROM pg_proc WHERE proname LIKE 'pgblob%'"
				       " UNION SELECT relname FROM pg_class WHERE relname LIKE 'pgblob%'"));
	unsigned n = 0;
	char *rest = NULL;
	for (char *line = strtok_r(names, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "R ", 2) != 0)
			continue;
		ck_assert_msg(strstr(manual, line + 2) != NULL, "pgblobd.8 does not tell of %s", line + 2);
		n++;
	}
	ck_assert_uint_ge(n, 50);
	free(names);
	free(manual);
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("inside");
	TCase *tc = tcase_create("inside");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, commits_are_counted_by_database);
	tcase_add_test(tc, lost_and_failed_puts_are_counted);
	tcase_add_test(tc, the_cache_tells_what_it_holds);
	tcase_add_test(tc, the_log_is_read_from_its_end_and_no_further_than_wanted);
	tcase_add_test(tc, psql_describes_the_views);
	tcase_add_test(tc, slots_are_positions_of_the_log);
	tcase_add_test(tc, snapshots_are_made_and_dropped_in_sql);
	tcase_add_test(tc, snapshots_that_cannot_be_are_told);
	tcase_add_test(tc, psql_describes_the_functions);
	tcase_add_test(tc, the_manual_has_every_column_and_function);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
