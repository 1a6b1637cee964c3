/*
 * fuzz_analyze.c - statements: depth, parser, analyzer, lowering, and SQLite's parser on what comes out
 * Licence: MIT, see LICENSE.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sql/analyze_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct analyze_fixture fx;
static bool is_open;

static void fixture(void)
{
	if (is_open)
		return;
	analyze_fixture_open(&fx);
	if (!analyze_fixture_run(&fx, "CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric(8,2), d bigint,"
				      " e bool, f float8, g varchar(5) DEFAULT 'x');"
				      "CREATE TABLE u (id serial PRIMARY KEY, t int REFERENCES t(id), n text UNIQUE)"))
		abort();
	is_open = true;
}

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void one_statement(const char *text, const PgQuery__Node *stmt)
{
	struct analyze_input in = { .text = text, .schema = fx.schema, .env = &fx.env,
				    .arena = &fx.arena };
	struct lowered l = { 0 };
	sqlite3_stmt *prepared = NULL;

	if (!analyze_takes(stmt))
		return;
	sql_error_clear(&fx.err);
	if (!analyze_statement(&in, stmt, &l, &fx.err)) {
		check(fx.err.set && strlen(fx.err.sqlstate) == 5 && fx.err.message[0] != '\0');
		check(fx.err.location < (int)strlen(text) + 1);
		return;
	}
	check(l.sql != NULL);
	sqlite3_prepare_v2(fx.db, l.sql, -1, &prepared, NULL);
	sqlite3_finalize(prepared);
}

static void *run(void *arg)
{
	const char *text = arg;
	PgQuery__ParseResult *tree;

	arena_reset(&fx.arena);
	sql_error_clear(&fx.err);
	if (!sql_parse(text, &fx.arena, &tree, &fx.err)) {
		check(fx.err.set);
		return NULL;
	}
	for (size_t i = 0; i < tree->n_stmts; i++)
		if (tree->stmts[i]->stmt != NULL)
			one_statement(text, tree->stmts[i]->stmt);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text;

	if (memchr(bytes, 0, len) != NULL)
		return 0; /* the wire lets none pass */
	text = malloc(len + 1);
	if (text == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	fixture();
	if (len < 1000) {
		run(text);
	} else {
		/* a worker's stack, and what the sanitizers add to it */
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 512 << 20);
		if (pthread_create(&thread, &attr, run, text) == 0)
			pthread_join(thread, NULL);
		pthread_attr_destroy(&attr);
	}
	free(text);
	return 0;
}
