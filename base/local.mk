noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	base/arena.c base/arena.h \
	base/buf.c base/buf.h \
	base/bytes.c base/bytes.h \
	base/clock.h \
	base/compiler.h \
	base/error.c base/error.h \
	base/log.c base/log.h \
	base/map.c base/map.h \
	base/thread.c base/thread.h \
	base/utf8.c base/utf8.h \
	base/vec.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(XXHASH_CFLAGS)
