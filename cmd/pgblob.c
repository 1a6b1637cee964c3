/*
 * pgblob.c - the operator's tool: import, export, list
 * Licence: MIT, see LICENSE.
 */
#include <config.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "blob/blob.h"
#include "cmd/config.h"
#include "cmd/options.h"
#include "cmd/store.h"
#include "vfs/vfs.h"

enum { BAR_MS = 100, DEFAULT_WIDTH = 80 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* A bar on standard error, if that is a terminal. */
struct progress {
	const char *what; /* "importing" */
	bool shown;
	int64_t began_ms;
	int64_t last_ms;
};

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40)
		return DEFAULT_WIDTH;
	return size.ws_col;
}

static void draw(const struct progress *p, uint64_t done, uint64_t total, int64_t now)
{
	char bar[256];
	int room = terminal_width() - 40;
	int width = room < 10 ? 10 : room > 60 ? 60 : room;
	int full = (int)(total > 0 ? (uint64_t)width * done / total : (uint64_t)width);
	double seconds = (double)(now - p->began_ms) / 1000;

	if (full > width)
		full = width;
	for (int i = 0; i < width; i++)
		bar[i] = i < full ? '#' : ' ';
	bar[width] = '\0';
	fprintf(stderr, "\r%s [%s] %3d%% %7.0f pages/s ", p->what, bar,
		(int)(total > 0 ? 100 * done / total : 100),
		seconds > 0 ? (double)done / seconds : 0);
	fflush(stderr);
}

static bool show(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;
	int64_t now = mono_ms();

	if (p->shown && (now - p->last_ms >= BAR_MS || done == total)) {
		p->last_ms = now;
		draw(p, done, total, now);
	}
	return !interrupted;
}

static struct progress progress_begin(const char *what)
{
	return (struct progress){ .what = what, .shown = isatty(STDERR_FILENO) != 0,
				  .began_ms = mono_ms() };
}

static void progress_end(const struct progress *p)
{
	if (p->shown)
		fputc('\n', stderr);
}

static bool run_import(struct blob_store *store, const char *const *args, struct error *err)
{
	struct progress p = progress_begin("importing");
	bool ok = vfs_import(store, args[1], args[0], show, &p, err) == VFS_OK;

	progress_end(&p);
	return ok;
}

static bool run_export(struct blob_store *store, const char *const *args, struct error *err)
{
	struct progress p = progress_begin("exporting");
	bool ok = vfs_export(store, args[0], args[1], show, &p, err) == VFS_OK;

	progress_end(&p);
	return ok;
}

static bool run_ls(struct blob_store *store, const char *const *args, struct error *err)
{
	struct vfs_database_list list;

	(void)args;
	if (vfs_list_databases(store, &list, err) != VFS_OK)
		return false;
	for (size_t i = 0; i < list.n_names; i++)
		puts(list.names[i]);
	vfs_database_list_free(&list);
	return true;
}

static const struct command {
	const char *name;
	size_t n_args;
	bool (*run)(struct blob_store *store, const char *const *args, struct error *err);
	const char *usage;
} commands[] = {
	{ "import", 2, run_import, "import FILE DATABASE   make a database of an SQLite file" },
	{ "export", 2, run_export, "export DATABASE FILE   write a database into a new SQLite file" },
	{ "ls", 0, run_ls, "ls                     list the databases" },
};

static void print_help(void)
{
	puts("pgblob - databases in an object store: import, export, list\n"
	     "\n"
	     "usage: pgblob [-c FILE] [--KEY=VALUE...] COMMAND\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %s\n", commands[i].usage);
	puts("\n"
	     "  -c FILE        configuration; otherwise CONFIG_PATH, otherwise ./config.yaml if it is there\n"
	     "  --KEY=VALUE    an option of the configuration, such as --storage.backend=s3\n"
	     "  --help, --version\n"
	     "\n"
	     "The store is that of pgblobd, from the same configuration and environment: see pgblob.yaml(5).\n"
	     "Ends with 0, with 1 if it failed, with 2 if it was not understood.");
}

static int usage(const char *text, const char *argument)
{
	struct error err = ERROR_INIT;

	error_set(&err, text, argument);
	error_hint(&err, "Try pgblob --help.");
	options_complain("pgblob", &err);
	return EXIT_USAGE;
}

static int run(const struct command *command, const struct options *options)
{
	struct config config;
	struct blob_store *store = NULL;
	struct error err = ERROR_INIT;
	bool ok = false;

	if (!config_init(&config, &err)) {
		options_complain("pgblob", &err);
		return EXIT_FAILED;
	}
	if (config_load(&config, options->config_path, options->assignments,
			options->n_assignments, &err) &&
	    config_check(&config, &err)) {
		/* what goes well is nobody's concern here */
		log_configure(
			config.logging_level == LOG_LEVEL_INFO ?
				      LOG_LEVEL_WARN : (enum log_level)config.logging_level,
			      (enum log_format)config.logging_format);
		ok = store_open(&config, &store, &err) &&
		     command->run(store, options->words + 1, &err);
	}
	if (!ok)
		options_complain("pgblob", &err);
	store_close(store);
	config_deinit(&config);
	return ok ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = { .sa_handler = on_interrupt };
	struct options options;
	struct error err = ERROR_INIT;

	if (!options_parse(argc, argv, &options, &err)) {
		options_complain("pgblob", &err);
		return EXIT_USAGE;
	}
	if (options.version) {
		puts("pgblob " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (options.help) {
		print_help();
		return EXIT_OK;
	}
	if (options.n_words == 0)
		return usage("a command is missing%s", "");
	signal(SIGPIPE, SIG_IGN);
	/* the first one ends an import in order, the second at once */
	interrupt.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, options.words[0]) != 0)
			continue;
		if (options.n_words != commands[i].n_args + 1)
			return usage("usage: pgblob %s", commands[i].usage);
		return run(&commands[i], &options);
	}
	return usage("unknown command \"%s\"", options.words[0]);
}
