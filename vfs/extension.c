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

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/log.h"
#include "vfs/disk_cache.h"
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

/* 0, or a size like 4096, 64kB, 64MB or 1GB, as in the daemon's configuration. */
static bool parse_size(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = { { "", 0 }, { "B", 0 }, { "kB", 10 }, { "KB", 10 }, { "MB", 20 }, { "GB", 30 } };
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (end == text || errno != 0 || text[0] < '0' || text[0] > '9' || n > UINT64_MAX >> 30)
		return false;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		*out = (uint64_t)n << units[i].shift;
		return true;
	}
	return false;
}

/* Only who asks for a disk cache has one: README.md, "Disk cache". */
static bool start_disk_cache(struct error *err)
{
	const char *size = getenv("STORAGE_DISK_CACHE_SIZE");
	const char *folder = getenv("PGBLOB_CACHE_DIR");
	const char *path = getenv("DB_PATH");
	char text[4096], url[2048];
	uint64_t bytes;

	if (size == NULL || *size == '\0')
		return true;
	if (!parse_size(size, &bytes) || (bytes != 0 && bytes < DISK_CACHE_MIN))
		return error_set(err, "STORAGE_DISK_CACHE_SIZE must be 0, or a size of 16MB or more");
	if (folder == NULL || *folder == '\0') {
		if (path == NULL || *path == '\0')
			return true;
		/* the daemon's rule: a local folder is no slower than the cache */
		if (!vfs_store_url_of_environment(url, sizeof(url), err))
			return false;
		if (strncmp(url, "file:", 5) == 0)
			return true;
		if ((size_t)snprintf(text, sizeof(text), "%s-cache", path) >= sizeof(text))
			return error_set(err, "DB_PATH is too long");
		folder = text;
	}
	vfs_disk_cache_start(folder, bytes);
	return true;
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
	if (!vfs_register(&err) || !start_disk_cache(&err)) {
		*message = sqlite3_mprintf("%s", err.text);
		return SQLITE_ERROR;
	}
	if (sql_functions_register != NULL && !sql_functions_register(db))
		return SQLITE_ERROR;
	rc = sqlite3_auto_extension((void (*)(void))prepare);
	return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
