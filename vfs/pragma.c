/*
 * pragma.c - what a handle tells of itself in the shell: PRAGMA pgblob_...
 *
 * FORMAT   Lines of "name value", or one line a slot.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/pragma.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "vfs/inspect.h"
#include "vfs/registry.h"

enum { TEXT_MAX = 1 << 20, LOG_LINES = 10, LOG_LINES_MAX = 1000 };

static void put(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "%s%s %" PRIu64, out->len > 0 ? "\n" : "", name, value);
}

static void put_stat(struct buf *out, struct handle *h)
{
	struct vfs_database_stats s;

	db_get_stats(h->db, &s);
	put(out, "lsn", s.lsn);
	put(out, "lsn_published", s.lsn_published);
	put(out, "manifest_lsn", s.manifest_lsn);
	put(out, "page_size", s.page_size);
	put(out, "pages", s.pages);
	put(out, "objects", s.objects);
	put(out, "commits", s.commits.commits);
	put(out, "groups", s.commits.groups);
	put(out, "lost", s.commits.lost);
	put(out, "failed", s.commits.failed);
	put(out, "unknown", s.commits.unknown);
	put(out, "puts", s.puts);
	put(out, "put_bytes", s.put_bytes);
	put(out, "put_mean_us", s.put_mean_us);
	put(out, "put_p95_us", s.put_p95_us);
	put(out, "gets", s.gets);
	put(out, "get_bytes", s.get_bytes);
	put(out, "hedged", s.hedged);
	put(out, "probes", s.probes);
}

static void put_cache(struct buf *out)
{
	struct vfs_cache_stats s;

	vfs_cache_stats(&s);
	put(out, "memory_limit", s.memory_limit);
	put(out, "memory_bytes", s.memory_bytes);
	put(out, "memory_pages", s.memory_pages);
	put(out, "memory_hits", s.memory_hits);
	put(out, "memory_misses", s.memory_misses);
	put(out, "memory_evictions", s.memory_evictions);
	put(out, "disk_limit", s.disk_limit);
	put(out, "disk_bytes", s.disk_bytes);
	put(out, "disk_hits", s.disk_hits);
	put(out, "disk_misses", s.disk_misses);
	put(out, "disk_writes", s.disk_writes);
	put(out, "disk_dropped", s.disk_dropped);
	put(out, "gets", s.gets);
	put(out, "get_bytes", s.bytes);
	put(out, "shared", s.shared);
	put(out, "hedged", s.hedged);
	put(out, "hedges_won", s.hedges_won);
	put(out, "ahead", s.ahead);
	put(out, "ahead_used", s.ahead_used);
	put(out, "ahead_unused", s.ahead_unused);
}

enum { TIME_LEN = 32 };

static const char *time_text(int64_t us, char out[TIME_LEN])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || strftime(out, TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return "?";
	return out;
}

static bool put_slot(void *arg, const struct vfs_slot *slot)
{
	struct buf *out = arg;
	char when[TIME_LEN];

	buf_printf(out, "%s%" PRIu64 " %s %s pages=%u bytes=%" PRIu64, out->len > 0 ? "\n" : "", slot->lsn,
		   time_text(slot->time_us, when), vfs_kind_name(slot->kind), slot->n_pages, slot->bytes);
	return !out->failed;
}

/* The newest slots: as many as the argument says. */
static enum vfs_rc put_log(struct buf *out, struct handle *h, const char *count, struct error *err)
{
	char *end = NULL;
	long n = count != NULL ? strtol(count, &end, 10) : LOG_LINES;

	if (n < 1 || n > LOG_LINES_MAX || (end != NULL && (end == count || *end != '\0'))) {
		error_set(err, "pgblob_log takes a number of slots from 1 to %d", (int)LOG_LINES_MAX);
		return VFS_INVALID;
	}
	struct version *v = db_pin_durable(h->db);
	uint64_t lsn = v->lsn;

	db_unpin(h->db, v);
	if (lsn == 0)
		return VFS_OK;
	return vfs_inspect_slots(h->db->store, h->db->name, lsn, (uint64_t)n, put_slot, out, err);
}

/* Snapshots and branch points, one a line. */
static enum vfs_rc put_snapshots(struct buf *out, struct handle *h, struct error *err)
{
	struct vfs_pin *pins;
	size_t n;
	enum vfs_rc rc = vfs_list_pins(h->db->store, h->db->name, &pins, &n, err);

	for (size_t i = 0; rc == VFS_OK && i < n; i++) {
		char when[TIME_LEN];

		buf_printf(out, "%s%" PRIu64 " %s %s %s", i > 0 ? "\n" : "", pins[i].lsn,
			   time_text(pins[i].time_us, when),
			   pins[i].kind == VFS_PIN_SNAPSHOT ? "snapshot" : "branch", pins[i].name);
	}
	free(pins);
	return rc;
}

int pragma_answer(struct handle *h, char **args)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;
	enum vfs_rc rc = VFS_OK;

	if (sqlite3_stricmp(args[1], "pgblob_lsn") == 0) {
		struct version *v = h->pin != NULL ? h->pin : db_pin_durable(h->db);

		buf_printf(&out, "%" PRIu64, v->lsn);
		if (h->pin == NULL)
			db_unpin(h->db, v);
	} else if (sqlite3_stricmp(args[1], "pgblob_store") == 0) {
		buf_put_str(&out, blob_name(h->db->store));
	} else if (sqlite3_stricmp(args[1], "pgblob_stat") == 0) {
		put_stat(&out, h);
	} else if (sqlite3_stricmp(args[1], "pgblob_cache") == 0) {
		put_cache(&out);
	} else if (sqlite3_stricmp(args[1], "pgblob_log") == 0) {
		rc = put_log(&out, h, args[2], &err);
	} else if (sqlite3_stricmp(args[1], "pgblob_snapshots") == 0) {
		rc = put_snapshots(&out, h, &err);
	} else {
		return SQLITE_NOTFOUND;
	}
	/* of an error, too, SQLite shows this text */
	args[0] = sqlite3_mprintf("%s", rc == VFS_OK ? buf_str(&out) : err.text);
	bool no_memory = out.failed || args[0] == NULL;
	buf_free(&out);
	if (no_memory)
		return SQLITE_NOMEM;
	return rc == VFS_OK ? SQLITE_OK : SQLITE_ERROR;
}
