/*
 * bench_scan.c - a cold scan and cold point reads, with the latency and bandwidth of a store
 *
 *	bench_scan [MiB [latency ms [MB/s]]]
 *
 * The store is a local folder behind a wrapper: each GET takes the latency, then
 * its bytes pass through one pipe of that bandwidth, shared by all.  Nothing is
 * compressible, so that bytes of pages are bytes of the store.
 * Licence: MIT, see LICENSE.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/store.h"
#include "vfs/vfs.h"

/* lock guards free_us. */
struct slow_store {
	struct blob_store base;
	struct blob_store *inner;
	int64_t latency_us;    /* 0 and bandwidth 0: as fast as the folder */
	double bytes_per_us;
	struct mutex lock;
	int64_t free_us;       /* when the pipe has passed all it was given */
};

static struct slow_store *slow_of(struct blob_store *store)
{
	return CONTAINER_OF(store, struct slow_store, base);
}

static void sleep_until(int64_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		;
}

static enum blob_rc slow_get(struct blob_store *store, int64_t deadline_ms, const char *key,
			     const struct blob_range *range, struct buf *out,
			     struct blob_info *info, struct error *err)
{
	struct slow_store *s = slow_of(store);
	int64_t due_us = mono_us() + s->latency_us;
	size_t before = out->len;
	enum blob_rc rc;

	(void)deadline_ms;
	blob_count(&s->base.stats.gets);
	rc = blob_get(s->inner, key, range, out, info, err);
	if (s->latency_us == 0)
		return rc;
	mutex_lock(&s->lock);
	if (due_us > s->free_us)
		s->free_us = due_us;
	s->free_us += (int64_t)((double)(out->len - before) / s->bytes_per_us);
	due_us = s->free_us;
	mutex_unlock(&s->lock);
	sleep_until(due_us);
	return rc;
}

static enum blob_rc slow_create(struct blob_store *store, int64_t deadline_ms, const char *key,
				const struct buf *body, struct etag *out, struct error *err)
{
	(void)deadline_ms;
	return blob_create(slow_of(store)->inner, key, body, out, err);
}

static enum blob_rc slow_head(struct blob_store *store, int64_t deadline_ms, const char *key,
			      struct blob_info *info, struct error *err)
{
	(void)deadline_ms;
	return blob_head(slow_of(store)->inner, key, info, err);
}

static enum blob_rc slow_list(struct blob_store *store, int64_t deadline_ms,
			      const struct blob_list_request *request, struct arena *arena,
			      struct blob_list *out, struct error *err)
{
	(void)deadline_ms;
	return blob_list(slow_of(store)->inner, request, arena, out, err);
}

static enum blob_rc slow_delete(struct blob_store *store, int64_t deadline_ms,
				const char *const *keys, size_t n, struct error *err)
{
	(void)deadline_ms;
	return blob_delete_many(slow_of(store)->inner, keys, n, err);
}

static void slow_close(struct blob_store *store)
{
	(void)store;
}

static const struct blob_ops slow_ops = {
	.scheme = "slow",
	.close = slow_close,
	.get = slow_get,
	.create = slow_create,
	.head = slow_head,
	.list = slow_list,
	.delete_many = slow_delete,
};

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

int main(int argc, char **argv)
{
	int mib = argc > 1 ? atoi(argv[1]) : 128;
	double latency_ms = argc > 2 ? atof(argv[2]) : 30;
	double bandwidth = argc > 3 ? atof(argv[3]) : 100;
	const char *tmp = getenv("TMPDIR");
	char dir[200], url[300], sql[300], command[300], name[] = "slow:";
	struct slow_store s = { .base.ops = &slow_ops, .base.name = name, .base.timeout_ms = 30000,
				.lock = MUTEX_INIT };
	struct blob_options options = { 0 };
	struct error err = ERROR_INIT;

	if (mib < 1 || latency_ms <= 0 || bandwidth <= 0) {
		fprintf(stderr, "usage: bench_scan [MiB [latency ms [MB/s]]]\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file://%s", dir);
	if (blob_open(url, &options, &s.inner, &err) != BLOB_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
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
	blob_close(s.inner);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0;
}
