/*
 * plan.c - from a text to statements ready to run, and the cache of them
 *
 * A cached plan is found by text, search_path and the parameter types that the
 * client gave.  It is right for one struct schema: plan_fit() compares and, when
 * another one is in force, analyzes the tree again.
 * Licence: MIT, see LICENSE.
 */
#include <pg_query.h>
#include <stdlib.h>
#include <string.h>

#include "sql/ddl.h"
#include "sql/pgcat.h"
#include "sql/session/session.h"

enum { CACHED_TEXT_MAX = 16 << 10, COLUMNS_MAX = 1664 };

static struct plan *plan_new(struct plan *owner, struct sql_error *err)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		sql_error_no_memory(err);
		return NULL;
	}
	atomic_init(&p->n_refs, 1);
	arena_init(&p->arena, PLAN_LIMIT);
	if (owner != NULL) {
		/* the tree lives in the outermost one */
		p->owner = plan_ref(owner->owner != NULL ? owner->owner : owner);
		p->text = owner->text;
		p->base_chars = owner->base_chars;
	}
	return p;
}

struct plan *plan_ref(struct plan *p)
{
	if (p != NULL)
		atomic_fetch_add_explicit(&p->n_refs, 1, memory_order_relaxed);
	return p;
}

void plan_unref(struct plan *p)
{
	while (p != NULL && atomic_fetch_sub_explicit(&p->n_refs, 1, memory_order_acq_rel) == 1) {
		struct plan *owner = p->owner;

		schema_unref(p->schema);
		arena_free(&p->arena);
		free(p->key);
		free(p);
		p = owner;
	}
}

void plan_list_free(struct plan_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		plan_unref(list->plans[i]);
	free(list->plans);
	list->plans = NULL;
	list->n = 0;
}

/* ---- the cache ---- */

void plan_cache_init(struct plan_cache *c)
{
	mutex_init(&c->lock);
}

static void cache_unlink(struct plan_cache *c, struct plan *p)
{
	if (p->newer != NULL)
		p->newer->older = p->older;
	else
		c->newest = p->older;
	if (p->older != NULL)
		p->older->newer = p->newer;
	else
		c->oldest = p->newer;
	p->newer = p->older = NULL;
}

static void cache_link(struct plan_cache *c, struct plan *p)
{
	p->newer = NULL;
	p->older = c->newest;
	if (c->newest != NULL)
		c->newest->newer = p;
	else
		c->oldest = p;
	c->newest = p;
}

static size_t plan_bytes(const struct plan *p)
{
	return sizeof(*p) + p->arena.used + p->key_len +
	       (p->owner != NULL ? p->owner->arena.used : 0);
}

static void cache_remove_locked(struct plan_cache *c, struct plan *p)
{
	cache_unlink(c, p);
	map_remove_n(&c->by_key, p->key, p->key_len);
	c->n_plans--;
	c->n_bytes -= plan_bytes(p);
	p->in_cache = false;
}

void plan_cache_deinit(struct plan_cache *c)
{
	while (c->newest != NULL) {
		struct plan *p = c->newest;

		cache_remove_locked(c, p);
		plan_unref(p);
	}
	map_free(&c->by_key);
	mutex_deinit(&c->lock);
}

void plan_cache_keep(struct plan_cache *c, const struct schema *schema)
{
	struct plan *gone = NULL;

	mutex_lock(&c->lock);
	for (struct plan *p = c->newest, *older; p != NULL; p = older) {
		older = p->older;
		if (p->schema == NULL || p->schema == schema)
			continue;
		cache_remove_locked(c, p);
		p->older = gone;
		gone = p;
	}
	mutex_unlock(&c->lock);
	while (gone != NULL) {
		struct plan *p = gone;

		gone = p->older;
		p->older = NULL;
		plan_unref(p);
	}
}

static struct plan *cache_find(struct plan_cache *c, const char *key, size_t len)
{
	mutex_lock(&c->lock);
	struct plan *p = map_get_n(&c->by_key, key, len);
	if (p != NULL) {
		if (c->newest != p) {
			cache_unlink(c, p);
			cache_link(c, p);
		}
		plan_ref(p);
	}
	mutex_unlock(&c->lock);
	return p;
}

/* Put a plan that has a key into the cache, in the place of an older one. */
static void cache_add(struct plan_cache *c, struct plan *p)
{
	struct plan *gone[4] = { NULL };
	size_t n_gone = 0;

	if (p->key == NULL || p->in_cache)
		return;
	mutex_lock(&c->lock);
	struct plan *old = map_get_n(&c->by_key, p->key, p->key_len);
	if (old != NULL) {
		cache_remove_locked(c, old);
		gone[n_gone++] = old;
	}
	if (map_put_n(&c->by_key, p->key, p->key_len, p, NULL)) {
		plan_ref(p);
		p->in_cache = true;
		cache_link(c, p);
		c->n_plans++;
		c->n_bytes += plan_bytes(p);
	}
	while ((c->n_plans > PLANS_CACHED || c->n_bytes > PLAN_BYTES_CACHED) &&
	       n_gone < ARRAY_LEN(gone) && c->oldest != NULL && c->oldest != p) {
		gone[n_gone] = c->oldest;
		cache_remove_locked(c, gone[n_gone++]);
	}
	mutex_unlock(&c->lock);
	for (size_t i = 0; i < n_gone; i++)
		plan_unref(gone[i]);
}

static bool make_key(struct sql_session *s, const struct plan_request *r, struct buf *key)
{
	buf_put(key, r->text, strlen(r->text) + 1);
	buf_put_str(key, s->settings.search_path_text);
	buf_put_byte(key, r->no_params ? '\1' : '\2');
	buf_put(key, r->hints, r->n_hints * sizeof(*r->hints));
	return !key->failed;
}

/* ---- analysis ---- */

static bool fill_columns(struct plan *p, struct sql_error *err)
{
	size_t n = p->lowered.n_columns;
	struct sql_column *columns = ARENA_ARRAY(&p->arena, struct sql_column, n + 1);
	enum column_path *paths = ARENA_ARRAY(&p->arena, enum column_path, n + 1);

	if (columns == NULL || paths == NULL)
		return sql_error_no_memory(err);
	if (n > COLUMNS_MAX)
		return sql_error_set(err, ERRCODE_TOO_MANY_COLUMNS,
				     "target lists can have at most %d entries", COLUMNS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct lowered_column *from = &p->lowered.columns[i];
		const struct pg_type_row *type = pgcat_type(from->type);

		columns[i] = (struct sql_column){ .name = from->name,
						  .table_oid = from->table,
						  .attnum = from->attnum,
						  .type_oid = from->type,
						  .type_len = type != NULL ? type->typlen : -1,
						  .typmod = from->typmod };
		paths[i] = column_path_of(from->type);
	}
	p->columns = columns;
	p->paths = paths;
	p->n_columns = n;
	return true;
}

/* INSERT OR REPLACE: the analyzer saw a plain INSERT. */
static bool patch_insert_or(struct plan *p, struct sql_error *err)
{
	static const char head[] = "INSERT INTO ";

	if (p->insert_or == INSERT_PLAIN)
		return true;
	if (p->lowered.kind != LOWERED_INSERT ||
	    strncmp(p->lowered.sql, head, sizeof(head) - 1) != 0)
		return sql_error_unsupported(err, -1, "this form of INSERT OR %s",
					     p->insert_or == INSERT_OR_REPLACE ? "REPLACE" : "IGNORE");
	p->lowered.sql = arena_printf(&p->arena, "INSERT OR %s INTO %s",
				      p->insert_or == INSERT_OR_REPLACE ? "REPLACE" : "IGNORE",
				      p->lowered.sql + sizeof(head) - 1);
	return p->lowered.sql != NULL || sql_error_no_memory(err);
}

static bool analyze(struct sql_session *s, struct plan *p, struct schema *schema,
		    struct sql_error *err)
{
	struct analyze_input in = { .text = p->text,
				    .schema = schema,
				    .env = &s->env,
				    .param_types = p->hints,
				    .n_param_types = p->n_hints,
				    .no_params = p->no_params,
				    .arena = &p->arena };

	p->search_path = arena_strdup(&p->arena, s->settings.search_path_text);
	if (p->search_path == NULL)
		return sql_error_no_memory(err);
	if (!analyze_statement(&in, p->stmt, &p->lowered, err))
		return false;
	if (!patch_insert_or(p, err) || !fill_columns(p, err))
		return false;
	p->schema = schema_ref(schema);
	return true;
}

static bool copy_request(struct plan *p, const oid_t *hints, size_t n, bool no_params,
			 struct sql_error *err)
{
	p->no_params = no_params;
	p->n_hints = n;
	p->hints = n > 0 ? arena_memdup(&p->arena, hints, n * sizeof(*hints)) : NULL;
	return n == 0 || p->hints != NULL || sql_error_no_memory(err);
}

struct plan *plan_fit(struct sql_session *s, struct plan *plan, struct schema *schema,
		      struct sql_error *err)
{
	if (plan->kind != PLAN_QUERY)
		return plan;
	if (plan->schema == schema && strcmp(plan->search_path, s->settings.search_path_text) == 0)
		return plan;
	struct plan *p = plan;
	if (plan->schema != NULL || plan->analysis_failed) {
		p = plan_new(plan, err);
		if (p == NULL)
			goto fail;
		p->kind = plan->kind;
		p->stmt = plan->stmt;
		p->location = plan->location;
		p->len = plan->len;
		p->insert_or = plan->insert_or;
		if (!copy_request(p, plan->hints, plan->n_hints, plan->no_params, err))
			goto fail;
		if (plan->key != NULL) {
			p->key = malloc(plan->key_len);
			if (p->key != NULL) {
				memcpy(p->key, plan->key, plan->key_len);
				p->key_len = plan->key_len;
			}
		}
		plan_unref(plan);
		plan = p;
	}
	if (!analyze(s, p, schema, err)) {
		/* a prepared statement's plan may be looked at again */
		p->analysis_failed = true;
		goto fail;
	}
	if (p->lowered.stable && s->tx.schema != schema && s->temp_schema != schema)
		cache_add(&s->db->plans, p);
	return p;
fail:
	if (p != NULL && p != plan)
		plan_unref(p);
	plan_unref(plan);
	return NULL;
}

/* ---- parsing ---- */

static void classify(struct plan *p, const PgQuery__RawStmt *raw)
{
	p->stmt = raw->stmt;
	p->location = raw->stmt_location;
	p->len = raw->stmt_len;
	p->kind = analyze_takes(p->stmt) ? PLAN_QUERY :
		  ddl_takes(p->stmt)	 ? PLAN_DDL :
					   PLAN_UTILITY;
}

static bool list_add(struct plan_list *list, struct plan *p, struct sql_error *err)
{
	struct plan **more = realloc(list->plans, (list->n + 1) * sizeof(*more));

	if (more == NULL) {
		plan_unref(p);
		return sql_error_no_memory(err);
	}
	list->plans = more;
	list->plans[list->n++] = p;
	return true;
}

/* Add the statements of one text that PostgreSQL's grammar takes. */
static bool parse_into(const char *text, size_t len, int base_chars,
		       const struct plan_request *request, struct plan_list *list,
		       struct sql_error *err)
{
	struct plan *root = plan_new(NULL, err);
	PgQuery__ParseResult *tree;

	if (root == NULL)
		return false;
	root->base_chars = base_chars;
	root->text = arena_strndup(&root->arena, text, len);
	if (root->text == NULL) {
		sql_error_no_memory(err);
		goto fail;
	}
	if (!sql_parse(root->text, &root->arena, &tree, err))
		goto fail;
	if (tree->n_stmts <= 1) {
		if (!copy_request(root, request->hints, request->n_hints, request->no_params, err))
			goto fail;
		if (tree->n_stmts == 1)
			classify(root, tree->stmts[0]);
		return list_add(list, root, err);
	}
	for (size_t i = 0; i < tree->n_stmts; i++) {
		struct plan *p = plan_new(root, err);

		if (p == NULL)
			goto fail;
		if (!copy_request(p, request->hints, request->n_hints, request->no_params, err)) {
			plan_unref(p);
			goto fail;
		}
		classify(p, tree->stmts[i]);
		if (!list_add(list, p, err))
			goto fail;
	}
	plan_unref(root);
	return true;
fail:
	plan_unref(root);
	return false;
}

static int chars_before(const char *text, int bytes)
{
	return text_position(text, bytes) - 1;
}

/* Add the statement text[from, to), which may be nobody's. */
static bool parse_piece(const struct plan_request *request, size_t from, size_t to,
			struct plan_list *list, bool *any)
{
	const char *text = request->text + from;
	struct sql_error ignored = SQL_ERROR_INIT;
	int base = chars_before(request->text, (int)from);
	struct plan *p = NULL;

	if (!foreign_parse(text, to - from, &p, request))
		return parse_into(text, to - from, base, request, list, &ignored);
	p->base_chars = base;
	*any = true;
	return list_add(list, p, &ignored);
}

/*
 * A text that PostgreSQL's grammar refused: perhaps some of it is SQLite's.  It is
 * cut at the semicolons that PostgreSQL's scanner sees.
 */
static bool parse_foreign(const struct plan_request *request, struct plan_list *list)
{
	PgQueryScanResult scanned = pg_query_scan(request->text);
	PgQuery__ScanResult *tokens = NULL;
	bool any = false, ok = false;
	size_t from = 0;
	bool empty = true;

	if (scanned.error == NULL)
		tokens = pg_query__scan_result__unpack(NULL, scanned.pbuf.len,
						       (const uint8_t *)scanned.pbuf.data);
	ok = tokens != NULL;
	for (size_t i = 0; ok && i < tokens->n_tokens; i++) {
		const PgQuery__ScanToken *t = tokens->tokens[i];
		bool last = i + 1 == tokens->n_tokens;
		bool cut = t->token == PG_QUERY__TOKEN__ASCII_59;

		if (!cut && t->token != PG_QUERY__TOKEN__SQL_COMMENT &&
		    t->token != PG_QUERY__TOKEN__C_COMMENT)
			empty = false;
		if (!empty && (cut || last))
			ok = parse_piece(request, from, (size_t)(cut ? t->start : t->end), list, &any);
		if (cut) {
			from = (size_t)t->end;
			empty = true;
		}
	}
	if (tokens != NULL)
		pg_query__scan_result__free_unpacked(tokens, NULL);
	pg_query_free_scan_result(scanned);
	if (ok && any)
		return true;
	plan_list_free(list);
	return false;
}

bool plan_parse(struct sql_session *s, const struct plan_request *request, struct plan_list *out,
		struct sql_error *err)
{
	struct buf key = BUF_INIT(PLAN_LIMIT);
	size_t len = strlen(request->text);
	bool keyed = len <= CACHED_TEXT_MAX && make_key(s, request, &key);

	*out = (struct plan_list){ 0 };
	if (keyed) {
		struct plan *p = cache_find(&s->db->plans, key.data, key.len);

		if (p != NULL) {
			buf_free(&key);
			return list_add(out, p, err);
		}
	}
	if (!text_check(request->text, len, err))
		goto fail;
	if (!parse_into(request->text, len, 0, request, out, err)) {
		plan_list_free(out);
		if (strcmp(err->sqlstate, ERRCODE_SYNTAX) != 0 || !parse_foreign(request, out))
			goto fail;
		sql_error_clear(err);
		buf_free(&key);
		return true;
	}
	if (keyed && out->n == 1 && out->plans[0]->kind != PLAN_DDL) {
		struct plan *p = out->plans[0];

		p->key = buf_take(&key, &p->key_len);
		/* an utility statement is the same under every schema */
		if (p->kind == PLAN_UTILITY || p->kind == PLAN_EMPTY)
			cache_add(&s->db->plans, p);
	}
	buf_free(&key);
	return true;
fail:
	buf_free(&key);
	plan_list_free(out);
	return false;
}

struct plan *plan_of_node(const struct plan *outer, const PgQuery__Node *node, const oid_t *hints,
			  size_t n_hints, bool no_params, struct sql_error *err)
{
	struct plan *p = plan_new((struct plan *)outer, err);

	if (p == NULL)
		return NULL;
	p->stmt = node;
	p->location = outer->location;
	p->len = outer->len;
	p->kind = analyze_takes(node) ? PLAN_QUERY : ddl_takes(node) ? PLAN_DDL : PLAN_UTILITY;
	if (!copy_request(p, hints, n_hints, no_params, err)) {
		plan_unref(p);
		return NULL;
	}
	return p;
}

struct plan *plan_of_text(const char *text, const oid_t *hints, size_t n_hints,
			  struct sql_error *err)
{
	struct plan_request request = { .text = text, .hints = hints, .n_hints = n_hints };
	struct plan_list list = { 0 };
	struct plan *p = NULL;

	if (parse_into(text, strlen(text), 0, &request, &list, err) && list.n == 1)
		p = plan_ref(list.plans[0]);
	else if (!err->set)
		sql_error_set(err, ERRCODE_INTERNAL, "unexpected statement count");
	plan_list_free(&list);
	return p;
}
