/*
 * executor.c - sql/ as the executor of wire/
 *
 * The two layers do not know each other, so that structs that look the same
 * are two: what is small is copied, rows are not.
 * Licence: MIT, see LICENSE.
 */
#include "cmd/executor.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "sql/error.h"
#include "sql/sql.h"

enum {
	MAX_COLUMNS = 1664, /* of a result, as in PostgreSQL */
	FEW = 32,           /* values that need no malloc() */
};

struct session {
	struct sql_session *sql;
	struct sql_sink sink;
	struct exec_out *out; /* of the call at work */
	bool starting;        /* an error is the end */
};

static struct session *session_of(struct sql_sink *sink)
{
	return CONTAINER_OF(sink, struct session, sink);
}

static struct exec_out *out_of(struct sql_sink *sink)
{
	return session_of(sink)->out;
}

static struct exec_error error_of(const struct sql_error *e, const char *severity)
{
#define SAID(field) (e->field[0] != '\0' ? e->field : NULL)
	return (struct exec_error){
		.severity = severity,
		.sqlstate = e->sqlstate[0] != '\0' ? e->sqlstate : "XX000",
		.message = e->message,
		.detail = SAID(detail),
		.hint = SAID(hint),
		.schema = SAID(schema),
		.table = SAID(table),
		.column = SAID(column),
		.data_type = SAID(data_type),
		.constraint = SAID(constraint),
	};
#undef SAID
}

static void sink_error(struct sql_sink *sink, const struct sql_error *e, int position)
{
	bool fatal = e->fatal || session_of(sink)->starting;
	struct exec_error error = error_of(e, fatal ? "FATAL" : "ERROR");

	error.position = position;
	out_of(sink)->error(out_of(sink), &error);
}

static void sink_notice(struct sql_sink *sink, const char *severity, const struct sql_error *e)
{
	struct exec_error notice = error_of(e, severity);

	out_of(sink)->notice(out_of(sink), &notice);
}

static void sink_columns(struct sql_sink *sink, const struct sql_column *columns, size_t n)
{
	struct exec_column list[MAX_COLUMNS];

	if (n > MAX_COLUMNS) /* sql refuses more */
		abort();
	for (size_t i = 0; i < n; i++)
		list[i] = (struct exec_column){ .name = columns[i].name,
						.table_oid = columns[i].table_oid,
						.attnum = columns[i].attnum,
						.type_oid = columns[i].type_oid,
						.type_len = columns[i].type_len,
						.typmod = columns[i].typmod,
						.format = columns[i].format };
	out_of(sink)->columns(out_of(sink), list, n);
}

static struct buf *sink_row_begin(struct sql_sink *sink, size_t n_columns)
{
	return out_of(sink)->row_begin(out_of(sink), n_columns);
}

static bool sink_row_end(struct sql_sink *sink)
{
	return out_of(sink)->row_end(out_of(sink));
}

static void sink_complete(struct sql_sink *sink, const char *tag)
{
	out_of(sink)->complete(out_of(sink), tag);
}

static void sink_suspended(struct sql_sink *sink)
{
	out_of(sink)->suspended(out_of(sink));
}

static void sink_empty_query(struct sql_sink *sink)
{
	out_of(sink)->empty_query(out_of(sink));
}

static void sink_no_data(struct sql_sink *sink)
{
	out_of(sink)->no_data(out_of(sink));
}

static void sink_parameters(struct sql_sink *sink, const uint32_t *type_oids, size_t n)
{
	out_of(sink)->parameters(out_of(sink), type_oids, n);
}

static void sink_setting(struct sql_sink *sink, const char *name, const char *value)
{
	out_of(sink)->setting(out_of(sink), name, value);
}

static void sink_copy_in_begin(struct sql_sink *sink, int format, size_t n_columns)
{
	out_of(sink)->copy_in_begin(out_of(sink), format, n_columns);
}

static long sink_copy_in_next(struct sql_sink *sink, const char **data)
{
	return out_of(sink)->copy_in_next(out_of(sink), data);
}

static void sink_copy_out_begin(struct sql_sink *sink, int format, size_t n_columns)
{
	out_of(sink)->copy_out_begin(out_of(sink), format, n_columns);
}

static struct buf *sink_copy_out_row(struct sql_sink *sink)
{
	return out_of(sink)->copy_out_row(out_of(sink));
}

static void sink_copy_out_end(struct sql_sink *sink)
{
	out_of(sink)->copy_out_end(out_of(sink));
}

static const struct sql_sink sink_functions = {
	.columns = sink_columns,
	.row_begin = sink_row_begin,
	.row_end = sink_row_end,
	.complete = sink_complete,
	.suspended = sink_suspended,
	.empty_query = sink_empty_query,
	.no_data = sink_no_data,
	.parameters = sink_parameters,
	.error = sink_error,
	.notice = sink_notice,
	.setting = sink_setting,
	.copy_in_begin = sink_copy_in_begin,
	.copy_in_next = sink_copy_in_next,
	.copy_out_begin = sink_copy_out_begin,
	.copy_out_row = sink_copy_out_row,
	.copy_out_end = sink_copy_out_end,
};

static struct session *use(void *session, struct exec_out *out)
{
	struct session *s = session;

	s->out = out;
	return s;
}

static void tell_no_memory(struct exec_out *out, const char *severity)
{
	out->error(out, &(struct exec_error){ .severity = severity, .sqlstate = "53200",
					      .message = "out of memory" });
}

static bool executor_connect(void *server, const struct exec_connect *who, void **session,
			     struct exec_out *out)
{
	struct executor *x = server;
	struct session *s = calloc(1, sizeof(*s));
	struct sql_setting *settings = calloc(who->n_settings + 1, sizeof(*settings));

	if (s == NULL || settings == NULL) {
		free(s);
		free(settings);
		tell_no_memory(out, "FATAL");
		return false;
	}
	for (size_t i = 0; i < who->n_settings; i++)
		settings[i] = (struct sql_setting){ .name = who->settings[i].name,
						    .value = who->settings[i].value };
	struct sql_connect client = { .user = who->user,
				      .database = who->database,
				      .settings = settings,
				      .n_settings = who->n_settings,
				      .peer = who->peer,
				      .pid = who->pid,
				      .scope = who->scope };
	s->sink = sink_functions;
	s->out = out;
	s->starting = true;
	bool ok = sql_session_open(x->sql, &client, &s->sql, &s->sink);
	s->starting = false;
	free(settings);
	if (ok)
		*session = s;
	else
		free(s);
	return ok;
}

static void executor_disconnect(void *session)
{
	struct session *s = session;

	sql_session_close(s->sql);
	free(s);
}

static bool executor_simple_query(void *session, const char *text, struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_simple_query(s->sql, text, &s->sink);
}

static bool executor_parse(void *session, const char *name, const char *text,
			   const uint32_t *type_oids, size_t n_types, struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_prepare(s->sql, name, text, type_oids, n_types, &s->sink);
}

static bool executor_bind(void *session, const char *portal, const char *statement,
			  const int16_t *formats, size_t n_formats,
			  const struct exec_value *values, size_t n_values,
			  const int16_t *result_formats, size_t n_result_formats,
			  struct exec_out *out)
{
	struct session *s = use(session, out);
	struct sql_value few[FEW];
	struct sql_value *list = n_values <= FEW ? few : calloc(n_values, sizeof(*list));

	few[0] = (struct sql_value){ .data = NULL }; /* nobody reads it, but gcc cannot know */
	if (list == NULL) {
		sql_fail(s->sql);
		tell_no_memory(out, "ERROR");
		return false;
	}
	for (size_t i = 0; i < n_values; i++)
		list[i] = (struct sql_value){ .data = values[i].data, .len = values[i].len };
	bool ok = sql_bind(s->sql, portal, statement, formats, n_formats, list, n_values,
			   result_formats, n_result_formats, &s->sink);
	if (list != few)
		free(list);
	return ok;
}

static bool executor_describe_statement(void *session, const char *name, struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_describe_statement(s->sql, name, &s->sink);
}

static bool executor_describe_portal(void *session, const char *name, struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_describe_portal(s->sql, name, &s->sink);
}

static bool executor_execute(void *session, const char *portal, uint32_t max_rows,
			     struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_execute(s->sql, portal, max_rows, &s->sink);
}

static void executor_close_statement(void *session, const char *name)
{
	sql_close_statement(((struct session *)session)->sql, name);
}

static void executor_close_portal(void *session, const char *name)
{
	sql_close_portal(((struct session *)session)->sql, name);
}

static bool executor_sync(void *session, struct exec_out *out)
{
	struct session *s = use(session, out);

	return sql_sync(s->sql, &s->sink);
}

static void executor_fail(void *session)
{
	sql_fail(((struct session *)session)->sql);
}

static enum exec_status executor_status(void *session)
{
	return (enum exec_status)sql_status(((struct session *)session)->sql);
}

static int64_t executor_idle_timeout(void *session)
{
	return sql_idle_timeout(((struct session *)session)->sql);
}

static void executor_cancel(void *session)
{
	sql_cancel(((struct session *)session)->sql);
}

static void executor_terminate(void *session)
{
	sql_terminate(((struct session *)session)->sql);
}

const struct executor_ops sql_executor_ops = {
	.connect = executor_connect,
	.disconnect = executor_disconnect,
	.simple_query = executor_simple_query,
	.parse = executor_parse,
	.bind = executor_bind,
	.describe_statement = executor_describe_statement,
	.describe_portal = executor_describe_portal,
	.execute = executor_execute,
	.close_statement = executor_close_statement,
	.close_portal = executor_close_portal,
	.sync = executor_sync,
	.fail = executor_fail,
	.status = executor_status,
	.idle_timeout = executor_idle_timeout,
	.cancel = executor_cancel,
	.terminate = executor_terminate,
};
