/*
 * format.c - the bytes of commit objects and segments
 *
 * FORMAT   README.md, "Format".
 * INVARIANTS
 *   (1) What a parser let through can be used without further checks: sizes,
 *       offsets, lengths and object numbers are within their bounds.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/format_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

uint32_t format_sum(const void *bytes, size_t len)
{
	return (uint32_t)XXH3_64bits(bytes, len);
}

void object_put_hash(struct buf *out, uint8_t hash[HASH_LEN])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(out->data, out->len));
	memcpy(hash, canonical.digest, HASH_LEN);
	buf_put(out, hash, HASH_LEN);
}

/* The hash of an object whose last bytes say that it is that. */
bool format_hash_holds(const uint8_t *bytes, size_t len)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len - HASH_LEN));
	return memcmp(canonical.digest, bytes + len - HASH_LEN, HASH_LEN) == 0;
}

void format_put_entry(struct buf *out, const struct page_entry *e, uint32_t add_offset)
{
	buf_put_u32(out, e->object);
	buf_put_u32(out, e->encoding == PAGE_ZERO ? 0 : e->offset + add_offset);
	buf_put_u32(out, (uint32_t)e->encoding << 24 | e->len);
	buf_put_u32(out, e->sum);
}

void format_get_entry(const uint8_t *p, struct page_entry *out)
{
	uint32_t word = get_u32(p + 8);

	out->object = get_u32(p);
	out->offset = get_u32(p + 4);
	out->encoding = (uint8_t)(word >> 24);
	out->len = word & 0xffffff;
	out->sum = get_u32(p + 12);
}

enum { OBJECT_HELD = 1 }; /* flag of an object entry */

void format_put_object(struct buf *out, const struct manifest_object *o)
{
	uint8_t id[ID_LEN] = { 0 };

	if (o->kind == OBJECT_SLOT)
		set_u64(id + 8, o->lsn);
	else
		memcpy(id, o->id, ID_LEN);
	buf_put_byte(out, (char)o->kind);
	buf_put_byte(out, o->held ? OBJECT_HELD : 0);
	buf_put_u16(out, o->origin);
	buf_put_u32(out, o->size);
	buf_put(out, id, ID_LEN);
}

void format_get_object(const uint8_t *p, struct manifest_object *out)
{
	out->kind = (enum object_kind)p[0];
	out->held = (p[1] & OBJECT_HELD) != 0;
	out->origin = get_u16(p + 2);
	out->size = get_u32(p + 4);
	memcpy(out->id, p + 8, ID_LEN);
	out->lsn = get_u64(p + 16);
}

bool format_object_valid(const struct manifest_object *o, uint64_t end)
{
	switch (o->kind) {
	case OBJECT_SLOT:
		return get_u64(o->id) == 0 && o->lsn != 0 && o->lsn >> LSN_BITS == 0 &&
		       (o->origin != 0 || o->lsn < end);
	case OBJECT_SEGMENT:
		return true;
	}
	return false;
}

/* Do the numbers of an entry make sense for pages of that size? */
bool format_entry_valid(const struct page_entry *e, uint32_t page_size, uint64_t n_objects)
{
	switch (e->encoding) {
	case PAGE_RAW:
		return e->len == page_size && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_ZSTD:
		return e->len > 0 && e->len < page_size && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_RAW_SUMMED:
		return e->len == page_size + SUM_LEN && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_ZSTD_SUMMED:
		return e->len > SUM_LEN && e->len < page_size + SUM_LEN && e->object < n_objects &&
		       e->offset <= UINT32_MAX - e->len;
	case PAGE_ZERO:
		return e->len == 0;
	default:
		return false;
	}
}

bool format_delta_valid(const struct page_entry *e, uint32_t page_size)
{
	return page_is_delta(e->encoding) && e->object == 0 && e->len >= BASE_LEN + SUM_LEN &&
	       e->len < page_size && e->offset <= UINT32_MAX - e->len;
}

bool format_damaged(struct error *err, const char *name, const char *what)
{
	error_set(err, "object \"%s\" is damaged: %s", name, what);
	return false;
}

bool format_begin_ok(const uint8_t *bytes, size_t len, const char *magic, unsigned newest,
		     const char *name, struct error *err)
{
	if (len < 6 || memcmp(bytes, magic, 4) != 0 || get_u16(bytes + 4) == 0)
		return format_damaged(err, name, "it does not begin as it must");
	if (get_u16(bytes + 4) > newest) {
		error_set(err, "object \"%s\" has format version %u", name,
			  (unsigned)get_u16(bytes + 4));
		error_hint(err, "A newer pgblob wrote it. This one reads versions up to %u.",
			   newest);
		return false;
	}
	return true;
}

bool format_whole_ok(const uint8_t *bytes, size_t len, const char *magic, unsigned newest,
		     size_t least, size_t most, const char *name, struct error *err)
{
	if (!format_begin_ok(bytes, len, magic, newest, name, err))
		return false;
	if (len < least || len > most)
		return format_damaged(err, name, "impossible length");
	return format_hash_holds(bytes, len) ||
	       format_damaged(err, name, "its checksum does not hold");
}

static uint64_t object_entry_len(const struct commit_head *head)
{
	return head->version == 1 ? ID_LEN : OBJECT_ENTRY_LEN;
}

void commit_put_head(struct buf *out, const struct commit_head *head,
		     const struct manifest_object *objects, const pgno_t *pgnos,
		     const struct page_entry *entries)
{
	size_t begin = out->len;
	size_t pages_at = COMMIT_HEAD_LEN + (size_t)OBJECT_ENTRY_LEN * head->n_objects +
			  (size_t)COMMIT_ENTRY_LEN * head->n_entries + head->messages_len +
			  SUM_LEN;

	if (pages_at + head->pages_len + HASH_LEN > COMMIT_MAX) {
		out->failed = true;
		return;
	}
	buf_put(out, "PGBC", 4);
	buf_put_u16(out, COMMIT_VERSION);
	buf_put_byte(out, (char)head->kind);
	buf_put_byte(out, 0);
	buf_put_u64(out, head->lsn);
	buf_put(out, head->db_id, ID_LEN);
	buf_put(out, head->nonce, ID_LEN);
	buf_put(out, head->previous, HASH_LEN);
	buf_put_u64(out, (uint64_t)head->time_us);
	buf_put_u32(out, head->page_size);
	buf_put_u32(out, head->page_count);
	buf_put_u32(out, head->n_objects);
	buf_put_u32(out, head->n_entries);
	buf_put_u32(out, head->messages_len);
	buf_put_u32(out, head->pages_len);
	buf_put(out, head->header, PAGE_HEADER_LEN);
	for (uint32_t i = 0; i < head->n_objects; i++)
		format_put_object(out, &objects[i]);
	for (uint32_t i = 0; i < head->n_entries; i++) {
		buf_put_u32(out, pgnos[i]);
		format_put_entry(out, &entries[i], entries[i].object == 0 ? (uint32_t)pages_at : 0);
	}
	buf_put(out, head->messages, head->messages_len);
	if (!out->failed)
		buf_put_u32(out, format_sum(out->data + begin, out->len - begin));
	assert(out->failed || out->len - begin == pages_at);
}

bool commit_peek(const uint8_t *bytes, size_t len, const char *name,
		 struct commit_head *out, struct error *err)
{
	struct commit_head h = { 0 };

	if (!format_begin_ok(bytes, len, "PGBC", COMMIT_VERSION, name, err))
		return false;
	if (len < COMMIT_HEAD_LEN)
		return format_damaged(err, name, "it is too short");
	h.version = get_u16(bytes + 4);
	if (bytes[6] < COMMIT_NORMAL ||
	    bytes[6] > (h.version == 1 ? COMMIT_DROPPED : COMMIT_BRANCHED))
		return format_damaged(err, name, "unknown kind of commit");
	h.kind = (enum commit_kind)bytes[6];
	h.lsn = get_u64(bytes + 8);
	memcpy(h.db_id, bytes + 16, ID_LEN);
	memcpy(h.nonce, bytes + 32, ID_LEN);
	memcpy(h.previous, bytes + 48, HASH_LEN);
	h.time_us = (int64_t)get_u64(bytes + 64);
	h.page_size = get_u32(bytes + 72);
	h.page_count = get_u32(bytes + 76);
	h.n_objects = get_u32(bytes + 80);
	h.n_entries = get_u32(bytes + 84);
	h.messages_len = get_u32(bytes + 88);
	h.pages_len = get_u32(bytes + 92);
	memcpy(h.header, bytes + 96, PAGE_HEADER_LEN);
	if (h.lsn == 0 || h.lsn >> LSN_BITS != 0)
		return format_damaged(err, name, "impossible lsn");
	if (h.page_size == 0 ? h.page_count != 0 : !page_size_valid(h.page_size))
		return format_damaged(err, name, "impossible page size");
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
	uint64_t objects_len = object_entry_len(&h) * h.n_objects;
	uint64_t pages_at = COMMIT_HEAD_LEN + objects_len +
			    (uint64_t)COMMIT_ENTRY_LEN * h.n_entries + h.messages_len + SUM_LEN;
	if (pages_at + h.pages_len + HASH_LEN != len || len > COMMIT_MAX)
		return format_damaged(err, name, "its length is not what it says");
	if (!format_hash_holds(bytes, len) ||
	    format_sum(bytes, pages_at - SUM_LEN) != get_u32(bytes + pages_at - SUM_LEN))
		return format_damaged(err, name, "its checksum does not hold");
	h.objects = bytes + COMMIT_HEAD_LEN;
	h.entries = h.objects + objects_len;
	h.messages = h.entries + (size_t)COMMIT_ENTRY_LEN * h.n_entries;
	h.pages_at = (uint32_t)pages_at;
	memcpy(h.hash, bytes + len - HASH_LEN, HASH_LEN);
	for (uint32_t i = 0; i < h.n_objects; i++) {
		struct manifest_object o;

		commit_object(&h, i, &o);
		if (!format_object_valid(&o, h.lsn))
			return format_damaged(err, name, "impossible object entry");
	}
	pgno_t last = 0;
	for (uint32_t i = 0; i < h.n_entries; i++) {
		struct page_entry e;
		pgno_t pgno;

		commit_entry(&h, i, &pgno, &e);
		if (pgno <= last || pgno > h.page_count)
			return format_damaged(err, name, "pages out of order");
		last = pgno;
		if (!format_entry_valid(&e, h.page_size, (uint64_t)h.n_objects + 1) &&
		    (h.version == 1 || !format_delta_valid(&e, h.page_size)))
			return format_damaged(err, name, "impossible page entry");
		if (e.object == 0 && e.encoding != PAGE_ZERO &&
		    (e.offset < pages_at || e.offset + (uint64_t)e.len > len - HASH_LEN))
			return format_damaged(err, name, "a page lies outside");
		struct page_base base;
		if (page_is_delta(e.encoding) &&
		    (!page_delta_base(&e, bytes + e.offset, h.page_size, &base) ||
		     !format_object_valid(&base.object, h.lsn)))
			return format_damaged(err, name, "impossible base of a page");
	}
	*out = h;
	return true;
}

void commit_object(const struct commit_head *head, uint32_t i, struct manifest_object *out)
{
	const uint8_t *p = head->objects + object_entry_len(head) * i;

	if (head->version > 1) {
		format_get_object(p, out);
		return;
	}
	*out = (struct manifest_object){ .kind = OBJECT_SEGMENT };
	memcpy(out->id, p, ID_LEN);
}

void commit_entry(const struct commit_head *head, uint32_t i, pgno_t *pgno,
		  struct page_entry *out)
{
	const uint8_t *p = head->entries + (size_t)COMMIT_ENTRY_LEN * i;

	*pgno = get_u32(p);
	format_get_entry(p + 4, out);
}

void segment_put_head(struct buf *out, const uint8_t db_id[ID_LEN], const uint8_t id[ID_LEN])
{
	buf_put(out, "PGBS", 4);
	buf_put_u16(out, SEGMENT_VERSION);
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
		format_put_entry(out, &entries[i], 0);
	}
	if (!out->failed)
		object_put_hash(out, hash);
}

bool segment_check(const uint8_t *bytes, size_t len, const char *name, uint32_t page_size,
		   struct error *err)
{
	uint8_t *image;
	bool ok = true;

	if (!format_whole_ok(bytes, len, "PGBS", SEGMENT_VERSION, SEGMENT_HEAD_LEN + HASH_LEN, SEGMENT_MAX, name,
			     err))
		return false;
	uint32_t n = get_u32(bytes + 40);
	uint32_t at = get_u32(bytes + 44);
	if (at < SEGMENT_HEAD_LEN || at + (uint64_t)COMMIT_ENTRY_LEN * n + HASH_LEN != len)
		return format_damaged(err, name, "its index is not where it says");
	if (page_size == 0)
		return true;
	if (!page_size_valid(page_size))
		return format_damaged(err, name, "impossible page size");
	image = malloc(page_size);
	if (image == NULL)
		return error_no_memory(err);
	for (uint32_t i = 0; ok && i < n; i++) {
		const uint8_t *p = bytes + at + (size_t)COMMIT_ENTRY_LEN * i;
		struct page_entry e;

		format_get_entry(p + 4, &e);
		if (!format_entry_valid(&e, page_size, 1) || (uint64_t)e.offset + e.len > at ||
		    (page_is_summed(e.encoding) && e.sum != segment_sum(bytes + 24)) ||
		    !page_decode(get_u32(p), &e, bytes + e.offset, page_size, image))
			ok = format_damaged(err, name, "a page does not match its checksum");
	}
	free(image);
	return ok;
}
