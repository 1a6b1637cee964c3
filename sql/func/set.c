/*
 * set.c - functions that return rows, as table-valued functions of SQLite
 *
 * Each is an eponymous virtual table: the columns of a record, then the number of the
 * row, then the arguments, hidden.
 * Licence: MIT, see LICENSE.
 */
#include "sql/func/set.h"

#include <stdlib.h>

#include "sql/func/numeric.h"
#include "sql/func/pattern.h"
#include "sql/func/tables.h"
#include "sql/type/impl.h"
#include "sql/type/numeric.h"

struct set_table {
	sqlite3_vtab base;
	struct sql_conn *conn;
	const struct set_function *function;
};

struct set_module {
	struct sql_conn *conn;
	const struct set_function *function;
};

static int set_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
		       char **error)
{
	const struct set_module *m = aux;
	struct buf b = BUF_INIT(4096);
	struct set_table *t;

	(void)argc, (void)argv, (void)error;
	buf_put_str(&b, "CREATE TABLE x(");
	if (m->function->n_columns == 1)
		buf_put_str(&b, "value, ");
	else
		for (int i = 1; i <= m->function->n_columns; i++)
			buf_printf(&b, "value%d, ", i);
	buf_put_str(&b, "ordinality INTEGER");
	for (int i = 1; i <= m->function->max_args; i++)
		buf_printf(&b, ", arg%d HIDDEN", i);
	buf_put_byte(&b, ')');
	int rc = sqlite3_declare_vtab(db, buf_str(&b));
	buf_free(&b);
	if (rc != SQLITE_OK)
		return rc;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return SQLITE_NOMEM;
	t->conn = m->conn;
	t->function = m->function;
	sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	*out = &t->base;
	return SQLITE_OK;
}

static int set_disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

/* idxNum: how many arguments there are; they are handed over in order. */
static int set_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	const struct set_function *f = ((struct set_table *)vtab)->function;
	int n_args = 0;

	for (int i = 0; i < info->nConstraint; i++) {
		int arg = info->aConstraint[i].iColumn - f->n_columns - 1;

		if (arg < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		info->aConstraintUsage[i].argvIndex = arg + 1;
		info->aConstraintUsage[i].omit = 1;
		if (arg + 1 > n_args)
			n_args = arg + 1;
	}
	info->idxNum = n_args;
	info->estimatedCost = 10;
	info->estimatedRows = 100;
	return SQLITE_OK;
}

static int set_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	struct set_cursor *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return SQLITE_NOMEM;
	c->conn = ((struct set_table *)vtab)->conn;
	arena_init(&c->arena, (size_t)1 << 30);
	*out = &c->base;
	return SQLITE_OK;
}

static int set_close(sqlite3_vtab_cursor *cursor)
{
	struct set_cursor *c = (struct set_cursor *)cursor;

	arena_free(&c->arena);
	free(c);
	return SQLITE_OK;
}

static const struct set_function *function_of(struct set_cursor *c)
{
	return ((struct set_table *)c->base.pVtab)->function;
}

static int set_failed(struct set_cursor *c)
{
	c->done = true;
	sqlite3_free(c->base.pVtab->zErrMsg);
	c->base.pVtab->zErrMsg = sqlite3_mprintf("%s", c->conn->err.message);
	return SQLITE_ERROR;
}

static int set_filter(sqlite3_vtab_cursor *cursor, int n, const char *text, int argc, sqlite3_value **argv)
{
	struct set_cursor *c = (struct set_cursor *)cursor;

	(void)n, (void)text;
	arena_reset(&c->arena);
	c->list = NULL;
	c->n_list = 0;
	c->at = 0;
	c->done = false;
	if (!function_of(c)->start(c, argc, argv, &c->conn->err))
		return set_failed(c);
	if (function_of(c)->next == NULL && c->n_list == 0)
		c->done = true;
	return SQLITE_OK;
}

static int set_next(sqlite3_vtab_cursor *cursor)
{
	struct set_cursor *c = (struct set_cursor *)cursor;

	c->at++;
	if (function_of(c)->next == NULL)
		c->done = (uint64_t)c->at >= c->n_list;
	else if (!function_of(c)->next(c, &c->conn->err))
		return set_failed(c);
	return SQLITE_OK;
}

static int set_eof(sqlite3_vtab_cursor *cursor)
{
	return ((struct set_cursor *)cursor)->done;
}

static int set_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int i)
{
	struct set_cursor *c = (struct set_cursor *)cursor;
	int n = function_of(c)->n_columns;

	if (i < n)
		func_result(ctx, c->list != NULL ? &c->list[(size_t)c->at * (size_t)n + (size_t)i] : &c->row[i]);
	else if (i == n)
		sqlite3_result_int64(ctx, c->at + 1);
	return SQLITE_OK;
}

static int set_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
	*out = ((struct set_cursor *)cursor)->at + 1;
	return SQLITE_OK;
}

bool set_register(struct sql_conn *conn, const struct set_function *functions)
{
	static const sqlite3_module module = {
		.xConnect = set_connect,
		.xBestIndex = set_best_index,
		.xDisconnect = set_disconnect,
		.xOpen = set_open,
		.xClose = set_close,
		.xFilter = set_filter,
		.xNext = set_next,
		.xEof = set_eof,
		.xColumn = set_column,
		.xRowid = set_rowid,
	};

	for (const struct set_function *f = functions; f->name != NULL; f++) {
		struct set_module *m = malloc(sizeof(*m));

		if (m == NULL)
			return false;
		m->conn = conn;
		m->function = f;
		if (sqlite3_create_module_v2(conn->db, f->name, &module, m, free) != SQLITE_OK)
			return false;
	}
	return true;
}

struct datum *set_rows(struct set_cursor *c, size_t n, int n_columns, struct sql_error *err)
{
	struct datum *rows = arena_alloc(&c->arena, (n > 0 ? n : 1) * (size_t)n_columns * sizeof(*rows));

	if (rows == NULL) {
		sql_error_no_memory(err);
		return NULL;
	}
	c->list = rows;
	c->n_list = n;
	return rows;
}

bool set_keep(struct set_cursor *c, struct datum *d, struct sql_error *err)
{
	struct datum copy;

	if (!datum_keep(&c->arena, d, &copy))
		return sql_error_no_memory(err);
	*d = copy;
	return true;
}

/* pg_generate_series(from, to[, step]) of integers */
static bool series_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	int64_t step = n > 2 ? sqlite3_value_int64(argv[2]) : 1;

	if (n < 2 || func_any_null(n, argv)) {
		c->done = true;
		return true;
	}
	if (step == 0)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "step size cannot equal zero");
	datum_set_int(&c->row[0], sqlite3_value_int64(argv[0]));
	datum_set_int(&c->state[0], sqlite3_value_int64(argv[1]));
	datum_set_int(&c->state[1], step);
	c->done = step > 0 ? c->row[0].i > c->state[0].i : c->row[0].i < c->state[0].i;
	return true;
}

static bool series_next(struct set_cursor *c, struct sql_error *err)
{
	int64_t step = c->state[1].i;

	(void)err;
	if (__builtin_add_overflow(c->row[0].i, step, &c->row[0].i))
		c->done = true;
	else
		c->done = step > 0 ? c->row[0].i > c->state[0].i : c->row[0].i < c->state[0].i;
	return true;
}

static bool keep_numeric(struct set_cursor *c, const struct numeric *v, struct datum *out,
			 struct sql_error *err)
{
	struct buf b = BUF_INIT(1 << 20);

	numeric_encode(&b, v);
	datum_set_text(out, b.data, b.len);
	bool ok = b.failed ? sql_error_no_memory(err) : set_keep(c, out, err);
	buf_free(&b);
	return ok;
}

static bool numeric_series_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct numeric v[3];
	bool ok = true;

	if (n < 2 || func_any_null(n, argv)) {
		c->done = true;
		return true;
	}
	numeric_from_int(&v[2], 1);
	for (int i = 0; i < n && i < 3; i++) {
		struct datum d = func_datum(argv[i]);
		static const char *const names[] = { "start", "stop", "step size" };

		if (!numeric_from_datum(&v[i], &d))
			numeric_from_int(&v[i], 0);
		if (ok && v[i].kind != NUMERIC_FINITE)
			ok = sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "%s%s cannot be %s", names[i],
					   i < 2 ? " value" : "", v[i].kind == NUMERIC_NAN ? "NaN" : "infinity");
	}
	if (ok && numeric_sign(&v[2]) == 0)
		ok = sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "step size cannot equal zero");
	if (ok)
		ok = keep_numeric(c, &v[0], &c->row[0], err) && keep_numeric(c, &v[1], &c->state[0], err) &&
		     keep_numeric(c, &v[2], &c->state[1], err);
	if (ok)
		c->done = numeric_compare(&v[0], &v[1]) * numeric_sign(&v[2]) > 0;
	for (int i = 0; i < 3; i++)
		if (i < n || i == 2)
			numeric_free(&v[i]);
	return ok;
}

static bool numeric_series_next(struct set_cursor *c, struct sql_error *err)
{
	struct numeric v, stop, step, sum;
	bool ok;

	if (!numeric_from_datum(&v, &c->row[0]) || !numeric_from_datum(&stop, &c->state[0]) ||
	    !numeric_from_datum(&step, &c->state[1]))
		return sql_error_no_memory(err);
	numeric_add(&sum, &v, &step);
	c->done = numeric_compare(&sum, &stop) * numeric_sign(&step) > 0;
	ok = keep_numeric(c, &sum, &c->row[0], err);
	numeric_free(&v);
	numeric_free(&stop);
	numeric_free(&step);
	numeric_free(&sum);
	return ok;
}

/* The elements of the array argv[0] as a list with n_columns values a row; false for NULL too. */
static bool array_argument(struct set_cursor *c, sqlite3_value *v, struct array *a, struct sql_error *err)
{
	struct datum d = func_datum(v), copy;

	*a = (struct array){ 0 };
	if (d.kind == DATUM_NULL)
		return true;
	if (!datum_keep(&c->arena, &d, &copy))
		return sql_error_no_memory(err);
	if (!array_decode(&copy, &c->arena, a))
		return sql_error_set(err, ERRCODE_DATA_CORRUPTED,
				     "the database holds a value that is not an array");
	return true;
}

static bool unnest_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;

	if (n < 1 || !array_argument(c, argv[0], &a, err))
		return n < 1;
	c->list = a.elements;
	c->n_list = a.n;
	return true;
}

/* pg_unnest2(a, b), pg_unnest3, ...: side by side, filled up with NULL */
static bool unnest_many(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a[4];
	size_t rows = 0;

	for (int i = 0; i < n; i++) {
		if (!array_argument(c, argv[i], &a[i], err))
			return false;
		if (a[i].n > rows)
			rows = a[i].n;
	}
	struct datum *list = set_rows(c, rows, n, err);
	if (list == NULL)
		return false;
	for (size_t r = 0; r < rows; r++)
		for (int i = 0; i < n; i++) {
			if (r < a[i].n)
				*list++ = a[i].elements[r];
			else
				datum_set_null(list++);
		}
	return true;
}

static bool expand_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;

	if (n < 1 || !array_argument(c, argv[0], &a, err))
		return n < 1;
	struct datum *list = set_rows(c, a.n, 2, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		*list++ = a.elements[i];
		datum_set_int(list++, (int64_t)i + 1);
	}
	return true;
}

/* pg_generate_subscripts(array, dimension[, reverse]) */
static bool subscripts_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;

	if (n < 2 || func_any_null(n, argv))
		return true;
	if (!array_argument(c, argv[0], &a, err))
		return false;
	int64_t dim = sqlite3_value_int64(argv[1]) - 1;
	if (dim < 0 || dim >= a.n_dims)
		return true;
	bool reverse = n > 2 && sqlite3_value_int(argv[2]) != 0;
	struct datum *list = set_rows(c, (size_t)a.dims[dim], 1, err);
	if (list == NULL)
		return false;
	for (int32_t i = 0; i < a.dims[dim]; i++)
		datum_set_int(&list[i], a.lower[dim] + (reverse ? a.dims[dim] - 1 - i : i));
	return true;
}

static bool string_to_table_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct array a;
	struct func_text part[3] = { { 0 } };

	if (n < 2 || func_null(argv[0]))
		return true;
	for (int i = 0; i < n && i < 3; i++) {
		struct func_text t = func_text(argv[i]);

		part[i].data = arena_memdup(&c->arena, t.data, t.len);
		part[i].len = t.len;
		if (part[i].data == NULL)
			return sql_error_no_memory(err);
	}
	if (!split_text(&c->arena, part[0], func_null(argv[1]) ? NULL : &part[1],
			n > 2 && !func_null(argv[2]) ? &part[2] : NULL, &a))
		return sql_error_no_memory(err);
	c->list = a.elements;
	c->n_list = a.n;
	return true;
}

static struct func_text keep_text(struct set_cursor *c, sqlite3_value *v)
{
	struct func_text t = func_text(v);

	t.data = arena_memdup(&c->arena, t.data, t.len);
	if (t.data == NULL)
		t = (struct func_text){ "", 0 };
	return t;
}

static bool regexp_matches_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct regexp_match *m;
	size_t count;

	if (n < 2 || func_any_null(n, argv))
		return true;
	struct func_text flags = n > 2 ? func_text(argv[2]) : (struct func_text){ "", 0 };
	if (!regexp_all(c->conn->func_state, &c->arena, keep_text(c, argv[0]), func_text(argv[1]), flags, false,
			&m, &count, err))
		return false;
	struct datum *list = set_rows(c, count, 1, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct buf b = BUF_INIT(1 << 30);
		struct array a = { 0 };

		array_set_list(&a, (struct datum *)(uintptr_t)(m[i].groups + (m[i].n_groups > 0)),
			       m[i].n_groups > 0 ? m[i].n_groups : 1);
		array_encode(&b, &a);
		datum_set_text(&list[i], b.data, b.len);
		bool ok = b.failed ? sql_error_no_memory(err) : set_keep(c, &list[i], err);
		buf_free(&b);
		if (!ok)
			return false;
	}
	return true;
}

static bool regexp_split_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct regexp_match *m;
	size_t count, at = 0, kept = 0;

	if (n < 2 || func_any_null(n, argv))
		return true;
	struct func_text flags = n > 2 ? func_text(argv[2]) : (struct func_text){ "", 0 };
	struct func_text t = keep_text(c, argv[0]);
	if (memchr(flags.data, 'g', flags.len) != NULL)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "regexp_split_to_table() does not support the \"global\" option");
	if (!regexp_all(c->conn->func_state, &c->arena, t, func_text(argv[1]), flags, true, &m, &count, err))
		return false;
	struct datum *list = set_rows(c, count + 1, 1, err);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (m[i].start == m[i].end && (m[i].start == at || m[i].start >= t.len))
			continue;
		datum_set_text(&list[kept++], t.data + at, m[i].start - at);
		at = m[i].end;
	}
	datum_set_text(&list[kept++], t.data + at, t.len - at);
	c->n_list = kept;
	return true;
}

const struct set_function basic_sets[] = {
	{ "pg_generate_series", 1, 3, series_start, series_next },
	{ "pg_generate_series_numeric", 1, 3, numeric_series_start, numeric_series_next },
	{ "pg_unnest", 1, 1, unnest_start, NULL },
	{ "pg_unnest2", 2, 2, unnest_many, NULL },
	{ "pg_unnest3", 3, 3, unnest_many, NULL },
	{ "pg_unnest4", 4, 4, unnest_many, NULL },
	{ "pg_expandarray", 2, 1, expand_start, NULL },
	{ "pg_generate_subscripts", 1, 3, subscripts_start, NULL },
	{ "pg_string_to_table", 1, 3, string_to_table_start, NULL },
	{ "pg_regexp_matches", 1, 3, regexp_matches_start, NULL },
	{ "pg_regexp_split_to_table", 1, 3, regexp_split_start, NULL },
	{ 0 },
};

bool basic_sets_register(struct sql_conn *conn)
{
	return set_register(conn, basic_sets);
}

const struct func_impl set_impls[] = {
	{ 1067, "generate_series(integer,integer)", FUNC_SET, "pg_generate_series($1, $2)", FUNC_CHECKED },
	{ 1066, "generate_series(integer,integer,integer)", FUNC_SET,
	  "pg_generate_series($1, $2, $3)", FUNC_CHECKED },
	{ 1069, "generate_series(bigint,bigint)", FUNC_SET, "pg_generate_series($1, $2)", FUNC_CHECKED },
	{ 1068, "generate_series(bigint,bigint,bigint)", FUNC_SET,
	  "pg_generate_series($1, $2, $3)", FUNC_CHECKED },
	{ 3260, "generate_series(numeric,numeric)", FUNC_SET,
	  "pg_generate_series_numeric($1, $2)", FUNC_CHECKED },
	{ 3259, "generate_series(numeric,numeric,numeric)", FUNC_SET,
	  "pg_generate_series_numeric($1, $2, $3)", FUNC_CHECKED },
	{ 2331, "unnest(anyarray)", FUNC_SET, "pg_unnest($1)", 0 },
	{ 1192, "generate_subscripts(anyarray,integer)", FUNC_SET,
	  "pg_generate_subscripts($1, $2)", 0 },
	{ 1191, "generate_subscripts(anyarray,integer,boolean)", FUNC_SET,
	  "pg_generate_subscripts($1, $2, $3)", 0 },
	{ 6160, "string_to_table(text,text)", FUNC_SET, "pg_string_to_table($1, $2)", 0 },
	{ 6161, "string_to_table(text,text,text)", FUNC_SET,
	  "pg_string_to_table($1, $2, $3)", 0 },
	{ 2763, "regexp_matches(text,text)", FUNC_SET, "pg_regexp_matches($1, $2)", FUNC_CHECKED },
	{ 2764, "regexp_matches(text,text,text)", FUNC_SET, "pg_regexp_matches($1, $2, $3)", FUNC_CHECKED },
	{ 2765, "regexp_split_to_table(text,text)", FUNC_SET,
	  "pg_regexp_split_to_table($1, $2)", FUNC_CHECKED },
	{ 2766, "regexp_split_to_table(text,text,text)", FUNC_SET,
	  "pg_regexp_split_to_table($1, $2, $3)", FUNC_CHECKED },
	/* information_schema._pg_expandarray() has no fixed OID: see catalog/ */
	{ 0 },
};
