/*
 * schema.c - look-ups in a struct schema
 * Licence: MIT, see LICENSE.
 */
#include "sql/schema.h"

#include <stdlib.h>
#include <string.h>

#include "sql/catalog/schema_data.h"

enum { NAME_KEY_MAX = 2 * 256 };

/* "schema\0name" into key; 0 if no such name can exist. */
static size_t name_key(char key[NAME_KEY_MAX], const char *namespace_name,
		       const char *name)
{
	size_t a = strlen(namespace_name);
	size_t b = strlen(name);

	if (a + b + 1 > NAME_KEY_MAX)
		return 0;
	memcpy(key, namespace_name, a + 1);
	memcpy(key + a + 1, name, b);
	return a + 1 + b;
}

static void *find(const struct map *m, const char *namespace_name, const char *name)
{
	char key[NAME_KEY_MAX];
	size_t len = name_key(key, namespace_name, name);

	return len == 0 ? NULL : map_get_n(m, key, len);
}

static bool add(struct map *m, const char *namespace_name, const char *name, const void *value)
{
	char key[NAME_KEY_MAX];
	size_t len = name_key(key, namespace_name, name);

	if (len == 0 || map_get_n(m, key, len) != NULL)
		return true;
	return map_put_n(m, key, len, (void *)(uintptr_t)value, NULL);
}

struct schema *schema_new(void)
{
	struct schema *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	arena_init(&s->arena, SCHEMA_ARENA_MAX);
	return s;
}

struct schema *schema_ref(struct schema *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void schema_unref(struct schema *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	map_free(&s->relations_by_name);
	map_free(&s->indexes_by_name);
	map_free(&s->sequences_by_name);
	map_free(&s->relations_by_oid);
	arena_free(&s->arena);
	free(s);
}

bool schema_index(struct schema *s)
{
	for (size_t i = 0; i < s->n_relations; i++) {
		const struct schema_relation *r = s->relations[i];

		if (!add(&s->relations_by_name, r->namespace_name, r->name, r))
			return false;
		if (!map_put_n(&s->relations_by_oid, (const char *)&r->oid, sizeof(r->oid),
			       (void *)(uintptr_t)r, NULL))
			return false;
		for (size_t j = 0; j < r->n_indexes; j++) {
			if (!add(&s->indexes_by_name, r->namespace_name, r->indexes[j].name, r))
				return false;
		}
	}
	for (size_t i = 0; i < s->n_sequences; i++) {
		const struct schema_sequence *q = &s->sequences[i];

		if (!add(&s->sequences_by_name, q->namespace_name, q->name, q))
			return false;
	}
	return true;
}

const struct schema_relation *schema_relation_by_oid(const struct schema *s, oid_t oid)
{
	return map_get_n(&s->relations_by_oid, (const char *)&oid, sizeof(oid));
}

/* The first hit along the search path, or in the one schema that was named. */
static void *find_on_path(const struct map *m, const struct sql_env *env,
			  const char *namespace_name, const char *name)
{
	if (namespace_name != NULL)
		return find(m, namespace_name, name);
	void *found = find(m, "pg_temp", name);
	for (int i = 0; found == NULL && i < env->n_search_path; i++)
		found = find(m, env->search_path[i], name);
	return found;
}

const struct schema_relation *schema_find_relation(const struct schema *s,
						   const struct sql_env *env,
						   const char *namespace_name,
						   const char *name)
{
	return find_on_path(&s->relations_by_name, env, namespace_name, name);
}

const struct schema_column *schema_column_named(const struct schema_relation *r,
						const char *name)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		if (strcmp(r->columns[i].name, name) == 0)
			return &r->columns[i];
	}
	return NULL;
}

const struct schema_column *schema_column_at(const struct schema_relation *r, int16_t attnum)
{
	/* the column is at its number's place but for those dropped before it */
	for (size_t i = 0; i < r->n_columns; i++) {
		if (r->columns[i].attnum == attnum)
			return &r->columns[i];
	}
	return NULL;
}

const struct schema_namespace *schema_find_namespace(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_namespaces; i++) {
		if (strcmp(s->namespaces[i].name, name) == 0)
			return &s->namespaces[i];
	}
	return NULL;
}

const struct schema_namespace *schema_namespace_by_oid(const struct schema *s, oid_t oid)
{
	for (size_t i = 0; i < s->n_namespaces; i++) {
		if (s->namespaces[i].oid == oid)
			return &s->namespaces[i];
	}
	return NULL;
}

const struct schema_sequence *schema_find_sequence(const struct schema *s,
						   const struct sql_env *env,
						   const char *namespace_name,
						   const char *name)
{
	return find_on_path(&s->sequences_by_name, env, namespace_name, name);
}

const struct schema_sequence *schema_sequence_by_oid(const struct schema *s, oid_t oid)
{
	for (size_t i = 0; i < s->n_sequences; i++) {
		if (s->sequences[i].oid == oid)
			return &s->sequences[i];
	}
	return NULL;
}

const struct schema_index *schema_find_index(const struct schema *s,
					     const struct sql_env *env,
					     const char *namespace_name, const char *name,
					     const struct schema_relation **of)
{
	const struct schema_relation *r =
		find_on_path(&s->indexes_by_name, env, namespace_name, name);

	for (size_t i = 0; r != NULL && i < r->n_indexes; i++) {
		if (strcmp(r->indexes[i].name, name) != 0)
			continue;
		if (of != NULL)
			*of = r;
		return &r->indexes[i];
	}
	return NULL;
}

const struct schema_relation *const *schema_relations(const struct schema *s, size_t *n)
{
	*n = s->n_relations;
	return s->relations;
}

const struct schema_namespace *schema_namespaces(const struct schema *s, size_t *n)
{
	*n = s->n_namespaces;
	return s->namespaces;
}

const struct schema_sequence *schema_sequences(const struct schema *s, size_t *n)
{
	*n = s->n_sequences;
	return s->sequences;
}
