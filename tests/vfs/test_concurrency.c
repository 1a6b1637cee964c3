/*
 * test_concurrency.c - many threads, several machines, and processes that die
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/vfs/fixture.h"

enum { ACCOUNTS = 400, SUM = ACCOUNTS * 100 };

static int n_kinds;

static void make_accounts(sqlite3 *db)
{
	char sql[300];

	exec(db, "CREATE TABLE acc(id INTEGER PRIMARY KEY, v INTEGER, pad)");
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO acc SELECT i, 100, printf('%%.*c', 200, 'p') FROM n", ACCOUNTS - 1);
	exec(db, sql);
	exec(db, "CREATE TABLE done(id INTEGER PRIMARY KEY, who, n)");
}

static void transfer_sql(uint32_t *r, int who, int n, char *sql, size_t size)
{
	unsigned a = rnd(r, ACCOUNTS), b = rnd(r, ACCOUNTS), x = rnd(r, 10);

	snprintf(sql, size,
		 "BEGIN IMMEDIATE; UPDATE acc SET v = v - %u WHERE id = %u; UPDATE acc SET v = v + %u WHERE id = %u;"
		 "INSERT INTO done(who, n) VALUES(%d, %d); COMMIT", x, a, x, b, who, n);
}

struct worker {
	pthread_t thread;
	struct fixture *f;
	int who;
	bool elsewhere;
	int n_wanted;
	int n_done;
	atomic_bool *stop;
	int n_lost;
};

/* Everything that did not end well did nothing. */
static void *write_thread(void *arg)
{
	struct worker *w = arg;
	sqlite3 *db = w->elsewhere ? connect_elsewhere(w->f, "app") : connect_to("app", NULL);
	uint32_t r = (uint32_t)w->who * 7919 + 17;
	char sql[512];

	while (w->n_done < w->n_wanted) {
		struct error err = ERROR_INIT;

		ck_assert_msg(vfs_intent_begin(db, mono_ms() + 30000, NULL, &err) == VFS_OK, "%s",
			      err.text);
		transfer_sql(&r, w->who, w->n_done, sql, sizeof(sql));
		int rc = try_exec(db, sql);
		if (rc == SQLITE_OK) {
			w->n_done++;
			continue;
		}
		enum vfs_rc told = vfs_last_error(db, &err);
		ck_assert_msg(told == VFS_LOST, "%d %d %s", rc, told, err.text);
		/* before the commit began (SQLite says BUSY where BEGIN began it), or by it */
		ck_assert_msg(rc == SQLITE_BUSY_SNAPSHOT || rc == SQLITE_BUSY || rc == SQLITE_IOERR_FSYNC,
			      "%d %s", rc, err.text);
		w->n_lost++;
		if (!sqlite3_get_autocommit(db))
			exec(db, "ROLLBACK");
	}
	sqlite3_close(db);
	return NULL;
}

static void *read_thread(void *arg)
{
	struct worker *w = arg;
	sqlite3 *db = w->elsewhere ? connect_elsewhere(w->f, "app") : connect_to("app", NULL);

	while (!atomic_load(w->stop)) {
		exec(db, "BEGIN");
		ck_assert_int_eq(SUM, query_int(db, "SELECT sum(v) FROM acc"));
		ck_assert_int_eq(SUM, query_int(db, "SELECT sum(v) FROM acc"));
		int64_t a = query_int(db, "SELECT count(*) FROM done");
		ck_assert_int_eq(a, query_int(db, "SELECT count(*) FROM done"));
		exec(db, "COMMIT");
		w->n_done++;
	}
	sqlite3_close(db);
	return NULL;
}

static void check_done(sqlite3 *db, int who, int n)
{
	char sql[100];

	snprintf(sql, sizeof(sql), "SELECT count(DISTINCT n) FROM done WHERE who = %d AND n < %d", who, n);
	ck_assert_int_eq(n, query_int(db, sql));
	snprintf(sql, sizeof(sql), "SELECT count(*) - count(DISTINCT n) FROM done WHERE who = %d", who);
	ck_assert_int_eq(0, query_int(db, sql));
}

static void run_threads(int kind, int n_writers, int n_elsewhere, int n_readers, int each)
{
	struct vfs_config config = { .cache_bytes = 1 << 20 };
	struct worker workers[16] = { 0 };
	atomic_bool stop = false;
	struct fixture f;
	int n = 0, lost = 0;

	fixture_open_with(&f, kind, &config);
	make_accounts(f.db);
	for (int i = 0; i < n_writers + n_elsewhere + n_readers; i++) {
		workers[i] = (struct worker){
			.f = &f,
			.who = i,
			.elsewhere = i >= n_writers ? i < n_writers + n_elsewhere || i % 2 == 0 : false,
			.n_wanted = each,
			.stop = &stop,
		};
		ck_assert_int_eq(0, pthread_create(&workers[i].thread, NULL,
						   i < n_writers + n_elsewhere ? write_thread :
										 read_thread,
						   &workers[i]));
		n++;
	}
	for (int i = 0; i < n_writers + n_elsewhere; i++) {
		pthread_join(workers[i].thread, NULL);
		lost += workers[i].n_lost;
	}
	atomic_store(&stop, true);
	for (int i = n_writers + n_elsewhere; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	ck_assert(n_elsewhere > 0 || lost == 0);
	for (int i = 0; i < n_writers + n_elsewhere; i++)
		check_done(f.db, i, each);
	ck_assert_int_eq(SUM, query_int(f.db, "SELECT sum(v) FROM acc"));
	integrity_check(f.db);
	fixture_restart(&f);
	ck_assert_int_eq((n_writers + n_elsewhere) * each, query_int(f.db, "SELECT count(*) FROM done"));
	integrity_check(f.db);
	fixture_close(&f);
}

START_TEST(threads_of_one_process_never_lose_and_readers_see_whole_transactions)
{
	run_threads(0, 4, 0, 4, 100);
}
END_TEST

struct turns {
	pthread_t thread;
	uint32_t r;
	atomic_bool canceled;
	int n, given_up;
	int *n_all; /* no lock: whoever has the turn */
};

static void *take_turns(void *arg)
{
	struct turns *w = arg;
	sqlite3 *db = connect_to("app", NULL);

	for (int i = 0; i < 300; i++) {
		bool hurried = rnd(&w->r, 4) == 0;
		atomic_bool *canceled = rnd(&w->r, 4) == 0 ? &w->canceled : NULL;
		struct error err = ERROR_INIT;

		int64_t deadline_ms = hurried ? mono_ms() + 1 : 0;
		bool lends = rnd(&w->r, 2) == 0;
		struct vfs_turn turn = { .db = NULL };
		enum vfs_rc rc = lends ? vfs_turn_begin(&turn, "app", w, deadline_ms, canceled, &err) :
					 vfs_intent_begin(db, deadline_ms, canceled, &err);

		if (rc != VFS_OK) {
			ck_assert(hurried || canceled != NULL);
			w->given_up++;
			continue;
		}
		if (lends && rnd(&w->r, 2) == 0)
			ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, db, &err));
		w->n++;
		++*w->n_all;
		if (rnd(&w->r, 30) == 0)
			usleep(3000);
		vfs_intent_end(db);
		vfs_turn_end(&turn);
	}
	sqlite3_close(db);
	return NULL;
}

START_TEST(one_has_the_turn_whoever_gives_up)
{
	static struct turns turns[8];
	int n = 0, expected = 0, given_up = 0;
	struct fixture f;

	fixture_open(&f);
	for (unsigned i = 0; i < ARRAY_LEN(turns); i++) {
		turns[i] = (struct turns){ .r = i * 7919 + 1, .n_all = &n };
		atomic_init(&turns[i].canceled, i % 2 == 0);
		pthread_create(&turns[i].thread, NULL, take_turns, &turns[i]);
	}
	for (unsigned i = 0; i < ARRAY_LEN(turns); i++) {
		pthread_join(turns[i].thread, NULL);
		expected += turns[i].n;
		given_up += turns[i].given_up;
	}
	ck_assert_int_eq(expected, n);
	ck_assert_int_eq((int)ARRAY_LEN(turns) * 300, expected + given_up);
	/* nobody has it now */
	exec(f.db, "CREATE TABLE t(a)");
	fixture_close(&f);
}
END_TEST

START_TEST(two_machines_compete_and_the_loser_knows)
{
	run_threads(_i, 2, 2, 3, 40);
}
END_TEST

/* Without intents, as a plain SQLite program: select, then update, retried. */
static void *naive_thread(void *arg)
{
	struct worker *w = arg;
	sqlite3 *db = connect_to("app", NULL);
	int failures = 0, in_a_row = 0;

	(void)sqlite3_busy_timeout(db, 5000);
	while (w->n_done < w->n_wanted) {
		char sql[100];

		exec(db, "BEGIN");
		int64_t v = query_int(db, "SELECT v FROM acc WHERE id = 0");
		snprintf(sql, sizeof(sql), "UPDATE acc SET v = %lld WHERE id = 0", (long long)v + 1);
		int rc = try_exec(db, sql);
		if (rc == SQLITE_OK)
			rc = try_exec(db, "COMMIT");
		if (rc == SQLITE_OK) {
			w->n_done++;
			in_a_row = 0;
			continue;
		}
		ck_assert_int_eq(SQLITE_BUSY, rc & 0xff);
		if (!sqlite3_get_autocommit(db))
			exec(db, "ROLLBACK");
		failures++;
		/* after a refusal the next try has its turn */
		ck_assert_int_le(++in_a_row, 3);
	}
	w->n_lost = failures;
	sqlite3_close(db);
	return NULL;
}

START_TEST(select_then_update_succeeds_after_at_most_few_retries)
{
	struct vfs_config config = { .lock_timeout_ms = 20000 };
	struct worker workers[6] = { 0 };
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	make_accounts(f.db);
	for (int i = 0; i < 6; i++) {
		workers[i] = (struct worker){ .f = &f, .who = i, .n_wanted = 50 };
		ck_assert_int_eq(0, pthread_create(&workers[i].thread, NULL, naive_thread, &workers[i]));
	}
	for (int i = 0; i < 6; i++)
		pthread_join(workers[i].thread, NULL);
	ck_assert_int_eq(400, query_int(f.db, "SELECT v FROM acc WHERE id = 0"));
	fixture_close(&f);
}
END_TEST

/* What a child process told its parent before it died. */
struct told {
	atomic_int acknowledged;
};

/* Is a transaction there whose outcome was unknown?  Asks until it is known. */
static bool is_there(sqlite3 *db, int who, int n)
{
	char sql[100];

	for (;;) {
		struct error err = ERROR_INIT;
		sqlite3_stmt *stmt;
		int rc;

		/* with an intent: the doubt is resolved before the snapshot is taken */
		if (vfs_intent_begin(db, mono_ms() + 30000, NULL, &err) != VFS_OK)
			continue;
		snprintf(sql, sizeof(sql), "SELECT 1 FROM done WHERE who = %d AND n = %d", who, n);
		rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(stmt);
		sqlite3_finalize(stmt);
		if (rc == SQLITE_ROW || rc == SQLITE_DONE)
			return rc == SQLITE_ROW;
	}
}

/*
 * What a dead process sent may still be on its way.  A commit of our own takes the
 * slot that it is meant for: from then on it is there, or never will be.
 */
static void fence(sqlite3 *db)
{
	for (;;) {
		struct error err = ERROR_INIT;

		ck_assert_msg(vfs_intent_begin(db, mono_ms() + 30000, NULL, &err) == VFS_OK, "%s",
			      err.text);
		/* something that changes a page: what changes none takes no slot */
		if (try_exec(db, "INSERT INTO done(who, n) VALUES (-1, random())") == SQLITE_OK)
			return;
		ck_assert_int_eq(VFS_LOST, vfs_last_error(db, &err));
		if (!sqlite3_get_autocommit(db))
			exec(db, "ROLLBACK");
	}
}

/* A process of its own: commits until it is killed. */
static void child(const struct store_place *place, int who, struct told *told, int from)
{
	struct error err = ERROR_INIT;
	struct vfs_config config = { .commit_timeout_ms = 5000, .store = store_place_open(place) };
	uint32_t r = (uint32_t)who * 31 + (uint32_t)from + 1;
	char sql[512];

	if (!vfs_init(&config, &err))
		_exit(3);
	sqlite3 *db = connect_to("app", NULL);
	for (int n = from;;) {
		if (vfs_intent_begin(db, 0, NULL, &err) != VFS_OK)
			_exit(4);
		transfer_sql(&r, who, n, sql, sizeof(sql));
		if (try_exec(db, sql) == SQLITE_OK) {
			atomic_store(&told->acknowledged, ++n);
			continue;
		}
		enum vfs_rc why = vfs_last_error(db, &err);
		if (!sqlite3_get_autocommit(db))
			exec(db, "ROLLBACK");
		if (why == VFS_UNKNOWN && is_there(db, who, n))
			atomic_store(&told->acknowledged, ++n);
	}
}

enum { WRITERS = 2, ROUNDS = 12 };

/* Until one of them has committed something, however long it takes to begin. */
static void wait_for_a_commit(const struct told told[WRITERS], const int next[WRITERS])
{
	for (int tries = 0; tries < 100000; tries++) {
		for (int i = 0; i < WRITERS; i++)
			if (atomic_load(&told[i].acknowledged) > next[i])
				return;
		usleep(1000);
	}
}

START_TEST(killed_processes_lose_nothing_that_was_acknowledged)
{
	struct told *told = mmap(NULL, sizeof(*told) * WRITERS, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct vfs_config config = { 0 };
	int next[WRITERS] = { 0 };
	struct fixture f;
	uint32_t r = 4711;

	fixture_open_with(&f, _i, &config);
	make_accounts(f.db);
	/* the children must not inherit connections, nor threads */
	fixture_leave(&f);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[WRITERS];

		for (int i = 0; i < WRITERS; i++) {
			pids[i] = fork();
			ck_assert_int_ge(pids[i], 0);
			if (pids[i] == 0)
				child(&f.place, i, &told[i], next[i]);
		}
		wait_for_a_commit(told, next);
		usleep(rnd(&r, 250000));
		for (int i = 0; i < WRITERS; i++) {
			int status;

			kill(pids[i], SIGKILL);
			waitpid(pids[i], &status, 0);
			ck_assert_msg(WIFSIGNALED(status), "child ended with %d", WEXITSTATUS(status));
		}
		/* an empty machine */
		fixture_start(&f);
		fence(f.db);
		integrity_check(f.db);
		ck_assert_int_eq(SUM, query_int(f.db, "SELECT sum(v) FROM acc"));
		for (int i = 0; i < WRITERS; i++) {
			char sql[100];

			check_done(f.db, i, atomic_load(&told[i].acknowledged));
			snprintf(sql, sizeof(sql), "SELECT coalesce(max(n) + 1, 0) FROM done WHERE who = %d", i);
			/* one that died between PUT and answer may be there as well */
			next[i] = (int)query_int(f.db, sql);
			ck_assert_int_le(next[i], atomic_load(&told[i].acknowledged) + 1);
			atomic_store(&told[i].acknowledged, next[i]);
		}
		fixture_leave(&f);
	}
	int total = next[0] + next[1];
	fixture_start(&f);
	ck_assert_int_ge(total, ROUNDS);
	munmap(told, sizeof(*told) * WRITERS);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("concurrency");
	TCase *tc = tcase_create("threads and processes");

	n_kinds = store_kinds_init();
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, threads_of_one_process_never_lose_and_readers_see_whole_transactions);
	tcase_add_test(tc, one_has_the_turn_whoever_gives_up);
	tcase_add_loop_test(tc, two_machines_compete_and_the_loser_knows, 0, 1);
	tcase_add_test(tc, select_then_update_succeeds_after_at_most_few_retries);
	tcase_add_loop_test(tc, killed_processes_lose_nothing_that_was_acknowledged, 0, n_kinds);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
