/*
 * store.h - the object store and the storage engine, as configured
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_CMD_STORE_H
#define PGBLOB_CMD_STORE_H

#include <stdbool.h>

#include "base/compiler.h"

struct blob_store;
struct config;
struct error;

/*
 * Open the store, find out that it can be used, and start the storage engine on
 * it.  On success *out is the caller's, for store_close().  Ends within 10 s.
 */
MUST_CHECK bool store_open(const struct config *c, struct blob_store **out, struct error *err);

/*
 * The same in two steps, for the tool.  `url` is what an operator writes, with
 * "?endpoint=...&region=..." behind it if need be; NULL: the store of the configuration.
 * With `probe` it is found out that it can be written to; otherwise no request is made, and no folder.
 * On success *out is the caller's, for blob_close().
 */
MUST_CHECK bool store_open_only(const struct config *c, const char *url, bool probe,
				struct blob_store **out, struct error *err);
/* `store` is where a database lies that names none; borrowed; NULL: there is none. */
MUST_CHECK bool store_start(const struct config *c, struct blob_store *store, struct error *err);

/* Ends the storage engine too.  NULL does nothing. */
void store_close(struct blob_store *store);

/* Ends what store_start() started, and closes the store, if there is one. */
void store_stop(struct blob_store *store);

#endif
