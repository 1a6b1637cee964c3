/*
 * describe.h - the SQL that would make an object again
 *
 * As pg_get_indexdef() and pg_get_constraintdef() write it.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_DESCRIBE_H
#define PGBLOB_SQL_CATALOG_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "sql/env.h"

struct arena;
struct buf;
struct schema;
struct schema_constraint;
struct schema_index;
struct schema_relation;

/* pretty: names without a schema where the search path finds them, fewer brackets. */
void describe_index(const struct schema *schema, const struct sql_env *env,
		    const struct schema_relation *r, const struct schema_index *x, bool pretty,
		    struct buf *out);
/* Only its key `i`, from 0: the column's name or the expression. */
void describe_index_key(const struct schema_relation *r, const struct schema_index *x, size_t i,
			bool pretty, struct buf *out);
void describe_constraint(const struct schema *schema, const struct sql_env *env,
			 const struct schema_relation *r, const struct schema_constraint *c, bool pretty,
			 struct buf *out);
/* An expression as pg_get_expr() shows it. */
void describe_expression(const char *text, bool pretty, struct buf *out);
/* A view's SELECT as pg_get_viewdef() shows it. */
void describe_view(const struct schema_relation *r, struct buf *out);

/*
 * An index of a system relation, made of pgcat's rows in `arena`; NULL if there is none
 * of that OID.  *r is its relation.
 */
const struct schema_index *describe_system_index(const struct schema *schema, struct arena *arena, oid_t oid,
						 const struct schema_relation **r);
/* The primary key or unique constraint of a system relation, likewise. */
const struct schema_constraint *describe_system_constraint(const struct schema *schema,
							   struct arena *arena, oid_t oid,
							   const struct schema_relation **r);

#endif
