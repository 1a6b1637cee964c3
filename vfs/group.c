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
#include "vfs/manifest.h"
#include "vfs/overlay.h"
#include "vfs/registry.h"
#include "vfs/seal.h"

enum { LINGER_MAX_MS = 10, LINGER_PART = 6, SLOW_PUT_US = 4000 };

#define GROUPED_MAX ((size_t)1 << 20)  /* images of one transaction */
#define PENDING_MAX ((size_t)32 << 20) /* images of all that is published and not durable */

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
		free(s);
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
	if (s != NULL)
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

static void finish_locked(struct db *db, struct vfs_ticket *t, enum vfs_rc rc,
			  const struct error *why)
{
	*t->prev = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	db->n_tickets--;
	t->rc = rc;
	if (why != NULL)
		t->error = *why;
	t->done = true;
	if (t->waiting)
		cond_signal(&t->wake);
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

/* Tell those from after `from` up to `to`. */
static unsigned finish_range_locked(struct db *db, uint64_t from, uint64_t to, enum vfs_rc rc,
				    const struct error *why)
{
	unsigned n = 0;

	for (struct vfs_ticket *t = db->tickets, *next; t != NULL; t = next) {
		next = t->next;
		if (t->seq <= from || t->seq > to)
			continue;
		finish_locked(db, t, rc, why);
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

	mutex_lock(&db->lock);
	while (db->pending_bytes > PENDING_MAX && !r->base->lost && db->newest != db->durable) {
		mutex_unlock(&db->lock);
		group_drain(db);
		mutex_lock(&db->lock);
	}
	if (r->base->lost || db->newest != r->base) {
		mutex_unlock(&db->lock);
		rc = commit_lost(db, err);
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
	bool flush = false;
	if (level != VFS_IN_MEMORY) {
		ticket->db = db;
		link_ticket_locked(db, ticket);
	} else {
		db->n_unattended++;
		flush = !db->flushing;
		db->flushing = true;
	}
	/* whoever gathers may have waited for this one */
	if (db->leading)
		cond_broadcast(&db->changed);
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
	if (s != NULL)
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

/* Everything that is published and not durable.  False: no memory; then nothing is pinned. */
static bool gather_locked(struct db *db, struct group *g)
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
			for (size_t i = 0; i < s->n; i++)
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
		image_unref(cache_insert(db->uid, refs[k].object, refs[k].offset, image));
	}
}

void group_overtaken_locked(struct db *db)
{
	struct error why = ERROR_INIT;
	uint64_t from;

	assert(mutex_held(&db->lock));
	if (db->newest == db->durable)
		return;
	from = db->appending_seq != 0 ? db->appending_seq : db->durable->seq;
	(void)commit_lost(db, &why);
	db_rewind_locked(db);
	db->stats.lost += finish_range_locked(db, from, UINT64_MAX, VFS_LOST, &why);
	tell_unattended_locked(db, &why);
	cond_broadcast(&db->changed);
}

/* The append failed: nothing that is not durable stays. */
static void fail_locked(struct db *db, const struct group *g, enum vfs_rc rc,
			const struct error *why)
{
	struct error later = ERROR_INIT;
	enum vfs_rc later_rc = VFS_BUSY;
	unsigned n;

	if (!g->last->lost) {
		uint64_t newest = db->newest->seq;

		db_rewind_locked(db);
		/* what was published behind the group was never sent */
		if (rc == VFS_LOST) {
			later_rc = commit_lost(db, &later);
		} else {
			error_set(&later, "could not commit to database \"%s\": a commit before it failed",
				  db->name);
			error_detail(&later, "%s", why->text);
		}
		db->stats.failed += finish_range_locked(db, g->last->seq, newest, later_rc, &later);
	}
	n = finish_range_locked(db, 0, g->last->seq, rc, why);
	commit_count_locked(db, n, rc);
	tell_unattended_locked(db, why);
}

/* Gather and append once.  The caller leads; the lock is let go of meanwhile. */
static void append_locked(struct db *db)
{
	struct buf body = BUF_INIT(COMMIT_MAX);
	struct error err = ERROR_INIT;
	struct page_ref *refs = NULL;
	struct sealed s = { 0 };
	struct group g;
	enum vfs_rc rc;
	size_t len = 0;

	assert(mutex_held(&db->lock) && db->leading && db->newest != db->durable);
	if (!gather_locked(db, &g)) {
		uint64_t from = db->durable->seq;

		error_no_memory(&err);
		db_rewind_locked(db);
		db->stats.failed += finish_range_locked(db, from, UINT64_MAX, VFS_IO, &err);
		return;
	}
	struct commit_head head = {
		.kind = COMMIT_NORMAL,
		.page_size = g.last->page_size,
		.page_count = g.last->page_count,
	};
	db->appending_seq = g.last->seq;
	mutex_unlock(&db->lock);

	int64_t began_us = boot_us();
	rc = commit_check_head(db, g.base, &err);
	if (rc == VFS_OK) {
		commit_begin(g.base, &head);
		memcpy(head.header, g.last->header, PAGE_HEADER_LEN);
		rc = seal_pages(db, g.base, g.staged, g.n, head.page_size, head.db_id, &s, &err);
	}
	if (rc == VFS_OK && s.n_objects > 0)
		rc = commit_check_head(db, g.base, &err);
	if (rc == VFS_OK) {
		refs = malloc((s.n + 1) * sizeof(refs[0]));
		if (refs == NULL) {
			error_no_memory(&err);
			rc = VFS_IO;
		} else if (!commit_build(&head, &s, &body, &err)) {
			rc = VFS_INVALID;
		} else if (!commit_refs(db, &head, &s, refs)) {
			error_no_memory(&err);
			rc = VFS_IO;
		}
	}
	bool sent = rc == VFS_OK;
	if (sent) {
		len = body.len;
		began_us = boot_us();
		rc = commit_create(db, &head, &body, vfs_settings.commit_timeout_ms, &err);
	}
	int64_t took_us = boot_us() - began_us;
	if (rc == VFS_OK)
		cache_group(db, &g, &s, refs);
	if (sent)
		commit_told(db, &head, s.n, len, rc, began_us, &err);

	mutex_lock(&db->lock);
	db->appending_seq = 0;
	db->put_us = took_us;
	if (sent)
		commit_done_locked(db, &head, &body, rc, began_us);
	if (rc == VFS_OK) {
		/* who took over from a manifest meanwhile has it too: see check_late() */
		if (!g.last->lost) {
			settle_locked(db, &g, &s, refs);
			assert(g.last->lsn == head.lsn);
			g.last->time_us = head.time_us;
			memcpy(g.last->nonce, head.nonce, ID_LEN);
			memcpy(g.last->hash, head.hash, HASH_LEN);
			db_durable_locked(db, g.last);
			db->pending_bytes = 0;
			if (g.last == db->newest)
				db->n_unattended = 0;
			for (const struct version *v = g.last->newer; v != NULL; v = v->newer)
				for (const struct staged *t = v->staged; t != NULL; t = t->next)
					db->pending_bytes += t->bytes;
		}
		db->last_group = finish_range_locked(db, 0, g.last->seq, VFS_OK, NULL);
		commit_count_locked(db, db->last_group, VFS_OK);
	} else {
		fail_locked(db, &g, rc, &err);
	}
	mutex_unlock(&db->lock);
	if (rc == VFS_OK)
		manifest_want(db, g.last, s.n);
	group_deinit(db, &g);
	sealed_free(&s);
	free(refs);
	buf_free(&body);
	mutex_lock(&db->lock);
}

/*
 * Those who were told a moment ago come back with their next commits: to wait
 * a little for as many as the last time is worth it when a request takes long.
 */
static void linger_locked(struct db *db)
{
	if (db->put_us < SLOW_PUT_US || db->last_group < 2)
		return;
	int64_t linger_ms = db->put_us / 1000 / LINGER_PART + 1;
	int64_t until_ms = mono_ms() + (linger_ms < LINGER_MAX_MS ? linger_ms : LINGER_MAX_MS);
	while (db->n_tickets < db->last_group && ms_until(until_ms) > 0)
		(void)cond_wait_until(&db->changed, &db->lock, until_ms);
}

/* Be the leader once; then somebody else who waits becomes it. */
static void lead_locked(struct db *db)
{
	assert(!db->leading);
	db->leading = true;
	linger_locked(db);
	if (db->newest != db->durable)
		append_locked(db);
	db->leading = false;
	for (struct vfs_ticket *t = db->tickets; t != NULL; t = t->next)
		if (t->waiting) {
			cond_signal(&t->wake);
			break;
		}
	cond_broadcast(&db->changed);
}

enum vfs_rc group_wait(struct vfs_ticket *t, struct error *err)
{
	struct db *db = t->db;

	if (db == NULL)
		return VFS_OK;
	cond_init(&t->wake);
	mutex_lock(&db->lock);
	t->waiting = true;
	while (!t->done) {
		if (db->leading)
			cond_wait(&t->wake, &db->lock);
		else
			lead_locked(db);
	}
	mutex_unlock(&db->lock);
	cond_deinit(&t->wake);
	enum vfs_rc rc = t->rc;
	if (rc != VFS_OK && err != NULL)
		*err = t->error;
	t->db = NULL;
	registry_put(db);
	return rc;
}

enum vfs_rc group_wait_version(struct db *db, const struct version *v, struct error *err)
{
	mutex_lock(&db->lock);
	while (!v->lost && db->durable->seq < v->seq) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db);
	}
	bool lost = v->lost;
	mutex_unlock(&db->lock);
	return lost ? commit_lost(db, err) : VFS_OK;
}

void group_drain(struct db *db)
{
	mutex_lock(&db->lock);
	while (db->leading || db->newest != db->durable) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db);
	}
	mutex_unlock(&db->lock);
}

/* ---- what nobody waits for ---- */

static struct mutex flusher_lock = MUTEX_INIT;
static struct cond flusher_ended = { .os = PTHREAD_COND_INITIALIZER };
static unsigned n_flushers; /* guarded by flusher_lock */

static void *flush(void *arg)
{
	struct db *db = arg;

	mutex_lock(&db->lock);
	while (db->newest != db->durable) {
		if (db->leading)
			cond_wait(&db->changed, &db->lock);
		else
			lead_locked(db);
	}
	db->flushing = false;
	mutex_unlock(&db->lock);
	registry_put(db);
	mutex_lock(&flusher_lock);
	n_flushers--;
	cond_broadcast(&flusher_ended);
	mutex_unlock(&flusher_lock);
	return NULL;
}

static void start_flusher(struct db *db)
{
	pthread_t thread;

	mutex_lock(&flusher_lock);
	n_flushers++;
	mutex_unlock(&flusher_lock);
	registry_ref(db);
	if (thread_start(&thread, "pgblob-flush", 0, flush, db, NULL)) {
		pthread_detach(thread);
		return;
	}
	/* the next commit takes it along */
	mutex_lock(&db->lock);
	db->flushing = false;
	mutex_unlock(&db->lock);
	registry_put(db);
	mutex_lock(&flusher_lock);
	n_flushers--;
	mutex_unlock(&flusher_lock);
}

void group_stop(void)
{
	mutex_lock(&flusher_lock);
	while (n_flushers > 0)
		cond_wait(&flusher_ended, &flusher_lock);
	mutex_unlock(&flusher_lock);
}
