sql_function_sources += sql/pgcat.h
