# tests/blob: its part of the one Makefile

check_PROGRAMS += tests/blob/test_contract
tests_blob_test_contract_SOURCES = tests/blob/test_contract.c
tests_blob_test_contract_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_contract_LDADD = $(TEST_LIBS) $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_sigv4
tests_blob_test_sigv4_SOURCES = tests/blob/test_sigv4.c
tests_blob_test_sigv4_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_sigv4_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_s3_credentials
tests_blob_test_s3_credentials_SOURCES = tests/blob/test_s3_credentials.c tests/blob/tiny_http.c tests/blob/tiny_http.h
tests_blob_test_s3_credentials_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_s3_credentials_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_s3
tests_blob_test_s3_SOURCES = tests/blob/test_s3.c tests/blob/tiny_http.c tests/blob/tiny_http.h
tests_blob_test_s3_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_s3_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_local
tests_blob_test_local_SOURCES = tests/blob/test_local.c
tests_blob_test_local_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_local_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_redo
tests_blob_test_redo_SOURCES = tests/blob/test_redo.c
tests_blob_test_redo_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_redo_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_faults
tests_blob_test_faults_SOURCES = tests/blob/test_faults.c
tests_blob_test_faults_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_faults_LDADD = $(TEST_LIBS) $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_probe
tests_blob_test_probe_SOURCES = tests/blob/test_probe.c
tests_blob_test_probe_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_probe_LDADD = $(TEST_LIBS) $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_azure_auth
tests_blob_test_azure_auth_SOURCES = tests/blob/test_azure_auth.c tests/blob/tiny_http.c tests/blob/tiny_http.h
tests_blob_test_azure_auth_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_azure_auth_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/blob/azure_vectors.py

# Power cuts under a local folder: needs root, FUSE and loop devices, and is skipped without.
noinst_PROGRAMS += tests/blob/local-worker
tests_blob_local_worker_SOURCES = tests/blob/local_worker.c
tests_blob_local_worker_CFLAGS = $(AM_CFLAGS)
tests_blob_local_worker_LDADD = $(BLOB_LIBS)
dist_check_SCRIPTS += tests/blob/power_loss.py
TESTS += tests/blob/power_loss.py

check_PROGRAMS += tests/blob/test_tls
tests_blob_test_tls_SOURCES = tests/blob/test_tls.c
tests_blob_test_tls_CFLAGS = $(CHECK_TEST_CFLAGS) $(SSL_CFLAGS)
tests_blob_test_tls_LDADD = $(BLOB_LIBS) $(CHECK_LIBS) $(SSL_LIBS)
