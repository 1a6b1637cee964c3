/*
 * group.c - early lock release and group commit
 *
 * INVARIANTS
 *   (1) At most one thread leads: it gathers what is published and appends it.
 *   (2) A version becomes durable only after every one before it.
 *   (3) The leader alone tells those of its group what became of them, whatever
 *       happens to their versions meanwhile; all others are told by the rewind.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/group.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "vfs/cache.h"
#include "vfs/local.h"
#include "vfs/manifest.h"
#include "vfs/overlay.h"
#include "vfs/registry.h"
#include "vfs/seal.h"

enum {
	SLOW_PUT_US = 4000, /* to linger is worth it */
	LINGER_PART = 6,    /* of the time that a request takes */
	LINGER_MAX_MS = 10,
	LINGER_LOOK_MS = 2,
	CHAINS_MAX = 8,
	STUCK_MS = 1000,
};

/* What the event of a ticket tells. */
enum { TICKET_LEAD = 1, TICKET_TOLD = 2 };

#define GROUPED_MAX ((size_t)1 << 20)  /* images of one transaction */
#define PENDING_MAX ((size_t)32 << 20) /* images of all that is published and not durable */

/* ---- threads that append ---- */

static struct mutex flusher_lock = MUTEX_INIT;
static struct cond flusher_ended = { .os = PTHREAD_COND_INITIALIZER };
static unsigned n_flushers; /* guarded by flusher_lock */
static atomic_bool stopping;

static void flusher_end(struct db *db)
{
	registry_put(db);
	mutex_lock(&flusher_lock);
	n_flushers--;
	cond_broadcast(&flusher_ended);
	mutex_unlock(&flusher_lock);
}

/* A thread that holds the database until it calls flusher_end(). */
static bool flusher_start(struct db *db, void *(*run)(void *), void *arg)
{
	pthread_t thread;

	mutex_lock(&flusher_lock);
	n_flushers++;
	mutex_unlock(&flusher_lock);
	registry_ref(db);
	if (thread_start(&thread, "pgblob-flush", 0, run, arg, NULL)) {
		pthread_detach(thread);
		return true;
	}
	flusher_end(db);
	return false;
}

bool group_takes(const struct commit_request *r)
{
	const struct overlay *o = r->overlay;

	return r->kind == COMMIT_NORMAL && o != NULL && !o->flat && o->fd < 0 &&
	       o->memory <= GROUPED_MAX && r->page_size == r->base->page_size;
}

/* ---- publishing ---- */

/* The pages of an overlay, and those that appear without being written. */
static struct staged *stage(const struct commit_request *r, struct error *err)
{
	struct staged *s = calloc(1, sizeof(*s));
	pgno_t *written = NULL;
	size_t n_written = 0;
	size_t grown = r->page_count > r->base->page_count ? r->page_count - r->base->page_count : 0;

	if (s == NULL)
		goto no_memory;
	if (!overlay_pages(r->overlay, r->page_count, &written, &n_written, err)) {
		staged_free(s);
		return NULL;
	}
	s->pgnos = malloc((n_written + grown + 1) * sizeof(s->pgnos[0]));
	s->images = malloc((n_written + grown + 1) * sizeof(s->images[0]));
	if (s->pgnos == NULL || s->images == NULL)
		goto no_memory;
	uint64_t next = (uint64_t)r->base->page_count + 1;
	for (size_t i = 0; i <= n_written; i++) {
		uint64_t pgno = i < n_written ? written[i] : (uint64_t)r->page_count + 1;

		for (; next < pgno; next++) {
			s->pgnos[s->n] = (pgno_t)next;
			s->images[s->n++] = NULL;
		}
		if (i == n_written)
			break;
		if (pgno >= next)
			next = pgno + 1;
		s->pgnos[s->n] = (pgno_t)pgno;
		s->images[s->n] = overlay_image(r->overlay, (pgno_t)pgno);
		image_ref(s->images[s->n++]);
		s->bytes += r->page_size;
	}
	free(written);
	return s;
no_memory:
	error_no_memory(err);
	free(written);
	staged_free(s);
	return NULL;
}

static void link_ticket_locked(struct db *db, struct vfs_ticket *t)
{
	t->next = db->tickets;
	t->prev = &db->tickets;
	if (t->next != NULL)
		t->next->prev = &t->next;
	db->tickets = t;
	db->n_tickets++;
}

/* Its outcome is set; the waiter goes on when tell() has been called with *told. */
static void finish_locked(struct db *db, struct vfs_ticket *t, enum vfs_rc rc,
			  const struct error *why, struct vfs_ticket **told)
{
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	db->n_tickets--;
	t->rc = rc;
	if (why != NULL)
		t->error = *why;
	t->done = true;
	t->next = *told;
	*told = t;
}

/*
 * Tell them, without the lock: they all want it next.  A ticket lies on its waiter's stack, and
 * is gone when he has been told.  As many as there are processors are woken at once,
 * and each wakes one more: more would only get in each other's way.
 */
static void tell(struct vfs_ticket *told)
{
	struct vfs_ticket *first[CHAINS_MAX], *last[CHAINS_MAX];
	unsigned n_chains = processors() < CHAINS_MAX ? processors() : CHAINS_MAX;
	unsigned n = 0;

	for (struct vfs_ticket *t = told, *next; t != NULL; t = next) {
		next = t->next;
		t->next = NULL;
		if (!t->waiting) {
			/* who does not sleep may not come for long: nobody depends on him */
			event_set(&t->wake, TICKET_TOLD);
			continue;
		}
		atomic_fetch_add_explicit(&t->db->waking, 1, memory_order_relaxed);
		if (n < n_chains)
			first[n] = t;
		else
			last[n % n_chains]->next = t;
		last[n++ % n_chains] = t;
	}
	for (unsigned i = 0; i < n_chains && i < n; i++)
		event_set(&first[i]->wake, TICKET_TOLD);
}

/* Commits that were acknowledged before they were durable, and are not going to be. */
static void tell_unattended_locked(struct db *db, const struct error *why)
{
	if (db->n_unattended == 0)
		return;
	log_error(NULL, "%u commits to database \"%s\" that were acknowledged before they were durable are lost: %s",
		  db->n_unattended, db->name, why->text);
	db->n_unattended = 0;
}

/* Before a rewind: what was acknowledged from the local journal goes with it, and is kept there. */
static void keep_local_locked(struct db *db, const struct error *why)
{
	if (db->on_disk_seq > db->durable->seq && !atomic_load(&stopping))
		local_set_aside(db, why->text);
	db->on_disk_seq = 0;
	/* who is not told yet waits for the leader: what the journal gets from now on is not theirs */
	for (struct vfs_ticket *t = db->tickets; t != NULL; t = t->next)
		t->level = VFS_IN_STORE;
}

/* Finish those from after `from` up to `to`. */
static unsigned finish_range_locked(struct db *db, uint64_t from, uint64_t to, enum vfs_rc rc,
				    const struct error *why, struct vfs_ticket **told)
{
	unsigned n = 0;

	for (struct vfs_ticket *t = db->tickets, *next; t != NULL; t = next) {
		next = t->next;
		if (t->seq <= from || t->seq > to)
			continue;
		finish_locked(db, t, rc, why, told);
		n++;
	}
	return n;
}

static void start_flusher(struct db *db);

enum vfs_rc group_publish(struct db *db, const struct commit_request *r,
			  enum vfs_durability level, struct vfs_ticket *ticket,
			  struct version **out, struct error *err)
{
	struct staged *s = stage(r, err);
	struct version *v = calloc(1, sizeof(*v));
	struct page_ref *refs = s != NULL ? malloc((s->n + 1) * sizeof(refs[0])) : NULL;
	enum vfs_rc rc = VFS_IO;

	if (s == NULL || v == NULL || refs == NULL)
		goto no_memory;
	for (size_t i = 0; i < s->n; i++)
		refs[i] = (struct page_ref){
			.offset = (uint32_t)i,
			.encoding = s->images[i] == NULL ? PAGE_ZERO : PAGE_MEMORY,
		};
	for (size_t i = 0; i < s->n; i++)
		if (s->images[i] == NULL)
			refs[i].offset = 0;
	v->exists = true;
	v->page_size = r->page_size;
	v->page_count = r->page_count;
	memcpy(v->db_id, r->base->db_id, ID_LEN);
	memcpy(v->header, r->header, PAGE_HEADER_LEN);
	page_table_ref(r->base->table);
	v->table = r->base->table;

	if (level == VFS_ON_DISK && !local_usable(db))
		level = VFS_IN_STORE;
	mutex_lock(&db->lock);
	while (db->pending_bytes > PENDING_MAX && !r->base->lost && db->newest != db->durable) {
		mutex_unlock(&db->lock);
		rc = group_drain(db, err);
		if (rc != VFS_OK)
			goto out;
		rc = VFS_IO;
		mutex_lock(&db->lock);
	}
	if (r->base->lost || db->newest != r->base) {
		bool lost = r->base->lost;

		mutex_unlock(&db->lock);
		rc = lost ? commit_base_lost(db, err) : commit_lost(db, err);
		goto out;
	}
	v->time_us = r->base->time_us;
	/* behind what is durable or on its way begins the next slot; everything else goes with its base */
	bool next_slot = r->base == db->durable || r->base->seq <= db->appending_seq;
	v->lsn = r->base->lsn + (next_slot ? 1 : 0);
	if (!db_publish_locked(db, v, s->pgnos, refs, s->n, false)) {
		mutex_unlock(&db->lock);
		goto no_memory;
	}
	s->seq = v->seq;
	v->staged = s;
	db->pending_bytes += s->bytes;
	ticket->seq = v->seq;
	ticket->schema = v->schema_seq;
	if (level != VFS_IN_MEMORY) {
		ticket->db = db;
		ticket->level = level;
		link_ticket_locked(db, ticket);
	} else {
		db->n_unattended++;
	}
	/* whoever waits for less than the store does not append */
	bool flush = level != VFS_IN_STORE && !db->flushing;
	db->flushing |= flush;
	if (db->awaited != 0 && db->n_tickets >= db->awaited)
		cond_signal(&db->gathered);
	mutex_unlock(&db->lock);
	/* our handle keeps the database until then */
	if (ticket->db != NULL)
		registry_ref(db);
	if (flush)
		start_flusher(db);
	*out = v;
	free(refs);
	return VFS_OK;
no_memory:
	if (!err->set)
		error_no_memory(err);
out:
	staged_free(s);
	version_free(v);
	free(refs);
	return rc;
}

/* ---- appending ---- */

/* A page of the group: its newest image. */
struct gathered {
	uint64_t seq;
	struct image *image; /* counted; NULL: zeros */
};

struct group {
	struct version *base; /* pinned: durable */
	struct version *last; /* pinned */
	pgno_t *pgnos;        /* rising */
	struct gathered *pages;
	struct staged_page *staged; /* for seal_pages() */
	size_t n;
};

static void group_deinit(struct db *db, struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		image_unref(g->pages[i].image);
	free(g->pgnos);
	free(g->pages);
	free(g->staged);
	db_unpin(db, g->base);
	db_unpin(db, g->last);
}

struct candidate {
	pgno_t pgno;
	uint64_t seq;
	struct image *image;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a;
	const struct candidate *y = b;

	if (x->pgno != y->pgno)
		return x->pgno < y->pgno ? -1 : 1;
	return x->seq > y->seq ? -1 : x->seq < y->seq;
}

/* What versions after `from` wrote that are not durable.  False: no memory; then nothing is pinned. */
static bool gather_locked(struct db *db, uint64_t from, struct group *g)
{
	struct version *base = db->durable;
	struct version *last = db->newest;
	struct candidate *all;
	size_t n = 0;
	size_t total = 0;

	for (const struct version *v = base->newer; v != NULL; v = v->newer)
		for (const struct staged *s = v->staged; s != NULL; s = s->next)
			total += s->n;
	*g = (struct group){
		.pgnos = malloc((total + 1) * sizeof(g->pgnos[0])),
		.pages = malloc((total + 1) * sizeof(g->pages[0])),
		.staged = malloc((total + 1) * sizeof(g->staged[0])),
	};
	all = malloc((total + 1) * sizeof(all[0]));
	if (g->pgnos == NULL || g->pages == NULL || g->staged == NULL || all == NULL) {
		free(all);
		free(g->pgnos);
		free(g->pages);
		free(g->staged);
		return false;
	}
	for (const struct version *v = base->newer; v != NULL; v = v->newer)
		for (const struct staged *s = v->staged; s != NULL; s = s->next)
			for (size_t i = 0; i < s->n && s->seq > from; i++)
				if (s->pgnos[i] <= last->page_count)
					all[n++] = (struct candidate){ s->pgnos[i], s->seq,
								       s->images[i] };
	qsort(all, n, sizeof(all[0]), compare_candidates);
	for (size_t i = 0; i < n; i++) {
		if (g->n > 0 && g->pgnos[g->n - 1] == all[i].pgno)
			continue;
		if (all[i].image != NULL)
			image_ref(all[i].image);
		g->pgnos[g->n] = all[i].pgno;
		g->pages[g->n] = (struct gathered){ all[i].seq, all[i].image };
		g->staged[g->n++] = (struct staged_page){ all[i].pgno, all[i].image };
	}
	free(all);
	base->pins++;
	last->pins++;
	g->base = base;
	g->last = last;
	return true;
}

/*
 * The group is in its slot: its pages lie there now.  A page that was sealed away,
 * because it is what it was before, lies where it did.
 */
static void settle_locked(struct db *db, const struct group *g, const struct sealed *s,
			  const struct page_ref *refs)
{
	size_t k = 0;

	assert(mutex_held(&db->lock));
	for (size_t i = 0; i < g->n; i++) {
		pgno_t pgno = g->pgnos[i];
		struct page_ref ref;

		while (k < s->n && s->pgnos[k] < pgno)
			k++;
		if (k < s->n && s->pgnos[k] == pgno)
			ref = refs[k];
		else
			ref = db_page_ref_locked(g->base, pgno);
		ref.seq = g->pages[i].seq;
		struct page_ref now = page_table_get(g->last->table, pgno);
		if (now.seq == ref.seq) {
			page_table_set(g->last->table, pgno, &ref);
			continue;
		}
		for (struct version *v = g->base; v != NULL; v = v->newer)
			if (undo_settle(&v->undo, pgno, &ref))
				break;
	}
}

/* What the cache would read, and will be asked for. */
static void cache_group(struct db *db, const struct group *g, const struct sealed *s,
			const struct page_ref *refs)
{
	size_t i = 0;

	for (size_t k = 0; k < s->n; k++) {
		while (g->pgnos[i] < s->pgnos[k])
			i++;
		const struct image *from = g->pages[i].image;
		if (from == NULL || refs[k].encoding == PAGE_ZERO)
			continue;
		/* a copy: versions that are pinned still hold the staged one */
		struct image *image = image_new(from->size);
		if (image == NULL)
			return;
		memcpy(image->data, from->data, from->size);
		image->base = s->bases[k];
		image_unref(cache_insert(db->uid, refs[k].object, refs[k].offset, image));
	}
}

void group_overtaken_locked(struct db *db)
{
	struct vfs_ticket *told = NULL;
	struct error why = ERROR_INIT;
	uint64_t from;

	assert(mutex_held(&db->lock));
	if (db->newest == db->durable)
		return;
	from = db->appending_seq != 0 ? db->appending_seq : db->durable->seq;
	(void)commit_lost(db, &why);
	keep_local_locked(db, &why);
	db_rewind_locked(db);
	db->stats.lost += finish_range_locked(db, from, UINT64_MAX, VFS_LOST, &why, &told);
	tell(told);
	tell_unattended_locked(db, &why);
	cond_broadcast(&db->changed);
}

/* The append failed: nothing that is not durable stays. */
static void fail_locked(struct db *db, const struct group *g, enum vfs_rc rc,
			const struct error *why, struct vfs_ticket **told)
{
	struct error later = ERROR_INIT;
	enum vfs_rc later_rc = VFS_BUSY;
	unsigned n;

	if (!g->last->lost) {
		uint64_t newest = db->newest->seq;

		keep_local_locked(db, why);
		db_rewind_locked(db);
		/* what was published behind the group was never sent */
		if (rc == VFS_LOST) {
			later_rc = commit_lost(db, &later);
		} else {
			error_set(&later, "could not commit to database \"%s\": a commit before it failed",
				  db->name);
			error_detail(&later, "%s", why->text);
		}
		n = finish_range_locked(db, g->last->seq, newest, later_rc, &later, told);
		commit_count_locked(db, n, later_rc);
	}
	n = finish_range_locked(db, 0, g->last->seq, rc, why, told);
	commit_count_locked(db, n, rc);
	tell_unattended_locked(db, why);
}

/* An append under way.  It may outlive the call of the leader who began it. */
struct append {
	struct db *db;
	struct group group;
	struct commit_head head;
	struct sealed sealed;
	struct page_ref *refs;
	struct buf body;
	size_t len;
	bool built;
	int64_t first_us; /* boot clock: before the first try */
	int64_t began_us, took_us;
	enum vfs_rc rc;
	struct error err;
};

/* Seal the group, and announce its slot. */
static enum vfs_rc prepare(struct append *a)
{
	struct db *db = a->db;
	struct group *g = &a->group;
	struct sealed *s = &a->sealed;
	enum vfs_rc rc;

	commit_begin(g->base, &a->head);
	memcpy(a->head.header, g->last->header, PAGE_HEADER_LEN);
	rc = seal_pages(db, g->base, g->staged, g->n, a->head.page_size, s, &a->err);
	if (rc != VFS_OK)
		return rc;
	a->refs = malloc((s->n + 1) * sizeof(a->refs[0]));
	if (a->refs == NULL) {
		error_no_memory(&a->err);
		return VFS_IO;
	}
	if (!commit_build(&a->head, s, &a->body, &a->err))
		return VFS_INVALID;
	if (!commit_refs(db, &a->head, s, a->refs)) {
		error_no_memory(&a->err);
		return VFS_IO;
	}
	if (!local_attempt(db, a->head.lsn, a->head.nonce, g->last->seq, &a->err))
		return VFS_IO;
	a->len = a->body.len;
	a->built = true;
	return VFS_OK;
}

static void drop_prepared(struct append *a)
{
	sealed_free(&a->sealed);
	a->sealed = (struct sealed){ 0 };
	free(a->refs);
	a->refs = NULL;
	buf_free(&a->body);
	buf_init(&a->body, COMMIT_MAX);
}

/* One try; the same bytes again if they have been sent before. */
static void try_append(struct append *a)
{
	/* a slot that was named once is asked for until it is known whose it is */
	if (!a->built) {
		a->rc = commit_check_head(a->db, a->group.base, &a->err);
		if (a->rc == VFS_OK)
			a->rc = prepare(a);
		if (!a->built) {
			drop_prepared(a);
			return;
		}
		a->first_us = boot_us();
	}
	a->began_us = boot_us();
	a->rc = commit_create(a->db, &a->head, &a->body, a->first_us,
			      vfs_settings.commit_timeout_ms, &a->err);
	a->took_us = boot_us() - a->began_us;
}

/* Is something on disk, or about to be, that is not durable behind `base`? */
static bool promised_locked(const struct db *db, const struct version *base)
{
	if (db->on_disk_seq > base->seq)
		return true;
	for (const struct vfs_ticket *t = db->tickets; t != NULL; t = t->next)
		if (t->level == VFS_ON_DISK)
			return true;
	return false;
}

/*
 * What is on disk has been acknowledged: it is not dropped because the store does
 * not answer.  Those who wait for the store are told that nobody knows.
 */
static bool stays_locked(struct append *a)
{
	struct db *db = a->db;
	struct vfs_ticket *told = NULL;
	struct error why = ERROR_INIT;

	if (a->rc == VFS_OK || a->rc == VFS_LOST || a->rc == VFS_CORRUPT || a->rc == VFS_INVALID ||
	    a->group.last->lost || !promised_locked(db, a->group.base) || atomic_load(&stopping))
		return false;
	if (!db->stuck)
		log_warn(NULL, "commits to database \"%s\" stay in the local journal until the store takes them: %s",
			 db->name, a->err.text);
	db->stuck = true;
	error_set(&why, "the commit to database \"%s\" is in the local journal, but not in the store yet",
		  db->name);
	error_detail(&why, "%s", a->err.text);
	for (struct vfs_ticket *t = db->tickets, *next; t != NULL; t = next) {
		next = t->next;
		if (t->level == VFS_ON_DISK)
			continue;
		finish_locked(db, t, VFS_UNKNOWN, &why, &told);
		commit_count_locked(db, 1, VFS_UNKNOWN);
	}
	tell(told);
	error_clear(&a->err);
	cond_broadcast(&db->changed);
	return true;
}

/* *settled: images that nobody needs any more; the caller frees them. */
static void applied_locked(struct append *a, struct vfs_ticket **told, struct staged **settled)
{
	struct db *db = a->db;
	struct group *g = &a->group;

	/* who took over from a manifest meanwhile has it too: see check_late() */
	if (!g->last->lost) {
		settle_locked(db, g, &a->sealed, a->refs);
		assert(g->last->lsn == a->head.lsn);
		g->last->time_us = a->head.time_us;
		memcpy(g->last->nonce, a->head.nonce, ID_LEN);
		memcpy(g->last->hash, a->head.hash, HASH_LEN);
		*settled = g->last->staged;
		g->last->staged = NULL;
		db_durable_locked(db, g->last);
		db->pending_bytes = 0;
		if (g->last == db->newest)
			db->n_unattended = 0;
		for (const struct version *v = g->last->newer; v != NULL; v = v->newer)
			for (const struct staged *t = v->staged; t != NULL; t = t->next)
				db->pending_bytes += t->bytes;
	}
	unsigned n = finish_range_locked(db, 0, g->last->seq, VFS_OK, NULL, told);
	commit_count_locked(db, n, VFS_OK);
	db->last_group = n;
	db->last_behind = db->n_tickets;
}

static void end_leading_locked(struct db *db)
{
	db->leading = false;
	for (struct vfs_ticket *t = db->tickets; t != NULL; t = t->next)
		if (t->waiting) {
			event_set(&t->wake, TICKET_LEAD);
			break;
		}
	cond_broadcast(&db->changed);
}

/* The outcome is definite, or nobody waits for it: everybody is told, and somebody else may lead. */
static void end_append(struct append *a)
{
	struct db *db = a->db;
	struct vfs_ticket *told = NULL;
	struct staged *settled = NULL;
	bool sent = a->built;

	if (sent)
		local_attempt_ended(db, a->head.lsn, a->group.last->seq, a->rc == VFS_OK);
	if (a->rc == VFS_OK)
		cache_group(db, &a->group, &a->sealed, a->refs);
	if (sent)
		commit_told(db, &a->head, a->sealed.n, a->len, a->rc, a->began_us, &a->err);
	mutex_lock(&db->lock);
	db->appending_seq = 0;
	db->put_us = a->took_us;
	db->stuck = false;
	if (sent)
		/* an earlier try may have made the slot: others had time to go on from it */
		commit_done_locked(db, &a->head, &a->body, a->rc, a->first_us);
	if (a->rc == VFS_OK)
		applied_locked(a, &told, &settled);
	else
		fail_locked(db, &a->group, a->rc, &a->err, &told);
	end_leading_locked(db);
	mutex_unlock(&db->lock);
	tell(told);
	if (a->rc == VFS_OK)
		manifest_want(db, a->group.last, a->sealed.n);
	staged_free(settled);
	group_deinit(db, &a->group);
	drop_prepared(a);
}

/* Try again until the outcome is definite; the lock is let go of meanwhile. */
static void persist_locked(struct append *a)
{
	struct db *db = a->db;

	do {
		(void)cond_wait_until(&db->changed, &db->lock, mono_ms() + STUCK_MS);
		mutex_unlock(&db->lock);
		try_append(a);
		mutex_lock(&db->lock);
	} while (stays_locked(a));
}

/* The rest of an append whose leader was a client: he has been told already. */
static void *persist(void *arg)
{
	struct append *a = arg;
	struct db *db = a->db;

	mutex_lock(&db->lock);
	persist_locked(a);
	mutex_unlock(&db->lock);
	end_append(a);
	free(a);
	flusher_end(db);
	return NULL;
}

/*
 * Gather and append; the caller leads no more then.  If the store does not answer a thread
 * goes on with it, and leads.
 */
static void append_locked(struct db *db, bool patient)
{
	struct append a = { .db = db, .body = BUF_INIT(COMMIT_MAX) };
	struct vfs_ticket *told = NULL;
	struct error err = ERROR_INIT;

	assert(mutex_held(&db->lock) && db->leading && db->newest != db->durable);
	if (!gather_locked(db, 0, &a.group)) {
		uint64_t from = db->durable->seq;

		error_no_memory(&err);
		keep_local_locked(db, &err);
		db_rewind_locked(db);
		db->stats.failed += finish_range_locked(db, from, UINT64_MAX, VFS_IO, &err, &told);
		tell(told);
		end_leading_locked(db);
		return;
	}
	a.head = (struct commit_head){
		.kind = COMMIT_NORMAL,
		.page_size = a.group.last->page_size,
		.page_count = a.group.last->page_count,
	};
	db->appending_seq = a.group.last->seq;
	mutex_unlock(&db->lock);
	a.began_us = boot_us();
	try_append(&a);
	mutex_lock(&db->lock);
	if (stays_locked(&a)) {
		struct append *later = patient ? NULL : malloc(sizeof(*later));

		if (later != NULL) {
			*later = a;
			if (flusher_start(db, persist, later))
				return;
			free(later);
		}
		persist_locked(&a);
	}
	mutex_unlock(&db->lock);
	end_append(&a);
	mutex_lock(&db->lock);
}

/*
 * Those who were told a moment ago come back with their next commits: to wait a little
 * for as many as that was, and for those who waited behind them, is worth it when a request takes
 * long.  It ends when nobody comes, and when those of the last group are made up for and
 * the others come too slowly: they think.  Whoever has not run since he was told, or waits
 * for the turn, does not.
 */
static void linger_locked(struct db *db)
{
	int64_t linger_ms = db->put_us / 1000 / LINGER_PART + 1;
	int64_t now_ms = mono_ms();
	int64_t until_ms = now_ms + (linger_ms < LINGER_MAX_MS ? linger_ms : LINGER_MAX_MS);

	if (db->put_us < SLOW_PUT_US || db->last_group + db->last_behind < 2)
		return;
	db->awaited = db->last_group + db->last_behind;
	while (db->n_tickets < db->awaited && now_ms < until_ms) {
		int64_t before = db->n_tickets;
		int64_t look_ms = now_ms + LINGER_LOOK_MS < until_ms ? now_ms + LINGER_LOOK_MS : until_ms;

		while (db->n_tickets < db->awaited &&
		       cond_wait_until(&db->gathered, &db->lock, look_ms))
			;
		now_ms = mono_ms();
		int64_t come = db->n_tickets - before;
		int64_t missing = (int64_t)db->awaited - db->n_tickets;
		bool slow = come * (until_ms - now_ms) < missing * LINGER_LOOK_MS;
		bool busy = atomic_load_explicit(&db->waking, memory_order_relaxed) != 0 ||
			    turn_wanted(db);
		if (!busy && (come <= 0 || (slow && db->n_tickets >= db->last_group)))
			break;
	}
	db->awaited = 0;
}

/* Be the leader once; then somebody else who waits becomes it.  `patient`: nobody waits for the caller. */
static void lead_locked(struct db *db, bool patient)
{
	assert(!db->leading);
	db->leading = true;
	linger_locked(db);
	if (db->newest == db->durable)
		end_leading_locked(db);
	else
		append_locked(db, patient);
}

/* Write what the journal has not: one writes and flushes for all who wait. */
static void journal_locked(struct db *db)
{
	struct error err = ERROR_INIT;
	struct group g;

	assert(!db->journaling && db->newest != db->durable);
	db->journaling = true;
	mutex_unlock(&db->lock);
	bool begins = local_begins(db);
	mutex_lock(&db->lock);
	if (db->newest != db->durable && gather_locked(db, begins ? 0 : db->on_disk_seq, &g)) {
		struct local_pages pages = {
			.seq = g.last->seq,
			.n_commits = db->n_tickets,
			.base = g.base,
			.last = g.last,
			.pages = g.staged,
			.n = g.n,
		};

		mutex_unlock(&db->lock);
		bool good = local_write(db, &pages, &err);
		mutex_lock(&db->lock);
		if (g.last->lost)
			local_discard(db);
		else if (good)
			db->on_disk_seq = pages.seq;
		if (!good) {
			/* they wait for the store */
			log_warn(NULL, "%s", err.text);
			for (struct vfs_ticket *t = db->tickets; t != NULL; t = t->next)
				t->level = VFS_IN_STORE;
		}
		mutex_unlock(&db->lock);
		group_deinit(db, &g);
		mutex_lock(&db->lock);
	}
	db->journaling = false;
	cond_broadcast(&db->changed);
}

/* Until it is on disk or in the store, or has to wait for the store after all. */
static void wait_for_disk_locked(struct db *db, struct vfs_ticket *t)
{
	struct vfs_ticket *told = NULL;

	while (!t->done && t->level == VFS_ON_DISK) {
		if (db->on_disk_seq >= t->seq)
			finish_locked(db, t, VFS_OK, NULL, &told);
		else if (db->journaling)
			cond_wait(&db->changed, &db->lock);
		else
			journal_locked(db);
	}
	tell(told);
}

enum vfs_rc group_wait(struct vfs_ticket *t, struct error *err)
{
	struct db *db = t->db;

	if (db == NULL)
		return VFS_OK;
	mutex_lock(&db->lock);
	if (t->level == VFS_ON_DISK)
		wait_for_disk_locked(db, t);
	for (;;) {
		while (!t->done && !db->leading)
			lead_locked(db, false);
		/* what is done is tell()'s */
		if (!t->done)
			t->waiting = true;
		mutex_unlock(&db->lock);
		/* whoever is told needs no lock */
		if (event_wait(&t->wake) == TICKET_TOLD)
			break;
		mutex_lock(&db->lock);
		event_forget(&t->wake, TICKET_LEAD);
		if (!t->done)
			t->waiting = false;
	}
	if (t->waiting)
		atomic_fetch_sub_explicit(&db->waking, 1, memory_order_relaxed);
	if (t->next != NULL)
		event_set(&t->next->wake, TICKET_TOLD);
	enum vfs_rc rc = t->rc;
	if (rc != VFS_OK && err != NULL)
		*err = t->error;
	t->db = NULL;
	registry_put(db);
	return rc;
}

static enum vfs_rc store_stuck(const struct db *db, struct error *err)
{
	error_set(err, "the store of database \"%s\" does not answer", db->name);
	error_detail(err, "Commits with synchronous_commit = local are in the local journal, and must go first.");
	return VFS_BUSY;
}

enum vfs_rc group_wait_version(struct db *db, const struct version *v, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&db->lock);
	while (!v->lost && db->durable->seq < v->seq && !db->stuck) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db, false);
	}
	if (v->lost)
		rc = commit_base_lost(db, err);
	else if (db->durable->seq < v->seq)
		rc = store_stuck(db, err);
	mutex_unlock(&db->lock);
	return rc;
}

void group_wait_slot(struct db *db, uint64_t lsn)
{
	static const uint8_t none[ID_LEN];

	mutex_lock(&db->lock);
	while (memcmp(db->appending, none, ID_LEN) != 0 && !db->stuck && db->durable->lsn < lsn)
		cond_wait(&db->changed, &db->lock);
	mutex_unlock(&db->lock);
}

enum vfs_rc group_drain(struct db *db, struct error *err)
{
	enum vfs_rc rc = VFS_OK;

	mutex_lock(&db->lock);
	while ((db->leading || db->newest != db->durable) && !db->stuck) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db, false);
	}
	if (db->stuck)
		rc = store_stuck(db, err);
	mutex_unlock(&db->lock);
	return rc;
}

/* ---- what nobody waits for ---- */

static void *flush(void *arg)
{
	struct db *db = arg;

	mutex_lock(&db->lock);
	while (db->newest != db->durable) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db, true);
	}
	db->flushing = false;
	mutex_unlock(&db->lock);
	flusher_end(db);
	return NULL;
}

static void start_flusher(struct db *db)
{
	if (flusher_start(db, flush, db))
		return;
	/* the next commit takes it along */
	mutex_lock(&db->lock);
	db->flushing = false;
	mutex_unlock(&db->lock);
}

void group_stop(void)
{
	/* what is on disk is tried once more, and is there after a restart */
	atomic_store(&stopping, true);
	mutex_lock(&flusher_lock);
	while (n_flushers > 0)
		cond_wait(&flusher_ended, &flusher_lock);
	mutex_unlock(&flusher_lock);
	atomic_store(&stopping, false);
}
