/*
 * inspect.c - what lies in a store, read from the heads of its objects
 * Licence: MIT, see LICENSE.
 */
#include "vfs/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vfs/history.h"
#include "vfs/listing.h"
#include "vfs/manifest.h"
#include "vfs/pin.h"

enum { AT_ONCE = 8 };

const char *vfs_kind_name(enum commit_kind kind)
{
	switch (kind) {
	case COMMIT_NORMAL:
		return "commit";
	case COMMIT_CREATED:
		return "created";
	case COMMIT_DROPPED:
		return "dropped";
	case COMMIT_BRANCHED:
		return "branched";
	}
	return "unknown";
}

/* --- heads of slots, several at once ---------------------------------------- */

struct peek {
	pthread_t thread;
	bool threaded;
	struct blob_store *store;
	uint64_t lsn;
	char key[KEY_MAX];
	struct buf body;
	struct blob_info info;
	enum blob_rc got;
	struct error err;
};

static void *peek_run(void *arg)
{
	struct peek *p = arg;
	struct blob_range range = { .offset = 0, .len = COMMIT_HEAD_LEN };

	p->got = blob_get(p->store, p->key, &range, &p->body, &p->info, &p->err);
	return NULL;
}

/* Slots lsn, lsn + step, ...; for peeks_free(). */
static void peeks_read(struct blob_store *store, const char *folder, uint64_t lsn, int step,
		       struct peek *peeks, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct peek *p = &peeks[i];

		*p = (struct peek){ .store = store, .lsn = lsn };
		buf_init(&p->body, COMMIT_HEAD_LEN);
		key_slot(p->key, folder, lsn);
		p->threaded = i > 0 && thread_start(&p->thread, "pgblob-peek", 0, peek_run, p, NULL);
		lsn = step > 0 ? lsn + 1 : lsn - 1;
	}
	for (unsigned i = 0; i < n; i++) {
		if (peeks[i].threaded)
			pthread_join(peeks[i].thread, NULL);
		else
			(void)peek_run(&peeks[i]);
	}
}

static void peeks_free(struct peek *peeks, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_free(&peeks[i].body);
}

/* VFS_NOT_FOUND: no such slot. */
static enum vfs_rc peek_slot(const struct peek *p, struct vfs_slot *out, struct error *err)
{
	struct commit_head head;

	if (p->got != BLOB_OK) {
		if (err != NULL)
			*err = p->err;
		return vfs_rc_of_blob(p->got);
	}
	if (!commit_peek((const uint8_t *)p->body.data, p->body.len, p->key, &head, err))
		return VFS_CORRUPT;
	if (head.lsn != p->lsn) {
		error_set(err, "object \"%s\" is damaged: it says that it is slot %" PRIu64, p->key,
			  head.lsn);
		return VFS_CORRUPT;
	}
	*out = (struct vfs_slot){
		.lsn = head.lsn,
		.time_us = head.time_us,
		.kind = head.kind,
		.page_size = head.page_size,
		.page_count = head.page_count,
		.n_pages = head.n_entries,
		.n_objects = head.n_objects,
		.bytes = p->info.size,
	};
	memcpy(out->db_id, head.db_id, ID_LEN);
	memcpy(out->nonce, head.nonce, ID_LEN);
	return VFS_OK;
}

/* --- the state of a version --------------------------------------------------- */

/* Of the manifest of slot `lsn`. */
static enum vfs_rc state_of_manifest(struct blob_store *store, const char *folder, uint64_t lsn,
				     struct vfs_state *out, struct error *err)
{
	struct blob_range range = { .offset = 0, .len = MANIFEST_HEAD_LEN };
	struct buf body = BUF_INIT(MANIFEST_HEAD_LEN);
	struct manifest_head head;
	struct blob_info info;
	char key[KEY_MAX];
	enum vfs_rc rc;

	key_manifest(key, folder, lsn);
	rc = vfs_rc_of_blob(blob_get(store, key, &range, &body, &info, err));
	if (rc == VFS_OK && !manifest_peek((const uint8_t *)body.data, body.len, key, &head, err))
		rc = VFS_CORRUPT;
	buf_free(&body);
	if (rc != VFS_OK)
		return rc;
	out->exists = head.kind != COMMIT_DROPPED;
	out->lsn = out->manifest_lsn = head.lsn;
	out->time_us = head.time_us;
	out->page_size = head.page_size;
	out->page_count = head.page_count;
	out->manifest_bytes = info.size;
	out->manifest_objects = head.n_objects;
	memcpy(out->db_id, head.db_id, ID_LEN);
	return VFS_OK;
}

/* Of the newest manifest, if there is one. */
static enum vfs_rc state_of_newest_manifest(struct blob_store *store, const char *folder,
					    struct vfs_state *out, struct error *err)
{
	enum vfs_rc rc = VFS_NOT_FOUND;

	/* between LIST and GET a newer one may have come, and this one gone */
	for (int tries = 0; tries < 5 && rc == VFS_NOT_FOUND; tries++) {
		uint64_t lsn;

		rc = manifest_newest(store, folder, &lsn, err);
		if (rc == VFS_OK && lsn != 0)
			rc = state_of_manifest(store, folder, lsn, out, err);
	}
	return rc == VFS_NOT_FOUND ? VFS_CORRUPT : rc;
}

static void state_apply(struct vfs_state *state, const struct vfs_slot *slot)
{
	state->exists = slot->kind != COMMIT_DROPPED;
	state->lsn = slot->lsn;
	state->time_us = slot->time_us;
	state->page_size = slot->page_size;
	state->page_count = slot->page_count;
	memcpy(state->db_id, slot->db_id, ID_LEN);
}

/* Where the log is not read on. */
struct bound {
	uint64_t lsn;
	int64_t time_us;
	bool stopped; /* a slot that is younger was met */
};

/* Go on from `out` to the end of the log.  Up to `width` slots are asked for at once, more the more there were. */
static enum vfs_rc state_follow(struct blob_store *store, const char *folder, unsigned width,
				struct bound *bound, struct vfs_state *out, struct error *err)
{
	struct peek peeks[AT_ONCE];
	unsigned n = 1;
	bool end = false;
	enum vfs_rc rc = VFS_OK;

	while (rc == VFS_OK && !end && out->lsn < bound->lsn) {
		if (n > bound->lsn - out->lsn)
			n = (unsigned)(bound->lsn - out->lsn);
		peeks_read(store, folder, out->lsn + 1, 1, peeks, n);
		for (unsigned i = 0; i < n && rc == VFS_OK && !end; i++) {
			struct vfs_slot slot;

			rc = peek_slot(&peeks[i], &slot, err);
			if (rc == VFS_OK && slot.time_us > bound->time_us)
				end = bound->stopped = true;
			else if (rc == VFS_OK)
				state_apply(out, &slot);
		}
		peeks_free(peeks, n);
		n = n * 2 < width ? n * 2 : width;
	}
	if (rc == VFS_NOT_FOUND) {
		error_clear(err);
		rc = VFS_OK;
	}
	return rc;
}

static enum vfs_rc inspect_folder(struct blob_store *store, const char *folder, unsigned width,
				  struct vfs_state *out, struct error *err)
{
	struct bound none = { .lsn = UINT64_MAX, .time_us = INT64_MAX };
	enum vfs_rc rc;

	*out = (struct vfs_state){ 0 };
	rc = state_of_newest_manifest(store, folder, out, err);
	return rc == VFS_OK ? state_follow(store, folder, width, &none, out, err) : rc;
}

static struct history_version version_of(const struct vfs_state *s)
{
	struct history_version v = { .exists = s->exists, .lsn = s->lsn, .time_us = s->time_us };

	memcpy(v.db_id, s->db_id, ID_LEN);
	return v;
}

/* *out is the newest state before, that of the version afterwards. */
static enum vfs_rc inspect_past(struct blob_store *store, const char *folder, struct db_past *past,
				struct vfs_state *out, struct error *err)
{
	struct history_version found, now = version_of(out);
	struct pin pin;
	uint64_t manifest = 0;
	enum vfs_rc rc = history_resolve(store, folder, past, &now, &pin, err);

	if (rc != VFS_OK)
		return rc;
	struct bound bound = { .lsn = past->lsn, .time_us = past->time_us };
	rc = history_manifest(store, folder, past, &now, &manifest, err);
	*out = (struct vfs_state){ 0 };
	if (rc == VFS_OK && manifest != 0)
		rc = state_of_manifest(store, folder, manifest, out, err);
	if (rc == VFS_NOT_FOUND)
		return history_not_kept(past, err);
	if (rc == VFS_OK)
		rc = state_follow(store, folder, AT_ONCE, &bound, out, err);
	if (rc != VFS_OK)
		return rc;
	found = version_of(out);
	return history_judge(past, &found, &now, bound.stopped, err);
}

/* Of "name" and of "name@...". */
static enum vfs_rc folder_of(const char *name, struct db_past *past, char folder[DB_NAME_ENCODED],
			     struct error *err)
{
	if (!history_parse(name, past, err))
		return VFS_INVALID;
	db_name_encode(past->base, folder);
	return VFS_OK;
}

enum vfs_rc vfs_inspect_state(struct blob_store *store, const char *name, struct vfs_state *out,
			      struct error *err)
{
	char folder[DB_NAME_ENCODED];
	struct db_past past;
	enum vfs_rc rc = folder_of(name, &past, folder, err);

	if (rc == VFS_OK)
		rc = inspect_folder(store, folder, AT_ONCE, out, err);
	if (rc == VFS_OK && !out->exists) {
		error_set(err, "database \"%s\" does not exist", past.base);
		if (out->lsn > 0)
			error_detail(err, "It was dropped.");
		return VFS_NOT_FOUND;
	}
	return rc == VFS_OK && past.kind != PAST_NONE ? inspect_past(store, folder, &past, out, err) : rc;
}

/* --- all databases ----------------------------------------------------------- */

/* One database of many, in a thread. */
struct look {
	pthread_t thread;
	bool threaded;
	struct blob_store *store;
	char name[DB_NAME_MAX + 1];
	struct vfs_state state;
	enum vfs_rc rc;
	struct error err;
};

static void *look_run(void *arg)
{
	struct look *l = arg;
	char folder[DB_NAME_ENCODED];

	db_name_encode(l->name, folder);
	/* one after the other: there are others at the same time */
	l->rc = inspect_folder(l->store, folder, 1, &l->state, &l->err);
	return NULL;
}

static bool table_add(struct vfs_database_table *t, const struct look *l)
{
	struct vfs_database *bigger = realloc(t->databases, (t->n + 1) * sizeof(bigger[0]));

	if (bigger == NULL)
		return false;
	t->databases = bigger;
	struct vfs_database *d = &bigger[t->n];
	*d = (struct vfs_database){
		.name = strdup(l->name),
		.state = l->state,
		.problem = l->rc == VFS_OK ? NULL : strdup(l->err.text),
	};
	if (d->name == NULL || (l->rc != VFS_OK && d->problem == NULL)) {
		free(d->name);
		free(d->problem);
		return false;
	}
	t->n++;
	return true;
}

/* Look at n databases at the same time, and note those that are there. */
static enum vfs_rc look_at(struct look *looks, unsigned n, struct vfs_database_table *out,
			   struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	for (unsigned i = 0; i < n; i++)
		looks[i].threaded = i > 0 && thread_start(&looks[i].thread, "pgblob-look", 0,
							  look_run, &looks[i], NULL);
	for (unsigned i = 0; i < n; i++) {
		if (looks[i].threaded)
			pthread_join(looks[i].thread, NULL);
		else
			(void)look_run(&looks[i]);
	}
	for (unsigned i = 0; i < n && rc == VFS_OK; i++) {
		struct look *l = &looks[i];

		if (l->rc != VFS_OK && l->rc != VFS_CORRUPT) {
			rc = l->rc;
			if (err != NULL)
				*err = l->err;
		} else if ((l->rc == VFS_CORRUPT || l->state.exists) && !table_add(out, l)) {
			error_no_memory(err);
			rc = VFS_IO;
		}
	}
	return rc;
}

static int compare_databases(const void *a, const void *b)
{
	return strcmp(((const struct vfs_database *)a)->name,
		      ((const struct vfs_database *)b)->name);
}

/* What else lies in a bucket is not ours. */
static bool is_folder(const struct blob_entry *e, char name[DB_NAME_MAX + 1])
{
	size_t len = strlen(e->key);

	return e->is_prefix && len >= 2 && db_name_decode(e->key, len - 1, name);
}

static const struct blob_list_request by_folder = { .by_folder = true };

/* The databases of one page. */
static enum vfs_rc look_at_page(void *out, struct blob_store *store, const struct blob_list *list,
				struct error *err)
{
	struct look *looks = calloc(AT_ONCE, sizeof(looks[0]));
	enum vfs_rc rc = VFS_OK;
	unsigned n = 0;

	if (looks == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	for (size_t i = 0; rc == VFS_OK && i < list->n_entries; i++) {
		looks[n] = (struct look){ .store = store };
		if (!is_folder(&list->entries[i], looks[n].name))
			continue;
		if (++n == AT_ONCE) {
			rc = look_at(looks, n, out, err);
			n = 0;
		}
	}
	if (rc == VFS_OK && n > 0)
		rc = look_at(looks, n, out, err);
	free(looks);
	return rc;
}

enum vfs_rc vfs_inspect_all(struct blob_store *store, struct vfs_database_table *out,
			    struct error *err)
{
	struct vfs_database_table found = { NULL, 0 };
	enum vfs_rc rc = list_pages(store, &by_folder, look_at_page, &found, err);

	if (rc != VFS_OK) {
		vfs_database_table_free(&found);
		return rc;
	}
	if (found.n > 0)
		qsort(found.databases, found.n, sizeof(found.databases[0]), compare_databases);
	*out = found;
	return VFS_OK;
}

void vfs_database_table_free(struct vfs_database_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		free(table->databases[i].name);
		free(table->databases[i].problem);
	}
	free(table->databases);
	*table = (struct vfs_database_table){ NULL, 0 };
}

enum vfs_rc vfs_list_databases(struct blob_store *store, struct vfs_database_list *out,
			       struct error *err)
{
	struct vfs_database_table table;
	enum vfs_rc rc = vfs_inspect_all(store, &table, err);

	if (rc != VFS_OK)
		return rc;
	*out = (struct vfs_database_list){ malloc((table.n + 1) * sizeof(out->names[0])), 0 };
	if (out->names == NULL) {
		error_no_memory(err);
		rc = VFS_IO;
	} else {
		/* a damaged one is there: who connects to it is told what is wrong */
		for (size_t i = 0; i < table.n; i++) {
			out->names[out->n_names++] = table.databases[i].name;
			table.databases[i].name = NULL;
		}
	}
	vfs_database_table_free(&table);
	return rc;
}

static enum vfs_rc add_names(void *out, struct blob_store *store, const struct blob_list *list,
			     struct error *err)
{
	struct vfs_database_list *names = out;
	size_t room = names->n_names + list->n_entries + 1;
	char **grown = realloc(names->names, room * sizeof(grown[0]));
	char name[DB_NAME_MAX + 1];

	(void)store;
	if (grown == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	names->names = grown;
	for (size_t i = 0; i < list->n_entries; i++) {
		if (!is_folder(&list->entries[i], name))
			continue;
		grown[names->n_names] = strdup(name);
		if (grown[names->n_names] == NULL) {
			error_no_memory(err);
			return VFS_IO;
		}
		names->n_names++;
	}
	return VFS_OK;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum vfs_rc vfs_list_folders(struct blob_store *store, struct vfs_database_list *out,
			     struct error *err)
{
	struct vfs_database_list found = { NULL, 0 };
	enum vfs_rc rc = list_pages(store, &by_folder, add_names, &found, err);

	if (rc != VFS_OK) {
		vfs_database_list_free(&found);
		return rc;
	}
	qsort(found.names, found.n_names, sizeof(found.names[0]), compare_names);
	*out = found;
	return VFS_OK;
}

void vfs_database_list_free(struct vfs_database_list *list)
{
	for (size_t i = 0; i < list->n_names; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct vfs_database_list){ NULL, 0 };
}

/* --- log and objects --------------------------------------------------------- */

/* Downwards from `lsn`, which is there unless clean-up has taken it. */
static enum vfs_rc walk_log(struct blob_store *store, const char *folder, uint64_t lsn,
			    uint64_t limit, vfs_slot_fn fn, void *arg, struct error *err)
{
	struct peek peeks[AT_ONCE];
	enum vfs_rc rc = VFS_OK;
	bool end = false;
	unsigned n = 1;

	while (rc == VFS_OK && !end && lsn > 0 && limit > 0) {
		if (n > lsn)
			n = (unsigned)lsn;
		if (n > limit)
			n = (unsigned)limit;
		peeks_read(store, folder, lsn, -1, peeks, n);
		for (unsigned i = 0; i < n && rc == VFS_OK && !end; i++) {
			struct vfs_slot slot;

			rc = peek_slot(&peeks[i], &slot, err);
			if (rc == VFS_OK)
				end = !fn(arg, &slot);
		}
		peeks_free(peeks, n);
		lsn -= n;
		limit -= n;
		n = n * 2 < AT_ONCE ? n * 2 : AT_ONCE;
	}
	if (rc == VFS_NOT_FOUND) {
		error_clear(err);
		rc = VFS_OK;
	}
	return rc;
}

enum vfs_rc vfs_inspect_log(struct blob_store *store, const char *name, uint64_t lsn,
			    uint64_t limit, vfs_slot_fn fn, void *arg, struct error *err)
{
	char folder[DB_NAME_ENCODED];
	struct vfs_state state;
	struct db_past past;
	enum vfs_rc rc = vfs_inspect_state(store, name, &state, err);

	if (rc == VFS_OK)
		rc = folder_of(name, &past, folder, err);
	if (rc != VFS_OK)
		return rc;
	return walk_log(store, folder, lsn == 0 || lsn > state.lsn ? state.lsn : lsn,
			limit == 0 ? UINT64_MAX : limit, fn, arg, err);
}

enum vfs_rc vfs_inspect_slots(struct blob_store *store, const char *name, uint64_t lsn,
			      uint64_t limit, vfs_slot_fn fn, void *arg, struct error *err)
{
	char folder[DB_NAME_ENCODED];
	struct db_past past;
	enum vfs_rc rc = folder_of(name, &past, folder, err);

	return rc != VFS_OK ? rc :
			      walk_log(store, folder, lsn, limit == 0 ? UINT64_MAX : limit, fn, arg, err);
}

struct told_object {
	vfs_object_fn fn;
	void *arg;
};

static enum vfs_rc tell_object(void *arg, const struct blob_entry *entry, struct error *err)
{
	const struct told_object *t = arg;

	(void)err;
	return t->fn(t->arg, entry->key, entry->info.size) ? VFS_OK : VFS_IO;
}

enum vfs_rc vfs_inspect_objects(struct blob_store *store, const char *name, vfs_object_fn fn,
				void *arg, struct error *err)
{
	char folder[DB_NAME_ENCODED];
	struct told_object told = { fn, arg };
	struct db_past past;
	enum vfs_rc rc = folder_of(name, &past, folder, err);

	return rc != VFS_OK ? rc : list_objects(store, folder, NULL, NULL, tell_object, &told, err);
}

static bool count_object(void *arg, const char *key, uint64_t bytes)
{
	struct vfs_usage *u = arg;
	struct vfs_object_count *count = &u->others;
	const char *part = strchr(key, '/');
	uint64_t lsn;

	if (part == NULL)
		part = "";
	if (strncmp(part, "/log/", 5) == 0) {
		count = &u->slots;
		if (u->oldest_lsn == 0 && key_slot_lsn(key, &lsn))
			u->oldest_lsn = lsn;
	} else if (strncmp(part, "/seg/", 5) == 0) {
		count = &u->segments;
	} else if (strncmp(part, "/manifest/", 10) == 0) {
		count = &u->manifests;
	} else if (strncmp(part, "/pin/", 5) == 0) {
		count = &u->pins;
	}
	count->n++;
	count->bytes += bytes;
	return true;
}

enum vfs_rc vfs_inspect_usage(struct blob_store *store, const char *name, struct vfs_usage *out,
			      struct error *err)
{
	*out = (struct vfs_usage){ 0 };
	return vfs_inspect_objects(store, name, count_object, out, err);
}
