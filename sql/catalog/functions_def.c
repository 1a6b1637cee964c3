/*
 * functions_def.c - pg_get_indexdef(), pg_get_functiondef() and the like: SQL of objects
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/functions.h"

#include "sql/catalog/describe.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/schema.h"

enum { LANGUAGE_INTERNAL = 12, LANGUAGE_C = 13, LANGUAGE_SQL = 14 };

static bool is_true(int n, sqlite3_value **argv, int i)
{
	return n > i && sqlite3_value_int(argv[i]) != 0;
}

/* pg_get_expr(text, relation[, pretty]) */
static void fn_expr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	describe_expression((const char *)sqlite3_value_text(argv[0]), is_true(n, argv, 2), b);
	func_result_buf(ctx, b);
}

/* pg_get_indexdef(index[, column, pretty]) */
static void fn_indexdef(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_get_indexdef");
	const struct schema_relation *r = NULL;

	if (schema == NULL || func_any_null(n, argv))
		return;
	const struct schema_index *x = names_index_by_oid(schema, catalog_oid(argv[0]), &r);
	if (x == NULL)
		x = describe_system_index(schema, func_arena(conn), catalog_oid(argv[0]), &r);
	if (x == NULL)
		return;
	struct buf *b = func_buf(conn);
	int64_t column = n > 1 ? sqlite3_value_int64(argv[1]) : 0;
	if (column == 0)
		describe_index(schema, conn->env, r, x, is_true(n, argv, 2), b);
	else if (column > 0 && (size_t)column <= x->n_keys)
		describe_index_key(r, x, (size_t)column - 1, is_true(n, argv, 2), b);
	func_result_buf(ctx, b);
}

static const struct schema_constraint *find_constraint(const struct schema *schema, oid_t oid,
						       const struct schema_relation **of)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(schema, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			if (all[i]->constraints[j].oid == oid) {
				*of = all[i];
				return &all[i]->constraints[j];
			}
		}
	}
	return NULL;
}

/* pg_get_constraintdef(constraint[, pretty]) */
static void fn_constraintdef(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_get_constraintdef");
	const struct schema_relation *r = NULL;

	if (schema == NULL || func_any_null(n, argv))
		return;
	const struct schema_constraint *c = find_constraint(schema, catalog_oid(argv[0]), &r);
	if (c == NULL)
		c = describe_system_constraint(schema, func_arena(conn), catalog_oid(argv[0]), &r);
	if (c == NULL)
		return;
	struct buf *b = func_buf(conn);
	describe_constraint(schema, conn->env, r, c, is_true(n, argv, 1), b);
	func_result_buf(ctx, b);
}

/* pg_get_viewdef(view[, pretty or width]), the view by OID or by name */
static void fn_viewdef(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_get_viewdef");
	oid_t oid = catalog_oid(argv[0]);

	if (schema == NULL || func_any_null(n, argv))
		return;
	if (sqlite3_value_type(argv[0]) == SQLITE_TEXT) {
		struct func_text t = func_text(argv[0]);

		if (!names_in(schema, conn->env, REGCLASSOID, t.data, t.len, false, &oid, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	const struct schema_relation *r = schema_relation_by_oid(schema, oid);
	if (r == NULL || r->kind != 'v' || r->view_text == NULL)
		return; /* the definitions of system views are not kept */
	struct buf *b = func_buf(conn);
	describe_view(r, b);
	func_result_buf(ctx, b);
}

/* pg_get_ruledef(rule[, pretty]): only views have rules */
static void fn_ruledef(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_get_ruledef");
	size_t n_relations;

	if (schema == NULL || func_any_null(n, argv))
		return;
	const struct schema_relation *const *all = schema_relations(schema, &n_relations);
	for (size_t i = 0; i < n_relations; i++) {
		const struct schema_relation *r = all[i];
		struct buf *b = func_buf(conn);
		bool exists;

		if (r->is_system || r->kind != 'v' || system_rewrite_oid(r->oid) != catalog_oid(argv[0]))
			continue;
		bool bare = is_true(n, argv, 1) &&
			    names_is_visible(schema, conn->env, PG_CLASS_RELATION, r->oid, &exists);
		buf_put_str(b, "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO ");
		names_quote_qualified(b, bare ? NULL : r->namespace_name, r->name);
		buf_put_str(b, " DO INSTEAD ");
		describe_view(r, b);
		func_result_buf(ctx, b);
		return;
	}
}

/* pg_get_serial_sequence(table, column) */
static void fn_serial_sequence(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_get_serial_sequence");
	size_t n_sequences;
	oid_t oid;

	if (schema == NULL || func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	if (!names_in(schema, conn->env, REGCLASSOID, t.data, t.len, false, &oid, &conn->err)) {
		sql_conn_fail(conn, ctx);
		return;
	}
	const char *name = (const char *)sqlite3_value_text(argv[1]);
	const struct schema_relation *r = schema_relation_by_oid(schema, oid);
	const struct schema_column *c = r == NULL ? NULL : schema_column_named(r, name);
	if (c == NULL) {
		func_fail(ctx, ERRCODE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
			  name, r == NULL ? "" : r->name);
		return;
	}
	const struct schema_sequence *q = schema_sequences(schema, &n_sequences);
	for (size_t i = 0; i < n_sequences; i++) {
		struct buf *b = func_buf(conn);

		if (q[i].owned_by != oid || q[i].owned_column != c->attnum)
			continue;
		names_quote_qualified(b, q[i].namespace_name, q[i].name);
		func_result_buf(ctx, b);
		return;
	}
}

/* ---- functions ---- */

static void put_type(struct sql_conn *conn, oid_t type, struct buf *b)
{
	names_format_type(conn->schema, conn->env, type, -1, b);
}

/* The arguments; with their defaults if asked for.  TABLE columns are the result's. */
static void put_arguments(struct sql_conn *conn, const struct pg_proc_row *p, bool defaults, struct buf *b)
{
	const struct pg_aggregate_row *agg = pgcat_aggregate(p->oid);
	int n = p->proallargtypes != NULL ? p->n_allargs : p->pronargs;
	int input = 0, printed = 0;
	/* the arguments of an ordered-set aggregate come in two parts */
	int direct = agg != NULL && agg->aggkind != 'n' ? agg->aggnumdirectargs : -1;

	for (int i = 0; i < n; i++) {
		char mode = p->proargmodes == NULL ? 'i' : p->proargmodes[i];
		bool is_input = mode == 'i' || mode == 'b' || mode == 'v';

		if (mode == 't')
			continue;
		if (is_input)
			input++;
		if (i == direct)
			buf_put_str(b, printed > 0 ? " ORDER BY " : "ORDER BY ");
		else if (printed > 0)
			buf_put_str(b, ", ");
		if (mode == 'o')
			buf_put_str(b, "OUT ");
		else if (mode == 'b')
			buf_put_str(b, "INOUT ");
		else if (mode == 'v')
			buf_put_str(b, "VARIADIC ");
		if (p->proargnames != NULL && p->proargnames[i][0] != '\0') {
			names_quote(b, p->proargnames[i]);
			buf_put_byte(b, ' ');
		}
		put_type(conn, p->proallargtypes != NULL ? p->proallargtypes[i] : p->proargtypes[i], b);
		int from = p->pronargs - p->pronargdefaults;
		if (defaults && is_input && p->pronargdefaults > 0 && input > from)
			buf_printf(b, " DEFAULT %s", p->argdefaults[input - 1 - from]);
		printed++;
		/* a variadic direct argument takes the aggregated ones too */
		if (direct >= 0 && i == direct - 1 && i == n - 1) {
			buf_put_str(b, " ORDER BY VARIADIC ");
			put_type(conn, p->proargtypes[i], b);
		}
	}
}

static void put_result(struct sql_conn *conn, const struct pg_proc_row *p, struct buf *b)
{
	bool table = p->proargmodes != NULL && strchr(p->proargmodes, 't') != NULL;

	if (!table) {
		buf_put_str(b, p->proretset ? "SETOF " : "");
		put_type(conn, p->prorettype, b);
		return;
	}
	buf_put_str(b, "TABLE(");
	for (int i = 0, printed = 0; i < p->n_allargs; i++) {
		if (p->proargmodes[i] != 't')
			continue;
		if (printed++ > 0)
			buf_put_str(b, ", ");
		names_quote(b, p->proargnames[i]);
		buf_put_byte(b, ' ');
		put_type(conn, p->proallargtypes[i], b);
	}
	buf_put_byte(b, ')');
}

/* pg_function_text(what, function) */
static void fn_function_text(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);

	if (func_any_null(n, argv))
		return;
	const struct pg_proc_row *p = pgcat_proc(catalog_oid(argv[1]));
	if (p == NULL)
		return;
	switch (*(const char *)sqlite3_value_text(argv[0])) {
	case 'a':
		put_arguments(conn, p, true, b);
		break;
	case 'i':
		put_arguments(conn, p, false, b);
		break;
	default:
		if (p->prokind == 'p')
			return;
		put_result(conn, p, b);
		break;
	}
	func_result_buf(ctx, b);
}

/* The body of a function in SQL's own syntax, as kept with pgcat's rows; false: it has none. */
static bool put_sqlbody(const struct pg_proc_row *p, struct buf *b)
{
	enum { SQLBODY = 27 };
	const struct pgcat_rows *rows = pgcat_rows("pg_proc");
	uint32_t n, at = pgcat_rows_with_key(rows, p->oid, &n);
	size_t len;
	bool null = true;
	const char *text = n == 0 ? NULL : pgcat_field(rows, at, SQLBODY, &len, &null);

	if (null)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\\' && i + 1 < len) {
			c = text[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_put_byte(b, c);
	}
	return true;
}

static void fn_sqlbody(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	const struct pg_proc_row *p = pgcat_proc(catalog_oid(argv[0]));
	if (p != NULL && put_sqlbody(p, b))
		func_result_buf(ctx, b);
}

static void put_attributes(struct sql_conn *conn, const struct pg_proc_row *p, struct buf *b)
{
	/* what CREATE FUNCTION takes if nothing is said */
	float usual_cost = p->prolang == LANGUAGE_INTERNAL || p->prolang == LANGUAGE_C ? 1 : 100;
	size_t start = b->len;

	buf_put_str(b, p->provolatile == 'i' ? " IMMUTABLE" : p->provolatile == 's' ? " STABLE" : "");
	buf_put_str(b, p->proparallel == 's' ? " PARALLEL SAFE" : p->proparallel == 'r' ? " PARALLEL RESTRICTED" : "");
	if (p->proisstrict)
		buf_put_str(b, " STRICT");
	if (p->proleakproof)
		buf_put_str(b, " LEAKPROOF");
	if (p->procost < usual_cost || p->procost > usual_cost)
		buf_printf(b, " COST %g", (double)p->procost);
	if (p->proretset && (p->prorows < 1000 || p->prorows > 1000))
		buf_printf(b, " ROWS %g", (double)p->prorows);
	if (p->prosupport != 0) {
		buf_put_str(b, " SUPPORT ");
		names_out(conn->schema, conn->env, REGPROCOID, p->prosupport, b);
	}
	if (b->len > start)
		buf_put_byte(b, '\n');
}

static void fn_functiondef(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);

	if (func_any_null(n, argv))
		return;
	const struct pg_proc_row *p = pgcat_proc(catalog_oid(argv[0]));
	if (p == NULL)
		return;
	if (p->prokind == 'a') {
		func_fail(ctx, ERRCODE_WRONG_OBJECT_TYPE, "\"%s\" is an aggregate function", p->proname);
		return;
	}
	buf_printf(b, "CREATE OR REPLACE %s ", p->prokind == 'p' ? "PROCEDURE" : "FUNCTION");
	names_quote_qualified(b, names_of_namespace(conn->schema, p->pronamespace), p->proname);
	buf_put_byte(b, '(');
	put_arguments(conn, p, true, b);
	buf_put_str(b, ")\n");
	if (p->prokind != 'p') {
		buf_put_str(b, " RETURNS ");
		put_result(conn, p, b);
		buf_put_byte(b, '\n');
	}
	buf_printf(b, " LANGUAGE %s\n", p->prolang == LANGUAGE_INTERNAL ? "internal"
					: p->prolang == LANGUAGE_C      ? "c"
									: "sql");
	if (p->prokind == 'w')
		buf_put_str(b, " WINDOW");
	put_attributes(conn, p, b);
	if (!put_sqlbody(p, b)) {
		buf_put_str(b, "AS ");
		if (p->probin != NULL)
			buf_printf(b, "'%s', ", p->probin);
		buf_printf(b, "$function$%s$function$", p->prosrc);
	}
	buf_put_byte(b, '\n');
	func_result_buf(ctx, b);
}

/* pg_get_function_arg_default(function, n): counts all arguments */
static void fn_arg_default(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	const struct pg_proc_row *p = pgcat_proc(catalog_oid(argv[0]));
	int64_t nth = sqlite3_value_int64(argv[1]);
	int input = 0;
	int n_all = p == NULL ? 0 : p->proallargtypes != NULL ? p->n_allargs : p->pronargs;

	if (nth < 1 || nth > n_all)
		return;
	for (int i = 0; i < nth; i++) {
		char mode = p->proargmodes == NULL ? 'i' : p->proargmodes[i];
		bool is_input = mode == 'i' || mode == 'b' || mode == 'v';

		input += is_input;
		if (i == nth - 1 && !is_input)
			return;
	}
	int from = p->pronargs - p->pronargdefaults;
	if (p->pronargdefaults > 0 && input > from) {
		const char *text = p->argdefaults[input - 1 - from];
		func_result_text(ctx, text, strlen(text));
	}
}

/* ---- pg_describe_object(class, object, sub) ---- */

static bool describe_relation(struct sql_conn *conn, oid_t oid, int64_t sub, struct buf *b)
{
	const struct schema_relation *r = schema_relation_by_oid(conn->schema, oid);
	const struct schema_index *x = r != NULL ? NULL : names_index_by_oid(conn->schema, oid, NULL);
	char name[NAME_MAX_LEN + 1];
	oid_t namespace_oid;

	if (!names_of_class(conn->schema, oid, name, &namespace_oid))
		return false;
	const char *kind = x != NULL || r == NULL ? "index"
			   : r->kind == 'v'       ? "view"
			   : r->kind == 'S'       ? "sequence"
						  : "table";
	const struct schema_column *c = r == NULL || sub == 0 ? NULL : schema_column_at(r, (int16_t)sub);
	if (sub != 0 && c == NULL)
		return false;
	if (c != NULL) {
		buf_put_str(b, "column ");
		names_quote(b, c->name);
		buf_put_str(b, " of ");
	}
	buf_printf(b, "%s ", kind);
	names_out(conn->schema, conn->env, REGCLASSOID, oid, b);
	return true;
}

static bool describe_named(struct sql_conn *conn, const char *kind, oid_t reg_type, oid_t oid, struct buf *b)
{
	size_t before;

	buf_printf(b, "%s ", kind);
	before = b->len;
	names_out(conn->schema, conn->env, reg_type, oid, b);
	/* names_out() writes the number of what there is not */
	return b->len == before || b->data[before] < '0' || b->data[before] > '9';
}

static bool describe_default(struct sql_conn *conn, oid_t oid, struct buf *b)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(conn->schema, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; !all[i]->is_system && j < all[i]->n_columns; j++) {
			if (system_attrdef_oid(all[i]->oid, all[i]->columns[j].attnum) != oid)
				continue;
			buf_put_str(b, "default value for ");
			return describe_relation(conn, all[i]->oid, all[i]->columns[j].attnum, b);
		}
	}
	return false;
}

static bool describe_rule(struct sql_conn *conn, oid_t oid, struct buf *b)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(conn->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i]->is_system || all[i]->kind != 'v' || system_rewrite_oid(all[i]->oid) != oid)
			continue;
		buf_put_str(b, "rule _RETURN on ");
		return describe_relation(conn, all[i]->oid, 0, b);
	}
	return false;
}

static void fn_describe_object(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);
	const struct schema_relation *r;
	bool found = false;

	if (catalog_schema(ctx, "pg_describe_object") == NULL || func_any_null(n, argv))
		return;
	oid_t oid = catalog_oid(argv[1]);
	switch (catalog_oid(argv[0])) {
	case PG_CLASS_RELATION:
		found = describe_relation(conn, oid, sqlite3_value_int64(argv[2]), b);
		break;
	case PG_TYPE_RELATION:
		found = describe_named(conn, "type", REGTYPEOID, oid, b);
		break;
	case PG_PROC_RELATION:
		found = describe_named(conn, "function", REGPROCEDUREOID, oid, b);
		break;
	case PG_OPERATOR_RELATION:
		found = describe_named(conn, "operator", REGOPERATOROID, oid, b);
		break;
	case PG_NAMESPACE_RELATION:
		found = describe_named(conn, "schema", REGNAMESPACEOID, oid, b);
		break;
	case PG_AUTHID_RELATION:
		found = describe_named(conn, "role", REGROLEOID, oid, b);
		break;
	case PG_COLLATION_RELATION:
		found = describe_named(conn, "collation", REGCOLLATIONOID, oid, b);
		break;
	case PG_CONSTRAINT_RELATION: {
		const struct schema_constraint *c = find_constraint(conn->schema, oid, &r);

		if (c == NULL)
			break;
		buf_put_str(b, "constraint ");
		names_quote(b, c->name);
		buf_put_str(b, " on ");
		found = describe_relation(conn, r->oid, 0, b);
		break;
	}
	case PG_ATTRDEF_RELATION:
		found = describe_default(conn, oid, b);
		break;
	case PG_REWRITE_RELATION:
		found = describe_rule(conn, oid, b);
		break;
	default:
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "pg_describe_object() of catalog %u is not supported", catalog_oid(argv[0]));
		return;
	}
	if (found)
		func_result_buf(ctx, b);
}

const struct func_udf catalog_def_udfs[] = {
	STABLE("pg_get_expr", 2, fn_expr),
	STABLE("pg_get_expr", 3, fn_expr),
	STABLE("pg_get_indexdef", 1, fn_indexdef),
	STABLE("pg_get_indexdef", 3, fn_indexdef),
	STABLE("pg_get_constraintdef", 1, fn_constraintdef),
	STABLE("pg_get_constraintdef", 2, fn_constraintdef),
	STABLE("pg_get_viewdef", 1, fn_viewdef),
	STABLE("pg_get_viewdef", 2, fn_viewdef),
	STABLE("pg_get_ruledef", 1, fn_ruledef),
	STABLE("pg_get_ruledef", 2, fn_ruledef),
	STABLE("pg_get_serial_sequence", 2, fn_serial_sequence),
	STABLE("pg_function_text", 2, fn_function_text),
	STABLE("pg_get_functiondef", 1, fn_functiondef),
	STABLE("pg_get_function_sqlbody", 1, fn_sqlbody),
	STABLE("pg_get_function_arg_default", 2, fn_arg_default),
	STABLE("pg_describe_object", 3, fn_describe_object),
	{ .name = NULL },
};

const struct func_impl catalog_def_impls[] = {
	{ 1716, "pg_get_expr(pg_node_tree,oid)", FUNC_SCALAR, "pg_get_expr($1, $2)", 0 },
	{ 2509, "pg_get_expr(pg_node_tree,oid,boolean)", FUNC_SCALAR, "pg_get_expr($1, $2, $3)", 0 },
	{ 1643, "pg_get_indexdef(oid)", FUNC_SCALAR, "pg_get_indexdef($1)", 0 },
	{ 2507, "pg_get_indexdef(oid,integer,boolean)", FUNC_SCALAR, "pg_get_indexdef($1, $2, $3)", 0 },
	{ 1387, "pg_get_constraintdef(oid)", FUNC_SCALAR, "pg_get_constraintdef($1)", 0 },
	{ 2508, "pg_get_constraintdef(oid,boolean)", FUNC_SCALAR, "pg_get_constraintdef($1, $2)", 0 },
	{ 1640, "pg_get_viewdef(text)", FUNC_SCALAR, "pg_get_viewdef($1)", FUNC_CHECKED },
	{ 1641, "pg_get_viewdef(oid)", FUNC_SCALAR, "pg_get_viewdef($1)", 0 },
	{ 2505, "pg_get_viewdef(text,boolean)", FUNC_SCALAR, "pg_get_viewdef($1, $2)", FUNC_CHECKED },
	{ 2506, "pg_get_viewdef(oid,boolean)", FUNC_SCALAR, "pg_get_viewdef($1, $2)", 0 },
	{ 3159, "pg_get_viewdef(oid,integer)", FUNC_SCALAR, "pg_get_viewdef($1, $2)", 0 },
	{ 1573, "pg_get_ruledef(oid)", FUNC_SCALAR, "pg_get_ruledef($1)", 0 },
	{ 2504, "pg_get_ruledef(oid,boolean)", FUNC_SCALAR, "pg_get_ruledef($1, $2)", 0 },
	/* there are no triggers, partitions and extended statistics that these could be of */
	{ 1662, "pg_get_triggerdef(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 2730, "pg_get_triggerdef(oid,boolean)", FUNC_SCALAR, "NULL", 0 },
	{ 3352, "pg_get_partkeydef(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 3408, "pg_get_partition_constraintdef(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 3415, "pg_get_statisticsobjdef(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 6174, "pg_get_statisticsobjdef_columns(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 6173, "pg_get_statisticsobjdef_expressions(oid)", FUNC_SCALAR, "NULL", 0 },
	{ 1665, "pg_get_serial_sequence(text,text)", FUNC_SCALAR, "pg_get_serial_sequence($1, $2)",
	  FUNC_CHECKED },
	{ 2162, "pg_get_function_arguments(oid)", FUNC_SCALAR, "pg_function_text('a', $1)", 0 },
	{ 2232, "pg_get_function_identity_arguments(oid)", FUNC_SCALAR, "pg_function_text('i', $1)", 0 },
	{ 2165, "pg_get_function_result(oid)", FUNC_SCALAR, "pg_function_text('r', $1)", 0 },
	{ 2098, "pg_get_functiondef(oid)", FUNC_SCALAR, "pg_get_functiondef($1)", FUNC_CHECKED },
	{ 6197, "pg_get_function_sqlbody(oid)", FUNC_SCALAR, "pg_get_function_sqlbody($1)", 0 },
	{ 3808, "pg_get_function_arg_default(oid,integer)", FUNC_SCALAR,
	  "pg_get_function_arg_default($1, $2)", 0 },
	{ 3537, "pg_describe_object(oid,oid,integer)", FUNC_SCALAR, "pg_describe_object($1, $2, $3)",
	  FUNC_CHECKED },
	{ 0, NULL, FUNC_SCALAR, NULL, 0 },
};
