sql_server_sources += sql/ddl.h
