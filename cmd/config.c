/*
 * config.c - what the operator may say: file, environment, command line
 *
 * FORMAT of the file: YAML mappings of mappings, whose path is the key.
 *	server:
 *	  port: 5433
 * Aliases, tags, lists and a key that comes twice are refused.
 * Licence: MIT, see LICENSE.
 */
#include "cmd/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/buf.h"

enum {
	FILE_MAX = 1 << 20,
	ARENA_MAX = 4 << 20,
	KEY_MAX = 128,
	DEPTH_MAX = 8,
	NEAR = 3, /* so many edits away is still "did you mean" */
};

#define KB INT64_C(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)
#define MINUTE INT64_C(60000)

#define AT(name) offsetof(struct config, name)
#define STRING(key, env, name, initial, help) \
	{ key, env, CONFIG_STRING, AT(name), initial, 0, 0, NULL, false, false, help }
#define SECRET(key, env, name, initial, help) \
	{ key, env, CONFIG_STRING, AT(name), initial, 0, 0, NULL, true, false, help }
#define NUMBER(key, env, name, initial, min, max, help) \
	{ key, env, CONFIG_NUMBER, AT(name), initial, min, max, NULL, false, false, help }
#define BOOL(key, env, name, initial, help) \
	{ key, env, CONFIG_BOOL, AT(name), initial, 0, 0, NULL, false, false, help }
#define WORD(key, env, name, initial, words, help) \
	{ key, env, CONFIG_WORD, AT(name), initial, 0, 0, words, false, false, help }
#define DURATION(key, env, name, initial, min, max, help) \
	{ key, env, CONFIG_DURATION, AT(name), initial, min, max, NULL, false, false, help }
#define SIZE(key, env, name, initial, min, max, help) \
	{ key, env, CONFIG_SIZE, AT(name), initial, min, max, NULL, false, false, help }

/* Words are in the order of the enums that they stand for. */
const struct config_option config_options[] = {
	STRING("server.host", "PG_HOST", server_host, "0.0.0.0", "address to listen on; * for all"),
	NUMBER("server.port", "PG_PORT", server_port, "5432", 0, 65535,
	       "port to listen on; 0 for any free one"),
	STRING("server.unix_socket_directory", "PG_UNIX_SOCKET_DIRECTORY",
	       server_unix_socket_directory, "", "also listen on a Unix socket there"),
	NUMBER("server.max_connections", "PG_MAX_CONNECTIONS", server_max_connections, "1000", 1,
	       100000, "clients at once"),
	NUMBER("server.reactors", "PG_REACTORS", server_reactors, "0", 0, 64,
	       "threads that watch idle clients; 0: one for two cores"),
	SIZE("server.max_message_size", "PG_MAX_MESSAGE_SIZE", server_max_message_size, "256MB",
	     64 * KB, GB, "largest message of a client"),
	DURATION("server.shutdown_timeout", "PG_SHUTDOWN_TIMEOUT", server_shutdown_timeout_ms, "30s",
		 0, 60 * MINUTE, "how long a stop waits for statements at work"),
	WORD("server.authentication.method", "PG_AUTH_METHOD", auth_method, "scram-sha-256",
	     "scram-sha-256 md5 password trust", "how clients say who they are"),
	STRING("server.authentication.user", "PG_USER", auth_user, "postgres",
	       "the one user that may connect"),
	SECRET("server.authentication.password", "PG_PASSWORD", auth_password, "postgres",
	       "that user's password"),
	DURATION("server.authentication.timeout", "PG_AUTH_TIMEOUT", auth_timeout_ms, "60s", 1000,
		 60 * MINUTE, "how long a client may take to say who it is"),
	STRING("database.name", "DB_NAME", database_name, "myapp",
	       "database that is created at the first start"),
	STRING("database.sqlite_path", "DB_PATH", database_sqlite_path, "/tmp/myapp.sqlite",
	       "where this machine keeps cache and journal of that database"),
	WORD("database.transaction_mode", "DB_TRANSACTION_MODE", database_transaction_mode,
	     "deferred", "deferred immediate exclusive", "of a plain BEGIN"),
	NUMBER("database.connection_pool_size", "CONNECTION_POOL_SIZE",
	       database_connection_pool_size, "10", 1, 10000,
	       "statements at work at once, not clients"),
	BOOL("database.read_only", "DATABASE_READ_ONLY", database_read_only, "false",
	     "never write to the store: a hot standby for its clients"),
	WORD("storage.backend", "STORAGE", storage_backend, "local", "local s3 azure",
	     "where databases live"),
	NUMBER("storage.cache_ttl_minutes", "CACHE_TTL_MINUTES", storage_cache_ttl_minutes, "5", 0,
	       1440, "readers learn of other machines' commits this late at most; 0: at once"),
	SIZE("storage.cache_size", "STORAGE_CACHE_SIZE", storage_cache_size, "64MB", MB, 1024 * GB,
	     "memory for pages"),
	SIZE("storage.disk_cache_size", "STORAGE_DISK_CACHE_SIZE", storage_disk_cache_size, "1GB", 0,
	     64 * GB, "disk for pages of s3 and azure, 16MB at least; 0: none"),
	DURATION("storage.retention", "STORAGE_RETENTION", storage_retention_ms, "7d", MINUTE,
		 (int64_t)3660 * 24 * 60 * MINUTE,
		 "versions of so long ago can be opened; what older ones need is deleted a day later"),
	DURATION("storage.commit_timeout", "STORAGE_COMMIT_TIMEOUT", storage_commit_timeout_ms, "30s",
		 1000, 60 * MINUTE, "how long a commit waits for the store"),
	DURATION("storage.connect_timeout", "STORAGE_CONNECT_TIMEOUT", storage_connect_timeout_ms,
		 "5s", 100, 10 * MINUTE, "for a connection to the store"),
	DURATION("storage.request_timeout", "STORAGE_REQUEST_TIMEOUT", storage_request_timeout_ms,
		 "10s", 100, 60 * MINUTE, "for one try of a request"),
	DURATION("storage.deadline", "STORAGE_DEADLINE", storage_deadline_ms, "30s", 1000,
		 60 * MINUTE, "for a request with all its tries"),
	NUMBER("storage.max_connections", "STORAGE_MAX_CONNECTIONS", storage_max_connections, "64", 1,
	       10000, "connections to the store at once"),
	STRING("storage.ca_file", "STORAGE_CA_FILE", storage_ca_file, "",
	       "certificates to trust, PEM; the system's otherwise"),
	STRING("storage.local.base_path", "STORAGE_LOCAL_BASE_PATH", local_base_path, "./data",
	       "folder of the databases"),
	STRING("storage.s3.bucket", "S3_BUCKET", s3_bucket, "", "bucket of the databases"),
	STRING("storage.s3.region", "S3_REGION", s3_region, "us-east-1", "region of the bucket"),
	STRING("storage.s3.prefix", "S3_PREFIX", s3_prefix, "sqlite-dbs/",
	       "what keys in the bucket begin with"),
	STRING("storage.s3.endpoint", "AWS_ENDPOINT_URL_S3", s3_endpoint, "",
	       "URL of a compatible store; Amazon's otherwise"),
	STRING("storage.s3.addressing", "S3_ADDRESSING", s3_addressing, "auto",
	       "auto, path or virtual: where the bucket's name goes"),
	STRING("storage.s3.profile", "AWS_PROFILE", s3_profile, "", "profile of the shared files"),
	SECRET("storage.s3.access_key_id", "AWS_ACCESS_KEY_ID", s3_access_key_id, "",
	       "before every other source of credentials"),
	SECRET("storage.s3.secret_access_key", "AWS_SECRET_ACCESS_KEY", s3_secret_access_key, "",
	       "the other half of it"),
	SECRET("storage.s3.session_token", "AWS_SESSION_TOKEN", s3_session_token, "",
	       "of temporary credentials"),
	STRING("storage.azure.account", "AZURE_STORAGE_ACCOUNT", azure_account, "", "storage account"),
	STRING("storage.azure.container", "AZURE_STORAGE_CONTAINER", azure_container, "",
	       "container of the databases"),
	SECRET("storage.azure.key", "AZURE_STORAGE_KEY", azure_key, "", "account key"),
	SECRET("storage.azure.sas_token", "AZURE_STORAGE_SAS_TOKEN", azure_sas_token, "",
	       "shared access signature, instead of the key"),
	SECRET("storage.azure.connection_string", "AZURE_STORAGE_CONNECTION_STRING",
	       azure_connection_string, "", "account, key and endpoint in one"),
	STRING("storage.azure.endpoint", "AZURE_STORAGE_ENDPOINT", azure_endpoint, "",
	       "URL of the blob service; Azure's otherwise"),
	BOOL("storage.azure.use_managed_identity", "AZURE_USE_MANAGED_IDENTITY",
	     azure_use_managed_identity, "false", "ask this machine for a token"),
	STRING("storage.azure.client_id", "AZURE_IDENTITY_CLIENT_ID", azure_client_id, "",
	       "which managed identity; implies use_managed_identity"),
	{ "logging.level", "LOG_LEVEL", CONFIG_WORD, AT(logging_level), "info", 0, 0,
	  "error warn info debug", false, true, "what is worth a line" },
	WORD("logging.format", "LOG_FORMAT", logging_format, "text", "text json",
	     "how lines look, on standard error"),
};

const size_t config_n_options = ARRAY_LEN(config_options);
_Static_assert(ARRAY_LEN(config_options) <= CONFIG_N_OPTIONS, "CONFIG_N_OPTIONS is too small");

static const struct config_option *find(const char *key)
{
	for (size_t i = 0; i < config_n_options; i++)
		if (strcmp(config_options[i].key, key) == 0)
			return &config_options[i];
	return NULL;
}

/* Is `key` a mapping: the beginning of a key, up to a dot? */
static bool is_section(const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < config_n_options; i++)
		if (strncmp(config_options[i].key, key, len) == 0 &&
		    config_options[i].key[len] == '.')
			return true;
	return false;
}

/* How many characters must be put in, taken out, changed or swapped to make a of b. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][KEY_MAX + 1];
	size_t *before = rows[0];
	size_t *last = rows[1];
	size_t *row = rows[2];
	size_t n = strlen(b);

	if (strlen(a) > KEY_MAX || n > KEY_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= n; k++)
		last[k] = k;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			size_t best = last[k - 1] + (a[i - 1] != b[k - 1]);

			if (last[k] + 1 < best)
				best = last[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1 < best)
				best = before[k - 2] + 1;
			row[k] = best;
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[n];
}

/* The name of the key's last part. */
static const char *leaf(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot != NULL ? dot + 1 : key;
}

/*
 * The known key that was meant perhaps: few letters away; or of the same name
 * in another place; NULL: no idea.
 */
static const char *nearest(const char *key)
{
	const char *best = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < config_n_options; i++) {
		size_t distance = edit_distance(key, config_options[i].key);

		if (distance < least) {
			least = distance;
			best = config_options[i].key;
		}
	}
	for (size_t i = 0; best == NULL && i < config_n_options; i++)
		if (edit_distance(leaf(key), leaf(config_options[i].key)) <= 1)
			best = config_options[i].key;
	return best;
}

/* The same for a key with mappings below it, in `text`. */
static const char *nearest_section(const char *key, char text[KEY_MAX])
{
	const char *best = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < config_n_options; i++) {
		char section[KEY_MAX];

		snprintf(section, sizeof(section), "%s", config_options[i].key);
		for (char *dot; (dot = strrchr(section, '.')) != NULL;) {
			*dot = '\0';
			size_t distance = edit_distance(key, section);

			if (distance < least) {
				least = distance;
				memcpy(text, section, sizeof(section));
				best = text;
			}
		}
	}
	return best;
}

static bool unknown_key(const char *key, bool section, struct error *err)
{
	char text[KEY_MAX];
	const char *meant = section ? nearest_section(key, text) : nearest(key);

	error_set(err, "unknown key \"%s\"", key);
	if (meant != NULL)
		error_hint(err, "Did you mean \"%s\"?", meant);
	return false;
}

static bool parse_whole_number(const char *text, int64_t *out, const char **end)
{
	char *stop;

	errno = 0;
	long long n = strtoll(text, &stop, 10);
	*end = stop;
	*out = n;
	return stop != text && errno == 0 && !isspace((unsigned char)text[0]) && text[0] != '+';
}

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = { { "ms", 1 }, { "s", 1000 }, { "m", MINUTE },
					 { "min", MINUTE }, { "h", 60 * MINUTE },
					 { "d", 24 * 60 * MINUTE } };
static const struct unit sizes[] = { { "B", 1 }, { "kB", KB }, { "KB", KB },
				     { "MB", MB }, { "GB", GB } };

static bool parse_with_unit(const char *text, const struct unit *units, size_t n_units,
			    bool needs_unit, int64_t *out)
{
	const char *end;

	if (!parse_whole_number(text, out, &end) || *out < 0)
		return false;
	while (*end == ' ')
		end++;
	if (*end == '\0')
		return !needs_unit || *out == 0;
	for (size_t i = 0; i < n_units; i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		return !__builtin_mul_overflow(*out, units[i].factor, out);
	}
	return false;
}

static bool parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*out = true;
			return true;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*out = false;
			return true;
		}
	}
	return false;
}

/* The number of `text` among the words, which are divided by spaces; -1: none of them. */
static int64_t word_number(const char *words, const char *text)
{
	size_t len = strlen(text);
	int64_t n = 0;

	for (const char *at = words; *at != '\0'; n++) {
		size_t word = strcspn(at, " ");

		if (word == len && memcmp(at, text, len) == 0)
			return n;
		at += word;
		at += *at == ' ';
	}
	return -1;
}

static void word_text(const char *words, int64_t number, char *text, size_t size)
{
	const char *at = words;

	for (; number > 0 && *at != '\0'; number--) {
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	snprintf(text, size, "%.*s", (int)strcspn(at, " "), at);
}

/* Numbers, durations and sizes as they are written. */
static void number_text(const struct config_option *o, int64_t n, char *text, size_t size)
{
	const struct unit *units = o->type == CONFIG_DURATION ? durations : sizes;
	size_t n_units = o->type == CONFIG_DURATION ? ARRAY_LEN(durations) : ARRAY_LEN(sizes);
	const struct unit *best = NULL;

	if (o->type != CONFIG_NUMBER && n != 0)
		for (size_t i = 0; i < n_units; i++)
			if (n % units[i].factor == 0 &&
			    (best == NULL || units[i].factor > best->factor))
				best = &units[i];
	if (best != NULL && !(o->type == CONFIG_SIZE && best->factor == 1))
		/* a minute is shown as 60s: that is how the defaults are written */
		if (o->type == CONFIG_DURATION && best->factor == MINUTE && n <= 2 * MINUTE)
			snprintf(text, size, "%" PRId64 "s", n / 1000);
		else
			snprintf(text, size, "%" PRId64 "%s", n / best->factor, best->name);
	else
		snprintf(text, size, "%" PRId64, n);
}

static bool in_range(const struct config_option *o, int64_t n, struct error *err)
{
	char min[32];
	char max[32];

	if (n >= o->min && n <= o->max)
		return true;
	number_text(o, o->min, min, sizeof(min));
	number_text(o, o->max, max, sizeof(max));
	return error_set(err, "\"%s\" must be from %s to %s", o->key, min, max);
}

/* What is wrong is said without the value where that is a secret. */
static bool wrong_value(const struct config_option *o, const char *value, const char *wanted,
			struct error *err)
{
	if (o->secret)
		return error_set(err, "the value of \"%s\" is not %s", o->key, wanted);
	return error_set(err, "\"%s\" must be %s, not \"%.64s\"", o->key, wanted, value);
}

static bool wrong_word(const struct config_option *o, const char *value, struct error *err)
{
	char words[128] = "one of ";
	size_t n = strlen(words);

	for (const char *at = o->words; *at != '\0' && n < sizeof(words) - 2; at++) {
		if (*at == ' ')
			words[n++] = ',';
		words[n++] = *at;
	}
	words[n] = '\0';
	return wrong_value(o, value, words, err);
}

static bool set_value(struct config *c, const struct config_option *o, const char *value,
		      enum config_source source, struct error *err)
{
	void *field = (char *)c + o->field;
	const char *end;
	int64_t n = 0;

	switch (o->type) {
	case CONFIG_STRING: {
		char *copy = arena_strdup(&c->arena, value);

		if (copy == NULL)
			return error_no_memory(err);
		*(const char **)field = copy;
		break;
	}
	case CONFIG_BOOL:
		if (!parse_bool(value, field))
			return wrong_value(o, value, "true or false", err);
		break;
	case CONFIG_WORD:
		n = word_number(o->words, value);
		if (n < 0)
			return wrong_word(o, value, err);
		*(int64_t *)field = n;
		break;
	case CONFIG_NUMBER:
		if (!parse_whole_number(value, &n, &end) || *end != '\0')
			return wrong_value(o, value, "a whole number", err);
		if (!in_range(o, n, err))
			return false;
		*(int64_t *)field = n;
		break;
	case CONFIG_DURATION:
		if (!parse_with_unit(value, durations, ARRAY_LEN(durations), true, &n))
			return wrong_value(o, value, "a duration like 500ms, 30s, 5min or 1h", err);
		if (!in_range(o, n, err))
			return false;
		*(int64_t *)field = n;
		break;
	case CONFIG_SIZE:
		if (!parse_with_unit(value, sizes, ARRAY_LEN(sizes), false, &n))
			return wrong_value(o, value, "a size like 4096, 64kB, 64MB or 1GB", err);
		if (!in_range(o, n, err))
			return false;
		*(int64_t *)field = n;
		break;
	}
	c->source[o - config_options] = (unsigned char)source;
	return true;
}

bool config_init(struct config *c, struct error *err)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena, ARENA_MAX);
	for (size_t i = 0; i < config_n_options; i++)
		if (!set_value(c, &config_options[i], config_options[i].initial, CONFIG_DEFAULT, err)) {
			config_deinit(c);
			return false;
		}
	return true;
}

void config_deinit(struct config *c)
{
	arena_free(&c->arena);
}

/* A walk over the events of a file. */
struct reader {
	yaml_parser_t parser;
	struct config *config;
	const char *path;
	size_t line;         /* of the event at work, from 1 */
	char key[KEY_MAX];   /* path of the mapping that is open */
	bool seen[CONFIG_N_OPTIONS];
};

/* Put file and line before what is wrong. */
static bool fail_at(struct reader *r, struct error *err)
{
	error_wrap(err, "%s:%zu", r->path, r->line);
	return false;
}

static bool next_event(struct reader *r, yaml_event_t *event, struct error *err)
{
	if (yaml_parser_parse(&r->parser, event)) {
		r->line = event->start_mark.line + 1;
		return true;
	}
	r->line = r->parser.problem_mark.line + 1;
	error_set(err, "%s%s%s", r->parser.problem != NULL ? r->parser.problem : "not YAML",
		  r->parser.context != NULL ? ", " : "",
		  r->parser.context != NULL ? r->parser.context : "");
	return fail_at(r, err);
}

static bool set_scalar(struct reader *r, const yaml_event_t *event, struct error *err)
{
	const struct config_option *o = find(r->key);
	const char *value = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (o == NULL && is_section(r->key)) {
		/* "server:" with nothing below it says nothing */
		if (plain && value[0] == '\0')
			return true;
		error_set(err, "\"%s\" has keys below it, and no value", r->key);
		return fail_at(r, err);
	}
	if (o == NULL) {
		unknown_key(r->key, false, err);
		return fail_at(r, err);
	}
	if (r->seen[o - config_options]) {
		error_set(err, "\"%s\" is there twice", r->key);
		return fail_at(r, err);
	}
	r->seen[o - config_options] = true;
	if (strlen(value) != event->data.scalar.length) {
		error_set(err, "the value of \"%s\" holds a zero byte", r->key);
		return fail_at(r, err);
	}
	if (plain && (value[0] == '\0' || strcmp(value, "~") == 0 || strcmp(value, "null") == 0))
		return true; /* the default */
	if (!set_value(r->config, o, value, CONFIG_FILE, err))
		return fail_at(r, err);
	return true;
}

static bool read_mapping(struct reader *r, unsigned depth, struct error *err);

static bool read_value(struct reader *r, unsigned depth, struct error *err)
{
	yaml_event_t event;
	bool ok = false;

	size_t key_line = r->line;
	if (!next_event(r, &event, err))
		return false;
	r->line = key_line;
	switch (event.type) {
	case YAML_SCALAR_EVENT:
		ok = set_scalar(r, &event, err);
		break;
	case YAML_MAPPING_START_EVENT:
		if (find(r->key) != NULL)
			error_set(err, "\"%s\" has a value, and no keys below it", r->key);
		else if (!is_section(r->key))
			unknown_key(r->key, true, err);
		else
			ok = true;
		ok = ok ? read_mapping(r, depth + 1, err) : fail_at(r, err);
		break;
	case YAML_SEQUENCE_START_EVENT:
		error_set(err, "\"%s\" cannot be a list", r->key);
		fail_at(r, err);
		break;
	default:
		error_set(err, "\"%s\" cannot be an alias", r->key);
		fail_at(r, err);
		break;
	}
	yaml_event_delete(&event);
	return ok;
}

/* Key and value, up to the end of the mapping whose path is r->key. */
static bool read_mapping(struct reader *r, unsigned depth, struct error *err)
{
	size_t outer = strlen(r->key);
	bool ok = true;

	if (depth > DEPTH_MAX) {
		error_set(err, "mappings are nested too deep");
		return fail_at(r, err);
	}
	while (ok) {
		yaml_event_t event;

		if (!next_event(r, &event, err))
			return false;
		bool end = event.type == YAML_MAPPING_END_EVENT;
		if (!end && event.type != YAML_SCALAR_EVENT) {
			error_set(err, "a key must be a name");
			ok = fail_at(r, err);
		} else if (!end) {
			int n = snprintf(r->key + outer, sizeof(r->key) - outer, "%s%s",
					 outer > 0 ? "." : "",
					 (const char *)event.data.scalar.value);

			if (n < 0 || (size_t)n >= sizeof(r->key) - outer) {
				r->key[outer] = '\0';
				error_set(err, "a key is too long");
				ok = fail_at(r, err);
			}
		}
		yaml_event_delete(&event);
		if (end)
			return true;
		ok = ok && read_value(r, depth, err);
		r->key[outer] = '\0';
	}
	return false;
}

/* One document, a mapping or nothing. */
static bool read_document(struct reader *r, struct error *err)
{
	yaml_event_t event;
	yaml_event_type_t type;
	unsigned n_documents = 0;
	bool empty = false;

	do {
		if (!next_event(r, &event, err))
			return false;
		type = event.type;
		empty = type == YAML_SCALAR_EVENT && event.data.scalar.length == 0;
		yaml_event_delete(&event);
		if (type == YAML_DOCUMENT_START_EVENT && ++n_documents > 1) {
			error_set(err, "there is more than one document");
			return fail_at(r, err);
		}
		if (type == YAML_MAPPING_START_EVENT) {
			if (!read_mapping(r, 0, err))
				return false;
		} else if ((type == YAML_SCALAR_EVENT && !empty) ||
			   type == YAML_SEQUENCE_START_EVENT) {
			error_set(err, "the file must be a mapping of keys to values");
			return fail_at(r, err);
		}
	} while (type != YAML_STREAM_END_EVENT);
	return true;
}

bool config_read_text(struct config *c, const char *text, size_t len, const char *path,
		      struct error *err)
{
	struct reader r = { .config = c, .path = path };

	if (!yaml_parser_initialize(&r.parser))
		return error_no_memory(err);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	bool ok = read_document(&r, err);
	yaml_parser_delete(&r.parser);
	return ok;
}

static bool read_all(const char *path, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, errno, "could not read \"%s\"", path);
	ssize_t n = 1;
	while (n > 0 && buf_reserve(out, 4096)) {
		n = read(fd, out->data + out->len, out->cap - out->len);
		if (n > 0)
			out->len += (size_t)n;
	}
	int errnum = errno;
	close(fd);
	if (n < 0)
		return error_set_errno(err, errnum, "could not read \"%s\"", path);
	if (out->failed)
		return error_set(err, "\"%s\" is too large for a configuration", path);
	return true;
}

bool config_read_file(struct config *c, const char *path, struct error *err)
{
	struct buf text = BUF_INIT(FILE_MAX);
	bool ok = read_all(path, &text, err) &&
		  config_read_text(c, text.data != NULL ? text.data : "", text.len, path, err);

	if (ok)
		c->path = arena_strdup(&c->arena, path);
	buf_free(&text);
	return ok;
}

bool config_read_environment(struct config *c, struct error *err)
{
	for (size_t i = 0; i < config_n_options; i++) {
		const char *value = getenv(config_options[i].env);

		if (value == NULL || value[0] == '\0')
			continue;
		if (!set_value(c, &config_options[i], value, CONFIG_ENVIRONMENT, err)) {
			error_wrap(err, "environment variable %s", config_options[i].env);
			return false;
		}
	}
	return true;
}

bool config_set_assignment(struct config *c, const char *text, struct error *err)
{
	char key[KEY_MAX];
	const char *equals = strchr(text, '=');
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);

	if (len >= sizeof(key))
		return error_set(err, "unknown key \"%.100s...\"", text);
	memcpy(key, text, len);
	key[len] = '\0';
	const struct config_option *o = find(key);
	if (o == NULL)
		return unknown_key(key, false, err);
	if (equals == NULL) {
		error_set(err, "\"%s\" needs a value", key);
		error_hint(err, "Write --%s=VALUE.", key);
		return false;
	}
	return set_value(c, o, equals + 1, CONFIG_COMMAND_LINE, err);
}

bool config_load(struct config *c, const char *path, const char *const *assignments,
		 size_t n_assignments, struct error *err)
{
	if (path == NULL) {
		path = getenv("CONFIG_PATH");
		if (path != NULL && path[0] == '\0')
			path = NULL;
	}
	if (path == NULL && access("config.yaml", F_OK) == 0)
		path = "config.yaml";
	if (path != NULL && !config_read_file(c, path, err))
		return false;
	if (!config_read_environment(c, err))
		return false;
	for (size_t i = 0; i < n_assignments; i++)
		if (!config_set_assignment(c, assignments[i], err))
			return false;
	return true;
}

bool config_check(const struct config *c, struct error *err)
{
	if (c->database_name[0] == '\0' || strlen(c->database_name) > 63)
		return error_set(err, "\"database.name\" must have 1 to 63 bytes");
	if (c->auth_user[0] == '\0')
		return error_set(err, "\"server.authentication.user\" must not be empty");
	if (c->auth_password[0] == '\0' && c->auth_method != 3) {
		error_set(err, "\"server.authentication.password\" must not be empty");
		error_hint(err, "Without a password nobody can connect; \"trust\" asks for none.");
		return false;
	}
	if (c->storage_disk_cache_size != 0 && c->storage_disk_cache_size < 16 * MB)
		return error_set(err, "\"storage.disk_cache_size\" must be 0, or 16MB or more");
	switch ((enum config_backend)c->storage_backend) {
	case CONFIG_LOCAL:
		if (c->local_base_path[0] == '\0')
			return error_set(err, "storage \"local\" needs \"storage.local.base_path\"");
		return true;
	case CONFIG_S3:
		if (c->s3_bucket[0] == '\0') {
			error_set(err, "storage \"s3\" needs \"storage.s3.bucket\" (S3_BUCKET)");
			return false;
		}
		if ((c->s3_access_key_id[0] == '\0') != (c->s3_secret_access_key[0] == '\0'))
			return error_set(err, "\"storage.s3.access_key_id\" and "
					      "\"storage.s3.secret_access_key\" go together");
		return true;
	case CONFIG_AZURE:
		if (c->azure_account[0] == '\0' && c->azure_connection_string[0] == '\0')
			return error_set(err, "storage \"azure\" needs \"storage.azure.account\" "
					      "(AZURE_STORAGE_ACCOUNT)");
		if (c->azure_container[0] == '\0')
			return error_set(err, "storage \"azure\" needs \"storage.azure.container\" "
					      "(AZURE_STORAGE_CONTAINER)");
		return true;
	}
	return error_set(err, "unknown storage");
}

const char *config_show(const struct config *c, size_t option, char *text, size_t size)
{
	const struct config_option *o = &config_options[option];
	const void *field = (const char *)c + o->field;

	switch (o->type) {
	case CONFIG_STRING:
		snprintf(text, size, "%s", *(const char *const *)field);
		break;
	case CONFIG_BOOL:
		snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
		break;
	case CONFIG_WORD:
		word_text(o->words, *(const int64_t *)field, text, size);
		break;
	case CONFIG_NUMBER:
	case CONFIG_DURATION:
	case CONFIG_SIZE:
		number_text(o, *(const int64_t *)field, text, size);
		break;
	}
	return text;
}

void config_print(const struct config *c, FILE *out)
{
	static const char *const sources[] = { "default", "file", "environment", "command line" };
	char text[1024];

	for (size_t i = 0; i < config_n_options; i++) {
		const char *value = config_show(c, i, text, sizeof(text));

		if (config_options[i].secret && value[0] != '\0')
			value = "(hidden)";
		fprintf(out, "%-38s %-24s (%s)\n", config_options[i].key, value,
			sources[c->source[i]]);
	}
}

void config_print_help(FILE *out)
{
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		fprintf(out, "  --%s=%s\n      %s", o->key,
			o->secret && o->initial[0] != '\0' ? "..." : o->initial, o->help);
		if (o->type == CONFIG_WORD)
			fprintf(out, ": %s", o->words);
		fprintf(out, " [%s]\n", o->env);
	}
}
