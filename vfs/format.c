/*
 * format.c - the bytes of commit objects, segments and manifests
 *
 * FORMAT   README.md, "Format".
 * INVARIANTS
 *   (1) What a parser let through can be used without further checks: sizes,
 *       offsets, lengths and object numbers are within their bounds.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/format.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

enum { SUM_LEN = 4, ENTRY_LEN = 16, OBJECT_LEN = 24, CHUNK_LEN = 16 };

static uint32_t sum_of(const void *bytes, size_t len)
{
	return (uint32_t)XXH3_64bits(bytes, len);
}

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
static size_t compress(void *out, size_t room, const void *in, size_t len)
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
static bool decompress(void *out, size_t room, const void *in, size_t len)
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

void object_put_hash(struct buf *out, uint8_t hash[HASH_LEN])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(out->data, out->len));
	memcpy(hash, canonical.digest, HASH_LEN);
	buf_put(out, hash, HASH_LEN);
}

/* The hash of an object whose last bytes say that it is that. */
static bool hash_holds(const uint8_t *bytes, size_t len)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len - HASH_LEN));
	return memcmp(canonical.digest, bytes + len - HASH_LEN, HASH_LEN) == 0;
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
	size_t n = compress(scratch, page_size - page_size / 8, image, page_size);
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
		if (!decompress(image, page_size, stored, entry->len))
			return false;
		break;
	case PAGE_ZERO:
		memset(image, 0, page_size);
		return true; /* nothing was stored that could be wrong */
	}
	return page_sum(pgno, image, page_size) == entry->sum;
}

static void put_entry(struct buf *out, const struct page_entry *e, uint32_t add_offset)
{
	buf_put_u32(out, e->object);
	buf_put_u32(out, e->encoding == PAGE_ZERO ? 0 : e->offset + add_offset);
	buf_put_u32(out, (uint32_t)e->encoding << 24 | e->len);
	buf_put_u32(out, e->sum);
}

static void get_entry(const uint8_t *p, struct page_entry *out)
{
	uint32_t word = get_u32(p + 8);

	out->object = get_u32(p);
	out->offset = get_u32(p + 4);
	out->encoding = (uint8_t)(word >> 24);
	out->len = word & 0xffffff;
	out->sum = get_u32(p + 12);
}

/* Do the numbers of an entry make sense for pages of that size? */
static bool entry_valid(const struct page_entry *e, uint32_t page_size, uint32_t n_objects)
{
	switch (e->encoding) {
	case PAGE_RAW:
		return e->len == page_size && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_ZSTD:
		return e->len > 0 && e->len < page_size && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_ZERO:
		return e->len == 0;
	default:
		return false;
	}
}

static bool damaged(struct error *err, const char *name, const char *what)
{
	error_set(err, "object \"%s\" is damaged: %s", name, what);
	return false;
}

/* Is it an object of that kind, and of a version that we know? */
static bool begin_ok(const uint8_t *bytes, size_t len, const char *magic, const char *name,
		     struct error *err)
{
	if (len < 6 || memcmp(bytes, magic, 4) != 0)
		return damaged(err, name, "it does not begin as it must");
	if (get_u16(bytes + 4) != FORMAT_VERSION) {
		error_set(err, "object \"%s\" has format version %u", name,
			  (unsigned)get_u16(bytes + 4));
		error_hint(err, "A newer pgblob wrote it. This one reads version %d.",
			   FORMAT_VERSION);
		return false;
	}
	return true;
}

void commit_put_head(struct buf *out, const struct commit_head *head,
		     const pgno_t *pgnos, const struct page_entry *entries)
{
	size_t begin = out->len;
	size_t pages_at = COMMIT_HEAD_LEN + (size_t)ID_LEN * head->n_segments +
			  (size_t)COMMIT_ENTRY_LEN * head->n_entries + head->messages_len +
			  SUM_LEN;

	if (pages_at + head->pages_len + HASH_LEN > COMMIT_MAX) {
		out->failed = true;
		return;
	}
	buf_put(out, "PGBC", 4);
	buf_put_u16(out, FORMAT_VERSION);
	buf_put_byte(out, (char)head->kind);
	buf_put_byte(out, 0);
	buf_put_u64(out, head->lsn);
	buf_put(out, head->db_id, ID_LEN);
	buf_put(out, head->nonce, ID_LEN);
	buf_put(out, head->previous, HASH_LEN);
	buf_put_u64(out, (uint64_t)head->time_us);
	buf_put_u32(out, head->page_size);
	buf_put_u32(out, head->page_count);
	buf_put_u32(out, head->n_segments);
	buf_put_u32(out, head->n_entries);
	buf_put_u32(out, head->messages_len);
	buf_put_u32(out, head->pages_len);
	buf_put(out, head->header, PAGE_HEADER_LEN);
	buf_put(out, head->segments, (size_t)ID_LEN * head->n_segments);
	for (uint32_t i = 0; i < head->n_entries; i++) {
		buf_put_u32(out, pgnos[i]);
		put_entry(out, &entries[i], entries[i].object == 0 ? (uint32_t)pages_at : 0);
	}
	buf_put(out, head->messages, head->messages_len);
	if (!out->failed)
		buf_put_u32(out, sum_of(out->data + begin, out->len - begin));
	assert(out->failed || out->len - begin == pages_at);
}

bool commit_peek(const uint8_t *bytes, size_t len, const char *name,
		 struct commit_head *out, struct error *err)
{
	struct commit_head h = { 0 };

	if (!begin_ok(bytes, len, "PGBC", name, err))
		return false;
	if (len < COMMIT_HEAD_LEN)
		return damaged(err, name, "it is too short");
	if (bytes[6] < COMMIT_NORMAL || bytes[6] > COMMIT_DROPPED)
		return damaged(err, name, "unknown kind of commit");
	h.kind = (enum commit_kind)bytes[6];
	h.lsn = get_u64(bytes + 8);
	memcpy(h.db_id, bytes + 16, ID_LEN);
	memcpy(h.nonce, bytes + 32, ID_LEN);
	memcpy(h.previous, bytes + 48, HASH_LEN);
	h.time_us = (int64_t)get_u64(bytes + 64);
	h.page_size = get_u32(bytes + 72);
	h.page_count = get_u32(bytes + 76);
	h.n_segments = get_u32(bytes + 80);
	h.n_entries = get_u32(bytes + 84);
	h.messages_len = get_u32(bytes + 88);
	h.pages_len = get_u32(bytes + 92);
	memcpy(h.header, bytes + 96, PAGE_HEADER_LEN);
	if (h.lsn == 0 || h.lsn >> 47 != 0)
		return damaged(err, name, "impossible lsn");
	if (h.page_size == 0 ? h.page_count != 0 : !page_size_valid(h.page_size))
		return damaged(err, name, "impossible page size");
	*out = h;
	return true;
}

bool commit_parse(const uint8_t *bytes, size_t len, const char *name,
		  struct commit_head *out, struct error *err)
{
	struct commit_head h;

	if (!commit_peek(bytes, len, name, &h, err))
		return false;
	/* 64 bits hold the sum of these products, whatever the numbers are */
	uint64_t pages_at = COMMIT_HEAD_LEN + (uint64_t)ID_LEN * h.n_segments +
			    (uint64_t)COMMIT_ENTRY_LEN * h.n_entries + h.messages_len + SUM_LEN;
	if (pages_at + h.pages_len + HASH_LEN != len || len > COMMIT_MAX)
		return damaged(err, name, "its length is not what it says");
	if (!hash_holds(bytes, len) ||
	    sum_of(bytes, pages_at - SUM_LEN) != get_u32(bytes + pages_at - SUM_LEN))
		return damaged(err, name, "its checksum does not hold");
	h.segments = bytes + COMMIT_HEAD_LEN;
	h.entries = h.segments + (size_t)ID_LEN * h.n_segments;
	h.messages = h.entries + (size_t)COMMIT_ENTRY_LEN * h.n_entries;
	h.pages_at = (uint32_t)pages_at;
	memcpy(h.hash, bytes + len - HASH_LEN, HASH_LEN);
	pgno_t last = 0;
	for (uint32_t i = 0; i < h.n_entries; i++) {
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&h, i, &pgno, &e);
		if (pgno <= last || pgno > h.page_count)
			return damaged(err, name, "pages out of order");
		last = pgno;
		if (!entry_valid(&e, h.page_size, h.n_segments + 1))
			return damaged(err, name, "impossible page entry");
		if (e.object == 0 && e.encoding != PAGE_ZERO &&
		    (e.offset < pages_at || e.offset + (uint64_t)e.len > len - HASH_LEN))
			return damaged(err, name, "a page lies outside");
	}
	*out = h;
	return true;
}

void commit_entry(const struct commit_head *head, uint32_t i, pgno_t *pgno,
		  struct page_entry *out)
{
	const uint8_t *p = head->entries + (size_t)COMMIT_ENTRY_LEN * i;

	*pgno = get_u32(p);
	get_entry(p + 4, out);
}

void segment_put_head(struct buf *out, const uint8_t db_id[ID_LEN], const uint8_t id[ID_LEN])
{
	buf_put(out, "PGBS", 4);
	buf_put_u16(out, FORMAT_VERSION);
	buf_put_u16(out, 0);
	buf_put(out, db_id, ID_LEN);
	buf_put(out, id, ID_LEN);
	buf_put_u32(out, 0); /* both are known at the end */
	buf_put_u32(out, 0);
}

void segment_put_index(struct buf *out, const pgno_t *pgnos, const struct page_entry *entries,
		       uint32_t n)
{
	uint8_t hash[HASH_LEN];

	if (out->failed)
		return;
	set_u32(out->data + 40, n);
	set_u32(out->data + 44, (uint32_t)out->len);
	for (uint32_t i = 0; i < n; i++) {
		buf_put_u32(out, pgnos[i]);
		put_entry(out, &entries[i], 0);
	}
	if (!out->failed)
		object_put_hash(out, hash);
}

bool segment_check(const uint8_t *bytes, size_t len, const char *name, uint32_t page_size,
		   struct error *err)
{
	uint8_t *image;
	bool ok = true;

	if (!begin_ok(bytes, len, "PGBS", name, err))
		return false;
	if (len < SEGMENT_HEAD_LEN + HASH_LEN || len > SEGMENT_MAX)
		return damaged(err, name, "impossible length");
	if (!hash_holds(bytes, len))
		return damaged(err, name, "its checksum does not hold");
	uint32_t n = get_u32(bytes + 40);
	uint32_t at = get_u32(bytes + 44);
	if (at < SEGMENT_HEAD_LEN || at + (uint64_t)COMMIT_ENTRY_LEN * n + HASH_LEN != len)
		return damaged(err, name, "its index is not where it says");
	if (!page_size_valid(page_size))
		return damaged(err, name, "impossible page size");
	image = malloc(page_size);
	if (image == NULL)
		return error_no_memory(err);
	for (uint32_t i = 0; ok && i < n; i++) {
		const uint8_t *p = bytes + at + (size_t)COMMIT_ENTRY_LEN * i;
		struct page_entry e;

		get_entry(p + 4, &e);
		if (!entry_valid(&e, page_size, 1) || (uint64_t)e.offset + e.len > at ||
		    !page_decode(get_u32(p), &e, bytes + e.offset, page_size, image))
			ok = damaged(err, name, "a page does not match its checksum");
	}
	free(image);
	return ok;
}

static size_t manifest_head_len(const struct manifest_head *head)
{
	return MANIFEST_HEAD_LEN + (size_t)OBJECT_LEN * head->n_objects +
	       (size_t)CHUNK_LEN * head->n_chunks + SUM_LEN;
}

static uint32_t chunks_of(uint32_t page_count)
{
	return page_count / MANIFEST_CHUNK_PAGES + (page_count % MANIFEST_CHUNK_PAGES != 0);
}

void manifest_begin(struct buf *out, const struct manifest_head *head,
		    const struct manifest_object *objects)
{
	assert(head->n_chunks == chunks_of(head->page_count));
	buf_put(out, "PGBM", 4);
	buf_put_u16(out, FORMAT_VERSION);
	buf_put_byte(out, (char)(head->kind == COMMIT_DROPPED ? COMMIT_DROPPED : COMMIT_NORMAL));
	buf_put_byte(out, 0);
	buf_put_u64(out, head->lsn);
	buf_put(out, head->db_id, ID_LEN);
	buf_put(out, head->hash, HASH_LEN);
	buf_put_u64(out, (uint64_t)head->time_us);
	buf_put_u32(out, head->page_size);
	buf_put_u32(out, head->page_count);
	buf_put_u32(out, head->n_objects);
	buf_put_u32(out, head->n_chunks);
	buf_put(out, head->header, PAGE_HEADER_LEN);
	for (uint32_t i = 0; i < head->n_objects; i++) {
		const struct manifest_object *o = &objects[i];
		uint8_t id[ID_LEN] = { 0 };

		if (o->kind == OBJECT_SLOT)
			set_u64(id + 8, o->lsn);
		else
			memcpy(id, o->id, ID_LEN);
		buf_put_byte(out, (char)o->kind);
		buf_put(out, "\0\0\0\0\0\0", 7);
		buf_put(out, id, ID_LEN);
	}
	char *rest = buf_extend(out, (size_t)CHUNK_LEN * head->n_chunks + SUM_LEN);
	if (rest != NULL)
		memset(rest, 0, (size_t)CHUNK_LEN * head->n_chunks + SUM_LEN);
}

void manifest_put_chunk(struct buf *out, const struct manifest_head *head, uint32_t chunk,
			const struct page_entry *entries, uint32_t n)
{
	struct buf raw = BUF_INIT((size_t)ENTRY_LEN * MANIFEST_CHUNK_PAGES);
	size_t at = out->len;

	for (uint32_t i = 0; i < n; i++)
		put_entry(&raw, &entries[i], 0);
	size_t bound = ZSTD_compressBound(raw.len);
	char *room = raw.failed ? NULL : buf_extend(out, bound);
	if (room == NULL) {
		out->failed = true;
		buf_free(&raw);
		return;
	}
	size_t len = compress(room, bound, raw.data, raw.len);
	buf_free(&raw);
	if (len == 0) {
		out->failed = true;
		return;
	}
	out->len = at + len;
	char *p = out->data + MANIFEST_HEAD_LEN + (size_t)OBJECT_LEN * head->n_objects +
		  (size_t)CHUNK_LEN * chunk;
	set_u64(p, at);
	set_u32(p + 8, (uint32_t)len);
	set_u32(p + 12, sum_of(out->data + at, len));
}

void manifest_end(struct buf *out, const struct manifest_head *head)
{
	uint8_t hash[HASH_LEN];
	size_t head_len = manifest_head_len(head);

	if (out->failed)
		return;
	set_u32(out->data + head_len - SUM_LEN, sum_of(out->data, head_len - SUM_LEN));
	object_put_hash(out, hash);
}

bool manifest_peek(const uint8_t *bytes, size_t len, const char *name,
		   struct manifest_head *out, struct error *err)
{
	struct manifest_head h = { 0 };

	if (!begin_ok(bytes, len, "PGBM", name, err))
		return false;
	if (len < MANIFEST_HEAD_LEN)
		return damaged(err, name, "it is too short");
	if (bytes[6] != COMMIT_NORMAL && bytes[6] != COMMIT_DROPPED)
		return damaged(err, name, "unknown kind of manifest");
	h.kind = (enum commit_kind)bytes[6];
	h.lsn = get_u64(bytes + 8);
	memcpy(h.db_id, bytes + 16, ID_LEN);
	memcpy(h.hash, bytes + 32, HASH_LEN);
	h.time_us = (int64_t)get_u64(bytes + 48);
	h.page_size = get_u32(bytes + 56);
	h.page_count = get_u32(bytes + 60);
	h.n_objects = get_u32(bytes + 64);
	h.n_chunks = get_u32(bytes + 68);
	memcpy(h.header, bytes + 72, PAGE_HEADER_LEN);
	if (h.lsn == 0 || h.lsn >> 47 != 0)
		return damaged(err, name, "impossible lsn");
	if (h.page_size == 0 ? h.page_count != 0 : !page_size_valid(h.page_size))
		return damaged(err, name, "impossible page size");
	if (h.n_chunks != chunks_of(h.page_count))
		return damaged(err, name, "wrong number of chunks");
	*out = h;
	return true;
}

bool manifest_parse(const uint8_t *bytes, size_t len, const char *name,
		    struct manifest_head *out, struct error *err)
{
	struct manifest_head h;

	if (!manifest_peek(bytes, len, name, &h, err))
		return false;
	uint64_t head_len = MANIFEST_HEAD_LEN + (uint64_t)OBJECT_LEN * h.n_objects +
			    (uint64_t)CHUNK_LEN * h.n_chunks + SUM_LEN;
	if (len < HASH_LEN || head_len > len - HASH_LEN || len > MANIFEST_MAX)
		return damaged(err, name, "its length is not what it says");
	if (sum_of(bytes, head_len - SUM_LEN) != get_u32(bytes + head_len - SUM_LEN) ||
	    !hash_holds(bytes, len))
		return damaged(err, name, "its checksum does not hold");
	h.objects = bytes + MANIFEST_HEAD_LEN;
	h.chunks = h.objects + (size_t)OBJECT_LEN * h.n_objects;
	for (uint32_t i = 0; i < h.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&h, i, &o);
		if (o.kind != OBJECT_SLOT && o.kind != OBJECT_SEGMENT)
			return damaged(err, name, "unknown kind of object");
		if (o.kind == OBJECT_SLOT && (o.lsn == 0 || o.lsn > h.lsn))
			return damaged(err, name, "impossible slot");
	}
	*out = h;
	return true;
}

void manifest_object_at(const struct manifest_head *head, uint32_t i,
			struct manifest_object *out)
{
	const uint8_t *p = head->objects + (size_t)OBJECT_LEN * i;

	out->kind = (enum object_kind)p[0];
	memcpy(out->id, p + 8, ID_LEN);
	out->lsn = get_u64(p + 16);
}

bool manifest_chunk(const uint8_t *bytes, size_t len, const char *name,
		    const struct manifest_head *head, uint32_t chunk,
		    struct page_entry *out, uint32_t *n, struct error *err)
{
	const uint8_t *p = head->chunks + (size_t)CHUNK_LEN * chunk;
	uint64_t at = get_u64(p);
	uint32_t stored = get_u32(p + 8);
	uint32_t pages = head->page_count - chunk * MANIFEST_CHUNK_PAGES;
	bool ok = true;

	if (pages > MANIFEST_CHUNK_PAGES)
		pages = MANIFEST_CHUNK_PAGES;
	if (at > len || stored > len - at)
		return damaged(err, name, "a chunk lies outside");
	if (sum_of(bytes + at, stored) != get_u32(p + 12))
		return damaged(err, name, "the checksum of a chunk does not hold");
	size_t raw_len = (size_t)ENTRY_LEN * pages;
	uint8_t *raw = malloc(raw_len);
	if (raw == NULL)
		return error_no_memory(err);
	if (!decompress(raw, raw_len, bytes + at, stored))
		ok = damaged(err, name, "a chunk has the wrong length");
	for (uint32_t i = 0; ok && i < pages; i++) {
		get_entry(raw + (size_t)ENTRY_LEN * i, &out[i]);
		if (!entry_valid(&out[i], head->page_size, head->n_objects))
			ok = damaged(err, name, "impossible page entry");
	}
	free(raw);
	*n = pages;
	return ok;
}
