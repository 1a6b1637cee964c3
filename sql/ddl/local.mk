sql_server_sources += sql/ddl.h sql/ddl/work.h \
	sql/ddl/alter_table.c \
	sql/ddl/create_table.c \
	sql/ddl/ddl.c \
	sql/ddl/drop.c \
	sql/ddl/index.c \
	sql/ddl/misc.c \
	sql/ddl/rebuild.c \
	sql/ddl/rename.c \
	sql/ddl/sequences.c \
	sql/ddl/table.c \
	sql/ddl/view.c
