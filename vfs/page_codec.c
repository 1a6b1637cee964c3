/*
 * page_codec.c - a page's image and the bytes that are stored of it
 *
 * FORMAT   README.md, "Format".
 * Licence: MIT, see LICENSE.
 */
#include "vfs/format_parts.h"

#include <stdatomic.h>
#include <string.h>
#include <zstd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"

uint32_t page_sum(pgno_t pgno, const void *image, uint32_t page_size)
{
	return (uint32_t)XXH3_64bits_withSeed(image, page_size, pgno);
}

bool page_size_valid(uint32_t page_size)
{
	return page_size >= PAGE_SIZE_MIN && page_size <= PAGE_SIZE_MAX &&
	       (page_size & (page_size - 1)) == 0;
}

/*
 * zstd's contexts cost more to make than a page costs to compress: a few are
 * kept, for whichever thread comes next.
 */
enum { N_SPARE = 8 };

static _Atomic(ZSTD_CCtx *) spare_cctx[N_SPARE];
static _Atomic(ZSTD_DCtx *) spare_dctx[N_SPARE];

static ZSTD_CCtx *cctx_take(void)
{
	for (int i = 0; i < N_SPARE; i++) {
		ZSTD_CCtx *c = atomic_exchange(&spare_cctx[i], NULL);

		if (c != NULL)
			return c;
	}
	return ZSTD_createCCtx();
}

static void cctx_give(ZSTD_CCtx *c)
{
	for (int i = 0; i < N_SPARE; i++) {
		ZSTD_CCtx *none = NULL;

		if (atomic_compare_exchange_strong(&spare_cctx[i], &none, c))
			return;
	}
	ZSTD_freeCCtx(c);
}

static ZSTD_DCtx *dctx_take(void)
{
	for (int i = 0; i < N_SPARE; i++) {
		ZSTD_DCtx *d = atomic_exchange(&spare_dctx[i], NULL);

		if (d != NULL)
			return d;
	}
	return ZSTD_createDCtx();
}

static void dctx_give(ZSTD_DCtx *d)
{
	for (int i = 0; i < N_SPARE; i++) {
		ZSTD_DCtx *none = NULL;

		if (atomic_compare_exchange_strong(&spare_dctx[i], &none, d))
			return;
	}
	ZSTD_freeDCtx(d);
}

/* 0: it does not fit in `room`, or there is no memory. */
size_t bytes_compress(void *out, size_t room, const void *in, size_t len)
{
	ZSTD_CCtx *c = cctx_take();
	size_t n;

	if (c == NULL)
		return 0;
	n = ZSTD_compressCCtx(c, out, room, in, len, 1);
	cctx_give(c);
	return ZSTD_isError(n) ? 0 : n;
}

/* True if exactly `room` bytes came out. */
bool bytes_decompress(void *out, size_t room, const void *in, size_t len)
{
	ZSTD_DCtx *d = dctx_take();
	size_t n;

	if (d == NULL)
		return false;
	n = ZSTD_decompressDCtx(d, out, room, in, len);
	dctx_give(d);
	return n == room;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

void page_encode(pgno_t pgno, const uint8_t *image, uint32_t page_size, uint8_t *scratch,
		 struct buf *out, struct page_entry *entry)
{
	*entry = (struct page_entry){ .sum = page_sum(pgno, image, page_size) };
	if (is_zero(image, page_size)) {
		entry->encoding = PAGE_ZERO;
		return;
	}
	entry->offset = (uint32_t)out->len;
	/* what saves less than an eighth is not worth the time of every reader */
	size_t n = bytes_compress(scratch, page_size - page_size / 8, image, page_size);
	if (n == 0) {
		entry->encoding = PAGE_RAW;
		entry->len = page_size;
		buf_put(out, image, page_size);
	} else {
		entry->encoding = PAGE_ZSTD;
		entry->len = (uint32_t)n;
		buf_put(out, scratch, n);
	}
}

bool page_decode(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
		 uint32_t page_size, uint8_t *image)
{
	switch ((enum page_encoding)entry->encoding) {
	case PAGE_RAW:
		if (entry->len != page_size)
			return false;
		memcpy(image, stored, page_size);
		break;
	case PAGE_ZSTD:
		if (!bytes_decompress(image, page_size, stored, entry->len))
			return false;
		break;
	case PAGE_ZERO:
		memset(image, 0, page_size);
		return true; /* nothing was stored that could be wrong */
	}
	return page_sum(pgno, image, page_size) == entry->sum;
}
