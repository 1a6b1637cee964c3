/*
 * extension.c - entry of pgblob.so, the storage engine for any SQLite program
 *
 *	.load pgblob
 *	.open 'file:myapp?vfs=pgblob'
 *
 * The library stays loaded: its VFS and its background thread outlive the
 * connection that loaded it.
 * Licence: MIT, see LICENSE.
 */
#define PGBLOB_EXTENSION_MAIN
#include "vfs/sqlite.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "vfs/register.h"
#include "vfs/vfs.h"

SQLITE_EXTENSION_INIT1

/*
 * The functions and collations that our tables use, if the library was linked
 * with them (sql/ is above this layer, so it is asked for by name only).
 */
extern bool sql_functions_register(sqlite3 *db) __attribute__((weak));

__attribute__((visibility("default"))) int
sqlite3_pgblob_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

/* Every new connection: ours get our settings, all get the functions. */
static int prepare(sqlite3 *db, const char **message, const struct sqlite3_api_routines *api)
{
	struct error err = ERROR_INIT;
	char *name = NULL;
	bool ours;

	(void)api;
	if (sql_functions_register != NULL && !sql_functions_register(db))
		return SQLITE_ERROR;
	ours = sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &name) == SQLITE_OK &&
	       name != NULL && sqlite3_stricmp(name, "pgblob") == 0;
	sqlite3_free(name);
	if (ours && !vfs_prepare_connection(db, &err)) {
		*message = sqlite3_mprintf("%s", err.text);
		return SQLITE_ERROR;
	}
	return SQLITE_OK;
}

int sqlite3_pgblob_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	struct error err = ERROR_INIT;
	int rc;

	SQLITE_EXTENSION_INIT2(api);
	if (sqlite3_libversion_number() < 3040000) {
		*message = sqlite3_mprintf("pgblob needs SQLite 3.40 or newer, this is %s",
					   sqlite3_libversion());
		return SQLITE_ERROR;
	}
	log_set_level(LOG_LEVEL_WARN);
	if (!vfs_register(&err)) {
		*message = sqlite3_mprintf("%s", err.text);
		return SQLITE_ERROR;
	}
	if (sql_functions_register != NULL && !sql_functions_register(db))
		return SQLITE_ERROR;
	rc = sqlite3_auto_extension((void (*)(void))prepare);
	return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
