/*
 * test_json.c - json and jsonb answer as PostgreSQL does
 *
 * json.cases holds queries and PostgreSQL 15's answers.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sql/session_fixture.h"

/* Rows and errors of a transcript, without the error's position. */
static void answer_of(const char *transcript, struct buf *out)
{
	buf_reset(out);
	for (const char *line = transcript; *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t n = (size_t)(end - line);

		if (*line == 'R' || *line == 'E') {
			size_t digits = n;

			while (digits > 0 && line[digits - 1] >= '0' && line[digits - 1] <= '9')
				digits--;
			if (*line == 'E' && digits > 2 && memcmp(line + digits - 2, " @", 2) == 0)
				n = digits - 2;
			buf_put(out, line, n);
			buf_put_byte(out, '\n');
		}
		line = end + 1;
	}
}

START_TEST(queries_have_postgresqls_answers)
{
	char *text = read_file(SOURCE_DIR "/tests/sql/json.cases");
	struct client c = { 0 };
	struct buf ours = BUF_INIT(1 << 20);
	unsigned n = 0, failed = 0;

	connect_client(&c);
	run(&c, "SET TimeZone = 'UTC'");
	for (char *at = strstr(text, "\n\n"); at != NULL;) {
		char *sql = at + 2;
		char *split = strstr(sql, "\n--\n");

		ck_assert_msg(split != NULL, "no answer to %s", sql);
		char *theirs = split + 4;
		at = strstr(theirs - 1, "\n\n");
		*split = '\0';
		if (at != NULL)
			at[1] = '\0';
		answer_of(query(&c, sql), &ours);
		if (strcmp(theirs, buf_str(&ours)) != 0) {
			printf("%s\nPostgreSQL has\n%sand not\n%s\n", sql, theirs, buf_str(&ours));
			failed++;
		}
		n++;
	}
	buf_free(&ours);
	free(text);
	close_client(&c);
	ck_assert_uint_gt(n, 190);
	ck_assert_msg(failed == 0, "%u of %u queries", failed, n);
}
END_TEST

START_TEST(a_jsonb_column_is_ordered_and_unique_as_a_value)
{
	struct client c = { 0 };

	connect_client(&c);
	run(&c, "CREATE TABLE d (id int PRIMARY KEY, j jsonb UNIQUE, w json)");
	run(&c, "INSERT INTO d VALUES (1, '{\"b\":1,\"a\":[1.50]}', ' {\"z\" : 1} '), (2, '[]', '1'), (3, '\"x\"', NULL)");
	EXPECT_BEGIN(&c, "INSERT INTO d VALUES (4, '{\"a\":[1.5],\"b\":1.0}', NULL)",
		     "E 23505 duplicate key value violates unique constraint \"d_j_key\"");
	EXPECT(&c, "SELECT id, j, w FROM d ORDER BY j",
	       "C id:23 j:3802 w:114\nR 2|[]|1\nR 3|\"x\"|~\nR 1|{\"a\": [1.50], \"b\": 1}| {\"z\" : 1} \n"
	       "T SELECT 3\n");
	EXPECT(&c, "SELECT id FROM d WHERE j = '{\"a\":[1.500],\"b\":1}'", "C id:23\nR 1\nT SELECT 1\n");
	run(&c, "UPDATE d SET j = jsonb_set(j, '{a,0}', '2') || '{\"c\":null}' WHERE id = 1");
	EXPECT(&c, "SELECT j FROM d WHERE j @> '{\"a\":[2]}'",
	       "C j:3802\nR {\"a\": [2], \"b\": 1, \"c\": null}\nT SELECT 1\n");
	EXPECT(&c, "SELECT id, k FROM d, jsonb_object_keys(j) AS k WHERE id = 1 ORDER BY k DESC",
	       "C id:23 k:25\nR 1|c\nR 1|b\nR 1|a\nT SELECT 3\n");
	close_client(&c);
}
END_TEST

START_TEST(what_is_nested_too_deep_is_refused)
{
	struct client c = { 0 };

	connect_client(&c);
	EXPECT_BEGIN(&c, "SELECT repeat('[', 100000)::jsonb", "E 54001 stack depth limit exceeded");
	EXPECT_BEGIN(&c, "SELECT repeat('{\"a\":', 100000)::json", "E 54001 stack depth limit exceeded");
	EXPECT(&c, "SELECT length((repeat('[', 4000) || repeat(']', 4000))::jsonb::text)",
	       "C length:23\nR 8000\nT SELECT 1\n");
	/* not by a detour either: the database would hold what nobody can read */
	EXPECT_BEGIN(&c, "SELECT jsonb_set('[1]', '{0}', (repeat('[', 4000) || repeat(']', 4000))::jsonb)",
		     "E 54001 stack depth limit exceeded");
	EXPECT_BEGIN(&c, "SELECT jsonb_build_array((repeat('[', 4000) || repeat(']', 4000))::jsonb)",
		     "E 54001 stack depth limit exceeded");
	EXPECT(&c, "SELECT 1 AS one", "C one:23\nR 1\nT SELECT 1\n");
	close_client(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, queries_have_postgresqls_answers);
	tcase_add_test(tc, a_jsonb_column_is_ordered_and_unique_as_a_value);
	tcase_add_test(tc, what_is_nested_too_deep_is_refused);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
