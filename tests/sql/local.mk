# tests/sql: its part of the one Makefile
check_PROGRAMS += tests/sql/test_pgcat
tests_sql_test_pgcat_SOURCES = tests/sql/test_pgcat.c
tests_sql_test_pgcat_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_pgcat_LDADD = libsql.a $(BASE_LIBS) $(CHECK_LIBS)
