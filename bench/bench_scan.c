/*
 * bench_scan.c - a cold scan, cold point reads and a copy, with the latency and bandwidth of a store
 *
 *	bench_scan [MiB [latency ms [MB/s]]]
 *
 * The store is a local folder behind slow_store.h.  Nothing is compressible, so that
 * bytes of pages are bytes of the store.
 * Licence: MIT, see LICENSE.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/slow_store.h"
#include "vfs/vfs.h"

static void die(const char *what, sqlite3 *db)
{
	struct error err = ERROR_INIT;

	if (db != NULL)
		(void)vfs_last_error(db, &err);
	fprintf(stderr, "%s: %s %s\n", what, db != NULL ? sqlite3_errmsg(db) : "", err.text);
	exit(1);
}

static sqlite3 *connect(struct slow_store *s)
{
	struct vfs_config config = { .store = &s->base, .cache_ttl_ms = 3600000 };
	struct error err = ERROR_INIT;
	sqlite3 *db;

	if (!vfs_init(&config, &err) ||
	    sqlite3_open_v2("file:bench?vfs=pgblob", &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
				    SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    !vfs_prepare_connection(db, &err))
		die("open", NULL);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, db);
}

static void measure(struct slow_store *s, const char *what, const char *sql, double bandwidth)
{
	struct vfs_read_stats before, after;
	sqlite3 *db = connect(s);

	run(db, "SELECT count(*) FROM sqlite_schema");
	if (vfs_read_stats(db, &before) != VFS_OK)
		die(what, db);
	int64_t took_us = mono_us();
	run(db, sql);
	took_us = mono_us() - took_us;
	if (vfs_read_stats(db, &after) != VFS_OK)
		die(what, db);
	double mb = (double)(after.bytes - before.bytes) / 1e6;
	printf("%-28s %8.1f ms %8.2f MB %6llu GETs %6.1f MB/s", what, (double)took_us / 1000, mb,
	       (unsigned long long)(after.gets - before.gets), mb * 1e6 / (double)took_us);
	if (bandwidth > 0)
		printf("  %.2f of the bandwidth", mb * 1e6 / (double)took_us / bandwidth);
	printf("\n");
	sqlite3_close(db);
	vfs_deinit();
}

/* To another name in the same store: every byte passes the pipe once. */
static void copy(struct slow_store *s, double bandwidth)
{
	struct vfs_config config = { .store = &s->base, .cache_ttl_ms = 3600000 };
	struct error err = ERROR_INIT;
	struct blob_stats before, after;

	if (!vfs_init(&config, &err))
		die("copy", NULL);
	blob_get_stats(s->inner, &before);
	int64_t took_us = mono_us();
	if (vfs_copy_database(&s->base, "bench", &s->base, "copy", false, NULL, NULL, &err) != VFS_OK) {
		fprintf(stderr, "copy: %s\n", err.text);
		exit(1);
	}
	took_us = mono_us() - took_us;
	blob_get_stats(s->inner, &after);
	double mb = (double)(after.bytes_out - before.bytes_out) / 1e6;
	printf("%-28s %8.1f ms %8.2f MB %6llu PUTs %6.1f MB/s  %.2f of the bandwidth\n", "copy",
	       (double)took_us / 1000, mb, (unsigned long long)(after.creates - before.creates),
	       mb * 1e6 / (double)took_us, mb * 1e6 / (double)took_us / bandwidth);
	vfs_deinit();
}

int main(int argc, char **argv)
{
	int mib = argc > 1 ? atoi(argv[1]) : 128;
	double latency_ms = argc > 2 ? atof(argv[2]) : 30;
	double bandwidth = argc > 3 ? atof(argv[3]) : 100;
	const char *tmp = getenv("TMPDIR");
	char dir[200], url[300], sql[300], command[300];
	struct blob_options options = { 0 };
	struct blob_store *inner;
	struct slow_store s;
	struct error err = ERROR_INIT;

	if (mib < 1 || latency_ms <= 0 || bandwidth <= 0) {
		fprintf(stderr, "usage: bench_scan [MiB [latency ms [MB/s]]]\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file://%s", dir);
	if (blob_open(url, &options, &inner, &err) != BLOB_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	slow_store_init(&s, inner);
	sqlite3 *db = connect(&s);
	run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	for (int i = 0; i < mib; i += 64) {
		snprintf(sql, sizeof(sql),
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
			 "INSERT INTO t(b) SELECT randomblob(950) FROM n",
			 (mib - i < 64 ? mib - i : 64) * 1024);
		run(db, sql);
	}
	sqlite3_close(db);
	vfs_deinit();
	s.latency_us = (int64_t)(latency_ms * 1000);
	s.bytes_per_us = bandwidth;
	printf("%d MiB, %.0f ms, %.0f MB/s\n", mib, latency_ms, bandwidth);
	measure(&s, "cold scan", "SELECT sum(length(b)) FROM t", bandwidth);
	measure(&s, "cold scan backwards",
		"SELECT sum(length(b)) FROM (SELECT b FROM t ORDER BY a DESC LIMIT -1)", bandwidth);
	snprintf(sql, sizeof(sql), "SELECT b FROM t WHERE a = %d", mib * 700);
	measure(&s, "cold point read", sql, 0);
	copy(&s, bandwidth);
	blob_close(inner);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0;
}
