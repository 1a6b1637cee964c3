/*
 * s3_xml.c - the answers of S3
 * Licence: MIT, see LICENSE.
 */
#include "blob/s3_xml.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "blob/answer.h"
#include "blob/key.h"
#include "blob/timestamp.h"
#include "blob/xml.h"

bool s3_code_is_throttle(const char *code)
{
	return strcmp(code, "SlowDown") == 0 || strcmp(code, "TooManyRequests") == 0 ||
	       strcmp(code, "RequestLimitExceeded") == 0 || strcmp(code, "Throttling") == 0 ||
	       strcmp(code, "ThrottlingException") == 0 || strcmp(code, "RequestTimeout") == 0;
}

bool etag_set(struct etag *out, const char *text)
{
	size_t len = strlen(text);

	if (len >= sizeof(out->text))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7F)
			return false;
	memcpy(out->text, text, len + 1);
	return true;
}

static bool error_end(void *arg, const char *path, const char *text, struct error *err)
{
	struct s3_error *e = arg;

	(void)err;
	if (strcmp(path, "Error/Code") == 0)
		answer_copy_shown(e->code, sizeof(e->code), text);
	else if (strcmp(path, "Error/Message") == 0)
		answer_copy_shown(e->message, sizeof(e->message), text);
	else if (strcmp(path, "Error/Region") == 0)
		answer_copy_shown(e->region, sizeof(e->region), text);
	return true;
}

void s3_parse_error(const char *bytes, size_t len, struct s3_error *out)
{
	static const struct xml_handler handler = { .end = error_end };

	memset(out, 0, sizeof(*out));
	if (len == 0 || !xml_parse(bytes, len, &handler, out, NULL)) {
		/* half an answer is worse than none: its code would be acted on */
		memset(out, 0, sizeof(*out));
	}
}

struct listing {
	struct arena *arena;
	const char *store_prefix;
	size_t max;
	struct s3_page *page;
	size_t n_told; /* elements, those left out included */
	bool encoded;
	bool saw_root;
	bool saw_truncated;
	/* of the element that is read; key NULL: not told */
	char *key;
	bool has_size;
	struct blob_info info;
};

static bool is_object_path(const char *path)
{
	return strncmp(path, "ListBucketResult/Contents/", 26) == 0;
}

static bool list_start(void *arg, const char *path, struct error *err)
{
	struct listing *l = arg;

	if (strchr(path, '/') == NULL) {
		if (strcmp(path, "ListBucketResult") != 0)
			return error_set(err, "the store's answer to a listing is a \"%.40s\"", path);
		l->saw_root = true;
	}
	if (strcmp(path, "ListBucketResult/Contents") == 0 ||
	    strcmp(path, "ListBucketResult/CommonPrefixes") == 0) {
		l->key = NULL;
		l->has_size = false;
		memset(&l->info, 0, sizeof(l->info));
	}
	return true;
}

static bool add_entry(struct listing *l, bool is_prefix, struct error *err)
{
	if (++l->n_told > l->max)
		return error_set(err, "the store listed more than it was asked for");
	if (l->key == NULL || (!is_prefix && !l->has_size))
		return error_set(err, "the store listed an object without a key or a size");
	struct blob_entry *entry = &l->page->entries[l->page->n_entries++];
	entry->key = l->key;
	entry->is_prefix = is_prefix;
	entry->info = l->info;
	return true;
}

static bool list_end(void *arg, const char *path, const char *text, struct error *err)
{
	struct listing *l = arg;

	if (strcmp(path, "ListBucketResult/Contents") == 0)
		return add_entry(l, false, err);
	if (strcmp(path, "ListBucketResult/CommonPrefixes") == 0)
		return add_entry(l, true, err);
	if (strcmp(path, "ListBucketResult/Contents/Key") == 0 ||
	    strcmp(path, "ListBucketResult/CommonPrefixes/Prefix") == 0) {
		l->key = arena_strdup(l->arena, text);
		return l->key != NULL || error_no_memory(err);
	}
	if (is_object_path(path)) {
		const char *field = path + 26;

		if (strcmp(field, "Size") == 0) {
			l->has_size = answer_size(text, &l->info.size);
			return l->has_size || error_set(err, "the store listed a size that is not one");
		}
		if (strcmp(field, "LastModified") == 0)
			return timestamp_of_iso(text, &l->info.mtime_us) ||
			       error_set(err, "the store listed a time that is not one");
		if (strcmp(field, "ETag") == 0)
			return etag_set(&l->info.etag, text) ||
			       error_set(err, "the store listed an ETag that is not one");
		return true;
	}
	if (strcmp(path, "ListBucketResult/IsTruncated") == 0) {
		l->saw_truncated = true;
		l->page->truncated = strcmp(text, "true") == 0;
		return l->page->truncated || strcmp(text, "false") == 0 ||
		       error_set(err, "the store does not say whether its listing is complete");
	}
	if (strcmp(path, "ListBucketResult/EncodingType") == 0)
		l->encoded = strcmp(text, "url") == 0;
	return true;
}

/* As of a form: '+' is a space. */
static bool decode_key(struct arena *arena, const char **key, struct error *err)
{
	struct buf plain = BUF_INIT(4 * FULL_KEY_MAX);
	bool good = true;

	for (const char *at = *key; good && *at != '\0';) {
		size_t n = strcspn(at, "+");

		good = uri_decode(&plain, at, n);
		at += n;
		if (*at == '+') {
			buf_put_byte(&plain, ' ');
			at++;
		}
	}
	good = good && !plain.failed;
	if (!good) {
		error_set(err, "the store listed a key whose encoding is wrong");
	} else {
		*key = arena_strndup(arena, plain.len > 0 ? plain.data : "", plain.len);
		good = *key != NULL || error_no_memory(err);
	}
	buf_free(&plain);
	return good;
}

static bool finish_list(struct listing *l, struct error *err)
{
	struct s3_page *page = l->page;

	for (size_t i = 0; i < page->n_entries && l->encoded; i++)
		if (!decode_key(l->arena, &page->entries[i].key, err))
			return false;
	return answer_finish_list(page->entries, &page->n_entries, l->store_prefix,
				  "Directory buckets (S3 Express) cannot be used.", &page->last, err);
}

bool s3_parse_list(const char *bytes, size_t len, const char *store_prefix, size_t max,
		   struct arena *arena, struct s3_page *out, struct error *err)
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
	if (!xml_parse(bytes, len, &handler, &l, err))
		return false;
	if (!l.saw_root || !l.saw_truncated)
		return error_set(err, "the store does not say whether its listing is complete");
	return finish_list(&l, err);
}

struct deletion {
	struct s3_delete_result *result;
	struct s3_error error;
	char key[128];
	bool saw_root;
};

static bool delete_start(void *arg, const char *path, struct error *err)
{
	struct deletion *d = arg;

	if (strchr(path, '/') == NULL) {
		if (strcmp(path, "DeleteResult") != 0)
			return error_set(err, "the store's answer to a deletion is a \"%.40s\"", path);
		d->saw_root = true;
	}
	if (strcmp(path, "DeleteResult/Error") == 0) {
		memset(&d->error, 0, sizeof(d->error));
		d->key[0] = '\0';
	}
	return true;
}

static bool delete_end(void *arg, const char *path, const char *text, struct error *err)
{
	struct deletion *d = arg;
	struct s3_delete_result *result = d->result;

	(void)err;
	if (strcmp(path, "DeleteResult/Error/Key") == 0) {
		answer_copy_shown(d->key, sizeof(d->key), text);
	} else if (strcmp(path, "DeleteResult/Error/Code") == 0) {
		answer_copy_shown(d->error.code, sizeof(d->error.code), text);
	} else if (strcmp(path, "DeleteResult/Error/Message") == 0) {
		answer_copy_shown(d->error.message, sizeof(d->error.message), text);
	} else if (strcmp(path, "DeleteResult/Error") == 0 &&
		   strcmp(d->error.code, "NoSuchKey") != 0) {
		if (result->n_errors++ == 0) {
			result->first = d->error;
			memcpy(result->key, d->key, sizeof(result->key));
		}
		if (!s3_code_is_throttle(d->error.code) &&
		    strcmp(d->error.code, "InternalError") != 0 &&
		    strcmp(d->error.code, "ServiceUnavailable") != 0)
			result->all_transient = false;
	}
	return true;
}

bool s3_parse_delete(const char *bytes, size_t len, struct s3_delete_result *out,
		     struct error *err)
{
	static const struct xml_handler handler = { .start = delete_start, .end = delete_end };
	struct deletion d = { .result = out };

	memset(out, 0, sizeof(*out));
	out->all_transient = true;
	return xml_parse(bytes, len, &handler, &d, err) &&
	       (d.saw_root || error_set(err, "the store's answer to a deletion is not one"));
}
