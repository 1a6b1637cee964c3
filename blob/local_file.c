/*
 * local_file.c - files below a folder, by key, never outside of it
 * Licence: MIT, see LICENSE.
 */
#include "blob/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "blob/key.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

int local_path_of(struct local_path *out, const char *key)
{
	size_t len = 0;
	size_t segment = 0; /* where it began */

	out->parent_len = 0;
	for (const char *at = key; *at != '\0'; at++) {
		if (len + 4 > sizeof(out->text))
			return ENAMETOOLONG;
		if (*at == '/') {
			if (len - segment > LOCAL_NAME_MAX)
				return ENAMETOOLONG;
			out->parent_len = len;
			segment = len + 1;
		}
		if (*at == '%' || (*at == '.' && len == segment)) {
			memcpy(out->text + len, *at == '%' ? "%25" : "%2E", 3);
			len += 3;
		} else {
			out->text[len++] = *at;
		}
	}
	out->text[len] = '\0';
	return len - segment > LOCAL_NAME_MAX ? ENAMETOOLONG : 0;
}

const char *local_name_of(const struct local_path *path)
{
	return path->text + path->parent_len + (path->parent_len > 0);
}

bool local_segment_of(const char *name, char *out)
{
	size_t len = 0;

	if (name[0] == '.')
		return false;
	for (const char *at = name; *at != '\0'; at++) {
		if (len == LOCAL_NAME_MAX)
			return false;
		if (*at != '%') {
			out[len++] = *at;
		} else if (strncmp(at, "%25", 3) == 0) {
			out[len++] = '%';
			at += 2;
		} else if (at == name && strncmp(at, "%2E", 3) == 0) {
			out[len++] = '.';
			at += 2;
		} else {
			return false;
		}
	}
	out[len] = '\0';
	return key_is_good(out);
}

/* Segment by segment, for kernels and sandboxes without openat2(2). */
static int walk(int root_fd, const char *path, int flags, bool make)
{
	char name[LOCAL_NAME_MAX + 1];
	int fd = root_fd;

	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int step = last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC;

		if (len > LOCAL_NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		int next = openat(fd, name, step | O_NOFOLLOW);
		if (next < 0 && errno == ENOENT && make) {
			if (mkdirat(fd, name, 0777) != 0 && errno != EEXIST)
				break;
			next = openat(fd, name, step | O_NOFOLLOW);
		}
		if (next < 0)
			break;
		if (fd != root_fd)
			close(fd);
		fd = next;
		if (last)
			return fd;
		path += len + 1;
	}
	int failed = errno;
	if (fd != root_fd)
		close(fd);
	return -failed;
}

int local_open(int root_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	if (path[0] == '\0')
		path = ".";
	for (;;) {
		long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno == ENOSYS || errno == EPERM)
			return walk(root_fd, path, flags | O_CLOEXEC, false);
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

int local_make_folder(int root_fd, const char *path)
{
	int fd = local_open(root_fd, path, O_RDONLY | O_DIRECTORY);

	if (fd != -ENOENT || path[0] == '\0')
		return fd;
	return walk(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, true);
}

int local_open_parent(int root_fd, const struct local_path *path)
{
	char folder[LOCAL_PATH_MAX];

	memcpy(folder, path->text, path->parent_len);
	folder[path->parent_len] = '\0';
	return local_make_folder(root_fd, folder);
}

void local_tmp_name(char out[LOCAL_TMP_MAX])
{
	unsigned char nonce[12];

	random_bytes(nonce, sizeof(nonce));
	memcpy(out, LOCAL_TMP_PREFIX, sizeof(LOCAL_TMP_PREFIX));
	hex_encode(nonce, sizeof(nonce), out + sizeof(LOCAL_TMP_PREFIX) - 1);
}

int local_write_all(int fd, const void *bytes, size_t len, off_t at)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = pwrite(fd, from, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int local_read_all(int fd, void *out, size_t len, off_t at, size_t *got)
{
	char *to = out;

	*got = 0;
	while (*got < len) {
		ssize_t n = pread(fd, to + *got, len - *got, at + (off_t)*got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 0;
}

int local_mark_new(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!local_is_durable(&st))
		return 0;
	return fchmod(fd, (st.st_mode & 0777) | S_IWUSR) == 0 ? 0 : errno;
}

int local_flush_folders(int root_fd, const char *path, size_t len)
{
	char folder[LOCAL_PATH_MAX];

	if (len >= sizeof(folder))
		return ENAMETOOLONG;
	memcpy(folder, path, len);
	for (;;) {
		folder[len] = '\0';
		int fd = local_open(root_fd, folder, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return -fd;
		int failed = fsync(fd) == 0 ? 0 : errno;
		close(fd);
		if (failed != 0 || len == 0)
			return failed;
		while (len > 0 && folder[--len] != '/')
			;
	}
}

int local_make_durable(int root_fd, const char *path, size_t parent_len, int fd,
		       const struct stat *st)
{
	if (fsync(fd) != 0)
		return errno;
	int failed = local_flush_folders(root_fd, path, parent_len);
	if (failed != 0)
		return failed;
	/* not ours to change: the next reader flushes again */
	(void)fchmod(fd, st->st_mode & 0555);
	return 0;
}

bool local_takes_redo(int root_fd)
{
	static const unsigned long kinds[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(root_fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((unsigned long)fs.f_type == kinds[i])
			return true;
	return false;
}
