/*
 * integer.c - bool, int2, int4, int8, oid and what is stored like them
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/impl.h"

void put_int(struct buf *out, int64_t v)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do {
		*--at = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v < 0)
		*--at = '-';
	buf_put(out, at, (size_t)(digits + sizeof(digits) - at));
}

static const char *integer_name(oid_t type)
{
	return type == INT2OID ? "smallint" : type == INT4OID ? "integer" : "bigint";
}

static bool integer_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	const char *p = in->data, *end = in->data + in->len;
	uint64_t v = 0;
	bool negative = false, overflow = false;

	while (p < end && type_is_space(*p))
		p++;
	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (p == end || !type_is_digit(*p))
		return type_bad_syntax(in, integer_name(in->type), err);
	for (; p < end && type_is_digit(*p); p++)
		overflow |= __builtin_mul_overflow(v, (uint64_t)10, &v) ||
			    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v);
	while (p < end && type_is_space(*p))
		p++;
	if (p != end)
		return type_bad_syntax(in, integer_name(in->type), err);
	uint64_t max = in->type == INT2OID ? INT16_MAX
		     : in->type == INT4OID ? INT32_MAX : INT64_MAX;
	if (overflow || v > max + (negative ? 1 : 0))
		return type_out_of_range(in, integer_name(in->type), err);
	datum_set_int(out, negative ? (int64_t)(0 - v) : (int64_t)v);
	return true;
}

static bool integer_out(const struct type_context *ctx, oid_t type, const struct datum *value,
			struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (UNLIKELY(value->kind != DATUM_INT))
		return type_corrupt(type, err);
	put_int(out, value->i);
	return true;
}

static bool int2_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 2)
		return type_bad_binary(err);
	datum_set_int(out, (int16_t)get_u16(in->data));
	return true;
}

static bool int4_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 4)
		return type_bad_binary(err);
	datum_set_int(out, (int32_t)get_u32(in->data));
	return true;
}

static bool int8_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 8)
		return type_bad_binary(err);
	datum_set_int(out, (int64_t)get_u64(in->data));
	return true;
}

static bool int2_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT || value->i != (int16_t)value->i)
		return type_corrupt(type, err);
	buf_put_u16(out, (uint16_t)value->i);
	return true;
}

static bool int4_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT || value->i != (int32_t)value->i)
		return type_corrupt(type, err);
	buf_put_u32(out, (uint32_t)value->i);
	return true;
}

static bool int8_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	buf_put_u64(out, (uint64_t)value->i);
	return true;
}

static const char *unsigned_name(oid_t type)
{
	return type == XIDOID ? "xid" : type == CIDOID ? "cid" : type == XID8OID ? "xid8" : "oid";
}

/* As strtoul() reads it: -1 is the greatest. */
static bool oid_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	const char *p = in->data, *end = in->data + in->len;
	uint64_t v = 0;
	bool negative = false, overflow = false;

	while (p < end && type_is_space(*p))
		p++;
	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	if (p == end || !type_is_digit(*p))
		return type_bad_syntax(in, unsigned_name(in->type), err);
	for (; p < end && type_is_digit(*p); p++)
		overflow |= __builtin_mul_overflow(v, (uint64_t)10, &v) ||
			    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v);
	while (p < end && type_is_space(*p))
		p++;
	if (p != end)
		return type_bad_syntax(in, unsigned_name(in->type), err);
	if (overflow || (negative ? v > (uint64_t)INT32_MAX + 1 : v > UINT32_MAX))
		return type_out_of_range(in, unsigned_name(in->type), err);
	datum_set_int(out, (int64_t)(uint32_t)(negative ? 0 - v : v));
	return true;
}

static bool oid_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 4)
		return type_bad_binary(err);
	datum_set_int(out, get_u32(in->data));
	return true;
}

static bool oid_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT || value->i != (uint32_t)value->i)
		return type_corrupt(type, err);
	buf_put_u32(out, (uint32_t)value->i);
	return true;
}

static bool xid8_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct type_input number = *in;

	number.type = INT8OID;
	if (!integer_in(&number, out, err))
		return type_bad_syntax(in, "xid8", err);
	return true;
}

static bool pg_lsn_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	uint64_t part[2] = { 0, 0 };
	size_t digits = 0, which = 0;

	for (size_t i = 0; i < in->len; i++) {
		char c = type_lower(in->data[i]);

		if (c == '/' && which == 0 && digits > 0) {
			which = 1;
			digits = 0;
			continue;
		}
		if (!(type_is_digit(c) || (c >= 'a' && c <= 'f')) || ++digits > 8)
			return type_bad_syntax(in, "pg_lsn", err);
		part[which] = part[which] << 4 | (uint64_t)(type_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	if (which == 0 || digits == 0)
		return type_bad_syntax(in, "pg_lsn", err);
	datum_set_int(out, (int64_t)(part[0] << 32 | part[1]));
	return true;
}

static bool pg_lsn_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	buf_printf(out, "%X/%X", (unsigned)((uint64_t)value->i >> 32), (unsigned)(uint32_t)value->i);
	return true;
}

/* Any unambiguous beginning of true, false, yes, no, on, off; 1, 0. */
static bool bool_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	static const struct {
		const char *word;
		size_t least;
		bool value;
	} words[] = { { "true", 1, true }, { "false", 1, false }, { "yes", 1, true },
		      { "no", 1, false },  { "on", 2, true },	  { "off", 2, false },
		      { "1", 1, true },	   { "0", 1, false } };
	const char *text = in->data;
	size_t len = in->len;

	type_trim(&text, &len);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t j = 0;

		if (len < words[i].least || len > strlen(words[i].word))
			continue;
		while (j < len && type_lower(text[j]) == words[i].word[j])
			j++;
		if (j == len) {
			datum_set_int(out, words[i].value);
			return true;
		}
	}
	return type_bad_syntax(in, "boolean", err);
}

static bool bool_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	buf_put_byte(out, value->i != 0 ? 't' : 'f');
	return true;
}

static bool bool_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	if (in->len != 1)
		return type_bad_binary(err);
	datum_set_int(out, in->data[0] != 0);
	return true;
}

static bool bool_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_INT)
		return type_corrupt(type, err);
	buf_put_byte(out, value->i != 0);
	return true;
}

/* Nobody reads void, and its text is empty. */
static bool void_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx, (void)type, (void)value, (void)out, (void)err;
	return true;
}

static bool void_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	(void)in, (void)err;
	datum_set_text(out, "", 0);
	return true;
}

const struct type_ops integer_types[] = {
	{ BOOLOID, "INTEGER", bool_in, bool_out, bool_recv, bool_send },
	{ INT2OID, "INTEGER", integer_in, integer_out, int2_recv, int2_send },
	{ INT4OID, "INTEGER", integer_in, integer_out, int4_recv, int4_send },
	{ INT8OID, "INTEGER", integer_in, integer_out, int8_recv, int8_send },
	{ OIDOID, "INTEGER", oid_in, integer_out, oid_recv, oid_send },
	{ XIDOID, "INTEGER", oid_in, integer_out, oid_recv, oid_send },
	{ CIDOID, "INTEGER", oid_in, integer_out, oid_recv, oid_send },
	{ XID8OID, "INTEGER", xid8_in, integer_out, int8_recv, int8_send },
	{ PG_LSNOID, "INTEGER", pg_lsn_in, pg_lsn_out, int8_recv, int8_send },
	{ VOIDOID, "TEXT", void_in, void_out, void_in, void_out },
	{ 0 },
};
