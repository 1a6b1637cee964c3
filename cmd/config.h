/*
 * config.h - what the operator may say: file, environment, command line
 *
 * The command line wins over the environment, that over the file, that over
 * the default.  config_options is the one list of all there is; man/ and etc/
 * are compared with it by make check.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_CONFIG_H
#define PGBLOB_CMD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"

enum config_type {
	CONFIG_STRING,
	CONFIG_NUMBER,
	CONFIG_BOOL,
	CONFIG_WORD,     /* one of a few */
	CONFIG_DURATION, /* milliseconds: 500ms, 30s, 5min, 1h, or 0 */
	CONFIG_SIZE,     /* bytes: 4096, 64kB, 64MB, 1GB */
};

enum config_source {
	CONFIG_DEFAULT = 0,
	CONFIG_FILE,
	CONFIG_ENVIRONMENT,
	CONFIG_COMMAND_LINE,
};

struct config_option {
	const char *key;      /* "server.port" */
	const char *env;      /* "PG_PORT" */
	enum config_type type;
	size_t field;         /* its offset in struct config */
	const char *initial;  /* the default, as it would be written; "": none */
	int64_t min, max;     /* of numbers, durations and sizes */
	const char *words;    /* of CONFIG_WORD: "local s3 azure", numbered from 0 */
	bool secret;          /* never shown */
	bool reload;          /* takes effect on SIGHUP */
	const char *help;     /* one line */
};

enum config_backend { CONFIG_LOCAL, CONFIG_S3, CONFIG_AZURE };

enum { CONFIG_N_OPTIONS = 48 }; /* asserted where the table is */

/* Strings are "" where nothing was said. */
struct config {
	const char *server_host;
	int64_t server_port;
	const char *server_unix_socket_directory;
	int64_t server_max_connections;
	int64_t server_reactors;
	int64_t server_max_message_size;
	int64_t server_shutdown_timeout_ms;
	int64_t auth_method;    /* enum wire_auth */
	const char *auth_user;
	const char *auth_password;
	int64_t auth_timeout_ms;
	const char *database_name;
	const char *database_sqlite_path;
	int64_t database_transaction_mode; /* enum sql_transaction_mode */
	int64_t database_connection_pool_size;
	bool database_read_only;
	int64_t storage_backend; /* enum config_backend */
	int64_t storage_cache_ttl_minutes;
	int64_t storage_cache_size;
	int64_t storage_disk_cache_size;
	int64_t storage_retention_ms;
	int64_t storage_commit_timeout_ms;
	int64_t storage_connect_timeout_ms;
	int64_t storage_request_timeout_ms;
	int64_t storage_deadline_ms;
	int64_t storage_max_connections;
	const char *storage_ca_file;
	const char *local_base_path;
	const char *s3_bucket;
	const char *s3_region;
	const char *s3_prefix;
	const char *s3_endpoint;
	const char *s3_addressing;
	const char *s3_profile;
	const char *s3_access_key_id;
	const char *s3_secret_access_key;
	const char *s3_session_token;
	const char *azure_account;
	const char *azure_container;
	const char *azure_key;
	const char *azure_sas_token;
	const char *azure_connection_string;
	const char *azure_endpoint;
	bool azure_use_managed_identity;
	const char *azure_client_id;
	int64_t logging_level;  /* enum log_level */
	int64_t logging_format; /* enum log_format */

	unsigned char source[CONFIG_N_OPTIONS]; /* enum config_source, by option */
	const char *path;       /* of the file that was read; NULL: none */
	struct arena arena;
};

extern const struct config_option config_options[];
extern const size_t config_n_options;

/* The defaults. */
MUST_CHECK bool config_init(struct config *c, struct error *err);
void config_deinit(struct config *c);

/* Read the YAML file.  False: err names file and line, and what is meant perhaps. */
MUST_CHECK bool config_read_file(struct config *c, const char *path, struct error *err);
/* The same from memory; `path` is for messages. */
MUST_CHECK bool config_read_text(struct config *c, const char *text, size_t len,
				 const char *path, struct error *err);

/* An empty variable counts as not set. */
MUST_CHECK bool config_read_environment(struct config *c, struct error *err);

/* "server.port=5433", of the command line. */
MUST_CHECK bool config_set_assignment(struct config *c, const char *text, struct error *err);

/*
 * All of it: `path` (NULL: CONFIG_PATH, else ./config.yaml if it is there), the
 * environment, then the assignments.
 */
MUST_CHECK bool config_load(struct config *c, const char *path, const char *const *assignments,
			    size_t n_assignments, struct error *err);

/* What fits together and what does not: "storage s3 needs a bucket". */
MUST_CHECK bool config_check(const struct config *c, struct error *err);

/* One line an option: key, value, where it comes from.  No secret. */
void config_print(const struct config *c, FILE *out);

/* One line an option for --help: key, environment name, default, help. */
void config_print_help(FILE *out);

/* The value of an option as it would be written; "" for none.  In `text`. */
const char *config_show(const struct config *c, size_t option, char *text, size_t size);

#endif
