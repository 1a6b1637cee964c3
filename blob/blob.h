/*
 * blob.h - objects by key in a local folder, in S3, or in Azure Blob Storage
 *
 * A store holds immutable objects.  The only synchronisation is blob_create():
 * of many creators of one key exactly one succeeds, ever, as long as nobody
 * deletes the key.  A created object is seen by every later get, head and list.
 *
 * Keys are 1 to 900 bytes of '/'-separated segments; a segment is not empty,
 * not "." or "..", and holds no control character, backslash or invalid UTF-8.
 * Anything else is BLOB_FAILED before a request is made.
 * To be good for every kind of store, a segment is at most 80 bytes and no key is
 * the folder of another ("a" and "a/b"): a local folder fails for those.
 *
 * Every call ends within the store's deadline (blob_options.deadline_ms), its
 * retries with backoff and jitter included.  Any thread may call any function
 * but blob_close().  Memory held for a call is bounded by the limit of its
 * `out`, and connections are kept and used again.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_BLOB_H
#define PGBLOB_BLOB_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct arena;
struct blob_store;
struct buf;
struct error;

/* What a request came to, told by what the caller can do next. */
enum blob_rc {
	BLOB_OK = 0,
	BLOB_NOT_FOUND, /* no object has that key */
	BLOB_EXISTS,    /* the key is taken: read it to learn by whom (maybe by us) */
	BLOB_BUSY,      /* throttled or unreachable until the deadline; nothing was changed */
	BLOB_UNKNOWN,   /* a write may have happened, or may yet: read back, then decide */
	BLOB_FAILED,    /* anything else, not cured by waiting; err says what */
};

struct etag {
	char text[128]; /* as the store wrote it; "" if it has none */
};

struct blob_info {
	uint64_t size;     /* of the whole object, bytes */
	int64_t mtime_us;  /* by the store's clock, since 1970; 0 if not told */
	struct etag etag;
};

struct blob_range {
	uint64_t offset;
	size_t len; /* at least 1; an object that ends earlier gives less */
};

/*
 * Everything a store may be told; NULL or 0 means the default.  Strings are
 * borrowed for blob_open().  What is not given is looked for where the
 * vendor's own tools look: environment, shared files, instance metadata.
 */
struct blob_options {
	const char *s3_endpoint;        /* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else by region */
	const char *s3_region;          /* us-east-1 */
	const char *s3_addressing;      /* "auto", "path", "virtual" */
	const char *s3_profile;         /* AWS_PROFILE, else "default" */
	const char *s3_access_key_id;   /* before every other source of credentials */
	const char *s3_secret_access_key;
	const char *s3_session_token;
	const char *azure_endpoint;     /* https://ACCOUNT.blob.core.windows.net */
	const char *azure_key;          /* AZURE_STORAGE_KEY */
	const char *azure_sas;          /* AZURE_STORAGE_SAS_TOKEN */
	const char *azure_connection_string; /* AZURE_STORAGE_CONNECTION_STRING */
	bool azure_use_managed_identity;
	const char *azure_client_id;    /* AZURE_IDENTITY_CLIENT_ID */
	bool must_exist;                /* a local folder that is not there is not made */
	bool read_only;                 /* creates and deletes fail before a request is made */
	const char *ca_file;            /* trusted certificates, PEM; the system's otherwise */
	int64_t connect_timeout_ms;     /* 5000 */
	int64_t request_timeout_ms;     /* 10000: one try */
	int64_t deadline_ms;            /* 30000: a call with all its tries */
	unsigned max_connections;       /* 64 */
};

/*
 * Open the store that `url` names:
 *   file:///absolute/path   or file:relative/path
 *   s3://bucket/prefix
 *   azure://account/container/prefix
 * The prefix may be empty; keys are put behind it.  Makes no request, except
 * that a local folder is created.  On success *out is the caller's, for
 * blob_close().
 */
MUST_CHECK enum blob_rc blob_open(const char *url, const struct blob_options *options,
				  struct blob_store **out, struct error *err);

/* No call may be under way.  NULL does nothing. */
void blob_close(struct blob_store *store);

/* "s3://bucket/prefix": for messages; holds no secret. */
const char *blob_name(const struct blob_store *store);

/*
 * Find out within 10 s whether the store can be used: it answers, accepts the
 * credentials, has the bucket or container, and honours create-if-absent (a
 * probe object is created twice, and deleted; not if it is open for reading only).
 * err says what is wrong and what to do about it.
 */
MUST_CHECK enum blob_rc blob_probe(struct blob_store *store, struct error *err);

/*
 * Append the object, or `range` of it if not NULL, to `out`.  A range that
 * begins at or past the end appends nothing and is BLOB_OK.  `info` may be
 * NULL.  An object larger than the room in `out` is BLOB_FAILED.  On failure
 * `out` is as it was.
 */
MUST_CHECK enum blob_rc blob_get(struct blob_store *store, const char *key,
				 const struct blob_range *range, struct buf *out,
				 struct blob_info *info, struct error *err);

/*
 * Create the object `key` with the bytes of `body`, if there is none.
 * BLOB_OK: the object is durable, every later get sees it, `out` (may be NULL)
 * holds its etag; otherwise `out` is not touched.  `body` is borrowed for the
 * call.
 *
 * A try whose answer was lost is sent again, the same bytes, until the answer
 * is definite.  BLOB_EXISTS may then be the echo of our own first try: the
 * caller reads the object to find out.  BLOB_UNKNOWN: the deadline passed in
 * doubt; the object may appear at any time later.
 */
MUST_CHECK enum blob_rc blob_create(struct blob_store *store, const char *key,
				    const struct buf *body, struct etag *out,
				    struct error *err);

MUST_CHECK enum blob_rc blob_head(struct blob_store *store, const char *key,
				  struct blob_info *info, struct error *err);

struct blob_entry {
	const char *key;  /* below the store's prefix */
	bool is_prefix;   /* what keys up to a delimiter have in common, with it at the end */
	struct blob_info info; /* not set for a prefix */
};

struct blob_list_request {
	const char *prefix;      /* "" or NULL: everything; otherwise must end in '/' or be part of a name */
	const char *start_after; /* only keys greater than it; NULL: from the first */
	bool by_folder;          /* keys below a '/' after the prefix are told as one prefix */
	unsigned max;            /* entries wanted, 1 to 1000; 0: 1000 */
};

struct blob_list {
	struct blob_entry *entries; /* in rising order of their bytes; in the arena of the call */
	size_t n_entries;
	bool more; /* ask again with start_after = the last entry's key */
};

/* Entries of one page, allocated in `arena`. */
MUST_CHECK enum blob_rc blob_list(struct blob_store *store,
				  const struct blob_list_request *request,
				  struct arena *arena, struct blob_list *out,
				  struct error *err);

/* BLOB_OK too if there was none. */
MUST_CHECK enum blob_rc blob_delete(struct blob_store *store, const char *key,
				    struct error *err);

/* Deletes as many as it can; BLOB_OK only if none of the n is left. */
MUST_CHECK enum blob_rc blob_delete_many(struct blob_store *store,
					 const char *const *keys, size_t n,
					 struct error *err);

/* Requests since the store was opened, each try counted; for tests and statistics. */
struct blob_stats {
	uint64_t gets, creates, heads, lists, deletes, retries;
	uint64_t bytes_in, bytes_out;
};

void blob_get_stats(struct blob_store *store, struct blob_stats *out);

#endif
