/*
 * torture_databases.c - what clients do with whole databases: snapshots, branches, CREATE, DROP,
 * compaction and clean-up
 *
 * Names are few if they are used again, otherwise each branch has a new one.
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/torture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "vfs/vfs.h"

enum { PINS_MAX = 100, NAMES_MAX = 12, REUSED_NAMES = 3, CALM_TRIES = 30 };

#define DAY_US ((int64_t)30 * 3600 * 1000000) /* and a little more */

struct snapshot {
	char name[20];
	struct database *of;
	uint64_t lsn;
	bool let_go; /* somebody drops it */
};

static struct {
	struct snapshot pins[PINS_MAX];
	unsigned n_pins, n_pin_names;
	unsigned n_names; /* "app", "b1", "b2", ... */
} all = { .n_names = 1 };

static void name_of(unsigned i, char out[20])
{
	if (i == 0)
		strcpy(out, "app");
	else
		snprintf(out, 20, "b%u", i);
}

const char *databases_pick(void)
{
	static char names[NAMES_MAX][20];
	const char *out = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < all.n_names; i++) {
		name_of(i, names[i]);
		if (model_name(names[i]).exists && sim_random(++n) == 0)
			out = names[i];
	}
	return out;
}

static unsigned n_there(void)
{
	char name[20];
	unsigned n = 0;

	for (unsigned i = 0; i < all.n_names; i++) {
		name_of(i, name);
		n += model_name(name).exists;
	}
	return n;
}

/* Any name that was ever used. */
static void any_name(char out[20])
{
	name_of((unsigned)sim_random(all.n_names), out);
}

/* For a database that is to be made.  False: there are enough. */
static bool new_name(char out[20])
{
	if (plan.reuse) {
		all.n_names = REUSED_NAMES;
		any_name(out);
		return true;
	}
	if (all.n_names == NAMES_MAX)
		return false;
	name_of(all.n_names++, out);
	return true;
}

bool databases_fill(sqlite3 *db)
{
	char sql[600];

	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = %u; BEGIN; CREATE TABLE acc(id INTEGER PRIMARY KEY, v INTEGER, pad);"
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO acc SELECT i, %d, printf('%%.*c', 150, 'p') FROM n;"
		 "CREATE TABLE done(id INTEGER PRIMARY KEY AUTOINCREMENT, tx INTEGER, a, b, x, mark); COMMIT",
		 plan.page_size, ACCOUNTS - 1, FIRST_BALANCE);
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* --- versions that are kept ------------------------------------------------- */

/* What is to be opened, pinned or branched. */
struct point {
	char name[60];
	struct database *of;
	uint64_t lsn;                 /* 0: the newest version */
	const struct snapshot *pinned; /* by that name */
};

static struct snapshot *any_snapshot(void)
{
	struct snapshot *s = all.n_pins > 0 ? &all.pins[sim_random(all.n_pins)] : NULL;

	return s == NULL || s->let_go ? NULL : s;
}

/* A version of the past: of a snapshot, or one that somebody has read. */
static struct point any_point(struct database *of)
{
	struct point p = { .of = of };

	p.pinned = sim_chance(500) ? any_snapshot() : NULL;
	p.of = p.pinned != NULL ? p.pinned->of : of;
	p.lsn = p.pinned != NULL ? p.pinned->lsn : model_random_lsn(of);
	if (p.pinned != NULL)
		snprintf(p.name, sizeof(p.name), "%s@%s", p.of->name, p.pinned->name);
	else if (p.lsn != 0)
		snprintf(p.name, sizeof(p.name), "%s@%" PRIu64, of->name, p.lsn);
	else
		snprintf(p.name, sizeof(p.name), "%s", of->name);
	return p;
}

/* Does it have to be there now? */
static bool is_kept(const struct point *p)
{
	if (model_dropped(p->of))
		return false;
	return p->pinned != NULL ? !p->pinned->let_go : model_is_kept(p->of, p->lsn);
}

static void pin(struct client *c)
{
	struct point p = { .of = c->reader.of };
	struct error err = ERROR_INIT;
	struct vfs_pin made;
	char name[20];

	if (all.n_pins == PINS_MAX)
		return;
	if (sim_chance(500))
		p = any_point(p.of);
	if (p.lsn == 0)
		snprintf(p.name, sizeof(p.name), "%s", c->name);
	struct name_state before = model_name(c->name);
	snprintf(name, sizeof(name), "s%u", all.n_pin_names++);
	enum vfs_rc rc = vfs_create_snapshot(c->life->store, p.name, name, &made, &err);
	sim_trace("client %u: snapshot %s of %s came to %d %s", c->number, name, p.name, rc, err.text);
	if (rc == VFS_EXISTS)
		sim_fail("a snapshot is told to exist that nobody else has made");
	if (rc == VFS_NOT_FOUND && p.lsn == 0 && plan.cache_ttl_ms == 0 && !model_was_away(c->name, before))
		sim_fail("%s cannot be pinned, it is not found", c->name);
	if (rc == VFS_NOT_FOUND && p.lsn != 0 && is_kept(&p))
		sim_fail("%s cannot be pinned, it is not found", p.name);
	if (rc != VFS_OK)
		return;
	struct snapshot *s = &all.pins[all.n_pins];
	s->of = model_find(p.lsn == 0 ? c->name : p.of->name, made.lsn);
	s->lsn = made.lsn;
	strcpy(s->name, name);
	if (s->of == NULL || (p.lsn != 0 && made.lsn != p.lsn))
		sim_fail("snapshot %s of %s is of slot %" PRIu64 ", which it is not", name, p.name, made.lsn);
	all.n_pins++;
}

static void unpin(struct client *c)
{
	struct snapshot *s = any_snapshot();
	struct error err = ERROR_INIT;

	if (s == NULL)
		return;
	s->let_go = true;
	enum vfs_rc rc = vfs_drop_snapshot(c->life->store, s->of->name, s->name, &err);
	sim_trace("client %u: drop of snapshot %s of %s came to %d %s", c->number, s->name, s->of->name, rc,
		  err.text);
	if (rc == VFS_NOT_FOUND && !model_dropped(s->of))
		sim_fail("snapshot %s of %s cannot be dropped, it is not found", s->name, s->of->name);
}

/* False: it could not be read. */
static bool read_point(struct client *c, const struct point *p)
{
	struct handle h = { NULL, p->of };
	enum vfs_rc told = VFS_OK;
	bool read = false;

	h.db = life_try_connect(c->life, p->name, &told);
	if (h.db != NULL) {
		read = sqlite3_exec(h.db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
		       model_check_past(h.db, p->of, p->lsn);
		if (!read)
			told = client_after_failure(c, &h);
		sqlite3_close(h.db);
	}
	if ((told == VFS_NOT_FOUND || (told == VFS_CORRUPT && plan.faults.damaged == 0)) && is_kept(p))
		sim_fail("%s is gone", p->name);
	return read;
}

/* What anybody has read is there as it was, until it is cleaned up; what is pinned even then. */
static void look_back(struct client *c)
{
	struct point p = any_point(c->reader.of);

	if (p.lsn != 0)
		(void)read_point(c, &p);
}

void databases_check_snapshots(struct client *c)
{
	for (unsigned i = 0; i < all.n_pins; i++) {
		const struct snapshot *s = &all.pins[i];
		struct point p = { .of = s->of, .lsn = s->lsn, .pinned = s };

		snprintf(p.name, sizeof(p.name), "%s@%s", s->of->name, s->name);
		if (is_kept(&p) && !read_point(c, &p) && is_kept(&p))
			sim_fail("snapshot %s cannot be read, and nothing is in its way", p.name);
	}
}

/* --- databases -------------------------------------------------------------- */

/* A database of that name was made, or not: what was told of it must be so. */
static void told_of_making(const char *name, struct name_state before, enum vfs_rc rc)
{
	struct name_state now = model_name(name);

	if (rc == VFS_OK && now.n_begun == before.n_begun)
		sim_fail("%s was told as made, and was not", name);
	if (rc == VFS_OK)
		model_made_told(name, before);
	if (rc == VFS_EXISTS && plan.cache_ttl_ms == 0 && !before.exists && now.n_begun == before.n_begun)
		sim_fail("%s is told to exist, and did not", name);
}

/* A branch of now or of then. */
static void make_branch(struct client *c)
{
	struct point p = { .of = c->reader.of };
	struct error err = ERROR_INIT;
	char name[20];

	if (!new_name(name))
		return;
	snprintf(p.name, sizeof(p.name), "%s", p.of->name);
	if (sim_chance(500))
		p = any_point(p.of);
	struct name_state before = model_name(name);
	enum vfs_rc rc = vfs_branch_database(c->life->store, name, p.name, &err);
	sim_trace("client %u: branch %s of %s came to %d %s", c->number, name, p.name, rc, err.text);
	told_of_making(name, before, rc);
	if (rc == VFS_NOT_FOUND && p.lsn != 0 && is_kept(&p))
		sim_fail("%s cannot be branched, it is not found", p.name);
}

void databases_create(struct client *c, const char *name)
{
	struct name_state before = model_name(name);
	struct error err = ERROR_INIT;
	enum vfs_rc rc = vfs_create_database(c->life->store, name, &err);

	sim_trace("client %u: creation of %s came to %d %s", c->number, name, rc, err.text);
	told_of_making(name, before, rc);
}

/* One is left, so that there is something to do. */
static void drop(struct client *c)
{
	struct error err = ERROR_INIT;
	char name[20];

	any_name(name);
	if (n_there() < 2)
		return;
	struct name_state before = model_name(name);
	enum vfs_rc rc = vfs_drop_database(c->life->store, name, &err);
	sim_trace("client %u: drop of %s came to %d %s", c->number, name, rc, err.text);
	struct name_state now = model_name(name);
	if (rc == VFS_OK && now.n_dropped == before.n_dropped)
		sim_fail("%s was told as dropped, and was not", name);
	if (rc == VFS_NOT_FOUND && plan.cache_ttl_ms == 0 && !model_was_away(name, before))
		sim_fail("%s cannot be dropped, it is not found", name);
	if (rc == VFS_OK)
		model_drop_told(name);
}

/* Whatever has become of the database that it was made of, a branch is what that was, and what was committed to it. */
static void look_at_another(struct client *c)
{
	const char *name = databases_pick();
	struct client other = { .life = c->life, .number = c->number };

	if (name == NULL)
		return;
	strcpy(other.name, name);
	if (client_connect(&other, &other.reader)) {
		client_read(&other, &other.reader);
		sqlite3_close(other.reader.db);
	}
}

/* What any server does in the background, at any time. */
static void keep_house(struct client *c)
{
	struct vfs_compaction compaction;
	struct vfs_clean_up cleaned;
	struct error err = ERROR_INIT;
	char name[20];
	enum vfs_rc rc;

	any_name(name);
	struct name_state before = model_name(name);
	if (sim_chance(500)) {
		rc = vfs_compact_database(c->life->store, name, NULL, NULL, &compaction, &err);
		sim_trace("client %u: compaction of %s came to %d %s", c->number, name, rc, err.text);
	} else {
		rc = vfs_clean_up_database(c->life->store, name, false, NULL, NULL, &cleaned, &err);
		sim_trace("client %u: clean-up of %s came to %d %s", c->number, name, rc, err.text);
	}
	bool damaged = rc == VFS_CORRUPT && plan.faults.damaged == 0;
	if ((rc == VFS_NOT_FOUND || damaged) && !model_was_away(name, before))
		sim_fail("a housekeeper finds %s damaged: %s", name, err.text);
}

struct housekeeper {
	struct life *life;
	const char *name;
};

/* Some time while the other one cleans up. */
static void compact_meanwhile(void *arg)
{
	const struct housekeeper *k = arg;
	struct vfs_compaction compaction;
	struct error err = ERROR_INIT;

	sim_sleep_us((int64_t)sim_random(20) * plan.faults.latency_us);
	enum vfs_rc rc = vfs_compact_database(k->life->store, k->name, NULL, NULL, &compaction, &err);
	sim_trace("compaction of %s came to %d %s", k->name, rc, err.text);
}

static void clean_up_at_last(struct client *c, struct life *other)
{
	struct housekeeper keeper = { .life = other, .name = c->name };
	struct sim_thread *compacts = sim_start(compact_meanwhile, &keeper);
	struct vfs_clean_up cleaned;
	struct error err = ERROR_INIT;
	enum vfs_rc rc = VFS_BUSY;

	for (unsigned i = 0; rc != VFS_OK && i < CALM_TRIES; i++) {
		rc = vfs_clean_up_database(c->life->store, c->name, false, NULL, NULL,
					   &cleaned, &err);
		sim_trace("clean-up of %s came to %d %s", c->name, rc, err.text);
		if (rc != VFS_OK)
			sim_sleep_us(1000000);
	}
	if (rc != VFS_OK && model_name(c->name).exists)
		sim_fail("%s cannot be cleaned up, and nothing is in the way: %s", c->name, err.text);
	sim_join(compacts);
}

void databases_grow_old(struct client *c, struct life *other, void (*write)(struct client *c))
{
	struct vfs_compaction compaction;
	struct error err = ERROR_INIT;

	sim_sleep_us(DAY_US);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < all.n_names; i++) {
			name_of(i, c->name);
			if (!model_name(c->name).exists)
				continue;
			if (round == 0)
				(void)!vfs_compact_database(c->life->store, c->name, NULL, NULL, &compaction, &err);
			write(c);
			if (round == 1)
				clean_up_at_last(c, other);
		}
		if (round == 0)
			sim_sleep_us(plan.retention_ms * 1000 + DAY_US);
	}
}

void databases_step(struct client *c)
{
	switch (sim_random(plan.branches ? 12 : 8)) {
	case 0:
	case 1:
	case 2:
		look_back(c);
		break;
	case 3:
		if (sim_chance(800))
			pin(c);
		else
			unpin(c);
		break;
	case 4:
		make_branch(c);
		break;
	case 5:
		look_at_another(c);
		break;
	case 6:
	case 7:
	case 8:
		if (plan.clean_up)
			keep_house(c);
		break;
	case 9:
		make_branch(c);
		break;
	case 10:
		if (plan.reuse && sim_chance(500)) {
			char name[20];

			(void)new_name(name);
			databases_create(c, name);
		}
		break;
	default:
		drop(c);
	}
}
