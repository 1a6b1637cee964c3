/*
 * test_format.c - objects are read back as they were written, and damage is seen
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "vfs/cache.h"
#include "vfs/format_parts.h"
#include "vfs/journal.h"
#include "vfs/key.h"
#include "vfs/object.h"
#include "vfs/page_table.h"
#include "vfs/vfs.h"

enum { PAGE = 1024 };

static uint8_t scratch[PAGE_SIZE_MAX];

static void fill(uint8_t *page, unsigned kind)
{
	for (unsigned i = 0; i < PAGE; i++)
		page[i] = kind == 0 ? 0 : (uint8_t)(kind == 1 ? i / 64 : random_u64());
}

static const struct manifest_object listed[] = {
	{ .kind = OBJECT_SEGMENT, .id = "0123456789abcde" },
	{ .kind = OBJECT_SLOT, .lsn = 6 },
	{ .kind = OBJECT_SLOT, .origin = 3, .lsn = 99 },
};

/* A commit of a zero, a compressible and a random page. */
static void make_commit(struct buf *out, uint8_t pages[3][PAGE])
{
	struct commit_head head = {
		.kind = COMMIT_NORMAL,
		.lsn = 7,
		.time_us = 123456789,
		.page_size = PAGE,
		.page_count = 9,
		.n_entries = 3,
		.n_objects = ARRAY_LEN(listed),
	};
	pgno_t pgnos[3] = { 2, 5, 9 };
	struct page_entry entries[3];
	struct buf stored = BUF_INIT(1 << 20);
	uint8_t hash[HASH_LEN];

	memset(head.nonce, 3, ID_LEN);
	for (unsigned i = 0; i < 3; i++) {
		fill(pages[i], i);
		page_encode(pgnos[i], pages[i], PAGE, PACK_THOROUGH, scratch, &stored, &entries[i]);
	}
	head.pages_len = (uint32_t)stored.len;
	commit_put_head(out, &head, listed, pgnos, entries);
	buf_put(out, stored.data, stored.len);
	object_put_hash(out, hash);
	buf_free(&stored);
}

START_TEST(commit_is_read_as_it_was_written)
{
	struct buf b = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct commit_head head;
	uint8_t pages[3][PAGE];
	uint8_t image[PAGE];
	static const uint8_t encodings[] = { PAGE_ZERO, PAGE_ZSTD, PAGE_RAW };

	make_commit(&b, pages);
	ck_assert_msg(commit_parse((uint8_t *)b.data, b.len, "k", &head, &err), "%s", err.text);
	ck_assert_uint_eq(7, head.lsn);
	ck_assert_uint_eq(9, head.page_count);
	ck_assert_uint_eq(2, head.version);
	ck_assert_uint_eq(ARRAY_LEN(listed), head.n_objects);
	for (uint32_t i = 0; i < head.n_objects; i++) {
		struct manifest_object o;

		commit_object(&head, i, &o);
		ck_assert_int_eq(listed[i].kind, o.kind);
		ck_assert_uint_eq(listed[i].origin, o.origin);
		if (o.kind == OBJECT_SLOT)
			ck_assert_uint_eq(listed[i].lsn, o.lsn);
		else
			ck_assert_int_eq(0, memcmp(listed[i].id, o.id, ID_LEN));
	}
	for (uint32_t i = 0; i < 3; i++) {
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&head, i, &pgno, &e);
		ck_assert_uint_eq(e.encoding, encodings[i]);
		ck_assert(page_decode(pgno, &e, (uint8_t *)b.data + e.offset, PAGE, image));
		ck_assert_int_eq(0, memcmp(image, pages[i], PAGE));
		/* the sum knows which page it is of */
		ck_assert(e.encoding == PAGE_ZERO ||
			  !page_decode(pgno + 1, &e, (uint8_t *)b.data + e.offset, PAGE, image));
	}
	buf_free(&b);
}
END_TEST

START_TEST(no_bit_of_a_commit_can_change_unseen)
{
	struct buf b = BUF_INIT(1 << 20);
	struct commit_head head;
	uint8_t pages[3][PAGE];

	make_commit(&b, pages);
	for (size_t i = 0; i < b.len; i++) {
		struct error err = ERROR_INIT;

		b.data[i] ^= (char)(1 << i % 8);
		ck_assert_msg(!commit_parse((uint8_t *)b.data, b.len, "k", &head, &err), "byte %zu", i);
		ck_assert(err.set);
		b.data[i] ^= (char)(1 << i % 8);
	}
	for (size_t len = 0; len < b.len; len++)
		ck_assert(!commit_parse((uint8_t *)b.data, len, "k", &head, NULL));
	buf_free(&b);
}
END_TEST

/* Make the sums right again. */
static void sum_again(struct buf *b, size_t objects_len)
{
	uint8_t hash[HASH_LEN];
	size_t at = COMMIT_HEAD_LEN + objects_len +
		    (size_t)COMMIT_ENTRY_LEN * get_u32(b->data + 84) + get_u32(b->data + 88);

	set_u32(b->data + at, format_sum(b->data, at));
	b->len -= HASH_LEN;
	object_put_hash(b, hash);
}

/* The same commit as version 1 had it: ids of segments, and no other objects. */
START_TEST(commit_of_version_1_is_read)
{
	enum { V2_OBJECTS = 24 * ARRAY_LEN(listed), V1_OBJECTS = 16 };
	struct buf b = BUF_INIT(1 << 20), old = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct manifest_object o;
	struct commit_head head;
	uint8_t pages[3][PAGE];

	make_commit(&b, pages);
	buf_put(&old, b.data, COMMIT_HEAD_LEN);
	buf_put(&old, listed[0].id, ID_LEN);
	buf_put(&old, b.data + COMMIT_HEAD_LEN + V2_OBJECTS, b.len - COMMIT_HEAD_LEN - V2_OBJECTS);
	old.data[5] = 1;
	set_u32(old.data + 80, 1);
	for (size_t i = 0; i < 3; i++) {
		char *at = old.data + COMMIT_HEAD_LEN + V1_OBJECTS + COMMIT_ENTRY_LEN * i + 8;

		if (get_u32(at) != 0)
			set_u32(at, get_u32(at) - V2_OBJECTS + V1_OBJECTS);
	}
	sum_again(&old, V1_OBJECTS);
	ck_assert_msg(commit_parse((uint8_t *)old.data, old.len, "k", &head, &err), "%s", err.text);
	ck_assert_uint_eq(1, head.version);
	ck_assert_uint_eq(1, head.n_objects);
	commit_object(&head, 0, &o);
	ck_assert_int_eq(OBJECT_SEGMENT, o.kind);
	ck_assert_uint_eq(0, o.origin);
	ck_assert_int_eq(0, memcmp(listed[0].id, o.id, ID_LEN));
	for (uint32_t i = 0; i < 3; i++) {
		uint8_t image[PAGE];
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&head, i, &pgno, &e);
		ck_assert(page_decode(pgno, &e, (uint8_t *)old.data + e.offset, PAGE, image));
		ck_assert_int_eq(0, memcmp(image, pages[i], PAGE));
	}
	/* a kind that came with version 2 */
	old.data[6] = COMMIT_BRANCHED;
	sum_again(&old, V1_OBJECTS);
	ck_assert(!commit_parse((uint8_t *)old.data, old.len, "k", &head, NULL));
	b.data[6] = COMMIT_BRANCHED;
	sum_again(&b, V2_OBJECTS);
	ck_assert(commit_parse((uint8_t *)b.data, b.len, "k", &head, NULL));
	buf_free(&b);
	buf_free(&old);
}
END_TEST

START_TEST(impossible_object_entries_are_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 0, 0 },       /* kinds that there are not */
		{ 0, 3 },
		{ 24 + 23, 7 }, /* a slot of this database that does not come before */
		{ 24 + 23, 0 },
		{ 24 + 8, 1 },
		{ 48 + 17, 128 }, /* an lsn that no slot has */
	};
	struct buf b = BUF_INIT(1 << 20);
	struct commit_head head;
	uint8_t pages[3][PAGE];

	make_commit(&b, pages);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char *p = b.data + COMMIT_HEAD_LEN + wrong[i].at;
		struct error err = ERROR_INIT;
		char was = *p;

		*p = (char)wrong[i].value;
		sum_again(&b, 24 * ARRAY_LEN(listed));
		ck_assert_msg(!commit_parse((uint8_t *)b.data, b.len, "k", &head, &err), "%zu", i);
		ck_assert_ptr_nonnull(strstr(err.text, "object entry"));
		*p = was;
	}
	sum_again(&b, 24 * ARRAY_LEN(listed));
	ck_assert(commit_parse((uint8_t *)b.data, b.len, "k", &head, NULL));
	buf_free(&b);
}
END_TEST

/* As version 1 had it: entries of 16 bytes in a row, and neither origins nor a manifest before. */
START_TEST(manifest_of_version_1_is_read)
{
	enum { N = 3, HEAD_1 = 172 };
	struct buf b = BUF_INIT(1 << 20), raw = BUF_INIT(1 << 10);
	struct page_entry entries[N] = {
		{ .object = 1, .offset = 60, .len = 4096, .sum = 5, .encoding = PAGE_RAW },
		{ .encoding = PAGE_ZERO },
		{ .object = 0, .offset = 90, .len = 70, .sum = 6, .encoding = PAGE_ZSTD },
	};
	struct page_entry read[MANIFEST_CHUNK_PAGES];
	struct error err = ERROR_INIT;
	struct manifest_head head;
	struct manifest_object o;
	uint8_t hash[HASH_LEN];
	uint8_t packed[200];
	uint32_t n;

	for (size_t i = 0; i < N; i++)
		format_put_entry(&raw, &entries[i], 0);
	size_t len = bytes_compress(packed, sizeof(packed), raw.data, raw.len, PACK_THOROUGH);
	buf_put(&b, "PGBM\0\1\1\0", 8);
	buf_put_u64(&b, 77);
	buf_put(&b, "0123456789abcdef0123456789abcdef", ID_LEN + HASH_LEN);
	buf_put_u64(&b, 123);
	buf_put_u32(&b, 4096);
	buf_put_u32(&b, N);
	buf_put_u32(&b, 2);
	buf_put_u32(&b, 1);
	memset(buf_extend(&b, PAGE_HEADER_LEN), 9, PAGE_HEADER_LEN);
	ck_assert_uint_eq(HEAD_1, b.len);
	buf_put(&b, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x2a", 24);
	buf_put(&b, "\2\0\0\0\0\0\0\0fedcba9876543210", 24);
	buf_put_u64(&b, b.len + 16 + 4);
	buf_put_u32(&b, (uint32_t)len);
	buf_put_u32(&b, format_sum(packed, len));
	buf_put_u32(&b, format_sum(b.data, b.len));
	buf_put(&b, packed, len);
	object_put_hash(&b, hash);
	ck_assert_msg(manifest_parse((uint8_t *)b.data, b.len, "m", &head, &err), "%s", err.text);
	ck_assert_uint_eq(1, head.version);
	ck_assert_uint_eq(0, head.previous + head.n_origins);
	manifest_object_at(&head, 0, &o);
	ck_assert(o.kind == OBJECT_SLOT && o.lsn == 42 && !o.held);
	manifest_object_at(&head, 1, &o);
	ck_assert(o.kind == OBJECT_SEGMENT && memcmp(o.id, "fedcba9876543210", ID_LEN) == 0);
	ck_assert(manifest_chunk((uint8_t *)b.data, b.len, "m", &head, 0, read, &n, &err));
	ck_assert_uint_eq(N, n);
	for (size_t i = 0; i < N; i++) {
		ck_assert_uint_eq(entries[i].object, read[i].object);
		ck_assert_uint_eq(entries[i].offset, read[i].offset);
		ck_assert_uint_eq(entries[i].len, read[i].len);
		ck_assert_uint_eq(entries[i].sum, read[i].sum);
		ck_assert_uint_eq(entries[i].encoding, read[i].encoding);
	}
	buf_free(&raw);
	buf_free(&b);
}
END_TEST

START_TEST(newer_format_version_is_told_as_such)
{
	struct buf b = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct commit_head head;
	uint8_t pages[3][PAGE];

	make_commit(&b, pages);
	b.data[5] = 3;
	ck_assert(!commit_parse((uint8_t *)b.data, b.len, "k", &head, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "format version 3"));
	buf_free(&b);
}
END_TEST

START_TEST(manifest_is_read_as_it_was_written_and_damage_is_seen)
{
	struct manifest_head head = {
		.kind = COMMIT_NORMAL,
		.lsn = 99,
		.page_size = 4096,
		.page_count = 2 * MANIFEST_CHUNK_PAGES + 5,
		.n_objects = 2,
		.n_chunks = 3,
		.previous = 40,
		.n_origins = 2,
	};
	static const char *const origins[] = { "parent", "%2Ea" };
	struct manifest_object objects[2] = {
		{ .kind = OBJECT_SLOT, .lsn = 42 },
		{ .kind = OBJECT_SEGMENT, .origin = 2, .held = true, .size = 77, .id = "segment" },
	};
	struct page_entry *entries = calloc(head.page_count, sizeof(*entries));
	struct page_entry *read = calloc(MANIFEST_CHUNK_PAGES, sizeof(*read));
	struct buf b = BUF_INIT(1 << 24);
	struct error err = ERROR_INIT;
	struct manifest_head got;

	for (uint32_t i = 0; i < head.page_count; i++)
		entries[i] = (struct page_entry){
			.object = i % 2,
			.offset = i * 3,
			.encoding = i % 5 == 0 ? PAGE_ZERO : PAGE_RAW,
			.len = i % 5 == 0 ? 0 : 4096,
			.sum = (uint32_t)random_u64(),
		};
	manifest_begin(&b, &head, origins, objects);
	for (uint32_t c = 0; c < 3; c++)
		manifest_put_chunk(&b, &head, c, entries + c * MANIFEST_CHUNK_PAGES,
				   c < 2 ? MANIFEST_CHUNK_PAGES : 5);
	manifest_end(&b, &head);
	ck_assert(!b.failed);
	ck_assert_msg(manifest_parse((uint8_t *)b.data, b.len, "m", &got, &err), "%s", err.text);
	ck_assert(manifest_parse_head((uint8_t *)b.data, manifest_head_len(&got), "m", &got, &err));
	ck_assert(!manifest_parse_head((uint8_t *)b.data, manifest_head_len(&got) - 1, "m", &got, &err));
	struct manifest_object o;
	manifest_object_at(&got, 0, &o);
	ck_assert_uint_eq(42, o.lsn);
	manifest_object_at(&got, 1, &o);
	ck_assert_int_eq(0, memcmp(o.id, objects[1].id, ID_LEN));
	ck_assert(o.held && o.origin == 2 && o.size == 77);
	ck_assert_uint_eq(40, got.previous);
	ck_assert_uint_eq(2, got.n_origins);
	uint32_t at = 0;
	size_t name_len;
	const char *name = manifest_origin_next(&got, &at, &name_len);
	ck_assert(name_len == 6 && memcmp(name, "parent", 6) == 0);
	name = manifest_origin_next(&got, &at, &name_len);
	ck_assert(name_len == 4 && memcmp(name, "%2Ea", 4) == 0 && at == got.origins_len);
	for (uint32_t c = 0; c < 3; c++) {
		uint32_t n;

		ck_assert(manifest_chunk((uint8_t *)b.data, b.len, "m", &got, c, read, &n, &err));
		ck_assert_uint_eq(n, c < 2 ? MANIFEST_CHUNK_PAGES : 5);
		for (uint32_t i = 0; i < n; i++) {
			const struct page_entry *e = &entries[c * MANIFEST_CHUNK_PAGES + i];

			ck_assert_uint_eq(e->encoding, read[i].encoding);
			ck_assert_uint_eq(e->encoding == PAGE_ZERO ? 0 : e->sum, read[i].sum);
			ck_assert(e->encoding == PAGE_ZERO ||
				  (e->object == read[i].object && e->offset == read[i].offset));
		}
	}
	for (size_t i = 0; i < b.len; i += 1 + i / 100) {
		b.data[i] ^= 1;
		ck_assert_msg(!manifest_parse((uint8_t *)b.data, b.len, "m", &got, NULL), "byte %zu", i);
		b.data[i] ^= 1;
	}
	free(entries);
	free(read);
	buf_free(&b);
}
END_TEST

START_TEST(segment_is_checked_page_by_page)
{
	uint8_t id[ID_LEN] = "id", pages[3][PAGE];
	struct page_entry entries[3];
	pgno_t pgnos[3] = { 1, 2, 70000 };
	struct buf b = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;

	segment_put_head(&b, id, id);
	for (unsigned i = 0; i < 3; i++) {
		fill(pages[i], i);
		page_encode(pgnos[i], pages[i], PAGE, PACK_THOROUGH, scratch, &b, &entries[i]);
	}
	segment_put_index(&b, pgnos, entries, 3);
	ck_assert_msg(segment_check((uint8_t *)b.data, b.len, "s", PAGE, &err), "%s", err.text);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 4;
		ck_assert(!segment_check((uint8_t *)b.data, b.len, "s", PAGE, NULL));
		b.data[i] ^= 4;
	}
	buf_free(&b);
}
END_TEST

START_TEST(keys_are_inverted_and_names_round_trip)
{
	char key[KEY_MAX], older[KEY_MAX], folder[DB_NAME_ENCODED], name[DB_NAME_MAX + 1];
	uint64_t lsn;

	db_name_encode("a b/\xc3\xa4", folder);
	ck_assert_str_eq("a%20b%2F%C3%A4", folder);
	ck_assert(db_name_decode(folder, strlen(folder), name));
	ck_assert_str_eq("a b/\xc3\xa4", name);
	ck_assert(!db_name_decode("a%2fb", 5, name)); /* one name, one folder */
	ck_assert(!db_name_decode("a%41", 4, name));
	ck_assert(!db_name_decode("a%4", 3, name));
	key_manifest(older, "x", 255);
	key_manifest(key, "x", 256);
	ck_assert_int_lt(strcmp(key, older), 0);
	ck_assert(key_manifest_lsn(key, &lsn));
	ck_assert_uint_eq(256, lsn);
	key_slot(key, "x", 0xabc);
	ck_assert_str_eq("x/log/0000000000000abc", key);
}
END_TEST

START_TEST(page_table_and_undo_keep_every_field)
{
	struct page_table *t = page_table_new(65536);
	struct undo older = { 0 }, newer = { 0 };
	struct page_ref ref;

	ck_assert(page_table_reserve(t, 5000000));
	for (pgno_t p = 1; p < 5000000; p += 99991) {
		struct page_ref put = {
			.seq = (1ull << 44) - p,
			.object = OBJECT_TABLE_BIT | p,
			.offset = UINT32_MAX - p,
			.len = 65536,
			.sum = p * 2654435761u,
			.encoding = PAGE_MEMORY,
		};

		page_table_set(t, p, &put);
		ref = page_table_get(t, p);
		ck_assert_uint_eq(put.seq, ref.seq);
		ck_assert_uint_eq(put.object, ref.object);
		ck_assert_uint_eq(put.offset, ref.offset);
		ck_assert_uint_eq(put.len, ref.len);
		ck_assert_uint_eq(put.sum, ref.sum);
		ck_assert_uint_eq(put.encoding, ref.encoding);
	}
	ck_assert_uint_eq(PAGE_ZERO, page_table_get(t, 3).encoding);
	ck_assert_uint_eq(PAGE_ZERO, page_table_get(t, UINT32_MAX).encoding);
	/* what the older version has stays, what is too new for it is left out */
	ck_assert(undo_reserve(&older, 1) && undo_reserve(&newer, 3));
	undo_put(&older, 1, &(struct page_ref){ .seq = 1, .offset = 11 });
	undo_put(&newer, 1, &(struct page_ref){ .seq = 5, .offset = 15 });
	undo_put(&newer, 2, &(struct page_ref){ .seq = 2, .offset = 22 });
	undo_put(&newer, 3, &(struct page_ref){ .seq = 5, .offset = 35 });
	ck_assert(undo_merge(&older, 3, &newer));
	ck_assert(undo_find(&older, 1, &ref) && ref.offset == 11);
	ck_assert(undo_find(&older, 2, &ref) && ref.offset == 22);
	ck_assert(!undo_find(&older, 3, &ref));
	undo_free(&older);
	undo_free(&newer);
	page_table_unref(t);
}
END_TEST

START_TEST(cache_keeps_its_limit_but_nothing_that_is_held)
{
	struct vfs_cache_stats stats = { 0 };
	struct image *held = image_new(4096);

	cache_set_limit(1 << 20);
	memset(held->data, 9, 4096);
	held = cache_insert(1, 7, 7, held);
	for (uint32_t i = 0; i < 5000; i++)
		image_unref(cache_insert(1, 8, i, image_new(4096)));
	cache_add_stats(&stats);
	ck_assert_uint_le(stats.memory_bytes, 1 << 20);
	ck_assert_uint_gt(stats.memory_evictions, 4000);
	struct image *found = cache_find(1, 7, 7);
	ck_assert_ptr_eq(held, found);
	ck_assert_uint_eq(9, found->data[4095]);
	/* who comes second gets what the first has put there */
	ck_assert_ptr_eq(held, cache_insert(1, 7, 7, image_new(4096)));
	image_unref(held);
	image_unref(held);
	image_unref(found);
	cache_drop(1);
	stats = (struct vfs_cache_stats){ 0 };
	cache_add_stats(&stats);
	ck_assert_uint_eq(0, stats.memory_bytes);
	ck_assert_uint_eq(0, stats.memory_pages);
}
END_TEST

static uint8_t base[4][PAGE];

static bool is_base(void *arg, pgno_t pgno, const void *data, size_t len)
{
	(void)arg;
	return len == PAGE && pgno >= 1 && pgno <= 4 && memcmp(data, base[pgno - 1], PAGE) == 0;
}

static bool read_base(void *arg, pgno_t pgno, void *out, size_t len, struct error *err)
{
	(void)arg;
	(void)err;
	memcpy(out, base[pgno - 1], len);
	return true;
}

START_TEST(journal_reads_what_was_written_in_any_order)
{
	static const struct journal_ops ops = { is_base, read_base };
	static uint8_t model[200000];
	uint8_t got[4000];
	struct error err = ERROR_INIT;
	struct journal j;
	uint64_t size = 0;

	for (unsigned i = 0; i < 4; i++)
		fill(base[i], 2);
	journal_init(&j, &ops, NULL);
	for (int step = 0; step < 4000; step++) {
		uint8_t data[PAGE + 8];
		uint64_t at = random_u64() % 3 == 0 ? random_u64() % 100000 : size % 150000;
		size_t len = 1 + random_u64() % 20, n;

		if (random_u64() % 2 == 0) {
			/* a record as SQLite writes it, in three pieces */
			unsigned pgno = 1 + (unsigned)(random_u64() % 5);

			set_u32(data, pgno);
			ck_assert(journal_write(&j, at, data, 4, &err));
			memcpy(model + at, data, 4);
			memcpy(data, base[pgno % 4], PAGE);
			if (pgno <= 4 && random_u64() % 4 != 0)
				memcpy(data, base[pgno - 1], PAGE);
			ck_assert(journal_write(&j, at + 4, data, PAGE, &err));
			memcpy(model + at + 4, data, PAGE);
			len = PAGE + 4;
		} else {
			random_bytes(data, len);
			ck_assert(journal_write(&j, at, data, len, &err));
			memcpy(model + at, data, len);
		}
		if (at + len > size)
			size = at + len;
		if (step % 500 == 499) {
			size = random_u64() % (size + 1);
			ck_assert(journal_truncate(&j, size, &err));
			memset(model + size, 0, sizeof(model) - size);
		}
		ck_assert_uint_eq(size, j.size);
		at = random_u64() % 150000;
		ck_assert(journal_read(&j, at, got, sizeof(got), &n, &err));
		ck_assert_msg(memcmp(got, model + at, sizeof(got)) == 0, "step %d", step);
	}
	journal_deinit(&j);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vfs format");
	TCase *tc = tcase_create("format");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, commit_is_read_as_it_was_written);
	tcase_add_test(tc, no_bit_of_a_commit_can_change_unseen);
	tcase_add_test(tc, commit_of_version_1_is_read);
	tcase_add_test(tc, impossible_object_entries_are_refused);
	tcase_add_test(tc, newer_format_version_is_told_as_such);
	tcase_add_test(tc, manifest_is_read_as_it_was_written_and_damage_is_seen);
	tcase_add_test(tc, manifest_of_version_1_is_read);
	tcase_add_test(tc, segment_is_checked_page_by_page);
	tcase_add_test(tc, keys_are_inverted_and_names_round_trip);
	tcase_add_test(tc, page_table_and_undo_keep_every_field);
	tcase_add_test(tc, cache_keeps_its_limit_but_nothing_that_is_held);
	tcase_add_test(tc, journal_reads_what_was_written_in_any_order);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
