/*
 * store.c - which store a database lives in: configuration, URI, environment
 * Licence: MIT, see LICENSE.
 */
#include "vfs/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mutex lock = MUTEX_INIT;
static struct store_ref *stores; /* guarded by lock */
static _Thread_local struct blob_store *override;
static _Thread_local const char *other_journals;

void store_override(struct blob_store *store)
{
	override = store;
}

const char *journal_folder(void)
{
	return other_journals != NULL ? other_journals : vfs_settings.journal_folder;
}

void journal_override(const char *folder)
{
	other_journals = folder;
}

bool vfs_store_url(const char *backend, const char *account, const char *container,
		   const char *prefix, char *out, size_t size, struct error *err)
{
	size_t len;
	int n;

	if (prefix == NULL)
		prefix = "";
	while (*prefix == '/')
		prefix++;
	len = strlen(prefix);
	while (len > 0 && prefix[len - 1] == '/')
		len--;
	if (strcmp(backend, "local") == 0) {
		n = snprintf(out, size, container[0] == '/' ? "file://%s" : "file:%s", container);
	} else if (container == NULL || *container == '\0') {
		return error_set(err, "storage \"%s\" needs the name of a %s", backend,
				 strcmp(backend, "s3") == 0 ? "bucket" : "container");
	} else if (strcmp(backend, "s3") == 0) {
		n = snprintf(out, size, "s3://%s%s%.*s", container, len > 0 ? "/" : "", (int)len,
			     prefix);
	} else if (strcmp(backend, "azure") == 0) {
		if (account == NULL || *account == '\0')
			return error_set(err, "storage \"azure\" needs the name of an account");
		n = snprintf(out, size, "azure://%s/%s%s%.*s", account, container,
			     len > 0 ? "/" : "", (int)len, prefix);
	} else {
		return error_set(err, "unknown storage \"%s\"", backend);
	}
	if (n < 0 || (size_t)n >= size)
		return error_set(err, "the name of the store is too long");
	return true;
}

static const char *env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

bool vfs_store_url_of_environment(char *out, size_t size, struct error *err)
{
	const char *url = env("PGBLOB_STORE", NULL);
	const char *backend = env("STORAGE", "local");

	if (url != NULL) {
		if ((size_t)snprintf(out, size, "%s", url) >= size)
			return error_set(err, "PGBLOB_STORE is too long");
		return true;
	}
	if (strcmp(backend, "s3") == 0)
		return vfs_store_url(backend, NULL, env("S3_BUCKET", NULL),
				     env("S3_PREFIX", "sqlite-dbs/"), out, size, err);
	if (strcmp(backend, "azure") == 0)
		return vfs_store_url(backend, env("AZURE_STORAGE_ACCOUNT", NULL),
				     env("AZURE_STORAGE_CONTAINER", NULL), NULL, out, size, err);
	return vfs_store_url(backend, NULL, env("STORAGE_LOCAL_BASE_PATH", "./data"), NULL, out,
			     size, err);
}

/* Open it outside the lock: two that do so at once is harmless. */
static enum vfs_rc store_open(const char *url, struct store_ref **out, struct error *err)
{
	struct store_ref *ref = calloc(1, sizeof(*ref));
	struct blob_options options = {
		.s3_region = getenv("S3_REGION"),
		.azure_key = getenv("AZURE_STORAGE_KEY"),
		.azure_client_id = getenv("AZURE_IDENTITY_CLIENT_ID"),
	};
	enum vfs_rc rc;

	if (ref != NULL)
		ref->url = strdup(url);
	if (ref == NULL || ref->url == NULL) {
		free(ref);
		error_no_memory(err);
		return VFS_IO;
	}
	rc = vfs_rc_of_blob(blob_open(url, &options, &ref->store, err));
	if (rc != VFS_OK) {
		free(ref->url);
		free(ref);
		return rc;
	}
	ref->refs = 1;
	*out = ref;
	return VFS_OK;
}

enum vfs_rc store_find(const char *url, struct blob_store **out, struct store_ref **ref,
		       struct error *err)
{
	char buffer[2048];
	struct store_ref *fresh;
	struct store_ref *s;
	enum vfs_rc rc;

	*ref = NULL;
	if (override != NULL) {
		*out = override;
		return VFS_OK;
	}
	if (url == NULL && vfs_settings.store != NULL) {
		*out = vfs_settings.store;
		return VFS_OK;
	}
	if (url == NULL) {
		if (!vfs_store_url_of_environment(buffer, sizeof(buffer), err))
			return VFS_INVALID;
		url = buffer;
	} else if (vfs_settings.store != NULL && strcmp(url, blob_name(vfs_settings.store)) == 0) {
		*out = vfs_settings.store;
		return VFS_OK;
	}
	mutex_lock(&lock);
	for (s = stores; s != NULL && strcmp(s->url, url) != 0; s = s->next)
		;
	if (s != NULL)
		s->refs++;
	mutex_unlock(&lock);
	if (s == NULL) {
		rc = store_open(url, &fresh, err);
		if (rc != VFS_OK)
			return rc;
		s = fresh;
		mutex_lock(&lock);
		s->next = stores;
		stores = s;
		mutex_unlock(&lock);
	}
	*ref = s;
	*out = s->store;
	return VFS_OK;
}

void store_ref_again(struct store_ref *ref)
{
	if (ref == NULL)
		return;
	mutex_lock(&lock);
	ref->refs++;
	mutex_unlock(&lock);
}

void store_release(struct store_ref *ref)
{
	struct store_ref **at = &stores;

	if (ref == NULL)
		return;
	mutex_lock(&lock);
	if (--ref->refs > 0) {
		mutex_unlock(&lock);
		return;
	}
	while (*at != ref)
		at = &(*at)->next;
	*at = ref->next;
	mutex_unlock(&lock);
	blob_close(ref->store);
	free(ref->url);
	free(ref);
}
