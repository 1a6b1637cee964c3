/*
 * local_log.c - the file of a local journal
 *
 * FORMAT   README.md, "Local journal".
 * INVARIANT
 *   Of the two files the one with the higher generation counts, if its first record is
 *   whole; a record is whole if its hash is right, and its generation that of the file.
 * Licence: MIT, see LICENSE.
 */
#include "vfs/local_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "vfs/folder.h"

enum {
	FORMAT = 1,
	FILE_HEAD_LEN = 24,
	RECORD_HEAD_LEN = 32,
	HASH = 16,
	PARTS_MAX = 4,
	ZEROED = 256 << 10, /* the file grows by zeros: to flush a record then changes no metadata */
};

static const char file_magic[4] = "PGBJ", record_magic[4] = "PGJR";

struct side {
	int fd;
	uint64_t generation; /* 0: nothing whole */
	size_t end;          /* behind its last whole record */
	size_t allocated;
};

struct local_log {
	char *folder, *name;
	int folder_fd;
	struct side sides[2];
	int current;     /* side that counts */
};

static void side_name(const struct local_log *log, int side, char out[256])
{
	snprintf(out, 256, "%s-%d", log->name, side);
}

static bool failed(struct error *err, const struct local_log *log, const char *what)
{
	return error_set(err, "could not %s the local journal in \"%s\": %s", what, log->folder,
			 strerror(errno));
}

static bool read_at(int fd, void *out, size_t len, size_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)out + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Changes iov. */
static bool write_at(int fd, struct iovec *iov, int n_iov, size_t at)
{
	while (n_iov > 0) {
		ssize_t n = pwritev(fd, iov, n_iov, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			return false;
		}
		at += (size_t)n;
		while (n_iov > 0 && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			n_iov--;
		}
		if (n_iov > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return true;
}

/* ---- records ---- */

static void hash_of(const struct iovec *iov, int n, uint8_t out[HASH])
{
	XXH128_canonical_t canonical;
	XXH3_state_t state;

	XXH3_128bits_reset(&state);
	for (int i = 0; i < n; i++)
		XXH3_128bits_update(&state, iov[i].iov_base, iov[i].iov_len);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
	memcpy(out, canonical.digest, HASH);
}

/* The record at `at`, if it is whole; *next is behind it. */
static bool record_at(const uint8_t *bytes, size_t len, size_t at, uint64_t generation,
		      struct local_record *out, size_t *next)
{
	const uint8_t *r = bytes + at;
	uint8_t hash[HASH];

	if (len - at < RECORD_HEAD_LEN + HASH || memcmp(r, record_magic, 4) != 0)
		return false;
	size_t size = get_u32(r + 4);
	if (size < RECORD_HEAD_LEN + HASH || size > len - at || get_u64(r + 8) != generation)
		return false;
	if (r[16] < LOCAL_PAGES || r[16] > LOCAL_APPLIED)
		return false;
	hash_of(&(struct iovec){ (void *)(uintptr_t)r, size - HASH }, 1, hash);
	if (memcmp(hash, r + size - HASH, HASH) != 0)
		return false;
	*out = (struct local_record){
		.kind = (enum local_kind)r[16],
		.seq = get_u64(r + 24),
		.payload = r + RECORD_HEAD_LEN,
		.len = size - RECORD_HEAD_LEN - HASH,
	};
	*next = at + size;
	return true;
}

bool local_log_next(const struct buf *bytes, size_t *at, struct local_record *out)
{
	const uint8_t *data = (const uint8_t *)bytes->data;

	if (*at == 0) {
		if (bytes->len < FILE_HEAD_LEN)
			return false;
		*at = FILE_HEAD_LEN;
	}
	return *at < bytes->len &&
	       record_at(data, bytes->len, *at, get_u64(data + 8), out, at);
}

/* ---- opening ---- */

/* The whole file; what is no journal has no generation. */
static bool load_side(const struct local_log *log, int i, struct buf *out, struct error *err)
{
	const struct side *s = &log->sides[i];
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return failed(err, log, "read");
	if ((size_t)st.st_size < FILE_HEAD_LEN)
		return true;
	char *to = buf_extend(out, (size_t)st.st_size);
	if (to == NULL)
		return error_no_memory(err);
	if (!read_at(s->fd, to, (size_t)st.st_size, 0))
		return failed(err, log, "read");
	const uint8_t *b = (const uint8_t *)out->data;
	if (memcmp(b, file_magic, 4) != 0 || XXH3_64bits(b, 16) != get_u64(b + 16)) {
		buf_reset(out);
		return true;
	}
	if (get_u32(b + 4) != FORMAT)
		return error_set(err, "the local journal \"%s/%s-%d\" has format %" PRIu32
				      ", this program knows %d",
				 log->folder, log->name, i, get_u32(b + 4), FORMAT);
	return true;
}

static bool inspect_side(struct local_log *log, int i, struct error *err)
{
	struct buf bytes = BUF_INIT((size_t)1 << 30);
	struct side *s = &log->sides[i];
	struct local_record r;
	size_t at = 0;

	if (!load_side(log, i, &bytes, err)) {
		buf_free(&bytes);
		return false;
	}
	while (local_log_next(&bytes, &at, &r)) {
		s->generation = get_u64(bytes.data + 8);
		s->end = at;
	}
	s->allocated = bytes.len;
	buf_free(&bytes);
	return true;
}

static bool open_side(struct local_log *log, int i, bool *in_use, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char name[256];

	side_name(log, i, name);
	log->sides[i] = (struct side){
		.fd = openat(log->folder_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600),
	};
	if (log->sides[i].fd < 0)
		return failed(err, log, "open");
	if (fcntl(log->sides[i].fd, F_OFD_SETLK, &lock) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			return failed(err, log, "lock");
		*in_use = true;
		return error_set(err, "the local journal \"%s/%s\" is in use by another process",
				 log->folder, name);
	}
	if (!inspect_side(log, i, err))
		return false;
	/* a file that was emptied, and is full again after a loss of power, would have the higher generation */
	return fdatasync(log->sides[i].fd) == 0 || failed(err, log, "flush");
}

struct local_log *local_log_open(const char *folder, const char *name, bool *in_use,
				 struct error *err)
{
	struct local_log *log = calloc(1, sizeof(*log));

	*in_use = false;
	if (log == NULL || (log->folder = strdup(folder)) == NULL ||
	    (log->name = strdup(name)) == NULL) {
		error_no_memory(err);
		if (log != NULL) {
			free(log->folder);
			free(log);
		}
		return NULL;
	}
	log->sides[0].fd = log->sides[1].fd = -1;
	log->folder_fd = -1;
	if (!folder_open(folder, &log->folder_fd, err))
		goto bad;
	if (!open_side(log, 0, in_use, err) || !open_side(log, 1, in_use, err))
		goto bad;
	log->current = log->sides[1].generation > log->sides[0].generation;
	/* the names last, too */
	if (fsync(log->folder_fd) != 0) {
		failed(err, log, "flush");
		goto bad;
	}
	return log;
bad:
	local_log_close(log);
	return NULL;
}

void local_log_close(struct local_log *log)
{
	if (log == NULL)
		return;
	for (int i = 0; i < 2; i++)
		if (log->sides[i].fd >= 0)
			close(log->sides[i].fd);
	if (log->folder_fd >= 0)
		close(log->folder_fd);
	free(log->folder);
	free(log->name);
	free(log);
}

bool local_log_read(struct local_log *log, struct buf *out, struct error *err)
{
	const struct side *s = &log->sides[log->current];

	if (s->end == 0)
		return true;
	if (!load_side(log, log->current, out, err))
		return false;
	out->len = s->end;
	return true;
}

/* ---- writing ---- */

size_t local_log_size(const struct local_log *log)
{
	return log->sides[log->current].end;
}

/* Room for `end` bytes, written as zeros, so that the flush of a record is one of data. */
static bool allocate(struct side *s, size_t end)
{
	static const char zeros[64 << 10];

	while (s->allocated < end) {
		size_t until = (s->allocated / ZEROED + 1) * ZEROED;

		while (s->allocated < until) {
			size_t n = until - s->allocated < sizeof(zeros) ? until - s->allocated :
									  sizeof(zeros);
			struct iovec iov = { (void *)(uintptr_t)zeros, n };

			if (!write_at(s->fd, &iov, 1, s->allocated))
				return false;
			s->allocated += n;
		}
	}
	return true;
}

bool local_log_append(struct local_log *log, bool begin, enum local_kind kind, uint64_t seq,
		      const struct iovec *parts, int n_parts, bool flush, struct error *err)
{
	uint8_t file_head[FILE_HEAD_LEN], head[RECORD_HEAD_LEN] = { 0 }, hash[HASH];
	uint64_t generation = log->sides[log->current].generation;
	size_t size = RECORD_HEAD_LEN + HASH;
	struct iovec iov[PARTS_MAX + 3];
	int to = log->current;
	int n = 0;

	if (begin || log->sides[to].end == 0) {
		begin = true;
		generation++;
		to = 1 - to;
		log->sides[to].end = 0;
		log->sides[to].generation = 0;
	}
	struct side *s = &log->sides[to];
	size_t at = s->end;
	for (int i = 0; i < n_parts; i++)
		size += parts[i].iov_len;
	if (n_parts > PARTS_MAX || size > LOCAL_RECORD_MAX)
		return error_set(err, "a record of %zu bytes is too large for a local journal", size);
	if (begin) {
		memcpy(file_head, file_magic, 4);
		set_u32(file_head + 4, FORMAT);
		set_u64(file_head + 8, generation);
		set_u64(file_head + 16, XXH3_64bits(file_head, 16));
		iov[n++] = (struct iovec){ file_head, FILE_HEAD_LEN };
	}
	int first = n;
	memcpy(head, record_magic, 4);
	set_u32(head + 4, (uint32_t)size);
	set_u64(head + 8, generation);
	head[16] = (uint8_t)kind;
	set_u64(head + 24, seq);
	iov[n++] = (struct iovec){ head, RECORD_HEAD_LEN };
	for (int i = 0; i < n_parts; i++)
		iov[n++] = parts[i];
	hash_of(iov + first, n - first, hash);
	iov[n++] = (struct iovec){ hash, HASH };
	size_t end = at + (begin ? FILE_HEAD_LEN : 0) + size;
	if (!allocate(s, end) || !write_at(s->fd, iov, n, at) || (flush && fdatasync(s->fd) != 0))
		return failed(err, log, "write to");
	s->end = end;
	s->generation = generation;
	log->current = to;
	return true;
}

/* A new file with these bytes, flushed; its name is told. */
static bool copy_to_new(struct local_log *log, const struct buf *bytes, char name[256],
			struct error *err)
{
	struct iovec iov = { bytes->data, bytes->len };
	time_t now = (time_t)(wall_us() / 1000000);
	char stamp[32];
	struct tm tm;
	int fd = -1;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int n = 0; fd < 0; n++) {
		snprintf(name, 256, "%.200s.lost-%.20s-%d", log->name, stamp, n);
		fd = openat(log->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && (errno != EEXIST || n == 1000))
			return failed(err, log, "keep a copy of");
	}
	bool good = write_at(fd, &iov, 1, 0) && fsync(fd) == 0 && fsync(log->folder_fd) == 0;
	int why = errno;
	close(fd);
	if (!good)
		(void)unlinkat(log->folder_fd, name, 0);
	errno = why;
	return good || failed(err, log, "keep a copy of");
}

bool local_log_keep(struct local_log *log, char *path, size_t size, struct error *err)
{
	struct buf bytes = BUF_INIT((size_t)1 << 30);
	char name[256];
	bool kept = local_log_read(log, &bytes, err) && copy_to_new(log, &bytes, name, err);

	buf_free(&bytes);
	if (kept)
		snprintf(path, size, "%s/%s", log->folder, name);
	return kept;
}

void local_log_clear(struct local_log *log)
{
	uint64_t generation = log->sides[log->current].generation;

	/* the files stay: who opens one must be sure that it is the one that others lock */
	for (int i = 0; i < 2; i++) {
		struct side *s = &log->sides[i];

		if (ftruncate(s->fd, 0) == 0)
			s->allocated = 0;
		s->end = 0;
		s->generation = 0;
	}
	log->sides[log->current].generation = generation;
}
