/*
 * pgblob_show.c - pgblob ls, info, log: what there is, from the heads of objects
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "blob/blob.h"
#include "cmd/json_writer.h"
#include "cmd/tool.h"
#include "vfs/inspect.h"

/* Names may hold anything but control characters: quoted only in JSON. */

static uint64_t database_bytes(const struct vfs_state *s)
{
	return (uint64_t)s->page_size * s->page_count;
}

/* The fields that ls and info have in common. */
static void put_state(struct json_writer *j, const struct vfs_state *s)
{
	json_put_u64(j, "lsn", s->lsn);
	json_put_time(j, "time", s->time_us);
	json_put_u64(j, "page_size", s->page_size);
	json_put_u64(j, "pages", s->page_count);
	json_put_u64(j, "bytes", database_bytes(s));
}

/* --- ls ---------------------------------------------------------------------------- */

static void list_json(const struct vfs_database_table *table)
{
	struct json_writer j = { .out = stdout };

	json_put_array(&j, NULL);
	for (size_t i = 0; i < table->n; i++) {
		const struct vfs_database *d = &table->databases[i];

		json_put_object(&j, NULL);
		json_put_string(&j, "name", d->name);
		if (d->problem == NULL)
			put_state(&j, &d->state);
		else
			json_put_string(&j, "error", d->problem);
		json_put_end(&j);
	}
	json_put_end(&j);
}

static void list_long(const struct vfs_database_table *table)
{
	printf("%10s %10s %10s  %-27s %s\n", "LSN", "SIZE", "PAGES", "LAST COMMIT", "NAME");
	for (size_t i = 0; i < table->n; i++) {
		const struct vfs_database *d = &table->databases[i];
		char size[TOOL_SIZE_LEN], time[TOOL_TIME_LEN];

		if (d->problem != NULL)
			printf("%10s %10s %10s  %-27s %s\n", "?", "?", "?", "damaged", d->name);
		else
			printf("%10" PRIu64 " %10s %10" PRIu32 "  %-27s %s\n", d->state.lsn,
			       tool_size(database_bytes(&d->state), size), d->state.page_count,
			       tool_time(d->state.time_us, time), d->name);
	}
}

static int run_ls(struct tool *t, struct error *err)
{
	struct vfs_database_table table;

	if (vfs_inspect_all(t->store, &table, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json)
		list_json(&table);
	else if (tool_value(t, "long") != NULL)
		list_long(&table);
	else
		for (size_t i = 0; i < table.n; i++)
			puts(table.databases[i].name);
	for (size_t i = 0; i < table.n; i++)
		if (table.databases[i].problem != NULL)
			fprintf(stderr, "pgblob: WARNING: database \"%s\": %s\n",
				table.databases[i].name, table.databases[i].problem);
	vfs_database_table_free(&table);
	return EXIT_OK;
}

/* --- info -------------------------------------------------------------------------- */

static void put_count(struct json_writer *j, const char *name, const struct vfs_object_count *c)
{
	json_put_object(j, name);
	json_put_u64(j, "objects", c->n);
	json_put_u64(j, "bytes", c->bytes);
	json_put_end(j);
}

static uint64_t stored_bytes(const struct vfs_usage *u)
{
	return u->slots.bytes + u->segments.bytes + u->manifests.bytes + u->pins.bytes +
	       u->others.bytes;
}

static void info_json(const char *name, const char *store, const struct vfs_state *s,
		      const struct vfs_usage *u)
{
	struct json_writer j = { .out = stdout };

	json_put_object(&j, NULL);
	json_put_string(&j, "name", name);
	json_put_string(&j, "store", store);
	json_put_hex(&j, "id", s->db_id, ID_LEN);
	put_state(&j, s);
	json_put_object(&j, "manifest");
	json_put_u64(&j, "lsn", s->manifest_lsn);
	json_put_u64(&j, "bytes", s->manifest_bytes);
	json_put_u64(&j, "objects", s->manifest_objects);
	json_put_u64(&j, "slots_since", s->lsn - s->manifest_lsn);
	json_put_end(&j);
	json_put_u64(&j, "oldest_lsn", u->oldest_lsn);
	json_put_u64(&j, "stored_bytes", stored_bytes(u));
	json_put_object(&j, "stored");
	put_count(&j, "slots", &u->slots);
	put_count(&j, "segments", &u->segments);
	put_count(&j, "manifests", &u->manifests);
	put_count(&j, "pins", &u->pins);
	put_count(&j, "others", &u->others);
	json_put_end(&j);
	json_put_end(&j);
}

static void info_count(const char *label, const struct vfs_object_count *c)
{
	char size[TOOL_SIZE_LEN];

	printf("%-14s%" PRIu64 " objects, %s\n", label, c->n, tool_size(c->bytes, size));
}

static void info_text(const char *name, const char *store, const struct vfs_state *s,
		      const struct vfs_usage *u)
{
	char hex[2 * ID_LEN + 1], time[TOOL_TIME_LEN], size[TOOL_SIZE_LEN];

	hex_encode(s->db_id, ID_LEN, hex);
	printf("name          %s\nstore         %s\nid            %s\n", name, store, hex);
	printf("lsn           %" PRIu64 "\n", s->lsn);
	printf("last commit   %s\n", tool_time(s->time_us, time));
	printf("pages         %" PRIu32 " of %" PRIu32 " bytes\n", s->page_count, s->page_size);
	printf("size          %s\n", tool_size(database_bytes(s), size));
	if (s->manifest_lsn > 0)
		printf("manifest      lsn %" PRIu64 ", %" PRIu32 " objects, %s\n", s->manifest_lsn,
		       s->manifest_objects, tool_size(s->manifest_bytes, size));
	else
		puts("manifest      none yet");
	printf("slots since   %" PRIu64 "\n", s->lsn - s->manifest_lsn);
	printf("oldest slot   %" PRIu64 "\n", u->oldest_lsn);
	printf("stored        %s\n", tool_size(stored_bytes(u), size));
	info_count("  slots", &u->slots);
	info_count("  segments", &u->segments);
	info_count("  manifests", &u->manifests);
	info_count("  pins", &u->pins);
	if (u->others.n > 0)
		info_count("  others", &u->others);
}

static int run_info(struct tool *t, struct error *err)
{
	const char *name = tool_argument(t, 0);
	struct vfs_state state;
	struct vfs_usage usage;

	if (vfs_inspect_state(t->store, name, &state, err) != VFS_OK ||
	    vfs_inspect_usage(t->store, name, &usage, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json)
		info_json(name, blob_name(t->store), &state, &usage);
	else
		info_text(name, blob_name(t->store), &state, &usage);
	return EXIT_OK;
}

/* --- log --------------------------------------------------------------------------- */

enum { LOG_LIMIT = 20 };

struct log_walk {
	bool json;
	int64_t since_us;
	uint64_t n;
};

static void slot_json(const struct vfs_slot *s)
{
	struct json_writer j = { .out = stdout };

	json_put_object(&j, NULL);
	json_put_u64(&j, "lsn", s->lsn);
	json_put_time(&j, "time", s->time_us);
	json_put_string(&j, "kind", vfs_kind_name(s->kind));
	json_put_u64(&j, "pages", s->n_pages);
	json_put_u64(&j, "bytes", s->bytes);
	json_put_u64(&j, "objects", s->n_objects);
	json_put_u64(&j, "page_size", s->page_size);
	json_put_u64(&j, "database_pages", s->page_count);
	json_put_hex(&j, "database_id", s->db_id, ID_LEN);
	json_put_hex(&j, "nonce", s->nonce, ID_LEN);
	json_put_end(&j);
}

static bool show_slot(void *arg, const struct vfs_slot *s)
{
	struct log_walk *w = arg;
	char time[TOOL_TIME_LEN];

	/* times do not fall along the log: what comes is older still */
	if (s->time_us < w->since_us || tool_interrupted)
		return false;
	if (!w->json && w->n == 0)
		printf("%10s  %-27s %-8s %8s %10s %10s\n", "LSN", "TIME", "KIND", "PAGES", "BYTES",
		       "DATABASE");
	if (w->json)
		slot_json(s);
	else
		printf("%10" PRIu64 "  %-27s %-8s %8" PRIu32 " %10" PRIu64 " %10" PRIu32 "\n", s->lsn,
		       tool_time(s->time_us, time), vfs_kind_name(s->kind), s->n_pages, s->bytes,
		       s->page_count);
	w->n++;
	/* who reads it does not read on: no more requests */
	return ferror(stdout) == 0;
}

static int run_log(struct tool *t, struct error *err)
{
	struct log_walk walk = { .json = t->json, .since_us = INT64_MIN };
	const char *since = tool_value(t, "since");
	uint64_t limit = since != NULL ? 0 : LOG_LIMIT;
	uint64_t from = 0;

	if (!tool_number(t, "limit", 0, &limit, err) || !tool_number(t, "from", 1, &from, err) ||
	    (since != NULL && !tool_parse_time(since, &walk.since_us, err)))
		return EXIT_USAGE;
	if (vfs_inspect_log(t->store, tool_argument(t, 0), from, limit, show_slot, &walk, err) !=
	    VFS_OK)
		return EXIT_FAILED;
	return EXIT_OK;
}

const struct tool_command tool_commands_show[] = {
	{ .name = "ls",
	  .arguments = "",
	  .run = run_ls,
	  .help = "list the databases",
	  .options = { { "long", 'l', NULL, "with lsn, size, pages and time of the last commit" } } },
	{ .name = "info",
	  .arguments = "DATABASE[@VERSION]",
	  .min_args = 1,
	  .max_args = 1,
	  .run = run_info,
	  .help = "show one database, and what it takes in the store" },
	{ .name = "log",
	  .arguments = "DATABASE[@VERSION]",
	  .min_args = 1,
	  .max_args = 1,
	  .run = run_log,
	  .help = "show the commits of a database, the newest first",
	  .more = "With --json each slot is one line.",
	  .options = { { "limit", 'n', "N", "at most so many; 0: all that are kept. 20, with --since 0" },
		       { "from", 0, "LSN", "begin at this slot, if it is older" },
		       { "since", 0, "TIME", "end before the first that is older: 2026-09-01T12:00:00Z, 2h" } } },
	{ .name = NULL },
};
