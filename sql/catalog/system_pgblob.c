/*
 * system_pgblob.c - relations of our own in pg_catalog: storage, caches, the log
 *
 * PostgreSQL has none of them, so names, columns and OIDs are given here; the OIDs are
 * of a range that no PostgreSQL gives.
 * Licence: MIT, see LICENSE.
 */
#include <stdlib.h>

#include "base/error.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/type.h"
#include "vfs/inspect.h"
#include "vfs/vfs.h"

#define EPOCH_2000_US INT64_C(946684800000000)

enum { FIRST_BATCH = 8, BATCH_MAX = 64 };

static const struct system_own_column storage_columns[] = {
	{ "datname", NAMEOID }, { "handles", INT4OID },	  { "lsn", INT8OID },
	{ "lsn_published", INT8OID }, { "manifest_lsn", INT8OID }, { "page_size", INT4OID },
	{ "pages", INT8OID },	{ "size", INT8OID },	  { "objects", INT8OID },
	{ "commits", INT8OID }, { "groups", INT8OID },	  { "lost", INT8OID },
	{ "failed", INT8OID },	{ "unknown", INT8OID },	  { "puts", INT8OID },
	{ "put_bytes", INT8OID }, { "put_time_mean", FLOAT8OID }, { "put_time_p95", FLOAT8OID },
	{ "gets", INT8OID },	{ "get_bytes", INT8OID }, { "hedged", INT8OID },
	{ "probes", INT8OID },
};

static const struct system_own_column cache_columns[] = {
	{ "memory_limit", INT8OID }, { "memory_bytes", INT8OID },     { "memory_pages", INT8OID },
	{ "memory_hits", INT8OID },  { "memory_misses", INT8OID },    { "memory_evictions", INT8OID },
	{ "disk_limit", INT8OID },   { "disk_bytes", INT8OID },	      { "disk_hits", INT8OID },
	{ "disk_misses", INT8OID },  { "disk_writes", INT8OID },      { "disk_dropped", INT8OID },
	{ "gets", INT8OID },	     { "get_bytes", INT8OID },	      { "shared", INT8OID },
	{ "hedged", INT8OID },	     { "hedges_won", INT8OID },	      { "ahead", INT8OID },
	{ "ahead_used", INT8OID },   { "ahead_unused", INT8OID },
};

static const struct system_own_column log_columns[] = {
	{ "lsn", INT8OID },   { "committed", TIMESTAMPTZOID }, { "kind", TEXTOID },
	{ "pages", INT8OID }, { "bytes", INT8OID },	       { "objects", INT8OID },
	{ "page_size", INT4OID }, { "page_count", INT8OID },
};

static const struct system_own_column snapshot_columns[] = {
	{ "name", NAMEOID },	       { "kind", TEXTOID },	   { "lsn", INT8OID },
	{ "committed", TIMESTAMPTZOID }, { "created", TIMESTAMPTZOID },
};

const struct system_own system_owns[] = {
	{ "pgblob_stat_storage", SYSTEM_OWN_FIRST_OID, storage_columns, ARRAY_LEN(storage_columns) },
	{ "pgblob_stat_cache", SYSTEM_OWN_FIRST_OID + 1, cache_columns, ARRAY_LEN(cache_columns) },
	{ "pgblob_log", SYSTEM_OWN_FIRST_OID + 2, log_columns, ARRAY_LEN(log_columns) },
	{ "pgblob_snapshots", SYSTEM_OWN_FIRST_OID + 3, snapshot_columns, ARRAY_LEN(snapshot_columns) },
	{ .name = NULL },
};

static void row_count(struct fill *f, uint64_t n)
{
	row_int(f, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void fail(struct fill *f, const struct error *err)
{
	f->failed = true;
	sql_error_set(&f->conn->err, ERRCODE_IO, "%s", err->text);
}

static void storage_row(struct fill *f, const struct vfs_database_stats *s)
{
	row_begin(f);
	row_text(f, arena_strdup(f->arena, s->name));
	row_int(f, s->handles);
	row_count(f, s->lsn);
	row_count(f, s->lsn_published);
	row_count(f, s->manifest_lsn);
	row_int(f, s->page_size);
	row_int(f, s->pages);
	row_int(f, (int64_t)s->pages * s->page_size);
	row_int(f, s->objects);
	row_count(f, s->commits.commits);
	row_count(f, s->commits.groups);
	row_count(f, s->commits.lost);
	row_count(f, s->commits.failed);
	row_count(f, s->commits.unknown);
	row_count(f, s->puts);
	row_count(f, s->put_bytes);
	row_real(f, (double)s->put_mean_us / 1000);
	row_real(f, (double)s->put_p95_us / 1000);
	row_count(f, s->gets);
	row_count(f, s->get_bytes);
	row_count(f, s->hedged);
	row_count(f, s->probes);
	row_end(f);
}

static void fill_storage(struct fill *f)
{
	struct vfs_database_stats *all;
	struct error err = ERROR_INIT;
	size_t n;

	if (vfs_open_databases(&all, &n, &err) != VFS_OK) {
		fail(f, &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (all[i].exists)
			storage_row(f, &all[i]);
	free(all);
}

static void fill_cache(struct fill *f)
{
	struct vfs_cache_stats s;

	vfs_cache_stats(&s);
	row_begin(f);
	const uint64_t counts[] = {
		s.memory_limit, s.memory_bytes, s.memory_pages, s.memory_hits, s.memory_misses,
		s.memory_evictions, s.disk_limit, s.disk_bytes, s.disk_hits, s.disk_misses, s.disk_writes,
		s.disk_dropped, s.gets, s.bytes, s.shared, s.hedged, s.hedges_won, s.ahead, s.ahead_used,
		s.ahead_unused,
	};
	_Static_assert(ARRAY_LEN(counts) == ARRAY_LEN(cache_columns), "a column is missing");
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		row_count(f, counts[i]);
	row_end(f);
}

static bool log_row(void *arg, const struct vfs_slot *slot)
{
	struct fill *f = arg;

	f->mark = slot->lsn;
	f->n_batch++;
	row_begin(f);
	row_count(f, slot->lsn);
	row_int(f, slot->time_us - EPOCH_2000_US);
	row_text(f, vfs_kind_name(slot->kind));
	row_int(f, slot->n_pages);
	row_count(f, slot->bytes);
	row_int(f, slot->n_objects);
	row_int(f, slot->page_size);
	row_int(f, slot->page_count);
	row_end(f);
	return !f->failed;
}

/* Read the slots from `lsn` (0: the newest) downwards. */
static bool read_log(struct fill *f, uint64_t lsn, uint64_t limit)
{
	struct error err = ERROR_INIT;

	f->n_batch = 0;
	switch (vfs_handle_log(f->conn->db, lsn, limit, log_row, f, &err)) {
	case VFS_OK:
		return f->n_batch > 0;
	case VFS_INVALID: /* another VFS's file has no log */
		return false;
	default:
		fail(f, &err);
		return false;
	}
}

static void fill_log(struct fill *f)
{
	if (f->key < 0)
		(void)read_log(f, 0, FIRST_BATCH);
	else if (f->key_int > 0)
		(void)read_log(f, (uint64_t)f->key_int, 1);
}

/* The newest come first, and who wants no more reads no more. */
static bool more_log(struct fill *f)
{
	return f->key < 0 && f->mark > 1 && read_log(f, f->mark - 1, BATCH_MAX);
}

static void snapshot_row(struct fill *f, const struct vfs_pin *pin)
{
	row_begin(f);
	row_text(f, arena_strdup(f->arena, pin->name));
	row_text(f, pin->kind == VFS_PIN_SNAPSHOT ? "snapshot" : "branch");
	row_count(f, pin->lsn);
	row_int(f, pin->time_us - EPOCH_2000_US);
	row_int(f, pin->created_us - EPOCH_2000_US);
	row_end(f);
}

static void fill_snapshots(struct fill *f)
{
	struct error err = ERROR_INIT;
	struct blob_store *store;
	struct vfs_pin *pins;
	const char *name;
	size_t n;

	/* another VFS's file has none */
	if (vfs_handle_place(f->conn->db, &store, &name) != VFS_OK)
		return;
	if (vfs_list_pins(store, name, &pins, &n, &err) != VFS_OK) {
		fail(f, &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		snapshot_row(f, &pins[i]);
	free(pins);
}

const struct system_def system_pgblob_defs[] = {
	{ "pgblob_stat_storage", "datname", fill_storage, false, NULL },
	{ "pgblob_stat_cache", NULL, fill_cache, false, NULL },
	{ "pgblob_log", "lsn", fill_log, false, more_log },
	{ "pgblob_snapshots", NULL, fill_snapshots, false, NULL },
	{ NULL, NULL, NULL, false, NULL },
};
