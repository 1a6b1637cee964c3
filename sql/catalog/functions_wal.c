/*
 * functions_wal.c - where the log is: slots as positions of the write-ahead log
 *
 * The slot that a database has come to is its pg_lsn: 0/A is slot 10.
 *
 * Source: PostgreSQL 15 documentation, section 9.27.3 and 9.27.4, "Backup" and "Recovery
 * Control Functions".
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>

#include "sql/catalog/functions.h"
#include "sql/env.h"
#include "sql/func/tables.h"
#include "vfs/vfs.h"

#define EPOCH_2000_US INT64_C(946684800000000)

/* 55000 unless the server is (not) a standby, as the function needs it. */
static bool check_recovery(sqlite3_context *ctx, bool wanted)
{
	struct sql_conn *conn = func_conn(ctx);

	if (conn->env->in_recovery == wanted)
		return true;
	func_fail(ctx, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		  wanted ? "recovery is not in progress" : "recovery is in progress");
	return sql_error_hint(&conn->err, wanted ?
			      "Recovery control functions can only be executed during recovery." :
			      "WAL control functions cannot be executed during recovery.");
}

static void result_head(sqlite3_context *ctx)
{
	uint64_t lsn;

	if (vfs_head_lsn(func_conn(ctx)->db, &lsn) == VFS_OK)
		sqlite3_result_int64(ctx, (sqlite3_int64)lsn);
}

static void fn_current_lsn(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	if (check_recovery(ctx, false))
		result_head(ctx);
}

/* NULL on a server that is no standby. */
static void fn_replay_lsn(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	if (func_conn(ctx)->env->in_recovery)
		result_head(ctx);
}

static void fn_replay_time(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t time_us;

	(void)n, (void)argv;
	if (func_conn(ctx)->env->in_recovery && vfs_head_time(func_conn(ctx)->db, &time_us) == VFS_OK)
		sqlite3_result_int64(ctx, time_us - EPOCH_2000_US);
}

static void fn_replay_paused(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	if (check_recovery(ctx, true))
		func_result_bool(ctx, false);
}

static void fn_pause_state(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char state[] = "not paused";

	(void)n, (void)argv;
	if (check_recovery(ctx, true))
		func_result_text(ctx, state, sizeof(state) - 1);
}

/* As numeric: it may take 65 bits. */
static void fn_lsn_diff(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	char text[24];

	if (func_any_null(n, argv))
		return;
	uint64_t a = (uint64_t)sqlite3_value_int64(argv[0]);
	uint64_t b = (uint64_t)sqlite3_value_int64(argv[1]);
	int len = snprintf(text, sizeof(text), "%s%" PRIu64, a < b ? "-" : "", a < b ? b - a : a - b);
	catalog_result_form(ctx, NUMERICOID, text, (size_t)len);
}

const struct func_udf catalog_wal_udfs[] = {
	PURE("pg_lsn_diff", 2, fn_lsn_diff),
	STABLE("pg_current_lsn", 0, fn_current_lsn),
	STABLE("pg_replay_lsn", 0, fn_replay_lsn),
	STABLE("pg_replay_time", 0, fn_replay_time),
	STABLE("pg_replay_paused", 0, fn_replay_paused),
	STABLE("pg_replay_pause_state", 0, fn_pause_state),
	{ 0 },
};

const struct func_impl catalog_wal_impls[] = {
	{ 2849, "pg_current_wal_lsn()", FUNC_SCALAR, "pg_current_lsn()", FUNC_CHECKED },
	{ 2852, "pg_current_wal_insert_lsn()", FUNC_SCALAR, "pg_current_lsn()", FUNC_CHECKED },
	{ 3330, "pg_current_wal_flush_lsn()", FUNC_SCALAR, "pg_current_lsn()", FUNC_CHECKED },
	{ 3237, "pg_lsn_mi(pg_lsn,pg_lsn)", FUNC_SCALAR, "pg_lsn_diff($1, $2)", 0 },
	{ 3165, "pg_wal_lsn_diff(pg_lsn,pg_lsn)", FUNC_SCALAR, "pg_lsn_diff($1, $2)", 0 },
	{ 3820, "pg_last_wal_receive_lsn()", FUNC_SCALAR, "pg_replay_lsn()", 0 },
	{ 3821, "pg_last_wal_replay_lsn()", FUNC_SCALAR, "pg_replay_lsn()", 0 },
	{ 3830, "pg_last_xact_replay_timestamp()", FUNC_SCALAR, "pg_replay_time()", 0 },
	{ 3073, "pg_is_wal_replay_paused()", FUNC_SCALAR, "pg_replay_paused()", FUNC_CHECKED },
	{ 1137, "pg_get_wal_replay_pause_state()", FUNC_SCALAR, "pg_replay_pause_state()", FUNC_CHECKED },
	{ 0 },
};
