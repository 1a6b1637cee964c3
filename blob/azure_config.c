/*
 * azure_config.c - which container, at which endpoint
 * Licence: MIT, see LICENSE.
 */
#include "blob/azure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "blob/azure_credentials.h"
#include "blob/key.h"

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A host name's part, or an emulator's account. */
static bool account_is_good(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len > 0 && len <= 63 && name[len] == '\0';
}

static bool container_is_good(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (strcmp(name, "$root") == 0 || strcmp(name, "$web") == 0)
		return true;
	return len >= 3 && len <= 63 && name[len] == '\0' && name[0] != '-' &&
	       name[len - 1] != '-' && strstr(name, "--") == NULL;
}

static bool out_of_memory(const void *p, struct error *err)
{
	return p != NULL || error_no_memory(err);
}

/* azure://account/container/prefix; an account that is left out comes from elsewhere. */
static bool parse_url(struct azure_store *store, const char *url, struct error *err)
{
	static const char scheme[] = "azure://";
	const char *at = url + sizeof(scheme) - 1;
	const char *account = env("AZURE_STORAGE_ACCOUNT");

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		goto bad;
	size_t len = strcspn(at, "/");
	if (at[len] != '/')
		goto bad;
	if (len > 0)
		store->account = strndup(at, len);
	else if (account != NULL)
		store->account = strdup(account);
	if ((len > 0 || account != NULL) && !out_of_memory(store->account, err))
		return false;
	at += len + 1;
	len = strcspn(at, "/");
	store->container = strndup(at, len);
	if (!out_of_memory(store->container, err))
		return false;
	if (!container_is_good(store->container)) {
		error_set(err, "\"%.80s\" is not the name of an Azure container", store->container);
		error_hint(err, "It is 3 to 63 lower-case letters, digits and single hyphens: azure://account/container/prefix.");
		return false;
	}
	at += len;
	at += strspn(at, "/");
	len = strlen(at);
	while (len > 0 && at[len - 1] == '/')
		len--;
	if (asprintf(&store->prefix, "%.*s%s", (int)len, at, len > 0 ? "/" : "") < 0)
		store->prefix = NULL;
	if (!out_of_memory(store->prefix, err))
		return false;
	if (key_is_good_prefix(store->prefix))
		return true;
	return error_set(err, "the prefix of the Azure store is not one that keys can begin with");
bad:
	error_set(err, "\"%.100s\" does not name an Azure store", url);
	error_hint(err, "Write azure://account/container/prefix.");
	return false;
}

/* Does the host stand for no account, so that the path must name it? */
static bool host_is_bare(const char *host, size_t len)
{
	bool dot = memchr(host, '.', len) != NULL;

	return !dot || host[0] == '[' || strspn(host, "0123456789.") >= len;
}

/* "https://host[:port][/path]" to origin, and the path of the container. */
static bool parse_endpoint(struct azure_store *store, const char *endpoint, struct error *err)
{
	const char *host = strstr(endpoint, "://");
	bool https = strncmp(endpoint, "https://", 8) == 0;
	bool good = https || strncmp(endpoint, "http://", 7) == 0;

	host = good ? host + 3 : endpoint;
	size_t authority = strcspn(host, "/");
	size_t host_len = host[0] == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/");
	for (const char *at = host; good && *at != '\0'; at++)
		good = *at > 0x20 && *at < 0x7F && strchr("?#@\"\\%", *at) == NULL;
	if (!good || authority == 0) {
		error_set(err, "the endpoint of the Azure store is not a URL like https://ACCOUNT.blob.core.windows.net");
		error_hint(err, "Correct AZURE_STORAGE_BLOB_ENDPOINT, or leave it out.");
		return false;
	}
	if (!https && azure_credentials_is_token(store->credentials) &&
	    strncmp(host, "127.0.0.1", host_len) != 0 && strncmp(host, "localhost", host_len) != 0)
		return error_set(err, "a managed identity's token is not sent over plain http");
	const char *path = host + authority;
	size_t path_len = strlen(path);
	while (path_len > 0 && path[path_len - 1] == '/')
		path_len--;
	store->origin = strndup(endpoint, (size_t)(path - endpoint));
	bool add_account = path_len == 0 && host_is_bare(host, host_len);
	if (asprintf(&store->path, "%.*s%s%s/%s", (int)path_len, path, add_account ? "/" : "",
		     add_account ? store->account : "", store->container) < 0)
		store->path = NULL;
	return out_of_memory(store->origin, err) && out_of_memory(store->path, err);
}

bool azure_configure(struct azure_store *store, const char *url,
		     const struct blob_options *options, struct error *err)
{
	const char *given = options->azure_endpoint;
	char *connection_endpoint = NULL, *made = NULL;
	bool good = false;

	if (!parse_url(store, url, err) ||
	    !azure_credentials_open(options, store->http, &store->account, &connection_endpoint,
				    &store->credentials, err))
		goto out;
	if (store->account == NULL || !account_is_good(store->account)) {
		error_set(err, "the store's URL names no Azure account, or not a good one");
		error_hint(err, "Set AZURE_STORAGE_ACCOUNT, or write azure://account/container/prefix.");
		goto out;
	}
	/* what options say, in either form, goes before the environment */
	if ((given == NULL || given[0] == '\0') && options->azure_connection_string != NULL)
		given = connection_endpoint;
	if (given == NULL || given[0] == '\0')
		given = env("AZURE_STORAGE_BLOB_ENDPOINT");
	if (given == NULL)
		given = connection_endpoint;
	if (given == NULL) {
		if (asprintf(&made, "https://%s.blob.core.windows.net", store->account) < 0)
			made = NULL;
		if (!out_of_memory(made, err))
			goto out;
		given = made;
	}
	good = parse_endpoint(store, given, err);
out:
	free(connection_endpoint);
	free(made);
	return good;
}
