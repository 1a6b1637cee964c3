/*
 * functions.h - what the files of catalog functions share
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_FUNCTIONS_H
#define PGBLOB_SQL_CATALOG_FUNCTIONS_H

#include "sql/func/impl.h"

struct schema;

/* The schema in memory; NULL after 0A000 was reported: there is none in the shell. */
const struct schema *catalog_schema(sqlite3_context *ctx, const char *function);

/* The OID that a value holds: an integer, or 0 for what is none. */
oid_t catalog_oid(sqlite3_value *v);

/* A text form, as type_in() reads it, as the result: arrays of names and numbers. */
void catalog_result_form(sqlite3_context *ctx, oid_t type, const char *text, size_t len);

#endif
