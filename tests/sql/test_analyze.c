/*
 * test_analyze.c - what statements come to: types, SQLite's text, errors
 *
 * analyze.cases holds PostgreSQL 15's own answers.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/type.h"
#include "tests/sql/analyze_fixture.h"

static struct analyze_fixture fx;

static void setup(void)
{
	analyze_fixture_open(&fx);
	ck_assert(analyze_fixture_run(
		&fx, "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email varchar(50) UNIQUE,"
		     " age int, score numeric(8,2), big bigint, active bool DEFAULT true);"
		     "CREATE TABLE posts (id bigint PRIMARY KEY, author int REFERENCES users(id), body text);"
		     "CREATE INDEX posts_author ON posts (author);"));
}

static void teardown(void)
{
	analyze_fixture_close(&fx);
}

static const char *lowered(const char *text)
{
	struct lowered l;

	if (!analyze_fixture_lower(&fx, text, &l))
		return buf_str(&fx.out);
	return l.sql;
}

static const char *run(const char *text)
{
	analyze_fixture_run(&fx, text);
	return buf_str(&fx.out);
}

/* ---- PostgreSQL's answers ---- */

/* The columns of a statement, or its error; NULL: not supported yet. */
static const char *describe(const char *text)
{
	struct lowered l = { 0 };

	if (strncmp(text, "CREATE ", 7) == 0) {
		ck_assert_msg(analyze_fixture_run(&fx, text), "%s\n%s", text, buf_str(&fx.out));
		return buf_str(&fx.out);
	}
	if (!analyze_fixture_lower(&fx, text, &l)) {
		/* a function that has no text in SQLite yet is analyzed all the same */
		if (strcmp(fx.err.sqlstate, ERRCODE_FEATURE_NOT_SUPPORTED) != 0)
			return buf_str(&fx.out);
		if (l.columns == NULL)
			return strstr(fx.err.message, "is not supported") != NULL ? NULL :
										    buf_str(&fx.out);
	}
	buf_reset(&fx.out);
	for (size_t i = 0; i < l.n_columns; i++) {
		buf_printf(&fx.out, "%s|", l.columns[i].name);
		type_format(fx.schema, l.columns[i].type, l.columns[i].typmod, &fx.out);
		buf_put_byte(&fx.out, '\n');
	}
	if (l.n_columns == 0)
		buf_put_str(&fx.out, "none\n");
	return buf_str(&fx.out);
}

START_TEST(statements_mean_what_postgresql_says)
{
	FILE *file = fopen(SOURCE_DIR "/tests/sql/analyze.cases", "r");
	char *line = NULL, *statement = NULL;
	size_t cap = 0, agreed = 0, passed_over = 0;
	struct buf expected = BUF_INIT(1 << 20);
	ssize_t n;

	ck_assert(file != NULL);
	do {
		n = getline(&line, &cap, file);
		if (n > 2 && line[0] == '=') {
			buf_put(&expected, line + 2, (size_t)n - 2);
			continue;
		}
		if (n > 0 && line[0] == '#')
			continue;
		if (statement != NULL && (n <= 0 || line[0] == '\n')) {
			const char *got = describe(statement);

			if (got == NULL) {
				passed_over++;
			} else {
				ck_assert_msg(strcmp(got, buf_str(&expected)) == 0,
					      "%s\ngave\n%sPostgreSQL gives\n%s", statement, got,
					      buf_str(&expected));
				agreed++;
			}
			free(statement);
			statement = NULL;
			buf_reset(&expected);
		} else if (n > 1) {
			line[n - 1] = '\0';
			statement = strdup(line);
		}
	} while (n > 0);
	fclose(file);
	free(line);
	buf_free(&expected);
	ck_assert_msg(agreed >= 250, "only %zu agreed, %zu passed over", agreed, passed_over);
}
END_TEST

/* ---- lowering ---- */

static const struct {
	const char *text, *sql;
} lowerings[] = {
	{ "SELECT name FROM users WHERE id = $1", "SELECT t1.\"name\" FROM \"users\" AS t1 WHERE t1.\"id\" = ?1" },
	{ "SELECT 1 FROM users WHERE id IN (1, 2)",
	  "SELECT 1 FROM \"users\" AS t1 WHERE t1.\"id\" IN (1, 2)" },
	{ "SELECT id FROM users ORDER BY id, age, name DESC",
	  "SELECT t1.\"id\" FROM \"users\" AS t1 ORDER BY t1.\"id\", t1.\"age\" NULLS LAST, t1.\"name\" DESC" },
	{ "SELECT id FROM users ORDER BY age DESC NULLS LAST LIMIT 5 OFFSET 0",
	  "SELECT t1.\"id\" FROM \"users\" AS t1 ORDER BY t1.\"age\" DESC LIMIT 5" },
	{ "SELECT id FROM users LIMIT NULL", "SELECT t1.\"id\" FROM \"users\" AS t1" },
	{ "SELECT id FROM users LIMIT $1", "SELECT t1.\"id\" FROM \"users\" AS t1 LIMIT pg_limit(?1)" },
	{ "SELECT 'it''s', -5, E'a\\nb'", "SELECT 'it''s', -5, 'a\nb'" },
	{ "SELECT 1 GROUP BY 1", "SELECT 1 GROUP BY ''" },
	{ "SELECT u.id FROM users u, posts p WHERE p.author = u.id",
	  "SELECT t1.\"id\" FROM \"users\" AS t1, \"posts\" AS t2 WHERE t2.\"author\" = t1.\"id\"" },
	{ "SELECT u.id FROM users u LEFT JOIN posts p ON p.author = u.id",
	  "SELECT t1.\"id\" FROM \"users\" AS t1 LEFT JOIN \"posts\" AS t2 ON t2.\"author\" = t1.\"id\"" },
	{ "INSERT INTO posts (id, body) VALUES ($1, DEFAULT)",
	  "INSERT INTO \"posts\" AS t1 (\"id\", \"author\", \"body\") VALUES (pg_not_null(?1, 'public', 'posts', "
	  "'id'), NULL, NULL)" },
	{ "UPDATE users SET name = $1 WHERE id = $2 RETURNING id",
	  "UPDATE \"users\" AS t1 SET \"name\" = ?1 WHERE t1.\"id\" = ?2 RETURNING \"users\".\"id\"" },
	{ "DELETE FROM posts WHERE id = 5", "DELETE FROM \"posts\" AS t1 WHERE t1.\"id\" = 5" },
	{ "DELETE FROM posts USING users u WHERE u.id = author",
	  "DELETE FROM \"posts\" WHERE _rowid_ IN (SELECT t1._rowid_ FROM \"posts\" AS t1, \"users\" AS t2 WHERE "
	  "t2.\"id\" = t1.\"author\")" },
	{ "SELECT (SELECT name FROM users WHERE id = 1)",
	  "SELECT (SELECT t1.\"name\" FROM \"users\" AS t1 WHERE t1.\"id\" = 1)" },
	{ "SELECT (SELECT name FROM users)",
	  "SELECT (SELECT pg_single_row(c1) FROM (SELECT t1.\"name\" AS c1 FROM \"users\" AS t1))" },
	{ "SELECT id FROM users WHERE id = ANY($1)",
	  "SELECT t1.\"id\" FROM \"users\" AS t1 WHERE t1.\"id\" IN (SELECT value FROM pg_unnest(?1))" },
};

START_TEST(statements_are_said_in_sqlite)
{
	ck_assert_str_eq(lowerings[_i].sql, lowered(lowerings[_i].text));
}
END_TEST

/* What EXPLAIN QUERY PLAN says of a statement's text. */
static const char *plan(const char *text)
{
	static char out[1024];
	struct lowered l;
	sqlite3_stmt *stmt;
	char sql[2048];

	ck_assert_msg(analyze_fixture_lower(&fx, text, &l), "%s", buf_str(&fx.out));
	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", l.sql);
	out[0] = '\0';
	ck_assert_msg(sqlite3_prepare_v2(fx.db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(fx.db));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		strncat(out, (const char *)sqlite3_column_text(stmt, 3), sizeof(out) - strlen(out) - 2);
		strcat(out, "\n");
	}
	sqlite3_finalize(stmt);
	return out;
}

START_TEST(keys_and_indexes_are_used)
{
	ck_assert_str_eq("SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\n",
			 plan("SELECT name FROM users WHERE id = $1"));
	ck_assert_str_eq("SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\n",
			 plan("SELECT * FROM users WHERE id BETWEEN 3 AND 9 AND id = 1"));
	ck_assert_str_eq("SEARCH t1 USING INDEX posts_author (author=?)\n",
			 plan("SELECT body FROM posts WHERE author = 3"));
	ck_assert_str_eq("SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\n",
			 plan("UPDATE users SET age = 1 WHERE id = 1"));
	ck_assert_str_eq("SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)\n",
			 plan("SELECT * FROM users WHERE id IN (1, 2, 3)"));
	ck_assert(strstr(plan("SELECT name FROM users WHERE email = 'x'"), "SEARCH t1 USING INDEX") != NULL);
	ck_assert(strstr(plan("SELECT * FROM users u JOIN posts p ON p.author = u.id WHERE u.id = 1"),
			 "SEARCH t2 USING INDEX posts_author (author=?)") != NULL);
}
END_TEST

/* ---- parameters ---- */

static const struct {
	const char *text, *types;
} parameters[] = {
	{ "SELECT $1", "text" },
	{ "SELECT $1::int", "integer" },
	{ "SELECT $1 + 1", "integer" },
	{ "SELECT name FROM users WHERE id = $1 AND email LIKE $2", "integer, text" },
	{ "SELECT $2::int, $1::text", "text, integer" },
	{ "INSERT INTO users (id, name, email, score) VALUES ($1, $2, $3, $4)",
	  "integer, text, character varying, numeric" },
	{ "INSERT INTO users (id, name) SELECT $1, $2", "integer, text" },
	{ "UPDATE users SET big = $1, active = $2 WHERE id = $3", "bigint, boolean, integer" },
	{ "SELECT id FROM users WHERE id = ANY($1)", "integer[]" },
	{ "SELECT id FROM users WHERE id IN ($1, $2)", "integer, integer" },
	{ "SELECT id FROM users LIMIT $1 OFFSET $2", "bigint, bigint" },
	{ "SELECT coalesce($1, 1)", "integer" },
	{ "SELECT CASE WHEN $1 THEN 1 ELSE $2 END", "boolean, integer" },
	{ "SELECT id FROM users WHERE $1", "boolean" },
	{ "SELECT $1 IS NULL", "text" },
	{ "SELECT $1 || 'x'", "text" },
	{ "SELECT id FROM users WHERE name = $1 OR $1 = email", "text" },
	{ "SELECT id FROM users WHERE age BETWEEN $1 AND $2", "integer, integer" },
	{ "SELECT lower($1), $2 = 1", "text, integer" },
	{ "VALUES ($1, $2::int)", "text, integer" },
};

START_TEST(parameters_take_the_types_of_their_places)
{
	struct lowered l;

	ck_assert_msg(analyze_fixture_lower(&fx, parameters[_i].text, &l), "%s: %s", parameters[_i].text,
		      buf_str(&fx.out));
	ck_assert_str_eq(parameters[_i].types, analyze_fixture_types(&fx, &l, true));
}
END_TEST

START_TEST(parameters_without_a_type_are_errors)
{
	ck_assert_str_eq("ERROR:  42P18: could not determine data type of parameter $1\n", lowered("SELECT $2::int"));
	ck_assert_str_eq("ERROR:  42883: operator does not exist: integer = text at 29\n"
			 "HINT:  No operator matches the given name and argument types. You might need to "
			 "add explicit type casts.\n",
			 lowered("SELECT lower($1) = 'x' OR 5 = $1"));
	ck_assert_str_eq("ERROR:  42P02: there is no parameter $0 at 8\n", lowered("SELECT $0"));
}
END_TEST

/* ---- rows ---- */

static const struct {
	const char *text, *rows;
} results[] = {
	{ "SELECT name, id + 1 FROM users WHERE id = 2", "bob|3\n" },
	{ "SELECT id FROM users ORDER BY age", "2\n1\n3\n" },
	{ "SELECT id FROM users ORDER BY age DESC", "3\n1\n2\n" },
	{ "SELECT u.name, p.body FROM users u LEFT JOIN posts p ON p.author = u.id ORDER BY u.id, p.id",
	  "ann|first\nann|second\nbob|\ncid|third\n" },
	{ "SELECT u.name FROM users u WHERE EXISTS (SELECT 1 FROM posts WHERE author = u.id) ORDER BY 1",
	  "ann\ncid\n" },
	{ "SELECT name FROM users WHERE id IN (SELECT author FROM posts WHERE id < 3)", "ann\n" },
	{ "SELECT DISTINCT ON (author) author, body FROM posts ORDER BY author, id DESC", "1|second\n3|third\n" },
	{ "SELECT 1 UNION SELECT 2 UNION ALL SELECT 2 ORDER BY 1 DESC", "2\n2\n1\n" },
	{ "SELECT 1 UNION ALL SELECT 1 INTERSECT SELECT 1", "1\n1\n" },
	{ "VALUES (1), (1), (2) EXCEPT ALL VALUES (1)", "1\n2\n" },
	{ "VALUES (1), (1), (2) INTERSECT ALL VALUES (1), (1), (1)", "1\n1\n" },
	{ "SELECT * FROM (VALUES (2, 'b'), (1, 'a')) v(n, t) ORDER BY n", "1|a\n2|b\n" },
	{ "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT n FROM r", "1\n2\n3\n4\n" },
	{ "SELECT CASE id WHEN 1 THEN 'one' WHEN 2 THEN 'two' END FROM users ORDER BY id", "one\ntwo\n\n" },
	{ "SELECT coalesce(NULL, age, 0), nullif(id, 1) FROM users ORDER BY id", "20|\n10|2\n0|3\n" },
	{ "SELECT 1/0", "ERROR:  22012: division by zero\n" },
	{ "SELECT 2147483647 + id FROM users", "ERROR:  22003: integer out of range\n" },
	{ "SELECT (SELECT id FROM users)",
	  "ERROR:  21000: more than one row returned by a subquery used as an expression\n" },
	{ "SELECT id FROM users LIMIT -1", "ERROR:  2201W: LIMIT must not be negative\n" },
	{ "INSERT INTO users VALUES (NULL, 'x')",
	  "ERROR:  23502: null value in column \"id\" of relation \"users\" violates not-null constraint\n" },
	{ "INSERT INTO users (id, name) VALUES (9, 'zed') RETURNING id, name, active", "9|zed|t\n" },
	{ "INSERT INTO users (id, name) VALUES (1, 'new') ON CONFLICT (id) DO UPDATE SET name = "
	  "excluded.name || users.name RETURNING name",
	  "newann\n" },
	{ "INSERT INTO users (id, name) VALUES (1, 'new') ON CONFLICT DO NOTHING RETURNING id", "" },
	{ "UPDATE users SET age = age + 1, name = 'x' WHERE age > 10 RETURNING id, age, name", "1|21|x\n" },
	{ "UPDATE users u SET name = p.body FROM posts p WHERE p.author = u.id AND p.id = 3 RETURNING u.name",
	  "third\n" },
	{ "UPDATE users SET (name, age) = ('q', 7) WHERE id = 1 RETURNING name, age", "q|7\n" },
	{ "DELETE FROM posts USING users u WHERE u.id = author AND u.name = 'ann' RETURNING posts.id", "1\n2\n" },
	{ "SELECT name FROM users NATURAL JOIN (VALUES (2)) v(id)", "bob\n" },
	{ "SELECT id FROM users a JOIN users b USING (id) WHERE a.id = 1", "1\n" },
	{ "SELECT coalesce(a.x, 0), coalesce(b.x, 0), x FROM (VALUES (1), (2)) a(x) FULL JOIN (VALUES (2), (3)) b(x)"
	  " USING (x) ORDER BY x",
	  "1|0|1\n2|2|2\n0|3|3\n" },
	{ "SELECT (id, name) = (1, 'ann'), (1, 2) < (1, 3), ROW(2, 1) < ROW(1, 9) FROM users WHERE id = 1", "t|t|f\n" },
	{ "SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, true IS NOT TRUE", "t|t|f\n" },
	{ "SELECT id FROM users ORDER BY id FETCH FIRST 1 ROW ONLY", "1\n" },
	{ "SELECT author, sum(count(*)) OVER (ORDER BY author) FROM posts GROUP BY author ORDER BY 1", "1|2\n3|3\n" },
	{ "SELECT generate_series(1, 3), generate_series(1, 2)", "1|1\n2|2\n3|\n" },
	{ "SELECT x.a, x.i FROM users u CROSS JOIN LATERAL (SELECT unnest(ARRAY[5, 6]) AS a, "
	  "generate_subscripts(ARRAY[7, 8], 1) AS i) x WHERE u.id = 1",
	  "5|1\n6|2\n" },
	{ "SELECT row_to_json(p), count(p) OVER () FROM posts p WHERE id = 1",
	  "{\"id\":1,\"author\":1,\"body\":\"first\"}|1\n" },
	{ "SELECT u.id, row_to_json(p) FROM users u LEFT JOIN posts p ON p.author = u.id AND p.id = 3 ORDER BY 1",
	  "1|\n2|\n3|{\"id\":3,\"author\":3,\"body\":\"third\"}\n" },
	{ "SELECT json_agg(s) FROM (SELECT id AS n FROM users WHERE id = 2) s", "[{\"n\":2}]\n" },
	{ "SELECT string_agg(name, ',' ORDER BY id DESC) FROM users", "cid,bob,ann\n" },
	{ "SELECT score = ANY(ARRAY[1.50, 2]) FROM (VALUES (1.5)) v(score)", "t\n" },
	{ "SELECT DISTINCT x FROM (VALUES (1.5), (1.50), (2.0)) v(x) ORDER BY x DESC", "2.0\n1.5\n" },
	{ "SELECT count(*) FROM (SELECT random() AS r) s WHERE s.r <> s.r", "0\n" },
	{ "SELECT 3 BETWEEN 1 AND 5, 3 BETWEEN SYMMETRIC 5 AND 1, 3 NOT BETWEEN 1 AND 2", "t|t|t\n" },
	{ "SELECT x.y FROM users, LATERAL (SELECT users.id * 2 AS y) x ORDER BY 1", "2\n4\n6\n" },
	{ "SELECT u.id, x.body FROM users u LEFT JOIN LATERAL (SELECT body FROM posts WHERE author = u.id"
	  " ORDER BY id DESC LIMIT 1) x ON true ORDER BY 1",
	  "1|second\n2|\n3|third\n" },
};

START_TEST(rows_are_those_of_postgresql)
{
	ck_assert_str_eq("", run("INSERT INTO users (id, name, email, age) VALUES (1, 'ann', 'a@x', 20),"
				 " (2, 'bob', 'b@x', 10), (3, 'cid', NULL, NULL);"
				 "INSERT INTO posts VALUES (1, 1, 'first'), (2, 1, 'second'), (3, 3, 'third')"));
	ck_assert_msg(strcmp(results[_i].rows, run(results[_i].text)) == 0, "%s\ngave\n%swanted\n%s",
		      results[_i].text, buf_str(&fx.out), results[_i].rows);
}
END_TEST

/* ---- depth ---- */

static char *repeated(const char *before, const char *open, const char *middle, const char *close,
		      const char *after, size_t n)
{
	struct buf b = BUF_INIT(16 << 20);
	size_t len;

	buf_put_str(&b, before);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&b, open);
	buf_put_str(&b, middle);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&b, close);
	buf_put_str(&b, after);
	buf_put_byte(&b, '\0');
	return buf_take(&b, &len);
}

static const struct {
	const char *before, *open, *middle, *close, *after;
} nestings[] = {
	{ "SELECT ", "", "1", "+1", "" },	    { "SELECT ", "(", "1", ")", "" },
	{ "SELECT ", "NOT ", "true", "", "" },	    { "SELECT ", "- ", "1", "", "" },
	{ "SELECT ", "", "1", "::int", "" },	    { "", "", "SELECT 1", " UNION SELECT 1", "" },
	{ "", "", "SELECT 1", " UNION ALL SELECT 1", "" },
	{ "SELECT ", "(SELECT ", "1", ")", "" },    { "SELECT ", "abs(", "1", ")", "" },
	{ "SELECT ", "ARRAY[", "1", "]", "" },	    { "SELECT ", "CASE WHEN true THEN ", "1", " END", "" },
	{ "SELECT ", "1 = 1 IS DISTINCT FROM NOT ", "true", "", "" },
	{ "SELECT ", "1 BETWEEN 1 AND NOT ", "true", "", "" },
	{ "SELECT ", "(1 BETWEEN 1 AND 2)::int BETWEEN (", "1", ") AND 2", "" },
	{ "SELECT * FROM users u", "", "", " JOIN users USING (id)", "" },
	{ "SELECT ", "", "'a'", " || 'b'", "" },    { "SELECT ", "", "'a'", " COLLATE \"C\"", "" },
	{ "SELECT ", "", "1", " IN (1, 2)::int", "" },
	{ "SELECT * FROM ", "(SELECT * FROM ", "users", ") s", "" },
	{ "SELECT /* ' */ ", "(", "1", ")", "" },   { "SELECT 'a\\', ", "(", "1", ")", "" },
	{ "SELECT E'a\\'', ", "(", "1", ")", "" },  { "SELECT $a$ ' $a$, ", "(", "1", ")", "" },
	{ "SELECT E'a'\n 'b\\'', ", "(", "1", ")", "" },
};

static void *nest(void *arg)
{
	static const size_t counts[] = { 50, 1000, 2500, 4900, 9900, 100000 };
	size_t i = *(const size_t *)arg;

	for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
		char *text = repeated(nestings[i].before, nestings[i].open, nestings[i].middle,
				      nestings[i].close, nestings[i].after, counts[k]);
		struct lowered l;
		bool ok = analyze_fixture_lower(&fx, text, &l);

		/* whatever comes of it, it is no crash, and what is too deep is said to be */
		if (counts[k] == 100000 && nestings[i].open[0] != '\0')
			ck_assert_msg(!ok && strcmp(fx.err.sqlstate, "54001") == 0, "%.60s: %s", text,
				      fx.err.message);
		free(text);
	}
	return NULL;
}

START_TEST(no_depth_crashes)
{
	size_t i = (size_t)_i;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 20);
	ck_assert_int_eq(0, pthread_create(&thread, &attr, nest, &i));
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}
END_TEST

START_TEST(long_lists_are_no_depth)
{
	char *text = repeated("SELECT 1 WHERE 1 = 1", "", "", " OR 1 = 2 AND 2 = 3", "", 9000);
	struct lowered l;

	ck_assert(analyze_fixture_lower(&fx, text, &l));
	free(text);
	text = repeated("SELECT id FROM users WHERE id IN (1", "", "", ", 2", ")", 10000);
	ck_assert(analyze_fixture_lower(&fx, text, &l));
	free(text);
	text = repeated("INSERT INTO users (id, name) VALUES (1, 'x')", "", "", ", (2, 'y')", "", 10000);
	ck_assert(analyze_fixture_lower(&fx, text, &l));
	free(text);
	text = repeated("SELECT count(*) = 1301 FROM (SELECT 1", "", "", " UNION ALL SELECT 1", ") s", 1300);
	ck_assert_str_eq("t\n", run(text));
	free(text);
}
END_TEST

/* ---- definitions ---- */

static const struct {
	const char *text, *shown;
} definitions[] = {
	{ "age > 0", "(age > 0)" },
	{ "age > 0 AND name <> 'x'", "((age > 0) AND (name <> 'x'::text))" },
	{ "score > 1", "(score > (1)::numeric)" },
	{ "lower(name)", "lower(name)" },
	{ "age IS NOT NULL OR NOT active", "((age IS NOT NULL) OR (NOT active))" },
	{ "name || 'x'", "(name || 'x'::text)" },
	{ "email = 'x'", "((email)::text = 'x'::text)" },
	{ "coalesce(age, 0) + 1", "(COALESCE(age, 0) + 1)" },
	{ "CASE WHEN active THEN 1 ELSE 0 END", "CASE WHEN active THEN 1 ELSE 0 END" },
	{ "age IN (1, 2)", "(age = ANY (ARRAY[1, 2]))" },
	{ "age BETWEEN 1 AND 2", "((age >= 1) AND (age <= 2))" },
	{ "-5", "'-5'::integer" },
	{ "true", "true" },
	{ "age::bigint", "(age)::bigint" },
	{ "1.50", "1.50" },
	{ "CURRENT_USER", "CURRENT_USER" },
};

START_TEST(definitions_are_shown_as_postgresql_does)
{
	struct analyze_input in = { .schema = fx.schema, .env = &fx.env, .arena = &fx.arena };
	const struct schema_relation *r = schema_find_relation(fx.schema, &fx.env, NULL, "users");
	struct buf out = BUF_INIT(4096);
	PgQuery__ParseResult *tree;
	char text[256];

	snprintf(text, sizeof(text), "SELECT %s", definitions[_i].text);
	ck_assert(sql_parse(text, &fx.arena, &tree, &fx.err));
	ck_assert_msg(analyze_deparse(&in, tree->stmts[0]->stmt->select_stmt->target_list[0]->res_target->val,
				      r, &out, &fx.err),
		      "%s", fx.err.message);
	ck_assert_str_eq(definitions[_i].shown, buf_str(&out));
	buf_free(&out);
}
END_TEST

START_TEST(names_are_quoted_only_where_they_must)
{
	static const char *const names[][2] = {
		{ "abc", "abc" }, { "Abc", "\"Abc\"" }, { "a b", "\"a b\"" }, { "select", "\"select\"" },
		{ "a\"b", "\"a\"\"b\"" }, { "name", "name" }, { "1a", "\"1a\"" }, { "_x1", "_x1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf b = BUF_INIT(100);

		pg_quote_name(&b, names[i][0]);
		ck_assert_str_eq(names[i][1], buf_str(&b));
		buf_free(&b);
	}
}
END_TEST

START_TEST(what_nobody_looked_at_is_refused)
{
	static const char *const texts[] = {
		"SELECT * FROM users TABLESAMPLE SYSTEM (10)",
		"SELECT age, count(*) FROM users GROUP BY ROLLUP (age)",
		"WITH d AS (DELETE FROM posts RETURNING *) SELECT * FROM d",
		"SELECT age FROM users GROUP BY DISTINCT age",
		"UPDATE users SET name[1] = 'x'",
		("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SEARCH DEPTH FIRST BY n SET o "
		 "SELECT * FROM r"),
		"DELETE FROM users WHERE CURRENT OF c",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct lowered l;

		ck_assert_msg(!analyze_fixture_lower(&fx, texts[i], &l), "%s", texts[i]);
		ck_assert_msg(strcmp(fx.err.sqlstate, "0A000") == 0, "%s: %s", texts[i], buf_str(&fx.out));
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("analyze");
	TCase *tc = tcase_create("all");
	TCase *cases = tcase_create("cases");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, statements_are_said_in_sqlite, 0, (int)ARRAY_LEN(lowerings));
	tcase_add_test(tc, keys_and_indexes_are_used);
	tcase_add_loop_test(tc, parameters_take_the_types_of_their_places, 0, (int)ARRAY_LEN(parameters));
	tcase_add_test(tc, parameters_without_a_type_are_errors);
	tcase_add_loop_test(tc, rows_are_those_of_postgresql, 0, (int)ARRAY_LEN(results));
	tcase_add_loop_test(tc, no_depth_crashes, 0, (int)ARRAY_LEN(nestings));
	tcase_add_test(tc, long_lists_are_no_depth);
	tcase_add_loop_test(tc, definitions_are_shown_as_postgresql_does, 0, (int)ARRAY_LEN(definitions));
	tcase_add_test(tc, names_are_quoted_only_where_they_must);
	tcase_add_test(tc, what_nobody_looked_at_is_refused);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, statements_mean_what_postgresql_says);
	suite_add_tcase(s, cases);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
