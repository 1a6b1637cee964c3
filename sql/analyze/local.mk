sql_server_sources += sql/analyze.h \
	sql/analyze/analyzer.c sql/analyze/analyzer.h sql/analyze/coerce.c sql/analyze/column_label.c \
	sql/analyze/deparse.c sql/analyze/dml.c sql/analyze/expr.c sql/analyze/expr.h \
	sql/analyze/expr_operator.c sql/analyze/expr_tree.c sql/analyze/fields.c sql/analyze/from.c \
	sql/analyze/lower.c sql/analyze/lower_query.c sql/analyze/names.c sql/analyze/parse.c \
	sql/analyze/quote.c sql/analyze/resolve.c sql/analyze/scan.c sql/analyze/scan.h \
	sql/analyze/select.c sql/analyze/tree.h sql/analyze/views.c sql/analyze/views.h
EXTRA_DIST += sql/analyze/README.md
