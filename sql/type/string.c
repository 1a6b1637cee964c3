/*
 * string.c - text, varchar, bpchar, name, "char", bytea, uuid, bit
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/string.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "sql/type/impl.h"

bool utf8_check(const char *text, size_t len, struct sql_error *err)
{
	size_t valid = utf8_valid_len(text, len);
	char shown[20];

	if (valid == len)
		return true;
	utf8_describe(text + valid, len - valid, shown);
	return sql_error_set(err, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
			     "invalid byte sequence for encoding \"UTF8\": %s", shown);
}

size_t utf8_length(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

size_t utf8_prefix(const char *text, size_t len, size_t n_chars)
{
	size_t at = 0;

	while (at < len && n_chars > 0) {
		at++;
		while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
		n_chars--;
	}
	return at;
}

bool string_fit(oid_t type, int32_t typmod, bool is_explicit, const char *text, size_t *len,
		struct sql_error *err)
{
	size_t keep = *len;

	if (typmod >= 4 && *len > (size_t)typmod - 4) {
		size_t limit = (size_t)typmod - 4;

		keep = utf8_prefix(text, *len, limit);
		if (!is_explicit)
			for (size_t i = keep; i < *len; i++)
				if (text[i] != ' ')
					return sql_error_set(
						err, ERRCODE_STRING_TOO_LONG,
						"value too long for type %s(%zu)",
						type == BPCHAROID ? "character" : "character varying",
						limit);
	}
	if (type == BPCHAROID)
		while (keep > 0 && text[keep - 1] == ' ')
			keep--;
	*len = keep;
	return true;
}

static bool text_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (!utf8_check(in->data, in->len, err))
		return false;
	datum_set_text(out, in->data, in->len);
	return true;
}

static bool varchar_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	size_t len = in->len;

	if (!utf8_check(in->data, in->len, err) ||
	    !string_fit(in->type, in->typmod, false, in->data, &len, err))
		return false;
	datum_set_text(out, in->data, len);
	return true;
}

static bool name_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	size_t len = in->len;

	if (!utf8_check(in->data, in->len, err))
		return false;
	if (len > 63)
		for (len = 63; ((unsigned char)in->data[len] & 0xc0) == 0x80;)
			len--;
	datum_set_text(out, in->data, len);
	return true;
}

static bool char_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	(void)err;
	/* one byte; a text that holds half a character would not be UTF-8 */
	datum_set_text(out, in->data, in->len > 0 && (unsigned char)in->data[0] < 0x80 ? 1 : 0);
	return true;
}

static void put_hex(const struct datum *value, struct buf *out)
{
	char *at = buf_extend(out, 2 + 2 * value->len + 1);

	if (at == NULL)
		return;
	*at++ = '\\';
	*at++ = 'x';
	hex_encode(value->data, value->len, at);
	out->len--; /* its NUL */
}

/* A table of another program: SQLite lets any value into any column. */
static bool other_out(oid_t type, const struct datum *value, struct buf *out, struct sql_error *err)
{
	switch (value->kind) {
	case DATUM_INT:
		put_int(out, value->i);
		return true;
	case DATUM_REAL:
		buf_printf(out, "%.15g", value->r);
		return true;
	case DATUM_BLOB:
		put_hex(value, out);
		return true;
	default:
		return type_corrupt(type, err);
	}
}

static bool is_text(const struct datum *value)
{
	return value->len == 0 || (utf8_valid_len(value->data, value->len) == value->len &&
				   memchr(value->data, '\0', value->len) == NULL);
}

static bool text_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (LIKELY(value->kind == DATUM_TEXT) ||
	    (value->kind == DATUM_BLOB && (type == BYTEAOID || is_text(value))))
		buf_put(out, value->data, value->len);
	else
		return other_out(type, value, out, err);
	return true;
}

static bool char_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 1)
		return type_bad_binary(err);
	datum_set_text(out, in->data, in->data[0] != 0 && (unsigned char)in->data[0] < 0x80);
	return true;
}

static bool char_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_TEXT)
		return type_corrupt(type, err);
	buf_put_byte(out, value->len > 0 ? value->data[0] : '\0');
	return true;
}

static int hex_digit(char c)
{
	c = type_lower(c);
	return type_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(const char *text, size_t len, bool spaces, struct buf *out, struct sql_error *err)
{
	for (size_t i = 0; i < len;) {
		if (spaces && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r')) {
			i++;
			continue;
		}
		int hi = hex_digit(text[i]);
		if (hi < 0)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "invalid hexadecimal digit: \"%.*s\"",
					     (int)utf8_size(text[i]), text + i);
		if (i + 1 >= len)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "invalid hexadecimal data: odd number of digits");
		int lo = hex_digit(text[i + 1]);
		if (lo < 0)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "invalid hexadecimal digit: \"%.*s\"",
					     (int)utf8_size(text[i + 1]), text + i + 1);
		buf_put_byte(out, (char)(hi << 4 | lo));
		i += 2;
	}
	return true;
}

bool escape_read(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\') {
			buf_put_byte(out, text[i]);
		} else if (i + 1 < len && text[i + 1] == '\\') {
			buf_put_byte(out, '\\');
			i++;
		} else if (i + 3 < len && text[i + 1] >= '0' && text[i + 1] <= '3' &&
			   text[i + 2] >= '0' && text[i + 2] <= '7' && text[i + 3] >= '0' &&
			   text[i + 3] <= '7') {
			buf_put_byte(out, (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
						 (text[i + 3] - '0')));
			i += 3;
		} else {
			return false;
		}
	}
	return true;
}

static bool bytea_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct buf b = BUF_INIT(in->len + 16);
	bool ok;

	if (in->len >= 2 && in->data[0] == '\\' && in->data[1] == 'x') {
		ok = hex_read(in->data + 2, in->len - 2, true, &b, err);
	} else {
		ok = escape_read(in->data, in->len, &b);
		if (!ok)
			sql_error_set(err, ERRCODE_INVALID_TEXT, "invalid input syntax for type bytea");
	}
	if (ok) {
		char *copy = arena_memdup(in->ctx->arena, b.len > 0 ? b.data : "", b.len);

		ok = copy != NULL && !b.failed ? true : sql_error_no_memory(err);
		datum_set_blob(out, copy, b.len);
	}
	buf_free(&b);
	return ok;
}

static bool bytea_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	if (value->kind != DATUM_BLOB && value->kind != DATUM_TEXT)
		return type_corrupt(type, err);
	if (ctx->env->bytea_escape)
		escape_write(value->data, value->len, out);
	else
		put_hex(value, out);
	return true;
}

void escape_write(const char *data, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\\')
			buf_put(out, "\\\\", 2);
		else if (c < 0x20 || c > 0x7e)
			buf_printf(out, "\\%03o", c);
		else
			buf_put_byte(out, (char)c);
	}
}

static bool bytea_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	(void)err;
	datum_set_blob(out, in->data, in->len);
	return true;
}

static void uuid_put(const unsigned char bytes[16], char out[36])
{
	static const char hex[] = "0123456789abcdef";
	char *at = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[bytes[i] >> 4];
		*at++ = hex[bytes[i] & 15];
	}
}

/* Thirty-two digits, a dash after any four of them, braces around. */
static bool uuid_parse(const char *text, size_t len, unsigned char bytes[16])
{
	const char *p = text, *end = text + len;
	bool braces = p < end && *p == '{';

	if (braces)
		p++;
	for (int i = 0; i < 16; i++) {
		if (end - p < 2)
			return false;
		int hi = hex_digit(p[0]), lo = hex_digit(p[1]);
		if (hi < 0 || lo < 0)
			return false;
		bytes[i] = (unsigned char)(hi << 4 | lo);
		p += 2;
		if (p < end && *p == '-' && i % 2 == 1 && i < 15)
			p++;
	}
	if (braces && (p == end || *p++ != '}'))
		return false;
	return p == end;
}

static bool uuid_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	unsigned char bytes[16];
	char text[36];

	if (!uuid_parse(in->data, in->len, bytes))
		return type_bad_syntax(in, "uuid", err);
	uuid_put(bytes, text);
	return datum_copy_text(in->ctx, text, sizeof(text), out, err);
}

static bool uuid_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	char text[36];

	if (in->len != 16)
		return type_bad_binary(err);
	uuid_put((const unsigned char *)in->data, text);
	return datum_copy_text(in->ctx, text, sizeof(text), out, err);
}

static bool uuid_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	unsigned char bytes[16];

	(void)ctx;
	if (value->kind != DATUM_TEXT || !uuid_parse(value->data, value->len, bytes))
		return type_corrupt(type, err);
	buf_put(out, bytes, sizeof(bytes));
	return true;
}

bool bit_fit(oid_t type, int32_t typmod, bool is_explicit, const struct type_context *ctx,
	     struct datum *value, struct sql_error *err)
{
	if (typmod <= 0 || value->len == (size_t)typmod)
		return true;
	if (type == VARBITOID && value->len < (size_t)typmod)
		return true;
	if (!is_explicit) {
		if (type == VARBITOID)
			return sql_error_set(err, ERRCODE_STRING_TOO_LONG,
					     "bit string too long for type bit varying(%d)", typmod);
		return sql_error_set(err, "22026", "bit string length %zu does not match type bit(%d)",
				     value->len, typmod);
	}
	if (value->len > (size_t)typmod) {
		value->len = (size_t)typmod;
		return true;
	}
	char *padded = arena_alloc(ctx->arena, (size_t)typmod);
	if (padded == NULL)
		return sql_error_no_memory(err);
	memcpy(padded, value->data, value->len);
	memset(padded + value->len, '0', (size_t)typmod - value->len);
	datum_set_text(value, padded, (size_t)typmod);
	return true;
}

static bool bit_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	const char *text = in->data;
	size_t len = in->len;
	bool hex = false;

	if (len > 0 && (*text == 'b' || *text == 'B' || *text == 'x' || *text == 'X')) {
		hex = type_lower(*text) == 'x';
		text++;
		len--;
	}
	char *bits = arena_alloc(in->ctx->arena, len * 4 + 1);
	if (bits == NULL)
		return sql_error_no_memory(err);
	size_t n = 0;
	if (!hex && in->type == BITOID && in->typmod > 0 && len != (size_t)in->typmod)
		return sql_error_set(err, "22026", "bit string length %zu does not match type bit(%d)", len,
				     in->typmod);
	for (size_t i = 0; i < len; i++) {
		int v = hex_digit(text[i]);

		if (v < 0 || (!hex && v > 1))
			return sql_error_set(err, ERRCODE_INVALID_TEXT,
					     "\"%.*s\" is not a valid %s digit",
					     (int)utf8_size(text[i]), text + i,
					     hex ? "hexadecimal" : "binary");
		if (!hex)
			bits[n++] = (char)('0' + v);
		else
			for (int b = 3; b >= 0; b--)
				bits[n++] = (char)('0' + (v >> b & 1));
	}
	datum_set_text(out, bits, n);
	return bit_fit(in->type, in->typmod, false, in->ctx, out, err);
}

static bool bit_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len < 4)
		return type_bad_binary(err);
	uint32_t n = get_u32(in->data);
	if (n > INT32_MAX - 8 || (n + 7) / 8 != in->len - 4)
		return type_bad_binary(err);
	char *bits = arena_alloc(in->ctx->arena, (size_t)n + 1);
	if (bits == NULL)
		return sql_error_no_memory(err);
	for (uint32_t i = 0; i < n; i++)
		bits[i] = (char)('0' + ((unsigned char)in->data[4 + i / 8] >> (7 - i % 8) & 1));
	datum_set_text(out, bits, n);
	return bit_fit(in->type, in->typmod, false, in->ctx, out, err);
}

static bool bit_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_TEXT)
		return type_corrupt(type, err);
	buf_put_u32(out, (uint32_t)value->len);
	for (size_t i = 0; i < value->len; i += 8) {
		unsigned byte = 0;

		for (size_t b = 0; b < 8; b++)
			byte = byte << 1 | (i + b < value->len && value->data[i + b] == '1');
		buf_put_byte(out, (char)byte);
	}
	return true;
}

const struct type_ops string_types[] = {
	{ TEXTOID, "TEXT", text_in, text_out, text_in, text_out },
	{ VARCHAROID, "TEXT", varchar_in, text_out, varchar_in, text_out },
	{ BPCHAROID, "TEXT", varchar_in, text_out, varchar_in, text_out },
	{ NAMEOID, "TEXT", name_in, text_out, name_in, text_out },
	{ UNKNOWNOID, "TEXT", text_in, text_out, text_in, text_out },
	{ CSTRINGOID, "TEXT", text_in, text_out, text_in, text_out },
	{ REFCURSOROID, "TEXT", text_in, text_out, text_in, text_out },
	{ PG_NODE_TREEOID, "TEXT", text_in, text_out, text_in, text_out },
	{ ACLITEMOID, "TEXT", text_in, text_out, text_in, text_out },
	{ TIDOID, "TEXT", text_in, text_out, text_in, text_out },
	{ CHAROID, "TEXT", char_in, text_out, char_recv, char_send },
	{ BYTEAOID, "BLOB", bytea_in, bytea_out, bytea_recv, text_out },
	{ UUIDOID, "TEXT", uuid_in, text_out, uuid_recv, uuid_send },
	{ BITOID, "TEXT", bit_in, text_out, bit_recv, bit_send },
	{ VARBITOID, "TEXT", bit_in, text_out, bit_recv, bit_send },
	{ 0 },
};
