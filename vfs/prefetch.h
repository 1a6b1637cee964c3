/*
 * prefetch.h - what a handle will read next
 *
 * Two ways to tell: pages are read one behind the other; or a scan walks the
 * children of one interior B-tree page in order, forwards or backwards.  Then the
 * pages that follow are fetched, more of them the longer it goes on.
 *
 * A struct prefetch is part of a handle and follows its rule: one thread at a
 * time.  A zeroed one is ready.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_PREFETCH_H
#define PGBLOB_VFS_PREFETCH_H

#include "vfs/db.h"

enum { PREFETCH_INTERIOR = 6, PREFETCH_WALKS = 3 };

/* A place among the children of an interior page, whose own place is known too, if it has a parent. */
struct prefetch_spot {
	pgno_t parent;
	uint32_t index;
	pgno_t grand;        /* 0: not known, or none */
	uint32_t grand_index;
};

struct prefetch_walk {
	struct prefetch_spot at;
	struct prefetch_spot frontier; /* the last child that was asked for */
	uint32_t ahead;      /* how many children the frontier is beyond `at` */
	uint32_t run;        /* steps in one direction */
	uint32_t window;     /* children to be ahead */
	int direction;       /* 1 or -1; 0: not known */
	uint64_t used;       /* by the handle's clock */
};

struct prefetch {
	pgno_t interior[PREFETCH_INTERIOR]; /* that passed by, the newest first */
	struct prefetch_walk walks[PREFETCH_WALKS];
	uint64_t clock;

	pgno_t last;         /* reading one behind the other */
	pgno_t last_ahead;   /* asked for up to here */
	uint32_t run, window;
};

void prefetch_saw_interior(struct prefetch *p, pgno_t pgno);

/* The handle was given a page.  Cheap: it is called for every page. */
static inline void prefetch_saw(struct prefetch *p, pgno_t pgno, const uint8_t *page)
{
	uint8_t type = page[pgno == 1 ? PAGE_HEADER_LEN : 0];

	if ((type == 2 || type == 5) && p->interior[0] != pgno)
		prefetch_saw_interior(p, pgno);
}

/*
 * The handle wants a page that is not in memory, or the first of all to use one
 * that was read ahead: ask for what follows.
 */
void prefetch_step(struct prefetch *p, struct db *db, const struct version *v, pgno_t pgno,
		   struct vfs_read_stats *stats);

/* Child `i` of an interior B-tree page, 0 if it has none or is no such page; they are n cells + 1. */
pgno_t prefetch_child(const uint8_t *page, uint32_t page_size, pgno_t pgno, uint32_t i);

#endif
