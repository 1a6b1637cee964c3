/*
 * azure_credentials.h - what requests to Azure are authorized with
 *
 * Looked for in this order; the first source that is configured is the one, and
 * its failure is an error, never a reason to try the next:
 *   options: connection string, key, SAS, managed identity;
 *   AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN;
 *   managed identity: of App Service (IDENTITY_ENDPOINT and IDENTITY_HEADER), else
 *   of the virtual machine (169.254.169.254, or AZURE_POD_IDENTITY_AUTHORITY_HOST).
 * A bearer token is fetched again five minutes before it expires, by one thread,
 * while the others use the old one.
 * Licence: MIT, see LICENSE.
 */
#ifndef PGBLOB_BLOB_AZURE_CREDENTIALS_H
#define PGBLOB_BLOB_AZURE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "blob/blob.h"

struct azure_credentials;
struct azure_request;
struct http_client;

/*
 * Decide on the source; no request is made.  Replaces *account, if it is NULL,
 * by the connection string's, and sets *endpoint to what the connection string
 * says or leaves it; both are malloc'ed.  `client` outlives the result.
 */
MUST_CHECK bool azure_credentials_open(const struct blob_options *options,
				       struct http_client *client, char **account,
				       char **endpoint, struct azure_credentials **out,
				       struct error *err);
void azure_credentials_close(struct azure_credentials *c);

/* Does it send a bearer token, which anybody who sees it may use? */
bool azure_credentials_is_token(const struct azure_credentials *c);

/* What goes behind a URL's query: "sv=...&sig=..."; NULL: nothing. */
const char *azure_credentials_sas(const struct azure_credentials *c);

/*
 * Append the Authorization header's value for `req` to `out`, nothing if it has
 * none; a token is fetched first if there is none that is good.  BLOB_BUSY: the
 * source did not answer until the deadline.  Any thread.
 */
MUST_CHECK enum blob_rc azure_credentials_authorize(struct azure_credentials *c,
						    const struct azure_request *req,
						    int64_t deadline_ms, struct buf *out,
						    struct error *err);

/*
 * The store does not accept `authorization`, of an earlier authorize, (any more).
 * True if the next may be another.
 */
bool azure_credentials_reject(struct azure_credentials *c, const char *authorization);

/* Which source it is, for messages: "the account key". */
const char *azure_credentials_name(const struct azure_credentials *c);

#endif
