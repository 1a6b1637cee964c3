# blob: its part of the one Makefile
noinst_LIBRARIES += libblob.a
libblob_a_SOURCES = \
	blob/answer.c blob/answer.h \
	blob/aws_config.c blob/aws_config.h \
	blob/aws_fetch.c blob/aws_fetch.h \
	blob/aws_source.c blob/aws_source.h \
	blob/azure.c blob/azure.h \
	blob/azure_auth.c blob/azure_auth.h \
	blob/azure_call.c \
	blob/azure_config.c \
	blob/azure_credentials.c blob/azure_credentials.h \
	blob/azure_xml.c blob/azure_xml.h \
	blob/blob.c blob/blob.h blob/store.h \
	blob/http.c blob/http.h \
	blob/json.c blob/json.h \
	blob/key.c blob/key.h \
	blob/local.c blob/local.h \
	blob/local_create.c \
	blob/local_file.c blob/local_file.h \
	blob/local_list.c \
	blob/local_spare.c blob/local_spare.h \
	blob/redo.c blob/redo.h \
	blob/redo_file.c blob/redo_file.h \
	blob/redo_recover.c \
	blob/retry.c blob/retry.h \
	blob/s3.c blob/s3.h \
	blob/s3_call.c \
	blob/s3_config.c blob/s3_config.h \
	blob/s3_credentials.c blob/s3_credentials.h \
	blob/s3_xml.c blob/s3_xml.h \
	blob/sigv4.c blob/sigv4.h \
	blob/timestamp.c blob/timestamp.h \
	blob/tries.c blob/tries.h \
	blob/xml.c blob/xml.h
libblob_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(CRYPTO_CFLAGS) $(XML_CFLAGS) $(XXHASH_CFLAGS)
EXTRA_DIST += blob/README.md
