/*
 * store_kinds.h - the kinds of store that a test runs on
 *
 *	int n = store_kinds_init();
 *	tcase_add_loop_test(tc, second_create_conflicts, 0, n);
 *	...
 *	struct blob_store *store = store_kinds[_i].open();
 *
 * "local" is always there; the others when the environment names a server
 * (stores.sh starts them and exports it):
 *	s3      PGBLOB_TEST_S3_ENDPOINT and PGBLOB_TEST_S3_BUCKET
 *	s3-old  PGBLOB_TEST_S3_OLD_ENDPOINT and PGBLOB_TEST_S3_BUCKET
 *	azure   PGBLOB_TEST_AZURE_ENDPOINT and PGBLOB_TEST_AZURE_CONTAINER
 * with AWS_* and AZURE_STORAGE_* for the credentials, and PGBLOB_TEST_CA_FILE if
 * an endpoint is https with a certificate of its own.  What is not there is
 * skipped with a line on standard error; with PGBLOB_TEST_ALL=1 it ends the
 * program with status 1.
 *
 * Functions that cannot do what they say abort: a test must not go on then.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_TESTS_LIB_STORE_KINDS_H
#define PGBLOB_TESTS_LIB_STORE_KINDS_H

#include <stdbool.h>

#include "blob/blob.h"

struct store_kind {
	const char *name; /* "local", "s3", "s3-old", "azure" */
	/* A store with a prefix that nobody used before; for blob_close(). */
	struct blob_store *(*open)(void);
	bool is_http;     /* endpoint is set */
	const char *endpoint;
};

enum { STORE_KINDS_MAX = 4 };

extern struct store_kind store_kinds[STORE_KINDS_MAX];

/* Fill the table; how many there are. */
int store_kinds_init(void);

/* The same without "local": those that a proxy can stand in front of.  Call only one of the two. */
int store_kinds_init_http(void);

/* A place for one test's objects, to be opened more than once, or by another process. */
struct store_place {
	const struct store_kind *kind;
	char url[256];               /* with a fresh random prefix */
	struct blob_options options; /* the endpoint; change it as needed */
};

void store_place_init(const struct store_kind *kind, struct store_place *out);
struct blob_store *store_place_open(const struct store_place *place);

/* Remove the folder of a local place; the servers forget all when they end. */
void store_place_remove(const struct store_place *place);

#endif
