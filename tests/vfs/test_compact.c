/*
 * test_compact.c - compaction changes where pages lie, and nothing else
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/vfs/fixture.h"
#include "vfs/compact.h"
#include "vfs/file.h"
#include "vfs/manifest.h"

static const struct compact_request ALL = { .budget = UINT64_MAX };

static struct db *db_of(sqlite3 *connection)
{
	struct handle *h = NULL;

	ck_assert_int_eq(SQLITE_OK,
			 sqlite3_file_control(connection, "main", FCNTL_PGBLOB_HANDLE, &h));
	return h->db;
}

static struct vfs_compaction compact_now(sqlite3 *connection)
{
	struct error err = ERROR_INIT;
	struct vfs_compaction stats;

	ck_assert_msg(compact(db_of(connection), &ALL, &stats, &err) == VFS_OK, "%s", err.text);
	return stats;
}

static void fill(sqlite3 *db, int rows)
{
	char sql[400];

	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c); CREATE INDEX i ON t(b)");
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO t SELECT i, i * 7919 %% 10007, hex(randomblob(100)) FROM n",
		 rows);
	exec(db, sql);
}

static void change(sqlite3 *db, uint32_t *seed, int n, int rows)
{
	for (int i = 0; i < n; i++) {
		char sql[200];
		unsigned row = rnd(seed, (uint32_t)rows) + 1;

		switch (rnd(seed, 8)) {
		case 0:
			snprintf(sql, sizeof(sql), "DELETE FROM t WHERE a = %u", row);
			break;
		case 1:
			snprintf(sql, sizeof(sql),
				 "INSERT OR REPLACE INTO t VALUES(%u, %u, hex(randomblob(%u)))", row,
				 rnd(seed, 10000), rnd(seed, 2000));
			break;
		default:
			snprintf(sql, sizeof(sql), "UPDATE t SET b = %u, c = c || 'x' WHERE a = %u",
				 rnd(seed, 10000), row);
		}
		exec(db, sql);
	}
}

static void read_object(struct fixture *f, const char *key, struct buf *out)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(blob_get(f->inner, key, NULL, out, NULL, &err) == BLOB_OK, "%s: %s", key,
		      err.text);
}

/* The newest manifest: its bytes, and what they tell. */
static struct manifest_head newest_manifest(struct fixture *f, struct buf *bytes)
{
	struct error err = ERROR_INIT;
	struct manifest_head head;
	char key[KEY_MAX];
	uint64_t lsn;

	ck_assert_int_eq(VFS_OK, manifest_newest(f->inner, "app", &lsn, &err));
	ck_assert_uint_ne(0, lsn);
	key_manifest(key, "app", lsn);
	read_object(f, key, bytes);
	ck_assert_msg(manifest_parse((uint8_t *)bytes->data, bytes->len, key, &head, &err), "%s",
		      err.text);
	return head;
}

enum { NAMED_MAX = 4096 };

/* The keys of the objects that slots behind a manifest name; how many. */
static size_t named_behind(struct fixture *f, uint64_t lsn, char (*keys)[KEY_MAX])
{
	struct error err = ERROR_INIT;
	size_t n = 0;

	for (;;) {
		struct buf bytes = BUF_INIT(COMMIT_MAX);
		struct commit_head head;
		char key[KEY_MAX];

		key_slot(key, "app", ++lsn);
		if (blob_get(f->inner, key, NULL, &bytes, NULL, &err) != BLOB_OK)
			return n;
		ck_assert(commit_parse((uint8_t *)bytes.data, bytes.len, key, &head, &err));
		for (uint32_t i = 0; i < head.n_objects; i++) {
			struct manifest_object o;

			commit_object(&head, i, &o);
			ck_assert_uint_lt(n, NAMED_MAX);
			if (o.kind == OBJECT_SLOT)
				key_slot(keys[n++], "app", o.lsn);
			else
				key_segment(keys[n++], "app", o.id);
		}
		buf_free(&bytes);
	}
}

/* Delete what neither the newest manifest nor a slot behind it needs; how many objects were left. */
static unsigned delete_the_rest(struct fixture *f)
{
	static const char *const kinds[] = { "log", "seg", "manifest" };
	struct buf bytes = BUF_INIT(MANIFEST_MAX);
	struct manifest_head head = newest_manifest(f, &bytes);
	char (*named)[KEY_MAX] = malloc(NAMED_MAX * sizeof(named[0]));
	size_t n_named = named_behind(f, head.lsn, named);
	struct error err = ERROR_INIT;
	unsigned kept = 0;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct arena arena = ARENA_INIT((size_t)16 << 20);
		char prefix[KEY_MAX];
		struct blob_list list;

		snprintf(prefix, sizeof(prefix), "app/%s/", kinds[k]);
		struct blob_list_request request = { .prefix = prefix };
		ck_assert_int_eq(BLOB_OK, blob_list(f->inner, &request, &arena, &list, &err));
		ck_assert(!list.more);
		for (size_t i = 0; i < list.n_entries; i++) {
			const char *key = list.entries[i].key;
			bool keep = false;
			uint64_t lsn;

			if (k == 0)
				keep = key_slot_lsn(key, &lsn) && lsn > head.lsn;
			else if (k == 2)
				keep = key_manifest_lsn(key, &lsn) && lsn == head.lsn;
			for (uint32_t o = 0; o < head.n_objects; o++) {
				struct manifest_object object;
				char name[KEY_MAX];

				manifest_object_at(&head, o, &object);
				if (object.kind == OBJECT_SLOT)
					key_slot(name, "app", object.lsn);
				else
					key_segment(name, "app", object.id);
				keep = keep || strcmp(name, key) == 0;
			}
			for (size_t o = 0; o < n_named; o++)
				keep = keep || strcmp(named[o], key) == 0;
			kept += keep;
			if (!keep)
				ck_assert_int_eq(BLOB_OK, blob_delete(f->inner, key, &err));
		}
		arena_free(&arena);
	}
	free(named);
	buf_free(&bytes);
	return kept;
}

/* Every byte of every object that the newest manifest tells of is right, and how it must lie. */
static void check_layout(struct fixture *f)
{
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct buf bytes = BUF_INIT(MANIFEST_MAX);
	struct manifest_head head = newest_manifest(f, &bytes);
	struct error err = ERROR_INIT;

	for (uint32_t c = 0; c < head.n_chunks; c++) {
		uint32_t n;

		ck_assert(manifest_chunk((uint8_t *)bytes.data, bytes.len, "m", &head, c, entries, &n,
					 &err));
		for (uint32_t i = 0; i < n; i++)
			ck_assert_msg(entries[i].encoding == PAGE_ZERO || page_is_summed(entries[i].encoding),
				      "page %u: %u", i, entries[i].encoding);
	}
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct buf segment = BUF_INIT(SEGMENT_MAX);
		struct manifest_object o;
		char key[KEY_MAX];

		manifest_object_at(&head, i, &o);
		if (o.held)
			continue;
		ck_assert_int_eq(OBJECT_SEGMENT, o.kind);
		key_segment(key, "app", o.id);
		read_object(f, key, &segment);
		ck_assert_msg(segment_check((uint8_t *)segment.data, segment.len, key, head.page_size, &err),
			      "%s", err.text);
		ck_assert_uint_eq(o.size, segment.len);
		buf_free(&segment);
	}
	free(entries);
	buf_free(&bytes);
}

START_TEST(compaction_changes_nothing_that_is_read)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .cache_bytes = 1 << 20 };
	uint32_t seed = 4711;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	fill(f.db, 3000);
	for (int round = 0; round < 6; round++) {
		change(f.db, &seed, 30, 3000);
		uint64_t before = content_hash(f.db);
		struct vfs_compaction stats = compact_now(f.db);
		ck_assert(round > 0 || stats.folded > 0); /* later ones may have been made in the background */
		check_layout(&f);
		ck_assert_uint_eq(before, content_hash(f.db));
		/* what the manifest does not tell of is not needed, here or elsewhere */
		delete_the_rest(&f);
		ck_assert_uint_eq(before, content_hash(f.db));
		integrity_check(f.db);
		fixture_restart(&f);
		ck_assert_uint_eq(before, content_hash(f.db));
		integrity_check(f.db);
	}
	fixture_close(&f);
}
END_TEST

START_TEST(second_compaction_of_a_version_does_nothing)
{
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 100);
	ck_assert_uint_ne(0, compact_now(f.db).lsn);
	struct fault_counts before = fault_get_counts(f.faults);
	ck_assert_uint_eq(0, compact_now(f.db).lsn);
	ck_assert_uint_eq(before.all, fault_get_counts(f.faults).all);
	fixture_close(&f);
}
END_TEST

START_TEST(two_machines_that_compact_do_no_harm)
{
	uint32_t seed = 99;
	struct fixture f;

	fixture_open(&f);
	fill(f.db, 1000);
	sqlite3 *other = connect_elsewhere(&f, "app");
	for (int round = 0; round < 4; round++) {
		change(round % 2 == 0 ? f.db : other, &seed, 10, 1000);
		uint64_t hash = content_hash(f.db);
		ck_assert_uint_eq(hash, content_hash(other));
		uint64_t first = compact_now(round % 2 == 0 ? f.db : other).lsn;
		ck_assert_uint_ne(0, first);
		ck_assert_uint_eq(0, compact_now(round % 2 == 0 ? other : f.db).lsn);
		ck_assert_uint_eq(hash, content_hash(f.db));
		ck_assert_uint_eq(hash, content_hash(other));
	}
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(other));
	check_layout(&f);
	fixture_restart(&f);
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* The other machine moved everything; what lay there before is deleted a day later. */
START_TEST(places_of_another_machine_are_learned_in_time)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .cache_bytes = 1 << 20 };
	uint32_t seed = 5;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	fill(f.db, 3000);
	change(f.db, &seed, 20, 3000);
	sqlite3 *other = connect_elsewhere(&f, "app");
	uint64_t hash = content_hash(f.db);
	ck_assert_uint_eq(hash, content_hash(other));
	compact_now(other);
	change(f.db, &seed, 5, 3000);
	hash = content_hash(f.db);
	vfs_test_sleep_us += (int64_t)7 * 3600 * 1000000;
	if (_i == 0) {
		ck_assert_int_gt(query_int(f.db, "SELECT count(*) FROM t"), 0);
	} else {
		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 17");
		hash = content_hash(f.db);
	}
	delete_the_rest(&f);
	ck_assert_uint_eq(hash, content_hash(f.db));
	integrity_check(f.db);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(other));
	vfs_test_sleep_us = 0;
	fixture_close(&f);
}
END_TEST

struct meanwhile {
	struct fixture *f;
	sqlite3 *writer;
	bool twice;
};

/* While a segment is on its way somebody commits. */
static void commit_meanwhile(void *arg)
{
	struct meanwhile *m = arg;

	exec(m->writer, "UPDATE t SET c = 'meanwhile' WHERE a % 7 = 0");
	if (m->twice)
		exec(m->writer, "UPDATE t SET b = b + 1");
}

START_TEST(commits_and_snapshots_during_compaction_stay_what_they_are)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .cache_bytes = 1 << 20,
				     .cache_ttl_ms = 3600000 };
	struct meanwhile m = { .twice = _i == 1 };
	uint32_t seed = 77;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	m.f = &f;
	fill(f.db, 2000);
	change(f.db, &seed, 20, 2000);
	sqlite3 *reader = connect_to("app", NULL);
	m.writer = connect_to("app", NULL);
	exec(reader, "BEGIN");
	uint64_t before = content_hash(reader);
	fault_set_hook(f.faults, commit_meanwhile, &m);
	fault_arm_only(f.faults, 1, FAULT_HOOK, FAULT_OP_CREATE);
	ck_assert_uint_ne(0, compact_now(f.db).lsn);
	ck_assert(fault_disarm(f.faults));
	ck_assert_uint_eq(before, content_hash(reader));
	exec(reader, "COMMIT");
	uint64_t after = content_hash(reader);
	ck_assert_uint_ne(before, after);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(reader));
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(m.writer));
	delete_the_rest(&f);
	ck_assert_uint_eq(after, content_hash(f.db));
	fixture_restart(&f);
	ck_assert_uint_eq(after, content_hash(f.db));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

START_TEST(failed_compaction_leaves_everything_as_it_was)
{
	struct vfs_config config = { .commit_timeout_ms = -1, .cache_bytes = 1 << 20 };
	bool hit = true;

	for (unsigned nth = 1; hit; nth++) {
		struct error err = ERROR_INIT;
		uint32_t seed = nth;
		struct fixture f;

		fixture_open_with(&f, 0, &config);
		fill(f.db, 500);
		change(f.db, &seed, 5, 500);
		uint64_t hash = content_hash(f.db);
		fixture_restart(&f); /* so that it has to read */
		fault_arm(f.faults, nth, (enum fault_mode)_i);
		struct vfs_compaction stats;
		enum vfs_rc rc = compact(db_of(f.db), &ALL, &stats, &err);
		hit = fault_disarm(f.faults);
		ck_assert_msg(rc == VFS_OK || (hit && err.set), "request %u: %s", nth, err.text);
		ck_assert_uint_eq(hash, content_hash(f.db));
		exec(f.db, "UPDATE t SET b = 1 WHERE a = 3");
		compact_now(f.db);
		delete_the_rest(&f);
		hash = content_hash(f.db);
		fixture_restart(&f);
		ck_assert_uint_eq(hash, content_hash(f.db));
		integrity_check(f.db);
		fixture_close(&f);
	}
}
END_TEST

START_TEST(layout_stays_within_its_bounds)
{
	struct fixture f;
	uint32_t seed = 31;

	fixture_open(&f);
	fill(f.db, 20000);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 20; i++) {
			char sql[100];

			snprintf(sql, sizeof(sql), "UPDATE t SET b = %u WHERE a = %u",
				 rnd(&seed, 10000), rnd(&seed, 20000) + 1);
			exec(f.db, sql);
		}
		compact_now(f.db);
	}
	struct buf bytes = BUF_INIT(MANIFEST_MAX);
	struct manifest_head head = newest_manifest(&f, &bytes);
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	uint64_t live[1000] = { 0 };
	struct error err = ERROR_INIT;
	uint32_t n;

	ck_assert_uint_le(head.n_objects, 26);
	ck_assert(manifest_chunk((uint8_t *)bytes.data, bytes.len, "m", &head, 0, entries, &n, &err));
	for (uint32_t i = 0; i < n; i++)
		live[entries[i].object] += entries[i].len;
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&head, i, &o);
		/* but for what has just become so */
		ck_assert_msg(o.held || live[i] * 3 > o.size, "object %u: %llu of %u", i,
			      (unsigned long long)live[i], o.size);
	}
	/* a tree lies together, and the rest in order */
	free(entries);
	buf_free(&bytes);
	fixture_close(&f);
}
END_TEST

/* One row a page, about 4 MiB for each thousand. */
static void fill_pages(sqlite3 *db, int rows)
{
	char sql[300];

	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	snprintf(sql, sizeof(sql),
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "
		 "INSERT INTO t SELECT i, randomblob(3500) FROM n",
		 rows);
	exec(db, sql);
}

/* Stored bytes of the objects that pages of the newest manifest lie in, and of those pages. */
static void measure(struct fixture *f, uint64_t *used, uint64_t *live)
{
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct buf bytes = BUF_INIT(MANIFEST_MAX);
	struct manifest_head head = newest_manifest(f, &bytes);
	struct error err = ERROR_INIT;

	*used = *live = 0;
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct blob_info info;
		struct manifest_object o;
		char key[KEY_MAX];

		manifest_object_at(&head, i, &o);
		if (o.held)
			continue;
		key_segment(key, "app", o.id);
		ck_assert_int_eq(BLOB_OK, blob_head(f->inner, key, &info, &err));
		*used += info.size;
	}
	for (uint32_t c = 0; c < head.n_chunks; c++) {
		uint32_t n;

		ck_assert(manifest_chunk((uint8_t *)bytes.data, bytes.len, "m", &head, c, entries, &n, &err));
		for (uint32_t i = 0; i < n; i++)
			*live += entries[i].len;
	}
	free(entries);
	buf_free(&bytes);
}

/* By who made the large commits, or by another machine, which has read them. */
START_TEST(segments_of_large_commits_give_back_their_room)
{
	uint64_t used, live;
	struct fixture f;

	fixture_open(&f);
	fill_pages(f.db, 4200);
	sqlite3 *compactor = _i == 0 ? f.db : connect_elsewhere(&f, "app");
	compact_now(compactor);
	/* most of one segment in five, in a commit that is large itself; the extent stays as it is */
	exec(f.db, "UPDATE t SET b = randomblob(3500) WHERE a <= 800");
	ck_assert_int_gt(query_int(compactor, "SELECT count(*) FROM t"), 0);
	struct vfs_compaction stats = compact_now(compactor);
	ck_assert_uint_gt(stats.moved, 100);
	ck_assert_uint_lt(stats.moved, 1000);
	measure(&f, &used, &live);
	ck_assert_msg(used < live + live / 10, "%llu bytes for %llu", (unsigned long long)used,
		      (unsigned long long)live);
	if (compactor != f.db)
		ck_assert_int_eq(SQLITE_OK, sqlite3_close(compactor));
	uint64_t hash = content_hash(f.db);
	fixture_restart(&f);
	delete_the_rest(&f);
	ck_assert_uint_eq(hash, content_hash(f.db));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* An extent that fills several segments lies well in them. */
START_TEST(what_lies_well_is_not_moved)
{
	struct fixture f;

	fixture_open(&f);
	fill_pages(f.db, 4200);
	exec(f.db, "CREATE TABLE u(a INTEGER PRIMARY KEY, b)");
	for (int i = 0; i < 3; i++) {
		exec(f.db, "UPDATE t SET b = randomblob(3500) WHERE a = 17; INSERT INTO u(b) VALUES(1)");
		struct vfs_compaction stats = compact_now(f.db);
		ck_assert_uint_gt(stats.folded, 0);
		ck_assert_msg(i == 0 || stats.moved < 50, "%llu", (unsigned long long)stats.moved);
	}
	check_layout(&f);
	fixture_close(&f);
}
END_TEST

/* A machine that has nothing in memory: what lies together is read together, and stays out of the cache. */
START_TEST(pages_are_read_by_the_range)
{
	struct vfs_config config = { .commit_timeout_ms = 2000, .cache_bytes = 64 << 20 };
	struct vfs_cache_stats cache;
	struct fixture f;

	fixture_open_with(&f, 0, &config);
	fill_pages(f.db, 3000);
	compact_now(f.db);
	for (int i = 0; i < 3; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "UPDATE t SET b = randomblob(3500) WHERE a %% 5 = %d", i);
		exec(f.db, sql);
		fixture_restart(&f);
	}
	exec(f.db, "UPDATE t SET b = x'00' WHERE a = 3");
	uint64_t gets = fault_get_counts(f.faults).gets;
	struct vfs_compaction stats = compact_now(f.db);
	gets = fault_get_counts(f.faults).gets - gets;
	ck_assert_uint_gt(stats.moved, 1000);
	ck_assert_msg(gets < 40, "%llu GETs", (unsigned long long)gets);
	vfs_cache_stats(&cache);
	ck_assert_uint_lt(cache.memory_pages, 200);
	check_layout(&f);
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	store_kinds_init();

	Suite *suite = suite_create("compact");
	TCase *tc = tcase_create("compact");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, compaction_changes_nothing_that_is_read);
	tcase_add_test(tc, second_compaction_of_a_version_does_nothing);
	tcase_add_test(tc, two_machines_that_compact_do_no_harm);
	tcase_add_loop_test(tc, places_of_another_machine_are_learned_in_time, 0, 2);
	tcase_add_loop_test(tc, commits_and_snapshots_during_compaction_stay_what_they_are, 0, 2);
	tcase_add_loop_test(tc, failed_compaction_leaves_everything_as_it_was, 0, FAULT_LATE);
	tcase_add_test(tc, layout_stays_within_its_bounds);
	tcase_add_loop_test(tc, segments_of_large_commits_give_back_their_room, 0, 2);
	tcase_add_test(tc, what_lies_well_is_not_moved);
	tcase_add_test(tc, pages_are_read_by_the_range);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
