/*
 * dml.c - INSERT, UPDATE, DELETE
 *
 * Every column of an INSERT is given, with its default where the statement has none,
 * so SQLite never chooses a value.
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <string.h>

/* What a statement that changes rows works with. */
struct dml {
	struct scope s;
	struct query *q;
	const struct schema_relation *r;
	struct ns_item *item;   /* the target's names */
	struct expr **defaults; /* by column, as they are needed */
};

static void target_open(struct dml *d, struct analyzer *a, const PgQuery__RangeVar *rv,
			enum query_kind kind, const char *verb)
{
	const struct schema_relation *r;

	d->q = AN_NEW(a, struct query);
	d->q->kind = kind;
	d->q->location = -1;
	d->s = (struct scope){ .a = a, .query = d->q };
	r = relation_find(&d->s, rv);
	if (r->is_system)
		fail(a, -1, ERRCODE_INSUFFICIENT_PRIVILEGE,
		     "permission denied: \"%s\" is a system catalog", r->name);
	if (r->kind == 'S')
		fail(a, -1, ERRCODE_WRONG_OBJECT_TYPE, "cannot change sequence \"%s\"", r->name);
	if (r->kind == 'v') {
		sql_error_at(a->err, -1, "55000", "cannot %s view \"%s\"", verb, r->name);
		sql_error_detail(a->err, "Views that change rows are not supported yet.");
		memcpy(a->err->sqlstate, ERRCODE_FEATURE_NOT_SUPPORTED, 6);
		analyzer_fail(a);
	}
	d->r = r;
	d->q->target = rte_of_relation(&d->s, r, rv->alias != NULL ? rv->alias->aliasname : NULL);
	d->q->target->location = rv->location;
	d->q->target->target = true;
	if (rv->alias != NULL)
		alias_columns(&d->s, d->q->target, rv->alias, "table");
	d->defaults = an_array(a, r->n_columns, sizeof(struct expr *));
}

static const struct schema_sequence *identity_sequence(struct analyzer *a, oid_t relation, int attnum)
{
	size_t n;
	const struct schema_sequence *q = schema_sequences(a->in->schema, &n);

	for (size_t i = 0; i < n; i++)
		if (q[i].owned_by == relation && q[i].owned_column == attnum && q[i].owner_kind == 'i')
			return &q[i];
	return NULL;
}

/* The default of column i, of the column's type. */
static struct expr *column_default(struct dml *d, size_t i)
{
	struct analyzer *a = d->s.a;
	const struct schema_column *c = &d->r->columns[i];
	struct query *empty;
	struct scope s;
	struct expr *e;

	if (d->defaults[i] != NULL)
		return d->defaults[i];
	empty = AN_NEW(a, struct query);
	s = (struct scope){ .a = a, .query = empty };
	a->view_depth++;
	if (c->identity != 0) {
		const struct schema_sequence *seq = identity_sequence(a, d->r->oid, c->attnum);
		struct expr *arg[1];

		if (seq == NULL)
			fail(a, -1, "XX000", "no sequence of identity column \"%s\"", c->name);
		arg[0] = const_int(a, REGCLASSOID, seq->oid, -1);
		e = function_make(&s, "nextval", arg, 1, -1);
	} else if (c->default_text != NULL && c->generated == 0) {
		PgQuery__ParseResult *tree;

		if (!sql_parse(an_printf(a, "SELECT %s", c->default_text), a->arena, &tree, a->err))
			analyzer_fail(a);
		e = expr_transform(&s, tree->stmts[0]->stmt->select_stmt->target_list[0]->res_target->val,
				   PLACE_DEFAULT);
	} else {
		e = const_null(a, UNKNOWNOID, -1);
	}
	e = coerce_to_target(&s, e, c->type, c->typmod, COERCION_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
	a->view_depth--;
	if (e == NULL)
		fail(a, -1, ERRCODE_DATATYPE_MISMATCH, "default for column \"%s\" is of another type",
		     c->name);
	d->defaults[i] = e;
	return e;
}

/* The index of a column that a statement sets. */
static size_t column_find(struct dml *d, const char *name, int location)
{
	for (size_t i = 0; i < d->r->n_columns; i++)
		if (strcmp(d->r->columns[i].name, name) == 0)
			return i;
	fail(d->s.a, location, ERRCODE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
	     name, d->r->name);
}

/* e as a value of column i. */
static struct expr *assign(struct dml *d, size_t i, struct expr *e)
{
	struct analyzer *a = d->s.a;
	const struct schema_column *c = &d->r->columns[i];
	struct expr *out, *checked;

	out = coerce_to_target(&d->s, e, c->type, c->typmod, COERCION_ASSIGNMENT, FORM_IMPLICIT_CAST, -1);
	if (out == NULL)
		fail_hint(a, e->location, ERRCODE_DATATYPE_MISMATCH,
			  "You will need to rewrite or cast the expression.",
			  "column \"%s\" is of type %s but expression is of type %s", c->name,
			  type_name(a, c->type), type_name(a, e->type));
	if (c->attnum != d->r->rowid_column || expr_not_null(out))
		return out;
	checked = expr_new(a, E_CHECKED_NULL, out->type, e->location);
	checked->args = an_array(a, 1, sizeof(struct expr *));
	checked->args[0] = out;
	checked->n_args = 1;
	checked->rte = d->q->target;
	checked->number = (int)i + 1;
	return checked;
}

_Noreturn static void fail_generated(struct dml *d, size_t i, bool update, int location)
{
	struct analyzer *a = d->s.a;
	const struct schema_column *c = &d->r->columns[i];

	if (update)
		sql_error_at(a->err, location, ERRCODE_GENERATED_ALWAYS,
			     "column \"%s\" can only be updated to DEFAULT", c->name);
	else
		sql_error_at(a->err, location, ERRCODE_GENERATED_ALWAYS,
			     "cannot insert a non-DEFAULT value into column \"%s\"", c->name);
	if (c->generated != 0)
		sql_error_detail(a->err, "Column \"%s\" is a generated column.", c->name);
	else
		sql_error_detail(a->err, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
				 c->name);
	if (!update && c->generated == 0)
		sql_error_hint(a->err, "Use OVERRIDING SYSTEM VALUE to override.");
	analyzer_fail(a);
}

static void returning_transform(struct dml *d, size_t n, PgQuery__Node *const *nodes)
{
	struct list targets = { 0 };

	if (n == 0)
		return;
	targets_transform(&d->s, n, nodes, PLACE_RETURNING, &targets);
	resolve_unknown_targets(&d->s, &targets);
	d->q->returning = an_array(d->s.a, targets.n, sizeof(struct target));
	d->q->n_returning = targets.n;
	for (size_t i = 0; i < targets.n; i++)
		d->q->returning[i] = *(struct target *)targets.at[i];
}

/* ---- INSERT ---- */

/* What the statement gives for the columns it names. */
struct insert {
	struct dml d;
	size_t *columns;     /* indexes of the named columns */
	size_t n_columns;
	const int *locations;
	bool explicit_list;
	bool system_value, user_value;
};

static void insert_columns(struct insert *in, const PgQuery__InsertStmt *stmt)
{
	struct analyzer *a = in->d.s.a;
	const struct schema_relation *r = in->d.r;
	size_t n = stmt->n_cols > 0 ? stmt->n_cols : r->n_columns;
	int *locations = an_array(a, n, sizeof(int));

	in->columns = an_array(a, n, sizeof(size_t));
	in->explicit_list = stmt->n_cols > 0;
	in->locations = locations;
	if (stmt->n_cols == 0) {
		for (size_t i = 0; i < r->n_columns; i++) {
			locations[in->n_columns] = -1;
			in->columns[in->n_columns++] = i;
		}
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const PgQuery__ResTarget *t = stmt->cols[i]->res_target;
		size_t column;

		HANDLES(a, t, t->location, "name location");
		column = column_find(&in->d, t->name, t->location);
		for (size_t k = 0; k < in->n_columns; k++)
			if (in->columns[k] == column)
				fail(a, t->location, ERRCODE_DUPLICATE_COLUMN,
				     "column \"%s\" specified more than once", t->name);
		locations[in->n_columns] = t->location;
		in->columns[in->n_columns++] = column;
	}
}

static void check_count(struct insert *in, struct expr *const *exprs, size_t n)
{
	struct analyzer *a = in->d.s.a;

	if (n > in->n_columns)
		fail(a, exprs[in->n_columns]->location, ERRCODE_SYNTAX,
		     "INSERT has more expressions than target columns");
	if (in->explicit_list && n < in->n_columns)
		fail(a, in->locations[n], ERRCODE_SYNTAX, "INSERT has more target columns than expressions");
}

/* All columns of a row, in the order of set_list: the given ones and the defaults. */
static struct expr **insert_row(struct insert *in, struct expr *const *given, size_t n)
{
	struct dml *d = &in->d;
	struct analyzer *a = d->s.a;
	struct expr **by_column = an_array(a, d->r->n_columns, sizeof(struct expr *));
	struct expr **row = an_array(a, d->q->n_set, sizeof(struct expr *));
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		size_t column = in->columns[i];
		const struct schema_column *c = &d->r->columns[column];

		if (given[i]->kind == E_DEFAULT)
			continue;
		if (c->generated != 0)
			fail_generated(d, column, false, -1);
		if (c->identity == 'a' && !in->system_value && !in->user_value)
			fail_generated(d, column, false, -1);
		if (c->identity != 0 && in->user_value)
			continue;
		by_column[column] = assign(d, column, given[i]);
	}
	for (size_t i = 0; i < d->r->n_columns; i++) {
		if (d->r->columns[i].generated != 0)
			continue;
		if (by_column[i] == NULL) {
			by_column[i] = column_default(d, i);
			if (d->r->columns[i].attnum == d->r->rowid_column)
				by_column[i] = assign(d, i, by_column[i]);
		}
		row[out++] = by_column[i];
	}
	return row;
}

static void insert_values(struct insert *in, const PgQuery__SelectStmt *values)
{
	struct dml *d = &in->d;
	struct analyzer *a = d->s.a;
	size_t width = 0;

	for (size_t i = 0; i < values->n_values_lists; i++) {
		const PgQuery__List *items = values->values_lists[i]->list;
		struct expr **given = an_array(a, items->n_items, sizeof(struct expr *));

		for (size_t k = 0; k < items->n_items; k++)
			given[k] = expr_transform(&d->s, items->items[k],
						  values->n_values_lists == 1 ? PLACE_VALUES_SINGLE :
										PLACE_VALUES);
		if (i == 0)
			width = items->n_items;
		else if (items->n_items != width)
			fail(a, items->n_items > 0 ? given[0]->location : -1, ERRCODE_SYNTAX,
			     "VALUES lists must all be the same length");
		check_count(in, given, items->n_items);
		list_add(a, &d->q->insert_rows, insert_row(in, given, items->n_items));
	}
}

static void insert_select(struct insert *in, const PgQuery__Node *node)
{
	struct dml *d = &in->d;
	struct analyzer *a = d->s.a;
	struct query *q = query_transform(&d->s, node, false);
	struct expr **given = an_array(a, q->n_targets, sizeof(struct expr *));
	struct expr **raw = an_array(a, q->n_targets, sizeof(struct expr *));

	for (size_t i = 0; i < q->n_targets; i++)
		raw[i] = q->targets[i].expr;
	check_count(in, raw, q->n_targets);
	/* a literal takes the type of its column where it stands */
	for (size_t i = 0; i < q->n_targets; i++) {
		const struct schema_column *c = &d->r->columns[in->columns[i]];
		struct expr *e = q->targets[i].expr;

		if (e->type != UNKNOWNOID)
			continue;
		if (q->kind == QUERY_VALUES) {
			struct list *row = q->rows.at[0];

			row->at[i] = coerce_type(&d->s, row->at[i], c->type, -1, COERCION_ASSIGNMENT,
						 FORM_IMPLICIT_CAST, -1);
			q->targets[i].expr = expr_new(a, E_CASETEST, c->type, e->location);
		} else if (e->kind == E_CONST || e->kind == E_PARAM) {
			q->targets[i].expr = coerce_type(&d->s, e, c->type, -1, COERCION_ASSIGNMENT,
							 FORM_IMPLICIT_CAST, -1);
		}
	}
	d->q->source = q;
	d->q->source_rte = rte_of_query(&d->s, q, "*SELECT*");
	for (size_t i = 0; i < q->n_targets; i++)
		given[i] = var_new(a, d->q->source_rte, (int)i + 1, raw[i]->location);
	list_add(a, &d->q->insert_rows, insert_row(in, given, q->n_targets));
}

/* ---- ON CONFLICT ---- */

static bool has_unique(const struct schema_relation *r, const int16_t *columns, size_t n)
{
	for (size_t i = 0; i < r->n_indexes; i++) {
		const struct schema_index *x = &r->indexes[i];
		bool all = x->unique && x->n_keys == n;

		for (size_t k = 0; k < x->n_keys && all; k++) {
			bool found = false;

			for (size_t j = 0; j < n; j++)
				found |= x->keys[k].attnum == columns[j];
			all = found;
		}
		if (all)
			return true;
	}
	for (size_t i = 0; i < r->n_constraints; i++) {
		const struct schema_constraint *c = &r->constraints[i];
		bool all = (c->type == 'p' || c->type == 'u') && c->n_columns == n;

		for (size_t k = 0; k < c->n_columns && all; k++) {
			bool found = false;

			for (size_t j = 0; j < n; j++)
				found |= c->columns[k] == columns[j];
			all = found;
		}
		if (all)
			return true;
	}
	return n == 1 && r->rowid_column == columns[0];
}

/* The text of the conflict target for SQLite. */
static const char *conflict_target(struct insert *in, const PgQuery__InferClause *infer)
{
	struct dml *d = &in->d;
	struct analyzer *a = d->s.a;
	struct buf saved = a->out;
	int16_t *columns = an_array(a, infer->n_index_elems + 1, sizeof(int16_t));
	struct query *q = AN_NEW(a, struct query);
	struct scope bare = { .a = a, .query = q };
	struct rte *rte = rte_of_relation(&bare, d->r, NULL);
	bool plain = infer->where_clause == NULL;
	const char *text;

	HANDLES(a, infer, infer->location, "index_elems where_clause conname location");
	rte->alias = NULL;
	ns_item_of(&bare, rte, d->r->name, NULL);
	a->out = (struct buf)BUF_INIT(1 << 20);
	buf_put_byte(&a->out, '(');
	if (infer->conname != NULL && infer->conname[0] != '\0') {
		const struct schema_constraint *c = NULL;

		for (size_t i = 0; i < d->r->n_constraints; i++)
			if (strcmp(d->r->constraints[i].name, infer->conname) == 0)
				c = &d->r->constraints[i];
		if (c == NULL)
			fail(a, -1, ERRCODE_UNDEFINED_OBJECT,
				      "constraint \"%s\" for table \"%s\" does not exist", infer->conname,
				      d->r->name);
		if (c->type != 'p' && c->type != 'u')
			fail(a, infer->location, ERRCODE_WRONG_OBJECT_TYPE,
				      "constraint in ON CONFLICT clause has no associated index");
		for (size_t i = 0; i < c->n_columns; i++) {
			const struct schema_column *col = schema_column_at(d->r, c->columns[i]);

			if (i > 0)
				buf_put_str(&a->out, ", ");
			sqlite_quote_name(&a->out, col->name);
		}
	} else {
		for (size_t i = 0; i < infer->n_index_elems; i++) {
			const PgQuery__IndexElem *x = infer->index_elems[i]->index_elem;

			if (i > 0)
				buf_put_str(&a->out, ", ");
			HANDLES(a, x, infer->location, "name expr ordering nulls_ordering collation");
			if (x->expr != NULL) {
				plain = false;
				lower_expr(a, expr_transform(&bare, x->expr, PLACE_INDEX));
			} else {
				size_t k;

				for (k = 0; k < d->r->n_columns; k++)
					if (strcmp(d->r->columns[k].name, x->name) == 0)
						break;
				if (k == d->r->n_columns)
					fail(a, infer->location, ERRCODE_UNDEFINED_COLUMN,
						      "column \"%s\" does not exist", x->name);
				columns[i] = d->r->columns[k].attnum;
				sqlite_quote_name(&a->out, x->name);
			}
		}
		if (plain && !has_unique(d->r, columns, infer->n_index_elems))
			fail(a, -1, ERRCODE_INVALID_COLUMN_REFERENCE,
				      "there is no unique or exclusion constraint matching the ON CONFLICT "
				      "specification");
	}
	buf_put_byte(&a->out, ')');
	if (infer->where_clause != NULL) {
		buf_put_str(&a->out, " WHERE ");
		lower_condition(a, where_transform(&bare, infer->where_clause, PLACE_INDEX_PREDICATE,
						   "WHERE"));
	}
	text = arena_strndup(a->arena, a->out.data, a->out.len);
	buf_free(&a->out);
	a->out = saved;
	if (text == NULL)
		fail_memory(a);
	return text;
}

static void set_list(struct dml *d, struct scope *s, size_t n, PgQuery__Node *const *nodes,
		     struct assignment **out, size_t *n_out);

static void on_conflict(struct insert *in, const PgQuery__OnConflictClause *c)
{
	struct dml *d = &in->d;
	struct analyzer *a = d->s.a;
	struct query *q = d->q;
	struct scope s = { .a = a, .query = q };

	HANDLES(a, c, c->location, "action infer target_list where_clause location");
	q->on_conflict = true;
	if (c->infer != NULL)
		q->conflict_columns = conflict_target(in, c->infer);
	if (c->action == PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_NOTHING)
		return;
	if (c->infer == NULL)
		fail_hint(a, c->location, ERRCODE_SYNTAX, "For example, ON CONFLICT (column_name).",
			  "ON CONFLICT DO UPDATE requires inference specification or constraint name");
	q->conflict_update = true;
	q->excluded = rte_of_relation(&s, d->r, "excluded");
	q->excluded->kind = RTE_EXCLUDED;
	q->excluded->alias = "excluded";
	ns_item_of(&s, q->target, q->target->name,
		   q->target->name == d->r->name ? d->r->namespace_name : NULL);
	ns_item_of(&s, q->excluded, "excluded", NULL);
	set_list(d, &s, c->n_target_list, c->target_list, &q->conflict_set, &q->n_conflict_set);
	if (c->where_clause != NULL)
		q->conflict_where = where_transform(&s, c->where_clause, PLACE_WHERE, "WHERE");
}

struct query *insert_transform(struct analyzer *a, const PgQuery__InsertStmt *stmt)
{
	struct insert *in = AN_NEW(a, struct insert);
	struct dml *d = &in->d;
	const PgQuery__SelectStmt *select;
	size_t n = 0;

	HANDLES(a, stmt, -1,
		"relation cols select_stmt on_conflict_clause returning_list with_clause override");
	target_open(d, a, stmt->relation, QUERY_INSERT, "insert into");
	if (stmt->with_clause != NULL)
		with_transform(&d->s, stmt->with_clause);
	insert_columns(in, stmt);
	in->system_value = stmt->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_SYSTEM_VALUE;
	in->user_value = stmt->override == PG_QUERY__OVERRIDING_KIND__OVERRIDING_USER_VALUE;
	d->q->set_list = an_array(a, d->r->n_columns, sizeof(struct assignment));
	for (size_t i = 0; i < d->r->n_columns; i++)
		if (d->r->columns[i].generated == 0)
			d->q->set_list[n++].column = &d->q->target->columns[i];
	d->q->n_set = n;
	select = stmt->select_stmt != NULL ? stmt->select_stmt->select_stmt : NULL;
	if (select == NULL)
		list_add(a, &d->q->insert_rows, insert_row(in, NULL, 0));
	else if (select->n_values_lists > 0 && select->n_sort_clause == 0 &&
		 select->limit_count == NULL && select->limit_offset == NULL &&
		 select->n_locking_clause == 0 && select->with_clause == NULL)
		insert_values(in, select);
	else
		insert_select(in, stmt->select_stmt);
	if (stmt->on_conflict_clause != NULL)
		on_conflict(in, stmt->on_conflict_clause);
	if (stmt->n_returning_list > 0)
		ns_item_of(&d->s, d->q->target, d->q->target->name,
			   d->q->target->name == d->r->name ? d->r->namespace_name : NULL);
	returning_transform(d, stmt->n_returning_list, stmt->returning_list);
	return d->q;
}

/* ---- UPDATE ---- */

/* The value that an assignment of several columns has for one of them. */
static struct expr *multi_assign(struct scope *s, const PgQuery__MultiAssignRef *m)
{
	struct analyzer *a = s->a;
	const PgQuery__Node *source = m->source;
	struct expr *e;

	if (source->node_case == PG_QUERY__NODE__NODE_ROW_EXPR) {
		if (source->row_expr->n_args != (size_t)m->ncolumns)
			fail(a, source->row_expr->location, ERRCODE_SYNTAX,
			     "number of columns does not match number of values");
		return expr_transform(s, source->row_expr->args[m->colno - 1], PLACE_UPDATE_SOURCE);
	}
	if (source->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
	    source->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK) {
		struct query *q = query_transform(s, source->sub_link->subselect, true);

		if (q->n_targets != (size_t)m->ncolumns)
			fail(a, source->sub_link->location, ERRCODE_SYNTAX,
			     "number of columns does not match number of values");
		if (q->set != NULL || q->distinct || q->kind != QUERY_SELECT)
			fail_unsupported(a, source->sub_link->location,
					 "an assignment of several columns from this subquery");
		for (size_t i = 0; i < q->n_sort; i++)
			q->sort[i].target = -1;
		q->targets = &q->targets[m->colno - 1];
		q->n_targets = 1;
		e = expr_new(a, E_SUBLINK, q->targets[0].expr->type, source->sub_link->location);
		e->sub = SUBLINK_EXPR;
		e->query = q;
		e->typmod = q->targets[0].expr->typmod;
		return e;
	}
	fail(a, node_location(source), ERRCODE_FEATURE_NOT_SUPPORTED,
	     "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression");
}

static void set_list(struct dml *d, struct scope *s, size_t n, PgQuery__Node *const *nodes,
		     struct assignment **out, size_t *n_out)
{
	struct analyzer *a = d->s.a;

	*out = an_array(a, n, sizeof(struct assignment));
	for (size_t i = 0; i < n; i++) {
		const PgQuery__ResTarget *t = nodes[i]->res_target;
		const struct schema_column *c;
		struct expr *e;
		size_t column;

		HANDLES(a, t, t->location, "name val location");
		if (t->val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF)
			e = multi_assign(s, t->val->multi_assign_ref);
		else
			e = expr_transform(s, t->val, PLACE_UPDATE_SOURCE);
		column = column_find(d, t->name, t->location);
		c = &d->r->columns[column];
		for (size_t k = 0; k < i; k++)
			if ((*out)[k].column == &d->q->target->columns[column])
				fail(a, -1, ERRCODE_SYNTAX, "multiple assignments to same column \"%s\"",
				     c->name);
		if (e->kind != E_DEFAULT && (c->generated != 0 || c->identity == 'a'))
			fail_generated(d, column, true, -1);
		(*out)[i].column = &d->q->target->columns[column];
		if (e->kind == E_DEFAULT && c->generated != 0) {
			(*out)[i].expr = NULL; /* it is computed anyway */
			continue;
		}
		(*out)[i].expr = assign(d, column, e->kind == E_DEFAULT ? column_default(d, column) : e);
	}
	*n_out = n;
}

struct query *update_transform(struct analyzer *a, const PgQuery__UpdateStmt *stmt)
{
	struct dml *d = AN_NEW(a, struct dml);

	HANDLES(a, stmt, -1,
		"relation target_list where_clause from_clause returning_list with_clause");
	target_open(d, a, stmt->relation, QUERY_UPDATE, "update");
	if (stmt->with_clause != NULL)
		with_transform(&d->s, stmt->with_clause);
	d->item = ns_item_of(&d->s, d->q->target, d->q->target->name,
			     d->q->target->name == d->r->name ? d->r->namespace_name : NULL);
	d->item->lateral_only = true;
	d->item->lateral_ok = false;
	from_transform(&d->s, stmt->n_from_clause, stmt->from_clause);
	d->item->lateral_only = false;
	if (stmt->where_clause != NULL)
		d->q->where = make_and(a, d->q->where, where_transform(&d->s, stmt->where_clause,
								 PLACE_WHERE, "WHERE"));
	set_list(d, &d->s, stmt->n_target_list, stmt->target_list, &d->q->set_list, &d->q->n_set);
	returning_transform(d, stmt->n_returning_list, stmt->returning_list);
	return d->q;
}

struct query *delete_transform(struct analyzer *a, const PgQuery__DeleteStmt *stmt)
{
	struct dml *d = AN_NEW(a, struct dml);

	HANDLES(a, stmt, -1, "relation using_clause where_clause returning_list with_clause");
	target_open(d, a, stmt->relation, QUERY_DELETE, "delete from");
	if (stmt->with_clause != NULL)
		with_transform(&d->s, stmt->with_clause);
	d->item = ns_item_of(&d->s, d->q->target, d->q->target->name,
			     d->q->target->name == d->r->name ? d->r->namespace_name : NULL);
	d->item->lateral_only = true;
	d->item->lateral_ok = false;
	from_transform(&d->s, stmt->n_using_clause, stmt->using_clause);
	d->item->lateral_only = false;
	if (stmt->where_clause != NULL)
		d->q->where = make_and(a, d->q->where, where_transform(&d->s, stmt->where_clause,
								 PLACE_WHERE, "WHERE"));
	returning_transform(d, stmt->n_returning_list, stmt->returning_list);
	return d->q;
}
