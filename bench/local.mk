# Benchmarks are programs, not tests: nothing here can fail on a time.
EXTRA_DIST += bench/postgres bench/speedtest bench/bench_speedtest.c tests/sqlite/get-source
bench: all tests/lib/store-proxy bench/bench_vfs bench/bench_commit bench/bench_scan bench/bench_large \
		bench/bench_compact
	bench/bench_vfs
	bench/bench_commit
	bench/bench_scan
	bench/bench_large
	bench/bench_compact
	$(top_srcdir)/bench/speedtest .
	$(top_srcdir)/bench/postgres .
.PHONY: bench

EXTRA_PROGRAMS += bench/bench_vfs
bench_bench_vfs_SOURCES = bench/bench_vfs.c
bench_bench_vfs_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_bench_vfs_LDADD = $(VFS_LIBS)
CLEANFILES += bench/bench_vfs

EXTRA_PROGRAMS += bench/bench_scan
bench_bench_scan_SOURCES = bench/bench_scan.c bench/slow_store.c bench/slow_store.h
bench_bench_scan_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_bench_scan_LDADD = $(VFS_LIBS)
CLEANFILES += bench/bench_scan

EXTRA_PROGRAMS += bench/bench_large
bench_bench_large_SOURCES = bench/bench_large.c bench/slow_store.c bench/slow_store.h
bench_bench_large_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_bench_large_LDADD = $(VFS_LIBS)
CLEANFILES += bench/bench_large

EXTRA_PROGRAMS += bench/bench_commit
bench_bench_commit_SOURCES = bench/bench_commit.c
bench_bench_commit_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_bench_commit_LDADD = libtest.a $(VFS_LIBS)
CLEANFILES += bench/bench_commit

EXTRA_PROGRAMS += bench/bench_compact
bench_bench_compact_SOURCES = bench/bench_compact.c
bench_bench_compact_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
bench_bench_compact_LDADD = libtest.a $(VFS_LIBS)
CLEANFILES += bench/bench_compact
