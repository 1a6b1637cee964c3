/*
 * overlay.c - the pages that an open write transaction has staged
 * Licence: MIT, see LICENSE.
 */
#include "vfs/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "vfs/cache.h"

struct overlay_entry {
	pgno_t pgno;         /* 0: free */
	struct image *image; /* NULL: in the file */
	uint64_t at;         /* page of the file */
};

int temp_file_open(struct error *err)
{
	const char *dir = getenv("TMPDIR");
	char path[512];

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		/* not every file system knows O_TMPFILE */
		snprintf(path, sizeof(path), "%s/pgblob-XXXXXX", dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0)
		error_set_errno(err, errno, "could not create a temporary file in \"%s\"", dir);
	return fd;
}

void overlay_init(struct overlay *o, uint32_t page_size, uint64_t size, size_t memory_limit)
{
	*o = (struct overlay){
		.page_size = page_size,
		.size = size,
		.memory_limit = memory_limit,
		.fd = -1,
	};
}

static void drop_pages(struct overlay *o)
{
	for (size_t i = 0; i < o->n_slots; i++)
		if (o->entries[i].pgno != 0)
			image_unref(o->entries[i].image);
	free(o->entries);
	o->entries = NULL;
	o->n_slots = o->n_used = o->memory = 0;
}

void overlay_deinit(struct overlay *o)
{
	drop_pages(o);
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

static struct overlay_entry *slot_of(const struct overlay *o, pgno_t pgno)
{
	size_t i = pgno * (size_t)0x9e3779b97f4a7c15u >> 20;

	for (;; i++) {
		struct overlay_entry *e = &o->entries[i & (o->n_slots - 1)];

		if (e->pgno == 0 || e->pgno == pgno)
			return e;
	}
}

static const struct overlay_entry *find(const struct overlay *o, pgno_t pgno)
{
	if (o->n_used == 0)
		return NULL;
	const struct overlay_entry *e = slot_of(o, pgno);
	return e->pgno != 0 ? e : NULL;
}

static bool grow(struct overlay *o)
{
	struct overlay bigger = { .n_slots = o->n_slots == 0 ? 16 : o->n_slots * 2 };

	bigger.entries = calloc(bigger.n_slots, sizeof(bigger.entries[0]));
	if (bigger.entries == NULL)
		return false;
	for (size_t i = 0; i < o->n_slots; i++)
		if (o->entries[i].pgno != 0)
			*slot_of(&bigger, o->entries[i].pgno) = o->entries[i];
	free(o->entries);
	o->entries = bigger.entries;
	o->n_slots = bigger.n_slots;
	return true;
}

static bool file_write(struct overlay *o, uint64_t offset, const void *data, size_t len,
		       struct error *err)
{
	const char *p = data;

	if (o->fd < 0 && (o->fd = temp_file_open(err)) < 0)
		return false;
	while (len > 0) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, errno, "could not write to a temporary file");
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static bool file_read(struct overlay *o, uint64_t offset, void *out, size_t len, struct error *err)
{
	char *p = out;

	while (len > 0) {
		ssize_t n = pread(o->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, errno, "could not read a temporary file");
		if (n == 0) {
			memset(p, 0, len);
			break;
		}
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

bool overlay_has(const struct overlay *o, pgno_t pgno)
{
	return find(o, pgno) != NULL;
}

bool overlay_put(struct overlay *o, pgno_t pgno, const void *data, struct error *err)
{
	if ((o->n_used + 1) * 4 > o->n_slots * 3 && !grow(o))
		return error_no_memory(err);
	struct overlay_entry *e = slot_of(o, pgno);
	if (e->pgno == 0) {
		struct overlay_entry fresh = { .pgno = pgno };

		if (o->memory + o->page_size <= o->memory_limit) {
			fresh.image = image_new(o->page_size);
			if (fresh.image == NULL)
				return error_no_memory(err);
			o->memory += o->page_size;
		} else {
			fresh.at = o->n_in_file++;
		}
		*e = fresh;
		o->n_used++;
	}
	if (e->image == NULL)
		return file_write(o, e->at * o->page_size, data, o->page_size, err);
	memcpy(e->image->data, data, o->page_size);
	return true;
}

bool overlay_get(struct overlay *o, pgno_t pgno, void *out, struct error *err)
{
	const struct overlay_entry *e = find(o, pgno);

	if (e->image == NULL)
		return file_read(o, e->at * o->page_size, out, o->page_size, err);
	memcpy(out, e->image->data, o->page_size);
	return true;
}

struct image *overlay_image(const struct overlay *o, pgno_t pgno)
{
	const struct overlay_entry *e = find(o, pgno);

	return e != NULL ? e->image : NULL;
}

static int compare_pgno(const void *a, const void *b)
{
	pgno_t x = *(const pgno_t *)a;
	pgno_t y = *(const pgno_t *)b;

	return x < y ? -1 : x > y;
}

bool overlay_pages(const struct overlay *o, pgno_t last, pgno_t **out, size_t *n,
		   struct error *err)
{
	pgno_t *pages = malloc((o->n_used + 1) * sizeof(pages[0]));
	size_t count = 0;

	if (pages == NULL)
		return error_no_memory(err);
	for (size_t i = 0; i < o->n_slots; i++)
		if (o->entries[i].pgno != 0 && o->entries[i].pgno <= last)
			pages[count++] = o->entries[i].pgno;
	qsort(pages, count, sizeof(pages[0]), compare_pgno);
	*out = pages;
	*n = count;
	return true;
}

bool overlay_flatten(struct overlay *o,
		     bool (*read)(void *arg, pgno_t pgno, void *out, struct error *err),
		     void *arg, struct error *err)
{
	struct overlay flat = { .fd = -1 };
	uint8_t *page;
	bool ok = true;

	if (o->page_size == 0 || o->size == 0) {
		/* nothing to carry over */
		drop_pages(o);
		o->flat = true;
		return true;
	}
	page = malloc(o->page_size);
	if (page == NULL)
		return error_no_memory(err);
	uint64_t n_pages = (o->size + o->page_size - 1) / o->page_size;
	for (uint64_t i = 1; ok && i <= n_pages; i++) {
		pgno_t pgno = (pgno_t)i;

		ok = (overlay_has(o, pgno) ? overlay_get(o, pgno, page, err) :
					     read(arg, pgno, page, err)) &&
		     file_write(&flat, (i - 1) * o->page_size, page, o->page_size, err);
	}
	free(page);
	if (!ok) {
		if (flat.fd >= 0)
			close(flat.fd);
		return false;
	}
	drop_pages(o);
	if (o->fd >= 0)
		close(o->fd);
	o->fd = flat.fd;
	o->flat = true;
	return true;
}

bool overlay_read(struct overlay *o, uint64_t offset, void *out, size_t len, struct error *err)
{
	if (o->fd < 0) {
		memset(out, 0, len);
		return true;
	}
	return file_read(o, offset, out, len, err);
}

bool overlay_write(struct overlay *o, uint64_t offset, const void *data, size_t len,
		   struct error *err)
{
	return file_write(o, offset, data, len, err);
}
