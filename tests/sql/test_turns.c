/*
 * test_turns.c - the writer's turn, places and connections, when there are few of them and
 * everything goes wrong: nobody is kept waiting for ever
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/error.h"
#include "base/thread.h"
#include "tests/lib/fault_store.h"
#include "tests/sql/session_fixture.h"
#include "vfs/vfs.h"

/* ---- SQLite's memory ---- */

static sqlite3_mem_methods real;
static atomic_int until_failure; /* 0: none fails */
static atomic_bool has_failed;

static bool fails_now(void)
{
	if (atomic_load(&until_failure) == 0 || atomic_fetch_sub(&until_failure, 1) != 1)
		return false;
	atomic_store(&has_failed, true);
	return true;
}

static void *failing_malloc(int n)
{
	return fails_now() ? NULL : real.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
	return fails_now() ? NULL : real.xRealloc(p, n);
}

static bool take_over_memory(void)
{
	sqlite3_mem_methods failing;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
		return false;
	failing = real;
	failing.xMalloc = failing_malloc;
	failing.xRealloc = failing_realloc;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK;
}

/* ---- a server with few places ---- */

/* Readers do not ask the store for news. */
static void reopen(unsigned places)
{
	struct vfs_config vfs = { .store = fixture.faults, .cache_ttl_ms = 3600000, .commit_timeout_ms = 300 };
	struct sql_config config = { .store = fixture.faults, .superuser = "postgres", .default_database = "app",
				     .pool_size = places, .port = 5432 };
	struct error err = ERROR_INIT;

	sql_server_close(fixture.server);
	vfs_deinit();
	ck_assert_msg(vfs_init(&vfs, &err), "%s", err.text);
	ck_assert_msg(sql_server_open(&config, &fixture.server, &err), "%s", err.text);
}

/* Commit from another machine: a handle with a store of its own. */
static int commit_elsewhere(const char *sql)
{
	char uri[256];
	sqlite3 *db;

	snprintf(uri, sizeof(uri), "file:app?vfs=pgblob&store=file://%s/", fixture.dir);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

/* A statement that another thread runs. */
struct other {
	pthread_t thread;
	struct client client;
	const char *sql;
	atomic_bool done;
};

static void *run_other(void *arg)
{
	struct other *o = arg;

	(void)query(&o->client, o->sql);
	atomic_store(&o->done, true);
	return NULL;
}

static void start(struct other *o, const char *sql)
{
	o->sql = sql;
	atomic_store(&o->done, false);
	ck_assert_int_eq(0, pthread_create(&o->thread, NULL, run_other, o));
}

static const char *result(struct other *o)
{
	pthread_join(o->thread, NULL);
	return buf_str(&o->client.r.seen);
}

/* Nobody has the turn. */
static void check_writable(struct client *c)
{
	EXPECT(c, "SET lock_timeout = '60s'", "T SET\n");
	EXPECT(c, "UPDATE t SET name = name || '.' WHERE id = 2", "T UPDATE 1\n");
}

START_TEST(who_waits_for_his_turn_has_no_place)
{
	struct other waiting[3] = { 0 };
	struct client writer, reader;

	reopen(1);
	connect_client(&writer);
	connect_client(&reader);
	make_table(&writer);
	run(&writer, "BEGIN; UPDATE t SET name = 'x' WHERE id = 1");
	for (int i = 0; i < 3; i++)
		connect_client(&waiting[i].client);
	run(&waiting[0].client, "SET lock_timeout = '50ms'");
	start(&waiting[0], "UPDATE t SET name = name || '0' WHERE id = 1");
	start(&waiting[1], "UPDATE t SET name = name || '1' WHERE id = 1");
	start(&waiting[2], "VACUUM FULL");
	ck_assert_str_eq("E 55P03 canceling statement due to lock timeout\n", result(&waiting[0]));
	EXPECT(&reader, "SELECT name FROM t WHERE id = 1", "C name:25\nR a\nT SELECT 1\n");
	/* one that is stopped, and one that goes on when the writer does */
	while (!atomic_load(&waiting[2].done)) {
		sql_cancel(waiting[2].client.session);
		usleep(1000);
	}
	ck_assert_str_eq("E 57014 canceling statement due to user request\n", result(&waiting[2]));
	run(&writer, "UPDATE t SET name = name || 'y' WHERE id = 1");
	ck_assert(!atomic_load(&waiting[1].done));
	run(&writer, "COMMIT");
	ck_assert_str_eq("T UPDATE 1\n", result(&waiting[1]));
	EXPECT(&reader, "SELECT name FROM t WHERE id = 1", "C name:25\nR xy1\nT SELECT 1\n");
	for (int i = 0; i < 3; i++)
		close_client(&waiting[i].client);
	/* who leaves in the middle of his transaction */
	run(&writer, "BEGIN; UPDATE t SET name = 'z' WHERE id = 1");
	close_client(&writer);
	check_writable(&reader);
	close_client(&reader);
}
END_TEST

/* Others may hand the turn on to each other for ever. */
START_TEST(a_snapshot_that_is_old_does_not_wait_for_a_turn)
{
	struct client writer, late;

	reopen(1);
	connect_client(&writer);
	connect_client(&late);
	make_table(&writer);
	EXPECT(&late, "SET lock_timeout = '60s'", "T SET\n");
	run(&late, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");
	run(&writer, "UPDATE t SET name = 'x' WHERE id = 1");
	run(&writer, "BEGIN; UPDATE t SET name = 'y' WHERE id = 1");
	EXPECT(&late, "UPDATE t SET name = 'z' WHERE id = 2",
	       "E 40001 could not serialize access due to concurrent update\n");
	run(&late, "ROLLBACK");
	run(&writer, "COMMIT");
	check_writable(&late);
	close_client(&writer);
	close_client(&late);
}
END_TEST

struct reading {
	pthread_t thread;
	struct client client;
	atomic_bool *stop;
};

static void *read_on(void *arg)
{
	struct reading *r = arg;

	while (!atomic_load(r->stop))
		run(&r->client, "SELECT count(*) FROM t a, t b, t c, t d, t e");
	return NULL;
}

/* Places are short, but nobody else writes. */
START_TEST(nowait_does_not_wait_for_the_turn_but_for_a_place)
{
	static struct reading readers[6];
	atomic_bool stop = false;
	struct client c;

	reopen(1);
	connect_client(&c);
	make_table(&c);
	run(&c, "INSERT INTO t SELECT id + 3, name FROM t");
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		readers[i].stop = &stop;
		connect_client(&readers[i].client);
		ck_assert_int_eq(0, pthread_create(&readers[i].thread, NULL, read_on, &readers[i]));
	}
	for (int i = 0; i < 50; i++)
		run(&c, "BEGIN; LOCK TABLE t IN EXCLUSIVE MODE NOWAIT; COMMIT");
	atomic_store(&stop, true);
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		pthread_join(readers[i].thread, NULL);
		close_client(&readers[i].client);
	}
	/* and if somebody does, it is told at once */
	struct client writer;
	connect_client(&writer);
	run(&writer, "BEGIN; DELETE FROM t");
	EXPECT(&c, "BEGIN; LOCK TABLE t IN EXCLUSIVE MODE NOWAIT",
	       "T BEGIN\nE 55P03 could not obtain lock on relation \"t\"\n");
	run(&c, "ROLLBACK");
	EXPECT(&c, "SELECT a.id FROM t AS a JOIN t AS b ON a.id = b.id WHERE a.id = 1 FOR UPDATE NOWAIT",
	       "E 55P03 could not obtain lock on row in relation \"t\"\n");
	run(&writer, "ROLLBACK");
	EXPECT(&c, "SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", "C id:23\nR 1\nT SELECT 1\n");
	close_client(&writer);
	check_writable(&c);
	close_client(&c);
}
END_TEST

static void read_meanwhile(void *arg)
{
	EXPECT((struct client *)arg, "SELECT count(*) FROM t", "C count:20\nR 3\nT SELECT 1\n");
}

/* A writer asks the store whether he may, which takes long if it does not answer. */
START_TEST(who_asks_the_store_before_he_writes_has_no_place)
{
	struct client writer, reader;

	reopen(1);
	connect_client(&writer);
	connect_client(&reader);
	make_table(&writer);
	EXPECT(&reader, "SELECT count(*) FROM t", "C count:20\nR 3\nT SELECT 1\n");
	EXPECT(&reader, "SET statement_timeout = '60s'", "T SET\n");
	/* while others write he asks each time */
	ck_assert_int_eq(SQLITE_OK, commit_elsewhere("UPDATE t SET name = name || '.' WHERE id = 2"));
	run(&writer, "UPDATE t SET name = 'n' WHERE id = 2");
	fault_set_hook(fixture.faults, read_meanwhile, &reader);
	fault_arm_only(fixture.faults, 1, FAULT_HOOK, FAULT_OP_GET);
	run(&writer, "UPDATE t SET name = 'c' WHERE id = 2");
	ck_assert(fault_disarm(fixture.faults));
	close_client(&writer);
	close_client(&reader);
}
END_TEST

/* Each allocation of SQLite's that the statement makes fails once. */
static void sweep_memory(struct client *other, const char *before, const char *sql)
{
	has_failed = true;
	for (int nth = 1; has_failed; nth++) {
		struct client c;

		connect_client(&c);
		run(&c, before);
		has_failed = false;
		until_failure = nth;
		(void)query(&c, sql);
		until_failure = 0;
		if (sql_status(c.session) != 'I')
			run(&c, "ROLLBACK");
		check_writable(other);
		close_client(&c);
	}
}

START_TEST(who_has_no_memory_keeps_no_turn)
{
	struct client other;

	connect_client(&other);
	make_table(&other);
	sweep_memory(&other, "BEGIN; UPDATE t SET name = 'm' WHERE id = 1", "ROLLBACK");
	sweep_memory(&other, "BEGIN; UPDATE t SET name = 'm' WHERE id = 1", "COMMIT");
	sweep_memory(&other, "BEGIN; SAVEPOINT s; UPDATE t SET name = 'm' WHERE id = 1", "ROLLBACK TO s");
	sweep_memory(&other, "BEGIN", "UPDATE t SET name = 'm' WHERE id = 1");
	sweep_memory(&other, "SELECT 1", "INSERT INTO t SELECT id + 10, name FROM t ON CONFLICT DO NOTHING");
	close_client(&other);
}
END_TEST

/* ---- clients that come back at once ---- */

struct guest {
	pthread_t thread;
	atomic_uint *n_served;
	atomic_bool *stop;
};

static void *come_again(void *arg)
{
	struct guest *g = arg;

	while (!atomic_load(g->stop)) {
		struct client c;
		bool in = try_connect(&c, "x", NULL, 0);

		for (int i = 0; in && i < 20; i++)
			in = strncmp(query(&c, "INSERT INTO t VALUES (1)"), "T ", 2) == 0;
		if (in)
			atomic_fetch_add(g->n_served, 1);
		close_client(&c);
	}
	return NULL;
}

START_TEST(a_database_is_dropped_by_force_whoever_comes_back)
{
	static struct guest guests[6];
	atomic_bool stop = false;
	atomic_uint n_served = 0;
	struct client c, x;

	reopen(2);
	connect_client(&c);
	for (int round = 0; round < 3; round++) {
		run(&c, "CREATE DATABASE x");
		ck_assert(try_connect(&x, "x", NULL, 0));
		run(&x, "CREATE TABLE t (a int)");
		close_client(&x);
		for (size_t i = 0; round == 0 && i < ARRAY_LEN(guests); i++) {
			guests[i] = (struct guest){ .n_served = &n_served, .stop = &stop };
			ck_assert_int_eq(0, pthread_create(&guests[i].thread, NULL, come_again, &guests[i]));
		}
		for (unsigned before = n_served; atomic_load(&n_served) < before + 6;)
			usleep(1000);
		EXPECT(&c, "DROP DATABASE x WITH (FORCE)", "T DROP DATABASE\n");
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < ARRAY_LEN(guests); i++)
		pthread_join(guests[i].thread, NULL);
	EXPECT(&c, "DROP DATABASE x", "E 3D000 database \"x\" does not exist\n");
	close_client(&c);
}
END_TEST

/* ---- everything at once ---- */

enum { N_CLIENTS = 8, ROUNDS = 60, IDS_EACH = 1000 };

enum fate { FATE_NONE, FATE_THERE, FATE_NOT_THERE, FATE_UNKNOWN };

struct actor {
	pthread_t thread;
	struct mutex lock; /* guards that the session is there */
	struct client client;
	unsigned seed, number, n_ids;
	enum fate fates[IDS_EACH];
	atomic_uint *n_running;
};

static unsigned pick(struct actor *a, unsigned n)
{
	a->seed = a->seed * 1103515245 + 12345;
	return a->seed / 65536 % n;
}

static enum fate fate_of(const char *got)
{
	if (strstr(got, "E ") != got && strstr(got, "\nE ") == NULL)
		return FATE_THERE;
	return strstr(got, "E 08007 ") != NULL ? FATE_UNKNOWN : FATE_NOT_THERE;
}

/* The id is a new one; what comes behind it may fail. */
static void insert(struct actor *a, const char *format)
{
	char sql[512];
	unsigned i = a->n_ids++;

	snprintf(sql, sizeof(sql), format, a->number * IDS_EACH + i + 10);
	a->fates[i] = fate_of(query(&a->client, sql));
}

static void begin_client(struct actor *a)
{
	mutex_lock(&a->lock);
	while (!try_connect(&a->client, "app", NULL, 0)) {
		/* the store fails now and then */
		buf_free(&a->client.r.seen);
		buf_free(&a->client.r.row);
	}
	mutex_unlock(&a->lock);
}

static void end_client(struct actor *a)
{
	mutex_lock(&a->lock);
	close_client(&a->client);
	a->client.session = NULL;
	mutex_unlock(&a->lock);
}

static void extended(struct actor *a, const char *sql, unsigned max_rows)
{
	struct recorder *r = &a->client.r;
	struct sql_session *s = a->client.session;

	buf_reset(&r->seen);
	if (!sql_prepare(s, "", sql, NULL, 0, &r->sink) ||
	    !sql_bind(s, "", "", NULL, 0, NULL, 0, NULL, 0, &r->sink) ||
	    !sql_execute(s, "", max_rows, &r->sink))
		sql_fail(s);
	else if (pick(a, 2) == 0)
		(void)sql_execute(s, "", max_rows, &r->sink);
	/* some think before they end it */
	if (pick(a, 3) == 0)
		usleep(1000);
	(void)sql_sync(s, &r->sink);
}

static void copy(struct actor *a)
{
	static const char rows[] = "1\n2\n3\n";

	a->client.r.copy = rows;
	(void)query(&a->client, "COPY u FROM STDIN");
	a->client.r.copy = NULL;
}

static void act(struct actor *a)
{
	static const char *const sqls[] = {
		"SELECT count(*) FROM t",
		"BEGIN; UPDATE t SET name = name || 'x' WHERE id = 1; SELECT 1/0",
		"BEGIN; SAVEPOINT s; UPDATE t SET name = 'x' WHERE id = 1; ROLLBACK TO s; COMMIT",
		"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t; UPDATE t SET name = 'r' WHERE id = 1; COMMIT",
		"BEGIN; DECLARE c CURSOR FOR SELECT id FROM t; FETCH 1 FROM c; INSERT INTO u VALUES (1); FETCH 1 FROM c; COMMIT",
		"DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t",
		"BEGIN; INSERT INTO u VALUES (1); INSERT INTO u VALUES (2); COMMIT",
		"DISCARD ALL",
		"VACUUM FULL",
		"VACUUM (FULL, ANALYZE)",
		"BEGIN; LOCK TABLE t IN EXCLUSIVE MODE NOWAIT; COMMIT",
		"SET lock_timeout = '1ms'",
		"SET lock_timeout = '1s'",
		"SET statement_timeout = '2ms'",
		"SET statement_timeout = '1s'",
		"ROLLBACK",
		"BEGIN",
		"COMMIT",
		"BEGIN; UPDATE t SET name = 'held' WHERE id = 2",
		"EXPLAIN ANALYZE UPDATE t SET name = 'e' WHERE id = 1",
		"COPY t TO STDOUT",
		"SET synchronous_commit = off",
		"SET synchronous_commit = on",
		"CREATE TABLE n (a int); DROP TABLE n",
		"DELETE FROM u",
	};

	switch (pick(a, 12)) {
	case 0:
		end_client(a);
		begin_client(a);
		break;
	case 1:
		if (pick(a, 4) == 0)
			sql_terminate(a->client.session);
		(void)query(&a->client, "SELECT 1");
		break;
	case 2:
		copy(a);
		break;
	case 3:
		extended(a, "SELECT id FROM t", 1);
		break;
	case 4:
		extended(a, "INSERT INTO u VALUES (7) RETURNING a", 1);
		break;
	case 5:
	case 6:
		(void)query(&a->client, "ROLLBACK");
		(void)query(&a->client, "SET synchronous_commit = on");
		insert(a, "INSERT INTO t VALUES (%u, 'i')");
		break;
	case 7:
		(void)query(&a->client, "ROLLBACK");
		(void)query(&a->client, "SET synchronous_commit = on");
		insert(a, "BEGIN; INSERT INTO t VALUES (%u, 'b'); COMMIT");
		break;
	default:
		(void)query(&a->client, sqls[pick(a, ARRAY_LEN(sqls))]);
		break;
	}
}

static void *play(void *arg)
{
	struct actor *a = arg;

	for (int i = 0; i < ROUNDS; i++)
		act(a);
	end_client(a);
	atomic_fetch_sub(a->n_running, 1);
	return NULL;
}

/* Somebody is stopped, another machine writes, or the store fails. */
static void disturb(struct actor *actors, unsigned i)
{
	struct actor *a = &actors[i * 7 % N_CLIENTS];

	usleep(500 + i % 7 * 700);
	mutex_lock(&a->lock);
	if (a->client.session != NULL && i % 3 == 0)
		sql_cancel(a->client.session);
	mutex_unlock(&a->lock);
	if (i % 20 == 7)
		(void)commit_elsewhere("UPDATE t SET name = name || '.' WHERE id = 3");
	if (i % 10 == 3)
		fault_arm_only(fixture.faults, 1 + i % 3, (enum fault_mode)(i / 10 % (FAULT_REPEAT + 1)),
			       i / 10 % 2 == 0 ? FAULT_OP_CREATE : FAULT_OP_ALL);
	if (i % 10 == 6)
		(void)fault_disarm(fixture.faults);
}

static void check_fates(struct client *c, const struct actor *a)
{
	char sql[128];

	for (unsigned i = 0; i < a->n_ids; i++) {
		snprintf(sql, sizeof(sql), "SELECT 1 FROM t WHERE id = %u", a->number * IDS_EACH + i + 10);
		bool there = strstr(query(c, sql), "SELECT 1") != NULL;

		if (a->fates[i] != FATE_UNKNOWN)
			ck_assert_msg(there == (a->fates[i] == FATE_THERE), "client %u, row %u", a->number, i);
	}
}

/* _i + 1: places */
START_TEST(whatever_happens_the_turn_goes_on)
{
	static struct actor actors[N_CLIENTS];
	atomic_uint n_running = N_CLIENTS;
	struct client c;

	reopen((unsigned)_i + 1);
	connect_client(&c);
	run(&c, "CREATE TABLE t (id integer PRIMARY KEY, name text)");
	run(&c, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
	run(&c, "CREATE TABLE u (a int)");
	for (unsigned i = 0; i < N_CLIENTS; i++) {
		struct actor *a = &actors[i];

		*a = (struct actor){ .number = i, .seed = i * 77 + (unsigned)_i + 1, .n_running = &n_running };
		mutex_init(&a->lock);
		begin_client(a);
		ck_assert_int_eq(0, pthread_create(&a->thread, NULL, play, a));
	}
	for (unsigned i = 0; atomic_load(&n_running) > 0; i++)
		disturb(actors, i);
	for (unsigned i = 0; i < N_CLIENTS; i++) {
		pthread_join(actors[i].thread, NULL);
		mutex_deinit(&actors[i].lock);
	}
	(void)fault_disarm(fixture.faults);
	/* what the store did not tell is found out; what others did is seen */
	for (int i = 0; strcmp(query(&c, "UPDATE t SET name = name || '.' WHERE id = 2"), "T UPDATE 1\n") != 0; i++)
		ck_assert_msg(i < 100, "%s", buf_str(&c.r.seen));
	check_writable(&c);
	for (unsigned i = 0; i < N_CLIENTS; i++)
		check_fates(&c, &actors[i]);
	EXPECT(&c, "PRAGMA integrity_check", "C integrity_check:25\nR ok\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("turns");
	TCase *tc = tcase_create("turns");

	if (!take_over_memory())
		return EXIT_FAILURE;
	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, who_waits_for_his_turn_has_no_place);
	tcase_add_test(tc, a_snapshot_that_is_old_does_not_wait_for_a_turn);
	tcase_add_test(tc, nowait_does_not_wait_for_the_turn_but_for_a_place);
	tcase_add_test(tc, who_asks_the_store_before_he_writes_has_no_place);
	tcase_add_test(tc, who_has_no_memory_keeps_no_turn);
	tcase_add_test(tc, a_database_is_dropped_by_force_whoever_comes_back);
	tcase_add_loop_test(tc, whatever_happens_the_turn_goes_on, 0, 3);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
