/*
 * seal_parts.h - what the parts of sealing share: seal.c, seal_page.c, seal_segment.c
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_SEAL_PARTS_H
#define PGBLOB_VFS_SEAL_PARTS_H

#include "vfs/cache.h"
#include "vfs/seal.h"

/* One transaction that is sealed, by one thread. */
struct sealer {
	struct db *db;
	const struct version *base; /* NULL: nothing of it is left */
	struct reach reach;
	uint32_t page_size;
	uint8_t *scratch, *delta; /* page_size bytes each */
	unsigned in_vain;         /* pages in a row to which what they were was no use */
	struct sealed *s;
};

/* Room for n pages.  False: no memory; deinit in any case. */
MUST_CHECK bool sealer_init(struct sealer *w, struct db *db, const struct version *base,
			    uint32_t page_size, size_t n, struct sealed *s);
void sealer_deinit(struct sealer *w);

/* Append the page to s->pages, as it is shortest; it is left out if it is what it was. */
void seal_page(struct sealer *w, pgno_t pgno, const uint8_t *image);

/* Is the page what it was, as far as it is in memory? */
MUST_CHECK bool page_unchanged(struct sealer *w, pgno_t pgno, const uint8_t *image);

/* A page of the request: page_size bytes. */
MUST_CHECK bool read_staged(const struct commit_request *r, pgno_t pgno, uint8_t *out,
			    struct error *err);

/*
 * Upload as segments: what has been sealed, and pgnos[at..n), rising.  What was sealed
 * whole is not compressed again.
 */
MUST_CHECK enum vfs_rc seal_segments(struct sealer *w, const struct commit_request *r,
				     const uint8_t db_id[ID_LEN], const pgno_t *pgnos, size_t at,
				     size_t n, struct error *err);

#endif
