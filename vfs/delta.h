/*
 * delta.h - a page as the runs of bytes in which it differs from another image
 *
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_DELTA_H
#define PGBLOB_VFS_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Write the runs that make `image` of `base`, `room` bytes at most, and tell their
 * length; nothing for two that are the same.  False: they need more room.
 */
MUST_CHECK bool delta_encode(const uint8_t *base, const uint8_t *image, uint32_t page_size,
			     uint8_t *out, size_t room, size_t *len);

/* Put the runs into `image`, which holds the base.  False: they are none; then it holds rubbish. */
MUST_CHECK bool delta_apply(const uint8_t *runs, size_t len, uint8_t *image, uint32_t page_size);

#endif
