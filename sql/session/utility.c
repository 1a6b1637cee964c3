/*
 * utility.c - statements that are neither queries nor change the schema
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "sql/catalog/sequence.h"
#include "sql/pgcat.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

bool utility_leaves_failed(const struct plan *plan)
{
	if (plan->kind == PLAN_EMPTY)
		return true;
	if (plan->kind != PLAN_UTILITY ||
	    plan->stmt->node_case != PG_QUERY__NODE__NODE_TRANSACTION_STMT)
		return false;
	switch (plan->stmt->transaction_stmt->kind) {
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
		return true;
	default:
		return false;
	}
}

/* "CREATE ROLE" of create_role_stmt, for whatever nobody knows better. */
static void node_name(const PgQuery__Node *node, char out[64])
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
		node->base.descriptor, (unsigned)node->node_case);
	size_t n = 0;

	for (const char *p = f != NULL ? f->name : "statement"; *p != '\0' && n < 63; p++)
		out[n++] = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
	out[n] = '\0';
	if (n > 5 && strcmp(out + n - 5, " STMT") == 0)
		out[n - 5] = '\0';
}

static bool refused(const char *what, struct sql_error *err)
{
	return sql_error_unsupported(err, -1, "%s", what);
}

/* ---- results of our own making ---- */

static const struct sql_column text_column = { .name = "", .type_oid = TEXTOID, .type_len = -1, .typmod = -1 };

static void tell_columns(struct sql_sink *sink, const char *const *names, size_t n)
{
	struct sql_column columns[3];

	for (size_t i = 0; i < n; i++) {
		columns[i] = text_column;
		columns[i].name = names[i];
	}
	sink->columns(sink, columns, n);
}

static bool tell_row(struct sql_sink *sink, const char *const *values, size_t n)
{
	struct buf *out = sink->row_begin(sink, n);

	if (out == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (values[i] == NULL) {
			buf_put_u32(out, UINT32_MAX);
			continue;
		}
		buf_put_u32(out, (uint32_t)strlen(values[i]));
		buf_put_str(out, values[i]);
	}
	return sink->row_end(sink);
}

/* ---- SET, RESET, SHOW ---- */

/* Text of one argument of SET; NULL: none that we know. */
static const char *set_argument(const PgQuery__Node *node, struct arena *arena)
{
	if (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) {
		/* SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE */
		const char *text = set_argument(node->type_cast->arg, arena);
		int hours = 0, minutes = 0;
		char sign = '+';

		if (text == NULL)
			return NULL;
		if (*text == '-' || *text == '+')
			sign = *text++;
		if (sscanf(text, "%d:%d", &hours, &minutes) < 1)
			return NULL;
		return arena_printf(arena, "%c%.10g", sign, hours + minutes / 60.0);
	}
	if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
		return NULL;
	const PgQuery__AConst *c = node->a_const;
	switch (c->val_case) {
	case PG_QUERY__A__CONST__VAL_IVAL:
		return arena_printf(arena, "%d", c->ival->ival);
	case PG_QUERY__A__CONST__VAL_FVAL:
		return c->fval->fval;
	case PG_QUERY__A__CONST__VAL_SVAL:
		return c->sval->sval;
	case PG_QUERY__A__CONST__VAL_BOOLVAL:
		return c->boolval->boolval ? "true" : "false";
	default:
		return NULL;
	}
}

static bool set_value(struct sql_session *s, const PgQuery__VariableSetStmt *stmt,
		      struct sql_error *err)
{
	struct buf value = BUF_INIT(1 << 20);
	bool quotes = strcasecmp(stmt->name, "search_path") == 0;

	for (size_t i = 0; i < stmt->n_args; i++) {
		const char *text = set_argument(stmt->args[i], &s->scratch);

		if (text == NULL) {
			buf_free(&value);
			return sql_error_unsupported(err, -1, "this value of parameter \"%s\"", stmt->name);
		}
		if (i > 0)
			buf_put_str(&value, ", ");
		if (quotes && text[0] == '\0')
			buf_put_str(&value, "\"\"");
		else if (quotes)
			pg_quote_name(&value, text);
		else
			buf_put_str(&value, text);
	}
	bool ok = setting_set(s, stmt->name, buf_str(&value),
			      stmt->is_local ? SETTING_LOCAL : SETTING_SET, err);
	buf_free(&value);
	return ok;
}

static bool set_multi(struct sql_session *s, const PgQuery__VariableSetStmt *stmt,
		      struct sql_error *err)
{
	bool session = strcmp(stmt->name, "SESSION CHARACTERISTICS") == 0;

	if (!session && strcmp(stmt->name, "TRANSACTION") != 0)
		return refused("SET TRANSACTION SNAPSHOT", err);
	if (!session && s->tx.kind != TX_EXPLICIT && !s->tx.multi)
		session_warn(s, "WARNING", ERRCODE_NO_ACTIVE_TRANSACTION,
			     "SET TRANSACTION can only be used in transaction blocks");
	for (size_t i = 0; i < stmt->n_args; i++) {
		const PgQuery__DefElem *d = stmt->args[i]->def_elem;
		const char *text = set_argument(d->arg, &s->scratch);
		const char *name = session ? arena_printf(&s->scratch, "default_%s", d->defname) : d->defname;

		if (text == NULL || name == NULL)
			return refused("this transaction option", err);
		if (!setting_set(s, name, text, session ? SETTING_SET : SETTING_LOCAL, err))
			return false;
	}
	return true;
}

static bool run_set(struct sql_session *s, const PgQuery__VariableSetStmt *stmt, char tag[64],
		    struct sql_error *err)
{
	strcpy(tag, "SET");
	switch (stmt->kind) {
	case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI:
		return set_multi(s, stmt, err);
	case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL:
		strcpy(tag, "RESET");
		return settings_reset_all(s, err);
	case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE:
		if (stmt->is_local && s->tx.kind != TX_EXPLICIT && !s->tx.multi)
			session_warn(s, "WARNING", ERRCODE_NO_ACTIVE_TRANSACTION,
				     "SET LOCAL can only be used in transaction blocks");
		return set_value(s, stmt, err);
	case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET:
		strcpy(tag, "RESET");
		return setting_set(s, stmt->name, NULL, SETTING_SET, err);
	case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT:
		return setting_set(s, stmt->name, NULL, stmt->is_local ? SETTING_LOCAL : SETTING_SET, err);
	default:
		return refused("this form of SET", err);
	}
}

/* The spelling that SHOW heads its column with. */
static const char *shown_name(const char *name)
{
	const struct pg_setting_row *row = pgcat_setting(name);

	return row != NULL ? row->name : name;
}

struct show_all {
	struct sql_sink *sink;
	bool ok;
};

static void show_each(void *arg, const char *name, const char *value, const char *text)
{
	struct show_all *all = arg;
	const char *const values[] = { name, value, text };

	all->ok = all->ok && tell_row(all->sink, values, 3);
}

static bool run_show(struct sql_session *s, const PgQuery__VariableShowStmt *stmt,
		     struct sql_sink *sink, bool simple, struct sql_error *err)
{
	if (strcmp(stmt->name, "all") == 0) {
		static const char *const names[] = { "name", "setting", "description" };
		struct show_all all = { sink, true };

		if (simple)
			tell_columns(sink, names, 3);
		settings_each(s, show_each, &all);
		return all.ok;
	}
	const char *value = setting_show(s, stmt->name);
	if (value == NULL)
		return sql_error_set(err, ERRCODE_UNDEFINED_OBJECT,
				     "unrecognized configuration parameter \"%s\"", stmt->name);
	const char *name = shown_name(stmt->name);
	if (simple)
		tell_columns(sink, &name, 1);
	return tell_row(sink, &value, 1);
}

/* ---- PREPARE, EXECUTE, DEALLOCATE ---- */

static bool run_prepare(struct sql_session *s, const struct plan *outer, struct sql_error *err)
{
	const PgQuery__PrepareStmt *stmt = outer->stmt->prepare_stmt;
	oid_t *types = ARENA_ARRAY(&s->scratch, oid_t, stmt->n_argtypes + 1);

	if (types == NULL)
		return sql_error_no_memory(err);
	if (stmt->name[0] == '\0')
		return sql_error_set(err, "26000", "invalid statement name: must not be empty");
	if (!analyze_takes(stmt->query))
		return refused("PREPARE of this statement", err);
	if (stmt->n_argtypes > 0) {
		struct schema *schema = session_schema_now(s, err);

		if (schema == NULL)
			return false;
		struct analyze_input in = { .text = outer->text, .schema = schema, .env = &s->env,
					    .arena = &s->scratch };
		for (size_t i = 0; i < stmt->n_argtypes; i++) {
			int32_t typmod;

			if (!analyze_type_name(&in, stmt->argtypes[i]->type_name, &types[i], &typmod, err)) {
				schema_unref(schema);
				return false;
			}
			if (types[i] == UNKNOWNOID)
				types[i] = 0;
		}
		schema_unref(schema);
	}
	struct plan *plan = plan_of_node(outer, stmt->query, types, stmt->n_argtypes, false, err);
	if (plan != NULL)
		plan = session_analyze(s, plan, err);
	if (plan == NULL)
		return false;
	bool ok = session_add_prepared(s, stmt->name, plan, true, err);
	plan_unref(plan);
	return ok;
}

bool portal_of_execute(struct sql_session *s, const struct plan *outer, const PgQuery__ExecuteStmt *stmt,
		       const struct portal *values, struct portal *p, struct sql_error *err)
{
	struct prepared *prepared = session_prepared(s, stmt->name, err);

	if (prepared == NULL)
		return false;
	if (prepared->plan->kind != PLAN_QUERY)
		return refused("EXECUTE of a statement that is not a query", err);
	if (stmt->n_params != prepared->plan->lowered.n_params) {
		sql_error_set(err, ERRCODE_SYNTAX,
			      "wrong number of parameters for prepared statement \"%s\"", stmt->name);
		return sql_error_detail(err, "Expected %zu parameters but got %zu.",
					prepared->plan->lowered.n_params, stmt->n_params);
	}
	p->plan = plan_ref(prepared->plan);
	p->keeps_row_type = true;
	p->n_params = stmt->n_params;
	p->params = ARENA_ARRAY(&p->arena, struct datum, p->n_params + 1);
	p->param_types = arena_memdup(&p->arena, p->plan->lowered.param_types,
				      p->n_params * sizeof(oid_t) + (p->n_params == 0));
	if (p->params == NULL || (p->n_params > 0 && p->param_types == NULL))
		return sql_error_no_memory(err);
	for (size_t i = 0; i < p->n_params; i++)
		if (!session_evaluate(s, outer, stmt->params[i], p->param_types[i], -1, values, &p->arena,
				      &p->params[i], err))
			return false;
	return true;
}

static bool run_execute(struct sql_session *s, const struct plan *outer, const struct portal *values,
			struct sql_sink *sink, bool simple, char tag[64], struct sql_error *err)
{
	struct portal p;
	uint64_t n;
	bool end, ok = false;

	portal_init(&p);
	if (!portal_of_execute(s, outer, outer->stmt->execute_stmt, values, &p, err) ||
	    !portal_start(s, &p, err))
		goto out;
	if (simple && plan_has_rows(p.plan))
		portal_tell_columns(s, &p, sink);
	ok = portal_rows(s, &p, values, 0, sink, &n, &end, err);
	if (ok)
		portal_tag(&p, tag);
out:
	portal_deinit(s, &p);
	return ok;
}

static bool run_deallocate(struct sql_session *s, const PgQuery__DeallocateStmt *stmt, char tag[64],
			   struct sql_error *err)
{
	if (stmt->name == NULL || stmt->name[0] == '\0') {
		strcpy(tag, "DEALLOCATE ALL");
		session_drop_all_prepared(s);
		return true;
	}
	strcpy(tag, "DEALLOCATE");
	if (session_prepared(s, stmt->name, err) == NULL)
		return false;
	session_drop_prepared(s, stmt->name);
	return true;
}

/* ---- cursors ---- */

static bool run_close(struct sql_session *s, const PgQuery__ClosePortalStmt *stmt, char tag[64],
		      struct sql_error *err)
{
	if (stmt->portalname == NULL || stmt->portalname[0] == '\0') {
		strcpy(tag, "CLOSE CURSOR ALL");
		portals_close_since(s, 0, false);
		return true;
	}
	strcpy(tag, "CLOSE CURSOR");
	struct portal *p = portal_find(s, stmt->portalname);
	if (p == NULL)
		return sql_error_set(err, ERRCODE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist",
				     stmt->portalname);
	portal_drop(s, p);
	return true;
}

static bool run_fetch(struct sql_session *s, const PgQuery__FetchStmt *stmt, const struct portal *p,
		      struct sql_sink *sink, bool simple, char tag[64], struct sql_error *err)
{
	struct portal *cursor = portal_find(s, stmt->portalname);

	if (simple && cursor != NULL && !stmt->ismove)
		portal_tell_columns(s, cursor, sink);
	if (cursor == NULL)
		return cursor_fetch(s, stmt, p, sink, tag, err);
	/* it must not be closed under our feet */
	bool before = cursor->running;
	bool ok = cursor_fetch(s, stmt, p, sink, tag, err);
	cursor->running = before;
	return ok;
}

/* ---- DISCARD ---- */

static bool run_discard(struct sql_session *s, const PgQuery__DiscardStmt *stmt, char tag[64],
			struct sql_error *err)
{
	switch (stmt->target) {
	case PG_QUERY__DISCARD_MODE__DISCARD_ALL:
		strcpy(tag, "DISCARD ALL");
		if (!tx_prevent_block(s, "DISCARD ALL", err))
			return false;
		portals_close_since(s, 0, false);
		session_drop_all_prepared(s);
		sequence_session_clear(s->env.sequences);
		session_drop_temp(s);
		return settings_reset_all(s, err) &&
		       setting_set(s, "session_authorization", s->user, SETTING_SET, err);
	case PG_QUERY__DISCARD_MODE__DISCARD_PLANS:
		strcpy(tag, "DISCARD PLANS");
		return true;
	case PG_QUERY__DISCARD_MODE__DISCARD_SEQUENCES:
		strcpy(tag, "DISCARD SEQUENCES");
		sequence_session_clear(s->env.sequences);
		return true;
	default:
		strcpy(tag, "DISCARD TEMP");
		if (s->has_temp && s->tx.conn != NULL)
			return refused("DISCARD TEMP in a transaction that has written", err);
		session_drop_temp(s);
		return true;
	}
}

/* ---- tables as a whole ---- */

static const struct schema_relation *find_relation(struct sql_session *s, const struct schema *schema,
						   const PgQuery__RangeVar *r, struct sql_error *err)
{
	const char *namespace_name = r->schemaname != NULL && r->schemaname[0] != '\0' ? r->schemaname : NULL;
	const struct schema_relation *found =
		schema_find_relation(schema, &s->env, namespace_name, r->relname);

	if (found == NULL)
		sql_error_set(err, ERRCODE_UNDEFINED_TABLE, "relation \"%s%s%s\" does not exist",
			      namespace_name != NULL ? namespace_name : "", namespace_name != NULL ? "." : "",
			      r->relname);
	return found;
}

static bool run_lock(struct sql_session *s, const PgQuery__LockStmt *stmt, struct sql_error *err)
{
	if (!tx_require_block(s, "LOCK TABLE", err))
		return false;
	struct schema *schema = session_schema_now(s, err);
	bool ok = schema != NULL;
	for (size_t i = 0; ok && i < stmt->n_relations; i++)
		ok = find_relation(s, schema, stmt->relations[i]->range_var, err) != NULL;
	schema_unref(schema);
	/*
	 * ACCESS SHARE keeps only schema changes away, which a snapshot does not see anyway;
	 * and on a read-only server there is nobody to keep away.
	 */
	if (!ok || stmt->mode <= 1 || s->env.in_recovery)
		return ok;
	if (!stmt->nowait)
		return tx_take_turn(s, err);
	return tx_take_turn_now(s, "relation", stmt->relations[0]->range_var->relname, err);
}

static bool have_relations(struct sql_session *s, PgQuery__RangeVar *const *relations, size_t n,
			   struct sql_error *err)
{
	struct schema *schema = n > 0 ? session_schema_now(s, err) : NULL;
	bool ok = n == 0 || schema != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = find_relation(s, schema, relations[i], err) != NULL;
	schema_unref(schema);
	return ok;
}

/* Run `verb` on the relations in one write transaction. */
static bool maintain(struct sql_session *s, const char *verb, PgQuery__RangeVar *const *relations,
		     size_t n, struct sql_error *err)
{
	struct buf sql = BUF_INIT(4096);
	bool ok = tx_take_turn(s, err) && portals_store_all(s, NULL, err);
	struct schema *schema = ok ? session_schema(s, s->tx.conn, err) : NULL;

	ok = schema != NULL;
	if (ok)
		conn_lend(s->tx.conn, s, schema);
	for (size_t i = 0; ok && (i < n || (n == 0 && i == 0)); i++) {
		buf_reset(&sql);
		buf_put_str(&sql, verb);
		if (n > 0) {
			const struct schema_relation *r = find_relation(s, schema, relations[i], err);

			if (r == NULL) {
				ok = false;
				break;
			}
			if (r->is_system || r->kind != 'r')
				continue;
			buf_put_str(&sql, " main.");
			sqlite_quote_name(&sql, r->sqlite_name);
		}
		int rc = conn_exec(s->tx.conn, buf_str(&sql));
		if (rc != SQLITE_OK)
			ok = outcome_error(s, s->tx.conn, rc, err);
	}
	schema_unref(schema);
	buf_free(&sql);
	return ok;
}

/* SQLite's VACUUM: it writes the whole database anew. */
static bool vacuum_full(struct sql_session *s, struct sql_error *err)
{
	struct conn *c;

	if (s->has_temp)
		return refused("VACUUM FULL with temporary tables", err);
	if (!session_writer(s, &c, err))
		return false;
	/* VACUUM attaches its new file to itself */
	sqlite3_limit(c->sql.db, SQLITE_LIMIT_ATTACHED, 1);
	int rc = sqlite3_exec(c->sql.db, "VACUUM", NULL, NULL, NULL);
	sqlite3_limit(c->sql.db, SQLITE_LIMIT_ATTACHED, 0);
	bool ok = rc == SQLITE_OK || outcome_error(s, c, rc, err);
	conn_give(c);
	return ok;
}

static bool run_vacuum(struct sql_session *s, const PgQuery__VacuumStmt *stmt, char tag[64],
		       struct sql_error *err)
{
	static const char *const known[] = { "analyze", "verbose", "full", "freeze", "skip_locked",
					     "disable_page_skipping", "index_cleanup", "process_toast",
					     "truncate", "parallel" };
	bool analyze = !stmt->is_vacuumcmd, full = false;

	strcpy(tag, stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE");
	for (size_t i = 0; i < stmt->n_options; i++) {
		const PgQuery__DefElem *d = stmt->options[i]->def_elem;
		const char *text = d->arg != NULL && d->arg->node_case == PG_QUERY__NODE__NODE_STRING ?
					   d->arg->string->sval : "true";
		bool on = strcasecmp(text, "false") != 0 && strcasecmp(text, "off") != 0 &&
			  strcmp(text, "0") != 0;
		bool found = false;

		for (size_t j = 0; j < ARRAY_LEN(known); j++)
			found = found || strcmp(known[j], d->defname) == 0;
		if (!found)
			return sql_error_at(err, d->location, ERRCODE_SYNTAX, "unrecognized %s option \"%s\"",
					    tag, d->defname);
		if (strcmp(d->defname, "analyze") == 0)
			analyze = on;
		if (strcmp(d->defname, "full") == 0)
			full = on;
	}
	if (stmt->is_vacuumcmd && !tx_prevent_block(s, "VACUUM", err))
		return false;
	PgQuery__RangeVar **relations = ARENA_ARRAY(&s->scratch, PgQuery__RangeVar *, stmt->n_rels + 1);
	if (relations == NULL)
		return sql_error_no_memory(err);
	for (size_t i = 0; i < stmt->n_rels; i++)
		relations[i] = stmt->rels[i]->vacuum_relation->relation;
	if (!have_relations(s, relations, stmt->n_rels, err))
		return false;
	if (full && !vacuum_full(s, err))
		return false;
	/* dead rows leave nothing behind here; free pages may be given back */
	if (!analyze)
		return full || maintain(s, "PRAGMA main.incremental_vacuum", NULL, 0, err);
	if (!maintain(s, "ANALYZE", relations, stmt->n_rels, err))
		return false;
	return tx_reload_schema(s, err);
}

static bool run_reindex(struct sql_session *s, const PgQuery__ReindexStmt *stmt, struct sql_error *err)
{
	PgQuery__RangeVar *relation = stmt->relation;
	struct buf sql = BUF_INIT(1024);

	if (stmt->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE)
		return maintain(s, "REINDEX", &relation, 1, err);
	if (stmt->kind != PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX)
		return maintain(s, "REINDEX", NULL, 0, err);
	if (!tx_take_turn(s, err))
		return false;
	struct schema *schema = session_schema(s, s->tx.conn, err);
	if (schema == NULL)
		return false;
	const struct schema_relation *of;
	const char *namespace_name =
		relation->schemaname != NULL && relation->schemaname[0] != '\0' ? relation->schemaname : NULL;
	const struct schema_index *index =
		schema_find_index(schema, &s->env, namespace_name, relation->relname, &of);
	bool ok = true;
	if (index == NULL) {
		ok = sql_error_set(err, ERRCODE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
				   relation->relname);
	} else if (index->sqlite_name != NULL) {
		buf_put_str(&sql, "REINDEX main.");
		sqlite_quote_name(&sql, index->sqlite_name);
		conn_lend(s->tx.conn, s, schema);
		int rc = conn_exec(s->tx.conn, buf_str(&sql));
		ok = rc == SQLITE_OK || outcome_error(s, s->tx.conn, rc, err);
	}
	buf_free(&sql);
	schema_unref(schema);
	return ok;
}

static bool run_cluster(struct sql_session *s, const PgQuery__ClusterStmt *stmt, struct sql_error *err)
{
	/* rows lie in the order of their key already */
	return stmt->relation == NULL || have_relations(s, &stmt->relation, 1, err);
}

/* ---- SET CONSTRAINTS ---- */

static bool run_constraints(struct sql_session *s, const PgQuery__ConstraintsSetStmt *stmt,
			    struct sql_error *err)
{
	int now = 0, high;

	if (s->tx.kind != TX_EXPLICIT && !s->tx.multi)
		session_warn(s, "WARNING", ERRCODE_NO_ACTIVE_TRANSACTION,
			     "SET CONSTRAINTS can only be used in transaction blocks");
	if (s->tx.read_only)
		return true; /* nothing can be broken in it */
	if (stmt->deferred) {
		/* SQLite's switch is the transaction's, and its transaction begins with a write */
		if (!tx_take_turn(s, err))
			return false;
		int rc = conn_exec(s->tx.conn, "PRAGMA main.defer_foreign_keys=ON");
		return rc == SQLITE_OK || outcome_error(s, s->tx.conn, rc, err);
	}
	if (!s->tx.writing)
		return true;
	if (sqlite3_db_status(s->tx.conn->sql.db, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &high, 0) == SQLITE_OK &&
	    now > 0)
		return outcome_error(s, s->tx.conn, SQLITE_CONSTRAINT_FOREIGNKEY, err);
	int rc = conn_exec(s->tx.conn, "PRAGMA main.defer_foreign_keys=OFF");
	return rc == SQLITE_OK || outcome_error(s, s->tx.conn, rc, err);
}

/* ---- the rest ---- */

static bool run_extension(struct sql_session *s, const PgQuery__CreateExtensionStmt *stmt,
			  struct sql_error *err)
{
	if (strcmp(stmt->extname, "plpgsql") != 0)
		return sql_error_unsupported(err, -1, "extension \"%s\"", stmt->extname);
	if (!stmt->if_not_exists)
		return sql_error_set(err, ERRCODE_DUPLICATE_OBJECT, "extension \"plpgsql\" already exists");
	session_warn(s, "NOTICE", ERRCODE_DUPLICATE_OBJECT, "extension \"plpgsql\" already exists, skipping");
	return true;
}

bool utility_run(struct sql_session *s, struct portal *p, struct sql_sink *sink, bool simple,
		 char tag[64], struct sql_error *err)
{
	const struct plan *plan = p->plan;
	const PgQuery__Node *stmt = plan->stmt;
	char name[64];

	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
		return tx_statement(s, stmt->transaction_stmt, tag, err);
	case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
		return run_set(s, stmt->variable_set_stmt, tag, err);
	case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
		strcpy(tag, "SHOW");
		return run_show(s, stmt->variable_show_stmt, sink, simple, err);
	case PG_QUERY__NODE__NODE_PREPARE_STMT:
		strcpy(tag, "PREPARE");
		return run_prepare(s, plan, err);
	case PG_QUERY__NODE__NODE_EXECUTE_STMT:
		return run_execute(s, plan, p, sink, simple, tag, err);
	case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
		return run_deallocate(s, stmt->deallocate_stmt, tag, err);
	case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
		strcpy(tag, "DECLARE CURSOR");
		return cursor_declare(s, plan, p, err);
	case PG_QUERY__NODE__NODE_FETCH_STMT:
		return run_fetch(s, stmt->fetch_stmt, p, sink, simple, tag, err);
	case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
		return run_close(s, stmt->close_portal_stmt, tag, err);
	case PG_QUERY__NODE__NODE_COPY_STMT:
		return copy_run(s, plan, sink, tag, err);
	case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
		strcpy(tag, "EXPLAIN");
		return explain_run(s, plan, p, sink, simple, err);
	case PG_QUERY__NODE__NODE_DISCARD_STMT:
		return run_discard(s, stmt->discard_stmt, tag, err);
	case PG_QUERY__NODE__NODE_LOCK_STMT:
		strcpy(tag, "LOCK TABLE");
		return run_lock(s, stmt->lock_stmt, err);
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
		return run_vacuum(s, stmt->vacuum_stmt, tag, err);
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
		strcpy(tag, "REINDEX");
		return run_reindex(s, stmt->reindex_stmt, err);
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
		strcpy(tag, "CLUSTER");
		return run_cluster(s, stmt->cluster_stmt, err);
	case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
		strcpy(tag, "CHECKPOINT"); /* every commit is durable already */
		return true;
	case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
		strcpy(tag, "SET CONSTRAINTS");
		return run_constraints(s, stmt->constraints_set_stmt, err);
	case PG_QUERY__NODE__NODE_CREATEDB_STMT:
		strcpy(tag, "CREATE DATABASE");
		return tx_prevent_block(s, tag, err) && database_create(s, stmt->createdb_stmt, err);
	case PG_QUERY__NODE__NODE_DROPDB_STMT:
		strcpy(tag, "DROP DATABASE");
		return tx_prevent_block(s, tag, err) && database_drop(s, stmt->dropdb_stmt, err);
	case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
		strcpy(tag, "UNLISTEN"); /* nobody can have listened */
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
		strcpy(tag, "CREATE EXTENSION");
		return run_extension(s, stmt->create_extension_stmt, err);
	default:
		node_name(stmt, name);
		return refused(name, err);
	}
}

/* ---- Describe ---- */

static bool text_columns(struct arena *arena, const char *const *names, size_t count,
			 const struct sql_column **columns, size_t *n, struct sql_error *err)
{
	struct sql_column *c = ARENA_ARRAY(arena, struct sql_column, count);

	if (c == NULL)
		return sql_error_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		c[i] = text_column;
		c[i].name = names[i];
	}
	*columns = c;
	*n = count;
	return true;
}

bool utility_columns(struct sql_session *s, const struct plan *plan, struct arena *arena,
		     const struct sql_column **columns, size_t *n, struct sql_error *err)
{
	static const char *const all[] = { "name", "setting", "description" };
	const PgQuery__Node *stmt = plan->stmt;

	*n = 0;
	switch (stmt->node_case) {
	case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT: {
		const char *name = shown_name(stmt->variable_show_stmt->name);

		if (strcmp(name, "all") == 0)
			return text_columns(arena, all, 3, columns, n, err);
		return text_columns(arena, &name, 1, columns, n, err);
	}
	case PG_QUERY__NODE__NODE_EXPLAIN_STMT: {
		struct sql_column column = explain_column(stmt->explain_stmt);

		*columns = arena_memdup(arena, &column, sizeof(column));
		*n = 1;
		return *columns != NULL || sql_error_no_memory(err);
	}
	case PG_QUERY__NODE__NODE_EXECUTE_STMT: {
		struct prepared *p = session_prepared(s, stmt->execute_stmt->name, err);

		if (p == NULL)
			return false;
		*columns = p->plan->columns;
		*n = p->plan->n_columns;
		return true;
	}
	case PG_QUERY__NODE__NODE_FETCH_STMT: {
		struct portal *p = portal_find(s, stmt->fetch_stmt->portalname);

		if (p == NULL)
			return sql_error_set(err, ERRCODE_INVALID_CURSOR_NAME,
					     "cursor \"%s\" does not exist", stmt->fetch_stmt->portalname);
		if (stmt->fetch_stmt->ismove)
			return true;
		*columns = p->plan->columns;
		*n = p->plan->n_columns;
		return true;
	}
	default:
		return true;
	}
}
