noinst_LIBRARIES += libvfs.a
VFS_SOURCES = \
	vfs/admin.c vfs/admin.h \
	vfs/branch.c vfs/branch.h \
	vfs/branch_make.c \
	vfs/cache.c vfs/cache.h \
	vfs/commit.c vfs/commit.h \
	vfs/compact.c vfs/compact.h \
	vfs/compact_plan.c vfs/compact_plan.h \
	vfs/compact_read.c vfs/compact_read.h \
	vfs/copy.c \
	vfs/db.c vfs/db.h \
	vfs/delta.c vfs/delta.h \
	vfs/disk_cache.c vfs/disk_cache.h \
	vfs/fetch.c vfs/fetch.h \
	vfs/floor.c vfs/floor.h \
	vfs/follow.c \
	vfs/history.c vfs/history.h \
	vfs/file.c vfs/file.h \
	vfs/folder.c vfs/folder.h \
	vfs/format.c vfs/format.h vfs/format_parts.h \
	vfs/gc.c vfs/gc.h \
	vfs/gc_pin.c vfs/gc_pin.h \
	vfs/group.c vfs/group.h \
	vfs/housekeeping.c \
	vfs/inspect.c vfs/inspect.h \
	vfs/journal.c vfs/journal.h \
	vfs/key.c vfs/key.h \
	vfs/listing.c vfs/listing.h \
	vfs/local.c vfs/local.h \
	vfs/local_format.c vfs/local_format.h \
	vfs/local_log.c vfs/local_log.h \
	vfs/manifest.c vfs/manifest.h \
	vfs/manifest_format.c \
	vfs/manifest_write.c \
	vfs/object.c vfs/object.h \
	vfs/overlay.c vfs/overlay.h \
	vfs/page_codec.c \
	vfs/page_table.c vfs/page_table.h \
	vfs/pin.c vfs/pin.h \
	vfs/pool.c vfs/pool.h \
	vfs/pragma.c vfs/pragma.h \
	vfs/prefetch.c vfs/prefetch.h \
	vfs/rebuild.c vfs/rebuild.h \
	vfs/register.h \
	vfs/registry.c vfs/registry.h \
	vfs/relocate.c vfs/relocate.h \
	vfs/seal.c vfs/seal.h vfs/seal_parts.h \
	vfs/seal_page.c \
	vfs/seal_segment.c \
	vfs/sqlite.h \
	vfs/store.c \
	vfs/traffic.c vfs/traffic.h \
	vfs/transfer.c \
	vfs/turn.c \
	vfs/verify.c vfs/verify.h \
	vfs/vfs.c vfs/vfs.h
libvfs_a_SOURCES = $(VFS_SOURCES)
libvfs_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(ZSTD_CFLAGS) $(XXHASH_CFLAGS)
EXTRA_DIST += vfs/README.md

# The same sources as a loadable extension: SQLite's functions are handed over.
# sql/ adds its functions with pgblob_so_SOURCES +=.
extensiondir = $(pkglibdir)
extension_PROGRAMS = pgblob.so
pgblob_so_SOURCES = vfs/extension.c $(VFS_SOURCES)
pgblob_so_CPPFLAGS = $(AM_CPPFLAGS) -DPGBLOB_EXTENSION
pgblob_so_CFLAGS = $(libvfs_a_CFLAGS)
pgblob_so_LDFLAGS = $(AM_LDFLAGS) -shared -Wl,-soname,pgblob.so
pgblob_so_LDADD = $(BLOB_LIBS) $(ZSTD_LIBS)
