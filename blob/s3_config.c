/*
 * s3_config.c - where a bucket is: endpoint, region, addressing
 * Licence: MIT, see LICENSE.
 */
#include "blob/s3_config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "blob/aws_config.h"
#include "blob/key.h"
#include "blob/s3.h"

const char *aws_domain_of(const char *region)
{
	return strncmp(region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
}

bool region_is_good(const char *region)
{
	size_t len = strlen(region);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)region[i]) && region[i] != '-' && region[i] != '_')
			return false;
	return len > 0 && len < 64;
}

bool endpoint_parse(const char *endpoint, bool *tls, char **host, char **path,
		    struct error *err)
{
	const char *at = NULL;

	*host = *path = NULL;
	if (strncmp(endpoint, "https://", 8) == 0)
		at = endpoint + 8;
	else if (strncmp(endpoint, "http://", 7) == 0)
		at = endpoint + 7;
	*tls = at == endpoint + 8;
	if (at == NULL) {
		error_set(err, "\"%.100s\" is not an endpoint", endpoint);
		error_hint(err, "It begins with https:// or http://.");
		return false;
	}
	size_t len = strcspn(at, "/?#");
	for (const char *c = at; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || strchr("?#@\"\\<>", *c) != NULL)
			return error_set(err, "the endpoint has a user, a query or a character that cannot be in one");
	if (len == 0 || len > 255)
		return error_set(err, "\"%.100s\" is not an endpoint: it has no host", endpoint);
	size_t path_len = strlen(at + len);
	while (path_len > 0 && at[len + path_len - 1] == '/')
		path_len--;
	*host = strndup(at, len);
	*path = strndup(at + len, path_len);
	if (*host == NULL || *path == NULL) {
		free(*host);
		free(*path);
		*host = *path = NULL;
		return error_no_memory(err);
	}
	/* libcurl leaves the scheme's own port out of the Host header, which is signed */
	const char *own_port = *tls ? ":443" : ":80";
	size_t port_len = strlen(own_port);
	if (len > port_len && strcmp(*host + len - port_len, own_port) == 0)
		(*host)[len - port_len] = '\0';
	for (char *c = *host; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

static bool bucket_is_good(const char *bucket)
{
	size_t len = strlen(bucket);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)bucket[i]) && strchr("._-", bucket[i]) == NULL)
			return false;
	return len >= 3 && len <= 255 && strstr(bucket, "..") == NULL && bucket[0] != '.';
}

/* One label of a host's name, which a wildcard certificate covers. */
static bool bucket_is_label(const char *bucket)
{
	size_t len = strlen(bucket);

	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)bucket[i]) && !isdigit((unsigned char)bucket[i]) &&
		    bucket[i] != '-')
			return false;
	return len <= 63 && bucket[0] != '-' && bucket[len - 1] != '-';
}

/* s3://bucket/prefix */
static bool parse_url(struct s3_store *store, const char *url, struct error *err)
{
	if (strncmp(url, "s3://", 5) != 0)
		return error_set(err, "it must have the form s3://bucket/prefix");
	const char *at = url + 5;
	size_t len = strcspn(at, "/");
	store->bucket = strndup(at, len);
	if (store->bucket == NULL)
		return error_no_memory(err);
	if (!bucket_is_good(store->bucket))
		return error_set(err, "\"%.80s\" is not the name of a bucket", store->bucket);
	at += len;
	while (*at == '/')
		at++;
	len = strlen(at);
	while (len > 0 && at[len - 1] == '/')
		len--;
	store->prefix = calloc(1, len + 2);
	if (store->prefix == NULL)
		return error_no_memory(err);
	memcpy(store->prefix, at, len);
	if (len > 0) {
		if (!key_is_good(store->prefix))
			return error_set(err, "its prefix is not a key");
		store->prefix[len] = '/';
	}
	return true;
}

static const char *from_profile(const struct aws_config *config,
				const struct blob_options *options, const char *name)
{
	const char *profile = options->s3_profile != NULL && options->s3_profile[0] != '\0' ?
		options->s3_profile : aws_config_profile_name();

	return aws_config_get(config, profile, name);
}

static const char *given(const char *option)
{
	return option != NULL && option[0] != '\0' ? option : NULL;
}

static bool set_region(struct s3_store *store, const struct blob_options *options,
		       const struct aws_config *config, struct error *err)
{
	const char *region = given(options->s3_region);

	if (region == NULL)
		region = env_get("AWS_REGION");
	if (region == NULL)
		region = env_get("AWS_DEFAULT_REGION");
	if (region == NULL)
		region = from_profile(config, options, "region");
	if (region == NULL)
		region = "us-east-1";
	if (!region_is_good(region))
		return error_set(err, "\"%.80s\" is not the name of a region", region);
	store->region = strdup(region);
	return store->region != NULL || error_no_memory(err);
}

static const char *find_endpoint(const struct blob_options *options,
				 const struct aws_config *config)
{
	const char *endpoint = given(options->s3_endpoint);
	const char *ignore = env_get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

	if (endpoint != NULL || (ignore != NULL && strcasecmp(ignore, "true") == 0))
		return endpoint;
	endpoint = env_get("AWS_ENDPOINT_URL_S3");
	if (endpoint == NULL)
		endpoint = env_get("AWS_ENDPOINT_URL");
	if (endpoint == NULL)
		endpoint = from_profile(config, options, "endpoint_url");
	return endpoint;
}

static bool is_ip_address(const char *host)
{
	return host[0] == '[' || host[strspn(host, "0123456789.:")] == '\0';
}

/* Does the bucket's name go into the host's? */
static bool decide_virtual(const struct s3_store *store, const char *addressing,
			   const char *host, bool *virtual, struct error *err)
{
	if (addressing == NULL || strcmp(addressing, "auto") == 0) {
		*virtual = store->is_aws && bucket_is_label(store->bucket);
		return true;
	}
	if (strcmp(addressing, "path") == 0) {
		*virtual = false;
		return true;
	}
	if (strcmp(addressing, "virtual") != 0)
		return error_set(err, "\"%.40s\" is not a way to address a bucket: auto, path or virtual", addressing);
	if (is_ip_address(host))
		return error_set(err, "the bucket's name cannot be put before the IP address \"%.80s\"", host);
	if (!bucket_is_label(store->bucket))
		return error_set(err, "the bucket's name cannot be part of a host's name: use path addressing");
	*virtual = true;
	return true;
}

static bool set_address(struct s3_store *store, const struct blob_options *options,
			const struct aws_config *config, struct error *err)
{
	const char *endpoint = find_endpoint(options, config);
	char aws[160];
	char *host = NULL;
	char *path = NULL;
	bool tls;
	bool virtual;
	bool good = false;

	store->is_aws = endpoint == NULL;
	if (endpoint == NULL) {
		snprintf(aws, sizeof(aws), "https://s3.%s.%s", store->region,
			 aws_domain_of(store->region));
		endpoint = aws;
	}
	if (!endpoint_parse(endpoint, &tls, &host, &path, err))
		return false;
	size_t host_len = strlen(host);
	if (host_len > 14 && strcmp(host + host_len - 14, ".amazonaws.com") == 0)
		store->is_aws = true;
	if (decide_virtual(store, given(options->s3_addressing), host, &virtual, err)) {
		int n = virtual ?
			asprintf(&store->origin, "http%s://%s.%s", tls ? "s" : "", store->bucket, host) :
			asprintf(&store->origin, "http%s://%s", tls ? "s" : "", host);
		if (n < 0)
			store->origin = NULL;
		n = virtual ? asprintf(&store->path, "%s", path) :
			asprintf(&store->path, "%s/%s", path, store->bucket);
		if (n < 0)
			store->path = NULL;
		good = store->origin != NULL && store->path != NULL;
		if (good)
			store->host = strstr(store->origin, "://") + 3;
		else
			error_no_memory(err);
	}
	free(host);
	free(path);
	return good;
}

bool s3_configure(struct s3_store *store, const char *url,
		  const struct blob_options *options, struct error *err)
{
	struct aws_config *config = NULL;
	bool good = parse_url(store, url, err) && aws_config_load(&config, err) &&
		    set_region(store, options, config, err) &&
		    set_address(store, options, config, err);

	aws_config_free(config);
	return good;
}
