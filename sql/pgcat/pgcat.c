/*
 * pgcat.c - look-ups in PostgreSQL's own catalog
 *
 * Everything here is binary search in constant tables.
 * Licence: MIT, see LICENSE.
 */
#include "sql/pgcat.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "sql/pgcat/tables.h"
#include "sql/type.h"

/*
 * The first i below n for which `not_yet` is false, as an expression of `i`.  A macro,
 * because each table has its own key and there are many tables.
 */
#define LOWER_BOUND(n, i, not_yet) __extension__({ \
	size_t lo_ = 0, hi_ = (n); \
	while (lo_ < hi_) { \
		size_t i = lo_ + (hi_ - lo_) / 2; \
		if (not_yet) \
			lo_ = i + 1; \
		else \
			hi_ = i; \
	} \
	lo_; \
})

const struct pg_type_row *pgcat_type(oid_t oid)
{
	size_t at = LOWER_BOUND(pgcat_n_types, i, pgcat_type_rows[i].oid < oid);

	return at < pgcat_n_types && pgcat_type_rows[at].oid == oid ? &pgcat_type_rows[at] : NULL;
}

const struct pg_type_row *pgcat_type_named(const char *name)
{
	size_t at = LOWER_BOUND(
		pgcat_n_types_by_name, i,
		strcmp(pgcat_type_rows[pgcat_types_by_name[i]].typname, name) < 0);

	if (at == pgcat_n_types_by_name)
		return NULL;
	const struct pg_type_row *row = &pgcat_type_rows[pgcat_types_by_name[at]];
	return strcmp(row->typname, name) == 0 ? row : NULL;
}

const struct pg_type_row *pgcat_types(size_t *n)
{
	*n = pgcat_n_types;
	return pgcat_type_rows;
}

oid_t pgcat_element_type(oid_t type)
{
	const struct pg_type_row *row = pgcat_type(type);

	/* name, point and the like have a typelem too, but other handlers */
	if (row == NULL || strcmp(row->typsubscript, "array_subscript_handler") != 0)
		return 0;
	return row->typelem;
}

const struct pg_proc_row *pgcat_own_procs(size_t *n)
{
	*n = pgcat_n_own_procs;
	return pgcat_own_proc_rows;
}

static const struct pg_proc_row *own_proc(oid_t oid)
{
	for (size_t i = 0; i < pgcat_n_own_procs; i++)
		if (pgcat_own_proc_rows[i].oid == oid)
			return &pgcat_own_proc_rows[i];
	return NULL;
}

static const struct pg_proc_row *own_procs_named(const char *name, size_t *n)
{
	const struct pg_proc_row *first = NULL;

	*n = 0;
	for (size_t i = 0; i < pgcat_n_own_procs; i++)
		if (strcmp(pgcat_own_proc_rows[i].proname, name) == 0 && (*n)++ == 0)
			first = &pgcat_own_proc_rows[i];
	return first;
}

const struct pg_proc_row *pgcat_proc(oid_t oid)
{
	size_t at = LOWER_BOUND(pgcat_n_procs, i,
				pgcat_proc_rows[pgcat_procs_by_oid[i]].oid < oid);

	if (at == pgcat_n_procs)
		return own_proc(oid);
	const struct pg_proc_row *row = &pgcat_proc_rows[pgcat_procs_by_oid[at]];
	return row->oid == oid ? row : own_proc(oid);
}

const struct pg_proc_row *pgcat_procs_named(const char *name, size_t *n)
{
	size_t at = LOWER_BOUND(pgcat_n_procs, i, strcmp(pgcat_proc_rows[i].proname, name) < 0);
	size_t end = at;

	while (end < pgcat_n_procs && strcmp(pgcat_proc_rows[end].proname, name) == 0)
		end++;
	*n = end - at;
	return end > at ? &pgcat_proc_rows[at] : own_procs_named(name, n);
}

const struct pg_proc_row *pgcat_procs(size_t *n)
{
	*n = pgcat_n_procs;
	return pgcat_proc_rows;
}

const struct pg_operator_row *pgcat_operator(oid_t oid)
{
	size_t at = LOWER_BOUND(pgcat_n_operators, i,
				pgcat_operator_rows[pgcat_operators_by_oid[i]].oid < oid);

	if (at == pgcat_n_operators)
		return NULL;
	const struct pg_operator_row *row = &pgcat_operator_rows[pgcat_operators_by_oid[at]];
	return row->oid == oid ? row : NULL;
}

const struct pg_operator_row *pgcat_operators_named(const char *name, size_t *n)
{
	size_t at = LOWER_BOUND(pgcat_n_operators, i,
				strcmp(pgcat_operator_rows[i].oprname, name) < 0);
	size_t end = at;

	while (end < pgcat_n_operators && strcmp(pgcat_operator_rows[end].oprname, name) == 0)
		end++;
	*n = end - at;
	return end > at ? &pgcat_operator_rows[at] : NULL;
}

const struct pg_operator_row *pgcat_operators(size_t *n)
{
	*n = pgcat_n_operators;
	return pgcat_operator_rows;
}

const struct pg_cast_row *pgcat_cast(oid_t source, oid_t target)
{
	size_t at = LOWER_BOUND(pgcat_n_casts, i,
				pgcat_cast_rows[i].castsource < source ||
					(pgcat_cast_rows[i].castsource == source &&
					 pgcat_cast_rows[i].casttarget < target));

	if (at == pgcat_n_casts)
		return NULL;
	const struct pg_cast_row *row = &pgcat_cast_rows[at];
	return row->castsource == source && row->casttarget == target ? row : NULL;
}

const struct pg_cast_row *pgcat_casts(size_t *n)
{
	*n = pgcat_n_casts;
	return pgcat_cast_rows;
}

const struct pg_aggregate_row *pgcat_aggregate(oid_t fn)
{
	size_t at = LOWER_BOUND(pgcat_n_aggregates, i, pgcat_aggregate_rows[i].aggfnoid < fn);

	if (at == pgcat_n_aggregates || pgcat_aggregate_rows[at].aggfnoid != fn)
		return NULL;
	return &pgcat_aggregate_rows[at];
}

struct type_ordering pgcat_type_ordering(oid_t type)
{
	size_t at = LOWER_BOUND(pgcat_n_orderings, i, pgcat_ordering_rows[i].type < type);

	if (at == pgcat_n_orderings || pgcat_ordering_rows[at].type != type)
		return (struct type_ordering){ 0 };
	return pgcat_ordering_rows[at].ordering;
}

const struct pg_setting_row *pgcat_settings(size_t *n)
{
	*n = pgcat_n_settings;
	return pgcat_setting_rows;
}

const struct pg_setting_row *pgcat_setting(const char *name)
{
	size_t at = LOWER_BOUND(pgcat_n_settings, i,
				strcasecmp(pgcat_setting_rows[i].name, name) < 0);

	if (at == pgcat_n_settings || strcasecmp(pgcat_setting_rows[at].name, name) != 0)
		return NULL;
	return &pgcat_setting_rows[at];
}

const struct pgcat_rows *pgcat_rows(const char *name)
{
	size_t at = LOWER_BOUND(pgcat_n_all_rows, i, strcmp(pgcat_all_rows[i]->name, name) < 0);

	if (at == pgcat_n_all_rows || strcmp(pgcat_all_rows[at]->name, name) != 0)
		return NULL;
	return pgcat_all_rows[at];
}

const char *pgcat_field(const struct pgcat_rows *rows, uint32_t row, unsigned column, size_t *len,
			bool *null)
{
	const char *at = rows->text + rows->starts[row];
	const char *end = rows->text + rows->starts[row + 1] - 1; /* the newline */

	for (; column > 0; column--)
		at = (const char *)memchr(at, '\t', (size_t)(end - at)) + 1;
	const char *tab = memchr(at, '\t', (size_t)(end - at));
	*len = (size_t)((tab != NULL ? tab : end) - at);
	*null = *len == 2 && at[0] == '\\' && at[1] == 'N';
	return at;
}

int64_t pgcat_field_int(const struct pgcat_rows *rows, uint32_t row, unsigned column)
{
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, row, column, &len, &null);
	bool negative = len > 0 && at[0] == '-';
	int64_t n = 0;

	for (size_t i = negative; i < len && at[i] >= '0' && at[i] <= '9'; i++)
		n = n * 10 + (at[i] - '0');
	return negative ? -n : n;
}

uint32_t pgcat_rows_with_key(const struct pgcat_rows *rows, int64_t key, uint32_t *n)
{
	size_t at = LOWER_BOUND(rows->n_rows, i, pgcat_field_int(rows, (uint32_t)i, 0) < key);
	size_t end = at;

	while (end < rows->n_rows && pgcat_field_int(rows, (uint32_t)end, 0) == key)
		end++;
	*n = (uint32_t)(end - at);
	return (uint32_t)at;
}
