/*
 * redo_recover.c - what a process that was killed, or a loss of power, has left in the redo files
 * Licence: MIT, see LICENSE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "blob/key.h"
#include "blob/local_file.h"
#include "blob/redo.h"

/* Bytes of the first file that are locked. */
enum { LOCK_OWNER = 0, LOCK_LOOK = 1 };

static int lock(int fd, off_t byte, bool wait)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int rc;

	do
		rc = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
	while (rc != 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno;
}

static void unlock(int fd, off_t byte)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	(void)fcntl(fd, F_OFD_SETLK, &l);
}

/* For who may not lock. */
static bool somebody_has(int fd, off_t byte)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

int redo_sync_all(int root_fd, const struct redo_file *f)
{
	/* some file systems flush the disk's cache before they write the last blocks: once more behind them */
	return syncfs(root_fd) == 0 ? redo_file_touch(f) : errno;
}

/* ---- one object ---- */

/* A file `name` in the root with the bytes of a record; its sticky bit says that the record has them. */
static int write_draft(int root_fd, const char *name, const struct redo_record *r)
{
	int fd = openat(root_fd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0444);

	if (fd < 0)
		return errno;
	int failed = local_write_all(fd, r->body, r->body_len, 0);
	if (failed == 0 && fchmod(fd, LOCAL_REDO_MODE) != 0)
		failed = errno;
	close(fd);
	return failed;
}

static int put_object(int root_fd, const struct local_path *path, const struct redo_record *r,
		      bool replace)
{
	const char *name = local_name_of(path);
	char draft[LOCAL_TMP_MAX];

	local_tmp_name(draft);
	int failed = write_draft(root_fd, draft, r);
	int folder_fd = failed == 0 ? local_open_parent(root_fd, path) : -failed;
	if (folder_fd < 0)
		failed = -folder_fd;
	else if ((replace ? renameat(root_fd, draft, folder_fd, name) :
			    linkat(root_fd, draft, folder_fd, name, 0)) != 0)
		failed = errno == EEXIST ? 0 : errno; /* then somebody has made it by himself meanwhile */
	if (folder_fd >= 0)
		close(folder_fd);
	(void)unlinkat(root_fd, draft, 0);
	return failed;
}

static bool has_bytes(int fd, const struct redo_record *r)
{
	char *bytes = malloc(r->body_len + 1);
	size_t len;
	bool same = bytes != NULL && local_read_all(fd, bytes, r->body_len, 0, &len) == 0 &&
		    len == r->body_len && memcmp(bytes, r->body, len) == 0;

	free(bytes);
	return same;
}

/* No object can have that name here: its create failed too. */
static bool cannot_be(int errnum)
{
	return errnum == ENOTDIR || errnum == EISDIR || errnum == ELOOP;
}

/* *mended: it was not what it has to be. */
static int recover_object(int root_fd, const struct redo_record *r, bool *mended)
{
	char key[KEY_MAX + 1];
	struct local_path path;
	struct stat st;

	if (r->key_len > KEY_MAX)
		return 0;
	memcpy(key, r->key, r->key_len);
	key[r->key_len] = '\0';
	if (!key_is_good(key) || local_path_of(&path, key) != 0)
		return 0;
	int failed;
	int fd = local_open(root_fd, path.text, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd == -ENOENT) {
		*mended = true;
		failed = put_object(root_fd, &path, r, false);
		return cannot_be(failed) ? 0 : failed;
	}
	if (fd < 0)
		return cannot_be(-fd) ? 0 : -fd;
	failed = fstat(fd, &st) == 0 ? 0 : errno;
	bool stays = failed == 0 && (!S_ISREG(st.st_mode) || !local_is_redone(&st) ||
				     ((uint64_t)st.st_size == r->body_len && has_bytes(fd, r)));
	close(fd);
	if (failed != 0 || stays)
		return failed;
	*mended = true;
	return put_object(root_fd, &path, r, true);
}

/* ---- all of them ---- */

struct entry {
	struct redo_record record;
	size_t order;
};

struct entries {
	struct entry *all;
	size_t n, cap;
};

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	size_t least = x->record.key_len < y->record.key_len ? x->record.key_len : y->record.key_len;
	int c = memcmp(x->record.key, y->record.key, least);

	if (c != 0)
		return c;
	if (x->record.key_len != y->record.key_len)
		return x->record.key_len < y->record.key_len ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int collect(const struct buf *bytes, uint64_t generation, struct entries *e)
{
	struct redo_record record;

	for (size_t at = 0; redo_next(bytes, generation, &at, &record);) {
		if (e->n == e->cap) {
			size_t cap = e->cap == 0 ? 256 : e->cap * 2;
			struct entry *grown = realloc(e->all, cap * sizeof(*grown));

			if (grown == NULL)
				return ENOMEM;
			e->all = grown;
			e->cap = cap;
		}
		e->all[e->n] = (struct entry){ record, e->n };
		e->n++;
	}
	return 0;
}

static bool same_key(const struct entry *a, const struct entry *b)
{
	return a->record.key_len == b->record.key_len &&
	       memcmp(a->record.key, b->record.key, a->record.key_len) == 0;
}

static int recover_entries(int root_fd, struct entries *e)
{
	size_t n_mended = 0;

	if (e->n > 0)
		qsort(e->all, e->n, sizeof(e->all[0]), compare_entries);
	for (size_t i = 0; i < e->n; i++) {
		bool mended = false;

		if ((i + 1 < e->n && same_key(&e->all[i], &e->all[i + 1])) ||
		    e->all[i].record.kind == REDO_VOID)
			continue;
		int failed = recover_object(root_fd, &e->all[i].record, &mended);
		if (failed != 0)
			return failed;
		n_mended += mended;
	}
	if (n_mended > 0)
		log_info(NULL, "local folder: %zu objects were completed that the last process here left unfinished",
			 n_mended);
	return 0;
}

/* Empty both.  The older one first: a key's last record must not go before the others do. */
static int begin_both(struct redo_file files[REDO_FILES])
{
	unsigned first = files[0].generation > files[1].generation;
	uint64_t generation = files[!first].generation;
	int failed = 0;

	for (unsigned i = 0; failed == 0 && i < REDO_FILES; i++)
		if (files[i ^ first].fd >= 0)
			failed = redo_file_begin(&files[i ^ first], generation + 1 + i);
	return failed;
}

/* The files are open for writing and locked.  Leaves them empty. */
static int recover(int root_fd, struct redo_file files[REDO_FILES])
{
	struct buf bytes[REDO_FILES] = { BUF_INIT(REDO_FILE_MAX), BUF_INIT(REDO_FILE_MAX) };
	struct entries entries = { 0 };
	unsigned first = files[0].generation > files[1].generation;
	int failed = 0;

	for (unsigned i = 0; failed == 0 && i < REDO_FILES; i++) {
		unsigned n = i ^ first;

		if (files[n].generation == 0)
			continue;
		failed = redo_file_read(&files[n], &bytes[n]);
		if (failed == 0)
			failed = collect(&bytes[n], files[n].generation, &entries);
	}
	if (failed == 0)
		failed = recover_entries(root_fd, &entries);
	if (failed == 0)
		failed = redo_sync_all(root_fd, &files[0]);
	if (failed == 0)
		failed = begin_both(files);
	free(entries.all);
	for (unsigned i = 0; i < REDO_FILES; i++)
		buf_free(&bytes[i]);
	return failed;
}

static void close_files(struct redo_file files[REDO_FILES])
{
	for (unsigned i = 0; i < REDO_FILES; i++)
		redo_file_close(&files[i]);
}

/* The second file; with the first one locked.  *live: one of them has a record. */
static int look(int root_fd, struct redo_file files[REDO_FILES], int flags, bool *live)
{
	bool has[REDO_FILES] = { false };
	int failed = redo_file_open(&files[1], root_fd, 1, flags);

	if (failed == ENOENT)
		failed = 0; /* killed between the two: nothing is in the first one yet */
	for (unsigned i = 0; failed == 0 && i < REDO_FILES; i++)
		if (files[i].fd >= 0)
			failed = redo_file_look(&files[i], &has[i]);
	*live = has[0] || has[1];
	return failed;
}

static int told(int failed, struct error *err)
{
	if (failed != 0 && failed != EAGAIN)
		error_set_errno(err, failed, "could not recover the folder from its redo files \".pgblob-redo-*\"");
	return failed;
}

/* A folder that its user may only read. */
static int look_only(int root_fd, struct error *err)
{
	struct redo_file files[REDO_FILES] = { { .fd = -1 }, { .fd = -1 } };
	bool live = false;
	int failed = redo_file_open(&files[0], root_fd, 0, O_RDONLY);

	if (failed == 0)
		failed = look(root_fd, files, O_RDONLY, &live);
	if (failed == 0 && live && !somebody_has(files[0].fd, LOCK_OWNER)) {
		error_set(err, "the folder has to be recovered: its last process was killed, or the power was lost");
		error_hint(err, "Open it once as a user who may write to it.");
		failed = EROFS;
	} else if (failed == ENOENT) {
		failed = 0;
	} else {
		(void)told(failed, err);
	}
	close_files(files);
	return failed;
}

int redo_recover(int root_fd, struct error *err)
{
	struct redo_file files[REDO_FILES] = { { .fd = -1 }, { .fd = -1 } };
	bool live = false;
	int failed = redo_file_open(&files[0], root_fd, 0, O_RDWR);

	if (failed == ENOENT)
		return 0;
	if (failed == EACCES || failed == EROFS || failed == EPERM)
		return look_only(root_fd, err);
	if (failed == 0)
		failed = lock(files[0].fd, LOCK_LOOK, true);
	if (failed == 0)
		failed = lock(files[0].fd, LOCK_OWNER, false);
	if (failed == 0)
		failed = look(root_fd, files, O_RDWR, &live);
	if (failed == 0 && live)
		failed = recover(root_fd, files);
	close_files(files); /* and the locks go */
	if (failed == EAGAIN)
		return 0; /* its owner lives, so nothing is left over */
	return told(failed, err);
}

int redo_take(int root_fd, struct redo_file files[REDO_FILES], struct error *err)
{
	bool live = false;
	int failed = redo_file_open(&files[0], root_fd, 0, O_RDWR | O_CREAT);

	files[1].fd = -1;
	if (failed == 0)
		failed = lock(files[0].fd, LOCK_LOOK, true);
	if (failed == 0)
		failed = lock(files[0].fd, LOCK_OWNER, false);
	if (failed == 0)
		failed = look(root_fd, files, O_RDWR | O_CREAT, &live);
	if (failed == 0 && live)
		failed = recover(root_fd, files);
	/* whole before the first record, and there after a loss of power */
	for (unsigned i = 0; failed == 0 && i < REDO_FILES; i++)
		failed = redo_file_allocate(&files[i], REDO_FILE_MIN);
	if (failed == 0 && fsync(root_fd) != 0)
		failed = errno;
	if (failed == 0)
		failed = begin_both(files);
	if (failed != 0) {
		close_files(files);
		return told(failed, err);
	}
	unlock(files[0].fd, LOCK_LOOK);
	return 0;
}
