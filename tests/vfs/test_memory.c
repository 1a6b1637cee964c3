/*
 * test_memory.c - every allocation fails in turn, ours and SQLite's
 *
 * The program is linked so that malloc() and its kin come here first, and SQLite is
 * told to allocate here too.  A scenario is run with the nth allocation failing, once
 * or from then on, until it asks for fewer than n.
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vfs/fixture.h"
#include "vfs/file.h"
#include "vfs/manifest.h"

/* --- allocations that fail ------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);

enum whose { OURS, SQLITES, N_WHOSE };

static struct {
	atomic_bool armed;
	enum whose whose;
	bool sticky;
	atomic_long left; /* allocations before the one that fails */
	atomic_bool hit;
} failure;

static bool fails(enum whose whose)
{
	if (!atomic_load(&failure.armed) || failure.whose != whose)
		return false;
	long left = atomic_fetch_sub(&failure.left, 1);
	if (left > 1 || (left < 1 && !failure.sticky))
		return false;
	atomic_store(&failure.hit, true);
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails(OURS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails(OURS) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails(OURS) ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *text)
{
	return fails(OURS) ? NULL : __real_strdup(text);
}

static sqlite3_mem_methods stock;

static void *sqlite_malloc(int size)
{
	return fails(SQLITES) ? NULL : stock.xMalloc(size);
}

static void *sqlite_realloc(void *p, int size)
{
	return fails(SQLITES) ? NULL : stock.xRealloc(p, size);
}

static void let_sqlite_fail(void)
{
	sqlite3_mem_methods methods;

	(void)sqlite3_config(SQLITE_CONFIG_GETMALLOC, &stock);
	methods = stock;
	methods.xMalloc = sqlite_malloc;
	methods.xRealloc = sqlite_realloc;
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	(void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

static void arm(enum whose whose, long nth, bool sticky)
{
	failure.whose = whose;
	failure.sticky = sticky;
	atomic_store(&failure.left, nth);
	atomic_store(&failure.hit, false);
	atomic_store(&failure.armed, true);
}

static bool disarm(void)
{
	atomic_store(&failure.armed, false);
	return atomic_load(&failure.hit);
}

/* --- scenarios ------------------------------------------------------------- */

/*
 * What is run while allocations fail: no ck_assert in it.  True if it worked; what
 * it changed is then there, otherwise nothing is, unless *unknown is set.
 */
struct scenario {
	const char *name;
	bool (*run)(struct fixture *f, bool *unknown);
	bool writes; /* it adds one to n */
};

/* Points of a sweep; all of them if PGBLOB_TEST_EVERY is set. */
enum { POINTS = 40 };

static bool run_sql(struct fixture *f, const char *sql, bool *unknown)
{
	if (sqlite3_exec(f->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	*unknown = vfs_last_error(f->db, NULL) == VFS_UNKNOWN;
	return false;
}

static bool open_and_read(struct fixture *f, bool *unknown)
{
	sqlite3 *db = NULL;
	struct error err = ERROR_INIT;
	bool ok = sqlite3_open_v2("file:app?vfs=pgblob", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL) ==
			  SQLITE_OK &&
		  vfs_prepare_connection(db, &err) &&
		  sqlite3_exec(db, "SELECT sum(length(b)) FROM t", NULL, NULL, NULL) == SQLITE_OK;

	(void)f;
	(void)unknown;
	sqlite3_close(db);
	return ok;
}

static bool read_all(struct fixture *f, bool *unknown)
{
	return run_sql(f, "SELECT sum(length(b)) FROM t; SELECT count(*) FROM t WHERE b > 'x'", unknown);
}

#define COUNT "UPDATE n SET n = n + 1;"

static bool write_one(struct fixture *f, bool *unknown)
{
	return run_sql(f, COUNT, unknown);
}

static bool write_spilled(struct fixture *f, bool *unknown)
{
	return run_sql(f, "BEGIN;" COUNT "UPDATE t SET b = b || 'x'; DELETE FROM t WHERE a > 300; COMMIT", unknown);
}

static bool roll_back(struct fixture *f, bool *unknown)
{
	return run_sql(f, "BEGIN;" COUNT "UPDATE t SET b = b || 'x'; ROLLBACK", unknown);
}

static bool roll_back_to(struct fixture *f, bool *unknown)
{
	return run_sql(f, "BEGIN;" COUNT "SAVEPOINT a; UPDATE t SET b = b || 'x'; SAVEPOINT b;"
			  "UPDATE n SET n = n + 10; DELETE FROM t; ROLLBACK TO b; ROLLBACK TO a; COMMIT",
		       unknown);
}

static bool vacuum(struct fixture *f, bool *unknown)
{
	static int n;

	return run_sql(f, n++ % 2 == 0 ? "PRAGMA page_size=8192; VACUUM" : "PRAGMA page_size=1024; VACUUM", unknown);
}

/* More than a commit object takes: segments. */
static bool write_large(struct fixture *f, bool *unknown)
{
	return run_sql(f, "BEGIN;" COUNT "INSERT INTO t(b) VALUES(randomblob(2500000)); COMMIT", unknown);
}

static bool write_later(struct fixture *f, bool *unknown)
{
	struct vfs_ticket ticket = { .seq = 0 };
	struct error err = ERROR_INIT;

	vfs_commit_later(f->db, &ticket, VFS_IN_STORE);
	bool ok = run_sql(f, COUNT, unknown);
	vfs_commit_later(f->db, NULL, VFS_IN_STORE);
	if (ok) {
		enum vfs_rc rc = vfs_commit_wait(&ticket, &err);

		*unknown = rc == VFS_UNKNOWN;
		ok = rc == VFS_OK;
	}
	return ok;
}

static bool manifest(struct fixture *f, bool *unknown)
{
	struct handle *h = NULL;
	struct error err = ERROR_INIT;

	(void)unknown;
	return sqlite3_file_control(f->db, "main", FCNTL_PGBLOB_HANDLE, &h) == SQLITE_OK &&
	       manifest_write(h->db, &err) == VFS_OK;
}

/* What another machine committed is read and applied. */
static bool follow(struct fixture *f, bool *unknown)
{
	return run_sql(f, "SELECT n FROM n", unknown);
}

static bool close_all(struct fixture *f, bool *unknown)
{
	(void)unknown;
	(void)sqlite3_close(f->db);
	vfs_deinit();
	f->db = NULL;
	return true;
}

static bool create_and_drop(struct fixture *f, bool *unknown)
{
	struct error err = ERROR_INIT;
	enum vfs_rc rc = vfs_create_database(f->faults, "other", &err);

	(void)unknown;
	if (rc != VFS_OK && rc != VFS_EXISTS)
		return false;
	return vfs_drop_database(f->faults, "other", &err) == VFS_OK;
}

static bool list(struct fixture *f, bool *unknown)
{
	struct error err = ERROR_INIT;
	struct vfs_database_list names;

	(void)unknown;
	if (vfs_list_databases(f->faults, &names, &err) != VFS_OK)
		return false;
	vfs_database_list_free(&names);
	return true;
}

static bool out_and_in(struct fixture *f, bool *unknown)
{
	struct error err = ERROR_INIT;
	char path[512];

	(void)unknown;
	snprintf(path, sizeof(path), "%s.sqlite", f->place.url + strlen("file://"));
	(void)unlink(path);
	bool ok = vfs_export(f->faults, "app", path, NULL, NULL, &err) == VFS_OK;
	if (ok) {
		enum vfs_rc rc = vfs_import(f->faults, "copy", path, NULL, NULL, &err);

		ok = rc == VFS_OK || rc == VFS_EXISTS;
	}
	(void)unlink(path);
	return ok;
}

static const struct scenario scenarios[] = {
	{ "opening", open_and_read, false },
	{ "reading", read_all, false },
	{ "a commit", write_one, true },
	{ "a commit that spills", write_spilled, true },
	{ "a rollback", roll_back, false },
	{ "savepoints", roll_back_to, true },
	{ "VACUUM", vacuum, false },
	{ "a large commit", write_large, true },
	{ "a commit that is waited for later", write_later, true },
	{ "a manifest", manifest, false },
	{ "following", follow, false },
	{ "closing", close_all, false },
	{ "create and drop", create_and_drop, false },
	{ "a list", list, false },
	{ "export and import", out_and_in, false },
};

/* --- the sweep ------------------------------------------------------------- */

static void begin(struct fixture *f)
{
	fixture_open(f);
	exec(f->db, "CREATE TABLE n(n); INSERT INTO n VALUES(0);"
		    "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE INDEX i ON t(b);"
		    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<400) "
		    "INSERT INTO t SELECT i, hex(randomblob(100)) FROM n");
}

/* Nothing is in memory, and the connection has a cache that spills. */
static void restart(struct fixture *f)
{
	fixture_restart(f);
	exec(f->db, "PRAGMA cache_size=12; PRAGMA cache_spill=12");
}

/* *n: what is acknowledged so far.  Allocations asked for while `nth` was to fail. */
static long run_once(struct fixture *f, const struct scenario *s, enum whose whose, bool sticky, long nth,
		     int64_t *n)
{
	bool unknown = false;

	restart(f);
	ck_assert_int_eq(*n, query_int(f->db, "SELECT n FROM n"));
	if (s->run == follow) {
		sqlite3 *other = connect_elsewhere(f, "app");

		exec(other, COUNT);
		*n += 1;
		sqlite3_close(other);
	}
	arm(whose, nth, sticky);
	bool ok = s->run(f, &unknown);
	bool hit = disarm();
	long asked = nth - atomic_load(&failure.left);

	ck_assert_msg(hit || ok, "%s: failed without a failure at %ld", s->name, nth);
	if (s->writes && ok)
		*n += 1;
	if (f->db == NULL)
		fixture_start(f);
	/* the connection goes on, unless it could not be opened or has seen what is lost */
	if (!sqlite3_get_autocommit(f->db))
		exec(f->db, "ROLLBACK");
	if (sqlite3_errcode(f->db) == SQLITE_CANTOPEN || vfs_poisoned(f->db)) {
		sqlite3_close(f->db);
		f->db = connect_to("app", NULL);
	}
	int64_t now = query_int(f->db, "SELECT n FROM n");
	if (unknown && now == *n + 1)
		*n += 1;
	ck_assert_msg(now == *n, "%s: allocation %ld of %s: %ld instead of %ld", s->name, nth,
		      whose == OURS ? "ours" : "SQLite's", (long)now, (long)*n);
	integrity_check(f->db);
	exec(f->db, "DELETE FROM t WHERE a > 400");
	return asked;
}

/* _i: scenario, whose, once or from then on */
START_TEST(failed_allocation_is_an_error_and_nothing_more)
{
	const struct scenario *s = &scenarios[_i / 4];
	enum whose whose = _i % 2 == 0 ? OURS : SQLITES;
	bool sticky = _i / 2 % 2 == 1;
	struct fixture f;
	int64_t n = 0;

	begin(&f);
	long all = run_once(&f, s, whose, sticky, 1L << 40, &n);
	long step = getenv("PGBLOB_TEST_EVERY") != NULL ? 1 : 1 + all / POINTS;
	for (long nth = 1; nth <= all; nth += step)
		(void)run_once(&f, s, whose, sticky, nth, &n);
	restart(&f);
	ck_assert_int_eq(n, query_int(f.db, "SELECT n FROM n"));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("allocations that fail");

	store_kinds_init();
	let_sqlite_fail();
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, failed_allocation_is_an_error_and_nothing_more, 0,
			    4 * (int)ARRAY_LEN(scenarios));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
