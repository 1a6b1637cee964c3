/*
 * azure_xml.c - the answers of Azure Blob Storage
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure_xml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/timestamp.h"
#include "blob/xml.h"

void azure_copy_shown(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && text[n] != '\n' && n < size - 1; n++)
		out[n] = text[n] >= 0x20 && text[n] < 0x7F ? text[n] : '?';
	out[n] = '\0';
}

bool azure_etag_set(struct etag *out, const char *text)
{
	size_t len = strlen(text);
	bool bare = text[0] != '"' && strncmp(text, "W/", 2) != 0;

	if (len == 0 || len + 3 > sizeof(out->text))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F)
			return false;
	char *at = out->text;
	if (bare)
		*at++ = '"';
	memcpy(at, text, len);
	at += len;
	if (bare)
		*at++ = '"';
	*at = '\0';
	return true;
}

static bool error_end(void *arg, const char *path, const char *text, struct error *err)
{
	struct azure_error *e = arg;

	(void)err;
	if (strcmp(path, "Error/Code") == 0)
		azure_copy_shown(e->code, sizeof(e->code), text);
	else if (strcmp(path, "Error/Message") == 0)
		azure_copy_shown(e->message, sizeof(e->message), text);
	return true;
}

void azure_parse_error(const char *bytes, size_t len, struct azure_error *out)
{
	static const struct xml_handler handler = { .end = error_end };

	memset(out, 0, sizeof(*out));
	/* some answers begin with a byte order mark */
	if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		bytes += 3;
		len -= 3;
	}
	if (len == 0 || !xml_parse(bytes, len, &handler, out, NULL))
		memset(out, 0, sizeof(*out)); /* half an answer would be acted on */
}

/* A listing while it is read. */
struct listing {
	struct arena *arena;
	const char *store_prefix;
	size_t max;
	struct azure_page *page;
	bool saw_root, saw_blobs;
	/* of the element that is read */
	char *name; /* NULL: not told */
	bool has_size;
	struct blob_info info;
};

static bool list_start(void *arg, const char *path, struct error *err)
{
	struct listing *l = arg;

	if (strchr(path, '/') == NULL) {
		if (strcmp(path, "EnumerationResults") != 0)
			return error_set(err, "the store's answer to a listing is a \"%.40s\"", path);
		l->saw_root = true;
	}
	if (strcmp(path, "EnumerationResults/Blobs") == 0)
		l->saw_blobs = true;
	if (strcmp(path, "EnumerationResults/Blobs/Blob") == 0 ||
	    strcmp(path, "EnumerationResults/Blobs/BlobPrefix") == 0) {
		l->name = NULL;
		l->has_size = false;
		memset(&l->info, 0, sizeof(l->info));
	}
	return true;
}

static bool add_entry(struct listing *l, bool is_prefix, struct error *err)
{
	struct azure_page *page = l->page;

	if (page->n_entries == l->max)
		return error_set(err, "the store listed more than it was asked for");
	if (l->name == NULL || (!is_prefix && !l->has_size))
		return error_set(err, "the store listed an object without a name or a size");
	page->entries[page->n_entries++] = (struct blob_entry){
		.key = l->name,
		.is_prefix = is_prefix,
		.info = l->info,
	};
	return true;
}

static bool parse_size(const char *text, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	*out = n;
	return errno == 0 && *end == '\0' && n <= INT64_MAX;
}

static bool property_end(struct listing *l, const char *name, const char *text,
			 struct error *err)
{
	if (strcmp(name, "Content-Length") == 0) {
		l->has_size = parse_size(text, &l->info.size);
		return l->has_size || error_set(err, "the store listed a size that is not one");
	}
	if (strcmp(name, "Last-Modified") == 0)
		return timestamp_of_http(text, &l->info.mtime_us) ||
		       error_set(err, "the store listed a time that is not one");
	if (strcmp(name, "Etag") == 0)
		return azure_etag_set(&l->info.etag, text) ||
		       error_set(err, "the store listed an ETag that is not one");
	return true;
}

static bool list_end(void *arg, const char *path, const char *text, struct error *err)
{
	static const char properties[] = "EnumerationResults/Blobs/Blob/Properties/";
	struct listing *l = arg;

	if (strncmp(path, properties, sizeof(properties) - 1) == 0)
		return property_end(l, path + sizeof(properties) - 1, text, err);
	if (strcmp(path, "EnumerationResults/Blobs/Blob") == 0)
		return add_entry(l, false, err);
	if (strcmp(path, "EnumerationResults/Blobs/BlobPrefix") == 0)
		return add_entry(l, true, err);
	if (strcmp(path, "EnumerationResults/Blobs/Blob/Name") == 0 ||
	    strcmp(path, "EnumerationResults/Blobs/BlobPrefix/Name") == 0) {
		l->name = arena_strdup(l->arena, text);
		return l->name != NULL || error_no_memory(err);
	}
	if (strcmp(path, "EnumerationResults/NextMarker") == 0 && text[0] != '\0') {
		l->page->marker = arena_strdup(l->arena, text);
		return l->page->marker != NULL || error_no_memory(err);
	}
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct blob_entry *)a)->key, ((const struct blob_entry *)b)->key);
}

/* Is it a key below the prefix, or a folder of keys? */
static bool is_useful(const struct blob_entry *entry)
{
	char folder[KEY_MAX + 1];
	size_t len = strlen(entry->key);

	if (!entry->is_prefix)
		return key_is_good(entry->key);
	if (len < 2 || len > KEY_MAX || entry->key[len - 1] != '/')
		return false;
	memcpy(folder, entry->key, len - 1);
	folder[len - 1] = '\0';
	return key_is_good(folder);
}

/*
 * Paging by start_after is right only if the store lists by rising bytes.  Azure
 * does; an account with a hierarchical namespace does not, nor does anybody for
 * names that mix planes of Unicode in UTF-16's order.
 */
static bool check_order(const struct azure_page *page, struct error *err)
{
	const char *last_of[2] = { NULL, NULL }; /* objects and prefixes rise by themselves */

	for (size_t i = 0; i < page->n_entries; i++) {
		const char **last = &last_of[page->entries[i].is_prefix];

		if (*last != NULL && strcmp(page->entries[i].key, *last) <= 0) {
			error_set(err, "the store does not list in the order of names");
			error_hint(err, "An account with a hierarchical namespace (Data Lake) cannot be used; nor can names that mix U+10000 and above with U+E000 to U+FFFF.");
			return false;
		}
		*last = page->entries[i].key;
	}
	return true;
}

static bool finish_list(struct listing *l, struct error *err)
{
	struct azure_page *page = l->page;
	size_t n = page->n_entries, prefix_len = strlen(l->store_prefix);

	if (!check_order(page, err))
		return false;
	qsort(page->entries, n, sizeof(page->entries[0]), compare_entries);
	if (n > 0)
		page->last = (char *)page->entries[n - 1].key;
	page->n_entries = 0;
	for (size_t i = 0; i < n; i++) {
		struct blob_entry entry = page->entries[i];

		if (strncmp(entry.key, l->store_prefix, prefix_len) != 0)
			return error_set(err, "the store listed a name that does not begin as asked");
		entry.key += prefix_len;
		if (is_useful(&entry))
			page->entries[page->n_entries++] = entry;
	}
	return true;
}

bool azure_parse_list(const char *bytes, size_t len, const char *store_prefix, size_t max,
		      struct arena *arena, struct azure_page *out, struct error *err)
{
	static const struct xml_handler handler = { .start = list_start, .end = list_end };
	struct listing l = {
		.arena = arena,
		.store_prefix = store_prefix,
		.max = max,
		.page = out,
	};

	memset(out, 0, sizeof(*out));
	out->entries = ARENA_ARRAY(arena, struct blob_entry, max);
	if (out->entries == NULL)
		return error_no_memory(err);
	/* Azure begins its listings with a byte order mark */
	if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		bytes += 3;
		len -= 3;
	}
	if (!xml_parse(bytes, len, &handler, &l, err))
		return false;
	if (!l.saw_root || !l.saw_blobs)
		return error_set(err, "the store's answer to a listing is not one");
	return finish_list(&l, err);
}
