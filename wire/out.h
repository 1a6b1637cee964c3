/*
 * out.h - messages to the client; struct exec_out
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_WIRE_OUT_H
#define PGBLOB_WIRE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "wire/executor.h"

struct buf;
struct conn;

enum { OUT_ROW_MAX = 1 << 30 }; /* bytes of one row, and of the output buffer */

/* Fill in the functions of c->out. */
void out_init(struct conn *c);

/* Begin a message; returns what out_end() wants. */
size_t out_begin(struct buf *b, char type);
void out_end(struct buf *b, size_t at);

/* A message without content. */
void out_bare(struct buf *b, char type);

/* ErrorResponse or NoticeResponse.  A FATAL one ends the connection (c->fatal). */
void out_error(struct conn *c, char type, const struct exec_error *e);

/* An ErrorResponse of wire's own. */
void out_errorf(struct conn *c, const char *severity, const char *sqlstate, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

#endif
