/*
 * test_inspect.c - what lies in a store, as an operator sees it; copies from store to store
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/vfs/fixture.h"
#include "vfs/inspect.h"
#include "vfs/key.h"

static struct fixture f;
static struct error err;

static void setup(void)
{
	fixture_open(&f);
	error_clear(&err);
}

static void teardown(void)
{
	fixture_close(&f);
}

static struct vfs_state state_of(const char *name)
{
	struct vfs_state s;

	ck_assert_msg(vfs_inspect_state(f.faults, name, &s, &err) == VFS_OK, "%s", err.text);
	return s;
}

START_TEST(state_is_that_of_the_newest_slot)
{
	struct vfs_state before = state_of("app");
	uint64_t lsn;

	ck_assert(before.exists);
	ck_assert_uint_eq(0, before.page_count);
	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 20; i++)
		exec(f.db, "INSERT INTO t VALUES (randomblob(3000))");
	struct vfs_state s = state_of("app");
	ck_assert_int_eq(VFS_OK, vfs_head_lsn(f.db, &lsn));
	ck_assert_uint_eq(lsn, s.lsn);
	ck_assert_int_eq(query_int(f.db, "PRAGMA page_count"), s.page_count);
	ck_assert_int_eq(query_int(f.db, "PRAGMA page_size"), s.page_size);
	ck_assert_mem_eq(before.db_id, s.db_id, ID_LEN);
	ck_assert_int_ge(s.time_us, before.time_us);
	ck_assert_uint_eq(0, s.manifest_lsn);
}
END_TEST

START_TEST(state_begins_with_the_newest_manifest)
{
	uint64_t gets;
	struct blob_stats stats;
	struct vfs_state s;

	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 80; i++)
		exec(f.db, "INSERT INTO t VALUES (1)");
	fixture_restart(&f); /* waits for the manifest */
	blob_get_stats(f.inner, &stats);
	gets = stats.gets;
	s = state_of("app");
	ck_assert_uint_eq(82, s.lsn);
	ck_assert_uint_ge(s.manifest_lsn, 64);
	ck_assert_uint_gt(s.manifest_objects, 0);
	blob_get_stats(f.inner, &stats);
	/* slots are asked for in ones, twos, fours, then eights */
	ck_assert_uint_le(stats.gets - gets, 1 + s.lsn - s.manifest_lsn + 8);
}
END_TEST

static void check_same(const struct vfs_state *then, const char *point)
{
	char name[80];

	snprintf(name, sizeof(name), "app@%s", point);
	struct vfs_state s = state_of(name);
	ck_assert_msg(s.exists, "%s", name);
	ck_assert_uint_eq(then->lsn, s.lsn);
	ck_assert_int_eq(then->time_us, s.time_us);
	ck_assert_uint_eq(then->page_size, s.page_size);
	ck_assert_uint_eq(then->page_count, s.page_count);
	ck_assert_mem_eq(then->db_id, s.db_id, ID_LEN);
	ck_assert_uint_le(s.manifest_lsn, s.lsn);
}

/* What was told of the newest version is told of it later, by any of its names. */
START_TEST(state_of_a_version_is_what_it_was)
{
	struct vfs_state then[150];
	unsigned n = 0;

	exec(f.db, "CREATE TABLE t(a)");
	for (; n < 150; n++) {
		exec(f.db, "INSERT INTO t VALUES (randomblob(3000))");
		then[n] = state_of("app");
		if (n == 70)
			ck_assert_int_eq(VFS_OK, vfs_create_snapshot(f.faults, "app", "seventy", NULL, &err));
	}
	fixture_restart(&f); /* waits for the manifests */
	for (unsigned i = 0; i < n; i += 7) {
		char lsn[24], time[64];
		time_t seconds = (time_t)(then[i].time_us / 1000000);
		struct tm tm;

		snprintf(lsn, sizeof(lsn), "%llu", (unsigned long long)then[i].lsn);
		check_same(&then[i], lsn);
		/* of slots of the same microsecond the last is meant */
		if (then[i + 1 < n ? i + 1 : i].time_us == then[i].time_us && i + 1 < n)
			continue;
		gmtime_r(&seconds, &tm);
		size_t len = strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(time + len, sizeof(time) - len, ".%06dZ", (int)(then[i].time_us % 1000000));
		check_same(&then[i], time);
	}
	check_same(&then[70], "seventy");
}
END_TEST

START_TEST(a_version_that_is_not_there_is_told)
{
	static const struct {
		const char *name;
		enum vfs_rc rc;
		const char *text;
	} cases[] = {
		{ "none@1", VFS_NOT_FOUND, "database \"none\" does not exist" },
		{ "app@99", VFS_NOT_FOUND, "database \"app\" has no slot 99 yet: the newest is 2" },
		{ "app@2001-01-01", VFS_NOT_FOUND, "database \"app\" did not exist then" },
		{ "app@2201-01-01", VFS_NOT_FOUND, "a database cannot be opened as of a time in the future" },
		{ "app@then", VFS_NOT_FOUND, "database \"app\" has no snapshot \"then\"" },
		{ "app@1x", VFS_INVALID, "\"1x\" is no point in time" },
		{ "gone@1", VFS_NOT_FOUND, "that version is of another database \"gone\", which was dropped" },
		{ "gone@2", VFS_NOT_FOUND, "database \"gone\" did not exist then" },
	};
	struct vfs_state s;

	exec(f.db, "CREATE TABLE t(a)");
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "gone", &err));
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "gone", &err));
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "gone", &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum vfs_rc rc = vfs_inspect_state(f.faults, cases[i].name, &s, &err);

		ck_assert_msg(rc == cases[i].rc, "%s: %d %s", cases[i].name, rc, err.text);
		ck_assert_str_eq(cases[i].text, err.text);
	}
}
END_TEST

START_TEST(a_database_that_is_not_there_is_told)
{
	struct vfs_state s;

	ck_assert_int_eq(VFS_NOT_FOUND, vfs_inspect_state(f.faults, "none", &s, &err));
	ck_assert_str_eq("database \"none\" does not exist", err.text);
	ck_assert_int_eq(VFS_INVALID, vfs_inspect_state(f.faults, "", &s, &err));
	ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, "gone", &err));
	ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, "gone", &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_inspect_state(f.faults, "gone", &s, &err));
	ck_assert_str_eq("It was dropped.", err.detail);
	ck_assert_uint_eq(2, s.lsn);
}
END_TEST

static void damage(const char *key)
{
	struct buf body = BUF_INIT((size_t)1 << 20);
	struct blob_range head = { 0, 1 << 20 };

	ck_assert_int_eq(BLOB_OK, blob_get(f.inner, key, &head, &body, NULL, &err));
	body.data[0] ^= 1;
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, key, &body, NULL, &err));
	buf_free(&body);
}

START_TEST(all_databases_are_listed_also_damaged_ones)
{
	static const char *const names[] = { "app", "b", "broken", "x y", "\xc3\xa4" };
	struct vfs_database_table table;
	struct vfs_database_list list;
	char key[KEY_MAX];

	for (size_t i = 1; i < ARRAY_LEN(names); i++)
		ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, names[i], &err));
	/* more than are asked for at once */
	for (int i = 0; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "dropped%d", i);
		ck_assert_int_eq(VFS_OK, vfs_create_database(f.faults, name, &err));
		ck_assert_int_eq(VFS_OK, vfs_drop_database(f.faults, name, &err));
	}
	key_slot(key, "broken", 1);
	damage(key);
	ck_assert_msg(vfs_inspect_all(f.faults, &table, &err) == VFS_OK, "%s", err.text);
	ck_assert_uint_eq(ARRAY_LEN(names), table.n);
	for (size_t i = 0; i < table.n; i++) {
		ck_assert_str_eq(names[i], table.databases[i].name);
		if (i == 2)
			ck_assert_ptr_nonnull(strstr(table.databases[i].problem, key));
		else
			ck_assert_ptr_null(table.databases[i].problem);
	}
	vfs_database_table_free(&table);
	ck_assert_int_eq(VFS_OK, vfs_list_databases(f.faults, &list, &err));
	ck_assert_uint_eq(ARRAY_LEN(names), list.n_names);
	ck_assert_str_eq("broken", list.names[2]);
	vfs_database_list_free(&list);
}
END_TEST

struct seen {
	uint64_t lsn[64];
	enum commit_kind kind[64];
	unsigned n, stop_at;
};

static bool note_slot(void *arg, const struct vfs_slot *slot)
{
	struct seen *s = arg;

	ck_assert_uint_lt(s->n, 64);
	ck_assert_uint_gt(slot->bytes, COMMIT_HEAD_LEN);
	s->lsn[s->n] = slot->lsn;
	s->kind[s->n++] = slot->kind;
	return s->n != s->stop_at;
}

START_TEST(the_log_is_walked_from_newest_to_oldest)
{
	struct seen s = { .n = 0 };

	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 28; i++)
		exec(f.db, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app", 0, 0, note_slot, &s, &err));
	ck_assert_uint_eq(30, s.n);
	for (unsigned i = 0; i < s.n; i++) {
		ck_assert_uint_eq(30 - i, s.lsn[i]);
		ck_assert_int_eq(i == 29 ? COMMIT_CREATED : COMMIT_NORMAL, s.kind[i]);
	}
	ck_assert_str_eq("created", vfs_kind_name(s.kind[29]));
}
END_TEST

START_TEST(the_log_of_a_version_begins_with_it)
{
	struct seen s = { .n = 0 };

	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 8; i++)
		exec(f.db, "INSERT INTO t VALUES (1)");
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app@7", 0, 0, note_slot, &s, &err));
	ck_assert_uint_eq(7, s.n);
	ck_assert_uint_eq(7, s.lsn[0]);
	s.n = 0;
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app@7", 9, 1, note_slot, &s, &err));
	ck_assert_uint_eq(7, s.lsn[0]);
	/* a handle of that version tells the same */
	sqlite3 *old = connect_to("app@5", "&mode=ro");
	s.n = 0;
	ck_assert_int_eq(VFS_OK, vfs_handle_log(old, 0, 2, note_slot, &s, &err));
	ck_assert_uint_eq(2, s.n);
	ck_assert_uint_eq(5, s.lsn[0]);
	ck_assert_ptr_nonnull(strstr(query_text(old, "PRAGMA pgblob_log(1)"), "5 "));
	ck_assert_int_eq(SQLITE_OK, try_exec(old, "PRAGMA pgblob_log(1000)"));
	static const char *const no_number[] = { "0", "-1", "1001", "x", "'2x'", "''", "99999999999999999999" };
	for (size_t i = 0; i < ARRAY_LEN(no_number); i++) {
		char sql[64];

		snprintf(sql, sizeof(sql), "PRAGMA pgblob_log(%s)", no_number[i]);
		ck_assert_int_eq(SQLITE_ERROR, try_exec(old, sql));
	}
	sqlite3_close(old);
}
END_TEST

START_TEST(the_log_ends_where_the_caller_does_or_clean_up_did)
{
	struct seen s = { .stop_at = 5 };
	struct blob_stats before, after;
	char key[KEY_MAX];

	exec(f.db, "CREATE TABLE t(a)");
	for (int i = 0; i < 70; i++)
		exec(f.db, "INSERT INTO t VALUES (1)");
	fixture_restart(&f); /* waits for the manifest, so that no slot before it is needed */
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app", 0, 0, note_slot, &s, &err));
	ck_assert_uint_eq(5, s.n);
	/* a limit bounds the requests too: 3 slots, beside those of finding the end */
	blob_get_stats(f.inner, &before);
	s = (struct seen){ 0 };
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app", 20, 3, note_slot, &s, &err));
	ck_assert_uint_eq(3, s.n);
	ck_assert_uint_eq(20, s.lsn[0]);
	blob_get_stats(f.inner, &after);
	ck_assert_uint_le(after.gets - before.gets, 1 + 8 + 8 + 3);
	key_slot(key, "app", 10);
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	s = (struct seen){ 0 };
	ck_assert_int_eq(VFS_OK, vfs_inspect_log(f.faults, "app", 12, 0, note_slot, &s, &err));
	ck_assert_uint_eq(2, s.n);
}
END_TEST

START_TEST(usage_counts_every_object)
{
	struct vfs_usage u;

	exec(f.db, "CREATE TABLE t(a)");
	/* more than a commit object holds: a segment */
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 1500) SELECT randomblob(3000) FROM n");
	ck_assert_int_eq(VFS_OK, vfs_inspect_usage(f.faults, "app", &u, &err));
	ck_assert_uint_eq(3, u.slots.n);
	ck_assert_uint_eq(1, u.oldest_lsn);
	ck_assert_uint_ge(u.segments.n, 1);
	ck_assert_uint_gt(u.segments.bytes, 4000000);
	ck_assert_uint_eq(0, u.pins.n + u.others.n);
}
END_TEST

START_TEST(a_failing_store_is_an_error_and_leaks_nothing)
{
	bool hit = true;

	exec(f.db, "CREATE TABLE t(a)");
	for (unsigned nth = 1; hit; nth++) {
		struct vfs_database_table table;
		struct seen s = { 0 };

		fault_arm(f.faults, nth, FAULT_STICKY);
		enum vfs_rc all = vfs_inspect_all(f.faults, &table, &err);
		enum vfs_rc log = vfs_inspect_log(f.faults, "app", 0, 0, note_slot, &s, &err);
		hit = fault_disarm(f.faults);
		if (all == VFS_OK)
			vfs_database_table_free(&table);
		if (hit)
			ck_assert(all != VFS_OK || log != VFS_OK);
		else
			ck_assert(all == VFS_OK && log == VFS_OK);
	}
}
END_TEST

/* --- copies -------------------------------------------------------------------- */

START_TEST(a_copy_is_equal_and_one_commit)
{
	uint64_t hash;
	sqlite3 *copy;

	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 5000) SELECT i, randomblob(200) FROM n");
	hash = content_hash(f.db);
	ck_assert_msg(vfs_copy_database(f.faults, "app", f.faults, "copy", false, NULL, NULL, &err) ==
			      VFS_OK, "%s", err.text);
	copy = connect_to("copy", NULL);
	ck_assert_uint_eq(hash, content_hash(copy));
	integrity_check(copy);
	sqlite3_close(copy);
	ck_assert_uint_eq(1, state_of("copy").lsn);
	/* what is there is not overwritten */
	ck_assert_int_eq(VFS_EXISTS, vfs_copy_database(f.faults, "app", f.faults, "copy", false, NULL, NULL,
						       &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_copy_database(f.faults, "none", f.faults, "x", false, NULL, NULL,
							  &err));
}
END_TEST

START_TEST(a_copy_of_a_database_without_pages_is_one)
{
	ck_assert_int_eq(VFS_OK, vfs_copy_database(f.faults, "app", f.faults, "copy", false, NULL, NULL, &err));
	sqlite3 *copy = connect_to("copy", NULL);
	ck_assert_int_eq(0, query_int(copy, "SELECT count(*) FROM sqlite_schema"));
	exec(copy, "CREATE TABLE t(a)");
	sqlite3_close(copy);
}
END_TEST

/* The nth request fails, for good: the copy is there whole, or not at all. */
START_TEST(a_copy_is_whole_or_not_there)
{
	bool hit = true;

	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 800) SELECT randomblob(3000) FROM n");
	for (unsigned nth = 1; hit; nth++) {
		char name[16];
		struct vfs_state s;

		snprintf(name, sizeof(name), "copy%u", nth);
		fault_arm(f.faults, nth, FAULT_STICKY);
		enum vfs_rc rc = vfs_copy_database(f.faults, "app", f.faults, name, false, NULL, NULL, &err);
		hit = fault_disarm(f.faults);
		enum vfs_rc there = vfs_inspect_state(f.faults, name, &s, &err);
		ck_assert_msg(hit || rc == VFS_OK, "failed without a fault: %s", err.text);
		if (rc == VFS_OK)
			ck_assert_int_eq(VFS_OK, there);
		if (there == VFS_OK) {
			sqlite3 *copy = connect_to(name, NULL);

			ck_assert_int_eq(800, query_int(copy, "SELECT count(*) FROM t"));
			sqlite3_close(copy);
		} else {
			ck_assert_int_eq(VFS_NOT_FOUND, there);
			/* what is left of it hinders nobody */
			ck_assert_msg(vfs_copy_database(f.faults, "app", f.faults, name, true, NULL,
							NULL, &err) == VFS_OK, "%s", err.text);
		}
	}
}
END_TEST

/* Slots with deltas, a manifest, pages of zeros, of any size; of a branch, and of what was. */
START_TEST(a_copy_of_any_version_is_equal)
{
	static const int sizes[] = { 512, 4096, 65536 };
	struct vfs_state then;
	char sql[80], name[40];
	uint64_t hash;

	snprintf(sql, sizeof(sql), "PRAGMA page_size = %d", sizes[_i]);
	exec(f.db, sql);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE z(a)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 3000) SELECT i, hex(randomblob(300)) FROM n");
	exec(f.db, "INSERT INTO z VALUES (zeroblob(300000))");
	for (int i = 0; i < 70; i++) {
		snprintf(sql, sizeof(sql), "UPDATE t SET b = b || 'x' WHERE a %% 50 = %d", i % 50);
		exec(f.db, sql);
	}
	then = state_of("app");
	hash = content_hash(f.db);
	ck_assert_int_eq(VFS_OK, vfs_branch_database(f.faults, "branch", "app", &err));
	exec(f.db, "DELETE FROM t WHERE a % 2 = 0; VACUUM");
	fixture_restart(&f);
	snprintf(name, sizeof(name), "app@%llu", (unsigned long long)then.lsn);
	const char *const sources[] = { "app", name, "branch" };
	for (int k = 0; k < 3; k++) {
		static const char *const copies[] = { "one", "two", "three" };

		ck_assert_msg(vfs_copy_database(f.faults, sources[k], f.faults, copies[k], true, NULL, NULL,
						&err) == VFS_OK, "%s", err.text);
		sqlite3 *copy = connect_to(copies[k], NULL);
		ck_assert_uint_eq(k == 0 ? content_hash(f.db) : hash, content_hash(copy));
		ck_assert_int_eq(sizes[_i], query_int(copy, "PRAGMA page_size"));
		integrity_check(copy);
		/* it is a database like any */
		exec(copy, "UPDATE t SET b = 'new' WHERE a = 1; VACUUM");
		integrity_check(copy);
		sqlite3_close(copy);
	}
}
END_TEST

/* Change a byte in the middle of a segment of the copy, once it is there. */
static void damage_segment(void *arg)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf body = BUF_INIT(SEGMENT_MAX);
	struct blob_list list;

	(void)arg;
	struct blob_list_request request = { .prefix = "copy/seg/", .max = 1 };
	ck_assert_int_eq(BLOB_OK, blob_list(f.inner, &request, &arena, &list, NULL));
	ck_assert_uint_eq(1, list.n_entries);
	const char *key = list.entries[0].key;
	ck_assert_int_eq(BLOB_OK, blob_get(f.inner, key, NULL, &body, NULL, NULL));
	body.data[body.len / 2] ^= 1;
	ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, NULL));
	ck_assert_int_eq(BLOB_OK, blob_create(f.inner, key, &body, NULL, NULL));
	buf_free(&body);
	arena_free(&arena);
}

START_TEST(a_copy_that_differs_is_found_by_reading_it_again)
{
	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 1000) SELECT randomblob(3000) FROM n");
	fault_set_hook(f.faults, damage_segment, NULL);
	fault_arm_only(f.faults, 1, FAULT_HOOK_AFTER, FAULT_OP_CREATE);
	ck_assert_int_eq(VFS_CORRUPT, vfs_copy_database(f.faults, "app", f.faults, "copy", true, NULL, NULL,
							&err));
	ck_assert(fault_disarm(f.faults));
}
END_TEST

START_TEST(a_copy_reads_ahead_in_few_requests)
{
	struct fault_counts before, after;

	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 8000) SELECT randomblob(3000) FROM n");
	fixture_restart(&f);
	before = fault_get_counts(f.faults);
	ck_assert_int_eq(VFS_OK, vfs_copy_database(f.faults, "app", f.faults, "copy", false, NULL, NULL, &err));
	after = fault_get_counts(f.faults);
	/* 32 MB: as many GETs of a MiB, and some for opening and single frames; segments of 4 MiB */
	ck_assert_uint_le(after.gets - before.gets, 60);
	ck_assert_uint_le(after.creates - before.creates, 12);
}
END_TEST

static bool stop_half_way(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	return done * 2 < total;
}

START_TEST(a_copy_that_is_stopped_leaves_no_database)
{
	struct vfs_state s;

	exec(f.db, "CREATE TABLE t(a)");
	exec(f.db, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
		   "WHERE i < 1000) SELECT randomblob(3000) FROM n");
	ck_assert_int_eq(VFS_CANCELED, vfs_copy_database(f.faults, "app", f.faults, "copy", false,
							 stop_half_way, NULL, &err));
	ck_assert_int_eq(VFS_NOT_FOUND, vfs_inspect_state(f.faults, "copy", &s, &err));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inspect");
	TCase *tc = tcase_create("inspect");

	tcase_set_timeout(tc, 120);
	SRunner *runner;

	store_kinds_init();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, state_is_that_of_the_newest_slot);
	tcase_add_test(tc, state_begins_with_the_newest_manifest);
	tcase_add_test(tc, state_of_a_version_is_what_it_was);
	tcase_add_test(tc, a_version_that_is_not_there_is_told);
	tcase_add_test(tc, the_log_of_a_version_begins_with_it);
	tcase_add_test(tc, a_database_that_is_not_there_is_told);
	tcase_add_test(tc, all_databases_are_listed_also_damaged_ones);
	tcase_add_test(tc, the_log_is_walked_from_newest_to_oldest);
	tcase_add_test(tc, the_log_ends_where_the_caller_does_or_clean_up_did);
	tcase_add_test(tc, usage_counts_every_object);
	tcase_add_test(tc, a_failing_store_is_an_error_and_leaks_nothing);
	tcase_add_test(tc, a_copy_is_equal_and_one_commit);
	tcase_add_test(tc, a_copy_of_a_database_without_pages_is_one);
	tcase_add_test(tc, a_copy_is_whole_or_not_there);
	tcase_add_loop_test(tc, a_copy_of_any_version_is_equal, 0, 3);
	tcase_add_test(tc, a_copy_that_differs_is_found_by_reading_it_again);
	tcase_add_test(tc, a_copy_reads_ahead_in_few_requests);
	tcase_add_test(tc, a_copy_that_is_stopped_leaves_no_database);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int n = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
