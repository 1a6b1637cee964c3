/*
 * json.c - one member of a flat JSON object, as metadata services answer
 * Licence: MIT, see LICENSE.
 */
#include "blob/json.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { DEPTH_MAX = 16, NAME_LEN_MAX = 256 };

/* Fails for good: `at` is then NULL. */
struct scan {
	const char *at;
	const char *end;
};

static bool fail(struct scan *s)
{
	s->at = NULL;
	return false;
}

static void skip_space(struct scan *s)
{
	while (s->at != NULL && s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static char peek(const struct scan *s)
{
	return s->at != NULL && s->at < s->end ? *s->at : '\0';
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (peek(s) != c)
		return fail(s);
	s->at++;
	return true;
}

static bool scan_hex4(struct scan *s, uint32_t *out)
{
	unsigned char bytes[2];

	if (s->end - s->at < 4 || !hex_decode(s->at, 4, bytes))
		return fail(s);
	*out = get_u16(bytes);
	s->at += 4;
	return true;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_byte(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_put_byte(out, (char)(0xC0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_byte(out, (char)(0xE0 | c >> 12));
		} else {
			buf_put_byte(out, (char)(0xF0 | c >> 18));
			buf_put_byte(out, (char)(0x80 | (c >> 12 & 0x3F)));
		}
		buf_put_byte(out, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_put_byte(out, (char)(0x80 | (c & 0x3F)));
}

static bool scan_escape(struct scan *s, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char c = peek(s);
	const char *at = c != '\0' ? strchr(from, c) : NULL;
	uint32_t code;
	uint32_t low;

	s->at++;
	if (at != NULL) {
		buf_put_byte(out, to[at - from]);
		return true;
	}
	if (c != 'u' || !scan_hex4(s, &code))
		return fail(s);
	if (code >= 0xD800 && code < 0xE000) {
		if (code >= 0xDC00 || s->end - s->at < 2 || memcmp(s->at, "\\u", 2) != 0)
			return fail(s);
		s->at += 2;
		if (!scan_hex4(s, &low) || low < 0xDC00 || low >= 0xE000)
			return fail(s);
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	if (code == 0)
		return fail(s);
	put_utf8(out, code);
	return true;
}

static bool scan_string(struct scan *s, struct buf *out)
{
	if (!take(s, '"'))
		return false;
	for (;;) {
		if (s->at == s->end || (unsigned char)*s->at < 0x20)
			return fail(s);
		char c = *s->at++;
		if (c == '"')
			return true;
		if (c != '\\')
			buf_put_byte(out, c);
		else if (s->at == s->end || !scan_escape(s, out))
			return fail(s);
	}
}

/* A number, true, false or null, as it is written. */
static bool scan_word(struct scan *s, struct buf *out)
{
	size_t n = 0;

	while (s->at < s->end && strchr("+-.0123456789Eaeflnrstu", *s->at) != NULL && *s->at != '\0') {
		buf_put_byte(out, *s->at++);
		n++;
	}
	return n > 0 || fail(s);
}

/* *plain: it was a string or a number. */
static bool scan_value(struct scan *s, struct buf *out, bool *plain, int depth)
{
	skip_space(s);
	char c = peek(s);
	*plain = c == '"' || c == '-' || (c >= '0' && c <= '9');
	if (c == '"')
		return scan_string(s, out);
	if (c != '{' && c != '[')
		return s->at != NULL && scan_word(s, out);
	if (depth == DEPTH_MAX)
		return fail(s);
	s->at++;
	char close = c == '{' ? '}' : ']';
	skip_space(s);
	if (peek(s) == close) {
		s->at++;
		return true;
	}
	for (;;) {
		struct buf skipped = BUF_INIT(64 << 10);
		bool ignored;
		bool good = (c == '[' || (scan_string(s, &skipped) && take(s, ':'))) &&
			    scan_value(s, &skipped, &ignored, depth + 1);
		buf_free(&skipped);
		if (!good)
			return false;
		skip_space(s);
		if (peek(s) == close) {
			s->at++;
			return true;
		}
		if (!take(s, ','))
			return false;
	}
}

bool json_get(const char *text, size_t len, const char *name, struct buf *out)
{
	struct scan s = { .at = text, .end = len > 0 ? text + len : text };
	size_t before = out->len;
	bool found = false;

	if (!take(&s, '{'))
		return false;
	skip_space(&s);
	for (bool first = true; peek(&s) != '}'; first = false) {
		struct buf member = BUF_INIT(NAME_LEN_MAX);
		struct buf skipped = BUF_INIT(64 << 10);
		bool plain = false;

		if (!first)
			take(&s, ',');
		bool good = scan_string(&s, &member) && take(&s, ':');
		bool wanted = good && !found && !member.failed && member.len == strlen(name) &&
			      (member.len == 0 || memcmp(member.data, name, member.len) == 0);
		good = good && scan_value(&s, wanted ? out : &skipped, &plain, 0);
		if (wanted && plain)
			found = true;
		else if (wanted)
			out->len = before;
		buf_free(&member);
		buf_free(&skipped);
		if (!good)
			break;
		skip_space(&s);
	}
	bool whole = take(&s, '}');
	skip_space(&s);
	bool good = whole && s.at == s.end && found && !out->failed &&
		    (out->len == before || memchr(out->data + before, '\0', out->len - before) == NULL);
	if (!good)
		out->len = before;
	return good;
}
