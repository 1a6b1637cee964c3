sql_function_sources += sql/func.h
