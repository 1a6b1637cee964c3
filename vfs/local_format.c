/*
 * local_format.c - what the records of a local journal say
 * Licence: MIT, see LICENSE.
 */
#include "vfs/local_format.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "vfs/cache.h"
#include "vfs/seal.h"

enum { HEAD_LEN = 192, ENTRY_LEN = 12, CURRENT_AT = 160 };

static bool damaged(struct error *err)
{
	return error_set(err, "a record of the local journal is not what a record can be");
}

void attempt_put(uint8_t out[ATTEMPT_LEN], const struct attempt *a)
{
	set_u64(out, a->lsn);
	memcpy(out + 8, a->nonce, ID_LEN);
}

bool attempt_parse(const uint8_t *payload, size_t len, uint64_t seq, struct attempt *out,
		   struct error *err)
{
	if (len < ATTEMPT_LEN)
		return damaged(err);
	*out = (struct attempt){ .lsn = get_u64(payload), .seq = seq };
	memcpy(out->nonce, payload + 8, ID_LEN);
	return true;
}

static void put_head(struct buf *out, const struct local_head *h)
{
	uint8_t b[HEAD_LEN] = { 0 };

	set_u64(b, h->base_lsn);
	memcpy(b + 8, h->base_hash, HASH_LEN);
	memcpy(b + 24, h->db_id, ID_LEN);
	set_u32(b + 40, h->page_size);
	set_u32(b + 44, h->page_count);
	set_u32(b + 48, h->n);
	set_u32(b + 52, h->n_commits);
	memcpy(b + 56, h->header, PAGE_HEADER_LEN);
	set_u64(b + CURRENT_AT, h->current.seq);
	attempt_put(b + CURRENT_AT + 8, &h->current);
	buf_put(out, b, sizeof(b));
}

bool local_put_pages(const struct local_head *head, const struct staged_page *pages,
		     struct buf *index, struct buf *stored)
{
	uint8_t *scratch = malloc(head->page_size);

	if (scratch == NULL)
		return false;
	put_head(index, head);
	for (size_t i = 0; i < head->n; i++) {
		struct page_entry e = { .encoding = PAGE_ZERO };

		if (pages[i].image != NULL)
			page_encode(pages[i].pgno, pages[i].image->data, head->page_size, PACK_QUICK,
				    scratch, stored, &e);
		buf_put_u32(index, pages[i].pgno);
		buf_put_u32(index, (uint32_t)e.encoding << 24 | e.len);
		buf_put_u32(index, e.sum);
	}
	free(scratch);
	return !index->failed && !stored->failed;
}

bool local_parse_head(const uint8_t *payload, size_t len, struct local_head *out,
		      struct error *err)
{
	if (len < HEAD_LEN)
		return damaged(err);
	*out = (struct local_head){
		.base_lsn = get_u64(payload),
		.page_size = get_u32(payload + 40),
		.page_count = get_u32(payload + 44),
		.n = get_u32(payload + 48),
		.n_commits = get_u32(payload + 52),
	};
	memcpy(out->base_hash, payload + 8, HASH_LEN);
	memcpy(out->db_id, payload + 24, ID_LEN);
	memcpy(out->header, payload + 56, PAGE_HEADER_LEN);
	if (!page_size_valid(out->page_size) || (len - HEAD_LEN) / ENTRY_LEN < out->n)
		return damaged(err);
	return attempt_parse(payload + CURRENT_AT + 8, ATTEMPT_LEN, get_u64(payload + CURRENT_AT),
			     &out->current, err);
}

bool local_each_page(const uint8_t *payload, size_t len, local_take_fn take, void *arg,
		     struct error *err)
{
	struct local_head head;
	uint8_t *image;
	bool good = true;

	if (!local_parse_head(payload, len, &head, err))
		return false;
	image = malloc(head.page_size);
	if (image == NULL)
		return error_no_memory(err);
	size_t at = HEAD_LEN + (size_t)head.n * ENTRY_LEN;
	for (uint32_t i = 0; good && i < head.n; i++) {
		const uint8_t *b = payload + HEAD_LEN + (size_t)i * ENTRY_LEN;
		uint32_t packed = get_u32(b + 4);
		struct page_entry e = {
			.encoding = (uint8_t)(packed >> 24),
			.len = packed & 0xffffff,
			.sum = get_u32(b + 8),
		};
		pgno_t pgno = get_u32(b);
		bool zero = e.encoding == PAGE_ZERO && e.len == 0;

		if (zero)
			memset(image, 0, head.page_size);
		if (pgno == 0 || pgno > head.page_count || e.len > len - at ||
		    (!zero && e.encoding != PAGE_RAW && e.encoding != PAGE_ZSTD) ||
		    (!zero && !page_decode(pgno, &e, payload + at, head.page_size, image)))
			good = damaged(err);
		else
			good = take(arg, pgno, image, err);
		at += e.len;
	}
	free(image);
	return good;
}
