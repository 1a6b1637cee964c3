# blob: its part of the one Makefile
noinst_LIBRARIES += libblob.a
libblob_a_SOURCES = \
	blob/blob.c blob/blob.h blob/store.h \
	blob/http.c blob/http.h \
	blob/key.c blob/key.h \
	blob/local.c blob/local.h \
	blob/local_file.c blob/local_file.h \
	blob/local_list.c \
	blob/retry.c blob/retry.h
libblob_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS) $(XML_CFLAGS)
EXTRA_DIST += blob/README.md
