/*
 * torture_work.c - what machines and their clients do
 *
 * A machine lives until it crashes, and lives again a while later with nothing
 * but the store.  (After a crash the threads of a life run to their next step;
 * nothing of theirs reaches the store any more, but what they are told must be
 * true all the same.)
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/torture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "blob/blob.h"
#include "vfs/format.h"
#include "vfs/key.h"
#include "vfs/registry.h"
#include "vfs/vfs.h"

enum { SETTLE_TRIES = 30, OPEN_TRIES = 100, PINS_MAX = 100 };

#define SECOND ((int64_t)1000000)
#define HOUR (3600 * SECOND)

/* One life of a machine. */
struct life {
	struct life *next;
	unsigned machine, number;
	struct sim_link *link;
	struct blob_store *store;
	char folder[32]; /* of its journals */
};

/* A snapshot or a branch. */
struct kept {
	char name[20];
	uint64_t lsn;   /* of the version; of a branch 0: it was the newest then */
	size_t n_rows;  /* 1 + transactions that a branch holds; 0: nobody has looked */
};

static struct {
	struct kept pins[PINS_MAX];
	struct kept branches[PINS_MAX];
	unsigned n_pins, n_branches, n_names;
	struct life *lives; /* all that ever were */
	struct life *now[MACHINES_MAX];
	unsigned steps_left[MACHINES_MAX];
	unsigned n_working; /* machines that have steps left */
	bool calm;          /* no more faults: everything must work now */
} work;

static void folder_name(char out[32], unsigned machine, unsigned number)
{
	snprintf(out, 32, "disk-%u-%u", machine, number);
}

/* The next life finds what is left on the disk. */
static void died(void *arg)
{
	const struct life *l = arg;
	bool power_lost = sim_chance(500);
	char next[32];

	sim_trace("machine %u %s", l->machine, power_lost ? "loses power" : "loses its process");
	folder_name(next, l->machine, l->number + 1);
	sim_disk_crash(l->folder, next, power_lost);
}

static struct life *life_begin(unsigned machine)
{
	struct life *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	for (const struct life *o = work.lives; o != NULL; o = o->next)
		l->number += o->machine == machine;
	l->machine = machine;
	l->link = sim_link_open(machine, plan.azure);
	l->store = sim_link_store(l->link, plan.deadline_ms);
	folder_name(l->folder, machine, l->number);
	if (plan.journals)
		sim_link_on_death(l->link, died, l);
	l->next = work.lives;
	work.lives = l;
	return l;
}

static bool over(const struct life *l)
{
	return sim_link_dead(l->link);
}

void __wrap_log_write(enum log_level level, const struct log_scope *scope, const char *fmt, ...);

/* What the program says is of the history. */
void __wrap_log_write(enum log_level level, const struct log_scope *scope, const char *fmt, ...)
{
	char line[1000];
	va_list args;

	(void)scope;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	sim_trace("log: %s", line);
	if (level == LOG_LEVEL_ERROR)
		model_heard(line);
}

/* --- connections ----------------------------------------------------------- */

/* NULL: it did not work, for *told. */
static sqlite3 *try_connect(struct life *l, const char *name, enum vfs_rc *told)
{
	struct error err = ERROR_INIT;
	char uri[200];
	sqlite3 *db;

	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob", name);
	store_override(l->store);
	int rc = sqlite3_open_v2(uri, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				 NULL);
	store_override(NULL);
	if (rc == SQLITE_OK && vfs_prepare_connection(db, &err))
		return db;
	*told = vfs_open_error(&err);
	sim_trace("could not connect to %s: %d %s", name, *told, err.text);
	if (plan.faults.damaged == 0 && *told == VFS_CORRUPT)
		sim_fail("a machine finds the database damaged: %s", err.text);
	sqlite3_close(db);
	return NULL;
}

/* NULL: the life is over. */
static sqlite3 *connect(struct life *l)
{
	unsigned n_calm = 0;
	enum vfs_rc told;

	while (!over(l)) {
		sqlite3 *db = try_connect(l, "app", &told);

		if (db != NULL)
			return db;
		if (told == VFS_NOT_FOUND)
			sim_fail("a machine does not find the database");
		if (work.calm && !over(l) && ++n_calm > OPEN_TRIES)
			sim_fail("a machine cannot open the database, and nothing is in its way");
		sim_sleep_us(100000);
	}
	return NULL;
}

static int exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

struct client {
	struct life *life;
	unsigned number;
	sqlite3 *writer;
	sqlite3 *reader; /* never writes, so it never sees what is not durable */
};

/* What the last failure of a handle came to; its transaction is ended, and a handle that is of no use is opened anew. */
static enum vfs_rc after_failure(struct client *c, sqlite3 **db)
{
	struct error err = ERROR_INIT;
	char text[80];

	snprintf(text, sizeof(text), "%s", sqlite3_errmsg(*db));
	enum vfs_rc told = vfs_last_error(*db, &err);
	sim_trace("client %u: error %d, %s: %d %s", c->number, sqlite3_extended_errcode(*db), text, told,
		  err.text);
	/* a snapshot older than the retention may miss what was cleaned up: that is told, never hidden */
	if (told == VFS_CORRUPT && plan.faults.damaged == 0 &&
	    !(plan.clean_up && plan.sleeps && strstr(err.text, "is missing") != NULL))
		sim_fail("a handle finds the database damaged: %s", err.text);
	if (told == VFS_NOT_FOUND)
		sim_fail("a handle does not find the database: %s", err.text);
	switch (sqlite3_errcode(*db)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISUSE:
		sim_fail("SQLite says: %s", text);
	default:
		break;
	}
	if (!sqlite3_get_autocommit(*db))
		(void)exec(*db, "ROLLBACK");
	if (!sqlite3_get_autocommit(*db))
		sim_fail("a transaction cannot be rolled back: %s", sqlite3_errmsg(*db));
	if (vfs_poisoned(*db)) {
		sqlite3_close(*db);
		*db = connect(c->life); /* never one of the past: that has no writers */
	}
	return told;
}

/* --- what a client does ---------------------------------------------------- */

static bool begin(struct client *c)
{
	struct error err = ERROR_INIT;

	switch (sim_random(4)) {
	case 0:
		return exec(c->writer, "BEGIN IMMEDIATE") == SQLITE_OK;
	case 1: /* select, then update: as a program that gives no intent */
		return exec(c->writer, "BEGIN") == SQLITE_OK && model_check_whole(c->writer);
	default:
		if (vfs_intent_begin(c->writer, mono_ms() + 2000, NULL, &err) != VFS_OK) {
			sim_trace("client %u has no turn: %s", c->number, err.text);
			return false;
		}
		return exec(c->writer, sim_chance(500) ? "BEGIN" : "BEGIN IMMEDIATE") == SQLITE_OK;
	}
}

static bool write_transfer(struct client *c, const struct tx *tx)
{
	char sql[400];

	if (sim_chance(200) &&
	    exec(c->writer, "SAVEPOINT s; UPDATE acc SET v = 0; DELETE FROM done; ROLLBACK TO s; RELEASE s") !=
		    SQLITE_OK)
		return false;
	snprintf(sql, sizeof(sql),
		 "UPDATE acc SET v = v - %u WHERE id = %u; UPDATE acc SET v = v + %u WHERE id = %u;"
		 "INSERT INTO done(tx, a, b, x, mark) VALUES(%u, %u, %u, %u, '" MARK "')",
		 tx->x, tx->a, tx->x, tx->b, tx->id, tx->a, tx->b, tx->x, tx->id);
	if (exec(c->writer, sql) != SQLITE_OK)
		return false;
	if (sim_chance(100))
		sim_sleep_us(sim_skewed(1000, SECOND));
	return !sim_chance(100) || model_check_whole(c->writer);
}

static enum tx_state state_of(enum vfs_rc told)
{
	switch (told) {
	case VFS_UNKNOWN:
		return TX_UNKNOWN;
	case VFS_OK:
	case VFS_NOT_FOUND:
	case VFS_EXISTS:
	case VFS_LOST:
	case VFS_TIMEOUT:
	case VFS_CANCELED:
	case VFS_BUSY:
	case VFS_CORRUPT:
	case VFS_IO:
	case VFS_INVALID:
		break;
	}
	return TX_FAILED;
}

/* COMMIT, and what the client is told. */
static enum tx_state commit(struct client *c)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct error err = ERROR_INIT;
	bool later = sim_chance(600);
	enum vfs_durability level = VFS_IN_STORE;

	if (later && sim_chance(100))
		level = VFS_IN_MEMORY;
	else if (later && plan.journals && !work.calm && sim_chance(700))
		level = VFS_ON_DISK;
	if (later)
		vfs_commit_later(c->writer, &ticket, level);
	int rc = exec(c->writer, "COMMIT");
	if (later)
		vfs_commit_later(c->writer, NULL, VFS_IN_STORE);
	if (rc != SQLITE_OK)
		return state_of(after_failure(c, &c->writer));
	if (!later)
		return TX_DONE;
	enum vfs_rc told = vfs_commit_wait(&ticket, &err);
	if (told != VFS_OK) {
		sim_trace("client %u: its commit came to %d %s", c->number, told, err.text);
		return state_of(told);
	}
	switch (level) {
	case VFS_IN_MEMORY:
		return TX_UNATTENDED;
	case VFS_ON_DISK:
		return TX_ON_DISK;
	case VFS_IN_STORE:
		break;
	}
	return TX_DONE;
}

/*
 * Nothing of a life that is over reaches the store any more; but what it has on its disk may be
 * all there when it begins the next one, whatever its threads are told after that moment.
 */
static void tell(struct client *c, struct tx *tx, enum tx_state state)
{
	bool in_store = state == TX_DONE;

	model_told(tx, plan.journals && over(c->life) && !in_store ? TX_UNKNOWN : state);
}

static enum tx_state transfer(struct client *c)
{
	struct tx *tx = model_begin(c->life->machine, c->life->number);

	sim_trace("client %u begins transaction %u", c->number, tx->id);
	if (!begin(c) || !write_transfer(c, tx)) {
		(void)after_failure(c, &c->writer);
		model_told(tx, TX_FAILED);
	} else if (sim_chance(50)) {
		if (exec(c->writer, "ROLLBACK") != SQLITE_OK)
			(void)after_failure(c, &c->writer);
		model_told(tx, TX_FAILED);
	} else {
		tell(c, tx, commit(c));
	}
	if (c->writer != NULL)
		vfs_intent_end(c->writer);
	return tx->state;
}

static void read_snapshot(struct client *c)
{
	struct reader reader = model_reader(c->life->machine, c->life->number);
	bool ok = exec(c->reader, "BEGIN") == SQLITE_OK && model_check_snapshot(c->reader, &reader);

	if (ok && sim_chance(500)) {
		/* whatever others do meanwhile, the same */
		sim_sleep_us(sim_skewed(1000, 5 * SECOND));
		reader.n_done = 0;
		reader.n_seen = 0;
		ok = model_check_snapshot(c->reader, &reader);
	}
	if (!ok || exec(c->reader, "COMMIT") != SQLITE_OK)
		(void)after_failure(c, &c->reader);
}

/* A version that is kept by name. */
static void pin(struct client *c)
{
	struct error err = ERROR_INIT;
	struct vfs_pin made;
	char name[20];

	if (work.n_pins == PINS_MAX)
		return;
	snprintf(name, sizeof(name), "s%u", work.n_names++);
	enum vfs_rc rc = vfs_create_snapshot(c->life->store, "app", name, &made, &err);
	sim_trace("client %u: snapshot %s came to %d %s", c->number, name, rc, err.text);
	if (rc == VFS_EXISTS)
		sim_fail("a snapshot is told to exist that nobody else has made");
	if (rc != VFS_OK)
		return;
	work.pins[work.n_pins].lsn = made.lsn;
	strcpy(work.pins[work.n_pins++].name, name);
}

/* What anybody has read is there as it was, until it is cleaned up; what is pinned even then. */
static void look_back(struct client *c)
{
	uint64_t lsn = model_random_lsn();
	enum vfs_rc told = VFS_OK;
	bool pinned = false;
	char name[40];

	snprintf(name, sizeof(name), "app@%" PRIu64, lsn);
	if (work.n_pins > 0 && sim_chance(500)) {
		const struct kept *k = &work.pins[sim_random(work.n_pins)];

		pinned = true;
		lsn = k->lsn;
		snprintf(name, sizeof(name), "app@%s", k->name);
	}
	if (lsn == 0)
		return;
	sqlite3 *db = try_connect(c->life, name, &told);
	if (db == NULL && told == VFS_NOT_FOUND && (pinned || model_is_kept(lsn)))
		sim_fail("%s is gone", name);
	if (db == NULL)
		return;
	if (exec(db, "BEGIN") != SQLITE_OK || !model_check_past(db, lsn))
		(void)after_failure(c, &db);
	sqlite3_close(db);
}

/* A branch of now or of then. */
static void make_branch(struct client *c)
{
	uint64_t lsn = sim_chance(500) ? model_random_lsn() : 0;
	struct error err = ERROR_INIT;
	char name[20], from[40] = "app";

	if (work.n_branches == PINS_MAX)
		return;
	snprintf(name, sizeof(name), "b%u", work.n_names++);
	if (lsn != 0)
		snprintf(from, sizeof(from), "app@%" PRIu64, lsn);
	enum vfs_rc rc = vfs_branch_database(c->life->store, name, from, &err);
	sim_trace("client %u: branch %s of %s came to %d %s", c->number, name, from, rc, err.text);
	if (rc != VFS_OK)
		return;
	strcpy(work.branches[work.n_branches].name, name);
	work.branches[work.n_branches++].lsn = lsn;
}

/* Whatever has become of the database that it was made of, a branch is what that was. */
static void look_at_branch(struct client *c)
{
	struct kept *b;
	enum vfs_rc told = VFS_OK;
	size_t n;

	if (work.n_branches == 0)
		return;
	b = &work.branches[sim_random(work.n_branches)];
	sqlite3 *db = try_connect(c->life, b->name, &told);
	if (db == NULL && told == VFS_NOT_FOUND)
		sim_fail("branch %s is gone", b->name);
	if (db == NULL)
		return;
	if (exec(db, "BEGIN") != SQLITE_OK || !model_check_branch(db, b->lsn, &n)) {
		(void)after_failure(c, &db);
	} else {
		if (b->n_rows != 0 && b->n_rows != n + 1)
			sim_fail("branch %s has changed", b->name);
		b->n_rows = n + 1;
	}
	sqlite3_close(db);
}

/* What any server does in the background, at any time. */
static void keep_house(struct client *c)
{
	struct vfs_compaction compaction;
	struct vfs_clean_up cleaned;
	struct error err = ERROR_INIT;
	enum vfs_rc rc;

	if (sim_chance(500)) {
		rc = vfs_compact_database(c->life->store, "app", NULL, &compaction, &err);
		sim_trace("client %u: compaction came to %d %s", c->number, rc, err.text);
	} else {
		rc = vfs_clean_up_database(c->life->store, "app", false, NULL, &cleaned, &err);
		sim_trace("client %u: clean-up came to %d %s", c->number, rc, err.text);
	}
	if (rc == VFS_NOT_FOUND || (rc == VFS_CORRUPT && plan.faults.damaged == 0))
		sim_fail("a housekeeper finds the database damaged: %s", err.text);
}

/* Statements that change much, or the schema.  Whether they work is of no matter. */
static void disturb(struct client *c)
{
	static const unsigned sizes[] = { 512, 1024, 4096, 8192, 65536 };
	char sql[300];

	switch (sim_random(8)) {
	case 0:
		snprintf(sql, sizeof(sql), "VACUUM");
		break;
	case 1:
		snprintf(sql, sizeof(sql), "PRAGMA page_size = %u; VACUUM", sizes[sim_random(5)]);
		break;
	case 2:
		snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS junk%u", (unsigned)sim_random(3));
		break;
	case 3:
		snprintf(sql, sizeof(sql), "CREATE INDEX IF NOT EXISTS done_tx ON done(tx)");
		break;
	case 4:
		snprintf(sql, sizeof(sql), "DROP INDEX IF EXISTS done_tx");
		break;
	default: /* small, or alone in its slot, or in segments */
		snprintf(sql, sizeof(sql),
			 "BEGIN; CREATE TABLE IF NOT EXISTS junk%u(x); DELETE FROM junk%u; INSERT INTO junk%u "
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
			 "SELECT randomblob(500) FROM n; COMMIT", (unsigned)sim_random(3),
			 (unsigned)sim_random(3), (unsigned)sim_random(3), (unsigned)sim_skewed(1, 6000));
		break;
	}
	sim_trace("client %u: %.60s", c->number, sql);
	if (exec(c->writer, sql) != SQLITE_OK && sqlite3_errcode(c->writer) != SQLITE_ERROR)
		(void)after_failure(c, &c->writer);
	else if (!sqlite3_get_autocommit(c->writer))
		(void)exec(c->writer, "ROLLBACK");
}

static void reconnect(struct client *c, sqlite3 **db)
{
	sqlite3_close(*db);
	*db = connect(c->life);
}

static void step(struct client *c)
{
	uint64_t r = sim_random(100);

	if (r < 55)
		(void)transfer(c);
	else if (r < 85)
		read_snapshot(c);
	else if (r < 92)
		disturb(c);
	else if (r < 95)
		look_back(c);
	else if (r < 96 && sim_chance(500))
		pin(c);
	else if (r < 96)
		make_branch(c);
	else if (r < 97)
		look_at_branch(c);
	else if (r < 99 && plan.clean_up)
		keep_house(c);
	else
		reconnect(c, sim_chance(500) ? &c->writer : &c->reader);
	sim_sleep_us(sim_skewed(10, SECOND / 2));
}

/* Invariant 8: whatever has happened, with nothing in its way a machine works. */
static void settle(struct client *c)
{
	for (unsigned i = 0; !over(c->life); i++) {
		if (transfer(c) == TX_DONE)
			break;
		if (i == SETTLE_TRIES)
			sim_fail("machine %u cannot commit any more, and nothing is in its way",
				 c->life->machine);
		sim_sleep_us(SECOND);
	}
	if (c->reader != NULL)
		read_snapshot(c);
}

static bool connected(struct client *c)
{
	if (c->writer == NULL)
		c->writer = connect(c->life);
	if (c->reader == NULL)
		c->reader = connect(c->life);
	return c->writer != NULL && c->reader != NULL;
}

static void client_run(void *arg)
{
	struct client *c = arg;
	unsigned m = c->life->machine;

	if (plan.journals)
		journal_override(c->life->folder);
	while (!over(c->life) && connected(c) && work.steps_left[m] > 0) {
		if (--work.steps_left[m] == 0)
			work.n_working--;
		step(c);
	}
	while (!over(c->life) && !work.calm)
		sim_sleep_us(SECOND);
	if (!over(c->life) && connected(c))
		settle(c);
	sqlite3_close(c->writer);
	sqlite3_close(c->reader);
}

/* As a server does; otherwise whoever opens the database. */
static void begin_with_journals(struct life *l)
{
	journal_override(l->folder);
	if (sim_chance(500))
		vfs_replay_journals(l->store);
}

static void machine_run(void *arg)
{
	unsigned m = *(unsigned *)arg;

	sim_set_machine(m);
	do {
		struct client clients[CLIENTS_MAX];
		struct sim_thread *threads[CLIENTS_MAX];
		struct life *life = life_begin(m);

		work.now[m] = life;
		sim_trace("machine %u begins life %u", m, life->number);
		if (plan.journals)
			begin_with_journals(life);
		for (unsigned i = 0; i < plan.n_clients; i++) {
			clients[i] = (struct client){ .life = life, .number = m * 10 + i };
			threads[i] = sim_start(client_run, &clients[i]);
		}
		for (unsigned i = 0; i < plan.n_clients; i++)
			sim_join(threads[i]);
		if (over(life))
			sim_sleep_us(sim_skewed(1000, 20 * SECOND));
	} while (over(work.now[m]));
}

/* --- what happens to them -------------------------------------------------- */

/* All sleep until the day after tomorrow. */
static void night(void)
{
	int64_t us = 26 * HOUR + sim_skewed(0, 30 * HOUR);

	for (unsigned i = 0; i < plan.n_machines; i++)
		sim_put_to_sleep(i, us + sim_skewed(0, SECOND));
	sim_sleep_us(us);
}

static void strike(void)
{
	struct life *l = work.now[sim_random(plan.n_machines)];

	if (l == NULL || over(l))
		return;
	switch (sim_random(6)) {
	case 0:
		if (plan.crashes)
			sim_link_kill(l->link);
		break;
	case 1:
		if (plan.crashes)
			sim_link_kill_at(l->link, 1 + (unsigned)sim_random(12));
		break;
	case 2:
	case 3:
		if (plan.sleeps)
			sim_put_to_sleep(l->machine, sim_skewed(SECOND, 5 * HOUR));
		break;
	case 4:
		sim_link_cut(l->link, sim_skewed(1000, 90 * SECOND));
		break;
	default:
		if (plan.clean_up && plan.sleeps)
			night();
	}
}

void work_set_up(void)
{
	struct life *l = life_begin(0);
	struct error err = ERROR_INIT;
	enum vfs_rc told;
	char sql[600];
	sqlite3 *db;

	if (vfs_create_database(l->store, "app", &err) != VFS_OK)
		sim_fail("could not create the database: %s", err.text);
	db = try_connect(l, "app", &told);
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = %u; BEGIN; CREATE TABLE acc(id INTEGER PRIMARY KEY, v INTEGER, pad);"
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO acc SELECT i, %d, printf('%%.*c', 150, 'p') FROM n;"
		 "CREATE TABLE done(id INTEGER PRIMARY KEY AUTOINCREMENT, tx INTEGER, a, b, x, mark); COMMIT",
		 plan.page_size, ACCOUNTS - 1, FIRST_BALANCE);
	if (db == NULL || exec(db, sql) != SQLITE_OK)
		sim_fail("could not fill the database: %s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

void work_run(void)
{
	static const struct sim_faults none;
	struct sim_thread *threads[MACHINES_MAX];
	unsigned numbers[MACHINES_MAX];

	work.n_working = plan.n_machines;
	for (unsigned i = 0; i < plan.n_machines; i++) {
		numbers[i] = i;
		work.steps_left[i] = plan.n_steps;
		sim_skew_clock(i, sim_skewed(0, 48 * HOUR) * (sim_chance(500) ? 1 : -1));
		threads[i] = sim_start(machine_run, &numbers[i]);
	}
	while (work.n_working > 0) {
		sim_sleep_us(sim_skewed(1000, 10 * SECOND));
		strike();
		sim_store_set_faults(sim_chance(300) ? &none : &plan.faults);
		sim_disk_set(plan.disk_latency_us, sim_chance(700) ? 0 : plan.disk_failing);
	}
	sim_trace("all is calm");
	sim_store_set_faults(&none);
	sim_disk_set(plan.disk_latency_us, 0);
	for (unsigned i = 0; i < plan.n_machines; i++)
		sim_link_cut(work.now[i]->link, 0);
	work.calm = true;
	for (unsigned i = 0; i < plan.n_machines; i++)
		sim_join(threads[i]);
}

/* The machine begins once more, on a disk that is good: what is in its journal is appended or set aside. */
static void read_what_is_kept(unsigned machine)
{
	sim_link_kill(work.now[machine]->link);
	struct life *l = life_begin(machine);
	sim_set_machine(machine);
	journal_override(l->folder);
	vfs_replay_journals(l->store);
	model_read_kept(l->folder);
}

void work_check_end(void)
{
	struct life *l = life_begin(MACHINES_MAX);
	sqlite3 *db;
	sqlite3_stmt *stmt;

	sim_set_machine(MACHINES_MAX);
	for (unsigned i = 0; i < plan.n_machines && plan.journals; i++)
		read_what_is_kept(i);
	journal_override(NULL);
	sim_set_machine(MACHINES_MAX);
	db = connect(l);
	model_check_end(db);
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		sim_fail("integrity_check does not work: %s", sqlite3_errmsg(db));
	if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
		sim_fail("integrity_check says: %s", sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	vfs_deinit();
	while (work.lives != NULL) {
		l = work.lives;
		work.lives = l->next;
		blob_close(l->store);
		free(l);
	}
}
