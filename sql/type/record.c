/*
 * record.c - rows as values
 *
 * FORMAT   an array (array.h) of the fields' types and values in turn, and a key text
 *    (key.h) of an empty key, whose payload is an array of JSON of the fields' names or
 *    nothing: JSON made of the record needs them, comparisons do not
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/array.h"
#include "sql/type/impl.h"

static bool record_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	(void)in, (void)out;
	return sql_error_set(err, ERRCODE_FEATURE_NOT_SUPPORTED,
			     "input of anonymous composite types is not implemented");
}

static bool record_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct buf text = BUF_INIT(1 << 30);
	struct array a;
	bool ok = array_decode(value, &arena, &a);

	if (!ok)
		type_corrupt(type, err);
	buf_put_byte(out, '(');
	for (size_t i = 0; ok && i + 1 < a.n; i += 2) {
		const struct datum *d = &a.elements[i + 1];

		if (i > 0)
			buf_put_byte(out, ',');
		if (d->kind == DATUM_NULL)
			continue;
		buf_reset(&text);
		ok = type_out(ctx, (oid_t)a.elements[i].i, d, &text, err);
		bool quote = text.len == 0;
		for (size_t k = 0; k < text.len; k++)
			quote |= text.data[k] == '"' || text.data[k] == '\\' || text.data[k] == '(' ||
				 text.data[k] == ')' || text.data[k] == ',' || type_is_space(text.data[k]);
		if (!quote) {
			buf_put(out, text.data, text.len);
			continue;
		}
		buf_put_byte(out, '"');
		for (size_t k = 0; k < text.len; k++) {
			if (text.data[k] == '"' || text.data[k] == '\\')
				buf_put_byte(out, text.data[k]);
			buf_put_byte(out, text.data[k]);
		}
		buf_put_byte(out, '"');
	}
	buf_put_byte(out, ')');
	buf_free(&text);
	arena_free(&arena);
	return ok;
}

static bool record_send(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct array a;
	bool ok = array_decode(value, &arena, &a);

	if (!ok)
		type_corrupt(type, err);
	buf_put_u32(out, ok ? (uint32_t)(a.n / 2) : 0);
	for (size_t i = 0; ok && i + 1 < a.n; i += 2) {
		buf_put_u32(out, (uint32_t)a.elements[i].i);
		size_t at = out->len;

		buf_put_u32(out, UINT32_MAX);
		if (a.elements[i + 1].kind == DATUM_NULL)
			continue;
		ok = type_send(ctx, (oid_t)a.elements[i].i, &a.elements[i + 1], out, err);
		if (!out->failed)
			set_u32(out->data + at, (uint32_t)(out->len - at - 4));
	}
	arena_free(&arena);
	return ok;
}

const struct type_ops record_types[] = {
	{ RECORDOID, KEY_STORAGE, record_in, record_out, record_in, record_send },
	{ 0 },
};
