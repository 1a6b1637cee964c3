/*
 * analyze_fixture.c - a database in memory that understands PostgreSQL's SQL
 * Licence: MIT, see LICENSE.
 */
#include "tests/sql/analyze_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql/ddl.h"
#include "sql/func.h"
#include "sql/type.h"

static void must(bool ok, const char *what, const struct sql_error *err)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, err->message);
	abort();
}

static void load(struct analyze_fixture *f)
{
	schema_unref(f->schema);
	f->schema = NULL;
	f->conn.schema = NULL;
	must(schema_load(&f->conn, &f->schema, &f->err), "schema", &f->err);
	f->conn.schema = f->schema;
}

void analyze_fixture_open(struct analyze_fixture *f)
{
	*f = (struct analyze_fixture){ .arena = ARENA_INIT(1 << 30), .out = BUF_INIT(64 << 20),
				       .err = SQL_ERROR_INIT };
	sql_env_init(&f->env);
	if (sqlite3_open(":memory:", &f->db) != SQLITE_OK)
		abort();
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	f->conn.db = f->db;
	f->conn.env = &f->env;
	must(func_register(&f->conn, &f->err), "functions", &f->err);
	must(system_register(&f->conn, &f->err), "system relations", &f->err);
	load(f);
}

void analyze_fixture_close(struct analyze_fixture *f)
{
	f->conn.schema = NULL;
	sqlite3_close(f->db);
	schema_unref(f->schema);
	arena_free(&f->arena);
	buf_free(&f->out);
}

static struct analyze_input input(struct analyze_fixture *f, const char *text)
{
	return (struct analyze_input){ .text = text, .schema = f->schema, .env = &f->env,
				       .arena = &f->arena };
}

static bool report(struct analyze_fixture *f)
{
	buf_printf(&f->out, "ERROR:  %s: %s", f->err.sqlstate, f->err.message);
	if (f->err.location >= 0)
		buf_printf(&f->out, " at %d", f->err.location + 1);
	buf_put_byte(&f->out, '\n');
	if (f->err.detail[0] != '\0')
		buf_printf(&f->out, "DETAIL:  %s\n", f->err.detail);
	if (f->err.hint[0] != '\0')
		buf_printf(&f->out, "HINT:  %s\n", f->err.hint);
	return false;
}

static bool put_value(struct analyze_fixture *f, const struct lowered_column *c, sqlite3_value *v)
{
	struct type_context ctx = { &f->env, f->schema, &f->arena };
	struct datum d = { DATUM_NULL, { 0 } };
	size_t start = f->out.len;

	switch (sqlite3_value_type(v)) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		d.kind = DATUM_INT;
		d.i = sqlite3_value_int64(v);
		break;
	case SQLITE_FLOAT:
		d.kind = DATUM_REAL;
		d.r = sqlite3_value_double(v);
		break;
	case SQLITE_TEXT:
		d.kind = DATUM_TEXT;
		d.data = (const char *)sqlite3_value_text(v);
		d.len = (size_t)sqlite3_value_bytes(v);
		break;
	default:
		d.kind = DATUM_BLOB;
		d.data = sqlite3_value_blob(v);
		d.len = (size_t)sqlite3_value_bytes(v);
		break;
	}
	if (!type_out(&ctx, c->type, &d, &f->out, &f->err))
		return false;
	type_pad(c->type, c->typmod, start, &f->out);
	return true;
}

static bool sqlite_failed(struct analyze_fixture *f)
{
	if (f->conn.err.set) {
		f->err = f->conn.err;
		sql_error_clear(&f->conn.err);
	} else {
		sql_error_set(&f->err, "XX000", "SQLite: %s", sqlite3_errmsg(f->db));
	}
	return false;
}

static bool step(struct analyze_fixture *f, const struct lowered *l)
{
	sqlite3_stmt *stmt;
	bool ok = true;
	int rc;

	if (f->show_sql)
		buf_printf(&f->out, "-- %s\n", l->sql);
	if (sqlite3_prepare_v2(f->db, l->sql, -1, &stmt, NULL) != SQLITE_OK)
		return sqlite_failed(f);
	while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (size_t i = 0; i < l->n_columns && ok; i++) {
			if (i > 0)
				buf_put_byte(&f->out, '|');
			ok = put_value(f, &l->columns[i], sqlite3_column_value(stmt, (int)i));
		}
		if (l->n_columns > 0)
			buf_put_byte(&f->out, '\n');
	}
	if (ok && rc != SQLITE_DONE)
		ok = sqlite_failed(f);
	sqlite3_finalize(stmt);
	return ok;
}

static void notice(void *arg, const char *severity, const struct sql_error *e)
{
	(void)arg;
	(void)severity;
	(void)e;
}

static bool run_one(struct analyze_fixture *f, const char *text, const PgQuery__RawStmt *raw)
{
	if (ddl_takes(raw->stmt)) {
		struct ddl_context ctx = { .conn = &f->conn, .text = text,
					   .stmt_location = raw->stmt_location,
					   .stmt_len = raw->stmt_len, .arena = &f->arena,
					   .notice = notice };
		char tag[64];

		if (!ddl_execute(&ctx, raw->stmt, tag, &f->err))
			return false;
		load(f);
		return true;
	}
	if (analyze_takes(raw->stmt)) {
		struct analyze_input in = input(f, text);
		struct lowered l;

		return analyze_statement(&in, raw->stmt, &l, &f->err) && step(f, &l);
	}
	return sql_error_unsupported(&f->err, -1, "this statement");
}

bool analyze_fixture_run(struct analyze_fixture *f, const char *text)
{
	PgQuery__ParseResult *tree;

	buf_reset(&f->out);
	arena_reset(&f->arena);
	sql_error_clear(&f->err);
	f->err.location = -1;
	if (!sql_parse(text, &f->arena, &tree, &f->err))
		return report(f);
	for (size_t i = 0; i < tree->n_stmts; i++)
		if (!run_one(f, text, tree->stmts[i]))
			return report(f);
	return true;
}

bool analyze_fixture_lower(struct analyze_fixture *f, const char *text, struct lowered *out)
{
	struct analyze_input in = input(f, text);
	PgQuery__ParseResult *tree;

	buf_reset(&f->out);
	arena_reset(&f->arena);
	sql_error_clear(&f->err);
	f->err.location = -1;
	if (!sql_parse(text, &f->arena, &tree, &f->err) ||
	    !analyze_statement(&in, tree->stmts[0]->stmt, out, &f->err))
		return report(f);
	return true;
}

const char *analyze_fixture_types(struct analyze_fixture *f, const struct lowered *l, bool params)
{
	size_t n = params ? l->n_params : l->n_columns;

	buf_reset(&f->out);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(&f->out, ", ");
		if (params)
			type_format(f->schema, l->param_types[i], -1, &f->out);
		else
			type_format(f->schema, l->columns[i].type, l->columns[i].typmod, &f->out);
	}
	return buf_str(&f->out);
}
