/*
 * blob.c - what all kinds of stores have in common
 * Licence: MIT, see LICENSE.
 */
#include "blob/blob.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/key.h"
#include "blob/store.h"

static const struct blob_ops *const kinds[] = {
	&local_ops,
	&s3_ops,
	&azure_ops,
};

enum {
	LIST_MAX = 1000,
	PROBE_MS = 8000, /* blob_probe() promises 10 s */
};

static const struct blob_ops *kind_of(const char *url)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t len = strlen(kinds[i]->scheme);

		if (strncmp(url, kinds[i]->scheme, len) == 0 && url[len] == ':')
			return kinds[i];
	}
	return NULL;
}

static void set_defaults(struct blob_options *o)
{
	if (o->connect_timeout_ms <= 0)
		o->connect_timeout_ms = 5000;
	if (o->request_timeout_ms <= 0)
		o->request_timeout_ms = 10000;
	if (o->deadline_ms <= 0)
		o->deadline_ms = 30000;
	if (o->max_connections == 0)
		o->max_connections = 64;
}

enum blob_rc blob_open(const char *url, const struct blob_options *options,
		       struct blob_store **out, struct error *err)
{
	struct blob_options filled = { .s3_endpoint = NULL };
	struct blob_store *store = NULL;

	if (options != NULL)
		filled = *options;
	set_defaults(&filled);
	const struct blob_ops *ops = kind_of(url);
	if (ops == NULL) {
		error_set(err, "no kind of store has a name like \"%s\"", url);
		error_hint(err, "Use file:///path, s3://bucket/prefix or azure://account/container/prefix.");
		return BLOB_FAILED;
	}
	enum blob_rc rc = ops->open(url, &filled, &store, err);
	if (rc != BLOB_OK)
		return rc;
	assert(store->ops == ops);
	store->timeout_ms = filled.deadline_ms;
	store->read_only = filled.read_only;
	store->name = strdup(url);
	if (store->name == NULL) {
		ops->close(store);
		error_no_memory(err);
		return BLOB_FAILED;
	}
	*out = store;
	return BLOB_OK;
}

void blob_close(struct blob_store *store)
{
	if (store == NULL)
		return;
	char *name = store->name;
	store->ops->close(store);
	free(name);
}

const char *blob_name(const struct blob_store *store)
{
	return store->name;
}

static int64_t deadline_of(const struct blob_store *store)
{
	return mono_ms() + store->timeout_ms;
}

static bool check_writable(const struct blob_store *store, const char *key, struct error *err)
{
	return !store->read_only ||
	       error_set(err, "cannot change object \"%s\": store \"%s\" is open for reading only",
			 key, store->name);
}

static bool check_key(const char *key, struct error *err)
{
	if (key_is_good(key))
		return true;
	/* it may hold anything: a log line and a terminal are spared the worst */
	char shown[64];
	size_t n = 0;
	for (; key[n] != '\0' && n < sizeof(shown) - 1; n++)
		shown[n] = key[n] >= 0x20 && key[n] < 0x7F ? key[n] : '?';
	shown[n] = '\0';
	error_set(err, "\"%s\" is not a key", shown);
	error_detail(err, "A key is 1 to %d bytes of UTF-8 in segments between slashes, without control characters and backslashes.",
		     KEY_MAX);
	return false;
}

static void add_bytes(_Atomic uint64_t *counter, size_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

enum blob_rc blob_get(struct blob_store *store, const char *key,
		      const struct blob_range *range, struct buf *out,
		      struct blob_info *info, struct error *err)
{
	struct blob_info own;
	size_t before = out->len;

	if (!check_key(key, err))
		return BLOB_FAILED;
	assert(range == NULL || range->len > 0);
	if (range != NULL && range->offset > (uint64_t)INT64_MAX - range->len) {
		error_set(err, "could not read object \"%s\": no object is that large", key);
		return BLOB_FAILED;
	}
	if (out->failed) {
		error_set(err, "could not read object \"%s\": the buffer is full", key);
		return BLOB_FAILED;
	}
	memset(&own, 0, sizeof(own));
	enum blob_rc rc = store->ops->get(store, deadline_of(store), key, range,
					  out, &own, err);
	if (rc == BLOB_OK && out->failed) {
		error_set(err, "could not read object \"%s\": it is larger than %zu bytes",
			  key, out->limit - before);
		rc = BLOB_FAILED;
	}
	if (rc != BLOB_OK) {
		out->len = before;
		out->failed = false;
		return rc;
	}
	add_bytes(&store->stats.bytes_in, out->len - before);
	if (info != NULL)
		*info = own;
	return BLOB_OK;
}

enum blob_rc blob_create(struct blob_store *store, const char *key,
			 const struct buf *body, struct etag *out,
			 struct error *err)
{
	struct etag etag = { .text = "" };

	if (!check_key(key, err))
		return BLOB_FAILED;
	if (body->failed) {
		error_set(err, "could not write object \"%s\": its bytes are not complete", key);
		return BLOB_FAILED;
	}
	if (!check_writable(store, key, err))
		return BLOB_FAILED;
	enum blob_rc rc = store->ops->create(store, deadline_of(store), key, body,
					     &etag, err);
	add_bytes(&store->stats.bytes_out, body->len);
	if (rc == BLOB_OK && out != NULL)
		*out = etag;
	return rc;
}

enum blob_rc blob_head(struct blob_store *store, const char *key,
		       struct blob_info *info, struct error *err)
{
	struct blob_info own;

	if (!check_key(key, err))
		return BLOB_FAILED;
	memset(&own, 0, sizeof(own));
	enum blob_rc rc = store->ops->head(store, deadline_of(store), key, &own, err);
	if (rc == BLOB_OK && info != NULL)
		*info = own;
	return rc;
}

enum blob_rc blob_list(struct blob_store *store,
		       const struct blob_list_request *request,
		       struct arena *arena, struct blob_list *out,
		       struct error *err)
{
	struct blob_list_request filled = *request;
	struct blob_list list = { .entries = NULL };

	if (filled.prefix == NULL)
		filled.prefix = "";
	if (filled.start_after != NULL && filled.start_after[0] == '\0')
		filled.start_after = NULL;
	if (filled.max == 0 || filled.max > LIST_MAX)
		filled.max = LIST_MAX;
	if (!key_is_good_prefix(filled.prefix) ||
	    (filled.start_after != NULL && !key_is_good_prefix(filled.start_after))) {
		error_set(err, "cannot list what begins with what is not a key");
		return BLOB_FAILED;
	}
	enum blob_rc rc = store->ops->list(store, deadline_of(store), &filled, arena,
					   &list, err);
	if (rc == BLOB_OK)
		*out = list;
	return rc;
}

enum blob_rc blob_delete(struct blob_store *store, const char *key, struct error *err)
{
	return blob_delete_many(store, &key, 1, err);
}

enum blob_rc blob_delete_many(struct blob_store *store, const char *const *keys,
			      size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (!check_key(keys[i], err))
			return BLOB_FAILED;
	if (n == 0)
		return BLOB_OK;
	if (!check_writable(store, keys[0], err))
		return BLOB_FAILED;
	return store->ops->delete_many(store, deadline_of(store), keys, n, err);
}

/*
 * Create one object twice: the second time must be refused, or two writers
 * would both believe that a slot is theirs.
 */
static enum blob_rc probe_create(struct blob_store *store, int64_t deadline_ms,
				 const char *key, struct error *err)
{
	struct buf body = BUF_INIT(64);
	struct etag etag = { .text = "" };

	buf_put_str(&body, "pgblob tries the store; delete this\n");
	enum blob_rc rc = store->ops->create(store, deadline_ms, key, &body, &etag, err);
	/* the name is random: if it exists, the answer to our own first try was lost */
	if (rc == BLOB_OK || rc == BLOB_EXISTS) {
		rc = store->ops->create(store, deadline_ms, key, &body, &etag, err);
		if (rc == BLOB_OK) {
			error_set(err, "this store cannot be used: it created one object twice, though told to create it only if absent");
			error_hint(err, "Use a store that honours If-None-Match on a write, as Amazon S3, Ceph 16 and Azure do.");
			rc = BLOB_FAILED;
		} else if (rc == BLOB_EXISTS) {
			error_clear(err);
			rc = BLOB_OK;
		}
	}
	buf_free(&body);
	return rc;
}

enum blob_rc blob_probe(struct blob_store *store, struct error *err)
{
	char key[64];
	const char *keys[1] = { key };
	struct error ignored = ERROR_INIT;
	int64_t timeout_ms = store->timeout_ms < PROBE_MS ? store->timeout_ms : PROBE_MS;
	int64_t deadline_ms = mono_ms() + timeout_ms;
	uint64_t nonce;
	enum blob_rc rc = BLOB_OK;

	random_bytes(&nonce, sizeof(nonce));
	snprintf(key, sizeof(key), "pgblob-probe-%016" PRIx64, nonce);
	if (store->ops->probe != NULL)
		rc = store->ops->probe(store, deadline_ms, err);
	if (rc == BLOB_OK && !store->read_only) {
		rc = probe_create(store, deadline_ms, key, err);
		/* also after a failure: it may have been created */
		enum blob_rc deleted =
			store->ops->delete_many(store, deadline_ms, keys, 1,
						rc == BLOB_OK ? err : &ignored);
		if (rc == BLOB_OK)
			rc = deleted;
	}
	if (rc == BLOB_BUSY && err != NULL && err->hint[0] == '\0')
		error_hint(err, "Check the endpoint, and that this machine reaches it.");
	if (rc != BLOB_OK)
		error_wrap(err, "could not use store \"%s\"", store->name);
	return rc;
}

void blob_get_stats(struct blob_store *store, struct blob_stats *out)
{
#define READ(field) \
	out->field = atomic_load_explicit(&store->stats.field, memory_order_relaxed)
	READ(gets);
	READ(creates);
	READ(heads);
	READ(lists);
	READ(deletes);
	READ(retries);
	READ(bytes_in);
	READ(bytes_out);
#undef READ
}
