/*
 * fake_server.c - a server with the fake executor, for psql and pgbench
 *
 *	fake_server PORT [scram|md5|password|trust [UNIX_DIR [MAX_CONNECTIONS]]]
 *
 * Prints "ready" and serves user "app", password "secret", until SIGTERM.
 * Licence: MIT, see LICENSE.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "tests/wire/fake.h"
#include "wire/wire.h"

int main(int argc, char **argv)
{
	static const char *const auths[] = { "scram", "md5", "password", "trust" };
	struct wire_config config = { .host = "127.0.0.1", .user = "app", .password = "secret",
				      .max_connections = 100 };
	struct wire_server *w;
	struct error err = ERROR_INIT;
	sigset_t set;
	int sig;

	if (argc < 2) {
		fprintf(stderr, "usage: fake_server PORT [AUTH [UNIX_DIR [MAX_CONNECTIONS]]]\n");
		return 2;
	}
	config.port = (uint16_t)atoi(argv[1]);
	for (int i = 0; argc > 2 && i < 4; i++)
		if (strcmp(argv[2], auths[i]) == 0)
			config.auth = (enum wire_auth)i;
	if (argc > 3 && argv[3][0] != '\0')
		config.unix_dir = argv[3];
	if (argc > 4)
		config.max_connections = (unsigned)atoi(argv[4]);
	log_configure(getenv("FAKE_SERVER_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
		      LOG_FORMAT_TEXT);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fake_reset();
	if (!wire_open(&config, &fake_ops, NULL, &w, &err) || !wire_start(w, &err)) {
		fprintf(stderr, "fake_server: %s\n", err.text);
		return 1;
	}
	printf("ready on port %u\n", wire_port(w));
	fflush(stdout);
	sigwait(&set, &sig);
	wire_stop(w, mono_ms() + 5000);
	wire_close(w);
	printf("connects %d disconnects %d statements %d\n", fake_counts.connects,
	       fake_counts.disconnects, fake_counts.statements);
	return 0;
}
