/*
 * register.h - the VFS without a configuration, for the extension
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_REGISTER_H
#define PGBLOB_VFS_REGISTER_H

#include <stdbool.h>

#include "base/compiler.h"

struct error;

/* Make SQLite know the VFS "pgblob". */
MUST_CHECK bool vfs_register(struct error *err);

#endif
