/*
 * sql.h - PostgreSQL's SQL on SQLite databases in a blob store
 *
 * One struct sql_server a process, one struct sql_session a client.  A session's
 * functions are called by one thread at a time, any thread; sql_cancel() and
 * sql_terminate() by any thread at any time.
 *
 * Named statements, portals, cursors, settings and the transaction belong to the
 * session; SQLite connections belong to the database, and a session holds one only
 * while a statement runs or its transaction needs it.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_SQL_H
#define PGBLOB_SQL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct blob_store;
struct buf;
struct error;
struct log_scope;
struct sql_error;
struct sql_server;
struct sql_session;

enum sql_transaction_mode { SQL_DEFERRED, SQL_IMMEDIATE, SQL_EXCLUSIVE };

struct sql_config {
	struct blob_store *store;      /* the same as vfs_init() was given */
	const char *superuser;         /* the one role there is */
	const char *default_database;
	unsigned pool_size;            /* statements at work at once */
	bool read_only;                /* a hot standby, as clients see it; the VFS is read only too */
	enum sql_transaction_mode transaction_mode; /* of a plain BEGIN */
	int64_t idle_close_ms;         /* connections and databases that nobody uses are closed then; 0: 60 s */
	int port;                      /* for inet_server_port() and pg_settings */
	const char *listen_addresses;
};

MUST_CHECK bool sql_server_open(const struct sql_config *config, struct sql_server **out,
				struct error *err);
/* No session is left.  NULL does nothing. */
void sql_server_close(struct sql_server *server);

struct sql_column {
	const char *name;
	uint32_t table_oid;
	int16_t attnum;
	uint32_t type_oid;
	int16_t type_len;
	int32_t typmod;
	int16_t format;
};

/*
 * Where results go.  The functions are called during the call that was given the
 * sink, in the order of the protocol; see wire/executor.h, whose meaning they
 * have.  Fields of a row are an int32 length (-1: null) and the bytes.
 */
struct sql_sink {
	void (*columns)(struct sql_sink *sink, const struct sql_column *columns, size_t n);
	struct buf *(*row_begin)(struct sql_sink *sink, size_t n_columns);
	bool (*row_end)(struct sql_sink *sink);
	void (*complete)(struct sql_sink *sink, const char *tag);
	void (*suspended)(struct sql_sink *sink);
	void (*empty_query)(struct sql_sink *sink);
	void (*no_data)(struct sql_sink *sink);
	void (*parameters)(struct sql_sink *sink, const uint32_t *type_oids, size_t n);
	/* position: 1-based in characters, 0: none */
	void (*error)(struct sql_sink *sink, const struct sql_error *e, int position);
	/* severity: "NOTICE", "WARNING", "INFO" */
	void (*notice)(struct sql_sink *sink, const char *severity, const struct sql_error *e);
	void (*setting)(struct sql_sink *sink, const char *name, const char *value);
	void (*copy_in_begin)(struct sql_sink *sink, int format, size_t n_columns);
	long (*copy_in_next)(struct sql_sink *sink, const char **data);
	void (*copy_out_begin)(struct sql_sink *sink, int format, size_t n_columns);
	struct buf *(*copy_out_row)(struct sql_sink *sink);
	void (*copy_out_end)(struct sql_sink *sink);
};

struct sql_setting {
	const char *name;
	const char *value;
};

struct sql_connect {
	const char *user;
	const char *database;
	const struct sql_setting *settings;
	size_t n_settings;
	const char *peer;
	int32_t pid;
	const struct log_scope *scope;
};

struct sql_value {
	const char *data; /* NULL: null */
	size_t len;
};

/* False: refused, and the reason was given to sink->error(). */
MUST_CHECK bool sql_session_open(struct sql_server *server, const struct sql_connect *who,
				 struct sql_session **out, struct sql_sink *sink);
/* Rolls back what is open. */
void sql_session_close(struct sql_session *session);

/* All of these return false after an error that the sink was told. */
bool sql_simple_query(struct sql_session *session, const char *text, struct sql_sink *sink);
bool sql_prepare(struct sql_session *session, const char *name, const char *text,
		 const uint32_t *type_oids, size_t n_types, struct sql_sink *sink);
bool sql_bind(struct sql_session *session, const char *portal, const char *statement,
	      const int16_t *formats, size_t n_formats, const struct sql_value *values,
	      size_t n_values, const int16_t *result_formats, size_t n_result_formats,
	      struct sql_sink *sink);
bool sql_describe_statement(struct sql_session *session, const char *name,
			    struct sql_sink *sink);
bool sql_describe_portal(struct sql_session *session, const char *name,
			 struct sql_sink *sink);
bool sql_execute(struct sql_session *session, const char *portal, uint32_t max_rows,
		 struct sql_sink *sink);
void sql_close_statement(struct sql_session *session, const char *name);
void sql_close_portal(struct sql_session *session, const char *name);
bool sql_sync(struct sql_session *session, struct sql_sink *sink);
void sql_fail(struct sql_session *session);
char sql_status(struct sql_session *session); /* 'I', 'T', 'E' */
/* idle_in_transaction_session_timeout or idle_session_timeout, as the status is; 0: none */
int64_t sql_idle_timeout(struct sql_session *session);
void sql_cancel(struct sql_session *session);
void sql_terminate(struct sql_session *session);

#endif
