/*
 * test_gc.c - clean-up deletes what nobody needs, and nothing that somebody does
 *
 * Time passes by making every file of a local store older.
 * Licence: MIT, see LICENSE.
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/vfs/fixture.h"
#include "vfs/compact.h"
#include "vfs/file.h"
#include "vfs/floor.h"
#include "vfs/gc.h"
#include "vfs/inspect.h"
#include "vfs/pin.h"
#include "vfs/registry.h"
#include "vfs/verify.h"

#define HOUR ((int64_t)3600 * 1000000)
#define RETENTION (72 * HOUR)

static const struct compact_request ALL = { .budget = UINT64_MAX };

static struct db *db_of(sqlite3 *connection)
{
	struct handle *h = NULL;

	ck_assert_int_eq(SQLITE_OK,
			 sqlite3_file_control(connection, "main", FCNTL_PGBLOB_HANDLE, &h));
	return h->db;
}

static void compact_now(sqlite3 *connection)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(compact(db_of(connection), &ALL, NULL, &err) == VFS_OK, "%s", err.text);
}

static struct vfs_clean_up clean(struct blob_store *store, bool dry_run)
{
	struct gc_request request = { .retention_us = RETENTION, .dry_run = dry_run };
	struct error err = ERROR_INIT;
	struct vfs_clean_up done;

	ck_assert_msg(gc(store, "app", &request, &done, &err) == VFS_OK, "%s", err.text);
	return done;
}

static int64_t older_by;

static int make_older(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct timespec times[2] = { st->st_mtim, st->st_mtim };

	(void)at;
	times[0].tv_sec = times[1].tv_sec -= older_by / 1000000;
	return type == FTW_F ? utimensat(AT_FDCWD, path, times, 0) : 0;
}

static void pass_time(struct fixture *f, int64_t us)
{
	older_by = us;
	background_stop(); /* its files would come and go meanwhile */
	ck_assert_int_eq(0, nftw(f->place.url + strlen("file:"), make_older, 16, FTW_PHYS));
	vfs_test_sleep_us += us;
}

/* The content of the version of slot `lsn`, as an opener with nothing but the store reads it; 0: it does not open. */
static uint64_t hash_of_version(uint64_t lsn)
{
	uint64_t hash = 0;
	char uri[64];
	sqlite3 *db;

	registry_forget_idle();
	snprintf(uri, sizeof(uri), "file:app%%40%" PRIu64 "?vfs=pgblob", lsn);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK) {
		integrity_check(db);
		ck_assert_int_eq((int64_t)lsn, query_int(db, "PRAGMA pgblob_lsn"));
		hash = content_hash(db);
	}
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
	return hash;
}

/* Versions, and when each was made. */
struct past {
	uint64_t lsn, hash;
	int64_t at_us;
};

static struct past version_now(struct fixture *f, int64_t at_us)
{
	return (struct past){
		.lsn = (uint64_t)query_int(f->db, "PRAGMA pgblob_lsn"),
		.hash = content_hash(f->db),
		.at_us = at_us,
	};
}

static void fill(sqlite3 *db)
{
	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c); CREATE INDEX i ON t(b)");
	exec(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<400) "
		 "INSERT INTO t SELECT i, i * 7919 % 10007, hex(randomblob(200)) FROM n");
}

static void change(sqlite3 *db, uint32_t *seed, int n)
{
	for (int i = 0; i < n; i++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "UPDATE t SET b = %u, c = hex(randomblob(%u)) WHERE a = %u",
			 rnd(seed, 10000), rnd(seed, 400), rnd(seed, 400) + 1);
		exec(db, sql);
	}
}

START_TEST(every_retained_version_opens_and_the_rest_goes)
{
	struct past versions[200];
	size_t n = 0, opened = 0;
	uint32_t seed = 4711;
	struct vfs_clean_up sum = { 0 };
	int64_t now_us = 0;
	struct fixture f;

	fixture_open(&f);
	fill(f.db);
	for (int round = 0; round < 24; round++) {
		change(f.db, &seed, (int)rnd(&seed, 6) + 1);
		versions[n++] = version_now(&f, now_us);
		if (rnd(&seed, 3) != 0)
			compact_now(f.db);
		if (round % 5 == 2)
			fixture_restart(&f);
		int64_t step = (int64_t)rnd(&seed, 20) * HOUR;
		pass_time(&f, step);
		now_us += step;
		struct vfs_clean_up would = clean(f.inner, true);
		struct vfs_clean_up done = clean(f.inner, false);
		ck_assert_int_eq(0, memcmp(&would, &done, sizeof(done)));
		sum.slots.n += done.slots.n;
		sum.segments.n += done.segments.n;
		sum.manifests.n += done.manifests.n;
		for (size_t i = round % 4; i < n; i += 4) {
			/* the newest of its time at some time that is retained */
			if (i + 1 < n && versions[i + 1].at_us < now_us - RETENTION)
				continue;
			ck_assert_msg(hash_of_version(versions[i].lsn) == versions[i].hash,
				      "round %d: version %zu", round, i);
			opened++;
		}
		ck_assert_uint_eq(versions[n - 1].hash, content_hash(f.db));
	}
	ck_assert_uint_gt(opened, 40);
	ck_assert_uint_gt(sum.slots.n, 10);
	ck_assert_uint_gt(sum.segments.n, 5);
	ck_assert_uint_gt(sum.manifests.n, 5);
	/* what was deleted is told as that, or not there */
	ck_assert_uint_eq(0, hash_of_version(versions[0].lsn));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

/* The branch point of `name`; false: there is none. */
static bool pin_of(struct fixture *f, const char *name, struct pin *out)
{
	struct error err = ERROR_INIT;
	struct pin *pins;
	bool found = false;
	size_t n;

	ck_assert_msg(pin_list(f->inner, "app", &pins, &n, &err) == VFS_OK, "%s", err.text);
	for (size_t i = 0; i < n; i++)
		if (strcmp(pins[i].name, name) == 0) {
			*out = pins[i];
			found = true;
		}
	free(pins);
	return found;
}

/* Whoever made a branch of the newest version died behind its pin. */
static void begin_branch(struct fixture *f, const char *name)
{
	struct pin pin = { .kind = PIN_BRANCH, .child_lsn = 1 };
	struct error err = ERROR_INIT;
	struct version *v = db_pin_durable(db_of(f->db));

	pin.lsn = v->lsn;
	memcpy(pin.db_id, v->db_id, ID_LEN);
	memcpy(pin.hash, v->hash, HASH_LEN);
	db_unpin(db_of(f->db), v);
	memset(pin.child_id, 7, ID_LEN);
	strcpy(pin.name, name);
	ck_assert_msg(pin_create(f->inner, "app", &pin, &err) == VFS_OK, "%s", err.text);
}

/* Something to clean up: old versions, an orphan branch point, a retained version, the newest. */
static void make_past(struct fixture *f, struct past *retained, uint32_t seed)
{
	fill(f->db);
	for (int i = 0; i < 3; i++) {
		exec(f->db, "UPDATE t SET c = hex(randomblob(200)) WHERE a % 3 > 0");
		if (i == 0)
			begin_branch(f, "ghost");
		compact_now(f->db);
		pass_time(f, 30 * HOUR);
	}
	change(f->db, &seed, 2);
	*retained = version_now(f, 0);
	pass_time(f, 70 * HOUR);
	change(f->db, &seed, 2);
}

START_TEST(clean_up_that_failed_or_crashed_goes_on_the_next_time)
{
	struct gc_request request = { .retention_us = RETENTION };
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct error err = ERROR_INIT;
		struct vfs_clean_up done;
		struct past retained;
		struct fixture f;

		fixture_open(&f);
		make_past(&f, &retained, nth + 1);
		uint64_t newest = content_hash(f.db);
		struct vfs_clean_up would = clean(f.inner, true);
		ck_assert_uint_gt(would.segments.n * would.slots.n * would.manifests.n * would.pins.n, 0);
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		enum vfs_rc rc = gc(f.faults, "app", &request, &done, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(rc == VFS_OK || (hit && err.set), "request %u: %s", nth, err.text);
		ck_assert_uint_eq(newest, content_hash(f.db));
		ck_assert_uint_eq(retained.hash, hash_of_version(retained.lsn));
		(void)clean(f.inner, false);
		would = clean(f.inner, true);
		ck_assert_uint_eq(0, would.segments.n + would.slots.n + would.manifests.n + would.pins.n);
		ck_assert_uint_eq(retained.hash, hash_of_version(retained.lsn));
		fixture_restart(&f);
		ck_assert_uint_eq(newest, content_hash(f.db));
		vfs_test_sleep_us = 0;
		fixture_close(&f);
	}
}
END_TEST

static void *clean_thread(void *arg)
{
	struct gc_request request = { .retention_us = RETENTION };
	struct vfs_clean_up done;

	/* it may meet what the other has deleted: then the other goes on */
	(void)!gc(arg, "app", &request, &done, NULL);
	return NULL;
}

START_TEST(several_at_once_do_no_harm)
{
	pthread_t threads[3];
	struct past retained;
	struct fixture f;

	fixture_open(&f);
	make_past(&f, &retained, 3);
	uint64_t newest = content_hash(f.db);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert_int_eq(0, pthread_create(&threads[i], NULL, clean_thread, f.inner));
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	(void)clean(f.inner, false);
	ck_assert_uint_eq(newest, content_hash(f.db));
	ck_assert_uint_eq(retained.hash, hash_of_version(retained.lsn));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(snapshot_is_read_as_long_as_it_is_retained)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .cache_bytes = 1 << 16 };
	uint32_t seed = 9;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	fill(f.db);
	compact_now(f.db);
	sqlite3 *reader = connect_to("app", NULL);
	exec(reader, "PRAGMA cache_size=1; BEGIN");
	uint64_t hash = content_hash(reader);
	for (int i = 0; i < 4; i++) {
		change(f.db, &seed, 100);
		compact_now(f.db);
		pass_time(&f, 20 * HOUR);
		(void)clean(f.inner, false);
		ck_assert_uint_eq(hash, content_hash(reader));
	}
	for (int i = 0; i < 8; i++) {
		pass_time(&f, 20 * HOUR);
		change(f.db, &seed, 100);
		compact_now(f.db);
		(void)clean(f.inner, false);
	}
	/* too old: what it was, or an error that says what is missing, and the connection goes on */
	struct error err = ERROR_INIT;
	if (try_exec(reader, "SELECT sum(length(c)) FROM t") == SQLITE_OK) {
		ck_assert_uint_eq(hash, content_hash(reader));
	} else {
		ck_assert_int_eq(VFS_CORRUPT, vfs_last_error(reader, &err));
		ck_assert_msg(strstr(err.text, "is missing") != NULL &&
				      strstr(err.hint, "retention") != NULL,
			      "%s", err.text);
	}
	(void)try_exec(reader, "ROLLBACK");
	ck_assert_uint_eq(content_hash(f.db), content_hash(reader));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(reader));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(writer_that_slept_loses_against_what_was_cleaned_up)
{
	struct vfs_config config = { .commit_timeout_ms = 2000 };
	uint32_t seed = 9;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	fill(f.db);
	exec(f.db, "BEGIN IMMEDIATE; UPDATE t SET b = -1 WHERE a = 1");
	sqlite3 *other = connect_elsewhere(&f, "app");
	for (int i = 0; i < 8; i++) {
		change(other, &seed, 4);
		compact_now(other);
		pass_time(&f, 30 * HOUR);
	}
	struct vfs_clean_up done = clean(f.inner, false);
	ck_assert_uint_gt(done.slots.n, 4); /* that of the commit among them */
	uint64_t hash = content_hash(other);
	ck_assert_int_ne(SQLITE_OK, try_exec(f.db, "COMMIT"));
	ck_assert_int_eq(VFS_LOST, vfs_last_error(f.db, NULL));
	ck_assert_uint_eq(hash, content_hash(f.db));
	exec(f.db, "UPDATE t SET b = -1 WHERE a = 1");
	ck_assert_int_eq(-1, query_int(other, "SELECT b FROM t WHERE a = 1"));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(other));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(pins_keep_what_they_name)
{
	struct buf pin = BUF_INIT(64);
	struct error err = ERROR_INIT;
	uint32_t seed = 12;
	struct fixture f;

	fixture_open(&f);
	fill(f.db);
	compact_now(f.db);
	change(f.db, &seed, 5);
	struct past kept = version_now(&f, 0);
	change(f.db, &seed, 3);
	struct past behind = version_now(&f, 0);
	buf_put(&pin, "PGBP\0\1\1\0", 8);
	buf_put_u64(&pin, kept.lsn);
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, "app/pin/s", &pin, NULL, &err));
	for (int i = 0; i < 8; i++) {
		compact_now(f.db);
		pass_time(&f, 30 * HOUR);
		change(f.db, &seed, 50);
		(void)clean(f.inner, false);
	}
	ck_assert_uint_eq(kept.hash, hash_of_version(kept.lsn));
	/* one that a newer version made: nothing is known of it */
	pin.data[5] = 9;
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, "app/pin/u", &pin, NULL, &err));
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, "app/pin/s", &err));
	struct vfs_clean_up would = clean(f.inner, true);
	ck_assert_uint_eq(0, would.slots.n + would.segments.n + would.manifests.n);
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, "app/pin/u", &err));
	would = clean(f.inner, false);
	ck_assert_uint_gt(would.slots.n, 0);
	ck_assert_uint_eq(0, hash_of_version(kept.lsn));
	ck_assert_uint_eq(0, hash_of_version(behind.lsn));
	buf_free(&pin);
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

START_TEST(orphans_go_when_they_are_a_day_old)
{
	struct buf body = BUF_INIT(64);
	struct error err = ERROR_INIT;
	struct past retained;
	struct fixture f;

	fixture_open(&f);
	make_past(&f, &retained, 5);
	(void)clean(f.inner, false);
	buf_put(&body, "x", 1);
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, "app/seg/000102030405060708090a0b0c0d0e0f", &body,
					      NULL, &err));
	ck_assert_uint_eq(0, clean(f.inner, true).segments.n);
	for (int i = 0; i < 5; i++) {
		pass_time(&f, 30 * HOUR);
		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 5");
		compact_now(f.db);
	}
	ck_assert_uint_gt(clean(f.inner, false).segments.n, 0);
	struct blob_info info;
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_head(f.inner, "app/seg/000102030405060708090a0b0c0d0e0f",
						   &info, &err));
	buf_free(&body);
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

static void branch(struct fixture *f, const char *name)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(vfs_branch_database(f->faults, name, "app", &err) == VFS_OK, "%s", err.text);
}

static uint64_t hash_of(const char *name)
{
	sqlite3 *db = connect_to(name, NULL);
	uint64_t hash = content_hash(db);

	integrity_check(db);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
	return hash;
}

/* Its first slot; what others remember of it is forgotten. */
static void flip_byte(struct fixture *f, const char *name, long at)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/log/%016x", f->place.url + strlen("file:"), name, 1);
	int fd = open(path, O_RDWR);
	char byte;
	ck_assert(fd >= 0 && pread(fd, &byte, 1, at) == 1);
	byte ^= 1;
	ck_assert(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
	registry_forget_idle();
}

START_TEST(orphan_branch_points_go_when_they_are_a_day_old)
{
	struct error err = ERROR_INIT;
	struct past begun;
	uint32_t seed = 8;
	struct pin ghost, of_b;
	struct fixture f;

	fixture_open(&f);
	fill(f.db);
	compact_now(f.db);
	change(f.db, &seed, 5);
	branch(&f, "b");
	uint64_t hash_of_b = hash_of("b");
	change(f.db, &seed, 5);
	branch(&f, "c");
	change(f.db, &seed, 5);
	begun = version_now(&f, 0);
	begin_branch(&f, "ghost");
	ck_assert_uint_eq(0, clean(f.inner, false).pins.n);
	flip_byte(&f, "c", 70);
	for (int i = 0; i < 5; i++) {
		pass_time(&f, 30 * HOUR);
		change(f.db, &seed, 20);
		compact_now(f.db);
	}
	/* that of a branch that cannot be read stays, and what it may need */
	ck_assert_uint_eq(1, clean(f.inner, true).pins.n);
	ck_assert_uint_eq(1, clean(f.inner, false).pins.n);
	ck_assert(!pin_of(&f, "ghost", &ghost) && pin_of(&f, "c", &ghost) && pin_of(&f, "b", &of_b));
	ck_assert_uint_eq(0, hash_of_version(begun.lsn));
	flip_byte(&f, "c", 70);
	(void)hash_of("c");
	ck_assert_uint_eq(hash_of_b, hash_of("b"));
	/* a DROP that stopped before its last step */
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "b", &err));
	ck_assert(!pin_of(&f, "b", &of_b));
	ck_assert_int_eq(VFS_OK, pin_create(f.inner, "app", &of_b, &err));
	ck_assert_uint_eq(0, clean(f.inner, false).pins.n);
	pass_time(&f, 30 * HOUR);
	ck_assert_uint_eq(1, clean(f.inner, false).pins.n);
	ck_assert(!pin_of(&f, "b", &of_b) && pin_of(&f, "c", &ghost));
	/* the name of the one that was never there is free */
	branch(&f, "ghost");
	ck_assert_uint_eq(content_hash(f.db), hash_of("ghost"));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

static void no_damage(void *arg, const char *key, const char *text, uint64_t pages_lost)
{
	(void)arg;
	(void)pages_lost;
	ck_abort_msg("%s: %s", key != NULL ? key : "", text);
}

/* The newest pages of the parent are deltas, whose bases lie in older objects. */
enum deed { PIN_OLD, BRANCH_OF_PINNED, RESTORE_OLD, PIN_NEWEST, N_DEEDS };

/* What another machine does while clean-up is under way, or asleep. */
struct meanwhile {
	struct fixture *f;
	struct past old;      /* from before the retention */
	enum deed deed;
	enum vfs_rc rc;       /* of what it did */
	char name[30];        /* of what holds the version then */
	uint64_t hash;        /* that version */
};

static void do_meanwhile(void *arg)
{
	struct meanwhile *m = arg;
	struct error err = ERROR_INIT;
	char old[32];

	snprintf(old, sizeof(old), "app@%" PRIu64, m->old.lsn);
	m->hash = m->old.hash;
	switch (m->deed) {
	case PIN_OLD:
		strcpy(m->name, "app@s");
		m->rc = vfs_create_snapshot(m->f->inner, old, "s", NULL, &err);
		break;
	case BRANCH_OF_PINNED:
		strcpy(m->name, "b");
		m->rc = vfs_branch_database(m->f->inner, "b", "app@p", &err);
		ck_assert_int_eq(VFS_OK, vfs_drop_snapshot(m->f->inner, "app", "p", &err));
		break;
	case RESTORE_OLD:
		strcpy(m->name, "app");
		m->rc = vfs_restore_database(m->f->inner, "app", old + strlen("app@"), NULL, &err);
		break;
	default: /* and then clean-up sleeps until it is old */
		strcpy(m->name, "app@s");
		m->rc = vfs_create_snapshot(m->f->inner, "app", "s", NULL, &err);
		m->hash = hash_of("app");
		for (int i = 0; i < 4; i++) {
			pass_time(m->f, 50 * HOUR);
			exec(m->f->db, "UPDATE t SET c = hex(randomblob(200))");
			compact_now(m->f->db);
		}
	}
}

/* A version that clean-up takes, with a manifest and slots of its own, and what is retained. */
static void make_old_version(struct meanwhile *m)
{
	struct error err = ERROR_INIT;
	uint32_t seed = 3;

	fill(m->f->db);
	for (int i = 0; i < 3; i++) {
		exec(m->f->db, "UPDATE t SET c = hex(randomblob(200)) WHERE a % 3 > 0");
		compact_now(m->f->db);
		change(m->f->db, &seed, 3);
		if (i == 0) {
			m->old = version_now(m->f, 0);
			if (m->deed == BRANCH_OF_PINNED)
				ck_assert_int_eq(VFS_OK, vfs_create_snapshot(m->f->inner, "app", "p", NULL, &err));
			change(m->f->db, &seed, 3);
		}
		pass_time(m->f, 30 * HOUR);
	}
	pass_time(m->f, 70 * HOUR);
	change(m->f->db, &seed, 3);
}

/*
 * Before (_i even) or behind each request of a clean-up somebody pins a version that it is about to
 * take.  What he is told as pinned is there, also after that clean-up, and the next.
 */
START_TEST(what_is_told_as_pinned_stays_whenever_clean_up_has_looked)
{
	struct gc_request request = { .retention_us = RETENTION };
	unsigned n_pinned = 0, n_refused = 0;
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct meanwhile m = { .deed = (enum deed)(_i / 2) };
		struct error err = ERROR_INIT;
		struct vfs_clean_up done;
		struct fixture f;

		fixture_open(&f);
		m.f = &f;
		make_old_version(&m);
		fault_set_hook(f.faults, do_meanwhile, &m);
		fault_arm(f.faults, nth, _i % 2 == 0 ? FAULT_HOOK : FAULT_HOOK_AFTER);
		enum vfs_rc rc = gc(f.faults, "app", &request, &done, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(rc == VFS_OK || rc == VFS_BUSY, "request %u: %s", nth, err.text);
		if (hit && m.rc == VFS_OK) {
			ck_assert_msg(hash_of(m.name) == m.hash, "request %u: taken away", nth);
			(void)clean(f.inner, false);
			ck_assert_msg(hash_of(m.name) == m.hash, "request %u: taken away later", nth);
			n_pinned++;
		} else if (hit) {
			ck_assert_int_eq(VFS_NOT_FOUND, m.rc);
			n_refused++;
		}
		vfs_test_sleep_us = 0;
		fixture_close(&f);
	}
	ck_assert_uint_gt(n_pinned, 5);
	/* of a version that nobody had pinned clean-up is sure in the end */
	ck_assert((n_refused > 0) == (_i / 2 == PIN_OLD || _i / 2 == RESTORE_OLD));
}
END_TEST

START_TEST(damaged_floors_are_refused)
{
	uint64_t kept[] = { 3, 8 };
	struct floor floor = { .number = 4, .announced = true, .lsn = 20, .decided_lsn = 10,
			       .kept = kept, .n_kept = 2 };
	struct buf b = BUF_INIT(4096);
	struct floor out;

	floor_put(&b, &floor);
	ck_assert(floor_parse((const uint8_t *)b.data, b.len, "f", &out, NULL));
	ck_assert(out.announced && out.number == 4 && out.lsn == 20 && out.decided_lsn == 10);
	ck_assert(out.n_kept == 2 && out.kept[0] == 3 && out.kept[1] == 8);
	floor_free(&out);
	for (size_t i = 0; i < b.len; i++) {
		ck_assert(!floor_parse((const uint8_t *)b.data, i, "f", &out, NULL));
		b.data[i] = (char)(b.data[i] ^ 4);
		ck_assert(!floor_parse((const uint8_t *)b.data, b.len, "f", &out, NULL));
		b.data[i] = (char)(b.data[i] ^ 4);
	}
	buf_free(&b);
	/* what no clean-up says, with a checksum that holds */
	kept[1] = 10;
	floor_put(&b, &floor);
	ck_assert(!floor_parse((const uint8_t *)b.data, b.len, "f", &out, NULL));
	buf_free(&b);
}
END_TEST

static void announce(struct fixture *f, uint64_t lsn, struct floor *out)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(floor_announce(f->inner, "x", lsn, out, &err) == VFS_OK, "%s", err.text);
}

static enum vfs_rc decide(struct fixture *f, struct floor *floor)
{
	struct gc_pins pins = { .n = 0 };
	struct error err = ERROR_INIT;

	ck_assert_int_eq(VFS_OK, gc_pins_read(f->inner, "x", &pins, &err));
	enum vfs_rc rc = floor_decide(f->inner, "x", &pins, floor, &err);
	gc_pins_free(&pins);
	floor_free(floor);
	return rc;
}

static void clean_to(struct fixture *f, uint64_t lsn)
{
	struct floor floor;

	announce(f, lsn, &floor);
	ck_assert_int_eq(VFS_OK, decide(f, &floor));
}

static bool admits(struct fixture *f, uint64_t lsn)
{
	struct error err = ERROR_INIT;
	enum vfs_rc rc = floor_check(f->inner, "x", lsn, &err);

	ck_assert_msg(rc == VFS_OK || rc == VFS_NOT_FOUND, "%s", err.text);
	return rc == VFS_OK;
}

static struct pin pin_on(struct fixture *f, uint64_t lsn)
{
	struct pin pin = { .kind = PIN_SNAPSHOT, .lsn = lsn };
	struct error err = ERROR_INIT;

	snprintf(pin.name, sizeof(pin.name), "s%" PRIu64, lsn);
	ck_assert_int_eq(VFS_OK, pin_create(f->inner, "x", &pin, &err));
	return pin;
}

START_TEST(floors_name_what_was_pinned_in_time)
{
	struct error err = ERROR_INIT;
	struct floor floor;
	struct fixture f;

	fixture_open(&f);
	ck_assert(admits(&f, 1));
	struct pin early = pin_on(&f, 30);
	clean_to(&f, 20);
	ck_assert(admits(&f, 20) && !admits(&f, 19));
	struct pin late = pin_on(&f, 19);
	clean_to(&f, 40);
	/* a pin that came too late is not named behind it either */
	ck_assert(admits(&f, 30) && !admits(&f, 19) && !admits(&f, 35));
	ck_assert_int_eq(VFS_OK, pin_delete(f.inner, "x", &late, &err));
	/* a floor never falls, and a version is named as long as it is pinned */
	clean_to(&f, 25);
	ck_assert(admits(&f, 30) && !admits(&f, 29) && admits(&f, 40));
	ck_assert_int_eq(VFS_OK, pin_delete(f.inner, "x", &early, &err));
	ck_assert(admits(&f, 30));
	clean_to(&f, 40);
	ck_assert(!admits(&f, 30));
	/* whoever asks behind an announcement decides it, and who made it deletes nothing */
	(void)pin_on(&f, 45);
	announce(&f, 50, &floor);
	ck_assert(admits(&f, 45) && !admits(&f, 46));
	ck_assert_int_eq(VFS_LOST, decide(&f, &floor));
	/* nor does he if he slept until his number was free again */
	announce(&f, 60, &floor);
	clean_to(&f, 70);
	ck_assert_int_eq(VFS_LOST, decide(&f, &floor));
	ck_assert(!admits(&f, 65) && admits(&f, 70) && admits(&f, 45));
	clean_to(&f, 80);
	ck_assert(admits(&f, 45) && !admits(&f, 70));
	fixture_close(&f);
}
END_TEST

static void create_again(void *arg)
{
	struct fixture *f = arg;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(VFS_OK, vfs_create_database(f->inner, "app", &err));
	ck_assert_msg(vfs_create_snapshot(f->inner, "app", "s", NULL, &err) == VFS_OK, "%s", err.text);
}

/* A DROP was killed before it deleted the snapshot, which clean-up does; meanwhile its name is used again. */
START_TEST(snapshot_of_a_dropped_database_goes_and_not_that_of_the_next)
{
	struct gc_request request = { .retention_us = RETENTION };
	unsigned n_gone = 0;
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct error err = ERROR_INIT;
		struct vfs_clean_up done;
		struct pin left = { .lsn = 0 };
		struct fixture f;

		fixture_open(&f);
		fill(f.db);
		ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.inner, "app", "s", NULL, &err));
		ck_assert(pin_of(&f, "s", &left));
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
		ck_assert_int_eq(VFS_OK, vfs_drop_database(f.inner, "app", &err));
		ck_assert_int_eq(VFS_OK, pin_create(f.inner, "app", &left, &err));
		pass_time(&f, 30 * HOUR);
		fault_set_hook(f.faults, create_again, &f);
		fault_arm(f.faults, nth, FAULT_HOOK);
		enum vfs_rc rc = gc(f.faults, "app", &request, &done, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(rc == VFS_OK || rc == VFS_BUSY, "request %u: %s", nth, err.text);
		n_gone += done.pins.n > 0;
		if (!hit)
			create_again(&f);
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(connect_to("app@s", NULL)));
		f.db = connect_to("app", NULL);
		vfs_test_sleep_us = 0;
		fixture_close(&f);
	}
	ck_assert_uint_gt(n_gone, 2);
}
END_TEST

START_TEST(branch_of_deltas_outlives_its_parent)
{
	const struct vfs_verify_options all = { .percent = 100, .sql = true, .threads = 2 };
	struct vfs_verify_result result;
	struct error err = ERROR_INIT;
	uint32_t seed = 3;
	struct fixture f;

	fixture_open(&f);
	fill(f.db);
	/* behind a large commit's segment, or compaction's, or neither */
	if (_i > 0)
		exec(f.db, "INSERT INTO t SELECT a + 1000, b, hex(randomblob(3000)) FROM t");
	if (_i > 1)
		compact_now(f.db);
	for (int i = 0; i < 40; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "UPDATE t SET b = b + 1 WHERE a = %u", rnd(&seed, 400) + 1);
		exec(f.db, sql);
	}
	uint64_t hash = content_hash(f.db);
	branch(&f, "b");
	change(f.db, &seed, 60);
	compact_now(f.db);
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	for (int i = 0; i < 4; i++) {
		pass_time(&f, 60 * HOUR);
		(void)clean(f.inner, false);
	}
	vfs_deinit();
	fixture_start(&f);
	ck_assert_int_eq(VFS_OK, vfs_verify(f.faults, "b", &all, no_damage, NULL, NULL, &result, &err));
	ck_assert_uint_eq(0, result.damaged);
	ck_assert_uint_eq(result.pages_in_all, result.pages);
	ck_assert_uint_eq(hash, hash_of("b"));
	/* and when the branch has gone its own way there is nothing left of the parent */
	sqlite3 *b = connect_to("b", NULL);
	compact_now(b);
	change(b, &seed, 5);
	hash = content_hash(b);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(b));
	ck_assert_uint_eq(hash, hash_of("b"));
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "b", &err));
	pass_time(&f, 60 * HOUR);
	(void)clean(f.inner, false);
	ck_assert_uint_eq(0, clean(f.inner, true).segments.n);
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

/* _i: 1 if there is a manifest that is old enough. */
START_TEST(drop_leaves_the_slots_that_an_opener_reads)
{
	struct error err = ERROR_INIT;
	struct blob_info info;
	char key[KEY_MAX];
	uint32_t seed = 1;
	struct fixture f;

	fixture_open(&f);
	fill(f.db);
	change(f.db, &seed, 3);
	if (_i == 1)
		compact_now(f.db);
	uint64_t folded = _i == 1 ? (uint64_t)query_int(f.db, "PRAGMA pgblob_lsn") : 0;
	change(f.db, &seed, 3);
	uint64_t last = (uint64_t)query_int(f.db, "PRAGMA pgblob_lsn");
	ck_assert_uint_lt(folded, last);
	pass_time(&f, 2 * HOUR);
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	for (uint64_t lsn = 1; lsn <= last; lsn++) {
		key_slot(key, "app", lsn);
		ck_assert_int_eq(lsn <= folded ? BLOB_NOT_FOUND : BLOB_OK,
				 blob_head(f.inner, key, &info, &err));
		error_clear(&err);
	}
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

static struct vfs_clean_up clean_folder(struct fixture *f, const char *name, bool dry_run)
{
	struct gc_request request = { .retention_us = RETENTION, .dry_run = dry_run };
	struct error err = ERROR_INIT;
	struct vfs_clean_up done;

	ck_assert_msg(gc(f->inner, name, &request, &done, &err) == VFS_OK, "%s", err.text);
	return done;
}

static void put_segment(struct fixture *f, const char *folder, unsigned n)
{
	struct buf body = BUF_INIT(64);
	char key[128];

	buf_put(&body, "x", 1);
	snprintf(key, sizeof(key), "%s/seg/%032x", folder, n);
	ck_assert_int_eq(BLOB_OK, blob_create(f->inner, key, &body, NULL, NULL));
	buf_free(&body);
}

START_TEST(what_a_killed_import_left_goes_when_nothing_came_for_a_day)
{
	struct vfs_database_list folders;
	struct error err = ERROR_INIT;
	struct blob_info info;
	struct fixture f;

	fixture_open(&f);
	ck_assert(clean_folder(&f, "imp", false).empty);
	put_segment(&f, "imp", 1);
	put_segment(&f, "imp", 2);
	pass_time(&f, 30 * HOUR);
	put_segment(&f, "imp", 3);
	struct buf body = BUF_INIT(64);
	buf_put(&body, "x", 1);
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, "imp/seg/not-ours", &body, NULL, &err));
	/* it is still at work */
	ck_assert_uint_eq(0, clean_folder(&f, "imp", false).segments.n);
	pass_time(&f, 30 * HOUR);
	ck_assert_int_eq(VFS_OK, vfs_list_folders(f.inner, &folders, &err));
	ck_assert_uint_eq(2, folders.n_names);
	ck_assert_str_eq("app", folders.names[0]);
	ck_assert_str_eq("imp", folders.names[1]);
	vfs_database_list_free(&folders);
	ck_assert_uint_eq(3, clean_folder(&f, "imp", true).segments.n);
	ck_assert_uint_eq(3, clean_folder(&f, "imp", false).segments.n);
	ck_assert_uint_eq(0, clean_folder(&f, "imp", false).segments.n);
	ck_assert_int_eq(BLOB_OK, blob_head(f.inner, "imp/seg/not-ours", &info, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "imp", &err));
	/* and one that came to a database that was dropped */
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "imp", &err));
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "imp", &err));
	put_segment(&f, "imp", 4);
	ck_assert_uint_eq(0, clean_folder(&f, "imp", false).segments.n);
	pass_time(&f, 30 * HOUR);
	ck_assert_uint_eq(1, clean_folder(&f, "imp", true).segments.n);
	ck_assert_uint_eq(1, clean_folder(&f, "imp", false).segments.n);
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "imp", &err));
	/* what is there keeps its own */
	put_segment(&f, "imp", 5);
	pass_time(&f, 30 * HOUR);
	ck_assert_uint_eq(0, clean_folder(&f, "imp", false).segments.n);
	buf_free(&body);
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

static void sleep_and_clean(void *arg)
{
	struct fixture *f = arg;

	pass_time(f, 30 * HOUR);
	(void)clean_folder(f, "imp", false);
}

/* Whoever imports sleeps before or behind one of his uploads, and clean-up takes his segments for nobody's. */
START_TEST(import_that_slept_for_a_day_is_whole_or_refused)
{
	char path[] = "/tmp/pgblob-import-XXXXXX";
	unsigned made = 0, refused = 0;
	struct error err = ERROR_INIT;
	sqlite3 *file;
	bool hit = true;

	int fd = mkstemp(path);
	ck_assert(fd >= 0 && close(fd) == 0);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open_v2(path, &file, SQLITE_OPEN_READWRITE, "unix"));
	exec(file, "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000) "
		   "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	uint64_t hash = content_hash(file);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(file));
	for (unsigned nth = 1; hit; nth++) {
		struct fixture f;

		fixture_open(&f);
		fault_set_hook(f.faults, sleep_and_clean, &f);
		fault_arm_only(f.faults, nth, _i == 0 ? FAULT_HOOK : FAULT_HOOK_AFTER, FAULT_OP_CREATE);
		enum vfs_rc rc = vfs_import(f.faults, "imp", path, NULL, NULL, &err);
		hit = fault_disarm(f.faults);
		if (rc == VFS_OK) {
			sqlite3 *db = connect_elsewhere(&f, "imp");
			ck_assert_uint_eq(hash, content_hash(db));
			integrity_check(db);
			ck_assert_int_eq(SQLITE_OK, sqlite3_close(db));
			made++;
		} else {
			ck_assert_int_eq(VFS_EXISTS, rc);
			ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.inner, "imp", &err));
			refused++;
		}
		vfs_test_sleep_us = 0;
		fixture_close(&f);
	}
	/* a segment that is uploaded later saves those before it, if the others are not too old */
	ck_assert(made > 0 && refused > 0);
	unlink(path);
}
END_TEST

START_TEST(dropped_database_is_cleaned_up)
{
	struct error err = ERROR_INIT;
	struct past retained;
	struct fixture f;

	fixture_open(&f);
	make_past(&f, &retained, 5);
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "app", &err));
	pass_time(&f, 200 * HOUR);
	(void)clean(f.inner, false);
	struct vfs_clean_up would = clean(f.inner, true);
	ck_assert_uint_eq(0, would.slots.n + would.segments.n + would.manifests.n);
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_database_exists(f.faults, "app", &err));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
	f.db = connect_to("app", NULL);
	exec(f.db, "CREATE TABLE t(a)");
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

/* DROP is killed at each request: of what was dropped a manifest is left in the end. */
START_TEST(drop_that_was_killed_is_finished)
{
	unsigned dropped = 0;
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct error err = ERROR_INIT;
		struct vfs_usage usage;
		struct fixture f;

		fixture_open(&f);
		fill(f.db);
		if (_i == 1) {
			exec(f.db, "INSERT INTO t SELECT a + 1000, b, hex(randomblob(3000)) FROM t");
			compact_now(f.db);
			exec(f.db, "UPDATE t SET b = 0 WHERE a = 7");
		}
		uint64_t hash = content_hash(f.db);
		fault_arm(f.faults, nth, FAULT_STICKY);
		(void)!vfs_drop_database(f.faults, "app", &err);
		hit = fault_disarm(f.faults);
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
		vfs_deinit();
		fixture_start(&f);
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.db));
		bool there = vfs_database_exists(f.inner, "app", &err) == VFS_OK;
		for (int i = 0; i < 3; i++) {
			pass_time(&f, 100 * HOUR);
			(void)clean(f.inner, false);
		}
		ck_assert_int_eq(VFS_OK, vfs_inspect_usage(f.inner, "app", &usage, &err));
		if (there) {
			ck_assert_uint_eq(hash, hash_of("app"));
		} else {
			/* and the slot that clean-up took, if there were segments to abandon */
			ck_assert_uint_le(usage.slots.n, 1);
			ck_assert_uint_eq(0, usage.segments.n + usage.pins.n);
			ck_assert_uint_eq(1, usage.manifests.n);
			ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "app", &err));
			dropped++;
		}
		vfs_test_sleep_us = 0;
		f.db = connect_to("app", NULL);
		fixture_close(&f);
	}
	ck_assert_uint_gt(dropped, 3);
}
END_TEST

/* A server that has nothing to do makes no requests. */
static bool is_quiet(struct fixture *f)
{
	uint64_t before = fault_get_counts(f->faults).all;

	usleep(200000);
	return fault_get_counts(f->faults).all == before;
}

START_TEST(server_cleans_up_behind_a_compaction)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .housekeeping = true,
				     .retention_ms = RETENTION / 1000 };
	struct vfs_clean_up would;
	struct past retained;
	struct fixture f;
	int tries = 0;

	fixture_open_with(&f, 0, &config);
	make_past(&f, &retained, 5);
	uint32_t seed = 8;
	change(f.db, &seed, 70); /* one of them is a multiple of 64 */
	do {
		would = clean(f.inner, true);
		usleep(20000);
	} while (would.segments.n + would.slots.n + would.manifests.n + would.pins.n > 0 && tries++ < 5000);
	ck_assert_uint_eq(0, would.segments.n + would.slots.n + would.manifests.n + would.pins.n);
	ck_assert_uint_eq(retained.hash, hash_of_version(retained.lsn));
	/* its last requests may be under way; and then there is nothing to do */
	for (tries = 0; tries < 100 && !is_quiet(&f); tries++)
		;
	ck_assert(is_quiet(&f));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

int main(void)
{
	store_kinds_init();

	Suite *suite = suite_create("gc");
	TCase *tc = tcase_create("gc");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, every_retained_version_opens_and_the_rest_goes);
	tcase_add_loop_test(tc, clean_up_that_failed_or_crashed_goes_on_the_next_time, 0, FAULT_BUSY);
	tcase_add_test(tc, several_at_once_do_no_harm);
	tcase_add_test(tc, snapshot_is_read_as_long_as_it_is_retained);
	tcase_add_test(tc, writer_that_slept_loses_against_what_was_cleaned_up);
	tcase_add_test(tc, pins_keep_what_they_name);
	tcase_add_test(tc, orphans_go_when_they_are_a_day_old);
	tcase_add_test(tc, orphan_branch_points_go_when_they_are_a_day_old);
	tcase_add_loop_test(tc, branch_of_deltas_outlives_its_parent, 0, 3);
	tcase_add_test(tc, what_a_killed_import_left_goes_when_nothing_came_for_a_day);
	tcase_add_loop_test(tc, import_that_slept_for_a_day_is_whole_or_refused, 0, 2);
	tcase_add_test(tc, dropped_database_is_cleaned_up);
	tcase_add_loop_test(tc, drop_leaves_the_slots_that_an_opener_reads, 0, 2);
	tcase_add_loop_test(tc, drop_that_was_killed_is_finished, 0, 2);
	tcase_add_test(tc, server_cleans_up_behind_a_compaction);
	suite_add_tcase(suite, tc);
	tc = tcase_create("meanwhile");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, damaged_floors_are_refused);
	tcase_add_test(tc, floors_name_what_was_pinned_in_time);
	tcase_add_test(tc, snapshot_of_a_dropped_database_goes_and_not_that_of_the_next);
	tcase_add_loop_test(tc, what_is_told_as_pinned_stays_whenever_clean_up_has_looked, 0, 2 * N_DEEDS);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
