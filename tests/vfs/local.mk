# tests/vfs: its part of the one Makefile
VFS_TEST_LIBS = $(TEST_LIBS) $(VFS_LIBS) $(CHECK_LIBS)
VFS_FIXTURE = tests/vfs/fixture.c tests/vfs/fixture.h

check_PROGRAMS += tests/vfs/test_differential
tests_vfs_test_differential_SOURCES = tests/vfs/test_differential.c $(VFS_FIXTURE)
tests_vfs_test_differential_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_differential_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_branch
tests_vfs_test_branch_SOURCES = tests/vfs/test_branch.c $(VFS_FIXTURE)
tests_vfs_test_branch_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_branch_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_history
tests_vfs_test_history_SOURCES = tests/vfs/test_history.c $(VFS_FIXTURE)
tests_vfs_test_history_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_history_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_vfs
tests_vfs_test_vfs_SOURCES = tests/vfs/test_vfs.c $(VFS_FIXTURE)
tests_vfs_test_vfs_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_vfs_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_sqlite
tests_vfs_test_sqlite_SOURCES = tests/vfs/test_sqlite.c $(VFS_FIXTURE)
tests_vfs_test_sqlite_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_sqlite_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_many
tests_vfs_test_many_SOURCES = tests/vfs/test_many.c $(VFS_FIXTURE)
tests_vfs_test_many_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_many_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_faults
tests_vfs_test_faults_SOURCES = tests/vfs/test_faults.c $(VFS_FIXTURE)
tests_vfs_test_faults_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_faults_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_concurrency
tests_vfs_test_concurrency_SOURCES = tests/vfs/test_concurrency.c $(VFS_FIXTURE)
tests_vfs_test_concurrency_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_concurrency_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_read
tests_vfs_test_read_SOURCES = tests/vfs/test_read.c $(VFS_FIXTURE)
tests_vfs_test_read_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_read_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_format
tests_vfs_test_format_SOURCES = tests/vfs/test_format.c
tests_vfs_test_format_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_format_LDADD = $(VFS_TEST_LIBS)
EXTRA_DIST += tests/vfs/shell.sh tests/vfs/README.md

check_PROGRAMS += tests/vfs/test_local
tests_vfs_test_local_SOURCES = tests/vfs/test_local.c $(VFS_FIXTURE)
tests_vfs_test_local_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_local_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_group
tests_vfs_test_group_SOURCES = tests/vfs/test_group.c $(VFS_FIXTURE)
tests_vfs_test_group_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_group_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_disk_cache
tests_vfs_test_disk_cache_SOURCES = tests/vfs/test_disk_cache.c $(VFS_FIXTURE)
tests_vfs_test_disk_cache_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_disk_cache_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_inspect
tests_vfs_test_inspect_SOURCES = tests/vfs/test_inspect.c $(VFS_FIXTURE)
tests_vfs_test_inspect_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_inspect_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_verify
tests_vfs_test_verify_SOURCES = tests/vfs/test_verify.c $(VFS_FIXTURE)
tests_vfs_test_verify_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_verify_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/torture
tests_vfs_torture_SOURCES = tests/vfs/torture.c tests/vfs/torture.h tests/vfs/torture_model.c \
	tests/vfs/torture_log.c tests/vfs/torture_databases.c tests/vfs/torture_work.c $(SIM_SOURCES)
tests_vfs_torture_CFLAGS = $(AM_CFLAGS)
tests_vfs_torture_LDFLAGS = $(SIM_LINK) -Wl,--wrap=log_write
tests_vfs_torture_LDADD = $(VFS_LIBS)

# Seeds until TORTURE_SECONDS have passed: an hour, from the clock's number on.
torture: tests/vfs/torture
	TORTURE_SECONDS=$${TORTURE_SECONDS:-3600} TORTURE_FROM=$${TORTURE_FROM:-$$(date +%s)} tests/vfs/torture
.PHONY: torture

# Its own allocations and the VFS's fail when it says so.
check_PROGRAMS += tests/vfs/test_memory
tests_vfs_test_memory_SOURCES = tests/vfs/test_memory.c $(VFS_FIXTURE)
tests_vfs_test_memory_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_memory_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
tests_vfs_test_memory_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_compact
tests_vfs_test_compact_SOURCES = tests/vfs/test_compact.c $(VFS_FIXTURE)
tests_vfs_test_compact_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_compact_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_gc
tests_vfs_test_gc_SOURCES = tests/vfs/test_gc.c $(VFS_FIXTURE)
tests_vfs_test_gc_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_gc_LDADD = $(VFS_TEST_LIBS)

check_PROGRAMS += tests/vfs/test_delta
tests_vfs_test_delta_SOURCES = tests/vfs/test_delta.c $(VFS_FIXTURE)
tests_vfs_test_delta_CFLAGS = $(CHECK_TEST_CFLAGS)
tests_vfs_test_delta_LDADD = $(VFS_TEST_LIBS)
