/*
 * test_s3_credentials.c - each source of credentials, their order, their renewal
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/http.h"
#include "blob/s3_credentials.h"
#include "blob/timestamp.h"
#include "tests/blob/tiny_http.h"

#define SECRET "s3cr3t-never-shown"

static char folder[] = "/tmp/pgblob-credentials-XXXXXX";
static struct http_client *client;
static struct tiny_http *server;

/* What the server does, and what it saw. */
static struct {
	char id[32];           /* the access key id that it gives */
	int64_t ends_in_s;     /* of those it gives */
	const char *bad_end;   /* instead, if not NULL */
	int status;            /* 200, or the failure */
	unsigned delay_ms;
	char seen[8][8192];    /* method, target, and body */
	char authorization[4096];
	char metadata_token[64];
	unsigned n;
} told;

static const char *in_folder(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *to = path[next++ % 4];

	snprintf(to, 256, "%s/%s", folder, name);
	return to;
}

static const char *write_file(const char *name, const char *text)
{
	const char *path = in_folder(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void iso_time(char *out, size_t size)
{
	time_t t = (time_t)(wall_us() / 1000000 + told.ends_in_s);
	struct tm tm;

	if (told.bad_end != NULL)
		snprintf(out, size, "%s", told.bad_end);
	else
		strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

static void put_json(struct buf *out)
{
	char body[512];
	char ends[64];

	iso_time(ends, sizeof(ends));
	snprintf(body, sizeof(body),
		 "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"" SECRET
		 "\",\"Token\":\"tok/en+=\",\"Expiration\":\"%s\"}",
		 told.id, ends);
	tiny_answer(out, 200, "", body);
}

static void put_sts(const char *action, struct buf *out)
{
	char body[1024];
	char ends[64];

	iso_time(ends, sizeof(ends));
	snprintf(body, sizeof(body),
		 "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult>"
		 "<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>" SECRET
		 "</SecretAccessKey><SessionToken>tok/en+=</SessionToken><Expiration>%s</Expiration>"
		 "</Credentials></%sResult></%sResponse>",
		 action, action, told.id, ends, action, action);
	tiny_answer(out, 200, "Content-Type: text/xml\r\n", body);
}

static bool answer(void *arg, const struct tiny_request *req, struct buf *out)
{
	(void)arg;
	snprintf(told.seen[told.n % 8], sizeof(told.seen[0]), "%s %s %s", req->method, req->target,
		 req->body.len > 0 ? req->body.data : "");
	told.n++;
	if (tiny_header(req, "authorization", told.authorization, sizeof(told.authorization)) == NULL)
		told.authorization[0] = '\0';
	if (told.delay_ms > 0)
		usleep(told.delay_ms * 1000);
	if (told.status != 200) {
		tiny_answer(out, told.status, "", "{\"Code\":\"NoWay\",\"Message\":\"" SECRET "\"}");
		return true;
	}
	if (strcmp(req->target, "/latest/api/token") == 0) {
		char ttl[16];

		if (strcmp(req->method, "PUT") != 0 ||
		    tiny_header(req, "x-aws-ec2-metadata-token-ttl-seconds", ttl, sizeof(ttl)) == NULL)
			tiny_answer(out, 400, "", "");
		else
			tiny_answer(out, 200, "", "metadata-token");
	} else if (strncmp(req->target, "/latest/", 8) == 0) {
		if (tiny_header(req, "x-aws-ec2-metadata-token", told.metadata_token,
				sizeof(told.metadata_token)) == NULL ||
		    strcmp(told.metadata_token, "metadata-token") != 0)
			tiny_answer(out, 401, "", "");
		else if (strcmp(req->target, "/latest/meta-data/iam/security-credentials/") == 0)
			tiny_answer(out, 200, "", "the-role\nanother\n");
		else if (strcmp(req->target, "/latest/meta-data/iam/security-credentials/the-role") == 0)
			put_json(out);
		else
			tiny_answer(out, 404, "", "");
	} else if (strcmp(req->target, "/container") == 0) {
		put_json(out);
	} else if (strstr(req->body.data, "Action=AssumeRoleWithWebIdentity&") != NULL) {
		put_sts("AssumeRoleWithWebIdentity", out);
	} else if (strstr(req->body.data, "Action=AssumeRole&") != NULL) {
		put_sts("AssumeRole", out);
	} else {
		tiny_answer(out, 404, "", "");
	}
	return true;
}

static void setup(void)
{
	static const char *const variables[] = {
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
		"AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
		"AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
		"AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	};
	struct http_client_options options = {
		.connect_timeout_ms = 20000, .request_timeout_ms = 20000, .max_connections = 8,
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	memset(&told, 0, sizeof(told));
	strcpy(told.id, "FETCHED");
	told.ends_in_s = 3600;
	told.status = 200;
	strcpy(folder, "/tmp/pgblob-credentials-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("AWS_SHARED_CREDENTIALS_FILE", in_folder("credentials"), 1);
	setenv("AWS_CONFIG_FILE", in_folder("config"), 1);
	ck_assert(http_client_open(&options, &client, &err));
	server = tiny_http_start(answer, NULL);
}

static void teardown(void)
{
	static const char *const names[] = { "credentials", "config", "token" };

	tiny_http_stop(server);
	http_client_close(client);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(in_folder(names[i]));
	rmdir(folder);
}

/* Open with the environment as it is and get once: "id/secret/token", or "!" and the error. */
static const char *outcome(const struct blob_options *options)
{
	static char text[1024];
	static const struct blob_options none;
	struct s3_credentials *c = NULL;
	struct aws_credentials *keys = NULL;
	struct error err = ERROR_INIT;

	if (!s3_credentials_open(options != NULL ? options : &none, client, "eu-west-1", &c, &err)) {
		snprintf(text, sizeof(text), "!%s", err.text);
	} else if (s3_credentials_get(c, mono_ms() + 60000, &keys, &err) != BLOB_OK) {
		snprintf(text, sizeof(text), "!%s", err.text);
	} else {
		snprintf(text, sizeof(text), "%s/%s/%s", keys->access_key_id, keys->secret_access_key,
			 keys->session_token != NULL ? keys->session_token : "-");
		aws_credentials_unref(keys);
	}
	if (text[0] == '!') {
		ck_assert(err.set);
		ck_assert_ptr_null(strstr(err.text, SECRET));
		ck_assert_ptr_null(strstr(err.detail, SECRET));
		ck_assert_ptr_null(strstr(err.hint, SECRET));
	}
	s3_credentials_close(c);
	return text;
}

static void ck_fails(const char *text, const char *part)
{
	ck_assert_msg(text[0] == '!' && strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text, part);
}

START_TEST(sources_are_asked_in_order)
{
	struct blob_options all = {
		.s3_access_key_id = "OPT", .s3_secret_access_key = "opt", .s3_session_token = "opt-token",
		.s3_profile = "mine",
	};
	struct blob_options profile = { .s3_profile = "mine" };

	/* each step takes the first source of the one before away */
	write_file("credentials", "[default]\naws_access_key_id = DEF\naws_secret_access_key = def\n"
				  "[mine]\naws_access_key_id=MINE\naws_secret_access_key=mine\n");
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "env", 1);
	setenv("AWS_SESSION_TOKEN", "env-token", 1);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", write_file("token", "web\n"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
	setenv("AWS_ENDPOINT_URL_STS", tiny_http_url(server), 1);
	char url[128];
	snprintf(url, sizeof(url), "%s/container", tiny_http_url(server));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", tiny_http_url(server), 1);

	ck_assert_str_eq("OPT/opt/opt-token", outcome(&all));
	ck_assert_str_eq("MINE/mine/-", outcome(&profile));
	ck_assert_str_eq("ENV/env/env-token", outcome(NULL));
	ck_assert_uint_eq(0, told.n);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_ptr_nonnull(strstr(told.seen[0], "AssumeRoleWithWebIdentity"));
	unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	ck_assert_str_eq("DEF/def/-", outcome(NULL));
	setenv("AWS_PROFILE", "mine", 1);
	ck_assert_str_eq("MINE/mine/-", outcome(NULL));
	unsetenv("AWS_PROFILE");
	unlink(in_folder("credentials"));
	told.n = 0;
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_str_eq("GET /container ", told.seen[0]);
	unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	told.n = 0;
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_str_eq("PUT /latest/api/token ", told.seen[0]);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	ck_fails(outcome(NULL), "no credentials");
}
END_TEST

START_TEST(half_a_pair_of_keys_is_an_error)
{
	struct blob_options half = { .s3_access_key_id = "OPT" };

	ck_fails(outcome(&half), "without a secret");
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	ck_fails(outcome(NULL), "without a secret");
	setenv("AWS_SECRET_ACCESS_KEY", SECRET "\n", 1);
	ck_fails(outcome(NULL), "a character");
}
END_TEST

START_TEST(shared_files_are_read_as_aws_reads_them)
{
	struct blob_options mine = { .s3_profile = "my own" };
	struct blob_options gone = { .s3_profile = "gone" };

	write_file("config", "# comment\n[default]\nregion = x\n"
			     "[my own]\naws_access_key_id = WRONG\naws_secret_access_key = wrong\n"
			     "[profile my own]\n  aws_access_key_id = NESTED\n"
			     "AWS_SECRET_ACCESS_KEY = se=cr#et  # behind\naws_access_key_id=CONFIG\n"
			     "aws_session_token =\n[services s]\naws_access_key_id = WRONG\n");
	ck_assert_str_eq("CONFIG/se=cr#et/-", outcome(&mine));
	/* what the credentials file says goes before */
	write_file("credentials", "[my own]\r\naws_access_key_id = CRED\r\naws_session_token = t\r\n");
	ck_assert_str_eq("CRED/se=cr#et/t", outcome(&mine));
	ck_fails(outcome(&gone), "no profile \"gone\"");
	setenv("AWS_PROFILE", "gone", 1);
	ck_fails(outcome(NULL), "no profile \"gone\"");
}
END_TEST

START_TEST(what_is_not_supported_is_said)
{
	struct blob_options p = { .s3_profile = "p" };

	write_file("config", "[profile p]\ncredential_process = /bin/true\n");
	ck_fails(outcome(&p), "credential_process");
	write_file("config", "[profile p]\nsso_session = s\n");
	ck_fails(outcome(&p), "sso_session");
	write_file("config", "[profile p]\nrole_arn = r\nsource_profile = p2\nmfa_serial = m\n");
	ck_fails(outcome(&p), "mfa_serial");
	write_file("config", "[profile p]\nrole_arn = r\n");
	ck_fails(outcome(&p), "neither source_profile");
	write_file("config", "[profile p]\nrole_arn = r\nsource_profile = q\n"
			     "[profile q]\nrole_arn = r\nsource_profile = p\n");
	ck_fails(outcome(&p), "circle");
	write_file("config", "[profile p]\nrole_arn = r\nsource_profile = nobody\n");
	ck_fails(outcome(&p), "nobody");
	ck_assert_uint_eq(0, told.n);
}
END_TEST

START_TEST(a_role_is_assumed_with_the_keys_of_its_source)
{
	struct blob_options p = { .s3_profile = "p" };

	setenv("AWS_ENDPOINT_URL_STS", tiny_http_url(server), 1);
	write_file("config", "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
			     "external_id = x y\n");
	write_file("credentials", "[base]\naws_access_key_id = BASE\naws_secret_access_key = " SECRET "\n");
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(&p));
	ck_assert_str_eq("POST / Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
			 "&RoleSessionName=pgblob&ExternalId=x%20y", told.seen[0]);
	ck_assert_ptr_nonnull(strstr(told.authorization, "Credential=BASE/"));
	ck_assert_ptr_nonnull(strstr(told.authorization, "/eu-west-1/sts/aws4_request"));
	/* a profile that takes a role on with its own keys */
	write_file("config", "[profile base]\nrole_arn = r\nsource_profile = base\n");
	p.s3_profile = "base";
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(&p));
}
END_TEST

START_TEST(web_identity_sends_the_token_that_is_in_the_file_now)
{
	setenv("AWS_ENDPOINT_URL", tiny_http_url(server), 1);
	setenv("AWS_ROLE_ARN", "r", 1);
	setenv("AWS_ROLE_SESSION_NAME", "me", 1);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", write_file("token", "one.two-three\n"), 1);
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_str_eq("POST / Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r"
			 "&RoleSessionName=me&WebIdentityToken=one.two-three", told.seen[0]);
	ck_assert_str_eq("", told.authorization);
	told.status = 400;
	ck_fails(outcome(NULL), "STS answered 400");
	told.status = 200;
	write_file("token", "");
	ck_fails(outcome(NULL), "does not hold a token");
	unlink(in_folder("token"));
	ck_fails(outcome(NULL), "No such file");
	unsetenv("AWS_ROLE_ARN");
	ck_fails(outcome(NULL), "AWS_ROLE_ARN");
}
END_TEST

START_TEST(container_sends_its_token_and_only_to_this_machine)
{
	static const char *const refused[] = {
		"http://example.com/container", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/",
		"http://127.0.0.1:80@example.com/", "http://169.254.170.20/",
	};
	char url[128];

	snprintf(url, sizeof(url), "%s/container", tiny_http_url(server));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc", 1);
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_str_eq("Basic abc", told.authorization);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", write_file("token", "from-file\n"), 1);
	ck_assert_str_eq("FETCHED/" SECRET "/tok/en+=", outcome(NULL));
	ck_assert_str_eq("from-file", told.authorization);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
		ck_fails(outcome(NULL), "neither this machine");
	}
}
END_TEST

START_TEST(bad_answers_are_errors)
{
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", tiny_http_url(server), 1);
	told.bad_end = "tomorrow";
	ck_fails(outcome(NULL), "not a time");
	told.bad_end = NULL;
	told.ends_in_s = -10;
	ck_fails(outcome(NULL), "expired");
	told.ends_in_s = 3600;
	strcpy(told.id, "A\\nB");
	ck_fails(outcome(NULL), "gave no credentials");
	told.id[0] = '\0';
	ck_fails(outcome(NULL), "gave no credentials");
	told.status = 500;
	told.n = 0;
	ck_fails(outcome(NULL), "answered 500");
	ck_assert_uint_eq(3, told.n);
	told.status = 403;
	told.n = 0;
	ck_fails(outcome(NULL), "answered 403");
	ck_assert_uint_eq(1, told.n);
}
END_TEST

struct crowd {
	struct s3_credentials *c;
	_Atomic unsigned n_good, n_new;
};

static void *get_one(void *arg)
{
	struct crowd *crowd = arg;
	struct aws_credentials *keys;
	struct error err = ERROR_INIT;

	if (s3_credentials_get(crowd->c, mono_ms() + 60000, &keys, &err) == BLOB_OK) {
		crowd->n_good++;
		if (strcmp(keys->access_key_id, "SECOND") == 0)
			crowd->n_new++;
		aws_credentials_unref(keys);
	}
	return NULL;
}

static void run_crowd(struct crowd *crowd)
{
	pthread_t threads[8];
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		ck_assert(thread_start(&threads[i], "crowd", 0, get_one, crowd, &err));
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
}

START_TEST(one_thread_fetches_and_the_others_wait_or_use_the_old_ones)
{
	static const struct blob_options none;
	struct crowd crowd = { .c = NULL };
	struct error err = ERROR_INIT;
	char url[128];

	snprintf(url, sizeof(url), "%s/container", tiny_http_url(server));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	ck_assert(s3_credentials_open(&none, client, "r", &crowd.c, &err));
	told.delay_ms = 200;
	told.ends_in_s = 3600;
	run_crowd(&crowd); /* nobody has any: all wait for one */
	ck_assert_uint_eq(8, crowd.n_good);
	ck_assert_uint_eq(1, told.n);

	/* the store says they are no good: fetched again, once, at once */
	struct aws_credentials *keys;
	ck_assert_int_eq(BLOB_OK, s3_credentials_get(crowd.c, mono_ms() + 60000, &keys, &err));
	ck_assert(s3_credentials_reject(crowd.c, keys));
	ck_assert(s3_credentials_reject(crowd.c, keys));
	aws_credentials_unref(keys);
	strcpy(told.id, "SECOND");
	run_crowd(&crowd);
	ck_assert_uint_eq(16, crowd.n_good);
	ck_assert_uint_eq(8, crowd.n_new);
	ck_assert_uint_eq(2, told.n);
	s3_credentials_close(crowd.c);
}
END_TEST

START_TEST(a_renewal_that_fails_leaves_the_old_ones_in_use)
{
	static const struct blob_options none;
	struct crowd crowd = { .c = NULL };
	struct error err = ERROR_INIT;
	struct aws_credentials *keys;
	char url[128];

	snprintf(url, sizeof(url), "%s/container", tiny_http_url(server));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	ck_assert(s3_credentials_open(&none, client, "r", &crowd.c, &err));
	told.ends_in_s = 100; /* within the five minutes: renewal is due, but not at every get */
	ck_assert_int_eq(BLOB_OK, s3_credentials_get(crowd.c, mono_ms() + 60000, &keys, &err));
	aws_credentials_unref(keys);
	told.status = 403;
	run_crowd(&crowd);
	ck_assert_uint_eq(8, crowd.n_good);
	ck_assert_uint_eq(1, told.n);
	s3_credentials_close(crowd.c);
}
END_TEST

START_TEST(static_keys_are_not_fetched_again)
{
	static const struct blob_options keys_given = {
		.s3_access_key_id = "OPT", .s3_secret_access_key = "opt",
	};
	struct s3_credentials *c;
	struct aws_credentials *keys;
	struct error err = ERROR_INIT;

	ck_assert(s3_credentials_open(&keys_given, client, "r", &c, &err));
	ck_assert_int_eq(BLOB_OK, s3_credentials_get(c, mono_ms() + 60000, &keys, &err));
	ck_assert(!s3_credentials_reject(c, keys));
	aws_credentials_unref(keys);
	s3_credentials_close(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("s3_credentials");
	TCase *tc = tcase_create("s3_credentials");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, sources_are_asked_in_order);
	tcase_add_test(tc, half_a_pair_of_keys_is_an_error);
	tcase_add_test(tc, shared_files_are_read_as_aws_reads_them);
	tcase_add_test(tc, what_is_not_supported_is_said);
	tcase_add_test(tc, a_role_is_assumed_with_the_keys_of_its_source);
	tcase_add_test(tc, web_identity_sends_the_token_that_is_in_the_file_now);
	tcase_add_test(tc, container_sends_its_token_and_only_to_this_machine);
	tcase_add_test(tc, bad_answers_are_errors);
	tcase_add_test(tc, one_thread_fetches_and_the_others_wait_or_use_the_old_ones);
	tcase_add_test(tc, a_renewal_that_fails_leaves_the_old_ones_in_use);
	tcase_add_test(tc, static_keys_are_not_fetched_again);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
