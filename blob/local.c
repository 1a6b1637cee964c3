/*
 * local.c - objects as plain files below a folder
 *
 * What a file's mode says of it is in README.md, "The local folder", and who makes one in
 * local_create.c.
 * Licence: MIT, see LICENSE.
 */
#include "blob/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "blob/local_file.h"

enum { TMP_MAX_AGE_S = 3600 };

static struct local_store *local_of(struct blob_store *store)
{
	return CONTAINER_OF(store, struct local_store, base);
}

enum blob_rc local_rc_of(int errnum)
{
	switch (errnum) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return BLOB_BUSY;
	default:
		return BLOB_FAILED;
	}
}

/* Is there simply nothing of that name? */
static bool is_absent(int errnum)
{
	/* ENAMETOOLONG: nobody could have created it */
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ENAMETOOLONG;
}

void local_info_of(const struct stat *st, struct blob_info *out)
{
	memset(out, 0, sizeof(*out));
	out->size = (uint64_t)st->st_size;
	out->mtime_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
	/* objects are never changed: a file is told by its inode and birth */
	snprintf(out->etag.text, sizeof(out->etag.text), "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
		 (uint64_t)st->st_ino, (uint64_t)st->st_size, (uint64_t)out->mtime_us);
}

static enum blob_rc open_object(struct local_store *store, const char *key,
				int *fd, struct stat *st, struct error *err)
{
	struct local_path path;
	int failed = local_path_of(&path, key);

	if (failed == 0) {
		/* O_NONBLOCK: a FIFO that somebody put there must not stop us */
		*fd = local_open(store->root_fd, path.text, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (*fd >= 0)
			failed = fstat(*fd, st) == 0 ? 0 : errno;
		else
			failed = -*fd;
	} else {
		*fd = -1;
	}
	if (failed == 0 && S_ISDIR(st->st_mode))
		failed = ENOENT;
	if (failed == 0 && !S_ISREG(st->st_mode)) {
		close(*fd);
		error_set(err, "could not open object \"%s\": it is not a plain file", key);
		return BLOB_FAILED;
	}
	if (failed == 0 && !local_is_durable(st))
		failed = local_make_durable(store->root_fd, path.text,
					    path.parent_len, *fd, st);
	if (failed == 0)
		return BLOB_OK;
	if (*fd >= 0)
		close(*fd);
	if (is_absent(failed)) {
		error_set(err, "object \"%s\" does not exist", key);
		return BLOB_NOT_FOUND;
	}
	if (failed == ELOOP)
		error_set(err, "could not open object \"%s\": its path has a symbolic link", key);
	else
		error_set_errno(err, failed, "could not open object \"%s\"", key);
	return local_rc_of(failed);
}

static enum blob_rc local_get(struct blob_store *base, int64_t deadline_ms,
			      const char *key, const struct blob_range *range,
			      struct buf *out, struct blob_info *info,
			      struct error *err)
{
	struct local_store *store = local_of(base);
	struct stat st;
	int fd;

	(void)deadline_ms;
	blob_count(&base->stats.gets);
	enum blob_rc rc = open_object(store, key, &fd, &st, err);
	if (rc != BLOB_OK)
		return rc;
	local_info_of(&st, info);

	uint64_t offset = range != NULL ? range->offset : 0;
	uint64_t left = offset < info->size ? info->size - offset : 0;
	if (range != NULL && left > range->len)
		left = range->len;
	char *to = NULL;
	if (left > 0) {
		to = left <= SIZE_MAX ? buf_extend(out, (size_t)left) : NULL;
		if (to == NULL) {
			error_set(err, "could not read object \"%s\": its %" PRIu64 " bytes do not fit",
				  key, left);
			rc = BLOB_FAILED;
		}
	}
	while (rc == BLOB_OK && left > 0) {
		size_t want = left < 1 << 30 ? (size_t)left : (size_t)1 << 30;
		ssize_t n = pread(fd, to, want, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n < 0)
				error_set_errno(err, errno, "could not read object \"%s\"", key);
			else
				error_set(err, "could not read object \"%s\": it shrank meanwhile", key);
			rc = BLOB_FAILED;
			break;
		}
		to += n;
		offset += (uint64_t)n;
		left -= (uint64_t)n;
	}
	close(fd);
	return rc;
}

static enum blob_rc local_head(struct blob_store *base, int64_t deadline_ms,
			       const char *key, struct blob_info *info,
			       struct error *err)
{
	struct stat st;
	int fd;

	(void)deadline_ms;
	blob_count(&base->stats.heads);
	enum blob_rc rc = open_object(local_of(base), key, &fd, &st, err);
	if (rc != BLOB_OK)
		return rc;
	close(fd);
	local_info_of(&st, info);
	return BLOB_OK;
}

/* Remove the folders of `path` that are empty now, from the last one up. */
static void remove_empty_folders(struct local_store *store, const struct local_path *path)
{
	char folder[LOCAL_PATH_MAX];
	size_t len = path->parent_len;

	memcpy(folder, path->text, len);
	while (len > 0) {
		folder[len] = '\0';
		char *slash = strrchr(folder, '/');
		size_t above = slash != NULL ? (size_t)(slash - folder) : 0;

		char *name = slash != NULL ? slash + 1 : folder;
		if (slash != NULL)
			*slash = '\0';
		int fd = local_open(store->root_fd, slash != NULL ? folder : "",
				    O_PATH | O_DIRECTORY);
		if (fd < 0)
			return;
		int rc = unlinkat(fd, name, AT_REMOVEDIR);
		close(fd);
		if (rc != 0)
			return;
		len = above;
	}
}

static int delete_one(struct local_store *store, const struct local_path *path)
{
	char folder[LOCAL_PATH_MAX];
	const char *name = path->text + path->parent_len + (path->parent_len > 0);

	memcpy(folder, path->text, path->parent_len);
	folder[path->parent_len] = '\0';
	int fd = local_open(store->root_fd, folder, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return -fd;
	int failed = unlinkat(fd, name, 0) == 0 ? 0 : errno;
	close(fd);
	return failed == EISDIR ? ENOENT : failed;
}

static enum blob_rc local_delete_many(struct blob_store *base, int64_t deadline_ms,
				      const char *const *keys, size_t n,
				      struct error *err)
{
	struct local_store *store = local_of(base);
	struct local_path paths[2];
	bool have_before = false;
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms;
	redo_forget(&store->redo, keys, n);
	for (size_t i = 0; i < n; i++) {
		struct local_path *path = &paths[i % 2];
		struct local_path *before = &paths[(i + 1) % 2];

		blob_count(&base->stats.deletes);
		int failed = local_path_of(path, keys[i]);
		if (failed == 0)
			failed = delete_one(store, path);
		if (failed != 0 && !is_absent(failed)) {
			error_set_errno(err, failed, "could not delete object \"%s\"", keys[i]);
			rc = local_rc_of(failed);
		}
		/* once for each run of keys in one folder */
		if (have_before && (failed == ENAMETOOLONG ||
				    before->parent_len != path->parent_len ||
				    memcmp(before->text, path->text, path->parent_len) != 0))
			remove_empty_folders(store, before);
		have_before = failed != ENAMETOOLONG;
		if (have_before && i == n - 1)
			remove_empty_folders(store, path);
	}
	return rc;
}

/* Those of a process that died; only where nameless files do not work. */
static void remove_old_drafts(int root_fd)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct timespec now;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;

		if (strncmp(entry->d_name, LOCAL_TMP_PREFIX, sizeof(LOCAL_TMP_PREFIX) - 1) == 0 &&
		    fstatat(root_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && now.tv_sec - st.st_mtim.tv_sec > TMP_MAX_AGE_S)
			(void)unlinkat(root_fd, entry->d_name, 0);
	}
	closedir(dir);
}

/* mkdir -p, each new folder made durable in the one above it. */
static int make_root(const char *path)
{
	char at[LOCAL_PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(at))
		return ENAMETOOLONG;
	memcpy(at, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (at[i] != '/' && at[i] != '\0')
			continue;
		char kept = at[i];
		at[i] = '\0';
		if (mkdir(at, 0777) == 0) {
			char *slash = strrchr(at, '/');
			const char *above = slash == NULL ? NULL : slash == at ? "/" : at;

			if (slash != NULL && slash != at)
				*slash = '\0';
			int fd = open(above != NULL ? above : ".",
				      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			int rc = fd >= 0 ? fsync(fd) : -1;
			int failed = errno;
			if (fd >= 0)
				close(fd);
			if (slash != NULL && slash != at)
				*slash = '/';
			if (rc != 0)
				return failed;
		} else if (errno != EEXIST && errno != EROFS && errno != EACCES && errno != EPERM) {
			return errno; /* those may be for a folder that is there: open() will tell */
		}
		at[i] = kept;
	}
	return 0;
}

static enum blob_rc local_open_store(const char *url, const struct blob_options *options,
				     struct blob_store **out, struct error *err)
{
	const char *path = url + strlen("file:");

	if (strncmp(path, "//", 2) == 0) {
		path += 2;
		if (path[0] != '/') {
			error_set(err, "\"%s\" names a host", url);
			error_hint(err, "Write file:///absolute/path or file:relative/path.");
			return BLOB_FAILED;
		}
	}
	if (path[0] == '\0') {
		error_set(err, "\"%s\" has no path", url);
		return BLOB_FAILED;
	}
	int failed = options->read_only || options->must_exist ? 0 : make_root(path);
	int fd = -1;
	if (failed == 0) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		failed = fd >= 0 ? 0 : errno;
	}
	if (failed != 0) {
		error_set_errno(err, failed, "could not open folder \"%s\"", path);
		return local_rc_of(failed);
	}
	failed = redo_recover(fd, err);
	if (failed != 0) {
		close(fd);
		return local_rc_of(failed);
	}
	struct local_store *store = calloc(1, sizeof(*store));
	if (store == NULL) {
		close(fd);
		error_no_memory(err);
		return BLOB_FAILED;
	}
	store->base.ops = &local_ops;
	store->root_fd = fd;
	store->takes_redo = local_takes_redo(fd);
	/* linking a nameless file goes through /proc */
	atomic_init(&store->no_tmpfile, access("/proc/self/fd", X_OK) != 0);
	if (!options->read_only)
		remove_old_drafts(fd);
	redo_init(&store->redo, fd);
	spare_pool_init(&store->spares, fd);
	*out = &store->base;
	return BLOB_OK;
}

static void local_close(struct blob_store *base)
{
	struct local_store *store = local_of(base);

	spare_pool_deinit(&store->spares);
	redo_deinit(&store->redo);
	close(store->root_fd);
	free(store);
}

const struct blob_ops local_ops = {
	.scheme = "file",
	.open = local_open_store,
	.close = local_close,
	.get = local_get,
	.create = local_create,
	.head = local_head,
	.list = local_list,
	.delete_many = local_delete_many,
};
