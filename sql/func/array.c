/*
 * array.c - functions of arrays, ANY and ALL
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/array.h"

#include <limits.h>

#include "sql/func/datum.h"
#include "sql/func/pattern.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/type/impl.h"

static struct datum *new_elements(sqlite3_context *ctx, struct arena *arena, size_t n)
{
	struct datum *e = arena_alloc(arena, (n > 0 ? n : 1) * sizeof(*e));

	if (e == NULL)
		func_no_memory(ctx);
	return e;
}

/* pg_array(type, a, b, ...) */
static void fn_array(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct datum *e = new_elements(ctx, arena, (size_t)n);
	struct array a = { 0 };

	if (e == NULL)
		return;
	for (int i = 1; i < n; i++)
		e[i - 1] = func_datum(argv[i]);
	array_set_list(&a, e, (size_t)n - 1);
	func_result_array(ctx, &a);
}

/* pg_array_nested(type, array, array, ...): one dimension more */
static void fn_array_nested(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a = { 0 }, part;
	size_t room = 0;

	for (int i = 1; i < n; i++) {
		if (func_null(argv[i])) {
			part = (struct array){ 0 };
		} else if (!func_array(ctx, argv[i], arena, &part)) {
			return;
		}
		if (i == 1) {
			if (part.n_dims == 0)
				continue;
			if (part.n_dims == ARRAY_MAX_DIMS) {
				func_fail(ctx, ERRCODE_PROGRAM_LIMIT,
					  "number of array dimensions (%d) exceeds the maximum allowed (%d)",
					  ARRAY_MAX_DIMS + 1, ARRAY_MAX_DIMS);
				return;
			}
			a.n_dims = part.n_dims + 1;
			a.dims[0] = n - 1;
			a.lower[0] = 1;
			for (int d = 0; d < part.n_dims; d++) {
				a.dims[d + 1] = part.dims[d];
				a.lower[d + 1] = part.lower[d];
			}
			room = part.n * (size_t)(n - 1);
			a.elements = new_elements(ctx, arena, room);
			if (a.elements == NULL)
				return;
		} else {
			bool same = a.n_dims == (part.n_dims == 0 ? 0 : part.n_dims + 1);

			for (int d = 0; same && d < part.n_dims; d++)
				same = a.dims[d + 1] == part.dims[d];
			if (!same) {
				func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT,
					  "multidimensional arrays must have array expressions with matching dimensions");
				return;
			}
		}
		if (part.n > room - a.n)
			part.n = room - a.n;
		if (part.n > 0)
			memcpy(a.elements + a.n, part.elements, part.n * sizeof(*part.elements));
		a.n += part.n;
	}
	func_result_array(ctx, &a);
}

/* pg_subscript(array, i, j, ...): NULL outside */
static void fn_subscript(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;
	size_t at = 0;

	if (func_any_null(n, argv) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	if (a.n_dims != n - 1)
		return;
	for (int i = 0; i < a.n_dims; i++) {
		int64_t index = sqlite3_value_int64(argv[i + 1]) - a.lower[i];

		if (index < 0 || index >= a.dims[i])
			return;
		at = at * (size_t)a.dims[i] + (size_t)index;
	}
	if (at < a.n)
		func_result(ctx, &a.elements[at]);
}

/* pg_slice(array, lo, hi, lo, hi, ...): NULL for a bound that is not written */
static void fn_slice(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a, out = { 0 };
	int32_t from[ARRAY_MAX_DIMS], at[ARRAY_MAX_DIMS] = { 0 };
	size_t total = 1;

	if (func_null(argv[0]) || !func_array(ctx, argv[0], arena, &a))
		return;
	int n_dims = (n - 1) / 2;
	if (a.n_dims == 0 || n_dims > a.n_dims) {
		func_result_array(ctx, &out);
		return;
	}
	out.n_dims = a.n_dims;
	for (int i = 0; i < a.n_dims; i++) {
		int64_t lo = a.lower[i], hi = (int64_t)a.lower[i] + a.dims[i] - 1;

		if (i < n_dims && !func_null(argv[1 + 2 * i]) && sqlite3_value_int64(argv[1 + 2 * i]) > lo)
			lo = sqlite3_value_int64(argv[1 + 2 * i]);
		if (i < n_dims && !func_null(argv[2 + 2 * i]) && sqlite3_value_int64(argv[2 + 2 * i]) < hi)
			hi = sqlite3_value_int64(argv[2 + 2 * i]);
		if (hi < lo) {
			out = (struct array){ 0 };
			func_result_array(ctx, &out);
			return;
		}
		from[i] = (int32_t)(lo - a.lower[i]);
		out.dims[i] = (int32_t)(hi - lo + 1);
		out.lower[i] = 1;
		total *= (size_t)out.dims[i];
	}
	out.elements = new_elements(ctx, arena, total);
	if (out.elements == NULL)
		return;
	while (out.n < total) {
		size_t index = 0;

		for (int i = 0; i < a.n_dims; i++)
			index = index * (size_t)a.dims[i] + (size_t)(from[i] + at[i]);
		out.elements[out.n++] = a.elements[index];
		for (int i = a.n_dims - 1; i >= 0 && ++at[i] == out.dims[i]; i--)
			at[i] = 0;
	}
	func_result_array(ctx, &out);
}

/* array || element (front: element || array) */
static void add_element(sqlite3_context *ctx, sqlite3_value *array, sqlite3_value *element, bool front)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a = { 0 };

	if (!func_null(array) && !func_array(ctx, array, arena, &a))
		return;
	if (a.n_dims > 1) {
		func_fail(ctx, "22000", "argument must be empty or one-dimensional array");
		return;
	}
	struct datum *e = new_elements(ctx, arena, a.n + 1);
	if (e == NULL)
		return;
	if (a.n > 0)
		memcpy(e + front, a.elements, a.n * sizeof(*e));
	e[front ? 0 : a.n] = func_datum(element);
	int32_t lower = a.n_dims == 1 ? a.lower[0] : 1;
	array_set_list(&a, e, a.n + 1);
	a.lower[0] = lower;
	func_result_array(ctx, &a);
}

static void fn_append(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	add_element(ctx, argv[0], argv[1], false);
}

static void fn_prepend(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	add_element(ctx, argv[1], argv[0], true);
}

static void fn_cat(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a = { 0 }, b = { 0 }, out;
	bool ok = true;

	(void)n;
	if (func_null(argv[0]) && func_null(argv[1]))
		return;
	if ((!func_null(argv[0]) && !func_array(ctx, argv[0], arena, &a)) ||
	    (!func_null(argv[1]) && !func_array(ctx, argv[1], arena, &b)))
		return;
	if (a.n_dims == 0 || b.n_dims == 0) {
		func_result_array(ctx, a.n_dims == 0 ? &b : &a);
		return;
	}
	out = a.n_dims >= b.n_dims ? a : b;
	if (a.n_dims == b.n_dims) {
		out.dims[0] = a.dims[0] + b.dims[0];
		for (int i = 1; i < a.n_dims; i++)
			ok = ok && a.dims[i] == b.dims[i] && a.lower[i] == b.lower[i];
	} else {
		const struct array *small = a.n_dims < b.n_dims ? &a : &b;

		ok = out.n_dims == small->n_dims + 1;
		for (int i = 0; ok && i < small->n_dims; i++)
			ok = out.dims[i + 1] == small->dims[i] && out.lower[i + 1] == small->lower[i];
		out.dims[0]++;
	}
	if (!ok) {
		sql_error_set(&func_conn(ctx)->err, ERRCODE_ARRAY_SUBSCRIPT,
			      "cannot concatenate incompatible arrays");
		sql_error_detail(&func_conn(ctx)->err,
				 "Arrays with differing dimensions are not compatible for concatenation.");
		sql_conn_fail(func_conn(ctx), ctx);
		return;
	}
	out.n = a.n + b.n;
	out.elements = new_elements(ctx, arena, out.n);
	if (out.elements == NULL)
		return;
	memcpy(out.elements, a.elements, a.n * sizeof(*a.elements));
	memcpy(out.elements + a.n, b.elements, b.n * sizeof(*b.elements));
	func_result_array(ctx, &out);
}

static bool same_datum(const struct datum *a, const struct datum *b)
{
	return (a->kind == DATUM_NULL) == (b->kind == DATUM_NULL) && datum_compare(a, b) == 0;
}

static void fn_position(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_null(argv[0]) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	if (a.n_dims > 1) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "searching for elements in multidimensional arrays is not supported");
		return;
	}
	if (a.n_dims == 0)
		return;
	struct datum what = func_datum(argv[1]);
	bool has_null = false;
	for (size_t i = 0; i < a.n; i++)
		has_null |= a.elements[i].kind == DATUM_NULL;
	if (what.kind == DATUM_NULL && !has_null)
		return;
	int64_t from = a.lower[0];
	if (n > 2) {
		if (func_null(argv[2])) {
			func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "initial position must not be null");
			return;
		}
		from = sqlite3_value_int64(argv[2]);
	}
	for (size_t i = 0; i < a.n; i++)
		if ((int64_t)i + a.lower[0] >= from && same_datum(&a.elements[i], &what)) {
			sqlite3_result_int64(ctx, (int64_t)i + a.lower[0]);
			return;
		}
}

static void fn_positions(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a, out = { 0 };
	size_t found = 0;

	(void)n;
	if (func_null(argv[0]) || !func_array(ctx, argv[0], arena, &a))
		return;
	if (a.n_dims > 1) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "searching for elements in multidimensional arrays is not supported");
		return;
	}
	struct datum what = func_datum(argv[1]);
	struct datum *e = new_elements(ctx, arena, a.n);
	if (e == NULL)
		return;
	for (size_t i = 0; i < a.n; i++)
		if (same_datum(&a.elements[i], &what))
			datum_set_int(&e[found++], (int64_t)i + a.lower[0]);
	array_set_list(&out, e, found);
	func_result_array(ctx, &out);
}

/* array_remove(array, x), array_replace(array, x, y) */
static void fn_replace(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;
	size_t kept = 0;

	if (func_null(argv[0]) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	if (n == 2 && a.n_dims > 1) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "removing elements from multidimensional arrays is not supported");
		return;
	}
	struct datum what = func_datum(argv[1]);
	for (size_t i = 0; i < a.n; i++) {
		bool hit = same_datum(&a.elements[i], &what);

		if (hit && n == 2)
			continue;
		a.elements[kept++] = hit ? func_datum(argv[2]) : a.elements[i];
	}
	a.n = kept;
	if (n == 2 && a.n_dims == 1) {
		a.dims[0] = (int32_t)kept;
		if (kept == 0)
			a.n_dims = 0;
	}
	func_result_array(ctx, &a);
}

/* pg_array_dim(array, dimension, 'l' | 'u' | 'n') */
static void fn_dim(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_any_null(n, argv) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	int64_t dim = sqlite3_value_int64(argv[1]) - 1;
	if (dim < 0 || dim >= a.n_dims)
		return;
	switch (*func_text(argv[2]).data) {
	case 'l':
		sqlite3_result_int64(ctx, a.lower[dim]);
		break;
	case 'u':
		sqlite3_result_int64(ctx, a.lower[dim] + a.dims[dim] - 1);
		break;
	default:
		sqlite3_result_int64(ctx, a.dims[dim]);
		break;
	}
}

static void fn_ndims(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	(void)n;
	if (func_null(argv[0]) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	if (a.n_dims > 0)
		sqlite3_result_int64(ctx, a.n_dims);
}

static void fn_dims(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));
	struct array a;

	(void)n;
	if (func_null(argv[0]) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a) || a.n_dims == 0)
		return;
	for (int i = 0; i < a.n_dims; i++)
		buf_printf(b, "[%d:%d]", a.lower[i], a.lower[i] + a.dims[i] - 1);
	func_result_buf(ctx, b);
}

static void fn_cardinality(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	(void)n;
	if (!func_null(argv[0]) && func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		sqlite3_result_int64(ctx, (int64_t)a.n);
}

/* pg_array_to_string(array, array type, separator[, null text]) */
static void fn_to_string(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);
	struct array a;
	bool first = true;

	if (func_null(argv[0]) || func_null(argv[2]) || !func_array(ctx, argv[0], tc.arena, &a))
		return;
	oid_t element = pgcat_element_type((oid_t)sqlite3_value_int64(argv[1]));
	struct func_text sep = func_text(argv[2]);
	for (size_t i = 0; i < a.n; i++) {
		bool null = a.elements[i].kind == DATUM_NULL;

		if (null && (n < 4 || func_null(argv[3])))
			continue;
		if (!first)
			buf_put(b, sep.data, sep.len);
		first = false;
		if (null) {
			struct func_text t = func_text(argv[3]);

			buf_put(b, t.data, t.len);
		} else if (!type_out(&tc, element, &a.elements[i], b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	func_result_buf(ctx, b);
}

bool split_text(struct arena *arena, struct func_text t, const struct func_text *sep,
		const struct func_text *null_text, struct array *out)
{
	size_t n = 0, room = 16;
	struct datum *e = arena_alloc(arena, room * sizeof(*e));
	const char *p = t.data, *end = t.data + t.len;
	bool last = t.len == 0;

	*out = (struct array){ 0 };
	if (e == NULL)
		return false;
	if (t.len == 0)
		return true;
	while (!last) {
		const char *at;

		if (n == room) {
			struct datum *grown = arena_alloc(arena, 2 * room * sizeof(*e));

			if (grown == NULL)
				return false;
			memcpy(grown, e, n * sizeof(*e));
			e = grown;
			room *= 2;
		}
		if (sep == NULL) {
			at = p + utf8_prefix(p, (size_t)(end - p), 1);
			last = at == end;
		} else {
			at = sep->len == 0 ? NULL : memmem(p, (size_t)(end - p), sep->data, sep->len);
			last = at == NULL;
			if (last)
				at = end;
		}
		size_t len = (size_t)(at - p);
		if (null_text != NULL && null_text->len == len && memcmp(null_text->data, p, len) == 0)
			datum_set_null(&e[n++]);
		else
			datum_set_text(&e[n++], p, len);
		p = at + (sep != NULL ? sep->len : 0);
	}
	array_set_list(out, e, n);
	return true;
}

/* string_to_array(text, separator[, null text]) */
static void fn_from_string(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_null(argv[0]))
		return;
	struct func_text sep = func_text(argv[1]), null_text = { 0 };
	if (n > 2)
		null_text = func_text(argv[2]);
	if (split_text(func_arena(func_conn(ctx)), func_text(argv[0]), func_null(argv[1]) ? NULL : &sep,
		       n > 2 && !func_null(argv[2]) ? &null_text : NULL, &a))
		func_result_array(ctx, &a);
	else
		func_no_memory(ctx);
}

/* pg_array_contains(a, b), pg_array_overlaps(a, b): NULL equals nothing */
static void contains(sqlite3_context *ctx, sqlite3_value **argv, bool all)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array a, b;

	if (func_any_null(2, argv) || !func_array(ctx, argv[0], arena, &a) ||
	    !func_array(ctx, argv[1], arena, &b))
		return;
	for (size_t i = 0; i < b.n; i++) {
		bool hit = false;

		for (size_t j = 0; !hit && b.elements[i].kind != DATUM_NULL && j < a.n; j++)
			hit = a.elements[j].kind != DATUM_NULL &&
			      datum_compare(&a.elements[j], &b.elements[i]) == 0;
		if (hit != all) {
			func_result_bool(ctx, hit);
			return;
		}
	}
	func_result_bool(ctx, all);
}

static void fn_contains(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	contains(ctx, argv, true);
}

static void fn_overlaps(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	contains(ctx, argv, false);
}

static void fn_trim(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_any_null(n, argv) || !func_array(ctx, argv[0], func_arena(func_conn(ctx)), &a))
		return;
	int64_t count = sqlite3_value_int64(argv[1]);
	int64_t have = a.n_dims > 0 ? a.dims[0] : 0;
	if (count < 0 || count > have) {
		func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT,
			  "number of elements to trim must be between 0 and %" PRId64, have);
		return;
	}
	if (have > 0) {
		a.n = a.n / (size_t)have * (size_t)(have - count);
		a.dims[0] = (int32_t)(have - count);
		a.lower[0] = 1;
		if (have == count)
			a.n_dims = 0;
	}
	func_result_array(ctx, &a);
}

/* array_fill(x, dimensions[, lower bounds]) */
static void fn_fill(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct arena *arena = func_arena(func_conn(ctx));
	struct array dims, lower = { 0 }, out = { 0 };
	int64_t total = 1;

	if (func_null(argv[1]) || (n > 2 && func_null(argv[2]))) {
		func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED,
			  "dimension array or low bound array cannot be null");
		return;
	}
	if (!func_array(ctx, argv[1], arena, &dims) || (n > 2 && !func_array(ctx, argv[2], arena, &lower)))
		return;
	if (dims.n > ARRAY_MAX_DIMS) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT,
			  "number of array dimensions (%d) exceeds the maximum allowed (%d)", (int)dims.n,
			  ARRAY_MAX_DIMS);
		return;
	}
	for (size_t i = 0; i < dims.n; i++) {
		int64_t v = dims.elements[i].i;

		if (dims.elements[i].kind != DATUM_INT || (n > 2 && i < lower.n && lower.elements[i].kind != DATUM_INT)) {
			func_fail(ctx, ERRCODE_NULL_NOT_ALLOWED, "dimension values cannot be null");
			return;
		}
		if (v < 0 || v > ARRAY_MAX_ELEMENTS || (total *= v) > ARRAY_MAX_ELEMENTS) {
			func_fail(ctx, ERRCODE_PROGRAM_LIMIT, "array size exceeds the maximum allowed (%d)",
				  ARRAY_MAX_ELEMENTS - 1);
			return;
		}
		out.dims[i] = (int32_t)v;
		out.lower[i] = i < lower.n ? (int32_t)lower.elements[i].i : 1;
	}
	out.n_dims = total == 0 ? 0 : (int)dims.n;
	if (out.n_dims > 0) {
		out.n = (size_t)total;
		out.elements = new_elements(ctx, arena, out.n);
		if (out.elements == NULL)
			return;
		for (size_t i = 0; i < out.n; i++)
			out.elements[i] = func_datum(argv[0]);
	}
	func_result_array(ctx, &out);
}

/* The result of one comparison of ANY: 1, 0, or -1 after an error. */
static int apply(sqlite3_context *ctx, const char *op, size_t len, const struct datum *x,
		 const struct datum *y)
{
	if (len <= 2 && (*op == '=' || *op == '<' || *op == '>')) {
		int c = datum_compare(x, y);

		if (*op == '=')
			return c == 0;
		if (len == 2 && op[1] == '>')
			return c != 0;
		if (*op == '<')
			return len == 2 ? c <= 0 : c < 0;
		return len == 2 ? c >= 0 : c > 0;
	}
	return pattern_operator(ctx, op, len, x, y);
}

/* pg_any(x, 'op', array, type), pg_all(...) */
static void any_or_all(sqlite3_context *ctx, sqlite3_value **argv, bool all)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct array a;
	bool unknown = false;

	if (func_null(argv[2]))
		return;
	struct func_text op = func_text(argv[1]);
	struct datum x = func_datum(argv[0]);
	if (!func_array(ctx, argv[2], &arena, &a)) {
		arena_free(&arena);
		return;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (x.kind == DATUM_NULL || a.elements[i].kind == DATUM_NULL) {
			unknown = true;
			continue;
		}
		int hit = apply(ctx, op.data, op.len, &x, &a.elements[i]);
		if (hit < 0 || (hit == 1) != all) {
			if (hit >= 0)
				func_result_bool(ctx, !all);
			arena_free(&arena);
			return;
		}
	}
	if (!unknown)
		func_result_bool(ctx, all);
	arena_free(&arena);
}

static void fn_any(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	any_or_all(ctx, argv, false);
}

static void fn_all(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	any_or_all(ctx, argv, true);
}

/* pg_array_convert(array, from array type, to array type, typmod) */
static void fn_convert(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);
	struct array a;

	(void)n;
	if (func_null(argv[0]) || !func_array(ctx, argv[0], tc.arena, &a))
		return;
	oid_t from = pgcat_element_type((oid_t)sqlite3_value_int64(argv[1]));
	oid_t to = pgcat_element_type((oid_t)sqlite3_value_int64(argv[2]));
	for (size_t i = 0; i < a.n; i++) {
		struct datum *d = &a.elements[i];

		if (d->kind == DATUM_NULL)
			continue;
		buf_reset(b);
		if (!type_out(&tc, from, d, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
		char *copy = arena_memdup(tc.arena, b->len > 0 ? b->data : "", b->len);
		if (copy == NULL) {
			func_no_memory(ctx);
			return;
		}
		if (!type_in(&tc, to, sqlite3_value_int(argv[3]), copy, b->len, d, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	func_result_array(ctx, &a);
}

/* pg_greatest(type, a, b, ...) */
static void extreme(sqlite3_context *ctx, int n, sqlite3_value **argv, int sign)
{
	int best = 0;

	for (int i = 1; i < n; i++) {
		if (func_null(argv[i]))
			continue;
		if (best > 0) {
			struct datum a = func_datum(argv[i]), b = func_datum(argv[best]);

			if (datum_compare(&a, &b) * sign <= 0)
				continue;
		}
		best = i;
	}
	if (best > 0)
		sqlite3_result_value(ctx, argv[best]);
}

static void fn_greatest(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	extreme(ctx, n, argv, 1);
}

static void fn_least(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	extreme(ctx, n, argv, -1);
}

const struct func_udf array_udfs[] = {
	PURE("pg_array", -1, fn_array),
	PURE("pg_array_nested", -1, fn_array_nested),
	PURE("pg_subscript", -1, fn_subscript),
	PURE("pg_slice", -1, fn_slice),
	PURE("pg_array_append", 2, fn_append),
	PURE("pg_array_prepend", 2, fn_prepend),
	PURE("pg_array_cat", 2, fn_cat),
	PURE("pg_array_position", 2, fn_position),
	PURE("pg_array_position", 3, fn_position),
	PURE("pg_array_positions", 2, fn_positions),
	PURE("pg_array_remove", 2, fn_replace),
	PURE("pg_array_replace", 3, fn_replace),
	PURE("pg_array_dim", 3, fn_dim),
	PURE("pg_array_ndims", 1, fn_ndims),
	PURE("pg_array_dims", 1, fn_dims),
	PURE("pg_array_cardinality", 1, fn_cardinality),
	STABLE("pg_array_to_string", 3, fn_to_string),
	STABLE("pg_array_to_string", 4, fn_to_string),
	PURE("pg_string_to_array", 2, fn_from_string),
	PURE("pg_string_to_array", 3, fn_from_string),
	PURE("pg_array_contains", 2, fn_contains),
	PURE("pg_array_overlaps", 2, fn_overlaps),
	PURE("pg_trim_array", 2, fn_trim),
	PURE("pg_array_fill", 2, fn_fill),
	PURE("pg_array_fill", 3, fn_fill),
	PURE("pg_any", 4, fn_any),
	PURE("pg_all", 4, fn_all),
	STABLE("pg_array_convert", 4, fn_convert),
	PURE("pg_greatest", -1, fn_greatest),
	PURE("pg_least", -1, fn_least),
	{ 0 },
};

const struct func_impl array_impls[] = {
	{ 378, "array_append(anycompatiblearray,anycompatible)", FUNC_SCALAR,
	  "pg_array_append($1, $2)", FUNC_CHECKED },
	{ 379, "array_prepend(anycompatible,anycompatiblearray)", FUNC_SCALAR,
	  "pg_array_prepend($1, $2)", FUNC_CHECKED },
	{ 383, "array_cat(anycompatiblearray,anycompatiblearray)", FUNC_SCALAR,
	  "pg_array_cat($1, $2)", FUNC_CHECKED },
	{ 3277, "array_position(anycompatiblearray,anycompatible)", FUNC_SCALAR,
	  "pg_array_position($1, $2)", FUNC_CHECKED },
	{ 3278, "array_position(anycompatiblearray,anycompatible,integer)", FUNC_SCALAR,
	  "pg_array_position($1, $2, $3)", FUNC_CHECKED },
	{ 3279, "array_positions(anycompatiblearray,anycompatible)", FUNC_SCALAR,
	  "pg_array_positions($1, $2)", FUNC_CHECKED },
	{ 3167, "array_remove(anycompatiblearray,anycompatible)", FUNC_SCALAR,
	  "pg_array_remove($1, $2)", FUNC_CHECKED },
	{ 3168, "array_replace(anycompatiblearray,anycompatible,anycompatible)", FUNC_SCALAR,
	  "pg_array_replace($1, $2, $3)", 0 },
	{ 2091, "array_lower(anyarray,integer)", FUNC_SCALAR, "pg_array_dim($1, $2, 'l')", 0 },
	{ 2092, "array_upper(anyarray,integer)", FUNC_SCALAR, "pg_array_dim($1, $2, 'u')", 0 },
	{ 2176, "array_length(anyarray,integer)", FUNC_SCALAR, "pg_array_dim($1, $2, 'n')", 0 },
	{ 748, "array_ndims(anyarray)", FUNC_SCALAR, "pg_array_ndims($1)", 0 },
	{ 747, "array_dims(anyarray)", FUNC_SCALAR, "pg_array_dims($1)", 0 },
	{ 3179, "cardinality(anyarray)", FUNC_SCALAR, "pg_array_cardinality($1)", 0 },
	{ 395, "array_to_string(anyarray,text)", FUNC_SCALAR, "pg_array_to_string($1, #1, $2)", 0 },
	{ 384, "array_to_string(anyarray,text,text)", FUNC_SCALAR,
	  "pg_array_to_string($1, #1, $2, $3)", 0 },
	{ 394, "string_to_array(text,text)", FUNC_SCALAR, "pg_string_to_array($1, $2)", 0 },
	{ 376, "string_to_array(text,text,text)", FUNC_SCALAR,
	  "pg_string_to_array($1, $2, $3)", 0 },
	{ 2748, "arraycontains(anyarray,anyarray)", FUNC_SCALAR, "pg_array_contains($1, $2)", 0 },
	{ 2749, "arraycontained(anyarray,anyarray)", FUNC_SCALAR, "pg_array_contains($2, $1)", 0 },
	{ 2747, "arrayoverlap(anyarray,anyarray)", FUNC_SCALAR, "pg_array_overlaps($1, $2)", 0 },
	{ 6172, "trim_array(anyarray,integer)", FUNC_SCALAR, "pg_trim_array($1, $2)", FUNC_CHECKED },
	{ 1193, "array_fill(anyelement,integer[])", FUNC_SCALAR, "pg_array_fill($1, $2)", FUNC_CHECKED },
	{ 1286, "array_fill(anyelement,integer[],integer[])", FUNC_SCALAR,
	  "pg_array_fill($1, $2, $3)", FUNC_CHECKED },
	{ 515, "array_larger(anyarray,anyarray)", FUNC_SCALAR, "max($1, $2 COLLATE pg_key)", 0 },
	{ 516, "array_smaller(anyarray,anyarray)", FUNC_SCALAR, "min($1, $2 COLLATE pg_key)", 0 },
	{ 382, "btarraycmp(anyarray,anyarray)", FUNC_SCALAR,
	  "(($1 > $2 COLLATE pg_key) - ($1 < $2 COLLATE pg_key))", FUNC_COPIES },
	{ 40, "int2vectorin(cstring)", FUNC_SCALAR, "pg_in($1, 22)", 0 },
	{ 0 },
};
