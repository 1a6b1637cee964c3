/*
 * tool.h - what the commands of pgblob have in common
 *
 * A command is one line of a table and one function; the files pgblob_*.c hold one
 * group of them each.  Options that all commands know are parsed here, those of one command
 * are asked for by name.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_TOOL_H
#define PGBLOB_CMD_TOOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "cmd/config.h"
#include "cmd/options.h"

struct blob_store;
struct error;
struct tool;

/* Beside those of options.h: verify has found something. */
enum { EXIT_DAMAGED = 3 };

enum { TOOL_OPTIONS_MAX = 8 };

struct tool_option {
	const char *name;     /* "limit", without the dashes; NULL ends a list */
	char letter;          /* 'n'; 0: it has none */
	const char *argument; /* "N"; NULL: it has none */
	const char *help;
};

struct tool_command {
	const char *name;
	const char *arguments; /* "FILE DATABASE", as help shows them */
	size_t min_args, max_args;
	bool writes;           /* the store is tried for what a commit needs before the command runs */
	bool any_store;        /* it opens stores itself */
	int (*run)(struct tool *t, struct error *err); /* exit status; err is shown if it is EXIT_FAILED or EXIT_USAGE */
	const char *help;      /* one line */
	const char *more;      /* further lines for its own help, or NULL */
	struct tool_option options[TOOL_OPTIONS_MAX];
};

/* One invocation.  Pointers are into argv. */
struct tool {
	const struct tool_command *command;
	const char *config_path;
	const char *store_url;                /* --store; NULL: that of the configuration */
	const char *assignments[OPTIONS_MAX]; /* of --KEY=VALUE, without the dashes */
	size_t n_assignments;
	bool json, quiet, help, version;
	const char *values[TOOL_OPTIONS_MAX]; /* of the command's options; "" for one without argument; NULL: not given */
	const char *words[OPTIONS_MAX];       /* what is no option: the command, its arguments */
	size_t n_words;
	struct config config;
	struct blob_store *store;             /* open while the command runs; NULL with any_store */
	struct blob_store *opened[2];         /* by the command itself; closed behind it, when the background has ended */
};

/* Raised by SIGINT and SIGTERM: long work ends in order. */
extern volatile sig_atomic_t tool_interrupted;

/* The tables of pgblob_*.c, each ended by a command without a name. */
extern const struct tool_command tool_commands_show[];
extern const struct tool_command tool_commands_versions[];
extern const struct tool_command tool_commands_copy[];
extern const struct tool_command tool_commands_verify[];
extern const struct tool_command tool_commands_keep[];

/* The command of that name, or NULL; the n-th of all, or NULL past the last. */
const struct tool_command *tool_command_find(const char *name);
const struct tool_command *tool_command_at(size_t n);

/* Fills in all but config and store.  False: err says what was not understood. */
MUST_CHECK bool tool_parse(int argc, char **argv, struct tool *t, struct error *err);

/* Usage of all, of one. */
void tool_help(void);
void tool_command_help(const struct tool_command *c);

/* The value of an option of the command that runs; NULL: not given. */
const char *tool_value(const struct tool *t, const char *name);

/* A whole number of at least `min`; what it is without the option is in *out before. */
MUST_CHECK bool tool_number(const struct tool *t, const char *name, uint64_t min, uint64_t *out,
			    struct error *err);

/* Argument i of the command, from 0; NULL: not given. */
const char *tool_argument(const struct tool *t, size_t i);

/*
 * Ask on the terminal, unless --yes was given.  False: no, or nobody is there to be asked; err says
 * which.
 */
MUST_CHECK bool tool_confirm(const struct tool *t, struct error *err, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* "pgblob: ERROR: ...", and DETAIL and HINT if there are any, on standard error. */
void tool_complain(const struct error *err);

/* --- text ---------------------------------------------------------------------- */

enum { TOOL_TIME_LEN = 32, TOOL_SIZE_LEN = 16 };

/* "2026-09-01T12:00:00.123456Z" and "1.5 MB" */
const char *tool_time(int64_t us, char out[TOOL_TIME_LEN]);
const char *tool_size(uint64_t bytes, char out[TOOL_SIZE_LEN]);

/*
 * A time as people write it: "2026-09-01", "2026-09-01 12:00", "2026-09-01T12:00:00Z", or how
 * long ago: "90s", "15min", "2h", "3d".  UTC, unless it ends in +HH:MM or -HH:MM.
 */
MUST_CHECK bool tool_parse_time(const char *text, int64_t *us, struct error *err);

/* --- how far it is ------------------------------------------------------------- */

/* Of objects it is not known how many there are: no bar, a number. */
enum progress_unit { PROGRESS_PAGES, PROGRESS_BYTES, PROGRESS_OBJECTS };

/* A bar on standard error, if that is a terminal and --quiet was not given. */
struct progress {
	const char *what; /* "importing" */
	enum progress_unit unit;
	bool shown, drawn;
	int64_t began_ms, last_ms;
};

struct progress progress_begin(const struct tool *t, const char *what, enum progress_unit unit);
/* A vfs_progress_fn: `arg` is the struct progress.  False when the tool was interrupted. */
bool progress_show(void *arg, uint64_t done, uint64_t total);
/* Make room for other output; the bar comes again with the next progress_show(). */
void progress_clear(struct progress *p);
void progress_end(struct progress *p);

#endif
