/*
 * test_many.c - many databases in one server: idle connections are closed, what is
 * asked for is opened again
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "tests/lib/fault_store.h"
#include "tests/sql/session_fixture.h"
#include "vfs/vfs.h"

enum { N = 60, LIMIT = 32, WAIT_MS = 100000, PLACES = 4, N_BUSY = 24, ROUNDS = 20 };

static void reopen(int64_t idle_close_ms)
{
	struct error err = ERROR_INIT;
	struct sql_config config = { .store = fixture.faults, .superuser = "postgres", .default_database = "app",
				     .pool_size = PLACES, .port = 5432, .idle_close_ms = idle_close_ms };

	sql_server_close(fixture.server);
	ck_assert_msg(sql_server_open(&config, &fixture.server, &err), "%s", err.text);
}

/* SQLite connections of all databases but `name`, and how many databases are open. */
static unsigned handles_of_others(const char *name, size_t *n)
{
	struct vfs_database_stats *all;
	struct error err = ERROR_INIT;
	unsigned handles = 0;

	ck_assert_msg(vfs_open_databases(&all, n, &err) == VFS_OK, "%s", err.text);
	for (size_t i = 0; i < *n; i++)
		if (strcmp(all[i].name, name) != 0)
			handles += all[i].handles;
	free(all);
	return handles;
}

static long resident_kb(void)
{
	long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &size, &pages), 2);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void open_clients(struct client *clients)
{
	char name[32], sql[64];

	connect_client(&clients[0]);
	for (int i = 0; i < N; i++) {
		snprintf(sql, sizeof(sql), "CREATE DATABASE db%d", i);
		run(&clients[0], sql);
	}
	close_client(&clients[0]);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "db%d", i);
		ck_assert(try_connect(&clients[i], name, NULL, 0));
		snprintf(sql, sizeof(sql), "CREATE TABLE t AS SELECT %d AS v", i);
		run(&clients[i], sql);
	}
}

static void check_clients(struct client *clients)
{
	char want[64];

	for (int i = 0; i < N; i++) {
		snprintf(want, sizeof(want), "C v:23\nR %d\nT SELECT 1\n", i);
		EXPECT(&clients[i], "SELECT v FROM t", want);
	}
}

START_TEST(idle_connections_are_bounded_over_all_databases)
{
	struct client clients[N] = { 0 };
	size_t n;

	reopen(0);
	long before = resident_kb();
	open_clients(clients);
	ck_assert_uint_le(handles_of_others("", &n), LIMIT);
	check_clients(clients);
	ck_assert_uint_le(handles_of_others("", &n), LIMIT);
	printf("%d clients of as many databases, %d idle connections: %ld KB\n", N, LIMIT, resident_kb() - before);
	/* what holds a transaction keeps its connection */
	for (int i = 0; i < N; i++)
		run(&clients[i], "BEGIN; INSERT INTO t VALUES (1000)");
	ck_assert_uint_eq(handles_of_others("app", &n), N);
	for (int i = 0; i < N; i++)
		run(&clients[i], "ROLLBACK");
	check_clients(clients);
	for (int i = 0; i < N; i++)
		close_client(&clients[i]);
}
END_TEST

START_TEST(what_is_idle_is_closed_after_a_time_and_opened_again)
{
	struct client clients[N] = { 0 };
	size_t n;

	reopen(20);
	open_clients(clients);
	for (int64_t end = mono_ms() + WAIT_MS; handles_of_others("", &n) > 0 || n > 0;) {
		struct timespec pause = { .tv_nsec = 10000000 };

		ck_assert_msg(mono_ms() < end, "%zu databases are still open", n);
		nanosleep(&pause, NULL);
	}
	/* the clients are still there, and notice nothing */
	check_clients(clients);
	run(&clients[3], "PREPARE p AS SELECT count(*) FROM t");
	for (int i = 0; i < 20; i++) {
		struct timespec pause = { .tv_nsec = 5000000 };

		nanosleep(&pause, NULL);
		EXPECT(&clients[3], "EXECUTE p", "C count:20\nR 1\nT SELECT 1\n");
	}
	/* a database may be dropped when it is idle */
	close_client(&clients[5]);
	run(&clients[3], "DROP DATABASE db5");
	ck_assert(!try_connect(&clients[5], "db5", NULL, 0));
	buf_free(&clients[5].r.seen);
	buf_free(&clients[5].r.row);
	for (int i = 0; i < N; i++)
		if (i != 5)
			close_client(&clients[i]);
}
END_TEST

struct busy {
	pthread_t thread;
	struct client client;
	atomic_uint *n_running;
};

static void *work(void *arg)
{
	struct busy *b = arg;

	for (int i = 0; i < ROUNDS; i++) {
		run(&b->client, "INSERT INTO t VALUES (1)");
		run(&b->client, "SELECT count(*) FROM t");
	}
	atomic_fetch_sub(b->n_running, 1);
	return NULL;
}

/* Who waits for his turn to write, or for his commit, needs none. */
START_TEST(many_clients_of_a_database_need_few_connections)
{
	static struct busy busy[N_BUSY];
	atomic_uint n_running = N_BUSY;
	struct client client;
	unsigned most = 0;
	char want[64];
	size_t n;

	reopen(0);
	connect_client(&client);
	run(&client, "CREATE TABLE t (a integer)");
	fault_set_latency(fixture.faults, 5);
	for (int i = 0; i < N_BUSY; i++) {
		busy[i].n_running = &n_running;
		connect_client(&busy[i].client);
		ck_assert_int_eq(0, pthread_create(&busy[i].thread, NULL, work, &busy[i]));
	}
	while (atomic_load(&n_running) > 0) {
		struct timespec pause = { .tv_nsec = 200000 };
		unsigned handles = handles_of_others("", &n);

		if (handles > most)
			most = handles;
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < N_BUSY; i++) {
		pthread_join(busy[i].thread, NULL);
		close_client(&busy[i].client);
	}
	/* those at work, and as many that are idle */
	ck_assert_uint_ge(most, 1);
	ck_assert_uint_le(most, 2 * PLACES);
	snprintf(want, sizeof(want), "C count:20\nR %d\nT SELECT 1\n", N_BUSY * ROUNDS);
	EXPECT(&client, "SELECT count(*) FROM t", want);
	close_client(&client);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("many");
	TCase *tc = tcase_create("many");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, idle_connections_are_bounded_over_all_databases);
	tcase_add_test(tc, what_is_idle_is_closed_after_a_time_and_opened_again);
	tcase_add_test(tc, many_clients_of_a_database_need_few_connections);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
