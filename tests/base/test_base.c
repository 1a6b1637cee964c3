/*
 * test_base.c - buffers, arenas, errors, bytes, maps, threads
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/thread.h"

START_TEST(buf_never_grows_past_its_limit)
{
	struct buf b = BUF_INIT(100);

	for (int i = 0; i < 100; i++)
		buf_put_byte(&b, 'x');
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 100);
	buf_put_byte(&b, 'y');
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 100);
	ck_assert_uint_le(b.cap, 100);
	buf_reset(&b);
	buf_printf(&b, "%099d!", 7);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 100);
	ck_assert_str_eq(buf_str(&b) + 98, "7!");
	buf_printf(&b, "z");
	ck_assert(b.failed);
	buf_free(&b);
}
END_TEST

START_TEST(buf_refuses_a_length_that_would_overflow)
{
	struct buf b = BUF_INIT(SIZE_MAX);

	buf_put_byte(&b, 'x');
	ck_assert(!buf_reserve(&b, SIZE_MAX));
	ck_assert(b.failed);
	buf_free(&b);
}
END_TEST

START_TEST(arena_returns_aligned_memory_until_its_limit)
{
	struct arena a = ARENA_INIT(100000);
	size_t n = 0;

	for (char *p; (p = arena_alloc(&a, 333)) != NULL; n++) {
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		memset(p, 1, 333);
	}
	ck_assert(a.failed);
	ck_assert_uint_gt(n, 200);
	ck_assert_uint_le(a.used, 100000);
	arena_reset(&a);
	ck_assert(!a.failed);
	ck_assert_str_eq(arena_printf(&a, "%s-%d", "x", 5), "x-5");
	ck_assert_ptr_null(arena_calloc(&a, SIZE_MAX / 2, 4));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	arena_free(&a);
}
END_TEST

START_TEST(error_keeps_whole_characters)
{
	struct error e = ERROR_INIT;
	char text[600];

	memset(text, 'a', 510);
	strcpy(text + 510, "\xC3\xA9");
	error_set(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.text), 510);
	error_set(&e, "inner");
	error_wrap(&e, "could not open \"%s\"", "x");
	ck_assert_str_eq(e.text, "could not open \"x\": inner");
	error_set_errno(&e, 2, "could not read \"%s\"", "y");
	ck_assert_str_eq(e.text, "could not read \"y\": No such file or directory");
}
END_TEST

START_TEST(base64_and_hex_round_trip)
{
	for (size_t len = 0; len < 50; len++) {
		unsigned char bytes[50];
		char hex[101];
		unsigned char back[50];
		struct buf text = BUF_INIT(1000);
		struct buf out = BUF_INIT(1000);

		random_bytes(bytes, len);
		base64_encode(bytes, len, &text);
		ck_assert(base64_decode(text.data, text.len, &out));
		ck_assert_uint_eq(out.len, len);
		ck_assert(len == 0 || memcmp(out.data, bytes, len) == 0);
		hex_encode(bytes, len, hex);
		ck_assert(hex_decode(hex, 2 * len, back));
		ck_assert(len == 0 || memcmp(back, bytes, len) == 0);
		buf_free(&text);
		buf_free(&out);
	}
	struct buf out = BUF_INIT(100);
	ck_assert(!base64_decode("abc", 3, &out));
	ck_assert(!base64_decode("a=bc", 4, &out));
	ck_assert(!base64_decode("ab\0c", 4, &out));
	ck_assert(!hex_decode("0g", 2, hex_encode));
	buf_free(&out);
}
END_TEST

START_TEST(map_agrees_with_an_array)
{
	enum { N = 500 };
	struct map m = MAP_INIT;
	bool there[N] = { false };
	int values[N];

	for (int step = 0; step < 20000; step++) {
		unsigned i = (unsigned)(random_u64() % N);
		char key[16];

		snprintf(key, sizeof(key), "k%u", i);
		if (random_u64() % 2 == 0) {
			void *old;

			ck_assert(map_put(&m, key, &values[i], &old));
			ck_assert((old != NULL) == there[i]);
			there[i] = true;
		} else {
			ck_assert((map_remove(&m, key) != NULL) == there[i]);
			there[i] = false;
		}
		unsigned j = (unsigned)(random_u64() % N);
		snprintf(key, sizeof(key), "k%u", j);
		ck_assert_ptr_eq(map_get(&m, key), there[j] ? &values[j] : NULL);
	}
	size_t n = 0;
	const char *key;
	void *value;
	for (size_t i = 0; map_next(&m, &i, &key, &value); n++)
		ck_assert(there[(int *)value - values]);
	ck_assert_uint_eq(n, m.n_used);
	map_free(&m);
}
END_TEST

struct meeting {
	struct mutex lock;
	struct cond changed;
	int n;
};

static void *arrive(void *arg)
{
	struct meeting *m = arg;

	mutex_lock(&m->lock);
	m->n++;
	cond_broadcast(&m->changed);
	mutex_unlock(&m->lock);
	return NULL;
}

START_TEST(a_mutex_knows_its_holder_and_a_wait_ends)
{
	struct meeting m = { .n = 0 };
	pthread_t threads[4];
	struct error err = ERROR_INIT;

	mutex_init(&m.lock);
	cond_init(&m.changed);
	for (int i = 0; i < 4; i++)
		ck_assert(thread_start(&threads[i], "arrive", 0, arrive, &m, &err));
	mutex_lock(&m.lock);
	ck_assert(mutex_held(&m.lock));
	while (m.n < 4)
		cond_wait(&m.changed, &m.lock);
	ck_assert(mutex_held(&m.lock));
	ck_assert(!cond_wait_until(&m.changed, &m.lock, mono_ms() + 5));
	mutex_unlock(&m.lock);
	ck_assert(!mutex_held(&m.lock));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cond_deinit(&m.changed);
	mutex_deinit(&m.lock);
}
END_TEST

struct teller {
	struct event *_Atomic to;
	struct event ready; /* to is set, or there is nothing more */
	unsigned told;      /* no lock: the event orders it */
};

static void *tell(void *arg)
{
	struct teller *t = arg;

	for (;;) {
		(void)event_wait(&t->ready);
		event_forget(&t->ready, 1);
		if (t->to == NULL)
			return NULL;
		t->told++;
		event_set(t->to, 7);
	}
}

START_TEST(an_event_is_gone_as_soon_as_its_waiter_was_told)
{
	struct event quiet = { 0 };
	struct teller t = { .to = NULL };
	struct error err = ERROR_INIT;
	pthread_t thread;

	ck_assert_uint_eq(0, event_wait_until(&quiet, mono_ms() + 5));
	event_set(&quiet, 1);
	event_set(&quiet, 2);
	ck_assert_uint_eq(2, event_get(&quiet));
	event_forget(&quiet, 1);
	ck_assert_uint_eq(2, event_wait(&quiet));
	event_forget(&quiet, 2);
	ck_assert_uint_eq(0, event_get(&quiet));
	ck_assert_uint_eq(0, event_wait_until(&quiet, 0));

	ck_assert(thread_start(&thread, "tell", 0, tell, &t, &err));
	for (unsigned i = 0; i < 2000; i++) {
		struct event *e = calloc(1, sizeof(*e));

		ck_assert_ptr_nonnull(e);
		t.to = e;
		event_set(&t.ready, 1);
		if (i % 2 == 0)
			ck_assert_uint_eq(7, event_wait(e));
		else
			while (event_wait_until(e, mono_ms() + 1) == 0)
				;
		ck_assert_uint_eq(i + 1, t.told);
		free(e);
	}
	t.to = NULL;
	event_set(&t.ready, 1);
	pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base");
	TCase *tc = tcase_create("base");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, buf_never_grows_past_its_limit);
	tcase_add_test(tc, buf_refuses_a_length_that_would_overflow);
	tcase_add_test(tc, arena_returns_aligned_memory_until_its_limit);
	tcase_add_test(tc, error_keeps_whole_characters);
	tcase_add_test(tc, base64_and_hex_round_trip);
	tcase_add_test(tc, map_agrees_with_an_array);
	tcase_add_test(tc, a_mutex_knows_its_holder_and_a_wait_ends);
	tcase_add_test(tc, an_event_is_gone_as_soon_as_its_waiter_was_told);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
