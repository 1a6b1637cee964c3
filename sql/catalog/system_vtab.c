/*
 * system_vtab.c - the virtual table that all system relations are
 *
 * xBestIndex knows one kind of plan beside the whole scan: one key column equals a value.
 * The constraint is left for SQLite to check again, so a plan need only be a hint.
 * Licence: MIT, see LICENSE.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "sql/catalog/names.h"
#include "sql/catalog/system.h"
#include "sql/conn.h"
#include "sql/pgcat.h"
#include "sql/type.h"
#include "vfs/sqlite.h"

enum { SCAN_ARENA_MAX = 256 << 20 };

struct table {
	sqlite3_vtab base;
	struct sql_conn *conn;
	const struct system_relation *of;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct arena arena; /* the made rows */
	struct fill fill;
	uint32_t row, end;  /* of pgcat's rows: the next, and where they end */
	size_t at;          /* in the made rows, when row == end */
	bool by_name;       /* pgcat's rows are filtered by the key, not searched */
};

static int table_connect(sqlite3 *db, void *client, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **message)
{
	const struct system_binding *b = client;
	struct table *t;
	int rc;

	(void)argc;
	(void)argv;
	(void)message;
	rc = sqlite3_declare_vtab(db, b->relation->declaration);
	if (rc != SQLITE_OK)
		return rc;
	t = sqlite3_malloc(sizeof(*t));
	if (t == NULL)
		return SQLITE_NOMEM;
	*t = (struct table){ .conn = b->conn, .of = b->relation };
	*out = &t->base;
	return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* About how many rows a whole scan has. */
static double table_rows(const struct table *t)
{
	double n = t->of->rows != NULL ? t->of->rows->n_rows : 0;
	size_t n_relations = 0;

	if (t->of->def != NULL && t->of->def->fill != NULL) {
		if (t->conn->schema != NULL)
			(void)schema_relations(t->conn->schema, &n_relations);
		n += 10 + 4 * (double)n_relations;
	}
	return n < 2 ? 2 : n;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct table *t = CONTAINER_OF(base, struct table, base);
	double rows = table_rows(t);
	int best = -1;
	bool best_unique = false;

	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;

		if (!info->aConstraint[i].usable ||
		    info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ || column < 0 || column >= 64 ||
		    (t->of->keys & (uint64_t)1 << column) == 0)
			continue;
		bool unique = strcmp(t->of->relation.columns[column].name, "oid") == 0;
		if (best < 0 || (unique && !best_unique) ||
		    (unique == best_unique && column < info->aConstraint[best].iColumn)) {
			best = i;
			best_unique = unique;
		}
	}
	if (t->of->def != NULL && t->of->def->more != NULL && info->nOrderBy == 1 &&
	    info->aOrderBy[0].iColumn == 0 && info->aOrderBy[0].desc)
		info->orderByConsumed = 1;
	if (best < 0) {
		info->idxNum = 0;
		info->estimatedCost = rows;
		info->estimatedRows = (sqlite3_int64)rows;
		return SQLITE_OK;
	}
	int column = info->aConstraint[best].iColumn;
	info->idxNum = column + 1;
	info->aConstraintUsage[best].argvIndex = 1;
	/* the first column is searched, the others are compared row by row */
	info->estimatedCost = column == 0 ? 3 : 3 + rows / 50;
	info->estimatedRows = best_unique ? 1 : 8;
	if (best_unique)
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	struct cursor *c = sqlite3_malloc(sizeof(*c));

	(void)base;
	if (c == NULL)
		return SQLITE_NOMEM;
	*c = (struct cursor){ 0 };
	arena_init(&c->arena, SCAN_ARENA_MAX);
	*out = &c->base;
	return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = CONTAINER_OF(base, struct cursor, base);

	arena_free(&c->arena);
	sqlite3_free(c);
	return SQLITE_OK;
}

/* Is the field, which may have escapes, that text? */
static bool field_equals(const char *at, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++, text++) {
		char ch = at[i];

		if (ch == '\\' && i + 1 < len) {
			ch = at[++i];
			ch = ch == 't' ? '\t' : ch == 'n' ? '\n' : ch;
		}
		if (*text == '\0' || ch != *text)
			return false;
	}
	return *text == '\0';
}

/* Step over rows of pgcat that the key does not want. */
static void skip_unwanted(struct cursor *c)
{
	const struct fill *f = &c->fill;
	const struct pgcat_rows *rows = f->of->rows;
	size_t len;
	bool null;

	for (; c->by_name && c->row < c->end; c->row++) {
		const char *at = pgcat_field(rows, c->row, (unsigned)f->key, &len, &null);

		if (null)
			continue;
		if (f->key_is_text ? field_equals(at, len, f->key_text)
				   : pgcat_field_int(rows, c->row, (unsigned)f->key) == f->key_int)
			break;
	}
}

/*
 * Take the key from what SQLite gave.  False: the value equals no value of the column.
 * A value of another kind is no key: all rows are scanned and SQLite compares.
 */
static bool take_key(struct fill *f, int column, sqlite3_value *value, struct arena *arena)
{
	bool number = strcmp(type_storage(f->of->relation.columns[column].type), "INTEGER") == 0;
	int type = sqlite3_value_type(value);

	if (type == SQLITE_NULL)
		return false;
	if (number && type == SQLITE_INTEGER) {
		f->key = column;
		f->key_int = sqlite3_value_int64(value);
	} else if (!number && type == SQLITE_TEXT) {
		f->key_text = arena_strndup(arena, (const char *)sqlite3_value_text(value),
					    (size_t)sqlite3_value_bytes(value));
		if (f->key_text == NULL || strlen(f->key_text) != (size_t)sqlite3_value_bytes(value))
			return false;
		f->key = column;
		f->key_is_text = true;
	}
	return true;
}

static int fill_result(const struct cursor *c)
{
	if (!c->fill.failed && !c->arena.failed)
		return SQLITE_OK;
	return c->fill.conn->err.set ? SQLITE_ERROR : SQLITE_NOMEM;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
			 sqlite3_value **argv)
{
	struct cursor *c = CONTAINER_OF(base, struct cursor, base);
	const struct table *t = CONTAINER_OF(base->pVtab, struct table, base);
	const struct system_relation *of = t->of;

	(void)plan_text;
	arena_reset(&c->arena);
	c->fill = (struct fill){
		.conn = t->conn,
		.schema = t->conn->schema,
		.env = t->conn->env,
		.of = of,
		.arena = &c->arena,
		.key = -1,
	};
	c->row = c->end = 0;
	c->at = 0;
	c->by_name = false;
	if (plan > 0 && (argc != 1 || !take_key(&c->fill, plan - 1, argv[0], &c->arena)))
		return SQLITE_OK;
	if (of->rows != NULL) {
		c->end = of->rows->n_rows;
		if (c->fill.key == 0 && !c->fill.key_is_text) {
			uint32_t n;

			c->row = pgcat_rows_with_key(of->rows, c->fill.key_int, &n);
			c->end = c->row + n;
		} else if (c->fill.key >= 0) {
			c->by_name = true;
			skip_unwanted(c);
		}
	}
	if (of->def != NULL && of->def->fill != NULL && t->conn->schema != NULL)
		of->def->fill(&c->fill);
	return fill_result(c);
}

/* When all rows were read that there are, some more may be made. */
static int read_more(struct cursor *c)
{
	const struct system_def *def = c->fill.of->def;

	while (c->at >= c->fill.rows.n && def != NULL && def->more != NULL && def->more(&c->fill))
		;
	return fill_result(c);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = CONTAINER_OF(base, struct cursor, base);

	if (c->row < c->end) {
		c->row++;
		skip_unwanted(c);
	} else {
		c->at++;
		return read_more(c);
	}
	return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
	const struct cursor *c = CONTAINER_OF(base, struct cursor, base);

	return c->row >= c->end && c->at >= c->fill.rows.n;
}

/* What type_in() makes of a text form; null where the type is not supported. */
static void result_form(struct cursor *c, sqlite3_context *ctx, oid_t type, const char *text, size_t len)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct type_context tc = { .env = c->fill.env, .schema = c->fill.schema, .arena = &arena };
	struct datum d;
	struct sql_error err = SQL_ERROR_INIT;

	if (!type_is_supported(type) || !type_in(&tc, type, -1, text, len, &d, &err)) {
		sqlite3_result_null(ctx);
		arena_free(&arena);
		return;
	}
	switch (d.kind) {
	case DATUM_NULL:
		sqlite3_result_null(ctx);
		break;
	case DATUM_INT:
		sqlite3_result_int64(ctx, d.i);
		break;
	case DATUM_REAL:
		sqlite3_result_double(ctx, d.r);
		break;
	case DATUM_TEXT:
		sqlite3_result_text(ctx, d.data, (int)d.len, SQLITE_TRANSIENT);
		break;
	case DATUM_BLOB:
		sqlite3_result_blob(ctx, d.data, (int)d.len, SQLITE_TRANSIENT);
		break;
	}
	arena_free(&arena);
}

/* A text of pgcat without its escapes. */
static void result_unescaped(sqlite3_context *ctx, const char *at, size_t len)
{
	char *copy;
	size_t n = 0;

	if (memchr(at, '\\', len) == NULL) {
		sqlite3_result_text(ctx, at, (int)len, SQLITE_STATIC);
		return;
	}
	copy = sqlite3_malloc64(len);
	if (copy == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		char ch = at[i];

		if (ch == '\\' && i + 1 < len) {
			ch = at[++i];
			ch = ch == 't' ? '\t' : ch == 'n' ? '\n' : ch;
		}
		copy[n++] = ch;
	}
	sqlite3_result_text(ctx, copy, (int)n, sqlite3_free);
}

/* Privileges: pgcat's superuser is called postgres, ours maybe not. */
static void result_acl(struct cursor *c, sqlite3_context *ctx, const char *at, size_t len)
{
	static const char postgres[] = "postgres";
	const char *super = names_superuser(c->fill.env);
	struct buf b = BUF_INIT(1 << 16);

	for (size_t i = 0; i < len;) {
		if (len - i >= sizeof(postgres) - 1 && memcmp(at + i, postgres, sizeof(postgres) - 1) == 0) {
			names_quote(&b, super);
			i += sizeof(postgres) - 1;
		} else {
			buf_put_byte(&b, at[i++]);
		}
	}
	if (b.failed)
		sqlite3_result_error_nomem(ctx);
	else
		result_form(c, ctx, ACLITEMARRAYOID, b.data, b.len);
	buf_free(&b);
}

static void result_field(struct cursor *c, sqlite3_context *ctx, unsigned column)
{
	const struct pgcat_rows *rows = c->fill.of->rows;
	oid_t type = c->fill.of->relation.columns[column].type;
	size_t len;
	bool null;
	const char *at = pgcat_field(rows, c->row, column, &len, &null);

	if (null) {
		sqlite3_result_null(ctx);
		return;
	}
	switch (type) {
	case BOOLOID:
		sqlite3_result_int(ctx, at[0] == 't');
		break;
	case OIDOID:
	case INT2OID:
	case INT4OID:
	case INT8OID:
	case REGPROCOID:
	case REGTYPEOID:
	case XIDOID:
		sqlite3_result_int64(ctx, pgcat_field_int(rows, c->row, column));
		break;
	case FLOAT4OID:
	case FLOAT8OID:
		sqlite3_result_double(ctx, strtod(at, NULL));
		break;
	case CHAROID:
	case NAMEOID:
	case TEXTOID:
	case VARCHAROID:
	case PG_NODE_TREEOID:
		result_unescaped(ctx, at, len);
		break;
	case ACLITEMARRAYOID:
		result_acl(c, ctx, at, len);
		break;
	default:
		result_form(c, ctx, type, at, len);
		break;
	}
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
	struct cursor *c = CONTAINER_OF(base, struct cursor, base);

	if (c->row < c->end) {
		result_field(c, ctx, (unsigned)column);
		return SQLITE_OK;
	}
	const struct cell *cell = &c->fill.rows.items[c->at][column];
	switch (cell->kind) {
	case CELL_NULL:
		sqlite3_result_null(ctx);
		break;
	case CELL_INT:
		sqlite3_result_int64(ctx, cell->i);
		break;
	case CELL_REAL:
		sqlite3_result_double(ctx, cell->r);
		break;
	case CELL_TEXT:
		/* the row may be gone before SQLite is done with the value */
		sqlite3_result_text(ctx, cell->text, -1, SQLITE_TRANSIENT);
		break;
	case CELL_FORM:
		result_form(c, ctx, c->fill.of->relation.columns[column].type, cell->text,
			    strlen(cell->text));
		break;
	}
	return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	const struct cursor *c = CONTAINER_OF(base, struct cursor, base);

	*out = c->row < c->end ? (sqlite3_int64)c->row + 1 : (sqlite3_int64)(c->end + c->at) + 1;
	return SQLITE_OK;
}

const sqlite3_module system_module = {
	.iVersion = 0,
	/* no xCreate: the table is there under the module's name, and only so */
	.xConnect = table_connect,
	.xBestIndex = table_best_index,
	.xDisconnect = table_disconnect,
	.xOpen = cursor_open,
	.xClose = cursor_close,
	.xFilter = cursor_filter,
	.xNext = cursor_next,
	.xEof = cursor_eof,
	.xColumn = cursor_column,
	.xRowid = cursor_rowid,
};

/* ---- making rows ---- */

void row_begin(struct fill *f)
{
	f->row = ARENA_ARRAY(f->arena, struct cell, f->of->relation.n_columns);
	f->at = 0;
	f->failed |= f->row == NULL;
}

static struct cell *next_cell(struct fill *f)
{
	static struct cell lost; /* written only, when memory ran out */

	if (f->row == NULL)
		return &lost;
	assert(f->at < f->of->relation.n_columns);
	return &f->row[f->at++];
}

void row_null(struct fill *f)
{
	(void)next_cell(f);
}

void row_nulls(struct fill *f, unsigned n)
{
	while (n-- > 0)
		row_null(f);
}

void row_int(struct fill *f, int64_t v)
{
	struct cell *c = next_cell(f);

	c->kind = CELL_INT;
	c->i = v;
}

void row_bool(struct fill *f, bool v)
{
	row_int(f, v);
}

void row_real(struct fill *f, double v)
{
	struct cell *c = next_cell(f);

	c->kind = CELL_REAL;
	c->r = v;
}

void row_text(struct fill *f, const char *text)
{
	struct cell *c = next_cell(f);

	if (text == NULL)
		return;
	c->kind = CELL_TEXT;
	c->text = text;
}

void row_char(struct fill *f, char ch)
{
	char text[2] = { ch, '\0' };

	row_text(f, ch == '\0' ? "" : arena_strdup(f->arena, text));
}

void row_form(struct fill *f, const char *text)
{
	struct cell *c = next_cell(f);

	if (text == NULL)
		return;
	c->kind = CELL_FORM;
	c->text = text;
}

void row_yes(struct fill *f, bool v)
{
	row_text(f, v ? "YES" : "NO");
}

void row_zeros(struct fill *f, unsigned n)
{
	for (; n > 0 && f->row != NULL; n--) {
		switch (f->of->relation.columns[f->at].type) {
		case INT2OID:
		case INT4OID:
		case INT8OID:
			row_int(f, 0);
			break;
		case FLOAT4OID:
		case FLOAT8OID:
			row_real(f, 0);
			break;
		case NUMERICOID:
			row_form(f, "0");
			break;
		default:
			row_null(f);
			break;
		}
	}
}

bool fill_wants(const struct fill *f, int column, int64_t value)
{
	return f->key != column || f->key_is_text || f->key_int == value;
}

void row_end(struct fill *f)
{
	if (f->row == NULL)
		return;
	assert(f->at == f->of->relation.n_columns);
	if (f->key >= 0) {
		const struct cell *c = &f->row[f->key];

		if (f->key_is_text ? c->kind != CELL_TEXT || strcmp(c->text, f->key_text) != 0
				   : c->kind != CELL_INT || c->i != f->key_int)
			return;
	}
	struct cell **at = VEC_PUSH(f->arena, &f->rows);
	if (at == NULL)
		f->failed = true;
	else
		*at = f->row;
}

void fill_databases(struct fill *f, void (*each)(void *f, const struct sql_database_info *db))
{
	if (f->env->list_databases == NULL || f->env->list_databases(f->env, each, f))
		return;
	f->failed = true;
	sql_error_set(&f->conn->err, ERRCODE_IO, "could not list the databases of the store");
}

static const char *form_numbers(struct fill *f, const int64_t *values, size_t n, const char *open,
				char separator, const char *close)
{
	/* 20 digits and a separator each */
	char *text = arena_alloc(f->arena, n * 21 + 3);
	size_t len = 0;

	if (text == NULL) {
		f->failed = true;
		return NULL;
	}
	len += (size_t)sprintf(text, "%s", open);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text[len++] = separator;
		len += (size_t)sprintf(text + len, "%lld", (long long)values[i]);
	}
	sprintf(text + len, "%s", close);
	return text;
}

const char *form_array(struct fill *f, const int64_t *values, size_t n)
{
	return form_numbers(f, values, n, "{", ',', "}");
}

const char *form_vector(struct fill *f, const int64_t *values, size_t n)
{
	return form_numbers(f, values, n, "", ' ', "");
}
