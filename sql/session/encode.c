/*
 * encode.c - values to the client and from it
 *
 * The common types go straight between SQLite and the client's buffer; all the
 * others go through type_out() and its kin.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "sql/session/session.h"

/* ---- UTF-8 ---- */

/* Length of the valid sequence at p, or 0. */
static size_t sequence(const unsigned char *p, size_t left)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	if (p[0] < 0xC2 || p[0] > 0xF4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

bool text_check(const char *text, size_t len, struct sql_error *err)
{
	const unsigned char *p = (const unsigned char *)text;
	const uint64_t high = 0x8080808080808080, low = 0x0101010101010101;
	size_t i = 0;

	while (i < len) {
		uint64_t eight;

		if (len - i >= 8) {
			memcpy(&eight, p + i, 8);
			/* no byte of 128 and more, and none that is zero */
			if (((eight | (eight - low)) & high) == 0) {
				i += 8;
				continue;
			}
		}
		size_t n = p[i] == 0 ? 0 : sequence(p + i, len - i);
		if (n == 0) {
			char bytes[32] = "";
			size_t show = (p[i] & 0xF8) == 0xF0 ? 4 :
				      (p[i] & 0xF0) == 0xE0 ? 3 :
				      (p[i] & 0xE0) == 0xC0 ? 2 : 1;

			for (size_t j = 0; j < show && i + j < len; j++) {
				size_t at = strlen(bytes);

				snprintf(bytes + at, sizeof(bytes) - at, "%s0x%02x", j > 0 ? " " : "",
					 p[i + j]);
			}
			return sql_error_set(err, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
					     "invalid byte sequence for encoding \"UTF8\": %s", bytes);
		}
		i += n;
	}
	return true;
}

int text_position(const char *text, int byte_offset)
{
	int chars = 1;

	for (int i = 0; i < byte_offset && text[i] != '\0'; i++)
		if (((unsigned char)text[i] & 0xC0) != 0x80)
			chars++;
	/* the loop counted the character that the offset stands after */
	return chars;
}

/* ---- to the client ---- */

enum column_path column_path_of(oid_t type)
{
	switch (type) {
	case INT2OID:
		return PATH_INT2;
	case INT4OID:
		return PATH_INT4;
	case INT8OID:
		return PATH_INT8;
	case OIDOID:
		return PATH_OID;
	case TEXTOID:
	case VARCHAROID:
	case NAMEOID:
	case JSONOID:
	case UNKNOWNOID:
		return PATH_TEXT;
	case BOOLOID:
		return PATH_BOOL;
	default:
		return PATH_GENERIC;
	}
}

struct datum column_datum(struct sqlite3_stmt *stmt, int i)
{
	struct datum d = { .kind = DATUM_NULL };

	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_INTEGER:
		d.kind = DATUM_INT;
		d.i = sqlite3_column_int64(stmt, i);
		break;
	case SQLITE_FLOAT:
		d.kind = DATUM_REAL;
		d.r = sqlite3_column_double(stmt, i);
		break;
	case SQLITE_TEXT:
		d.kind = DATUM_TEXT;
		d.data = (const char *)sqlite3_column_text(stmt, i);
		d.len = (size_t)sqlite3_column_bytes(stmt, i);
		break;
	case SQLITE_BLOB:
		d.kind = DATUM_BLOB;
		d.data = sqlite3_column_blob(stmt, i);
		d.len = (size_t)sqlite3_column_bytes(stmt, i);
		if (d.data == NULL)
			d.data = "";
		break;
	default:
		break;
	}
	return d;
}

static void put_int_text(struct buf *out, int64_t value)
{
	char text[24];
	char *p = text + sizeof(text);
	uint64_t u = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) != 0);
	if (value < 0)
		*--p = '-';
	size_t len = (size_t)(text + sizeof(text) - p);
	buf_put_u32(out, (uint32_t)len);
	buf_put(out, p, len);
}

/* The quick ways; false: not for this value. */
static bool encode_quick(enum column_path path, int16_t format, const struct datum *v,
			 struct buf *out)
{
	switch (path) {
	case PATH_TEXT:
		if (v->kind != DATUM_TEXT)
			return false;
		buf_put_u32(out, (uint32_t)v->len);
		buf_put(out, v->data, v->len);
		return true;
	case PATH_INT2:
		if (v->kind != DATUM_INT || v->i != (int16_t)v->i)
			return false;
		if (format == 0) {
			put_int_text(out, v->i);
		} else {
			buf_put_u32(out, 2);
			buf_put_u16(out, (uint16_t)v->i);
		}
		return true;
	case PATH_INT4:
	case PATH_OID:
		if (v->kind != DATUM_INT ||
		    (path == PATH_INT4 ? v->i != (int32_t)v->i : v->i != (int64_t)(uint32_t)v->i))
			return false;
		if (format == 0) {
			put_int_text(out, v->i);
		} else {
			buf_put_u32(out, 4);
			buf_put_u32(out, (uint32_t)v->i);
		}
		return true;
	case PATH_INT8:
		if (v->kind != DATUM_INT)
			return false;
		if (format == 0) {
			put_int_text(out, v->i);
		} else {
			buf_put_u32(out, 8);
			buf_put_u64(out, (uint64_t)v->i);
		}
		return true;
	case PATH_BOOL:
		if (v->kind != DATUM_INT)
			return false;
		buf_put_u32(out, 1);
		buf_put_byte(out, format == 0 ? (v->i != 0 ? 't' : 'f') : (char)(v->i != 0));
		return true;
	case PATH_GENERIC:
		break;
	}
	return false;
}

bool encode_field(const struct type_context *ctx, enum column_path path, oid_t type, int32_t typmod,
		  int16_t format, const struct datum *v, struct buf *out, struct sql_error *err)
{
	if (v->kind == DATUM_NULL) {
		buf_put_u32(out, UINT32_MAX);
		return true;
	}
	if (encode_quick(path, format, v, out))
		return true;
	size_t at = out->len;
	buf_put_u32(out, 0);
	bool ok = format == 0 ? type_out(ctx, type, v, out, err) : type_send(ctx, type, v, out, err);
	type_pad(type, typmod, at + 4, out);
	if (ok && !out->failed)
		set_u32(out->data + at, (uint32_t)(out->len - at - 4));
	return ok;
}

/* ---- from the client ---- */

static bool is_text(oid_t type)
{
	return type == TEXTOID || type == VARCHAROID || type == UNKNOWNOID;
}

static bool quick_int(const char *data, size_t len, int64_t *out)
{
	int64_t v = 0;
	size_t i = len > 0 && data[0] == '-' ? 1 : 0;

	if (len == i || len > 18)
		return false;
	for (; i < len; i++) {
		if (data[i] < '0' || data[i] > '9')
			return false;
		v = v * 10 + (data[i] - '0');
	}
	*out = data[0] == '-' ? -v : v;
	return true;
}

bool decode_quick(oid_t type, int16_t format, const char *data, size_t len, struct datum *out)
{
	int64_t v = 0;

	if (format == 0) {
		if ((type != INT4OID && type != INT8OID) || !quick_int(data, len, &v) ||
		    (type == INT4OID && v != (int32_t)v))
			return false;
	} else if (type == INT4OID && len == 4) {
		v = (int32_t)get_u32(data);
	} else if (type == INT8OID && len == 8) {
		v = (int64_t)get_u64(data);
	} else {
		return false;
	}
	out->kind = DATUM_INT;
	out->i = v;
	return true;
}

bool decode_param(const struct type_context *ctx, oid_t type, int16_t format, const char *data,
		  size_t len, size_t number, struct datum *out, struct sql_error *err)
{
	if (data == NULL) {
		out->kind = DATUM_NULL;
		return true;
	}
	if (decode_quick(type, format, data, len, out))
		return true;
	if ((format == 0 || is_text(type)) && !text_check(data, len, err))
		return false;
	if (is_text(type)) {
		out->kind = DATUM_TEXT;
		out->data = arena_strndup(ctx->arena, data, len);
		out->len = len;
		return out->data != NULL || sql_error_no_memory(err);
	}
	/* type_in() may borrow from its input, which does not live as long as the portal */
	const char *kept = arena_strndup(ctx->arena, data, len);
	if (kept == NULL)
		return sql_error_no_memory(err);
	if (format == 0)
		return type_in(ctx, type, -1, kept, len, out, err);
	if (type_recv(ctx, type, -1, kept, len, out, err))
		return true;
	if (err->set && strcmp(err->sqlstate, "22P03") == 0 && err->message[0] == '\0')
		sql_error_set(err, "22P03", "incorrect binary data format in bind parameter %zu", number);
	return false;
}

int bind_datum(struct sqlite3_stmt *stmt, int i, const struct datum *v)
{
	switch (v->kind) {
	case DATUM_NULL:
		return sqlite3_bind_null(stmt, i);
	case DATUM_INT:
		return sqlite3_bind_int64(stmt, i, v->i);
	case DATUM_REAL:
		return sqlite3_bind_double(stmt, i, v->r);
	case DATUM_TEXT:
		return sqlite3_bind_text64(stmt, i, v->len > 0 ? v->data : "", v->len, SQLITE_STATIC,
					   SQLITE_UTF8);
	case DATUM_BLOB:
		return sqlite3_bind_blob64(stmt, i, v->len > 0 ? v->data : "", v->len, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

/* ---- rows kept in memory ---- */

bool rows_add(struct row_store *store, const struct datum *row, size_t n)
{
	if (store->n_rows == store->max_rows) {
		size_t more = store->max_rows == 0 ? 64 : store->max_rows * 2;
		size_t *offsets = realloc(store->offsets, more * sizeof(*offsets));

		if (offsets == NULL)
			return false;
		store->offsets = offsets;
		store->max_rows = more;
	}
	if (store->data.limit == 0)
		buf_init(&store->data, STORE_LIMIT);
	store->offsets[store->n_rows] = store->data.len;
	for (size_t i = 0; i < n; i++) {
		const struct datum *v = &row[i];

		buf_put_byte(&store->data, (char)v->kind);
		switch (v->kind) {
		case DATUM_NULL:
			break;
		case DATUM_INT:
			buf_put(&store->data, &v->i, sizeof(v->i));
			break;
		case DATUM_REAL:
			buf_put(&store->data, &v->r, sizeof(v->r));
			break;
		case DATUM_TEXT:
		case DATUM_BLOB:
			buf_put(&store->data, &v->len, sizeof(v->len));
			buf_put(&store->data, v->data, v->len);
			break;
		}
	}
	store->n_rows++;
	return !store->data.failed;
}

void rows_get(const struct row_store *store, size_t at, struct datum *row, size_t n)
{
	const char *p = store->data.data + store->offsets[at];

	for (size_t i = 0; i < n; i++) {
		struct datum *v = &row[i];

		v->kind = (enum datum_kind)*p++;
		switch (v->kind) {
		case DATUM_NULL:
			break;
		case DATUM_INT:
			memcpy(&v->i, p, sizeof(v->i));
			p += sizeof(v->i);
			break;
		case DATUM_REAL:
			memcpy(&v->r, p, sizeof(v->r));
			p += sizeof(v->r);
			break;
		case DATUM_TEXT:
		case DATUM_BLOB: {
			size_t len;

			memcpy(&len, p, sizeof(len));
			p += sizeof(len);
			v->data = p;
			v->len = len;
			p += len;
			break;
		}
		}
	}
}

void rows_free(struct row_store *store)
{
	buf_free(&store->data);
	free(store->offsets);
	*store = (struct row_store){ 0 };
}
