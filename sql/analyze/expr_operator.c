/*
 * expr_operator.c - expressions: operators of all kinds, and subqueries in them
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/expr.h"

#include <string.h>

/* ---- sublinks ---- */

/* A query over q whose columns have the types that `types` says. */
struct query *query_coerced(struct scope *s, struct query *q, const oid_t *types)
{
	struct analyzer *a = s->a;
	bool plain = q->kind == QUERY_SELECT && q->set == NULL && !q->distinct && q->srfs.n == 0;
	bool same = true;
	struct query *outer;
	struct rte *rte;
	struct from *from;

	for (size_t i = 0; i < q->n_targets; i++)
		same &= q->targets[i].expr->type == types[i];
	if (same)
		return q;
	if (plain) {
		for (size_t i = 0; i < q->n_targets; i++)
			q->targets[i].expr = coerce_type(s, q->targets[i].expr, types[i], -1,
							 COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
		return q;
	}
	outer = AN_NEW(a, struct query);
	outer->parent = q->parent;
	outer->location = q->location;
	rte = rte_of_query(s, q, "unnamed_subquery");
	rte->owner = outer;
	from = AN_NEW(a, struct from);
	from->rte = rte;
	list_add(a, &outer->from, from);
	outer->n_targets = q->n_targets;
	outer->targets = an_array(a, q->n_targets, sizeof(struct target));
	for (size_t i = 0; i < q->n_targets; i++) {
		outer->targets[i] = q->targets[i];
		outer->targets[i].expr = coerce_type(s, var_new(a, rte, (int)i + 1, -1), types[i], -1,
						     COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	}
	return outer;
}

static size_t row_width(const struct expr *e)
{
	return e->kind == E_ROW ? e->n_args : 1;
}

static struct expr *row_item(struct expr *e, size_t i)
{
	return e->kind == E_ROW ? e->args[i] : e;
}

struct expr *expr_sublink(struct scope *s, const PgQuery__SubLink *l)
{
	struct analyzer *a = s->a;
	struct expr *e, *left = NULL;
	const char *schema, *op_name = "=";
	struct query *q;

	HANDLES(a, l, l->location, "sub_link_type testexpr oper_name subselect location");
	if (s->place == PLACE_CHECK)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in check constraint");
	if (s->place == PLACE_DEFAULT)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in DEFAULT expression");
	if (s->place == PLACE_INDEX)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in index expression");
	if (s->place == PLACE_INDEX_PREDICATE)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in index predicate");
	if (s->place == PLACE_GENERATED)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in column generation expression");
	if (s->place == PLACE_USING)
		fail(a, l->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use subquery in transform expression");
	s->query->has_sublinks = true;
	if (l->testexpr != NULL)
		left = expr_inner(s, l->testexpr);
	q = query_transform(s, l->subselect,
			    l->sub_link_type != PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK &&
				    l->sub_link_type != PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK);
	e = expr_new(a, E_SUBLINK, BOOLOID, l->location);
	e->query = q;
	switch (l->sub_link_type) {
	case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
		e->sub = SUBLINK_EXISTS;
		return e;
	case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK:
	case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
		if (q->n_targets != 1)
			fail(a, l->location, ERRCODE_SYNTAX, "subquery must return only one column");
		e->type = q->targets[0].expr->type;
		e->typmod = q->targets[0].expr->typmod;
		e->sub = SUBLINK_EXPR;
		if (l->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK) {
			oid_t element = e->type;

			e->sub = SUBLINK_ARRAY;
			if (type_is_array(element))
				fail_unsupported(a, l->location, "ARRAY of a subquery of arrays");
			e->type = array_type(element);
			if (e->type == 0)
				fail(a, l->location, ERRCODE_UNDEFINED_OBJECT,
				     "could not find array type for data type %s",
				     type_name(a, element));
		}
		return e;
	case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
	case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK: {
		size_t n = row_width(left);
		oid_t *types = an_array(a, n, sizeof(oid_t));

		e->sub = l->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK ? SUBLINK_ANY :
										    SUBLINK_ALL;
		schema = NULL;
		if (l->n_oper_name > 0)
			name_parts(a, l->n_oper_name, l->oper_name, l->location, &schema, &op_name);
		if (q->n_targets > n)
			fail(a, l->location, ERRCODE_SYNTAX, "subquery has too many columns");
		if (q->n_targets < n)
			fail(a, l->location, ERRCODE_SYNTAX, "subquery has too few columns");
		e->args = an_array(a, n, sizeof(struct expr *));
		e->n_args = n;
		for (size_t i = 0; i < n; i++) {
			struct expr *item = row_item(left, i), *right = q->targets[i].expr;
			const struct pg_operator_row *op = operator_find(
				s, schema, op_name, item->type, right->type, l->location, true);
			oid_t declared[2] = { op->oprleft, op->oprright };
			oid_t actual[2] = { item->type, right->type };

			enforce_polymorphic_types(a, actual, declared, 2, op->oprresult, false,
						  l->location);
			if (op->oprresult != BOOLOID)
				fail(a, l->location, ERRCODE_DATATYPE_MISMATCH,
				     "row comparison operator must yield type boolean, not type %s",
				     type_name(a, op->oprresult));
			e->args[i] = coerce_type(s, item, declared[0], -1, COERCION_IMPLICIT,
						 FORM_IMPLICIT_CAST, -1);
			types[i] = declared[1] == ANYOID || is_polymorphic(declared[1]) ? right->type :
											  declared[1];
			if (i == 0) {
				e->op = op;
				e->proc = pgcat_proc(op->oprcode);
			} else if (strcmp(op_name, "=") != 0 || e->sub != SUBLINK_ANY) {
				fail_unsupported(a, l->location, "a comparison of rows with %s", op_name);
			}
		}
		e->query = query_coerced(s, q, types);
		return e;
	}
	default:
		fail_unsupported(a, l->location, "this kind of subquery");
	}
}

/* ---- operators of all kinds ---- */

static const PgQuery__SubLink *row_sublink(const PgQuery__Node *node)
{
	if (node != NULL && node->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
	    node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK)
		return node->sub_link;
	return NULL;
}

static struct expr *row_compare(struct scope *s, const char *op, struct expr *l, struct expr *r,
				int location)
{
	struct analyzer *a = s->a;
	size_t n = l->n_args;
	struct expr *out = NULL;
	bool ordered = op[0] == '<' || op[0] == '>';

	if (n != r->n_args)
		fail(a, location, ERRCODE_SYNTAX, "unequal number of entries in row expressions");
	if (n == 0)
		fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length");
	if (strcmp(op, "=") == 0 || strcmp(op, "<>") == 0) {
		for (size_t i = 0; i < n; i++) {
			struct expr *c = operator_make_named(s, op, l->args[i], r->args[i], location);

			if (c->type != BOOLOID)
				fail(a, location, ERRCODE_DATATYPE_MISMATCH,
				     "row comparison operator must yield type boolean, not type %s",
				     type_name(a, c->type));
			if (out == NULL)
				out = c;
			else
				out = expr_with(a, op[0] == '=' ? E_AND : E_OR, BOOLOID, location, out, c);
		}
		return out;
	}
	if (!ordered || (op[1] != '\0' && (op[1] != '=' || op[2] != '\0')))
		fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "could not determine interpretation of row comparison operator %s", op);
	/* (a, b) < (c, d): a < c OR (a = c AND b < d), from the right */
	for (size_t i = n; i-- > 0;) {
		char strict[2] = { op[0], '\0' };
		struct expr *c = operator_make_named(s, out == NULL ? op : strict, l->args[i],
						     r->args[i], location);
		if (out == NULL) {
			out = c;
		} else {
			struct expr *same =
				operator_make_named(s, "=", l->args[i], r->args[i], location);

			out = expr_with(a, E_OR, BOOLOID, location, c,
					expr_with(a, E_AND, BOOLOID, location, same, out));
		}
	}
	return out;
}

static struct expr *distinct_from(struct scope *s, struct expr *l, struct expr *r, bool negate,
				  int location)
{
	struct analyzer *a = s->a;
	struct expr *e;

	if (l->kind == E_ROW && r->kind == E_ROW) {
		struct expr *out = NULL;

		if (l->n_args != r->n_args)
			fail(a, location, ERRCODE_SYNTAX, "unequal number of entries in row expressions");
		for (size_t i = 0; i < l->n_args; i++) {
			e = distinct_from(s, l->args[i], r->args[i], negate, location);
			out = out == NULL ? e :
					    expr_with(a, negate ? E_AND : E_OR, BOOLOID, location, out, e);
		}
		return out != NULL ? out : const_bool(a, negate, location);
	}
	e = operator_make_named(s, "=", l, r, location);
	if (e->type != BOOLOID)
		fail(a, location, ERRCODE_DATATYPE_MISMATCH,
		     "IS DISTINCT FROM requires = operator to yield boolean");
	e->kind = E_DISTINCT;
	e->negate = negate;
	return e;
}

/* AND, OR of all, flat. */
static struct expr *in_list(struct scope *s, const PgQuery__AExpr *x)
{
	struct analyzer *a = s->a;
	bool negate = strcmp(node_name(a, x->name[x->n_name - 1]), "<>") == 0;
	const char *op = negate ? "<>" : "=";
	struct expr *left = expr_inner(s, x->lexpr);
	struct list plain = { 0 }, vars = { 0 }, tests = { 0 };
	const PgQuery__List *items = x->rexpr->list;

	for (size_t i = 0; i < items->n_items; i++) {
		struct expr *item = expr_inner(s, items->items[i]);

		list_add(a, expr_has_var(item) || item->kind == E_ROW || left->kind == E_ROW ? &vars :
												&plain,
			 item);
	}
	if (plain.n > 1) {
		struct expr **all = an_array(a, plain.n + 1, sizeof(struct expr *));
		const struct pg_operator_row *found;
		oid_t common;

		all[0] = left;
		memcpy(all + 1, plain.at, plain.n * sizeof(void *));
		common = select_common_type(s, all, plain.n + 1, NULL, NULL);
		for (size_t i = 1; common != 0 && i <= plain.n; i++)
			if (!can_coerce(a, 1, &all[i]->type, &common, COERCION_IMPLICIT))
				common = 0;
		found = common != 0 ? operator_find(s, NULL, op, left->type, common, x->location, true) :
				      NULL;
		if (found != NULL && strcmp(found->oprname, op) == 0 && found->oprresult == BOOLOID) {
			struct expr *e = expr_new(a, E_IN, BOOLOID, x->location);
			oid_t declared[2] = { found->oprleft, found->oprright };
			oid_t actual[2] = { left->type, common };
			const struct pg_operator_row *eq = found;

			if (negate) {
				eq = pgcat_operator(found->oprnegate);
				if (eq == NULL)
					eq = found;
			}
			enforce_polymorphic_types(a, actual, declared, 2, BOOLOID, false, x->location);
			e->args = all;
			e->n_args = plain.n + 1;
			e->op = eq;
			e->proc = pgcat_proc(eq->oprcode);
			e->negate = negate;
			all[0] = coerce_type(s, left, declared[0], -1, COERCION_IMPLICIT,
					     FORM_IMPLICIT_CAST, -1);
			for (size_t i = 1; i <= plain.n; i++) {
				all[i] = coerce_to_common(s, all[i], common, "IN");
				all[i] = coerce_type(s, all[i], declared[1], -1, COERCION_IMPLICIT,
						     FORM_IMPLICIT_CAST, -1);
			}
			list_add(a, &tests, e);
			plain.n = 0;
		}
	}
	for (size_t i = 0; i < plain.n + vars.n; i++) {
		struct expr *item = i < plain.n ? plain.at[i] : vars.at[i - plain.n];

		if (left->kind == E_ROW && item->kind == E_ROW)
			list_add(a, &tests, row_compare(s, op, left, item, x->location));
		else
			list_add(a, &tests,
				 expr_bool(s, operator_make(s, x->n_name, x->name, left, item, x->location),
					   "IN"));
	}
	return bool_list(a, negate ? E_AND : E_OR, &tests, x->location);
}

static struct expr *between(struct scope *s, const PgQuery__AExpr *x)
{
	struct analyzer *a = s->a;
	struct expr *v = expr_inner(s, x->lexpr);
	struct expr *lo = expr_inner(s, x->rexpr->list->items[0]);
	struct expr *hi = expr_inner(s, x->rexpr->list->items[1]);
	bool negate = x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN ||
		      x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
	bool symmetric = x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM ||
			 x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM;
	struct expr *out;
	int at = x->location;

	if (!negate)
		out = expr_with(a, E_AND, BOOLOID, at, operator_make_named(s, ">=", v, lo, at),
				operator_make_named(s, "<=", v, hi, at));
	else
		out = expr_with(a, E_OR, BOOLOID, at, operator_make_named(s, "<", v, lo, at),
				operator_make_named(s, ">", v, hi, at));
	if (symmetric) {
		struct expr *other;

		if (!negate)
			other = expr_with(a, E_AND, BOOLOID, at, operator_make_named(s, ">=", v, hi, at),
					  operator_make_named(s, "<=", v, lo, at));
		else
			other = expr_with(a, E_OR, BOOLOID, at, operator_make_named(s, "<", v, hi, at),
					  operator_make_named(s, ">", v, lo, at));
		out = expr_with(a, negate ? E_AND : E_OR, BOOLOID, at, out, other);
	}
	return out;
}

static struct expr *nullif(struct scope *s, const PgQuery__AExpr *x)
{
	struct expr *l = expr_inner(s, x->lexpr), *r = expr_inner(s, x->rexpr);
	struct expr *e = operator_make(s, x->n_name, x->name, l, r, x->location);

	if (e->type != BOOLOID)
		fail(s->a, x->location, ERRCODE_DATATYPE_MISMATCH,
		     "NULLIF requires = operator to yield boolean");
	e->kind = E_NULLIF;
	e->type = e->args[0]->type;
	e->typmod = e->args[0]->typmod;
	return e;
}

struct expr *expr_operator(struct scope *s, const PgQuery__AExpr *x)
{
	struct analyzer *a = s->a;
	struct expr *l, *r;

	switch (x->kind) {
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
	case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
	case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
	case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
		if (x->lexpr != NULL && x->lexpr->node_case == PG_QUERY__NODE__NODE_ROW_EXPR &&
		    row_sublink(x->rexpr) != NULL)
			fail_unsupported(a, x->location, "a comparison of a row with a subquery");
		l = x->lexpr != NULL ? expr_inner(s, x->lexpr) : NULL;
		r = expr_inner(s, x->rexpr);
		if (l != NULL && l->kind == E_ROW && r->kind == E_ROW)
			return check_weight(a, row_compare(s, node_name(a, x->name[x->n_name - 1]), l, r,
							   x->location));
		return operator_make(s, x->n_name, x->name, l, r, x->location);
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
	case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL:
		l = expr_inner(s, x->lexpr);
		r = expr_inner(s, x->rexpr);
		return saop_make(s, x->n_name, x->name,
				 x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL, l, r, x->location);
	case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
		l = expr_inner(s, x->lexpr);
		r = expr_inner(s, x->rexpr);
		return distinct_from(s, l, r, x->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT,
				     x->location);
	case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF:
		return nullif(s, x);
	case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
		return check_weight(a, in_list(s, x));
	case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
	case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
	case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
		return check_weight(a, between(s, x));
	default:
		fail_unsupported(a, x->location, "this operator");
	}
}

struct expr *expr_bool_operator(struct scope *s, const PgQuery__BoolExpr *b)
{
	struct analyzer *a = s->a;
	struct list items = { 0 };
	const char *name = b->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR ? "AND" :
			   b->boolop == PG_QUERY__BOOL_EXPR_TYPE__OR_EXPR  ? "OR" :
									     "NOT";

	for (size_t i = 0; i < b->n_args; i++)
		list_add(a, &items, expr_bool(s, expr_inner(s, b->args[i]), name));
	if (b->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
		return expr_with(a, E_NOT, BOOLOID, b->location, items.at[0], NULL);
	return bool_list(a, name[0] == 'A' ? E_AND : E_OR, &items, b->location);
}
