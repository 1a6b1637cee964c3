/*
 * numeric.h - exact numbers as arguments and results
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_NUMERIC_H
#define PGBLOB_SQL_FUNC_NUMERIC_H

#include <stdbool.h>

struct numeric;
struct sqlite3_context;
struct sqlite3_value;

/* False for NULL, and after an error that was reported. */
bool func_numeric(struct sqlite3_context *ctx, struct sqlite3_value *v, struct numeric *n);
/* Encode and free it. */
void func_result_numeric(struct sqlite3_context *ctx, struct numeric *n);

#endif
