/*
 * bench_speedtest.c - SQLite's speedtest1 on our VFS beside its unix VFS in WAL mode
 *
 * speedtest1.c is SQLite's, its main() renamed to speedtest1_main(): bench/speedtest gets
 * it and links both.  Each run is a process of its own; the time is that of everything
 * speedtest1 does, opening and closing included.  "ratio" is ours by theirs, of the
 * medians of interleaved rounds; smaller is better.
 *	bench_speedtest [ROUNDS [OPTION-OF-SPEEDTEST1...]]
 * Licence: MIT, see LICENSE.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "blob/blob.h"
#include "vfs/vfs.h"

enum { ROUNDS_MAX = 99, PARTS_MAX = 64, OPTIONS_MAX = 32 };

int speedtest1_main(int argc, char **argv);

static void die(const char *what)
{
	fprintf(stderr, "bench_speedtest: %s\n", what);
	exit(1);
}

/* Every connection, as it is in production. */
static int prepare_ours(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
	struct error err = ERROR_INIT;
	char *vfs = NULL;

	(void)message;
	(void)api;
	bool ours = sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &vfs) == SQLITE_OK && vfs != NULL &&
		    strcmp(vfs, "pgblob") == 0;
	sqlite3_free(vfs);
	if (ours)
		return vfs_prepare_connection(db, &err) ? SQLITE_OK : SQLITE_ERROR;
	return sqlite3_exec(db, "PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF", NULL, NULL, NULL);
}

/* In a process of its own: the time of all, in us, goes to `out`. */
static void run(bool ours, const char *dir, int n_options, char **options, int out)
{
	char url[300], path[300];
	char *argv[OPTIONS_MAX + 8] = { "speedtest1" };
	struct blob_options blob_options = { 0 };
	struct error err = ERROR_INIT;
	struct blob_store *store = NULL;
	int argc = 1;

	snprintf(url, sizeof(url), "file://%s/store", dir);
	snprintf(path, sizeof(path), "%s/stock.sqlite", dir);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int64_t began = mono_us();
	if (ours) {
		if (blob_open(url, &blob_options, &store, &err) != BLOB_OK)
			die(err.text);
		struct vfs_config config = { .store = store, .cache_bytes = 256 << 20, .cache_ttl_ms = 300000 };
		if (!vfs_init(&config, &err))
			die(err.text);
		argv[argc++] = "--vfs";
		argv[argc++] = "pgblob";
	} else {
		argv[argc++] = "--journal";
		argv[argc++] = "wal";
	}
	sqlite3_auto_extension((void (*)(void))prepare_ours);
	for (int i = 0; i < n_options; i++)
		argv[argc++] = options[i];
	argv[argc++] = ours ? "speedtest" : path;
	if (speedtest1_main(argc, argv) != 0)
		die("speedtest1 failed");
	if (ours) {
		vfs_deinit();
		blob_close(store);
	}
	int64_t took = mono_us() - began;
	fflush(stdout);
	if (write(out, &took, sizeof(took)) != sizeof(took))
		exit(1);
	exit(0);
}

/* What speedtest1 tells of its parts: " 100 - 50000 INSERTs....   0.060s". */
struct part {
	char name[64];
	double seconds[2][ROUNDS_MAX];
};

static struct part parts[PARTS_MAX];
static int n_parts;

static void read_parts(FILE *in, int ours, int round)
{
	char line[512];

	while (fgets(line, sizeof(line), in) != NULL) {
		char *dots = strstr(line, "...");
		char *digit = dots == NULL ? NULL : dots + strspn(dots, ". ");
		int i = 0;

		if (digit == NULL || strstr(line, " - ") == NULL)
			continue;
		*dots = '\0';
		while (i < n_parts && strcmp(parts[i].name, line) != 0)
			i++;
		if (i == PARTS_MAX)
			continue;
		if (i == n_parts)
			snprintf(parts[n_parts++].name, sizeof(parts[i].name), "%.63s", line);
		parts[i].seconds[ours][round] = strtod(digit, NULL);
	}
}

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void run_apart(int ours, int round, int n_options, char **options, double *all, double *cpu)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200], command[300];
	int text[2], number[2];
	int status;
	struct rusage usage;
	int64_t took;

	snprintf(dir, sizeof(dir), "%s/pgblob-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL || pipe(text) != 0 || pipe(number) != 0)
		die("cannot make a folder or a pipe");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(text[1], STDOUT_FILENO);
		close(text[0]);
		close(text[1]);
		close(number[0]);
		run(ours, dir, n_options, options, number[1]);
	}
	close(text[1]);
	close(number[1]);
	FILE *in = fdopen(text[0], "r");
	if (pid < 0 || in == NULL)
		die("cannot start a process");
	read_parts(in, ours, round);
	fclose(in);
	if (wait4(pid, &status, 0, &usage) != pid || status != 0 ||
	    read(number[0], &took, sizeof(took)) != sizeof(took))
		die("a run failed");
	close(number[0]);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		die("cannot remove the folder");
	*all = (double)took / 1e6;
	*cpu = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(v[0]), compare);
	return v[n / 2];
}

static void tell(const char *name, double *ours, double *theirs, int rounds)
{
	double a = median(ours, rounds), b = median(theirs, rounds);

	printf("%-64s %9.3f %9.3f %8.2f\n", name, a, b, b > 0 ? a / b : 0);
}

int main(int argc, char **argv)
{
	static double all[2][ROUNDS_MAX], cpu[2][ROUNDS_MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	if (rounds < 1 || rounds > ROUNDS_MAX || argc - 2 > OPTIONS_MAX)
		die("usage: bench_speedtest [ROUNDS [OPTION-OF-SPEEDTEST1...]]");
	for (int r = 0; r < rounds; r++)
		for (int ours = 0; ours < 2; ours++)
			run_apart(ours, r, argc > 2 ? argc - 2 : 0, argv + 2, &all[ours][r], &cpu[ours][r]);
	printf("%-64s %9s %9s %8s\n", "speedtest1", "pgblob s", "unix WAL", "ratio");
	for (int i = 0; i < n_parts; i++)
		tell(parts[i].name, parts[i].seconds[1], parts[i].seconds[0], rounds);
	tell("all of it", all[1], all[0], rounds);
	tell("all of it, processor time", cpu[1], cpu[0], rounds);
	return 0;
}
