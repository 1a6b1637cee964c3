/*
 * object.h - the objects that pages lie in, by number
 *
 * In memory an object is a number of 44 bits: the lsn of a slot of this
 * database, or OBJECT_TABLE_BIT and an index into its table: a segment, or a
 * slot of another database that this one was branched from.  A number never
 * changes its meaning.
 *
 * An origin is the folder that an object lies in: 0 is the database's own, 1 and
 * up are those of the databases that it was branched from.
 *
 * Any thread may call this; the lock is a leaf.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_OBJECT_H
#define PGBLOB_VFS_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/thread.h"
#include "vfs/format.h"
#include "vfs/key.h"

#define OBJECT_TABLE_BIT ((uint64_t)1 << LSN_BITS)

/* folder never changes; lock guards the fields below it. */
struct objects {
	const char *folder; /* borrowed */

	struct mutex lock;
	char (*origins)[DB_NAME_ENCODED]; /* [0] is origin 1 */
	uint32_t n_origins;
	struct manifest_object *ids;
	uint32_t n, cap;
	uint32_t *slots; /* hash of ids: index + 1, 0 is free */
	uint32_t n_slots;
};

void objects_init(struct objects *t, const char *folder);
void objects_deinit(struct objects *t);

/* The number of an object, given if it has none.  False: no memory. */
MUST_CHECK bool objects_add(struct objects *t, const struct manifest_object *id, uint64_t *number);

/* What a number stands for. */
void objects_get(struct objects *t, uint64_t number, struct manifest_object *out);

/* The key of the object with that number. */
void objects_key(struct objects *t, uint64_t number, char key[KEY_MAX]);

/*
 * Origins are 1 to n, the folders of a branch's parents, the nearest first: what an
 * object in origin k calls origin j is k + j here.
 */
bool objects_has_origins(struct objects *t, char (*folders)[DB_NAME_ENCODED], uint32_t n);
/* Instead of those that were there; nobody uses a number that has one.  False: no memory. */
MUST_CHECK bool objects_set_origins(struct objects *t, char (*folders)[DB_NAME_ENCODED], uint32_t n);

/* Copies the folder of an origin; false if there is no such. */
MUST_CHECK bool objects_origin(struct objects *t, uint16_t origin, char folder[DB_NAME_ENCODED]);

/* How many have a number. */
uint32_t objects_count(struct objects *t);
uint32_t objects_n_origins(struct objects *t);

#endif
