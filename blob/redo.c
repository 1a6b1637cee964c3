/*
 * redo.c - objects of a local folder made durable by one flush of a file that is there already
 *
 * INVARIANTS
 *   (1) A record is flushed before its object gets its name, and stays until the object's own file
 *       and name are durable.
 *   (2) Only the process that owns the files appends, and it never appends a record of a key whose
 *       object is there: so what a recovery finds of one key is of one object.
 *   (3) A file gets a new generation only when it is not the active one and nobody is between
 *       append and leave with a record in it.
 * Licence: MIT, see LICENSE.
 */
#include "blob/redo.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

enum {
	ASKED_BEFORE = 4,  /* not for the few objects of a short-lived program */
	RETRY_MS = 10000,
	REST_MS = 10000,   /* records are this old when a checkpoint takes them, or a bit older */
	VOIDS_LEN = 64 << 10, /* of each file, for what is recorded but then not created */
};

void redo_init(struct redo *r, int root_fd)
{
	*r = (struct redo){ .root_fd = root_fd, .pid = getpid() };
	for (unsigned i = 0; i < REDO_FILES; i++)
		r->files[i].fd = -1;
	mutex_init(&r->lock);
	cond_init(&r->changed);
}

void redo_deinit(struct redo *r)
{
	/* the child of a fork has no thread, and a lock that may be held for ever */
	if (r->pid == getpid()) {
		mutex_lock(&r->lock);
		bool join = r->started;
		r->stop = true;
		cond_broadcast(&r->changed);
		mutex_unlock(&r->lock);
		if (join)
			pthread_join(r->thread, NULL);
		cond_deinit(&r->changed);
		mutex_deinit(&r->lock);
	}
	for (unsigned i = 0; i < REDO_FILES; i++) {
		redo_file_close(&r->files[i]);
		free(r->keys[i].slots);
	}
}

/* ---- keys of records ---- */

static uint64_t hash_of(const char *key)
{
	return XXH3_64bits(key, strlen(key)) | 1;
}

/* An empty set for a file of `len` bytes: with twice as many slots as it can have records. */
static bool keys_make(struct redo_keys *out, size_t len)
{
	enum { BYTES_OF_A_SLOT = 256 };

	out->n_slots = len / BYTES_OF_A_SLOT;
	out->slots = calloc(out->n_slots, sizeof(out->slots[0]));
	return out->slots != NULL;
}

static void keys_clear(struct redo_keys *keys)
{
	memset(keys->slots, 0, keys->n_slots * sizeof(keys->slots[0]));
}

/* Where the key is, or would be. */
static uint64_t *keys_find(const struct redo_keys *keys, uint64_t hash)
{
	size_t i = (hash >> 1) % keys->n_slots;

	while (keys->slots[i] != 0 && keys->slots[i] != hash)
		i = (i + 1) % keys->n_slots;
	return &keys->slots[i];
}

/* ---- checkpoints ---- */

static bool is_empty_locked(const struct redo *r)
{
	return r->first_ms == 0;
}

static void broken_locked(struct redo *r, const char *what, int failed)
{
	assert(mutex_held(&r->lock));
	if (atomic_load(&r->state) != REDO_BROKEN)
		log_error(NULL, "local folder: could not %s: %s; objects are written out one by one from now on",
			  what, strerror(failed));
	atomic_store(&r->state, REDO_BROKEN);
	cond_broadcast(&r->changed);
}

/* The file became full soon: there is much to do.  A disk that is full does not let it grow. */
static bool grow(struct redo_file *f, struct redo_keys *out)
{
	size_t len = f->len * 2;

	if (len > REDO_FILE_MAX || !keys_make(out, len))
		return false;
	if (redo_file_allocate(f, len) == 0)
		return true;
	free(out->slots);
	return false;
}

/* Creates go on in the other file, which is empty: only we make one full, and we emptied it. */
static void checkpoint_locked(struct redo *r)
{
	unsigned old = r->active;
	struct redo_file *f = &r->files[old];
	bool soon = r->full && mono_ms() - r->first_ms < REST_MS;

	r->checkpointing = true;
	r->active = !old;
	r->first_ms = 0;
	r->full = false;
	while (r->in_flight[old] > 0)
		cond_wait(&r->changed, &r->lock);
	/* above both, so records are in order of generation: what goes on in the other one is newer */
	uint64_t generation = r->next_generation++;
	mutex_unlock(&r->lock);
	int failed = redo_sync_all(r->root_fd, f);
	if (failed == 0)
		failed = redo_file_begin(f, generation);
	struct redo_keys keys;
	bool grown = failed == 0 && soon && grow(f, &keys);
	mutex_lock(&r->lock);
	r->flushed[old] = f->at;
	if (grown) {
		free(r->keys[old].slots);
		r->keys[old] = keys;
	} else if (failed == 0) {
		keys_clear(&r->keys[old]);
	}
	r->checkpointing = false;
	r->checkpoints++;
	if (failed != 0)
		broken_locked(r, "make objects durable", failed);
	cond_broadcast(&r->changed);
}

static bool is_due_locked(const struct redo *r)
{
	return !is_empty_locked(r) && (r->full || r->stop || mono_ms() - r->first_ms >= REST_MS);
}

static void *keep(void *arg)
{
	struct redo *r = arg;
	struct redo_file files[REDO_FILES];
	struct error err = ERROR_INIT;
	bool memory = true;
	int failed = redo_take(r->root_fd, files, &err);

	mutex_lock(&r->lock);
	if (failed == EAGAIN) {
		atomic_store(&r->retry_ms, mono_ms() + RETRY_MS);
		atomic_store(&r->state, REDO_OFF);
	} else if (failed != 0) {
		log_warn(NULL, "local folder: objects are written out one by one: %s", err.text);
		atomic_store(&r->state, REDO_BROKEN);
	} else {
		for (unsigned i = 0; i < REDO_FILES; i++) {
			r->files[i] = files[i];
			r->flushed[i] = files[i].at;
			memory &= keys_make(&r->keys[i], files[i].len);
		}
		r->active = files[0].generation < files[1].generation;
		r->next_generation = files[r->active].generation + 1;
		atomic_store(&r->state, memory ? REDO_READY : REDO_BROKEN);
	}
	while (atomic_load(&r->state) == REDO_READY && !(r->stop && is_empty_locked(r))) {
		if (is_due_locked(r))
			checkpoint_locked(r);
		else if (is_empty_locked(r))
			cond_wait(&r->changed, &r->lock);
		else
			(void)cond_wait_until(&r->changed, &r->lock, r->first_ms + REST_MS);
	}
	mutex_unlock(&r->lock);
	return NULL;
}

/* What is there now, and what a checkpoint under way is about, goes. */
static void checkpoint_wait_locked(struct redo *r)
{
	uint64_t until = r->checkpoints + r->checkpointing + !is_empty_locked(r);

	while (r->checkpoints < until && atomic_load(&r->state) == REDO_READY && !r->stop) {
		if (!is_empty_locked(r) && !r->full) {
			r->full = true;
			cond_broadcast(&r->changed);
		}
		cond_wait(&r->changed, &r->lock);
	}
}

void redo_forget(struct redo *r, const char *const *keys, size_t n)
{
	bool any = false;

	if (atomic_load(&r->state) != REDO_READY || r->pid != getpid())
		return;
	mutex_lock(&r->lock);
	for (size_t i = 0; i < n && !any; i++)
		for (unsigned file = 0; file < REDO_FILES; file++)
			any |= *keys_find(&r->keys[file], hash_of(keys[i])) != 0;
	if (any)
		checkpoint_wait_locked(r);
	mutex_unlock(&r->lock);
}

/* ---- creates ---- */

static void start_locked(struct redo *r)
{
	if (r->started) {
		/* it has ended: somebody else was the owner */
		pthread_join(r->thread, NULL);
		r->started = false;
	}
	atomic_store(&r->state, REDO_STARTING);
	r->started = thread_start(&r->thread, "local-redo", 0, keep, r, NULL);
	if (!r->started)
		atomic_store(&r->state, REDO_BROKEN);
}

/* Ask for it, for the creates to come. */
static void ask(struct redo *r)
{
	if (atomic_fetch_add(&r->asked, 1) < ASKED_BEFORE || mono_ms() < atomic_load(&r->retry_ms))
		return;
	mutex_lock(&r->lock);
	if (atomic_load(&r->state) == REDO_OFF && !r->stop)
		start_locked(r);
	mutex_unlock(&r->lock);
}

static bool is_under_way_locked(const struct redo *r, const char *key)
{
	for (const struct redo_ticket *t = r->tickets; t != NULL; t = t->next)
		if (strcmp(t->key, key) == 0)
			return true;
	return false;
}

bool redo_enter(struct redo *r, struct redo_ticket *t)
{
	enum redo_state state = atomic_load(&r->state);

	if (r->pid != getpid())
		return false;
	if (state == REDO_OFF)
		ask(r);
	if (state != REDO_READY)
		return false;
	mutex_lock(&r->lock);
	r->outside++;
	while (is_under_way_locked(r, t->key))
		cond_wait(&r->changed, &r->lock);
	r->outside--;
	t->recorded = false;
	t->next = r->tickets;
	t->prev = &r->tickets;
	if (t->next != NULL)
		t->next->prev = &t->next;
	r->tickets = t;
	mutex_unlock(&r->lock);
	return true;
}

void redo_leave(struct redo *r, struct redo_ticket *t)
{
	mutex_lock(&r->lock);
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	if (t->recorded)
		r->in_flight[t->file]--;
	/* who waits for this key, or for the file to be at rest; the thread is not woken for each create */
	if (r->outside > 0 || r->checkpointing)
		cond_broadcast(&r->changed);
	mutex_unlock(&r->lock);
}

/* Until `upto` bytes of the file are on the disk: one flushes for all who wait. */
static int flush_locked(struct redo *r, unsigned file, size_t upto)
{
	while (r->flushed[file] < upto) {
		if (atomic_load(&r->state) != REDO_READY)
			return EIO;
		if (r->flushing) {
			cond_wait(&r->changed, &r->lock);
			continue;
		}
		size_t reached = r->files[file].at;
		r->flushing = true;
		mutex_unlock(&r->lock);
		int failed = fdatasync(r->files[file].fd) == 0 ? 0 : errno;
		mutex_lock(&r->lock);
		r->flushing = false;
		if (failed == 0)
			r->flushed[file] = reached;
		else
			broken_locked(r, "flush", failed);
		if (r->tickets->next != NULL)
			cond_broadcast(&r->changed);
	}
	return 0;
}

static struct redo_record record_of(enum redo_kind kind, const char *key, const char *body,
				    size_t body_len)
{
	return (struct redo_record){
		.kind = kind,
		.key = key,
		.key_len = strlen(key),
		.body = body,
		.body_len = body_len,
	};
}

static int record_locked(struct redo *r, unsigned file, const struct redo_record *record)
{
	struct redo_file *f = &r->files[file];
	int failed = redo_file_append(f, record);

	if (failed != 0) {
		broken_locked(r, "write", failed);
		return failed;
	}
	return flush_locked(r, file, f->at);
}

int redo_append(struct redo *r, struct redo_ticket *t, const struct buf *body)
{
	struct redo_record record =
		record_of(REDO_OBJECT, t->key, body->len > 0 ? body->data : "", body->len);
	uint64_t hash = hash_of(t->key);
	int failed = EAGAIN;

	mutex_lock(&r->lock);
	const struct redo_file *f = &r->files[r->active];
	bool room = redo_file_has_room(f, record.key_len + VOIDS_LEN, record.body_len);
	if (is_empty_locked(r) || !room || f->at > f->len / 4 * 3) {
		/* the thread has something to do, or to wait for */
		r->full |= !is_empty_locked(r);
		if (is_empty_locked(r))
			r->first_ms = mono_ms();
		cond_broadcast(&r->changed);
	}
	if (room && atomic_load(&r->state) == REDO_READY) {
		t->file = r->active;
		t->recorded = true;
		r->in_flight[t->file]++;
		*keys_find(&r->keys[t->file], hash) = hash;
		failed = record_locked(r, t->file, &record);
	}
	mutex_unlock(&r->lock);
	return failed;
}

int redo_void(struct redo *r, struct redo_ticket *t)
{
	struct redo_record record = record_of(REDO_VOID, t->key, "", 0);
	int failed = EIO;

	mutex_lock(&r->lock);
	if (redo_file_has_room(&r->files[t->file], record.key_len, 0))
		failed = record_locked(r, t->file, &record);
	mutex_unlock(&r->lock);
	return failed;
}
