/*
 * test_ddl.c - statements that change the schema, on a SQLite database in memory
 *
 * What PostgreSQL 15 answers is written into the tests; names, SQLSTATEs and messages are its own.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/analyze.h"
#include "sql/catalog/sequence.h"
#include "sql/conn.h"
#include "sql/ddl.h"
#include "sql/func.h"
#include "sql/schema.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

struct fixture {
	struct sql_conn conn;
	struct sql_env env;
	struct schema *schema;
	struct arena arena;
	struct sql_error err;
	char tag[64];
	char notices[2048];
};

static struct fixture f;

static void reload(void)
{
	struct schema *s;

	if (!schema_load(&f.conn, &s, &f.err))
		ck_abort_msg("schema_load: %s / %s", f.err.message, sqlite3_errmsg(f.conn.db));
	schema_unref(f.schema);
	f.schema = s;
	f.conn.schema = s;
}

static void setup(void)
{
	static const char *const path[] = { "pg_catalog", "public" };

	memset(&f, 0, sizeof(f));
	sql_env_init(&f.env);
	f.env.search_path = path;
	f.env.n_search_path = 2;
	f.env.user = "postgres";
	f.env.database = "test";
	f.env.sequences = sequence_session_new();
	f.conn.env = &f.env;
	arena_init(&f.arena, 64 << 20);
	ck_assert_int_eq(SQLITE_OK, sqlite3_open(":memory:", &f.conn.db));
	ck_assert_int_eq(SQLITE_OK, sqlite3_exec(f.conn.db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL));
	ck_assert(func_register(&f.conn, &f.err));
	ck_assert(system_register(&f.conn, &f.err));
	reload();
}

static void teardown(void)
{
	sequence_close(&f.conn);
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f.conn.db));
	schema_unref(f.schema);
	sequence_session_free(f.env.sequences);
	arena_free(&f.arena);
}

static void keep_notice(void *arg, const char *severity, const struct sql_error *e)
{
	size_t len = strlen(f.notices);

	(void)arg;
	snprintf(f.notices + len, sizeof(f.notices) - len, "%s: %s\n", severity, e->message);
}

static bool run_one(const char *text, const PgQuery__RawStmt *stmt)
{
	struct analyze_input in = {
		.text = text, .schema = f.schema, .env = &f.env, .no_params = true, .arena = &f.arena,
	};
	struct ddl_context ctx = {
		.conn = &f.conn,
		.text = text,
		.stmt_location = stmt->stmt_location,
		.stmt_len = stmt->stmt_len,
		.arena = &f.arena,
		.notice = keep_notice,
	};
	struct lowered q;

	if (ddl_takes(stmt->stmt))
		return ddl_execute(&ctx, stmt->stmt, f.tag, &f.err);
	if (!analyze_statement(&in, stmt->stmt, &q, &f.err))
		return false;
	if (sqlite3_exec(f.conn.db, q.sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	if (f.conn.err.set)
		f.err = f.conn.err;
	else
		sql_error_set(&f.err, "SQLIT", "%s", sqlite3_errmsg(f.conn.db));
	return false;
}

/* Each statement in a transaction of its own, as a session runs it. */
static bool run(const char *text)
{
	PgQuery__ParseResult *tree;

	sql_error_clear(&f.err);
	sql_error_clear(&f.conn.err);
	f.notices[0] = '\0';
	if (!sql_parse(text, &f.arena, &tree, &f.err))
		return false;
	for (size_t i = 0; i < tree->n_stmts; i++) {
		ck_assert_int_eq(SQLITE_OK, sqlite3_exec(f.conn.db, "BEGIN", NULL, NULL, NULL));
		bool ok = run_one(text, tree->stmts[i]);
		ck_assert_int_eq(SQLITE_OK, sqlite3_exec(f.conn.db, ok ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL));
		reload();
		if (!ok)
			return false;
	}
	return true;
}

#define RUN(text)                                                                          \
	do {                                                                               \
		if (!run(text))                                                            \
			ck_abort_msg("%s: %s %s (%s)", text, f.err.sqlstate, f.err.message, \
				     sqlite3_errmsg(f.conn.db));                           \
	} while (0)

#define FAILS(state, text_of_error, text)                          \
	do {                                                       \
		ck_assert_msg(!run(text), "%s: no error", text);    \
		ck_assert_str_eq(f.err.message, text_of_error);     \
		ck_assert_str_eq(f.err.sqlstate, state);            \
	} while (0)

/* Rows of SQLite's own query as "a|b;c|d". */
static const char *rows(const char *sql)
{
	static char out[4096];
	sqlite3_stmt *stmt;
	size_t len = 0;

	out[0] = '\0';
	ck_assert_msg(sqlite3_prepare_v2(f.conn.db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(f.conn.db));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *t = (const char *)sqlite3_column_text(stmt, i);

			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
						i > 0 ? "|" : len > 0 ? ";" : "", t == NULL ? "NULL" : t);
		}
	}
	ck_assert_int_eq(SQLITE_OK, sqlite3_finalize(stmt));
	return out;
}

static const struct schema_relation *relation(const char *name)
{
	return schema_find_relation(f.schema, &f.env, NULL, name);
}

START_TEST(a_table_keeps_what_postgresql_knows_of_it)
{
	RUN("CREATE TABLE t (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x',"
	    " price numeric(10,2) CHECK (price > 0), UNIQUE (name, price))");
	ck_assert_str_eq(f.tag, "CREATE TABLE");
	const struct schema_relation *r = relation("t");
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->kind, 'r');
	ck_assert_uint_eq(r->n_columns, 3);
	ck_assert_int_eq(r->rowid_column, 1);
	ck_assert_uint_eq(r->columns[0].type, INT4OID);
	ck_assert_str_eq(r->columns[0].default_text, "nextval('t_id_seq'::regclass)");
	ck_assert_uint_eq(r->columns[1].type, VARCHAROID);
	ck_assert_int_eq(r->columns[1].typmod, 24);
	ck_assert(r->columns[1].not_null);
	ck_assert_str_eq(r->columns[1].default_text, "'x'::character varying");
	ck_assert_uint_eq(r->columns[2].type, NUMERICOID);
	const char *names[] = { "t_pkey", "t_price_check", "t_name_price_key" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool found = false;

		for (size_t j = 0; j < r->n_constraints; j++)
			found = found || strcmp(r->constraints[j].name, names[i]) == 0;
		ck_assert_msg(found, "no constraint %s", names[i]);
	}
	const struct schema_sequence *q = schema_find_sequence(f.schema, &f.env, NULL, "t_id_seq");
	ck_assert_ptr_nonnull(q);
	ck_assert_uint_eq(q->owned_by, r->oid);
	ck_assert_int_eq(q->max, INT32_MAX);
	RUN("INSERT INTO t (price) VALUES (1.50), (2.25)");
	ck_assert_str_eq(rows("SELECT id, name FROM t"), "1|x;2|x");
	RUN("DROP TABLE t");
	ck_assert_ptr_null(relation("t"));
	ck_assert_ptr_null(schema_find_sequence(f.schema, &f.env, NULL, "t_id_seq"));
	ck_assert_str_eq(rows("SELECT count(*) FROM pgblob_attribute"), "0");
	ck_assert_str_eq(rows("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'pgblob%'"
			      " AND name NOT LIKE 'sqlite%'"),
			 "0");
}
END_TEST

START_TEST(create_table_refuses_what_postgresql_refuses)
{
	RUN("CREATE TABLE t (a int)");
	FAILS("42P07", "relation \"t\" already exists", "CREATE TABLE t (a int)");
	RUN("CREATE TABLE IF NOT EXISTS t (a int)");
	ck_assert_str_eq(f.notices, "NOTICE: relation \"t\" already exists, skipping\n");
	FAILS("42701", "column \"a\" specified more than once", "CREATE TABLE u (a int, a text)");
	FAILS("42P16", "multiple primary keys for table \"u\" are not allowed",
	      "CREATE TABLE u (a int PRIMARY KEY, b int PRIMARY KEY)");
	FAILS("42703", "column \"b\" named in key does not exist", "CREATE TABLE u (a int, UNIQUE (b))");
	FAILS("3F000", "schema \"nope\" does not exist", "CREATE TABLE nope.u (a int)");
	FAILS("42704", "type \"nope\" does not exist", "CREATE TABLE u (a nope)");
	FAILS("42830", "there is no unique constraint matching given keys for referenced table \"t\"",
	      "CREATE TABLE u (a int REFERENCES t (a))");
	FAILS("42704", "there is no primary key for referenced table \"t\"",
	      "CREATE TABLE u (a int REFERENCES t)");
	FAILS("42P01", "relation \"none\" does not exist", "CREATE TABLE u (a int REFERENCES none)");
	FAILS("0A000", "INHERITS is not supported", "CREATE TABLE u (b int) INHERITS (t)");
	ck_assert_ptr_null(relation("u"));
}
END_TEST

START_TEST(columns_come_and_go)
{
	RUN("CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)");
	RUN("ALTER TABLE t ADD COLUMN c int DEFAULT 7, ADD COLUMN d text");
	ck_assert_str_eq(rows("SELECT * FROM t"), "1|x|7|NULL;2|NULL|7|NULL");
	/* a default that comes later is not for the rows that are there */
	RUN("ALTER TABLE t ALTER COLUMN d SET DEFAULT 'later'");
	ck_assert_str_eq(rows("SELECT d FROM t"), "NULL;NULL");
	RUN("INSERT INTO t (a) VALUES (3)");
	ck_assert_str_eq(rows("SELECT * FROM t WHERE a = 3"), "3|NULL|7|later");
	FAILS("23502", "column \"b\" of relation \"t\" contains null values",
	      "ALTER TABLE t ALTER COLUMN b SET NOT NULL");
	FAILS("23502", "column \"e\" of relation \"t\" contains null values",
	      "ALTER TABLE t ADD COLUMN e int NOT NULL");
	FAILS("42701", "column \"c\" of relation \"t\" already exists", "ALTER TABLE t ADD COLUMN c int");
	FAILS("42703", "column \"z\" of relation \"t\" does not exist", "ALTER TABLE t DROP COLUMN z");
	RUN("ALTER TABLE t DROP COLUMN c");
	ck_assert_str_eq(rows("SELECT * FROM t WHERE a = 3"), "3|NULL|later");
	ck_assert_int_eq(schema_column_named(relation("t"), "d")->attnum, 4);
	RUN("ALTER TABLE t ADD COLUMN e int");
	ck_assert_int_eq(schema_column_named(relation("t"), "e")->attnum, 5);
	RUN("ALTER TABLE t RENAME COLUMN b TO \"B b\"");
	ck_assert_str_eq(rows("SELECT \"B b\" FROM t WHERE a = 1"), "x");
	RUN("ALTER TABLE t DROP COLUMN a");
	ck_assert_int_eq(relation("t")->rowid_column, 0);
	ck_assert_uint_eq(relation("t")->n_constraints, 0);
	ck_assert_str_eq(rows("SELECT \"B b\", d FROM t ORDER BY d, 1"), "NULL|NULL;x|NULL;NULL|later");
	ck_assert_str_eq(rows("PRAGMA integrity_check"), "ok");
}
END_TEST

START_TEST(types_change_with_their_values)
{
	RUN("CREATE TABLE t (a int PRIMARY KEY, b varchar(5), c text DEFAULT '9');"
	    "CREATE INDEX t_b ON t (b); INSERT INTO t VALUES (1, 'abc', '12')");
	RUN("ALTER TABLE t ALTER COLUMN a TYPE bigint");
	ck_assert_uint_eq(relation("t")->columns[0].type, INT8OID);
	RUN("ALTER TABLE t ALTER COLUMN b TYPE text");
	FAILS("42804", "column \"c\" cannot be cast automatically to type integer",
	      "ALTER TABLE t ALTER COLUMN c TYPE integer");
	ck_assert_str_eq(f.err.hint, "You might need to specify \"USING c::integer\".");
	RUN("ALTER TABLE t ALTER COLUMN c DROP DEFAULT, ALTER COLUMN c TYPE integer USING c::integer + 1");
	ck_assert_str_eq(rows("SELECT a, b, c, typeof(c) FROM t"), "1|abc|13|integer");
	ck_assert_str_eq(rows("SELECT name FROM sqlite_schema WHERE tbl_name = 't' AND type = 'index'"), "t_b");
	ck_assert_str_eq(rows("PRAGMA integrity_check"), "ok");
}
END_TEST

START_TEST(constraints_come_and_go)
{
	RUN("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, b int);"
	    "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1), (2, 1)");
	FAILS("23505", "could not create unique index \"t_b_key\"", "ALTER TABLE t ADD UNIQUE (b)");
	FAILS("23514", "check constraint \"t_a_check\" of relation \"t\" is violated by some row",
	      "ALTER TABLE t ADD CHECK (a < 2)");
	FAILS("23503", "insert or update on table \"t\" violates foreign key constraint \"t_a_fkey\"",
	      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p");
	RUN("ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES p (id)");
	FAILS("2BP01", "cannot drop table p because other objects depend on it", "DROP TABLE p");
	ck_assert_str_eq(f.err.detail, "constraint t_b_fkey on table t depends on table p");
	ck_assert(!run("INSERT INTO t VALUES (3, 9)"));
	RUN("ALTER TABLE t ADD PRIMARY KEY (a), ADD CONSTRAINT c CHECK (a > 0)");
	ck_assert_int_eq(relation("t")->rowid_column, 1);
	ck_assert(!run("INSERT INTO t VALUES (0, 1)"));
	ck_assert(!run("INSERT INTO t VALUES (1, 1)"));
	RUN("ALTER TABLE t DROP CONSTRAINT c, DROP CONSTRAINT t_pkey, DROP CONSTRAINT t_b_fkey");
	RUN("INSERT INTO t VALUES (1, 9), (0, 9)");
	ck_assert(schema_column_named(relation("t"), "a")->not_null);
	FAILS("42704", "constraint \"c\" of relation \"t\" does not exist",
	      "ALTER TABLE t DROP CONSTRAINT c");
	ck_assert_str_eq(rows("SELECT count(*) FROM t"), "4");
	ck_assert_str_eq(rows("PRAGMA integrity_check"), "ok");
}
END_TEST

START_TEST(drop_goes_no_further_than_it_may)
{
	RUN("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p);"
	    "CREATE VIEW v AS SELECT a + 1 AS b FROM t; CREATE VIEW w AS SELECT b FROM v");
	FAILS("2BP01", "cannot drop table t because other objects depend on it", "DROP TABLE t");
	FAILS("2BP01", "cannot drop column a of table t because other objects depend on it",
	      "ALTER TABLE t DROP COLUMN a");
	FAILS("42809", "\"v\" is not a table", "DROP TABLE v");
	FAILS("42P01", "table \"none\" does not exist", "DROP TABLE none");
	RUN("DROP TABLE IF EXISTS none");
	ck_assert_str_eq(f.notices, "NOTICE: table \"none\" does not exist, skipping\n");
	RUN("DROP TABLE p, t CASCADE");
	ck_assert_ptr_null(relation("v"));
	ck_assert_ptr_null(relation("w"));
	ck_assert_ptr_null(relation("p"));
	ck_assert_str_eq(rows("SELECT count(*) FROM pgblob_depend"), "0");
}
END_TEST

START_TEST(a_view_has_types_and_the_shell_can_read_it)
{
	RUN("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x')");
	RUN("CREATE VIEW v (n, doubled) AS SELECT b, a * 2 FROM t WHERE a > 0");
	ck_assert_uint_eq(relation("v")->columns[1].type, INT4OID);
	ck_assert_str_eq(rows("SELECT n, doubled FROM v"), "x|2");
	FAILS("42P16", "cannot drop columns from view", "CREATE OR REPLACE VIEW v AS SELECT b AS n FROM t");
	RUN("CREATE OR REPLACE VIEW v (n, doubled, more) AS SELECT b, a * 3, 5 FROM t");
	ck_assert_str_eq(rows("SELECT * FROM v"), "x|3|5");
	RUN("ALTER TABLE t RENAME TO renamed");
	ck_assert_str_eq(rows("SELECT * FROM v"), "x|3|5");
	RUN("INSERT INTO renamed VALUES (2, 'y')");
}
END_TEST

START_TEST(sequences_count_as_they_are_told)
{
	RUN("CREATE SEQUENCE s START 5 INCREMENT 3 MAXVALUE 10 CYCLE; CREATE TABLE n (v bigint)");
	RUN("INSERT INTO n SELECT nextval('s'); INSERT INTO n SELECT nextval('s');"
	    "INSERT INTO n SELECT nextval('s'); INSERT INTO n SELECT currval('s')");
	ck_assert_str_eq(rows("SELECT v FROM n"), "5;8;1;1");
	RUN("ALTER SEQUENCE s RESTART WITH 2 NO CYCLE INCREMENT 100");
	RUN("INSERT INTO n SELECT nextval('s')");
	FAILS("2200H", "nextval: reached maximum value of sequence \"s\" (10)",
	      "INSERT INTO n SELECT nextval('s')");
	FAILS("22023", "MINVALUE (5) must be less than MAXVALUE (5)",
	      "CREATE SEQUENCE u MINVALUE 5 MAXVALUE 5");
	ck_assert_str_eq(rows("SELECT last_value, is_called FROM s"), "2|1");
	RUN("ALTER SEQUENCE s RENAME TO z; DROP SEQUENCE z");
	ck_assert_str_eq(rows("SELECT count(*) FROM pgblob_sequence"), "0");
}
END_TEST

START_TEST(schemas_keep_names_apart)
{
	RUN("CREATE SCHEMA s; CREATE TABLE s.t (a int PRIMARY KEY, b text UNIQUE);"
	    "CREATE TABLE t (a text); INSERT INTO s.t VALUES (1, 'one'); INSERT INTO t VALUES ('two')");
	ck_assert_str_eq(rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%t'"
			      " AND name NOT LIKE 'pgblob%' ORDER BY 1"),
			 "s.t;t");
	FAILS("2BP01", "cannot drop schema s because other objects depend on it", "DROP SCHEMA s");
	FAILS("42P06", "schema \"s\" already exists", "CREATE SCHEMA s");
	RUN("DROP SCHEMA s CASCADE");
	ck_assert_ptr_nonnull(relation("t"));
	ck_assert_ptr_null(schema_find_namespace(f.schema, "s"));
}
END_TEST

START_TEST(tables_of_other_programs_are_typed_by_declaration)
{
	ck_assert_int_eq(SQLITE_OK,
			 sqlite3_exec(f.conn.db,
				      "CREATE TABLE foreign_one(id INTEGER PRIMARY KEY, name VARCHAR(20) UNIQUE,"
				      " price REAL NOT NULL, data BLOB, at DATETIME);"
				      "INSERT INTO foreign_one VALUES(1, 'x', 2.5, x'00ff', '2024-01-01')",
				      NULL, NULL, NULL));
	reload();
	const struct schema_relation *r = relation("foreign_one");
	static const oid_t types[] = { INT8OID, TEXTOID, FLOAT8OID, BYTEAOID, TEXTOID };
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->n_columns, ARRAY_LEN(types));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		ck_assert_uint_eq(r->columns[i].type, types[i]);
	ck_assert_int_eq(r->rowid_column, 1);
	ck_assert_uint_eq(r->n_indexes, 2);
	RUN("INSERT INTO foreign_one (id, price) VALUES (2, 1)");
	ck_assert_str_eq(rows("SELECT id, price FROM foreign_one WHERE id = 2"), "2|1.0");
	RUN("DROP TABLE foreign_one");
}
END_TEST

START_TEST(truncate_minds_foreign_keys)
{
	RUN("CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE t (a int REFERENCES p);"
	    "INSERT INTO p DEFAULT VALUES; INSERT INTO t VALUES (1)");
	FAILS("0A000", "cannot truncate a table referenced in a foreign key constraint", "TRUNCATE p");
	RUN("TRUNCATE p, t RESTART IDENTITY");
	ck_assert_str_eq(f.tag, "TRUNCATE TABLE");
	ck_assert_str_eq(rows("SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM t)"), "0|0");
	RUN("INSERT INTO p DEFAULT VALUES");
	ck_assert_str_eq(rows("SELECT id FROM p"), "1");
}
END_TEST

START_TEST(comments_are_kept_with_what_they_are_of)
{
	RUN("CREATE TABLE t (a int); COMMENT ON TABLE t IS 'a table'; COMMENT ON COLUMN t.a IS 'it''s'");
	ck_assert_str_eq(relation("t")->comment, "a table");
	ck_assert_str_eq(relation("t")->columns[0].comment, "it's");
	RUN("COMMENT ON TABLE t IS NULL");
	ck_assert_ptr_null(relation("t")->comment);
	FAILS("42703", "column \"b\" of relation \"t\" does not exist", "COMMENT ON COLUMN t.b IS 'x'");
	RUN("DROP TABLE t");
	ck_assert_str_eq(rows("SELECT count(*) FROM pgblob_description"), "0");
}
END_TEST

START_TEST(a_table_from_a_query_has_its_types)
{
	RUN("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
	RUN("CREATE TABLE u AS SELECT a, b || '!' AS c FROM t WHERE a > 1");
	ck_assert_str_eq(f.tag, "SELECT 1");
	ck_assert_str_eq(rows("SELECT * FROM u"), "2|y!");
	ck_assert_uint_eq(relation("u")->columns[1].type, TEXTOID);
	RUN("SELECT a INTO w FROM t");
	ck_assert_str_eq(rows("SELECT count(*) FROM w"), "2");
}
END_TEST

START_TEST(indexes_come_and_go)
{
	RUN("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'X')");
	RUN("CREATE INDEX ON t (a DESC, lower(b)) WHERE a > 0");
	ck_assert_uint_eq(relation("t")->n_indexes, 1);
	ck_assert_str_eq(relation("t")->indexes[0].name, "t_a_lower_idx");
	FAILS("23505", "could not create unique index \"u\"", "CREATE UNIQUE INDEX u ON t (lower(b))");
	RUN("CREATE UNIQUE INDEX u ON t (b)");
	ck_assert(!run("INSERT INTO t VALUES (3, 'x')"));
	RUN("ALTER INDEX u RENAME TO w");
	RUN("DROP INDEX t_a_lower_idx, w");
	RUN("INSERT INTO t VALUES (3, 'x')");
	FAILS("0A000", "access method \"gin\" is not supported", "CREATE INDEX ON t USING gin (b)");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ddl");
	TCase *tc = tcase_create("ddl");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_table_keeps_what_postgresql_knows_of_it);
	tcase_add_test(tc, create_table_refuses_what_postgresql_refuses);
	tcase_add_test(tc, columns_come_and_go);
	tcase_add_test(tc, types_change_with_their_values);
	tcase_add_test(tc, constraints_come_and_go);
	tcase_add_test(tc, drop_goes_no_further_than_it_may);
	tcase_add_test(tc, a_view_has_types_and_the_shell_can_read_it);
	tcase_add_test(tc, sequences_count_as_they_are_told);
	tcase_add_test(tc, schemas_keep_names_apart);
	tcase_add_test(tc, tables_of_other_programs_are_typed_by_declaration);
	tcase_add_test(tc, truncate_minds_foreign_keys);
	tcase_add_test(tc, comments_are_kept_with_what_they_are_of);
	tcase_add_test(tc, a_table_from_a_query_has_its_types);
	tcase_add_test(tc, indexes_come_and_go);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
