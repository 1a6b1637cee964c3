/*
 * format_parts.h - what the writers and readers of objects have in common
 *
 * For the files that implement format.h.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FORMAT_PARTS_H
#define PGBLOB_VFS_FORMAT_PARTS_H

#include "vfs/format.h"

enum { SUM_LEN = 4, ENTRY_LEN = 16, OBJECT_ENTRY_LEN = 24, BASE_LEN = 31 };

/* Of any bytes but a page's image. */
uint32_t format_sum(const void *bytes, size_t len);

/* Do the last bytes of an object hold the hash of those before?  len >= HASH_LEN. */
MUST_CHECK bool format_hash_holds(const uint8_t *bytes, size_t len);

/* ENTRY_LEN bytes; add_offset is added to the offset of a page that has one. */
void format_put_entry(struct buf *out, const struct page_entry *e, uint32_t add_offset);
void format_get_entry(const uint8_t *p, struct page_entry *out);

/* OBJECT_ENTRY_LEN bytes. */
void format_put_object(struct buf *out, const struct manifest_object *o);
void format_get_object(const uint8_t *p, struct manifest_object *out);

/* Is it of a known kind, and if it is a slot, one before slot `end` if it is the database's own? */
MUST_CHECK bool format_object_valid(const struct manifest_object *o, uint64_t end);

/* Do the numbers of an entry make sense for pages of that size? */
MUST_CHECK bool format_entry_valid(const struct page_entry *e, uint32_t page_size,
				   uint64_t n_objects);

/* The same of a delta; where it ends in its object is not looked at. */
MUST_CHECK bool format_delta_valid(const struct page_entry *e, uint32_t page_size);

/* Says that the object is damaged, and how; false. */
bool format_damaged(struct error *err, const char *name, const char *what);

/* Is it an object of that kind, and of a version up to `newest`? */
MUST_CHECK bool format_begin_ok(const uint8_t *bytes, size_t len, const char *magic,
				unsigned newest, const char *name, struct error *err);

/* The same of an object that ends with its hash, and has from `least` to `most` bytes with it. */
MUST_CHECK bool format_whole_ok(const uint8_t *bytes, size_t len, const char *magic, unsigned newest,
				size_t least, size_t most, const char *name, struct error *err);

/* zstd.  0: it does not fit in `room`, or there is no memory. */
size_t bytes_compress(void *out, size_t room, const void *in, size_t len, enum pack_effort effort);
/* True if exactly `room` bytes came out. */
MUST_CHECK bool bytes_decompress(void *out, size_t room, const void *in, size_t len);

#endif
