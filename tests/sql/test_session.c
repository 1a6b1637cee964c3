/*
 * test_session.c - sessions on a database in a local folder, without the wire
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "sql/session/session.h"
#include "tests/sql/session_fixture.h"

/* ---- simple query ---- */

START_TEST(a_query_gives_columns_rows_and_a_tag)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "SELECT id, name, email FROM t WHERE id < 3 ORDER BY id",
	       "C id:23 name:25 email:25\nR 1|a|a@x\nR 2|b|~\nT SELECT 2\n");
	EXPECT(&c, "UPDATE t SET name = 'z' WHERE id > 1", "T UPDATE 2\n");
	EXPECT(&c, "DELETE FROM t WHERE id = 9", "T DELETE 0\n");
	EXPECT(&c, "INSERT INTO t VALUES (4, 'd', NULL) RETURNING id", "C id:23\nR 4\nT INSERT 0 1\n");
	EXPECT(&c, "", "empty\n");
	EXPECT(&c, " ; -- nothing", "empty\n");
	ck_assert_int_eq('I', sql_status(c.session));
	close_client(&c);
}
END_TEST

/* what depends on today cannot be among the recorded answers */
START_TEST(age_of_one_argument_counts_from_today)
{
	struct client c;

	connect_client(&c);
	EXPECT(&c, "SELECT age(t) = age(current_date::timestamp, t), age(t::timestamptz) = age(current_date::timestamptz, "
		   "t::timestamptz) FROM (VALUES (timestamp '2000-02-29 01:02:03.5')) v(t)",
	       "C ?column?:16 ?column?:16\nR t|t\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(a_syntax_error_anywhere_runs_nothing)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "DELETE FROM t; SELEC 1", "E 42601 syntax error at or near \"SELEC\" @16\n");
	EXPECT(&c, "SELECT id FROM t WHERE id = 1", "C id:23\nR 1\nT SELECT 1\n");
	/* positions count characters */
	EXPECT(&c, "SELECT 'é', nope FROM t", "E 42703 column \"nope\" does not exist @13\n");
	close_client(&c);
}
END_TEST

START_TEST(several_statements_are_one_transaction)
{
	struct client c, other;

	connect_client(&c);
	connect_client(&other);
	make_table(&c);
	EXPECT(&c, "DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (2, 'x', NULL)",
	       "T DELETE 1\nE 23505 duplicate key value violates unique constraint \"t_pkey\" "
	       "{Key (id)=(2) already exists.} [public.t t_pkey]\n");
	EXPECT(&other, "SELECT id FROM t WHERE id = 1", "C id:23\nR 1\nT SELECT 1\n");
	EXPECT(&c, "DELETE FROM t WHERE id = 1; SELECT id FROM t ORDER BY id",
	       "T DELETE 1\nC id:23\nR 2\nR 3\nT SELECT 2\n");
	EXPECT(&other, "SELECT id FROM t ORDER BY id", "C id:23\nR 2\nR 3\nT SELECT 2\n");
	/* a BEGIN among them makes it a block */
	EXPECT(&c, "DELETE FROM t WHERE id = 2; BEGIN", "T DELETE 1\nT BEGIN\n");
	ck_assert_int_eq('T', sql_status(c.session));
	EXPECT(&c, "ROLLBACK", "T ROLLBACK\n");
	EXPECT(&c, "SELECT id FROM t ORDER BY id", "C id:23\nR 2\nR 3\nT SELECT 2\n");
	close_client(&c);
	close_client(&other);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_failed_transaction_refuses_all_but_its_end)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	run(&c, "BEGIN");
	run(&c, "INSERT INTO t VALUES (4, 'd', NULL)");
	EXPECT_BEGIN(&c, "INSERT INTO t VALUES (4, 'd', NULL)", "E 23505 ");
	ck_assert_int_eq('E', sql_status(c.session));
	EXPECT(&c, "SELECT 1",
	       "E 25P02 current transaction is aborted, commands ignored until end of transaction block\n");
	EXPECT(&c, "COMMIT", "T ROLLBACK\n");
	ck_assert_int_eq('I', sql_status(c.session));
	EXPECT(&c, "SELECT id FROM t WHERE id = 4", "C id:23\nT SELECT 0\n");
	EXPECT(&c, "COMMIT", "W 25P01 there is no transaction in progress\nT COMMIT\n");
	EXPECT(&c, "ROLLBACK", "W 25P01 there is no transaction in progress\nT ROLLBACK\n");
	run(&c, "BEGIN");
	EXPECT(&c, "BEGIN", "W 25001 there is already a transaction in progress\nT BEGIN\n");
	run(&c, "COMMIT");
	close_client(&c);
}
END_TEST

START_TEST(savepoints_work_after_an_error)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "SAVEPOINT a", "E 25P01 SAVEPOINT can only be used in transaction blocks\n");
	run(&c, "BEGIN");
	run(&c, "SAVEPOINT a"); /* before the first write: replayed at the first write */
	run(&c, "INSERT INTO t VALUES (4, 'd', NULL)");
	run(&c, "SAVEPOINT b");
	run(&c, "INSERT INTO t VALUES (5, 'e', NULL)");
	EXPECT_BEGIN(&c, "INSERT INTO t VALUES (5, 'e', NULL)", "E 23505 ");
	EXPECT(&c, "ROLLBACK TO nope", "E 3B001 savepoint \"nope\" does not exist\n");
	run(&c, "ROLLBACK TO SAVEPOINT b");
	ck_assert_int_eq('T', sql_status(c.session));
	EXPECT(&c, "SELECT id FROM t WHERE id > 3", "C id:23\nR 4\nT SELECT 1\n");
	run(&c, "RELEASE b");
	run(&c, "INSERT INTO t VALUES (6, 'f', NULL)");
	run(&c, "COMMIT");
	EXPECT(&c, "SELECT id FROM t WHERE id > 3 ORDER BY id", "C id:23\nR 4\nR 6\nT SELECT 2\n");
	run(&c, "BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; COMMIT");
	EXPECT(&c, "SELECT id FROM t WHERE id = 6", "C id:23\nR 6\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(read_committed_sees_what_others_commit)
{
	struct client a, b;

	connect_client(&a);
	connect_client(&b);
	make_table(&a);
	run(&a, "BEGIN");
	EXPECT(&a, "SELECT name FROM t WHERE id = 1", "C name:25\nR a\nT SELECT 1\n");
	run(&b, "UPDATE t SET name = 'b1' WHERE id = 1");
	EXPECT(&a, "SELECT name FROM t WHERE id = 1", "C name:25\nR b1\nT SELECT 1\n");
	/* its first write begins on the newest version and cannot fail */
	run(&a, "UPDATE t SET name = name || '+' WHERE id = 1");
	EXPECT(&b, "SELECT name FROM t WHERE id = 1", "C name:25\nR b1\nT SELECT 1\n");
	run(&a, "COMMIT");
	EXPECT(&b, "SELECT name FROM t WHERE id = 1", "C name:25\nR b1+\nT SELECT 1\n");
	close_client(&a);
	close_client(&b);
}
END_TEST

START_TEST(repeatable_read_keeps_its_snapshot_and_loses_to_a_later_commit)
{
	struct client a, b;

	connect_client(&a);
	connect_client(&b);
	make_table(&a);
	run(&a, "BEGIN ISOLATION LEVEL REPEATABLE READ");
	EXPECT(&a, "SELECT name FROM t WHERE id = 1", "C name:25\nR a\nT SELECT 1\n");
	run(&b, "UPDATE t SET name = 'b1' WHERE id = 1");
	EXPECT(&a, "SELECT name FROM t WHERE id = 1", "C name:25\nR a\nT SELECT 1\n");
	EXPECT_BEGIN(&a, "UPDATE t SET name = 'a1' WHERE id = 1",
		     "E 40001 could not serialize access due to concurrent update");
	EXPECT(&a, "ROLLBACK", "T ROLLBACK\n");
	/* nobody came between: it may write */
	run(&a, "BEGIN ISOLATION LEVEL SERIALIZABLE");
	EXPECT(&a, "SELECT name FROM t WHERE id = 1", "C name:25\nR b1\nT SELECT 1\n");
	run(&a, "UPDATE t SET name = 'a2' WHERE id = 1");
	run(&a, "COMMIT");
	EXPECT(&b, "SELECT name FROM t WHERE id = 1", "C name:25\nR a2\nT SELECT 1\n");
	close_client(&a);
	close_client(&b);
}
END_TEST

START_TEST(a_read_only_transaction_does_not_write)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	run(&c, "BEGIN READ ONLY");
	EXPECT(&c, "DELETE FROM t", "E 25006 cannot execute DELETE in a read-only transaction\n");
	run(&c, "ROLLBACK");
	run(&c, "SET default_transaction_read_only = on");
	EXPECT(&c, "INSERT INTO t VALUES (7, 'x', NULL)",
	       "E 25006 cannot execute INSERT in a read-only transaction\n");
	run(&c, "BEGIN READ WRITE; DELETE FROM t; COMMIT");
	close_client(&c);
}
END_TEST

START_TEST(sqlite_begins_take_the_writers_turn)
{
	struct client a, b;

	connect_client(&a);
	connect_client(&b);
	make_table(&a);
	EXPECT(&a, "BEGIN IMMEDIATE", "T BEGIN\n");
	run(&b, "SET lock_timeout = 50");
	EXPECT(&b, "DELETE FROM t", "E 55P03 canceling statement due to lock timeout\n");
	EXPECT(&b, "BEGIN EXCLUSIVE", "E 55P03 canceling statement due to lock timeout\n");
	run(&b, "ROLLBACK");
	EXPECT(&a, "INSERT OR REPLACE INTO t VALUES (1, 'new', NULL)", "T INSERT 0 1\n");
	EXPECT(&a, "INSERT OR IGNORE INTO t VALUES (1, 'newer', NULL)", "T INSERT 0 0\n");
	EXPECT(&a, "REPLACE INTO t VALUES (2, 'two', NULL)", "T INSERT 0 1\n");
	run(&a, "COMMIT");
	EXPECT(&b, "BEGIN DEFERRED; DELETE FROM t WHERE id = 3; COMMIT", "T BEGIN\nT DELETE 1\nT COMMIT\n");
	EXPECT(&b, "SELECT id, name FROM t ORDER BY id", "C id:23 name:25\nR 1|new\nR 2|two\nT SELECT 2\n");
	EXPECT(&b, "PRAGMA integrity_check", "C integrity_check:25\nR ok\nT SELECT 1\n");
	EXPECT(&b, "ATTACH 'x' AS y", "E 42601 syntax error at or near \"ATTACH\" @1\n");
	EXPECT(&b, "PRAGMA journal_mode = OFF", "E 42601 syntax error at or near \"PRAGMA\" @1\n");
	close_client(&a);
	close_client(&b);
}
END_TEST

START_TEST(statement_timeout_stops_a_wait)
{
	struct client a, b;

	connect_client(&a);
	connect_client(&b);
	make_table(&a);
	run(&a, "BEGIN; DELETE FROM t");
	run(&b, "SET statement_timeout = '40ms'");
	EXPECT(&b, "DELETE FROM t", "E 57014 canceling statement due to statement timeout\n");
	run(&b, "SET statement_timeout = 0");
	EXPECT(&b, "SELECT 1 AS one", "C one:23\nR 1\nT SELECT 1\n");
	close_client(&a); /* rolled back */
	EXPECT(&b, "DELETE FROM t", "T DELETE 3\n");
	close_client(&b);
}
END_TEST

struct canceler {
	struct sql_session *session;
	atomic_bool stop;
};

/* Again and again: one that comes before the statement does nothing. */
static void *cancel(void *arg)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	struct canceler *c = arg;

	while (!atomic_load(&c->stop)) {
		nanosleep(&pause, NULL);
		sql_cancel(c->session);
	}
	return NULL;
}

static const char endless[] =
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) "
	"SELECT max(i) FROM n";

START_TEST(idle_timeouts_go_by_the_transaction)
{
	struct client c = { 0 };

	connect_client(&c);
	ck_assert_int_eq(sql_idle_timeout(c.session), 0);
	run(&c, "SET idle_session_timeout = '2s'");
	run(&c, "SET idle_in_transaction_session_timeout = 500");
	ck_assert_int_eq(sql_idle_timeout(c.session), 2000);
	run(&c, "BEGIN");
	ck_assert_int_eq(sql_idle_timeout(c.session), 500);
	run(&c, "SET LOCAL idle_in_transaction_session_timeout = 700");
	ck_assert_int_eq(sql_idle_timeout(c.session), 700);
	EXPECT_BEGIN(&c, "SELECT 1/0", "E 22012 ");
	ck_assert_int_eq(sql_idle_timeout(c.session), 700);
	run(&c, "ROLLBACK");
	ck_assert_int_eq(sql_idle_timeout(c.session), 2000);
	run(&c, "RESET ALL");
	ck_assert_int_eq(sql_idle_timeout(c.session), 0);
	close_client(&c);
}
END_TEST

START_TEST(a_cancel_stops_what_runs_and_nothing_else)
{
	struct client c;
	pthread_t thread;

	connect_client(&c);
	make_table(&c);
	sql_cancel(c.session); /* nothing runs */
	run(&c, "SELECT 1");
	struct canceler canceler = { .session = c.session };
	ck_assert_int_eq(0, pthread_create(&thread, NULL, cancel, &canceler));
	EXPECT(&c, endless, "E 57014 canceling statement due to user request\n");
	atomic_store(&canceler.stop, true);
	pthread_join(thread, NULL);
	run(&c, "SELECT 1");
	run(&c, "SET statement_timeout = 60");
	EXPECT(&c, endless, "E 57014 canceling statement due to statement timeout\n");
	sql_terminate(c.session);
	EXPECT(&c, "SELECT 1", "E FATAL 57P01 terminating connection due to administrator command\n");
	close_client(&c);
}
END_TEST

/* ---- errors ---- */

START_TEST(broken_constraints_are_told_as_postgresql_does)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "INSERT INTO t (id, name, email) VALUES (9, 'x', 'a@x')",
	       "E 23505 duplicate key value violates unique constraint \"t_email_key\" "
	       "{Key (email)=(a@x) already exists.} [public.t t_email_key]\n");
	EXPECT(&c, "INSERT INTO t (id) VALUES (9)",
	       "E 23502 null value in column \"name\" of relation \"t\" violates not-null constraint "
	       "{Failing row contains (9, null, null).}\n");
	/* several rows: which one it was is not known */
	EXPECT(&c, "INSERT INTO t VALUES (8, 'x', NULL), (1, 'y', NULL)",
	       "E 23505 duplicate key value violates unique constraint \"t_pkey\" [public.t t_pkey]\n");
	run(&c, "CREATE TABLE k (a int CHECK (a > 0), b int REFERENCES t (id))");
	EXPECT(&c, "INSERT INTO k VALUES (0, 1)",
	       "E 23514 new row for relation \"k\" violates check constraint \"k_a_check\" "
	       "{Failing row contains (0, 1).} [public.k k_a_check]\n");
	EXPECT(&c, "INSERT INTO k VALUES (1, 77)",
	       "E 23503 insert or update on table \"k\" violates foreign key constraint \"k_b_fkey\" "
	       "{Key (b)=(77) is not present in table \"t\".} [public.k k_b_fkey]\n");
	run(&c, "INSERT INTO k VALUES (1, 1)");
	EXPECT(&c, "DELETE FROM t WHERE id = 1",
	       "E 23503 update or delete on table \"t\" violates foreign key constraint \"k_b_fkey\" on "
	       "table \"k\" [public.k k_b_fkey]\n");
	close_client(&c);
}
END_TEST

START_TEST(a_session_needs_a_database_that_is_there)
{
	struct client c;
	struct sql_setting bad = { "nonsense", "1" };
	struct sql_setting good[] = { { "application_name", "me" },
				      { "options", "-c statement_timeout=3s --search-path=public" } };

	ck_assert(!try_connect(&c, "nope", NULL, 0));
	ck_assert_str_eq(buf_str(&c.r.seen), "E FATAL 3D000 database \"nope\" does not exist\n");
	close_client(&c);
	ck_assert(!try_connect(&c, "app", &bad, 1));
	ck_assert_str_eq(buf_str(&c.r.seen),
			 "E FATAL 42704 unrecognized configuration parameter \"nonsense\"\n");
	close_client(&c);
	ck_assert(try_connect(&c, "app", good, 2));
	EXPECT(&c, "SHOW statement_timeout", "C statement_timeout:25\nR 3s\nT SHOW\n");
	EXPECT(&c, "SHOW search_path", "C search_path:25\nR public\nT SHOW\n");
	close_client(&c);
}
END_TEST

START_TEST(databases_come_and_go)
{
	struct client c, d;

	connect_client(&c);
	EXPECT(&c, "CREATE DATABASE other", "T CREATE DATABASE\n");
	EXPECT(&c, "CREATE DATABASE other", "E 42P04 database \"other\" already exists\n");
	ck_assert(try_connect(&d, "other", NULL, 0));
	make_table(&d);
	EXPECT(&c, "DROP DATABASE other",
	       "E 55006 database \"other\" is being accessed by other users "
	       "{There is 1 other session using the database.}\n");
	EXPECT(&c, "SELECT id FROM t", "E 42P01 relation \"t\" does not exist @16\n");
	EXPECT(&c, "DROP DATABASE app", "E 55006 cannot drop the currently open database\n");
	EXPECT(&c, "BEGIN; DROP DATABASE other",
	       "T BEGIN\nE 25001 DROP DATABASE cannot run inside a transaction block\n");
	run(&c, "ROLLBACK");
	close_client(&d);
	EXPECT(&c, "DROP DATABASE other", "T DROP DATABASE\n");
	EXPECT(&c, "DROP DATABASE other", "E 3D000 database \"other\" does not exist\n");
	EXPECT(&c, "DROP DATABASE IF EXISTS other",
	       "N 00000 database \"other\" does not exist, skipping\nT DROP DATABASE\n");
	close_client(&c);
}
END_TEST

/* "app" as it is now; what comes later is not in it. */
static void name_of_now(char *out, size_t size)
{
	int64_t now_us = wall_us();
	time_t seconds = (time_t)(now_us / 1000000);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "app@%s.%06dZ", text, (int)(now_us % 1000000));
	while (wall_us() <= now_us)
		;
}

START_TEST(a_database_of_the_past_is_read_only)
{
	struct client c, d;
	char name[80];

	connect_client(&c);
	run(&c, "CREATE TABLE t(id int); INSERT INTO t(id) VALUES (1)");
	name_of_now(name, sizeof(name));
	run(&c, "INSERT INTO t(id) VALUES (2)");
	run(&c, "CREATE TABLE later(v int)");
	ck_assert_msg(try_connect(&d, name, NULL, 0), "%s", buf_str(&d.r.seen));
	EXPECT(&d, "SELECT count(*) FROM t", "C count:20\nR 1\nT SELECT 1\n");
	EXPECT(&d, "SELECT * FROM later", "E 42P01 relation \"later\" does not exist @15\n");
	EXPECT(&d, "INSERT INTO t(id) VALUES (3)",
	       "E 25006 cannot execute INSERT in a read-only transaction\n");
	EXPECT(&d, "CREATE TABLE u(v int)",
	       "E 25006 cannot execute CREATE TABLE in a read-only transaction\n");
	EXPECT(&d, "ALTER TABLE t ADD x int",
	       "E 25006 cannot execute ALTER TABLE in a read-only transaction\n");
	EXPECT(&d, "DROP TABLE t", "E 25006 cannot execute DROP TABLE in a read-only transaction\n");
	EXPECT(&d, "TRUNCATE t",
	       "E 25006 cannot execute TRUNCATE TABLE in a read-only transaction\n");
	EXPECT(&d, "CREATE DATABASE x",
	       "E 25006 cannot execute CREATE DATABASE in a read-only transaction\n");
	EXPECT(&d, "VACUUM", "E 25006 cannot execute VACUUM during recovery\n");
	EXPECT(&d, "BEGIN READ WRITE",
	       "E 0A000 cannot set transaction read-write mode during recovery\n");
	run(&d, "ROLLBACK");
	EXPECT(&d, "SHOW transaction_read_only", "C transaction_read_only:25\nR on\nT SHOW\n");
	run(&d, "SET default_transaction_read_only = off");
	EXPECT(&d, "BEGIN; SET TRANSACTION READ WRITE",
	       "T BEGIN\nE 0A000 cannot set transaction read-write mode during recovery\n");
	run(&d, "ROLLBACK");
	EXPECT(&d, "SELECT count(*) FROM pg_database WHERE datname LIKE '%@%'",
	       "C count:20\nR 0\nT SELECT 1\n");
	EXPECT(&c, "CREATE DATABASE \"a@b\"",
	       "E 42602 invalid database name \"a@b\" {A database name cannot contain \"@\".}\n");
	close_client(&d);
	ck_assert(!try_connect(&d, "app@999999", NULL, 0));
	ck_assert_ptr_nonnull(strstr(buf_str(&d.r.seen),
				     "E FATAL 3D000 database \"app@999999\" does not exist "
				     "{Database \"app\" has no slot 999999 yet: the newest is "));
	close_client(&d);
	ck_assert(!try_connect(&d, "app@2023-02-30", NULL, 0));
	close_client(&d);
	close_client(&c);
}
END_TEST

START_TEST(a_template_is_branched)
{
	struct client c, d;
	char sql[160], name[80];

	connect_client(&c);
	run(&c, "CREATE TABLE t(id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
	name_of_now(name, sizeof(name));
	run(&c, "UPDATE t SET v = 'b'");
	EXPECT(&c, "CREATE DATABASE one TEMPLATE app", "T CREATE DATABASE\n");
	snprintf(sql, sizeof(sql), "CREATE DATABASE two TEMPLATE \"%s\"", name);
	EXPECT(&c, sql, "T CREATE DATABASE\n");
	EXPECT(&c, "CREATE DATABASE three WITH TEMPLATE = template0 ENCODING 'UTF8'",
	       "T CREATE DATABASE\n");
	ck_assert(try_connect(&d, "one", NULL, 0));
	EXPECT(&d, "SELECT v FROM t", "C v:25\nR b\nT SELECT 1\n");
	run(&d, "INSERT INTO t VALUES (2, 'only here'); CREATE INDEX ON t(v)");
	EXPECT(&d, "INSERT INTO t VALUES (2, 'twice')",
	       "E 23505 duplicate key value violates unique constraint \"t_pkey\" "
	       "{Key (id)=(2) already exists.} [public.t t_pkey]\n");
	close_client(&d);
	ck_assert(try_connect(&d, "two", NULL, 0));
	EXPECT(&d, "SELECT v FROM t", "C v:25\nR a\nT SELECT 1\n");
	close_client(&d);
	EXPECT(&c, "SELECT count(*) FROM t", "C count:20\nR 1\nT SELECT 1\n");
	EXPECT(&c, "CREATE DATABASE one TEMPLATE app", "E 42P04 database \"one\" already exists\n");
	EXPECT(&c, "CREATE DATABASE x TEMPLATE nope",
	       "E 3D000 template database \"nope\" does not exist\n");
	EXPECT(&c, "CREATE DATABASE x TEMPLATE \"app@nope\"",
	       "E 3D000 template database \"app@nope\" does not exist "
	       "{Database \"app\" has no snapshot \"nope\".}\n");
	EXPECT(&c, "CREATE DATABASE \"x@1\" TEMPLATE app",
	       "E 42602 invalid database name \"x@1\" {A database name cannot contain \"@\".}\n");
	EXPECT(&c, "SELECT datname FROM pg_database WHERE datname IN ('one', 'two', 'three', 'x') ORDER BY 1",
	       "C datname:19\nR one\nR three\nR two\nT SELECT 3\n");
	run(&c, "DROP DATABASE one");
	run(&c, "DROP DATABASE two");
	run(&c, "DROP DATABASE three");
	close_client(&c);
}
END_TEST

START_TEST(a_session_on_an_old_version_uses_the_database)
{
	struct client c, d;

	connect_client(&c);
	run(&c, "CREATE DATABASE other");
	ck_assert_msg(try_connect(&d, "other@1", NULL, 0), "%s", buf_str(&d.r.seen));
	EXPECT(&d, "SELECT current_database()", "C current_database:19\nR other@1\nT SELECT 1\n");
	EXPECT(&c, "DROP DATABASE other",
	       "E 55006 database \"other\" is being accessed by other users "
	       "{There is 1 other session using the database.}\n");
	close_client(&d);
	run(&c, "DROP DATABASE other");
	ck_assert(!try_connect(&d, "other@1", NULL, 0));
	close_client(&d);
	close_client(&c);
}
END_TEST

/* ---- settings ---- */

START_TEST(settings_follow_the_transaction)
{
	struct client c;

	connect_client(&c);
	EXPECT(&c, "SET statement_timeout = '90 s'; SHOW statement_timeout",
	       "T SET\nC statement_timeout:25\nR 90s\nT SHOW\n");
	run(&c, "BEGIN; SET statement_timeout = 5000; SAVEPOINT a; SET statement_timeout = 6000");
	run(&c, "ROLLBACK TO a");
	EXPECT(&c, "SHOW statement_timeout", "C statement_timeout:25\nR 5s\nT SHOW\n");
	run(&c, "ROLLBACK");
	EXPECT(&c, "SHOW statement_timeout", "C statement_timeout:25\nR 90s\nT SHOW\n");
	run(&c, "BEGIN; SET LOCAL statement_timeout = 7000");
	EXPECT(&c, "SHOW statement_timeout", "C statement_timeout:25\nR 7s\nT SHOW\n");
	run(&c, "COMMIT");
	EXPECT(&c, "SHOW statement_timeout", "C statement_timeout:25\nR 90s\nT SHOW\n");
	EXPECT(&c, "RESET ALL; SHOW statement_timeout", "T RESET\nC statement_timeout:25\nR 0\nT SHOW\n");
	EXPECT(&c, "SET LOCAL work_mem = '1MB'",
	       "W 25P01 SET LOCAL can only be used in transaction blocks\nT SET\n");
	EXPECT(&c, "SHOW work_mem", "C work_mem:25\nR 4MB\nT SHOW\n");
	EXPECT(&c, "SET my.own = 'x'; SHOW my.own", "T SET\nC my.own:25\nR x\nT SHOW\n");
	close_client(&c);
}
END_TEST

START_TEST(settings_are_checked_as_postgresql_does)
{
	struct client c;

	connect_client(&c);
	EXPECT(&c, "SET nope = 1", "E 42704 unrecognized configuration parameter \"nope\"\n");
	EXPECT(&c, "SHOW nope", "E 42704 unrecognized configuration parameter \"nope\"\n");
	EXPECT(&c, "SET enable_seqscan = maybe",
	       "E 22023 parameter \"enable_seqscan\" requires a Boolean value\n");
	EXPECT(&c, "SET statement_timeout = -5",
	       "E 22023 -5 ms is outside the valid range for parameter \"statement_timeout\" (0 .. 2147483647)\n");
	EXPECT(&c, "SET statement_timeout = '5 parsecs'",
	       "E 22023 invalid value for parameter \"statement_timeout\": \"5 parsecs\"\n");
	EXPECT(&c, "SET client_min_messages = loud",
	       "E 22023 invalid value for parameter \"client_min_messages\": \"loud\"\n");
	EXPECT(&c, "SET server_version = 1", "E 55P02 parameter \"server_version\" cannot be changed\n");
	EXPECT(&c, "SET port = 1",
	       "E 55P02 parameter \"port\" cannot be changed without restarting the server\n");
	EXPECT(&c, "SET standard_conforming_strings = off",
	       "E 0A000 setting parameter \"standard_conforming_strings\" to \"off\" is not supported\n");
	c.r.settings = true;
	EXPECT(&c, "SET application_name = 'x'; SET datestyle = 'sql, dmy'",
	       "T SET\nT SET\nG application_name=x\nG DateStyle=SQL, DMY\n");
	EXPECT(&c, "BEGIN; SET application_name = 'y'", "T BEGIN\nT SET\nG application_name=y\n");
	EXPECT(&c, "ROLLBACK", "T ROLLBACK\nG application_name=x\n");
	close_client(&c);
}
END_TEST

/* What PostgreSQL 15 takes, and what COMMIT will find. */
START_TEST(synchronous_commit_is_what_the_session_chose)
{
	static const struct {
		const char *set, *shown;
		enum synchronous_commit level;
	} taken[] = {
		{ "off", "off", SYNC_OFF },   { "TRUE", "on", SYNC_ON }, { "0", "off", SYNC_OFF },
		{ "'YES'", "on", SYNC_ON },   { "No", "off", SYNC_OFF }, { "1", "on", SYNC_ON },
		{ "local", "local", SYNC_LOCAL },
		{ "Remote_Write", "remote_write", SYNC_REMOTE_WRITE },
		{ "'remote_apply'", "remote_apply", SYNC_REMOTE_APPLY },
		{ "false", "off", SYNC_OFF }, { "DEFAULT", "on", SYNC_ON },
	};
	static const char *const refused[] = { "t", "tru", "2", " on", "remote", "" };
	static const struct sql_setting options = { "options", "-c synchronous-commit=local" };
	static const struct sql_setting wrong = { "synchronous_commit", "of" };
	struct client c;
	char text[96], want[128];

	connect_client(&c);
	ck_assert_int_eq(SYNC_ON, c.session->settings.synchronous_commit);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		snprintf(text, sizeof(text), "SET synchronous_commit = %s", taken[i].set);
		run(&c, text);
		snprintf(want, sizeof(want), "C synchronous_commit:25\nR %s\nT SHOW\n", taken[i].shown);
		EXPECT(&c, "SHOW synchronous_commit", want);
		ck_assert_int_eq(taken[i].level, c.session->settings.synchronous_commit);
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		snprintf(text, sizeof(text), "SET synchronous_commit = '%s'", refused[i]);
		snprintf(want, sizeof(want),
			 "E 22023 invalid value for parameter \"synchronous_commit\": \"%s\"\n", refused[i]);
		EXPECT(&c, text, want);
	}
	run(&c, "BEGIN; SET LOCAL synchronous_commit = off; SAVEPOINT a");
	run(&c, "SELECT set_config('synchronous_commit', 'remote_write', true)");
	ck_assert_int_eq(SYNC_REMOTE_WRITE, c.session->settings.synchronous_commit);
	run(&c, "ROLLBACK TO a");
	ck_assert_int_eq(SYNC_OFF, c.session->settings.synchronous_commit);
	run(&c, "COMMIT");
	ck_assert_int_eq(SYNC_ON, c.session->settings.synchronous_commit);
	close_client(&c);
	ck_assert(try_connect(&c, "app", &options, 1));
	ck_assert_int_eq(SYNC_LOCAL, c.session->settings.synchronous_commit);
	run(&c, "SET synchronous_commit = off; RESET synchronous_commit");
	ck_assert_int_eq(SYNC_LOCAL, c.session->settings.synchronous_commit);
	run(&c, "SET synchronous_commit = off");
	run(&c, "DISCARD ALL");
	ck_assert_int_eq(SYNC_LOCAL, c.session->settings.synchronous_commit);
	close_client(&c);
	ck_assert(!try_connect(&c, "app", &wrong, 1));
	ck_assert_ptr_nonnull(strstr(buf_str(&c.r.seen), "E FATAL 22023 invalid value for"));
	buf_free(&c.r.seen);
	buf_free(&c.r.row);
}
END_TEST

START_TEST(deferred_foreign_keys_are_checked_at_commit)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	run(&c, "CREATE TABLE d (a int REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
	run(&c, "BEGIN; INSERT INTO d VALUES (50)");
	EXPECT(&c, "COMMIT",
	       "E 23503 insert or update on table \"d\" violates foreign key constraint \"d_a_fkey\" "
	       "[public.d d_a_fkey]\n");
	ck_assert_int_eq('I', sql_status(c.session));
	run(&c, "BEGIN; INSERT INTO d VALUES (50); INSERT INTO t VALUES (50, 'x', NULL); COMMIT");
	run(&c, "BEGIN; INSERT INTO d VALUES (60)");
	EXPECT_BEGIN(&c, "SET CONSTRAINTS ALL IMMEDIATE", "E 23503 ");
	run(&c, "ROLLBACK");
	run(&c, "CREATE TABLE i (a int REFERENCES t (id))");
	run(&c, "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO i VALUES (70)");
	run(&c, "INSERT INTO t VALUES (70, 'y', NULL); COMMIT");
	close_client(&c);
}
END_TEST

START_TEST(what_runs_may_end_when_the_server_stops)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	/* a pipeline that was executed is committed by its Sync */
	sql_prepare(c.session, "", "DELETE FROM t WHERE id = 1", NULL, 0, &c.r.sink);
	sql_bind(c.session, "", "", NULL, 0, NULL, 0, NULL, 0, &c.r.sink);
	ck_assert(sql_execute(c.session, "", 0, &c.r.sink));
	sql_terminate(c.session);
	ck_assert(sql_sync(c.session, &c.r.sink));
	EXPECT(&c, "SELECT 1", "E FATAL 57P01 terminating connection due to administrator command\n");
	close_client(&c);
	connect_client(&c);
	EXPECT(&c, "SELECT id FROM t WHERE id = 1", "C id:23\nT SELECT 0\n");
	close_client(&c);
}
END_TEST

/* ---- extended query ---- */

static const char *extended(struct client *c, const char *text, const char *const *values, size_t n,
			    int16_t result_format, uint32_t max_rows)
{
	struct sql_value v[8];

	for (size_t i = 0; i < n; i++)
		v[i] = (struct sql_value){ values[i], values[i] != NULL ? strlen(values[i]) : 0 };
	buf_reset(&c->r.seen);
	if (sql_prepare(c->session, "", text, NULL, 0, &c->r.sink) &&
	    sql_bind(c->session, "", "", NULL, 0, v, n, &result_format, 1, &c->r.sink) &&
	    sql_describe_portal(c->session, "", &c->r.sink))
		sql_execute(c->session, "", max_rows, &c->r.sink);
	return buf_str(&c->r.seen);
}

START_TEST(parameters_have_the_types_of_their_place)
{
	struct client c;
	const char *one[] = { "1" }, *bad[] = { "x" };
	static const char four[4] = { 0, 0, 0, 2 };
	struct sql_value binary = { four, 4 };
	int16_t format = 1;

	connect_client(&c);
	make_table(&c);
	sql_prepare(c.session, "s", "SELECT id, name FROM t WHERE id = $1", NULL, 0, &c.r.sink);
	buf_reset(&c.r.seen);
	ck_assert(sql_describe_statement(c.session, "s", &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen), "P 23\nC id:23 name:25\n");
	buf_reset(&c.r.seen);
	ck_assert(sql_bind(c.session, "p", "s", &format, 1, &binary, 1, &format, 1, &c.r.sink));
	ck_assert(sql_execute(c.session, "p", 0, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen), "R \\0\\0\\0\\2|b\nT SELECT 1\n");
	ck_assert(sql_sync(c.session, &c.r.sink));
	ck_assert_str_eq(extended(&c, "SELECT name FROM t WHERE id = $1", one, 1, 0, 0),
			 "C name:25\nR a\nT SELECT 1\n");
	sql_sync(c.session, &c.r.sink);
	ck_assert_str_eq(extended(&c, "SELECT name FROM t WHERE id = $1", bad, 1, 0, 0),
			 "E 22P02 invalid input syntax for type integer: \"x\"\n");
	sql_sync(c.session, &c.r.sink);
	buf_reset(&c.r.seen);
	ck_assert(!sql_bind(c.session, "", "s", NULL, 0, NULL, 0, NULL, 0, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen),
			 "E 08P01 bind message supplies 0 parameters, but prepared statement \"s\" requires 1\n");
	sql_sync(c.session, &c.r.sink);
	buf_reset(&c.r.seen);
	ck_assert(!sql_bind(c.session, "", "nope", NULL, 0, NULL, 0, NULL, 0, &c.r.sink));
	ck_assert(!sql_prepare(c.session, "s", "SELECT 1", NULL, 0, &c.r.sink));
	ck_assert(!sql_prepare(c.session, "", "SELECT 1; SELECT 2", NULL, 0, &c.r.sink));
	ck_assert(!sql_execute(c.session, "gone", 0, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen),
			 "E 26000 prepared statement \"nope\" does not exist\n"
			 "E 25P02 current transaction is aborted, commands ignored until end of transaction block\n"
			 "E 42601 cannot insert multiple commands into a prepared statement\n"
			 "E 34000 portal \"gone\" does not exist\n");
	sql_sync(c.session, &c.r.sink);
	close_client(&c);
}
END_TEST

START_TEST(a_pipeline_is_one_transaction_until_sync)
{
	struct client c, other;
	const char *nine[] = { "9" };

	connect_client(&c);
	connect_client(&other);
	make_table(&c);
	ck_assert_str_eq(extended(&c, "INSERT INTO t VALUES ($1, 'n', NULL)", nine, 1, 0, 0),
			 "no data\nT INSERT 0 1\n");
	EXPECT(&other, "SELECT id FROM t WHERE id = 9", "C id:23\nT SELECT 0\n");
	ck_assert_str_eq(extended(&c, "INSERT INTO t VALUES ($1, 'n', NULL)", nine, 1, 0, 0),
			 "no data\nE 23505 duplicate key value violates unique constraint \"t_pkey\" "
			 "{Key (id)=(9) already exists.} [public.t t_pkey]\n");
	ck_assert(sql_sync(c.session, &c.r.sink));
	EXPECT(&other, "SELECT id FROM t WHERE id = 9", "C id:23\nT SELECT 0\n");
	ck_assert_str_eq(extended(&c, "INSERT INTO t VALUES ($1, 'n', NULL)", nine, 1, 0, 0),
			 "no data\nT INSERT 0 1\n");
	ck_assert(sql_sync(c.session, &c.r.sink));
	EXPECT(&other, "SELECT id FROM t WHERE id = 9", "C id:23\nR 9\nT SELECT 1\n");
	close_client(&c);
	close_client(&other);
}
END_TEST

START_TEST(a_portal_suspends_and_goes_on)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	run(&c, "BEGIN");
	ck_assert_str_eq(extended(&c, "SELECT id FROM t ORDER BY id", NULL, 0, 0, 2),
			 "C id:23\nR 1\nR 2\nS\n");
	/* the session's own change is not seen by what was open before */
	sql_prepare(c.session, "d", "DELETE FROM t", NULL, 0, &c.r.sink);
	sql_bind(c.session, "d", "d", NULL, 0, NULL, 0, NULL, 0, &c.r.sink);
	ck_assert(sql_execute(c.session, "d", 0, &c.r.sink));
	buf_reset(&c.r.seen);
	ck_assert(sql_execute(c.session, "", 2, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen), "R 3\nT SELECT 1\n");
	sql_sync(c.session, &c.r.sink);
	run(&c, "ROLLBACK");
	/* the same when the transaction has written before the portal opened */
	run(&c, "BEGIN; UPDATE t SET name = 'u'");
	ck_assert_str_eq(extended(&c, "SELECT id FROM t ORDER BY id", NULL, 0, 0, 1), "C id:23\nR 1\nS\n");
	sql_bind(c.session, "d", "d", NULL, 0, NULL, 0, NULL, 0, &c.r.sink);
	ck_assert(sql_execute(c.session, "d", 0, &c.r.sink));
	buf_reset(&c.r.seen);
	ck_assert(sql_execute(c.session, "", 0, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen), "R 2\nR 3\nT SELECT 2\n");
	run(&c, "ROLLBACK");
	EXPECT(&c, "SELECT id FROM t WHERE id = 1", "C id:23\nR 1\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

START_TEST(a_prepared_statement_follows_the_schema)
{
	struct client c, other;

	connect_client(&c);
	connect_client(&other);
	make_table(&c);
	ck_assert(sql_prepare(c.session, "all", "SELECT * FROM t WHERE id = 1", NULL, 0, &c.r.sink));
	ck_assert(sql_prepare(c.session, "id", "SELECT id FROM t WHERE id = 1", NULL, 0, &c.r.sink));
	sql_sync(c.session, &c.r.sink);
	run(&other, "ALTER TABLE t ADD COLUMN more int");
	buf_reset(&c.r.seen);
	ck_assert(sql_bind(c.session, "", "id", NULL, 0, NULL, 0, NULL, 0, &c.r.sink));
	ck_assert(sql_execute(c.session, "", 0, &c.r.sink));
	ck_assert(sql_bind(c.session, "", "all", NULL, 0, NULL, 0, NULL, 0, &c.r.sink));
	ck_assert(!sql_execute(c.session, "", 0, &c.r.sink));
	ck_assert_str_eq(buf_str(&c.r.seen),
			 "R 1\nT SELECT 1\nE 0A000 cached plan must not change result type\n");
	sql_sync(c.session, &c.r.sink);
	EXPECT(&c, "SELECT * FROM t WHERE id = 1",
	       "C id:23 name:25 email:25 more:23\nR 1|a|a@x|~\nT SELECT 1\n");
	close_client(&c);
	close_client(&other);
}
END_TEST

START_TEST(schema_changes_are_part_of_the_transaction)
{
	struct client c, other;

	connect_client(&c);
	connect_client(&other);
	run(&c, "BEGIN; CREATE TABLE n (a int); INSERT INTO n VALUES (1)");
	EXPECT(&c, "SELECT a FROM n", "C a:23\nR 1\nT SELECT 1\n");
	EXPECT_BEGIN(&other, "SELECT a FROM n", "E 42P01 ");
	run(&c, "ROLLBACK");
	EXPECT_BEGIN(&c, "SELECT a FROM n", "E 42P01 ");
	run(&c, "BEGIN; SAVEPOINT s; CREATE TABLE n (a int); ROLLBACK TO s; CREATE TABLE n (b int); COMMIT");
	EXPECT(&other, "SELECT b FROM n", "C b:23\nT SELECT 0\n");
	close_client(&c);
	close_client(&other);
}
END_TEST

/* ---- PREPARE, cursors, COPY ---- */

START_TEST(prepare_and_execute_in_sql)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "PREPARE p (int) AS SELECT name FROM t WHERE id = $1", "T PREPARE\n");
	EXPECT(&c, "EXECUTE p (1 + 1)", "C name:25\nR b\nT SELECT 1\n");
	EXPECT(&c, "EXECUTE p (1, 2)",
	       "E 42601 wrong number of parameters for prepared statement \"p\" "
	       "{Expected 1 parameters but got 2.}\n");
	EXPECT(&c, "PREPARE i AS INSERT INTO t VALUES ($1, $2, NULL)", "T PREPARE\n");
	EXPECT(&c, "EXECUTE i (7, 'seven')", "T INSERT 0 1\n");
	EXPECT(&c, "EXECUTE p (7)", "C name:25\nR seven\nT SELECT 1\n");
	EXPECT(&c, "DEALLOCATE p", "T DEALLOCATE\n");
	EXPECT(&c, "EXECUTE p (1)", "E 26000 prepared statement \"p\" does not exist\n");
	EXPECT(&c, "DEALLOCATE ALL", "T DEALLOCATE ALL\n");
	close_client(&c);
}
END_TEST

START_TEST(cursors_move_both_ways_and_may_outlive_the_transaction)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	EXPECT(&c, "DECLARE c CURSOR FOR SELECT id FROM t",
	       "E 25P01 DECLARE CURSOR can only be used in transaction blocks\n");
	run(&c, "BEGIN; DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id");
	EXPECT(&c, "FETCH 2 FROM c", "C id:23\nR 1\nR 2\nT FETCH 2\n");
	EXPECT(&c, "MOVE 1 FROM c", "T MOVE 1\n");
	EXPECT(&c, "FETCH c", "C id:23\nT FETCH 0\n");
	run(&c, "COMMIT");
	EXPECT_BEGIN(&c, "FETCH c", "E 34000 cursor \"c\" does not exist");
	run(&c, "BEGIN; DECLARE s SCROLL CURSOR FOR SELECT id FROM t ORDER BY id");
	EXPECT(&c, "FETCH LAST FROM s", "C id:23\nR 3\nT FETCH 1\n");
	EXPECT(&c, "FETCH PRIOR FROM s", "C id:23\nR 2\nT FETCH 1\n");
	EXPECT(&c, "FETCH BACKWARD ALL FROM s", "C id:23\nR 1\nT FETCH 1\n");
	EXPECT(&c, "FETCH ALL FROM s", "C id:23\nR 1\nR 2\nR 3\nT FETCH 3\n");
	EXPECT(&c, "FETCH ABSOLUTE -2 FROM s", "C id:23\nR 2\nT FETCH 1\n");
	EXPECT(&c, "FETCH RELATIVE 1 FROM s", "C id:23\nR 3\nT FETCH 1\n");
	EXPECT(&c, "CLOSE s", "T CLOSE CURSOR\n");
	run(&c, "DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id; FETCH h; COMMIT");
	run(&c, "DELETE FROM t");
	EXPECT(&c, "FETCH ALL h", "C id:23\nR 2\nR 3\nT FETCH 2\n");
	EXPECT(&c, "CLOSE ALL", "T CLOSE CURSOR ALL\n");
	close_client(&c);
}
END_TEST

START_TEST(copy_reads_and_writes_text_and_csv)
{
	struct client c;

	connect_client(&c);
	run(&c, "CREATE TABLE k (a int, b text, d text DEFAULT 'def')");
	c.r.copy = "1\tone\tx\n2\t\\N\ta\\tb\\\\c\n3\t\t\\N\n\\.\n";
	EXPECT(&c, "COPY k FROM STDIN", "copy in 0 3\nT COPY 3\n");
	EXPECT(&c, "SELECT a, b, d FROM k ORDER BY a",
	       "C a:23 b:25 d:25\nR 1|one|x\nR 2|~|a\\9b\\c\nR 3||~\nT SELECT 3\n");
	EXPECT(&c, "COPY k TO STDOUT",
	       "copy out 0 3\nD 1\tone\tx\nD 2\t\\N\ta\\tb\\\\c\nD 3\t\t\\N\ncopy end\nT COPY 3\n");
	run(&c, "DELETE FROM k");
	c.r.copy = "a,b\r\n1,\"quo\"\"ted, yes\"\r\n2,\"two\nlines\"\r\n3,\r\n4,\"\"";
	EXPECT(&c, "COPY k (a, b) FROM STDIN WITH (FORMAT csv, HEADER)", "copy in 0 2\nT COPY 4\n");
	EXPECT(&c, "COPY (SELECT a, b, d FROM k ORDER BY a) TO STDOUT CSV HEADER",
	       "copy out 0 3\nD a,b,d\nD 1,\"quo\"\"ted, yes\",def\nD 2,\"two\nlines\",def\n"
	       "D 3,,def\nD 4,\"\",def\ncopy end\nT COPY 4\n");
	c.r.copy = "1\tx\n";
	EXPECT(&c, "COPY k FROM STDIN", "copy in 0 3\nE 22P04 missing data for column \"d\"\n");
	c.r.copy = "1\tx\ty\tz\n";
	EXPECT(&c, "COPY k FROM STDIN", "copy in 0 3\nE 22P04 extra data after last expected column\n");
	c.r.copy = "x\tx\ty\n";
	EXPECT(&c, "COPY k FROM STDIN",
	       "copy in 0 3\nE 22P02 invalid input syntax for type integer: \"x\"\n");
	c.r.copy = "5\t\xff\ty\n";
	EXPECT(&c, "COPY k FROM STDIN",
	       "copy in 0 3\nE 22021 invalid byte sequence for encoding \"UTF8\": 0xff\n");
	EXPECT(&c, "COPY k FROM '/etc/passwd'",
	       "E 0A000 COPY to or from a file of the server is not supported\n");
	EXPECT_BEGIN(&c, "SELECT a FROM k WHERE a = 5", "C a:23\nT SELECT 0");
	close_client(&c);
}
END_TEST

START_TEST(a_client_that_goes_away_leaves_the_server_usable)
{
	struct client c;

	connect_client(&c);
	make_table(&c);
	c.r.gone_after = 1;
	EXPECT(&c, "SELECT id FROM t ORDER BY id", "C id:23\nR 1\n");
	c.r.gone_after = 0;
	EXPECT(&c, "SELECT 1 AS one", "C one:23\nR 1\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

/* ---- many at once ---- */

enum { WRITERS = 6, ROUNDS = 25 };

static void *increment(void *arg)
{
	struct client *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (i % 2 == 0) {
			run(c, "UPDATE t SET id = id + 1 WHERE name = 'counter'");
		} else {
			run(c, "BEGIN");
			run(c, "SELECT id FROM t WHERE name = 'counter'");
			run(c, "UPDATE t SET id = id + 1 WHERE name = 'counter'");
			run(c, "COMMIT");
		}
	}
	return NULL;
}

START_TEST(writers_wait_for_their_turn_and_lose_nothing)
{
	struct client c, clients[WRITERS];
	pthread_t threads[WRITERS];
	char want[64];

	connect_client(&c);
	make_table(&c);
	run(&c, "INSERT INTO t VALUES (1000, 'counter', NULL)");
	for (int i = 0; i < WRITERS; i++) {
		connect_client(&clients[i]);
		ck_assert_int_eq(0, pthread_create(&threads[i], NULL, increment, &clients[i]));
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		close_client(&clients[i]);
	}
	snprintf(want, sizeof(want), "C id:23\nR %d\nT SELECT 1\n", 1000 + WRITERS * ROUNDS);
	EXPECT(&c, "SELECT id FROM t WHERE name = 'counter'", want);
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("session");
	TCase *tc = tcase_create("session");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, a_query_gives_columns_rows_and_a_tag);
	tcase_add_test(tc, age_of_one_argument_counts_from_today);
	tcase_add_test(tc, a_syntax_error_anywhere_runs_nothing);
	tcase_add_test(tc, several_statements_are_one_transaction);
	tcase_add_test(tc, a_failed_transaction_refuses_all_but_its_end);
	tcase_add_test(tc, savepoints_work_after_an_error);
	tcase_add_test(tc, read_committed_sees_what_others_commit);
	tcase_add_test(tc, repeatable_read_keeps_its_snapshot_and_loses_to_a_later_commit);
	tcase_add_test(tc, a_read_only_transaction_does_not_write);
	tcase_add_test(tc, sqlite_begins_take_the_writers_turn);
	tcase_add_test(tc, statement_timeout_stops_a_wait);
	tcase_add_test(tc, idle_timeouts_go_by_the_transaction);
	tcase_add_test(tc, a_cancel_stops_what_runs_and_nothing_else);
	tcase_add_test(tc, broken_constraints_are_told_as_postgresql_does);
	tcase_add_test(tc, deferred_foreign_keys_are_checked_at_commit);
	tcase_add_test(tc, what_runs_may_end_when_the_server_stops);
	tcase_add_test(tc, a_session_needs_a_database_that_is_there);
	tcase_add_test(tc, databases_come_and_go);
	tcase_add_test(tc, a_database_of_the_past_is_read_only);
	tcase_add_test(tc, a_template_is_branched);
	tcase_add_test(tc, a_session_on_an_old_version_uses_the_database);
	tcase_add_test(tc, settings_follow_the_transaction);
	tcase_add_test(tc, settings_are_checked_as_postgresql_does);
	tcase_add_test(tc, synchronous_commit_is_what_the_session_chose);
	tcase_add_test(tc, parameters_have_the_types_of_their_place);
	tcase_add_test(tc, a_pipeline_is_one_transaction_until_sync);
	tcase_add_test(tc, a_portal_suspends_and_goes_on);
	tcase_add_test(tc, a_prepared_statement_follows_the_schema);
	tcase_add_test(tc, schema_changes_are_part_of_the_transaction);
	tcase_add_test(tc, prepare_and_execute_in_sql);
	tcase_add_test(tc, cursors_move_both_ways_and_may_outlive_the_transaction);
	tcase_add_test(tc, copy_reads_and_writes_text_and_csv);
	tcase_add_test(tc, a_client_that_goes_away_leaves_the_server_usable);
	tcase_add_test(tc, writers_wait_for_their_turn_and_lose_nothing);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
