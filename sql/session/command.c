/*
 * command.c - what PostgreSQL calls a statement, and where it may run
 *
 * A read-only transaction refuses what changes the database; a server that is a
 * standby also what would have an effect elsewhere: VACUUM, LOCK TABLE, LISTEN.
 * Queries are not told here: whether they write is known when they are analyzed.
 *
 * Source: PostgreSQL 15 documentation, sections 27.4 "Hot Standby" and "SET TRANSACTION".
 * Licence: MIT, see LICENSE.
 */
#include <stdio.h>
#include <string.h>

#include "sql/session/session.h"

enum where {
	ANYWHERE,
	NOT_ON_STANDBY, /* may run in a read-only transaction */
	WRITES,
};

struct command {
	enum where where;
	const char *verb;   /* NULL: the statement is none that is refused anywhere */
	const char *object; /* "" or what follows the verb, with a blank before it */
};

#define TYPE(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

/* " TABLE" of DROP TABLE, ALTER TABLE. */
static const char *object_name(PgQuery__ObjectType type)
{
	static const struct {
		PgQuery__ObjectType type;
		const char *name;
	} names[] = {
		{ TYPE(ACCESS_METHOD), " ACCESS METHOD" },
		{ TYPE(AGGREGATE), " AGGREGATE" },
		{ TYPE(ATTRIBUTE), " TYPE" },
		{ TYPE(CAST), " CAST" },
		{ TYPE(COLLATION), " COLLATION" },
		{ TYPE(CONVERSION), " CONVERSION" },
		{ TYPE(DATABASE), " DATABASE" },
		{ TYPE(DOMAIN), " DOMAIN" },
		{ TYPE(DOMCONSTRAINT), " DOMAIN" },
		{ TYPE(EVENT_TRIGGER), " EVENT TRIGGER" },
		{ TYPE(EXTENSION), " EXTENSION" },
		{ TYPE(FDW), " FOREIGN DATA WRAPPER" },
		{ TYPE(FOREIGN_SERVER), " SERVER" },
		{ TYPE(FOREIGN_TABLE), " FOREIGN TABLE" },
		{ TYPE(FUNCTION), " FUNCTION" },
		{ TYPE(INDEX), " INDEX" },
		{ TYPE(LANGUAGE), " LANGUAGE" },
		{ TYPE(LARGEOBJECT), " LARGE OBJECT" },
		{ TYPE(MATVIEW), " MATERIALIZED VIEW" },
		{ TYPE(OPCLASS), " OPERATOR CLASS" },
		{ TYPE(OPERATOR), " OPERATOR" },
		{ TYPE(OPFAMILY), " OPERATOR FAMILY" },
		{ TYPE(POLICY), " POLICY" },
		{ TYPE(PROCEDURE), " PROCEDURE" },
		{ TYPE(PUBLICATION), " PUBLICATION" },
		{ TYPE(ROLE), " ROLE" },
		{ TYPE(ROUTINE), " ROUTINE" },
		{ TYPE(RULE), " RULE" },
		{ TYPE(SCHEMA), " SCHEMA" },
		{ TYPE(SEQUENCE), " SEQUENCE" },
		{ TYPE(STATISTIC_EXT), " STATISTICS" },
		{ TYPE(SUBSCRIPTION), " SUBSCRIPTION" },
		{ TYPE(TABLE), " TABLE" },
		{ TYPE(TABLESPACE), " TABLESPACE" },
		{ TYPE(TRANSFORM), " TRANSFORM" },
		{ TYPE(TRIGGER), " TRIGGER" },
		{ TYPE(TSCONFIGURATION), " TEXT SEARCH CONFIGURATION" },
		{ TYPE(TSDICTIONARY), " TEXT SEARCH DICTIONARY" },
		{ TYPE(TSPARSER), " TEXT SEARCH PARSER" },
		{ TYPE(TSTEMPLATE), " TEXT SEARCH TEMPLATE" },
		{ TYPE(TYPE), " TYPE" },
		{ TYPE(VIEW), " VIEW" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return " TABLE"; /* of columns and constraints */
}

#undef TYPE

static struct command writes(const char *verb, const char *object)
{
	return (struct command){ WRITES, verb, object };
}

static struct command not_on_standby(const char *verb)
{
	return (struct command){ NOT_ON_STANDBY, verb, "" };
}

static struct command anywhere(void)
{
	return (struct command){ .where = ANYWHERE };
}

#define NODE(name) PG_QUERY__NODE__NODE_##name

/* Statements whose name is always the same, and that write. */
static const char *plain_name(PgQuery__Node__NodeCase node)
{
	static const struct {
		PgQuery__Node__NodeCase node;
		const char *name;
	} names[] = {
		{ NODE(ALTER_DATABASE_SET_STMT), "ALTER DATABASE" },
		{ NODE(ALTER_DATABASE_STMT), "ALTER DATABASE" },
		{ NODE(ALTER_DEFAULT_PRIVILEGES_STMT), "ALTER DEFAULT PRIVILEGES" },
		{ NODE(ALTER_DOMAIN_STMT), "ALTER DOMAIN" },
		{ NODE(ALTER_ENUM_STMT), "ALTER TYPE" },
		{ NODE(ALTER_EXTENSION_STMT), "ALTER EXTENSION" },
		{ NODE(ALTER_FUNCTION_STMT), "ALTER FUNCTION" },
		{ NODE(ALTER_POLICY_STMT), "ALTER POLICY" },
		{ NODE(ALTER_ROLE_SET_STMT), "ALTER ROLE" },
		{ NODE(ALTER_ROLE_STMT), "ALTER ROLE" },
		{ NODE(ALTER_SEQ_STMT), "ALTER SEQUENCE" },
		{ NODE(ALTER_TYPE_STMT), "ALTER TYPE" },
		{ NODE(COMMENT_STMT), "COMMENT" },
		{ NODE(COMPOSITE_TYPE_STMT), "CREATE TYPE" },
		{ NODE(CREATE_CAST_STMT), "CREATE CAST" },
		{ NODE(CREATE_DOMAIN_STMT), "CREATE DOMAIN" },
		{ NODE(CREATE_ENUM_STMT), "CREATE TYPE" },
		{ NODE(CREATE_EXTENSION_STMT), "CREATE EXTENSION" },
		{ NODE(CREATE_FOREIGN_TABLE_STMT), "CREATE FOREIGN TABLE" },
		{ NODE(CREATE_PLANG_STMT), "CREATE LANGUAGE" },
		{ NODE(CREATE_POLICY_STMT), "CREATE POLICY" },
		{ NODE(CREATE_PUBLICATION_STMT), "CREATE PUBLICATION" },
		{ NODE(CREATE_RANGE_STMT), "CREATE TYPE" },
		{ NODE(CREATE_ROLE_STMT), "CREATE ROLE" },
		{ NODE(CREATE_SCHEMA_STMT), "CREATE SCHEMA" },
		{ NODE(CREATE_SEQ_STMT), "CREATE SEQUENCE" },
		{ NODE(CREATE_STATS_STMT), "CREATE STATISTICS" },
		{ NODE(CREATE_STMT), "CREATE TABLE" },
		{ NODE(CREATE_TRIG_STMT), "CREATE TRIGGER" },
		{ NODE(CREATEDB_STMT), "CREATE DATABASE" },
		{ NODE(DROP_OWNED_STMT), "DROP OWNED" },
		{ NODE(DROP_ROLE_STMT), "DROP ROLE" },
		{ NODE(DROPDB_STMT), "DROP DATABASE" },
		{ NODE(INDEX_STMT), "CREATE INDEX" },
		{ NODE(REASSIGN_OWNED_STMT), "REASSIGN OWNED" },
		{ NODE(REFRESH_MAT_VIEW_STMT), "REFRESH MATERIALIZED VIEW" },
		{ NODE(RULE_STMT), "CREATE RULE" },
		{ NODE(SEC_LABEL_STMT), "SECURITY LABEL" },
		{ NODE(SELECT_STMT), "SELECT INTO" },
		{ NODE(TRUNCATE_STMT), "TRUNCATE TABLE" },
		{ NODE(VIEW_STMT), "CREATE VIEW" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].node == node)
			return names[i].name;
	return NULL;
}

static struct command create_as(const PgQuery__CreateTableAsStmt *stmt)
{
	if (stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW)
		return writes("CREATE MATERIALIZED VIEW", "");
	return writes(stmt->is_select_into ? "SELECT INTO" : "CREATE TABLE AS", "");
}

static struct command transaction_command(const PgQuery__TransactionStmt *stmt)
{
	switch (stmt->kind) {
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
		return not_on_standby("PREPARE TRANSACTION");
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
		return not_on_standby("COMMIT PREPARED");
	case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
		return not_on_standby("ROLLBACK PREPARED");
	default:
		return anywhere();
	}
}

static struct command command_of(const PgQuery__Node *stmt)
{
	enum { ROW_EXCLUSIVE = 3 }; /* the strongest lock that a reader may ask for */
	const char *name = plain_name(stmt->node_case);

	if (name != NULL)
		return writes(name, "");
	switch (stmt->node_case) {
	case NODE(CREATE_TABLE_AS_STMT):
		return create_as(stmt->create_table_as_stmt);
	case NODE(DEFINE_STMT):
		return writes("CREATE", object_name(stmt->define_stmt->kind));
	case NODE(DROP_STMT):
		return writes("DROP", object_name(stmt->drop_stmt->remove_type));
	case NODE(ALTER_TABLE_STMT):
		return writes("ALTER", object_name(stmt->alter_table_stmt->objtype));
	case NODE(RENAME_STMT):
		return writes("ALTER",
			      object_name(stmt->rename_stmt->rename_type ==
							  PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN ?
						  stmt->rename_stmt->relation_type :
						  stmt->rename_stmt->rename_type));
	case NODE(ALTER_OBJECT_SCHEMA_STMT):
		return writes("ALTER", object_name(stmt->alter_object_schema_stmt->object_type));
	case NODE(ALTER_OWNER_STMT):
		return writes("ALTER", object_name(stmt->alter_owner_stmt->object_type));
	case NODE(CREATE_FUNCTION_STMT):
		return writes("CREATE", stmt->create_function_stmt->is_procedure ? " PROCEDURE" :
										   " FUNCTION");
	case NODE(GRANT_STMT):
		return writes(stmt->grant_stmt->is_grant ? "GRANT" : "REVOKE", "");
	case NODE(GRANT_ROLE_STMT):
		return writes(stmt->grant_role_stmt->is_grant ? "GRANT" : "REVOKE", " ROLE");
	case NODE(TRANSACTION_STMT):
		return transaction_command(stmt->transaction_stmt);
	case NODE(VACUUM_STMT):
		return not_on_standby(stmt->vacuum_stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE");
	case NODE(REINDEX_STMT):
		return not_on_standby("REINDEX");
	case NODE(CLUSTER_STMT):
		return not_on_standby("CLUSTER");
	case NODE(LISTEN_STMT):
		return not_on_standby("LISTEN");
	case NODE(NOTIFY_STMT):
		return not_on_standby("NOTIFY");
	case NODE(COPY_STMT):
		return stmt->copy_stmt->is_from ? not_on_standby("COPY") : anywhere();
	case NODE(LOCK_STMT):
		return stmt->lock_stmt->mode > ROW_EXCLUSIVE ? not_on_standby("LOCK TABLE") : anywhere();
	default:
		return anywhere();
	}
}

#undef NODE

bool command_may_run(struct sql_session *s, const struct plan *plan, struct sql_error *err)
{
	if (!s->tx.read_only)
		return true;
	struct command c = command_of(plan->stmt);
	switch (c.where) {
	case ANYWHERE:
		return true;
	case NOT_ON_STANDBY:
		return !s->env.in_recovery || sql_error_set(err, ERRCODE_READ_ONLY_TRANSACTION,
							    "cannot execute %s during recovery", c.verb);
	case WRITES:
		break;
	}
	return sql_error_set(err, ERRCODE_READ_ONLY_TRANSACTION,
			     "cannot execute %s%s in a read-only transaction", c.verb, c.object);
}
