/*
 * page_table.h - where the newest image of each page lies; undo maps
 *
 * A table is read by any thread without a lock: each chunk of 1024 pages has a
 * sequence counter, odd while it is written.  It is written under the lock of
 * its database, by one thread.  22 bytes a page.
 *
 * An undo map holds what an older version needs that the table has replaced.
 * It belongs to the lock of its database.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_PAGE_TABLE_H
#define PGBLOB_VFS_PAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct page_ref {
	uint64_t seq;     /* version that put it there; 44 bits */
	uint64_t object;  /* number of object.h, 44 bits */
	uint32_t offset;
	uint32_t len;     /* 20 bits */
	uint32_t sum;
	uint8_t encoding; /* enum page_encoding; a page never written is PAGE_ZERO */
};

/* In memory only: the image is staged by version seq, at index `offset`; object is 0. */
enum { PAGE_MEMORY = 15 };

struct page_table;

struct page_table *page_table_new(uint32_t page_size); /* counted once; NULL: no memory */
void page_table_ref(struct page_table *t);
void page_table_unref(struct page_table *t);
uint32_t page_table_page_size(const struct page_table *t);

/* Room for pages 1 to n: then page_table_set() of those cannot fail. */
MUST_CHECK bool page_table_reserve(struct page_table *t, pgno_t n);

struct page_ref page_table_get(const struct page_table *t, pgno_t pgno);
void page_table_set(struct page_table *t, pgno_t pgno, const struct page_ref *ref);

struct undo_entry;

struct undo {
	struct undo_entry *entries; /* open addressing; n_slots is a power of two */
	size_t n_slots;
	size_t n_used;
};

void undo_free(struct undo *u);
/* Room for n more: then undo_put() of n cannot fail. */
MUST_CHECK bool undo_reserve(struct undo *u, size_t n);
MUST_CHECK bool undo_find(const struct undo *u, pgno_t pgno, struct page_ref *out);
/* Does nothing if the page is there. */
void undo_put(struct undo *u, pgno_t pgno, const struct page_ref *ref);
/* What is there for the page, good until the next undo_*() call; NULL: nothing. */
struct page_ref *undo_at(struct undo *u, pgno_t pgno);
/* Replace what is there for the page if it is of version ref->seq and PAGE_MEMORY. */
bool undo_settle(struct undo *u, pgno_t pgno, const struct page_ref *ref);
/* Call `fn` with each page. */
void undo_each(const struct undo *u,
	       void (*fn)(void *arg, pgno_t pgno, const struct page_ref *ref), void *arg);
/* Put into `older`, of a version `seq`, what it needs of `from`.  False: no memory, nothing changed. */
MUST_CHECK bool undo_merge(struct undo *older, uint64_t seq, const struct undo *from);

#endif
