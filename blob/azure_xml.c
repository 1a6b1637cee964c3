/*
 * azure_xml.c - the answers of Azure Blob Storage
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure_xml.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "blob/answer.h"
#include "blob/timestamp.h"
#include "blob/xml.h"

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
		answer_copy_shown(e->code, sizeof(e->code), text);
	else if (strcmp(path, "Error/Message") == 0)
		answer_copy_shown(e->message, sizeof(e->message), text);
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

static bool property_end(struct listing *l, const char *name, const char *text,
			 struct error *err)
{
	if (strcmp(name, "Content-Length") == 0) {
		l->has_size = answer_size(text, &l->info.size);
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

bool azure_parse_list(const char *bytes, size_t len, const char *store_prefix, size_t max,
		      struct arena *arena, struct azure_page *out, struct error *err)
{
	static const struct xml_handler handler = { .start = list_start, .end = list_end };
	struct listing l = {
		.arena = arena,
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
	/* Azure lists by rising bytes, but for names that mix planes of Unicode, in UTF-16's order */
	return answer_finish_list(out->entries, &out->n_entries, store_prefix,
				  "An account with a hierarchical namespace (Data Lake) cannot be used; nor can names that mix U+10000 and above with U+E000 to U+FFFF.",
				  &out->last, err);
}
