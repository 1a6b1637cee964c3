/*
 * outcome.c - what a failure means in PostgreSQL's words
 *
 * The one place that maps SQLite's and the VFS's result codes to SQLSTATEs.
 * SQLite names a broken constraint in a message of a fixed form; instead of
 * parsing it, the message that each constraint of the schema would give is made
 * and compared.  DETAIL is told only where it is sure: of a single row that was
 * written out in the statement.
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "sql/session/session.h"
#include "vfs/vfs.h"

bool outcome_canceled(struct sql_session *s, struct sql_error *err)
{
	if (atomic_load(&s->terminated)) {
		sql_error_set(err, ERRCODE_ADMIN_SHUTDOWN,
			      "terminating connection due to administrator command");
		err->fatal = true;
		return false;
	}
	return sql_error_set(err, ERRCODE_QUERY_CANCELED,
			     s->timed_out ? "canceling statement due to statement timeout" :
					    "canceling statement due to user request");
}

/* Versions that were ours may be gone: so may be the schema that was read from one. */
static void forget_schema(struct database *db)
{
	mutex_lock(&db->lock);
	struct schema *old = db->schema;
	db->schema = NULL;
	mutex_unlock(&db->lock);
	schema_unref(old);
}

bool outcome_vfs(struct sql_session *s, int vfs_rc, const struct error *verr, struct sql_error *err)
{
	const char *text = verr != NULL && verr->text[0] != '\0' ? verr->text : NULL;

	switch ((enum vfs_rc)vfs_rc) {
	case VFS_OK:
		break;
	case VFS_NOT_FOUND:
		return sql_error_set(err, ERRCODE_INVALID_CATALOG_NAME, "%s",
				     text != NULL ? text : "database does not exist");
	case VFS_EXISTS:
		return sql_error_set(err, ERRCODE_DUPLICATE_DATABASE, "%s",
				     text != NULL ? text : "database already exists");
	case VFS_LOST:
		if (s->db != NULL)
			forget_schema(s->db);
		sql_error_set(err, ERRCODE_SERIALIZATION_FAILURE,
			      "could not serialize access due to concurrent update");
		sql_error_detail(err, "Another server committed to the database first.");
		return sql_error_hint(err, "The transaction might succeed if retried.");
	case VFS_UNKNOWN:
		if (s->db != NULL)
			forget_schema(s->db);
		log_error(s->scope, "the outcome of a commit is unknown: %s", text != NULL ? text : "");
		sql_error_set(err, ERRCODE_CONNECTION_UNKNOWN,
			      "the outcome of the transaction is unknown%s%s", text != NULL ? ": " : "",
			      text != NULL ? text : "");
		return sql_error_hint(err, "Look whether its changes are there before you repeat it.");
	case VFS_TIMEOUT:
		if (session_stopped(s))
			return outcome_canceled(s, err);
		return sql_error_set(err, ERRCODE_LOCK_NOT_AVAILABLE,
				     "canceling statement due to lock timeout");
	case VFS_CANCELED:
		return outcome_canceled(s, err);
	case VFS_CORRUPT:
		log_error(s->scope, "database is damaged: %s", text != NULL ? text : "");
		return sql_error_set(err, ERRCODE_DATA_CORRUPTED, "%s",
				     text != NULL ? text : "the database is damaged");
	case VFS_INVALID:
		return sql_error_set(err, ERRCODE_INVALID_NAME, "%s",
				     text != NULL ? text : "invalid database name");
	case VFS_BUSY:
	case VFS_IO:
		log_error(s->scope, "object store: %s", text != NULL ? text : "request failed");
		return sql_error_set(err, ERRCODE_IO, "%s",
				     text != NULL ? text : "could not reach the object store");
	}
	return sql_error_set(err, ERRCODE_IO, "%s", text != NULL ? text : "unknown storage error");
}

/* ---- the rows that a statement wrote out ---- */

/* Is the expression a constant or parameter, perhaps cast? */
static bool is_plain(const PgQuery__Node *e)
{
	switch (e->node_case) {
	case PG_QUERY__NODE__NODE_A_CONST:
	case PG_QUERY__NODE__NODE_PARAM_REF:
		return true;
	case PG_QUERY__NODE__NODE_TYPE_CAST:
		return is_plain(e->type_cast->arg);
	case PG_QUERY__NODE__NODE_A_EXPR:
		return e->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && e->a_expr->lexpr == NULL &&
		       e->a_expr->rexpr != NULL && is_plain(e->a_expr->rexpr);
	default:
		return false;
	}
}

/* Append the text form of a plain expression as a value of the column. */
static bool plain_value(struct sql_session *s, const struct portal *p, const PgQuery__Node *expr,
			const struct schema_column *column, struct buf *out, bool *null)
{
	struct datum value;
	struct sql_error ignored = SQL_ERROR_INIT;
	struct type_context ctx = { .env = &s->env, .schema = p->plan->schema, .arena = &s->scratch };

	if (!is_plain(expr) || column->generated != 0 ||
	    !session_evaluate(s, p->plan, expr, column->type, column->typmod, p, &s->scratch, &value,
			      &ignored))
		return false;
	*null = value.kind == DATUM_NULL;
	size_t start = out->len;
	if (!*null && !type_out(&ctx, column->type, &value, out, &ignored))
		return false;
	if (!*null)
		type_pad(column->type, column->typmod, start, out);
	return !out->failed;
}

/* The value that an UPDATE gives a column in every row that it changes. */
static bool updated_value(struct sql_session *s, const struct portal *p, const PgQuery__UpdateStmt *update,
			  const struct schema_column *column, struct buf *out, bool *null)
{
	for (size_t i = 0; i < update->n_target_list; i++) {
		const PgQuery__ResTarget *t = update->target_list[i]->res_target;

		if (t->n_indirection == 0 && t->val != NULL && strcmp(t->name, column->name) == 0)
			return plain_value(s, p, t->val, column, out, null);
	}
	return false;
}

/*
 * The text form of column `attnum` of the row that the statement writes: the one
 * that it inserts, or any that it updates.  False: it is not known.
 */
static bool written_value(struct sql_session *s, const struct portal *p, int16_t attnum,
			   struct buf *out, bool *null)
{
	const struct plan *plan = p->plan;
	const struct schema_relation *r = plan->lowered.target;
	const struct schema_column *column = schema_column_at(r, attnum);

	if (plan->stmt == NULL || column == NULL)
		return false;
	if (plan->stmt->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT)
		return updated_value(s, p, plan->stmt->update_stmt, column, out, null);
	if (plan->stmt->node_case != PG_QUERY__NODE__NODE_INSERT_STMT)
		return false;
	const PgQuery__InsertStmt *insert = plan->stmt->insert_stmt;
	const PgQuery__SelectStmt *select =
		insert->select_stmt != NULL ? insert->select_stmt->select_stmt : NULL;
	if (insert->with_clause != NULL || (select != NULL && select->n_values_lists != 1))
		return false;
	size_t at = SIZE_MAX;
	if (insert->n_cols > 0) {
		for (size_t i = 0; i < insert->n_cols; i++) {
			const PgQuery__ResTarget *t = insert->cols[i]->res_target;

			if (t->n_indirection > 0)
				return false;
			if (strcmp(t->name, column->name) == 0)
				at = i;
		}
	} else {
		for (size_t i = 0; i < r->n_columns; i++)
			if (r->columns[i].attnum == attnum)
				at = i;
	}
	const PgQuery__List *row = select != NULL ? select->values_lists[0]->list : NULL;
	if (row == NULL || at >= row->n_items ||
	    row->items[at]->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT) {
		/* not named: its default */
		if (column->has_default || column->identity != 0 || column->generated != 0 ||
		    r->rowid_column == attnum)
			return false;
		*null = true;
		return true;
	}
	return plain_value(s, p, row->items[at], column, out, null);
}

static void detail_key(struct sql_session *s, const struct portal *p,
		       const struct schema_relation *r, const struct schema_index *index,
		       struct sql_error *err)
{
	struct buf names = BUF_INIT(400), values = BUF_INIT(900);
	bool known = p != NULL && r == p->plan->lowered.target;

	for (size_t i = 0; known && i < index->n_keys; i++) {
		const struct schema_column *c = schema_column_at(r, index->keys[i].attnum);
		bool null = false;

		if (i > 0) {
			buf_put_str(&names, ", ");
			buf_put_str(&values, ", ");
		}
		known = index->keys[i].attnum > 0 && c != NULL &&
			written_value(s, p, index->keys[i].attnum, &values, &null) && !null;
		if (known)
			pg_quote_name(&names, c->name);
	}
	if (known && !names.failed && !values.failed) {
		const char *v = buf_str(&values);

		sql_error_detail(err, "Key (%s)=(%s) already exists.", buf_str(&names), v);
	}
	buf_free(&names);
	buf_free(&values);
}

static void detail_row(struct sql_session *s, const struct portal *p, const struct schema_relation *r,
		       struct sql_error *err)
{
	struct buf out = BUF_INIT(64 << 10);
	bool known = p != NULL && r == p->plan->lowered.target;

	for (size_t i = 0; known && i < r->n_columns; i++) {
		bool null = false;
		size_t start;

		if (i > 0)
			buf_put_str(&out, ", ");
		start = out.len;
		known = written_value(s, p, r->columns[i].attnum, &out, &null);
		if (known && null)
			buf_put_str(&out, "null");
		if (known && out.len - start > 64) {
			out.len = start + 64;
			while (out.len > start && ((unsigned char)out.data[out.len] & 0xC0) == 0x80)
				out.len--;
			buf_put_str(&out, "...");
		}
	}
	if (known && !out.failed)
		sql_error_detail(err, "Failing row contains (%s).", buf_str(&out));
	buf_free(&out);
}

/* ---- constraints ---- */

/* Does SQLite's message say that this index is the one? */
static bool says_index(const struct schema_relation *r, const struct schema_index *index,
		       const char *message, struct buf *b)
{
	buf_reset(b);
	buf_put_str(b, "UNIQUE constraint failed: ");
	for (size_t i = 0; i < index->n_keys; i++) {
		const struct schema_column *c = schema_column_at(r, index->keys[i].attnum);

		if (c == NULL) {
			buf_reset(b);
			buf_printf(b, "UNIQUE constraint failed: index '%s'",
				   index->sqlite_name != NULL ? index->sqlite_name : "");
			break;
		}
		buf_printf(b, "%s%s.%s", i > 0 ? ", " : "", r->sqlite_name, c->name);
	}
	return strcmp(buf_str(b), message) == 0;
}

static bool unique_of(struct sql_session *s, const struct portal *p, const struct schema_relation *r,
		      const char *message, struct buf *b, struct sql_error *err)
{
	for (size_t i = 0; i < r->n_indexes; i++) {
		const struct schema_index *index = &r->indexes[i];

		if (!index->unique || !says_index(r, index, message, b))
			continue;
		sql_error_set(err, ERRCODE_UNIQUE_VIOLATION,
			      "duplicate key value violates unique constraint \"%s\"", index->name);
		sql_error_names(err, r->namespace_name, r->name, NULL, index->name);
		detail_key(s, p, r, index, err);
		return true;
	}
	return false;
}

static bool not_null_of(struct sql_session *s, const struct portal *p,
			const struct schema_relation *r, const char *message, struct buf *b,
			struct sql_error *err)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		buf_reset(b);
		buf_printf(b, "NOT NULL constraint failed: %s.%s", r->sqlite_name, r->columns[i].name);
		if (strcmp(buf_str(b), message) != 0)
			continue;
		sql_error_set(err, ERRCODE_NOT_NULL_VIOLATION,
			      "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
			      r->columns[i].name, r->name);
		sql_error_names(err, r->namespace_name, r->name, r->columns[i].name, NULL);
		detail_row(s, p, r, err);
		return true;
	}
	return false;
}

static bool check_of(struct sql_session *s, const struct portal *p, const struct schema_relation *r,
		     const char *message, struct buf *b, struct sql_error *err)
{
	for (size_t i = 0; i < r->n_constraints; i++) {
		const struct schema_constraint *c = &r->constraints[i];

		if (c->type != 'c')
			continue;
		buf_reset(b);
		buf_printf(b, "CHECK constraint failed: %s", c->name);
		if (strcmp(buf_str(b), message) != 0)
			continue;
		sql_error_set(err, ERRCODE_CHECK_VIOLATION,
			      "new row for relation \"%s\" violates check constraint \"%s\"", r->name,
			      c->name);
		sql_error_names(err, r->namespace_name, r->name, NULL, c->name);
		detail_row(s, p, r, err);
		return true;
	}
	return false;
}

static bool references_says(const struct schema_relation *from, const struct schema_constraint *c,
			    const struct schema_relation *to, bool deleting, struct sql_error *err)
{
	if (deleting) {
		sql_error_set(err, ERRCODE_FOREIGN_KEY_VIOLATION,
			      "update or delete on table \"%s\" violates foreign key constraint \"%s\" on "
			      "table \"%s\"", to->name, c->name, from->name);
	} else {
		sql_error_set(err, ERRCODE_FOREIGN_KEY_VIOLATION,
			      "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
			      from->name, c->name);
	}
	sql_error_names(err, from->namespace_name, from->name, NULL, c->name);
	return true;
}

/* DETAIL of an insert that refers to a row that is not there. */
static void detail_reference(struct sql_session *s, const struct portal *p,
			     const struct schema_relation *r, const struct schema_constraint *c,
			     const struct schema_relation *to, struct sql_error *err)
{
	struct buf names = BUF_INIT(400), values = BUF_INIT(900);
	bool known = true;

	for (size_t i = 0; known && i < c->n_columns; i++) {
		const struct schema_column *column = schema_column_at(r, c->columns[i]);
		bool null = false;

		if (i > 0) {
			buf_put_str(&names, ", ");
			buf_put_str(&values, ", ");
		}
		known = column != NULL && written_value(s, p, c->columns[i], &values, &null) && !null;
		if (known)
			pg_quote_name(&names, column->name);
	}
	if (known && !names.failed && !values.failed) {
		const char *v = buf_str(&values);

		sql_error_detail(err, "Key (%s)=(%s) is not present in table \"%s\".", buf_str(&names), v,
				 to->name);
	}
	buf_free(&names);
	buf_free(&values);
}

/* SQLite does not say which; named only where there is one candidate. */
static bool foreign_key_of(struct sql_session *s, const struct portal *p,
			   const struct schema *schema, const struct schema_relation *target,
			   struct sql_error *err)
{
	const struct schema_constraint *found = NULL;
	const struct schema_relation *from = NULL, *to = NULL;
	unsigned n = 0;
	bool deleting = false;
	size_t n_relations;
	const struct schema_relation *const *all = schema_relations(schema, &n_relations);
	bool inserts = p->plan->lowered.kind == LOWERED_INSERT;
	bool deletes = p->plan->lowered.kind == LOWERED_DELETE;

	for (size_t i = 0; i < n_relations; i++)
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			const struct schema_constraint *c = &all[i]->constraints[j];
			bool as_child = all[i] == target && !deletes;
			bool as_parent = c->ref_relation == target->oid && !inserts;

			if (c->type != 'f' || (!as_child && !as_parent))
				continue;
			n++;
			found = c;
			from = all[i];
			to = schema_relation_by_oid(schema, c->ref_relation);
			deleting = !as_child;
		}
	if (n != 1 || to == NULL)
		return false;
	references_says(from, found, to, deleting, err);
	if (!deleting)
		detail_reference(s, p, from, found, to, err);
	return true;
}

bool outcome_constraint(struct sql_session *s, struct conn *c, int rc, const struct portal *p,
			struct sql_error *err)
{
	char message[1024];
	struct buf b = BUF_INIT(4096);
	bool told = false;

	snprintf(message, sizeof(message), "%s", sqlite3_errmsg(c->sql.db));
	const struct schema *schema = p != NULL ? p->plan->schema : NULL;
	const struct schema_relation *target = p != NULL ? p->plan->lowered.target : NULL;
	size_t n = 0;
	const struct schema_relation *const *all = schema != NULL ? schema_relations(schema, &n) : NULL;

	/* the target first: a trigger or a cascade may have failed on another one */
	for (size_t i = 0; !told && i <= n; i++) {
		const struct schema_relation *r = i == 0 ? target : all[i - 1];

		if (r == NULL || r->kind != 'r' || r->is_system)
			continue;
		switch (rc) {
		case SQLITE_CONSTRAINT_UNIQUE:
		case SQLITE_CONSTRAINT_PRIMARYKEY:
		case SQLITE_CONSTRAINT_ROWID:
			told = unique_of(s, p, r, message, &b, err);
			break;
		case SQLITE_CONSTRAINT_NOTNULL:
			told = not_null_of(s, p, r, message, &b, err);
			break;
		case SQLITE_CONSTRAINT_CHECK:
			told = check_of(s, p, r, message, &b, err);
			break;
		case SQLITE_CONSTRAINT_FOREIGNKEY:
			told = i == 0 && foreign_key_of(s, p, schema, r, err);
			break;
		default:
			break;
		}
	}
	buf_free(&b);
	if (told)
		return false;
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		sql_error_set(err, ERRCODE_UNIQUE_VIOLATION, "duplicate key value violates unique constraint");
		return sql_error_detail(err, "%s.", message);
	case SQLITE_CONSTRAINT_NOTNULL:
		sql_error_set(err, ERRCODE_NOT_NULL_VIOLATION, "null value violates not-null constraint");
		return sql_error_detail(err, "%s.", message);
	case SQLITE_CONSTRAINT_CHECK:
		sql_error_set(err, ERRCODE_CHECK_VIOLATION, "new row violates check constraint");
		return sql_error_detail(err, "%s.", message);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		sql_error_set(err, ERRCODE_FOREIGN_KEY_VIOLATION, "foreign key constraint is violated");
		if (target != NULL)
			sql_error_names(err, target->namespace_name, target->name, NULL, NULL);
		return false;
	case SQLITE_CONSTRAINT_TRIGGER:
		return sql_error_set(err, "P0001", "%s", message);
	case SQLITE_CONSTRAINT_DATATYPE:
		return sql_error_set(err, ERRCODE_DATATYPE_MISMATCH, "%s", message);
	default:
		return sql_error_set(err, "23000", "%s", message);
	}
}

/* A transaction that cannot commit for a deferred foreign key still shows which. */
static bool deferred_foreign_key(struct sql_session *s, struct conn *c, struct sql_error *err)
{
	struct prepared_stmt *p;
	char table[256] = "", parent[256] = "";
	bool told = false;

	if (sqlite3_get_autocommit(c->sql.db) ||
	    conn_prepare(c, "PRAGMA main.foreign_key_check", &p) != SQLITE_OK)
		return false;
	if (sqlite3_step(p->stmt) == SQLITE_ROW) {
		const char *t = (const char *)sqlite3_column_text(p->stmt, 0);
		const char *to = (const char *)sqlite3_column_text(p->stmt, 2);

		snprintf(table, sizeof(table), "%s", t != NULL ? t : "");
		snprintf(parent, sizeof(parent), "%s", to != NULL ? to : "");
	}
	conn_release(c, p);
	struct sql_error ignored = SQL_ERROR_INIT;
	struct schema *schema = session_schema(s, c, &ignored);
	if (schema == NULL)
		return false;
	const struct schema_relation *from = NULL, *to = NULL;
	const struct schema_constraint *found = NULL;
	size_t n, n_found = 0;
	const struct schema_relation *const *all = schema_relations(schema, &n);
	for (size_t i = 0; i < n; i++) {
		if (all[i]->is_system || strcmp(all[i]->sqlite_name, table) != 0)
			continue;
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			const struct schema_constraint *k = &all[i]->constraints[j];
			const struct schema_relation *r =
				k->type == 'f' ? schema_relation_by_oid(schema, k->ref_relation) : NULL;

			if (r != NULL && strcmp(r->sqlite_name, parent) == 0) {
				n_found++;
				from = all[i];
				to = r;
				found = k;
			}
		}
	}
	if (n_found == 1)
		told = references_says(from, found, to, false, err);
	schema_unref(schema);
	return told;
}

/* ---- SQLite's result codes ---- */

bool outcome_error(struct sql_session *s, struct conn *c, int rc, struct sql_error *err)
{
	sqlite3 *db = c->sql.db;
	struct error verr = ERROR_INIT;
	enum vfs_rc vrc;

	if ((rc & 0xff) == rc && db != NULL && (sqlite3_extended_errcode(db) & 0xff) == rc)
		rc = sqlite3_extended_errcode(db);
	switch (rc & 0xff) {
	case SQLITE_INTERRUPT:
		return outcome_canceled(s, err);
	case SQLITE_ERROR:
		if (c->sql.err.set) {
			*err = c->sql.err;
			sql_error_clear(&c->sql.err);
			return false;
		}
		if (strcmp(sqlite3_errmsg(db), "parser stack overflow") == 0) {
			/* SQLite's parser takes about thirty calls within calls */
			sql_error_set(err, ERRCODE_TOO_COMPLEX, "stack depth limit exceeded");
			return sql_error_hint(err, "Write the expression with fewer operators within each other, "
						   "or in several subqueries.");
		}
		return sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(db));
	case SQLITE_CONSTRAINT:
		if (c->sql.err.set) {
			*err = c->sql.err;
			sql_error_clear(&c->sql.err);
			return false;
		}
		if (rc == SQLITE_CONSTRAINT_FOREIGNKEY && deferred_foreign_key(s, c, err))
			return false;
		return outcome_constraint(s, c, rc, NULL, err);
	case SQLITE_NOMEM:
		return sql_error_no_memory(err);
	case SQLITE_TOOBIG:
		return sql_error_set(err, ERRCODE_PROGRAM_LIMIT, "value or row is too large");
	case SQLITE_READONLY:
		return sql_error_set(err, ERRCODE_READ_ONLY_TRANSACTION, "the database is read-only");
	case SQLITE_MISMATCH:
		return sql_error_set(err, ERRCODE_DATATYPE_MISMATCH, "%s", sqlite3_errmsg(db));
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
		return sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errstr(rc));
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_ABORT:
		break;
	default:
		return sql_error_set(err, ERRCODE_INTERNAL, "%s", sqlite3_errmsg(db));
	}
	vrc = db != NULL ? vfs_last_error(db, &verr) : VFS_OK;
	if (vrc != VFS_OK) {
		c->broken = true;
		return outcome_vfs(s, (int)vrc, &verr, err);
	}
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		sql_error_set(err, ERRCODE_SERIALIZATION_FAILURE,
			      "could not serialize access due to concurrent update");
		return sql_error_hint(err, "The transaction might succeed if retried.");
	case SQLITE_FULL:
		return sql_error_set(err, ERRCODE_DISK_FULL, "could not write: no space left");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		c->broken = true;
		return sql_error_set(err, ERRCODE_DATA_CORRUPTED, "database \"%s\" is damaged: %s",
				     s->db->name, sqlite3_errmsg(db));
	default:
		c->broken = true;
		return sql_error_set(err, ERRCODE_IO, "could not access database \"%s\": %s", s->db->name,
				     db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	}
}
