/*
 * local_log.h - the file of a local journal: records, flushed, of what is not in the store yet
 *
 * A journal is two files, used in turn; README.md, "Local journal", has their
 * format.  The newer generation that is whole counts, so a new one, which says all
 * that is needed, is begun at any time without a moment in which neither does.
 *
 * One process holds a journal at a time, by a lock of the open file that the kernel
 * gives back when it dies.  Calls on one journal must not overlap.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_LOCAL_LOG_H
#define PGBLOB_VFS_LOCAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/compiler.h"

struct buf;
struct error;
struct local_log;

enum local_kind {
	LOCAL_PAGES = 1,   /* pages of commits that are acknowledged when this is flushed */
	LOCAL_ATTEMPT = 2, /* a slot is about to be created */
	LOCAL_APPLIED = 3, /* and was */
};

struct local_record {
	enum local_kind kind;
	uint64_t seq;           /* of the last version that it is about */
	const uint8_t *payload; /* borrowed */
	size_t len;
};

#define LOCAL_RECORD_MAX ((size_t)64 << 20)

/*
 * Opens, or makes, the journal `name` (at most 230 bytes) in a folder (folder.h).  NULL: another
 * process has it (*in_use), or error.
 */
MUST_CHECK struct local_log *local_log_open(const char *folder, const char *name, bool *in_use,
					    struct error *err);
void local_log_close(struct local_log *log);

/* Bytes of the generation that counts. */
size_t local_log_size(const struct local_log *log);

/*
 * Append one record whose payload is `parts` (at most 4).  With `begin` it is the first of a new
 * generation: nothing before it counts once it is there.  With `flush` it survives a loss of
 * power when this returns, otherwise the death of the process.  On failure the
 * generation is as it was before.
 */
MUST_CHECK bool local_log_append(struct local_log *log, bool begin, enum local_kind kind,
				 uint64_t seq, const struct iovec *parts, int n_parts, bool flush,
				 struct error *err);

/* The file of the newest generation, for local_log_next(); empty if there is none. */
MUST_CHECK bool local_log_read(struct local_log *log, struct buf *out, struct error *err);

/* The next record of what local_log_read() gave; *at begins with 0. */
MUST_CHECK bool local_log_next(const struct buf *bytes, size_t *at, struct local_record *out);

/* Copy what is there to a file of its own, flushed, whose path is told. */
MUST_CHECK bool local_log_keep(struct local_log *log, char *path, size_t size,
			       struct error *err);

/* Everything that it holds is in the store, or kept elsewhere and told: the files become empty. */
void local_log_clear(struct local_log *log);

#endif
