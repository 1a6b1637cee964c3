/*
 * fake.h - an executor without SQL, to test the protocol with
 *
 * A statement is a word and arguments:
 *   begin, commit      the transaction's state
 *   fail [SQLSTATE]    an error
 *   fatal              a FATAL one
 *   rows N [WIDTH]     N rows of one text column
 *   sleep MS           until canceled
 *   gate               until fake_open_gate(), or canceled
 *   lock, unlock       of the one lock there is; lock waits until it is free
 *   copy t from stdin, copy t to stdout N  COPY
 *   notice             a notice
 *   set NAME VALUE     ParameterStatus; idle_ms: how long the client may be idle
 *   echo ...           anything else too: one row, the text of the statement,
 *                      or of the parameters where it has some ("$1|$2")
 * Statements are divided by ';' in a simple query.  It aborts where wire breaks
 * a promise of executor.h.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_WIRE_FAKE_H
#define PGBLOB_TESTS_WIRE_FAKE_H

#include <stdatomic.h>

#include "wire/executor.h"

extern const struct executor_ops fake_ops;

/* What has happened in all sessions since fake_reset(). */
struct fake_counts {
	atomic_int connects, disconnects, cancels, late_cancels, fails, syncs, statements;
	atomic_int waiting; /* statements that wait now: sleep, gate, lock */
	atomic_int copies;  /* that have begun */
};

extern struct fake_counts fake_counts;

/* Before the first server is opened. */
void fake_reset(void);

/* Statements "gate" end, those that wait and those to come. */
void fake_open_gate(void);

#endif
