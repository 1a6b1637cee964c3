/*
 * out.c - messages to the client; struct exec_out
 * Licence: MIT, see LICENSE.
 */
#include "wire/out.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "wire/conn.h"
#include "wire/session.h"

size_t out_begin(struct buf *b, char type)
{
	size_t at = b->len;
	char *p = buf_extend(b, 5);

	if (p != NULL)
		p[0] = type;
	return at;
}

void out_end(struct buf *b, size_t at)
{
	if (!b->failed)
		set_u32(b->data + at + 1, (uint32_t)(b->len - at - 1));
}

void out_bare(struct buf *b, char type)
{
	out_end(b, out_begin(b, type));
}

static void put_cstr(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text) + 1);
}

static void put_field(struct buf *b, char code, const char *text)
{
	if (text == NULL)
		return;
	buf_put_byte(b, code);
	put_cstr(b, text);
}

static void put_number_field(struct buf *b, char code, int n)
{
	char text[16];

	if (n <= 0)
		return;
	snprintf(text, sizeof(text), "%d", n);
	put_field(b, code, text);
}

void out_error(struct conn *c, char type, const struct exec_error *e)
{
	struct buf *b = &c->stream.out;
	size_t at = out_begin(b, type);

	put_field(b, 'S', e->severity);
	put_field(b, 'V', e->severity);
	put_field(b, 'C', e->sqlstate);
	put_field(b, 'M', e->message);
	put_field(b, 'D', e->detail);
	put_field(b, 'H', e->hint);
	put_number_field(b, 'P', e->position);
	put_number_field(b, 'p', e->internal_position);
	put_field(b, 'q', e->internal_query);
	put_field(b, 'W', e->where);
	put_field(b, 's', e->schema);
	put_field(b, 't', e->table);
	put_field(b, 'c', e->column);
	put_field(b, 'd', e->data_type);
	put_field(b, 'n', e->constraint);
	buf_put_byte(b, '\0');
	out_end(b, at);
	if (type == 'E' && (strcmp(e->severity, "FATAL") == 0 || strcmp(e->severity, "PANIC") == 0))
		c->fatal = true;
	log_debug(&c->scope, "%s %s: %s", e->severity, e->sqlstate, e->message);
}

void out_errorf(struct conn *c, const char *severity, const char *sqlstate, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	out_error(c, 'E', &(struct exec_error){ .severity = severity,
						.sqlstate = sqlstate,
						.message = message });
}

static struct conn *conn_of(struct exec_out *out)
{
	return CONTAINER_OF(out, struct conn, out);
}

static void columns(struct exec_out *out, const struct exec_column *list, size_t n)
{
	struct buf *b = &conn_of(out)->stream.out;
	size_t at = out_begin(b, 'T');

	buf_put_u16(b, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		put_cstr(b, list[i].name);
		buf_put_u32(b, list[i].table_oid);
		buf_put_u16(b, (uint16_t)list[i].attnum);
		buf_put_u32(b, list[i].type_oid);
		buf_put_u16(b, (uint16_t)list[i].type_len);
		buf_put_u32(b, (uint32_t)list[i].typmod);
		buf_put_u16(b, (uint16_t)list[i].format);
	}
	out_end(b, at);
}

static struct buf *row_of(struct conn *c, char type)
{
	if (c->stream.broken)
		return NULL;
	c->row_at = out_begin(&c->stream.out, type);
	c->in_row = true;
	return &c->stream.out;
}

/* What was there before the row is whole, and stays. */
static void drop_row(struct conn *c)
{
	c->stream.out.failed = false;
	c->stream.out.len = c->row_at;
	c->in_row = false;
}

static struct buf *row_begin(struct exec_out *out, size_t n_columns)
{
	struct buf *b = row_of(conn_of(out), 'D');

	if (b != NULL)
		buf_put_u16(b, (uint16_t)n_columns);
	return b;
}

static bool row_end(struct exec_out *out)
{
	struct conn *c = conn_of(out);
	struct buf *b = &c->stream.out;

	if (UNLIKELY(b->failed)) {
		drop_row(c);
		out_errorf(c, "ERROR", "54000", "a row of the result is too large");
		return false;
	}
	c->in_row = false;
	out_end(b, c->row_at);
	if (LIKELY(b->len < STREAM_FLUSH_AT))
		return true;
	return stream_flush(&c->stream);
}

static void complete(struct exec_out *out, const char *tag)
{
	struct buf *b = &conn_of(out)->stream.out;
	size_t at = out_begin(b, 'C');

	put_cstr(b, tag);
	out_end(b, at);
}

static void suspended(struct exec_out *out)
{
	out_bare(&conn_of(out)->stream.out, 's');
}

static void empty_query(struct exec_out *out)
{
	out_bare(&conn_of(out)->stream.out, 'I');
}

static void no_data(struct exec_out *out)
{
	out_bare(&conn_of(out)->stream.out, 'n');
}

static void parameters(struct exec_out *out, const uint32_t *type_oids, size_t n)
{
	struct buf *b = &conn_of(out)->stream.out;
	size_t at = out_begin(b, 't');

	buf_put_u16(b, (uint16_t)n);
	for (size_t i = 0; i < n; i++)
		buf_put_u32(b, type_oids[i]);
	out_end(b, at);
}

static void error(struct exec_out *out, const struct exec_error *e)
{
	struct conn *c = conn_of(out);

	/* a value of it could not be written */
	if (c->in_row)
		drop_row(c);
	out_error(c, 'E', e);
}

static void notice(struct exec_out *out, const struct exec_error *e)
{
	struct conn *c = conn_of(out);

	out_error(c, 'N', e);
	/* it may tell how a long statement is getting on */
	stream_flush(&c->stream);
}

static void setting(struct exec_out *out, const char *name, const char *value)
{
	struct buf *b = &conn_of(out)->stream.out;
	size_t at = out_begin(b, 'S');

	put_cstr(b, name);
	put_cstr(b, value);
	out_end(b, at);
}

static void copy_begin(struct conn *c, char type, int format, size_t n_columns)
{
	struct buf *b = &c->stream.out;
	size_t at = out_begin(b, type);

	buf_put_byte(b, (char)format);
	buf_put_u16(b, (uint16_t)n_columns);
	for (size_t i = 0; i < n_columns; i++)
		buf_put_u16(b, (uint16_t)format);
	out_end(b, at);
}

static void copy_in_begin(struct exec_out *out, int format, size_t n_columns)
{
	struct conn *c = conn_of(out);

	copy_begin(c, 'G', format, n_columns);
	session_copy_begin(c);
	stream_flush(&c->stream);
}

static long copy_in_next(struct exec_out *out, const char **data)
{
	return session_copy_next(conn_of(out), data);
}

static void copy_out_begin(struct exec_out *out, int format, size_t n_columns)
{
	copy_begin(conn_of(out), 'H', format, n_columns);
}

static struct buf *copy_out_row(struct exec_out *out)
{
	return row_of(conn_of(out), 'd');
}

static void copy_out_end(struct exec_out *out)
{
	out_bare(&conn_of(out)->stream.out, 'c');
}

void out_init(struct conn *c)
{
	c->out = (struct exec_out){
		.columns = columns,
		.row_begin = row_begin,
		.row_end = row_end,
		.complete = complete,
		.suspended = suspended,
		.empty_query = empty_query,
		.no_data = no_data,
		.parameters = parameters,
		.error = error,
		.notice = notice,
		.setting = setting,
		.copy_in_begin = copy_in_begin,
		.copy_in_next = copy_in_next,
		.copy_out_begin = copy_out_begin,
		.copy_out_row = copy_out_row,
		.copy_out_end = copy_out_end,
	};
}
