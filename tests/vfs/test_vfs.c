/*
 * test_vfs.c - what a database on a blob store promises
 * Licence: MIT, see LICENSE.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "tests/vfs/fixture.h"
#include "vfs/commit.h"
#include "vfs/manifest.h"
#include "vfs/file.h"

static int n_kinds;

static uint64_t requests(struct fixture *f)
{
	return fault_get_counts(f->faults).all;
}

START_TEST(commit_is_one_request)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	struct fault_counts before = fault_get_counts(f.faults);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(VFS_OK, vfs_intent_begin(f.db, 0, NULL, NULL));
		exec(f.db, "INSERT INTO t(b) VALUES('x')");
	}
	struct fault_counts after = fault_get_counts(f.faults);
	ck_assert_uint_eq(after.creates - before.creates, 20);
	ck_assert_uint_eq(after.lists, before.lists);
	/* cache_ttl 0: each transaction may ask for the next slot, no more */
	ck_assert_uint_le(after.gets - before.gets, 20);
	fixture_close(&f);
}
END_TEST

START_TEST(reader_within_its_ttl_and_idle_database_ask_nothing)
{
	struct vfs_config config = { .cache_ttl_ms = 3600000 };
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	uint64_t before = requests(&f);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	usleep(300000);
	ck_assert_uint_eq(before, requests(&f));
	/* a writer that has just written asks for nothing but its slot */
	exec(f.db, "INSERT INTO t VALUES(2)");
	ck_assert_uint_eq(before + 1, requests(&f));
	fixture_close(&f);
}
END_TEST

START_TEST(what_is_committed_is_there_after_a_restart)
{
	struct vfs_config config = { 0 };
	struct fixture f;

	fixture_open_with(&f, _i, &config);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	int n = store_kinds[_i].is_http ? 70 : 150; /* enough for a manifest */
	for (int i = 0; i < n; i++)
		exec(f.db, "INSERT INTO t(b) VALUES(hex(randomblob(50)))");
	uint64_t hash = content_hash(f.db);
	fixture_restart(&f);
	ck_assert(hash == content_hash(f.db));
	integrity_check(f.db);
	ck_assert_int_eq(n, query_int(f.db, "SELECT count(*) FROM t"));
	sqlite3 *other = connect_to("other", NULL);
	exec(other, "CREATE TABLE o(a)");
	sqlite3_close(other);
	struct vfs_database_list list;
	ck_assert_int_eq(VFS_OK, vfs_list_databases(f.faults, &list, NULL));
	ck_assert_uint_eq(2, list.n_names);
	ck_assert_str_eq("app", list.names[0]);
	ck_assert_str_eq("other", list.names[1]);
	vfs_database_list_free(&list);
	fixture_close(&f);
}
END_TEST

START_TEST(opening_reads_a_manifest_and_few_slots)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 300; i++)
		exec(f.db, "INSERT INTO t VALUES(1)");
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	vfs_deinit(); /* waits for the manifests */
	struct error err = ERROR_INIT;
	ck_assert(vfs_init(&f.config, &err));
	struct fault_counts before = fault_get_counts(f.faults);
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(300, query_int(f.db, "SELECT count(*) FROM t"));
	struct fault_counts after = fault_get_counts(f.faults);
	ck_assert_uint_eq(1, after.lists - before.lists);
	ck_assert_uint_le(after.gets - before.gets, 64 + 10);
	fixture_close(&f);
}
END_TEST

START_TEST(old_snapshot_stays_what_it_was)
{
	struct fixture f;
	sqlite3 *reader;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) "
		   "INSERT INTO t SELECT i, printf('%.*c', 100, 'a') FROM n");
	reader = connect_to("app", NULL);
	exec(reader, "BEGIN");
	uint64_t hash = content_hash(reader);
	uint32_t r = 7;
	for (int i = 0; i < 200; i++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "UPDATE t SET b = 'c%d' WHERE a %% 50 = %u", i, rnd(&r, 50));
		exec(f.db, sql);
		if (i % 50 == 20)
			exec(f.db, "DELETE FROM t WHERE a % 7 = 3; VACUUM");
		if (i % 20 == 0)
			ck_assert(hash == content_hash(reader));
	}
	ck_assert(hash == content_hash(reader));
	integrity_check(reader);
	exec(reader, "COMMIT");
	ck_assert(content_hash(f.db) == content_hash(reader));
	/* pages are read back from the store, old and new */
	fixture_restart(&f);
	integrity_check(f.db);
	sqlite3_close(reader);
	fixture_close(&f);
}
END_TEST

START_TEST(stale_upgrade_is_busy_snapshot_and_succeeds_when_repeated)
{
	struct fixture f;
	sqlite3 *a, *b;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	a = connect_to("app", NULL);
	b = connect_to("app", NULL);
	exec(b, "BEGIN");
	ck_assert_int_eq(1, query_int(b, "SELECT a FROM t"));
	exec(a, "UPDATE t SET a = 2");
	ck_assert_int_eq(SQLITE_BUSY_SNAPSHOT, try_exec(b, "UPDATE t SET a = 3"));
	ck_assert_int_eq(1, query_int(b, "SELECT a FROM t"));
	exec(b, "ROLLBACK; BEGIN");
	ck_assert_int_eq(2, query_int(b, "SELECT a FROM t"));
	exec(b, "UPDATE t SET a = 4; COMMIT");
	ck_assert_int_eq(4, query_int(a, "SELECT a FROM t"));
	sqlite3_close(a);
	sqlite3_close(b);
	fixture_close(&f);
}
END_TEST

struct race {
	sqlite3 *winner;
	bool done;
};

static void win_race(void *arg)
{
	struct race *race = arg;

	if (race->done)
		return;
	race->done = true;
	exec(race->winner, "UPDATE t SET a = a + 10");
}

START_TEST(lost_slot_is_told_and_nothing_of_it_stays)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	struct race race = { 0 };

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	race.winner = connect_elsewhere(&f, "app");
	fault_set_hook(f.faults, win_race, &race);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_int_eq(SQLITE_IOERR_FSYNC, try_exec(f.db, "UPDATE t SET a = a + 1"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(f.db, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "could not serialize"));
	ck_assert_int_eq(VFS_OK, vfs_last_error(f.db, &err));
	ck_assert(sqlite3_get_autocommit(f.db));
	ck_assert_int_eq(11, query_int(f.db, "SELECT a FROM t"));
	exec(f.db, "UPDATE t SET a = a + 1");
	ck_assert_int_eq(12, query_int(race.winner, "SELECT a FROM t"));
	integrity_check(f.db);
	sqlite3_close(race.winner);
	fixture_close(&f);
}
END_TEST

START_TEST(unknown_outcome_is_told_and_resolved_before_the_next_commit)
{
	/* FAULT_UNKNOWN: it was not done; FAULT_LOST_REPLY: done; FAULT_LATE: done when nobody expects it */
	static const enum fault_mode modes[] = { FAULT_UNKNOWN, FAULT_LOST_REPLY, FAULT_LATE };
	struct vfs_config config = { .commit_timeout_ms = -1 };
	struct error err = ERROR_INIT;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	fault_arm_only(f.faults, 1, modes[_i], FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "INSERT INTO t VALUES(2)"));
	ck_assert_int_eq(VFS_UNKNOWN, vfs_last_error(f.db, &err));
	ck_assert(sqlite3_get_autocommit(f.db));
	/* the bytes are sent again: in the end it is committed, once, and then the next */
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(f.db, 0, NULL, &err));
	exec(f.db, "INSERT INTO t VALUES(3)");
	ck_assert_str_eq("1,2,3", query_text(f.db, "SELECT group_concat(a) FROM t"));
	fixture_restart(&f);
	ck_assert_str_eq("1,2,3", query_text(f.db, "SELECT group_concat(a) FROM t"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* A second store that misbehaves, above the first; the first is for blob_close() behind fixture_close(). */
static struct blob_store *two_faults(struct fixture *f)
{
	struct blob_store *below = f->faults;

	f->faults = fault_open(below);
	fixture_restart(f);
	return below;
}

/* The next commit is one of unknown outcome, and it stays so until `below`, of two_faults(), is disarmed. */
static void make_doubt(struct fixture *f, struct blob_store *below, const char *sql)
{
	fault_arm_only(below, 1, FAULT_STICKY, FAULT_OP_CREATE);
	fault_arm_only(f->faults, 1, FAULT_UNKNOWN, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f->db, sql));
	ck_assert_int_eq(VFS_UNKNOWN, vfs_last_error(f->db, NULL));
}

START_TEST(no_commit_is_accepted_while_one_is_in_doubt)
{
	struct vfs_config config = { .commit_timeout_ms = -1 };
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	struct blob_store *below = two_faults(&f);
	make_doubt(&f, below, "INSERT INTO t VALUES(2)");
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "INSERT INTO t VALUES(3)"));
	ck_assert_int_ne(VFS_OK, vfs_last_error(f.db, NULL));
	/* readers go on with what is known to be durable, or what turned out to be */
	ck_assert_int_eq(1, query_int(f.db, "SELECT min(a) FROM t"));
	ck_assert_int_eq(VFS_UNKNOWN, vfs_intent_begin(f.db, 0, NULL, NULL));
	fault_disarm(below);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(f.db, 0, NULL, NULL));
	exec(f.db, "INSERT INTO t VALUES(4)");
	ck_assert_str_eq("1,2,4", query_text(f.db, "SELECT group_concat(a) FROM t"));
	fixture_close(&f);
	blob_close(below);
}
END_TEST

START_TEST(doubt_is_resolved_in_the_background)
{
	struct vfs_config config = { .commit_timeout_ms = -1 };
	struct fixture f;
	sqlite3 *other;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a)");
	fault_arm_only(f.faults, 1, FAULT_UNKNOWN, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "INSERT INTO t VALUES(2)"));
	other = connect_elsewhere(&f, "app");
	for (int i = 0; i < 10000 && query_int(other, "SELECT count(*) FROM t") == 0; i++)
		usleep(10000);
	ck_assert_int_eq(1, query_int(other, "SELECT count(*) FROM t"));
	sqlite3_close(other);
	fixture_close(&f);
}
END_TEST

START_TEST(journal_mode_and_locking_mode_cannot_be_changed_to_what_would_harm)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	ck_assert_str_eq("delete", query_text(f.db, "PRAGMA journal_mode=WAL"));
	ck_assert_str_eq("delete", query_text(f.db, "PRAGMA journal_mode=OFF"));
	ck_assert_str_eq("normal", query_text(f.db, "PRAGMA locking_mode=EXCLUSIVE"));
	ck_assert_str_eq("delete", query_text(f.db, "PRAGMA journal_mode=WAL"));
	ck_assert_str_eq("truncate", query_text(f.db, "PRAGMA journal_mode=TRUNCATE"));
	ck_assert_str_eq("truncate", query_text(f.db, "PRAGMA journal_mode=WAL"));
	exec(f.db, "INSERT INTO t VALUES(1)");
	/* by way of an attached database the pragma does not pass the VFS first */
	sqlite3 *memory;
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(":memory:", &memory,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	exec(memory, "ATTACH 'file:app?vfs=pgblob' AS app; PRAGMA locking_mode=EXCLUSIVE");
	(void)try_exec(memory, "PRAGMA app.journal_mode=WAL");
	(void)try_exec(memory, "INSERT INTO app.t VALUES(2)");
	sqlite3_close(memory);
	fixture_restart(&f);
	integrity_check(f.db);
	exec(f.db, "INSERT INTO t VALUES(3)");
	fixture_close(&f);
}
END_TEST

START_TEST(several_databases_at_once_are_refused_whole)
{
	struct fixture f;
	struct error err = ERROR_INIT;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); PRAGMA synchronous=FULL");
	exec(f.db, "ATTACH 'file:two?vfs=pgblob' AS two; CREATE TABLE two.t(a)");
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO two.t VALUES(1); COMMIT"));
	ck_assert_int_eq(VFS_INVALID, vfs_last_error(f.db, &err));
	(void)try_exec(f.db, "ROLLBACK");
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM main.t"));
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM two.t"));
	exec(f.db, "INSERT INTO main.t VALUES(1)");
	exec(f.db, "INSERT INTO two.t VALUES(1)");
	exec(f.db, "PRAGMA main.synchronous=OFF");
	exec(f.db, "BEGIN; INSERT INTO main.t VALUES(2); INSERT INTO two.t VALUES(2); COMMIT");
	ck_assert_int_eq(2, query_int(f.db, "SELECT count(*) FROM two.t"));
	fixture_close(&f);
}
END_TEST

START_TEST(large_commit_goes_through_segments)
{
	struct fixture f;
	struct vfs_config config = { .cache_bytes = 1 << 20 };

	fixture_open_with(&f, _i, &config);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	struct fault_counts before = fault_get_counts(f.faults);
	/* above the overlay's memory limit too */
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<24000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	struct fault_counts after = fault_get_counts(f.faults);
	ck_assert_uint_ge(after.creates - before.creates, 5);
	uint64_t hash = content_hash(f.db);
	exec(f.db, "BEGIN; UPDATE t SET b = zeroblob(900)");
	ck_assert(hash != content_hash(f.db));
	exec(f.db, "ROLLBACK");
	ck_assert(hash == content_hash(f.db));
	fixture_restart(&f);
	ck_assert(hash == content_hash(f.db));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

START_TEST(sequential_scan_widens_its_requests)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<16000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	int64_t pages = query_int(f.db, "PRAGMA page_count");
	fixture_restart(&f);
	uint64_t before = fault_get_counts(f.faults).gets;
	ck_assert_int_eq(16000, query_int(f.db, "SELECT count(b) FROM t"));
	uint64_t gets = fault_get_counts(f.faults).gets - before;
	ck_assert_msg(gets * 50 < (uint64_t)pages, "%llu requests for %lld pages",
		      (unsigned long long)gets, (long long)pages);
	fixture_close(&f);
}
END_TEST

START_TEST(dropped_database_is_gone_for_handles_and_can_be_made_again)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	sqlite3 *other, *elsewhere;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	other = connect_to("app", NULL);
	elsewhere = connect_elsewhere(&f, "app");
	ck_assert_int_eq(1, query_int(other, "SELECT a FROM t"));
	ck_assert_int_eq(1, query_int(elsewhere, "SELECT a FROM t"));
	uint64_t before, after;
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(other, &before));
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "app", &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(other, "SELECT * FROM t"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_last_error(other, &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(elsewhere, "INSERT INTO t VALUES(2)"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_last_error(elsewhere, &err));
	struct vfs_database_list list;
	ck_assert_int_eq(VFS_OK, vfs_list_databases(f.faults, &list, NULL));
	ck_assert_uint_eq(0, list.n_names);
	vfs_database_list_free(&list);
	sqlite3 *none;
	ck_assert_int_eq(SQLITE_CANTOPEN, sqlite3_open_v2("file:app?vfs=pgblob", &none,
							  SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_open_error(&err));
	sqlite3_close(none);
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	ck_assert_int_eq(VFS_EXISTS, vfs_create_database(f.faults, "app", &err));
	/* the new one is not the one they had open */
	ck_assert_int_ne(SQLITE_OK, try_exec(other, "SELECT 1 FROM sqlite_schema"));
	sqlite3_close(f.db);
	f.db = connect_to("app", NULL);
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM sqlite_schema"));
	exec(f.db, "CREATE TABLE u(a)");
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(f.db, &after));
	ck_assert_uint_gt(after, before + 1);
	fixture_restart(&f);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM sqlite_schema"));
	sqlite3_close(other);
	sqlite3_close(elsewhere);
	fixture_close(&f);
}
END_TEST

START_TEST(stale_writer_does_not_survive_a_drop)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	sqlite3 *stale;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	stale = connect_elsewhere(&f, "app");
	exec(stale, "BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(stale, "COMMIT"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(stale, &err));
	sqlite3_close(stale);
	fixture_close(&f);
}
END_TEST

START_TEST(a_handle_that_has_read_nothing_does_not_see_a_dropped_database_as_empty)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	sqlite3 *late;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2("file:app?vfs=pgblob", &late,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	/* by another machine */
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.inner, "app", &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(late, "SELECT count(*) FROM sqlite_schema"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_last_error(late, &err));
	ck_assert_int_ne(SQLITE_OK, try_exec(late, "CREATE TABLE t(a)"));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.inner, "app", &err));
	sqlite3_close(late);
	fixture_close(&f);
}
END_TEST

/* May `db` write at once? */
static bool has_way(sqlite3 *db)
{
	struct error err = ERROR_INIT;
	enum vfs_rc rc = vfs_intent_begin(db, mono_ms() + 1, NULL, &err);

	ck_assert_msg(rc == VFS_OK || rc == VFS_TIMEOUT, "%s", err.text);
	vfs_intent_end(db);
	return rc == VFS_OK;
}

START_TEST(a_lent_turn_ends_when_its_lender_ends_it)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	atomic_bool canceled = true;
	struct vfs_turn turn;
	sqlite3 *a, *b, *memory;
	int me;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	a = connect_to("app", NULL);
	b = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, vfs_turn_begin(&turn, "app", &me, 0, NULL, &err));
	ck_assert(!has_way(b));
	ck_assert_int_eq(SQLITE_BUSY, try_exec(b, "INSERT INTO t VALUES(0)"));
	for (int i = 1; i <= 2; i++) {
		/* more than one transaction, if it is lent again */
		ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, a, &err));
		exec(a, "INSERT INTO t VALUES(1)");
		ck_assert(!has_way(b));
		ck_assert_int_eq(i, query_int(b, "SELECT count(*) FROM t"));
	}
	/* the handle has it no more: as any other it is refused */
	ck_assert_int_eq(SQLITE_BUSY, try_exec(a, "INSERT INTO t VALUES(3)"));
	/* ROLLBACK, no transaction at all, and a handle that is closed give it back, too */
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, a, &err));
	exec(a, "BEGIN IMMEDIATE; INSERT INTO t VALUES(4)");
	/* not what has begun already */
	ck_assert_int_eq(VFS_INVALID, vfs_turn_lend(&turn, a, &err));
	exec(a, "ROLLBACK");
	ck_assert(!has_way(b));
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, a, &err));
	vfs_intent_end(a);
	ck_assert(!has_way(b));
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, a, &err));
	sqlite3_close(a);
	ck_assert(!has_way(b));
	vfs_turn_end(&turn);
	ck_assert(has_way(b));
	vfs_turn_end(&turn);
	/* who gives up has nothing */
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(b, 0, NULL, &err));
	ck_assert_int_eq(VFS_TIMEOUT, vfs_turn_begin(&turn, "app", &me, mono_ms() + 5, NULL, &err));
	ck_assert_ptr_null(turn.db);
	ck_assert_int_eq(VFS_CANCELED, vfs_turn_begin(&turn, "app", &me, 0, &canceled, &err));
	vfs_turn_end(&turn);
	vfs_intent_end(b);
	/* what is no handle of ours cannot borrow it */
	ck_assert_int_eq(VFS_OK, vfs_turn_begin(&turn, "app", &me, 0, NULL, &err));
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &memory));
	ck_assert_int_eq(VFS_INVALID, vfs_turn_lend(&turn, memory, &err));
	ck_assert(!has_way(b));
	vfs_turn_end(&turn);
	ck_assert(has_way(b));
	sqlite3_close(memory);
	sqlite3_close(b);
	fixture_close(&f);
}
END_TEST

START_TEST(who_is_too_late_is_told_while_another_has_the_turn)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	struct vfs_turn turn;
	sqlite3 *reader, *writer;
	int me;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	reader = connect_to("app", NULL);
	writer = connect_to("app", NULL);
	exec(reader, "BEGIN");
	ck_assert_int_eq(0, query_int(reader, "SELECT count(*) FROM t"));
	ck_assert_int_eq(VFS_OK, vfs_turn_begin(&turn, "app", &me, 0, NULL, &err));
	ck_assert_int_eq(SQLITE_BUSY, try_exec(reader, "INSERT INTO t VALUES(1)"));
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, writer, &err));
	exec(writer, "INSERT INTO t VALUES(2)");
	ck_assert_int_eq(SQLITE_BUSY_SNAPSHOT, try_exec(reader, "INSERT INTO t VALUES(1)"));
	exec(reader, "ROLLBACK");
	vfs_turn_end(&turn);
	exec(reader, "INSERT INTO t VALUES(1)");
	sqlite3_close(reader);
	sqlite3_close(writer);
	fixture_close(&f);
}
END_TEST

START_TEST(a_turn_is_of_the_database_that_the_handle_is_of)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	struct vfs_turn turn;
	sqlite3 *old, *new, *other;
	int me;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	old = connect_to("app", NULL);
	/* dropped and made again: the handle is still to the first one */
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	new = connect_to("app", NULL);
	exec(new, "CREATE TABLE t(a)");
	other = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, vfs_turn_begin(&turn, "app", &me, 0, NULL, &err));
	ck_assert_int_eq(VFS_OK, vfs_turn_lend(&turn, new, &err));
	exec(new, "INSERT INTO t VALUES(1)");
	enum vfs_rc rc = vfs_turn_lend(&turn, old, &err);
	ck_assert_int_ne(SQLITE_OK, try_exec(old, "INSERT INTO t VALUES(2)"));
	if (rc == VFS_OK)
		vfs_intent_end(old);
	vfs_turn_end(&turn);
	ck_assert(has_way(other));
	ck_assert_int_eq(1, query_int(other, "SELECT count(*) FROM t"));
	sqlite3_close(old);
	sqlite3_close(new);
	sqlite3_close(other);
	fixture_close(&f);
}
END_TEST

START_TEST(intent_waits_its_turn_in_order_and_gives_up_when_told)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	atomic_bool canceled = true;
	sqlite3 *a, *b;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	a = connect_to("app", NULL);
	b = connect_to("app", NULL);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(a, 0, NULL, &err));
	int64_t began = mono_ms();
	ck_assert_int_eq(VFS_TIMEOUT, vfs_intent_begin(b, mono_ms() + 200, NULL, &err));
	ck_assert_int_ge(mono_ms() - began, 190);
	ck_assert_int_eq(VFS_CANCELED, vfs_intent_begin(b, 0, &canceled, &err));
	exec(a, "INSERT INTO t VALUES(1)");
	/* a's turn ended with its transaction */
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(b, mono_ms() + 60000, NULL, &err));
	ck_assert_int_eq(SQLITE_BUSY, try_exec(a, "INSERT INTO t VALUES(2)"));
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t"));
	vfs_intent_end(b);
	exec(a, "INSERT INTO t VALUES(2)");
	sqlite3 *memory;
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &memory));
	ck_assert_int_eq(VFS_INVALID, vfs_intent_begin(memory, 0, NULL, &err));
	sqlite3_close(memory);
	sqlite3_close(a);
	sqlite3_close(b);
	fixture_close(&f);
}
END_TEST

START_TEST(names_are_checked_and_encoded)
{
	static const char *const good[] = { "a", "My-App_1", "with space", "sla/sh", "../up", ".", "%41",
					    "\xc3\xa4\xe2\x82\xac", "manifest", "file:x?y=z#f", "quote'\"" };
	static const char *const bad[] = { "", "tab\there", "\xff\xfe", "\xc0\xaf",
					   "0123456789012345678901234567890123456789012345678901234567890123" };
	struct fixture f;
	struct error err = ERROR_INIT;
	struct vfs_database_list list;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ck_assert_msg(vfs_create_database(f.faults, good[i], &err) == VFS_OK, "%s: %s", good[i],
			      err.text);
		sqlite3 *db = connect_to(good[i], NULL);
		char sql[64];

		snprintf(sql, sizeof(sql), "CREATE TABLE t(a); INSERT INTO t VALUES(%zu)", i);
		exec(db, sql);
		sqlite3_close(db);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		sqlite3 *db = connect_to(good[i], NULL);

		ck_assert_int_eq((int64_t)i, query_int(db, "SELECT a FROM t"));
		sqlite3_close(db);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(VFS_INVALID, vfs_create_database(f.faults, bad[i], &err));
	ck_assert_int_eq(VFS_OK, vfs_list_databases(f.faults, &list, &err));
	ck_assert_uint_eq(ARRAY_LEN(good) + 1, list.n_names);
	vfs_database_list_free(&list);
	fixture_close(&f);
}
END_TEST

/* Change one byte of the file that holds `key`. */
static void damage(struct fixture *f, const char *key, off_t at)
{
	char path[1024];
	unsigned char byte;

	snprintf(path, sizeof(path), "%s/%s", f->place.url + strlen("file://"), key);
	ck_assert_int_eq(0, chmod(path, 0600));
	int fd = open(path, O_RDWR);
	ck_assert_msg(fd >= 0, "%s", path);
	struct stat st;
	ck_assert_int_eq(0, fstat(fd, &st));
	if (at < 0)
		at += st.st_size;
	ck_assert_int_eq(1, pread(fd, &byte, 1, at));
	byte ^= 0x20;
	ck_assert_int_eq(1, pwrite(fd, &byte, 1, at));
	close(fd);
}

START_TEST(damaged_slot_is_named_and_refused)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	sqlite3 *db;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(1)");
	sqlite3_close(f.db);
	vfs_deinit();
	damage(&f, "app/log/0000000000000002", _i == 3 ? -1 : 20 + _i * 100);
	ck_assert(vfs_init(&f.config, &err));
	ck_assert_int_eq(SQLITE_CANTOPEN, sqlite3_open_v2("file:app?vfs=pgblob", &db,
							  SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	ck_assert_int_eq(VFS_CORRUPT, vfs_open_error(&err));
	ck_assert_ptr_nonnull(strstr(err.text, "app/log/0000000000000002"));
	sqlite3_close(db);
	f.db = NULL;
	fixture_close(&f);
}
END_TEST

START_TEST(damaged_page_is_named_and_the_rest_stays_readable)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT(1 << 20);
	struct blob_list list;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<8000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	struct blob_list_request request = { .prefix = "app/seg/" };
	ck_assert_int_eq(BLOB_OK, blob_list(f.inner, &request, &arena, &list, &err));
	ck_assert_uint_ge(list.n_entries, 2);
	for (size_t i = 0; i < list.n_entries; i++)
		damage(&f, list.entries[i].key, 1000000);
	fixture_restart(&f);
	ck_assert_int_eq(SQLITE_IOERR_DATA, try_exec(f.db, "SELECT sum(length(b)) FROM t"));
	ck_assert_int_eq(VFS_CORRUPT, vfs_last_error(f.db, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "app/seg/"));
	ck_assert_int_eq(1000, query_int(f.db, "SELECT length(b) FROM t WHERE a = 1"));
	exec(f.db, "INSERT INTO t VALUES(9000, 'x')");
	arena_free(&arena);
	fixture_close(&f);
}
END_TEST

START_TEST(missing_slot_in_the_middle_is_noticed)
{
	struct fixture f;
	struct error err = ERROR_INIT;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 5; i++)
		exec(f.db, "INSERT INTO t VALUES(1)");
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, "app/log/0000000000000005", &err));
	fixture_restart(&f);
	/* what comes behind the gap does not follow what is written into it */
	(void)try_exec(f.db, "INSERT INTO t VALUES(2)");
	int rc = try_exec(f.db, "INSERT INTO t VALUES(3)");
	ck_assert_int_ne(SQLITE_OK, rc);
	ck_assert_int_eq(VFS_CORRUPT, vfs_last_error(f.db, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "does not follow"));
	fixture_close(&f);
}
END_TEST

/* The machine of this connection slept: what it knew of the head is old. */
static void sleep_for_an_hour(sqlite3 *db)
{
	struct handle *h = NULL;

	ck_assert_int_eq(SQLITE_OK, sqlite3_file_control(db, "main", FCNTL_PGBLOB_HANDLE, &h));
	mutex_lock(&h->db->lock);
	h->db->proven_us -= (int64_t)3600 * 1000000;
	mutex_unlock(&h->db->lock);
}

/* Others commit, write a manifest, and clean up the slots behind it. */
static void others_go_on(struct fixture *f, int n, bool clean_up)
{
	struct error err = ERROR_INIT;
	sqlite3 *other = connect_elsewhere(f, "app");
	struct handle *h = NULL;

	for (int i = 0; i < n; i++)
		exec(other, "UPDATE t SET a = a + 1");
	ck_assert_int_eq(SQLITE_OK, sqlite3_file_control(other, "main", FCNTL_PGBLOB_HANDLE, &h));
	ck_assert_msg(manifest_write(h->db, &err) == VFS_OK, "%s", err.text);
	uint64_t last = h->db->newest->lsn;
	for (uint64_t lsn = 1; clean_up && lsn < last; lsn++) {
		char key[KEY_MAX];

		/* but the pages of the table are of the newest commit, and of the first */
		if (lsn <= 3)
			continue;
		key_slot(key, "app", lsn);
		ck_assert_int_eq(BLOB_OK, blob_delete(f->inner, key, &err));
	}
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(other));
}

START_TEST(machine_that_slept_does_not_take_a_slot_that_was_cleaned_up)
{
	struct vfs_config config = { .cache_ttl_ms = 24 * 3600 * 1000 };
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(0)");
	exec(f.db, "BEGIN IMMEDIATE; UPDATE t SET a = a + 100");
	others_go_on(&f, 20, true);
	sleep_for_an_hour(f.db);
	/* slot 4 is free again, and must not be believed */
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "COMMIT"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(f.db, NULL));
	ck_assert_int_eq(20, query_int(f.db, "SELECT a FROM t"));
	exec(f.db, "UPDATE t SET a = a + 1");
	fixture_restart(&f);
	ck_assert_int_eq(21, query_int(f.db, "SELECT a FROM t"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

START_TEST(machine_that_slept_reads_what_is_newest)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(0)");
	others_go_on(&f, 20, true);
	sleep_for_an_hour(f.db);
	ck_assert_int_eq(20, query_int(f.db, "SELECT a FROM t"));
	fixture_close(&f);
}
END_TEST

struct slow_put {
	struct fixture *f;
	bool done;
};

/* While our PUT is on its way the machine sleeps, and the others go on. */
static void sleep_in_put(void *arg)
{
	struct slow_put *slow = arg;
	struct handle *h = NULL;

	if (slow->done)
		return;
	slow->done = true;
	(void)sqlite3_file_control(slow->f->db, "main", FCNTL_PGBLOB_HANDLE, &h);
	others_go_on(slow->f, 20, true);
	vfs_test_sleep_us = (int64_t)3600 * 1000000;
}

START_TEST(put_that_took_too_long_is_not_believed)
{
	struct fixture f;
	struct slow_put slow = { .f = &f };

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(0)");
	fault_set_hook(f.faults, sleep_in_put, &slow);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "UPDATE t SET a = a + 100"));
	/* from where we are it looks as if we had been in time, and the answer late */
	ck_assert_int_eq(VFS_UNKNOWN, vfs_last_error(f.db, NULL));
	ck_assert_int_eq(20, query_int(f.db, "SELECT a FROM t"));
	fixture_close(&f);
}
END_TEST

/* Another machine makes the database again while this one still cleans up behind its DROP. */
static void create_again(void *arg)
{
	struct fixture *f = arg;
	struct blob_store *store = store_place_open(&f->place);
	struct error err = ERROR_INIT;

	ck_assert_msg(vfs_create_database(store, "app", &err) == VFS_OK, "%s", err.text);
	blob_close(store);
	sqlite3 *other = connect_elsewhere(f, "app");
	exec(other, "CREATE TABLE big(x)");
	exec(other, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
		    "INSERT INTO big SELECT randomblob(800) FROM n");
	sqlite3_close(other);
}

START_TEST(drop_takes_nothing_from_the_next_database_of_its_name)
{
	struct fixture f;
	struct error err = ERROR_INIT;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	/* its slot is the first object that DROP creates, its manifest the second */
	fault_set_hook(f.faults, create_again, &f);
	fault_arm_only(f.faults, 2, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_msg(vfs_drop_database(f.faults, "app", &err) == VFS_OK, "%s", err.text);
	ck_assert(fault_disarm(f.faults));
	f.db = connect_to("app", NULL);
	fixture_restart(&f);
	ck_assert_int_eq(5000, query_int(f.db, "SELECT count(*) FROM big WHERE length(x) = 800"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* The machine sleeps while it reads the log; the others go on. */
static void sleep_in_get(void *arg)
{
	others_go_on(arg, 20, true);
	vfs_test_sleep_us += (int64_t)3600 * 1000000;
}

START_TEST(machine_that_slept_while_it_read_the_log_reads_on_from_a_manifest)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(0)");
	/* slot 4 was not there when it began, and is not there when it goes on */
	fault_set_hook(f.faults, sleep_in_get, &f);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_GET);
	ck_assert_int_eq(20, query_int(f.db, "SELECT a FROM t"));
	exec(f.db, "UPDATE t SET a = a + 1");
	fixture_restart(&f);
	ck_assert_int_eq(21, query_int(f.db, "SELECT a FROM t"));
	fixture_close(&f);
}
END_TEST

START_TEST(doubt_of_a_machine_that_slept_ends_and_makes_no_slot_again)
{
	struct vfs_config config = { .commit_timeout_ms = -1 };
	struct fixture f;
	char key[KEY_MAX];

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t VALUES(0)");
	struct blob_store *below = two_faults(&f);
	make_doubt(&f, below, "UPDATE t SET a = 100");
	others_go_on(&f, 20, true);
	vfs_test_sleep_us += (int64_t)3600 * 1000000;
	(void)fault_disarm(below);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	f.db = connect_to("app", NULL);
	exec(f.db, "UPDATE t SET a = a + 1");
	ck_assert_int_eq(21, query_int(f.db, "SELECT a FROM t"));
	key_slot(key, "app", 4);
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_head(f.inner, key, NULL, NULL));
	fixture_close(&f);
	blob_close(below);
}
END_TEST

START_TEST(own_commit_is_not_lost_because_its_slot_was_read_wrongly)
{
	enum { NONCE_AT = 32 };
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	struct blob_store *below = two_faults(&f);
	exec(f.db, "UPDATE t SET a = 2");
	/* the first answer is lost, the second says "taken", and who reads by whom reads wrongly */
	fault_arm_only(below, 1, FAULT_REPEAT, FAULT_OP_CREATE);
	fault_set_damage(f.faults, NONCE_AT);
	ck_assert_int_eq(VFS_OK, vfs_intent_begin(f.db, 0, NULL, NULL));
	fault_arm_only(f.faults, 1, FAULT_DAMAGE, FAULT_OP_GET);
	exec(f.db, "UPDATE t SET a = 3");
	ck_assert(fault_disarm(below));
	ck_assert(fault_disarm(f.faults));
	ck_assert_int_eq(3, query_int(f.db, "SELECT a FROM t"));
	fixture_close(&f);
	blob_close(below);
}
END_TEST

static void fail_next_get(void *arg)
{
	fault_arm_only(arg, 1, FAULT_BUSY, FAULT_OP_GET);
}

START_TEST(snapshot_that_may_be_ours_is_not_told_to_exist)
{
	struct fixture f;
	struct error err = ERROR_INIT;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	struct blob_store *below = two_faults(&f);
	/* its first answer is lost, the second says "taken", and by whom cannot be read */
	fault_arm_only(below, 1, FAULT_REPEAT, FAULT_OP_CREATE);
	fault_set_hook(f.faults, fail_next_get, f.faults);
	fault_arm_only(f.faults, 1, FAULT_HOOK_AFTER, FAULT_OP_CREATE);
	ck_assert_int_eq(VFS_UNKNOWN, vfs_create_snapshot(f.faults, "app", "s", NULL, &err));
	ck_assert(fault_disarm(f.faults));
	sqlite3 *then = connect_to("app@s", NULL);
	ck_assert_int_eq(1, query_int(then, "SELECT a FROM t"));
	sqlite3_close(then);
	fixture_close(&f);
	blob_close(below);
}
END_TEST

struct bystander {
	struct fixture *f;
	sqlite3 *elsewhere;
	sqlite3 *reader; /* of the machine whose commit is under way */
	pthread_t thread;
	int64_t saw;
	bool threaded;
};

static void *read_a(void *arg)
{
	struct bystander *b = arg;

	b->saw = query_int(b->reader, "SELECT a FROM t");
	return NULL;
}

/* Another machine commits, and somebody here reads. */
static void others_commit_and_read(void *arg)
{
	struct bystander *b = arg;

	if (b->elsewhere == NULL)
		return;
	exec(b->elsewhere, "UPDATE t SET a = a + 10");
	sqlite3_close(b->elsewhere);
	b->elsewhere = NULL;
	if (!b->threaded) {
		(void)read_a(b);
		return;
	}
	ck_assert_int_eq(0, pthread_create(&b->thread, NULL, read_a, b));
	usleep(50000);
}

START_TEST(reader_sees_what_another_machine_built_on_a_commit_whose_answer_is_late)
{
	struct fixture f;
	struct bystander b = { .f = &f, .threaded = true };

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	b.elsewhere = connect_elsewhere(&f, "app");
	b.reader = connect_to("app", NULL);
	fault_set_hook(f.faults, others_commit_and_read, &b);
	fault_arm_only(f.faults, 1, FAULT_HOOK_AFTER, FAULT_OP_CREATE);
	exec(f.db, "UPDATE t SET a = a + 1");
	pthread_join(b.thread, NULL);
	ck_assert_int_eq(12, b.saw);
	sqlite3_close(b.reader);
	fixture_close(&f);
}
END_TEST

START_TEST(doubt_about_a_slot_that_was_read_meanwhile_does_not_last)
{
	struct vfs_config config = { .commit_timeout_ms = -1 };
	struct fixture f;
	struct bystander b = { .f = &f };

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	struct blob_store *below = two_faults(&f);
	b.elsewhere = connect_elsewhere(&f, "app");
	b.reader = connect_to("app", NULL);
	/* our PUT is not done, and nobody can say so; another's took the slot, and was read */
	fault_set_hook(f.faults, others_commit_and_read, &b);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	fault_arm_only(below, 1, FAULT_UNKNOWN, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "UPDATE t SET a = a + 1"));
	ck_assert_int_eq(VFS_UNKNOWN, vfs_last_error(f.db, NULL));
	ck_assert_int_eq(11, b.saw);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	f.db = connect_to("app", NULL);
	exec(f.db, "UPDATE t SET a = a + 100");
	ck_assert_int_eq(111, query_int(b.reader, "SELECT a FROM t"));
	sqlite3_close(b.reader);
	fixture_close(&f);
	blob_close(below);
}
END_TEST

START_TEST(rollback_after_a_spill_brings_everything_back)
{
	static const char *const modes[] = { "DELETE", "TRUNCATE", "PERSIST", "MEMORY" };
	struct fixture f;
	char sql[64];

	fixture_open(&f);
	snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s; PRAGMA cache_size=10", modes[_i]);
	exec(f.db, sql);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) "
		   "INSERT INTO t SELECT i, hex(randomblob(100)) FROM n");
	uint64_t hash = content_hash(f.db);
	for (int i = 0; i < 5; i++) {
		exec(f.db, "BEGIN; UPDATE t SET b = b || a; SAVEPOINT s; DELETE FROM t WHERE a % 3 = 0");
		exec(f.db, "ROLLBACK TO s");
		ck_assert_int_eq(3000, query_int(f.db, "SELECT count(*) FROM t"));
		exec(f.db, "ROLLBACK");
		ck_assert(hash == content_hash(f.db));
		integrity_check(f.db);
	}
	ck_assert_int_eq(SQLITE_CONSTRAINT_PRIMARYKEY,
			 try_exec(f.db, "INSERT INTO t SELECT 3000 + (a % 2900), b FROM t"));
	ck_assert(hash == content_hash(f.db));
	fixture_close(&f);
}
END_TEST

static bool count_progress(void *arg, uint64_t done, uint64_t total)
{
	unsigned *calls = arg;

	ck_assert_uint_le(done, total);
	(*calls)++;
	return true;
}

static bool stop_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	(void)done;
	(void)total;
	return false;
}

static const struct {
	const char *pragma;
} import_kinds[] = {
	{ "PRAGMA page_size=4096" },
	{ "PRAGMA page_size=512" },
	{ "PRAGMA page_size=65536" },
	{ "PRAGMA page_size=1024; PRAGMA journal_mode=WAL" },
	{ "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0" },
	{ "PRAGMA auto_vacuum=FULL" },
};

START_TEST(imported_and_exported_file_is_the_same)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	char path[600], copy[620];
	unsigned calls = 0;
	sqlite3 *source, *out, *imported;

	fixture_open(&f);
	snprintf(path, sizeof(path), "%s.sqlite", f.place.url + strlen("file://"));
	snprintf(copy, sizeof(copy), "%s.copy", path);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(path, &source));
	exec(source, import_kinds[_i].pragma);
	exec(source, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b);"
		     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000) "
		     "INSERT INTO t SELECT i, hex(randomblob(200)) FROM n; DELETE FROM t WHERE a % 5 = 0");
	uint64_t hash = content_hash(source);
	/* the source is open, and its WAL not checkpointed: all of it counts */
	ck_assert_msg(vfs_import(f.faults, "in", path, count_progress, &calls, &err) == VFS_OK, "%s",
		      err.text);
	ck_assert_uint_ge(calls, 1);
	ck_assert_int_eq(VFS_EXISTS, vfs_import(f.faults, "in", path, NULL, NULL, &err));
	imported = connect_to("in", NULL);
	ck_assert(hash == content_hash(imported));
	integrity_check(imported);
	uint64_t lsn;
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(imported, &lsn));
	ck_assert_uint_eq(1, lsn);
	exec(imported, "INSERT INTO t(b) VALUES('written')");
	hash = content_hash(imported);
	ck_assert_msg(vfs_export(f.faults, "in", copy, count_progress, &calls, &err) == VFS_OK, "%s",
		      err.text);
	ck_assert_int_eq(VFS_EXISTS, vfs_export(f.faults, "in", copy, NULL, NULL, &err));
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(copy, &out));
	ck_assert(hash == content_hash(out));
	integrity_check(out);
	sqlite3_close(out);
	sqlite3_close(source);
	sqlite3_close(imported);
	unlink(copy);
	ck_assert_int_eq(VFS_CANCELED, vfs_export(f.faults, "in", copy, stop_progress, NULL, &err));
	ck_assert_int_ne(0, access(copy, F_OK));
	ck_assert_int_eq(VFS_CANCELED, vfs_import(f.faults, "in2", path, stop_progress, NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "in2", &err));
	ck_assert_int_eq(VFS_IO, vfs_import(f.faults, "in3", "/nowhere/x", NULL, NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_export(f.faults, "nope", copy, NULL, NULL, &err));
	unlink(path);
	fixture_close(&f);
}
END_TEST

START_TEST(file_that_is_no_database_is_not_imported)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	char path[600];

	fixture_open(&f);
	snprintf(path, sizeof(path), "%s.txt", f.place.url + strlen("file://"));
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fprintf(file, "this is no database\n");
	fclose(file);
	ck_assert_int_eq(VFS_INVALID, vfs_import(f.faults, "in", path, NULL, NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "in", &err));
	unlink(path);
	fixture_close(&f);
}
END_TEST

START_TEST(memory_stays_within_the_cache_limit)
{
	struct vfs_config config = { .cache_bytes = 2 << 20 };
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<30000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	uint64_t hash = content_hash(f.db);
	fixture_restart(&f);
	/* a page that SQLite holds by pointer must outlive its eviction */
	exec(f.db, "BEGIN");
	for (int i = 0; i < 3; i++) {
		ck_assert(hash == content_hash(f.db));
		ck_assert_int_eq(30000, query_int(f.db, "SELECT count(*) FROM t x JOIN t y ON y.a = x.a WHERE length(y.b) = 1000"));
	}
	exec(f.db, "COMMIT");
	fixture_close(&f);
}
END_TEST

START_TEST(open_cursor_survives_commits_of_its_own_connection)
{
	struct fixture f;
	sqlite3_stmt *stmt;
	int n = 0;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE u(a)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000) "
		   "INSERT INTO t SELECT i, printf('%.*c', 300, 'q') FROM n");
	ck_assert_int_eq(SQLITE_OK, sqlite3_prepare_v2(f.db, "SELECT a, b FROM t", -1, &stmt, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		n++;
		ck_assert_int_eq(300, sqlite3_column_bytes(stmt, 1));
		if (n % 5 == 0)
			exec(f.db, "INSERT INTO u VALUES(1); UPDATE t SET b = replace(b, 'q', 'w') WHERE a % 17 = 0");
	}
	ck_assert_int_eq(1000, n);
	sqlite3_finalize(stmt);
	ck_assert_int_eq(200, query_int(f.db, "SELECT count(*) FROM u"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

START_TEST(schema_and_head_are_told_without_a_request)
{
	struct vfs_config config = { .cache_ttl_ms = 3600000 };
	struct fixture f;
	uint64_t schema, same, changed;
	uint64_t lsn, next;

	fixture_open_with(&f, 0, &config);
	exec(f.db, "CREATE TABLE t(a)");
	uint64_t before = requests(&f);
	ck_assert_int_eq(VFS_OK, vfs_schema(f.db, &schema));
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(f.db, &lsn));
	ck_assert_uint_eq(before, requests(&f));
	exec(f.db, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(VFS_OK, vfs_schema(f.db, &same));
	ck_assert_uint_eq(schema, same);
	exec(f.db, "CREATE TABLE u(a)");
	ck_assert_int_eq(VFS_OK, vfs_schema(f.db, &changed));
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(f.db, &next));
	ck_assert_uint_ne(schema, changed);
	ck_assert_uint_eq(lsn + 2, next);
	fixture_close(&f);
}
END_TEST

START_TEST(store_urls_of_daemon_and_shell_are_the_same)
{
	char url[256];
	struct error err = ERROR_INIT;

	ck_assert(vfs_store_url("s3", NULL, "b", "sqlite-dbs/", url, sizeof(url), &err));
	ck_assert_str_eq("s3://b/sqlite-dbs", url);
	ck_assert(vfs_store_url("s3", NULL, "b", "", url, sizeof(url), &err));
	ck_assert_str_eq("s3://b", url);
	ck_assert(vfs_store_url("azure", "a", "c", NULL, url, sizeof(url), &err));
	ck_assert_str_eq("azure://a/c", url);
	ck_assert(vfs_store_url("local", NULL, "./data", NULL, url, sizeof(url), &err));
	ck_assert_str_eq("file:./data", url);
	ck_assert(!vfs_store_url("s3", NULL, NULL, "", url, sizeof(url), &err));
	ck_assert(!vfs_store_url("tape", NULL, "x", "", url, sizeof(url), &err));
	setenv("STORAGE", "s3", 1);
	setenv("S3_BUCKET", "bkt", 1);
	unsetenv("PGBLOB_STORE");
	ck_assert(vfs_store_url_of_environment(url, sizeof(url), &err));
	ck_assert_str_eq("s3://bkt/sqlite-dbs", url);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vfs");
	TCase *tc = tcase_create("promises");

	n_kinds = store_kinds_init();
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, commit_is_one_request);
	tcase_add_test(tc, reader_within_its_ttl_and_idle_database_ask_nothing);
	tcase_add_loop_test(tc, what_is_committed_is_there_after_a_restart, 0, n_kinds);
	tcase_add_test(tc, opening_reads_a_manifest_and_few_slots);
	tcase_add_test(tc, old_snapshot_stays_what_it_was);
	tcase_add_test(tc, stale_upgrade_is_busy_snapshot_and_succeeds_when_repeated);
	tcase_add_test(tc, lost_slot_is_told_and_nothing_of_it_stays);
	tcase_add_loop_test(tc, unknown_outcome_is_told_and_resolved_before_the_next_commit, 0, 3);
	tcase_add_test(tc, no_commit_is_accepted_while_one_is_in_doubt);
	tcase_add_test(tc, doubt_is_resolved_in_the_background);
	tcase_add_test(tc, journal_mode_and_locking_mode_cannot_be_changed_to_what_would_harm);
	tcase_add_test(tc, several_databases_at_once_are_refused_whole);
	tcase_add_loop_test(tc, large_commit_goes_through_segments, 0, n_kinds);
	tcase_add_test(tc, sequential_scan_widens_its_requests);
	tcase_add_test(tc, dropped_database_is_gone_for_handles_and_can_be_made_again);
	tcase_add_test(tc, stale_writer_does_not_survive_a_drop);
	tcase_add_test(tc, a_handle_that_has_read_nothing_does_not_see_a_dropped_database_as_empty);
	tcase_add_test(tc, intent_waits_its_turn_in_order_and_gives_up_when_told);
	tcase_add_test(tc, a_lent_turn_ends_when_its_lender_ends_it);
	tcase_add_test(tc, who_is_too_late_is_told_while_another_has_the_turn);
	tcase_add_test(tc, a_turn_is_of_the_database_that_the_handle_is_of);
	tcase_add_test(tc, names_are_checked_and_encoded);
	tcase_add_loop_test(tc, damaged_slot_is_named_and_refused, 0, 4);
	tcase_add_test(tc, damaged_page_is_named_and_the_rest_stays_readable);
	tcase_add_test(tc, missing_slot_in_the_middle_is_noticed);
	tcase_add_test(tc, machine_that_slept_does_not_take_a_slot_that_was_cleaned_up);
	tcase_add_test(tc, machine_that_slept_reads_what_is_newest);
	tcase_add_test(tc, drop_takes_nothing_from_the_next_database_of_its_name);
	tcase_add_test(tc, machine_that_slept_while_it_read_the_log_reads_on_from_a_manifest);
	tcase_add_test(tc, doubt_of_a_machine_that_slept_ends_and_makes_no_slot_again);
	tcase_add_test(tc, snapshot_that_may_be_ours_is_not_told_to_exist);
	tcase_add_test(tc, own_commit_is_not_lost_because_its_slot_was_read_wrongly);
	tcase_add_test(tc, reader_sees_what_another_machine_built_on_a_commit_whose_answer_is_late);
	tcase_add_test(tc, doubt_about_a_slot_that_was_read_meanwhile_does_not_last);
	tcase_add_test(tc, put_that_took_too_long_is_not_believed);
	tcase_add_loop_test(tc, rollback_after_a_spill_brings_everything_back, 0, 4);
	tcase_add_loop_test(tc, imported_and_exported_file_is_the_same, 0, (int)ARRAY_LEN(import_kinds));
	tcase_add_test(tc, file_that_is_no_database_is_not_imported);
	tcase_add_test(tc, memory_stays_within_the_cache_limit);
	tcase_add_test(tc, open_cursor_survives_commits_of_its_own_connection);
	tcase_add_test(tc, schema_and_head_are_told_without_a_request);
	tcase_add_test(tc, store_urls_of_daemon_and_shell_are_the_same);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
