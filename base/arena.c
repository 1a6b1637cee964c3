/*
 * arena.c - memory that is freed together
 * Licence: MIT, see LICENSE.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, MAX_BLOCK = 1 << 20 };

struct arena_block {
	struct arena_block *older;
	size_t size; /* of the whole block, this header included */
};

/* Keeps what follows the header aligned for any type. */
#define HEADER ((sizeof(struct arena_block) + 15) & ~(size_t)15)

void arena_init(struct arena *a, size_t limit)
{
	*a = (struct arena)ARENA_INIT(limit);
}

static void free_blocks(struct arena_block *b)
{
	while (b != NULL) {
		struct arena_block *older = b->older;

		free(b);
		b = older;
	}
}

void arena_free(struct arena *a)
{
	free_blocks(a->blocks);
	a->blocks = NULL;
	a->next = NULL;
	a->left = a->used = 0;
	a->failed = false;
}

void arena_reset(struct arena *a)
{
	struct arena_block *first = a->blocks;

	if (first == NULL) {
		a->failed = false;
		return;
	}
	struct arena_block *newer = NULL;
	while (first->older != NULL) {
		newer = first;
		first = first->older;
	}
	if (newer != NULL) {
		newer->older = NULL;
		free_blocks(a->blocks);
	}
	a->blocks = first;
	a->next = (char *)first + HEADER;
	a->left = first->size - HEADER;
	a->used = first->size;
	a->failed = false;
}

void *arena_alloc_slow(struct arena *a, size_t size)
{
	if (a->failed)
		return NULL;
	if (size > SIZE_MAX - HEADER - 15)
		goto fail;
	size_t need = ((size + 15) & ~(size_t)15) + HEADER;
	size_t block = a->used < FIRST_BLOCK ? FIRST_BLOCK : a->used;
	if (block > MAX_BLOCK)
		block = MAX_BLOCK;
	if (block < need)
		block = need;
	if (a->used > a->limit || block > a->limit - a->used) {
		block = need;
		if (a->used > a->limit || block > a->limit - a->used)
			goto fail;
	}
	struct arena_block *b = malloc(block);
	if (b == NULL)
		goto fail;
	b->older = a->blocks;
	b->size = block;
	a->blocks = b;
	a->used += block;
	a->next = (char *)b + need;
	a->left = block - need;
	return (char *)b + HEADER;
fail:
	a->failed = true;
	return NULL;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		a->failed = true;
		return NULL;
	}
	void *at = arena_alloc(a, n * size);
	if (at != NULL)
		memset(at, 0, n * size);
	return at;
}

void *arena_memdup(struct arena *a, const void *bytes, size_t len)
{
	void *at = arena_alloc(a, len);

	if (at != NULL && len > 0)
		memcpy(at, bytes, len);
	return at;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	if (len == SIZE_MAX) {
		a->failed = true;
		return NULL;
	}
	char *at = arena_alloc(a, len + 1);
	if (at == NULL)
		return NULL;
	if (len > 0)
		memcpy(at, text, len);
	at[len] = '\0';
	return at;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	va_list again;

	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *at = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (at != NULL)
		vsnprintf(at, (size_t)n + 1, fmt, again);
	else
		a->failed = true;
	va_end(again);
	return at;
}
