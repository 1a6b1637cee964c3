/*
 * pgblob_verify.c - pgblob verify: is what lies in the store what was put there?
 * Licence: MIT, see LICENSE.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "blob/blob.h"
#include "cmd/json_writer.h"
#include "cmd/tool.h"
#include "vfs/verify.h"

enum { JOBS = 8, JOBS_MAX = 64 };

/* One run: what vfs_verify() calls back for is called one at a time. */
struct run {
	struct progress progress;
	struct json_writer json; /* out is NULL: text */
};

static void show_damage(void *arg, const char *key, const char *text, uint64_t pages_lost)
{
	struct run *r = arg;

	progress_clear(&r->progress);
	if (r->json.out != NULL) {
		json_put_object(&r->json, NULL);
		json_put_string(&r->json, "object", key);
		json_put_string(&r->json, "error", text);
		json_put_u64(&r->json, "pages_lost", pages_lost);
		json_put_end(&r->json);
		return;
	}
	printf("damaged: %s%s%s", key != NULL ? key : "", key != NULL ? ": " : "", text);
	if (pages_lost > 0)
		printf(" (%" PRIu64 " pages lost)", pages_lost);
	putchar('\n');
}

static bool show_progress(void *arg, uint64_t done, uint64_t total)
{
	struct run *r = arg;

	return progress_show(&r->progress, done, total);
}

static bool parse_percent(const char *text, double *out, struct error *err)
{
	char *end;

	errno = 0;
	*out = strtod(text, &end);
	if (errno == 0 && end != text && (*end == '\0' || strcmp(end, "%") == 0) && *out > 0 &&
	    *out <= 100)
		return true;
	error_set(err, "invalid value for --sample: \"%s\"", text);
	error_hint(err, "It is a part of the objects, such as 5%%.");
	return false;
}

static void show_result(const struct vfs_verify_result *r, const char *name)
{
	char size[TOOL_SIZE_LEN];

	printf("database \"%s\" at lsn %" PRIu64 ": %" PRIu64 " of %" PRIu64 " objects, %s, %" PRIu64
	       " of %" PRIu64 " pages read; ",
	       name, r->lsn, r->objects, r->objects_in_all, tool_size(r->bytes, size), r->pages,
	       r->pages_in_all);
	if (r->damaged > 0)
		printf("%" PRIu64 " DAMAGED\n", r->damaged);
	else
		puts("no damage");
}

static void put_result(struct json_writer *j, const struct vfs_verify_result *r)
{
	json_put_u64(j, "lsn", r->lsn);
	json_put_u64(j, "objects", r->objects);
	json_put_u64(j, "objects_in_all", r->objects_in_all);
	json_put_u64(j, "bytes", r->bytes);
	json_put_u64(j, "pages", r->pages);
	json_put_u64(j, "pages_in_all", r->pages_in_all);
	json_put_bool(j, "integrity_checked", r->sql_checked);
	json_put_u64(j, "damaged", r->damaged);
}

static int run_verify(struct tool *t, struct error *err)
{
	struct vfs_verify_options options = { .percent = 100,
					      .sql = tool_value(t, "no-check") == NULL };
	const char *name = tool_argument(t, 0);
	struct run run = { .progress = { .what = NULL } };
	struct vfs_verify_result result;
	uint64_t jobs = JOBS;

	if (!tool_number(t, "jobs", 1, &jobs, err) ||
	    (tool_value(t, "sample") != NULL &&
	     !parse_percent(tool_value(t, "sample"), &options.percent, err)))
		return EXIT_USAGE;
	options.threads = (unsigned)(jobs < JOBS_MAX ? jobs : JOBS_MAX);
	if (t->json) {
		run.json.out = stdout;
		json_put_object(&run.json, NULL);
		json_put_string(&run.json, "name", name);
		json_put_string(&run.json, "store", blob_name(t->store));
		json_put_array(&run.json, "damage");
	}
	run.progress = progress_begin(t, "verifying", PROGRESS_BYTES);
	enum vfs_rc rc = vfs_verify(t->store, name, &options, show_damage, show_progress, &run,
				    &result, err);
	progress_end(&run.progress);
	if (t->json) {
		json_put_end(&run.json);
		put_result(&run.json, &result);
		json_put_bool(&run.json, "finished", rc == VFS_OK);
		json_put_end(&run.json);
	} else if (rc == VFS_OK && !t->quiet) {
		show_result(&result, name);
	}
	if (rc != VFS_OK)
		return EXIT_FAILED;
	return result.damaged > 0 ? EXIT_DAMAGED : EXIT_OK;
}

const struct tool_command tool_commands_verify[] = {
	{ .name = "verify",
	  .arguments = "DATABASE[@VERSION]",
	  .min_args = 1,
	  .max_args = 1,
	  .run = run_verify,
	  .help = "read all of a database and compare it with its checksums",
	  .more = "Ends with 3 if anything is damaged; each damaged object is listed.",
	  .options = { { "sample", 0, "P%", "read so many of the objects only, chosen at random" },
		       { "no-check", 0, NULL, "no PRAGMA integrity_check afterwards" },
		       { "jobs", 'j', "N", "so many objects at once; 8" } } },
	{ .name = NULL },
};
