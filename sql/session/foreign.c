/*
 * foreign.c - SQLite's own statements that PostgreSQL's grammar refuses
 *
 *   BEGIN DEFERRED | IMMEDIATE | EXCLUSIVE [TRANSACTION]
 *   INSERT OR REPLACE | IGNORE INTO ..., REPLACE INTO ...
 *   PRAGMA of a list that only reads
 *
 * The INSERTs are analyzed as PostgreSQL's with the words taken out, so they have
 * its names, types and coercions; only the conflict clause goes to SQLite.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql/session/session.h"

struct scan {
	const char *p, *end;
};

static void skip_space(struct scan *s)
{
	while (s->p < s->end) {
		if (isspace((unsigned char)*s->p)) {
			s->p++;
		} else if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] == '-') {
			while (s->p < s->end && *s->p != '\n')
				s->p++;
		} else if (s->end - s->p >= 2 && s->p[0] == '/' && s->p[1] == '*') {
			int depth = 0;

			do {
				if (s->end - s->p >= 2 && s->p[0] == '/' && s->p[1] == '*') {
					depth++;
					s->p += 2;
				} else if (s->end - s->p >= 2 && s->p[0] == '*' && s->p[1] == '/') {
					depth--;
					s->p += 2;
				} else {
					s->p++;
				}
			} while (depth > 0 && s->p < s->end);
		} else {
			return;
		}
	}
}

static size_t word(struct scan *s, const char **start)
{
	skip_space(s);
	*start = s->p;
	while (s->p < s->end && (isalnum((unsigned char)*s->p) || *s->p == '_'))
		s->p++;
	return (size_t)(s->p - *start);
}

/* Take the word if it is the next one. */
static bool take(struct scan *s, const char *want)
{
	struct scan before = *s;
	const char *start;
	size_t len = word(s, &start);

	if (len == strlen(want) && strncasecmp(start, want, len) == 0)
		return true;
	*s = before;
	return false;
}

static bool at_end(struct scan *s)
{
	skip_space(s);
	if (s->p < s->end && *s->p == ';') {
		s->p++;
		skip_space(s);
	}
	return s->p == s->end;
}

static struct plan *new_plan(enum plan_kind kind, const char *text, size_t len)
{
	struct sql_error ignored = SQL_ERROR_INIT;
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	atomic_init(&p->n_refs, 1);
	arena_init(&p->arena, PLAN_LIMIT);
	p->kind = kind;
	p->text = arena_strndup(&p->arena, text, len);
	(void)ignored;
	if (p->text == NULL) {
		plan_unref(p);
		return NULL;
	}
	return p;
}

static bool parse_begin(struct scan s, const char *text, size_t len, struct plan **out)
{
	enum sql_transaction_mode mode;

	if (take(&s, "DEFERRED"))
		mode = SQL_DEFERRED;
	else if (take(&s, "IMMEDIATE"))
		mode = SQL_IMMEDIATE;
	else if (take(&s, "EXCLUSIVE"))
		mode = SQL_EXCLUSIVE;
	else
		return false;
	(void)take(&s, "TRANSACTION");
	if (!at_end(&s))
		return false;
	*out = new_plan(PLAN_BEGIN, text, len);
	if (*out != NULL)
		(*out)->begin_mode = mode;
	return *out != NULL;
}

/* Parse `text` with the bytes from..to blanked, as an INSERT. */
static bool parse_insert(const char *text, size_t len, size_t from, size_t to, bool was_replace,
			 int insert_or, const struct plan_request *request, struct plan **out)
{
	struct sql_error ignored = SQL_ERROR_INIT;
	char *copy = strndup(text, len);

	if (copy == NULL)
		return false;
	memset(copy + from, ' ', to - from);
	if (was_replace)
		memcpy(copy + from, "INSERT", 6);
	struct plan *p = plan_of_text(copy, request->hints, request->n_hints, &ignored);
	free(copy);
	if (p == NULL)
		return false;
	if (p->kind != PLAN_QUERY || p->stmt->node_case != PG_QUERY__NODE__NODE_INSERT_STMT ||
	    p->stmt->insert_stmt->on_conflict_clause != NULL) {
		plan_unref(p);
		return false;
	}
	p->insert_or = insert_or;
	p->no_params = request->no_params;
	*out = p;
	return true;
}

/* ---- PRAGMA ---- */

static const struct {
	const char *name;
	const char *types;   /* i int8, t text */
	const char *columns;
	bool argument;       /* may have one */
} pragmas[] = {
	{ "application_id", "i", "application_id", false },
	{ "auto_vacuum", "i", "auto_vacuum", false },
	{ "collation_list", "it", "seq,name", false },
	{ "compile_options", "t", "compile_options", false },
	{ "encoding", "t", "encoding", false },
	{ "foreign_key_check", "titi", "table,rowid,parent,fkid", true },
	{ "foreign_key_list", "iitttttt", "id,seq,table,from,to,on_update,on_delete,match", true },
	{ "foreign_keys", "i", "foreign_keys", false },
	{ "freelist_count", "i", "freelist_count", false },
	{ "index_info", "iit", "seqno,cid,name", true },
	{ "index_list", "ititi", "seq,name,unique,origin,partial", true },
	{ "index_xinfo", "iititi", "seqno,cid,name,desc,coll,key", true },
	{ "integrity_check", "t", "integrity_check", true },
	{ "journal_mode", "t", "journal_mode", false },
	{ "page_count", "i", "page_count", false },
	{ "page_size", "i", "page_size", false },
	{ "quick_check", "t", "quick_check", true },
	{ "schema_version", "i", "schema_version", false },
	{ "table_info", "ittiti", "cid,name,type,notnull,dflt_value,pk", true },
	{ "table_list", "tttiii", "schema,name,type,ncol,wr,strict", true },
	{ "table_xinfo", "ittitii", "cid,name,type,notnull,dflt_value,pk,hidden", true },
	{ "user_version", "i", "user_version", false },
};

static bool fill_pragma(struct plan *p, size_t which)
{
	size_t n = strlen(pragmas[which].types);
	struct sql_column *columns = ARENA_ARRAY(&p->arena, struct sql_column, n);
	enum column_path *paths = ARENA_ARRAY(&p->arena, enum column_path, n);
	struct lowered_column *lowered = ARENA_ARRAY(&p->arena, struct lowered_column, n);
	const char *name = pragmas[which].columns;

	if (columns == NULL || paths == NULL || lowered == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(name, ",");
		bool is_int = pragmas[which].types[i] == 'i';

		lowered[i].name = arena_strndup(&p->arena, name, len);
		lowered[i].type = is_int ? INT8OID : TEXTOID;
		lowered[i].typmod = -1;
		columns[i] = (struct sql_column){ .name = lowered[i].name,
						  .type_oid = lowered[i].type,
						  .type_len = is_int ? 8 : -1,
						  .typmod = -1 };
		paths[i] = is_int ? PATH_INT8 : PATH_TEXT;
		if (columns[i].name == NULL)
			return false;
		name += len + (name[len] == ',');
	}
	p->lowered.kind = LOWERED_SELECT;
	p->lowered.columns = lowered;
	p->lowered.n_columns = p->n_columns = n;
	p->columns = columns;
	p->paths = paths;
	return true;
}

/* The argument, quoted anew as a name; false: not a plain name or number. */
static bool pragma_argument(struct scan *s, struct buf *out)
{
	skip_space(s);
	if (s->p == s->end || *s->p != '(')
		return true;
	s->p++;
	skip_space(s);
	char name[256];
	size_t n = 0;
	if (s->p < s->end && (*s->p == '\'' || *s->p == '"')) {
		char quote = *s->p++;

		while (s->p < s->end && *s->p != quote && n < sizeof(name) - 1)
			name[n++] = *s->p++;
		if (s->p == s->end || *s->p++ != quote)
			return false;
	} else {
		const char *start;
		size_t len = word(s, &start);

		if (len == 0 || len >= sizeof(name))
			return false;
		memcpy(name, start, len);
		n = len;
	}
	name[n] = '\0';
	skip_space(s);
	if (s->p == s->end || *s->p++ != ')')
		return false;
	buf_put_byte(out, '(');
	sqlite_quote_name(out, name);
	buf_put_byte(out, ')');
	return true;
}

static bool parse_pragma(struct scan s, const char *text, size_t len, struct plan **out)
{
	const char *start;
	size_t n = word(&s, &start);
	struct buf sql = BUF_INIT(1024);
	struct plan *p = NULL;

	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		if (strlen(pragmas[i].name) != n || strncasecmp(pragmas[i].name, start, n) != 0)
			continue;
		buf_printf(&sql, "PRAGMA main.%s", pragmas[i].name);
		if ((pragmas[i].argument && !pragma_argument(&s, &sql)) || !at_end(&s) || sql.failed)
			break;
		p = new_plan(PLAN_PRAGMA, text, len);
		if (p == NULL)
			break;
		p->lowered.sql = arena_strdup(&p->arena, buf_str(&sql));
		if (p->lowered.sql == NULL || !fill_pragma(p, i)) {
			plan_unref(p);
			p = NULL;
		}
		break;
	}
	buf_free(&sql);
	*out = p;
	return p != NULL;
}

bool foreign_parse(const char *text, size_t len, struct plan **out,
		   const struct plan_request *request)
{
	struct scan s = { text, text + len };

	if (take(&s, "BEGIN"))
		return parse_begin(s, text, len, out);
	if (take(&s, "PRAGMA"))
		return parse_pragma(s, text, len, out);
	if (take(&s, "REPLACE")) {
		size_t to = (size_t)(s.p - text);

		return parse_insert(text, len, to - 7, to, true, INSERT_OR_REPLACE, request, out);
	}
	if (take(&s, "INSERT")) {
		skip_space(&s);
		size_t from = (size_t)(s.p - text);
		int kind;

		if (!take(&s, "OR"))
			return false;
		if (take(&s, "REPLACE"))
			kind = INSERT_OR_REPLACE;
		else if (take(&s, "IGNORE"))
			kind = INSERT_OR_IGNORE;
		else
			return false;
		return parse_insert(text, len, from, (size_t)(s.p - text), false, kind, request, out);
	}
	return false;
}
