/*
 * store.c - the object store and the storage engine, as configured
 * Licence: MIT, see LICENSE.
 */
#include "cmd/store.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "blob/blob.h"
#include "cmd/config.h"
#include "vfs/vfs.h"

/* What was not said is NULL: then the layer below looks in the vendor's own places. */
static const char *said(const struct config *c, const char *const *field)
{
	for (size_t i = 0; i < config_n_options; i++)
		if ((const char *)c + config_options[i].field == (const char *)field)
			return c->source[i] != CONFIG_DEFAULT && (*field)[0] != '\0' ? *field : NULL;
	return NULL;
}

static bool url_of(const struct config *c, char *out, size_t size, struct error *err)
{
	switch ((enum config_backend)c->storage_backend) {
	case CONFIG_LOCAL:
		return vfs_store_url("local", NULL, c->local_base_path, NULL, out, size, err);
	case CONFIG_S3:
		return vfs_store_url("s3", NULL, c->s3_bucket, c->s3_prefix, out, size, err);
	case CONFIG_AZURE:
		return vfs_store_url("azure", c->azure_account, c->azure_container, NULL, out, size,
				     err);
	}
	return error_set(err, "unknown storage");
}

/*
 * "?endpoint=URL&region=NAME" behind the URL of a store: options of that one only.  `url`
 * ends where they begin; the options point into it.
 */
static bool take_parameters(char *url, struct blob_options *options, struct error *err)
{
	const struct {
		const char *name;
		const char **to;
	} s3[] = {
		{ "endpoint", &options->s3_endpoint },
		{ "region", &options->s3_region },
		{ "addressing", &options->s3_addressing },
		{ "profile", &options->s3_profile },
		{ NULL, NULL },
	}, azure[] = { { "endpoint", &options->azure_endpoint }, { NULL, NULL } };
	bool is_azure = strncmp(url, "azure:", 6) == 0;
	char *at = strncmp(url, "file:", 5) == 0 ? NULL : strchr(url, '?');

	while (at != NULL) {
		*at++ = '\0';
		char *name = at;
		char *next = strchr(at, '&');
		size_t len = strcspn(name, "=&");
		size_t i = 0;

		if (next != NULL)
			*next = '\0';
		at = next;
		while (is_azure ? azure[i].name != NULL : s3[i].name != NULL) {
			const char *known = is_azure ? azure[i].name : s3[i].name;

			if (strlen(known) == len && strncmp(name, known, len) == 0)
				break;
			i++;
		}
		if ((is_azure ? azure[i].name : s3[i].name) == NULL || name[len] != '=') {
			error_set(err, "unknown parameter \"%s\" of store \"%s\"", name, url);
			error_hint(err, is_azure ? "There is endpoint." :
						   "There are endpoint, region, addressing and profile.");
			return false;
		}
		*(is_azure ? azure[i].to : s3[i].to) = name + len + 1;
	}
	return true;
}

bool store_open_only(const struct config *c, const char *where, bool probe,
		     struct blob_store **out, struct error *err)
{
	struct blob_options options = {
		.s3_endpoint = said(c, &c->s3_endpoint),
		.s3_region = said(c, &c->s3_region),
		.s3_addressing = said(c, &c->s3_addressing),
		.s3_profile = said(c, &c->s3_profile),
		.s3_access_key_id = said(c, &c->s3_access_key_id),
		.s3_secret_access_key = said(c, &c->s3_secret_access_key),
		.s3_session_token = said(c, &c->s3_session_token),
		.azure_endpoint = said(c, &c->azure_endpoint),
		.azure_key = said(c, &c->azure_key),
		.azure_sas = said(c, &c->azure_sas_token),
		.azure_connection_string = said(c, &c->azure_connection_string),
		.azure_use_managed_identity = c->azure_use_managed_identity ||
					      c->azure_client_id[0] != '\0',
		.azure_client_id = said(c, &c->azure_client_id),
		.must_exist = !probe,
		.read_only = c->database_read_only,
		.ca_file = said(c, &c->storage_ca_file),
		.connect_timeout_ms = c->storage_connect_timeout_ms,
		.request_timeout_ms = c->storage_request_timeout_ms,
		.deadline_ms = c->storage_deadline_ms,
		.max_connections = (unsigned)c->storage_max_connections,
	};
	struct blob_store *store = NULL;
	char url[2048];

	if (where == NULL) {
		if (!url_of(c, url, sizeof(url), err))
			return false;
	} else {
		if ((size_t)snprintf(url, sizeof(url), "%s", where) >= sizeof(url))
			return error_set(err, "the name of the store is too long");
		if (!take_parameters(url, &options, err))
			return false;
	}
	if (blob_open(url, &options, &store, err) != BLOB_OK)
		return false;
	if (probe && blob_probe(store, err) != BLOB_OK) {
		blob_close(store);
		return false;
	}
	*out = store;
	return true;
}

/* `serves`: commits may be kept in local journals, and databases are compacted in the background. */
static bool start(const struct config *c, struct blob_store *store, bool serves, struct error *err)
{
	struct vfs_config vfs = {
		.store = store,
		.cache_bytes = (size_t)c->storage_cache_size,
		.commit_timeout_ms = c->storage_commit_timeout_ms,
		.read_only = c->database_read_only,
		.housekeeping = serves,
		.retention_ms = c->storage_retention_ms,
		.cache_ttl_ms = c->storage_cache_ttl_minutes * 60000,
	};
	char folder[4096], journal[4096];

	if (serves && !c->database_read_only && c->database_sqlite_path[0] != '\0' &&
	    (size_t)snprintf(journal, sizeof(journal), "%s-journal", c->database_sqlite_path) <
		    sizeof(journal))
		vfs.journal_folder = journal;
	/* a local folder is no slower than the cache would be */
	if (store != NULL && strncmp(blob_name(store), "file:", 5) != 0 &&
	    c->database_sqlite_path[0] != '\0' &&
	    (size_t)snprintf(folder, sizeof(folder), "%s-cache", c->database_sqlite_path) <
		    sizeof(folder)) {
		vfs.disk_cache_folder = folder;
		vfs.disk_cache_bytes = (uint64_t)c->storage_disk_cache_size;
	}
	return vfs_init(&vfs, err);
}

bool store_start(const struct config *c, struct blob_store *store, struct error *err)
{
	return start(c, store, false, err);
}

bool store_open(const struct config *c, struct blob_store **out, struct error *err)
{
	struct blob_store *store = NULL;

	if (!store_open_only(c, NULL, true, &store, err))
		return false;
	if (!start(c, store, true, err)) {
		blob_close(store);
		return false;
	}
	vfs_replay_journals(store);
	*out = store;
	return true;
}

void store_close(struct blob_store *store)
{
	if (store == NULL)
		return;
	store_stop(store);
}

void store_stop(struct blob_store *store)
{
	vfs_deinit();
	blob_close(store);
}
