# A server with the fake executor, for psql and pgbench.
noinst_PROGRAMS += tests/wire/fake_server
tests_wire_fake_server_SOURCES = tests/wire/fake_server.c tests/wire/fake.c tests/wire/fake.h
tests_wire_fake_server_LDADD = $(WIRE_LIBS)
