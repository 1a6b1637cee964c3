/*
 * functions_size.c - how large things are
 *
 * A database is its pages.  Of a table or index only the interior pages of its B-tree are
 * read, at most SAMPLE of each level: leaves are counted as the pointers to them.  What
 * cells spill into overflow pages is not counted, nor what the open transaction has not
 * published.
 *
 * FORMAT   of a B-tree page (SQLite, section "B-tree Pages"), after 100 bytes on page 1
 *    0  1  2 interior index, 5 interior table, 10 and 13 leaves
 *    3  2  number of cells
 *    8  4  rightmost child, then 2 bytes a cell: where it is; it begins with its child
 * Licence: MIT, see LICENSE.
 */
#include "sql/catalog/functions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "sql/catalog/names.h"
#include "sql/func/tables.h"
#include "sql/pgcat.h"
#include "sql/schema.h"

enum { SAMPLE = 64, MAX_DEPTH = 20, MAX_PAGE = 65536 };

struct pages {
	sqlite3_file *file;
	int64_t size;  /* of a page */
	int64_t count; /* of the database */
	unsigned char *image;
};

static int64_t pragma_int(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t v = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		v = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return v;
}

/* The children of an interior page into `out`; 0: it is a leaf, or cannot be read. */
static size_t page_children(struct pages *p, int64_t page, uint32_t *out, size_t max)
{
	size_t n = 0;

	if (page < 1 || page > p->count ||
	    p->file->pMethods->xRead(p->file, p->image, (int)p->size, (page - 1) * p->size) != SQLITE_OK)
		return 0;
	const unsigned char *h = p->image + (page == 1 ? 100 : 0);
	const unsigned char *end = p->image + p->size;
	if (h[0] != 2 && h[0] != 5)
		return 0;
	unsigned cells = get_u16(h + 3);
	for (unsigned i = 0; i < cells && n < max; i++) {
		const unsigned char *slot = h + 12 + 2 * i;
		if (slot + 2 > end)
			return 0;
		unsigned at = get_u16(slot);
		if ((int64_t)at + 4 > p->size)
			return 0;
		out[n++] = get_u32(p->image + at);
	}
	if (n < max)
		out[n++] = get_u32(h + 8);
	return n;
}

/* About how many pages the B-tree has whose root that is. */
static int64_t tree_pages(struct pages *p, int64_t root)
{
	size_t max = (size_t)p->size / 4;
	uint32_t *level = malloc(SAMPLE * sizeof(*level));
	uint32_t *next = malloc(SAMPLE * max * sizeof(*next));
	double pages_here = 1, total = 1;
	size_t n_level = 1;

	if (level != NULL && next != NULL) {
		level[0] = (uint32_t)root;
		for (int depth = 0; depth < MAX_DEPTH && n_level > 0; depth++) {
			size_t n = 0;

			for (size_t i = 0; i < n_level; i++)
				n += page_children(p, level[i], next + n, max);
			if (n == 0)
				break;
			/* the level below, as far as the sample tells */
			pages_here = pages_here / (double)n_level * (double)n;
			total += pages_here;
			n_level = n < SAMPLE ? n : SAMPLE;
			for (size_t i = 0; i < n_level; i++)
				level[i] = next[i * n / n_level];
		}
	}
	free(level);
	free(next);
	return total > (double)p->count ? p->count : (int64_t)total;
}

/* The bytes of a table's or index's B-tree. */
static int64_t tree_size(struct sql_conn *conn, const char *sqlite_name)
{
	struct pages p = { 0 };
	sqlite3_stmt *stmt;
	int64_t root = 0, size = 0;

	if (sqlite3_prepare_v2(conn->db, "SELECT rootpage FROM main.sqlite_schema WHERE name = ?1", -1, &stmt,
			       NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_text(stmt, 1, sqlite_name, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		root = sqlite3_column_int64(stmt, 0);
	p.size = pragma_int(conn->db, "PRAGMA main.page_size");
	p.count = pragma_int(conn->db, "PRAGMA main.page_count");
	/* the statement is still open, so its snapshot is pinned while pages are read */
	if (root > 0 && p.size >= 512 && p.size <= MAX_PAGE &&
	    sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_FILE_POINTER, &p.file) == SQLITE_OK) {
		p.image = malloc((size_t)p.size);
		if (p.image != NULL && p.file != NULL && p.file->pMethods != NULL)
			size = tree_pages(&p, root) * p.size;
		else
			size = p.size;
		free(p.image);
	}
	sqlite3_finalize(stmt);
	return size;
}

static int64_t indexes_size(struct sql_conn *conn, const struct schema_relation *r)
{
	int64_t size = 0;

	for (size_t i = 0; i < r->n_indexes; i++) {
		if (r->indexes[i].sqlite_name != NULL)
			size += tree_size(conn, r->indexes[i].sqlite_name);
	}
	return size;
}

/* pg_size(what, relation): r relation, t table, i its indexes, a all */
static void fn_size(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	const struct schema *schema = catalog_schema(ctx, "pg_relation_size");
	int64_t size = 0;

	if (schema == NULL || func_any_null(n, argv))
		return;
	oid_t oid = catalog_oid(argv[1]);
	char what = *(const char *)sqlite3_value_text(argv[0]);
	const struct schema_index *x = names_index_by_oid(schema, oid, NULL);
	const struct schema_relation *r = schema_relation_by_oid(schema, oid);
	if (x != NULL) {
		if (what != 'i' && x->sqlite_name != NULL)
			size = tree_size(conn, x->sqlite_name);
	} else if (r == NULL) {
		return;
	} else if (!r->is_system && r->kind == 'r') {
		if (what != 'i')
			size += tree_size(conn, r->sqlite_name);
		if (what == 'i' || what == 'a')
			size += indexes_size(conn, r);
	} else if (r->kind == 'S' && what != 'i') {
		size = 8192; /* a row in a table of ours; PostgreSQL's sequences are one page */
	}
	sqlite3_result_int64(ctx, size);
}

/* pg_fork_size(relation, fork): all of it is in main */
static void fn_fork_size(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	static const char *const others[] = { "fsm", "vm", "init" };
	struct sql_conn *conn = func_conn(ctx);

	if (func_any_null(n, argv))
		return;
	const char *fork = (const char *)sqlite3_value_text(argv[1]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (strcmp(fork, others[i]) == 0) {
			sqlite3_result_int64(ctx, 0);
			return;
		}
	}
	/* "main" was answered by pg_size() */
	sql_error_set(&conn->err, ERRCODE_INVALID_PARAMETER_VALUE, "invalid fork name");
	sql_error_hint(&conn->err, "Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
	sql_conn_fail(conn, ctx);
}

struct database_search {
	const char *name; /* NULL: by OID */
	oid_t oid;
	bool found;
	int64_t size;
};

static void match_database(void *arg, const struct sql_database_info *db)
{
	struct database_search *s = arg;

	if (s->name != NULL ? strcmp(s->name, db->name) != 0 : s->oid != names_database_oid(db->name))
		return;
	s->found = true;
	s->size = db->size;
}

static int64_t this_database_size(struct sql_conn *conn)
{
	return pragma_int(conn->db, "PRAGMA main.page_size") * pragma_int(conn->db, "PRAGMA main.page_count");
}

/* pg_database_bytes(database), by name or OID */
static void fn_database_size(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct database_search s = { .oid = catalog_oid(argv[0]), .size = -1 };
	struct sql_database_info this = { .name = conn->env->database, .size = -1 };

	if (func_any_null(n, argv))
		return;
	if (sqlite3_value_type(argv[0]) == SQLITE_TEXT)
		s.name = (const char *)sqlite3_value_text(argv[0]);
	if (this.name != NULL)
		match_database(&s, &this);
	if (s.found)
		s.size = this_database_size(conn);
	else if (conn->env->list_databases != NULL)
		(void)conn->env->list_databases(conn->env, match_database, &s);
	if (!s.found && s.name != NULL)
		func_fail(ctx, ERRCODE_INVALID_CATALOG_NAME, "database \"%s\" does not exist", s.name);
	else if (s.size >= 0)
		sqlite3_result_int64(ctx, s.size); /* else null: another one is not opened for this */
}

/* pg_tablespace_bytes(tablespace): what is there is the session's database */
static void fn_tablespace_size(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct pgcat_rows *rows = pgcat_rows("pg_tablespace");

	if (func_any_null(n, argv))
		return;
	const struct func_text t = func_text(argv[0]);
	for (uint32_t i = 0; i < rows->n_rows; i++) {
		size_t len;
		bool null;
		const char *name = pgcat_field(rows, i, 1, &len, &null);
		bool by_name = sqlite3_value_type(argv[0]) == SQLITE_TEXT;

		if (by_name ? len != t.len || memcmp(name, t.data, len) != 0
			    : pgcat_field_int(rows, i, 0) != catalog_oid(argv[0]))
			continue;
		bool is_default = len == strlen("pg_default") && memcmp(name, "pg_default", len) == 0;
		sqlite3_result_int64(ctx, is_default ? this_database_size(func_conn(ctx)) : 0);
		return;
	}
	if (sqlite3_value_type(argv[0]) == SQLITE_TEXT)
		func_fail(ctx, ERRCODE_UNDEFINED_OBJECT, "tablespace \"%.*s\" does not exist", (int)t.len, t.data);
}

/* ---- sizes for people ---- */

typedef __int128 wide;

static const struct unit {
	const char *name;
	int64_t limit;  /* smaller ones are told in this unit */
	bool round;     /* half a unit is kept until here */
	int bits;       /* its size is two to the power of this */
} units[] = {
	{ "bytes", 10 * 1024, false, 0 },    { "kB", 20 * 1024 - 1, true, 10 }, { "MB", 20 * 1024 - 1, true, 20 },
	{ "GB", 20 * 1024 - 1, true, 30 },   { "TB", 20 * 1024 - 1, true, 40 }, { "PB", 20 * 1024 - 1, true, 50 },
};

static void put_wide(struct buf *b, wide v)
{
	char digits[48];
	size_t n = sizeof(digits);
	bool negative = v < 0;

	do {
		int d = (int)(v % 10);

		digits[--n] = (char)('0' + (d < 0 ? -d : d));
		v /= 10;
	} while (v != 0);
	if (negative)
		digits[--n] = '-';
	buf_put(b, digits + n, sizeof(digits) - n);
}

/* exact: the text of a number of bytes that is told as it is; or NULL */
static void put_size(struct buf *b, wide size, const char *exact, size_t exact_len)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const struct unit *u = &units[i];

		if (i + 1 == ARRAY_LEN(units) || (size < 0 ? -size : size) < u->limit) {
			if (u->round)
				size = (size + (size < 0 ? -1 : 1)) / 2;
			if (i == 0 && exact != NULL)
				buf_put(b, exact, exact_len);
			else
				put_wide(b, size);
			buf_printf(b, " %s", u->name);
			return;
		}
		/* one bit less before the first unit that rounds, for the half */
		size /= (wide)1 << (units[i + 1].bits - u->bits - units[i + 1].round + u->round);
	}
}

static void fn_size_pretty(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	put_size(b, sqlite3_value_int64(argv[0]), NULL, 0);
	func_result_buf(ctx, b);
}

static void fn_size_pretty_numeric(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct datum d = func_datum(argv[0]);
	struct buf text = BUF_INIT(1 << 20);
	wide size = 0;

	if (func_any_null(n, argv))
		return;
	if (!type_out(&tc, NUMERICOID, &d, &text, &conn->err)) {
		sql_conn_fail(conn, ctx);
		buf_free(&text);
		return;
	}
	size_t i = text.len > 0 && text.data[0] == '-';
	for (; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
		/* more than 10^36 bytes: PostgreSQL would go on, nobody has them */
		if (size < (wide)1000000000000000000 * 1000000000000000000)
			size = size * 10 + (text.data[i] - '0');
	}
	if (text.len > 0 && text.data[0] == '-')
		size = -size;
	struct buf *b = func_buf(conn);
	put_size(b, size, text.data, text.len);
	func_result_buf(ctx, b);
	buf_free(&text);
}

/* pg_size_bytes("1.5 MB") */
static void fn_size_bytes(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	char *end;
	const char *text = t.data;
	long double number = strtold(text, &end);
	bool hex = strpbrk(text, "xXnNiI") != NULL && end != text && (*text < '0' || *text > '9');
	if (end == text || hex) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "invalid size: \"%s\"", text);
		return;
	}
	while (*end == ' ')
		end++;
	size_t len = strlen(end);
	while (len > 0 && end[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < ARRAY_LEN(units) && len > 0; i++) {
		bool bare_b = i == 0 && len == 1 && (end[0] == 'B' || end[0] == 'b');

		if (bare_b || (strlen(units[i].name) == len && strncasecmp(end, units[i].name, len) == 0)) {
			number *= (long double)((int64_t)1 << units[i].bits);
			len = 0;
		}
	}
	if (len > 0) {
		sql_error_set(&conn->err, ERRCODE_INVALID_PARAMETER_VALUE, "invalid size: \"%s\"", text);
		sql_error_detail(&conn->err, "Invalid size unit: \"%.*s\".", (int)len, end);
		sql_error_hint(&conn->err, "Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".");
		sql_conn_fail(conn, ctx);
		return;
	}
	if (number >= 9223372036854775808.0L || number < -9223372036854775808.0L) {
		func_fail(ctx, ERRCODE_NUMERIC_OUT_OF_RANGE, "bigint out of range");
		return;
	}
	sqlite3_result_int64(ctx, (int64_t)(number < 0 ? number - 0.5L : number + 0.5L));
}

const struct func_udf catalog_size_udfs[] = {
	STABLE("pg_size", 2, fn_size),
	STABLE("pg_fork_size", 2, fn_fork_size),
	STABLE("pg_database_bytes", 1, fn_database_size),
	STABLE("pg_tablespace_bytes", 1, fn_tablespace_size),
	PURE("pg_size_pretty", 1, fn_size_pretty),
	PURE("pg_size_pretty_numeric", 1, fn_size_pretty_numeric),
	PURE("pg_size_bytes", 1, fn_size_bytes),
	{ .name = NULL },
};

const struct func_impl catalog_size_impls[] = {
	{ 2325, "pg_relation_size(regclass)", FUNC_SCALAR, "pg_size('r', $1)", 0 },
	{ 2332, "pg_relation_size(regclass,text)", FUNC_SCALAR,
	  "iif($2 = 'main', pg_size('r', $1), pg_fork_size($1, $2))", FUNC_CHECKED | FUNC_COPIES },
	{ 2997, "pg_table_size(regclass)", FUNC_SCALAR, "pg_size('t', $1)", 0 },
	{ 2998, "pg_indexes_size(regclass)", FUNC_SCALAR, "pg_size('i', $1)", 0 },
	{ 2286, "pg_total_relation_size(regclass)", FUNC_SCALAR, "pg_size('a', $1)", 0 },
	{ 2168, "pg_database_size(name)", FUNC_SCALAR, "pg_database_bytes($1)", FUNC_CHECKED },
	{ 2324, "pg_database_size(oid)", FUNC_SCALAR, "pg_database_bytes($1)", 0 },
	{ 2322, "pg_tablespace_size(oid)", FUNC_SCALAR, "pg_tablespace_bytes($1)", 0 },
	{ 2323, "pg_tablespace_size(name)", FUNC_SCALAR, "pg_tablespace_bytes($1)", FUNC_CHECKED },
	{ 2288, "pg_size_pretty(bigint)", FUNC_SCALAR, "pg_size_pretty($1)", 0 },
	{ 3166, "pg_size_pretty(numeric)", FUNC_SCALAR, "pg_size_pretty_numeric($1)", 0 },
	{ 3334, "pg_size_bytes(text)", FUNC_SCALAR, "pg_size_bytes($1)", FUNC_CHECKED },
	{ 0, NULL, FUNC_SCALAR, NULL, 0 },
};
