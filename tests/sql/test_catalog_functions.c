/*
 * test_catalog_functions.c - pg_get_*def(), *_is_visible(), has_*_privilege() ...
 *
 * The answers are PostgreSQL 15's for the objects of the fixture.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "sql/catalog/describe.h"
#include "sql/catalog/names.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "tests/sql/catalog_fixture.h"

/* SQLite's text of a template with NULL for every argument. */
static void expand(const struct func_impl *f, const struct pg_proc_row *p, struct buf *out)
{
	for (const char *at = f->text; *at != '\0'; at++) {
		if (*at == '$' && at[1] == '*') {
			for (int i = 0; i < p->pronargs; i++)
				buf_put_str(out, i == 0 ? "NULL" : ", NULL");
			at++;
		} else if (*at == '$' || *at == '#') {
			ck_assert_msg(at[1] >= '0' && at[1] <= '9' && at[1] - '0' <= p->pronargs, "%s",
				      f->signature);
			buf_put_str(out, "NULL");
			at++;
		} else {
			buf_put_byte(out, *at);
		}
	}
}

START_TEST(every_row_is_of_the_function_it_says_and_sqlite_takes_its_text)
{
	const struct func_impl *const tables[] = { catalog_impls, catalog_def_impls, catalog_privilege_impls,
						   catalog_size_impls, catalog_set_impls };
	size_t n = 0;

	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct func_impl *f = tables[t]; f->proc != 0; f++, n++) {
			const struct pg_proc_row *p = pgcat_proc(f->proc);
			struct buf b = BUF_INIT(1 << 16);
			struct buf sql = BUF_INIT(1 << 16);
			sqlite3_stmt *stmt;

			ck_assert_ptr_nonnull(p);
			names_out(fx.schema, &fx.env, REGPROCEDUREOID, f->proc, &b);
			ck_assert_str_eq(buf_str(&b), f->signature);
			ck_assert_msg(p->proretset == (f->kind == FUNC_SET), "%s", f->signature);
			buf_put_str(&sql, f->kind == FUNC_SET ? "SELECT * FROM " : "SELECT ");
			expand(f, p, &sql);
			ck_assert_msg(sqlite3_prepare_v2(fx.db, buf_str(&sql), -1, &stmt, NULL) == SQLITE_OK,
				      "%s: %s", f->signature, sqlite3_errmsg(fx.db));
			/* strict functions give null, or at least no error, for null */
			int rc = sqlite3_step(stmt);
			ck_assert_msg(rc == SQLITE_ROW || rc == SQLITE_DONE || !p->proisstrict, "%s: %s", f->signature,
				      sqlite3_errmsg(fx.db));
			sqlite3_finalize(stmt);
			buf_free(&b);
			buf_free(&sql);
		}
	}
	ck_assert_uint_gt(n, 240);
}
END_TEST

START_TEST(names_and_types_are_formatted)
{
	ck_assert_str_eq(rows("SELECT pg_format_type(1043, 24), pg_format_type(1042, NULL), pg_format_type(1042, -1),"
			      " pg_format_type(1009, NULL), pg_format_type(18, NULL), pg_format_type(16401, NULL),"
			      " pg_format_type(16407, NULL), pg_format_type(13226, NULL), pg_format_type(0, NULL),"
			      " pg_format_type(99999, NULL), pg_format_type(NULL, 1)"),
			 "character varying(20)|character|bpchar|text[]|\"char\"|a|s.b|"
			 "information_schema.sql_identifier|-|\?\?\?|");
	ck_assert_str_eq(rows("SELECT pg_to_reg(2205, 'a'), pg_to_reg(2205, 'nosuch'), pg_to_reg(2206, 'int4'),"
			      " pg_to_reg(24, 'abs'), pg_to_reg(2205, 'x.nosuch')"),
			 "16400||23||");
	ck_assert_str_eq(fails("SELECT pg_to_reg(2205, '\"a')"), "42602 invalid name syntax");
	ck_assert_str_eq(rows("SELECT pg_is_visible(1259, 16400), pg_is_visible(1259, 16406),"
			      " pg_is_visible(1259, 1259), pg_is_visible(1259, 99999), pg_is_visible(1247, 23),"
			      " pg_is_visible(1255, 1397), pg_is_visible(1259, 16404)"),
			 "1|0|1||1|1|1");
	ck_assert_str_eq(rows("SELECT pg_get_userbyid(10), pg_get_userbyid(3373), pg_get_userbyid(77)"),
			 "boss|pg_monitor|unknown (OID=77)");
	ck_assert_str_eq(rows("SELECT pg_encoding_to_char(6), pg_encoding_to_char(0), pg_encoding_to_char(99),"
			      " pg_char_to_encoding('utf-8'), pg_char_to_encoding('Latin1'), pg_char_to_encoding('x')"),
			 "UTF8|SQL_ASCII||6|8|-1");
}
END_TEST

START_TEST(objects_are_written_as_sql)
{
	ck_assert_str_eq(rows("SELECT pg_get_indexdef(16404)"),
			 "CREATE INDEX a_v_idx ON public.a USING btree (lower((\"Two Words\")::text), n DESC)"
			 " WHERE (n > (3)::numeric)");
	ck_assert_str_eq(rows("SELECT pg_get_indexdef(16404, 0, 1), pg_get_indexdef(16404, 1, 1),"
			      " pg_get_indexdef(16404, 2, 0), pg_get_indexdef(16404, 3, 0), pg_get_indexdef(1)"),
			 "CREATE INDEX a_v_idx ON a USING btree (lower(\"Two Words\"::text), n DESC)"
			 " WHERE n > 3::numeric|lower(\"Two Words\"::text)|n||");
	ck_assert_str_eq(rows("SELECT pg_get_constraintdef(16403), pg_get_constraintdef(16405),"
			      " pg_get_constraintdef(16405, 1), pg_get_constraintdef(16408, 1)"),
			 "PRIMARY KEY (id)|CHECK ((n > (0)::numeric))|CHECK (n > 0::numeric)|"
			 "FOREIGN KEY (x) REFERENCES a(id) ON DELETE CASCADE");
	ck_assert_str_eq(rows("SELECT pg_get_viewdef(16409), pg_get_viewdef('vw'), pg_get_viewdef(16400)"),
			 " SELECT a.id FROM a;| SELECT a.id FROM a;|");
	ck_assert_str_eq(rows("SELECT pg_get_ruledef(oid, 1) FROM \"pg_catalog.pg_rewrite\" WHERE ev_class = 16409"),
			 "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO vw DO INSTEAD  SELECT a.id FROM a;");
	ck_assert_str_eq(rows("SELECT pg_get_serial_sequence('a', 'id'), pg_get_serial_sequence('a', 'n')"),
			 "public.a_id_seq|");
	ck_assert_str_eq(fails("SELECT pg_get_serial_sequence('a', 'nos')"),
			 "42703 column \"nos\" of relation \"a\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_get_viewdef('nosuch')"), "42P01 relation \"nosuch\" does not exist");
	ck_assert_str_eq(rows("SELECT pg_describe_object(1259, 16400, 0), pg_describe_object(1259, 16400, 1),"
			      " pg_describe_object(1259, 16404, 0), pg_describe_object(2606, 16403, 0),"
			      " pg_describe_object(1247, 23, 0), pg_describe_object(1255, 1397, 0),"
			      " pg_describe_object(2615, 2200, 0), pg_describe_object(1259, 16409, 0),"
			      " pg_describe_object(1259, 16411, 0), pg_describe_object(1259, 1, 0)"),
			 "table a|column id of table a|index a_v_idx|constraint a_pkey on table a|type integer|"
			 "function abs(integer)|schema public|view vw|sequence a_id_seq|");
}
END_TEST

/* PostgreSQL's texts of one constraint each, with all brackets and pretty. */
START_TEST(pretty_expressions_have_the_brackets_that_postgresql_leaves)
{
	static const char *const pairs[][2] = {
		{ "((a > 0) AND (b < 3))", "a > 0 AND b < 3" },
		{ "((a > 0) OR ((b < 3) AND (c = 'x'::text)))", "a > 0 OR b < 3 AND c = 'x'::text" },
		{ "(((a > 0) OR (b < 3)) AND (c <> '(y'::text))", "(a > 0 OR b < 3) AND c <> '(y'::text" },
		{ "(NOT ((a > 1) AND (b > 2)))", "NOT (a > 1 AND b > 2)" },
		{ "(NOT (a > 1))", "NOT a > 1" },
		{ "((n > (3)::numeric) AND (n < ('-5'::integer)::numeric))",
		  "n > 3::numeric AND n < '-5'::integer::numeric" },
		{ "(length((c || 'x'::text)) > (a + 1))", "length(c || 'x'::text) > (a + 1)" },
		{ "(c = ANY (ARRAY['a'::text, 'b'::text]))", "c = ANY (ARRAY['a'::text, 'b'::text])" },
		{ "((a IS NOT NULL) AND ((b > 1) IS TRUE))", "a IS NOT NULL AND (b > 1) IS TRUE" },
		{ "(COALESCE(a, (b + 1)) > 0)", "COALESCE(a, b + 1) > 0" },
		{ "(((c)::character varying(3))::text = 'x'::text)", "c::character varying(3)::text = 'x'::text" },
		{ "((abs((a - b)) > 1) OR (c ~~ 'a%'::text))", "abs(a - b) > 1 OR c ~~ 'a%'::text" },
		{ "\nCASE\n    WHEN (a > 1) THEN (b > 2)\n    ELSE (c = 'z'::text)\nEND",
		  "\nCASE\n    WHEN a > 1 THEN b > 2\n    ELSE c = 'z'::text\nEND" },
		{ "(((a + b))::numeric > n)", "(a + b)::numeric > n" },
		{ "((lower(c) = c) AND (upper(c) IS NOT NULL))", "lower(c) = c AND upper(c) IS NOT NULL" },
		{ "(unbalanced", "(unbalanced" },
		{ "'open", "'open" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf b = BUF_INIT(1 << 16);

		describe_expression(pairs[i][0], true, &b);
		ck_assert_str_eq(buf_str(&b), pairs[i][1]);
		buf_free(&b);
	}
}
END_TEST

START_TEST(functions_are_written_as_sql)
{
	ck_assert_str_eq(rows("SELECT pg_get_functiondef(1397)"),
			 "CREATE OR REPLACE FUNCTION pg_catalog.abs(integer)\n RETURNS integer\n LANGUAGE internal\n"
			 " IMMUTABLE PARALLEL SAFE STRICT\nAS $function$int4abs$function$\n");
	ck_assert_str_eq(rows("SELECT pg_get_functiondef(1686)"),
			 "CREATE OR REPLACE FUNCTION pg_catalog.pg_get_keywords(OUT word text, OUT catcode \"char\","
			 " OUT barelabel boolean, OUT catdesc text, OUT baredesc text)\n RETURNS SETOF record\n"
			 " LANGUAGE internal\n STABLE PARALLEL SAFE STRICT COST 10 ROWS 500\n"
			 "AS $function$pg_get_keywords$function$\n");
	ck_assert_str_eq(rows("SELECT pg_get_functiondef(oid) FROM \"pg_catalog.pg_proc\" WHERE proname = 'lpad'"
			      " AND pronargs = 2"),
			 "CREATE OR REPLACE FUNCTION pg_catalog.lpad(text, integer)\n RETURNS text\n LANGUAGE sql\n"
			 " IMMUTABLE PARALLEL SAFE STRICT COST 1\nRETURN lpad($1, $2, ' '::text)\n");
	ck_assert_str_eq(rows("SELECT pg_function_text('a', oid), pg_function_text('i', oid), pg_function_text('r', oid)"
			      " FROM \"pg_catalog.pg_proc\" WHERE proname IN ('concat_ws', 'json_populate_record',"
			      " 'rank', 'jsonb_each') ORDER BY oid"),
			 "text, VARIADIC \"any\"|text, VARIADIC \"any\"|text\n"
			 "||bigint\n"
			 "from_json jsonb, OUT key text, OUT value jsonb|from_json jsonb, OUT key text, OUT value jsonb|SETOF record\n"
			 "base anyelement, from_json json, use_json_as_text boolean DEFAULT false|"
			 "base anyelement, from_json json, use_json_as_text boolean|anyelement\n"
			 "VARIADIC \"any\" ORDER BY VARIADIC \"any\"|VARIADIC \"any\" ORDER BY VARIADIC \"any\"|bigint");
	ck_assert_str_eq(rows("SELECT pg_function_text('a', oid) FROM \"pg_catalog.pg_proc\""
			      " WHERE proname = 'percentile_cont' ORDER BY oid LIMIT 1"),
			 "double precision ORDER BY double precision");
	ck_assert_str_eq(fails("SELECT pg_get_functiondef(2108)"), "42809 \"sum\" is an aggregate function");
}
END_TEST

START_TEST(comments_of_users_and_systems_objects_are_found)
{
	ck_assert_str_eq(rows("SELECT pg_obj_description(16400, 'pg_class'), pg_obj_description(16400),"
			      " pg_col_description(16400, 4), pg_col_description(16400, 1),"
			      " pg_obj_description(16400, 'pg_proc'), pg_obj_description(11, 'pg_namespace'),"
			      " pg_obj_description(16400, 'nosuch')"),
			 "the first table|the first table|a number|||system catalog schema|");
}
END_TEST

START_TEST(the_superuser_may_do_all_to_what_exists)
{
	ck_assert_str_eq(rows("SELECT pg_has_privilege('t', 'a', 'select'), pg_has_privilege('t', 16400, 'SELECT, insert'),"
			      " pg_has_privilege('t', 'boss', 'a', 'update with grant option'),"
			      " pg_has_privilege('t', 99999, 'select'), pg_has_privilege('t', 'pg_monitor', 'a', 'select'),"
			      " pg_has_privilege('n', 'public', 'usage, create'), pg_has_privilege('d', 'shop', 'connect'),"
			      " pg_has_privilege('f', 'abs(int)', 'execute'), pg_has_privilege('s', 'a_id_seq', 'usage')"),
			 "1|1|1||0|1|1|1|1");
	ck_assert_str_eq(rows("SELECT pg_has_column_privilege('a', 'id', 'select'),"
			      " pg_has_column_privilege('boss', 16400, 4, 'select'), pg_has_column_privilege('a', 99, 'select')"),
			 "1|1|");
	ck_assert_str_eq(rows("SELECT pg_has_role('boss', 'member'), pg_has_role('boss', 'pg_monitor', 'usage'),"
			      " pg_has_role('pg_monitor', 'pg_read_all_stats', 'usage'),"
			      " pg_has_role('pg_read_all_stats', 'pg_monitor', 'usage')"),
			 "1|1|1|0");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('t', 'nosuch', 'select')"),
			 "42P01 relation \"nosuch\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('t', 'a', 'foo')"),
			 "22023 unrecognized privilege type: \"foo\"");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('t', 'nobody', 'a', 'select')"),
			 "42704 role \"nobody\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('n', 'nosuch', 'usage')"), "3F000 schema \"nosuch\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('d', 'nosuch', 'connect')"),
			 "3D000 database \"nosuch\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_has_privilege('s', 'a', 'usage')"), "42809 \"a\" is not a sequence");
	ck_assert_str_eq(fails("SELECT pg_has_column_privilege('a', 'nos', 'select')"),
			 "42703 column \"nos\" of relation \"a\" does not exist");
	ck_assert_str_eq(fails("SELECT pg_has_role('nosuch', 'usage')"), "42704 role \"nosuch\" does not exist");
}
END_TEST

START_TEST(sizes_are_told_as_postgresql_tells_them)
{
	ck_assert_str_eq(rows("SELECT pg_size_pretty(column1) FROM (VALUES (0), (1), (10239), (10240), (10241), (1000000),"
			      " (1048576), (10484736), (10485760), (123456789012), (-10240), (-20000), (9223372036854775807))"),
			 "0 bytes\n1 bytes\n10239 bytes\n10 kB\n10 kB\n977 kB\n1024 kB\n10239 kB\n10 MB\n115 GB\n"
			 "-10 kB\n-20 kB\n8192 PB");
	ck_assert_str_eq(rows("SELECT pg_size_bytes(column1) FROM (VALUES ('1'), ('1 kB'), ('1.5MB'), ('2 GB'),"
			      " (' 3 bytes'), ('1e3 kB'), ('1 PB'), ('-2kb'))"),
			 "1\n1024\n1572864\n2147483648\n3\n1024000\n1125899906842624\n-2048");
	ck_assert_str_eq(fails("SELECT pg_size_bytes('1 foo')"), "22023 invalid size: \"1 foo\"");
	ck_assert_str_eq(fails("SELECT pg_size_bytes('foo')"), "22023 invalid size: \"foo\"");
	ck_assert_str_eq(fails("SELECT pg_fork_size(16400, 'foo')"), "22023 invalid fork name");
	ck_assert_int_gt(number("SELECT pg_database_bytes('shop')"), 0);
	ck_assert_str_eq(rows("SELECT pg_size('r', 99999)"), "");
}
END_TEST

/* dbstat reads every page; the sizes here only the interior ones. */
START_TEST(sizes_of_tables_are_those_of_their_pages)
{
	char name[] = "/tmp/pgblob-size-XXXXXX";
	int fd = mkstemp(name);
	int64_t exact;

	ck_assert_int_ge(fd, 0);
	catalog_teardown();
	catalog_setup_in(name);
	ck_assert_int_eq(sqlite3_exec(fx.db,
				      "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
				      " INSERT INTO a SELECT i, printf('%050d', i), NULL FROM n;"
				      "CREATE INDEX a_v_idx ON a(\"Two Words\")",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	exact = number("SELECT sum(pgsize) FROM dbstat WHERE name = 'a'");
	ck_assert_int_gt(exact, 3000000);
	int64_t size = number("SELECT pg_size('r', 16400)");
	ck_assert_msg(llabs(size - exact) <= exact / 50, "%lld, not %lld", (long long)size, (long long)exact);
	exact += number("SELECT sum(pgsize) FROM dbstat WHERE name = 'a_v_idx'");
	size = number("SELECT pg_size('a', 16400)");
	ck_assert_msg(llabs(size - exact) <= exact / 20, "%lld, not %lld", (long long)size, (long long)exact);
	ck_assert_int_eq(number("SELECT pg_size('r', 16406)"), 4096);
	ck_assert_int_eq(unlink(name), 0);
	close(fd);
}
END_TEST

START_TEST(facts_of_relations)
{
	ck_assert_str_eq(rows("SELECT pg_relation_fact('f', 16400), pg_relation_fact('p', 16400), pg_relation_fact('p', 1259),"
			      " pg_relation_fact('u', 16409), pg_relation_fact('i', 16400)"),
			 "16400|1|0|0|16402");
}
END_TEST

START_TEST(functions_that_return_rows)
{
	ck_assert_str_eq(rows("SELECT value1, value2, ordinality FROM pg_keywords_set() LIMIT 2"), "abort|U|1\nabsolute|U|2");
	ck_assert_int_eq(number("SELECT count(*) FROM pg_keywords_set()"), 460);
	ck_assert_str_eq(rows("SELECT value, ordinality FROM pg_empty1_set(16400)"), "");
	ck_assert_str_eq(rows("SELECT value1, value2 FROM pg_expandarray(pg_form(1007, '{5,7}'))"), "5|1\n7|2");
	ck_assert_str_eq(rows("SELECT value1, value2 FROM pg_expandarray(pg_form(22, '3 4'))"), "3|1\n4|2");
	ck_assert_str_eq(rows("SELECT value1, value2, value3, value4 FROM pg_aclexplode_set("
			      "pg_acl_default('d', 10))"),
			 "10|0|TEMPORARY|0\n10|0|CONNECT|0\n10|10|CREATE|0\n10|10|TEMPORARY|0\n10|10|CONNECT|0");
	ck_assert_str_eq(rows("SELECT value1, value2 FROM pg_options_set(pg_form(1009, '{a=1,b}'))"), "a|1\nb|");
	ck_assert_int_gt(number("SELECT count(*) FROM pg_settings_set()"), 300);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("catalog functions");
	TCase *tc = tcase_create("functions");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, catalog_setup, catalog_teardown);
	tcase_add_test(tc, every_row_is_of_the_function_it_says_and_sqlite_takes_its_text);
	tcase_add_test(tc, names_and_types_are_formatted);
	tcase_add_test(tc, objects_are_written_as_sql);
	tcase_add_test(tc, pretty_expressions_have_the_brackets_that_postgresql_leaves);
	tcase_add_test(tc, functions_are_written_as_sql);
	tcase_add_test(tc, comments_of_users_and_systems_objects_are_found);
	tcase_add_test(tc, the_superuser_may_do_all_to_what_exists);
	tcase_add_test(tc, sizes_are_told_as_postgresql_tells_them);
	tcase_add_test(tc, sizes_of_tables_are_those_of_their_pages);
	tcase_add_test(tc, facts_of_relations);
	tcase_add_test(tc, functions_that_return_rows);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
