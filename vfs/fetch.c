/*
 * fetch.c - pages from the store: one GET for many readers, several at once for one
 *
 * A flight is a range of an object on its way.  Whoever wants a page of it waits
 * for that flight alone.  A try is a GET of a flight; a second one (the hedge) is
 * sent when somebody waits and the first takes longer than nearly all did lately.
 * INVARIANTS
 *   (1) A flight is in the table as long as it has references: those who wait, and
 *       its tries.  A page is taken in by one try of one flight at a time.
 *   (2) What a flight knows of pages was copied when it was made: an object's
 *       bytes never change, so it cannot be out of date.
 * Lock order: lock, then a shard of the cache, or the pool's.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/fetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "vfs/cache.h"
#include "vfs/disk_cache.h"
#include "vfs/pool.h"
#include "vfs/rebuild.h"

enum {
	N_BUCKETS = 64,
	FRAME_PAGES = 32,
	GAP_MAX = 32 << 10,  /* bytes that are read in vain rather than to make another GET */
	SKIP_MAX = 4,        /* pages of a frame that lie elsewhere */
	N_SAMPLES = 64,
	SAMPLES_MIN = 20,
	SLOW_RANK = 61,      /* of N_SAMPLES in order: the 95th percentile */
	HEDGE_MIN_US = 2000, /* a faster store needs neither a hedge nor a thread */
	HEDGE_SHARE = 20,    /* one extra request in so many, at most */
};

struct flight;

struct try {
	struct pool_job job;
	struct flight *flight;
};

/* key to n_pages never change; lock guards the rest. */
struct flight {
	char key[KEY_MAX];
	struct db *db;
	uint8_t db_id[ID_LEN];
	uint64_t object;
	uint64_t from, to;       /* offsets */
	uint32_t page_size;
	size_t n_pages;
	size_t wanted;           /* the page it was made for; n_pages: none */

	struct flight *next;     /* of its bucket */
	unsigned refs;
	unsigned n_tries;        /* queued or under way */
	struct try tries[2];
	bool ahead;              /* nobody waits for it yet */
	bool hedged;
	bool landing;            /* a try has the bytes */
	bool done;               /* rc, err and images are set, and do not change */
	int64_t began_us;        /* of the first try; 0: it is queued */
	struct cond landed;
	enum vfs_rc rc;
	struct error err;
	struct image **images;   /* of pages: image_of_stored(); NULL: damaged, or no memory */
	struct fetch_want pages[];
};

/* How long GETs took lately. */
struct latency {
	unsigned n;
	int64_t us[N_SAMPLES];
	int64_t slow_us; /* 0: not known yet */
};

static struct mutex lock = MUTEX_INIT;
static struct flight *flights[N_BUCKETS]; /* all of it is guarded by lock */
static struct cond quiet = { .os = PTHREAD_COND_INITIALIZER };
static struct {
	const struct blob_store *store; /* NULL: nobody's */
	struct latency of[2];           /* short and long GETs */
} latencies[16];
static unsigned next_latency;           /* which is given to another store next */
static uint64_t ahead_under_way;        /* bytes of pages */

static struct disk_cache *disk; /* set while nobody reads; NULL: none */

static struct {
	_Atomic uint64_t gets, bytes, shared, misses, hedged, hedges_won, ahead;
} totals;

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* --- how slow is slow ------------------------------------------------------ */

static struct latency *latency_locked(const struct blob_store *store, uint64_t len)
{
	size_t i = 0;

	while (i < ARRAY_LEN(latencies) && latencies[i].store != store)
		i++;
	if (i == ARRAY_LEN(latencies)) {
		i = next_latency++ % ARRAY_LEN(latencies);
		memset(&latencies[i], 0, sizeof(latencies[i]));
		latencies[i].store = store;
	}
	return &latencies[i].of[len > 2 * FETCH_FRAME];
}

static int compare_us(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void latency_add_locked(struct latency *l, int64_t us)
{
	int64_t sorted[N_SAMPLES];
	unsigned n;

	l->us[l->n++ % N_SAMPLES] = us;
	if (l->n < SAMPLES_MIN || l->n % 8 != 0)
		return;
	n = l->n < N_SAMPLES ? l->n : N_SAMPLES;
	memcpy(sorted, l->us, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare_us);
	l->slow_us = sorted[n * SLOW_RANK / N_SAMPLES];
}

/* --- flights --------------------------------------------------------------- */

static struct flight **bucket_of(const struct db *db, uint64_t object)
{
	return &flights[(object * 0x9e3779b97f4a7c15u ^ db->uid) % N_BUCKETS];
}

/* Which page of a flight lies there; n_pages if none. */
static size_t index_of(const struct flight *f, uint32_t offset)
{
	size_t low = 0, high = f->n_pages;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (f->pages[mid].ref.offset < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->n_pages && f->pages[low].ref.offset == offset ? low : f->n_pages;
}

static struct flight *find_locked(const struct db *db, const struct page_ref *ref)
{
	struct flight *f = *bucket_of(db, ref->object);

	for (; f != NULL; f = f->next)
		if (!f->done && f->db == db && f->object == ref->object &&
		    index_of(f, ref->offset) < f->n_pages)
			return f;
	return NULL;
}

static void try_job(struct pool_job *job);

/* Pages lie in one object and are sorted by offset.  NULL: no memory. */
static struct flight *flight_new(struct db *db, const struct version *v,
				 const struct fetch_want *pages, size_t n)
{
	size_t size = sizeof(struct flight) + n * (sizeof(pages[0]) + sizeof(struct image *));
	struct flight *f = calloc(1, size);

	if (f == NULL)
		return NULL;
	objects_key(&db->objects, pages[0].ref.object, f->key);
	f->db = db;
	memcpy(f->db_id, v->db_id, ID_LEN);
	f->object = pages[0].ref.object;
	f->from = pages[0].ref.offset;
	f->to = (uint64_t)pages[n - 1].ref.offset + pages[n - 1].ref.len;
	f->page_size = v->page_size;
	f->n_pages = f->wanted = n;
	memcpy(f->pages, pages, n * sizeof(pages[0]));
	f->images = (struct image **)(f->pages + n);
	cond_init(&f->landed);
	for (size_t i = 0; i < ARRAY_LEN(f->tries); i++) {
		f->tries[i].flight = f;
		f->tries[i].job.run = try_job;
	}
	return f;
}

static void flight_free(struct flight *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n_pages; i++)
		image_unref(f->images[i]);
	cond_deinit(&f->landed);
	free(f);
}

static void unref_locked(struct flight *f)
{
	struct flight **at = bucket_of(f->db, f->object);

	assert(mutex_held(&lock) && f->refs > 0);
	if (--f->refs > 0)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	flight_free(f);
	cond_broadcast(&quiet);
}

static void publish_locked(struct flight *f)
{
	struct flight **bucket = bucket_of(f->db, f->object);

	f->next = *bucket;
	*bucket = f;
	f->refs++;
	f->n_tries = 1;
}

void fetch_count(struct db *db, uint64_t bytes, struct vfs_read_stats *stats)
{
	add(&totals.gets, 1);
	add(&totals.bytes, bytes);
	stats->gets++;
	stats->bytes += bytes;
	add(&db->traffic.gets, 1);
	add(&db->traffic.get_bytes, bytes);
}

static void count_get(const struct flight *f, struct vfs_read_stats *stats)
{
	fetch_count(f->db, f->to - f->from, stats);
}

static void done_locked(struct flight *f, enum vfs_rc rc)
{
	f->rc = rc;
	f->done = true;
	if (f->ahead)
		ahead_under_way -= f->n_pages * f->page_size;
	cond_broadcast(&f->landed);
}

/* Somebody wants it now. */
static void hurry_locked(struct flight *f)
{
	if (!f->ahead || f->done)
		return;
	f->ahead = false;
	ahead_under_way -= f->n_pages * f->page_size;
	if (f->began_us == 0)
		pool_promote(&f->tries[0].job);
}

/* --- this machine's disk --------------------------------------------------- */

void fetch_set_disk(struct disk_cache *c)
{
	disk = c;
}

static struct page_entry entry_of(const struct page_ref *r)
{
	return (struct page_entry){
		.offset = r->offset,
		.len = r->len,
		.sum = r->sum,
		.encoding = r->encoding,
	};
}

static bool disk_may_hold(const struct page_ref *r)
{
	return disk != NULL && r->len > 0 && r->len <= PAGE_SIZE_MAX;
}

bool fetch_on_disk(struct db *db, const struct version *v, const struct page_ref *r)
{
	struct page_entry e = entry_of(r);
	struct disk_key key;
	char object[KEY_MAX];

	if (!disk_may_hold(r))
		return false;
	objects_key(&db->objects, r->object, object);
	disk_key_init(&key, blob_name(db->store), object, v->db_id, &e);
	return disk_cache_has(disk, &key);
}

/* What this machine has of a page, in the cache and counted; NULL: nothing. */
static struct image *disk_find(struct db *db, const struct version *v, pgno_t pgno,
			       const struct page_ref *r)
{
	struct page_entry e = entry_of(r);
	struct image *image = NULL;
	struct disk_key key;
	char object[KEY_MAX];
	uint8_t *stored;

	if (!disk_may_hold(r) || (stored = malloc(r->len)) == NULL)
		return NULL;
	objects_key(&db->objects, r->object, object);
	disk_key_init(&key, blob_name(db->store), object, v->db_id, &e);
	/* the sum that the table tells decides, wherever the bytes came from */
	if (disk_cache_get(disk, &key, stored, r->len))
		image = image_of_stored(pgno, &e, stored, v->page_size);
	if (image != NULL)
		image = cache_insert(db->uid, stored_object(r), r->offset, image);
	free(stored);
	return image;
}

/* --- tries ----------------------------------------------------------------- */

static struct image *take_in_page(struct flight *f, const struct fetch_want *page,
				  const uint8_t *stored, bool wanted)
{
	const struct page_ref *r = &page->ref;
	struct page_entry e = entry_of(r);
	struct image *image = image_of_stored(page->pgno, &e, stored, f->page_size);

	if (image == NULL)
		return NULL;
	if (disk_may_hold(r)) {
		struct disk_key key;

		disk_key_init(&key, blob_name(f->db->store), f->key, f->db_id, &e);
		disk_cache_put(disk, &key, stored, r->len);
	}
	/* a delta's bytes are not what is asked for: nobody would count them as used */
	return wanted || page_is_delta(r->encoding) ?
		       cache_insert(f->db->uid, stored_object(r), r->offset, image) :
		       cache_insert_ahead(f->db->uid, r->object, r->offset, image);
}

/* Check the pages and let others find them.  No lock: `landing` is ours. */
static void take_in(struct flight *f, const struct buf *body)
{
	for (size_t i = 0; i < f->n_pages; i++) {
		const struct page_ref *r = &f->pages[i].ref;
		struct image *image = cache_peek(f->db->uid, stored_object(r), r->offset);
		uint64_t at = r->offset - f->from;

		/* what is damaged is told to whoever wants it */
		if (image == NULL && at + r->len <= body->len)
			image = take_in_page(f, &f->pages[i], (const uint8_t *)body->data + at,
					     i == f->wanted);
		f->images[i] = image;
	}
}

static void try_run(struct try *t)
{
	struct flight *f = t->flight;
	struct blob_range range = { .offset = f->from, .len = (size_t)(f->to - f->from) };
	struct buf body = BUF_INIT(range.len);
	struct error err = ERROR_INIT;
	int64_t began_us = mono_us();
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&lock);
	if (f->began_us == 0)
		f->began_us = began_us;
	bool moot = f->done || f->landing;
	mutex_unlock(&lock);
	if (!moot) {
		enum blob_rc got = blob_get(f->db->store, f->key, &range, &body, NULL, &err);

		rc = vfs_rc_of_blob(got);
		if (got == BLOB_NOT_FOUND) {
			error_set(&err, "object \"%s\" is missing", f->key);
			error_hint(&err,
				   "It was deleted if the transaction is older than the retention.");
			rc = VFS_CORRUPT;
		}
	}
	mutex_lock(&lock);
	f->n_tries--;
	if (!moot && rc == VFS_OK)
		latency_add_locked(latency_locked(f->db->store, range.len), mono_us() - began_us);
	if (!moot && !f->done && !f->landing) {
		if (rc == VFS_OK) {
			f->landing = true;
			if (t == &f->tries[1])
				add(&totals.hedges_won, 1);
			mutex_unlock(&lock);
			take_in(f, &body);
			mutex_lock(&lock);
			done_locked(f, VFS_OK);
		} else if (f->n_tries == 0) {
			f->err = err;
			done_locked(f, rc);
		}
	}
	unref_locked(f);
	mutex_unlock(&lock);
	buf_free(&body);
}

static void try_job(struct pool_job *job)
{
	try_run(CONTAINER_OF(job, struct try, job));
}

/* Send the same request again, if that is within measure. */
static bool hedge_locked(struct flight *f, struct vfs_read_stats *stats)
{
	uint64_t n = atomic_load_explicit(&totals.hedged, memory_order_relaxed);

	if (n * HEDGE_SHARE > atomic_load_explicit(&totals.gets, memory_order_relaxed))
		return false;
	f->refs++;
	f->n_tries++;
	if (!pool_submit(&f->tries[1].job, true)) {
		f->refs--;
		f->n_tries--;
		return false;
	}
	f->hedged = true;
	add(&totals.hedged, 1);
	stats->hedged++;
	add(&f->db->traffic.hedged, 1);
	count_get(f, stats);
	return true;
}

static void wait_locked(struct flight *f, struct vfs_read_stats *stats)
{
	int64_t slow_us = latency_locked(f->db->store, f->to - f->from)->slow_us;
	bool may_hedge = slow_us >= HEDGE_MIN_US;

	hurry_locked(f);
	while (!f->done) {
		if (!may_hedge || f->hedged || f->landing) {
			cond_wait(&f->landed, &lock);
			continue;
		}
		int64_t began_us = f->began_us != 0 ? f->began_us : mono_us();
		int64_t due_ms = (began_us + slow_us) / 1000 + 1;
		if (cond_wait_until(&f->landed, &lock, due_ms) || f->done || f->landing ||
		    f->hedged || f->began_us == 0)
			continue;
		may_hedge = hedge_locked(f, stats);
	}
}

/* --- what to read together ------------------------------------------------- */

static bool in_object(const struct page_ref *r, uint64_t object)
{
	return r->encoding != PAGE_ZERO && r->encoding != PAGE_MEMORY && r->object == object;
}

/* A page and its neighbours, sorted by offset, FRAME_PAGES at most; how many. */
static size_t plan_frame(const struct version *v, pgno_t pgno, const struct page_ref *ref,
			 struct fetch_want *pages)
{
	struct fetch_want before[FRAME_PAGES];
	uint64_t from = ref->offset, to = (uint64_t)ref->offset + ref->len;
	unsigned skipped = 0;
	size_t n = 0, m = 0;

	/* the table may tell of newer versions: an object's bytes are the same for all */
	pages[n++] = (struct fetch_want){ pgno, *ref };
	for (pgno_t p = pgno; p < v->page_count && to - from < FETCH_FRAME && n < FRAME_PAGES;) {
		struct page_ref r = page_table_get(v->table, ++p);

		if (in_object(&r, ref->object) && r.offset >= to && r.offset - to <= GAP_MAX / 4) {
			pages[n++] = (struct fetch_want){ p, r };
			to = (uint64_t)r.offset + r.len;
		} else if (++skipped > SKIP_MAX) {
			break;
		}
	}
	skipped = 0;
	for (pgno_t p = pgno; p > 1 && to - from < FETCH_FRAME && n + m < FRAME_PAGES;) {
		struct page_ref r = page_table_get(v->table, --p);
		uint64_t end = (uint64_t)r.offset + r.len;

		if (in_object(&r, ref->object) && end <= from && from - end <= GAP_MAX / 4) {
			before[m++] = (struct fetch_want){ p, r };
			from = r.offset;
		} else if (++skipped > SKIP_MAX) {
			break;
		}
	}
	memmove(pages + m, pages, n * sizeof(pages[0]));
	for (size_t i = 0; i < m; i++)
		pages[i] = before[m - 1 - i];
	return n + m;
}

/* What is stored of a page, from the store. */
static enum vfs_rc fetch(struct db *db, const struct version *v, pgno_t pgno,
			 const struct page_ref *ref, struct vfs_read_stats *stats,
			 struct image **out, struct error *err)
{
	struct fetch_want pages[FRAME_PAGES];
	struct flight *mine = NULL, *f;
	bool fly = false;
	enum vfs_rc rc;

	for (;;) {
		size_t at;

		mutex_lock(&lock);
		while ((f = find_locked(db, ref)) != NULL) {
			f->refs++;
			add(&totals.shared, 1);
			wait_locked(f, stats);
			at = index_of(f, ref->offset);
			*out = f->images[at];
			if (*out != NULL)
				image_ref(*out);
			unref_locked(f);
			if (*out != NULL)
				break; /* otherwise: our own try decides */
		}
		if (*out == NULL && mine == NULL)
			*out = cache_find(db->uid, stored_object(ref), ref->offset); /* landed meanwhile */
		if (*out != NULL) {
			mutex_unlock(&lock);
			flight_free(mine);
			return VFS_OK;
		}
		if (mine != NULL)
			break;
		mutex_unlock(&lock);
		mine = flight_new(db, v, pages, plan_frame(v, pgno, ref, pages));
		if (mine == NULL) {
			error_no_memory(err);
			return VFS_IO;
		}
	}
	/* the lock is held, and nobody brings the page */
	mine->refs = 1;
	mine->wanted = index_of(mine, ref->offset);
	publish_locked(mine);
	count_get(mine, stats);
	stats->ahead += mine->n_pages - 1;
	add(&totals.ahead, mine->n_pages - 1);
	/* a thread's help is worth its price only where a hedge may be */
	if (latency_locked(db->store, mine->to - mine->from)->slow_us >= HEDGE_MIN_US)
		fly = pool_submit(&mine->tries[0].job, true);
	if (!fly) {
		mutex_unlock(&lock);
		try_run(&mine->tries[0]);
		mutex_lock(&lock);
	}
	wait_locked(mine, stats);
	rc = mine->rc;
	if (rc != VFS_OK && err != NULL)
		*err = mine->err;
	if (rc == VFS_OK) {
		*out = mine->images[index_of(mine, ref->offset)];
		if (*out != NULL) {
			image_ref(*out);
		} else {
			error_set(err, "object \"%s\" is damaged: page %u at offset %u does not match its checksum",
				  mine->key, pgno, ref->offset);
			rc = VFS_CORRUPT;
		}
	}
	unref_locked(mine);
	mutex_unlock(&lock);
	return rc;
}

struct sources {
	bool disk, store;
};

/* What is stored of a page, from the disk or the store. */
static enum vfs_rc find_stored(struct db *db, const struct version *v, pgno_t pgno,
			       const struct page_ref *ref, struct vfs_read_stats *stats,
			       struct sources *from, struct image **out, struct error *err)
{
	if (disk != NULL && (*out = disk_find(db, v, pgno, ref)) != NULL) {
		from->disk = true;
		return VFS_OK;
	}
	from->store = true;
	return fetch(db, v, pgno, ref, stats, out, err);
}

/* The image of a page that is stored as a delta: its bytes, its base, one request each at the most. */
static enum vfs_rc find_delta(struct db *db, const struct version *v, pgno_t pgno,
			      const struct page_ref *ref, struct vfs_read_stats *stats,
			      struct sources *from, struct image **out, struct error *err)
{
	struct page_entry e = entry_of(ref);
	struct image *stored = cache_find(db->uid, stored_object(ref), ref->offset);
	struct image *base_image = NULL;
	char key[KEY_MAX];
	struct image_base base;
	enum vfs_rc rc = VFS_OK;

	if (stored == NULL)
		rc = find_stored(db, v, pgno, ref, stats, from, &stored, err);
	if (rc != VFS_OK)
		return rc;
	objects_key(&db->objects, ref->object, key);
	if (!delta_base(db, ref->object, &e, stored->data, v->page_size, &base)) {
		error_set(err, "object \"%s\" is damaged: page %u at offset %u has no base", key, pgno,
			  ref->offset);
		rc = VFS_CORRUPT;
		goto out;
	}
	struct page_ref at = base_ref(&base);
	base_image = cache_find(db->uid, base.object, base.offset);
	if (base_image == NULL)
		rc = find_stored(db, v, pgno, &at, stats, from, &base_image, err);
	if (rc != VFS_OK)
		goto out;
	*out = delta_image(pgno, &e, stored->data, &base, base_image, v->page_size);
	if (*out != NULL) {
		*out = cache_insert(db->uid, ref->object, ref->offset, *out);
	} else {
		error_set(err, "object \"%s\" is damaged: page %u at offset %u does not match its checksum",
			  key, pgno, ref->offset);
		rc = VFS_CORRUPT;
	}
out:
	image_unref(stored);
	image_unref(base_image);
	return rc;
}

enum vfs_rc fetch_page(struct db *db, const struct version *v, pgno_t pgno,
		       const struct page_ref *ref, struct vfs_read_stats *stats,
		       struct image **out, struct error *err)
{
	int64_t began_us = mono_us();
	struct sources from = { .disk = false };
	enum vfs_rc rc;

	*out = NULL;
	if (page_is_delta(ref->encoding))
		rc = find_delta(db, v, pgno, ref, stats, &from, out, err);
	else
		rc = find_stored(db, v, pgno, ref, stats, &from, out, err);
	if (from.disk || from.store)
		add(&totals.misses, 1);
	if (rc == VFS_OK && from.store)
		stats->store_pages++;
	else if (rc == VFS_OK && from.disk)
		stats->disk_hits++;
	else if (rc == VFS_OK)
		stats->memory_hits++;
	stats->wait_us += (uint64_t)(mono_us() - began_us);
	if (rc != VFS_OK)
		error_wrap(err, "could not read page %u of database \"%s\"", pgno, db->name);
	else
		(void)cache_use(*out);
	return rc;
}

static int compare_wants(const void *a, const void *b)
{
	const struct page_ref *x = &((const struct fetch_want *)a)->ref;
	const struct page_ref *y = &((const struct fetch_want *)b)->ref;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* If a delta's bytes are here what is wanted is its base. */
static bool want_base(struct db *db, const struct version *v, struct fetch_want *want)
{
	struct image *stored = cache_peek(db->uid, stored_object(&want->ref), want->ref.offset);
	struct page_entry e = entry_of(&want->ref);
	struct image_base base;
	bool known = stored != NULL && delta_base(db, want->ref.object, &e, stored->data,
						     v->page_size, &base);

	if (known)
		want->ref = base_ref(&base);
	image_unref(stored);
	return known;
}

/* Leave out what is there or on its way; how many are left. */
static size_t keep_missing(struct db *db, const struct version *v, struct fetch_want *wants,
			   size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct page_ref *r = &wants[i].ref;

		if (!in_object(r, r->object) || cache_has(db->uid, r->object, r->offset))
			continue;
		if (page_is_delta(r->encoding) && want_base(db, v, &wants[i]) &&
		    cache_has(db->uid, r->object, r->offset))
			continue;
		if (!fetch_on_disk(db, v, r))
			wants[kept++] = wants[i];
	}
	n = kept;
	kept = 0;
	mutex_lock(&lock);
	for (size_t i = 0; i < n; i++)
		if (find_locked(db, &wants[i].ref) == NULL)
			wants[kept++] = wants[i];
	mutex_unlock(&lock);
	return kept;
}

/* Make one flight of pages that lie near each other.  False: no more for now. */
static bool start_ahead(struct db *db, const struct version *v, const struct fetch_want *pages,
			size_t n, struct vfs_read_stats *stats)
{
	struct flight *f = flight_new(db, v, pages, n);
	size_t room = cache_limit() / 2;
	bool taken = false;

	if (f == NULL)
		return false;
	mutex_lock(&lock);
	if (cache_unread() + ahead_under_way + n * v->page_size <= room) {
		f->ahead = true;
		ahead_under_way += n * v->page_size;
		publish_locked(f);
		taken = pool_submit(&f->tries[0].job, false);
		if (taken) {
			count_get(f, stats);
			stats->ahead += n;
			add(&totals.ahead, n);
		} else {
			ahead_under_way -= n * v->page_size;
			unref_locked(f);
		}
	} else {
		flight_free(f);
	}
	mutex_unlock(&lock);
	return taken;
}

void fetch_ahead(struct db *db, const struct version *v, struct fetch_want *wants, size_t n,
		 struct vfs_read_stats *stats)
{
	n = keep_missing(db, v, wants, n);
	qsort(wants, n, sizeof(wants[0]), compare_wants);
	for (size_t first = 0, next; first < n; first = next) {
		uint64_t from = wants[first].ref.offset;
		uint64_t to = from + wants[first].ref.len;

		for (next = first + 1; next < n; next++) {
			const struct page_ref *r = &wants[next].ref;
			uint64_t end = (uint64_t)r->offset + r->len;

			if (r->object != wants[first].ref.object || r->offset < to ||
			    r->offset - to > GAP_MAX || end - from > FETCH_RUN_MAX)
				break;
			to = end;
		}
		if (!start_ahead(db, v, wants + first, next - first, stats))
			return;
	}
}

static struct flight *any_of_locked(const struct db *db)
{
	for (size_t i = 0; i < N_BUCKETS; i++)
		for (struct flight *f = flights[i]; f != NULL; f = f->next)
			if (f->db == db)
				return f;
	return NULL;
}

/* Give up what has not begun. */
static void cancel_queued_locked(const struct db *db)
{
	for (size_t i = 0; i < N_BUCKETS; i++)
		for (struct flight *f = flights[i], *next; f != NULL; f = next) {
			next = f->next;
			if (f->db != db || !f->ahead || !pool_cancel(&f->tries[0].job))
				continue;
			f->n_tries--;
			done_locked(f, VFS_CANCELED);
			unref_locked(f);
		}
}

void fetch_drain(struct db *db)
{
	mutex_lock(&lock);
	cancel_queued_locked(db);
	while (any_of_locked(db) != NULL)
		cond_wait(&quiet, &lock);
	for (size_t i = 0; i < ARRAY_LEN(latencies); i++)
		if (latencies[i].store == db->store && db->store_ref != NULL)
			latencies[i].store = NULL; /* it may be closed now */
	mutex_unlock(&lock);
}

void fetch_stop(void)
{
	pool_stop();
	mutex_lock(&lock);
	memset(latencies, 0, sizeof(latencies));
	mutex_unlock(&lock);
}

void fetch_add_stats(struct vfs_cache_stats *out)
{
	out->memory_misses = atomic_load(&totals.misses);
	out->gets = atomic_load(&totals.gets);
	out->bytes = atomic_load(&totals.bytes);
	out->shared = atomic_load(&totals.shared);
	out->hedged = atomic_load(&totals.hedged);
	out->hedges_won = atomic_load(&totals.hedges_won);
	out->ahead = atomic_load(&totals.ahead);
	if (disk != NULL)
		disk_cache_add_stats(disk, out);
}
