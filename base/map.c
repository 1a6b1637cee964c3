/*
 * map.c - a hash table from strings to pointers
 *
 * Open addressing with linear probing; a removed entry is filled by moving its
 * followers back, so there are no tombstones.
 * Licence: MIT, see LICENSE.
 */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct map_entry {
	char *key; /* NULL: free */
	size_t len;
	uint64_t hash;
	void *value;
};

void map_free(struct map *m)
{
	for (size_t i = 0; i < m->n_slots; i++)
		free(m->entries[i].key);
	free(m->entries);
	*m = (struct map)MAP_INIT;
}

/* The slot of the key, or the free slot where it belongs.  n_slots > n_used. */
static struct map_entry *find(const struct map *m, const char *key, size_t len,
			      uint64_t hash)
{
	for (size_t i = hash & (m->n_slots - 1);; i = (i + 1) & (m->n_slots - 1)) {
		struct map_entry *e = &m->entries[i];

		if (e->key == NULL)
			return e;
		if (e->hash == hash && e->len == len && memcmp(e->key, key, len) == 0)
			return e;
	}
}

void *map_get_n(const struct map *m, const char *key, size_t len)
{
	if (m->n_slots == 0)
		return NULL;
	return find(m, key, len, XXH3_64bits(key, len))->value;
}

void *map_get(const struct map *m, const char *key)
{
	return map_get_n(m, key, strlen(key));
}

static bool grow(struct map *m)
{
	struct map bigger = { .n_slots = m->n_slots == 0 ? 16 : m->n_slots * 2 };

	bigger.entries = calloc(bigger.n_slots, sizeof(bigger.entries[0]));
	if (bigger.entries == NULL)
		return false;
	for (size_t i = 0; i < m->n_slots; i++) {
		struct map_entry *e = &m->entries[i];

		if (e->key != NULL)
			*find(&bigger, e->key, e->len, e->hash) = *e;
	}
	bigger.n_used = m->n_used;
	free(m->entries);
	*m = bigger;
	return true;
}

bool map_put_n(struct map *m, const char *key, size_t len, void *value, void **old)
{
	uint64_t hash = XXH3_64bits(key, len);

	if ((m->n_used + 1) * 4 > m->n_slots * 3 && !grow(m))
		return false;
	struct map_entry *e = find(m, key, len, hash);
	if (old != NULL)
		*old = e->value;
	if (e->key == NULL) {
		char *copy = malloc(len + 1);

		if (copy == NULL)
			return false;
		memcpy(copy, key, len);
		copy[len] = '\0';
		*e = (struct map_entry){ .key = copy, .len = len, .hash = hash };
		m->n_used++;
	}
	e->value = value;
	return true;
}

bool map_put(struct map *m, const char *key, void *value, void **old)
{
	return map_put_n(m, key, strlen(key), value, old);
}

void *map_remove_n(struct map *m, const char *key, size_t len)
{
	if (m->n_slots == 0)
		return NULL;
	struct map_entry *e = find(m, key, len, XXH3_64bits(key, len));
	if (e->key == NULL)
		return NULL;
	void *value = e->value;
	size_t mask = m->n_slots - 1;
	size_t hole = (size_t)(e - m->entries);
	free(e->key);
	for (size_t i = (hole + 1) & mask; m->entries[i].key != NULL; i = (i + 1) & mask) {
		size_t home = m->entries[i].hash & mask;

		/* an entry may move back only as far as its home slot */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->entries[hole] = m->entries[i];
			hole = i;
		}
	}
	m->entries[hole] = (struct map_entry){ .key = NULL };
	m->n_used--;
	return value;
}

void *map_remove(struct map *m, const char *key)
{
	return map_remove_n(m, key, strlen(key));
}

bool map_next(const struct map *m, size_t *at, const char **key, void **value)
{
	while (*at < m->n_slots) {
		const struct map_entry *e = &m->entries[(*at)++];

		if (e->key == NULL)
			continue;
		*key = e->key;
		*value = e->value;
		return true;
	}
	return false;
}
