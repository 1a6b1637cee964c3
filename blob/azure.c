/*
 * azure.c - objects in Azure Blob Storage
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/answer.h"
#include "blob/azure_credentials.h"
#include "blob/key.h"

enum {
	LIST_BODY_MAX = 8 << 20, /* a thousand names of 1024 bytes, escaped, and their properties */
	DELETE_THREADS = 16,
};

static struct azure_store *azure_of(struct blob_store *store)
{
	return CONTAINER_OF(store, struct azure_store, base);
}

static bool check_full_key(const struct azure_store *store, const char *key, struct error *err)
{
	if (strlen(store->prefix) + strlen(key) > FULL_KEY_MAX)
		return error_set(err, "object \"%.100s\" has too long a key: with the prefix of the store it is over %d bytes",
				 key, FULL_KEY_MAX);
	if (!fits_xml(key)) /* a listing could not tell it */
		return error_set(err, "object \"%.100s\" has a key with a character that Azure cannot list", key);
	return true;
}

static enum blob_rc not_found(const char *key, struct error *err)
{
	error_set(err, "object \"%s\" does not exist", key);
	return BLOB_NOT_FOUND;
}

static enum blob_rc azure_head(struct blob_store *base, int64_t deadline_ms, const char *key,
			       struct blob_info *info, struct error *err)
{
	struct azure_call call = AZURE_CALL_INIT(azure_of(base), deadline_ms, &base->stats.heads,
						 HTTP_HEAD, NULL);

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	enum blob_rc rc = azure_call_perform(&call, err);
	if (rc == BLOB_OK && call.resp.status == 404) {
		rc = not_found(key, err);
	} else if (rc == BLOB_OK) {
		info->size = (uint64_t)call.resp.content_length;
		if (call.resp.content_length < 0) {
			error_set(err, "the store does not say how long it is");
			rc = BLOB_FAILED;
		} else if (!answer_info(&call.resp, azure_etag_set, info, err)) {
			rc = BLOB_FAILED;
		}
	}
	if (rc != BLOB_OK && rc != BLOB_NOT_FOUND)
		error_wrap(err, "could not look at object \"%s\"", key);
	azure_call_free(&call);
	return rc;
}

static enum blob_rc azure_get(struct blob_store *base, int64_t deadline_ms, const char *key,
			      const struct blob_range *range, struct buf *out,
			      struct blob_info *info, struct error *err)
{
	struct azure_call call = AZURE_CALL_INIT(azure_of(base), deadline_ms, &base->stats.gets,
						 HTTP_GET, out);
	bool past_end = false;
	char header[64];

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	if (range != NULL) {
		snprintf(header, sizeof(header), "bytes=%" PRIu64 "-%" PRIu64, range->offset,
			 range->offset + range->len - 1);
		call.range = header;
	}
	enum blob_rc rc = azure_call_perform(&call, err);
	if (rc == BLOB_OK && call.resp.status == 404) {
		rc = not_found(key, err);
	} else if (rc == BLOB_OK && call.resp.status == 416) {
		/* begins behind the end; not every server tells where that is */
		past_end = !answer_unsatisfied(&call.resp, &info->size);
		if (!answer_info(&call.resp, azure_etag_set, info, err))
			rc = BLOB_FAILED;
	} else if (rc == BLOB_OK) {
		if (call.resp.status != 200 && call.resp.status != 206) {
			error_set(err, "the store answered %d", call.resp.status);
			rc = BLOB_FAILED;
		} else if (call.resp.content_length < 0 &&
			   http_response_header(&call.resp, "transfer-encoding") == NULL) {
			error_set(err, "the store does not say how long it is");
			rc = BLOB_FAILED;
		} else if (!answer_info(&call.resp, azure_etag_set, info, err) ||
			   !answer_body(&call.resp, range, out, info, err)) {
			rc = BLOB_FAILED;
		}
	}
	if (rc != BLOB_OK && rc != BLOB_NOT_FOUND)
		error_wrap(err, "could not read object \"%s\"", key);
	azure_call_free(&call);
	return rc == BLOB_OK && past_end ? azure_head(base, deadline_ms, key, info, err) : rc;
}

static enum blob_rc azure_create(struct blob_store *base, int64_t deadline_ms, const char *key,
				 const struct buf *body, struct etag *out, struct error *err)
{
	struct azure_call call = AZURE_CALL_INIT(azure_of(base), deadline_ms,
						 &base->stats.creates, HTTP_PUT, NULL);

	if (!check_full_key(call.store, key, err))
		return BLOB_FAILED;
	call.key = key;
	call.body = body->data;
	call.body_len = body->len;
	call.if_absent = true;
	call.writes = true;
	enum blob_rc rc = azure_call_perform(&call, err);
	int status = call.resp.status;
	if (rc == BLOB_OK && (status == 409 || status == 412 || status == 403)) {
		error_set(err, "object \"%s\" exists", key);
		rc = BLOB_EXISTS;
	} else if (rc == BLOB_OK && status != 201) {
		error_set(err, "could not write object \"%s\": the store answered %d", key, status);
		/* another 2xx: executed, but what? */
		rc = status < 300 ? BLOB_UNKNOWN : BLOB_FAILED;
	} else if (rc == BLOB_OK) {
		/* it is there, whatever its ETag: one that is not fit to use is not told */
		const char *etag = http_response_header(&call.resp, "etag");

		if (etag == NULL || !azure_etag_set(out, etag))
			out->text[0] = '\0';
	} else {
		error_wrap(err, "could not write object \"%s\"", key);
	}
	azure_call_free(&call);
	return rc;
}

/* Where a listing goes on. */
struct cursor {
	const char *start_from; /* full name, itself included; NULL: not used */
	const char *marker;     /* of the page before; NULL: the first page */
	const char *last;       /* greatest full name so far */
};

static enum blob_rc list_page(struct azure_store *store, int64_t deadline_ms,
			      const struct blob_list_request *request,
			      const struct cursor *cursor, unsigned max, struct arena *arena,
			      struct azure_page *page, struct error *err)
{
	struct buf answer = BUF_INIT(LIST_BODY_MAX);
	struct azure_call call = AZURE_CALL_INIT(store, deadline_ms, &store->base.stats.lists,
						 HTTP_GET, &answer);
	char *prefix = arena_printf(arena, "%s%s", store->prefix, request->prefix);
	char max_text[16];

	if (prefix == NULL) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	snprintf(max_text, sizeof(max_text), "%u", max);
	azure_call_add_param(&call, "comp", "list");
	if (request->by_folder)
		azure_call_add_param(&call, "delimiter", "/");
	if (cursor->marker != NULL)
		azure_call_add_param(&call, "marker", cursor->marker);
	azure_call_add_param(&call, "maxresults", max_text);
	azure_call_add_param(&call, "prefix", prefix);
	azure_call_add_param(&call, "restype", "container");
	if (cursor->start_from != NULL) {
		azure_call_add_param(&call, "startFrom", cursor->start_from);
		call.version = AZURE_VERSION_START_FROM;
	}
	enum blob_rc rc = azure_call_perform(&call, err);
	/* an older service knows neither the version nor the parameter */
	if (rc == BLOB_FAILED && call.resp.status == 400 && cursor->start_from != NULL)
		store->no_start_from = true;
	if (rc == BLOB_OK && call.resp.status != 200) {
		error_set(err, "container \"%s\" answered %d", store->container, call.resp.status);
		rc = BLOB_FAILED;
	}
	if (rc == BLOB_OK &&
	    !azure_parse_list(answer.data, answer.len, store->prefix, max, arena, page, err))
		rc = BLOB_FAILED;
	azure_call_free(&call);
	buf_free(&answer);
	return rc;
}

/* All names of `page` must come behind those of the pages before. */
static bool advance(struct cursor *cursor, const struct azure_page *page,
		    const struct blob_store *store, const struct blob_list_request *request,
		    struct error *err)
{
	/* what one page told as a folder may go on in the next as the same */
	if (page->last != NULL && cursor->last != NULL && strcmp(page->last, cursor->last) < 0)
		return error_set(err, "could not list \"%s\": the store's listing does not come on",
				 blob_listed(store, request));
	if (page->marker != NULL && cursor->marker != NULL &&
	    strcmp(page->marker, cursor->marker) == 0)
		return error_set(err, "could not list \"%s\": the store's listing stands still",
				 blob_listed(store, request));
	if (page->last != NULL)
		cursor->last = page->last;
	cursor->marker = page->marker;
	return true;
}

/*
 * The name from which on everything is behind `start_after`, or just it; NULL: no
 * use in saying so.  Azure's start is inclusive.
 */
static bool find_start(const struct azure_store *store,
		       const struct blob_list_request *request, struct arena *arena,
		       const char **out, struct error *err)
{
	const char *after = request->start_after;
	char *name;

	*out = NULL;
	if (after == NULL || store->no_start_from || strcmp(after, request->prefix) <= 0)
		return true;
	name = arena_printf(arena, "%s%s", store->prefix, after);
	if (name == NULL)
		return error_no_memory(err);
	size_t len = strlen(name);
	/* past everything in a folder that was told: '0' is the character behind '/' */
	if (request->by_folder && name[len - 1] == '/')
		name[len - 1] = '0';
	*out = name;
	return true;
}

/* Can nothing with this prefix come behind start_after? */
static bool is_past(const struct blob_list_request *request)
{
	const char *after = request->start_after;

	return after != NULL && strcmp(after, request->prefix) > 0 &&
	       strncmp(after, request->prefix, strlen(request->prefix)) != 0;
}

static enum blob_rc list_pages(struct azure_store *store, int64_t deadline_ms,
			       const struct blob_list_request *request, struct arena *arena,
			       struct blob_list *out, struct error *err)
{
	struct cursor cursor = { .marker = NULL };
	const char *told = request->start_after; /* what is not greater is left out */

	if (!find_start(store, request, arena, &cursor.start_from, err))
		return BLOB_FAILED;
	out->n_entries = 0;
	out->more = false;
	do {
		/* one more than wanted tells whether there is more; another may be start_after */
		unsigned max = request->max - (unsigned)out->n_entries + 2;
		struct azure_page page;
		enum blob_rc rc = list_page(store, deadline_ms, request, &cursor, max, arena,
					    &page, err);

		if (rc != BLOB_OK) {
			error_wrap(err, "could not list \"%s\"", blob_listed(&store->base, request));
			return rc;
		}
		if (!advance(&cursor, &page, &store->base, request, err))
			return BLOB_FAILED;
		for (size_t i = 0; i < page.n_entries && !out->more; i++) {
			if (told != NULL && strcmp(page.entries[i].key, told) <= 0)
				continue;
			if (out->n_entries == request->max) {
				out->more = true;
			} else {
				out->entries[out->n_entries++] = page.entries[i];
				told = page.entries[i].key;
			}
		}
	} while (!out->more && cursor.marker != NULL);
	return BLOB_OK;
}

static enum blob_rc azure_list(struct blob_store *base, int64_t deadline_ms,
			       const struct blob_list_request *request, struct arena *arena,
			       struct blob_list *out, struct error *err)
{
	struct azure_store *store = azure_of(base);
	bool plain = store->no_start_from;

	out->entries = ARENA_ARRAY(arena, struct blob_entry, request->max);
	if (out->entries == NULL) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	out->n_entries = 0;
	out->more = false;
	if (is_past(request))
		return BLOB_OK;
	enum blob_rc rc = list_pages(store, deadline_ms, request, arena, out, err);
	if (rc == BLOB_FAILED && !plain && store->no_start_from)
		rc = list_pages(store, deadline_ms, request, arena, out, err);
	return rc;
}

static enum blob_rc delete_one(struct azure_store *store, int64_t deadline_ms, const char *key,
			       struct error *err)
{
	struct azure_call call = AZURE_CALL_INIT(store, deadline_ms, &store->base.stats.deletes,
						 HTTP_DELETE, NULL);

	if (!check_full_key(store, key, err))
		return BLOB_FAILED;
	call.key = key;
	call.writes = true;
	enum blob_rc rc = azure_call_perform(&call, err); /* 404 is as good as 202 */
	if (rc != BLOB_OK)
		error_wrap(err, "could not delete object \"%s\"", key);
	azure_call_free(&call);
	return rc;
}

/*
 * Keys that threads delete, each taking the next one.  (Azure's batches would save
 * requests, but are not to be had with every kind of account and SAS.)
 */
struct deletion {
	struct azure_store *store;
	int64_t deadline_ms;
	const char *const *keys;
	size_t n;
	_Atomic size_t next;

	struct mutex lock;
	enum blob_rc rc;  /* of one that failed */
	struct error err; /* its */
};

static void *deletion_run(void *arg)
{
	struct deletion *d = arg;

	for (size_t i; (i = atomic_fetch_add(&d->next, 1)) < d->n;) {
		struct error one = ERROR_INIT;
		enum blob_rc rc = delete_one(d->store, d->deadline_ms, d->keys[i], &one);

		if (rc != BLOB_OK) {
			mutex_lock(&d->lock);
			d->rc = rc;
			d->err = one;
			mutex_unlock(&d->lock);
		}
	}
	return NULL;
}

static enum blob_rc azure_delete_many(struct blob_store *base, int64_t deadline_ms,
				      const char *const *keys, size_t n, struct error *err)
{
	struct deletion d = {
		.store = azure_of(base), .deadline_ms = deadline_ms, .keys = keys, .n = n,
		.lock = MUTEX_INIT, .rc = BLOB_OK,
	};
	pthread_t threads[DELETE_THREADS];
	size_t n_threads = 0;

	/* this thread works too, and alone where no other can be had */
	while (n_threads < DELETE_THREADS - 1 && n_threads + 1 < n &&
	       thread_start(&threads[n_threads], "delete", 256 << 10, deletion_run, &d, NULL))
		n_threads++;
	deletion_run(&d);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	if (d.rc != BLOB_OK && err != NULL)
		*err = d.err;
	mutex_deinit(&d.lock);
	return d.rc;
}

static enum blob_rc azure_probe(struct blob_store *base, int64_t deadline_ms, struct error *err)
{
	struct blob_list_request request = { .prefix = "", .max = 1 };
	struct cursor cursor = { .marker = NULL };
	struct arena arena = ARENA_INIT(1 << 20);
	struct azure_page page;
	enum blob_rc rc = list_page(azure_of(base), deadline_ms, &request, &cursor, 1, &arena,
				    &page, err);

	arena_free(&arena);
	return rc;
}

static void azure_close(struct blob_store *base)
{
	struct azure_store *store = azure_of(base);

	azure_credentials_close(store->credentials);
	http_client_close(store->http);
	free(store->account);
	free(store->container);
	free(store->prefix);
	free(store->origin);
	free(store->path);
	free(store);
}

static enum blob_rc azure_open(const char *url, const struct blob_options *options,
			       struct blob_store **out, struct error *err)
{
	struct azure_store *store = calloc(1, sizeof(*store));

	if (store == NULL) {
		error_no_memory(err);
		return BLOB_FAILED;
	}
	store->base.ops = &azure_ops;
	struct http_client_options http = {
		.ca_file = options->ca_file,
		.connect_timeout_ms = options->connect_timeout_ms,
		.request_timeout_ms = options->request_timeout_ms,
		.max_connections = options->max_connections,
	};
	if (!http_client_open(&http, &store->http, err) ||
	    !azure_configure(store, url, options, err)) {
		azure_close(&store->base);
		error_wrap(err, "could not open store \"%.200s\"", url);
		return BLOB_FAILED;
	}
	*out = &store->base;
	return BLOB_OK;
}

const struct blob_ops azure_ops = {
	.scheme = "azure",
	.open = azure_open,
	.close = azure_close,
	.get = azure_get,
	.create = azure_create,
	.head = azure_head,
	.list = azure_list,
	.delete_many = azure_delete_many,
	.probe = azure_probe,
};
