/*
 * local.c - commits that are durable on this machine before they are in the store
 *
 * FORMAT   README.md, "Local journal".
 * INVARIANTS
 *   (1) The first record of a generation has every page that is published and not durable, and
 *       the slot that is being created then, if there is one.
 *   (2) While the journal has records no slot is created that it does not name.
 *   (3) What was acknowledged from it is in the store, or in a file that was set aside.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/local.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfs/local_format.h"
#include "vfs/local_log.h"
#include "vfs/overlay.h"
#include "vfs/registry.h"
#include "vfs/seal.h"

enum { ATTEMPTS_MAX = 1 << 18, REPLAY_TRIES = 8 };

#define GENERATION_MAX ((size_t)16 << 20) /* bytes; then a new one is begun */

struct local {
	struct mutex lock;
	struct local_log *log; /* NULL: there is none; never tried again */
	bool in_use;           /* because another process has it */
	struct error why;      /* says why not */
	struct attempt current; /* the latest, unless its slot is not going to be there */
	bool has_records;      /* of versions that may not be in the store */
	bool held;             /* what could not be set aside: a restart tries again, nothing is written before */
	bool begins;           /* a generation, with the next record of pages */
	uint64_t last_seq;     /* of its last record of pages */
};

/* ---- opening ---- */

/* Encoded names have no dot: no two databases share a journal, nor do two stores. */
static bool journal_name(const struct db *db, char out[256])
{
	const char *store = blob_name(db->store);

	return (size_t)snprintf(out, 256, "%s.%016" PRIx64, db->folder,
				XXH3_64bits(store, strlen(store))) < 230;
}

/* NULL: no memory. */
static struct local *open_local(const struct db *db)
{
	struct local *l = calloc(1, sizeof(*l));
	char name[256];

	if (l == NULL)
		return NULL;
	mutex_init(&l->lock);
	if (!journal_name(db, name))
		error_set(&l->why, "the name of database \"%s\" is too long for a local journal",
			  db->name);
	else
		l->log = local_log_open(journal_folder(), name, &l->in_use, &l->why);
	return l;
}

static struct local *local_of(struct db *db)
{
	return atomic_load_explicit(&db->local, memory_order_acquire);
}

bool local_usable(struct db *db)
{
	struct local *l;

	if (journal_folder() == NULL)
		return false;
	l = local_of(db);
	if (l != NULL)
		return l->log != NULL;
	/* two who opened one journal at once would find it in use by the other */
	mutex_lock(&db->local_opening);
	l = local_of(db);
	if (l == NULL && (l = open_local(db)) != NULL) {
		if (l->log == NULL)
			log_warn(NULL, "commits to database \"%s\" with synchronous_commit = local wait for the store: %s",
				 db->name, l->why.text);
		atomic_store_explicit(&db->local, l, memory_order_release);
	}
	mutex_unlock(&db->local_opening);
	return l != NULL && l->log != NULL;
}

void local_close(struct db *db)
{
	struct local *l = db->local;

	if (l == NULL)
		return;
	if (l->log != NULL && !l->has_records && !l->held)
		local_log_clear(l->log);
	local_log_close(l->log);
	mutex_deinit(&l->lock);
	free(l);
	db->local = NULL;
}

/* ---- writing ---- */

bool local_begins(struct db *db)
{
	struct local *l = local_of(db);

	mutex_lock(&l->lock);
	l->begins = !l->has_records || local_log_size(l->log) > GENERATION_MAX;
	bool begins = l->begins;
	mutex_unlock(&l->lock);
	return begins;
}

bool local_write(struct db *db, const struct local_pages *p, struct error *err)
{
	struct local *l = local_of(db);
	struct buf index = BUF_INIT(LOCAL_RECORD_MAX);
	struct buf pages = BUF_INIT(LOCAL_RECORD_MAX);
	bool good;

	struct local_head head = {
		.base_lsn = p->base->lsn,
		.page_size = p->last->page_size,
		.page_count = p->last->page_count,
		.n = (uint32_t)p->n,
		.n_commits = p->n_commits,
	};
	memcpy(head.base_hash, p->base->hash, HASH_LEN);
	memcpy(head.db_id, p->base->db_id, ID_LEN);
	memcpy(head.header, p->last->header, PAGE_HEADER_LEN);
	mutex_lock(&l->lock);
	/* a slot that the pages stand on, or one before it, tells nothing */
	if (l->current.lsn > p->base->lsn)
		head.current = l->current;
	good = !l->held && local_put_pages(&head, p->pages, &index, &pages);
	if (l->held) {
		error_set(err, "the local journal of database \"%s\" holds commits that could not be set aside",
			  db->name);
	} else if (!good) {
		error_no_memory(err);
	} else {
		struct iovec parts[] = { { index.data, index.len }, { pages.data, pages.len } };

		good = local_log_append(l->log, l->begins, LOCAL_PAGES, p->seq, parts, 2, true,
					err);
	}
	if (good) {
		l->has_records = true;
		l->last_seq = p->seq;
	}
	mutex_unlock(&l->lock);
	buf_free(&index);
	buf_free(&pages);
	return good;
}

bool local_attempt(struct db *db, uint64_t lsn, const uint8_t nonce[ID_LEN], uint64_t seq,
		   struct error *err)
{
	struct local *l = local_of(db);
	uint8_t bytes[ATTEMPT_LEN];
	bool good = true;

	if (l == NULL || l->log == NULL)
		return true;
	mutex_lock(&l->lock);
	l->current = (struct attempt){ .lsn = lsn, .seq = seq };
	memcpy(l->current.nonce, nonce, ID_LEN);
	if (l->has_records) {
		attempt_put(bytes, &l->current);
		good = local_log_append(l->log, false, LOCAL_ATTEMPT, seq,
					&(struct iovec){ bytes, sizeof(bytes) }, 1, true, err);
	}
	mutex_unlock(&l->lock);
	return good;
}

void local_attempt_ended(struct db *db, uint64_t lsn, uint64_t seq, bool applied)
{
	struct local *l = local_of(db);
	struct error err = ERROR_INIT;
	uint8_t bytes[ATTEMPT_LEN];

	if (l == NULL || l->log == NULL)
		return;
	mutex_lock(&l->lock);
	if (applied && l->has_records) {
		/* not flushed: it only saves a restart from asking the store */
		attempt_put(bytes, &l->current);
		if (l->current.lsn == lsn &&
		    !local_log_append(l->log, false, LOCAL_APPLIED, seq,
				      &(struct iovec){ bytes, sizeof(bytes) }, 1, false, &err))
			log_warn(NULL, "%s", err.text);
		if (seq >= l->last_seq)
			l->has_records = false;
	}
	/* if it is there, a record that was gathered meanwhile stands on the slot before it, and tells of it */
	if (!applied)
		l->current.lsn = 0;
	mutex_unlock(&l->lock);
}

/*
 * The journal is emptied last: who dies before that has it all after the restart.  False: it could
 * not be kept elsewhere, and stays where it is.
 */
static bool set_aside(const struct db *db, struct local_log *log, const char *why,
		      struct error *err)
{
	char path[4096];

	if (!local_log_keep(log, path, sizeof(path), err)) {
		log_error(NULL, "commits to database \"%s\" that were acknowledged with synchronous_commit = local cannot be applied: %s; %s",
			  db->name, why, err->text);
		return false;
	}
	log_error(NULL, "commits to database \"%s\" that were acknowledged with synchronous_commit = local cannot be applied: %s; they are kept in \"%s\"",
		  db->name, why, path);
	local_log_clear(log);
	return true;
}

void local_set_aside(struct db *db, const char *why)
{
	struct local *l = db->local;
	struct error err = ERROR_INIT;

	if (l == NULL || l->log == NULL)
		return;
	mutex_lock(&l->lock);
	if (l->has_records && !set_aside(db, l->log, why, &err))
		l->held = true;
	l->has_records = false;
	mutex_unlock(&l->lock);
}

void local_discard(struct db *db)
{
	struct local *l = db->local;

	mutex_lock(&l->lock);
	if (!l->held)
		local_log_clear(l->log);
	l->has_records = false;
	mutex_unlock(&l->lock);
}

/* ---- after a restart ---- */

/* What a journal tells; pages are the newest of each, those that are in the store left out. */
struct left {
	uint64_t base_lsn; /* of the first record */
	uint8_t base_hash[HASH_LEN];
	uint8_t db_id[ID_LEN];
	uint64_t applied_seq, applied_lsn; /* as the journal says */
	struct attempt *attempts;
	size_t n_attempts;
	uint64_t last_seq;
	unsigned n_records;
};

static bool add_attempt(struct left *left, const struct attempt *a, struct error *err)
{
	if (a->lsn == 0)
		return true;
	if (left->n_attempts % 64 == 0) {
		void *more = left->n_attempts >= ATTEMPTS_MAX ?
				     NULL :
				     realloc(left->attempts,
					     (left->n_attempts + 64) * sizeof(left->attempts[0]));

		if (more == NULL)
			return error_no_memory(err);
		left->attempts = more;
	}
	left->attempts[left->n_attempts++] = *a;
	return true;
}

static bool survey_record(const struct local_record *r, struct left *left, struct error *err)
{
	struct local_head head;
	struct attempt a;

	switch (r->kind) {
	case LOCAL_PAGES:
		if (!local_parse_head(r->payload, r->len, &head, err))
			return false;
		if (left->n_records++ == 0) {
			left->base_lsn = head.base_lsn;
			memcpy(left->base_hash, head.base_hash, HASH_LEN);
			memcpy(left->db_id, head.db_id, ID_LEN);
		}
		left->last_seq = r->seq;
		return add_attempt(left, &head.current, err);
	case LOCAL_ATTEMPT:
		return attempt_parse(r->payload, r->len, r->seq, &a, err) &&
		       add_attempt(left, &a, err);
	case LOCAL_APPLIED:
		if (!attempt_parse(r->payload, r->len, r->seq, &a, err))
			return false;
		left->applied_seq = a.seq;
		left->applied_lsn = a.lsn;
		return true;
	}
	return true;
}

/* Everything but the pages. */
static bool survey(const struct buf *bytes, struct left *left, struct error *err)
{
	struct local_record r;
	size_t at = 0;

	while (local_log_next(bytes, &at, &r))
		if (!survey_record(&r, left, err))
			return false;
	return true;
}

static bool stage_page(void *arg, pgno_t pgno, const uint8_t *image, struct error *err)
{
	const struct commit_request *request = arg;

	return overlay_put(request->overlay, pgno, image, err);
}

/* The pages of every record after `applied`; *n_commits is how many commits they were. */
static bool collect(const struct buf *bytes, uint64_t applied, struct commit_request *request,
		    unsigned *n_commits, struct error *err)
{
	struct local_record r;
	struct local_head head;
	size_t at = 0;

	while (local_log_next(bytes, &at, &r)) {
		if (r.kind != LOCAL_PAGES || r.seq <= applied)
			continue;
		if (!local_parse_head(r.payload, r.len, &head, err))
			return false;
		if (head.page_size != request->page_size)
			return error_set(err, "the local journal has another page size");
		if (!local_each_page(r.payload, r.len, stage_page, request, err))
			return false;
		request->page_count = head.page_count;
		memcpy(request->header, head.header, PAGE_HEADER_LEN);
		*n_commits += head.n_commits;
	}
	request->overlay->size = (uint64_t)request->page_count * request->page_size;
	return true;
}

/* What is in the store, by the slots that were named: *seq and *lsn of the last of them. */
static enum vfs_rc find_applied(struct db *db, const struct left *left, uint64_t head_lsn,
				uint64_t *seq, uint64_t *lsn, struct error *err)
{
	*seq = left->applied_seq;
	*lsn = left->applied_lsn;
	for (size_t i = left->n_attempts; i-- > 0;) {
		const struct attempt *a = &left->attempts[i];
		uint8_t nonce[ID_LEN];

		if (a->lsn > head_lsn || a->lsn <= *lsn)
			continue;
		enum vfs_rc rc = commit_nonce(db, a->lsn, nonce, err);
		if (rc == VFS_NOT_FOUND) {
			/* cleaned up: it cannot be told any more */
			error_clear(err);
			continue;
		}
		if (rc != VFS_OK)
			return rc;
		if (memcmp(nonce, a->nonce, ID_LEN) != 0)
			continue;
		*lsn = a->lsn;
		*seq = a->seq > *seq ? a->seq : *seq;
		break;
	}
	return VFS_OK;
}

enum step { DONE, AGAIN, ASIDE };

/* One try to bring what is left behind the head. */
static enum vfs_rc append_left(struct db *db, const struct buf *bytes, const struct left *left,
			       enum step *step, struct error *err)
{
	struct version *head = db_pin_durable(db);
	struct overlay overlay;
	struct commit_request request = {
		.kind = COMMIT_NORMAL,
		.base = head,
		.overlay = &overlay,
		.page_size = head->page_size,
		.timeout_ms = vfs_settings.commit_timeout_ms,
	};
	struct version *made = NULL;
	unsigned n_commits = 0;
	uint64_t seq, lsn;
	enum vfs_rc rc;

	*step = DONE;
	overlay_init(&overlay, head->page_size, 0, (size_t)LOCAL_RECORD_MAX);
	rc = find_applied(db, left, head->lsn, &seq, &lsn, err);
	if (rc != VFS_OK || seq >= left->last_seq)
		goto out;
	bool ours = lsn != 0 ? lsn == head->lsn :
			       left->base_lsn == head->lsn &&
				       memcmp(left->base_hash, head->hash, HASH_LEN) == 0;
	if (!ours || memcmp(left->db_id, head->db_id, ID_LEN) != 0 || !head->exists) {
		*step = ASIDE;
		goto out;
	}
	if (!collect(bytes, seq, &request, &n_commits, err)) {
		*step = ASIDE;
		goto out;
	}
	request.announce_seq = left->last_seq;
	rc = commit_append(db, &request, &made, err);
	if (rc == VFS_LOST) {
		/* maybe against a request that our earlier process had sent */
		error_clear(err);
		*step = AGAIN;
		rc = db_follow(db, boot_us(), err);
	} else if (rc == VFS_OK) {
		log_info(NULL, "database \"%s\": %u commits of the local journal are now in the store, slot %" PRIu64,
			 db->name, n_commits, made->lsn);
		db_unpin(db, made);
	}
out:
	overlay_deinit(&overlay);
	db_unpin(db, head);
	return rc;
}

static enum vfs_rc replay(struct db *db, struct local *l, struct error *err)
{
	struct buf bytes = BUF_INIT((size_t)1 << 30);
	struct left left = { 0 };
	enum vfs_rc rc = VFS_OK;
	enum step step = AGAIN;

	/* until it is known better */
	l->has_records = true;
	if (!local_log_read(l->log, &bytes, err)) {
		rc = VFS_IO;
		goto out;
	}
	if (bytes.len == 0) {
		l->has_records = false;
		goto out;
	}
	if (!survey(&bytes, &left, err))
		step = ASIDE;
	for (int i = 0; rc == VFS_OK && step == AGAIN && i < REPLAY_TRIES; i++)
		rc = append_left(db, &bytes, &left, &step, err);
	if (rc != VFS_OK) {
		error_wrap(err, "could not append what the local journal of database \"%s\" holds",
			   db->name);
		goto out;
	}
	if (step == DONE) {
		local_log_clear(l->log);
	} else {
		struct error why = *err;

		error_clear(err);
		if (!set_aside(db, l->log, why.set ? why.text : "another machine has committed since", err)) {
			rc = VFS_IO;
			goto out;
		}
	}
	l->has_records = false;
out:
	free(left.attempts);
	buf_free(&bytes);
	return rc;
}

static bool has_journal(const struct db *db)
{
	struct stat st;
	char path[4096], name[256];

	for (int i = 0; i < 2; i++)
		if (journal_name(db, name) &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s-%d", journal_folder(),
				     name, i) < sizeof(path) &&
		    stat(path, &st) == 0 && st.st_size > 0)
			return true;
	return false;
}

/* To go on without what it holds would be to lose it. */
static enum vfs_rc not_readable(const struct db *db, const struct local *l, struct error *err)
{
	if (l != NULL)
		*err = l->why;
	else
		error_no_memory(err);
	error_wrap(err, "could not open the local journal of database \"%s\"", db->name);
	error_hint(err, "It may hold commits that were acknowledged with synchronous_commit = local and are not in the store yet.");
	return VFS_IO;
}

enum vfs_rc local_replay(struct db *db, struct error *err)
{
	struct local *l;
	enum vfs_rc rc;

	if (journal_folder() == NULL || !has_journal(db))
		return VFS_OK;
	bool usable = local_usable(db);
	l = local_of(db);
	if (!usable && l != NULL && l->in_use)
		return VFS_OK; /* who has it looks after it */
	rc = usable ? replay(db, l, err) : not_readable(db, l, err);
	if (rc != VFS_OK)
		local_close(db); /* the next opening tries again */
	return rc;
}

/* What the journal of that file, if it is one of this store, holds. */
static void replay_file(struct blob_store *store, const char *file, const char *suffix)
{
	const char *end = strstr(file, suffix);
	struct error err = ERROR_INIT;
	char name[DB_NAME_MAX + 1];
	struct db *db;

	if (end == NULL || !db_name_decode(file, (size_t)(end - file), name))
		return;
	if (registry_get(store, NULL, name, &db, &err) == VFS_OK)
		registry_put(db);
	else
		log_warn(NULL, "%s", err.text);
}

void local_replay_all(struct blob_store *store)
{
	struct dirent **files = NULL;
	char suffix[32];
	int n = journal_folder() != NULL ? scandir(journal_folder(), &files, NULL, alphasort) : 0;

	snprintf(suffix, sizeof(suffix), ".%016" PRIx64 "-",
		 XXH3_64bits(blob_name(store), strlen(blob_name(store))));
	for (int i = 0; i < n; i++) {
		replay_file(store, files[i]->d_name, suffix);
		free(files[i]);
	}
	free(files);
}
