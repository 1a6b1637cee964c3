/*
 * error.h - what went wrong, for people
 *
 * The code that a function returns is for the program; a struct error is for
 * whoever reads the log or the client's screen.  It is of fixed size and the
 * caller's, so to report "out of memory" needs no memory.
 *
 * Text is in PostgreSQL's style: lower case, no full stop, names quoted.
 * detail and hint are sentences, and may be empty.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_ERROR_H
#define PGBLOB_BASE_ERROR_H

#include <stdbool.h>

#include "base/compiler.h"

struct error {
	bool set;
	char text[512];
	char detail[256];
	char hint[256];
};

#define ERROR_INIT { .set = false }

/*
 * Describe a failure, replacing what was there.  Too long a text is cut at a
 * character's end.  Returns false, so that `return error_set(...)` reads well.
 * err may be NULL: nothing is kept then.
 */
bool error_set(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same with ": " and the text of the errno value `errnum` behind it. */
bool error_set_errno(struct error *err, int errnum, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Put "fmt: " before the text that is there: what was attempted, outermost first. */
void error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

void error_detail(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
void error_hint(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* error_set() with "out of memory". */
bool error_no_memory(struct error *err);

void error_clear(struct error *err);

#endif
