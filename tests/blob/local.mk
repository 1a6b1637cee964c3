# tests/blob: its part of the one Makefile

check_PROGRAMS += tests/blob/test_contract
tests_blob_test_contract_SOURCES = tests/blob/test_contract.c
tests_blob_test_contract_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_contract_LDADD = $(TEST_LIBS) $(BLOB_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/blob/test_sigv4
tests_blob_test_sigv4_SOURCES = tests/blob/test_sigv4.c
tests_blob_test_sigv4_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_blob_test_sigv4_LDADD = $(BLOB_LIBS) $(CHECK_LIBS)
