/*
 * format.h - the bytes of commit objects, segments and manifests
 *
 * Specified in README.md, "Format".  Parsers believe nothing; they never read
 * past the bytes that they were given, and say what is wrong.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_FORMAT_H
#define PGBLOB_VFS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct buf;
struct error;

typedef uint32_t pgno_t;

enum {
	COMMIT_VERSION = 2, /* that is written; readers know it and all before */
	SEGMENT_VERSION = 2,
	MANIFEST_VERSION = 2,
	ID_LEN = 16,
	HASH_LEN = 16,
	PAGE_HEADER_LEN = 100, /* bytes of page 1 that are kept beside the pages */
	LSN_BITS = 43,         /* larger numbers of slots are not believed */
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 65536,
	COMMIT_HEAD_LEN = 196,
	COMMIT_ENTRY_LEN = 20,
	DELTA_OVERHEAD = 35, /* stored bytes of a delta that are about its base, and a sum */
	SEGMENT_HEAD_LEN = 48,
	MANIFEST_HEAD_LEN = 188, /* version 1: 172, and it is never that short */
	MANIFEST_CHUNK_PAGES = 4096,
};

/* Largest objects that are written, and believed. */
#define COMMIT_MAX ((size_t)256 << 20)
#define SEGMENT_MAX ((size_t)16 << 20)
#define MANIFEST_MAX ((size_t)1 << 30)

enum commit_kind {
	COMMIT_NORMAL = 1,
	COMMIT_CREATED = 2,
	COMMIT_DROPPED = 3,
	COMMIT_BRANCHED = 4, /* as CREATED, and what is there comes from another database */
};

/*
 * A delta is made against the image of its base, which is no delta; only commit objects hold them.
 * Of the last two the sum is stored behind the page, and seeded with the `sum` of the entry.
 */
enum page_encoding {
	PAGE_RAW = 1,
	PAGE_ZSTD = 2,
	PAGE_ZERO = 3,
	PAGE_DELTA = 4,  /* runs: delta.h */
	PAGE_PREFIX = 5, /* zstd with the base's image as prefix */
	PAGE_RAW_SUMMED = 6,
	PAGE_ZSTD_SUMMED = 7,
};

/* Where the image of a page lies.  `object` counts in the object that holds the entry. */
struct page_entry {
	uint32_t object;
	uint32_t offset;
	uint32_t len;
	uint32_t sum;
	uint8_t encoding; /* enum page_encoding */
};

/* A commit object without its pages; arrays are borrowed from whoever made it. */
struct commit_head {
	unsigned version;
	enum commit_kind kind;
	uint64_t lsn;
	uint8_t db_id[ID_LEN];
	uint8_t nonce[ID_LEN];
	uint8_t previous[HASH_LEN];
	int64_t time_us;
	uint32_t page_size;
	uint32_t page_count;
	uint32_t n_objects;
	uint32_t n_entries;
	uint32_t messages_len;
	uint32_t pages_len;
	uint8_t header[PAGE_HEADER_LEN];
	const uint8_t *objects; /* n_objects, as stored: commit_object() */
	const uint8_t *entries; /* n_entries, as stored: commit_entry() */
	const uint8_t *messages;
	uint32_t pages_at;      /* offset of the first page in the object */
	uint8_t hash[HASH_LEN]; /* of the object */
};

/* Sum of a page's image. */
uint32_t page_sum(pgno_t pgno, const void *image, uint32_t page_size);

bool page_size_valid(uint32_t page_size);

/*
 * zstd's level.  Of pages of 4 KiB, quick takes two thirds of the time and a twelfth more
 * room: for what somebody waits for.
 */
enum pack_effort { PACK_QUICK = -1, PACK_THOROUGH = 1 };

/*
 * Append the page as it is stored to `out`, and describe it (entry->offset is
 * out->len before).  `scratch` holds page_size bytes at least.
 */
void page_encode(pgno_t pgno, const uint8_t *image, uint32_t page_size, enum pack_effort effort,
		 uint8_t *scratch, struct buf *out, struct page_entry *entry);

/*
 * What was appended last, as a segment has it that manifests tell of: the page brings
 * its sum along, and the sum of the entry is the segment's, the same for all of its pages.
 */
void page_add_sum(pgno_t pgno, const uint8_t *image, uint32_t page_size,
		  const uint8_t segment_id[ID_LEN], struct buf *out, struct page_entry *entry);

/* Both. */
void page_encode_summed(pgno_t pgno, const uint8_t *image, uint32_t page_size,
			enum pack_effort effort, const uint8_t segment_id[ID_LEN],
			uint8_t *scratch, struct buf *out, struct page_entry *entry);

/* What entries of pages that bring their sums along have for a sum, in an object with that id. */
uint32_t segment_sum(const uint8_t segment_id[ID_LEN]);

static inline bool page_is_summed(unsigned encoding)
{
	return encoding == PAGE_RAW_SUMMED || encoding == PAGE_ZSTD_SUMMED;
}

/* The image of len stored bytes, checked against its sum; false if they are not it. */
MUST_CHECK bool page_decode(pgno_t pgno, const struct page_entry *entry, const uint8_t *stored,
			    uint32_t page_size, uint8_t *image);

static inline bool page_is_delta(unsigned encoding)
{
	return encoding == PAGE_DELTA || encoding == PAGE_PREFIX;
}

enum object_kind { OBJECT_SLOT = 1, OBJECT_SEGMENT = 2 };

/* id is how an object is stored; of a slot it is 8 zeros and the lsn. */
struct manifest_object {
	enum object_kind kind;
	uint16_t origin;    /* folder that it lies in: 0 is the database's own; see object.h */
	bool held;          /* in a manifest: no page lies in it, but a slot needs it */
	uint32_t size;      /* bytes, 0: not told */
	uint64_t lsn;       /* of a slot */
	uint8_t id[ID_LEN];
};

/* Where a delta's base lies; entry.object is not used. */
struct page_base {
	struct manifest_object object;
	struct page_entry entry;
};

/*
 * Write a page as what differs from the base's image, `room` stored bytes at most,
 * into `out`, which holds twice as many; entry->offset is not set.  Where rows have
 * moved zstd finds them again: it is asked if `hard`.  False: it needs more.
 */
MUST_CHECK bool page_encode_delta(pgno_t pgno, const uint8_t *image, const struct page_base *base,
				  const uint8_t *base_image, uint32_t page_size, bool hard,
				  uint8_t *out, size_t room, struct page_entry *entry);

/* Check the sum of a delta's stored bytes, and tell its base; false if they are none. */
MUST_CHECK bool page_delta_base(const struct page_entry *entry, const uint8_t *stored,
				uint32_t page_size, struct page_base *out);

/* The image of a delta that page_delta_base() let through; false if it does not match its sum. */
MUST_CHECK bool page_decode_delta(pgno_t pgno, const struct page_entry *entry,
				  const uint8_t *stored, const uint8_t *base_image,
				  uint32_t page_size, uint8_t *image);

/*
 * Append everything before the pages, in the newest version; offsets of entries
 * with object 0 count from the first page.
 */
void commit_put_head(struct buf *out, const struct commit_head *head,
		     const struct manifest_object *objects, const pgno_t *pgnos,
		     const struct page_entry *entries);

/* Append the hash, and tell it. */
void object_put_hash(struct buf *out, uint8_t hash[HASH_LEN]);

/*
 * Read a whole commit object; `out` points into `bytes`.  `name` is for
 * messages.
 */
MUST_CHECK bool commit_parse(const uint8_t *bytes, size_t len, const char *name,
			     struct commit_head *out, struct error *err);

/* The fixed part only, from the first COMMIT_HEAD_LEN bytes or more; its sum is not checked. */
MUST_CHECK bool commit_peek(const uint8_t *bytes, size_t len, const char *name,
			    struct commit_head *out, struct error *err);

/* Object entry i of a parsed commit: number i + 1 in its page entries. */
void commit_object(const struct commit_head *head, uint32_t i, struct manifest_object *out);

/* Entry i of a parsed commit; its numbers are within bounds. */
void commit_entry(const struct commit_head *head, uint32_t i, pgno_t *pgno,
		  struct page_entry *out);

/* A segment is head, pages, index, hash; pages are appended in between by page_encode(). */
void segment_put_head(struct buf *out, const uint8_t db_id[ID_LEN], const uint8_t id[ID_LEN]);
void segment_put_index(struct buf *out, const pgno_t *pgnos, const struct page_entry *entries,
		       uint32_t n);

/* Checks the whole of a segment, each page included, unless page_size is 0: nobody knows it. */
MUST_CHECK bool segment_check(const uint8_t *bytes, size_t len, const char *name,
			      uint32_t page_size, struct error *err);

struct manifest_head {
	unsigned version;
	enum commit_kind kind;
	uint8_t n_restores;     /* of the database up to that slot, modulo 256 */
	uint64_t lsn;
	uint8_t db_id[ID_LEN];
	uint8_t hash[HASH_LEN];
	int64_t time_us;
	uint32_t page_size;
	uint32_t page_count;
	uint32_t n_objects;
	uint32_t n_chunks;
	uint8_t header[PAGE_HEADER_LEN];
	uint64_t previous;      /* lsn of the manifest before, as far as its writer knew; 0: none */
	uint32_t n_origins;
	uint32_t origins_len;
	const uint8_t *origins; /* as stored: manifest_origin_next() */
	const uint8_t *objects; /* as stored: manifest_object_at() */
	const uint8_t *chunks;  /* directory, as stored */
};

/* Number of chunks of a manifest of so many pages. */
uint32_t manifest_chunks(uint32_t page_count);

/*
 * Write a manifest, in the newest version: the head, then for each chunk in order
 * its entries, then the end.  `origins` are n_origins folders.  manifest_begin()
 * keeps room for what is known only later, and sets head->origins_len.
 */
void manifest_begin(struct buf *out, struct manifest_head *head, const char *const *origins,
		    const struct manifest_object *objects);
void manifest_put_chunk(struct buf *out, const struct manifest_head *head, uint32_t chunk,
			const struct page_entry *entries, uint32_t n);
void manifest_end(struct buf *out, const struct manifest_head *head);

/* The fixed part only, from the first MANIFEST_HEAD_LEN bytes or more. */
MUST_CHECK bool manifest_peek(const uint8_t *bytes, size_t len, const char *name,
			      struct manifest_head *out, struct error *err);

/* What comes before the chunks, in bytes; of a peeked head. */
uint64_t manifest_head_len(const struct manifest_head *head);

/* All that comes before the chunks, from manifest_head_len() bytes or more; `out` points into `bytes`. */
MUST_CHECK bool manifest_parse_head(const uint8_t *bytes, size_t len, const char *name,
				    struct manifest_head *out, struct error *err);

/* Check a whole manifest but for its chunks; `out` points into `bytes`. */
MUST_CHECK bool manifest_parse(const uint8_t *bytes, size_t len, const char *name,
			       struct manifest_head *out, struct error *err);

/*
 * The folders of origins 1, 2, ...: begin with *at = 0.  The text is not terminated;
 * *len is its length, 1 to 192.
 */
const char *manifest_origin_next(const struct manifest_head *head, uint32_t *at, size_t *len);

void manifest_object_at(const struct manifest_head *head, uint32_t i,
			struct manifest_object *out);

/* Entries of one chunk: MANIFEST_CHUNK_PAGES of room in `out`; *n is how many. */
MUST_CHECK bool manifest_chunk(const uint8_t *bytes, size_t len, const char *name,
			       const struct manifest_head *head, uint32_t chunk,
			       struct page_entry *out, uint32_t *n, struct error *err);

#endif
