/*
 * fixture.c - a store, the VFS, and connections, for the tests of vfs/
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fixture_begin(struct fixture *f)
{
	struct error err = ERROR_INIT;

	if (f->inner == NULL) {
		f->inner = store_place_open(&f->place);
		f->faults = fault_open(f->inner);
	}
	f->config.store = f->faults;
	ck_assert_msg(vfs_init(&f->config, &err), "%s", err.text);
}

void fixture_open_with(struct fixture *f, int kind, const struct vfs_config *config)
{
	struct error err = ERROR_INIT;

	memset(f, 0, sizeof(*f));
	store_place_init(&store_kinds[kind], &f->place);
	f->config = *config;
	fixture_begin(f);
	ck_assert_msg(vfs_create_database(f->faults, "app", &err) == VFS_OK, "%s", err.text);
	f->db = connect_to("app", NULL);
}

void fixture_open(struct fixture *f)
{
	struct vfs_config config = { .commit_timeout_ms = 2000 };

	fixture_open_with(f, 0, &config);
}

void fixture_restart(struct fixture *f)
{
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f->db));
	vfs_deinit();
	fixture_start(f);
}

void fixture_start(struct fixture *f)
{
	fixture_begin(f);
	f->db = connect_to("app", NULL);
}

void fixture_leave(struct fixture *f)
{
	ck_assert_int_eq(SQLITE_OK, sqlite3_close(f->db));
	vfs_deinit();
	blob_close(f->faults);
	blob_close(f->inner);
	f->faults = f->inner = NULL;
}

void fixture_close(struct fixture *f)
{
	fixture_leave(f);
	store_place_remove(&f->place);
}

static sqlite3 *connect_uri(const char *uri)
{
	struct error err = ERROR_INIT;
	sqlite3 *db;
	int rc = sqlite3_open_v2(uri, &db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI |
					 SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc != SQLITE_OK)
		(void)vfs_open_error(&err);
	ck_assert_msg(rc == SQLITE_OK, "%s: %s: %s", uri, sqlite3_errmsg(db), err.text);
	ck_assert_msg(vfs_prepare_connection(db, &err), "%s", err.text);
	return db;
}

sqlite3 *connect_to(const char *name, const char *query)
{
	char encoded[VFS_NAME_ENCODED];
	char uri[1024];

	vfs_encode_name(name, encoded);
	snprintf(uri, sizeof(uri), "file:%s?vfs=pgblob%s", encoded, query != NULL ? query : "");
	return connect_uri(uri);
}

sqlite3 *connect_elsewhere(struct fixture *f, const char *name)
{
	char query[512];

	/* one more slash: another name for the same place, so another store */
	snprintf(query, sizeof(query), "&store=%s/", f->place.url);
	return connect_to(name, query);
}

int try_exec(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? rc : sqlite3_extended_errcode(db);
}

void exec(sqlite3 *db, const char *sql)
{
	struct error err = ERROR_INIT;
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		(void)vfs_last_error(db, &err);
	ck_assert_msg(rc == SQLITE_OK, "%s: %s (%d): %s", sql, sqlite3_errmsg(db),
		      sqlite3_extended_errcode(db), err.text);
}

const char *query_text(sqlite3 *db, const char *sql)
{
	static _Thread_local char out[4096];
	struct error err = ERROR_INIT;
	sqlite3_stmt *stmt;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
		      sqlite3_errmsg(db));
	int rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		(void)vfs_last_error(db, &err);
	ck_assert_msg(rc == SQLITE_ROW, "%s: %s %s", sql, sqlite3_errmsg(db), err.text);
	const char *text = (const char *)sqlite3_column_text(stmt, 0);
	snprintf(out, sizeof(out), "%s", text != NULL ? text : "");
	sqlite3_finalize(stmt);
	return out;
}

int64_t query_int(sqlite3 *db, const char *sql)
{
	return strtoll(query_text(db, sql), NULL, 10);
}

void integrity_check(sqlite3 *db)
{
	ck_assert_str_eq("ok", query_text(db, "PRAGMA integrity_check"));
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

uint64_t content_hash(sqlite3 *db)
{
	uint64_t hash = 0xcbf29ce484222325u;
	sqlite3_stmt *tables;

	ck_assert_int_eq(SQLITE_OK, sqlite3_prepare_v2(db,
						       "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name",
						       -1, &tables, NULL));
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(tables, 0);
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY rowid", name);
		sqlite3_stmt *rows;
		int rc;

		hash = mix(hash, name, strlen(name));
		ck_assert_int_eq(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &rows, NULL));
		while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
			for (int i = 0; i < sqlite3_column_count(rows); i++) {
				const void *p = sqlite3_column_blob(rows, i);

				hash = mix(hash, p, (size_t)sqlite3_column_bytes(rows, i));
				hash = mix(hash, "|", 1);
			}
		ck_assert_msg(rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
		sqlite3_finalize(rows);
		sqlite3_free(sql);
	}
	sqlite3_finalize(tables);
	return hash;
}

uint32_t rnd(uint32_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % n;
}
