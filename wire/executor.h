/*
 * executor.h - what the protocol needs of whoever executes statements
 *
 * wire/ calls these functions on its worker threads, one at a time for each
 * session, except cancel(), which any thread calls at any time between connect()
 * and disconnect().  Results leave through struct exec_out, which wire/ owns and
 * which is good for the length of one call.
 *
 * A function that returns false has reported an error with out->error(); the
 * protocol part of error recovery (skip to Sync, ReadyForQuery) is wire's, the
 * transaction's part is the executor's.
 *
 * Source: PostgreSQL 15 documentation, chapter 55, "Frontend/Backend Protocol".
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_EXECUTOR_H
#define PGBLOB_WIRE_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct log_scope;

/* The fields of ErrorResponse and NoticeResponse; NULL or 0: not there. */
struct exec_error {
	const char *severity; /* "ERROR", "FATAL", "NOTICE", ... */
	const char *sqlstate; /* five characters */
	const char *message;
	const char *detail;
	const char *hint;
	int position;          /* 1-based, in characters of the statement's text */
	int internal_position;
	const char *internal_query;
	const char *where;
	const char *schema;
	const char *table;
	const char *column;
	const char *data_type;
	const char *constraint;
};

struct exec_column {
	const char *name;
	uint32_t table_oid;  /* 0: not a column of a table */
	int16_t attnum;
	uint32_t type_oid;
	int16_t type_len;
	int32_t typmod;
	int16_t format;      /* 0 text, 1 binary */
};

struct exec_out {
	/* RowDescription. */
	void (*columns)(struct exec_out *out, const struct exec_column *columns, size_t n);
	/*
	 * One DataRow: append n fields to the returned buffer, each an int32
	 * length in bytes (-1: null) and the bytes, then call row_end().  NULL, or
	 * false: the client is gone or the row is too large, and the statement
	 * must stop; the error was reported already.  row_end() may wait for the
	 * client to read.  error() in place of row_end() drops the row.
	 */
	struct buf *(*row_begin)(struct exec_out *out, size_t n_columns);
	bool (*row_end)(struct exec_out *out);
	void (*complete)(struct exec_out *out, const char *tag); /* CommandComplete */
	void (*suspended)(struct exec_out *out);                 /* PortalSuspended */
	void (*empty_query)(struct exec_out *out);
	void (*no_data)(struct exec_out *out);
	void (*parameters)(struct exec_out *out, const uint32_t *type_oids, size_t n);
	void (*error)(struct exec_out *out, const struct exec_error *e);
	void (*notice)(struct exec_out *out, const struct exec_error *e);
	/* A reported setting has a new value: ParameterStatus. */
	void (*setting)(struct exec_out *out, const char *name, const char *value);
	/*
	 * COPY FROM STDIN: announce it (format 0 text, 1 binary), then take the
	 * data piece by piece.  copy_in_next(): > 0 bytes in *data, good until the
	 * next call; 0: CopyDone; < 0: failed, and the reason (CopyFail's text) was
	 * put into *data, or the client is gone (*data NULL).
	 */
	void (*copy_in_begin)(struct exec_out *out, int format, size_t n_columns);
	long (*copy_in_next)(struct exec_out *out, const char **data);
	/* COPY TO STDOUT: announce, then rows as row_begin()/row_end() with raw bytes, then end. */
	void (*copy_out_begin)(struct exec_out *out, int format, size_t n_columns);
	struct buf *(*copy_out_row)(struct exec_out *out); /* finish with row_end() */
	void (*copy_out_end)(struct exec_out *out);
};

struct exec_setting {
	const char *name;
	const char *value;
};

/* Who connects, after authentication. */
struct exec_connect {
	const char *user;
	const char *database;
	const struct exec_setting *settings; /* of the startup message: options, application_name, ... */
	size_t n_settings;
	const char *peer;        /* address of the client, for pg_stat_activity and the log */
	int32_t pid;             /* as told in BackendKeyData */
	const struct log_scope *scope;
};

struct exec_value {
	const char *data; /* NULL: SQL null */
	size_t len;
};

enum exec_status { EXEC_IDLE = 'I', EXEC_IN_TRANSACTION = 'T', EXEC_FAILED = 'E' };

struct executor_ops {
	/*
	 * Start a session; reports settings with out->setting().  False: refused,
	 * with a FATAL error told (3D000 no such database, ...).
	 */
	bool (*connect)(void *server, const struct exec_connect *who, void **session,
			struct exec_out *out);
	void (*disconnect)(void *session);

	/* Query: any number of statements; row descriptions are told as they come. */
	bool (*simple_query)(void *session, const char *text, struct exec_out *out);

	bool (*parse)(void *session, const char *name, const char *text,
		      const uint32_t *type_oids, size_t n_types, struct exec_out *out);
	/* formats: none, one for all, or one each; result_formats likewise. */
	bool (*bind)(void *session, const char *portal, const char *statement,
		     const int16_t *formats, size_t n_formats,
		     const struct exec_value *values, size_t n_values,
		     const int16_t *result_formats, size_t n_result_formats,
		     struct exec_out *out);
	bool (*describe_statement)(void *session, const char *name, struct exec_out *out);
	bool (*describe_portal)(void *session, const char *name, struct exec_out *out);
	/* max_rows 0: all.  Ends with complete(), suspended() or empty_query(). */
	bool (*execute)(void *session, const char *portal, uint32_t max_rows,
			struct exec_out *out);
	void (*close_statement)(void *session, const char *name);
	void (*close_portal)(void *session, const char *name);
	/* Ends the implicit transaction: commits, or rolls back after an error. */
	bool (*sync)(void *session, struct exec_out *out);

	/* After an error that wire found itself (a bad message): the transaction fails. */
	void (*fail)(void *session);
	enum exec_status (*status)(void *session);
	/*
	 * How long the client may send nothing from here on, in milliseconds, in the status that
	 * it was told; 0: as long as it likes.
	 */
	int64_t (*idle_timeout)(void *session);
	/* The statement that runs now, if any, ends with 57014.  Any thread. */
	void (*cancel)(void *session);
	/* The server stops: statements that start now end with 57P01.  Any thread. */
	void (*terminate)(void *session);
};

#endif
