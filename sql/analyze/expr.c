/*
 * expr.c - expressions: from the parse tree to the typed tree
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct expr *expr_new(struct analyzer *a, enum expr_kind kind, oid_t type, int location)
{
	struct expr *e = AN_NEW(a, struct expr);

	e->kind = kind;
	e->type = type;
	e->typmod = -1;
	e->location = location;
	return e;
}

static struct expr *expr_with(struct analyzer *a, enum expr_kind kind, oid_t type, int location,
			      struct expr *l, struct expr *r)
{
	struct expr *e = expr_new(a, kind, type, location);

	e->args = an_array(a, 2, sizeof(struct expr *));
	e->args[e->n_args++] = l;
	if (r != NULL)
		e->args[e->n_args++] = r;
	return e;
}

struct expr *const_text(struct analyzer *a, oid_t type, const char *text, int location)
{
	struct expr *e = expr_new(a, E_CONST, type, location);

	e->value.kind = DATUM_TEXT;
	e->value.data = text;
	e->value.len = strlen(text);
	return e;
}

struct expr *const_int(struct analyzer *a, oid_t type, int64_t value, int location)
{
	struct expr *e = expr_new(a, E_CONST, type, location);

	e->value.kind = DATUM_INT;
	e->value.i = value;
	return e;
}

struct expr *const_bool(struct analyzer *a, bool value, int location)
{
	return const_int(a, BOOLOID, value, location);
}

struct expr *const_null(struct analyzer *a, oid_t type, int location)
{
	return expr_new(a, E_CONST, type, location);
}

struct expr *make_and(struct analyzer *a, struct expr *l, struct expr *r)
{
	if (l == NULL || r == NULL)
		return l != NULL ? l : r;
	return expr_with(a, E_AND, BOOLOID, -1, l, r);
}

bool expr_is_null_const(const struct expr *e)
{
	return e->kind == E_CONST && e->value.kind == DATUM_NULL;
}

static bool datum_equal(const struct datum *a, const struct datum *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case DATUM_NULL:
		return true;
	case DATUM_INT:
		return a->i == b->i;
	case DATUM_REAL:
		return memcmp(&a->r, &b->r, sizeof(a->r)) == 0;
	case DATUM_TEXT:
	case DATUM_BLOB:
		return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
	}
	return false;
}

static bool sort_equal(const struct sort_key *a, size_t n, const struct sort_key *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first ||
		    !expr_equal(a[i].expr, b[i].expr))
			return false;
	return true;
}

static bool window_equal(const struct window *a, const struct window *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL || a->n_partition != b->n_partition ||
	    a->has_frame != b->has_frame || a->mode != b->mode || a->start != b->start ||
	    a->end != b->end || a->exclude != b->exclude)
		return false;
	if ((a->start_offset == NULL) != (b->start_offset == NULL) ||
	    (a->end_offset == NULL) != (b->end_offset == NULL))
		return false;
	if (a->start_offset != NULL && !expr_equal(a->start_offset, b->start_offset))
		return false;
	if (a->end_offset != NULL && !expr_equal(a->end_offset, b->end_offset))
		return false;
	for (size_t i = 0; i < a->n_partition; i++)
		if (!expr_equal(a->partition[i], b->partition[i]))
			return false;
	return sort_equal(a->order, a->n_order, b->order, b->n_order);
}

/* The same expression, wherever in the text. */
bool expr_equal(const struct expr *a, const struct expr *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL)
		return false;
	if (a->kind != b->kind || a->type != b->type || a->typmod != b->typmod ||
	    a->negate != b->negate || a->star != b->star || a->distinct != b->distinct ||
	    a->sub != b->sub || a->number != b->number || a->rte != b->rte || a->proc != b->proc ||
	    a->n_args != b->n_args || a->query != b->query || !datum_equal(&a->value, &b->value))
		return false;
	if ((a->filter == NULL) != (b->filter == NULL) ||
	    (a->filter != NULL && !expr_equal(a->filter, b->filter)))
		return false;
	if (!sort_equal(a->order, a->n_order, b->order, b->n_order) ||
	    !window_equal(a->window, b->window))
		return false;
	for (size_t i = 0; i < a->n_args; i++)
		if (!expr_equal(a->args[i], b->args[i]))
			return false;
	return true;
}

bool expr_walk(struct expr *e, bool (*visit)(struct expr *e, void *arg), void *arg)
{
	if (e == NULL)
		return true;
	if (!visit(e, arg))
		return false;
	for (size_t i = 0; i < e->n_args; i++)
		if (!expr_walk(e->args[i], visit, arg))
			return false;
	if (!expr_walk(e->filter, visit, arg))
		return false;
	for (size_t i = 0; i < e->n_order; i++)
		if (!expr_walk(e->order[i].expr, visit, arg))
			return false;
	if (e->window != NULL) {
		for (size_t i = 0; i < e->window->n_partition; i++)
			if (!expr_walk(e->window->partition[i], visit, arg))
				return false;
		for (size_t i = 0; i < e->window->n_order; i++)
			if (!expr_walk(e->window->order[i].expr, visit, arg))
				return false;
	}
	return true;
}

static uint32_t weigh(struct analyzer *a, struct expr *e)
{
	uint64_t n = 1;

	if (e == NULL)
		return 0;
	if (e->weight != 0)
		return e->weight;
	analyzer_enter(a);
	for (size_t i = 0; i < e->n_args; i++)
		n += weigh(a, e->args[i]);
	n += weigh(a, e->filter);
	analyzer_leave(a);
	if (n > ANALYZE_MAX_WEIGHT)
		fail_hint(a, e->location, "54001", "Expressions such as BETWEEN nest too deeply.",
			  "statement too complex");
	e->weight = (uint32_t)n;
	return e->weight;
}

struct expr *check_weight(struct analyzer *a, struct expr *e)
{
	weigh(a, e);
	return e;
}

static bool visit_var(struct expr *e, void *arg)
{
	(void)arg;
	return e->kind != E_VAR && e->kind != E_ROWID;
}

bool expr_has_var(const struct expr *e)
{
	return !expr_walk((struct expr *)(uintptr_t)e, visit_var, NULL);
}

static bool visit_volatile(struct expr *e, void *arg)
{
	(void)arg;
	if (e->kind == E_SUBLINK)
		return false;
	return e->proc == NULL || e->proc->provolatile != 'v';
}

bool expr_is_volatile(const struct expr *e)
{
	return !expr_walk((struct expr *)(uintptr_t)e, visit_volatile, NULL);
}

bool expr_not_null(const struct expr *e)
{
	switch (e->kind) {
	case E_CONST:
		return e->value.kind != DATUM_NULL;
	case E_VAR:
		if (e->rte->nullable)
			return false;
		if (e->number < 0)
			return true;
		return e->number > 0 && e->rte->columns[e->number - 1].not_null;
	case E_NULLTEST:
	case E_BOOLTEST:
	case E_DISTINCT:
	case E_ARRAY:
	case E_ROW:
		return true;
	case E_RELABEL:
	case E_IO:
	case E_COLLATE:
		return expr_not_null(e->args[0]);
	case E_COALESCE:
	case E_MINMAX:
		for (size_t i = 0; i < e->n_args; i++)
			if (expr_not_null(e->args[i]))
				return true;
		return false;
	case E_AGG:
	case E_WINDOW:
		return e->proc != NULL && (strcmp(e->proc->proname, "count") == 0 ||
					   strcmp(e->proc->proname, "row_number") == 0);
	case E_FUNC:
		return e->proc != NULL && (strcmp(e->proc->proname, "nextval") == 0 ||
					   strcmp(e->proc->proname, "now") == 0);
	default:
		return false;
	}
}

const char *place_words(const struct scope *s)
{
	switch (s->place) {
	case PLACE_WHERE: return "WHERE";
	case PLACE_HAVING: return "HAVING";
	case PLACE_FILTER: return "FILTER";
	case PLACE_JOIN_ON: return "JOIN conditions";
	case PLACE_FROM_FUNCTION: return "functions in FROM";
	case PLACE_GROUP_BY: return "GROUP BY";
	case PLACE_LIMIT: return "LIMIT";
	case PLACE_OFFSET: return "OFFSET";
	case PLACE_VALUES: case PLACE_VALUES_SINGLE: return "VALUES";
	case PLACE_UPDATE_SOURCE: case PLACE_UPDATE_TARGET: return "UPDATE";
	case PLACE_RETURNING: return "RETURNING";
	case PLACE_WINDOW_PARTITION: case PLACE_WINDOW_ORDER: return "window definitions";
	case PLACE_WINDOW_FRAME: return "window frame";
	case PLACE_CHECK: return "check constraints";
	case PLACE_DEFAULT: return "DEFAULT expressions";
	case PLACE_INDEX: return "index expressions";
	case PLACE_INDEX_PREDICATE: return "index predicates";
	case PLACE_GENERATED: return "column generation expressions";
	case PLACE_USING: return "transform expressions";
	default: return s->place_name != NULL ? s->place_name : "this place";
	}
}

struct expr *expr_bool(struct scope *s, struct expr *e, const char *construct)
{
	struct expr *out;

	if (e->type == BOOLOID)
		return e;
	out = coerce_to_target(s, e, BOOLOID, -1, COERCION_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
	if (out == NULL)
		fail(s->a, e->location, ERRCODE_DATATYPE_MISMATCH,
		     "argument of %s must be type boolean, not type %s", construct,
		     type_name(s->a, e->type));
	return out;
}

struct expr *var_new(struct analyzer *a, struct rte *rte, int attno, int location)
{
	const struct rte_column *c = &rte->columns[attno - 1];
	struct expr *e = expr_new(a, E_VAR, c->type, location);

	e->typmod = c->typmod;
	e->rte = rte;
	e->number = attno;
	return e;
}

/* ---- constants and parameters ---- */

static struct expr *numeric_literal(struct scope *s, const char *text, int location)
{
	struct analyzer *a = s->a;
	struct type_context ctx = { a->in->env, a->in->schema, a->arena };
	struct expr *e;

	if (strspn(text + (text[0] == '-'), "0123456789") == strlen(text + (text[0] == '-'))) {
		long long v;

		errno = 0;
		v = strtoll(text, NULL, 10);
		if (errno == 0)
			return const_int(a, v == (int32_t)v ? INT4OID : INT8OID, v, location);
	}
	e = expr_new(a, E_CONST, NUMERICOID, location);
	if (!type_in(&ctx, NUMERICOID, -1, text, strlen(text), &e->value, a->err)) {
		a->err->location = location;
		analyzer_fail(a);
	}
	return e;
}

static struct expr *constant(struct scope *s, const PgQuery__AConst *c)
{
	struct analyzer *a = s->a;

	if (c->isnull)
		return const_null(a, UNKNOWNOID, c->location);
	switch (c->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL:
		return const_int(a, INT4OID, c->ival->ival, c->location);
	case PG_QUERY__A__CONST__VAL_FVAL:
		return numeric_literal(s, c->fval->fval, c->location);
	case PG_QUERY__A__CONST__VAL_BOOLVAL:
		return const_bool(a, c->boolval->boolval, c->location);
	case PG_QUERY__A__CONST__VAL_SVAL:
		return const_text(a, UNKNOWNOID, c->sval->sval, c->location);
	case PG_QUERY__A__CONST__VAL_BSVAL: {
		struct expr *text = const_text(a, UNKNOWNOID, c->bsval->bsval, c->location);

		return coerce_type(s, text, BITOID, -1, COERCION_EXPLICIT, FORM_IMPLICIT_CAST, -1);
	}
	default:
		fail_unsupported(a, c->location, "this constant");
	}
}

static struct expr *parameter(struct scope *s, const PgQuery__ParamRef *p)
{
	struct analyzer *a = s->a;
	struct expr *e;
	size_t n = (size_t)p->number;

	if (a->in->no_params || p->number < 1 || p->number > ANALYZE_MAX_PARAMS)
		fail(a, p->location, ERRCODE_UNDEFINED_PARAMETER, "there is no parameter $%d",
		     p->number);
	if (n > a->n_params) {
		if (n > a->cap_params) {
			size_t cap = n * 2 + 8;
			oid_t *params = an_array(a, cap, sizeof(oid_t));

			if (a->n_params > 0)
				memcpy(params, a->params, a->n_params * sizeof(oid_t));
			a->params = params;
			a->cap_params = cap;
		}
		a->n_params = n;
	}
	e = expr_new(a, E_PARAM, a->params[n - 1] != 0 ? a->params[n - 1] : UNKNOWNOID, p->location);
	e->number = p->number;
	return e;
}

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

static struct expr *sublink(struct scope *s, const PgQuery__SubLink *l)
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
static struct expr *bool_list(struct analyzer *a, enum expr_kind kind, struct list *items, int location)
{
	struct expr *e;

	if (items->n == 1)
		return items->at[0];
	e = expr_new(a, kind, BOOLOID, location);
	e->args = (struct expr **)items->at;
	e->n_args = items->n;
	return e;
}

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

static struct expr *a_expr(struct scope *s, const PgQuery__AExpr *x)
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

static struct expr *bool_expr(struct scope *s, const PgQuery__BoolExpr *b)
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

/* ---- CASE, COALESCE, GREATEST ---- */

static struct expr *case_expr(struct scope *s, const PgQuery__CaseExpr *c)
{
	struct analyzer *a = s->a;
	size_t n = 0, n_results = 0;
	struct expr *e = expr_new(a, E_CASE, 0, c->location);
	struct expr **results = an_array(a, c->n_args + 1, sizeof(struct expr *));
	struct expr *test = NULL, *placeholder = NULL;
	bool was_refused = s->srf_refused;

	e->args = an_array(a, 2 * c->n_args + 2, sizeof(struct expr *));
	if (c->arg != NULL) {
		test = expr_inner(s, c->arg);
		if (test->type == UNKNOWNOID)
			test = coerce_type(s, test, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
		placeholder = expr_new(a, E_CASETEST, test->type, test->location);
		placeholder->typmod = test->typmod;
	}
	s->srf_refused = true;
	e->args[n++] = test;
	for (size_t i = 0; i < c->n_args; i++) {
		const PgQuery__CaseWhen *w = c->args[i]->case_when;
		struct expr *when = expr_inner(s, w->expr);

		if (placeholder != NULL)
			when = operator_make_named(s, "=", placeholder, when, w->location);
		e->args[n++] = expr_bool(s, when, "CASE/WHEN");
		results[1 + n_results++] = expr_inner(s, w->result);
		e->args[n++] = NULL;
	}
	/* the default decides first, as in PostgreSQL */
	results[0] = c->defresult != NULL ? expr_inner(s, c->defresult) :
					    const_null(a, UNKNOWNOID, -1);
	s->srf_refused = was_refused;
	e->type = select_common_type(s, results, n_results + 1, "CASE", NULL);
	for (size_t i = 0; i <= n_results; i++)
		results[i] = coerce_to_common(s, results[i], e->type, i == 0 ? "CASE/ELSE" : "CASE/WHEN");
	for (size_t i = 0; i < n_results; i++)
		e->args[2 + 2 * i] = results[i + 1];
	e->args[n++] = c->defresult != NULL ? results[0] : NULL;
	e->n_args = n;
	e->typmod = c->defresult != NULL ? select_common_typmod(results, n_results + 1, e->type) :
					   select_common_typmod(results + 1, n_results, e->type);
	return e;
}

static struct expr *common_list(struct scope *s, enum expr_kind kind, size_t n,
				PgQuery__Node *const *nodes, const char *what, int location)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, kind, 0, location);
	bool was_refused = s->srf_refused;

	s->srf_refused |= kind == E_COALESCE;
	e->args = an_array(a, n, sizeof(struct expr *));
	e->n_args = n;
	for (size_t i = 0; i < n; i++)
		e->args[i] = expr_inner(s, nodes[i]);
	s->srf_refused = was_refused;
	e->type = select_common_type(s, e->args, n, what, NULL);
	for (size_t i = 0; i < n; i++)
		e->args[i] = coerce_to_common(s, e->args[i], e->type, what);
	e->typmod = select_common_typmod(e->args, n, e->type);
	return e;
}

/* ---- rows, arrays, subscripts ---- */

static struct expr *array_expr(struct scope *s, const PgQuery__AArrayExpr *x, oid_t type,
			       int32_t typmod)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, E_ARRAY, 0, x->location);
	oid_t element = type != 0 ? element_type(type) : 0;
	bool nested = false;

	e->args = an_array(a, x->n_elements, sizeof(struct expr *));
	e->n_args = x->n_elements;
	for (size_t i = 0; i < x->n_elements; i++) {
		const PgQuery__Node *item = x->elements[i];

		if (item->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
			e->args[i] = array_expr(s, item->a_array_expr, type, typmod);
			nested = true;
		} else {
			e->args[i] = expr_inner(s, item);
			nested |= type_is_array(e->args[i]->type);
		}
	}
	if (type == 0) {
		oid_t common;

		if (x->n_elements == 0)
			fail_hint(a, x->location, ERRCODE_INDETERMINATE_DATATYPE,
				  "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
				  "cannot determine type of empty array");
		common = select_common_type(s, e->args, x->n_elements, "ARRAY", NULL);
		type = nested ? common : array_type(common);
		if (type == 0)
			fail(a, x->location, ERRCODE_UNDEFINED_OBJECT,
			     "could not find array type for data type %s", type_name(a, common));
		for (size_t i = 0; i < e->n_args; i++)
			e->args[i] = coerce_to_common(s, e->args[i], common, "ARRAY");
	} else {
		for (size_t i = 0; i < e->n_args; i++) {
			oid_t to = nested ? type : element;
			struct expr *c = coerce_to_target(s, e->args[i], to, typmod, COERCION_EXPLICIT,
							  FORM_EXPLICIT_CAST, x->location);
			if (c == NULL)
				fail(a, e->args[i]->location, ERRCODE_CANNOT_COERCE,
				     "cannot cast type %s to %s", type_name(a, e->args[i]->type),
				     type_name(a, to));
			e->args[i] = c;
		}
	}
	e->type = type;
	return e;
}

static struct expr *row_expr(struct scope *s, const PgQuery__RowExpr *r)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, E_ROW, RECORDOID, r->location);

	e->args = an_array(a, r->n_args, sizeof(struct expr *));
	e->n_args = r->n_args;
	for (size_t i = 0; i < r->n_args; i++)
		e->args[i] = expr_inner(s, r->args[i]);
	return e;
}

/* Field `name` of a composite value. */
struct expr *expand_composite(struct scope *s, struct expr *e, const char *field, int location)
{
	struct analyzer *a = s->a;

	if (e->kind == E_VAR && e->number == 0) {
		for (size_t i = 0; i < e->rte->n_columns; i++)
			if (strcmp(e->rte->columns[i].name, field) == 0)
				return var_new(a, e->rte, (int)i + 1, location);
		fail(a, location, ERRCODE_UNDEFINED_COLUMN, "column \"%s\" not found in data type %s",
		     field, type_name(a, e->type));
	}
	if (e->kind == E_VAR && e->number > 0 && e->rte->columns[e->number - 1].record != NULL) {
		const struct rte *record = e->rte->columns[e->number - 1].record;

		for (size_t i = 0; i < record->n_columns; i++)
			if (strcmp(record->columns[i].name, field) == 0) {
				struct expr *f = expr_with(a, E_FIELD, record->columns[i].type, location, e,
							   NULL);

				f->number = (int)i + 1;
				return f;
			}
		fail(a, location, ERRCODE_UNDEFINED_COLUMN, "could not identify column \"%s\" in record data "
							    "type", field);
	}
	if (e->type == RECORDOID || (pgcat_type(e->type) != NULL && pgcat_type(e->type)->typtype == 'c'))
		fail_unsupported(a, location, "a field of this row");
	fail(a, location, ERRCODE_WRONG_OBJECT_TYPE,
	     "column notation .%s applied to type %s, which is not a composite type", field,
	     type_name(a, e->type));
}

static struct expr *subscript(struct scope *s, struct expr *array, const PgQuery__AIndirection *x,
			      size_t *at)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, E_SUBSCRIPT, 0, array->location);
	oid_t type = base_type(array->type, NULL), element = element_type(type);
	bool slice = false;
	size_t first = *at, n = 0;

	if (element == 0 && (type == NAMEOID || type == POINTOID))
		fail_unsupported(a, array->location, "a subscript of type %s", type_name(a, type));
	if (element == 0)
		fail(a, array->location, ERRCODE_DATATYPE_MISMATCH,
		     "cannot subscript type %s because it does not support subscripting",
		     type_name(a, array->type));
	for (size_t i = first; i < x->n_indirection &&
			       x->indirection[i]->node_case == PG_QUERY__NODE__NODE_A_INDICES; i++) {
		slice |= x->indirection[i]->a_indices->is_slice;
		n++;
	}
	e->args = an_array(a, 1 + 2 * n, sizeof(struct expr *));
	e->args[e->n_args++] = array;
	for (size_t i = first; i < first + n; i++) {
		const PgQuery__AIndices *ix = x->indirection[i]->a_indices;

		for (int upper = 0; upper < 2; upper++) {
			const PgQuery__Node *node = upper ? ix->uidx : ix->lidx;
			struct expr *v;

			if (!slice && !upper)
				continue;
			if (slice && !upper && !ix->is_slice) {
				v = const_int(a, INT4OID, 1, -1);
			} else if (node == NULL) {
				v = const_null(a, INT4OID, -1);
			} else {
				struct expr *from = expr_inner(s, node);

				v = coerce_to_target(s, from, INT4OID, -1, COERCION_ASSIGNMENT,
						     FORM_IMPLICIT_CAST, -1);
				if (v == NULL)
					fail(a, from->location, ERRCODE_DATATYPE_MISMATCH,
					     "array subscript must have type integer");
			}
			e->args[e->n_args++] = v;
		}
	}
	e->sub = slice;
	e->type = slice ? type : element;
	e->typmod = array->typmod;
	*at = first + n;
	return e;
}

static struct expr *indirection(struct scope *s, const PgQuery__AIndirection *x)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_inner(s, x->arg);

	for (size_t i = 0; i < x->n_indirection;) {
		const PgQuery__Node *node = x->indirection[i];

		switch (node->node_case) {
		case PG_QUERY__NODE__NODE_A_INDICES:
			if (e->type == UNKNOWNOID)
				e = coerce_type(s, e, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
			e = subscript(s, e, x, &i);
			break;
		case PG_QUERY__NODE__NODE_STRING:
			e = expand_composite(s, e, node->string->sval, e->location);
			i++;
			break;
		default:
			fail_unsupported(a, e->location, "row expansion via \"*\" here");
		}
	}
	return e;
}

/* ---- casts and the rest ---- */

static struct expr *type_cast(struct scope *s, const PgQuery__TypeCast *c)
{
	struct analyzer *a = s->a;
	int32_t typmod;
	oid_t type = type_name_resolve(a, c->type_name, &typmod);
	int location = c->location >= 0 ? c->location : c->type_name->location;
	struct expr *e, *out;

	if (c->arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR && element_type(type) != 0 &&
	    type_is_array(type))
		return array_expr(s, c->arg->a_array_expr, type, typmod);
	e = expr_inner(s, c->arg);
	if (pgcat_type(type) != NULL && pgcat_type(type)->typtype == 'p' && type != RECORDOID &&
	    type != CSTRINGOID && type != e->type) {
		if (e->type != UNKNOWNOID || !type_is_supported(type))
			fail(a, location, ERRCODE_CANNOT_COERCE, "cannot cast type %s to %s",
			     type_name(a, e->type), type_name(a, type));
	}
	out = coerce_to_target(s, e, type, typmod, COERCION_EXPLICIT, FORM_EXPLICIT_CAST, location);
	if (out == NULL)
		fail(a, location, ERRCODE_CANNOT_COERCE, "cannot cast type %s to %s",
		     type_name(a, e->type), type_name(a, type));
	return out;
}

static struct expr *collate(struct scope *s, const PgQuery__CollateClause *c)
{
	static const char *const same[] = { "default", "C", "POSIX", "ucs_basic", "C.UTF-8", "C.utf8" };
	struct analyzer *a = s->a;
	const char *schema, *name;
	struct expr *e = expr_inner(s, c->arg), *out;
	bool known = false;
	bool collatable;

	name_parts(a, c->n_collname, c->collname, c->location, &schema, &name);
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		known |= strcmp(name, same[i]) == 0;
	if (schema != NULL && strcmp(schema, "pg_catalog") != 0)
		known = false;
	if (!known)
		fail(a, c->location, ERRCODE_UNDEFINED_OBJECT,
		     "collation \"%s\" for encoding \"UTF8\" does not exist",
		     names_text(a, c->n_collname, c->collname));
	collatable = e->type == UNKNOWNOID || (pgcat_type(base_type(e->type, NULL)) != NULL &&
					       pgcat_type(base_type(e->type, NULL))->typcollation != 0);
	if (!collatable)
		fail(a, c->location, ERRCODE_DATATYPE_MISMATCH,
		     "collations are not supported by type %s", type_name(a, e->type));
	out = expr_with(a, E_COLLATE, e->type, e->location, e, NULL);
	out->typmod = e->typmod;
	out->name = name;
	return out;
}

static struct expr *value_function(struct scope *s, const PgQuery__SQLValueFunction *v)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, E_VALUE_FN, 0, v->location), *impl = NULL;
	oid_t type = 0;

	switch (v->op) {
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_DATE:
		type = DATEOID;
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N:
		type = TIMETZOID;
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N:
		type = TIMESTAMPTZOID;
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N:
		type = TIMEOID;
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N:
		type = TIMESTAMPOID;
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_ROLE:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_USER:
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_USER:
		impl = function_make(s, "current_user", NULL, 0, v->location);
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_SESSION_USER:
		impl = function_make(s, "session_user", NULL, 0, v->location);
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_CATALOG:
		impl = function_make(s, "current_database", NULL, 0, v->location);
		break;
	case PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_SCHEMA:
		impl = function_make(s, "current_schema", NULL, 0, v->location);
		break;
	default:
		fail_unsupported(a, v->location, "this function");
	}
	if (type != 0) {
		impl = function_make(s, "now", NULL, 0, v->location);
		impl = coerce_to_target(s, impl, type,
					v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIME_N ||
							v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_CURRENT_TIMESTAMP_N ||
							v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIME_N ||
							v->op == PG_QUERY__SQLVALUE_FUNCTION_OP__SVFOP_LOCALTIMESTAMP_N ?
						v->typmod :
						-1,
					COERCION_EXPLICIT, FORM_IMPLICIT_CAST, -1);
	}
	e->sub = (uint8_t)v->op;
	e->args = an_array(a, 1, sizeof(struct expr *));
	e->args[0] = impl;
	e->n_args = 1;
	e->type = impl->type;
	e->typmod = impl->typmod;
	return e;
}

static struct expr *null_test(struct scope *s, const PgQuery__NullTest *t)
{
	struct analyzer *a = s->a;
	struct expr *arg = expr_inner(s, t->arg), *e;
	bool negate = t->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL;

	if (arg->kind == E_ROW) { /* all of its fields are, or are not */
		struct list items = { 0 };

		for (size_t i = 0; i < arg->n_args; i++) {
			e = expr_with(a, E_NULLTEST, BOOLOID, t->location, arg->args[i], NULL);
			e->negate = negate;
			list_add(a, &items, e);
		}
		return items.n > 0 ? bool_list(a, E_AND, &items, t->location) :
				     const_bool(a, true, t->location);
	}
	if (arg->type == UNKNOWNOID && arg->kind == E_PARAM)
		arg = coerce_type(s, arg, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	e = expr_with(a, E_NULLTEST, BOOLOID, t->location, arg, NULL);
	e->negate = negate;
	return e;
}

static struct expr *boolean_test(struct scope *s, const PgQuery__BooleanTest *t)
{
	static const char *const names[] = { "IS TRUE",      "IS NOT TRUE", "IS FALSE",
					     "IS NOT FALSE", "IS UNKNOWN",  "IS NOT UNKNOWN" };
	struct analyzer *a = s->a;
	int sub = (int)t->booltesttype - 1;
	struct expr *arg, *e;

	if (sub < 0 || sub > TEST_NOT_UNKNOWN)
		fail_unsupported(a, t->location, "this test");
	arg = expr_bool(s, expr_inner(s, t->arg), names[sub]);
	e = expr_with(a, E_BOOLTEST, BOOLOID, t->location, arg, NULL);
	e->sub = (uint8_t)sub;
	return e;
}

static void place_check_srf(struct scope *s, int location)
{
	struct analyzer *a = s->a;

	if (s->srf_refused)
		fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "set-returning functions are not allowed in CASE");
	switch (s->place) {
	case PLACE_SELECT:
		return;
	case PLACE_ORDER_BY: case PLACE_GROUP_BY: case PLACE_DISTINCT_ON: case PLACE_INSERT:
	case PLACE_VALUES_SINGLE:
		fail_unsupported(a, location, "a set-returning function in %s",
				 s->place == PLACE_ORDER_BY ? "ORDER BY" : place_words(s));
	default:
		fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "set-returning functions are not allowed in %s", place_words(s));
	}
}

static struct expr *srf_value(struct analyzer *a, struct rte *rte, int location)
{
	struct expr *v;

	if (rte->n_columns == 1)
		return var_new(a, rte, 1, location);
	v = expr_new(a, E_VAR, RECORDOID, location);
	v->rte = rte;
	v->number = 0; /* the whole row */
	return v;
}

/* A set-returning function of the select list becomes one of FROM. */
static struct expr *srf_of_select(struct scope *s, struct expr *e)
{
	struct analyzer *a = s->a;
	struct rte *rte;

	place_check_srf(s, e->location);
	/* the same call twice goes in step with itself */
	for (size_t i = 0; i < s->query->srfs.n && !expr_is_volatile(e); i++) {
		rte = s->query->srfs.at[i];
		if (expr_equal(rte->function, e))
			return srf_value(a, rte, e->location);
	}
	rte = rte_of_function(s, e, e->proc->proname, false);
	rte->lateral = true;
	list_add(a, &s->query->srfs, rte);
	return srf_value(a, rte, e->location);
}

static struct expr *func_call(struct scope *s, const PgQuery__FuncCall *f)
{
	bool alone = s->place == PLACE_FROM_FUNCTION && !s->in_agg;
	struct expr *e = function_call(s, f);

	if (e->kind == E_FUNC && e->proc->proretset) {
		if (alone)
			return e;
		return srf_of_select(s, e);
	}
	return e;
}

static struct expr *expr_dispatch(struct scope *s, const PgQuery__Node *node)
{
	struct analyzer *a = s->a;

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		return column_ref(s, node->column_ref);
	case PG_QUERY__NODE__NODE_PARAM_REF:
		return parameter(s, node->param_ref);
	case PG_QUERY__NODE__NODE_A_CONST:
		return constant(s, node->a_const);
	case PG_QUERY__NODE__NODE_INTEGER:
		return const_int(a, INT4OID, node->integer->ival, -1);
	case PG_QUERY__NODE__NODE_A_INDIRECTION:
		return indirection(s, node->a_indirection);
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
		return array_expr(s, node->a_array_expr, 0, -1);
	case PG_QUERY__NODE__NODE_TYPE_CAST:
		return type_cast(s, node->type_cast);
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
		return collate(s, node->collate_clause);
	case PG_QUERY__NODE__NODE_A_EXPR:
		return a_expr(s, node->a_expr);
	case PG_QUERY__NODE__NODE_BOOL_EXPR:
		return bool_expr(s, node->bool_expr);
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		return func_call(s, node->func_call);
	case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR: {
		struct expr *arg = expr_inner(s, node->named_arg_expr->arg);
		struct expr *e = expr_with(a, E_NAMED_ARG, arg->type, node->named_arg_expr->location,
					   arg, NULL);

		e->name = node->named_arg_expr->name;
		return e;
	}
	case PG_QUERY__NODE__NODE_SUB_LINK:
		return sublink(s, node->sub_link);
	case PG_QUERY__NODE__NODE_CASE_EXPR:
		return case_expr(s, node->case_expr);
	case PG_QUERY__NODE__NODE_ROW_EXPR:
		return row_expr(s, node->row_expr);
	case PG_QUERY__NODE__NODE_COALESCE_EXPR:
		return common_list(s, E_COALESCE, node->coalesce_expr->n_args, node->coalesce_expr->args,
				   "COALESCE", node->coalesce_expr->location);
	case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: {
		bool least = node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST;
		struct expr *e = common_list(s, E_MINMAX, node->min_max_expr->n_args,
					     node->min_max_expr->args, least ? "LEAST" : "GREATEST",
					     node->min_max_expr->location);

		e->negate = least;
		ordering_operator(s, e->type, e->location, false);
		return e;
	}
	case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
		return value_function(s, node->sqlvalue_function);
	case PG_QUERY__NODE__NODE_NULL_TEST:
		return null_test(s, node->null_test);
	case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
		return boolean_test(s, node->boolean_test);
	case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
		if (s->place != PLACE_VALUES && s->place != PLACE_VALUES_SINGLE &&
		    s->place != PLACE_UPDATE_SOURCE)
			fail(a, node->set_to_default->location, ERRCODE_SYNTAX,
			     "DEFAULT is not allowed in this context");
		return expr_new(a, E_DEFAULT, UNKNOWNOID, node->set_to_default->location);
	default:
		fail_unsupported(a, node_location(node), "%s", node_kind(node));
	}
}

struct expr *expr_inner(struct scope *s, const PgQuery__Node *node)
{
	struct expr *e;

	analyzer_enter(s->a);
	e = expr_dispatch(s, node);
	analyzer_leave(s->a);
	return e;
}

struct expr *expr_transform(struct scope *s, const PgQuery__Node *node, enum expr_place place)
{
	enum expr_place was = s->place;
	struct expr *e;

	s->place = place;
	e = expr_inner(s, node);
	s->place = was;
	return e;
}

/* ---- names of columns ---- */

/* How sure the name is: 2 a name of its own, 1 the type or CASE, 0 none. */
static int label(const PgQuery__Node *node, const char **name)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		for (size_t i = node->column_ref->n_fields; i-- > 0;)
			if (node->column_ref->fields[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
				*name = node->column_ref->fields[i]->string->sval;
				return 2;
			}
		return 0;
	case PG_QUERY__NODE__NODE_A_INDIRECTION:
		for (size_t i = node->a_indirection->n_indirection; i-- > 0;)
			if (node->a_indirection->indirection[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
				*name = node->a_indirection->indirection[i]->string->sval;
				return 2;
			}
		return label(node->a_indirection->arg, name);
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		*name = node->func_call->funcname[node->func_call->n_funcname - 1]->string->sval;
		return 2;
	case PG_QUERY__NODE__NODE_A_EXPR:
		if (node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF) {
			*name = "nullif";
			return 2;
		}
		return 0;
	case PG_QUERY__NODE__NODE_TYPE_CAST: {
		int strength = label(node->type_cast->arg, name);

		if (strength <= 1 && node->type_cast->type_name->n_names > 0) {
			const PgQuery__TypeName *t = node->type_cast->type_name;

			*name = t->names[t->n_names - 1]->string->sval;
			return 1;
		}
		return strength;
	}
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
		return label(node->collate_clause->arg, name);
	case PG_QUERY__NODE__NODE_GROUPING_FUNC:
		*name = "grouping";
		return 2;
	case PG_QUERY__NODE__NODE_SUB_LINK:
		switch (node->sub_link->sub_link_type) {
		case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
			*name = "exists";
			return 2;
		case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
			*name = "array";
			return 2;
		case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: {
			const PgQuery__SelectStmt *q = node->sub_link->subselect->select_stmt;

			while (q->larg != NULL)
				q = q->larg;
			if (q->n_values_lists > 0) {
				*name = "column1";
				return 1;
			}
			if (q->n_target_list > 0) {
				const PgQuery__ResTarget *t = q->target_list[0]->res_target;

				if (t->name != NULL && t->name[0] != '\0') {
					*name = t->name;
					return 2;
				}
				return label(t->val, name);
			}
			return 0;
		}
		default:
			return 0;
		}
	case PG_QUERY__NODE__NODE_CASE_EXPR: {
		int strength = node->case_expr->defresult != NULL ?
				       label(node->case_expr->defresult, name) :
				       0;
		if (strength <= 1) {
			*name = "case";
			return 1;
		}
		return strength;
	}
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
		*name = "array";
		return 2;
	case PG_QUERY__NODE__NODE_ROW_EXPR:
		*name = "row";
		return 2;
	case PG_QUERY__NODE__NODE_COALESCE_EXPR:
		*name = "coalesce";
		return 2;
	case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
		*name = node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest";
		return 2;
	case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION: {
		static const char *const names[] = {
			"", "current_date", "current_time", "current_time", "current_timestamp",
			"current_timestamp", "localtime", "localtime", "localtimestamp",
			"localtimestamp", "current_role", "current_user", "user", "session_user",
			"current_catalog", "current_schema",
		};
		unsigned op = (unsigned)node->sqlvalue_function->op;

		*name = op < ARRAY_LEN(names) ? names[op] : "";
		return 2;
	}
	case PG_QUERY__NODE__NODE_NULL_TEST:
	default:
		return 0;
	}
}

const char *column_label(struct analyzer *a, const PgQuery__Node *node)
{
	const char *name = NULL;

	(void)a;
	return label(node, &name) > 0 ? name : "?column?";
}
