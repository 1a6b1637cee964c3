# Sources that the extension has too (types and functions) and those of the server only.
sql_function_sources = sql/error.c sql/error.h sql/datum.h sql/env.h sql/conn.h
sql_server_sources = sql/sql.h
EXTRA_DIST += sql/README.md

include $(top_srcdir)/sql/type/local.mk
include $(top_srcdir)/sql/func/local.mk
include $(top_srcdir)/sql/pgcat/local.mk
include $(top_srcdir)/sql/catalog/local.mk
include $(top_srcdir)/sql/analyze/local.mk
include $(top_srcdir)/sql/ddl/local.mk
include $(top_srcdir)/sql/session/local.mk

noinst_LIBRARIES += libsql.a
libsql_a_SOURCES = $(sql_function_sources) $(sql_server_sources)
libsql_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS) $(XXHASH_CFLAGS)

# The extension brings the functions and collations that our tables use.
pgblob_so_SOURCES += $(sql_function_sources)
pgblob_so_LDADD += $(GMP_LIBS) $(PCRE2_LIBS) -lm
