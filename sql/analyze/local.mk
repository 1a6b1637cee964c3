sql_server_sources += sql/analyze.h
