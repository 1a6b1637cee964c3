/*
 * json.c - json and jsonb
 *
 * Source: RFC 8259; PostgreSQL 15 documentation, section 8.14.
 * Licence: MIT, see LICENSE.
 */
#include "sql/type/json.h"

#include "sql/type/array.h"
#include "sql/type/impl.h"
#include "sql/type/key.h"
#include "sql/type/numeric.h"

/* So deep may arrays and objects be nested. */
#define MAX_DEPTH 4000

enum token { T_END, T_STRING, T_NUMBER, T_TRUE, T_FALSE, T_NULL, T_PUNCT };

struct reader {
	struct arena *arena;
	bool check; /* only check: build nothing */
	const char *p, *end; /* p: behind the token */
	enum token token;
	const char *start;   /* of the token */
	const char *last;    /* end of the token before */
	const char *text;    /* of a string */
	size_t len;
	struct sql_error *err;
};

static bool bad(struct reader *r, const char *format, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);

	sql_error_set(r->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
	return sql_error_detail(r->err, format, (int)(len < 900 ? len : 900), from);
}

static bool bad_plain(struct reader *r, const char *detail)
{
	sql_error_set(r->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
	return sql_error_detail(r->err, "%s", detail);
}

static bool bad_token(struct reader *r, const char *to)
{
	return bad(r, "Token \"%.*s\" is invalid.", r->start, to);
}

/* The token is not what is wanted here. */
static bool unexpected(struct reader *r, const char *wanted)
{
	if (r->token == T_END)
		return bad_plain(r, "The input string ended unexpectedly.");
	size_t len = (size_t)(r->p - r->start);
	sql_error_set(r->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
	return sql_error_detail(r->err, "Expected %s, but found \"%.*s\".", wanted, (int)(len < 900 ? len : 900),
				r->start);
}

static bool is_word(char c)
{
	return type_is_alpha(c) || type_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

static int hex_value(char c)
{
	return type_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *put_character(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

#define LONE_LOW "Unicode low surrogate must follow a high surrogate."

/* \uXXXX at s, behind the u; *high is the high surrogate that waits for its low one */
static bool read_unicode(struct reader *r, const char **s, unsigned *high, char **to)
{
	unsigned c = 0;

	for (int i = 0; i < 4; i++, (*s)++) {
		if (*s == r->end)
			return bad_token(r, *s);
		int v = hex_value(**s);
		if (v < 0)
			return bad_plain(r, "\"\\u\" must be followed by four hexadecimal digits.");
		c = c << 4 | (unsigned)v;
	}
	if (r->check)
		return true;
	if (c >= 0xd800 && c < 0xdc00) {
		if (*high != 0)
			return bad_plain(r, "Unicode high surrogate must not follow a high surrogate.");
		*high = c;
		return true;
	}
	if (c >= 0xdc00 && c < 0xe000) {
		if (*high == 0)
			return bad_plain(r, LONE_LOW);
		c = 0x10000 + ((*high - 0xd800) << 10) + (c - 0xdc00);
		*high = 0;
	}
	if (*high != 0)
		return bad_plain(r, LONE_LOW);
	if (c == 0) {
		sql_error_set(r->err, ERRCODE_UNTRANSLATABLE, "unsupported Unicode escape sequence");
		return sql_error_detail(r->err, "\\u0000 cannot be converted to text.");
	}
	*to = put_character(*to, c);
	return true;
}

/* r->start is at the opening quote. */
static bool read_string(struct reader *r)
{
	const char *s = r->start + 1;
	char *copy = NULL, *to = NULL;
	unsigned high = 0;

	while (s < r->end && *s != '"' && *s != '\\' && (unsigned char)*s >= ' ')
		s++;
	r->text = r->start + 1;
	r->len = (size_t)(s - r->text);
	if (s < r->end && *s == '\\' && !r->check) {
		const char *quote = s;

		/* what is written never grows, and ends before the quote that is not escaped */
		while (quote < r->end && *quote != '"')
			quote += *quote == '\\' && quote + 1 < r->end ? 2 : 1;
		copy = arena_alloc(r->arena, (size_t)(quote - r->text) + 4);
		if (copy == NULL)
			return sql_error_no_memory(r->err);
		memcpy(copy, r->text, r->len);
		to = copy + r->len;
	}
	for (;; s++) {
		if (s == r->end)
			return bad_token(r, s);
		if (*s == '"')
			break;
		if ((unsigned char)*s < ' ') {
			sql_error_set(r->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
			return sql_error_detail(r->err, "Character with value 0x%02x must be escaped.",
						(unsigned)(unsigned char)*s);
		}
		if (*s != '\\') {
			if (high != 0)
				return bad_plain(r, LONE_LOW);
			if (to != NULL)
				*to++ = *s;
			continue;
		}
		if (++s == r->end)
			return bad_token(r, s);
		if (*s == 'u') {
			s++;
			if (!read_unicode(r, &s, &high, &to))
				return false;
			s--;
			continue;
		}
		if (high != 0)
			return bad_plain(r, LONE_LOW);
		static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
		const char *at = memchr(names, *s, sizeof(names) - 1);
		if (at == NULL) {
			size_t size = utf8_size(*s);

			if (size > (size_t)(r->end - s))
				size = (size_t)(r->end - s);
			return bad(r, "Escape sequence \"\\%.*s\" is invalid.", s, s + size);
		}
		if (to != NULL)
			*to++ = meant[at - names];
	}
	if (high != 0)
		return bad_plain(r, LONE_LOW);
	if (copy != NULL) {
		r->text = copy;
		r->len = (size_t)(to - copy);
	}
	r->token = T_STRING;
	r->p = s + 1;
	return true;
}

static const char *skip_digits(const char *s, const char *end)
{
	while (s < end && type_is_digit(*s))
		s++;
	return s;
}

static bool read_number(struct reader *r)
{
	const char *s = r->start + (*r->start == '-'), *digits = s;
	bool ok;

	s = skip_digits(s, r->end);
	ok = s > digits && (*digits != '0' || s == digits + 1);
	if (ok && s < r->end && *s == '.') {
		digits = ++s;
		s = skip_digits(s, r->end);
		ok = s > digits;
	}
	if (ok && s < r->end && (*s == 'e' || *s == 'E')) {
		s++;
		if (s < r->end && (*s == '+' || *s == '-'))
			s++;
		digits = s;
		s = skip_digits(s, r->end);
		ok = s > digits;
	}
	if (!ok || (s < r->end && is_word(*s))) {
		while (s < r->end && is_word(*s))
			s++;
		return bad_token(r, s);
	}
	r->token = T_NUMBER;
	r->p = s;
	return true;
}

static bool next(struct reader *r)
{
	static const struct {
		const char *word;
		size_t len;
		enum token token;
	} words[] = { { "true", 4, T_TRUE }, { "false", 5, T_FALSE }, { "null", 4, T_NULL } };
	const char *s;

	r->last = r->p;
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
	r->start = r->p;
	if (r->p == r->end) {
		r->token = T_END;
		return true;
	}
	switch (*r->p) {
	case '{': case '}': case '[': case ']': case ',': case ':':
		r->token = T_PUNCT;
		r->p++;
		return true;
	case '"':
		return read_string(r);
	case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
		return read_number(r);
	default:
		break;
	}
	for (s = r->p; s < r->end && is_word(*s);)
		s++;
	if (s == r->p)
		return bad_token(r, s + 1);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].len == (size_t)(s - r->p) && memcmp(words[i].word, r->p, words[i].len) == 0) {
			r->token = words[i].token;
			r->p = s;
			return true;
		}
	return bad_token(r, s);
}

static bool at_punct(const struct reader *r, char c)
{
	return r->token == T_PUNCT && *r->start == c;
}

struct item {
	struct json name, value;
	struct item *next;
};

static bool too_deep(struct sql_error *err)
{
	sql_error_set(err, ERRCODE_TOO_COMPLEX, "stack depth limit exceeded");
	return sql_error_hint(err, "A JSON document may be nested %d levels deep.", MAX_DEPTH);
}

static bool read_value(struct reader *r, struct json *out, int depth);

/* "name": with the value's first token behind it */
static bool read_name(struct reader *r, struct json *name)
{
	if (r->token != T_STRING)
		return unexpected(r, "string");
	*name = (struct json){ .kind = JSON_STRING, .text = r->text, .len = r->len };
	if (!next(r))
		return false;
	if (!at_punct(r, ':'))
		return unexpected(r, "\":\"");
	return next(r);
}

/* The token is the opening bracket. */
static bool read_items(struct reader *r, struct json *out, int depth)
{
	bool object = out->kind == JSON_OBJECT;
	char close = object ? '}' : ']';
	struct item *first = NULL, **tail = &first;
	struct item one;

	if (!next(r))
		return false;
	if (object && !at_punct(r, '}') && r->token != T_STRING)
		return unexpected(r, "string or \"}\"");
	while (!at_punct(r, close)) {
		struct item *item = &one;

		if (!r->check) {
			item = arena_alloc(r->arena, sizeof(*item));
			if (item == NULL)
				return sql_error_no_memory(r->err);
			item->next = NULL;
			*tail = item;
			tail = &item->next;
		}
		if ((object && !read_name(r, &item->name)) || !read_value(r, &item->value, depth))
			return false;
		out->n++;
		if (at_punct(r, close))
			break;
		if (!at_punct(r, ','))
			return unexpected(r, object ? "\",\" or \"}\"" : "\",\" or \"]\"");
		if (!next(r))
			return false;
		if (at_punct(r, close))
			return unexpected(r, object ? "string" : "JSON value");
	}
	if (r->check || out->n == 0)
		return true;
	out->items = arena_alloc(r->arena, out->n * sizeof(*out->items));
	out->names = object ? arena_alloc(r->arena, out->n * sizeof(*out->names)) : NULL;
	if (out->items == NULL || (object && out->names == NULL))
		return sql_error_no_memory(r->err);
	size_t i = 0;
	for (struct item *item = first; item != NULL; item = item->next, i++) {
		out->items[i] = item->value;
		if (object)
			out->names[i] = item->name;
	}
	return true;
}

/* The value that begins with the token; then the token is the one behind it. */
static bool read_value(struct reader *r, struct json *out, int depth)
{
	const char *start = r->start;

	memset(out, 0, sizeof(*out));
	switch (r->token) {
	case T_STRING:
		out->kind = JSON_STRING;
		out->text = r->text;
		out->len = r->len;
		break;
	case T_NUMBER:
		out->kind = JSON_NUMBER;
		out->text = r->start;
		out->len = (size_t)(r->p - r->start);
		break;
	case T_TRUE:
		out->kind = JSON_TRUE;
		break;
	case T_FALSE:
		out->kind = JSON_FALSE;
		break;
	case T_NULL:
		break;
	case T_PUNCT:
		if (*r->start != '{' && *r->start != '[')
			return unexpected(r, "JSON value");
		if (depth >= MAX_DEPTH)
			return too_deep(r->err);
		out->kind = *r->start == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (!read_items(r, out, depth + 1))
			return false;
		break;
	case T_END:
		return unexpected(r, "JSON value");
	}
	if (!next(r))
		return false;
	out->source = start;
	out->source_len = (size_t)(r->last - start);
	return true;
}

static bool read_text(struct reader *r, struct json *out)
{
	if (!next(r) || !read_value(r, out, 0))
		return false;
	return r->token == T_END || bad(r, "Expected end of input, but found \"%.*s\".", r->start, r->p);
}

bool json_parse(struct arena *arena, const char *text, size_t len, struct json *out, struct sql_error *err)
{
	struct reader r = { .arena = arena, .p = text, .end = text + len, .err = err };

	return read_text(&r, out);
}

bool json_check(const char *text, size_t len, struct json *out, struct sql_error *err)
{
	struct reader r = { .check = true, .p = text, .end = text + len, .err = err };

	return read_text(&r, out);
}

static int compare_names(const struct json *a, const struct json *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

struct member {
	struct json name, value;
};

static void sort_members(struct member *m, struct member *room, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	sort_members(m, room, half);
	sort_members(m + half, room, n - half);
	while (i < half && j < n)
		room[k++] = compare_names(&m[i].name, &m[j].name) <= 0 ? m[i++] : m[j++];
	while (i < half)
		room[k++] = m[i++];
	while (j < n)
		room[k++] = m[j++];
	memcpy(m, room, n * sizeof(*m));
}

bool json_normalize(struct arena *arena, struct json *j)
{
	bool sorted = true;

	for (size_t i = 0; i < j->n; i++)
		if ((j->items[i].kind == JSON_ARRAY || j->items[i].kind == JSON_OBJECT) &&
		    !json_normalize(arena, &j->items[i]))
			return false;
	if (j->kind != JSON_OBJECT)
		return true;
	for (size_t i = 1; i < j->n && sorted; i++)
		sorted = compare_names(&j->names[i - 1], &j->names[i]) < 0;
	if (sorted)
		return true;
	struct member *m = arena_alloc(arena, 2 * j->n * sizeof(*m));
	if (m == NULL)
		return false;
	for (size_t i = 0; i < j->n; i++)
		m[i] = (struct member){ j->names[i], j->items[i] };
	sort_members(m, m + j->n, j->n);
	size_t kept = 0;
	for (size_t i = 0; i < j->n; i++) {
		/* of equal names the last that came */
		if (i + 1 < j->n && compare_names(&m[i].name, &m[i + 1].name) == 0)
			continue;
		j->names[kept] = m[i].name;
		j->items[kept++] = m[i].value;
	}
	j->n = kept;
	return true;
}

struct encoder {
	struct buf *out;
	struct buf payload;
	int64_t numbers;
	struct sql_error *err;
};

static bool encode(struct encoder *e, const struct json *j, int depth)
{
	if (depth == 0 && j->kind == JSON_ARRAY && j->n == 0) {
		buf_put_byte(e->out, '0');
		return true;
	}
	buf_put_byte(e->out, (char)('1' + j->kind));
	switch (j->kind) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_STRING:
		key_put_text(e->out, j->text, j->len);
		return true;
	case JSON_NUMBER: {
		struct numeric n;
		struct buf b = BUF_INIT(1 << 20);
		struct key_parts parts;

		if (numeric_parse(&n, j->text, j->len) != NUMERIC_PARSE_OK)
			return sql_error_set(e->err, ERRCODE_NUMERIC_OUT_OF_RANGE, "value overflows numeric format");
		numeric_encode(&b, &n);
		if (!b.failed && key_split(b.data, b.len, &parts)) {
			key_put_text(e->out, parts.key, parts.key_len);
			if (parts.payload_len > 0) {
				key_put_int(&e->payload, e->numbers);
				key_put_int(&e->payload, n.scale);
			}
		}
		e->numbers++;
		buf_free(&b);
		numeric_free(&n);
		return true;
	}
	case JSON_ARRAY:
	case JSON_OBJECT:
		if (depth >= MAX_DEPTH)
			return too_deep(e->err);
		key_put_int(e->out, (int64_t)j->n);
		for (size_t i = 0; i < j->n; i++) {
			if (j->kind == JSON_OBJECT)
				key_put_text(e->out, j->names[i].text, j->names[i].len);
			if (!encode(e, &j->items[i], depth + 1))
				return false;
		}
		return true;
	}
	return false;
}

bool jsonb_encode(struct arena *arena, struct json *j, struct buf *out, struct sql_error *err)
{
	struct encoder e = { .out = out, .payload = BUF_INIT(1 << 28), .err = err };
	bool ok;

	if (!json_normalize(arena, j))
		return sql_error_no_memory(err);
	buf_put_byte(out, KEY_MARK);
	ok = encode(&e, j, 0);
	key_finish(out, e.payload.data, e.payload.len);
	if (ok && (out->failed || e.payload.failed))
		ok = sql_error_no_memory(err);
	buf_free(&e.payload);
	return ok;
}

struct decoder {
	struct arena *arena;
	const char *p, *end;
	const char *payload, *payload_end;
	int64_t numbers, next, next_scale;
	int depth;
};

static void next_scale(struct decoder *d)
{
	if (d->payload >= d->payload_end || !key_get_int(&d->payload, d->payload_end, &d->next) ||
	    !key_get_int(&d->payload, d->payload_end, &d->next_scale))
		d->next = -1;
}

static bool decode_number(struct decoder *d, struct json *j)
{
	struct buf b = BUF_INIT(1 << 20);
	struct numeric n;
	const char *key;
	size_t len;
	bool ok;

	if (!key_get_text(&d->p, d->end, d->arena, &key, &len))
		return false;
	buf_put_byte(&b, KEY_MARK);
	buf_put(&b, key, len);
	key_finish(&b, NULL, 0);
	struct datum v;
	datum_set_text(&v, b.data, b.len);
	ok = !b.failed && numeric_from_datum(&n, &v);
	if (ok) {
		if (d->next == d->numbers) {
			numeric_round(&n, (int)d->next_scale);
			next_scale(d);
		}
		d->numbers++;
		buf_reset(&b);
		numeric_put(&b, &n);
		numeric_free(&n);
		j->text = arena_memdup(d->arena, b.data, b.len);
		j->len = b.len;
		ok = j->text != NULL;
	}
	buf_free(&b);
	return ok;
}

static bool decode(struct decoder *d, struct json *j)
{
	int64_t n;

	memset(j, 0, sizeof(*j));
	if (d->p < d->end && *d->p == '0' && d->depth == 0) {
		d->p++;
		j->kind = JSON_ARRAY;
		return true;
	}
	if (d->p >= d->end || *d->p < '1' || *d->p > '7' || ++d->depth > MAX_DEPTH + 1)
		return false;
	j->kind = (enum json_kind)(*d->p++ - '1');
	switch (j->kind) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	case JSON_STRING:
		if (!key_get_text(&d->p, d->end, d->arena, &j->text, &j->len))
			return false;
		break;
	case JSON_NUMBER:
		if (!decode_number(d, j))
			return false;
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		if (!key_get_int(&d->p, d->end, &n) || n < 0 || n > d->end - d->p)
			return false;
		j->n = (size_t)n;
		j->items = arena_alloc(d->arena, (j->n + 1) * sizeof(*j->items));
		if (j->kind == JSON_OBJECT)
			j->names = arena_calloc(d->arena, j->n + 1, sizeof(*j->names));
		if (j->items == NULL || (j->kind == JSON_OBJECT && j->names == NULL))
			return false;
		for (size_t i = 0; i < j->n; i++) {
			if (j->kind == JSON_OBJECT) {
				j->names[i].kind = JSON_STRING;
				if (!key_get_text(&d->p, d->end, d->arena, &j->names[i].text, &j->names[i].len))
					return false;
			}
			if (!decode(d, &j->items[i]))
				return false;
		}
		break;
	}
	d->depth--;
	return true;
}

bool jsonb_decode(struct arena *arena, const struct datum *v, struct json *out, struct sql_error *err)
{
	struct key_parts parts;

	if (v->kind == DATUM_TEXT && key_split(v->data, v->len, &parts)) {
		struct decoder d = { .arena = arena, .p = parts.key, .end = parts.key + parts.key_len,
				     .payload = parts.payload,
				     .payload_end = parts.payload + parts.payload_len, .next = -1 };

		next_scale(&d);
		if (decode(&d, out) && d.p == d.end)
			return true;
	}
	if (arena->failed)
		return sql_error_no_memory(err);
	return type_corrupt(JSONBOID, err);
}

void json_put_string(struct buf *out, const char *text, size_t len)
{
	size_t from = 0;

	buf_put_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *escape = NULL;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(out, text + from, i - from);
		from = i + 1;
		switch (c) {
		case '"':
			escape = "\\\"";
			break;
		case '\\':
			escape = "\\\\";
			break;
		case '\b':
			escape = "\\b";
			break;
		case '\f':
			escape = "\\f";
			break;
		case '\n':
			escape = "\\n";
			break;
		case '\r':
			escape = "\\r";
			break;
		case '\t':
			escape = "\\t";
			break;
		default:
			break;
		}
		if (escape != NULL)
			buf_put_str(out, escape);
		else
			buf_printf(out, "\\u%04x", c);
	}
	buf_put(out, text + from, len - from);
	buf_put_byte(out, '"');
}

static bool put_scalar(struct buf *out, const struct json *j)
{
	switch (j->kind) {
	case JSON_NULL:
		buf_put(out, "null", 4);
		return true;
	case JSON_FALSE:
		buf_put(out, "false", 5);
		return true;
	case JSON_TRUE:
		buf_put(out, "true", 4);
		return true;
	case JSON_STRING:
		json_put_string(out, j->text, j->len);
		return true;
	case JSON_NUMBER:
		buf_put(out, j->text, j->len);
		return true;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return false;
}

void json_put(struct buf *out, const struct json *j)
{
	if (put_scalar(out, j))
		return;
	buf_put_byte(out, j->kind == JSON_ARRAY ? '[' : '{');
	for (size_t i = 0; i < j->n; i++) {
		if (i > 0)
			buf_put(out, ", ", 2);
		if (j->kind == JSON_OBJECT) {
			json_put_string(out, j->names[i].text, j->names[i].len);
			buf_put(out, ": ", 2);
		}
		json_put(out, &j->items[i]);
	}
	buf_put_byte(out, j->kind == JSON_ARRAY ? ']' : '}');
}

static void put_indent(struct buf *out, int depth)
{
	buf_put_byte(out, '\n');
	for (int i = 0; i < depth * 4; i++)
		buf_put_byte(out, ' ');
}

void json_put_pretty(struct buf *out, const struct json *j, int depth)
{
	if (put_scalar(out, j))
		return;
	buf_put_byte(out, j->kind == JSON_ARRAY ? '[' : '{');
	for (size_t i = 0; i < j->n; i++) {
		if (i > 0)
			buf_put_byte(out, ',');
		put_indent(out, depth + 1);
		if (j->kind == JSON_OBJECT) {
			json_put_string(out, j->names[i].text, j->names[i].len);
			buf_put(out, ": ", 2);
		}
		json_put_pretty(out, &j->items[i], depth + 1);
	}
	put_indent(out, depth);
	buf_put_byte(out, j->kind == JSON_ARRAY ? ']' : '}');
}

const struct json *json_member(const struct json *j, const char *name, size_t len)
{
	/* of equal names the last counts */
	for (size_t i = j->kind == JSON_OBJECT ? j->n : 0; i-- > 0;)
		if (j->names[i].len == len && memcmp(j->names[i].text, name, len) == 0)
			return &j->items[i];
	return NULL;
}

bool json_equal(const struct json *a, const struct json *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_STRING:
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	case JSON_NUMBER: {
		struct numeric x, y;

		if (numeric_parse(&x, a->text, a->len) != NUMERIC_PARSE_OK)
			return false;
		bool same = numeric_parse(&y, b->text, b->len) == NUMERIC_PARSE_OK &&
			    numeric_compare(&x, &y) == 0;
		numeric_free(&x);
		numeric_free(&y);
		return same;
	}
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct json *other = a->kind == JSON_ARRAY
						   ? &b->items[i]
						   : json_member(b, a->names[i].text, a->names[i].len);

		if (other == NULL || !json_equal(&a->items[i], other))
			return false;
	}
	return true;
}

static bool json_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct json j;

	datum_set_text(out, in->data, in->len);
	return utf8_check(in->data, in->len, err) && json_check(in->data, in->len, &j, err);
}

static bool json_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		     struct buf *out, struct sql_error *err)
{
	(void)ctx;
	if (value->kind != DATUM_TEXT)
		return type_corrupt(type, err);
	buf_put(out, value->data, value->len);
	return true;
}

static bool jsonb_in(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct buf b = BUF_INIT(1 << 30);
	struct json j;
	bool ok = utf8_check(in->data, in->len, err) && json_parse(&arena, in->data, in->len, &j, err) &&
		  jsonb_encode(&arena, &j, &b, err) && datum_copy_text(in->ctx, b.data, b.len, out, err);

	buf_free(&b);
	arena_free(&arena);
	return ok;
}

static bool jsonb_out(const struct type_context *ctx, oid_t type, const struct datum *value,
		      struct buf *out, struct sql_error *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct json j;
	bool ok = jsonb_decode(&arena, value, &j, err);

	(void)ctx, (void)type;
	if (ok)
		json_put(out, &j);
	arena_free(&arena);
	return ok;
}

/* A version byte, then the text. */
static bool jsonb_recv(const struct type_input *in, struct datum *out, struct sql_error *err)
{
	struct type_input text = *in;

	if (in->len < 1)
		return type_bad_binary(err);
	if (in->data[0] != 1)
		return sql_error_set(err, ERRCODE_INTERNAL, "unsupported jsonb version number %d", in->data[0]);
	text.data++;
	text.len--;
	return jsonb_in(&text, out, err);
}

static bool jsonb_send(const struct type_context *ctx, oid_t type, const struct datum *value,
		       struct buf *out, struct sql_error *err)
{
	buf_put_byte(out, 1);
	return jsonb_out(ctx, type, value, out, err);
}

const struct type_ops json_types[] = {
	{ JSONOID, "TEXT", json_in, json_out, json_in, json_out },
	{ JSONBOID, KEY_STORAGE, jsonb_in, jsonb_out, jsonb_recv, jsonb_send },
	{ 0 },
};
