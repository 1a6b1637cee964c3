/*
 * quote.c - names and texts in quotes
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze.h"

#include <string.h>

#include "base/buf.h"
#include "sql/func/text.h"

static void put_quoted(struct buf *out, const char *text, size_t len, char quote)
{
	const char *end = text + len;

	buf_put_byte(out, quote);
	while (text < end) {
		const char *q = memchr(text, quote, (size_t)(end - text));

		if (q == NULL)
			break;
		buf_put(out, text, (size_t)(q + 1 - text));
		buf_put_byte(out, quote);
		text = q + 1;
	}
	buf_put(out, text, (size_t)(end - text));
	buf_put_byte(out, quote);
}

void sqlite_quote_name(struct buf *out, const char *name)
{
	put_quoted(out, name, strlen(name), '"');
}

void sqlite_quote_text(struct buf *out, const char *text, size_t len)
{
	put_quoted(out, text, len, '\'');
}

void pg_quote_name(struct buf *out, const char *name)
{
	quote_ident(name, strlen(name), out);
}
