/*
 * drop.c - DROP of tables, views, indexes, sequences, schemas; TRUNCATE
 *
 * Source: PostgreSQL 15 documentation, DROP TABLE, section 5.14 "Dependency Tracking".
 * Licence: MIT, see LICENSE.
 */
#include <string.h>

#include "sql/ddl/work.h"
#include "vfs/sqlite.h"

static bool being_dropped(const struct ddl *d, oid_t oid)
{
	for (size_t i = 0; i < d->dropping.n; i++) {
		if (d->dropping.items[i] == oid)
			return true;
	}
	return false;
}

static bool will_drop(struct ddl *d, oid_t oid)
{
	oid_t *at = VEC_PUSH(d->arena, &d->dropping);

	if (at == NULL)
		return ddl_no_memory(d);
	*at = oid;
	return true;
}

static bool refuse(struct ddl *d, const char *what, const char *detail)
{
	sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
		      "cannot drop %s because other objects depend on it", what);
	sql_error_detail(d->err, "%s depends on %s", detail, what);
	return sql_error_hint(d->err, "Use DROP ... CASCADE to drop the dependent objects too.");
}

struct oids {
	oid_t *items;
	size_t n, cap;
};

/* Views that read the relation, or one column of it. */
static bool dependent_views(struct ddl *d, oid_t oid, int16_t attnum, struct oids *out)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(d->conn->db,
			       "SELECT DISTINCT object FROM pgblob_depend"
			       " WHERE reference = ?1 AND (?2 = 0 OR number = ?2)",
			       -1, &stmt, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_int64(stmt, 1, oid);
	sqlite3_bind_int(stmt, 2, attnum);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		oid_t *at = VEC_PUSH(d->arena, out);

		if (at == NULL) {
			sqlite3_finalize(stmt);
			return ddl_no_memory(d);
		}
		*at = (oid_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE;
}

static bool drop_relation(struct ddl *d, const struct schema_relation *r, bool cascade);

static bool refers_to(const struct schema_constraint *c, oid_t oid, int16_t attnum)
{
	if (c->type != 'f' || c->ref_relation != oid)
		return false;
	for (size_t i = 0; attnum != 0 && i < c->n_ref_columns; i++) {
		if (c->ref_columns[i] == attnum)
			return true;
	}
	return attnum == 0;
}

/* Foreign keys of `other` that refer to the relation go. */
static bool drop_foreign_keys(struct ddl *d, const struct schema_relation *other,
			      const struct schema_relation *r, int16_t attnum, bool say)
{
	struct table_def def;

	if (!def_from_relation(d, other, &def))
		return false;
	for (size_t i = def.constraints.n; i-- > 0;) {
		struct schema_constraint *c = &def.constraints.items[i];

		if (!refers_to(c, r->oid, attnum))
			continue;
		if (say)
			ddl_notice(d, "NOTICE", "00000", "drop cascades to constraint %s on table %s",
				   c->name, other->name);
		if (!store_put_comment(d->conn, c->oid, 0, NULL, d->err) ||
		    !ddl_remove_constraint(d, &def, c))
			return false;
	}
	return def_put(d, &def);
}

bool ddl_drop_dependents(struct ddl *d, const struct schema_relation *r, int16_t attnum,
			 bool cascade, const char *what)
{
	struct oids views = { 0 };
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	if (!dependent_views(d, r->oid, attnum, &views))
		return false;
	for (size_t i = 0; i < views.n; i++) {
		const struct schema_relation *v = schema_relation_by_oid(d->schema, views.items[i]);

		if (v == NULL || being_dropped(d, v->oid))
			continue;
		if (!cascade)
			return refuse(d, what, arena_printf(d->arena, "view %s", v->name));
		ddl_notice(d, "NOTICE", "00000", "drop cascades to view %s", v->name);
		if (!drop_relation(d, v, true))
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool refers = false;

		if (all[i]->oid == r->oid)
			continue;
		for (size_t j = 0; j < all[i]->n_constraints; j++) {
			const struct schema_constraint *c = &all[i]->constraints[j];

			if (!refers_to(c, r->oid, attnum))
				continue;
			refers = true;
			if (!cascade && !being_dropped(d, all[i]->oid))
				return refuse(d, what,
					      arena_printf(d->arena, "constraint %s on table %s", c->name,
							   all[i]->name));
		}
		if (refers &&
		    !drop_foreign_keys(d, all[i], r, attnum, !being_dropped(d, all[i]->oid)))
			return false;
	}
	return true;
}

static const char *kind_name(char kind)
{
	return kind == 'v' ? "view" : kind == 'S' ? "sequence" : "table";
}

static bool drop_owned_sequences(struct ddl *d, oid_t oid)
{
	size_t n;
	const struct schema_sequence *all = schema_sequences(d->schema, &n);

	for (size_t i = 0; i < n; i++) {
		if (all[i].owned_by == oid && !ddl_drop_sequence(d, &all[i]))
			return false;
	}
	return true;
}

static bool drop_relation(struct ddl *d, const struct schema_relation *r, bool cascade)
{
	const char *what = arena_printf(d->arena, "%s %s", kind_name(r->kind), r->name);
	struct schema_relation copy = *r;

	if (what == NULL)
		return ddl_no_memory(d);
	if (!will_drop(d, r->oid) || !ddl_drop_dependents(d, &copy, 0, cascade, what))
		return false;
	return store_exec(d->conn, d->err, "DROP %s main.\"%w\"", r->kind == 'v' ? "VIEW" : "TABLE",
			  r->sqlite_name) &&
	       store_remove_relation(d->conn, r->oid, d->err) && drop_owned_sequences(d, r->oid);
}

/* A default that takes its numbers from the sequence stands in the way. */
static bool drop_sequence(struct ddl *d, const struct schema_sequence *q, bool cascade)
{
	const char *text = ddl_nextval_text(d, q->namespace_name, q->name);
	const char *what = arena_printf(d->arena, "sequence %s", q->name);
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	if (text == NULL || what == NULL)
		return text == NULL ? false : ddl_no_memory(d);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < all[i]->n_columns; j++) {
			const struct schema_column *c = &all[i]->columns[j];
			struct table_def def;

			if (all[i]->is_system || being_dropped(d, all[i]->oid))
				continue;
			if (q->owner_kind == 'i' && q->owned_by == all[i]->oid &&
			    q->owned_column == c->attnum) {
				sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
					      "cannot drop %s because column %s of table %s requires it", what,
					      c->name, all[i]->name);
				return sql_error_hint(d->err,
						      "You can drop column %s of table %s instead.", c->name,
						      all[i]->name);
			}
			if (c->default_text == NULL || strcmp(c->default_text, text) != 0)
				continue;
			if (!cascade)
				return refuse(d, what,
					      arena_printf(d->arena, "default value for column %s of table %s",
							   c->name, all[i]->name));
			ddl_notice(d, "NOTICE", "00000",
				   "drop cascades to default value for column %s of table %s", c->name,
				   all[i]->name);
			if (!def_from_relation(d, all[i], &def))
				return false;
			def.columns.items[j].default_text = NULL;
			def.columns.items[j].has_default = false;
			if (!def_put(d, &def))
				return false;
		}
	}
	return ddl_drop_sequence(d, q);
}

static bool drop_index(struct ddl *d, const struct schema_relation *of, const struct schema_index *x)
{
	struct table_def def;

	for (size_t i = 0; i < of->n_constraints; i++) {
		const struct schema_constraint *c = &of->constraints[i];

		if (x->constraint != c->oid || x->constraint == 0)
			continue;
		sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
			      "cannot drop index %s because constraint %s on table %s requires it", x->name,
			      c->name, of->name);
		return sql_error_hint(d->err, "You can drop constraint %s on table %s instead.", c->name,
				      of->name);
	}
	struct schema_index copy = *x;
	if (!def_from_relation(d, of, &def) || !def_drop_index(d, &copy))
		return false;
	for (size_t i = 0; i < def.indexes.n; i++) {
		if (def.indexes.items[i].oid != copy.oid)
			continue;
		memmove(&def.indexes.items[i], &def.indexes.items[i + 1],
			(def.indexes.n - i - 1) * sizeof(copy));
		def.indexes.n--;
		break;
	}
	return store_put_comment(d->conn, copy.oid, 0, NULL, d->err) && def_put(d, &def);
}

static bool drop_schema(struct ddl *d, const struct schema_namespace *n, bool cascade)
{
	size_t count;
	const struct schema_relation *const *all = schema_relations(d->schema, &count);
	size_t n_sequences;
	const struct schema_sequence *sequences = schema_sequences(d->schema, &n_sequences);

	if (n->oid < FIRST_USER_OID)
		return sql_error_set(d->err, ERRCODE_DEPENDENT_OBJECTS,
				     "cannot drop schema %s because it is required by the database system",
				     n->name);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->namespace_oid != n->oid || being_dropped(d, all[i]->oid))
			continue;
		if (!cascade)
			return refuse(d, arena_printf(d->arena, "schema %s", n->name),
				      arena_printf(d->arena, "%s %s.%s", kind_name(all[i]->kind), n->name,
						   all[i]->name));
		if (all[i]->kind == 'S')
			continue;
		ddl_notice(d, "NOTICE", "00000", "drop cascades to %s %s.%s", kind_name(all[i]->kind),
			   n->name, all[i]->name);
		if (!drop_relation(d, all[i], true))
			return false;
	}
	for (size_t i = 0; i < n_sequences; i++) {
		const struct schema_sequence *q = &sequences[i];

		if (strcmp(q->namespace_name, n->name) == 0 && !being_dropped(d, q->owned_by) &&
		    !drop_sequence(d, q, true))
			return false;
	}
	return store_remove_namespace(d->conn, n->oid, d->err);
}

static bool is_missing(struct ddl *d, const PgQuery__DropStmt *stmt, const char *kind,
		       const char *sqlstate, const char *name)
{
	if (!stmt->missing_ok)
		return sql_error_set(d->err, sqlstate, "%s \"%s\" does not exist", kind, name);
	return ddl_notice(d, "NOTICE", sqlstate, "%s \"%s\" does not exist, skipping", kind, name);
}

static bool wrong_kind(struct ddl *d, const struct schema_relation *r, const char *kind)
{
	sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE, "\"%s\" is not %s %s", r->name,
		      kind[0] == 'i' ? "an" : "a", kind);
	return sql_error_hint(d->err, "Use DROP %s to remove a %s.",
			      r->kind == 'v'   ? "VIEW"
			      : r->kind == 'S' ? "SEQUENCE"
					       : "TABLE",
			      kind_name(r->kind));
}

/* One object of DROP TABLE, VIEW, SEQUENCE, INDEX. */
static bool drop_named(struct ddl *d, const PgQuery__DropStmt *stmt, const PgQuery__Node *object)
{
	bool cascade = stmt->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
	const char *schema_name;
	const char *name;

	if (!ddl_split_name(d, object, &schema_name, &name))
		return false;
	if (schema_name != NULL && schema_find_namespace(d->schema, schema_name) == NULL) {
		if (stmt->missing_ok)
			return ddl_notice(d, "NOTICE", ERRCODE_INVALID_SCHEMA_NAME,
					  "schema \"%s\" does not exist, skipping", schema_name);
		return sql_error_set(d->err, ERRCODE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist",
				     schema_name);
	}
	const struct schema_relation *of;
	const struct schema_relation *r = schema_find_relation(d->schema, d->env, schema_name, name);
	const struct schema_index *x = schema_find_index(d->schema, d->env, schema_name, name, &of);
	if (r != NULL && r->is_system) {
		return sql_error_set(d->err, ERRCODE_INSUFFICIENT_PRIVILEGE,
				     "permission denied: \"%s\" is a system catalog", r->name);
	}
	if (stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX) {
		if (x != NULL)
			return drop_index(d, of, x);
		return r != NULL ? wrong_kind(d, r, "index")
				 : is_missing(d, stmt, "index", ERRCODE_UNDEFINED_OBJECT, name);
	}
	char kind = stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_VIEW       ? 'v'
		    : stmt->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE ? 'S'
										  : 'r';
	if (r == NULL)
		return is_missing(d, stmt, kind_name(kind), ERRCODE_UNDEFINED_TABLE, name);
	if (r->kind != kind)
		return wrong_kind(d, r, kind_name(kind));
	if (kind == 'S')
		return drop_sequence(d, schema_sequence_by_oid(d->schema, r->oid), cascade);
	/* it may have gone with one named before it */
	size_t times = 0;
	for (size_t i = 0; i < d->dropping.n; i++)
		times += d->dropping.items[i] == r->oid;
	return times > 1 ? true : drop_relation(d, r, cascade);
}

static const char *object_kind(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
		return "type";
	case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
		return "function";
	case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
		return "procedure";
	case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
		return "aggregate";
	case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
		return "extension";
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
		return "materialized view";
	case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
		return "trigger";
	case PG_QUERY__OBJECT_TYPE__OBJECT_COLLATION:
		return "collation";
	case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
		return "foreign table";
	case PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION:
		return "publication";
	case PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE:
		return "language";
	default:
		return NULL;
	}
}

static const char *drop_tag(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
		return "DROP TABLE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
		return "DROP VIEW";
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
		return "DROP INDEX";
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return "DROP SEQUENCE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
		return "DROP SCHEMA";
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
		return "DROP TYPE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
		return "DROP DOMAIN";
	case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
		return "DROP FUNCTION";
	case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
		return "DROP EXTENSION";
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
		return "DROP MATERIALIZED VIEW";
	default:
		return "DROP";
	}
}

/* The relations named go together: none of them keeps another from going. */
static bool note_all(struct ddl *d, const PgQuery__DropStmt *stmt)
{
	for (size_t i = 0; i < stmt->n_objects; i++) {
		const char *schema_name;
		const char *name;

		if (!ddl_split_name(d, stmt->objects[i], &schema_name, &name))
			return false;
		const struct schema_relation *r =
			schema_find_relation(d->schema, d->env, schema_name, name);
		if (r != NULL && !will_drop(d, r->oid))
			return false;
	}
	return true;
}

bool ddl_drop(struct ddl *d, const PgQuery__DropStmt *stmt)
{
	bool cascade = stmt->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
	const char *kind = object_kind(stmt->remove_type);

	strcpy(d->tag, drop_tag(stmt->remove_type));
	switch (stmt->remove_type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
		if (!note_all(d, stmt))
			return false;
		break;
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		break;
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
		for (size_t i = 0; i < stmt->n_objects; i++) {
			const char *name = ddl_node_string(stmt->objects[i]);
			const struct schema_namespace *n =
				name == NULL ? NULL : schema_find_namespace(d->schema, name);

			if (n == NULL) {
				if (!is_missing(d, stmt, "schema", ERRCODE_INVALID_SCHEMA_NAME,
						name == NULL ? "" : name))
					return false;
			} else if (!drop_schema(d, n, cascade)) {
				return false;
			}
		}
		return true;
	default:
		/* there cannot be one */
		if (kind == NULL)
			return sql_error_unsupported(d->err, -1, "this form of DROP");
		for (size_t i = 0; i < stmt->n_objects; i++) {
			const PgQuery__Node *o = stmt->objects[i];
			const char *schema_name;
			const char *name = "";

			if (o->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS)
				name = ddl_node_string(
					o->object_with_args->objname[o->object_with_args->n_objname - 1]);
			else if (o->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
				name = ddl_node_string(o->type_name->names[o->type_name->n_names - 1]);
			else if (!ddl_split_name(d, o, &schema_name, &name))
				return false;
			if (!is_missing(d, stmt, kind, ERRCODE_UNDEFINED_OBJECT, name))
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < stmt->n_objects; i++) {
		if (!drop_named(d, stmt, stmt->objects[i]))
			return false;
	}
	return true;
}

struct tables {
	const struct schema_relation **items;
	size_t n, cap;
};

static bool has_table(const struct tables *t, oid_t oid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->items[i]->oid == oid)
			return true;
	}
	return false;
}

static bool add_table(struct ddl *d, struct tables *t, const struct schema_relation *r)
{
	if (has_table(t, r->oid))
		return true;
	const struct schema_relation **at = VEC_PUSH(d->arena, t);
	if (at == NULL)
		return ddl_no_memory(d);
	*at = r;
	return true;
}

/* Those that refer to one in the list are in it too, or join it, or are an error. */
static bool close_over_references(struct ddl *d, struct tables *t, bool cascade)
{
	size_t n;
	const struct schema_relation *const *all = schema_relations(d->schema, &n);

	for (size_t k = 0; k < t->n; k++) {
		for (size_t i = 0; i < n; i++) {
			if (has_table(t, all[i]->oid))
				continue;
			for (size_t j = 0; j < all[i]->n_constraints; j++) {
				if (!refers_to(&all[i]->constraints[j], t->items[k]->oid, 0))
					continue;
				if (!cascade) {
					sql_error_set(d->err, ERRCODE_FEATURE_NOT_SUPPORTED,
						      "cannot truncate a table referenced in a foreign key "
						      "constraint");
					sql_error_detail(d->err, "Table \"%s\" references \"%s\".",
							 all[i]->name, t->items[k]->name);
					return sql_error_hint(
						d->err,
						"Truncate table \"%s\" at the same time, or use TRUNCATE ... "
						"CASCADE.",
						all[i]->name);
				}
				ddl_notice(d, "NOTICE", "00000", "truncate cascades to table \"%s\"",
					   all[i]->name);
				if (!add_table(d, t, all[i]))
					return false;
				break;
			}
		}
	}
	return true;
}

bool ddl_truncate(struct ddl *d, const PgQuery__TruncateStmt *stmt)
{
	struct tables t = { 0 };
	size_t n_sequences;
	const struct schema_sequence *sequences = schema_sequences(d->schema, &n_sequences);

	strcpy(d->tag, "TRUNCATE TABLE");
	for (size_t i = 0; i < stmt->n_relations; i++) {
		const struct schema_relation *r;

		if (!ddl_find_relation(d, stmt->relations[i]->range_var, false, &r))
			return false;
		if (r->kind != 'r')
			return sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE, "\"%s\" is not a table",
					     r->name);
		if (!add_table(d, &t, r))
			return false;
	}
	if (!close_over_references(d, &t, stmt->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE))
		return false;
	/* all of them are empty in the end: only then are the foreign keys between them looked at */
	if (t.n > 1 && !store_exec(d->conn, d->err, "PRAGMA defer_foreign_keys = ON"))
		return false;
	for (size_t i = t.n; i-- > 0;) {
		if (!store_exec(d->conn, d->err, "DELETE FROM main.\"%w\"", t.items[i]->sqlite_name))
			return false;
		for (size_t j = 0; stmt->restart_seqs && j < n_sequences; j++) {
			if (sequences[j].owned_by == t.items[i]->oid &&
			    !store_exec(d->conn, d->err,
					"UPDATE pgblob_sequence SET last_value = start, is_called = 0"
					" WHERE oid = %u",
					sequences[j].oid))
				return false;
		}
	}
	return t.n < 2 || store_exec(d->conn, d->err, "PRAGMA defer_foreign_keys = OFF");
}
