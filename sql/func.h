/*
 * func.h - how PostgreSQL's functions are said in SQLite
 *
 * The analyzer resolves a call to a row of pg_proc; this table says what SQLite
 * text stands for it.  Operators and casts are calls of their functions too.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_FUNC_H
#define PGBLOB_SQL_FUNC_H

#include <stdbool.h>

#include "base/compiler.h"
#include "sql/env.h"

struct sql_conn;
struct sql_error;

enum func_kind {
	FUNC_SCALAR,
	FUNC_AGGREGATE, /* the text is one SQLite aggregate call, to which FILTER, OVER may be added */
	FUNC_WINDOW,    /* only with OVER */
	FUNC_SET,       /* returns rows: the text is a table-valued function for FROM (see below) */
};

/*
 * The text of a template is copied but for:
 *   $1 .. $9   the text of an argument, in brackets where it needs them
 *   $*         all arguments, separated by commas
 *   #1 .. #9   the type OID of an argument, as a number
 *   #0         the type OID of the result
 *   #*         all arguments, each followed by ", " and its type OID
 *   $d         "DISTINCT " for an aggregate that has it, else nothing; a text without
 *              $d and $o cannot do DISTINCT (0A000)
 *   $o         how a FUNC_ORDERED aggregate is told its ORDER BY and DISTINCT: nothing
 *              without both, else ", '<spec>', key1, key2 ...", where spec is "D" if
 *              DISTINCT, then two letters a key: a ascending or d descending, f nulls
 *              first or l nulls last.  With FUNC_ORDERED, DISTINCT goes here, not into $d.
 *              Not together with OVER.
 *   $$         a dollar sign
 * An argument may stand several times only if FUNC_COPIES allows it: it is then
 * evaluated several times, so the analyzer falls back on `single` for arguments
 * that are volatile or not cheap.
 *
 * FUNC_SET: the text names an eponymous virtual table with its arguments, such as
 * "pg_generate_series($1, $2)"; its columns are value (or value1, value2, ... for
 * several OUT parameters) and ordinality, in that order: a column each of the
 * record and then the number of the row from 1.
 */
struct func_impl {
	oid_t proc;            /* pg_proc.oid */
	const char *signature; /* as regprocedure writes it; a test compares it with proc */
	enum func_kind kind;
	const char *text;
	unsigned flags;
};

enum {
	FUNC_WRITES = 1,    /* changes the database: nextval() */
	FUNC_CHECKED = 2,   /* may fail: not to be evaluated needlessly early */
	FUNC_ORDERED = 4,   /* aggregate: takes ORDER BY; see func_ordered_name() */
	FUNC_COPIES = 8,    /* the text repeats an argument */
};

/* NULL: there is none yet, and the analyzer says 0A000. */
const struct func_impl *func_find(oid_t proc);

/*
 * SQLite functions that the analyzer writes without a row of pg_proc:
 *
 *   pg_in(text, type, typmod)       the type's input function, as in an I/O cast
 *   pg_out(value, type)             the type's output function: TEXT
 *   pg_out(value, type, typmod)     the same, with a bpchar's blanks
 *   pg_any(x, 'op', array, type)    x op ANY (array), NULLs as PostgreSQL has them;
 *   pg_all(x, 'op', array, type)    op: = <> < <= > >= ~~ !~~ ~~* !~~* ~ !~ ~* !~*;
 *                                   x and the elements are of `type`, or of types
 *                                   that are stored alike.  For what an index should
 *                                   serve: x IN (SELECT value FROM pg_unnest(array)).
 *   pg_array(type, a, b, ...)       ARRAY[a, b, ...] of element type `type`
 *   pg_array_nested(type, a, ...)   ARRAY[a, ...] of arrays
 *   pg_array_agg(x, type)           ARRAY(SELECT x ...), as an aggregate that gives
 *                                   NULL for no rows: wrap it in
 *                                   coalesce(..., pg_array(type))
 *   pg_subscript(array, i, j, ...)  array[i][j]
 *   pg_slice(array, lo, hi, ...)    array[lo:hi]; NULL for a bound that is not written
 *   pg_row(n, type, value, ...)     ROW(...): a record; pg_field(record, n) a field
 *   pg_greatest(type, a, b, ...)    and pg_least(...): NULL only if all are
 *   pg_array_convert(array, from, to, typmod)   array coercion, element by element,
 *                                   through the text forms
 *   pg_like(x, pattern[, escape]), pg_ilike(...), pg_similar(x, pattern[, escape])
 *
 * Cast of a value to a type with a typmod is a call of pg_proc's length coercion
 * functions (varchar(varchar,int4,bool) and so on), which are in the table.
 */

/*
 * Register functions, aggregates, table-valued functions and collations on
 * conn->db, which keeps `conn` as their user data.
 */
MUST_CHECK bool func_register(struct sql_conn *conn, struct sql_error *err);

#endif
