/*
 * verify.h - is what lies in the store what was put there?
 *
 * Reads the objects of a database whole and compares them with their checksums, the log with
 * its chain of hashes, and every page of the version with its sum.  Objects of other
 * databases that this one was branched from are read too, as far as it needs them.
 * Of "name" that is all there is in its folder, and the newest version; of "name@..." what
 * that version is made of: its manifest, the slots behind that, and what its pages lie in.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_VERIFY_H
#define PGBLOB_VFS_VERIFY_H

#include "vfs/vfs.h"

struct vfs_verify_options {
	double percent;   /* of the objects, chosen at random, the newest slot and manifest always; 100: all */
	bool sql;         /* PRAGMA integrity_check too: reads the version once more */
	unsigned threads; /* 1 to 64 objects at once; each is held in memory whole */
};

/* What was read. */
struct vfs_verify_result {
	uint64_t lsn;           /* of the version whose pages were read; 0: it could not be opened */
	uint64_t objects, objects_in_all;
	uint64_t bytes;
	uint64_t pages, pages_in_all; /* of that version; pages of zeros are in no object, and good */
	uint64_t damaged;       /* how often `fn` was called */
	bool sql_checked;
};

/*
 * Called for each object that is damaged or missing (`key`, below the store's prefix), and for what is
 * wrong as a whole (NULL); `text` says what is wrong.  pages_lost: of the version, those that
 * cannot be read for it.  One call at a time, by any thread.
 */
typedef void (*vfs_damage_fn)(void *arg, const char *key, const char *text, uint64_t pages_lost);

/*
 * VFS_OK: all that was to be read has been read; result->damaged tells how it was.  Otherwise it
 * was not finished: VFS_NOT_FOUND, VFS_BUSY, VFS_IO, VFS_CANCELED (by `progress`, which counts bytes and is
 * called by any thread, one at a time).  `err` is not NULL.  Memory: 16 bytes a page, 150 an object, and what the threads hold.
 */
MUST_CHECK enum vfs_rc vfs_verify(struct blob_store *store, const char *name,
				  const struct vfs_verify_options *options, vfs_damage_fn fn,
				  vfs_progress_fn progress, void *arg,
				  struct vfs_verify_result *result, struct error *err);

#endif
