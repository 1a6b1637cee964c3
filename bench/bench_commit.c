/*
 * bench_commit.c - many clients commit to a store that answers late
 *
 *	bench_commit [LATENCY-MS [CLIENTS [SECONDS [THINK-MS]]]]        30 ms, 64 clients, 5 s, 0 ms
 *
 * Each client inserts one row, waits until it is durable, thinks for a random time of THINK-MS
 * on average, and does it again.  As in the server, clients share connections: who has the
 * turn takes the one that was given back last.  Clients are counted once all have met, after ten
 * latencies.  Prints commits and PUTs a second, how long a commit takes as a ratio to the
 * latency, and what it costs this machine.  The store is a folder in memory, so that it is as late as
 * is asked for; TMPDIR says where else.
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "tests/lib/fault_store.h"
#include "vfs/vfs.h"

#define MEMORY "/dev/shm"

enum { CLIENTS_MAX = 1024, SAMPLES = 100000 };

struct connection {
	struct connection *next;
	sqlite3 *db;
	sqlite3_stmt *insert;
};

struct client {
	pthread_t thread;
	unsigned number;
	atomic_uint n; /* commits */
	int64_t *took_us;
};

static atomic_bool stop;
static pthread_barrier_t connected; /* nobody commits before all are */
static unsigned think_ms;
static struct mutex idle_lock = MUTEX_INIT;
static struct connection *idle; /* guarded by idle_lock: those that nobody uses, the latest first */

static void pause_for(double seconds)
{
	nanosleep(&(struct timespec){ .tv_sec = (time_t)seconds,
				      .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) }, NULL);
}

static void think(void)
{
	if (think_ms != 0)
		pause_for((double)(random_u64() % (think_ms * 2000)) / 1e6);
}

static void die(const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static sqlite3 *open_database(void)
{
	struct error err = ERROR_INIT;
	sqlite3 *db;

	if (sqlite3_open_v2("file:bench?vfs=pgblob", &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    !vfs_prepare_connection(db, &err)) {
		(void)vfs_open_error(&err);
		die("open", &err);
	}
	return db;
}

/* The one that was given back last, or a new one. */
static struct connection *take_connection(void)
{
	struct error err = ERROR_INIT;

	mutex_lock(&idle_lock);
	struct connection *c = idle;
	if (c != NULL)
		idle = c->next;
	mutex_unlock(&idle_lock);
	if (c != NULL)
		return c;
	c = malloc(sizeof(*c));
	if (c == NULL)
		exit(1);
	c->db = open_database();
	if (sqlite3_prepare_v2(c->db, "INSERT INTO t(client, what) VALUES (?, 'something happened')", -1,
			       &c->insert, NULL) != SQLITE_OK)
		die("prepare", &err);
	return c;
}

static void give_connection(struct connection *c)
{
	mutex_lock(&idle_lock);
	c->next = idle;
	idle = c;
	mutex_unlock(&idle_lock);
}

static void close_connections(void)
{
	while (idle != NULL) {
		struct connection *c = idle;

		idle = c->next;
		sqlite3_finalize(c->insert);
		sqlite3_close(c->db);
		free(c);
	}
}

/* One commit, durable when it returns. */
static void commit(unsigned number)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct error err = ERROR_INIT;
	struct vfs_turn turn;

	if (vfs_turn_begin(&turn, "bench", &ticket, 0, NULL, &err) != VFS_OK)
		die("turn", &err);
	struct connection *c = take_connection();
	if (vfs_turn_lend(&turn, c->db, &err) != VFS_OK)
		die("turn", &err);
	vfs_commit_later(c->db, &ticket, VFS_IN_STORE);
	sqlite3_bind_int(c->insert, 1, (int)number);
	if (sqlite3_step(c->insert) != SQLITE_DONE) {
		(void)vfs_last_error(c->db, &err);
		die(sqlite3_errmsg(c->db), &err);
	}
	sqlite3_reset(c->insert);
	give_connection(c);
	vfs_turn_end(&turn);
	if (vfs_commit_wait(&ticket, &err) != VFS_OK)
		die("commit", &err);
}

static void *run(void *arg)
{
	struct client *c = arg;

	pthread_barrier_wait(&connected);
	while (!stop && c->n < SAMPLES) {
		int64_t began = mono_us();

		commit(c->number);
		c->took_us[c->n++] = mono_us() - began;
		think();
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double cpu_us(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static unsigned commits_of(const struct client *clients, unsigned n_clients)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_clients; i++)
		n += clients[i].n;
	return n;
}

static void measure(struct blob_store *faults, unsigned n_clients, double seconds, unsigned latency_ms)
{
	static struct client clients[CLIENTS_MAX];
	struct rusage used_before, used;
	size_t n = 0;

	atomic_store(&stop, false);
	pthread_barrier_init(&connected, NULL, n_clients + 1);
	for (unsigned i = 0; i < n_clients; i++) {
		clients[i] = (struct client){ .number = i };
		clients[i].took_us = malloc(SAMPLES * sizeof(int64_t));
		if (clients[i].took_us == NULL ||
		    pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			exit(1);
	}
	pthread_barrier_wait(&connected);
	pause_for(latency_ms * 10 / 1000.0);
	struct fault_counts before = fault_get_counts(faults);
	int64_t began = mono_us();
	unsigned n_before = commits_of(clients, n_clients);
	getrusage(RUSAGE_SELF, &used_before);
	pause_for(seconds);
	double took = (double)(mono_us() - began) / 1e6;
	unsigned n_counted = commits_of(clients, n_clients) - n_before;
	struct fault_counts after = fault_get_counts(faults);
	getrusage(RUSAGE_SELF, &used);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < n_clients; i++) {
		pthread_join(clients[i].thread, NULL);
		n += clients[i].n;
	}
	pthread_barrier_destroy(&connected);
	int64_t *all = malloc((n + 1) * sizeof(all[0]));
	size_t k = 0;
	if (all == NULL)
		exit(1);
	for (unsigned i = 0; i < n_clients; i++) {
		memcpy(all + k, clients[i].took_us, clients[i].n * sizeof(all[0]));
		k += clients[i].n;
		free(clients[i].took_us);
	}
	qsort(all, n, sizeof(all[0]), compare);
	double p50 = n > 0 ? (double)all[n / 2] / 1000 : 0;
	double p99 = n > 0 ? (double)all[n * 99 / 100] / 1000 : 0;
	double cpu = (cpu_us(&used) - cpu_us(&used_before)) / (double)(n_counted + 1);
	double switches = (double)(used.ru_nvcsw + used.ru_nivcsw - used_before.ru_nvcsw - used_before.ru_nivcsw) /
			  (double)(n_counted + 1);
	printf("%3u clients, %u ms late: %8.0f commits/s with %5.1f PUTs/s; p50 %.1f ms (%.2fx), p99 %.1f ms (%.2fx); %.0f us CPU, %.1f switches a commit\n",
	       n_clients, latency_ms, (double)n_counted / took,
	       (double)(after.creates - before.creates) / took, p50, p50 / latency_ms, p99,
	       p99 / latency_ms, cpu, switches);
	free(all);
}

int main(int argc, char **argv)
{
	unsigned latency_ms = argc > 1 ? (unsigned)atoi(argv[1]) : 30;
	unsigned n_clients = argc > 2 ? (unsigned)atoi(argv[2]) : 64;
	double seconds = argc > 3 ? atof(argv[3]) : 5;
	think_ms = argc > 4 ? (unsigned)atoi(argv[4]) : 0;
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : MEMORY;
	struct blob_options options = { 0 };
	char dir[200], url[300], command[300];
	struct error err = ERROR_INIT;
	struct blob_store *store, *faults;

	if (latency_ms == 0 || n_clients == 0 || n_clients > CLIENTS_MAX)
		return 2;
	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", access(tmp, W_OK) == 0 ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(url, sizeof(url), "file://%s", dir);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* late by what was asked for, not by the 50 us that a sleep may take longer */
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (blob_open(url, &options, &store, &err) != BLOB_OK)
		die("open", &err);
	faults = fault_open(store);
	struct vfs_config config = { .store = faults, .cache_ttl_ms = 3600000 };
	if (faults == NULL || !vfs_init(&config, &err))
		die("start", &err);
	sqlite3 *db = open_database();
	if (sqlite3_exec(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, client, what)", NULL, NULL, NULL) != SQLITE_OK)
		die("create", &err);
	fault_set_latency(faults, latency_ms);
	measure(faults, 1, seconds / 2, latency_ms);
	measure(faults, n_clients, seconds, latency_ms);
	fault_set_latency(faults, 0);
	close_connections();
	sqlite3_close(db);
	vfs_deinit();
	blob_close(faults);
	blob_close(store);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) != 0;
}
