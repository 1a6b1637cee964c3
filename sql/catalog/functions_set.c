/*
 * functions_set.c - catalog functions that return rows, and access control lists
 *
 * Source: PostgreSQL 15 documentation, sections 5.7 "Privileges" (the letters) and 9.26.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sql/catalog/functions.h"
#include "sql/catalog/names.h"
#include "sql/func/datum.h"
#include "sql/func/set.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/schema.h"

static void set_text(struct datum *d, const char *text, size_t len)
{
	d->kind = DATUM_TEXT;
	d->data = text;
	d->len = len;
}

static void set_int(struct datum *d, int64_t v)
{
	d->kind = DATUM_INT;
	d->i = v;
}

/* ---- rows of a relation, and none ---- */

static bool empty_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	(void)n, (void)argv, (void)err;
	c->n_list = 0;
	c->done = true;
	return true;
}

/* All rows of a query, which has n_columns columns. */
static bool query_rows(struct set_cursor *c, const char *sql, int n_columns, struct sql_error *err)
{
	sqlite3_stmt *stmt;
	struct datum *list;
	size_t n = 0;
	int rc;

	if (sqlite3_prepare_v2(c->conn->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(c->conn->db));
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		n++;
	sqlite3_reset(stmt);
	list = rc != SQLITE_DONE ? NULL : set_rows(c, n, n_columns, err);
	for (size_t r = 0; list != NULL && r < n && sqlite3_step(stmt) == SQLITE_ROW; r++) {
		for (int i = 0; i < n_columns; i++) {
			struct datum d = func_datum(sqlite3_column_value(stmt, i));

			if (!set_keep(c, &d, err)) {
				sqlite3_finalize(stmt);
				return false;
			}
			*list++ = d;
		}
	}
	if (rc != SQLITE_DONE)
		sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(c->conn->db));
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE && list != NULL;
}

static bool settings_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	(void)n, (void)argv;
	return query_rows(c, "SELECT * FROM \"pg_catalog.pg_settings\"", 17, err);
}

static bool abbrevs_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	(void)n, (void)argv;
	return query_rows(c, "SELECT * FROM \"pg_catalog.pg_timezone_abbrevs\"", 3, err);
}

static bool zones_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	(void)n, (void)argv;
	return query_rows(c, "SELECT * FROM \"pg_catalog.pg_timezone_names\"", 4, err);
}

static bool locks_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	(void)n, (void)argv;
	return query_rows(c, "SELECT * FROM \"pg_catalog.pg_locks\"", 16, err);
}

static bool keywords_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	enum { COLUMNS = 5, BARE_LABEL = 2 };
	const struct pgcat_rows *rows = pgcat_rows("pg_get_keywords");
	struct datum *list = set_rows(c, rows->n_rows, COLUMNS, err);

	(void)n, (void)argv;
	for (uint32_t r = 0; list != NULL && r < rows->n_rows; r++) {
		for (unsigned i = 0; i < COLUMNS; i++, list++) {
			size_t len;
			bool null;
			const char *at = pgcat_field(rows, r, i, &len, &null);

			if (i == BARE_LABEL)
				set_int(list, at[0] == 't');
			else
				set_text(list, at, len);
		}
	}
	return rows->n_rows == 0 || c->list != NULL;
}

/* pg_options_set(array of "name=value") */
static bool options_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;
	struct datum d;

	if (n < 1 || func_any_null(n, argv))
		return empty_start(c, n, argv, err);
	d = func_datum(argv[0]);
	if (!datum_keep(&c->arena, &d, &d) || !array_decode(&d, &c->arena, &a))
		return sql_error_no_memory(err);
	struct datum *list = set_rows(c, a.n, 2, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < a.n; i++, list += 2) {
		const struct datum *e = &a.elements[i];
		const char *equals = e->kind != DATUM_TEXT ? NULL : memchr(e->data, '=', e->len);

		list[0] = *e;
		list[1].kind = DATUM_NULL;
		if (equals == NULL)
			continue;
		list[0].len = (size_t)(equals - e->data);
		set_text(&list[1], equals + 1, e->len - list[0].len - 1);
	}
	return true;
}

/* ---- access control lists ---- */

/* In the order in which PostgreSQL tells them. */
static const struct privilege {
	char letter;
	const char *name;
} privileges[] = {
	{ 'a', "INSERT" },   { 'r', "SELECT" },  { 'w', "UPDATE" },     { 'd', "DELETE" },  { 'D', "TRUNCATE" },
	{ 'x', "REFERENCES" }, { 't', "TRIGGER" }, { 'X', "EXECUTE" },  { 'U', "USAGE" },   { 'C', "CREATE" },
	{ 'T', "TEMPORARY" }, { 'c', "CONNECT" }, { 's', "SET" },       { 'A', "ALTER SYSTEM" },
};

/* The role of a name in an item, which may be quoted; empty is PUBLIC, 0. */
static oid_t item_role(const struct sql_env *env, const char *text, size_t len)
{
	char name[NAME_MAX_LEN + 1];
	size_t n = 0;

	for (size_t i = 0; i < len && n < NAME_MAX_LEN; i++) {
		if (text[i] == '"' && !(i + 1 < len && text[i + 1] == '"' && i > 0))
			continue;
		name[n++] = text[i];
	}
	name[n] = '\0';
	return n == 0 ? 0 : names_find_role(env, name);
}

/* "grantee=letters/grantor": its rows at `list`, their number */
static size_t explode(const struct sql_env *env, const struct datum *item, struct datum *list)
{
	const char *equals = item->kind != DATUM_TEXT ? NULL : memchr(item->data, '=', item->len);
	const char *end = item->kind != DATUM_TEXT ? NULL : item->data + item->len;
	const char *slash = equals == NULL ? NULL : memchr(equals, '/', (size_t)(end - equals));
	size_t n = 0;

	if (slash == NULL)
		return 0;
	oid_t grantee = item_role(env, item->data, (size_t)(equals - item->data));
	oid_t grantor = item_role(env, slash + 1, (size_t)(end - slash - 1));
	for (size_t p = 0; p < ARRAY_LEN(privileges); p++) {
		const char *at = memchr(equals, privileges[p].letter, (size_t)(slash - equals));

		if (at == NULL)
			continue;
		set_int(list++, grantor);
		set_int(list++, grantee);
		set_text(list++, privileges[p].name, strlen(privileges[p].name));
		set_int(list++, at[1] == '*');
		n++;
	}
	return n;
}

static bool aclexplode_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;
	struct datum d;
	size_t rows = 0;

	if (n < 1 || func_any_null(n, argv))
		return empty_start(c, n, argv, err);
	d = func_datum(argv[0]);
	if (!datum_keep(&c->arena, &d, &d) || !array_decode(&d, &c->arena, &a))
		return sql_error_no_memory(err);
	struct datum *list = set_rows(c, a.n * ARRAY_LEN(privileges), 4, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < a.n; i++)
		rows += explode(c->conn->env, &a.elements[i], list + rows * 4);
	c->n_list = rows;
	return true;
}

/* pg_acl_default(kind of object, owner) */
static void fn_acl_default(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const struct {
		char kind;
		const char *world; /* what PUBLIC may */
		const char *owner;
	} defaults[] = {
		{ 'c', "", "" },    { 'r', "", "arwdDxt" }, { 's', "", "rwU" }, { 'd', "Tc", "CTc" },
		{ 'f', "X", "X" },  { 'l', "U", "U" },      { 'L', "", "rw" },  { 'n', "", "UC" },
		{ 't', "", "C" },   { 'F', "", "U" },       { 'S', "", "U" },   { 'T', "U", "U" },
		{ 'p', "", "sA" },
	};
	struct sql_conn *conn = func_conn(ctx);
	char name[NAME_MAX_LEN + 1];
	struct buf who = BUF_INIT(1024);
	struct buf *b = func_buf(conn);

	if (func_any_null(n, argv))
		return;
	char kind = *(const char *)sqlite3_value_text(argv[0]);
	size_t i = 0;
	while (i < ARRAY_LEN(defaults) && defaults[i].kind != kind)
		i++;
	if (i == ARRAY_LEN(defaults)) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized objtype abbreviation: %c", kind);
		return;
	}
	if (!names_of_role(conn->env, catalog_oid(argv[1]), name))
		snprintf(name, sizeof(name), "%u", catalog_oid(argv[1]));
	names_quote(&who, name);
	const char *owner = buf_str(&who);
	buf_put_byte(b, '{');
	if (defaults[i].world[0] != '\0')
		buf_printf(b, "=%s/%s,", defaults[i].world, owner);
	if (defaults[i].owner[0] != '\0')
		buf_printf(b, "%s=%s/%s", owner, defaults[i].owner, owner);
	buf_put_byte(b, '}');
	if (b->failed)
		func_no_memory(ctx);
	else
		catalog_result_form(ctx, ACLITEMARRAYOID, b->data, b->len);
	buf_free(&who);
}

static const struct set_function catalog_sets[] = {
	{ "pg_keywords_set", 5, 0, keywords_start, NULL },
	{ "pg_options_set", 2, 1, options_start, NULL },
	{ "pg_aclexplode_set", 4, 1, aclexplode_start, NULL },
	{ "pg_settings_set", 17, 0, settings_start, NULL },
	{ "pg_abbrevs_set", 3, 0, abbrevs_start, NULL },
	{ "pg_zones_set", 4, 0, zones_start, NULL },
	{ "pg_locks_set", 16, 0, locks_start, NULL },
	/* nothing of these can be: partitions, extensions, replication, other roles' cursors */
	{ "pg_empty1_set", 1, 1, empty_start, NULL },
	{ "pg_empty3_set", 3, 1, empty_start, NULL },
	{ "pg_empty4_set", 4, 1, empty_start, NULL },
	{ "pg_empty5_set", 5, 1, empty_start, NULL },
	{ "pg_empty8_set", 8, 1, empty_start, NULL },
	{ "pg_empty14_set", 14, 1, empty_start, NULL },
	{ 0 },
};

bool catalog_sets_register(struct sql_conn *conn)
{
	return set_register(conn, catalog_sets);
}

const struct func_udf catalog_set_udfs[] = {
	STABLE("pg_acl_default", 2, fn_acl_default),
	{ .name = NULL },
};

const struct func_impl catalog_set_impls[] = {
	{ 1686, "pg_get_keywords()", FUNC_SET, "pg_keywords_set()", 0 },
	{ 2289, "pg_options_to_table(text[])", FUNC_SET, "pg_options_set($1)", 0 },
	{ 1689, "aclexplode(aclitem[])", FUNC_SET, "pg_aclexplode_set($1)", 0 },
	{ 3943, "acldefault(\"char\",oid)", FUNC_SCALAR, "pg_acl_default($1, $2)", FUNC_CHECKED },
	{ 2084, "pg_show_all_settings()", FUNC_SET, "pg_settings_set()", 0 },
	{ 2599, "pg_timezone_abbrevs()", FUNC_SET, "pg_abbrevs_set()", 0 },
	{ 2856, "pg_timezone_names()", FUNC_SET, "pg_zones_set()", 0 },
	{ 1371, "pg_lock_status()", FUNC_SET, "pg_locks_set()", 0 },
	{ 13208, "information_schema._pg_expandarray(anyarray)", FUNC_SET, "pg_expandarray($1)", 0 },
	{ 3425, "pg_partition_ancestors(regclass)", FUNC_SET, "pg_empty1_set($1)", 0 },
	{ 3423, "pg_partition_tree(regclass)", FUNC_SET, "pg_empty4_set($1)", 0 },
	{ 3424, "pg_partition_root(regclass)", FUNC_SCALAR, "NULL", 0 },
	{ 3082, "pg_available_extensions()", FUNC_SET, "pg_empty3_set()", 0 },
	{ 3083, "pg_available_extension_versions()", FUNC_SET, "pg_empty8_set()", 0 },
	{ 1065, "pg_prepared_xact()", FUNC_SET, "pg_empty5_set()", 0 },
	{ 3781, "pg_get_replication_slots()", FUNC_SET, "pg_empty14_set()", 0 },
	{ 6119, "pg_get_publication_tables(text)", FUNC_SET, "pg_empty3_set($1)", 0 },
	{ 0, NULL, FUNC_SCALAR, NULL, 0 },
};
