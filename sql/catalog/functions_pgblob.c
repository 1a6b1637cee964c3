/*
 * functions_pgblob.c - functions of our own: snapshots
 *
 * A snapshot is an object in the store, not a row: it is there at once, and no ROLLBACK
 * takes it back.  So these run outside of transaction blocks only.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>

#include "base/error.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "vfs/vfs.h"

enum { SNAPSHOT_NAME_MAX = 63 };

static const char *state_of(enum vfs_rc rc)
{
	switch (rc) {
	case VFS_EXISTS:
		return ERRCODE_DUPLICATE_OBJECT;
	case VFS_NOT_FOUND:
		return ERRCODE_UNDEFINED_OBJECT;
	case VFS_INVALID:
		return ERRCODE_INVALID_NAME;
	case VFS_UNKNOWN:
		return ERRCODE_CONNECTION_UNKNOWN;
	case VFS_CORRUPT:
		return ERRCODE_DATA_CORRUPTED;
	case VFS_OK:
	case VFS_LOST:
	case VFS_TIMEOUT:
	case VFS_CANCELED:
	case VFS_BUSY:
	case VFS_IO:
		break;
	}
	return ERRCODE_IO;
}

static void fail_vfs(sqlite3_context *ctx, enum vfs_rc rc, const struct error *err)
{
	struct sql_conn *conn = func_conn(ctx);

	sql_error_set(&conn->err, state_of(rc), "%s", err->text);
	if (err->hint[0] != '\0')
		(void)sql_error_hint(&conn->err, "%s", err->hint);
	sql_conn_fail(conn, ctx);
}

/* May the store be changed now, by something that cannot be rolled back? */
static bool may_change(sqlite3_context *ctx, const char *function)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct sql_env *env = conn->env;
	char command[64];

	snprintf(command, sizeof(command), "%s()", function);
	if (env->in_recovery || env->read_only) {
		func_fail(ctx, ERRCODE_READ_ONLY_TRANSACTION, "cannot execute %s %s", command,
			  env->in_recovery ? "during recovery" : "in a read-only transaction");
		return false;
	}
	if (env->prevent_block != NULL && !env->prevent_block(env, command)) {
		sql_conn_fail(conn, ctx);
		return false;
	}
	bool writes = sqlite3_txn_state(conn->db, "main") == SQLITE_TXN_WRITE;
	if (writes || (env->prevent_block == NULL && sqlite3_get_autocommit(conn->db) == 0)) {
		func_fail(ctx, ERRCODE_ACTIVE_TRANSACTION, "%s cannot run inside a %s", command,
			  writes ? "statement that writes" : "transaction block");
		return false;
	}
	return true;
}

/* Terminated; false after an error: no snapshot has a longer name, or one with a NUL. */
static bool name_of(sqlite3_context *ctx, sqlite3_value *v, char out[SNAPSHOT_NAME_MAX + 1])
{
	struct func_text t = func_text(v);

	if (t.len > SNAPSHOT_NAME_MAX || memchr(t.data, '\0', t.len) != NULL) {
		func_fail(ctx, ERRCODE_INVALID_NAME,
			  "invalid snapshot name: it is longer than %d bytes, or has a NUL in it",
			  SNAPSHOT_NAME_MAX);
		return false;
	}
	memcpy(out, t.data, t.len);
	out[t.len] = '\0';
	return true;
}

/* Where the database is that the connection is to. */
static bool place_of(sqlite3_context *ctx, struct blob_store **store, const char **database)
{
	if (vfs_handle_place(func_conn(ctx)->db, store, database) == VFS_OK)
		return true;
	func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED, "only a database of the VFS pgblob has snapshots");
	return false;
}

/* The slot of the version that is kept. */
static void fn_create_snapshot(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	char name[SNAPSHOT_NAME_MAX + 1];
	struct error err = ERROR_INIT;
	struct blob_store *store;
	const char *database;
	struct vfs_pin pin;

	if (func_any_null(n, argv) || !may_change(ctx, "pgblob_create_snapshot") ||
	    !name_of(ctx, argv[0], name) || !place_of(ctx, &store, &database))
		return;
	enum vfs_rc rc = vfs_create_snapshot(store, database, name, &pin, &err);
	if (rc == VFS_OK)
		sqlite3_result_int64(ctx, (sqlite3_int64)pin.lsn);
	else
		fail_vfs(ctx, rc, &err);
}

static void fn_drop_snapshot(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	char name[SNAPSHOT_NAME_MAX + 1];
	struct error err = ERROR_INIT;
	struct blob_store *store;
	const char *database;

	if (func_any_null(n, argv) || !may_change(ctx, "pgblob_drop_snapshot") ||
	    !name_of(ctx, argv[0], name) || !place_of(ctx, &store, &database))
		return;
	enum vfs_rc rc = vfs_drop_snapshot(store, database, name, &err);
	if (rc == VFS_OK)
		func_result_text(ctx, "", 0);
	else
		fail_vfs(ctx, rc, &err);
}

const struct func_udf catalog_pgblob_udfs[] = {
	DIRECT("pgblob_create_snapshot", 1, fn_create_snapshot),
	DIRECT("pgblob_drop_snapshot", 1, fn_drop_snapshot),
	{ 0 },
};

const struct func_impl catalog_pgblob_impls[] = {
	{ PGBLOB_CREATE_SNAPSHOT_PROC, "pgblob_create_snapshot(text)", FUNC_SCALAR,
	  "pgblob_create_snapshot($1)", FUNC_CHECKED },
	{ PGBLOB_DROP_SNAPSHOT_PROC, "pgblob_drop_snapshot(text)", FUNC_SCALAR,
	  "pgblob_drop_snapshot($1)", FUNC_CHECKED },
	{ 0 },
};
