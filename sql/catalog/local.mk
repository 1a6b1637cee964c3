sql_function_sources += sql/schema.h \
	sql/catalog/names.c sql/catalog/names.h sql/catalog/type_name.c \
	sql/catalog/describe.c sql/catalog/describe.h \
	sql/catalog/functions.c sql/catalog/functions.h sql/catalog/functions_def.c \
	sql/catalog/functions_privilege.c sql/catalog/functions_size.c sql/catalog/functions_set.c \
	sql/catalog/functions_pgblob.c sql/catalog/functions_wal.c \
	sql/catalog/system_facts.c \
	sql/catalog/schema.c sql/catalog/schema_data.h \
	sql/catalog/sequence.c sql/catalog/sequence.h
sql_server_sources += \
	sql/catalog/system.c sql/catalog/system.h sql/catalog/system_info.c \
	sql/catalog/system_objects.c sql/catalog/system_pgblob.c sql/catalog/system_views.c sql/catalog/system_vtab.c \
	sql/catalog/schema_load.c \
	sql/catalog/sqlite_name.c sql/catalog/sqlite_name.h \
	sql/catalog/store.c sql/catalog/store.h
EXTRA_DIST += sql/catalog/README.md
