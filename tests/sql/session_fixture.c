/*
 * session_fixture.c - clients of sessions, without the wire
 * Licence: MIT, see LICENSE.
 */
#include "tests/sql/session_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "blob/blob.h"
#include "sql/error.h"
#include "tests/lib/fault_store.h"
#include "vfs/vfs.h"

struct session_fixture fixture;

/* ---- the sink ---- */

static struct recorder *of(struct sql_sink *sink)
{
	return (struct recorder *)sink;
}

static void on_columns(struct sql_sink *sink, const struct sql_column *columns, size_t n)
{
	buf_put_str(&of(sink)->seen, "C");
	for (size_t i = 0; i < n; i++)
		buf_printf(&of(sink)->seen, " %s:%u%s", columns[i].name, columns[i].type_oid,
			   columns[i].format != 0 ? "b" : "");
	buf_put_byte(&of(sink)->seen, '\n');
}

static struct buf *on_row_begin(struct sql_sink *sink, size_t n)
{
	of(sink)->n_columns = n;
	of(sink)->raw = false;
	buf_reset(&of(sink)->row);
	return &of(sink)->row;
}

static bool on_row_end(struct sql_sink *sink)
{
	struct recorder *r = of(sink);
	const char *p = r->row.data;

	ck_assert(!r->row.failed);
	if (r->gone_after != 0 && ++r->rows > r->gone_after)
		return false;
	if (r->raw) {
		buf_put_str(&r->seen, "D ");
		buf_put(&r->seen, r->row.data, r->row.len);
		return true;
	}
	buf_put_str(&r->seen, "R ");
	for (size_t i = 0; i < r->n_columns; i++) {
		int32_t len = (int32_t)get_u32(p);

		p += 4;
		if (i > 0)
			buf_put_byte(&r->seen, '|');
		if (len < 0) {
			buf_put_byte(&r->seen, '~');
			continue;
		}
		for (int32_t j = 0; j < len; j++)
			if (p[j] < ' ' && p[j] >= 0)
				buf_printf(&r->seen, "\\%d", p[j]);
			else
				buf_put_byte(&r->seen, p[j]);
		p += len;
	}
	ck_assert_ptr_eq(p, r->row.data + r->row.len);
	buf_put_byte(&r->seen, '\n');
	return true;
}

static void on_complete(struct sql_sink *sink, const char *tag)
{
	buf_printf(&of(sink)->seen, "T %s\n", tag);
}

static void on_suspended(struct sql_sink *sink)
{
	buf_put_str(&of(sink)->seen, "S\n");
}

static void on_empty(struct sql_sink *sink)
{
	buf_put_str(&of(sink)->seen, "empty\n");
}

static void on_no_data(struct sql_sink *sink)
{
	buf_put_str(&of(sink)->seen, "no data\n");
}

static void on_parameters(struct sql_sink *sink, const uint32_t *types, size_t n)
{
	buf_put_str(&of(sink)->seen, "P");
	for (size_t i = 0; i < n; i++)
		buf_printf(&of(sink)->seen, " %u", types[i]);
	buf_put_byte(&of(sink)->seen, '\n');
}

static void on_error(struct sql_sink *sink, const struct sql_error *e, int position)
{
	struct buf *b = &of(sink)->seen;

	buf_printf(b, "E %s%s %s", e->fatal ? "FATAL " : "", e->sqlstate, e->message);
	if (e->detail[0] != '\0')
		buf_printf(b, " {%s}", e->detail);
	if (e->constraint[0] != '\0')
		buf_printf(b, " [%s.%s %s]", e->schema, e->table, e->constraint);
	if (position > 0)
		buf_printf(b, " @%d", position);
	buf_put_byte(b, '\n');
}

static void on_notice(struct sql_sink *sink, const char *severity, const struct sql_error *e)
{
	buf_printf(&of(sink)->seen, "%c %s %s\n", severity[0], e->sqlstate, e->message);
}

static void on_setting(struct sql_sink *sink, const char *name, const char *value)
{
	if (of(sink)->settings)
		buf_printf(&of(sink)->seen, "G %s=%s\n", name, value);
}

static void on_copy_in(struct sql_sink *sink, int format, size_t n)
{
	buf_printf(&of(sink)->seen, "copy in %d %zu\n", format, n);
}

static long on_copy_next(struct sql_sink *sink, const char **data)
{
	struct recorder *r = of(sink);
	size_t n = r->copy != NULL ? strlen(r->copy) : 0;

	if (n > 3 && r->piece++ % 2 == 0)
		n = 3; /* lines come in pieces */
	*data = r->copy;
	if (n > 0)
		r->copy += n;
	return (long)n;
}

static void on_copy_out(struct sql_sink *sink, int format, size_t n)
{
	buf_printf(&of(sink)->seen, "copy out %d %zu\n", format, n);
}

static struct buf *on_copy_row(struct sql_sink *sink)
{
	of(sink)->raw = true;
	buf_reset(&of(sink)->row);
	return &of(sink)->row;
}

static void on_copy_end(struct sql_sink *sink)
{
	buf_put_str(&of(sink)->seen, "copy end\n");
}

static void recorder_init(struct recorder *r)
{
	*r = (struct recorder){
		.sink = { on_columns, on_row_begin, on_row_end, on_complete, on_suspended, on_empty,
			  on_no_data, on_parameters, on_error, on_notice, on_setting, on_copy_in,
			  on_copy_next, on_copy_out, on_copy_row, on_copy_end },
		.seen = BUF_INIT(1 << 24),
		.row = BUF_INIT(1 << 24),
	};
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void session_setup(void)
{
	struct error err = ERROR_INIT;
	char url[128];

	snprintf(fixture.dir, sizeof(fixture.dir), "/tmp/pgblob-session-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture.dir));
	snprintf(url, sizeof(url), "file://%s", fixture.dir);
	struct blob_options options = { 0 };
	ck_assert_msg(blob_open(url, &options, &fixture.store, &err) == BLOB_OK, "%s", err.text);
	fixture.faults = fault_open(fixture.store);
	ck_assert_ptr_nonnull(fixture.faults);
	struct vfs_config vfs = { .store = fixture.faults, .cache_ttl_ms = 1000, .commit_timeout_ms = 300 };
	ck_assert_msg(vfs_init(&vfs, &err), "%s", err.text);
	struct sql_config config = { .store = fixture.faults,
				     .superuser = "postgres",
				     .default_database = "app",
				     .pool_size = 2,
				     .port = 5432 };
	ck_assert_msg(sql_server_open(&config, &fixture.server, &err), "%s", err.text);
}

void session_teardown(void)
{
	sql_server_close(fixture.server);
	vfs_deinit();
	blob_close(fixture.faults);
	blob_close(fixture.store);
	nftw(fixture.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool try_connect(struct client *c, const char *database, const struct sql_setting *settings, size_t n)
{
	struct sql_connect who = { .user = "postgres", .database = database, .pid = 7,
				   .settings = settings, .n_settings = n, .peer = "test" };

	recorder_init(&c->r);
	c->session = NULL;
	return sql_session_open(fixture.server, &who, &c->session, &c->r.sink);
}

void connect_client(struct client *c)
{
	ck_assert_msg(try_connect(c, "app", NULL, 0), "%s", buf_str(&c->r.seen));
}

void close_client(struct client *c)
{
	sql_session_close(c->session);
	buf_free(&c->r.seen);
	buf_free(&c->r.row);
}

/* The transcript of a simple query. */
const char *query(struct client *c, const char *text)
{
	buf_reset(&c->r.seen);
	sql_simple_query(c->session, text, &c->r.sink);
	return buf_str(&c->r.seen);
}

void run(struct client *c, const char *text)
{
	const char *got = query(c, text);

	ck_assert_msg(strncmp(got, "E ", 2) != 0 && strstr(got, "\nE ") == NULL, "%s: %s", text, got);
}

void make_table(struct client *c)
{
	run(c, "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL, email text UNIQUE)");
	run(c, "INSERT INTO t VALUES (1, 'a', 'a@x'), (2, 'b', NULL), (3, 'c', NULL)");
}

char *read_file(const char *path)
{
	enum { MAX = 1 << 20 };
	FILE *f = fopen(path, "r");
	char *text = calloc(1, MAX);

	ck_assert_msg(f != NULL && text != NULL, "could not open %s", path);
	size_t n = fread(text, 1, MAX - 1, f);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, MAX - 1);
	fclose(f);
	return text;
}
