/*
 * explain.c - EXPLAIN: how SQLite runs the statement
 *
 * The lines are those of SQLite's EXPLAIN QUERY PLAN, indented as PostgreSQL
 * indents its plans.  ANALYZE runs the statement and tells rows and time.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "sql/session/session.h"

enum { MAX_DEPTH = 64 };

static bool line(struct sql_sink *sink, const char *text)
{
	struct buf *out = sink->row_begin(sink, 1);

	if (out == NULL)
		return false;
	buf_put_u32(out, (uint32_t)strlen(text));
	buf_put_str(out, text);
	return sink->row_end(sink);
}

static bool option_on(const PgQuery__DefElem *d)
{
	if (d->arg == NULL)
		return true;
	if (d->arg->node_case == PG_QUERY__NODE__NODE_STRING) {
		const char *text = d->arg->string->sval;

		return strcasecmp(text, "off") != 0 && strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0;
	}
	if (d->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return d->arg->integer->ival != 0;
	return true;
}

struct explain_options {
	bool analyze, timing, summary;
};

static bool read_options(const PgQuery__ExplainStmt *stmt, struct explain_options *o,
			 struct sql_error *err)
{
	bool summary_given = false;

	*o = (struct explain_options){ .timing = true };
	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;

		if (strcmp(d->defname, "analyze") == 0) {
			o->analyze = option_on(d);
		} else if (strcmp(d->defname, "timing") == 0) {
			o->timing = option_on(d);
		} else if (strcmp(d->defname, "summary") == 0) {
			o->summary = option_on(d);
			summary_given = true;
		} else if (strcmp(d->defname, "format") == 0) {
			if (d->arg == NULL || d->arg->node_case != PG_QUERY__NODE__NODE_STRING ||
			    strcasecmp(d->arg->string->sval, "text") != 0)
				return sql_error_unsupported(err, d->location,
							     "a format of EXPLAIN other than TEXT");
		} else if (strcmp(d->defname, "buffers") == 0) {
			if (option_on(d))
				return sql_error_unsupported(err, d->location, "EXPLAIN (BUFFERS)");
		} else if (strcmp(d->defname, "costs") != 0 && strcmp(d->defname, "verbose") != 0 &&
			   strcmp(d->defname, "settings") != 0) {
			return sql_error_at(err, d->location, ERRCODE_SYNTAX,
					    "unrecognized EXPLAIN option \"%s\"", d->defname);
		}
	}
	if (!summary_given)
		o->summary = o->analyze;
	return true;
}

/* Copy what stands in the plan of `sql` into the sink. */
static bool tell_plan(struct sql_session *s, struct portal *p, struct sql_sink *sink,
		      struct sql_error *err)
{
	struct conn *c;
	struct prepared_stmt *stmt = NULL;
	bool own, ok = false;
	int ids[MAX_DEPTH] = { 0 };
	struct buf text = BUF_INIT(64 << 10);

	if (!tx_read(s, &c, &own, err))
		return false;
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
		buf_reset(&text);
		buf_printf(&text, "%*s%s%s", depth == 0 ? 0 : depth * 6 - 4, "", depth == 0 ? "" : "->  ",
			   (const char *)sqlite3_column_text(stmt->stmt, 3));
		ok = line(sink, buf_str(&text));
	}
	if (ok && rc != SQLITE_DONE)
		ok = outcome_error(s, c, rc, err);
out:
	if (stmt != NULL)
		conn_release(c, stmt);
	if (own)
		conn_give(c);
	schema_unref(schema);
	buf_free(&text);
	return ok;
}

bool explain_run(struct sql_session *s, const struct plan *plan, const struct portal *values,
		 struct sql_sink *sink, struct sql_error *err)
{
	const PgQuery__ExplainStmt *stmt = plan->stmt->explain_stmt;
	struct explain_options o;
	struct portal p;
	char text[128];
	bool ok = false;

	if (!read_options(stmt, &o, err))
		return false;
	const PgQuery__Node *query = stmt->query;
	if (!analyze_takes(query))
		return sql_error_unsupported(err, -1, "EXPLAIN of this statement");
	portal_init(&p);
	int64_t start = mono_us();
	p.plan = plan_of_node(plan, query, plan->hints, plan->n_hints, plan->no_params, err);
	if (p.plan == NULL || !tell_plan(s, &p, sink, err))
		goto out;
	int64_t planned = mono_us();
	if (o.analyze) {
		uint64_t n;
		bool end;

		p.params = values->params;
		p.param_types = values->param_types;
		p.n_params = values->n_params;
		if (!portal_start(s, &p, err) || !portal_rows(s, &p, NULL, 0, NULL, &n, &end, err))
			goto out;
		snprintf(text, sizeof(text), "Actual Rows: %llu",
			 (unsigned long long)(p.plan->n_columns > 0 ? n : (uint64_t)p.n_changes));
		if (!line(sink, text))
			goto out;
	}
	ok = true;
	if (o.summary) {
		snprintf(text, sizeof(text), "Planning Time: %.3f ms", (double)(planned - start) / 1000);
		ok = line(sink, text);
		if (ok && o.analyze) {
			snprintf(text, sizeof(text), "Execution Time: %.3f ms",
				 (double)(mono_us() - planned) / 1000);
			ok = line(sink, text);
		}
	}
out:
	portal_deinit(s, &p);
	return ok;
}
