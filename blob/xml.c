/*
 * xml.c - the answers of stores, read with libxml2
 * Licence: MIT, see LICENSE.
 */
#include "blob/xml.h"

#include <libxml/xmlreader.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

enum { PATH_LEN_MAX = 512 };

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static void init_libxml(void)
{
	xmlInitParser();
}

/* libxml2 would print it */
static void ignore_error(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error;
}

struct parse {
	xmlTextReaderPtr reader;
	const struct xml_handler *handler;
	void *arg;
	struct error *err;
	char path[PATH_LEN_MAX];
	size_t path_lens[XML_DEPTH_MAX]; /* of the path above each open element */
	size_t depth;
	struct buf text[XML_DEPTH_MAX]; /* of each open element */
};

static bool refuse(struct parse *p, const char *why)
{
	return error_set(p->err, "the store's answer is not XML that can be used: %s", why);
}

static bool on_end(struct parse *p)
{
	struct buf *text = &p->text[--p->depth];
	const char *str = buf_str(text);

	if (text->failed)
		return refuse(p, "a text is too long");
	if (strlen(str) != text->len)
		return refuse(p, "a text holds a NUL");
	if (!p->handler->end(p->arg, p->path, str, p->err))
		return false;
	p->path[p->path_lens[p->depth]] = '\0';
	return true;
}

static bool on_start(struct parse *p)
{
	const char *name = (const char *)xmlTextReaderConstLocalName(p->reader);
	size_t len = strlen(p->path);
	int empty = xmlTextReaderIsEmptyElement(p->reader);

	if (name == NULL || p->depth == XML_DEPTH_MAX ||
	    strlen(name) + 2 > sizeof(p->path) - len)
		return refuse(p, "it is nested too deeply");
	p->path_lens[p->depth] = len;
	if (len > 0)
		p->path[len++] = '/';
	memcpy(p->path + len, name, strlen(name) + 1);
	buf_reset(&p->text[p->depth++]);
	if (p->handler->start != NULL && !p->handler->start(p->arg, p->path, p->err))
		return false;
	return empty == 1 ? on_end(p) : true;
}

static bool on_node(struct parse *p)
{
	switch (xmlTextReaderNodeType(p->reader)) {
	case XML_READER_TYPE_ELEMENT:
		return on_start(p);
	case XML_READER_TYPE_END_ELEMENT:
		return on_end(p);
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
	case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
	case XML_READER_TYPE_WHITESPACE: {
		const char *text = (const char *)xmlTextReaderConstValue(p->reader);

		if (text != NULL && p->depth > 0)
			buf_put_str(&p->text[p->depth - 1], text);
		return true;
	}
	case XML_READER_TYPE_COMMENT:
	case XML_READER_TYPE_XML_DECLARATION:
	case XML_READER_TYPE_PROCESSING_INSTRUCTION:
		return true;
	default: /* a DTD, an entity: no store sends one */
		return refuse(p, "it has a document type or an entity");
	}
}

bool xml_parse(const char *bytes, size_t len, const struct xml_handler *handler,
	       void *arg, struct error *err)
{
	struct parse p = { .handler = handler, .arg = arg, .err = err };
	int more = -1;
	bool good = true;

	pthread_once(&init_once, init_libxml);
	if (len == 0 || len > INT_MAX)
		return error_set(err, "the store's answer is empty");
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		buf_init(&p.text[i], XML_TEXT_MAX);
	p.reader = xmlReaderForMemory(bytes, (int)len, NULL, NULL,
				      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (p.reader == NULL) {
		error_no_memory(err);
	} else {
		xmlTextReaderSetStructuredErrorHandler(p.reader, ignore_error, NULL);
		while (good && (more = xmlTextReaderRead(p.reader)) == 1)
			good = on_node(&p);
		if (good && more != 0)
			good = refuse(&p, "it is not well-formed");
		xmlFreeTextReader(p.reader);
	}
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		buf_free(&p.text[i]);
	return good && more == 0;
}

void xml_escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			buf_put_str(out, "&amp;");
			break;
		case '<':
			buf_put_str(out, "&lt;");
			break;
		case '>':
			buf_put_str(out, "&gt;");
			break;
		default:
			buf_put_byte(out, *text);
		}
	}
}
