/*
 * test_catalog.c - the system relations over a database with a few objects
 *
 * Reads them with SQLite's SQL; what PostgreSQL's SQL makes of them is tested where that is.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/pgcat.h"
#include "sql/schema.h"
#include "sql/type.h"
#include "tests/sql/catalog_fixture.h"

START_TEST(all_relations_of_postgresql_are_there_with_their_columns)
{
	size_t n, n_catalog = 0;
	const struct schema_relation *const *all = system_relations(&n);

	for (size_t i = 0; i < n; i++) {
		char sql[256];

		n_catalog += all[i]->namespace_oid == PG_CATALOG_OID;
		ck_assert_ptr_nonnull(schema_find_relation(fx.schema, &fx.env, all[i]->namespace_name,
							   all[i]->name));
		ck_assert_uint_gt(all[i]->n_columns, 0);
		for (size_t c = 0; c < all[i]->n_columns; c++)
			ck_assert_ptr_nonnull(pgcat_type(all[i]->columns[c].type));
		/* a whole scan of every one runs, reading every column */
		snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", all[i]->sqlite_name);
		sqlite3_stmt *stmt;
		ck_assert_msg(sqlite3_prepare_v2(fx.db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
			      sqlite3_errmsg(fx.db));
		ck_assert_int_eq(sqlite3_column_count(stmt), (int)all[i]->n_columns);
		int rc;
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			for (int c = 0; c < sqlite3_column_count(stmt); c++)
				(void)sqlite3_column_text(stmt, c);
		}
		ck_assert_msg(rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(fx.db));
		sqlite3_finalize(stmt);
	}
	/* PostgreSQL's, and our four: pgblob_stat_storage, pgblob_stat_cache, pgblob_log, pgblob_snapshots */
	ck_assert_uint_eq(n_catalog, 139 + 4);
	ck_assert_uint_eq(n, 139 + 4 + 69);
}
END_TEST

START_TEST(pg_class_has_the_systems_rows_and_the_users)
{
	ck_assert_str_eq(rows("SELECT relname, relkind FROM \"pg_catalog.pg_class\" WHERE oid = 1259"),
			 "pg_class|r");
	ck_assert_str_eq(rows("SELECT oid, relname, relkind, relnatts, relhasindex, relhastriggers, relchecks"
			      " FROM \"pg_catalog.pg_class\" WHERE relname = 'a'"),
			 "16400|a|r|4|1|1|1");
	ck_assert_str_eq(rows("SELECT relname, relkind FROM \"pg_catalog.pg_class\" WHERE relnamespace = 2200"
			      " AND oid < 100000 ORDER BY relname"),
			 "a|r\na_id_seq|S\na_pkey|i\na_v_idx|i\nvw|v");
	ck_assert_int_eq(number("SELECT count(*) FROM \"pg_catalog.pg_class\" WHERE relname = 'foreign_made'"),
			 1);
	ck_assert_str_eq(rows("SELECT nspname FROM \"pg_catalog.pg_namespace\" ORDER BY 1"),
			 "information_schema\npg_catalog\npg_toast\npublic\ns");
}
END_TEST

START_TEST(a_key_gives_the_rows_of_the_whole_scan)
{
	size_t n;
	const struct system_relation *all = system_all(&n);

	for (size_t i = 0; i < n; i++) {
		for (unsigned c = 0; c < all[i].relation.n_columns && c < 64; c++) {
			const char *column = all[i].relation.columns[c].name;
			char sql[1024];

			if ((all[i].keys & (uint64_t)1 << c) == 0)
				continue;
			/* each value's rows by key, and in one scan (the + keeps the key out) */
			snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM (SELECT DISTINCT \"%s\" v FROM \"%s\" LIMIT 40) k"
				 " WHERE (SELECT count(*) FROM \"%s\" WHERE \"%s\" = k.v) <>"
				 " (SELECT count(*) FROM \"%s\" WHERE +\"%s\" = k.v)",
				 column, all[i].relation.sqlite_name, all[i].relation.sqlite_name, column,
				 all[i].relation.sqlite_name, column);
			ck_assert_msg(number(sql) == 0, "%s.%s", all[i].relation.sqlite_name, column);
		}
	}
}
END_TEST

START_TEST(pg_attribute_shows_columns_and_what_was_dropped)
{
	ck_assert_str_eq(rows("SELECT attname, atttypid, attnum, atttypmod, attnotnull, atthasdef, attisdropped"
			      " FROM \"pg_catalog.pg_attribute\" WHERE attrelid = 16400 AND attnum > 0"
			      " ORDER BY attnum"),
			 "id|23|1|-1|1|1|0\n"
			 "Two Words|1043|2|24|0|0|0\n"
			 "........pg.dropped.3........|0|3|-1|0|0|1\n"
			 "n|1700|4|655366|0|0|0");
	ck_assert_str_eq(rows("SELECT attname, attnum FROM \"pg_catalog.pg_attribute\" WHERE attrelid = 16404"),
			 "lower|1\nn|2");
	ck_assert_str_eq(rows("SELECT adrelid, adnum, adbin FROM \"pg_catalog.pg_attrdef\""),
			 "16400|1|nextval('a_id_seq'::regclass)");
	ck_assert_str_eq(rows("SELECT attname FROM \"pg_catalog.pg_attribute\" WHERE attrelid = 1259"
			      " AND attnum = 2"),
			 "relname");
}
END_TEST

START_TEST(constraints_indexes_and_dependencies_link_up)
{
	ck_assert_str_eq(rows("SELECT conname, contype, conrelid, conindid, confrelid, confdeltype"
			      " FROM \"pg_catalog.pg_constraint\" WHERE oid > 16384 AND oid < 20000 ORDER BY oid"),
			 "a_pkey|p|16400|16402|0| \na_n_check|c|16400|0|0| \nb_x_fkey|f|16406|16402|16400|c");
	ck_assert_str_eq(rows("SELECT indexrelid, indisunique, indisprimary, indnatts, indpred"
			      " FROM \"pg_catalog.pg_index\" WHERE indrelid = 16400"),
			 "16402|1|1|1|\n16404|0|0|2|(n > (3)::numeric)");
	ck_assert_str_eq(rows("SELECT refobjid, refobjsubid, deptype FROM \"pg_catalog.pg_depend\""
			      " WHERE objid = 16411 AND refclassid = 1259"),
			 "16400|1|a");
	ck_assert_str_eq(rows("SELECT relname FROM \"pg_catalog.pg_depend\" d"
			      " JOIN \"pg_catalog.pg_rewrite\" r ON r.oid = d.objid"
			      " JOIN \"pg_catalog.pg_class\" c ON c.oid = r.ev_class"
			      " WHERE d.refobjid = 16400 AND d.refobjsubid = 1"),
			 "vw");
	ck_assert_str_eq(rows("SELECT objsubid, description FROM \"pg_catalog.pg_description\""
			      " WHERE objoid = 16400 ORDER BY 1"),
			 "0|the first table\n4|a number");
}
END_TEST

START_TEST(views_of_the_catalog_say_what_the_tables_say)
{
	ck_assert_str_eq(rows("SELECT * FROM \"pg_catalog.pg_tables\" WHERE schemaname = 's'"),
			 "s|b|boss||0|0|1|0");
	ck_assert_str_eq(rows("SELECT viewname, definition FROM \"pg_catalog.pg_views\" WHERE schemaname = 'public'"),
			 "vw| SELECT a.id FROM a;");
	ck_assert_str_eq(rows("SELECT indexname, indexdef FROM \"pg_catalog.pg_indexes\" WHERE tablename = 'a'"),
			 "a_pkey|CREATE UNIQUE INDEX a_pkey ON public.a USING btree (id)\n"
			 "a_v_idx|CREATE INDEX a_v_idx ON public.a USING btree (lower((\"Two Words\")::text),"
			 " n DESC) WHERE (n > (3)::numeric)");
	ck_assert_str_eq(rows("SELECT indexdef FROM \"pg_catalog.pg_indexes\""
			      " WHERE indexname = 'pg_class_relname_nsp_index'"),
			 "CREATE UNIQUE INDEX pg_class_relname_nsp_index ON pg_catalog.pg_class USING btree"
			 " (relname, relnamespace)");
	ck_assert_str_eq(rows("SELECT rolname, rolsuper FROM \"pg_catalog.pg_roles\" WHERE oid = 10"), "boss|1");
	ck_assert_str_eq(rows("SELECT datname, encoding FROM \"pg_catalog.pg_database\""), "shop|6");
	ck_assert_str_eq(rows("SELECT setting, unit, vartype FROM \"pg_catalog.pg_settings\" WHERE name = 'work_mem'"),
			 "4096|kB|integer");
	ck_assert_str_eq(rows("SELECT sequencename, last_value FROM \"pg_catalog.pg_sequences\""), "a_id_seq|");
}
END_TEST

START_TEST(information_schema_describes_columns_and_keys)
{
	ck_assert_str_eq(rows("SELECT column_name, ordinal_position, column_default, is_nullable, data_type,"
			      " character_maximum_length, numeric_precision, numeric_scale, udt_name"
			      " FROM \"information_schema.columns\" WHERE table_name = 'a' ORDER BY 2"),
			 "id|1|nextval('a_id_seq'::regclass)|NO|integer||32|0|int4\n"
			 "Two Words|2||YES|character varying|20|||varchar\n"
			 "n|4||YES|numeric||10|2|numeric");
	ck_assert_str_eq(rows("SELECT table_catalog, table_schema, table_type FROM \"information_schema.tables\""
			      " WHERE table_name = 'b'"),
			 "shop|s|BASE TABLE");
	ck_assert_str_eq(rows("SELECT constraint_name, constraint_type FROM \"information_schema.table_constraints\""
			      " WHERE table_name IN ('a', 'b') ORDER BY 1"),
			 "2200_16400_1_not_null|CHECK\na_n_check|CHECK\na_pkey|PRIMARY KEY\nb_x_fkey|FOREIGN KEY");
	ck_assert_str_eq(rows("SELECT column_name, position_in_unique_constraint"
			      " FROM \"information_schema.key_column_usage\" WHERE constraint_name = 'b_x_fkey'"),
			 "x|1");
	ck_assert_str_eq(rows("SELECT unique_constraint_name, delete_rule FROM"
			      " \"information_schema.referential_constraints\" WHERE constraint_name = 'b_x_fkey'"),
			 "a_pkey|CASCADE");
	ck_assert_str_eq(rows("SELECT check_clause FROM \"information_schema.check_constraints\""
			      " WHERE constraint_name = 'a_n_check'"),
			 "((n > (0)::numeric))");
}
END_TEST

static oid_t in(oid_t type, const char *text)
{
	struct sql_error err = SQL_ERROR_INIT;
	oid_t oid = 0;

	ck_assert_msg(names_in(fx.schema, &fx.env, type, text, strlen(text), false, &oid, &err), "%s: %s", text,
		      err.message);
	return oid;
}

static const char *out(oid_t type, oid_t oid)
{
	static char text[256];
	struct buf b = BUF_INIT(sizeof(text) - 1);

	names_out(fx.schema, &fx.env, type, oid, &b);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *refused(oid_t type, const char *text)
{
	static struct sql_error err;
	oid_t oid;

	err = (struct sql_error)SQL_ERROR_INIT;
	ck_assert(!names_in(fx.schema, &fx.env, type, text, strlen(text), false, &oid, &err));
	return err.message;
}

START_TEST(names_become_oids_and_oids_names_as_in_postgresql)
{
	ck_assert_uint_eq(in(REGCLASSOID, "pg_class"), 1259);
	ck_assert_uint_eq(in(REGCLASSOID, "PG_Catalog.pg_class"), 1259);
	ck_assert_uint_eq(in(REGCLASSOID, "shop.public.a"), A);
	ck_assert_uint_eq(in(REGCLASSOID, "a_pkey"), A_PKEY);
	ck_assert_uint_eq(in(REGCLASSOID, " s . \"b\" "), B);
	ck_assert_uint_eq(in(REGCLASSOID, "pg_class_oid_index"), 2662);
	ck_assert_uint_eq(in(REGCLASSOID, "4711"), 4711);
	ck_assert_uint_eq(in(REGCLASSOID, "-"), 0);
	ck_assert_uint_eq(in(REGPROCOID, "now"), 1299);
	ck_assert_uint_eq(in(REGPROCEDUREOID, "abs(integer)"), 1397);
	ck_assert_uint_eq(in(REGOPERATOROID, "+(int4, int4)"), 551);
	ck_assert_uint_eq(in(REGOPERATOROID, "-(none,int4)"), 558);
	ck_assert_uint_eq(in(REGROLEOID, "boss"), 10);
	ck_assert_uint_eq(in(REGNAMESPACEOID, "s"), S_NAMESPACE);
	ck_assert_uint_eq(in(REGCOLLATIONOID, "\"C\""), 950);
	ck_assert_uint_eq(in(REGCONFIGOID, "simple"), 3748);

	ck_assert_str_eq(out(REGCLASSOID, 1259), "pg_class");
	ck_assert_str_eq(out(REGCLASSOID, A), "a");
	ck_assert_str_eq(out(REGCLASSOID, B), "s.b");
	ck_assert_str_eq(out(REGCLASSOID, A_V_IDX), "a_v_idx");
	ck_assert_str_eq(out(REGCLASSOID, 13227), "information_schema.information_schema_catalog_name");
	ck_assert_str_eq(out(REGCLASSOID, 99999), "99999");
	ck_assert_str_eq(out(REGCLASSOID, 0), "-");
	ck_assert_str_eq(out(REGPROCOID, 1397), "pg_catalog.abs");
	ck_assert_str_eq(out(REGPROCOID, 1299), "now");
	ck_assert_str_eq(out(REGPROCEDUREOID, 1397), "abs(integer)");
	ck_assert_str_eq(out(REGOPEROID, 551), "pg_catalog.+");
	ck_assert_str_eq(out(REGOPERATOROID, 558), "-(NONE,integer)");
	ck_assert_str_eq(out(REGOPERATOROID, 0), "0");
	ck_assert_str_eq(out(REGTYPEOID, INT4OID), "integer");
	ck_assert_str_eq(out(REGROLEOID, 10), "boss");
	ck_assert_str_eq(out(REGCOLLATIONOID, 100), "\"default\"");

	ck_assert_str_eq(refused(REGCLASSOID, "nosuch"), "relation \"nosuch\" does not exist");
	ck_assert_str_eq(refused(REGCLASSOID, "n.nosuch"), "schema \"n\" does not exist");
	ck_assert_str_eq(refused(REGCLASSOID, "a b"), "invalid name syntax");
	ck_assert_str_eq(refused(REGCLASSOID, ""), "invalid name syntax");
	ck_assert_str_eq(refused(REGCLASSOID, "x.y.z"),
			 "cross-database references are not implemented: \"x.y.z\"");
	ck_assert_str_eq(refused(REGPROCOID, "abs"), "more than one function named \"abs\"");
	ck_assert_str_eq(refused(REGPROCEDUREOID, "x"), "expected a left parenthesis");
	ck_assert_str_eq(refused(REGOPERATOROID, "+(int)"), "missing argument");
	ck_assert_str_eq(refused(REGTYPEOID, "nosuch[]"), "type \"nosuch[]\" does not exist");
	ck_assert_str_eq(refused(REGCLASSOID, "4294967296"), "value \"4294967296\" is out of range for type oid");
}
END_TEST

START_TEST(types_are_read_as_sql_writes_them)
{
	static const struct {
		const char *text;
		oid_t type;
		int32_t typmod;
	} cases[] = {
		{ "int", INT4OID, -1 },
		{ "INTEGER[]", INT4ARRAYOID, -1 },
		{ "int4[3][]", INT4ARRAYOID, -1 },
		{ "bigint array", INT8ARRAYOID, -1 },
		{ "varchar(20)", VARCHAROID, 24 },
		{ "character varying ( 20 )", VARCHAROID, 24 },
		{ "char", BPCHAROID, 5 },
		{ "\"char\"", CHAROID, -1 },
		{ "bpchar", BPCHAROID, -1 },
		{ "numeric(10,2)", NUMERICOID, 655366 },
		{ "timestamp with time zone", TIMESTAMPTZOID, -1 },
		{ "timestamp(3) without time zone", TIMESTAMPOID, 3 },
		{ "time with time zone", TIMETZOID, -1 },
		{ "double precision", FLOAT8OID, -1 },
		{ "float(24)", FLOAT4OID, -1 },
		{ "pg_catalog.int8", INT8OID, -1 },
		{ "public.a", A_TYPE, -1 },
		{ "s.b", B_TYPE, -1 },
		{ "information_schema.sql_identifier", 13226, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sql_error err = SQL_ERROR_INIT;
		oid_t type;
		int32_t typmod;

		ck_assert_msg(names_type_in(fx.schema, &fx.env, cases[i].text, strlen(cases[i].text), false,
					    &type, &typmod, &err),
			      "%s: %s", cases[i].text, err.message);
		ck_assert_msg(type == cases[i].type && typmod == cases[i].typmod, "%s: %u %d", cases[i].text,
			      type, typmod);
	}
	ck_assert_str_eq(refused(REGTYPEOID, "int4("), "syntax error at end of input");
	ck_assert_str_eq(refused(REGTYPEOID, "int4 foo"), "syntax error at or near \"foo\"");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("catalog");
	TCase *tc = tcase_create("catalog");

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, catalog_setup, catalog_teardown);
	tcase_add_test(tc, all_relations_of_postgresql_are_there_with_their_columns);
	tcase_add_test(tc, pg_class_has_the_systems_rows_and_the_users);
	tcase_add_test(tc, a_key_gives_the_rows_of_the_whole_scan);
	tcase_add_test(tc, pg_attribute_shows_columns_and_what_was_dropped);
	tcase_add_test(tc, constraints_indexes_and_dependencies_link_up);
	tcase_add_test(tc, views_of_the_catalog_say_what_the_tables_say);
	tcase_add_test(tc, information_schema_describes_columns_and_keys);
	tcase_add_test(tc, names_become_oids_and_oids_names_as_in_postgresql);
	tcase_add_test(tc, types_are_read_as_sql_writes_them);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
