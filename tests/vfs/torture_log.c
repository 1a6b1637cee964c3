/*
 * torture_log.c - which databases there are, and were, as the slots in the store say
 * Licence: MIT, see LICENSE.
 */
#include "tests/vfs/torture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "vfs/branch.h"
#include "vfs/format.h"
#include "vfs/key.h"

/* A name, and how far its slots have been looked at. */
struct name {
	struct name *next;
	char name[20];
	struct commit_head last; /* of those that have been looked at: its lsn is 0 before the first */
	struct database *now;    /* NULL: there is none */
	struct name_state state;
};

static struct name *names;
static struct database *first_database, **last_database = &first_database;

/* The first object that lay under a key is the one that counts: a later one came too late. */
static const struct sim_object *slot_object(const char *name, uint64_t lsn)
{
	char key[KEY_MAX + 2] = "p/";

	key_slot(key + 2, name, lsn);
	const struct sim_object *o = sim_store_find(key);
	while (o != NULL && o->before != NULL)
		o = o->before;
	return o;
}

int64_t model_slot_us(const char *name, uint64_t lsn)
{
	const struct sim_object *o = slot_object(name, lsn);

	return o != NULL ? o->created_us : -1;
}

static void begin_database(struct name *n, const struct commit_head *head)
{
	struct database *d = calloc(1, sizeof(*d));
	struct branch_point point;
	struct error err = ERROR_INIT;

	if (d == NULL)
		abort();
	strcpy(d->name, n->name);
	d->first_lsn = head->lsn;
	if (head->kind == COMMIT_BRANCHED) {
		if (!branch_point_parse(head->messages, head->messages_len, n->name, &point, &err))
			sim_fail("slot %" PRIu64 " of %s: %s", head->lsn, n->name, err.text);
		d->parent = model_find(point.folder, point.lsn);
		d->parent_lsn = point.lsn;
		if (d->parent == NULL)
			sim_fail("%s is a branch of slot %" PRIu64 " of %s, which is no database", n->name,
				 point.lsn, point.folder);
	}
	*last_database = d;
	last_database = &d->next;
	n->now = d;
	n->state.exists = true;
	n->state.n_begun++;
	sim_trace("slot %" PRIu64 " begins database %s", head->lsn, n->name);
}

/* Takes in the next slot of a name, which must go with what came before. */
static void take_slot(struct name *n, const struct sim_object *o)
{
	struct commit_head head;
	struct error err = ERROR_INIT;
	bool begins;

	if (!commit_parse((const uint8_t *)o->body.data, o->body.len, o->key, &head, &err))
		sim_fail("%s", err.text);
	if (head.lsn != n->last.lsn + 1 || memcmp(head.previous, n->last.hash, HASH_LEN) != 0)
		sim_fail("slot %" PRIu64 " of %s does not follow the one before it", head.lsn, n->name);
	if (head.time_us < n->last.time_us)
		sim_fail("slot %" PRIu64 " of %s is older than the one before it", head.lsn, n->name);
	begins = head.kind == COMMIT_CREATED || head.kind == COMMIT_BRANCHED;
	if (begins == (n->now != NULL) && head.kind != COMMIT_DROPPED)
		sim_fail("slot %" PRIu64 " of %s %s", head.lsn, n->name,
			 begins ? "begins a database, and there is one" : "is of no database");
	if (n->now != NULL && memcmp(head.db_id, n->last.db_id, ID_LEN) != 0)
		sim_fail("slot %" PRIu64 " of %s is of another database", head.lsn, n->name);
	if (begins)
		begin_database(n, &head);
	if (head.kind == COMMIT_DROPPED && n->now != NULL) {
		n->now->dropped_lsn = head.lsn;
		n->now->dropped_us = o->created_us;
		n->now = NULL;
		n->state.exists = false;
		n->state.n_dropped++;
		sim_trace("slot %" PRIu64 " drops database %s", head.lsn, n->name);
	}
	n->last = head;
}

/* The name, up to its newest slot. */
static struct name *look_at(const char *name)
{
	const struct sim_object *o;
	struct name *n = names;

	while (n != NULL && strcmp(n->name, name) != 0)
		n = n->next;
	if (n == NULL) {
		n = calloc(1, sizeof(*n));
		if (n == NULL || strlen(name) >= sizeof(n->name))
			abort();
		strcpy(n->name, name);
		n->next = names;
		names = n;
	}
	while ((o = slot_object(name, n->last.lsn + 1)) != NULL)
		take_slot(n, o);
	return n;
}

struct database *model_find(const char *name, uint64_t lsn)
{
	(void)look_at(name);
	for (struct database *d = first_database; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0 && d->first_lsn <= lsn &&
		    (d->dropped_lsn == 0 || lsn < d->dropped_lsn))
			return d;
	return NULL;
}

struct name_state model_name(const char *name)
{
	struct name *n = look_at(name);
	struct name_state state = n->state;

	state.told = n->now != NULL && n->now->told;
	return state;
}

bool model_was_away(const char *name, struct name_state before)
{
	struct name_state now = model_name(name);

	return !before.told || !now.exists || before.n_dropped != now.n_dropped;
}

void model_made_told(const char *name, struct name_state before)
{
	struct name *n = look_at(name);

	if (n->now != NULL && n->state.n_begun == before.n_begun + 1)
		n->now->told = true;
}

bool model_dropped(struct database *d)
{
	(void)look_at(d->name);
	return d->dropped_lsn != 0;
}

void model_drop_told(const char *name)
{
	(void)look_at(name);
	for (struct database *d = first_database; d != NULL; d = d->next)
		if (strcmp(d->name, name) == 0 && d->dropped_lsn != 0)
			d->drop_told = true;
}

struct database *model_next(struct database *d)
{
	return d == NULL ? first_database : d->next;
}

/* --- at the end ------------------------------------------------------------ */

/* The manifest is of its slot. */
static void check_manifest(const char *name, const struct sim_object *o, uint64_t lsn)
{
	const struct sim_object *slot = slot_object(name, lsn);
	struct manifest_head manifest;
	struct error err = ERROR_INIT;
	struct commit_head head;

	if (slot == NULL ||
	    !manifest_parse((const uint8_t *)o->body.data, o->body.len, o->key, &manifest, &err) ||
	    !commit_parse((const uint8_t *)slot->body.data, slot->body.len, slot->key, &head, &err) ||
	    manifest.lsn != lsn || memcmp(manifest.hash, head.hash, HASH_LEN) != 0)
		sim_fail("manifest %" PRIu64 " of %s is not of its slot: %s", lsn, name, err.text);
}

void model_check_logs(void)
{
	uint64_t n_slots = 0, n_manifests = 0, n_chained = 0, lsn;
	const struct sim_object *o;

	for (size_t i = 0; (o = sim_store_at(i)) != NULL; i++) {
		char name[20] = "";

		if (sscanf(o->key, "p/%19[^/]", name) != 1)
			continue;
		if (strstr(o->key, "/log/") != NULL && key_slot_lsn(o->key, &lsn)) {
			n_slots++;
			(void)look_at(name);
		} else if (strstr(o->key, "/manifest/") != NULL && key_manifest_lsn(o->key, &lsn)) {
			n_manifests++;
			check_manifest(name, o, lsn);
		}
	}
	for (struct name *n = names; n != NULL; n = n->next)
		n_chained += n->last.lsn;
	if (n_slots != n_chained)
		sim_fail("a log has a gap: %" PRIu64 " slots, and %" PRIu64 " follow each other", n_slots,
			 n_chained);
	sim_trace("%" PRIu64 " slots, %" PRIu64 " manifests", n_slots, n_manifests);
}

void model_free_logs(void)
{
	for (struct name *n = names, *next; n != NULL; n = next) {
		next = n->next;
		free(n);
	}
	for (struct database *d = first_database, *next; d != NULL; d = next) {
		next = d->next;
		free(d->model);
		free(d);
	}
}
