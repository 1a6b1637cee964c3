/*
 * expr.h - what the files of expressions share
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_EXPR_H
#define PGBLOB_SQL_ANALYZE_EXPR_H

#include "sql/analyze/analyzer.h"

/* With one argument, or two; r may be NULL. */
struct expr *expr_with(struct analyzer *a, enum expr_kind kind, oid_t type, int location,
		       struct expr *l, struct expr *r);

/* AND or OR of all of a list of one at least. */
struct expr *bool_list(struct analyzer *a, enum expr_kind kind, struct list *items, int location);

/* EXISTS, IN, ANY and ALL of a subquery, and one that stands for a value or an array. */
struct expr *expr_sublink(struct scope *s, const PgQuery__SubLink *l);
/* An operator, IN, BETWEEN, LIKE, IS DISTINCT FROM, NULLIF; of rows, too. */
struct expr *expr_operator(struct scope *s, const PgQuery__AExpr *x);
/* AND, OR, NOT */
struct expr *expr_bool_operator(struct scope *s, const PgQuery__BoolExpr *b);

#endif
