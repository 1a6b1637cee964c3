/*
 * pragma.h - what a handle tells of itself in the shell: PRAGMA pgblob_...
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_PRAGMA_H
#define PGBLOB_VFS_PRAGMA_H

#include "vfs/file.h"

/*
 * Answer SQLITE_FCNTL_PRAGMA; args: [0] the answer, [1] the name, [2] the value or NULL.
 * SQLITE_NOTFOUND: it is none of ours.
 */
int pragma_answer(struct handle *h, char **args);

#endif
