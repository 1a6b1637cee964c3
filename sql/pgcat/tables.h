/*
 * tables.h - the generated tables, for pgcat.c
 *
 * Indexes are numbers of rows, not pointers, so that they need no relocation at start.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_PGCAT_TABLES_H
#define PGBLOB_SQL_PGCAT_TABLES_H

#include "sql/pgcat.h"

extern const struct pg_type_row pgcat_type_rows[]; /* by oid */
extern const size_t pgcat_n_types;
extern const uint16_t pgcat_types_by_name[]; /* of pg_catalog only */
extern const size_t pgcat_n_types_by_name;

struct pgcat_ordering_row {
	oid_t type;
	struct type_ordering ordering;
};
extern const struct pgcat_ordering_row pgcat_ordering_rows[]; /* by type */
extern const size_t pgcat_n_orderings;

extern const struct pg_proc_row pgcat_proc_rows[]; /* by name, oid */
extern const size_t pgcat_n_procs;
extern const uint16_t pgcat_procs_by_oid[];

extern const struct pg_proc_row pgcat_own_proc_rows[]; /* own.c, by name and by oid */
extern const size_t pgcat_n_own_procs;

extern const struct pg_operator_row pgcat_operator_rows[]; /* by name, oid */
extern const size_t pgcat_n_operators;
extern const uint16_t pgcat_operators_by_oid[];

extern const struct pg_cast_row pgcat_cast_rows[]; /* by source, target */
extern const size_t pgcat_n_casts;

extern const struct pg_aggregate_row pgcat_aggregate_rows[]; /* by function */
extern const size_t pgcat_n_aggregates;

extern const struct pg_setting_row pgcat_setting_rows[]; /* by name in lower case */
extern const size_t pgcat_n_settings;

extern const struct pgcat_rows pgcat_rows_pg_attribute, pgcat_rows_pg_description,
	pgcat_rows_pg_proc;
extern const struct pgcat_rows *const pgcat_all_rows[]; /* by name */
extern const size_t pgcat_n_all_rows;

#endif
