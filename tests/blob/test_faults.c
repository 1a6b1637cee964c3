/*
 * test_faults.c - each HTTP request of a call fails in turn, and the outcome is still right
 *
 * store-proxy's proxy stands between the backend and the real server.  A sweep
 * arms it for the nth request until a run meets no fault.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "tests/lib/fault_store.h"
#include "tests/lib/proxy.h"
#include "tests/lib/store_kinds.h"

/* SLACK_MS: what a busy machine adds, and still less than the deadline of a store that was told none */
enum { REQUEST_MS = 700, DEADLINE_MS = 30000, STICKY_DEADLINE_MS = 600, SLACK_MS = 15000, LATE_MS = 150 };

static struct proxy *proxy;
static struct store_place place;
static struct blob_store *store; /* through the proxy */
static struct blob_store *direct;

static void setup_for(int i, int64_t request_ms, int64_t deadline_ms)
{
	struct error err = ERROR_INIT;

	store_place_init(&store_kinds[i], &place);
	direct = store_place_open(&place);
	ck_assert_msg(proxy_open(place.kind->endpoint, 0, &proxy, &err), "%s", err.text);
	proxy_set_delay(proxy, LATE_MS);
	if (strcmp(place.kind->name, "azure") == 0)
		place.options.azure_endpoint = proxy_endpoint(proxy);
	else
		place.options.s3_endpoint = proxy_endpoint(proxy);
	place.options.request_timeout_ms = request_ms;
	place.options.deadline_ms = deadline_ms;
	store = store_place_open(&place);
}

static void teardown(void)
{
	blob_close(store);
	blob_close(direct);
	proxy_close(proxy);
}

static enum blob_rc create_in(struct blob_store *in, const char *key, const char *text,
			      struct error *err)
{
	struct buf body = BUF_INIT(strlen(text) + 1);

	buf_put_str(&body, text);
	enum blob_rc rc = blob_create(in, key, &body, NULL, err);
	buf_free(&body);
	return rc;
}

/* What the server has, asked past the proxy: "" if there is no such object. */
static const char *truth(const char *key)
{
	static struct buf out;
	struct error err = ERROR_INIT;

	buf_free(&out);
	buf_init(&out, 1 << 20);
	enum blob_rc rc = blob_get(direct, key, NULL, &out, NULL, &err);
	ck_assert_msg(rc == BLOB_OK || rc == BLOB_NOT_FOUND, "%s: %s", key, err.text);
	return buf_str(&out);
}

#define claim(holds) \
	ck_assert_msg(holds, "%s, fault %s at request %u: %s does not hold; rc %d, %s", \
		      place.kind->name, proxy_mode_name(mode), nth, #holds, (int)rc, err.text)

/*
 * After a create of "ours": is what it said true?  Waits for what is under way if
 * nothing is to have happened.
 */
static void check_create(enum blob_rc rc, const char *key, const struct error *given,
			 enum proxy_mode mode, unsigned nth)
{
	struct error err = *given;

	switch (rc) {
	case BLOB_OK:
	case BLOB_EXISTS: /* nobody else was there: the echo of ourselves */
		claim(strcmp(truth(key), "ours") == 0);
		break;
	case BLOB_BUSY:
		usleep(2 * LATE_MS * 1000);
		claim(truth(key)[0] == '\0');
		break;
	case BLOB_UNKNOWN:
		usleep(mode == PROXY_LATE ? 2 * LATE_MS * 1000 : 0);
		claim(truth(key)[0] == '\0' || strcmp(truth(key), "ours") == 0);
		break;
	case BLOB_NOT_FOUND:
	case BLOB_FAILED:
		claim(rc != BLOB_FAILED && rc != BLOB_NOT_FOUND);
	}
}

START_TEST(one_fault_does_not_fail_a_create)
{
	setup_for(_i, REQUEST_MS, DEADLINE_MS);
	for (unsigned m = 0; m < PROXY_N_MODES; m++) {
		enum proxy_mode mode = (enum proxy_mode)m;
		bool hit = true;

		for (unsigned nth = 1; hit; nth++) {
			struct error err = ERROR_INIT;
			char key[64];

			snprintf(key, sizeof(key), "c/%s/%u", proxy_mode_name(mode), nth);
			proxy_arm(proxy, nth, mode);
			enum blob_rc rc = create_in(store, key, "ours", &err);
			hit = proxy_disarm(proxy);
			claim(rc == BLOB_OK || rc == BLOB_EXISTS);
			claim(hit || rc == BLOB_OK);
			check_create(rc, key, &err, mode, nth);
			ck_assert_uint_lt(nth, 10);
		}
	}
	teardown();
}
END_TEST

START_TEST(a_create_that_lost_is_never_told_as_won)
{
	setup_for(_i, REQUEST_MS, DEADLINE_MS);
	for (unsigned m = 0; m < PROXY_N_MODES; m++) {
		enum proxy_mode mode = (enum proxy_mode)m;
		struct error err = ERROR_INIT;
		unsigned nth = 1;
		char key[64];

		snprintf(key, sizeof(key), "l/%s", proxy_mode_name(mode));
		ck_assert_int_eq(BLOB_OK, create_in(direct, key, "theirs", &err));
		proxy_arm(proxy, nth, mode);
		enum blob_rc rc = create_in(store, key, "ours", &err);
		claim(proxy_disarm(proxy));
		claim(rc == BLOB_EXISTS);
		claim(strcmp(truth(key), "theirs") == 0);
	}
	teardown();
}
END_TEST

START_TEST(a_lasting_fault_is_told_for_what_it_is)
{
	static const enum proxy_mode modes[] = { PROXY_DROP, PROXY_LOST_REPLY, PROXY_HANG, PROXY_LATE,
						 PROXY_503, PROXY_500, PROXY_500_DONE, PROXY_409, PROXY_GARBAGE };

	setup_for(_i, REQUEST_MS, STICKY_DEADLINE_MS);
	for (unsigned m = 0; m < ARRAY_LEN(modes); m++) {
		enum proxy_mode mode = modes[m];
		struct buf out = BUF_INIT(100);
		struct error err = ERROR_INIT;
		unsigned nth = 1;
		char key[64], old[64];

		snprintf(key, sizeof(key), "s/%s", proxy_mode_name(mode));
		snprintf(old, sizeof(old), "o/%s", proxy_mode_name(mode));
		ck_assert_int_eq(BLOB_OK, create_in(direct, old, "ours", &err));
		proxy_arm_sticky(proxy, nth, mode);
		int64_t start_ms = mono_ms();
		enum blob_rc rc = create_in(store, key, "ours", &err);
		claim(mono_ms() - start_ms < STICKY_DEADLINE_MS + SLACK_MS);
		claim(rc != BLOB_OK);
		check_create(rc, key, &err, mode, nth);
		/* a throttled store has surely done nothing; a silent one maybe */
		if (mode == PROXY_503)
			claim(rc == BLOB_BUSY);
		if (mode == PROXY_LOST_REPLY || mode == PROXY_HANG || mode == PROXY_500_DONE ||
		    mode == PROXY_DROP || mode == PROXY_GARBAGE)
			claim(rc == BLOB_UNKNOWN);
		start_ms = mono_ms();
		buf_put_str(&out, "before");
		rc = blob_get(store, old, NULL, &out, NULL, &err);
		claim(mono_ms() - start_ms < STICKY_DEADLINE_MS + SLACK_MS);
		claim(rc == BLOB_BUSY || (mode == PROXY_409 && rc == BLOB_FAILED));
		claim(out.len == 6 && !out.failed);
		rc = blob_delete(store, old, &err);
		claim(rc != BLOB_OK);
		if (rc == BLOB_BUSY)
			claim(strcmp(truth(old), "ours") == 0);
		proxy_disarm(proxy);
		buf_free(&out);
		usleep(2 * LATE_MS * 1000); /* late ones end before the next begins */
	}
	teardown();
}
END_TEST

START_TEST(one_fault_does_not_fail_a_read)
{
	struct buf body = BUF_INIT(300000), out = BUF_INIT(300000);
	struct error err = ERROR_INIT;

	setup_for(_i, REQUEST_MS, DEADLINE_MS);
	for (unsigned i = 0; i < 50000; i++)
		buf_printf(&body, "%05u", i);
	ck_assert_int_eq(BLOB_OK, blob_create(direct, "large", &body, NULL, &err));
	for (unsigned m = 0; m < PROXY_N_MODES; m++) {
		enum proxy_mode mode = (enum proxy_mode)m;
		bool hit = true;

		if (mode == PROXY_409) /* no store answers a read so */
			continue;
		for (unsigned nth = 1; hit; nth++) {
			struct blob_range range = { .offset = 100000, .len = 1000 };
			struct blob_info info = { .size = 0 };

			buf_reset(&out);
			proxy_arm(proxy, nth, mode);
			enum blob_rc rc = blob_get(store, "large", NULL, &out, &info, &err);
			hit = proxy_disarm(proxy);
			claim(rc == BLOB_OK);
			claim(out.len == body.len && memcmp(out.data, body.data, out.len) == 0);
			claim(info.size == body.len);

			buf_reset(&out);
			proxy_arm(proxy, nth, mode);
			rc = blob_get(store, "large", &range, &out, &info, &err);
			hit |= proxy_disarm(proxy);
			claim(rc == BLOB_OK);
			claim(out.len == 1000 && memcmp(out.data, body.data + 100000, 1000) == 0);

			proxy_arm(proxy, nth, mode);
			rc = blob_head(store, "large", &info, &err);
			hit |= proxy_disarm(proxy);
			claim(rc == BLOB_OK);
			claim(info.size == body.len);

			proxy_arm(proxy, nth, mode);
			rc = blob_get(store, "none", NULL, &out, NULL, &err);
			hit |= proxy_disarm(proxy);
			claim(rc == BLOB_NOT_FOUND);
			ck_assert_uint_lt(nth, 10);
		}
	}
	buf_free(&body);
	buf_free(&out);
	teardown();
}
END_TEST

START_TEST(one_fault_does_not_fail_a_listing)
{
	struct arena arena = ARENA_INIT(4 << 20);
	struct error err = ERROR_INIT;
	char key[64];

	setup_for(_i, REQUEST_MS, DEADLINE_MS);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), "n/%02u", i);
		ck_assert_int_eq(BLOB_OK, create_in(direct, key, "x", &err));
	}
	for (unsigned m = 0; m < PROXY_N_MODES; m++) {
		enum proxy_mode mode = (enum proxy_mode)m;
		bool hit = true;

		if (mode == PROXY_409)
			continue;
		for (unsigned nth = 1; hit; nth++) {
			struct blob_list_request request = { .prefix = "n/", .start_after = "n/09" };
			struct blob_list list = { .n_entries = 0 };

			arena_reset(&arena);
			proxy_arm(proxy, nth, mode);
			enum blob_rc rc = blob_list(store, &request, &arena, &list, &err);
			hit = proxy_disarm(proxy);
			claim(rc == BLOB_OK);
			claim(list.n_entries == 20 && !list.more);
			claim(strcmp(list.entries[0].key, "n/10") == 0);
			ck_assert_uint_lt(nth, 10);
		}
	}
	arena_free(&arena);
	teardown();
}
END_TEST

START_TEST(one_fault_does_not_fail_a_deletion)
{
	static const char *const keys[] = { "d/1", "d/2", "d/3" };
	struct error err = ERROR_INIT;

	setup_for(_i, REQUEST_MS, DEADLINE_MS);
	for (unsigned m = 0; m < PROXY_N_MODES; m++) {
		enum proxy_mode mode = (enum proxy_mode)m;
		bool hit = true;

		if (mode == PROXY_409)
			continue;
		for (unsigned nth = 1; hit; nth++) {
			for (unsigned i = 0; i < 3; i++)
				ck_assert_int_eq(BLOB_OK, create_in(direct, keys[i], "x", &err));
			proxy_arm(proxy, nth, mode);
			enum blob_rc rc = blob_delete_many(store, keys, 3, &err);
			hit = proxy_disarm(proxy);
			claim(rc == BLOB_OK);
			usleep(mode == PROXY_LATE ? 2 * LATE_MS * 1000 : 0);
			for (unsigned i = 0; i < 3; i++)
				claim(truth(keys[i])[0] == '\0');
			ck_assert_uint_lt(nth, 10);
		}
	}
	teardown();
}
END_TEST

START_TEST(a_commit_is_one_put)
{
	struct error err = ERROR_INIT;
	char key[64];

	setup_for(_i, DEADLINE_MS, DEADLINE_MS); /* a slow store is not asked twice */
	for (unsigned i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "log/%u", i);
		ck_assert_int_eq(BLOB_OK, create_in(store, key, "x", &err));
	}
	struct proxy_counts counts = proxy_get_counts(proxy);
	ck_assert_uint_eq(counts.puts, 20);
	ck_assert_uint_eq(counts.all, 20);
	teardown();
}
END_TEST

/* What fault_store says of each mode, and what the store beneath has seen. */
START_TEST(a_fault_store_does_what_its_header_says)
{
	static const struct {
		enum fault_mode mode;
		enum blob_rc create, get;
		bool done;
	} cases[] = {
		{ FAULT_ONCE, BLOB_FAILED, BLOB_FAILED, false },
		{ FAULT_STICKY, BLOB_FAILED, BLOB_FAILED, false },
		{ FAULT_LOST_REPLY, BLOB_UNKNOWN, BLOB_BUSY, true },
		{ FAULT_BUSY, BLOB_BUSY, BLOB_BUSY, false },
		{ FAULT_UNKNOWN, BLOB_UNKNOWN, BLOB_BUSY, false },
		{ FAULT_LATE, BLOB_UNKNOWN, BLOB_BUSY, false },
		{ FAULT_REPEAT, BLOB_EXISTS, BLOB_OK, true },
		{ FAULT_DELAY, BLOB_OK, BLOB_OK, true },
		{ FAULT_HOOK, BLOB_OK, BLOB_OK, true },
		{ FAULT_HOOK_AFTER, BLOB_OK, BLOB_OK, true },
		{ FAULT_DAMAGE, BLOB_OK, BLOB_OK, true },
	};
	struct store_kind local = { .name = "local" };
	struct store_place at;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT(100);

	store_place_init(&local, &at);
	direct = store_place_open(&at);
	struct blob_store *faults = fault_open(direct);
	ck_assert_ptr_nonnull(faults);
	fault_set_delay(faults, 10);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *key = fault_mode_name(cases[i].mode);

		fault_arm(faults, 2, cases[i].mode);
		ck_assert_int_eq(BLOB_OK, create_in(faults, "first", "x", &err));
		ck_assert_int_eq(cases[i].create, create_in(faults, key, "x", &err));
		ck_assert_str_eq(truth(key), cases[i].done ? "x" : "");
		enum blob_rc after = blob_head(faults, "first", NULL, &err);
		ck_assert_int_eq(after, cases[i].mode == FAULT_STICKY ? BLOB_FAILED : BLOB_OK);
		ck_assert_str_eq(truth(key), cases[i].done || cases[i].mode == FAULT_LATE ? "x" : "");
		ck_assert(fault_disarm(faults));
		ck_assert(!fault_disarm(faults));

		fault_arm_only(faults, 1, cases[i].mode, FAULT_OP_GET);
		ck_assert_int_eq(BLOB_OK, blob_head(faults, "first", NULL, &err));
		buf_reset(&out);
		ck_assert_int_eq(cases[i].get, blob_get(faults, "first", NULL, &out, NULL, &err));
		ck_assert_uint_eq(out.len, cases[i].get == BLOB_OK ? 1 : 0);
		ck_assert(fault_disarm(faults));
		ck_assert_int_eq(BLOB_OK, blob_delete(faults, "first", &err));
	}
	struct fault_counts counts = fault_get_counts(faults);
	ck_assert_uint_eq(counts.creates, 2 * ARRAY_LEN(cases));
	ck_assert_uint_eq(counts.gets, ARRAY_LEN(cases));
	ck_assert_uint_eq(counts.heads, 2 * ARRAY_LEN(cases));
	ck_assert_uint_eq(counts.deletes, ARRAY_LEN(cases));
	ck_assert_uint_eq(counts.all, 6 * ARRAY_LEN(cases));
	fault_set_latency(faults, 30);
	int64_t start_ms = mono_ms();
	ck_assert_int_eq(BLOB_NOT_FOUND, blob_head(faults, "first", NULL, &err));
	ck_assert_int_ge(mono_ms() - start_ms, 29);
	blob_close(faults);
	blob_close(direct);
	store_place_remove(&at);
	buf_free(&out);
}
END_TEST

int main(void)
{
	int n = store_kinds_init_http();
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("faults");
	SRunner *runner;

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, a_fault_store_does_what_its_header_says);
	tcase_add_loop_test(tc, one_fault_does_not_fail_a_create, 0, n);
	tcase_add_loop_test(tc, a_create_that_lost_is_never_told_as_won, 0, n);
	tcase_add_loop_test(tc, a_lasting_fault_is_told_for_what_it_is, 0, n);
	tcase_add_loop_test(tc, one_fault_does_not_fail_a_read, 0, n);
	tcase_add_loop_test(tc, one_fault_does_not_fail_a_listing, 0, n);
	tcase_add_loop_test(tc, one_fault_does_not_fail_a_deletion, 0, n);
	tcase_add_loop_test(tc, a_commit_is_one_put, 0, n);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
