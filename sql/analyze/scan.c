/*
 * scan.c - a bound on the depth of a parse tree, from the tokens alone
 *
 * libpg_query's recursion has no check of the stack.  A level of the tree costs
 * at least one token, so the number of tokens that can nest in each other bounds
 * the depth:
 *
 *   chain       tokens since the last token that cannot lie between two operands
 *               of one operator: a comma, AND, OR (the parser makes flat lists of
 *               those), SELECT
 *   structure   joins and set operations, which nest to the left and never end
 *               before the bracket does
 *
 * Both are counted for each open bracket (CASE ... END is one too), and the sum over all open
 * brackets is the bound.  AND after BETWEEN is no list: `a BETWEEN 1 AND NOT b
 * BETWEEN 1 AND ...` nests, so that AND counts as any other token.
 *
 * The lexical rules are those of PostgreSQL's scan.l with
 * standard_conforming_strings on.  Where this scan errs it must err to the side of
 * more tokens: it may only take for a string or comment what is one.
 *
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A bracket or CASE that is open. */
struct level {
	uint32_t chain;
	uint32_t structure;
	bool between; /* an AND to come belongs to BETWEEN */
	bool is_case;
};

struct scan {
	const char *at;
	struct level *levels;
	size_t n_levels;
	size_t cap;
	size_t depth; /* the sum of chain, structure and one for each level */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_ident_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Past the closing quote; doubled quotes are part of the text. */
static const char *skip_quoted(const char *at, char quote)
{
	for (;;) {
		at = strchr(at, quote);
		if (at == NULL)
			return NULL;
		if (at[1] != quote)
			return at + 1;
		at += 2;
	}
}

/* Past white space with a line end in it, if a quote follows: the string goes on. */
static const char *string_continues(const char *at)
{
	bool newline = false;

	for (;;) {
		if (is_space(*at)) {
			newline |= *at == '\n' || *at == '\r';
			at++;
		} else if (at[0] == '-' && at[1] == '-') {
			while (*at != '\0' && *at != '\n' && *at != '\r')
				at++;
		} else {
			return newline && *at == '\'' ? at + 1 : NULL;
		}
	}
}

/* Past a string with backslash escapes. */
static const char *skip_escaped(const char *at)
{
	for (;;) {
		if (*at == '\0')
			return NULL;
		if (*at == '\\') {
			if (at[1] == '\0')
				return NULL;
			at += 2;
		} else if (*at == '\'') {
			if (at[1] == '\'') {
				at += 2;
				continue;
			}
			const char *next = string_continues(at + 1);
			if (next == NULL)
				return at + 1;
			at = next;
		} else {
			at++;
		}
	}
}

static const char *skip_comment(const char *at)
{
	int depth = 1;

	while (depth > 0) {
		if (*at == '\0')
			return NULL;
		if (at[0] == '*' && at[1] == '/') {
			depth--;
			at += 2;
		} else if (at[0] == '/' && at[1] == '*') {
			depth++;
			at += 2;
		} else {
			at++;
		}
	}
	return at;
}

/* Past $tag$ ... $tag$; NULL if it is not closed; `at` itself if it is none. */
static const char *skip_dollar(const char *at)
{
	const char *p = at + 1;
	size_t len;

	if (*p != '$') {
		if (!is_ident_start(*p))
			return at;
		while (is_ident_start(*p) || is_digit(*p))
			p++;
		if (*p != '$')
			return at;
	}
	len = (size_t)(p + 1 - at);
	for (p++; (p = strchr(p, '$')) != NULL; p++)
		if (strncmp(p, at, len) == 0)
			return p + len;
	return NULL;
}

static bool level_push(struct scan *s, bool is_case)
{
	if (s->n_levels == s->cap) {
		size_t cap = s->cap * 2 + 16;
		struct level *levels = realloc(s->levels, cap * sizeof(*levels));

		if (levels == NULL)
			return false;
		s->levels = levels;
		s->cap = cap;
	}
	s->levels[s->n_levels++] = (struct level){ .is_case = is_case };
	s->depth++;
	return true;
}

static void level_clear(struct scan *s)
{
	struct level *l = &s->levels[s->n_levels - 1];

	s->depth -= l->chain;
	l->chain = 0;
	l->between = false;
}

static void level_pop(struct scan *s)
{
	if (s->n_levels <= 1)
		return;
	level_clear(s);
	s->depth -= s->levels[s->n_levels - 1].structure + 1;
	s->n_levels--;
}

static void count(struct scan *s)
{
	s->levels[s->n_levels - 1].chain++;
	s->depth++;
}

static bool word_is(const char *at, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(at, word, len) == 0;
}

static bool scan_word(struct scan *s, const char *at, size_t len)
{
	struct level *l = &s->levels[s->n_levels - 1];

	if (word_is(at, len, "AND") && !l->between) {
		level_clear(s);
	} else if (word_is(at, len, "OR") || word_is(at, len, "SELECT")) {
		level_clear(s);
	} else if (word_is(at, len, "JOIN") || word_is(at, len, "UNION") ||
		   word_is(at, len, "INTERSECT") || word_is(at, len, "EXCEPT") ||
		   word_is(at, len, "ATOMIC")) {
		l->structure++;
		s->depth++;
	} else if (word_is(at, len, "CASE")) {
		count(s);
		return level_push(s, true);
	} else if (word_is(at, len, "END") && l->is_case) {
		level_pop(s);
	} else {
		l->between = word_is(at, len, "BETWEEN") ||
			     (l->between && !word_is(at, len, "AND"));
		count(s);
	}
	return true;
}

/* The end of the token at s->at, counted; NULL at the end of the text or of sense. */
static const char *scan_token(struct scan *s, bool *memory)
{
	const char *at = s->at, *end;
	char c = *at;

	*memory = true;
	if (is_space(c))
		return at + 1;
	if (at[0] == '-' && at[1] == '-') {
		while (*at != '\0' && *at != '\n' && *at != '\r')
			at++;
		return at;
	}
	if (at[0] == '/' && at[1] == '*')
		return skip_comment(at + 2);
	switch (c) {
	case '\'':
		count(s);
		return skip_quoted(at + 1, '\'');
	case '"':
		count(s);
		return skip_quoted(at + 1, '"');
	case '(':
	case '[':
		*memory = level_push(s, false);
		return at + 1;
	case ')':
	case ']':
		while (s->n_levels > 1 && s->levels[s->n_levels - 1].is_case)
			level_pop(s);
		level_pop(s);
		count(s);
		return at + 1;
	case ',':
		level_clear(s);
		return at + 1;
	case ';':
		level_clear(s);
		if (s->n_levels == 1) {
			s->depth -= s->levels[0].structure;
			s->levels[0].structure = 0;
		}
		return at + 1;
	case '$':
		end = skip_dollar(at);
		count(s);
		return end == at ? at + 1 : end;
	default:
		break;
	}
	if ((c == 'e' || c == 'E') && at[1] == '\'') {
		count(s);
		return skip_escaped(at + 2);
	}
	if (is_ident_start(c)) {
		for (end = at + 1; is_ident_start(*end) || is_digit(*end) || *end == '$'; end++)
			;
		*memory = scan_word(s, at, (size_t)(end - at));
		return end;
	}
	if (is_digit(c)) {
		/* "1e" may be followed by a string only as another token */
		for (end = at + 1; is_digit(*end) || *end == '.'; end++)
			;
		count(s);
		return end;
	}
	count(s);
	return at + 1;
}

bool scan_depth(const char *text, struct sql_error *err)
{
	struct scan s = { .at = text };
	bool memory = level_push(&s, false);

	while (memory && *s.at != '\0' && s.depth <= SCAN_MAX_DEPTH) {
		const char *next = scan_token(&s, &memory);

		if (next == NULL)
			break; /* not closed: the parser says so */
		s.at = next;
	}
	free(s.levels);
	if (!memory)
		return sql_error_no_memory(err);
	if (s.depth > SCAN_MAX_DEPTH) {
		sql_error_at(err, (int)(s.at - text), "54001", "stack depth limit exceeded");
		return sql_error_hint(err, "The statement nests expressions, joins or set operations "
					   "more than %d levels deep.", SCAN_MAX_DEPTH);
	}
	return true;
}
