/*
 * sim_disk.c - the files of machines in a simulated world: what was not flushed can be lost
 *
 * Of each file it is known what was flushed, and what has been done to it since.
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/sim_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/lib/sim.h"

enum { SECTOR = 512 };

#define FILE_MAX ((size_t)256 << 20)

/* Bytes that were written, or, without any, the end that the file was given. */
struct change {
	struct change *next;
	size_t at, len;
	char bytes[];
};

struct file {
	struct file *next;
	dev_t device;
	ino_t inode;
	bool named;            /* its name is flushed */
	bool dead;             /* its machine is */
	struct buf flushed;
	struct change *first, **last;
};

static struct {
	struct file *files;
	int64_t latency_us;
	unsigned failing;
} disk;

ssize_t __real_pwritev(int fd, const struct iovec *iov, int n, off_t at);
int __real_ftruncate(int fd, off_t len);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_unlinkat(int folder, const char *name, int flags);

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t at);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_unlinkat(int folder, const char *name, int flags);

void sim_disk_set(int64_t latency_us, unsigned failing)
{
	disk.latency_us = latency_us;
	disk.failing = failing;
}

/* --- files ----------------------------------------------------------------- */

static struct file *file_of(const struct stat *st)
{
	struct file *f = disk.files;

	while (f != NULL && (f->device != st->st_dev || f->inode != st->st_ino))
		f = f->next;
	if (f != NULL)
		return f;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		abort();
	f->device = st->st_dev;
	f->inode = st->st_ino;
	buf_init(&f->flushed, FILE_MAX);
	f->last = &f->first;
	f->next = disk.files;
	disk.files = f;
	return f;
}

static struct file *file_of_fd(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		sim_fail("a file is used that is not open");
	return file_of(&st);
}

static void add_change(struct file *f, size_t at, const void *bytes, size_t len)
{
	struct change *c = malloc(sizeof(*c) + len);

	if (c == NULL)
		abort();
	*c = (struct change){ .at = at, .len = len };
	if (len > 0)
		memcpy(c->bytes, bytes, len);
	*f->last = c;
	f->last = &c->next;
}

/* Make it `len` bytes long: zeros, or less than it was. */
static void set_length(struct buf *b, size_t len)
{
	if (len > b->len) {
		size_t more = len - b->len;
		char *to = buf_extend(b, more);

		if (to == NULL)
			sim_fail("a file grows beyond its limit");
		memset(to, 0, more);
	}
	b->len = len;
}

static void put_bytes(struct buf *b, size_t at, const char *bytes, size_t len)
{
	if (at + len > b->len)
		set_length(b, at + len);
	memcpy(b->data + at, bytes, len);
}

static void apply(struct buf *b, const struct change *c)
{
	if (c->len == 0)
		set_length(b, c->at);
	else
		put_bytes(b, c->at, c->bytes, c->len);
}

/* Nobody promised anything about it: all of it, none of it, or some sectors. */
static void apply_maybe(struct buf *b, const struct change *c)
{
	if (sim_chance(400))
		return;
	if (c->len == 0 || sim_chance(600)) {
		apply(b, c);
		return;
	}
	for (size_t done = 0; done < c->len; done += SECTOR)
		if (sim_chance(700))
			put_bytes(b, c->at + done, c->bytes + done,
				  c->len - done < SECTOR ? c->len - done : SECTOR);
}

static void forget_changes(struct file *f)
{
	for (struct change *c = f->first, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	f->first = NULL;
	f->last = &f->first;
}

static void file_free(struct file *f)
{
	forget_changes(f);
	buf_free(&f->flushed);
	free(f);
}

/* --- what the program calls ------------------------------------------------ */

/* The call takes its time.  False: it fails. */
static bool goes_well(const struct file *f, int why)
{
	sim_sleep_us(sim_skewed(5, disk.latency_us));
	if (!f->dead && !sim_chance(disk.failing))
		return true;
	errno = why;
	return false;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
	struct file *f = file_of_fd(fd);

	if (!goes_well(f, ENOSPC))
		return -1;
	/* as the kernel may, only a part of it */
	if (n > 1 && sim_chance(100))
		n--;
	ssize_t done = __real_pwritev(fd, iov, n, at);
	for (int i = 0; i < n && done > 0; i++) {
		if (iov[i].iov_len == 0)
			continue;
		add_change(f, (size_t)at, iov[i].iov_base, iov[i].iov_len);
		at += (off_t)iov[i].iov_len;
	}
	return done;
}

int __wrap_ftruncate(int fd, off_t len)
{
	struct file *f = file_of_fd(fd);

	if (!goes_well(f, EIO))
		return -1;
	add_change(f, (size_t)len, NULL, 0);
	return __real_ftruncate(fd, len);
}

int __wrap_fdatasync(int fd)
{
	struct file *f = file_of_fd(fd);

	if (!goes_well(f, EIO))
		return -1;
	for (const struct change *c = f->first; c != NULL; c = c->next)
		apply(&f->flushed, c);
	forget_changes(f);
	return 0;
}

static int is_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Calls `each` with every file of a folder, in order of names. */
static void each_file(const char *folder, void (*each)(const char *path, const char *name, void *arg),
		      void *arg)
{
	struct dirent **entries;
	char path[600];
	int n = scandir(folder, &entries, is_file, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%.300s/%s", folder, entries[i]->d_name);
		each(path, entries[i]->d_name, arg);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void set_named(const char *path, const char *name, void *arg)
{
	struct stat st;

	(void)name;
	(void)arg;
	if (stat(path, &st) == 0)
		file_of(&st)->named = true;
}

int __wrap_fsync(int fd)
{
	char path[40];
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return __wrap_fdatasync(fd);
	if (!goes_well(&(const struct file){ .dead = false }, EIO))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	each_file(path, set_named, NULL);
	return 0;
}

/* The inode may be another file's from now on. */
int __wrap_unlinkat(int folder, const char *name, int flags)
{
	struct file **at = &disk.files;
	struct stat st;

	if (fstatat(folder, name, &st, 0) != 0)
		return -1;
	struct file *f = file_of(&st);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	file_free(f);
	return __real_unlinkat(folder, name, flags);
}

/* --- crashes --------------------------------------------------------------- */

struct crash {
	const char *to;
	bool power_lost;
};

static void write_file(int fd, const struct buf *b)
{
	struct iovec all = { b->data, b->len };

	if (b->len > 0 && __real_pwritev(fd, &all, 1, 0) != (ssize_t)b->len)
		sim_fail("could not write a file of the simulated disk");
}

static void leave_file(const char *path, const char *name, void *arg)
{
	const struct crash *crash = arg;
	struct stat st;
	char new_path[600];

	if (stat(path, &st) != 0)
		return;
	struct file *old = file_of(&st);
	old->dead = true;
	if (crash->power_lost && !old->named && sim_chance(500)) {
		sim_trace("%s is lost with its name", path);
		return;
	}
	snprintf(new_path, sizeof(new_path), "%.300s/%s", crash->to, name);
	int fd = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		sim_fail("could not make %s", new_path);
	struct file *new = file_of_fd(fd);
	new->named = old->named || crash->power_lost;
	buf_put(&new->flushed, old->flushed.data, old->flushed.len);
	struct buf now = BUF_INIT(FILE_MAX);
	buf_put(&now, old->flushed.data, old->flushed.len);
	for (const struct change *c = old->first; c != NULL; c = c->next) {
		if (crash->power_lost) {
			apply_maybe(&new->flushed, c);
		} else {
			apply(&now, c);
			add_change(new, c->at, c->bytes, c->len);
		}
	}
	write_file(fd, crash->power_lost ? &new->flushed : &now);
	close(fd);
	buf_free(&now);
}

void sim_disk_crash(const char *from, const char *to, bool power_lost)
{
	struct crash crash = { to, power_lost };

	if (mkdir(to, 0700) != 0)
		sim_fail("could not make the folder %s: %s", to, strerror(errno));
	each_file(from, leave_file, &crash);
}

void sim_disk_free(void)
{
	for (struct file *f = disk.files, *next; f != NULL; f = next) {
		next = f->next;
		file_free(f);
	}
	disk.files = NULL;
}
