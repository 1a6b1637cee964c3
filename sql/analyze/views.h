/*
 * views.h - system views: their text analyzed in their place
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_VIEWS_H
#define PGBLOB_SQL_ANALYZE_VIEWS_H

struct query;
struct schema_relation;
struct scope;

/* The query that `r`, a SOURCE_QUERY, stands for, its columns of the types that r says. */
struct query *view_query(struct scope *s, const struct schema_relation *r);

#endif
