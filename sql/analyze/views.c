/*
 * views.c - system views: their text analyzed in their place
 *
 * Their texts are parsed once a process; the trees are kept for ever.
 * Licence: MIT, see LICENSE.
 */
#include "sql/analyze/views.h"

#include "base/map.h"
#include "base/thread.h"
#include "sql/analyze/analyzer.h"

enum { MAX_TREES = 64 << 20 };

static struct mutex trees_lock = MUTEX_INIT;
static struct map trees = MAP_INIT;             /* by text, to PgQuery__ParseResult */
static struct arena trees_arena = ARENA_INIT(MAX_TREES);

static const PgQuery__ParseResult *view_tree(const char *text, struct sql_error *err)
{
	PgQuery__ParseResult *tree;

	mutex_lock(&trees_lock);
	tree = map_get(&trees, text);
	if (tree == NULL && sql_parse(text, &trees_arena, &tree, err) &&
	    !map_put(&trees, text, tree, NULL)) {
		sql_error_no_memory(err);
		tree = NULL;
	}
	mutex_unlock(&trees_lock);
	return tree;
}

struct query *view_query(struct scope *s, const struct schema_relation *r)
{
	struct analyzer *a = s->a;
	struct scope top = { .a = a };
	const PgQuery__ParseResult *tree = view_tree(r->view_text, a->err);
	struct query *q, *outer;
	struct rte *rte;
	struct from *from;
	bool same = true;

	if (tree == NULL)
		analyzer_fail(a);
	analyzer_enter(a);
	a->view_depth++;
	q = select_transform(&top, tree->stmts[0]->stmt->select_stmt, true);
	if (q->n_targets != r->n_columns)
		fail(a, -1, "XX000", "view \"%s\" has %zu columns, not %zu", r->name, q->n_targets,
		     r->n_columns);
	for (size_t i = 0; i < q->n_targets; i++)
		same &= q->targets[i].expr->type == r->columns[i].type;
	if (!same) {
		outer = AN_NEW(a, struct query);
		rte = rte_of_query(s, q, r->name);
		from = AN_NEW(a, struct from);
		from->rte = rte;
		list_add(a, &outer->from, from);
		outer->targets = an_array(a, q->n_targets, sizeof(struct target));
		outer->n_targets = q->n_targets;
		for (size_t i = 0; i < q->n_targets; i++) {
			struct expr *v = var_new(a, rte, (int)i + 1, -1);

			outer->targets[i] = q->targets[i];
			outer->targets[i].expr = coerce_to_target(&top, v, r->columns[i].type,
								  r->columns[i].typmod, COERCION_ASSIGNMENT,
								  FORM_IMPLICIT_CAST, -1);
			if (outer->targets[i].expr == NULL)
				fail(a, -1, "XX000", "column \"%s\" of view \"%s\" has type %s",
				     r->columns[i].name, r->name, type_name(a, v->type));
		}
		q = outer;
	}
	a->view_depth--;
	analyzer_leave(a);
	return q;
}
