/*
 * sequences.c - CREATE, ALTER, DROP SEQUENCE; the sequences of serial and identity columns
 *
 * Source: PostgreSQL 15 documentation, CREATE SEQUENCE.
 * Licence: MIT, see LICENSE.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sql/catalog/sqlite_name.h"
#include "sql/ddl/work.h"

/* A number in the options of a sequence. */
static bool option_int(struct ddl *d, const PgQuery__DefElem *o, int64_t *out)
{
	if (o->arg != NULL && o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER) {
		*out = o->arg->integer->ival;
		return true;
	}
	if (o->arg != NULL && o->arg->node_case == PG_QUERY__NODE__NODE_FLOAT) {
		char *end;

		errno = 0;
		*out = strtoll(o->arg->float_->fval, &end, 10);
		if (*end == '\0' && errno == 0)
			return true;
		return sql_error_set(d->err, ERRCODE_NUMERIC_OUT_OF_RANGE,
				     "value \"%s\" is out of range for type bigint",
				     o->arg->float_->fval);
	}
	return sql_error_at(d->err, o->location, ERRCODE_SYNTAX, "%s requires an integer value",
			    o->defname);
}

struct sequence_options {
	bool has_min, has_max, has_start, has_restart;
	bool min_reset, max_reset; /* NO MINVALUE, NO MAXVALUE */
	int64_t restart;
	bool restart_given; /* RESTART WITH n, not RESTART alone */
	bool owned_given;
	bool type_given;
};

static int64_t type_min(oid_t type)
{
	return type == INT2OID ? INT16_MIN : type == INT4OID ? INT32_MIN : INT64_MIN;
}

static int64_t type_max(oid_t type)
{
	return type == INT2OID ? INT16_MAX : type == INT4OID ? INT32_MAX : INT64_MAX;
}

static bool set_owner(struct ddl *d, const PgQuery__DefElem *o, struct schema_sequence *q)
{
	const PgQuery__Node *list = o->arg;
	size_t n = list == NULL || list->node_case != PG_QUERY__NODE__NODE_LIST ? 0
										: list->list->n_items;

	if (n == 1 && strcmp(ddl_node_string(list->list->items[0]), "none") == 0) {
		q->owned_by = 0;
		q->owned_column = 0;
		q->owner_kind = 0;
		return true;
	}
	if (n < 2) {
		sql_error_set(d->err, ERRCODE_SYNTAX, "invalid OWNED BY option");
		return sql_error_hint(d->err, "Specify OWNED BY table.column or OWNED BY NONE.");
	}
	const char *table = ddl_node_string(list->list->items[n - 2]);
	const char *column = ddl_node_string(list->list->items[n - 1]);
	const char *schema_name = n > 2 ? ddl_node_string(list->list->items[n - 3]) : NULL;
	const struct schema_relation *r = schema_find_relation(d->schema, d->env, schema_name, table);
	if (r == NULL)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
				     table);
	const struct schema_column *c = schema_column_named(r, column);
	if (c == NULL)
		return sql_error_set(d->err, ERRCODE_UNDEFINED_COLUMN,
				     "column \"%s\" of relation \"%s\" does not exist", column, table);
	if (strcmp(r->namespace_name, q->namespace_name) != 0)
		return sql_error_set(d->err, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				     "sequence must be in same schema as table it is linked to");
	q->owned_by = r->oid;
	q->owned_column = c->attnum;
	q->owner_kind = 'a';
	return true;
}

static bool apply_options(struct ddl *d, struct schema_sequence *q,
			  PgQuery__Node *const *options, size_t n, struct sequence_options *said)
{
	struct analyze_input in = ddl_analyze_input(d);

	for (size_t i = 0; i < n; i++) {
		const PgQuery__DefElem *o = options[i]->def_elem;
		const char *name = o->defname;
		int32_t typmod;

		if (strcmp(name, "as") == 0) {
			oid_t type;

			if (!analyze_type_name(&in, o->arg->type_name, &type, &typmod, d->err))
				return false;
			if (type != INT2OID && type != INT4OID && type != INT8OID)
				return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "sequence type must be smallint, integer, or bigint");
			/* bounds that were the old type's follow */
			if (q->max == type_max(q->type))
				said->max_reset = true;
			if (q->min == type_min(q->type))
				said->min_reset = true;
			q->type = type;
			said->type_given = true;
		} else if (strcmp(name, "increment") == 0) {
			if (!option_int(d, o, &q->increment))
				return false;
			if (q->increment == 0)
				return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "INCREMENT must not be zero");
		} else if (strcmp(name, "start") == 0) {
			said->has_start = true;
			if (!option_int(d, o, &q->start))
				return false;
		} else if (strcmp(name, "restart") == 0) {
			said->has_restart = true;
			said->restart_given = o->arg != NULL;
			if (o->arg != NULL && !option_int(d, o, &said->restart))
				return false;
		} else if (strcmp(name, "minvalue") == 0) {
			said->has_min = o->arg != NULL;
			said->min_reset = o->arg == NULL;
			if (o->arg != NULL && !option_int(d, o, &q->min))
				return false;
		} else if (strcmp(name, "maxvalue") == 0) {
			said->has_max = o->arg != NULL;
			said->max_reset = o->arg == NULL;
			if (o->arg != NULL && !option_int(d, o, &q->max))
				return false;
		} else if (strcmp(name, "cache") == 0) {
			if (!option_int(d, o, &q->cache))
				return false;
			if (q->cache < 1)
				return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "CACHE (%" PRId64 ") must be greater than zero", q->cache);
		} else if (strcmp(name, "cycle") == 0) {
			q->cycle = o->arg != NULL && o->arg->boolean->boolval;
		} else if (strcmp(name, "owned_by") == 0) {
			said->owned_given = true;
			if (!set_owner(d, o, q))
				return false;
		} else {
			return sql_error_unsupported(d->err, o->location, "sequence option \"%s\"", name);
		}
	}
	return true;
}

/* Bounds that were not given, and PostgreSQL's checks of all. */
static bool settle(struct ddl *d, struct schema_sequence *q, const struct sequence_options *said,
		   bool is_new)
{
	bool up = q->increment > 0;

	if (said->max_reset || (is_new && !said->has_max))
		q->max = up ? type_max(q->type) : -1;
	if (said->min_reset || (is_new && !said->has_min))
		q->min = up ? 1 : type_min(q->type);
	if (q->max > type_max(q->type))
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "MAXVALUE (%" PRId64 ") is out of range for sequence data type %s", q->max,
				     q->type == INT2OID ? "smallint" : "integer");
	if (q->min < type_min(q->type))
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "MINVALUE (%" PRId64 ") is out of range for sequence data type %s", q->min,
				     q->type == INT2OID ? "smallint" : "integer");
	if (q->min >= q->max)
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "MINVALUE (%" PRId64 ") must be less than MAXVALUE (%" PRId64 ")", q->min,
				     q->max);
	if (is_new && !said->has_start)
		q->start = up ? q->min : q->max;
	if (q->start < q->min)
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "START value (%" PRId64 ") cannot be less than MINVALUE (%" PRId64 ")",
				     q->start, q->min);
	if (q->start > q->max)
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "START value (%" PRId64 ") cannot be greater than MAXVALUE (%" PRId64 ")",
				     q->start, q->max);
	return true;
}

/* SQLite's view of a sequence's name shows its state, and keeps the name. */
static bool create_view(struct ddl *d, const struct schema_sequence *q)
{
	const char *name = sqlite_name_of(d->arena, q->namespace_name, q->name);

	if (name == NULL)
		return ddl_no_memory(d);
	return store_exec(d->conn, d->err,
			  "CREATE VIEW main.\"%w\"(last_value, log_cnt, is_called) AS"
			  " SELECT last_value, 0, is_called FROM pgblob_sequence WHERE oid = %u",
			  name, q->oid);
}

static bool create(struct ddl *d, struct schema_sequence *q, oid_t namespace_oid,
		   PgQuery__Node *const *options, size_t n_options)
{
	struct sequence_options said = { 0 };

	q->increment = 1;
	q->cache = 1;
	if (!apply_options(d, q, options, n_options, &said) || !settle(d, q, &said, true))
		return false;
	return store_new_oids(d->conn, 1, &q->oid, d->err) &&
	       store_put_sequence(d->conn, q, namespace_oid, &q->start, d->err) &&
	       create_view(d, q);
}

const char *ddl_nextval_text(struct ddl *d, const char *namespace_name, const char *name)
{
	struct buf text = BUF_INIT(1024);
	struct buf quoted = BUF_INIT(1024);

	if (strcmp(namespace_name, "public") != 0) {
		pg_quote_name(&quoted, namespace_name);
		buf_put_byte(&quoted, '.');
	}
	pg_quote_name(&quoted, name);
	buf_put_str(&text, "nextval(");
	sqlite_quote_text(&text, quoted.data, quoted.len);
	buf_put_str(&text, "::regclass)");
	const char *copy = text.failed ? NULL : arena_strndup(d->arena, text.data, text.len);
	if (copy == NULL)
		ddl_no_memory(d);
	buf_free(&quoted);
	buf_free(&text);
	return copy;
}

bool ddl_make_owned_sequence(struct ddl *d, const struct schema_relation *of,
			     struct schema_column *column, char owner_kind,
			     PgQuery__Node *const *options, size_t n_options, oid_t *oid)
{
	struct schema_sequence q = {
		.namespace_name = of->namespace_name,
		.type = column->type,
		.owned_by = of->oid,
		.owned_column = column->attnum,
		.owner_kind = owner_kind,
	};

	q.name = ddl_choose_name(d, of->namespace_name, of->name, column->name, "seq");
	if (q.name == NULL || !create(d, &q, of->namespace_oid, options, n_options))
		return false;
	*oid = q.oid;
	if (owner_kind == 'a') {
		column->default_text = ddl_nextval_text(d, of->namespace_name, q.name);
		column->has_default = true;
		return column->default_text != NULL;
	}
	return true;
}

bool ddl_create_sequence(struct ddl *d, const PgQuery__CreateSeqStmt *stmt)
{
	const struct schema_namespace *n;

	strcpy(d->tag, "CREATE SEQUENCE");
	if (!ddl_new_namespace(d, stmt->sequence, &n))
		return false;
	if (ddl_name_taken(d, n->name, stmt->sequence->relname)) {
		if (!stmt->if_not_exists)
			return sql_error_set(d->err, ERRCODE_DUPLICATE_TABLE,
					     "relation \"%s\" already exists", stmt->sequence->relname);
		return ddl_notice(d, "NOTICE", ERRCODE_DUPLICATE_TABLE,
				  "relation \"%s\" already exists, skipping", stmt->sequence->relname);
	}
	struct schema_sequence q = {
		.namespace_name = n->name,
		.name = stmt->sequence->relname,
		.type = INT8OID,
	};
	return create(d, &q, n->oid, stmt->options, stmt->n_options);
}

bool ddl_alter_sequence(struct ddl *d, const PgQuery__AlterSeqStmt *stmt)
{
	const char *schema_name = given(stmt->sequence->schemaname) ? stmt->sequence->schemaname : NULL;
	const struct schema_sequence *old =
		schema_find_sequence(d->schema, d->env, schema_name, stmt->sequence->relname);
	struct sequence_options said = { 0 };

	strcpy(d->tag, "ALTER SEQUENCE");
	if (old == NULL) {
		const struct schema_relation *r;

		if (!ddl_find_relation(d, stmt->sequence, stmt->missing_ok, &r))
			return false;
		if (r != NULL)
			return sql_error_set(d->err, ERRCODE_WRONG_OBJECT_TYPE,
					     "\"%s\" is not a sequence", r->name);
		return ddl_notice(d, "NOTICE", ERRCODE_UNDEFINED_TABLE,
				  "relation \"%s\" does not exist, skipping", stmt->sequence->relname);
	}
	struct schema_sequence q = *old;
	if (!apply_options(d, &q, stmt->options, stmt->n_options, &said) ||
	    !settle(d, &q, &said, false))
		return false;
	if (said.has_restart && !said.restart_given)
		said.restart = q.start;
	if (said.has_restart && (said.restart < q.min || said.restart > q.max))
		return sql_error_set(d->err, ERRCODE_INVALID_PARAMETER_VALUE,
				     "RESTART value (%" PRId64 ") cannot be %s than %s (%" PRId64 ")",
				     said.restart, said.restart < q.min ? "less" : "greater",
				     said.restart < q.min ? "MINVALUE" : "MAXVALUE",
				     said.restart < q.min ? q.min : q.max);
	const struct schema_namespace *n = schema_find_namespace(d->schema, q.namespace_name);
	return store_put_sequence(d->conn, &q, n->oid, said.has_restart ? &said.restart : NULL,
				  d->err);
}

bool ddl_drop_sequence(struct ddl *d, const struct schema_sequence *q)
{
	const char *name = sqlite_name_of(d->arena, q->namespace_name, q->name);

	if (name == NULL)
		return ddl_no_memory(d);
	return store_exec(d->conn, d->err, "DROP VIEW main.\"%w\"", name) &&
	       store_remove_sequence(d->conn, q->oid, d->err);
}
