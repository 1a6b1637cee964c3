/*
 * json_writer.c - a JSON document, written as it is told
 * Licence: MIT, see LICENSE.
 */
#include "cmd/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/tool.h"

enum { LEVELS = 16 };

/* Bytes of the UTF-8 character at p, 0 if it is none. */
static size_t character_len(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, and what is past the last */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void put_text(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	fputc('"', out);
	while (*p != '\0') {
		size_t n = character_len(p);

		if (n == 0) {
			fputs("\\ufffd", out);
			p++;
			continue;
		}
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fwrite(p, 1, n, out);
		p += n;
	}
	fputc('"', out);
}

/* What stands before a value. */
static void begin_value(struct json_writer *j, const char *name)
{
	uint32_t bit = (uint32_t)1 << j->depth;

	if (j->depth == 0)
		return;
	if (j->filled & bit)
		fputc(',', j->out);
	j->filled |= bit;
	assert(((j->arrays & bit) != 0) == (name == NULL));
	if (name != NULL) {
		put_text(j->out, name);
		fputc(':', j->out);
	}
}

static void begin_level(struct json_writer *j, const char *name, bool array)
{
	begin_value(j, name);
	assert(j->depth < LEVELS);
	j->depth++;
	uint32_t bit = (uint32_t)1 << j->depth;
	j->filled &= ~bit;
	j->arrays = array ? j->arrays | bit : j->arrays & ~bit;
	fputc(array ? '[' : '{', j->out);
}

void json_put_object(struct json_writer *j, const char *name)
{
	begin_level(j, name, false);
}

void json_put_array(struct json_writer *j, const char *name)
{
	begin_level(j, name, true);
}

void json_put_end(struct json_writer *j)
{
	assert(j->depth > 0);
	fputc(j->arrays & (uint32_t)1 << j->depth ? ']' : '}', j->out);
	if (--j->depth == 0)
		fputc('\n', j->out);
}

void json_put_string(struct json_writer *j, const char *name, const char *value)
{
	begin_value(j, name);
	if (value == NULL)
		fputs("null", j->out);
	else
		put_text(j->out, value);
}

void json_put_u64(struct json_writer *j, const char *name, uint64_t value)
{
	begin_value(j, name);
	fprintf(j->out, "%" PRIu64, value);
}

void json_put_bool(struct json_writer *j, const char *name, bool value)
{
	begin_value(j, name);
	fputs(value ? "true" : "false", j->out);
}

void json_put_time(struct json_writer *j, const char *name, int64_t us)
{
	char text[TOOL_TIME_LEN];

	json_put_string(j, name, tool_time(us, text));
}

void json_put_hex(struct json_writer *j, const char *name, const uint8_t *bytes, size_t len)
{
	begin_value(j, name);
	fputc('"', j->out);
	for (size_t i = 0; i < len; i++)
		fprintf(j->out, "%02x", bytes[i]);
	fputc('"', j->out);
}
