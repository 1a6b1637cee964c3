/*
 * test_contract.c - what blob.h promises, on every kind of store
 *
 * One suite, run on a local folder, on two generations of S3 and on Azure; see
 * tests/lib/store_kinds.h for where they are found.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "tests/lib/store_kinds.h"

enum { LIST_ARENA = 4 << 20 };

static struct store_place place;
static struct blob_store *store;

static void setup_for(int i)
{
	store_place_init(&store_kinds[i], &place);
	store = store_place_open(&place);
}

static void teardown(void)
{
	blob_close(store);
	store_place_remove(&place);
}

#define ck_ok(rc, err) \
	do { \
		enum blob_rc rc_ = (rc); \
		ck_assert_msg(rc_ == BLOB_OK, "%s is %d: %s (%s) %s", #rc, (int)rc_, \
			      (err)->text, (err)->detail, (err)->hint); \
	} while (0)

static enum blob_rc create_bytes(const char *key, const void *bytes, size_t len,
				 struct etag *etag, struct error *err)
{
	struct buf body = BUF_INIT(len + 1);

	buf_put(&body, bytes, len);
	enum blob_rc rc = blob_create(store, key, &body, etag, err);
	buf_free(&body);
	return rc;
}

static enum blob_rc create(const char *key, const char *text)
{
	struct error err = ERROR_INIT;
	enum blob_rc rc = create_bytes(key, text, strlen(text), NULL, &err);

	ck_assert_msg(rc == BLOB_OK || err.set, "an outcome that is not told");
	return rc;
}

/* The object's text, in a buffer of this function; NULL if there is none. */
static const char *text_of(const char *key)
{
	static struct buf out;
	struct error err = ERROR_INIT;

	buf_free(&out);
	buf_init(&out, 1 << 20);
	enum blob_rc rc = blob_get(store, key, NULL, &out, NULL, &err);
	if (rc == BLOB_NOT_FOUND)
		return NULL;
	ck_ok(rc, &err);
	return buf_str(&out);
}

/* What a listing told: "a|b/|c", and '+' at the end if there is more. */
static const char *listed(const char *prefix, const char *start_after, bool by_folder,
			  unsigned max)
{
	static char text[8192];
	struct blob_list_request request = { .prefix = prefix, .start_after = start_after,
					     .by_folder = by_folder, .max = max };
	struct arena arena = ARENA_INIT(LIST_ARENA);
	struct blob_list list;
	struct error err = ERROR_INIT;
	size_t n = 0;

	ck_ok(blob_list(store, &request, &arena, &list, &err), &err);
	text[0] = '\0';
	for (size_t i = 0; i < list.n_entries; i++) {
		const char *key = list.entries[i].key;
		size_t len = strlen(key);
		ck_assert_int_eq(list.entries[i].is_prefix, len > 0 && key[len - 1] == '/');
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? "|" : "", key);
		ck_assert_uint_lt(n, sizeof(text) - 2);
	}
	if (list.more)
		strcpy(text + n, "+");
	arena_free(&arena);
	return text;
}

START_TEST(what_was_created_is_read)
{
	struct buf out = BUF_INIT(1000);
	struct blob_info info, head;
	struct etag etag = { .text = "" };
	struct error err = ERROR_INIT;
	int64_t now = wall_us();

	setup_for(_i);
	ck_ok(create_bytes("log/0000000000000001", "a\0b\r\n\xff", 6, &etag, &err), &err);
	buf_put_str(&out, "before ");
	ck_ok(blob_get(store, "log/0000000000000001", NULL, &out, &info, &err), &err);
	ck_assert_uint_eq(out.len, 13);
	ck_assert_mem_eq(out.data, "before a\0b\r\n\xff", 13);
	ck_assert_uint_eq(info.size, 6);
	ck_assert_str_eq(info.etag.text, etag.text);
	ck_assert_msg(llabs(info.mtime_us - now) < 120 * 1000000LL, "mtime %" PRId64, info.mtime_us);
	ck_ok(blob_head(store, "log/0000000000000001", &head, &err), &err);
	ck_assert_uint_eq(head.size, 6);
	ck_assert_str_eq(head.etag.text, etag.text);
	ck_assert_msg(llabs(head.mtime_us - now) < 120 * 1000000LL, "mtime %" PRId64, head.mtime_us);
	ck_ok(blob_head(store, "log/0000000000000001", NULL, &err), &err);
	buf_free(&out);
	teardown();
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	struct buf out = BUF_INIT(1000);
	struct blob_range range = { .offset = 5, .len = 10 };
	struct blob_info info;
	struct error err = ERROR_INIT;

	setup_for(_i);
	buf_put_str(&out, "before");
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_get(store, "none", NULL, &out, &info, &err));
	ck_assert(err.set);
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_get(store, "a/none", &range, &out, &info, &err));
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_head(store, "none", &info, &err));
	ck_assert_uint_eq(out.len, 6);
	ck_assert(!out.failed);
	ck_assert_str_eq(listed("", NULL, false, 0), "");
	ck_assert_str_eq(listed("none/", NULL, true, 0), "");
	buf_free(&out);
	teardown();
}
END_TEST

START_TEST(second_create_conflicts)
{
	struct etag etag = { .text = "untouched" };
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_int_eq(BLOB_OK, create("log/1", "a"));
	ck_assert_int_eq(BLOB_EXISTS, create_bytes("log/1", "b", 1, &etag, &err));
	ck_assert(err.set);
	ck_assert_str_eq(etag.text, "untouched");
	ck_assert_int_eq(BLOB_EXISTS, create("log/1", "a")); /* equal bytes too */
	ck_assert_int_eq(BLOB_EXISTS, create("log/1", ""));
	ck_assert_str_eq(text_of("log/1"), "a");
	teardown();
}
END_TEST

START_TEST(a_range_is_that_part)
{
	static const struct {
		uint64_t offset;
		size_t len;
		const char *want;
	} cases[] = {
		{ 0, 1, "0" }, { 0, 10, "0123456789" }, { 3, 4, "3456" }, { 9, 1, "9" },
		{ 8, 100, "89" }, { 0, 11, "0123456789" }, { 10, 1, "" }, { 10, 100, "" },
		{ 11, 1, "" }, { 1ULL << 40, 5, "" },
	};
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_int_eq(BLOB_OK, create("ten", "0123456789"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob_range range = { .offset = cases[i].offset, .len = cases[i].len };
		struct blob_info info = { .size = 77 };
		struct buf out = BUF_INIT(100);

		ck_ok(blob_get(store, "ten", &range, &out, &info, &err), &err);
		ck_assert_str_eq(buf_str(&out), cases[i].want);
		if (out.len > 0)
			ck_assert_uint_eq(info.size, 10);
		buf_free(&out);
	}
	teardown();
}
END_TEST

START_TEST(get_into_too_small_a_buffer_fails_and_leaves_it)
{
	struct buf out = BUF_INIT(9), eight = BUF_INIT(8);
	struct blob_range range = { .offset = 990, .len = 8 };
	struct error err = ERROR_INIT;
	char body[1000];

	setup_for(_i);
	memset(body, 'x', sizeof(body));
	ck_ok(create_bytes("large", body, sizeof(body), NULL, &err), &err);
	buf_put_str(&out, "ab");
	ck_assert_int_eq(BLOB_FAILED, blob_get(store, "large", NULL, &out, NULL, &err));
	ck_assert(err.set);
	ck_assert(!out.failed);
	ck_assert_str_eq(buf_str(&out), "ab");
	ck_assert_int_eq(BLOB_FAILED, blob_get(store, "large", &range, &out, NULL, &err));
	ck_assert_str_eq(buf_str(&out), "ab");
	/* exactly enough is enough */
	ck_ok(blob_get(store, "large", &range, &eight, NULL, &err), &err);
	ck_assert_uint_eq(eight.len, 8);
	buf_free(&out);
	buf_free(&eight);
	teardown();
}
END_TEST

START_TEST(an_empty_object_is_an_object)
{
	struct buf out = BUF_INIT(10);
	struct blob_range range = { .offset = 0, .len = 5 };
	struct blob_info info;
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_int_eq(BLOB_OK, create("empty", ""));
	ck_assert_int_eq(BLOB_EXISTS, create("empty", "x"));
	ck_ok(blob_get(store, "empty", NULL, &out, &info, &err), &err);
	ck_assert_uint_eq(info.size, 0);
	ck_ok(blob_get(store, "empty", &range, &out, NULL, &err), &err);
	ck_assert_uint_eq(out.len, 0);
	ck_ok(blob_head(store, "empty", &info, &err), &err);
	ck_assert_uint_eq(info.size, 0);
	ck_assert_str_eq(listed("", NULL, false, 0), "empty");
	teardown();
}
END_TEST

START_TEST(eight_megabytes_come_back_bit_for_bit)
{
	enum { SIZE = 8 << 20 };
	struct buf body = BUF_INIT(SIZE), out = BUF_INIT(SIZE);
	struct blob_range range = { .offset = 5000001, .len = 100000 };
	struct blob_info info;
	struct error err = ERROR_INIT;
	uint32_t x = 2463534242;

	setup_for(_i);
	for (unsigned i = 0; i < SIZE / 4; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		buf_put_u32(&body, x);
	}
	ck_ok(blob_create(store, "seg/large", &body, NULL, &err), &err);
	ck_assert_int_eq(BLOB_EXISTS, blob_create(store, "seg/large", &body, NULL, &err));
	ck_ok(blob_get(store, "seg/large", NULL, &out, &info, &err), &err);
	ck_assert_uint_eq(info.size, SIZE);
	ck_assert(out.len == SIZE && memcmp(out.data, body.data, SIZE) == 0);
	buf_reset(&out);
	ck_ok(blob_get(store, "seg/large", &range, &out, &info, &err), &err);
	ck_assert_uint_eq(out.len, range.len);
	ck_assert(memcmp(out.data, body.data + range.offset, range.len) == 0);
	ck_assert_uint_eq(info.size, SIZE);
	buf_free(&body);
	buf_free(&out);
	teardown();
}
END_TEST

/* Work that is shared by threads: each takes the next number until there is none. */
struct crowd {
	_Atomic unsigned next;
	unsigned n;
	_Atomic unsigned failed;
	void (*work)(struct crowd *crowd, unsigned i);
};

static void *crowd_run(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i; (i = atomic_fetch_add(&crowd->next, 1)) < crowd->n;)
		crowd->work(crowd, i);
	return NULL;
}

/* Do work(0) ... work(n - 1) in 16 threads; how many failed? */
static unsigned crowd(unsigned n, void (*work)(struct crowd *crowd, unsigned i))
{
	struct crowd crowd = { .n = n, .work = work };
	pthread_t threads[16];

	for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert(thread_start(&threads[i], "crowd", 0, crowd_run, &crowd, NULL));
	for (unsigned i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	return crowd.failed;
}

static void create_numbered(struct crowd *crowd, unsigned i)
{
	struct buf body = BUF_INIT(100);
	struct error err = ERROR_INIT;
	char key[32];

	snprintf(key, sizeof(key), "n/%05u", i);
	buf_printf(&body, "%u", i);
	if (blob_create(store, key, &body, NULL, &err) != BLOB_OK) {
		fprintf(stderr, "%s: %s\n", key, err.text);
		atomic_fetch_add(&crowd->failed, 1);
	}
	buf_free(&body);
}

/* How many keys does a walk by pages find?  Each must be the next number. */
static unsigned walk_numbered(const char *prefix, unsigned max, unsigned first)
{
	struct arena arena = ARENA_INIT(LIST_ARENA);
	struct error err = ERROR_INIT;
	struct blob_list list;
	char after[64] = "", want[32];
	unsigned n = 0;

	do {
		struct blob_list_request request = {
			.prefix = prefix, .start_after = n > 0 ? after : NULL, .max = max,
		};
		arena_reset(&arena);
		ck_ok(blob_list(store, &request, &arena, &list, &err), &err);
		ck_assert_uint_le(list.n_entries, max > 0 ? max : 1000);
		ck_assert_msg(list.n_entries > 0 || !list.more, "more of nothing");
		for (size_t i = 0; i < list.n_entries; i++, n++) {
			struct blob_entry *e = &list.entries[i];
			snprintf(want, sizeof(want), "n/%05u", first + n);
			ck_assert_str_eq(e->key, want);
			ck_assert(!e->is_prefix);
			ck_assert_uint_eq(e->info.size, (unsigned)snprintf(want, sizeof(want), "%u", first + n));
			ck_assert_msg(e->info.mtime_us > 0, "no time");
			snprintf(after, sizeof(after), "%s", e->key);
		}
	} while (list.more);
	arena_free(&arena);
	return n;
}

START_TEST(a_listing_of_many_pages_misses_nothing)
{
	enum { N = 2203 };
	struct error err = ERROR_INIT;
	static char names[N + 1][16];
	const char *keys[N + 1];

	setup_for(_i);
	ck_assert_uint_eq(crowd(N, create_numbered), 0);
	ck_assert_uint_eq(walk_numbered("", 0, 0), N);
	ck_assert_uint_eq(walk_numbered("n/", 999, 0), N);
	ck_assert_uint_eq(walk_numbered("n/001", 7, 100), 100);
	ck_assert_str_eq(listed("", "n/02200", false, 0), "n/02201|n/02202");
	ck_assert_str_eq(listed("", "n/02200", false, 1), "n/02201+");
	ck_assert_str_eq(listed("n/", "n/01500x", false, 2), "n/01501|n/01502+");
	ck_assert_str_eq(listed("n/0220", "n/022", false, 0), "n/02200|n/02201|n/02202");
	ck_assert_str_eq(listed("n/0220", "n/0220", false, 0), "n/02200|n/02201|n/02202");
	ck_assert_str_eq(listed("n/0220", "m", false, 1), "n/02200+");
	ck_assert_str_eq(listed("n/0220", "n/02202", false, 0), "");
	ck_assert_str_eq(listed("n/0220", "o", false, 0), "");
	ck_assert_str_eq(listed("", NULL, true, 0), "n/");
	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "n/%05u", i);
		keys[i] = names[i];
	}
	keys[N] = "n/none";
	if (strcmp(place.kind->name, "azure") == 0) {
		/* Azurite takes up to 50 ms for each */
		ck_ok(blob_delete_many(store, keys + N - 250, 251, &err), &err);
		ck_assert_str_eq(listed("", "n/01950", false, 0), "n/01951|n/01952");
	} else {
		ck_ok(blob_delete_many(store, keys, N + 1, &err), &err);
		ck_assert_str_eq(listed("", NULL, false, 0), "");
	}
	teardown();
}
END_TEST

START_TEST(a_listing_rises_by_bytes)
{
	static const char *const keys[] = { "b/2", "a0", "a/b", "a-b", "b/10", "b/1", "B", "a/a/a", "a b",
					    "a/c/c", "\xc3\xa4", "z" };

	setup_for(_i);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		ck_assert_int_eq(BLOB_OK, create(keys[i], "x"));
	ck_assert_str_eq(listed("", NULL, false, 0),
			 "B|a b|a-b|a/a/a|a/b|a/c/c|a0|b/1|b/10|b/2|z|\xc3\xa4");
	ck_assert_str_eq(listed("", "a-b", false, 3), "a/a/a|a/b|a/c/c+");
	ck_assert_str_eq(listed("", "a/b", false, 2), "a/c/c|a0+");
	ck_assert_str_eq(listed("", "a/", false, 1), "a/a/a+");
	ck_assert_str_eq(listed("", "a/d", false, 1), "a0+");
	ck_assert_str_eq(listed("b/1", NULL, false, 0), "b/1|b/10");
	ck_assert_str_eq(listed("a", NULL, false, 0), "a b|a-b|a/a/a|a/b|a/c/c|a0");
	ck_assert_str_eq(listed("a/", NULL, false, 0), "a/a/a|a/b|a/c/c");
	ck_assert_str_eq(listed("c", NULL, false, 0), "");
	teardown();
}
END_TEST

START_TEST(folders_are_told_once)
{
	static const char *const keys[] = { "db1/log/1", "db1/log/2", "db1/manifest/1", "db1/pin/x", "db2/log/1",
					    "db3/log/1", "readme", "db1.txt" };

	setup_for(_i);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		ck_assert_int_eq(BLOB_OK, create(keys[i], "x"));
	ck_assert_str_eq(listed("", NULL, true, 0), "db1.txt|db1/|db2/|db3/|readme");
	ck_assert_str_eq(listed("db1/", NULL, true, 0), "db1/log/|db1/manifest/|db1/pin/");
	ck_assert_str_eq(listed("db1/log/", NULL, true, 0), "db1/log/1|db1/log/2");
	ck_assert_str_eq(listed("db", NULL, true, 0), "db1.txt|db1/|db2/|db3/");
	ck_assert_str_eq(listed("db1", NULL, true, 0), "db1.txt|db1/");
	/* on from the last entry, be it a key or a folder */
	ck_assert_str_eq(listed("", NULL, true, 1), "db1.txt+");
	ck_assert_str_eq(listed("", "db1.txt", true, 1), "db1/+");
	ck_assert_str_eq(listed("", "db1/", true, 1), "db2/+");
	ck_assert_str_eq(listed("", "db2/", true, 1), "db3/+");
	ck_assert_str_eq(listed("", "db3/", true, 1), "readme");
	ck_assert_str_eq(listed("", "readme", true, 1), "");
	ck_assert_str_eq(listed("db1/", "db1/log/", true, 0), "db1/manifest/|db1/pin/");
	teardown();
}
END_TEST

START_TEST(a_folder_of_many_keys_is_one_entry)
{
	setup_for(_i);
	ck_assert_uint_eq(crowd(1100, create_numbered), 0);
	ck_assert_int_eq(BLOB_OK, create("m", "x"));
	ck_assert_int_eq(BLOB_OK, create("o", "x"));
	ck_assert_str_eq(listed("", NULL, true, 0), "m|n/|o");
	ck_assert_str_eq(listed("", NULL, true, 2), "m|n/+");
	ck_assert_str_eq(listed("", "n/", true, 2), "o");
	teardown();
}
END_TEST

START_TEST(odd_keys_come_back)
{
	static char longest[901];
	static const char *const odd[] = {
		"sp ace", " lead", "pl+us", "per%cent", "per%20cent", "a%2Fb", "a%2fb", "am&p=eq", "ques?tion#mark",
		"quo'te\"(1)!*", "<x>&amp;</x>", "se;mi:co,lon@at$", "til~de-_.x", "\xc3\xbcml\xc3\xa4ut/\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x90\x98", "{curly}[square]", "back`tick^|", ".hidden", "...", "x/.y/z..", "a=b/c=d", longest,
	};
	struct arena arena = ARENA_INIT(LIST_ARENA);
	struct blob_list_request request = { .prefix = "" };
	struct blob_list list;
	struct error err = ERROR_INIT;

	setup_for(_i);
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 100 == 99 ? '/' : 'k';
	longest[899] = 'k';
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		ck_assert_msg(create(odd[i], odd[i]) == BLOB_OK, "create %s", odd[i]);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		const char *text = text_of(odd[i]);
		ck_assert_msg(text != NULL, "not found: %s", odd[i]);
		ck_assert_str_eq(text, odd[i]);
		ck_assert_msg(create(odd[i], "x") == BLOB_EXISTS, "twice %s", odd[i]);
	}
	ck_ok(blob_list(store, &request, &arena, &list, &err), &err);
	ck_assert_uint_eq(list.n_entries, ARRAY_LEN(odd));
	for (size_t i = 0; i < list.n_entries; i++) {
		size_t found = 0;
		for (size_t j = 0; j < ARRAY_LEN(odd); j++)
			found += strcmp(odd[j], list.entries[i].key) == 0;
		ck_assert_msg(found == 1, "listed: %s", list.entries[i].key);
		ck_assert(i == 0 || strcmp(list.entries[i - 1].key, list.entries[i].key) < 0);
		/* go on behind any of them */
		struct blob_list rest;
		struct blob_list_request from = { .start_after = list.entries[i].key, .max = 1 };
		ck_ok(blob_list(store, &from, &arena, &rest, &err), &err);
		ck_assert_uint_eq(rest.n_entries, i + 1 < list.n_entries);
		if (rest.n_entries > 0)
			ck_assert_str_eq(rest.entries[0].key, list.entries[i + 1].key);
	}
	ck_assert_str_eq(listed("sp ", NULL, false, 0), "sp ace");
	ck_assert_str_eq(listed("pl+", NULL, false, 0), "pl+us");
	ck_assert_str_eq(listed("\xc3\xbcml\xc3\xa4ut/", NULL, true, 0), "\xc3\xbcml\xc3\xa4ut/\xe6\x97\xa5\xe6\x9c\xac");
	ck_assert_str_eq(listed("<x>", NULL, true, 0), "<x>&amp;</");
	ck_ok(blob_delete_many(store, odd, ARRAY_LEN(odd), &err), &err);
	ck_assert_str_eq(listed("", NULL, false, 0), "");
	arena_free(&arena);
	teardown();
}
END_TEST

START_TEST(bad_keys_are_refused_without_a_request)
{
	static char long_key[902];
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/../b", "../a", "a\\b", "a\nb", "a\x01", "\x7f",
		"\xff\xfe", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "a/\xe6\x97", long_key,
	};
	struct buf body = BUF_INIT(10), out = BUF_INIT(10);
	struct blob_stats before, after;
	struct error err = ERROR_INIT;
	const char *keys[2] = { "good", NULL };

	setup_for(_i);
	memset(long_key, 'k', sizeof(long_key) - 1);
	ck_assert_int_eq(BLOB_OK, create("good", "x"));
	blob_get_stats(store, &before);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		ck_assert_int_eq(BLOB_FAILED, blob_create(store, bad[i], &body, NULL, &err));
		ck_assert(err.set);
		ck_assert_int_eq(BLOB_FAILED, blob_get(store, bad[i], NULL, &out, NULL, &err));
		ck_assert_int_eq(BLOB_FAILED, blob_head(store, bad[i], NULL, &err));
		ck_assert_int_eq(BLOB_FAILED, blob_delete(store, bad[i], &err));
		keys[1] = bad[i];
		ck_assert_int_eq(BLOB_FAILED, blob_delete_many(store, keys, 2, &err));
	}
	blob_get_stats(store, &after);
	ck_assert_mem_eq(&before, &after, sizeof(before));
	ck_assert_str_eq(text_of("good"), "x");
	teardown();
}
END_TEST

START_TEST(what_was_deleted_is_gone_and_its_key_free)
{
	static const char *const many[] = { "d/1", "d/none", "d/2", "e" };
	struct blob_info info;
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_int_eq(BLOB_OK, create("d/1", "a"));
	ck_assert_int_eq(BLOB_OK, create("d/2", "a"));
	ck_assert_int_eq(BLOB_OK, create("d/3", "a"));
	ck_assert_int_eq(BLOB_OK, create("e", "a"));
	ck_ok(blob_delete(store, "d/1", &err), &err);
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_head(store, "d/1", &info, &err));
	ck_assert_str_eq(listed("", NULL, false, 0), "d/2|d/3|e");
	ck_ok(blob_delete(store, "d/1", &err), &err);
	ck_ok(blob_delete(store, "never/was", &err), &err);
	ck_assert_int_eq(BLOB_OK, create("d/1", "b"));
	ck_assert_str_eq(text_of("d/1"), "b");
	ck_ok(blob_delete_many(store, many, ARRAY_LEN(many), &err), &err);
	ck_assert_str_eq(listed("", NULL, false, 0), "d/3");
	ck_ok(blob_delete_many(store, many, 0, &err), &err);
	teardown();
}
END_TEST

/* A local folder cannot, and says so; see blob/README.md. */
START_TEST(a_key_that_is_the_folder_of_others_works_or_is_refused)
{
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_int_eq(BLOB_OK, create("a", "one"));
	ck_assert_int_eq(BLOB_OK, create("c/d/e", "three"));
	if (store_kinds[_i].is_http) {
		ck_assert_int_eq(BLOB_OK, create("a/b", "two"));
		ck_assert_int_eq(BLOB_OK, create("c/d", "four"));
		ck_assert_str_eq(text_of("a/b"), "two");
		ck_assert_str_eq(text_of("c/d"), "four");
		ck_assert_str_eq(listed("", NULL, false, 0), "a|a/b|c/d|c/d/e");
		ck_assert_str_eq(listed("", NULL, true, 0), "a|a/|c/");
	} else {
		ck_assert_int_eq(BLOB_FAILED, create("a/b", "two"));
		ck_assert_int_eq(BLOB_FAILED, create("c/d", "four"));
		ck_assert_ptr_null(text_of("a/b"));
		ck_assert_ptr_null(text_of("c/d"));
		ck_assert_str_eq(listed("", NULL, false, 0), "a|c/d/e");
	}
	ck_assert_str_eq(text_of("a"), "one");
	ck_assert_ptr_null(text_of("c"));
	ck_ok(blob_delete(store, "a/none", &err), &err);
	ck_ok(blob_delete(store, "c", &err), &err); /* no such object, and its folder stays */
	ck_assert_str_eq(text_of("c/d/e"), "three");
	ck_ok(blob_delete(store, "a", &err), &err);
	ck_assert_ptr_null(text_of("a"));
	teardown();
}
END_TEST

static _Atomic unsigned race_won, race_lost;
static char race_key[32];

static void race_one(struct crowd *crowd, unsigned i)
{
	struct buf body = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;

	for (unsigned n = 0; n < 1000; n++)
		buf_printf(&body, "%05u", i);
	enum blob_rc rc = blob_create(store, race_key, &body, NULL, &err);
	if (rc == BLOB_OK) {
		atomic_fetch_add(&race_won, 1);
	} else if (rc == BLOB_EXISTS) {
		atomic_fetch_add(&race_lost, 1);
	} else {
		fprintf(stderr, "%d: %s\n", (int)rc, err.text);
		atomic_fetch_add(&crowd->failed, 1);
	}
	buf_free(&body);
}

START_TEST(of_sixteen_creators_one_wins)
{
	setup_for(_i);
	for (unsigned round = 0; round < 25; round++) {
		race_won = race_lost = 0;
		snprintf(race_key, sizeof(race_key), "race/%u", round);
		ck_assert_uint_eq(crowd(16, race_one), 0);
		/*
		 * A store may answer the winner's try with an error (Ceph: 409, 500), and the
		 * winner then sees the echo of itself: at most one OK, and one object.
		 */
		ck_assert_uint_le(race_won, 1);
		ck_assert_uint_eq(race_won + race_lost, 16);
		const char *text = text_of(race_key);
		ck_assert_ptr_nonnull(text);
		ck_assert_uint_eq(strlen(text), 5000);
		for (unsigned n = 1; n < 1000; n++)
			ck_assert_mem_eq(text, text + n * 5, 5);
	}
	teardown();
}
END_TEST

static void read_write_one(struct crowd *crowd, unsigned i)
{
	struct buf body = BUF_INIT(100000), out = BUF_INIT(100000);
	struct error err = ERROR_INIT;
	char key[32];

	snprintf(key, sizeof(key), "t/%u", i);
	for (unsigned n = 0; n <= i * 37 % 3000; n++)
		buf_printf(&body, "%u ", n * i);
	enum blob_rc rc = blob_create(store, key, &body, NULL, &err);
	if (rc == BLOB_OK)
		rc = blob_get(store, key, NULL, &out, NULL, &err);
	if (rc != BLOB_OK || out.len != body.len || memcmp(out.data, body.data, out.len) != 0) {
		fprintf(stderr, "%s: %d %s\n", key, (int)rc, err.text);
		atomic_fetch_add(&crowd->failed, 1);
	}
	buf_free(&body);
	buf_free(&out);
}

START_TEST(many_threads_share_a_store)
{
	struct blob_stats stats;

	setup_for(_i);
	ck_assert_uint_eq(crowd(300, read_write_one), 0);
	blob_get_stats(store, &stats);
	if (store_kinds[_i].is_http) {
		ck_assert_uint_eq(stats.gets, 300);
		ck_assert_uint_eq(stats.creates, 300);
		ck_assert_uint_eq(stats.retries, 0);
	}
	ck_assert_uint_gt(stats.bytes_in, 300);
	ck_assert_uint_eq(stats.bytes_in, stats.bytes_out);
	teardown();
}
END_TEST

START_TEST(prefixes_keep_stores_apart)
{
	struct store_place inner = { .kind = &store_kinds[_i] }, beside = inner;
	struct blob_store *outer;

	setup_for(_i);
	inner.options = beside.options = place.options;
	snprintf(inner.url, sizeof(inner.url), "%.200s/a+b c/x", place.url);
	snprintf(beside.url, sizeof(beside.url), "%.200s/a+b c/x2", place.url);
	outer = store;
	store = store_place_open(&beside);
	ck_assert_int_eq(BLOB_OK, create("k", "beside"));
	blob_close(store);
	store = store_place_open(&inner);
	ck_assert_ptr_null(text_of("k"));
	ck_assert_int_eq(BLOB_OK, create("k", "inner"));
	ck_assert_int_eq(BLOB_OK, create("l/m", "inner"));
	ck_assert_str_eq(text_of("k"), "inner");
	ck_assert_str_eq(listed("", NULL, false, 0), "k|l/m");
	ck_assert_str_eq(listed("", "k", true, 0), "l/");
	blob_close(store);
	store = outer;
	ck_assert_str_eq(text_of("a+b c/x/k"), "inner");
	ck_assert_str_eq(listed("", NULL, false, 0), "a+b c/x/k|a+b c/x/l/m|a+b c/x2/k");
	teardown();
}
END_TEST

START_TEST(what_one_handle_creates_another_sees)
{
	struct blob_store *first;
	struct error err = ERROR_INIT;

	setup_for(_i);
	first = store;
	store = store_place_open(&place);
	for (unsigned i = 0; i < 50; i++) {
		char key[32];
		struct blob_store *other = store;

		snprintf(key, sizeof(key), "log/%016x", i);
		ck_assert_ptr_null(text_of(key));
		store = first;
		ck_assert_int_eq(BLOB_OK, create(key, "x"));
		store = other;
		ck_assert_int_eq(BLOB_EXISTS, create(key, "y"));
		ck_assert_str_eq(text_of(key), "x");
		ck_assert_str_eq(listed(key, NULL, false, 0), key);
	}
	ck_ok(blob_delete(first, "log/0000000000000000", &err), &err);
	ck_assert_ptr_null(text_of("log/0000000000000000"));
	blob_close(first);
	teardown();
}
END_TEST

START_TEST(a_listing_larger_than_its_arena_fails)
{
	struct arena arena = ARENA_INIT(4096);
	struct blob_list_request request = { .prefix = "" };
	struct blob_list list = { .n_entries = 77 };
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_assert_uint_eq(crowd(200, create_numbered), 0);
	ck_assert_int_eq(BLOB_FAILED, blob_list(store, &request, &arena, &list, &err));
	ck_assert(err.set);
	ck_assert_uint_eq(list.n_entries, 77);
	arena_free(&arena);
	teardown();
}
END_TEST

START_TEST(a_good_store_passes_the_probe)
{
	struct error err = ERROR_INIT;

	setup_for(_i);
	ck_ok(blob_probe(store, &err), &err);
	ck_assert_str_eq(listed("", NULL, false, 0), ""); /* the probe object is gone */
	ck_assert_ptr_nonnull(strstr(place.url, blob_name(store)));
	teardown();
}
END_TEST

int main(void)
{
	int n = store_kinds_init();
	Suite *suite = suite_create("contract");
	TCase *tc = tcase_create("contract");
	SRunner *runner;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_was_created_is_read, 0, n);
	tcase_add_loop_test(tc, what_is_not_there_is_not_found, 0, n);
	tcase_add_loop_test(tc, second_create_conflicts, 0, n);
	tcase_add_loop_test(tc, a_range_is_that_part, 0, n);
	tcase_add_loop_test(tc, get_into_too_small_a_buffer_fails_and_leaves_it, 0, n);
	tcase_add_loop_test(tc, an_empty_object_is_an_object, 0, n);
	tcase_add_loop_test(tc, eight_megabytes_come_back_bit_for_bit, 0, n);
	tcase_add_loop_test(tc, a_listing_of_many_pages_misses_nothing, 0, n);
	tcase_add_loop_test(tc, a_listing_rises_by_bytes, 0, n);
	tcase_add_loop_test(tc, folders_are_told_once, 0, n);
	tcase_add_loop_test(tc, a_folder_of_many_keys_is_one_entry, 0, n);
	tcase_add_loop_test(tc, odd_keys_come_back, 0, n);
	tcase_add_loop_test(tc, bad_keys_are_refused_without_a_request, 0, n);
	tcase_add_loop_test(tc, what_was_deleted_is_gone_and_its_key_free, 0, n);
	tcase_add_loop_test(tc, a_key_that_is_the_folder_of_others_works_or_is_refused, 0, n);
	tcase_add_loop_test(tc, of_sixteen_creators_one_wins, 0, n);
	tcase_add_loop_test(tc, many_threads_share_a_store, 0, n);
	tcase_add_loop_test(tc, prefixes_keep_stores_apart, 0, n);
	tcase_add_loop_test(tc, what_one_handle_creates_another_sees, 0, n);
	tcase_add_loop_test(tc, a_listing_larger_than_its_arena_fails, 0, n);
	tcase_add_loop_test(tc, a_good_store_passes_the_probe, 0, n);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
