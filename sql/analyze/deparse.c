/*
 * deparse.c - a typed expression as PostgreSQL's text
 *
 * As pg_get_expr() has it: operators in brackets, constants with their types.
 * Source: PostgreSQL 15 documentation, 9.26.5; what psql's \d shows.
 * Licence: MIT, see LICENSE.
 */
#include <pg_query.h>

#include "sql/analyze/analyzer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void put_type(struct analyzer *a, oid_t type, int32_t typmod, struct buf *out)
{
	type_format(a->in->schema, type, typmod, out);
}

static void put_const(struct analyzer *a, const struct expr *e, struct buf *out, bool show_type)
{
	struct type_context ctx = { a->in->env, a->in->schema, a->arena };
	struct buf text = BUF_INIT(16 << 20);
	bool label = show_type;

	if (e->value.kind == DATUM_NULL) {
		buf_put_str(out, "NULL");
		if (show_type) {
			buf_put_str(out, "::");
			put_type(a, e->type, e->typmod, out);
		}
		return;
	}
	if (e->type == BOOLOID) {
		buf_put_str(out, e->value.i ? "true" : "false");
		return;
	}
	if (!type_out(&ctx, base_type(e->type, NULL), &e->value, &text, a->err)) {
		buf_free(&text);
		analyzer_fail(a);
	}
	buf_str(&text);
	switch (e->type) {
	case INT4OID:
		if (e->value.i >= 0) {
			buf_put(out, text.data, text.len);
		} else {
			buf_printf(out, "'%s'::integer", buf_str(&text));
		}
		buf_free(&text);
		return;
	case NUMERICOID:
		if (text.len > 0 && text.data[0] >= '0' && text.data[0] <= '9' &&
		    memchr(text.data, '.', text.len) != NULL) {
			buf_put(out, text.data, text.len);
			label = false;
			break;
		}
		/* fall through */
	default:
		sqlite_quote_text(out, text.data, text.len);
		break;
	}
	buf_free(&text);
	if (label) {
		buf_put_str(out, "::");
		put_type(a, e->type, e->typmod, out);
	}
}

/* show: with implicit casts, as for operands of operators and functions */
static void put(struct analyzer *a, const struct expr *e, struct buf *out);
static void put_shown(struct analyzer *a, const struct expr *e, struct buf *out);

static void put_list(struct analyzer *a, struct expr *const *args, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_str(out, ", ");
		put_shown(a, args[i], out);
	}
}

static bool is_shown_cast(const struct expr *e)
{
	return (e->kind == E_FUNC && e->op == NULL && e->form == FORM_IMPLICIT_CAST) ||
	       ((e->kind == E_RELABEL || e->kind == E_IO) && e->form == FORM_IMPLICIT_CAST);
}

static void put_cast(struct analyzer *a, const struct expr *arg, oid_t type, int32_t typmod,
		     struct buf *out)
{
	/* '5'::text::x, but (5)::x */
	if (arg->kind == E_CONST && arg->value.kind != DATUM_NULL && arg->type != INT4OID &&
	    arg->type != NUMERICOID && arg->type != BOOLOID) {
		put_const(a, arg, out, true);
	} else if (arg->kind == E_FUNC && arg->op != NULL) {
		put(a, arg, out); /* in brackets already */
	} else {
		buf_put_byte(out, '(');
		put(a, arg, out);
		buf_put_byte(out, ')');
	}
	buf_put_str(out, "::");
	put_type(a, type, typmod, out);
}

static void put_function_name(struct analyzer *a, const struct pg_proc_row *p, struct buf *out)
{
	(void)a;
	if (p->pronamespace == INFORMATION_SCHEMA_OID)
		buf_put_str(out, "information_schema.");
	pg_quote_name(out, p->proname);
}

static void put_call(struct analyzer *a, const struct expr *e, struct buf *out)
{
	if (e->op != NULL) {
		buf_put_byte(out, '(');
		if (e->n_args == 2) {
			put_shown(a, e->args[0], out);
			buf_printf(out, " %s ", e->op->oprname);
			put_shown(a, e->args[1], out);
		} else {
			buf_printf(out, "%s ", e->op->oprname);
			put_shown(a, e->args[0], out);
		}
		buf_put_byte(out, ')');
		return;
	}
	if (e->form == FORM_IMPLICIT_CAST) {
		put(a, e->args[0], out);
		return;
	}
	if (e->form == FORM_EXPLICIT_CAST) {
		put_cast(a, e->args[0], e->type, e->typmod, out);
		return;
	}
	if (e->form == FORM_SQL_SYNTAX && strcmp(e->proc->proname, "timezone") == 0 && e->n_args == 2) {
		buf_put_byte(out, '(');
		put(a, e->args[1], out);
		buf_put_str(out, " AT TIME ZONE ");
		put(a, e->args[0], out);
		buf_put_byte(out, ')');
		return;
	}
	if (e->form == FORM_SQL_SYNTAX && strcmp(e->proc->proname, "extract") == 0 && e->n_args == 2 &&
	    e->args[0]->kind == E_CONST) {
		buf_put_str(out, "EXTRACT(");
		buf_put(out, e->args[0]->value.data, e->args[0]->value.len);
		buf_put_str(out, " FROM ");
		put(a, e->args[1], out);
		buf_put_byte(out, ')');
		return;
	}
	put_function_name(a, e->proc, out);
	buf_put_byte(out, '(');
	if (e->n_args > 0 && e->args[e->n_args - 1]->kind == E_ARRAY &&
	    e->args[e->n_args - 1]->form == FORM_IMPLICIT_CAST && e->proc->provariadic != 0) {
		const struct expr *rest = e->args[e->n_args - 1];

		put_list(a, e->args, e->n_args - 1, out);
		if (e->n_args > 1 && rest->n_args > 0)
			buf_put_str(out, ", ");
		put_list(a, rest->args, rest->n_args, out);
	} else {
		put_list(a, e->args, e->n_args, out);
	}
	buf_put_byte(out, ')');
}

static void put_logic(struct analyzer *a, const struct expr *e, const char *op, struct buf *out)
{
	buf_put_byte(out, '(');
	for (size_t i = 0; i < e->n_args; i++) {
		if (i > 0)
			buf_put_str(out, op);
		put(a, e->args[i], out);
	}
	buf_put_byte(out, ')');
}

static void put_in(struct analyzer *a, const struct expr *e, struct buf *out)
{
	buf_put_byte(out, '(');
	put_shown(a, e->args[0], out);
	buf_put_str(out, e->negate ? " <> ALL (ARRAY[" : " = ANY (ARRAY[");
	put_list(a, e->args + 1, e->n_args - 1, out);
	buf_put_str(out, "]))");
}

static void put_case(struct analyzer *a, const struct expr *e, struct buf *out)
{
	buf_put_str(out, "CASE");
	if (e->args[0] != NULL) {
		buf_put_byte(out, ' ');
		put(a, e->args[0], out);
	}
	for (size_t i = 1; i + 1 < e->n_args; i += 2) {
		const struct expr *when = e->args[i];

		buf_put_str(out, " WHEN ");
		if (e->args[0] != NULL && when->kind == E_FUNC && when->n_args == 2)
			when = when->args[1];
		put(a, when, out);
		buf_put_str(out, " THEN ");
		put(a, e->args[i + 1], out);
	}
	if (e->args[e->n_args - 1] != NULL) {
		buf_put_str(out, " ELSE ");
		put(a, e->args[e->n_args - 1], out);
	} else {
		buf_put_str(out, " ELSE NULL::");
		put_type(a, e->type, e->typmod, out);
	}
	buf_put_str(out, " END");
}

static void put_value_function(const struct expr *e, struct buf *out)
{
	static const char *const names[] = {
		"", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIME", "CURRENT_TIMESTAMP",
		"CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIME", "LOCALTIMESTAMP", "LOCALTIMESTAMP",
		"CURRENT_ROLE", "CURRENT_USER", "USER", "SESSION_USER", "CURRENT_CATALOG",
		"CURRENT_SCHEMA",
	};

	buf_put_str(out, names[e->sub]);
	if (e->sub == 3 || e->sub == 5 || e->sub == 7 || e->sub == 9)
		buf_printf(out, "(%d)", e->typmod);
}

static void put_dispatch(struct analyzer *a, const struct expr *e, struct buf *out)
{
	static const char *const tests[] = { " IS TRUE",      " IS NOT TRUE", " IS FALSE",
					     " IS NOT FALSE", " IS UNKNOWN",  " IS NOT UNKNOWN" };

	switch (e->kind) {
	case E_CONST:
		put_const(a, e, out, true);
		return;
	case E_PARAM:
		buf_printf(out, "$%d", e->number);
		return;
	case E_VAR:
		if (e->number <= 0)
			break;
		pg_quote_name(out, e->rte->columns[e->number - 1].name);
		return;
	case E_FUNC:
		put_call(a, e, out);
		return;
	case E_AND:
		put_logic(a, e, " AND ", out);
		return;
	case E_OR:
		put_logic(a, e, " OR ", out);
		return;
	case E_NOT:
		buf_put_str(out, "(NOT ");
		put(a, e->args[0], out);
		buf_put_byte(out, ')');
		return;
	case E_NULLTEST:
		buf_put_byte(out, '(');
		put_shown(a, e->args[0], out);
		buf_put_str(out, e->negate ? " IS NOT NULL)" : " IS NULL)");
		return;
	case E_BOOLTEST:
		buf_put_byte(out, '(');
		put(a, e->args[0], out);
		buf_put_str(out, tests[e->sub]);
		buf_put_byte(out, ')');
		return;
	case E_CASE:
		put_case(a, e, out);
		return;
	case E_COALESCE:
		buf_put_str(out, "COALESCE(");
		put_list(a, e->args, e->n_args, out);
		buf_put_byte(out, ')');
		return;
	case E_MINMAX:
		buf_put_str(out, e->negate ? "LEAST(" : "GREATEST(");
		put_list(a, e->args, e->n_args, out);
		buf_put_byte(out, ')');
		return;
	case E_NULLIF:
		buf_put_str(out, "NULLIF(");
		put_list(a, e->args, e->n_args, out);
		buf_put_byte(out, ')');
		return;
	case E_DISTINCT:
		buf_put_str(out, e->negate ? "(NOT (" : "(");
		put(a, e->args[0], out);
		buf_put_str(out, " IS DISTINCT FROM ");
		put(a, e->args[1], out);
		buf_put_str(out, e->negate ? "))" : ")");
		return;
	case E_IN:
		put_in(a, e, out);
		return;
	case E_SAOP:
		buf_put_byte(out, '(');
		put_shown(a, e->args[0], out);
		buf_printf(out, " %s %s (", e->op->oprname, e->negate ? "ALL" : "ANY");
		put(a, e->args[1], out);
		buf_put_str(out, "))");
		return;
	case E_ROW:
		buf_put_str(out, "ROW(");
		put_list(a, e->args, e->n_args, out);
		buf_put_byte(out, ')');
		return;
	case E_ARRAY:
		buf_put_str(out, "ARRAY[");
		put_list(a, e->args, e->n_args, out);
		buf_put_byte(out, ']');
		if (e->n_args == 0) {
			buf_put_str(out, "::");
			put_type(a, e->type, -1, out);
		}
		return;
	case E_SUBSCRIPT:
		if (e->sub)
			break;
		if (e->args[0]->kind == E_VAR) {
			put(a, e->args[0], out);
		} else {
			buf_put_byte(out, '(');
			put(a, e->args[0], out);
			buf_put_byte(out, ')');
		}
		for (size_t i = 1; i < e->n_args; i++) {
			buf_put_byte(out, '[');
			put(a, e->args[i], out);
			buf_put_byte(out, ']');
		}
		return;
	case E_RELABEL:
	case E_IO:
		if (e->form == FORM_IMPLICIT_CAST)
			put(a, e->args[0], out);
		else
			put_cast(a, e->args[0], e->type, e->typmod, out);
		return;
	case E_VALUE_FN:
		put_value_function(e, out);
		return;
	case E_COLLATE:
		buf_put_byte(out, '(');
		put(a, e->args[0], out);
		buf_put_str(out, " COLLATE ");
		sqlite_quote_name(out, e->name);
		buf_put_byte(out, ')');
		return;
	default:
		break;
	}
	fail_unsupported(a, e->location, "an expression of this kind in a definition");
}

static void put(struct analyzer *a, const struct expr *e, struct buf *out)
{
	analyzer_enter(a);
	put_dispatch(a, e, out);
	analyzer_leave(a);
}

static void put_shown(struct analyzer *a, const struct expr *e, struct buf *out)
{
	if (is_shown_cast(e)) {
		analyzer_enter(a);
		put_cast(a, e->args[0], e->type, e->typmod, out);
		analyzer_leave(a);
	} else {
		put(a, e, out);
	}
}

void deparse_expr(struct analyzer *a, const struct expr *e, struct buf *out)
{
	put(a, e, out);
}

/* A whole statement: libpg_query writes it. */
bool deparse_statement(const struct analyze_input *in, const PgQuery__Node *node, struct buf *out,
		       struct sql_error *err)
{
	PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
	PgQuery__RawStmt *stmts[1] = { &raw };
	PgQuery__ParseResult tree = PG_QUERY__PARSE_RESULT__INIT;
	PgQueryProtobuf packed;
	PgQueryDeparseResult text;
	bool ok = true;

	(void)in;
	raw.stmt = (PgQuery__Node *)(uintptr_t)node;
	tree.version = PG_VERSION_NUM;
	tree.n_stmts = 1;
	tree.stmts = stmts;
	packed.len = pg_query__parse_result__get_packed_size(&tree);
	packed.data = malloc(packed.len);
	if (packed.data == NULL)
		return sql_error_no_memory(err);
	pg_query__parse_result__pack(&tree, (uint8_t *)packed.data);
	text = pg_query_deparse_protobuf(packed);
	if (text.error != NULL)
		ok = sql_error_set(err, "XX000", "%s", text.error->message);
	else
		buf_put_str(out, text.query);
	pg_query_free_deparse_result(text);
	free(packed.data);
	return ok;
}

/* An expression whose columns are not known. */
bool deparse_untyped(const struct analyze_input *in, const PgQuery__Node *node, struct buf *out,
		     struct sql_error *err)
{
	PgQuery__ResTarget target = PG_QUERY__RES_TARGET__INIT;
	PgQuery__Node target_node = PG_QUERY__NODE__INIT, select_node = PG_QUERY__NODE__INIT;
	PgQuery__Node *targets[1] = { &target_node };
	PgQuery__SelectStmt select = PG_QUERY__SELECT_STMT__INIT;
	struct buf text = BUF_INIT(16 << 20);
	bool brackets = node->node_case == PG_QUERY__NODE__NODE_A_EXPR ||
			node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR ||
			node->node_case == PG_QUERY__NODE__NODE_NULL_TEST;
	bool ok;

	target.val = (PgQuery__Node *)(uintptr_t)node;
	target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
	target_node.res_target = &target;
	select.n_target_list = 1;
	select.target_list = targets;
	select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
	select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
	select_node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
	select_node.select_stmt = &select;
	sql_error_clear(err);
	ok = deparse_statement(in, &select_node, &text, err);
	if (ok && text.len > 7) {
		if (brackets)
			buf_put_byte(out, '(');
		buf_put(out, text.data + 7, text.len - 7); /* behind "SELECT " */
		if (brackets)
			buf_put_byte(out, ')');
	}
	buf_free(&text);
	return ok;
}
