/*
 * tables.h - the files that bring functions
 *
 * To add functions in another folder: a table of struct func_impl ended by one with
 * proc 0, a table of struct func_udf ended by one with name NULL (either may be
 * missing), and a line in tables.c.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_TABLES_H
#define PGBLOB_SQL_FUNC_TABLES_H

#include "sql/func/impl.h"

struct func_table {
	const struct func_impl *impls;
	const struct func_udf *udfs;
	bool (*init)(struct sql_conn *conn); /* whatever else is to be registered; or NULL */
};

extern const struct func_table func_tables[];
extern const size_t n_func_tables;

extern const struct func_impl compare_impls[];
extern const struct func_impl sequence_impls[]; /* catalog/sequence.c */
extern const struct func_udf analyzed_udfs[];
extern const struct func_impl integer_impls[], float_impls[], text_impls[], cast_impls[],
	numeric_impls[], regexp_impls[], array_impls[], json_impls[], datetime_impls[],
	datetime_part_impls[], datetime_make_impls[], interval_impls[], aggregate_impls[], set_impls[],
	session_impls[];
extern const struct func_udf integer_udfs[], float_udfs[], text_udfs[], cast_udfs[],
	numeric_udfs[], regexp_udfs[], array_udfs[], json_udfs[], datetime_udfs[],
	datetime_part_udfs[], datetime_make_udfs[], interval_udfs[], aggregate_udfs[], session_udfs[];

extern const struct func_impl to_char_impls[];
extern const struct func_udf to_char_udfs[];
bool datetime_sets_register(struct sql_conn *conn);
bool json_sets_register(struct sql_conn *conn);
bool basic_sets_register(struct sql_conn *conn);
/* sql/catalog */
extern const struct func_impl catalog_impls[], catalog_def_impls[], catalog_privilege_impls[],
	catalog_size_impls[], catalog_set_impls[], catalog_wal_impls[], catalog_pgblob_impls[];
extern const struct func_udf catalog_udfs[], catalog_def_udfs[], catalog_privilege_udfs[],
	catalog_size_udfs[], catalog_set_udfs[], catalog_wal_udfs[], catalog_pgblob_udfs[];
bool catalog_init(struct sql_conn *conn);
bool catalog_sets_register(struct sql_conn *conn);

bool collate_register(struct sql_conn *conn);
void func_regexp_cache_free(struct func_state *state);

#endif
