/*
 * pgblob_keep.c - pgblob compact, gc: what servers do by themselves
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cmd/json_writer.h"
#include "cmd/tool.h"
#include "vfs/vfs.h"

/* --- compact ----------------------------------------------------------------------- */

static int run_compact(struct tool *t, struct error *err)
{
	const char *name = tool_argument(t, 0);
	char segments[TOOL_SIZE_LEN], manifest[TOOL_SIZE_LEN];
	struct progress p = progress_begin(t, "compacting", PROGRESS_PAGES);
	struct vfs_compaction c;
	bool ok = vfs_compact_database(t->store, name, progress_show, &p, &c, err) == VFS_OK;

	progress_end(&p);
	if (!ok)
		return EXIT_FAILED;
	if (t->json) {
		struct json_writer j = { .out = stdout };

		json_put_object(&j, NULL);
		json_put_string(&j, "name", name);
		json_put_bool(&j, "compacted", c.lsn != 0);
		json_put_u64(&j, "lsn", c.lsn);
		json_put_u64(&j, "pages_folded", c.folded);
		json_put_u64(&j, "pages_moved", c.moved);
		json_put_u64(&j, "segments", c.segments);
		json_put_u64(&j, "segment_bytes", c.segment_bytes);
		json_put_u64(&j, "manifest_bytes", c.manifest_bytes);
		json_put_end(&j);
	} else if (t->quiet) {
		return EXIT_OK;
	} else if (c.lsn == 0) {
		printf("%s: nothing was committed since the last manifest\n", name);
	} else {
		printf("%s: manifest of lsn %" PRIu64 ", %s; %" PRIu64 " pages folded, %" PRIu64
		       " moved; %" PRIu64 " segments, %s\n",
		       name, c.lsn, tool_size(c.manifest_bytes, manifest), c.folded, c.moved,
		       c.segments, tool_size(c.segment_bytes, segments));
	}
	return EXIT_OK;
}

/* --- gc ---------------------------------------------------------------------------- */

static void put_deleted(struct json_writer *j, const char *name, const struct vfs_deleted *d)
{
	json_put_object(j, name);
	json_put_u64(j, "objects", d->n);
	json_put_u64(j, "bytes", d->bytes);
	json_put_end(j);
}

static void tell_clean_up(const struct tool *t, struct json_writer *j, const char *name,
			  const struct vfs_clean_up *c)
{
	bool dry_run = tool_value(t, "dry-run") != NULL;
	uint64_t bytes = c->slots.bytes + c->segments.bytes + c->manifests.bytes + c->pins.bytes;
	char size[TOOL_SIZE_LEN];

	if (t->json) {
		json_put_object(j, NULL);
		json_put_string(j, "name", name);
		json_put_bool(j, "dry_run", dry_run);
		json_put_u64(j, "from_lsn", c->from_lsn);
		put_deleted(j, "slots", &c->slots);
		put_deleted(j, "segments", &c->segments);
		put_deleted(j, "manifests", &c->manifests);
		put_deleted(j, "pins", &c->pins);
		json_put_end(j);
	} else if (c->empty && !t->quiet) {
		printf("%s: there is nothing of a database of that name\n", name);
	} else if (!t->quiet || dry_run) {
		printf("%s: %s %" PRIu64 " slots, %" PRIu64 " segments, %" PRIu64 " manifests, %" PRIu64
		       " pins, %s",
		       name, dry_run ? "would delete" : "deleted", c->slots.n, c->segments.n,
		       c->manifests.n, c->pins.n, tool_size(bytes, size));
		if (c->from_lsn != 0)
			printf("; kept from lsn %" PRIu64, c->from_lsn);
		putchar('\n');
	}
}

static bool clean_up(const struct tool *t, struct json_writer *j, const char *name,
		     struct error *err)
{
	struct progress p = progress_begin(t, name, PROGRESS_OBJECTS);
	struct vfs_clean_up c;
	bool ok = vfs_clean_up_database(t->store, name, tool_value(t, "dry-run") != NULL, progress_show,
					&p, &c, err) == VFS_OK;

	progress_clear(&p);
	if (!ok)
		return false;
	/* what else lies in a bucket is no database */
	if (!c.empty || tool_value(t, "all") == NULL)
		tell_clean_up(t, j, name, &c);
	return true;
}

static int run_gc(struct tool *t, struct error *err)
{
	bool all = tool_value(t, "all") != NULL;
	struct vfs_database_list list;
	struct json_writer j = { .out = stdout };
	bool ok = true;

	if (all == (tool_argument(t, 0) != NULL)) {
		error_set(err, "gc wants a database, or --all");
		return EXIT_USAGE;
	}
	if (!all)
		return clean_up(t, &j, tool_argument(t, 0), err) ? EXIT_OK : EXIT_FAILED;
	if (vfs_list_folders(t->store, &list, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json)
		json_put_array(&j, NULL);
	for (size_t i = 0; i < list.n_names; i++) {
		struct error why = ERROR_INIT;

		if (clean_up(t, &j, list.names[i], &why))
			continue;
		/* the others are cleaned up all the same */
		if (!ok)
			tool_complain(err);
		*err = why;
		ok = false;
		if (tool_interrupted)
			break;
	}
	if (t->json)
		json_put_end(&j);
	vfs_database_list_free(&list);
	return ok ? EXIT_OK : EXIT_FAILED;
}

const struct tool_command tool_commands_keep[] = {
	{ .name = "compact",
	  .arguments = "DATABASE",
	  .min_args = 1,
	  .max_args = 1,
	  .writes = true,
	  .run = run_compact,
	  .help = "fold the commits since the last manifest, and lay pages out anew" },
	{ .name = "gc",
	  .arguments = "[DATABASE]",
	  .min_args = 0,
	  .max_args = 1,
	  .writes = true,
	  .run = run_gc,
	  .help = "delete what no version within storage.retention needs",
	  .options = { { "dry-run", 'n', NULL, "delete nothing, only say what would be" },
		       { "all", 'a', NULL, "all databases of the store, dropped ones and imports that were killed too" } } },
	{ .name = NULL },
};
