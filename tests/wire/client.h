/*
 * client.h - a client that sends what it is told, byte by byte if need be
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_WIRE_CLIENT_H
#define PGBLOB_TESTS_WIRE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct client {
	int fd;
	struct buf out;   /* written by put_*, sent by client_send() */
	size_t message;   /* where the message that is being written begins */
	/* the last message read */
	char type;        /* 0: end of file */
	char *body;
	size_t len;
	int32_t pid;      /* of BackendKeyData */
	char key[256];
	size_t key_len;
};

/* Connect to a port; no byte is sent. */
void client_open(struct client *c, uint16_t port);
void client_close(struct client *c);

/* Writing; put_begin(c, 0) begins a message without a type. */
void put_begin(struct client *c, char type);
void put_end(struct client *c);
void put_str(struct client *c, const char *text);
void put_query(struct client *c, const char *text);
void put_parse(struct client *c, const char *name, const char *text);
/* n text parameters; NULL is null */
void put_bind(struct client *c, const char *portal, const char *statement, size_t n, ...);
void put_describe(struct client *c, char what, const char *name);
void put_execute(struct client *c, const char *portal, uint32_t max_rows);
void put_close(struct client *c, char what, const char *name);
void put_bare(struct client *c, char type);
void put_startup(struct client *c, uint32_t version, const char *user, const char *database);
bool client_send(struct client *c);

/* Read one message into c; false, and type 0: end of file, or nothing for 10 s. */
bool client_read(struct client *c);

/*
 * Read to ReadyForQuery or the end, and return the types: "TDCZ", "EZ", "E." ('.'
 * is the end of file).  Values of rows, tags and SQLSTATEs are put behind their type
 * in brackets if `full`: "T", "D(a)", "C(SELECT 1)", "E(42601)", "Z(I)".
 */
const char *client_conversation(struct client *c, bool full);

/* put_query, send, conversation with values. */
const char *client_query(struct client *c, const char *text);

/* Connect to a server with trust, up to the first ReadyForQuery. */
void client_login(struct client *c, uint16_t port);

/* A field of the last ErrorResponse or NoticeResponse; "" if it has none. */
const char *client_field(const struct client *c, char code);

/* Send a CancelRequest over a connection of its own. */
void client_cancel(uint16_t port, int32_t pid, const char *key, size_t key_len);

#endif
