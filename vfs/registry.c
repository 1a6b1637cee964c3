/*
 * registry.c - what the process has open: databases, and work for the background
 *
 * Lock order: registry lock, then a database's.  The background has a lock of
 * its own, taken alone.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "vfs/commit.h"
#include "vfs/group.h"
#include "vfs/history.h"
#include "vfs/manifest.h"

enum { IDLE_MAX = 256, RETRY_MS = 1000, FIRST_BUCKETS = 64 };

struct vfs_config vfs_settings = { .commit_timeout_ms = 30000 };

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

enum task_kind { TASK_MANIFEST, TASK_RESOLVE };

struct task {
	struct task *next;
	struct db *db; /* counted */
	enum task_kind kind;
	int64_t due_ms;
};

/* lock guards all of it; the thread runs while there are tasks, and ends with the last. */
static struct {
	struct mutex lock;
	struct cond wake;
	struct task *tasks;
	bool running, stopping, has_thread, busy;
	pthread_t thread;
} background = { .lock = MUTEX_INIT };

static pthread_once_t background_once = PTHREAD_ONCE_INIT;

static void background_init(void)
{
	cond_init(&background.wake);
}

/* Does one task; a later time to try again, or 0. */
static int64_t run_task(const struct task *t)
{
	struct error err = ERROR_INIT;
	enum vfs_rc rc = VFS_OK;

	switch (t->kind) {
	case TASK_MANIFEST:
		rc = manifest_write(t->db, &err);
		if (rc != VFS_OK)
			log_warn(NULL, "could not write a manifest of database \"%s\": %s",
				 t->db->name, err.text);
		return 0; /* a later commit asks again */
	case TASK_RESOLVE:
		rc = commit_resolve(t->db, &err);
		if (rc != VFS_OK)
			log_warn(NULL, "%s", err.text);
		return rc == VFS_OK ? 0 : mono_ms() + RETRY_MS;
	}
	return 0;
}

static struct task *next_task_locked(void)
{
	struct task *best = background.tasks;

	for (struct task *t = background.tasks; t != NULL; t = t->next)
		if (t->due_ms < best->due_ms)
			best = t;
	return best;
}

static void *background_run(void *arg)
{
	(void)arg;
	mutex_lock(&background.lock);
	for (;;) {
		struct task *t = next_task_locked();

		if (t == NULL)
			break;
		if (!background.stopping && ms_until(t->due_ms) > 0) {
			(void)cond_wait_until(&background.wake, &background.lock, t->due_ms);
			continue;
		}
		struct task **at = &background.tasks;
		while (*at != t)
			at = &(*at)->next;
		*at = t->next;
		bool last_try = background.stopping;
		mutex_unlock(&background.lock);
		int64_t again_ms = run_task(t);
		mutex_lock(&background.lock);
		if (again_ms != 0 && !last_try) {
			t->due_ms = again_ms;
			t->next = background.tasks;
			background.tasks = t;
			continue;
		}
		mutex_unlock(&background.lock);
		registry_put(t->db);
		free(t);
		mutex_lock(&background.lock);
	}
	background.running = false;
	mutex_unlock(&background.lock);
	return NULL;
}

static void background_add(struct db *db, enum task_kind kind)
{
	struct task *t;

	if (vfs_settings.read_only)
		return;
	pthread_once(&background_once, background_init);
	mutex_lock(&background.lock);
	for (t = background.tasks; t != NULL; t = t->next)
		if (t->db == db && t->kind == kind)
			break;
	if (t != NULL || (t = calloc(1, sizeof(*t))) == NULL) {
		mutex_unlock(&background.lock);
		return; /* asked for already; or no memory, and a later commit asks again */
	}
	mutex_unlock(&background.lock);
	registry_ref(db);
	mutex_lock(&background.lock);
	t->db = db;
	t->kind = kind;
	/* a store that has just not answered is not asked again at once */
	t->due_ms = mono_ms() + (kind == TASK_RESOLVE ? RETRY_MS : 0);
	t->next = background.tasks;
	background.tasks = t;
	cond_signal(&background.wake);
	if (!background.running) {
		if (background.has_thread)
			pthread_join(background.thread, NULL);
		background.has_thread = background.running =
			thread_start(&background.thread, "pgblob-vfs", 0, background_run, NULL, NULL);
		if (!background.running) {
			background.tasks = t->next;
			mutex_unlock(&background.lock);
			registry_put(db);
			free(t);
			return;
		}
	}
	mutex_unlock(&background.lock);
}

void background_manifest(struct db *db)
{
	background_add(db, TASK_MANIFEST);
}

void background_resolve(struct db *db)
{
	background_add(db, TASK_RESOLVE);
}

void background_stop(void)
{
	group_stop();
	pthread_once(&background_once, background_init);
	mutex_lock(&background.lock);
	background.stopping = true;
	cond_signal(&background.wake);
	bool has_thread = background.has_thread;
	mutex_unlock(&background.lock);
	if (has_thread)
		pthread_join(background.thread, NULL);
	mutex_lock(&background.lock);
	background.stopping = false;
	background.has_thread = false;
	mutex_unlock(&background.lock);
}
