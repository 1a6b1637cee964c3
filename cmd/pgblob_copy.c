/*
 * pgblob_copy.c - pgblob import, export, cp, drop: whole databases
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "blob/blob.h"
#include "cmd/json_writer.h"
#include "cmd/store.h"
#include "cmd/tool.h"
#include "vfs/inspect.h"
#include "vfs/key.h"

/* With --json: what has been made. */
static bool tell_database(const struct tool *t, struct blob_store *store, const char *name,
			  struct error *err)
{
	struct json_writer j = { .out = stdout };
	struct vfs_state s;

	if (!t->json)
		return true;
	if (vfs_inspect_state(store, name, &s, err) != VFS_OK)
		return false;
	json_put_object(&j, NULL);
	json_put_string(&j, "name", name);
	json_put_string(&j, "store", blob_name(store));
	json_put_u64(&j, "lsn", s.lsn);
	json_put_u64(&j, "page_size", s.page_size);
	json_put_u64(&j, "pages", s.page_count);
	json_put_u64(&j, "bytes", (uint64_t)s.page_size * s.page_count);
	json_put_end(&j);
	return true;
}

static int run_import(struct tool *t, struct error *err)
{
	const char *file = tool_argument(t, 0);
	const char *name = tool_argument(t, 1);
	struct progress p = progress_begin(t, "importing", PROGRESS_PAGES);
	bool ok = vfs_import(t->store, name, file, progress_show, &p, err) == VFS_OK;

	progress_end(&p);
	return ok && tell_database(t, t->store, name, err) ? EXIT_OK : EXIT_FAILED;
}

static int run_export(struct tool *t, struct error *err)
{
	const char *name = tool_argument(t, 0);
	const char *file = tool_argument(t, 1);
	struct progress p = progress_begin(t, "exporting", PROGRESS_PAGES);
	bool ok = vfs_export(t->store, name, file, progress_show, &p, err) == VFS_OK;

	progress_end(&p);
	if (ok && t->json) {
		struct json_writer j = { .out = stdout };

		json_put_object(&j, NULL);
		json_put_string(&j, "name", name);
		json_put_string(&j, "file", file);
		json_put_end(&j);
	}
	return ok ? EXIT_OK : EXIT_FAILED;
}

/* --- cp ---------------------------------------------------------------------------- */

/* What an operator calls a database of any store. */
struct place {
	char url[2048];     /* "": the store of the configuration, or of --store */
	const char *name;
};

/* "s3://bucket/prefix#name", or a name alone. */
static bool place_parse(const char *text, struct place *out, struct error *err)
{
	const char *hash = strrchr(text, '#');
	bool is_url = strstr(text, "://") != NULL || strncmp(text, "file:", 5) == 0;

	out->url[0] = '\0';
	out->name = text;
	if (!is_url)
		return true;
	if (hash == NULL || hash[1] == '\0') {
		error_set(err, "\"%s\" names no database", text);
		error_hint(err, "Write the name behind a \"#\": %s#name.", text);
		return false;
	}
	if ((size_t)(hash - text) >= sizeof(out->url))
		return error_set(err, "the name of the store is too long");
	memcpy(out->url, text, (size_t)(hash - text));
	out->url[hash - text] = '\0';
	out->name = hash + 1;
	return true;
}

static bool place_open(const struct tool *t, const struct place *p, bool probe,
		       struct blob_store **out, struct error *err)
{
	if (p->url[0] == '\0' && t->store_url == NULL && !config_check(&t->config, err))
		return false;
	return store_open_only(&t->config, p->url[0] != '\0' ? p->url : t->store_url, probe, out, err);
}

static int run_cp(struct tool *t, struct error *err)
{
	struct place from, to;

	if (!place_parse(tool_argument(t, 0), &from, err) ||
	    !place_parse(tool_argument(t, 1), &to, err))
		return EXIT_USAGE;
	if (!place_open(t, &from, false, &t->opened[0], err) ||
	    !place_open(t, &to, true, &t->opened[1], err))
		return EXIT_FAILED;
	struct progress p = progress_begin(t, "copying", PROGRESS_PAGES);
	bool ok = vfs_copy_database(t->opened[0], from.name, t->opened[1], to.name,
				    tool_value(t, "verify") != NULL, progress_show, &p, err) == VFS_OK;

	progress_end(&p);
	return ok && tell_database(t, t->opened[1], to.name, err) ? EXIT_OK : EXIT_FAILED;
}

/* --- drop -------------------------------------------------------------------------- */

static int run_drop(struct tool *t, struct error *err)
{
	const char *name = tool_argument(t, 0);
	struct vfs_state s;
	enum vfs_rc rc;

	if (!db_name_check(name, err)) /* also a version of the past */
		return EXIT_FAILED;
	rc = vfs_inspect_state(t->store, name, &s, err);
	if (rc == VFS_NOT_FOUND && tool_value(t, "if-exists") != NULL) {
		error_clear(err);
	} else if (rc != VFS_OK ||
		   !tool_confirm(t, err, "Drop database \"%s\" of %s?", name, blob_name(t->store)) ||
		   vfs_drop_database(t->store, name, err) != VFS_OK) {
		return EXIT_FAILED;
	}
	if (t->json) {
		struct json_writer j = { .out = stdout };

		json_put_object(&j, NULL);
		json_put_string(&j, "name", name);
		json_put_string(&j, "store", blob_name(t->store));
		json_put_bool(&j, "dropped", rc == VFS_OK);
		json_put_end(&j);
	}
	return EXIT_OK;
}

const struct tool_command tool_commands_copy[] = {
	{ .name = "import",
	  .arguments = "FILE DATABASE",
	  .min_args = 2,
	  .max_args = 2,
	  .writes = true,
	  .run = run_import,
	  .help = "make a database of an SQLite file" },
	{ .name = "export",
	  .arguments = "DATABASE FILE",
	  .min_args = 2,
	  .max_args = 2,
	  .run = run_export,
	  .help = "write a database into a new SQLite file" },
	{ .name = "cp",
	  .arguments = "FROM TO",
	  .min_args = 2,
	  .max_args = 2,
	  .any_store = true,
	  .run = run_cp,
	  .help = "copy a database, also to another store",
	  .more = "FROM and TO are a name in the store of the configuration, or STORE-URL#NAME. Behind the URL may stand\n"
		  "?endpoint=URL&region=NAME&addressing=path&profile=NAME (s3) or ?endpoint=URL (azure).",
	  .options = { { "verify", 0, NULL, "read the copy again, and compare every page" } } },
	{ .name = "drop",
	  .arguments = "DATABASE",
	  .min_args = 1,
	  .max_args = 1,
	  .writes = true,
	  .run = run_drop,
	  .help = "drop a database",
	  .options = { { "yes", 'y', NULL, "do not ask" },
		       { "if-exists", 0, NULL, "it is no error if there is none" } } },
	{ .name = NULL },
};
