/*
 * folder.h - a folder of this machine that is this user's alone
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FOLDER_H
#define PGBLOB_VFS_FOLDER_H

#include <stdbool.h>

#include "base/compiler.h"

struct error;

/*
 * Open the folder, made if it is not there; *out is for close().  Refused if another user owns it
 * or others may write to it: what is read there would be believed.
 */
MUST_CHECK bool folder_open(const char *folder, int *out, struct error *err);

#endif
