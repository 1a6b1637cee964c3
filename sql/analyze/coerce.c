/*
 * coerce.c - which type becomes which, and how
 *
 * Source: PostgreSQL 15 documentation, chapter 10, "Type Conversion", and 38.2.5,
 * "Polymorphic Types".
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <string.h>

enum path { PATH_NONE, PATH_RELABEL, PATH_FUNC, PATH_IO, PATH_ARRAY };

char type_category(oid_t type, bool *preferred)
{
	const struct pg_type_row *t = pgcat_type(type);

	if (preferred != NULL)
		*preferred = t != NULL && t->typispreferred;
	return t != NULL ? t->typcategory : 'X';
}

bool is_polymorphic(oid_t type)
{
	switch (type) {
	case ANYELEMENTOID: case ANYARRAYOID: case ANYNONARRAYOID: case ANYENUMOID:
	case ANYRANGEOID: case ANYMULTIRANGEOID: case ANYCOMPATIBLEOID: case ANYCOMPATIBLEARRAYOID:
	case ANYCOMPATIBLENONARRAYOID: case ANYCOMPATIBLERANGEOID: case ANYCOMPATIBLEMULTIRANGEOID:
		return true;
	default:
		return false;
	}
}

static bool is_range_type(oid_t type, char kind)
{
	const struct pg_type_row *t = pgcat_type(type);

	return t != NULL && t->typtype == kind;
}

bool is_binary_coercible(oid_t from, oid_t to)
{
	const struct pg_cast_row *cast;

	if (from == to || to == ANYOID || to == ANYELEMENTOID || to == ANYCOMPATIBLEOID)
		return true;
	from = base_type(from, NULL);
	if (from == to)
		return true;
	if ((to == ANYARRAYOID || to == ANYCOMPATIBLEARRAYOID) && type_is_array(from))
		return true;
	if ((to == ANYNONARRAYOID || to == ANYCOMPATIBLENONARRAYOID) && !type_is_array(from))
		return true;
	if (to == ANYENUMOID && is_range_type(from, 'e'))
		return true;
	if ((to == ANYRANGEOID || to == ANYCOMPATIBLERANGEOID) && is_range_type(from, 'r'))
		return true;
	if ((to == ANYMULTIRANGEOID || to == ANYCOMPATIBLEMULTIRANGEOID) && is_range_type(from, 'm'))
		return true;
	if (to == RECORDOID && is_range_type(from, 'c'))
		return true;
	cast = pgcat_cast(from, to);
	return cast != NULL && cast->castmethod == 'b' && cast->castcontext == 'i';
}

/* How a value of type `from` becomes one of type `to`. */
static enum path coercion_path(oid_t from, oid_t to, enum coercion ctx,
			       const struct pg_proc_row **func)
{
	const struct pg_cast_row *cast;
	oid_t from_element, to_element;

	*func = NULL;
	from = base_type(from, NULL);
	to = base_type(to, NULL);
	if (from == to)
		return PATH_RELABEL;
	cast = pgcat_cast(from, to);
	if (cast != NULL) {
		enum coercion needs = cast->castcontext == 'i' ? COERCION_IMPLICIT :
				      cast->castcontext == 'a' ? COERCION_ASSIGNMENT :
								 COERCION_EXPLICIT;
		if (ctx < needs)
			return PATH_NONE;
		switch (cast->castmethod) {
		case 'f':
			*func = pgcat_proc(cast->castfunc);
			return *func != NULL ? PATH_FUNC : PATH_NONE;
		case 'i':
			return PATH_IO;
		default:
			return PATH_RELABEL;
		}
	}
	if (to != OIDVECTOROID && to != INT2VECTOROID) {
		to_element = element_type(to);
		from_element = element_type(from);
		if (to_element != 0 && from_element != 0) {
			enum path element = coercion_path(from_element, to_element, ctx, func);

			*func = NULL;
			if (element != PATH_NONE)
				return element == PATH_IO ? PATH_IO : PATH_ARRAY;
		}
	}
	if (ctx >= COERCION_ASSIGNMENT && type_category(to, NULL) == 'S')
		return PATH_IO;
	if (ctx >= COERCION_EXPLICIT && type_category(from, NULL) == 'S')
		return PATH_IO;
	return PATH_NONE;
}

bool can_coerce(struct analyzer *a, size_t n, const oid_t *from, const oid_t *to, enum coercion ctx)
{
	bool generic = false;

	(void)a;
	for (size_t i = 0; i < n; i++) {
		const struct pg_proc_row *func;

		if (from[i] == to[i] || to[i] == ANYOID)
			continue;
		if (is_polymorphic(to[i])) {
			generic = true;
			continue;
		}
		if (from[i] == UNKNOWNOID)
			continue;
		if (coercion_path(from[i], to[i], ctx, &func) != PATH_NONE)
			continue;
		if (from[i] == RECORDOID && is_range_type(to[i], 'c'))
			continue;
		if (to[i] == RECORDOID && is_range_type(from[i], 'c'))
			continue;
		if (to[i] == RECORDARRAYOID && is_range_type(element_type(from[i]), 'c'))
			continue;
		return false;
	}
	return !generic || check_polymorphic_args(from, to, n);
}

/* The common type of the ANYCOMPATIBLE arguments; 0: none. */
static oid_t common_of(const oid_t *types, size_t n)
{
	oid_t best = 0;
	char category = 0;
	bool preferred = false;

	for (size_t i = 0; i < n; i++) {
		oid_t type = base_type(types[i], NULL);
		bool type_preferred;
		char type_cat;
		const struct pg_proc_row *func;

		if (type == UNKNOWNOID || type == best)
			continue;
		type_cat = type_category(type, &type_preferred);
		if (best == 0) {
			best = type;
			category = type_cat;
			preferred = type_preferred;
		} else if (type_cat != category) {
			return 0;
		} else if (!preferred &&
			   coercion_path(best, type, COERCION_IMPLICIT, &func) != PATH_NONE &&
			   coercion_path(type, best, COERCION_IMPLICIT, &func) == PATH_NONE) {
			best = type;
			preferred = type_preferred;
		}
	}
	if (best == 0)
		best = TEXTOID;
	for (size_t i = 0; i < n; i++) {
		const struct pg_proc_row *func;

		if (types[i] != UNKNOWNOID && types[i] != best &&
		    coercion_path(types[i], best, COERCION_IMPLICIT, &func) == PATH_NONE)
			return 0;
	}
	return best;
}

/* What the polymorphic arguments of a call come to. */
struct generic {
	oid_t element, array;          /* of the ANYELEMENT family; 0: not known */
	bool family, nonarray, anyenum;
	oid_t compatible;              /* of the ANYCOMPATIBLE family */
	bool compatible_family, compatible_nonarray, compatible_array;
	bool ranges;
	const char *problem;
	oid_t problem_a, problem_b;
};

static bool generic_find(struct generic *g, const oid_t *actual, const oid_t *declared, size_t n)
{
	oid_t compat[128];
	size_t n_compat = 0;

	*g = (struct generic){ 0 };
	for (size_t i = 0; i < n; i++) {
		oid_t type = actual[i];

		switch (declared[i]) {
		case ANYNONARRAYOID:
		case ANYENUMOID:
		case ANYELEMENTOID:
			g->family = true;
			g->nonarray |= declared[i] == ANYNONARRAYOID;
			g->anyenum |= declared[i] == ANYENUMOID;
			if (type == UNKNOWNOID)
				break;
			if (g->element != 0 && g->element != type) {
				g->problem = "arguments declared \"anyelement\" are not all alike";
				g->problem_a = g->element;
				g->problem_b = type;
				return false;
			}
			g->element = type;
			break;
		case ANYARRAYOID:
			g->family = true;
			if (type == UNKNOWNOID)
				break;
			type = base_type(type, NULL);
			if (type == ANYARRAYOID) {
				/* pg_statistic's columns: the array stays as it is */
			} else if (!type_is_array(type)) {
				g->problem = "argument declared anyarray is not an array";
				g->problem_a = actual[i];
				return false;
			}
			if (g->array != 0 && g->array != type) {
				g->problem = "arguments declared \"anyarray\" are not all alike";
				g->problem_a = g->array;
				g->problem_b = type;
				return false;
			}
			g->array = type;
			break;
		case ANYRANGEOID:
		case ANYMULTIRANGEOID:
		case ANYCOMPATIBLERANGEOID:
		case ANYCOMPATIBLEMULTIRANGEOID:
			if (type != UNKNOWNOID && !is_range_type(base_type(type, NULL), 'r') &&
			    !is_range_type(base_type(type, NULL), 'm'))
				return false;
			g->ranges = true;
			break;
		case ANYCOMPATIBLEOID:
		case ANYCOMPATIBLENONARRAYOID:
			g->compatible_family = true;
			g->compatible_nonarray |= declared[i] == ANYCOMPATIBLENONARRAYOID;
			if (type != UNKNOWNOID && n_compat < ARRAY_LEN(compat))
				compat[n_compat++] = type;
			break;
		case ANYCOMPATIBLEARRAYOID:
			g->compatible_family = true;
			g->compatible_array = true;
			if (type == UNKNOWNOID)
				break;
			if (!type_is_array(type))
				return false;
			if (n_compat < ARRAY_LEN(compat))
				compat[n_compat++] = element_type(type);
			break;
		default:
			break;
		}
	}
	if (g->ranges)
		return true;
	if (g->array != 0 && g->array != ANYARRAYOID) {
		oid_t element = element_type(g->array);

		if (g->element == 0)
			g->element = element;
		else if (g->element != element) {
			g->problem = "argument declared anyarray is not consistent with argument "
				     "declared anyelement";
			g->problem_a = g->array;
			g->problem_b = g->element;
			return false;
		}
	}
	if (g->nonarray && g->element != 0 && type_is_array(g->element))
		return false;
	if (g->anyenum && g->element != 0 && !is_range_type(g->element, 'e'))
		return false;
	if (n_compat > 0) {
		g->compatible = common_of(compat, n_compat);
		if (g->compatible == 0)
			return false;
		if (g->compatible_nonarray && type_is_array(g->compatible))
			return false;
		if (g->compatible_array && array_type(g->compatible) == 0)
			return false;
	}
	return true;
}

bool check_polymorphic_args(const oid_t *actual, const oid_t *declared, size_t n)
{
	struct generic g;

	return generic_find(&g, actual, declared, n);
}

oid_t enforce_polymorphic_types(struct analyzer *a, const oid_t *actual, oid_t *declared, size_t n,
				oid_t result, bool allow_poly, int location)
{
	struct generic g;
	bool any = is_polymorphic(result);

	for (size_t i = 0; i < n; i++)
		any |= is_polymorphic(declared[i]);
	if (!any)
		return result;
	if (!generic_find(&g, actual, declared, n)) {
		if (g.problem != NULL && g.problem_b != 0)
			fail(a, location, ERRCODE_DATATYPE_MISMATCH, "%s", g.problem);
		fail(a, location, ERRCODE_DATATYPE_MISMATCH, "%s",
		     g.problem != NULL ? g.problem : "argument types are not consistent");
	}
	if (g.ranges)
		fail_unsupported(a, location, "a function of ranges");
	if (g.family && g.element == 0 && g.array != ANYARRAYOID) {
		if (!allow_poly)
			fail(a, location, ERRCODE_DATATYPE_MISMATCH,
			     "could not determine polymorphic type because input has type unknown");
	}
	if (g.compatible_family && g.compatible == 0)
		g.compatible = TEXTOID;
	for (size_t i = 0; i < n; i++) {
		switch (declared[i]) {
		case ANYELEMENTOID: case ANYNONARRAYOID: case ANYENUMOID:
			declared[i] = g.element;
			break;
		case ANYARRAYOID:
			declared[i] = g.array == 0 ? array_type(g.element) : g.array;
			break;
		case ANYCOMPATIBLEOID: case ANYCOMPATIBLENONARRAYOID:
			declared[i] = g.compatible;
			break;
		case ANYCOMPATIBLEARRAYOID:
			declared[i] = array_type(g.compatible);
			break;
		default:
			break;
		}
		if (declared[i] == 0)
			fail(a, location, ERRCODE_UNDEFINED_OBJECT,
			     "could not find array type for data type %s", type_name(a, g.element));
	}
	switch (result) {
	case ANYELEMENTOID: case ANYNONARRAYOID: case ANYENUMOID:
		if (g.array == ANYARRAYOID)
			return TEXTOID;
		return g.element;
	case ANYARRAYOID:
		result = g.array != 0 ? g.array : array_type(g.element);
		if (result == 0)
			fail(a, location, ERRCODE_UNDEFINED_OBJECT,
			     "could not find array type for data type %s", type_name(a, g.element));
		return result;
	case ANYCOMPATIBLEOID: case ANYCOMPATIBLENONARRAYOID:
		return g.compatible;
	case ANYCOMPATIBLEARRAYOID:
		return array_type(g.compatible);
	default:
		if (is_polymorphic(result))
			fail_unsupported(a, location, "a function of ranges");
		return result;
	}
}

/* Give a parameter whose type is open the type that its place asks for. */
static struct expr *param_resolve(struct scope *s, struct expr *e, oid_t type)
{
	struct analyzer *a = s->a;
	oid_t *known = &a->params[e->number - 1];
	struct expr *p;

	if (*known != 0 && *known != UNKNOWNOID && *known != type) {
		sql_error_at(a->err, e->location, "42P08",
			     "inconsistent types deduced for parameter $%d", e->number);
		sql_error_detail(a->err, "%s versus %s", type_name(a, *known), type_name(a, type));
		analyzer_fail(a);
	}
	*known = type;
	p = expr_new(a, E_PARAM, type, e->location);
	p->number = e->number;
	return p;
}

/* Does the value of this text depend on settings? */
static bool literal_is_stable(oid_t type, const char *text, size_t len)
{
	switch (type) {
	case DATEOID: case TIMEOID: case TIMESTAMPOID:
		return len >= 8 && text[0] >= '0' && text[0] <= '9' &&
		       ((text[4] == '-' && type != TIMEOID) || (text[2] == ':' && type == TIMEOID));
	case TIMESTAMPTZOID: case TIMETZOID:
		return false;
	default:
		return true;
	}
}

static struct expr *literal_in(struct scope *s, struct expr *e, oid_t type, int32_t typmod)
{
	struct analyzer *a = s->a;
	struct type_context ctx = { a->in->env, a->in->schema, a->arena };
	struct expr *c = expr_new(a, E_CONST, type, e->location);
	oid_t base = base_type(type, NULL);

	c->typmod = typmod;
	if (e->value.kind == DATUM_NULL)
		return c;
	if (!type_is_supported(base))
		fail_unsupported(a, e->location, "type %s", type_name(a, type));
	if (!literal_is_stable(base, e->value.data, e->value.len))
		a->stable = false;
	if (!type_in(&ctx, base, typmod, e->value.data, e->value.len, &c->value, a->err)) {
		/* a value that is too long for its column has no position */
		if (a->err->location < 0 && a->view_depth == 0 &&
		    !(typmod >= 0 && strncmp(a->err->sqlstate, "2200", 4) == 0))
			a->err->location = e->location;
		analyzer_fail(a);
	}
	return c;
}

struct expr *coerce_type(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			 enum coercion ctx, enum coercion_form form, int location)
{
	struct analyzer *a = s->a;
	const struct pg_proc_row *func;
	struct expr *out;
	oid_t base;

	if (e->type == type)
		return e;
	if (type == ANYOID || is_polymorphic(type))
		return e;
	if (type == UNKNOWNOID)
		return e;
	if (e->type == UNKNOWNOID) {
		if (e->kind == E_CONST)
			return literal_in(s, e, type, type == INTERVALOID ? typmod : -1);
		if (e->kind == E_PARAM)
			return param_resolve(s, e, type);
		if (e->kind == E_COLLATE) {
			struct expr *inner = coerce_type(s, e->args[0], type, typmod, ctx, form, location);

			out = expr_new(a, E_COLLATE, inner->type, e->location);
			out->args = an_array(a, 1, sizeof(struct expr *));
			out->args[0] = inner;
			out->n_args = 1;
			out->name = e->name;
			return out;
		}
		/* a column of type unknown: of a subquery's literal */
		out = expr_new(a, E_IO, type, e->location);
		goto one_arg;
	}
	if (e->type == RECORDOID && is_range_type(type, 'c'))
		fail_unsupported(a, e->location, "a cast of a row to type %s", type_name(a, type));
	base = base_type(type, NULL);
	switch (coercion_path(e->type, type, ctx, &func)) {
	case PATH_NONE:
		if (type == RECORDOID && is_range_type(e->type, 'c')) {
			out = expr_new(a, E_RELABEL, type, e->location);
			goto one_arg;
		}
		return NULL;
	case PATH_RELABEL:
		out = expr_new(a, E_RELABEL, type, e->location);
		if (base_type(e->type, NULL) == base)
			out->typmod = e->typmod;
		goto one_arg;
	case PATH_FUNC: {
		struct expr **args = an_array(a, 3, sizeof(struct expr *));
		size_t n = 1;

		args[0] = e;
		if (base_type(e->type, NULL) != e->type) {
			out = expr_new(a, E_RELABEL, base_type(e->type, NULL), e->location);
			out->args = an_array(a, 1, sizeof(struct expr *));
			out->args[0] = e;
			out->n_args = 1;
			out->form = FORM_IMPLICIT_CAST;
			args[0] = out;
		}
		if (func->pronargs > 1)
			args[n++] = const_int(a, INT4OID, typmod, -1);
		if (func->pronargs > 2)
			args[n++] = const_bool(a, ctx == COERCION_EXPLICIT, -1);
		out = func_expr(a, func, base, args, n, form, location >= 0 ? location : e->location);
		if (func->pronargs > 1)
			out->typmod = typmod;
		if (base != type) {
			struct expr *domain = expr_new(a, E_RELABEL, type, e->location);

			domain->args = an_array(a, 1, sizeof(struct expr *));
			domain->args[0] = out;
			domain->n_args = 1;
			domain->form = (uint8_t)form;
			return domain;
		}
		return out;
	}
	case PATH_IO:
	case PATH_ARRAY:
		if (e->kind == E_ARRAY && element_type(type) != 0) {
			/* convert the elements of ARRAY[...], not the array */
			out = expr_new(a, E_ARRAY, type, e->location);
			out->n_args = e->n_args;
			out->args = an_array(a, e->n_args, sizeof(struct expr *));
			for (size_t i = 0; i < e->n_args; i++) {
				oid_t to = type_is_array(e->args[i]->type) ? type : element_type(type);

				out->args[i] = coerce_type(s, e->args[i], to, typmod, ctx, form, location);
				if (out->args[i] == NULL)
					return NULL;
			}
			return out;
		}
		out = expr_new(a, E_IO, type, e->location);
		goto one_arg;
	}
	return NULL;
one_arg:
	out->args = an_array(a, 1, sizeof(struct expr *));
	out->args[0] = e;
	out->n_args = 1;
	out->form = (uint8_t)form;
	return out;
}

/* Characters of a text in UTF-8. */
static size_t characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

struct expr *coerce_length(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			   enum coercion ctx, enum coercion_form form, int location)
{
	struct analyzer *a = s->a;
	const struct pg_cast_row *cast;
	const struct pg_proc_row *func;
	struct expr **args, *out;
	size_t n = 0;

	if (typmod < 0 || e->typmod == typmod)
		return e;
	if (e->kind == E_CONST && e->value.kind == DATUM_NULL) {
		e->typmod = typmod;
		return e;
	}
	if (e->kind == E_CONST && (type == VARCHAROID || type == BPCHAROID) &&
	    characters(e->value.data, e->value.len) <= (size_t)typmod - 4) {
		out = AN_NEW(a, struct expr);
		*out = *e;
		out->typmod = typmod;
		return out;
	}
	if (type_is_array(type) && element_type(type) != 0 && pgcat_type(type)->typelem != 0 &&
	    type != OIDVECTOROID && type != INT2VECTOROID) {
		oid_t element = element_type(type);

		cast = pgcat_cast(element, element);
		if (cast == NULL)
			return e;
		out = expr_new(a, E_IO, type, e->location);
		out->typmod = typmod;
		out->args = an_array(a, 1, sizeof(struct expr *));
		out->args[0] = e;
		out->n_args = 1;
		out->form = (uint8_t)form;
		return out;
	}
	cast = pgcat_cast(type, type);
	func = cast != NULL && cast->castfunc != 0 ? pgcat_proc(cast->castfunc) : NULL;
	if (func == NULL)
		return e;
	args = an_array(a, 3, sizeof(struct expr *));
	args[n++] = e;
	args[n++] = const_int(a, INT4OID, typmod, -1);
	if (func->pronargs > 2)
		args[n++] = const_bool(a, ctx == COERCION_EXPLICIT, -1);
	out = func_expr(a, func, type, args, n, form, location >= 0 ? location : e->location);
	out->typmod = typmod;
	return out;
}

struct expr *coerce_to_target(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			      enum coercion ctx, enum coercion_form form, int location)
{
	oid_t from = e->type;
	int32_t base_typmod = typmod;
	oid_t base = base_type(type, &base_typmod);
	struct expr *out;

	if (!can_coerce(s->a, 1, &from, &type, ctx))
		return NULL;
	if (e->kind == E_CONST && e->type == UNKNOWNOID && ctx != COERCION_EXPLICIT &&
	    base == type && typmod >= 0 && !type_is_array(type)) {
		out = literal_in(s, e, type, typmod); /* checks the length at once */
		out->typmod = typmod;
		return out;
	}
	out = coerce_type(s, e, base, base_typmod, ctx, form, location);
	if (out == NULL)
		return NULL;
	out = coerce_length(s, out, base, base_typmod, ctx, form, location);
	if (base != type) {
		struct expr *domain;

		if (out->kind == E_CONST) {
			domain = AN_NEW(s->a, struct expr);
			*domain = *out;
			domain->type = type;
			return domain;
		}
		domain = expr_new(s->a, E_RELABEL, type, out->location);
		domain->args = an_array(s->a, 1, sizeof(struct expr *));
		domain->args[0] = out;
		domain->n_args = 1;
		domain->form = (uint8_t)form;
		return domain;
	}
	return out;
}

struct expr *coerce_to_common(struct scope *s, struct expr *e, oid_t type, const char *context)
{
	struct expr *out;
	oid_t from = e->type;

	if (from == type)
		return e;
	out = can_coerce(s->a, 1, &from, &type, COERCION_IMPLICIT) ?
		      coerce_type(s, e, type, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1) :
		      NULL;
	if (out == NULL)
		fail(s->a, e->location, ERRCODE_CANNOT_COERCE, "%s could not convert type %s to %s",
		     context, type_name(s->a, from), type_name(s->a, type));
	return out;
}

/* NULL context: 0 where there is none, instead of an error. */
oid_t select_common_type(struct scope *s, struct expr **exprs, size_t n, const char *context,
			 struct expr **which)
{
	struct expr *best = exprs[0];
	oid_t type = best->type;
	char category;
	bool preferred;
	size_t i;

	if (which != NULL)
		*which = best;
	if (type != UNKNOWNOID) {
		for (i = 1; i < n && exprs[i]->type == type; i++)
			;
		if (i == n)
			return type;
	}
	type = base_type(type, NULL);
	category = type_category(type, &preferred);
	for (i = 1; i < n; i++) {
		oid_t next = base_type(exprs[i]->type, NULL);
		char next_category;
		bool next_preferred;

		if (next == UNKNOWNOID || next == type)
			continue;
		next_category = type_category(next, &next_preferred);
		if (type == UNKNOWNOID) {
			best = exprs[i];
			type = next;
			category = next_category;
			preferred = next_preferred;
		} else if (next_category != category) {
			if (context == NULL)
				return 0;
			fail(s->a, exprs[i]->location, ERRCODE_DATATYPE_MISMATCH,
			     "%s types %s and %s cannot be matched", context, type_name(s->a, type),
			     type_name(s->a, next));
		} else if (!preferred && can_coerce(s->a, 1, &type, &next, COERCION_IMPLICIT) &&
			   !can_coerce(s->a, 1, &next, &type, COERCION_IMPLICIT)) {
			best = exprs[i];
			type = next;
			category = next_category;
			preferred = next_preferred;
		}
	}
	if (type == UNKNOWNOID)
		type = TEXTOID;
	if (which != NULL)
		*which = best;
	return type;
}

int32_t select_common_typmod(struct expr **exprs, size_t n, oid_t common)
{
	int32_t typmod = -1;

	for (size_t i = 0; i < n; i++) {
		if (exprs[i]->type != common)
			return -1;
		if (i == 0)
			typmod = exprs[i]->typmod;
		else if (typmod != exprs[i]->typmod)
			return -1;
	}
	return typmod;
}

struct expr *coerce_to_integer(struct scope *s, struct expr *e, oid_t type, const char *construct)
{
	struct expr *out;

	if (e->type == type)
		return e;
	out = coerce_to_target(s, e, type, -1, COERCION_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
	if (out == NULL)
		fail(s->a, e->location, ERRCODE_DATATYPE_MISMATCH,
		     "argument of %s must be type %s, not type %s", construct, type_name(s->a, type),
		     type_name(s->a, e->type));
	return out;
}
