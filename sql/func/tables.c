/*
 * tables.c - one line for each file that brings functions
 *
 * The first that has an OID wins.
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/tables.h"

#include "sql/catalog/sequence.h"

const struct func_table func_tables[] = {
	{ compare_impls, NULL, collate_register },
	{ integer_impls, integer_udfs, NULL },
	{ float_impls, float_udfs, NULL },
	{ numeric_impls, numeric_udfs, NULL },
	{ text_impls, text_udfs, NULL },
	{ cast_impls, cast_udfs, NULL },
	{ sequence_impls, NULL, sequence_register },
	{ NULL, analyzed_udfs, NULL },
	{ regexp_impls, regexp_udfs, NULL },
	{ datetime_impls, datetime_udfs, datetime_sets_register },
	{ datetime_part_impls, datetime_part_udfs, NULL },
	{ datetime_make_impls, datetime_make_udfs, NULL },
	{ interval_impls, interval_udfs, NULL },
	{ to_char_impls, to_char_udfs, NULL },
	{ json_impls, json_udfs, json_sets_register },
	{ array_impls, array_udfs, NULL },
	{ aggregate_impls, aggregate_udfs, NULL },
	{ set_impls, NULL, basic_sets_register },
	{ session_impls, session_udfs, NULL },
	{ catalog_impls, catalog_udfs, catalog_init },
	{ catalog_def_impls, catalog_def_udfs, NULL },
	{ catalog_privilege_impls, catalog_privilege_udfs, NULL },
	{ catalog_size_impls, catalog_size_udfs, NULL },
	{ catalog_wal_impls, catalog_wal_udfs, NULL },
	{ catalog_pgblob_impls, catalog_pgblob_udfs, NULL },
	{ catalog_set_impls, catalog_set_udfs, catalog_sets_register },
};
const size_t n_func_tables = ARRAY_LEN(func_tables);
