/*
 * text.c - functions of strings
 *
 * Positions and lengths count characters, from 1.
 * Licence: MIT, see LICENSE.
 */
#include <ctype.h>
#include <limits.h>
#include <locale.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <wctype.h>

#include "sql/func/tables.h"
#include "sql/func/text.h"
#include "sql/type/impl.h"
#include "sql/type/string.h"

static locale_t utf8_locale;
static pthread_once_t locale_once = PTHREAD_ONCE_INIT;

static void locale_init(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

uint32_t utf8_decode(const char *p, size_t left, size_t *size)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n = utf8_size(*p);

	if (n > left || n == 1) {
		*size = 1;
		return u[0];
	}
	*size = n;
	uint32_t c = u[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (u[i] & 0x3f);
	return c;
}

void utf8_put(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_byte(out, (char)c);
	} else if (c < 0x800) {
		buf_put_byte(out, (char)(0xc0 | c >> 6));
		buf_put_byte(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_put_byte(out, (char)(0xe0 | c >> 12));
		buf_put_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_put_byte(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_put_byte(out, (char)(0xf0 | c >> 18));
		buf_put_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_put_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_put_byte(out, (char)(0x80 | (c & 0x3f)));
	}
}

uint32_t char_fold(uint32_t c, bool upper)
{
	if (c < 0x80)
		return (uint32_t)(upper ? toupper((int)c) : tolower((int)c));
	pthread_once(&locale_once, locale_init);
	if (utf8_locale == (locale_t)0)
		return c;
	return (uint32_t)(upper ? towupper_l((wint_t)c, utf8_locale) : towlower_l((wint_t)c, utf8_locale));
}

bool char_is_alnum(uint32_t c)
{
	if (c < 0x80)
		return isalnum((int)c) != 0;
	pthread_once(&locale_once, locale_init);
	return utf8_locale != (locale_t)0 && iswalnum_l((wint_t)c, utf8_locale);
}

void text_fold(const char *p, size_t len, bool upper, struct buf *out)
{
	for (size_t i = 0, size; i < len; i += size) {
		if ((unsigned char)p[i] < 0x80) {
			char c = p[i];

			size = 1;
			if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z')
				c = (char)(c ^ 32);
			buf_put_byte(out, c);
		} else {
			utf8_put(out, char_fold(utf8_decode(p + i, len - i, &size), upper));
		}
	}
}

static void fn_length(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	sqlite3_result_int64(ctx, (int64_t)utf8_length(t.data, t.len));
}

static void fn_octet_length(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	if (!func_null(argv[0]))
		sqlite3_result_int64(ctx, sqlite3_value_bytes(argv[0]));
}

static void fold(sqlite3_context *ctx, sqlite3_value *v, bool upper)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_null(v))
		return;
	struct func_text t = func_text(v);
	text_fold(t.data, t.len, upper, b);
	func_result_buf(ctx, b);
}

static void fn_lower(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	fold(ctx, argv[0], false);
}

static void fn_upper(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	(void)n;
	fold(ctx, argv[0], true);
}

static void fn_initcap(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));
	bool in_word = false;

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	for (size_t i = 0, size; i < t.len; i += size) {
		uint32_t c = utf8_decode(t.data + i, t.len - i, &size);

		utf8_put(b, char_fold(c, !in_word));
		in_word = char_is_alnum(c);
	}
	func_result_buf(ctx, b);
}

/* substr(text, start[, count]) of characters or bytes */
static void substring(sqlite3_context *ctx, int n, sqlite3_value **argv, bool bytes)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	int64_t start = sqlite3_value_int64(argv[1]), end = INT64_MAX;
	if (n > 2) {
		int64_t count = sqlite3_value_int64(argv[2]);

		if (count < 0) {
			func_fail(ctx, ERRCODE_SUBSTRING_ERROR, "negative substring length not allowed");
			return;
		}
		end = start + count;
	}
	if (start < 1)
		start = 1;
	if (end < start)
		end = start;
	size_t from, to;
	if (bytes) {
		from = (uint64_t)start - 1 > t.len ? t.len : (size_t)start - 1;
		to = end == INT64_MAX || (uint64_t)end - 1 > t.len ? t.len : (size_t)end - 1;
		if (to <= from)
			sqlite3_result_zeroblob(ctx, 0);
		else
			sqlite3_result_blob64(ctx, t.data + from, to - from, SQLITE_TRANSIENT);
		return;
	}
	from = utf8_prefix(t.data, t.len, (size_t)start - 1);
	to = end == INT64_MAX ? t.len : from + utf8_prefix(t.data + from, t.len - from, (size_t)(end - start));
	func_result_text(ctx, t.data + from, to - from);
}

static void fn_substr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	substring(ctx, n, argv, false);
}

static void fn_bytea_substr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	substring(ctx, n, argv, true);
}

static const char *find(const char *hay, size_t hay_len, const char *needle, size_t needle_len)
{
	return needle_len == 0 ? hay : memmem(hay, hay_len, needle, needle_len);
}

static void fn_strpos(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), what = func_text(argv[1]);
	const char *at = find(t.data, t.len, what.data, what.len);
	bool bytes = sqlite3_value_type(argv[0]) == SQLITE_BLOB;
	sqlite3_result_int64(ctx, at == NULL ? 0
			     : bytes ? at - t.data + 1
				     : (int64_t)utf8_length(t.data, (size_t)(at - t.data)) + 1);
}

static void fn_replace(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), from = func_text(argv[1]), to = func_text(argv[2]);
	const char *p = t.data, *end = t.data + t.len, *at;
	while (from.len > 0 && (at = memmem(p, (size_t)(end - p), from.data, from.len)) != NULL) {
		buf_put(b, p, (size_t)(at - p));
		buf_put(b, to.data, to.len);
		p = at + from.len;
	}
	buf_put(b, p, (size_t)(end - p));
	func_result_buf(ctx, b);
}

static bool has_char(const char *set, size_t set_len, const char *c, size_t size)
{
	for (size_t i = 0; i < set_len; i += utf8_size(set[i]))
		if (size <= set_len - i && memcmp(set + i, c, size) == 0)
			return true;
	return false;
}

static void trim(sqlite3_context *ctx, int n, sqlite3_value **argv, bool left, bool right)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	struct func_text set = n > 1 ? func_text(argv[1]) : (struct func_text){ " ", 1 };
	bool bytes = sqlite3_value_type(argv[0]) == SQLITE_BLOB;
	if (bytes) {
		while (left && t.len > 0 && memchr(set.data, *t.data, set.len) != NULL) {
			t.data++;
			t.len--;
		}
		while (right && t.len > 0 && memchr(set.data, t.data[t.len - 1], set.len) != NULL)
			t.len--;
		sqlite3_result_blob64(ctx, t.data, t.len, SQLITE_TRANSIENT);
		return;
	}
	while (left && t.len > 0) {
		size_t size = utf8_prefix(t.data, t.len, 1);

		if (!has_char(set.data, set.len, t.data, size))
			break;
		t.data += size;
		t.len -= size;
	}
	while (right && t.len > 0) {
		size_t at = t.len - 1;

		while (at > 0 && ((unsigned char)t.data[at] & 0xc0) == 0x80)
			at--;
		if (!has_char(set.data, set.len, t.data + at, t.len - at))
			break;
		t.len = at;
	}
	func_result_text(ctx, t.data, t.len);
}

static void fn_btrim(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	trim(ctx, n, argv, true, true);
}

static void fn_ltrim(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	trim(ctx, n, argv, true, false);
}

static void fn_rtrim(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	trim(ctx, n, argv, false, true);
}

static void pad(sqlite3_context *ctx, int n, sqlite3_value **argv, bool left)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	struct func_text fill = n > 2 ? func_text(argv[2]) : (struct func_text){ " ", 1 };
	int64_t want = sqlite3_value_int64(argv[1]);
	size_t target = want < 0 ? 0 : (size_t)want, have = utf8_length(t.data, t.len);
	if (target > (1u << 28)) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT, "requested length too large");
		return;
	}
	if (have > target)
		t.len = utf8_prefix(t.data, t.len, target);
	size_t missing = have >= target || fill.len == 0 ? 0 : target - have;
	if (!left)
		buf_put(b, t.data, t.len);
	for (size_t i = 0; missing > 0; missing--) {
		size_t size = utf8_prefix(fill.data + i, fill.len - i, 1);

		buf_put(b, fill.data + i, size);
		i += size;
		if (i >= fill.len)
			i = 0;
	}
	if (left)
		buf_put(b, t.data, t.len);
	func_result_buf(ctx, b);
}

static void fn_lpad(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	pad(ctx, n, argv, true);
}

static void fn_rpad(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	pad(ctx, n, argv, false);
}

/* left(text, n): all but the last -n if n is negative */
static void fn_left(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	int64_t count = sqlite3_value_int64(argv[1]);
	if (count < 0)
		count += (int64_t)utf8_length(t.data, t.len);
	func_result_text(ctx, t.data, count <= 0 ? 0 : utf8_prefix(t.data, t.len, (size_t)count));
}

static void fn_right(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	int64_t count = sqlite3_value_int64(argv[1]), chars = (int64_t)utf8_length(t.data, t.len);
	int64_t skip = count < 0 ? -count : chars - count;
	size_t at = skip <= 0 ? 0 : utf8_prefix(t.data, t.len, (size_t)skip);
	func_result_text(ctx, t.data + at, t.len - at);
}

static void fn_repeat(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	int64_t count = sqlite3_value_int64(argv[1]);
	if (count < 0)
		count = 0;
	if (t.len > 0 && (uint64_t)count > (1u << 30) / t.len) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT, "requested length too large");
		return;
	}
	for (int64_t i = 0; t.len > 0 && i < count; i++)
		buf_put(b, t.data, t.len);
	func_result_buf(ctx, b);
}

static void fn_reverse(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	char *out = buf_extend(b, t.len);
	if (out != NULL)
		for (size_t i = 0, size; i < t.len; i += size) {
			size = utf8_prefix(t.data + i, t.len - i, 1);
			memcpy(out + t.len - i - size, t.data + i, size);
		}
	func_result_buf(ctx, b);
}

static void fn_ascii(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	size_t size;

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	sqlite3_result_int64(ctx, t.len == 0 ? 0 : utf8_decode(t.data, t.len, &size));
}

static void fn_chr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));
	int64_t c = sqlite3_value_int64(argv[0]);

	(void)n;
	if (func_null(argv[0]))
		return;
	if (c < 0) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "character number must be positive");
	} else if (c == 0) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT, "null character not permitted");
	} else if (c > 0x10ffff) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT,
			  "requested character too large for encoding: %" PRId64, c);
	} else if (c >= 0xd800 && c < 0xe000) {
		func_fail(ctx, ERRCODE_PROGRAM_LIMIT,
			  "requested character not valid for encoding: %" PRId64, c);
	} else {
		utf8_put(b, (uint32_t)c);
		func_result_buf(ctx, b);
	}
}

static void fn_translate(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), from = func_text(argv[1]), to = func_text(argv[2]);
	for (size_t i = 0, size; i < t.len; i += size) {
		size_t at = 0, index = 0;

		size = utf8_prefix(t.data + i, t.len - i, 1);
		while (at < from.len) {
			size_t other = utf8_prefix(from.data + at, from.len - at, 1);

			if (other == size && memcmp(from.data + at, t.data + i, size) == 0)
				break;
			at += other;
			index++;
		}
		if (at >= from.len) {
			buf_put(b, t.data + i, size);
			continue;
		}
		size_t skip = utf8_prefix(to.data, to.len, index);
		buf_put(b, to.data + skip, utf8_prefix(to.data + skip, to.len - skip, 1));
	}
	func_result_buf(ctx, b);
}

static void fn_starts_with(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), prefix = func_text(argv[1]);
	func_result_bool(ctx, t.len >= prefix.len && memcmp(t.data, prefix.data, prefix.len) == 0);
}

static void fn_split_part(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), sep = func_text(argv[1]);
	int64_t want = sqlite3_value_int64(argv[2]), parts = 1;
	const char *p = t.data, *end = t.data + t.len, *at;
	if (want == 0) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "field position must not be zero");
		return;
	}
	if (want < 0) {
		if (sep.len > 0 && t.len > 0)
			while ((at = memmem(p, (size_t)(end - p), sep.data, sep.len)) != NULL) {
				parts++;
				p = at + sep.len;
			}
		want += parts + 1;
		p = t.data;
	}
	for (int64_t i = 1;; i++) {
		at = sep.len == 0 ? NULL : memmem(p, (size_t)(end - p), sep.data, sep.len);
		if (i == want) {
			func_result_text(ctx, p, (size_t)((at != NULL ? at : end) - p));
			return;
		}
		if (at == NULL || want < 1)
			break;
		p = at + sep.len;
	}
	func_result_text(ctx, "", 0);
}

static void fn_overlay(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), with = func_text(argv[1]);
	int64_t from = sqlite3_value_int64(argv[2]);
	int64_t count = n > 3 ? sqlite3_value_int64(argv[3]) : (int64_t)utf8_length(with.data, with.len);
	if (from <= 0) {
		func_fail(ctx, ERRCODE_SUBSTRING_ERROR, "negative substring length not allowed");
		return;
	}
	if (from + count != (int32_t)(from + count)) {
		func_range_error(ctx, "integer");
		return;
	}
	size_t head = utf8_prefix(t.data, t.len, (size_t)from - 1);
	int64_t resume = from + count - 1;
	size_t tail = resume <= 0 ? 0 : utf8_prefix(t.data, t.len, (size_t)resume);
	buf_put(b, t.data, head);
	buf_put(b, with.data, with.len);
	buf_put(b, t.data + tail, t.len - tail);
	func_result_buf(ctx, b);
}

static void fn_to_hex(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	(void)n;
	if (func_null(argv[0]))
		return;
	int64_t v = sqlite3_value_int64(argv[0]);
	if (sqlite3_value_int(argv[1]) == 32)
		buf_printf(b, "%x", (unsigned)v);
	else
		buf_printf(b, "%" PRIx64, (uint64_t)v);
	func_result_buf(ctx, b);
}

void quote_literal(const char *p, size_t len, struct buf *out)
{
	if (memchr(p, '\\', len) != NULL)
		buf_put_str(out, "E");
	buf_put_byte(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\'' || p[i] == '\\')
			buf_put_byte(out, p[i]);
		buf_put_byte(out, p[i]);
	}
	buf_put_byte(out, '\'');
}

static void fn_quote_literal(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	quote_literal(t.data, t.len, b);
	func_result_buf(ctx, b);
}

static void fn_quote_nullable(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_null(argv[0]))
		func_result_text(ctx, "NULL", 4);
	else
		fn_quote_literal(ctx, n, argv);
}

static void fn_quote_ident(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	quote_ident(t.data, t.len, b);
	func_result_buf(ctx, b);
}

static void fn_digest(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	const EVP_MD *md;

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	switch (sqlite3_value_int(argv[1])) {
	case 5:
		md = EVP_md5();
		break;
	case 224:
		md = EVP_sha224();
		break;
	case 256:
		md = EVP_sha256();
		break;
	case 384:
		md = EVP_sha384();
		break;
	default:
		md = EVP_sha512();
		break;
	}
	if (EVP_Digest(t.data, t.len, digest, &len, md, NULL) != 1) {
		func_fail(ctx, ERRCODE_INTERNAL, "could not compute the hash");
		return;
	}
	if (sqlite3_value_int(argv[1]) != 5) {
		sqlite3_result_blob64(ctx, digest, len, SQLITE_TRANSIENT);
		return;
	}
	char hex[33];
	hex_encode(digest, 16, hex);
	func_result_text(ctx, hex, 32);
}

static void fn_encode(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), form = func_text(argv[1]);
	if (type_word_is(form.data, form.len, "hex")) {
		char *out = buf_extend(b, 2 * t.len + 1);

		if (out != NULL) {
			hex_encode(t.data, t.len, out);
			b->len--;
		}
	} else if (type_word_is(form.data, form.len, "base64")) {
		struct buf line = BUF_INIT(b->limit);

		base64_encode(t.data, t.len, &line);
		for (size_t i = 0; i < line.len; i += 76) {
			if (i > 0)
				buf_put_byte(b, '\n');
			buf_put(b, line.data + i, line.len - i < 76 ? line.len - i : 76);
		}
		b->failed |= line.failed;
		buf_free(&line);
	} else if (type_word_is(form.data, form.len, "escape")) {
		for (size_t i = 0; i < t.len; i++) {
			unsigned char c = (unsigned char)t.data[i];

			if (c == '\\')
				buf_put(b, "\\\\", 2);
			else if (c == 0 || c >= 0x80)
				buf_printf(b, "\\%03o", c);
			else
				buf_put_byte(b, (char)c);
		}
	} else {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "unrecognized encoding: \"%.*s\"",
			  (int)form.len, form.data);
		return;
	}
	func_result_buf(ctx, b);
}

static bool base64_read(const char *p, size_t len, struct buf *out, struct sql_error *err)
{
	uint32_t bits = 0;
	int pos = 0, end = 0;

	for (size_t i = 0; i < len; i++) {
		char c = p[i];
		int v;

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c == '=') {
			if (end == 0) {
				if (pos == 2)
					end = 1;
				else if (pos == 3)
					end = 2;
				else
					return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
							     "unexpected \"=\" while decoding base64 sequence");
			}
			v = 0;
		} else {
			v = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26
			  : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
			if (v < 0)
				return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "invalid symbol \"%.*s\" found while decoding base64 sequence",
						     (int)utf8_size(c), p + i);
		}
		bits = bits << 6 | (uint32_t)v;
		if (++pos == 4) {
			buf_put_byte(out, (char)(bits >> 16));
			if (end == 0 || end > 1)
				buf_put_byte(out, (char)(bits >> 8));
			if (end == 0 || end > 2)
				buf_put_byte(out, (char)bits);
			pos = 0;
			bits = 0;
		}
	}
	if (pos != 0) {
		sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "invalid base64 end sequence");
		return sql_error_hint(err, "Input data is missing padding, is truncated, or is otherwise corrupted.");
	}
	return true;
}

static void fn_decode(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);
	bool ok;

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), form = func_text(argv[1]);
	if (type_word_is(form.data, form.len, "hex")) {
		ok = hex_read(t.data, t.len, true, b, &conn->err);
	} else if (type_word_is(form.data, form.len, "base64")) {
		ok = base64_read(t.data, t.len, b, &conn->err);
	} else if (type_word_is(form.data, form.len, "escape")) {
		ok = escape_read(t.data, t.len, b);
		if (!ok)
			sql_error_set(&conn->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type bytea");
	} else {
		ok = sql_error_set(&conn->err, ERRCODE_INVALID_PARAMETER_VALUE,
				   "unrecognized encoding: \"%.*s\"", (int)form.len, form.data);
	}
	if (ok)
		func_result_buf_blob(ctx, b);
	else
		sql_conn_fail(conn, ctx);
}

static void fn_convert_from(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), form = func_text(argv[1]);
	if (!type_word_is(form.data, form.len, "utf8") && !type_word_is(form.data, form.len, "utf-8")) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "invalid source encoding name \"%.*s\"",
			  (int)form.len, form.data);
		return;
	}
	if (!utf8_check(t.data, t.len, &conn->err))
		sql_conn_fail(conn, ctx);
	else
		func_result_text(ctx, t.data, t.len);
}

static void fn_convert_to(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), form = func_text(argv[1]);
	if (!type_word_is(form.data, form.len, "utf8") && !type_word_is(form.data, form.len, "utf-8"))
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE, "invalid destination encoding name \"%.*s\"",
			  (int)form.len, form.data);
	else
		sqlite3_result_blob64(ctx, t.data, t.len, SQLITE_TRANSIENT);
}

/* pg_concat(value, type, ...): what every argument prints */
static void fn_concat(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	for (int i = 0; i + 1 < n; i += 2) {
		struct datum d = func_datum(argv[i]);

		if (d.kind != DATUM_NULL &&
		    !type_out(&tc, (oid_t)sqlite3_value_int64(argv[i + 1]), &d, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	func_result_buf(ctx, b);
}

/* pg_concat_ws(separator, type, value, type, ...) */
static void fn_concat_ws(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);
	bool first = true;

	if (n < 2 || func_null(argv[0]))
		return;
	struct func_text sep = func_text(argv[0]);
	for (int i = 2; i + 1 < n; i += 2) {
		struct datum d = func_datum(argv[i]);

		if (d.kind == DATUM_NULL)
			continue;
		if (!first)
			buf_put(b, sep.data, sep.len);
		first = false;
		if (!type_out(&tc, (oid_t)sqlite3_value_int64(argv[i + 1]), &d, b, &conn->err)) {
			sql_conn_fail(conn, ctx);
			return;
		}
	}
	func_result_buf(ctx, b);
}

/* A number of format(): %, 12$, -, *, width. */
struct format_spec {
	int64_t argument, width_argument;
	int64_t width;
	bool has_width, width_is_argument, left;
};

static bool format_number(const char **p, const char *end, int64_t *out)
{
	int64_t v = 0;

	while (*p < end && type_is_digit(**p)) {
		v = v * 10 + (**p - '0');
		if (v > INT32_MAX)
			return false;
		(*p)++;
	}
	*out = v;
	return true;
}

static bool format_spec_read(const char **p, const char *end, struct format_spec *s,
			     struct sql_error *err)
{
	int64_t v;

	*s = (struct format_spec){ .argument = -1, .width_argument = -1 };
	if (*p < end && type_is_digit(**p)) {
		if (!format_number(p, end, &v))
			return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "number is out of range");
		if (*p == end || **p != '$') {
			s->width = v;
			s->has_width = true;
			return true;
		}
		if (v == 0)
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "format specifies argument 0, but arguments are numbered from 1");
		s->argument = v;
		(*p)++;
	}
	while (*p < end && **p == '-') {
		s->left = true;
		(*p)++;
	}
	if (*p < end && **p == '*') {
		(*p)++;
		s->width_is_argument = s->has_width = true;
		if (*p < end && type_is_digit(**p)) {
			if (!format_number(p, end, &v) || *p == end || **p != '$')
				return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "width argument position must be ended by \"$\"");
			if (v == 0)
				return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
						     "format specifies argument 0, but arguments are numbered from 1");
			s->width_argument = v;
			(*p)++;
		}
	} else if (*p < end && type_is_digit(**p)) {
		s->has_width = true;
		if (!format_number(p, end, &s->width))
			return sql_error_set(err, ERRCODE_NUMERIC_OUT_OF_RANGE, "number is out of range");
	}
	return true;
}

static bool format_text(struct type_context *tc, int n, sqlite3_value **argv, struct buf *b,
			struct sql_error *err)
{
	struct func_text t = func_text(argv[0]);
	const char *p = t.data, *end = t.data + t.len;
	int64_t next = 1, n_args = n / 2 - 1;
	struct buf piece = BUF_INIT(b->limit);
	bool ok = false;

	while (p < end) {
		struct format_spec s;

		if (*p != '%') {
			buf_put_byte(b, *p++);
			continue;
		}
		if (++p < end && *p == '%') {
			buf_put_byte(b, *p++);
			continue;
		}
		if (!format_spec_read(&p, end, &s, err))
			goto out;
		if (p == end) {
			sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				      "unterminated format() type specifier");
			sql_error_hint(err, "For a single \"%%\" use \"%%%%\".");
			goto out;
		}
		if (*p != 's' && *p != 'I' && *p != 'L') {
			sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
				      "unrecognized format() type specifier \"%.*s\"",
				      (int)utf8_size(*p), p);
			sql_error_hint(err, "For a single \"%%\" use \"%%%%\".");
			goto out;
		}
		if (s.width_is_argument) {
			int64_t at = s.width_argument > 0 ? s.width_argument : next;

			if (at > n_args) {
				sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					      "too few arguments for format()");
				goto out;
			}
			next = at + 1;
			s.width = func_null(argv[2 * at]) ? 0 : sqlite3_value_int64(argv[2 * at]);
			if (s.width < 0) {
				s.width = -s.width;
				s.left = true;
			}
		}
		int64_t at = s.argument > 0 ? s.argument : next;
		if (at > n_args) {
			sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE, "too few arguments for format()");
			goto out;
		}
		next = at + 1;
		struct datum d = func_datum(argv[2 * at]);
		struct buf text = BUF_INIT(b->limit);
		buf_reset(&piece);
		if (d.kind != DATUM_NULL) {
			if (!type_out(tc, (oid_t)sqlite3_value_int64(argv[2 * at + 1]), &d, &text, err)) {
				buf_free(&text);
				goto out;
			}
			if (*p == 's')
				buf_put(&piece, text.data, text.len);
			else if (*p == 'I')
				quote_ident(text.len > 0 ? text.data : "", text.len, &piece);
			else
				quote_literal(text.len > 0 ? text.data : "", text.len, &piece);
		} else if (*p == 'L') {
			buf_put_str(&piece, "NULL");
		} else if (*p == 'I') {
			sql_error_set(err, ERRCODE_NULL_NOT_ALLOWED,
				      "null values cannot be formatted as an SQL identifier");
			goto out;
		}
		buf_free(&text);
		size_t chars = piece.len > 0 ? utf8_length(piece.data, piece.len) : 0;
		if (s.width > (1 << 28)) {
			sql_error_set(err, ERRCODE_PROGRAM_LIMIT, "requested length too large");
			goto out;
		}
		size_t blanks = s.has_width && (size_t)s.width > chars ? (size_t)s.width - chars : 0;
		for (size_t i = 0; !s.left && i < blanks; i++)
			buf_put_byte(b, ' ');
		buf_put(b, piece.data, piece.len);
		for (size_t i = 0; s.left && i < blanks; i++)
			buf_put_byte(b, ' ');
		p++;
	}
	ok = true;
out:
	buf_free(&piece);
	return ok;
}

/* pg_format(text, type, value, type, ...) */
static void fn_format(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct type_context tc = func_context(conn);
	struct buf *b = func_buf(conn);

	if (n < 2 || func_null(argv[0]))
		return;
	if (format_text(&tc, n, argv, b, &conn->err))
		func_result_buf(ctx, b);
	else
		sql_conn_fail(conn, ctx);
}

static void fn_get_byte(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]);
	int64_t at = sqlite3_value_int64(argv[1]);
	if (at < 0 || (uint64_t)at >= t.len) {
		func_fail(ctx, ERRCODE_ARRAY_SUBSCRIPT, "index %" PRId64 " out of valid range, 0..%" PRId64,
			  at, (int64_t)t.len - 1);
		return;
	}
	if (n == 2) {
		sqlite3_result_int(ctx, (unsigned char)t.data[at]);
		return;
	}
	struct buf *b = func_buf(func_conn(ctx));
	buf_put(b, t.data, t.len);
	if (!b->failed)
		b->data[at] = (char)sqlite3_value_int64(argv[2]);
	func_result_buf_blob(ctx, b);
}

static void fn_unistr_reverse_bytes(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text x = func_text(argv[0]), y = func_text(argv[1]);
	buf_put(b, x.data, x.len);
	buf_put(b, y.data, y.len);
	func_result_buf_blob(ctx, b);
}

static void fn_bit_count(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	int64_t count = 0;

	(void)n;
	if (func_null(argv[0]))
		return;
	struct func_text t = func_text(argv[0]);
	for (size_t i = 0; i < t.len; i++)
		count += sqlite3_value_type(argv[0]) == SQLITE_BLOB
				 ? __builtin_popcount((unsigned char)t.data[i])
				 : t.data[i] == '1';
	sqlite3_result_int64(ctx, count);
}

static void fn_gen_random_uuid(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	unsigned char u[16];
	char hex[33], text[37];

	(void)n, (void)argv;
	random_bytes(u, sizeof(u));
	u[6] = (unsigned char)((u[6] & 0x0f) | 0x40);
	u[8] = (unsigned char)((u[8] & 0x3f) | 0x80);
	hex_encode(u, sizeof(u), hex);
	snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	func_result_text(ctx, text, 36);
}

const struct func_udf text_udfs[] = {
	PURE("pg_length", 1, fn_length),
	PURE("pg_octet_length", 1, fn_octet_length),
	PURE("pg_lower", 1, fn_lower),
	PURE("pg_upper", 1, fn_upper),
	PURE("pg_initcap", 1, fn_initcap),
	PURE("pg_substr", 2, fn_substr),
	PURE("pg_substr", 3, fn_substr),
	PURE("pg_bytea_substr", 2, fn_bytea_substr),
	PURE("pg_bytea_substr", 3, fn_bytea_substr),
	PURE("pg_strpos", 2, fn_strpos),
	PURE("pg_replace", 3, fn_replace),
	PURE("pg_btrim", 1, fn_btrim),
	PURE("pg_btrim", 2, fn_btrim),
	PURE("pg_ltrim", 1, fn_ltrim),
	PURE("pg_ltrim", 2, fn_ltrim),
	PURE("pg_rtrim", 1, fn_rtrim),
	PURE("pg_rtrim", 2, fn_rtrim),
	PURE("pg_lpad", 2, fn_lpad),
	PURE("pg_lpad", 3, fn_lpad),
	PURE("pg_rpad", 2, fn_rpad),
	PURE("pg_rpad", 3, fn_rpad),
	PURE("pg_left", 2, fn_left),
	PURE("pg_right", 2, fn_right),
	PURE("pg_repeat", 2, fn_repeat),
	PURE("pg_reverse", 1, fn_reverse),
	PURE("pg_ascii", 1, fn_ascii),
	PURE("pg_chr", 1, fn_chr),
	PURE("pg_translate", 3, fn_translate),
	PURE("pg_starts_with", 2, fn_starts_with),
	PURE("pg_split_part", 3, fn_split_part),
	PURE("pg_overlay", 3, fn_overlay),
	PURE("pg_overlay", 4, fn_overlay),
	PURE("pg_to_hex", 2, fn_to_hex),
	PURE("pg_quote_literal", 1, fn_quote_literal),
	PURE("pg_quote_nullable", 1, fn_quote_nullable),
	PURE("pg_quote_ident", 1, fn_quote_ident),
	PURE("pg_digest", 2, fn_digest),
	PURE("pg_encode", 2, fn_encode),
	PURE("pg_decode", 2, fn_decode),
	PURE("pg_convert_from", 2, fn_convert_from),
	PURE("pg_convert_to", 2, fn_convert_to),
	STABLE("pg_concat", -1, fn_concat),
	STABLE("pg_concat_ws", -1, fn_concat_ws),
	STABLE("pg_format", -1, fn_format),
	PURE("pg_get_byte", 2, fn_get_byte),
	PURE("pg_set_byte", 3, fn_get_byte),
	PURE("pg_bytea_cat", 2, fn_unistr_reverse_bytes),
	PURE("pg_bit_count", 1, fn_bit_count),
	STABLE("pg_gen_random_uuid", 0, fn_gen_random_uuid),
	{ 0 },
};

const struct func_impl text_impls[] = {
	{ 1317, "length(text)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1381, "char_length(text)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1369, "character_length(text)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1318, "length(character)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1372, "char_length(character)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1367, "character_length(character)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1257, "textlen(text)", FUNC_SCALAR, "pg_length($1)", 0 },
	{ 1374, "octet_length(text)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 720, "octet_length(bytea)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 1375, "octet_length(character)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 2010, "length(bytea)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 1811, "bit_length(text)", FUNC_SCALAR, "(pg_octet_length($1) * 8)", 0 },
	{ 1810, "bit_length(bytea)", FUNC_SCALAR, "(pg_octet_length($1) * 8)", 0 },
	{ 1681, "length(bit)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 1812, "bit_length(bit)", FUNC_SCALAR, "pg_octet_length($1)", 0 },
	{ 1682, "octet_length(bit)", FUNC_SCALAR, "((pg_octet_length($1) + 7) / 8)", 0 },
	{ 870, "lower(text)", FUNC_SCALAR, "pg_lower($1)", 0 },
	{ 871, "upper(text)", FUNC_SCALAR, "pg_upper($1)", 0 },
	{ 872, "initcap(text)", FUNC_SCALAR, "pg_initcap($1)", 0 },
	{ 1258, "textcat(text,text)", FUNC_SCALAR, "$1 || $2", 0 },
	{ 2011, "byteacat(bytea,bytea)", FUNC_SCALAR, "pg_bytea_cat($1, $2)", 0 },
	{ 1679, "bitcat(bit varying,bit varying)", FUNC_SCALAR, "$1 || $2", 0 },
	{ 2004, "anytextcat(anynonarray,text)", FUNC_SCALAR, "pg_out($1, #1) || $2", 0 },
	{ 2003, "textanycat(text,anynonarray)", FUNC_SCALAR, "$1 || pg_out($2, #2)", 0 },
	{ 883, "substr(text,integer)", FUNC_SCALAR, "pg_substr($1, $2)", 0 },
	{ 877, "substr(text,integer,integer)", FUNC_SCALAR, "pg_substr($1, $2, $3)", FUNC_CHECKED },
	{ 2086, "substr(bytea,integer)", FUNC_SCALAR, "pg_bytea_substr($1, $2)", 0 },
	{ 2085, "substr(bytea,integer,integer)", FUNC_SCALAR, "pg_bytea_substr($1, $2, $3)", FUNC_CHECKED },
	{ 868, "strpos(text,text)", FUNC_SCALAR, "pg_strpos($1, $2)", 0 },
	{ 849, "\"position\"(text,text)", FUNC_SCALAR, "pg_strpos($1, $2)", 0 },
	{ 2014, "\"position\"(bytea,bytea)", FUNC_SCALAR, "pg_strpos($1, $2)", 0 },
	{ 2087, "replace(text,text,text)", FUNC_SCALAR, "pg_replace($1, $2, $3)", 0 },
	{ 885, "btrim(text)", FUNC_SCALAR, "pg_btrim($1)", 0 },
	{ 881, "ltrim(text)", FUNC_SCALAR, "pg_ltrim($1)", 0 },
	{ 882, "rtrim(text)", FUNC_SCALAR, "pg_rtrim($1)", 0 },
	{ 884, "btrim(text,text)", FUNC_SCALAR, "pg_btrim($1, $2)", 0 },
	{ 875, "ltrim(text,text)", FUNC_SCALAR, "pg_ltrim($1, $2)", 0 },
	{ 876, "rtrim(text,text)", FUNC_SCALAR, "pg_rtrim($1, $2)", 0 },
	{ 2015, "btrim(bytea,bytea)", FUNC_SCALAR, "pg_btrim($1, $2)", 0 },
	{ 6195, "ltrim(bytea,bytea)", FUNC_SCALAR, "pg_ltrim($1, $2)", 0 },
	{ 6196, "rtrim(bytea,bytea)", FUNC_SCALAR, "pg_rtrim($1, $2)", 0 },
	{ 879, "lpad(text,integer)", FUNC_SCALAR, "pg_lpad($1, $2)", 0 },
	{ 880, "rpad(text,integer)", FUNC_SCALAR, "pg_rpad($1, $2)", 0 },
	{ 873, "lpad(text,integer,text)", FUNC_SCALAR, "pg_lpad($1, $2, $3)", 0 },
	{ 874, "rpad(text,integer,text)", FUNC_SCALAR, "pg_rpad($1, $2, $3)", 0 },
	{ 3060, "\"left\"(text,integer)", FUNC_SCALAR, "pg_left($1, $2)", 0 },
	{ 3061, "\"right\"(text,integer)", FUNC_SCALAR, "pg_right($1, $2)", 0 },
	{ 1622, "repeat(text,integer)", FUNC_SCALAR, "pg_repeat($1, $2)", 0 },
	{ 3062, "reverse(text)", FUNC_SCALAR, "pg_reverse($1)", 0 },
	{ 1620, "ascii(text)", FUNC_SCALAR, "pg_ascii($1)", 0 },
	{ 1621, "chr(integer)", FUNC_SCALAR, "pg_chr($1)", FUNC_CHECKED },
	{ 878, "translate(text,text,text)", FUNC_SCALAR, "pg_translate($1, $2, $3)", 0 },
	{ 3696, "starts_with(text,text)", FUNC_SCALAR, "pg_starts_with($1, $2)", 0 },
	{ 2088, "split_part(text,text,integer)", FUNC_SCALAR, "pg_split_part($1, $2, $3)", FUNC_CHECKED },
	{ 1405, "\"overlay\"(text,text,integer)", FUNC_SCALAR, "pg_overlay($1, $2, $3)", FUNC_CHECKED },
	{ 1404, "\"overlay\"(text,text,integer,integer)", FUNC_SCALAR,
	  "pg_overlay($1, $2, $3, $4)", FUNC_CHECKED },
	{ 2089, "to_hex(integer)", FUNC_SCALAR, "pg_to_hex($1, 32)", 0 },
	{ 2090, "to_hex(bigint)", FUNC_SCALAR, "pg_to_hex($1, 64)", 0 },
	{ 1283, "quote_literal(text)", FUNC_SCALAR, "pg_quote_literal($1)", 0 },
	{ 1285, "quote_literal(anyelement)", FUNC_SCALAR, "pg_quote_literal(pg_out($1, #1))", 0 },
	{ 1289, "quote_nullable(text)", FUNC_SCALAR, "pg_quote_nullable($1)", 0 },
	{ 1290, "quote_nullable(anyelement)", FUNC_SCALAR, "pg_quote_nullable(pg_out($1, #1))", 0 },
	{ 1282, "quote_ident(text)", FUNC_SCALAR, "pg_quote_ident($1)", 0 },
	{ 2311, "md5(text)", FUNC_SCALAR, "pg_digest($1, 5)", 0 },
	{ 2321, "md5(bytea)", FUNC_SCALAR, "pg_digest($1, 5)", 0 },
	{ 3419, "sha224(bytea)", FUNC_SCALAR, "pg_digest($1, 224)", 0 },
	{ 3420, "sha256(bytea)", FUNC_SCALAR, "pg_digest($1, 256)", 0 },
	{ 3421, "sha384(bytea)", FUNC_SCALAR, "pg_digest($1, 384)", 0 },
	{ 3422, "sha512(bytea)", FUNC_SCALAR, "pg_digest($1, 512)", 0 },
	{ 1946, "encode(bytea,text)", FUNC_SCALAR, "pg_encode($1, $2)", FUNC_CHECKED },
	{ 1947, "decode(text,text)", FUNC_SCALAR, "pg_decode($1, $2)", FUNC_CHECKED },
	{ 1714, "convert_from(bytea,name)", FUNC_SCALAR, "pg_convert_from($1, $2)", FUNC_CHECKED },
	{ 1717, "convert_to(text,name)", FUNC_SCALAR, "pg_convert_to($1, $2)", FUNC_CHECKED },
	{ 3058, "concat(\"any\")", FUNC_SCALAR, "pg_concat(#*)", 0 },
	{ 3059, "concat_ws(text,\"any\")", FUNC_SCALAR, "pg_concat_ws(#*)", 0 },
	{ 3540, "format(text)", FUNC_SCALAR, "pg_format($1, 25)", FUNC_CHECKED },
	{ 3539, "format(text,\"any\")", FUNC_SCALAR, "pg_format(#*)", FUNC_CHECKED },
	{ 721, "get_byte(bytea,integer)", FUNC_SCALAR, "pg_get_byte($1, $2)", FUNC_CHECKED },
	{ 722, "set_byte(bytea,integer,integer)", FUNC_SCALAR, "pg_set_byte($1, $2, $3)", FUNC_CHECKED },
	{ 6163, "bit_count(bytea)", FUNC_SCALAR, "pg_bit_count($1)", 0 },
	{ 6162, "bit_count(bit)", FUNC_SCALAR, "pg_bit_count($1)", 0 },
	{ 3432, "gen_random_uuid()", FUNC_SCALAR, "pg_gen_random_uuid()", 0 },
	{ 458, "text_larger(text,text)", FUNC_SCALAR, "max($1, $2)", 0 },
	{ 459, "text_smaller(text,text)", FUNC_SCALAR, "min($1, $2)", 0 },
	{ 360, "bttextcmp(text,text)", FUNC_SCALAR, "(($1 > $2) - ($1 < $2))", FUNC_COPIES },
	{ 937, "\"substring\"(text,integer)", FUNC_SCALAR, "pg_substr($1, $2)", 0 },
	{ 936, "\"substring\"(text,integer,integer)", FUNC_SCALAR, "pg_substr($1, $2, $3)", FUNC_CHECKED },
	{ 2013, "\"substring\"(bytea,integer)", FUNC_SCALAR, "pg_bytea_substr($1, $2)", 0 },
	{ 2012, "\"substring\"(bytea,integer,integer)", FUNC_SCALAR,
	  "pg_bytea_substr($1, $2, $3)", FUNC_CHECKED },
	{ 1699, "\"substring\"(bit,integer)", FUNC_SCALAR, "pg_substr($1, $2)", 0 },
	{ 1680, "\"substring\"(bit,integer,integer)", FUNC_SCALAR, "pg_substr($1, $2, $3)", FUNC_CHECKED },
	{ 0 },
};
