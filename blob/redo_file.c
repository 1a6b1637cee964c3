/*
 * redo_file.c - one of the two files that make objects of a local folder durable
 * Licence: MIT, see LICENSE.
 */
#include "blob/redo_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "blob/local_file.h"

#define FILE_MAGIC "PGBL"
#define RECORD_MAGIC "PGBE"
enum { VERSION = 1, FILE_HEAD_LEN = 40, RECORD_HEAD_LEN = 32, SECTOR = 512 };

int redo_file_open(struct redo_file *f, int root_fd, unsigned n, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), ".pgblob-redo-%u", n);
	*f = (struct redo_file){
		.fd = openat(root_fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666),
	};
	return f->fd >= 0 ? 0 : errno;
}

void redo_file_close(struct redo_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int redo_file_allocate(struct redo_file *f, size_t len)
{
	static const char zeros[1 << 16];
	struct stat st;
	int failed = fstat(f->fd, &st) == 0 ? 0 : errno;

	if (failed != 0 || !S_ISREG(st.st_mode))
		return failed != 0 ? failed : EINVAL;
	f->len = (size_t)st.st_size / sizeof(zeros) * sizeof(zeros);
	if (f->len >= len) {
		f->len = f->len < REDO_FILE_MAX ? f->len : REDO_FILE_MAX;
		return 0;
	}
	/* written, not only reserved: a flush of it has nothing else to write then */
	for (size_t at = f->len; failed == 0 && at < len; at += sizeof(zeros))
		failed = local_write_all(f->fd, zeros, sizeof(zeros), (off_t)at);
	if (failed == 0 && fsync(f->fd) != 0)
		failed = errno;
	if (failed == 0)
		f->len = len;
	return failed;
}

/* What a file has and a copy of it has not.  0 or errno. */
static int identity_of(int fd, uint64_t *inode, uint64_t *made_ns)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0)
		return errno;
	*inode = st.stx_ino;
	*made_ns = (st.stx_mask & STATX_BTIME) != 0 ?
			   (uint64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec :
			   0;
	return 0;
}

static int put_head(int fd, uint64_t generation, unsigned char head[FILE_HEAD_LEN])
{
	uint64_t inode, made_ns;
	int failed = identity_of(fd, &inode, &made_ns);

	if (failed != 0)
		return failed;
	memcpy(head, FILE_MAGIC, 4);
	set_u32(head + 4, VERSION);
	set_u64(head + 8, generation);
	set_u64(head + 16, inode);
	set_u64(head + 24, made_ns);
	set_u64(head + 32, XXH3_64bits(head, 32));
	return 0;
}

/* A record's sum: each part's is the seed of the next one's. */
static uint64_t sum_of(const unsigned char *head, const char *key, size_t key_len,
		       const char *body, size_t body_len)
{
	uint64_t sum = XXH3_64bits(key, key_len);

	sum = XXH3_64bits_withSeed(body, body_len, sum);
	return XXH3_64bits_withSeed(head, 24, sum);
}

int redo_file_look(struct redo_file *f, bool *live)
{
	unsigned char head[FILE_HEAD_LEN];
	unsigned char want[FILE_HEAD_LEN];
	unsigned char first[RECORD_HEAD_LEN];

	*live = false;
	f->generation = 0;
	ssize_t n = pread(f->fd, head, sizeof(head), 0);
	if (n < 0)
		return errno;
	if (n < (ssize_t)sizeof(head))
		return 0;
	int failed = put_head(f->fd, get_u64(head + 8), want);
	if (failed != 0 || memcmp(head, want, sizeof(head)) != 0)
		return failed;
	f->generation = get_u64(head + 8);
	n = pread(f->fd, first, sizeof(first), SECTOR);
	if (n < 0)
		return errno;
	/* that it is whole is for redo_next() to say */
	*live = n == (ssize_t)sizeof(first) && memcmp(first, RECORD_MAGIC, 4) == 0 &&
		get_u64(first + 16) == f->generation;
	return 0;
}

int redo_file_begin(struct redo_file *f, uint64_t generation)
{
	unsigned char head[FILE_HEAD_LEN];
	int failed = put_head(f->fd, generation, head);

	if (failed == 0)
		failed = local_write_all(f->fd, head, sizeof(head), 0);
	if (failed == 0 && fdatasync(f->fd) != 0)
		failed = errno;
	if (failed == 0) {
		f->generation = generation;
		f->at = SECTOR;
	}
	return failed;
}

int redo_file_touch(const struct redo_file *f)
{
	enum { BEHIND_THE_HEAD = 128 };
	static const char nothing[8];
	int failed = local_write_all(f->fd, nothing, sizeof(nothing), BEHIND_THE_HEAD);

	return failed != 0 ? failed : fdatasync(f->fd) == 0 ? 0 : errno;
}

static size_t record_len(size_t key_len, size_t body_len)
{
	return (RECORD_HEAD_LEN + key_len + body_len + SECTOR - 1) / SECTOR * SECTOR;
}

bool redo_file_has_room(const struct redo_file *f, size_t key_len, size_t body_len)
{
	return record_len(key_len, body_len) <= f->len - f->at;
}

int redo_file_append(struct redo_file *f, const struct redo_record *r)
{
	unsigned char head[RECORD_HEAD_LEN] = RECORD_MAGIC;
	struct iovec parts[] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)r->key, .iov_len = r->key_len },
		{ .iov_base = (void *)r->body, .iov_len = r->body_len },
	};
	size_t len = sizeof(head) + r->key_len + r->body_len;

	head[4] = (unsigned char)r->kind;
	set_u16(head + 6, (uint16_t)r->key_len);
	set_u32(head + 8, (uint32_t)r->body_len);
	set_u64(head + 16, f->generation);
	set_u64(head + 24, sum_of(head, r->key, r->key_len, r->body, r->body_len));
	/* what is written only in part does not match, and is written over */
	ssize_t n;
	do
		n = pwritev(f->fd, parts, ARRAY_LEN(parts), (off_t)f->at);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		return n < 0 ? errno : EIO;
	f->at += record_len(r->key_len, r->body_len);
	return 0;
}

int redo_file_read(const struct redo_file *f, struct buf *out)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return errno;
	size_t want = st.st_size < REDO_FILE_MAX ? (size_t)st.st_size : REDO_FILE_MAX;
	size_t len;
	char *to = buf_extend(out, want);
	if (to == NULL)
		return ENOMEM;
	int failed = local_read_all(f->fd, to, want, 0, &len);
	out->len -= want - len;
	return failed;
}

bool redo_next(const struct buf *bytes, uint64_t generation, size_t *at, struct redo_record *out)
{
	if (*at == 0)
		*at = SECTOR;
	if (*at > bytes->len || bytes->len - *at < RECORD_HEAD_LEN)
		return false;
	const unsigned char *head = (const unsigned char *)bytes->data + *at;
	size_t left = bytes->len - *at - RECORD_HEAD_LEN;
	size_t key_len = get_u16(head + 6);
	size_t body_len = get_u32(head + 8);

	if (memcmp(head, RECORD_MAGIC, 4) != 0 || get_u64(head + 16) != generation ||
	    (head[4] != REDO_OBJECT && head[4] != REDO_VOID) || body_len > REDO_BODY_MAX ||
	    key_len > left || body_len > left - key_len)
		return false;
	*out = (struct redo_record){
		.kind = (enum redo_kind)head[4],
		.key = (const char *)head + RECORD_HEAD_LEN,
		.key_len = key_len,
		.body = (const char *)head + RECORD_HEAD_LEN + key_len,
		.body_len = body_len,
	};
	if (get_u64(head + 24) != sum_of(head, out->key, key_len, out->body, body_len))
		return false;
	*at += record_len(key_len, body_len);
	return true;
}
