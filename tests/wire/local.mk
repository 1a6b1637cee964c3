# A server with the fake executor, for psql and pgbench.
noinst_PROGRAMS += tests/wire/fake_server
tests_wire_fake_server_SOURCES = tests/wire/fake_server.c tests/wire/fake.c tests/wire/fake.h
tests_wire_fake_server_LDADD = $(WIRE_LIBS)

check_PROGRAMS += tests/wire/test_parts tests/wire/test_wire
tests_wire_test_parts_SOURCES = tests/wire/test_parts.c
tests_wire_test_parts_CFLAGS = $(CHECK_TEST_CFLAGS) $(CRYPTO_CFLAGS)
tests_wire_test_parts_LDADD = $(WIRE_LIBS) $(CHECK_LIBS)
tests_wire_test_wire_SOURCES = tests/wire/test_wire.c \
	tests/wire/client.c tests/wire/client.h tests/wire/fake.c tests/wire/fake.h
tests_wire_test_wire_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_wire_test_wire_LDADD = $(WIRE_LIBS) $(CHECK_LIBS)
