/*
 * own.c - functions that PostgreSQL does not have
 *
 * Written by hand; names and arguments are in PostgreSQL's style, and the OIDs of a
 * range that no PostgreSQL gives.
 * Licence: MIT, see LICENSE.
 */
#include "base/compiler.h"
#include "sql/pgcat/tables.h"
#include "sql/type.h"

enum { PG_CATALOG = 11, INTERNAL_LANGUAGE = 12 };

static const oid_t one_text[] = { TEXTOID };
static const char *const snapshot_name[] = { "snapshot_name" };

#define VOLATILE_OF_NAME(oid_, name, result) \
	{ .oid = oid_, .proname = name, .prosrc = name, .prokind = 'f', .provolatile = 'v', \
	  .proisstrict = true, .pronargs = 1, .prorettype = result, .proargtypes = one_text, \
	  .proargnames = snapshot_name, .procost = 1, .proparallel = 'u', \
	  .prolang = INTERNAL_LANGUAGE, .pronamespace = PG_CATALOG }

const struct pg_proc_row pgcat_own_proc_rows[] = {
	VOLATILE_OF_NAME(PGBLOB_CREATE_SNAPSHOT_PROC, "pgblob_create_snapshot", INT8OID),
	VOLATILE_OF_NAME(PGBLOB_DROP_SNAPSHOT_PROC, "pgblob_drop_snapshot", VOIDOID),
};
const size_t pgcat_n_own_procs = ARRAY_LEN(pgcat_own_proc_rows);
