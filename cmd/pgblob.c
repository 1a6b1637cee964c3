/*
 * pgblob.c - main() of the operator's tool; tool.h says how commands are made
 * Licence: MIT, see LICENSE.
 */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "blob/blob.h"
#include "cmd/store.h"
#include "cmd/tool.h"

static void on_interrupt(int sig)
{
	(void)sig;
	tool_interrupted = 1;
}

static bool load(struct tool *t, struct error *err)
{
	if (!config_load(&t->config, t->config_path, t->assignments, t->n_assignments, err))
		return false;
	/* what another store needs is not asked for */
	if (t->store_url == NULL && !t->command->any_store && !config_check(&t->config, err))
		return false;
	/* what goes well is nobody's concern here */
	log_configure(t->config.logging_level == LOG_LEVEL_INFO ?
			      LOG_LEVEL_WARN :
			      (enum log_level)t->config.logging_level,
		      (enum log_format)t->config.logging_format);
	return true;
}

static bool open_store(struct tool *t, struct error *err)
{
	return t->command->any_store ||
	       store_open_only(&t->config, t->store_url, t->command->writes, &t->store, err);
}

static int run(struct tool *t)
{
	struct error err = ERROR_INIT;
	int status = EXIT_FAILED;

	if (config_init(&t->config, &err) && load(t, &err) && open_store(t, &err)) {
		if (store_start(&t->config, t->store, &err)) {
			status = t->command->run(t, &err);
			store_stop(t->store);
			for (size_t i = 0; i < ARRAY_LEN(t->opened); i++)
				blob_close(t->opened[i]);
		} else {
			blob_close(t->store);
		}
	}
	if (fflush(stdout) != 0 && status == EXIT_OK) {
		error_set_errno(&err, errno, "could not write to standard output");
		status = EXIT_FAILED;
	}
	if (status == EXIT_FAILED || status == EXIT_USAGE)
		tool_complain(&err);
	config_deinit(&t->config);
	return status;
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = { .sa_handler = on_interrupt };
	static struct tool t;
	struct error err = ERROR_INIT;

	if (!tool_parse(argc, argv, &t, &err)) {
		tool_complain(&err);
		return EXIT_USAGE;
	}
	if (t.version) {
		puts("pgblob " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (t.help) {
		if (t.command != NULL)
			tool_command_help(t.command);
		else
			tool_help();
		return EXIT_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	/* the first one ends long work in order, the second at once */
	interrupt.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
	return run(&t);
}
