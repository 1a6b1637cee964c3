/*
 * test_differential.c - what SQLite does on a blob store is what it does in memory
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vfs/fixture.h"

enum { STEPS = 600 };

static const struct {
	const char *setup;
	uint32_t seed;
} configurations[] = {
	{ "PRAGMA journal_mode=DELETE", 1 },
	{ "PRAGMA journal_mode=TRUNCATE", 2 },
	{ "PRAGMA journal_mode=PERSIST", 3 },
	{ "PRAGMA journal_mode=MEMORY", 4 },
	{ "PRAGMA journal_mode=DELETE; PRAGMA cache_size=12; PRAGMA cache_spill=12", 5 },
	{ "PRAGMA journal_mode=TRUNCATE; PRAGMA cache_size=12; PRAGMA cache_spill=12; PRAGMA mmap_size=0", 6 },
	{ "PRAGMA journal_mode=PERSIST; PRAGMA cache_size=12; PRAGMA cache_spill=12", 7 },
	{ "PRAGMA journal_mode=MEMORY; PRAGMA cache_size=12; PRAGMA cache_spill=12; PRAGMA synchronous=FULL", 8 },
	{ "PRAGMA secure_delete=ON; PRAGMA cache_size=12; PRAGMA cache_spill=12; PRAGMA synchronous=FULL", 9 },
	{ "PRAGMA mmap_size=0", 10 },
	{ "PRAGMA auto_vacuum=FULL; VACUUM; PRAGMA cache_size=12; PRAGMA cache_spill=12", 11 },
	{ "PRAGMA page_size=512; VACUUM; PRAGMA cache_size=12; PRAGMA cache_spill=12", 12 },
	{ "PRAGMA page_size=65536; VACUUM", 13 },
};

/* The next statement of a random script; some are refused by both. */
static void next_statement(uint32_t *r, char *out, size_t size)
{
	static const int sizes[] = { 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };
	unsigned t = rnd(r, 4);
	unsigned k = rnd(r, 400);

	switch (rnd(r, 40)) {
	case 0:
	case 1:
	case 2:
		snprintf(out, size, "BEGIN%s", rnd(r, 2) != 0 ? " IMMEDIATE" : "");
		break;
	case 3:
	case 4:
	case 5:
		snprintf(out, size, "COMMIT");
		break;
	case 6:
		snprintf(out, size, "ROLLBACK");
		break;
	case 7:
	case 8:
		snprintf(out, size, "SAVEPOINT s%u", rnd(r, 3));
		break;
	case 9:
		snprintf(out, size, "ROLLBACK TO s%u", rnd(r, 3));
		break;
	case 10:
		snprintf(out, size, "RELEASE s%u", rnd(r, 3));
		break;
	case 11:
		snprintf(out, size, "CREATE TABLE t%u(a INTEGER PRIMARY KEY, b, c UNIQUE)", t);
		break;
	case 12:
		snprintf(out, size, "CREATE INDEX i%u ON t%u(b, c)", t, t);
		break;
	case 13:
		snprintf(out, size, rnd(r, 3) == 0 ? "DROP TABLE t%u" : "DROP INDEX i%u", t);
		break;
	case 14:
		snprintf(out, size, "PRAGMA page_size=%d; PRAGMA auto_vacuum=%u; VACUUM",
			 sizes[rnd(r, 8)], rnd(r, 3));
		break;
	case 15:
		snprintf(out, size, "PRAGMA incremental_vacuum(%u)", rnd(r, 20));
		break;
	case 16:
	case 17:
		snprintf(out, size, "DELETE FROM t%u WHERE a %% %u = 0", t, 1 + rnd(r, 4));
		break;
	case 18:
		snprintf(out, size, "UPDATE t%u SET b = b || 'x', a = a + 1000 WHERE a > %u", t, k);
		break;
	case 19:
		snprintf(out, size,
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
			 "INSERT INTO t%u(b, c) SELECT printf('%%.*c', %u, 'y'), %u + i FROM n",
			 rnd(r, 300), t, rnd(r, 600), rnd(r, 100000));
		break;
	case 20:
		snprintf(out, size, "INSERT INTO t%u(a, b, c) VALUES(%u, printf('%%.*c', %u, 'z'), %u)",
			 t, k, rnd(r, 40000), rnd(r, 100000));
		break;
	case 21:
		snprintf(out, size, "REINDEX");
		break;
	case 22:
	case 23:
	case 24:
		snprintf(out, size, "UPDATE t%u SET b = %u WHERE a BETWEEN %u AND %u", t, k, k, k + 20);
		break;
	default:
		snprintf(out, size, "INSERT INTO t%u(a, b, c) VALUES(%u, 'r%u', %u)", t, k, k,
			 rnd(r, 3000));
		break;
	}
}

START_TEST(random_script_gives_what_memory_gives)
{
	struct fixture f;
	sqlite3 *memory;
	sqlite3 *other;
	uint32_t r = configurations[_i].seed * 2654435761u;
	char sql[512];

	fixture_open(&f);
	exec(f.db, configurations[_i].setup);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &memory));
	other = connect_elsewhere(&f, "app");
	for (int step = 0; step < STEPS; step++) {
		next_statement(&r, sql, sizeof(sql));
		int expected = try_exec(memory, sql);
		int got = try_exec(f.db, sql);

		ck_assert_msg((expected == SQLITE_OK) == (got == SQLITE_OK),
			      "step %d: %s: %d (%s), in memory %d (%s)", step, sql, got,
			      sqlite3_errmsg(f.db), expected, sqlite3_errmsg(memory));
		ck_assert_int_eq(sqlite3_get_autocommit(memory), sqlite3_get_autocommit(f.db));
		if (step % 25 != 0 && step != STEPS - 1)
			continue;
		ck_assert_msg(content_hash(memory) == content_hash(f.db), "step %d: %s", step, sql);
		if (!sqlite3_get_autocommit(f.db))
			continue;
		ck_assert_msg(content_hash(memory) == content_hash(other), "step %d: %s", step, sql);
		integrity_check(f.db);
		integrity_check(other);
	}
	if (!sqlite3_get_autocommit(f.db)) {
		exec(memory, "COMMIT");
		exec(f.db, "COMMIT");
	}
	sqlite3_close(other);
	fixture_restart(&f);
	ck_assert(content_hash(memory) == content_hash(f.db));
	integrity_check(f.db);
	sqlite3_close(memory);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("differential");
	TCase *tc = tcase_create("script");

	store_kinds_init();
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, random_script_gives_what_memory_gives, 0,
			    (int)ARRAY_LEN(configurations));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
