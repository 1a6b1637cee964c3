/*
 * from.c - FROM: range table entries, joins, and the names that they bring
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <stdlib.h>
#include <string.h>

#include "sql/analyze/views.h"

/* What an item of FROM came to. */
struct from_result {
	struct from *from;
	struct list items;          /* struct ns_item that it makes visible */
	struct ns_column *columns;  /* of its *, in order */
	size_t n_columns;
	int location;
	struct query *lateral; /* a subquery that refers to what is to the left of it */
};

static const char *relation_text(struct analyzer *a, const PgQuery__RangeVar *rv)
{
	if (rv->schemaname != NULL && rv->schemaname[0] != '\0')
		return an_printf(a, "%s.%s", rv->schemaname, rv->relname);
	return rv->relname;
}

const struct schema_relation *relation_find(struct scope *s, const PgQuery__RangeVar *rv)
{
	struct analyzer *a = s->a;
	const char *schema = rv->schemaname != NULL && rv->schemaname[0] != '\0' ? rv->schemaname : NULL;
	const struct schema_relation *r;

	/* inh: ONLY; there is no inheritance, so it is all the same */
	HANDLES(a, rv, rv->location, "catalogname schemaname relname inh relpersistence alias location");
	if (rv->catalogname != NULL && rv->catalogname[0] != '\0' && a->in->env->database != NULL &&
	    strcmp(rv->catalogname, a->in->env->database) != 0)
		fail(a, rv->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cross-database references are not implemented: \"%s.%s.%s\"", rv->catalogname,
		     rv->schemaname, rv->relname);
	r = schema_find_relation(a->in->schema, a->in->env, schema, rv->relname);
	if (r == NULL)
		fail(a, rv->location, ERRCODE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
		     relation_text(a, rv));
	return r;
}

/* New names for the columns, from an alias list. */
void alias_columns(struct scope *s, struct rte *rte, const PgQuery__Alias *alias, const char *what)
{
	struct analyzer *a = s->a;
	struct rte_column *columns;

	if (alias == NULL || alias->n_colnames == 0)
		return;
	if (alias->n_colnames > rte->n_columns)
		fail(a, -1, ERRCODE_INVALID_COLUMN_REFERENCE,
		     "%s \"%s\" has %zu columns available but %zu columns specified", what, rte->name,
		     rte->n_columns, alias->n_colnames);
	columns = an_array(a, rte->n_columns, sizeof(*columns));
	memcpy(columns, rte->columns, rte->n_columns * sizeof(*columns));
	for (size_t i = 0; i < alias->n_colnames; i++) {
		const char *name = node_name(a, alias->colnames[i]);

		if (name[0] != '\0')
			columns[i].name = name;
	}
	rte->columns = columns;
}

static struct rte *rte_new(struct scope *s, enum rte_kind kind, const char *name, char letter)
{
	struct rte *rte = AN_NEW(s->a, struct rte);

	rte->kind = kind;
	rte->name = name;
	rte->alias = new_alias(s->a, letter);
	rte->owner = s->query;
	rte->location = -1;
	return rte;
}

struct rte *rte_of_relation(struct scope *s, const struct schema_relation *r, const char *alias)
{
	struct analyzer *a = s->a;
	struct rte *rte = rte_new(s, RTE_TABLE, alias != NULL ? alias : r->name, 't');
	struct rte_column *columns = an_array(a, r->n_columns, sizeof(*columns));

	rte->relation = r;
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct schema_column *c = &r->columns[i];

		columns[i] = (struct rte_column){ c->name, c->type, c->typmod, c->name, r->oid,
						  c->attnum, c->not_null, false, NULL };
	}
	rte->columns = columns;
	rte->n_columns = r->n_columns;
	if (r->source == SOURCE_QUERY) {
		struct query *q = view_query(s, r);

		rte->kind = RTE_SUBQUERY;
		rte->query = q;
		for (size_t i = 0; i < r->n_columns; i++) {
			columns[i].sqlite_name = an_printf(a, "c%zu", i + 1);
			columns[i].not_null = false;
		}
	}
	return rte;
}

const struct rte_column *query_columns(struct analyzer *a, const struct query *q, size_t *n)
{
	struct rte_column *columns = an_array(a, q->n_targets, sizeof(*columns));

	for (size_t i = 0; i < q->n_targets; i++) {
		const struct target *t = &q->targets[i];

		columns[i].name = t->name;
		columns[i].type = t->expr->type;
		columns[i].typmod = t->expr->typmod;
		columns[i].sqlite_name = an_printf(a, "c%zu", i + 1);
		columns[i].table = t->table;
		columns[i].attnum = t->attnum;
		if (t->expr->kind == E_VAR && t->expr->type == RECORDOID)
			columns[i].record = t->expr->number == 0 ?
						    t->expr->rte :
						    t->expr->rte->columns[t->expr->number - 1].record;
		columns[i].not_null = q->kind == QUERY_SELECT && q->set == NULL &&
				      expr_not_null(t->expr);
	}
	*n = q->n_targets;
	return columns;
}

struct rte *rte_of_query(struct scope *s, struct query *q, const char *name)
{
	struct rte *rte = rte_new(s, RTE_SUBQUERY, name, 's');

	rte->query = q;
	rte->columns = query_columns(s->a, q, &rte->n_columns);
	return rte;
}

/* The types that OUT arguments of a polymorphic function have in this call. */
static oid_t out_type(struct scope *s, const struct expr *call, oid_t declared)
{
	oid_t *actual = an_array(s->a, call->n_args, sizeof(oid_t));
	oid_t *types = an_array(s->a, call->n_args, sizeof(oid_t));

	if (!is_polymorphic(declared))
		return declared;
	for (size_t i = 0; i < call->n_args; i++) {
		actual[i] = call->args[i]->type;
		types[i] = i < (size_t)call->proc->pronargs ? call->proc->proargtypes[i] : actual[i];
	}
	return enforce_polymorphic_types(s->a, actual, types, call->n_args, declared, false,
					 call->location);
}

struct rte *rte_of_function(struct scope *s, struct expr *call, const char *name, bool ordinality)
{
	struct analyzer *a = s->a;
	struct rte *rte = rte_new(s, RTE_FUNCTION, name, 'f');
	const struct pg_proc_row *p = call->kind == E_FUNC ? call->proc : NULL;
	struct rte_column *columns;
	size_t n = 0, n_out = 0;

	rte->function = call;
	rte->ordinality = ordinality;
	rte->location = call->location;
	rte->scalar = p == NULL || !p->proretset;
	for (int i = 0; p != NULL && p->proargmodes != NULL && i < p->n_allargs; i++)
		n_out += p->proargmodes[i] == 'o' || p->proargmodes[i] == 't' || p->proargmodes[i] == 'b';
	columns = an_array(a, n_out + 2, sizeof(*columns));
	if (n_out > 1) {
		if (rte->scalar)
			fail_unsupported(a, call->location, "function %s in FROM", p->proname);
		for (int i = 0; i < p->n_allargs; i++) {
			char mode = p->proargmodes[i];

			if (mode != 'o' && mode != 't' && mode != 'b')
				continue;
			columns[n].name = p->proargnames != NULL && p->proargnames[i] != NULL &&
							  p->proargnames[i][0] != '\0' ?
						  p->proargnames[i] :
						  an_printf(a, "column%zu", n + 1);
			columns[n].type = out_type(s, call, p->proallargtypes[i]);
			columns[n].typmod = -1;
			columns[n].sqlite_name = an_printf(a, "value%zu", n + 1);
			n++;
		}
	} else {
		if (call->type == RECORDOID && p != NULL && n_out == 0)
			fail(a, call->location, ERRCODE_SYNTAX,
			     "a column definition list is required for functions returning \"record\"");
		columns[n].name = name;
		if (n_out == 1 && p != NULL && p->proargnames != NULL)
			for (int i = 0; i < p->n_allargs; i++)
				if (p->proargmodes[i] != 'i' && p->proargmodes[i] != 'v' &&
				    p->proargnames[i] != NULL && p->proargnames[i][0] != '\0')
					columns[n].name = p->proargnames[i];
		columns[n].type = call->type;
		columns[n].typmod = call->typmod;
		columns[n].sqlite_name = "value";
		n++;
	}
	if (ordinality) {
		columns[n].name = "ordinality";
		columns[n].type = INT8OID;
		columns[n].typmod = -1;
		columns[n].sqlite_name = "ordinality";
		columns[n].not_null = true;
		n++;
	}
	rte->columns = columns;
	rte->n_columns = n;
	return rte;
}

struct ns_item *ns_item_of(struct scope *s, struct rte *rte, const char *name, const char *schema)
{
	struct analyzer *a = s->a;
	struct ns_item *item = AN_NEW(a, struct ns_item);
	struct ns_column *columns = an_array(a, rte->n_columns, sizeof(*columns));

	for (size_t i = 0; i < rte->n_columns; i++) {
		columns[i].name = rte->columns[i].name;
		columns[i].expr = var_new(a, rte, (int)i + 1, -1);
	}
	item->name = name;
	item->schema = schema;
	item->rte = rte;
	item->columns = columns;
	item->n_columns = rte->n_columns;
	item->rel_visible = item->cols_visible = true;
	item->lateral_ok = true;
	list_add(a, &s->items, item);
	return item;
}

/* ---- finding names ---- */

static bool item_hidden(const struct scope *s, const struct ns_item *item)
{
	return item->lateral_only && !s->lateral_active;
}

static void check_lateral(struct scope *s, const struct ns_item *item, int location)
{
	if (!item->lateral_only)
		return;
	if (!item->lateral_ok) {
		sql_error_at(s->a->err, location, ERRCODE_INVALID_COLUMN_REFERENCE,
			     "invalid reference to FROM-clause entry for table \"%s\"",
			     item->name != NULL ? item->name : "unnamed_join");
		sql_error_detail(s->a->err, "The combining JOIN type must be INNER or LEFT for a LATERAL "
					    "reference.");
		analyzer_fail(s->a);
	}
	if (s->lateral_used != NULL)
		*s->lateral_used = true;
}

struct ns_item *ns_find(struct scope *s, const char *schema, const char *name, int location)
{
	for (struct scope *at = s; at != NULL; at = at->parent) {
		struct ns_item *found = NULL;

		for (size_t i = 0; i < at->items.n; i++) {
			struct ns_item *item = at->items.at[i];

			if (!item->rel_visible || item_hidden(at, item) || item->name == NULL ||
			    strcmp(item->name, name) != 0)
				continue;
			if (schema != NULL && (item->schema == NULL || strcmp(item->schema, schema) != 0))
				continue;
			if (found != NULL)
				fail(s->a, location, ERRCODE_AMBIGUOUS_ALIAS,
				     "table reference \"%s\" is ambiguous", name);
			check_lateral(at, item, location);
			found = item;
		}
		if (found != NULL)
			return found;
	}
	return NULL;
}

static struct expr *column_copy(struct analyzer *a, struct expr *e, int location)
{
	struct expr *copy = AN_NEW(a, struct expr);

	*copy = *e;
	copy->location = location;
	return copy;
}

static struct expr *system_column(struct scope *s, struct rte *rte, const char *name, int location)
{
	static const struct {
		const char *name;
		int attno;
		oid_t type;
	} columns[] = {
		{ "tableoid", -6, OIDOID }, { "ctid", -1, TIDOID }, { "xmin", -2, XIDOID },
		{ "cmin", -3, CIDOID },     { "xmax", -4, XIDOID }, { "cmax", -5, CIDOID },
	};

	if (rte == NULL || rte->relation == NULL || rte->relation->kind == 'v')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (strcmp(name, columns[i].name) == 0) {
			struct expr *e = expr_new(s->a, E_VAR, columns[i].type, location);

			if (columns[i].attno == -1)
				fail_unsupported(s->a, location, "system column \"ctid\"");
			e->rte = rte;
			e->number = columns[i].attno;
			return e;
		}
	return NULL;
}

/* Edits between two names; more than `max`: max + 1. */
static size_t edit_distance(const char *x, const char *y, size_t max)
{
	size_t n = strlen(x), m = strlen(y), row[65];

	if (n > 64 || m > 64 || (n > m ? n - m : m - n) > max)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t above = row[j];
			size_t best = diagonal + (x[i - 1] != y[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[m];
}

struct near {
	const char *table[2], *column[2];
	size_t n, distance;
};

static void near_add(struct near *near, const char *table, const char *column, const char *name)
{
	size_t d = edit_distance(name, column, 3);

	if (d > 3 || d > strlen(name) / 2 || table == NULL)
		return;
	if (near->n == 0 || d < near->distance) {
		near->n = 0;
		near->distance = d;
	} else if (d > near->distance) {
		return;
	}
	if (near->n < 2) {
		near->table[near->n] = table;
		near->column[near->n] = column;
	}
	near->n++;
}

_Noreturn static void column_missing(struct scope *s, const char *table, const char *name, int location)
{
	struct analyzer *a = s->a;
	struct near near = { .n = 0 };

	for (struct scope *at = s; at != NULL; at = at->parent)
		for (size_t i = 0; i < at->items.n; i++) {
			const struct ns_item *item = at->items.at[i];

			if (item->rte == NULL ||
			    (table != NULL && (item->name == NULL || strcmp(table, item->name) != 0)))
				continue;
			for (size_t k = 0; k < item->n_columns; k++)
				near_add(&near, item->name, item->columns[k].name, name);
		}
	if (table != NULL)
		sql_error_at(a->err, a->view_depth > 0 ? -1 : location, ERRCODE_UNDEFINED_COLUMN,
			     "column %s.%s does not exist", table, name);
	else
		sql_error_at(a->err, a->view_depth > 0 ? -1 : location, ERRCODE_UNDEFINED_COLUMN,
			     "column \"%s\" does not exist", name);
	if (near.n == 1 && near.distance > 0)
		sql_error_hint(a->err, "Perhaps you meant to reference the column \"%s.%s\".",
			       near.table[0], near.column[0]);
	else if (near.n == 2 && near.distance > 0)
		sql_error_hint(a->err,
			       "Perhaps you meant to reference the column \"%s.%s\" or the column "
			       "\"%s.%s\".",
			       near.table[0], near.column[0], near.table[1], near.column[1]);
	analyzer_fail(a);
}

static struct expr *column_unqualified(struct scope *s, const char *name, int location)
{
	struct expr *system = NULL;

	for (struct scope *at = s; at != NULL; at = at->parent) {
		struct expr *found = NULL;

		for (size_t i = 0; i < at->items.n; i++) {
			struct ns_item *item = at->items.at[i];

			if (!item->cols_visible || item_hidden(at, item))
				continue;
			for (size_t k = 0; k < item->n_columns; k++) {
				if (strcmp(item->columns[k].name, name) != 0)
					continue;
				if (found != NULL)
					fail(s->a, location, ERRCODE_AMBIGUOUS_COLUMN,
					     "column reference \"%s\" is ambiguous", name);
				check_lateral(at, item, location);
				found = item->columns[k].expr;
			}
		}
		if (found != NULL)
			return column_copy(s->a, found, location);
		if (system == NULL)
			for (size_t i = 0; i < at->items.n; i++) {
				struct ns_item *item = at->items.at[i];

				if (item->cols_visible && !item_hidden(at, item) && system == NULL)
					system = system_column(s, item->rte, name, location);
			}
	}
	return system;
}

_Noreturn static void table_missing(struct scope *s, const char *schema, const char *name,
				    int location)
{
	struct analyzer *a = s->a;

	/* it is there, but under an alias, or not to be seen from here */
	for (struct scope *at = s; at != NULL; at = at->parent)
		for (size_t i = 0; i < at->items.n; i++) {
			const struct ns_item *item = at->items.at[i];
			bool same_name = item->name != NULL && strcmp(item->name, name) == 0;
			bool renamed = item->rte != NULL && item->rte->relation != NULL &&
				       strcmp(item->rte->relation->name, name) == 0 && !same_name;

			if (renamed) {
				sql_error_at(a->err, location, ERRCODE_UNDEFINED_TABLE,
					     "invalid reference to FROM-clause entry for table \"%s\"", name);
				sql_error_hint(a->err, "Perhaps you meant to reference the table alias \"%s\".",
					       item->name);
				analyzer_fail(a);
			}
			if (same_name && schema == NULL) {
				sql_error_at(a->err, location, ERRCODE_UNDEFINED_TABLE,
					     "invalid reference to FROM-clause entry for table \"%s\"", name);
				sql_error_hint(a->err, "There is an entry for table \"%s\", but it cannot be "
						       "referenced from this part of the query.", name);
				analyzer_fail(a);
			}
		}
	fail(a, location, ERRCODE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"", name);
}

static struct ns_item *table_of_ref(struct scope *s, const PgQuery__ColumnRef *ref, size_t n)
{
	struct analyzer *a = s->a;
	const char *schema = NULL, *name;
	struct ns_item *item;

	if (n > 3)
		fail(a, ref->location, ERRCODE_SYNTAX,
		     "improper qualified name (too many dotted names): %s",
		     names_text(a, ref->n_fields, ref->fields));
	if (n >= 2)
		schema = node_name(a, ref->fields[n - 2]);
	name = node_name(a, ref->fields[n - 1]);
	item = ns_find(s, schema, name, ref->location);
	if (item == NULL)
		table_missing(s, schema, name, ref->location);
	return item;
}

/* A table's name where a value is wanted: its row. */
static struct expr *whole_row(struct scope *s, const struct ns_item *item, int location)
{
	struct analyzer *a = s->a;
	struct expr *e = expr_new(a, E_ROW, RECORDOID, location);

	if (item->rte == NULL)
		fail_unsupported(a, location, "the row of a join as a value");
	e->rte = item->rte;
	e->n_args = item->n_columns;
	e->args = an_array(a, e->n_args, sizeof(struct expr *));
	e->names = an_array(a, e->n_args, sizeof(char *));
	for (size_t i = 0; i < e->n_args; i++) {
		e->args[i] = column_copy(a, item->columns[i].expr, location);
		e->names[i] = item->columns[i].name;
	}
	return e;
}

struct expr *column_ref(struct scope *s, const PgQuery__ColumnRef *ref)
{
	struct analyzer *a = s->a;
	const char *name;
	struct ns_item *item;
	struct expr *e;

	if (s->place == PLACE_DEFAULT)
		fail(a, ref->location, ERRCODE_FEATURE_NOT_SUPPORTED,
		     "cannot use column reference in DEFAULT expression");
	if (ref->fields[ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR) {
		if (ref->n_fields < 2)
			fail_unsupported(a, ref->location, "\"*\" here");
		return whole_row(s, table_of_ref(s, ref, ref->n_fields - 1), ref->location);
	}
	name = node_name(a, ref->fields[ref->n_fields - 1]);
	if (ref->n_fields == 1) {
		e = column_unqualified(s, name, ref->location);
		if (e != NULL)
			return e;
		item = ns_find(s, NULL, name, ref->location);
		if (item != NULL) {
			/* the only column of a function is also known by the table's name */
			if (item->rte != NULL && item->rte->kind == RTE_FUNCTION && item->n_columns == 1)
				return column_copy(a, item->columns[0].expr, ref->location);
			return whole_row(s, item, ref->location);
		}
		column_missing(s, NULL, name, ref->location);
	}
	item = table_of_ref(s, ref, ref->n_fields - 1);
	e = NULL;
	for (size_t i = 0; i < item->n_columns; i++)
		if (strcmp(item->columns[i].name, name) == 0) {
			if (e != NULL)
				fail(a, ref->location, ERRCODE_AMBIGUOUS_COLUMN,
				     "column reference \"%s\" is ambiguous", name);
			e = column_copy(a, item->columns[i].expr, ref->location);
		}
	if (e == NULL)
		e = system_column(s, item->rte, name, ref->location);
	if (e == NULL)
		column_missing(s, item->name, name, ref->location);
	return e;
}

static void target_add(struct scope *s, const char *name, struct expr *e, struct list *targets)
{
	struct target *t = AN_NEW(s->a, struct target);

	t->expr = e;
	t->name = name;
	if (e->kind == E_VAR && e->number > 0) {
		t->table = e->rte->columns[e->number - 1].table;
		t->attnum = e->rte->columns[e->number - 1].attnum;
	}
	list_add(s->a, targets, t);
}

void star_expand(struct scope *s, const PgQuery__ColumnRef *ref, struct list *targets)
{
	struct analyzer *a = s->a;

	if (ref->n_fields > 1) {
		struct ns_item *item = table_of_ref(s, ref, ref->n_fields - 1);

		for (size_t i = 0; i < item->n_columns; i++)
			target_add(s, item->columns[i].name,
				   column_copy(a, item->columns[i].expr, ref->location), targets);
		return;
	}
	bool any = false;

	for (size_t i = 0; i < s->items.n; i++) {
		struct ns_item *item = s->items.at[i];

		if (!item->cols_visible || item->lateral_only)
			continue;
		any = true;
		for (size_t k = 0; k < item->n_columns; k++)
			if (!item->columns[k].hidden)
				target_add(s, item->columns[k].name,
					   column_copy(a, item->columns[k].expr, ref->location), targets);
	}
	if (!any)
		fail(a, ref->location, ERRCODE_SYNTAX, "SELECT * with no tables specified is not valid");
}

/* ---- items of FROM ---- */

static const char *alias_name(const PgQuery__Alias *alias)
{
	return alias != NULL ? alias->aliasname : NULL;
}

static struct from_result from_leaf(struct scope *s, struct rte *rte, const char *schema, int location)
{
	struct analyzer *a = s->a;
	struct from_result r = { .location = location };
	struct list saved = s->items;
	struct ns_item *item;

	s->items = (struct list){ 0 };
	item = ns_item_of(s, rte, rte->name, schema);
	s->items = saved;
	r.from = AN_NEW(a, struct from);
	r.from->rte = rte;
	list_add(a, &r.items, item);
	r.columns = (struct ns_column *)(uintptr_t)item->columns;
	r.n_columns = item->n_columns;
	return r;
}

static struct from_result from_table(struct scope *s, const PgQuery__RangeVar *rv)
{
	struct analyzer *a = s->a;
	bool qualified = rv->schemaname != NULL && rv->schemaname[0] != '\0';
	struct cte *cte = qualified ? NULL : cte_find(s, rv->relname);
	const struct schema_relation *r;
	struct rte *rte;

	if (cte != NULL) {
		rte = rte_new(s, RTE_CTE, rv->alias != NULL ? rv->alias->aliasname : rv->relname, 't');
		rte->cte = cte;
		rte->columns = cte->columns;
		rte->n_columns = cte->n_columns;
		rte->location = rv->location;
		cte->n_refs++;
		alias_columns(s, rte, rv->alias, "table");
		return from_leaf(s, rte, NULL, rv->location);
	}
	r = relation_find(s, rv);
	rte = rte_of_relation(s, r, alias_name(rv->alias));
	rte->location = rv->location;
	(void)a;
	alias_columns(s, rte, rv->alias, "table");
	return from_leaf(s, rte, rv->alias == NULL ? r->namespace_name : NULL, rv->location);
}

static struct from_result from_subquery(struct scope *s, const PgQuery__RangeSubselect *sub)
{
	struct analyzer *a = s->a;
	struct from_result r;
	struct query *q;
	struct rte *rte;
	bool used = false, was_active = s->lateral_active;
	bool *was_used = s->lateral_used;

	if (sub->alias == NULL) {
		const PgQuery__SelectStmt *stmt = sub->subquery->select_stmt;
		bool values = stmt != NULL && stmt->n_values_lists > 0;

		fail_hint(a, node_location(sub->subquery), ERRCODE_SYNTAX,
			  values ? "For example, FROM (VALUES ...) [AS] foo." :
				   "For example, FROM (SELECT ...) [AS] foo.",
			  "%s must have an alias", values ? "VALUES in FROM" : "subquery in FROM");
	}
	s->lateral_active = sub->lateral;
	s->lateral_used = &used;
	q = query_transform(s, sub->subquery, true);
	s->lateral_active = was_active;
	s->lateral_used = was_used;
	if (used && was_used != NULL)
		*was_used = true;
	rte = rte_of_query(s, q, sub->alias->aliasname);
	rte->lateral = used;
	rte->location = node_location(sub->subquery);
	alias_columns(s, rte, sub->alias, "table");
	r = from_leaf(s, rte, NULL, rte->location);
	r.lateral = used ? q : NULL;
	return r;
}

/* ---- LATERAL, which SQLite has for functions only ---- */

/* Rows in, rows out: its FROM, WHERE and select list can stand in the query around it. */
static bool is_simple(const struct query *q)
{
	return q->kind == QUERY_SELECT && q->set == NULL && !q->has_aggs && !q->grouped &&
	       q->having == NULL && !q->has_windows && !q->distinct && q->n_sort == 0 && q->limit == NULL &&
	       q->offset == NULL && q->ctes.n == 0;
}

/* The one entry of FROM that tells by its row whether there is one; NULL: there is no such. */
static struct rte *only_rte(const struct query *q)
{
	if (q->from.n == 1 && q->srfs.n == 0)
		return ((struct from *)q->from.at[0])->rte;
	if (q->from.n == 0 && q->srfs.n == 1)
		return q->srfs.at[0];
	return NULL;
}

static void own(struct query *to, struct from *f)
{
	if (f->rte != NULL) {
		f->rte->owner = to;
		return;
	}
	if (f->inlined != NULL) {
		for (size_t i = 0; i < f->inlined->from.n; i++)
			own(to, f->inlined->from.at[i]);
		return;
	}
	own(to, f->left);
	own(to, f->right);
}

/* e, but null where the row of rte was made up by an outer join. */
static struct expr *null_extended(struct analyzer *a, struct expr *e, struct rte *rte)
{
	struct expr *test, *marker, *out;

	if (e->kind == E_VAR && e->rte == rte)
		return e;
	marker = expr_new(a, E_ROWID, INT8OID, e->location);
	marker->rte = rte;
	marker->name = rte->kind == RTE_FUNCTION ? "ordinality" : "_rowid_";
	test = expr_new(a, E_NULLTEST, BOOLOID, e->location);
	test->args = an_array(a, 1, sizeof(struct expr *));
	test->args[0] = marker;
	test->n_args = 1;
	test->negate = true;
	out = expr_new(a, E_CASE, e->type, e->location);
	out->typmod = e->typmod;
	out->n_args = 4;
	out->args = an_array(a, 4, sizeof(struct expr *));
	out->args[1] = test;
	out->args[2] = e;
	return out;
}

/* Column i of a query of at most one row, as a subquery of its own. */
static struct expr *column_subquery(struct analyzer *a, const struct query *q, size_t i)
{
	struct query *one = AN_NEW(a, struct query);
	struct expr *e = expr_new(a, E_SUBLINK, q->targets[i].expr->type, -1);

	*one = *q;
	one->targets = &q->targets[i];
	one->n_targets = 1;
	one->sort = an_array(a, q->n_sort, sizeof(struct sort_key));
	for (size_t k = 0; k < q->n_sort; k++) {
		one->sort[k] = q->sort[k];
		one->sort[k].target = -1;
	}
	e->typmod = q->targets[i].expr->typmod;
	e->sub = SUBLINK_EXPR;
	e->query = one;
	return e;
}

/*
 * Say a lateral subquery in other words, if there are any: its columns become
 * expressions, and conditions are added to *quals.  left_join: rows of the left side
 * stay without one of the subquery.
 */
static void lateral_apply(struct scope *s, struct from_result *r, bool left_join, bool has_quals,
			  struct expr **quals)
{
	struct analyzer *a = s->a;
	struct query *q = r->lateral;
	struct datum limit;
	bool one, at_most_one;

	if (q == NULL)
		return;
	if (is_simple(q) && (!left_join || (only_rte(q) != NULL && only_rte(q)->kind != RTE_SUBQUERY &&
					    only_rte(q)->kind != RTE_CTE && !only_rte(q)->scalar))) {
		struct rte *rte = left_join ? only_rte(q) : NULL;
		struct from *f = AN_NEW(a, struct from);

		f->inlined = q;
		own(s->query, f);
		for (size_t i = 0; i < q->srfs.n; i++)
			((struct rte *)q->srfs.at[i])->owner = s->query;
		for (size_t i = 0; i < r->n_columns; i++)
			r->columns[i].expr = left_join ?
						     null_extended(a, q->targets[i].expr, rte) :
						     q->targets[i].expr;
		if (rte != NULL)
			rte->nullable = true;
		*quals = make_and(a, *quals, q->where);
		r->from = f;
		s->query->has_sublinks |= q->has_sublinks;
		return;
	}
	one = q->kind == QUERY_SELECT && q->set == NULL && q->has_aggs && !q->grouped &&
	      q->having == NULL && q->limit == NULL && q->offset == NULL && !q->distinct;
	at_most_one = q->kind == QUERY_SELECT && q->set == NULL && !q->distinct && q->limit != NULL &&
		      constant_value(a, q->limit, &limit) && limit.kind == DATUM_INT && limit.i == 1;
	if (!one && !(at_most_one && (!left_join || !has_quals)))
		return; /* refused when it is written */
	struct query *row = AN_NEW(a, struct query);
	struct from *f = AN_NEW(a, struct from);

	row->targets = AN_NEW(a, struct target);
	row->targets[0].expr = const_int(a, INT4OID, 1, -1);
	row->targets[0].name = "";
	row->n_targets = 1;
	f->rte = rte_of_query(s, row, "");
	r->from = f;
	for (size_t i = 0; i < r->n_columns; i++)
		r->columns[i].expr = column_subquery(a, q, i);
	if (!one && !left_join) {
		struct expr *exists = expr_new(a, E_SUBLINK, BOOLOID, -1);

		exists->sub = SUBLINK_EXISTS;
		exists->query = q;
		*quals = make_and(a, *quals, exists);
	}
	s->query->has_sublinks = true;
}

static struct from_result from_function(struct scope *s, const PgQuery__RangeFunction *f)
{
	struct analyzer *a = s->a;
	const PgQuery__Node *call;
	const char *name;
	struct expr *e;
	struct rte *rte;
	bool was_active = s->lateral_active;

	if (f->n_functions != 1)
		fail_unsupported(a, -1, "ROWS FROM with several functions");
	call = f->functions[0]->list->items[0];
	if (f->n_coldeflist > 0 || (f->functions[0]->list->n_items > 1 &&
				    f->functions[0]->list->items[1] != NULL &&
				    f->functions[0]->list->items[1]->node_case != PG_QUERY__NODE__NODE__NOT_SET))
		fail_unsupported(a, node_location(call), "a column definition list");
	s->lateral_active = true;
	e = expr_transform(s, call, PLACE_FROM_FUNCTION);
	s->lateral_active = was_active;
	name = column_label(a, call);
	if (e->type == UNKNOWNOID)
		e = coerce_type(s, e, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
	rte = rte_of_function(s, e, f->alias != NULL ? f->alias->aliasname : name, f->ordinality);
	rte->lateral = expr_has_var(e);
	alias_columns(s, rte, f->alias, "table");
	return from_leaf(s, rte, NULL, node_location(call));
}

static void mark_nullable(struct from *f)
{
	if (f->inlined != NULL) {
		for (size_t i = 0; i < f->inlined->from.n; i++)
			mark_nullable(f->inlined->from.at[i]);
		return;
	}
	if (f->rte != NULL) {
		f->rte->nullable = true;
		return;
	}
	mark_nullable(f->left);
	mark_nullable(f->right);
}

static const struct ns_column *join_column(struct scope *s, const struct from_result *r,
					   const char *name, const char *side, bool required)
{
	const struct ns_column *found = NULL;

	for (size_t i = 0; i < r->n_columns; i++)
		if (strcmp(r->columns[i].name, name) == 0) {
			if (found != NULL)
				fail(s->a, -1, ERRCODE_AMBIGUOUS_COLUMN,
				     "common column name \"%s\" appears more than once in %s table", name,
				     side);
			found = &r->columns[i];
		}
	if (found == NULL && required)
		fail(s->a, -1, ERRCODE_UNDEFINED_COLUMN,
		     "column \"%s\" specified in USING clause does not exist in %s table", name, side);
	return found;
}

/* The column that JOIN USING makes of two; *quals gets their comparison. */
static struct expr *join_merge(struct scope *s, enum join_kind kind, struct expr *l, struct expr *r,
			       struct expr **quals)
{
	struct analyzer *a = s->a;
	struct expr *both[2] = { l, r }, *e;
	oid_t type;

	*quals = make_and(a, *quals,
			  expr_bool(s, operator_make_named(s, "=", l, r, -1), "JOIN/USING"));
	type = select_common_type(s, both, 2, "JOIN/USING", NULL);
	l = coerce_to_common(s, l, type, "JOIN/USING");
	r = coerce_to_common(s, r, type, "JOIN/USING");
	if (kind == JOIN_IS_RIGHT)
		return r;
	if (kind != JOIN_IS_FULL)
		return l;
	e = expr_new(a, E_COALESCE, type, -1);
	e->args = an_array(a, 2, sizeof(struct expr *));
	e->args[0] = l;
	e->args[1] = r;
	e->n_args = 2;
	if (both[0]->typmod == both[1]->typmod)
		e->typmod = l->typmod;
	return e;
}

static void items_append(struct scope *s, struct list *to, const struct list *from)
{
	for (size_t i = 0; i < from->n; i++)
		list_add(s->a, to, from->at[i]);
}

/* Two names in FROM must not be the same. */
static void check_conflicts(struct scope *s, const struct list *old, const struct list *new)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct ns_item *n = new->at[i];

		if (!n->rel_visible || n->name == NULL)
			continue;
		for (size_t k = 0; k < old->n; k++) {
			const struct ns_item *o = old->at[k];

			if (!o->rel_visible || o->name == NULL || strcmp(o->name, n->name) != 0)
				continue;
			/* two tables of one name in different schemas, both without alias */
			if (o->schema != NULL && n->schema != NULL && strcmp(o->schema, n->schema) != 0)
				continue;
			fail(s->a, -1, ERRCODE_DUPLICATE_ALIAS,
			     "table name \"%s\" specified more than once", n->name);
		}
	}
}

static struct from_result from_item(struct scope *s, const PgQuery__Node *node);

static bool is_true(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
	       node->a_const->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL &&
	       node->a_const->boolval->boolval;
}

static struct from_result from_join(struct scope *s, const PgQuery__JoinExpr *j)
{
	struct analyzer *a = s->a;
	struct from_result l, r, out = { .location = -1 };
	struct list saved = s->items, visible = { 0 }, using = { 0 }, merged = { 0 };
	struct expr *quals = NULL;
	struct ns_item *item;
	enum join_kind kind;
	size_t n = 0;

	HANDLES(a, j, -1, "jointype is_natural larg rarg using_clause join_using_alias quals alias");
	switch (j->jointype) {
	case PG_QUERY__JOIN_TYPE__JOIN_INNER: kind = JOIN_IS_INNER; break;
	case PG_QUERY__JOIN_TYPE__JOIN_LEFT: kind = JOIN_IS_LEFT; break;
	case PG_QUERY__JOIN_TYPE__JOIN_RIGHT: kind = JOIN_IS_RIGHT; break;
	case PG_QUERY__JOIN_TYPE__JOIN_FULL: kind = JOIN_IS_FULL; break;
	default: fail_unsupported(a, -1, "this kind of join");
	}
	l = from_item(s, j->larg);
	/* the right side sees the left one, if it is LATERAL */
	s->items = (struct list){ 0 };
	items_append(s, &s->items, &saved);
	for (size_t i = 0; i < l.items.n; i++) {
		item = l.items.at[i];
		item->lateral_only = true;
		item->lateral_ok = kind == JOIN_IS_INNER || kind == JOIN_IS_LEFT;
	}
	items_append(s, &s->items, &l.items);
	r = from_item(s, j->rarg);
	s->items = saved;
	for (size_t i = 0; i < l.items.n; i++)
		((struct ns_item *)l.items.at[i])->lateral_only = false;
	check_conflicts(s, &l.items, &r.items);
	lateral_apply(s, &r, kind == JOIN_IS_LEFT, j->quals != NULL && !is_true(j->quals), &quals);

	out.columns = an_array(a, l.n_columns + r.n_columns, sizeof(struct ns_column));
	if (j->is_natural) {
		for (size_t i = 0; i < l.n_columns; i++)
			if (join_column(s, &r, l.columns[i].name, "right", false) != NULL)
				list_add(a, &using, (void *)(uintptr_t)l.columns[i].name);
	} else {
		for (size_t i = 0; i < j->n_using_clause; i++)
			list_add(a, &using, (void *)(uintptr_t)node_name(a, j->using_clause[i]));
	}
	for (size_t i = 0; i < using.n; i++) {
		const char *name = using.at[i];
		const struct ns_column *lc, *rc;

		for (size_t k = 0; k < i; k++)
			if (strcmp(using.at[k], name) == 0)
				fail(a, -1, ERRCODE_DUPLICATE_COLUMN,
				     "column name \"%s\" appears more than once in USING clause", name);
		lc = join_column(s, &l, name, "left", true);
		rc = join_column(s, &r, name, "right", true);
		out.columns[n].name = name;
		out.columns[n].expr = join_merge(s, kind, lc->expr, rc->expr, &quals);
		n++;
	}
	size_t n_merged = n;

	for (int side = 0; side < 2; side++) {
		const struct from_result *from = side == 0 ? &l : &r;

		for (size_t i = 0; i < from->n_columns; i++) {
			bool is_merged = false;

			for (size_t k = 0; k < using.n; k++)
				is_merged |= strcmp(using.at[k], from->columns[i].name) == 0;
			if (!is_merged)
				out.columns[n++] = from->columns[i];
		}
	}
	out.n_columns = n;
	if (j->quals != NULL) {
		items_append(s, &visible, &l.items);
		items_append(s, &visible, &r.items);
		s->items = visible;
		quals = make_and(a, quals, where_transform(s, j->quals, PLACE_JOIN_ON, "JOIN/ON"));
		s->items = saved;
	}
	if (kind == JOIN_IS_LEFT || kind == JOIN_IS_FULL)
		mark_nullable(r.from);
	if (kind == JOIN_IS_RIGHT || kind == JOIN_IS_FULL)
		mark_nullable(l.from);
	out.from = AN_NEW(a, struct from);
	out.from->kind = kind;
	out.from->left = l.from;
	out.from->right = r.from;
	out.from->quals = quals;

	items_append(s, &merged, &l.items);
	items_append(s, &merged, &r.items);
	for (size_t i = 0; i < merged.n; i++) {
		item = merged.at[i];
		item->cols_visible = false;
		if (j->alias != NULL)
			item->rel_visible = false;
	}
	if (j->alias == NULL)
		items_append(s, &out.items, &merged);
	item = AN_NEW(a, struct ns_item);
	item->columns = out.columns;
	item->n_columns = out.n_columns;
	item->cols_visible = true;
	item->lateral_ok = true;
	if (j->alias != NULL) {
		item->name = j->alias->aliasname;
		item->rel_visible = true;
		if (j->alias->n_colnames > n)
			fail(a, -1, ERRCODE_SYNTAX, "column alias list for \"%s\" has too many entries",
			     item->name);
		for (size_t i = 0; i < j->alias->n_colnames; i++)
			out.columns[i].name = node_name(a, j->alias->colnames[i]);
	}
	list_add(a, &out.items, item);
	if (j->join_using_alias != NULL) {
		struct ns_item *alias = AN_NEW(a, struct ns_item);

		alias->name = j->join_using_alias->aliasname;
		alias->columns = out.columns;
		alias->n_columns = n_merged;
		alias->rel_visible = true;
		alias->lateral_ok = true;
		list_add(a, &out.items, alias);
	}
	return out;
}

static struct from_result from_item(struct scope *s, const PgQuery__Node *node)
{
	struct analyzer *a = s->a;
	struct from_result r;

	analyzer_enter(a);
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_RANGE_VAR:
		r = from_table(s, node->range_var);
		break;
	case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
		HANDLES(a, node->range_subselect, -1, "lateral subquery alias");
		r = from_subquery(s, node->range_subselect);
		break;
	case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
		HANDLES(a, node->range_function, -1, "lateral ordinality is_rowsfrom functions alias coldeflist");
		r = from_function(s, node->range_function);
		break;
	case PG_QUERY__NODE__NODE_JOIN_EXPR:
		r = from_join(s, node->join_expr);
		break;
	default:
		fail_unsupported(a, node_location(node), "%s in FROM", node_kind(node));
	}
	analyzer_leave(a);
	return r;
}

void from_transform(struct scope *s, size_t n, PgQuery__Node *const *nodes)
{
	struct analyzer *a = s->a;

	for (size_t i = 0; i < n; i++) {
		struct from_result r = from_item(s, nodes[i]);

		check_conflicts(s, &s->items, &r.items);
		lateral_apply(s, &r, false, false, &s->query->where);
		for (size_t k = 0; k < r.items.n; k++) {
			struct ns_item *item = r.items.at[k];

			item->lateral_only = true;
			item->lateral_ok = true;
		}
		items_append(s, &s->items, &r.items);
		list_add(a, &s->query->from, r.from);
	}
	for (size_t i = 0; i < s->items.n; i++) {
		struct ns_item *item = s->items.at[i];

		item->lateral_only = false;
		item->lateral_ok = true;
	}
}
