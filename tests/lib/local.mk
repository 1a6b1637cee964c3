# What tests of several layers share.  A test links libtest.a before the
# libraries of its layer: $(TEST_LIBS) $(BLOB_LIBS) or $(TEST_LIBS) $(VFS_LIBS).
noinst_LIBRARIES += libtest.a
libtest_a_SOURCES = \
	tests/lib/fault_store.c tests/lib/fault_store.h
libtest_a_CFLAGS = $(AM_CFLAGS)
TEST_LIBS = libtest.a
EXTRA_DIST += tests/lib/README.md
EXTRA_DIST += tests/lib/stores.sh tests/servers/README.md tests/servers/common.sh \
	tests/servers/azurite.sh tests/servers/ceph.sh tests/servers/s3rver.sh
