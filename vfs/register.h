/*
 * register.h - the VFS without a configuration, for the extension
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_REGISTER_H
#define PGBLOB_VFS_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct error;

/* Make SQLite know the VFS "pgblob". */
MUST_CHECK bool vfs_register(struct error *err);

/* Keep pages in a folder of this machine's disk; NULL or 0: do not.  What cannot be is told in the log. */
void vfs_disk_cache_start(const char *folder, uint64_t bytes);

/* Wait until the disk cache knows what is there, and has written what it was given. */
void vfs_disk_cache_settle(void);

#endif
