/*
 * bytes.c - hex, base64, random bytes
 * Licence: MIT, see LICENSE.
 */
#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/buf.h"

void hex_encode(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t len, void *out)
{
	unsigned char *b = out;

	if (len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		b[i / 2] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)b[i] << 16;
		size_t n = len - i < 3 ? len - i : 3;

		if (n > 1)
			v |= (uint32_t)b[i + 1] << 8;
		if (n > 2)
			v |= b[i + 2];
		char four[4] = {
			base64_digits[v >> 18],
			base64_digits[v >> 12 & 63],
			n > 1 ? base64_digits[v >> 6 & 63] : '=',
			n > 2 ? base64_digits[v & 63] : '=',
		};
		buf_put(out, four, sizeof(four));
	}
}

static int base64_digit(char c)
{
	const char *at = c == '\0' ? NULL : strchr(base64_digits, c);

	return at == NULL ? -1 : (int)(at - base64_digits);
}

bool base64_decode(const char *text, size_t len, struct buf *out)
{
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = 0;
		size_t pad = 0;

		if (i + 4 == len)
			pad = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
		for (size_t j = 0; j < 4; j++) {
			int digit = j >= 4 - pad ? 0 : base64_digit(text[i + j]);

			if (digit < 0)
				return false;
			v = v << 6 | (uint32_t)digit;
		}
		char three[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
		buf_put(out, three, 3 - pad);
	}
	return !out->failed;
}

void random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort(); /* only a kernel without getrandom(2) */
		at += n;
		len -= (size_t)n;
	}
}

uint64_t random_u64(void)
{
	static _Thread_local uint64_t state;

	if (state == 0) {
		random_bytes(&state, sizeof(state));
		state |= 1;
	}
	/* splitmix64 */
	uint64_t z = (state += 0x9E3779B97F4A7C15u);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

bool bytes_equal_ct(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char diff = 0;

	for (size_t i = 0; i < len; i++)
		diff = (unsigned char)(diff | (x[i] ^ y[i]));
	return diff == 0;
}
