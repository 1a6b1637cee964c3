/*
 * s3.c - objects in Amazon S3 and its compatibles
 * Licence: MIT, see LICENSE.
 */
#include "blob/s3.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "blob/answer.h"
#include "blob/key.h"
#include "blob/s3_config.h"
#include "blob/s3_credentials.h"
#include "blob/xml.h"

enum {
	DELETE_MAX = 1000,
	LIST_BODY_MAX = 8 << 20, /* 1000 keys of 1024 bytes, each byte encoded as three */
	DELETE_BODY_MAX = 8 << 20,
};

static struct s3_store *s3_of(struct blob_store *store)
{
	return CONTAINER_OF(store, struct s3_store, base);
}

static bool check_full_key(const struct s3_store *store, const char *key, struct error *err)
{
	if (strlen(store->prefix) + strlen(key) <= FULL_KEY_MAX)
		return true;
	return error_set(err, "object \"%.100s\" has too long a key: with the prefix of the store it is over %d bytes",
			 key, FULL_KEY_MAX);
}

static enum blob_rc s3_head(struct blob_store *base, int64_t deadline_ms, const char *key,
			    struct blob_info *info, struct error *err);

static enum blob_rc s3_get(struct blob_store *base, int64_t deadline_ms, const char *key,
			   const struct blob_range *range, struct buf *out,
			   struct blob_info *info, struct error *err)
{
	struct s3_call call = S3_CALL_INIT(s3_of(base), deadline_ms, &base->stats.gets,
					   HTTP_GET, out);
	char header[64];

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	if (range != NULL) {
		snprintf(header, sizeof(header), "bytes=%" PRIu64 "-%" PRIu64, range->offset,
			 range->offset + range->len - 1);
		call.range = header;
	}
	enum blob_rc rc = s3_call_perform(&call, err);
	if (rc != BLOB_OK) {
		error_wrap(err, "could not read object \"%s\"", key);
	} else if (call.resp.status == 404) {
		error_set(err, "object \"%s\" does not exist", key);
		rc = BLOB_NOT_FOUND;
	} else if (call.resp.status == 416) {
		/* begins behind the end; not every store tells where that is */
		if (!answer_unsatisfied(&call.resp, &info->size))
			rc = s3_head(base, deadline_ms, key, info, err);
		else if (!answer_info(&call.resp, etag_set, info, err))
			rc = BLOB_FAILED;
	} else if ((call.resp.status != 200 && call.resp.status != 206) ||
		   (call.resp.content_length < 0 &&
		    http_response_header(&call.resp, "transfer-encoding") == NULL)) {
		error_set(err, "could not read object \"%s\": the store does not say how long it is", key);
		rc = BLOB_FAILED;
	} else if (!answer_info(&call.resp, etag_set, info, err) ||
		   !answer_body(&call.resp, range, out, info, err)) {
		error_wrap(err, "could not read object \"%s\"", key);
		rc = BLOB_FAILED;
	}
	s3_call_free(&call);
	return rc;
}

static enum blob_rc s3_head(struct blob_store *base, int64_t deadline_ms, const char *key,
			    struct blob_info *info, struct error *err)
{
	struct s3_call call = S3_CALL_INIT(s3_of(base), deadline_ms, &base->stats.heads,
					   HTTP_HEAD, NULL);

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	enum blob_rc rc = s3_call_perform(&call, err);
	if (rc != BLOB_OK) {
		error_wrap(err, "could not look at object \"%s\"", key);
	} else if (call.resp.status == 404) {
		error_set(err, "object \"%s\" does not exist", key);
		rc = BLOB_NOT_FOUND;
	} else if (call.resp.content_length < 0) {
		error_set(err, "could not look at object \"%s\": the store does not say how long it is", key);
		rc = BLOB_FAILED;
	} else if (!answer_info(&call.resp, etag_set, info, err)) {
		error_wrap(err, "could not look at object \"%s\"", key);
		rc = BLOB_FAILED;
	} else {
		info->size = (uint64_t)call.resp.content_length;
	}
	s3_call_free(&call);
	return rc;
}

static enum blob_rc s3_create(struct blob_store *base, int64_t deadline_ms, const char *key,
			      const struct buf *body, struct etag *out, struct error *err)
{
	struct s3_call call = S3_CALL_INIT(s3_of(base), deadline_ms, &base->stats.creates,
					   HTTP_PUT, NULL);

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	call.body = body->data;
	call.body_len = body->len;
	call.if_absent = true;
	call.writes = true;
	enum blob_rc rc = s3_call_perform(&call, err);
	if (rc != BLOB_OK) {
		error_wrap(err, "could not write object \"%s\"", key);
	} else if (call.resp.status == 412) {
		error_set(err, "object \"%s\" exists", key);
		rc = BLOB_EXISTS;
	} else if (call.resp.status == 404) {
		s3_call_describe(&call, err);
		error_wrap(err, "could not write object \"%s\"", key);
		rc = BLOB_FAILED;
	} else {
		/* it is there, whatever its ETag: one that is not fit to use is not told */
		const char *etag = http_response_header(&call.resp, "etag");

		if (etag == NULL || !etag_set(out, etag))
			out->text[0] = '\0';
	}
	s3_call_free(&call);
	return rc;
}

/* One request's page of a listing, into entries[*n] and on, up to request->max. */
static enum blob_rc list_page(struct s3_store *store, int64_t deadline_ms,
			      const struct blob_list_request *request, const char *after,
			      unsigned max, struct arena *arena, struct s3_page *page,
			      struct error *err)
{
	struct buf answer = BUF_INIT(LIST_BODY_MAX);
	struct buf query = BUF_INIT(16 << 10);
	struct s3_call call = S3_CALL_INIT(store, deadline_ms, &store->base.stats.lists,
					   HTTP_GET, &answer);

	/* in the order of the names */
	if (request->by_folder)
		buf_put_str(&query, "delimiter=%2F&");
	buf_printf(&query, "encoding-type=url&list-type=2&max-keys=%u&prefix=", max);
	uri_encode(&query, store->prefix, strlen(store->prefix), false);
	uri_encode(&query, request->prefix, strlen(request->prefix), false);
	if (after != NULL) {
		size_t len = strlen(after);

		buf_put_str(&query, "&start-after=");
		uri_encode(&query, after, len, false);
		/* past everything in a folder that was told: the greatest character */
		if (request->by_folder && after[len - 1] == '/')
			buf_put_str(&query, "%F4%8F%BF%BF");
	}
	call.query = buf_str(&query);
	enum blob_rc rc = BLOB_FAILED;
	if (query.failed) {
		error_no_memory(err);
	} else {
		rc = s3_call_perform(&call, err);
		if (rc == BLOB_OK && call.resp.status != 200) {
			s3_call_describe(&call, err);
			rc = BLOB_FAILED;
		}
		if (rc == BLOB_OK &&
		    !s3_parse_list(answer.data, answer.len, store->prefix, max, arena, page, err))
			rc = BLOB_FAILED;
	}
	s3_call_free(&call);
	buf_free(&query);
	buf_free(&answer);
	return rc;
}

static enum blob_rc s3_list(struct blob_store *base, int64_t deadline_ms,
			    const struct blob_list_request *request, struct arena *arena,
			    struct blob_list *out, struct error *err)
{
	struct s3_store *store = s3_of(base);
	const char *after = NULL;
	bool truncated = true;

	out->entries = ARENA_ARRAY(arena, struct blob_entry, request->max);
	if (request->start_after != NULL)
		after = arena_printf(arena, "%s%s", store->prefix, request->start_after);
	if (out->entries == NULL || (request->start_after != NULL && after == NULL)) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	out->n_entries = 0;
	/* more than one round only if what is no key of ours was left out */
	while (truncated && out->n_entries < request->max) {
		struct s3_page page;
		enum blob_rc rc = list_page(store, deadline_ms, request, after,
					    request->max - (unsigned)out->n_entries, arena,
					    &page, err);

		if (rc != BLOB_OK) {
			error_wrap(err, "could not list \"%s\"", blob_listed(base, request));
			return rc;
		}
		for (size_t i = 0; i < page.n_entries; i++)
			if (request->start_after == NULL ||
			    strcmp(page.entries[i].key, request->start_after) > 0)
				out->entries[out->n_entries++] = page.entries[i];
		truncated = page.truncated;
		if (truncated && (page.last == NULL || (after != NULL && strcmp(page.last, after) <= 0))) {
			error_set(err, "could not list \"%s\": the store's listing does not come on",
				  blob_listed(base, request));
			return BLOB_FAILED;
		}
		after = page.last;
	}
	out->more = truncated;
	return BLOB_OK;
}

static enum blob_rc delete_one(struct s3_store *store, int64_t deadline_ms, const char *key,
			       struct error *err)
{
	struct s3_call call = S3_CALL_INIT(store, deadline_ms, &store->base.stats.deletes,
					   HTTP_DELETE, NULL);

	call.key = key;
	call.writes = true;
	enum blob_rc rc = s3_call_perform(&call, err); /* 404 is as good as 204 */
	if (rc == BLOB_OK && call.resp.status >= 300 && call.resp.status != 404) {
		s3_call_describe(&call, err);
		rc = BLOB_FAILED;
	}
	if (rc != BLOB_OK)
		error_wrap(err, "could not delete object \"%s\"", key);
	s3_call_free(&call);
	return rc;
}

static bool md5_base64(const struct buf *body, struct buf *out)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_Digest(body->data, body->len, hash, &len, EVP_md5(), NULL) != 1)
		return false;
	base64_encode(hash, len, out);
	buf_str(out);
	return !out->failed;
}

static enum blob_rc delete_batch(struct s3_store *store, int64_t deadline_ms,
				 const char *const *keys, size_t n, bool *unsupported,
				 struct error *err)
{
	struct buf body = BUF_INIT(DELETE_BODY_MAX);
	struct buf answer = BUF_INIT(DELETE_BODY_MAX);
	struct buf md5 = BUF_INIT(64);
	struct s3_call call = S3_CALL_INIT(store, deadline_ms, &store->base.stats.deletes,
					   HTTP_POST, &answer);
	struct s3_delete_result result;
	enum blob_rc rc = BLOB_FAILED;

	buf_put_str(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
	for (size_t i = 0; i < n; i++) {
		buf_put_str(&body, "<Object><Key>");
		xml_escape(&body, store->prefix);
		xml_escape(&body, keys[i]);
		buf_put_str(&body, "</Key></Object>");
	}
	buf_put_str(&body, "</Delete>");
	if (body.failed || !md5_base64(&body, &md5)) {
		error_no_memory(err);
		goto out;
	}
	call.query = "delete=";
	call.body = body.data;
	call.body_len = body.len;
	call.content_md5 = md5.data; /* older stores ask for it */
	call.writes = true;
	rc = s3_call_perform(&call, err);
	*unsupported = rc == BLOB_FAILED && (call.resp.status == 501 || call.resp.status == 405);
	if (rc != BLOB_OK)
		goto out;
	rc = BLOB_FAILED;
	if (call.resp.status != 200) {
		s3_call_describe(&call, err);
	} else if (s3_parse_delete(answer.data, answer.len, &result, err)) {
		if (result.n_errors == 0) {
			rc = BLOB_OK;
		} else {
			error_set(err, "%zu objects could not be deleted, such as \"%s\": %s",
				  result.n_errors, result.key, result.first.code);
			error_detail(err, "%s", result.first.message);
			rc = result.all_transient ? BLOB_BUSY : BLOB_FAILED;
		}
	}
out:
	s3_call_free(&call);
	buf_free(&md5);
	buf_free(&answer);
	buf_free(&body);
	return rc;
}

static enum blob_rc s3_delete_many(struct blob_store *base, int64_t deadline_ms,
				   const char *const *keys, size_t n, struct error *err)
{
	struct s3_store *store = s3_of(base);
	enum blob_rc rc = BLOB_OK;
	bool unsupported = false;

	for (size_t i = 0; i < n; i++)
		if (!check_full_key(store, keys[i], err))
			return BLOB_FAILED;
	for (size_t i = 0; i < n;) {
		struct error one = ERROR_INIT;
		enum blob_rc one_rc;
		size_t len = 0;

		while (!unsupported && i + len < n && len < DELETE_MAX && fits_xml(keys[i + len]))
			len++;
		if (len > 1) {
			one_rc = delete_batch(store, deadline_ms, keys + i, len, &unsupported, &one);
			if (unsupported)
				continue; /* one at a time then */
		} else {
			len = 1;
			one_rc = delete_one(store, deadline_ms, keys[i], &one);
		}
		if (one_rc != BLOB_OK) {
			rc = one_rc;
			if (err != NULL)
				*err = one;
		}
		i += len;
	}
	return rc;
}

static enum blob_rc s3_probe(struct blob_store *base, int64_t deadline_ms, struct error *err)
{
	struct s3_store *store = s3_of(base);
	struct blob_list_request request = { .prefix = "", .max = 1 };
	struct arena arena = ARENA_INIT(1 << 20);
	struct s3_page page;
	enum blob_rc rc = list_page(store, deadline_ms, &request, NULL, 1, &arena, &page, err);

	arena_free(&arena);
	return rc;
}

static void s3_close(struct blob_store *base)
{
	struct s3_store *store = s3_of(base);

	s3_credentials_close(store->credentials);
	http_client_close(store->http);
	free(store->bucket);
	free(store->prefix);
	free(store->region);
	free(store->origin);
	free(store->path);
	free(store);
}

static enum blob_rc s3_open(const char *url, const struct blob_options *options,
			    struct blob_store **out, struct error *err)
{
	struct s3_store *store = calloc(1, sizeof(*store));

	if (store == NULL) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	store->base.ops = &s3_ops;
	struct http_client_options http = {
		.ca_file = options->ca_file != NULL ? options->ca_file : getenv("AWS_CA_BUNDLE"),
		.connect_timeout_ms = options->connect_timeout_ms,
		.request_timeout_ms = options->request_timeout_ms,
		.max_connections = options->max_connections,
	};
	if (!s3_configure(store, url, options, err) ||
	    !http_client_open(&http, &store->http, err) ||
	    !s3_credentials_open(options, store->http, store->region, &store->credentials, err)) {
		s3_close(&store->base);
		error_wrap(err, "could not open store \"%s\"", url);
		return BLOB_FAILED;
	}
	*out = &store->base;
	return BLOB_OK;
}

const struct blob_ops s3_ops = {
	.scheme = "s3",
	.open = s3_open,
	.close = s3_close,
	.get = s3_get,
	.create = s3_create,
	.head = s3_head,
	.list = s3_list,
	.delete_many = s3_delete_many,
	.probe = s3_probe,
};
