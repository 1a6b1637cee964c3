/*
 * regexp.c - LIKE and its relatives, regular expressions
 *
 * PostgreSQL's advanced regular expressions are run by PCRE2: the text of the pattern is
 * rewritten where the two differ.  One difference stays: of several alternatives that
 * match, PCRE2 takes the first and not the longest.
 *
 * Source: PostgreSQL 15 documentation, section 9.7.
 * Licence: MIT, see LICENSE.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "sql/func/datum.h"
#include "sql/func/pattern.h"
#include "sql/func/tables.h"
#include "sql/func/text.h"
#include "sql/type/impl.h"

/* 1 match, 0 none, -1: the pattern ends with the escape character */
static int like(const char *t, const char *t_end, const char *p, const char *p_end, bool fold, int escape)
{
	while (p < p_end) {
		if (*p == '%') {
			while (p < p_end && (*p == '%' || *p == '_')) {
				if (*p == '_') {
					if (t == t_end)
						return 0;
					t += utf8_prefix(t, (size_t)(t_end - t), 1);
				}
				p++;
			}
			if (p == p_end)
				return 1;
			if ((unsigned char)*p == escape && p + 1 == p_end)
				return -1;
			for (;;) {
				/* go to where the pattern's next byte is, if it is a plain one */
				if (!fold && (unsigned char)*p != escape) {
					t = memchr(t, *p, (size_t)(t_end - t));
					if (t == NULL)
						return 0;
				}
				int r = like(t, t_end, p, p_end, fold, escape);
				if (r != 0 || t == t_end)
					return r;
				t += utf8_prefix(t, (size_t)(t_end - t), 1);
			}
		}
		if (*p == '_') {
			if (t == t_end)
				return 0;
			t += utf8_prefix(t, (size_t)(t_end - t), 1);
			p++;
			continue;
		}
		if ((unsigned char)*p == escape && ++p == p_end)
			return -1;
		if (t == t_end)
			return 0;
		if (fold && (((unsigned char)*p | (unsigned char)*t) & 0x80) != 0) {
			size_t a, b;

			if (char_fold(utf8_decode(t, (size_t)(t_end - t), &a), false) !=
			    char_fold(utf8_decode(p, (size_t)(p_end - p), &b), false))
				return 0;
			t += a;
			p += b;
			continue;
		}
		if (fold ? type_lower(*t) != type_lower(*p) : *t != *p)
			return 0;
		t++;
		p++;
	}
	return t == t_end;
}

static int like_text(sqlite3_context *ctx, const char *t, size_t t_len, const char *p, size_t p_len,
		     bool fold, int escape)
{
	int r = like(t, t + t_len, p, p + p_len, fold, escape);

	if (r < 0)
		func_fail(ctx, ERRCODE_INVALID_ESCAPE_SEQUENCE,
			  "LIKE pattern must not end with escape character");
	return r;
}

static void fn_like_fold(sqlite3_context *ctx, int n, sqlite3_value **argv, bool fold)
{
	int escape = '\\';

	if (func_any_null(n, argv))
		return;
	struct func_text t = func_text(argv[0]), p = func_text(argv[1]);
	if (n > 2) {
		struct func_text e = func_text(argv[2]);

		if (e.len > 1) {
			sql_error_set(&func_conn(ctx)->err, ERRCODE_INVALID_ESCAPE_SEQUENCE,
				      "invalid escape string");
			sql_error_hint(&func_conn(ctx)->err, "Escape string must be empty or one character.");
			sql_conn_fail(func_conn(ctx), ctx);
			return;
		}
		escape = e.len == 0 ? -1 : (unsigned char)*e.data;
	}
	int r = like_text(ctx, t.data, t.len, p.data, p.len, fold, escape);
	if (r >= 0)
		func_result_bool(ctx, r == 1);
}

static void fn_like(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	fn_like_fold(ctx, n, argv, false);
}

static void fn_ilike(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	fn_like_fold(ctx, n, argv, true);
}

/* like_escape(pattern, escape): the same pattern with \ as escape */
static void fn_like_escape(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct buf *b = func_buf(func_conn(ctx));

	if (func_any_null(n, argv))
		return;
	struct func_text p = func_text(argv[0]), e = func_text(argv[1]);
	if (utf8_length(e.data, e.len) > 1) {
		sql_error_set(&func_conn(ctx)->err, ERRCODE_INVALID_ESCAPE_SEQUENCE, "invalid escape string");
		sql_error_hint(&func_conn(ctx)->err, "Escape string must be empty or one character.");
		sql_conn_fail(func_conn(ctx), ctx);
		return;
	}
	bool after = false;
	for (size_t i = 0; i < p.len;) {
		if (e.len > 0 && !after && p.len - i >= e.len && memcmp(p.data + i, e.data, e.len) == 0) {
			buf_put_byte(b, '\\');
			after = true;
			i += e.len;
			continue;
		}
		if (p.data[i] == '\\' && !after)
			buf_put_byte(b, '\\');
		buf_put_byte(b, p.data[i++]);
		after = false;
	}
	func_result_buf(ctx, b);
}

/* SIMILAR TO's pattern as a regular expression. */
static bool similar_escape(struct func_text p, const struct func_text *escape, struct buf *out,
			   struct sql_error *err)
{
	int esc = '\\', quotes = 0;
	bool bracket = false, after = false;

	if (escape != NULL) {
		if (escape->len > 1) {
			sql_error_set(err, ERRCODE_INVALID_ESCAPE_SEQUENCE, "invalid escape string");
			return sql_error_hint(err, "Escape string must be empty or one character.");
		}
		esc = escape->len == 0 ? -1 : (unsigned char)*escape->data;
	}
	buf_put_str(out, "^(?:");
	for (size_t i = 0; i < p.len; i++) {
		char c = p.data[i];

		if (after) {
			if (c == '"' && !bracket) {
				if (quotes == 0)
					buf_put_str(out, "){1,1}?(");
				else if (quotes == 1)
					buf_put_str(out, "){1,1}(?:");
				else
					return sql_error_set(err, "2200C",
							     "SQL regular expression may not contain more than two escape-double-quote separators");
				quotes++;
			} else {
				buf_put_byte(out, '\\');
				buf_put_byte(out, c);
			}
			after = false;
		} else if ((unsigned char)c == esc) {
			after = true;
		} else if (bracket) {
			if (c == '\\')
				buf_put_byte(out, '\\');
			buf_put_byte(out, c);
			if (c == ']')
				bracket = false;
		} else if (c == '[') {
			buf_put_byte(out, c);
			bracket = true;
		} else if (c == '%') {
			buf_put_str(out, ".*");
		} else if (c == '_') {
			buf_put_byte(out, '.');
		} else if (c == '(') {
			buf_put_str(out, "(?:");
		} else {
			if (c == '\\' || c == '.' || c == '^' || c == '$')
				buf_put_byte(out, '\\');
			buf_put_byte(out, c);
		}
	}
	buf_put_str(out, ")$");
	return true;
}

static void fn_similar_escape(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf *b = func_buf(conn);
	struct func_text escape = { 0 };

	if (func_any_null(n, argv))
		return;
	if (n > 1)
		escape = func_text(argv[1]);
	if (similar_escape(func_text(argv[0]), n > 1 ? &escape : NULL, b, &conn->err))
		func_result_buf(ctx, b);
	else
		sql_conn_fail(conn, ctx);
}

/* Compiled expressions of a connection, the one used last first. */
struct regexp {
	char *pattern;
	size_t len;
	uint32_t options;
	pcre2_code *code;
	pcre2_match_data *match;
};

enum { CACHE_SIZE = 16 };

struct regexp_cache {
	struct regexp entries[CACHE_SIZE];
	int n;
	pcre2_compile_context *compile;
	pcre2_match_context *limits;
};

static void regexp_free(struct regexp *r)
{
	free(r->pattern);
	pcre2_code_free(r->code);
	pcre2_match_data_free(r->match);
}

void func_regexp_cache_free(struct func_state *state)
{
	struct regexp_cache *cache = state->regexp_cache;

	if (cache == NULL)
		return;
	for (int i = 0; i < cache->n; i++)
		regexp_free(&cache->entries[i]);
	pcre2_compile_context_free(cache->compile);
	pcre2_match_context_free(cache->limits);
	free(cache);
	state->regexp_cache = NULL;
}

static bool invalid_regexp(struct sql_error *err, const char *why)
{
	return sql_error_set(err, ERRCODE_INVALID_REGEXP, "invalid regular expression: %s", why);
}

/* PostgreSQL's escapes that PCRE2 has under another name, or has with another meaning. */
static bool put_escape(const char **p, const char *end, bool bracket, struct buf *out,
		       struct sql_error *err)
{
	char c = **p;

	(*p)++;
	switch (c) {
	case 'm':
	case '<':
		if (bracket)
			break;
		buf_put_str(out, c == 'm' ? "\\b(?=\\w)" : "<");
		return true;
	case 'M':
		if (bracket)
			break;
		buf_put_str(out, "\\b(?<=\\w)");
		return true;
	case 'y':
	case 'Y':
		if (bracket)
			break;
		buf_put_str(out, c == 'y' ? "\\b" : "\\B");
		return true;
	case 'Z':
		if (bracket)
			break;
		buf_put_str(out, "\\z");
		return true;
	case 'A':
		if (bracket)
			break;
		buf_put_str(out, "\\A");
		return true;
	case 'B':
		buf_put_str(out, "\\\\");
		return true;
	case 'b':
		buf_put_str(out, "\\x08");
		return true;
	case 'u':
	case 'U': {
		size_t n = c == 'u' ? 4 : 8;

		if ((size_t)(end - *p) < n)
			return invalid_regexp(err, "invalid escape \\ sequence");
		buf_put_str(out, "\\x{");
		buf_put(out, *p, n);
		buf_put_byte(out, '}');
		*p += n;
		return true;
	}
	case 'a':
	case 'e':
	case 'f':
	case 'n':
	case 'r':
	case 't':
	case 'd':
	case 'D':
	case 's':
	case 'S':
	case 'w':
	case 'W':
	case 'x':
	case 'c':
		buf_put_byte(out, '\\');
		buf_put_byte(out, c);
		return true;
	case 'v':
		buf_put_str(out, "\\x0b");
		return true;
	default:
		if (type_is_alpha(c))
			break;
		buf_put_byte(out, '\\');
		buf_put_byte(out, c);
		return true;
	}
	return invalid_regexp(err, "invalid escape \\ sequence");
}

static bool translate(const char *p, const char *end, struct buf *out, struct sql_error *err)
{
	bool bracket = false, first = false, quantified = false;

	while (p < end) {
		char c = *p++;

		if (c == '\\') {
			if (p == end)
				return invalid_regexp(err, "invalid escape \\ sequence");
			if (!put_escape(&p, end, bracket, out, err))
				return false;
			first = quantified = false;
			continue;
		}
		if (bracket) {
			if (c == '[' && p < end && (*p == ':' || *p == '.' || *p == '=')) {
				const char *close = memmem(p + 1, (size_t)(end - p - 1), (char[]){ *p, ']' }, 2);

				if (close == NULL)
					return invalid_regexp(err, "brackets [] not balanced");
				if (*p == ':' || close != p + 2) {
					if (*p != ':')
						return invalid_regexp(err, "invalid collating element");
					buf_put_byte(out, '[');
					buf_put(out, p, (size_t)(close + 2 - p));
				} else {
					buf_put_byte(out, '\\'); /* [.x.] */
					buf_put_byte(out, p[1]);
				}
				p = close + 2;
				first = false;
				continue;
			}
			if (c == '[')
				buf_put_byte(out, '\\');
			buf_put_byte(out, c);
			if (c == ']' && !first)
				bracket = false;
			first = false;
			continue;
		}
		if (c == '[') {
			/* [[:<:]] and [[:>:]] are the ends of a word, in PCRE2 too */
			buf_put_byte(out, c);
			bracket = first = true;
			if (p < end && *p == '^')
				buf_put_byte(out, *p++);
			quantified = false;
			continue;
		}
		bool quantifier = c == '*' || c == '+' || c == '?' ||
				  (c == '{' && p < end && type_is_digit(*p));
		if (quantifier && quantified && c != '?')
			return invalid_regexp(err, "quantifier operand invalid");
		if (c == '(' && p < end && *p == '?') {
			/* only what PostgreSQL has: (?: (?= (?! (?<= (?<! */
			bool ok = p + 1 < end && (p[1] == ':' || p[1] == '=' || p[1] == '!' ||
						  (p[1] == '<' && p + 2 < end && (p[2] == '=' || p[2] == '!')));

			if (!ok)
				return invalid_regexp(err, "quantifier operand invalid");
			buf_put(out, "(?", 2);
			p++;
			quantified = false;
			continue;
		}
		if (c == '(' && p < end && *p == '*')
			return invalid_regexp(err, "quantifier operand invalid");
		if (c == '{' && !quantifier)
			buf_put_byte(out, '\\');
		buf_put_byte(out, c);
		if (c == '{' && quantifier) {
			while (p < end && *p != '}')
				buf_put_byte(out, *p++);
			if (p == end)
				return invalid_regexp(err, "braces {} not balanced");
			buf_put_byte(out, *p++);
		}
		/* a ? behind a quantifier makes it reluctant, and ends it */
		quantified = quantifier;
	}
	return true;
}

#define OPTIONS_DEFAULT (PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY)
#define OPTION_LITERAL 0x1u /* not PCRE2's: kept apart from its bits by the caller */

static bool option_letter(char c, uint32_t *options, bool *literal)
{
	switch (c) {
	case 'i':
		*options |= PCRE2_CASELESS;
		return true;
	case 'c':
		*options &= ~PCRE2_CASELESS;
		return true;
	case 'm':
	case 'n':
		*options = (*options & ~(PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY)) | PCRE2_MULTILINE;
		return true;
	case 'p':
		*options &= ~PCRE2_DOTALL;
		return true;
	case 'w':
		*options = (*options & ~PCRE2_DOLLAR_ENDONLY) | PCRE2_MULTILINE;
		return true;
	case 's':
		*options = (*options | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY) & ~PCRE2_MULTILINE;
		return true;
	case 'x':
		*options |= PCRE2_EXTENDED;
		return true;
	case 't':
		*options &= ~PCRE2_EXTENDED;
		return true;
	case 'q':
		*literal = true;
		return true;
	case 'e':
	case 'b':
		return true;
	default:
		return false;
	}
}

static struct regexp_cache *cache_of(struct func_state *state)
{
	struct regexp_cache *cache = state->regexp_cache;

	if (cache != NULL)
		return cache;
	cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return NULL;
	cache->compile = pcre2_compile_context_create(NULL);
	cache->limits = pcre2_match_context_create(NULL);
	if (cache->compile == NULL || cache->limits == NULL) {
		pcre2_compile_context_free(cache->compile);
		pcre2_match_context_free(cache->limits);
		free(cache);
		return NULL;
	}
	pcre2_set_newline(cache->compile, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(cache->compile, 200);
	pcre2_set_match_limit(cache->limits, 5000000);
	pcre2_set_depth_limit(cache->limits, 100000);
	state->regexp_cache = cache;
	return cache;
}

static struct regexp *regexp_compile(struct func_state *state, struct func_text pattern,
				     uint32_t options, bool literal, struct sql_error *err)
{
	struct regexp_cache *cache = cache_of(state);
	struct regexp r = { 0 };
	struct buf b = BUF_INIT(1 << 24);
	const char *p = pattern.data, *end = p + pattern.len;
	uint32_t key = options | (literal ? OPTION_LITERAL << 31 : 0);
	size_t offset;
	int code;

	if (cache == NULL) {
		sql_error_no_memory(err);
		return NULL;
	}
	for (int i = 0; i < cache->n; i++) {
		struct regexp *e = &cache->entries[i];

		if (e->options == key && e->len == pattern.len && memcmp(e->pattern, p, e->len) == 0) {
			if (i > 0) {
				r = *e;
				memmove(&cache->entries[1], &cache->entries[0], (size_t)i * sizeof(r));
				cache->entries[0] = r;
			}
			return &cache->entries[0];
		}
	}
	if (!literal && end - p >= 4 && memcmp(p, "***=", 4) == 0) {
		literal = true;
		p += 4;
	} else if (!literal && end - p >= 4 && memcmp(p, "***:", 4) == 0) {
		p += 4;
	}
	if (!literal && end - p > 3 && p[0] == '(' && p[1] == '?' && type_is_alpha(p[2])) {
		for (p += 2; p < end && *p != ')'; p++)
			if (!option_letter(*p, &options, &literal)) {
				invalid_regexp(err, "invalid embedded option");
				return NULL;
			}
		if (p < end)
			p++;
	}
	if (literal) {
		for (; p < end; p++) {
			if ((unsigned char)*p < 0x80 && !type_is_alpha(*p) && !type_is_digit(*p))
				buf_put_byte(&b, '\\');
			buf_put_byte(&b, *p);
		}
	} else if (!translate(p, end, &b, err)) {
		buf_free(&b);
		return NULL;
	}
	r.code = pcre2_compile((PCRE2_SPTR)(b.len > 0 ? b.data : ""), b.len, options, &code, &offset,
			       cache->compile);
	buf_free(&b);
	if (r.code == NULL) {
		switch (code) {
		case PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS:
		case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
			invalid_regexp(err, "parentheses () not balanced");
			break;
		case PCRE2_ERROR_MISSING_SQUARE_BRACKET:
			invalid_regexp(err, "brackets [] not balanced");
			break;
		case PCRE2_ERROR_CLASS_RANGE_ORDER:
			invalid_regexp(err, "invalid character range");
			break;
		case PCRE2_ERROR_QUANTIFIER_INVALID:
			invalid_regexp(err, "quantifier operand invalid");
			break;
		case PCRE2_ERROR_QUANTIFIER_OUT_OF_ORDER:
		case PCRE2_ERROR_QUANTIFIER_TOO_BIG:
			invalid_regexp(err, "invalid repetition count(s)");
			break;
		case PCRE2_ERROR_UNKNOWN_POSIX_CLASS:
			invalid_regexp(err, "invalid character class");
			break;
		case PCRE2_ERROR_BAD_SUBPATTERN_REFERENCE:
			invalid_regexp(err, "invalid backreference number");
			break;
		default: {
			char text[160];

			pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
			invalid_regexp(err, text);
			break;
		}
		}
		return NULL;
	}
	/* a failure leaves the interpreter, which is slower only */
	(void)pcre2_jit_compile(r.code, PCRE2_JIT_COMPLETE);
	r.match = pcre2_match_data_create_from_pattern(r.code, NULL);
	r.pattern = malloc(pattern.len + 1);
	if (r.match == NULL || r.pattern == NULL) {
		regexp_free(&r);
		sql_error_no_memory(err);
		return NULL;
	}
	memcpy(r.pattern, pattern.data, pattern.len);
	r.len = pattern.len;
	r.options = key;
	if (cache->n == CACHE_SIZE)
		regexp_free(&cache->entries[--cache->n]);
	memmove(&cache->entries[1], &cache->entries[0], (size_t)cache->n * sizeof(r));
	cache->entries[0] = r;
	cache->n++;
	return &cache->entries[0];
}

/* Number of groups matched (0: no match), or -1 after an error. */
static int regexp_run(struct func_state *state, struct regexp *r, struct func_text t, size_t from,
		      struct sql_error *err)
{
	struct regexp_cache *cache = state->regexp_cache;
	int rc = pcre2_match(r->code, (PCRE2_SPTR)t.data, t.len, from, PCRE2_NO_UTF_CHECK, r->match,
			     cache->limits);

	if (rc > 0)
		return rc;
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	sql_error_set(err, ERRCODE_INVALID_REGEXP, "regular expression failed: %s",
		      rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
				      rc == PCRE2_ERROR_JIT_STACKLIMIT
			      ? "regular expression is too complex"
			      : "out of memory");
	return -1;
}

static int match_datum(sqlite3_context *ctx, struct func_text t, struct func_text pattern, bool fold)
{
	struct sql_conn *conn = func_conn(ctx);
	struct regexp *r = regexp_compile(conn->func_state, pattern,
					  OPTIONS_DEFAULT | (fold ? PCRE2_CASELESS : 0), false, &conn->err);
	int n = r == NULL ? -1 : regexp_run(conn->func_state, r, t, 0, &conn->err);

	if (n < 0)
		sql_conn_fail(conn, ctx);
	return n < 0 ? -1 : n > 0;
}

static void fn_match(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	int r = match_datum(ctx, func_text(argv[0]), func_text(argv[1]), n > 2);
	if (r >= 0)
		func_result_bool(ctx, r == 1);
}

int pattern_operator(sqlite3_context *ctx, const char *op, size_t len, const struct datum *x,
		     const struct datum *y)
{
	bool negate = len > 0 && *op == '!';
	int r;

	if (x->kind != DATUM_TEXT || y->kind != DATUM_TEXT) {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "operator %.*s with ANY or ALL of an array is not supported", (int)len, op);
		return -1;
	}
	op += negate;
	len -= negate;
	if (len >= 2 && op[0] == '~' && op[1] == '~' && (len == 2 || (len == 3 && op[2] == '*')))
		r = like_text(ctx, x->data, x->len, y->data, y->len, len == 3, '\\');
	else if (len >= 1 && op[0] == '~' && (len == 1 || (len == 2 && op[1] == '*')))
		r = match_datum(ctx, (struct func_text){ x->data, x->len },
				(struct func_text){ y->data, y->len }, len == 2);
	else {
		func_fail(ctx, ERRCODE_FEATURE_NOT_SUPPORTED,
			  "operator %.*s with ANY or ALL of an array is not supported", (int)len, op);
		return -1;
	}
	return r < 0 ? r : negate ? !r : r;
}

static bool read_flags(struct func_text flags, uint32_t *options, bool *literal, bool *global,
		       struct sql_error *err)
{
	for (size_t i = 0; i < flags.len; i++) {
		if (flags.data[i] == 'g' && global != NULL)
			*global = true;
		else if (!option_letter(flags.data[i], options, literal) || flags.data[i] == 'g')
			return sql_error_set(err, ERRCODE_INVALID_PARAMETER_VALUE,
					     "invalid regular expression option: \"%.*s\"",
					     (int)utf8_size(flags.data[i]), flags.data + i);
	}
	return true;
}

bool regexp_all(struct func_state *state, struct arena *arena, struct func_text text,
		struct func_text pattern, struct func_text flags, bool all,
		struct regexp_match **out, size_t *n, struct sql_error *err)
{
	uint32_t options = OPTIONS_DEFAULT;
	bool literal = false, global = all;
	size_t from = 0, room = 0;

	*out = NULL;
	*n = 0;
	if (!read_flags(flags, &options, &literal, &global, err))
		return false;
	struct regexp *r = regexp_compile(state, pattern, options, literal, err);
	if (r == NULL)
		return false;
	uint32_t n_groups;
	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &n_groups);
	while (from <= text.len) {
		int rc = regexp_run(state, r, text, from, err);

		if (rc < 0)
			return false;
		if (rc == 0)
			break;
		const size_t *v = pcre2_get_ovector_pointer(r->match);
		struct datum *g = arena_alloc(arena, (n_groups + 1) * sizeof(*g));
		if (*n == room) {
			size_t more = room == 0 ? 8 : 2 * room;
			struct regexp_match *grown = arena_alloc(arena, more * sizeof(*grown));

			if (grown != NULL && room > 0)
				memcpy(grown, *out, room * sizeof(*grown));
			*out = grown;
			room = more;
		}
		if (g == NULL || *out == NULL)
			return sql_error_no_memory(err);
		for (uint32_t i = 0; i <= n_groups; i++) {
			if ((int)i >= rc || v[2 * i] == PCRE2_UNSET)
				datum_set_null(&g[i]);
			else
				datum_set_text(&g[i], text.data + v[2 * i], v[2 * i + 1] - v[2 * i]);
		}
		(*out)[(*n)++] = (struct regexp_match){ n_groups, g, v[0], v[1] };
		if (!global)
			break;
		from = v[1];
		if (v[0] == v[1]) {
			if (from >= text.len)
				break;
			from += utf8_prefix(text.data + from, text.len - from, 1);
		}
	}
	return true;
}

/* The arguments of a regexp_*() function and its matches; false after an error. */
static bool find_matches(sqlite3_context *ctx, struct func_text t, struct func_text pattern,
			 struct func_text flags, bool all, struct regexp_match **m, size_t *n)
{
	struct sql_conn *conn = func_conn(ctx);

	if (regexp_all(conn->func_state, func_arena(conn), t, pattern, flags, all, m, n, &conn->err))
		return true;
	sql_conn_fail(conn, ctx);
	return false;
}

static struct func_text flags_of(int n, sqlite3_value **argv, int at)
{
	return n > at ? func_text(argv[at]) : (struct func_text){ "", 0 };
}

static bool no_global(sqlite3_context *ctx, struct func_text flags, const char *function)
{
	if (memchr(flags.data, 'g', flags.len) == NULL)
		return true;
	sql_error_set(&func_conn(ctx)->err, ERRCODE_INVALID_PARAMETER_VALUE,
		      "%s does not support the \"global\" option", function);
	if (strcmp(function, "regexp_match()") == 0)
		sql_error_hint(&func_conn(ctx)->err, "Use the regexp_matches function instead.");
	sql_conn_fail(func_conn(ctx), ctx);
	return false;
}

/* substring(text from pattern): the first group if there is one */
static void fn_substring(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	size_t count;

	if (func_any_null(n, argv) ||
	    !find_matches(ctx, func_text(argv[0]), func_text(argv[1]), flags_of(0, NULL, 0), false, &m, &count))
		return;
	if (count > 0)
		func_result(ctx, &m->groups[m->n_groups > 0 ? 1 : 0]);
}

static void fn_regexp_match(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	struct array a = { 0 };
	size_t count;

	if (func_any_null(n, argv))
		return;
	struct func_text flags = flags_of(n, argv, 2);
	if (!no_global(ctx, flags, "regexp_match()") ||
	    !find_matches(ctx, func_text(argv[0]), func_text(argv[1]), flags, false, &m, &count) || count == 0)
		return;
	array_set_list(&a, (struct datum *)(uintptr_t)(m->groups + (m->n_groups > 0)),
		       m->n_groups > 0 ? m->n_groups : 1);
	func_result_array(ctx, &a);
}

static void put_replacement(struct buf *out, struct func_text with, const struct regexp_match *m)
{
	for (size_t i = 0; i < with.len; i++) {
		char c = with.data[i];

		if (c != '\\' || i + 1 == with.len) {
			buf_put_byte(out, c);
			continue;
		}
		c = with.data[++i];
		size_t group = c == '&' ? 0 : (size_t)(c - '0');
		if (c == '&' || (c >= '1' && c <= '9')) {
			if (group <= m->n_groups && m->groups[group].kind == DATUM_TEXT)
				buf_put(out, m->groups[group].data, m->groups[group].len);
		} else if (c == '\\') {
			buf_put_byte(out, c);
		} else {
			buf_put_byte(out, '\\');
			buf_put_byte(out, c);
		}
	}
}

/* Replace the nth match from `start` characters on, all if nth is 0. */
static void replace(sqlite3_context *ctx, sqlite3_value **argv, int64_t start, int64_t nth,
		    struct func_text flags)
{
	struct func_text t = func_text(argv[0]), with = func_text(argv[2]);
	struct regexp_match *m;
	size_t count, at = 0, skip;

	if (start < 1 || nth < 0) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "invalid value for parameter \"%s\": %" PRId64, start < 1 ? "start" : "n",
			  start < 1 ? start : nth);
		return;
	}
	skip = utf8_prefix(t.data, t.len, (size_t)start - 1);
	if ((uint64_t)start > utf8_length(t.data, t.len) + 1) {
		if (find_matches(ctx, (struct func_text){ "", 0 }, func_text(argv[1]), flags, false, &m, &count))
			func_result_text(ctx, t.data, t.len);
		return;
	}
	struct func_text rest = { t.data + skip, t.len - skip };
	if (!find_matches(ctx, rest, func_text(argv[1]), flags, nth != 1, &m, &count))
		return;
	struct buf *b = func_buf(func_conn(ctx));
	buf_put(b, t.data, skip);
	for (size_t i = 0; i < count; i++) {
		if (nth > 0 && (int64_t)i + 1 != nth)
			continue;
		buf_put(b, rest.data + at, m[i].start - at);
		put_replacement(b, with, &m[i]);
		at = m[i].end;
	}
	buf_put(b, rest.data + at, rest.len - at);
	func_result_buf(ctx, b);
}

static void fn_regexp_replace(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	if (func_any_null(n, argv))
		return;
	struct func_text flags = { "", 0 };
	if (n == 4 && sqlite3_value_type(argv[3]) == SQLITE_TEXT) {
		flags = func_text(argv[3]);
		if (flags.len > 0 && type_is_digit(*flags.data)) {
			sql_error_set(&func_conn(ctx)->err, ERRCODE_INVALID_PARAMETER_VALUE,
				      "invalid regular expression option: \"%c\"", *flags.data);
			sql_error_hint(&func_conn(ctx)->err,
				       "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.");
			sql_conn_fail(func_conn(ctx), ctx);
			return;
		}
		replace(ctx, argv, 1, memchr(flags.data, 'g', flags.len) != NULL ? 0 : 1, flags);
		return;
	}
	int64_t start = n > 3 ? sqlite3_value_int64(argv[3]) : 1;
	int64_t nth = n > 4 ? sqlite3_value_int64(argv[4]) : 1;
	if (n > 5)
		flags = func_text(argv[5]);
	if (n == 6 || no_global(ctx, flags, "regexp_replace()"))
		replace(ctx, argv, start, nth, flags);
}

static void fn_regexp_like(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	size_t count;

	if (func_any_null(n, argv))
		return;
	struct func_text flags = flags_of(n, argv, 2);
	if (no_global(ctx, flags, "regexp_like()") &&
	    find_matches(ctx, func_text(argv[0]), func_text(argv[1]), flags, false, &m, &count))
		func_result_bool(ctx, count > 0);
}

/* The text from a start position on; false after an error. */
static bool from_start(sqlite3_context *ctx, int n, sqlite3_value **argv, struct func_text *t, size_t *skip,
		       bool *beyond)
{
	int64_t start = n > 2 ? sqlite3_value_int64(argv[2]) : 1;

	*t = func_text(argv[0]);
	if (start < 1) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "invalid value for parameter \"start\": %" PRId64, start);
		return false;
	}
	*beyond = (uint64_t)start > utf8_length(t->data, t->len) + 1;
	*skip = utf8_prefix(t->data, t->len, (size_t)start - 1);
	t->data += *skip;
	t->len -= *skip;
	return true;
}

static void fn_regexp_count(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	struct func_text t;
	size_t count, skip;
	bool beyond;

	if (func_any_null(n, argv) || !from_start(ctx, n, argv, &t, &skip, &beyond))
		return;
	struct func_text flags = flags_of(n, argv, 3);
	if (no_global(ctx, flags, "regexp_count()") &&
	    find_matches(ctx, t, func_text(argv[1]), flags, true, &m, &count))
		sqlite3_result_int64(ctx, beyond ? 0 : (int64_t)count);
}

/* regexp_substr(text, pattern[, start, n, flags, group]) */
static void fn_regexp_substr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	struct func_text t;
	size_t count, skip;
	bool beyond;

	if (func_any_null(n, argv) || !from_start(ctx, n, argv, &t, &skip, &beyond))
		return;
	int64_t nth = n > 3 ? sqlite3_value_int64(argv[3]) : 1;
	int64_t group = n > 5 ? sqlite3_value_int64(argv[5]) : 0;
	struct func_text flags = flags_of(n, argv, 4);
	if (nth < 1 || group < 0) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "invalid value for parameter \"%s\": %" PRId64, nth < 1 ? "n" : "subexpr",
			  nth < 1 ? nth : group);
		return;
	}
	if (!no_global(ctx, flags, "regexp_substr()") ||
	    !find_matches(ctx, t, func_text(argv[1]), flags, nth > 1, &m, &count))
		return;
	if (!beyond && (int64_t)count >= nth && group <= (int64_t)m[nth - 1].n_groups)
		func_result(ctx, &m[nth - 1].groups[group]);
}

/* regexp_instr(text, pattern[, start, n, endoption, flags, group]) */
static void fn_regexp_instr(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct regexp_match *m;
	struct func_text t;
	size_t count, skip;
	bool beyond;

	if (func_any_null(n, argv) || !from_start(ctx, n, argv, &t, &skip, &beyond))
		return;
	int64_t nth = n > 3 ? sqlite3_value_int64(argv[3]) : 1;
	int64_t end = n > 4 ? sqlite3_value_int64(argv[4]) : 0;
	int64_t group = n > 6 ? sqlite3_value_int64(argv[6]) : 0;
	struct func_text flags = flags_of(n, argv, 5);
	if (nth < 1 || end < 0 || end > 1 || group < 0) {
		func_fail(ctx, ERRCODE_INVALID_PARAMETER_VALUE,
			  "invalid value for parameter \"%s\": %" PRId64,
			  nth < 1 ? "n" : group < 0 ? "subexpr" : "endoption",
			  nth < 1 ? nth : group < 0 ? group : end);
		return;
	}
	if (!no_global(ctx, flags, "regexp_instr()") ||
	    !find_matches(ctx, t, func_text(argv[1]), flags, nth > 1, &m, &count))
		return;
	int64_t result = 0;
	if (!beyond && (int64_t)count >= nth && group <= (int64_t)m[nth - 1].n_groups) {
		const struct datum *g = &m[nth - 1].groups[group];
		const char *whole = func_text(argv[0]).data;

		if (g->kind == DATUM_TEXT)
			result = (int64_t)utf8_length(whole, (size_t)(g->data - whole) + (end != 0 ? g->len : 0)) + 1;
	}
	sqlite3_result_int64(ctx, result);
}

static bool split(sqlite3_context *ctx, struct func_text t, struct func_text pattern,
		  struct func_text flags, struct array *a)
{
	struct sql_conn *conn = func_conn(ctx);
	struct arena *arena = func_arena(conn);
	struct regexp_match *m;
	size_t count, at = 0, kept = 0;

	*a = (struct array){ 0 };
	if (!regexp_all(conn->func_state, arena, t, pattern, flags, true, &m, &count, &conn->err)) {
		sql_conn_fail(conn, ctx);
		return false;
	}
	struct datum *e = arena_alloc(arena, (count + 1) * sizeof(*e));
	if (e == NULL) {
		func_no_memory(ctx);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		/* nothing is split off at the ends, or behind another match, by nothing */
		if (m[i].start == m[i].end && (m[i].start == at || m[i].start >= t.len))
			continue;
		datum_set_text(&e[kept++], t.data + at, m[i].start - at);
		at = m[i].end;
	}
	datum_set_text(&e[kept++], t.data + at, t.len - at);
	array_set_list(a, e, kept);
	return true;
}

static void fn_regexp_split(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct array a;

	if (func_any_null(n, argv))
		return;
	struct func_text flags = flags_of(n, argv, 2);
	if (no_global(ctx, flags, "regexp_split_to_array()") &&
	    split(ctx, func_text(argv[0]), func_text(argv[1]), flags, &a))
		func_result_array(ctx, &a);
}

static void fn_similar(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	struct sql_conn *conn = func_conn(ctx);
	struct buf b = BUF_INIT(1 << 24);
	struct func_text escape = { 0 };

	if (func_any_null(n, argv))
		return;
	if (n > 2)
		escape = func_text(argv[2]);
	if (similar_escape(func_text(argv[1]), n > 2 ? &escape : NULL, &b, &conn->err)) {
		int r = match_datum(ctx, func_text(argv[0]), (struct func_text){ b.data, b.len }, false);

		if (r >= 0)
			func_result_bool(ctx, r == 1);
	} else {
		sql_conn_fail(conn, ctx);
	}
	buf_free(&b);
}

const struct func_udf regexp_udfs[] = {
	PURE("pg_like", 2, fn_like),
	PURE("pg_like", 3, fn_like),
	PURE("pg_ilike", 2, fn_ilike),
	PURE("pg_ilike", 3, fn_ilike),
	PURE("pg_similar", 2, fn_similar),
	PURE("pg_similar", 3, fn_similar),
	PURE("pg_like_escape", 2, fn_like_escape),
	PURE("pg_similar_escape", 1, fn_similar_escape),
	PURE("pg_similar_escape", 2, fn_similar_escape),
	PURE("pg_regexp", 2, fn_match),
	PURE("pg_regexp", 3, fn_match),
	PURE("pg_substring", 2, fn_substring),
	PURE("pg_regexp_match", 2, fn_regexp_match),
	PURE("pg_regexp_match", 3, fn_regexp_match),
	PURE("pg_regexp_replace", -1, fn_regexp_replace),
	PURE("pg_regexp_like", -1, fn_regexp_like),
	PURE("pg_regexp_count", -1, fn_regexp_count),
	PURE("pg_regexp_substr", -1, fn_regexp_substr),
	PURE("pg_regexp_instr", -1, fn_regexp_instr),
	PURE("pg_regexp_split", 2, fn_regexp_split),
	PURE("pg_regexp_split", 3, fn_regexp_split),
	{ 0 },
};

const struct func_impl regexp_impls[] = {
	{ 850, "textlike(text,text)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 858, "namelike(name,text)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 1631, "bpcharlike(character,text)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 1569, "\"like\"(text,text)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 1571, "\"like\"(name,text)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 2005, "bytealike(bytea,bytea)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 2007, "\"like\"(bytea,bytea)", FUNC_SCALAR, "pg_like($1, $2)", FUNC_CHECKED },
	{ 851, "textnlike(text,text)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 859, "namenlike(name,text)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 1632, "bpcharnlike(character,text)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 1570, "notlike(text,text)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 1572, "notlike(name,text)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 2006, "byteanlike(bytea,bytea)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 2008, "notlike(bytea,bytea)", FUNC_SCALAR, "NOT pg_like($1, $2)", FUNC_CHECKED },
	{ 1633, "texticlike(text,text)", FUNC_SCALAR, "pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1635, "nameiclike(name,text)", FUNC_SCALAR, "pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1660, "bpchariclike(character,text)", FUNC_SCALAR, "pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1634, "texticnlike(text,text)", FUNC_SCALAR, "NOT pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1636, "nameicnlike(name,text)", FUNC_SCALAR, "NOT pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1661, "bpcharicnlike(character,text)", FUNC_SCALAR, "NOT pg_ilike($1, $2)", FUNC_CHECKED },
	{ 1254, "textregexeq(text,text)", FUNC_SCALAR, "pg_regexp($1, $2)", FUNC_CHECKED },
	{ 79, "nameregexeq(name,text)", FUNC_SCALAR, "pg_regexp($1, $2)", FUNC_CHECKED },
	{ 1658, "bpcharregexeq(character,text)", FUNC_SCALAR, "pg_regexp($1, $2)", FUNC_CHECKED },
	{ 1256, "textregexne(text,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2)", FUNC_CHECKED },
	{ 1252, "nameregexne(name,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2)", FUNC_CHECKED },
	{ 1659, "bpcharregexne(character,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2)", FUNC_CHECKED },
	{ 1238, "texticregexeq(text,text)", FUNC_SCALAR, "pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1240, "nameicregexeq(name,text)", FUNC_SCALAR, "pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1656, "bpcharicregexeq(character,text)", FUNC_SCALAR, "pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1239, "texticregexne(text,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1241, "nameicregexne(name,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1657, "bpcharicregexne(character,text)", FUNC_SCALAR, "NOT pg_regexp($1, $2, 1)", FUNC_CHECKED },
	{ 1637, "like_escape(text,text)", FUNC_SCALAR, "pg_like_escape($1, $2)", FUNC_CHECKED },
	{ 1987, "similar_to_escape(text)", FUNC_SCALAR, "pg_similar_escape($1)", FUNC_CHECKED },
	{ 1986, "similar_to_escape(text,text)", FUNC_SCALAR, "pg_similar_escape($1, $2)", FUNC_CHECKED },
	{ 1623, "similar_escape(text,text)", FUNC_SCALAR,
	  "pg_similar_escape($1, coalesce($2, '\\'))", FUNC_CHECKED },
	{ 2073, "\"substring\"(text,text)", FUNC_SCALAR, "pg_substring($1, $2)", FUNC_CHECKED },
	{ 2074, "\"substring\"(text,text,text)", FUNC_SCALAR,
	  "pg_substring($1, pg_similar_escape($2, $3))", FUNC_CHECKED },
	{ 3396, "regexp_match(text,text)", FUNC_SCALAR, "pg_regexp_match($1, $2)", FUNC_CHECKED },
	{ 3397, "regexp_match(text,text,text)", FUNC_SCALAR, "pg_regexp_match($1, $2, $3)", FUNC_CHECKED },
	{ 2284, "regexp_replace(text,text,text)", FUNC_SCALAR, "pg_regexp_replace($*)", FUNC_CHECKED },
	{ 2285, "regexp_replace(text,text,text,text)", FUNC_SCALAR, "pg_regexp_replace($*)", FUNC_CHECKED },
	{ 6253, "regexp_replace(text,text,text,integer)", FUNC_SCALAR, "pg_regexp_replace($*)", FUNC_CHECKED },
	{ 6252, "regexp_replace(text,text,text,integer,integer)", FUNC_SCALAR,
	  "pg_regexp_replace($*)", FUNC_CHECKED },
	{ 6251, "regexp_replace(text,text,text,integer,integer,text)", FUNC_SCALAR,
	  "pg_regexp_replace($*)", FUNC_CHECKED },
	{ 6263, "regexp_like(text,text)", FUNC_SCALAR, "pg_regexp_like($*)", FUNC_CHECKED },
	{ 6264, "regexp_like(text,text,text)", FUNC_SCALAR, "pg_regexp_like($*)", FUNC_CHECKED },
	{ 6254, "regexp_count(text,text)", FUNC_SCALAR, "pg_regexp_count($*)", FUNC_CHECKED },
	{ 6255, "regexp_count(text,text,integer)", FUNC_SCALAR, "pg_regexp_count($*)", FUNC_CHECKED },
	{ 6256, "regexp_count(text,text,integer,text)", FUNC_SCALAR, "pg_regexp_count($*)", FUNC_CHECKED },
	{ 6265, "regexp_substr(text,text)", FUNC_SCALAR, "pg_regexp_substr($*)", FUNC_CHECKED },
	{ 6266, "regexp_substr(text,text,integer)", FUNC_SCALAR, "pg_regexp_substr($*)", FUNC_CHECKED },
	{ 6267, "regexp_substr(text,text,integer,integer)", FUNC_SCALAR, "pg_regexp_substr($*)", FUNC_CHECKED },
	{ 6268, "regexp_substr(text,text,integer,integer,text)", FUNC_SCALAR,
	  "pg_regexp_substr($*)", FUNC_CHECKED },
	{ 6269, "regexp_substr(text,text,integer,integer,text,integer)", FUNC_SCALAR,
	  "pg_regexp_substr($*)", FUNC_CHECKED },
	{ 6257, "regexp_instr(text,text)", FUNC_SCALAR, "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 6258, "regexp_instr(text,text,integer)", FUNC_SCALAR, "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 6259, "regexp_instr(text,text,integer,integer)", FUNC_SCALAR, "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 6260, "regexp_instr(text,text,integer,integer,integer)", FUNC_SCALAR,
	  "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 6261, "regexp_instr(text,text,integer,integer,integer,text)", FUNC_SCALAR,
	  "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 6262, "regexp_instr(text,text,integer,integer,integer,text,integer)", FUNC_SCALAR,
	  "pg_regexp_instr($*)", FUNC_CHECKED },
	{ 2767, "regexp_split_to_array(text,text)", FUNC_SCALAR, "pg_regexp_split($1, $2)", FUNC_CHECKED },
	{ 2768, "regexp_split_to_array(text,text,text)", FUNC_SCALAR,
	  "pg_regexp_split($1, $2, $3)", FUNC_CHECKED },
	{ 0 },
};
