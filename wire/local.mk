noinst_LIBRARIES += libwire.a
libwire_a_SOURCES = \
	wire/auth.c wire/auth.h \
	wire/conn.c wire/conn.h \
	wire/executor.h \
	wire/listen.c wire/listen.h \
	wire/msg.c wire/msg.h \
	wire/out.c wire/out.h \
	wire/reactor.c wire/reactor.h \
	wire/scram.c wire/scram.h \
	wire/server.c wire/server.h \
	wire/session.c wire/session.h \
	wire/startup.c wire/startup.h \
	wire/stream.c wire/stream.h \
	wire/wire.h \
	wire/worker.c wire/worker.h
libwire_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(IDN_CFLAGS)
EXTRA_DIST += wire/README.md
