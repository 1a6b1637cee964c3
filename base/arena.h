/*
 * arena.h - memory that is freed together
 *
 * An arena per message, statement, portal, connection: what is allocated in it
 * is never freed singly.  Every arena has a limit in bytes; past it, and when
 * memory runs out, arena_alloc() returns NULL and `failed` stays set.
 * An arena belongs to one thread at a time.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_ARENA_H
#define PGBLOB_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;                 /* first free byte of the newest block */
	size_t left;                /* free bytes from next on */
	size_t used;                /* bytes taken from malloc */
	size_t limit;               /* used never exceeds it */
	bool failed;
};

#define ARENA_INIT(max) { .limit = (max) }

void arena_init(struct arena *a, size_t limit);

/* Free all of it; the arena is empty and usable again.  Nothing for a zeroed one. */
void arena_free(struct arena *a);

/* Like arena_free(), but keeps the first block for the next use. */
void arena_reset(struct arena *a);

void *arena_alloc_slow(struct arena *a, size_t size);

/* `size` bytes, aligned for any type, not cleared; NULL past the limit. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + 15) & ~(size_t)15;

	if (UNLIKELY(need > a->left || need < size || a->next == NULL))
		return arena_alloc_slow(a, size);
	void *at = a->next;
	a->next += need;
	a->left -= need;
	return at;
}

/* n objects of `size` bytes, cleared. */
void *arena_calloc(struct arena *a, size_t n, size_t size);

#define ARENA_NEW(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

char *arena_strdup(struct arena *a, const char *text);
/* A copy of len bytes with a NUL behind them. */
char *arena_strndup(struct arena *a, const char *text, size_t len);
void *arena_memdup(struct arena *a, const void *bytes, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
