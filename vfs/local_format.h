/*
 * local_format.h - what the records of a local journal say
 *
 * README.md, "Local journal".  The parsers believe nothing.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_VFS_LOCAL_FORMAT_H
#define PGBLOB_VFS_LOCAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vfs/format.h"

struct buf;
struct error;
struct staged_page;

/* A slot that was, or is being, created, with everything up to version `seq`. */
struct attempt {
	uint64_t lsn; /* 0: none */
	uint64_t seq;
	uint8_t nonce[ID_LEN];
};

enum { ATTEMPT_LEN = 24 };

void attempt_put(uint8_t out[ATTEMPT_LEN], const struct attempt *a);
MUST_CHECK bool attempt_parse(const uint8_t *payload, size_t len, uint64_t seq,
			      struct attempt *out, struct error *err);

/* Pages that commits wrote, and the state after them. */
struct local_head {
	uint64_t base_lsn; /* the durable version that was there then */
	uint8_t base_hash[HASH_LEN];
	uint8_t db_id[ID_LEN];
	uint32_t page_size;
	uint32_t page_count;
	uint32_t n;         /* pages */
	uint32_t n_commits; /* roughly */
	uint8_t header[PAGE_HEADER_LEN];
	struct attempt current; /* the slot that was being created then */
};

/* Head and index into one buffer, the pages into another.  False: no memory. */
MUST_CHECK bool local_put_pages(const struct local_head *head, const struct staged_page *pages,
				struct buf *index, struct buf *stored);

MUST_CHECK bool local_parse_head(const uint8_t *payload, size_t len, struct local_head *out,
				 struct error *err);

/*
 * Calls `take` with each page of a record in turn, page_size bytes that are good until it
 * returns; ends with the first that it refuses.
 */
typedef bool (*local_take_fn)(void *arg, pgno_t pgno, const uint8_t *image, struct error *err);

MUST_CHECK bool local_each_page(const uint8_t *payload, size_t len, local_take_fn take, void *arg,
				struct error *err);

#endif
