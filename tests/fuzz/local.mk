# tests/fuzz: its part of the one Makefile
#
# A target NAME is fuzz_NAME.c with LLVMFuzzerTestOneInput(), and seeds in corpus/NAME/.  "make check" replays the
# seeds (replay_NAME); four lines each.  To fuzz, with clang (the last line of a target is under FUZZERS):
#	../configure CC=clang --enable-fuzzers --enable-sanitize=address,undefined,fuzzer-no-link
#	make tests/fuzz/fuzz_NAME && tests/fuzz/fuzz_NAME -max_total_time=60 /tmp/new ../tests/fuzz/corpus/NAME
FUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/replay_s3_list
tests_fuzz_replay_s3_list_SOURCES = tests/fuzz/fuzz_s3_list.c tests/fuzz/replay.c
tests_fuzz_replay_s3_list_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_s3_list_LDADD = $(BLOB_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_s3_list
tests_fuzz_fuzz_s3_list_SOURCES = tests/fuzz/fuzz_s3_list.c
tests_fuzz_fuzz_s3_list_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_s3_list_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_s3_list_LDADD = $(BLOB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_startup
tests_fuzz_replay_startup_SOURCES = tests/fuzz/fuzz_startup.c tests/fuzz/replay.c
tests_fuzz_replay_startup_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_startup_LDADD = $(WIRE_LIBS)

check_PROGRAMS += tests/fuzz/replay_scram
tests_fuzz_replay_scram_SOURCES = tests/fuzz/fuzz_scram.c tests/fuzz/replay.c
tests_fuzz_replay_scram_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_scram_LDADD = $(WIRE_LIBS)

check_PROGRAMS += tests/fuzz/replay_session
tests_fuzz_replay_session_SOURCES = tests/fuzz/fuzz_session.c tests/fuzz/replay.c
tests_fuzz_replay_session_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_session_LDADD = $(WIRE_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_startup tests/fuzz/fuzz_scram tests/fuzz/fuzz_session
tests_fuzz_fuzz_startup_SOURCES = tests/fuzz/fuzz_startup.c
tests_fuzz_fuzz_startup_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_startup_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_startup_LDADD = $(WIRE_LIBS)
tests_fuzz_fuzz_scram_SOURCES = tests/fuzz/fuzz_scram.c
tests_fuzz_fuzz_scram_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_scram_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_scram_LDADD = $(WIRE_LIBS)
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c
tests_fuzz_fuzz_session_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_session_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_session_LDADD = $(WIRE_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_azure_list
tests_fuzz_replay_azure_list_SOURCES = tests/fuzz/fuzz_azure_list.c tests/fuzz/replay.c
tests_fuzz_replay_azure_list_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_azure_list_LDADD = $(BLOB_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_azure_list
tests_fuzz_fuzz_azure_list_SOURCES = tests/fuzz/fuzz_azure_list.c
tests_fuzz_fuzz_azure_list_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_azure_list_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_azure_list_LDADD = $(BLOB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_redo
tests_fuzz_replay_redo_SOURCES = tests/fuzz/fuzz_redo.c tests/fuzz/replay.c
tests_fuzz_replay_redo_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_redo_LDADD = $(BLOB_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_redo
tests_fuzz_fuzz_redo_SOURCES = tests/fuzz/fuzz_redo.c
tests_fuzz_fuzz_redo_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_redo_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_redo_LDADD = $(BLOB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_local_journal
tests_fuzz_replay_local_journal_SOURCES = tests/fuzz/fuzz_local_journal.c tests/fuzz/replay.c
tests_fuzz_replay_local_journal_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_local_journal_LDADD = $(VFS_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_local_journal
tests_fuzz_fuzz_local_journal_SOURCES = tests/fuzz/fuzz_local_journal.c
tests_fuzz_fuzz_local_journal_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_local_journal_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_local_journal_LDADD = $(VFS_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_vfs_format
tests_fuzz_replay_vfs_format_SOURCES = tests/fuzz/fuzz_vfs_format.c tests/fuzz/replay.c
tests_fuzz_replay_vfs_format_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_vfs_format_LDADD = $(VFS_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_vfs_format
tests_fuzz_fuzz_vfs_format_SOURCES = tests/fuzz/fuzz_vfs_format.c
tests_fuzz_fuzz_vfs_format_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_vfs_format_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_vfs_format_LDADD = $(VFS_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_json
tests_fuzz_replay_json_SOURCES = tests/fuzz/fuzz_json.c tests/fuzz/replay.c
tests_fuzz_replay_json_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_json_LDADD = $(BLOB_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c
tests_fuzz_fuzz_json_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_json_LDADD = $(BLOB_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_config
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/replay.c
tests_fuzz_replay_config_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_config_LDADD = $(CMD_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_config_LDADD = $(CMD_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_analyze
tests_fuzz_replay_analyze_SOURCES = tests/fuzz/fuzz_analyze.c tests/fuzz/replay.c \
	tests/sql/analyze_fixture.c tests/sql/analyze_fixture.h
tests_fuzz_replay_analyze_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_fuzz_replay_analyze_LDADD = $(SQL_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_analyze
tests_fuzz_fuzz_analyze_SOURCES = tests/fuzz/fuzz_analyze.c tests/sql/analyze_fixture.c
tests_fuzz_fuzz_analyze_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_fuzz_fuzz_analyze_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_analyze_LDADD = $(SQL_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_sql_json
tests_fuzz_replay_sql_json_SOURCES = tests/fuzz/fuzz_sql_json.c tests/fuzz/replay.c
tests_fuzz_replay_sql_json_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_sql_json_LDADD = $(SQL_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_sql_json
tests_fuzz_fuzz_sql_json_SOURCES = tests/fuzz/fuzz_sql_json.c
tests_fuzz_fuzz_sql_json_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_sql_json_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_sql_json_LDADD = $(SQL_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_type
tests_fuzz_replay_type_SOURCES = tests/fuzz/fuzz_type.c tests/fuzz/replay.c
tests_fuzz_replay_type_CFLAGS = $(AM_CFLAGS)
tests_fuzz_replay_type_LDADD = $(SQL_LIBS)

if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_type
tests_fuzz_fuzz_type_SOURCES = tests/fuzz/fuzz_type.c
tests_fuzz_fuzz_type_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_type_LDFLAGS = $(FUZZER_LINK)
tests_fuzz_fuzz_type_LDADD = $(SQL_LIBS)
endif
