/*
 * explain_doc.c - the output of EXPLAIN as JSON, YAML or XML
 *
 * FORMAT   JSON   [ { "Plan": { "Node Type": ..., "Plans": [ {...} ] }, ... } ]
 *          YAML   the same groups; an object in a list begins with "- "
 *          XML    labels are elements, blanks in them are "-"
 * Licence: MIT, see LICENSE.
 */
#include "sql/session/explain_doc.h"

#include <inttypes.h>
#include <stdio.h>

enum { DOC_MAX = 16 << 20 };

static void indent(struct explain_doc *d)
{
	for (unsigned i = 0; i < 2 * d->depth; i++)
		buf_put_byte(&d->out, ' ');
}

/* A new line of the group: JSON puts a comma behind the one before. */
static void begin_line(struct explain_doc *d)
{
	bool first = !d->begun[d->depth];

	d->begun[d->depth] = true;
	switch (d->format) {
	case EXPLAIN_TEXT:
		break;
	case EXPLAIN_XML:
		indent(d);
		break;
	case EXPLAIN_JSON:
		buf_put_str(&d->out, first ? "\n" : ",\n");
		indent(d);
		break;
	case EXPLAIN_YAML:
		if (first)
			break; /* behind "- " */
		buf_put_byte(&d->out, '\n');
		indent(d);
		break;
	}
}

static void put_quoted(struct buf *out, const char *text)
{
	buf_put_byte(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_put_str(out, "\\n");
		else if (c < ' ')
			buf_printf(out, "\\u%04x", c);
		else
			buf_put_byte(out, (char)c);
	}
	buf_put_byte(out, '"');
}

static void put_xml(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_put_str(out, "&lt;");
			break;
		case '>':
			buf_put_str(out, "&gt;");
			break;
		case '&':
			buf_put_str(out, "&amp;");
			break;
		case '"':
			buf_put_str(out, "&quot;");
			break;
		default:
			/* a control character cannot be in XML at all */
			buf_put_byte(out, (unsigned char)*text < ' ' && *text != '\n' && *text != '\t' ? ' ' : *text);
			break;
		}
	}
}

static void put_element(struct buf *out, const char *open, const char *label, const char *close)
{
	buf_put_str(out, open);
	for (; *label != '\0'; label++)
		buf_put_byte(out, *label == ' ' || *label == '/' ? '-' : *label);
	buf_put_str(out, close);
}

/* One level deeper; false: there is no room. */
static bool deeper(struct explain_doc *d, bool begun)
{
	if (d->depth + 1 >= EXPLAIN_DEPTH_MAX) {
		d->out.failed = true;
		return false;
	}
	d->begun[++d->depth] = begun;
	return true;
}

void doc_begin(struct explain_doc *d, enum explain_format format)
{
	d->format = format;
	buf_init(&d->out, DOC_MAX);
	d->depth = 0;
	d->begun[0] = false;
	if (format == EXPLAIN_XML)
		buf_put_str(&d->out, "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n");
	else if (format == EXPLAIN_JSON)
		buf_put_byte(&d->out, '[');
	if (format != EXPLAIN_YAML)
		(void)deeper(d, false);
}

void doc_end(struct explain_doc *d)
{
	if (d->format == EXPLAIN_XML)
		buf_put_str(&d->out, "</explain>");
	else if (d->format == EXPLAIN_JSON)
		buf_put_str(&d->out, "\n]");
}

void doc_open(struct explain_doc *d, const char *name, const char *label, bool is_object)
{
	begin_line(d);
	switch (d->format) {
	case EXPLAIN_TEXT:
		break;
	case EXPLAIN_XML:
		put_element(&d->out, "<", name, ">\n");
		(void)deeper(d, false);
		return;
	case EXPLAIN_JSON:
		if (label != NULL) {
			put_quoted(&d->out, label);
			buf_put_str(&d->out, ": ");
		}
		buf_put_byte(&d->out, is_object ? '{' : '[');
		(void)deeper(d, false);
		return;
	case EXPLAIN_YAML:
		if (label != NULL)
			buf_printf(&d->out, "%s: ", label);
		else
			buf_put_str(&d->out, "- ");
		(void)deeper(d, label != NULL);
		return;
	}
}

void doc_close(struct explain_doc *d, const char *name, bool is_object)
{
	if (d->out.failed)
		return;
	d->depth--;
	if (d->format == EXPLAIN_XML) {
		indent(d);
		put_element(&d->out, "</", name, ">\n");
	} else if (d->format == EXPLAIN_JSON) {
		buf_put_byte(&d->out, '\n');
		indent(d);
		buf_put_byte(&d->out, is_object ? '}' : ']');
	}
}

static void put_property(struct explain_doc *d, const char *label, const char *value, bool quoted)
{
	begin_line(d);
	switch (d->format) {
	case EXPLAIN_TEXT:
		break;
	case EXPLAIN_XML:
		put_element(&d->out, "<", label, ">");
		put_xml(&d->out, value);
		put_element(&d->out, "</", label, ">\n");
		return;
	case EXPLAIN_JSON:
		put_quoted(&d->out, label);
		buf_put_str(&d->out, ": ");
		break;
	case EXPLAIN_YAML:
		buf_printf(&d->out, "%s: ", label);
		break;
	}
	if (quoted)
		put_quoted(&d->out, value);
	else
		buf_put_str(&d->out, value);
}

void doc_text(struct explain_doc *d, const char *label, const char *value)
{
	put_property(d, label, value, true);
}

void doc_int(struct explain_doc *d, const char *label, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_property(d, label, text, false);
}

void doc_ms(struct explain_doc *d, const char *label, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	put_property(d, label, text, false);
}
