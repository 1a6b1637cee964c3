/*
 * explain_doc.h - the output of EXPLAIN as JSON, YAML or XML
 *
 * A document is groups within groups, and properties.  What is written looks as
 * PostgreSQL 15 writes it, so that the programs that read its plans can.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_SESSION_EXPLAIN_DOC_H
#define PGBLOB_SQL_SESSION_EXPLAIN_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum explain_format { EXPLAIN_TEXT, EXPLAIN_XML, EXPLAIN_JSON, EXPLAIN_YAML };

enum { EXPLAIN_DEPTH_MAX = 160 };

struct explain_doc {
	enum explain_format format; /* not EXPLAIN_TEXT */
	struct buf out;             /* failed: it became too large, or memory is out */
	unsigned depth;
	bool begun[EXPLAIN_DEPTH_MAX]; /* JSON, YAML: the group has something in it */
};

void doc_begin(struct explain_doc *d, enum explain_format format);
/* The document is d->out; for buf_free(). */
void doc_end(struct explain_doc *d);

/* name: of the XML element; label: NULL in a list.  Deeper than the limit fails d->out. */
void doc_open(struct explain_doc *d, const char *name, const char *label, bool is_object);
void doc_close(struct explain_doc *d, const char *name, bool is_object);
void doc_text(struct explain_doc *d, const char *label, const char *value);
void doc_int(struct explain_doc *d, const char *label, uint64_t value);
void doc_ms(struct explain_doc *d, const char *label, double value);

#endif
