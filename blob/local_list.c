/*
 * local_list.c - the keys below a folder in rising order of their bytes
 *
 * A folder's names are not sorted, and a folder may be large: each read of it
 * keeps no more of the least names than the caller still wants.  A folder sorts
 * as its name with a '/' behind it: "a-b" comes before what is in "a".
 * Licence: MIT, see LICENSE.
 */
#include "blob/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/local_file.h"

struct walk {
	struct local_store *store;
	const struct blob_list_request *request;
	struct arena *arena;
	struct blob_entry *entries; /* request->max of them */
	size_t n;
	bool more;
	int failed; /* errno; 0: none */
	struct local_path path; /* of the key that is looked at */
	char key[KEY_MAX + 2];
};

static bool is_full(const struct walk *w)
{
	return w->more || w->failed != 0;
}

static void add_entry(struct walk *w, bool is_prefix, const struct stat *st)
{
	if (w->n == w->request->max) {
		w->more = true;
		return;
	}
	struct blob_entry *entry = &w->entries[w->n];
	char *key = arena_strdup(w->arena, w->key);

	if (key == NULL) {
		w->failed = ENOMEM;
		return;
	}
	memset(entry, 0, sizeof(*entry));
	entry->key = key;
	entry->is_prefix = is_prefix;
	if (!is_prefix)
		local_info_of(st, &entry->info);
	w->n++;
}

/* Names still wanted of one folder, the greatest on top. */
struct least {
	char **names; /* a binary heap */
	size_t n;
	size_t max;
};

static void swap(char **a, char **b)
{
	char *t = *a;

	*a = *b;
	*b = t;
}

static void sift_down(struct least *l, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= l->n)
			return;
		if (child + 1 < l->n && strcmp(l->names[child + 1], l->names[child]) > 0)
			child++;
		if (strcmp(l->names[i], l->names[child]) >= 0)
			return;
		swap(&l->names[i], &l->names[child]);
		i = child;
	}
}

static bool least_add(struct least *l, const char *name)
{
	if (l->n == l->max) {
		if (strcmp(name, l->names[0]) >= 0)
			return true;
		char *copy = strdup(name);
		if (copy == NULL)
			return false;
		free(l->names[0]);
		l->names[0] = copy;
		sift_down(l, 0);
		return true;
	}
	char *copy = strdup(name);
	if (copy == NULL)
		return false;
	size_t i = l->n++;
	l->names[i] = copy;
	while (i > 0 && strcmp(l->names[i], l->names[(i - 1) / 2]) > 0) {
		swap(&l->names[i], &l->names[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void least_free(struct least *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	l->names = NULL;
	l->n = 0;
}

/*
 * Read from `dir` the least names that begin with `prefix` and are greater than
 * `after` (NULL: any); a folder's with its '/'.  Sorted.  0 or errno.
 */
static int read_least(DIR *dir, const char *prefix, const char *after, struct least *l)
{
	size_t prefix_len = strlen(prefix);
	struct dirent *entry;

	rewinddir(dir);
	for (;;) {
		char name[LOCAL_NAME_MAX + 2];

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			if (errno != 0)
				return errno;
			break;
		}
		if (!local_segment_of(entry->d_name, name))
			continue;
		unsigned char type = entry->d_type;
		if (type == DT_UNKNOWN) {
			struct stat st;

			if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
				continue;
			type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
		}
		if (type != DT_DIR && type != DT_REG)
			continue;
		if (type == DT_DIR)
			strcat(name, "/");
		if (strncmp(name, prefix, prefix_len) != 0 ||
		    (after != NULL && strcmp(name, after) <= 0))
			continue;
		if (!least_add(l, name))
			return ENOMEM;
	}
	qsort(l->names, l->n, sizeof(l->names[0]), compare_names);
	return 0;
}

static void look_at_file(struct walk *w)
{
	struct stat st;

	if (w->request->start_after != NULL && strcmp(w->key, w->request->start_after) <= 0)
		return;
	if (w->n == w->request->max) {
		w->more = true;
		return;
	}
	if (local_path_of(&w->path, w->key) != 0)
		return;
	int fd = local_open(w->store->root_fd, w->path.text, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (fd != -ENOENT) /* deleted meanwhile */
			w->failed = -fd;
		return;
	}
	if (fstat(fd, &st) != 0)
		w->failed = errno;
	else if (S_ISREG(st.st_mode) && !local_is_durable(&st))
		w->failed = local_make_durable(w->store->root_fd, w->path.text,
					       w->path.parent_len, fd, &st);
	close(fd);
	if (w->failed == 0 && S_ISREG(st.st_mode))
		add_entry(w, false, &st);
}

/*
 * The name in the folder w->key (`len` bytes) that start_after goes through: no
 * name up to it is wanted, but for a folder of that name, which sorts behind it.
 */
static bool first_after(const struct walk *w, size_t len, char *after)
{
	const char *start = w->request->start_after;

	if (start == NULL || strncmp(start, w->key, len) != 0)
		return false;
	size_t name_len = strcspn(start + len, "/");
	if (name_len == 0 || name_len > LOCAL_NAME_MAX)
		return false;
	memcpy(after, start + len, name_len);
	after[name_len] = '\0';
	return true;
}

static void walk_folder(struct walk *w, const char *name_prefix, bool top, bool *any);

/* w->key is a folder, with its '/'. */
static void look_at_folder(struct walk *w, bool top)
{
	const char *after = w->request->start_after;

	/* Are all keys in it at or before start_after? */
	if (after != NULL && strcmp(w->key, after) <= 0 &&
	    (w->request->by_folder || strncmp(after, w->key, strlen(w->key)) != 0))
		return;
	if (top && w->request->by_folder) {
		bool any = false; /* a folder without an object is nothing */

		walk_folder(w, "", false, &any);
		if (any)
			add_entry(w, true, NULL);
	} else {
		walk_folder(w, "", false, NULL);
	}
}

/*
 * Add the objects below the folder w->key ("" or with its '/') whose names begin
 * with name_prefix; with `any`, only find out whether there is one.  w->key is
 * as before afterwards.
 */
static void walk_folder(struct walk *w, const char *name_prefix, bool top, bool *any)
{
	size_t len = strlen(w->key);
	char after[LOCAL_NAME_MAX + 2];
	bool have_after = false;

	if (len > 0) {
		w->key[len - 1] = '\0';
		int failed = local_path_of(&w->path, w->key);
		w->key[len - 1] = '/';
		if (failed != 0)
			return; /* no object can be there */
	} else {
		w->path.text[0] = '\0';
	}
	int fd = local_open(w->store->root_fd, w->path.text, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		int failed = fd < 0 ? -fd : errno;

		if (fd >= 0)
			close(fd);
		if (failed != ENOENT && failed != ENOTDIR && failed != ELOOP)
			w->failed = failed;
		return;
	}
	if (any == NULL)
		have_after = first_after(w, len, after);
	for (bool last = false; !last && !is_full(w) && (any == NULL || !*any);) {
		struct least l = { .max = w->request->max - w->n + 1 };

		l.names = calloc(l.max, sizeof(l.names[0]));
		int failed = l.names == NULL ? ENOMEM :
			read_least(dir, name_prefix, have_after ? after : NULL, &l);
		if (failed != 0)
			w->failed = failed;
		last = l.n < l.max;
		for (size_t i = 0; i < l.n && !is_full(w) && (any == NULL || !*any); i++) {
			size_t name_len = strlen(l.names[i]);
			bool is_folder = l.names[i][name_len - 1] == '/';

			if (len + name_len <= KEY_MAX) {
				memcpy(w->key + len, l.names[i], name_len + 1);
				if (any != NULL && is_folder)
					walk_folder(w, "", false, any);
				else if (any != NULL)
					*any = true;
				else if (is_folder)
					look_at_folder(w, top);
				else
					look_at_file(w);
				w->key[len] = '\0';
			}
			memcpy(after, l.names[i], name_len + 1);
			have_after = true;
		}
		least_free(&l);
	}
	closedir(dir);
}

enum blob_rc local_list(struct blob_store *base, int64_t deadline_ms,
			const struct blob_list_request *request,
			struct arena *arena, struct blob_list *out,
			struct error *err)
{
	struct local_store *store = CONTAINER_OF(base, struct local_store, base);
	struct walk *w = calloc(1, sizeof(*w));
	const char *slash = strrchr(request->prefix, '/');
	size_t folder_len = slash != NULL ? (size_t)(slash - request->prefix) + 1 : 0;
	enum blob_rc rc = BLOB_OK;

	(void)deadline_ms;
	blob_count(&base->stats.lists);
	if (w != NULL)
		w->entries = ARENA_ARRAY(arena, struct blob_entry, request->max);
	if (w == NULL || w->entries == NULL) {
		free(w);
		error_no_memory(err);
		return BLOB_FAILED;
	}
	w->store = store;
	w->request = request;
	w->arena = arena;
	memcpy(w->key, request->prefix, folder_len);
	w->key[folder_len] = '\0';
	walk_folder(w, request->prefix + folder_len, true, NULL);
	if (w->failed != 0) {
		error_set_errno(err, w->failed, "could not list \"%s\"",
				blob_listed(base, request));
		rc = local_rc_of(w->failed);
	} else {
		out->entries = w->entries;
		out->n_entries = w->n;
		out->more = w->more;
	}
	free(w);
	return rc;
}
