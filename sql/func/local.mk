EXTRA_DIST += sql/func/README.md
sql_function_sources += sql/func.h sql/func/impl.h sql/func/tables.h sql/func/tables.c sql/func/func.c \
	sql/func/compare.c sql/func/integer.c sql/func/float.c sql/func/text.c sql/func/text.h \
	sql/func/quote.c sql/func/cast.c sql/func/analyzed.c
sql_function_sources += sql/func/regexp.c
sql_function_sources += sql/func/numeric.c sql/func/numeric.h sql/func/collate.c
sql_function_sources += sql/func/datum.h sql/func/datum.c sql/func/array.c sql/func/pattern.h sql/func/set.h \
	sql/func/set.c sql/func/aggregate.c sql/func/session.c
sql_function_sources += sql/func/datetime.c sql/func/datetime.h sql/func/datetime_part.c \
	sql/func/datetime_make.c sql/func/interval.c
sql_function_sources += sql/func/json.c
sql_function_sources += sql/func/to_char.c
