/*
 * test_probe.c - a store that cannot be used is told in one clear error within 10 s
 * Licence: MIT, see LICENSE.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "blob/blob.h"
#include "tests/lib/store_kinds.h"

#define SECRET "c2VjcmV0LXRoYXQtbXVzdC1ub3QtYmUtdG9sZA=="

static bool is_azure(const struct store_place *place)
{
	return strcmp(place->kind->name, "azure") == 0;
}

static void set_endpoint(struct store_place *place, const char *url)
{
	if (is_azure(place))
		place->options.azure_endpoint = url;
	else
		place->options.s3_endpoint = url;
}

/*
 * Probe the place, which must fail within 10 s (on a busy machine not much later); the words, one or two, must be in
 * the text, its detail or its hint, so that a reader knows what to look at.
 */
static void refused(const struct store_place *place, const char *word, const char *hint)
{
	struct blob_store *store = store_place_open(place);
	struct error err = ERROR_INIT;
	int64_t start_ms = mono_ms();
	char all[1200];

	enum blob_rc rc = blob_probe(store, &err);
	int64_t took_ms = mono_ms() - start_ms;
	snprintf(all, sizeof(all), "%s\n%s\n%s", err.text, err.detail, err.hint);
	printf("%s: %lld ms: %s\n", place->kind->name, (long long)took_ms, all);
	ck_assert_int_ne(rc, BLOB_OK);
	ck_assert_msg(err.hint[0] != '\0', "nothing that says what to do: %s", all);
	ck_assert_msg(took_ms < 20000, "took %lld ms", (long long)took_ms);
	ck_assert_msg(strstr(all, word) != NULL, "no \"%s\" in: %s", word, all);
	ck_assert_msg(strstr(err.hint, hint) != NULL, "no \"%s\" in the hint: %s", hint, all);
	ck_assert_msg(strstr(all, SECRET) == NULL && strstr(all, "c2VjcmV0") == NULL &&
		      strstr(all, getenv(is_azure(place) ? "AZURE_STORAGE_KEY" : "AWS_SECRET_ACCESS_KEY")) == NULL,
		      "a secret in: %s", all);
	blob_close(store);
}

START_TEST(a_wrong_secret_is_told)
{
	struct store_place place;

	store_place_init(&store_kinds[_i], &place);
	if (is_azure(&place)) {
		place.options.azure_key = SECRET;
		refused(&place, "403", "AZURE_STORAGE_KEY");
	} else {
		place.options.s3_access_key_id = getenv("AWS_ACCESS_KEY_ID");
		place.options.s3_secret_access_key = SECRET;
		refused(&place, "403", " key"); /* which of the two, as far as the store tells */
	}
}
END_TEST

START_TEST(an_unknown_key_or_account_is_told)
{
	struct store_place place;

	store_place_init(&store_kinds[_i], &place);
	if (is_azure(&place)) {
		snprintf(place.url, sizeof(place.url), "azure://nobody/container/x");
		refused(&place, "nobody", "AZURE_STORAGE_ACCOUNT");
	} else {
		place.options.s3_access_key_id = "AKIANOBODYKNOWSTHIS0";
		place.options.s3_secret_access_key = SECRET;
		refused(&place, "403", " key"); /* which of the two, as far as the store tells */
	}
}
END_TEST

START_TEST(a_missing_bucket_or_container_is_told)
{
	struct store_place place;

	store_place_init(&store_kinds[_i], &place);
	if (is_azure(&place))
		snprintf(place.url, sizeof(place.url), "azure://%s/there-is-none/x",
			 getenv("AZURE_STORAGE_ACCOUNT"));
	else
		snprintf(place.url, sizeof(place.url), "s3://there-is-none/x");
	refused(&place, "there-is-none", "Create");
}
END_TEST

/* A port of loopback: bound, and listened at or not. */
static int take_port(bool listens, char *url, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	ck_assert_int_eq(0, getsockname(fd, (struct sockaddr *)&at, &len));
	if (listens)
		ck_assert_int_eq(0, listen(fd, 64));
	snprintf(url, size, "http://127.0.0.1:%u/x", (unsigned)ntohs(at.sin_port));
	return fd;
}

START_TEST(a_host_that_refuses_is_told)
{
	struct store_place place;
	char url[64];

	store_place_init(&store_kinds[_i], &place);
	place.options.deadline_ms = 3000; /* it tries until then */
	int fd = take_port(false, url, sizeof(url));
	set_endpoint(&place, url);
	refused(&place, "127.0.0.1:", "Check the endpoint");
	close(fd);
}
END_TEST

START_TEST(a_host_that_says_nothing_is_told)
{
	struct store_place place;
	char url[64];

	store_place_init(&store_kinds[_i], &place);
	int fd = take_port(true, url, sizeof(url));
	set_endpoint(&place, url);
	refused(&place, "127.0.0.1:", "Check the endpoint");
	close(fd);
}
END_TEST

START_TEST(a_host_without_a_name_is_told)
{
	struct store_place place;

	store_place_init(&store_kinds[_i], &place);
	place.options.deadline_ms = 3000; /* it tries until then */
	set_endpoint(&place, "http://there-is-no-such-host.invalid/x");
	refused(&place, "there-is-no-such-host.invalid", "Check the endpoint");
}
END_TEST

/* It answers 200 to every PUT: two writers would both believe that they won. */
START_TEST(a_store_that_ignores_the_condition_is_refused)
{
	struct store_kind kind = { .name = "s3rver", .is_http = true };
	struct store_place place;

	kind.endpoint = getenv("PGBLOB_TEST_S3RVER_ENDPOINT");
	if (kind.endpoint == NULL || kind.endpoint[0] == '\0') {
		ck_assert_msg(getenv("PGBLOB_TEST_ALL") == NULL, "PGBLOB_TEST_S3RVER_ENDPOINT is not set");
		fprintf(stderr, "skipped: PGBLOB_TEST_S3RVER_ENDPOINT is not set\n");
		return;
	}
	store_place_init(&kind, &place);
	place.options.s3_access_key_id = place.options.s3_secret_access_key = "S3RVER";
	place.options.s3_addressing = "path";
	refused(&place, "cannot be used", "If-None-Match");
}
END_TEST

int main(void)
{
	int n = store_kinds_init_http();
	Suite *suite = suite_create("probe");
	TCase *tc = tcase_create("probe");
	SRunner *runner;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_wrong_secret_is_told, 0, n);
	tcase_add_loop_test(tc, an_unknown_key_or_account_is_told, 0, n);
	tcase_add_loop_test(tc, a_missing_bucket_or_container_is_told, 0, n);
	tcase_add_loop_test(tc, a_host_that_refuses_is_told, 0, n);
	tcase_add_loop_test(tc, a_host_that_says_nothing_is_told, 0, n);
	tcase_add_loop_test(tc, a_host_without_a_name_is_told, 0, n);
	tcase_add_test(tc, a_store_that_ignores_the_condition_is_refused);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
