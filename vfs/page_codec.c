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
#include "base/bytes.h"
#include "vfs/delta.h"

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
size_t bytes_compress(void *out, size_t room, const void *in, size_t len, enum pack_effort effort)
{
	ZSTD_CCtx *c = cctx_take();
	size_t n;

	if (c == NULL)
		return 0;
	n = ZSTD_compressCCtx(c, out, room, in, len, (int)effort);
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

/* The same, with bytes before them that whoever decompresses has too. */
static size_t prefix_compress(void *out, size_t room, const void *in, const void *prefix, size_t len)
{
	ZSTD_CCtx *c = cctx_take();
	size_t n;

	if (c == NULL)
		return 0;
	/* both hold for one frame; a failure shows there */
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, PACK_QUICK);
	(void)ZSTD_CCtx_refPrefix(c, prefix, len);
	n = ZSTD_compress2(c, out, room, in, len);
	(void)ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
	cctx_give(c);
	return ZSTD_isError(n) ? 0 : n;
}

static bool prefix_decompress(void *out, const void *in, size_t in_len, const void *prefix,
			      size_t len)
{
	ZSTD_DCtx *d = dctx_take();
	size_t n;

	if (d == NULL)
		return false;
	(void)ZSTD_DCtx_refPrefix(d, prefix, len);
	n = ZSTD_decompressDCtx(d, out, len, in, in_len);
	(void)ZSTD_DCtx_reset(d, ZSTD_reset_session_and_parameters);
	dctx_give(d);
	return n == len;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

void page_encode(pgno_t pgno, const uint8_t *image, uint32_t page_size, enum pack_effort effort,
		 uint8_t *scratch, struct buf *out, struct page_entry *entry)
{
	*entry = (struct page_entry){ .sum = page_sum(pgno, image, page_size) };
	if (is_zero(image, page_size)) {
		entry->encoding = PAGE_ZERO;
		return;
	}
	entry->offset = (uint32_t)out->len;
	/* what saves less than an eighth is not worth the time of every reader */
	size_t n = bytes_compress(scratch, page_size - page_size / 8, image, page_size, effort);
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

uint32_t segment_sum(const uint8_t segment_id[ID_LEN])
{
	return get_u32(segment_id);
}

static uint32_t summed(pgno_t pgno, uint32_t segment, const uint8_t *image, uint32_t page_size)
{
	return (uint32_t)XXH3_64bits_withSeed(image, page_size, (uint64_t)segment << 32 | pgno);
}

void page_add_sum(pgno_t pgno, const uint8_t *image, uint32_t page_size,
		  const uint8_t segment_id[ID_LEN], struct buf *out, struct page_entry *entry)
{
	if (entry->encoding == PAGE_ZERO)
		return;
	entry->encoding = entry->encoding == PAGE_RAW ? PAGE_RAW_SUMMED : PAGE_ZSTD_SUMMED;
	entry->len += SUM_LEN;
	entry->sum = segment_sum(segment_id);
	buf_put_u32(out, summed(pgno, entry->sum, image, page_size));
}

void page_encode_summed(pgno_t pgno, const uint8_t *image, uint32_t page_size,
			enum pack_effort effort, const uint8_t segment_id[ID_LEN],
			uint8_t *scratch, struct buf *out, struct page_entry *entry)
{
	page_encode(pgno, image, page_size, effort, scratch, out, entry);
	page_add_sum(pgno, image, page_size, segment_id, out, entry);
}

static bool decode_summed(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			  uint32_t page_size, uint8_t *image)
{
	uint32_t len = entry->len - SUM_LEN;

	if (entry->encoding == PAGE_RAW_SUMMED) {
		if (len != page_size)
			return false;
		memcpy(image, stored, page_size);
	} else if (!bytes_decompress(image, page_size, stored, len)) {
		return false;
	}
	return summed(pgno, entry->sum, image, page_size) == get_u32(stored + len);
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
	case PAGE_RAW_SUMMED:
	case PAGE_ZSTD_SUMMED:
		return decode_summed(pgno, entry, stored, page_size, image);
	case PAGE_ZERO:
		memset(image, 0, page_size);
		return true; /* nothing was stored that could be wrong */
	case PAGE_DELTA:
	case PAGE_PREFIX:
		return false; /* page_decode_delta() */
	}
	return page_sum(pgno, image, page_size) == entry->sum;
}

/* BASE_LEN bytes. */
static void put_base(uint8_t *p, const struct page_base *base)
{
	p[0] = (uint8_t)base->object.kind;
	set_u16(p + 1, base->object.origin);
	if (base->object.kind == OBJECT_SLOT) {
		set_u64(p + 3, 0);
		set_u64(p + 11, base->object.lsn);
	} else {
		memcpy(p + 3, base->object.id, ID_LEN);
	}
	set_u32(p + 19, base->entry.offset);
	set_u32(p + 23, (uint32_t)base->entry.encoding << 24 | base->entry.len);
	set_u32(p + 27, base->entry.sum);
}

/*
 * Where rows have moved, much has changed at first sight, and zstd finds it again:
 * it is asked where the runs take more than a part of the page.
 */
enum { RUNS_SMALL_PART = 8 };

bool page_encode_delta(pgno_t pgno, const uint8_t *image, const struct page_base *base,
		       const uint8_t *base_image, uint32_t page_size, bool hard, uint8_t *out,
		       size_t room, struct page_entry *entry)
{
	uint8_t *data = out + BASE_LEN;
	size_t len;

	if (room < BASE_LEN + SUM_LEN)
		return false;
	room -= BASE_LEN + SUM_LEN;
	*entry = (struct page_entry){ .encoding = PAGE_DELTA };
	bool fits = delta_encode(base_image, image, page_size, data, room, &len);
	if (!fits && !hard)
		return false;
	if (hard && (!fits || len > page_size / RUNS_SMALL_PART)) {
		uint8_t *shorter = data + room;
		size_t n = prefix_compress(shorter, fits ? len - 1 : room, image, base_image, page_size);

		if (n == 0 && !fits)
			return false;
		if (n != 0) {
			entry->encoding = PAGE_PREFIX;
			memcpy(data, shorter, n);
			len = n;
		}
	}
	put_base(out, base);
	set_u32(data + len, format_sum(out, BASE_LEN + len));
	entry->len = (uint32_t)(BASE_LEN + len + SUM_LEN);
	entry->sum = page_sum(pgno, image, page_size);
	return true;
}

bool page_delta_base(const struct page_entry *entry, const uint8_t *stored, uint32_t page_size,
		     struct page_base *out)
{
	struct page_base base = { .object = { .kind = (enum object_kind)stored[0] } };
	size_t end = entry->len - SUM_LEN;

	if (format_sum(stored, end) != get_u32(stored + end))
		return false;
	base.object.origin = get_u16(stored + 1);
	memcpy(base.object.id, stored + 3, ID_LEN);
	base.object.lsn = get_u64(stored + 11);
	base.entry.offset = get_u32(stored + 19);
	base.entry.encoding = stored[23];
	base.entry.len = get_u32(stored + 23) & 0xffffff;
	base.entry.sum = get_u32(stored + 27);
	if (base.entry.encoding == PAGE_ZERO || !format_object_valid(&base.object, UINT64_MAX) ||
	    !format_entry_valid(&base.entry, page_size, 1))
		return false;
	*out = base;
	return true;
}

bool page_decode_delta(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
		       const uint8_t *base_image, uint32_t page_size, uint8_t *image)
{
	const uint8_t *data = stored + BASE_LEN;
	size_t len = entry->len - BASE_LEN - SUM_LEN;

	if (entry->encoding == PAGE_DELTA) {
		memcpy(image, base_image, page_size);
		if (!delta_apply(data, len, image, page_size))
			return false;
	} else if (!prefix_decompress(image, data, len, base_image, page_size)) {
		return false;
	}
	return page_sum(pgno, image, page_size) == entry->sum;
}
