noinst_LIBRARIES += libcmd.a
libcmd_a_SOURCES = \
	cmd/config.c cmd/config.h
libcmd_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
CMD_LIBS = libcmd.a $(BASE_LIBS) $(YAML_LIBS)
