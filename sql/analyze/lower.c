/*
 * lower.c - expressions said in SQLite
 *
 * Columns stand bare in comparisons, so that SQLite's indexes serve them.  NULL,
 * AND, OR and NOT are the same in both.
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sql/type/json.h"

enum { FLAT_MAX = 60 }; /* so many operands of AND, OR in one run; more are put in brackets, balanced */

static const char *var_column(const struct expr *e)
{
	return e->rte->columns[e->number - 1].sqlite_name;
}

static void put_blob(struct buf *out, const char *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	buf_put_str(out, "x'");
	for (size_t i = 0; i < len; i++) {
		buf_put_byte(out, hex[(unsigned char)data[i] >> 4]);
		buf_put_byte(out, hex[data[i] & 15]);
	}
	buf_put_byte(out, '\'');
}

static void lower_const(struct analyzer *a, const struct datum *d)
{
	struct buf *out = &a->out;
	char text[40];

	switch (d->kind) {
	case DATUM_NULL:
		buf_put_str(out, "NULL");
		return;
	case DATUM_INT:
		if (d->i == INT64_MIN)
			buf_put_str(out, "(-9223372036854775807-1)");
		else
			buf_printf(out, "%" PRId64, d->i);
		return;
	case DATUM_REAL:
		if (isinf(d->r)) {
			buf_put_str(out, d->r < 0 ? "-9e999" : "9e999");
			return;
		}
		snprintf(text, sizeof(text), "%.17g", d->r);
		buf_put_str(out, text);
		if (strpbrk(text, ".en") == NULL)
			buf_put_str(out, ".0");
		return;
	case DATUM_TEXT:
		if (d->len > 0 && memchr(d->data, 0, d->len) != NULL) {
			buf_put_str(out, "CAST(");
			put_blob(out, d->data, d->len);
			buf_put_str(out, " AS TEXT)");
		} else {
			sqlite_quote_text(out, d->len > 0 ? d->data : "", d->len);
		}
		return;
	case DATUM_BLOB:
		put_blob(out, d->data, d->len);
		return;
	}
}

/* Does a text need no brackets as an operand?  name(...), or nothing but one word. */
static bool text_is_atomic(const char *text)
{
	const char *at = text;
	int depth = 0;

	while (isalnum((unsigned char)*at) || *at == '_' || *at == '$')
		at++;
	if (*at == '\0')
		return at > text;
	if (*at != '(')
		return false;
	for (; *at != '\0'; at++) {
		if (*at == '\'') {
			at = strchr(at + 1, '\'');
			if (at == NULL)
				return false;
		} else if (*at == '(') {
			depth++;
		} else if (*at == ')' && --depth == 0) {
			return at[1] == '\0';
		}
	}
	return false;
}

static const struct func_impl *impl_of(struct analyzer *a, const struct expr *e)
{
	const struct func_impl *impl = e->proc != NULL ? func_find(e->proc->oid) : NULL;
	const char *text;

	if (impl != NULL)
		return impl;
	if (e->op != NULL && e->op->oprleft != 0)
		fail_unsupported(a, e->location, "operator %s of types %s and %s", e->op->oprname,
				 type_name(a, e->op->oprleft), type_name(a, e->op->oprright));
	text = "";
	for (int i = 0; e->proc != NULL && i < e->proc->pronargs; i++)
		text = an_printf(a, "%s%s%s", text, i > 0 ? ", " : "",
				 type_name(a, e->proc->proargtypes[i]));
	fail_unsupported(a, e->location, "function %s(%s)", e->proc != NULL ? e->proc->proname : "?", text);
}

/* Casts between numbers: the text of the one is a text of the other. */
static bool is_number_cast(oid_t proc)
{
	switch (proc) {
	case 481: case 754: case 313: case 480: case 314: case 714: case 316: case 235: case 482:
	case 1740: case 1782: case 1781: case 1287: case 1746:
		return true;
	default:
		return false;
	}
}

/*
 * The value of an expression that is a constant, also behind casts that can be done now.
 * They stay in the tree because definitions show them.
 */
bool constant_value(struct analyzer *a, const struct expr *e, struct datum *out)
{
	struct type_context ctx = { a->in->env, a->in->schema, a->arena };
	struct sql_error err = SQL_ERROR_INIT;
	struct buf text = BUF_INIT(1 << 20);
	struct datum from;
	bool ok;

	switch (e->kind) {
	case E_CONST:
		*out = e->value;
		return true;
	case E_COLLATE:
		return constant_value(a, e->args[0], out);
	case E_RELABEL:
		if (e->args[0]->type == INT4OID || e->type == INT4OID)
			return constant_value(a, e->args[0], out) && out->kind == DATUM_INT &&
			       out->i >= 0 && out->i <= INT32_MAX;
		return constant_value(a, e->args[0], out);
	case E_FUNC:
		break;
	default:
		return false;
	}
	if (e->proc == NULL || e->n_args == 0 ||
	    (!is_number_cast(e->proc->oid) && e->proc->oid != 669 && e->proc->oid != 668) ||
	    !constant_value(a, e->args[0], &from))
		return false;
	if (from.kind == DATUM_NULL && e->proc->proisstrict && is_number_cast(e->proc->oid)) {
		*out = from;
		return true;
	}
	if ((e->proc->oid == 669 || e->proc->oid == 668) && from.kind == DATUM_TEXT && e->n_args > 1 &&
	    e->args[1]->kind == E_CONST) {
		/* varchar(n), bpchar(n) of a text that fits */
		*out = from;
		return (int64_t)from.len <= e->args[1]->value.i - 4;
	}
	if (!is_number_cast(e->proc->oid))
		return false;
	ok = type_out(&ctx, e->args[0]->type, &from, &text, &err) && !text.failed &&
	     type_in(&ctx, e->type, -1, text.data, text.len, out, &err);
	buf_free(&text);
	return ok;
}

static bool is_atomic(struct analyzer *a, const struct expr *e)
{
	switch (e->kind) {
	case E_CONST:
		return !(e->value.kind == DATUM_INT && e->value.i < 0 && e->value.i != INT64_MIN) &&
		       !(e->value.kind == DATUM_REAL && signbit(e->value.r));
	case E_PARAM:
	case E_CASE:
	case E_COALESCE:
	case E_ARRAY:
	case E_ROW:
	case E_SUBSCRIPT:
	case E_ROWID:
	case E_CHECKED_NULL:
	case E_NULLIF:
	case E_IO:
	case E_FIELD:
		return true;
	case E_VAR:
		return true;
	case E_MINMAX:
		return true;
	case E_SUBLINK:
		return e->sub == SUBLINK_EXPR || e->sub == SUBLINK_ARRAY || e->sub == SUBLINK_EXISTS;
	case E_FUNC:
		return text_is_atomic(impl_of(a, e)->text);
	case E_AGG:
		return e->filter == NULL && text_is_atomic(impl_of(a, e)->text);
	case E_WINDOW:
		return false;
	case E_RELABEL:
	case E_COLLATE:
	case E_VALUE_FN:
		return is_atomic(a, e->args[0]);
	default:
		return false;
	}
}

void lower_arg(struct analyzer *a, struct expr *e)
{
	bool atomic = is_atomic(a, e);

	if (!atomic)
		buf_put_byte(&a->out, '(');
	lower_expr(a, e);
	if (!atomic)
		buf_put_byte(&a->out, ')');
}

/* An expression that SQLite itself is to compare: with its collation, if it is no column. */
void lower_compared(struct analyzer *a, struct expr *e)
{
	const char *collation = type_collation(base_type(e->type, NULL));

	if (collation == NULL) {
		lower_expr(a, e);
		return;
	}
	lower_arg(a, e);
	buf_printf(&a->out, " COLLATE %s", collation);
}

/* " NULLS LAST" and so on, where it is not what SQLite does anyway. */
static void put_direction(struct analyzer *a, const struct sort_key *k, bool not_null)
{
	if (k->descending)
		buf_put_str(&a->out, " DESC");
	/* SQLite's own order has nulls first ascending, last descending */
	if (!not_null && k->nulls_first == k->descending)
		buf_put_str(&a->out, k->nulls_first ? " NULLS FIRST" : " NULLS LAST");
}

void lower_sort_keys(struct analyzer *a, const struct sort_key *keys, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (keys[i].expr->kind == E_CONST)
			continue; /* it orders nothing; a number would be a position */
		if (any)
			buf_put_str(&a->out, ", ");
		any = true;
		if (keys[i].expr->kind == E_PARAM)
			buf_put_str(&a->out, "+");
		lower_compared(a, keys[i].expr);
		put_direction(a, &keys[i], expr_not_null(keys[i].expr));
	}
	if (!any)
		buf_put_str(&a->out, "NULL");
}

static void put_key_spec(struct analyzer *a, const struct expr *e)
{
	struct buf *out = &a->out;

	buf_put_str(out, ", '");
	if (e->distinct)
		buf_put_byte(out, 'D');
	for (size_t i = 0; i < e->n_order; i++) {
		buf_put_byte(out, e->order[i].descending ? 'd' : 'a');
		buf_put_byte(out, e->order[i].nulls_first ? 'f' : 'l');
	}
	buf_put_byte(out, '\'');
	for (size_t i = 0; i < e->n_order; i++) {
		buf_put_str(out, ", ");
		lower_expr(a, e->order[i].expr);
	}
}

/* Is the argument at `at` of a template between commas or brackets, so that it needs none? */
static bool stands_alone(const char *text, const char *at)
{
	const char *before = at;
	char after = at[2];

	while (before > text && before[-1] == ' ')
		before--;
	return before > text && (before[-1] == '(' || before[-1] == ',') && (after == ',' || after == ')');
}

static void template_arg(struct analyzer *a, const struct func_impl *impl, const char *at,
			 struct expr *arg)
{
	if (stands_alone(impl->text, at)) {
		lower_expr(a, arg);
		return;
	}
	/* a || b || c: operators of one rank group to the left */
	if (at == impl->text && arg->kind == E_FUNC && impl_of(a, arg)->text[0] == '$' &&
	    strcmp(impl_of(a, arg)->text, impl->text) == 0) {
		lower_expr(a, arg);
		return;
	}
	lower_arg(a, arg);
}

static void put_template(struct analyzer *a, const struct expr *e, const struct func_impl *impl,
			 struct expr **args, size_t n)
{
	struct buf *out = &a->out;
	const char *run = impl->text;

	for (const char *at = impl->text; *at != '\0'; at++) {
		size_t i;

		if (*at != '$' && *at != '#')
			continue;
		buf_put(out, run, (size_t)(at - run));
		run = at + 2;
		if (*at == '$' && at[1] == '$') {
			buf_put_byte(out, '$');
		} else if (*at == '$' && at[1] == 'd') {
			if (e->distinct)
				buf_put_str(out, "DISTINCT ");
		} else if (*at == '$' && at[1] == 'o') {
			if (e->distinct || e->n_order > 0)
				put_key_spec(a, e);
		} else if (at[1] == '*') {
			if (e->variadic && e->proc->provariadic == ANYOID)
				fail_unsupported(a, e->location, "VARIADIC in a call of %s", impl->signature);
			for (i = 0; i < n; i++) {
				if (i > 0)
					buf_put_str(out, ", ");
				lower_expr(a, args[i]);
				if (*at == '#')
					buf_printf(out, ", %" PRIu32, args[i]->type);
			}
		} else if (at[1] >= '0' && at[1] <= '9') {
			i = (size_t)(at[1] - '1');
			if (*at == '#' && at[1] == '0') {
				buf_printf(out, "%" PRIu32, e->type);
			} else if (i >= n) {
				fail(a, e->location, "XX000", "function %s wants %zu arguments",
				     impl->signature, i + 1);
			} else if (*at == '#') {
				buf_printf(out, "%" PRIu32, args[i]->type);
			} else {
				template_arg(a, impl, at, args[i]);
				/* equal, not only written alike */
				if (e->distinct && impl->kind == FUNC_AGGREGATE && type_collation(args[i]->type) != NULL)
					buf_printf(out, " COLLATE %s", type_collation(args[i]->type));
			}
		} else {
			buf_put_byte(out, *at);
			run = at + 1;
			continue;
		}
		at++;
	}
	buf_put_str(out, run);
}

/* The text of a call as it stands in its template: of a function in FROM. */
void lower_call_text(struct analyzer *a, struct expr *call)
{
	const struct func_impl *impl = impl_of(a, call);

	if (impl->flags & FUNC_WRITES)
		a->writes = true;
	if (impl->kind != FUNC_SET)
		fail(a, call->location, "XX000", "%s returns no set", impl->signature);
	put_template(a, call, impl, call->args, call->n_args);
}

/* May it be evaluated twice for the price of a look-up? */
static bool is_cheap(const struct expr *e)
{
	switch (e->kind) {
	case E_CONST: case E_PARAM: case E_VAR:
		return true;
	case E_RELABEL: case E_COLLATE:
		return is_cheap(e->args[0]);
	default:
		return false;
	}
}

/*
 * Expressions that are evaluated once although they are written several times: between
 * these two calls, what the first returns stands for them.
 */
static struct expr **once_begin(struct analyzer *a, struct expr **exprs, size_t n)
{
	struct rte *rte = AN_NEW(a, struct rte);
	struct rte_column *columns = an_array(a, n, sizeof(*columns));
	struct expr **refs = an_array(a, n, sizeof(struct expr *));

	rte->alias = new_alias(a, 'v');
	rte->columns = columns;
	rte->n_columns = n;
	rte->kind = RTE_SUBQUERY;
	rte->nullable = true;
	for (size_t i = 0; i < n; i++) {
		columns[i].sqlite_name = an_printf(a, "a%zu", i + 1);
		columns[i].type = exprs[i]->type;
		columns[i].typmod = exprs[i]->typmod;
		refs[i] = var_new(a, rte, (int)i + 1, -1);
	}
	buf_put_str(&a->out, "(SELECT ");
	return refs;
}

static void once_end(struct analyzer *a, struct expr **refs, struct expr **exprs, size_t n)
{
	buf_put_str(&a->out, " FROM (SELECT ");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(&a->out, ", ");
		lower_expr(a, exprs[i]);
		buf_printf(&a->out, " AS a%zu", i + 1);
	}
	/* LIMIT keeps SQLite from putting the expressions where their names stand */
	buf_printf(&a->out, " LIMIT 1) AS %s)", n > 0 ? refs[0]->rte->alias : "v");
}

/* May it be written twice? */
static bool may_copy(const struct expr *e)
{
	if (is_cheap(e))
		return true;
	if (e->kind != E_FUNC || e->proc->provolatile == 'v')
		return false;
	for (size_t i = 0; i < e->n_args; i++)
		if (!is_cheap(e->args[i]))
			return false;
	return true;
}

static void lower_call(struct analyzer *a, struct expr *e)
{
	const struct func_impl *impl = impl_of(a, e);
	struct buf *out = &a->out;
	bool copies = false;
	struct expr **args;
	struct datum folded;

	if (constant_value(a, e, &folded)) {
		bool negative = (folded.kind == DATUM_INT && folded.i < 0) ||
				(folded.kind == DATUM_REAL && signbit(folded.r));

		if (negative)
			buf_put_byte(out, '(');
		lower_const(a, &folded);
		if (negative)
			buf_put_byte(out, ')');
		return;
	}
	if (impl->flags & FUNC_WRITES)
		a->writes = true;
	if (impl->kind == FUNC_SET)
		fail_unsupported(a, e->location, "set-returning function %s here", impl->signature);
	if (impl->flags & FUNC_COPIES)
		for (size_t i = 0; i < e->n_args; i++)
			copies |= !may_copy(e->args[i]);
	if (!copies) {
		put_template(a, e, impl, e->args, e->n_args);
		return;
	}
	/* each argument once: (SELECT f(v.a1, v.a1) FROM (SELECT x AS a1 LIMIT 1) AS v) */
	args = once_begin(a, e->args, e->n_args);
	put_template(a, e, impl, args, e->n_args);
	once_end(a, args, e->args, e->n_args);
}

static void put_filter(struct analyzer *a, const struct expr *e)
{
	if (e->filter == NULL)
		return;
	buf_put_str(&a->out, " FILTER (WHERE ");
	lower_condition(a, e->filter);
	buf_put_byte(&a->out, ')');
}

static void lower_aggregate(struct analyzer *a, struct expr *e)
{
	const struct func_impl *impl = impl_of(a, e);
	bool takes_order = strstr(impl->text, "$o") != NULL;

	if (impl->kind != FUNC_AGGREGATE && impl->kind != FUNC_WINDOW)
		fail(a, e->location, "XX000", "%s is no aggregate", impl->signature);
	if (e->distinct && !takes_order && strstr(impl->text, "$d") == NULL) {
		/* DISTINCT changes nothing in min() and max(), bool_and() and bool_or() */
		const char *name = e->proc->proname;

		if (strcmp(name, "min") != 0 && strcmp(name, "max") != 0 && strncmp(name, "bool_", 5) != 0)
			fail_unsupported(a, e->location, "DISTINCT in aggregate %s", name);
	}
	/* ORDER BY is without effect on an aggregate that does not look at the order */
	put_template(a, e, impl, e->args, e->n_args);
	put_filter(a, e);
}

static void put_bound(struct analyzer *a, enum frame_bound bound, struct expr *offset)
{
	switch (bound) {
	case BOUND_UNBOUNDED_PRECEDING:
		buf_put_str(&a->out, "UNBOUNDED PRECEDING");
		return;
	case BOUND_CURRENT_ROW:
		buf_put_str(&a->out, "CURRENT ROW");
		return;
	case BOUND_UNBOUNDED_FOLLOWING:
		buf_put_str(&a->out, "UNBOUNDED FOLLOWING");
		return;
	case BOUND_PRECEDING:
	case BOUND_FOLLOWING:
		lower_arg(a, offset);
		buf_put_str(&a->out, bound == BOUND_PRECEDING ? " PRECEDING" : " FOLLOWING");
		return;
	}
}

static void lower_window(struct analyzer *a, struct expr *e)
{
	static const char *const modes[] = { "RANGE", "ROWS", "GROUPS" };
	static const char *const excludes[] = { "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP",
						" EXCLUDE TIES" };
	const struct window *w = e->window;
	struct buf *out = &a->out;
	bool blank = false;

	lower_aggregate(a, e);
	buf_put_str(out, " OVER (");
	for (size_t i = 0; i < w->n_partition; i++) {
		buf_put_str(out, i == 0 ? "PARTITION BY " : ", ");
		lower_compared(a, w->partition[i]);
		blank = true;
	}
	if (w->n_order > 0) {
		buf_put_str(out, blank ? " ORDER BY " : "ORDER BY ");
		lower_sort_keys(a, w->order, w->n_order);
		blank = true;
	}
	if (w->has_frame) {
		buf_printf(out, "%s%s BETWEEN ", blank ? " " : "", modes[w->mode]);
		put_bound(a, w->start, w->start_offset);
		buf_put_str(out, " AND ");
		put_bound(a, w->end, w->end_offset);
		buf_put_str(out, excludes[w->exclude]);
	}
	buf_put_byte(out, ')');
}

/* ---- AND, OR ---- */

static void flatten(struct analyzer *a, struct expr *e, enum expr_kind kind, struct list *out)
{
	analyzer_enter(a);
	if (e->kind != kind)
		list_add(a, out, e);
	else
		for (size_t i = 0; i < e->n_args; i++)
			flatten(a, e->args[i], kind, out);
	analyzer_leave(a);
}

static void put_run(struct analyzer *a, struct expr **items, size_t n, const char *op, bool condition)
{
	if (n > FLAT_MAX) {
		size_t half = n / 2;

		buf_put_byte(&a->out, '(');
		put_run(a, items, half, op, condition);
		buf_put_byte(&a->out, ')');
		buf_put_str(&a->out, op);
		buf_put_byte(&a->out, '(');
		put_run(a, items + half, n - half, op, condition);
		buf_put_byte(&a->out, ')');
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(&a->out, op);
		if (condition && !is_atomic(a, items[i])) {
			buf_put_byte(&a->out, '(');
			lower_condition(a, items[i]);
			buf_put_byte(&a->out, ')');
		} else if (condition) {
			lower_condition(a, items[i]);
		} else {
			lower_arg(a, items[i]);
		}
	}
}

static void lower_logic(struct analyzer *a, struct expr *e, bool condition)
{
	struct list items = { 0 };

	flatten(a, e, e->kind, &items);
	put_run(a, (struct expr **)items.at, items.n, e->kind == E_AND ? " AND " : " OR ", condition);
}

/* ---- comparisons with lists, arrays and subqueries ---- */

static bool is_plain(struct analyzer *a, const struct expr *e, const char *op)
{
	const char *text = impl_of(a, e)->text;
	size_t len = strlen(op);

	return strncmp(text, "$1 ", 3) == 0 && strncmp(text + 3, op, len) == 0 &&
	       strcmp(text + 3 + len, " $2") == 0;
}

/* "=" of a type with a key: "$1 = $2 COLLATE pg_key" is for IN what "$1 = $2" is. */
static bool is_equality(struct analyzer *a, const struct expr *e)
{
	const char *text = impl_of(a, e)->text;

	return is_plain(a, e, "=") || strcmp(text, "$1 = $2 COLLATE pg_key") == 0 ||
	       strcmp(text, "$1 COLLATE pg_key = $2") == 0;
}

/* One comparison, as a call of the operator's function. */
static struct expr *comparison(struct analyzer *a, const struct expr *e, struct expr *l, struct expr *r)
{
	struct expr **args = an_array(a, 2, sizeof(struct expr *)), *c;

	args[0] = l;
	args[1] = r;
	c = func_expr(a, e->proc, BOOLOID, args, 2, FORM_CALL, e->location);
	c->op = e->op;
	return c;
}

/* The left side of IN, whose collation decides; a table's column has it already. */
static void lower_left(struct analyzer *a, struct expr *e)
{
	const char *collation = type_collation(base_type(e->type, NULL));

	lower_arg(a, e);
	if (collation != NULL && !(e->kind == E_VAR && e->rte->kind == RTE_TABLE))
		buf_printf(&a->out, " COLLATE %s", collation);
}

static void lower_in(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;

	if (is_equality(a, e)) {
		lower_left(a, e->args[0]);
		buf_put_str(out, e->negate ? " NOT IN (" : " IN (");
		for (size_t i = 1; i < e->n_args; i++) {
			if (i > 1)
				buf_put_str(out, ", ");
			lower_expr(a, e->args[i]);
		}
		buf_put_byte(out, ')');
		return;
	}
	struct list items = { 0 };

	for (size_t i = 1; i < e->n_args; i++)
		list_add(a, &items, comparison(a, e, e->args[0], e->args[i]));
	if (e->negate)
		buf_put_str(out, "NOT (");
	put_run(a, (struct expr **)items.at, items.n, " OR ", false);
	if (e->negate)
		buf_put_byte(out, ')');
}

static struct expr *strip_relabel(struct expr *e)
{
	while (e->kind == E_RELABEL || e->kind == E_COLLATE)
		e = e->args[0];
	return e;
}

/* x op ANY (array), x op ALL (array); condition: null is as good as false. */
static void lower_saop(struct analyzer *a, struct expr *e, bool condition)
{
	struct buf *out = &a->out;
	struct expr *array = strip_relabel(e->args[1]);
	oid_t element = element_type(e->args[1]->type);
	bool equal = !e->negate && is_equality(a, e);
	bool flat = array->kind == E_ARRAY && array->n_args > 0;

	for (size_t i = 0; flat && i < array->n_args; i++)
		flat = !type_is_array(array->args[i]->type);
	if (flat) {
		struct list items = { 0 };

		if (equal) {
			struct expr in = *e;

			in.kind = E_IN;
			in.n_args = array->n_args + 1;
			in.args = an_array(a, in.n_args, sizeof(struct expr *));
			in.args[0] = e->args[0];
			memcpy(in.args + 1, array->args, array->n_args * sizeof(struct expr *));
			lower_in(a, &in);
			return;
		}
		for (size_t i = 0; i < array->n_args; i++)
			list_add(a, &items, comparison(a, e, e->args[0], array->args[i]));
		put_run(a, (struct expr **)items.at, items.n, e->negate ? " AND " : " OR ", false);
		return;
	}
	if (equal) {
		bool guard = !condition && !expr_not_null(e->args[1]);

		/* no array: null, not false */
		if (guard) {
			buf_put_str(out, "CASE WHEN ");
			lower_arg(a, e->args[1]);
			buf_put_str(out, " IS NOT NULL THEN ");
		}
		lower_left(a, e->args[0]);
		buf_put_str(out, " IN (SELECT value FROM pg_unnest(");
		lower_expr(a, e->args[1]);
		buf_put_str(out, "))");
		if (guard)
			buf_put_str(out, " END");
		return;
	}
	buf_put_str(out, e->negate ? "pg_all(" : "pg_any(");
	lower_expr(a, e->args[0]);
	buf_put_str(out, ", ");
	sqlite_quote_text(out, e->op->oprname, strlen(e->op->oprname));
	buf_put_str(out, ", ");
	lower_expr(a, e->args[1]);
	buf_printf(out, ", %" PRIu32 ")", element);
}

/* x op ANY (SELECT ...), x op ALL (SELECT ...) */
static void lower_quantified(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	struct rte *rte;
	struct rte_column *columns;
	struct expr *c;

	if (e->sub == SUBLINK_ANY && (e->n_args > 1 || is_equality(a, e))) {
		for (size_t i = 0; i < e->n_args; i++) {
			buf_put_str(out, i == 0 ? e->n_args > 1 ? "(" : "" : ", ");
			lower_left(a, e->args[i]);
		}
		buf_put_str(out, e->n_args > 1 ? ") IN (" : " IN (");
		lower_select(a, e->query, false);
		buf_put_byte(out, ')');
		return;
	}
	/* ALL <> is NOT IN; others by the least and the greatest answer, and whether one was null */
	if (e->sub == SUBLINK_ALL && is_plain(a, e, "<>")) {
		lower_arg(a, e->args[0]);
		buf_put_str(out, " NOT IN (");
		lower_select(a, e->query, false);
		buf_put_byte(out, ')');
		return;
	}
	rte = AN_NEW(a, struct rte);
	columns = an_array(a, 1, sizeof(*columns));
	rte->alias = new_alias(a, 's');
	rte->columns = columns;
	rte->n_columns = 1;
	columns[0].sqlite_name = "c1";
	columns[0].type = e->query->targets[0].expr->type;
	columns[0].typmod = -1;
	c = comparison(a, e, e->args[0], var_new(a, rte, 1, -1));
	buf_put_str(out, "(SELECT CASE ");
	buf_put_str(out, e->sub == SUBLINK_ANY ? "max(" : "min(");
	lower_expr(a, c);
	buf_put_str(out, e->sub == SUBLINK_ANY ? ") WHEN 1 THEN 1" : ") WHEN 0 THEN 0");
	buf_put_str(out, " ELSE CASE WHEN count(*) > count(");
	lower_expr(a, c);
	buf_printf(out, ") THEN NULL ELSE %d END END FROM (", e->sub == SUBLINK_ALL);
	lower_select(a, e->query, true);
	buf_printf(out, ") AS %s)", rte->alias);
}

static void lower_sublink(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;

	switch ((enum sublink_kind)e->sub) {
	case SUBLINK_EXISTS:
		buf_put_str(out, "EXISTS (");
		lower_select(a, e->query, false);
		buf_put_byte(out, ')');
		return;
	case SUBLINK_EXPR:
		if (lower_is_single_row(a, e->query)) {
			buf_put_byte(out, '(');
			lower_select(a, e->query, false);
			buf_put_byte(out, ')');
			return;
		}
		buf_put_str(out, "(SELECT pg_single_row(c1) FROM (");
		lower_select(a, e->query, true);
		buf_put_str(out, "))");
		return;
	case SUBLINK_ARRAY: {
		oid_t element = element_type(e->type);

		buf_printf(out, "(SELECT coalesce(pg_array_agg(c1, %" PRIu32 "), pg_array(%" PRIu32
				")) FROM (",
			   element, element);
		lower_select(a, e->query, true);
		buf_put_str(out, "))");
		return;
	}
	case SUBLINK_ANY:
	case SUBLINK_ALL:
	case SUBLINK_ROW:
		lower_quantified(a, e);
		return;
	}
}

/* ---- the rest ---- */

/* The names of a record's fields are its last argument: an array of JSON. */
static void put_field_name(struct buf *names, size_t i, const char *name)
{
	buf_put_byte(names, i == 0 ? '[' : ',');
	json_put_string(names, name, strlen(name));
}

static void put_field_names(struct analyzer *a, struct buf *names)
{
	if (names->len > 0) {
		buf_put_byte(names, ']');
		buf_put_str(&a->out, ", ");
		sqlite_quote_text(&a->out, names->data, names->len);
	}
	a->out.failed |= names->failed;
	buf_free(names);
}

static void lower_var(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	const struct rte *rte = e->rte;

	if (e->number < 0) { /* a system column */
		unsigned value = e->number == -6 ? rte->relation->oid : e->number == -2 ? 2 : 0;

		if (rte->nullable) {
			buf_put_str(out, "CASE WHEN ");
			if (rte->n_columns == 0 || !rte->columns[0].not_null)
				fail_unsupported(a, e->location, "a system column of this outer join");
			buf_printf(out, "%s.", rte->alias);
			sqlite_quote_name(out, rte->columns[0].sqlite_name);
			buf_printf(out, " IS NOT NULL THEN %u END", value);
		} else {
			buf_printf(out, "%u", value);
		}
		return;
	}
	if (e->number == 0) { /* the row of a function */
		struct buf names = BUF_INIT(1 << 20);

		buf_printf(out, "pg_row(%zu", rte->n_columns);
		for (size_t i = 0; i < rte->n_columns; i++) {
			buf_printf(out, ", %" PRIu32 ", %s.%s", rte->columns[i].type, rte->alias,
				   rte->columns[i].sqlite_name);
			put_field_name(&names, i, rte->columns[i].name);
		}
		put_field_names(a, &names);
		buf_put_byte(out, ')');
		return;
	}
	if (rte->alias != NULL) {
		buf_put_str(out, rte->alias);
		buf_put_byte(out, '.');
	}
	if (rte->kind == RTE_TABLE || rte->kind == RTE_EXCLUDED)
		sqlite_quote_name(out, var_column(e));
	else
		buf_put_str(out, var_column(e));
}

static void lower_case(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	struct expr *test = e->args[0], **once = NULL;
	bool simple = test != NULL;

	for (size_t i = 1; simple && i + 1 < e->n_args; i += 2) {
		struct expr *when = e->args[i];

		simple = when->kind == E_FUNC && when->n_args == 2 && when->args[0]->kind == E_CASETEST &&
			 is_plain(a, when, "=");
	}
	if (test != NULL && !simple && !may_copy(test)) {
		once = once_begin(a, &test, 1);
		test = once[0];
	}
	buf_put_str(out, "CASE");
	if (simple) {
		buf_put_byte(out, ' ');
		lower_arg(a, test);
	}
	for (size_t i = 1; i + 1 < e->n_args; i += 2) {
		buf_put_str(out, " WHEN ");
		if (simple) {
			lower_arg(a, e->args[i]->args[1]);
		} else {
			struct expr *was = a->case_test;

			a->case_test = test != NULL ? test : was;
			lower_condition(a, e->args[i]);
			a->case_test = was;
		}
		buf_put_str(out, " THEN ");
		lower_expr(a, e->args[i + 1]);
	}
	if (e->args[e->n_args - 1] != NULL) {
		buf_put_str(out, " ELSE ");
		lower_expr(a, e->args[e->n_args - 1]);
	}
	buf_put_str(out, " END");
	if (once != NULL)
		once_end(a, once, &e->args[0], 1);
}

static void put_args(struct analyzer *a, struct expr **args, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(&a->out, ", ");
		lower_expr(a, args[i]);
	}
}

static void lower_distinct(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	struct expr **args = e->args;
	bool copy = may_copy(args[0]) && may_copy(args[1]);

	if (is_equality(a, e)) {
		const char *collation = type_collation(base_type(e->args[0]->type, NULL));

		lower_arg(a, e->args[0]);
		buf_put_str(out, e->negate ? " IS " : " IS NOT ");
		lower_arg(a, e->args[1]);
		if (collation != NULL)
			buf_printf(out, " COLLATE %s", collation);
		return;
	}
	if (!copy)
		args = once_begin(a, e->args, 2);
	buf_put_str(out, "CASE WHEN ");
	lower_arg(a, args[0]);
	buf_put_str(out, " IS NULL OR ");
	lower_arg(a, args[1]);
	buf_put_str(out, " IS NULL THEN (");
	lower_arg(a, args[0]);
	buf_put_str(out, e->negate ? " IS NULL) = (" : " IS NULL) <> (");
	lower_arg(a, args[1]);
	buf_put_str(out, e->negate ? " IS NULL) ELSE " : " IS NULL) ELSE NOT ");
	lower_arg(a, comparison(a, e, args[0], args[1]));
	buf_put_str(out, " END");
	if (!copy)
		once_end(a, args, e->args, 2);
}

static void lower_nullif(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;

	if (is_plain(a, e, "=")) {
		buf_put_str(out, "nullif(");
		put_args(a, e->args, 2);
		buf_put_byte(out, ')');
		return;
	}
	struct expr **args = e->args;
	bool copy = may_copy(args[0]);

	if (!copy)
		args = once_begin(a, e->args, 2);
	buf_put_str(out, "CASE WHEN ");
	lower_condition(a, comparison(a, e, args[0], args[1]));
	buf_put_str(out, " THEN NULL ELSE ");
	lower_expr(a, args[0]);
	buf_put_str(out, " END");
	if (!copy)
		once_end(a, args, e->args, 2);
}

static void lower_bool_test(struct analyzer *a, struct expr *e)
{
	static const char *const tests[] = { " IS TRUE",      " IS NOT TRUE", " IS FALSE",
					     " IS NOT FALSE", " IS NULL",     " IS NOT NULL" };

	lower_arg(a, e->args[0]);
	buf_put_str(&a->out, tests[e->sub]);
}

/* Through the text form, element by element where it is an array. */
static void lower_io(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	struct expr *arg = e->args[0];
	oid_t from = base_type(arg->type, NULL), to = base_type(e->type, NULL);

	if (type_is_array(from) && type_is_array(to)) {
		buf_put_str(out, "pg_array_convert(");
		lower_expr(a, arg);
		buf_printf(out, ", %" PRIu32 ", %" PRIu32 ", %d)", from, to, e->typmod);
		return;
	}
	if (type_category(to, NULL) == 'S' && to != NAMEOID && to != CHAROID) {
		if (type_category(from, NULL) == 'S' || from == UNKNOWNOID) {
			lower_arg(a, arg);
			return;
		}
		buf_put_str(out, "pg_out(");
		lower_expr(a, arg);
		buf_printf(out, ", %" PRIu32 ")", from);
		return;
	}
	buf_put_str(out, "pg_in(");
	if (type_category(from, NULL) == 'S' || from == UNKNOWNOID) {
		lower_expr(a, arg);
	} else {
		buf_put_str(out, "pg_out(");
		lower_expr(a, arg);
		buf_printf(out, ", %" PRIu32 ")", from);
	}
	buf_printf(out, ", %" PRIu32 ", %d)", to, e->typmod);
}

static void lower_relabel(struct analyzer *a, struct expr *e)
{
	oid_t from = base_type(e->args[0]->type, NULL), to = base_type(e->type, NULL);
	const char *convert = NULL;
	bool oid_like;

	/* integer and oid differ in what the bits above 2^31 mean */
	oid_like = pgcat_type(to) != NULL && pgcat_type(to)->typlen == 4 && to != INT4OID &&
		   to != FLOAT4OID && to != DATEOID;
	if (from == INT4OID && oid_like)
		convert = "pg_int4_to_oid(";
	else if (to == INT4OID && from != INT4OID && from != DATEOID)
		convert = "pg_oid_to_int4(";
	if (convert != NULL && e->args[0]->kind == E_CONST && e->args[0]->value.kind == DATUM_INT &&
	    e->args[0]->value.i >= 0 && e->args[0]->value.i <= INT32_MAX)
		convert = NULL;
	if (convert == NULL) {
		lower_expr(a, e->args[0]);
		return;
	}
	buf_put_str(&a->out, convert);
	lower_expr(a, e->args[0]);
	buf_put_byte(&a->out, ')');
}

static void lower_array(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	bool nested = e->n_args > 0 && type_is_array(e->args[0]->type);

	if (e->n_args > 120)
		fail_unsupported(a, e->location, "ARRAY[] of more than 120 elements");
	buf_printf(out, "%s(%" PRIu32, nested ? "pg_array_nested" : "pg_array", element_type(e->type));
	for (size_t i = 0; i < e->n_args; i++) {
		buf_put_str(out, ", ");
		lower_expr(a, e->args[i]);
	}
	buf_put_byte(out, ')');
}

/* The row of the inner side of an outer join may be none at all; the caller ends with " END". */
static bool put_row_guard(struct analyzer *a, const struct expr *e)
{
	struct buf *out = &a->out;
	const struct rte *rte = e->rte;

	if (rte == NULL || !rte->nullable)
		return false;
	buf_put_str(out, "CASE WHEN ");
	if (rte->kind == RTE_TABLE) {
		buf_printf(out, "%s._rowid_", rte->alias);
	} else {
		size_t i;

		for (i = 0; i < rte->n_columns && !rte->columns[i].not_null; i++)
			;
		if (i == rte->n_columns)
			fail_unsupported(a, e->location, "the row of the inner side of an outer join");
		buf_printf(out, "%s.%s", rte->alias, rte->columns[i].sqlite_name);
	}
	buf_put_str(out, " IS NOT NULL THEN ");
	return true;
}

/* {"a":1,"b":"x"}, as row_to_json() writes it. */
static void lower_json_row(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	bool guard = put_row_guard(a, e);

	if (e->n_args == 0)
		buf_put_str(out, "'{}'");
	for (size_t i = 0; i < e->n_args; i++) {
		struct buf key = BUF_INIT(1024);

		buf_put_str(&key, i == 0 ? "{\"" : ",\"");
		for (const char *at = e->names[i]; *at != '\0'; at++) {
			if (*at == '"' || *at == '\\')
				buf_put_byte(&key, '\\');
			buf_put_byte(&key, *at);
		}
		buf_put_str(&key, "\":");
		buf_put_str(out, i == 0 ? "" : " || ");
		sqlite_quote_text(out, key.data, key.len);
		buf_free(&key);
		buf_put_str(out, " || coalesce(pg_to_json('j', ");
		lower_expr(a, e->args[i]);
		buf_printf(out, ", %" PRIu32 "), 'null')",
			   e->args[i]->type == UNKNOWNOID ? (oid_t)TEXTOID : e->args[i]->type);
	}
	if (e->n_args > 0)
		buf_put_str(out, " || '}'");
	if (guard)
		buf_put_str(out, " END");
}

static void lower_row(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;
	bool guard = put_row_guard(a, e);

	if (e->n_args > 60)
		fail_unsupported(a, e->location, "ROW() of more than 60 fields");
	buf_printf(out, "pg_row(%zu", e->n_args);
	for (size_t i = 0; i < e->n_args; i++) {
		struct expr *item = e->args[i];

		buf_printf(out, ", %" PRIu32 ", ", item->type == UNKNOWNOID ? (oid_t)TEXTOID : item->type);
		lower_expr(a, item);
	}
	if (e->names != NULL) {
		struct buf names = BUF_INIT(1 << 20);

		for (size_t i = 0; i < e->n_args; i++)
			put_field_name(&names, i, e->names[i]);
		put_field_names(a, &names);
	}
	buf_put_byte(out, ')');
	if (guard)
		buf_put_str(out, " END");
}

static void lower_minmax(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;

	if (e->n_args > 120)
		fail_unsupported(a, e->location, "GREATEST or LEAST of more than 120 values");
	buf_printf(out, "%s(%" PRIu32 ", ", e->negate ? "pg_least" : "pg_greatest", e->type);
	put_args(a, e->args, e->n_args);
	buf_put_byte(out, ')');
}

static void lower_coalesce(struct analyzer *a, struct expr *e)
{
	if (e->n_args == 1) {
		buf_put_byte(&a->out, '(');
		lower_expr(a, e->args[0]);
		buf_put_byte(&a->out, ')');
		return;
	}
	if (e->n_args > 120)
		fail_unsupported(a, e->location, "COALESCE of more than 120 values");
	buf_put_str(&a->out, "coalesce(");
	put_args(a, e->args, e->n_args);
	buf_put_byte(&a->out, ')');
}

static void lower_checked_null(struct analyzer *a, struct expr *e)
{
	const struct schema_relation *r = e->rte->relation;

	buf_put_str(&a->out, "pg_not_null(");
	lower_expr(a, e->args[0]);
	buf_put_str(&a->out, ", ");
	sqlite_quote_text(&a->out, r->namespace_name, strlen(r->namespace_name));
	buf_put_str(&a->out, ", ");
	sqlite_quote_text(&a->out, r->name, strlen(r->name));
	buf_put_str(&a->out, ", ");
	const char *column = r->columns[e->number - 1].name;

	sqlite_quote_text(&a->out, column, strlen(column));
	buf_put_byte(&a->out, ')');
}

static void lower_dispatch(struct analyzer *a, struct expr *e)
{
	struct buf *out = &a->out;

	switch (e->kind) {
	case E_CONST:
		lower_const(a, &e->value);
		return;
	case E_PARAM:
		buf_printf(out, "?%d", e->number);
		return;
	case E_VAR:
		lower_var(a, e);
		return;
	case E_FUNC:
		lower_call(a, e);
		return;
	case E_AND:
	case E_OR:
		lower_logic(a, e, false);
		return;
	case E_NOT:
		buf_put_str(out, "NOT ");
		lower_arg(a, e->args[0]);
		return;
	case E_NULLTEST:
		lower_arg(a, e->args[0]);
		buf_put_str(out, e->negate ? " IS NOT NULL" : " IS NULL");
		return;
	case E_BOOLTEST:
		lower_bool_test(a, e);
		return;
	case E_CASE:
		lower_case(a, e);
		return;
	case E_CASETEST:
		if (a->case_test == NULL)
			fail(a, e->location, "XX000", "a value out of its place");
		lower_arg(a, a->case_test);
		return;
	case E_COALESCE:
		lower_coalesce(a, e);
		return;
	case E_MINMAX:
		lower_minmax(a, e);
		return;
	case E_NULLIF:
		lower_nullif(a, e);
		return;
	case E_DISTINCT:
		lower_distinct(a, e);
		return;
	case E_IN:
		lower_in(a, e);
		return;
	case E_SAOP:
		lower_saop(a, e, false);
		return;
	case E_ROW:
		lower_row(a, e);
		return;
	case E_JSON_ROW:
		lower_json_row(a, e);
		return;
	case E_ARRAY:
		lower_array(a, e);
		return;
	case E_SUBSCRIPT:
		buf_put_str(out, e->sub ? "pg_slice(" : "pg_subscript(");
		put_args(a, e->args, e->n_args);
		buf_put_byte(out, ')');
		return;
	case E_SUBLINK:
		lower_sublink(a, e);
		return;
	case E_AGG:
		lower_aggregate(a, e);
		return;
	case E_WINDOW:
		lower_window(a, e);
		return;
	case E_RELABEL:
		lower_relabel(a, e);
		return;
	case E_IO:
		lower_io(a, e);
		return;
	case E_VALUE_FN:
	case E_COLLATE:
		lower_expr(a, e->args[0]);
		return;
	case E_CHECKED_NULL:
		lower_checked_null(a, e);
		return;
	case E_ROWID:
		buf_printf(out, "%s.%s", e->rte->alias, e->name);
		return;
	case E_DEFAULT:
	case E_NAMED_ARG:
		break;
	case E_FIELD:
		buf_put_str(out, "pg_field(");
		lower_expr(a, e->args[0]);
		buf_printf(out, ", %d)", e->number);
		return;
	}
	fail_unsupported(a, e->location, "this expression here");
}

void lower_expr(struct analyzer *a, struct expr *e)
{
	analyzer_enter(a);
	if (a->out.failed)
		fail(a, e->location, "54001", "statement too complex");
	lower_dispatch(a, e);
	analyzer_leave(a);
}

void lower_condition(struct analyzer *a, struct expr *e)
{
	analyzer_enter(a);
	if (e->kind == E_AND || e->kind == E_OR)
		lower_logic(a, e, true);
	else if (e->kind == E_SAOP)
		lower_saop(a, e, true);
	else
		lower_expr(a, e);
	analyzer_leave(a);
}
