/*
 * explain.c - EXPLAIN: how SQLite runs the statement, and what reading it cost
 *
 * Nodes are the lines of SQLite's EXPLAIN QUERY PLAN, indented as PostgreSQL indents its
 * plans.  ANALYZE runs the statement; what it came to is told for the statement as a
 * whole, because SQLite's nodes do not run one by one.  In JSON, YAML and XML the
 * nodes are the Plans of one node that stands for the statement.
 *
 * BUFFERS: a page is "hit" in memory or "read" from this machine's disk or the store;
 * the line "Store" says what was asked of the store for it.
 * Licence: MIT, see LICENSE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/vec.h"
#include "sql/session/explain_doc.h"
#include "sql/session/session.h"

enum { MAX_DEPTH = 64 };

struct node {
	int depth; /* 0: a root */
	const char *text;
};

struct nodes {
	struct node *items;
	size_t n, cap;
};

struct explain_options {
	bool analyze, verbose, buffers, timing, summary;
	enum explain_format format;
};

/* What is known when the statement was explained, and run if it was to be. */
struct explained {
	struct nodes nodes;
	const char *command; /* "Select" */
	const char *sql;     /* what SQLite was given */
	uint64_t rows;
	double planning_ms, execution_ms;
	struct vfs_read_stats planning, execution;
	bool io_timing;
};

/* ---- options ---- */

static bool option_on(const PgQuery__DefElem *d, bool *out, struct sql_error *err)
{
	*out = true;
	if (d->arg == NULL)
		return true;
	if (d->arg->node_case == PG_QUERY__NODE__NODE_INTEGER) {
		*out = d->arg->integer->ival != 0;
		if (d->arg->integer->ival == 0 || d->arg->integer->ival == 1)
			return true;
	} else if (d->arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN) {
		*out = d->arg->boolean->boolval;
		return true;
	} else if (d->arg->node_case == PG_QUERY__NODE__NODE_STRING) {
		const char *text = d->arg->string->sval;

		*out = strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0;
		if (*out || strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0)
			return true;
	}
	return sql_error_set(err, ERRCODE_SYNTAX, "%s requires a Boolean value", d->defname);
}

static bool read_format(const PgQuery__DefElem *d, enum explain_format *out, struct sql_error *err)
{
	static const char *const names[] = { "text", "xml", "json", "yaml" };

	if (d->arg == NULL)
		return sql_error_set(err, ERRCODE_SYNTAX, "%s requires a parameter", d->defname);
	const char *text = d->arg->node_case == PG_QUERY__NODE__NODE_STRING ? d->arg->string->sval : "";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], text) == 0) {
			*out = (enum explain_format)i;
			return true;
		}
	return sql_error_at(err, d->location, ERRCODE_INVALID_PARAMETER_VALUE,
			    "unrecognized value for EXPLAIN option \"%s\": \"%s\"", d->defname, text);
}

static bool read_options(const PgQuery__ExplainStmt *stmt, struct explain_options *o,
			 struct sql_error *err)
{
	bool costs = false, settings = false, wal = false, timing_given = false, summary_given = false;
	int wal_location = -1;

	*o = (struct explain_options){ .format = EXPLAIN_TEXT };
	const struct {
		const char *name;
		bool *value;
	} flags[] = { { "analyze", &o->analyze }, { "verbose", &o->verbose }, { "buffers", &o->buffers },
		      { "timing", &o->timing },	  { "summary", &o->summary }, { "costs", &costs },
		      { "settings", &settings },  { "wal", &wal } };
	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;
		size_t f = 0;

		if (strcmp(d->defname, "format") == 0) {
			if (!read_format(d, &o->format, err))
				return false;
			continue;
		}
		while (f < ARRAY_LEN(flags) && strcmp(flags[f].name, d->defname) != 0)
			f++;
		if (f == ARRAY_LEN(flags))
			return sql_error_at(err, d->location, ERRCODE_SYNTAX,
					    "unrecognized EXPLAIN option \"%s\"", d->defname);
		if (!option_on(d, flags[f].value, err))
			return false;
		timing_given |= flags[f].value == &o->timing;
		summary_given |= flags[f].value == &o->summary;
		if (flags[f].value == &wal)
			wal_location = d->location;
	}
	if (wal && !o->analyze)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "EXPLAIN option WAL requires ANALYZE");
	if (o->timing && !o->analyze)
		return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "EXPLAIN option TIMING requires ANALYZE");
	if (wal) {
		(void)sql_error_unsupported(err, wal_location, "EXPLAIN (WAL)");
		/* SQLite hands pages over when the transaction ends, and one object holds those of several */
		(void)sql_error_detail(err, "What is added to the log is known at COMMIT, not before.");
		return sql_error_hint(err, "The view pgblob_log tells the pages and bytes of each commit.");
	}
	if (!timing_given)
		o->timing = o->analyze;
	if (!summary_given)
		o->summary = o->analyze;
	return true;
}

struct sql_column explain_column(const PgQuery__ExplainStmt *stmt)
{
	struct sql_column column = { .name = "QUERY PLAN", .type_oid = TEXTOID, .type_len = -1, .typmod = -1 };

	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;
		enum explain_format format;
		struct sql_error ignored = SQL_ERROR_INIT;

		if (strcmp(d->defname, "format") == 0 && read_format(d, &format, &ignored))
			column.type_oid = format == EXPLAIN_JSON ? JSONOID : format == EXPLAIN_XML ? XMLOID : TEXTOID;
	}
	return column;
}

/* ---- the plan ---- */

static bool add_node(struct sql_session *s, struct nodes *nodes, int depth, const char *text,
		     struct sql_error *err)
{
	struct node *node = VEC_PUSH(&s->scratch, nodes);
	char *copy = arena_strdup(&s->scratch, text != NULL ? text : "");

	if (node == NULL || copy == NULL)
		return sql_error_no_memory(err);
	*node = (struct node){ depth, copy };
	return true;
}

/* Read what SQLite will do into `out`. */
static bool read_plan(struct sql_session *s, struct portal *p, struct explained *out,
		      struct sql_error *err)
{
	struct conn *c;
	struct prepared_stmt *stmt = NULL;
	bool own, ok = false;
	int ids[MAX_DEPTH] = { 0 };
	struct buf text = BUF_INIT(PLAN_LIMIT);
	struct vfs_read_stats before;

	if (!tx_read(s, &c, &own, err))
		return false;
	reads_begin(c, &before);
	struct schema *schema = place_take(s, err) ? session_schema(s, c, err) : NULL;
	if (schema == NULL)
		goto out;
	p->plan = plan_fit(s, p->plan, schema, err);
	if (p->plan == NULL)
		goto out;
	conn_lend(c, s, schema);
	buf_printf(&text, "EXPLAIN QUERY PLAN %s", p->plan->lowered.sql);
	int rc = conn_prepare(c, buf_str(&text), &stmt);
	if (rc != SQLITE_OK) {
		outcome_error(s, c, rc, err);
		goto out;
	}
	ok = true;
	while (ok && (rc = sqlite3_step(stmt->stmt)) == SQLITE_ROW) {
		int id = sqlite3_column_int(stmt->stmt, 0), parent = sqlite3_column_int(stmt->stmt, 1);
		int depth = 0;

		while (depth < MAX_DEPTH - 2 && ids[depth] != parent)
			depth++;
		if (ids[depth] != parent)
			depth = 0;
		ids[depth + 1] = id;
		for (int i = depth + 2; i < MAX_DEPTH; i++)
			ids[i] = -1;
		ok = add_node(s, &out->nodes, depth, (const char *)sqlite3_column_text(stmt->stmt, 3), err);
	}
	if (ok && rc != SQLITE_DONE)
		ok = outcome_error(s, c, rc, err);
	out->sql = arena_strdup(&s->scratch, p->plan->lowered.sql);
	ok = ok && (out->sql != NULL || sql_error_no_memory(err));
	reads_end(c, &before, &out->planning);
out:
	if (stmt != NULL)
		conn_release(c, stmt);
	if (own)
		conn_give(c);
	schema_unref(schema);
	buf_free(&text);
	return ok;
}

static bool run_it(struct sql_session *s, struct portal *p, struct explained *out, struct sql_error *err)
{
	uint64_t n;
	bool end;

	p->reads = &out->execution;
	bool ok = portal_start(s, p, err) && portal_rows(s, p, NULL, 0, NULL, &n, &end, err);
	if (ok)
		out->rows = p->plan->n_columns > 0 ? n : (uint64_t)p->n_changes;
	return ok;
}

static const char *command_name(const struct plan *plan)
{
	switch (plan->lowered.kind) {
	case LOWERED_INSERT:
		return "Insert";
	case LOWERED_UPDATE:
		return "Update";
	case LOWERED_DELETE:
		return "Delete";
	case LOWERED_SELECT:
	case LOWERED_VALUES:
		break;
	}
	return "Select";
}

/* ---- TEXT ---- */

static bool line(struct sql_sink *sink, const char *text, size_t len)
{
	struct buf *out = sink->row_begin(sink, 1);

	if (out == NULL)
		return false;
	buf_put_u32(out, (uint32_t)len);
	buf_put(out, text, len);
	return sink->row_end(sink);
}

static bool tell_buf(struct sql_sink *sink, struct buf *text, struct sql_error *err)
{
	if (text->failed)
		return sql_error_no_memory(err);
	return line(sink, buf_str(text), text->len);
}

static void put_count(struct buf *out, const char *name, uint64_t n)
{
	if (n > 0)
		buf_printf(out, " %s=%" PRIu64, name, n);
}

/* Lines that say something only: a count of nothing is not told. */
static bool tell_reads(struct sql_sink *sink, const struct vfs_read_stats *r, bool io_timing,
		       const char *heading, struct sql_error *err)
{
	const char *margin = heading != NULL ? "  " : "";
	uint64_t read = r->disk_hits + r->store_pages;
	struct buf text = BUF_INIT(4096);
	bool ok = true;

	if (heading != NULL && (r->memory_hits > 0 || read > 0 || r->gets > 0))
		ok = line(sink, heading, strlen(heading));
	if (ok && (r->memory_hits > 0 || read > 0)) {
		buf_printf(&text, "%sBuffers: shared", margin);
		put_count(&text, "hit", r->memory_hits);
		put_count(&text, "read", read);
		ok = tell_buf(sink, &text, err);
	}
	if (ok && io_timing && read > 0) {
		buf_reset(&text);
		buf_printf(&text, "%sI/O Timings: shared/local read=%.3f", margin, (double)r->wait_us / 1000);
		ok = tell_buf(sink, &text, err);
	}
	if (ok && (r->gets > 0 || read > 0)) {
		buf_reset(&text);
		buf_printf(&text, "%sStore: GETs=%" PRIu64 " bytes=%" PRIu64, margin, r->gets, r->bytes);
		put_count(&text, "disk", r->disk_hits);
		put_count(&text, "ahead", r->ahead);
		put_count(&text, "hedged", r->hedged);
		ok = tell_buf(sink, &text, err);
	}
	buf_free(&text);
	return ok;
}

static bool tell_text(struct sql_sink *sink, const struct explain_options *o, const struct explained *e,
		      struct sql_error *err)
{
	struct buf text = BUF_INIT(PLAN_LIMIT);
	bool ok = true;

	for (size_t i = 0; ok && i < e->nodes.n; i++) {
		const struct node *node = &e->nodes.items[i];

		buf_reset(&text);
		buf_printf(&text, "%*s%s%s", node->depth == 0 ? 0 : node->depth * 6 - 4, "",
			   node->depth == 0 ? "" : "->  ", node->text);
		ok = tell_buf(sink, &text, err);
	}
	if (ok && o->verbose) {
		buf_reset(&text);
		buf_printf(&text, "SQLite: %s", e->sql);
		ok = tell_buf(sink, &text, err);
	}
	if (ok && o->analyze) {
		buf_reset(&text);
		buf_printf(&text, "Actual Rows: %" PRIu64, e->rows);
		ok = tell_buf(sink, &text, err);
	}
	if (ok && o->buffers)
		ok = tell_reads(sink, &e->execution, e->io_timing, NULL, err) &&
		     tell_reads(sink, &e->planning, e->io_timing, "Planning:", err);
	if (ok && o->summary) {
		buf_reset(&text);
		buf_printf(&text, "Planning Time: %.3f ms", e->planning_ms);
		ok = tell_buf(sink, &text, err);
		buf_reset(&text);
		buf_printf(&text, "Execution Time: %.3f ms", e->execution_ms);
		ok = ok && (!o->analyze || tell_buf(sink, &text, err));
	}
	buf_free(&text);
	return ok;
}

/* ---- JSON, YAML, XML ---- */

static void doc_reads(struct explain_doc *d, const struct vfs_read_stats *r, bool io_timing)
{
	doc_int(d, "Shared Hit Blocks", r->memory_hits);
	doc_int(d, "Shared Read Blocks", r->disk_hits + r->store_pages);
	doc_int(d, "Store Gets", r->gets);
	doc_int(d, "Store Bytes", r->bytes);
	doc_int(d, "Store Blocks", r->store_pages);
	doc_int(d, "Disk Cache Blocks", r->disk_hits);
	doc_int(d, "Ahead Blocks", r->ahead);
	doc_int(d, "Hedged Gets", r->hedged);
	if (io_timing)
		doc_ms(d, "I/O Read Time", (double)r->wait_us / 1000);
}

/* The nodes from *at on that are of this depth, each with those below it. */
static void doc_nodes(struct explain_doc *d, const struct nodes *nodes, size_t *at, int depth)
{
	doc_open(d, "Plans", "Plans", false);
	while (*at < nodes->n && nodes->items[*at].depth == depth) {
		doc_open(d, "Plan", NULL, true);
		doc_text(d, "Node Type", nodes->items[(*at)++].text);
		if (*at < nodes->n && nodes->items[*at].depth > depth)
			doc_nodes(d, nodes, at, depth + 1);
		doc_close(d, "Plan", true);
	}
	doc_close(d, "Plans", false);
}

static bool tell_doc(struct sql_sink *sink, const struct explain_options *o, const struct explained *e,
		     struct sql_error *err)
{
	struct explain_doc d;
	size_t at = 0;

	doc_begin(&d, o->format);
	doc_open(&d, "Query", NULL, true);
	doc_open(&d, "Plan", "Plan", true);
	doc_text(&d, "Node Type", "SQLite");
	doc_text(&d, "Operation", e->command);
	if (o->verbose)
		doc_text(&d, "SQLite", e->sql);
	if (o->analyze) {
		if (o->timing)
			doc_ms(&d, "Actual Total Time", e->execution_ms);
		doc_int(&d, "Actual Rows", e->rows);
		doc_int(&d, "Actual Loops", 1);
	}
	if (o->buffers)
		doc_reads(&d, &e->execution, e->io_timing);
	if (e->nodes.n > 0)
		doc_nodes(&d, &e->nodes, &at, 0);
	doc_close(&d, "Plan", true);
	if (o->buffers) {
		doc_open(&d, "Planning", "Planning", true);
		doc_reads(&d, &e->planning, e->io_timing);
		doc_close(&d, "Planning", true);
	}
	if (o->summary)
		doc_ms(&d, "Planning Time", e->planning_ms);
	if (o->analyze) {
		doc_open(&d, "Triggers", "Triggers", false);
		doc_close(&d, "Triggers", false);
	}
	if (o->analyze && o->summary)
		doc_ms(&d, "Execution Time", e->execution_ms);
	doc_close(&d, "Query", true);
	doc_end(&d);
	bool ok = tell_buf(sink, &d.out, err);
	buf_free(&d.out);
	return ok;
}

/* ---- the statement ---- */

/* The portal of what is to be explained: a query, or one inside another statement. */
static bool open_portal(struct sql_session *s, const struct plan *plan, const struct explain_options *o,
			const struct portal *values, struct portal *p, struct sql_error *err)
{
	const PgQuery__Node *query = plan->stmt->explain_stmt->query;

	if (query->node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT)
		return portal_of_execute(s, plan, query->execute_stmt, values, p, err);
	if (query->node_case == PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT && !o->analyze)
		query = query->declare_cursor_stmt->query;
	else if (query->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT && !o->analyze)
		query = query->create_table_as_stmt->query;
	if (!analyze_takes(query))
		return sql_error_unsupported(err, -1, o->analyze ? "EXPLAIN ANALYZE of this statement" :
								   "EXPLAIN of this statement");
	p->plan = plan_of_node(plan, query, plan->hints, plan->n_hints, plan->no_params, err);
	p->params = values->params;
	p->param_types = values->param_types;
	p->n_params = values->n_params;
	return p->plan != NULL;
}

bool explain_run(struct sql_session *s, const struct plan *plan, const struct portal *values,
		 struct sql_sink *sink, bool simple, struct sql_error *err)
{
	struct sql_column column = explain_column(plan->stmt->explain_stmt);
	struct explain_options o;
	struct explained e = { .rows = 0 };
	struct portal p;
	bool ok = false;

	if (!read_options(plan->stmt->explain_stmt, &o, err))
		return false;
	portal_init(&p);
	int64_t start = mono_us();
	if (!open_portal(s, plan, &o, values, &p, err) || !read_plan(s, &p, &e, err))
		goto out;
	int64_t planned = mono_us();
	if (o.analyze && !run_it(s, &p, &e, err))
		goto out;
	e.planning_ms = (double)(planned - start) / 1000;
	e.execution_ms = (double)(mono_us() - planned) / 1000;
	e.command = command_name(p.plan);
	const char *io_timing = setting_show(s, "track_io_timing");
	e.io_timing = io_timing != NULL && strcmp(io_timing, "on") == 0;
	if (simple)
		sink->columns(sink, &column, 1);
	ok = o.format == EXPLAIN_TEXT ? tell_text(sink, &o, &e, err) : tell_doc(sink, &o, &e, err);
out:
	portal_deinit(s, &p);
	return ok;
}
