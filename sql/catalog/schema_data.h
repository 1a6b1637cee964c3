/*
 * schema_data.h - what a struct schema is made of, for those who build one
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_SQL_CATALOG_SCHEMA_DATA_H
#define PGBLOB_SQL_CATALOG_SCHEMA_DATA_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "sql/schema.h"

enum { SCHEMA_ARENA_MAX = 1 << 30 };

struct schema {
	atomic_uint refs;
	struct arena arena; /* everything below, but for the maps' tables */

	const struct schema_relation **relations; /* system ones first */
	size_t n_relations;
	const struct schema_namespace *namespaces;
	size_t n_namespaces;
	const struct schema_sequence *sequences;
	size_t n_sequences;

	/* by "schema\0name", the values are elements of the arrays above */
	struct map relations_by_name;
	struct map indexes_by_name; /* values: struct schema_relation that has it */
	struct map sequences_by_name;
	/* by the four bytes of the oid */
	struct map relations_by_oid;
};

/* An empty one with one reference, or NULL. */
struct schema *schema_new(void);

/*
 * Fill the maps from the arrays.  A name that is there twice keeps its first
 * relation.  False: out of memory.
 */
bool schema_index(struct schema *s);

#endif
