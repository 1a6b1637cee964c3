/*
 * store.h - our catalog tables: read, made and written
 *
 * All functions run SQL on conn->db inside whatever transaction is open.  They
 * return false with *err set, or with err->set false when SQLite itself failed
 * (disk, lock, memory): then sqlite3_extended_errcode() tells how.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_STORE_H
#define PGBLOB_SQL_CATALOG_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sql/env.h"

struct schema_column;
struct schema_constraint;
struct schema_index;
struct schema_relation;
struct schema_sequence;
struct sql_conn;
struct sql_error;
struct sqlite3_stmt;

/* Run statements; fmt as for sqlite3_mprintf() (%Q, %w). */
MUST_CHECK bool store_exec(struct sql_conn *conn, struct sql_error *err, const char *fmt, ...);

/* Are our tables there? */
MUST_CHECK bool store_exists(struct sql_conn *conn, bool *out, struct sql_error *err);
/* Make them if they are not. */
MUST_CHECK bool store_ensure(struct sql_conn *conn, struct sql_error *err);

/* n new OIDs that follow each other; *first is the least. */
MUST_CHECK bool store_new_oids(struct sql_conn *conn, unsigned n, oid_t *first,
			       struct sql_error *err);

/* Write all rows of a relation (class, attributes, constraints, indexes) in place of what was there. */
MUST_CHECK bool store_put_relation(struct sql_conn *conn, const struct schema_relation *r,
				   struct sql_error *err);
/* Remove them, with comments and dependencies; not the sequences that it owns. */
MUST_CHECK bool store_remove_relation(struct sql_conn *conn, oid_t oid, struct sql_error *err);

/* The definition is put, the state (last_value, is_called) only if `restart` is not NULL. */
MUST_CHECK bool store_put_sequence(struct sql_conn *conn, const struct schema_sequence *q,
				   oid_t namespace_oid, const int64_t *restart,
				   struct sql_error *err);
MUST_CHECK bool store_remove_sequence(struct sql_conn *conn, oid_t oid, struct sql_error *err);

MUST_CHECK bool store_put_namespace(struct sql_conn *conn, oid_t oid, const char *name,
				    struct sql_error *err);
MUST_CHECK bool store_remove_namespace(struct sql_conn *conn, oid_t oid, struct sql_error *err);

/* text NULL removes the comment. */
MUST_CHECK bool store_put_comment(struct sql_conn *conn, oid_t object, int16_t number,
				  const char *text, struct sql_error *err);

MUST_CHECK bool store_put_dependency(struct sql_conn *conn, oid_t object, oid_t reference,
				     int16_t number, struct sql_error *err);

/* After a change that SQLite did not see: every connection must load the schema anew. */
MUST_CHECK bool store_bump_cookie(struct sql_conn *conn, struct sql_error *err);

#endif
