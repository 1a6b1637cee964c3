/*
 * session.h - what the files of session/ share
 *
 * A session runs a statement through a portal: a plan (the analyzed statement),
 * its parameters, and, once it runs, a SQLite statement on a connection.  The
 * connection is the transaction's if that has one, otherwise one of the
 * database's pool, taken for as long as the portal is open.
 *
 * Lock order: server.lock, database.lock, plan_cache.lock, session.cancel_lock;
 * places.lock is taken alone, idle_pool.lock alone or under server.lock.  None is held
 * across SQLite or the store.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_SESSION_SESSION_H
#define PGBLOB_SQL_SESSION_SESSION_H

#include <pg_query/pg_query.pb-c.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/map.h"
#include "base/thread.h"
#include "sql/analyze.h"
#include "sql/conn.h"
#include "sql/datum.h"
#include "sql/env.h"
#include "sql/error.h"
#include "sql/schema.h"
#include "sql/session/settings.h"
#include "sql/sql.h"
#include "sql/type.h"
#include "vfs/sqlite.h"
#include "vfs/vfs.h"

struct database;
struct conn;
struct portal;

enum {
	PLAN_LIMIT = 64 << 20,    /* bytes of one parsed and analyzed statement */
	PORTAL_LIMIT = 1 << 30,   /* bytes of a portal's parameters */
	STORE_LIMIT = 512 << 20,  /* bytes of a materialised result */
	PLANS_CACHED = 256,       /* analyzed statements of a database */
	PLAN_BYTES_CACHED = 16 << 20,
	STATEMENTS_CACHED = 100,  /* prepared SQLite statements of a connection */
};

/* ---- statements at work at once ---- */

struct places {
	struct mutex lock;
	struct cond given;
	unsigned n_free;
	unsigned n_waiting;
};

void places_init(struct places *p, unsigned n);
void places_deinit(struct places *p);
/* Waits for a place; false with 57014, 57P01 when the session is told to stop. */
MUST_CHECK bool place_take(struct sql_session *s, struct sql_error *err);
void place_give(struct sql_session *s);

/* ---- the server and its databases ---- */

/*
 * Connections that are lent to nobody, of all databases, by their latest use; idle.c.
 * close_ms and limit do not change; lock guards the rest, and idle, n_idle and n_conns of
 * every database.
 */
struct idle_pool {
	struct mutex lock;
	struct cond wake;
	struct conn *newest, *oldest;
	unsigned n, limit;
	int64_t close_ms;
	pthread_t thread;
	bool started, stopping;
};

/* A DROP DATABASE under way: nobody connects to it, or to a version of it. */
struct dropping {
	struct dropping *next;
	const char *name;
};

struct sql_server {
	struct sql_config config; /* its strings are owned */
	struct places places;
	struct idle_pool idle;

	struct mutex lock;
	struct map databases;     /* name -> struct database */
	struct sql_session *sessions;
	struct dropping *dropping;
};

/* Analyzed statements by text, newest first; see plan.c. */
struct plan_cache {
	struct mutex lock;
	struct map by_key;
	struct plan *newest, *oldest;
	size_t n_plans, n_bytes;
};

/*
 * One database that somebody is connected to, or was lately.  The fields under `lock` change;
 * n_sessions is guarded by the server's lock, the next three by idle_pool.lock.
 */
struct database {
	struct sql_server *server;
	char *name;
	struct database *next;    /* in a list of those to be freed */
	unsigned n_sessions;
	struct conn *idle;        /* the latest used first */
	unsigned n_idle;
	unsigned n_conns;         /* idle ones and those in use */
	struct plan_cache plans;

	struct mutex lock;
	struct schema *schema;    /* counted; of schema_seq; or NULL */
	uint64_t schema_seq;      /* vfs_schema() */
};

/* The database `name`, with the caller counted among its sessions. */
MUST_CHECK bool database_use(struct sql_server *server, const char *name,
			     struct sql_session *session, struct sql_error *err);
void database_leave(struct sql_session *session);

/* ---- connections ---- */

struct prepared_stmt;

struct conn {
	struct sql_conn sql;      /* first: the functions get it */
	struct database *db;
	struct conn *next;        /* in database.idle */
	struct conn *newer, *older; /* in idle_pool */
	int64_t idle_since_ms;
	struct sql_session *user; /* who it is lent to, or NULL */
	struct map statements;    /* SQLite's text -> struct prepared_stmt */
	struct prepared_stmt *newest, *oldest;
	unsigned n_statements;
	unsigned progress_calls;
	bool has_turn;            /* holds the writer's turn, or was refused it */
	struct vfs_turn turn;     /* what was lent to it; ends when it is given back */
	bool uncancelable;        /* what runs must not be stopped: a commit */
	bool broken;              /* to be closed when it is given back */
};

/* A SQLite statement in a connection's cache. */
struct prepared_stmt {
	struct sqlite3_stmt *stmt;
	char *text;
	struct prepared_stmt *newer, *older;
	bool in_use;
	bool cached;              /* false: finalized when it is given back */
};

/* A connection of the session's database, lent to it; no transaction is open on it. */
MUST_CHECK bool conn_take(struct sql_session *s, struct conn **out, struct sql_error *err);
/* Give it back: what is open on it is rolled back.  NULL does nothing. */
void conn_give(struct conn *c);
/* It has the writer's turn no more.  What it was lent is the caller's, to be ended: vfs_turn_end(). */
MUST_CHECK struct vfs_turn conn_end_turn(struct conn *c);
void conn_discard(struct conn *c);
/* Set env, schema and the sequence state of who runs a statement on it. */
void conn_lend(struct conn *c, struct sql_session *s, const struct schema *schema);

/* ---- idle ones: idle.c ---- */

void idle_init(struct sql_server *server);
/* No more of them are closed in the background. */
void idle_stop(struct sql_server *server);
void idle_deinit(struct sql_server *server);
/* The latest used one, or NULL: the caller opens one, or says idle_closed(). */
struct conn *idle_take(struct database *db);
void idle_closed(struct database *db);
/* Keep it, unless it is broken.  What is not kept, it or another one, is the caller's: conn_discard(). */
MUST_CHECK struct conn *idle_give(struct conn *c);
void idle_close_all(struct database *db);
/* How many the database has, idle ones and those in use. */
unsigned idle_connections(struct database *db);
/* Forget what can be made anew of databases that have no connection: database.c. */
void databases_rest(struct sql_server *server);

/* The statement for SQLite's text, reset and with nothing bound; conn->sql.err or SQLite says why not. */
MUST_CHECK int conn_prepare(struct conn *c, const char *text, struct prepared_stmt **out);
void conn_release(struct conn *c, struct prepared_stmt *p);
/* Run a statement without results; SQLite's result code. */
MUST_CHECK int conn_exec(struct conn *c, const char *text);

/* ---- plans ---- */

enum plan_kind {
	PLAN_EMPTY,
	PLAN_QUERY,   /* what analyze_takes() */
	PLAN_DDL,     /* what ddl_takes() */
	PLAN_UTILITY, /* the rest: utility.c */
	PLAN_PRAGMA,  /* SQLite's own */
	PLAN_BEGIN,   /* BEGIN IMMEDIATE and the like */
};

/* How a value of a column leaves; the rest is type_out() and type_send(). */
enum column_path { PATH_GENERIC, PATH_INT2, PATH_INT4, PATH_INT8, PATH_OID, PATH_TEXT, PATH_BOOL };

/*
 * A parsed and, if it is a query, analyzed statement.  Immutable and counted:
 * sessions share those of the cache.
 */
struct plan {
	_Atomic unsigned n_refs;
	struct arena arena;
	enum plan_kind kind;
	const char *text;             /* the whole text it is part of */
	int base_chars;               /* characters of what the client sent that come before it */
	struct plan *owner;           /* counted; has the tree if that is not in our arena */
	int location, len;            /* the part that is this statement; len 0: to the end */
	const PgQuery__Node *stmt;    /* NULL for PLAN_EMPTY, PLAN_PRAGMA, PLAN_BEGIN */
	struct lowered lowered;       /* of PLAN_QUERY */
	struct schema *schema;        /* counted; what it was analyzed with; NULL: none needed */
	const char *search_path;      /* likewise */
	const oid_t *hints;           /* types of parameters as the client gave them */
	size_t n_hints;
	bool no_params;
	enum { INSERT_PLAIN, INSERT_OR_REPLACE, INSERT_OR_IGNORE } insert_or;
	enum sql_transaction_mode begin_mode; /* of PLAN_BEGIN */
	const struct sql_column *columns;     /* of PLAN_QUERY, PLAN_PRAGMA; format 0 */
	const enum column_path *paths;
	size_t n_columns;
	bool analysis_failed;         /* its arena may hold half an analysis */

	/* in the cache */
	char *key;
	size_t key_len;
	bool in_cache;
	struct plan *newer, *older;
};

/* Does it give rows?  A SELECT of no columns does. */
static inline bool plan_has_rows(const struct plan *p)
{
	return p->n_columns > 0 ||
	       (p->kind == PLAN_QUERY && (p->lowered.kind == LOWERED_SELECT || p->lowered.kind == LOWERED_VALUES));
}

struct plan_request {
	const char *text;
	const oid_t *hints;
	size_t n_hints;
	bool no_params;
};

/*
 * The plans of a text's statements, one or more references each, in `out`.
 * A text of nothing gives one PLAN_EMPTY.  Analysis of queries waits until the
 * statement's turn comes (plan_analyze), so that it sees what those before it did.
 */
struct plan_list {
	struct plan **plans;
	size_t n;
};

MUST_CHECK bool plan_parse(struct sql_session *s, const struct plan_request *request,
			   struct plan_list *out, struct sql_error *err);
void plan_list_free(struct plan_list *list);
/*
 * A plan that is right for the schema: `plan` itself if it is, otherwise another
 * one.  Takes over the reference to `plan`, also on failure.
 */
MUST_CHECK struct plan *plan_fit(struct sql_session *s, struct plan *plan,
				 struct schema *schema, struct sql_error *err);
/* A plan of a statement inside another: of PREPARE, DECLARE CURSOR, EXPLAIN. */
MUST_CHECK struct plan *plan_of_node(const struct plan *outer, const PgQuery__Node *node,
				     const oid_t *hints, size_t n_hints, bool no_params,
				     struct sql_error *err);
/* A plan of a text that we wrote ourselves: one statement, a query. */
MUST_CHECK struct plan *plan_of_text(const char *text, const oid_t *hints, size_t n_hints,
				     struct sql_error *err);
struct plan *plan_ref(struct plan *p);
void plan_unref(struct plan *p);
/* Forget the queries that were analyzed with another schema. */
void plan_cache_keep(struct plan_cache *c, const struct schema *schema);
void plan_cache_init(struct plan_cache *c);
void plan_cache_deinit(struct plan_cache *c);

/* SQLite's own statements: foreign.c.  False: it is none that we take. */
MUST_CHECK bool foreign_parse(const char *text, size_t len, struct plan **out,
			      const struct plan_request *request);

/* ---- transactions ---- */

enum isolation { READ_UNCOMMITTED, READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE };

struct savepoint {
	struct savepoint *outer;
	char *name;
	unsigned id;          /* the name that SQLite knows it by */
	size_t settings_mark;
	uint64_t portals_mark; /* portals with a higher serial are younger */
	bool read_only;       /* the transaction was, when it began */
	bool declared;        /* SQLite knows it */
};

struct transaction {
	enum { TX_NONE, TX_IMPLICIT, TX_EXPLICIT } kind;
	bool failed;
	bool lost;            /* SQLite has rolled it back already: only ROLLBACK remains */
	bool used;            /* a query ran in it */
	bool multi;           /* one of several statements of a simple query */
	unsigned n_statements; /* that ended in it */
	bool writing;         /* conn has the writer's turn and an open transaction */
	bool base_durable;    /* what it is built on is known to be durable: tx_may_tell() */
	bool snapshot;        /* conn keeps a snapshot of REPEATABLE READ */
	bool schema_changed;
	bool read_only;
	bool deferrable;
	enum isolation isolation;
	enum sql_transaction_mode mode;
	struct conn *conn;
	struct schema *schema; /* its own, after DDL; counted */
	struct savepoint *savepoint;
	unsigned n_savepoints;
};

/* Start an implicit transaction if none is open. */
void tx_start_implicit(struct sql_session *s);
/*
 * A connection with the writer's turn and a place; both end with it.  The turn comes first: so those
 * who wait need no connection, and whoever's turn it is gets the one of the writer before.
 */
MUST_CHECK bool session_writer(struct sql_session *s, struct conn **out, struct sql_error *err);
/* The session's connection for a statement that writes, its turn taken; 25006 if the transaction is read only. */
MUST_CHECK bool tx_write(struct sql_session *s, const char *command, struct sql_error *err);
/* The same for what a read-only transaction may do all the same: VACUUM, LOCK TABLE. */
MUST_CHECK bool tx_take_turn(struct sql_session *s, struct sql_error *err);
/* The same, but nobody who has the turn is waited for: 55P03, "could not obtain lock on `what` "name"". */
MUST_CHECK bool tx_take_turn_now(struct sql_session *s, const char *what, const char *name,
				 struct sql_error *err);
/* SET TRANSACTION and the options of BEGIN. */
MUST_CHECK bool tx_set_read_only(struct sql_session *s, bool on, struct sql_error *err);
MUST_CHECK bool tx_set_isolation(struct sql_session *s, enum isolation level, struct sql_error *err);
/* The connection for one that reads; *own: to be given back with conn_give(). */
MUST_CHECK bool tx_read(struct sql_session *s, struct conn **out, bool *own,
			struct sql_error *err);
/*
 * Before a client is told what an explicit transaction that writes has read: it may have been
 * built on commits of others that are not durable yet, so wait for those.  Who asked
 * for less with synchronous_commit does not wait.
 */
MUST_CHECK bool tx_may_tell(struct sql_session *s, struct sql_error *err);
/* End it.  False: it could not be committed and was rolled back. */
MUST_CHECK bool tx_commit(struct sql_session *s, struct sql_error *err);
void tx_rollback(struct sql_session *s);
/* A statement failed: the transaction is as PostgreSQL would have it. */
void tx_fail(struct sql_session *s);
/* BEGIN, COMMIT, SAVEPOINT, ...; tag is 64 bytes. */
MUST_CHECK bool tx_statement(struct sql_session *s, const PgQuery__TransactionStmt *stmt,
			     char *tag, struct sql_error *err);
MUST_CHECK bool tx_begin_explicit(struct sql_session *s, enum sql_transaction_mode mode,
				  PgQuery__Node **options, size_t n_options,
				  struct sql_error *err);
/* May a statement run that cannot be part of a transaction?  25001 otherwise. */
MUST_CHECK bool tx_prevent_block(struct sql_session *s, const char *command,
				 struct sql_error *err);
/* 25P01 unless a transaction block is open. */
MUST_CHECK bool tx_require_block(struct sql_session *s, const char *command,
				 struct sql_error *err);
/* The schema that a statement on `c` is to be analyzed with: one reference. */
MUST_CHECK struct schema *session_schema(struct sql_session *s, struct conn *c,
					 struct sql_error *err);
/* One reference to the schema when no statement runs yet. */
MUST_CHECK struct schema *session_schema_now(struct sql_session *s, struct sql_error *err);
/* Load the schema anew after DDL in the transaction. */
MUST_CHECK bool tx_reload_schema(struct sql_session *s, struct sql_error *err);

/* ---- portals ---- */

struct row_store {
	struct buf data;
	size_t *offsets;
	size_t n_rows, max_rows;
};

enum portal_state { PORTAL_NEW, PORTAL_OPEN, PORTAL_STORED, PORTAL_DONE };

struct portal {
	char *name;
	uint64_t serial;
	struct plan *plan;         /* counted; the one that it runs */
	struct arena arena;
	struct datum *params;
	oid_t *param_types;
	size_t n_params;
	const int16_t *formats;    /* one for each column, or NULL: all text */
	size_t n_formats;
	bool keeps_row_type;       /* the client was told the columns */
	bool is_cursor, hold, scroll, binary;
	bool held;                 /* it outlived its transaction */
	bool running, doomed;      /* doomed: dropped when it is not running any more */

	enum portal_state state;
	struct conn *conn;
	bool own_conn;
	struct prepared_stmt *stmt;
	bool have_row;             /* the statement stands on a row that was not sent */
	struct row_store store;
	uint64_t at;               /* row that the cursor stands on; 0: before the first */
	uint64_t store_base;       /* rows that were passed before the store began */
	uint64_t n_rows;           /* sent so far */
	int64_t n_changes;         /* of DML */
	struct vfs_read_stats *reads; /* EXPLAIN: what reading came to is added to it; or NULL */
	struct vfs_read_stats reads_before;
};

struct prepared {
	char *name;
	struct plan *plan;
	bool from_sql;             /* PREPARE */
	int64_t prepared_us;
};

/* What a connection reads between the two is added to *sum. */
void reads_begin(const struct conn *c, struct vfs_read_stats *before);
void reads_end(const struct conn *c, const struct vfs_read_stats *before, struct vfs_read_stats *sum);

void portal_init(struct portal *p);
void portal_deinit(struct sql_session *s, struct portal *p);
/* Stop what runs and give the connection back; the portal cannot go on. */
void portal_stop(struct sql_session *s, struct portal *p);
/* Make its query ready to give rows. */
MUST_CHECK bool portal_start(struct sql_session *s, struct portal *p, struct sql_error *err);
/*
 * Give up to max_rows (0: all) rows to the sink (NULL: nobody), in the formats of
 * `formats`; *n says how many, *end that none is left.  False with err->set false:
 * the client is gone.
 */
MUST_CHECK bool portal_rows(struct sql_session *s, struct portal *p, const struct portal *formats,
			    uint64_t max_rows, struct sql_sink *sink, uint64_t *n, bool *end,
			    struct sql_error *err);
/* Step to the next row: p->have_row. */
MUST_CHECK bool portal_next(struct sql_session *s, struct portal *p, struct sql_error *err);
/* Keep the rows that are left in memory and let go of the connection. */
MUST_CHECK bool portal_store(struct sql_session *s, struct portal *p, struct sql_error *err);
/* Before the session's own transaction changes anything: no open result may see it. */
MUST_CHECK bool portals_store_all(struct sql_session *s, const struct portal *but,
				  struct sql_error *err);
/* Close those younger than the mark; held cursors stay if `keep_held`. */
void portals_close_since(struct sql_session *s, uint64_t mark, bool keep_held);
/* WITH HOLD cursors are kept by a commit: store them. */
MUST_CHECK bool portals_hold(struct sql_session *s, struct sql_error *err);
struct portal *portal_find(struct sql_session *s, const char *name);
MUST_CHECK struct portal *portal_create(struct sql_session *s, const char *name,
					struct sql_error *err);
void portal_drop(struct sql_session *s, struct portal *p);
/* Columns as the client is told. */
void portal_tell_columns(struct sql_session *s, const struct portal *p, struct sql_sink *sink);
/* What a DML or query's CommandComplete says. */
void portal_tag(const struct portal *p, char tag[64]);
/* Format of column i of its results. */
int16_t portal_format(const struct portal *p, size_t i);
bool plan_writes(const struct plan *plan);

/* FETCH and MOVE. */
MUST_CHECK bool cursor_fetch(struct sql_session *s, const PgQuery__FetchStmt *stmt,
			     const struct portal *formats, struct sql_sink *sink, char tag[64],
			     struct sql_error *err);
MUST_CHECK bool cursor_declare(struct sql_session *s, const struct plan *outer,
			       const struct portal *values, struct sql_error *err);

/* ---- values ---- */

struct type_context;
/* Append field `value` as int32 length and bytes. */
MUST_CHECK bool encode_field(const struct type_context *ctx, enum column_path path, oid_t type,
			     int32_t typmod, int16_t format, const struct datum *value,
			     struct buf *out,
			     struct sql_error *err);
struct datum column_datum(struct sqlite3_stmt *stmt, int i);
enum column_path column_path_of(oid_t type);
MUST_CHECK bool decode_param(const struct type_context *ctx, oid_t type, int16_t format,
			     const char *data, size_t len, size_t number, struct datum *out,
			     struct sql_error *err);
/* The integers of `type` that need no type_in(). */
bool decode_quick(oid_t type, int16_t format, const char *data, size_t len, struct datum *out);
MUST_CHECK int bind_datum(struct sqlite3_stmt *stmt, int i, const struct datum *value);
/* 22021 unless the bytes are UTF-8 without NUL. */
MUST_CHECK bool text_check(const char *text, size_t len, struct sql_error *err);
int text_position(const char *text, int byte_offset);

bool rows_add(struct row_store *store, const struct datum *row, size_t n);
void rows_get(const struct row_store *store, size_t at, struct datum *row, size_t n);
void rows_free(struct row_store *store);

/* ---- errors ---- */

/*
 * What SQLite's result code, and the VFS behind it, mean: the one place that
 * maps them.  Always returns false.
 */
bool outcome_error(struct sql_session *s, struct conn *c, int rc, struct sql_error *err);
/* The same for a constraint, with what is known of the statement. */
bool outcome_constraint(struct sql_session *s, struct conn *c, int rc, const struct portal *p,
			struct sql_error *err);
/* 57P01, 57014 for the reason that the session was stopped. */
bool outcome_canceled(struct sql_session *s, struct sql_error *err);
struct error;
enum vfs_rc;
bool outcome_vfs(struct sql_session *s, int vfs_rc, const struct error *verr,
		 struct sql_error *err);

/* ---- the session ---- */

struct sql_session {
	struct sql_server *server;
	struct database *db;
	struct sql_session *next, *prev; /* of the server, under its lock */
	char *user;
	char *database;
	char *peer;
	int32_t pid;
	const struct log_scope *scope;
	int64_t started_us;

	struct sql_env env;
	struct settings settings;
	struct transaction tx;
	struct map prepared;   /* name -> struct prepared; "" is the unnamed one */
	struct map portals;    /* name -> struct portal; "" likewise */
	uint64_t last_serial;

	struct mutex cancel_lock; /* guards busy and the setting of canceled */
	bool busy;
	atomic_bool canceled;     /* stop what runs */
	atomic_bool terminated;
	bool timed_out;
	int64_t deadline_ms;      /* of statement_timeout; 0: none */

	struct conn *running;     /* what a statement of it runs on */
	bool has_place;
	bool has_temp;            /* temp_conn keeps temporary tables */
	struct schema *temp_schema; /* counted; what temp_conn sees, of temp_seq */
	uint64_t temp_seq;
	uint64_t own_seq;           /* of its last commit that may not be durable yet: vfs_read_own() */
	struct conn *temp_conn;   /* held until the session ends; its transactions use it */
	struct arena scratch;     /* of one call */
	struct sql_sink *sink;    /* of the call that runs, or NULL */
	struct arena row_arena;   /* of one row */
};

/* Tell an error; text may be NULL: no position. */
void session_tell_error(struct sql_session *s, const struct sql_error *err, const char *text,
			int base);
void session_warn(struct sql_session *s, const char *severity, const char *sqlstate,
		  const char *fmt, ...) PRINTF_LIKE(4, 5);
void session_notice(void *session, const char *severity, const struct sql_error *e);
/* Is it to stop?  Looks at the flags and the clock. */
bool session_stopped(struct sql_session *s);
/* The wait for the writer's turn ends then; 0: never. */
int64_t session_lock_deadline(struct sql_session *s);
bool session_add_prepared(struct sql_session *s, const char *name, struct plan *plan, bool from_sql,
			  struct sql_error *err);
struct prepared *session_prepared(struct sql_session *s, const char *name, struct sql_error *err);
/* Analyze a query for the schema in force; takes over the reference. */
struct plan *session_analyze(struct sql_session *s, struct plan *plan, struct sql_error *err);
/* Close the connection that has the session's temporary tables; no transaction is on it. */
void session_drop_temp(struct sql_session *s);
void session_drop_prepared(struct sql_session *s, const char *name);
void session_drop_all_prepared(struct sql_session *s);
/* Values of EXECUTE, and anything else that is an expression without a row. */
MUST_CHECK bool session_evaluate(struct sql_session *s, const struct plan *plan,
				 const PgQuery__Node *expr, oid_t type, int32_t typmod,
				 const struct portal *values,
				 struct arena *arena, struct datum *out, struct sql_error *err);

/* ---- statements that are not queries ---- */

/* 25006 if the transaction or the server is read only and the statement is not for it: command.c. */
MUST_CHECK bool command_may_run(struct sql_session *s, const struct plan *plan, struct sql_error *err);

/* Run the plan of `p`; the tag is "" when the sink was told everything. */
MUST_CHECK bool utility_run(struct sql_session *s, struct portal *p, struct sql_sink *sink,
			    bool simple, char tag[64], struct sql_error *err);
/* Columns of what a utility statement gives, in the arena; n 0: none. */
MUST_CHECK bool utility_columns(struct sql_session *s, const struct plan *plan,
				struct arena *arena, const struct sql_column **columns, size_t *n,
				struct sql_error *err);
/* May it run in a failed transaction? */
bool utility_leaves_failed(const struct plan *plan);

MUST_CHECK bool copy_run(struct sql_session *s, const struct plan *plan, struct sql_sink *sink,
			 char tag[64], struct sql_error *err);
/* Make *p, initialised, that of an EXECUTE: plan and parameters. */
MUST_CHECK bool portal_of_execute(struct sql_session *s, const struct plan *outer,
				  const PgQuery__ExecuteStmt *stmt, const struct portal *values,
				  struct portal *p, struct sql_error *err);
/* EXPLAIN's column, of the type that its FORMAT has. */
struct sql_column explain_column(const PgQuery__ExplainStmt *stmt);
MUST_CHECK bool explain_run(struct sql_session *s, const struct plan *plan,
			    const struct portal *values, struct sql_sink *sink, bool simple,
			    struct sql_error *err);
MUST_CHECK bool database_create(struct sql_session *s, const PgQuery__CreatedbStmt *stmt,
				struct sql_error *err);
MUST_CHECK bool database_drop(struct sql_session *s, const PgQuery__DropdbStmt *stmt,
			      struct sql_error *err);
MUST_CHECK bool pragma_columns(const char *text, struct arena *arena,
			       const struct sql_column **columns, size_t *n);

#endif
