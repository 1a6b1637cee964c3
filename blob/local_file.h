/*
 * local_file.h - files below a folder, by key, never outside of it
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_LOCAL_FILE_H
#define PGBLOB_BLOB_LOCAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/compiler.h"

enum {
	LOCAL_PATH_MAX = 4000,
	LOCAL_NAME_MAX = 255, /* what file systems allow for one name */
	LOCAL_REDO_MODE = S_ISVTX | 0444, /* of an object whose bytes may be in a redo file only */
};

/* Named temporary files; local_path_of() makes no such name. */
#define LOCAL_TMP_PREFIX ".pgblob-tmp-"

/* A key as a path below the folder. */
struct local_path {
	char text[LOCAL_PATH_MAX];
	size_t parent_len; /* of the part before the last '/', 0 if there is none */
};

/*
 * Write `key` as a path.  A segment is its own name, but '%' and a '.' in front
 * are percent-encoded: names that begin with a dot are ours, and the shell's.
 * 0 or ENAMETOOLONG.
 */
MUST_CHECK int local_path_of(struct local_path *out, const char *key);

/* The last part of the path. */
const char *local_name_of(const struct local_path *path);

/*
 * The segment that a file's name stands for, in `out` (LOCAL_NAME_MAX + 1 bytes);
 * false for a name that local_path_of() does not make.
 */
MUST_CHECK bool local_segment_of(const char *name, char *out);

/*
 * Open a file or folder below `root_fd` without following a symbolic link:
 * the descriptor, or -errno.  `path` may be "" for the root itself.
 */
MUST_CHECK int local_open(int root_fd, const char *path, int flags);

/* Open the folder `path`, made if it is not there, with those above it. */
MUST_CHECK int local_make_folder(int root_fd, const char *path);

/* The folder that `path` lies in, made if it is not there: a descriptor or -errno. */
MUST_CHECK int local_open_parent(int root_fd, const struct local_path *path);

/* A name for a temporary file that nobody else has. */
#define LOCAL_TMP_MAX (sizeof(LOCAL_TMP_PREFIX) + 24)
void local_tmp_name(char out[LOCAL_TMP_MAX]);

/* Write all bytes at `at`: 0 or errno. */
MUST_CHECK int local_write_all(int fd, const void *bytes, size_t len, off_t at);

/* Read up to `len` bytes from `at` on, fewer only at the end of the file: *got, and 0 or errno. */
MUST_CHECK int local_read_all(int fd, void *out, size_t len, off_t at, size_t *got);

/*
 * A file that its owner may write is not known to be durable: its creator is
 * between link and flush, or died there, or the file was copied in.  Whoever
 * sees it flushes it before he believes it, and takes the permission away.
 */
static inline bool local_is_durable(const struct stat *st)
{
	return (st->st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) == 0;
}

/* Was it created by redo, see README.md? */
static inline bool local_is_redone(const struct stat *st)
{
	return (st->st_mode & S_ISVTX) != 0;
}

/* Mark a new file as not durable, whatever the umask: 0 or errno. */
MUST_CHECK int local_mark_new(int fd);

/* Make the open file `fd` at `path`, with its name, durable: 0 or errno. */
MUST_CHECK int local_make_durable(int root_fd, const char *path, size_t parent_len,
				  int fd, const struct stat *st);

/* Flush the folder of `len` bytes of `path` and all above it up to the root: 0 or errno. */
MUST_CHECK int local_flush_folders(int root_fd, const char *path, size_t len);

/*
 * May redo files (redo.h) be used here?  Only where everybody who can see the folder is on this
 * machine, and a flush of a file that is written over is one write.
 */
bool local_takes_redo(int root_fd);

#endif
