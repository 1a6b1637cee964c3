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

#define MAX_DEPTH 3000

struct json_parser {
	struct arena *arena;
	const char *text, *p, *end;
	int depth;
	bool bad_unicode;
	struct sql_error *err;
};

static bool syntax(struct json_parser *s, const char *expected)
{
	const char *token = s->p;
	size_t len = 0;

	if (s->bad_unicode)
		return false;
	sql_error_set(s->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
	if (token >= s->end)
		return sql_error_detail(s->err, "The input string ended unexpectedly.");
	while (token + len < s->end &&
	       (type_is_alpha(token[len]) || type_is_digit(token[len]) || token[len] == '_' ||
		token[len] == '.' || token[len] == '-' || token[len] == '+' || (token[len] & 0x80) != 0))
		len++;
	if (len > 0 && expected != NULL &&
	    ((len == 4 && (memcmp(token, "true", 4) == 0 || memcmp(token, "null", 4) == 0)) ||
	     (len == 5 && memcmp(token, "false", 5) == 0) || type_is_digit(*token)))
		return sql_error_detail(s->err, "Expected %s, but found \"%.*s\".", expected, (int)len, token);
	if (len > 0)
		return sql_error_detail(s->err, "Token \"%.*s\" is invalid.", (int)len, token);
	if (strchr("{}[]:,", *token) == NULL && *token != '"')
		return sql_error_detail(s->err, "Token \"%.*s\" is invalid.", (int)utf8_size(*token), token);
	len = 1;
	if (*token == '"')
		while (token + len < s->end && token[len - (len > 1)] != '"')
			len++;
	return sql_error_detail(s->err, "Expected %s, but found \"%.*s\".",
				expected == NULL ? "JSON value" : expected, (int)len, token);
}

static void skip(struct json_parser *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static int hex4(const char *p)
{
	unsigned char b[2];

	return hex_decode(p, 4, b) ? b[0] << 8 | b[1] : -1;
}

static bool bad_string(struct json_parser *s, const char *detail, const char *at, size_t len)
{
	sql_error_set(s->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
	s->bad_unicode = true;
	return sql_error_detail(s->err, detail, (int)len, at);
}

static bool parse_string(struct json_parser *s, struct json *j)
{
	const char *start = ++s->p, *p = start;
	char *out, *at;

	while (p < s->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	j->kind = JSON_STRING;
	if (p < s->end && *p == '"') {
		j->text = start;
		j->len = (size_t)(p - start);
		s->p = p + 1;
		return true;
	}
	/* the value is never longer than its text */
	const char *close = p;
	while (close < s->end && *close != '"')
		close += *close == '\\' && close + 1 < s->end ? 2 : 1;
	out = at = arena_alloc(s->arena, (size_t)(close - start) + 1);
	if (out == NULL) {
		s->bad_unicode = true;
		return sql_error_no_memory(s->err);
	}
	memcpy(at, start, (size_t)(p - start));
	at += p - start;
	int high = 0;
	while (p < s->end && *p != '"') {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20) {
			sql_error_set(s->err, ERRCODE_INVALID_TEXT, "invalid input syntax for type json");
			s->bad_unicode = true;
			return sql_error_detail(s->err, "Character with value 0x%02x must be escaped.", c);
		}
		if (c != '\\') {
			if (high != 0)
				return bad_string(s, "Unicode low surrogate must follow a high surrogate.%.*s", "", 0);
			*at++ = *p++;
			continue;
		}
		if (++p == s->end)
			break;
		c = (unsigned char)*p++;
		if (c == 'u') {
			int v = s->end - p >= 4 ? hex4(p) : -1;

			if (v < 0)
				return bad_string(s, "\"\\u\" must be followed by four hexadecimal digits.%.*s", "", 0);
			p += 4;
			if (v == 0) {
				sql_error_set(s->err, ERRCODE_UNTRANSLATABLE, "unsupported Unicode escape sequence");
				s->bad_unicode = true;
				return sql_error_detail(s->err, "\\u0000 cannot be converted to text.");
			}
			uint32_t u = (uint32_t)v;
			if (u >= 0xd800 && u < 0xdc00) {
				if (high != 0)
					return bad_string(s, "Unicode high surrogate must not follow a high surrogate.%.*s", "", 0);
				high = v;
				continue;
			}
			if (u >= 0xdc00 && u < 0xe000) {
				if (high == 0)
					return bad_string(s, "Unicode low surrogate must follow a high surrogate.%.*s", "", 0);
				u = 0x10000 + (((uint32_t)high & 0x3ff) << 10) + (u & 0x3ff);
				high = 0;
			} else if (high != 0) {
				return bad_string(s, "Unicode low surrogate must follow a high surrogate.%.*s", "", 0);
			}
			if (u < 0x80) {
				*at++ = (char)u;
			} else if (u < 0x800) {
				*at++ = (char)(0xc0 | u >> 6);
				*at++ = (char)(0x80 | (u & 0x3f));
			} else if (u < 0x10000) {
				*at++ = (char)(0xe0 | u >> 12);
				*at++ = (char)(0x80 | (u >> 6 & 0x3f));
				*at++ = (char)(0x80 | (u & 0x3f));
			} else {
				*at++ = (char)(0xf0 | u >> 18);
				*at++ = (char)(0x80 | (u >> 12 & 0x3f));
				*at++ = (char)(0x80 | (u >> 6 & 0x3f));
				*at++ = (char)(0x80 | (u & 0x3f));
			}
			continue;
		}
		if (high != 0)
			return bad_string(s, "Unicode low surrogate must follow a high surrogate.%.*s", "", 0);
		switch (c) {
		case '"':
		case '\\':
		case '/':
			*at++ = (char)c;
			break;
		case 'b':
			*at++ = '\b';
			break;
		case 'f':
			*at++ = '\f';
			break;
		case 'n':
			*at++ = '\n';
			break;
		case 'r':
			*at++ = '\r';
			break;
		case 't':
			*at++ = '\t';
			break;
		default:
			return bad_string(s, "Escape sequence \"\\%.*s\" is invalid.", p - 1, utf8_size((char)c));
		}
	}
	if (high != 0)
		return bad_string(s, "Unicode low surrogate must follow a high surrogate.%.*s", "", 0);
	if (p >= s->end) {
		size_t len = (size_t)(s->end - start + 1);

		return bad_string(s, "Token \"%.*s\" is invalid.", start - 1, len);
	}
	s->p = p + 1;
	j->text = out;
	j->len = (size_t)(at - out);
	return true;
}

static bool parse_number(struct json_parser *s, struct json *j)
{
	const char *p = s->p;
	bool ok = true;

	if (*p == '-')
		p++;
	if (p < s->end && *p == '0')
		p++;
	else if (p < s->end && type_is_digit(*p))
		while (p < s->end && type_is_digit(*p))
			p++;
	else
		ok = false;
	if (ok && p < s->end && *p == '.') {
		const char *digits = ++p;

		while (p < s->end && type_is_digit(*p))
			p++;
		ok = p > digits;
	}
	if (ok && p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		const char *digits = p;
		while (p < s->end && type_is_digit(*p))
			p++;
		ok = p > digits;
	}
	if (!ok || (p < s->end && (type_is_alpha(*p) || type_is_digit(*p) || *p == '_' || *p == '.')))
		return syntax(s, NULL);
	j->kind = JSON_NUMBER;
	j->text = s->p;
	j->len = (size_t)(p - s->p);
	s->p = p;
	return true;
}

static bool parse_value(struct json_parser *s, struct json *j);

static bool add_item(struct json_parser *s, struct json *j, size_t *room, bool named)
{
	if (j->n < *room)
		return true;
	size_t more = *room == 0 ? 8 : 2 * *room;
	struct json *items = arena_alloc(s->arena, more * sizeof(*items));
	struct json *names = named ? arena_alloc(s->arena, more * sizeof(*names)) : NULL;
	if (items == NULL || (named && names == NULL)) {
		s->bad_unicode = true;
		return sql_error_no_memory(s->err);
	}
	if (j->n > 0) {
		memcpy(items, j->items, j->n * sizeof(*items));
		if (named)
			memcpy(names, j->names, j->n * sizeof(*names));
	}
	j->items = items;
	j->names = names;
	*room = more;
	return true;
}

static bool parse_container(struct json_parser *s, struct json *j)
{
	bool object = *s->p++ == '{';
	char close = object ? '}' : ']';
	size_t room = 0;

	j->kind = object ? JSON_OBJECT : JSON_ARRAY;
	skip(s);
	if (s->p < s->end && *s->p == close) {
		s->p++;
		return true;
	}
	for (;;) {
		if (!add_item(s, j, &room, object))
			return false;
		skip(s);
		if (object) {
			memset(&j->names[j->n], 0, sizeof(*j->names));
			if (s->p >= s->end || *s->p != '"')
				return syntax(s, j->n == 0 ? "string or \"}\"" : "string");
			if (!parse_string(s, &j->names[j->n]))
				return false;
			skip(s);
			if (s->p >= s->end || *s->p != ':')
				return syntax(s, "\":\"");
			s->p++;
		}
		if (!parse_value(s, &j->items[j->n]))
			return false;
		j->n++;
		skip(s);
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			continue;
		}
		if (s->p < s->end && *s->p == close) {
			s->p++;
			return true;
		}
		return syntax(s, object ? "\",\" or \"}\"" : "\",\" or \"]\"");
	}
}

static bool parse_value(struct json_parser *s, struct json *j)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "null", JSON_NULL } };
	bool ok = false;

	memset(j, 0, sizeof(*j));
	skip(s);
	if (s->p >= s->end)
		return syntax(s, NULL);
	if (++s->depth > MAX_DEPTH) {
		s->bad_unicode = true;
		sql_error_set(s->err, ERRCODE_TOO_COMPLEX, "stack depth limit exceeded");
		return false;
	}
	const char *start = s->p;
	if (*s->p == '"') {
		ok = parse_string(s, j);
	} else if (*s->p == '{' || *s->p == '[') {
		ok = parse_container(s, j);
	} else if (*s->p == '-' || type_is_digit(*s->p)) {
		ok = parse_number(s, j);
	} else {
		size_t len = 0;

		while (s->p + len < s->end && (type_is_alpha(s->p[len]) || type_is_digit(s->p[len]) || s->p[len] == '_'))
			len++;
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (len == strlen(words[i].word) && memcmp(s->p, words[i].word, len) == 0) {
				j->kind = words[i].kind;
				s->p += len;
				ok = true;
			}
		if (!ok)
			return syntax(s, NULL);
	}
	j->source = start;
	j->source_len = (size_t)(s->p - start);
	s->depth--;
	return ok;
}

bool json_parse(struct arena *arena, const char *text, size_t len, struct json *out, struct sql_error *err)
{
	struct json_parser s = { .arena = arena, .text = text, .p = text, .end = text + len, .err = err };

	if (!parse_value(&s, out))
		return false;
	skip(&s);
	return s.p == s.end ? true : syntax(&s, "end of input");
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

static bool encode(struct encoder *e, const struct json *j)
{
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
		key_put_int(e->out, (int64_t)j->n);
		for (size_t i = 0; i < j->n; i++) {
			if (j->kind == JSON_OBJECT)
				key_put_text(e->out, j->names[i].text, j->names[i].len);
			if (!encode(e, &j->items[i]))
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
	ok = encode(&e, j);
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
	if (d->p >= d->end || *d->p < '1' || *d->p > '7' || ++d->depth > MAX_DEPTH + 8)
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
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct json j;
	bool ok = utf8_check(in->data, in->len, err) && json_parse(&arena, in->data, in->len, &j, err);

	arena_free(&arena);
	/* \u0000 is allowed in json, which keeps the text */
	if (!ok && strcmp(err->sqlstate, ERRCODE_UNTRANSLATABLE) == 0) {
		sql_error_clear(err);
		ok = true;
	}
	datum_set_text(out, in->data, in->len);
	return ok;
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
