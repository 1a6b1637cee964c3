/*
 * overlay.h - the pages that an open write transaction has staged
 *
 * Pages are kept in memory up to a limit, further ones in an unlinked
 * temporary file.  When SQLite begins to write in pieces that are not pages
 * (VACUUM with a new page size) the overlay becomes flat: the whole database
 * image in the temporary file, addressed by bytes.
 *
 * An overlay belongs to one handle.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_OVERLAY_H
#define PGBLOB_VFS_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct error;
struct image;

struct overlay_entry;

struct overlay {
	uint32_t page_size; /* 0: not known before the first write */
	uint64_t size;      /* of the image, bytes */
	bool flat;
	struct overlay_entry *entries; /* open addressing; n_slots is a power of two */
	size_t n_slots;
	size_t n_used;
	size_t memory;       /* bytes of images */
	size_t memory_limit;
	int fd;              /* -1: none */
	uint64_t n_in_file;  /* pages in the file; not while flat */
};

void overlay_init(struct overlay *o, uint32_t page_size, uint64_t size, size_t memory_limit);
void overlay_deinit(struct overlay *o);

bool overlay_has(const struct overlay *o, pgno_t pgno);

/* Stage a copy of page_size bytes. */
MUST_CHECK bool overlay_put(struct overlay *o, pgno_t pgno, const void *data, struct error *err);

/* Copy the staged page, which is there, to `out`. */
MUST_CHECK bool overlay_get(struct overlay *o, pgno_t pgno, void *out, struct error *err);

/* The staged page's image if it is in memory, borrowed. */
struct image *overlay_image(const struct overlay *o, pgno_t pgno);

/* Numbers of staged pages up to `last`, rising; the caller frees it.  False: no memory. */
MUST_CHECK bool overlay_pages(const struct overlay *o, pgno_t last, pgno_t **out, size_t *n,
			      struct error *err);

/* Become flat, with the pages that are not staged read by `read` (page_size bytes each). */
MUST_CHECK bool overlay_flatten(struct overlay *o,
				bool (*read)(void *arg, pgno_t pgno, void *out, struct error *err),
				void *arg, struct error *err);
/* Of a flat overlay; what lies past the end is read as zeros. */
MUST_CHECK bool overlay_read(struct overlay *o, uint64_t offset, void *out, size_t len,
			     struct error *err);
MUST_CHECK bool overlay_write(struct overlay *o, uint64_t offset, const void *data, size_t len,
			      struct error *err);

/* An unlinked temporary file; -1 on failure. */
MUST_CHECK int temp_file_open(struct error *err);

#endif
