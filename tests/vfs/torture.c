/*
 * torture.c - the storage engine in a simulated world, over many seeds
 *
 * usage: torture [--seed N] [--from N] [--seeds N] [--seconds N] [--verbose] [--twice]
 * A seed is one world and one history: machines that share a database in an object
 * store, crash, fall asleep, have wrong clocks, and a network that does its worst
 * (tests/lib/sim.h, sim_store.h).  Each runs in a process of its own.  The seed that
 * fails is printed with the last lines of its history; --seed N runs it again, the
 * same; --verbose tells all of it.  --twice runs each seed twice, at other addresses, and compares.
 * By default the first 24 seeds, so that check does the same on every machine.  TORTURE_SECONDS and TORTURE_FROM
 * in the environment say otherwise.
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/torture.h"

#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "vfs/vfs.h"

enum { IN_CHECK = 24 };
#define ARENA_SIZE ((size_t)64 << 20) /* glibc's, for threads */
enum { SEED_LIMIT_S = 240 }; /* a seed takes a fraction of a second: then it hangs */

struct plan plan;

static void draw_plan(void)
{
	static const uint32_t page_sizes[] = { 512, 1024, 4096, 4096, 4096, 16384, 65536 };
	/* from a store that only takes its time to one that cannot be relied on at all */
	unsigned bad = (unsigned)sim_random(4);
	unsigned f = bad == 0 ? 0 : bad == 1 ? 5 : bad == 2 ? 25 : 80;

	plan = (struct plan){
		.n_machines = 1 + (unsigned)sim_random(MACHINES_MAX),
		.n_clients = 1 + (unsigned)sim_random(CLIENTS_MAX),
		.n_steps = 20 + (unsigned)sim_random(100),
		.page_size = page_sizes[sim_random(7)],
		.cache_ttl_ms = sim_chance(700) ? 0 : 3000,
		/* who gives up early does not know more often */
		.commit_timeout_ms = sim_chance(300) ? 1 : sim_chance(500) ? 2000 : 30000,
		.deadline_ms = sim_chance(500) ? 300 : sim_chance(500) ? 3000 : 30000,
		.azure = sim_chance(300),
		.crashes = sim_chance(600),
		.sleeps = sim_chance(500),
		.journals = sim_chance(400),
		.branches = sim_chance(400),
		.reuse = sim_chance(500),
		.disk_latency_us = sim_chance(500) ? 500 : 20000,
		.disk_failing = sim_chance(500) ? 0 : sim_chance(500) ? 10 : 60,
		.clean_up = sim_chance(600),
		.retention_ms = sim_chance(600) ? 3600 * 1000 : VFS_RETENTION_MS,
		.faults = {
			.not_sent = f,
			.lost_request = f / 2,
			.lost_answer = f / 2,
			.late = f / 2,
			.repeated = f,
			.slow_down = f,
			.error_before = f,
			.error_after = f,
			.conflict = f,
			.torn = f,
			.damaged = sim_chance(200) ? f / 3 : 0,
			.latency_us = sim_chance(500) ? 3000 : 80000,
		},
	};
	plan.reuse = plan.reuse && plan.branches;
	sim_trace("%s, %u machines, %u clients each, %u steps each, pages of %u, ttl %d ms, faults %u%s%s%s",
		  plan.azure ? "azure" : "s3", plan.n_machines, plan.n_clients, plan.n_steps, plan.page_size, (int)plan.cache_ttl_ms, f, plan.journals ? ", journals" : "", plan.branches ? ", branches" : "",
		  plan.branches && plan.reuse ? ", names again" : "");
}

static void world(void *arg)
{
	struct error err = ERROR_INIT;

	(void)arg;
	draw_plan();
	struct vfs_config config = {
		.cache_bytes = (size_t)1 << (18 + sim_random(6)),
		.cache_ttl_ms = plan.cache_ttl_ms,
		.commit_timeout_ms = plan.commit_timeout_ms,
		.housekeeping = sim_chance(500),
		.retention_ms = plan.retention_ms,
	};
	(void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 1 + (int)sim_random(1000000), NULL);
	if (!vfs_init(&config, &err))
		sim_fail("%s", err.text);
	work_set_up();
	work_run();
	work_check_end();
	model_check_logs();
	model_tell();
}

/* Where things lie in memory must not matter: what threads allocate comes below `shift` bytes. */
static int run_here(uint64_t seed, const char *folder, size_t shift, uint64_t *digest)
{
	if (shift > 0 &&
	    mmap(NULL, shift, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return 1;
	if (chdir(folder) != 0)
		return 1;
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	if (freopen("/dev/null", "r", stdin) == NULL)
		return 1;
	alarm(SEED_LIMIT_S);
	sim_run(seed, world, NULL);
	model_free();
	sim_store_free();
	sim_disk_free();
	*digest = sim_digest();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* In a process and a folder of its own: 0 if all was well. */
static int run_seed(uint64_t seed, size_t shift, uint64_t *digest)
{
	const char *tmp = getenv("TMPDIR");
	char folder[300];
	int status;

	snprintf(folder, sizeof(folder), "%.250s/torture-XXXXXX", tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		exit(1);
	}

	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid == 0) {
		int result = run_here(seed, folder, shift, digest);

		/* threads of machines that died may still be ending: what they hold is not a leak */
		fflush(NULL);
		_exit(result);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (WIFSIGNALED(status))
		fprintf(stderr, "seed %" PRIu64 ": ended by signal %d%s\n", seed, WTERMSIG(status),
			WTERMSIG(status) == SIGALRM ? ", it hangs" : "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static uint64_t number(const char *text, const char *otherwise)
{
	return strtoull(text != NULL && *text != '\0' ? text : otherwise, NULL, 10);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },    { "from", required_argument, NULL, 'f' },
		{ "seeds", required_argument, NULL, 'n' },   { "seconds", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },       { "twice", no_argument, NULL, '2' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t from = number(getenv("TORTURE_FROM"), "1"), n = IN_CHECK;
	int64_t seconds = (int64_t)number(getenv("TORTURE_SECONDS"), "0");
	uint64_t *digests = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t passed = 0, failed = 0;
	bool twice = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			from = number(optarg, "1");
			n = 1;
			seconds = 0;
			break;
		case 'f':
			from = number(optarg, "1");
			break;
		case 'n':
			n = number(optarg, "1");
			seconds = 0;
			break;
		case 't':
			seconds = (int64_t)number(optarg, "1");
			break;
		case 'v':
			sim_set_verbose(true);
			break;
		case '2':
			twice = true;
			break;
		default:
			return 2;
		}
	}
	if (digests == MAP_FAILED)
		return 1;
	int64_t end_ms = mono_ms() + seconds * 1000;
	for (uint64_t seed = from; seconds > 0 ? ms_until(end_ms) > 0 : seed - from < n; seed++) {
		bool good = run_seed(seed, 0, &digests[0]) == 0;

		if (good && twice) {
			good = run_seed(seed, ARENA_SIZE * (seed % 31 + 1), &digests[1]) == 0 && digests[0] == digests[1];
			if (!good)
				fprintf(stderr, "seed %" PRIu64 ": two runs are two histories\n", seed);
		}
		passed += good;
		failed += !good;
		if (!good)
			printf("FAILED: torture --seed %" PRIu64 "\n", seed);
	}
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
	return passed == 0 || failed > 0;
}
