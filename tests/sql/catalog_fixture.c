/*
 * catalog_fixture.c - a database with a few objects, for the tests of the catalogs
 * Licence: MIT, see LICENSE.
 */
#include "tests/sql/catalog_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql/catalog/sequence.h"
#include "sql/catalog/store.h"
#include "sql/func.h"
#include "sql/type.h"

struct fixture fx;

static const char *const path[] = { "pg_catalog", "public" };

static void run(const char *sql)
{
	char *message = NULL;

	ck_assert_msg(sqlite3_exec(fx.db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql, message);
}

static const struct schema_relation table_a = {
	.oid = A, .type = A_TYPE, .namespace_name = "public", .namespace_oid = PUBLIC_OID, .name = "a",
	.kind = 'r', .persistence = 'p', .sqlite_schema = "main", .sqlite_name = "a",
	.columns = (const struct schema_column[]){
		{ .name = "id", .attnum = 1, .type = INT4OID, .typmod = -1, .not_null = true,
		  .has_default = true, .default_text = "nextval('a_id_seq'::regclass)" },
		{ .name = "Two Words", .attnum = 2, .type = VARCHAROID, .typmod = 24 },
		{ .name = "n", .attnum = 4, .type = NUMERICOID, .typmod = 655366 },
	},
	.n_columns = 3,
	.constraints = (const struct schema_constraint[]){
		{ .oid = A_PKEY_CON, .name = "a_pkey", .type = 'p', .columns = (const int16_t[]){ 1 },
		  .n_columns = 1, .index = A_PKEY },
		{ .oid = A_CHECK, .name = "a_n_check", .type = 'c', .columns = (const int16_t[]){ 4 },
		  .n_columns = 1, .check_text = "(n > (0)::numeric)" },
	},
	.n_constraints = 2,
	.indexes = (const struct schema_index[]){
		{ .oid = A_PKEY, .name = "a_pkey", .sqlite_name = "a_pkey", .unique = true, .primary = true,
		  .keys = (const struct schema_index_key[]){ { .attnum = 1 } }, .n_keys = 1,
		  .constraint = A_PKEY_CON },
		{ .oid = A_V_IDX, .name = "a_v_idx", .sqlite_name = "a_v_idx",
		  .keys = (const struct schema_index_key[]){
			  { .text = "lower((\"Two Words\")::text)" },
			  { .attnum = 4, .descending = true, .nulls_first = true },
		  },
		  .n_keys = 2, .where_text = "(n > (3)::numeric)" },
	},
	.n_indexes = 2,
};

static const struct schema_relation table_b = {
	.oid = B, .type = B_TYPE, .namespace_name = "s", .namespace_oid = S_NAMESPACE, .name = "b",
	.kind = 'r', .persistence = 'p', .sqlite_schema = "main", .sqlite_name = "s.b",
	.columns = (const struct schema_column[]){
		{ .name = "x", .attnum = 1, .type = INT4OID, .typmod = -1 },
	},
	.n_columns = 1,
	.constraints = (const struct schema_constraint[]){
		{ .oid = B_FK, .name = "b_x_fkey", .type = 'f', .columns = (const int16_t[]){ 1 },
		  .n_columns = 1, .index = A_PKEY, .ref_relation = A,
		  .ref_columns = (const int16_t[]){ 1 }, .n_ref_columns = 1, .on_update = 'a',
		  .on_delete = 'c', .match = 's' },
	},
	.n_constraints = 1,
};

static const struct schema_relation view_vw = {
	.oid = VW, .type = VW_TYPE, .namespace_name = "public", .namespace_oid = PUBLIC_OID, .name = "vw",
	.kind = 'v', .persistence = 'p', .sqlite_schema = "main", .sqlite_name = "vw",
	.view_text = "SELECT a.id FROM a",
	.columns = (const struct schema_column[]){
		{ .name = "id", .attnum = 1, .type = INT4OID, .typmod = -1 },
	},
	.n_columns = 1,
};

static const struct schema_sequence sequence = {
	.oid = SEQ, .namespace_name = "public", .name = "a_id_seq", .type = INT4OID, .start = 1, .increment = 1,
	.min = 1, .max = INT32_MAX, .cache = 1, .owned_by = A, .owned_column = 1, .owner_kind = 'a',
};

void catalog_setup(void)
{
	catalog_setup_in(":memory:");
}

void catalog_setup_in(const char *file)
{
	struct sql_error err = SQL_ERROR_INIT;

	memset(&fx, 0, sizeof(fx));
	ck_assert_int_eq(sqlite3_open(file, &fx.db), SQLITE_OK);
	sql_env_init(&fx.env);
	fx.env.search_path = path;
	fx.env.n_search_path = 2;
	fx.env.database = "shop";
	fx.env.session_user = "boss";
	fx.env.user = "boss";
	fx.conn.db = fx.db;
	fx.conn.env = &fx.env;
	run("CREATE TABLE a(id INTEGER PRIMARY KEY, \"Two Words\" TEXT, n BLOB)");
	run("CREATE TABLE \"s.b\"(x INTEGER REFERENCES a(id))");
	run("CREATE VIEW vw AS SELECT id FROM a");
	run("CREATE VIEW a_id_seq AS SELECT 1 AS last_value, 0 AS log_cnt, 0 AS is_called");
	run("CREATE TABLE foreign_made(k INTEGER PRIMARY KEY, t TEXT NOT NULL)");
	ck_assert(store_ensure(&fx.conn, &err));
	ck_assert(store_put_namespace(&fx.conn, S_NAMESPACE, "s", &err));
	ck_assert(store_put_relation(&fx.conn, &table_a, &err));
	ck_assert(store_put_relation(&fx.conn, &table_b, &err));
	ck_assert(store_put_relation(&fx.conn, &view_vw, &err));
	ck_assert(store_put_sequence(&fx.conn, &sequence, PUBLIC_OID, &sequence.start, &err));
	ck_assert(store_put_comment(&fx.conn, A, 0, "the first table", &err));
	ck_assert(store_put_comment(&fx.conn, A, 4, "a number", &err));
	ck_assert(store_put_dependency(&fx.conn, VW, A, 1, &err));
	ck_assert_msg(schema_load(&fx.conn, &fx.schema, &err), "%s", err.message);
	fx.conn.schema = fx.schema;
	ck_assert_msg(func_register(&fx.conn, &err), "%s", err.message);
	ck_assert_msg(system_register(&fx.conn, &err), "%s", err.message);
}

void catalog_teardown(void)
{
	sequence_close(&fx.conn);
	sqlite3_close(fx.db);
	schema_unref(fx.schema);
}

/* The rows of a query: columns with | between, rows with newlines. */
const char *rows(const char *sql)
{
	static char text[1 << 16];
	struct buf b = BUF_INIT(sizeof(text) - 1);
	sqlite3_stmt *stmt;
	int rc;

	ck_assert_msg(sqlite3_prepare_v2(fx.db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(fx.db));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (b.len > 0)
			buf_put_byte(&b, '\n');
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *v = (const char *)sqlite3_column_text(stmt, i);

			if (i > 0)
				buf_put_byte(&b, '|');
			buf_put_str(&b, v == NULL ? "" : v);
		}
	}
	ck_assert_msg(rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(fx.db));
	sqlite3_finalize(stmt);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_free(&b);
	return text;
}

int64_t number(const char *sql)
{
	return strtoll(rows(sql), NULL, 10);
}

const char *fails(const char *sql)
{
	static char text[1100];
	sqlite3_stmt *stmt;
	int rc = SQLITE_ROW;

	fx.conn.err = (struct sql_error)SQL_ERROR_INIT;
	ck_assert_msg(sqlite3_prepare_v2(fx.db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(fx.db));
	while (rc == SQLITE_ROW)
		rc = sqlite3_step(stmt);
	ck_assert_msg(rc != SQLITE_DONE, "%s: no error", sql);
	sqlite3_finalize(stmt);
	snprintf(text, sizeof(text), "%s %s", fx.conn.err.sqlstate, fx.conn.err.message);
	return text;
}
