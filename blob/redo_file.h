/*
 * redo_file.h - one of the two files that make objects of a local folder durable
 *
 * README.md, "The local folder", has the format.  The reader believes nothing.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_REDO_FILE_H
#define PGBLOB_BLOB_REDO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct buf;

enum {
	REDO_FILES = 2,
	REDO_FILE_MIN = 1 << 20,
	REDO_FILE_MAX = 16 << 20,
	REDO_BODY_MAX = 64 << 10, /* larger objects are written out by themselves */
};

enum redo_kind {
	REDO_OBJECT = 1,
	REDO_VOID = 2, /* the key's record before this one does not count */
};

struct redo_file {
	int fd; /* -1: not open */
	uint64_t generation;
	size_t len; /* that is allocated */
	size_t at;  /* where the next record goes */
};

struct redo_record {
	enum redo_kind kind;
	const char *key; /* borrowed, no NUL */
	size_t key_len;
	const char *body;
	size_t body_len;
};

/* Open file `n` of the folder.  0, ENOENT, or another errno.  `flags`: O_RDONLY or O_RDWR, with O_CREAT. */
MUST_CHECK int redo_file_open(struct redo_file *f, int root_fd, unsigned n, int flags);
void redo_file_close(struct redo_file *f);

/* Give it `len` bytes on the disk, if it has fewer: 0 or errno. */
MUST_CHECK int redo_file_allocate(struct redo_file *f, size_t len);

/*
 * Read the header: f->generation is set, 0 for a file that is new, damaged or a copy of
 * another.  *live: it has a record.  0 or errno.
 */
MUST_CHECK int redo_file_look(struct redo_file *f, bool *live);

/* Flush the disk's cache: 0 or errno. */
MUST_CHECK int redo_file_touch(const struct redo_file *f);

/* A new generation, durable: what was in the file does not count any more.  0 or errno. */
MUST_CHECK int redo_file_begin(struct redo_file *f, uint64_t generation);

/* Whether a record of that size fits. */
bool redo_file_has_room(const struct redo_file *f, size_t key_len, size_t body_len);

/* Append a record that fits, not flushed: 0 or errno; then nothing was appended. */
MUST_CHECK int redo_file_append(struct redo_file *f, const struct redo_record *r);

/* All bytes of the file, for redo_next(): 0 or errno. */
MUST_CHECK int redo_file_read(const struct redo_file *f, struct buf *out);

/* The next record of a file of that generation; *at begins with 0.  False: there is none. */
MUST_CHECK bool redo_next(const struct buf *bytes, uint64_t generation, size_t *at,
			  struct redo_record *out);

#endif
