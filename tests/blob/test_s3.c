/*
 * test_s3.c - what the S3 store makes of each answer, told by a server that
 * says what the test wants
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"
#include "tests/blob/tiny_http.h"

enum { SCRIPT_MAX = 16, SEEN_MAX = 16, PATIENCE_MS = 100000, GIVE_UP_MS = 1500 };

/* Answers in turn; the last one stays. */
struct step {
	int status; /* 0: close without a word */
	const char *headers;
	const char *body;
};

static struct step script[SCRIPT_MAX];
static unsigned n_steps;
static struct tiny_http *server;
static struct blob_store *store;
static struct {
	char line[4200]; /* method and target */
	char head[4096];
	char body[200];
	size_t body_len;
} seen[SEEN_MAX];
static unsigned n_seen;
static struct error err;

static bool answer(void *arg, const struct tiny_request *req, struct buf *out)
{
	(void)arg;
	if (n_seen < SEEN_MAX) {
		snprintf(seen[n_seen].line, sizeof(seen[0].line), "%s %s", req->method, req->target);
		snprintf(seen[n_seen].head, sizeof(seen[0].head), "%s", req->head.data);
		snprintf(seen[n_seen].body, sizeof(seen[0].body), "%.150s", req->body.data);
		seen[n_seen].body_len = req->body.len;
	}
	const struct step *step = &script[n_seen < n_steps ? n_seen : n_steps - 1];
	n_seen++;
	if (step->status == 0)
		return false;
	if (step->status < 0) { /* all of it is in the headers */
		buf_put_str(out, step->headers);
		return false;
	}
	if (strcmp(req->method, "HEAD") == 0)
		buf_printf(out, "HTTP/1.1 %d Told\r\n%s\r\n", step->status, step->headers);
	else
		tiny_answer(out, step->status, step->headers, step->body);
	return true;
}

#define SCRIPT(...)                                              \
	do {                                                     \
		const struct step steps_[] = { __VA_ARGS__ };    \
		memcpy(script, steps_, sizeof(steps_));          \
		n_steps = ARRAY_LEN(steps_);                     \
		n_seen = 0;                                      \
		error_clear(&err);                               \
	} while (0)

#define OK_200 { 200, "ETag: \"e\"\r\n", "" }
#define S3_ERROR(status, code) { status, "", "<Error><Code>" code "</Code><Message>m</Message></Error>" }

static void open_store(const char *url, int64_t deadline_ms, const char *endpoint,
		       const char *addressing)
{
	struct blob_options options = {
		.s3_endpoint = endpoint,
		.s3_region = "eu-west-1",
		.s3_addressing = addressing,
		.s3_access_key_id = "ID",
		.s3_secret_access_key = "s3cr3t-never-shown",
		.s3_session_token = "t0k3n-never-shown",
		.connect_timeout_ms = 20000,
		.request_timeout_ms = 20000,
		.deadline_ms = deadline_ms,
	};

	ck_assert_msg(blob_open(url, &options, &store, &err) == BLOB_OK, "%s", err.text);
}

/* From now on the store gives up when it has tried for a while: for what does not end well. */
static void be_impatient(void)
{
	blob_close(store);
	open_store("s3://bucket/pre/fix", GIVE_UP_MS, tiny_http_url(server), NULL);
}

static void setup(void)
{
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	SCRIPT(OK_200);
	server = tiny_http_start(answer, NULL);
	open_store("s3://bucket/pre/fix", PATIENCE_MS, tiny_http_url(server), NULL);
}

static void teardown(void)
{
	blob_close(store);
	tiny_http_stop(server);
}

static enum blob_rc create(void)
{
	struct buf body = BUF_INIT(100);
	struct etag etag;

	buf_put_str(&body, "some bytes");
	enum blob_rc rc = blob_create(store, "k y", &body, &etag, &err);
	buf_free(&body);
	ck_assert(rc == BLOB_OK || err.set);
	return rc;
}

static const char *got; /* by get() */

static enum blob_rc get(uint64_t offset, size_t len, struct blob_info *info)
{
	static struct buf out;
	struct blob_range range = { offset, len };

	buf_free(&out);
	buf_init(&out, 100);
	enum blob_rc rc = blob_get(store, "k", len > 0 ? &range : NULL, &out, info, &err);
	ck_assert(rc == BLOB_OK || (err.set && out.len == 0));
	got = buf_str(&out);
	return rc;
}

START_TEST(a_create_is_judged_by_all_its_tries)
{
	SCRIPT(OK_200);
	ck_assert_int_eq(BLOB_OK, create());
	ck_assert_str_eq("PUT /bucket/pre/fix/k%20y", seen[0].line);
	ck_assert_ptr_nonnull(strstr(seen[0].head, "\r\nif-none-match: *\r\n"));
	SCRIPT(S3_ERROR(412, "PreconditionFailed"));
	ck_assert_int_eq(BLOB_EXISTS, create());
	ck_assert_uint_eq(1, n_seen);
	/* races and lost answers: again, the same bytes */
	SCRIPT(S3_ERROR(409, "ConditionalRequestConflict"), S3_ERROR(500, "InternalError"), { 0 }, OK_200);
	ck_assert_int_eq(BLOB_OK, create());
	ck_assert_uint_eq(4, n_seen);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_str_eq("some bytes", seen[i].body);
	SCRIPT({ 0 }, S3_ERROR(412, "PreconditionFailed"));
	ck_assert_int_eq(BLOB_EXISTS, create());
	be_impatient();
	/* a doubt stays one, whatever the later tries say */
	SCRIPT(S3_ERROR(500, "InternalError"), S3_ERROR(403, "AccessDenied"));
	ck_assert_int_eq(BLOB_UNKNOWN, create());
	SCRIPT({ 0 }, S3_ERROR(503, "SlowDown"));
	ck_assert_int_eq(BLOB_UNKNOWN, create());
	SCRIPT(S3_ERROR(500, "InternalError"));
	ck_assert_int_eq(BLOB_UNKNOWN, create());
	SCRIPT(S3_ERROR(409, "ConditionalRequestConflict"));
	ck_assert_int_eq(BLOB_UNKNOWN, create());
	/* surely nothing happened */
	SCRIPT(S3_ERROR(503, "SlowDown"));
	ck_assert_int_eq(BLOB_BUSY, create());
	ck_assert_uint_gt(n_seen, 1);
	SCRIPT(S3_ERROR(403, "AccessDenied"));
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_uint_eq(1, n_seen);
	SCRIPT(S3_ERROR(404, "NoSuchBucket"));
	ck_assert_int_eq(BLOB_FAILED, create());
}
END_TEST

START_TEST(nobody_there_is_busy_and_ends_at_the_deadline)
{
	blob_close(store);
	open_store("s3://bucket", 400, "http://127.0.0.1:1", NULL);
	int64_t start = mono_ms();
	ck_assert_int_eq(BLOB_BUSY, create());
	ck_assert_int_lt(mono_ms() - start, 20000); /* not that of a store that was told none */
	ck_assert_int_eq(BLOB_BUSY, get(0, 0, NULL));
}
END_TEST

START_TEST(retry_after_is_waited_for)
{
	SCRIPT({ 503, "Retry-After: 3600\r\n", "" }, OK_200);
	int64_t start = mono_ms();
	ck_assert_int_eq(BLOB_UNKNOWN, create()); /* an hour is past the deadline: it is not waited for */
	ck_assert_int_lt(mono_ms() - start, PATIENCE_MS / 2);
	ck_assert_uint_eq(1, n_seen);
	SCRIPT({ 503, "Retry-After: 1\r\n", "" }, OK_200);
	start = mono_ms();
	ck_assert_int_eq(BLOB_OK, create());
	ck_assert_int_ge(mono_ms() - start, 1000);
}
END_TEST

START_TEST(errors_say_what_to_do)
{
	SCRIPT({ 301, "x-amz-bucket-region: eu-central-1\r\n",
		 "<Error><Code>PermanentRedirect</Code></Error>" });
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_ptr_nonnull(strstr(err.hint, "eu-central-1"));
	SCRIPT({ 400, "", "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region></Error>" });
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_ptr_nonnull(strstr(err.hint, "us-west-2"));
	SCRIPT({ 403, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		 "<Error><Code>RequestTimeTooSkewed</Code></Error>" });
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_ptr_nonnull(strstr(err.hint, "clock"));
	SCRIPT(S3_ERROR(404, "NoSuchBucket"));
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, NULL));
	ck_assert_ptr_nonnull(strstr(err.hint, "Create it"));
	SCRIPT(S3_ERROR(403, "InvalidAccessKeyId"));
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_ptr_nonnull(strstr(err.hint, "AWS_ACCESS_KEY_ID"));
	/* what a server writes cannot act on a terminal, nor break a line */
	SCRIPT({ 400, "", "<Error><Code>Bad&#13;Thing\nmore</Code><Message>a&#9;b</Message></Error>" });
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_ptr_nonnull(strstr(err.text, "Bad?Thing"));
	ck_assert_ptr_null(strstr(err.text, "more"));
	ck_assert_str_eq("a?b", err.detail);
}
END_TEST

START_TEST(a_part_is_checked_against_what_was_asked_for)
{
	struct blob_info info;

	SCRIPT({ 206, "Content-Range: bytes 2-4/9\r\nETag: \"e\"\r\n", "cde" });
	ck_assert_int_eq(BLOB_OK, get(2, 3, &info));
	ck_assert_str_eq("cde", got);
	ck_assert_uint_eq(9, info.size);
	ck_assert_str_eq("\"e\"", info.etag.text);
	ck_assert_ptr_nonnull(strstr(seen[0].head, "\r\nrange: bytes=2-4\r\n"));
	SCRIPT({ 206, "Content-Range: bytes 7-8/9\r\n", "hi" }); /* ends earlier */
	ck_assert_int_eq(BLOB_OK, get(7, 30, &info));
	ck_assert_str_eq("hi", got);
	SCRIPT({ 200, "", "abcdefghi" }); /* ignores the range */
	ck_assert_int_eq(BLOB_OK, get(2, 3, &info));
	ck_assert_str_eq("cde", got);
	ck_assert_uint_eq(9, info.size);
	ck_assert_int_eq(BLOB_OK, get(20, 3, &info));
	ck_assert_str_eq("", got);
	SCRIPT({ 416, "Content-Range: bytes */9\r\n", "<Error><Code>InvalidRange</Code></Error>" });
	ck_assert_int_eq(BLOB_OK, get(9, 3, &info));
	ck_assert_str_eq("", got);
	ck_assert_uint_eq(9, info.size);
	SCRIPT({ 416, "", "" }, { 200, "Content-Length: 9\r\n", "" }); /* asks again for the size */
	ck_assert_int_eq(BLOB_OK, get(9, 3, &info));
	ck_assert_uint_eq(9, info.size);

	static const char *const wrong[] = {
		"Content-Range: bytes 3-5/9\r\n", "Content-Range: bytes 2-5/9\r\n",
		"Content-Range: bytes 2-4/3\r\n", "Content-Range: bytes 2-4/*\r\n",
		"Content-Range: bytes 2-4/9x\r\n", "Content-Range: bytes 2-4/99999999999999999999\r\n", "",
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		SCRIPT({ 206, wrong[i], "cde" });
		ck_assert_msg(get(2, 3, NULL) == BLOB_FAILED, "%s", wrong[i]);
	}
	SCRIPT({ 206, "Content-Range: bytes 2-3/9\r\n", "cd" }); /* less than there is */
	ck_assert_int_eq(BLOB_FAILED, get(2, 3, NULL));
	SCRIPT({ 206, "Content-Range: bytes 0-1/2\r\n", "ab" }); /* not asked for */
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, NULL));
}
END_TEST

START_TEST(a_body_that_is_cut_short_is_read_again)
{
	struct blob_info info;

	SCRIPT({ -1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", NULL }, { 200, "", "abcdefghi" });
	ck_assert_int_eq(BLOB_OK, get(0, 0, &info));
	ck_assert_str_eq("abcdefghi", got);
	ck_assert_uint_eq(2, n_seen);
	/* whether this one is whole, nobody can tell */
	SCRIPT({ -1, "HTTP/1.0 200 OK\r\n\r\nabc", NULL });
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, &info));
	SCRIPT({ -1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", NULL });
	ck_assert_int_eq(BLOB_OK, get(0, 0, &info));
	ck_assert_str_eq("abc", got);
	ck_assert_uint_eq(3, info.size);
}
END_TEST

START_TEST(not_there_is_believed_only_in_the_words_of_s3)
{
	SCRIPT(S3_ERROR(404, "NoSuchKey"));
	ck_assert_int_eq(BLOB_NOT_FOUND, get(0, 0, NULL));
	SCRIPT({ 404, "", "" }, { 200, "", "x" });
	ck_assert_int_eq(BLOB_OK, get(0, 0, NULL));
	be_impatient();
	SCRIPT({ 404, "Content-Type: text/html\r\n", "<html><body>Not Found</body></html>" });
	ck_assert_int_eq(BLOB_BUSY, get(0, 0, NULL));
}
END_TEST

START_TEST(an_object_too_large_for_the_buffer_is_refused)
{
	char large[201];

	memset(large, 'x', 200);
	large[200] = '\0';
	SCRIPT({ 200, "", large });
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, NULL));
	ck_assert_uint_eq(1, n_seen);
	large[100] = '\0';
	SCRIPT({ 200, "", large });
	ck_assert_int_eq(BLOB_OK, get(0, 0, NULL));
}
END_TEST

START_TEST(etags_and_times_from_outside_are_checked)
{
	SCRIPT({ 200, "ETag: a b\r\n", "x" });
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, NULL));
	SCRIPT({ 200, "Last-Modified: yesterday\r\n", "x" });
	ck_assert_int_eq(BLOB_FAILED, get(0, 0, NULL));
	/* but an object that was created is there */
	SCRIPT({ 200, "ETag: a b\r\n", "" });
	ck_assert_int_eq(BLOB_OK, create());
}
END_TEST

#define LIST(truncated, entries)                                                                   \
	{ 200, "", "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>" truncated     \
		   "</IsTruncated>" entries "</ListBucketResult>" }
#define KEY(k) "<Contents><Key>pre%2Ffix%2F" k "</Key><Size>1</Size></Contents>"
#define FOLDER(k) "<CommonPrefixes><Prefix>pre%2Ffix%2F" k "</Prefix></CommonPrefixes>"

static const char *list(bool by_folder, const char *after, unsigned max)
{
	static char text[1000];
	struct blob_list_request request = { .by_folder = by_folder, .start_after = after, .max = max };
	struct arena arena = ARENA_INIT(1 << 20);
	struct blob_list out;

	text[0] = '\0';
	if (blob_list(store, &request, &arena, &out, &err) != BLOB_OK) {
		ck_assert(err.set);
		snprintf(text, sizeof(text), "!%s", err.text);
	} else {
		for (size_t i = 0; i < out.n_entries; i++) {
			strcat(text, out.entries[i].key);
			strcat(text, " ");
		}
		strcat(text, out.more ? "+" : ".");
	}
	arena_free(&arena);
	return text;
}

START_TEST(listings_are_merged_checked_and_asked_for_in_pages)
{
	SCRIPT(LIST("true", KEY("b+c%2B") KEY("d") FOLDER("a%2F") FOLDER("c%2F")));
	ck_assert_str_eq("a/ b c+ c/ d +", list(true, NULL, 4));
	ck_assert_str_eq("GET /bucket/?delimiter=%2F&encoding-type=url&list-type=2&max-keys=4&prefix=pre%2Ffix%2F",
			 seen[0].line);
	/* the next page begins behind a folder that was told, even if the store tells it again */
	SCRIPT(LIST("false", KEY("d") FOLDER("c%2F")));
	ck_assert_str_eq("d .", list(true, "c/", 10));
	ck_assert_ptr_nonnull(strstr(seen[0].line, "&start-after=pre%2Ffix%2Fc%2F%F4%8F%BF%BF"));
	/* a console's folder marker is no key of ours: the page is filled up with the next request */
	SCRIPT(LIST("true", KEY("a%2F")), LIST("false", KEY("b")));
	ck_assert_str_eq("b .", list(false, NULL, 1));
	ck_assert_ptr_nonnull(strstr(seen[1].line, "&start-after=pre%2Ffix%2Fa%2F"));
	SCRIPT(LIST("false", KEY("b") KEY("a")));
	ck_assert_ptr_nonnull(strstr(list(false, NULL, 10), "order of names"));
	SCRIPT(LIST("false", KEY("a") KEY("b")));
	ck_assert_ptr_nonnull(strstr(list(false, NULL, 1), "more than it was asked for"));
	SCRIPT(LIST("true", ""));
	ck_assert_ptr_nonnull(strstr(list(false, NULL, 1), "could not list \"s3://bucket/pre/fix\": "
								  "the store's listing does not come on"));
	SCRIPT(LIST("false", "<Contents><Key>other</Key><Size>1</Size></Contents>"));
	ck_assert_ptr_nonnull(strstr(list(false, NULL, 1), "does not begin as asked"));
	SCRIPT({ 200, "", "<ListBucketResult></ListBucketResult>" });
	ck_assert_int_eq('!', list(false, NULL, 1)[0]);
	SCRIPT({ 200, "", "<html></html>" });
	ck_assert_int_eq('!', list(false, NULL, 1)[0]);
	SCRIPT({ 200, "", "<!DOCTYPE a [<!ENTITY x 'y'>]><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>" });
	ck_assert_ptr_nonnull(strstr(list(false, NULL, 1), "document type"));
}
END_TEST

START_TEST(many_are_deleted_a_thousand_at_a_time)
{
	const char *keys[1001];
	char names[1001][8];

	for (int i = 0; i < 1001; i++) {
		snprintf(names[i], sizeof(names[i]), "k%d", i);
		keys[i] = names[i];
	}
	SCRIPT({ 200, "", "<DeleteResult/>" }, { 204, "", "" });
	ck_assert_int_eq(BLOB_OK, blob_delete_many(store, keys, 1001, &err));
	ck_assert_str_eq("POST /bucket/?delete=", seen[0].line);
	ck_assert_ptr_nonnull(strstr(seen[0].head, "\r\ncontent-md5: "));
	ck_assert_str_eq("DELETE /bucket/pre/fix/k1000", seen[1].line);
	SCRIPT({ 200, "", "<DeleteResult><Error><Key>k</Key><Code>NoSuchKey</Code></Error></DeleteResult>" });
	ck_assert_int_eq(BLOB_OK, blob_delete_many(store, keys, 2, &err));
	SCRIPT({ 200, "", "<DeleteResult><Error><Key>k1</Key><Code>AccessDenied</Code></Error></DeleteResult>" });
	ck_assert_int_eq(BLOB_FAILED, blob_delete_many(store, keys, 2, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "\"k1\": AccessDenied"));
	/* a store without it */
	SCRIPT(S3_ERROR(501, "NotImplemented"), { 204, "", "" });
	ck_assert_int_eq(BLOB_OK, blob_delete_many(store, keys, 3, &err));
	ck_assert_uint_eq(4, n_seen);
	be_impatient();
	SCRIPT({ 200, "", "<DeleteResult><Error><Key>k1</Key><Code>InternalError</Code></Error></DeleteResult>" });
	ck_assert_int_eq(BLOB_BUSY, blob_delete_many(store, keys, 2, &err));
	SCRIPT({ 0 });
	ck_assert_int_eq(BLOB_UNKNOWN, blob_delete(store, "k", &err));
}
END_TEST

START_TEST(a_bucket_in_the_host_name_is_signed_and_sent_so)
{
	char endpoint[100];
	char host[100];

	snprintf(endpoint, sizeof(endpoint), "http://localhost%s/base/", strrchr(tiny_http_url(server), ':'));
	snprintf(host, sizeof(host), "Host: bucket.localhost%s\r\n", strrchr(tiny_http_url(server), ':'));
	blob_close(store);
	open_store("s3://bucket/p", PATIENCE_MS, endpoint, "virtual");
	SCRIPT(OK_200);
	ck_assert_int_eq(BLOB_OK, create());
	ck_assert_str_eq("PUT /base/p/k%20y", seen[0].line);
	ck_assert_msg(strstr(seen[0].head, host) != NULL, "%s", seen[0].head);
	ck_assert_ptr_nonnull(strstr(seen[0].head, "SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
}
END_TEST

START_TEST(keys_that_were_replaced_are_read_again)
{
	char folder[] = "/tmp/pgblob-s3-XXXXXX";
	char path[64];
	struct blob_options options = { .s3_profile = "p", .s3_endpoint = tiny_http_url(server) };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/credentials", folder);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	for (int i = 1; i <= 2; i++) {
		FILE *f = fopen(path, "w");
		fprintf(f, "[p]\naws_access_key_id = ID%d\naws_secret_access_key = s\n", i);
		fclose(f);
		if (i == 1) {
			blob_close(store);
			ck_assert_int_eq(BLOB_OK, blob_open("s3://bucket", &options, &store, &err));
			SCRIPT(OK_200);
			ck_assert_int_eq(BLOB_OK, create());
			ck_assert_ptr_nonnull(strstr(seen[0].head, "Credential=ID1/"));
		}
	}
	SCRIPT(S3_ERROR(403, "InvalidAccessKeyId"), OK_200);
	ck_assert_int_eq(BLOB_OK, create());
	ck_assert_ptr_nonnull(strstr(seen[0].head, "Credential=ID1/"));
	ck_assert_ptr_nonnull(strstr(seen[1].head, "Credential=ID2/"));
	SCRIPT(S3_ERROR(400, "ExpiredToken")); /* once is enough */
	ck_assert_int_eq(BLOB_FAILED, create());
	ck_assert_uint_eq(2, n_seen);
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(connections_are_used_again)
{
	SCRIPT(OK_200);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(BLOB_OK, create());
	ck_assert_uint_eq(1, tiny_http_n_connections(server));
}
END_TEST

static void *create_some(void *arg)
{
	struct buf body = BUF_INIT(10);
	struct error e = ERROR_INIT;
	uintptr_t n_good = 0;

	(void)arg;
	for (int i = 0; i < 20; i++)
		n_good += blob_create(store, "k", &body, NULL, &e) == BLOB_OK;
	buf_free(&body);
	return (void *)n_good;
}

START_TEST(there_are_never_more_connections_than_allowed)
{
	struct blob_options options = {
		.s3_endpoint = tiny_http_url(server), .s3_access_key_id = "ID",
		.s3_secret_access_key = "s", .max_connections = 2,
	};
	pthread_t threads[8];

	blob_close(store);
	ck_assert_int_eq(BLOB_OK, blob_open("s3://bucket", &options, &store, &err));
	SCRIPT(OK_200);
	for (int i = 0; i < 8; i++)
		ck_assert(thread_start(&threads[i], "create", 0, create_some, NULL, &err));
	for (int i = 0; i < 8; i++) {
		void *n_good;

		pthread_join(threads[i], &n_good);
		ck_assert_uint_eq(20, (uintptr_t)n_good);
	}
	ck_assert_uint_le(tiny_http_n_connections(server), 2);
	struct blob_stats stats;
	blob_get_stats(store, &stats);
	ck_assert_uint_eq(160, stats.creates);
	ck_assert_uint_eq(0, stats.retries);
}
END_TEST

START_TEST(no_secret_is_logged_or_told)
{
	char path[] = "/tmp/pgblob-log-XXXXXX";
	int fd = mkstemp(path);
	int kept = dup(STDERR_FILENO);
	static char log[1 << 16];

	ck_assert_int_ge(fd, 0);
	setenv("PGBLOBD_TRACE", "http", 1);
	dup2(fd, STDERR_FILENO);
	SCRIPT({ 0 }, OK_200);
	ck_assert_int_eq(BLOB_OK, create());
	SCRIPT(S3_ERROR(403, "SignatureDoesNotMatch"));
	ck_assert_int_eq(BLOB_FAILED, create());
	dup2(kept, STDERR_FILENO);
	close(kept);
	ssize_t n = pread(fd, log, sizeof(log) - 1, 0);
	close(fd);
	unlink(path);
	ck_assert_int_gt(n, 0);
	log[n] = '\0';
	ck_assert_ptr_nonnull(strstr(log, "http PUT k y"));
	ck_assert_ptr_nonnull(strstr(log, "status=403"));
	ck_assert_ptr_null(strstr(log, "never-shown"));
	ck_assert_ptr_null(strstr(log, "Signature="));
	ck_assert_ptr_null(strstr(err.text, "never-shown"));
	ck_assert_ptr_null(strstr(err.hint, "never-shown"));
}
END_TEST

START_TEST(bad_configuration_is_refused_when_opened)
{
	static const struct {
		const char *url;
		struct blob_options options;
		const char *part;
	} cases[] = {
		{ "s3://", { .s3_region = "r" }, "not the name of a bucket" },
		{ "s3:bucket", { .s3_region = "r" }, "form s3://" },
		{ "s3://b/x", { .s3_region = "r" }, "not the name of a bucket" },
		{ "s3://a@b.com/x", { .s3_region = "r" }, "not the name of a bucket" },
		{ "s3://bucket/a/../b", { .s3_region = "r" }, "prefix is not a key" },
		{ "s3://bucket", { .s3_region = "a/b" }, "not the name of a region" },
		{ "s3://bucket", { .s3_endpoint = "localhost:9000" }, "not an endpoint" },
		{ "s3://bucket", { .s3_endpoint = "http://user:pw@host" }, "cannot be in one" },
		{ "s3://bucket", { .s3_endpoint = "http://host/?x" }, "cannot be in one" },
		{ "s3://bucket", { .s3_endpoint = "http://" }, "has no host" },
		{ "s3://bucket", { .s3_endpoint = "http://h", .s3_addressing = "cloud" }, "auto, path or virtual" },
		{ "s3://bucket", { .s3_endpoint = "http://127.0.0.1", .s3_addressing = "virtual" }, "IP address" },
		{ "s3://buc.ket", { .s3_endpoint = "http://h", .s3_addressing = "virtual" }, "use path" },
		{ "gs://bucket", { .s3_region = "r" }, "no kind of store" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob_store *other;
		struct blob_options options = cases[i].options;

		options.s3_access_key_id = "ID";
		options.s3_secret_access_key = "s";
		ck_assert_int_eq(BLOB_FAILED, blob_open(cases[i].url, &options, &other, &err));
		ck_assert_msg(strstr(err.text, cases[i].part) != NULL, "%s: %s", cases[i].url, err.text);
		ck_assert_ptr_null(strstr(err.text, "pw@"));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("s3");
	TCase *tc = tcase_create("s3");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, a_create_is_judged_by_all_its_tries);
	tcase_add_test(tc, nobody_there_is_busy_and_ends_at_the_deadline);
	tcase_add_test(tc, retry_after_is_waited_for);
	tcase_add_test(tc, errors_say_what_to_do);
	tcase_add_test(tc, a_part_is_checked_against_what_was_asked_for);
	tcase_add_test(tc, a_body_that_is_cut_short_is_read_again);
	tcase_add_test(tc, not_there_is_believed_only_in_the_words_of_s3);
	tcase_add_test(tc, an_object_too_large_for_the_buffer_is_refused);
	tcase_add_test(tc, etags_and_times_from_outside_are_checked);
	tcase_add_test(tc, listings_are_merged_checked_and_asked_for_in_pages);
	tcase_add_test(tc, many_are_deleted_a_thousand_at_a_time);
	tcase_add_test(tc, a_bucket_in_the_host_name_is_signed_and_sent_so);
	tcase_add_test(tc, keys_that_were_replaced_are_read_again);
	tcase_add_test(tc, connections_are_used_again);
	tcase_add_test(tc, there_are_never_more_connections_than_allowed);
	tcase_add_test(tc, no_secret_is_logged_or_told);
	tcase_add_test(tc, bad_configuration_is_refused_when_opened);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
