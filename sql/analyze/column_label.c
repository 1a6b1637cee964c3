/*
 * column_label.c - the names of columns that have no AS
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/analyzer.h"

/* How sure the name is: 2 a name of its own, 1 the type or CASE, 0 none. */
static int label(const PgQuery__Node *node, const char **name)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_COLUMN_REF:
		for (size_t i = node->column_ref->n_fields; i-- > 0;)
			if (node->column_ref->fields[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
				*name = node->column_ref->fields[i]->string->sval;
				return 2;
			}
		return 0;
	case PG_QUERY__NODE__NODE_A_INDIRECTION:
		for (size_t i = node->a_indirection->n_indirection; i-- > 0;)
			if (node->a_indirection->indirection[i]->node_case == PG_QUERY__NODE__NODE_STRING) {
				*name = node->a_indirection->indirection[i]->string->sval;
				return 2;
			}
		return label(node->a_indirection->arg, name);
	case PG_QUERY__NODE__NODE_FUNC_CALL:
		*name = node->func_call->funcname[node->func_call->n_funcname - 1]->string->sval;
		return 2;
	case PG_QUERY__NODE__NODE_A_EXPR:
		if (node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF) {
			*name = "nullif";
			return 2;
		}
		return 0;
	case PG_QUERY__NODE__NODE_TYPE_CAST: {
		int strength = label(node->type_cast->arg, name);

		if (strength <= 1 && node->type_cast->type_name->n_names > 0) {
			const PgQuery__TypeName *t = node->type_cast->type_name;

			*name = t->names[t->n_names - 1]->string->sval;
			return 1;
		}
		return strength;
	}
	case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
		return label(node->collate_clause->arg, name);
	case PG_QUERY__NODE__NODE_GROUPING_FUNC:
		*name = "grouping";
		return 2;
	case PG_QUERY__NODE__NODE_SUB_LINK:
		switch (node->sub_link->sub_link_type) {
		case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
			*name = "exists";
			return 2;
		case PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK:
			*name = "array";
			return 2;
		case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK: {
			const PgQuery__SelectStmt *q = node->sub_link->subselect->select_stmt;

			while (q->larg != NULL)
				q = q->larg;
			if (q->n_values_lists > 0) {
				*name = "column1";
				return 1;
			}
			if (q->n_target_list > 0) {
				const PgQuery__ResTarget *t = q->target_list[0]->res_target;

				if (t->name != NULL && t->name[0] != '\0') {
					*name = t->name;
					return 2;
				}
				return label(t->val, name);
			}
			return 0;
		}
		default:
			return 0;
		}
	case PG_QUERY__NODE__NODE_CASE_EXPR: {
		int strength = node->case_expr->defresult != NULL ?
				       label(node->case_expr->defresult, name) :
				       0;
		if (strength <= 1) {
			*name = "case";
			return 1;
		}
		return strength;
	}
	case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
		*name = "array";
		return 2;
	case PG_QUERY__NODE__NODE_ROW_EXPR:
		*name = "row";
		return 2;
	case PG_QUERY__NODE__NODE_COALESCE_EXPR:
		*name = "coalesce";
		return 2;
	case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
		*name = node->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest";
		return 2;
	case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION: {
		static const char *const names[] = {
			"", "current_date", "current_time", "current_time", "current_timestamp",
			"current_timestamp", "localtime", "localtime", "localtimestamp",
			"localtimestamp", "current_role", "current_user", "user", "session_user",
			"current_catalog", "current_schema",
		};
		unsigned op = (unsigned)node->sqlvalue_function->op;

		*name = op < ARRAY_LEN(names) ? names[op] : "";
		return 2;
	}
	case PG_QUERY__NODE__NODE_NULL_TEST:
	default:
		return 0;
	}
}

const char *column_label(struct analyzer *a, const PgQuery__Node *node)
{
	const char *name = NULL;

	(void)a;
	return label(node, &name) > 0 ? name : "?column?";
}
