/*
 * bench_vfs.c - the VFS on a local folder beside stock SQLite in WAL mode
 *
 * Medians of interleaved rounds; "ratio" is ours by theirs, smaller is better.
 * Licence: MIT, see LICENSE.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "vfs/vfs.h"

enum { ROWS = 100000, ROUNDS = 7 };

static uint32_t next_row(void)
{
	static uint32_t state = 12345;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static void die(const char *what, sqlite3 *db)
{
	struct error err = ERROR_INIT;

	(void)vfs_last_error(db, &err);
	fprintf(stderr, "%s: %s %s\n", what, sqlite3_errmsg(db), err.text);
	exit(1);
}

static void exec(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, db);
}

static void fill(sqlite3 *db)
{
	char sql[300];

	snprintf(sql, sizeof(sql),
		 "CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO t SELECT i, hex(randomblob(50)) FROM n", ROWS);
	exec(db, sql);
}

/* Microseconds an operation. */
static double point_reads(sqlite3 *db, bool in_transaction)
{
	enum { N = 100000 };
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, "SELECT b FROM t WHERE a = ?", -1, &stmt, NULL) != SQLITE_OK)
		die("prepare", db);
	if (in_transaction)
		exec(db, "BEGIN");
	int64_t began = clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < N; i++) {
		sqlite3_bind_int(stmt, 1, (int)(next_row() % ROWS) + 1);
		if (sqlite3_step(stmt) != SQLITE_ROW)
			die("select", db);
		sqlite3_reset(stmt);
	}
	int64_t took = clock_ns(CLOCK_MONOTONIC) - began;
	sqlite3_finalize(stmt);
	if (in_transaction)
		exec(db, "COMMIT");
	return (double)took / N / 1000;
}

static double commits(sqlite3 *db, int rows_each, int n)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, "UPDATE t SET b = hex(randomblob(50)) WHERE a = ?", -1, &stmt, NULL) !=
	    SQLITE_OK)
		die("prepare", db);
	int64_t began = clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < n; i++) {
		exec(db, "BEGIN IMMEDIATE");
		for (int k = 0; k < rows_each; k++) {
			sqlite3_bind_int(stmt, 1, (int)(next_row() % ROWS) + 1);
			if (sqlite3_step(stmt) != SQLITE_DONE)
				die("update", db);
			sqlite3_reset(stmt);
		}
		exec(db, "COMMIT");
	}
	int64_t took = clock_ns(CLOCK_MONOTONIC) - began;
	sqlite3_finalize(stmt);
	return (double)took / n / 1000;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(v[0]), compare);
	return v[ROUNDS / 2];
}

enum { READ, READ_IN_TX, COMMIT_ONE, COMMIT_THOUSAND, READ_AFTER_FOREIGN, N_WORKLOADS };

static const char *const names[] = { "point read, autocommit", "point read in a transaction",
				     "commit of 1 row", "commit of 1000 rows",
				     "commit, then read elsewhere" };

static double foreign(sqlite3 *db, sqlite3 *other)
{
	enum { N = 200 };
	int64_t took = 0;

	for (int i = 0; i < N; i++) {
		(void)commits(db, 1, 1);
		int64_t began = clock_ns(CLOCK_MONOTONIC);
		sqlite3_stmt *stmt;
		if (sqlite3_prepare_v2(other, "SELECT b FROM t WHERE a = 5", -1, &stmt, NULL) != SQLITE_OK ||
		    sqlite3_step(stmt) != SQLITE_ROW)
			die("select", other);
		sqlite3_finalize(stmt);
		took += clock_ns(CLOCK_MONOTONIC) - began;
	}
	return (double)took / N / 1000;
}

static double run(int workload, sqlite3 *db, sqlite3 *other)
{
	switch (workload) {
	case READ:
		return point_reads(db, false);
	case READ_IN_TX:
		return point_reads(db, true);
	case COMMIT_ONE:
		return commits(db, 1, 300);
	case COMMIT_THOUSAND:
		return commits(db, 1000, 10);
	default:
		return foreign(db, other);
	}
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200], url[300], path[300], command[300];
	struct error err = ERROR_INIT;
	struct blob_options options = { 0 };
	struct blob_stats before, after;
	struct blob_store *store;
	sqlite3 *db[2], *other[2];

	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file://%s/store", dir);
	snprintf(path, sizeof(path), "%s/stock.sqlite", dir);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (blob_open(url, &options, &store, &err) != BLOB_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	struct vfs_config config = { .store = store, .cache_bytes = 256 << 20, .cache_ttl_ms = 300000 };
	if (!vfs_init(&config, &err))
		return 1;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	for (int i = 0; i < 2; i++) {
		sqlite3 **at = i == 0 ? &db[0] : &other[0];

		if (sqlite3_open_v2("file:bench?vfs=pgblob", at, flags, NULL) != SQLITE_OK ||
		    !vfs_prepare_connection(*at, &err))
			die("open", *at);
		at = i == 0 ? &db[1] : &other[1];
		if (sqlite3_open_v2(path, at, flags, "unix") != SQLITE_OK)
			die("open", *at);
		exec(*at, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF");
	}
	fill(db[0]);
	fill(db[1]);
	printf("%-32s %12s %12s %8s\n", "", "pgblob us", "stock WAL us", "ratio");
	for (int w = 0; w < N_WORKLOADS; w++) {
		double v[2][ROUNDS];

		for (int r = 0; r < ROUNDS; r++)
			for (int k = 0; k < 2; k++)
				v[k][r] = run(w, db[k], other[k]);
		double ours = median(v[0]), theirs = median(v[1]);
		printf("%-32s %12.2f %12.2f %8.2f\n", names[w], ours, theirs, ours / theirs);
	}
	blob_get_stats(store, &before);
	(void)commits(db[0], 1, 200);
	blob_get_stats(store, &after);
	printf("%-32s %12.2f creates, %.2f other requests, %.0f bytes\n", "a commit of 1 row",
	       (double)(after.creates - before.creates) / 200,
	       (double)(after.gets - before.gets + after.lists - before.lists + after.heads - before.heads) / 200,
	       (double)(after.bytes_out - before.bytes_out) / 200);
	for (int i = 0; i < 2; i++) {
		sqlite3_close(db[i]);
		sqlite3_close(other[i]);
	}
	int64_t began = mono_us();
	vfs_deinit();
	if (!vfs_init(&config, &err) || sqlite3_open_v2("file:bench?vfs=pgblob", &db[0], flags, NULL) != SQLITE_OK)
		return 1;
	(void)point_reads(db[0], true);
	printf("%-32s %12.2f ms\n", "restart and 100000 cold reads", (double)(mono_us() - began) / 1000);
	sqlite3_close(db[0]);
	vfs_deinit();
	blob_close(store);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0;
}
