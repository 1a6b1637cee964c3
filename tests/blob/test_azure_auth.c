/*
 * test_azure_auth.c - signatures and credentials of Azure
 * Licence: MIT, see LICENSE.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/azure_auth.h"
#include "blob/azure_xml.h"
#include "blob/blob.h"
#include "tests/blob/tiny_http.h"

#define KEY "cGdibG9iLWtleQ==" /* base64 of "pgblob-key" */
#define SAS "sv=2020-12-06&sp=rwdl&sig=s3cr3t%2Fsig%3D"

/* What tests/blob/azure_vectors.py prints, with the requests that it signs. */
START_TEST(signatures_are_those_of_another_implementation)
{
	static const struct {
		struct azure_request req;
		const char *signature;
	} cases[] = {
		{ { .method = "GET", .path = "/box/a" }, "aAjJbapNEVmYJnDlmvjeEN5ZKXb4vCwgCpyDu2FZhVI=" },
		{ { .method = "PUT", .path = "/box/log/0000000000000001", .content_length = 4096, .n_headers = 2,
		    .headers = { { "x-ms-blob-type", "BlockBlob" }, { "if-none-match", "*" } } },
		  "dcjGAwa1FtZFpLjFkJ0fH+FXQK9GOVwSizxsQ9pGkSc=" },
		{ { .method = "PUT", .path = "/dev/box/sp%20ace%2Bplus", .content_length = 1, .n_headers = 3,
		    .headers = { { "x-ms-blob-type", "BlockBlob" }, { "if-none-match", "*" },
				 { "content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==" } } },
		  "R6p4XPPorjwbq2XuVVNLw0PEgxB46TArtj1EwgB6aPE=" },
		{ { .method = "GET", .path = "/box/%C3%BCml", .n_headers = 1,
		    .headers = { { "x-ms-range", "bytes=10-19" } } },
		  "5huzE7cxGaKM/GfQ8AdMcKKHWh/3Z8UriLzYlm4BRBU=" },
		{ { .method = "GET", .path = "/box", .n_params = 6,
		    .params = { { "comp", "list" }, { "delimiter", "/" }, { "maxresults", "2" },
				{ "prefix", "a b/\xc3\xbc&=" }, { "restype", "container" },
				{ "startFrom", "a b/x" } } },
		  "532XbF+1Y1DHorbgvbdnbwTT9rL6HwNwtDgH+tWahM8=" },
		{ { .method = "DELETE", .path = "/box/a", .n_headers = 1,
		    .headers = { { "x-ms-delete-snapshots", "include" } } },
		  "ZWdLrPr01PnuWHUQgftGdbfZbtPSlEkAxfCbldfrYmU=" },
		{ { .method = "HEAD", .path = "/box/a" }, "vahfU4pprM5VLxzf06rny6AJnQcwYt5MMp8H9VeyKZY=" },
	};
	unsigned char key[64];

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)i;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct azure_request req = cases[i].req;
		struct buf out = BUF_INIT(200), want = BUF_INIT(200);

		azure_add_header(&req, "x-ms-version", "2021-12-02");
		azure_add_header(&req, "x-ms-date", "Sun, 06 Nov 1994 08:49:37 GMT");
		ck_assert(azure_sign(&req, "account", key, sizeof(key), &out));
		buf_printf(&want, "SharedKey account:%s", cases[i].signature);
		ck_assert_str_eq(buf_str(&out), buf_str(&want));
		buf_free(&out);
		buf_free(&want);
	}
}
END_TEST

START_TEST(connection_strings_are_read)
{
	static const struct {
		const char *text, *account, *key, *sas, *endpoint; /* account NULL: refused */
	} cases[] = {
		{ "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=" KEY ";EndpointSuffix=core.windows.net",
		  "acc", KEY, NULL, "https://acc.blob.core.windows.net" },
		{ "accountname=acc;ACCOUNTKEY=" KEY, "acc", KEY, NULL, "https://acc.blob.core.windows.net" },
		{ "AccountName=acc;AccountKey=" KEY ";EndpointSuffix=core.chinacloudapi.cn", "acc", KEY, NULL,
		  "https://acc.blob.core.chinacloudapi.cn" },
		{ "AccountName=acc;AccountKey=" KEY ";BlobEndpoint=http://127.0.0.1:10000/acc;QueueEndpoint=x",
		  "acc", KEY, NULL, "http://127.0.0.1:10000/acc" },
		{ "BlobEndpoint=https://acc.blob.x;AccountName=acc;SharedAccessSignature=" SAS " \n", "acc", NULL, SAS,
		  "https://acc.blob.x" },
		{ "UseDevelopmentStorage=true", "devstoreaccount1",
		  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", NULL,
		  "http://127.0.0.1:10000/devstoreaccount1" },
		{ "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://emulator;", "devstoreaccount1",
		  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", NULL,
		  "http://emulator:10000/devstoreaccount1" },
		{ "AccountName=acc", NULL, NULL, NULL, NULL },
		{ "AccountKey=" KEY, NULL, NULL, NULL, NULL },
		{ "XAccountName=acc;XAccountKey=" KEY, NULL, NULL, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL },
		{ ";;;=;=x", NULL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct azure_connection c;
		struct error err = ERROR_INIT;
		bool good = azure_connection_parse(cases[i].text, &c, &err);

		ck_assert_msg(good == (cases[i].account != NULL), "%s: %s", cases[i].text, err.text);
		ck_assert(good || err.set);
		ck_assert_ptr_null(strstr(err.text, KEY));
		if (good) {
			ck_assert_pstr_eq(c.account, cases[i].account);
			ck_assert_pstr_eq(c.key, cases[i].key);
			ck_assert_pstr_eq(c.sas, cases[i].sas);
			ck_assert_pstr_eq(c.endpoint, cases[i].endpoint);
			azure_connection_free(&c);
		}
	}
}
END_TEST

/* A store that notes how requests were authorized, and a token service. */
static struct {
	char authorization[256], target[512];
	int answer;            /* status of the next requests to the store */
	unsigned n_refuse;     /* of them that are answered 401 first */
	unsigned n_asked;
} vault;

static bool vault_answer(void *arg, const struct tiny_request *req, struct buf *out)
{
	(void)arg;
	if (tiny_header(req, "authorization", vault.authorization, sizeof(vault.authorization)) == NULL)
		vault.authorization[0] = '\0';
	snprintf(vault.target, sizeof(vault.target), "%.500s", req->target);
	vault.n_asked++;
	if (vault.n_refuse > 0) {
		vault.n_refuse--;
		tiny_answer(out, 401, "x-ms-error-code: InvalidAuthenticationInfo\r\n", "");
	} else {
		tiny_answer(out, vault.answer, "ETag: \"0x1\"\r\n", "abc");
	}
	return true;
}

static struct {
	char target[512], metadata[64], secret[64];
	const char *answer;    /* %lld is the time of expiry */
	int64_t lives_s;
	int status;
	unsigned n_fail;       /* answered 503 first */
	unsigned n_asked;
} tokens;

static bool tokens_answer(void *arg, const struct tiny_request *req, struct buf *out)
{
	char body[512];

	(void)arg;
	snprintf(tokens.target, sizeof(tokens.target), "%.500s", req->target);
	if (tiny_header(req, "metadata", tokens.metadata, sizeof(tokens.metadata)) == NULL)
		tokens.metadata[0] = '\0';
	if (tiny_header(req, "x-identity-header", tokens.secret, sizeof(tokens.secret)) == NULL)
		tokens.secret[0] = '\0';
	tokens.n_asked++;
	if (tokens.n_fail > 0) {
		tokens.n_fail--;
		tiny_answer(out, 503, "", "");
		return true;
	}
	if (tokens.answer != NULL)
		snprintf(body, sizeof(body), "%s", tokens.answer);
	else
		snprintf(body, sizeof(body),
			 "{\"access_token\":\"token-%u\",\"client_id\":\"x\",\"expires_on\":\"%lld\",\"token_type\":\"Bearer\"}",
			 tokens.n_asked, (long long)(wall_us() / 1000000 + tokens.lives_s));
	tiny_answer(out, tokens.status, "Content-Type: application/json\r\n", body);
	return true;
}

static struct tiny_http *vault_server, *token_server;
static struct blob_options options;
static struct blob_store *store;

static void setup(void)
{
	static const char *const names[] = {
		"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
		"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_BLOB_ENDPOINT", "AZURE_IDENTITY_CLIENT_ID",
		"IDENTITY_ENDPOINT", "IDENTITY_HEADER",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	vault.answer = 200;
	tokens.status = 200;
	tokens.lives_s = 86400;
	vault_server = tiny_http_start(vault_answer, NULL);
	token_server = tiny_http_start(tokens_answer, NULL);
	setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tiny_http_url(token_server), 1);
	options = (struct blob_options){
		.azure_endpoint = tiny_http_url(vault_server), .request_timeout_ms = 20000, .deadline_ms = 60000,
	};
}

static void teardown(void)
{
	blob_close(store);
	tiny_http_stop(vault_server);
	tiny_http_stop(token_server);
}

static void open_store(const char *url)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(blob_open(url, &options, &store, &err) == BLOB_OK, "%s", err.text);
}

static enum blob_rc get(struct error *err)
{
	struct buf out = BUF_INIT(100);

	/* its lock orders our accesses to vault and tokens with those of the handlers */
	(void)(tiny_http_n_requests(vault_server) + tiny_http_n_requests(token_server));
	enum blob_rc rc = blob_get(store, "key", NULL, &out, NULL, err);
	(void)(tiny_http_n_requests(vault_server) + tiny_http_n_requests(token_server));
	buf_free(&out);
	return rc;
}

static void get_works(void)
{
	struct error err = ERROR_INIT;
	enum blob_rc rc = get(&err);

	ck_assert_msg(rc == BLOB_OK, "%d %s %s %s", (int)rc, err.text, err.detail, err.hint);
}

/* blob_open() fails, with `word` in what it says. */
static void open_fails(const char *url, const char *word)
{
	struct error err = ERROR_INIT;
	char all[1200];

	ck_assert_int_eq(BLOB_FAILED, blob_open(url, &options, &store, &err));
	snprintf(all, sizeof(all), "%s %s %s", err.text, err.detail, err.hint);
	ck_assert_msg(strstr(all, word) != NULL, "no \"%s\" in: %s", word, all);
	ck_assert_ptr_null(strstr(all, "s3cr3t"));
	store = NULL;
}

START_TEST(the_account_key_signs)
{
	setenv("AZURE_STORAGE_KEY", KEY, 1);
	open_store("azure://acc/box/pre");
	get_works();
	ck_assert_mem_eq(vault.authorization, "SharedKey acc:", 14);
	/* a host without a name: the account is in the path */
	ck_assert_str_eq(vault.target, "/acc/box/pre/key");
	ck_assert_uint_eq(tokens.n_asked, 0);
}
END_TEST

START_TEST(a_sas_token_is_put_behind_the_url)
{
	setenv("AZURE_STORAGE_SAS_TOKEN", "?" SAS, 1);
	open_store("azure://acc/box");
	get_works();
	ck_assert_str_eq(vault.authorization, "");
	ck_assert_str_eq(vault.target, "/acc/box/key?" SAS);
	vault.answer = 403;
	struct error err = ERROR_INIT;
	ck_assert_int_eq(BLOB_FAILED, get(&err));
	ck_assert_ptr_null(strstr(err.text, "s3cr3t"));
	ck_assert_ptr_nonnull(strstr(err.hint, "AZURE_STORAGE_SAS_TOKEN"));
}
END_TEST

START_TEST(a_connection_string_says_it_all)
{
	char text[256];

	snprintf(text, sizeof(text), "AccountName=conn;AccountKey=%s;BlobEndpoint=%s/conn", KEY,
		 tiny_http_url(vault_server));
	setenv("AZURE_STORAGE_CONNECTION_STRING", text, 1);
	options.azure_endpoint = NULL;
	open_store("azure:///box/pre/fix");
	get_works();
	ck_assert_mem_eq(vault.authorization, "SharedKey conn:", 15);
	ck_assert_str_eq(vault.target, "/conn/box/pre/fix/key");
}
END_TEST

START_TEST(options_go_before_the_environment)
{
	setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=" KEY, 1);
	setenv("AZURE_STORAGE_KEY", "b3RoZXI=", 1);
	setenv("AZURE_STORAGE_BLOB_ENDPOINT", "http://127.0.0.1:1/nowhere", 1);
	options.azure_sas = SAS;
	open_store("azure://acc/box");
	get_works();
	ck_assert_str_eq(vault.target, "/acc/box/key?" SAS);
}
END_TEST

START_TEST(what_cannot_be_right_is_refused_at_open)
{
	setenv("AZURE_STORAGE_KEY", "not base64!", 1);
	open_fails("azure://acc/box", "base64");
	unsetenv("AZURE_STORAGE_KEY");
	setenv("AZURE_STORAGE_SAS_TOKEN", "s3cr3t", 1);
	open_fails("azure://acc/box", "SAS");
	setenv("AZURE_STORAGE_SAS_TOKEN", "sig=s3cr3t and more", 1);
	open_fails("azure://acc/box", "SAS");
	unsetenv("AZURE_STORAGE_SAS_TOKEN");
	setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=" KEY, 1);
	open_fails("azure://acc/box", "\"other\"");
	unsetenv("AZURE_STORAGE_CONNECTION_STRING");
	setenv("AZURE_STORAGE_KEY", KEY, 1);
	open_fails("azure://acc/Box", "container");
	open_fails("azure://acc/b", "container");
	open_fails("azure://acc/a--b", "container");
	open_fails("azure://acc", "azure://account/container/prefix");
	open_fails("azure:///box", "AZURE_STORAGE_ACCOUNT");
	open_fails("azure://a.c/box", "account");
	open_fails("azure://acc/box/a//b", "prefix");
	options.azure_endpoint = "ftp://x";
	open_fails("azure://acc/box", "endpoint");
	options.azure_endpoint = "http://x/?sig=s3cr3t";
	open_fails("azure://acc/box", "endpoint");
	unsetenv("AZURE_STORAGE_KEY");
	options.azure_endpoint = "http://blobs.example.com";
	open_fails("azure://acc/box", "plain http");
	setenv("IDENTITY_ENDPOINT", "http://localhost:40342/x", 1);
	open_fails("azure://acc/box", "Arc");
}
END_TEST

START_TEST(a_managed_identity_is_asked_once_for_many)
{
	options.azure_use_managed_identity = true;
	open_store("azure://acc/box");
	for (int i = 0; i < 5; i++)
		get_works();
	ck_assert_str_eq(vault.authorization, "Bearer token-1");
	ck_assert_uint_eq(tokens.n_asked, 1);
	ck_assert_str_eq(tokens.target, "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F");
	ck_assert_str_eq(tokens.metadata, "true");
}
END_TEST

static void *get_in_thread(void *arg)
{
	struct error err = ERROR_INIT;

	*(enum blob_rc *)arg = get(&err);
	return NULL;
}

START_TEST(threads_that_need_a_token_share_one)
{
	enum blob_rc rcs[8];
	pthread_t threads[8];

	open_store("azure://acc/box");
	tokens.n_fail = 1;
	options.azure_use_managed_identity = true;
	blob_close(store);
	open_store("azure://acc/box");
	for (unsigned i = 0; i < 8; i++)
		ck_assert(thread_start(&threads[i], "get", 0, get_in_thread, &rcs[i], NULL));
	for (unsigned i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(rcs[i], BLOB_OK);
	}
	ck_assert_uint_eq(tokens.n_asked, 2); /* a failure, and its repetition */
}
END_TEST

START_TEST(the_identity_may_be_named)
{
	setenv("AZURE_IDENTITY_CLIENT_ID", "00000000-1111-2222-3333-444444444444", 1);
	open_store("azure://acc/box");
	get_works();
	ck_assert_ptr_nonnull(strstr(tokens.target, "&client_id=00000000-1111-2222-3333-444444444444"));
}
END_TEST

START_TEST(app_service_has_its_own_token_service)
{
	char url[128];

	snprintf(url, sizeof(url), "%s/msi/token", tiny_http_url(token_server));
	setenv("IDENTITY_ENDPOINT", url, 1);
	setenv("IDENTITY_HEADER", "853b9a84", 1);
	open_store("azure://acc/box");
	get_works();
	ck_assert_str_eq(vault.authorization, "Bearer token-1");
	ck_assert_str_eq(tokens.target, "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F");
	ck_assert_str_eq(tokens.secret, "853b9a84");
	ck_assert_str_eq(tokens.metadata, "");
}
END_TEST

START_TEST(a_token_that_has_expired_is_not_used)
{
	options.azure_use_managed_identity = true;
	tokens.lives_s = 0;
	open_store("azure://acc/box");
	get_works();
	get_works();
	ck_assert_uint_eq(tokens.n_asked, 2);
	ck_assert_str_eq(vault.authorization, "Bearer token-2");
}
END_TEST

START_TEST(a_token_that_the_store_refuses_is_replaced_once)
{
	struct error err = ERROR_INIT;

	options.azure_use_managed_identity = true;
	open_store("azure://acc/box");
	get_works();
	vault.n_refuse = 1;
	get_works();
	ck_assert_str_eq(vault.authorization, "Bearer token-2");
	vault.n_refuse = 1000;
	vault.n_asked = 0;
	ck_assert_int_eq(BLOB_FAILED, get(&err));
	ck_assert_uint_eq(vault.n_asked, 2);
	ck_assert_ptr_nonnull(strstr(err.hint, "managed identity"));
	ck_assert_ptr_null(strstr(err.text, "token-"));
}
END_TEST

START_TEST(what_the_token_service_says_is_told)
{
	struct error err = ERROR_INIT;

	options.azure_use_managed_identity = true;
	open_store("azure://acc/box");
	tokens.status = 400;
	tokens.answer = "{\"error\":\"invalid_request\",\"error_description\":\"Identity not\\u001b[2J found\"}";
	ck_assert_int_eq(BLOB_FAILED, get(&err));
	ck_assert_str_eq(err.detail, "Identity not?[2J found");
	ck_assert_ptr_nonnull(strstr(err.hint, "AZURE_IDENTITY_CLIENT_ID"));
	tokens.status = 200;
	static const char *const bad[] = {
		"", "{}", "[]", "nonsense", "{\"access_token\":\"\",\"expires_in\":\"5\"}",
		"{\"access_token\":\"x\"}", "{\"access_token\":\"a\\nb\",\"expires_in\":\"5\"}",
		"{\"access_token\":\"x\",\"expires_on\":\"tomorrow\"}",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		tokens.answer = bad[i];
		ck_assert_msg(get(&err) == BLOB_FAILED, "%s", bad[i]);
	}
	tokens.answer = "{\"access_token\":\"late\",\"expires_in\":3599}";
	get_works();
	ck_assert_str_eq(vault.authorization, "Bearer late");
}
END_TEST

START_TEST(no_credentials_at_all_are_told_at_once)
{
	struct error err = ERROR_INIT;
	int64_t start_ms = mono_ms();

	setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1", 1);
	open_store("azure://acc/box");
	ck_assert_int_eq(BLOB_FAILED, get(&err));
	ck_assert_int_lt(mono_ms() - start_ms, 30000); /* half of the deadline */
	ck_assert_ptr_nonnull(strstr(err.hint, "AZURE_STORAGE_KEY"));
}
END_TEST

#define BLOB(name, size) \
	"<Blob><Name>" name "</Name><Properties><Last-Modified>Mon, 23 Nov 2026 08:25:00 GMT</Last-Modified>" \
	"<Etag>0x27</Etag><Content-Length>" size "</Content-Length></Properties></Blob>"
#define LIST(blobs, more) \
	"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"x\" ContainerName=\"box\">" \
	"<Blobs>" blobs "</Blobs>" more "</EnumerationResults>"

START_TEST(a_listing_is_believed_only_if_it_is_one)
{
	static const struct {
		const char *xml;
		int n; /* entries; -1: refused */
	} cases[] = {
		{ LIST("", "<NextMarker/>"), 0 },
		{ LIST(BLOB("p/a", "1") BLOB("p/b", "22"), "<NextMarker>m</NextMarker>"), 2 },
		{ LIST("<BlobPrefix><Name>p/z/</Name></BlobPrefix>" BLOB("p/a&amp;&lt;", "1"), ""), 2 },
		{ LIST(BLOB("p//x", "1") BLOB("p/a", "1"), ""), 1 }, /* no key of ours: left out */
		{ LIST(BLOB("p/b", "1") BLOB("p/a", "1"), ""), -1 }, /* order */
		{ LIST(BLOB("p/a", "1") BLOB("p/a", "1"), ""), -1 },
		{ LIST(BLOB("q/a", "1"), ""), -1 }, /* prefix */
		{ LIST(BLOB("p/a", "-1"), ""), -1 },
		{ LIST(BLOB("p/a", "99999999999999999999"), ""), -1 },
		{ LIST(BLOB("p/a", ""), ""), -1 },
		{ LIST("<Blob><Name>p/a</Name></Blob>", ""), -1 },
		{ LIST("<Blob><Properties><Content-Length>1</Content-Length></Properties></Blob>", ""), -1 },
		{ LIST(BLOB("p/a", "1") BLOB("p/b", "1") BLOB("p/c", "1") BLOB("p/d", "1"), ""), -1 }, /* too many */
		{ "<EnumerationResults></EnumerationResults>", -1 },
		{ "<Error><Code>x</Code></Error>", -1 },
		{ "<EnumerationResults><Blobs>", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = ARENA_INIT(1 << 20);
		struct error err = ERROR_INIT;
		struct azure_page page;
		bool good = azure_parse_list(cases[i].xml, strlen(cases[i].xml), "p/", 3, &arena, &page, &err);

		ck_assert_msg(good == (cases[i].n >= 0), "%s: %s", cases[i].xml, err.text);
		ck_assert(good || err.set);
		if (good)
			ck_assert_uint_eq(page.n_entries, (unsigned)cases[i].n);
		if (i == 1) {
			ck_assert_str_eq(page.entries[1].key, "b");
			ck_assert_uint_eq(page.entries[1].info.size, 22);
			ck_assert_str_eq(page.entries[1].info.etag.text, "\"0x27\"");
			ck_assert_str_eq(page.marker, "m");
			ck_assert_str_eq(page.last, "p/b");
		}
		if (i == 2) {
			ck_assert_str_eq(page.entries[0].key, "a&<");
			ck_assert(page.entries[1].is_prefix);
			ck_assert_ptr_null(page.marker);
		}
		arena_free(&arena);
	}
}
END_TEST

/* A service from before "start from": pages of four names, and an empty one between them. */
static bool old_service(void *arg, const struct tiny_request *req, struct buf *out)
{
	struct buf body = BUF_INIT(10000);
	const char *marker = strstr(req->target, "marker=");
	unsigned first = marker != NULL ? (unsigned)atoi(marker + 7) : 0;

	(void)arg;
	if (strstr(req->target, "startFrom") != NULL) {
		tiny_answer(out, 400, "x-ms-error-code: InvalidHeaderValue\r\n", "");
		return true;
	}
	buf_put_str(&body, "<EnumerationResults><Blobs>");
	for (unsigned i = first; first % 2 == 0 && i < first + 4 && i < 12; i++)
		buf_printf(&body, "<Blob><Name>n/%02u</Name><Properties><Content-Length>1</Content-Length>"
			   "</Properties></Blob>", i);
	buf_put_str(&body, "</Blobs>");
	if (first + 4 < 12) /* an odd marker is that of the empty page */
		buf_printf(&body, "<NextMarker>%u</NextMarker>", first % 2 == 0 ? first + 3 : first + 1);
	buf_put_str(&body, "</EnumerationResults>");
	tiny_answer(out, 200, "", buf_str(&body));
	buf_free(&body);
	return true;
}

START_TEST(a_service_without_start_from_is_listed_from_the_first)
{
	struct tiny_http *server = tiny_http_start(old_service, NULL);
	struct arena arena = ARENA_INIT(1 << 20);
	struct error err = ERROR_INIT;

	options.azure_endpoint = tiny_http_url(server);
	options.azure_key = KEY;
	open_store("azure://acc/box");
	for (unsigned round = 0; round < 2; round++) {
		struct blob_list_request request = { .prefix = "n/", .start_after = "n/05", .max = 4 };
		struct blob_list list;

		ck_assert_msg(blob_list(store, &request, &arena, &list, &err) == BLOB_OK, "%s", err.text);
		ck_assert_uint_eq(list.n_entries, 4);
		ck_assert(list.more);
		ck_assert_str_eq(list.entries[0].key, "n/06");
		ck_assert_str_eq(list.entries[3].key, "n/09");
		request.start_after = "n/09";
		ck_assert_msg(blob_list(store, &request, &arena, &list, &err) == BLOB_OK, "%s", err.text);
		ck_assert_uint_eq(list.n_entries, 2);
		ck_assert(!list.more);
		ck_assert_str_eq(list.entries[1].key, "n/11");
	}
	/* it is asked for "start from" once: 4 listings of 5 pages at most, and that */
	ck_assert_uint_le(tiny_http_n_requests(server), 21);
	arena_free(&arena);
	blob_close(store);
	store = NULL;
	tiny_http_stop(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("azure_auth");
	TCase *plain = tcase_create("plain"), *tc = tcase_create("credentials");
	SRunner *runner;

	tcase_add_test(plain, signatures_are_those_of_another_implementation);
	tcase_add_test(plain, connection_strings_are_read);
	tcase_add_test(plain, a_listing_is_believed_only_if_it_is_one);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_account_key_signs);
	tcase_add_test(tc, a_sas_token_is_put_behind_the_url);
	tcase_add_test(tc, a_connection_string_says_it_all);
	tcase_add_test(tc, options_go_before_the_environment);
	tcase_add_test(tc, what_cannot_be_right_is_refused_at_open);
	tcase_add_test(tc, a_managed_identity_is_asked_once_for_many);
	tcase_add_test(tc, threads_that_need_a_token_share_one);
	tcase_add_test(tc, the_identity_may_be_named);
	tcase_add_test(tc, app_service_has_its_own_token_service);
	tcase_add_test(tc, a_token_that_has_expired_is_not_used);
	tcase_add_test(tc, a_token_that_the_store_refuses_is_replaced_once);
	tcase_add_test(tc, what_the_token_service_says_is_told);
	tcase_add_test(tc, no_credentials_at_all_are_told_at_once);
	tcase_add_test(tc, a_service_without_start_from_is_listed_from_the_first);
	suite_add_tcase(suite, plain);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
