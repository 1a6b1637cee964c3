/*
 * select.c - SELECT, VALUES, set operations and WITH
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <string.h>

/* ---- WITH ---- */

struct cte *cte_find(struct scope *s, const char *name)
{
	for (struct scope *at = s; at != NULL; at = at->parent) {
		struct list *ctes;

		if (at->query == NULL)
			continue;
		ctes = &at->query->ctes;
		for (size_t i = 0; i < ctes->n; i++) {
			struct cte *c = ctes->at[i];

			if (strcmp(c->name, name) != 0)
				continue;
			const PgQuery__CommonTableExpr *parse = c->parse;

			if (c->in_progress && parse->ctequery->select_stmt->op !=
						      PG_QUERY__SET_OPERATION__SETOP_UNION)
				fail(s->a, c->location, ERRCODE_INVALID_RECURSION,
				     "recursive query \"%s\" does not have the form non-recursive-term "
				     "UNION [ALL] recursive-term",
				     name);
			if (c->in_progress && c->columns == NULL)
				fail(s->a, c->location, ERRCODE_INVALID_RECURSION,
				     "recursive reference to query \"%s\" must not appear within its "
				     "non-recursive term",
				     name);
			c->recursive |= c->in_progress;
			return c;
		}
	}
	return NULL;
}

static void cte_columns(struct scope *s, struct cte *c, const struct query *q)
{
	struct analyzer *a = s->a;
	const PgQuery__CommonTableExpr *parse = c->parse;
	size_t n;
	const struct rte_column *columns = query_columns(a, q, &n);
	struct rte_column *own = an_array(a, n, sizeof(*own));

	memcpy(own, columns, n * sizeof(*own));
	if (parse->n_aliascolnames > n)
		fail(a, parse->location, ERRCODE_INVALID_COLUMN_REFERENCE,
		     "WITH query \"%s\" has %zu columns available but %zu columns specified", c->name, n,
		     parse->n_aliascolnames);
	for (size_t i = 0; i < parse->n_aliascolnames; i++)
		own[i].name = node_name(a, parse->aliascolnames[i]);
	if (c->in_progress)
		for (size_t i = 0; i < n; i++)
			own[i].not_null = false;
	c->columns = own;
	c->n_columns = n;
}

void with_transform(struct scope *s, const PgQuery__WithClause *with)
{
	struct analyzer *a = s->a;
	struct list *ctes = &s->query->ctes;

	HANDLES(a, with, with->location, "ctes recursive location");
	for (size_t i = 0; i < with->n_ctes; i++) {
		const PgQuery__CommonTableExpr *x = with->ctes[i]->common_table_expr;
		struct cte *c = AN_NEW(a, struct cte);

		HANDLES(a, x, x->location,
			"ctename aliascolnames ctematerialized ctequery location");
		for (size_t k = 0; k < ctes->n; k++)
			if (strcmp(((struct cte *)ctes->at[k])->name, x->ctename) == 0)
				fail(a, x->location, ERRCODE_DUPLICATE_ALIAS,
				     "WITH query name \"%s\" specified more than once", x->ctename);
		if (x->ctequery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
			fail_unsupported(a, x->location, "a statement that changes data in WITH");
		c->name = x->ctename;
		c->sqlite_name = new_alias(a, 'w');
		c->location = x->location;
		c->parse = x;
		c->materialized =
			x->ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeAlways ? 1 :
			x->ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever  ? 2 :
											       0;
		if (with->recursive) {
			list_add(a, ctes, c);
			c->in_progress = true;
			s->self = c;
		}
		c->query = query_transform(s, x->ctequery, true);
		s->self = NULL;
		if (c->recursive && (c->query->set == NULL || c->query->set->op != SET_UNION))
			fail(a, x->location, ERRCODE_INVALID_RECURSION,
			     "recursive query \"%s\" does not have the form non-recursive-term UNION "
			     "[ALL] recursive-term",
			     c->name);
		c->in_progress = false;
		s->query->recursive |= c->recursive;
		if (!c->recursive)
			cte_columns(s, c, c->query);
		if (!with->recursive)
			list_add(a, ctes, c);
	}
}

/* ---- small clauses ---- */

struct expr *where_transform(struct scope *s, const PgQuery__Node *node, enum expr_place place,
			     const char *construct)
{
	return expr_bool(s, expr_transform(s, node, place), construct);
}

oid_t ordering_operator(struct scope *s, oid_t type, int location, bool equality_only)
{
	oid_t base = base_type(type, NULL);
	struct type_ordering o;

	if (base == VARCHAROID)
		base = TEXTOID;
	if (base == UNKNOWNOID)
		return 0;
	o = pgcat_type_ordering(base);
	if (o.lt == 0 && type_is_array(base))
		o = pgcat_type_ordering(ANYARRAYOID);
	if (o.lt == 0) {
		/* a type that is stored as one that can be ordered */
		switch (base) {
		case REGPROCOID: case REGPROCEDUREOID: case REGOPEROID: case REGOPERATOROID:
		case REGCLASSOID: case REGTYPEOID: case REGROLEOID: case REGNAMESPACEOID:
		case REGCOLLATIONOID: case REGCONFIGOID: case REGDICTIONARYOID:
			return pgcat_type_ordering(OIDOID).lt;
		case CIDROID:
			return pgcat_type_ordering(INETOID).lt;
		case XIDOID: case CIDOID: case ACLITEMOID:
			if (equality_only)
				return 1;
			break;
		default:
			break;
		}
		if (equality_only)
			fail(s->a, location, ERRCODE_UNDEFINED_FUNCTION,
			     "could not identify an equality operator for type %s",
			     type_name(s->a, type));
		fail_hint(s->a, location, ERRCODE_UNDEFINED_FUNCTION,
			  "Use an explicit ordering operator or modify the query.",
			  "could not identify an ordering operator for type %s", type_name(s->a, type));
	}
	return o.lt;
}

static struct expr *known(struct scope *s, struct expr *e)
{
	if (e->type != UNKNOWNOID)
		return e;
	return coerce_type(s, e, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
}

void resolve_unknown_targets(struct scope *s, struct list *targets)
{
	for (size_t i = 0; i < targets->n; i++) {
		struct target *t = targets->at[i];

		t->expr = known(s, t->expr);
	}
}

/* ORDER BY, GROUP BY, DISTINCT ON: a position, a name of the select list, or an expression. */
static struct expr *by_expr(struct scope *s, const PgQuery__Node *node, struct list *targets,
			    enum expr_place place, const char *clause, int *target)
{
	struct analyzer *a = s->a;
	struct expr *e;

	*target = -1;
	if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1 &&
	    node->column_ref->fields[0]->node_case == PG_QUERY__NODE__NODE_STRING) {
		const char *name = node->column_ref->fields[0]->string->sval;
		bool in_from = false;
		struct target *found = NULL;

		if (place == PLACE_GROUP_BY)
			for (size_t i = 0; i < s->items.n && !in_from; i++) {
				const struct ns_item *item = s->items.at[i];

				for (size_t k = 0; item->cols_visible && k < item->n_columns; k++)
					in_from |= strcmp(item->columns[k].name, name) == 0;
			}
		for (size_t i = 0; !in_from && i < targets->n; i++) {
			struct target *t = targets->at[i];

			if (t->name == NULL || strcmp(t->name, name) != 0)
				continue;
			if (found != NULL) {
				if (!expr_equal(found->expr, t->expr))
					fail(a, node->column_ref->location, ERRCODE_AMBIGUOUS_COLUMN,
					     "%s \"%s\" is ambiguous", clause, name);
			} else {
				found = t;
				*target = (int)i;
			}
		}
		if (found != NULL) {
			found->expr = known(s, found->expr);
			return found->expr;
		}
	}
	if (node->node_case == PG_QUERY__NODE__NODE_A_CONST) {
		const PgQuery__AConst *c = node->a_const;

		if (c->isnull || c->val_case != PG_QUERY__A__CONST__VAL_IVAL)
			fail(a, c->location, ERRCODE_SYNTAX, "non-integer constant in %s", clause);
		if (c->ival->ival < 1 || (size_t)c->ival->ival > targets->n)
			fail(a, c->location, ERRCODE_INVALID_COLUMN_REFERENCE,
			     "%s position %d is not in select list", clause, c->ival->ival);
		*target = c->ival->ival - 1;
		struct target *t = targets->at[*target];

		t->expr = known(s, t->expr);
		return t->expr;
	}
	e = expr_transform(s, node, place);
	for (size_t i = 0; i < targets->n; i++) {
		struct target *t = targets->at[i];

		if (t->name != NULL && expr_equal(t->expr, e)) {
			*target = (int)i;
			t->expr = known(s, t->expr);
			return t->expr;
		}
	}
	return known(s, e);
}

struct sort_key *sort_transform(struct scope *s, size_t n, PgQuery__Node *const *nodes,
				struct list *targets, enum expr_place place, size_t *n_out)
{
	struct analyzer *a = s->a;
	struct sort_key *keys = an_array(a, n, sizeof(*keys));
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const PgQuery__SortBy *by = nodes[i]->sort_by;
		struct sort_key *k = &keys[used];

		HANDLES(a, by, by->location, "node sortby_dir sortby_nulls use_op location");
		*k = (struct sort_key){ .target = -1, .location = node_location(by->node) };
		if (place == PLACE_WINDOW_ORDER || place == PLACE_OTHER)
			k->expr = known(s, expr_transform(s, by->node,
							  place == PLACE_OTHER ? s->place : place));
		else
			k->expr = by_expr(s, by->node, targets, place, "ORDER BY", &k->target);
		ordering_operator(s, k->expr->type, k->location, false);
		switch (by->sortby_dir) {
		case PG_QUERY__SORT_BY_DIR__SORTBY_DESC:
			k->descending = true;
			break;
		case PG_QUERY__SORT_BY_DIR__SORTBY_USING: {
			const char *op = node_name(a, by->use_op[by->n_use_op - 1]);

			if (strcmp(op, "<") != 0 && strcmp(op, ">") != 0)
				fail_unsupported(a, k->location, "ORDER BY USING %s", op);
			k->descending = op[0] == '>';
			break;
		}
		default:
			break;
		}
		k->nulls_first = by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
				 (by->sortby_nulls != PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_LAST &&
				  k->descending);
		bool repeated = false;

		for (size_t j = 0; j < used && place == PLACE_ORDER_BY && n <= 64; j++)
			repeated |= expr_equal(keys[j].expr, k->expr);
		if (!repeated)
			used++;
	}
	*n_out = used;
	return keys;
}

/* ---- windows ---- */

enum {
	/* PostgreSQL's FRAMEOPTION bits, as the parser gives them */
	FRAME_NONDEFAULT = 0x1, FRAME_IS_RANGE = 0x2, FRAME_IS_ROWS = 0x4, FRAME_IS_GROUPS = 0x8,
	FRAME_BETWEEN = 0x10,
	FRAME_START_UNBOUNDED_PRECEDING = 0x20, FRAME_END_UNBOUNDED_PRECEDING = 0x40,
	FRAME_START_UNBOUNDED_FOLLOWING = 0x80, FRAME_END_UNBOUNDED_FOLLOWING = 0x100,
	FRAME_START_CURRENT_ROW = 0x200, FRAME_END_CURRENT_ROW = 0x400,
	FRAME_START_OFFSET_PRECEDING = 0x800, FRAME_END_OFFSET_PRECEDING = 0x1000,
	FRAME_START_OFFSET_FOLLOWING = 0x2000, FRAME_END_OFFSET_FOLLOWING = 0x4000,
	FRAME_EXCLUDE_CURRENT_ROW = 0x8000, FRAME_EXCLUDE_GROUP = 0x10000,
	FRAME_EXCLUDE_TIES = 0x20000,
};

static const PgQuery__WindowDef *window_named(struct scope *s, const char *name, int location)
{
	for (size_t i = 0; i < s->n_window_defs; i++) {
		const PgQuery__WindowDef *w = s->window_defs[i]->window_def;

		if (strcmp(w->name, name) == 0)
			return w;
	}
	fail(s->a, location, ERRCODE_UNDEFINED_OBJECT, "window \"%s\" does not exist", name);
}

static struct expr *frame_offset(struct scope *s, const PgQuery__Node *node, const struct window *w)
{
	struct analyzer *a = s->a;
	struct expr *e;

	if (node == NULL)
		return NULL;
	e = expr_transform(s, node, PLACE_WINDOW_FRAME);
	if (expr_has_var(e))
		fail(a, e->location, ERRCODE_INVALID_COLUMN_REFERENCE,
		     "argument of %s must not contain variables",
		     w->mode == FRAME_ROWS ? "ROWS" : w->mode == FRAME_GROUPS ? "GROUPS" : "RANGE");
	if (w->mode == FRAME_RANGE) {
		oid_t type;

		if (w->n_order != 1)
			fail(a, e->location, ERRCODE_WINDOWING,
			     "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
		type = base_type(w->order[0].expr->type, NULL);
		if (type != INT2OID && type != INT4OID && type != INT8OID && type != FLOAT8OID &&
		    type != FLOAT4OID)
			fail_unsupported(a, e->location, "RANGE with an offset over type %s",
					 type_name(a, type));
		return coerce_to_integer(s, e, type == FLOAT4OID || type == FLOAT8OID ? FLOAT8OID : INT8OID,
					 "RANGE");
	}
	return coerce_to_integer(s, e, INT8OID, w->mode == FRAME_ROWS ? "ROWS" : "GROUPS");
}

const struct window *window_transform(struct scope *s, const PgQuery__WindowDef *def)
{
	struct analyzer *a = s->a;
	struct window *w = AN_NEW(a, struct window);
	const PgQuery__WindowDef *base = NULL;
	bool was_in_window = s->in_window;
	int f = def->frame_options;

	HANDLES(a, def, def->location,
		"name refname partition_clause order_clause frame_options start_offset end_offset location");
	/* OVER w is that window; OVER (w ...) adds to it */
	if (def->name != NULL && def->name[0] != '\0' && def->n_partition_clause == 0 &&
	    def->n_order_clause == 0 && (def->refname == NULL || def->refname[0] == '\0') &&
	    !s->in_window_clause)
		def = window_named(s, def->name, def->location);
	if (def->refname != NULL && def->refname[0] != '\0') {
		base = window_named(s, def->refname, def->location);
		if (def->n_partition_clause > 0)
			fail(a, def->location, ERRCODE_WINDOWING,
			     "cannot override PARTITION BY clause of window \"%s\"", def->refname);
		if (base->n_order_clause > 0 && def->n_order_clause > 0)
			fail(a, def->location, ERRCODE_WINDOWING,
			     "cannot override ORDER BY clause of window \"%s\"", def->refname);
		if (base->frame_options & FRAME_NONDEFAULT)
			fail(a, def->location, ERRCODE_WINDOWING,
			     "cannot copy window \"%s\" because it has a frame clause", def->refname);
	}
	f = def->frame_options;
	s->in_window = true;
	const PgQuery__WindowDef *partition = base != NULL ? base : def;
	const PgQuery__WindowDef *order = base != NULL && def->n_order_clause == 0 ? base : def;

	w->partition = an_array(a, partition->n_partition_clause, sizeof(struct expr *));
	w->n_partition = partition->n_partition_clause;
	for (size_t i = 0; i < w->n_partition; i++) {
		w->partition[i] =
			known(s, expr_transform(s, partition->partition_clause[i], PLACE_WINDOW_PARTITION));
		ordering_operator(s, w->partition[i]->type, w->partition[i]->location, true);
	}
	w->order = sort_transform(s, order->n_order_clause, order->order_clause, NULL,
				  PLACE_WINDOW_ORDER, &w->n_order);
	if (f & FRAME_NONDEFAULT) {
		w->has_frame = true;
		w->mode = f & FRAME_IS_ROWS ? FRAME_ROWS : f & FRAME_IS_GROUPS ? FRAME_GROUPS : FRAME_RANGE;
		w->start = f & FRAME_START_UNBOUNDED_PRECEDING ? BOUND_UNBOUNDED_PRECEDING :
			   f & FRAME_START_OFFSET_PRECEDING    ? BOUND_PRECEDING :
			   f & FRAME_START_CURRENT_ROW	       ? BOUND_CURRENT_ROW :
			   f & FRAME_START_OFFSET_FOLLOWING    ? BOUND_FOLLOWING :
								 BOUND_UNBOUNDED_FOLLOWING;
		w->end = f & FRAME_END_UNBOUNDED_FOLLOWING ? BOUND_UNBOUNDED_FOLLOWING :
			 f & FRAME_END_OFFSET_PRECEDING	   ? BOUND_PRECEDING :
			 f & FRAME_END_CURRENT_ROW	   ? BOUND_CURRENT_ROW :
			 f & FRAME_END_OFFSET_FOLLOWING	   ? BOUND_FOLLOWING :
							     BOUND_UNBOUNDED_PRECEDING;
		w->exclude = f & FRAME_EXCLUDE_CURRENT_ROW ? EXCLUDE_CURRENT :
			     f & FRAME_EXCLUDE_GROUP	   ? EXCLUDE_GROUP :
			     f & FRAME_EXCLUDE_TIES	   ? EXCLUDE_TIES :
							     EXCLUDE_NONE;
		if (w->mode == FRAME_GROUPS && w->n_order == 0)
			fail(a, def->location, ERRCODE_WINDOWING,
			     "GROUPS mode requires an ORDER BY clause");
		w->start_offset = frame_offset(s, def->start_offset, w);
		w->end_offset = frame_offset(s, def->end_offset, w);
	}
	s->in_window = was_in_window;
	return w;
}

/* ---- the select list ---- */

static bool is_star(const PgQuery__Node *node)
{
	return node != NULL && node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
	       node->column_ref->fields[node->column_ref->n_fields - 1]->node_case ==
		       PG_QUERY__NODE__NODE_A_STAR;
}

static bool is_record_star(const PgQuery__Node *node)
{
	return node != NULL && node->node_case == PG_QUERY__NODE__NODE_A_INDIRECTION &&
	       node->a_indirection->n_indirection == 1 &&
	       node->a_indirection->indirection[0]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

void targets_transform(struct scope *s, size_t n, PgQuery__Node *const *nodes,
		       enum expr_place place, struct list *out)
{
	struct analyzer *a = s->a;

	for (size_t i = 0; i < n; i++) {
		const PgQuery__ResTarget *r = nodes[i]->res_target;
		struct target *t;

		HANDLES(a, r, r->location, "name val location");
		if (is_star(r->val)) {
			star_expand(s, r->val->column_ref, out);
			continue;
		}
		if (is_record_star(r->val)) {
			struct expr *row = expr_transform(s, r->val->a_indirection->arg, place);

			if (row->kind != E_VAR || row->number != 0)
				fail_unsupported(a, r->location, "row expansion via \"*\" of this value");
			for (size_t k = 0; k < row->rte->n_columns; k++) {
				t = AN_NEW(a, struct target);
				t->expr = var_new(a, row->rte, (int)k + 1, row->location);
				t->name = row->rte->columns[k].name;
				list_add(a, out, t);
			}
			continue;
		}
		t = AN_NEW(a, struct target);
		t->expr = expr_transform(s, r->val, place);
		if (t->expr->kind == E_ROW && t->expr->names != NULL)
			fail_unsupported(a, r->location, "the row of a table as a column");
		t->name = r->name != NULL && r->name[0] != '\0' ? r->name : column_label(a, r->val);
		if (t->expr->kind == E_VAR && t->expr->number > 0) {
			const struct rte_column *c = &t->expr->rte->columns[t->expr->number - 1];

			t->table = c->table;
			t->attnum = c->attnum;
		}
		list_add(a, out, t);
	}
	if (out->n > ANALYZE_MAX_COLUMNS)
		fail(a, -1, "54011", "target lists can have at most %d entries", ANALYZE_MAX_COLUMNS);
}

static void targets_store(struct scope *s, struct list *targets, struct target **out, size_t *n)
{
	*out = an_array(s->a, targets->n, sizeof(struct target));
	*n = targets->n;
	for (size_t i = 0; i < targets->n; i++)
		(*out)[i] = *(struct target *)targets->at[i];
}

/* ---- GROUP BY ---- */

struct ungrouped {
	struct scope *s;
	struct query *q;
	bool in_subquery;
};

static void check_grouped(struct ungrouped *u, struct expr *e);

static bool depends_on_group(const struct query *q, const struct expr *var)
{
	const struct schema_relation *r = var->rte->relation;

	if (r == NULL || var->rte->kind != RTE_TABLE)
		return false;
	for (size_t i = 0; i < r->n_constraints; i++) {
		const struct schema_constraint *c = &r->constraints[i];
		bool all = c->n_columns > 0;

		if (c->type != 'p')
			continue;
		for (size_t k = 0; k < c->n_columns && all; k++) {
			bool found = false;

			for (size_t g = 0; g < q->group.n && !found; g++) {
				const struct expr *ge = q->group.at[g];

				found = ge->kind == E_VAR && ge->rte == var->rte && ge->number > 0 &&
					ge->rte->columns[ge->number - 1].attnum == c->columns[k];
			}
			all = found;
		}
		if (all)
			return true;
	}
	return false;
}

static void check_query_grouped(struct ungrouped *u, struct query *q);

static void check_from_grouped(struct ungrouped *u, struct from *f)
{
	if (f == NULL)
		return;
	if (f->inlined != NULL) {
		for (size_t i = 0; i < f->inlined->from.n; i++)
			check_from_grouped(u, f->inlined->from.at[i]);
		return;
	}
	if (f->rte != NULL) {
		if (f->rte->query != NULL && f->rte->kind == RTE_SUBQUERY)
			check_query_grouped(u, f->rte->query);
		if (f->rte->function != NULL)
			check_grouped(u, f->rte->function);
		return;
	}
	check_from_grouped(u, f->left);
	check_from_grouped(u, f->right);
	check_grouped(u, f->quals);
}

static void check_set_grouped(struct ungrouped *u, struct set_node *n)
{
	if (n == NULL)
		return;
	if (n->op == SET_LEAF)
		check_query_grouped(u, n->leaf);
	check_set_grouped(u, n->left);
	check_set_grouped(u, n->right);
}

static void check_query_grouped(struct ungrouped *u, struct query *q)
{
	bool was = u->in_subquery;

	analyzer_enter(u->s->a);
	u->in_subquery = true;
	for (size_t i = 0; i < q->n_targets; i++)
		check_grouped(u, q->targets[i].expr);
	for (size_t i = 0; i < q->from.n; i++)
		check_from_grouped(u, q->from.at[i]);
	check_grouped(u, q->where);
	for (size_t i = 0; i < q->group.n; i++)
		check_grouped(u, q->group.at[i]);
	check_grouped(u, q->having);
	for (size_t i = 0; i < q->n_sort; i++)
		check_grouped(u, q->sort[i].expr);
	for (size_t i = 0; i < q->srfs.n; i++)
		check_grouped(u, ((struct rte *)q->srfs.at[i])->function);
	for (size_t i = 0; i < q->ctes.n; i++)
		check_query_grouped(u, ((struct cte *)q->ctes.at[i])->query);
	check_set_grouped(u, q->set);
	u->in_subquery = was;
	analyzer_leave(u->s->a);
}

/* Every column of the grouped query stands in an aggregate or in a grouping expression. */
static void check_grouped(struct ungrouped *u, struct expr *e)
{
	if (e == NULL)
		return;
	if (e->kind == E_CONST || e->kind == E_PARAM)
		return;
	if (e->kind == E_AGG && !u->in_subquery)
		return;
	for (size_t i = 0; i < u->q->group.n; i++)
		if (expr_equal(u->q->group.at[i], e))
			return;
	if (e->kind == E_VAR) {
		if (e->rte->owner != u->q || e->number <= 0 || depends_on_group(u->q, e))
			return;
		if (u->in_subquery)
			fail(u->s->a, e->location, ERRCODE_GROUPING,
			     "subquery uses ungrouped column \"%s.%s\" from outer query", e->rte->name,
			     e->rte->columns[e->number - 1].name);
		fail(u->s->a, e->location, ERRCODE_GROUPING,
		     "column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate "
		     "function",
		     e->rte->name, e->rte->columns[e->number - 1].name);
	}
	analyzer_enter(u->s->a);
	if (e->kind == E_SUBLINK)
		check_query_grouped(u, e->query);
	for (size_t i = 0; i < e->n_args; i++)
		check_grouped(u, e->args[i]);
	check_grouped(u, e->filter);
	if (e->window != NULL) {
		for (size_t i = 0; i < e->window->n_partition; i++)
			check_grouped(u, e->window->partition[i]);
		for (size_t i = 0; i < e->window->n_order; i++)
			check_grouped(u, e->window->order[i].expr);
	}
	analyzer_leave(u->s->a);
}

static bool visit_agg(struct expr *e, void *arg)
{
	int *location = arg;

	if (e->kind == E_AGG) {
		*location = e->location;
		return false;
	}
	return true;
}

static void group_transform(struct scope *s, const PgQuery__SelectStmt *stmt, struct list *targets)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;

	for (size_t i = 0; i < stmt->n_group_clause; i++) {
		const PgQuery__Node *node = stmt->group_clause[i];
		struct expr *e;
		bool repeated = false;
		int target;

		if (node->node_case == PG_QUERY__NODE__NODE_GROUPING_SET) {
			if (node->grouping_set->kind == PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_EMPTY &&
			    stmt->n_group_clause == 1)
				continue;
			fail_unsupported(a, node->grouping_set->location, "GROUPING SETS, ROLLUP or CUBE");
		}
		if (node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR &&
		    node->row_expr->row_format == PG_QUERY__COERCION_FORM__COERCE_IMPLICIT_CAST)
			fail_unsupported(a, node->row_expr->location, "GROUP BY (a, b)");
		e = by_expr(s, node, targets, PLACE_GROUP_BY, "GROUP BY", &target);
		if (target >= 0) {
			int location = e->location;

			if (!expr_walk(e, visit_agg, &location))
				fail(a, location, ERRCODE_GROUPING,
				     "aggregate functions are not allowed in GROUP BY");
		}
		ordering_operator(s, e->type, e->location, true);
		for (size_t k = 0; k < q->group.n && stmt->n_group_clause <= 64; k++)
			repeated |= expr_equal(q->group.at[k], e);
		if (!repeated)
			list_add(a, &q->group, e);
	}
	q->grouped = stmt->n_group_clause > 0;
}

static void grouping_check(struct scope *s)
{
	struct query *q = s->query;
	struct ungrouped u = { s, q, false };

	if (!q->grouped && !q->has_aggs && q->having == NULL)
		return;
	if (q->srfs.n > 0)
		fail_unsupported(s->a, ((struct rte *)q->srfs.at[0])->location,
				 "a set-returning function in the select list of a grouped query");
	for (size_t i = 0; i < q->n_targets; i++)
		check_grouped(&u, q->targets[i].expr);
	check_grouped(&u, q->having);
	for (size_t i = 0; i < q->n_sort; i++)
		check_grouped(&u, q->sort[i].expr);
	for (size_t i = 0; i < q->distinct_on.n; i++)
		check_grouped(&u, q->distinct_on.at[i]);
}

/* ---- DISTINCT, LIMIT, locking ---- */

static void distinct_transform(struct scope *s, const PgQuery__SelectStmt *stmt, struct list *targets)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;

	struct list nodes = { 0 };

	if (stmt->n_distinct_clause == 0)
		return;
	q->distinct = true;
	for (size_t i = 0; i < stmt->n_distinct_clause; i++) {
		const PgQuery__Node *node = stmt->distinct_clause[i];
		struct expr *e;
		int target;

		if (node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
			continue; /* plain DISTINCT is a list of one empty node */
		e = by_expr(s, node, targets, PLACE_DISTINCT_ON, "SELECT DISTINCT ON", &target);
		ordering_operator(s, e->type, e->location, true);
		list_add(a, &q->distinct_on, e);
		list_add(a, &nodes, (void *)(uintptr_t)node);
	}
	if (q->distinct_on.n == 0) {
		for (size_t i = 0; i < targets->n; i++) {
			struct target *t = targets->at[i];

			t->expr = known(s, t->expr);
			ordering_operator(s, t->expr->type, t->expr->location, true);
		}
		for (size_t i = 0; i < q->n_sort; i++)
			if (q->sort[i].target < 0)
				fail(a, q->sort[i].location, ERRCODE_INVALID_COLUMN_REFERENCE,
				     "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
		return;
	}
	size_t matched = 0;

	for (size_t i = 0; i < q->n_sort && matched < q->distinct_on.n; i++) {
		bool found = false;

		for (size_t k = 0; k < q->distinct_on.n; k++)
			found |= expr_equal(q->distinct_on.at[k], q->sort[i].expr);
		if (!found)
			fail(a, node_location(nodes.at[matched]),
			     ERRCODE_INVALID_COLUMN_REFERENCE,
			     "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
		matched++;
	}
}

static struct expr *limit_transform(struct scope *s, const PgQuery__Node *node, enum expr_place place,
				    const char *name)
{
	struct expr *e;

	if (node == NULL)
		return NULL;
	e = expr_transform(s, node, place);
	e = coerce_to_integer(s, e, INT8OID, name);
	if (expr_has_var(e))
		fail(s->a, e->location, ERRCODE_INVALID_COLUMN_REFERENCE,
		     "argument of %s must not contain variables", name);
	return e;
}

static void locking_transform(struct scope *s, const PgQuery__SelectStmt *stmt)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;

	for (size_t i = 0; i < stmt->n_locking_clause; i++) {
		const PgQuery__LockingClause *l = stmt->locking_clause[i]->locking_clause;
		static const char *const names[] = { "", "", "FOR KEY SHARE", "FOR SHARE",
						     "FOR NO KEY UPDATE", "FOR UPDATE" };
		const char *name = (unsigned)l->strength < ARRAY_LEN(names) ? names[l->strength] : "FOR UPDATE";
		const char *what = q->set != NULL	    ? "UNION/INTERSECT/EXCEPT" :
				   q->kind == QUERY_VALUES  ? "VALUES" :
				   q->distinct		    ? "DISTINCT clause" :
				   q->grouped		    ? "GROUP BY clause" :
				   q->having != NULL	    ? "HAVING clause" :
				   q->has_aggs		    ? "aggregate functions" :
				   q->has_windows	    ? "window functions" :
				   q->srfs.n > 0	    ? "set-returning functions in the target list" :
							      NULL;

		if (what != NULL)
			fail(a, -1, ERRCODE_FEATURE_NOT_SUPPORTED, "%s %s %s", name,
			     q->kind == QUERY_VALUES ? "cannot be applied to" : "is not allowed with", what);
		for (size_t k = 0; k < l->n_locked_rels; k++) {
			const PgQuery__RangeVar *rv = l->locked_rels[k]->range_var;
			bool found = false;

			for (size_t j = 0; j < s->items.n; j++) {
				const struct ns_item *item = s->items.at[j];

				found |= item->rel_visible && item->name != NULL &&
					 strcmp(item->name, rv->relname) == 0;
			}
			if (!found)
				fail(a, rv->location, ERRCODE_UNDEFINED_TABLE,
				     "relation \"%s\" in %s clause not found in FROM clause", rv->relname,
				     name);
		}
		q->locks = true;
	}
}

/* ---- the queries ---- */

static void simple_select(struct scope *s, const PgQuery__SelectStmt *stmt, bool resolve_unknowns)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;
	struct list targets = { 0 };

	s->window_defs = stmt->window_clause;
	s->n_window_defs = stmt->n_window_clause;
	from_transform(s, stmt->n_from_clause, stmt->from_clause);
	targets_transform(s, stmt->n_target_list, stmt->target_list, PLACE_SELECT, &targets);
	for (size_t i = 0; i < targets.n; i++)
		q->location = i == 0 ? ((struct target *)targets.at[0])->expr->location : q->location;
	if (stmt->where_clause != NULL)
		q->where = make_and(a, q->where,
				    where_transform(s, stmt->where_clause, PLACE_WHERE, "WHERE"));
	if (stmt->having_clause != NULL)
		q->having = where_transform(s, stmt->having_clause, PLACE_HAVING, "HAVING");
	q->sort = sort_transform(s, stmt->n_sort_clause, stmt->sort_clause, &targets, PLACE_ORDER_BY,
				 &q->n_sort);
	group_transform(s, stmt, &targets);
	distinct_transform(s, stmt, &targets);
	q->offset = limit_transform(s, stmt->limit_offset, PLACE_OFFSET, "OFFSET");
	q->limit = limit_transform(s, stmt->limit_count, PLACE_LIMIT, "LIMIT");
	if (stmt->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES) {
		if (q->n_sort == 0)
			fail(a, -1, ERRCODE_SYNTAX,
			     "WITH TIES cannot be specified without ORDER BY clause");
		q->with_ties = true;
	}
	/* windows that nobody uses are checked too */
	for (size_t i = 0; i < stmt->n_window_clause; i++) {
		const PgQuery__WindowDef *w = stmt->window_clause[i]->window_def;

		for (size_t k = 0; k < i; k++)
			if (strcmp(stmt->window_clause[k]->window_def->name, w->name) == 0)
				fail(a, w->location, ERRCODE_WINDOWING,
				     "window \"%s\" is already defined", w->name);
		s->in_window_clause = true;
		window_transform(s, w);
		s->in_window_clause = false;
	}
	if (resolve_unknowns)
		resolve_unknown_targets(s, &targets);
	targets_store(s, &targets, &q->targets, &q->n_targets);
	locking_transform(s, stmt);
	if (q->has_windows && q->srfs.n > 0)
		fail_unsupported(a, q->location,
				 "a set-returning function together with window functions");
	grouping_check(s);
}

static void values_select(struct scope *s, const PgQuery__SelectStmt *stmt, bool resolve_unknowns)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;
	size_t n_rows = stmt->n_values_lists, n = 0;
	struct expr **column = an_array(a, n_rows, sizeof(struct expr *));
	struct list targets = { 0 };

	q->kind = QUERY_VALUES;
	for (size_t i = 0; i < n_rows; i++) {
		const PgQuery__List *row = stmt->values_lists[i]->list;
		struct list *out = AN_NEW(a, struct list);

		if (i == 0)
			n = row->n_items;
		else if (row->n_items != n)
			fail(a, node_location(stmt->values_lists[i]), ERRCODE_SYNTAX,
			     "VALUES lists must all be the same length");
		for (size_t k = 0; k < row->n_items; k++) {
			struct expr *e;

			if (is_star(row->items[k]))
				fail_unsupported(a, node_location(row->items[k]), "\"*\" in VALUES");
			e = expr_transform(s, row->items[k], PLACE_VALUES);
			if (e->kind == E_DEFAULT)
				fail(a, e->location, ERRCODE_SYNTAX,
				     "DEFAULT is not allowed in this context");
			list_add(a, out, e);
		}
		list_add(a, &q->rows, out);
	}
	for (size_t k = 0; k < n; k++) {
		struct target *t = AN_NEW(a, struct target);
		struct expr *e;
		oid_t type;

		for (size_t i = 0; i < n_rows; i++)
			column[i] = ((struct list *)q->rows.at[i])->at[k];
		/* a single row of unknown literals may still be resolved by what is around it */
		if (n_rows == 1 && !resolve_unknowns && column[0]->type == UNKNOWNOID) {
			type = UNKNOWNOID;
		} else {
			type = select_common_type(s, column, n_rows, "VALUES", NULL);
			for (size_t i = 0; i < n_rows; i++) {
				column[i] = coerce_to_common(s, column[i], type, "VALUES");
				((struct list *)q->rows.at[i])->at[k] = column[i];
			}
		}
		e = expr_new(a, E_CASETEST, type, column[0]->location);
		e->typmod = select_common_typmod(column, n_rows, type);
		t->expr = e;
		t->name = an_printf(a, "column%zu", k + 1);
		list_add(a, &targets, t);
	}
	q->sort = sort_transform(s, stmt->n_sort_clause, stmt->sort_clause, &targets, PLACE_ORDER_BY,
				 &q->n_sort);
	for (size_t i = 0; i < q->n_sort; i++)
		if (q->sort[i].target < 0)
			fail_unsupported(a, q->sort[i].location, "ORDER BY an expression after VALUES");
	q->offset = limit_transform(s, stmt->limit_offset, PLACE_OFFSET, "OFFSET");
	q->limit = limit_transform(s, stmt->limit_count, PLACE_LIMIT, "LIMIT");
	if (stmt->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
		fail_unsupported(a, -1, "FETCH FIRST WITH TIES after VALUES");
	targets_store(s, &targets, &q->targets, &q->n_targets);
	locking_transform(s, stmt);
}

/* One side of a set operation: the node, and expressions with the types of its columns. */
struct set_side {
	struct set_node *node;
	struct expr **exprs;
	const char **names;
	size_t n;
};

static struct set_side set_tree(struct scope *s, const PgQuery__SelectStmt *stmt, bool top);

static struct set_side set_leaf(struct scope *s, const PgQuery__SelectStmt *stmt)
{
	struct analyzer *a = s->a;
	struct set_side side = { 0 };
	struct query *q = select_transform(s, stmt, false);

	side.node = AN_NEW(a, struct set_node);
	side.node->op = SET_LEAF;
	side.node->leaf = q;
	side.n = q->n_targets;
	side.exprs = an_array(a, side.n, sizeof(struct expr *));
	side.names = an_array(a, side.n, sizeof(char *));
	for (size_t i = 0; i < side.n; i++) {
		side.exprs[i] = q->targets[i].expr;
		side.names[i] = q->targets[i].name;
	}
	return side;
}

/* Give an open column of a leaf the type that the set operation found. */
static void set_resolve(struct scope *s, struct set_side *side, size_t column, oid_t type)
{
	struct query *leaf = side->node->leaf;
	struct expr *e;

	if (side->exprs[column]->type != UNKNOWNOID || side->node->op != SET_LEAF)
		return;
	if (leaf->kind == QUERY_VALUES) {
		struct list *row = leaf->rows.at[0];

		row->at[column] = coerce_type(s, row->at[column], type, -1, COERCION_IMPLICIT,
					      FORM_IMPLICIT_CAST, -1);
		e = expr_new(s->a, E_CASETEST, type, side->exprs[column]->location);
	} else {
		e = coerce_type(s, side->exprs[column], type, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	}
	leaf->targets[column].expr = e;
	side->exprs[column] = e;
}

static struct set_side set_tree(struct scope *s, const PgQuery__SelectStmt *stmt, bool top)
{
	struct analyzer *a = s->a;
	struct set_side l, r, out = { 0 };
	struct cte *self = top ? s->self_query : NULL;
	const char *context;

	if (stmt->op == PG_QUERY__SET_OPERATION__SETOP_NONE ||
	    (!top && (stmt->n_sort_clause > 0 || stmt->limit_count != NULL || stmt->limit_offset != NULL ||
		      stmt->n_locking_clause > 0 || stmt->with_clause != NULL)))
		return set_leaf(s, stmt);
	analyzer_enter(a);
	context = stmt->op == PG_QUERY__SET_OPERATION__SETOP_UNION     ? "UNION" :
		  stmt->op == PG_QUERY__SET_OPERATION__SETOP_INTERSECT ? "INTERSECT" :
									 "EXCEPT";
	l = set_tree(s, stmt->larg, false);
	if (self != NULL) {
		/* the recursive term sees the columns of the other one */
		struct query shape = { .kind = QUERY_VALUES };

		shape.targets = an_array(a, l.n, sizeof(struct target));
		shape.n_targets = l.n;
		for (size_t i = 0; i < l.n; i++) {
			set_resolve(s, &l, i, l.exprs[i]->type == UNKNOWNOID ? TEXTOID : l.exprs[i]->type);
			shape.targets[i].expr = l.exprs[i];
			shape.targets[i].name = l.names[i];
		}
		cte_columns(s, self, &shape);
	}
	r = set_tree(s, stmt->rarg, false);
	if (l.n != r.n)
		fail(a, r.n > 0 ? r.exprs[0]->location : -1, ERRCODE_SYNTAX,
		     "each %s query must have the same number of columns", context);
	out.n = l.n;
	out.names = l.names;
	out.exprs = an_array(a, l.n, sizeof(struct expr *));
	out.node = AN_NEW(a, struct set_node);
	out.node->op = context[0] == 'U' ? SET_UNION : context[0] == 'I' ? SET_INTERSECT : SET_EXCEPT;
	out.node->all = stmt->all;
	out.node->left = l.node;
	out.node->right = r.node;
	out.node->n_columns = l.n;
	out.node->n_terms = (l.node->op == SET_LEAF || l.node->wrapped ? 1 : l.node->n_terms) + 1;
	out.node->wrapped = out.node->n_terms >= 400;
	for (size_t i = 0; i < l.n; i++) {
		struct expr *both[2] = { l.exprs[i], r.exprs[i] };
		oid_t type = select_common_type(s, both, 2, context, NULL);
		struct expr *e;

		set_resolve(s, &l, i, type);
		set_resolve(s, &r, i, type);
		both[0] = l.exprs[i];
		both[1] = r.exprs[i];
		for (int k = 0; k < 2; k++)
			if (!can_coerce(a, 1, &both[k]->type, &type, COERCION_IMPLICIT))
				fail(a, both[k]->location, ERRCODE_CANNOT_COERCE,
				     "%s could not convert type %s to %s", context,
				     type_name(a, both[k]->type), type_name(a, type));
		if (self != NULL && type != l.exprs[i]->type)
			fail_hint(a, l.exprs[i]->location, ERRCODE_DATATYPE_MISMATCH,
				  "Cast the output of the non-recursive term to the correct type.",
				  "recursive query \"%s\" column %zu has type %s in non-recursive term but "
				  "type %s overall",
				  self->name, i + 1, type_name(a, l.exprs[i]->type), type_name(a, type));
		if (!(out.node->op == SET_UNION && stmt->all))
			ordering_operator(s, type, both[0]->location, true);
		e = expr_new(a, E_CASETEST, type, both[0]->location);
		e->typmod = select_common_typmod(both, 2, type);
		out.exprs[i] = e;
	}
	analyzer_leave(a);
	return out;
}

/* Every leaf gives the types of the whole. */
static void set_coerce(struct scope *s, struct set_node *n, struct expr **exprs, size_t n_exprs)
{
	analyzer_enter(s->a);
	if (n->op == SET_LEAF) {
		n->types = an_array(s->a, n_exprs, sizeof(oid_t));
		n->n_columns = n_exprs;
		for (size_t i = 0; i < n_exprs; i++)
			n->types[i] = exprs[i]->type;
		n->leaf = query_coerced(s, n->leaf, n->types);
	} else {
		set_coerce(s, n->left, exprs, n_exprs);
		set_coerce(s, n->right, exprs, n_exprs);
	}
	analyzer_leave(s->a);
}

static void set_select(struct scope *s, const PgQuery__SelectStmt *stmt)
{
	struct analyzer *a = s->a;
	struct query *q = s->query;
	struct list targets = { 0 };
	struct set_side side = set_tree(s, stmt, true);

	set_coerce(s, side.node, side.exprs, side.n);
	q->set = side.node;
	for (size_t i = 0; i < side.n; i++) {
		struct target *t = AN_NEW(a, struct target);

		t->expr = side.exprs[i];
		t->name = side.names[i];
		list_add(a, &targets, t);
	}
	for (size_t i = 0; i < stmt->n_sort_clause; i++) {
		const PgQuery__Node *node = stmt->sort_clause[i]->sort_by->node;
		bool name = node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
			    node->column_ref->n_fields == 1;
		bool found = node->node_case == PG_QUERY__NODE__NODE_A_CONST;

		for (size_t k = 0; name && k < targets.n; k++)
			found |= strcmp(((struct target *)targets.at[k])->name,
					node_name(a, node->column_ref->fields[0])) == 0;
		if (name && !found)
			fail(a, node->column_ref->location, ERRCODE_UNDEFINED_COLUMN,
			     "column \"%s\" does not exist", node_name(a, node->column_ref->fields[0]));
		if (!found) {
			sql_error_at(a->err, node_location(node), ERRCODE_FEATURE_NOT_SUPPORTED,
				     "invalid UNION/INTERSECT/EXCEPT ORDER BY clause");
			sql_error_detail(a->err, "Only result column names can be used, not expressions or "
						 "functions.");
			sql_error_hint(a->err, "Add the expression/function to every SELECT, or move the "
					       "UNION into a FROM clause.");
			analyzer_fail(a);
		}
	}
	q->sort = sort_transform(s, stmt->n_sort_clause, stmt->sort_clause, &targets, PLACE_ORDER_BY,
				 &q->n_sort);
	q->offset = limit_transform(s, stmt->limit_offset, PLACE_OFFSET, "OFFSET");
	q->limit = limit_transform(s, stmt->limit_count, PLACE_LIMIT, "LIMIT");
	if (stmt->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
		fail_unsupported(a, -1, "FETCH FIRST WITH TIES after a set operation");
	targets_store(s, &targets, &q->targets, &q->n_targets);
	locking_transform(s, stmt);
}

struct query *select_transform(struct scope *parent, const PgQuery__SelectStmt *stmt,
			       bool resolve_unknowns)
{
	struct analyzer *a = parent->a;
	struct query *q = AN_NEW(a, struct query);
	struct scope s = { .a = a, .parent = parent->query != NULL ? parent : NULL, .query = q };

	analyzer_enter(a);
	if (stmt->into_clause != NULL)
		fail(a, -1, ERRCODE_SYNTAX, "SELECT ... INTO is not allowed here");
	HANDLES(a, stmt, -1,
		"distinct_clause target_list from_clause where_clause group_clause having_clause "
		"window_clause values_lists sort_clause limit_offset limit_count limit_option "
		"locking_clause with_clause op all larg rarg");
	q->parent = parent->query;
	q->location = -1;
	s.self_query = parent->self;
	parent->self = NULL;
	if (stmt->with_clause != NULL)
		with_transform(&s, stmt->with_clause);
	if (stmt->n_values_lists > 0)
		values_select(&s, stmt, resolve_unknowns);
	else if (stmt->op == PG_QUERY__SET_OPERATION__SETOP_NONE)
		simple_select(&s, stmt, resolve_unknowns);
	else
		set_select(&s, stmt);
	analyzer_leave(a);
	return q;
}

struct query *query_transform(struct scope *parent, const PgQuery__Node *node, bool resolve_unknowns)
{
	if (node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
		fail_unsupported(parent->a, node_location(node), "%s here", node_kind(node));
	return select_transform(parent, node->select_stmt, resolve_unknowns);
}
