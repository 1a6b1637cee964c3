/*
 * test_sqlite.c - what SQLite expects of a VFS, and what it may be told by one
 *
 * The facts of README.md and of SQLite's pager that are no matter of stores,
 * each by itself; test_differential.c has them mixed, tests/sqlite SQLite's own.
 * Licence: MIT, see LICENSE.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/fixture.h"
#include "vfs/file.h"

static void fill(sqlite3 *db, int rows)
{
	char sql[256];

	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b)");
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO t SELECT i, hex(randomblob(100)) FROM n", rows);
	exec(db, sql);
}

static uint64_t head(sqlite3 *db)
{
	uint64_t lsn;

	ck_assert_int_eq(VFS_OK, vfs_head_lsn(db, &lsn));
	return lsn;
}

/* An ordinary file beside the store's folder. */
static void file_path(struct fixture *f, char *out, size_t size)
{
	snprintf(out, size, "%s.sqlite", f->place.url + strlen("file://"));
}

/* --- sizes ----------------------------------------------------------------- */

static const int page_sizes[] = { 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };

START_TEST(vacuum_changes_page_size_and_auto_vacuum_beside_a_reader)
{
	struct fixture f;
	sqlite3 *reader;
	char sql[128];

	fixture_open(&f);
	fill(f.db, 2000);
	uint64_t hash = content_hash(f.db);
	for (int mode = 0; mode <= 2; mode++) {
		reader = connect_to("app", NULL);
		exec(reader, "BEGIN");
		ck_assert(hash == content_hash(reader));
		exec(f.db, "UPDATE t SET b = b || 'x' WHERE a = 7");
		uint64_t after = content_hash(f.db);
		snprintf(sql, sizeof(sql), "PRAGMA page_size=%d; PRAGMA auto_vacuum=%d; VACUUM",
			 page_sizes[_i], mode);
		exec(f.db, sql);
		ck_assert_int_eq(page_sizes[_i], query_int(f.db, "PRAGMA page_size"));
		ck_assert(after == content_hash(f.db));
		/* the reader's version has pages of another size, or in other places */
		ck_assert(hash == content_hash(reader));
		integrity_check(reader);
		exec(reader, "COMMIT");
		ck_assert(after == content_hash(reader));
		ck_assert_int_eq(page_sizes[_i], query_int(reader, "PRAGMA page_size"));
		sqlite3_close(reader);
		fixture_restart(&f);
		ck_assert_int_eq(page_sizes[_i], query_int(f.db, "PRAGMA page_size"));
		ck_assert_int_eq(mode, query_int(f.db, "PRAGMA auto_vacuum"));
		ck_assert(after == content_hash(f.db));
		integrity_check(f.db);
		exec(f.db, "UPDATE t SET b = b || 'y' WHERE a = 8");
		hash = content_hash(f.db);
	}
	fixture_close(&f);
}
END_TEST

START_TEST(vacuum_that_fails_leaves_everything)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 2000);
	uint64_t hash = content_hash(f.db);
	fault_arm_only(f.faults, 1, FAULT_STICKY, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "PRAGMA page_size=1024; VACUUM"));
	fault_disarm(f.faults);
	ck_assert(hash == content_hash(f.db));
	ck_assert_int_eq(4096, query_int(f.db, "SELECT page_size FROM pragma_page_size"));
	integrity_check(f.db);
	exec(f.db, "UPDATE t SET b = 'x' WHERE a = 7");
	fixture_restart(&f);
	ck_assert_int_eq(4096, query_int(f.db, "PRAGMA page_size"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

START_TEST(freed_pages_are_given_back)
{
	struct fixture f;
	sqlite3 *reader;

	fixture_open(&f);
	exec(f.db, _i == 2 ? "PRAGMA auto_vacuum=INCREMENTAL; VACUUM" :
			     "PRAGMA auto_vacuum=FULL; VACUUM");
	fill(f.db, 3000);
	int64_t pages = query_int(f.db, "PRAGMA page_count");
	uint64_t hash = content_hash(f.db);
	reader = connect_to("app", NULL);
	exec(reader, "BEGIN");
	ck_assert(hash == content_hash(reader));
	exec(f.db, "DELETE FROM t WHERE a % 10 != 0");
	if (_i == 2) {
		ck_assert_int_eq(pages, query_int(f.db, "PRAGMA page_count"));
		exec(f.db, "PRAGMA incremental_vacuum(10)");
		ck_assert_int_eq(pages - 10, query_int(f.db, "PRAGMA page_count"));
		exec(f.db, "BEGIN; PRAGMA incremental_vacuum; ROLLBACK");
		ck_assert_int_eq(pages - 10, query_int(f.db, "PRAGMA page_count"));
		exec(f.db, "PRAGMA incremental_vacuum");
	}
	ck_assert_int_lt(query_int(f.db, "PRAGMA page_count"), pages / 4);
	ck_assert_int_eq(0, query_int(f.db, "PRAGMA freelist_count"));
	/* what lies beyond the end now is still there for who reads the old version */
	ck_assert(hash == content_hash(reader));
	ck_assert_int_eq(pages, query_int(reader, "PRAGMA page_count"));
	exec(reader, "COMMIT");
	hash = content_hash(f.db);
	ck_assert(hash == content_hash(reader));
	sqlite3_close(reader);
	/* and a page that comes back is not what it was */
	exec(f.db, "BEGIN; CREATE TABLE z(a); INSERT INTO z VALUES(zeroblob(200000)); COMMIT");
	fixture_restart(&f);
	integrity_check(f.db);
	ck_assert_int_eq(0, query_int(f.db, "SELECT a != zeroblob(200000) FROM z"));
	exec(f.db, "DROP TABLE z");
	ck_assert(hash == content_hash(f.db));
	fixture_close(&f);
}
END_TEST

/* --- modes ----------------------------------------------------------------- */

START_TEST(lock_state_is_told)
{
	struct fixture f;
	int state;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	static const struct {
		const char *sql;
		int state;
	} steps[] = {
		{ "BEGIN", SQLITE_LOCK_NONE },
		{ "SELECT a FROM t", SQLITE_LOCK_SHARED },
		{ "UPDATE t SET a = 2", SQLITE_LOCK_RESERVED },
		{ "COMMIT", SQLITE_LOCK_NONE },
		{ "BEGIN EXCLUSIVE", SQLITE_LOCK_EXCLUSIVE },
		{ "ROLLBACK", SQLITE_LOCK_NONE },
	};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		exec(f.db, steps[i].sql);
		ck_assert_int_eq(SQLITE_OK, sqlite3_file_control(f.db, "main", SQLITE_FCNTL_LOCKSTATE, &state));
		ck_assert_int_eq(steps[i].state, state);
	}
	fixture_close(&f);
}
END_TEST

START_TEST(exclusive_locking_is_not_given)
{
	struct fixture f;
	sqlite3 *other;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	other = connect_to("app", NULL);
	ck_assert_str_eq("normal", query_text(f.db, "PRAGMA locking_mode=EXCLUSIVE"));
	ck_assert_str_eq("normal", query_text(f.db, "PRAGMA main.locking_mode"));
	exec(f.db, "INSERT INTO t VALUES(1)");
	/* no turn and no version is kept */
	exec(other, "INSERT INTO t VALUES(2)");
	ck_assert_int_eq(2, query_int(f.db, "SELECT count(*) FROM t"));
	sqlite3_close(other);
	fixture_close(&f);
}
END_TEST

START_TEST(database_never_comes_to_wal)
{
	struct fixture f;
	sqlite3 *memory;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	/* the unqualified pragma asks the VFS of main only, and so comes past ours */
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(":memory:", &memory,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	exec(memory, "ATTACH 'file:app?vfs=pgblob' AS app");
	exec(memory, "PRAGMA locking_mode=EXCLUSIVE");
	ck_assert_int_eq(1, query_int(memory, "SELECT count(*) FROM app.t"));
	ck_assert_str_ne("wal", query_text(memory, "PRAGMA app.journal_mode=WAL"));
	exec(memory, "INSERT INTO app.t VALUES(2)");
	ck_assert_str_ne("off", query_text(memory, "PRAGMA app.journal_mode=OFF"));
	exec(memory, "BEGIN; INSERT INTO app.t VALUES(3); SAVEPOINT s; DELETE FROM app.t; ROLLBACK TO s; COMMIT");
	ck_assert_int_eq(3, query_int(memory, "SELECT count(*) FROM app.t"));
	/* others read, and write once it lets go */
	ck_assert_int_eq(3, query_int(f.db, "SELECT count(*) FROM t"));
	exec(memory, "PRAGMA locking_mode=NORMAL; SELECT * FROM app.t");
	exec(f.db, "INSERT INTO t VALUES(4)");
	ck_assert_int_eq(4, query_int(memory, "SELECT count(*) FROM app.t"));
	sqlite3_close(memory);
	fixture_restart(&f);
	ck_assert_int_eq(4, query_int(f.db, "SELECT count(*) FROM t"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

static const char *const journal_modes[] = { "delete", "truncate", "persist", "memory" };

START_TEST(journal_mode_changes_between_and_within_transactions)
{
	struct fixture f;
	char sql[64];

	fixture_open(&f);
	exec(f.db, "PRAGMA cache_size=12; PRAGMA cache_spill=12");
	fill(f.db, 1500);
	for (size_t i = 0; i < ARRAY_LEN(journal_modes); i++) {
		uint64_t hash = content_hash(f.db);
		uint64_t lsn;

		snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", journal_modes[_i]);
		ck_assert_str_eq(journal_modes[_i], query_text(f.db, sql));
		lsn = head(f.db);
		exec(f.db, "BEGIN; UPDATE t SET b = b || 'x'");
		/* answered with the mode in force */
		snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", journal_modes[i]);
		(void)query_text(f.db, sql);
		exec(f.db, "ROLLBACK");
		ck_assert(hash == content_hash(f.db));
		/* nothing was published by a rollback that had spilled */
		ck_assert_uint_eq(lsn, head(f.db));
		snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", journal_modes[i]);
		ck_assert_str_eq(journal_modes[i], query_text(f.db, sql));
		exec(f.db, "BEGIN; UPDATE t SET b = b || 'y'; ROLLBACK");
		ck_assert(hash == content_hash(f.db));
		exec(f.db, "UPDATE t SET b = b || 'z' WHERE a = 3");
		ck_assert_uint_eq(lsn + 1, head(f.db));
		integrity_check(f.db);
	}
	fixture_close(&f);
}
END_TEST

/* --- transactions ---------------------------------------------------------- */

/* Savepoints in savepoints, each with more pages than the cache holds. */
static const char *const nested[] = {
	"BEGIN",
	"UPDATE t SET b = b || '1'",
	"SAVEPOINT a",
	"DELETE FROM t WHERE a % 3 = 0",
	"SAVEPOINT b",
	"INSERT INTO t SELECT a + 10000, b || 'b' FROM t WHERE a <= 2000",
	"SAVEPOINT c",
	"UPDATE t SET b = 'c' || b",
	"CREATE TABLE u AS SELECT * FROM t",
	"ROLLBACK TO b",
	"INSERT INTO t SELECT a + 20000, b || 'd' FROM t WHERE a <= 2000",
	"SAVEPOINT d",
	"DROP TABLE t",
	"ROLLBACK TO d",
	"RELEASE d",
	"RELEASE b",
	"SAVEPOINT e",
	"DELETE FROM t",
	"ROLLBACK TO a",
	"UPDATE t SET b = b || 'e'",
	"RELEASE a",
	"COMMIT",
};

START_TEST(nested_savepoints_are_those_of_memory)
{
	struct fixture f;
	sqlite3 *memory;
	char sql[100];

	fixture_open(&f);
	snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s; PRAGMA cache_size=12; PRAGMA cache_spill=12",
		 journal_modes[_i]);
	exec(f.db, sql);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &memory));
	for (int i = 0; i < 2; i++) {
		sqlite3 *db = i == 0 ? memory : f.db;

		exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b);"
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) "
			 "INSERT INTO t SELECT i, printf('%.*c', 50 + i % 100, 'q') FROM n");
	}
	for (size_t i = 0; i < ARRAY_LEN(nested); i++) {
		exec(memory, nested[i]);
		exec(f.db, nested[i]);
		ck_assert_msg(content_hash(memory) == content_hash(f.db), "after \"%s\"", nested[i]);
	}
	fixture_restart(&f);
	ck_assert(content_hash(memory) == content_hash(f.db));
	integrity_check(f.db);
	sqlite3_close(memory);
	fixture_close(&f);
}
END_TEST

START_TEST(reader_goes_on_beside_a_writer_that_has_spilled)
{
	struct fixture f;
	sqlite3 *reader;

	fixture_open(&f);
	fill(f.db, 2000);
	uint64_t hash = content_hash(f.db);
	uint64_t lsn = head(f.db);
	reader = connect_to("app", NULL);
	exec(f.db, "PRAGMA cache_size=12; PRAGMA cache_spill=12; BEGIN EXCLUSIVE; UPDATE t SET b = b || 'x'");
	ck_assert(hash == content_hash(reader));
	ck_assert_int_eq(SQLITE_BUSY, try_exec(reader, "DELETE FROM t"));
	exec(f.db, "ROLLBACK");
	ck_assert_uint_eq(lsn, head(f.db));
	/* a transaction that changed nothing is no commit */
	exec(f.db, "BEGIN IMMEDIATE; COMMIT; BEGIN EXCLUSIVE; COMMIT; DELETE FROM t WHERE a < 0");
	ck_assert_uint_eq(lsn, head(f.db));
	exec(reader, "DELETE FROM t");
	ck_assert_uint_eq(lsn + 1, head(f.db));
	sqlite3_close(reader);
	fixture_close(&f);
}
END_TEST

static void commit_elsewhere(void *arg)
{
	exec(arg, "UPDATE t SET b = 'other' WHERE a = 1");
}

/* _i: pages are read in place, or copied into SQLite's cache */
START_TEST(open_cursor_reads_nothing_of_a_lost_commit)
{
	struct fixture f;
	sqlite3_stmt *stmt;
	sqlite3 *other;

	fixture_open(&f);
	fill(f.db, 500);
	if (_i == 1)
		exec(f.db, "PRAGMA mmap_size=0");
	other = connect_elsewhere(&f, "app");
	ck_assert_int_eq(SQLITE_OK, sqlite3_prepare_v2(f.db, "SELECT b FROM t", -1, &stmt, NULL));
	ck_assert_int_eq(SQLITE_ROW, sqlite3_step(stmt));
	fault_set_hook(f.faults, commit_elsewhere, other);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	/* never BUSY: with that the pager would keep the pages */
	ck_assert_int_eq(SQLITE_IOERR_FSYNC, try_exec(f.db, "UPDATE t SET b = 'lost' || a"));
	fault_disarm(f.faults);
	ck_assert_int_eq(VFS_LOST, vfs_last_error(f.db, NULL));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		ck_assert_int_ne(0, strncmp((const char *)sqlite3_column_text(stmt, 0), "lost", 4));
	sqlite3_finalize(stmt);
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM t WHERE b LIKE 'lost%'"));
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t WHERE b = 'other'"));
	exec(f.db, "UPDATE t SET b = 'after' WHERE a = 2");
	integrity_check(f.db);
	sqlite3_close(other);
	fixture_close(&f);
}
END_TEST

START_TEST(no_room_to_spill_is_full_and_rolls_back)
{
	struct fixture f;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, 'x')");
	uint64_t hash = content_hash(f.db);
	/* more than the overlay keeps in memory */
	static const char large[] =
		"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<25000) "
		"INSERT INTO t SELECT i, zeroblob(1000) FROM n";

	exec(f.db, "PRAGMA temp_store=MEMORY");
	setenv("TMPDIR", "/nowhere", 1);
	ck_assert_int_eq(SQLITE_FULL, try_exec(f.db, large) & 0xff);
	ck_assert_int_eq(VFS_IO, vfs_last_error(f.db, NULL));
	ck_assert(sqlite3_get_autocommit(f.db));
	ck_assert(hash == content_hash(f.db));
	exec(f.db, "BEGIN; INSERT INTO t VALUES(0, 'before')");
	ck_assert_int_eq(SQLITE_FULL, try_exec(f.db, large) & 0xff);
	if (!sqlite3_get_autocommit(f.db))
		exec(f.db, "ROLLBACK");
	ck_assert(hash == content_hash(f.db));
	exec(f.db, "UPDATE t SET b = 'small' WHERE a = 1");
	unsetenv("TMPDIR");
	exec(f.db, large);
	ck_assert_int_eq(25000, query_int(f.db, "SELECT count(*) FROM t"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* --- interruption ---------------------------------------------------------- */

struct interrupter {
	sqlite3 *db;
	atomic_bool running; /* the statement calls the function below */
};

static void running(sqlite3_context *context, int n, sqlite3_value **args)
{
	struct interrupter *i = sqlite3_user_data(context);

	(void)n;
	atomic_store(&i->running, true);
	sqlite3_result_value(context, args[0]);
}

static void *interrupt(void *arg)
{
	struct interrupter *i = arg;

	while (!atomic_load(&i->running))
		usleep(100);
	usleep(2000);
	sqlite3_interrupt(i->db);
	return NULL;
}

static int exec_interrupted(struct interrupter *i, const char *sql)
{
	pthread_t thread;
	int rc;

	atomic_store(&i->running, false);
	ck_assert_int_eq(0, pthread_create(&thread, NULL, interrupt, i));
	rc = try_exec(i->db, sql);
	pthread_join(thread, NULL);
	return rc;
}

START_TEST(interrupted_statement_leaves_nothing_behind)
{
	struct interrupter i = { 0 };
	struct fixture f;
	sqlite3 *other;

	fixture_open(&f);
	exec(f.db, "PRAGMA cache_size=12; PRAGMA cache_spill=12");
	fill(f.db, 3000);
	other = connect_to("app", NULL);
	i.db = f.db;
	ck_assert_int_eq(SQLITE_OK, sqlite3_create_function(f.db, "running", 1, SQLITE_UTF8, &i, running,
							    NULL, NULL));
	for (int round = 0; round < 5; round++) {
		uint64_t hash = content_hash(other);
		/* it does not end by itself */
		static const char endless[] =
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT running(i + 1) FROM n) "
			"INSERT INTO t(b) SELECT i FROM n";

		ck_assert_int_eq(SQLITE_INTERRUPT, exec_interrupted(&i, endless));
		ck_assert(sqlite3_get_autocommit(f.db));
		ck_assert(hash == content_hash(f.db));
		/* the turn has ended with it */
		exec(other, "UPDATE t SET b = b || 'o' WHERE a = 5");
		hash = content_hash(other);
		exec(f.db, "BEGIN; DELETE FROM t WHERE a = 6");
		ck_assert_int_eq(SQLITE_INTERRUPT, exec_interrupted(&i, endless));
		/* SQLite rolls the transaction back, as for any interrupted write */
		if (!sqlite3_get_autocommit(f.db))
			exec(f.db, "ROLLBACK");
		ck_assert(hash == content_hash(f.db));
		integrity_check(f.db);
		exec(f.db, "UPDATE t SET b = b || 'i' WHERE a = 7");
	}
	sqlite3_close(other);
	fixture_close(&f);
}
END_TEST

/* --- reading only ---------------------------------------------------------- */

START_TEST(connection_that_only_reads_is_refused_writes)
{
	struct fixture f;
	sqlite3 *reader, *none;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
	reader = connect_to("app", "&mode=ro");
	ck_assert_int_eq(1, sqlite3_db_readonly(reader, "main"));
	ck_assert_int_eq(1, query_int(reader, "SELECT a FROM t"));
	static const char *const writes[] = { "INSERT INTO t VALUES(2)", "CREATE TABLE u(a)",
					      "PRAGMA user_version=7", "PRAGMA page_size=512; VACUUM" };
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		ck_assert_int_eq(SQLITE_READONLY, try_exec(reader, writes[i]) & 0xff);
	exec(reader, "BEGIN");
	ck_assert_int_eq(SQLITE_READONLY, try_exec(reader, "DELETE FROM t"));
	exec(reader, "COMMIT");
	exec(f.db, "INSERT INTO t VALUES(2)");
	ck_assert_int_eq(2, query_int(reader, "SELECT count(*) FROM t"));
	sqlite3_close(reader);
	ck_assert_int_eq(SQLITE_CANTOPEN, sqlite3_open_v2("file:none?vfs=pgblob&mode=ro", &none,
							  SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_open_error(NULL));
	sqlite3_close(none);
	fixture_close(&f);
}
END_TEST

START_TEST(store_that_takes_no_writes_is_read)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 500);
	uint64_t hash = content_hash(f.db);
	sqlite3_close(f.db);
	vfs_deinit();
	struct error err = ERROR_INIT;
	fault_arm_only(f.faults, 1, FAULT_STICKY, FAULT_OP_CREATE | FAULT_OP_DELETE);
	ck_assert(vfs_init(&f.config, &err));
	f.db = connect_to("app", NULL);
	ck_assert(hash == content_hash(f.db));
	integrity_check(f.db);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(SQLITE_IOERR, try_exec(f.db, "DELETE FROM t WHERE a = 1") & 0xff);
		ck_assert_int_ne(VFS_OK, vfs_last_error(f.db, &err));
		ck_assert_str_ne("", err.text);
		ck_assert(hash == content_hash(f.db));
	}
	fault_disarm(f.faults);
	exec(f.db, "DELETE FROM t WHERE a = 1");
	ck_assert_int_eq(499, query_int(f.db, "SELECT count(*) FROM t"));
	fixture_close(&f);
}
END_TEST

/* --- blobs and backups ----------------------------------------------------- */

START_TEST(blob_is_read_and_written_in_place)
{
	struct fixture f;
	sqlite3_blob *blob;
	sqlite3 *other;
	char bytes[9000];

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, zeroblob(500000)), (2, zeroblob(10))");
	other = connect_to("app", NULL);
	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_open(f.db, "main", "t", "b", 1, 1, &blob));
	/* a page and more, across page boundaries */
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_write(blob, bytes, sizeof(bytes), 123456));
	/* an open handle is an open transaction: nobody sees it yet */
	ck_assert_int_eq(1, query_int(other, "SELECT b = zeroblob(500000) FROM t WHERE a = 1"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_close(blob));
	ck_assert_int_eq(1, query_int(other, "SELECT b = CAST(zeroblob(123456) || printf('%.*c', 9000, 'x') || "
					     "zeroblob(500000 - 132456) AS BLOB) FROM t WHERE a = 1"));
	/* rolled back with its transaction */
	exec(f.db, "BEGIN");
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_open(f.db, "main", "t", "b", 1, 1, &blob));
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_write(blob, bytes, sizeof(bytes), 0));
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_close(blob));
	exec(f.db, "ROLLBACK");
	ck_assert_int_eq(1, query_int(f.db, "SELECT substr(b, 1, 9000) = zeroblob(9000) FROM t WHERE a = 1"));
	/* who reads keeps his version while others write */
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_open(other, "main", "t", "b", 1, 0, &blob));
	exec(f.db, "UPDATE t SET b = zeroblob(500000) WHERE a = 1");
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_read(blob, bytes, sizeof(bytes), 123456));
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_int_eq('x', bytes[i]);
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_reopen(blob, 2));
	ck_assert_int_eq(10, sqlite3_blob_bytes(blob));
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_close(blob));
	/* a row that is changed ends the handle */
	ck_assert_int_eq(SQLITE_OK, sqlite3_blob_open(other, "main", "t", "b", 2, 0, &blob));
	exec(other, "UPDATE t SET b = 'text' WHERE a = 2");
	ck_assert_int_eq(SQLITE_ABORT, sqlite3_blob_read(blob, bytes, 1, 0));
	(void)sqlite3_blob_close(blob);
	sqlite3_close(other);
	fixture_restart(&f);
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* `step` pages at a time; now and then the source changes underneath. */
static void back_up(sqlite3 *to, sqlite3 *from, sqlite3 *writer, int step)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc, n = 0;

	ck_assert_msg(backup != NULL, "%s", sqlite3_errmsg(to));
	while ((rc = sqlite3_backup_step(backup, step)) == SQLITE_OK)
		if (writer != NULL && ++n <= 3)
			exec(writer, "UPDATE t SET b = b || 'w' WHERE a % 50 = 1");
	ck_assert_msg(rc == SQLITE_DONE, "%d", rc);
	ck_assert_int_eq(SQLITE_OK, sqlite3_backup_finish(backup));
}

START_TEST(backup_goes_to_from_and_between_databases)
{
	struct fixture f;
	sqlite3 *other, *writer, *memory;

	fixture_open(&f);
	fill(f.db, 2000);
	writer = connect_to("app", NULL);
	other = connect_to("copy", NULL);
	exec(other, "CREATE TABLE old(a)");
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &memory));
	back_up(memory, f.db, writer, 5);
	ck_assert(content_hash(f.db) == content_hash(memory));
	/* the writer may be the connection that is backed up */
	back_up(other, f.db, f.db, 5);
	ck_assert(content_hash(f.db) == content_hash(other));
	exec(memory, "DELETE FROM t WHERE a % 2 = 0");
	uint64_t before = head(other);
	back_up(other, memory, NULL, 7);
	ck_assert(content_hash(memory) == content_hash(other));
	/* in however many steps, it is one commit */
	ck_assert_uint_eq(before + 1, head(other));
	/* one that is given up has changed nothing */
	uint64_t hash = content_hash(other);
	sqlite3_backup *backup = sqlite3_backup_init(other, "main", f.db, "main");
	ck_assert_int_eq(SQLITE_OK, sqlite3_backup_step(backup, 5));
	sqlite3 *reader = connect_to("copy", NULL);
	ck_assert(hash == content_hash(reader));
	ck_assert_int_eq(SQLITE_BUSY, try_exec(reader, "DELETE FROM t"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_backup_finish(backup));
	ck_assert(hash == content_hash(other));
	exec(reader, "DELETE FROM t WHERE a = 1");
	sqlite3_close(reader);
	sqlite3_close(other);
	/* pages of another size */
	other = connect_to("copy", NULL);
	exec(other, "PRAGMA page_size=1024; VACUUM");
	exec(other, "PRAGMA page_size=4096; VACUUM");
	back_up(other, f.db, NULL, -1);
	ck_assert(content_hash(f.db) == content_hash(other));
	char path[512], sql[600];
	file_path(&f, path, sizeof(path));
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", path);
	exec(memory, sql);
	snprintf(sql, sizeof(sql), "VACUUM INTO 'file:into?vfs=pgblob'");
	exec(f.db, sql);
	sqlite3 *into = connect_to("into", NULL);
	ck_assert(content_hash(f.db) == content_hash(into));
	integrity_check(into);
	sqlite3_close(into);
	unlink(path);
	sqlite3_close(memory);
	sqlite3_close(other);
	sqlite3_close(writer);
	fixture_close(&f);
}
END_TEST

/* SQLite leaves one page of the source's size then, which says that it is larger. */
START_TEST(backup_of_nothing_leaves_nothing)
{
	struct fixture f;
	sqlite3 *empty;

	fixture_open(&f);
	fill(f.db, 100);
	empty = connect_to("empty", NULL);
	exec(empty, "PRAGMA page_size=1024");
	back_up(f.db, empty, NULL, -1);
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM sqlite_schema"));
	fixture_restart(&f);
	ck_assert_int_eq(1, query_int(f.db, "PRAGMA page_count"));
	integrity_check(f.db);
	fill(f.db, 100);
	integrity_check(f.db);
	sqlite3_close(empty);
	fixture_close(&f);
}
END_TEST

/* --- several databases ----------------------------------------------------- */

static unsigned n_cannot_open;

static void count_cannot_open(void *arg, int rc, const char *text)
{
	(void)arg;
	(void)text;
	n_cannot_open += (rc & 0xff) == SQLITE_CANTOPEN;
}

/* _i: synchronous, for all of them; it is refused above OFF. */
START_TEST(attached_databases_and_a_file_go_together_as_told)
{
	struct fixture f;
	struct error err = ERROR_INIT;
	char path[512], sql[700];
	sqlite3 *plain;

	ck_assert_int_eq(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_LOG, count_cannot_open, NULL));
	fixture_open(&f);
	file_path(&f, path, sizeof(path));
	exec(f.db, "CREATE TABLE t(a)");
	snprintf(sql, sizeof(sql), "ATTACH 'file:two?vfs=pgblob' AS two; ATTACH 'file:%s?vfs=unix' AS plain",
		 path);
	exec(f.db, sql);
	snprintf(sql, sizeof(sql), "PRAGMA main.synchronous=%d; PRAGMA two.synchronous=%d; PRAGMA plain.synchronous=%d",
		 _i, _i, _i);
	exec(f.db, sql);
	/* one at a time always works, and temporary tables do not count */
	exec(f.db, "CREATE TABLE two.t(a); CREATE TABLE plain.t(a); CREATE TEMP TABLE temporary(a)");
	exec(f.db, "BEGIN; INSERT INTO main.t VALUES(0); INSERT INTO temporary VALUES(0); COMMIT");
	exec(f.db, "INSERT INTO two.t SELECT a FROM main.t; INSERT INTO plain.t SELECT a FROM two.t");
	/* several are read together */
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM main.t JOIN two.t USING(a) JOIN plain.t USING(a)"));
	static const char *const together[] = {
		"BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO two.t VALUES(1); COMMIT",
		"BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO plain.t VALUES(1); COMMIT",
		"BEGIN; INSERT INTO plain.t VALUES(1); INSERT INTO two.t VALUES(1); INSERT INTO main.t VALUES(1); COMMIT",
	};
	for (size_t i = 0; i < ARRAY_LEN(together); i++) {
		int rc = try_exec(f.db, together[i]);

		if (_i == 0) {
			ck_assert_int_eq(SQLITE_OK, rc);
			continue;
		}
		ck_assert_int_eq(SQLITE_IOERR_FSYNC, rc);
		ck_assert_int_eq(VFS_INVALID, vfs_last_error(f.db, &err));
		ck_assert_ptr_nonnull(strstr(err.text, "together with another database"));
		(void)try_exec(f.db, "ROLLBACK");
		ck_assert(sqlite3_get_autocommit(f.db));
	}
	/* the journals were played back, and the super-journal was found to be done with */
	ck_assert_uint_eq(0, n_cannot_open);
	/* all of it, or nothing of it, for all of them */
	ck_assert_int_eq(_i == 0 ? 4 : 1, query_int(f.db, "SELECT count(*) FROM main.t"));
	ck_assert_int_eq(_i == 0 ? 3 : 1, query_int(f.db, "SELECT count(*) FROM two.t"));
	ck_assert_int_eq(_i == 0 ? 3 : 1, query_int(f.db, "SELECT count(*) FROM plain.t"));
	exec(f.db, "INSERT INTO main.t VALUES(9)");
	exec(f.db, "INSERT INTO two.t VALUES(9)");
	exec(f.db, "INSERT INTO plain.t VALUES(9)");
	exec(f.db, "DETACH two; DETACH plain");
	fixture_restart(&f);
	integrity_check(f.db);
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t WHERE a = 9"));
	/* the file is an ordinary one, and no journal is left */
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(path, &plain, SQLITE_OPEN_READWRITE, "unix"));
	ck_assert_int_eq(1, query_int(plain, "SELECT count(*) FROM t WHERE a = 9"));
	integrity_check(plain);
	sqlite3_close(plain);
	snprintf(sql, sizeof(sql), "%s-journal", path);
	ck_assert_int_ne(0, access(sql, F_OK));
	unlink(path);
	fixture_close(&f);
}
END_TEST

START_TEST(file_with_ours_attached_keeps_its_part_when_ours_is_lost)
{
	struct fixture f;
	char path[512], sql[700];
	sqlite3 *plain;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a)");
	file_path(&f, path, sizeof(path));
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(path, &plain, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
								  SQLITE_OPEN_URI, "unix"));
	snprintf(sql, sizeof(sql), "CREATE TABLE t(a); ATTACH 'file:app?vfs=pgblob' AS app; PRAGMA app.synchronous=OFF");
	exec(plain, sql);
	/* README: not atomic across them with OFF; ours alone is */
	fault_arm_only(f.faults, 1, FAULT_ONCE, FAULT_OP_CREATE);
	ck_assert_int_ne(SQLITE_OK, try_exec(plain, "BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO app.t VALUES(1); COMMIT"));
	fault_disarm(f.faults);
	ck_assert(sqlite3_get_autocommit(plain));
	ck_assert_int_eq(0, query_int(plain, "SELECT count(*) FROM app.t"));
	exec(plain, "BEGIN; INSERT INTO main.t VALUES(2); INSERT INTO app.t VALUES(2); COMMIT");
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t WHERE a = 2"));
	ck_assert_int_eq(1, query_int(plain, "SELECT count(*) FROM main.t WHERE a = 2"));
	ck_assert_str_eq("ok", query_text(plain, "PRAGMA main.integrity_check"));
	sqlite3_close(plain);
	unlink(path);
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* --- a VFS upon ours ------------------------------------------------------- */

/* It passes everything on, but its files are its own. */
struct upper_file {
	sqlite3_file file;
	uint8_t own[512];    /* who takes this for a handle shall find no pointers */
	sqlite3_file *lower; /* behind this struct */
};

static sqlite3_vfs *lower_vfs;
static bool upper_has_no_memory; /* for controls that it does not know */

static sqlite3_file *lower_of(sqlite3_file *file)
{
	return CONTAINER_OF(file, struct upper_file, file)->lower;
}

static int upper_close(sqlite3_file *file)
{
	return lower_of(file)->pMethods->xClose(lower_of(file));
}

static int upper_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	return lower_of(file)->pMethods->xRead(lower_of(file), out, n, at);
}

static int upper_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
	return lower_of(file)->pMethods->xWrite(lower_of(file), data, n, at);
}

static int upper_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return lower_of(file)->pMethods->xTruncate(lower_of(file), size);
}

static int upper_sync(sqlite3_file *file, int flags)
{
	return lower_of(file)->pMethods->xSync(lower_of(file), flags);
}

static int upper_size(sqlite3_file *file, sqlite3_int64 *out)
{
	return lower_of(file)->pMethods->xFileSize(lower_of(file), out);
}

static int upper_lock(sqlite3_file *file, int level)
{
	return lower_of(file)->pMethods->xLock(lower_of(file), level);
}

static int upper_unlock(sqlite3_file *file, int level)
{
	return lower_of(file)->pMethods->xUnlock(lower_of(file), level);
}

static int upper_check_reserved(sqlite3_file *file, int *out)
{
	return lower_of(file)->pMethods->xCheckReservedLock(lower_of(file), out);
}

static int upper_control(sqlite3_file *file, int op, void *arg)
{
	if (upper_has_no_memory && op == FCNTL_PGBLOB_HANDLE)
		return SQLITE_IOERR_NOMEM;
	return lower_of(file)->pMethods->xFileControl(lower_of(file), op, arg);
}

static int upper_sector_size(sqlite3_file *file)
{
	return lower_of(file)->pMethods->xSectorSize(lower_of(file));
}

static int upper_characteristics(sqlite3_file *file)
{
	return lower_of(file)->pMethods->xDeviceCharacteristics(lower_of(file));
}

static const sqlite3_io_methods upper_methods = {
	.iVersion = 1,
	.xClose = upper_close,
	.xRead = upper_read,
	.xWrite = upper_write,
	.xTruncate = upper_truncate,
	.xSync = upper_sync,
	.xFileSize = upper_size,
	.xLock = upper_lock,
	.xUnlock = upper_unlock,
	.xCheckReservedLock = upper_check_reserved,
	.xFileControl = upper_control,
	.xSectorSize = upper_sector_size,
	.xDeviceCharacteristics = upper_characteristics,
};

static int upper_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
	struct upper_file *upper = CONTAINER_OF(file, struct upper_file, file);
	int rc;

	(void)vfs;
	memset(upper->own, 0xff, sizeof(upper->own));
	upper->lower = (sqlite3_file *)(upper + 1);
	rc = lower_vfs->xOpen(lower_vfs, name, upper->lower, flags, out);
	file->pMethods = upper->lower->pMethods != NULL ? &upper_methods : NULL;
	return rc;
}

START_TEST(another_vfs_may_be_stacked_upon_ours)
{
	struct fixture f;
	sqlite3_vfs upper;
	sqlite3 *db;

	fixture_open(&f);
	lower_vfs = sqlite3_vfs_find("pgblob");
	upper = *lower_vfs;
	upper.zName = "upper";
	upper.xOpen = upper_open;
	upper.szOsFile += (int)sizeof(struct upper_file);
	ck_assert_int_eq(SQLITE_OK, sqlite3_vfs_register(&upper, 0));
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2("file:app?vfs=upper", &db,
						    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL));
	exec(db, "PRAGMA cache_size=12; PRAGMA cache_spill=12");
	fill(db, 1000);
	uint64_t hash = content_hash(db);
	/* the journal is played back */
	exec(db, "BEGIN; UPDATE t SET b = b || 'x'; SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; ROLLBACK");
	ck_assert(hash == content_hash(db));
	ck_assert(hash == content_hash(f.db));
	integrity_check(db);
	/* an error of its own is told as what it is, and is over */
	upper_has_no_memory = true;
	ck_assert_int_eq(SQLITE_NOMEM, try_exec(db, "UPDATE t SET b = b || 'x'"));
	upper_has_no_memory = false;
	ck_assert(hash == content_hash(db));
	exec(db, "UPDATE t SET b = b || 'x' WHERE a = 1");
	sqlite3_close(db);
	ck_assert_int_eq(SQLITE_OK, sqlite3_vfs_unregister(&upper));
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlite");
	TCase *tc = tcase_create("expectations");

	store_kinds_init();
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, vacuum_changes_page_size_and_auto_vacuum_beside_a_reader, 0,
			    (int)ARRAY_LEN(page_sizes));
	tcase_add_test(tc, vacuum_that_fails_leaves_everything);
	tcase_add_loop_test(tc, freed_pages_are_given_back, 1, 3); /* auto_vacuum */
	tcase_add_test(tc, lock_state_is_told);
	tcase_add_test(tc, exclusive_locking_is_not_given);
	tcase_add_test(tc, database_never_comes_to_wal);
	tcase_add_loop_test(tc, journal_mode_changes_between_and_within_transactions, 0,
			    (int)ARRAY_LEN(journal_modes));
	tcase_add_loop_test(tc, nested_savepoints_are_those_of_memory, 0, (int)ARRAY_LEN(journal_modes));
	tcase_add_test(tc, reader_goes_on_beside_a_writer_that_has_spilled);
	tcase_add_loop_test(tc, open_cursor_reads_nothing_of_a_lost_commit, 0, 2);
	tcase_add_test(tc, no_room_to_spill_is_full_and_rolls_back);
	tcase_add_test(tc, interrupted_statement_leaves_nothing_behind);
	tcase_add_test(tc, connection_that_only_reads_is_refused_writes);
	tcase_add_test(tc, store_that_takes_no_writes_is_read);
	tcase_add_test(tc, blob_is_read_and_written_in_place);
	tcase_add_test(tc, backup_goes_to_from_and_between_databases);
	tcase_add_test(tc, backup_of_nothing_leaves_nothing);
	tcase_add_loop_test(tc, attached_databases_and_a_file_go_together_as_told, 0, 3);
	tcase_add_test(tc, file_with_ours_attached_keeps_its_part_when_ours_is_lost);
	tcase_add_test(tc, another_vfs_may_be_stacked_upon_ours);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
