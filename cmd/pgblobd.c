/*
 * pgblobd.c - the server
 * Licence: MIT, see LICENSE.
 */
#include <config.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "cmd/config.h"
#include "cmd/executor.h"
#include "cmd/options.h"
#include "cmd/store.h"
#include "sql/sql.h"
#include "vfs/vfs.h"
#include "wire/wire.h"

/* Everything there is one of in the process. */
struct daemon {
	struct options options;
	struct config config;
	struct blob_store *store;
	struct executor executor;
	struct wire_server *wire;
	atomic_bool stopped; /* wire_stop() has returned */
	pthread_t main_thread;
};

static void print_help(void)
{
	puts("pgblobd - a PostgreSQL server whose databases live in an object store\n"
	     "\n"
	     "usage: pgblobd [-c FILE] [--KEY=VALUE...]\n"
	     "       pgblobd --check-config | --help | --version\n"
	     "\n"
	     "  -c FILE          configuration; otherwise CONFIG_PATH, otherwise ./config.yaml if it is there\n"
	     "  --check-config   print what would be in force, or what is wrong, and end\n"
	     "  --help, --version\n"
	     "\n"
	     "Options of the configuration, with their defaults and their names in the environment:\n");
	config_print_help(stdout);
	puts("\nThe command line wins over the environment, that over the file.  See pgblobd(8), pgblob.yaml(5).");
}

/* Can only this machine reach it? */
static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static void warn_of_open_doors(const struct config *c)
{
	if (is_loopback(c->server_host))
		return;
	if (c->auth_method == WIRE_AUTH_TRUST)
		log_warn(NULL, "ANYBODY WHO REACHES %s CAN READ AND WRITE EVERYTHING: the authentication "
			 "method is trust. Set server.authentication.method (PG_AUTH_METHOD), or "
			 "server.host (PG_HOST) to 127.0.0.1", c->server_host);
	else if (strcmp(c->auth_password, "postgres") == 0)
		log_warn(NULL, "ANYBODY WHO REACHES %s CAN READ AND WRITE EVERYTHING: the password is the "
			 "default one. Set server.authentication.password (PG_PASSWORD), or "
			 "server.host (PG_HOST) to 127.0.0.1", c->server_host);
}

static void put_url_part(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;

		if (plain)
			buf_put_byte(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* Whoever started it learns that clients may come, and what to type. */
static void print_ready(const struct config *c, uint16_t port)
{
	struct buf url = BUF_INIT(4096);
	const char *host = c->server_host;
	bool any = strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;

	buf_put_str(&url, "postgresql://");
	put_url_part(&url, c->auth_user);
	buf_printf(&url, strchr(host, ':') != NULL && !any ? "@[%s]:%u/" : "@%s:%u/",
		   any ? "127.0.0.1" : host, port);
	put_url_part(&url, c->database_name);
	printf("ready: psql %s\n", buf_str(&url));
	fflush(stdout);
	buf_free(&url);
}

static bool create_database(const struct daemon *d, struct error *err)
{
	const char *name = d->config.database_name;
	enum vfs_rc rc = vfs_database_exists(d->store, name, err);

	if (rc == VFS_NOT_FOUND && d->config.database_read_only) {
		log_warn(NULL, "database \"%s\" does not exist in %s, and a read-only server creates none",
			 name, blob_name(d->store));
		error_clear(err);
		return true;
	}
	if (rc == VFS_NOT_FOUND) {
		error_clear(err);
		rc = vfs_create_database(d->store, name, err);
		if (rc == VFS_OK)
			log_info(NULL, "created database \"%s\" in %s", name, blob_name(d->store));
	}
	/* another server may have created it in the meantime */
	if (rc == VFS_OK || rc == VFS_EXISTS)
		return true;
	error_wrap(err, "could not open database \"%s\"", name);
	return false;
}

static bool start(struct daemon *d, struct error *err)
{
	const struct config *c = &d->config;
	struct wire_config wire = {
		.host = c->server_host,
		.port = (uint16_t)c->server_port,
		.unix_dir = c->server_unix_socket_directory[0] != '\0' ?
			    c->server_unix_socket_directory : NULL,
		.user = c->auth_user,
		.password = c->auth_password,
		.auth = (enum wire_auth)c->auth_method,
		.max_connections = (unsigned)c->server_max_connections,
		.reactors = (unsigned)c->server_reactors,
		.max_message = (size_t)c->server_max_message_size,
		.auth_timeout_ms = c->auth_timeout_ms,
	};
	struct sql_config sql = {
		.superuser = c->auth_user,
		.default_database = c->database_name,
		.pool_size = (unsigned)c->database_connection_pool_size,
		.transaction_mode = (enum sql_transaction_mode)c->database_transaction_mode,
		.read_only = c->database_read_only,
		.listen_addresses = c->server_host,
	};

	/* the port first: who has it in use is the commonest mistake, and found at once */
	if (!wire_open(&wire, &sql_executor_ops, &d->executor, &d->wire, err) ||
	    !store_open(c, &d->store, err) || !create_database(d, err))
		return false;
	sql.store = d->store;
	sql.port = wire_port(d->wire);
	return sql_server_open(&sql, &d->executor.sql, err) && wire_start(d->wire, err);
}

static void *stop(void *arg)
{
	struct daemon *d = arg;

	wire_stop(d->wire, mono_ms() + d->config.server_shutdown_timeout_ms);
	d->stopped = true;
	pthread_kill(d->main_thread, SIGUSR1);
	return NULL;
}

/* Only what may change at any time. */
static void reload(struct daemon *d)
{
	struct config fresh;
	struct error err = ERROR_INIT;

	if (!config_init(&fresh, &err))
		return;
	if (config_load(&fresh, d->options.config_path, d->options.assignments,
			d->options.n_assignments, &err)) {
		log_set_level((enum log_level)fresh.logging_level);
		log_info(NULL, "configuration reloaded: the log level is in force");
	} else {
		log_error(NULL, "configuration not reloaded: %s", err.text);
	}
	config_deinit(&fresh);
}

/* Until a signal says to stop, and everything has ended. */
static int serve(struct daemon *d, const sigset_t *signals)
{
	struct error err = ERROR_INIT;
	pthread_t stopper;
	bool stopping = false;

	for (;;) {
		int sig = sigwaitinfo(signals, NULL);

		if (sig == SIGHUP) {
			reload(d);
		} else if (sig == SIGUSR1 && d->stopped) {
			pthread_join(stopper, NULL);
			return EXIT_OK;
		} else if ((sig == SIGTERM || sig == SIGINT) && stopping) {
			/* what was acknowledged is durable: nothing is lost */
			log_warn(NULL, "told to stop again: ending at once");
			_exit(EXIT_FAILED);
		} else if (sig == SIGTERM || sig == SIGINT) {
			log_info(NULL, "stopping: statements at work may end, new ones are refused");
			if (!thread_start(&stopper, "stopper", 0, stop, d, &err)) {
				log_error(NULL, "%s", err.text);
				_exit(EXIT_FAILED);
			}
			stopping = true;
		}
	}
}

static void clean_up(struct daemon *d)
{
	wire_close(d->wire);
	sql_server_close(d->executor.sql);
	store_close(d->store);
	config_deinit(&d->config);
}

/* After a failed start: nobody was served. */
static int fail(struct daemon *d, const struct error *err)
{
	options_complain("pgblobd", err);
	if (d->wire != NULL)
		wire_stop(d->wire, 0);
	clean_up(d);
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct error err = ERROR_INIT;
	sigset_t signals;

	if (!options_parse(argc, argv, &d.options, &err) || d.options.n_words > 0) {
		if (!err.set)
			error_set(&err, "unexpected argument \"%s\"", d.options.words[0]);
		options_complain("pgblobd", &err);
		return EXIT_USAGE;
	}
	if (d.options.help || d.options.version) {
		if (d.options.help)
			print_help();
		else
			puts("pgblobd " PACKAGE_VERSION);
		return EXIT_OK;
	}
	if (!config_init(&d.config, &err) ||
	    !config_load(&d.config, d.options.config_path, d.options.assignments,
			 d.options.n_assignments, &err) ||
	    !config_check(&d.config, &err))
		return fail(&d, &err);
	if (d.options.check_config) {
		config_print(&d.config, stdout);
		config_deinit(&d.config);
		return EXIT_OK;
	}
	log_configure((enum log_level)d.config.logging_level,
		      (enum log_format)d.config.logging_format);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	d.main_thread = pthread_self();
	warn_of_open_doors(&d.config);
	if (!start(&d, &err))
		return fail(&d, &err);
	print_ready(&d.config, wire_port(d.wire));
	int status = serve(&d, &signals);
	log_info(NULL, "stopped");
	clean_up(&d);
	return status;
}
