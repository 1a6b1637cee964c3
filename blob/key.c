/*
 * key.c - what a key may be, and how it is written in a URL
 * Licence: MIT, see LICENSE.
 */
#include "blob/key.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/utf8.h"

static bool is_utf8(const char *text)
{
	size_t len = strlen(text);

	return utf8_valid_len(text, len) == len;
}

/* Are all segments good?  The last may be empty or unfinished in a prefix. */
static bool segments_are_good(const char *key, bool prefix)
{
	const char *segment = key;

	for (const char *at = key;;) {
		unsigned char c = (unsigned char)*at;

		if (c == '/' || c == '\0') {
			size_t len = (size_t)(at - segment);
			bool unfinished = prefix && c == '\0';

			if (len == 0 && !unfinished)
				return false;
			if (!unfinished && ((len == 1 && segment[0] == '.') ||
					    (len == 2 && memcmp(segment, "..", 2) == 0)))
				return false;
			if (c == '\0')
				return (size_t)(at - key) <= KEY_MAX;
			segment = ++at;
			continue;
		}
		/* also C1 controls, U+0080 to U+009F */
		if (c < 0x20 || c == 0x7F || c == '\\' ||
		    (c == 0xC2 && (unsigned char)at[1] < 0xA0))
			return false;
		at++;
	}
}

bool key_is_good(const char *key)
{
	return is_utf8(key) && segments_are_good(key, false);
}

bool key_is_good_prefix(const char *prefix)
{
	return prefix[0] == '\0' || (is_utf8(prefix) && segments_are_good(prefix, true));
}

static bool unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void uri_encode(struct buf *out, const char *text, size_t len, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (unreserved(c) || (c == '/' && keep_slash)) {
			buf_put_byte(out, (char)c);
		} else {
			char escape[3] = { '%', digits[c >> 4], digits[c & 15] };

			buf_put(out, escape, sizeof(escape));
		}
	}
}

bool uri_decode(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			if (len - i < 3 || !hex_decode(text + i + 1, 2, &c) || c == 0)
				return false;
			i += 2;
		}
		buf_put_byte(out, (char)c);
	}
	return !out->failed;
}
