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

enum { SETTLE_TRIES = 30, OPEN_TRIES = 100 };

#define SECOND ((int64_t)1000000)
#define HOUR (3600 * SECOND)

static struct {
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

bool life_over(const struct life *l)
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

/*
 * What is read in a snapshot older than the retention may miss what was cleaned up, and what is read in
 * a database that was dropped (NULL: any) what that deleted: it is told, never hidden.
 */
static bool may_miss(struct database *d, const struct error *err)
{
	if (strstr(err->text, "is missing") == NULL)
		return false;
	return (plan.clean_up && plan.sleeps) || (d == NULL ? plan.branches : model_dropped(d));
}

/* NULL: it did not work, for *told. */
sqlite3 *life_try_connect(struct life *l, const char *name, enum vfs_rc *told)
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
	if (plan.faults.damaged == 0 && *told == VFS_CORRUPT && !may_miss(NULL, &err))
		sim_fail("a machine finds the database damaged: %s", err.text);
	sqlite3_close(db);
	return NULL;
}

static int exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static bool read_number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return false;
	bool good = sqlite3_step(stmt) == SQLITE_ROW;
	*out = good ? sqlite3_column_int64(stmt, 0) : 0;
	return sqlite3_finalize(stmt) == SQLITE_OK && good;
}

static void disconnect(struct handle *h)
{
	sqlite3_close(h->db);
	*h = (struct handle){ NULL, NULL };
}

enum vfs_rc client_after_failure(struct client *c, struct handle *h)
{
	struct error err = ERROR_INIT;
	char text[80];

	snprintf(text, sizeof(text), "%s", sqlite3_errmsg(h->db));
	enum vfs_rc told = vfs_last_error(h->db, &err);
	sim_trace("client %u: error %d, %s: %d %s", c->number, sqlite3_extended_errcode(h->db), text, told,
		  err.text);
	if (told == VFS_CORRUPT && plan.faults.damaged == 0 && !may_miss(h->of, &err))
		sim_fail("a handle finds the database damaged: %s", err.text);
	if (told == VFS_NOT_FOUND && !model_dropped(h->of))
		sim_fail("a handle does not find the database: %s", err.text);
	switch (sqlite3_errcode(h->db)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISUSE:
		sim_fail("SQLite says: %s", text);
	default:
		break;
	}
	if (!sqlite3_get_autocommit(h->db))
		(void)exec(h->db, "ROLLBACK");
	if (!sqlite3_get_autocommit(h->db))
		sim_fail("a transaction cannot be rolled back: %s", sqlite3_errmsg(h->db));
	if (told == VFS_NOT_FOUND || vfs_poisoned(h->db))
		disconnect(h);
	return told;
}

/* A handle that cannot be read may have found the database damaged: that must not be. */
static void check_unread(sqlite3 *db)
{
	struct error err = ERROR_INIT;
	enum vfs_rc told = vfs_last_error(db, &err);

	sim_trace("a new handle cannot be read: %d %s", told, err.text);
	if (told == VFS_CORRUPT && plan.faults.damaged == 0 && !may_miss(NULL, &err))
		sim_fail("a new handle finds the database damaged: %s", err.text);
}

/* Which database it is; false: it cannot be told, or that is not filled yet. */
static bool identify(sqlite3 *db, const char *name, struct handle *out)
{
	int64_t n = 0, lsn = 0;
	bool good = exec(db, "BEGIN") == SQLITE_OK &&
		    read_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'acc'", &n) &&
		    read_number(db, "PRAGMA pgblob_lsn", &lsn);

	(void)exec(db, "COMMIT");
	if (!good) {
		check_unread(db);
		return false;
	}
	out->db = db;
	out->of = model_find(name, (uint64_t)lsn);
	if (out->of == NULL)
		sim_fail("a new handle on %s sees slot %" PRId64 ", when no database was there", name, lsn);
	return n > 0 || (databases_fill(db) && false);
}

bool client_connect(struct client *c, struct handle *h)
{
	unsigned n_calm = 0;
	enum vfs_rc told;

	while (!life_over(c->life)) {
		struct name_state before = model_name(c->name);
		sqlite3 *db = life_try_connect(c->life, c->name, &told);

		if (db != NULL && identify(db, c->name, h))
			return true;
		if (db == NULL && told == VFS_NOT_FOUND) {
			if (plan.cache_ttl_ms == 0 && !model_was_away(c->name, before))
				sim_fail("a machine does not find %s", c->name);
			return false;
		}
		sqlite3_close(db);
		*h = (struct handle){ NULL, NULL };
		if (work.calm && !life_over(c->life) && ++n_calm > OPEN_TRIES)
			sim_fail("a machine cannot open %s, and nothing is in its way", c->name);
		sim_sleep_us(100000);
	}
	return false;
}

/* --- what a client does ---------------------------------------------------- */

static bool begin(struct client *c)
{
	struct error err = ERROR_INIT;

	switch (sim_random(4)) {
	case 0:
		return exec(c->writer.db, "BEGIN IMMEDIATE") == SQLITE_OK;
	case 1: /* select, then update: as a program that gives no intent */
		return exec(c->writer.db, "BEGIN") == SQLITE_OK && model_check_whole(c->writer.db, c->writer.of);
	default:
		if (vfs_intent_begin(c->writer.db, mono_ms() + 2000, NULL, &err) != VFS_OK) {
			sim_trace("client %u has no turn: %s", c->number, err.text);
			return false;
		}
		return exec(c->writer.db, sim_chance(500) ? "BEGIN" : "BEGIN IMMEDIATE") == SQLITE_OK;
	}
}

static bool write_transfer(struct client *c, const struct tx *tx)
{
	char sql[400];

	if (sim_chance(200) &&
	    exec(c->writer.db, "SAVEPOINT s; UPDATE acc SET v = 0; DELETE FROM done; ROLLBACK TO s; RELEASE s") !=
		    SQLITE_OK)
		return false;
	snprintf(sql, sizeof(sql),
		 "UPDATE acc SET v = v - %u WHERE id = %u; UPDATE acc SET v = v + %u WHERE id = %u;"
		 "INSERT INTO done(tx, a, b, x, mark) VALUES(%u, %u, %u, %u, '" MARK "')",
		 tx->x, tx->a, tx->x, tx->b, tx->id, tx->a, tx->b, tx->x, tx->id);
	if (exec(c->writer.db, sql) != SQLITE_OK)
		return false;
	if (sim_chance(100))
		sim_sleep_us(sim_skewed(1000, SECOND));
	return !sim_chance(100) || model_check_whole(c->writer.db, c->writer.of);
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
		vfs_commit_later(c->writer.db, &ticket, level);
	int rc = exec(c->writer.db, "COMMIT");
	if (later)
		vfs_commit_later(c->writer.db, NULL, VFS_IN_STORE);
	if (rc != SQLITE_OK)
		return state_of(client_after_failure(c, &c->writer));
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

	model_told(tx, plan.journals && life_over(c->life) && !in_store ? TX_UNKNOWN : state);
}

static enum tx_state transfer(struct client *c)
{
	struct tx *tx = model_begin(c->writer.of, c->life->machine, c->life->number);

	sim_trace("client %u begins transaction %u", c->number, tx->id);
	if (!begin(c) || !write_transfer(c, tx)) {
		(void)client_after_failure(c, &c->writer);
		model_told(tx, TX_FAILED);
	} else if (sim_chance(50)) {
		if (exec(c->writer.db, "ROLLBACK") != SQLITE_OK)
			(void)client_after_failure(c, &c->writer);
		model_told(tx, TX_FAILED);
	} else {
		tell(c, tx, commit(c));
	}
	if (c->writer.db != NULL)
		vfs_intent_end(c->writer.db);
	return tx->state;
}

void client_read(struct client *c, struct handle *h)
{
	struct reader reader = model_reader(h->of, c->life->machine, c->life->number);
	bool ok = exec(h->db, "BEGIN") == SQLITE_OK && model_check_snapshot(h->db, &reader);

	if (ok && sim_chance(500)) {
		/* whatever others do meanwhile, the same */
		sim_sleep_us(sim_skewed(1000, 5 * SECOND));
		reader.n_done = 0;
		reader.n_seen = 0;
		ok = model_check_snapshot(h->db, &reader);
	}
	if (!ok || exec(h->db, "COMMIT") != SQLITE_OK)
		(void)client_after_failure(c, h);
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
	if (exec(c->writer.db, sql) != SQLITE_OK && sqlite3_errcode(c->writer.db) != SQLITE_ERROR)
		(void)client_after_failure(c, &c->writer);
	else if (!sqlite3_get_autocommit(c->writer.db))
		(void)exec(c->writer.db, "ROLLBACK");
}

/* On another database from now on, or on the same in a new connection. */
static void move(struct client *c)
{
	const char *name = databases_pick();

	disconnect(&c->writer);
	disconnect(&c->reader);
	if (name != NULL && plan.branches)
		strcpy(c->name, name);
}

static void step(struct client *c)
{
	uint64_t r = sim_random(100);

	if (plan.branches && sim_chance(40))
		move(c);
	else if (plan.branches && sim_chance(60))
		databases_step(c);
	else if (r < 55)
		(void)transfer(c);
	else if (r < 85)
		client_read(c, &c->reader);
	else if (r < 92)
		disturb(c);
	else if (r < 99)
		databases_step(c);
	else
		disconnect(sim_chance(500) ? &c->writer : &c->reader);
	sim_sleep_us(sim_skewed(10, SECOND / 2));
}

/* False: the life is over, or it must be tried again. */
static bool connected(struct client *c)
{
	if ((c->writer.db == NULL && !client_connect(c, &c->writer)) ||
	    (c->reader.db == NULL && !client_connect(c, &c->reader))) {
		const char *name = databases_pick();

		disconnect(&c->writer);
		disconnect(&c->reader);
		if (!life_over(c->life) && name == NULL)
			databases_create(c, "app");
		strcpy(c->name, name != NULL ? name : "app");
		return false;
	}
	return true;
}

/* Invariant 8: whatever has happened, with nothing in its way a machine works. */
static void settle(struct client *c)
{
	for (unsigned i = 0; !life_over(c->life); i++) {
		if (connected(c) && transfer(c) == TX_DONE)
			break;
		if (i == SETTLE_TRIES)
			sim_fail("machine %u cannot commit any more, and nothing is in its way",
				 c->life->machine);
		sim_sleep_us(SECOND);
	}
	if (c->reader.db != NULL)
		client_read(c, &c->reader);
}

static void client_run(void *arg)
{
	struct client *c = arg;
	unsigned m = c->life->machine;

	if (plan.journals)
		journal_override(c->life->folder);
	while (!life_over(c->life) && work.steps_left[m] > 0) {
		if (!connected(c)) {
			sim_sleep_us(10000);
			continue;
		}
		if (work.steps_left[m] > 0 && --work.steps_left[m] == 0)
			work.n_working--;
		step(c);
	}
	while (!life_over(c->life) && !work.calm)
		sim_sleep_us(SECOND);
	settle(c);
	disconnect(&c->writer);
	disconnect(&c->reader);
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
			clients[i] = (struct client){ .life = life, .number = m * 10 + i, .name = "app" };
			move(&clients[i]);
			threads[i] = sim_start(client_run, &clients[i]);
		}
		for (unsigned i = 0; i < plan.n_clients; i++)
			sim_join(threads[i]);
		if (life_over(life))
			sim_sleep_us(sim_skewed(1000, 20 * SECOND));
	} while (life_over(work.now[m]));
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

	if (l == NULL || life_over(l))
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

	struct name_state before = model_name("app");
	if (vfs_create_database(l->store, "app", &err) != VFS_OK)
		sim_fail("could not create the database: %s", err.text);
	model_made_told("app", before);
	sqlite3 *db = life_try_connect(l, "app", &told);
	if (db == NULL || !databases_fill(db))
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

/* As a machine sees it that has never seen anything. */
static void check_database(struct client *c, struct database *d)
{
	struct handle h = { NULL, NULL };
	sqlite3_stmt *stmt;

	strcpy(c->name, d->name);
	if (!client_connect(c, &h) || h.of != d) {
		if (!model_dropped(d)) /* by a request that comes very late */
			sim_fail("%s is gone", d->name);
		disconnect(&h);
		return;
	}
	model_check_end(h.db, d);
	if (sqlite3_prepare_v2(h.db, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		sim_fail("integrity_check of %s does not work: %s", d->name, sqlite3_errmsg(h.db));
	if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
		sim_fail("integrity_check of %s says: %s", d->name, sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	disconnect(&h);
}

static void write_once(struct client *c)
{
	for (unsigned i = 0; c->writer.db == NULL || transfer(c) != TX_DONE; i++) {
		if (i == SETTLE_TRIES)
			sim_fail("%s cannot be written to, and nothing is in the way", c->name);
		if (c->writer.db == NULL && !client_connect(c, &c->writer))
			return; /* dropped, by a request that comes very late */
	}
	disconnect(&c->writer);
}

void work_check_end(void)
{
	struct client c = { .life = life_begin(MACHINES_MAX) };

	for (unsigned i = 0; i < plan.n_machines && plan.journals; i++)
		read_what_is_kept(i);
	journal_override(NULL);
	sim_set_machine(MACHINES_MAX);
	(void)databases_pick(); /* looks at every name */
	if (plan.clean_up) {
		databases_grow_old(&c, life_begin(MACHINES_MAX), write_once);
		c.life = life_begin(MACHINES_MAX);
	}
	databases_check_snapshots(&c);
	for (struct database *d = NULL; (d = model_next(d)) != NULL;)
		if (!model_dropped(d))
			check_database(&c, d);
	vfs_deinit();
	while (work.lives != NULL) {
		struct life *l = work.lives;

		work.lives = l->next;
		blob_close(l->store);
		free(l);
	}
}
