/*
 * expr_tree.c - expressions as trees: made, compared, walked, weighed
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/expr.h"

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

struct expr *expr_with(struct analyzer *a, enum expr_kind kind, oid_t type, int location,
			      struct expr *l, struct expr *r)
{
	struct expr *e = expr_new(a, kind, type, location);

	e->args = an_array(a, 2, sizeof(struct expr *));
	e->args[e->n_args++] = l;
	if (r != NULL)
		e->args[e->n_args++] = r;
	return e;
}

struct expr *bool_list(struct analyzer *a, enum expr_kind kind, struct list *items, int location)
{
	struct expr *e;

	if (items->n == 1)
		return items->at[0];
	e = expr_new(a, kind, BOOLOID, location);
	e->args = (struct expr **)items->at;
	e->n_args = items->n;
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

struct expr *var_new(struct analyzer *a, struct rte *rte, int attno, int location)
{
	const struct rte_column *c = &rte->columns[attno - 1];
	struct expr *e = expr_new(a, E_VAR, c->type, location);

	e->typmod = c->typmod;
	e->rte = rte;
	e->number = attno;
	return e;
}
