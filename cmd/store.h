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

/* Ends the storage engine too.  NULL does nothing. */
void store_close(struct blob_store *store);

#endif
