/*
 * regexp.c - LIKE and its relatives, regular expressions
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"

void func_regexp_cache_free(struct func_state *state)
{
	(void)state;
}
