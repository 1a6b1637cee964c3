/*
 * folder.c - a folder of this machine that is this user's alone
 * Licence: MIT, see LICENSE.
 */
#include "vfs/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

bool folder_open(const char *folder, int *out, struct error *err)
{
	struct stat st;
	int fd;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_set(err, "could not make the folder \"%s\": %s", folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		error_set(err, "could not open the folder \"%s\": %s", folder, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		close(fd);
		return error_set(err, "the folder \"%s\" belongs to another user, or others may write to it",
				 folder);
	}
	*out = fd;
	return true;
}
