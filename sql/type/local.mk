EXTRA_DIST += sql/type/README.md
sql_function_sources += sql/type.h sql/type/impl.h sql/type/env.c sql/type/type.c sql/type/format.c \
	sql/type/integer.c sql/type/float.c sql/type/float.h sql/type/string.c sql/type/string.h
sql_function_sources += sql/type/key.h sql/type/key.c sql/type/numeric.h sql/type/numeric.c sql/type/numeric_math.c
sql_function_sources += sql/type/reg.c
sql_function_sources += sql/type/array.h sql/type/array.c
sql_function_sources += sql/type/datetime.h sql/type/datetime.c sql/type/datetime_parse.c sql/type/interval.c sql/type/timezone.c
sql_function_sources += sql/type/json.h sql/type/json.c
sql_function_sources += sql/type/record.c
