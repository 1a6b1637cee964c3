/*
 * test_sigv4.c - signatures, times, percent-encoding and JSON against known answers
 *
 * The signatures are those that AWS publishes: the examples in "Authenticating
 * requests: using the Authorization header" of the S3 API reference, and
 * get-vanilla of its signature test suite.
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "blob/json.h"
#include "blob/key.h"
#include "blob/sigv4.h"
#include "blob/timestamp.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define S3_ID "AKIAIOSFODNN7EXAMPLE"
#define S3_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define S3_SCOPE "20130524/us-east-1/s3/aws4_request"

static struct sigv4_request s3_request(const char *method, const char *path, const char *query,
				       const char *hash)
{
	struct sigv4_request req = {
		.method = method,
		.path = path,
		.query = query,
		.payload_hash = hash,
		.amz_date = "20130524T000000Z",
		.region = "us-east-1",
		.service = "s3",
	};

	/* not in order: sigv4_add_header() has to sort them */
	sigv4_add_header(&req, "x-amz-date", "20130524T000000Z");
	sigv4_add_header(&req, "x-amz-content-sha256", hash);
	sigv4_add_header(&req, "host", "examplebucket.s3.amazonaws.com");
	return req;
}

static void expect(const struct sigv4_request *req, const char *id, const char *secret,
		   const char *want)
{
	struct buf out = BUF_INIT(4096);

	ck_assert(sigv4_sign(req, id, secret, NULL, &out));
	ck_assert_str_eq(want, buf_str(&out));
	struct sigv4_cache cache;
	sigv4_cache_init(&cache);
	for (int i = 0; i < 4; i++) { /* made, found, made for another day, made again */
		struct sigv4_request other = *req;

		if (i == 2)
			other.amz_date = "20300101T000000Z";
		buf_reset(&out);
		ck_assert(sigv4_sign(&other, id, secret, &cache, &out));
		ck_assert_int_eq(i == 2, strcmp(want, buf_str(&out)) != 0);
	}
	sigv4_cache_deinit(&cache);
	buf_free(&out);
}

START_TEST(get_with_a_range_is_signed_as_published)
{
	struct sigv4_request req = s3_request("GET", "/test.txt", "", EMPTY);

	sigv4_add_header(&req, "range", "bytes=0-9");
	expect(&req, S3_ID, S3_SECRET,
	       "AWS4-HMAC-SHA256 Credential=" S3_ID "/" S3_SCOPE
	       ", SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
	       "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}
END_TEST

START_TEST(put_of_an_object_is_signed_as_published)
{
	char hash[65];
	struct buf path = BUF_INIT(100);

	sha256_hex("Welcome to Amazon S3.", 21, hash);
	ck_assert_str_eq("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", hash);
	uri_encode(&path, "/test$file.text", 15, true);
	struct sigv4_request req = s3_request("PUT", buf_str(&path), "", hash);
	sigv4_add_header(&req, "date", "Fri, 24 May 2013 00:00:00 GMT");
	sigv4_add_header(&req, "x-amz-storage-class", "REDUCED_REDUNDANCY");
	expect(&req, S3_ID, S3_SECRET,
	       "AWS4-HMAC-SHA256 Credential=" S3_ID "/" S3_SCOPE
	       ", SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
	       "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
	buf_free(&path);
}
END_TEST

START_TEST(queries_are_signed_as_published)
{
	struct sigv4_request lifecycle = s3_request("GET", "/", "lifecycle=", EMPTY);
	struct sigv4_request list = s3_request("GET", "/", "max-keys=2&prefix=J", EMPTY);

	expect(&lifecycle, S3_ID, S3_SECRET,
	       "AWS4-HMAC-SHA256 Credential=" S3_ID "/" S3_SCOPE
	       ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
	       "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	expect(&list, S3_ID, S3_SECRET,
	       "AWS4-HMAC-SHA256 Credential=" S3_ID "/" S3_SCOPE
	       ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
	       "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}
END_TEST

START_TEST(get_vanilla_of_the_test_suite_is_signed_as_published)
{
	struct sigv4_request req = {
		.method = "GET",
		.path = "/",
		.query = "",
		.payload_hash = EMPTY,
		.amz_date = "20150830T123600Z",
		.region = "us-east-1",
		.service = "service",
	};

	sigv4_add_header(&req, "host", "example.amazonaws.com");
	sigv4_add_header(&req, "x-amz-date", "20150830T123600Z");
	expect(&req, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	       "SignedHeaders=host;x-amz-date, "
	       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}
END_TEST

START_TEST(a_signature_that_does_not_fit_fails)
{
	struct sigv4_request req = s3_request("GET", "/test.txt", "", EMPTY);
	struct buf out = BUF_INIT(64);

	ck_assert(!sigv4_sign(&req, S3_ID, S3_SECRET, NULL, &out));
	buf_free(&out);
}
END_TEST

START_TEST(times_are_parsed_to_the_last_byte)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: refused */
	} iso[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-23T08:15:00Z", 1795421700000000 },
		{ "2026-11-23T08:15:00.5Z", 1795421700500000 },
		{ "2026-11-23T08:15:00.123456789Z", 1795421700123456 },
		{ "2024-02-29T00:00:00+00:00", 1709164800000000 },
		{ "2026-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-11-23T24:15:00Z", -1 },
		{ "2026-11-23T08:15:00", -1 },
		{ "2026-11-23T08:15:00+01:00", -1 },
		{ "2026-11-23T08:15:00Z ", -1 },
		{ "2026-11-23 08:15:00Z", -1 },
		{ "2026-11-23T08:15:00.Z", -1 },
		{ "26-11-23T08:15:00Z", -1 },
		{ "", -1 },
	};
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(iso); i++) {
		bool good = timestamp_of_iso(iso[i].text, &us);

		ck_assert_msg(good == (iso[i].us != -1), "%s", iso[i].text);
		if (good)
			ck_assert_msg(us == iso[i].us, "%s", iso[i].text);
	}
	ck_assert(timestamp_of_http("Sun, 06 Nov 1994 08:49:37 GMT", &us));
	ck_assert(us == 784111777000000);
	ck_assert(!timestamp_of_http("Sunday, 06-Nov-94 08:49:37 GMT", &us));
	ck_assert(!timestamp_of_http("Sun, 06 Nov 1994 08:49:37 CET", &us));
	ck_assert(!timestamp_of_http("Sun, 31 Feb 1994 08:49:37 GMT", &us));
	char amz[17];
	char http[30];
	timestamp_to_amz(784111777000000, amz);
	timestamp_to_http(784111777000000, http);
	ck_assert_str_eq("19941106T084937Z", amz);
	ck_assert_str_eq("Sun, 06 Nov 1994 08:49:37 GMT", http);
}
END_TEST

START_TEST(keys_are_what_blob_h_says)
{
	static const char *const good[] = { "a", "a/b", "...", ".a/b.", "a b", "ü/\xF0\x9F\x98\x80", "%2e" };
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/..", "../a", "a\\b", "a\nb",
		"a\x7F", "\xC2\x85", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xC3",
		"\xE2\x82", "\xF0\x82\x82\xAC",
	};
	char longest[KEY_MAX + 2];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(key_is_good(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!key_is_good(bad[i]), "%zu", i);
	memset(longest, 'a', sizeof(longest));
	longest[KEY_MAX] = '\0';
	ck_assert(key_is_good(longest));
	longest[KEY_MAX] = 'a';
	longest[KEY_MAX + 1] = '\0';
	ck_assert(!key_is_good(longest));
	ck_assert(key_is_good_prefix(""));
	ck_assert(key_is_good_prefix("a/"));
	ck_assert(key_is_good_prefix("a/."));
	ck_assert(!key_is_good_prefix("/"));
	ck_assert(!key_is_good_prefix("../a"));
}
END_TEST

START_TEST(percent_encoding_round_trips)
{
	struct buf a = BUF_INIT(4096);
	struct buf b = BUF_INIT(4096);
	char all[256];

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	uri_encode(&a, all, 255, false);
	ck_assert(uri_decode(&b, a.data, a.len));
	ck_assert_uint_eq(255, b.len);
	ck_assert_int_eq(0, memcmp(all, b.data, 255));
	buf_reset(&a);
	uri_encode(&a, "a/b c~+%", 8, true);
	ck_assert_str_eq("a/b%20c~%2B%25", buf_str(&a));
	ck_assert(!uri_decode(&b, "%4", 2));
	ck_assert(!uri_decode(&b, "%zz", 3));
	ck_assert(!uri_decode(&b, "%00", 3));
	buf_free(&a);
	buf_free(&b);
}
END_TEST

START_TEST(json_gives_what_is_there_and_refuses_what_is_not_json)
{
	static const struct {
		const char *text;
		const char *value; /* of "a"; NULL: refused */
	} cases[] = {
		{ "{\"a\":\"x\"}", "x" },
		{ " { \"b\" : [1,{\"a\":2},[]], \"a\" : \"y\" } ", "y" },
		{ "{\"a\":\"q\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}", "q\"\\/\b\f\n\r\té\xF0\x9F\x98\x80" },
		{ "{\"a\":12.5e3}", "12.5e3" },
		{ "{\"a\":\"x\",\"a\":\"z\"}", "x" },
		{ "{\"a\":null}", NULL },
		{ "{\"a\":{\"a\":\"x\"}}", NULL },
		{ "{\"b\":\"x\"}", NULL },
		{ "{}", NULL },
		{ "{\"a\":\"x\"", NULL },
		{ "{\"a\":\"x\"} {", NULL },
		{ "{\"a\":\"x\",}", NULL },
		{ "{\"a\" \"x\"}", NULL },
		{ "{\"a\":\"x\ny\"}", NULL },
		{ "{\"a\":\"\\u0000\"}", NULL },
		{ "{\"a\":\"\\ud83d\"}", NULL },
		{ "[\"a\"]", NULL },
		{ "", NULL },
		{ "{\"a", NULL },
		{ "{\"a\":\"\\", NULL },
		{ "{\"b\":[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]],\"a\":\"x\"}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT(100);
		bool good = json_get(cases[i].text, strlen(cases[i].text), "a", &out);

		ck_assert_msg(good == (cases[i].value != NULL), "%s", cases[i].text);
		if (good)
			ck_assert_str_eq(cases[i].value, buf_str(&out));
		else
			ck_assert_uint_eq(0, out.len);
		buf_free(&out);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sigv4");
	TCase *tc = tcase_create("sigv4");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, get_with_a_range_is_signed_as_published);
	tcase_add_test(tc, put_of_an_object_is_signed_as_published);
	tcase_add_test(tc, queries_are_signed_as_published);
	tcase_add_test(tc, get_vanilla_of_the_test_suite_is_signed_as_published);
	tcase_add_test(tc, a_signature_that_does_not_fit_fails);
	tcase_add_test(tc, times_are_parsed_to_the_last_byte);
	tcase_add_test(tc, keys_are_what_blob_h_says);
	tcase_add_test(tc, percent_encoding_round_trips);
	tcase_add_test(tc, json_gives_what_is_there_and_refuses_what_is_not_json);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
