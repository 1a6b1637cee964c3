/*
 * key.c - texts that compare by a key and carry more than the key
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/key.h"

#include <string.h>

#include "base/buf.h"

bool key_split(const char *text, size_t len, struct key_parts *out)
{
	size_t payload, trailer = 1;

	if (!key_is(text, len))
		return false;
	char last = text[len - 1];
	if (last >= '0' && last < '0' + 64) {
		payload = (size_t)(last - '0');
	} else if (last == '~' && len >= 8) {
		payload = 0;
		for (size_t i = len - 7; i < len - 1; i++) {
			if (text[i] < '0' || text[i] >= '0' + 64)
				return false;
			payload = payload << 6 | (size_t)(text[i] - '0');
		}
		trailer = 7;
	} else {
		return false;
	}
	if (payload > len - 1 - trailer)
		return false;
	out->key = text + 1;
	out->key_len = len - 1 - trailer - payload;
	out->payload = out->key + out->key_len;
	out->payload_len = payload;
	return true;
}

void key_finish(struct buf *out, const char *payload, size_t payload_len)
{
	buf_put(out, payload, payload_len);
	if (payload_len < 64) {
		buf_put_byte(out, (char)('0' + payload_len));
		return;
	}
	for (int shift = 30; shift >= 0; shift -= 6)
		buf_put_byte(out, (char)('0' + (payload_len >> shift & 63)));
	buf_put_byte(out, '~');
}

void key_put_int(struct buf *out, int64_t v)
{
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char text[12];
	int n = 0;

	while (n < 11 && u >> (6 * n) != 0)
		n++;
	text[0] = (char)(v < 0 ? 'O' - n : 'P' + n);
	for (int i = 0; i < n; i++) {
		int digit = (int)(u >> (6 * (n - 1 - i)) & 63);

		text[1 + i] = (char)('0' + (v < 0 ? 63 - digit : digit));
	}
	buf_put(out, text, (size_t)n + 1);
}

bool key_get_int(const char **p, const char *end, int64_t *v)
{
	uint64_t u = 0;

	if (*p == end)
		return false;
	bool negative = **p < 'P';
	int n = negative ? 'O' - **p : **p - 'P';
	if (n < 0 || n > 11 || end - *p < n + 1)
		return false;
	for (int i = 1; i <= n; i++) {
		int digit = (*p)[i] - '0';

		if (digit < 0 || digit > 63)
			return false;
		u = u << 6 | (uint64_t)(negative ? 63 - digit : digit);
	}
	*p += n + 1;
	*v = (int64_t)(negative ? -u : u);
	return true;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int c = n > 0 ? memcmp(a, b, n) : 0;

	return c != 0 ? c : a_len < b_len ? -1 : a_len > b_len;
}

int key_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct key_parts x, y;

	if (key_split(a, a_len, &x) && key_split(b, b_len, &y))
		return compare_bytes(x.key, x.key_len, y.key, y.key_len);
	return compare_bytes(a, a_len, b, b_len);
}
