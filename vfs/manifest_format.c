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

enum { OBJECT_LEN = 24, CHUNK_LEN = 16 };

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
	buf_put_u16(out, MANIFEST_VERSION);
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
		format_put_entry(&raw, &entries[i], 0);
	size_t bound = ZSTD_compressBound(raw.len);
	char *room = raw.failed ? NULL : buf_extend(out, bound);
	if (room == NULL) {
		out->failed = true;
		buf_free(&raw);
		return;
	}
	size_t len = bytes_compress(room, bound, raw.data, raw.len);
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
		return format_damaged(err, name, "impossible lsn");
	if (h.page_size == 0 ? h.page_count != 0 : !page_size_valid(h.page_size))
		return format_damaged(err, name, "impossible page size");
	if (h.n_chunks != chunks_of(h.page_count))
		return format_damaged(err, name, "wrong number of chunks");
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
		return format_damaged(err, name, "its length is not what it says");
	if (format_sum(bytes, head_len - SUM_LEN) != get_u32(bytes + head_len - SUM_LEN) ||
	    !format_hash_holds(bytes, len))
		return format_damaged(err, name, "its checksum does not hold");
	h.objects = bytes + MANIFEST_HEAD_LEN;
	h.chunks = h.objects + (size_t)OBJECT_LEN * h.n_objects;
	for (uint32_t i = 0; i < h.n_objects; i++) {
		struct manifest_object o;

		manifest_object_at(&h, i, &o);
		if (o.kind != OBJECT_SLOT && o.kind != OBJECT_SEGMENT)
			return format_damaged(err, name, "unknown kind of object");
		if (o.kind == OBJECT_SLOT && (o.lsn == 0 || o.lsn > h.lsn))
			return format_damaged(err, name, "impossible slot");
	}
	*out = h;
	return true;
}

void manifest_object_at(const struct manifest_head *head, uint32_t i,
			struct manifest_object *out)
{
	const uint8_t *p = head->objects + (size_t)OBJECT_LEN * i;

	out->kind = (enum object_kind)p[0];
	out->origin = 0;
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
		return format_damaged(err, name, "a chunk lies outside");
	if (format_sum(bytes + at, stored) != get_u32(p + 12))
		return format_damaged(err, name, "the checksum of a chunk does not hold");
	size_t raw_len = (size_t)ENTRY_LEN * pages;
	uint8_t *raw = malloc(raw_len);
	if (raw == NULL)
		return error_no_memory(err);
	if (!bytes_decompress(raw, raw_len, bytes + at, stored))
		ok = format_damaged(err, name, "a chunk has the wrong length");
	for (uint32_t i = 0; ok && i < pages; i++) {
		format_get_entry(raw + (size_t)ENTRY_LEN * i, &out[i]);
		if (!format_entry_valid(&out[i], head->page_size, head->n_objects))
			ok = format_damaged(err, name, "impossible page entry");
	}
	free(raw);
	*n = pages;
	return ok;
}
