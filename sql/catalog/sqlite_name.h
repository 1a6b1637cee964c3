/*
 * sqlite_name.h - the name in SQLite of a table, view, index of PostgreSQL
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_SQLITE_NAME_H
#define PGBLOB_SQL_CATALOG_SQLITE_NAME_H

#include <stdbool.h>

struct arena;

/* The SQLite name of namespace_name.name; NULL when out of memory. */
char *sqlite_name_of(struct arena *arena, const char *namespace_name, const char *name);

/*
 * The other way round, for objects that other programs made: their schema and
 * name.  A name with no readable schema part is of public.
 */
bool sqlite_name_split(struct arena *arena, const char *sqlite_name,
		       const char **namespace_name, const char **name);

/* Is it one of our own tables, or SQLite's, which no client sees? */
bool sqlite_name_is_internal(const char *sqlite_name);

#endif
