/*
 * test_catalog_queries.c - what psql and the ORMs ask of the catalogs, answered as PostgreSQL does
 *
 * catalog.cases holds the queries, as psql -E and the statement logs of the clients show
 * them, and PostgreSQL 15's rows.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sql/session_fixture.h"

enum { MAX_LINES = 2000, MAX_QUERY = 1 << 16 };

static const char *const objects[] = {
	"CREATE DATABASE myapp",
	NULL, /* and connect to it */
	"CREATE SCHEMA s",
	"CREATE TABLE a(id int PRIMARY KEY, \"B c\" text UNIQUE, v varchar(20), n numeric(10,2) CHECK (n > 0))",
	"CREATE TABLE s.b(x int REFERENCES a(id) ON DELETE CASCADE, y bigint GENERATED ALWAYS AS IDENTITY,"
	" z serial, UNIQUE (x, y), CHECK (length('abc') > 1))",
	"CREATE INDEX i1 ON a (lower(v), n DESC) WHERE n > 3",
	"CREATE UNIQUE INDEX i3 ON s.b(z)",
	"CREATE VIEW vw AS SELECT id, v FROM a WHERE n > 2",
	"CREATE SEQUENCE sq START 5",
	"COMMENT ON TABLE a IS 'the table a'",
	"COMMENT ON COLUMN a.v IS 'a text'",
};

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers that may be OIDs of users' objects become OID, in place. */
static void hide_oids(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0';) {
		size_t n = strspn(at, "0123456789");
		bool whole = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');

		if (n == 5 && whole && !(isalnum((unsigned char)at[5]) || at[5] == '_') &&
		    (at[0] == '2' || (at[0] == '1' && at[1] >= '6'))) {
			memcpy(to, "OID", 3);
			to += 3;
			at += 5;
		} else {
			n = n > 0 ? n : 1;
			memmove(to, at, n);
			to += n;
			at += n;
		}
	}
	*to = '\0';
}

/* The rows of a transcript, one to a line; NULL: there is an error. */
static char *rows_of(const char *transcript)
{
	char *out = calloc(1, strlen(transcript) + 1);
	size_t len = 0;

	ck_assert_ptr_nonnull(out);
	for (const char *line = transcript; *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t n = end == NULL ? strlen(line) : (size_t)(end - line);

		if (line[0] == 'E') {
			free(out);
			return NULL;
		}
		if (line[0] == 'R' && n >= 2) {
			memcpy(out + len, line + 2, n - 2);
			len += n - 2;
			out[len++] = '\n';
		}
		line += n + (end != NULL);
	}
	out[len] = '\0';
	hide_oids(out);
	return out;
}

/* The lines in their order, or sorted. */
static void normalise(char *text, bool sorted, char *out)
{
	static char *lines[MAX_LINES];
	size_t n = 0;

	out[0] = '\0';
	for (char *line = strtok(text, "\n"); line != NULL && n < MAX_LINES; line = strtok(NULL, "\n"))
		lines[n++] = line;
	if (sorted)
		qsort(lines, n, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(lines[i]);

		memcpy(out, lines[i], len);
		out += len;
		*out++ = '\n';
	}
	*out = '\0';
}

/* Put OIDs where the query says {s.x}. */
static void fill_in(struct client *c, const char *query_text, char *out, size_t size)
{
	size_t len = 0;

	while (*query_text != '\0' && len + 32 < size) {
		const char *end = query_text[0] == '{' ? strchr(query_text, '}') : NULL;
		char name[128], sql[256];

		if (end == NULL || memchr(query_text, '.', (size_t)(end - query_text)) == NULL ||
		    query_text[-1] != '\'') {
			out[len++] = *query_text++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(end - query_text - 1), query_text + 1);
		snprintf(sql, sizeof(sql), "SELECT '%s'::regclass::oid", name);
		const char *row = strstr(query(c, sql), "\nR ");
		ck_assert_msg(row != NULL, "%s: %s", sql, query(c, sql));
		len += (size_t)snprintf(out + len, size - len, "%lu", strtoul(row + 3, NULL, 10));
		query_text = end + 1;
	}
	out[len] = '\0';
}

static bool has_order(const char *text)
{
	return strcasestr(text, "order by") != NULL;
}

START_TEST(queries_of_clients_give_postgresqls_rows)
{
	static char sql[MAX_QUERY], ours[1 << 20], theirs[1 << 20];
	struct client c = { 0 };
	unsigned n = 0, failed = 0;

	connect_client(&c);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (objects[i] != NULL) {
			run(&c, objects[i]);
			continue;
		}
		close_client(&c);
		c = (struct client){ 0 };
		ck_assert(try_connect(&c, "myapp", NULL, 0));
	}
	char *text = read_file(SOURCE_DIR "/tests/sql/catalog.cases");
	for (char *at = strstr(text, "\n== "); at != NULL;) {
		char *name = at + 4;
		char *body = strchr(name, '\n') + 1;
		char *split = strstr(body, "\n--\n");
		char *next = strstr(split, "\n== ");

		body[-1] = '\0';
		*split = '\0';
		split += 4;
		if (next != NULL)
			*next = '\0';
		fill_in(&c, body, sql, sizeof(sql));
		const char *transcript = query(&c, sql);
		char *rows = rows_of(transcript);
		if (rows == NULL) {
			printf("%s:\n%s\n", name, transcript);
			failed++;
		} else {
			normalise(split, !has_order(body), theirs);
			normalise(rows, !has_order(body), ours);
			if (strcmp(ours, theirs) != 0) {
				printf("%s: PostgreSQL has\n%sand not\n%s\n", name, theirs, ours);
				failed++;
			}
		}
		free(rows);
		n++;
		at = next;
	}
	free(text);
	close_client(&c);
	ck_assert_uint_gt(n, 150);
	ck_assert_msg(failed == 0, "%u of %u queries", failed, n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("catalog queries");
	TCase *tc = tcase_create("queries");

	tcase_add_checked_fixture(tc, session_setup, session_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, queries_of_clients_give_postgresqls_rows);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
