/*
 * bench_large.c - opening, branching and asking a large database
 *
 *	bench_large [GB [latency ms [MB/s]]]        10 GB, 30 ms, 100 MB/s
 *
 * The store is a local folder behind slow_store.h.  A row fills a page, and most of it can
 * be compressed: on the disk it takes about a tenth.  How much differs from row to row, so
 * that the manifest has as much to tell as that of any database.
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/slow_store.h"
#include "vfs/inspect.h"
#include "vfs/vfs.h"

enum { PAGE = 4096, ROW_MIN = 2600, ROW_MAX = 3900, RANDOM_MAX = 600, ROWS_A_COMMIT = 12000 };

static void die(const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static void die_sql(const char *what, sqlite3 *db)
{
	struct error err = ERROR_INIT;

	(void)vfs_last_error(db, &err);
	fprintf(stderr, "%s: %s %s\n", what, sqlite3_errmsg(db), err.text);
	exit(1);
}

static void start(struct slow_store *s)
{
	struct vfs_config config = { .store = &s->base, .cache_ttl_ms = 3600000 };
	struct error err = ERROR_INIT;

	if (!vfs_init(&config, &err))
		die("start", &err);
}

static sqlite3 *connect(const char *name)
{
	struct error err = ERROR_INIT;
	char uri[64];
	sqlite3 *db;

	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob", name);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    !vfs_prepare_connection(db, &err)) {
		(void)vfs_open_error(&err);
		die("open", &err);
	}
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die_sql(sql, db);
}

/* ---- filling ---- */

static void insert(sqlite3 *db, sqlite3_stmt *stmt, char row[ROW_MAX])
{
	size_t n = (size_t)random() % RANDOM_MAX;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		uint32_t r = (uint32_t)random();

		memcpy(row + i, &r, 4);
	}
	memset(row + n, 'x', RANDOM_MAX - n);
	(void)sqlite3_bind_blob(stmt, 1, row, ROW_MIN + (int)(random() % (ROW_MAX - ROW_MIN)),
				SQLITE_STATIC);
	if (sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK)
		die_sql("insert", db);
}

static void fill(struct slow_store *s, uint64_t rows)
{
	struct vfs_compaction compaction;
	struct error err = ERROR_INIT;
	int64_t began_ms = mono_ms();
	char row[ROW_MAX];
	sqlite3_stmt *stmt;

	start(s);
	if (vfs_create_database(&s->base, "bench", &err) != VFS_OK)
		die("create", &err);
	sqlite3 *db = connect("bench");
	run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	if (sqlite3_prepare_v2(db, "INSERT INTO t(b) VALUES (?)", -1, &stmt, NULL) != SQLITE_OK)
		die_sql("insert", db);
	memset(row, 'x', sizeof(row));
	for (uint64_t i = 0; i < rows; i++) {
		if (i % ROWS_A_COMMIT == 0)
			run(db, "BEGIN");
		insert(db, stmt, row);
		if (i % ROWS_A_COMMIT == ROWS_A_COMMIT - 1 || i + 1 == rows)
			run(db, "COMMIT");
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	if (vfs_compact_database(&s->base, "bench", NULL, NULL, &compaction, &err) != VFS_OK)
		die("compact", &err);
	vfs_deinit();
	printf("filled in %.1f s\n", (double)(mono_ms() - began_ms) / 1000);
}

/* ---- measuring ---- */

static uint32_t show_manifest(struct slow_store *s)
{
	struct error err = ERROR_INIT;
	struct vfs_state state;

	if (vfs_inspect_state(&s->base, "bench", &state, &err) != VFS_OK)
		die("manifest", &err);
	printf("%u pages, %.2f GB; manifest: %u objects, %.2f MB, %.2f bytes a page\n",
	       state.page_count, (double)state.page_count * state.page_size / 1e9,
	       state.manifest_objects, (double)state.manifest_bytes / 1e6,
	       (double)state.manifest_bytes / state.page_count);
	return state.page_count;
}

/* Bytes that are allocated, but for the pages in the cache. */
static double allocated(void)
{
	struct mallinfo2 m = mallinfo2();
	struct vfs_cache_stats cache;

	vfs_cache_stats(&cache);
	return (double)m.uordblks + (double)m.hblkhd - (double)cache.memory_bytes;
}

/* The first page that is read; the schema is on it. */
static sqlite3 *open_cold(struct slow_store *s, const char *name, uint32_t pages)
{
	int64_t began_us = mono_us();

	slow_store_count(s);
	start(s);
	double empty = allocated();
	sqlite3 *db = connect(name);
	run(db, "SELECT count(*) FROM sqlite_schema");
	int64_t took_us = mono_us() - began_us;
	double after = allocated();
	sqlite3 *second = connect(name);
	run(second, "SELECT count(*) FROM sqlite_schema");
	double connection = allocated() - after;
	sqlite3_close(second);
	printf("open %-12s %8.1f ms, %" PRIu64 " requests before the first page\n", name,
	       (double)took_us / 1000, atomic_load(&s->before_segment));
	printf("  memory          %8.2f bytes a page; %.2f MB a connection\n",
	       (after - empty - connection) / pages, connection / 1e6);
	return db;
}

static void point_query(struct slow_store *s, sqlite3 *db, uint64_t row)
{
	struct vfs_read_stats before, after;
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT length(b) FROM t WHERE a = %" PRIu64, row);
	if (vfs_read_stats(db, &before) != VFS_OK)
		die_sql("stats", db);
	int64_t took_us = mono_us();
	run(db, sql);
	took_us = mono_us() - took_us;
	if (vfs_read_stats(db, &after) != VFS_OK)
		die_sql("stats", db);
	printf("cold point query  %8.1f ms, %.1f round trips, %" PRIu64 " GETs, %.3f MB\n",
	       (double)took_us / 1000, (double)took_us / (double)s->latency_us,
	       after.gets - before.gets, (double)(after.bytes - before.bytes) / 1e6);
}

static void branch(struct slow_store *s, const char *how, const char *name)
{
	struct error err = ERROR_INIT;
	uint64_t creates = atomic_load(&s->base.stats.creates);
	int64_t took_us = mono_us();

	slow_store_count(s);
	if (vfs_branch_database(&s->base, name, "bench", &err) != VFS_OK)
		die("branch", &err);
	took_us = mono_us() - took_us;
	printf("branch, %-9s %8.1f ms, %" PRIu64 " objects, %" PRIu64 " requests\n", how,
	       (double)took_us / 1000, atomic_load(&s->base.stats.creates) - creates,
	       atomic_load(&s->requests));
}

static void measure(struct slow_store *s, uint64_t rows)
{
	uint32_t pages = show_manifest(s);
	sqlite3 *db = open_cold(s, "bench", pages);

	point_query(s, db, rows / 3);
	branch(s, "open", "branch1");
	sqlite3_close(db);
	vfs_deinit();
	start(s);
	branch(s, "cold", "branch2");
	vfs_deinit();
	db = open_cold(s, "branch2", pages);
	point_query(s, db, rows / 2);
	sqlite3_close(db);
	vfs_deinit();
}

int main(int argc, char **argv)
{
	double gb = argc > 1 ? atof(argv[1]) : 10;
	double latency_ms = argc > 2 ? atof(argv[2]) : 30;
	double bandwidth = argc > 3 ? atof(argv[3]) : 100;
	const char *tmp = getenv("TMPDIR");
	struct blob_options options = { 0 };
	char dir[200], url[300], command[300];
	struct error err = ERROR_INIT;
	struct blob_store *inner;
	struct slow_store s;

	if (gb <= 0 || latency_ms <= 0 || bandwidth <= 0) {
		fprintf(stderr, "usage: bench_large [GB [latency ms [MB/s]]]\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file://%s", dir);
	if (blob_open(url, &options, &inner, &err) != BLOB_OK)
		die("store", &err);
	slow_store_init(&s, inner);
	uint64_t rows = (uint64_t)(gb * 1e9 / PAGE) + 1;
	fill(&s, rows);
	s.latency_us = (int64_t)(latency_ms * 1000);
	s.bytes_per_us = bandwidth;
	printf("%.1f GB, %.0f ms, %.0f MB/s\n", gb, latency_ms, bandwidth);
	measure(&s, rows);
	blob_close(inner);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0;
}
