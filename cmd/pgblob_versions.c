/*
 * pgblob_versions.c - pgblob snapshot, branch, restore: older versions, kept and used
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "blob/blob.h"
#include "cmd/json_writer.h"
#include "cmd/tool.h"
#include "vfs/inspect.h"

static const char *kind_name(const struct vfs_pin *pin)
{
	switch (pin->kind) {
	case VFS_PIN_SNAPSHOT:
		return "snapshot";
	case VFS_PIN_BRANCH:
		return "branch";
	}
	return "unknown";
}

static void put_pin(struct json_writer *j, const struct vfs_pin *pin)
{
	json_put_object(j, NULL);
	json_put_string(j, "kind", kind_name(pin));
	json_put_string(j, "name", pin->name);
	json_put_u64(j, "lsn", pin->lsn);
	json_put_time(j, "time", pin->time_us);
	json_put_time(j, "created", pin->created_us);
	json_put_hex(j, "database_id", pin->db_id, sizeof(pin->db_id));
	json_put_end(j);
}

static void show_pins(const struct vfs_pin *pins, size_t n)
{
	char time[TOOL_TIME_LEN];

	if (n > 0)
		printf("%10s  %-27s %-8s %s\n", "LSN", "TIME", "KIND", "NAME");
	for (size_t i = 0; i < n; i++)
		printf("%10" PRIu64 "  %-27s %-8s %s\n", pins[i].lsn,
		       tool_time(pins[i].time_us, time), kind_name(&pins[i]), pins[i].name);
}

static int snapshot_list(struct tool *t, const char *database, struct error *err)
{
	struct json_writer j = { .out = stdout };
	struct vfs_pin *pins = NULL;
	size_t n = 0;

	if (vfs_list_pins(t->store, database, &pins, &n, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json) {
		json_put_array(&j, NULL);
		for (size_t i = 0; i < n; i++)
			put_pin(&j, &pins[i]);
		json_put_end(&j);
	} else {
		show_pins(pins, n);
	}
	free(pins);
	return EXIT_OK;
}

static int snapshot_create(struct tool *t, const char *database, const char *name,
			   struct error *err)
{
	struct json_writer j = { .out = stdout };
	struct vfs_pin pin;

	if (vfs_create_snapshot(t->store, database, name, &pin, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json)
		put_pin(&j, &pin);
	return EXIT_OK;
}

static int snapshot_delete(struct tool *t, const char *database, const char *name,
			   struct error *err)
{
	struct json_writer j = { .out = stdout };

	if (!tool_confirm(t, err, "Delete snapshot \"%s\" of database \"%s\" in %s?", name, database,
			  blob_name(t->store)) ||
	    vfs_drop_snapshot(t->store, database, name, err) != VFS_OK)
		return EXIT_FAILED;
	if (t->json) {
		json_put_object(&j, NULL);
		json_put_string(&j, "name", name);
		json_put_bool(&j, "deleted", true);
		json_put_end(&j);
	}
	return EXIT_OK;
}

static int run_snapshot(struct tool *t, struct error *err)
{
	const char *verb = tool_argument(t, 0);
	const char *database = tool_argument(t, 1);
	const char *name = tool_argument(t, 2);

	if (strcmp(verb, "list") == 0 && name == NULL)
		return snapshot_list(t, database, err);
	if (strcmp(verb, "create") == 0 && name != NULL)
		return snapshot_create(t, database, name, err);
	if (strcmp(verb, "delete") == 0 && name != NULL)
		return snapshot_delete(t, database, name, err);
	error_set(err, "usage: pgblob snapshot %s", t->command->arguments);
	error_hint(err, "Try pgblob snapshot --help.");
	return EXIT_USAGE;
}

/* --- branch, restore ------------------------------------------------------------------ */

/* With --json: the newest state of a database. */
static int tell_state(const struct tool *t, const char *name, struct error *err)
{
	struct json_writer j = { .out = stdout };
	struct vfs_state s;

	if (!t->json)
		return EXIT_OK;
	if (vfs_inspect_state(t->store, name, &s, err) != VFS_OK)
		return EXIT_FAILED;
	json_put_object(&j, NULL);
	json_put_string(&j, "name", name);
	json_put_string(&j, "store", blob_name(t->store));
	json_put_u64(&j, "lsn", s.lsn);
	json_put_u64(&j, "page_size", s.page_size);
	json_put_u64(&j, "pages", s.page_count);
	json_put_u64(&j, "bytes", (uint64_t)s.page_size * s.page_count);
	json_put_end(&j);
	return EXIT_OK;
}

static int run_branch(struct tool *t, struct error *err)
{
	const char *from = tool_argument(t, 0);
	const char *name = tool_argument(t, 1);

	if (vfs_branch_database(t->store, name, from, err) != VFS_OK)
		return EXIT_FAILED;
	return tell_state(t, name, err);
}

static int run_restore(struct tool *t, struct error *err)
{
	const char *name = tool_argument(t, 0);
	const char *to = tool_value(t, "to");

	if (to == NULL) {
		error_set(err, "restore needs --to VERSION");
		error_hint(err, "It is an lsn, a time such as 2026-09-01T12:00:00Z, or a snapshot.");
		return EXIT_USAGE;
	}
	if (!tool_confirm(t, err, "Make what database \"%s\" was at %s its newest version, in %s?",
			  name, to, blob_name(t->store)) ||
	    vfs_restore_database(t->store, name, to, NULL, err) != VFS_OK)
		return EXIT_FAILED;
	return tell_state(t, name, err);
}

const struct tool_command tool_commands_versions[] = {
	{ .name = "snapshot",
	  .arguments = "create|list|delete DATABASE [NAME]",
	  .min_args = 2,
	  .max_args = 3,
	  .run = run_snapshot,
	  .help = "keep versions of a database under a name",
	  .more = "create DATABASE NAME keeps the newest version, create DATABASE@VERSION NAME an older one;\n"
		  "DATABASE@NAME then opens it. list shows snapshots and branch points. delete NAME forgets one.",
	  .options = { { "yes", 'y', NULL, "do not ask before a delete" } } },
	{ .name = "branch",
	  .arguments = "FROM NAME",
	  .min_args = 2,
	  .max_args = 2,
	  .writes = true,
	  .run = run_branch,
	  .help = "make a database that begins as another one, or as what it was",
	  .more = "FROM is DATABASE or DATABASE@VERSION. It costs two small objects, whatever the size." },
	{ .name = "restore",
	  .arguments = "DATABASE",
	  .min_args = 1,
	  .max_args = 1,
	  .writes = true,
	  .run = run_restore,
	  .help = "make an older version the newest one",
	  .more = "It is a new commit: what was committed since can still be opened, and restored.",
	  .options = { { "to", 0, "VERSION", "an lsn, a time such as 2026-09-01T12:00:00Z, or a snapshot" },
		       { "yes", 'y', NULL, "do not ask" } } },
	{ .name = NULL },
};
