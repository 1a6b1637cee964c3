/*
 * store_kinds.c - the kinds of store that a test runs on
 * Licence: MIT, see LICENSE.
 */
#include "tests/lib/store_kinds.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"

struct store_kind store_kinds[STORE_KINDS_MAX];

static struct blob_store *open_named(const char *name);

#define OPENER(function, name)                     \
	static struct blob_store *function(void)   \
	{                                          \
		return open_named(name);           \
	}

OPENER(open_local, "local")
OPENER(open_s3, "s3")
OPENER(open_s3_old, "s3-old")
OPENER(open_azure, "azure")

static const struct {
	struct store_kind kind;
	const char *endpoint_env, *bucket_env;
} all[STORE_KINDS_MAX] = {
	{ { "local", open_local, false, NULL }, NULL, NULL },
	{ { "s3", open_s3, true, NULL }, "PGBLOB_TEST_S3_ENDPOINT", "PGBLOB_TEST_S3_BUCKET" },
	{ { "s3-old", open_s3_old, true, NULL }, "PGBLOB_TEST_S3_OLD_ENDPOINT", "PGBLOB_TEST_S3_BUCKET" },
	{ { "azure", open_azure, true, NULL }, "PGBLOB_TEST_AZURE_ENDPOINT", "PGBLOB_TEST_AZURE_CONTAINER" },
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int init(bool only_http)
{
	const char *strict = env("PGBLOB_TEST_ALL");
	bool missing = false;
	int n = 0;

	for (unsigned i = 0; i < STORE_KINDS_MAX; i++) {
		if (!all[i].kind.is_http && only_http)
			continue;
		if (all[i].kind.is_http &&
		    (env(all[i].endpoint_env) == NULL || env(all[i].bucket_env) == NULL)) {
			fprintf(stderr, "%s: store \"%s\": %s or %s is not set\n",
				strict != NULL ? "failed" : "skipped", all[i].kind.name,
				all[i].endpoint_env, all[i].bucket_env);
			missing = true;
			continue;
		}
		store_kinds[n] = all[i].kind;
		if (all[i].kind.is_http)
			store_kinds[n].endpoint = env(all[i].endpoint_env);
		n++;
	}
	if (missing && strict != NULL && strcmp(strict, "1") == 0)
		exit(1);
	return n;
}

int store_kinds_init(void)
{
	return init(false);
}

int store_kinds_init_http(void)
{
	return init(true);
}

/* file:///tmp/pgblob-test-xxxx, s3://bucket/t/xxxx, azure://account/container/t/xxxx */
void store_place_init(const struct store_kind *kind, struct store_place *out)
{
	const char *account = env("AZURE_STORAGE_ACCOUNT"), *tmp = env("TMPDIR");
	uint64_t id;

	random_bytes(&id, sizeof(id));
	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->options.ca_file = env("PGBLOB_TEST_CA_FILE");
	if (strcmp(kind->name, "local") == 0) {
		snprintf(out->url, sizeof(out->url), "file://%s/pgblob-test-%016" PRIx64,
			 tmp != NULL ? tmp : "/tmp", id);
	} else if (strcmp(kind->name, "azure") == 0) {
		out->options.azure_endpoint = kind->endpoint;
		snprintf(out->url, sizeof(out->url), "azure://%s/%s/t/%016" PRIx64,
			 account != NULL ? account : "", env("PGBLOB_TEST_AZURE_CONTAINER"), id);
	} else {
		out->options.s3_endpoint = kind->endpoint;
		snprintf(out->url, sizeof(out->url), "s3://%s/t/%016" PRIx64,
			 env("PGBLOB_TEST_S3_BUCKET"), id);
	}
}

struct blob_store *store_place_open(const struct store_place *place)
{
	struct blob_store *store;
	struct error err = ERROR_INIT;

	if (blob_open(place->url, &place->options, &store, &err) != BLOB_OK) {
		fprintf(stderr, "store_place_open %s: %s %s %s\n", place->url, err.text,
			err.detail, err.hint);
		abort();
	}
	return store;
}

static struct blob_store *open_named(const char *name)
{
	struct store_place place;

	for (unsigned i = 0; i < STORE_KINDS_MAX; i++) {
		if (store_kinds[i].name != NULL && strcmp(store_kinds[i].name, name) == 0) {
			store_place_init(&store_kinds[i], &place);
			return store_place_open(&place);
		}
	}
	abort();
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void store_place_remove(const struct store_place *place)
{
	/* its name is ours, see store_place_init() */
	if (!place->kind->is_http && strstr(place->url, "/pgblob-test-") != NULL)
		(void)nftw(place->url + strlen("file://"), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
