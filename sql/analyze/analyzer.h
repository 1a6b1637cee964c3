/*
 * analyzer.h - what the files of analyze/ share
 *
 * Failure: the analyzer owns nothing but what is in its arena, so an error jumps
 * (analyzer_fail) from any depth to the function of analyze.h that was called,
 * which returns false.  No callback of another folder is ever jumped over.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ANALYZE_ANALYZER_H
#define PGBLOB_SQL_ANALYZE_ANALYZER_H

#include <pg_query/pg_query.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "sql/analyze.h"
#include "sql/analyze/tree.h"
#include "sql/error.h"
#include "sql/func.h"
#include "sql/pgcat.h"
#include "sql/schema.h"
#include "sql/type.h"

enum {
	ANALYZE_MAX_DEPTH = 3000,    /* of our recursion; a worker's stack is 64 MiB */
	ANALYZE_MAX_PARAMS = 65535,
	ANALYZE_MAX_COLUMNS = 1664,  /* PostgreSQL's MaxTupleAttributeNumber */
	ANALYZE_MAX_SQL = 16 << 20,  /* of SQLite's text, beside a multiple of the statement's */
	ANALYZE_MAX_WEIGHT = 1000000, /* nodes of an expression */
};

struct analyzer {
	const struct analyze_input *in;
	struct arena *arena;
	struct sql_error *err;
	jmp_buf failed;
	int depth;
	oid_t *params;       /* types by number - 1 */
	size_t n_params;
	size_t cap_params;
	unsigned n_aliases;
	bool writes;
	bool stable;
	struct buf out;      /* lowering */
	struct expr *case_test; /* lowering: what CASE x WHEN compares */
	int view_depth;      /* how many system views we are inside */
};

/* What an expression is for: it decides what may be in it, and the words of errors. */
enum expr_place {
	PLACE_NONE, PLACE_SELECT, PLACE_WHERE, PLACE_HAVING, PLACE_FILTER, PLACE_JOIN_ON,
	PLACE_JOIN_USING, PLACE_FROM_SUBSELECT, PLACE_FROM_FUNCTION, PLACE_GROUP_BY, PLACE_ORDER_BY,
	PLACE_DISTINCT_ON, PLACE_LIMIT, PLACE_OFFSET, PLACE_VALUES, PLACE_VALUES_SINGLE,
	PLACE_INSERT, PLACE_UPDATE_SOURCE, PLACE_UPDATE_TARGET, PLACE_RETURNING, PLACE_WINDOW_PARTITION,
	PLACE_WINDOW_ORDER, PLACE_WINDOW_FRAME, PLACE_CHECK, PLACE_DEFAULT, PLACE_INDEX,
	PLACE_GENERATED, PLACE_USING, PLACE_INDEX_PREDICATE, PLACE_OTHER,
};

/* A name in FROM and the columns that it brings. */
struct ns_column {
	const char *name;
	struct expr *expr; /* what stands for it */
	bool hidden;       /* not in * of the whole query: merged by USING */
};

struct ns_item {
	const char *name;       /* of the relation; NULL: unnamed join */
	const char *schema;     /* that was looked up, for schema.table.column; or NULL */
	struct rte *rte;        /* or NULL for joins */
	const struct ns_column *columns;
	size_t n_columns;
	bool rel_visible;
	bool cols_visible;
	bool lateral_only;
	bool lateral_ok;
	bool no_system;         /* a join: no ctid */
};

struct scope {
	struct analyzer *a;
	struct scope *parent;
	struct query *query;
	struct list items;      /* struct ns_item */
	enum expr_place place;
	const char *place_name; /* for PLACE_OTHER */
	bool lateral_active;
	bool *lateral_used;     /* set when something of the same FROM was referred to */
	bool in_agg;            /* within an aggregate's arguments */
	bool in_window;
	struct cte *self;         /* of WITH RECURSIVE: the one that is being read */
	struct cte *self_query;   /* of the query that is its body */
	PgQuery__Node *const *window_defs;
	size_t n_window_defs;
	bool in_window_clause;
	bool srf_refused;       /* inside CASE or COALESCE */
};

/* analyzer.c */
_Noreturn void analyzer_fail(struct analyzer *a);
_Noreturn void fail(struct analyzer *a, int location, const char *sqlstate, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* With a hint. */
_Noreturn void fail_hint(struct analyzer *a, int location, const char *sqlstate, const char *hint,
			 const char *fmt, ...) PRINTF_LIKE(5, 6);
_Noreturn void fail_unsupported(struct analyzer *a, int location, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
_Noreturn void fail_memory(struct analyzer *a);
void *an_alloc(struct analyzer *a, size_t size); /* cleared; jumps when out of memory */
void *an_array(struct analyzer *a, size_t n, size_t size);
char *an_printf(struct analyzer *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define AN_NEW(a, type) ((type *)an_alloc((a), sizeof(type)))
void list_add(struct analyzer *a, struct list *l, void *item);
void analyzer_enter(struct analyzer *a);
static inline void analyzer_leave(struct analyzer *a) { a->depth--; }
const char *type_name(struct analyzer *a, oid_t type); /* as format_type() has it */
const char *new_alias(struct analyzer *a, char letter);

/*
 * fields.c: refuse every field of a message that is set and not in `names`.
 * `mask` keeps what the names came to.
 */
void fields_check(struct analyzer *a, const ProtobufCMessage *m, const char *names,
		  _Atomic uint64_t *mask, int location);
#define HANDLES(a, message, location, names)                                                   \
	do {                                                                                   \
		static _Atomic uint64_t mask_;                                                 \
		fields_check((a), &(message)->base, names, &mask_, (location));                \
	} while (0)
int node_location(const PgQuery__Node *node);
const char *node_kind(const PgQuery__Node *node); /* "SelectStmt", for messages */
const char *node_name(struct analyzer *a, const PgQuery__Node *node);

/* names.c: qualified names and types */
void name_parts(struct analyzer *a, size_t n, PgQuery__Node *const *names, int location,
		const char **schema, const char **name);
const char *names_text(struct analyzer *a, size_t n, PgQuery__Node *const *names);
oid_t type_name_resolve(struct analyzer *a, const PgQuery__TypeName *name, int32_t *typmod);
oid_t base_type(oid_t type, int32_t *typmod); /* strips domains */
bool type_is_array(oid_t type);
oid_t element_type(oid_t type);
oid_t array_type(oid_t element);

/* expressions, expr.c */
struct expr *expr_new(struct analyzer *a, enum expr_kind kind, oid_t type, int location);
struct expr *expr_transform(struct scope *s, const PgQuery__Node *node, enum expr_place place);
struct expr *expr_inner(struct scope *s, const PgQuery__Node *node);
struct expr *const_text(struct analyzer *a, oid_t type, const char *text, int location);
struct expr *const_int(struct analyzer *a, oid_t type, int64_t value, int location);
struct expr *const_bool(struct analyzer *a, bool value, int location);
struct expr *const_null(struct analyzer *a, oid_t type, int location);
bool expr_equal(const struct expr *a, const struct expr *b);
bool expr_is_null_const(const struct expr *e);
/* 54001 for an expression whose parts, some of them written twice, are too many. */
struct expr *check_weight(struct analyzer *a, struct expr *e);
bool expr_has_var(const struct expr *e);
bool expr_is_volatile(const struct expr *e);
bool expr_not_null(const struct expr *e);
/* Calls visit for e and what is below it, not into subqueries; stops where it returns false. */
bool expr_walk(struct expr *e, bool (*visit)(struct expr *e, void *arg), void *arg);
struct expr *expr_bool(struct scope *s, struct expr *e, const char *construct);
struct expr *make_and(struct analyzer *a, struct expr *l, struct expr *r);
/* q, or a query over it, whose columns have those types. */
struct query *query_coerced(struct scope *s, struct query *q, const oid_t *types);
const char *column_label(struct analyzer *a, const PgQuery__Node *node);
struct expr *var_new(struct analyzer *a, struct rte *rte, int attno, int location);
struct expr *expand_composite(struct scope *s, struct expr *e, const char *field, int location);
const char *place_words(const struct scope *s);

/* coerce.c */
enum coercion { COERCION_IMPLICIT, COERCION_ASSIGNMENT, COERCION_EXPLICIT };
bool can_coerce(struct analyzer *a, size_t n, const oid_t *from, const oid_t *to, enum coercion ctx);
bool is_binary_coercible(oid_t from, oid_t to);
/* NULL: there is no way. */
struct expr *coerce_to_target(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			      enum coercion ctx, enum coercion_form form, int location);
struct expr *coerce_type(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			 enum coercion ctx, enum coercion_form form, int location);
struct expr *coerce_length(struct scope *s, struct expr *e, oid_t type, int32_t typmod,
			   enum coercion ctx, enum coercion_form form, int location);
/* 42804 "%s could not convert type ..." */
struct expr *coerce_to_common(struct scope *s, struct expr *e, oid_t type, const char *context);
oid_t select_common_type(struct scope *s, struct expr **exprs, size_t n, const char *context,
			 struct expr **which);
int32_t select_common_typmod(struct expr **exprs, size_t n, oid_t common);
struct expr *coerce_to_integer(struct scope *s, struct expr *e, oid_t type, const char *construct);
bool is_polymorphic(oid_t type);
bool check_polymorphic_args(const oid_t *actual, const oid_t *declared, size_t n);
oid_t enforce_polymorphic_types(struct analyzer *a, const oid_t *actual, oid_t *declared, size_t n,
				oid_t result, bool allow_poly, int location);
char type_category(oid_t type, bool *preferred);

/* resolve.c: operators and functions */
const struct pg_operator_row *operator_find(struct scope *s, const char *schema, const char *name,
					    oid_t left, oid_t right, int location, bool required);
struct expr *operator_make(struct scope *s, size_t n_names, PgQuery__Node *const *names,
			   struct expr *left, struct expr *right, int location);
struct expr *operator_make_named(struct scope *s, const char *name, struct expr *left,
				 struct expr *right, int location);
struct expr *saop_make(struct scope *s, size_t n_names, PgQuery__Node *const *names, bool use_all,
		       struct expr *left, struct expr *right, int location);
struct expr *function_call(struct scope *s, const PgQuery__FuncCall *call);
/* A call of a pg_catalog function by name with arguments of known types. */
struct expr *function_make(struct scope *s, const char *name, struct expr **args, size_t n,
			   int location);
struct expr *func_expr(struct analyzer *a, const struct pg_proc_row *proc, oid_t type,
		       struct expr **args, size_t n, enum coercion_form form, int location);

/* from.c */
void from_transform(struct scope *s, size_t n, PgQuery__Node *const *items);
struct ns_item *ns_item_of(struct scope *s, struct rte *rte, const char *name, const char *schema);
struct rte *rte_of_relation(struct scope *s, const struct schema_relation *r, const char *alias);
struct rte *rte_of_query(struct scope *s, struct query *q, const char *name);
struct rte *rte_of_function(struct scope *s, struct expr *call, const char *name, bool ordinality);
const struct schema_relation *relation_find(struct scope *s, const PgQuery__RangeVar *rv);
struct expr *column_ref(struct scope *s, const PgQuery__ColumnRef *ref);
/* The columns of t.* or *; adds struct target. */
void star_expand(struct scope *s, const PgQuery__ColumnRef *ref, struct list *targets);
struct ns_item *ns_find(struct scope *s, const char *schema, const char *name, int location);
void alias_columns(struct scope *s, struct rte *rte, const PgQuery__Alias *alias, const char *what);

/* select.c */
/* resolve_unknowns: literals of the select list become text; otherwise what is around decides. */
struct query *query_transform(struct scope *parent, const PgQuery__Node *node, bool resolve_unknowns);
struct query *select_transform(struct scope *parent, const PgQuery__SelectStmt *stmt,
			       bool resolve_unknowns);
void with_transform(struct scope *s, const PgQuery__WithClause *with);
struct cte *cte_find(struct scope *s, const char *name);
void targets_transform(struct scope *s, size_t n, PgQuery__Node *const *nodes,
		       enum expr_place place, struct list *out);
struct expr *where_transform(struct scope *s, const PgQuery__Node *node, enum expr_place place,
			     const char *construct);
struct sort_key *sort_transform(struct scope *s, size_t n, PgQuery__Node *const *nodes,
				struct list *targets, enum expr_place place, size_t *n_out);
const struct window *window_transform(struct scope *s, const PgQuery__WindowDef *def);
void resolve_unknown_targets(struct scope *s, struct list *targets);
/* Row types that a query gives: to be an entry of FROM. */
const struct rte_column *query_columns(struct analyzer *a, const struct query *q, size_t *n);
oid_t ordering_operator(struct scope *s, oid_t type, int location, bool equality_only);

/* dml.c */
struct query *insert_transform(struct analyzer *a, const PgQuery__InsertStmt *stmt);
struct query *update_transform(struct analyzer *a, const PgQuery__UpdateStmt *stmt);
struct query *delete_transform(struct analyzer *a, const PgQuery__DeleteStmt *stmt);

/* lower.c, lower_query.c */
void lower_expr(struct analyzer *a, struct expr *e);
void lower_compared(struct analyzer *a, struct expr *e); /* by SQLite itself: with its collation */
void lower_arg(struct analyzer *a, struct expr *e); /* in brackets if it needs them */
void lower_condition(struct analyzer *a, struct expr *e); /* only true matters */
void lower_query(struct analyzer *a, struct query *q);
/* As a subquery whose columns are c1, c2, ... */
void lower_select(struct analyzer *a, struct query *q, bool named);
void lower_sort_keys(struct analyzer *a, const struct sort_key *keys, size_t n);
void lower_call_text(struct analyzer *a, struct expr *call);
bool lower_is_single_row(struct analyzer *a, const struct query *q);
bool constant_value(struct analyzer *a, const struct expr *e, struct datum *out);

/* deparse.c */
void deparse_expr(struct analyzer *a, const struct expr *e, struct buf *out);
bool deparse_untyped(const struct analyze_input *in, const PgQuery__Node *node, struct buf *out,
		     struct sql_error *err);
bool deparse_statement(const struct analyze_input *in, const PgQuery__Node *node, struct buf *out,
		       struct sql_error *err);

#endif
