/*
 * test_delta.c - pages that are stored as what has changed against a base
 * Licence: MIT, see LICENSE.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "tests/vfs/fixture.h"
#include "vfs/db.h"
#include "vfs/delta.h"
#include "vfs/format.h"
#include "vfs/key.h"

/* ---- the codec ---- */

/* Change some runs of a page: few and short, or many, or move bytes as a row does that grows. */
static void change(uint8_t *page, uint32_t page_size, uint32_t *seed, unsigned how)
{
	uint32_t runs = how == 0 ? 1 + rnd(seed, 4) : how == 1 ? 1 + rnd(seed, 60) : 1;

	if (how == 2) {
		uint32_t at = rnd(seed, page_size / 2), by = 1 + rnd(seed, 40);

		memmove(page + at + by, page + at, page_size - at - by);
	}
	for (; runs > 0; runs--) {
		uint32_t at = rnd(seed, page_size), n = 1 + rnd(seed, 20);

		for (uint32_t i = at; i < at + n && i < page_size; i++)
			page[i] = (uint8_t)rnd(seed, 256);
	}
}

START_TEST(runs_make_the_image_of_the_base)
{
	uint32_t seed = 99 + (uint32_t)_i, page_size = 512u << _i;
	uint8_t *base = malloc(page_size), *image = malloc(page_size);

	for (int step = 0; step < 300; step++) {
		size_t room, len, again;

		random_bytes(base, page_size);
		memcpy(image, base, page_size);
		change(image, page_size, &seed, rnd(&seed, 3));
		uint8_t *wide = malloc(2 * (size_t)page_size);
		ck_assert(delta_encode(base, image, page_size, wide, 2 * (size_t)page_size, &len));
		/* exactly that much room, and one byte less */
		uint8_t *exact = malloc(len + 1);
		ck_assert(delta_encode(base, image, page_size, exact, len, &again));
		ck_assert_uint_eq(len, again);
		ck_assert_int_eq(0, memcmp(exact, wide, len));
		room = len == 0 ? 0 : rnd(&seed, (uint32_t)len);
		ck_assert(len == 0 || !delta_encode(base, image, page_size, exact, room, &again));
		ck_assert(delta_encode(base, image, page_size, exact, len, &again));
		uint8_t *made = malloc(page_size);
		memcpy(made, base, page_size);
		ck_assert(delta_apply(exact, len, made, page_size));
		ck_assert_int_eq(0, memcmp(made, image, page_size));
		/* cut short, or damaged: refused, or applied within the page */
		for (int k = 0; k < 20 && len > 0; k++) {
			size_t cut = rnd(&seed, (uint32_t)len);
			uint8_t *part = malloc(len);

			memcpy(part, exact, len);
			part[rnd(&seed, (uint32_t)len)] ^= (uint8_t)(1 + rnd(&seed, 255));
			(void)!delta_apply(part, k % 2 == 0 ? len : cut, made, page_size);
			free(part);
		}
		free(made);
		free(exact);
		free(wide);
	}
	free(base);
	free(image);
}
END_TEST

START_TEST(runs_that_leave_the_page_are_refused)
{
	static const struct {
		uint8_t bytes[8];
		size_t len;
	} wrong[] = {
		{ { 0, 0 }, 2 },                      /* an empty run */
		{ { 0, 2, 1 }, 3 },                   /* longer than what is there */
		{ { 0x80, 0x84, 0, 1, 1 }, 5 },       /* begins at 65536 / 128 = behind the end */
		{ { 0xff, 3, 2, 1, 1 }, 5 },          /* the last byte, and one more */
		{ { 0x80, 0x80, 0x80, 0, 1, 1 }, 6 }, /* a number of four bytes */
		{ { 0x80 }, 1 },
		{ { 1 }, 1 },
	};
	uint8_t page[512];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!delta_apply(wrong[i].bytes, wrong[i].len, page, 512), "%zu", i);
	ck_assert(delta_apply((const uint8_t[]){ 0xff, 3, 1, 7 }, 4, page, 512));
	ck_assert_uint_eq(7, page[511]);
}
END_TEST

START_TEST(delta_pages_are_read_as_they_were_written)
{
	uint32_t seed = 5 + (uint32_t)_i, page_size = 512u << _i;
	uint8_t *base = malloc(page_size), *image = malloc(page_size), *out = malloc(page_size);
	uint8_t *made = malloc(page_size);
	unsigned n_prefix = 0, n_runs = 0;

	for (int step = 0; step < 120; step++) {
		struct page_base at = {
			.object = { .kind = OBJECT_SLOT, .lsn = 1 + rnd(&seed, 1000) },
			.entry = { .offset = seed, .encoding = PAGE_ZSTD, .len = 77, .sum = seed },
		};
		struct page_base got;
		struct page_entry e;

		if (step % 2 == 0) {
			at.object = (struct manifest_object){ .kind = OBJECT_SEGMENT, .origin = 7 };
			random_bytes(at.object.id, ID_LEN);
			at.entry.encoding = PAGE_RAW;
			at.entry.len = page_size;
		}
		for (uint32_t i = 0; i < page_size; i++)
			base[i] = (uint8_t)('a' + rnd(&seed, 26));
		memcpy(image, base, page_size);
		change(image, page_size, &seed, step % 3 == 0 ? 2 : rnd(&seed, 2));
		if (!page_encode_delta(9, image, &at, base, page_size, true, out,
					page_size / 2, &e))
			continue;
		ck_assert_uint_le(e.len, page_size / 2);
		n_prefix += e.encoding == PAGE_PREFIX;
		n_runs += e.encoding == PAGE_DELTA;
		uint8_t *stored = malloc(e.len);
		memcpy(stored, out, e.len);
		ck_assert(page_delta_base(&e, stored, page_size, &got));
		ck_assert_int_eq(at.object.kind, got.object.kind);
		ck_assert_uint_eq(at.object.origin, got.object.origin);
		if (at.object.kind == OBJECT_SLOT)
			ck_assert_uint_eq(at.object.lsn, got.object.lsn);
		else
			ck_assert_int_eq(0, memcmp(at.object.id, got.object.id, ID_LEN));
		ck_assert_uint_eq(at.entry.offset, got.entry.offset);
		ck_assert_uint_eq(at.entry.encoding, got.entry.encoding);
		ck_assert_uint_eq(at.entry.len, got.entry.len);
		ck_assert_uint_eq(at.entry.sum, got.entry.sum);
		ck_assert(page_decode_delta(9, &e, stored, base, page_size, made));
		ck_assert_int_eq(0, memcmp(image, made, page_size));
		/* of another page, against another base, or damaged anywhere */
		ck_assert(!page_decode_delta(8, &e, stored, base, page_size, made));
		ck_assert(!page_decode(9, &e, stored, page_size, made));
		memset(made, 0, page_size);
		for (uint32_t i = 0; i < page_size; i++)
			base[i] ^= 1;
		ck_assert(!page_decode_delta(9, &e, stored, base, page_size, made));
		for (size_t i = 0; i < e.len; i += 1 + e.len / 60) {
			stored[i] ^= 0x10;
			ck_assert(!page_delta_base(&e, stored, page_size, &got));
			stored[i] ^= 0x10;
		}
		free(stored);
	}
	ck_assert_uint_gt(n_runs, 10);
	ck_assert_uint_gt(n_prefix, 10);
	free(base);
	free(image);
	free(out);
	free(made);
}
END_TEST

/* ---- in a database ---- */

struct slot {
	struct buf body;
	struct commit_head head;
	unsigned n_deltas, n_whole, n_zero;
};

static void slot_read(struct fixture *f, uint64_t lsn, struct slot *s)
{
	struct error err = ERROR_INIT;
	char key[KEY_MAX];

	memset(s, 0, sizeof(*s));
	buf_init(&s->body, COMMIT_MAX);
	key_slot(key, "app", lsn);
	ck_assert_msg(blob_get(f->inner, key, NULL, &s->body, NULL, &err) == BLOB_OK, "%s", err.text);
	ck_assert_msg(commit_parse((uint8_t *)s->body.data, s->body.len, key, &s->head, &err), "%s",
		      err.text);
	for (uint32_t i = 0; i < s->head.n_entries; i++) {
		struct page_base base;
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&s->head, i, &pgno, &e);
		if (e.encoding == PAGE_ZERO)
			s->n_zero++;
		else if (!page_is_delta(e.encoding))
			s->n_whole++;
		if (!page_is_delta(e.encoding))
			continue;
		s->n_deltas++;
		/* what the page needs is listed, so that clean-up can tell */
		ck_assert(page_delta_base(&e, (uint8_t *)s->body.data + e.offset, s->head.page_size,
					  &base));
		uint32_t k = 0;
		for (; k < s->head.n_objects; k++) {
			struct manifest_object o;

			commit_object(&s->head, k, &o);
			if (o.kind == base.object.kind && o.origin == base.object.origin &&
			    memcmp(o.id, base.object.id, ID_LEN) == 0)
				break;
		}
		ck_assert_uint_lt(k, s->head.n_objects);
	}
}

static uint64_t newest_lsn(sqlite3 *db)
{
	return (uint64_t)query_int(db, "PRAGMA pgblob_lsn");
}

/* Read the newest slot. */
static void newest_slot(struct fixture *f, struct slot *s)
{
	slot_read(f, newest_lsn(f->db), s);
}

/* What is in the store is what was seen. */
static void stays_over_a_restart(struct fixture *f)
{
	uint64_t hash = content_hash(f->db);

	fixture_restart(f);
	ck_assert_uint_eq(hash, content_hash(f->db));
	integrity_check(f->db);
}

#define ROWS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<%d) "

/* A table of n rows with an index on b. */
static void make_table(sqlite3 *db, int n)
{
	char sql[400];

	exec(db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT)");
	exec(db, "CREATE INDEX t_b ON t(b)");
	snprintf(sql, sizeof(sql), ROWS "INSERT INTO t SELECT i, i * 7919 %% 100003, 'item number ' || i || hex(randomblob(20)) FROM n", n);
	exec(db, sql);
}

START_TEST(a_commit_of_one_row_holds_little)
{
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	make_table(f.db, 100000);
	exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 50000");
	newest_slot(&f, &s);
	ck_assert_uint_lt(s.head.pages_len, 1024);
	ck_assert_uint_lt(s.body.len, 1024);
	ck_assert_uint_ge(s.n_deltas, 3); /* page 1, the table's leaf and the index's */
	ck_assert_uint_eq(0, s.n_whole);
	buf_free(&s.body);
	/* the same page again, and another one of the same table */
	exec(f.db, "UPDATE t SET c = 'changed' || substr(c, 8) WHERE a = 50000");
	newest_slot(&f, &s);
	ck_assert_uint_lt(s.head.pages_len, 1024);
	buf_free(&s.body);
	exec(f.db, "INSERT INTO t VALUES (100001, 5, 'one more')");
	newest_slot(&f, &s);
	ck_assert_uint_lt(s.head.pages_len, 1024);
	buf_free(&s.body);
	exec(f.db, "DELETE FROM t WHERE a = 777");
	newest_slot(&f, &s);
	ck_assert_uint_lt(s.head.pages_len, 1024);
	buf_free(&s.body);
	stays_over_a_restart(&f);
	fixture_close(&f);
}
END_TEST

/* A page that grows does not drag along all that came since its base. */
START_TEST(a_page_that_is_added_to_is_written_whole_now_and_then)
{
	unsigned n_whole = 0;
	size_t bytes = 0;
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	enum { N = 60 };
	for (int i = 0; i < N; i++) {
		exec(f.db, "INSERT INTO t(b) VALUES (hex(randomblob(25)))");
		newest_slot(&f, &s);
		n_whole += s.n_whole;
		bytes += s.head.pages_len;
		buf_free(&s.body);
	}
	ck_assert_uint_gt(n_whole, 1);
	ck_assert_uint_lt(bytes / N, 700);
	/* one that changes in the same place has no reason to */
	exec(f.db, "UPDATE t SET b = 1 WHERE a = 3");
	n_whole = 0;
	for (int i = 0; i < 40; i++) {
		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 3");
		newest_slot(&f, &s);
		n_whole += s.n_whole;
		buf_free(&s.body);
	}
	ck_assert_uint_le(n_whole, 3); /* a manifest was made meanwhile */
	fixture_close(&f);
}
END_TEST

START_TEST(what_has_not_changed_is_left_out)
{
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	make_table(f.db, 2000);
	/* there and back again: only page 1 tells of it */
	exec(f.db, "BEGIN");
	exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 1000");
	exec(f.db, "UPDATE t SET b = b - 1 WHERE a = 1000");
	exec(f.db, "UPDATE t SET c = c");
	exec(f.db, "COMMIT");
	newest_slot(&f, &s);
	ck_assert_uint_le(s.head.n_entries, 3); /* a page of the index may hold its cells in another order */
	buf_free(&s.body);
	stays_over_a_restart(&f);
	fixture_close(&f);
}
END_TEST

/*
 * Too much for a commit object, whether that is seen from the first pages or only when
 * deltas, zeros and whole pages have been sealed: segments hold whole pages, and only of
 * what has changed.
 */
START_TEST(what_has_been_sealed_goes_to_segments_too)
{
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	make_table(f.db, 3000);
	exec(f.db, "CREATE TABLE big(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) "
		    "INSERT INTO big SELECT i, randomblob(3000) FROM n");
	exec(f.db, "CREATE TABLE last(a INTEGER PRIMARY KEY, b)");
	exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) "
		    "INSERT INTO last SELECT i, 'row ' || i FROM n");
	exec(f.db, "BEGIN");
	if (_i == 0)
		exec(f.db, "UPDATE t SET b = b + 1"); /* deltas, before pages of another kind */
	exec(f.db, "UPDATE big SET b = CASE WHEN a = 30 THEN zeroblob(3000) ELSE randomblob(3000) END");
	exec(f.db, "UPDATE last SET b = b");
	exec(f.db, "COMMIT");
	newest_slot(&f, &s);
	ck_assert_uint_ge(s.head.n_objects, 2);
	ck_assert_uint_eq(0, s.n_deltas);
	for (uint32_t i = 0; i < s.head.n_objects; i++) {
		struct manifest_object o;

		commit_object(&s.head, i, &o);
		ck_assert_int_eq(OBJECT_SEGMENT, o.kind);
		ck_assert_uint_gt(o.size, 0);
	}
	int64_t pages = query_int(f.db, "SELECT count(*) FROM dbstat WHERE name IN ('t', 't_b', 'big')");
	ck_assert_int_le(s.head.n_entries, pages + 3);
	ck_assert_uint_ge(s.head.n_entries, 2000);
	buf_free(&s.body);
	stays_over_a_restart(&f);
	fixture_close(&f);
}
END_TEST

/* Random work by two machines in turn: each reads what the other has written. */
START_TEST(two_machines_read_each_others_deltas)
{
	uint32_t seed = 17;
	struct fixture f;
	struct slot s;
	unsigned n_deltas = 0;

	fixture_open(&f);
	make_table(f.db, 3000);
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	for (int step = 0; step < 150; step++) {
		sqlite3 *writer = step / 3 % 2 == 0 ? f.db : elsewhere;
		sqlite3 *reader = writer == f.db ? elsewhere : f.db;
		char sql[200];

		switch (rnd(&seed, 4)) {
		case 0:
			snprintf(sql, sizeof(sql), "UPDATE t SET b = %u WHERE a = %u", rnd(&seed, 99999),
				 rnd(&seed, 3000));
			break;
		case 1:
			snprintf(sql, sizeof(sql), "UPDATE t SET c = hex(randomblob(%u)) WHERE a = %u",
				 rnd(&seed, 60), rnd(&seed, 3000));
			break;
		case 2:
			snprintf(sql, sizeof(sql), "DELETE FROM t WHERE a BETWEEN %u AND %u + 5", seed % 3000,
				 seed % 3000);
			break;
		default:
			snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO t VALUES (%u, 1, 'x')",
				 rnd(&seed, 3000));
		}
		exec(writer, sql);
		slot_read(&f, newest_lsn(writer), &s);
		n_deltas += s.n_deltas;
		buf_free(&s.body);
		if (step % 10 == 9) {
			ck_assert_uint_eq(content_hash(writer), content_hash(reader));
			integrity_check(reader);
		}
	}
	ck_assert_uint_gt(n_deltas, 200);
	uint64_t hash = content_hash(f.db);
	sqlite3_close(elsewhere);
	fixture_restart(&f);
	ck_assert_uint_eq(hash, content_hash(f.db));
	integrity_check(f.db);
	fixture_close(&f);
}
END_TEST

/* Memory for a handful of pages only: every base must be read. */
static const struct vfs_config no_memory = { .commit_timeout_ms = 2000, .cache_bytes = 64 << 10 };

START_TEST(a_page_costs_two_reads_at_the_most)
{
	struct vfs_read_stats before, after;
	struct fixture f;

	fixture_open_with(&f, 0, &no_memory);
	make_table(f.db, 20000);
	for (int i = 0; i < 40; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "UPDATE t SET b = b + 1 WHERE a = %d", 400 * i + 7);
		exec(f.db, sql);
	}
	uint64_t hash = content_hash(f.db);
	fixture_restart(&f);
	ck_assert_int_eq(VFS_OK, vfs_read_stats(f.db, &before));
	ck_assert_int_eq(1, query_int(f.db, "SELECT count(*) FROM t WHERE a = 407 AND b > 0"));
	ck_assert_int_eq(VFS_OK, vfs_read_stats(f.db, &after));
	ck_assert_uint_le(after.gets - before.gets, 2 * (after.store_pages - before.store_pages));
	ck_assert_uint_eq(after.pages, after.memory_hits + after.disk_hits + after.store_pages);
	ck_assert_uint_eq(hash, content_hash(f.db));
	integrity_check(f.db);
	ck_assert_int_eq(VFS_OK, vfs_read_stats(f.db, &after));
	ck_assert_uint_eq(after.pages, after.memory_hits + after.disk_hits + after.store_pages);
	fixture_close(&f);
}
END_TEST

START_TEST(after_a_lost_race_deltas_are_against_what_won)
{
	struct fixture f;

	fixture_open(&f);
	make_table(f.db, 3000);
	sqlite3 *elsewhere = connect_elsewhere(&f, "app");
	for (int round = 0; round < 20; round++) {
		struct error err = ERROR_INIT;
		struct vfs_ticket ticket = { .seq = 0 };
		sqlite3 *one = connect_to("app", NULL);

		ck_assert_int_eq(VFS_OK, vfs_intent_begin(one, 0, NULL, &err));
		vfs_commit_later(one, &ticket, VFS_IN_STORE);
		exec(one, "UPDATE t SET b = b + 1, c = 'lost' WHERE a BETWEEN 100 AND 110");
		vfs_commit_later(one, NULL, VFS_IN_STORE);
		exec(elsewhere, "UPDATE t SET b = b + 2 WHERE a BETWEEN 105 AND 115");
		ck_assert_int_eq(VFS_LOST, vfs_commit_wait(&ticket, &err));
		sqlite3_close(one);
		exec(f.db, "UPDATE t SET b = b + 4 WHERE a BETWEEN 109 AND 120");
		ck_assert_uint_eq(content_hash(elsewhere), content_hash(f.db));
	}
	ck_assert_int_eq(0, query_int(f.db, "SELECT count(*) FROM t WHERE c = 'lost'"));
	integrity_check(f.db);
	integrity_check(elsewhere);
	uint64_t hash = content_hash(f.db);
	sqlite3_close(elsewhere);
	fixture_restart(&f);
	ck_assert_uint_eq(hash, content_hash(f.db));
	fixture_close(&f);
}
END_TEST

START_TEST(pages_that_were_gone_have_no_base_from_before)
{
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	exec(f.db, "PRAGMA auto_vacuum = INCREMENTAL");
	exec(f.db, "VACUUM");
	exec(f.db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	for (int round = 0; round < 4; round++) {
		int pages = (int)query_int(f.db, "PRAGMA page_count");

		exec(f.db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) "
			   "INSERT INTO t SELECT i, printf('%.900c', 'x') FROM n");
		/* the images are all but the same as those that were there a round before */
		newest_slot(&f, &s);
		ck_assert_uint_gt(query_int(f.db, "PRAGMA page_count"), pages + 50);
		for (uint32_t i = 0; i < s.head.n_entries; i++) {
			struct page_entry e;
			pgno_t pgno;

			commit_entry(&s.head, i, &pgno, &e);
			ck_assert(pgno <= (pgno_t)pages || !page_is_delta(e.encoding));
		}
		buf_free(&s.body);
		uint64_t hash = content_hash(f.db);
		fixture_restart(&f);
		ck_assert_uint_eq(hash, content_hash(f.db));
		exec(f.db, "DELETE FROM t");
		exec(f.db, "PRAGMA incremental_vacuum");
		ck_assert_int_lt(query_int(f.db, "PRAGMA page_count"), pages + 50);
	}
	/* in one transaction: gone and back */
	exec(f.db, "INSERT INTO t SELECT value, printf('%.900c', 'y') FROM json_each('[1,2,3,4,5,6,7,8,9]')");
	exec(f.db, "BEGIN");
	exec(f.db, "DELETE FROM t");
	exec(f.db, "PRAGMA incremental_vacuum");
	exec(f.db, "INSERT INTO t SELECT value, printf('%.900c', 'y') FROM json_each('[1,2,3,4,5,6,7,8,9]')");
	exec(f.db, "COMMIT");
	stays_over_a_restart(&f);
	fixture_close(&f);
}
END_TEST

START_TEST(another_page_size_begins_anew)
{
	static const int sizes[] = { 512, 65536, 1024, 4096 };
	struct fixture f;

	fixture_open(&f);
	make_table(f.db, 1000);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "PRAGMA page_size = %d", sizes[i]);
		exec(f.db, sql);
		exec(f.db, "VACUUM");
		ck_assert_int_eq(sizes[i], query_int(f.db, "PRAGMA page_size"));
		for (int k = 0; k < 10; k++) {
			struct slot s;

			snprintf(sql, sizeof(sql), "UPDATE t SET b = b + 1, c = 'row ' || b WHERE a = %d", 90 * k + 1);
			exec(f.db, sql);
			newest_slot(&f, &s);
			ck_assert_uint_ge(s.n_deltas, sizes[i] > 512 ? 1 : 0);
			buf_free(&s.body);
		}
		stays_over_a_restart(&f);
	}
	fixture_close(&f);
}
END_TEST

/* The newest manifest: no deltas in it, and the database can be opened from it. */
START_TEST(a_manifest_tells_of_no_deltas)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct blob_list_request request = { .prefix = "app/manifest/", .max = 1 };
	struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(entries[0]));
	struct buf body = BUF_INIT(1 << 24);
	struct error err = ERROR_INIT;
	struct manifest_head head;
	struct blob_list list;
	struct fixture f;
	uint32_t n;

	fixture_open_with(&f, 0, _i == 0 ? &(struct vfs_config){ .commit_timeout_ms = 2000 } : &no_memory);
	make_table(f.db, 2000);
	while (newest_lsn(f.db) < 64)
		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = abs(random()) % 2000");
	uint64_t hash = content_hash(f.db);
	fixture_restart(&f); /* waits for the background */
	ck_assert_int_eq(BLOB_OK, blob_list(f.inner, &request, &arena, &list, &err));
	ck_assert_uint_eq(1, list.n_entries);
	const char *key = list.entries[0].key;
	ck_assert_int_eq(BLOB_OK, blob_get(f.inner, key, NULL, &body, NULL, &err));
	ck_assert(manifest_parse((uint8_t *)body.data, body.len, key, &head, &err));
	ck_assert_uint_eq(64, head.lsn);
	for (uint32_t c = 0; c < head.n_chunks; c++) {
		ck_assert_msg(manifest_chunk((uint8_t *)body.data, body.len, key, &head, c, entries, &n, &err),
			      "%s", err.text);
		for (uint32_t i = 0; i < n; i++)
			ck_assert(!page_is_delta(entries[i].encoding));
	}
	ck_assert_uint_eq(hash, content_hash(f.db));
	/* behind it: what was a delta is written whole once, and then again as one */
	for (int i = 0; i < 3; i++) {
		struct slot s;

		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 5");
		newest_slot(&f, &s);
		ck_assert(i == 0 || s.n_whole == 0 || _i == 1);
		buf_free(&s.body);
	}
	hash = content_hash(f.db);
	fixture_restart(&f);
	ck_assert_uint_eq(hash, content_hash(f.db));
	integrity_check(f.db);
	buf_free(&body);
	arena_free(&arena);
	free(entries);
	fixture_close(&f);
}
END_TEST

/* What is known of manifests is old: an object that nobody may need any more is no base. */
START_TEST(what_clean_up_may_have_taken_is_no_base)
{
	struct fixture f;
	struct slot s;

	fixture_open(&f);
	make_table(f.db, 2000);
	exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 5");
	newest_slot(&f, &s);
	ck_assert_uint_gt(s.n_deltas, 0);
	buf_free(&s.body);
	/* ten minutes without a proof: the next transaction asks for manifests too */
	vfs_test_sleep_us += (int64_t)2000 * 1000000;
	exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 5");
	newest_slot(&f, &s);
	ck_assert_uint_gt(s.n_deltas, 0);
	buf_free(&s.body);
	/* proofs alone do not */
	for (int i = 0; i < 10; i++) {
		vfs_test_sleep_us += (int64_t)300 * 1000000;
		exec(f.db, "UPDATE t SET b = b + 1 WHERE a = 5");
		newest_slot(&f, &s);
		ck_assert_msg((s.n_deltas > 0) == (i < 5), "%d", i);
		buf_free(&s.body);
	}
	integrity_check(f.db);
	fixture_close(&f);
	vfs_test_sleep_us = 0;
}
END_TEST

static void damage(struct fixture *f, const char *key, off_t at)
{
	char path[1024];
	unsigned char byte;

	snprintf(path, sizeof(path), "%s/%s", f->place.url + strlen("file://"), key);
	ck_assert_int_eq(0, chmod(path, 0600));
	int fd = open(path, O_RDWR);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(1, pread(fd, &byte, 1, at));
	byte ^= 0x20;
	ck_assert_int_eq(1, pwrite(fd, &byte, 1, at));
	close(fd);
}

/* A database of which page 3's newest form is a delta against a segment; where its base lies. */
static struct page_base make_far_base(struct fixture *f)
{
	struct page_base base = { .object = { .lsn = 0 } };
	struct slot s;

	exec(f->db, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
	exec(f->db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<8000) "
		    "INSERT INTO t SELECT i, randomblob(1000) FROM n");
	exec(f->db, "UPDATE t SET b = CAST('x' || substr(b, 2) AS BLOB) WHERE a = 7000");
	newest_slot(f, &s);
	for (uint32_t i = 0; i < s.head.n_entries; i++) {
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&s.head, i, &pgno, &e);
		if (pgno > 1 && page_is_delta(e.encoding))
			ck_assert(page_delta_base(&e, (uint8_t *)s.body.data + e.offset, 4096, &base));
	}
	buf_free(&s.body);
	ck_assert_int_eq(OBJECT_SEGMENT, base.object.kind);
	return base;
}

START_TEST(a_damaged_base_is_named)
{
	struct error err = ERROR_INIT;
	char key[KEY_MAX];
	struct fixture f;

	fixture_open(&f);
	struct page_base base = make_far_base(&f);
	key_segment(key, "app", base.object.id);
	if (_i == 0) {
		damage(&f, key, base.entry.offset + 200);
	} else {
		ck_assert_int_eq(BLOB_OK, blob_delete(f.inner, key, &err));
	}
	fixture_restart(&f);
	ck_assert_int_eq(SQLITE_IOERR_DATA, try_exec(f.db, "SELECT length(b) FROM t WHERE a = 7000"));
	ck_assert_int_eq(VFS_CORRUPT, vfs_last_error(f.db, &err));
	ck_assert_msg(strstr(err.text, key) != NULL, "%s", err.text);
	/* the rest can be read, and written */
	exec(f.db, "CREATE TABLE u(a)");
	ck_assert_int_eq(1000, query_int(f.db, "SELECT length(b) FROM t WHERE a = 1"));
	fixture_close(&f);
}
END_TEST

START_TEST(every_request_for_a_base_may_fail)
{
	struct fixture f;
	bool hit = true;

	fixture_open_with(&f, 0, &no_memory);
	(void)make_far_base(&f);
	for (unsigned nth = 1; hit; nth++) {
		fixture_restart(&f);
		fault_arm_only(f.faults, nth, (enum fault_mode)_i, FAULT_OP_GET);
		int rc = try_exec(f.db, "SELECT length(b) FROM t WHERE a = 7000");
		hit = fault_disarm(f.faults);
		ck_assert(hit || rc == SQLITE_OK);
		ck_assert(rc == SQLITE_OK || (rc & 0xff) == SQLITE_IOERR);
		ck_assert_int_eq(1000, query_int(f.db, "SELECT length(b) FROM t WHERE a = 7000"));
		ck_assert_str_eq("x", query_text(f.db, "SELECT substr(b, 1, 1) FROM t WHERE a = 7000"));
		ck_assert_uint_lt(nth, 50);
	}
	fixture_close(&f);
}
END_TEST

/* A commit does not read for the sake of being short. */
START_TEST(a_commit_asks_for_no_base)
{
	struct fixture f;

	fixture_open_with(&f, 0, &no_memory);
	make_table(f.db, 20000);
	for (int i = 0; i < 30; i++) {
		char sql[100];

		exec(f.db, "BEGIN");
		snprintf(sql, sizeof(sql), "UPDATE t SET b = b + 1 WHERE a %% 199 = %d", i);
		exec(f.db, sql);
		/* what is read ahead may fail as well */
		fault_arm_only(f.faults, 1, FAULT_STICKY, FAULT_OP_GET);
		exec(f.db, "COMMIT");
		(void)fault_disarm(f.faults);
	}
	stays_over_a_restart(&f);
	fixture_close(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delta");
	TCase *tc = tcase_create("delta");

	(void)store_kinds_init();
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, runs_make_the_image_of_the_base, 0, 8);
	tcase_add_test(tc, runs_that_leave_the_page_are_refused);
	tcase_add_loop_test(tc, delta_pages_are_read_as_they_were_written, 0, 8);
	tcase_add_test(tc, a_commit_of_one_row_holds_little);
	tcase_add_test(tc, a_page_that_is_added_to_is_written_whole_now_and_then);
	tcase_add_test(tc, what_has_not_changed_is_left_out);
	tcase_add_loop_test(tc, what_has_been_sealed_goes_to_segments_too, 0, 2);
	tcase_add_test(tc, two_machines_read_each_others_deltas);
	tcase_add_test(tc, a_page_costs_two_reads_at_the_most);
	tcase_add_test(tc, after_a_lost_race_deltas_are_against_what_won);
	tcase_add_test(tc, pages_that_were_gone_have_no_base_from_before);
	tcase_add_test(tc, another_page_size_begins_anew);
	tcase_add_loop_test(tc, a_manifest_tells_of_no_deltas, 0, 2);
	tcase_add_test(tc, what_clean_up_may_have_taken_is_no_base);
	tcase_add_loop_test(tc, a_damaged_base_is_named, 0, 2);
	tcase_add_loop_test(tc, every_request_for_a_base_may_fail, FAULT_ONCE, FAULT_UNKNOWN + 1);
	tcase_add_test(tc, a_commit_asks_for_no_base);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
