/*
 * registry.c - what the process has open: databases, and work for the background
 *
 * Lock order: registry lock, then a database's.  The workers of the background have
 * locks of their own, taken alone.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/registry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "vfs/commit.h"
#include "vfs/compact.h"
#include "vfs/gc.h"
#include "vfs/group.h"
#include "vfs/history.h"
#include "vfs/manifest.h"

enum { IDLE_MAX = 256, RETRY_MS = 1000, REST_MAX_MS = 5000, FIRST_BUCKETS = 64 };

struct vfs_config vfs_settings = { .commit_timeout_ms = 30000,
				   .retention_ms = VFS_RETENTION_MS };

static struct mutex lock = MUTEX_INIT;

/* Databases by store and name; those without handles also in a list by their latest use.  lock guards it. */
static struct {
	struct db **buckets; /* n_buckets is a power of two, or 0 */
	size_t n_buckets;
	size_t n;
	struct db *newest_idle, *oldest_idle;
	size_t n_idle;
} table;

static uint32_t hash_of(const struct blob_store *store, const char *name)
{
	uint64_t h = (uintptr_t)store >> 4;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 32);
}

static struct db *find_locked(const struct blob_store *store, const char *name, uint32_t hash)
{
	struct db *db = table.n_buckets > 0 ? table.buckets[hash & (table.n_buckets - 1)] : NULL;

	while (db != NULL && (db->store != store || strcmp(db->name, name) != 0 ||
			      atomic_load(&db->outdated)))
		db = db->next;
	return db;
}

/* Without memory the buckets become longer, which is only slower; but the first must be there. */
static bool grow_locked(void)
{
	size_t n = table.n_buckets > 0 ? 2 * table.n_buckets : FIRST_BUCKETS;
	struct db **buckets;

	if (table.n < table.n_buckets)
		return true;
	buckets = calloc(n, sizeof(buckets[0]));
	if (buckets == NULL)
		return table.n_buckets > 0;
	for (size_t i = 0; i < table.n_buckets; i++)
		for (struct db *db = table.buckets[i], *next; db != NULL; db = next) {
			next = db->next;
			db->next = buckets[db->hash & (n - 1)];
			buckets[db->hash & (n - 1)] = db;
		}
	free(table.buckets);
	table.buckets = buckets;
	table.n_buckets = n;
	return true;
}

static struct db *add_locked(struct blob_store *store, const char *name,
			     const struct db_past *past, uint32_t hash)
{
	struct db *db = grow_locked() ? db_new(store, name, past) : NULL;

	if (db == NULL)
		return NULL;
	db->hash = hash;
	db->next = table.buckets[hash & (table.n_buckets - 1)];
	table.buckets[hash & (table.n_buckets - 1)] = db;
	table.n++;
	return db;
}

static void remove_locked(struct db *db)
{
	struct db **at = &table.buckets[db->hash & (table.n_buckets - 1)];

	while (*at != db)
		at = &(*at)->next;
	*at = db->next;
	table.n--;
	if (table.n == 0) {
		free(table.buckets);
		table.buckets = NULL;
		table.n_buckets = 0;
	}
}

static void idle_add_locked(struct db *db)
{
	db->idle_since_ms = mono_ms();
	db->idle_newer = NULL;
	db->idle_older = table.newest_idle;
	if (table.newest_idle != NULL)
		table.newest_idle->idle_newer = db;
	else
		table.oldest_idle = db;
	table.newest_idle = db;
	table.n_idle++;
}

static void idle_remove_locked(struct db *db)
{
	if (db->idle_newer != NULL)
		db->idle_newer->idle_older = db->idle_older;
	else
		table.newest_idle = db->idle_older;
	if (db->idle_older != NULL)
		db->idle_older->idle_newer = db->idle_newer;
	else
		table.oldest_idle = db->idle_newer;
	table.n_idle--;
}

static void destroy(struct db *db)
{
	struct store_ref *ref = db->store_ref;

	db_free(db);
	store_release(ref);
}

enum vfs_rc registry_get(struct blob_store *store, struct store_ref *ref, const char *name,
			 struct db **out, struct error *err)
{
	struct db_past past;
	struct db *db;
	enum vfs_rc rc;

	if (!history_parse(name, &past, err)) {
		store_release(ref);
		return VFS_INVALID;
	}
	uint32_t hash = hash_of(store, name);
	mutex_lock(&lock);
	db = find_locked(store, name, hash);
	if (db != NULL && db->refs == 0)
		idle_remove_locked(db);
	if (db == NULL && (db = add_locked(store, name, &past, hash)) != NULL) {
		db->store_ref = ref;
		ref = NULL;
		db->keep_idle = store == vfs_settings.store;
	}
	if (db != NULL)
		db->refs++;
	mutex_unlock(&lock);
	store_release(ref);
	if (db == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	rc = db_load(db, err);
	if (rc != VFS_OK && atomic_load(&db->outdated)) {
		/* what it was has gone, and something else has its name: begin anew */
		struct store_ref *again = db->store_ref;

		store_ref_again(again);
		registry_put(db);
		return registry_get(store, again, name, out, err);
	}
	if (rc != VFS_OK) {
		if (rc != VFS_NOT_FOUND) /* that says it all */
			error_wrap(err, "could not open database \"%s\" in \"%s\"", name,
				   blob_name(store));
		registry_put(db);
		return rc;
	}
	*out = db;
	return VFS_OK;
}

void registry_ref(struct db *db)
{
	mutex_lock(&lock);
	assert(db->refs > 0);
	db->refs++;
	mutex_unlock(&lock);
}

/* The longest unused, if it is since `since_ms` or longer, taken out of the table; or NULL. */
static struct db *take_idle_locked(int64_t since_ms)
{
	struct db *db = table.oldest_idle;

	if (db == NULL || db->idle_since_ms > since_ms)
		return NULL;
	idle_remove_locked(db);
	remove_locked(db);
	return db;
}

void registry_put(struct db *db)
{
	struct db *victim = NULL;

	if (db == NULL)
		return;
	mutex_lock(&lock);
	assert(db->refs > 0);
	if (--db->refs == 0) {
		if (!db->keep_idle || db->state != DB_READY || atomic_load(&db->outdated)) {
			victim = db;
			remove_locked(db);
		} else {
			idle_add_locked(db);
			if (table.n_idle > IDLE_MAX)
				victim = take_idle_locked(INT64_MAX);
		}
	}
	mutex_unlock(&lock);
	if (victim != NULL)
		destroy(victim);
}

void vfs_close_idle(int64_t age_ms)
{
	for (;;) {
		mutex_lock(&lock);
		struct db *db = take_idle_locked(mono_ms() - age_ms);
		mutex_unlock(&lock);
		if (db == NULL)
			return;
		destroy(db);
	}
}

void registry_forget_idle(void)
{
	vfs_close_idle(INT64_MIN / 2);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct vfs_database_stats *)a)->name, ((const struct vfs_database_stats *)b)->name);
}

enum vfs_rc vfs_open_databases(struct vfs_database_stats **out, size_t *n_out, struct error *err)
{
	struct vfs_database_stats *all;
	size_t n = 0;

	mutex_lock(&lock);
	all = calloc(table.n + 1, sizeof(*all));
	for (size_t i = 0; i < table.n_buckets && all != NULL; i++)
		for (struct db *db = table.buckets[i]; db != NULL; db = db->next)
			db_get_stats(db, &all[n++]);
	mutex_unlock(&lock);
	if (all == NULL) {
		error_no_memory(err);
		return VFS_IO;
	}
	qsort(all, n, sizeof(*all), compare_names);
	*out = all;
	*n_out = n;
	return VFS_OK;
}

/* --- background ------------------------------------------------------------ */

/*
 * Two threads, so that a commit in doubt does not wait for a compaction.  Each runs
 * while there are tasks of its kind, and ends with the last.
 */
enum task_kind { TASK_RESOLVE, TASK_COMPACT, N_TASK_KINDS };

struct task {
	struct task *next;
	struct db *db; /* counted */
	int64_t due_ms;
};

/* lock guards all of it. */
struct worker {
	enum task_kind kind;
	struct mutex lock;
	struct cond wake;
	struct task *tasks;
	bool running, stopping, has_thread;
	pthread_t thread;
};

static struct worker workers[N_TASK_KINDS] = {
	[TASK_RESOLVE] = { .kind = TASK_RESOLVE, .lock = MUTEX_INIT },
	[TASK_COMPACT] = { .kind = TASK_COMPACT, .lock = MUTEX_INIT },
};

static atomic_bool in_a_hurry; /* what is not needed is left undone */
static bool hurry(void)
{
	return atomic_load(&in_a_hurry);
}

static pthread_once_t background_once = PTHREAD_ONCE_INIT;

/* Pages that one compaction of the background lays out anew without need. */
enum { BACKGROUND_BUDGET = 16384 };

static void background_init(void)
{
	for (size_t i = 0; i < N_TASK_KINDS; i++)
		cond_init(&workers[i].wake);
}

/* A database that is written to is cleaned up four times a day. */
#define CLEAN_EVERY_US ((int64_t)6 * 3600 * 1000000)

static void clean_up(struct db *db)
{
	struct gc_request request = {
		.retention_us = vfs_settings.retention_ms * 1000,
		.stop = hurry,
	};
	struct error err = ERROR_INIT;
	struct vfs_clean_up s;

	mutex_lock(&db->lock);
	bool due = boot_us() - db->cleaned_us > CLEAN_EVERY_US;
	if (due)
		db->cleaned_us = boot_us();
	mutex_unlock(&db->lock);
	if (!due || hurry())
		return;
	enum vfs_rc rc = gc(db->store, db->folder, &request, &s, &err);
	if (rc != VFS_OK && rc != VFS_CANCELED)
		log_warn(NULL, "could not clean up database \"%s\": %s", db->name, err.text);
	else if (s.slots.n + s.segments.n + s.manifests.n + s.pins.n > 0)
		log_info(NULL,
			 "clean-up db=%s from=%" PRIu64 " slots=%" PRIu64 " segments=%" PRIu64
			 " manifests=%" PRIu64 " pins=%" PRIu64 " bytes=%" PRIu64,
			 db->name, s.from_lsn, s.slots.n, s.segments.n, s.manifests.n, s.pins.n,
			 s.slots.bytes + s.segments.bytes + s.manifests.bytes + s.pins.bytes);
}

/* Compaction has a tenth of the time, but is not put off for long. */
static int64_t rest_after(int64_t began_ms)
{
	int64_t now_ms = mono_ms();
	int64_t rest_ms = (now_ms - began_ms) * 9;

	return now_ms + (rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
}

/* Does one task; a later time to try again, or 0. */
static int64_t run_task(enum task_kind kind, const struct task *t)
{
	struct compact_request request = {
		.budget = vfs_settings.housekeeping ? BACKGROUND_BUDGET : 0,
		.stop = hurry,
	};
	struct error err = ERROR_INIT;
	enum vfs_rc rc = VFS_OK;
	int64_t began_ms;

	switch (kind) {
	case TASK_COMPACT:
		began_ms = mono_ms();
		rc = compact(t->db, &request, NULL, &err);
		atomic_store(&t->db->compact_after_ms, rest_after(began_ms));
		if (rc != VFS_OK)
			log_warn(NULL, "could not compact database \"%s\": %s", t->db->name,
				 err.text);
		else if (vfs_settings.housekeeping)
			clean_up(t->db);
		return 0; /* a later commit asks again */
	case TASK_RESOLVE:
		rc = commit_resolve(t->db, &err);
		if (rc != VFS_OK)
			log_warn(NULL, "%s", err.text);
		return rc == VFS_OK ? 0 : mono_ms() + RETRY_MS;
	case N_TASK_KINDS:
		break;
	}
	return 0;
}

static struct task *next_task_locked(const struct worker *w)
{
	struct task *best = w->tasks;

	for (struct task *t = w->tasks; t != NULL; t = t->next)
		if (t->due_ms < best->due_ms)
			best = t;
	return best;
}

static void *background_run(void *arg)
{
	struct worker *w = arg;

	mutex_lock(&w->lock);
	for (;;) {
		struct task *t = next_task_locked(w);

		if (t == NULL)
			break;
		if (!w->stopping && ms_until(t->due_ms) > 0) {
			(void)cond_wait_until(&w->wake, &w->lock, t->due_ms);
			continue;
		}
		struct task **at = &w->tasks;
		while (*at != t)
			at = &(*at)->next;
		*at = t->next;
		bool last_try = w->stopping;
		mutex_unlock(&w->lock);
		int64_t again_ms = run_task(w->kind, t);
		mutex_lock(&w->lock);
		if (again_ms != 0 && !last_try) {
			t->due_ms = again_ms;
			t->next = w->tasks;
			w->tasks = t;
			continue;
		}
		mutex_unlock(&w->lock);
		registry_put(t->db);
		free(t);
		mutex_lock(&w->lock);
	}
	w->running = false;
	mutex_unlock(&w->lock);
	return NULL;
}

static void background_add(struct db *db, enum task_kind kind)
{
	struct worker *w = &workers[kind];
	struct task *t;

	if (vfs_settings.read_only)
		return;
	pthread_once(&background_once, background_init);
	mutex_lock(&w->lock);
	for (t = w->tasks; t != NULL; t = t->next)
		if (t->db == db)
			break;
	if (t != NULL || (t = calloc(1, sizeof(*t))) == NULL) {
		mutex_unlock(&w->lock);
		return; /* asked for already; or no memory, and a later commit asks again */
	}
	mutex_unlock(&w->lock);
	registry_ref(db);
	mutex_lock(&w->lock);
	t->db = db;
	/* a store that has just not answered is not asked again at once */
	t->due_ms = kind == TASK_RESOLVE ? mono_ms() + RETRY_MS :
					   atomic_load(&db->compact_after_ms);
	t->next = w->tasks;
	w->tasks = t;
	cond_signal(&w->wake);
	if (!w->running) {
		if (w->has_thread)
			pthread_join(w->thread, NULL);
		w->has_thread = w->running =
			thread_start(&w->thread, "pgblob-vfs", 0, background_run, w, NULL);
		if (!w->running) {
			w->tasks = t->next;
			mutex_unlock(&w->lock);
			registry_put(db);
			free(t);
			return;
		}
	}
	mutex_unlock(&w->lock);
}

void background_compact(struct db *db)
{
	background_add(db, TASK_COMPACT);
}

void background_resolve(struct db *db)
{
	background_add(db, TASK_RESOLVE);
}

void background_stop(void)
{
	group_stop();
	pthread_once(&background_once, background_init);
	atomic_store(&in_a_hurry, true);
	for (size_t i = 0; i < N_TASK_KINDS; i++) {
		struct worker *w = &workers[i];

		mutex_lock(&w->lock);
		w->stopping = true;
		cond_signal(&w->wake);
		bool has_thread = w->has_thread;
		mutex_unlock(&w->lock);
		if (has_thread)
			pthread_join(w->thread, NULL);
		mutex_lock(&w->lock);
		w->stopping = false;
		w->has_thread = false;
		mutex_unlock(&w->lock);
	}
	atomic_store(&in_a_hurry, false);
}
