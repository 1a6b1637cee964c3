/*
 * test_group.c - early lock release and group commit
 *
 * Each commit here is a vfs_commit_later(): it returns when it is published, and
 * what became of it is asked for by vfs_commit_wait().
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/vfs/fixture.h"

enum { N_CLIENTS = 8 };

static const struct vfs_config quick = { .commit_timeout_ms = 1000, .cache_ttl_ms = 3600000 };

/* Run one statement that writes, and publish it. */
static void publish(sqlite3 *db, const char *sql, struct vfs_ticket *ticket)
{
	struct error err = ERROR_INIT;

	memset(ticket, 0, sizeof(*ticket));
	ck_assert_msg(vfs_intent_begin(db, mono_ms() + 10000, NULL, &err) == VFS_OK, "%s", err.text);
	vfs_commit_later(db, ticket, VFS_IN_STORE);
	exec(db, sql);
	vfs_commit_later(db, NULL, VFS_IN_STORE);
}

static enum vfs_rc wait_for(struct vfs_ticket *ticket)
{
	struct error err = ERROR_INIT;

	return vfs_commit_wait(ticket, &err);
}

static uint64_t creates(struct fixture *f)
{
	return fault_get_counts(f->faults).creates;
}

START_TEST(commits_that_wait_share_one_slot)
{
	struct vfs_ticket tickets[N_CLIENTS];
	sqlite3 *clients[N_CLIENTS];
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	for (int i = 0; i < N_CLIENTS; i++)
		clients[i] = connect_to("app", NULL);
	uint64_t before = creates(&f);
	for (int i = 0; i < N_CLIENTS; i++)
		publish(clients[i], "INSERT INTO t(b) SELECT count(*) FROM t", &tickets[i]);
	/* nobody has waited yet, so nothing was sent, and no reader sees any of it */
	ck_assert_uint_eq(before, creates(&f));
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM t"));
	ck_assert_int_eq(VFS_OK, wait_for(&tickets[3]));
	ck_assert_uint_eq(before + 1, creates(&f));
	for (int i = 0; i < N_CLIENTS; i++)
		if (i != 3)
			ck_assert_int_eq(VFS_OK, wait_for(&tickets[i]));
	ck_assert_uint_eq(before + 1, creates(&f));
	ck_assert_int_eq(N_CLIENTS, query_int(f.db, "SELECT count(*) FROM t"));
	/* each built on the one before */
	ck_assert_int_eq(N_CLIENTS * (N_CLIENTS - 1) / 2, query_int(f.db, "SELECT sum(b) FROM t"));
	for (int i = 0; i < N_CLIENTS; i++)
		sqlite3_close(clients[i]);
	fixture_restart(&f);
	ck_assert_int_eq(N_CLIENTS, query_int(f.db, "SELECT count(*) FROM t"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

static void *wait_thread(void *arg)
{
	return (void *)(uintptr_t)wait_for(arg);
}

/* Those who are told wake each other; who has not come to wait yet is not one of them. */
START_TEST(who_waits_depends_on_nobody_who_does_not)
{
	struct vfs_ticket tickets[N_CLIENTS];
	sqlite3 *clients[N_CLIENTS];
	pthread_t threads[N_CLIENTS];
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < N_CLIENTS; i++)
		clients[i] = connect_to("app", NULL);
	fault_set_latency(f.faults, 200);
	for (int i = 0; i < N_CLIENTS; i++)
		publish(clients[i], "INSERT INTO t VALUES (1)", &tickets[i]);
	for (int i = 0; i < N_CLIENTS; i++)
		if (i % 3 != 0)
			ck_assert(thread_start(&threads[i], "wait", 0, wait_thread, &tickets[i], &err));
	for (int i = 0; i < N_CLIENTS; i++) {
		void *rc = NULL;

		if (i % 3 == 0)
			continue;
		pthread_join(threads[i], &rc);
		ck_assert_uint_eq(VFS_OK, (uintptr_t)rc);
	}
	for (int i = 0; i < N_CLIENTS; i++) {
		if (i % 3 == 0)
			ck_assert_int_eq(VFS_OK, wait_for(&tickets[i]));
		sqlite3_close(clients[i]);
	}
	fixture_close(&f);
}
END_TEST

START_TEST(a_lost_slot_takes_every_version_on_it_along)
{
	struct vfs_ticket first, second;
	struct vfs_commit_stats stats;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "INSERT INTO t VALUES (1, 'before')");
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	sqlite3 *one = connect_to("app", NULL);
	sqlite3 *two = connect_to("app", NULL);
	publish(one, "UPDATE t SET b = 'one'", &first);
	publish(two, "INSERT INTO t SELECT 2, b FROM t", &second);
	exec(elsewhere, "UPDATE t SET b = 'elsewhere'");
	ck_assert_int_eq(VFS_LOST, wait_for(&second));
	ck_assert_int_eq(VFS_LOST, wait_for(&first));
	/* who saw the lost versions is of no use any more, who did not sees the other machine's */
	ck_assert(vfs_poisoned(one));
	ck_assert(vfs_poisoned(two));
	ck_assert_int_eq(SQLITE_IOERR, try_exec(one, "SELECT * FROM t") & 0xff);
	ck_assert(!vfs_poisoned(f.db));
	ck_assert_int_eq(VFS_OK, vfs_commit_stats(f.db, &stats));
	ck_assert_uint_eq(2, stats.lost);
	sqlite3_close(one);
	sqlite3_close(two);
	exec(f.db, "INSERT INTO t VALUES (3, 'after')");
	ck_assert_str_eq("elsewhere,after", query_text(f.db, "SELECT group_concat(b) FROM t"));
	integrity_check(f.db);
	sqlite3_close(elsewhere);
	fixture_close(&f);
}
END_TEST

struct late {
	sqlite3 *behind, *elsewhere;
	struct vfs_ticket ticket;
};

static void come_late(void *arg)
{
	struct late *late = arg;

	publish(late->behind, "INSERT INTO t SELECT 2, b FROM t", &late->ticket);
	exec(late->elsewhere, "UPDATE t SET b = 'elsewhere'");
}

START_TEST(what_was_published_behind_a_group_that_is_lost_is_told_and_counted_as_lost)
{
	struct vfs_commit_stats stats;
	struct vfs_ticket first;
	struct late late;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "INSERT INTO t VALUES (1, 'before')");
	sqlite3 *one = connect_to("app", NULL);
	late.behind = connect_to("app", NULL);
	late.elsewhere = connect_elsewhere(&f, "app");
	publish(one, "UPDATE t SET b = 'one'", &first);
	fault_set_hook(f.faults, come_late, &late);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_int_eq(VFS_LOST, wait_for(&first));
	ck_assert(fault_disarm(f.faults));
	ck_assert_int_eq(VFS_LOST, wait_for(&late.ticket));
	ck_assert_int_eq(VFS_OK, vfs_commit_stats(f.db, &stats));
	ck_assert_uint_eq(2, stats.lost);
	ck_assert_uint_eq(0, stats.failed);
	ck_assert_str_eq("elsewhere", query_text(f.db, "SELECT group_concat(b) FROM t"));
	sqlite3_close(late.elsewhere);
	sqlite3_close(late.behind);
	sqlite3_close(one);
	fixture_close(&f);
}
END_TEST

/* notes: the cookie of a lost schema is used again */
START_TEST(a_schema_that_was_lost_is_forgotten)
{
	struct vfs_ticket ticket;
	uint64_t lost, kept;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a)");
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	sqlite3 *one = connect_to("app", NULL);
	publish(one, "CREATE TABLE v1(a)", &ticket);
	lost = ticket.schema;
	exec(elsewhere, "CREATE TABLE v2(a)");
	ck_assert_int_eq(VFS_LOST, wait_for(&ticket));
	ck_assert_int_ne(SQLITE_OK, try_exec(one, "INSERT INTO v1 VALUES (1)"));
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM v2"));
	ck_assert_int_eq(VFS_OK, vfs_schema(f.db, &kept));
	ck_assert_uint_ne(lost, kept);
	sqlite3_close(one);
	sqlite3_close(elsewhere);
	fixture_close(&f);
}
END_TEST

START_TEST(an_open_transaction_on_a_lost_version_cannot_commit)
{
	struct error err = ERROR_INIT;
	struct vfs_ticket ticket;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a)");
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	sqlite3 *one = connect_to("app", NULL);
	publish(one, "INSERT INTO t VALUES (1)", &ticket);
	sqlite3 *two = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(two, 0, NULL, &err));
	exec(two, "BEGIN IMMEDIATE");
	ck_assert_int_eq(1, query_int(two, "SELECT count(*) FROM t"));
	exec(two, "INSERT INTO t VALUES (2)");
	exec(elsewhere, "INSERT INTO t VALUES (3)");
	ck_assert_int_eq(VFS_LOST, wait_for(&ticket));
	ck_assert_int_eq(VFS_LOST, vfs_base_wait(two, &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(two, "COMMIT"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(two, &err));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(two));
	sqlite3_close(one);
	ck_assert_str_eq("3", query_text(f.db, "SELECT group_concat(a) FROM t"));
	integrity_check(f.db);
	sqlite3_close(elsewhere);
	fixture_close(&f);
}
END_TEST

/* The store fails, and no other machine is there: nobody is told of one. */
START_TEST(who_has_read_what_failed_is_not_told_of_another_server)
{
	struct error err = ERROR_INIT;
	struct vfs_ticket ticket;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a)");
	sqlite3 *one = connect_to("app", NULL);
	publish(one, "INSERT INTO t VALUES (1)", &ticket);
	sqlite3 *two = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(two, 0, NULL, &err));
	exec(two, "BEGIN IMMEDIATE");
	exec(two, "INSERT INTO t VALUES (2)");
	fault_arm_only(f.faults, 1, FAULT_ONCE, FAULT_OP_CREATE);
	ck_assert_int_eq(VFS_IO, wait_for(&ticket));
	ck_assert(fault_disarm(f.faults));
	ck_assert_int_eq(VFS_LOST, vfs_base_wait(two, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "what was read was never committed"));
	ck_assert_int_ne(SQLITE_OK, try_exec(two, "COMMIT"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(two, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "what was read was never committed"));
	/* nor later, by the handle that cannot be used any more */
	ck_assert_int_ne(SQLITE_OK, try_exec(two, "SELECT count(*) FROM t"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(two, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "what was read was never committed"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(two));
	sqlite3_close(one);
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM t"));
	fixture_close(&f);
}
END_TEST

static atomic_bool go_on;

static void hold(void *arg)
{
	(void)arg;
	while (!atomic_load(&go_on))
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

START_TEST(who_asked_for_less_durability_reads_what_he_wrote)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a)");
	sqlite3 *one = connect_to("app", NULL);
	atomic_store(&go_on, false);
	fault_set_hook(f.faults, hold, NULL);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	vfs_commit_later(one, &ticket, VFS_IN_MEMORY);
	exec(one, "INSERT INTO t VALUES (1)");
	vfs_commit_later(one, NULL, VFS_IN_STORE);
	ck_assert_uint_ne(0, ticket.seq);
	ck_assert_ptr_null(ticket.db);
	vfs_read_own(one, ticket.seq);
	ck_assert_int_eq(1, query_int(one, "SELECT count(*) FROM t"));
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM t"));
	atomic_store(&go_on, true);
	for (int i = 0; i < 5000 && query_int(f.db, "SELECT count(*) FROM t") == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	sqlite3_close(one);
	fixture_restart(&f);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	fixture_close(&f);
}
END_TEST

/* Two commits, one group, the nth request meets _i: both or neither, and never an acknowledged one lost. */
START_TEST(a_group_is_all_or_nothing)
{
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct vfs_ticket first, second;
		struct fixture f;

		fixture_open_with(&f, 0, &quick);
		exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY); CREATE TABLE u(a)");
		sqlite3 *one = connect_to("app", NULL);
		sqlite3 *two = connect_to("app", NULL);
		publish(one, "INSERT INTO t VALUES (1)", &first);
		publish(two, "INSERT INTO u VALUES (1)", &second);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc a = wait_for(&first);
		enum vfs_rc b = wait_for(&second);
		hit = fault_disarm(f.faults);
		ck_assert_int_eq(a, b);
		sqlite3_close(one);
		sqlite3_close(two);
		fixture_restart(&f);
		int64_t t = query_int(f.db, "SELECT count(*) FROM t");
		int64_t u = query_int(f.db, "SELECT count(*) FROM u");
		ck_assert_int_eq(t, u);
		if (a == VFS_OK)
			ck_assert_msg(t == 1, "request %u: lost a commit", nth);
		else if (a != VFS_UNKNOWN)
			ck_assert_msg(t == 0, "request %u: kept a failure (%d)", nth, a);
		ck_assert_msg(hit || a == VFS_OK, "failed without a fault");
		exec(f.db, "INSERT INTO u VALUES (2)");
		integrity_check(f.db);
		fixture_close(&f);
	}
}
END_TEST

struct client {
	pthread_t thread;
	int number;
	struct fixture *f;
	unsigned done;    /* acknowledged */
	unsigned unknown;
};

enum { TRANSFERS = 60, ACCOUNTS = 20 };

static void *transfer(void *arg)
{
	struct client *c = arg;
	uint32_t seed = (uint32_t)(c->number * 7919 + 1);
	sqlite3 *db = connect_to("app", NULL);

	for (int i = 0; i < TRANSFERS; i++) {
		struct vfs_ticket ticket;
		char sql[400];

		snprintf(sql, sizeof(sql),
			 "BEGIN; UPDATE account SET v = v - 1 WHERE id = %u;"
			 "UPDATE account SET v = v + 1 WHERE id = %u;"
			 "INSERT INTO token VALUES (%d, %d); COMMIT",
			 rnd(&seed, ACCOUNTS), rnd(&seed, ACCOUNTS), c->number, i);
		memset(&ticket, 0, sizeof(ticket));
		int rc = SQLITE_BUSY;
		if (vfs_intent_begin(db, mono_ms() + 10000, NULL, NULL) == VFS_OK) {
			vfs_commit_later(db, &ticket, VFS_IN_STORE);
			rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
			vfs_commit_later(db, NULL, VFS_IN_STORE);
		}
		if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		if (rc == SQLITE_OK) {
			enum vfs_rc told = wait_for(&ticket);

			c->done += told == VFS_OK;
			c->unknown += told == VFS_UNKNOWN;
		}
		if (vfs_poisoned(db)) {
			sqlite3_close(db);
			db = connect_to("app", NULL);
		}
		if (i % 4 == 0)
			ck_assert_int_eq(100 * ACCOUNTS, query_int(db, "SELECT sum(v) FROM account"));
	}
	sqlite3_close(db);
	return NULL;
}

/* Somebody else's commits, between ours. */
static void *disturb(void *arg)
{
	struct client *c = arg;
	sqlite3 *db = connect_elsewhere(c->f, "app");

	for (int i = 0; i < 30; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "INSERT INTO token VALUES (%d, %d)", c->number, i);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
			c->done++;
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	sqlite3_close(db);
	return NULL;
}

START_TEST(what_was_acknowledged_among_many_clients_is_there)
{
	struct client clients[N_CLIENTS + 1] = { { .number = 0 } };
	unsigned done = 0, unknown = 0;
	struct fixture f;

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE account(id INTEGER PRIMARY KEY, v); CREATE TABLE token(client, i, UNIQUE(client, i));"
		   "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) "
		   "INSERT INTO account SELECT i, 100 FROM n");
	fault_set_latency(f.faults, 2);
	for (int i = 0; i <= N_CLIENTS; i++) {
		clients[i].number = i;
		clients[i].f = &f;
		/* with _i another machine commits in between */
		ck_assert(pthread_create(&clients[i].thread, NULL,
					 i == N_CLIENTS && _i ? disturb : transfer, &clients[i]) == 0);
	}
	for (int i = 0; i <= N_CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		done += clients[i].done;
		unknown += clients[i].unknown;
	}
	fault_set_latency(f.faults, 0);
	ck_assert_uint_gt(done, 0);
	ck_assert_uint_eq(0, unknown);
	fixture_restart(&f);
	ck_assert_int_eq(100 * ACCOUNTS, query_int(f.db, "SELECT sum(v) FROM account"));
	ck_assert_int_eq(done, query_int(f.db, "SELECT count(*) FROM token"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* A connection that stays in a transaction on each of several versions, while they are dropped or become durable. */
START_TEST(pinned_versions_stay_as_they_were)
{
	struct vfs_ticket tickets[5];
	sqlite3 *readers[5];
	sqlite3 *writer;
	struct fixture f;
	char sql[100];

	fixture_open_with(&f, 0, &quick);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, -1), (2, -1)");
	writer = connect_to("app", NULL);
	for (int i = 0; i < 5; i++) {
		snprintf(sql, sizeof(sql), "UPDATE t SET b = %d WHERE a = %d", i, i % 2 + 1);
		publish(writer, sql, &tickets[i]);
		readers[i] = connect_to("app", NULL);
		vfs_read_own(readers[i], tickets[i].seq);
		exec(readers[i], "BEGIN");
		ck_assert_int_eq(i, query_int(readers[i], "SELECT max(b) FROM t"));
	}
	ck_assert_int_eq(VFS_OK, wait_for(&tickets[4]));
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(VFS_OK, wait_for(&tickets[i]));
	exec(writer, "DELETE FROM t");
	for (int i = 4; i >= 0; i -= 2) {
		ck_assert_int_eq(i, query_int(readers[i], "SELECT max(b) FROM t"));
		ck_assert_int_eq(i > 0 ? i - 1 : -1, query_int(readers[i], "SELECT min(b) FROM t"));
	}
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(i, query_int(readers[i], "SELECT max(b) FROM t"));
		exec(readers[i], "COMMIT");
		ck_assert_int_eq(0, query_int(readers[i], "SELECT count(*) FROM t"));
		sqlite3_close(readers[i]);
	}
	sqlite3_close(writer);
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	store_kinds_init();
	Suite *suite = suite_create("group");
	TCase *tc = tcase_create("group");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, commits_that_wait_share_one_slot);
	tcase_add_test(tc, who_waits_depends_on_nobody_who_does_not);
	tcase_add_test(tc, a_lost_slot_takes_every_version_on_it_along);
	tcase_add_test(tc, what_was_published_behind_a_group_that_is_lost_is_told_and_counted_as_lost);
	tcase_add_test(tc, a_schema_that_was_lost_is_forgotten);
	tcase_add_test(tc, an_open_transaction_on_a_lost_version_cannot_commit);
	tcase_add_test(tc, who_has_read_what_failed_is_not_told_of_another_server);
	tcase_add_test(tc, who_asked_for_less_durability_reads_what_he_wrote);
	tcase_add_test(tc, pinned_versions_stay_as_they_were);
	tcase_add_loop_test(tc, a_group_is_all_or_nothing, 0, FAULT_REPEAT + 1);
	tcase_add_loop_test(tc, what_was_acknowledged_among_many_clients_is_there, 0, 2);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
