/*
 * json.c - functions of json and jsonb, records
 *
 * The first argument of most is 'j' for json, whose parts keep the text they came as, or
 * 'b' for jsonb.
 *
 * Records are described in type/record.c.
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/json.h"

#include <stdlib.h>

#include "sql/func/set.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/type/datetime.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"
#include "sql/type/key.h"

static char mode_of(sqlite3_value *v)
{
	return *func_text(v).data;
}

/* Read a json or jsonb value; false after an error, which err has. */
static bool tree_of(struct arena *arena, char mode, const struct datum *d, struct json *j,
		    struct sql_error *err)
{
	if (mode == 'b')
		return jsonb_decode(arena, d, j, err);
	if (d->kind != DATUM_TEXT)
		return type_corrupt(JSONOID, err);
	return json_parse(arena, d->data, d->len, j, err);
}

static bool get_tree(sqlite3_context *ctx, char mode, sqlite3_value *v, struct arena *arena, struct json *j)
{
	struct datum d = func_datum(v);

	if (tree_of(arena, mode, &d, j, &func_conn(ctx)->err))
		return true;
	sql_conn_fail(func_conn(ctx), ctx);
	return false;
}

static void put_source(struct buf *out, const struct json *j)
{
	if (j->source != NULL)
		buf_put(out, j->source, j->source_len);
	else
		json_put(out, j);
}

/* The tree as a value of the mode's type. */
static void result_tree(sqlite3_context *ctx, char mode, struct arena *arena, const struct json *j)
{
	struct buf *b = func_buf(func_conn(ctx));
	struct json copy = *j;

	if (mode == 'j') {
		put_source(b, j);
	} else if (!jsonb_encode(arena, &copy, b, &func_conn(ctx)->err)) {
		sql_conn_fail(func_conn(ctx), ctx);
		return;
	}
	func_result_buf(ctx, b);
}

/* As text: a string without its quotes, NULL for null. */
static void result_text(sqlite3_context *ctx, char mode, const struct json *j)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (j->kind == JSON_NULL)
		return;
	if (j->kind == JSON_STRING) {
		func_result_text(ctx, j->text, j->len);
		return;
	}
	if (mode == 'j')
		put_source(b, j);
	else
		json_put(b, j);
	func_result_buf(ctx, b);
}

static const struct json *element(const struct json *j, int64_t index)
{
	if (j->kind != JSON_ARRAY)
		return NULL;
	if (index < 0)
		index += (int64_t)j->n;
	return index < 0 || index >= (int64_t)j->n ? NULL : &j->items[index];
}

/* An int4; white space may stand before it. */
static bool parse_index(const char *p, size_t len, int64_t *out)
{
	bool negative = false;
	size_t i = 0;

	while (len > 0 && type_is_space(*p)) {
		p++;
		len--;
	}
	if (len > 0 && (*p == '-' || *p == '+'))
		negative = p[i++] == '-';
	if (i == len)
		return false;
	for (*out = 0; i < len; i++) {
		if (!type_is_digit(p[i]) || *out > INT32_MAX)
			return false;
		*out = *out * 10 + (p[i] - '0');
	}
	if (negative)
		*out = -*out;
	return *out == (int32_t)*out;
}

/* pg_json_get(mode, value, name or index, as text) */
static void fn_get(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	const struct json *part;
	struct json j;

	if (func_any_null(n, argv) || !get_tree(ctx, mode_of(argv[0]), argv[1], arena, &j))
		return;
	if (sqlite3_value_type(argv[2]) == SQLITE_INTEGER) {
		struct json one = { .kind = JSON_ARRAY, .items = &j, .n = 1 };
		bool scalar = j.kind != JSON_ARRAY && j.kind != JSON_OBJECT;

		/* a jsonb that is a scalar counts as an array of one here */
		part = element(scalar && mode_of(argv[0]) == 'b' ? &one : &j, sqlite3_value_int64(argv[2]));
	} else {
		struct func_text name = func_text(argv[2]);

		part = json_member(&j, name.data, name.len);
	}
	if (part == NULL)
		return;
	if (sqlite3_value_int(argv[3]) != 0)
		result_text(ctx, mode_of(argv[0]), part);
	else
		result_tree(ctx, mode_of(argv[0]), arena, part);
}

/* pg_json_path(mode, value, text[], as text); the array may be several texts */
static void fn_path(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	const struct json *at;
	struct array path;
	struct json j;
	int64_t index;

	if (func_any_null(n, argv) || !get_tree(ctx, mode_of(argv[0]), argv[1], arena, &j) ||
	    !func_array(ctx, argv[2], arena, &path))
		return;
	at = &j;
	for (size_t i = 0; i < path.n; i++) {
		const struct datum *step = &path.elements[i];

		if (step->kind != DATUM_TEXT)
			return;
		if (at->kind == JSON_ARRAY)
			at = parse_index(step->data, step->len, &index) ? element(at, index) : NULL;
		else
			at = json_member(at, step->data, step->len);
		if (at == NULL)
			return;
	}
	if (sqlite3_value_int(argv[3]) != 0)
		result_text(ctx, mode_of(argv[0]), at);
	else
		result_tree(ctx, mode_of(argv[0]), arena, at);
}

/* Only what is outermost counts: of a json nothing is made. */
static bool get_outermost(sqlite3_context *ctx, sqlite3_value **argv, struct json *j)
{
	struct func_text t = func_text(argv[1]);

	if (func_any_null(2, argv))
		return false;
	if (mode_of(argv[0]) == 'b')
		return get_tree(ctx, 'b', argv[1], func_arena(func_conn(ctx)), j);
	if (json_check(t.data, t.len, j, &func_conn(ctx)->err))
		return true;
	sql_conn_fail(func_conn(ctx), ctx);
	return false;
}

static void fn_typeof(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char *const names[] = { "null", "string", "number", "boolean", "boolean", "array", "object" };
	struct json j;

	(void)n;
	if (!get_outermost(ctx, argv, &j))
		return;
	func_result_text(ctx, names[j.kind], strlen(names[j.kind]));
}

static void fn_array_length(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct json j;

	(void)n;
	if (!get_outermost(ctx, argv, &j))
		return;
	if (j.kind == JSON_ARRAY)
		sqlite3_result_int64(ctx, (int64_t)j.n);
	else
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "cannot get array length of %s",
			  j.kind == JSON_OBJECT ? "a non-array" : "a scalar");
}

static void fn_pretty(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct buf *b = func_buf(func_conn(ctx));
	struct json j;

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], arena, &j))
		return;
	json_put_pretty(b, &j, 0);
	func_result_buf(ctx, b);
}

static void strip(struct json *j)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (j->kind == JSON_OBJECT && j->items[i].kind == JSON_NULL)
			continue;
		strip(&j->items[i]);
		if (j->kind == JSON_OBJECT)
			j->names[kept] = j->names[i];
		j->items[kept++] = j->items[i];
	}
	j->n = kept;
}

/* As json prints what it makes: nothing between. */
static void put_compact(struct buf *out, const struct json *j)
{
	if (j->kind != JSON_ARRAY && j->kind != JSON_OBJECT) {
		json_put(out, j);
		return;
	}
	buf_put_byte(out, j->kind == JSON_ARRAY ? '[' : '{');
	for (size_t i = 0; i < j->n; i++) {
		if (i > 0)
			buf_put_byte(out, ',');
		if (j->kind == JSON_OBJECT) {
			json_put_string(out, j->names[i].text, j->names[i].len);
			buf_put_byte(out, ':');
		}
		put_compact(out, &j->items[i]);
	}
	buf_put_byte(out, j->kind == JSON_ARRAY ? ']' : '}');
}

static void fn_strip_nulls(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct json j;

	if (func_any_null(n, argv) || !get_tree(ctx, mode_of(argv[0]), argv[1], arena, &j))
		return;
	strip(&j);
	if (mode_of(argv[0]) == 'b') {
		result_tree(ctx, 'b', arena, &j);
		return;
	}
	struct buf *b = func_buf(func_conn(ctx));
	put_compact(b, &j);
	func_result_buf(ctx, b);
}

/* Does a contain b?  An array at the top contains a scalar too. */
static bool contains(const struct json *a, const struct json *b, bool top)
{
	if (b->kind == JSON_OBJECT) {
		if (a->kind != JSON_OBJECT)
			return false;
		for (size_t i = 0; i < b->n; i++) {
			const struct json *v = json_member(a, b->names[i].text, b->names[i].len);

			if (v == NULL || !contains(v, &b->items[i], false))
				return false;
		}
		return true;
	}
	if (b->kind == JSON_ARRAY) {
		if (a->kind != JSON_ARRAY)
			return false;
		for (size_t i = 0; i < b->n; i++) {
			bool hit = false;

			for (size_t k = 0; !hit && k < a->n; k++)
				hit = contains(&a->items[k], &b->items[i], false);
			if (!hit)
				return false;
		}
		return true;
	}
	if (a->kind == JSON_ARRAY && top) {
		for (size_t k = 0; k < a->n; k++)
			if (json_equal(&a->items[k], b))
				return true;
		return false;
	}
	return json_equal(a, b);
}

static void fn_contains(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct json a, b;

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], arena, &a) ||
	    !get_tree(ctx, 'b', argv[1], arena, &b))
		return;
	func_result_bool(ctx, contains(&a, &b, true));
}

static bool exists(const struct json *j, const char *p, size_t len)
{
	if (j->kind == JSON_OBJECT)
		return json_member(j, p, len) != NULL;
	if (j->kind == JSON_STRING)
		return j->len == len && memcmp(j->text, p, len) == 0;
	for (size_t i = 0; j->kind == JSON_ARRAY && i < j->n; i++)
		if (j->items[i].kind == JSON_STRING && j->items[i].len == len &&
		    memcmp(j->items[i].text, p, len) == 0)
			return true;
	return false;
}

/* pg_jsonb_exists(value, name, 0), (value, names, 1: any, 2: all) */
static void fn_exists(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	int how = sqlite3_value_int(argv[2]);
	struct array names;
	struct json j;

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], arena, &j))
		return;
	if (how == 0) {
		struct func_text t = func_text(argv[1]);

		func_result_bool(ctx, exists(&j, t.data, t.len));
		return;
	}
	if (!func_array(ctx, argv[1], arena, &names))
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (names.elements[i].kind != DATUM_TEXT)
			continue;
		if (exists(&j, names.elements[i].data, names.elements[i].len) == (how == 1)) {
			func_result_bool(ctx, how == 1);
			return;
		}
	}
	func_result_bool(ctx, how == 2);
}

static bool grow(struct arena *arena, struct json *j, size_t more)
{
	struct json *items = arena_alloc(arena, (j->n + more) * sizeof(*items));
	struct json *names = arena_calloc(arena, j->n + more, sizeof(*names));

	if (items == NULL || names == NULL)
		return false;
	if (j->n > 0) {
		memcpy(items, j->items, j->n * sizeof(*items));
		if (j->names != NULL)
			memcpy(names, j->names, j->n * sizeof(*names));
	}
	j->items = items;
	j->names = names;
	return true;
}

static void fn_concat(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct json v[2];

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], arena, &v[0]) ||
	    !get_tree(ctx, 'b', argv[1], arena, &v[1]))
		return;
	if (v[0].kind != JSON_OBJECT || v[1].kind != JSON_OBJECT) {
		/* what is no array is taken for one of one element */
		for (int i = 0; i < 2; i++)
			if (v[i].kind != JSON_ARRAY) {
				struct json *one = arena_memdup(arena, &v[i], sizeof(v[i]));

				v[i] = (struct json){ .kind = JSON_ARRAY, .items = one, .n = 1 };
			}
	}
	if (!grow(arena, &v[0], v[1].n)) {
		func_no_memory(ctx);
		return;
	}
	for (size_t i = 0; i < v[1].n; i++) {
		v[0].items[v[0].n] = v[1].items[i];
		if (v[0].kind == JSON_OBJECT)
			v[0].names[v[0].n] = v[1].names[i];
		v[0].n++;
	}
	result_tree(ctx, 'b', arena, &v[0]);
}

static void remove_at(struct json *j, size_t at)
{
	memmove(j->items + at, j->items + at + 1, (j->n - at - 1) * sizeof(*j->items));
	if (j->kind == JSON_OBJECT)
		memmove(j->names + at, j->names + at + 1, (j->n - at - 1) * sizeof(*j->names));
	j->n--;
}

static void remove_name(struct json *j, const char *p, size_t len)
{
	for (size_t i = j->n; i-- > 0;) {
		const struct json *s = j->kind == JSON_OBJECT ? &j->names[i] : &j->items[i];

		if (s->kind == JSON_STRING && s->len == len && memcmp(s->text, p, len) == 0)
			remove_at(j, i);
	}
}

/* jsonb - text, - text[], - integer */
static void fn_delete(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	bool is_array = sqlite3_value_int(argv[2]) != 0;
	struct array names;
	struct json j;

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], arena, &j))
		return;
	if (j.kind != JSON_OBJECT && j.kind != JSON_ARRAY) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "cannot delete from scalar");
		return;
	}
	if (sqlite3_value_type(argv[1]) == SQLITE_INTEGER) {
		int64_t at = sqlite3_value_int64(argv[1]);

		if (j.kind == JSON_OBJECT) {
			func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
				  "cannot delete from object using integer index");
			return;
		}
		if (at < 0)
			at += (int64_t)j.n;
		if (at >= 0 && at < (int64_t)j.n)
			remove_at(&j, (size_t)at);
	} else if (is_array) {
		if (!func_array(ctx, argv[1], arena, &names))
			return;
		if (names.n_dims > 1) {
			func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT, "wrong number of array subscripts");
			return;
		}
		for (size_t i = 0; i < names.n; i++)
			if (names.elements[i].kind == DATUM_TEXT)
				remove_name(&j, names.elements[i].data, names.elements[i].len);
	} else {
		struct func_text t = func_text(argv[1]);

		remove_name(&j, t.data, t.len);
	}
	result_tree(ctx, 'b', arena, &j);
}

enum set_mode { SET_REPLACE = 1, SET_CREATE = 2, SET_INSERT = 4, SET_AFTER = 8, SET_DELETE = 16 };

/* Change what the path names; false after an error that was reported. */
static bool change(sqlite3_context *ctx, struct arena *arena, struct json *j, const struct array *path,
		   size_t level, const struct json *value, unsigned how)
{
	const struct datum *step = &path->elements[level];
	bool last = level + 1 == path->n;

	if (step->kind != DATUM_TEXT) {
		func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "path element at position %zu is null", level + 1);
		return false;
	}
	if (j->kind == JSON_OBJECT) {
		size_t i = 0;

		while (i < j->n && !(j->names[i].len == step->len && memcmp(j->names[i].text, step->data, step->len) == 0))
			i++;
		if (i < j->n) {
			if (!last)
				return change(ctx, arena, &j->items[i], path, level + 1, value, how);
			if ((how & SET_DELETE) != 0) {
				remove_at(j, i);
			} else if ((how & SET_INSERT) != 0) {
				sql_error_set(&func_conn(ctx)->err, ERRCODE_INVALID_PARAMETER_VALUE,
					      "cannot replace existing key");
				sql_error_hint(&func_conn(ctx)->err,
					       "Try using the function jsonb_set to replace key value.");
				sql_conn_fail(func_conn(ctx), ctx);
				return false;
			} else {
				j->items[i] = *value;
			}
			return true;
		}
		if (last && (how & (SET_CREATE | SET_INSERT)) != 0) {
			if (!grow(arena, j, 1)) {
				func_no_memory(ctx);
				return false;
			}
			j->names[j->n] = (struct json){ .kind = JSON_STRING, .text = step->data, .len = step->len };
			j->items[j->n++] = *value;
		}
		return true;
	}
	if (j->kind == JSON_ARRAY) {
		int64_t at;

		if (!parse_index(step->data, step->len, &at)) {
			func_fail(ctx, ERRCODE_INVALID_TEXT,
				  "path element at position %zu is not an integer: \"%.*s\"", level + 1,
				  (int)step->len, step->data);
			return false;
		}
		bool before = at < 0 && at + (int64_t)j->n < 0;
		if (at < 0)
			at = before ? -1 : at + (int64_t)j->n;
		bool inside = at >= 0 && at < (int64_t)j->n;
		if (!last)
			return inside ? change(ctx, arena, &j->items[at], path, level + 1, value, how) : true;
		if ((how & SET_DELETE) != 0) {
			if (inside)
				remove_at(j, (size_t)at);
			return true;
		}
		if (inside && (how & SET_INSERT) == 0) {
			j->items[at] = *value;
			return true;
		}
		if ((how & (SET_CREATE | SET_INSERT)) == 0)
			return true;
		if (!grow(arena, j, 1)) {
			func_no_memory(ctx);
			return false;
		}
		size_t to = before ? 0 : inside ? (size_t)at + ((how & SET_AFTER) != 0) : j->n;
		memmove(j->items + to + 1, j->items + to, (j->n - to) * sizeof(*j->items));
		j->items[to] = *value;
		j->n++;
		return true;
	}
	return true;
}

/* argv: the document and the path.  The call's arena, which the value may be in, goes on. */
static void change_document(sqlite3_context *ctx, sqlite3_value **argv, const struct json *value, unsigned how)
{
	struct arena *arena = &func_conn(ctx)->func_state->arena;
	struct array path;
	struct json j;

	if (!get_tree(ctx, 'b', argv[0], arena, &j) || !func_array(ctx, argv[1], arena, &path))
		return;
	if (path.n_dims > 1) {
		func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT, "wrong number of array subscripts");
		return;
	}
	if (j.kind != JSON_OBJECT && j.kind != JSON_ARRAY) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  (how & SET_DELETE) != 0 ? "cannot delete path in scalar" : "cannot set path in scalar");
		return;
	}
	/* nothing can be found in an empty document */
	if (path.n == 0 || (j.n == 0 && (how & (SET_CREATE | SET_INSERT)) == 0) ||
	    change(ctx, arena, &j, &path, 0, value, how))
		result_tree(ctx, 'b', arena, &j);
}

/* pg_jsonb_change(value, path, new, how) */
static void fn_change(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct json value = { 0 };

	if (func_any_null(n, argv))
		return;
	unsigned how = (unsigned)sqlite3_value_int(argv[3]);
	if ((how & SET_DELETE) != 0 || get_tree(ctx, 'b', argv[2], arena, &value))
		change_document(ctx, argv, &value, how);
}

/* pg_jsonb_set_lax(value, path, new, how, what to do with NULL) */
static void fn_set_lax(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char *const words[] = { "raise_exception", "return_target", "delete_key", "use_json_null" };
	struct sql_conn *conn = func_conn(ctx);
	size_t word = 0;

	(void)n;
	if (func_null(argv[0]) || func_null(argv[1]) || func_null(argv[3]))
		return;
	struct func_text t = func_text(argv[4]);
	while (word < ARRAY_LEN(words) && (t.len != strlen(words[word]) || memcmp(t.data, words[word], t.len) != 0))
		word++;
	if (func_null(argv[4]) || (func_null(argv[2]) && word == ARRAY_LEN(words))) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", "
			  "or \"raise_exception\"");
		return;
	}
	if (!func_null(argv[2])) {
		fn_change(ctx, 4, argv);
		return;
	}
	struct json null = { .kind = JSON_NULL };
	(void)func_arena(conn);
	switch (word) {
	case 0:
		func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "JSON value must not be null");
		sql_error_detail(&conn->err,
				 "Exception was raised because null_value_treatment is \"raise_exception\".");
		sql_error_hint(&conn->err, "To avoid, either change the null_value_treatment argument or ensure that "
					   "an SQL NULL is not passed.");
		return;
	case 1:
		sqlite3_result_value(ctx, argv[0]);
		return;
	case 2:
		change_document(ctx, argv, &null, SET_DELETE);
		return;
	default:
		change_document(ctx, argv, &null, (unsigned)sqlite3_value_int(argv[3]));
		return;
	}
}

/* A value of any type as JSON text. */
static bool put_value_lines(struct type_context *tc, oid_t type, const struct datum *d, bool lines,
			    struct buf *out, struct sql_error *err);
static bool put_value(struct type_context *tc, oid_t type, const struct datum *d, struct buf *out,
		      struct sql_error *err);

static bool put_array(struct type_context *tc, oid_t elem, const struct array *a, int dim, size_t *at,
		      bool lines, struct buf *out, struct sql_error *err)
{
	buf_put_byte(out, '[');
	for (int32_t i = 0; i < a->dims[dim]; i++) {
		if (i > 0)
			buf_put(out, ",\n ", lines ? 3 : 1);
		if (dim + 1 < a->n_dims) {
			if (!put_array(tc, elem, a, dim + 1, at, false, out, err))
				return false;
		} else if (!put_value(tc, elem, &a->elements[(*at)++], out, err)) {
			return false;
		}
	}
	buf_put_byte(out, ']');
	return true;
}

static bool put_value(struct type_context *tc, oid_t type, const struct datum *d, struct buf *out,
		      struct sql_error *err)
{
	return put_value_lines(tc, type, d, false, out, err);
}

/* lines: the items of an array or a record each in a line of its own */
static bool put_value_lines(struct type_context *tc, oid_t type, const struct datum *d, bool lines,
			    struct buf *out, struct sql_error *err)
{
	struct buf text = BUF_INIT(1 << 30);
	oid_t elem = type == RECORDOID ? 0 : pgcat_element_type(type);
	struct array a;
	size_t at = 0;
	bool ok;

	if (d->kind == DATUM_NULL) {
		buf_put(out, "null", 4);
		return true;
	}
	if (type == BOOLOID) {
		buf_put_str(out, d->i != 0 ? "true" : "false");
		return true;
	}
	if (type == RECORDOID || elem != 0) {
		if (!array_decode(d, tc->arena, &a))
			return type_corrupt(type, err);
		if (elem != 0) {
			if (a.n_dims == 0) {
				buf_put(out, "[]", 2);
				return true;
			}
			return put_array(tc, elem, &a, 0, &at, lines, out, err);
		}
		buf_put_byte(out, '{');
		struct json names = { 0 };
		struct key_parts parts;
		if (a.n % 2 == 1 && a.elements[a.n - 1].kind == DATUM_TEXT &&
		    key_split(a.elements[a.n - 1].data, a.elements[a.n - 1].len, &parts) && parts.payload_len > 0 &&
		    !json_parse(tc->arena, parts.payload, parts.payload_len, &names, err))
			return false;
		for (size_t i = 0; i + 1 < a.n; i += 2) {
			buf_put(out, ",\n ", i == 0 ? 0 : lines ? 3 : 1);
			if (i / 2 < names.n)
				json_put_string(out, names.items[i / 2].text, names.items[i / 2].len);
			else
				buf_printf(out, "\"f%zu\"", i / 2 + 1);
			buf_put_byte(out, ':');
			if (!put_value(tc, (oid_t)a.elements[i].i, &a.elements[i + 1], out, err))
				return false;
		}
		buf_put_byte(out, '}');
		return true;
	}
	ok = type_out(tc, type, d, &text, err);
	if (ok) {
		const char *p = text.len > 0 ? text.data : "";

		switch (type) {
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			/* NaN and the infinities are no numbers of JSON */
			if (text.len > 0 && !type_is_digit(p[text.len - 1]))
				json_put_string(out, p, text.len);
			else
				buf_put(out, p, text.len);
			break;
		case JSONOID:
		case JSONBOID:
			buf_put(out, p, text.len);
			break;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID: {
			struct sql_env iso = *tc->env;
			struct buf b = BUF_INIT(256);

			iso.date_style = DATE_STYLE_ISO;
			if (type == DATEOID)
				date_put(&b, d->i, &iso);
			else
				timestamp_put(&b, d->i, &iso, type == TIMESTAMPTZOID);
			char *blank = b.len > 0 ? memchr(b.data, ' ', b.len) : NULL;
			if (blank != NULL && type != DATEOID)
				*blank = 'T';
			/* always hours and minutes of the offset */
			bool bc = b.len > 3 && memcmp(b.data + b.len - 3, " BC", 3) == 0;
			b.len -= bc ? 3 : 0;
			if (type == TIMESTAMPTZOID && b.len > 3 && timestamp_is_finite(d->i) &&
			    (b.data[b.len - 3] == '+' || b.data[b.len - 3] == '-'))
				buf_put(&b, ":00", 3);
			buf_put(&b, " BC", bc ? 3 : 0);
			json_put_string(out, b.len > 0 ? b.data : "", b.len);
			buf_free(&b);
			break;
		}
		default:
			json_put_string(out, p, text.len);
			break;
		}
	}
	buf_free(&text);
	return ok;
}

/* JSON text to the result of a mode. */
static void result_json(sqlite3_context *ctx, char mode, struct buf *text)
{
	struct sql_conn *conn = func_conn(ctx);
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct buf b = BUF_INIT(1 << 30);
	struct json j;

	if (mode == 'j' || text->failed)
		func_result_buf(ctx, text);
	else if (json_parse(&arena, text->len > 0 ? text->data : "", text->len, &j, &conn->err) &&
		 jsonb_encode(&arena, &j, &b, &conn->err))
		func_result_buf(ctx, &b);
	else
		sql_conn_fail(conn, ctx);
	buf_free(&b);
	arena_free(&arena);
}

/* pg_to_json(mode, value, type[, in lines]) */
static void fn_to_json(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	if (func_null(argv[1]) || (n > 3 && func_null(argv[3])))
		return;
	struct datum d = func_datum(argv[1]);
	bool lines = n > 3 && sqlite3_value_int(argv[3]) != 0;
	if (put_value_lines(&tc, (oid_t)sqlite3_value_int64(argv[2]), &d, lines, b, &conn->err))
		result_json(ctx, mode_of(argv[0]), b);
	else
		sql_conn_fail(conn, ctx);
}

/* pg_json_build_array(mode, value, type, ...) */
static void fn_build_array(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	buf_put_byte(b, '[');
	for (int i = 1; i + 1 < n; i += 2) {
		struct datum d = func_datum(argv[i]);

		if (i > 1)
			buf_put(b, ", ", 2);
		if (!put_value(&tc, (oid_t)sqlite3_value_int64(argv[i + 1]), &d, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	buf_put_byte(b, ']');
	result_json(ctx, mode_of(argv[0]), b);
}

/* A name: what the value is as JSON, in quotes. */
static bool put_name(struct type_context *tc, oid_t type, const struct datum *d, struct buf *out,
		     struct sql_error *err)
{
	if (type == JSONOID || type == JSONBOID || type == RECORDOID || pgcat_element_type(type) != 0)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "key value must be scalar, not array, composite, or json");
	size_t start = out->len;
	if (!put_value(tc, type, d, out, err))
		return false;
	if (out->failed || out->data[start] == '"')
		return true;
	/* numbers and booleans need no escapes */
	buf_put(out, "\"\"", 2);
	if (!out->failed) {
		memmove(out->data + start + 1, out->data + start, out->len - start - 2);
		out->data[start] = '"';
		out->data[out->len - 1] = '"';
	}
	return true;
}

/* pg_json_build_object(mode, name, type, value, type, ...) */
static void fn_build_object(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	if ((n - 1) % 4 != 0) {
		sql_error_set(&conn->err, ERRCODE_INVALID_PARAMETER_VALUE,
			      "argument list must have even number of elements");
		sql_error_hint(&conn->err,
			       "The arguments of %s() must consist of alternating keys and values.",
			       mode_of(argv[0]) == 'b' ? "jsonb_build_object" : "json_build_object");
		sql_conn_fail(conn, ctx);
		return;
	}
	buf_put_byte(b, '{');
	for (int i = 1; i + 3 < n; i += 4) {
		struct datum name = func_datum(argv[i]), value = func_datum(argv[i + 2]);

		if (name.kind == DATUM_NULL) {
			if (mode_of(argv[0]) == 'b')
				func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "argument %d: key must not be null",
					  (i - 1) / 2 + 1);
			else
				func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
					  "argument %d cannot be null", (i - 1) / 2 + 1);
			if (mode_of(argv[0]) == 'j')
				sql_error_hint(&conn->err, "Object keys should be text.");
			return;
		}
		if (i > 1)
			buf_put(b, ", ", 2);
		if (!put_name(&tc, (oid_t)sqlite3_value_int64(argv[i + 1]), &name, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
		buf_put(b, " : ", 3);
		if (!put_value(&tc, (oid_t)sqlite3_value_int64(argv[i + 3]), &value, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	buf_put_byte(b, '}');
	result_json(ctx, mode_of(argv[0]), b);
}

static bool put_pair(struct buf *b, size_t i, const struct datum *name, const struct datum *value,
		     struct sql_error *err)
{
	if (name->kind != DATUM_TEXT)
		return sql_error_set(err, ERRCODE_NULL_NOT_ALLOWED, "null value not allowed for object key");
	if (i > 0)
		buf_put(b, ", ", 2);
	json_put_string(b, name->data, name->len);
	buf_put(b, " : ", 3);
	if (value->kind == DATUM_TEXT)
		json_put_string(b, value->data, value->len);
	else
		buf_put(b, "null", 4);
	return true;
}

/* pg_json_object(mode, names and values), pg_json_object(mode, names, values) */
static void fn_object(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct arena *arena = func_arena(conn);
	struct buf *b = func_buf(conn);
	struct array a, v = { 0 };
	const char *wrong = NULL;
	bool two = n > 2, ok = true;

	if (func_any_null(n, argv) || !func_array(ctx, argv[1], arena, &a) ||
	    (two && !func_array(ctx, argv[2], arena, &v)))
		return;
	if (two && (a.n_dims > 1 || a.n_dims != v.n_dims))
		wrong = "wrong number of array subscripts";
	else if (two && a.n != v.n)
		wrong = "mismatched array dimensions";
	else if (!two && a.n_dims == 1 && a.n % 2 != 0)
		wrong = "array must have even number of elements";
	else if (!two && a.n_dims == 2 && a.dims[1] != 2)
		wrong = "array must have two columns";
	else if (!two && a.n_dims > 2)
		wrong = "wrong number of array subscripts";
	if (wrong != NULL) {
		func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT, "%s", wrong);
		return;
	}
	buf_put_byte(b, '{');
	for (size_t i = 0; ok && i < (two ? a.n : a.n / 2); i++)
		ok = two ? put_pair(b, i, &a.elements[i], &v.elements[i], &conn->err)
			 : put_pair(b, i, &a.elements[2 * i], &a.elements[2 * i + 1], &conn->err);
	buf_put_byte(b, '}');
	if (ok)
		result_json(ctx, mode_of(argv[0]), b);
	else
		sql_conn_fail(conn, ctx);
}

static void fn_compare(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct func_text a = func_text(argv[0]), b = func_text(argv[1]);

	if (func_any_null(n, argv))
		return;
	int c = key_compare(a.data, a.len, b.data, b.len);
	sqlite3_result_int(ctx, c < 0 ? -1 : c > 0);
}

/* pg_json_agg(mode, value, type$o) */
static void agg_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	agg_add(ctx, n, argv, 3);
}

static void agg_inverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n, (void)argv;
	agg_remove(ctx);
}

static void agg_value(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	if (a == NULL)
		return;
	buf_put_byte(b, '[');
	for (size_t i = a->first; i < a->n; i++) {
		const struct datum *d = a->rows[i].args;

		oid_t type = (oid_t)d[2].i;

		if (i > a->first)
			buf_put_str(b, d[1].kind != DATUM_NULL && (type == RECORDOID || pgcat_element_type(type) != 0)
					       ? ", \n " : ", ");
		if (!put_value(&tc, type, &d[1], b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	buf_put_byte(b, ']');
	result_json(ctx, *a->rows[a->first].args[0].data, b);
}

static void agg_final(sqlite3_context *ctx)
{
	agg_value(ctx);
	agg_done(sqlite3_aggregate_context(ctx, 0));
}

/* pg_json_object_agg(mode, name, type, value, type$o) */
static void object_step(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_null(argv[1]))
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "field name must not be null");
	else
		agg_add(ctx, n, argv, 5);
}

static void object_value(sqlite3_context *ctx)
{
	struct agg_rows *a = agg_get(ctx);
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	if (a == NULL)
		return;
	buf_put(b, "{ ", 2);
	for (size_t i = a->first; i < a->n; i++) {
		const struct datum *d = a->rows[i].args;

		if (i > a->first)
			buf_put(b, ", ", 2);
		bool ok = put_name(&tc, (oid_t)d[2].i, &d[1], b, &conn->err);
		buf_put(b, " : ", 3);
		if (!ok || !put_value(&tc, (oid_t)d[4].i, &d[3], b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	buf_put(b, " }", 2);
	result_json(ctx, *a->rows[a->first].args[0].data, b);
}

static void object_final(sqlite3_context *ctx)
{
	object_value(ctx);
	agg_done(sqlite3_aggregate_context(ctx, 0));
}

/* pg_jsonb_cast(value, type): to a number or a boolean */
static void fn_cast(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char *const names[] = { "null", "string", "numeric", "boolean", "boolean", "array", "object" };
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct json j;
	struct datum d;

	if (func_any_null(n, argv) || !get_tree(ctx, 'b', argv[0], tc.arena, &j))
		return;
	oid_t type = (oid_t)sqlite3_value_int64(argv[1]);
	bool boolean = type == BOOLOID;
	if (boolean && (j.kind == JSON_TRUE || j.kind == JSON_FALSE)) {
		func_result_bool(ctx, j.kind == JSON_TRUE);
		return;
	}
	if (boolean || j.kind != JSON_NUMBER) {
		struct buf *b = func_buf(conn);

		type_format(NULL, type, -1, b);
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s to type %s",
			  names[j.kind], buf_str(b));
		return;
	}
	/* integers are rounded */
	if (type_in(&tc, NUMERICOID, -1, j.text, j.len, &d, &conn->err))
		func_result(ctx, &d);
	else
		sql_conn_fail(conn, ctx);
}

/* functions of rows: pg_json_elements(mode, value, as text) and so on */

static bool set_tree(struct set_cursor *c, int n, sqlite3_value **argv, struct json *j, struct sql_error *err)
{
	struct datum d;

	j->n = 0;
	if (n < 2 || func_null(argv[1]))
		return false;
	d = func_datum(argv[1]);
	return set_keep(c, &d, err) && tree_of(&c->arena, mode_of(argv[0]), &d, j, err);
}

static bool set_value(struct set_cursor *c, char mode, const struct json *j, bool text, struct datum *out,
		      struct sql_error *err)
{
	struct buf b = BUF_INIT(1 << 30);
	struct json copy = *j;
	bool ok = true;

	if (text && j->kind == JSON_NULL) {
		datum_set_null(out);
		return true;
	}
	if (text && j->kind == JSON_STRING) {
		datum_set_text(out, j->text, j->len);
		return true;
	}
	if (mode == 'j')
		put_source(&b, j);
	else if (text)
		json_put(&b, j);
	else
		ok = jsonb_encode(&c->arena, &copy, &b, err);
	datum_set_text(out, b.data, b.len);
	ok = ok && (b.failed ? sql_error_no_memory(err) : set_keep(c, out, err));
	buf_free(&b);
	return ok;
}

static bool elements_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct json j = { 0 };

	if (n < 3 || func_null(argv[1]))
		return true;
	if (!set_tree(c, n, argv, &j, err))
		return false;
	if (j.kind != JSON_ARRAY)
		return mode_of(argv[0]) == 'b'
			       ? sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "cannot extract elements from %s",
					       j.kind == JSON_OBJECT ? "an object" : "a scalar")
			       : sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					       "cannot call json_array_elements%s on a %s",
					       sqlite3_value_int(argv[2]) != 0 ? "_text" : "",
					       j.kind == JSON_OBJECT ? "non-array" : "scalar");
	struct datum *rows = set_rows(c, j.n, 1, err);
	for (size_t i = 0; rows != NULL && i < j.n; i++)
		if (!set_value(c, mode_of(argv[0]), &j.items[i], sqlite3_value_int(argv[2]) != 0, &rows[i], err))
			return false;
	return rows != NULL;
}

static bool each_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct json j = { 0 };

	if (n < 3 || func_null(argv[1]))
		return true;
	if (!set_tree(c, n, argv, &j, err))
		return false;
	if (j.kind != JSON_OBJECT)
		return mode_of(argv[0]) == 'b'
			       ? sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					       "cannot call jsonb_each%s on a non-object",
					       sqlite3_value_int(argv[2]) != 0 ? "_text" : "")
			       : sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					       j.kind == JSON_ARRAY ? "cannot deconstruct an array as an object"
								    : "cannot deconstruct a scalar");
	struct datum *rows = set_rows(c, j.n, 2, err);
	for (size_t i = 0; rows != NULL && i < j.n; i++) {
		datum_set_text(&rows[2 * i], j.names[i].text, j.names[i].len);
		if (!set_value(c, mode_of(argv[0]), &j.items[i], sqlite3_value_int(argv[2]) != 0,
			       &rows[2 * i + 1], err))
			return false;
	}
	return rows != NULL;
}

static bool keys_start(struct set_cursor *c, int n, sqlite3_value **argv, struct sql_error *err)
{
	struct json j = { 0 };

	if (n < 2 || func_null(argv[1]))
		return true;
	if (!set_tree(c, n, argv, &j, err))
		return false;
	if (j.kind != JSON_OBJECT)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "cannot call %s on %s",
				     mode_of(argv[0]) == 'b' ? "jsonb_object_keys" : "json_object_keys",
				     j.kind == JSON_ARRAY ? "an array" : "a scalar");
	struct datum *rows = set_rows(c, j.n, 1, err);
	for (size_t i = 0; rows != NULL && i < j.n; i++)
		datum_set_text(&rows[i], j.names[i].text, j.names[i].len);
	return rows != NULL;
}

const struct set_function json_sets[] = {
	{ "pg_json_elements", 1, 3, elements_start, NULL },
	{ "pg_json_each", 2, 3, each_start, NULL },
	{ "pg_json_keys", 1, 2, keys_start, NULL },
	{ 0 },
};

bool json_sets_register(struct sql_conn *conn)
{
	return set_register(conn, json_sets);
}

/* records */

/* pg_row(n, type, value, ...[, names]) */
static void fn_row(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct datum *e = arena_alloc(arena, ((size_t)n + 1) * sizeof(*e));
	struct array a = { 0 };

	if (e == NULL) {
		func_no_memory(ctx);
		return;
	}
	int n_fields = sqlite3_value_int(argv[0]);
	if (n_fields < 0 || n < 1 + 2 * n_fields) {
		func_fail(ctx, ERRCODE_INTERNAL, "pg_row() of %d fields has %d arguments", n_fields, n);
		return;
	}
	for (int i = 0; i < 2 * n_fields; i++)
		e[i] = func_datum(argv[1 + i]);
	/* a key text of an empty key: names take no part in comparisons */
	struct func_text names = n > 1 + 2 * n_fields ? func_text(argv[n - 1]) : (struct func_text){ "", 0 };
	struct buf b = BUF_INIT(1 << 20);
	buf_put_byte(&b, KEY_MARK);
	key_finish(&b, names.data, names.len);
	datum_set_text(&e[2 * n_fields], b.data, b.len);
	array_set_list(&a, e, 2 * (size_t)n_fields + 1);
	if (b.failed)
		func_no_memory(ctx);
	else
		func_result_array(ctx, &a);
	buf_free(&b);
}

/* pg_field(record, n) */
static void fn_field(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_any_null(n, argv) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	int64_t at = sqlite3_value_int64(argv[1]) * 2 - 1;
	if (at > 0 && at < (int64_t)a.n)
		func_result(ctx, &a.elements[at]);
}

const struct func_udf json_udfs[] = {
	PURE("pg_json_get", 4, fn_get),
	PURE("pg_json_path", 4, fn_path),
	PURE("pg_json_typeof", 2, fn_typeof),
	PURE("pg_json_array_length", 2, fn_array_length),
	PURE("pg_jsonb_pretty", 1, fn_pretty),
	PURE("pg_json_strip_nulls", 2, fn_strip_nulls),
	PURE("pg_jsonb_contains", 2, fn_contains),
	PURE("pg_jsonb_exists", 3, fn_exists),
	PURE("pg_jsonb_concat", 2, fn_concat),
	PURE("pg_jsonb_delete", 3, fn_delete),
	PURE("pg_jsonb_change", 4, fn_change),
	PURE("pg_jsonb_set_lax", 5, fn_set_lax),
	PURE("pg_jsonb_cmp", 2, fn_compare),
	PURE("pg_json_object", 2, fn_object),
	PURE("pg_json_object", 3, fn_object),
	STABLE("pg_to_json", 3, fn_to_json),
	STABLE("pg_to_json", 4, fn_to_json),
	STABLE("pg_json_build_array", -1, fn_build_array),
	STABLE("pg_json_build_object", -1, fn_build_object),
	WINDOWED("pg_json_agg", -1, agg_step, agg_final, agg_value, agg_inverse),
	WINDOWED("pg_json_object_agg", -1, object_step, object_final, object_value, agg_inverse),
	PURE("pg_jsonb_cast", 2, fn_cast),
	PURE("pg_row", -1, fn_row),
	PURE("pg_field", 2, fn_field),
	{ 0 },
};

const struct func_impl json_impls[] = {
	{ 3947, "json_object_field(json,text)", FUNC_SCALAR, "pg_json_get('j', $1, $2, 0)", FUNC_CHECKED },
	{ 3948, "json_object_field_text(json,text)", FUNC_SCALAR, "pg_json_get('j', $1, $2, 1)", FUNC_CHECKED },
	{ 3949, "json_array_element(json,integer)", FUNC_SCALAR, "pg_json_get('j', $1, $2, 0)", FUNC_CHECKED },
	{ 3950, "json_array_element_text(json,integer)", FUNC_SCALAR,
	  "pg_json_get('j', $1, $2, 1)", FUNC_CHECKED },
	{ 3951, "json_extract_path(json,text[])", FUNC_SCALAR, "pg_json_path('j', $1, $2, 0)", FUNC_CHECKED },
	{ 3953, "json_extract_path_text(json,text[])", FUNC_SCALAR,
	  "pg_json_path('j', $1, $2, 1)", FUNC_CHECKED },
	{ 3968, "json_typeof(json)", FUNC_SCALAR, "pg_json_typeof('j', $1)", 0 },
	{ 3956, "json_array_length(json)", FUNC_SCALAR, "pg_json_array_length('j', $1)", FUNC_CHECKED },
	{ 3261, "json_strip_nulls(json)", FUNC_SCALAR, "pg_json_strip_nulls('j', $1)", FUNC_CHECKED },
	{ 3955, "json_array_elements(json)", FUNC_SET, "pg_json_elements('j', $1, 0)", FUNC_CHECKED },
	{ 3969, "json_array_elements_text(json)", FUNC_SET, "pg_json_elements('j', $1, 1)", FUNC_CHECKED },
	{ 3958, "json_each(json)", FUNC_SET, "pg_json_each('j', $1, 0)", FUNC_CHECKED },
	{ 3959, "json_each_text(json)", FUNC_SET, "pg_json_each('j', $1, 1)", FUNC_CHECKED },
	{ 3957, "json_object_keys(json)", FUNC_SET, "pg_json_keys('j', $1)", FUNC_CHECKED },
	{ 3176, "to_json(anyelement)", FUNC_SCALAR, "pg_to_json('j', $1, #1)", FUNC_CHECKED },
	{ 3198, "json_build_array(\"any\")", FUNC_SCALAR, "pg_json_build_array('j', #*)", FUNC_CHECKED },
	{ 3199, "json_build_array()", FUNC_SCALAR, "pg_json_build_array('j')", 0 },
	{ 3200, "json_build_object(\"any\")", FUNC_SCALAR, "pg_json_build_object('j', #*)", FUNC_CHECKED },
	{ 3201, "json_build_object()", FUNC_SCALAR, "pg_json_build_object('j')", 0 },
	{ 3175, "json_agg(anyelement)", FUNC_AGGREGATE, "pg_json_agg('j', $1, #1$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3197, "json_object_agg(\"any\",\"any\")", FUNC_AGGREGATE,
	  "pg_json_object_agg('j', $1, #1, $2, #2$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3478, "jsonb_object_field(jsonb,text)", FUNC_SCALAR, "pg_json_get('b', $1, $2, 0)", 0 },
	{ 3214, "jsonb_object_field_text(jsonb,text)", FUNC_SCALAR,
	  "pg_json_get('b', $1, $2, 1)", 0 },
	{ 3215, "jsonb_array_element(jsonb,integer)", FUNC_SCALAR,
	  "pg_json_get('b', $1, $2, 0)", 0 },
	{ 3216, "jsonb_array_element_text(jsonb,integer)", FUNC_SCALAR,
	  "pg_json_get('b', $1, $2, 1)", 0 },
	{ 3217, "jsonb_extract_path(jsonb,text[])", FUNC_SCALAR, "pg_json_path('b', $1, $2, 0)", 0 },
	{ 3940, "jsonb_extract_path_text(jsonb,text[])", FUNC_SCALAR,
	  "pg_json_path('b', $1, $2, 1)", 0 },
	{ 3210, "jsonb_typeof(jsonb)", FUNC_SCALAR, "pg_json_typeof('b', $1)", 0 },
	{ 3207, "jsonb_array_length(jsonb)", FUNC_SCALAR, "pg_json_array_length('b', $1)", FUNC_CHECKED },
	{ 3262, "jsonb_strip_nulls(jsonb)", FUNC_SCALAR, "pg_json_strip_nulls('b', $1)", 0 },
	{ 3219, "jsonb_array_elements(jsonb)", FUNC_SET, "pg_json_elements('b', $1, 0)", FUNC_CHECKED },
	{ 3465, "jsonb_array_elements_text(jsonb)", FUNC_SET, "pg_json_elements('b', $1, 1)", FUNC_CHECKED },
	{ 3208, "jsonb_each(jsonb)", FUNC_SET, "pg_json_each('b', $1, 0)", FUNC_CHECKED },
	{ 3932, "jsonb_each_text(jsonb)", FUNC_SET, "pg_json_each('b', $1, 1)", FUNC_CHECKED },
	{ 3931, "jsonb_object_keys(jsonb)", FUNC_SET, "pg_json_keys('b', $1)", FUNC_CHECKED },
	{ 3787, "to_jsonb(anyelement)", FUNC_SCALAR, "pg_to_json('b', $1, #1)", FUNC_CHECKED },
	{ 3271, "jsonb_build_array(\"any\")", FUNC_SCALAR, "pg_json_build_array('b', #*)", FUNC_CHECKED },
	{ 3272, "jsonb_build_array()", FUNC_SCALAR, "pg_json_build_array('b')", 0 },
	{ 3273, "jsonb_build_object(\"any\")", FUNC_SCALAR, "pg_json_build_object('b', #*)", FUNC_CHECKED },
	{ 3274, "jsonb_build_object()", FUNC_SCALAR, "pg_json_build_object('b')", 0 },
	{ 3267, "jsonb_agg(anyelement)", FUNC_AGGREGATE, "pg_json_agg('b', $1, #1$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3270, "jsonb_object_agg(\"any\",\"any\")", FUNC_AGGREGATE,
	  "pg_json_object_agg('b', $1, #1, $2, #2$o)", FUNC_ORDERED | FUNC_CHECKED },
	{ 3153, "array_to_json(anyarray)", FUNC_SCALAR, "pg_to_json('j', $1, #1)", FUNC_CHECKED },
	{ 3155, "row_to_json(record)", FUNC_SCALAR, "pg_to_json('j', $1, 2249)", FUNC_CHECKED },
	{ 3154, "array_to_json(anyarray,boolean)", FUNC_SCALAR, "pg_to_json('j', $1, #1, $2)", FUNC_CHECKED },
	{ 3156, "row_to_json(record,boolean)", FUNC_SCALAR, "pg_to_json('j', $1, 2249, $2)", FUNC_CHECKED },
	{ 3202, "json_object(text[])", FUNC_SCALAR, "pg_json_object('j', $1)", FUNC_CHECKED },
	{ 3203, "json_object(text[],text[])", FUNC_SCALAR, "pg_json_object('j', $1, $2)", FUNC_CHECKED },
	{ 3263, "jsonb_object(text[])", FUNC_SCALAR, "pg_json_object('b', $1)", FUNC_CHECKED },
	{ 3264, "jsonb_object(text[],text[])", FUNC_SCALAR, "pg_json_object('b', $1, $2)", FUNC_CHECKED },
	{ 4044, "jsonb_cmp(jsonb,jsonb)", FUNC_SCALAR, "pg_jsonb_cmp($1, $2)", 0 },
	{ 5054, "jsonb_set_lax(jsonb,text[],jsonb,boolean,text)", FUNC_SCALAR,
	  "pg_jsonb_set_lax($1, $2, $3, CASE WHEN $4 THEN 3 WHEN NOT $4 THEN 1 END, $5)",
	  FUNC_CHECKED | FUNC_COPIES },
	{ 3306, "jsonb_pretty(jsonb)", FUNC_SCALAR, "pg_jsonb_pretty($1)", 0 },
	{ 4046, "jsonb_contains(jsonb,jsonb)", FUNC_SCALAR, "pg_jsonb_contains($1, $2)", 0 },
	{ 4050, "jsonb_contained(jsonb,jsonb)", FUNC_SCALAR, "pg_jsonb_contains($2, $1)", 0 },
	{ 4047, "jsonb_exists(jsonb,text)", FUNC_SCALAR, "pg_jsonb_exists($1, $2, 0)", 0 },
	{ 4048, "jsonb_exists_any(jsonb,text[])", FUNC_SCALAR, "pg_jsonb_exists($1, $2, 1)", 0 },
	{ 4049, "jsonb_exists_all(jsonb,text[])", FUNC_SCALAR, "pg_jsonb_exists($1, $2, 2)", 0 },
	{ 3301, "jsonb_concat(jsonb,jsonb)", FUNC_SCALAR, "pg_jsonb_concat($1, $2)", FUNC_CHECKED },
	{ 3302, "jsonb_delete(jsonb,text)", FUNC_SCALAR, "pg_jsonb_delete($1, $2, 0)", FUNC_CHECKED },
	{ 3303, "jsonb_delete(jsonb,integer)", FUNC_SCALAR, "pg_jsonb_delete($1, $2, 0)", FUNC_CHECKED },
	{ 3343, "jsonb_delete(jsonb,text[])", FUNC_SCALAR, "pg_jsonb_delete($1, $2, 1)", FUNC_CHECKED },
	{ 3304, "jsonb_delete_path(jsonb,text[])", FUNC_SCALAR,
	  "pg_jsonb_change($1, $2, 0, 16)", FUNC_CHECKED },
	{ 3305, "jsonb_set(jsonb,text[],jsonb,boolean)", FUNC_SCALAR,
	  "pg_jsonb_change($1, $2, $3, CASE WHEN $4 THEN 3 WHEN NOT $4 THEN 1 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 3579, "jsonb_insert(jsonb,text[],jsonb,boolean)", FUNC_SCALAR,
	  "pg_jsonb_change($1, $2, $3, CASE WHEN $4 THEN 12 WHEN NOT $4 THEN 4 END)", FUNC_CHECKED | FUNC_COPIES },
	{ 3449, "\"numeric\"(jsonb)", FUNC_SCALAR, "pg_jsonb_cast($1, 1700)", FUNC_CHECKED },
	{ 3450, "int2(jsonb)", FUNC_SCALAR, "pg_numeric_to_int2(pg_jsonb_cast($1, 21))", FUNC_CHECKED },
	{ 3451, "int4(jsonb)", FUNC_SCALAR, "pg_numeric_to_int4(pg_jsonb_cast($1, 23))", FUNC_CHECKED },
	{ 3452, "int8(jsonb)", FUNC_SCALAR, "pg_numeric_to_int8(pg_jsonb_cast($1, 20))", FUNC_CHECKED },
	{ 3453, "float4(jsonb)", FUNC_SCALAR, "pg_numeric_to_float4(pg_jsonb_cast($1, 700))", FUNC_CHECKED },
	{ 2580, "float8(jsonb)", FUNC_SCALAR, "pg_numeric_to_float8(pg_jsonb_cast($1, 701))", FUNC_CHECKED },
	{ 3556, "bool(jsonb)", FUNC_SCALAR, "pg_jsonb_cast($1, 16)", FUNC_CHECKED },
	{ 0 },
};
