/*
 * bench_compact.c - what compaction writes, keeps and asks for, and what opening costs
 *
 *	bench_compact [MIB [UPDATES [FOLDER]]]        256 MiB, 100000, /dev/shm
 *
 * Fills a database, then updates single rows at random, each in a commit of its own,
 * with housekeeping as in a server.  Prints bytes by kind of object as ratios, and
 * requests per thousand commits.  Then opens it as a machine that has never seen it.
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "tests/lib/fault_store.h"
#include "vfs/format.h"
#include "vfs/key.h"
#include "vfs/manifest.h"
#include "vfs/vfs.h"

enum { ROW = 400 };

static struct blob_store *inner, *store;

static void die(const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static void start(void)
{
	struct vfs_config config = { .store = store, .cache_ttl_ms = 60000, .housekeeping = true };
	struct error err = ERROR_INIT;

	if (!vfs_init(&config, &err))
		die("start", &err);
}

static sqlite3 *open_database(void)
{
	struct error err = ERROR_INIT;
	sqlite3 *db;

	if (sqlite3_open_v2("file:bench?vfs=pgblob", &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    !vfs_prepare_connection(db, &err)) {
		(void)vfs_open_error(&err);
		die("open", &err);
	}
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

struct usage {
	uint64_t n, bytes;
};

static struct usage usage_of(const char *kind)
{
	struct usage u = { 0, 0 };
	struct error err = ERROR_INIT;
	char after[KEY_MAX] = "";
	char prefix[64];
	bool more = true;

	snprintf(prefix, sizeof(prefix), "bench/%s/", kind);
	while (more) {
		struct arena arena = ARENA_INIT((size_t)16 << 20);
		struct blob_list_request request = { .prefix = prefix,
						     .start_after = after[0] != '\0' ? after : NULL };
		struct blob_list list;

		if (blob_list(inner, &request, &arena, &list, &err) != BLOB_OK)
			die("list", &err);
		for (size_t i = 0; i < list.n_entries; i++) {
			u.n++;
			u.bytes += list.entries[i].info.size;
		}
		more = list.more && list.n_entries > 0;
		if (more)
			snprintf(after, sizeof(after), "%s", list.entries[list.n_entries - 1].key);
		arena_free(&arena);
	}
	return u;
}

struct space {
	uint64_t used;     /* bytes of objects in which pages lie, */
	uint64_t held;     /* and of those that only slots need, as bases of deltas */
	uint64_t live;     /* bytes of pages */
	uint32_t objects;
};

/* What the newest manifest tells of. */
static struct space space(void)
{
	struct space s = { .live = 0 };
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct buf bytes = BUF_INIT(MANIFEST_MAX);
	struct error err = ERROR_INIT;
	struct manifest_head head;
	char key[KEY_MAX];
	uint64_t lsn;

	if (manifest_newest(inner, "bench", &lsn, &err) != VFS_OK)
		die("manifest", &err);
	key_manifest(key, "bench", lsn);
	if (blob_get(inner, key, NULL, &bytes, NULL, &err) != BLOB_OK ||
	    !manifest_parse((uint8_t *)bytes.data, bytes.len, key, &head, &err))
		die("manifest", &err);
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;
		struct blob_info info;

		manifest_object_at(&head, i, &o);
		if (o.kind == OBJECT_SLOT)
			key_slot(key, "bench", o.lsn);
		else
			key_segment(key, "bench", o.id);
		if (blob_head(inner, key, &info, &err) != BLOB_OK)
			die(key, &err);
		*(o.held ? &s.held : &s.used) += info.size;
	}
	for (uint32_t c = 0; c < head.n_chunks; c++) {
		uint32_t n;

		if (!manifest_chunk((uint8_t *)bytes.data, bytes.len, key, &head, c, entries, &n, &err))
			die("manifest", &err);
		for (uint32_t i = 0; i < n; i++)
			s.live += entries[i].len;
	}
	s.objects = head.n_objects;
	free(entries);
	buf_free(&bytes);
	return s;
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f != NULL) {
		if (fscanf(f, "%*s %ld", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void fill(sqlite3 *db, unsigned mib)
{
	unsigned rows = mib * 1024 * 1024 / (ROW + 60);
	char sql[300];

	run(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c BLOB); CREATE INDEX i ON t(b)");
	/* half of a row can be compressed */
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%u) "
		 "INSERT INTO t SELECT i, random() %% 1000000000, hex(randomblob(%d)) FROM n",
		 rows, ROW / 2);
	run(db, sql);
}

static void update(sqlite3 *db, unsigned mib, unsigned n)
{
	unsigned rows = mib * 1024 * 1024 / (ROW + 60);
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, "UPDATE t SET b = random() % 1000000000 WHERE a = ?", -1, &stmt,
			       NULL) != SQLITE_OK)
		exit(1);
	for (unsigned i = 0; i < n; i++) {
		sqlite3_bind_int64(stmt, 1, random() % rows + 1);
		if (sqlite3_step(stmt) != SQLITE_DONE) {
			fprintf(stderr, "update: %s\n", sqlite3_errmsg(db));
			exit(1);
		}
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
}

static void open_again(void)
{
	struct fault_counts before, after;
	struct blob_stats b, a;
	int64_t began_us;
	long rss = resident_kib();

	before = fault_get_counts(store);
	blob_get_stats(inner, &b);
	began_us = mono_us();
	start();
	sqlite3 *db = open_database();
	run(db, "PRAGMA schema_version");
	after = fault_get_counts(store);
	blob_get_stats(inner, &a);
	printf("open: %" PRIu64 " requests (%" PRIu64 " LIST, %" PRIu64 " GET), %.2f MiB, %.1f ms, "
	       "%ld KiB more memory\n",
	       after.all - before.all, after.lists - before.lists, after.gets - before.gets,
	       (double)(a.bytes_in - b.bytes_in) / 1048576, (double)(mono_us() - began_us) / 1000,
	       resident_kib() - rss);
	sqlite3_close(db);
	vfs_deinit();
}

int main(int argc, char **argv)
{
	unsigned mib = argc > 1 ? (unsigned)atoi(argv[1]) : 256;
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 100000;
	char folder[200], url[220], command[240];
	struct error err = ERROR_INIT;

	snprintf(folder, sizeof(folder), "%s/bench_compact.XXXXXX", argc > 3 ? argv[3] : "/dev/shm");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file:%s", folder);
	if (blob_open(url, &(struct blob_options){ 0 }, &inner, &err) != BLOB_OK)
		die("store", &err);
	store = fault_open(inner);
	start();
	if (vfs_create_database(store, "bench", &err) != VFS_OK)
		die("create", &err);
	sqlite3 *db = open_database();
	fill(db, mib);
	sqlite3_close(db);
	vfs_deinit();
	struct usage slots0 = usage_of("log"), segments0 = usage_of("seg"), manifests0 = usage_of("manifest");
	start();
	db = open_database();
	struct fault_counts before = fault_get_counts(store);
	int64_t began_us = mono_us();
	update(db, mib, n);
	sqlite3_close(db);
	vfs_deinit();
	double seconds = (double)(mono_us() - began_us) / 1e6;
	struct fault_counts after = fault_get_counts(store);
	struct usage slots = usage_of("log"), segments = usage_of("seg"), manifests = usage_of("manifest");
	double page_bytes = 3.0 * 4096 * n; /* a row, its old and its new index entry */
	double slot_bytes = (double)(slots.bytes - slots0.bytes);
	double segment_bytes = (double)(segments.bytes - segments0.bytes);
	double manifest_bytes = (double)(manifests.bytes - manifests0.bytes);
	printf("%u MiB, %u commits of one row in %.1f s: %.0f bytes a slot\n", mib, n, seconds,
	       slot_bytes / n);
	printf("segments: %" PRIu64 " PUTs, %.2f MiB; manifests: %" PRIu64 " PUTs, %.2f MiB\n",
	       segments.n - segments0.n, segment_bytes / 1048576, manifests.n - manifests0.n,
	       manifest_bytes / 1048576);
	printf("write amplification: %.2f of the bytes of slots, %.2f of the bytes of changed pages\n",
	       (slot_bytes + segment_bytes + manifest_bytes) / slot_bytes,
	       (slot_bytes + segment_bytes + manifest_bytes) / page_bytes);
	printf("requests for a thousand commits: %.1f PUTs besides their own, %.1f GETs, %.1f others\n",
	       (double)(after.creates - before.creates - n) * 1000 / n,
	       (double)(after.gets - before.gets) * 1000 / n,
	       (double)(after.all - after.gets - after.creates - (before.all - before.gets - before.creates)) *
		       1000 / n);
	struct space s = space();
	printf("newest manifest: %u objects, %.2f MiB of pages in %.2f MiB: space amplification %.2f, "
	       "%.2f with %.2f MiB that slots need\n",
	       s.objects, (double)s.live / 1048576, (double)s.used / 1048576,
	       (double)s.used / (double)s.live, (double)(s.used + s.held) / (double)s.live,
	       (double)s.held / 1048576);
	open_again();
	blob_close(store);
	blob_close(inner);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) != 0;
}
