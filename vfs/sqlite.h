/*
 * sqlite.h - SQLite's API, linked or handed over
 *
 * Code that runs both in the daemon and in pgblob.so includes this instead of
 * <sqlite3.h>: in the extension (-DPGBLOB_EXTENSION) every call goes through
 * the table that the host gave to sqlite3_pgblob_init().
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_SQLITE_H
#define PGBLOB_VFS_SQLITE_H

#ifdef PGBLOB_EXTENSION
#include <sqlite3ext.h>
#ifndef PGBLOB_EXTENSION_MAIN
SQLITE_EXTENSION_INIT3
#endif
#else
#include <sqlite3.h>
#endif

#endif
