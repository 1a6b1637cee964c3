/*
 * session_fixture.h - clients of sessions, without the wire
 *
 * What a client would see is written into a transcript, one line for each message:
 *   C name:type ...      row description        R a|b     a row; ~ is null
 *   T tag                command complete       E state message {detail} @position
 *   W, N state message   warning, notice        S         portal suspended
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_SQL_SESSION_FIXTURE_H
#define PGBLOB_TESTS_SQL_SESSION_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "sql/sql.h"

struct blob_store;

struct recorder {
	struct sql_sink sink;
	struct buf seen;
	struct buf row;
	size_t n_columns;
	bool raw;            /* the row is COPY data */
	const char *copy;    /* what copy_in_next() gives, piece by piece */
	size_t piece;
	bool settings;       /* record ParameterStatus */
	unsigned rows, gone_after; /* the client is gone after so many rows; 0: never */
};

struct session_fixture {
	char dir[64];
	struct blob_store *store;  /* the folder */
	struct blob_store *faults; /* what the VFS and the server use */
	struct sql_server *server;
};

extern struct session_fixture fixture;

/* A local folder, the VFS, a server with the database "app". */
void session_setup(void);
void session_teardown(void);

struct client {
	struct recorder r;
	struct sql_session *session;
};

bool try_connect(struct client *c, const char *database, const struct sql_setting *settings, size_t n);
void connect_client(struct client *c);
void close_client(struct client *c);

/* The transcript of a simple query, good until the next one. */
const char *query(struct client *c, const char *text);
/* The query must not fail. */
void run(struct client *c, const char *text);
/* t (id integer PRIMARY KEY, name text NOT NULL, email text UNIQUE) with three rows. */
void make_table(struct client *c);

#define EXPECT(client, text, want) ck_assert_str_eq(query((client), (text)), (want))
/* Only how it begins. */
#define EXPECT_BEGIN(client, text, want) \
	do { \
		const char *got_ = query((client), (text)); \
		ck_assert_msg(strncmp(got_, (want), strlen(want)) == 0, "%s: got %s", (text), got_); \
	} while (0)

/* The text of a file of less than 1 MiB; the caller frees it. */
char *read_file(const char *path);

#endif
