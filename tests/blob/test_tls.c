/*
 * test_tls.c - a store behind https is believed only with a certificate that is trusted
 * Licence: MIT, see LICENSE.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/thread.h"
#include "blob/blob.h"

static char ca_file[] = "/tmp/pgblob-ca-XXXXXX";
static SSL_CTX *ctx;
static int listener;
static char port[8];
static pthread_t thread;
static _Atomic unsigned n_requests, n_connections;

/* A certificate for `name`, signed by itself; its PEM goes to ca_file. */
static void make_certificate(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509V3_CTX v3;
	char san[100];

	ck_assert_ptr_nonnull(key);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509V3_set_ctx(&v3, cert, cert, NULL, NULL, 0);
	snprintf(san, sizeof(san), "DNS:%s", name);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, san);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	FILE *f = fopen(ca_file, "w");
	PEM_write_X509(f, cert);
	fclose(f);
	ctx = SSL_CTX_new(TLS_server_method());
	ck_assert_int_eq(1, SSL_CTX_use_certificate(ctx, cert));
	ck_assert_int_eq(1, SSL_CTX_use_PrivateKey(ctx, key));
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* One connection after the other; each request is answered with an object "x". */
static void *serve(void *arg)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1\r\n\r\nx";
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		n_connections++;
		SSL *ssl = SSL_new(ctx);
		char request[8192];

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			while (SSL_read(ssl, request, sizeof(request)) > 0) {
				n_requests++;
				SSL_write(ssl, answer, sizeof(answer) - 1);
			}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static void start(const char *certificate_for)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	struct error err = ERROR_INIT;

	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	unsetenv("AWS_CA_BUNDLE");
	close(mkstemp(ca_file));
	make_certificate(certificate_for);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(0, bind(listener, (struct sockaddr *)&addr, len));
	ck_assert_int_eq(0, listen(listener, 8));
	ck_assert_int_eq(0, getsockname(listener, (struct sockaddr *)&addr, &len));
	snprintf(port, sizeof(port), "%u", ntohs(addr.sin_port));
	ck_assert(thread_start(&thread, "tls", 0, serve, NULL, &err));
}

static void stop(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	SSL_CTX_free(ctx);
	unlink(ca_file);
}

static enum blob_rc get(const char *ca, struct error *err)
{
	char endpoint[64];
	struct blob_options options = {
		.s3_endpoint = endpoint,
		.s3_access_key_id = "ID",
		.s3_secret_access_key = "s",
		.ca_file = ca,
		.deadline_ms = 60000,
	};
	struct blob_store *store;
	struct buf out = BUF_INIT(10);

	snprintf(endpoint, sizeof(endpoint), "https://localhost:%s", port);
	ck_assert_int_eq(BLOB_OK, blob_open("s3://bucket", &options, &store, err));
	enum blob_rc rc = blob_get(store, "k", NULL, &out, NULL, err);
	blob_close(store);
	buf_free(&out);
	return rc;
}

START_TEST(a_certificate_that_is_not_trusted_is_refused_at_once)
{
	struct error err = ERROR_INIT;

	start("localhost");
	ck_assert_int_eq(BLOB_FAILED, get(NULL, &err));
	ck_assert_uint_eq(1, n_connections); /* it is not tried again */
	ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
	ck_assert_ptr_nonnull(strstr(err.hint, "ca_file"));
	ck_assert_uint_eq(0, n_requests); /* no signature went to it */
	stop();
}
END_TEST

START_TEST(a_certificate_in_ca_file_is_trusted)
{
	struct error err = ERROR_INIT;

	start("localhost");
	ck_assert_msg(get(ca_file, &err) == BLOB_OK, "%s", err.text);
	setenv("AWS_CA_BUNDLE", ca_file, 1);
	ck_assert_msg(get(NULL, &err) == BLOB_OK, "%s", err.text);
	ck_assert_uint_eq(2, n_requests);
	stop();
}
END_TEST

START_TEST(a_certificate_for_another_host_is_refused)
{
	struct error err = ERROR_INIT;

	start("elsewhere.example");
	ck_assert_int_eq(BLOB_FAILED, get(ca_file, &err));
	ck_assert_uint_eq(0, n_requests);
	stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tls");
	TCase *tc = tcase_create("tls");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_certificate_that_is_not_trusted_is_refused_at_once);
	tcase_add_test(tc, a_certificate_in_ca_file_is_trusted);
	tcase_add_test(tc, a_certificate_for_another_host_is_refused);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
