# sessions, transactions, settings
EXTRA_DIST += sql/session/README.md
sql_server_sources += \
	sql/session/command.c \
	sql/session/copy.c \
	sql/session/database.c \
	sql/session/encode.c \
	sql/session/explain.c \
	sql/session/explain_doc.c \
	sql/session/explain_doc.h \
	sql/session/foreign.c \
	sql/session/idle.c \
	sql/session/outcome.c \
	sql/session/plan.c \
	sql/session/pool.c \
	sql/session/portal.c \
	sql/session/session.c \
	sql/session/session.h \
	sql/session/settings.c \
	sql/session/settings.h \
	sql/session/transaction.c \
	sql/session/utility.c
