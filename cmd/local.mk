noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = \
	cmd/config.c cmd/config.h \
	cmd/options.c cmd/options.h \
	cmd/store.c cmd/store.h
libcmd_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
CMD_LIBS = libcmd.a $(VFS_LIBS) $(YAML_LIBS)
EXTRA_DIST += cmd/README.md

bin_PROGRAMS += pgblob
pgblob_SOURCES = cmd/pgblob.c cmd/pgblob_copy.c cmd/pgblob_keep.c cmd/pgblob_show.c cmd/pgblob_verify.c \
	cmd/pgblob_versions.c \
	cmd/json_writer.c cmd/json_writer.h cmd/tool.c cmd/tool.h cmd/tool_progress.c
pgblob_LDADD = $(CMD_LIBS)

sbin_PROGRAMS += pgblobd
pgblobd_SOURCES = cmd/pgblobd.c cmd/executor.c cmd/executor.h
pgblobd_LDADD = libcmd.a libwire.a $(SQL_LIBS) $(WIRE_LIBS) $(YAML_LIBS)
