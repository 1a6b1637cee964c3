/*
 * fuzz_vfs_format.c - commit objects, manifests, segments and floors, whatever is in them
 *
 * The checksums are made right first: they would refuse nearly every mutation,
 * and who damages on purpose can make them right as well.
 * Licence: MIT, see LICENSE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "vfs/delta.h"
#include "vfs/floor.h"
#include "vfs/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Where the sum of the head is, as the numbers in it tell; 0: outside. */
static size_t sum_at(const uint8_t *p, size_t len)
{
	uint64_t at;

	if (len < COMMIT_HEAD_LEN) /* longer than that of a manifest */
		return 0;
	if (memcmp(p, "PGBC", 4) == 0)
		at = COMMIT_HEAD_LEN + (get_u16(p + 4) == 1 ? 16ull : 24ull) * get_u32(p + 80) + 20ull * get_u32(p + 84) + get_u32(p + 88);
	else if (get_u16(p + 4) > 1)
		at = MANIFEST_HEAD_LEN + get_u32(p + 184) + 24ull * get_u32(p + 64) + 16ull * get_u32(p + 68);
	else
		at = 172 + 24ull * get_u32(p + 64) + 16ull * get_u32(p + 68);
	return at + 4 <= len ? (size_t)at : 0;
}

static void parse_delta(pgno_t pgno, const struct page_entry *e, const uint8_t *stored,
			uint32_t page_size)
{
	static uint8_t base_image[PAGE_SIZE_MAX], image[PAGE_SIZE_MAX];
	struct page_base base;

	check(page_delta_base(e, stored, page_size, &base));
	check(base.object.kind == OBJECT_SLOT || base.object.kind == OBJECT_SEGMENT);
	check(!page_is_delta(base.entry.encoding) && base.entry.encoding != PAGE_ZERO);
	(void)!page_decode_delta(pgno, e, stored, base_image, page_size, image);
}

/* The sums of deltas are not made right: their runs are tried as any bytes. */
static void apply_runs(const uint8_t *p, size_t len)
{
	uint8_t *image = calloc(1, 4096);

	check(image != NULL);
	(void)!delta_apply(p, len, image, 4096);
	free(image);
}

static void parse(const uint8_t *p, size_t len)
{
	struct error err = ERROR_INIT;
	struct commit_head commit;
	struct manifest_head manifest;
	static uint8_t image[PAGE_SIZE_MAX];

	if (!commit_peek(p, len, "x", &commit, &err))
		check(err.set);
	if (!commit_parse(p, len, "x", &commit, &err)) {
		check(err.set);
	} else {
		for (uint32_t i = 0; i < commit.n_objects; i++) {
			struct manifest_object o;

			commit_object(&commit, i, &o);
			check(o.kind == OBJECT_SEGMENT || (o.kind == OBJECT_SLOT && o.lsn != 0));
		}
		for (uint32_t i = 0; i < commit.n_entries; i++) {
			struct page_entry e;
			pgno_t pgno;

			commit_entry(&commit, i, &pgno, &e);
			check(pgno >= 1 && pgno <= commit.page_count && e.object <= commit.n_objects);
			if (page_is_delta(e.encoding))
				parse_delta(pgno, &e, p + e.offset, commit.page_size);
			else if (e.object == 0)
				(void)!page_decode(pgno, &e, p + e.offset, commit.page_size, image);
		}
	}
	if (!manifest_peek(p, len, "x", &manifest, &err))
		check(err.set);
	if (!manifest_parse(p, len, "x", &manifest, &err)) {
		check(err.set);
	} else {
		struct page_entry *entries = malloc(MANIFEST_CHUNK_PAGES * sizeof(*entries));

		check(entries != NULL);
		for (uint32_t c = 0; c < manifest.n_chunks; c++) {
			uint32_t n;

			if (!manifest_chunk(p, len, "x", &manifest, c, entries, &n, &err))
				break;
			check(n >= 1 && n <= MANIFEST_CHUNK_PAGES);
			for (uint32_t i = 0; i < n; i++)
				check(entries[i].encoding == PAGE_ZERO ||
				      entries[i].object < manifest.n_objects);
		}
		free(entries);
	}
	struct floor floor;
	if (!floor_parse(p, len, "x", &floor, &err)) {
		check(err.set);
	} else {
		for (size_t i = 0; i < floor.n_kept; i++)
			check(floor.kept[i] < floor.decided_lsn && floor.decided_lsn <= floor.lsn);
		floor_free(&floor);
	}
	if (!segment_check(p, len, "x", 4096, &err))
		check(err.set);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf b = BUF_INIT(1 << 24);
	uint8_t hash[HASH_LEN];

	parse(bytes, len);
	apply_runs(bytes, len);
	if (len <= HASH_LEN || len > 1 << 20)
		return 0;
	buf_put(&b, bytes, len - HASH_LEN);
	size_t at = sum_at((const uint8_t *)b.data, b.len);
	if (at != 0)
		set_u32(b.data + at, (uint32_t)XXH3_64bits(b.data, at));
	object_put_hash(&b, hash);
	/* a copy of exactly that size: a reader past its end is caught */
	uint8_t *exact = malloc(b.len);
	check(exact != NULL);
	memcpy(exact, b.data, b.len);
	parse(exact, b.len);
	free(exact);
	buf_free(&b);
	return 0;
}
