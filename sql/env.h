/*
 * env.h - what of a session the types and functions look at
 *
 * Owned by the session, lent to a connection for the length of a statement;
 * the functions only read it.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_ENV_H
#define PGBLOB_SQL_ENV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t oid_t;

struct sequence_session;
struct timezone;

enum date_style { DATE_STYLE_ISO, DATE_STYLE_SQL, DATE_STYLE_POSTGRES, DATE_STYLE_GERMAN };
enum date_order { DATE_ORDER_MDY, DATE_ORDER_DMY, DATE_ORDER_YMD };
enum interval_style {
	INTERVAL_STYLE_POSTGRES,
	INTERVAL_STYLE_POSTGRES_VERBOSE,
	INTERVAL_STYLE_SQL_STANDARD,
	INTERVAL_STYLE_ISO_8601,
};

/* A database of the server, for pg_database. */
struct sql_database_info {
	const char *name;
	int64_t size; /* bytes; -1: not known without opening it */
};

struct sql_env {
	enum date_style date_style;
	enum date_order date_order;
	enum interval_style interval_style;
	const struct timezone *timezone; /* see type.h; NULL: UTC */
	int extra_float_digits;          /* 1 */
	bool bytea_escape;               /* bytea_output = escape */

	bool in_recovery;       /* a read-only server, or a database of the past */
	bool read_only;         /* the transaction is */

	int64_t transaction_us; /* now(): microseconds since 2000-01-01 UTC */
	int64_t statement_us;

	const char *user;
	const char *session_user;
	const char *database;
	const char *application_name;
	const char *const *search_path; /* schema names, "pg_catalog" included where it belongs */
	int n_search_path;
	int32_t pid;
	/* current_setting(name): the text of a GUC or NULL if there is none such */
	const char *(*setting)(const struct sql_env *env, const char *name);
	/* set_config(): false with the connection's error set */
	bool (*set_setting)(const struct sql_env *env, const char *name, const char *value,
			    bool local);
	/*
	 * Tell `each` of every database; false: out of memory or the store failed.  NULL:
	 * only the current one is known.
	 */
	bool (*list_databases)(const struct sql_env *env,
			       void (*each)(void *arg, const struct sql_database_info *db),
			       void *arg);
	/*
	 * May what cannot be rolled back run now?  25001 in a transaction block: false with the
	 * connection's error set.  NULL: SQLite's autocommit tells.
	 */
	bool (*prevent_block)(const struct sql_env *env, const char *command);
	void *session; /* for the four above */
	struct sequence_session *sequences; /* currval(), lastval(); NULL: not kept */
};

/* ISO, MDY, postgres, UTC; no names, no settings.  For the shell and for tests. */
void sql_env_init(struct sql_env *env);

#endif
