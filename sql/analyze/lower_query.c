/*
 * lower_query.c - queries said in SQLite
 *
 * Every entry of FROM has a name of its own in the statement (t1, s2, ...), and the
 * columns of subqueries are c1, c2, ..., so SQLite's rules of scope never decide
 * what a name means.
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <inttypes.h>
#include <string.h>

static void put_from_item(struct analyzer *a, const struct from *f);

/* ---- WITH ---- */

static bool visit_volatile_call(struct expr *e, void *arg)
{
	(void)arg;
	return e->proc == NULL || e->kind != E_FUNC || e->proc->provolatile != 'v';
}

/* Would it matter how often the columns are computed? */
static bool has_volatile_column(const struct query *q)
{
	if (q->kind != QUERY_SELECT || q->set != NULL)
		return false;
	for (size_t i = 0; i < q->n_targets; i++)
		if (!expr_walk(q->targets[i].expr, visit_volatile_call, NULL))
			return true;
	return false;
}

static void put_with(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;

	if (q->ctes.n == 0)
		return;
	buf_put_str(out, q->recursive ? "WITH RECURSIVE " : "WITH ");
	for (size_t i = 0; i < q->ctes.n; i++) {
		const struct cte *c = q->ctes.at[i];

		if (i > 0)
			buf_put_str(out, ", ");
		buf_printf(out, "%s(", c->sqlite_name);
		for (size_t k = 0; k < c->n_columns; k++)
			buf_printf(out, "%sc%zu", k > 0 ? ", " : "", k + 1);
		if (c->n_columns == 0)
			buf_put_str(out, "c1");
		buf_put_str(out, ") AS ");
		if (c->materialized == 1 || (!c->recursive && has_volatile_column(c->query)))
			buf_put_str(out, "MATERIALIZED ");
		else if (c->materialized == 2)
			buf_put_str(out, "NOT MATERIALIZED ");
		buf_put_byte(out, '(');
		lower_select(a, c->query, false);
		buf_put_byte(out, ')');
	}
	buf_put_byte(out, ' ');
}

/* ---- FROM ---- */

static void put_table_name(struct analyzer *a, const struct schema_relation *r)
{
	if (r->sqlite_schema != NULL && strcmp(r->sqlite_schema, "main") != 0) {
		sqlite_quote_name(&a->out, r->sqlite_schema);
		buf_put_byte(&a->out, '.');
	}
	sqlite_quote_name(&a->out, r->sqlite_name);
}

static void put_function(struct analyzer *a, const struct rte *rte)
{
	struct buf *out = &a->out;

	if (!rte->scalar) {
		lower_call_text(a, rte->function);
		return;
	}
	buf_put_str(out, "(SELECT ");
	lower_expr(a, rte->function);
	buf_put_str(out, rte->ordinality ? " AS value, 1 AS ordinality)" : " AS value)");
}

static void put_rte(struct analyzer *a, const struct rte *rte)
{
	struct buf *out = &a->out;

	switch (rte->kind) {
	case RTE_TABLE:
	case RTE_EXCLUDED:
		put_table_name(a, rte->relation);
		break;
	case RTE_SUBQUERY:
		if (rte->lateral)
			fail_unsupported(a, rte->location, "this LATERAL subquery");
		buf_put_byte(out, '(');
		if (has_volatile_column(rte->query)) {
			/* or SQLite might compute a column once for each reference */
			const char *name = new_alias(a, 'w');

			buf_printf(out, "WITH %s AS MATERIALIZED (", name);
			lower_select(a, rte->query, true);
			buf_printf(out, ") SELECT * FROM %s", name);
		} else {
			lower_select(a, rte->query, true);
		}
		buf_put_byte(out, ')');
		break;
	case RTE_CTE:
		buf_put_str(out, rte->cte->sqlite_name);
		break;
	case RTE_FUNCTION:
		if (rte->scalar && rte->lateral)
			fail_unsupported(a, rte->location, "a lateral reference in this function of FROM");
		put_function(a, rte);
		break;
	case RTE_VALUES:
		fail(a, rte->location, "XX000", "VALUES out of its place");
	}
	buf_printf(out, " AS %s", rte->alias);
}

static bool has_right_join(const struct from *f)
{
	if (f->inlined != NULL)
		return false;
	if (f->rte != NULL)
		return false;
	return f->kind == JOIN_IS_RIGHT || f->kind == JOIN_IS_FULL || has_right_join(f->left) ||
	       has_right_join(f->right);
}

static void put_srfs(struct analyzer *a, const struct query *q);

/* A query that was taken apart: what it has in FROM, in a row, so that it sees what is to the left. */
static void put_inlined(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;

	for (size_t i = 0; i < q->from.n; i++) {
		if (i > 0)
			buf_put_str(out, " JOIN ");
		put_from_item(a, q->from.at[i]);
	}
	if (q->srfs.n > 0) {
		if (q->from.n > 0)
			buf_put_str(out, " JOIN ");
		put_srfs(a, q);
	}
	if (q->from.n == 0 && q->srfs.n == 0)
		buf_printf(out, "(SELECT 1) AS %s", new_alias(a, 's'));
}

static void put_from_item(struct analyzer *a, const struct from *f)
{
	static const char *const joins[] = { " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN " };
	struct buf *out = &a->out;

	if (f->rte != NULL) {
		put_rte(a, f->rte);
		return;
	}
	if (f->inlined != NULL) {
		put_inlined(a, f->inlined);
		return;
	}
	analyzer_enter(a);
	bool brackets = f->right->rte == NULL && f->right->inlined == NULL;

	put_from_item(a, f->left);
	buf_put_str(out, joins[f->kind]);
	if (brackets)
		buf_put_byte(out, '(');
	put_from_item(a, f->right);
	if (brackets)
		buf_put_byte(out, ')');
	if (f->quals != NULL) {
		buf_put_str(out, " ON ");
		lower_condition(a, f->quals);
	} else if (f->kind != JOIN_IS_INNER) {
		buf_put_str(out, " ON 1");
	}
	analyzer_leave(a);
}

/* Set-returning functions of the select list: in step, the shorter ones end with nulls. */
static void put_srfs(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;
	const char *step;

	if (q->srfs.n == 1) {
		put_rte(a, q->srfs.at[0]);
		return;
	}
	step = new_alias(a, 'n');
	buf_put_str(out, "pg_generate_series(1, max(");
	for (size_t i = 0; i < q->srfs.n; i++) {
		buf_put_str(out, i > 0 ? ", (SELECT count(*) FROM " : "(SELECT count(*) FROM ");
		put_function(a, q->srfs.at[i]);
		buf_put_byte(out, ')');
	}
	buf_printf(out, ")) AS %s", step);
	for (size_t i = 0; i < q->srfs.n; i++) {
		const struct rte *rte = q->srfs.at[i];

		buf_put_str(out, " LEFT JOIN ");
		put_rte(a, rte);
		buf_printf(out, " ON %s.ordinality = %s.value", rte->alias, step);
	}
}

static void put_from(struct analyzer *a, const struct query *q, const char *word)
{
	struct buf *out = &a->out;

	for (size_t i = 0; i < q->from.n; i++) {
		const struct from *f = q->from.at[i];
		bool brackets = i > 0 && has_right_join(f);

		buf_put_str(out, i == 0 ? word : ", ");
		if (brackets)
			buf_put_byte(out, '(');
		put_from_item(a, f);
		if (brackets)
			buf_put_byte(out, ')');
	}
	if (q->srfs.n > 0) {
		buf_put_str(out, q->from.n == 0 ? word : ", ");
		put_srfs(a, q);
	}
}

/* ---- ORDER BY and LIMIT ---- */

static void put_direction(struct analyzer *a, const struct sort_key *k, bool not_null)
{
	const char *collation = type_collation(base_type(k->expr->type, NULL));

	if (collation != NULL)
		buf_printf(&a->out, " COLLATE %s", collation);
	if (k->descending)
		buf_put_str(&a->out, " DESC");
	if (!not_null && k->nulls_first == k->descending)
		buf_put_str(&a->out, k->nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

/* by_position: the keys are output columns and can be nothing else. */
static void put_order(struct analyzer *a, const struct query *q, bool by_position)
{
	struct buf *out = &a->out;
	bool any = false;

	for (size_t i = 0; i < q->n_sort; i++) {
		const struct sort_key *k = &q->sort[i];
		bool not_null = !by_position && expr_not_null(k->expr);

		if (!by_position && (k->expr->kind == E_CONST || k->expr->kind == E_PARAM))
			continue;
		buf_put_str(out, any ? ", " : " ORDER BY ");
		any = true;
		if (by_position || (k->target >= 0 && k->expr->kind != E_VAR)) {
			buf_printf(out, "%d", k->target + 1);
			put_direction(a, k, not_null);
		} else {
			lower_sort_keys(a, k, 1);
		}
	}
}

static void put_limit(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;
	struct expr *limit = q->limit, *offset = q->offset;
	struct datum n = { 0 }, skip = { 0 };
	bool limit_known = limit != NULL && constant_value(a, limit, &n);
	bool offset_known = offset != NULL && constant_value(a, offset, &skip);

	if (limit_known && n.kind == DATUM_NULL)
		limit = NULL;
	if (offset_known && (skip.kind == DATUM_NULL || skip.i == 0))
		offset = NULL;
	if (limit == NULL && offset == NULL)
		return;
	buf_put_str(out, " LIMIT ");
	if (limit == NULL) {
		buf_put_str(out, "-1");
	} else if (limit_known && n.i >= 0) {
		buf_printf(out, "%" PRId64, n.i);
	} else {
		buf_put_str(out, "pg_limit(");
		lower_expr(a, limit);
		buf_put_byte(out, ')');
	}
	if (offset == NULL)
		return;
	buf_put_str(out, " OFFSET ");
	if (offset_known && skip.i >= 0) {
		buf_printf(out, "%" PRId64, skip.i);
	} else {
		buf_put_str(out, "pg_offset(");
		lower_expr(a, offset);
		buf_put_byte(out, ')');
	}
}

/* ---- the select list ---- */

static void put_targets(struct analyzer *a, const struct query *q, bool named, bool compared)
{
	struct buf *out = &a->out;

	if (q->n_targets == 0)
		buf_put_str(out, "NULL");
	for (size_t i = 0; i < q->n_targets; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		if (compared)
			lower_compared(a, q->targets[i].expr);
		else
			lower_expr(a, q->targets[i].expr);
		if (named)
			buf_printf(out, " AS c%zu", i + 1);
	}
}

static void put_group(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;
	bool any = false;

	for (size_t i = 0; i < q->group.n; i++) {
		struct expr *e = q->group.at[i];

		if (e->kind == E_CONST || e->kind == E_PARAM)
			continue; /* a number would be a position */
		buf_put_str(out, any ? ", " : " GROUP BY ");
		lower_compared(a, e);
		any = true;
	}
	if (!any && q->group.n > 0)
		buf_put_str(out, " GROUP BY ''");
	if (q->having != NULL) {
		buf_put_str(out, " HAVING ");
		lower_condition(a, q->having);
	}
}

static void put_body(struct analyzer *a, const struct query *q)
{
	put_from(a, q, " FROM ");
	if (q->where != NULL) {
		buf_put_str(&a->out, " WHERE ");
		lower_condition(a, q->where);
	}
	put_group(a, q);
}

/* ---- DISTINCT ON, WITH TIES: the first rows of each group, by a window function ---- */

static void lower_ranked(struct analyzer *a, const struct query *q, bool named)
{
	struct buf *out = &a->out;
	const char *s = new_alias(a, 's');
	bool ties = q->with_ties;

	if (ties && q->distinct)
		fail_unsupported(a, q->location, "WITH TIES together with DISTINCT");
	buf_put_str(out, "SELECT ");
	for (size_t i = 0; i < q->n_targets; i++) {
		buf_printf(out, "%s%s.c%zu", i > 0 ? ", " : "", s, i + 1);
		if (named)
			buf_printf(out, " AS c%zu", i + 1);
	}
	if (q->n_targets == 0)
		buf_put_str(out, "NULL");
	buf_put_str(out, " FROM (SELECT ");
	put_targets(a, q, true, false);
	for (size_t i = 0; i < q->n_sort; i++) {
		buf_put_str(out, ", ");
		lower_compared(a, q->sort[i].expr);
		buf_printf(out, " AS k%zu", i + 1);
	}
	buf_put_str(out, ties ? ", rank() OVER (" : ", row_number() OVER (");
	for (size_t i = 0; i < q->distinct_on.n; i++) {
		buf_put_str(out, i == 0 ? "PARTITION BY " : ", ");
		lower_compared(a, q->distinct_on.at[i]);
	}
	if (q->n_sort > 0) {
		buf_put_str(out, q->distinct_on.n > 0 ? " ORDER BY " : "ORDER BY ");
		lower_sort_keys(a, q->sort, q->n_sort);
	}
	buf_put_str(out, ") AS n");
	if (ties && q->offset != NULL)
		fail_unsupported(a, q->location, "OFFSET together with WITH TIES");
	put_body(a, q);
	buf_printf(out, ") AS %s WHERE %s.n %s ", s, s, ties ? "<=" : "=");
	if (!ties) {
		buf_put_byte(out, '1');
	} else if (q->limit != NULL && !expr_is_null_const(q->limit)) {
		buf_put_str(out, "pg_limit(");
		lower_expr(a, q->limit);
		buf_put_byte(out, ')');
	} else {
		buf_printf(out, "%s.n", s);
	}
	for (size_t i = 0; i < q->n_sort; i++) {
		buf_printf(out, "%s%s.k%zu", i == 0 ? " ORDER BY " : ", ", s, i + 1);
		put_direction(a, &q->sort[i], expr_not_null(q->sort[i].expr));
	}
	if (!ties)
		put_limit(a, q);
}

/* ---- VALUES and set operations ---- */

static void put_rows(struct analyzer *a, const struct query *q)
{
	struct buf *out = &a->out;

	buf_put_str(out, "VALUES ");
	for (size_t i = 0; i < q->rows.n; i++) {
		const struct list *row = q->rows.at[i];

		buf_put_str(out, i > 0 ? ", (" : "(");
		for (size_t k = 0; k < row->n; k++) {
			if (k > 0)
				buf_put_str(out, ", ");
			lower_expr(a, row->at[k]);
		}
		buf_put_byte(out, ')');
	}
}

static void lower_values(struct analyzer *a, const struct query *q, bool named)
{
	struct buf *out = &a->out;

	if (!named && q->n_sort == 0 && q->limit == NULL && q->offset == NULL) {
		put_rows(a, q);
		return;
	}
	buf_put_str(out, "SELECT ");
	for (size_t i = 0; i < q->n_targets; i++)
		buf_printf(out, "%scolumn%zu AS c%zu", i > 0 ? ", " : "", i + 1, i + 1);
	buf_put_str(out, " FROM (");
	put_rows(a, q);
	buf_put_byte(out, ')');
	put_order(a, q, true);
	put_limit(a, q);
}

static void put_set(struct analyzer *a, const struct set_node *n, bool named, bool compared);

/* A side of a set operation, as SQLite's grammar wants it. */
static void put_set_leaf(struct analyzer *a, struct query *q, bool named, bool compared)
{
	struct buf *out = &a->out;

	if (q->kind == QUERY_SELECT && q->set == NULL && q->n_sort == 0 && q->limit == NULL &&
	    q->offset == NULL && q->ctes.n == 0 && !q->with_ties && q->distinct_on.n == 0 &&
	    !(q->having != NULL && !q->grouped && !q->has_aggs)) {
		buf_put_str(out, q->distinct ? "SELECT DISTINCT " : "SELECT ");
		put_targets(a, q, named, compared || q->distinct);
		put_body(a, q);
		return;
	}
	buf_put_str(out, "SELECT * FROM (");
	lower_select(a, q, true);
	buf_put_byte(out, ')');
}

static void put_set_columns(struct analyzer *a, const struct set_node *n)
{
	for (size_t i = 0; i < n->n_columns; i++)
		buf_printf(&a->out, "%sc%zu", i > 0 ? ", " : "", i + 1);
}

/* INTERSECT ALL, EXCEPT ALL: equal rows are told apart by a number. */
static void put_numbered(struct analyzer *a, const struct set_node *of, const struct set_node *n)
{
	struct buf *out = &a->out;

	buf_put_str(out, "SELECT ");
	put_set_columns(a, of);
	buf_put_str(out, ", row_number() OVER (PARTITION BY ");
	put_set_columns(a, of);
	buf_put_str(out, ") AS n FROM (");
	put_set(a, n, true, true);
	buf_put_byte(out, ')');
}

static void put_set(struct analyzer *a, const struct set_node *n, bool named, bool compared)
{
	static const char *const ops[] = { "", " UNION ", " INTERSECT ", " EXCEPT " };
	struct buf *out = &a->out;

	if (n->op == SET_LEAF) {
		put_set_leaf(a, n->leaf, named, compared);
		return;
	}
	analyzer_enter(a);
	if (n->all && n->op != SET_UNION) {
		buf_put_str(out, "SELECT ");
		put_set_columns(a, n);
		buf_put_str(out, " FROM (");
		put_numbered(a, n, n->left);
		buf_put_str(out, ops[n->op]);
		put_numbered(a, n, n->right);
		buf_put_byte(out, ')');
		analyzer_leave(a);
		return;
	}
	compared |= !n->all;
	/* to the left SQLite groups by itself, but all other operations are of one rank */
	if (n->left->op != SET_LEAF &&
	    (n->left->wrapped || (n->left->all && n->left->op != SET_UNION))) {
		buf_put_str(out, "SELECT * FROM (");
		put_set(a, n->left, true, compared);
		buf_put_byte(out, ')');
	} else {
		put_set(a, n->left, named, compared);
	}
	buf_put_str(out, n->all ? " UNION ALL " : ops[n->op]);
	if (n->right->op != SET_LEAF) {
		buf_put_str(out, "SELECT * FROM (");
		put_set(a, n->right, true, compared);
		buf_put_byte(out, ')');
	} else {
		put_set(a, n->right, named, compared);
	}
	analyzer_leave(a);
}

/* ---- one query ---- */

void lower_select(struct analyzer *a, struct query *q, bool named)
{
	struct buf *out = &a->out;

	analyzer_enter(a);
	put_with(a, q);
	if (q->kind == QUERY_VALUES) {
		lower_values(a, q, named);
	} else if (q->set != NULL) {
		put_set(a, q->set, named, false);
		put_order(a, q, true);
		put_limit(a, q);
	} else if (q->distinct_on.n > 0 || q->with_ties) {
		lower_ranked(a, q, named);
	} else {
		buf_put_str(out, q->distinct ? "SELECT DISTINCT " : "SELECT ");
		put_targets(a, q, named, q->distinct);
		if (q->having != NULL && !q->grouped && !q->has_aggs) {
			/* one group whatever FROM has, and no column of it can be named */
			buf_put_str(out, " WHERE ");
			lower_condition(a, q->having);
		} else {
			put_body(a, q);
		}
		put_order(a, q, false);
		put_limit(a, q);
	}
	analyzer_leave(a);
}

/* ---- does a query give at most one row? ---- */

struct uses {
	const struct rte *rte;
};

static bool visit_uses(struct expr *e, void *arg)
{
	const struct uses *u = arg;

	return e->kind != E_SUBLINK && !(e->kind == E_VAR && e->rte == u->rte);
}

/* The column of rte that e fixes to one value; 0: none. */
static int16_t fixed_column(const struct expr *e, const struct rte *rte)
{
	struct uses u = { rte };

	if (e->kind != E_FUNC || e->n_args != 2 || e->op == NULL || strcmp(e->op->oprname, "=") != 0)
		return 0;
	for (int side = 0; side < 2; side++) {
		struct expr *v = e->args[side], *other = e->args[1 - side];

		while (v->kind == E_RELABEL || v->kind == E_COLLATE)
			v = v->args[0];
		if (v->kind == E_VAR && v->rte == rte && v->number > 0 && expr_walk(other, visit_uses, &u))
			return rte->columns[v->number - 1].attnum;
	}
	return 0;
}

static void fixed_columns(const struct expr *e, const struct rte *rte, bool *fixed, int depth)
{
	int16_t attnum;

	if (e == NULL || depth > 200)
		return;
	if (e->kind == E_AND) {
		for (size_t i = 0; i < e->n_args; i++)
			fixed_columns(e->args[i], rte, fixed, depth + 1);
		return;
	}
	attnum = fixed_column(e, rte);
	if (attnum > 0 && attnum <= ANALYZE_MAX_COLUMNS)
		fixed[attnum] = true;
}

static bool by_unique_key(const struct query *q)
{
	bool fixed[ANALYZE_MAX_COLUMNS + 1] = { false };
	const struct from *f = q->from.at[0];
	const struct schema_relation *r;

	if (q->from.n != 1 || f->rte == NULL || f->rte->kind != RTE_TABLE)
		return false;
	r = f->rte->relation;
	fixed_columns(q->where, f->rte, fixed, 0);
	/* pg_catalog: relations are keyed by their oid */
	if (r->is_system) {
		const struct schema_column *oid = r->n_columns > 0 ? &r->columns[0] : NULL;

		return oid != NULL && strcmp(oid->name, "oid") == 0 && fixed[oid->attnum];
	}
	for (size_t i = 0; i < r->n_constraints; i++) {
		const struct schema_constraint *c = &r->constraints[i];
		bool all = (c->type == 'p' || c->type == 'u') && c->n_columns > 0;

		for (size_t k = 0; k < c->n_columns && all; k++)
			all = c->columns[k] > 0 && c->columns[k] <= ANALYZE_MAX_COLUMNS &&
			      fixed[c->columns[k]];
		if (all)
			return true;
	}
	return r->rowid_column > 0 && r->rowid_column <= ANALYZE_MAX_COLUMNS && fixed[r->rowid_column];
}

bool lower_is_single_row(struct analyzer *a, const struct query *q)
{
	struct datum limit;

	if (q->limit != NULL && constant_value(a, q->limit, &limit) && limit.kind == DATUM_INT &&
	    limit.i <= 1 && !q->with_ties)
		return true;
	if (q->kind == QUERY_VALUES)
		return q->rows.n <= 1;
	if (q->kind != QUERY_SELECT || q->set != NULL || q->srfs.n > 0)
		return false;
	if (q->has_aggs && !q->grouped)
		return true;
	if (q->from.n == 0)
		return true;
	return by_unique_key(q);
}

/* ---- INSERT, UPDATE, DELETE ---- */

struct foreign {
	const struct query *q;
	int location;
};

static bool visit_foreign(struct expr *e, void *arg)
{
	struct foreign *f = arg;

	if (e->kind == E_VAR && e->rte != f->q->target && e->rte->owner == f->q) {
		f->location = e->location;
		return false;
	}
	return true;
}

static void put_returning(struct analyzer *a, struct query *q)
{
	struct buf *out = &a->out;
	struct buf name = BUF_INIT(4096);
	const char *was = q->target->alias;
	struct foreign f = { q, -1 };

	if (q->n_returning == 0)
		return;
	for (size_t i = 0; i < q->n_returning; i++)
		if (!expr_walk(q->returning[i].expr, visit_foreign, &f))
			fail_unsupported(a, f.location, "RETURNING a column of another table");
	/* in RETURNING SQLite knows the table by its own name only */
	sqlite_quote_name(&name, q->target->relation->sqlite_name);
	q->target->alias = arena_strdup(a->arena, buf_str(&name));
	buf_free(&name);
	if (q->target->alias == NULL)
		fail_memory(a);
	buf_put_str(out, " RETURNING ");
	for (size_t i = 0; i < q->n_returning; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		lower_expr(a, q->returning[i].expr);
	}
	q->target->alias = was;
}

static void put_set_list(struct analyzer *a, const struct query *q, const struct assignment *set,
			 size_t n)
{
	struct buf *out = &a->out;
	bool any = false;

	buf_put_str(out, " SET ");
	for (size_t i = 0; i < n; i++) {
		if (set[i].expr == NULL)
			continue;
		if (any)
			buf_put_str(out, ", ");
		any = true;
		sqlite_quote_name(out, set[i].column->sqlite_name);
		buf_put_str(out, " = ");
		lower_expr(a, set[i].expr);
	}
	if (!any) {
		const struct schema_relation *r = q->target->relation;

		for (size_t i = 0; i < r->n_columns && !any; i++) {
			if (r->columns[i].generated != 0)
				continue;
			any = true;
			sqlite_quote_name(out, r->columns[i].name);
			buf_printf(out, " = %s.", q->target->alias);
			sqlite_quote_name(out, r->columns[i].name);
		}
	}
}

static void put_exprs(struct analyzer *a, struct expr *const *exprs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(&a->out, ", ");
		lower_expr(a, exprs[i]);
	}
}

/* Are the row's values just the columns of the source, one after the other? */
static bool is_whole_source(const struct query *q, struct expr *const *row)
{
	if (q->n_set != q->source->n_targets)
		return false;
	for (size_t i = 0; i < q->n_set; i++)
		if (row[i]->kind != E_VAR || row[i]->rte != q->source_rte || row[i]->number != (int)i + 1)
			return false;
	return true;
}

static void lower_insert(struct analyzer *a, struct query *q)
{
	struct buf *out = &a->out;

	put_with(a, q);
	buf_put_str(out, "INSERT INTO ");
	put_table_name(a, q->target->relation);
	buf_printf(out, " AS %s", q->target->alias);
	if (q->n_set == 0) {
		if (q->source != NULL || q->insert_rows.n > 1)
			fail_unsupported(a, -1, "INSERT of several rows into a table without columns");
		buf_put_str(out, " DEFAULT VALUES");
	} else {
		for (size_t i = 0; i < q->n_set; i++) {
			buf_put_str(out, i == 0 ? " (" : ", ");
			sqlite_quote_name(out, q->set_list[i].column->sqlite_name);
		}
		buf_put_str(out, ") ");
		if (q->source == NULL) {
			buf_put_str(out, "VALUES ");
			for (size_t i = 0; i < q->insert_rows.n; i++) {
				buf_put_str(out, i == 0 ? "(" : ", (");
				put_exprs(a, q->insert_rows.at[i], q->n_set);
				buf_put_byte(out, ')');
			}
		} else if (!q->on_conflict && is_whole_source(q, q->insert_rows.at[0]) &&
			   q->source->ctes.n == 0) {
			lower_select(a, q->source, false);
		} else {
			buf_put_str(out, "SELECT ");
			put_exprs(a, q->insert_rows.at[0], q->n_set);
			buf_put_str(out, " FROM ");
			put_rte(a, q->source_rte);
			/* without WHERE, SQLite takes ON CONFLICT for the ON of a join */
			buf_put_str(out, " WHERE 1");
		}
	}
	if (q->on_conflict) {
		buf_put_str(out, " ON CONFLICT");
		if (q->conflict_columns != NULL)
			buf_printf(out, " %s", q->conflict_columns);
		buf_put_str(out, q->conflict_update ? " DO UPDATE" : " DO NOTHING");
		if (q->conflict_update) {
			put_set_list(a, q, q->conflict_set, q->n_conflict_set);
			if (q->conflict_where != NULL) {
				buf_put_str(out, " WHERE ");
				lower_condition(a, q->conflict_where);
			}
		}
	}
	put_returning(a, q);
}

static void lower_update(struct analyzer *a, struct query *q)
{
	struct buf *out = &a->out;

	put_with(a, q);
	buf_put_str(out, "UPDATE ");
	put_table_name(a, q->target->relation);
	buf_printf(out, " AS %s", q->target->alias);
	put_set_list(a, q, q->set_list, q->n_set);
	put_from(a, q, " FROM ");
	if (q->where != NULL) {
		buf_put_str(out, " WHERE ");
		lower_condition(a, q->where);
	}
	put_returning(a, q);
}

/* A name by which SQLite gives the rowid of a table, which no column hides. */
static const char *rowid_name(struct analyzer *a, const struct schema_relation *r)
{
	static const char *const names[] = { "_rowid_", "rowid", "oid" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool hidden = false;

		for (size_t k = 0; k < r->n_columns; k++)
			hidden |= strcasecmp(r->columns[k].name, names[i]) == 0;
		if (!hidden)
			return names[i];
	}
	fail_unsupported(a, -1, "DELETE USING on a table with columns rowid, _rowid_ and oid");
}

static void lower_delete(struct analyzer *a, struct query *q)
{
	struct buf *out = &a->out;

	put_with(a, q);
	buf_put_str(out, "DELETE FROM ");
	put_table_name(a, q->target->relation);
	if (q->from.n == 0) {
		buf_printf(out, " AS %s", q->target->alias);
		if (q->where != NULL) {
			buf_put_str(out, " WHERE ");
			lower_condition(a, q->where);
		}
	} else {
		const char *rowid = rowid_name(a, q->target->relation);

		buf_printf(out, " WHERE %s IN (SELECT %s.%s FROM ", rowid, q->target->alias, rowid);
		put_rte(a, q->target);
		put_from(a, q, ", ");
		if (q->where != NULL) {
			buf_put_str(out, " WHERE ");
			lower_condition(a, q->where);
		}
		buf_put_byte(out, ')');
	}
	put_returning(a, q);
}

void lower_query(struct analyzer *a, struct query *q)
{
	switch (q->kind) {
	case QUERY_SELECT:
	case QUERY_VALUES:
		lower_select(a, q, false);
		return;
	case QUERY_INSERT:
		lower_insert(a, q);
		return;
	case QUERY_UPDATE:
		lower_update(a, q);
		return;
	case QUERY_DELETE:
		lower_delete(a, q);
		return;
	}
}
