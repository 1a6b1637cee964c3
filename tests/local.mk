# Unit tests are programs of libcheck, one for each part of a layer, that link
# that layer and what lies below it, nothing more.
CHECK_TEST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

include $(top_srcdir)/tests/lib/local.mk
include $(top_srcdir)/tests/base/local.mk
include $(top_srcdir)/tests/blob/local.mk
include $(top_srcdir)/tests/vfs/local.mk
include $(top_srcdir)/tests/sql/local.mk
include $(top_srcdir)/tests/sqlite/local.mk
include $(top_srcdir)/tests/wire/local.mk
include $(top_srcdir)/tests/cmd/local.mk
include $(top_srcdir)/tests/clients/local.mk
include $(top_srcdir)/tests/fuzz/local.mk

TESTS += $(check_PROGRAMS)
