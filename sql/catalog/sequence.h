/*
 * sequence.h - nextval(), currval(), setval(), lastval()
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_SEQUENCE_H
#define PGBLOB_SQL_CATALOG_SEQUENCE_H

#include <stdbool.h>

#include "base/compiler.h"


struct sequence_session;
struct sql_conn;

/* What a session remembers for currval(); one thread at a time. */
struct sequence_session *sequence_session_new(void); /* or NULL */
void sequence_session_free(struct sequence_session *s);
/* DISCARD SEQUENCES */
void sequence_session_clear(struct sequence_session *s);

/*
 * Register the SQLite functions behind sequence_impls.  The state of a sequence is
 * in pgblob_sequence (README.md).
 */
bool sequence_register(struct sql_conn *conn);

/*
 * Before sqlite3_close() of a connection whose sessions had env->sequences: gives back
 * the statements that the functions keep prepared.
 */
void sequence_close(struct sql_conn *conn);

#endif
