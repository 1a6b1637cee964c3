/*
 * map.h - a hash table from strings to pointers
 *
 * Keys are copied; values are the caller's.  A map belongs to one thread at a
 * time, or to a lock of its owner.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BASE_MAP_H
#define PGBLOB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct map_entry;

struct map {
	struct map_entry *entries; /* open addressing; n_slots is a power of two */
	size_t n_slots;
	size_t n_used;
};

#define MAP_INIT { 0 }

/* Frees keys and table, not the values. */
void map_free(struct map *m);

/* The value of `key`, or NULL. */
void *map_get(const struct map *m, const char *key);
void *map_get_n(const struct map *m, const char *key, size_t len);

/*
 * Set the value (never NULL) of `key`; *old, if old is not NULL, is what it had
 * before, or NULL.  False when out of memory: nothing was changed.
 */
MUST_CHECK bool map_put(struct map *m, const char *key, void *value, void **old);
MUST_CHECK bool map_put_n(struct map *m, const char *key, size_t len, void *value,
			  void **old);

/* Remove `key` and return the value it had, or NULL. */
void *map_remove(struct map *m, const char *key);
void *map_remove_n(struct map *m, const char *key, size_t len);

/*
 * Walk in no order: `for (size_t i = 0; map_next(&m, &i, &key, &value);)`.
 * The map must not change meanwhile.
 */
bool map_next(const struct map *m, size_t *at, const char **key, void **value);

#endif
