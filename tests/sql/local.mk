# tests/sql: its part of the one Makefile
check_PROGRAMS += tests/sql/test_pgcat
tests_sql_test_pgcat_SOURCES = tests/sql/test_pgcat.c
tests_sql_test_pgcat_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_pgcat_LDADD = libsql.a $(BASE_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_catalog
tests_sql_test_catalog_SOURCES = tests/sql/test_catalog.c tests/sql/catalog_fixture.c \
	tests/sql/catalog_fixture.h
tests_sql_test_catalog_CFLAGS = $(CHECK_TEST_CFLAGS) $(SQLITE_CFLAGS)
tests_sql_test_catalog_LDADD = $(SQL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/sql/test_ddl
tests_sql_test_ddl_SOURCES = tests/sql/test_ddl.c
tests_sql_test_ddl_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_ddl_LDADD = $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_catalog_functions
tests_sql_test_catalog_functions_SOURCES = tests/sql/test_catalog_functions.c \
	tests/sql/catalog_fixture.c tests/sql/catalog_fixture.h
tests_sql_test_catalog_functions_CFLAGS = $(CHECK_TEST_CFLAGS) $(SQLITE_CFLAGS)
tests_sql_test_catalog_functions_LDADD = $(SQL_LIBS) $(CHECK_LIBS)
SESSION_FIXTURE = tests/sql/session_fixture.c tests/sql/session_fixture.h
check_PROGRAMS += tests/sql/test_session
tests_sql_test_session_SOURCES = tests/sql/test_session.c $(SESSION_FIXTURE)
tests_sql_test_session_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_session_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_session_faults
tests_sql_test_session_faults_SOURCES = tests/sql/test_session_faults.c $(SESSION_FIXTURE)
tests_sql_test_session_faults_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_session_faults_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_analyze
tests_sql_test_analyze_SOURCES = tests/sql/test_analyze.c tests/sql/analyze_fixture.c \
	tests/sql/analyze_fixture.h
tests_sql_test_analyze_CFLAGS = $(CHECK_TEST_CFLAGS) $(SQLITE_CFLAGS) -DSOURCE_DIR=\"$(abs_top_srcdir)\"
tests_sql_test_analyze_LDADD = $(SQL_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/sql/analyze.cases
check_PROGRAMS += tests/sql/test_catalog_queries
tests_sql_test_catalog_queries_SOURCES = tests/sql/test_catalog_queries.c $(SESSION_FIXTURE)
tests_sql_test_catalog_queries_CFLAGS = $(CHECK_TEST_CFLAGS) -DSOURCE_DIR=\"$(abs_top_srcdir)\"
tests_sql_test_catalog_queries_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/sql/catalog.cases
check_PROGRAMS += tests/sql/test_json
tests_sql_test_json_SOURCES = tests/sql/test_json.c $(SESSION_FIXTURE)
tests_sql_test_json_CFLAGS = $(CHECK_TEST_CFLAGS) -DSOURCE_DIR=\"$(abs_top_srcdir)\"
tests_sql_test_json_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/sql/json.cases
REPLAY = tests/sql/replay.c tests/sql/replay.h
check_PROGRAMS += tests/sql/test_type
tests_sql_test_type_SOURCES = tests/sql/test_type.c $(REPLAY)
tests_sql_test_type_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_type_LDADD = $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_func
tests_sql_test_func_SOURCES = tests/sql/test_func.c $(REPLAY)
tests_sql_test_func_CFLAGS = $(CHECK_TEST_CFLAGS) $(SQLITE_CFLAGS)
tests_sql_test_func_LDADD = $(SQL_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/sql/oracle/generate tests/sql/oracle/inputs.py tests/sql/data/types.tsv \
	tests/sql/data/functions.tsv tests/sql/data/formats.tsv tests/sql/oracle/generate-formats
check_PROGRAMS += tests/sql/test_read_only
tests_sql_test_read_only_SOURCES = tests/sql/test_read_only.c $(SESSION_FIXTURE)
tests_sql_test_read_only_CFLAGS = $(CHECK_TEST_CFLAGS) -DSOURCE_DIR=\"$(abs_top_srcdir)\"
tests_sql_test_read_only_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/sql/read_only.cases tests/sql/standby.cases tests/sql/oracle/generate-read-only
check_PROGRAMS += tests/sql/test_explain
tests_sql_test_explain_SOURCES = tests/sql/test_explain.c $(SESSION_FIXTURE)
tests_sql_test_explain_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_explain_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_inside
tests_sql_test_inside_SOURCES = tests/sql/test_inside.c $(SESSION_FIXTURE)
tests_sql_test_inside_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_inside_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_many
tests_sql_test_many_SOURCES = tests/sql/test_many.c $(SESSION_FIXTURE)
tests_sql_test_many_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_sql_test_many_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/sql/test_turns
tests_sql_test_turns_SOURCES = tests/sql/test_turns.c $(SESSION_FIXTURE)
tests_sql_test_turns_CFLAGS = $(CHECK_TEST_CFLAGS) $(SQLITE_CFLAGS)
tests_sql_test_turns_LDADD = $(TEST_LIBS) $(SQL_LIBS) $(CHECK_LIBS)
