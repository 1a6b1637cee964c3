/*
 * analyzer.c - the analyzer's errors, memory and entry points
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void analyzer_fail(struct analyzer *a)
{
	longjmp(a->failed, 1);
}

static void set_error(struct analyzer *a, int location, const char *sqlstate, const char *fmt,
		      va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, args);
	/* positions inside a system view's text mean nothing to the client */
	sql_error_at(a->err, a->view_depth > 0 ? -1 : location, sqlstate, "%s", text);
}

void fail(struct analyzer *a, int location, const char *sqlstate, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_error(a, location, sqlstate, fmt, args);
	va_end(args);
	analyzer_fail(a);
}

void fail_hint(struct analyzer *a, int location, const char *sqlstate, const char *hint,
	       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_error(a, location, sqlstate, fmt, args);
	va_end(args);
	sql_error_hint(a->err, "%s", hint);
	analyzer_fail(a);
}

void fail_unsupported(struct analyzer *a, int location, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fail(a, location, ERRCODE_FEATURE_NOT_SUPPORTED, "%s is not supported", text);
}

void fail_memory(struct analyzer *a)
{
	sql_error_no_memory(a->err);
	analyzer_fail(a);
}

void *an_array(struct analyzer *a, size_t n, size_t size)
{
	void *at = arena_calloc(a->arena, n > 0 ? n : 1, size);

	if (at == NULL)
		fail_memory(a);
	return at;
}

void *an_alloc(struct analyzer *a, size_t size)
{
	return an_array(a, 1, size);
}

char *an_printf(struct analyzer *a, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = an_array(a, (size_t)len + 1, 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

void list_add(struct analyzer *a, struct list *l, void *item)
{
	if (l->n == l->cap) {
		size_t cap = l->cap * 2 + 4;
		void **at = an_array(a, cap, sizeof(void *));

		if (l->n > 0)
			memcpy(at, l->at, l->n * sizeof(void *));
		l->at = at;
		l->cap = cap;
	}
	l->at[l->n++] = item;
}

void analyzer_enter(struct analyzer *a)
{
	if (++a->depth > ANALYZE_MAX_DEPTH)
		fail(a, -1, "54001", "stack depth limit exceeded");
}

const char *type_name(struct analyzer *a, oid_t type)
{
	struct buf b = BUF_INIT(4096);
	const char *copy;

	if (type == UNKNOWNOID)
		return "unknown";
	type_format(a->in->schema, type, -1, &b);
	copy = arena_strdup(a->arena, buf_str(&b));
	buf_free(&b);
	if (copy == NULL)
		fail_memory(a);
	return copy;
}

const char *new_alias(struct analyzer *a, char letter)
{
	return an_printf(a, "%c%u", letter, ++a->n_aliases);
}

/* Everything that can jump is called below this. */
static void analyzer_init(struct analyzer *a, const struct analyze_input *in, struct sql_error *err)
{
	*a = (struct analyzer){
		.in = in, .arena = in->arena, .err = err, .stable = true,
		.out = BUF_INIT(ANALYZE_MAX_SQL + 8 * (in->text != NULL ? strlen(in->text) : 0)),
	};
}

static void params_init(struct analyzer *a)
{
	const struct analyze_input *in = a->in;

	if (in->n_param_types > ANALYZE_MAX_PARAMS)
		fail(a, -1, "54000", "too many parameters");
	a->cap_params = in->n_param_types;
	a->n_params = in->n_param_types;
	a->params = an_array(a, a->cap_params, sizeof(oid_t));
	for (size_t i = 0; i < in->n_param_types; i++)
		a->params[i] = in->param_types[i] == UNKNOWNOID ? 0 : in->param_types[i];
}

bool analyze_takes(const PgQuery__Node *stmt)
{
	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		return stmt->select_stmt->into_clause == NULL;
	case PG_QUERY__NODE__NODE_INSERT_STMT:
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
	case PG_QUERY__NODE__NODE_DELETE_STMT:
		return true;
	default:
		return false;
	}
}

/* Every parameter has a type by now, or never gets one. */
static void params_finish(struct analyzer *a, struct lowered *out)
{
	for (size_t i = 0; i < a->n_params; i++)
		if (a->params[i] == 0)
			fail(a, -1, ERRCODE_INDETERMINATE_DATATYPE,
			     "could not determine data type of parameter $%zu", i + 1);
	out->param_types = a->params;
	out->n_params = a->n_params;
}

static void columns_finish(struct analyzer *a, const struct target *targets, size_t n,
			   struct lowered *out)
{
	struct lowered_column *columns = an_array(a, n, sizeof(*columns));

	for (size_t i = 0; i < n; i++) {
		int32_t typmod = targets[i].expr->typmod;
		oid_t type = base_type(targets[i].expr->type, &typmod);

		columns[i] = (struct lowered_column){ targets[i].name, type, typmod,
						      targets[i].table, targets[i].attnum };
	}
	out->columns = columns;
	out->n_columns = n;
}

static void statement_lower(struct analyzer *a, const PgQuery__Node *stmt, struct lowered *out)
{
	struct query *q;

	*out = (struct lowered){ 0 };
	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_SELECT_STMT: {
		struct scope top = { .a = a };

		q = select_transform(&top, stmt->select_stmt, true);
		out->kind = q->kind == QUERY_VALUES ? LOWERED_VALUES : LOWERED_SELECT;
		out->locks_rows = q->locks;
		columns_finish(a, q->targets, q->n_targets, out);
		break;
	}
	case PG_QUERY__NODE__NODE_INSERT_STMT:
		q = insert_transform(a, stmt->insert_stmt);
		out->kind = LOWERED_INSERT;
		break;
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
		q = update_transform(a, stmt->update_stmt);
		out->kind = LOWERED_UPDATE;
		break;
	case PG_QUERY__NODE__NODE_DELETE_STMT:
		q = delete_transform(a, stmt->delete_stmt);
		out->kind = LOWERED_DELETE;
		break;
	default:
		fail_unsupported(a, -1, "%s", node_kind(stmt));
	}
	params_finish(a, out);
	if (q->target != NULL) {
		out->target = q->target->relation;
		out->writes = true;
		columns_finish(a, q->returning, q->n_returning, out);
	}
	lower_query(a, q);
	if (a->out.failed)
		fail_memory(a);
	out->sql = arena_strndup(a->arena, a->out.data, a->out.len);
	if (out->sql == NULL)
		fail_memory(a);
	out->writes |= a->writes;
	out->stable = a->stable;
}

bool analyze_statement(const struct analyze_input *in, const PgQuery__Node *stmt,
		       struct lowered *out, struct sql_error *err)
{
	struct analyzer a;
	bool ok;

	analyzer_init(&a, in, err);
	ok = setjmp(a.failed) == 0;
	if (ok) {
		params_init(&a);
		statement_lower(&a, stmt, out);
	}
	buf_free(&a.out);
	return ok;
}

static enum expr_place place_of(const char *what)
{
	static const struct {
		const char *what;
		enum expr_place place;
	} places[] = {
		{ "DEFAULT", PLACE_DEFAULT },
		{ "CHECK constraint", PLACE_CHECK },
		{ "check constraint", PLACE_CHECK },
		{ "index expression", PLACE_INDEX },
		{ "index predicate", PLACE_INDEX_PREDICATE },
		{ "generation expression", PLACE_GENERATED },
		{ "USING", PLACE_USING },
	};

	for (size_t i = 0; what != NULL && i < ARRAY_LEN(places); i++)
		if (strcmp(what, places[i].what) == 0)
			return places[i].place;
	return PLACE_OTHER;
}

/* A scope in which the columns of `relation` are known by their bare names. */
static void scope_of_relation(struct scope *s, struct analyzer *a, struct query *q,
			      const struct schema_relation *relation, const char *what)
{
	*s = (struct scope){ .a = a, .query = q, .place_name = what };
	if (relation != NULL) {
		struct rte *rte = rte_of_relation(s, relation, NULL);

		rte->alias = NULL; /* bare column names */
		ns_item_of(s, rte, relation->name, relation->namespace_name);
	}
}

bool analyze_expression(const struct analyze_input *in, const PgQuery__Node *expr,
			const struct schema_relation *relation, oid_t type, int32_t typmod,
			const char *what, struct buf *sql, oid_t *result_type,
			struct sql_error *err)
{
	struct analyzer a;
	bool ok;

	analyzer_init(&a, in, err);
	ok = setjmp(a.failed) == 0;
	if (ok) {
		struct query *q;
		struct scope s;
		struct expr *e;

		params_init(&a);
		q = AN_NEW(&a, struct query);
		scope_of_relation(&s, &a, q, relation, what);
		e = expr_transform(&s, expr, place_of(what));
		if (type == BOOLOID && place_of(what) != PLACE_DEFAULT) {
			e = expr_bool(&s, e, what);
		} else if (type != 0) {
			struct expr *c = coerce_to_target(&s, e, type, typmod, COERCION_ASSIGNMENT,
							  FORM_IMPLICIT_CAST, -1);
			if (c == NULL)
				fail_hint(&a, e->location, ERRCODE_DATATYPE_MISMATCH,
					  "You will need to rewrite or cast the expression.",
					  "%s is of type %s but expression is of type %s", what,
					  type_name(&a, type), type_name(&a, e->type));
			e = c;
		} else if (e->type == UNKNOWNOID) {
			e = coerce_type(&s, e, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
		}
		if (a.n_params > in->n_param_types)
			fail(&a, e->location, ERRCODE_UNDEFINED_PARAMETER, "there is no parameter $1");
		if (result_type != NULL)
			*result_type = e->type;
		lower_arg(&a, e);
		if (a.out.failed)
			fail_memory(&a);
		buf_put(sql, a.out.data, a.out.len);
	}
	buf_free(&a.out);
	return ok;
}

bool analyze_type_name(const struct analyze_input *in, const PgQuery__TypeName *name, oid_t *type,
		       int32_t *typmod, struct sql_error *err)
{
	struct analyzer a;
	bool ok;

	analyzer_init(&a, in, err);
	ok = setjmp(a.failed) == 0;
	if (ok)
		*type = type_name_resolve(&a, name, typmod);
	buf_free(&a.out);
	return ok;
}

bool analyze_deparse(const struct analyze_input *in, const PgQuery__Node *node,
		     const struct schema_relation *relation, struct buf *out,
		     struct sql_error *err)
{
	struct analyzer a;
	bool ok;

	if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT)
		return deparse_statement(in, node, out, err);
	analyzer_init(&a, in, err);
	ok = setjmp(a.failed) == 0;
	if (ok) {
		struct query *q;
		struct scope s;
		struct expr *e;

		params_init(&a);
		q = AN_NEW(&a, struct query);
		scope_of_relation(&s, &a, q, relation, NULL);
		e = expr_transform(&s, node, PLACE_OTHER);
		if (e->type == UNKNOWNOID)
			e = coerce_type(&s, e, TEXTOID, -1, COERCION_IMPLICIT, FORM_IMPLICIT_CAST, -1);
		deparse_expr(&a, e, &a.out);
		buf_put(out, a.out.data, a.out.len);
	}
	buf_free(&a.out);
	/* columns of a relation that the caller does not know: by the grammar alone */
	if (!ok && relation == NULL && strcmp(err->sqlstate, ERRCODE_UNDEFINED_COLUMN) == 0)
		return deparse_untyped(in, node, out, err);
	return ok;
}
