/*
 * expr.c - expressions: from the parse tree to the typed tree
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/expr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
		return expr_operator(s, node->a_expr);
	case PG_QUERY__NODE__NODE_BOOL_EXPR:
		return expr_bool_operator(s, node->bool_expr);
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
		return expr_sublink(s, node->sub_link);
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
