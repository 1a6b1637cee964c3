/*
 * journal.c - the virtual rollback journal
 *
 * INVARIANTS
 *   (1) What is read is what was written, whatever the order of writes: a page
 *       is left out only if the snapshot's page is the same bytes.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "vfs/overlay.h"

enum { RAW_IN_MEMORY = 8 << 20 };

struct journal_extent {
	uint64_t offset;
	uint32_t len;
	pgno_t pgno;  /* 0: raw */
	uint64_t raw; /* where the bytes are */
};

void journal_init(struct journal *j, const struct journal_ops *ops, void *arg)
{
	*j = (struct journal){ .ops = ops, .arg = arg, .fd = -1 };
}

static void reset(struct journal *j)
{
	free(j->extents);
	free(j->raw);
	if (j->fd >= 0)
		close(j->fd);
	j->extents = NULL;
	j->raw = NULL;
	j->fd = -1;
	j->n_extents = j->cap_extents = j->raw_cap = 0;
	j->raw_len = j->size = 0;
}

void journal_deinit(struct journal *j)
{
	reset(j);
}

/* Raw bytes lie in memory up to RAW_IN_MEMORY, then in the file. */
static bool raw_write(struct journal *j, uint64_t at, const uint8_t *data, size_t len,
		      struct error *err)
{
	while (len > 0) {
		size_t n = len;

		if (at < RAW_IN_MEMORY) {
			if (n > RAW_IN_MEMORY - at)
				n = (size_t)(RAW_IN_MEMORY - at);
			if (at + n > j->raw_cap) {
				size_t cap = j->raw_cap < 4096 ? 4096 : j->raw_cap * 2;

				while (cap < at + n)
					cap *= 2;
				uint8_t *raw = realloc(j->raw, cap);
				if (raw == NULL)
					return error_no_memory(err);
				j->raw = raw;
				j->raw_cap = cap;
			}
			memcpy(j->raw + at, data, n);
		} else {
			if (j->fd < 0 && (j->fd = temp_file_open(err)) < 0)
				return false;
			ssize_t done = pwrite(j->fd, data, n, (off_t)(at - RAW_IN_MEMORY));
			if (done < 0 && errno == EINTR)
				continue;
			if (done < 0)
				return error_set_errno(err, errno,
						       "could not write to a temporary file");
			n = (size_t)done;
		}
		at += n;
		data += n;
		len -= n;
	}
	return true;
}

static bool raw_read(struct journal *j, uint64_t at, uint8_t *out, size_t len, struct error *err)
{
	while (len > 0) {
		size_t n = len;

		if (at < RAW_IN_MEMORY) {
			if (n > RAW_IN_MEMORY - at)
				n = (size_t)(RAW_IN_MEMORY - at);
			memcpy(out, j->raw + at, n);
		} else {
			ssize_t done = pread(j->fd, out, n, (off_t)(at - RAW_IN_MEMORY));

			if (done < 0 && errno == EINTR)
				continue;
			if (done <= 0)
				return error_set_errno(err, done < 0 ? errno : EIO,
						       "could not read a temporary file");
			n = (size_t)done;
		}
		at += n;
		out += n;
		len -= n;
	}
	return true;
}

/* The first extent that ends after `offset`. */
static size_t extent_after(const struct journal *j, uint64_t offset)
{
	size_t low = 0;
	size_t high = j->n_extents;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (j->extents[middle].offset + j->extents[middle].len <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool add_extent(struct journal *j, size_t at, const struct journal_extent *e,
		       struct error *err)
{
	if (j->n_extents == j->cap_extents) {
		size_t cap = j->cap_extents == 0 ? 32 : j->cap_extents * 2;
		struct journal_extent *extents = realloc(j->extents, cap * sizeof(extents[0]));

		if (extents == NULL)
			return error_no_memory(err);
		j->extents = extents;
		j->cap_extents = cap;
	}
	memmove(&j->extents[at + 1], &j->extents[at], (j->n_extents - at) * sizeof(j->extents[0]));
	j->extents[at] = *e;
	j->n_extents++;
	return true;
}

/* Write where nothing was written yet, in front of extent `at`. */
static bool write_new(struct journal *j, size_t at, uint64_t offset, const uint8_t *data,
		      size_t len, struct error *err)
{
	struct journal_extent *before = at > 0 ? &j->extents[at - 1] : NULL;
	bool joins = before != NULL && before->pgno == 0 &&
		     before->offset + before->len == offset;

	/* a page follows its number */
	if (joins && len >= PAGE_SIZE_MIN && before->len >= 4) {
		uint8_t number[4];

		if (!raw_read(j, before->raw + before->len - 4, number, 4, err))
			return false;
		pgno_t pgno = get_u32(number);
		if (pgno != 0 && j->ops->is_page(j->arg, pgno, data, len)) {
			struct journal_extent e = {
				.offset = offset,
				.len = (uint32_t)len,
				.pgno = pgno,
			};
			return add_extent(j, at, &e, err);
		}
	}
	if (!raw_write(j, j->raw_len, data, len, err))
		return false;
	if (joins && before->raw + before->len == j->raw_len &&
	    before->len <= UINT32_MAX - (uint32_t)len) {
		before->len += (uint32_t)len;
	} else {
		struct journal_extent e = {
			.offset = offset,
			.len = (uint32_t)len,
			.raw = j->raw_len,
		};
		if (!add_extent(j, at, &e, err))
			return false;
	}
	j->raw_len += len;
	return true;
}

/* Turn a page into raw bytes, to be overwritten. */
static bool make_raw(struct journal *j, struct journal_extent *e, struct error *err)
{
	uint8_t *page = malloc(e->len);
	bool ok;

	if (page == NULL)
		return error_no_memory(err);
	ok = j->ops->read_page(j->arg, e->pgno, page, e->len, err) &&
	     raw_write(j, j->raw_len, page, e->len, err);
	free(page);
	if (!ok)
		return false;
	e->pgno = 0;
	e->raw = j->raw_len;
	j->raw_len += e->len;
	return true;
}

bool journal_write(struct journal *j, uint64_t offset, const void *data, size_t len,
		   struct error *err)
{
	const uint8_t *p = data;

	/* a new header, or a zeroed one: what was there is no journal any more */
	if (offset == 0 && len >= 28 && j->n_extents > 0)
		reset(j);
	while (len > 0) {
		size_t i = extent_after(j, offset);
		size_t n = len;

		if (i < j->n_extents && j->extents[i].offset <= offset) {
			struct journal_extent *e = &j->extents[i];
			uint64_t into = offset - e->offset;

			if (e->pgno != 0 && !make_raw(j, e, err))
				return false;
			if (n > e->len - into)
				n = (size_t)(e->len - into);
			if (!raw_write(j, e->raw + into, p, n, err))
				return false;
		} else {
			if (i < j->n_extents && n > j->extents[i].offset - offset)
				n = (size_t)(j->extents[i].offset - offset);
			if (!write_new(j, i, offset, p, n, err))
				return false;
		}
		offset += n;
		p += n;
		len -= n;
	}
	if (offset > j->size)
		j->size = offset;
	return true;
}

bool journal_read(struct journal *j, uint64_t offset, void *out, size_t len, size_t *got,
		  struct error *err)
{
	uint8_t *p = out;
	uint8_t *page = NULL;
	bool ok = true;

	memset(out, 0, len);
	*got = offset >= j->size ? 0 : len;
	if (*got > j->size - offset)
		*got = (size_t)(j->size - offset);
	for (size_t i = extent_after(j, offset);
	     ok && i < j->n_extents && j->extents[i].offset < offset + len; i++) {
		const struct journal_extent *e = &j->extents[i];
		uint64_t from = e->offset > offset ? e->offset : offset;
		uint64_t to = e->offset + e->len < offset + len ? e->offset + e->len : offset + len;

		if (e->pgno == 0) {
			ok = raw_read(j, e->raw + (from - e->offset), p + (from - offset),
				      (size_t)(to - from), err);
			continue;
		}
		if (from == e->offset && to == e->offset + e->len) {
			ok = j->ops->read_page(j->arg, e->pgno, p + (from - offset), e->len, err);
			continue;
		}
		page = malloc(e->len);
		if (page == NULL)
			return error_no_memory(err);
		ok = j->ops->read_page(j->arg, e->pgno, page, e->len, err);
		if (ok)
			memcpy(p + (from - offset), page + (from - e->offset), (size_t)(to - from));
		free(page);
	}
	return ok;
}

bool journal_truncate(struct journal *j, uint64_t size, struct error *err)
{
	if (size == 0) {
		reset(j);
		return true;
	}
	while (j->n_extents > 0) {
		struct journal_extent *e = &j->extents[j->n_extents - 1];

		if (e->offset + e->len <= size)
			break;
		if (e->offset < size) {
			if (e->pgno != 0 && !make_raw(j, e, err))
				return false;
			e->len = (uint32_t)(size - e->offset);
			break;
		}
		j->n_extents--;
	}
	if (size < j->size)
		j->size = size;
	return true;
}
