/*
 * test_config.c - file, environment, command line; and that man/ and etc/ know every option
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "cmd/config.h"

static struct config c;
static struct error err;

static void setup(void)
{
	/* what the machine has set does not count here */
	for (size_t i = 0; i < config_n_options; i++)
		unsetenv(config_options[i].env);
	unsetenv("CONFIG_PATH");
	error_clear(&err);
	ck_assert(config_init(&c, &err));
}

static void teardown(void)
{
	config_deinit(&c);
}

static bool read_text(const char *text)
{
	return config_read_text(&c, text, strlen(text), "config.yaml", &err);
}

static size_t option(const char *key)
{
	for (size_t i = 0; i < config_n_options; i++)
		if (strcmp(config_options[i].key, key) == 0)
			return i;
	ck_abort_msg("no option %s", key);
}

/* The names and defaults that are a promise. */
static const char *const promised[][3] = {
	{ "server.port", "PG_PORT", "5432" },
	{ "server.host", "PG_HOST", "0.0.0.0" },
	{ "server.authentication.user", "PG_USER", "postgres" },
	{ "server.authentication.password", "PG_PASSWORD", "postgres" },
	{ "database.name", "DB_NAME", "myapp" },
	{ "database.sqlite_path", "DB_PATH", "/tmp/myapp.sqlite" },
	{ "database.transaction_mode", "", "deferred" },
	{ "database.connection_pool_size", "CONNECTION_POOL_SIZE", "10" },
	{ "storage.backend", "STORAGE", "local" },
	{ "storage.local.base_path", "", "./data" },
	{ "storage.s3.bucket", "S3_BUCKET", "" },
	{ "storage.s3.region", "S3_REGION", "us-east-1" },
	{ "storage.s3.prefix", "S3_PREFIX", "sqlite-dbs/" },
	{ "storage.azure.account", "AZURE_STORAGE_ACCOUNT", "" },
	{ "storage.azure.container", "AZURE_STORAGE_CONTAINER", "" },
	{ "storage.azure.key", "AZURE_STORAGE_KEY", "" },
	{ "storage.azure.use_managed_identity", "", "false" },
	{ "storage.azure.client_id", "AZURE_IDENTITY_CLIENT_ID", "" },
	{ "storage.cache_ttl_minutes", "CACHE_TTL_MINUTES", "5" },
	{ "logging.level", "LOG_LEVEL", "info" },
	{ "logging.format", "LOG_FORMAT", "text" },
};

START_TEST(names_and_defaults_are_as_promised)
{
	char text[256];

	for (size_t i = 0; i < ARRAY_LEN(promised); i++) {
		size_t o = option(promised[i][0]);

		if (promised[i][1][0] != '\0')
			ck_assert_str_eq(config_options[o].env, promised[i][1]);
		ck_assert_str_eq(config_options[o].initial, promised[i][2]);
		ck_assert_str_eq(config_show(&c, o, text, sizeof(text)), promised[i][2]);
	}
}
END_TEST

START_TEST(every_option_has_its_own_names_and_field)
{
	char text[256];

	for (size_t i = 0; i < config_n_options; i++) {
		ck_assert(config_options[i].env[0] != '\0' && config_options[i].help[0] != '\0');
		/* the default is written as it is shown */
		ck_assert_str_eq(config_show(&c, i, text, sizeof(text)), config_options[i].initial);
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(config_options[i].key, config_options[k].key);
			ck_assert_str_ne(config_options[i].env, config_options[k].env);
			ck_assert_uint_ne(config_options[i].field, config_options[k].field);
		}
	}
}
END_TEST

START_TEST(words_stand_for_the_right_values)
{
	ck_assert(read_text("logging: {level: warn, format: json}\nstorage: {backend: azure}\n"
			    "database: {transaction_mode: exclusive}\n"));
	ck_assert_int_eq(c.logging_level, LOG_LEVEL_WARN);
	ck_assert_int_eq(c.logging_format, LOG_FORMAT_JSON);
	ck_assert_int_eq(c.storage_backend, CONFIG_AZURE);
	ck_assert_int_eq(c.database_transaction_mode, 2);
	ck_assert(read_text("logging: {level: debug}\n"));
	ck_assert_int_eq(c.logging_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(a_file_sets_what_it_names_and_nothing_else)
{
	ck_assert_msg(read_text("# a comment\nserver:\n  port: 5433\n  authentication:\n"
				"    password: \"1234\"\nstorage:\n  s3:\n    bucket: b\n  local:\n"
				"  cache_size: 128MB\nserver.host: 127.0.0.1\n"),
		      "%s", err.text);
	ck_assert_str_eq(c.server_host, "127.0.0.1");
	ck_assert_int_eq(c.server_port, 5433);
	ck_assert_str_eq(c.auth_password, "1234");
	ck_assert_str_eq(c.auth_user, "postgres");
	ck_assert_str_eq(c.s3_bucket, "b");
	ck_assert_int_eq(c.storage_cache_size, 128 << 20);
	ck_assert_int_eq(c.source[option("server.port")], CONFIG_FILE);
	ck_assert_int_eq(c.source[option("storage.backend")], CONFIG_DEFAULT);
}
END_TEST

START_TEST(an_empty_file_and_an_empty_value_are_the_defaults)
{
	ck_assert(read_text(""));
	ck_assert(read_text("# nothing\n"));
	ck_assert(read_text("---\nserver:\n  host:\n  port: ~\n"));
	ck_assert_int_eq(c.server_port, 5432);
	ck_assert_str_eq(c.server_host, "0.0.0.0");
}
END_TEST

static const struct {
	const char *text;
	const char *error;
	const char *hint;
} bad_files[] = {
	{ "server:\n  prot: 1\n", "config.yaml:2: unknown key \"server.prot\"",
	  "Did you mean \"server.port\"?" },
	{ "server:\n  pot: 1\n", "config.yaml:2: unknown key \"server.pot\"",
	  "Did you mean \"server.port\"?" },
	{ "sevrer:\n  port: 1\n", "config.yaml:1: unknown key \"sevrer\"",
	  "Did you mean \"server\"?" },
	{ "storage:\n  s3:\n    buket: x\n", "config.yaml:3: unknown key \"storage.s3.buket\"",
	  "Did you mean \"storage.s3.bucket\"?" },
	{ "server:\n  user: x\n", "config.yaml:2: unknown key \"server.user\"",
	  "Did you mean \"server.authentication.user\"?" },
	{ "zzzzzzzzzz: 1\n", "config.yaml:1: unknown key \"zzzzzzzzzz\"", "" },
	{ "server:\n  port: many\n",
	  "config.yaml:2: \"server.port\" must be a whole number, not \"many\"", "" },
	{ "server:\n  port: 5432.5\n",
	  "config.yaml:2: \"server.port\" must be a whole number, not \"5432.5\"", "" },
	{ "server:\n  port: 65536\n", "config.yaml:2: \"server.port\" must be from 0 to 65535", "" },
	{ "server:\n  port: -1\n", "config.yaml:2: \"server.port\" must be from 0 to 65535", "" },
	{ "server:\n  port: 99999999999999999999\n",
	  "config.yaml:2: \"server.port\" must be a whole number, not \"99999999999999999999\"", "" },
	{ "server:\n  port: [1]\n", "config.yaml:2: \"server.port\" cannot be a list", "" },
	{ "server:\n  port: {a: 1}\n",
	  "config.yaml:2: \"server.port\" has a value, and no keys below it", "" },
	{ "server: 5432\n", "config.yaml:1: \"server\" has keys below it, and no value", "" },
	{ "server:\n  port: 1\n  port: 2\n", "config.yaml:3: \"server.port\" is there twice", "" },
	{ "storage:\n  backend: s4\n",
	  "config.yaml:2: \"storage.backend\" must be one of local, s3, azure, not \"s4\"", "" },
	{ "storage:\n  azure:\n    use_managed_identity: maybe\n",
	  "config.yaml:3: \"storage.azure.use_managed_identity\" must be true or false, "
	  "not \"maybe\"", "" },
	{ "storage:\n  deadline: 30\n",
	  "config.yaml:2: \"storage.deadline\" must be a duration like 500ms, 30s, 5min or 1h, "
	  "not \"30\"", "" },
	{ "storage:\n  deadline: 2h\n", "config.yaml:2: \"storage.deadline\" must be from 1s to 1h",
	  "" },
	{ "storage:\n  cache_size: 64XB\n",
	  "config.yaml:2: \"storage.cache_size\" must be a size like 4096, 64kB, 64MB or 1GB, "
	  "not \"64XB\"", "" },
	{ "storage:\n  cache_size: 9223372036854775807GB\n",
	  "config.yaml:2: \"storage.cache_size\" must be a size like 4096, 64kB, 64MB or 1GB, "
	  "not \"9223372036854775807GB\"", "" },
	{ "- a\n", "config.yaml:1: the file must be a mapping of keys to values", "" },
	{ "text\n", "config.yaml:1: the file must be a mapping of keys to values", "" },
	{ "server: &a\n  port: 1\ndatabase: *a\n", "config.yaml:3: \"database\" cannot be an alias",
	  "" },
	{ "---\nserver: {port: 1}\n---\nserver: {port: 2}\n",
	  "config.yaml:3: there is more than one document", "" },
	{ "? [a, b]\n: 1\n", "config.yaml:1: a key must be a name", "" },
};

START_TEST(what_is_wrong_in_a_file_is_told_with_its_line)
{
	ck_assert(!read_text(bad_files[_i].text));
	ck_assert_str_eq(err.text, bad_files[_i].error);
	ck_assert_str_eq(err.hint, bad_files[_i].hint);
}
END_TEST

START_TEST(what_is_no_yaml_is_told_with_its_line)
{
	ck_assert(!read_text("server:\n  port: 1\n bad: [\n"));
	ck_assert_ptr_eq(strstr(err.text, "config.yaml:"), err.text);
	error_clear(&err);
	ck_assert(!read_text("a: \"\\q\"\n"));
	ck_assert_ptr_eq(strstr(err.text, "config.yaml:1: "), err.text);
	error_clear(&err);
	ck_assert(!config_read_text(&c, "a: \xff\xfe\n", 6, "config.yaml", &err));
}
END_TEST

START_TEST(the_environment_wins_over_the_file_and_the_command_line_over_both)
{
	ck_assert(read_text("server: {port: 1, host: a}\ndatabase: {name: f}\n"));
	setenv("PG_PORT", "2", 1);
	setenv("PG_HOST", "b", 1);
	setenv("DB_NAME", "", 1); /* empty is not set */
	ck_assert(config_read_environment(&c, &err));
	ck_assert(config_set_assignment(&c, "server.port=3", &err));
	ck_assert_int_eq(c.server_port, 3);
	ck_assert_str_eq(c.server_host, "b");
	ck_assert_str_eq(c.database_name, "f");
	ck_assert_int_eq(c.source[option("server.port")], CONFIG_COMMAND_LINE);
	ck_assert_int_eq(c.source[option("server.host")], CONFIG_ENVIRONMENT);
}
END_TEST

START_TEST(a_bad_variable_is_named)
{
	setenv("PG_PORT", "x", 1);
	ck_assert(!config_read_environment(&c, &err));
	ck_assert_str_eq(err.text, "environment variable PG_PORT: \"server.port\" must be a whole "
				   "number, not \"x\"");
}
END_TEST

START_TEST(a_bad_assignment_is_told)
{
	ck_assert(!config_set_assignment(&c, "server.prt=1", &err));
	ck_assert_str_eq(err.text, "unknown key \"server.prt\"");
	ck_assert_str_eq(err.hint, "Did you mean \"server.port\"?");
	ck_assert(!config_set_assignment(&c, "server.port", &err));
	ck_assert_str_eq(err.text, "\"server.port\" needs a value");
}
END_TEST

START_TEST(what_does_not_fit_together_is_refused)
{
	ck_assert(config_check(&c, &err));
	ck_assert(config_set_assignment(&c, "storage.backend=s3", &err));
	ck_assert(!config_check(&c, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "S3_BUCKET"));
	ck_assert(config_set_assignment(&c, "storage.s3.bucket=b", &err));
	ck_assert(config_check(&c, &err));
	ck_assert(config_set_assignment(&c, "storage.s3.access_key_id=k", &err));
	ck_assert(!config_check(&c, &err));
	ck_assert(config_set_assignment(&c, "storage.backend=azure", &err));
	ck_assert(!config_check(&c, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "AZURE_STORAGE_ACCOUNT"));
}
END_TEST

START_TEST(no_secret_is_shown)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert(config_set_assignment(&c, "storage.azure.key=hush-hush", &err));
	config_print(&c, out);
	fclose(out);
	ck_assert_ptr_null(strstr(text, "hush"));
	ck_assert_ptr_nonnull(strstr(text, "(hidden)"));
	free(text);
	/* nor in the message about one */
	for (size_t i = 0; i < config_n_options; i++)
		if (config_options[i].secret)
			ck_assert_int_eq(config_options[i].type, CONFIG_STRING);
}
END_TEST

/* The whole file of the source tree. */
static char *source_file(const char *name)
{
	const char *dir = getenv("srcdir");
	struct buf text = BUF_INIT(1 << 20);
	char path[1024];
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : PGBLOB_SRCDIR, name);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "could not open %s", path);
	while (buf_reserve(&text, 4096) &&
	       (n = fread(text.data + text.len, 1, text.cap - text.len, file)) > 0)
		text.len += n;
	fclose(file);
	ck_assert_uint_gt(text.len, 0);
	(void)buf_str(&text);
	return text.data;
}

START_TEST(the_manual_knows_every_option_and_no_other)
{
	char *man = source_file("man/pgblob.yaml.5");
	char line[256];
	size_t n = 0;

	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		snprintf(line, sizeof(line), "\n.It Ic %s ", o->key);
		char *item = strstr(man, line);
		ck_assert_msg(item != NULL, "man/pgblob.yaml.5 has no \".It Ic %s\"", o->key);
		char *next = strstr(item + 1, "\n.It ");
		char *end = next != NULL ? next : item + strlen(item);
		snprintf(line, sizeof(line), ".Ev %s", o->env);
		char *env = strstr(item, line);
		ck_assert_msg(env != NULL && env < end, "man/pgblob.yaml.5: %s lacks \".Ev %s\"",
			      o->key, o->env);
		if (o->initial[0] == '\0')
			continue;
		snprintf(line, sizeof(line), "The default is\n.Ql %s", o->initial);
		char *initial = strstr(item, line);
		ck_assert_msg(initial != NULL && initial < end,
			      "man/pgblob.yaml.5: the default of %s is not \"%s\"", o->key,
			      o->initial);
	}
	for (char *at = man; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
		n++;
	ck_assert_msg(n == config_n_options, "man/pgblob.yaml.5 has %zu options, not %zu", n,
		      config_n_options);
	free(man);
}
END_TEST

START_TEST(the_sample_holds_every_option_with_its_default)
{
	char *sample = source_file("etc/pgblob.yaml");
	char text[256];

	/* each option is a comment "#key: default", so that the sample changes nothing */
	ck_assert(config_read_text(&c, sample, strlen(sample), "etc/pgblob.yaml", &err));
	for (size_t i = 0; i < config_n_options; i++)
		ck_assert_msg(c.source[i] == CONFIG_DEFAULT, "etc/pgblob.yaml sets %s",
			      config_options[i].key);
	/* without the '#' it is a file that sets all of them, to the same */
	char *to = sample;
	for (char *from = sample; *from != '\0'; from++) {
		bool first = from == sample || from[-1] == '\n';
		char *rest = from + strspn(from, " ");

		if (first && rest[0] == '#' && rest[1] != ' ' && rest[1] != '\n') {
			memmove(to, from, (size_t)(rest - from));
			to += rest - from;
			from = rest;
			continue;
		}
		*to++ = *from;
	}
	*to = '\0';
	ck_assert_msg(config_read_text(&c, sample, strlen(sample), "etc/pgblob.yaml", &err), "%s",
		      err.text);
	for (size_t i = 0; i < config_n_options; i++) {
		ck_assert_str_eq(config_show(&c, i, text, sizeof(text)), config_options[i].initial);
		ck_assert_msg(c.source[i] == CONFIG_FILE || config_options[i].initial[0] == '\0',
			      "etc/pgblob.yaml lacks %s", config_options[i].key);
		ck_assert_msg(strstr(sample, config_options[i].env) != NULL,
			      "etc/pgblob.yaml does not name %s", config_options[i].env);
	}
	free(sample);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names_and_defaults_are_as_promised);
	tcase_add_test(tc, every_option_has_its_own_names_and_field);
	tcase_add_test(tc, words_stand_for_the_right_values);
	tcase_add_test(tc, a_file_sets_what_it_names_and_nothing_else);
	tcase_add_test(tc, an_empty_file_and_an_empty_value_are_the_defaults);
	tcase_add_loop_test(tc, what_is_wrong_in_a_file_is_told_with_its_line, 0,
			    ARRAY_LEN(bad_files));
	tcase_add_test(tc, what_is_no_yaml_is_told_with_its_line);
	tcase_add_test(tc, the_environment_wins_over_the_file_and_the_command_line_over_both);
	tcase_add_test(tc, a_bad_variable_is_named);
	tcase_add_test(tc, a_bad_assignment_is_told);
	tcase_add_test(tc, what_does_not_fit_together_is_refused);
	tcase_add_test(tc, no_secret_is_shown);
	tcase_add_test(tc, the_manual_knows_every_option_and_no_other);
	tcase_add_test(tc, the_sample_holds_every_option_with_its_default);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
