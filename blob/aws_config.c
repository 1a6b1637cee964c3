/*
 * aws_config.c - the files that AWS's own tools share: credentials and config
 * Licence: MIT, see LICENSE.
 */
#include "blob/aws_config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"

enum { FILE_MAX = 1 << 20, NAME_LEN_MAX = 256 };

/* Values by "profile\nname"; a profile itself by "profile\n". */
struct aws_config {
	struct map values; /* to malloc()ed strings */
};

const char *env_get(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool read_small_file(const char *path, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char chunk[4096];
	ssize_t n = -1;

	if (fd >= 0) {
		while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
			if (n > 0)
				buf_put(out, chunk, (size_t)n);
			else if (errno != EINTR)
				break;
			if (out->failed)
				break;
		}
	}
	int failed = errno;
	if (fd >= 0)
		close(fd);
	OPENSSL_cleanse(chunk, sizeof(chunk));
	if (out->failed) {
		error_set(err, "could not read file \"%s\": it is too large", path);
		errno = EFBIG;
		return false;
	}
	if (n != 0) {
		error_set_errno(err, failed, "could not read file \"%s\"", path);
		errno = failed;
		return false;
	}
	return true;
}

static void free_value(char *value)
{
	if (value != NULL)
		OPENSSL_cleanse(value, strlen(value));
	free(value);
}

/* Set unless it is there already. */
static bool put(struct aws_config *config, const char *profile, const char *name, const char *value)
{
	char key[2 * NAME_LEN_MAX + 2];

	snprintf(key, sizeof(key), "%s\n%s", profile, name);
	if (map_get(&config->values, key) != NULL)
		return true;
	char *copy = strdup(value);
	if (copy == NULL || !map_put(&config->values, key, copy, NULL)) {
		free_value(copy);
		return false;
	}
	return true;
}

/* Without the spaces around it; the text is cut in place. */
static char *trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* The profile that a "[...]" names, cut in place; NULL: a section of another kind. */
static char *section_profile(char *line, bool is_config)
{
	char *end = strchr(line, ']');

	if (end == NULL)
		return NULL;
	*end = '\0';
	char *name = trim(line + 1);
	if (is_config && strcmp(name, "default") != 0) {
		if (strncmp(name, "profile", 7) != 0 || !isspace((unsigned char)name[7]))
			return NULL;
		name = trim(name + 7);
	}
	size_t len = strlen(name);
	if (len >= 2 && (name[0] == '"' || name[0] == '\'') && name[len - 1] == name[0]) {
		name[len - 1] = '\0';
		name++;
	}
	return *name != '\0' && strlen(name) < NAME_LEN_MAX ? name : NULL;
}

static bool parse(struct aws_config *config, char *text, bool is_config)
{
	char profile[NAME_LEN_MAX] = "";
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		bool indented = isspace((unsigned char)*line);

		line = trim(line);
		if (*line == '\0' || *line == '#' || *line == ';')
			continue;
		if (*line == '[' && !indented) {
			const char *name = section_profile(line, is_config);

			snprintf(profile, sizeof(profile), "%s", name != NULL ? name : "");
			if (name != NULL && !put(config, profile, "", "here"))
				return false;
			continue;
		}
		char *equals = strchr(line, '=');
		if (profile[0] == '\0' || indented || equals == NULL)
			continue;
		*equals = '\0';
		char *name = trim(line);
		char *value = trim(equals + 1);
		for (char *c = name; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		/* a comment may follow behind a space */
		char *comment = strstr(value, " #");
		if (comment == NULL)
			comment = strstr(value, " ;");
		if (comment != NULL) {
			*comment = '\0';
			value = trim(value);
		}
		if (*name != '\0' && strlen(name) < NAME_LEN_MAX && !put(config, profile, name, value))
			return false;
	}
	return true;
}

static bool load_file(struct aws_config *config, const char *variable, const char *base,
		      bool is_config, struct error *err)
{
	const char *named = env_get(variable);
	const char *home = env_get("HOME");
	struct buf text = BUF_INIT(FILE_MAX);
	char path[4096];

	if (home == NULL) {
		struct passwd pw;
		struct passwd *found = NULL;
		char space[4096];

		if (getpwuid_r(getuid(), &pw, space, sizeof(space), &found) == 0 && found != NULL)
			snprintf(path, sizeof(path), "%s/.aws/%s", pw.pw_dir, base);
		else
			path[0] = '\0';
	} else {
		snprintf(path, sizeof(path), "%s/.aws/%s", home, base);
	}
	if (named != NULL && strncmp(named, "~/", 2) == 0 && home != NULL)
		snprintf(path, sizeof(path), "%s/%s", home, named + 2);
	else if (named != NULL)
		snprintf(path, sizeof(path), "%s", named);
	if (path[0] == '\0')
		return true;
	errno = 0;
	if (!read_small_file(path, &text, err)) {
		buf_free(&text);
		if (errno != ENOENT && errno != ENOTDIR)
			return false;
		error_clear(err);
		return true;
	}
	bool good = true;
	if (text.len > 0) {
		buf_put_byte(&text, '\0');
		good = !text.failed && parse(config, text.data, is_config);
		OPENSSL_cleanse(text.data, text.len);
	}
	buf_free(&text);
	return good || error_no_memory(err);
}

bool aws_config_load(struct aws_config **out, struct error *err)
{
	struct aws_config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return error_no_memory(err);
	/* the first value of a setting stays: credentials go before config */
	if (!load_file(config, "AWS_SHARED_CREDENTIALS_FILE", "credentials", false, err) ||
	    !load_file(config, "AWS_CONFIG_FILE", "config", true, err)) {
		aws_config_free(config);
		return false;
	}
	*out = config;
	return true;
}

void aws_config_free(struct aws_config *config)
{
	const char *key;
	void *value;

	if (config == NULL)
		return;
	for (size_t i = 0; map_next(&config->values, &i, &key, &value);)
		free_value(value);
	map_free(&config->values);
	free(config);
}

const char *aws_config_profile_name(void)
{
	const char *name = env_get("AWS_PROFILE");

	if (name == NULL)
		name = env_get("AWS_DEFAULT_PROFILE");
	return name != NULL ? name : "default";
}

const char *aws_config_get(const struct aws_config *config, const char *profile, const char *name)
{
	char key[2 * NAME_LEN_MAX + 2];

	if (strlen(profile) >= NAME_LEN_MAX || strlen(name) >= NAME_LEN_MAX)
		return NULL;
	snprintf(key, sizeof(key), "%s\n%s", profile, name);
	const char *value = map_get(&config->values, key);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool aws_config_has(const struct aws_config *config, const char *profile)
{
	return aws_config_get(config, profile, "") != NULL;
}
