/*
 * array.c - arrays: storage, text and binary forms
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/array.h"

#include "sql/pgcat.h"
#include "sql/type/float.h"
#include "sql/type/impl.h"
#include "sql/type/key.h"

void key_put_text(struct buf *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *one;

	while (p < end && (one = memchr(p, 1, (size_t)(end - p))) != NULL) {
		buf_put(out, p, (size_t)(one - p));
		buf_put(out, "\1\2", 2);
		p = one + 1;
	}
	buf_put(out, p, (size_t)(end - p));
	buf_put(out, "\1\1", 2);
}

bool key_get_text(const char **p, const char *end, struct arena *arena, const char **text, size_t *len)
{
	const char *start = *p, *at = start;
	size_t escapes = 0;

	for (;;) {
		at = memchr(at, 1, (size_t)(end - at));
		if (at == NULL || end - at < 2)
			return false;
		if (at[1] == 1)
			break;
		if (at[1] != 2)
			return false;
		escapes++;
		at += 2;
	}
	*p = at + 2;
	*len = (size_t)(at - start) - escapes;
	*text = start;
	if (escapes == 0)
		return true;
	char *copy = arena_alloc(arena, *len + 1);
	if (copy == NULL)
		return false;
	*text = copy;
	for (const char *c = start; c < at; c++) {
		*copy++ = *c;
		c += *c == 1;
	}
	return true;
}

static void key_put_double(struct buf *out, double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof(u));
	u = (u >> 63) != 0 ? ~u : u | UINT64_C(1) << 63;
	for (int shift = 60; shift >= 0; shift -= 6)
		buf_put_byte(out, (char)('0' + (u >> shift & 63)));
}

static bool key_get_double(const char **p, const char *end, double *v)
{
	uint64_t u = 0;

	if (end - *p < 11)
		return false;
	for (int i = 0; i < 11; i++)
		u = u << 6 | (uint64_t)((*p)[i] - '0');
	*p += 11;
	u = (u >> 63) != 0 ? u & ~(UINT64_C(1) << 63) : ~u;
	memcpy(v, &u, sizeof(u));
	return true;
}

void key_put_datum(struct buf *out, const struct datum *d)
{
	struct key_parts parts;

	switch (d->kind) {
	case DATUM_NULL:
		buf_put_byte(out, 'z');
		return;
	case DATUM_INT:
		buf_put_byte(out, 'i');
		key_put_int(out, d->i);
		return;
	case DATUM_REAL:
		buf_put_byte(out, 'r');
		key_put_double(out, d->r);
		return;
	case DATUM_TEXT:
		if (key_split(d->data, d->len, &parts)) {
			buf_put_byte(out, 'k');
			key_put_text(out, parts.key, parts.key_len);
		} else {
			buf_put_byte(out, 't');
			key_put_text(out, d->data, d->len);
		}
		return;
	case DATUM_BLOB:
		buf_put_byte(out, 'b');
		char *hex = buf_extend(out, 2 * d->len + 1);
		if (hex != NULL) {
			hex_encode(d->data, d->len, hex);
			out->len--;
		}
		buf_put(out, "\1\1", 2);
		return;
	}
}

void array_encode(struct buf *out, const struct array *a)
{
	struct buf payload = BUF_INIT(1 << 30);

	buf_put_byte(out, KEY_MARK);
	for (size_t i = 0; i < a->n; i++) {
		struct key_parts parts;

		key_put_datum(out, &a->elements[i]);
		if (a->elements[i].kind == DATUM_TEXT &&
		    key_split(a->elements[i].data, a->elements[i].len, &parts) && parts.payload_len > 0) {
			key_put_int(&payload, (int64_t)i);
			key_put_int(&payload, (int64_t)parts.payload_len);
			buf_put(&payload, parts.payload, parts.payload_len);
		}
	}
	buf_put_byte(out, '!');
	key_put_int(out, a->n_dims);
	for (int i = 0; i < a->n_dims; i++) {
		key_put_int(out, a->dims[i]);
		key_put_int(out, a->lower[i]);
	}
	key_finish(out, payload.data, payload.len);
	out->failed |= payload.failed;
	buf_free(&payload);
}

/* One element; a key text without its payload yet. */
static bool get_element(const char **p, const char *end, struct arena *arena, struct datum *d)
{
	char tag = *(*p)++;

	switch (tag) {
	case 'z':
		datum_set_null(d);
		return true;
	case 'i':
		d->kind = DATUM_INT;
		return key_get_int(p, end, &d->i);
	case 'r':
		d->kind = DATUM_REAL;
		return key_get_double(p, end, &d->r);
	case 't':
	case 'k':
	case 'b':
		d->kind = DATUM_TEXT;
		if (!key_get_text(p, end, arena, &d->data, &d->len))
			return false;
		break;
	default:
		return false;
	}
	if (tag == 'k') {
		/* mark, key, and the trailer of an empty payload */
		char *text = arena_alloc(arena, d->len + 2);

		if (text == NULL)
			return false;
		text[0] = KEY_MARK;
		memcpy(text + 1, d->data, d->len);
		text[d->len + 1] = '0';
		d->data = text;
		d->len += 2;
	} else if (tag == 'b') {
		char *bytes = arena_alloc(arena, d->len / 2 + 1);

		if (bytes == NULL || !hex_decode(d->data, d->len, bytes))
			return false;
		datum_set_blob(d, bytes, d->len / 2);
	}
	return true;
}

static bool add_payloads(struct key_parts *parts, struct arena *arena, struct array *a)
{
	const char *p = parts->payload, *end = p + parts->payload_len;

	while (p < end) {
		int64_t index, len;
		struct buf b = BUF_INIT(1 << 30);

		if (!key_get_int(&p, end, &index) || !key_get_int(&p, end, &len) || index < 0 ||
		    (uint64_t)index >= a->n || len < 0 || len > end - p)
			return false;
		struct datum *d = &a->elements[index];
		if (d->kind != DATUM_TEXT || d->len < 2)
			return false;
		buf_put(&b, d->data, d->len - 1);
		key_finish(&b, p, (size_t)len);
		p += len;
		char *copy = b.failed ? NULL : arena_memdup(arena, b.data, b.len);
		d->data = copy;
		d->len = b.len;
		buf_free(&b);
		if (copy == NULL)
			return false;
	}
	return true;
}

bool array_decode(const struct datum *d, struct arena *arena, struct array *out)
{
	struct key_parts parts;
	size_t room = 0;
	int64_t v;

	*out = (struct array){ 0 };
	if (d->kind != DATUM_TEXT || !key_split(d->data, d->len, &parts))
		return false;
	const char *p = parts.key, *end = parts.key + parts.key_len;
	while (p < end && *p != '!') {
		if (out->n == room) {
			size_t more = room == 0 ? 16 : room * 2;
			struct datum *grown = arena_alloc(arena, more * sizeof(*grown));

			if (grown == NULL)
				return false;
			if (room > 0)
				memcpy(grown, out->elements, room * sizeof(*grown));
			out->elements = grown;
			room = more;
		}
		if (!get_element(&p, end, arena, &out->elements[out->n++]))
			return false;
	}
	if (p == end)
		return false;
	p++;
	if (!key_get_int(&p, end, &v) || v < 0 || v > ARRAY_MAX_DIMS)
		return false;
	out->n_dims = (int)v;
	for (int i = 0; i < out->n_dims; i++) {
		if (!key_get_int(&p, end, &v))
			return false;
		out->dims[i] = (int32_t)v;
		if (!key_get_int(&p, end, &v))
			return false;
		out->lower[i] = (int32_t)v;
	}
	return p == end && add_payloads(&parts, arena, out);
}

void array_set_list(struct array *a, struct datum *elements, size_t n)
{
	a->n_dims = n > 0;
	a->dims[0] = (int32_t)n;
	a->lower[0] = 1;
	a->n = n;
	a->elements = elements;
}

static bool malformed(const char *text, size_t len, struct sql_error *err, const char *detail)
{
	sql_error_set(err, ERRCODE_INVALID_TEXT, "malformed array literal: \"%.*s\"", (int)len, text);
	if (detail != NULL)
		sql_error_detail(err, "%s", detail);
	return false;
}

struct array_parser {
	const char *text;
	size_t len;
	const char *p, *end;
	const struct type_context *ctx;
	oid_t element;
	int32_t typmod;
	char delimiter;
	struct array *out;
	size_t room;
	int depth_of_elements; /* 0: not known yet */
	struct buf scratch;
	struct sql_error *err;
};

static bool add_element(struct array_parser *s, const struct datum *d)
{
	struct array *a = s->out;

	if (a->n == s->room) {
		size_t more = s->room == 0 ? 16 : s->room * 2;
		struct datum *grown = arena_alloc(s->ctx->arena, more * sizeof(*grown));

		if (grown == NULL)
			return sql_error_no_memory(s->err);
		if (s->room > 0)
			memcpy(grown, a->elements, s->room * sizeof(*grown));
		a->elements = grown;
		s->room = more;
	}
	a->elements[a->n++] = *d;
	return true;
}

static void skip_space(struct array_parser *s)
{
	while (s->p < s->end && type_is_space(*s->p))
		s->p++;
}

static bool parse_item(struct array_parser *s)
{
	bool quoted = false, escaped = false;
	struct datum d;
	size_t keep = 0; /* blanks at the end of what was not quoted do not count */

	buf_reset(&s->scratch);
	while (s->p < s->end) {
		char c = *s->p;

		if (c == '"') {
			if (quoted || s->scratch.len > 0)
				return malformed(s->text, s->len, s->err, "Incorrectly quoted array element.");
			quoted = true;
			for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
				if (*s->p == '\\' && ++s->p == s->end)
					break;
				buf_put_byte(&s->scratch, *s->p);
			}
			if (s->p == s->end)
				return malformed(s->text, s->len, s->err, "Unexpected end of input.");
			s->p++;
			keep = s->scratch.len;
			continue;
		}
		if (c == s->delimiter || c == '}')
			break;
		if (c == '{')
			return malformed(s->text, s->len, s->err, "Unexpected \"{\" character.");
		if (quoted && !type_is_space(c))
			return malformed(s->text, s->len, s->err, "Incorrectly quoted array element.");
		if (c == '\\') {
			if (++s->p == s->end)
				return malformed(s->text, s->len, s->err, "Unexpected end of input.");
			escaped = true;
			buf_put_byte(&s->scratch, *s->p++);
			keep = s->scratch.len;
			continue;
		}
		if (!quoted) {
			buf_put_byte(&s->scratch, c);
			if (!type_is_space(c))
				keep = s->scratch.len;
		}
		s->p++;
	}
	if (s->p == s->end)
		return malformed(s->text, s->len, s->err, "Unexpected end of input.");
	if (keep == 0 && !quoted) {
		char detail[40];

		snprintf(detail, sizeof(detail), "Unexpected \"%c\" character.", *s->p);
		return malformed(s->text, s->len, s->err, detail);
	}
	if (s->scratch.failed)
		return sql_error_no_memory(s->err);
	if (!quoted && !escaped && keep == 4 && type_word_is(s->scratch.data, 4, "null")) {
		datum_set_null(&d);
		return add_element(s, &d);
	}
	/* what the value borrows must outlive the scratch buffer */
	char *copy = arena_memdup(s->ctx->arena, keep > 0 ? s->scratch.data : "", keep);
	if (copy == NULL)
		return sql_error_no_memory(s->err);
	return type_in(s->ctx, s->element, s->typmod, copy, keep, &d, s->err) && add_element(s, &d);
}

static bool parse_level(struct array_parser *s, int depth)
{
	int32_t count = 0;

	if (depth > ARRAY_MAX_DIMS)
		return sql_error_set(s->err, ERRCODE_PROGRAM_LIMIT,
				     "number of array dimensions (%d) exceeds the maximum allowed (%d)",
				     depth, ARRAY_MAX_DIMS);
	s->p++; /* the brace */
	skip_space(s);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
		if (depth == 1) {
			s->out->n_dims = 0;
			return true;
		}
		return malformed(s->text, s->len, s->err, "Unexpected \"}\" character.");
	}
	if (depth > s->out->n_dims) {
		if (s->depth_of_elements != 0)
			return malformed(s->text, s->len, s->err,
					 "Multidimensional arrays must have sub-arrays with matching dimensions.");
		s->out->n_dims = depth;
		s->out->dims[depth - 1] = -1;
		s->out->lower[depth - 1] = 1;
	}
	for (;;) {
		skip_space(s);
		if (s->p == s->end)
			return malformed(s->text, s->len, s->err, "Unexpected end of input.");
		if (*s->p == '{') {
			if (s->depth_of_elements != 0 && depth >= s->depth_of_elements)
				return malformed(s->text, s->len, s->err, "Unexpected \"{\" character.");
			if (!parse_level(s, depth + 1))
				return false;
		} else {
			if (s->depth_of_elements == 0)
				s->depth_of_elements = depth;
			if (s->depth_of_elements != depth)
				return malformed(s->text, s->len, s->err,
						 "Multidimensional arrays must have sub-arrays with matching dimensions.");
			if (!parse_item(s))
				return false;
		}
		count++;
		skip_space(s);
		if (s->p == s->end)
			return malformed(s->text, s->len, s->err, "Unexpected end of input.");
		if (*s->p == s->delimiter) {
			s->p++;
			continue;
		}
		if (*s->p == '}')
			break;
		return malformed(s->text, s->len, s->err, "Unexpected array element.");
	}
	s->p++;
	if (s->out->dims[depth - 1] < 0)
		s->out->dims[depth - 1] = count;
	else if (s->out->dims[depth - 1] != count)
		return malformed(s->text, s->len, s->err,
				 "Multidimensional arrays must have sub-arrays with matching dimensions.");
	return true;
}

/* [1:3][0:1]= */
static bool parse_bounds(struct array_parser *s, struct array *bounds)
{
	while (s->p < s->end && *s->p == '[') {
		int64_t v[2] = { 1, 0 };
		int n = 0;

		if (bounds->n_dims == ARRAY_MAX_DIMS)
			return sql_error_set(s->err, ERRCODE_PROGRAM_LIMIT,
					     "number of array dimensions (%d) exceeds the maximum allowed (%d)",
					     bounds->n_dims + 1, ARRAY_MAX_DIMS);
		s->p++;
		for (;;) {
			bool negative = false;
			const char *start;

			if (s->p < s->end && (*s->p == '-' || *s->p == '+'))
				negative = *s->p++ == '-';
			start = s->p;
			for (v[n] = 0; s->p < s->end && type_is_digit(*s->p); s->p++)
				if (v[n] <= INT32_MAX)
					v[n] = v[n] * 10 + (*s->p - '0');
			if (s->p == start)
				return malformed(s->text, s->len, s->err, "\"[\" must introduce explicitly-specified array dimensions.");
			if (negative)
				v[n] = -v[n];
			if (n == 0 && s->p < s->end && *s->p == ':') {
				s->p++;
				n = 1;
				continue;
			}
			break;
		}
		if (n == 0) {
			v[1] = v[0];
			v[0] = 1;
		}
		if (s->p == s->end || *s->p != ']')
			return malformed(s->text, s->len, s->err, "Missing \"]\" after array dimensions.");
		s->p++;
		if (v[1] < v[0])
			return sql_error_set(s->err, ERRCODE_ARRAY_SUBSCRIPT,
					     "upper bound cannot be less than lower bound");
		if (v[0] < INT32_MIN || v[1] >= INT32_MAX || v[1] - v[0] >= ARRAY_MAX_ELEMENTS)
			return sql_error_set(s->err, ERRCODE_PROGRAM_LIMIT,
					     "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ELEMENTS - 1);
		bounds->lower[bounds->n_dims] = (int32_t)v[0];
		bounds->dims[bounds->n_dims++] = (int32_t)(v[1] - v[0] + 1);
	}
	if (bounds->n_dims == 0)
		return true;
	skip_space(s);
	if (s->p == s->end || *s->p != '=')
		return malformed(s->text, s->len, s->err, "Missing \"=\" after array dimensions.");
	s->p++;
	skip_space(s);
	return true;
}

bool array_in_text(const char *text, size_t len, oid_t element, int32_t typmod, char delimiter,
		   const void *type_context, struct array *out, struct sql_error *err)
{
	struct array_parser s = { .text = text, .len = len, .p = text, .end = text + len,
				  .ctx = type_context, .element = element, .typmod = typmod,
				  .delimiter = delimiter, .out = out, .scratch = BUF_INIT(1 << 30),
				  .err = err };
	struct array bounds = { 0 };
	bool ok = false;

	*out = (struct array){ 0 };
	skip_space(&s);
	if (!parse_bounds(&s, &bounds))
		goto out;
	if (s.p == s.end || *s.p != '{') {
		malformed(text, len, err,
			  bounds.n_dims > 0 ? "Array contents must start with \"{\"."
					    : "Array value must start with \"{\" or dimension information.");
		goto out;
	}
	if (!parse_level(&s, 1))
		goto out;
	skip_space(&s);
	if (s.p != s.end) {
		malformed(text, len, err, "Junk after closing right brace.");
		goto out;
	}
	if (bounds.n_dims > 0) {
		bool same = bounds.n_dims == out->n_dims;

		for (int i = 0; same && i < out->n_dims; i++)
			same = bounds.dims[i] == out->dims[i];
		if (!same) {
			malformed(text, len, err,
				  "Specified array dimensions do not match array contents.");
			goto out;
		}
		memcpy(out->lower, bounds.lower, sizeof(bounds.lower));
	}
	ok = true;
out:
	buf_free(&s.scratch);
	return ok;
}

static bool finish(const struct type_context *ctx, const struct array *a, struct datum *out,
		   struct sql_error *err)
{
	struct buf b = BUF_INIT(1 << 30);
	bool ok;

	array_encode(&b, a);
	ok = b.failed ? sql_error_no_memory(err) : datum_copy_text(ctx, b.data, b.len, out, err);
	buf_free(&b);
	return ok;
}

static char delimiter_of(oid_t element)
{
	const struct pg_type_row *row = pgcat_type(element);

	return row != NULL ? row->typdelim : ',';
}

static bool array_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	oid_t element = pgcat_element_type(in->type);
	struct array a;

	return array_in_text(in->data, in->len, element, in->typmod, delimiter_of(element), in->ctx, &a,
			     err) &&
	       finish(in->ctx, &a, out, err);
}

static bool needs_quotes(const char *p, size_t len, char delimiter)
{
	if (len == 0 || (len == 4 && type_word_is(p, len, "null")))
		return true;
	for (size_t i = 0; i < len; i++)
		if (p[i] == '"' || p[i] == '\\' || p[i] == '{' || p[i] == '}' || p[i] == delimiter ||
		    type_is_space(p[i]))
			return true;
	return false;
}

static bool put_element(const struct type_context *ctx, oid_t element, char delimiter,
			const struct datum *d, struct buf *scratch, struct buf *out,
			struct sql_error *err)
{
	if (d->kind == DATUM_NULL) {
		buf_put(out, "NULL", 4);
		return true;
	}
	buf_reset(scratch);
	if (!type_out(ctx, element, d, scratch, err))
		return false;
	const char *p = scratch->len > 0 ? scratch->data : "";
	if (!needs_quotes(p, scratch->len, delimiter)) {
		buf_put(out, p, scratch->len);
		return true;
	}
	buf_put_byte(out, '"');
	for (size_t i = 0; i < scratch->len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			buf_put_byte(out, '\\');
		buf_put_byte(out, p[i]);
	}
	buf_put_byte(out, '"');
	return true;
}

static bool array_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	oid_t element = pgcat_element_type(type);
	char delimiter = delimiter_of(element);
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct buf scratch = BUF_INIT(1 << 30);
	struct array a;
	bool ok = false, bounds = false;

	if (!array_decode(value, &arena, &a)) {
		type_corrupt(type, err);
		goto out;
	}
	if (a.n_dims == 0) {
		buf_put(out, "{}", 2);
		ok = true;
		goto out;
	}
	for (int i = 0; i < a.n_dims; i++)
		bounds |= a.lower[i] != 1;
	if (bounds) {
		for (int i = 0; i < a.n_dims; i++)
			buf_printf(out, "[%d:%d]", a.lower[i], a.lower[i] + a.dims[i] - 1);
		buf_put_byte(out, '=');
	}
	int32_t at[ARRAY_MAX_DIMS] = { 0 };
	for (int i = 0; i < a.n_dims; i++)
		buf_put_byte(out, '{');
	for (size_t n = 0; n < a.n; n++) {
		if (!put_element(ctx, element, delimiter, &a.elements[n], &scratch, out, err))
			goto out;
		int dim = a.n_dims - 1;
		while (dim >= 0 && ++at[dim] == a.dims[dim]) {
			at[dim--] = 0;
			buf_put_byte(out, '}');
		}
		if (dim < 0)
			break;
		buf_put_byte(out, delimiter);
		for (int i = dim + 1; i < a.n_dims; i++)
			buf_put_byte(out, '{');
	}
	ok = true;
out:
	buf_free(&scratch);
	arena_free(&arena);
	return ok;
}

static bool array_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	oid_t element = pgcat_element_type(in->type);
	const char *p = in->data, *end = p + in->len;
	struct array a = { 0 };
	int64_t n = 1;

	if (in->len < 12)
		return type_bad_binary(err);
	uint32_t n_dims = get_u32(p), sent = get_u32(p + 8);
	if (n_dims > ARRAY_MAX_DIMS)
		return sql_error_set(err, ERRCODE_PROGRAM_LIMIT,
				     "number of array dimensions (%d) exceeds the maximum allowed (%d)",
				     (int)n_dims, ARRAY_MAX_DIMS);
	if (get_u32(p + 4) > 1)
		return sql_error_set(err, ERRCODE_INVALID_BINARY, "invalid array flags");
	if (sent != element)
		return sql_error_set(err, ERRCODE_DATATYPE_MISMATCH,
				     "binary data has array element type %u instead of expected %u", sent,
				     element);
	p += 12;
	a.n_dims = (int)n_dims;
	for (int i = 0; i < a.n_dims; i++, p += 8) {
		if (end - p < 8)
			return type_bad_binary(err);
		a.dims[i] = (int32_t)get_u32(p);
		a.lower[i] = (int32_t)get_u32(p + 4);
		if (a.dims[i] < 0 || (int64_t)a.lower[i] + a.dims[i] > INT32_MAX)
			return type_bad_binary(err);
		n *= a.dims[i];
		if (n > ARRAY_MAX_ELEMENTS)
			return sql_error_set(err, ERRCODE_PROGRAM_LIMIT,
					     "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ELEMENTS - 1);
	}
	if (a.n_dims == 0 || n == 0) {
		a.n_dims = 0;
		return p == end ? finish(in->ctx, &a, out, err) : type_bad_binary(err);
	}
	if (n > (end - p) / 4)
		return type_bad_binary(err);
	a.elements = arena_alloc(in->ctx->arena, (size_t)n * sizeof(*a.elements));
	if (a.elements == NULL)
		return sql_error_no_memory(err);
	for (a.n = 0; a.n < (size_t)n; a.n++) {
		if (end - p < 4)
			return type_bad_binary(err);
		int32_t len = (int32_t)get_u32(p);
		p += 4;
		if (len == -1) {
			datum_set_null(&a.elements[a.n]);
			continue;
		}
		if (len < 0 || len > end - p)
			return type_bad_binary(err);
		if (!type_recv(in->ctx, element, in->typmod, p, (size_t)len, &a.elements[a.n], err))
			return false;
		p += len;
	}
	return p == end ? finish(in->ctx, &a, out, err) : type_bad_binary(err);
}

static bool array_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	oid_t element = pgcat_element_type(type);
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct array a;
	bool ok = false, nulls = false;

	if (!array_decode(value, &arena, &a)) {
		type_corrupt(type, err);
		goto out;
	}
	for (size_t i = 0; i < a.n; i++)
		nulls |= a.elements[i].kind == DATUM_NULL;
	buf_put_u32(out, (uint32_t)a.n_dims);
	buf_put_u32(out, nulls);
	buf_put_u32(out, element);
	for (int i = 0; i < a.n_dims; i++) {
		buf_put_u32(out, (uint32_t)a.dims[i]);
		buf_put_u32(out, (uint32_t)a.lower[i]);
	}
	for (size_t i = 0; i < a.n; i++) {
		size_t at = out->len;

		buf_put_u32(out, UINT32_MAX);
		if (a.elements[i].kind == DATUM_NULL)
			continue;
		if (!type_send(ctx, element, &a.elements[i], out, err))
			goto out;
		if (!out->failed)
			set_u32(out->data + at, (uint32_t)(out->len - at - 4));
	}
	ok = true;
out:
	arena_free(&arena);
	return ok;
}

/* int2vector, oidvector: numbers with blanks between, from 0. */
static bool vector_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	oid_t element = in->type == INT2VECTOROID ? INT2OID : OIDOID;
	const char *p = in->data, *end = p + in->len;
	struct array a = { .n_dims = 1 };

	a.elements = arena_alloc(in->ctx->arena, (in->len / 2 + 1) * sizeof(*a.elements));
	if (a.elements == NULL)
		return sql_error_no_memory(err);
	for (;;) {
		const char *start;

		while (p < end && type_is_space(*p))
			p++;
		if (p == end)
			break;
		for (start = p; p < end && !type_is_space(*p);)
			p++;
		if (!type_in(in->ctx, element, -1, start, (size_t)(p - start), &a.elements[a.n], err))
			return false;
		a.n++;
	}
	a.dims[0] = (int32_t)a.n;
	return finish(in->ctx, &a, out, err);
}

static bool vector_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct array a;
	bool ok = array_decode(value, &arena, &a);

	(void)ctx;
	if (!ok)
		type_corrupt(type, err);
	for (size_t i = 0; ok && i < a.n; i++) {
		if (i > 0)
			buf_put_byte(out, ' ');
		put_int(out, a.elements[i].i);
	}
	arena_free(&arena);
	return ok;
}

const struct type_ops array_type_ops = { 0, KEY_STORAGE, array_in, array_out, array_recv, array_send };
const struct type_ops vector_type_ops = { 0, KEY_STORAGE, vector_in, vector_out, array_recv, array_send };
