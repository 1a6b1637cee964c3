/*
 * page_table.c - where the newest image of each page lies; undo maps
 *
 * Of each page:
 *   seq:44 len:20 | object:44 encoding:4 offset_high:16 | sum:32 | offset_low:16
 * Licence: MIT, see LICENSE.
 */
#include "vfs/page_table.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BITS = 10, MID_BITS = 11, ROOT_BITS = 11, CHUNK_PAGES = 1 << CHUNK_BITS };

struct chunk {
	_Atomic uint32_t sequence; /* odd: being written */
	_Atomic uint64_t words[CHUNK_PAGES][2];
	_Atomic uint32_t sums[CHUNK_PAGES];
	_Atomic uint16_t offsets[CHUNK_PAGES];
};

struct mid {
	_Atomic(struct chunk *) chunks[1 << MID_BITS];
};

struct page_table {
	atomic_uint refs;
	uint32_t page_size;
	_Atomic(struct mid *) mids[1 << ROOT_BITS];
};

struct page_table *page_table_new(uint32_t page_size)
{
	struct page_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	atomic_init(&t->refs, 1);
	t->page_size = page_size;
	return t;
}

void page_table_ref(struct page_table *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

void page_table_unref(struct page_table *t)
{
	if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < ARRAY_LEN(t->mids); i++) {
		struct mid *mid = atomic_load_explicit(&t->mids[i], memory_order_relaxed);

		if (mid == NULL)
			continue;
		for (size_t j = 0; j < ARRAY_LEN(mid->chunks); j++)
			free(atomic_load_explicit(&mid->chunks[j], memory_order_relaxed));
		free(mid);
	}
	free(t);
}

uint32_t page_table_page_size(const struct page_table *t)
{
	return t->page_size;
}

static struct chunk *chunk_of(const struct page_table *t, pgno_t pgno)
{
	uint32_t i = pgno - 1;
	struct mid *mid = atomic_load_explicit(&t->mids[i >> (CHUNK_BITS + MID_BITS)],
					       memory_order_acquire);

	if (mid == NULL)
		return NULL;
	return atomic_load_explicit(&mid->chunks[i >> CHUNK_BITS & ((1 << MID_BITS) - 1)],
				    memory_order_acquire);
}

bool page_table_reserve(struct page_table *t, pgno_t n)
{
	for (uint64_t i = 0; i < n; i += 1 << CHUNK_BITS) {
		_Atomic(struct mid *) *m = &t->mids[i >> (CHUNK_BITS + MID_BITS)];
		struct mid *mid = atomic_load_explicit(m, memory_order_relaxed);

		if (mid == NULL) {
			mid = calloc(1, sizeof(*mid));
			if (mid == NULL)
				return false;
			atomic_store_explicit(m, mid, memory_order_release);
		}
		_Atomic(struct chunk *) *c =
			&mid->chunks[i >> CHUNK_BITS & ((1 << MID_BITS) - 1)];
		if (atomic_load_explicit(c, memory_order_relaxed) == NULL) {
			struct chunk *chunk = calloc(1, sizeof(*chunk));

			if (chunk == NULL)
				return false;
			atomic_store_explicit(c, chunk, memory_order_release);
		}
	}
	return true;
}

struct page_ref page_table_get(const struct page_table *t, pgno_t pgno)
{
	struct page_ref ref = { .encoding = PAGE_ZERO };
	uint64_t w[2];
	uint32_t sum;
	uint16_t offset;

	if (pgno == 0)
		return ref;
	struct chunk *chunk = chunk_of(t, pgno);
	if (chunk == NULL)
		return ref;
	size_t i = (pgno - 1) & (CHUNK_PAGES - 1);
	for (;;) {
		uint32_t before = atomic_load_explicit(&chunk->sequence, memory_order_acquire);

		/* acquire: whoever sees a new word sees the odd counter before it */
		w[0] = atomic_load_explicit(&chunk->words[i][0], memory_order_acquire);
		w[1] = atomic_load_explicit(&chunk->words[i][1], memory_order_acquire);
		sum = atomic_load_explicit(&chunk->sums[i], memory_order_acquire);
		offset = atomic_load_explicit(&chunk->offsets[i], memory_order_acquire);
		uint32_t after = atomic_load_explicit(&chunk->sequence, memory_order_relaxed);
		if (before == after && (before & 1) == 0)
			break;
	}
	uint8_t encoding = (uint8_t)(w[1] >> 16 & 0xf);
	if (encoding == 0)
		return ref;
	ref.seq = w[0] >> 20;
	ref.len = (uint32_t)w[0] & 0xfffff;
	ref.object = w[1] >> 20;
	ref.encoding = encoding;
	ref.offset = (uint32_t)(w[1] & 0xffff) << 16 | offset;
	ref.sum = sum;
	return ref;
}

void page_table_set(struct page_table *t, pgno_t pgno, const struct page_ref *ref)
{
	struct chunk *chunk = chunk_of(t, pgno);

	assert(chunk != NULL && ref->seq >> 44 == 0 && ref->object >> 44 == 0 && ref->len >> 20 == 0 &&
	       ref->encoding <= 0xf);
	size_t i = (pgno - 1) & (CHUNK_PAGES - 1);
	uint32_t sequence = atomic_load_explicit(&chunk->sequence, memory_order_relaxed);
	atomic_store_explicit(&chunk->sequence, sequence + 1, memory_order_relaxed);
	/* release: the odd counter is before every word, the words before the even one */
	atomic_store_explicit(&chunk->words[i][0], ref->seq << 20 | ref->len, memory_order_release);
	atomic_store_explicit(&chunk->words[i][1],
			      ref->object << 20 | (uint64_t)ref->encoding << 16 | ref->offset >> 16,
			      memory_order_release);
	atomic_store_explicit(&chunk->sums[i], ref->sum, memory_order_release);
	atomic_store_explicit(&chunk->offsets[i], (uint16_t)ref->offset, memory_order_release);
	atomic_store_explicit(&chunk->sequence, sequence + 2, memory_order_release);
}

struct undo_entry {
	pgno_t pgno; /* 0: free */
	struct page_ref ref;
};

void undo_free(struct undo *u)
{
	free(u->entries);
	*u = (struct undo){ 0 };
}

static struct undo_entry *undo_slot(const struct undo *u, pgno_t pgno)
{
	size_t i = pgno * (size_t)0x9e3779b97f4a7c15u >> 20;

	for (;; i++) {
		struct undo_entry *e = &u->entries[i & (u->n_slots - 1)];

		if (e->pgno == 0 || e->pgno == pgno)
			return e;
	}
}

bool undo_reserve(struct undo *u, size_t n)
{
	struct undo bigger = { .n_slots = u->n_slots == 0 ? 16 : u->n_slots };

	while ((u->n_used + n) * 4 > bigger.n_slots * 3)
		bigger.n_slots *= 2;
	if (bigger.n_slots == u->n_slots)
		return true;
	bigger.entries = calloc(bigger.n_slots, sizeof(bigger.entries[0]));
	if (bigger.entries == NULL)
		return false;
	bigger.n_used = u->n_used;
	for (size_t i = 0; i < u->n_slots; i++)
		if (u->entries[i].pgno != 0)
			*undo_slot(&bigger, u->entries[i].pgno) = u->entries[i];
	free(u->entries);
	*u = bigger;
	return true;
}

bool undo_find(const struct undo *u, pgno_t pgno, struct page_ref *out)
{
	if (u->n_used == 0)
		return false;
	const struct undo_entry *e = undo_slot(u, pgno);
	if (e->pgno == 0)
		return false;
	*out = e->ref;
	return true;
}

void undo_put(struct undo *u, pgno_t pgno, const struct page_ref *ref)
{
	struct undo_entry *e = undo_slot(u, pgno);

	if (e->pgno != 0)
		return;
	assert((u->n_used + 1) * 4 <= u->n_slots * 3);
	*e = (struct undo_entry){ .pgno = pgno, .ref = *ref };
	u->n_used++;
}

struct page_ref *undo_at(struct undo *u, pgno_t pgno)
{
	if (u->n_used == 0)
		return NULL;
	struct undo_entry *e = undo_slot(u, pgno);
	return e->pgno == 0 ? NULL : &e->ref;
}

bool undo_settle(struct undo *u, pgno_t pgno, const struct page_ref *ref)
{
	if (u->n_used == 0)
		return false;
	struct undo_entry *e = undo_slot(u, pgno);
	if (e->pgno == 0 || e->ref.seq != ref->seq || e->ref.encoding != PAGE_MEMORY)
		return false;
	e->ref = *ref;
	return true;
}

void undo_each(const struct undo *u,
	       void (*fn)(void *arg, pgno_t pgno, const struct page_ref *ref), void *arg)
{
	for (size_t i = 0; i < u->n_slots; i++)
		if (u->entries[i].pgno != 0)
			fn(arg, u->entries[i].pgno, &u->entries[i].ref);
}

bool undo_merge(struct undo *older, uint64_t seq, const struct undo *from)
{
	if (from->n_used == 0)
		return true;
	if (!undo_reserve(older, from->n_used))
		return false;
	for (size_t i = 0; i < from->n_slots; i++) {
		const struct undo_entry *e = &from->entries[i];

		if (e->pgno != 0 && e->ref.seq <= seq)
			undo_put(older, e->pgno, &e->ref);
	}
	return true;
}
