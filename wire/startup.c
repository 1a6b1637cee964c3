/*
 * startup.c - what the first packet of a client says
 *
 * FORMAT   Integers are big-endian.
 *    0   4  80877103 TLS, 80877104 GSS encryption, 80877102 cancel, or the
 *           protocol: major version, minor version, 16 bits each
 *   cancel:   4   4  pid        8  .  key, 4 to 256 bytes
 *   protocol: 4   .  pairs of strings, name and value, and an empty name
 * Licence: MIT, see LICENSE.
 */
#include "wire/startup.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "wire/msg.h"

enum {
	CODE_CANCEL = 80877102,
	CODE_SSL = 80877103,
	CODE_GSS = 80877104,
	MAX_PARAMETERS = 256,
};

bool startup_is_http(const char bytes[4])
{
	static const char methods[][5] = { "GET ", "POST", "HEAD", "PUT ", "DELE",
					   "OPTI", "PATC", "CONN", "TRAC", "PRI " };

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (memcmp(bytes, methods[i], 4) == 0)
			return true;
	return false;
}

static void refuse(struct startup *out, const char *sqlstate, const char *message)
{
	out->kind = STARTUP_BAD;
	out->error = (struct exec_error){ .severity = "FATAL",
					  .sqlstate = sqlstate,
					  .message = message };
}

/* A copy without what is too long for a name. */
static char *name_of(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, utf8_clip(text, strlen(text), STARTUP_NAME_MAX));
}

static void add_setting(struct startup *out, const char *name, const char *value)
{
	if (out->n_settings == MAX_PARAMETERS)
		refuse(out, "54000", "too many parameters in startup packet");
	else
		out->settings[out->n_settings++] =
			(struct exec_setting){ .name = name, .value = value };
}

/* "name=value" into a setting; '-' in the name means '_'.  False: no '='. */
static bool add_assignment(struct startup *out, char *text)
{
	char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return false;
	*equals = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	add_setting(out, text, equals + 1);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word of *at, where a backslash takes the next character as it is; NULL: none. */
static char *next_word(struct arena *arena, const char **at)
{
	const char *p = *at;

	while (is_space(*p))
		p++;
	if (*p == '\0')
		return NULL;
	char *word = arena_alloc(arena, strlen(p) + 1);
	size_t n = 0;
	while (word != NULL && *p != '\0' && !is_space(*p)) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		word[n++] = *p++;
	}
	if (word != NULL)
		word[n] = '\0';
	*at = p;
	return word;
}

/* "-c name=value", "-cname=value", "--name=value". */
static void read_options(struct arena *arena, const char *text, struct startup *out)
{
	char *word;

	while (out->kind != STARTUP_BAD && (word = next_word(arena, &text)) != NULL) {
		char *assignment = NULL;

		if (strcmp(word, "-c") == 0)
			assignment = next_word(arena, &text);
		else if (word[0] == '-' && (word[1] == 'c' || word[1] == '-'))
			assignment = word + 2;
		if (assignment == NULL || !add_assignment(out, assignment)) {
			const char *message = arena_printf(
				arena, "invalid command-line argument for server process: %s",
				word);

			refuse(out, "42601", message != NULL ? message : "invalid options");
		}
	}
}

static bool is_false(const char *value)
{
	static const char *const words[] = { "false", "off", "no", "0", "f", "n" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static void read_session(struct msg *m, struct arena *arena, struct startup *out)
{
	const char *user = NULL;
	const char *database = NULL;
	const char *options = NULL;
	struct exec_setting *others = ARENA_ARRAY(arena, struct exec_setting, MAX_PARAMETERS);
	size_t n_others = 0;

	out->settings = ARENA_ARRAY(arena, struct exec_setting, MAX_PARAMETERS);
	out->unknown = ARENA_ARRAY(arena, const char *, MAX_PARAMETERS);
	if (others == NULL || out->settings == NULL || out->unknown == NULL) {
		refuse(out, "53200", "out of memory");
		return;
	}
	for (;;) {
		const char *name = msg_get_str(m);
		if (name[0] == '\0')
			break;
		const char *value = msg_get_str(m);

		if (strcmp(name, "user") == 0)
			user = value;
		else if (strcmp(name, "database") == 0)
			database = value;
		else if (strcmp(name, "options") == 0)
			options = value;
		else if (strcmp(name, "replication") == 0) {
			if (!is_false(value))
				refuse(out, "0A000", "replication connections are not supported");
		} else if (strncmp(name, "_pq_.", 5) == 0) {
			if (out->n_unknown == MAX_PARAMETERS)
				refuse(out, "54000", "too many parameters in startup packet");
			else
				out->unknown[out->n_unknown++] = arena_strdup(arena, name);
		} else if (n_others == MAX_PARAMETERS) {
			refuse(out, "54000", "too many parameters in startup packet");
		} else {
			others[n_others++] =
				(struct exec_setting){ .name = arena_strdup(arena, name),
						       .value = arena_strdup(arena, value) };
		}
	}
	if (!msg_done(m)) {
		if (m->fault == MSG_NOT_UTF8)
			refuse(out, "22021", "invalid byte sequence for encoding \"UTF8\" in startup packet");
		else
			refuse(out, "08P01", "invalid startup packet layout: expected terminator as last byte");
		return;
	}
	if (out->kind == STARTUP_BAD)
		return;
	if (user == NULL || user[0] == '\0') {
		refuse(out, "28000", "no PostgreSQL user name specified in startup packet");
		return;
	}
	out->user = name_of(arena, user);
	out->database = database != NULL && database[0] != '\0' ? name_of(arena, database) :
								  out->user;
	if (options != NULL)
		read_options(arena, options, out);
	for (size_t i = 0; i < n_others; i++)
		add_setting(out, others[i].name, others[i].value);
	if (arena->failed)
		refuse(out, "53200", "out of memory");
}

void startup_parse(const char *packet, size_t len, struct arena *arena, struct startup *out)
{
	struct msg m = msg_of(packet, len);

	*out = (struct startup){ .kind = STARTUP_BAD };
	uint32_t code = msg_get_u32(&m);
	if (len < 4) {
		refuse(out, "08P01", "invalid length of startup packet");
	} else if (code == CODE_SSL || code == CODE_GSS) {
		out->kind = code == CODE_SSL ? STARTUP_SSL : STARTUP_GSS;
		if (!msg_done(&m))
			refuse(out, "08P01", "invalid length of startup packet");
	} else if (code == CODE_CANCEL) {
		out->kind = STARTUP_CANCEL;
		out->cancel_pid = (int32_t)msg_get_u32(&m);
		out->cancel_key_len = (size_t)(m.end - m.at);
		out->cancel_key = msg_get_bytes(&m, out->cancel_key_len);
		if (!msg_done(&m) || out->cancel_key_len < 4 ||
		    out->cancel_key_len > CANCEL_KEY_MAX)
			refuse(out, "08P01", "invalid length of cancel request packet");
	} else if (code >> 16 != 3) {
		const char *message = arena_printf(
			arena, "unsupported frontend protocol %u.%u: server supports 3.0 to 3.%d",
			code >> 16, code & 0xffff, STARTUP_MINOR);

		refuse(out, "0A000", message != NULL ? message : "unsupported frontend protocol");
	} else {
		out->kind = STARTUP_SESSION;
		out->minor = code & 0xffff;
		read_session(&m, arena, out);
	}
}
