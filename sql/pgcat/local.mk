sql_function_sources += sql/pgcat.h sql/pgcat/pgcat.c sql/pgcat/own.c sql/pgcat/tables.h \
	sql/pgcat/pg_type.c sql/pgcat/pg_proc.c sql/pgcat/pg_operator.c sql/pgcat/pg_settings.c \
	sql/pgcat/rows.c sql/pgcat/rows_pg_attribute.c sql/pgcat/rows_pg_description.c \
	sql/pgcat/rows_pg_proc.c
EXTRA_DIST += sql/pgcat/generate sql/pgcat/README.md
