/*
 * test_func.c - functions give what PostgreSQL gives
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/func.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "tests/sql/replay.h"

struct result {
	struct sql_conn conn;
	struct sql_env env;
	size_t lines, failures, last_proc;
};

static void put_quoted(struct buf *b, const char *text)
{
	buf_put_byte(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_put_byte(b, '\'');
		buf_put_byte(b, *text);
	}
	buf_put_byte(b, '\'');
}

/* An argument: a value read, or the column of a VALUES list. */
static void put_argument(struct buf *b, const struct replay_line *l, int i, int n_columns)
{
	const char *type = l->fields[3 + 2 * i], *value = l->fields[4 + 2 * i];

	if (n_columns > 0) {
		buf_printf(b, "column%d", i + 1);
		return;
	}
	if (strcmp(value, "\\N") == 0) {
		buf_put_str(b, "NULL");
		return;
	}
	buf_put_str(b, "pg_in(");
	put_quoted(b, value);
	buf_printf(b, ", %s, -1)", type);
}

static void put_template(struct buf *b, const struct func_impl *f, const struct replay_line *l, int n_args,
			 int n_columns)
{
	for (const char *p = f->text; *p != '\0'; p++) {
		if ((*p != '$' && *p != '#') || p[1] == '\0') {
			buf_put_byte(b, *p);
			continue;
		}
		char mark = *p++;
		if (mark == '$' && (*p == 'd' || *p == 'o'))
			continue;
		if (*p == '*') {
			for (int i = 0; i < n_args; i++) {
				if (i > 0)
					buf_put_str(b, ", ");
				put_argument(b, l, i, n_columns);
				if (mark == '#')
					buf_printf(b, ", %s", l->fields[3 + 2 * i]);
			}
		} else if (*p == '0') {
			buf_put_str(b, l->fields[2]);
		} else {
			int i = *p - '1';

			ck_assert_msg(i >= 0 && (i < n_args || n_columns > 0), "%s: %s", f->signature, f->text);
			if (mark == '$')
				put_argument(b, l, i, n_columns);
			else
				buf_put_str(b, i < n_args ? l->fields[3 + 2 * i] : "25");
		}
	}
}

static void differ(struct result *r, const struct replay_line *l, const struct func_impl *f,
		   const char *sql, const char *got)
{
	r->failures++;
	if (r->last_proc == f->proc && getenv("REPLAY_ALL") == NULL)
		return;
	r->last_proc = f->proc;
	printf("line %zu: %s\n  %s\n  expected %s\n  got      %s\n", l->number, f->signature, sql,
	       l->fields[l->n - 1], got);
}

static void check_call(struct replay_line *l, void *arg)
{
	struct result *r = arg;
	const struct func_impl *f = func_find((oid_t)atol(l->fields[0]));
	const struct pg_proc_row *proc = pgcat_proc((oid_t)atol(l->fields[0]));
	struct buf sql = BUF_INIT(1 << 20), got = BUF_INIT(1 << 24);
	sqlite3_stmt *stmt = NULL;
	int n_columns = l->fields[1][0] == 'a' ? atoi(l->fields[1] + 1) : 0;
	int n_args = (l->n - 4) / 2;
	const char *answer = l->fields[l->n - 1];

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(proc);
	r->lines++;
	oid_t result = (oid_t)atol(l->fields[2]);
	if (result == 0)
		result = proc->prorettype;
	buf_put_str(&sql, "SELECT pg_out(");
	/* a strict function of which some argument is NULL */
	put_template(&sql, f, l, n_args, n_columns);
	buf_printf(&sql, ", %u)", result);
	if (n_columns > 0) {
		if (n_args == 0) {
			buf_put_str(&sql, n_columns == 1 ? " FROM (SELECT NULL AS column1 WHERE 0)"
							 : " FROM (SELECT NULL AS column1, NULL AS column2 WHERE 0)");
		} else {
			buf_put_str(&sql, " FROM (VALUES ");
			for (int i = 0; i < n_args; i++) {
				buf_put_str(&sql, i % n_columns == 0 ? i > 0 ? "), (" : "(" : ", ");
				put_argument(&sql, l, i, 0);
			}
			buf_put_str(&sql, "))");
		}
	}
	sql_error_clear(&r->conn.err);
	if (sqlite3_prepare_v2(r->conn.db, buf_str(&sql), -1, &stmt, NULL) != SQLITE_OK) {
		differ(r, l, f, buf_str(&sql), sqlite3_errmsg(r->conn.db));
	} else if (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		buf_printf(&got, "=%s", text == NULL ? "\\N" : text);
		/* there is no -0 in SQLite: datum.h */
		if (strcmp(buf_str(&got), answer) != 0 &&
		    !(strcmp(answer, "=-0") == 0 && strcmp(buf_str(&got), "=0") == 0))
			differ(r, l, f, buf_str(&sql), buf_str(&got));
	} else {
		buf_printf(&got, "!%s %s", r->conn.err.sqlstate, r->conn.err.message);
		if (!r->conn.err.set) {
			buf_reset(&got);
			buf_printf(&got, "!%s", sqlite3_errmsg(r->conn.db));
		}
		if (strcmp(buf_str(&got), answer) != 0)
			differ(r, l, f, buf_str(&sql), buf_str(&got));
	}
	sqlite3_finalize(stmt);
	buf_free(&sql);
	buf_free(&got);
}

START_TEST(functions_answer_as_postgresql_does)
{
	struct result r = { 0 };
	struct sql_error err = SQL_ERROR_INIT;

	replay_env(&r.env, "");
	r.conn.env = &r.env;
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &r.conn.db));
	ck_assert_msg(func_register(&r.conn, &err), "%s", err.message);
	replay_file("functions.tsv", check_call, &r);
	replay_file("formats.tsv", check_call, &r);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(r.conn.db));
	ck_assert_msg(r.failures == 0, "%zu of %zu answers differ", r.failures, r.lines);
}
END_TEST

static void format_signature(const struct pg_proc_row *p, struct buf *b)
{
	buf_put_str(b, p->proname);
	buf_put_byte(b, '(');
	for (int i = 0; i < p->pronargs; i++) {
		struct buf name = BUF_INIT(256);

		if (i > 0)
			buf_put_byte(b, ',');
		if (p->proargtypes[i] == INT2VECTOROID || p->proargtypes[i] == OIDVECTOROID)
			buf_put_str(&name, p->proargtypes[i] == OIDVECTOROID ? "oidvector" : "int2vector");
		else
			type_format(NULL, p->proargtypes[i], -1, &name);
		buf_put_str(b, p->proargtypes[i] == ANYOID ? "\"any\"" : buf_str(&name));
		buf_free(&name);
	}
	buf_put_byte(b, ')');
}

START_TEST(signatures_are_those_of_pg_proc)
{
	size_t checked = 0;

	for (size_t t = 0; t < n_func_tables; t++)
		for (const struct func_impl *f = func_tables[t].impls; f != NULL && f->proc != 0; f++) {
			const struct pg_proc_row *p = pgcat_proc(f->proc);
			struct buf b = BUF_INIT(4096);

			if (p == NULL) /* of information_schema, and our own */
				continue;
			format_signature(p, &b);
			/* quotes around names that are key words do not count */
			const char *from = f->signature;
			if (strncmp(from, "information_schema.", 19) == 0)
				from += 19;
			char plain[1024], *out = plain;
			for (const char *c = from; *c != '\0' && out < plain + 1000; c++)
				if (*c != '"' || c > strchr(f->signature, '('))
					*out++ = *c;
			*out = '\0';
			ck_assert_msg(strcmp(plain, buf_str(&b)) == 0, "%u is %s and not %s", f->proc, buf_str(&b),
				      f->signature);
			ck_assert_msg((f->kind == FUNC_SET) == p->proretset || f->kind == FUNC_SCALAR, "%s: set",
				      f->signature);
			ck_assert_msg((f->kind == FUNC_AGGREGATE) == (p->prokind == 'a'), "%s: aggregate",
				      f->signature);
			buf_free(&b);
			checked++;
		}
	ck_assert_uint_gt(checked, 900);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("func");
	TCase *tc = tcase_create("func");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, functions_answer_as_postgresql_does);
	tcase_add_test(tc, signatures_are_those_of_pg_proc);
	suite_add_tcase(s, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
