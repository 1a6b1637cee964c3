/*
 * answer.c - what the answers of S3 and Azure have in common: headers, ranges, listings
 * Licence: MIT, see LICENSE.
 */
#include "blob/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/timestamp.h"

void answer_copy_shown(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0' && text[n] != '\n' && n < size - 1; n++)
		out[n] = text[n] >= 0x20 && text[n] < 0x7F ? text[n] : '?';
	out[n] = '\0';
}

static bool parse_number(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	unsigned long long n = strtoull(*at, &end, 10);
	if (errno != 0 || n > INT64_MAX)
		return false;
	*at = end;
	*out = n;
	return true;
}

bool answer_size(const char *text, uint64_t *out)
{
	return parse_number(&text, out) && *text == '\0';
}

bool answer_info(const struct http_response *resp, bool (*etag)(struct etag *out, const char *text),
		 struct blob_info *info, struct error *err)
{
	const char *tag = http_response_header(resp, "etag");
	const char *modified = http_response_header(resp, "last-modified");

	if (tag != NULL && !etag(&info->etag, tag))
		return error_set(err, "the store sent an ETag that is not one");
	if (modified != NULL && !timestamp_of_http(modified, &info->mtime_us))
		return error_set(err, "the store sent a time that is not one");
	return true;
}

/* "bytes 0-9/100"; an emulator says "bytes 10-9/10" of a range that begins at the end. */
static bool parse_content_range(const char *text, uint64_t *first, uint64_t *last, uint64_t *total)
{
	if (text == NULL || strncmp(text, "bytes ", 6) != 0)
		return false;
	text += 6;
	return parse_number(&text, first) && *text++ == '-' && parse_number(&text, last) &&
	       *text++ == '/' && parse_number(&text, total) && *text == '\0' &&
	       *first <= *last + 1 && *last < *total;
}

/* "bytes * /100", without the space. */
bool answer_unsatisfied(const struct http_response *resp, uint64_t *size)
{
	const char *text = http_response_header(resp, "content-range");

	return text != NULL && strncmp(text, "bytes */", 8) == 0 && answer_size(text + 8, size);
}

bool answer_body(const struct http_response *resp, const struct blob_range *range, struct buf *out,
		 struct blob_info *info, struct error *err)
{
	size_t len = resp->body_len;
	uint64_t first, last;

	if (resp->status == 206) {
		if (range == NULL ||
		    !parse_content_range(http_response_header(resp, "content-range"), &first, &last,
					 &info->size))
			return error_set(err, "the store sent a part without saying which");
		uint64_t rest = info->size > range->offset ? info->size - range->offset : 0;
		uint64_t want = rest < range->len ? rest : range->len;
		if (first != range->offset || last - first + 1 != len || len != want)
			return error_set(err, "the store sent another part than was asked for");
		return true;
	}
	info->size = len;
	if (range != NULL) {
		/* it sent the whole object: cut the part out */
		char *whole = out->data + (out->len - len);
		size_t skip = range->offset < len ? (size_t)range->offset : len;
		size_t keep = len - skip < range->len ? len - skip : range->len;

		memmove(whole, whole + skip, keep);
		out->len -= len - keep;
	}
	return true;
}

bool fits_xml(const char *key)
{
	for (const char *at = key; (at = strstr(at, "\xEF\xBF")) != NULL; at++)
		if ((unsigned char)at[2] >= 0xBE)
			return false;
	return true;
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

/* Paging by start_after is right only if the store lists by rising bytes. */
static bool check_order(const struct blob_entry *entries, size_t n, const char *hint, struct error *err)
{
	const char *last_of[2] = { NULL, NULL }; /* objects and folders rise by themselves */

	for (size_t i = 0; i < n; i++) {
		const char **last = &last_of[entries[i].is_prefix];

		if (*last != NULL && strcmp(entries[i].key, *last) <= 0) {
			error_set(err, "the store does not list in the order of names");
			error_hint(err, "%s", hint);
			return false;
		}
		*last = entries[i].key;
	}
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct blob_entry *)a)->key, ((const struct blob_entry *)b)->key);
}

bool answer_finish_list(struct blob_entry *entries, size_t *n, const char *store_prefix,
			const char *order_hint, const char **last, struct error *err)
{
	size_t told = *n, prefix_len = strlen(store_prefix);

	if (!check_order(entries, told, order_hint, err))
		return false;
	qsort(entries, told, sizeof(entries[0]), compare_entries);
	*last = told > 0 ? entries[told - 1].key : NULL;
	*n = 0;
	for (size_t i = 0; i < told; i++) {
		struct blob_entry entry = entries[i];

		if (strncmp(entry.key, store_prefix, prefix_len) != 0)
			return error_set(err, "the store listed a key that does not begin as asked");
		entry.key += prefix_len;
		if (is_useful(&entry))
			entries[(*n)++] = entry;
	}
	return true;
}
