/*
 * scan.h - how deeply a text nests, told before a recursive parser sees it
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_SCAN_H
#define PGBLOB_SQL_ANALYZE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/error.h"

/*
 * No parse tree of a text that passes is deeper than this many levels.  Measured
 * (scan.c): 64 MiB of stack hold three times as many in the parser's deepest recursion.
 */
enum { SCAN_MAX_DEPTH = 10000 };

/* False: 54001, at the place where it became too deep. */
MUST_CHECK bool scan_depth(const char *text, struct sql_error *err);

#endif
