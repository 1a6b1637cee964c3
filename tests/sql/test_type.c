/*
 * test_type.c - types read and write as PostgreSQL does
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "sql/error.h"
#include "sql/type.h"
#include "sql/type/key.h"
#include "tests/sql/replay.h"

struct result {
	size_t lines, failures;
};

static void differ(struct result *r, const struct replay_line *l, const char *what, const char *got)
{
	r->failures++;
	if (r->failures <= 60)
		printf("line %zu: type %s, \"%s\" (%s): %s\n  expected %s %s\n  got      %s\n", l->number,
		       l->fields[0], l->fields[3], l->fields[2], what, l->fields[4], l->fields[5], got);
}

static void check_type(struct replay_line *l, void *arg)
{
	struct result *r = arg;
	struct arena arena = ARENA_INIT(1 << 26);
	struct buf text = BUF_INIT(1 << 24), binary = BUF_INIT(1 << 24), again = BUF_INIT(1 << 24);
	struct sql_error err = SQL_ERROR_INIT;
	struct sql_env env;
	struct type_context ctx = { &env, NULL, &arena };
	struct datum d, back;
	char got[1200];

	ck_assert_int_eq(l->n, 6);
	r->lines++;
	replay_env(&env, l->fields[2]);
	oid_t type = (oid_t)atol(l->fields[0]);
	int32_t typmod = atoi(l->fields[1]);
	const char *answer = l->fields[4];
	if (!type_in(&ctx, type, typmod, l->fields[3], strlen(l->fields[3]), &d, &err)) {
		snprintf(got, sizeof(got), "!%s %s", err.sqlstate, err.message);
		if (strcmp(got, answer) != 0)
			differ(r, l, "input", got);
		goto out;
	}
	buf_put_byte(&text, '=');
	if (!type_out(&ctx, type, &d, &text, &err)) {
		differ(r, l, "output failed", err.message);
		goto out;
	}
	type_pad(type, typmod, 1, &text);
	if (strcmp(buf_str(&text), answer) != 0) {
		differ(r, l, "output", buf_str(&text));
		goto out;
	}
	if (l->fields[5][0] == '\0' && type != 25 && type != 1043 && type != 17)
		goto out;
	if (!type_send(&ctx, type, &d, &binary, &err)) {
		differ(r, l, "send failed", err.message);
		goto out;
	}
	char *hex = malloc(2 * binary.len + 1);
	hex_encode(binary.data != NULL ? binary.data : "", binary.len, hex);
	if (strcmp(hex, l->fields[5]) != 0)
		differ(r, l, "binary form", hex);
	free(hex);
	if (!type_recv(&ctx, type, typmod, binary.data != NULL ? binary.data : "", binary.len, &back, &err)) {
		differ(r, l, "receive failed", err.message);
		goto out;
	}
	buf_put_byte(&again, '=');
	if (!type_out(&ctx, type, &back, &again, &err) || (type_pad(type, typmod, 1, &again), false) ||
	    strcmp(buf_str(&again), answer) != 0)
		differ(r, l, "round trip", buf_str(&again));
out:
	buf_free(&text);
	buf_free(&binary);
	buf_free(&again);
	arena_free(&arena);
}

START_TEST(types_answer_as_postgresql_does)
{
	struct result r = { 0 };

	replay_file("types.tsv", check_type, &r);
	ck_assert_msg(r.failures == 0, "%zu of %zu answers differ", r.failures, r.lines);
}
END_TEST

static int compare(oid_t type, const char *a, const char *b)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct sql_error err = SQL_ERROR_INIT;
	struct sql_env env;
	struct type_context ctx = { &env, NULL, &arena };
	struct datum x, y;

	replay_env(&env, "");
	ck_assert_msg(type_in(&ctx, type, -1, a, strlen(a), &x, &err), "%s: %s", a, err.message);
	ck_assert_msg(type_in(&ctx, type, -1, b, strlen(b), &y, &err), "%s: %s", b, err.message);
	int c = key_compare(x.data, x.len, y.data, y.len);
	arena_free(&arena);
	return c < 0 ? -1 : c > 0;
}

static void check_order(oid_t type, const char *const *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			ck_assert_msg(compare(type, values[i], values[j]) == (i < j ? -1 : i > j),
				      "type %u: \"%s\" and \"%s\"", type, values[i], values[j]);
}

START_TEST(stored_forms_order_as_the_type_does)
{
	static const char *const numerics[] = {
		"-Infinity", "-123456789012345678901234567890", "-1000", "-100.5", "-100.49", "-100", "-99", "-1.51",
		"-1.5", "-1", "-0.1", "-0.01", "-1e-100", "0", "1e-100", "0.001", "0.01", "0.1", "0.11", "1", "1.5",
		"1.51", "9", "10", "99", "100", "1e50", "1e100000", "Infinity", "NaN" };
	static const char *const intervals[] = { "-1 year", "-1 day", "-00:00:01", "0", "00:00:01", "23:59:59",
						 "1 day", "1 day 00:00:01", "29 days", "1 mon", "1 mon 1 day", "1 year" };
	static const char *const arrays[] = { "{}", "{-5}", "{1}", "{1,-2}", "{1,2}", "{1,2,3}", "{1,3}",
					      "{1,NULL}", "{2}", "{NULL}" };
	static const char *const jsons[] = { "null", "\"\"", "\"a\"", "\"ab\"", "-1", "0", "1", "1.5", "false",
					     "true", "[1]", "[2]", "[1,2]", "{}", "{\"a\":1}", "{\"a\":2}",
					     "{\"b\":1}", "{\"a\":1,\"b\":2}" };

	check_order(1700, numerics, sizeof(numerics) / sizeof(*numerics));
	check_order(1186, intervals, sizeof(intervals) / sizeof(*intervals));
	check_order(1007, arrays, sizeof(arrays) / sizeof(*arrays));
	check_order(3802, jsons, sizeof(jsons) / sizeof(*jsons));
}
END_TEST

START_TEST(what_prints_differently_may_be_equal)
{
	ck_assert_int_eq(0, compare(1700, "1.5", "1.50"));
	ck_assert_int_eq(0, compare(1700, "0", "0.000"));
	ck_assert_int_eq(0, compare(1700, "-100", "-1e2"));
	ck_assert_int_eq(0, compare(1186, "1 day", "24:00:00"));
	ck_assert_int_eq(0, compare(1186, "1 mon", "30 days"));
	ck_assert_int_eq(0, compare(3802, "[1.0]", "[1]"));
	ck_assert_int_eq(0, compare(1231, "{1.0,2}", "{1,2.00}"));
	ck_assert_int_ne(0, compare(1231, "{1.0,2}", "{1,2.01}"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("type");
	TCase *tc = tcase_create("type");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, types_answer_as_postgresql_does);
	tcase_add_test(tc, stored_forms_order_as_the_type_does);
	tcase_add_test(tc, what_prints_differently_may_be_equal);
	suite_add_tcase(s, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
