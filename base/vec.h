/*
 * vec.h - a growing array in an arena
 *
 *   struct names { const char **items; size_t n, cap; } v = { 0 };
 *   const char **at = VEC_PUSH(arena, &v);    NULL when out of memory
 *
 * What was outgrown stays in the arena until that is freed.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_VEC_H
#define PGBLOB_BASE_VEC_H

#include <string.h>

#include "base/arena.h"

static inline void *vec_push(struct arena *a, void **items, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t bigger = *cap == 0 ? 8 : *cap * 2;
		void *copy = arena_calloc(a, bigger, size);

		if (copy == NULL)
			return NULL;
		if (*n > 0)
			memcpy(copy, *items, *n * size);
		*items = copy;
		*cap = bigger;
	}
	return (char *)*items + size * (*n)++;
}

/* A pointer to a new, zeroed last element. */
#define VEC_PUSH(arena, v)                                                    \
	((__typeof__((v)->items))vec_push((arena), (void **)&(v)->items, &(v)->n, \
					  &(v)->cap, sizeof(*(v)->items)))

#endif
