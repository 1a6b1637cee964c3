/*
 * store.c - our catalog tables: made and written
 *
 * FORMAT   See README.md, "Tables".
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "sql/conn.h"
#include "sql/error.h"
#include "sql/schema.h"
#include "vfs/sqlite.h"

enum { FORMAT = 1 };

static const char create_tables[] =
	"CREATE TABLE pgblob_meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE pgblob_namespace(oid INTEGER PRIMARY KEY, name TEXT NOT NULL);"
	"CREATE TABLE pgblob_class(oid INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	" namespace INTEGER NOT NULL, kind TEXT NOT NULL, type INTEGER NOT NULL,"
	" sqlite_name TEXT NOT NULL, definition TEXT);"
	"CREATE TABLE pgblob_attribute(relation INTEGER NOT NULL, number INTEGER NOT NULL,"
	" name TEXT NOT NULL, type INTEGER NOT NULL, typmod INTEGER NOT NULL,"
	" not_null INTEGER NOT NULL, identity TEXT, generated TEXT, default_text TEXT,"
	" collation TEXT, PRIMARY KEY(relation, number)) WITHOUT ROWID;"
	"CREATE TABLE pgblob_constraint(oid INTEGER PRIMARY KEY, relation INTEGER NOT NULL,"
	" name TEXT NOT NULL, type TEXT NOT NULL, columns TEXT NOT NULL, index_oid INTEGER,"
	" ref_relation INTEGER, ref_columns TEXT, on_update TEXT, on_delete TEXT, match TEXT,"
	" is_deferrable INTEGER NOT NULL, is_deferred INTEGER NOT NULL, check_text TEXT);"
	"CREATE TABLE pgblob_index(oid INTEGER PRIMARY KEY, relation INTEGER NOT NULL,"
	" name TEXT NOT NULL, sqlite_name TEXT, is_unique INTEGER NOT NULL,"
	" is_primary INTEGER NOT NULL, where_text TEXT, constraint_oid INTEGER);"
	"CREATE TABLE pgblob_index_key(index_oid INTEGER NOT NULL, position INTEGER NOT NULL,"
	" number INTEGER NOT NULL, text TEXT, descending INTEGER NOT NULL,"
	" nulls_first INTEGER NOT NULL, PRIMARY KEY(index_oid, position)) WITHOUT ROWID;"
	"CREATE TABLE pgblob_sequence(oid INTEGER PRIMARY KEY, name TEXT NOT NULL,"
	" namespace INTEGER NOT NULL, type INTEGER NOT NULL, start INTEGER NOT NULL,"
	" increment INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL,"
	" cache INTEGER NOT NULL, cycle INTEGER NOT NULL, owned_by INTEGER, owned_column INTEGER,"
	" owner_kind TEXT, last_value INTEGER NOT NULL, is_called INTEGER NOT NULL);"
	"CREATE TABLE pgblob_depend(object INTEGER NOT NULL, reference INTEGER NOT NULL,"
	" number INTEGER NOT NULL, PRIMARY KEY(object, reference, number)) WITHOUT ROWID;"
	"CREATE TABLE pgblob_description(object INTEGER NOT NULL, number INTEGER NOT NULL,"
	" text TEXT NOT NULL, PRIMARY KEY(object, number)) WITHOUT ROWID;";

bool store_exec(struct sql_conn *conn, struct sql_error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	char *sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sql == NULL)
		return sql_error_no_memory(err);
	int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	if (rc == SQLITE_OK)
		return true;
	if (conn->err.set) {
		*err = conn->err;
		sql_error_clear(&conn->err);
	} else if (rc == SQLITE_ERROR) {
		/* SQLite refused what we said: no client should ever see this */
		return sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(conn->db));
	}
	return false;
}

/* One integer, or `otherwise` if there is no row. */
static bool query_int(struct sql_conn *conn, const char *sql, int64_t otherwise, int64_t *out,
		      struct sql_error *err)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		if ((sqlite3_errcode(conn->db) & 0xff) == SQLITE_ERROR)
			sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(conn->db));
		return false;
	}
	int rc = sqlite3_step(stmt);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : otherwise;
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool store_exists(struct sql_conn *conn, bool *out, struct sql_error *err)
{
	int64_t found;
	int64_t format;

	*out = false;
	if (!query_int(conn, "SELECT 1 FROM sqlite_schema WHERE name = 'pgblob_meta'", 0, &found,
		       err))
		return false;
	if (found == 0)
		return true;
	if (!query_int(conn, "SELECT value FROM pgblob_meta WHERE key = 'format'", 0, &format, err))
		return false;
	if (format != FORMAT) {
		sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
			      "the database has catalog format %" PRId64
			      ", this server knows format %d",
			      format, FORMAT);
		return sql_error_hint(err, "Use the version of pgblobd that wrote it, or a newer one.");
	}
	*out = true;
	return true;
}

bool store_ensure(struct sql_conn *conn, struct sql_error *err)
{
	bool exists;

	if (!store_exists(conn, &exists, err))
		return false;
	if (exists)
		return true;
	return store_exec(conn, err, "%s", create_tables) &&
	       store_exec(conn, err,
			  "INSERT INTO pgblob_meta VALUES('format', %d), ('next_oid', %d)", FORMAT,
			  (int)FIRST_USER_OID);
}

bool store_new_oids(struct sql_conn *conn, unsigned n, oid_t *first, struct sql_error *err)
{
	int64_t next;

	if (!query_int(conn, "SELECT value FROM pgblob_meta WHERE key = 'next_oid'", 0, &next, err))
		return false;
	/* 0x40000000 and up is for what other programs made */
	if (next < FIRST_USER_OID || next + n >= 0x40000000)
		return sql_error_set(err, ERRCODE_PROGRAM_LIMIT,
				     "the database has no object identifiers left");
	*first = (oid_t)next;
	return store_exec(conn, err, "UPDATE pgblob_meta SET value = %lld WHERE key = 'next_oid'",
			  (long long)(next + n));
}

static bool put_column(struct sql_conn *conn, oid_t relation, const struct schema_column *c,
		       struct sql_error *err)
{
	char identity[2] = { c->identity, '\0' };
	char generated[2] = { c->generated, '\0' };

	return store_exec(conn, err,
			  "INSERT INTO pgblob_attribute VALUES(%u, %d, %Q, %u, %d, %d, %Q, %Q, %Q, %Q)",
			  relation, c->attnum, c->name, c->type, c->typmod, c->not_null,
			  c->identity != 0 ? identity : NULL, c->generated != 0 ? generated : NULL,
			  c->identity != 0 ? NULL : c->default_text, c->collation);
}

static void format_numbers(char *out, size_t size, const int16_t *numbers, size_t n)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, i == 0 ? "%d" : " %d", numbers[i]);
}

static bool put_constraint(struct sql_conn *conn, oid_t relation,
			   const struct schema_constraint *c, struct sql_error *err)
{
	char columns[1600 * 6];
	char ref_columns[64 * 8];
	char type[2] = { c->type, '\0' };
	char on_update[2] = { c->on_update, '\0' };
	char on_delete[2] = { c->on_delete, '\0' };
	char match[2] = { c->match, '\0' };
	bool foreign = c->type == 'f';

	format_numbers(columns, sizeof(columns), c->columns, c->n_columns);
	format_numbers(ref_columns, sizeof(ref_columns), c->ref_columns, c->n_ref_columns);
	return store_exec(conn, err,
			  "INSERT INTO pgblob_constraint VALUES(%u, %u, %Q, %Q, %Q, %u, %u, %Q, %Q, "
			  "%Q, %Q, %d, %d, %Q)",
			  c->oid, relation, c->name, type, columns, c->index, c->ref_relation,
			  foreign ? ref_columns : NULL, foreign ? on_update : NULL,
			  foreign ? on_delete : NULL, foreign ? match : NULL, c->deferrable,
			  c->deferred, c->check_text);
}

static bool put_index(struct sql_conn *conn, oid_t relation, const struct schema_index *x,
		      struct sql_error *err)
{
	if (!store_exec(conn, err,
			"INSERT INTO pgblob_index VALUES(%u, %u, %Q, %Q, %d, %d, %Q, %u)", x->oid,
			relation, x->name, x->sqlite_name, x->unique, x->primary, x->where_text,
			x->constraint))
		return false;
	for (size_t i = 0; i < x->n_keys; i++) {
		const struct schema_index_key *k = &x->keys[i];

		if (!store_exec(conn, err,
				"INSERT INTO pgblob_index_key VALUES(%u, %d, %d, %Q, %d, %d)", x->oid,
				(int)i + 1, k->attnum, k->text, k->descending, k->nulls_first))
			return false;
	}
	return true;
}

/* The rows that store_put_relation() writes; comments stay. */
static bool remove_rows(struct sql_conn *conn, oid_t oid, struct sql_error *err)
{
	return store_exec(conn, err,
			  "DELETE FROM pgblob_index_key WHERE index_oid IN"
			  " (SELECT oid FROM pgblob_index WHERE relation = %u);"
			  "DELETE FROM pgblob_index WHERE relation = %u;"
			  "DELETE FROM pgblob_constraint WHERE relation = %u;"
			  "DELETE FROM pgblob_attribute WHERE relation = %u;"
			  "DELETE FROM pgblob_class WHERE oid = %u",
			  oid, oid, oid, oid, oid);
}

bool store_put_relation(struct sql_conn *conn, const struct schema_relation *r,
			struct sql_error *err)
{
	char kind[2] = { r->kind, '\0' };

	if (!remove_rows(conn, r->oid, err) ||
	    !store_exec(conn, err, "INSERT INTO pgblob_class VALUES(%u, %Q, %u, %Q, %u, %Q, %Q)",
			r->oid, r->name, r->namespace_oid, kind, r->type, r->sqlite_name,
			r->view_text))
		return false;
	for (size_t i = 0; i < r->n_columns; i++) {
		if (!put_column(conn, r->oid, &r->columns[i], err))
			return false;
	}
	for (size_t i = 0; i < r->n_constraints; i++) {
		if (!put_constraint(conn, r->oid, &r->constraints[i], err))
			return false;
	}
	for (size_t i = 0; i < r->n_indexes; i++) {
		if (!put_index(conn, r->oid, &r->indexes[i], err))
			return false;
	}
	return true;
}

bool store_remove_relation(struct sql_conn *conn, oid_t oid, struct sql_error *err)
{
	return store_exec(conn, err,
			  "DELETE FROM pgblob_description WHERE object = %u OR object IN"
			  " (SELECT oid FROM pgblob_index WHERE relation = %u UNION"
			  "  SELECT oid FROM pgblob_constraint WHERE relation = %u);"
			  "DELETE FROM pgblob_depend WHERE object = %u",
			  oid, oid, oid, oid) &&
	       remove_rows(conn, oid, err);
}

bool store_put_sequence(struct sql_conn *conn, const struct schema_sequence *q,
			oid_t namespace_oid, const int64_t *restart, struct sql_error *err)
{
	char kind[2] = { q->owner_kind, '\0' };

	if (!store_exec(conn, err,
			"INSERT INTO pgblob_sequence VALUES(%u, %Q, %u, %u, %lld, %lld, %lld, %lld, "
			"%lld, %d, %u, %d, %Q, %lld, 0)"
			" ON CONFLICT(oid) DO UPDATE SET name = excluded.name,"
			" namespace = excluded.namespace, type = excluded.type,"
			" start = excluded.start, increment = excluded.increment,"
			" min = excluded.min, max = excluded.max, cache = excluded.cache,"
			" cycle = excluded.cycle, owned_by = excluded.owned_by,"
			" owned_column = excluded.owned_column, owner_kind = excluded.owner_kind",
			q->oid, q->name, namespace_oid, q->type, (long long)q->start,
			(long long)q->increment, (long long)q->min, (long long)q->max,
			(long long)q->cache, q->cycle, q->owned_by, q->owned_column,
			q->owner_kind != 0 ? kind : NULL, (long long)q->start))
		return false;
	return restart == NULL ||
	       store_exec(conn, err,
			  "UPDATE pgblob_sequence SET last_value = %lld, is_called = 0 WHERE oid = %u",
			  (long long)*restart, q->oid);
}

bool store_remove_sequence(struct sql_conn *conn, oid_t oid, struct sql_error *err)
{
	return store_exec(conn, err,
			  "DELETE FROM pgblob_description WHERE object = %u;"
			  "DELETE FROM pgblob_sequence WHERE oid = %u",
			  oid, oid);
}

bool store_put_namespace(struct sql_conn *conn, oid_t oid, const char *name,
			 struct sql_error *err)
{
	return store_exec(conn, err, "INSERT OR REPLACE INTO pgblob_namespace VALUES(%u, %Q)", oid,
			  name);
}

bool store_remove_namespace(struct sql_conn *conn, oid_t oid, struct sql_error *err)
{
	return store_exec(conn, err,
			  "DELETE FROM pgblob_description WHERE object = %u;"
			  "DELETE FROM pgblob_namespace WHERE oid = %u",
			  oid, oid);
}

bool store_put_comment(struct sql_conn *conn, oid_t object, int16_t number, const char *text,
		       struct sql_error *err)
{
	if (text == NULL)
		return store_exec(conn, err,
				  "DELETE FROM pgblob_description WHERE object = %u AND number = %d",
				  object, number);
	return store_exec(conn, err, "INSERT OR REPLACE INTO pgblob_description VALUES(%u, %d, %Q)",
			  object, number, text);
}

bool store_put_dependency(struct sql_conn *conn, oid_t object, oid_t reference, int16_t number,
			  struct sql_error *err)
{
	return store_exec(conn, err, "INSERT OR IGNORE INTO pgblob_depend VALUES(%u, %u, %d)", object,
			  reference, number);
}

bool store_bump_cookie(struct sql_conn *conn, struct sql_error *err)
{
	int64_t cookie;

	return query_int(conn, "PRAGMA schema_version", 0, &cookie, err) &&
	       store_exec(conn, err, "PRAGMA schema_version = %u", (unsigned)cookie + 1);
}
