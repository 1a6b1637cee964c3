/*
 * local_create.c - create an object of a local folder: exclusive, whole, and durable
 *
 * INVARIANTS
 *   (1) A name, once seen, stands for all the bytes: they are in the file before it
 *       gets its name; after a loss of power too, because they were flushed before,
 *       in the file itself or in a redo file, from which they are recovered.
 *   (2) Nobody believes a name that is not durable: it is marked writable, and
 *       who sees the mark flushes the file first (local_make_durable()).
 *   (3) After a failed flush the outcome is unknown: a reader may have flushed
 *       it, and have believed it, so it is not taken away.
 * Licence: MIT, see LICENSE.
 */
#include "blob/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "blob/local_file.h"

/* ---- a file that will be an object ---- */

/* tmp is "" while it has no name. */
struct draft {
	int fd;
	char tmp[LOCAL_TMP_MAX];
};

static int draft_open(struct local_store *store, struct draft *d)
{
	d->tmp[0] = '\0';
	if (!atomic_load_explicit(&store->no_tmpfile, memory_order_relaxed)) {
		d->fd = openat(store->root_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
		if (d->fd >= 0)
			return local_mark_new(d->fd);
		if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
			return errno;
		atomic_store_explicit(&store->no_tmpfile, true, memory_order_relaxed);
	}
	local_tmp_name(d->tmp);
	d->fd = openat(store->root_fd, d->tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666);
	return d->fd >= 0 ? local_mark_new(d->fd) : errno;
}

static void draft_close(struct local_store *store, struct draft *d)
{
	if (d->fd < 0)
		return;
	close(d->fd);
	if (d->tmp[0] != '\0')
		(void)unlinkat(store->root_fd, d->tmp, 0);
	d->fd = -1;
}

/* What is there already: EEXIST for an object, what to say for what cannot be one, 0 for nothing. */
static int taken_by(int folder_fd, const char *name)
{
	struct stat st;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : errno;
	return S_ISREG(st.st_mode) ? EEXIST : S_ISDIR(st.st_mode) ? EISDIR : ELOOP;
}

/* Give the draft a name in a folder: 0, EEXIST, or another errno. */
static int link_in(struct local_store *store, const struct draft *d, int folder_fd, const char *name)
{
	char self[40];
	int rc;

	if (d->tmp[0] != '\0') {
		rc = linkat(store->root_fd, d->tmp, folder_fd, name, 0);
	} else {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", d->fd);
		rc = linkat(AT_FDCWD, self, folder_fd, name, AT_SYMLINK_FOLLOW);
	}
	if (rc == 0)
		return 0;
	int failed = errno;
	/* a name that no object can have is not a lost race */
	int by = failed == EEXIST ? taken_by(folder_fd, name) : 0;
	return by == EISDIR || by == ELOOP ? by : failed;
}

/* The same, in a folder that is made if need be. */
static int draft_link(struct local_store *store, const struct draft *d, const struct local_path *path)
{
	for (int tries = 0;; tries++) {
		int folder_fd = local_open_parent(store->root_fd, path);
		int failed = folder_fd < 0 ? -folder_fd :
					     link_in(store, d, folder_fd, local_name_of(path));

		if (folder_fd >= 0)
			close(folder_fd);
		/* somebody removes the empty folder at this moment */
		if (failed == ENOENT && tries < 100)
			continue;
		return failed;
	}
}

/* ---- the two ways ---- */

enum outcome {
	CREATED,
	NOT_CREATED, /* why it was not is an errno; EEXIST: the name is taken */
	IN_DOUBT,
	OTHER_WAY,         /* nothing happened: it has to be created by itself */
	OTHER_WAY_DOUBTED, /* the same, but if that fails too nobody knows */
};

/* By itself: flushed before it has its name, and after. */
static enum outcome create_flushed(struct local_store *store, const struct local_path *path,
				   const struct buf *body, struct stat *st, int *failed)
{
	struct draft draft = { .fd = -1 };
	enum outcome outcome = NOT_CREATED;

	*failed = draft_open(store, &draft);
	if (*failed == 0)
		*failed = local_write_all(draft.fd, body->data, body->len, 0);
	if (*failed == 0 && fdatasync(draft.fd) != 0)
		*failed = errno;
	if (*failed == 0)
		*failed = draft_link(store, &draft, path);
	if (*failed == 0) {
		/* from here on others see it */
		outcome = IN_DOUBT;
		if (fsync(draft.fd) != 0)
			*failed = errno;
		if (*failed == 0)
			*failed = local_flush_folders(store->root_fd, path->text, path->parent_len);
		if (*failed == 0 && fstat(draft.fd, st) != 0)
			*failed = errno;
		if (*failed == 0) {
			(void)fchmod(draft.fd, st->st_mode & 0555);
			outcome = CREATED;
		}
	}
	draft_close(store, &draft);
	return outcome;
}

/* A nameless file that has everything but a name and durability. */
static int draft_by_redo(struct local_store *store, struct draft *d, const struct buf *body,
			 struct stat *st)
{
	d->tmp[0] = '\0';
	d->fd = spare_pool_take(&store->spares);
	if (d->fd < 0)
		return -d->fd;
	int failed = local_write_all(d->fd, body->data, body->len, 0);
	return failed != 0 ? failed : fstat(d->fd, st) == 0 ? 0 : errno;
}

/* The name is there only if nobody is told that it is not. */
static enum outcome record_and_link(struct local_store *store, struct redo_ticket *t,
				    const struct draft *d, int folder_fd, const char *name,
				    const struct buf *body, int *failed)
{
	*failed = taken_by(folder_fd, name);
	if (*failed != 0)
		return NOT_CREATED;
	int unrecorded = redo_append(&store->redo, t, body);
	if (unrecorded != 0)
		return unrecorded == EAGAIN ? OTHER_WAY : OTHER_WAY_DOUBTED;
	*failed = link_in(store, d, folder_fd, name);
	if (*failed == 0)
		return CREATED;
	if (redo_void(&store->redo, t) != 0)
		return IN_DOUBT;
	/* the folder was removed meanwhile */
	return *failed == ENOENT ? OTHER_WAY : NOT_CREATED;
}

static enum outcome create_by_redo(struct local_store *store, const char *key,
				   const struct local_path *path, const struct buf *body,
				   struct stat *st, int *failed)
{
	struct redo_ticket ticket = { .key = key };
	struct draft draft = { .fd = -1 };
	enum outcome outcome = OTHER_WAY;

	if (!store->takes_redo || body->len > REDO_BODY_MAX ||
	    atomic_load_explicit(&store->no_tmpfile, memory_order_relaxed) ||
	    !redo_enter(&store->redo, &ticket))
		return OTHER_WAY;
	/* what is wrong with file or folder is for the other way to say */
	int folder_fd = local_open_parent(store->root_fd, path);
	if (folder_fd >= 0 && draft_by_redo(store, &draft, body, st) == 0)
		outcome = record_and_link(store, &ticket, &draft, folder_fd, local_name_of(path), body,
					  failed);
	redo_leave(&store->redo, &ticket);
	if (folder_fd >= 0)
		close(folder_fd);
	draft_close(store, &draft);
	return outcome;
}

enum blob_rc local_create(struct blob_store *base, int64_t deadline_ms,
			  const char *key, const struct buf *body,
			  struct etag *out, struct error *err)
{
	struct local_store *store = CONTAINER_OF(base, struct local_store, base);
	enum outcome outcome = NOT_CREATED;
	struct local_path path;
	struct blob_info info;
	struct stat st;

	(void)deadline_ms;
	blob_count(&base->stats.creates);
	int failed = local_path_of(&path, key);
	if (failed == 0) {
		outcome = create_by_redo(store, key, &path, body, &st, &failed);
		if (outcome == OTHER_WAY || outcome == OTHER_WAY_DOUBTED) {
			bool doubted = outcome == OTHER_WAY_DOUBTED;

			outcome = create_flushed(store, &path, body, &st, &failed);
			if (doubted && outcome == NOT_CREATED)
				outcome = IN_DOUBT;
		}
	}
	switch (outcome) {
	case CREATED:
		local_info_of(&st, &info);
		*out = info.etag;
		return BLOB_OK;
	case IN_DOUBT:
		error_set_errno(err, failed, "could not flush object \"%s\"", key);
		return BLOB_UNKNOWN;
	default:
		if (failed == EEXIST) {
			error_set(err, "object \"%s\" exists", key);
			return BLOB_EXISTS;
		}
		error_set_errno(err, failed, "could not write object \"%s\"", key);
		if (failed == ENOTDIR || failed == EISDIR)
			error_detail(err, "In a local folder, an object cannot also be the folder of others.");
		return local_rc_of(failed);
	}
}
