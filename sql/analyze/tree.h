/*
 * tree.h - the typed tree: what a statement means, before it is said in SQLite
 *
 * Much as PostgreSQL's Query, RangeTblEntry and expression nodes, but a column
 * reference points at its range table entry, so no level numbers are needed, and
 * columns of joins stand for the expressions that they are (USING: one side, or
 * COALESCE of both).  Everything lives in the arena of the call.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_TREE_H
#define PGBLOB_SQL_ANALYZE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sql/datum.h"
#include "sql/env.h"

struct expr;
struct pg_operator_row;
struct pg_proc_row;
struct query;
struct rte;
struct schema_relation;

/* A growing list of pointers in the arena. */
struct list {
	void **at;
	size_t n;
	size_t cap;
};

enum expr_kind {
	E_CONST,
	E_PARAM,
	E_VAR,
	E_FUNC,      /* a call: also operators and casts */
	E_AND,
	E_OR,
	E_NOT,
	E_NULLTEST,
	E_BOOLTEST,
	E_CASE,      /* args: [test or NULL], when, then, ..., else or NULL */
	E_CASETEST,  /* the value that CASE x WHEN compares */
	E_COALESCE,
	E_MINMAX,
	E_NULLIF,    /* args: a, b; proc: = */
	E_DISTINCT,  /* args: a, b; proc: =; IS DISTINCT FROM */
	E_IN,        /* args: value, list...; proc: = */
	E_SAOP,      /* args: value, array; proc; negate: ALL */
	E_ROW,       /* of a whole table: rte, and the names of its columns */
	E_JSON_ROW,  /* the same as an object of JSON */
	E_ARRAY,
	E_SUBSCRIPT, /* args: array, index... */
	E_SUBLINK,
	E_AGG,
	E_WINDOW,
	E_RELABEL,   /* the same bytes as another type */
	E_IO,        /* through the text form */
	E_VALUE_FN,  /* CURRENT_DATE and the like */
	E_COLLATE,
	E_DEFAULT,   /* DEFAULT in VALUES or SET; replaced before lowering */
	E_NAMED_ARG, /* name => value, while a call is resolved */
	E_FIELD,     /* a field of the record that args[0] returns */
	E_CHECKED_NULL, /* args[0], which must not be null: INTEGER PRIMARY KEY */
	E_ROWID,     /* of the range table entry */
};

enum coercion_form { FORM_CALL, FORM_EXPLICIT_CAST, FORM_IMPLICIT_CAST, FORM_SQL_SYNTAX };

enum bool_test { TEST_TRUE, TEST_NOT_TRUE, TEST_FALSE, TEST_NOT_FALSE, TEST_UNKNOWN, TEST_NOT_UNKNOWN };

enum sublink_kind { SUBLINK_EXISTS, SUBLINK_ANY, SUBLINK_ALL, SUBLINK_EXPR, SUBLINK_ARRAY, SUBLINK_ROW };

/* One key of ORDER BY. */
struct sort_key {
	struct expr *expr;
	bool descending;
	bool nulls_first;
	int target; /* index of the output column that it is, or -1 */
	int location;
};

enum frame_mode { FRAME_RANGE, FRAME_ROWS, FRAME_GROUPS };
enum frame_bound {
	BOUND_UNBOUNDED_PRECEDING,
	BOUND_PRECEDING,
	BOUND_CURRENT_ROW,
	BOUND_FOLLOWING,
	BOUND_UNBOUNDED_FOLLOWING,
};
enum frame_exclude { EXCLUDE_NONE, EXCLUDE_CURRENT, EXCLUDE_GROUP, EXCLUDE_TIES };

struct window {
	const char *name;
	struct expr **partition;
	size_t n_partition;
	struct sort_key *order;
	size_t n_order;
	bool has_frame;
	enum frame_mode mode;
	enum frame_bound start, end;
	struct expr *start_offset, *end_offset;
	enum frame_exclude exclude;
};

struct expr {
	enum expr_kind kind;
	bool negate;        /* NULLTEST: IS NOT NULL; IN: NOT IN; SAOP, MINMAX: ALL, LEAST */
	bool star;          /* count(*) */
	bool distinct;      /* of an aggregate */
	bool variadic;      /* the last argument was given as an array */
	uint8_t form;       /* enum coercion_form */
	uint8_t sub;        /* enum bool_test, enum sublink_kind, or PostgreSQL's SVFOP_ */
	oid_t type;
	int32_t typmod;
	int location;       /* byte offset, -1: unknown */
	int number;         /* of a parameter; of a column (attno, from 1; negative: system); of a field */
	struct datum value; /* CONST; of type unknown: TEXT */
	struct rte *rte;
	const struct pg_proc_row *proc;
	const struct pg_operator_row *op; /* if it was written as an operator */
	struct expr **args;
	size_t n_args;
	struct expr *filter;
	struct sort_key *order;
	size_t n_order;
	const struct window *window;
	struct query *query;
	const char *name;   /* NAMED_ARG; COLLATE */
	const char **names; /* ROW of a whole table, JSON_ROW */
	uint32_t weight;    /* nodes, counted as often as they are written; 0: not counted yet */
};

enum rte_kind {
	RTE_TABLE,
	RTE_SUBQUERY,
	RTE_FUNCTION,
	RTE_VALUES,
	RTE_CTE,
	RTE_EXCLUDED, /* of ON CONFLICT DO UPDATE */
};

struct rte_column {
	const char *name;
	oid_t type;
	int32_t typmod;
	const char *sqlite_name; /* what SQLite calls it in this entry */
	oid_t table;             /* where it comes from, for RowDescription */
	int16_t attnum;
	bool not_null;           /* in the entry itself, not after an outer join */
	bool hidden;             /* not in * */
	const struct rte *record; /* of a record: the entry whose columns are its fields; or NULL */
};

struct cte {
	const char *name;
	const char *sqlite_name;
	struct query *query;
	const struct rte_column *columns;
	size_t n_columns;
	int materialized; /* 0 default, 1 always, 2 never */
	int location;
	size_t n_refs;
	bool recursive;   /* refers to itself */
	bool in_progress;
	const void *parse; /* its CommonTableExpr */
};

struct rte {
	enum rte_kind kind;
	const char *name;    /* alias, or the relation's own */
	const char *alias;   /* SQLite's, unique in the statement */
	struct query *owner;
	const struct rte_column *columns;
	size_t n_columns;
	const struct schema_relation *relation;
	struct query *query;   /* SUBQUERY */
	struct expr *function; /* FUNCTION: E_FUNC, FUNC_SET; or scalar */
	bool scalar;           /* a function that is no set: one row */
	bool ordinality;
	bool lateral;
	bool nullable;         /* on the inner side of an outer join */
	bool target;           /* of INSERT, UPDATE, DELETE */
	struct list *rows;     /* VALUES: a list of struct expr * each */
	size_t n_rows;
	struct cte *cte;
	int location;
};

enum join_kind { JOIN_IS_INNER, JOIN_IS_LEFT, JOIN_IS_RIGHT, JOIN_IS_FULL };

/* FROM: a tree of joins over range table entries. */
struct from {
	struct rte *rte; /* a leaf, or NULL */
	struct query *inlined; /* a leaf: what this query has in FROM stands here */
	enum join_kind kind;
	struct from *left, *right;
	struct expr *quals;
};

struct target {
	struct expr *expr;
	const char *name;
	oid_t table;
	int16_t attnum;
};

enum set_op { SET_LEAF, SET_UNION, SET_INTERSECT, SET_EXCEPT };

struct set_node {
	enum set_op op;
	bool all;
	struct query *leaf;
	struct set_node *left, *right;
	/* what the columns come to */
	oid_t *types;
	int32_t *typmods;
	size_t n_columns;
	unsigned n_terms; /* of the compound that SQLite sees */
	bool wrapped;     /* its text is a subquery of its own: SQLite takes 500 terms */
};

enum query_kind { QUERY_SELECT, QUERY_VALUES, QUERY_INSERT, QUERY_UPDATE, QUERY_DELETE };

/* A column of the target that INSERT or UPDATE sets. */
struct assignment {
	const struct rte_column *column;
	struct expr *expr;
};

struct query {
	enum query_kind kind;
	struct query *parent;
	int location;
	struct list ctes;    /* struct cte */
	bool recursive;
	struct list from;    /* struct from */
	struct expr *where;
	struct target *targets;
	size_t n_targets;
	bool grouped;        /* GROUP BY was there */
	struct list group;   /* struct expr */
	struct expr *having;
	struct list windows; /* struct window */
	bool distinct;
	struct list distinct_on; /* struct expr; empty: plain */
	struct sort_key *sort;
	size_t n_sort;
	struct expr *limit, *offset;
	bool with_ties;
	struct set_node *set;
	bool has_aggs, has_windows, has_sublinks;
	bool locks;
	struct list rows;    /* VALUES: struct list of struct expr */
	struct list srfs;    /* struct rte: set-returning functions of the select list */

	/* INSERT, UPDATE, DELETE */
	struct rte *target;
	struct assignment *set_list;
	size_t n_set;
	struct query *source;   /* INSERT ... SELECT */
	struct rte *source_rte;
	struct list insert_rows; /* INSERT ... VALUES: struct expr *[n_set] each */
	bool on_conflict;
	bool conflict_update;
	const char *conflict_columns; /* SQLite's text of the conflict target, or NULL */
	struct rte *excluded;
	struct assignment *conflict_set;
	size_t n_conflict_set;
	struct expr *conflict_where;
	struct target *returning;
	size_t n_returning;
};

#endif
