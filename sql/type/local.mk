sql_function_sources += sql/type.h
