/*
 * resolve.c - which operator and which function a name and its operands mean
 *
 * Source: PostgreSQL 15 documentation, 10.2 (operators) and 10.3 (functions).
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <stdio.h>
#include <string.h>

enum { MAX_ARGS = 100 };

/* A function or operator that might be meant. */
struct candidate {
	const struct pg_proc_row *proc;
	const struct pg_operator_row *op;
	oid_t *args;         /* declared types, in the order of the call's arguments */
	size_t n_args;
	size_t n_variadic;   /* so many of the last are elements of the VARIADIC array */
	size_t n_defaults;   /* taken for the last ones */
	const int *positions; /* of named arguments: the function's argument of each of the call's */
};

struct expr *func_expr(struct analyzer *a, const struct pg_proc_row *proc, oid_t type,
		       struct expr **args, size_t n, enum coercion_form form, int location)
{
	struct expr *e = expr_new(a, E_FUNC, type, location);

	e->proc = proc;
	e->args = args;
	e->n_args = n;
	e->form = (uint8_t)form;
	return e;
}

/* Those of c whose arguments the call's can be, implicitly. */
static size_t match_args(struct analyzer *a, struct candidate *c, size_t n, const oid_t *types,
			 size_t n_types)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (can_coerce(a, n_types, types, c[i].args, COERCION_IMPLICIT))
			c[kept++] = c[i];
	return kept;
}

/* Keep the candidates with the highest score, if any has one. */
static size_t keep_best(struct candidate *c, size_t n, const int *score, int least)
{
	int best = least;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (score[i] > best)
			best = score[i];
	for (size_t i = 0; i < n; i++)
		if (score[i] == best)
			c[kept++] = c[i];
	return kept > 0 ? kept : n;
}

/* The best of several that all fit; NULL: none is. */
static struct candidate *select_candidate(struct analyzer *a, struct candidate *c, size_t n,
					  const oid_t *types, size_t n_args)
{
	oid_t base[MAX_ARGS];
	int *score = an_array(a, n, sizeof(int));
	size_t n_unknown = 0;
	char category[MAX_ARGS];
	bool resolved = true, any_known = false;
	oid_t known = UNKNOWNOID;

	for (size_t i = 0; i < n_args; i++) {
		base[i] = types[i] == UNKNOWNOID ? UNKNOWNOID : base_type(types[i], NULL);
		n_unknown += types[i] == UNKNOWNOID;
	}
	for (size_t k = 0; k < n; k++) {
		score[k] = 0;
		for (size_t i = 0; i < n_args; i++)
			score[k] += base[i] != UNKNOWNOID && c[k].args[i] == base[i];
	}
	n = keep_best(c, n, score, 0);
	if (n == 1)
		return c;
	for (size_t k = 0; k < n; k++) {
		score[k] = 0;
		for (size_t i = 0; i < n_args; i++) {
			bool preferred;
			char target_category;

			if (base[i] == UNKNOWNOID)
				continue;
			target_category = type_category(c[k].args[i], &preferred);
			score[k] += c[k].args[i] == base[i] ||
				    (preferred && target_category == type_category(base[i], NULL));
		}
	}
	n = keep_best(c, n, score, 0);
	if (n == 1)
		return c;
	if (n_unknown == 0)
		return NULL;
	for (size_t i = 0; i < n_args; i++) {
		bool have_preferred = false, conflict = false, have = false;

		if (base[i] != UNKNOWNOID)
			continue;
		for (size_t k = 0; k < n; k++) {
			bool preferred;
			char cat = type_category(c[k].args[i], &preferred);

			if (!have) {
				category[i] = cat;
				have_preferred = preferred;
				have = true;
			} else if (cat == category[i]) {
				have_preferred |= preferred;
			} else if (cat == 'S') {
				category[i] = cat;
				have_preferred = preferred;
			} else {
				conflict = true;
			}
		}
		if (conflict && category[i] != 'S') {
			/* a string category wins over any conflict */
			resolved = false;
			break;
		}
		(void)have_preferred;
	}
	if (resolved) {
		size_t kept = 0;
		bool any_preferred[MAX_ARGS];

		for (size_t i = 0; i < n_args; i++) {
			any_preferred[i] = false;
			if (base[i] != UNKNOWNOID)
				continue;
			for (size_t k = 0; k < n; k++) {
				bool preferred;

				if (type_category(c[k].args[i], &preferred) == category[i] && preferred)
					any_preferred[i] = true;
			}
		}
		for (size_t k = 0; k < n; k++) {
			bool keep = true;

			for (size_t i = 0; i < n_args && keep; i++) {
				bool preferred;

				if (base[i] != UNKNOWNOID)
					continue;
				keep = type_category(c[k].args[i], &preferred) == category[i] &&
				       (!any_preferred[i] || preferred);
			}
			if (keep) {
				struct candidate swap = c[kept];

				c[kept++] = c[k];
				c[k] = swap;
			}
		}
		if (kept == 1)
			return c;
		if (kept > 0)
			n = kept;
	}
	/* last: take unknown ones for the type that all known ones have */
	if (n_unknown < n_args) {
		size_t kept = 0;
		struct candidate *only = NULL;

		for (size_t i = 0; i < n_args; i++) {
			if (base[i] == UNKNOWNOID)
				continue;
			if (!any_known) {
				known = base[i];
				any_known = true;
			} else if (known != base[i]) {
				return NULL;
			}
		}
		for (size_t i = 0; i < n_args; i++)
			base[i] = known;
		for (size_t k = 0; k < n; k++)
			if (can_coerce(a, n_args, base, c[k].args, COERCION_IMPLICIT)) {
				only = &c[k];
				kept++;
			}
		if (kept == 1)
			return only;
	}
	return NULL;
}

/* ---- operators ---- */

static const struct pg_operator_row *operator_exact(const struct pg_operator_row *ops, size_t n,
						    oid_t left, oid_t right)
{
	for (size_t i = 0; i < n; i++)
		if (ops[i].oprleft == left && ops[i].oprright == right)
			return &ops[i];
	return NULL;
}

_Noreturn static void operator_failed(struct scope *s, const char *schema, const char *name,
				      oid_t left, oid_t right, bool ambiguous, int location)
{
	struct analyzer *a = s->a;
	const char *text = an_printf(a, "%s%s%s%s%s %s", left != 0 ? type_name(a, left) : "",
				     left != 0 ? " " : "", schema != NULL ? schema : "",
				     schema != NULL ? "." : "", name, type_name(a, right));

	if (ambiguous)
		fail_hint(a, location, ERRCODE_AMBIGUOUS_FUNCTION,
			  "Could not choose a best candidate operator. You might need to add explicit "
			  "type casts.",
			  "operator is not unique: %s", text);
	fail_hint(a, location, ERRCODE_UNDEFINED_FUNCTION,
		  left == 0 ? "No operator matches the given name and argument type. You might need to "
			      "add an explicit type cast." :
			      "No operator matches the given name and argument types. You might need "
			      "to add explicit type casts.",
		  "operator does not exist: %s", text);
}

const struct pg_operator_row *operator_find(struct scope *s, const char *schema, const char *name,
					    oid_t left, oid_t right, int location, bool required)
{
	struct analyzer *a = s->a;
	const struct pg_operator_row *ops, *found;
	struct candidate *c, *best;
	size_t n, n_candidates = 0;
	oid_t types[2] = { left != 0 ? left : right, right };
	size_t n_args = left != 0 ? 2 : 1;

	ops = schema == NULL || strcmp(schema, "pg_catalog") == 0 ? pgcat_operators_named(name, &n) :
								     NULL;
	if (ops == NULL)
		n = 0;
	if (left == 0) {
		found = operator_exact(ops, n, 0, right);
		if (found != NULL && right != UNKNOWNOID)
			return found;
	} else {
		oid_t l = left, r = right;
		bool unknown = false;

		if (l == UNKNOWNOID && r != UNKNOWNOID) {
			l = r;
			unknown = true;
		} else if (r == UNKNOWNOID && l != UNKNOWNOID) {
			r = l;
			unknown = true;
		}
		found = operator_exact(ops, n, l, r);
		if (found != NULL && l != UNKNOWNOID)
			return found;
		if (unknown && base_type(l, NULL) != l) {
			l = base_type(l, NULL);
			found = operator_exact(ops, n, l, l);
			if (found != NULL)
				return found;
		}
	}
	c = an_array(a, n, sizeof(*c));
	for (size_t i = 0; i < n; i++) {
		if ((ops[i].oprleft == 0) != (left == 0) || ops[i].oprcode == 0)
			continue;
		c[n_candidates].op = &ops[i];
		c[n_candidates].args = an_array(a, 2, sizeof(oid_t));
		c[n_candidates].args[0] = left != 0 ? ops[i].oprleft : ops[i].oprright;
		c[n_candidates].args[1] = ops[i].oprright;
		c[n_candidates++].n_args = n_args;
	}
	n_candidates = match_args(a, c, n_candidates, types, n_args);
	best = n_candidates == 1 ? c :
	       n_candidates > 1 ? select_candidate(a, c, n_candidates, types, n_args) :
				  NULL;
	if (best != NULL)
		return best->op;
	if (required)
		operator_failed(s, schema, name, left, right, n_candidates > 1, location);
	return NULL;
}

static struct expr *operator_call(struct scope *s, const struct pg_operator_row *op,
				  struct expr *left, struct expr *right, int location)
{
	struct analyzer *a = s->a;
	struct expr **args = an_array(a, 2, sizeof(struct expr *)), *e;
	oid_t actual[2], declared[2], result;
	size_t n = 0;

	if (left != NULL) {
		actual[n] = left->type;
		declared[n] = op->oprleft;
		args[n++] = left;
	}
	actual[n] = right->type;
	declared[n] = op->oprright;
	args[n++] = right;
	result = enforce_polymorphic_types(a, actual, declared, n, op->oprresult, false, location);
	for (size_t i = 0; i < n; i++) {
		struct expr *coerced = coerce_type(s, args[i], declared[i], -1, COERCION_IMPLICIT,
						   FORM_IMPLICIT_CAST, -1);
		if (coerced == NULL)
			operator_failed(s, NULL, op->oprname, left != NULL ? left->type : 0,
					right->type, false, location);
		args[i] = coerced;
	}
	e = func_expr(a, pgcat_proc(op->oprcode), result, args, n, FORM_CALL, location);
	e->op = op;
	if (e->proc == NULL)
		fail_unsupported(a, location, "operator %s", op->oprname);
	return e;
}

struct expr *operator_make_named(struct scope *s, const char *name, struct expr *left,
				 struct expr *right, int location)
{
	const struct pg_operator_row *op = operator_find(
		s, NULL, name, left != NULL ? left->type : 0, right->type, location, true);

	return operator_call(s, op, left, right, location);
}

struct expr *operator_make(struct scope *s, size_t n_names, PgQuery__Node *const *names,
			   struct expr *left, struct expr *right, int location)
{
	const char *schema, *name;
	const struct pg_operator_row *op;

	name_parts(s->a, n_names, names, location, &schema, &name);
	op = operator_find(s, schema, name, left != NULL ? left->type : 0, right->type, location, true);
	return operator_call(s, op, left, right, location);
}

struct expr *saop_make(struct scope *s, size_t n_names, PgQuery__Node *const *names, bool use_all,
		       struct expr *left, struct expr *right, int location)
{
	struct analyzer *a = s->a;
	const char *schema, *name;
	const struct pg_operator_row *op;
	oid_t actual[2], declared[2], element = UNKNOWNOID, result, array;
	struct expr *e;

	name_parts(a, n_names, names, location, &schema, &name);
	if (right->type != UNKNOWNOID) {
		element = element_type(right->type);
		if (element == 0)
			fail(a, location, ERRCODE_WRONG_OBJECT_TYPE,
			     "op ANY/ALL (array) requires array on right side");
	}
	op = operator_find(s, schema, name, left->type, element, location, true);
	actual[0] = left->type;
	actual[1] = element;
	declared[0] = op->oprleft;
	declared[1] = op->oprright;
	result = enforce_polymorphic_types(a, actual, declared, 2, op->oprresult, false, location);
	if (result != BOOLOID)
		fail(a, location, ERRCODE_WRONG_OBJECT_TYPE,
		     "op ANY/ALL (array) requires operator to yield boolean");
	if (is_polymorphic(declared[1]) || declared[1] == ANYOID)
		array = right->type;
	else
		array = array_type(declared[1]);
	if (array == 0)
		fail(a, location, ERRCODE_UNDEFINED_OBJECT,
		     "could not find array type for data type %s", type_name(a, declared[1]));
	e = expr_new(a, E_SAOP, BOOLOID, location);
	e->args = an_array(a, 2, sizeof(struct expr *));
	e->n_args = 2;
	e->args[0] = coerce_type(s, left, declared[0], -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	e->args[1] = coerce_type(s, right, array, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	if (e->args[0] == NULL || e->args[1] == NULL)
		operator_failed(s, schema, name, left->type, element, false, location);
	e->op = op;
	e->proc = pgcat_proc(op->oprcode);
	e->negate = use_all;
	return e;
}

/* ---- functions ---- */

struct call {
	struct scope *s;
	const char *schema, *name;
	const PgQuery__FuncCall *parse;
	struct expr *args[MAX_ARGS];
	const char *names[MAX_ARGS]; /* of named arguments */
	oid_t types[MAX_ARGS];
	size_t n_args, n_named;
	int location;
};

static const char *call_signature(struct call *c)
{
	struct analyzer *a = c->s->a;
	const char *text = an_printf(a, "%s%s%s(", c->schema != NULL ? c->schema : "",
				     c->schema != NULL ? "." : "", c->name);

	for (size_t i = 0; i < c->n_args; i++)
		text = an_printf(a, "%s%s%s%s%s", text, i > 0 ? ", " : "",
				 c->names[i] != NULL ? c->names[i] : "",
				 c->names[i] != NULL ? " => " : "", type_name(a, c->types[i]));
	return an_printf(a, "%s)", text);
}

static bool proc_visible(const struct pg_proc_row *p, const char *schema)
{
	if (schema == NULL || strcmp(schema, "pg_catalog") == 0)
		return p->pronamespace == PG_CATALOG_OID;
	return strcmp(schema, "information_schema") == 0 &&
	       p->pronamespace == INFORMATION_SCHEMA_OID;
}

/* The position of the input argument called `name`; -1: none. */
static int argument_named(const struct pg_proc_row *p, const char *name)
{
	int position = 0;
	size_t n = p->proargmodes != NULL ? (size_t)p->n_allargs : (size_t)p->pronargs;

	if (p->proargnames == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char mode = p->proargmodes != NULL ? p->proargmodes[i] : 'i';

		if (mode != 'i' && mode != 'b' && mode != 'v')
			continue;
		if (p->proargnames[i] != NULL && strcmp(p->proargnames[i], name) == 0)
			return position;
		position++;
	}
	return -1;
}

/* Does p take the call's arguments by number and names?  Then *out says how. */
static bool candidate_of(struct call *c, const struct pg_proc_row *p, struct candidate *out)
{
	struct analyzer *a = c->s->a;
	size_t n_params = (size_t)p->pronargs, n_given = c->n_args;
	bool expand = false;

	*out = (struct candidate){ .proc = p };
	if (c->n_named > 0) {
		int *positions = an_array(a, n_given, sizeof(int));
		bool filled[MAX_ARGS] = { false };

		if (p->provariadic != 0 || n_given > n_params || n_params > MAX_ARGS)
			return false;
		for (size_t i = 0; i < n_given; i++) {
			positions[i] = c->names[i] != NULL ? argument_named(p, c->names[i]) : (int)i;
			if (positions[i] < 0 || filled[positions[i]])
				return false;
			filled[positions[i]] = true;
		}
		for (size_t i = 0; i < n_params; i++)
			if (!filled[i] && i + (size_t)p->pronargdefaults < n_params)
				return false;
		out->positions = positions;
		out->args = an_array(a, n_given, sizeof(oid_t));
		for (size_t i = 0; i < n_given; i++)
			out->args[i] = p->proargtypes[positions[i]];
		out->n_args = n_given;
		out->n_defaults = n_params - n_given;
		return true;
	}
	if (p->provariadic != 0 && !c->parse->func_variadic && n_given >= n_params) {
		expand = true;
	} else if (n_given > n_params || n_given + (size_t)p->pronargdefaults < n_params) {
		return false;
	}
	if (c->parse->func_variadic && p->provariadic == 0)
		return false;
	if (c->parse->func_variadic && n_given != n_params)
		return false;
	out->n_args = n_given;
	out->args = an_array(a, n_given, sizeof(oid_t));
	for (size_t i = 0; i < n_given; i++)
		out->args[i] = expand && i + 1 >= n_params ? p->provariadic : p->proargtypes[i];
	if (expand)
		out->n_variadic = n_given - n_params + 1;
	else
		out->n_defaults = n_params - n_given;
	return true;
}

static bool same_types(const struct candidate *c, const oid_t *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->args[i] != types[i])
			return false;
	return true;
}

/* name(x) as a cast to the type `name`. */
static struct expr *call_as_cast(struct call *c)
{
	const struct pg_type_row *t;
	struct expr *e;
	bool easy;

	if (c->n_args != 1 || c->n_named > 0 || c->parse->func_variadic || c->parse->agg_star ||
	    (c->schema != NULL && strcmp(c->schema, "pg_catalog") != 0))
		return NULL;
	t = pgcat_type_named(c->name);
	if (t == NULL || t->typtype == 'p')
		return NULL;
	easy = c->types[0] == UNKNOWNOID || is_binary_coercible(c->types[0], t->oid);
	if (!easy) {
		/* through the text forms, but never from text: that would be too bold */
		const struct pg_cast_row *cast = pgcat_cast(c->types[0], t->oid);

		easy = cast != NULL ? cast->castmethod != 'f' :
				      t->typcategory == 'S' && type_category(c->types[0], NULL) != 'S' &&
					      element_type(c->types[0]) == 0;
	}
	if (!easy)
		return NULL;
	e = coerce_type(c->s, c->args[0], t->oid, -1, COERCION_EXPLICIT, FORM_CALL, c->location);
	if (e != NULL && e != c->args[0] && e->location < 0)
		e->location = c->location;
	return e;
}

static struct expr *parse_default(struct scope *s, const char *text)
{
	struct analyzer *a = s->a;
	PgQuery__ParseResult *tree;
	struct scope empty = { .a = a };
	struct query *q = AN_NEW(a, struct query);
	const PgQuery__SelectStmt *select;
	struct expr *e;

	empty.query = q;
	if (!sql_parse(an_printf(a, "SELECT %s", text), a->arena, &tree, a->err))
		analyzer_fail(a);
	select = tree->stmts[0]->stmt->select_stmt;
	a->view_depth++;
	e = expr_transform(&empty, select->target_list[0]->res_target->val, PLACE_OTHER);
	a->view_depth--;
	return e;
}

/* The arguments of the call as the function takes them: in order, with defaults, variadic ones packed. */
static void call_arguments(struct call *c, const struct candidate *best, struct expr *e)
{
	struct scope *s = c->s;
	struct analyzer *a = s->a;
	const struct pg_proc_row *p = best->proc;
	size_t n_all = (size_t)p->pronargs + (best->n_variadic > 0 ? best->n_variadic - 1 : 0);
	struct expr **args = an_array(a, n_all + 1, sizeof(struct expr *));
	oid_t *actual = an_array(a, n_all + 1, sizeof(oid_t));
	oid_t *declared = an_array(a, n_all + 1, sizeof(oid_t));

	for (size_t i = 0; i < c->n_args; i++)
		args[best->positions != NULL ? (size_t)best->positions[i] : i] = c->args[i];
	for (size_t i = 0; i < n_all; i++) {
		declared[i] = best->n_variadic > 0 && i + 1 >= (size_t)p->pronargs ? p->provariadic :
										   p->proargtypes[i];
		if (args[i] == NULL) {
			size_t d = i - (size_t)(p->pronargs - p->pronargdefaults);

			if (p->argdefaults == NULL || d >= (size_t)p->pronargdefaults)
				fail_unsupported(a, c->location, "the default of an argument");
			args[i] = parse_default(s, p->argdefaults[d]);
		}
		actual[i] = args[i]->type;
	}
	e->type = enforce_polymorphic_types(a, actual, declared, n_all, p->prorettype, false,
					    c->location);
	for (size_t i = 0; i < n_all; i++) {
		struct expr *coerced = coerce_type(s, args[i], declared[i], -1, COERCION_IMPLICIT,
						   FORM_IMPLICIT_CAST, -1);
		if (coerced == NULL)
			fail(a, c->location, ERRCODE_UNDEFINED_FUNCTION, "function %s does not exist",
			     call_signature(c));
		args[i] = coerced;
	}
	e->variadic = c->parse->func_variadic;
	if (best->n_variadic > 0 && p->provariadic != ANYOID) {
		size_t first = (size_t)p->pronargs - 1;
		struct expr *array = expr_new(a, E_ARRAY, array_type(declared[first]), c->location);

		if (array->type == 0)
			fail(a, c->location, ERRCODE_UNDEFINED_OBJECT,
			     "could not find array type for data type %s",
			     type_name(a, declared[first]));
		array->n_args = best->n_variadic;
		array->args = an_array(a, best->n_variadic, sizeof(struct expr *));
		memcpy(array->args, args + first, best->n_variadic * sizeof(struct expr *));
		array->form = FORM_IMPLICIT_CAST;
		args[first] = array;
		n_all = first + 1;
	}
	for (size_t i = 0; i < n_all; i++)
		if (args[i]->type == UNKNOWNOID) {
			/* "any": a literal stays text; a parameter has no type */
			if (args[i]->kind == E_PARAM && a->params[args[i]->number - 1] == 0)
				fail(a, -1, ERRCODE_INDETERMINATE_DATATYPE,
				     "could not determine data type of parameter $%d",
				     args[i]->number);
			args[i] = coerce_type(s, args[i], TEXTOID, -1, COERCION_IMPLICIT,
					      FORM_IMPLICIT_CAST, -1);
		}
	e->args = args;
	e->n_args = n_all;
}

_Noreturn static void call_failed(struct call *c, bool ambiguous)
{
	struct analyzer *a = c->s->a;

	if (ambiguous)
		fail_hint(a, c->location, ERRCODE_AMBIGUOUS_FUNCTION,
			  "Could not choose a best candidate function. You might need to add explicit "
			  "type casts.",
			  "function %s is not unique", call_signature(c));
	if (c->schema != NULL && strcmp(c->schema, "pg_catalog") != 0 &&
	    strcmp(c->schema, "information_schema") != 0 &&
	    schema_find_namespace(a->in->schema, c->schema) == NULL)
		fail(a, c->location, ERRCODE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist",
		     c->schema);
	if (c->parse->n_agg_order > 0 && !c->parse->agg_within_group)
		fail_hint(a, c->location, ERRCODE_UNDEFINED_FUNCTION,
			  "No aggregate function matches the given name and argument types. Perhaps you "
			  "misplaced ORDER BY; ORDER BY must appear after all regular arguments of the "
			  "aggregate.",
			  "function %s does not exist", call_signature(c));
	fail_hint(a, c->location, ERRCODE_UNDEFINED_FUNCTION,
		  "No function matches the given name and argument types. You might need to add "
		  "explicit type casts.",
		  "function %s does not exist", call_signature(c));
}

/* The function that is meant; NULL: a cast, and *cast is it. */
static const struct candidate *call_resolve(struct call *c, struct expr **cast)
{
	struct analyzer *a = c->s->a;
	size_t n_procs = 0, n = 0;
	const struct pg_proc_row *procs = pgcat_procs_named(c->name, &n_procs);
	struct candidate *list = an_array(a, n_procs, sizeof(*list)), *best = NULL;

	*cast = NULL;
	for (size_t i = 0; i < n_procs; i++)
		if (procs[i].prokind != 'p' && proc_visible(&procs[i], c->schema) &&
		    candidate_of(c, &procs[i], &list[n]))
			n++;
	/* a function without expansion or defaults goes before one with, if types are the same */
	for (size_t i = 0; i < n; i++) {
		if (!same_types(&list[i], c->types, c->n_args))
			continue;
		if (best == NULL || (best->n_variadic > 0 && list[i].n_variadic == 0) ||
		    (best->n_variadic == list[i].n_variadic && best->n_defaults > list[i].n_defaults))
			best = &list[i];
	}
	if (best != NULL)
		return best;
	*cast = call_as_cast(c);
	if (*cast != NULL)
		return NULL;
	/* of two with the same types, keep the one without expansion, then with fewer defaults */
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n;) {
			bool drop_k;

			if (!same_types(&list[i], list[k].args, c->n_args)) {
				k++;
				continue;
			}
			drop_k = list[i].n_variadic == 0 || list[k].n_variadic > 0;
			if (!drop_k)
				list[i] = list[k];
			list[k] = list[--n];
		}
	n = match_args(a, list, n, c->types, c->n_args);
	if (n > 1) {
		best = select_candidate(a, list, n, c->types, c->n_args);
		if (best == NULL)
			call_failed(c, true);
		return best;
	}
	if (n == 0)
		call_failed(c, false);
	return list;
}

static bool visit_nested(struct expr *e, void *arg)
{
	int *location = arg;

	if (e->kind == E_AGG) {
		*location = e->location;
		return false;
	}
	return true;
}

static bool visit_window(struct expr *e, void *arg)
{
	int *location = arg;

	if (e->kind == E_WINDOW) {
		*location = e->location;
		return false;
	}
	return true;
}

static void aggregate_finish(struct call *c, struct expr *e)
{
	struct scope *s = c->s;
	struct analyzer *a = s->a;
	const PgQuery__FuncCall *f = c->parse;
	int nested = -1;

	e->kind = E_AGG;
	e->star = f->agg_star;
	e->distinct = f->agg_distinct;
	for (size_t i = 0; f->over == NULL && i < e->n_args; i++) {
		if (!expr_walk(e->args[i], visit_nested, &nested))
			fail(a, nested, ERRCODE_GROUPING, "aggregate function calls cannot be nested");
		if (!expr_walk(e->args[i], visit_window, &nested))
			fail(a, nested, ERRCODE_GROUPING,
			     "aggregate function calls cannot contain window function calls");
	}
	if (f->n_agg_order > 0) {
		struct list targets = { 0 };

		e->order = sort_transform(s, f->n_agg_order, f->agg_order, &targets, PLACE_OTHER,
					  &e->n_order);
		if (e->distinct)
			for (size_t i = 0; i < e->n_order; i++) {
				bool found = false;

				for (size_t k = 0; k < e->n_args; k++)
					found |= expr_equal(e->order[i].expr, e->args[k]);
				if (!found)
					fail(a, e->order[i].location, ERRCODE_INVALID_COLUMN_REFERENCE,
					     "in an aggregate with DISTINCT, ORDER BY expressions must "
					     "appear in argument list");
			}
	}
	if (e->distinct)
		for (size_t i = 0; i < e->n_args; i++)
			ordering_operator(s, e->args[i]->type, e->args[i]->location, true);
	if (f->over == NULL) {
		switch (s->place) {
		case PLACE_SELECT: case PLACE_HAVING: case PLACE_ORDER_BY: case PLACE_DISTINCT_ON:
		case PLACE_WINDOW_PARTITION: case PLACE_WINDOW_ORDER: case PLACE_OTHER:
			if (s->place != PLACE_OTHER || s->in_agg || s->place_name == NULL)
				break;
			/* fall through */
		default:
			if (s->place == PLACE_JOIN_ON)
				fail(a, c->location, ERRCODE_GROUPING,
				     "aggregate functions are not allowed in JOIN conditions");
			fail(a, c->location, ERRCODE_GROUPING,
			     "aggregate functions are not allowed in %s", place_words(s));
		}
		s->query->has_aggs = true;
	}
}

/* A function that makes JSON may see the row of a table, if it is too long for a record, as an object. */
static bool makes_json(const char *name)
{
	return strncmp(name, "json", 4) == 0 || strncmp(name, "to_json", 7) == 0 ||
	       strcmp(name, "row_to_json") == 0;
}

struct expr *function_call(struct scope *s, const PgQuery__FuncCall *f)
{
	struct analyzer *a = s->a;
	struct call *c = an_alloc(a, sizeof(*c));
	const struct candidate *best;
	bool was_in_agg = s->in_agg;
	struct expr *e, *cast;

	HANDLES(a, f, f->location,
		"funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct "
		"func_variadic funcformat location");
	if (f->agg_within_group)
		fail_unsupported(a, f->location, "WITHIN GROUP");
	c->s = s;
	c->parse = f;
	c->location = f->location;
	name_parts(a, f->n_funcname, f->funcname, f->location, &c->schema, &c->name);
	if (f->n_args > MAX_ARGS)
		fail(a, f->location, "54023", "cannot pass more than %d arguments to a function",
		     MAX_ARGS);
	s->in_agg = true;
	for (size_t i = 0; i < f->n_args; i++) {
		struct expr *arg = expr_inner(s, f->args[i]);

		if (arg->kind == E_NAMED_ARG) {
			for (size_t k = 0; k < i; k++)
				if (c->names[k] != NULL && strcmp(c->names[k], arg->name) == 0)
					fail(a, arg->location, ERRCODE_SYNTAX,
					     "argument name \"%s\" used more than once", arg->name);
			c->names[i] = arg->name;
			c->n_named++;
			arg = arg->args[0];
		} else if (c->n_named > 0) {
			fail(a, arg->location, ERRCODE_SYNTAX,
			     "positional argument cannot follow named argument");
		}
		if (arg->kind == E_ROW && arg->names != NULL && arg->n_args > 60 && makes_json(c->name)) {
			arg->kind = E_JSON_ROW;
			arg->type = JSONOID;
		}
		c->args[i] = arg;
		c->types[i] = arg->type;
	}
	if (f->n_args == 1 && c->args[0]->kind == E_JSON_ROW && strcmp(c->name, "row_to_json") == 0) {
		s->in_agg = was_in_agg;
		return c->args[0];
	}
	s->in_agg = was_in_agg;
	c->n_args = f->n_args;
	best = call_resolve(c, &cast);
	if (best == NULL) {
		if (f->over != NULL || f->agg_star || f->agg_distinct || f->n_agg_order > 0 ||
		    f->agg_filter != NULL)
			fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE, "%s is not an aggregate function",
			     call_signature(c));
		return cast;
	}
	e = func_expr(a, best->proc, 0, NULL, 0,
		      f->funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX ? FORM_SQL_SYNTAX :
										    FORM_CALL,
		      f->location);
	call_arguments(c, best, e);
	if (best->proc->prokind == 'f') {
		const char *what = f->agg_distinct	   ? "DISTINCT" :
				   f->n_agg_order > 0	   ? "ORDER BY" :
				   f->agg_filter != NULL   ? "FILTER" :
							     NULL;

		if (f->agg_star)
			fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE,
			     "%s(*) specified, but %s is not an aggregate function", c->name, c->name);
		if (what != NULL)
			fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE,
			     "%s specified, but %s is not an aggregate function", what, c->name);
		if (f->over != NULL)
			fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE,
			     "OVER specified, but %s is not a window function nor an aggregate function",
			     c->name);
		return e;
	}
	if (best->proc->prokind == 'a') {
		aggregate_finish(c, e);
		if (f->n_args == 0 && !f->agg_star)
			fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE,
			     "%s(*) must be used to call a parameterless aggregate function", c->name);
	} else if (f->over == NULL) {
		fail(a, f->location, ERRCODE_WRONG_OBJECT_TYPE,
		     "window function %s requires an OVER clause", c->name);
	}
	if (f->agg_filter != NULL) {
		enum expr_place place = s->place;

		if (best->proc->prokind == 'w')
			fail(a, f->location, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "FILTER is not implemented for non-aggregate window functions");
		e->filter = where_transform(s, f->agg_filter, PLACE_FILTER, "FILTER");
		s->place = place;
	}
	if (f->over != NULL) {
		if (f->agg_distinct)
			fail(a, f->location, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "DISTINCT is not implemented for window functions");
		if (f->n_agg_order > 0)
			fail(a, f->location, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "aggregate ORDER BY is not implemented for window functions");
		if (s->in_window)
			fail(a, f->location, ERRCODE_WINDOWING, "window function calls cannot be nested");
		if (s->place != PLACE_SELECT && s->place != PLACE_ORDER_BY &&
		    s->place != PLACE_DISTINCT_ON)
			fail(a, f->location, ERRCODE_WINDOWING, "window functions are not allowed in %s",
			     s->place == PLACE_JOIN_ON ? "JOIN conditions" : place_words(s));
		e->kind = E_WINDOW;
		e->window = window_transform(s, f->over);
		s->query->has_windows = true;
	}
	return e;
}

struct expr *function_make(struct scope *s, const char *name, struct expr **args, size_t n,
			   int location)
{
	static const PgQuery__FuncCall no_call = PG_QUERY__FUNC_CALL__INIT;
	struct analyzer *a = s->a;
	struct call *c = an_alloc(a, sizeof(*c));
	const struct candidate *best;
	struct expr *e, *cast;

	c->s = s;
	c->parse = &no_call;
	c->location = location;
	c->schema = "pg_catalog";
	c->name = name;
	c->n_args = n;
	for (size_t i = 0; i < n; i++) {
		c->args[i] = args[i];
		c->types[i] = args[i]->type;
	}
	best = call_resolve(c, &cast);
	if (best == NULL)
		return cast;
	e = func_expr(a, best->proc, 0, NULL, 0, FORM_CALL, location);
	call_arguments(c, best, e);
	return e;
}
