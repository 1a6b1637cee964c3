/*
 * object.c - the objects that pages lie in, by number
 * Licence: MIT, see LICENSE.
 */
#include "vfs/object.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void objects_init(struct objects *t, const char *folder)
{
	*t = (struct objects){ .folder = folder };
	mutex_init(&t->lock);
}

void objects_deinit(struct objects *t)
{
	free(t->origins);
	free(t->ids);
	free(t->slots);
	mutex_deinit(&t->lock);
}

static bool same(const struct manifest_object *a, const struct manifest_object *b)
{
	return a->kind == b->kind && a->origin == b->origin &&
	       memcmp(a->id, b->id, ID_LEN) == 0;
}

/* Where the id is, or would be. */
static uint32_t *place_of(const struct objects *t, const struct manifest_object *id)
{
	uint64_t h = get_u64(id->id) ^ get_u64(id->id + 8) * 0x9e3779b97f4a7c15u ^ id->origin;

	h = (h ^ h >> 29) * 0xff51afd7ed558ccdu;
	for (uint64_t i = h >> 16;; i++) {
		uint32_t *slot = &t->slots[i & (t->n_slots - 1)];

		if (*slot == 0 || same(&t->ids[*slot - 1], id))
			return slot;
	}
}

static bool grow_locked(struct objects *t)
{
	uint32_t cap = t->cap == 0 ? 16 : t->cap * 2;
	uint32_t n_slots = cap * 2;
	void *ids = realloc(t->ids, (size_t)cap * sizeof(t->ids[0]));

	if (ids == NULL)
		return false;
	t->ids = ids;
	uint32_t *slots = calloc(n_slots, sizeof(slots[0]));
	if (slots == NULL)
		return false;
	free(t->slots);
	t->slots = slots;
	t->n_slots = n_slots;
	t->cap = cap;
	for (uint32_t i = 0; i < t->n; i++)
		*place_of(t, &t->ids[i]) = i + 1;
	return true;
}

bool objects_add(struct objects *t, const struct manifest_object *id, uint64_t *number)
{
	bool ok = true;

	if (id->kind == OBJECT_SLOT && id->origin == 0) {
		*number = id->lsn;
		return true;
	}
	mutex_lock(&t->lock);
	if (t->n == t->cap)
		ok = grow_locked(t);
	if (ok) {
		uint32_t *slot = place_of(t, id);

		if (*slot == 0) {
			t->ids[t->n] = *id;
			*slot = ++t->n;
		} else if (id->size != 0) {
			t->ids[*slot - 1].size = id->size;
		}
		*number = OBJECT_TABLE_BIT | (*slot - 1);
	}
	mutex_unlock(&t->lock);
	return ok;
}

void objects_get(struct objects *t, uint64_t number, struct manifest_object *out)
{
	if ((number & OBJECT_TABLE_BIT) == 0) {
		*out = (struct manifest_object){ .kind = OBJECT_SLOT, .lsn = number };
		set_u64(out->id + 8, number);
		return;
	}
	mutex_lock(&t->lock);
	assert((number & ~OBJECT_TABLE_BIT) < t->n);
	*out = t->ids[number & ~OBJECT_TABLE_BIT];
	mutex_unlock(&t->lock);
}

void objects_key(struct objects *t, uint64_t number, char key[KEY_MAX])
{
	struct manifest_object o;
	char folder[DB_NAME_ENCODED];
	const char *where = t->folder;

	objects_get(t, number, &o);
	if (o.origin != 0) {
		bool known = objects_origin(t, o.origin, folder);

		assert(known); /* whoever added the object has checked it */
		(void)known;
		where = folder;
	}
	if (o.kind == OBJECT_SLOT)
		key_slot(key, where, o.lsn);
	else
		key_segment(key, where, o.id);
}

bool objects_has_origins(struct objects *t, char (*folders)[DB_NAME_ENCODED], uint32_t n)
{
	mutex_lock(&t->lock);
	bool same_all = t->n_origins == n;
	for (uint32_t i = 0; same_all && i < n; i++)
		same_all = strcmp(t->origins[i], folders[i]) == 0;
	mutex_unlock(&t->lock);
	return same_all;
}

bool objects_set_origins(struct objects *t, char (*folders)[DB_NAME_ENCODED], uint32_t n)
{
	void *origins = malloc(((size_t)n + 1) * sizeof(t->origins[0]));

	if (origins == NULL)
		return false;
	memcpy(origins, folders, (size_t)n * sizeof(t->origins[0]));
	mutex_lock(&t->lock);
	free(t->origins);
	t->origins = origins;
	t->n_origins = n;
	mutex_unlock(&t->lock);
	return true;
}

bool objects_origin(struct objects *t, uint16_t origin, char folder[DB_NAME_ENCODED])
{
	bool found;

	if (origin == 0) {
		strcpy(folder, t->folder);
		return true;
	}
	mutex_lock(&t->lock);
	found = origin <= t->n_origins;
	if (found)
		strcpy(folder, t->origins[origin - 1]);
	mutex_unlock(&t->lock);
	return found;
}

uint32_t objects_count(struct objects *t)
{
	mutex_lock(&t->lock);
	uint32_t n = t->n;
	mutex_unlock(&t->lock);
	return n;
}

uint32_t objects_n_origins(struct objects *t)
{
	mutex_lock(&t->lock);
	uint32_t n = t->n_origins;
	mutex_unlock(&t->lock);
	return n;
}
