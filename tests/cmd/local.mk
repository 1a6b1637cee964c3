# tests/cmd: its part of the one Makefile

EXTRA_DIST += tests/cmd/clients.sh tests/cmd/kill9.py tests/cmd/kill9.sh tests/cmd/transfers.py tests/cmd/transfers.sh tests/cmd/daemon.sh tests/cmd/read_only.sh
EXTRA_DIST += tests/cmd/completion.sh tests/cmd/time.sh tests/cmd/tool.sh tests/cmd/kill_house.sh
check_PROGRAMS += tests/cmd/test_config
tests_cmd_test_config_SOURCES = tests/cmd/test_config.c
tests_cmd_test_config_CPPFLAGS = $(AM_CPPFLAGS) -DPGBLOB_SRCDIR=\"$(abs_top_srcdir)\"
tests_cmd_test_config_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_cmd_test_config_LDADD = $(CMD_LIBS) $(CHECK_LIBS)
