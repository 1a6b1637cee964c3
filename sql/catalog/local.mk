sql_function_sources += sql/schema.h
