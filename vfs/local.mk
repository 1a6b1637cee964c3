noinst_LIBRARIES += libvfs.a
VFS_SOURCES = \
	vfs/cache.c vfs/cache.h \
	vfs/format.c vfs/format.h \
	vfs/journal.c vfs/journal.h \
	vfs/key.c vfs/key.h \
	vfs/overlay.c vfs/overlay.h \
	vfs/page_table.c vfs/page_table.h \
	vfs/sqlite.h \
	vfs/vfs.h
libvfs_a_SOURCES = $(VFS_SOURCES)
libvfs_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(ZSTD_CFLAGS) $(XXHASH_CFLAGS)
EXTRA_DIST += vfs/README.md
