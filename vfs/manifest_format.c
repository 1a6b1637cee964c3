/*
 * manifest_format.c - the bytes of manifests
 *
 * FORMAT   README.md, "Format".
 * INVARIANTS
 *   (1) What a parser let through can be used without further checks.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/format_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "vfs/key.h"

enum { HEAD_LEN_1 = 172, CHUNK_LEN = 16 };

uint32_t manifest_chunks(uint32_t page_count)
{
	return page_count / MANIFEST_CHUNK_PAGES + (page_count % MANIFEST_CHUNK_PAGES != 0);
}

/* Where the directory of chunks begins. */
static uint64_t directory_at(const struct manifest_head *head)
{
	return (head->version == 1 ? HEAD_LEN_1 : MANIFEST_HEAD_LEN) + (uint64_t)head->origins_len +
	       (uint64_t)OBJECT_ENTRY_LEN * head->n_objects;
}

uint64_t manifest_head_len(const struct manifest_head *head)
{
	return directory_at(head) + (uint64_t)CHUNK_LEN * head->n_chunks + SUM_LEN;
}

void manifest_begin(struct buf *out, struct manifest_head *head, const char *const *origins,
		    const struct manifest_object *objects)
{
	assert(head->n_chunks == manifest_chunks(head->page_count));
	head->version = MANIFEST_VERSION;
	head->origins_len = 0;
	for (uint32_t i = 0; i < head->n_origins; i++)
		head->origins_len += 1 + (uint32_t)strlen(origins[i]);
	buf_put(out, "PGBM", 4);
	buf_put_u16(out, MANIFEST_VERSION);
	buf_put_byte(out, (char)(head->kind == COMMIT_DROPPED ? COMMIT_DROPPED : COMMIT_NORMAL));
	buf_put_byte(out, (char)head->n_restores);
	buf_put_u64(out, head->lsn);
	buf_put(out, head->db_id, ID_LEN);
	buf_put(out, head->hash, HASH_LEN);
	buf_put_u64(out, (uint64_t)head->time_us);
	buf_put_u32(out, head->page_size);
	buf_put_u32(out, head->page_count);
	buf_put_u32(out, head->n_objects);
	buf_put_u32(out, head->n_chunks);
	buf_put(out, head->header, PAGE_HEADER_LEN);
	buf_put_u64(out, head->previous);
	buf_put_u32(out, head->n_origins);
	buf_put_u32(out, head->origins_len);
	for (uint32_t i = 0; i < head->n_origins; i++) {
		buf_put_byte(out, (char)strlen(origins[i]));
		buf_put_str(out, origins[i]);
	}
	for (uint32_t i = 0; i < head->n_objects; i++)
		format_put_object(out, &objects[i]);
	char *rest = buf_extend(out, (size_t)CHUNK_LEN * head->n_chunks + SUM_LEN);
	if (rest != NULL)
		memset(rest, 0, (size_t)CHUNK_LEN * head->n_chunks + SUM_LEN);
}

/*
 * The columns of a chunk, each byte of a number in a plane of its own, the highest
 * first: what is the same or nearly so for many pages lies together.
 */
enum { COL_ENCODING = 0, COL_OBJECT = 1, COL_OFFSET = 5, COL_LEN = 9, COL_SUM = 12, COL_END = 16 };

static void put_number(uint8_t *raw, uint32_t n, uint32_t i, unsigned column, unsigned bytes,
		       uint32_t value)
{
	for (unsigned b = 0; b < bytes; b++)
		raw[(size_t)n * (column + b) + i] = (uint8_t)(value >> 8 * (bytes - 1 - b));
}

static uint32_t get_number(const uint8_t *raw, uint32_t n, uint32_t i, unsigned column,
			   unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned b = 0; b < bytes; b++)
		value = value << 8 | raw[(size_t)n * (column + b) + i];
	return value;
}

/* Where the page behind the last one would lie if it followed it. */
struct place {
	uint32_t object;
	uint32_t end;
};

static void put_columns(uint8_t *raw, const struct page_entry *entries, uint32_t n)
{
	struct place last = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		const struct page_entry *e = &entries[i];
		bool zero = e->encoding == PAGE_ZERO;

		if (!zero && e->object != last.object)
			last = (struct place){ e->object, 0 };
		raw[i] = e->encoding;
		put_number(raw, n, i, COL_OBJECT, 4, last.object);
		put_number(raw, n, i, COL_OFFSET, 4, zero ? 0 : e->offset - last.end);
		put_number(raw, n, i, COL_LEN, 3, zero ? 0 : e->len);
		put_number(raw, n, i, COL_SUM, 4, zero || page_is_summed(e->encoding) ? 0 : e->sum);
		if (!zero)
			last.end = e->offset + e->len;
	}
}

static void get_columns(const uint8_t *raw, struct page_entry *out, uint32_t n)
{
	struct place last = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct page_entry *e = &out[i];

		*e = (struct page_entry){ .encoding = raw[i] };
		if (e->encoding == PAGE_ZERO)
			continue;
		e->object = get_number(raw, n, i, COL_OBJECT, 4);
		if (e->object != last.object)
			last = (struct place){ e->object, 0 };
		e->offset = last.end + get_number(raw, n, i, COL_OFFSET, 4);
		e->len = get_number(raw, n, i, COL_LEN, 3);
		e->sum = get_number(raw, n, i, COL_SUM, 4);
		last.end = e->offset + e->len;
	}
}

void manifest_put_chunk(struct buf *out, const struct manifest_head *head, uint32_t chunk,
			const struct page_entry *entries, uint32_t n)
{
	size_t raw_len = (size_t)COL_END * n;
	size_t bound = ZSTD_compressBound(raw_len);
	uint8_t *raw = malloc(raw_len);
	size_t at = out->len;
	char *room = raw == NULL ? NULL : buf_extend(out, bound);

	if (room == NULL) {
		out->failed = true;
		free(raw);
		return;
	}
	put_columns(raw, entries, n);
	size_t len = bytes_compress(room, bound, raw, raw_len, PACK_THOROUGH);
	free(raw);
	if (len == 0) {
		out->failed = true;
		return;
	}
	out->len = at + len;
	char *p = out->data + directory_at(head) + (size_t)CHUNK_LEN * chunk;
	set_u64(p, at);
	set_u32(p + 8, (uint32_t)len);
	set_u32(p + 12, format_sum(out->data + at, len));
}

void manifest_end(struct buf *out, const struct manifest_head *head)
{
	uint8_t hash[HASH_LEN];
	size_t head_len = manifest_head_len(head);

	if (out->failed)
		return;
	set_u32(out->data + head_len - SUM_LEN, format_sum(out->data, head_len - SUM_LEN));
	object_put_hash(out, hash);
}

bool manifest_peek(const uint8_t *bytes, size_t len, const char *name,
		   struct manifest_head *out, struct error *err)
{
	struct manifest_head h = { 0 };

	if (!format_begin_ok(bytes, len, "PGBM", MANIFEST_VERSION, name, err))
		return false;
	if (len < MANIFEST_HEAD_LEN)
		return format_damaged(err, name, "it is too short");
	if (bytes[6] != COMMIT_NORMAL && bytes[6] != COMMIT_DROPPED)
		return format_damaged(err, name, "unknown kind of manifest");
	h.version = get_u16(bytes + 4);
	h.kind = (enum commit_kind)bytes[6];
	h.n_restores = bytes[7];
	h.lsn = get_u64(bytes + 8);
	memcpy(h.db_id, bytes + 16, ID_LEN);
	memcpy(h.hash, bytes + 32, HASH_LEN);
	h.time_us = (int64_t)get_u64(bytes + 48);
	h.page_size = get_u32(bytes + 56);
	h.page_count = get_u32(bytes + 60);
	h.n_objects = get_u32(bytes + 64);
	h.n_chunks = get_u32(bytes + 68);
	memcpy(h.header, bytes + 72, PAGE_HEADER_LEN);
	if (h.version > 1) {
		h.previous = get_u64(bytes + 172);
		h.n_origins = get_u32(bytes + 180);
		h.origins_len = get_u32(bytes + 184);
	}
	if (h.lsn == 0 || h.lsn >> LSN_BITS != 0)
		return format_damaged(err, name, "impossible lsn");
	if (h.page_size == 0 ? h.page_count != 0 : !page_size_valid(h.page_size))
		return format_damaged(err, name, "impossible page size");
	if (h.n_chunks != manifest_chunks(h.page_count))
		return format_damaged(err, name, "wrong number of chunks");
	if (h.previous >= h.lsn || h.n_origins > UINT16_MAX)
		return format_damaged(err, name, "impossible head");
	*out = h;
	return true;
}

/* Does each origin name a folder, and is nothing left over? */
static bool origins_valid(const struct manifest_head *h)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < h->n_origins; i++) {
		char name[DB_NAME_MAX + 1];

		if (at >= h->origins_len || h->origins[at] > h->origins_len - at - 1 ||
		    !db_name_decode((const char *)h->origins + at + 1, h->origins[at], name))
			return false;
		at += 1u + h->origins[at];
	}
	return at == h->origins_len;
}

const char *manifest_origin_next(const struct manifest_head *head, uint32_t *at, size_t *len)
{
	const uint8_t *p = head->origins + *at;

	*len = p[0];
	*at += 1u + p[0];
	return (const char *)p + 1;
}

bool manifest_parse_head(const uint8_t *bytes, size_t len, const char *name,
			 struct manifest_head *out, struct error *err)
{
	struct manifest_head h;

	if (!manifest_peek(bytes, len, name, &h, err))
		return false;
	uint64_t head_len = manifest_head_len(&h);
	if (head_len > len)
		return format_damaged(err, name, "its length is not what it says");
	if (format_sum(bytes, head_len - SUM_LEN) != get_u32(bytes + head_len - SUM_LEN))
		return format_damaged(err, name, "its checksum does not hold");
	h.chunks = bytes + directory_at(&h);
	h.objects = h.chunks - (size_t)OBJECT_ENTRY_LEN * h.n_objects;
	h.origins = h.objects - h.origins_len;
	if (!origins_valid(&h))
		return format_damaged(err, name, "impossible origin");
	for (uint32_t i = 0; i < h.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&h, i, &o);
		if (!format_object_valid(&o, h.lsn + 1) || o.origin > h.n_origins)
			return format_damaged(err, name, "impossible object entry");
	}
	*out = h;
	return true;
}

bool manifest_parse(const uint8_t *bytes, size_t len, const char *name,
		    struct manifest_head *out, struct error *err)
{
	struct manifest_head h;

	if (!manifest_parse_head(bytes, len, name, &h, err))
		return false;
	if (len > MANIFEST_MAX || len - manifest_head_len(&h) < HASH_LEN)
		return format_damaged(err, name, "its length is not what it says");
	if (!format_hash_holds(bytes, len))
		return format_damaged(err, name, "its checksum does not hold");
	*out = h;
	return true;
}

void manifest_object_at(const struct manifest_head *head, uint32_t i,
			struct manifest_object *out)
{
	format_get_object(head->objects + (size_t)OBJECT_ENTRY_LEN * i, out);
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
		return format_damaged(err, name, "a chunk lies outside");
	if (format_sum(bytes + at, stored) != get_u32(p + 12))
		return format_damaged(err, name, "the checksum of a chunk does not hold");
	size_t raw_len = (size_t)COL_END * pages;
	uint8_t *raw = malloc(raw_len);
	if (raw == NULL)
		return error_no_memory(err);
	if (!bytes_decompress(raw, raw_len, bytes + at, stored)) {
		ok = format_damaged(err, name, "a chunk has the wrong length");
	} else if (head->version > 1) {
		get_columns(raw, out, pages);
	} else {
		for (uint32_t i = 0; i < pages; i++)
			format_get_entry(raw + (size_t)ENTRY_LEN * i, &out[i]);
	}
	for (uint32_t i = 0; ok && i < pages; i++) {
		if (!format_entry_valid(&out[i], head->page_size, head->n_objects))
			ok = format_damaged(err, name, "impossible page entry");
		else if (page_is_summed(out[i].encoding))
			out[i].sum = segment_sum(head->objects +
						 (size_t)OBJECT_ENTRY_LEN * out[i].object + 8);
	}
	free(raw);
	*n = pages;
	return ok;
}
