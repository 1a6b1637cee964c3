/*
 * aws_source.c - where credentials come from
 * Licence: MIT, see LICENSE.
 */
#include "blob/aws_source.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "blob/aws_config.h"
#include "blob/aws_fetch.h"
#include "blob/s3_config.h"
#include "blob/s3_credentials.h"

enum { CHAIN_MAX = 5 }; /* source_profile of source_profile of ... */

enum kind {
	SOURCE_STATIC,       /* options or environment: does not change */
	SOURCE_PROFILE,      /* keys in a file, which other programs may renew */
	SOURCE_WEB_IDENTITY,
	SOURCE_ROLE,         /* AssumeRole with what `base` gives */
	SOURCE_CONTAINER,
	SOURCE_INSTANCE,
};

struct aws_source {
	enum kind kind;
	struct http_client *client;
	struct aws_credentials *fixed; /* SOURCE_STATIC */
	char *profile;      /* SOURCE_PROFILE */
	char *region;       /* for STS */
	char *endpoint;     /* of STS or of the metadata service; URL of the container's */
	char *role_arn;
	char *session_name;
	char *external_id;
	char *token;        /* secret */
	char *token_file;
	struct aws_source *base;
	bool last_resort;   /* nothing was configured */
	bool out_of_memory; /* a copy failed */
};

static const char *given(const char *option)
{
	return option != NULL && option[0] != '\0' ? option : NULL;
}

static char *copy(struct aws_source *s, const char *text)
{
	char *new = text != NULL ? strdup(text) : NULL;

	if (text != NULL && new == NULL)
		s->out_of_memory = true;
	return new;
}

void aws_source_close(struct aws_source *s)
{
	if (s == NULL)
		return;
	aws_credentials_unref(s->fixed);
	if (s->token != NULL)
		OPENSSL_cleanse(s->token, strlen(s->token));
	free(s->token);
	free(s->profile);
	free(s->region);
	free(s->endpoint);
	free(s->role_arn);
	free(s->session_name);
	free(s->external_id);
	free(s->token_file);
	aws_source_close(s->base);
	free(s);
}

bool aws_source_changes(const struct aws_source *s)
{
	return s->kind != SOURCE_STATIC;
}

/* Visible characters only, which is what can be signed and sent. */
static bool keys_are_clean(const char *id, const char *secret, const char *token)
{
	const char *all[] = { id, secret, token };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const char *c = all[i]; c != NULL && *c != '\0'; c++)
			if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F)
				return false;
	return true;
}

static struct aws_credentials *make_fixed(const char *id, const char *secret,
					  const char *token, const char *where,
					  struct error *err)
{
	if (id == NULL || secret == NULL) {
		error_set(err, "%s has an access key id without a secret access key, or the other way round", where);
		return NULL;
	}
	if (!keys_are_clean(id, secret, token)) {
		error_set(err, "an access key, a secret key or a session token of %s has a character that cannot be in one", where);
		return NULL;
	}
	struct aws_credentials *c = aws_credentials_new(id, secret, token, 0);
	if (c == NULL)
		error_no_memory(err);
	return c;
}

static bool set_static(struct aws_source *s, const char *id, const char *secret,
		       const char *token, const char *where, struct error *err)
{
	s->kind = SOURCE_STATIC;
	s->fixed = make_fixed(id, secret, token, where, err);
	return s->fixed != NULL;
}

static void set_sts_endpoint(struct aws_source *s)
{
	const char *named = env_get("AWS_ENDPOINT_URL_STS");

	if (named == NULL)
		named = env_get("AWS_ENDPOINT_URL");
	if (named != NULL)
		s->endpoint = copy(s, named);
	else if (asprintf(&s->endpoint, "https://sts.%s.%s", s->region, aws_domain_of(s->region)) < 0)
		s->endpoint = NULL;
}

static bool set_web_identity(struct aws_source *s, const char *token_file, const char *arn,
			     const char *session_name, struct error *err)
{
	if (arn == NULL)
		return error_set(err, "a web identity token file is named, but no role: AWS_ROLE_ARN is not set");
	s->kind = SOURCE_WEB_IDENTITY;
	s->token_file = copy(s, token_file);
	s->role_arn = copy(s, arn);
	s->session_name = copy(s, session_name != NULL ? session_name : "pgblob");
	set_sts_endpoint(s);
	return true;
}

/* The host of a container's service must be this machine, or be proven by TLS. */
static bool may_be_container(const char *url)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23",
		"[fd00:ec2::23]",
	};

	if (strncmp(url, "https://", 8) == 0)
		return true;
	if (strncmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		size_t len = strlen(hosts[i]);
		char after = strncmp(url + 7, hosts[i], len) == 0 ? url[7 + len] : 'x';

		if (after == '/' || after == '\0' || after == '?')
			return true;
		/* a port, not the rest of a user and password */
		if (after == ':') {
			size_t digits = strspn(url + 8 + len, "0123456789");
			char end = url[8 + len + digits];

			if (digits > 0 && (end == '/' || end == '\0' || end == '?'))
				return true;
		}
	}
	return false;
}

static bool set_container(struct aws_source *s, struct error *err)
{
	const char *relative = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	s->kind = SOURCE_CONTAINER;
	if (relative != NULL) {
		if (relative[0] != '/')
			return error_set(err, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
		if (asprintf(&s->endpoint, "http://169.254.170.2%s", relative) < 0)
			s->endpoint = NULL;
	} else if (full != NULL) {
		if (!may_be_container(full))
			return error_set(err, "AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is neither this machine nor https");
		s->endpoint = copy(s, full);
	} else {
		return error_set(err, "no container credentials service is named in the environment");
	}
	s->token = copy(s, env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
	s->token_file = copy(s, env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
	if (s->token != NULL && !keys_are_clean(s->token, NULL, NULL) && strchr(s->token, '\n') != NULL)
		return error_set(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN has more than one line");
	return true;
}

static bool set_instance(struct aws_source *s, struct error *err)
{
	const char *disabled = env_get("AWS_EC2_METADATA_DISABLED");
	const char *endpoint = env_get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = env_get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
		error_set(err, "there are no credentials");
		error_hint(err, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE. Instance metadata is switched off by AWS_EC2_METADATA_DISABLED.");
		return false;
	}
	s->kind = SOURCE_INSTANCE;
	if (endpoint == NULL)
		endpoint = mode != NULL && strcasecmp(mode, "ipv6") == 0 ?
			"http://[fd00:ec2::254]" : "http://169.254.169.254";
	s->endpoint = copy(s, endpoint);
	return true;
}

static struct aws_source *source_new(struct http_client *client, const char *region)
{
	struct aws_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->client = client;
	s->region = copy(s, region);
	return s;
}

static bool set_profile(struct aws_source *s, const struct aws_config *config,
			const char *profile, int depth, bool keys_only, struct error *err);

/* role_arn of a profile, with the credentials that it is taken on with */
static bool set_role(struct aws_source *s, const struct aws_config *config,
		     const char *profile, int depth, struct error *err)
{
	const char *source_profile = aws_config_get(config, profile, "source_profile");
	const char *credential_source = aws_config_get(config, profile, "credential_source");
	const char *session = aws_config_get(config, profile, "role_session_name");

	if (aws_config_get(config, profile, "mfa_serial") != NULL)
		return error_set(err, "profile \"%s\" wants a code of a device (mfa_serial), which a server cannot give", profile);
	s->base = source_new(s->client, s->region);
	if (s->base == NULL)
		return error_no_memory(err);
	s->kind = SOURCE_ROLE;
	s->role_arn = copy(s, aws_config_get(config, profile, "role_arn"));
	s->session_name = copy(s, session != NULL ? session : "pgblob");
	s->external_id = copy(s, aws_config_get(config, profile, "external_id"));
	set_sts_endpoint(s);
	if (source_profile != NULL)
		return set_profile(s->base, config, source_profile, depth + 1,
				   strcmp(source_profile, profile) == 0, err);
	if (credential_source == NULL)
		return error_set(err, "profile \"%s\" has role_arn, but neither source_profile nor credential_source", profile);
	if (strcmp(credential_source, "Environment") == 0)
		return set_static(s->base, env_get("AWS_ACCESS_KEY_ID"),
				  env_get("AWS_SECRET_ACCESS_KEY"),
				  env_get("AWS_SESSION_TOKEN"), "the environment", err);
	if (strcmp(credential_source, "EcsContainer") == 0)
		return set_container(s->base, err);
	if (strcmp(credential_source, "Ec2InstanceMetadata") == 0)
		return set_instance(s->base, err);
	return error_set(err, "profile \"%s\": credential_source \"%.40s\" is not known", profile, credential_source);
}

static bool set_profile(struct aws_source *s, const struct aws_config *config,
			const char *profile, int depth, bool keys_only, struct error *err)
{
	static const char *const refused[] = { "credential_process", "sso_session", "sso_start_url" };
	const char *role_arn = aws_config_get(config, profile, "role_arn");
	const char *token_file = aws_config_get(config, profile, "web_identity_token_file");

	if (depth == CHAIN_MAX)
		return error_set(err, "the source_profile settings go in a circle, or too far");
	if (!aws_config_has(config, profile))
		return error_set(err, "there is no profile \"%s\" in the shared credentials and config files", profile);
	if (role_arn != NULL && !keys_only) {
		if (token_file != NULL)
			return set_web_identity(s, token_file, role_arn,
						aws_config_get(config, profile, "role_session_name"), err);
		return set_role(s, config, profile, depth, err);
	}
	if (aws_config_get(config, profile, "aws_access_key_id") != NULL) {
		s->kind = SOURCE_PROFILE;
		s->profile = copy(s, profile);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (aws_config_get(config, profile, refused[i]) != NULL)
			return error_set(err, "profile \"%s\" has %s, which is not supported", profile, refused[i]);
	return error_set(err, "profile \"%s\" has no credentials", profile);
}

/* Has the profile any setting that is about credentials? */
static bool profile_is_for_keys(const struct aws_config *config, const char *profile)
{
	static const char *const names[] = { "aws_access_key_id", "aws_secret_access_key", "role_arn",
					     "credential_process", "sso_session", "sso_start_url" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (aws_config_get(config, profile, names[i]) != NULL)
			return true;
	return false;
}

static bool decide(struct aws_source *s, const struct blob_options *options,
		   const struct aws_config *config, struct error *err)
{
	const char *named = given(options->s3_profile);
	const char *token_file = env_get("AWS_WEB_IDENTITY_TOKEN_FILE");

	if (given(options->s3_access_key_id) != NULL || given(options->s3_secret_access_key) != NULL)
		return set_static(s, given(options->s3_access_key_id),
				  given(options->s3_secret_access_key),
				  given(options->s3_session_token), "the configuration", err);
	if (named != NULL)
		return set_profile(s, config, named, 0, false, err);
	if (env_get("AWS_ACCESS_KEY_ID") != NULL || env_get("AWS_SECRET_ACCESS_KEY") != NULL)
		return set_static(s, env_get("AWS_ACCESS_KEY_ID"), env_get("AWS_SECRET_ACCESS_KEY"),
				  env_get("AWS_SESSION_TOKEN"), "the environment", err);
	if (token_file != NULL)
		return set_web_identity(s, token_file, env_get("AWS_ROLE_ARN"),
					env_get("AWS_ROLE_SESSION_NAME"), err);
	/* a profile that was asked for must be there; "default" may just be about output */
	const char *profile = aws_config_profile_name();
	if (env_get("AWS_PROFILE") != NULL || env_get("AWS_DEFAULT_PROFILE") != NULL ||
	    profile_is_for_keys(config, profile))
		return set_profile(s, config, profile, 0, false, err);
	if (env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
	    env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL)
		return set_container(s, err);
	s->last_resort = true;
	return set_instance(s, err);
}

bool aws_source_open(const struct blob_options *options, struct http_client *client,
		     const char *region, struct aws_source **out, struct error *err)
{
	struct aws_config *config = NULL;
	struct aws_source *s = source_new(client, region);
	bool good = false;

	if (s == NULL)
		return error_no_memory(err);
	if (aws_config_load(&config, err) && decide(s, options, config, err)) {
		good = true;
		for (const struct aws_source *at = s; at != NULL; at = at->base)
			if (at->out_of_memory ||
			    (at->endpoint == NULL && at->kind != SOURCE_STATIC &&
			     at->kind != SOURCE_PROFILE))
				good = error_no_memory(err);
	}
	aws_config_free(config);
	if (!good) {
		aws_source_close(s);
		return false;
	}
	*out = s;
	return true;
}

static enum blob_rc fetch_profile(struct aws_source *s, struct aws_credentials **out,
				  struct error *err)
{
	struct aws_config *config = NULL;
	char where[300];

	if (!aws_config_load(&config, err))
		return BLOB_FAILED;
	snprintf(where, sizeof(where), "profile \"%.255s\"", s->profile);
	*out = make_fixed(aws_config_get(config, s->profile, "aws_access_key_id"),
			  aws_config_get(config, s->profile, "aws_secret_access_key"),
			  aws_config_get(config, s->profile, "aws_session_token"), where, err);
	aws_config_free(config);
	return *out != NULL ? BLOB_OK : BLOB_FAILED;
}

static enum blob_rc fetch_role(struct aws_source *s, const struct aws_role *role,
			       int64_t deadline_ms, struct aws_credentials **out,
			       struct error *err)
{
	struct aws_credentials *base;
	enum blob_rc rc = aws_source_fetch(s->base, deadline_ms, &base, err);

	if (rc != BLOB_OK)
		return rc;
	rc = aws_fetch_role(s->client, role, base, deadline_ms, out, err);
	aws_credentials_unref(base);
	return rc;
}

enum blob_rc aws_source_fetch(struct aws_source *s, int64_t deadline_ms,
			      struct aws_credentials **out, struct error *err)
{
	struct aws_role role = {
		.sts_endpoint = s->endpoint,
		.region = s->region,
		.arn = s->role_arn,
		.session_name = s->session_name,
		.external_id = s->external_id,
	};
	enum blob_rc rc;

	switch (s->kind) {
	case SOURCE_STATIC:
		atomic_fetch_add(&s->fixed->refs, 1);
		*out = s->fixed;
		return BLOB_OK;
	case SOURCE_PROFILE:
		return fetch_profile(s, out, err);
	case SOURCE_WEB_IDENTITY:
		return aws_fetch_web_identity(s->client, &role, s->token_file, deadline_ms, out, err);
	case SOURCE_ROLE:
		return fetch_role(s, &role, deadline_ms, out, err);
	case SOURCE_CONTAINER:
		return aws_fetch_container(s->client, s->endpoint, s->token, s->token_file,
					   deadline_ms, out, err);
	case SOURCE_INSTANCE:
		rc = aws_fetch_instance(s->client, s->endpoint, deadline_ms, out, err);
		if (rc != BLOB_OK && s->last_resort)
			error_hint(err, "No credentials are configured. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.");
		return rc;
	}
	return BLOB_FAILED;
}
